//! Values of an arm in order, each with its unit: what quantiles are read from.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::Arm;
use super::error::ContrastError;
use super::joint::Summed;
use super::law::critical;
use super::share::effective;
use super::units::{check, enough};
use crate::estimate::Confidence;

/// The rows of an arm by value. Sorting is most of the work of quantiles: an arm that is asked several is put in order once.
#[derive(Debug, Clone)]
pub struct Ordered {
    values: Vec<f64>,
    /// The place of each value's unit among the units, from 0 in the order in which they stood.
    places: Vec<u32>,
    /// What the units are called.
    names: Vec<u32>,
    /// Rows of each unit.
    sizes: Vec<u32>,
    clustered: bool,
}

impl Ordered {
    /// The rows of an arm in order. Err for no rows, values that are not finite, and units whose rows do not stand together.
    pub fn of(arm: &Arm<'_>) -> Result<Ordered, ContrastError> {
        check(arm)?;
        let rows = arm.values.len();
        enough([rows as u64; 2], 1)?;
        let (mut names, mut sizes) = (Vec::new(), Vec::new());
        let mut keyed: Vec<(f64, u32)> = Vec::with_capacity(rows);
        for run in super::units::runs(arm.units, rows) {
            let place = names.len() as u32;
            names.push(arm.units.map_or(place, |units| units[run.start]));
            sizes.push(run.len() as u32);
            // Adding 0 makes -0 the 0 that it equals.
            keyed.extend(arm.values[run].iter().map(|value| (value + 0.0, place)));
        }
        keyed.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (values, places) = keyed.into_iter().unzip();
        Ok(Ordered { values, places, names, sizes, clustered: arm.units.is_some() })
    }

    /// How many rows.
    pub fn rows(&self) -> u64 {
        self.values.len() as u64
    }

    /// How many units.
    pub fn units(&self) -> u64 {
        self.names.len() as u64
    }

    /// The quantile: interpolated between the two values about (n - 1) q, as most programs have it (Hyndman and Fan's type 7). `None` unless 0 < q < 1.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        (q > 0.0 && q < 1.0).then(|| between(&self.values, (self.values.len() - 1) as f64 * q))
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }

    pub(super) fn names(&self) -> &[u32] {
        &self.names
    }

    pub(super) fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    pub(super) fn clustered(&self) -> bool {
        self.clustered
    }

    /// How many of the rows stand in this range, by unit.
    pub(super) fn tally(&self, range: Range<usize>) -> Vec<u32> {
        let mut tally = vec![0; self.names.len()];
        self.places[range].iter().for_each(|place| tally[*place as usize] += 1);
        tally
    }

    /// The interval of a quantile at any number of standard errors.
    pub(super) fn interval(&self, q: f64) -> Result<OrderInterval, ContrastError> {
        let value = self.quantile(q).ok_or(ContrastError::Quantile { q })?;
        Ok(self.about(value, q, self.worth(q)))
    }

    /// The same, and the share of rows below the quantile by unit, which is what its error comes of; `None` where rows stand for themselves.
    pub(super) fn interval_and_share(&self, q: f64) -> Result<(OrderInterval, Option<Summed<'_>>), ContrastError> {
        let value = self.quantile(q).ok_or(ContrastError::Quantile { q })?;
        let share = self.share_below(q);
        Ok((self.about(value, q, self.worth_of(share.as_ref())), share))
    }

    fn about(&self, value: f64, q: f64, worth: Worth) -> OrderInterval {
        let rows = self.values.len();
        let Worth { rows: effective, freedom } = worth;
        // Far enough for any level that is asked; beyond it ends are those of the window.
        let farthest = Confidence::new(1.0 - BEYOND).map_or(FARTHEST, |level| critical(level, freedom)).max(FARTHEST);
        let at = |errors: f64| place(q, errors, effective, rows as f64).clamp(0.0, (rows - 1) as f64);
        let (from, to) = (at(-farthest).floor() as usize, at(farthest).ceil() as usize + 1);
        OrderInterval { value, q, effective, freedom, rows, from, window: self.values[from..to].into() }
    }

    /// What the rows are worth for this quantile: by the share of rows below it.
    pub(super) fn worth(&self, q: f64) -> Worth {
        self.worth_of(self.share_below(q).as_ref())
    }

    fn worth_of(&self, share: Option<&Summed<'_>>) -> Worth {
        let alone = Worth { rows: self.values.len() as f64, freedom: f64::INFINITY };
        share.map_or(alone, |share| Worth { rows: effective(&share.of), freedom: share.of.freedom })
    }

    /// The share of rows up to the quantile or below it, whichever is nearer to q, by unit: one that has more of them has the quantile further down, so that
    /// a step of it is one down.
    fn share_below(&self, q: f64) -> Option<Summed<'_>> {
        let rows = self.values.len();
        if !self.clustered {
            return None;
        }
        let value = self.values[((rows as f64 * q).ceil() as usize).clamp(1, rows) - 1];
        let (below, upto) = (self.values.partition_point(|x| *x < value), self.values.partition_point(|x| *x <= value));
        let off = |count: usize| (count as f64 / rows as f64 - q).abs();
        let count = if off(below) < off(upto) { below } else { upto };
        // Of the two sides the one with fewer rows is counted: the variance is the same.
        let above = count * 2 > rows;
        let tally = self.tally(if above { count..rows } else { 0..count });
        let sums: Vec<(f64, f64)> = tally.iter().zip(&self.sizes).map(|(s, d)| (f64::from(*s), f64::from(*d))).collect();
        let share = Summed::of(Some(Cow::Borrowed(&self.names)), sums, rows as u64)?;
        Some(share.in_steps_of(if above { 1.0 } else { -1.0 }))
    }
}

