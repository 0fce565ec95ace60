//! Users with rows in both arms, as where calls are given to vendors by chance, and not users: intervals must cover, and be no wider than what is left of
//! users in a difference.

use qoe_statistics::contrast::mean::mean_difference;
use qoe_statistics::contrast::ordinal::superiority;
use qoe_statistics::contrast::quantile::quantile_difference;
use qoe_statistics::contrast::share::share_difference;
use qoe_statistics::contrast::stratified::combined;
use qoe_statistics::contrast::time::{Times, log_rank, restricted_mean_difference};
use qoe_statistics::contrast::{Contrast, ContrastError};
use qoe_statistics::{Spells, normal_above, parallel};
use rand::RngExt;

use super::worlds::{LARGE, Random, Rows, SMALL, UNEVEN, Units, normal, random};
use super::{at95, interval};
use crate::harness::{Played, seeds};

/// What of the variance of a row lies between users.
const BETWEEN: f64 = 0.7;
/// How much better rows of the first arm are, in standard deviations of a row.
const BETTER: f64 = 0.3;
/// What the strata add to a row: a call's network, which differs from call to call.
const STRATA: [f64; 3] = [-0.6, 0.0, 0.9];

type Of = fn(&Rows, &Rows) -> Result<Contrast, ContrastError>;

/// Rows of users by arm and stratum: each row is given to an arm by chance, one in three to the first, and comes by one of the networks.
fn drawn(random: &mut Random, units: Units, better: f64, strata: &[f64]) -> Vec<[Rows; 2]> {
    let mut drawn = vec![<[Rows; 2]>::default(); strata.len()];
    for unit in 0..units.count as u32 {
        let like = BETWEEN.sqrt() * normal(random);
        for _ in 0..2 * units.sizes.draw(random) {
            let (arm, stratum) = (usize::from(random.random::<f64>() < 0.67), random.random_range(0..strata.len()));
            let shift = strata[stratum] + if arm == 0 { better } else { 0.0 };
            let rows = &mut drawn[stratum][arm];
            rows.values.push(shift + like + (1.0 - BETWEEN).sqrt() * normal(random));
            rows.units.push(unit);
        }
    }
    drawn
}

fn pooled(seed: u64, units: Units, better: f64, of: Of) -> Result<Contrast, ContrastError> {
    let [[first, second]] = &drawn(&mut random(seed, 0), units, better, &[0.0])[..] else { unreachable!("one stratum") };
    of(first, second)
}

/// Strata weighed alike, so that the truth is known.
fn stratified(seed: u64, units: Units, better: f64, of: Of) -> Result<Contrast, ContrastError> {
    let strata = drawn(&mut random(seed, 1), units, better, &STRATA);
    let parts: Vec<Contrast> = strata.iter().map(|[first, second]| of(first, second)).collect::<Result<_, _>>()?;
    combined(&parts.iter().map(|part| (1.0, part)).collect::<Vec<_>>())
}

fn means(a: &Rows, b: &Rows) -> Result<Contrast, ContrastError> {
    mean_difference(&a.arm(), &b.arm())
}

fn shares(a: &Rows, b: &Rows) -> Result<Contrast, ContrastError> {
    let yes = |rows: &Rows| rows.clone().map(|value| f64::from(u8::from(value > -1.0)));
    share_difference(&yes(a).arm(), &yes(b).arm())
}

fn scores(a: &Rows, b: &Rows) -> Result<Contrast, ContrastError> {
    let round = |rows: &Rows| rows.clone().map(|value| (value * 2.0).round());
    superiority(&round(a).arm(), &round(b).arm())
}

fn medians(a: &Rows, b: &Rows) -> Result<Contrast, ContrastError> {
    quantile_difference(&a.arm(), &b.arm(), 0.5)
}

const HORIZON: f64 = 2.0;

/// Lognormal times, some not watched to their end.
fn watched(rows: &Rows) -> (Vec<f64>, Vec<bool>) {
    let of = |(row, value): (usize, &f64)| {
        let (time, until) = (value.exp(), 1.0 + 3.0 * ((row * 31 % 17) as f64 / 17.0));
        (time.min(until), time <= until)
    };
    rows.values.iter().enumerate().map(of).unzip()
}

fn times(a: &Rows, b: &Rows) -> Result<Contrast, ContrastError> {
    let ((exit, event), (other_exit, other_event)) = (watched(a), watched(b));
    let first = Times { spells: Spells::new(&exit, &event)?, units: Some(&a.units) };
    let second = Times { spells: Spells::new(&other_exit, &other_event)?, units: Some(&b.units) };
    restricted_mean_difference(&first, &second, HORIZON)
}

/// The share of standard normal rows below.
fn below(value: f64) -> f64 {
    1.0 - normal_above(value)
}

/// The mean of the lognormal time up to the horizon, of rows about `middle`.
fn mean_until(middle: f64) -> f64 {
    let far = HORIZON.ln() - middle;
    (middle + 0.5).exp() * below(far - 1.0) + HORIZON * (1.0 - below(far))
}

