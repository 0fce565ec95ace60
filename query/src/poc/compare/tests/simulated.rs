//! POCs made up by the thousand, whose truths are known: how often something is told that is not so, how often intervals cover, and what looking too often or
//! pretending independence would do.
//!
//! A short run is part of the tests; the table of a thousand POCs each takes minutes:
//!
//! ```sh
//! QOE_SIMULATED_POCS=1000 cargo test --release -p qoe-statistics -p qoe-query --lib -- simulated power --nocapture
//! ```

#![allow(clippy::print_stdout, reason = "the table")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::world::{Rows, asked};
use crate::poc::compare::{CompareAnswer, CompareQuestion};
use crate::poc::spec::Stopping;
use crate::statistics::parallel;
use crate::statistics::verdict::Shown;

/// How many POCs to play.
fn pocs() -> usize {
    std::env::var("QOE_SIMULATED_POCS").ok().map_or(150, |text| text.parse().expect("QOE_SIMULATED_POCS is a number"))
}

/// The share of POCs of which something holds, and what chance makes of such a share (three standard errors).
struct Share {
    share: f64,
    chance: f64,
}

fn share(name: &str, bound: f64, holds: impl Fn(u64) -> bool + Sync) -> Share {
    let n = pocs();
    let hits = parallel::map(n, |seed| holds(seed as u64)).into_iter().filter(|holds| *holds).count();
    let share = hits as f64 / n as f64;
    let chance = 3.0 * (bound * (1.0 - bound) / n as f64).sqrt();
    println!("{name:<78} {:>6.1} % of {n} (bound {:.1} %, chance {:.1} %)", share * 100.0, bound * 100.0, chance * 100.0);
    Share { share, chance }
}

#[track_caller]
fn at_most(name: &str, bound: f64, holds: impl Fn(u64) -> bool + Sync) {
    let found = share(name, bound, holds);
    assert!(found.share <= bound + found.chance, "{name}: {} is more than {bound}", found.share);
}

#[track_caller]
pub fn about(name: &str, bound: f64, within: f64, holds: impl Fn(u64) -> bool + Sync) {
    let found = share(name, bound, holds);
    // Of a short run chance is the wider one.
    assert!((found.share - bound).abs() <= within.max(found.chance), "{name}: {} is not {bound}", found.share);
}

/// A POC: vendors whose users have habits of their own, so that their calls go together.
struct Vendors {
    /// What each vendor adds to the delay, ms.
    delay: Vec<f64>,
    /// The share of joins of each.
    joined: Vec<f64>,
    /// Users a vendor.
    users: usize,
    /// How much a user's habit weighs: 0 makes calls independent.
    habit: f64,
}

impl Vendors {
    fn alike(count: usize) -> Vendors {
        Vendors { delay: vec![0.0; count], joined: vec![0.9; count], users: 60, habit: 1.0 }
    }

    fn rows(&self, seed: u64) -> Rows {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut rows = Rows::default();
        for user in 0..self.users {
            for (at, vendor) in ["A", "B", "C"].into_iter().enumerate().take(self.delay.len()) {
                self.user(&mut rows, &mut dice, (at, vendor), user);
            }
        }
        rows
    }

    fn user(&self, rows: &mut Rows, dice: &mut ChaCha8Rng, (at, vendor): (usize, &str), user: usize) {
        let habit = self.habit * normal(dice);
        // Who is far away waits longer, whatever the vendor.
        let place = dice.random_range(0..3);
        let (region, far) = (["cn", "eu", "us"][place], [0.0, 40.0, 90.0][place]);
        for _ in 0..dice.random_range(1..7) {
            let delay = 300.0 + far + self.delay[at] + 60.0 * habit + 60.0 * normal(dice);
            let threshold = self.joined[at];
            let joined = f64::from(dice.random::<f64>() < threshold);
            rows.push(
                vendor,
                &format!("{vendor}{user}"),
                region,
                &[("delay", delay), ("joined", joined), ("rating", (delay / 100.0).round())],
            );
        }
    }
}

