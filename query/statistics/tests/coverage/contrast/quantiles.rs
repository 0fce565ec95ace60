//! Quantiles by order statistics.

use qoe_statistics::contrast::quantile::quantile_difference;

use super::at95;
use super::worlds::{Delays, LARGE, Rows, SMALL, Sizes, UNEVEN, Units, random};

const FIRST: Delays = Delays { median: 120.0, spread: 0.6, between: 0.3 };
const SECOND: Delays = Delays { median: 100.0, spread: 0.8, between: 0.3 };
/// 1,500 and 9,000 rows.
const MANY: Units = Units { count: 250, sizes: Sizes::Skewed(6.0) };
const MOST: Units = Units { count: 1500, sizes: Sizes::Skewed(6.0) };

fn delays(seed: u64, units: Units) -> (Rows, Rows) {
    (FIRST.draw(&mut random(seed, 0), units), SECOND.draw(&mut random(seed, 1), units))
}

#[test]
fn quantiles_of_units_are_found() {
    for (name, units, q) in [
        ("p50 difference, 20 units of 8", SMALL, 0.5),
        ("p50 difference, 20 uneven", UNEVEN, 0.5),
        ("p50 difference, 300", LARGE, 0.5),
        ("p95 difference, 50 units of 4", Units { count: 50, sizes: Sizes::Same(4) }, 0.95),
        ("p95 difference, 250 uneven", MANY, 0.95),
        ("p95 difference, 1,500 uneven", MOST, 0.95),
        ("p99 difference, 1,500 uneven", MOST, 0.99),
    ] {
        at95(name, FIRST.quantile(q) - SECOND.quantile(q), |seed| {
            let (a, b) = delays(seed, units);
            quantile_difference(&a.arm(), &b.arm(), q)
        })
        .covers(0.93, 0.97);
    }
}

#[test]
fn equal_quantiles_are_not_called_different() {
    for (name, units, q) in
        [("equal p50, 20 units of 8", SMALL, 0.5), ("equal p95, 250 uneven", MANY, 0.95), ("equal p95, 1,500", MOST, 0.95)]
    {
        at95(name, 0.0, |seed| {
            let (a, b) = (FIRST.draw(&mut random(seed, 0), units), FIRST.draw(&mut random(seed, 1), units));
            quantile_difference(&a.arm(), &b.arm(), q)
        })
        .calls_nothing(0.0);
    }
}

/// Delays counted in steps of 50 ms, so that a tenth of all rows have the value of the quantile.
#[test]
fn ties_do_not_narrow_intervals() {
    let step = |value: f64| (value / 50.0).ceil() * 50.0;
    for (name, units, q) in [("tied p50, 20 units of 8", SMALL, 0.5), ("tied p95, 250 uneven", MANY, 0.95), ("tied p95, 1,500", MOST, 0.95)]
    {
        at95(name, step(FIRST.quantile(q)) - step(SECOND.quantile(q)), |seed| {
            let (a, b) = delays(seed, units);
            quantile_difference(&a.map(step).arm(), &b.map(step).arm(), q)
        })
        .covers_at_least();
    }
}
