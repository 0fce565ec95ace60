//! `qoe satisfaction drift`: what it prints and how it ends, over a file and over a store.

use std::fmt::Write as _;
use std::process::Output;
use std::sync::Arc;

use qoe_store::rows::{Feedback, Keys, Records, Release, SessionEvent, Stamp};
use tempfile::TempDir;

use crate::command::{json, qoe};
use crate::support;

/// Whether the one asked on this day is satisfied: four of five before the fall, two of five after it, in no order that returns.
fn satisfied(day: i64, at: i64, falls_on: i64) -> bool {
    (day * day * 7 + at * 3 + day * at) % 5 < if day < falls_on { 4 } else { 2 }
}

fn files() -> (TempDir, String, String) {
    let mut text = String::from("asked_at,person,score,rtt_ms\n");
    let first = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    for day in 0..40 {
        for at in 0..12 {
            let score = if satisfied(day, at, 20) { 5 } else { 2 };
            writeln!(
                text,
                "{},u{},{score},{}",
                first + chrono::Days::new(day as u64),
                at + 12 * (day % 20),
                80 + (day * 31 + at * 17) % 23
            )
            .unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (rows, releases) = (folder.path().join("rows.csv"), folder.path().join("releases.csv"));
    std::fs::write(&rows, text).unwrap();
    std::fs::write(&releases, "observed_at,version\n2026-03-20,7.3\n").unwrap();
    (folder, rows.to_string_lossy().into_owned(), releases.to_string_lossy().into_owned())
}

fn drift(arguments: &[&str]) -> Output {
    qoe(&[&["satisfaction", "drift"][..], arguments].concat())
}

#[test]
fn a_file_is_read_as_json_and_as_text() {
    let (_folder, rows, releases) = files();
    let given =
        ["--data", &rows, "--time", "asked_at", "--user", "person", "--wave", "20d", "--measures", "rtt_ms", "--releases", &releases];
    let answer = json(&drift(&[&given[..], &["--json"]].concat()));
    assert!(answer["change"]["total"]["high"].as_f64().unwrap() < -0.2, "{}", answer["change"]);
    assert_eq!((answer["change"]["people_in_both"].as_u64(), answer["stale"].as_bool()), (Some(240), Some(true)));
    let score = &answer["series"][0];
    assert!(score["called"].as_bool().unwrap() && answer["series"][1]["points"].as_array().unwrap().len() == 40, "{score}");
    assert_eq!(score["changes"][0]["since"], "2026-03-21", "{}", score["changes"]);
    assert_eq!(score["changes"][0]["coincides_with"]["release"], "7.3");

    let text = String::from_utf8(drift(&given).stdout).unwrap();
    for said in [
        "CSAT fell by -",
        "The 240 people who answered both times",
        "score has been on another level since 2026-03-21",
        "coincides with release 7.3",
        "Stale: ",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    let text = String::from_utf8(drift(&[&given[..], &["--lang", "zh", "--tz", "Asia/Shanghai"]].concat()).stdout).unwrap();
    for said in ["CSAT 下降", "个百分点", "结论已过期", "起水平改变", "不代表因果"] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
}

#[test]
fn wrong_use_is_two_and_nothing_to_say_is_three() {
    let (_folder, rows, releases) = files();
    let data = ["--data", &rows, "--time", "asked_at"];
    let cases: [(&[&str], i32, &str); 9] = [
        (&["--score", "stars"], 2, "stars"),
        (&["--time", "person"], 2, "is no time"),
        (&["--wave", "0d"], 2, "30d"),
        (&["--tz", "Mars/Base"], 2, "Asia/Shanghai"),
        (&["--releases", &rows], 2, "observed_at"),
        (&["--kind", "nps", "--scale", "1..5"], 2, "0 to 10"),
        (&["--releases", "nowhere.csv"], 2, "nowhere.csv"),
        (&["--where", "score > 9", "--releases", &releases], 3, "no rows"),
        (&["--kind", "thumbs"], 3, "on the scale of 0 to 1"),
    ];
    for (arguments, code, said) in cases {
        let given: Vec<&str> =
            data.iter().filter(|word| !(arguments[0] == "--time" && (**word == "--time" || **word == "asked_at"))).copied().collect();
        let output = drift(&[&given[..], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{said:?} is not in {stderr}");
    }
}

/// Fifty days of sessions in a store, further back than is asked for unless waves need it; satisfaction falls at half time, with a release.
#[tokio::test]
async fn a_store_is_read_as_far_back_as_two_waves_take() {
    let endpoint = support::database().await;
    let (now, day_ms) = (chrono::Utc::now().timestamp_millis() - 3_600_000, 86_400_000);
    let mut records = Records::default();
    for day in 0..50_i64 {
        for at in 0..12_i64 {
            let keys = Arc::new(Keys {
                project: "p".into(),
                session_id: format!("s{day}-{at}").into(),
                user_id: format!("u{}", at + 12 * (day % 25)).into(),
                ..Keys::default()
            });
            let stamp = |after: i64| Stamp::at(now - (49 - day) * day_ms + after);
            let joined = SessionEvent {
                keys: keys.clone(),
                stamp: stamp(0),
                name: "joined".into(),
                connect_ms: Some((200 + (day * 31 + at * 17) % 23) as f64),
                duration_ms: None,
                reason: "".into(),
            };
            records.push(joined.into());
            records.push(
                Feedback {
                    keys,
                    stamp: stamp(10),
                    invitation_id: "".into(),
                    kind: "csat".into(),
                    score: if satisfied(day, at, 25) { 5.0 } else { 2.0 },
                    scale_low: 1.0,
                    scale_high: 5.0,
                    dimension: "".into(),
                    text: String::new(),
                    language: "".into(),
                }
                .into(),
            );
        }
    }
    let keys = Arc::new(Keys { project: "p".into(), vendor: "aurora".into(), ..Keys::default() });
    let stamp = Stamp::at(now - 25 * day_ms);
    records.push(Release { keys, stamp, version: "3.0".into(), breaking_changes: None, notes: String::new() }.into());
    support::insert(&endpoint, &records, 1).await;
    let answer = json(&support::asking(&endpoint, &["satisfaction", "drift", "--project", "p", "--wave", "25d", "--json"]));
    assert_eq!((answer["last"]["answers"].as_u64(), answer["this"]["answers"].as_u64()), (Some(300), Some(300)), "{}", answer["last"]);
    assert_eq!(answer["series"][0]["changes"][0]["coincides_with"]["release"], "aurora 3.0", "{}", answer["series"][0]["changes"]);
    assert_eq!((answer["series"][1]["name"].as_str(), answer["stale"].as_bool()), (Some("connect_ms"), Some(false)));
    let none = support::asking(&endpoint, &["satisfaction", "drift", "--project", "p", "--kind", "nps"]);
    assert_eq!(none.status.code(), Some(3), "{}", String::from_utf8_lossy(&none.stderr));
}
