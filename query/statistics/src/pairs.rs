//! One quality measure and one outcome of every row, as the curves between them are fitted to.
//!
//! A row without its measure or without its outcome says nothing about the curve: it is left out and counted. The rest are sorted by the measure once,
//! after which bins, steps and knees are runs of rows.

use std::ops::Range;
use std::sync::OnceLock;

use crate::parallel::over_blocks;

/// A measure and an outcome, one of each a row.
#[derive(Debug, Clone, Copy)]
pub struct Pairs<'a> {
    /// The quality measure in its own unit; NaN: not measured.
    pub measure: &'a [f64],
    /// The outcome: a score, or 0 and 1 for no and yes; NaN: not known.
    pub outcome: &'a [f64],
    /// What each row weighs, 0 or more; all alike without. A row of weight 0 is left out.
    pub weights: Option<&'a [f64]>,
    /// Whose row it is. Rows of one user go together, and count as one observation towards the uncertainty; each row by itself without.
    pub users: Option<&'a [u32]>,
}

impl<'a> Pairs<'a> {
    /// Rows that weigh alike, each by itself.
    pub fn new(measure: &'a [f64], outcome: &'a [f64]) -> Self {
        Pairs { measure, outcome, weights: None, users: None }
    }
}

/// Why rows cannot be paired.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PairsError {
    /// Lengths differ.
    #[error("pair {got} {what} with {rows} measured values: one of each is needed a row")]
    Length {
        /// Of what there are more or fewer.
        what: &'static str,
        /// How many.
        got: usize,
        /// How many there should be.
        rows: usize,
    },
    /// A measure or an outcome is infinite.
    #[error("pair row {row}: {what} is infinite")]
    Infinite {
        /// Which.
        what: &'static str,
        /// Where, from 0.
        row: usize,
    },
    /// A weight is negative or not finite.
    #[error("pair row {row}: {weight} is no weight")]
    Weight {
        /// Where, from 0.
        row: usize,
        /// The weight.
        weight: f64,
    },
    /// Nothing is left.
    #[error("none of {rows} rows has both the measure and the outcome: no curve can be told")]
    Nothing {
        /// Rows there were.
        rows: usize,
    },
    /// The outcome is to be 0 or 1, and is not.
    #[error("take the outcome as yes or no: {value} is neither 0 nor 1")]
    NotBinary {
        /// The value.
        value: f64,
    },
}

/// A row that has both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub x: f64,
    pub y: f64,
    pub weight: f64,
    pub user: u32,
}

/// Rows that have both, sorted by the measure.
#[derive(Debug)]
pub(crate) struct Sorted {
    pub rows: Vec<Row>,
    /// Rows left out.
    pub missing: u64,
    /// Whether rows of one user go together.
    pub clustered: bool,
    /// Whether rows weigh differently.
    pub weighted: bool,
    users: OnceLock<Users>,
}

/// Rows in the order of their users, and where each user's start in it, with the end.
#[derive(Debug)]
struct Users {
    order: Vec<u32>,
    starts: Vec<u32>,
}

