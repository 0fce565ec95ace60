use super::*;
use crate::design::Covariate;
use crate::response::{Options, correct};
use crate::scale::{Instrument, Kind};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Answers of 1 to 5 whose extremes are `odds` times as ready to answer, the rest with odds of 0.2. Scores of all, and who answered.
fn world(n: usize, odds: f64, shares: [f64; 5], seed: u64) -> (Vec<f64>, Vec<bool>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .map(|_| {
            let mut left: f64 = random.random();
            let score = shares.iter().position(|share| {
                left -= share;
                left < 0.0
            });
            let score = score.unwrap_or(4) as f64 + 1.0;
            let answering = if score == 1.0 || score == 5.0 { 0.2 * odds } else { 0.2 };
            (score, random.random_bool(answering / (1.0 + answering)))
        })
        .unzip()
}

fn asked<'a>(kind: Kind, scores: &'a [f64], answered: &'a [bool], design: &'a Design) -> Asked<'a> {
    Asked { instrument: Instrument::customary(kind), scores, answered, design, clusters: None }
}

/// statsmodels' `Logit`; errors by the sandwich of the stacked estimating equations with numerical derivatives.
#[test]
fn tilted_scores_as_statsmodels_and_the_sandwich_have_them() {
    let reference: serde_json::Value =
        serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/satisfaction.json"))).unwrap();
    let numbers =
        |name: &str| -> Vec<f64> { reference["input"]["silence"][name].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() };
    let (quality, phone, five, eleven) = (numbers("quality"), numbers("phone"), numbers("five"), numbers("eleven"));
    let answered: Vec<bool> = numbers("answered").iter().map(|answered| *answered == 1.0).collect();
    let clusters: Vec<u32> = numbers("clusters").iter().map(|cluster| *cluster as u32).collect();
    let design = Design::new(quality.len(), &[Covariate::numeric("quality", &quality), Covariate::numeric("phone", &phone)]).unwrap();
    for (kind, scores) in [(Kind::Csat, &five), (Kind::Acr, &five), (Kind::Nps, &eleven)] {
        for (name, clusters) in [("alone", None), ("clustered", Some(clusters.as_slice()))] {
            let asked = Asked { clusters, ..asked(kind, scores, &answered, &design) };
            let corrected = correct(&asked, &Options::default()).unwrap();
            let silence = Silence::of(&asked, &corrected);
            for (what, direction) in [("both", Direction::Both), ("furious", Direction::Furious), ("delighted", Direction::Delighted)] {
                let got = silence.estimate(direction.tilt(5.0), Confidence::P95).unwrap();
                let want = &reference["expected"]["silence"][kind.name()][name][what];
                let unit = if kind == Kind::Nps { 100.0 } else { 1.0 };
                for (got, end) in [(got.value, "value"), (got.low, "low"), (got.high, "high")] {
                    let want = want[end].as_f64().unwrap();
                    assert!((got - want).abs() < 1e-6 * unit, "{} {name} {what} {end}: {got} is not {want}", kind.name());
                }
            }
        }
    }
}

const ANGRY: [f64; 5] = [0.3, 0.2, 0.2, 0.2, 0.1];

#[test]
fn at_the_true_odds_the_truth_is_found_at_any_rate_of_answering() {
    let (scores, answered) = world(60_000, 5.0, ANGRY, 1);
    let design = Design::new(scores.len(), &[]).unwrap();
    let asked = asked(Kind::Acr, &scores, &answered, &design);
    let corrected = correct(&asked, &Options::default()).unwrap();
    let silence = Silence::of(&asked, &corrected);
    let truth = scores.iter().sum::<f64>() / scores.len() as f64;
    let got = silence.estimate(Direction::Both.tilt(5.0), Confidence::P95).unwrap();
    assert!((got.value - truth).abs() < 0.02, "{got:?} is not {truth}");
    assert!(corrected.augmented.value < truth - 0.1);
}

#[test]
fn even_odds_are_the_weighted_score() {
    let (scores, answered) = world(4000, 3.0, ANGRY, 2);
    let x: Vec<f64> = (0..4000).map(|row| f64::from(row % 7)).collect();
    let design = Design::new(4000, &[Covariate::numeric("x", &x)]).unwrap();
    let asked = asked(Kind::Csat, &scores, &answered, &design);
    let corrected = correct(&asked, &Options::default()).unwrap();
    let got = Silence::of(&asked, &corrected).value(Tilt { low: 1.0, high: 1.0 }).unwrap();
    assert!((got - corrected.weighted.value).abs() < 1e-3, "{got} is not {}", corrected.weighted.value);
}

