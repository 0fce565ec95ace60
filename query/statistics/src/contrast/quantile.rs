//! Quantiles compared.
//!
//! The share of rows below the true quantile is q but for chance, and the chance of rows in units is that of fewer rows, the effective number (Woodruff,
//! J. Amer. Statist. Assoc. 47 (1952), 635-646). So order statistics bound each quantile, and the two intervals are combined (MOVER). Nothing is supposed
//! of the density at the quantile, whose estimates are poor in tails and senseless where values are tied.

use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::joint::{Joint, Summed};
use super::law::{Law, Margin};
use super::ordered::{FARTHEST, OrderInterval, Ordered};
use super::units::enough;
use super::{Arm, MIN_UNITS};
use crate::moments::satterthwaite;

/// The q-quantile (q between 0 and 1) of the first less that of the second, in the unit of the values.
///
/// Each quantile lies between the order statistics that a binomial number of as many trials as the rows are worth would bound it by; rows in units are
/// worth their number over the design effect of the share of rows below the quantile, with Student's t over the units. Intervals reach over ties. An end
/// that no row bounds is infinite: a p95 takes rows worth 72 independent ones for an upper end at 95 %. Err for no rows, fewer than [`MIN_UNITS`] units,
/// values that are not finite, and q outside 0 to 1.
pub fn quantile_difference(a: &Arm<'_>, b: &Arm<'_>, q: f64) -> Result<Contrast, ContrastError> {
    difference(&Ordered::of(a)?, &Ordered::of(b)?, q)
}

/// The standard error of a quantile, smoothed for planning by: how densely values lie about it is read off a window that holds a fifth as many rows as lie
/// beyond it on either side, and not off those within one error alone, which in a long record are few and would move the plan by their chance. Where rows are
/// so few that no value bounds the window, within one error after all; 0 where all values there are one. Err as [`quantile_difference`], and for rows of
/// which none bounds even one error.
pub fn smoothed_error(arm: &Arm<'_>, q: f64) -> Result<f64, ContrastError> {
    let of = Ordered::of(arm)?;
    let interval = of.interval(q)?;
    enough_units(&of)?;
    let error_of_share = (q * (1.0 - q) / interval.effective).sqrt();
    let wide = (WINDOW * q.min(1.0 - q) / error_of_share).clamp(1.0, FARTHEST);
    let of_one = |errors: f64| {
        let (low, high) = interval.ends(errors);
        (high - low) / 2.0 / errors
    };
    let mut known = [wide, 1.0].map(of_one).into_iter().filter(|error| error.is_finite());
    known.clone().find(|error| *error > 0.0).or(known.next_back()).ok_or_else(|| {
        let least = (q.max(1.0 - q) / q.min(1.0 - q)).ceil() as u64 + 1;
        ContrastError::TooFew { first: of.rows(), second: of.rows(), least }
    })
}

/// Of the rows beyond a quantile so many lie in either half of the window.
const WINDOW: f64 = 0.2;

/// [`quantile_difference`] of arms that are in order already.
pub fn difference(a: &Ordered, b: &Ordered, q: f64) -> Result<Contrast, ContrastError> {
    let ((first, below_first), (second, below_second)) = (a.interval_and_share(q)?, b.interval_and_share(q)?);
    enough_units(a)?;
    enough_units(b)?;
    let value = first.value - second.value;
    let apart = || satterthwaite(&[(1.0 / first.effective, first.freedom), (1.0 / second.effective, second.freedom)]);
    let joint = match (below_first, below_second) {
        (Some(one), Some(other)) => Some(together((one, &first), (other, &second))?),
        _ => None,
    };
    let shared = joint.as_ref().filter(|joint| joint.correlation != 0.0);
    let freedom = shared.map_or_else(apart, |joint| joint.freedom).unwrap_or(f64::INFINITY);
    let correlation = shared.map_or(0.0, |joint| joint.correlation);
    let law = Law::Mover { first: Margin::Order(first), second: Margin::Order(second), correlation, freedom };
    let error = half(&law, value);
    Ok(Contrast {
        value,
        scale: Scale::Difference,
        law,
        method: Method::ClusterQuantile,
        error,
        units: [a.units(), b.units()],
        rows: [a.rows(), b.rows()],
        moves: joint.map_or_else(Vec::new, |joint| joint.moves),
    })
}

/// Shares below quantiles as what they move the quantiles: so that the error of each is half its interval of one standard error. Where that has no end, or none
/// off its value, only how the shares go together can be told.
fn together(first: (Summed<'_>, &OrderInterval), second: (Summed<'_>, &OrderInterval)) -> Result<Joint, ContrastError> {
    let step = |(share, interval): &(Summed<'_>, &OrderInterval)| {
        let (low, high) = interval.ends(1.0);
        Some(share.of.variance.sqrt() / ((high - low) / 2.0)).filter(|step| *step > 0.0 && step.is_finite())
    };
    match step(&first).zip(step(&second)) {
        Some((one, other)) => Joint::of(&first.0.in_steps_of(one), &second.0.in_steps_of(other)),
        None => Ok(Joint { moves: Vec::new(), ..Joint::of(&first.0, &second.0)? }),
    }
}

/// The q-quantile of an arm less what is known.
pub(super) fn against(arm: &Ordered, known: f64, q: f64, method: Method) -> Result<Contrast, ContrastError> {
    let interval = arm.interval(q)?;
    enough_units(arm)?;
    let value = interval.value - known;
    let freedom = interval.freedom;
    let law = Law::mover(Margin::Order(interval), Margin::Known(known), freedom);
    let error = half(&law, value);
    Ok(Contrast { value, scale: Scale::Difference, law, method, error, units: [arm.units(); 2], rows: [arm.rows(); 2], moves: Vec::new() })
}

/// Half the interval of one standard error.
fn half(law: &Law, value: f64) -> Option<f64> {
    let (low, high) = law.at(value, 1.0);
    Some((high - low) / 2.0).filter(|error| error.is_finite() && *error > 0.0)
}

fn enough_units(arm: &Ordered) -> Result<(), ContrastError> {
    if arm.clustered() { enough([arm.units(); 2], MIN_UNITS) } else { Ok(()) }
}
