//! A share of one sample whose rows come in units, with its interval, and held against a bound.

use crate::beta::beta_quantile;
use crate::estimate::Confidence;
use crate::figure::{Effective, Figure, FigureError, Held, Rows};
use crate::quantile::{at_least, at_most};

/// A share of one sample.
#[derive(Debug, Clone, Copy)]
pub struct UnitShare {
    figure: Figure,
    hits: usize,
    effective: Effective,
    level: Confidence,
}

impl UnitShare {
    /// The share of rows that have it (1; 0: have not; NaN: not known), 0 to 1.
    ///
    /// Exact limits (Clopper and Pearson, Biometrika 26 (1934), 404-413) at the effective number of rows (Korn and Graubard 1998). Where the units say nothing
    /// of their scatter (all rows have it, or none) each unit counts as one row. Err of nothing known.
    pub fn new(rows: Rows<'_>, level: Confidence) -> Result<UnitShare, FigureError> {
        let clusters = rows.by_unit()?.counts(|row| rows.values[row] != 0.0);
        let hits = clusters.iter().map(|cluster| cluster.hits).sum::<u64>();
        let effective = Effective::of(&clusters, level);
        let too_many = || FigureError::TooMany { rows: effective.n };
        let tail = (1.0 - level.level()) / 2.0;
        let (k, n) = (hits as f64 * effective.worth, effective.rows());
        let low = if hits == 0 { 0.0 } else { beta_quantile(k, n - k + 1.0, tail).ok_or_else(too_many)? };
        // The upper end by way of those that have it not: near 1 it keeps its digits so.
        let high = if hits == effective.n { 1.0 } else { 1.0 - beta_quantile(n - k, k + 1.0, tail).ok_or_else(too_many)? };
        let value = hits as f64 / effective.n as f64;
        let figure = Figure {
            value,
            low: Some(low.min(value)),
            high: Some(high.max(value)),
            n: effective.n,
            units: effective.units,
            design_effect: effective.design_effect,
        };
        Ok(UnitShare { figure, hits: hits as usize, effective, level })
    }

    /// The share with its interval.
    pub fn figure(&self) -> Figure {
        self.figure
    }

    /// Held against a bound, 0 to 1. No number of rows shows all or none of them.
    pub fn against(&self, bound: f64) -> Result<Held, FigureError> {
        if !(0.0..=1.0).contains(&bound) {
            return Err(FigureError::Share { share: bound });
        }
        let too_many = || FigureError::TooMany { rows: self.figure.n };
        let (some, others) = (self.hits > 0, (self.hits as u64) < self.figure.n);
        let never = |refuted: bool| if refuted { 0.0 } else { 1.0 };
        let (p_at_least, p_at_most) = match bound {
            bound if bound <= 0.0 => (never(some), 1.0),
            bound if bound >= 1.0 => (1.0, never(others)),
            bound => (
                at_least(self.hits, bound, &self.effective).ok_or_else(too_many)?,
                at_most(self.hits, bound, &self.effective).ok_or_else(too_many)?,
            ),
        };
        Ok(Held { figure: self.figure, bound, p_at_most, p_at_least, needed: self.effective.needed(self.figure.value, bound, self.level) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(hits: usize, n: usize) -> UnitShare {
        let values: Vec<f64> = (0..n).map(|at| f64::from(u8::from(at < hits))).collect();
        UnitShare::new(Rows { values: &values, units: None }, Confidence::P95).unwrap()
    }

    #[test]
    fn nothing_shows_all_and_one_failure_refutes_it() {
        let clean = of(500, 500).against(1.0).unwrap();
        assert!(clean.p_at_least > 0.99 && clean.p_at_most > 0.99 && clean.needed.is_none());
        let one = of(499, 500).against(1.0).unwrap();
        assert!(one.p_at_most == 0.0, "a share of one is refuted by one failure: {one:?}");
        assert!(matches!(of(1, 2).against(1.5), Err(FigureError::Share { .. })));
    }

    #[test]
    fn four_nines_take_tens_of_thousands_of_clean_attempts() {
        let held = |n: usize| of(n, n).against(0.9999).unwrap();
        assert!(held(36_886).p_at_least > 0.025 && held(36_887).p_at_least <= 0.025);
        assert_eq!(held(1_000).needed, Some(36_887));
    }

    proptest! {
        #[test]
        fn bounds_outside_the_interval_are_those_that_are_refused(hits in 0..200usize, more in 0..200usize, bound in 0.01..0.99f64) {
            let share = of(hits, hits + more + 1);
            let (figure, held) = (share.figure(), share.against(bound).unwrap());
            prop_assert_eq!(held.p_at_least <= 0.025, figure.low.unwrap() >= bound);
            prop_assert_eq!(held.p_at_most <= 0.025, figure.high.unwrap() <= bound);
        }
    }
}
