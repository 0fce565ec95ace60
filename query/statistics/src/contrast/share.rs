//! Shares of yes among yes and no compared.

use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::law::{Law, Margin, critical};
use super::units::{Quotient, check, enough, freedom};
use super::{Arm, MIN_UNITS};
use crate::estimate::{Confidence, Estimate};
use crate::share::wilson;

/// A share with what it is worth.
pub(super) struct Share {
    pub(super) of: Quotient,
    /// Independent rows that would tell as much.
    pub(super) effective: f64,
}

impl Share {
    fn of(arm: &Arm<'_>) -> Result<Share, ContrastError> {
        check(arm)?;
        binary(arm.values)?;
        let of = Quotient::mean(arm).ok_or(ContrastError::TooFew { first: 0, second: 0, least: 1 })?;
        if arm.units.is_none() {
            return Ok(Share { effective: of.rows as f64, of: Quotient { freedom: f64::INFINITY, ..of } });
        }
        enough([of.units; 2], MIN_UNITS)?;
        Ok(Share { effective: effective(&of), of })
    }

    /// What the variance would be of rows that stand for themselves.
    fn alone(&self) -> f64 {
        self.of.value * (1.0 - self.of.value) / self.of.rows as f64
    }

    /// Leaves rows in units at most as many effective rows as this design effect does.
    fn hold(&mut self, effect: f64) {
        if self.of.freedom.is_finite() {
            self.effective = self.effective.min((self.of.rows as f64 / effect).max(1.0));
        }
    }

    pub(super) fn margin(&self) -> Margin {
        Margin::Share { share: self.of.value, n: self.effective }
    }
}

/// Units whose rows stand together.
fn count(units: &[u32]) -> u64 {
    units.chunk_by(|one, other| one == other).count() as u64
}

pub(super) fn binary(values: &[f64]) -> Result<(), ContrastError> {
    match values.iter().position(|value| *value != 0.0 && *value != 1.0) {
        Some(row) => Err(ContrastError::NotBinary { row, value: values[row] }),
        None => Ok(()),
    }
}

/// Independent rows that would tell as much: never more than there are. Where units say nothing of how far they differ (all rows yes, or all no) each
/// counts as one row.
pub(super) fn effective(of: &Quotient) -> f64 {
    let alone = of.value * (1.0 - of.value);
    if of.variance > 0.0 && alone > 0.0 { (alone / of.variance).clamp(1.0, of.rows as f64) } else { of.units as f64 }
}

/// The share of an arm with Wilson's interval; of rows in units at their effective number. Err with no rows, fewer than [`MIN_UNITS`] units, and for values
/// other than 0 and 1.
pub fn share(arm: &Arm<'_>, level: Confidence) -> Result<Estimate, ContrastError> {
    let share = Share::of(arm)?;
    let (low, high) = wilson(share.of.value, share.effective, critical(level, share.of.freedom));
    Ok(Estimate { value: share.of.value, low, high, n: share.of.rows })
}

/// Share of the first less share of the second, -1 to 1.
///
/// Newcombe's interval of the two Wilson intervals (Statistics in Medicine 17 (1998), 873-890, method 10). Of rows in units Wilson's is taken at the
/// effective number of rows, the rows over the design effect: the variance over that of independent rows, an arm's own or that of both arms together,
/// whichever is larger, as an arm in which by chance few units failed takes its scatter for small too; never below 1. Where all rows of an arm are alike
/// each unit counts as one, so that none of all and all of all have intervals. Student's t over units stands in place of the normal quantile (Korn and
/// Graubard, Survey Methodology 24 (1998), 193-201). Err with no rows, fewer than [`MIN_UNITS`] units, and for values other than 0 and 1.
pub fn share_difference(a: &Arm<'_>, b: &Arm<'_>) -> Result<Contrast, ContrastError> {
    check(a)?;
    check(b)?;
    if let (Some(first), Some(second)) = (a.units, b.units) {
        // Both together, so that it is said how many each has.
        enough([count(first), count(second)], MIN_UNITS)?;
    }
    let (mut first, mut second) = (Share::of(a)?, Share::of(b)?);
    let variance = first.of.variance + second.of.variance;
    let alone = first.alone() + second.alone();
    if alone > 0.0 {
        first.hold(variance / alone);
        second.hold(variance / alone);
    }
    let fewest = first.of.freedom.min(second.of.freedom);
    let freedom = if fewest.is_infinite() { fewest } else { freedom(&first.of, &second.of).unwrap_or(fewest) };
    Ok(Contrast {
        value: first.of.value - second.of.value,
        scale: Scale::Difference,
        law: Law::mover(first.margin(), second.margin(), freedom),
        method: Method::Newcombe,
        error: (variance > 0.0).then(|| variance.sqrt()),
        units: [first.of.units, second.of.units],
        rows: [first.of.rows, second.of.rows],
    })
}
