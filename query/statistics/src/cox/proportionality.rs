//! Whether a hazard ratio stays the same as time goes by.
//!
//! Grambsch, Therneau, Biometrika 81 (1994), 515-526: under proportional hazards the Schoenfeld residual of an event (its covariates less their mean
//! among those at risk) does not go with time. The test is of the slope of the scaled residuals on a function of time, with the covariance of the
//! whole fit for that of each event: what R's `cox.zph` did until survival 3.0, and lifelines' `proportional_hazard_test` does.

use nalgebra::DVector;

use super::Fit;
use super::risk_sets::{Moments, RiskSets, Sums};
use crate::kaplan_meier::KaplanMeier;
use crate::log_rank::chi_square_tail;
use crate::parallel::over_blocks;
use crate::spell::Spells;

/// The function of time along which hazard ratios might change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The rank of the event among events, tied events sharing the mean of their ranks: no late event weighs much. The default, as in lifelines.
    #[default]
    Rank,
    /// One less the survival curve of all spells together.
    KaplanMeier,
    /// Time itself.
    Time,
}

/// Whether one hazard ratio stays the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Departure {
    /// Its column.
    pub column: String,
    /// Chi-square of one degree of freedom.
    pub statistic: f64,
    /// How often a ratio that stays the same would seem to change as much, 0 to 1.
    pub p_value: f64,
}

/// Whether hazards are proportional. The covariance is the model's, not the robust one: rows of one cluster make departures look surer than they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Proportionality {
    /// Along which clock.
    pub clock: Clock,
    /// Column by column.
    pub columns: Vec<Departure>,
    /// All columns together: chi-square of as many degrees of freedom as there are columns.
    pub statistic: f64,
    /// How often hazards that are proportional would depart as much, 0 to 1.
    pub p_value: f64,
}

/// `None` when events have no two different times.
pub(super) fn test(risk: &RiskSets, fit: &Fit, clock: Clock, spells: &Spells<'_>, labels: &[String]) -> Option<Proportionality> {
    let p = risk.columns();
    let hands = hands(risk, clock, spells)?;
    let relative = risk.relative(fit.beta.as_slice());
    // Tied events share one mean, so that of a time is taken as often as it has events.
    let visit = |means: &mut Vec<f64>, at: usize, sums: &Sums, moments: &Moments| {
        let Moments { one, tied, .. } = *moments;
        means.iter_mut().zip(sums.s1.iter().zip(&sums.d1)).for_each(|(mean, (s, d))| *mean += hands[at] * (s * one - d * tied));
    };
    let mut slope = DVector::zeros(p);
    for piece in risk.sweep(&relative, || vec![0.0; p], visit) {
        slope.iter_mut().zip(piece).for_each(|(slope, mean)| *slope -= mean);
    }
    slope += over_blocks(risk.rows().len(), |rows| own(risk, &hands, rows), |a, b| a + b)?;
    let events: f64 = risk.times().iter().map(|time| f64::from(time.events)).sum();
    let length: f64 = risk.times().iter().zip(&hands).map(|(time, hand)| f64::from(time.events) * hand * hand).sum();
    let scaled = &fit.covariance * &slope;
    let departure = |j: usize| {
        let statistic = events * scaled[j] * scaled[j] / (fit.covariance[(j, j)] * length);
        Some(Departure { column: labels[j].clone(), statistic, p_value: chi_square_tail(statistic, 1)? })
    };
    let statistic = events * slope.dot(&scaled) / length;
    let columns = (0..p).map(departure).collect::<Option<Vec<_>>>()?;
    Some(Proportionality { clock, columns, statistic, p_value: chi_square_tail(statistic, p as u32)? })
}

/// The events' own covariates, by the hands of their clocks.
fn own(risk: &RiskSets, hands: &[f64], rows: std::ops::Range<usize>) -> DVector<f64> {
    let mut sums = DVector::zeros(risk.columns());
    for row in rows.filter(|row| risk.rows()[*row].event) {
        let hand = hands[risk.rows()[row].last as usize - 1];
        sums.iter_mut().zip(risk.x(row)).for_each(|(sum, x)| *sum += hand * x);
    }
    sums
}

/// What the clock shows at each time of events, less its mean over events; `None` if it always shows the same.
fn hands(risk: &RiskSets, clock: Clock, spells: &Spells<'_>) -> Option<Vec<f64>> {
    let times = risk.times();
    let mut hands: Vec<f64> = match clock {
        Clock::Time => times.iter().map(|time| time.time).collect(),
        Clock::Rank => ranks(risk),
        Clock::KaplanMeier => {
            let curve = KaplanMeier::new(spells).ok()?;
            let left = |time: f64| {
                let at = curve.steps().partition_point(|step| step.time <= time);
                at.checked_sub(1).map_or(1.0, |at| curve.steps()[at].survival)
            };
            times.iter().map(|time| 1.0 - left(time.time)).collect()
        }
    };
    let events: f64 = times.iter().map(|time| f64::from(time.events)).sum();
    let mean = times.iter().zip(&hands).map(|(time, hand)| f64::from(time.events) * hand).sum::<f64>() / events;
    hands.iter_mut().for_each(|hand| *hand -= mean);
    let moved = hands.iter().any(|hand| hand.abs() > 1e-12 * mean.abs().max(1e-300));
    moved.then_some(hands)
}

/// Mean ranks of each time's events among the events of all strata.
fn ranks(risk: &RiskSets) -> Vec<f64> {
    let times = risk.times();
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by(|a, b| times[*a].time.total_cmp(&times[*b].time));
    let (mut ranks, mut before) = (vec![0.0; times.len()], 0.0);
    for tied in order.chunk_by(|a, b| times[*a].time == times[*b].time) {
        let events: f64 = tied.iter().map(|at| f64::from(times[*at].events)).sum();
        tied.iter().for_each(|at| ranks[*at] = before + (events + 1.0) / 2.0);
        before += events;
    }
    ranks
}
