//! Where in a distribution vendors differ: differences of quantiles from the tenth to the last.

use super::CompareQuestion;
use super::arms::Arms;
use super::cells::Columns;
use super::error::CompareError;
use crate::frame::Frame;
use crate::poc::metric::MetricKind;
use crate::statistics::contrast::{Ordered, quantile};
use crate::statistics::{Estimate, parallel};

/// The quantiles that are compared.
const QUANTILES: [f64; 11] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/// Values beyond which a measure is no rating or count of a few: quantiles of those would only jump.
const FEW_VALUES: usize = 20;

/// Whether there are more than a few different values.
fn varies(values: &[f64]) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    values.iter().any(|value| value.is_finite() && seen.insert(value.to_bits()) && seen.len() > FEW_VALUES)
}

/// How far apart two vendors lie along a metric's distribution, of all their rows.
#[derive(Debug, Clone)]
pub struct Shift {
    /// The metric's place among those compared.
    pub metric: usize,
    /// The first vendor's place among the arms.
    pub first: usize,
    /// The second's.
    pub second: usize,
    /// Quantile, 0 to 1, and first less second there; those without an interval are left out.
    pub points: Vec<(f64, Estimate)>,
}

impl CompareQuestion {
    /// Differences along the distributions of metrics that are compared by a quantile, or by the mean of values that vary, one a column.
    pub fn shifts(&self, frame: &Frame) -> Result<Vec<Shift>, CompareError> {
        let arms = Arms::of(&self.poc, frame)?;
        let metrics = &self.poc.metrics;
        let is_first = |at: usize| {
            let along = |of: usize| match metrics[of].kind {
                MetricKind::Quantile(_) => true,
                MetricKind::Mean => varies(frame.numbers(&metrics[of].what)),
                _ => false,
            };
            along(at) && !(0..at).any(|before| metrics[before].what == metrics[at].what && along(before))
        };
        let places: Vec<usize> = (0..metrics.len()).filter(|at| is_first(*at)).collect();
        Ok(parallel::map(places.len(), |at| self.along(places[at], frame, &arms)).into_iter().flatten().collect())
    }

    fn along(&self, metric: usize, frame: &Frame, arms: &Arms) -> Vec<Shift> {
        let columns = Columns::of(&self.poc.metrics[metric], frame);
        let ordered: Vec<Option<Ordered>> = (0..arms.count()).map(|arm| Ordered::of(&columns.all(arms, arm).arm()).ok()).collect();
        let mut shifts = Vec::new();
        for first in 0..arms.count() {
            for second in first + 1..arms.count() {
                let (Some(a), Some(b)) = (&ordered[first], &ordered[second]) else { continue };
                let point = |q: f64| {
                    let difference = quantile::difference(a, b, q).ok()?.interval(self.poc.level);
                    (difference.low.is_finite() && difference.high.is_finite()).then_some((q, difference))
                };
                shifts.push(Shift { metric, first, second, points: QUANTILES.into_iter().filter_map(point).collect() });
            }
        }
        shifts
    }
}
