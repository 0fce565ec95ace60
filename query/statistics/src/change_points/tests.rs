use super::series::Scaled;
use super::*;
use crate::normal::normal_quantile;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn day(mean: f64) -> Period {
    Period { n: 50, mean, variance: Some(1.0) }
}

fn correlated(n: usize, phi: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut normal = || normal_quantile(rng.random_range(1e-12..1.0)).unwrap();
    let mut value = normal();
    let mut next = || {
        value = phi * value + (1.0 - phi * phi).sqrt() * normal();
        value
    };
    (0..n).map(|_| next()).collect()
}

/// `ruptures` 1.1.10, `Dynp` and `Pelt` with the l2 cost, cuts and cost alike.
#[test]
fn cuts_are_those_of_ruptures() {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drift.json")).unwrap();
    let reference: serde_json::Value = serde_json::from_str(&file).unwrap();
    for case in reference["expected"]["cuts"].as_array().unwrap() {
        let name = case["series"].as_str().unwrap();
        let values = reference["input"]["series"][name].as_array().unwrap();
        let values: Vec<f64> = values.iter().map(|value| value.as_f64().unwrap()).collect();
        let series = Scaled::of(&values, &vec![1.0; values.len()]);
        let want: Vec<usize> = case["cuts"].as_array().unwrap().iter().map(|cut| cut.as_u64().unwrap() as usize).collect();
        let (cuts, cost) = segmentation::optimal(&series, want.len() + 1, MIN_LEVEL).unwrap();
        assert_eq!(cuts, want, "{name} by {}", case["by"]);
        assert!((cost - case["cost"].as_f64().unwrap()).abs() < 1e-9, "{name}: {cost}");
    }
}

#[test]
fn a_step_is_found_with_its_levels() {
    let wobble = |day: usize| if day.is_multiple_of(2) { 0.1 } else { -0.1 };
    let days: Vec<Period> = (0..40).map(|at| day(wobble(at) + if at < 25 { 4.0 } else { 3.5 })).collect();
    let got = change_points(&days, Confidence::P95, 1).unwrap();
    let [change] = got.changes[..] else { panic!("{got:?}") };
    assert_eq!((change.at, got.periods), (25, 40));
    assert!(change.earliest <= 25 && 25 <= change.latest && change.latest - change.earliest <= 4);
    assert!((change.before.value - 4.0).abs() < 0.01 && (change.after.value - 3.5).abs() < 0.01);
    assert!((change.difference.value - (change.after.value - change.before.value)).abs() < 1e-12);
    assert_eq!((change.before.n, change.after.n, change.difference.n), (1250, 750, 2000));
    assert!(change.p < 0.01 && got.p < 0.01);
}

#[test]
fn a_dip_that_recovers_is_two_changes() {
    let wobble = |day: usize| [0.1, -0.1, 0.05, -0.05][day % 4];
    let days: Vec<Period> = (0..60).map(|at| day(wobble(at) + if (20..32).contains(&at) { 3.4 } else { 4.0 })).collect();
    let at: Vec<usize> = change_points(&days, Confidence::P95, 1).unwrap().changes.iter().map(|change| change.at).collect();
    assert_eq!(at, [20, 32]);
}

#[test]
fn days_without_answers_are_passed_over_and_keep_their_place() {
    let wobble = |day: usize| if day.is_multiple_of(2) { 0.1 } else { -0.1 };
    let mut days: Vec<Period> = (0..40).map(|at| day(wobble(at) + if at < 20 { 4.0 } else { 3.0 })).collect();
    days.splice(10..10, [Period { n: 0, mean: f64::NAN, variance: None }; 3]);
    let got = change_points(&days, Confidence::P95, 1).unwrap();
    assert_eq!((got.changes[0].at, got.periods), (23, 40));
}