#[test]
fn the_furious_lower_and_the_delighted_raise_what_is_heard() {
    let (scores, answered) = world(4000, 3.0, ANGRY, 3);
    let design = Design::new(4000, &[]).unwrap();
    let asked = asked(Kind::Acr, &scores, &answered, &design);
    let corrected = correct(&asked, &Options::default()).unwrap();
    let band = Silence::of(&asked, &corrected).band(Confidence::P95).unwrap();
    assert_eq!(band.points.len(), 12);
    let values = |of| band.points.iter().filter(|point| point.direction == of).map(|point| point.estimate.value).collect::<Vec<f64>>();
    assert!(values(Direction::Furious).is_sorted() && values(Direction::Delighted).is_sorted_by(|a, b| a >= b));
    assert!(band.ends.0 < band.values.0 && band.values.0 < band.values.1 && band.values.1 < band.ends.1);
}

#[test]
fn a_conclusion_turns_where_the_score_meets_the_target() {
    let (scores, answered) = world(4000, 1.0, ANGRY, 4);
    let design = Design::new(4000, &[]).unwrap();
    let asked = asked(Kind::Acr, &scores, &answered, &design);
    let corrected = correct(&asked, &Options::default()).unwrap();
    let silence = Silence::of(&asked, &corrected);
    let at_three = silence.value(Direction::Furious.tilt(3.0)).unwrap();
    let turn = silence.turns_at(at_three).unwrap();
    assert!(turn.odds <= 3.0 + 1e-4, "{turn:?}");
    assert!((silence.value(turn.direction.tilt(turn.odds)).unwrap() - at_three).abs() < 1e-5);
    assert_eq!(silence.turns_at(4.9), None);
    assert_eq!(silence.turns_at(silence.value(Direction::Both.tilt(1.0)).unwrap()).unwrap().odds, 1.0);
}

#[test]
fn the_order_of_two_groups_turns_sooner_when_they_may_differ() {
    let (angry, calm) = (world(4000, 1.0, ANGRY, 5), world(4000, 1.0, [0.2, 0.2, 0.2, 0.2, 0.2], 6));
    let design = Design::new(4000, &[]).unwrap();
    let (first, second) = (asked(Kind::Acr, &angry.0, &angry.1, &design), asked(Kind::Acr, &calm.0, &calm.1, &design));
    let corrected = [&first, &second].map(|asked| correct(asked, &Options::default()).unwrap());
    let (first, second) = (Silence::of(&first, &corrected[0]), Silence::of(&second, &corrected[1]));
    let order = first.order(&second).unwrap();
    assert!(order.difference < 0.0);
    let apart = order.apart.unwrap();
    assert_eq!(apart.direction, (Direction::Furious, Direction::Delighted));
    assert!(order.together.is_none_or(|together| together.odds >= apart.odds), "{order:?}");
}

#[test]
fn odds_that_are_none_have_no_score() {
    let (scores, answered) = world(1000, 1.0, ANGRY, 7);
    let design = Design::new(1000, &[]).unwrap();
    let asked = asked(Kind::Nps, &scores, &answered, &design);
    // Nobody promotes at 1 to 5: all contribute alike.
    assert!(correct(&asked, &Options::default()).is_err());
    let asked = Asked { instrument: Instrument::customary(Kind::Csat), ..asked };
    let corrected = correct(&asked, &Options::default()).unwrap();
    let silence = Silence::of(&asked, &corrected);
    for odds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(silence.value(Direction::Both.tilt(odds)), None);
    }
}

/// With thumbs every answer is extreme: alike ready, they cancel; readier on one side, they do not.
#[test]
fn thumbs_have_no_middle() {
    let (scores, answered) = world(2000, 1.0, [0.4, 0.0, 0.0, 0.0, 0.6], 8);
    let scores: Vec<f64> = scores.iter().map(|score| f64::from(u8::from(*score > 3.0))).collect();
    let design = Design::new(2000, &[]).unwrap();
    let asked = asked(Kind::Thumbs, &scores, &answered, &design);
    let corrected = correct(&asked, &Options::default()).unwrap();
    let silence = Silence::of(&asked, &corrected);
    let value = |direction: Direction, odds| silence.value(direction.tilt(odds)).unwrap();
    assert!((value(Direction::Both, 10.0) - value(Direction::Both, 1.0)).abs() < 1e-9);
    assert!(value(Direction::Furious, 2.0) > value(Direction::Both, 1.0) && value(Direction::Delighted, 2.0) < value(Direction::Both, 1.0));
}
