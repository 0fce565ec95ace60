//! Claims whose truth is exactly what is claimed: how often are they called supported, and how often contradicted? Each may happen in one of forty.

use qoe_statistics::figure::{Held, Rows};
use qoe_statistics::quantile::UnitQuantile;
use qoe_statistics::unit_mean::UnitMean;
use qoe_statistics::unit_share::UnitShare;
use qoe_statistics::{Confidence, holm, normal_quantile, parallel};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::seeds;

/// Half of what 95 % leaves.
const SIDE: f64 = 0.025;

fn normal(random: &mut ChaCha8Rng) -> f64 {
    normal_quantile(random.random_range(1e-9..1.0)).unwrap()
}

/// Connect times of people with one to eight sessions each. A person's network is much of it: the logarithm is 6 + 0.4 of the person + 0.3 of the session, so
/// that a share s of all sessions lies below exp(6 + 0.5 z(s)).
fn waits(seed: u64, people: u32) -> (Vec<f64>, Vec<u32>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut values, mut units) = (Vec::new(), Vec::new());
    for person in 0..people {
        let network = 0.4 * normal(&mut random);
        for _ in 0..random.random_range(1..9) {
            values.push((6.0 + network + 0.3 * normal(&mut random)).exp());
            units.push(person);
        }
    }
    (values, units)
}

/// Prints and checks how often a claim at its exact bound is called either way: at most 2.5 %, and three standard errors of so many seeds.
#[track_caller]
fn called_rarely(name: &str, world: impl Fn(u64) -> Held + Sync) {
    let n = seeds();
    let held: Vec<Held> = parallel::map(n, |seed| world(seed as u64));
    let share = |says: fn(&Held) -> bool| held.iter().filter(|held| says(held)).count() as f64 / n as f64;
    let (below, above) = (share(|held| held.p_at_most <= SIDE), share(|held| held.p_at_least <= SIDE));
    println!("{name:<64} at most {:5.2} %   at least {:5.2} %   n {n}", below * 100.0, above * 100.0);
    let limit = SIDE + 3.0 * (SIDE * (1.0 - SIDE) / n as f64).sqrt();
    assert!(below <= limit && above <= limit, "{name}: {below} and {above} are to be at most {limit}");
}

#[test]
fn quantiles_at_their_bound_are_rarely_called_either_way() {
    for (name, share, people) in [
        ("claims: p50 of 60 people", 0.5, 60),
        ("claims: p95 of 60 people", 0.95, 60),
        ("claims: p95 of 1,000 people", 0.95, 1_000),
        ("claims: p50 of 12 people", 0.5, 12),
    ] {
        let truth = (6.0 + 0.5 * normal_quantile(share).unwrap()).exp();
        called_rarely(name, |seed| {
            let (values, units) = waits(seed, people);
            UnitQuantile::new(Rows { values: &values, units: Some(&units) }, share, Confidence::P95).unwrap().against(truth).unwrap()
        });
    }
}

#[test]
fn shares_at_their_bound_are_rarely_called_either_way() {
    for (name, bound, n) in [("claims: 99.99 % of 40,000", 0.9999, 40_000_u32), ("claims: 95 % of 300", 0.95, 300)] {
        called_rarely(name, |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let joined: Vec<f64> = (0..n).map(|_| f64::from(u8::from(random.random_bool(bound)))).collect();
            UnitShare::new(Rows { values: &joined, units: None }, Confidence::P95).unwrap().against(bound).unwrap()
        });
    }
    called_rarely("claims: 90 % of people whose sessions go together", |seed| {
        let (values, units) = waits(seed, 80);
        let bound = (6.0 + 0.5 * normal_quantile(0.9).unwrap()).exp();
        let quick: Vec<f64> = values.iter().map(|wait| f64::from(u8::from(*wait <= bound))).collect();
        UnitShare::new(Rows { values: &quick, units: Some(&units) }, Confidence::P95).unwrap().against(0.9).unwrap()
    });
}

/// An outage takes all sessions of a person, else they fail one by one: what is told of 99.5 % hangs on some ten people.
#[test]
fn bursts_of_failures_are_allowed_for() {
    called_rarely("claims: 99.5 % of 2,000 people, with outages", |seed| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut joined, mut units) = (Vec::new(), Vec::new());
        for person in 0..2_000 {
            let out = random.random_bool(0.004);
            for _ in 0..random.random_range(1..9) {
                joined.push(f64::from(u8::from(!out && random.random_bool(0.995 / 0.996))));
                units.push(person);
            }
        }
        UnitShare::new(Rows { values: &joined, units: Some(&units) }, Confidence::P95).unwrap().against(0.995).unwrap()
    });
}

/// Claimed of every region, and just true in each: five chances to contradict it falsely, which Holm's correction holds together.
#[test]
fn a_claim_about_every_region_is_rarely_contradicted_where_it_is_true() {
    let (n, truth) = (seeds(), (6.0 + 0.5 * normal_quantile(0.95).unwrap()).exp());
    let contradicted = parallel::map(n, |seed| {
        let against = |region: u64| {
            let (values, units) = waits(seed as u64 * 8 + region, 100);
            let quantile = UnitQuantile::new(Rows { values: &values, units: Some(&units) }, 0.95, Confidence::P95).unwrap();
            quantile.against(truth).unwrap().p_at_least
        };
        holm(&(0..5).map(against).collect::<Vec<_>>()).iter().any(|p| *p <= SIDE)
    });
    let share = contradicted.iter().filter(|contradicted| **contradicted).count() as f64 / n as f64;
    println!("{:<64} contradicted {:5.2} %   n {n}", "claims: p95 in each of five regions", share * 100.0);
    assert!(share <= SIDE + 3.0 * (SIDE * (1.0 - SIDE) / n as f64).sqrt(), "{share}");
}

#[test]
fn means_at_their_bound_are_rarely_called_either_way() {
    // Symmetric by the logarithm: the mean of skewed waits needs more people than claims usually have, and says so in no way of its own.
    called_rarely("claims: mean of the logarithm, 60 people", |seed| {
        let (values, units) = waits(seed, 60);
        let logs: Vec<f64> = values.iter().map(|wait| wait.ln()).collect();
        UnitMean::new(Rows { values: &logs, units: Some(&units) }, Confidence::P95).unwrap().against(6.0).unwrap()
    });
}
