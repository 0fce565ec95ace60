//! Sums over the rows of each unit, and what is made of them: a quotient of two sums with its variance.
//!
//! A mean of rows that come in units is such a quotient, what is divided by being the rows. The variance of R = sum(s) / sum(d) over k units is by leaving
//! out each in turn (jackknife): (k - 1) / k times the sum of (R without it - R)^2, where R without it is less than R by (s - R d) / (sum(d) - d). Of units
//! of one size that is exactly the delta method, k / (k - 1) sum((s - R d)^2) / sum(d)^2 (Cochran, Sampling Techniques, 3rd edition, 6.4), which is
//! var(s) / m^2 + var(d) R^2 / m^2 - 2 cov(s, d) R / m^2 over k, m being the mean of d. Of units of many sizes the delta method comes out too small, as
//! large units draw R to themselves: with 20 units of geometric size its 95 % intervals cover 92 to 94 % (`tests/coverage/contrast`), these 94 to 96.5 %.
//! Degrees of freedom are Kish's effective number of units, sum(d)^2 / sum(d^2), less 1.

use std::ops::Range;

use super::Arm;
use super::error::ContrastError;
use crate::moments::satterthwaite;

/// The rows of each unit, one range a unit.
pub(super) fn runs(units: Option<&[u32]>, rows: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        if from >= rows {
            return None;
        }
        let length = units.map_or(1, |units| units[from..].iter().take_while(|unit| **unit == units[from]).count());
        let run = from..from + length;
        from = run.end;
        Some(run)
    })
}

/// Checks that there is a unit a row and that rows of one stand together.
pub(super) fn check_units(units: Option<&[u32]>, rows: usize) -> Result<(), ContrastError> {
    let Some(units) = units else { return Ok(()) };
    if units.len() != rows {
        return Err(ContrastError::Length { what: "units", got: units.len(), rows });
    }
    let ascending = units.windows(2).all(|pair| pair[0] <= pair[1]);
    if ascending {
        return Ok(());
    }
    let mut heads: Vec<u32> = units.chunk_by(|a, b| a == b).map(|run| run[0]).collect();
    heads.sort_unstable();
    match heads.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(ContrastError::Scattered { unit: pair[0] }),
        None => Ok(()),
    }
}

pub(super) fn check_finite(values: &[f64]) -> Result<(), ContrastError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(ContrastError::NotFinite { row, value: values[row] }),
        None => Ok(()),
    }
}

pub(super) fn check(arm: &Arm<'_>) -> Result<(), ContrastError> {
    check_finite(arm.values)?;
    check_units(arm.units, arm.values.len())
}

pub(super) fn enough(units: [u64; 2], least: u64) -> Result<(), ContrastError> {
    if units.iter().any(|units| *units < least) {
        return Err(ContrastError::TooFew { first: units[0], second: units[1], least });
    }
    Ok(())
}

/// A quotient of two sums over units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quotient {
    pub(super) value: f64,
    /// Of the value.
    pub(super) variance: f64,
    /// At least 1.
    pub(super) freedom: f64,
    pub(super) units: u64,
    pub(super) rows: u64,
}

impl Quotient {
    /// Of the sums of each unit; `None` where there is nothing to divide by.
    pub(super) fn of(sums: &[(f64, f64)], rows: u64) -> Option<Quotient> {
        let units = sums.len() as u64;
        let (above, below) = sums.iter().fold((0.0, 0.0), |(a, b), (s, d)| (a + s, b + d));
        if below <= 0.0 || below.is_nan() {
            return None;
        }
        let value = above / below;
        let (mut scatter, mut squares, mut size) = (0.0, 0.0, 0.0);
        for (s, d) in sums {
            scatter += ((s - value * d) / (below - d)).powi(2);
            squares += d * d;
            size += s.abs() + (value * d).abs();
        }
        let k = units as f64;
        // What is nothing but rounding counts as nothing.
        let none = scatter <= (size / below / k * 1e-12).powi(2) * k;
        let variance = if none { 0.0 } else { (k - 1.0) / k * scatter };
        let freedom = (below * below / squares - 1.0).max(1.0);
        Some(Quotient { value, variance, freedom, units, rows })
    }
}

/// The sums of each unit.
pub(super) fn sums(units: Option<&[u32]>, rows: usize, of: impl Fn(usize) -> (f64, f64)) -> Vec<(f64, f64)> {
    runs(units, rows).map(|run| run.map(&of).fold((0.0, 0.0), |(a, b), (s, d)| (a + s, b + d))).collect()
}

/// Satterthwaite's degrees of freedom of a difference of arms that share no unit; `None` when neither varies.
pub(super) fn freedom(a: &Quotient, b: &Quotient) -> Option<f64> {
    satterthwaite(&[(a.variance, a.freedom), (b.variance, b.freedom)])
}
