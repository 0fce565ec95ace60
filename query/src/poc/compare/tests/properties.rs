//! What must hold of every comparison, whatever the rows.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::world::{Rows, asked, first, judged};
use crate::poc::compare::CompareAnswer;
use crate::statistics::Estimate;

const METRICS: [&str; 6] = [
    "mean=delay:lower",
    "p90=delay:lower:p90",
    "joined:higher:share",
    "freeze:lower:ratio/watched",
    "rating:higher:ordinal",
    "stay=watched:higher:time/left",
];

/// Whose calls the vendors have.
#[derive(Clone, Copy)]
enum Users {
    /// Each its own users'.
    Apart,
    /// The same users', from call to call.
    Shared,
}

/// Rows of these vendors: users with habits of their own, in three regions.
fn rows(vendors: &[&str], scale: f64) -> Rows {
    rows_of(vendors, scale, Users::Apart)
}

fn rows_of(vendors: &[&str], scale: f64, users: Users) -> Rows {
    let mut rows = Rows::default();
    for (at, vendor) in vendors.iter().enumerate() {
        // Each vendor's rows come of its own name, so that another vendor changes nothing of them.
        let mut dice = ChaCha8Rng::seed_from_u64(u64::from(vendor.as_bytes()[0]));
        for user in 0..40 {
            let habit = dice.random::<f64>();
            for _ in 0..1 + user % 4 {
                let delay = (100.0 + 80.0 * habit + 60.0 * dice.random::<f64>() + 15.0 * at as f64) * scale;
                let watched = 10.0 + 50.0 * dice.random::<f64>();
                let values = [
                    ("delay", delay),
                    ("joined", f64::from(dice.random::<f64>() < 0.8)),
                    ("freeze", watched * 0.05 * (habit + dice.random::<f64>())),
                    ("watched", watched),
                    ("rating", (1.0 + 4.0 * dice.random::<f64>()).round()),
                    ("left", f64::from(dice.random::<f64>() < 0.7)),
                ];
                let region = ["cn", "eu", "us"][dice.random_range(0..3)];
                let user = match users {
                    Users::Apart => format!("{vendor}{user}"),
                    Users::Shared => format!("{user}"),
                };
                rows.push(vendor, &user, region, &values);
            }
        }
    }
    rows
}

fn close(a: f64, b: f64) {
    assert!(a == b || (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs())), "{a} is not {b}");
}

fn same(a: &Estimate, b: &Estimate) {
    close(a.value, b.value);
    close(a.low, b.low);
    close(a.high, b.high);
}

