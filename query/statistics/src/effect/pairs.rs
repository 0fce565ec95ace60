//! Matched pairs: each treated row with an untreated one like it, and the contest between them.

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::answer::{MIN_PAIRS, Pairs, SignTest};
use super::propensity::Propensity;
use super::study::{Options, Pairing, Study};
use super::units::{Units, critical};
use crate::beta::beta_probability;
use crate::design::Design;
use crate::estimate::{Confidence, Estimate};
use crate::linear::solve;
use crate::logistic::logit;
use crate::student::t_two_sided;

/// Farthest that partners may lie apart, in standard deviations of the propensity's log-odds: Austin (2011).
const CALIPER: f64 = 0.2;
/// Rows beyond which partners must lie closer, by the root of their number: our choice. What partners differ in does not shrink with more rows by itself,
/// while the error does, so that a caliper fit for a thousand rows would let a million call nothing something.
const CALIPER_ROWS: f64 = 1_000.0;
/// Parts that coarsened matching cuts numbers into: our choice; five take away nine tenths of a covariate's bias (Cochran, Biometrics 24 (1968), 295-313).
const PARTS: usize = 5;

/// Who was paired with whom.
pub(super) struct Matching {
    /// Treated and untreated row.
    pub(super) pairs: Vec<(u32, u32)>,
    treated: usize,
    caliper: Option<f64>,
}

/// A row that looks for a partner.
#[derive(Clone, Copy)]
struct Candidate {
    /// What partners must have in common.
    alike: u64,
    log_odds: f64,
    row: u32,
}

/// One to one without replacement: the treated, in an order by the seed, each take the nearest untreated row that is left.
pub(super) fn matched(study: &Study<'_>, propensity: &Propensity, options: &Options) -> Matching {
    let cuts = cuts(study.design, options.pairing);
    let candidate =
        |row: usize| Candidate { alike: alike(study.design.row(row), &cuts), log_odds: logit(propensity.score[row]), row: row as u32 };
    let of = |treated: bool| {
        let mut rows: Vec<Candidate> = (0..study.treated.len()).filter(|row| study.treated[*row] == treated).map(candidate).collect();
        rows.sort_unstable_by(|a, b| a.alike.cmp(&b.alike).then(a.log_odds.total_cmp(&b.log_odds)).then(a.row.cmp(&b.row)));
        rows
    };
    let (seekers, partners) = (of(true), of(false));
    let caliper = match options.pairing {
        Pairing::Propensity => {
            let narrower = (CALIPER_ROWS / study.treated.len() as f64).sqrt().min(1.0);
            Some(CALIPER * narrower * f64::midpoint(variance(&seekers), variance(&partners)).sqrt())
        }
        Pairing::Coarsened => None,
    };
    let mut places = Vec::with_capacity(seekers.len());
    let mut place = 0;
    for seeker in &seekers {
        let before = |other: &Candidate| (other.alike, other.log_odds) < (seeker.alike, seeker.log_odds);
        while partners.get(place).is_some_and(before) {
            place += 1;
        }
        places.push((*seeker, place));
    }
    places.shuffle(&mut ChaCha8Rng::seed_from_u64(options.seed));
    let mut left = Left::all(partners.len());
    let pairs = places.into_iter().filter_map(|(seeker, place)| {
        let near = |at: Option<usize>| {
            let other = partners[at?];
            let apart = (other.log_odds - seeker.log_odds).abs();
            (other.alike == seeker.alike && caliper.is_none_or(|caliper| apart <= caliper)).then_some((apart, at?))
        };
        let (above, below) = (near(left.above(place)), near(left.below(place)));
        let (_, taken) = [above, below].into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0))?;
        left.take(taken);
        Some((seeker.row, partners[taken].row))
    });
    let mut pairs: Vec<(u32, u32)> = pairs.collect();
    pairs.sort_unstable();
    Matching { pairs, treated: seekers.len(), caliper }
}

