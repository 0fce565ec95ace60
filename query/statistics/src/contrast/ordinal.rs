//! Which arm has the larger value of two rows drawn at random: for scores and for whatever is too skewed for means.

use std::borrow::Cow;

use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::joint::{Joint, Summed};
use super::law::{Law, Margin};
use super::ordered::Ordered;
use super::units::enough;
use super::{Arm, MIN_UNITS};

/// How often a row of the first is larger than one of the second, ties counting half, less 1/2: -0.5 to 0.5, 0 when neither tends to be larger.
///
/// Brunner and Munzel's (Biometrical Journal 42 (2000), 17-25), which suppose nothing of the shape or spread of either: plain scale, Student's t with
/// Satterthwaite's degrees of freedom, held at both ends. Of rows in units the placements are summed over the unit and the mean placement is linearised as
/// a quotient; of a unit that is in both arms, its placements in the one less those in the other. Where every row of one arm lies beyond all of the other the variance would be estimated as nothing: the interval is then Wilson's of as many
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
    let value = first.of.value - 0.5;
    let joint = Joint::of(&first, &second)?;
    let error = joint.variance.sqrt();
    let (law, error) = match joint.freedom {
        Some(freedom) => (Law::Student { error, freedom, within: (-0.5, 0.5) }, Some(error)),
        None if value.abs() < 0.5 => return Err(none()),
        None => {
            let n = a.units().min(b.units()) as f64;
            (Law::mover(Margin::Share { share: first.of.value, n }, Margin::Known(0.5), f64::INFINITY), None)
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
        moves: joint.moves,
    })
}

/// The mean placement of the first's rows among the second's: the share of those below, ties half.
fn placements<'a>(of: &'a Ordered, among: &Ordered) -> Option<Summed<'a>> {
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
    Summed::of(of.clustered().then_some(Cow::Borrowed(of.names())), sums, of.rows())
}
