//! Scores, drivers and curves over files with rows that are no answers, or are there twice.

use std::fmt::Write as _;

use qoe_query::Definitions;
use qoe_query::frame::{Input, Repeated};
use qoe_query::satisfaction::{
    AnalysisError, Covariates, CurveAnswer, CurveQuestion, DriversAnswer, DriversQuestion, OnScale, ScoreAnswer, ScoreQuestion,
    StabilityQuestion,
};
use qoe_query::statistics::Confidence;
use qoe_query::statistics::scale::{Kind, Scale};
use qoe_query::statistics::stability::Objective;
use tempfile::TempDir;

async fn file(text: &str) -> (TempDir, Input) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.csv");
    std::fs::write(&path, text).unwrap();
    let input = Input::file(&path, &Definitions::default()).await.unwrap();
    (folder, input)
}

/// Scores from 1 to 5 that fall with the round trip, of people who answer twice each; those of `off` are replaced.
fn answers(off: &[(usize, &str)]) -> String {
    let mut text = String::from("user,rtt_ms,score\n");
    for at in 0..400_usize {
        let rtt = (at * 37) % 300;
        let usual = (5 - rtt / 75 - usize::from(at % 3 == 0)).max(1).to_string();
        let score = off.iter().find(|(row, _)| *row == at).map_or(usual, |(_, score)| (*score).to_owned());
        writeln!(text, "u{},{rtt},{score}", at / 2).unwrap();
    }
    text
}

fn score_question() -> ScoreQuestion {
    ScoreQuestion {
        kind: Kind::Csat,
        score: "score".into(),
        weight: None,
        bounds: None,
        scale: None,
        earlier: None,
        user: None,
        by: Vec::new(),
        condition: None,
        level: Confidence::P95,
        seed: 1,
    }
}

fn drivers_question() -> DriversQuestion {
    DriversQuestion {
        returns: None,
        outcome: "score".into(),
        on_scale: Some(OnScale { kind: Kind::Csat, scale: None, bounds: None }),
        measures: Covariates::Named(vec!["rtt_ms".into()]),
        confounders: Covariates::Named(Vec::new()),
        steps: Vec::new(),
        user: None,
        condition: None,
        level: Confidence::P95,
    }
}

async fn scores(question: ScoreQuestion, text: &str) -> Result<ScoreAnswer, AnalysisError> {
    let (_folder, input) = file(text).await;
    question.ask(&input, None).await
}

async fn drivers(question: DriversQuestion, text: &str) -> Result<DriversAnswer, AnalysisError> {
    let (_folder, input) = file(text).await;
    question.ask(&input, None).await
}

async fn curve(on_scale: Option<OnScale>, text: &str) -> Result<CurveAnswer, AnalysisError> {
    let (_folder, input) = file(text).await;
    let question = CurveQuestion {
        among: 1,
        outcome: "score".into(),
        on_scale,
        measure: "rtt_ms".into(),
        user: None,
        bins: None,
        direction: None,
        condition: None,
        level: Confidence::P95,
        seed: 1,
    };
    question.ask(&input).await
}

fn width(answer: &ScoreAnswer) -> f64 {
    let headline = answer.all.scored.as_ref().unwrap().headline;
    headline.high - headline.low
}

#[tokio::test]
async fn what_is_off_the_scale_moves_neither_drivers_nor_curve_and_is_told() {
    let off = [(3, "11"), (7, "-3"), (11, "500")];
    let (strayed, sound) = (answers(&off), answers(&off.map(|(row, _)| (row, ""))));
    let (with, without) = (drivers(drivers_question(), &strayed).await.unwrap(), drivers(drivers_question(), &sound).await.unwrap());
    assert_eq!((with.left_out.off_scale, with.drivers.answers, without.left_out.off_scale), (3, 397, 0));
    assert_eq!(format!("{:?}", with.drivers), format!("{:?}", without.drivers));
    let on = || drivers_question().on_scale;
    let (with, without) = (curve(on(), &strayed).await.unwrap(), curve(on(), &sound).await.unwrap());
    assert_eq!((with.left_out.off_scale, with.response.n), (3, 397));
    assert_eq!(with.response.bins, without.response.bins);
    // Any number is an outcome where no scale is asked for.
    assert_eq!(curve(None, &strayed).await.unwrap().response.n, 400);
    let nothing = curve(on(), "rtt_ms,score\n1,9\n2,10\n").await.unwrap_err();
    assert!(matches!(nothing, AnalysisError::OffScale { off_scale: 2, .. }), "{nothing}");
}

#[tokio::test]
async fn a_survey_that_does_not_fit_the_scale_of_the_data_is_refused() {
    let text = "score,scale_low,scale_high\n".to_owned() + &"1,1,5\n4,1,5\n5,1,5\n".repeat(20);
    let bounds = Some(("scale_low".to_owned(), "scale_high".to_owned()));
    for kind in [Kind::Nps, Kind::Thumbs] {
        let error = scores(ScoreQuestion { kind, bounds: bounds.clone(), ..score_question() }, &text).await.unwrap_err();
        assert!(matches!(error, AnalysisError::Scale(_)), "{error}");
    }
    // Of ten points half would be lost.
    let ten = "score\n".to_owned() + &(1..=10).map(|score| format!("{score}\n")).collect::<String>().repeat(20);
    let error = scores(score_question(), &ten).await.unwrap_err().to_string();
    assert!(error.contains("100 of 200 answers lie off the scale of 1 to 5") && error.contains("--scale"), "{error}");
    let stated = ScoreQuestion { scale: Some(Scale { low: 1.0, high: 10.0 }), ..score_question() };
    assert_eq!(scores(stated, &ten).await.unwrap().all.scored.unwrap().n, 200);
}

