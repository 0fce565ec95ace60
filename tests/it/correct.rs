//! `qoe satisfaction correct`: what it prints and how it ends, over a file and over a store.

use std::fmt::Write as _;
use std::process::Output;
use std::sync::Arc;

use qoe_store::rows::{Feedback, Invitation, Keys, Records, SessionEvent, Stamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{json, qoe};
use crate::support;

/// Four hundred asked; the worse the call, the readier to answer.
fn invited() -> (TempDir, String) {
    let mut text = String::from("rtt_ms,platform,score\n");
    for at in 0..400 {
        let (rtt, platform) = (at % 100, if at % 3 == 0 { "ios" } else { "android" });
        let score = match at % 7 {
            0 | 3 => String::new(),
            _ if (at * 37) % 100 > rtt + 20 => String::new(),
            step => (1 + (step * 3 + 100 - rtt) % 5).to_string(),
        };
        writeln!(text, "{rtt},{platform},{score}").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("invited.csv");
    std::fs::write(&path, text).unwrap();
    (folder, path.to_string_lossy().into_owned())
}

fn correct(arguments: &[&str]) -> Output {
    qoe(&[&["satisfaction", "correct"][..], arguments].concat())
}

#[test]
fn a_file_is_corrected_as_json_and_as_text() {
    let (_folder, path) = invited();
    let given = ["--data", &path, "--covariates", "rtt_ms,platform", "--target", "0.4", "--by", "platform"];
    let answer = json(&correct(&[&given[..], &["--json"]].concat()));
    let (all, groups) = (&answer["all"], answer["groups"].as_array().unwrap());
    assert_eq!((all["asked"].as_u64(), groups.len()), (Some(400), 2));
    for name in ["raw", "corrected", "weighted", "trimmed", "silent"] {
        let [low, value, high] = ["low", "value", "high"].map(|end| all[name][end].as_f64().unwrap());
        assert!(low <= value && value <= high && (0.0..=1.0).contains(&value), "{name}: {all}");
    }
    assert_eq!(all["sensitivity"]["points"].as_array().unwrap().len(), 12);
    assert!(answer["order"]["difference"]["value"].is_f64(), "{answer}");

    let text = String::from_utf8(correct(&given).stdout).unwrap();
    for said in ["corrected ", "of 400 asked answered", "Those who stayed silent would have scored", "target of 40.0 %", "Kish", "By group"]
    {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    let text = String::from_utf8(correct(&[&given[..], &["--lang", "zh"]].concat()).stdout).unwrap();
    for said in ["校正后", "未作答者", "目标 40.0 %", "敏感性分析", "作答者与全体受邀者的协变量平衡"] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
}

#[test]
fn wrong_use_is_two_and_nothing_to_say_is_three() {
    let (folder, path) = invited();
    let margins = folder.path().join("margins.csv");
    std::fs::write(&margins, "margin,value,share\nplatform,ios,0.5\nplatform,android,0.6\n").unwrap();
    let margins = margins.to_string_lossy().into_owned();
    let data = ["--data", &path, "--covariates", "rtt_ms"];
    let cases: [(&[&str], i32, &str); 9] = [
        (&["--score", "stars"], 2, "stars"),
        (&["--by", "planet"], 2, "planet"),
        (&["--cap", "0"], 2, "no cap"),
        (&["--target", "60"], 2, "between 0 and 1"),
        (&["--scale", "5..1"], 2, "scale"),
        (&["--kind", "nps", "--scale", "1..5"], 2, "promoters"),
        (&["--margins", &margins], 2, "sum to 1.1"),
        (&["--where", "rtt_ms < 0"], 3, "no rows"),
        (&["--where", "score is null"], 3, "nobody answered"),
    ];
    for (arguments, code, said) in cases {
        let output = correct(&[&data[..], arguments].concat());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(said) && output.stdout.is_empty(), "{arguments:?}: {error}");
    }
    let output = correct(&["--data", &path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--covariates"));
}

/// Six hundred sessions after each of which somebody was asked; slow ones are answered for more readily, and scored worse.
#[tokio::test]
async fn a_stores_surveys_are_corrected_by_what_it_knows_of_sessions() {
    let endpoint = support::database().await;
    let now = chrono::Utc::now().timestamp_millis() - 3_600_000;
    let mut records = Records::default();
    for at in 0..600_i64 {
        let slow = at % 2 == 0;
        let keys = Arc::new(Keys {
            project: "p".into(),
            session_id: format!("s{at}").into(),
            user_id: format!("u{}", at % 400).into(),
            vendor: "aurora".into(),
            service: "video_call".into(),
            platform: if at % 3 == 0 { "ios".into() } else { "android".into() },
            ..Keys::default()
        });
        let stamp = |after: i64| Stamp::at(now + at * 100 + after);
        let connect_ms = if slow { 900.0 } else { 200.0 } + (at % 10) as f64;
        let event = |name: &str, connect_ms, after| SessionEvent {
            keys: keys.clone(),
            stamp: stamp(after),
            name: name.into(),
            connect_ms,
            duration_ms: None,
            reason: "".into(),
        };
        records.push(event("attempt", None, 0).into());
        records.push(event("joined", Some(connect_ms), 10).into());
        let (invitation_id, kind) = (format!("i{at}"), "csat");
        records.push(
            Invitation {
                keys: keys.clone(),
                stamp: stamp(20),
                invitation_id: invitation_id.as_str().into(),
                state: "shown".into(),
                kind: kind.into(),
            }
            .into(),
        );
        let answers = if slow { at % 8 < 4 } else { at % 10 == 1 };
        if answers {
            let score = if slow { 1 + at % 3 + at / 8 % 2 } else { 3 + at / 10 % 3 };
            for (dimension, score) in [("", score), ("sound", 5)] {
                let answer = Feedback {
                    keys: keys.clone(),
                    stamp: stamp(30),
                    invitation_id: invitation_id.as_str().into(),
                    kind: kind.into(),
                    score: score as f64,
                    scale_low: 1.0,
                    scale_high: 5.0,
                    dimension: dimension.into(),
                    text: String::new(),
                    language: "".into(),
                };
                records.push(answer.into());
            }
        }
    }
    support::insert(&endpoint, &records, 1).await;
    let output = support::asking(&endpoint, &["satisfaction", "correct", "--project", "p", "--json", "--by", "platform"]);
    let answer = json(&output);
    let all = &answer["all"];
    assert_eq!((all["asked"].as_u64(), answer["groups"].as_array().unwrap().len()), (Some(600), 2));
    assert!(answer["covariates"]["used"].as_array().unwrap().contains(&"connect_ms".into()), "{}", answer["covariates"]);
    assert!(answer["covariates"]["left_out"].as_array().unwrap().iter().any(|left| left["covariate"] == "rtt_ms"));
    assert_eq!(answer["user"], "user_id");
    assert!(all["corrected"]["value"].as_f64().unwrap() > all["raw"]["value"].as_f64().unwrap() + 0.05, "{all}");
    let none = support::asking(&endpoint, &["satisfaction", "correct", "--project", "p", "--kind", "nps"]);
    assert_eq!(none.status.code(), Some(3), "{}", String::from_utf8_lossy(&none.stderr));
    for arguments in [["--dimension", "all"], ["--by", "dimension"]] {
        let scores = json(&support::asking(&endpoint, &[&["satisfaction", "score", "--project", "p", "--json"][..], &arguments].concat()));
        let groups = scores["groups"].as_array().unwrap();
        assert_eq!(groups.iter().map(|group| &group["values"][0]).collect::<Vec<_>>(), ["sound", "whole"]);
        assert_eq!((&groups[0]["score"]["value"], &groups[0]["score"]["n"]), (&Value::from(1.0), &groups[1]["score"]["n"]));
    }
}
