use super::*;
use crate::design::Covariate;
use crate::scale::Scale;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct World {
    quality: Vec<f64>,
    phone: Vec<f64>,
    answered: Vec<bool>,
    scores: Vec<f64>,
    clusters: Vec<u32>,
}

/// `n` people whose satisfaction and readiness to answer fall with quality.
fn world(n: usize, seed: u64) -> World {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut world = World { quality: vec![], phone: vec![], answered: vec![], scores: vec![], clusters: vec![] };
    for row in 0..n {
        let quality: f64 = random.random_range(0.0..100.0);
        world.answered.push(random.random_bool(0.1 + 0.004 * (100.0 - quality)));
        world.scores.push(f64::from(1 + (quality / 34.0) as u32 + random.random_range(0..=2)));
        world.quality.push(quality);
        world.phone.push(f64::from(u8::from(random.random_bool(0.4))));
        world.clusters.push((row / 3) as u32);
    }
    world
}

impl World {
    fn design(&self) -> Design {
        Design::new(self.quality.len(), &[Covariate::numeric("quality", &self.quality), Covariate::numeric("phone", &self.phone)]).unwrap()
    }

    fn asked<'a>(&'a self, kind: Kind, design: &'a Design) -> Asked<'a> {
        let instrument = Instrument::customary(kind);
        Asked { instrument, scores: &self.scores, answered: &self.answered, design, clusters: None }
    }
}

/// statsmodels' `Logit` and `GLM`; errors by the sandwich of the stacked estimating equations with numerical derivatives.
#[test]
fn corrected_scores_as_statsmodels_and_the_sandwich_have_them() {
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
            let asked = Asked { instrument: Instrument::customary(kind), scores, answered: &answered, design: &design, clusters };
            let got = correct(&asked, &Options::default()).unwrap();
            let want = &reference["expected"]["silence"][kind.name()][name];
            let unit = if kind == Kind::Nps { 100.0 } else { 1.0 };
            let near = |got: f64, want: &serde_json::Value, what: &str| {
                let want = want.as_f64().unwrap();
                assert!((got - want).abs() < 1e-6 * unit, "{} {name} {what}: {got} is not {want}", kind.name());
            };
            for (what, estimate) in [("weighted", got.weighted), ("augmented", got.augmented)] {
                near(estimate.value, &want[what]["value"], &format!("{what} value"));
                near(estimate.low, &want[what]["low"], &format!("{what} low"));
                near(estimate.high, &want[what]["high"], &format!("{what} high"));
            }
            near(got.silent.value, &want["silent"], "silent");
        }
    }
}

#[test]
fn weighting_moves_the_score_to_where_the_silent_are() {
    let world = world(4000, 1);
    let design = world.design();
    for kind in [Kind::Csat, Kind::Acr] {
        let got = correct(&world.asked(kind, &design), &Options::default()).unwrap();
        assert!(got.augmented.value > got.raw.value && got.weighted.value > got.raw.value && got.silent.value > got.augmented.value);
        assert!(got.balance.worst_before().unwrap().1 > 0.2 && got.balance.worst_after().unwrap().1 < 0.05);
        assert_eq!(got.warnings, []);
        assert!(got.effective_n < got.raw.n as f64 && got.design_effect > 1.0 && got.answering.missed <= 3);
        let rate = got.rate.value;
        let whole = rate * got.answers.headline.value + (1.0 - rate) * got.silent.value;
        assert!((whole - got.augmented.value).abs() < 1e-9);
    }
}

#[test]
fn the_interval_of_the_silent_is_as_wide_as_their_influence_says() {
    let world = world(4000, 2);
    let design = world.design();
    let got = correct(&world.asked(Kind::Acr, &design), &Options::default()).unwrap();
    let ratio = (got.silent.high - got.silent.low) / (got.augmented.high - got.augmented.low);
    // The silent are three quarters of everyone, so that their interval is a little wider.
    assert!((0.9..1.5).contains(&ratio), "{ratio}");
}