fn variance(of: &[Candidate]) -> f64 {
    let n = of.len() as f64;
    let mean = of.iter().map(|row| row.log_odds).sum::<f64>() / n;
    of.iter().map(|row| (row.log_odds - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

/// What of each column partners must have in common.
enum Cut {
    Nothing,
    Value,
    Part([f64; PARTS - 1]),
}

fn cuts(design: &Design, pairing: Pairing) -> Vec<Cut> {
    let of = |(at, column): (usize, &crate::design::Column)| match (at, &column.value, pairing) {
        (0, ..) => Cut::Nothing,
        (_, Some(_), _) => Cut::Value,
        (_, None, Pairing::Propensity) => Cut::Nothing,
        (_, None, Pairing::Coarsened) => {
            let mut values: Vec<f64> = (0..design.rows()).map(|row| design.row(row)[at]).collect();
            values.sort_unstable_by(f64::total_cmp);
            Cut::Part(std::array::from_fn(|part| values[values.len() * (part + 1) / PARTS]))
        }
    };
    design.column().iter().enumerate().map(of).collect()
}

/// A number that is the same for rows that may be partners (FNV-1a over what they must have in common).
fn alike(row: &[f64], cuts: &[Cut]) -> u64 {
    let part = |(x, cut): (&f64, &Cut)| match cut {
        Cut::Nothing => 0,
        Cut::Value => x.to_bits(),
        Cut::Part(ends) => ends.iter().filter(|end| *x >= **end).count() as u64,
    };
    row.iter()
        .zip(cuts)
        .map(part)
        .fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29))
}

/// Which places of a sorted list are not taken, nearest above and below (disjoint sets with path halving).
struct Left {
    above: Vec<u32>,
    below: Vec<u32>,
}

impl Left {
    fn all(n: usize) -> Left {
        // Place n above and place 0 below stand for nobody; below is counted from 1.
        Left { above: (0..=n as u32).collect(), below: (0..=n as u32).collect() }
    }

    fn find(of: &mut [u32], mut at: usize) -> usize {
        while of[at] as usize != at {
            of[at] = of[of[at] as usize];
            at = of[at] as usize;
        }
        at
    }

    /// The first that is left at or above a place.
    fn above(&mut self, place: usize) -> Option<usize> {
        let at = Self::find(&mut self.above, place);
        (at + 1 < self.above.len()).then_some(at)
    }

    /// The last that is left below a place.
    fn below(&mut self, place: usize) -> Option<usize> {
        Self::find(&mut self.below, place).checked_sub(1)
    }

    fn take(&mut self, place: usize) {
        self.above[place] = place as u32 + 1;
        self.below[place + 1] = place as u32;
    }
}

/// The pairs compared; `None` for fewer than [`MIN_PAIRS`], and when all differ by the same.
pub(super) fn compare(study: &Study<'_>, units: &Units, matching: &Matching, level: Confidence) -> Option<Pairs> {
    let pairs = &matching.pairs;
    if pairs.len() < MIN_PAIRS {
        return None;
    }
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| study.outcome[*a as usize] - study.outcome[*b as usize]).collect();
    let signs: Vec<f64> = differences.iter().map(|d| if *d == 0.0 { 0.0 } else { d.signum() }).collect();
    let critical = critical(contestants(pairs, units).saturating_sub(1), level);
    let around = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let moved: Vec<f64> = values.iter().map(|value| value - mean).collect();
        let half = critical * error(&moved, pairs, units);
        Estimate { value: mean, low: mean - half, high: mean + half, n: values.len() as u64 }
    };
    let difference = around(&differences);
    if difference.low == difference.high {
        return None;
    }
    let net = Some(around(&signs)).filter(|net| net.low < net.high);
    let net = net.map(|net| Estimate { low: net.low.max(-1.0), high: net.high.min(1.0), ..net });
    Some(Pairs {
        pairs: pairs.len() as u64,
        matched: pairs.len() as f64 / matching.treated as f64,
        caliper: matching.caliper,
        difference,
        adjusted: adjusted(study.design, pairs, &differences, units, critical),
        net,
        sign_test: sign_test(&signs, pairs, units),
    })
}

/// Units among the pairs: of those that share nobody, the pairs themselves.
fn contestants(pairs: &[(u32, u32)], units: &Units) -> u64 {
    let of = |row: &u32| units.at(*row as usize);
    let mut known: Vec<usize> = pairs.iter().flat_map(|(a, b)| [of(a), of(b)]).flatten().collect();
    known.sort_unstable();
    known.dedup();
    if known.is_empty() { pairs.len() as u64 } else { (known.len() as u64).min(pairs.len() as u64) }
}

