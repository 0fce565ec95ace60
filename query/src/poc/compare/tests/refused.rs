//! Bad input: an error that says what to mend, or inconclusive and why; never a winner by accident.

use super::world::{Rows, asked, first};
use crate::poc::compare::{CompareAnswer, CompareError, Why};
use crate::statistics::contrast::ContrastError;
use crate::statistics::verdict::Shown;

/// Two vendors with so many rows each, of the values that are given by vendor and row.
fn rows(n: usize, value: impl Fn(&str, usize) -> f64) -> Rows {
    let mut rows = Rows::default();
    for vendor in ["A", "B"] {
        for row in 0..n {
            rows.push(vendor, &format!("{vendor}{row}"), if row % 2 == 0 { "cn" } else { "us" }, &[("delay", value(vendor, row))]);
        }
    }
    rows
}

#[track_caller]
fn why(answer: &CompareAnswer) -> &Why {
    first(answer).overall.as_ref().unwrap_err()
}

#[test]
fn one_vendor_is_no_comparison() {
    let mut rows = rows(20, |_, row| row as f64);
    rows.arm.iter_mut().for_each(|arm| *arm = "A".into());
    let error = asked(&["delay:lower"], &[]).answer(&rows.frame(), None).unwrap_err();
    assert_eq!(error.to_string(), "\"vendor\" names only A with rows: a comparison takes two vendors or more");
}

#[test]
fn a_vendor_that_is_not_there_is_named() {
    let mut question = asked(&["delay:lower"], &[]);
    question.poc.arms = vec!["A".into(), "Z".into()];
    let error = question.answer(&rows(20, |_, row| row as f64).frame(), None).unwrap_err();
    assert_eq!(error.to_string(), "no row is of Z: \"vendor\" holds A, B");
}

#[test]
fn strata_that_do_not_overlap_have_nothing_alike_to_compare() {
    let mut rows = rows(20, |_, row| row as f64);
    rows.stratum = rows.arm.iter().map(|arm| if arm == "A" { "cn".into() } else { "us".into() }).collect();
    let answer = asked(&["delay:lower"], &[]).within("region").of(&rows);
    assert_eq!(why(&answer), &Why::NoOverlap);
}

#[test]
fn what_does_not_vary_is_no_winner() {
    let answer = asked(&["delay:lower"], &[("delay", 5.0)]).of(&rows(20, |vendor, _| if vendor == "A" { 3.0 } else { 4.0 }));
    assert!(matches!(why(&answer), Why::Contrast(ContrastError::Constant { .. })), "{:?}", why(&answer));
}

#[test]
fn three_users_are_too_few() {
    let answer = asked(&["delay:lower"], &[]).of(&rows(3, |vendor, row| row as f64 + if vendor == "A" { 100.0 } else { 0.0 }));
    assert!(matches!(why(&answer), Why::Contrast(ContrastError::TooFew { .. })), "{:?}", why(&answer));
}

#[test]
fn a_metric_that_one_vendor_lacks_is_inconclusive_for_it() {
    let answer = asked(&["delay:lower"], &[]).of(&rows(20, |vendor, row| if vendor == "A" { f64::NAN } else { row as f64 }));
    assert_eq!(why(&answer), &Why::Absent { arm: "A".into() });
    assert_eq!(answer.metrics[0].arms[0].missing, 20);
}

#[test]
fn seconds_beside_milliseconds_are_no_winner() {
    let answer = asked(&["delay:lower"], &[]).of(&rows(40, |vendor, row| (200.0 + row as f64) * if vendor == "A" { 0.001 } else { 1.0 }));
    assert!(matches!(why(&answer), Why::Units { .. }), "{:?}", why(&answer));
}