#[test]
fn trimming_is_reported_with_and_without() {
    let world = world(3000, 3);
    let design = world.design();
    let cut = Options { cap: Cap::Quantile(0.8), ..Options::default() };
    let got = correct(&world.asked(Kind::Csat, &design), &cut).unwrap();
    assert!(got.trimmed_weights > 0 && got.trimmed_share > 0.0 && got.trimmed.value != got.weighted.value);
    let whole = correct(&world.asked(Kind::Csat, &design), &Options { cap: Cap::None, ..cut }).unwrap();
    assert_eq!((whole.trimmed_weights, whole.trimmed), (0, whole.weighted));
    assert_eq!(whole.weighted, got.weighted);
    assert!(whole.effective_n < got.effective_n);
    let error = correct(&world.asked(Kind::Csat, &design), &Options { cap: Cap::Multiple(0.0), ..cut }).unwrap_err();
    assert_eq!(error.to_string(), "correct csat for silence with weights cut at Multiple(0.0): no weight is left");
}

#[test]
fn a_column_that_separates_is_held_and_named() {
    let mut world = world(2000, 4);
    // Whoever is on a phone never answers.
    world.answered.iter_mut().zip(&world.phone).for_each(|(answered, phone)| *answered &= *phone == 0.0);
    let design = world.design();
    let got = correct(&world.asked(Kind::Acr, &design), &Options::default()).unwrap();
    assert!(got.warnings.contains(&Warning::Separated { column: "phone".into() }), "{:?}", got.warnings);
    assert!(got.warnings.iter().any(|warning| matches!(warning, Warning::SilentBeyond { share } if *share > 0.2)), "{:?}", got.warnings);
    assert!(
        got.warnings.iter().any(|warning| matches!(warning, Warning::Unbalanced { column, .. } if column == "phone")),
        "{:?}",
        got.warnings
    );
    assert!(got.augmented.low.is_finite() && got.augmented.high.is_finite());
}

#[test]
fn few_answers_are_warned_of() {
    let mut world = world(400, 5);
    let mut left = 12;
    for answered in &mut world.answered {
        *answered &= left > 0;
        left -= i32::from(*answered);
    }
    let design = world.design();
    let got = correct(&world.asked(Kind::Acr, &design), &Options::default()).unwrap();
    assert!(got.warnings.contains(&Warning::FewAnswers { answers: 12 }));
    assert!(got.warnings.iter().any(|warning| matches!(warning, Warning::FewEffective { .. })));
}

#[test]
fn of_people_of_whom_nothing_is_known_nothing_is_corrected() {
    let world = world(500, 6);
    let design = Design::new(500, &[]).unwrap();
    let got = correct(&world.asked(Kind::Acr, &design), &Options::default()).unwrap();
    assert_eq!(got.warnings, [Warning::NothingKnown]);
    assert!((got.augmented.value - got.raw.value).abs() < 1e-9 && (got.augmented.high - got.raw.high).abs() < 0.01);
}

#[test]
fn persons_with_many_calls_count_once() {
    let mut world = world(600, 7);
    // Everyone's calls, ten times over.
    let times = |values: &[f64]| values.iter().copied().cycle().take(6000).collect::<Vec<f64>>();
    let repeated = World {
        quality: times(&world.quality),
        phone: times(&world.phone),
        scores: times(&world.scores),
        answered: world.answered.iter().copied().cycle().take(6000).collect(),
        clusters: (0..6000).map(|row| row % 600).collect(),
    };
    world.clusters = (0..600).collect();
    let (one, many) = (world.design(), repeated.design());
    let once = correct(&world.asked(Kind::Csat, &one), &Options::default()).unwrap();
    let clustered = Asked { clusters: Some(&repeated.clusters), ..repeated.asked(Kind::Csat, &many) };
    let often = correct(&clustered, &Options::default()).unwrap();
    let near = |a: Estimate, b: Estimate| (a.low - b.low).abs() < 1e-4 && (a.high - b.high).abs() < 1e-4;
    assert!(near(once.weighted, often.weighted) && near(once.augmented, often.augmented), "{:?} {:?}", once.augmented, often.augmented);
    assert!((once.raw.low - often.raw.low).abs() < 0.01);
}

#[test]
fn what_cannot_be_corrected_says_why() {
    let mut world = world(200, 8);
    let design = world.design();
    let refused = |world: &World, kind| correct(&world.asked(kind, &design), &Options::default()).unwrap_err().to_string();
    let (scores, answered) = (world.scores.clone(), world.answered.clone());
    world.scores = vec![9.0; 200];
    world.answered = vec![true; 200];
    assert_eq!(refused(&world, Kind::Csat), "correct csat for the silence of all 200 asked: nobody answered on the scale, 200 off it");
    world.scores = scores;
    assert_eq!(refused(&world, Kind::Csat), "correct csat for silence: all 200 asked answered, so that the raw score stands");
    world.answered = (0..200).map(|row| row < 3).collect();
    world.scores[..3].copy_from_slice(&[1.0, 5.0, 3.0]);
    assert_eq!(
        refused(&world, Kind::Acr),
        "correct acr for silence by 3 columns with answers of 3: there must be more answers than columns"
    );
    world.answered = answered;
    world.scores = vec![4.0; 200];
    assert!(refused(&world, Kind::Acr).ends_with("answers contribute 4, and tell nothing of who would say otherwise"));
    world.scores.pop();
    assert_eq!(refused(&world, Kind::Acr), "correct acr for silence over 200 rows: there are 199 scores");
}