impl Sorted {
    pub fn of(pairs: &Pairs<'_>) -> Result<Sorted, PairsError> {
        let n = pairs.measure.len();
        let lengths = [
            ("outcomes", Some(pairs.outcome.len())),
            ("weights", pairs.weights.map(<[f64]>::len)),
            ("users", pairs.users.map(<[u32]>::len)),
        ];
        for (what, got) in lengths {
            if let Some(got) = got.filter(|got| *got != n) {
                return Err(PairsError::Length { what, got, rows: n });
            }
        }
        let mut rows = Vec::with_capacity(n);
        for row in 0..n {
            let (x, y) = (pairs.measure[row], pairs.outcome[row]);
            if x.is_infinite() || y.is_infinite() {
                return Err(PairsError::Infinite { what: if x.is_infinite() { "the measure" } else { "the outcome" }, row });
            }
            let weight = pairs.weights.map_or(1.0, |weights| weights[row]);
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(PairsError::Weight { row, weight });
            }
            if !x.is_nan() && !y.is_nan() && weight > 0.0 {
                // Adding 0 makes 0 of -0, so that the two are one value.
                rows.push(Row { x: x + 0.0, y, weight, user: pairs.users.map_or(0, |users| users[row]) });
            }
        }
        if rows.is_empty() {
            return Err(PairsError::Nothing { rows: n });
        }
        rows.sort_unstable_by(|a, b| a.x.total_cmp(&b.x));
        let missing = (n - rows.len()) as u64;
        Ok(Sorted { rows, missing, clustered: pairs.users.is_some(), weighted: pairs.weights.is_some(), users: OnceLock::new() })
    }

    /// Errs unless every outcome is 0 or 1.
    pub fn binary(&self) -> Result<(), PairsError> {
        match self.rows.iter().find(|row| row.y != 0.0 && row.y != 1.0) {
            Some(row) => Err(PairsError::NotBinary { value: row.y }),
            None => Ok(()),
        }
    }

    /// At most `count` runs of rows of about equal numbers; rows of one measured value stay together.
    pub fn runs(&self, count: usize) -> Vec<Range<usize>> {
        let (n, rows) = (self.rows.len(), &self.rows);
        let mut starts = vec![0];
        for part in 1..count.max(1) {
            let target = (n as u128 * part as u128 / count as u128) as usize;
            let x = rows[target].x;
            let (before, after) = (rows.partition_point(|row| row.x < x), rows.partition_point(|row| row.x <= x));
            let cut = if target - before <= after - target { before } else { after };
            if cut > *starts.last().unwrap_or(&0) && cut < n {
                starts.push(cut);
            }
        }
        (0..starts.len()).map(|at| starts[at]..starts.get(at + 1).copied().unwrap_or(n)).collect()
    }

    /// Observations towards the uncertainty: users, or rows where each is by itself.
    pub fn independent(&self) -> usize {
        if self.clustered { self.users().starts.len() - 1 } else { self.rows.len() }
    }

    fn users(&self) -> &Users {
        self.users.get_or_init(|| {
            let mut order: Vec<(u32, u32)> = self.rows.iter().enumerate().map(|(at, row)| (row.user, at as u32)).collect();
            order.sort_unstable();
            let changes = (1..order.len()).filter(|at| order[*at].0 != order[at - 1].0).map(|at| at as u32);
            let starts = std::iter::once(0).chain(changes).chain([order.len() as u32]).collect();
            Users { order: order.into_iter().map(|(_, at)| at).collect(), starts }
        })
    }

    /// Sums what `each` gives of every row over the rows of one user, and has `take` add every user's sum to a total, on all processors.
    pub fn over_users<const K: usize, T: Send>(
        &self,
        each: impl Fn(&Row) -> [f64; K] + Sync,
        none: impl Fn() -> T + Sync,
        take: impl Fn(&mut T, [f64; K]) + Sync,
        merge: impl FnMut(T, T) -> T,
    ) -> T {
        let block = |range: Range<usize>| {
            let mut total = none();
            if !self.clustered {
                self.rows[range].iter().for_each(|row| take(&mut total, each(row)));
                return total;
            }
            let users = self.users();
            for user in range {
                let mut sum = [0.0; K];
                for at in &users.order[users.starts[user] as usize..users.starts[user + 1] as usize] {
                    sum.iter_mut().zip(each(&self.rows[*at as usize])).for_each(|(sum, value)| *sum += value);
                }
                take(&mut total, sum);
            }
            total
        };
        over_blocks(self.independent(), block, merge).unwrap_or_else(&none)
    }

    /// The same over a run of rows, one after another: hands every user's sum to `take`, and every row's own where each is by itself.
    pub fn by_user<const K: usize>(&self, rows: Range<usize>, each: impl Fn(&Row) -> [f64; K], mut take: impl FnMut([f64; K])) {
        let rows = &self.rows[rows];
        if !self.clustered {
            return rows.iter().for_each(|row| take(each(row)));
        }
        let mut order: Vec<(u32, u32)> = rows.iter().enumerate().map(|(at, row)| (row.user, at as u32)).collect();
        order.sort_unstable();
        for user in order.chunk_by(|a, b| a.0 == b.0) {
            let mut sum = [0.0; K];
            for (_, at) in user {
                sum.iter_mut().zip(each(&rows[*at as usize])).for_each(|(sum, value)| *sum += value);
            }
            take(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_without_a_measure_or_an_outcome_are_counted_out() {
        let pairs = Pairs {
            weights: Some(&[1.0, 1.0, 1.0, 0.0, 2.0]),
            ..Pairs::new(&[3.0, f64::NAN, 1.0, 2.0, -0.0], &[1.0, 1.0, f64::NAN, 1.0, 0.0])
        };
        let sorted = Sorted::of(&pairs).unwrap();
        assert_eq!(sorted.rows.iter().map(|row| row.x).collect::<Vec<_>>(), [0.0, 3.0]);
        assert_eq!(sorted.missing, 3);
    }

    #[test]
    fn what_cannot_be_paired_is_refused() {
        let error = |pairs: Pairs<'_>| Sorted::of(&pairs).unwrap_err().to_string();
        assert_eq!(error(Pairs::new(&[1.0], &[])), "pair 0 outcomes with 1 measured values: one of each is needed a row");
        assert_eq!(error(Pairs::new(&[f64::INFINITY], &[1.0])), "pair row 0: the measure is infinite");
        assert_eq!(error(Pairs { weights: Some(&[-1.0]), ..Pairs::new(&[1.0], &[1.0]) }), "pair row 0: -1 is no weight");
        assert_eq!(error(Pairs::new(&[], &[])), "none of 0 rows has both the measure and the outcome: no curve can be told");
        let scores = Sorted::of(&Pairs::new(&[1.0], &[4.0])).unwrap();
        assert_eq!(scores.binary().unwrap_err().to_string(), "take the outcome as yes or no: 4 is neither 0 nor 1");
    }

    #[test]
    fn sums_are_taken_by_user() {
        let pairs = Pairs { users: Some(&[7, 9, 7]), ..Pairs::new(&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]) };
        let sorted = Sorted::of(&pairs).unwrap();
        let mut sums = Vec::new();
        sorted.by_user(0..3, |row| [row.y], |[sum]| sums.push(sum));
        assert_eq!((sums, sorted.independent()), (vec![40.0, 20.0], 2));
        let squares = sorted.over_users(|row| [row.y], || 0.0, |total, [sum]| *total += sum * sum, |a, b| a + b);
        assert_eq!(squares, 2000.0);
    }

    proptest! {
        #[test]
        fn runs_cover_all_rows_and_part_no_ties(x in prop::collection::vec(0..12i32, 1..200), count in 1..12usize) {
            let x: Vec<f64> = x.into_iter().map(f64::from).collect();
            let sorted = Sorted::of(&Pairs::new(&x, &x)).unwrap();
            let runs = sorted.runs(count);
            prop_assert!(runs.len() <= count && runs[0].start == 0 && runs[runs.len() - 1].end == x.len());
            for pair in runs.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
                prop_assert!(sorted.rows[pair[0].end - 1].x < sorted.rows[pair[1].start].x);
            }
        }
    }
}