fn over_strata(of: impl Fn(f64) -> f64) -> f64 {
    STRATA.iter().map(|shift| of(*shift)).sum::<f64>() / STRATA.len() as f64
}

struct World {
    name: &'static str,
    units: Units,
    of: Of,
    /// Whether within strata.
    within: bool,
    truth: f64,
}

fn worlds() -> Vec<World> {
    let share = |shift: f64| below(1.0 + shift + BETTER) - below(1.0 + shift);
    let time = |shift: f64| mean_until(shift + BETTER) - mean_until(shift);
    let world = |name, units, of, within, truth| World { name, units, of, within, truth };
    vec![
        world("shared users: mean, 20 of 16", SMALL, means, false, BETTER),
        world("shared users: mean, 20 uneven", UNEVEN, means, false, BETTER),
        world("shared users: mean, 300", LARGE, means, false, BETTER),
        world("shared users: share, 300", LARGE, shares, false, share(0.0)),
        world("shared users: time, 300", LARGE, times, false, time(0.0)),
        world("shared users: score, 300", LARGE, scores, false, score()),
        world("shared users: median, 300", LARGE, medians, false, BETTER),
        world("shared users: mean within strata, 20 of 16", SMALL, means, true, BETTER),
        world("shared users: mean within strata, 300", LARGE, means, true, BETTER),
        world("shared users: share within strata, 300", LARGE, shares, true, over_strata(share)),
        world("shared users: time within strata, 300", LARGE, times, true, over_strata(time)),
        world("shared users: score within strata, 300", LARGE, scores, true, score()),
        world("shared users: median within strata, 300 (conservative)", LARGE, medians, true, BETTER),
    ]
}

fn played(world: &World, better: f64, truth: f64) -> Played {
    at95(world.name, truth, |seed| {
        if world.within { stratified(seed, world.units, better, world.of) } else { pooled(seed, world.units, better, world.of) }
    })
}

/// How often a row of the first is the larger of two of different users, less a half: they differ by a normal number of variance 2, of which rounding to
/// halves takes next to nothing.
fn score() -> f64 {
    below(BETTER / 2.0_f64.sqrt()) - 0.5
}

#[test]
fn differences_of_users_in_both_arms_are_found() {
    for world in worlds() {
        // Order statistics of strata are bounded each by itself, and cover a little more than they say together.
        let most = if world.name.contains("conservative") { 0.985 } else { 0.97 };
        played(&world, BETTER, world.truth).covers(0.93, most);
    }
}

#[test]
fn users_in_both_arms_do_not_make_alike_arms_differ() {
    for world in worlds() {
        played(&world, 0.0, 0.0).calls_nothing(0.0);
    }
}

/// Of the same rows with users taken for others in the second arm: what must not be done.
#[test]
fn users_taken_for_others_make_intervals_too_wide() {
    let ratios = parallel::map(seeds().min(300), |seed| {
        let [[first, second]] = &drawn(&mut random(seed as u64, 0), LARGE, 0.0, &[0.0])[..] else { unreachable!("one stratum") };
        let other = Rows { units: second.units.iter().map(|unit| unit + 10_000).collect(), ..second.clone() };
        let (shared, apart) = (means(first, second), means(first, &other));
        let covers = interval(&apart).is_some_and(|estimate| !estimate.excludes(0.0));
        (shared.unwrap().error().unwrap() / apart.unwrap().error().unwrap(), covers)
    });
    let n = ratios.len() as f64;
    let (mean, covered) = (ratios.iter().map(|of| of.0).sum::<f64>() / n, ratios.iter().filter(|of| of.1).count() as f64 / n);
    println!("shared users taken for others: covers {:.1} %, and their interval is {mean:.2} of that", covered * 100.0);
    assert!(mean < 0.75 && covered > 0.97, "{mean} and {covered}");
}

#[test]
fn hazards_of_users_in_both_arms_are_not_called_different() {
    let called = parallel::map(seeds(), |seed| {
        let [[a, b]] = &drawn(&mut random(seed as u64, 0), LARGE, 0.0, &[0.0])[..] else { unreachable!("one stratum") };
        let ((exit, event), (other_exit, other_event)) = (watched(a), watched(b));
        let first = Times { spells: Spells::new(&exit, &event).unwrap(), units: Some(&a.units) };
        let second = Times { spells: Spells::new(&other_exit, &other_event).unwrap(), units: Some(&b.units) };
        assert!(log_rank(&first, &first).is_err(), "an arm beside itself leaves no error");
        log_rank(&first, &second).unwrap() < 0.05
    });
    let share = called.iter().filter(|called| **called).count() as f64 / called.len() as f64;
    println!("shared users: log-rank of alike arms called {:.1} %", share * 100.0);
    assert!((0.02..0.09).contains(&share), "{share}");
}
