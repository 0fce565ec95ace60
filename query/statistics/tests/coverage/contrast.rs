//! Two arms whose rows come in units that differ: is what was planted between them found again, as often as intervals say?

mod bootstrapped;
mod independent;
mod linear;
mod others;
mod quantiles;
mod shared;
mod worlds;

use qoe_statistics::contrast::{Contrast, ContrastError};
use qoe_statistics::{Confidence, Estimate};

use crate::harness::{Played, Trial, play};

/// Plays a world at 95 %; what cannot be told counts as no estimate.
fn at95(name: &'static str, truth: f64, of: impl Fn(u64) -> Result<Contrast, ContrastError> + Sync) -> Played {
    play(name, |seed| Trial { truth, estimate: interval(&of(seed)) })
}

fn interval(of: &Result<Contrast, ContrastError>) -> Option<Estimate> {
    of.as_ref().ok().map(|contrast| contrast.interval(Confidence::P95))
}
