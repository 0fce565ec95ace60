//! Satisfaction corrected for silence, over files whose silent have scores that the analysis does not see.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use qoe_query::Definitions;
use qoe_query::frame::Input;
use qoe_query::satisfaction::correct::{CorrectAnswer, Correction, Own};
use qoe_query::satisfaction::covariates::WhyOut;
use qoe_query::satisfaction::margins::Unmet;
use qoe_query::satisfaction::{AnalysisError, CorrectQuestion, Covariates, KnownMargin, MarginsError};
use qoe_query::statistics::Confidence;
use qoe_query::statistics::design::Why;
use qoe_query::statistics::response::{CorrectError, Warning};
use qoe_query::statistics::scale::Kind;
use qoe_query::statistics::weights::Cap;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

/// One row a person asked, and what the silent would have said.
struct Asked {
    quality: f64,
    platform: &'static str,
    region: &'static str,
    score: f64,
    answered: bool,
}

/// People whose satisfaction rises with quality, and who answer the more readily the worse it was.
fn people(n: usize, seed: u64) -> Vec<Asked> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let one = |row: usize| {
        let quality: f64 = random.random_range(0.0..100.0);
        let platform = if random.random_bool(0.4) { "phone" } else { "desktop" };
        let score = f64::from(1 + (quality / 34.0) as u32 + random.random_range(0..=2));
        let answered = random.random_bool(0.1 + 0.004 * (100.0 - quality));
        Asked { quality, platform, region: if row.is_multiple_of(2) { "east" } else { "west" }, score, answered }
    };
    (0..n).map(one).collect()
}

