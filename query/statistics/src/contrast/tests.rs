//! Known answers from outside, by `fixtures/reference/contrast.py`, and what is refused.

use serde_json::Value;

use super::bootstrap::{Question, draws};
use super::paired::Pairs;
use super::ratio::Parts;
use super::time::Times;
use super::*;
use crate::estimate::{Confidence, Estimate};
use crate::spell::Spells;
use crate::{Rows, UnitQuantile};

fn reference() -> Value {
    serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/contrast.json"))).unwrap()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// One arm of the reference.
struct Side<'a>(&'a Value, Vec<u32>);

impl<'a> Side<'a> {
    fn both(reference: &'a Value, kind: &str) -> [Side<'a>; 2] {
        [0, 1].map(|arm| {
            let of = &reference["input"][kind][arm];
            Side(of, numbers(&of["units"]).into_iter().map(|unit| unit as u32 + 1_000 * arm as u32).collect())
        })
    }

    fn column(&self, name: &str) -> Vec<f64> {
        numbers(&self.0[name])
    }

    fn events(&self) -> Vec<bool> {
        self.0["event"].as_array().unwrap().iter().map(|event| event.as_bool().unwrap()).collect()
    }
}

#[track_caller]
fn close(got: f64, want: &Value) {
    let want = want.as_f64().unwrap();
    assert!((got - want).abs() < 1e-6 * want.abs().max(1e-3), "{got} is not {want}");
}

/// Whatever of value, interval, error and p the reference has.
#[track_caller]
fn same(got: &Contrast, want: &Value) {
    let at = got.interval(Confidence::P95);
    let nothing = got.scale().nothing();
    for (name, got) in
        [("value", at.value), ("low", at.low), ("high", at.high), ("error", got.error().unwrap()), ("p", got.p_value(nothing))]
    {
        want.get(name).into_iter().for_each(|want| close(got, want));
    }
}

/// scipy's ttest_ind and brunnermunzel, statsmodels' Newcombe, numpy's quantiles and scipy's exact interval of a median.
#[test]
fn rows_that_stand_for_themselves_as_scipy_and_statsmodels_have_them() {
    let reference = reference();
    let want = &reference["expected"]["alone"];
    let sides = Side::both(&reference, "uneven");
    let [a, b] = [0, 1].map(|at| sides[at].column("values"));
    let (first, second) = (Arm::new(&a), Arm::new(&b));
    let welch = mean::mean_difference(&first, &second).unwrap();
    same(&welch, &want["welch"]);
    assert_eq!((welch.method(), welch.rows(), welch.units()), (Method::Welch, [171, 113], [171, 113]));
    same(&ordinal::superiority(&first, &second).unwrap(), &want["brunner_munzel"]);
    let [x, y] = [0, 1].map(|at| sides[at].column("yes"));
    same(&share::share_difference(&Arm::new(&x), &Arm::new(&y)).unwrap(), &want["newcombe"]);
    let ordered = Ordered::of(&first).unwrap();
    for q in ["0.25", "0.5", "0.95"] {
        close(ordered.quantile(q.parse().unwrap()).unwrap(), &want["quantiles"][q]);
    }
    let median = UnitQuantile::new(Rows { values: &a, units: None }, 0.5, Confidence::P95).unwrap();
    close(median.interpolated(), &want["quantiles"]["0.5"]);
    close(median.figure().low.unwrap(), &want["median"]["low"]);
    close(median.figure().high.unwrap(), &want["median"]["high"]);
}

/// Of units of different sizes by leaving out each (numpy).
#[test]
fn rows_in_units_are_judged_by_leaving_out_each() {
    let reference = reference();
    let sides = Side::both(&reference, "uneven");
    let want = &reference["expected"]["uneven"];
    let [a, b] = [0, 1].map(|at| sides[at].column("values"));
    let (first, second) = (Arm::of_units(&a, &sides[0].1), Arm::of_units(&b, &sides[1].1));
    let difference = mean::mean_difference(&first, &second).unwrap();
    same(&difference, &want["mean"]["difference"]);
    assert_eq!((difference.method(), difference.rows(), difference.units()), (Method::DeltaMethod, [171, 113], [30, 24]));
    same(&mean::mean_ratio(&first, &second).unwrap(), &want["mean"]["ratio"]);
    let columns = [0, 1].map(|at| (sides[at].column("above"), sides[at].column("below")));
    let parts = |at: usize| Parts { above: &columns[at].0, below: &columns[at].1, units: Some(&sides[at].1) };
    same(&ratio::ratio_difference(&parts(0), &parts(1)).unwrap(), &want["quotient"]["difference"]);
    same(&ratio::ratio_of_ratios(&parts(0), &parts(1)).unwrap(), &want["quotient"]["ratio"]);
    // The delta method without leverage comes out somewhat smaller, and close.
    let plain = reference["expected"]["uneven_growthbook"]["error"].as_f64().unwrap();
    let ours = difference.error().unwrap();
    assert!(plain < ours && ours < 1.03 * plain, "{ours} and {plain}");
}

