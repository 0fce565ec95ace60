//! Worlds over time: series that are flat or change, waves of the same and of other people, words of the discontented.

use qoe_statistics::change_points::{ChangePoint, Period, change_points};
use qoe_statistics::drift::{NetPromoter, Switched, net_promoter_difference, top_box_change};
use qoe_statistics::keyness::{Keyness, Occurrence, keyness};
use qoe_statistics::moments::{Moments, mean_difference};
use qoe_statistics::waves::{Answer, WaveChange, compare};
use qoe_statistics::word_measures::word_measures;
use qoe_statistics::{Confidence, Estimate, normal_quantile};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::{Trial, play};

const P95: Confidence = Confidence::P95;

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    normal_quantile(rng.random_range(1e-12..1.0 - 1e-12)).unwrap()
}

/// Something or nothing, as a trial whose interval leaves out 0 when something was called.
fn called(something: bool) -> Trial {
    let low = if something { 0.5 } else { -1.0 };
    Trial { truth: 0.0, estimate: Some(Estimate { value: 0.0, low, high: 1.0, n: 1 }) }
}

/// Days of 20 to 120 answers with a standard deviation of 1 each, whose own levels vary by 0.2, correlated by `phi`, and step up by `step` after
/// `after` days.
#[derive(Debug, Clone, Copy)]
struct Days {
    days: usize,
    phi: f64,
    after: usize,
    step: f64,
}

impl Days {
    fn flat(days: usize, phi: f64) -> Self {
        Self { days, phi, after: days, step: 0.0 }
    }

    fn changes(self, seed: u64) -> Vec<ChangePoint> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut drift = 0.2 * normal(&mut rng);
        let day = |day: usize| {
            drift = self.phi * drift + 0.2 * (1.0 - self.phi * self.phi).sqrt() * normal(&mut rng);
            let answers = rng.random_range(20..120_u32);
            let step = if day >= self.after { self.step } else { 0.0 };
            let said = Moments::of((0..answers).map(|_| 4.0 + drift + step + normal(&mut rng))).unwrap();
            Period { n: said.n, mean: said.mean, variance: said.variance() }
        };
        let periods: Vec<Period> = (0..self.days).map(day).collect();
        change_points(&periods, P95, seed).unwrap().changes
    }
}

/// Days of a share, of ever more answers.
fn shares(seed: u64, before: f64, after: f64) -> Vec<ChangePoint> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let day = |day: u64| {
        let (n, p) = (30 + 4 * day, if day < 20 { before } else { after });
        Period::share((0..n).filter(|_| rng.random_bool(p)).count() as u64, n).unwrap()
    };
    let periods: Vec<Period> = (0..45).map(day).collect();
    change_points(&periods, P95, seed).unwrap().changes
}

#[test]
fn a_flat_series_has_no_change_points() {
    for (name, world) in [
        ("flat series of 28 days: change points", Days::flat(28, 0.0)),
        ("flat series of 60 days: change points", Days::flat(60, 0.0)),
        ("flat series of 14 days, AR(1) 0.3: change points", Days::flat(14, 0.3)),
        ("flat series of 28 days, AR(1) 0.3: change points", Days::flat(28, 0.3)),
        ("flat series of 60 days, AR(1) 0.3: change points", Days::flat(60, 0.3)),
        ("flat series of 100 days, AR(1) 0.3: change points", Days::flat(100, 0.3)),
    ] {
        play(name, |seed| called(!world.changes(seed).is_empty())).calls_nothing(0.0);
    }
    play("flat share over 45 days: change points", |seed| called(!shares(seed, 0.7, 0.7).is_empty())).calls_nothing(0.0);
}

#[test]
fn a_step_is_found_where_it_was_made() {
    let nearest = |changes: Vec<ChangePoint>, to: usize| changes.into_iter().min_by_key(|change| change.at.abs_diff(to));
    let location = |change: ChangePoint| Estimate {
        value: change.at as f64,
        low: change.earliest as f64,
        high: change.latest as f64,
        n: change.difference.n,
    };
    let world = Days { days: 60, phi: 0.3, after: 36, step: 0.6 };
    let step = |seed: u64| nearest(world.changes(seed), world.after);
    play("step of a mean, AR(1) 0.3: its day", |seed| Trial { truth: 36.0, estimate: step(seed).map(location) }).covers_at_least();
    play("step of a mean, AR(1) 0.3: its size", |seed| Trial { truth: 0.6, estimate: step(seed).map(|change| change.difference) })
        .covers_as_it_says();
    let step = |seed: u64| nearest(shares(seed, 0.75, 0.62), 20);
    play("step of a share: its day", |seed| Trial { truth: 20.0, estimate: step(seed).map(location) }).covers_at_least();
    play("step of a share: its size", |seed| Trial { truth: -0.13, estimate: step(seed).map(|change| change.difference) })
        .covers_at_least();
}

/// A score of 1 to 5 from a leaning: skewed, as satisfaction is.
fn score(leaning: f64) -> f64 {
    (4.2 + 1.3 * leaning).round().clamp(1.0, 5.0)
}

/// The mean of [`score`] over standard normal leanings moved by this much.
fn mean_score(moved: f64) -> f64 {
    let n = 20_000;
    (0..n).map(|at| score(moved + normal_quantile((f64::from(at) + 0.5) / f64::from(n)).unwrap())).sum::<f64>() / f64::from(n)
}

