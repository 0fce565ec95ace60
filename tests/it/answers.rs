//! What becomes of rows that say a thing twice, or none: answers changed, files doubled, spans of time, units and scales.

use std::fmt::Write as _;
use std::process::Output;
use std::sync::Arc;

use qoe_store::rows::{Feedback, Invitation, Keys, Records, SessionEvent, Stamp};
use serde_json::Value;

use crate::command::{ends, file, json, qoe};
use crate::support;

#[track_caller]
fn says(output: &Output, said: &str) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(said), "{said:?} is not in\n{text}");
}

/// Sixty sessions, each asked once and answered with 5 and a minute later with 1, but every third with 4 and no more.
fn answered_twice(now: i64) -> Records {
    let mut records = Records::default();
    for at in 0..60_i64 {
        let keys = Arc::new(Keys {
            project: "p".into(),
            session_id: format!("s{at}").into(),
            user_id: format!("u{at}").into(),
            vendor: "aurora".into(),
            service: "video_call".into(),
            ..Keys::default()
        });
        let stamp = |after: i64| Stamp::at(now + at * 100 + after);
        let joined = SessionEvent { keys: keys.clone(), stamp: stamp(0), name: "joined".into(), ..SessionEvent::default() };
        records.push(joined.into());
        let (invitation_id, kind) = (format!("i{at}"), "csat");
        let invitation = Invitation {
            keys: keys.clone(),
            stamp: stamp(20),
            invitation_id: invitation_id.as_str().into(),
            state: "shown".into(),
            kind: kind.into(),
        };
        records.push(invitation.into());
        let given: &[(f64, i64, &str)] = if at % 3 == 0 { &[(4.0, 30, "fine")] } else { &[(1.0, 60_000, "bad"), (5.0, 30, "zzz")] };
        for (score, after, text) in given {
            let answer = Feedback {
                keys: keys.clone(),
                stamp: stamp(*after),
                invitation_id: invitation_id.as_str().into(),
                kind: kind.into(),
                score: *score,
                scale_low: 1.0,
                scale_high: 5.0,
                text: (*text).to_owned(),
                ..Feedback::default()
            };
            records.push(answer.into());
        }
    }
    records
}

#[tokio::test]
async fn the_last_answer_of_a_session_counts_everywhere_and_the_earlier_ones_are_told() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &answered_twice(chrono::Utc::now().timestamp_millis() - 3_600_000), 1).await;
    let asking = |arguments: &[&str]| support::asking(&endpoint, &[arguments, &["--project", "p"]].concat());
    let score = json(&asking(&["satisfaction", "score", "--by", "vendor", "--json"]));
    let correct = json(&asking(&["satisfaction", "correct", "--json"]));
    let drift = json(&asking(&["satisfaction", "drift", "--json"]));
    let report = json(&asking(&["report", "satisfaction", "--json"]));
    for all in [&score["all"], &score["groups"][0], &report["scores"][0]["all"]] {
        assert_eq!((&all["score"]["value"], &all["score"]["n"]), (&Value::from(20.0 / 60.0), &60.into()), "{all}");
    }
    assert_eq!((&correct["all"]["raw"]["value"], &correct["all"]["asked"]), (&Value::from(20.0 / 60.0), &60.into()));
    assert_eq!((&drift["this"]["score"], &drift["this"]["answers"]), (&Value::from(20.0 / 60.0), &60.into()));
    assert_eq!(score["all"]["response"]["answered"]["value"], 1.0);
    for earlier in [
        &score["earlier_answers_left_out"],
        &correct["earlier_answers_left_out"],
        &drift["rows"]["earlier_answers_left_out"],
        &report["scores"][0]["earlier_answers_left_out"],
    ] {
        assert_eq!(earlier, &Value::from(40));
    }
    says(&asking(&["satisfaction", "score"]), "the last answer counts, 40 earlier ones were left out");
    // The words are of the answer that counts.
    let words = support::asking(&endpoint, &["sql", "--project", "p", "SELECT text FROM feedback WHERE session_id = 's1' ORDER BY text"]);
    says(&words, "zzz");
    let words = String::from_utf8(asking(&["satisfaction", "words"]).stdout).unwrap();
    assert!(words.contains("bad") && !words.contains("zzz"), "{words}");

    ends(
        &support::asking(&endpoint, &["satisfaction", "score", "--project", "nosuch"]),
        2,
        "the store has no project \"nosuch\": it holds p",
    );
    ends(
        &asking(&["satisfaction", "score", "--dimension", "nosuch"]),
        3,
        "there are no answers about \"nosuch\": there are answers about whole",
    );
}

/// Sessions with a scale of their own, every quantity in minutes and in seconds.
fn sessions() -> String {
    let mut text = String::from("session_id,user_id,started_at,rtt_ms,network,minutes,secs,score,scale_low,scale_high\n");
    for at in 0..240_usize {
        let rtt = (at * 37) % 300;
        let minutes = 0.5 + ((at * 53) % 97) as f64 / 10.0;
        let score = (5 - rtt / 75 - usize::from(at % 3 == 0)).max(1);
        let network = ["wifi", "4g"][at / 2 % 2];
        writeln!(text, "s{at},u{},2026-11-{:02}T10:00:00Z,{rtt},{network},{minutes},{},{score},1,5", at / 2, 1 + at % 20, minutes * 60.0)
            .unwrap();
    }
    text
}

