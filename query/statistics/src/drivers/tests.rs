use super::*;
use crate::design::{Covariate, Why};
use serde_json::Value;

fn reference() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drivers.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn estimated(drivers: Drivers) -> Vec<Driver> {
    match drivers.findings {
        Findings::Estimated(all) => all,
        penalised @ Findings::Penalised { .. } => panic!("{penalised:?}"),
    }
}

/// Coefficients and their sandwich over users by statsmodels (`OrderedModel` and numpy for scores, `Logit` for yes and no), the mean difference of a
/// step and its variance by numpy with numerical derivatives.
#[test]
fn drivers_as_others_compute_them() {
    let reference = reference();
    let (input, expected) = (&reference["input"]["drivers"], &reference["expected"]["drivers"]);
    let columns = ["rtt", "jitter", "loss"].map(|name| numbers(&input[name]));
    let users: Vec<u32> = numbers(&input["users"]).into_iter().map(|user| user as u32).collect();
    let covariates =
        [Covariate::numeric("rtt", &columns[0]), Covariate::numeric("jitter", &columns[1]), Covariate::numeric("loss", &columns[2])];
    let design = Design::new(users.len(), &covariates).unwrap();
    let measures = [Measure { name: "rtt", step: 50.0 }, Measure { name: "loss", step: 1.0 }];
    for name in ["score", "yes"] {
        let outcome = numbers(&input[name]);
        let answers = Answers { design: &design, outcome: &outcome, weights: None, users: Some(&users) };
        let got = estimated(drivers(&answers, &measures, Options::default()).unwrap());
        for driver in got {
            let want = numbers(&expected[name][&driver.measure]);
            let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-6 * want.abs().max(0.1), "{name}: {driver:?} is not {want}");
            near(driver.per_deviation.value, want[0]);
            near((driver.per_deviation.high - driver.per_deviation.low) / 2.0, want[1]);
            near(driver.per_step.value, want[2]);
            near((driver.per_step.high - driver.per_step.low) / 2.0, want[3]);
            near(driver.p, want[4]);
        }
    }
}

/// Satisfaction falls with loss; jitter is loss with little of its own.
fn world() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let loss: Vec<f64> = (0..600).map(|i| f64::from((i * 37) % 100) / 20.0).collect();
    let jitter = loss.iter().enumerate().map(|(i, loss)| 10.0 * loss + f64::from((i as u32 * 53) % 31) / 10.0).collect();
    let score =
        loss.iter().enumerate().map(|(i, loss)| (5.0 - loss / 2.0 - f64::from((i as u32 * 71) % 30) / 10.0).round().max(1.0)).collect();
    (loss, jitter, score)
}

#[test]
fn what_goes_together_is_named_and_the_rest_ranked() {
    let (loss, jitter, score) = world();
    let fps: Vec<f64> = (0..600).map(|i| if i % 5 == 0 { f64::NAN } else { f64::from((i * 11) % 17) }).collect();
    let covariates = [
        Covariate::numeric("fps", &fps),
        Covariate::numeric("loss", &loss),
        Covariate::numeric("jitter", &jitter),
        Covariate::numeric("constant", &[2.0; 600]),
    ];
    let design = Design::new(600, &covariates).unwrap();
    let answers = Answers { design: &design, outcome: &score, weights: None, users: None };
    let measures = ["fps", "loss", "jitter", "constant"].map(|name| Measure { name, step: 1.0 });
    let got = drivers(&answers, &measures, Options::default()).unwrap();
    assert_eq!((got.answers, got.users, got.levels.clone()), (600, 600, vec![1.0, 2.0, 3.0, 4.0, 5.0]));
    assert_eq!(got.left_out, [Dropped { column: "constant".into(), why: Why::Constant }]);
    let all = estimated(got);
    assert_eq!(all[0].measure, "loss");
    assert_eq!(all[0].collinear_with, ["jitter"]);
    assert!(all[0].inflation.unwrap() > 100.0 && all[0].per_step.value < -0.3);
    let fps = all.iter().find(|driver| driver.measure == "fps").unwrap();
    assert_eq!((fps.missing, fps.per_step.n), (120, 480));
    assert!(fps.inflation.unwrap() < 1.1 && fps.collinear_with.is_empty() && fps.p <= fps.p_holm);
}

