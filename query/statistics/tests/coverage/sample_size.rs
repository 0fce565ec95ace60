//! POCs of the planned size, drawn: is what is there shown as often as was planned? And are samples that are as they should be called mismatched no oftener
//! than the test says?

use qoe_statistics::chi_square::goodness_of_fit;
use qoe_statistics::contrast::mean::mean_difference;
use qoe_statistics::contrast::share::share_difference;
use qoe_statistics::sample_size::means::{Scatter, units};
use qoe_statistics::sample_size::{Aim, Test, shares};
use qoe_statistics::verdict::{Shown, shown};
use qoe_statistics::{Arm, Confidence, parallel};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SEEDS: usize = 1_000;
const POWER: f64 = 0.8;
const LEVEL: Confidence = Confidence::P95;

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Rows of so many units, one to `most` rows each; of what a unit has, `shared` is common to its rows.
fn rows(random: &mut ChaCha8Rng, units: usize, most: u32, shared: f64, of: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<u32>) {
    let (mut values, mut who) = (Vec::new(), Vec::new());
    for unit in 0..units {
        let common = normal(random);
        for _ in 0..random.random_range(1..=most) {
            values.push(of(shared.sqrt() * common + (1.0 - shared).sqrt() * normal(random)));
            who.push(unit as u32);
        }
    }
    (values, who)
}

/// The share of seeds in which the interval shows what was planned for.
fn showed(aim: Aim, interval: impl Fn(u64) -> (f64, f64) + Sync) -> f64 {
    let (wanted, margin) = match aim {
        Aim::Difference => (Shown::Better, None),
        Aim::NonInferiority { margin } => (Shown::NonInferior, Some(margin)),
        Aim::Equivalence { margin } => (Shown::Equivalent, Some(margin)),
    };
    let found = parallel::map(SEEDS, |seed| {
        let (low, high) = interval(seed as u64);
        shown(low, high, margin).contains(&wanted)
    });
    found.iter().filter(|found| **found).count() as f64 / SEEDS as f64
}

#[track_caller]
fn as_planned(name: &str, got: f64) {
    println!("{name:<64} shown {:5.1} % of {SEEDS}", got * 100.0);
    assert!((got - POWER).abs() <= 0.03, "{name}: shown in {got}, planned for {POWER}");
}

const AIMS: [Aim; 3] = [Aim::Difference, Aim::NonInferiority { margin: 50.0 }, Aim::Equivalence { margin: 60.0 }];

fn truth(aim: Aim, apart: f64) -> f64 {
    if aim == Aim::Difference { apart } else { 0.0 }
}

#[test]
fn means_are_shown_as_often_as_planned() {
    for aim in AIMS {
        let test = Test { aim, truth: truth(aim, 50.0), alpha: 0.025, power: POWER };
        let n = units(Scatter::Two { first: 200.0, second: 300.0, ratio: 1.0 }, test).unwrap().ceil() as usize;
        let got = showed(aim, |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let (a, _) = rows(&mut random, n, 1, 0.0, |z| 500.0 + test.truth + 200.0 * z);
            let (b, _) = rows(&mut random, n, 1, 0.0, |z| 500.0 + 300.0 * z);
            let at = mean_difference(&Arm::new(&a), &Arm::new(&b)).unwrap().interval(LEVEL);
            (at.low, at.high)
        });
        as_planned(&format!("means, {n} a side: {aim:?}"), got);
    }
}

/// The scatter of a unit out of a pilot of 4,000: its arm's error times the root of its units.
fn pilot(most: u32, shared: f64, of: impl Fn(f64) -> f64) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(1 << 40);
    let (values, who) = rows(&mut random, 4_000, most, shared, of);
    // The other arm's people are others.
    let others: Vec<u32> = who.iter().map(|who| who + 4_000).collect();
    mean_difference(&Arm::of_units(&values, &who), &Arm::of_units(&values, &others)).unwrap().error().unwrap() / 2.0_f64.sqrt()
        * 4_000.0_f64.sqrt()
}