/// Of units of one size leaving out each is the delta method of GrowthBook's ratio metrics and statsmodels' cluster-robust variance.
#[test]
fn units_of_one_size_as_growthbook_and_statsmodels_have_them() {
    let reference = reference();
    let sides = Side::both(&reference, "even");
    let want = &reference["expected"]["even"];
    let values = [0, 1].map(|at| sides[at].column("values"));
    let arm = |at: usize| Arm::of_units(&values[at], &sides[at].1);
    same(&mean::mean_difference(&arm(0), &arm(1)).unwrap(), &want["growthbook"]);
    for at in [0, 1] {
        let of = joint::Summed::mean(&arm(at)).unwrap().of;
        close(of.value, &want["statsmodels"][at]["value"]);
        close(of.variance, &want["statsmodels"][at]["variance"]);
        for q in ["0.5", "0.9"] {
            close(Ordered::of(&arm(at)).unwrap().worth(q.parse().unwrap()).rows, &want["effective"][q][at]);
        }
    }
}

/// gbstats' regression-adjusted metrics.
#[test]
fn adjusting_by_earlier_data_as_growthbook_does() {
    let reference = reference();
    let want = &reference["expected"]["cuped"];
    let columns = [0, 1].map(|at| ["values", "before"].map(|name| numbers(&want["heads"][at][name])));
    let earlier = |at: usize| cuped::Earlier { arm: Arm::new(&columns[at][0]), before: &columns[at][1] };
    let adjusted = cuped::adjust(&earlier(0), &earlier(1)).unwrap();
    close(adjusted.theta, &want["theta"]);
    close(adjusted.removed, &want["removed"]);
    same(&mean::mean_difference(&Arm::new(&adjusted.first), &Arm::new(&adjusted.second)).unwrap(), &want["contrast"]);
}

#[test]
fn who_was_not_known_before_keeps_the_value() {
    let (now, before) = ([1.0, 2.0, 3.0, 4.5, 6.0, 5.0], [1.0, 2.0, f64::NAN, 4.0, 5.0, f64::NAN]);
    let side = cuped::Earlier { arm: Arm::new(&now), before: &before };
    let adjusted = cuped::adjust(&side, &side).unwrap();
    assert_eq!((adjusted.first[2], adjusted.first[5]), (3.0, 5.0));
    assert!(adjusted.removed > 0.5 && adjusted.theta > 0.8);
    let none = cuped::Earlier { before: &[f64::NAN; 6], ..side };
    assert_eq!(cuped::adjust(&none, &none).unwrap_err(), ContrastError::NoEarlier { known: 0 });
    let same = cuped::Earlier { before: &[0.1; 6], ..side };
    assert_eq!(cuped::adjust(&same, &same).unwrap_err(), ContrastError::NoEarlier { known: 12 });
}

/// lifelines' variance of restricted times and its log-rank test; the test by units from the definition.
#[test]
fn times_as_lifelines_has_them() {
    let reference = reference();
    let want = &reference["expected"]["times"];
    let sides = Side::both(&reference, "uneven");
    let exits = [0, 1].map(|at| sides[at].column("exit"));
    let all = exits.each_ref().map(|exits| vec![true; exits.len()]);
    let uncensored = |at: usize| Times { spells: Spells::new(&exits[at], &all[at]).unwrap(), units: None };
    same(&time::restricted_mean_difference(&uncensored(0), &uncensored(1), 20.0).unwrap(), want);
    let events = sides.each_ref().map(Side::events);
    let alone = |at: usize| Times { spells: Spells::new(&exits[at], &events[at]).unwrap(), units: None };
    close(time::log_rank(&alone(0), &alone(1)).unwrap(), &want["log_rank"]);
    let by_unit = |at: usize| Times { units: Some(&sides[at].1), ..alone(at) };
    close(time::log_rank(&by_unit(0), &by_unit(1)).unwrap(), &want["log_rank_units"]);
}

