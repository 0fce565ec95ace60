//! How clear a bend is seen where there is none.
//!
//! At each candidate place the bend's score (the products of the straight line's residuals with the bend) over its robust standard error is about
//! standard normal where there is no bend, and the scores of different places go together. The largest of them is compared with the largest of
//! correlated normals drawn with the scores' own estimated correlation. Hansen, Econometrica 64 (1996), 413-430.

use nalgebra::{DMatrix, SymmetricEigen};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::profile::{Bent, Profile};
use crate::normal::normal_quantile;
use crate::pairs::{Row, Sorted};

/// Places at which the bend is scored: our choice; neighbours' scores are nearly the same.
const PLACES: usize = 32;
/// Draws from the null distribution: its p value of 0.05 has a standard error of 0.007.
const DRAWS: usize = 999;

/// The p value of the straight line; `None` when no place has a scatter to judge by.
pub(super) fn p_value(sorted: &Sorted, profile: &Profile, seed: u64) -> Option<f64> {
    let all = profile.candidates();
    let m = all.len().min(PLACES);
    let places: Vec<f64> = (0..m).map(|at| all[at * (all.len() - 1) / (m - 1)]).collect();
    let bents: Vec<Bent> = places.iter().map(|place| profile.bent(*place)).collect();
    let (covariance, users) = scatter(sorted, profile, &places, &bents);
    let correction = users / (users - 1.0) * sorted.rows.len() as f64 / (sorted.rows.len() as f64 - 2.0);
    let deviation: Vec<f64> = (0..m).map(|k| (covariance[(k, k)] * correction).sqrt()).collect();
    let judged: Vec<usize> = (0..m).filter(|k| deviation[*k] > 0.0 && bents[*k].squares > 0.0).collect();
    let largest = judged.iter().map(|k| (bents[*k].products / deviation[*k]).abs()).reduce(f64::max)?;
    let correlation = DMatrix::from_fn(judged.len(), judged.len(), |a, b| {
        let (a, b) = (judged[a], judged[b]);
        covariance[(a, b)] * correction / (deviation[a] * deviation[b])
    });
    let beyond = draws(correlation, seed).filter(|drawn| *drawn >= largest).count();
    Some((1 + beyond) as f64 / (1 + DRAWS) as f64)
}

/// Sums over users of the products of their scores at every two places, and the number of users.
fn scatter(sorted: &Sorted, profile: &Profile, places: &[f64], bents: &[Bent]) -> (DMatrix<f64>, f64) {
    let m = places.len();
    let (slope, mean) = (profile.straight_slope(), profile.mean());
    let error = |row: &Row, u: f64| row.weight * (row.y - mean - slope * u);
    if !sorted.clustered {
        return (by_row(sorted, profile, places, bents, error), sorted.rows.len() as f64);
    }
    let (mut products, mut users) = (vec![0.0; m * m], 0.0);
    let score = |row: &Row| {
        let u = profile.units.place(row.x);
        let error = error(row, u);
        let mut score = [0.0; PLACES];
        for (score, (place, bent)) in score.iter_mut().zip(places.iter().zip(bents)) {
            *score = error * ((u - place).max(0.0) - bent.level - bent.slope * u);
        }
        score
    };
    sorted.by_user(0..sorted.rows.len(), score, |sum| {
        users += 1.0;
        for (a, row) in products.chunks_mut(m).enumerate() {
            row[..=a].iter_mut().zip(&sum).for_each(|(product, other)| *product += sum[a] * other);
        }
    });
    (DMatrix::from_fn(m, m, |a, b| products[a.max(b) * m + a.min(b)]), users)
}

/// The same where each row is by itself: products of bends are squares of u above the higher place, so sums from each place on are enough.
fn by_row(sorted: &Sorted, profile: &Profile, places: &[f64], bents: &[Bent], error: impl Fn(&Row, f64) -> f64) -> DMatrix<f64> {
    let m = places.len();
    // Sums of e^2, e^2 u and e^2 u^2 over the rows above each place; first, over all rows.
    let mut above = vec![[0.0; 3]; m + 1];
    let mut place = 0;
    for row in &sorted.rows {
        let u = profile.units.place(row.x);
        while place < m && u > places[place] {
            place += 1;
        }
        let square = error(row, u).powi(2);
        [1.0, u, u * u].iter().zip(&mut above[place]).for_each(|(power, sum)| *sum += square * power);
    }
    for at in (0..m).rev() {
        above[at] = std::array::from_fn(|i| above[at][i] + above[at + 1][i]);
    }
    let all = above[0];
    // Sums of e^2 times a bend, and times u and a bend.
    let bend = |k: usize| {
        let [s0, s1, s2] = above[k + 1];
        (s1 - places[k] * s0, s2 - places[k] * s1)
    };
    DMatrix::from_fn(m, m, |a, b| {
        let (a, b) = (a.min(b), a.max(b));
        let [s0, s1, s2] = above[b + 1];
        let both = s2 - (places[a] + places[b]) * s1 + places[a] * places[b] * s0;
        let ((a0, a1), (b0, b1)) = (bend(a), bend(b));
        let (x, y) = (&bents[a], &bents[b]);
        both - (y.level * a0 + y.slope * a1) - (x.level * b0 + x.slope * b1)
            + x.level * y.level * all[0]
            + (x.level * y.slope + x.slope * y.level) * all[1]
            + x.slope * y.slope * all[2]
    })
}

/// The largest of correlated standard normals, drawn many times.
fn draws(correlation: DMatrix<f64>, seed: u64) -> impl Iterator<Item = f64> {
    let m = correlation.nrows();
    let eigen = SymmetricEigen::new(correlation);
    // Directions of hardly any variance are left out.
    let kept: Vec<usize> = (0..m).filter(|k| eigen.eigenvalues[*k] > 1e-9).collect();
    let root = DMatrix::from_fn(m, kept.len(), |row, k| eigen.eigenvectors[(row, kept[k])] * eigen.eigenvalues[kept[k]].sqrt());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut normals = vec![0.0; kept.len()];
    (0..DRAWS).map(move |_| {
        normals.fill_with(|| normal_quantile(random.random::<f64>() + f64::EPSILON / 4.0).unwrap_or(0.0));
        (0..m).map(|row| (0..normals.len()).map(|k| root[(row, k)] * normals[k]).sum::<f64>().abs()).fold(0.0, f64::max)
    })
}
