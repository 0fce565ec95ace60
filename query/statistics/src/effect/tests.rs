//! Effects against statsmodels, by hand, and what is refused.

use super::*;
use crate::design::{Covariate, Design};
use crate::estimate::{Confidence, Estimate};
use proptest::prelude::*;
use serde_json::Value;

/// The rows of fixtures/reference/effect.json.
struct Rows {
    reference: Value,
    treated: Vec<bool>,
    user: Vec<u32>,
    design: Design,
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn rows() -> Rows {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/effect.json"));
    let reference: Value = serde_json::from_str(text).unwrap();
    let input = &reference["input"];
    let (bandwidth, tenure, mobile) = (numbers(&input["bandwidth"]), numbers(&input["tenure"]), numbers(&input["mobile"]));
    let covariates =
        [Covariate::numeric("bandwidth", &bandwidth), Covariate::numeric("tenure", &tenure), Covariate::numeric("mobile", &mobile)];
    Rows {
        design: Design::new(bandwidth.len(), &covariates).unwrap(),
        treated: numbers(&input["treated"]).iter().map(|t| *t > 0.5).collect(),
        user: numbers(&input["user"]).iter().map(|u| *u as u32).collect(),
        reference,
    }
}

impl Rows {
    fn study<'a>(&'a self, outcome: &'a [f64], kind: Outcome) -> Study<'a> {
        Study { treated: &self.treated, outcome, kind, design: &self.design, unit: None, timing: Timing::Before }
    }
}

#[track_caller]
fn close(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-6 * want.abs().max(1.0), "{got} is not {want}");
}

/// Value and standard error, the latter from the interval.
#[track_caller]
fn same(got: Contrast, want: &Value) {
    let number = |name: &str| want[name].as_f64().unwrap();
    // The reference corrects variances by units over units less 1, we by units over units less the 4 columns.
    let units = want["units"].as_u64().unwrap();
    let t = units::critical(units - 4, Confidence::P95) * ((units - 1) as f64 / (units - 4) as f64).sqrt();
    let error = |of: Estimate| (of.high - of.low) / 2.0 / t;
    close(got.treated.value, number("treated"));
    close(got.control.value, number("control"));
    close(got.difference.value, number("difference"));
    close(error(got.difference), number("error"));
    let relative = got.relative.unwrap();
    close(relative.value, number("relative"));
    close(((1.0 + relative.high) / (1.0 + relative.low)).ln() / 2.0 / t, number("log_error"));
}

#[track_caller]
fn check(study: Study<'_>, want: &Value) {
    for (estimand, weighted, robust) in [(Estimand::Ate, "ipw_ate", "aipw_ate"), (Estimand::Att, "ipw_att", "aipw_att")] {
        let answer = effect(&study, &Options { estimand, ..Options::default() }).unwrap();
        same(answer.weighted, &want[weighted]);
        same(answer.doubly_robust, &want[robust]);
    }
}

/// statsmodels TreatmentEffect (ipw, aipw), and M-estimation in numpy where it has no method: for shares, the treated and users.
#[test]
fn effects_are_those_of_statsmodels_and_of_m_estimation() {
    let rows = rows();
    let (minutes, back) = (numbers(&rows.reference["input"]["minutes"]), numbers(&rows.reference["input"]["back"]));
    let expected = &rows.reference["expected"];
    let answer = effect(&rows.study(&minutes, Outcome::Mean), &Options::default()).unwrap();
    let theirs = &expected["statsmodels"];
    close(answer.weighted.difference.value, theirs["ipw_ate"]["difference"].as_f64().unwrap());
    close(answer.doubly_robust.difference.value, theirs["aipw_ate"]["difference"].as_f64().unwrap());
    check(rows.study(&minutes, Outcome::Mean), &expected["minutes"]);
    check(rows.study(&back, Outcome::Share), &expected["back"]);
    check(Study { unit: Some(&rows.user), ..rows.study(&minutes, Outcome::Mean) }, &expected["minutes_by_user"]);
}

