//! Against statsmodels, scipy and exact binomial tails (`fixtures/reference/poc_plan.py`), and what must hold of any of them.

use proptest::prelude::*;
use serde_json::Value;

use super::means::{self, Scatter};
use super::{Aim, SampleSizeError, Test, promise, shares};
use crate::stability::Objective;

fn reference() -> Value {
    serde_json::from_str(include_str!("../../../../fixtures/reference/poc_plan.json")).unwrap()
}

fn aim(case: &Value) -> Aim {
    let margin = case["margin"].as_f64();
    match case["aim"].as_str().unwrap() {
        "difference" => Aim::Difference,
        "non_inferiority" => Aim::NonInferiority { margin: margin.unwrap() },
        _ => Aim::Equivalence { margin: margin.unwrap() },
    }
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap_or_else(|| panic!("{key} in {case}"))
}

#[track_caller]
fn close(got: f64, want: f64, case: &Value) {
    assert!((got - want).abs() <= 1e-6 * want.abs().max(1.0), "{got} is not {want} of {case}");
}

#[test]
fn means_as_statsmodels_and_scipy_have_them() {
    for case in reference()["means"].as_array().unwrap() {
        let scatter = match case["pairs"].as_f64() {
            Some(difference) => Scatter::Pairs { difference },
            None => Scatter::Two { first: number(case, "first"), second: number(case, "second"), ratio: number(case, "ratio") },
        };
        let test = Test { aim: aim(case), truth: number(case, "truth"), alpha: number(case, "alpha"), power: number(case, "power") };
        close(means::units(scatter, test).unwrap(), number(case, "n"), case);
    }
}

#[test]
fn shares_as_statsmodels_and_the_likeliest_shares_have_them() {
    for case in reference()["shares"].as_array().unwrap() {
        let of = |key| number(case, key);
        let got = shares::rows(of("first"), of("second"), of("ratio"), aim(case), of("alpha"), of("power")).unwrap();
        close(got, of("n"), case);
    }
}

#[test]
fn promises_as_binomial_tails_have_them() {
    for case in reference()["promises"].as_array().unwrap() {
        let of = |key| number(case, key);
        let got = promise::attempts(Objective::new(of("bound")).unwrap(), of("truth"), of("alpha"), of("power")).unwrap();
        assert_eq!((got.attempts, got.failures as f64), (of("attempts"), of("failures")), "{case}");
        close(got.power, of("shown"), case);
    }
}

#[test]
fn the_rule_of_three_stands_behind_four_nines() {
    let got = promise::attempts(Objective::FINANCE, 1.0, 0.05, 0.8).unwrap();
    assert_eq!((got.attempts, got.failures, got.power), (29_956.0, 0, 1.0));
    assert!(matches!(promise::attempts(Objective::FINANCE, 0.9999, 0.05, 0.8), Err(SampleSizeError::Beyond { .. })));
}

#[test]
fn what_cannot_be_planned_says_why() {
    let scatter = Scatter::Two { first: 1.0, second: 1.0, ratio: 1.0 };
    let test = |aim, truth| Test { aim, truth, alpha: 0.025, power: 0.8 };
    assert_eq!(means::units(scatter, test(Aim::Difference, 0.0)), Err(SampleSizeError::NoDifference));
    assert!(matches!(means::units(scatter, test(Aim::NonInferiority { margin: -1.0 }, 0.0)), Err(SampleSizeError::Margin { .. })));
    assert!(matches!(means::units(scatter, test(Aim::Equivalence { margin: 1.0 }, 1.0)), Err(SampleSizeError::Beyond { .. })));
    assert!(matches!(means::units(scatter, test(Aim::NonInferiority { margin: 1.0 }, -1.0)), Err(SampleSizeError::Beyond { .. })));
    let constant = Scatter::Two { first: 0.0, second: 0.0, ratio: 1.0 };
    assert_eq!(means::units(constant, test(Aim::Difference, 1.0)), Err(SampleSizeError::Constant));
    assert_eq!(means::units(scatter, test(Aim::Difference, 1e-9)), Err(SampleSizeError::TooMany));
    let level = Test { alpha: 0.7, ..test(Aim::Difference, 1.0) };
    assert!(matches!(means::units(scatter, level), Err(SampleSizeError::Level { .. })));
    assert!(matches!(shares::rows(1.0, 1.0, 1.0, Aim::NonInferiority { margin: 0.1 }, 0.025, 0.8), Err(SampleSizeError::Share { .. })));
    assert!(matches!(shares::rows(0.5, 1.4, 1.0, Aim::Difference, 0.025, 0.8), Err(SampleSizeError::Share { .. })));
    assert_eq!(means::power(1.0, scatter, test(Aim::Difference, 1.0)), None);
    assert!(means::units_beyond(100.0, 0.0, 0.025, 0.8).is_err());
}