#[test]
fn a_wave_of_other_people_differs_by_what_was_planted() {
    let truth = mean_score(-0.3) - mean_score(0.0);
    let wave = |rng: &mut ChaCha8Rng, n: u32, moved: f64| Moments::of((0..n).map(|_| score(moved + normal(rng)))).unwrap();
    play("independent waves, scores", |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (last, this) = (wave(&mut rng, 80, 0.0), wave(&mut rng, 50, -0.3));
        Trial { truth, estimate: mean_difference(&this, &last, P95) }
    })
    .covers_as_it_says();
    play("independent waves, net promoter score", |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut wave = |n: u32, promoters: f64, passives: f64| {
            let mut counts = NetPromoter::default();
            for _ in 0..n {
                match rng.random_range(0.0..1.0) {
                    u if u < promoters => counts.promoters += 1,
                    u if u < promoters + passives => counts.passives += 1,
                    _ => counts.detractors += 1,
                }
            }
            counts
        };
        let (last, this) = (wave(60, 0.5, 0.3), wave(40, 0.7, 0.2));
        Trial { truth: 30.0, estimate: net_promoter_difference(last, this, P95) }
    })
    .covers_as_it_says();
}

/// 60 who stayed and moved by -0.3, 40 who left and were discontented, 30 who joined and are content.
fn cohort(seed: u64) -> WaveChange {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut last, mut this) = (Vec::new(), Vec::new());
    for user in 0..60 {
        let own = 0.8 * normal(&mut rng);
        let mut said = |moved: f64| Answer { user, score: score(moved + own + 0.6 * normal(&mut rng)) };
        last.push(said(0.0));
        this.push(said(-0.3));
    }
    last.extend((100..140).map(|user| Answer { user, score: score(-0.8 + normal(&mut rng)) }));
    this.extend((200..230).map(|user| Answer { user, score: score(0.4 + normal(&mut rng)) }));
    compare(&last, &this, P95).unwrap()
}

#[test]
fn the_change_of_the_same_people_is_told_from_that_of_who_answered() {
    let (before, after, left, joined) = (mean_score(0.0), mean_score(-0.3), mean_score(-0.8), mean_score(0.4));
    let total = (60.0 * after + 30.0 * joined) / 90.0 - (60.0 * before + 40.0 * left) / 100.0;
    let same = after - before;
    play("cohort asked again: change in all", |seed| Trial { truth: total, estimate: Some(cohort(seed).total) }).covers_as_it_says();
    play("cohort asked again: the same people", |seed| Trial { truth: same, estimate: cohort(seed).same_people }).covers_as_it_says();
    play("cohort asked again: who answered", |seed| Trial { truth: total - same, estimate: cohort(seed).who_answered }).covers_as_it_says();
    play("cohort asked again: top box", |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut of = Switched { n: 100, ..Switched::default() };
        for _ in 0..of.n {
            match rng.random_range(0.0..1.0) {
                u if u < 0.08 => of.gained += 1,
                u if u < 0.28 => of.lost += 1,
                _ => {}
            }
        }
        Trial { truth: -0.12, estimate: top_box_change(of, P95).map(|change| change.difference) }
    })
    .covers_as_it_says();
}

/// Words of 150 discontented and 500 other texts: the first as likely as told on either side, the rest alike on both.
fn words(seed: u64, first: f64, second: f64) -> Vec<Option<Keyness>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut occurs = |n: u64, p: f64| (0..n).filter(|_| rng.random_bool(p)).count() as u64;
    let mut words = vec![Occurrence { first: occurs(150, first), second: occurs(500, second) }];
    for word in 0..30 {
        let p = 0.02 + 0.01 * f64::from(word);
        words.push(Occurrence { first: occurs(150, p), second: occurs(500, p) });
    }
    keyness(&words, 150, 500, P95).unwrap()
}

#[test]
fn words_are_told_apart_as_often_as_is_said() {
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let one = |seed, a, b| words(seed, a, b)[0].map(|word| word.log_odds);
    play("word of both sides alike: log-odds", |seed| Trial { truth: 0.0, estimate: one(seed, 0.08, 0.08) }).calls_nothing(0.0);
    for (name, a, b) in [("word of 20 against 12 %: log-odds", 0.2, 0.12), ("word of 6 against 14 %: log-odds", 0.06, 0.14)] {
        play(name, |seed| Trial { truth: logit(a) - logit(b), estimate: one(seed, a, b) }).covers_as_it_says();
    }
    play("31 words of both sides alike: any called", |seed| called(words(seed, 0.08, 0.08).iter().flatten().any(|word| word.q <= 0.05)))
        .calls_nothing(0.0);
}

#[test]
fn measures_are_told_apart_as_often_as_is_said() {
    // Log-normal round trips, 40 texts with the word and 200 without; moved by half a standard deviation, and more spread out.
    let world = |seed: u64, moved: f64, spread: f64| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let values: Vec<f64> =
            (0..240).map(|at| (if at < 40 { moved + spread * normal(&mut rng) } else { normal(&mut rng) }).exp()).collect();
        word_measures(240, &[&(0..40).collect::<Vec<u32>>()], &[&values], P95).unwrap().first().map(|pair| pair.superiority)
    };
    play("word and measure, nothing, unequal spread", |seed| Trial { truth: 0.5, estimate: world(seed, 0.0, 2.0) }).calls_nothing(0.5);
    // P(N(0.5, 2) > N(0, 1)) = Phi(0.5 / sqrt 5).
    play("word and measure, superiority", |seed| Trial { truth: 0.588_468_4, estimate: world(seed, 0.5, 2.0) }).covers_as_it_says();
}