#[test]
fn balance_and_effective_rows_are_those_of_numpy() {
    let rows = rows();
    let minutes = numbers(&rows.reference["input"]["minutes"]);
    let answer = effect(&rows.study(&minutes, Outcome::Mean), &Options::default()).unwrap();
    let expected = &rows.reference["expected"];
    for of in &answer.balance {
        let want = &expected["balance"][&of.column];
        close(of.before.unwrap(), want["before"].as_f64().unwrap());
        close(of.weighted.unwrap(), want["weighted"].as_f64().unwrap());
        assert!(of.paired.unwrap().abs() < of.before.unwrap().abs().max(0.2), "{of:?}");
    }
    close(answer.overlap.effective.treated, expected["effective"]["treated"].as_f64().unwrap());
    close(answer.overlap.effective.control, expected["effective"]["control"].as_f64().unwrap());
}

/// scipy.stats.binomtest.
#[test]
fn sign_tests_are_exact() {
    let reference = rows().reference;
    let contests = reference["input"]["contests"].as_array().unwrap();
    for (contest, want) in contests.iter().zip(numbers(&reference["expected"]["sign_test"])) {
        close(pairs::sign_probability(contest[0].as_u64().unwrap(), contest[1].as_u64().unwrap()).unwrap(), want);
    }
    assert_eq!(pairs::sign_probability(0, 0), None);
}

#[test]
fn the_plain_difference_is_welchs_or_newcombes() {
    let rows = rows();
    let (minutes, back) = (numbers(&rows.reference["input"]["minutes"]), numbers(&rows.reference["input"]["back"]));
    let of = |values: &[f64], treated: bool| -> Vec<f64> {
        values.iter().zip(&rows.treated).filter(|(_, t)| **t == treated).map(|(y, _)| *y).collect()
    };
    let sample = |treated| crate::moments::Moments::of(of(&minutes, treated)).unwrap();
    let answer = effect(&rows.study(&minutes, Outcome::Mean), &Options::default()).unwrap();
    assert_eq!(answer.raw.difference.n, 240);
    close(answer.raw.difference.low, crate::two_sample::welch(sample(true), sample(false), Confidence::P95).unwrap().estimate.low);
    let counts = |treated| {
        let of = of(&back, treated);
        crate::share::Counts { hits: of.iter().sum::<f64>() as u64, n: of.len() as u64 }
    };
    let answer = effect(&rows.study(&back, Outcome::Share), &Options::default()).unwrap();
    close(answer.raw.difference.high, crate::share::difference(counts(true), counts(false), Confidence::P95).unwrap().high);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let rows = rows();
    let minutes = numbers(&rows.reference["input"]["minutes"]);
    let at = |seed| effect(&rows.study(&minutes, Outcome::Mean), &Options { seed, ..Options::default() }).unwrap();
    assert_eq!(format!("{:?}", at(1)), format!("{:?}", at(1)));
    assert_ne!(at(1).pairs.unwrap().difference, at(2).pairs.unwrap().difference);
    assert_eq!(at(1).doubly_robust, at(2).doubly_robust);
}

#[test]
fn trimming_is_counted_and_shown_beside_what_it_was() {
    let rows = rows();
    let minutes = numbers(&rows.reference["input"]["minutes"]);
    let trim = Trim::Quantile(0.9);
    let trimmed = effect(&rows.study(&minutes, Outcome::Mean), &Options { trim, ..Options::default() }).unwrap();
    let whole = effect(&rows.study(&minutes, Outcome::Mean), &Options::default()).unwrap();
    assert!((0.09..0.11).contains(&trimmed.overlap.trimmed), "{:?}", trimmed.overlap);
    assert_eq!(trimmed.untrimmed, whole.weighted);
    assert_ne!(trimmed.weighted, whole.weighted);
    assert!(trimmed.overlap.effective.control > whole.overlap.effective.control);
}

#[test]
fn coarsened_pairs_are_alike_in_every_covariate() {
    let rows = rows();
    let minutes = numbers(&rows.reference["input"]["minutes"]);
    let pairs = |pairing| effect(&rows.study(&minutes, Outcome::Mean), &Options { pairing, ..Options::default() }).unwrap().pairs.unwrap();
    let (close, coarse) = (pairs(Pairing::Propensity), pairs(Pairing::Coarsened));
    assert!(close.caliper.is_some() && coarse.caliper.is_none());
    assert!(coarse.pairs < close.pairs && coarse.matched < close.matched);
    assert_eq!(coarse.sign_test.wins + coarse.sign_test.losses + coarse.sign_test.ties, coarse.pairs);
}

