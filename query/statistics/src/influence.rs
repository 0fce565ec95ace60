//! Standard errors by influence: how far each row moved an estimate. Their sum of squares is its variance, whatever was estimated on the way.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::estimate::{Confidence, Estimate};
use crate::parallel;
use crate::scale::Instrument;
use crate::share::wilson;
use crate::student::t_quantile;
use crate::weights::quantile;

/// The variance of an estimate, and what it was estimated from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    /// In squared units of the estimate.
    pub variance: f64,
    /// Degrees of freedom of the variance.
    pub freedom: f64,
}

impl Spread {
    /// The sum of squares of `totals`, enlarged for the `columns` parameters fitted to `units` answers (HC1 of MacKinnon and White 1985). `None` when
    /// no answers are left after that, and when nothing varies.
    pub fn of(totals: &[f64], units: usize, columns: usize) -> Option<Spread> {
        let freedom = units.checked_sub(columns).filter(|freedom| *freedom > 0)? as f64;
        let variance = totals.iter().map(|total| total * total).sum::<f64>() * units as f64 / freedom;
        (variance > 0.0 && variance.is_finite()).then_some(Spread { variance, freedom })
    }

    /// The interval around a score: Wilson's for a share, at the number of answers that would give this variance; of t for anything else; within what
    /// the score can be.
    pub fn interval(&self, instrument: &Instrument, value: f64, level: Confidence, n: u64) -> Option<Estimate> {
        let (least, greatest) = instrument.bounds();
        let value = value.clamp(least, greatest);
        let z = t_quantile(level, self.freedom)?;
        let alone = value * (1.0 - value) / self.variance;
        let (low, high) = if instrument.is_share() && alone > 0.0 {
            wilson(value, alone, z)
        } else {
            let half = z * self.variance.sqrt();
            ((value - half).max(least), (value + half).min(greatest))
        };
        Some(Estimate { value, low, high, n })
    }
}

/// Influences summed by cluster: rows of one person are one observation. Without clusters every row is one.
pub(crate) fn totals(influence: Vec<f64>, clusters: Option<&Clusters>) -> Vec<f64> {
    let Some(clusters) = clusters else { return influence };
    let mut totals = vec![0.0; clusters.count];
    for (of, value) in clusters.of.iter().zip(influence) {
        totals[*of as usize] += value;
    }
    totals
}

/// Which rows belong together, numbered from 0 without gaps.
#[derive(Debug, Clone)]
pub(crate) struct Clusters {
    /// The cluster of each row.
    pub of: Vec<u32>,
    /// How many there are.
    pub count: usize,
}

impl Clusters {
    /// Numbers clusters in the order of their names.
    pub fn new(names: &[u32]) -> Clusters {
        let mut known = names.to_vec();
        known.sort_unstable();
        known.dedup();
        let of = parallel_rows(names.len(), |row| known.partition_point(|name| *name < names[row]) as u32);
        Clusters { of, count: known.len() }
    }

    /// How many clusters have one of these rows.
    pub fn touched(&self, rows: impl Iterator<Item = usize>) -> usize {
        let mut seen = vec![false; self.count];
        rows.for_each(|row| seen[self.of[row] as usize] = true);
        seen.into_iter().filter(|seen| *seen).count()
    }
}

/// One value a row, computed on all processors.
pub(crate) fn parallel_rows<T: Send>(rows: usize, each: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let append = |mut all: Vec<T>, block: Vec<T>| {
        all.extend(block);
        all
    };
    parallel::over_blocks(rows, |block| block.map(&each).collect::<Vec<T>>(), append).unwrap_or_default()
}

/// How many groups of observations a bootstrap draws from: their totals have the variance of single observations, to about 1 / sqrt(2 x 400) = 3.5 %
/// of the standard error, at a fixed cost.
const GROUPS: usize = 400;
/// How many bootstrap samples: their 2.5 % quantile lies on the 25th of them.
const SAMPLES: usize = 1000;

/// A percentile interval around `value` by the bootstrap of influences: groups of observations are drawn with replacement, and the estimate moves by
/// what they moved it (the linear bootstrap of Shao and Tu 1995, section 2.1), without a refit. `enlarge` multiplies the standard error. `None` for fewer
/// than two observations.
pub(crate) fn bootstrap(value: f64, totals: &[f64], enlarge: f64, level: Confidence, seed: u64) -> Option<(f64, f64)> {
    let groups = totals.len().min(GROUPS);
    if groups < 2 {
        return None;
    }
    let mut sums = vec![0.0; groups];
    totals.iter().enumerate().for_each(|(at, total)| sums[at % groups] += total);
    let mean = sums.iter().sum::<f64>() / groups as f64;
    sums.iter_mut().for_each(|sum| *sum = (*sum - mean) * enlarge);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let moved: Vec<f64> = (0..SAMPLES).map(|_| (0..groups).map(|_| sums[random.random_range(0..groups)]).sum()).collect();
    let tail = (1.0 - level.level()) / 2.0;
    Some((value + quantile(&moved, tail)?, value + quantile(&moved, 1.0 - tail)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_cluster_are_one_observation() {
        let clusters = Clusters::new(&[9, 4, 9, 7]);
        assert_eq!((clusters.of.clone(), clusters.count), (vec![2, 0, 2, 1], 3));
        assert_eq!(totals(vec![1.0, 2.0, 3.0, 4.0], Some(&clusters)), [2.0, 4.0, 4.0]);
        assert_eq!(clusters.touched([0, 2].into_iter()), 1);
        assert_eq!(totals(vec![1.0, 2.0], None), [1.0, 2.0]);
    }

    #[test]
    fn what_does_not_vary_has_no_spread() {
        assert!(Spread::of(&[0.0; 9], 9, 1).is_none());
        assert!(Spread::of(&[1.0, -1.0], 2, 2).is_none());
        assert!(Spread::of(&[1.0, f64::NAN], 2, 1).is_none());
    }

    #[test]
    fn the_bootstrap_is_as_wide_as_the_normal_interval() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let totals: Vec<f64> = (0..5000).map(|_| random.random_range(-0.01..0.01)).collect();
        let error = totals.iter().map(|total| total * total).sum::<f64>().sqrt();
        let (low, high) = bootstrap(3.0, &totals, 1.0, Confidence::P95, 5).unwrap();
        assert!(((high - low) / (2.0 * 1.96 * error) - 1.0).abs() < 0.12, "{low} to {high} for {error}");
        assert_eq!(bootstrap(3.0, &totals, 1.0, Confidence::P95, 5), Some((low, high)));
        assert_eq!(bootstrap(3.0, &[], 1.0, Confidence::P95, 5), None);
    }
}
