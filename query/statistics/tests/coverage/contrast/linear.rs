//! Means, shares and quotients.

use qoe_statistics::contrast::mean::{mean_difference, mean_ratio};
use qoe_statistics::contrast::ratio::{Parts, ratio_difference, ratio_of_ratios};
use qoe_statistics::contrast::share::share_difference;
use qoe_statistics::contrast::{Contrast, ContrastError};

use rand::RngExt;

use super::at95;
use super::worlds::{Delays, LARGE, Random, Rows, SMALL, Sizes, UNEVEN, Units, answers, gamma, random, rows};

const FIRST: Delays = Delays { median: 120.0, spread: 0.6, between: 0.3 };
const SECOND: Delays = Delays { median: 100.0, spread: 0.8, between: 0.3 };

fn delays(seed: u64, units: Units) -> (Rows, Rows) {
    (FIRST.draw(&mut random(seed, 0), units), SECOND.draw(&mut random(seed, 1), units))
}

#[test]
fn means_of_units_are_found() {
    let truth = FIRST.mean() - SECOND.mean();
    for (name, units) in [("mean difference, 20 units", SMALL), ("mean difference, 20 uneven", UNEVEN), ("mean difference, 300", LARGE)] {
        at95(name, truth, |seed| {
            let (a, b) = delays(seed, units);
            mean_difference(&a.arm(), &b.arm())
        })
        .covers(0.93, 0.97);
    }
    for (name, units) in [("mean ratio, 20 units", SMALL), ("mean ratio, 20 uneven", UNEVEN), ("mean ratio, 300", LARGE)] {
        at95(name, FIRST.mean() / SECOND.mean(), |seed| {
            let (a, b) = delays(seed, units);
            mean_ratio(&a.arm(), &b.arm())
        })
        .covers(0.93, 0.97);
    }
}

/// A quarter of the users make most of the calls, and have the worse network.
#[test]
fn heavy_users_count_by_their_rows() {
    let draw = |random: &mut Random, count: usize, heavy: f64| {
        let mut all = Rows::default();
        for unit in 0..count as u32 {
            let (calls, level) = if random.random_bool(0.25) { (12.0, heavy) } else { (3.0, 100.0) };
            let own = gamma(random, 8.0, level);
            for _ in 0..Sizes::Skewed(calls).draw(random) {
                all.values.push(own * gamma(random, 2.0, 1.0));
                all.units.push(unit);
            }
        }
        all
    };
    let mean = |heavy: f64| (12.0 * 0.25 * heavy + 3.0 * 0.75 * 100.0) / (12.0 * 0.25 + 3.0 * 0.75);
    for (name, count) in [("heavy users, mean difference, 40", 40), ("heavy users, mean difference, 300", 300)] {
        at95(name, mean(170.0) - mean(140.0), |seed| {
            mean_difference(&draw(&mut random(seed, 0), count, 170.0).arm(), &draw(&mut random(seed, 1), count, 140.0).arm())
        })
        .covers(0.93, 0.97);
    }
}

#[test]
fn equal_means_are_not_called_different() {
    for (name, units) in [("equal means, 20 units", SMALL), ("equal means, 20 uneven", UNEVEN), ("equal means, 300", LARGE)] {
        at95(name, 0.0, |seed| {
            let (a, b) = (SECOND.draw(&mut random(seed, 0), units), SECOND.draw(&mut random(seed, 1), units));
            mean_difference(&a.arm(), &b.arm())
        })
        .calls_nothing(0.0);
    }
}

/// Shares of the first and the second, and the correlation of rows of a unit.
fn shares(units: Units, first: f64, second: f64, between: f64) -> impl Fn(u64) -> Result<Contrast, ContrastError> {
    move |seed| {
        let a = answers(&mut random(seed, 0), units, first, between);
        let b = answers(&mut random(seed, 1), units, second, between);
        share_difference(&a.arm(), &b.arm())
    }
}

#[test]
fn shares_of_units_are_found() {
    for (name, units) in
        [("share 0.7 less 0.5, 20 units", SMALL), ("share 0.7 less 0.5, 20 uneven", UNEVEN), ("share 0.7 less 0.5, 300", LARGE)]
    {
        at95(name, 0.7 - 0.5, shares(units, 0.7, 0.5, 0.2)).covers(0.93, 0.97);
    }
    for (name, first, second, between) in [
        ("share 0.99 less 0.95, 300", 0.99, 0.95, 0.2),
        ("share 0.95 less 0.9, 300, much alike", 0.95, 0.9, 0.3),
        ("share 0.3 twice, 300, half alike", 0.3, 0.3, 0.5),
        ("share 0.98 twice, 300, hardly alike", 0.98, 0.98, 0.02),
    ] {
        at95(name, first - second, shares(LARGE, first, second, between)).covers(0.93, 0.97);
    }
}

/// Of 20 users hardly any has a failure, so that the users' scatter says little: intervals are wide, and hold.
#[test]
fn rare_shares_are_not_overstated() {
    for (name, units) in
        [("share 0.03 less 0.02, 20 units", SMALL), ("share 0.03 less 0.02, 20 uneven", UNEVEN), ("share 0.03 less 0.02, 300", LARGE)]
    {
        at95(name, 0.03 - 0.02, shares(units, 0.03, 0.02, 0.2)).covers_at_least();
    }
    for (name, units) in [("share 0.98 twice, 20 units", SMALL), ("share 0.98 twice, 20 uneven", UNEVEN), ("share 0.98 twice, 300", LARGE)]
    {
        at95(name, 0.0, shares(units, 0.98, 0.98, 0.2)).calls_nothing(0.0);
    }
}

/// Seconds frozen of seconds watched.
struct Watched {
    frozen: Rows,
    watched: Vec<f64>,
}

impl Watched {
    fn draw(random: &mut Random, units: Units, rate: f64) -> Watched {
        let unit = |random: &mut Random| (gamma(random, 1.5, rate), gamma(random, 2.0, 600.0));
        let mut both = rows(random, units, unit, |random, (rate, long)| {
            // Two numbers in one: seconds watched, and the share of them frozen in the fraction.
            let watched = gamma(random, 1.0, *long).floor() + 1.0;
            watched + (rate * gamma(random, 1.0, 1.0)).min(0.999)
        });
        let watched: Vec<f64> = both.values.iter().map(|value| value.floor()).collect();
        both.values.iter_mut().for_each(|value| *value = value.fract() * value.floor());
        Watched { frozen: both, watched }
    }

    fn parts(&self) -> Parts<'_> {
        Parts { above: &self.frozen.values, below: &self.watched, units: Some(&self.frozen.units) }
    }
}

#[test]
fn quotients_of_units_are_found() {
    let large = Units { count: 300, sizes: Sizes::Skewed(4.0) };
    let sides = |seed, units| (Watched::draw(&mut random(seed, 0), units, 0.012), Watched::draw(&mut random(seed, 1), units, 0.01));
    for (name, units) in
        [("quotient difference, 20 units", SMALL), ("quotient difference, 20 uneven", UNEVEN), ("quotient difference, 300", large)]
    {
        at95(name, 0.002, |seed| {
            let (a, b) = sides(seed, units);
            ratio_difference(&a.parts(), &b.parts())
        })
        .covers(0.93, 0.97);
    }
    for (name, units) in [("quotient ratio, 20 units", SMALL), ("quotient ratio, 20 uneven", UNEVEN), ("quotient ratio, 300", large)] {
        at95(name, 1.2, |seed| {
            let (a, b) = sides(seed, units);
            ratio_of_ratios(&a.parts(), &b.parts())
        })
        .covers(0.93, 0.97);
    }
}
