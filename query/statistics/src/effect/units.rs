//! Errors of means from what each row moves them by, summed over those who go together.

use super::answer::Contrast;
use super::study::ByArm;
use crate::estimate::{Confidence, Estimate};
use crate::parallel::over_blocks;
use crate::student::t_quantile;

/// Which rows go together.
pub(super) struct Units {
    /// The unit of each row, from 0 without gaps; `None`: each row its own.
    of: Option<Vec<u32>>,
    /// How many.
    pub(super) count: u64,
}

impl Units {
    pub(super) fn of(unit: Option<&[u32]>, rows: usize) -> Units {
        let Some(unit) = unit else { return Units { of: None, count: rows as u64 } };
        let mut known = unit.to_vec();
        known.sort_unstable();
        known.dedup();
        let highest = known.last().map_or(0, |last| *last as usize);
        // A table from number to place where numbers are not too sparse for one, as they usually are not.
        let of = if highest < 4 * rows + 1024 {
            let mut place = vec![0_u32; highest + 1];
            (0_u32..).zip(&known).for_each(|(at, id)| place[*id as usize] = at);
            unit.iter().map(|id| place[*id as usize]).collect()
        } else {
            unit.iter().map(|id| known.partition_point(|other| other < id) as u32).collect()
        };
        Units { of: Some(of), count: known.len() as u64 }
    }

    /// What is left of the units when so many coefficients are estimated from them: degrees of freedom.
    fn freedom(&self, columns: usize) -> u64 {
        self.count.saturating_sub(columns as u64)
    }

    /// The unit of a row, when rows go together.
    pub(super) fn at(&self, row: usize) -> Option<usize> {
        self.of.as_ref().map(|of| of[row] as usize)
    }

    /// Two means and their difference, where each row moves them by `moved`, and so many `columns` of covariates were estimated on the way.
    pub(super) fn contrast(&self, mean: ByArm<f64>, moved: &ByArm<Vec<f64>>, columns: usize, level: Confidence) -> Contrast {
        let (one, other, n) = (mean.treated, mean.control, moved.treated.len() as u64);
        let critical = critical(self.freedom(columns), level);
        let correction = self.count as f64 / self.freedom(columns) as f64;
        let [vv, vw, ww] = self.covariance(&moved.treated, &moved.control).map(|sum| sum * correction);
        let around = |value: f64, variance: f64| {
            let half = critical * variance.max(0.0).sqrt();
            Estimate { value, low: value - half, high: value + half, n }
        };
        let relative = (one > 0.0 && other > 0.0).then(|| {
            let logs = around((one / other).ln(), vv / (one * one) + ww / (other * other) - 2.0 * vw / (one * other));
            Estimate { value: one / other - 1.0, low: logs.low.exp() - 1.0, high: logs.high.exp() - 1.0, n }
        });
        Contrast { treated: around(one, vv), control: around(other, ww), difference: around(one - other, vv + ww - 2.0 * vw), relative }
    }

    /// Sums of squares and products over units.
    fn covariance(&self, v: &[f64], w: &[f64]) -> [f64; 3] {
        let add = |a: [f64; 3], b: [f64; 3]| [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
        let products = |v: &[f64], w: &[f64]| {
            let block = |rows: std::ops::Range<usize>| rows.fold([0.0; 3], |sum, i| add(sum, [v[i] * v[i], v[i] * w[i], w[i] * w[i]]));
            over_blocks(v.len(), block, add).unwrap_or([0.0; 3])
        };
        let Some(of) = &self.of else { return products(v, w) };
        let mut sums = (vec![0.0; self.count as usize], vec![0.0; self.count as usize]);
        for (row, unit) in of.iter().enumerate() {
            sums.0[*unit as usize] += v[row];
            sums.1[*unit as usize] += w[row];
        }
        products(&sums.0, &sums.1)
    }
}

/// How many standard errors an interval extends to either side: Student's t of these degrees of freedom; without any there is no end to it.
pub(super) fn critical(freedom: u64, level: Confidence) -> f64 {
    t_quantile(level, freedom as f64).unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_users_do_not_matter() {
        let (small, sparse) = ([5, 7, 5, 9], [5, 4_000_000_000, 5, 17]);
        let (a, b) = (Units::of(Some(&small), 4), Units::of(Some(&sparse), 4));
        assert_eq!((a.of.clone(), a.count), (Some(vec![0, 1, 0, 2]), 3));
        assert_eq!((b.of.clone(), b.count), (Some(vec![0, 2, 0, 1]), 3));
    }

    #[test]
    fn rows_of_a_user_that_move_alike_are_one_row() {
        let v = [0.3, 0.3, -0.6];
        let together = Units::of(Some(&[0, 0, 1]), 3).covariance(&v, &v)[0];
        assert!((together - (0.36 + 0.36)).abs() < 1e-12);
    }
}
