//! Scores, times, pairs, and values adjusted by earlier ones.

use qoe_statistics::contrast::ordinal::superiority;
use qoe_statistics::contrast::paired::{self, Pairs};
use qoe_statistics::contrast::time::{Times, log_rank, restricted_mean_difference};
use qoe_statistics::contrast::{Arm, cuped, mean};
use qoe_statistics::{Estimate, Spells};
use rand::RngExt;
use statrs::distribution::{ContinuousCDF, Normal};

use super::worlds::{LARGE, Random, Rows, SMALL, UNEVEN, Units, gamma, normal, random, rows, scores};
use super::{at95, interval};
use crate::harness::{Trial, play};

/// Opinions of 1 to 5 out of scores.
fn opinion(score: f64) -> f64 {
    1.0 + [-1.5, -1.0, -0.3, 0.5].iter().filter(|cut| score > **cut).count() as f64
}

fn opinions(random: &mut Random, units: Units, better: f64) -> Rows {
    scores(random, units, 0.3).map(|score| opinion(score + better))
}

/// How often an opinion shifted by `better` beats one that is not, ties half, less 1/2.
fn beats(better: f64) -> f64 {
    let law = Normal::standard();
    let cuts = [-1.5, -1.0, -0.3, 0.5, f64::INFINITY];
    let share = |shift: f64| {
        let mut below = 0.0;
        cuts.map(|cut| {
            let upto = law.cdf(cut - shift);
            std::mem::replace(&mut below, upto).mul_add(-1.0, upto)
        })
    };
    let (first, second) = (share(better), share(0.0));
    let mut below = 0.0;
    let mut sum = 0.0;
    for (one, other) in first.iter().zip(second) {
        sum += one * (below + other / 2.0);
        below += other;
    }
    sum - 0.5
}

#[test]
fn superiority_of_units_is_found() {
    for (name, units) in [("superiority, 20 units of 8", SMALL), ("superiority, 20 uneven", UNEVEN), ("superiority, 300", LARGE)] {
        at95(name, beats(0.4), |seed| {
            superiority(&opinions(&mut random(seed, 0), units, 0.4).arm(), &opinions(&mut random(seed, 1), units, 0.0).arm())
        })
        .covers(0.93, 0.97);
    }
    for (name, units) in [("equal opinions, 20 uneven", UNEVEN), ("equal opinions, 300", LARGE)] {
        at95(name, 0.0, |seed| {
            superiority(&opinions(&mut random(seed, 0), units, 0.0).arm(), &opinions(&mut random(seed, 1), units, 0.0).arm())
        })
        .calls_nothing(0.0);
    }
}

/// Minutes until a user leaves, of users more or less apt to (gamma frailty of variance 0.5), watched for 5 to 60.
struct Stays {
    exit: Vec<f64>,
    event: Vec<bool>,
    units: Vec<u32>,
}

impl Stays {
    fn draw(random: &mut Random, units: Units, mean: f64) -> Stays {
        let stays = rows(
            random,
            units,
            |random| gamma(random, 2.0, 1.0),
            |random, apt| {
                let (leaves, watched) = (-(1.0 - random.random::<f64>()).ln() * mean / apt, random.random_range(5.0..60.0));
                // Negative: censored.
                if leaves <= watched { leaves } else { -watched }
            },
        );
        Stays {
            exit: stays.values.iter().map(|value| value.abs()).collect(),
            event: stays.values.iter().map(|value| *value >= 0.0).collect(),
            units: stays.units,
        }
    }

    fn times(&self) -> Times<'_> {
        Times { spells: Spells::new(&self.exit, &self.event).unwrap(), units: Some(&self.units) }
    }
}

/// The mean up to a horizon of survival (1 + t / 2 mean)^-2.
fn stay(mean: f64, horizon: f64) -> f64 {
    2.0 * mean * (1.0 - 1.0 / (1.0 + horizon / (2.0 * mean)))
}

#[test]
fn restricted_means_of_units_are_found() {
    for (name, units) in
        [("restricted mean, 20 units of 8", SMALL), ("restricted mean, 20 uneven", UNEVEN), ("restricted mean, 300", LARGE)]
    {
        at95(name, stay(25.0, 30.0) - stay(15.0, 30.0), |seed| {
            let (a, b) = (Stays::draw(&mut random(seed, 0), units, 25.0), Stays::draw(&mut random(seed, 1), units, 15.0));
            restricted_mean_difference(&a.times(), &b.times(), 30.0)
        })
        .covers(0.93, 0.97);
    }
    for (name, units) in
        [("log-rank of equals, 20 units of 8", SMALL), ("log-rank of equals, 20 uneven", UNEVEN), ("log-rank of equals, 300", LARGE)]
    {
        play(name, |seed| {
            let (a, b) = (Stays::draw(&mut random(seed, 0), units, 15.0), Stays::draw(&mut random(seed, 1), units, 15.0));
            let low = if log_rank(&a.times(), &b.times()).unwrap() < 0.05 { 1.0 } else { -1.0 };
            Trial { truth: 0.0, estimate: Some(Estimate { value: 0.0, low, high: 2.0, n: 1 }) }
        })
        .calls_nothing(0.0);
    }
}