fn intervals(answer: &CompareAnswer) -> Vec<Estimate> {
    let all = answer.metrics.iter().flat_map(|of| &of.pairs);
    all.flat_map(|pair| {
        let within = pair.strata.iter().map(|of| of.judged.as_ref().unwrap().difference);
        [pair.overall.as_ref().unwrap().difference].into_iter().chain(within).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn swapping_vendors_negates_estimates_and_inverts_ratios() {
    for (users, within) in [(Users::Apart, false), (Users::Apart, true), (Users::Shared, false), (Users::Shared, true)] {
        let rows = rows_of(&["A", "B"], 1.0, users);
        let mut swapped = rows.clone();
        swapped.arm.iter_mut().for_each(|arm| *arm = if arm == "A" { "B".into() } else { "A".into() });
        let question = || if within { asked(&METRICS, &[]).within("region") } else { asked(&METRICS, &[]) };
        let (one, other) = (question().of(&rows), question().of(&swapped));
        for (a, b) in intervals(&one).iter().zip(&intervals(&other)) {
            same(a, &Estimate { value: -b.value, low: -b.high, high: -b.low, n: b.n });
        }
        for (a, b) in one.metrics.iter().zip(&other.metrics) {
            let (a, b) = (a.pairs[0].overall.as_ref().unwrap(), b.pairs[0].overall.as_ref().unwrap());
            assert_eq!(a.verdict(), b.verdict().reversed());
            if let (Some(a), Some(b)) = (a.ratio, b.ratio) {
                same(&a, &Estimate { value: 1.0 / b.value, low: 1.0 / b.high, high: 1.0 / b.low, n: b.n });
            }
        }
    }
}

#[test]
fn another_vendor_does_not_change_a_pairs_raw_estimates() {
    let questions = || [asked(&METRICS, &[]), asked(&METRICS, &[]).within("region")];
    for (question, users) in questions().into_iter().zip([Users::Apart; 2]).chain(questions().into_iter().zip([Users::Shared; 2])) {
        let (two, three) = (question.of(&rows_of(&["A", "B"], 1.0, users)), question.of(&rows_of(&["A", "B", "C"], 1.0, users)));
        for (a, b) in two.metrics.iter().zip(&three.metrics).filter(|(of, _)| of.horizon.is_none()) {
            same(&a.pairs[0].overall.as_ref().unwrap().difference, &b.pairs[0].overall.as_ref().unwrap().difference);
        }
    }
}

#[test]
fn another_unit_of_measurement_changes_nothing_but_the_unit() {
    let metrics = &METRICS[..2];
    let (ms, s) = (rows(&["A", "B", "C"], 1.0), rows(&["A", "B", "C"], 0.001));
    let (one, other) = (asked(metrics, &[("mean", 20.0)]).of(&ms), asked(metrics, &[("mean", 0.02)]).of(&s));
    for (a, b) in intervals(&one).iter().zip(&intervals(&other)) {
        same(a, &Estimate { value: b.value * 1000.0, low: b.low * 1000.0, high: b.high * 1000.0, n: b.n });
    }
    for (a, b) in one.metrics.iter().zip(&other.metrics) {
        for (a, b) in a.pairs.iter().zip(&b.pairs) {
            let (a, b) = (a.overall.as_ref().unwrap(), b.overall.as_ref().unwrap());
            assert_eq!((a.verdict(), a.would_settle), (b.verdict(), b.would_settle));
            close(a.p_adjusted, b.p_adjusted);
        }
        assert_eq!(a.ranks, b.ranks);
    }
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    let rows = rows(&["A", "B"], 1.0);
    let (one, other) = (asked(&METRICS, &[]).of(&rows), asked(&METRICS, &[]).of(&rows));
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

/// Kidney stones (Charig and others, BMJ 292 (1986), 879-882): better in each stratum, worse when pooled.
#[test]
fn pooling_that_reverses_the_strata_is_flagged_and_does_not_decide() {
    let mut rows = Rows::default();
    let counts = [("A", "small", 81, 87), ("A", "large", 192, 263), ("B", "small", 234, 270), ("B", "large", 55, 80)];
    for (vendor, stratum, hits, n) in counts {
        for row in 0..n {
            rows.push(vendor, "", stratum, &[("joined", f64::from(row < hits))]);
        }
    }
    let answer = asked(&["joined:higher"], &[]).alone().within("region").of(&rows);
    let pair = first(&answer);
    let pooled = pair.pooled.unwrap();
    assert!(pooled.reversed && pooled.difference.value < 0.0);
    assert!(judged(&answer).difference.value > 0.0);
    assert!(pair.strata.iter().all(|within| within.judged.as_ref().unwrap().difference.value > 0.0));
}

/// The pairs' differences scatter little, the runs themselves a lot.
#[test]
fn runs_that_are_paired_are_compared_as_pairs() {
    let mut rows = Rows::default();
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    for run in 0..30 {
        let network = 400.0 * dice.random::<f64>();
        for (vendor, more) in [("A", 0.0), ("B", 10.0)] {
            rows.push(vendor, "", "", &[("delay", network + more + 4.0 * dice.random::<f64>())]);
            rows.pair.push(format!("{run}"));
        }
    }
    let mut paired = asked(&["delay:lower"], &[]).alone();
    let apart = paired.of(&rows);
    paired.poc.columns.pair = Some("run".into());
    let paired = paired.of(&rows);
    let width = |answer: &CompareAnswer| judged(answer).difference.high - judged(answer).difference.low;
    assert!(width(&paired) < 5.0 && width(&apart) > 50.0, "{} and {}", width(&paired), width(&apart));
    assert_eq!(judged(&paired).units, 60);
}
