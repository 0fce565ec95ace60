//! Time until an event compared, where some were not watched to it.

use super::MIN_UNITS;
use super::answer::{Contrast, Method};
use super::error::ContrastError;
use super::joint::{ROUNDING, Summed};
use super::law::critical;
use super::mean::difference;
use super::units::{Quotient, check_units, enough, runs};
use crate::estimate::{Confidence, Estimate};
use crate::kaplan_meier::KaplanMeier;
use crate::log_rank::{Groups, LogRankError, chi_square_tail};
use crate::spell::Spells;

/// Times of one arm, without weights and late entries.
#[derive(Debug, Clone, Copy)]
pub struct Times<'a> {
    /// How long each was watched, and whether to the event.
    pub spells: Spells<'a>,
    /// The unit each spell is of; spells of one unit stand together. `None`: each is its own unit.
    pub units: Option<&'a [u32]>,
}

impl Times<'_> {
    fn check(&self) -> Result<(), ContrastError> {
        if self.spells.weights().is_some() {
            return Err(ContrastError::Unsupported { what: "weights" });
        }
        if self.spells.entry().is_some() {
            return Err(ContrastError::Unsupported { what: "late entries" });
        }
        check_units(self.units, self.spells.rows())
    }

    fn mean(&self, horizon: f64) -> Result<Summed<'static>, ContrastError> {
        self.check()?;
        let curve = KaplanMeier::new(&self.spells)?;
        let mean = curve.restricted_mean(horizon, Confidence::P95)?;
        let rows = self.spells.rows();
        let influence = curve.restricted_mean_influence(&self.spells, horizon);
        let summed = Summed::of_rows(self.units, rows, |row| (influence[row] * rows as f64, 1.0));
        let mut summed = summed.ok_or(ContrastError::TooFew { first: 1, second: 1, least: MIN_UNITS })?;
        let variance = if self.units.is_none() { mean.standard_error.powi(2) } else { summed.of.variance };
        summed.of = Quotient { value: mean.mean.value, variance, ..summed.of };
        Ok(summed)
    }
}

/// Mean time of an arm without the event up to `horizon`, with Student's interval over its units, held between 0 and the horizon; see
/// [`restricted_mean_difference`].
pub fn restricted_mean(arm: &Times<'_>, horizon: f64, level: Confidence) -> Result<Estimate, ContrastError> {
    let of = arm.mean(horizon)?.of;
    let least = if arm.units.is_some() { MIN_UNITS } else { 1 };
    enough([of.units; 2], least)?;
    if of.variance <= 0.0 {
        return Err(ContrastError::Constant { first: of.units, second: of.units });
    }
    let half = critical(level, of.freedom) * of.variance.sqrt();
    Ok(Estimate { value: of.value, low: (of.value - half).max(0.0), high: (of.value + half).min(horizon), n: of.rows })
}

/// Mean time without the event up to `horizon`, first less second, in the unit of time: the area between the survival curves.
///
/// Variance by Klein and Moeschberger (see [`KaplanMeier::restricted_mean`]); of spells in units by what each row moves the mean (infinitesimal jackknife),
/// summed over the unit and stretched by the part of the rows that is not the unit's. Student's t with Satterthwaite's degrees of freedom over the units. Err with fewer than [`MIN_UNITS`] units
/// a side, when a curve is not known up to the horizon, when an arm has no event before it, and for weights and late entries.
pub fn restricted_mean_difference(a: &Times<'_>, b: &Times<'_>, horizon: f64) -> Result<Contrast, ContrastError> {
    let (first, second) = (a.mean(horizon)?, b.mean(horizon)?);
    enough([first.of.units, second.of.units], MIN_UNITS)?;
    Ok(difference(&first, &second, Method::RestrictedMean)?.held(-horizon, horizon))
}

