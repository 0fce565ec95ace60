use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn sure(value: f64) -> Scored {
    Scored::whole(Estimate { value, low: value, high: value, n: 10 })
}

fn around(value: f64, half: f64) -> Scored {
    Scored::whole(Estimate { value, low: (value - half).max(0.0), high: (value + half).min(1.0), n: 10 })
}

fn weighed(weights: &[f64], scores: &[&[Scored]]) -> Weighed {
    Weighed::new(weights, scores.iter().map(|row| row.to_vec()).collect()).unwrap()
}

fn reference() -> Value {
    serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/poc_score.json"))).unwrap()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn missing_is_neither_zero_nor_one() {
    let table = weighed(&[3.0, 1.0], &[&[sure(0.8), Scored::MISSING], &[sure(0.61), sure(0.61)]]);
    let total = table.totals()[0];
    assert!((total.known.unwrap().value - 0.8).abs() < 1e-12 && (total.known_weight - 0.75).abs() < 1e-12);
    assert!((total.missing_at_0 - 0.6).abs() < 1e-12 && (total.missing_at_1 - 0.85).abs() < 1e-12);
    // 0.8 * 0.75 = 0.6, less than the other's: what is missing can turn it.
    assert_eq!(table.standing(), Standing::Open { leader: 0, rivals: vec![(1, Doubt::Missing)] });
    assert_eq!(weighed(&[9.0, 1.0], &[&[sure(0.8), Scored::MISSING], &[sure(0.6), sure(0.6)]]).standing(), Standing::Winner(0));
}

#[test]
fn a_dimension_known_by_half_is_missing_by_half() {
    let half = Scored { value: Some(Estimate { value: 1.0, low: 1.0, high: 1.0, n: 2 }), missing: 0.5 };
    let total = weighed(&[1.0], &[&[half]]).totals()[0];
    assert_eq!((total.known.unwrap().value, total.missing_at_0, total.missing_at_1), (1.0, 0.5, 1.0));
}

#[test]
fn a_lead_within_chance_names_no_winner() {
    let table = weighed(&[1.0], &[&[around(0.55, 0.2)], &[around(0.5, 0.2)]]);
    assert_eq!(table.standing(), Standing::Open { leader: 0, rivals: vec![(1, Doubt::Chance)] });
    assert_eq!(weighed(&[1.0], &[&[around(0.9, 0.1)], &[around(0.5, 0.1)]]).standing(), Standing::Winner(0));
    assert_eq!(weighed(&[1.0], &[&[Scored::MISSING], &[sure(0.5)]]).standing(), Standing::Unknown);
}

#[test]
fn what_cannot_be_weighed_is_refused() {
    let error = |weights: &[f64], row: &[Scored]| Weighed::new(weights, vec![row.to_vec()]).unwrap_err();
    assert_eq!(error(&[0.0, 0.0], &[sure(0.1), sure(0.1)]), WeighingError::NoWeight { dimensions: 2 });
    assert_eq!(error(&[1.0, -1.0], &[sure(0.1), sure(0.1)]), WeighingError::Weight { at: 1, weight: -1.0 });
    assert!(matches!(error(&[f64::NAN], &[sure(0.1)]), WeighingError::Weight { at: 0, .. }));
    assert_eq!(error(&[1.0], &[]), WeighingError::Scores { vendor: 0, scores: 0, dimensions: 1 });
    assert_eq!(error(&[1.0], &[sure(1.5)]), WeighingError::Score { vendor: 0, dimension: 0 });
    assert_eq!(error(&[1.0], &[sure(f64::NAN)]), WeighingError::Score { vendor: 0, dimension: 0 });
    let table = weighed(&[1.0], &[&[sure(0.5)]]);
    assert!(matches!(table.ranks(&Draws { concentration: 0.5, ..Draws::default() }), Err(WeighingError::Concentration { .. })));
}