#[test]
fn rows_that_are_there_twice_are_told_by_every_analysis() {
    let text = sessions();
    let (head, rows) = text.split_once('\n').unwrap();
    let (_folder, path) = file("twice.csv", format!("{head}\n{rows}{rows}"));
    let said = "240 of 480 rows are there twice";
    let score = ["satisfaction", "score", "--data", &path];
    says(&qoe(&score), said);
    let answer = json(&qoe(&[&score[..], &["--json"]].concat()));
    assert_eq!((&answer["all"]["score"]["n"], &answer["repeated_rows"]["again"]), (&240.into(), &240.into()));
    says(&qoe(&["satisfaction", "drivers", "--measures", "rtt_ms", "--data", &path]), said);
    says(&qoe(&["retention", "survival", "--data", &path]), said);
    says(&qoe(&["report", "satisfaction", "--out", "-", "--data", &path]), said);
    let (_folder, path) = file("nameless.csv", format!("{head}\n{rows}{rows}").replace("session_id", "reading"));
    says(&qoe(&["satisfaction", "score", "--user", "user_id", "--data", &path]), "240 of 480 rows are equal to another in every column");
}

#[test]
fn a_span_of_a_file_is_heeded_or_refused() {
    let (_folder, path) = file("sessions.csv", sessions());
    let span = ["--since", "2026-11-11", "--data", &path];
    ends(&qoe(&[&["satisfaction", "score"][..], &span].concat()), 2, "write --where");
    let rows = |more: &[&str]| {
        let drift = ["satisfaction", "drift", "--time", "started_at", "--json", "--data", &path];
        json(&qoe(&[&drift[..], more].concat()))["rows"]["all"].as_u64().unwrap()
    };
    assert_eq!([rows(&[]), rows(&["--since", "2026-11-11"]), rows(&["--until", "2026-11-11"])], [240, 120, 120]);
    let report = json(&qoe(&[&["report", "satisfaction", "--json"][..], &span].concat()));
    assert_eq!(report["sessions"], 120);
    let (_folder, path) = file("timeless.csv", sessions().replace("started_at", "begun"));
    ends(&qoe(&["report", "satisfaction", "--since", "2026-11-11", "--data", &path]), 2, "started_at");
}

#[test]
fn a_survey_that_does_not_fit_the_file_is_refused() {
    let (_folder, path) = file("sessions.csv", sessions());
    for kind in ["nps", "thumbs"] {
        ends(&qoe(&["satisfaction", "score", "--kind", kind, "--data", &path]), 2, "on a scale of 1 to 5");
    }
    let ten = (1..=10).map(|score| format!("{score}\n")).collect::<String>().repeat(9);
    let (_folder, path) = file("ten.csv", format!("score\n{ten}"));
    ends(&qoe(&["satisfaction", "score", "--data", &path]), 2, "state the one that was offered");
    let stated = qoe(&["satisfaction", "score", "--scale", "1..10", "--data", &path]);
    says(&stated, "share of answers of 7.75 or more on 1 to 10");
    let (_folder, path) = file("none.csv", "score,vendor\n,a\n,b\n");
    ends(&qoe(&["satisfaction", "score", "--data", &path]), 3, "csat of no answers");
}

#[test]
fn a_duration_says_its_unit_or_is_asked_for_it() {
    let (_folder, path) = file("sessions.csv", sessions());
    let effect = |more: &[&str]| {
        let asked = ["retention", "effect", "--treatment", "rtt_ms > 150", "--covariates", "network", "--data", &path, "--baseline", "60s"];
        qoe(&[&asked[..], more].concat())
    };
    ends(&effect(&["--outcome", "secs", "--duration"]), 2, "state --duration-unit s, min or h");
    let left = |output: &Output| json(output)["left_out"]["left_before"].as_u64().unwrap();
    let (minutes, seconds) =
        (effect(&["--outcome", "minutes", "--json"]), effect(&["--outcome", "secs", "--duration-unit", "s", "--json"]));
    assert_eq!((left(&minutes), left(&minutes) > 5), (left(&seconds), true));
    ends(&effect(&["--outcome", "minutes", "--duration-unit", "h"]), 2, "not the unit");
    let survival = |more: &[&str]| qoe(&[&["retention", "survival", "--data", &path][..], more].concat());
    ends(&survival(&["--duration", "secs", "--baseline", "60s"]), 2, "--duration-unit s, min or h");
    let answer = json(&survival(&["--duration", "secs", "--duration-unit", "s", "--baseline", "60s", "--json"]));
    let first = &answer["at_risk"][0];
    assert!(first["time"].as_f64().unwrap() > 60.0 && first["at_risk"].as_u64().unwrap() > 0, "{first}");
    // What is known after the session holds nothing equal before it.
    for (outcome, covariate, why) in
        [("minutes", "score", "answered after"), ("d7", "minutes", "known after it"), ("score", "score", "is the outcome")]
    {
        ends(&effect(&["--outcome", outcome, "--covariates", covariate]), 2, why);
    }
}

#[test]
fn negative_durations_are_left_out_alike() {
    let text = sessions().replace(",2.6,", ",-2.6,");
    let negative = text.matches(",-2.6,").count() as u64;
    assert!(negative > 0);
    let (_folder, path) = file("sessions.csv", &text);
    let effect =
        ["retention", "effect", "--treatment", "rtt_ms > 150", "--covariates", "network", "--outcome", "minutes", "--baseline", "60s"];
    let effect = [&effect[..], &["--data", &path]].concat();
    assert_eq!(json(&qoe(&[&effect[..], &["--json"]].concat()))["left_out"]["negative"], negative);
    says(&qoe(&effect), &format!("{negative} rows with a negative duration were left out"));
    let survival = ["retention", "survival", "--data", &path];
    assert_eq!(json(&qoe(&[&survival[..], &["--json"]].concat()))["rows_left_out"]["negative"], negative);
    says(&qoe(&survival), "with a negative duration");
}