#[test]
fn sessions_that_two_vendors_claim_are_refused() {
    let mut rows = rows(20, |_, row| row as f64);
    rows.unit = (0..40).map(|row| format!("{}", row % 20)).collect();
    let error = asked(&["delay:lower"], &[]).answer(&rows.frame(), Some("user_id")).unwrap_err();
    assert!(matches!(error, CompareError::SharedSessions { shared: 20 }));
    // Of people it is told, not refused.
    assert_eq!(asked(&["delay:lower"], &[]).of(&rows).contaminated, 20);
}

#[test]
fn a_difference_that_nothing_would_settle_says_so() {
    let answer = asked(&["delay:lower"], &[]).of(&rows(30, |_, row| row as f64));
    let judged = first(&answer).overall.as_ref().unwrap();
    assert_eq!((judged.verdict(), judged.would_settle), (Shown::Inconclusive, None));
}

#[test]
fn two_rows_a_side_are_too_few_for_any_verdict() {
    for n in [2, 3, 4] {
        for metric in ["delay:higher", "delay:higher:p50", "delay:higher:ordinal"] {
            let answer = asked(&[metric], &[]).alone().of(&rows(n, |vendor, _| f64::from(u8::from(vendor == "A"))));
            assert!(matches!(why(&answer), Why::Contrast(ContrastError::TooFew { .. })), "{metric}, {n} rows: {:?}", why(&answer));
        }
        let varied = asked(&["delay:lower"], &[]).alone().of(&rows(n, |vendor, row| row as f64 + if vendor == "A" { 300.0 } else { 0.0 }));
        assert!(matches!(why(&varied), Why::Contrast(ContrastError::TooFew { .. })), "{:?}", why(&varied));
    }
}

#[test]
fn a_margin_of_five_shares_is_refused_and_says_how_points_are_written() {
    let error = asked(&["delay:higher"], &[("delay", 5.0)]).answer(&rows(20, |_, row| (row % 2) as f64).frame(), None).unwrap_err();
    assert!(error.to_string().contains("write 0.05 for 5 points"), "{error}");
}

/// Delays of which one in ten of B's cannot be: the column says milliseconds.
fn impossible() -> Rows {
    let mut rows = rows(100, |vendor, row| (row % 7) as f64 + if vendor == "A" { 300.0 } else { 100.0 });
    let delays = rows.values[0].1.clone();
    rows.values.push(("delay_ms", delays.iter().enumerate().map(|(row, delay)| if row > 189 { -1.0 } else { *delay }).collect()));
    rows
}

#[test]
fn a_run_that_is_invalid_decides_nothing() {
    let mut more = rows(100, |vendor, row| (row % 7) as f64 + if vendor == "A" { 300.0 } else { 100.0 });
    (0..300).for_each(|row| more.push("B", &format!("more{row}"), "cn", &[("delay", 100.0 + (row % 5) as f64)]));
    for (question, rows) in [(asked(&["delay:lower"], &[("delay", 500.0)]), &more), (asked(&["delay_ms:lower"], &[]), &impossible())] {
        let answer = question.of(rows);
        let judged = first(&answer).overall.as_ref().unwrap();
        assert!(answer.invalid() && answer.metrics[0].invalid && answer.metrics[0].ranks.is_none());
        assert_eq!((judged.verdict(), judged.told.len(), judged.would_settle), (Shown::Inconclusive, 1, None));
        assert!(judged.p_value < 1e-6, "figures stand, to see what it would have been");
    }
}

#[test]
fn a_secondary_metric_that_is_spoilt_decides_nothing_and_spoils_no_other() {
    let mut question = asked(&["delay:lower", "delay_ms:lower"], &[]);
    question.poc.metrics[1].rank = crate::poc::Rank::Secondary;
    let answer = question.of(&impossible());
    let verdict = |at: usize| answer.metrics[at].pairs[0].overall.as_ref().unwrap().verdict();
    assert!(!answer.invalid());
    assert_eq!((verdict(0), verdict(1)), (Shown::Inferior, Shown::Inconclusive));
}
