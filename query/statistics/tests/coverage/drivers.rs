//! What moves satisfaction: bins, knees, curves and drivers in worlds where it is known.

use qoe_statistics::dose_response::{Bins, Outcome, Request};
use qoe_statistics::drivers::{Answers, Measure, Options};
use qoe_statistics::iqx::Curve;
use qoe_statistics::knee::{Found, Question};
use qoe_statistics::{
    Confidence, Covariate, Design, Driver, Estimate, Findings, Iqx, Knee, Pairs, dose_response, drivers, iqx, knee, normal_quantile,
    parallel,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::{Trial, play, seeds};

fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    normal_quantile(random.random::<f64>() + f64::EPSILON / 4.0).unwrap_or(0.0)
}

fn yes(random: &mut ChaCha8Rng, probability: f64) -> f64 {
    f64::from(u8::from(random.random_bool(probability)))
}

/// Round trips of a few hundred milliseconds, with a long tail.
fn rtt(random: &mut ChaCha8Rng) -> f64 {
    90.0 * (0.6 * normal(random)).exp()
}

/// A world at every seed, for several figures of it.
fn once<T: Send>(world: impl Fn(u64) -> T + Sync) -> Vec<T> {
    parallel::map(seeds(), |seed| world(seed as u64))
}

const BIN: [f64; 2] = [80.0, 160.0];

fn first_bin(pairs: &Pairs<'_>, outcome: Outcome) -> Option<Estimate> {
    let request = Request { outcome, bins: Bins::Edges(&BIN), direction: None, level: Confidence::P95 };
    dose_response(pairs, &request).unwrap().bins[0].outcome
}

/// Scores whose mean does not depend on where in the bin the measure lies.
#[test]
fn the_mean_score_of_a_bin_is_covered() {
    play("dose-response: mean score of a bin", |seed| {
        let mut random = random(seed);
        let x: Vec<f64> = (0..150).map(|_| rtt(&mut random)).collect();
        let y: Vec<f64> = x.iter().map(|_| f64::from(random.random_range(1..=5_u8))).collect();
        Trial { truth: 3.0, estimate: first_bin(&Pairs::new(&x, &y), Outcome::Score) }
    })
    .covers_as_it_says();
}

/// Users who come back or not by habit, several calls each.
#[test]
fn the_share_of_a_bin_is_covered_though_users_repeat_themselves() {
    play("dose-response: share of a bin, users with many rows", |seed| {
        let mut random = random(seed);
        let (mut x, mut y, mut users) = (Vec::new(), Vec::new(), Vec::new());
        for user in 0..150 {
            let habit = if random.random_bool(0.5) { 0.9 } else { 0.5 };
            for _ in 0..random.random_range(1..8) {
                x.push(rtt(&mut random));
                y.push(yes(&mut random, habit));
                users.push(user);
            }
        }
        let pairs = Pairs { users: Some(&users), ..Pairs::new(&x, &y) };
        Trial { truth: 0.7, estimate: first_bin(&pairs, Outcome::YesNo) }
    })
    .covers_as_it_says();
}

