//! A quantile of one sample whose rows come in units, with its interval, and held against a bound.

use crate::beta::beta_probability;
use crate::contrast::between;
use crate::estimate::Confidence;
use crate::figure::{Effective, Figure, FigureError, Held, Rows};

/// A quantile of one sample.
#[derive(Debug, Clone)]
pub struct UnitQuantile {
    figure: Figure,
    share: f64,
    sorted: Vec<f64>,
    effective: Effective,
    level: Confidence,
}

impl UnitQuantile {
    /// The smallest value at or below which this share of the rows lies, 0 to 1: 0.95 for p95.
    ///
    /// Its interval holds the order statistics below which the true share may be the one asked for (Woodruff, J. Amer. Statist. Assoc. 47 (1952), 635-646),
    /// by exact limits of shares (Clopper and Pearson) at the effective number of rows: the variance of the share below, linearised over units (Cochran,
    /// Sampling Techniques, 3rd edition, 11.3), against that of independent rows. Err of nothing measured, infinite values, and a share that is none.
    ///
    /// ```
    /// use qoe_statistics::{Confidence, figure::Rows, quantile::UnitQuantile};
    /// let waits: Vec<f64> = (1..=100).map(f64::from).collect();
    /// let p50 = UnitQuantile::new(Rows { values: &waits, units: None }, 0.5, Confidence::P95).unwrap().figure();
    /// assert_eq!((p50.low, p50.value, p50.high), (Some(40.0), 50.0, Some(61.0)));
    /// ```
    pub fn new(rows: Rows<'_>, share: f64, level: Confidence) -> Result<UnitQuantile, FigureError> {
        if !(share > 0.0 && share < 1.0) {
            return Err(FigureError::Share { share });
        }
        let by_unit = rows.by_unit()?;
        let mut sorted: Vec<f64> = by_unit.rows().iter().map(|row| rows.values[*row]).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len();
        let value = sorted[rank(share, n) - 1];
        let effective = Effective::of(&by_unit.counts(|row| rows.values[row] <= value), level);
        let tail = (1.0 - level.level()) / 2.0;
        let too_many = || FigureError::TooMany { rows: n as u64 };
        let is_low = |k: usize| Some(at_most(k, share, &effective)? > tail);
        let is_high = |k: usize| Some(at_least(k, share, &effective)? <= tail);
        let end = |k: usize| if k == 0 || k > n { None } else { Some(sorted[k - 1]) };
        let low = end(first(n, is_low).ok_or_else(too_many)?);
        let high = end(first(n, is_high).ok_or_else(too_many)?);
        let figure = Figure { value, low, high, n: n as u64, units: effective.units, design_effect: effective.design_effect };
        Ok(UnitQuantile { figure, share, sorted, effective, level })
    }

    /// The quantile with its interval.
    pub fn figure(&self) -> Figure {
        self.figure
    }

    /// The same interpolated between two rows, as [`crate::contrast::Ordered::quantile`] has it, whose differences are compared; its interval is the figure's.
    pub fn interpolated(&self) -> f64 {
        between(&self.sorted, (self.sorted.len() - 1) as f64 * self.share)
    }

    /// Held against a bound. The probabilities agree with the interval: one of them is at most half of what the level leaves where the bound lies outside.
    pub fn against(&self, bound: f64) -> Result<Held, FigureError> {
        let upto = self.sorted.partition_point(|value| *value <= bound);
        let below = self.sorted.partition_point(|value| *value < bound);
        let too_many = || FigureError::TooMany { rows: self.figure.n };
        let n = self.sorted.len() as f64;
        let found = if self.figure.value <= bound { upto } else { below };
        Ok(Held {
            figure: self.figure,
            bound,
            p_at_most: at_least(upto, self.share, &self.effective).ok_or_else(too_many)?,
            p_at_least: at_most(below, self.share, &self.effective).ok_or_else(too_many)?,
            needed: self.effective.needed(found as f64 / n, self.share, self.level),
        })
    }
}