/// Each row its own unit: the jackknife's variance is Klein and Moeschberger's but for the leverage.
#[test]
fn restricted_means_of_units_of_one_row_are_those_without_units() {
    let reference = reference();
    let sides = Side::both(&reference, "uneven");
    let exits = [0, 1].map(|at| sides[at].column("exit"));
    let events = sides.each_ref().map(Side::events);
    let numbers = [0, 1].map(|at| (0..exits[at].len() as u32).map(|row| row + 1_000 * at as u32).collect::<Vec<u32>>());
    let times = |at: usize, units| Times { spells: Spells::new(&exits[at], &events[at]).unwrap(), units };
    let alone = time::restricted_mean_difference(&times(0, None), &times(1, None), 20.0).unwrap();
    let single = time::restricted_mean_difference(&times(0, Some(&numbers[0])), &times(1, Some(&numbers[1])), 20.0).unwrap();
    assert!((single.error().unwrap() / alone.error().unwrap() - 1.0).abs() < 0.005);
}

/// scipy's ttest_rel; the complete responses of Cavo et al. (2012) as the R package contingencytables has them (-0.0621, -0.1186 to -0.0046).
#[test]
fn pairs_as_scipy_and_contingencytables_have_them() {
    let reference = reference();
    let want = &reference["expected"]["pairs"];
    let (first, second) = (Side::both(&reference, "uneven")[0].column("values"), numbers(&want["second"]));
    let pairs = Pairs { first: &first, second: &second, units: None };
    same(&paired::mean_difference(&pairs).unwrap(), &want["mean"]);
    close(paired::superiority(&pairs).unwrap().value(), &want["wins"]);
    let table = [((1.0, 1.0), 59), ((1.0, 0.0), 6), ((0.0, 1.0), 16), ((0.0, 0.0), 80)];
    let (before, after): (Vec<f64>, Vec<f64>) = table.into_iter().flat_map(|(pair, n)| vec![pair; n]).unzip();
    let responses = paired::share_difference(&Pairs { first: &before, second: &after, units: None }).unwrap();
    let at = responses.interval(Confidence::P95);
    assert_eq!(format!("{:.4} {:.4} {:.4}", at.value, at.low, at.high), "-0.0621 -0.1186 -0.0046");
    // McNemar's chi-square without correction is 100 / 22, of which p is 0.033.
    assert!((responses.p_value(0.0) - 0.033).abs() < 0.002, "{}", responses.p_value(0.0));
}

#[test]
fn what_cannot_be_compared_says_why() {
    let (few, units) = ([1.0, 2.0, 3.0, 4.0], [7, 7, 8, 9]);
    let users = Arm::of_units(&few, &units);
    let error = mean::mean_difference(&users, &users).unwrap_err().to_string();
    assert_eq!(error, "compare arms of 3 and 3 units: 5 a side are needed to know how far units differ");
    assert_eq!(
        mean::mean_difference(&Arm::new(&few[..1]), &Arm::new(&few)).unwrap_err(),
        ContrastError::TooFew { first: 1, second: 4, least: 2 }
    );
    let constant = Arm::new(&[0.1; 9]);
    let error = mean::mean_difference(&constant, &constant).unwrap_err().to_string();
    assert_eq!(error, "compare arms of 9 and 9 units: nothing varies between the units of either, so the error is unknown");
    assert_eq!(ordinal::superiority(&constant, &constant).unwrap_err(), ContrastError::Constant { first: 9, second: 9 });
    let scattered = mean::mean_difference(&Arm::of_units(&few, &[1, 2, 1, 3]), &users).unwrap_err().to_string();
    assert_eq!(scattered, "rows of unit 1 do not stand together: sort rows by unit");
    assert!(matches!(mean::mean_difference(&Arm::new(&[1.0, f64::NAN]), &users).unwrap_err(), ContrastError::NotFinite { row: 1, .. }));
    assert_eq!(
        mean::mean_ratio(&Arm::new(&[-1.0, -2.0]), &Arm::new(&few)).unwrap_err(),
        ContrastError::NotPositive { first: -1.5, second: 2.5 }
    );
    assert_eq!(share::share_difference(&Arm::new(&few), &constant).unwrap_err(), ContrastError::NotBinary { row: 1, value: 2.0 });
    assert_eq!(quantile::quantile_difference(&Arm::new(&few), &constant, 95.0).unwrap_err(), ContrastError::Quantile { q: 95.0 });
    assert_eq!(
        quantile::quantile_difference(&Arm::new(&[]), &constant, 0.5).unwrap_err(),
        ContrastError::TooFew { first: 0, second: 0, least: 1 }
    );
    let short = Arm::of_units(&few, &units[..3]);
    assert_eq!(mean::mean_difference(&short, &users).unwrap_err(), ContrastError::Length { what: "units", got: 3, rows: 4 });
    let parts = |below| Parts { above: &few, below, units: None };
    assert_eq!(
        ratio::ratio_difference(&parts(&[1.0, -1.0, 1.0, 1.0]), &parts(&few)).unwrap_err(),
        ContrastError::Denominator { row: 1, value: -1.0 }
    );
    let questions = [Question::Mean(users)];
    assert!(matches!(draws(&questions, 1, 500).unwrap_err(), ContrastError::TooFew { .. }));
    let drawn = Contrast::from_draws(0.0, vec![0.0; 2000], Scale::Difference, [50, 50], [50, 50]).unwrap_err();
    assert_eq!(drawn, ContrastError::Constant { first: 50, second: 50 });
    assert!(matches!(
        Contrast::from_draws(0.0, vec![0.0; 9], Scale::Difference, [50, 50], [50, 50]),
        Err(ContrastError::Draws { first: 9, .. })
    ));
    assert!(matches!(Contrast::from_draws(1.0, vec![-1.0; 900], Scale::Ratio, [50, 50], [50, 50]), Err(ContrastError::NotPositive { .. })));
    let spells = Spells::new(&few, &[true; 4]).unwrap().weighing(&[1.0; 4]).unwrap();
    let times = Times { spells, units: None };
    let error = time::restricted_mean_difference(&times, &times, 3.0).unwrap_err().to_string();
    assert_eq!(error, "spells with weights cannot be compared as arms: give their exits and events alone");
}

