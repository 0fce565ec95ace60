//! The mean time without the event, counted up to a horizon: what can be compared when curves cross and medians are not reached.

use super::{KaplanMeier, KaplanMeierError};
use crate::estimate::{Confidence, Estimate};

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
        // The area from each step to the horizon, from the last to the first.
        let mut left = vec![0.0; steps.len()];
        let (mut area, mut until) = (0.0, horizon);
        for (at, step) in steps.iter().enumerate().rev() {
            area += step.survival * (until - step.time);
            (left[at], until) = (area, step.time);
        }
        let mean = area + until;
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
