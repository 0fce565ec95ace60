//! What showing a vendor's claim takes. A claim about a quantile is one about a share: p95 lies below 600 ms when at least 95 % of rows do.

use std::collections::BTreeMap;

use super::known::{Rows, others};
use super::{CannotPlan, ClaimedFigure, Contradicted, Plan};
use crate::frame::Want;
use crate::poc::spec::{Claim, Hypothesis, Side};
use crate::statistics::Counts;
use crate::statistics::contrast::{Arm, mean};
use crate::statistics::sample_size::means::{self, Scatter};
use crate::statistics::sample_size::{Aim, SampleSizeError, Test, promise};
use crate::statistics::stability::{Bursts, Objective, stability};

/// One claim's plan.
#[derive(Debug, Clone)]
pub struct ClaimPlan {
    /// The claim.
    pub claim: Claim,
    /// One a figure that is claimed; none of a claim that cannot be tested.
    pub needs: Vec<ClaimNeed>,
    /// In how many parts it is to hold, each taking as much; 1 of a claim about all.
    pub parts: u64,
}

/// What one figure of a claim takes.
#[derive(Debug, Clone)]
pub struct ClaimNeed {
    /// Which, such as `p95` or `share`.
    pub figure: String,
    /// The share of rows on the claimed side that would have to be shown, 0 to 1; `None` of means and effects.
    pub bound: Option<f64>,
    /// The share that is seen; `None`: no rows.
    pub seen: Option<f64>,
    /// So many times more rows it takes because rows of a unit go together.
    pub effect: f64,
    /// Rows, none of them on the wrong side, that would show it; `None` of means and effects.
    pub clean: Option<u64>,
    /// Rows that show it as often as power says, when what is seen is the truth; or why none do.
    pub rows: Result<u64, CannotPlan>,
}

/// The columns a claim needs.
pub(super) fn wanted(hypothesis: &Hypothesis) -> Vec<Want> {
    match hypothesis {
        Hypothesis::Quantiles { what, .. } | Hypothesis::Mean { what, .. } => vec![Want::number(what)],
        Hypothesis::Share { what, .. } => vec![Want::flag(what)],
        Hypothesis::Effect { treatment, outcome, .. } => vec![Want::flag(treatment), Want::number(outcome)],
        Hypothesis::Everywhere { by, each, .. } => [vec![Want::category(by)], wanted(each)].concat(),
        Hypothesis::Untestable => Vec::new(),
    }
}

pub(super) fn plan(plan: &Plan, claim: &Claim, rows: Option<&Rows<'_>>) -> ClaimPlan {
    let (hypothesis, parts) = match &claim.hypothesis {
        Hypothesis::Everywhere { by, of, each } => {
            let found = rows.map_or(0, |rows| rows.frame().categories(by).1.len());
            (each.as_ref(), (if of.is_empty() { found } else { of.len() }).max(1) as u64)
        }
        one => (one, 1),
    };
    let asked = Asked { plan, arm: claim.arm.as_deref(), rows };
    ClaimPlan { needs: asked.needs(hypothesis), parts, claim: claim.clone() }
}

/// A share of rows that a figure promises to be on its side.
#[derive(Clone, Copy)]
struct Promised {
    figure: ClaimedFigure,
    /// 0 to 1.
    share: f64,
    /// On which side of its bound the figure itself is to lie: a share of at most 1 % promises 99 % of no.
    side: Side,
}

impl Promised {
    /// Why no number of rows shows it when so many are on its side.
    fn refused(self, truth: f64, why: SampleSizeError) -> CannotPlan {
        let turned = |share: f64| if self.side == Side::AtLeast { share } else { 1.0 - share };
        match why {
            SampleSizeError::Beyond { .. } => CannotPlan::Contradicted(Contradicted {
                figure: self.figure,
                seen: turned(truth),
                claimed: turned(self.share),
                side: self.side,
            }),
            other => other.into(),
        }
    }
}

struct Asked<'a> {
    plan: &'a Plan,
    arm: Option<&'a str>,
    rows: Option<&'a Rows<'a>>,
}