#[test]
fn answers_off_the_scale_are_silence_and_counted() {
    let mut world = world(1000, 9);
    let first = world.answered.iter().position(|answered| *answered).unwrap();
    world.scores[first] = 77.0;
    let design = world.design();
    let got = correct(&world.asked(Kind::Acr, &design), &Options::default()).unwrap();
    world.answered[first] = false;
    let other = correct(&world.asked(Kind::Acr, &design), &Options::default()).unwrap();
    assert_eq!((got.answers.refused, got.augmented), (1, other.augmented));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_said_lies_on_the_scale(seed in 0..1000_u64, n in 60..300_usize, kind in 0..5_usize) {
        let world = world(n, seed);
        let design = world.design();
        let kind = Kind::ALL[kind];
        let instrument = match kind {
            Kind::Csat | Kind::Ces | Kind::Acr => Instrument::new(kind, Scale { low: 1.0, high: 5.0 }).unwrap(),
            Kind::Nps | Kind::Thumbs => Instrument::customary(kind),
        };
        let scores: Vec<f64> = match kind {
            Kind::Nps => world.scores.iter().map(|score| score * 2.0).collect(),
            Kind::Thumbs => world.scores.iter().map(|score| f64::from(u8::from(*score > 3.0))).collect(),
            _ => world.scores.clone(),
        };
        if let Ok(got) = correct(&Asked { instrument, scores: &scores, ..world.asked(kind, &design) }, &Options::default()) {
            let (least, greatest) = instrument.bounds();
            for estimate in [got.raw, got.weighted, got.trimmed, got.augmented, got.silent] {
                prop_assert!(least <= estimate.low && estimate.low <= estimate.value && estimate.value <= estimate.high && estimate.high <= greatest);
            }
        }
    }
}

#[test]
fn a_part_that_is_everyone_has_the_trimmed_score() {
    let world = world(3000, 6);
    let design = world.design();
    for clusters in [None, Some(world.clusters.as_slice())] {
        let asked = Asked { clusters, ..world.asked(Kind::Csat, &design) };
        let got = correct(&asked, &Options { cap: Cap::Quantile(0.9), ..Options::default() }).unwrap();
        let whole = got.part(&asked, &vec![true; 3000], Confidence::P95).unwrap();
        for (got, want) in [(whole.value, got.trimmed.value), (whole.low, got.trimmed.low), (whole.high, got.trimmed.high)] {
            assert!((got - want).abs() < 1e-12, "{got} is not {want}");
        }
        assert_eq!(got.part(&asked, &vec![false; 3000], Confidence::P95), None);
        assert_eq!(got.part(&asked, &[true], Confidence::P95), None);
    }
}

/// Over 300 worlds, the interval of a tenth of everyone holds the score that tenth would have had, had nobody been silent.
#[test]
fn the_interval_of_a_part_covers_its_score() {
    let truth = {
        let world = world(400_000, 9_999);
        let of = |row: &usize| world.phone[*row] == 1.0 && world.quality[*row] < 25.0;
        let scores: Vec<f64> = (0..400_000).filter(of).map(|row| world.scores[row]).collect();
        scores.iter().sum::<f64>() / scores.len() as f64
    };
    let worlds = 300;
    let covered = (0..worlds).filter(|seed| {
        let world = world(2000, 100 + seed);
        let design = world.design();
        let asked = world.asked(Kind::Acr, &design);
        let corrected = correct(&asked, &Options::default()).unwrap();
        let of: Vec<bool> = (0..2000).map(|row| world.phone[row] == 1.0 && world.quality[row] < 25.0).collect();
        !corrected.part(&asked, &of, Confidence::P95).unwrap().excludes(truth)
    });
    let share = covered.count() as f64 / worlds as f64;
    assert!((0.915..=0.985).contains(&share), "{share}");
}
