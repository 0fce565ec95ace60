//! What changes with time, over small files with a planted fall and its release.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, Utc};
use qoe_query::Definitions;
use qoe_query::frame::Input;
use qoe_query::satisfaction::drift::{Cadence, NoChange, releases};
use qoe_query::satisfaction::{AnalysisError, Covariates, DriftAnswer, DriftQuestion};
use qoe_query::statistics::Confidence;
use qoe_query::statistics::change_points::ChangePointError;
use qoe_query::statistics::scale::Kind;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn question() -> DriftQuestion {
    DriftQuestion {
        time: "observed_at".into(),
        score: "score".into(),
        kind: Kind::Csat,
        scale: None,
        bounds: None,
        earlier: None,
        user: None,
        wave_days: 20,
        stale_after_days: 183,
        measures: Covariates::Named(vec![]),
        zone: chrono_tz::Tz::UTC,
        now: at("2026-11-25T00:00:00Z"),
        condition: None,
        level: Confidence::P95,
        seed: 1,
    }
}

async fn input(text: &str) -> (tempfile::TempDir, Input) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, text).unwrap();
    let input = Input::file(&path, &Definitions::default()).await.unwrap();
    (folder, input)
}

async fn ask(question: &DriftQuestion, text: &str, released: Option<&str>) -> Result<DriftAnswer, AnalysisError> {
    let (_rows, rows) = input(text).await;
    match released {
        None => question.ask(&rows, None).await,
        Some(released) => {
            let (_released, released) = input(released).await;
            question.ask(&rows, Some(&released)).await
        }
    }
}

fn day(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, 1).unwrap() + chrono::Days::new(number)
}

/// A cheap draw, the same everywhere.
fn draw(at: u64) -> u64 {
    at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407).rotate_right(23).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        >> 33
}

/// Sixty days of 25 answers, 80 % satisfied up to day 40 and `after` % from then on; people come every twenty days.
fn fallen(after: u64) -> String {
    let mut text = String::from("observed_at,user,score,rtt_ms\n");
    for number in 0..60 {
        for answer in 0..25 {
            let share = if number < 40 { 80 } else { after };
            let lot = draw(number * 25 + answer);
            let score = if lot % 100 < share { 4 + lot % 2 } else { 1 + lot % 3 };
            let user = if answer < 15 { format!("u{}", number % 20 * 25 + answer) } else { format!("once{number}-{answer}") };
            writeln!(text, "{}T0{}:30:00Z,{user},{score},{}", day(number), answer % 9, 100 + draw(lot) % 50).unwrap();
        }
    }
    text
}

#[tokio::test]
async fn a_planted_fall_is_found_with_its_release() {
    let asked = DriftQuestion { user: Some("user".into()), measures: Covariates::Named(vec!["rtt_ms".into()]), ..question() };
    let released = format!("observed_at,version\n{}T08:00:00Z,5.1.0\n{}T00:00:00Z,4.0.0\n", day(39), day(3));
    let answer = ask(&asked, &fallen(45), Some(&released)).await.unwrap();
    let change = answer.change.unwrap();
    assert!(change.total.high < -0.2 && change.total.excludes(0.0), "{:?}", change.total);
    let parts = change.parts.unwrap();
    assert_eq!((parts.both, answer.this.people, answer.this.answers), (300, 500, 500));
    assert!(parts.same_people.unwrap().high < 0.0 && !parts.who_answered.unwrap().excludes(0.0));
    assert!(change.switched.unwrap().p < 0.001);
    assert_eq!((answer.this.from, answer.this.to, answer.last.to), (day(40), day(59), day(39)));
    assert_eq!(answer.cadence, Cadence::Daily);
    let [score, rtt] = answer.series.as_slice() else { panic!("{:?}", answer.series) };
    let [shift] = score.called(Confidence::P95) else { panic!("{:?}", score.shifts) };
    assert!((shift.from - day(40)).num_days().abs() <= 1 && shift.earliest <= day(40) && day(40) <= shift.latest, "{shift:?}");
    assert_eq!(answer.releases[shift.coincides.unwrap().release].name, "5.1.0");
    assert!(rtt.called(Confidence::P95).is_empty() && rtt.points.len() == 60);
    assert!(!answer.stale && answer.age_days == 26, "{}", answer.age_days);
}

#[tokio::test]
async fn no_change_is_not_called_one() {
    let answer = ask(&question(), &fallen(80), None).await.unwrap();
    assert!(!answer.change.unwrap().total.excludes(0.0));
    assert!(answer.series[0].called(Confidence::P95).is_empty());
}