impl Asked<'_> {
    fn needs(&self, hypothesis: &Hypothesis) -> Vec<ClaimNeed> {
        match hypothesis {
            Hypothesis::Quantiles { what, quantiles, bound, side } => {
                let holds = |value: f64| if *side == Side::AtMost { value <= *bound } else { value >= *bound };
                let share = |q: &f64| if *side == Side::AtMost { *q } else { 1.0 - *q };
                let need = |q: &f64| {
                    let promised = Promised { figure: ClaimedFigure::Quantile(*q), share: share(q), side: Side::AtLeast };
                    self.share(format!("p{}", (q * 1e6).round() / 1e4), promised, self.yes(what, holds))
                };
                quantiles.iter().map(need).collect()
            }
            Hypothesis::Share { what, bound, side } => {
                let at_least = *side == Side::AtLeast;
                let promised = Promised { figure: ClaimedFigure::Share, share: if at_least { *bound } else { 1.0 - *bound }, side: *side };
                vec![self.share("share".to_owned(), promised, self.yes(what, |value| (value != 0.0) == at_least))]
            }
            Hypothesis::Mean { what, bound, side } => vec![self.mean(what, *bound, *side)],
            Hypothesis::Effect { treatment, outcome, more, .. } => vec![self.effect(treatment, outcome, *more)],
            Hypothesis::Everywhere { each, .. } => self.needs(each),
            Hypothesis::Untestable => Vec::new(),
        }
    }

    /// Rows and those on the claimed side, by unit.
    fn yes(&self, what: &str, holds: impl Fn(f64) -> bool) -> Option<Vec<Counts>> {
        let rows = self.rows?;
        let values = rows.frame().numbers(what);
        let mut counts: BTreeMap<u32, Counts> = BTreeMap::new();
        for row in rows.rows_of(self.arm) {
            let value = values[row as usize];
            if !value.is_nan() {
                let of = counts.entry(rows.unit(row)).or_default();
                of.n += 1;
                of.hits += u64::from(holds(value));
            }
        }
        Some(counts.into_values().collect::<Vec<_>>()).filter(|counts| !counts.is_empty())
    }

    fn share(&self, figure: String, promised: Promised, seen: Option<Vec<Counts>>) -> ClaimNeed {
        let bound = promised.share;
        let Some(objective) = Objective::new(bound) else {
            let why = SampleSizeError::Share { first: bound, second: bound };
            return ClaimNeed { figure, bound: Some(bound), seen: None, effect: 1.0, clean: None, rows: Err(why.into()) };
        };
        let alpha = self.plan.alpha();
        let none = |clean: Option<u64>| ClaimNeed {
            rows: Err(CannotPlan::Unknown { name: figure.clone(), form: "nothing: rows say how often the claim fails (--data FILE)" }),
            figure: figure.clone(),
            bound: Some(bound),
            seen: None,
            effect: 1.0,
            clean,
        };
        let clean = promise::attempts(objective, 1.0, alpha, 0.5).ok().map(|attempts| attempts.attempts as u64);
        let Some(counts) = seen else { return none(clean) };
        let whole = counts.iter().fold(Counts::default(), |sum, of| Counts { hits: sum.hits + of.hits, n: sum.n + of.n });
        let bursts = if self.rows.is_some_and(Rows::clustered) { Bursts::Clusters(&counts) } else { Bursts::None };
        let Ok(found) = stability(whole, objective, bursts, self.plan.poc.level) else { return none(clean) };
        let truth = whole.hits as f64 / whole.n as f64;
        let rows = promise::attempts(objective, truth, alpha, self.plan.poc.power);
        let rows = rows.map(|of| (of.attempts * found.design_effect).ceil() as u64).map_err(|why| promised.refused(truth, why));
        ClaimNeed { figure, bound: Some(bound), seen: Some(truth), effect: found.design_effect, clean: Some(found.needed.clean), rows }
    }

    fn values(&self, what: &str) -> Option<(Vec<f64>, Vec<u32>)> {
        let rows = self.rows?;
        let values = rows.frame().numbers(what);
        let mut of: Vec<(u32, f64)> = rows
            .rows_of(self.arm)
            .into_iter()
            .map(|row| (rows.unit(row), values[row as usize]))
            .filter(|(_, value)| value.is_finite())
            .collect();
        of.sort_by_key(|(unit, _)| *unit);
        let (units, values) = of.into_iter().unzip();
        Some((values, units))
    }

    /// Error of the mean squared times the rows: the variance of a row with its design effect.
    fn spread(&self, values: &[f64], units: &[u32]) -> Result<f64, CannotPlan> {
        let of = |units| Arm { values, units: Some(units).filter(|_| self.rows.is_some_and(Rows::clustered)) };
        let others = others(units);
        let error = mean::mean_difference(&of(units), &of(&others))?.error().unwrap_or(0.0);
        Ok(error * error / 2.0 * values.len() as f64)
    }

    fn mean(&self, what: &str, bound: f64, side: Side) -> ClaimNeed {
        let rows = || -> Result<u64, CannotPlan> {
            let (values, units) =
                self.values(what).ok_or(CannotPlan::Unknown { name: what.to_owned(), form: "nothing: it takes rows (--data FILE)" })?;
            let spread = self.spread(&values, &units)?;
            let seen = values.iter().sum::<f64>() / values.len() as f64;
            let away = if side == Side::AtMost { bound - seen } else { seen - bound };
            if away <= 0.0 {
                return Err(CannotPlan::Contradicted(Contradicted { figure: ClaimedFigure::Mean, seen, claimed: bound, side }));
            }
            Ok(means::units_beyond(spread.sqrt(), away, self.plan.alpha(), self.plan.poc.power)?.ceil() as u64)
        };
        ClaimNeed { figure: "mean".to_owned(), bound: None, seen: None, effect: 1.0, clean: None, rows: rows() }
    }

    /// So many rows that those with the treatment and those without are told apart, if they differ as is claimed.
    fn effect(&self, treatment: &str, outcome: &str, more: f64) -> ClaimNeed {
        let rows = || -> Result<u64, CannotPlan> {
            let unknown = || CannotPlan::Unknown { name: outcome.to_owned(), form: "nothing: it takes rows (--data FILE)" };
            let (values, units) = self.values(outcome).ok_or_else(unknown)?;
            let treated = self.yes(treatment, |value| value != 0.0).ok_or_else(unknown)?;
            let (with, of) = treated.iter().fold((0, 0), |(with, of), counts| (with + counts.hits, of + counts.n));
            let share = with as f64 / of as f64;
            let deviation = self.spread(&values, &units)?.sqrt();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let test = Test { aim: Aim::Difference, truth: mean * more, alpha: self.plan.alpha() / 2.0, power: self.plan.poc.power };
            let ratio = (1.0 - share) / share;
            let first = means::units(Scatter::Two { first: deviation, second: deviation, ratio }, test)?;
            Ok((first / share).ceil() as u64)
        };
        ClaimNeed { figure: "effect".to_owned(), bound: None, seen: None, effect: 1.0, clean: None, rows: rows() }
    }
}