#[test]
fn rows_without_an_answer_say_nothing() {
    let (loss, _, mut score) = world();
    score[300..].fill(f64::NAN);
    let design = Design::new(600, &[Covariate::numeric("loss", &loss)]).unwrap();
    let measures = [Measure { name: "loss", step: 1.0 }];
    let of = |weights| drivers(&Answers { design: &design, outcome: &score, weights, users: None }, &measures, Options::default()).unwrap();
    let weights: Vec<f64> = (0..600).map(|i| if i < 300 { 1.0 } else { 5.0 }).collect();
    assert_eq!(of(None), of(Some(&weights)));
    assert_eq!(of(None).answers, 300);
}

/// The same answers four times over, by the same users: nothing is known better.
#[test]
fn a_user_who_answers_often_counts_once() {
    let (loss, _, score) = world();
    let four = |values: &[f64]| -> Vec<f64> { (0..4).flat_map(|_| values.iter().copied()).collect() };
    let (loss4, score4) = (four(&loss), four(&score));
    let users: Vec<u32> = (0..2400).map(|i| i % 600).collect();
    let measures = [Measure { name: "loss", step: 1.0 }];
    let of = |loss: &[f64], outcome: &[f64], users| {
        let design = Design::new(loss.len(), &[Covariate::numeric("loss", loss)]).unwrap();
        estimated(drivers(&Answers { design: &design, outcome, weights: None, users }, &measures, Options::default()).unwrap())[0].clone()
    };
    let (once, often) = (of(&loss, &score, None), of(&loss4, &score4, Some(&users)));
    let width = |estimate: Estimate| estimate.high - estimate.low;
    assert!((once.per_step.value - often.per_step.value).abs() < 1e-8);
    assert!((width(once.per_step) / width(often.per_step) - 1.0).abs() < 0.01);
}

#[test]
fn no_interval_is_given_where_there_is_no_honest_one() {
    let x: Vec<f64> = (0..60).map(f64::from).collect();
    let split: Vec<f64> = x.iter().map(|x| (x / 20.0).floor()).collect();
    let design = Design::new(60, &[Covariate::numeric("x", &x)]).unwrap();
    let measures = [Measure { name: "x", step: 1.0 }];
    let of = |outcome: &[f64], users: Option<&[u32]>, penalty| {
        let answers = Answers { design: &design, outcome, weights: None, users };
        match drivers(&answers, &measures, Options { penalty, ..Options::default() }).unwrap().findings {
            Findings::Penalised { why, tendencies, .. } => (why, tendencies[0].per_step),
            estimated @ Findings::Estimated(_) => panic!("{estimated:?}"),
        }
    };
    let (why, per_step) = of(&split, None, Penalty::None);
    assert_eq!(why, Penalised::NotFitted(OrdinalError::Separated { column: "x".into() }));
    assert!(per_step > 0.01);
    let mixed: Vec<f64> = (0..60).map(|i| f64::from((i * 17) % 3)).collect();
    assert_eq!(of(&mixed, None, Penalty::Ridge(2.0)).0, Penalised::Asked);
    let few: Vec<u32> = (0..60).map(|i| i % 5).collect();
    assert_eq!(of(&mixed, Some(&few), Penalty::None).0, Penalised::TooFewUsers { users: 5, columns: 3 });
}

#[test]
fn what_cannot_be_related_is_refused() {
    let x: Vec<f64> = (0..40).map(f64::from).collect();
    let design = Design::new(40, &[Covariate::numeric("x", &x)]).unwrap();
    let error = |outcome: &[f64], name, step| {
        let answers = Answers { design: &design, outcome, weights: None, users: None };
        drivers(&answers, &[Measure { name, step }], Options::default()).unwrap_err().to_string()
    };
    assert_eq!(error(&[1.0], "x", 1.0), "relate 1 outcomes to a design of 40 rows: one of each is needed");
    assert_eq!(error(&x, "y", 1.0), "rank \"y\": the design has no number of that name");
    assert_eq!(error(&x, "x", 0.0), "rank \"x\" by a step of 0: a finite step other than 0 is needed");
    assert_eq!(error(&[f64::NAN; 40], "x", 1.0), "none of 40 rows has an answer: nothing can be related to it");
    assert_eq!(error(&[4.0; 40], "x", 1.0), "fit 40 answers to 2 columns");
}
