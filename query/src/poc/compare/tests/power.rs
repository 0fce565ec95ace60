//! POCs of as many users as are planned for: is a difference as large as the margin told as often as the plan says?
//!
//! Long by `QOE_SIMULATED_POCS`, as in `simulated.rs`.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::simulated::{about, normal};
use super::world::{Rows, asked, judged};
use crate::poc::compare::CompareQuestion;
use crate::poc::plan::PlanQuestion;
use crate::statistics::normal_quantile;
use crate::statistics::verdict::Shown;

/// What the second vendor is worse by: the margins.
const DELAY: f64 = 25.0;
const JOINED: f64 = 0.06;

/// Users of one to eight calls of one vendor, whose habits are half of the scatter; the second vendor has longer delays and fewer joins where `planted`.
fn rows(seed: u64, users: usize, planted: bool) -> Rows {
    let mut dice = ChaCha8Rng::seed_from_u64(8_000_000 + seed);
    let mut rows = Rows::default();
    for user in 0..users {
        for (vendor, worse) in [("A", 0.0), ("B", f64::from(u8::from(planted)))] {
            let habit = normal(&mut dice);
            for _ in 0..dice.random_range(1..9) {
                let delay = 400.0 + 70.0 * habit + 70.0 * normal(&mut dice) + DELAY * worse;
                // Nearer to a half, where shares scatter more: as the plan has it.
                let bound = normal_quantile(0.84 - JOINED * worse).unwrap_or(0.0);
                let joined = f64::from(u8::from((habit + normal(&mut dice)) / 2.0_f64.sqrt() < bound));
                rows.push(vendor, &format!("{vendor}{user}"), "", &[("delay", delay), ("joined", joined)]);
            }
        }
    }
    rows
}

#[test]
fn differences_are_told_as_often_as_is_planned() {
    let margins = [("delay", DELAY), ("joined", JOINED)];
    for (metric, name) in [("delay:lower", "mean"), ("joined:higher:share", "share"), ("delay:lower:p75", "p75")] {
        let margin: Vec<(&str, f64)> = margins.into_iter().filter(|(name, _)| metric.starts_with(name)).collect();
        let question = || asked(&[metric], &margin);
        // As of a record so long that what it says of the scatter is as good as true.
        let plan = PlanQuestion { poc: question().poc, assumed: Vec::new(), per_day: None, condition: None };
        let plan = plan.plan(Some(&rows(0, 4_000, false).frame())).unwrap();
        let users = plan.metrics[0].planned.as_ref().unwrap().difference.alone.as_ref().unwrap().per_arm[0] as usize;
        let told = |question: &CompareQuestion, seed: u64| judged(&question.of(&rows(1 + seed, users, true))).verdict() == Shown::Better;
        about(&format!("a difference of the margin, {users} users a vendor planned for 80 %: {name}"), 0.8, 0.03, |seed| {
            told(&question(), seed)
        });
    }
}
