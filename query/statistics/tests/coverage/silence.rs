//! Satisfaction of everyone when few answered: worlds in which answering depends on nothing, on what is known, and on satisfaction itself.

use qoe_statistics::response::Options;
use qoe_statistics::sensitivity::Tilt;
use qoe_statistics::{
    Answer, Asked, Confidence, Corrected, Covariate, Design, Estimate, Instrument, Kind, Margin, Silence, correct, parallel, rake, raking,
    score,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::{Played, Trial, play, seeds};

fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// One of several, by shares.
fn pick(random: &mut ChaCha8Rng, shares: &[f64]) -> usize {
    let mut left: f64 = random.random();
    let at = shares.iter().position(|share| {
        left -= share;
        left < 0.0
    });
    at.unwrap_or(shares.len() - 1)
}

/// Plays what was computed before, one result a seed.
fn replay<T: Sync>(name: &'static str, results: &[T], of: impl Fn(&T) -> Trial + Sync) -> Played {
    play(name, |seed| of(&results[seed as usize]))
}

const PLATFORM: [f64; 3] = [0.5, 0.3, 0.2];
const REGION: [f64; 2] = [0.6, 0.4];

/// What is known of one person.
#[derive(Clone, Copy)]
struct Person {
    /// 0 to 20, all alike often.
    quality: usize,
    platform: usize,
    region: usize,
    /// 0 to 9, all alike often.
    tenure: usize,
}

impl Person {
    fn drawn(random: &mut ChaCha8Rng) -> Person {
        let (quality, tenure) = (random.random_range(0..21), random.random_range(0..10));
        Person { quality, platform: pick(random, &PLATFORM), region: pick(random, &REGION), tenure }
    }

    /// Everyone there can be, and how often.
    fn all() -> impl Iterator<Item = (Person, f64)> {
        (0..21 * 10 * 3 * 2).map(|at| {
            let person = Person { quality: at % 21, tenure: at / 21 % 10, platform: at / 210 % 3, region: at / 630 };
            (person, PLATFORM[person.platform] * REGION[person.region] / 210.0)
        })
    }

    /// The disappointed, the old users and those on the second platform answer.
    fn answers(self) -> f64 {
        let quality = -0.11 * (self.quality as f64 - 10.0);
        expit(-1.3 + quality + [0.0, 0.6, -0.5][self.platform] + [0.0, 0.3][self.region] + 0.12 * (self.tenure as f64 - 4.5))
    }

    fn satisfied(self) -> f64 {
        0.18 * (self.quality as f64 - 10.0) + [0.0, -0.5, 0.4][self.platform] + [0.0, 0.2][self.region] - 0.1 * (self.tenure as f64 - 4.5)
    }

    /// Probabilities of the answers [`scores`] lists.
    fn opinions(self, kind: Kind, shift: f64) -> Vec<f64> {
        let cuts: &[f64] = if kind == Kind::Nps { &[0.8, -0.7] } else { &[2.2, 1.2, 0.3, -0.9] };
        let above: Vec<f64> = cuts.iter().map(|cut| expit(self.satisfied() + shift + cut)).collect();
        (0..=cuts.len()).map(|at| if at == 0 { 1.0 } else { above[at - 1] } - above.get(at).copied().unwrap_or(0.0)).collect()
    }
}

fn scores(kind: Kind) -> &'static [f64] {
    if kind == Kind::Nps { &[3.0, 7.0, 10.0] } else { &[1.0, 2.0, 3.0, 4.0, 5.0] }
}

fn mean(kind: Kind, opinions: &[f64]) -> f64 {
    let instrument = Instrument::customary(kind);
    scores(kind).iter().zip(opinions).map(|(score, share)| instrument.contribution(*score).unwrap() * share).sum()
}

/// Who is over-heard.
#[derive(Clone, Copy, PartialEq)]
enum Answering {
    ByChance,
    ByWhatIsKnown,
}

impl Answering {
    fn probability(self, person: Person) -> f64 {
        if self == Answering::ByChance { 0.25 } else { person.answers() }
    }
}

