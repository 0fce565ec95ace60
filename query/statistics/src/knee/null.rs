//! How clear a bend is seen where there is none, and how far the best place lies from the true one where there is one.
//!
//! At each candidate place the bend's score (the products of the straight line's residuals with the bend) over its robust standard error is about
//! standard normal where there is no bend, and the scores of different places go together. The largest of them is compared with the largest of
//! correlated normals drawn with the scores' own estimated correlation. Hansen, Econometrica 64 (1996), 413-430.

use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::profile::{Bent, Profile};
use crate::estimate::Confidence;
use crate::normal::normal_quantile;
use crate::pairs::{Row, Sorted};

/// Places at which the bend is scored: our choice; neighbours' scores are nearly the same.
const PLACES: usize = 32;
/// Draws from the null distribution: its p value of 0.05 has a standard error of 0.007.
const DRAWS: usize = 999;
/// Draws that the size of the likelihood ratio is taken from: its 95th percentile is within a few percent.
const RATIOS: usize = 799;

/// The p value of the straight line; `None` when no place has a scatter to judge by.
pub(super) fn p_value(sorted: &Sorted, profile: &Profile, seed: u64) -> Option<f64> {
    let all = profile.candidates();
    let m = all.len().min(PLACES);
    let places: Vec<f64> = (0..m).map(|at| all[at * (all.len() - 1) / (m - 1)]).collect();
    let bents: Vec<Bent> = places.iter().map(|place| profile.bent(*place)).collect();
    let (slope, mean) = (profile.straight_slope(), profile.mean());
    let (covariance, users) = scatter(sorted, profile, &places, &bents, |row, u| row.weight * (row.y - mean - slope * u));
    let correction = users / (users - 1.0) * sorted.rows.len() as f64 / (sorted.rows.len() as f64 - 2.0);
    let deviation: Vec<f64> = (0..m).map(|k| (covariance[(k, k)] * correction).sqrt()).collect();
    let judged: Vec<usize> = (0..m).filter(|k| deviation[*k] > 0.0 && bents[*k].squares > 0.0).collect();
    let largest = judged.iter().map(|k| (bents[*k].products / deviation[*k]).abs()).reduce(f64::max)?;
    let correlation = DMatrix::from_fn(judged.len(), judged.len(), |a, b| {
        let (a, b) = (judged[a], judged[b]);
        covariance[(a, b)] * correction / (deviation[a] * deviation[b])
    });
    let beyond = normals(&correlation, DRAWS, seed).filter(|drawn| drawn.iter().any(|normal| normal.abs() >= largest)).count();
    Some((1 + beyond) as f64 / (1 + DRAWS) as f64)
}