/// What rows in units are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Worth {
    /// Independent rows that would tell as much.
    pub(super) rows: f64,
    /// Degrees of freedom of that number; infinite where rows stand for themselves.
    pub(super) freedom: f64,
}

/// Standard errors of the normal distribution up to which order statistics are kept, and of Student's t the share of it beyond: our choice, more than is
/// ever asked.
pub(super) const FARTHEST: f64 = 12.0;
const BEYOND: f64 = 1e-7;

/// The value at a place from 0, which need not be whole.
pub(crate) fn between(values: &[f64], place: f64) -> f64 {
    let at = place.floor() as usize;
    let part = place - at as f64;
    match values.get(at + 1) {
        Some(next) if part > 0.0 => values[at] + part * (next - values[at]),
        _ => values[at],
    }
}

/// The place, from 0, of the order statistic that bounds the q-quantile so many standard errors away, on the scale of `n` effective rows stretched to
/// `rows`: where the binomial distribution of the rows below the quantile has that normal score, by Cornish and Fisher's expansion (to 1 / n).
///
/// Towards the nearer end of the rows the expansion turns back, after it has left them: from where it turns on it is held, so that places go with errors.
fn place(q: f64, errors: f64, n: f64, rows: f64) -> f64 {
    let (spread, skew) = ((n * q * (1.0 - q)).sqrt(), 1.0 - 2.0 * q);
    let errors = if errors * skew < 0.0 { errors.abs().min(3.0 * spread / skew.abs()).copysign(errors) } else { errors };
    (n * q + errors * spread + (errors * errors - 1.0) * skew / 6.0) / n * rows - 0.5
}

/// The interval of a quantile by order statistics, at any number of standard errors.
#[derive(Debug, Clone)]
pub(super) struct OrderInterval {
    pub(super) value: f64,
    q: f64,
    pub(super) effective: f64,
    pub(super) freedom: f64,
    rows: usize,
    /// Where the window begins among the values in order.
    from: usize,
    window: Arc<[f64]>,
}

impl OrderInterval {
    /// Infinite where no value bounds the quantile.
    pub(super) fn ends(&self, errors: f64) -> (f64, f64) {
        let at = |errors: f64| -> f64 {
            let place = place(self.q, errors, self.effective, self.rows as f64);
            if place < 0.0 {
                return f64::NEG_INFINITY;
            }
            if place > (self.rows - 1) as f64 {
                return f64::INFINITY;
            }
            between(&self.window, (place - self.from as f64).clamp(0.0, (self.window.len() - 1) as f64))
        };
        (at(-errors).min(self.value), at(errors).max(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The share of a binomial number of n trials at most so large, against the place of its normal score: half a row is what they may differ by.
    #[test]
    fn places_are_quantiles_of_the_binomial_distribution() {
        for (n, q, errors, want) in
            [(100.0, 0.95, 1.96, 98.8), (100.0, 0.95, -1.96, 90.3), (40.0, 0.5, -1.96, 13.8), (1000.0, 0.99, 1.645, 994.8)]
        {
            // scipy.stats.binom.ppf(norm.cdf(errors), n, q) is 99, 90, 14 and 995.
            let got = place(q, errors, n, n) + 0.5;
            assert!((got - want).abs() < 0.3, "{n} {q} {errors}: {got}");
        }
    }

    proptest! {
        #[test]
        fn places_go_with_errors(q in 0.001..0.999_f64, n in 1.0..1e5_f64, errors in -100.0..100.0_f64, more in 0.0..100.0_f64) {
            let rows = n * 3.0;
            prop_assert!(place(q, errors, n, rows) <= place(q, errors + more, n, rows) + 1e-6);
            // Wherever it is held it has left the rows.
            prop_assert!(place(q, 1e9, n, rows) >= rows - 1.0 && place(q, -1e9, n, rows) <= 0.5);
        }
    }
}