struct Everyone {
    people: Vec<Person>,
    answered: Vec<bool>,
    scores: Vec<f64>,
    clusters: Option<Vec<u32>>,
}

impl Everyone {
    fn drawn(n: usize, kind: Kind, answering: Answering, seed: u64) -> Everyone {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let people: Vec<Person> = (0..n).map(|_| Person::drawn(&mut random)).collect();
        let answered = people.iter().map(|person| random.random_bool(answering.probability(*person))).collect();
        let scores = people.iter().map(|person| scores(kind)[pick(&mut random, &person.opinions(kind, 0.0))]).collect();
        Everyone { people, answered, scores, clusters: None }
    }

    /// Users with one to five calls each, the discontented and the content; all of a user's calls are on the same platform.
    fn users(n: usize, seed: u64) -> Everyone {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut all = Everyone { people: vec![], answered: vec![], scores: vec![], clusters: Some(vec![]) };
        for user in 0..n {
            let person = Person::drawn(&mut random);
            let mood = if random.random_bool(0.5) { 1.2 } else { -1.2 };
            for _ in 0..random.random_range(1..=5) {
                let call = Person { quality: random.random_range(0..21), ..person };
                all.answered.push(random.random_bool(call.answers()));
                all.scores.push(scores(Kind::Csat)[pick(&mut random, &call.opinions(Kind::Csat, mood))]);
                all.people.push(call);
                all.clusters.as_mut().unwrap().push(user as u32);
            }
        }
        all
    }

    fn corrected(&self, kind: Kind, seed: u64) -> Corrected {
        let number = |of: fn(&Person) -> usize| self.people.iter().map(|person| of(person) as f64).collect::<Vec<f64>>();
        let codes = |of: fn(&Person) -> usize| self.people.iter().map(|person| of(person) as u32).collect::<Vec<u32>>();
        let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
        let (quality, tenure) = (number(|person| person.quality), number(|person| person.tenure));
        let (platform, region) = (codes(|person| person.platform), codes(|person| person.region));
        let (platforms, regions) = (labels(&["web", "phone", "desktop"]), labels(&["north", "south"]));
        let covariates = [
            Covariate::numeric("quality", &quality),
            Covariate::category("platform", &platform, &platforms),
            Covariate::category("region", &region, &regions),
            Covariate::numeric("tenure", &tenure),
        ];
        let design = Design::new(self.people.len(), &covariates).unwrap();
        let instrument = Instrument::customary(kind);
        let clusters = self.clusters.as_deref();
        let asked = Asked { instrument, scores: &self.scores, answered: &self.answered, design: &design, clusters };
        correct(&asked, &Options { seed, ..Options::default() }).unwrap()
    }
}

/// The score of everyone, and of the silent.
fn truths(kind: Kind, answering: Answering) -> (f64, f64) {
    let of = |person: Person| mean(kind, &person.opinions(kind, 0.0));
    let silence = |person| 1.0 - answering.probability(person);
    let everyone = Person::all().map(|(person, share)| share * of(person)).sum();
    let silent: f64 = Person::all().map(|(person, share)| share * silence(person) * of(person)).sum();
    (everyone, silent / Person::all().map(|(person, share)| share * silence(person)).sum::<f64>())
}

fn all_corrected(n: usize, kind: Kind, answering: Answering) -> Vec<Corrected> {
    parallel::map(seeds(), |seed| Everyone::drawn(n, kind, answering, seed as u64).corrected(kind, seed as u64))
}