/// How often arms of the same survival would differ as much, 0 to 1: the log-rank test.
///
/// Of spells in units the variance is that of the score's residuals summed over the unit (Lee, Wei, Amato, Survival Analysis: State of the Art (1992),
/// 237-247), each stretched by the part of its arm's rows that is not the unit's. Err with fewer than [`MIN_UNITS`] units a side then, and as [`mod@crate::log_rank`].
pub fn log_rank(a: &Times<'_>, b: &Times<'_>) -> Result<f64, ContrastError> {
    a.check()?;
    b.check()?;
    let exit = [a.spells.exit(), b.spells.exit()].concat();
    let event = [a.spells.event(), b.spells.event()].concat();
    let codes: Vec<u32> = (0..exit.len()).map(|row| u32::from(row >= a.spells.rows())).collect();
    let spells = Spells::new(&exit, &event)?;
    let labels = ["first", "second"].map(String::from);
    let test = crate::log_rank::log_rank(&spells, Groups { codes: &codes, labels: &labels, strata: None })?;
    if a.units.is_none() && b.units.is_none() {
        return Ok(test.p_value);
    }
    let residuals = residuals(&spells, &codes);
    let (first, second) = residuals.split_at(a.spells.rows());
    let score = test.groups[0].observed as f64 - test.groups[0].expected;
    let moved = [scattered(a.units, first), scattered(b.units, second)];
    enough([moved[0].len() as u64, moved[1].len() as u64], MIN_UNITS)?;
    let apart: f64 = moved.iter().flatten().map(|(_, moved)| moved * moved).sum();
    let mut together = moved.concat();
    // Of a unit in both arms what its rows in either add to the score is one.
    if a.units.is_some() && b.units.is_some() {
        together.sort_by_key(|(unit, _)| *unit);
        together = together.chunk_by(|a, b| a.0 == b.0).map(|same| (same[0].0, same.iter().map(|(_, moved)| moved).sum())).collect();
    }
    let shared = (moved[0].len() + moved[1].len() - together.len()) as u64;
    let variance: f64 = together.iter().map(|(_, moved)| moved * moved).sum();
    if shared > 0 && variance <= ROUNDING * apart {
        return Err(ContrastError::Alike { shared });
    }
    let p = chi_square_tail(score * score / variance, 1).filter(|p| p.is_finite());
    p.ok_or(ContrastError::LogRank(LogRankError::NoEvents { rows: exit.len() }))
}

/// What each unit of an arm adds to the score, as if left out.
fn scattered(units: Option<&[u32]>, residuals: &[f64]) -> Vec<(u32, f64)> {
    let rows = residuals.len();
    let unit = |at: usize| units.map_or(0, |units| units[at]);
    let stretched = |run: std::ops::Range<usize>| residuals[run.clone()].iter().sum::<f64>() / (1.0 - run.len() as f64 / rows as f64);
    let moved: Vec<(u32, f64)> = runs(units, rows).map(|run| (unit(run.start), stretched(run))).collect();
    let k = moved.len() as f64;
    moved.into_iter().map(|(unit, moved)| (unit, moved * ((k - 1.0) / k).sqrt())).collect()
}

/// What each row adds to the score: its event less what was expected of it, both against the share of the first arm among those at risk.
fn residuals(spells: &Spells<'_>, codes: &[u32]) -> Vec<f64> {
    let order = spells.order(None);
    let first = |row: usize| f64::from(u8::from(codes[row] == 0));
    let mut residuals = vec![0.0; order.len()];
    let (mut all, mut firsts) = (order.len() as f64, order.iter().map(|row| first(*row)).sum::<f64>());
    // The hazard so far, and the same times the share of the first arm.
    let (mut hazard, mut shared) = (0.0, 0.0);
    for same in order.chunk_by(|a, b| spells.exit()[*a] == spells.exit()[*b]) {
        let events = same.iter().filter(|row| spells.event()[**row]).count() as f64;
        let share = firsts / all;
        hazard += events / all;
        shared += share * events / all;
        for row in same {
            let own = if spells.event()[*row] { first(*row) - share } else { 0.0 };
            residuals[*row] = own - (first(*row) * hazard - shared);
        }
        all -= same.len() as f64;
        firsts -= same.iter().map(|row| first(*row)).sum::<f64>();
    }
    residuals
}
