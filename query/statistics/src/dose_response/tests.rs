use super::*;
use proptest::prelude::*;
use serde_json::Value;

const SCORES: Request<'static> = Request { outcome: Outcome::Score, bins: Bins::Auto, direction: None, level: Confidence::P95 };
const SHARES: Request<'static> = Request { outcome: Outcome::YesNo, ..SCORES };

fn reference() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drivers.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Bins by numpy; of scores scipy's t interval and, by users and weights, statsmodels' cluster-robust least squares on a constant; of shares
/// statsmodels' Wilson interval.
#[test]
fn bins_as_others_compute_them() {
    let reference = reference();
    let input = &reference["input"]["dose_response"];
    let (x, score, yes) = (numbers(&input["x"]), numbers(&input["score"]), numbers(&input["yes"]));
    let (weights, edges) = (numbers(&input["weights"]), numbers(&input["edges"]));
    let users: Vec<u32> = numbers(&input["users"]).into_iter().map(|user| user as u32).collect();
    let bins = Bins::Edges(&edges);
    let check = |name: &str, pairs: Pairs<'_>, request: Request<'_>| {
        let got = dose_response(&pairs, &request).unwrap();
        let want = reference["expected"]["dose_response"][name].as_array().unwrap();
        assert_eq!(got.bins.len(), want.len());
        for (bin, want) in got.bins.iter().zip(want) {
            let outcome = bin.outcome.unwrap();
            for (got, want) in [bin.mean.unwrap(), outcome.value, outcome.low, outcome.high, bin.rows as f64].iter().zip(numbers(want)) {
                assert!((got - want).abs() < 1e-8, "{name}: {bin:?} is not {want}");
            }
        }
    };
    check("score", Pairs::new(&x, &score), Request { bins, ..SCORES });
    check("yes", Pairs::new(&x, &yes), Request { bins, ..SHARES });
    let pairs = Pairs { weights: Some(&weights), users: Some(&users), ..Pairs::new(&x, &score) };
    check("score_by_user", pairs, Request { bins, ..SCORES });
}

#[test]
fn a_user_who_answers_often_counts_once() {
    let x: Vec<f64> = (0..400).map(|i| f64::from(i % 100)).collect();
    let yes: Vec<f64> = (0..400).map(|i| f64::from(u8::from((i % 100) % 3 == 0))).collect();
    let users: Vec<u32> = (0..400).map(|i| i % 100).collect();
    let once = dose_response(&Pairs::new(&x[..100], &yes[..100]), &Request { bins: Bins::Count(1), ..SHARES }).unwrap();
    let often = Pairs { users: Some(&users), ..Pairs::new(&x, &yes) };
    let often = dose_response(&often, &Request { bins: Bins::Count(1), ..SHARES }).unwrap();
    let (once, often) = (once.bins[0].outcome.unwrap(), often.bins[0].outcome.unwrap());
    assert!((once.value - often.value).abs() < 1e-12);
    assert!((once.low - often.low).abs() < 0.003 && (once.high - often.high).abs() < 0.003, "{once:?} {often:?}");
}

#[test]
fn a_falling_curve_falls_in_bins_and_steps() {
    let x: Vec<f64> = (0..1000).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| 5.0 - x / 400.0 + (x * 7.0).sin()).collect();
    let drawn = dose_response(&Pairs::new(&x, &y), &SCORES).unwrap();
    assert_eq!((drawn.bins.len(), drawn.n, drawn.missing, drawn.outside), (10, 1000, 0, 0));
    let values: Vec<f64> = drawn.bins.iter().map(|bin| bin.outcome.unwrap().value).collect();
    assert!(values.windows(2).all(|pair| pair[0] > pair[1]), "{values:?}");
    let smooth = drawn.smooth.unwrap();
    assert_eq!(smooth.direction, Some(Direction::Falling));
    assert!(smooth.steps.len() <= 50);
}

#[test]
fn what_has_no_uncertainty_to_tell_is_no_estimate() {
    let alone = dose_response(&Pairs::new(&[1.0], &[4.0]), &SCORES).unwrap();
    assert_eq!((alone.bins[0].outcome, alone.smooth), (None, None));
    let alike = dose_response(&Pairs::new(&[1.0, 2.0, 3.0], &[4.1; 3]), &SCORES).unwrap();
    assert_eq!(alike.bins[0].outcome, None);
    let all_yes = dose_response(&Pairs::new(&[1.0, 2.0, 3.0], &[1.0; 3]), &SHARES).unwrap().bins[0].outcome.unwrap();
    assert!(all_yes.value == 1.0 && all_yes.low < 0.5, "{all_yes:?}");
    let one_user = Pairs { users: Some(&[3; 3]), ..Pairs::new(&[1.0, 2.0, 3.0], &[1.0, 0.0, 1.0]) };
    assert_eq!(dose_response(&one_user, &SHARES).unwrap().bins[0].outcome, None);
}

#[test]
fn empty_bins_and_rows_outside_are_told() {
    let edges = [0.0, 1.0, 2.0, 3.0];
    let drawn =
        dose_response(&Pairs::new(&[-1.0, 0.0, 0.5, 3.0, 3.1], &[1.0; 5]), &Request { bins: Bins::Edges(&edges), ..SHARES }).unwrap();
    assert_eq!(drawn.bins.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [2, 0, 1]);
    assert_eq!((drawn.bins[1].low, drawn.bins[1].mean, drawn.bins[1].outcome, drawn.outside), (1.0, None, None, 2));
}

#[test]
fn nonsense_is_refused() {
    let error = |pairs: Pairs<'_>, request: Request<'_>| dose_response(&pairs, &request).unwrap_err();
    let pairs = Pairs::new(&[1.0, 2.0], &[0.0, 5.0]);
    assert_eq!(error(pairs, SHARES), PairsError::NotBinary { value: 5.0 }.into());
    assert_eq!(error(pairs, Request { bins: Bins::Count(0), ..SCORES }), DoseResponseError::NoBins);
    let edges = error(pairs, Request { bins: Bins::Edges(&[2.0, 1.0]), ..SCORES });
    assert_eq!(edges.to_string(), "cut the measure at [2.0, 1.0]: two or more ascending finite edges are needed");
    assert_eq!(error(Pairs::new(&[f64::NAN], &[1.0]), SCORES), PairsError::Nothing { rows: 1 }.into());
}

proptest! {
    #[test]
    fn bins_share_out_all_rows_and_estimates_lie_in_their_intervals(
        rows in prop::collection::vec((0..30i32, prop::bool::ANY, 0.1..5.0f64, 0..40u32), 1..200), count in 1..12usize,
    ) {
        let x: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let y: Vec<f64> = rows.iter().map(|row| f64::from(u8::from(row.1))).collect();
        let weights: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let users: Vec<u32> = rows.iter().map(|row| row.3).collect();
        let pairs = Pairs { weights: Some(&weights), users: Some(&users), ..Pairs::new(&x, &y) };
        for outcome in [Outcome::Score, Outcome::YesNo] {
            let drawn = dose_response(&pairs, &Request { outcome, bins: Bins::Count(count), ..SCORES }).unwrap();
            prop_assert_eq!(drawn.bins.iter().map(|bin| bin.rows).sum::<u64>(), rows.len() as u64);
            for estimate in drawn.bins.iter().filter_map(|bin| bin.outcome) {
                prop_assert!(estimate.low <= estimate.value && estimate.value <= estimate.high);
            }
        }
    }
}