#[track_caller]
fn check_known(kind: Kind, names: [&'static str; 5]) {
    let (truth, silent) = truths(kind, Answering::ByWhatIsKnown);
    let all = all_corrected(1500, kind, Answering::ByWhatIsKnown);
    let trial = |estimate| Trial { truth, estimate: Some(estimate) };
    let raw = replay(names[0], &all, |corrected| trial(corrected.raw));
    let weighted = replay(names[1], &all, |corrected| trial(corrected.weighted));
    let trimmed = replay(names[2], &all, |corrected| trial(corrected.trimmed));
    let augmented = replay(names[3], &all, |corrected| trial(corrected.augmented));
    raw.covers(0.0, 0.5);
    for corrected in [&weighted, &trimmed, &augmented] {
        corrected.covers_as_it_says();
        assert!(corrected.bias().abs() < raw.bias().abs() / 5.0, "{} of {}", corrected.bias(), raw.bias());
    }
    replay(names[4], &all, |corrected| Trial { truth: silent, estimate: Some(corrected.silent) }).covers_as_it_says();
}

#[test]
fn silence_that_depends_on_what_is_known_is_corrected() {
    check_known(
        Kind::Csat,
        [
            "csat, answering by covariates: raw (must not)",
            "csat, answering by covariates: weighted",
            "csat, answering by covariates: trimmed",
            "csat, answering by covariates: augmented",
            "csat, answering by covariates: the silent, bootstrap",
        ],
    );
    check_known(
        Kind::Nps,
        [
            "nps, answering by covariates: raw (must not)",
            "nps, answering by covariates: weighted",
            "nps, answering by covariates: trimmed",
            "nps, answering by covariates: augmented",
            "nps, answering by covariates: the silent, bootstrap",
        ],
    );
    check_known(
        Kind::Acr,
        [
            "acr, answering by covariates: raw (must not)",
            "acr, answering by covariates: weighted",
            "acr, answering by covariates: trimmed",
            "acr, answering by covariates: augmented",
            "acr, answering by covariates: the silent, bootstrap",
        ],
    );
}

#[test]
fn silence_by_chance_needs_no_correction_and_suffers_none() {
    let (truth, _) = truths(Kind::Csat, Answering::ByChance);
    let all = all_corrected(1000, Kind::Csat, Answering::ByChance);
    replay("csat, answering by chance: raw", &all, |corrected| Trial { truth, estimate: Some(corrected.raw) }).covers_as_it_says();
    let corrected = replay("csat, answering by chance: augmented", &all, |corrected| Trial { truth, estimate: Some(corrected.augmented) });
    corrected.covers_as_it_says();
    assert!(corrected.bias().abs() < 0.01);
}

#[test]
fn users_with_many_calls_do_not_shorten_intervals() {
    let truth: f64 = Person::all()
        .flat_map(|(person, share)| [-1.2, 1.2].map(|mood| share / 2.0 * mean(Kind::Csat, &person.opinions(Kind::Csat, mood))))
        .sum();
    let all = parallel::map(seeds(), |seed| Everyone::users(500, seed as u64).corrected(Kind::Csat, seed as u64));
    replay("csat, users of many calls: weighted", &all, |corrected| Trial { truth, estimate: Some(corrected.weighted) })
        .covers_as_it_says();
    replay("csat, users of many calls: augmented", &all, |corrected| Trial { truth, estimate: Some(corrected.augmented) })
        .covers_as_it_says();
}

/// Four groups of calls: how often, the odds that one of the middle answers, and the shares of answers 1 to 5.
const GROUPS: [(f64, f64, [f64; 5]); 4] = [
    (0.4, 0.10, [0.03, 0.12, 0.20, 0.25, 0.40]),
    (0.3, 0.15, [0.05, 0.15, 0.25, 0.25, 0.30]),
    (0.2, 0.20, [0.08, 0.22, 0.28, 0.22, 0.20]),
    (0.1, 0.25, [0.15, 0.25, 0.25, 0.25, 0.10]),
];

struct Tilted {
    raw: Estimate,
    weighted: Estimate,
    augmented: Estimate,
    at_five: Estimate,
    band: Estimate,
}

/// Extremes have five times the odds of answering.
fn tilted(kind: Kind, seed: u64) -> Tilted {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let shares = GROUPS.map(|(share, ..)| share);
    let codes: Vec<u32> = (0..4000).map(|_| pick(&mut random, &shares) as u32).collect();
    let scores: Vec<f64> = codes.iter().map(|code| 1.0 + pick(&mut random, &GROUPS[*code as usize].2) as f64).collect();
    let answers = |(code, score): (&u32, &f64)| {
        let odds = GROUPS[*code as usize].1 * if *score == 1.0 || *score == 5.0 { 5.0 } else { 1.0 };
        random.random_bool(odds / (1.0 + odds))
    };
    let answered: Vec<bool> = codes.iter().zip(&scores).map(answers).collect();
    let labels: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let design = Design::new(codes.len(), &[Covariate::category("group", &codes, &labels)]).unwrap();
    let asked = Asked { instrument: Instrument::customary(kind), scores: &scores, answered: &answered, design: &design, clusters: None };
    let corrected = correct(&asked, &Options::default()).unwrap();
    let silence = Silence::of(&asked, &corrected);
    let band = silence.band(Confidence::P95).unwrap();
    Tilted {
        raw: corrected.raw,
        weighted: corrected.weighted,
        augmented: corrected.augmented,
        at_five: silence.estimate(Tilt { low: 5.0, high: 5.0 }, Confidence::P95).unwrap(),
        band: Estimate { low: band.ends.0, high: band.ends.1, ..corrected.augmented },
    }
}

#[track_caller]
fn check_tilted(kind: Kind, names: [&'static str; 5]) {
    let truth = GROUPS.iter().map(|(share, _, opinions)| share * mean(kind, opinions)).sum();
    let all = parallel::map(seeds(), |seed| tilted(kind, seed as u64));
    let of = |name, estimate: fn(&Tilted) -> Estimate| replay(name, &all, |tilted| Trial { truth, estimate: Some(estimate(tilted)) });
    of(names[0], |tilted| tilted.raw).covers(0.0, 0.6);
    of(names[1], |tilted| tilted.weighted).covers(0.0, 0.6);
    of(names[2], |tilted| tilted.augmented).covers(0.0, 0.6);
    of(names[3], |tilted| tilted.at_five).covers_as_it_says();
    of(names[4], |tilted| tilted.band).covers_at_least();
}

#[test]
fn silence_that_depends_on_satisfaction_is_not_corrected_but_banded() {
    check_tilted(
        Kind::Acr,
        [
            "acr, extremes answer at odds of 5: raw (must not)",
            "acr, extremes answer at odds of 5: weighted (must not)",
            "acr, extremes answer at odds of 5: augmented (must not)",
            "acr, extremes answer at odds of 5: sensitivity at 5",
            "acr, extremes answer at odds of 5: band of 1 to 10 (conservative)",
        ],
    );
    check_tilted(
        Kind::Csat,
        [
            "csat, extremes answer at odds of 5: raw (must not)",
            "csat, extremes answer at odds of 5: weighted (must not)",
            "csat, extremes answer at odds of 5: augmented (must not)",
            "csat, extremes answer at odds of 5: sensitivity at 5",
            "csat, extremes answer at odds of 5: band of 1 to 10 (conservative)",
        ],
    );
}

/// `n` answers by shares, weighted by chance where `spread` is not 0.
fn answers(random: &mut ChaCha8Rng, n: usize, scores: &[f64], shares: &[f64], spread: f64) -> Vec<Answer> {
    (0..n).map(|_| Answer { score: scores[pick(random, shares)], weight: (spread * random.random::<f64>()).exp() }).collect()
}

#[test]
fn scores_of_forty_answers_are_covered() {
    let scored = |kind, answers: &[Answer], seed| score(&Instrument::customary(kind), answers, Confidence::P95, seed).unwrap();
    play("csat of 40 answers: wilson", |seed| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let truth = random.random_range(0.5..0.95);
        let answers = answers(&mut random, 40, &[2.0, 5.0], &[1.0 - truth, truth], 0.0);
        Trial { truth, estimate: Some(scored(Kind::Csat, &answers, seed).headline) }
    })
    .covers_as_it_says();
    let nps = |seed| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (p, d) = (random.random_range(0.2..0.7), random.random_range(0.05..0.3));
        let answers = answers(&mut random, 40, &[10.0, 3.0, 8.0], &[p, d, 1.0 - p - d], 0.0);
        (100.0 * (p - d), scored(Kind::Nps, &answers, seed))
    };
    play("nps of 40 answers: adjusted wald (conservative)", |seed| {
        let (truth, scored) = nps(seed);
        Trial { truth, estimate: Some(scored.headline) }
    })
    .covers_at_least();
    play("nps of 40 answers: smoothed bootstrap (conservative)", |seed| {
        let (truth, scored) = nps(seed);
        Trial { truth, estimate: scored.bootstrap }
    })
    .covers_at_least();
    play("nps of 40 answers, as many promoters as detractors", |seed| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let answers = answers(&mut random, 40, &[10.0, 3.0, 8.0], &[0.35, 0.35, 0.3], 0.0);
        Trial { truth: 0.0, estimate: Some(scored(Kind::Nps, &answers, seed).headline) }
    })
    .calls_nothing(0.0);
}

