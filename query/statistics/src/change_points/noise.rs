//! How alike neighbouring periods are, and what noise of that kind alone would show.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::series::{Arc, Scaled};

/// The correlation of each residual with the one before; 0 when nothing varies.
fn lag_one(residual: &[f64]) -> f64 {
    let products: f64 = residual.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let squares: f64 = residual.iter().map(|r| r * r).sum();
    if squares > 0.0 { products / squares } else { 0.0 }
}

/// How many times the variance of a mean of correlated periods is that of independent ones: (1 + phi) / (1 - phi).
pub(super) fn inflation(phi: f64) -> f64 {
    (1.0 + phi) / (1.0 - phi)
}

/// Correlations above this are taken to be this: a series so sluggish has no levels to speak of.
const MOST: f64 = 0.95;
/// What neighbouring days are taken to have in common where a series is too short to show that it is less, and how sure that is (a standard
/// deviation): our choice, for a mild correlation that was not seen is what makes false alarms.
const MILD: (f64, f64) = (0.3, 0.2);

/// The correlation between neighbours, from what is seen once levels were taken out: the expected value of what is seen is
/// phi - (offset + slope phi) / n. A low one is drawn to [`MILD`], the more the shorter the series; never outside 0 to 0.95.
fn unbiased(seen: f64, offset: f64, slope: f64, n: f64) -> f64 {
    let left = (1.0 - slope / n).max(0.1);
    let phi = (seen + offset / n) / left;
    let (mild, sure) = (MILD.0, MILD.1 * MILD.1);
    let weight = sure / (sure + 1.0 / (n * left * left));
    if phi < mild { (mild + weight * (phi - mild)).clamp(0.0, MOST) } else { phi.min(MOST) }
}

/// The correlation between neighbours of residuals from so many levels, which draw it down by about (levels (1 + phi) + 2 phi) / n (Marriott and
/// Pope, Biometrika 41 (1954), 390-402, for one).
pub(super) fn correlation(residuals: &[f64], levels: usize) -> f64 {
    unbiased(lag_one(residuals), levels as f64, levels as f64 + 2.0, residuals.len() as f64)
}

/// The same of a series from which the stretch that stands out most was taken, though it may be chance: that draws it down further, by what was
/// found by simulation of 1,000 series each of 12 to 365 periods and phi of 0 to 0.8 (`a_correlation_is_found_though_a_stretch_was_taken_out`).
fn correlation_about(series: &Scaled, arc: &Arc) -> f64 {
    let n = series.len() as f64;
    unbiased(lag_one(&residuals(series, arc)), 2.06 * n.ln() - 1.95, 11.8 - 42.0 / n, n)
}

/// Residuals of unit weight once the stretch has a level of its own.
fn residuals(series: &Scaled, arc: &Arc) -> Vec<f64> {
    let (inside, mass) = series.level(arc.from, arc.to);
    let outside = -inside * mass / (series.mass[series.len()] - mass);
    let level = |at: usize| if (arc.from..arc.to).contains(&at) { inside } else { outside };
    series.value.iter().zip(&series.weight).enumerate().map(|(at, (y, w))| (y - level(at)) * w.sqrt()).collect()
}

/// How far a stretch stands out, and the correlation between neighbours about it: the gain over the squares that are left, in units of what noise so
/// correlated would leave to chance.
pub(super) fn prominence(series: &Scaled, arc: &Arc) -> (f64, f64) {
    let (left, phi) = (series.squares - arc.gain, correlation_about(series, arc));
    (if left > 1e-12 * series.squares { arc.gain / left / inflation(phi) } else { f64::INFINITY }, phi)
}

/// How often noise alone has a stretch that stands out as much as `observed`: the share of `REPLICATES` series whose innovations are this one's in
/// another order (a sieve bootstrap, Bühlmann, Bernoulli 3 (1997), 123-148; with `phi` 0, a permutation test).
pub(super) fn chance(series: &Scaled, phi: f64, observed: f64, statistic: impl Fn(&Scaled) -> f64, seed: u64) -> f64 {
    let residual: Vec<f64> = series.value.iter().zip(&series.weight).map(|(y, w)| y * w.sqrt()).collect();
    let first = (1.0 - phi * phi).sqrt();
    let mut innovation: Vec<f64> = residual.windows(2).map(|pair| pair[1] - phi * pair[0]).collect();
    innovation.insert(0, residual[0] * first);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut noise = vec![0.0; innovation.len()];
    let (mut reached, mut played) = (0, 0);
    while played < REPLICATES {
        innovation.shuffle(&mut rng);
        noise[0] = innovation[0] / first;
        for at in 1..noise.len() {
            noise[at] = phi * noise[at - 1] + innovation[at];
        }
        let values: Vec<f64> = noise.iter().zip(&series.weight).map(|(z, w)| z / w.sqrt()).collect();
        if statistic(&Scaled::of(&values, &series.weight)) >= observed * (1.0 - 1e-9) {
            reached += 1;
        }
        played += 1;
        if played == FIRST_LOOK && reached > FIRST_LOOK / 5 {
            break;
        }
    }
    f64::from(1 + reached) / f64::from(1 + played)
}

/// Series of noise that a stretch is compared with.
const REPLICATES: u32 = 499;
/// After so many, what more than a fifth of them reach is let go: it will not come out under 5 %.
const FIRST_LOOK: u32 = 99;
