use super::*;
use crate::scale::Scale;
use proptest::prelude::*;

fn of(kind: Kind, scores: &[f64]) -> Result<Scored, ScoreError> {
    weighted(kind, scores, &vec![1.0; scores.len()])
}

fn weighted(kind: Kind, scores: &[f64], weights: &[f64]) -> Result<Scored, ScoreError> {
    let answers: Vec<Answer> = scores.iter().zip(weights).map(|(score, weight)| Answer { score: *score, weight: *weight }).collect();
    super::score(&Instrument::customary(kind), &answers, Confidence::P95, 1)
}

fn repeated(counts: &[(f64, usize)]) -> Vec<f64> {
    counts.iter().flat_map(|(score, times)| std::iter::repeat_n(*score, *times)).collect()
}

#[track_caller]
fn near(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() < 1e-6, "{what}: {got} is not {want}");
}

/// statsmodels: `proportion_confint`, `DescrStatsW`, and `WLS` on a constant with HC1 errors, which is the linearised error of a weighted mean.
#[test]
fn scores_as_statsmodels_has_them() {
    let reference: serde_json::Value =
        serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/satisfaction.json"))).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f64> { value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() };
    let expected = &reference["expected"]["scores"];
    let weights = numbers(&reference["input"]["scores"]["weights"]);
    for kind in Kind::ALL {
        let scores = numbers(&reference["input"]["scores"][kind.name()]);
        for (name, scored) in [("plain", of(kind, &scores).unwrap()), ("weighted", weighted(kind, &scores, &weights).unwrap())] {
            let want = &expected[kind.name()][name];
            let figures = [
                ("value", scored.headline.value),
                ("low", scored.headline.low),
                ("high", scored.headline.high),
                ("standard_error", scored.standard_error.unwrap()),
                ("effective_n", scored.effective_n),
            ];
            figures.iter().for_each(|(what, got)| near(*got, want[what].as_f64().unwrap(), &format!("{name} {} {what}", kind.name())));
        }
    }
}

/// Wilson of 40 in 100, from the npm package `wilson-score-interval`.
#[test]
fn forty_satisfied_of_a_hundred() {
    let scored = of(Kind::Csat, &repeated(&[(1.0, 30), (3.0, 30), (4.0, 15), (5.0, 25)])).unwrap();
    assert_eq!((scored.headline.value, scored.method, scored.n), (0.4, Method::Wilson, 100));
    assert_eq!(format!("{:.4} {:.4}", scored.headline.low, scored.headline.high), "0.3094 0.4980");
    let given: Vec<(f64, u64)> = scored.distribution.iter().map(|given| (given.score, given.answers)).collect();
    assert_eq!(given, [(1.0, 30), (3.0, 30), (4.0, 15), (5.0, 25)]);
}

/// By hand: 70 promoters and 30 detractors of 150 are an NPS of 26.67 with a variance of 100^2 (100/150 - (40/150)^2) / 150 = 39.70.
#[test]
fn promoters_less_detractors() {
    let scored = of(Kind::Nps, &repeated(&[(10.0, 40), (9.0, 30), (8.0, 50), (6.0, 20), (0.0, 10)])).unwrap();
    assert_eq!((scored.method, scored.bootstrap), (Method::Variance, None));
    near(scored.headline.value, 100.0 * 40.0 / 150.0, "value");
    let error = 100.0 * ((100.0 / 150.0 - (40.0_f64 / 150.0).powi(2)) / 150.0).sqrt();
    near(scored.headline.high - scored.headline.value, 1.959_963_984_540_054 * error, "half width");
}

#[test]
fn a_small_nps_is_adjusted_and_has_a_bootstrap_beside_it() {
    let scored = of(Kind::Nps, &repeated(&[(10.0, 20), (8.0, 10), (3.0, 10)])).unwrap();
    assert_eq!((scored.method, scored.headline.value), (Method::AdjustedWald, 25.0));
    let bootstrap = scored.bootstrap.unwrap();
    assert!((bootstrap.low - scored.headline.low).abs() < 5.0 && (bootstrap.high - scored.headline.high).abs() < 5.0, "{bootstrap:?}");
    assert_eq!(of(Kind::Nps, &repeated(&[(10.0, 20), (8.0, 10), (3.0, 10)])).unwrap().bootstrap, Some(bootstrap));
}

#[test]
fn answers_all_alike_are_not_certain() {
    for kind in Kind::ALL {
        let highest = Instrument::customary(kind).scale().high;
        for n in [1, 2, 30] {
            let scored = of(kind, &vec![highest; n]).unwrap();
            let width = scored.headline.high - scored.headline.low;
            let (least, greatest) = Instrument::customary(kind).bounds();
            assert!(scored.headline.value == greatest && scored.standard_error.is_none(), "{scored:?}");
            assert!(width > 0.05 * (greatest - least), "{}: {n} alike leave {width}", kind.name());
        }
    }
    // Alike in what they contribute but not in weight, where the weighted mean is not exact.
    assert_eq!(weighted(Kind::Acr, &[4.1; 3], &[0.1, 0.2, 0.7]).unwrap().method, Method::Bounded);
}

#[test]
fn what_is_off_the_scale_is_refused_and_counted() {
    let scored = of(Kind::Acr, &[3.0, 4.0, 0.0, 9.0, f64::NAN]).unwrap();
    assert_eq!((scored.n, scored.refused, scored.headline.value), (2, 3, 3.5));
    assert_eq!(of(Kind::Acr, &[0.0]), Err(ScoreError::NoAnswers { kind: Kind::Acr, refused: 1 }));
    assert_eq!(of(Kind::Csat, &[]).unwrap_err().to_string(), "csat of no answers");
}

