//! A mean, or a ratio of two sums, of one sample whose rows come in units, with its interval, and held against a bound.

use crate::estimate::Confidence;
use crate::figure::{Figure, FigureError, Held, Rows, power, whole};
use crate::student::{t_quantile, t_two_sided};

/// A mean of one sample.
#[derive(Debug, Clone, Copy)]
pub struct UnitMean {
    figure: Figure,
    error: f64,
    freedom: f64,
    level: Confidence,
}

impl UnitMean {
    /// The mean of the rows, in their unit. Err of nothing measured, of a single unit, and where nothing scatters.
    pub fn new(rows: Rows<'_>, level: Confidence) -> Result<UnitMean, FigureError> {
        Self::sums(rows, None, level)
    }

    /// The sum of the rows over the sum of another column of the same rows: freeze time over time watched. Rows without either are left out. Err also where
    /// the sum below is not above zero.
    pub fn ratio(rows: Rows<'_>, over: &[f64], level: Confidence) -> Result<UnitMean, FigureError> {
        if over.len() != rows.values.len() {
            return Err(FigureError::Unpaired { rows: rows.values.len(), others: over.len() });
        }
        if over.iter().any(|value| value.is_infinite()) {
            return Err(FigureError::Infinite);
        }
        Self::sums(rows, Some(over), level)
    }

    /// The ratio of two sums over units, linearised (Cochran, Sampling Techniques, 3rd edition, 6.4 and 11.3), with Student's t of as many degrees of freedom
    /// as there are units less one. Of plain rows it is Student's mean; of units, least squares with cluster-robust errors (CR1).
    fn sums(rows: Rows<'_>, over: Option<&[f64]>, level: Confidence) -> Result<UnitMean, FigureError> {
        let below = |row: usize| over.map_or(1.0, |over| over[row]);
        let mut by_unit = rows.by_unit()?;
        by_unit.keep(|row| !below(row).is_nan());
        let total = |unit: &[usize]| unit.iter().fold((0.0, 0.0), |(above, sum), row| (above + rows.values[*row], sum + below(*row)));
        let totals: Vec<(f64, f64)> = by_unit.each().map(total).collect();
        let n = by_unit.rows().len() as u64;
        if n == 0 {
            return Err(FigureError::Nothing { rows: rows.values.len() });
        }
        let k = totals.len() as f64;
        let sum: f64 = totals.iter().map(|(_, below)| below).sum();
        if sum <= 0.0 {
            return Err(FigureError::Below { sum });
        }
        if totals.len() < 2 {
            return Err(FigureError::OneUnit { rows: n });
        }
        let value = totals.iter().map(|(above, _)| above).sum::<f64>() / sum;
        let scatter: f64 = totals.iter().map(|(above, below)| (above - value * below).powi(2)).sum();
        let error = (k / (k - 1.0) * scatter).sqrt() / sum;
        // What is nothing but the rounding of equal values counts as nothing.
        if error <= value.abs() * 1e-12 {
            return Err(FigureError::Constant { rows: n });
        }
        let alone: f64 = by_unit.rows().iter().map(|row| (rows.values[*row] - value * below(*row)).powi(2)).sum();
        let freedom = k - 1.0;
        let half = t_quantile(level, freedom).ok_or(FigureError::OneUnit { rows: n })? * error;
        let figure = Figure {
            value,
            low: Some(value - half),
            high: Some(value + half),
            n,
            units: totals.len() as u64,
            design_effect: if alone > 0.0 { (scatter / alone).max(1.0) } else { 1.0 },
        };
        Ok(UnitMean { figure, error, freedom, level })
    }

    /// The mean with its interval.
    pub fn figure(&self) -> Figure {
        self.figure
    }

    /// Held against a bound in its unit.
    pub fn against(&self, bound: f64) -> Result<Held, FigureError> {
        if !bound.is_finite() {
            return Err(FigureError::Infinite);
        }
        let apart = self.figure.value - bound;
        let both = t_two_sided(apart / self.error, self.freedom).unwrap_or(1.0);
        let (clear, other) = (both / 2.0, 1.0 - both / 2.0);
        let (p_at_most, p_at_least) = if apart <= 0.0 { (clear, other) } else { (other, clear) };
        let steps = (self.level.z() + power()) * self.error / apart;
        let needed = (apart != 0.0).then(|| whole(self.figure.n as f64 * steps * steps));
        Ok(Held { figure: self.figure, bound, p_at_most, p_at_least, needed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::{Moments, mean};

    #[test]
    fn of_plain_rows_it_is_students_mean() {
        let values = [3.0, 5.0, 4.5, 9.0, 2.5];
        let got = UnitMean::new(Rows { values: &values, units: None }, Confidence::P95).unwrap().figure();
        let want = mean(&Moments::of(values).unwrap(), Confidence::P95).unwrap();
        assert!((got.low.unwrap() - want.low).abs() < 1e-12 && (got.high.unwrap() - want.high).abs() < 1e-12);
    }

    #[test]
    fn a_mean_is_a_ratio_over_ones() {
        let (values, units) = ([3.0, 5.0, 4.5, 9.0, 2.5], [1, 1, 2, 3, 3]);
        let rows = Rows { values: &values, units: Some(&units) };
        let (one, other) = (UnitMean::new(rows, Confidence::P95).unwrap(), UnitMean::ratio(rows, &[1.0; 5], Confidence::P95).unwrap());
        assert_eq!(one.figure(), other.figure());
    }

    #[test]
    fn what_has_no_error_says_why() {
        let of = |values: &[f64], units: &[u32]| UnitMean::new(Rows { values, units: Some(units) }, Confidence::P95).unwrap_err();
        assert_eq!(of(&[1.0, 2.0], &[4, 4]), FigureError::OneUnit { rows: 2 });
        assert_eq!(of(&[0.1, 0.1, 0.1], &[1, 2, 3]), FigureError::Constant { rows: 3 });
        let rows = Rows { values: &[1.0, 2.0], units: None };
        assert_eq!(UnitMean::ratio(rows, &[0.0, 0.0], Confidence::P95).unwrap_err(), FigureError::Below { sum: 0.0 });
    }
}
