//! Shares of yes among yes and no compared.

use super::answer::{Contrast, Method, Scale};
use super::error::ContrastError;
use super::joint::{Joint, Summed};
use super::law::{Law, Margin};
use super::units::{Quotient, check, enough};
use super::{Arm, MIN_UNITS};

/// A share with what it is worth.
struct Share {
    of: Summed<'static>,
    /// Independent rows that would tell as much.
    effective: f64,
}

impl Share {
    fn of(arm: &Arm<'_>) -> Result<Share, ContrastError> {
        check(arm)?;
        binary(arm.values)?;
        let mut of = Summed::mean(arm).ok_or(ContrastError::TooFew { first: 0, second: 0, least: 1 })?;
        if arm.units.is_none() {
            of.of.freedom = f64::INFINITY;
            return Ok(Share { effective: of.of.rows as f64, of });
        }
        enough([of.of.units; 2], MIN_UNITS)?;
        Ok(Share { effective: effective(&of.of), of })
    }

    /// What the variance would be of rows that stand for themselves.
    fn alone(&self) -> f64 {
        let of = self.of.of;
        of.value * (1.0 - of.value) / of.rows as f64
    }

    /// Leaves rows in units at most as many effective rows as this design effect does.
    fn hold(&mut self, effect: f64) {
        if self.of.of.freedom.is_finite() {
            self.effective = self.effective.min((self.of.of.rows as f64 / effect).max(1.0));
        }
    }

    fn margin(&self) -> Margin {
        Margin::Share { share: self.of.of.value, n: self.effective }
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

/// Share of the first less share of the second, -1 to 1.
///
/// Newcombe's interval of the two Wilson intervals (Statistics in Medicine 17 (1998), 873-890, method 10). Of rows in units Wilson's is taken at the
/// effective number of rows, the rows over the design effect: the variance over that of independent rows, an arm's own or that of both arms together,
/// whichever is larger, as an arm in which by chance few units failed takes its scatter for small too; never below 1. Where all rows of an arm are alike
/// each unit counts as one, so that none of all and all of all have intervals. Student's t over units stands in place of the normal quantile (Korn and
/// Graubard, Survey Methodology 24 (1998), 193-201), and over rows where an arm has fewer than 30 of them. Where units are in both arms the two intervals are
/// combined with the correlation that they give the shares, as his for pairs is (ibid., 2635-2650, method 10). Err with fewer than [`MIN_UNITS`] rows or units,
/// and for values other than 0 and 1.
pub fn share_difference(a: &Arm<'_>, b: &Arm<'_>) -> Result<Contrast, ContrastError> {
    check(a)?;
    check(b)?;
    if let (Some(first), Some(second)) = (a.units, b.units) {
        // Both together, so that it is said how many each has.
        enough([count(first), count(second)], MIN_UNITS)?;
    }
    let (mut first, mut second) = (Share::of(a)?, Share::of(b)?);
    let (one, other) = (first.of.of, second.of.of);
    enough([one.rows, other.rows], MIN_UNITS)?;
    let joint = Joint::of(&first.of, &second.of)?;
    let variance = one.variance + other.variance;
    let alone = first.alone() + second.alone();
    if alone > 0.0 {
        first.hold(variance / alone);
        second.hold(variance / alone);
    }
    let fewest = one.freedom.min(other.freedom);
    let freedom = if fewest.is_infinite() { small([one.rows, other.rows]) } else { joint.freedom.unwrap_or(fewest) };
    Ok(Contrast {
        value: one.value - other.value,
        scale: Scale::Difference,
        law: Law::Mover { first: first.margin(), second: second.margin(), correlation: joint.correlation, freedom },
        method: Method::Newcombe,
        error: (joint.variance > 0.0).then(|| joint.variance.sqrt()),
        units: [one.units, other.units],
        rows: [one.rows, other.rows],
        moves: joint.moves,
    })
}

/// Degrees of freedom of rows that stand for themselves: those of two means while an arm has fewer than [`FEW_ROWS`], infinite from there on.
///
/// Newcombe's interval with normal quantiles finds a difference between equal shares up to 9.2 % of the time where arms have 5 to 20 rows (6 and 7 rows, at
/// 95 %); with these at most 6.4 % (12 rows each), for all shares of 0.05 to 0.95.
fn small(rows: [u64; 2]) -> f64 {
    if rows.iter().any(|rows| *rows < FEW_ROWS) { (rows[0] + rows[1]) as f64 - 2.0 } else { f64::INFINITY }
}

/// Rows from which on the normal quantile serves: our choice, from that enumeration.
const FEW_ROWS: u64 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Confidence;

    /// Whether so many yes of so many rows are told apart at 95 %.
    fn told(yes: [usize; 2], rows: [usize; 2]) -> bool {
        let arm = |at: usize| (0..rows[at]).map(|row| f64::from(u8::from(row < yes[at]))).collect::<Vec<_>>();
        share_difference(&Arm::new(&arm(0)), &Arm::new(&arm(1))).is_ok_and(|found| found.interval(Confidence::P95).excludes(0.0))
    }

    /// How often each number of yes comes of so many rows.
    fn binomial(rows: usize, share: f64) -> Vec<f64> {
        let mut of = vec![1.0];
        for _ in 0..rows {
            let mut next = vec![0.0; of.len() + 1];
            of.iter().enumerate().for_each(|(yes, p)| {
                next[yes] += p * (1.0 - share);
                next[yes + 1] += p * share;
            });
            of = next;
        }
        of
    }

    #[test]
    fn two_and_three_rows_a_side_are_told_apart_by_nothing() {
        assert!(!told([2, 0], [2, 2]) && !told([3, 0], [3, 3]) && !told([4, 0], [4, 40]));
        assert!(told([5, 0], [5, 5]), "Fisher's exact p is 0.008");
    }

    #[test]
    fn equal_shares_of_few_rows_are_told_apart_no_more_often_than_stated() {
        for first in 5..=20 {
            for second in first..=20 {
                let apart: Vec<(usize, usize)> =
                    (0..=first).flat_map(|a| (0..=second).map(move |b| (a, b))).filter(|(a, b)| told([*a, *b], [first, second])).collect();
                for share in (1..20).map(|at| f64::from(at) * 0.05) {
                    let (a, b) = (binomial(first, share), binomial(second, share));
                    let error: f64 = apart.iter().map(|(x, y)| a[*x] * b[*y]).sum();
                    assert!(error <= 0.065, "{first} and {second} rows, share {share}: {error}");
                }
            }
        }
    }
}