/// The share of all of them, the silent too, whose score is 4 or 5.
fn truth(people: &[Asked]) -> f64 {
    people.iter().filter(|person| person.score >= 4.0).count() as f64 / people.len() as f64
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn csv(&self, people: &[Asked]) -> PathBuf {
        let mut text = String::from("person,quality,platform,region,same,answered,score\n");
        for (at, person) in people.iter().enumerate() {
            let score = if person.answered { person.score.to_string() } else { String::new() };
            let Asked { quality, platform, region, answered, .. } = person;
            writeln!(text, "u{at},{quality},{platform},{region},7,{},{score}", u8::from(*answered)).unwrap();
        }
        self.file("invited.csv", &text)
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn question() -> CorrectQuestion {
    CorrectQuestion {
        kind: Kind::Csat,
        score: "score".into(),
        answered: Some("answered".into()),
        covariates: Covariates::Named(names(&["quality", "platform"])),
        bounds: None,
        scale: None,
        earlier: None,
        user: None,
        by: Vec::new(),
        target: None,
        cap: Cap::default(),
        margins: Vec::new(),
        condition: None,
        level: Confidence::P95,
        seed: 1,
    }
}

async fn ask(path: &Path, question: &CorrectQuestion) -> Result<CorrectAnswer, AnalysisError> {
    question.ask(&Input::file(path, &Definitions::default()).await.unwrap()).await
}

#[track_caller]
fn own(correction: &Result<Correction, CorrectError>) -> &Own {
    match correction {
        Ok(Correction::Own(own)) => own,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_corrected_interval_holds_what_everyone_would_have_said() {
    let (folder, people) = (Folder::new(), people(4000, 1));
    let answer = ask(&folder.csv(&people), &CorrectQuestion { target: Some(0.05), ..question() }).await.unwrap();
    let own = own(&answer.all.corrected);
    let (corrected, truth) = (&own.corrected, truth(&people));
    assert!(!corrected.augmented.excludes(truth) && corrected.raw.excludes(truth), "{truth}: {corrected:?}");
    assert_eq!(answer.all.asked, 4000);
    assert_eq!(answer.all.answered, people.iter().filter(|person| person.answered).count() as u64);
    assert_eq!((answer.known.used, answer.known.left_out), (names(&["quality", "platform"]), vec![]));
    assert_eq!((corrected.warnings.as_slice(), own.band.as_ref().unwrap().points.len()), (&[][..], 12));
    // All of the band stays above so low a target.
    assert_eq!(own.turn, Some(None));
    assert!(answer.groups.is_empty() && answer.order.is_none() && answer.raked.is_none());
}

#[tokio::test]
async fn a_score_need_not_be_marked_as_answered() {
    let (folder, people) = (Folder::new(), people(1000, 2));
    let path = folder.csv(&people);
    let marked = ask(&path, &question()).await.unwrap();
    for answered in [None, Some("score".to_owned())] {
        let unmarked = ask(&path, &CorrectQuestion { answered, ..question() }).await.unwrap();
        assert_eq!(own(&marked.all.corrected).corrected.augmented, own(&unmarked.all.corrected).corrected.augmented);
    }
}

#[tokio::test]
async fn the_odds_at_which_a_target_is_missed_lie_within_the_band() {
    let (folder, people) = (Folder::new(), people(4000, 1));
    let path = folder.csv(&people);
    let answer = ask(&path, &question()).await.unwrap();
    let band = own(&answer.all.corrected).band.clone().unwrap();
    let target = f64::midpoint(band.values.0, band.points[0].estimate.value);
    let answer = ask(&path, &CorrectQuestion { target: Some(target), ..question() }).await.unwrap();
    let turn = own(&answer.all.corrected).turn.unwrap().unwrap();
    assert!(turn.odds > 1.0 && turn.odds < 10.0, "{turn:?}");
    let error = ask(&path, &CorrectQuestion { target: Some(60.0), ..question() }).await.unwrap_err();
    assert_eq!(error.to_string(), "hold csat against a target of 60: it lies between 0 and 1");
}

#[tokio::test]
async fn a_group_that_cannot_be_corrected_does_not_sink_the_others() {
    let (folder, mut people) = (Folder::new(), people(3000, 3));
    for (at, person) in people.iter_mut().enumerate() {
        match at % 30 {
            0 => (person.region, person.answered) = ("silent", false),
            1 => (person.region, person.answered) = ("eager", true),
            2 => (person.region, person.score) = ("alike", 5.0),
            3 if at % 60 == 3 => person.region = "small",
            _ => {}
        }
    }
    let answer = ask(&folder.csv(&people), &CorrectQuestion { by: names(&["region"]), ..question() }).await.unwrap();
    let kinds: Vec<(&str, &str)> = answer
        .groups
        .iter()
        .map(|group| {
            let how = match &group.corrected {
                Ok(Correction::Own(_)) => "own",
                Ok(Correction::Pooled { .. }) => "everyone's",
                Ok(Correction::NobodySilent { .. }) => "none needed",
                Err(CorrectError::NoAnswers { .. }) => "no answers",
                Err(CorrectError::Alike { .. }) => "alike",
                Err(_) => "other",
            };
            (group.values[0].as_str(), how)
        })
        .collect();
    let wanted =
        [("alike", "alike"), ("eager", "none needed"), ("east", "own"), ("silent", "no answers"), ("small", "everyone's"), ("west", "own")];
    assert_eq!(kinds, wanted);
    assert_eq!(answer.groups.iter().map(|group| group.asked).sum::<u64>(), 3000);
    own(&answer.all.corrected);
}

#[tokio::test]
async fn two_groups_have_an_order_and_odds_at_which_it_turns() {
    let (folder, mut people) = (Folder::new(), people(6000, 4));
    // One in four of the east is a point happier, and nobody is lukewarm.
    people.iter_mut().step_by(8).for_each(|person| person.score = (person.score + 1.0).min(5.0));
    people.iter_mut().for_each(|person| person.score = if person.score > 3.0 { 5.0 } else { (person.score - 1.0).max(1.0) });
    let answer = ask(&folder.csv(&people), &CorrectQuestion { by: names(&["region"]), ..question() }).await.unwrap();
    let order = answer.order.unwrap();
    let region = |region| truth(&people.iter().filter(|person| person.region == region).map(copy).collect::<Vec<_>>());
    assert!(!order.difference.excludes(region("east") - region("west")) && order.difference.low > 0.0, "{order:?}");
    let turns = order.order.unwrap();
    assert!(turns.apart.is_some_and(|turn| turn.odds < 10.0) && turns.difference > 0.0, "{turns:?}");
}

fn copy(person: &Asked) -> Asked {
    Asked { ..*person }
}

#[tokio::test]
async fn what_tells_nothing_is_left_out_and_named() {
    let (folder, people) = (Folder::new(), people(500, 5));
    let mut text = String::from("quality,rare,never,same,twice,score\n");
    for (at, Asked { quality, score, answered, .. }) in people.iter().enumerate() {
        let rare = if at % 10 == 0 { quality.to_string() } else { String::new() };
        let score = if *answered { score.to_string() } else { String::new() };
        writeln!(text, "{quality},{rare},,7,{},{score}", 2.0 * quality).unwrap();
    }
    let path = folder.file("invited.csv", &text);
    let all = names(&["quality", "rare", "never", "same", "twice"]);
    let answer =
        ask(&path, &CorrectQuestion { answered: None, covariates: Covariates::Measured(all.clone()), ..question() }).await.unwrap();
    assert_eq!(answer.known.used, ["quality"]);
    let left: Vec<(&str, WhyOut)> = answer.known.left_out.iter().map(|left| (left.covariate.as_str(), left.why)).collect();
    assert_eq!(left[0], ("rare", WhyOut::Sparse { measured: 0.1 }));
    assert!(left.contains(&("same", WhyOut::Unfit(Why::Constant))) && left.contains(&("twice", WhyOut::Unfit(Why::Collinear))), "{left:?}");
    assert_eq!(left.iter().filter(|(name, _)| *name == "never").count(), 1, "{left:?}");
    // What is asked for by name is used, however seldom it was measured.
    let named = ask(&path, &CorrectQuestion { answered: None, covariates: Covariates::Named(all), ..question() }).await.unwrap();
    assert_eq!(named.known.used, ["quality", "rare"]);
    let nothing = CorrectQuestion { answered: None, covariates: Covariates::Named(names(&["same"])), ..question() };
    let answer = ask(&path, &nothing).await.unwrap();
    let warnings = &own(&answer.all.corrected).corrected.warnings;
    assert_eq!(*warnings, [Warning::NothingKnown]);
}

#[tokio::test]
async fn answers_that_cannot_be_used_count_as_silent_and_are_told() {
    let (folder, people) = (Folder::new(), people(800, 6));
    let mut text = String::from("quality,platform,answered,score\n");
    for (at, Asked { quality, platform, score, answered, .. }) in people.iter().enumerate() {
        let (answered, score) = match at {
            0 => ("yes", "9".to_owned()),
            1 | 2 => ("yes", String::new()),
            3..=5 => ("no", "5".to_owned()),
            6 => ("", "4".to_owned()),
            _ if *answered => ("yes", score.to_string()),
            _ => ("no", String::new()),
        };
        writeln!(text, "{quality},{platform},{answered},{score}").unwrap();
    }
    let answer = ask(&folder.file("invited.csv", &text), &question()).await.unwrap();
    let aside = answer.set_aside;
    assert_eq!((aside.off_scale, aside.no_score, aside.contradicted, aside.other_scale), (1, 2, 3, 0));
    assert_eq!(answer.all.answered, 1 + people[7..].iter().filter(|person| person.answered).count() as u64);
}

#[tokio::test]
async fn rows_of_one_person_count_once() {
    let (folder, people) = (Folder::new(), people(600, 7));
    let once = folder.csv(&people);
    let text = std::fs::read_to_string(&once).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    let twice = folder.file("twice.csv", &format!("{head}\n{rows}{rows}"));
    let width = |answer: CorrectAnswer| {
        let estimate = own(&answer.all.corrected).corrected.weighted;
        estimate.high - estimate.low
    };
    let by_person = CorrectQuestion { user: Some("person".into()), kind: Kind::Acr, ..question() };
    let single = width(ask(&once, &by_person).await.unwrap());
    let double = width(ask(&twice, &by_person).await.unwrap());
    let deceived = width(ask(&twice, &CorrectQuestion { user: None, ..by_person }).await.unwrap());
    assert!((double / single - 1.0).abs() < 0.01 && deceived < 0.8 * single, "{single} {double} {deceived}");
}

#[tokio::test]
async fn what_cannot_be_said_is_said() {
    let folder = Folder::new();
    let quiet: Vec<Asked> = people(200, 8).into_iter().map(|person| Asked { answered: false, ..person }).collect();
    let error = ask(&folder.csv(&quiet), &question()).await.unwrap_err();
    assert!(matches!(error, AnalysisError::Correct(CorrectError::NoAnswers { asked: 200, .. })), "{error}");
    let eager: Vec<Asked> = people(200, 8).into_iter().map(|person| Asked { answered: true, ..person }).collect();
    let answer = ask(&folder.csv(&eager), &question()).await.unwrap();
    assert!(matches!(answer.all.corrected, Ok(Correction::NobodySilent { .. })));
    let alike: Vec<Asked> = people(200, 8).into_iter().map(|person| Asked { score: 5.0, ..person }).collect();
    let error = ask(&folder.csv(&alike), &question()).await.unwrap_err();
    assert!(matches!(error, AnalysisError::Correct(CorrectError::Alike { .. })), "{error}");
    let one: Vec<Asked> = people(200, 8).into_iter().enumerate().map(|(at, person)| Asked { answered: at == 0, ..person }).collect();
    let error = ask(&folder.csv(&one), &question()).await.unwrap_err();
    assert!(matches!(error, AnalysisError::Correct(_)), "{error}");
    let error = ask(&folder.csv(&quiet), &CorrectQuestion { condition: Some("quality > 1000".into()), ..question() }).await.unwrap_err();
    assert_eq!(error.to_string(), "there are no rows where quality > 1000");
}

#[tokio::test]
async fn a_column_that_tells_answers_from_silence_is_named() {
    let (folder, mut people) = (Folder::new(), people(2000, 9));
    people.iter_mut().for_each(|person| person.answered &= person.platform == "desktop");
    let answer = ask(&folder.csv(&people), &question()).await.unwrap();
    let warnings = &own(&answer.all.corrected).corrected.warnings;
    assert!(warnings.contains(&Warning::Separated { column: "platform = phone".into() }), "{warnings:?}");
}

#[tokio::test]
async fn the_answer_itself_is_not_known_of_the_silent() {
    let (folder, people) = (Folder::new(), people(100, 10));
    let path = folder.csv(&people);
    for (covariates, by) in
        [(names(&["quality", "score"]), vec![]), (names(&["answered"]), vec![]), (names(&["quality"]), names(&["score"]))]
    {
        let error = ask(&path, &CorrectQuestion { covariates: Covariates::Named(covariates), by, ..question() }).await.unwrap_err();
        assert!(matches!(error, AnalysisError::Answer { .. }), "{error}");
    }
    let infinite = folder.file("infinite.csv", "quality,platform,answered,score\ninf,phone,1,3\n2.5,phone,0,\n");
    let error = ask(&infinite, &question()).await.unwrap_err();
    assert!(matches!(error, AnalysisError::Design(_)), "{error}");
}

#[tokio::test]
async fn margins_are_met_from_csv_and_from_toml() {
    let (folder, people) = (Folder::new(), people(3000, 11));
    let data = folder.csv(&people);
    let csv =
        folder.file("margins.csv", "margin,value,share\nplatform,phone,0.7\nplatform,desktop,0.3\nregion,east,0.5\nregion,west,0.5\n");
    let toml = folder.file("margins.toml", "[platform]\nphone = 0.7\ndesktop = 0.3\n[region]\neast = 0.5\nwest = 0.5\n");
    let mut scores = Vec::new();
    for path in [csv, toml] {
        let margins = KnownMargin::read(&path).await.unwrap();
        let raked = ask(&data, &CorrectQuestion { margins, ..question() }).await.unwrap().raked.unwrap();
        assert_eq!((raked.margins, raked.not_stated), (names(&["platform", "region"]), 0));
        scores.push(raked.score.unwrap());
    }
    assert!((scores[0].estimate.value - scores[1].estimate.value).abs() < 1e-9);
    assert!(scores[0].estimate.low < scores[0].estimate.value && scores[0].effective_n < scores[0].estimate.n as f64);
}

#[tokio::test]
async fn margins_that_cannot_be_are_named() {
    let folder = Folder::new();
    let refused = async |name: &str, text: &str| KnownMargin::read(&folder.file(name, text)).await.unwrap_err().to_string();
    let sum = refused("a.csv", "margin,value,share\nplatform,phone,0.7\nplatform,desktop,0.4\n").await;
    assert_eq!(sum, "margin \"platform\": its shares sum to 1.1, and those of everyone sum to 1");
    let share = refused("b.toml", "[platform]\nphone = -0.2\ndesktop = 1.2\n").await;
    assert!(share.starts_with("margin \"platform\": the share of "), "{share}");
    let twice = refused("c.csv", "margin,value,share\nplatform,phone,0.5\nplatform,phone,0.5\n").await;
    assert_eq!(twice, "margin \"platform\": \"phone\" has two shares");
    assert!(refused("d.csv", "margin,value\nplatform,phone\n").await.ends_with("its columns are to be margin, value and share"));
    assert!(refused("e.toml", "platform = 3\n").await.contains("write [margin]"));

    let data = folder.csv(&people(1000, 12));
    let margin = |name: &str, shares: &[(&str, f64)]| {
        vec![KnownMargin { name: name.into(), shares: shares.iter().map(|(value, share)| ((*value).to_owned(), *share)).collect() }]
    };
    let lacks = CorrectQuestion { margins: margin("platform", &[("phone", 1.0)]), ..question() };
    let error = ask(&data, &lacks).await.unwrap_err();
    assert!(matches!(&error, AnalysisError::Margins(MarginsError::NoShare { value, .. }) if value == "desktop"), "{error}");
    let empty = CorrectQuestion { margins: margin("platform", &[("phone", 0.5), ("desktop", 0.4), ("tv", 0.1)]), ..question() };
    let raked = ask(&data, &empty).await.unwrap().raked.unwrap();
    assert_eq!(raked.score, Err(Unmet::NoAnswers { margin: "platform".into(), value: "tv".into(), share: 0.1 }));
    let unknown = CorrectQuestion { margins: margin("planet", &[("earth", 1.0)]), ..question() };
    assert!(matches!(ask(&data, &unknown).await.unwrap_err(), AnalysisError::Frame(_)));
}
