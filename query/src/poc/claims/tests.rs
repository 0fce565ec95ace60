//! Claims that are true of several vendors.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{ClaimsQuestion, Verdict, parse_claim};
use crate::frame::{Column, Frame};
use crate::poc::spec::Columns;
use crate::statistics::Confidence;

/// The share of worlds in which any of three vendors' verdicts is this, of a claim that lies at the truth of all.
fn told(verdict: Verdict, worlds: u64) -> f64 {
    let question = ClaimsQuestion {
        claims: vec![parse_claim("x mean <= 0.5").unwrap()],
        columns: Columns { arm: "vendor".into(), unit: None, pair: None, strata: Vec::new(), time: None, session: None },
        condition: None,
        level: Confidence::P95,
    };
    let told = |seed: &u64| {
        let mut dice = ChaCha8Rng::seed_from_u64(*seed);
        let codes = (0..240).map(|row| row % 3).collect();
        let labels = ["a", "b", "c"].map(str::to_owned).to_vec();
        let values = (0..240).map(|_| dice.random::<f64>()).collect();
        let frame = Frame::of(vec![("vendor".into(), Column::Category { codes, labels }), ("x".into(), Column::Number(values))]);
        question.answer(&frame, None).claims[0].arms.iter().any(|arm| arm.verdict == verdict)
    };
    (0..worlds).filter(told).count() as f64 / worlds as f64
}

/// Without a correction over vendors it is some 7 %.
#[test]
fn three_vendors_of_whom_a_claim_is_true_contradict_or_support_it_no_more_often_than_one() {
    let (worlds, side) = (2_000_u64, 0.025_f64);
    let chance = 3.0 * (side * (1.0 - side) / worlds as f64).sqrt();
    for verdict in [Verdict::Contradicted, Verdict::Supported] {
        let share = told(verdict, worlds);
        assert!(share <= side + chance, "{verdict:?} in {share} of worlds");
    }
}
