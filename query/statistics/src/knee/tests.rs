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
fn found(pairs: &Pairs<'_>) -> Found {
    match knee(pairs, &Question::default()).unwrap() {
        Knee::Found(found) => *found,
        other @ Knee::NotFound { .. } => panic!("{other:?}"),
    }
}

#[track_caller]
fn not_found(x: &[f64], y: &[f64]) -> NoKnee {
    match knee(&Pairs::new(x, y), &Question::default()).unwrap() {
        Knee::NotFound { why, .. } => why,
        found @ Knee::Found(_) => panic!("{found:?}"),
    }
}

/// Least squares of statsmodels over a grid of knees, refined by scipy; the places where its squares cross the limit, with numpy's variances.
#[test]
fn knees_as_a_grid_of_regressions_finds_them() {
    let reference = reference();
    let (input, expected) = (&reference["input"]["knee"], &reference["expected"]["knee"]);
    let (x, y) = (numbers(&input["x"]), numbers(&input["y"]));
    let users: Vec<u32> = numbers(&input["users"]).into_iter().map(|user| user as u32).collect();
    let number = |value: &Value| value.as_f64().unwrap();
    for (name, users) in [("rows", None), ("users", Some(users.as_slice()))] {
        let pairs = Pairs { users, ..Pairs::new(&x, &y) };
        // The reference has the ratio's size from chi-square.
        let sorted = Sorted::of(&pairs).unwrap();
        let profile = Profile::of(&sorted).unwrap();
        let place = profile.best().place;
        // A few hundred rows leave it open whether it bends gradually; here only the figures are held against.
        let whole = super::found(&sorted, &profile, place, &Question::default()).unwrap();
        let spread = spread(&sorted, &profile, place).unwrap();
        let got = figures(&sorted, &profile, place, &spread, t_quantile(Confidence::P95, spread.freedom).unwrap()).unwrap();
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-6 * want.abs().max(1.0), "{name}: {got} is not {want}");
        near(got.at.value, number(&expected["at"]));
        let figures = [("height", got.height), ("before", got.slope_before), ("after", got.slope_after), ("bend", got.bend)];
        figures.iter().for_each(|(key, figure)| near(figure.value, number(&expected["values"][key])));
        for (key, figure) in figures.iter().chain(&[("at", got.at)]) {
            let ends = numbers(&expected[name][key]);
            near(figure.low, ends[0]);
            near(figure.high, ends[1]);
        }
        assert!(null::p_value(&sorted, &profile, 1).unwrap() < 0.001 + 1e-9 && whole.at.value == got.at.value);
        assert!(whole.at.low <= got.at.low && got.at.high <= whole.at.high);
    }
}

/// Sums over cells against a regression on the three columns themselves.
#[test]
fn squares_from_sums_are_those_of_the_rows() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let x: Vec<f64> = (0..3000).map(|_| random.random_range(0..900_i32).into()).collect();
    let y: Vec<f64> = x.iter().map(|x| (x / 100.0).sin() + random.random::<f64>()).collect();
    let weights: Vec<f64> = x.iter().map(|_| random.random_range(0.1..2.0)).collect();
    let sorted = Sorted::of(&Pairs { weights: Some(&weights), ..Pairs::new(&x, &y) }).unwrap();
    let profile = Profile::of(&sorted).unwrap();
    for at in [150.0, 333.3, 700.0] {
        let mut gram = nalgebra::Matrix3::zeros();
        let mut right = nalgebra::Vector3::zeros();
        let row = |x: f64| nalgebra::Vector3::new(1.0, x, (x - at).max(0.0));
        (0..x.len()).for_each(|i| {
            gram += row(x[i]) * row(x[i]).transpose() * weights[i];
            right += row(x[i]) * (weights[i] * y[i]);
        });
        let fit = gram.try_inverse().unwrap() * right;
        let squares: f64 = (0..x.len()).map(|i| weights[i] * (y[i] - row(x[i]).dot(&fit)).powi(2)).sum();
        let got = profile.residual(profile.units.place(at));
        assert!((got - squares).abs() < 1e-8 * squares, "{at}: {got} is not {squares}");
    }
}

#[test]
fn scores_by_row_and_by_users_of_one_row_agree() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let x: Vec<f64> = (0..500).map(|_| random.random::<f64>() * 100.0).collect();
    let y: Vec<f64> = x.iter().map(|x| x / 50.0 + (x - 55.0).max(0.0) / 300.0 + random.random::<f64>() * 3.0).collect();
    let users: Vec<u32> = (0..500).collect();
    let p = |users| {
        let sorted = Sorted::of(&Pairs { users, ..Pairs::new(&x, &y) }).unwrap();
        null::p_value(&sorted, &Profile::of(&sorted).unwrap(), 1).unwrap()
    };
    assert!((p(None) - p(Some(&users))).abs() < 0.006, "{} {}", p(None), p(Some(&users)));
}

#[test]
fn no_knee_is_an_answer_with_its_reason() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let x: Vec<f64> = (0..400).map(f64::from).collect();
    let noise: Vec<f64> = x.iter().map(|_| random.random::<f64>()).collect();
    let line: Vec<f64> = x.iter().zip(&noise).map(|(x, noise)| 0.01 * x + noise).collect();
    assert_eq!(not_found(&x, &line), NoKnee::Straight);
    assert_eq!(not_found(&x, &x), NoKnee::Straight);
    assert_eq!(not_found(&x, &[3.0; 400]), NoKnee::Constant);
    assert_eq!(not_found(&x[..20], &line[..20]), NoKnee::TooFew);
    assert_eq!(not_found(&x.iter().map(|x| x % 5.0).collect::<Vec<_>>(), &line), NoKnee::TooFewValues);
    let exact: Vec<f64> = x.iter().map(|x| (x - 200.0).max(0.0)).collect();
    assert_eq!(not_found(&x, &exact), NoKnee::NoScatter);
    let late: Vec<f64> = x.iter().zip(&noise).map(|(x, noise)| (x - 372.0).max(0.0) * 2.0 + noise).collect();
    assert_eq!(not_found(&x, &late), NoKnee::AtEdge);
    let few = [0_u32; 400];
    let one_user = knee(&Pairs { users: Some(&few), ..Pairs::new(&x, &line) }, &Question::default()).unwrap();
    assert_eq!(one_user, Knee::NotFound { p: None, why: NoKnee::TooFew });
}

#[test]
fn the_same_seed_gives_the_same_knee_and_units_only_scale_it() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let x: Vec<f64> = (0..2000).map(|_| random.random::<f64>() * 10.0).collect();
    let y: Vec<f64> = x.iter().map(|x| f64::from(u8::from(random.random::<f64>() < 0.9 - 0.12 * (x - 4.0).max(0.0)))).collect();
    let (one, other) = (found(&Pairs::new(&x, &y)), found(&Pairs::new(&x, &y)));
    assert_eq!(one, other);
    assert!(!one.at.excludes(4.0) && one.slope_before.value.abs() < 0.03 && one.slope_after.value < -0.09, "{one:?}");
    let thousands: Vec<f64> = x.iter().map(|x| 1000.0 * x + 5.0).collect();
    let scaled = found(&Pairs::new(&thousands, &y));
    assert!(
        (scaled.at.low - 1000.0 * one.at.low - 5.0).abs() < 0.1 && (scaled.slope_after.value * 1000.0 - one.slope_after.value).abs() < 1e-8
    );
}