#[test]
fn means_of_rows_in_units_are_shown_as_often_as_planned() {
    let deviation = pilot(9, 0.4, |z| 200.0 * z);
    for aim in AIMS {
        let test = Test { aim, truth: truth(aim, 50.0), alpha: 0.025, power: POWER };
        let n = units(Scatter::Two { first: deviation, second: deviation, ratio: 1.0 }, test).unwrap().ceil() as usize;
        let got = showed(aim, |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let (a, of_a) = rows(&mut random, n, 9, 0.4, |z| test.truth + 200.0 * z);
            let (b, of_b) = rows(&mut random, n, 9, 0.4, |z| 200.0 * z);
            let at = mean_difference(&Arm::of_units(&a, &of_a), &Arm::of_units(&b, &of_b)).unwrap().interval(LEVEL);
            (at.low, at.high)
        });
        as_planned(&format!("means, {n} units a side: {aim:?}"), got);
    }
}

const SHARE_AIMS: [Aim; 3] = [Aim::Difference, Aim::NonInferiority { margin: 0.03 }, Aim::Equivalence { margin: 0.04 }];

fn yes(share: f64) -> impl Fn(f64) -> f64 {
    // So many of the standard normal lie below.
    let bound = qoe_statistics::normal_quantile(share).unwrap();
    move |z| f64::from(u8::from(z < bound))
}

#[test]
fn shares_are_shown_as_often_as_planned() {
    for aim in SHARE_AIMS {
        let (p, q) = (0.9 + truth(aim, 0.04), 0.9);
        let n = shares::rows(p, q, 1.0, aim, 0.025, POWER).unwrap().ceil() as usize;
        let got = showed(aim, |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let ((a, _), (b, _)) = (rows(&mut random, n, 1, 0.0, yes(p)), rows(&mut random, n, 1, 0.0, yes(q)));
            let at = share_difference(&Arm::new(&a), &Arm::new(&b)).unwrap().interval(LEVEL);
            (at.low, at.high)
        });
        as_planned(&format!("shares, {n} rows a side: {aim:?}"), got);
    }
}

#[test]
fn shares_of_rows_in_units_are_shown_as_often_as_planned() {
    // Rows of a unit, 1 to 9; the design effect is that of the pilot.
    let deviation = pilot(9, 0.5, yes(0.9));
    let effect = deviation * deviation * 5.0 / (0.9 * 0.1);
    for aim in SHARE_AIMS {
        let (p, q) = (0.9 + truth(aim, 0.04), 0.9);
        let units = (shares::rows(p, q, 1.0, aim, 0.025, POWER).unwrap() * effect / 5.0).ceil() as usize;
        let got = showed(aim, |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let (a, of_a) = rows(&mut random, units, 9, 0.5, yes(p));
            let (b, of_b) = rows(&mut random, units, 9, 0.5, yes(q));
            let at = share_difference(&Arm::of_units(&a, &of_a), &Arm::of_units(&b, &of_b)).unwrap().interval(LEVEL);
            (at.low, at.high)
        });
        as_planned(&format!("shares, {units} units a side, design effect {effect:.2}: {aim:?}"), got);
    }
}

#[test]
fn a_sound_sample_is_called_mismatched_once_in_a_thousand() {
    let seeds = 40_000;
    let draw = |seed: u64, share: f64| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let first = (0..10_000).filter(|_| random.random::<f64>() < share).count() as u64;
        goodness_of_fit(&[first, 10_000 - first], &[0.5, 0.5]).unwrap().p_value < 0.001
    };
    let false_alarms = parallel::map(seeds, |seed| draw(seed as u64, 0.5)).iter().filter(|called| **called).count();
    println!("sample ratio 50:50 over 10,000: called {false_alarms} times of {seeds}");
    // 40 expected; three standard errors of chance either way.
    assert!((21..=59).contains(&false_alarms), "{false_alarms} of {seeds}");
    let found = parallel::map(1_000, |seed| draw(1_000_000 + seed as u64, 0.48)).iter().filter(|called| **called).count();
    println!("sample ratio 48:52 over 10,000: found {found} times of 1000");
    assert!(goodness_of_fit(&[4_800, 5_200], &[0.5, 0.5]).unwrap().p_value < 0.001);
    // The expected statistic is 16 against a bound of 10.8: power 0.76.
    assert!((700..=820).contains(&found), "{found} of 1000");
}