#[test]
fn unfit_weights_are_refused() {
    assert_eq!(weighted(Kind::Csat, &[4.0], &[0.0]), Err(ScoreError::NoWeight { kind: Kind::Csat, n: 1 }));
    let error = weighted(Kind::Csat, &[4.0, 5.0], &[1.0, -2.0]).unwrap_err();
    assert_eq!(error.to_string(), "csat with a weight of -2 for answer 1: a weight is a finite number, not negative");
    assert!(weighted(Kind::Csat, &[4.0], &[f64::NAN]).is_err());
}

/// Exact coverage over all outcomes of 40 answers.
#[test]
fn a_small_nps_is_covered_as_often_as_it_says() {
    let ln_factorial: Vec<f64> = (0..=40_u32).scan(0.0, |sum, k| Some(std::mem::replace(sum, *sum + f64::from(k + 1).ln()))).collect();
    for (p, d) in [(0.5, 0.2), (0.7, 0.1), (0.85, 0.05), (0.3, 0.4), (0.1, 0.1)] {
        let mut covered = 0.0;
        for promoters in 0..=40 {
            for detractors in 0..=40 - promoters {
                let rest = 40 - promoters - detractors;
                let answers = repeated(&[(9.0, promoters), (2.0, detractors), (7.0, rest)]);
                let answers: Vec<Answer> = answers.into_iter().map(|score| Answer { score, weight: 1.0 }).collect();
                let instrument = Instrument::customary(Kind::Nps);
                let (headline, method) = Sample::of(&instrument, &answers, 40.0).headline(&instrument, Confidence::P95);
                assert_eq!(method, Method::AdjustedWald);
                let ways = ln_factorial[40] - ln_factorial[promoters] - ln_factorial[detractors] - ln_factorial[rest];
                let mass =
                    (ways + promoters as f64 * f64::ln(p) + detractors as f64 * f64::ln(d) + rest as f64 * f64::ln(1.0 - p - d)).exp();
                covered += if headline.excludes(100.0 * (p - d)) { 0.0 } else { mass };
            }
        }
        assert!((0.94..0.98).contains(&covered), "{p} less {d} is covered {covered}");
    }
}

proptest! {
    #[test]
    fn scores_lie_in_their_intervals_and_intervals_on_the_scale(
        answers in prop::collection::vec((0..=10_u8, 0.0..5.0f64), 1..60), kind in 0..5_usize, level in 0.5..0.999f64,
    ) {
        let kind = Kind::ALL[kind];
        let high = if kind == Kind::Thumbs { 1.0 } else { 10.0 };
        let instrument = Instrument::new(kind, Scale { low: 0.0, high }).unwrap();
        let answers: Vec<Answer> = answers.iter().map(|(score, weight)| Answer { score: f64::from(*score), weight: *weight }).collect();
        if let Ok(scored) = super::score(&instrument, &answers, Confidence::new(level).unwrap(), 3) {
            let (least, greatest) = instrument.bounds();
            let Estimate { value, low, high, n } = scored.headline;
            prop_assert!(least <= low && low <= value && value <= high && high <= greatest && low < high, "{:?}", scored);
            prop_assert_eq!(n + scored.refused, answers.len() as u64);
            prop_assert!((scored.distribution.iter().map(|given| given.share).sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_unit_of_weights_does_not_matter(scores in prop::collection::vec(1..=5_u8, 2..40), factor in 0.01..100.0f64) {
        let scores: Vec<f64> = scores.iter().map(|score| f64::from(*score)).collect();
        let one = of(Kind::Acr, &scores).unwrap();
        let other = weighted(Kind::Acr, &scores, &vec![factor; scores.len()]).unwrap();
        prop_assert!((one.headline.low - other.headline.low).abs() < 1e-9 && (one.headline.value - other.headline.value).abs() < 1e-9);
        prop_assert_eq!(one.method, other.method);
    }
}

/// 400 worlds of 80 people who give one to nine answers each, much alike: the interval must hold the truth about as often as it says, where it holds it far
/// too seldom when each answer is taken for somebody else's.
#[test]
fn answers_of_one_person_go_together() {
    for (kind, truth) in [(Kind::Csat, 0.5), (Kind::Acr, 3.0), (Kind::Nps, 0.0)] {
        let instrument = Instrument::customary(kind);
        let (mut covered, mut deceived) = (0, 0);
        for seed in 0..400 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let (mut answers, mut persons) = (Vec::new(), Vec::new());
            for person in 0..80_u32 {
                let happy = random.random_bool(0.5);
                for _ in 0..random.random_range(1..10) {
                    let happy = if random.random_bool(0.8) { happy } else { random.random_bool(0.5) };
                    let (low, high) = if kind == Kind::Nps { (3.0, 9.0) } else { (2.0, 4.0) };
                    answers.push(Answer { score: if happy { high } else { low }, weight: 1.0 });
                    persons.push(person);
                }
            }
            let holds = |scored: Scored| u32::from(!scored.headline.excludes(truth));
            covered += holds(score_by_person(&instrument, &answers, &persons, Confidence::P95, seed).unwrap());
            deceived += holds(score(&instrument, &answers, Confidence::P95, seed).unwrap());
        }
        assert!((368..=396).contains(&covered) && deceived < 280, "{}: {covered} and {deceived} of 400", kind.name());
    }
    let alike = [Answer { score: 5.0, weight: 1.0 }; 40];
    let one = score_by_person(&Instrument::customary(Kind::Csat), &alike, &[7; 40], Confidence::P95, 1).unwrap();
    assert_eq!((one.n, one.effective_n), (40, 1.0));
}