#[test]
fn scores_of_weighted_answers_are_covered() {
    let play_kind = |name, kind, shares: [f64; 5], truth: f64| {
        play(name, move |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let answers = answers(&mut random, 150, &[1.0, 2.0, 3.0, 4.0, 5.0], &shares, 2.0);
            Trial { truth, estimate: Some(score(&Instrument::customary(kind), &answers, Confidence::P95, seed).unwrap().headline) }
        })
    };
    let shares = [0.1, 0.1, 0.2, 0.3, 0.3];
    play_kind("csat of 150 weighted answers: wilson at effective n", Kind::Csat, shares, 0.6).covers_as_it_says();
    play_kind("acr of 150 weighted answers: t, linearised", Kind::Acr, shares, 3.6).covers_as_it_says();
}

/// Answering is the product of two margins' parts, which is what raking can undo.
#[test]
fn raked_scores_are_covered() {
    let ready = [[1.0, 0.5], [0.6, 0.3], [0.3, 0.15]];
    let satisfied = |platform: usize, region: usize| [0.75, 0.6, 0.4][platform] - [0.0, 0.15][region];
    let cells: Vec<(usize, usize)> = (0..6).map(|at| (at / 2, at % 2)).collect();
    let shares: Vec<f64> =
        cells.iter().map(|(platform, region)| PLATFORM[*platform] * REGION[*region] * ready[*platform][*region]).collect();
    let total: f64 = shares.iter().sum();
    let shares: Vec<f64> = shares.iter().map(|share| share / total).collect();
    let truth: f64 = cells.iter().map(|(platform, region)| PLATFORM[*platform] * REGION[*region] * satisfied(*platform, *region)).sum();
    let world = |seed| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let drawn: Vec<(usize, usize)> = (0..400).map(|_| cells[pick(&mut random, &shares)]).collect();
        let score = |(platform, region): &(usize, usize)| if random.random_bool(satisfied(*platform, *region)) { 5.0 } else { 2.0 };
        let scores: Vec<f64> = drawn.iter().map(score).collect();
        let codes = [0, 1].map(|at| drawn.iter().map(|cell| [cell.0, cell.1][at] as u32).collect::<Vec<u32>>());
        let margins = [
            Margin { name: "platform", codes: &codes[0], targets: &PLATFORM },
            Margin { name: "region", codes: &codes[1], targets: &REGION },
        ];
        let raked = rake(scores.len(), &margins, None, raking::Stop::default()).unwrap();
        let answers: Vec<Answer> = scores.iter().map(|score| Answer { score: *score, weight: 1.0 }).collect();
        let instrument = Instrument::customary(Kind::Csat);
        let raw = score_of(&instrument, &answers, seed);
        (raw, raked.score(&instrument, &scores, None, Confidence::P95))
    };
    let raw = play("csat of 400 answers, margins known: raw (must not)", |seed| Trial { truth, estimate: Some(world(seed).0) });
    raw.covers(0.0, 0.6);
    let raked = play("csat of 400 answers, margins known: raked", |seed| Trial { truth, estimate: world(seed).1 });
    raked.covers_as_it_says();
    assert!(raked.bias().abs() < raw.bias().abs() / 5.0);
}

fn score_of(instrument: &Instrument, answers: &[Answer], seed: u64) -> Estimate {
    score(instrument, answers, Confidence::P95, seed).unwrap().headline
}
