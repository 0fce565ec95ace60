//! What taking rows for independent does, in the worlds where units are heeded.

use qoe_statistics::contrast::mean::mean_difference;
use qoe_statistics::contrast::quantile::quantile_difference;
use qoe_statistics::contrast::share::share_difference;
use qoe_statistics::contrast::{Contrast, ContrastError};

use super::interval;
use super::worlds::{LARGE, Rows, answers, random, scores};
use crate::harness::seeds;
use qoe_statistics::parallel;

/// How often nothing is called something, with units and without.
fn called(of: impl Fn(u64, bool) -> Result<Contrast, ContrastError> + Sync) -> [f64; 2] {
    [true, false].map(|heeded| {
        let calls = parallel::map(seeds(), |seed| interval(&of(seed as u64, heeded)).is_some_and(|estimate| estimate.excludes(0.0)));
        calls.iter().filter(|called| **called).count() as f64 / calls.len() as f64
    })
}

#[test]
fn rows_taken_for_independent_make_noise_look_certain() {
    type Of = fn(&Rows, &Rows, bool) -> Result<Contrast, ContrastError>;
    let arms =
        |of: Of| move |seed, heeded| of(&scores(&mut random(seed, 0), LARGE, 0.3), &scores(&mut random(seed, 1), LARGE, 0.3), heeded);
    let yes = |of: Of| {
        move |seed, heeded| of(&answers(&mut random(seed, 0), LARGE, 0.2, 0.3), &answers(&mut random(seed, 1), LARGE, 0.2, 0.3), heeded)
    };
    let worlds = [
        (
            "mean",
            called(arms(|a, b, heeded| if heeded { mean_difference(&a.arm(), &b.arm()) } else { mean_difference(&a.alone(), &b.alone()) })),
        ),
        (
            "median",
            called(arms(|a, b, heeded| {
                if heeded { quantile_difference(&a.arm(), &b.arm(), 0.5) } else { quantile_difference(&a.alone(), &b.alone(), 0.5) }
            })),
        ),
        (
            "share",
            called(yes(
                |a, b, heeded| if heeded { share_difference(&a.arm(), &b.arm()) } else { share_difference(&a.alone(), &b.alone()) },
            )),
        ),
    ];
    for (name, [heeded, ignored]) in worlds {
        println!(
            "nothing between two arms of 300 users: {name:<30} called {:5.1} %, rows taken for independent {:5.1} %",
            heeded * 100.0,
            ignored * 100.0
        );
        assert!(heeded < 0.08 && ignored > 0.15, "{name}: {heeded} and {ignored}");
    }
}
