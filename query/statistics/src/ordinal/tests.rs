use super::*;
use crate::design::Covariate;
use crate::logistic::logistic;
use serde_json::Value;

fn reference() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drivers.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn line(n: u32) -> Vec<f64> {
    (0..n).map(f64::from).collect()
}

/// statsmodels' `OrderedModel`.
#[test]
fn the_model_as_statsmodels_fits_it() {
    let reference = reference();
    let (input, expected) = (&reference["input"]["ordinal"], &reference["expected"]["ordinal"]);
    let (rtt, loss, score) = (numbers(&input["rtt"]), numbers(&input["loss"]), numbers(&input["score"]));
    let covariates = [Covariate::numeric("rtt", &rtt), Covariate::numeric("loss", &loss)];
    let design = Design::new(rtt.len(), &covariates).unwrap().raw();
    let fit = ordinal(&design, &score, None, Penalty::None).unwrap();
    let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-6 * want.abs().max(1.0), "{got} is not {want}");
    let close = |got: Vec<f64>, want: &Value| got.into_iter().zip(numbers(want)).for_each(|(got, want)| near(got, want));
    close(fit.coefficients[1..].to_vec(), &expected["coefficients"]);
    close(fit.thresholds.clone(), &expected["thresholds"]);
    near(fit.log_likelihood, expected["log_likelihood"].as_f64().unwrap());
    let errors = (0..2).map(|k| fit.covariance[(fit.thresholds.len() + k, fit.thresholds.len() + k)].sqrt());
    close(errors.collect(), &expected["errors"]);
    close((0..3).map(|row| fit.mean(design.predict(row, &fit.coefficients)).0).collect(), &expected["means"]);
}

#[test]
fn two_levels_are_the_logistic_model() {
    let x = line(200);
    let y: Vec<bool> = (0..200).map(|i| (i * 7919) % 200 < i).collect();
    let score: Vec<f64> = y.iter().map(|y| f64::from(u8::from(*y))).collect();
    let design = Design::new(200, &[Covariate::numeric("x", &x)]).unwrap();
    for penalty in [Penalty::None, Penalty::Ridge(3.0)] {
        let (one, other) = (ordinal(&design, &score, None, penalty).unwrap(), logistic(&design, &y, None, penalty).unwrap());
        assert!((one.coefficients[1] - other.coefficients[1]).abs() < 1e-9 && (one.thresholds[0] + other.coefficients[0]).abs() < 1e-9);
        assert!((one.covariance[(1, 1)] - other.covariance[(1, 1)]).abs() < 1e-9);
        let (mean, slope) = one.mean(design.predict(7, &one.coefficients));
        assert!((mean - other.probability[7]).abs() < 1e-9 && (slope - mean * (1.0 - mean)).abs() < 1e-12);
    }
}

#[test]
fn weights_are_so_many_rows() {
    let (x, score): (Vec<f64>, Vec<f64>) = (0..90_u32).map(|i| (f64::from(i % 30), f64::from((i * 31) % 5).min(f64::from(i % 30)))).unzip();
    let weights: Vec<f64> = (0..90).map(|i| f64::from(i % 3)).collect();
    let repeated: Vec<usize> = (0..90).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
    let design = Design::new(90, &[Covariate::numeric("x", &x)]).unwrap();
    let one = ordinal(&design, &score, Some(&weights), Penalty::None).unwrap();
    let scores: Vec<f64> = repeated.iter().map(|row| score[*row]).collect();
    let other = ordinal(&design.select(&repeated), &scores, None, Penalty::None).unwrap();
    assert!((one.coefficients[1] - other.coefficients[1]).abs() < 1e-8 && (one.log_likelihood - other.log_likelihood).abs() < 1e-8);
}

#[test]
fn what_cannot_be_fitted_is_named() {
    let x = line(60);
    let design = Design::new(60, &[Covariate::numeric("x", &x)]).unwrap();
    let error = |scores: &[f64]| ordinal(&design, scores, None, Penalty::None).unwrap_err();
    assert_eq!(error(&[3.0; 60]), OrdinalError::OneOutcome { rows: 60 });
    assert_eq!(error(&[3.0; 2]), OrdinalError::Length { scores: 2, rows: 60 });
    assert_eq!(error(&x), OrdinalError::TooManyLevels { levels: 60 });
    assert!(matches!(error(&[f64::NAN; 60]), OrdinalError::NotFinite { row: 0, .. }));
    let one: Vec<f64> = (0..60).map(|i| f64::from(u8::from(i == 30))).collect();
    assert_eq!(error(&one), OrdinalError::TooFew { rarer: 1, columns: 2 });
    let split: Vec<f64> = x.iter().map(|x| (x / 20.0).floor()).collect();
    assert_eq!(error(&split), OrdinalError::Separated { column: "x".into() });
    let held = ordinal(&design, &split, None, Penalty::Ridge(1.0)).unwrap();
    assert!(held.coefficients[1] > 1.0 && held.coefficients[1].is_finite());
    assert_eq!(ordinal(&design, &split, Some(&[1.0; 3]), Penalty::None).unwrap_err(), OrdinalError::Weight { row: 3 });
}
