//! Stability against scipy, published numbers, and what must hold of any counts.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

#[track_caller]
fn of(failures: u64, attempts: u64, objective: Objective) -> Stability {
    stability(Counts { hits: attempts - failures, n: attempts }, objective, Bursts::None, Confidence::P95).unwrap()
}

/// scipy.stats.binomtest(...).proportion_ci("exact"), two-sided and one-sided; attempts needed by the smallest n found in scipy.stats.binom.cdf.
#[test]
fn limits_and_attempts_as_scipy_has_them() {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/stability.json"));
    let reference: Value = serde_json::from_str(text).unwrap();
    let cases = reference["input"]["cases"].as_array().unwrap();
    for (case, want) in cases.iter().zip(reference["expected"]["cases"].as_array().unwrap()) {
        let (failures, attempts) = (case["failures"].as_u64().unwrap(), case["attempts"].as_u64().unwrap());
        let got = of(failures, attempts, Objective::new(case["objective"].as_f64().unwrap()).unwrap());
        for (got, name) in [(got.share.low, "low"), (got.share.high, "high"), (got.at_least, "at_least"), (got.at_most, "at_most")] {
            // What matters is the share of failures, which is small.
            let want = want[name].as_f64().unwrap();
            assert!((got - want).abs() <= 1e-6 * (1.0 - want) + 1e-15, "{failures} of {attempts}: {name} {got} is not {want}");
        }
        assert_eq!(got.needed.with_failures, want["with_failures"].as_u64().unwrap(), "{failures} of {attempts}");
        assert_eq!(got.needed.clean, want["clean"].as_u64().unwrap());
    }
}

/// The rule of three and the exact number behind it.
#[test]
fn four_nines_take_thirty_thousand_clean_attempts() {
    let needed = of(0, 100, Objective::FINANCE).needed;
    assert_eq!((needed.clean, needed.rule_of_three, needed.with_failures), (29_956, 30_000, 29_956));
    let needed = of(0, 100, Objective::TRADITIONAL).needed;
    assert_eq!((needed.clean, needed.rule_of_three), (598, 600));
}

#[test]
fn an_objective_is_met_missed_or_not_shown() {
    assert_eq!(of(0, 29_956, Objective::FINANCE).verdict, Verdict::Met);
    assert_eq!(of(0, 29_955, Objective::FINANCE).verdict, Verdict::NotShown);
    assert_eq!(of(10, 29_956, Objective::FINANCE).verdict, Verdict::Missed);
    assert_eq!(of(3, 29_956, Objective::FINANCE).verdict, Verdict::NotShown);
}

#[test]
fn the_budget_is_what_the_objective_allows() {
    let budget = of(3, 1_000, Objective::TRADITIONAL).budget;
    assert!((budget.allowed - 5.0).abs() < 1e-9 && (budget.used - 0.6).abs() < 1e-9 && (budget.remaining - 2.0).abs() < 1e-9);
    let overspent = of(8, 1_000, Objective::TRADITIONAL).budget;
    assert!(overspent.used > 1.0 && overspent.remaining < 0.0);
}

#[test]
fn a_burst_is_one_observation() {
    let one_by_one = vec![Counts { hits: 9, n: 10 }; 5];
    let clean = vec![Counts { hits: 10, n: 10 }; 95];
    let together = [one_by_one, clean].concat();
    let burst: Vec<Counts> = (0..100).map(|i| Counts { hits: if i == 0 { 5 } else { 10 }, n: 10 }).collect();
    let at = |clusters: &[Counts]| {
        stability(Counts { hits: 995, n: 1000 }, Objective::TRADITIONAL, Bursts::Clusters(clusters), Confidence::P95).unwrap()
    };
    assert_eq!(at(&together).design_effect, 1.0);
    assert!((at(&burst).design_effect - 5.0).abs() < 0.1, "{:?}", at(&burst));
    assert!(at(&burst).share.low < at(&together).share.low);
    let known = stability(Counts { hits: 995, n: 1000 }, Objective::TRADITIONAL, Bursts::Known(5.0), Confidence::P95).unwrap();
    assert_eq!(known.needed.clean, 5 * 598);
}

#[test]
fn clusters_without_a_failure_count_once_each() {
    let clean = vec![Counts { hits: 10, n: 10 }; 100];
    let got = stability(Counts { hits: 1000, n: 1000 }, Objective::TRADITIONAL, Bursts::Clusters(&clean), Confidence::P95).unwrap();
    let once = of(0, 100, Objective::TRADITIONAL);
    assert!((got.design_effect - 10.0).abs() < 1e-12 && (got.at_least - once.at_least).abs() < 1e-12);
}

#[test]
fn what_cannot_be_said_says_why() {
    let ask = |hits, n, bursts| stability(Counts { hits, n }, Objective::FINANCE, bursts, Confidence::P95).unwrap_err();
    assert_eq!(ask(0, 0, Bursts::None), StabilityError::NoAttempts);
    assert_eq!(ask(3, 2, Bursts::None), StabilityError::Impossible { successes: 3, attempts: 2 });
    assert_eq!(ask(1, 2, Bursts::Known(0.5)), StabilityError::DesignEffect { effect: 0.5 });
    assert!(matches!(ask(1, 2, Bursts::Known(f64::NAN)), StabilityError::DesignEffect { .. }));
    let other = ask(1, 2, Bursts::Clusters(&[Counts { hits: 1, n: 1 }]));
    assert_eq!(other.to_string(), "stability of 2 attempts of which 1 failed: the clusters hold 1 attempts of which 0 failed");
    assert_eq!(Objective::new(1.0), None);
    assert_eq!(Objective::new(f64::NAN), None);
}

#[test]
fn nothing_but_failures_is_a_miss() {
    let got = of(50, 50, Objective::TRADITIONAL);
    assert_eq!((got.share.value, got.share.low, got.at_least, got.verdict), (0.0, 0.0, 0.0, Verdict::Missed));
}

proptest! {
    #[test]
    fn needed_attempts_meet_the_objective_and_one_fewer_does_not(failures in 0..40u64, objective in 0.5..0.9999f64) {
        let objective = Objective::new(objective).unwrap();
        let needed = of(failures, failures + 1, objective).needed.with_failures;
        prop_assert_eq!(of(failures, needed, objective).verdict, Verdict::Met);
        prop_assert_ne!(of(failures, needed - 1, objective).verdict, Verdict::Met);
    }

    #[test]
    fn the_share_lies_in_its_limits(attempts in 1..1_000_000u64, part in 0.0..=1.0f64) {
        let got = of((part * attempts as f64) as u64, attempts, Objective::TRADITIONAL);
        prop_assert!(0.0 <= got.share.low && got.share.low <= got.at_least && got.at_least <= got.share.value);
        prop_assert!(got.share.value <= got.at_most && got.at_most <= got.share.high && got.share.high <= 1.0);
    }
}
