//! Means compared: their difference and their ratio.

use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::joint::{Joint, Summed};
use super::law::Law;
use super::units::{check, enough};
use super::{Arm, MIN_UNITS};

/// Mean of the first less mean of the second, in the unit of the values.
///
/// Welch's where both arms' rows stand for themselves (Biometrika 34 (1947), 28-35). Of rows in units each mean is a quotient of sums over units, with the
/// variance of leaving out each unit (of units of one size that is the delta method); Student's t with Satterthwaite's degrees of freedom over the effective
/// number of units. Of units that are in both arms the covariance is taken into account. Err with too few units (see [`MIN_UNITS`]; two rows for
/// Welch's), when nothing varies on either side, when all units are shared and differ by the same, and for values that are not finite.
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
    let (first, second) = both(a, b)?;
    difference(&first, &second, method(a, b))
}

/// Mean of the first over mean of the second: 1.10 says 10 % more. As [`mean_difference`], on the logarithm; Err also when a mean is not above zero.
pub fn mean_ratio(a: &Arm<'_>, b: &Arm<'_>) -> Result<Contrast, ContrastError> {
    let (first, second) = both(a, b)?;
    relative(first, second, method(a, b))
}

/// A difference of two quotients.
pub(super) fn difference(first: &Summed<'_>, second: &Summed<'_>, method: Method) -> Result<Contrast, ContrastError> {
    let joint = Joint::of(first, second)?;
    let (first, second, error) = (first.of, second.of, joint.variance.sqrt());
    Ok(Contrast {
        value: first.value - second.value,
        scale: Scale::Difference,
        law: Law::student(error, joint.known([first.units, second.units])?),
        method,
        error: Some(error),
        units: [first.units, second.units],
        rows: [first.rows, second.rows],
        moves: joint.moves,
    })
}

/// A ratio of two quotients, linearised on its logarithm.
pub(super) fn relative(first: Summed<'_>, second: Summed<'_>, method: Method) -> Result<Contrast, ContrastError> {
    let (a, b) = (first.of, second.of);
    if !(a.value > 0.0 && b.value > 0.0) {
        return Err(ContrastError::NotPositive { first: a.value, second: b.value });
    }
    let contrast = difference(&first.in_steps_of(a.value), &second.in_steps_of(b.value), method)?;
    Ok(Contrast { value: a.value / b.value, scale: Scale::Ratio, moves: Vec::new(), ..contrast })
}

fn method(a: &Arm<'_>, b: &Arm<'_>) -> Method {
    if a.units.is_none() && b.units.is_none() { Method::Welch } else { Method::DeltaMethod }
}

fn least(a: &Arm<'_>, b: &Arm<'_>) -> u64 {
    if a.units.is_none() && b.units.is_none() { 2 } else { MIN_UNITS }
}

fn both(a: &Arm<'_>, b: &Arm<'_>) -> Result<(Summed<'static>, Summed<'static>), ContrastError> {
    check(a)?;
    check(b)?;
    let least = least(a, b);
    let few = || ContrastError::TooFew { first: a.values.len() as u64, second: b.values.len() as u64, least };
    let (first, second) = (Summed::mean(a).ok_or_else(few)?, Summed::mean(b).ok_or_else(few)?);
    enough([first.of.units, second.of.units], least)?;
    Ok((first, second))
}