#[test]
fn what_cannot_be_told_says_why() {
    let rows = rows();
    let (n, treated) = (rows.treated.len(), rows.treated.iter().filter(|treated| **treated).count() as u64);
    let minutes = numbers(&rows.reference["input"]["minutes"]);
    let ask = |study: Study<'_>| effect(&study, &Options::default()).unwrap_err();
    let study = rows.study(&minutes, Outcome::Mean);
    assert_eq!(ask(Study { treated: &vec![false; n], ..study }), EffectError::NobodyTreated { rows: n });
    assert_eq!(ask(Study { treated: &vec![true; n], ..study }), EffectError::EveryoneTreated { rows: n });
    assert_eq!(ask(Study { outcome: &vec![7.0; n], ..study }), EffectError::Constant { arm: Arm::Treated, rows: treated, value: 7.0 });
    let half: Vec<f64> = minutes.iter().zip(&rows.treated).map(|(y, t)| if *t { *y } else { 0.0 }).collect();
    let control = n as u64 - treated;
    assert_eq!(ask(Study { outcome: &half, ..study }), EffectError::Constant { arm: Arm::Control, rows: control, value: 0.0 });
    assert_eq!(ask(Study { outcome: &[1.0], ..study }), EffectError::Length { what: "outcome", got: 1, rows: n });
    assert_eq!(ask(Study { timing: Timing::Throughout, ..study }), EffectError::ImmortalTime);
    assert_eq!(ask(Study { unit: Some(&vec![3; n]), ..study }), EffectError::TooFewUnits { units: 1, columns: 4 });
    assert!(matches!(ask(Study { kind: Outcome::Share, ..study }), EffectError::NotAShare { row: 0, .. }));
    let mut holes = minutes.clone();
    holes[4] = f64::NAN;
    assert_eq!(ask(Study { outcome: &holes, ..study }), EffectError::NotMeasured { row: 4 });
    let few: Vec<bool> = (0..n).map(|row| row < 5).collect();
    assert_eq!(ask(Study { treated: &few, ..study }), EffectError::TooFew { arm: Arm::Treated, rows: 5, columns: 4, needed: 14 });
    let quantile = effect(&study, &Options { trim: Trim::Quantile(0.1), ..Options::default() }).unwrap_err();
    assert_eq!(quantile, EffectError::Quantile { quantile: 0.1 });
}

#[test]
fn separation_is_named() {
    let bandwidth: Vec<f64> = (0..100).map(f64::from).collect();
    let treated: Vec<bool> = (0..100).map(|row| row >= 50).collect();
    let design = Design::new(100, &[Covariate::numeric("bandwidth", &bandwidth)]).unwrap();
    let study = Study { treated: &treated, outcome: &bandwidth, kind: Outcome::Mean, design: &design, unit: None, timing: Timing::Before };
    let error = effect(&study, &Options::default()).unwrap_err();
    assert_eq!(error, EffectError::Separated { column: "bandwidth".into() });
}

/// Hardly anybody of either arm is where the other is: a number would rest on a handful of rows.
#[test]
fn arms_that_hardly_overlap_are_refused() {
    let bandwidth: Vec<f64> = (0..400).map(f64::from).collect();
    let treated: Vec<bool> = (0..400).map(|row| (row >= 200) != (row == 30 || row == 370)).collect();
    let outcome: Vec<f64> = bandwidth.iter().map(|x| x.sin()).collect();
    let design = Design::new(400, &[Covariate::numeric("bandwidth", &bandwidth)]).unwrap();
    let study = Study { treated: &treated, outcome: &outcome, kind: Outcome::Mean, design: &design, unit: None, timing: Timing::Before };
    assert!(matches!(effect(&study, &Options::default()).unwrap_err(), EffectError::NoOverlap { .. }));
}

/// No covariates at all: everything is the plain difference.
#[test]
fn without_covariates_all_methods_are_the_plain_difference() {
    let rows = rows();
    let minutes = numbers(&rows.reference["input"]["minutes"]);
    let design = Design::new(minutes.len(), &[]).unwrap();
    let answer = effect(&Study { design: &design, ..rows.study(&minutes, Outcome::Mean) }, &Options::default()).unwrap();
    close(answer.weighted.difference.value, answer.raw.difference.value);
    close(answer.doubly_robust.difference.value, answer.raw.difference.value);
    assert!(answer.pairs.is_some());
}

