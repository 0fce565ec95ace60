//! The mean time without the event, counted up to a horizon: what can be compared when curves cross and medians are not reached.

use super::{KaplanMeier, KaplanMeierError, Step};
use crate::estimate::{Confidence, Estimate};
use crate::spell::Spells;

/// The area under a survival curve up to a horizon, in the unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// Until when time was counted.
    pub horizon: f64,
    /// The mean, with its normal interval, held between 0 and the horizon.
    pub mean: Estimate,
    /// Its standard error.
    pub standard_error: f64,
}

impl RestrictedMean {
    /// The mean of the first less that of the second, of spells independent of each other; `None` when their horizons differ.
    pub fn difference(first: &Self, second: &Self, level: Confidence) -> Option<Estimate> {
        if first.horizon != second.horizon {
            return None;
        }
        let value = first.mean.value - second.mean.value;
        let half = level.z() * first.standard_error.hypot(second.standard_error);
        Some(Estimate { value, low: value - half, high: value + half, n: first.mean.n + second.mean.n })
    }
}

impl KaplanMeier {
    /// The mean time without the event up to `horizon`: the area under the curve.
    ///
    /// Variance: the sum over events of the squared area that is left after each, times d / (Y (Y - d)) (Klein, Moeschberger, Survival Analysis,
    /// 2nd ed. 2003, equation 4.5.2); with weights the infinitesimal jackknife. `Err` when the curve is not known up to the horizon, and when
    /// nothing varies before it, so that an error of 0 would be claimed.
    pub fn restricted_mean(&self, horizon: f64, level: Confidence) -> Result<RestrictedMean, KaplanMeierError> {
        if !(horizon > 0.0 && horizon.is_finite() && (horizon <= self.last() || self.ended())) {
            return Err(KaplanMeierError::Horizon { horizon, last: self.last() });
        }
        let steps = &self.steps[..self.steps.partition_point(|step| step.time <= horizon)];
        let (left, mean) = areas_left(steps, horizon);
        let variance = self.area_variance(steps.len(), &left);
        if variance.is_nan() || variance <= 0.0 {
            let events = steps.iter().map(|step| step.events).sum();
            return Err(KaplanMeierError::NoSpread { horizon, events, rows: self.rows() });
        }
        let error = variance.sqrt();
        let half = level.z() * error;
        let mean = Estimate { value: mean, low: (mean - half).max(0.0), high: (mean + half).min(horizon), n: self.rows() };
        Ok(RestrictedMean { horizon, mean, standard_error: error })
    }

    /// How far each row moves the mean until `horizon`, for rows that neither are weighted nor enter late: their squares add up to Greenwood's variance.
    pub(crate) fn restricted_mean_influence(&self, spells: &Spells<'_>, horizon: f64) -> Vec<f64> {
        let steps = &self.steps[..self.steps.partition_point(|step| step.time <= horizon)];
        let mut moved = Vec::with_capacity(steps.len());
        let mut hazard = 0.0;
        for (step, area) in steps.iter().zip(areas_left(steps, horizon).0) {
            // Once nothing is left under the curve nobody moves it any more.
            let survivors = (step.at_risk - step.events) as f64;
            let own = if survivors > 0.0 { area / survivors } else { 0.0 };
            hazard += own * step.events as f64 / step.at_risk as f64;
            moved.push((hazard - own, hazard));
        }
        let row = |(exit, event): (&f64, &bool)| match steps.partition_point(|step| step.time <= *exit).checked_sub(1) {
            None => 0.0,
            Some(at) if *event && steps[at].time == *exit => moved[at].0,
            Some(at) => moved[at].1,
        };
        spells.exit().iter().zip(spells.event()).map(row).collect()
    }

    fn area_variance(&self, steps: usize, left: &[f64]) -> f64 {
        let (mut greenwood, mut hazard, mut passed, mut last) = (0.0, 0.0, 0.0, 0.0);
        for (step, area) in self.steps[..steps].iter().zip(left) {
            let survivors = step.weight.at_risk - step.weight.events;
            if step.survival == 0.0 {
                // Nothing is left under the curve: those to whom it happened here lack the area passed so far.
                passed += step.squares.at_risk * hazard * hazard;
                last = 0.0;
                break;
            }
            let rate = step.weight.events / (step.weight.at_risk * survivors);
            greenwood += area * area * rate;
            hazard += area * rate;
            passed += step.squares.events * (area / survivors - hazard).powi(2) + step.censored_squares * hazard * hazard;
            last = (step.squares.at_risk - step.squares.events - step.censored_squares) * hazard * hazard;
        }
        if self.efficiency.is_some() { passed + last } else { greenwood }
    }
}

/// The area under the curve from each step to the horizon, and from 0.
fn areas_left(steps: &[Step], horizon: f64) -> (Vec<f64>, f64) {
    let mut left = vec![0.0; steps.len()];
    let (mut area, mut until) = (0.0, horizon);
    for (at, step) in steps.iter().enumerate().rev() {
        area += step.survival * (until - step.time);
        (left[at], until) = (area, step.time);
    }
    (left, area + until)
}
