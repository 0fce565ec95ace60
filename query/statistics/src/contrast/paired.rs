//! Pairs compared: both arms measured on the same, such as one user's calls by either vendor.

use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::joint::Summed;
use super::law::{Law, Margin};
use super::ordered::Ordered;
use super::share::binary;
use super::units::{Quotient, check, check_finite, enough};
use super::{Arm, MIN_UNITS};

/// Pairs, row by row. A contrast's units and rows count pairs on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Pairs<'a> {
    /// What was measured in the first arm, finite.
    pub first: &'a [f64],
    /// What was measured in the second on the same.
    pub second: &'a [f64],
    /// The unit each pair is of; pairs of one unit stand together. `None`: each pair is its own unit.
    pub units: Option<&'a [u32]>,
}

impl<'a> Pairs<'a> {
    fn check(&self) -> Result<(), ContrastError> {
        if self.second.len() != self.first.len() {
            return Err(ContrastError::Length { what: "partners", got: self.second.len(), rows: self.first.len() });
        }
        check_finite(self.first)?;
        check_finite(self.second)
    }

    /// A figure of each pair as one arm.
    fn each(&self, of: impl Fn(f64, f64) -> f64) -> Result<Vec<f64>, ContrastError> {
        self.check()?;
        Ok(self.first.iter().zip(self.second).map(|(a, b)| of(*a, *b)).collect())
    }

    fn mean(&self, values: &[f64], least: u64) -> Result<Quotient, ContrastError> {
        let arm = Arm { values, units: self.units };
        check(&arm)?;
        let of = Summed::mean(&arm).ok_or(ContrastError::TooFew { first: 0, second: 0, least })?.of;
        enough([of.units; 2], least)?;
        Ok(of)
    }

    fn contrast(value: f64, law: Law, method: Method, error: Option<f64>, of: &Quotient) -> Contrast {
        Contrast { value, scale: Scale::Difference, law, method, error, units: [of.units; 2], rows: [of.rows; 2], moves: Vec::new() }
    }
}

/// Mean of first less second: Student's t of the differences; of pairs in units linearised over the units. Err with fewer than two pairs
/// ([`MIN_UNITS`] units), and when all differ by the same.
pub fn mean_difference(pairs: &Pairs<'_>) -> Result<Contrast, ContrastError> {
    let differences = pairs.each(|a, b| a - b)?;
    let of = pairs.mean(&differences, if pairs.units.is_some() { MIN_UNITS } else { 2 })?;
    if of.variance <= 0.0 {
        return Err(ContrastError::Constant { first: of.units, second: of.units });
    }
    let error = of.variance.sqrt();
    Ok(Pairs::contrast(of.value, Law::student(error, of.freedom), Method::PairedT, Some(error), &of))
}

/// Share of the first less share of the second, both of the same pairs.
///
/// Newcombe's method 10 for pairs (Statistics in Medicine 17 (1998), 2635-2650): Wilson's intervals of the two, combined with the correlation phi of the
/// pairs, whose count of the both-yes and both-no is lessened by half the pairs where they are more than chance (as he does). Of pairs in units at the
/// effective number by the variance of the mean difference. Err with no pairs, fewer than [`MIN_UNITS`] units, and for values other than 0 and 1.
pub fn share_difference(pairs: &Pairs<'_>) -> Result<Contrast, ContrastError> {
    let differences = pairs.each(|a, b| a - b)?;
    binary(pairs.first)?;
    binary(pairs.second)?;
    let of = pairs.mean(&differences, if pairs.units.is_some() { MIN_UNITS } else { 1 })?;
    let n = of.rows as f64;
    let count =
        |first: f64, second: f64| pairs.first.iter().zip(pairs.second).filter(|(a, b)| **a == first && **b == second).count() as f64;
    let [both, only_first, only_second, neither] = [count(1.0, 1.0), count(1.0, 0.0), count(0.0, 1.0), count(0.0, 0.0)];
    // What independent pairs would scatter, against what the units do.
    let alone = ((only_first + only_second) / n - of.value * of.value) / n;
    let effective = match pairs.units {
        None => n,
        Some(_) if of.variance > 0.0 && alone > 0.0 => (n * alone / of.variance).clamp(1.0, n),
        Some(_) => of.units as f64,
    };
    let margin = |hits: f64| Margin::Share { share: hits / n, n: effective };
    let law = Law::Mover {
        first: margin(both + only_first),
        second: margin(both + only_second),
        correlation: phi(both, only_first, only_second, neither),
        freedom: if pairs.units.is_some() { of.freedom } else { f64::INFINITY },
    };
    let error = Some(if pairs.units.is_some() { of.variance } else { alone }.sqrt()).filter(|error| *error > 0.0);
    Ok(Pairs::contrast(of.value, law, Method::PairedNewcombe, error, &of))
}

/// The correlation of the pairs, with Newcombe's correction for continuity; 0 where an arm is all yes or all no.
fn phi(both: f64, only_first: f64, only_second: f64, neither: f64) -> f64 {
    let n = both + only_first + only_second + neither;
    let margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither);
    if margins <= 0.0 {
        return 0.0;
    }
    let apart = both * neither - only_first * only_second;
    let held = if apart > 0.0 { (apart - n / 2.0).max(0.0) } else { apart };
    held / margins.sqrt()
}

/// The q-quantile of first less second (which is not the difference of the quantiles: that is [`super::bootstrap`]'s, with one seed for both arms): by order
/// statistics of the differences. An end may be infinite, as of [`super::quantile::quantile_difference`].
pub fn quantile_of_differences(pairs: &Pairs<'_>, q: f64) -> Result<Contrast, ContrastError> {
    let differences = pairs.each(|a, b| a - b)?;
    let ordered = Ordered::of(&Arm { values: &differences, units: pairs.units })?;
    super::quantile::against(&ordered, 0.0, q, Method::PairedQuantile)
}

/// How often the first of a pair is larger, ties counting half, less 1/2: -0.5 to 0.5. The sign test's question, with an interval.
///
/// Wilson's interval at the number of pairs that would tell as much, by the variance over the units; ties lessen it, and are counted as what they are.
/// Err with fewer than [`MIN_UNITS`] units, and when all pairs are tied.
pub fn superiority(pairs: &Pairs<'_>) -> Result<Contrast, ContrastError> {
    let signs = pairs.each(|a, b| if a > b { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 })?;
    let of = pairs.mean(&signs, MIN_UNITS)?;
    let alone = of.value * (1.0 - of.value);
    let n = match of.variance {
        variance if variance > 0.0 => alone / variance,
        _ if alone > 0.0 => return Err(ContrastError::Constant { first: of.units, second: of.units }),
        _ => of.units as f64,
    };
    let law = Law::mover(Margin::Share { share: of.value, n }, Margin::Known(0.5), of.freedom);
    let error = Some(of.variance.sqrt()).filter(|error| *error > 0.0);
    Ok(Pairs::contrast(of.value - 0.5, law, Method::PairedSign, error, &of))
}