/// scipy.optimize.linprog over the same weights.
#[test]
fn the_smallest_change_is_that_of_the_linear_programme() {
    let cases = reference()["tipping"].as_array().unwrap().clone();
    assert!(cases.len() >= 20);
    for case in &cases {
        let row = |name: &str| numbers(&case[name]).into_iter().map(sure).collect::<Vec<_>>();
        let table = Weighed::new(&numbers(&case["weights"]), vec![row("leader"), row("rival")]).unwrap();
        let found = table.tipping(0, 1);
        match case["change"].as_f64() {
            None => assert_eq!(found, None, "{case}"),
            Some(change) => {
                let found = found.unwrap();
                assert!((found.change - change).abs() < 1e-7, "{} is not {change} of {case}", found.change);
                let moved: f64 = found.weights.iter().zip(table.weights()).map(|(a, b)| (a - b).abs()).sum();
                assert!((moved - change).abs() < 1e-7 && (found.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                let alone = found.alone.map(|alone| (alone.to - alone.from).abs());
                match case["alone"].as_f64() {
                    None => assert_eq!(alone, None, "{case}"),
                    Some(want) => assert!((alone.unwrap() - want).abs() < 1e-6, "{alone:?} is not {want} of {case}"),
                }
            }
        }
    }
}

/// Weights drawn have the means and deviations that scipy.stats.dirichlet has: seen through vendors that are each good at one thing, with a rival whose
/// total is a bar of known height.
#[test]
fn drawn_weights_lie_about_those_given_as_scipy_has_them() {
    for case in reference()["dirichlet"].as_array().unwrap() {
        let (weight, concentration) = (case["weight"].as_f64().unwrap(), case["concentration"].as_f64().unwrap());
        for (bar, want) in numbers(&case["bars"]).into_iter().zip(numbers(&case["above"])) {
            let table = weighed(&[weight, 1.0 - weight], &[&[sure(1.0), sure(0.0)], &[sure(bar), sure(bar)]]);
            let ranks = table.ranks(&Draws { concentration, ..Draws::default() }).unwrap();
            assert!((ranks.shares[0][0] - want).abs() < 0.02, "{} is not {want}: {case}", ranks.shares[0][0]);
        }
    }
}

#[test]
fn those_that_come_out_alike_share_their_ranks() {
    let ranks = weighed(&[1.0, 2.0], &[&[sure(0.5), sure(0.5)], &[sure(0.5), sure(0.5)]]).ranks(&Draws::default()).unwrap();
    assert_eq!(ranks.shares, vec![vec![0.5, 0.5], vec![0.5, 0.5]]);
}

#[test]
fn the_same_seed_gives_the_same_ranks() {
    let table = weighed(&[1.0, 2.0], &[&[around(0.5, 0.2), sure(0.4)], &[sure(0.45), Scored::MISSING]]);
    assert_eq!(table.ranks(&Draws::default()), table.ranks(&Draws::default()));
}

fn scores(dimensions: usize) -> impl Strategy<Value = Vec<Scored>> {
    let one = (0.0..=1.0f64, 0.0..0.3f64, 0.0..=1.0f64, prop::bool::weighted(0.2));
    prop::collection::vec(
        one.prop_map(|(value, half, missing, gone)| if gone { Scored::MISSING } else { Scored { missing, ..around(value, half) } }),
        dimensions,
    )
}

proptest! {
    #[test]
    fn scaling_all_weights_changes_nothing(weights in prop::collection::vec(0.01..9.0f64, 4), by in 0.001..1e6f64, a in scores(4), b in scores(4)) {
        let scaled: Vec<f64> = weights.iter().map(|weight| weight * by).collect();
        let (one, other) = (Weighed::new(&weights, vec![a.clone(), b.clone()]).unwrap(), Weighed::new(&scaled, vec![a, b]).unwrap());
        for (one, other) in one.totals().iter().zip(other.totals()) {
            prop_assert!((one.missing_at_0 - other.missing_at_0).abs() < 1e-12 && (one.missing_at_1 - other.missing_at_1).abs() < 1e-12);
        }
        let change = |of: &Weighed| of.tipping(0, 1).map(|of| of.change);
        match (change(&one), change(&other)) {
            (Some(one), Some(other)) => prop_assert!((one - other).abs() < 1e-9),
            (one, other) => prop_assert_eq!(one, other),
        }
    }

    #[test]
    fn who_is_better_in_everything_wins_under_every_weight(
        weights in prop::collection::vec(0.0..9.0f64, 5), other in prop::collection::vec(0.0..0.9f64, 5), more in 0.001..0.1f64
    ) {
        prop_assume!(weights.iter().sum::<f64>() > 0.01);
        let better: Vec<Scored> = other.iter().map(|value| sure(value + more)).collect();
        let worse: Vec<Scored> = other.iter().map(|value| sure(*value)).collect();
        let table = Weighed::new(&weights, vec![worse, better]).unwrap();
        prop_assert_eq!(table.standing(), Standing::Winner(1));
        prop_assert_eq!(table.tipping(1, 0), None);
        prop_assert_eq!(&table.ranks(&Draws { times: 200, ..Draws::default() }).unwrap().shares[1][0], &1.0);
    }

    #[test]
    fn what_is_known_lies_between_the_missing_at_0_and_at_1(weights in prop::collection::vec(0.01..9.0f64, 4), a in scores(4)) {
        let total = Weighed::new(&weights, vec![a]).unwrap().totals()[0];
        prop_assert!(0.0 <= total.missing_at_0 && total.missing_at_0 <= total.missing_at_1 && total.missing_at_1 <= 1.0);
        if let Some(known) = total.known {
            prop_assert!(total.missing_at_0 <= known.value + 1e-12 && known.value <= total.missing_at_1 + 1e-12);
            prop_assert!(known.low <= known.value && known.value <= known.high);
        }
    }

    #[test]
    fn a_third_vendor_changes_no_total(weights in prop::collection::vec(0.01..9.0f64, 4), a in scores(4), b in scores(4), c in scores(4)) {
        let two = Weighed::new(&weights, vec![a.clone(), b.clone()]).unwrap().totals();
        let three = Weighed::new(&weights, vec![a, b, c]).unwrap().totals();
        prop_assert_eq!(&two[..], &three[..2]);
    }

    #[test]
    fn ranks_are_shares(weights in prop::collection::vec(0.01..9.0f64, 3), a in scores(3), b in scores(3), c in scores(3)) {
        let ranks = Weighed::new(&weights, vec![a, b, c]).unwrap().ranks(&Draws { times: 100, ..Draws::default() }).unwrap();
        for at in 0..3 {
            prop_assert!((ranks.shares[at].iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!((ranks.shares.iter().map(|row| row[at]).sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}