#[tokio::test]
async fn every_kind_is_compared_in_its_own_unit() {
    let text = fallen(45);
    let value = |answer: DriftAnswer| answer.change.unwrap().total;
    let mean = value(ask(&DriftQuestion { kind: Kind::Acr, ..question() }, &text, None).await.unwrap());
    assert!(mean.high < -0.5 && mean.value > -2.0, "{mean:?}");
    // No answer of 1 to 5 is a promoter's.
    let nps = ask(&DriftQuestion { kind: Kind::Nps, ..question() }, &text, None).await.unwrap();
    assert_eq!(nps.this.score, Some(-100.0));
    assert_eq!(nps.series[0].found.as_ref().unwrap_err(), &ChangePointError::AllTheSame { periods: 60, mean: -100.0 });
}

#[tokio::test]
async fn old_answers_are_stale_and_days_are_those_of_the_zone() {
    let later = DriftQuestion { now: at("2027-05-01T23:00:00Z"), ..question() };
    assert!(!ask(&later, &fallen(80), None).await.unwrap().stale);
    let later = DriftQuestion { zone: chrono_tz::Tz::Asia__Shanghai, ..later };
    let answer = ask(&later, &fallen(80), None).await.unwrap();
    assert_eq!((answer.age_days, answer.stale), (184, true));
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_in_words() {
    let error = |error: Result<DriftAnswer, AnalysisError>| error.unwrap_err().to_string();
    assert_eq!(
        error(ask(&question(), "observed_at,score\n,5\n0999-01-01,4\n", None).await),
        "none of 2 rows has a time in \"observed_at\" between 1900 and 2200"
    );
    assert_eq!(
        error(ask(&question(), "observed_at,score\n2026-11-01,\n2026-11-01,NaN\n", None).await),
        "none of 2 rows has \"score\": nothing can be related to it"
    );
    assert_eq!(
        error(ask(&question(), "observed_at,score\n2026-11-01,\n2026-11-01,9\n", None).await),
        "none of 2 rows has a score in \"score\" on the scale of 1 to 5, though 1 have one off it"
    );
    let stated = DriftQuestion { scale: Some(Kind::Csat.customary()), ..question() };
    let one = ask(&stated, "observed_at,score\n2026-11-01,5\n2199-11-01,7\n", None).await.unwrap();
    assert_eq!((one.change, one.rows.future, one.rows.off_scale), (Err(NoChange::TooFew { last: 0, this: 1 }), 1, 1));
    assert_eq!(one.series[0].found, Err(ChangePointError::NotEnough { periods: 1 }));
    let mut alike = String::from("observed_at,score,user\n");
    (0..40).for_each(|number| writeln!(alike, "{},3,u{number}", day(number)).unwrap());
    let mean = DriftQuestion { kind: Kind::Acr, user: Some("user".into()), ..question() };
    assert_eq!(ask(&mean, &alike, None).await.unwrap().change, Err(NoChange::Alike { last: 20, this: 20 }));
}

#[tokio::test]
async fn releases_are_named_once_with_their_vendor() {
    let (_folder, input) =
        input("observed_at,vendor,version\n2026-11-02,borealis,2.0\n2026-11-01,aurora,1.0\n2026-11-02,borealis,2.0\n,aurora,3.0\n").await;
    let names: Vec<String> = releases(&input).await.unwrap().into_iter().map(|release| release.name).collect();
    assert_eq!(names, ["aurora 1.0", "borealis 2.0"]);
}

#[tokio::test]
async fn who_does_not_say_who_they_are_is_nobody_known() {
    let rows = |user: &dyn Fn(u64) -> String| {
        let mut text = String::from("observed_at,user,score\n");
        for at in 0..80 {
            writeln!(text, "{},{},{}", day(at / 2), user(at), 1 + draw(at) % 5).unwrap();
        }
        text
    };
    let asked = DriftQuestion { user: Some("user".into()), ..question() };
    let nobody = ask(&asked, &rows(&|_| String::new()), None).await.unwrap();
    assert_eq!((nobody.by_person, nobody.rows.nameless), (false, 0));
    let some = ask(&asked, &rows(&|at| if at % 4 == 0 { String::new() } else { format!("u{}", at % 10) }), None).await.unwrap();
    assert_eq!((some.by_person, some.rows.nameless), (true, 20));
}