/// Which of `n` rows in order the quantile is, from 1.
fn rank(share: f64, n: usize) -> usize {
    ((share * n as f64 * (1.0 - 1e-12)).ceil() as usize).clamp(1, n)
}

/// How often at least so many rows have it when a share of `share` does, at the effective number of rows.
pub(crate) fn at_least(k: usize, share: f64, effective: &Effective) -> Option<f64> {
    let (k, n) = (k as f64 * effective.worth, effective.rows());
    if k <= 0.0 { Some(1.0) } else { beta_probability(k, n - k + 1.0, share) }
}

/// How often at most so many have it.
pub(crate) fn at_most(k: usize, share: f64, effective: &Effective) -> Option<f64> {
    let (k, n) = (k as f64 * effective.worth, effective.rows());
    if k >= n * (1.0 - 1e-12) { Some(1.0) } else { beta_probability(n - k, k + 1.0, 1.0 - share) }
}

/// The first count of 0 to n for which it holds, n + 1 if for none; once it holds it goes on to.
fn first(n: usize, holds: impl Fn(usize) -> Option<bool>) -> Option<usize> {
    let (mut low, mut high) = (0, n + 1);
    while low < high {
        let middle = usize::midpoint(low, high);
        if holds(middle)? { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alone(values: &[f64], share: f64) -> UnitQuantile {
        UnitQuantile::new(Rows { values, units: None }, share, Confidence::P95).unwrap()
    }

    #[test]
    fn the_95th_percentile_of_few_rows_has_no_upper_end() {
        let values: Vec<f64> = (1..=71).map(f64::from).collect();
        let p95 = alone(&values, 0.95).figure();
        assert_eq!((p95.value, p95.high), (68.0, None), "0.95^71 is more than 2.5 %");
        let values: Vec<f64> = (1..=72).map(f64::from).collect();
        assert_eq!(alone(&values, 0.95).figure().high, Some(72.0));
    }

    #[test]
    fn what_is_no_quantile_is_refused() {
        for share in [0.0, 1.0, f64::NAN] {
            assert!(matches!(
                UnitQuantile::new(Rows { values: &[1.0], units: None }, share, Confidence::P95),
                Err(FigureError::Share { .. })
            ));
        }
    }

    #[test]
    fn rows_that_come_ten_a_unit_and_agree_count_once() {
        let values: Vec<f64> = (0..1000).map(|at| f64::from(at / 10)).collect();
        let units: Vec<u32> = (0..1000).map(|at| at / 10).collect();
        let together = UnitQuantile::new(Rows { values: &values, units: Some(&units) }, 0.5, Confidence::P95).unwrap().figure();
        let once: Vec<f64> = (0..100).map(f64::from).collect();
        let once = alone(&once, 0.5).figure();
        assert_eq!(together.value, once.value);
        assert!((together.low.unwrap() - once.low.unwrap()).abs() <= 1.0 && (together.high.unwrap() - once.high.unwrap()).abs() <= 1.0);
        assert!((9.5..10.5).contains(&together.design_effect), "{}", together.design_effect);
    }

    proptest! {
        /// The interval is what the test does not refuse, so that a verdict never contradicts what is shown.
        #[test]
        fn bounds_outside_the_interval_are_those_that_are_refused(
            values in prop::collection::vec(0..60_i32, 1..120), bound in 0..60_i32, share in 0.05..0.95f64, apart in 1..6u32
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let units: Vec<u32> = (0..values.len() as u32).map(|row| row / apart).collect();
            let quantile = UnitQuantile::new(Rows { values: &values, units: Some(&units) }, share, Confidence::P95).unwrap();
            let (figure, bound) = (quantile.figure(), f64::from(bound));
            let held = quantile.against(bound).unwrap();
            prop_assert_eq!(held.p_at_most <= 0.025, figure.high.is_some_and(|high| high <= bound));
            prop_assert_eq!(held.p_at_least <= 0.025, figure.low.is_some_and(|low| low >= bound));
            prop_assert!(figure.low.is_none_or(|low| low <= figure.value) && figure.high.is_none_or(|high| high >= figure.value));
        }
    }
}