/// All the treated of good bandwidth came back and none of the others: the regression has no free solution in that arm, and says so.
#[test]
fn an_arm_whose_outcomes_are_separated_is_warned_of() {
    let rows = rows();
    let bandwidth = numbers(&rows.reference["input"]["bandwidth"]);
    let came = |row: usize, treated: bool| if treated { bandwidth[row] > 4.0 } else { !row.is_multiple_of(3) };
    let back: Vec<f64> = rows.treated.iter().enumerate().map(|(row, treated)| f64::from(u8::from(came(row, *treated)))).collect();
    let answer = effect(&rows.study(&back, Outcome::Share), &Options::default()).unwrap();
    assert!(answer.warnings.contains(&Warning::OutcomeModel { arm: Arm::Treated }), "{:?}", answer.warnings);
    let robust = answer.doubly_robust;
    assert!(robust.treated.low < robust.treated.value && (robust.difference.value - answer.weighted.difference.value).abs() < 0.1);
}

/// Every treated row stays longer than its partner: the sign test can tell, the net outcome's error cannot be told.
#[test]
fn a_contest_that_all_win_has_a_sign_test_alone() {
    let rows = rows();
    let minutes: Vec<f64> = rows.treated.iter().zip(0..).map(|(t, i)| f64::from(i % 7) + if *t { 100.0 } else { 0.0 }).collect();
    let pairs = effect(&rows.study(&minutes, Outcome::Mean), &Options::default()).unwrap().pairs.unwrap();
    assert_eq!((pairs.net, pairs.sign_test.losses), (None, 0));
    assert!(pairs.sign_test.p_value.unwrap() < 1e-6);
}

#[test]
fn hidden_confounding_is_measured_from_the_nearer_end() {
    let rows = rows();
    let back = numbers(&rows.reference["input"]["back"]);
    let answer = effect(&rows.study(&back, Outcome::Share), &Options::default()).unwrap();
    let hidden = answer.hidden.unwrap();
    assert_eq!(hidden.conversion, Conversion::Shares);
    close(hidden.risk_ratio.value, answer.doubly_robust.treated.value / answer.doubly_robust.control.value);
    assert_eq!(hidden.interval == 1.0, !answer.doubly_robust.relative.unwrap().excludes(0.0));
    let minutes = numbers(&rows.reference["input"]["minutes"]);
    let answer = effect(&rows.study(&minutes, Outcome::Mean), &Options::default()).unwrap();
    let hidden = answer.hidden.unwrap();
    let Conversion::StandardisedMean { deviation } = hidden.conversion else { panic!("{hidden:?}") };
    close(hidden.risk_ratio.low, (0.91 * answer.doubly_robust.difference.low / deviation).exp());
    assert!(hidden.point > hidden.interval && hidden.interval > 1.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// Minutes or seconds, from whatever start: the effect is in their unit, the percent without unit.
    #[test]
    fn effects_follow_the_unit_of_the_outcome(factor in 0.01..100.0f64, shift in -50.0..50.0f64) {
        let rows = rows();
        let minutes = numbers(&rows.reference["input"]["minutes"]);
        let other: Vec<f64> = minutes.iter().map(|y| y * factor + shift).collect();
        let one = effect(&rows.study(&minutes, Outcome::Mean), &Options::default()).unwrap();
        let other = effect(&rows.study(&other, Outcome::Mean), &Options::default()).unwrap();
        for (a, b) in [
            (one.weighted.difference, other.weighted.difference),
            (one.doubly_robust.difference, other.doubly_robust.difference),
            (one.pairs.unwrap().difference, other.pairs.unwrap().difference),
        ] {
            prop_assert!((a.value * factor - b.value).abs() < 1e-7 * factor.max(1.0));
            prop_assert!((a.low * factor - b.low).abs() < 1e-6 * factor.max(1.0));
        }
        prop_assert_eq!(one.pairs.unwrap().sign_test.wins, other.pairs.unwrap().sign_test.wins);
    }
}
