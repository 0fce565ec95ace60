//! Means compared: their difference and their ratio.

use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::law::{Law, critical};
use super::units::{Quotient, check, enough, freedom};
use super::{Arm, MIN_UNITS};
use crate::estimate::{Confidence, Estimate};

/// The mean of an arm, with Student's interval over its units. Err with fewer than [`MIN_UNITS`] units (two rows, where rows stand for themselves), and
/// when nothing varies.
pub fn mean(arm: &Arm<'_>, level: Confidence) -> Result<Estimate, ContrastError> {
    check(arm)?;
    let least = least(arm, arm);
    let of = Quotient::mean(arm).ok_or(ContrastError::TooFew { first: 0, second: 0, least })?;
    enough([of.units, of.units], least)?;
    if of.variance <= 0.0 {
        return Err(ContrastError::Constant { first: of.units, second: of.units });
    }
    let half = critical(level, of.freedom) * of.variance.sqrt();
    Ok(Estimate { value: of.value, low: of.value - half, high: of.value + half, n: of.rows })
}

/// Mean of the first less mean of the second, in the unit of the values.
///
/// Welch's where both arms' rows stand for themselves (Biometrika 34 (1947), 28-35). Of rows in units each mean is a quotient of sums over units, with the
/// variance of leaving out each unit (of units of one size that is the delta method); Student's t with Satterthwaite's degrees of freedom over the effective
/// number of units. Err with too few units (see [`MIN_UNITS`]; two rows for
/// Welch's), when nothing varies on either side, and for values that are not finite.
///
/// ```
/// use qoe_statistics::{Confidence, contrast::{Arm, mean::mean_difference}};
/// let (first, second) = ([30.0, 42.0, 37.0], [20.0, 35.0, 26.0]);
/// let contrast = mean_difference(&Arm::new(&first), &Arm::new(&second))?;
/// let at = contrast.interval(Confidence::P95);
/// assert_eq!(format!("{:.1}: {:.1} to {:.1}", at.value, at.low, at.high), "9.3: -6.5 to 25.1");
/// # Ok::<(), qoe_statistics::contrast::ContrastError>(())
/// ```
pub fn mean_difference(a: &Arm<'_>, b: &Arm<'_>) -> Result<Contrast, ContrastError> {
    let (first, second, freedom) = both(a, b)?;
    let error = (first.variance + second.variance).sqrt();
    Ok(Contrast {
        value: first.value - second.value,
        scale: Scale::Difference,
        law: Law::student(error, freedom),
        method: method(a, b),
        error: Some(error),
        units: [first.units, second.units],
        rows: [first.rows, second.rows],
    })
}

/// Mean of the first over mean of the second: 1.10 says 10 % more. As [`mean_difference`], on the logarithm; Err also when a mean is not above zero.
pub fn mean_ratio(a: &Arm<'_>, b: &Arm<'_>) -> Result<Contrast, ContrastError> {
    let (first, second, _) = both(a, b)?;
    relative(first, second, method(a, b))
}

/// A ratio of two quotients, linearised on its logarithm.
pub(super) fn relative(first: Quotient, second: Quotient, method: Method) -> Result<Contrast, ContrastError> {
    if !(first.value > 0.0 && second.value > 0.0) {
        return Err(ContrastError::NotPositive { first: first.value, second: second.value });
    }
    let log = |of: &Quotient| Quotient { variance: of.variance / (of.value * of.value), ..*of };
    let (a, b) = (log(&first), log(&second));
    let freedom = freedom(&a, &b).ok_or(ContrastError::Constant { first: a.units, second: b.units })?;
    let error = (a.variance + b.variance).sqrt();
    Ok(Contrast {
        value: first.value / second.value,
        scale: Scale::Ratio,
        law: Law::student(error, freedom),
        method,
        error: Some(error),
        units: [first.units, second.units],
        rows: [first.rows, second.rows],
    })
}

fn method(a: &Arm<'_>, b: &Arm<'_>) -> Method {
    if a.units.is_none() && b.units.is_none() { Method::Welch } else { Method::DeltaMethod }
}

fn least(a: &Arm<'_>, b: &Arm<'_>) -> u64 {
    if a.units.is_none() && b.units.is_none() { 2 } else { MIN_UNITS }
}

fn both(a: &Arm<'_>, b: &Arm<'_>) -> Result<(Quotient, Quotient, f64), ContrastError> {
    check(a)?;
    check(b)?;
    let least = least(a, b);
    let few = || ContrastError::TooFew { first: a.values.len() as u64, second: b.values.len() as u64, least };
    let (first, second) = (Quotient::mean(a).ok_or_else(few)?, Quotient::mean(b).ok_or_else(few)?);
    enough([first.units, second.units], least)?;
    let freedom = freedom(&first, &second).ok_or(ContrastError::Constant { first: first.units, second: second.units })?;
    Ok((first, second, freedom))
}