/// The delighted answer three times as often as they should; their weights take that back.
#[test]
fn the_weighted_share_of_a_bin_is_covered() {
    play("dose-response: weighted share of a bin", |seed| {
        let mut random = random(seed);
        let (mut x, mut y, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        while x.len() < 300 {
            let device_old = random.random_bool(0.5);
            let answered = random.random_bool(if device_old { 0.2 } else { 0.6 });
            let (rtt, returned) = (rtt(&mut random), yes(&mut random, if device_old { 0.4 } else { 0.8 }));
            if answered {
                x.push(rtt);
                y.push(returned);
                weights.push(if device_old { 5.0 } else { 5.0 / 3.0 });
            }
        }
        let pairs = Pairs { weights: Some(&weights), ..Pairs::new(&x, &y) };
        Trial { truth: 0.6, estimate: first_bin(&pairs, Outcome::YesNo) }
    })
    .covers_as_it_says();
}

fn found(pairs: &Pairs<'_>, seed: u64) -> Option<Found> {
    match knee(pairs, &Question { seed, ..Question::default() }).unwrap() {
        Knee::Found(found) => Some(*found),
        Knee::NotFound { .. } => None,
    }
}

/// What is claimed excludes 0, what is not does not: so that claims are counted.
fn claimed(claimed: bool) -> Trial {
    let claimed = f64::from(u8::from(claimed));
    Trial { truth: 0.0, estimate: Some(Estimate { value: claimed, low: claimed, high: claimed, n: 1 }) }
}

fn claim(pairs: &Pairs<'_>, seed: u64) -> Trial {
    claimed(found(pairs, seed).is_some())
}

/// Scores that fall from 150 ms on, scattered more where it is bad.
fn bent_scores(seed: u64, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = random(seed);
    let x: Vec<f64> = (0..n).map(|_| 300.0 * random.random::<f64>()).collect();
    let y = x.iter().map(|x| 4.5 - 0.012 * (x - 150.0).max(0.0) + (0.5 + x / 500.0) * normal(&mut random)).collect();
    (x, y)
}

#[test]
fn a_planted_knee_is_covered_with_its_slopes() {
    let all = once(|seed| {
        let (x, y) = bent_scores(seed, 3_000);
        found(&Pairs::new(&x, &y), seed)
    });
    let trial = |truth: f64, figure: fn(&Found) -> Estimate| {
        let all = &all;
        move |seed: u64| Trial { truth, estimate: all[seed as usize].as_ref().map(figure) }
    };
    play("knee: its place, 3,000 scores of unequal scatter", trial(150.0, |found| found.at)).covers_as_it_says();
    play("knee: slope before, 3,000 scores", trial(0.0, |found| found.slope_before)).covers_as_it_says();
    play("knee: slope after, 3,000 scores", trial(-0.012, |found| found.slope_after)).covers_as_it_says();
    play("knee: height, 3,000 scores", trial(4.5, |found| found.height)).covers_as_it_says();
}

#[test]
fn a_planted_knee_of_a_share_is_covered() {
    play("knee: its place, 8,000 yes or no", |seed| {
        let mut random = random(seed);
        let x: Vec<f64> = (0..8000).map(|_| 300.0 * random.random::<f64>()).collect();
        let y: Vec<f64> = x.iter().map(|x| yes(&mut random, 0.85 - 0.004 * (x - 150.0).max(0.0))).collect();
        Trial { truth: 150.0, estimate: found(&Pairs::new(&x, &y), seed).map(|found| found.at) }
    })
    .covers_as_it_says();
}

/// Each user has calls on a network of their own and a mood of their own.
fn moods(seed: u64, bend: f64) -> (Vec<f64>, Vec<f64>, Vec<u32>) {
    let mut random = random(seed);
    let (mut x, mut y, mut users) = (Vec::new(), Vec::new(), Vec::new());
    for user in 0..1_500 {
        let (network, mood) = (240.0 * random.random::<f64>(), 0.5 * normal(&mut random));
        for _ in 0..random.random_range(1..8) {
            let rtt = network + 60.0 * random.random::<f64>();
            x.push(rtt);
            y.push(4.5 - 0.003 * rtt - bend * (rtt - 150.0).max(0.0) + mood + 0.4 * normal(&mut random));
            users.push(user);
        }
    }
    (x, y, users)
}

#[test]
fn a_gradual_bend_is_no_knee() {
    let world = |name, bend: fn(f64) -> f64| {
        play(name, |seed| {
            let mut random = random(seed);
            let x: Vec<f64> = (0..1_200).map(|_| 300.0 * random.random::<f64>()).collect();
            let y: Vec<f64> = x.iter().map(|x| bend(*x) + 0.7 * normal(&mut random)).collect();
            claimed(found(&Pairs::new(&x, &y), seed).is_some())
        })
        .calls_nothing(0.0);
    };
    world("knee: none in a parabola", |x| 4.8 - 1.5 * (x / 300.0).powi(2));
    world("knee: none where it levels off", |x| 2.0 + 2.5 * (-x / 80.0).exp());
    world("knee: none in an s", |x| 2.0 + 2.5 / (1.0 + ((x - 150.0) / 40.0).exp()));
    world("knee: none in a hinge that is rounded off", |x| 4.8 - 0.3 * (1.0 + ((x - 150.0) / 50.0).exp()).ln());
}

#[test]
fn a_planted_knee_is_covered_though_users_repeat_themselves() {
    play("knee: its place, 1,500 users of many rows", |seed| {
        let (x, y, users) = moods(seed, 0.015);
        let pairs = Pairs { users: Some(&users), ..Pairs::new(&x, &y) };
        Trial { truth: 150.0, estimate: found(&pairs, seed).map(|found| found.at) }
    })
    .covers_as_it_says();
}

#[test]
fn a_straight_line_has_no_knee() {
    play("knee: none in a straight line, 200 skewed rows", |seed| {
        let mut random = random(seed);
        let x: Vec<f64> = (0..200).map(|_| rtt(&mut random)).collect();
        let y: Vec<f64> = x.iter().map(|x| 4.5 - 0.004 * x + 0.5 * normal(&mut random)).collect();
        claim(&Pairs::new(&x, &y), seed)
    })
    .calls_nothing(0.0);
    play("knee: none in a straight line, unequal scatter", |seed| {
        let mut random = random(seed);
        let x: Vec<f64> = (0..400).map(|_| 300.0 * random.random::<f64>()).collect();
        let y: Vec<f64> = x.iter().map(|x| 4.5 - 0.004 * x + (0.1 + (x / 200.0).powi(2)) * normal(&mut random)).collect();
        claim(&Pairs::new(&x, &y), seed)
    })
    .calls_nothing(0.0);
    play("knee: none in a straight share", |seed| {
        let mut random = random(seed);
        let x: Vec<f64> = (0..1000).map(|_| 300.0 * random.random::<f64>()).collect();
        let y: Vec<f64> = x.iter().map(|x| yes(&mut random, 0.97 - 0.001 * x)).collect();
        claim(&Pairs::new(&x, &y), seed)
    })
    .calls_nothing(0.0);
    play("knee: none in a straight line, users of many rows", |seed| {
        let (x, y, users) = moods(seed, 0.0);
        claim(&Pairs { users: Some(&users), ..Pairs::new(&x, &y) }, seed)
    })
    .calls_nothing(0.0);
}

/// People in a mood of their own, on a network that goes with both their round trips and their satisfaction.
struct People {
    rtt: Vec<f64>,
    jitter: Vec<f64>,
    network: Vec<u32>,
    device: Vec<f64>,
    outcome: Vec<f64>,
    users: Vec<u32>,
}

/// Log-odds of a higher score for one millisecond.
const PER_MS: f64 = -0.006;
const CUTS: [f64; 4] = [-3.0, -2.0, -1.0, 0.5];

/// How many calls each user rates.
#[derive(Clone, Copy)]
enum Calls {
    One,
    Many,
}

fn people(seed: u64, n: usize, calls: Calls, score: impl Fn(f64) -> f64) -> People {
    let mut random = random(seed);
    let mut people = People { rtt: vec![], jitter: vec![], network: vec![], device: vec![], outcome: vec![], users: vec![] };
    for user in 0..n as u32 {
        let cellular = random.random_bool(0.4);
        let device = normal(&mut random);
        let (calls, mood) = match calls {
            Calls::One => (1, 0.0),
            Calls::Many => (random.random_range(1..6), 1.5 * normal(&mut random)),
        };
        for _ in 0..calls {
            let rtt = rtt(&mut random) * if cellular { 1.8 } else { 1.0 };
            let share = random.random::<f64>() + f64::EPSILON / 4.0;
            let noise = (share / (1.0 - share)).ln();
            let latent = PER_MS * rtt - if cellular { 0.8 } else { 0.0 } + 0.5 * device + mood + noise;
            people.outcome.push(score(latent));
            people.jitter.push(0.3 * rtt + 15.0 * normal(&mut random));
            people.rtt.push(rtt);
            people.network.push(u32::from(cellular));
            people.device.push(device);
            people.users.push(user);
        }
    }
    people
}

fn score(latent: f64) -> f64 {
    1.0 + CUTS.iter().filter(|cut| latent > **cut).count() as f64
}

fn satisfied(latent: f64) -> f64 {
    f64::from(u8::from(latent > CUTS[2]))
}

fn driver(people: &People, measure: &str, clustered: bool) -> Option<Driver> {
    let labels = ["wifi".to_owned(), "cellular".to_owned()];
    let covariates = [
        Covariate::numeric("rtt", &people.rtt),
        Covariate::numeric("jitter", &people.jitter),
        Covariate::category("network", &people.network, &labels),
        Covariate::numeric("device", &people.device),
    ];
    let design = Design::new(people.rtt.len(), &covariates).unwrap();
    let users = clustered.then_some(people.users.as_slice());
    let answers = Answers { design: &design, outcome: &people.outcome, weights: None, users };
    let measures = [Measure { name: "rtt", step: 100.0 }, Measure { name: "jitter", step: 10.0 }];
    match drivers(&answers, &measures, Options::default()).unwrap().findings {
        Findings::Estimated(all) => all.into_iter().find(|driver| driver.measure == measure),
        Findings::Penalised { .. } => None,
    }
}

/// What 100 ms more go with, among very many people.
fn truth(step: f64, cuts: &[f64]) -> f64 {
    let people = people(99, 300_000, Calls::One, |latent| latent);
    let mean = |sum: f64| cuts.iter().map(|cut| 1.0 / (1.0 + (cut - sum).exp())).sum::<f64>();
    let difference = |i: usize| {
        let sum = PER_MS * people.rtt[i] - 0.8 * f64::from(people.network[i]) + 0.5 * people.device[i];
        mean(sum + PER_MS * step) - mean(sum)
    };
    (0..people.rtt.len()).map(difference).sum::<f64>() / people.rtt.len() as f64
}

#[test]
fn the_price_of_a_step_is_covered_despite_confounding() {
    let points = truth(100.0, &CUTS);
    let all = once(|seed| driver(&people(seed, 500, Calls::One, score), "rtt", false).unwrap());
    play("drivers: log-odds per deviation, 500 scores, confounded", |seed| {
        let driver = &all[seed as usize];
        Trial { truth: PER_MS * driver.deviation, estimate: Some(driver.per_deviation) }
    })
    .covers_as_it_says();
    play("drivers: points per 100 ms, 500 scores, confounded", |seed| Trial { truth: points, estimate: Some(all[seed as usize].per_step) })
        .covers_as_it_says();
    let share = truth(100.0, &CUTS[2..3]);
    play("drivers: share per 100 ms, 600 yes or no, confounded", |seed| {
        let driver = driver(&people(seed, 600, Calls::One, satisfied), "rtt", false);
        Trial { truth: share, estimate: driver.map(|driver| driver.per_step) }
    })
    .covers_as_it_says();
}

#[test]
fn a_measure_that_goes_with_nothing_is_not_called() {
    play("drivers: jitter that only goes with the round trip", |seed| {
        let driver = driver(&people(seed, 500, Calls::One, score), "jitter", false);
        Trial { truth: 0.0, estimate: driver.map(|driver| driver.per_step) }
    })
    .covers_as_it_says()
    .calls_nothing(0.0);
    play("drivers: the same, 200 users of many answers", |seed| {
        let driver = driver(&people(seed, 200, Calls::Many, score), "jitter", true);
        Trial { truth: 0.0, estimate: driver.map(|driver| driver.per_step) }
    })
    .covers_as_it_says()
    .calls_nothing(0.0);
}

#[test]
fn a_planted_exponential_is_covered() {
    let all = once(|seed| {
        let mut random = random(seed);
        let x: Vec<f64> = (0..250).map(|_| 6.0 * random.random::<f64>()).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 * (-0.7 * x).exp() + 1.5 + (0.3 + x / 10.0) * normal(&mut random)).collect();
        match iqx(&Pairs::new(&x, &y), Confidence::P95).unwrap() {
            Iqx::Fitted(curve) => Some(*curve),
            Iqx::NotFitting { .. } => None,
        }
    });
    let trial = |truth: f64, figure: fn(&Curve) -> Estimate| {
        let all = &all;
        move |seed: u64| Trial { truth, estimate: all[seed as usize].as_ref().map(figure) }
    };
    // The interval of alpha is over all betas that fit, which is a little wide.
    play("iqx: alpha, 250 scores of unequal scatter", trial(3.0, |curve| curve.alpha)).covers_at_least();
    play("iqx: beta, 250 scores of unequal scatter", trial(0.7, |curve| curve.beta)).covers_as_it_says();
    play("iqx: gamma, 250 scores of unequal scatter", trial(1.5, |curve| curve.gamma)).covers_as_it_says();
}

#[test]
fn a_straight_line_is_no_exponential() {
    play("iqx: none fitted to a straight line of 250 scores", |seed| {
        let mut random = random(seed);
        let x: Vec<f64> = (0..250).map(|_| 6.0 * random.random::<f64>()).collect();
        let y: Vec<f64> = x.iter().map(|x| 4.5 - 0.4 * x + 0.6 * normal(&mut random)).collect();
        claimed(matches!(iqx(&Pairs::new(&x, &y), Confidence::P95).unwrap(), Iqx::Fitted(_)))
    })
    .calls_nothing(0.0);
}