/// Users called with both vendors, several times each.
fn pairs(random: &mut Random, units: Units, better: f64) -> (Rows, Vec<f64>) {
    let mut second = Vec::new();
    let mut first = Rows::default();
    for at in 0..units.count {
        let (user, own) = (normal(random), 0.4 * normal(random));
        for _ in 0..units.sizes.draw(random) {
            let call = user + 0.5 * normal(random);
            first.values.push(call + better + own + 0.7 * normal(random));
            second.push(call + 0.7 * normal(random));
            first.units.push(at as u32);
        }
    }
    (first, second)
}

#[test]
fn differences_of_pairs_are_found() {
    let law = Normal::standard();
    let spread = (0.4_f64.powi(2) + 2.0 * 0.49).sqrt();
    let of = |first: &'static str, units: Units, truth: f64, better: f64, how: fn(&Pairs<'_>) -> _| {
        at95(first, truth, move |seed| {
            let (a, b) = pairs(&mut random(seed, 0), units, better);
            how(&Pairs { first: &a.values, second: &b, units: Some(&a.units) })
        })
    };
    of("pairs: mean, 20 units of 8", SMALL, 0.3, 0.3, paired::mean_difference).covers(0.93, 0.97);
    of("pairs: mean, 300", LARGE, 0.3, 0.3, paired::mean_difference).covers(0.93, 0.97);
    let more = law.cdf(0.3 / spread) - 0.5;
    of("pairs: superiority, 20 units of 8", SMALL, more, 0.3, paired::superiority).covers(0.93, 0.97);
    of("pairs: superiority, 300", LARGE, more, 0.3, paired::superiority).covers(0.93, 0.97);
    of("pairs: median, 20 units of 8", SMALL, 0.3, 0.3, |pairs| paired::quantile_of_differences(pairs, 0.5)).covers(0.93, 0.97);
    of("pairs: median, 300", LARGE, 0.3, 0.3, |pairs| paired::quantile_of_differences(pairs, 0.5)).covers(0.93, 0.97);
    let total = (1.0 + 0.25 + 0.49_f64).sqrt();
    let share = law.cdf((1.5 + 0.3) / (total * total + 0.16).sqrt()) - law.cdf(1.5 / total);
    let yes = |values: &[f64]| values.iter().map(|value| f64::from(u8::from(*value > -1.5))).collect::<Vec<f64>>();
    for (name, units) in [("pairs: share, 20 units of 8", SMALL), ("pairs: share, 300", LARGE)] {
        at95(name, share, |seed| {
            let (a, b) = pairs(&mut random(seed, 0), units, 0.3);
            paired::share_difference(&Pairs { first: &yes(&a.values), second: &yes(&b), units: Some(&a.units) })
        })
        .covers_at_least();
    }
}

#[test]
fn values_adjusted_by_earlier_ones_are_found() {
    for (name, units) in [("cuped, 20 units of 8", SMALL), ("cuped, 20 uneven", UNEVEN), ("cuped, 300", LARGE)] {
        play(name, |seed| {
            let side = |arm: u64, better: f64| {
                let random = &mut random(seed, arm);
                let mut before = Vec::new();
                let mut now = Rows::default();
                for at in 0..units.count {
                    let user = normal(random);
                    let earlier = if random.random::<f64>() < 0.8 { user + 0.4 * normal(random) } else { f64::NAN };
                    for _ in 0..units.sizes.draw(random) {
                        now.values.push(better + user + normal(random));
                        now.units.push(arm as u32 * 1_000 + at as u32);
                        before.push(earlier);
                    }
                }
                (now, before)
            };
            let ((a, x), (b, z)) = (side(0, 0.5), side(1, 0.0));
            let adjusted =
                cuped::adjust(&cuped::Earlier { arm: a.arm(), before: &x }, &cuped::Earlier { arm: b.arm(), before: &z }).unwrap();
            let arm = |values, rows| Arm { values, units: Some(rows) };
            let contrast = mean::mean_difference(&arm(&adjusted.first, &a.units), &arm(&adjusted.second, &b.units));
            Trial { truth: 0.5, estimate: interval(&contrast) }
        })
        .covers(0.93, 0.97);
    }
}