#[test]
fn few_answers_weigh_less_than_many() {
    // A day of two answers far off, in the middle of days of thousands.
    let mut days: Vec<Period> = (0..20).map(|at| Period { n: 5000, mean: 4.0 + 0.02 * f64::from(at % 2), variance: Some(1.0) }).collect();
    (9..12).for_each(|at| days[at] = Period { n: 2, mean: 2.5, variance: Some(1.0) });
    let series = Series::of(&days).unwrap();
    assert!(series.weight[0] > 1.0 && series.weight[10] < 1.0, "{:?}", series.weight);
}

#[test]
fn what_cannot_be_said_is_refused() {
    let error = |periods: &[Period]| change_points(periods, Confidence::P95, 1).unwrap_err().to_string();
    assert_eq!(error(&[]), "look for a change of level in 0 periods with observations: fewer than 8 show none");
    assert_eq!(error(&[day(4.0); 7]), "look for a change of level in 7 periods with observations: fewer than 8 show none");
    assert!(error(&[day(4.0); 30]).starts_with("look for a change of level in 30 periods that all have the mean 4:"));
    assert!(error(&vec![day(4.0); 1_101]).contains("1101 periods: at most 1100"));
    assert!(error(&[day(f64::NAN); 9]).contains("period 0 has the mean NaN"));
    assert!(error(&[Period { n: 5, mean: 1.0, variance: Some(-1.0) }; 9]).contains("the variance -1"));
    assert_eq!(Period::share(3, 2), None);
}

#[test]
fn levels_without_any_noise_have_no_interval() {
    let days: Vec<Period> = (0..16).map(|at| Period::share(if at < 8 { 50 } else { 0 }, 50).unwrap()).collect();
    let got = change_points(&days, Confidence::P95, 1).unwrap_err();
    assert_eq!(got, ChangePointError::NoNoise { periods: 16, changes: 1 });
}

/// That the correction of the correlation for the stretch taken out is right: the mean over 200 series lies within 0.06 of what was planted.
#[test]
fn a_correlation_is_found_though_a_stretch_was_taken_out() {
    for (n, phi) in [(60, 0.4), (60, 0.7), (120, 0.5), (200, 0.8)] {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let found = |rng: &mut ChaCha8Rng| {
            let series = Scaled::of(&correlated(n, phi, rng), &vec![1.0; n]);
            prominence(&series, &series.best_arc(MIN_LEVEL).unwrap()).1
        };
        let mean = (0..200).map(|_| found(&mut rng)).sum::<f64>() / 200.0;
        assert!((mean - phi).abs() < 0.06, "{n} periods with {phi} come to {mean}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_the_series_changes_are_in_order_inside_their_intervals(
        values in prop::collection::vec((1..200u64, -5.0..5.0f64, 0.0..4.0f64), 8..40), seed in 0..100u64,
    ) {
        let periods: Vec<Period> = values.iter().map(|(n, mean, variance)| Period { n: *n, mean: *mean, variance: Some(*variance) }).collect();
        let Ok(got) = change_points(&periods, Confidence::P95, seed) else { return Ok(()) };
        prop_assert!((0.0..=1.0).contains(&got.p) && (0.0..=0.95).contains(&got.autocorrelation));
        for change in &got.changes {
            prop_assert!(change.earliest <= change.at && change.at <= change.latest && change.p <= 0.05);
            prop_assert!(change.difference.low < change.difference.high);
        }
        prop_assert!(got.changes.windows(2).all(|pair| pair[0].at + MIN_LEVEL <= pair[1].at));
        prop_assert_eq!(&got, &change_points(&periods, Confidence::P95, seed).unwrap());
    }

    #[test]
    fn turned_upside_down_the_changes_are_the_same(values in prop::collection::vec(-5.0..5.0f64, 8..30)) {
        let of = |sign: f64| values.iter().map(|mean| Period { n: 9, mean: sign * mean, variance: None }).collect::<Vec<_>>();
        let (up, down) = (change_points(&of(1.0), Confidence::P95, 3).unwrap(), change_points(&of(-1.0), Confidence::P95, 3).unwrap());
        let at = |got: &ChangePoints| got.changes.iter().map(|change| change.at).collect::<Vec<_>>();
        prop_assert_eq!(at(&up), at(&down));
    }
}