#[test]
fn none_of_all_and_all_of_all_have_intervals() {
    let units: Vec<u32> = (0..60).map(|row| row / 6).collect();
    let (none, all) = ([0.0; 60], [1.0; 60]);
    let contrast = share::share_difference(&Arm::of_units(&none, &units), &Arm::of_units(&all, &units)).unwrap();
    let at = contrast.interval(Confidence::P95);
    assert_eq!((at.value, at.low, contrast.error()), (-1.0, -1.0, None));
    // Ten users a side, each as one.
    assert!((-0.7..-0.5).contains(&at.high), "{at:?}");
    let same = share::share_difference(&Arm::of_units(&none, &units), &Arm::of_units(&none, &units)).unwrap();
    let Estimate { value, low, high, .. } = same.interval(Confidence::P95);
    assert!(value == 0.0 && low == -high && high > 0.2 && same.p_value(0.0) == 1.0);
}

#[test]
fn complete_separation_is_not_certainty() {
    let (low, high): (Vec<f64>, Vec<f64>) = ((0..20).map(f64::from).collect(), (100..130).map(f64::from).collect());
    let contrast = ordinal::superiority(&Arm::new(&high), &Arm::new(&low)).unwrap();
    let at = contrast.interval(Confidence::P95);
    assert!(at.value == 0.5 && at.high == 0.5 && (0.3..0.4).contains(&at.low), "{at:?}");
    assert!(contrast.p_value(0.0) < 1e-4 && contrast.p_value(0.0) > 0.0);
}

/// A quantile that too few rows can bound has no end on that side.
#[test]
fn an_end_that_no_row_bounds_is_infinite() {
    let values: Vec<f64> = (0..40).map(f64::from).collect();
    let arm = Arm::new(&values);
    let contrast = quantile::quantile_difference(&arm, &arm, 0.99).unwrap();
    let at = contrast.interval(Confidence::P95);
    assert!(at.low == f64::NEG_INFINITY && at.high == f64::INFINITY && contrast.p_value(-1e9) > 0.05, "{at:?}");
    assert!(quantile::quantile_difference(&arm, &arm, 0.5).unwrap().interval(Confidence::P95).high.is_finite());
}

/// Of an exponential distribution the density at the quantile q is 1 - q, so that its error is sqrt(q / (1 - q) / n): of a long record as of a short one.
#[test]
fn smoothed_errors_of_quantiles_are_those_of_the_density() {
    for n in [400, 20_000, 400_000] {
        let values: Vec<f64> = (0..n).map(|at| -(1.0 - (f64::from(at) + 0.5) / f64::from(n)).ln()).collect();
        for q in [0.5, 0.75, 0.95] {
            let error = quantile::smoothed_error(&Arm { values: &values, units: None }, q).unwrap();
            let want = (q / (1.0 - q) / f64::from(n)).sqrt();
            assert!((error / want - 1.0).abs() < 0.05, "{n} {q}: {error} is not {want}");
        }
    }
    let error = |values: &[f64], q: f64| quantile::smoothed_error(&Arm { values, units: None }, q);
    assert_eq!(error(&[1.0, 2.0, 3.0], 0.95), Err(ContrastError::TooFew { first: 3, second: 3, least: 20 }));
    assert_eq!(error(&[5.0; 40], 0.5), Ok(0.0));
}
