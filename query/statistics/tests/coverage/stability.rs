//! Successes whose true share is known: is it within the exact limits, and is an objective called met only as often as it may?

use qoe_statistics::stability::{Bursts, Objective, Stability, Verdict, stability};
use qoe_statistics::{Confidence, Counts, Estimate};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::{Trial, play};

fn alone(seed: u64, objective: Objective, attempts: u64) -> Stability {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let hits = (0..attempts).filter(|_| random.random_bool(objective.share())).count() as u64;
    stability(Counts { hits, n: attempts }, objective, Bursts::None, Confidence::P95).unwrap()
}

/// Users of one to nine attempts; an outage takes all of a user's, else attempts fail one by one.
fn bursts(seed: u64) -> (Stability, f64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (outage, failing) = (0.008, 0.002);
    let users: Vec<Counts> = (0..2_000)
        .map(|_| {
            let n = random.random_range(1..10);
            let out = random.random_bool(outage);
            Counts { hits: (0..n).filter(|_| !out && !random.random_bool(failing)).count() as u64, n }
        })
        .collect();
    let all = users.iter().fold(Counts::default(), |all, user| Counts { hits: all.hits + user.hits, n: all.n + user.n });
    let truth = (1.0 - outage) * (1.0 - failing);
    (stability(all, Objective::TRADITIONAL, Bursts::Clusters(&users), Confidence::P95).unwrap(), truth)
}

#[test]
fn exact_limits_hold_at_least_as_often_as_they_say() {
    for (name, objective, attempts) in [
        ("stability, 99.5 % of 2,000", Objective::TRADITIONAL, 2_000),
        ("stability, 99.99 % of 20,000", Objective::FINANCE, 20_000),
        ("stability, 90 % of 40", Objective::new(0.9).unwrap(), 40),
    ] {
        play(name, |seed| Trial { truth: objective.share(), estimate: Some(alone(seed, objective, attempts).share) }).covers(0.95, 1.0);
    }
    let objective = Objective::TRADITIONAL;
    play("stability, one-sided, 99.5 % of 2,000", |seed| {
        let got = alone(seed, objective, 2_000);
        Trial { truth: objective.share(), estimate: Some(Estimate { low: got.at_least, high: 1.0, ..got.share }) }
    })
    .covers(0.95, 1.0);
}

/// The true share is just below the objective, so that "met" is wrong whenever it is said.
#[test]
fn an_objective_is_rarely_called_met_that_is_not() {
    let objective = Objective::TRADITIONAL;
    play("stability, called met at the objective", |seed| {
        let wrong = alone(seed, objective, 5_000).verdict == Verdict::Met;
        let low = if wrong { 1.0 } else { -1.0 };
        Trial { truth: 0.0, estimate: Some(Estimate { value: low, low, high: 2.0, n: 1 }) }
    })
    .calls_nothing(0.0);
}

#[test]
fn bursts_are_allowed_for() {
    play("stability, bursts by user", |seed| {
        let (got, truth) = bursts(seed);
        Trial { truth, estimate: Some(got.share) }
    })
    .covers_at_least();
}