/// Standard error of a mean over pairs, from what each pair moves it by before division by their number. Pairs that share a user go together: sums over
/// users, each pair belonging to two, less what was counted twice (dyads; Aronow, Samii & Assenova, Political Analysis 23 (2015), 564-577).
fn error(moved: &[f64], pairs: &[(u32, u32)], units: &Units) -> f64 {
    let n = moved.len() as f64;
    let plain: f64 = moved.iter().map(|value| value * value).sum();
    let together = if units.at(0).is_none() {
        plain
    } else {
        let mut sums = vec![0.0; units.count as usize];
        let mut twice = 0.0;
        for ((a, b), value) in pairs.iter().zip(moved) {
            let (Some(a), Some(b)) = (units.at(*a as usize), units.at(*b as usize)) else { continue };
            sums[a] += value;
            if a != b {
                sums[b] += value;
                twice += value * value;
            }
        }
        // Sums of few pairs can come out below nothing; pairs that stand for themselves are then the better word.
        let shared = sums.iter().map(|sum| sum * sum).sum::<f64>() - twice;
        if shared > 0.0 { shared } else { plain }
    };
    (together * n / (n - 1.0)).sqrt() / n
}

fn sign_test(signs: &[f64], pairs: &[(u32, u32)], units: &Units) -> SignTest {
    let count = |sign: f64| signs.iter().filter(|of| **of == sign).count() as u64;
    let (wins, losses, ties) = (count(1.0), count(-1.0), count(0.0));
    let p_value = if units.at(0).is_none() {
        sign_probability(wins, losses)
    } else {
        // Under chance the mean sign is nothing, so that signs are their own errors.
        let mean = signs.iter().sum::<f64>() / signs.len() as f64;
        let error = error(signs, pairs, units);
        (wins + losses > 0).then(|| t_two_sided(mean / error, contestants(pairs, units).saturating_sub(1) as f64)).flatten()
    };
    SignTest { wins, losses, ties, p_value }
}

/// Exact and two-sided: twice the probability that of so many fair coins no more than the rarer side fall, 1 at most. `None` of no coins.
pub(super) fn sign_probability(wins: u64, losses: u64) -> Option<f64> {
    let (rarer, often) = (wins.min(losses) as f64, wins.max(losses) as f64);
    if often == 0.0 {
        return None;
    }
    Some((2.0 * beta_probability(often, rarer + 1.0, 0.5)?).min(1.0))
}

/// Intercept of the pairs' differences regressed on the differences of their covariates, with an error that lets variances differ.
fn adjusted(design: &Design, pairs: &[(u32, u32)], differences: &[f64], units: &Units, critical: f64) -> Option<Estimate> {
    let columns = apart_in(design, pairs);
    let k = columns.len() + 1;
    if pairs.len() < k + MIN_PAIRS {
        return None;
    }
    let apart = |&(a, b): &(u32, u32), into: &mut [f64]| {
        let (a, b) = (design.row(a as usize), design.row(b as usize));
        into[0] = 1.0;
        into[1..].iter_mut().zip(&columns).for_each(|(z, column)| *z = a[*column] - b[*column]);
    };
    let (mut gram, mut right, mut z) = (DMatrix::zeros(k, k), DVector::zeros(k), vec![0.0; k]);
    for (pair, difference) in pairs.iter().zip(differences) {
        apart(pair, &mut z);
        for i in 0..k {
            right[i] += z[i] * difference;
            (0..k).for_each(|j| gram[(i, j)] += z[i] * z[j]);
        }
    }
    let (coefficients, inverse) = solve(&gram, &right)?;
    let n = pairs.len() as f64;
    let moved = pairs.iter().zip(differences).map(|(pair, difference)| {
        apart(pair, &mut z);
        let dot = |by: &dyn Fn(usize) -> f64| z.iter().enumerate().map(|(at, z)| z * by(at)).sum::<f64>();
        n * dot(&|at| inverse[(0, at)]) * (difference - dot(&|at| coefficients[at]))
    });
    let moved: Vec<f64> = moved.collect();
    let half = critical * error(&moved, pairs, units) * (n / (n - k as f64)).sqrt();
    Some(Estimate { value: coefficients[0], low: coefficients[0] - half, high: coefficients[0] + half, n: pairs.len() as u64 })
}

/// Columns in which some partners differ.
fn apart_in(design: &Design, pairs: &[(u32, u32)]) -> Vec<usize> {
    let differ = |column: usize| pairs.iter().any(|(a, b)| design.row(*a as usize)[column] != design.row(*b as usize)[column]);
    (1..design.columns()).filter(|column| differ(*column)).collect()
}
