//! Quotients of two sums compared, such as time frozen over time watched.

use super::MIN_UNITS;
use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::law::{Law, critical};
use super::mean::relative;
use super::units::{Quotient, check_finite, check_units, comparable, enough, sums};
use crate::estimate::{Confidence, Estimate};

/// Rows of one arm, each with two values of which the sums are divided.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// What is counted, finite.
    pub above: &'a [f64],
    /// What it is counted over: 0 or more, finite.
    pub below: &'a [f64],
    /// The unit each row is of; rows of one unit stand together. `None`: each row is its own unit.
    pub units: Option<&'a [u32]>,
}

impl Parts<'_> {
    pub(super) fn check(&self) -> Result<(), ContrastError> {
        let rows = self.above.len();
        if self.below.len() != rows {
            return Err(ContrastError::Length { what: "values below the line", got: self.below.len(), rows });
        }
        check_finite(self.above)?;
        check_finite(self.below)?;
        if let Some(row) = self.below.iter().position(|below| *below < 0.0) {
            return Err(ContrastError::Denominator { row, value: self.below[row] });
        }
        check_units(self.units, rows)
    }

    fn quotient(&self) -> Result<Quotient, ContrastError> {
        self.check()?;
        let rows = self.above.len();
        let sums = sums(self.units, rows, |row| (self.above[row], self.below[row]));
        enough([sums.len() as u64; 2], MIN_UNITS)?;
        Quotient::of(&sums, rows as u64).ok_or(ContrastError::Denominator { row: 0, value: 0.0 })
    }
}

/// The quotient of an arm, with Student's interval over its units.
pub fn ratio(arm: &Parts<'_>, level: Confidence) -> Result<Estimate, ContrastError> {
    let of = arm.quotient()?;
    if of.variance <= 0.0 {
        return Err(ContrastError::Constant { first: of.units, second: of.units });
    }
    let half = critical(level, of.freedom) * of.variance.sqrt();
    Ok(Estimate { value: of.value, low: of.value - half, high: of.value + half, n: of.rows })
}

/// Quotient of the first less quotient of the second.
///
/// Sums per unit, with the variance of leaving out each unit (of units with as much below the line that is the delta method); Student's t with
/// Satterthwaite's degrees of freedom over the effective number of units. Err with fewer than [`MIN_UNITS`] units on a
/// side, when nothing varies, when an arm has nothing below the line, and for values that are not finite, or negative below the line.
pub fn ratio_difference(a: &Parts<'_>, b: &Parts<'_>) -> Result<Contrast, ContrastError> {
    let (first, second) = (a.quotient()?, b.quotient()?);
    let freedom = comparable(&first, &second)?;
    let error = (first.variance + second.variance).sqrt();
    Ok(Contrast {
        value: first.value - second.value,
        scale: Scale::Difference,
        law: Law::student(error, freedom),
        method: Method::DeltaMethod,
        error: Some(error),
        units: [first.units, second.units],
        rows: [first.rows, second.rows],
    })
}

/// Quotient of the first over quotient of the second; as [`ratio_difference`], on the logarithm. Err also when a quotient is not above zero.
pub fn ratio_of_ratios(a: &Parts<'_>, b: &Parts<'_>) -> Result<Contrast, ContrastError> {
    let (first, second) = (a.quotient()?, b.quotient()?);
    comparable(&first, &second)?;
    relative(first, second, Method::DeltaMethod)
}