pub fn normal(dice: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (1.0 - dice.random::<f64>(), dice.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

const METRICS: [&str; 4] = ["mean=delay:lower", "p90=delay:lower:p90", "joined:higher:share", "rating:lower:ordinal"];

/// Whether anything is told of a difference in a primary metric.
fn claims(answer: &CompareAnswer) -> bool {
    let pairs = answer.metrics.iter().flat_map(|of| &of.pairs);
    pairs.filter_map(|pair| pair.overall.as_ref().ok()).any(|found| matches!(found.verdict(), Shown::Better | Shown::Inferior))
}

#[test]
fn nothing_is_told_of_vendors_that_are_alike_more_often_than_the_level() {
    at_most("three vendors alike, four metrics: any better or inferior (Holm)", 0.05, |seed| {
        claims(&asked(&METRICS, &[]).of(&Vendors::alike(3).rows(seed)))
    });
    at_most("the same within regions, overall", 0.05, |seed| {
        claims(&asked(&METRICS, &[]).within("region").of(&Vendors::alike(3).rows(1_000_000 + seed)))
    });
    about("one metric, two vendors alike", 0.05, 0.02, |seed| {
        claims(&asked(&["delay:lower"], &[]).of(&Vendors::alike(2).rows(2_000_000 + seed)))
    });
}

#[test]
fn calls_of_one_user_are_not_taken_for_independent() {
    let alike = || Vendors { habit: 2.0, ..Vendors::alike(2) };
    at_most("calls that go together, by user", 0.05, |seed| claims(&asked(&["delay:lower"], &[]).of(&alike().rows(seed))));
    let naive = share("the same calls, each taken for itself (what must not be done)", 0.05, |seed| {
        claims(&asked(&["delay:lower"], &[]).alone().of(&alike().rows(seed)))
    });
    assert!(naive.share > 0.15, "the world is one in which pretending independence is wrong: {}", naive.share);
}

#[test]
fn intervals_cover_what_was_planted() {
    let planted = |users: usize| Vendors { delay: vec![0.0, 35.0], joined: vec![0.95, 0.90], users, ..Vendors::alike(2) };
    let truths = [-35.0, -35.0, 0.05];
    let covers = |question: &CompareQuestion, at: usize, users: usize, seed: u64| {
        let answer = question.of(&planted(users).rows(3_000_000 + seed));
        !answer.metrics[at].pairs[0].overall.as_ref().unwrap().difference.excludes(truths[at])
    };
    let all = || asked(&METRICS[..3], &[]);
    for (at, name) in ["mean", "p90", "share"].into_iter().enumerate() {
        about(&format!("coverage of {name}"), 0.95, 0.02, |seed| covers(&all(), at, 60, seed));
    }
    about("coverage of mean within regions, overall", 0.95, 0.02, |seed| covers(&all().within("region"), 0, 60, seed));
    about("coverage of share within regions, overall", 0.95, 0.02, |seed| covers(&all().within("region"), 2, 300, seed));
    // With some 20 users a region and vendor, of whom few ever fail, shares are covered more often than stated.
    let few = share("coverage of share within regions of 20 users, overall (conservative)", 0.95, |seed| {
        covers(&all().within("region"), 2, 60, seed)
    });
    assert!(few.share >= 0.95 - few.chance.max(0.02), "{}", few.share);
}

/// Calls, and not users, are given to vendors by chance: users whose habits weigh more than all else have rows of both, by whatever network a call comes.
fn by_call(seed: u64, users: usize, better: f64) -> Rows {
    let mut dice = ChaCha8Rng::seed_from_u64(7_000_000 + seed);
    let mut rows = Rows::default();
    for user in 0..users {
        let habit = 90.0 * normal(&mut dice);
        for _ in 0..dice.random_range(2..13) {
            let vendor = if dice.random::<bool>() { "A" } else { "B" };
            let place = dice.random_range(0..3);
            let delay = 400.0 + habit + [0.0, 40.0, 90.0][place] + 50.0 * normal(&mut dice) - if vendor == "A" { better } else { 0.0 };
            let watched = 20.0 * dice.random::<f64>();
            let stayed = (4.0 + delay / 60.0 + 3.0 * normal(&mut dice)).max(0.1);
            let values = [
                ("delay", delay),
                ("joined", f64::from(delay < 550.0)),
                ("rating", (delay / 100.0).round()),
                ("watched", watched.min(stayed)),
                ("left", f64::from(stayed <= watched)),
            ];
            rows.push(vendor, &format!("{user}"), ["cn", "eu", "us"][place], &values);
        }
    }
    rows
}

#[test]
fn users_with_calls_of_both_vendors_are_compared_with_themselves() {
    const OF: [&str; 4] = ["mean=delay:lower", "joined:higher:share", "rating:lower:ordinal", "stay=watched:higher:time/left"];
    for (within, name) in [(false, "over all"), (true, "within regions")] {
        let asked = || if within { asked(&OF, &[]).within("region") } else { asked(&OF, &[]) };
        let found = |at: usize, seed: u64, better: f64| {
            let answer = asked().of(&by_call(seed, 80, better));
            answer.metrics[at].pairs[0].overall.as_ref().unwrap().difference
        };
        about(&format!("calls of 80 users given by chance: mean covers, {name}"), 0.95, 0.02, |seed| !found(0, seed, 20.0).excludes(-20.0));
        for (at, metric) in ["mean", "share", "rating", "time"].into_iter().enumerate() {
            let name = format!("the same of vendors alike: {metric} called, {name}");
            let called = share(&name, 0.05, |seed| found(at, 1_000_000 + seed, 0.0).excludes(0.0));
            assert!(called.share <= 0.065 + called.chance, "{name}: {}", called.share);
        }
    }
    let width = |of: &crate::statistics::Estimate| of.high - of.low;
    let mut apart = by_call(1, 80, 0.0);
    let together = asked(&OF, &[]).of(&apart);
    for (unit, arm) in apart.unit.iter_mut().zip(&apart.arm) {
        unit.push_str(arm);
    }
    let apart = asked(&OF, &[]).of(&apart);
    assert_eq!((together.contaminated > 50, apart.contaminated), (true, 0));
    // The more habits weigh in a metric, the more it gains: in how long people stay they hardly do.
    for (at, most) in [0.7, 0.85, 0.85, 1.0].into_iter().enumerate() {
        let [one, other] = [&together, &apart].map(|of| width(&of.metrics[at].pairs[0].overall.as_ref().unwrap().difference));
        assert!(one < most * other, "{one} is to be narrower than {other}, in which users are taken for others");
    }
}

#[test]
fn at_the_margin_itself_neither_non_inferior_nor_equivalent_is_told() {
    let at_margin = || Vendors { delay: vec![30.0, 0.0], ..Vendors::alike(2) };
    let told = |seed: u64, which: Shown| {
        let answer = asked(&["delay:lower"], &[("delay", 30.0)]).of(&at_margin().rows(4_000_000 + seed));
        answer.metrics[0].pairs[0].overall.as_ref().unwrap().told.iter().any(|told| told.shown == which)
    };
    at_most("worse by just the margin: non-inferior", 0.025, |seed| told(seed, Shown::NonInferior));
    at_most("worse by just the margin: equivalent", 0.025, |seed| told(seed, Shown::Equivalent));
}

/// A POC looked at after every ten users a vendor.
fn peeked(seed: u64, stopping: Stopping, planted: f64, holds: impl Fn(&CompareAnswer) -> bool) -> bool {
    let vendors = Vendors { delay: vec![0.0, planted], users: 400, ..Vendors::alike(2) };
    let mut dice = ChaCha8Rng::seed_from_u64(5_000_000 + seed);
    let mut rows = Rows::default();
    let mut question = asked(&["delay:lower"], &[]);
    question.resamples = 0;
    question.poc.stopping = stopping;
    for user in 0..vendors.users {
        for (at, vendor) in ["A", "B"].into_iter().enumerate() {
            vendors.user(&mut rows, &mut dice, (at, vendor), user);
        }
        if user >= 50 && user % 10 == 0 && holds(&question.of(&rows)) {
            return true;
        }
    }
    false
}

#[test]
fn looking_again_and_again_does_not_find_what_is_not_there() {
    let any_time = || Stopping::AnyTime { narrowest_at: 400.0 };
    at_most("vendors alike, looked at 35 times, any-time intervals: ever a verdict", 0.05, |seed| peeked(seed, any_time(), 0.0, claims));
    let fixed =
        share("the same with intervals for one look (what must not be done)", 0.05, |seed| peeked(seed, Stopping::Fixed, 0.0, claims));
    assert!(fixed.share > 0.1, "looking 35 times at intervals for one look is wrong: {}", fixed.share);
    at_most("a planted difference: ever outside its any-time interval", 0.07, |seed| {
        peeked(seed, any_time(), 25.0, |answer| {
            answer.metrics[0].pairs[0].overall.as_ref().is_ok_and(|found| found.difference.excludes(-25.0))
        })
    });
}

#[test]
fn a_reversal_that_was_planted_is_flagged() {
    // The better vendor has most of its users where everyone waits longest.
    let found = share("a planted reversal: flagged, and the verdict not reversed", 0.95, |seed| {
        let mut dice = ChaCha8Rng::seed_from_u64(6_000_000 + seed);
        let mut rows = Rows::default();
        for user in 0..400 {
            let vendor = if user % 2 == 0 { "A" } else { "B" };
            let far = dice.random::<f64>() < if vendor == "A" { 0.8 } else { 0.2 };
            let delay = 300.0 + if far { 200.0 } else { 0.0 } + if vendor == "A" { 0.0 } else { 40.0 } + 50.0 * normal(&mut dice);
            rows.push(vendor, &format!("{user}"), if far { "far" } else { "near" }, &[("delay", delay)]);
        }
        let answer = asked(&["delay:lower"], &[]).within("region").of(&rows);
        let pair = &answer.metrics[0].pairs[0];
        pair.pooled.is_some_and(|pooled| pooled.reversed) && pair.overall.as_ref().unwrap().verdict() == Shown::Better
    });
    assert!(found.share >= 0.95, "{}", found.share);
}