/// Sums over users of the products of their scores at every two places, and the number of users.
fn scatter(
    sorted: &Sorted,
    profile: &Profile,
    places: &[f64],
    bents: &[Bent],
    error: impl Fn(&Row, f64) -> f64 + Sync,
) -> (DMatrix<f64>, f64) {
    let m = places.len();
    if !sorted.clustered {
        return (by_row(sorted, profile, places, bents, error), sorted.rows.len() as f64);
    }
    // Side by side, so that all places of a row are computed together.
    let (mut place, mut level, mut slope) = ([f64::INFINITY; PLACES], [0.0; PLACES], [0.0; PLACES]);
    for (k, bent) in bents.iter().enumerate() {
        (place[k], level[k], slope[k]) = (places[k], bent.level, bent.slope);
    }
    let score = |row: &Row| -> [f64; PLACES] {
        let u = profile.units.place(row.x);
        let error = error(row, u);
        std::array::from_fn(|k| error * ((u - place[k]).max(0.0) - level[k] - slope[k] * u))
    };
    let take = |products: &mut Vec<f64>, sum: [f64; PLACES]| {
        for (a, row) in products.chunks_mut(m).enumerate() {
            row[..=a].iter_mut().zip(&sum).for_each(|(product, other)| *product += sum[a] * other);
        }
    };
    let add = |mut a: Vec<f64>, b: Vec<f64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    let products = sorted.over_users(score, || vec![0.0; m * m], take, add);
    (DMatrix::from_fn(m, m, |a, b| products[a.max(b) * m + a.min(b)]), sorted.independent() as f64)
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

/// Vectors of correlated standard normals.
fn normals(correlation: &DMatrix<f64>, draws: usize, seed: u64) -> impl Iterator<Item = Vec<f64>> {
    let m = correlation.nrows();
    // Cholesky's factor; what hardly differs from the places before follows them.
    let mut root = DMatrix::<f64>::zeros(m, m);
    for column in 0..m {
        let known = |row: usize| (0..column).map(|k| root[(row, k)] * root[(column, k)]).sum::<f64>();
        let pivot = correlation[(column, column)] - known(column);
        if pivot > 1e-9 {
            let left: Vec<f64> = (column..m).map(|row| (correlation[(row, column)] - known(row)) / pivot.sqrt()).collect();
            left.into_iter().zip(column..m).for_each(|(value, row)| root[(row, column)] = value);
        }
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut own = vec![0.0; m];
    (0..draws).map(move |_| {
        own.fill_with(|| normal_quantile(random.random::<f64>() + f64::EPSILON / 4.0).unwrap_or(0.0));
        (0..m).map(|row| (0..=row).map(|k| root[(row, k)] * own[k]).sum()).collect()
    })
}

/// The size that the likelihood ratio of the knee's true place stays under as often as the level says, where the knee is about as found: relative to
/// the variance that the errors as they are give the place, so that its square root is about 1.96 for 95 %.
///
/// The squares are not smooth in the place: between the true place and the best one lies noise, which the best one was chosen by. So the ratio is
/// larger than chi-square has it (Hansen, J. Business and Economic Statistics 35 (2017), 228-240, simulates it likewise). `None` when places near the
/// knee cannot be told apart.
pub(super) fn largest_ratio(sorted: &Sorted, profile: &Profile, at: f64, error: f64, level: Confidence, seed: u64) -> Option<f64> {
    let lines = profile.lines(at)?;
    // Places to three and a half standard errors on either side, with the knee itself in the middle.
    let half = PLACES / 2 - 1;
    let offset = |k: usize| (k as f64 - half as f64) / half as f64 * 3.5 * error;
    let places: Vec<f64> =
        (0..=2 * half).map(|k| at + offset(k)).filter(|place| profile.first() <= *place && *place <= profile.last()).collect();
    let middle = places.iter().position(|place| *place >= at)?;
    let bents: Vec<Bent> = places.iter().map(|place| profile.bent(*place)).collect();
    let (covariance, _) = scatter(sorted, profile, &places, &bents, |row, u| row.weight * (row.y - lines.at(u, at)));
    let deviation: Vec<f64> = (0..places.len()).map(|k| covariance[(k, k)].sqrt()).collect();
    if !deviation.iter().all(|deviation| *deviation > 0.0) {
        return None;
    }
    let correlation = DMatrix::from_fn(places.len(), places.len(), |a, b| covariance[(a, b)] / (deviation[a] * deviation[b]));
    let expected: Vec<f64> = (0..places.len()).map(|k| lines.bend * profile.shared(places[k], places[middle])).collect();
    let mut ratios: Vec<f64> = normals(&correlation, RATIOS, seed)
        .map(|normals| {
            let gain = |k: usize| (expected[k] + deviation[k] * normals[k]).powi(2) / bents[k].squares;
            (0..places.len()).map(gain).fold(0.0, f64::max) - gain(middle)
        })
        .collect();
    ratios.sort_unstable_by(f64::total_cmp);
    Some(ratios[((RATIOS as f64 * level.level()).ceil() as usize).clamp(1, RATIOS) - 1])
}