#[test]
fn the_number_is_the_least_that_is_enough() {
    let scatter = Scatter::Two { first: 300.0, second: 500.0, ratio: 2.0 };
    for aim in [Aim::Difference, Aim::NonInferiority { margin: 60.0 }, Aim::Equivalence { margin: 160.0 }] {
        let test = Test { aim, truth: 50.0, alpha: 0.025, power: 0.8 };
        let n = means::units(scatter, test).unwrap();
        assert!((means::power(n, scatter, test).unwrap() - 0.8).abs() < 1e-6);
        assert!(means::power(n.floor(), scatter, test).unwrap() < 0.8 && means::power(n.ceil(), scatter, test).unwrap() >= 0.8);
    }
}

proptest! {
    // Each case sums over the law of an error a few hundred times.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn n_falls_as_the_margin_grows(first in 1.0..500.0f64, second in 1.0..500.0f64, margin in 1.0..200.0f64, more in 1.05..3.0f64) {
        let scatter = Scatter::Two { first, second, ratio: 1.0 };
        let of = |aim, truth| means::units(scatter, Test { aim, truth, alpha: 0.025, power: 0.8 }).unwrap();
        let wide = margin * more;
        let all = |margin| [of(Aim::Difference, margin), of(Aim::NonInferiority { margin }, 0.0), of(Aim::Equivalence { margin }, 0.0)];
        let (narrow, wide) = (all(margin), all(wide));
        prop_assert!(narrow.iter().zip(&wide).all(|(narrow, wide)| wide <= narrow), "{:?} {:?}", narrow, wide);
    }

    #[test]
    fn share_n_falls_as_the_margin_grows(share in 0.1..0.95f64, margin in 0.005..0.04f64, more in 1.05..2.0f64) {
        let of = |aim, apart| shares::rows(share, share - apart, 1.0, aim, 0.025, 0.8).unwrap();
        let all = |margin| [of(Aim::Difference, margin), of(Aim::NonInferiority { margin }, 0.0), of(Aim::Equivalence { margin }, 0.0)];
        let (narrow, wide) = (all(margin), all(margin * more));
        prop_assert!(narrow.iter().zip(&wide).all(|(narrow, wide)| wide < narrow), "{:?} {:?}", narrow, wide);
    }

    #[test]
    fn swapping_arms_changes_nothing(first in 1.0..500.0f64, second in 1.0..500.0f64, ratio in 0.3..3.0f64, truth in 5.0..200.0f64) {
        let of = |first, second, ratio| {
            means::units(Scatter::Two { first, second, ratio }, Test { aim: Aim::Difference, truth, alpha: 0.025, power: 0.9 }).unwrap()
        };
        let (one, other) = (of(first, second, ratio), of(second, first, 1.0 / ratio));
        // The second's units are the first's when arms are swapped; but for the two units a side at least.
        prop_assert!(one < 10.0 || (one * ratio - other).abs() < 1e-6 * other.max(1.0), "{one} {other}");
        let (a, b) = (0.9, 0.85);
        let two = |a: f64, b: f64, ratio, aim| shares::rows(a, b, ratio, aim, 0.025, 0.8).unwrap();
        prop_assert!((two(a, b, ratio, Aim::Difference) * ratio / two(b, a, 1.0 / ratio, Aim::Difference) - 1.0).abs() < 1e-9);
        let both = Aim::Equivalence { margin: 0.1 };
        prop_assert!((two(a, b, ratio, both) * ratio / two(b, a, 1.0 / ratio, both) - 1.0).abs() < 1e-7);
    }
}