#[tokio::test]
async fn answers_of_one_person_go_together() {
    let text = answers(&[]);
    let (head, rows) = text.split_once('\n').unwrap();
    let twice = format!("{head}\n{rows}{rows}");
    let by_person = || ScoreQuestion { user: Some("user".into()), ..score_question() };
    for kind in [Kind::Csat, Kind::Acr] {
        let once = width(&scores(ScoreQuestion { kind, ..by_person() }, &text).await.unwrap());
        let again = width(&scores(ScoreQuestion { kind, ..by_person() }, &twice).await.unwrap());
        let deceived = width(&scores(ScoreQuestion { kind, ..score_question() }, &twice).await.unwrap());
        assert!((again / once - 1.0).abs() < 0.01 && deceived < 0.8 * again, "{kind:?}: {once} {again} {deceived}");
    }
}

#[tokio::test]
async fn answers_without_a_weight_are_told() {
    let text = "score,weight\n5,1\n".to_owned() + &"1,\n".repeat(199);
    let answer = scores(ScoreQuestion { weight: Some("weight".into()), ..score_question() }, &text).await.unwrap();
    assert_eq!((answer.unweighted, answer.all.scored.unwrap().n), (199, 1));
}

#[tokio::test]
async fn no_answers_are_an_error() {
    let error = scores(score_question(), "score,vendor\n9,a\n11,a\n").await.unwrap_err();
    assert_eq!(error.to_string(), "csat of no answers: all 2 lie off the scale");
    assert_eq!(scores(score_question(), "score,vendor\n,a\n,a\n").await.unwrap_err().to_string(), "csat of no answers");
}

#[tokio::test]
async fn a_column_is_asked_about_once_and_who_answered_is_no_confounder() {
    let names = |names: &[&str]| Covariates::Named(names.iter().map(|name| (*name).to_owned()).collect());
    let text = answers(&[]);
    for measures in [names(&["score"]), names(&["rtt_ms", "rtt_ms"])] {
        let error = drivers(DriversQuestion { measures, ..drivers_question() }, &text).await.unwrap_err();
        assert!(matches!(error, AnalysisError::Twice { .. }), "{error}");
    }
    let error = drivers(DriversQuestion { confounders: names(&["score"]), ..drivers_question() }, &text).await.unwrap_err();
    assert_eq!(error.to_string(), "ask of \"score\" once: it is the outcome and a confounder");
    let error = drivers(DriversQuestion { confounders: names(&["user"]), ..drivers_question() }, &text).await.unwrap_err();
    assert!(matches!(error, AnalysisError::Singular(_)), "{error}");
    let user = DriversQuestion { user: Some("user".into()), ..drivers_question() };
    assert!(drivers(user, &text).await.unwrap().by_person);
    assert!(!drivers(drivers_question(), &text).await.unwrap().by_person);
}

#[tokio::test]
async fn a_number_is_no_yes_or_no() {
    let question = StabilityQuestion {
        success: "code".into(),
        target: Objective::TRADITIONAL,
        targets: None,
        by: Vec::new(),
        user: None,
        condition: None,
        level: Confidence::P95,
    };
    for text in ["code\n1\n0\n200\n", "code\nyes\nno\n200\n"] {
        let (_folder, input) = file(text).await;
        let error = question.ask(&input).await.unwrap_err();
        let error = std::error::Error::source(&error).unwrap().to_string();
        assert!(error.contains("200") && error.contains("row 3, which is no yes or no"), "{error}");
    }
    for text in ["code\n1\n0\n", "code\ntrue\nfalse\n", "code\nYes\nno\n", "code\n1.0\n0.0\n"] {
        let (_folder, input) = file(text).await;
        assert!(question.ask(&input).await.is_ok(), "{text}");
    }
}

async fn once(text: &str) -> Option<Repeated> {
    let (_folder, input) = file(text).await;
    input.once().await.1
}

#[tokio::test]
async fn rows_that_are_there_twice_are_told_and_counted_once_where_their_session_says_so() {
    let rows: String = (0..200).map(|at| format!("s{at},{},{}\n", at % 5 + 1, at * 7 % 31)).collect();
    let twice = format!("session_id,score,rtt_ms\n{rows}{rows}");
    let (_folder, input) = file(&twice).await;
    let (input, repeated) = input.once().await;
    assert_eq!(repeated, Some(Repeated { again: 200, rows: 400, once: true }));
    let answer = score_question().ask(&input, None).await.unwrap();
    assert_eq!(answer.all.scored.unwrap().n, 200);
    // Without the id of a session they may be rows of people alike.
    let nameless = twice.replace("session_id", "reading");
    assert_eq!(once(&nameless).await, Some(Repeated { again: 200, rows: 400, once: false }));
    // Turns of one session may well be alike, and so may scores by themselves.
    assert_eq!(once(&format!("session_id,fallback\n{}", "a,0\na,0\na,1\nb,0\n".repeat(3))).await, None);
    assert_eq!(once(&format!("score,vendor\n{}", "1,a\n2,b\n5,a\n".repeat(200))).await, None);
    assert_eq!(once(&format!("session_id,score,rtt_ms\n{rows}")).await, None);
}
