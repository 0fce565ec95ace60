//! Which arm has the larger value of two rows drawn at random: for scores and for whatever is too skewed for means.

use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::law::{Law, Margin};
use super::ordered::Ordered;
use super::units::{Quotient, enough, freedom};
use super::{Arm, MIN_UNITS};

/// How often a row of the first is larger than one of the second, ties counting half, less 1/2: -0.5 to 0.5, 0 when neither tends to be larger.
///
/// Brunner and Munzel's (Biometrical Journal 42 (2000), 17-25), which suppose nothing of the shape or spread of either: plain scale, Student's t with
/// Satterthwaite's degrees of freedom, held at both ends. Of rows in units the placements are summed over the unit and the mean placement is linearised as
/// a quotient. Where every row of one arm lies beyond all of the other the variance would be estimated as nothing: the interval is then Wilson's of as many
/// of as many as the smaller arm has units. Err with fewer than [`MIN_UNITS`] units a side, and when all rows are tied.
pub fn superiority(a: &Arm<'_>, b: &Arm<'_>) -> Result<Contrast, ContrastError> {
    ordered(&Ordered::of(a)?, &Ordered::of(b)?)
}

/// The same of arms that are in order already.
pub fn ordered(a: &Ordered, b: &Ordered) -> Result<Contrast, ContrastError> {
    enough([a.units(), b.units()], MIN_UNITS)?;
    let (first, second) = (placements(a, b), placements(b, a));
    let none = || ContrastError::Constant { first: a.units(), second: b.units() };
    let (first, second) = (first.ok_or_else(none)?, second.ok_or_else(none)?);
    let value = first.value - 0.5;
    let variance = first.variance + second.variance;
    let (law, error) = match freedom(&first, &second) {
        Some(freedom) => (Law::Student { error: variance.sqrt(), freedom, within: (-0.5, 0.5) }, Some(variance.sqrt())),
        None if value.abs() < 0.5 => return Err(none()),
        None => {
            let n = a.units().min(b.units()) as f64;
            (Law::mover(Margin::Share { share: first.value, n }, Margin::Known(0.5), f64::INFINITY), None)
        }
    };
    Ok(Contrast {
        value,
        scale: Scale::Difference,
        law,
        method: Method::BrunnerMunzel,
        error,
        units: [a.units(), b.units()],
        rows: [a.rows(), b.rows()],
    })
}

/// The mean placement of the first's rows among the second's: the share of those below, ties half.
fn placements(of: &Ordered, among: &Ordered) -> Option<Quotient> {
    let (values, others) = (of.values(), among.values());
    let n = others.len() as f64;
    // Twice the count below plus the ties: whole numbers, so that sums are exact.
    let mut sums = vec![0_u64; of.sizes().len()];
    let (mut below, mut upto, mut at) = (0, 0, 0);
    while at < values.len() {
        let value = values[at];
        below = upto.max(below);
        while below < others.len() && others[below] < value {
            below += 1;
        }
        upto = below;
        while upto < others.len() && others[upto] == value {
            upto += 1;
        }
        while at < values.len() && values[at] == value {
            sums[of.places()[at] as usize] += (below + upto) as u64;
            at += 1;
        }
    }
    let sums: Vec<(f64, f64)> = sums.iter().zip(of.sizes()).map(|(sum, size)| (*sum as f64 / 2.0 / n, f64::from(*size))).collect();
    Quotient::of(&sums, of.rows())
}
