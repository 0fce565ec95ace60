//! Time until an event compared, where some were not watched to it.

use super::MIN_UNITS;
use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::law::Law;
use super::units::{Quotient, check_units, enough, freedom, runs, sums};
use crate::estimate::Confidence;
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

    fn mean(&self, horizon: f64) -> Result<Quotient, ContrastError> {
        self.check()?;
        let curve = KaplanMeier::new(&self.spells)?;
        let mean = curve.restricted_mean(horizon, Confidence::P95)?;
        let rows = self.spells.rows();
        let influence = curve.restricted_mean_influence(&self.spells, horizon);
        let sums: Vec<(f64, f64)> = sums(self.units, rows, |row| (influence[row] * rows as f64, 1.0));
        let about = Quotient::of(&sums, rows as u64).ok_or(ContrastError::TooFew { first: 1, second: 1, least: MIN_UNITS })?;
        let variance = if self.units.is_none() { mean.standard_error.powi(2) } else { about.variance };
        Ok(Quotient { value: mean.mean.value, variance, ..about })
    }
}

/// Mean time without the event up to `horizon`, first less second, in the unit of time: the area between the survival curves.
///
/// Variance by Klein and Moeschberger (see [`KaplanMeier::restricted_mean`]); of spells in units by what each row moves the mean (infinitesimal jackknife),
/// summed over the unit and stretched by the part of the rows that is not the unit's. Student's t with Satterthwaite's degrees of freedom over the units. Err with fewer than [`MIN_UNITS`] units
/// a side, when a curve is not known up to the horizon, when an arm has no event before it, and for weights and late entries.
pub fn restricted_mean_difference(a: &Times<'_>, b: &Times<'_>, horizon: f64) -> Result<Contrast, ContrastError> {
    let (first, second) = (a.mean(horizon)?, b.mean(horizon)?);
    enough([first.units, second.units], MIN_UNITS)?;
    let freedom = freedom(&first, &second).ok_or(ContrastError::Constant { first: first.units, second: second.units })?;
    let error = (first.variance + second.variance).sqrt();
    Ok(Contrast {
        value: first.value - second.value,
        scale: Scale::Difference,
        law: Law::Student { error, freedom, within: (-horizon, horizon) },
        method: Method::RestrictedMean,
        error: Some(error),
        units: [first.units, second.units],
        rows: [first.rows, second.rows],
    })
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
    let (mut variance, mut units) = (0.0, [0_u64; 2]);
    for (arm, (side, of)) in [(a, first), (b, second)].into_iter().enumerate() {
        let (rows, mut scatter) = (of.len() as f64, 0.0);
        for run in runs(side.units, of.len()) {
            units[arm] += 1;
            scatter += (of[run.clone()].iter().sum::<f64>() / (1.0 - run.len() as f64 / rows)).powi(2);
        }
        variance += scatter * (units[arm] as f64 - 1.0) / units[arm] as f64;
    }
    enough(units, MIN_UNITS)?;
    let p = chi_square_tail(score * score / variance, 1).filter(|p| p.is_finite());
    p.ok_or(ContrastError::LogRank(LogRankError::NoEvents { rows: exit.len() }))
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
