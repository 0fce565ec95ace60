//! Units resampled.

use qoe_statistics::contrast::bootstrap::{self, Question, draws};
use qoe_statistics::contrast::{Contrast, ContrastError, Ordered};

use super::at95;
use super::worlds::{Delays, LARGE, Rows, SMALL, Sizes, UNEVEN, Units, random};

const FIRST: Delays = Delays { median: 120.0, spread: 0.6, between: 0.3 };
const SECOND: Delays = Delays { median: 100.0, spread: 0.8, between: 0.3 };
const MANY: Units = Units { count: 250, sizes: Sizes::Skewed(6.0) };

fn delays(seed: u64, units: Units) -> (Rows, Rows) {
    (FIRST.draw(&mut random(seed, 0), units), SECOND.draw(&mut random(seed, 1), units))
}

fn quantile(a: &Rows, b: &Rows, q: f64, seed: u64) -> Result<Contrast, ContrastError> {
    let (a, b) = (Ordered::of(&a.arm())?, Ordered::of(&b.arm())?);
    let one = |of: &Ordered, seed: u64| Ok::<_, ContrastError>(draws(&[Question::Quantile { of, q }], seed, 500)?.remove(0));
    bootstrap::difference(&one(&a, 2 * seed)?, &one(&b, 2 * seed + 1)?)
}

#[test]
fn resampled_quantiles_are_found() {
    // With 20 units the expanded percentiles cover a little more than they say.
    for (name, units, q, most) in [
        ("bootstrap p50 difference, 20 units of 8 (conservative)", SMALL, 0.5, 0.985),
        ("bootstrap p50 difference, 20 uneven (conservative)", UNEVEN, 0.5, 0.985),
        ("bootstrap p50 difference, 300", LARGE, 0.5, 0.97),
        ("bootstrap p95 difference, 50 units of 4", Units { count: 50, sizes: Sizes::Same(4) }, 0.95, 0.97),
        ("bootstrap p95 difference, 250 uneven", MANY, 0.95, 0.97),
    ] {
        at95(name, FIRST.quantile(q) - SECOND.quantile(q), |seed| {
            let (a, b) = delays(seed, units);
            quantile(&a, &b, q, seed)
        })
        .covers(0.93, most);
    }
}

#[test]
fn resampled_means_are_found() {
    for (name, units) in
        [("bootstrap mean ratio, 20 units of 8", SMALL), ("bootstrap mean ratio, 20 uneven", UNEVEN), ("bootstrap mean ratio, 300", LARGE)]
    {
        at95(name, FIRST.mean() / SECOND.mean(), |seed| {
            let (a, b) = delays(seed, units);
            let one = |of: &Rows, seed| Ok::<_, ContrastError>(draws(&[Question::Mean(of.arm())], seed, 500)?.remove(0));
            bootstrap::ratio(&one(&a, 2 * seed)?, &one(&b, 2 * seed + 1)?)
        })
        .covers(0.93, 0.97);
    }
}
