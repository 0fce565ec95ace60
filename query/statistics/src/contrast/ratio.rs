//! Quotients of two sums compared, such as time frozen over time watched.

use super::MIN_UNITS;
use super::answer::{Contrast, Method};
use super::error::ContrastError;
use super::joint::Summed;
use super::mean::{difference, relative};
use super::units::{check_finite, check_units, enough, runs};

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

    fn summed(&self) -> Result<Summed<'static>, ContrastError> {
        self.check()?;
        let rows = self.above.len();
        enough([runs(self.units, rows).count() as u64; 2], MIN_UNITS)?;
        Summed::of_rows(self.units, rows, |row| (self.above[row], self.below[row])).ok_or(ContrastError::Denominator { row: 0, value: 0.0 })
    }
}

/// Quotient of the first less quotient of the second.
///
/// Sums per unit, with the variance of leaving out each unit (of units with as much below the line that is the delta method); Student's t with
/// Satterthwaite's degrees of freedom over the effective number of units. Err with fewer than [`MIN_UNITS`] units on a
/// side, when nothing varies, when an arm has nothing below the line, and for values that are not finite, or negative below the line.
pub fn ratio_difference(a: &Parts<'_>, b: &Parts<'_>) -> Result<Contrast, ContrastError> {
    difference(&a.summed()?, &b.summed()?, Method::DeltaMethod)
}

/// Quotient of the first over quotient of the second; as [`ratio_difference`], on the logarithm. Err also when a quotient is not above zero.
pub fn ratio_of_ratios(a: &Parts<'_>, b: &Parts<'_>) -> Result<Contrast, ContrastError> {
    relative(a.summed()?, b.summed()?, Method::DeltaMethod)
}
