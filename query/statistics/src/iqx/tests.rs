use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

fn reference() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drivers.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[track_caller]
fn misfit(x: &[f64], y: &[f64]) -> Misfit {
    match iqx(&Pairs::new(x, y), Confidence::P95).unwrap() {
        Iqx::NotFitting { why } => why,
        fitted @ Iqx::Fitted(_) => panic!("{fitted:?}"),
    }
}

#[track_caller]
fn fitted(x: &[f64], y: &[f64]) -> Curve {
    match iqx(&Pairs::new(x, y), Confidence::P95).unwrap() {
        Iqx::Fitted(curve) => *curve,
        misfit @ Iqx::NotFitting { .. } => panic!("{misfit:?}"),
    }
}

/// scipy's `curve_fit`: parameters, and their standard errors from the Jacobian where all scatter is the same.
#[test]
fn the_curve_as_scipy_fits_it() {
    let reference = reference();
    let (input, expected) = (&reference["input"]["iqx"], &reference["expected"]["iqx"]);
    let (x, y) = (numbers(&input["x"]), numbers(&input["y"]));
    let curve = fitted(&x, &y);
    let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-6 * want.abs(), "{got} is not {want}");
    for (got, want) in [curve.alpha, curve.beta, curve.gamma].iter().zip(numbers(&expected["parameters"])) {
        near(got.value, want);
    }
    near(curve.r_squared, expected["r_squared"].as_f64().unwrap());
    near(curve.at(2.0), expected["at_2"].as_f64().unwrap());
    let sorted = Sorted::of(&Pairs::new(&x, &y)).unwrap();
    let search = Search::of(&sorted);
    let beta = curve.beta.value;
    let line = search.line(beta);
    let plain = Sandwich::of(&sorted, |row| derivatives(&line, search.origin, beta, row)).unwrap().plain;
    let scatter = line.residual / (x.len() as f64 - 3.0);
    let grown = (beta * search.origin).exp();
    let alpha = Vector3::new(grown, 0.0, grown * line.height * search.origin);
    for (of, want) in [alpha, Vector3::z(), Vector3::y()].iter().zip(numbers(&expected["errors"])) {
        assert!(((of.dot(&(plain * of)) * scatter).sqrt() / want - 1.0).abs() < 1e-5);
    }
}

fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| random.random::<f64>() - 0.5).collect()
}

fn with_noise(x: &[f64], of: impl Fn(f64) -> f64) -> Vec<f64> {
    x.iter().zip(noise(3, x.len())).map(|(x, noise)| of(*x) + noise).collect()
}

#[test]
fn what_is_no_such_curve_is_not_fitted() {
    let x: Vec<f64> = (0..300).map(|i| f64::from(i) / 60.0).collect();
    assert_eq!(misfit(&x, &with_noise(&x, |x| 5.0 - 0.5 * x)), Misfit::Straight);
    assert_eq!(misfit(&x, &with_noise(&x, |x| 5.0 - 0.02 * x.exp())), Misfit::Accelerating);
    assert_eq!(misfit(&x, &with_noise(&x, |x| if x < 0.01 { 50.0 } else { 2.0 })), Misfit::Abrupt);
    // Any of several reasons will do for noise about a constant, but the curve is not drawn.
    misfit(&x, &with_noise(&x, |_| 3.0));
    assert_eq!(misfit(&x, &[2.0; 300]), Misfit::Constant);
    assert_eq!(misfit(&x[..20], &x[..20]), Misfit::TooFew);
    assert_eq!(misfit(&x.iter().map(|x| x.floor()).collect::<Vec<_>>(), &with_noise(&x, |x| x)), Misfit::TooFewValues);
    assert_eq!(misfit(&x, &x.iter().map(|x| (-x).exp()).collect::<Vec<_>>()), Misfit::NoInterval);
}

#[test]
fn a_rising_curve_settles_too() {
    let x: Vec<f64> = (0..400).map(|i| 100.0 + f64::from(i)).collect();
    let curve = fitted(&x, &with_noise(&x, |x| 4.5 - 6.0 * (-x / 80.0).exp()));
    assert!(!curve.alpha.excludes(-6.0) && !curve.beta.excludes(1.0 / 80.0) && !curve.gamma.excludes(4.5), "{curve:?}");
    assert!(curve.alpha.value < 0.0 && curve.r_squared_of_means > 0.9);
}

/// More rows than cells: the means of cells give the same curve.
#[test]
fn many_rows_give_the_curve_of_their_cells() {
    let x: Vec<f64> = (0..30_000).map(|i| f64::from(i % 7919) / 1000.0).collect();
    let curve = fitted(&x, &with_noise(&x, |x| 3.0 * (-0.7 * x).exp() + 1.5));
    assert!(
        (curve.alpha.value - 3.0).abs() < 0.03 && (curve.beta.value - 0.7).abs() < 0.02 && (curve.gamma.value - 1.5).abs() < 0.02,
        "{curve:?}"
    );
}
