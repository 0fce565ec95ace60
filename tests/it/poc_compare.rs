//! `qoe poc compare` and `qoe poc report`: over a file, over a store, and what they refuse.

use std::fmt::Write as _;
use std::sync::Arc;

use qoe_store::rows::{Keys, Records, SessionEvent, Stamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{ends, file, json, qoe};
use crate::support;

/// 2026-11-01T00:00:00Z.
const START: i64 = 1_793_491_200_000;

/// Calls of two vendors, of whom slow takes 200 ms longer to connect and fails one call in five.
fn calls() -> (TempDir, String) {
    let mut rows = String::from("user_id,vendor,region,connect_ms,joined,rating\n");
    for user in 0..120 {
        let (vendor, more) = if user % 2 == 0 { ("fast", 0) } else { ("slow", 200) };
        for call in 0..3 {
            let connect = 300 + more + (user * 7 + call * 31) % 90;
            let joined = vendor == "fast" || (user + call) % 5 != 0;
            let region = ["cn", "eu"][user / 2 % 2];
            writeln!(rows, "u{user},{vendor},{region},{connect},{joined},{}", 3 + (user + call) % 3).unwrap();
        }
    }
    file("calls.csv", &rows)
}

const METRICS: [&str; 10] = [
    "--metric",
    "connect_ms:lower:p95",
    "--metric",
    "joined:higher",
    "--secondary",
    "rating:higher:ordinal",
    "--margin",
    "connect_ms=50",
    "--margin",
    "rating=0.2",
];

#[test]
fn what_was_planted_is_told_and_what_was_not_is_not() {
    let (_folder, path) = calls();
    let given = ["poc", "compare", "--data", &path, "--unit", "user_id", "--stratum", "region", "--json"];
    let answer = json(&qoe(&[&given[..], &METRICS].concat()));
    let pair = |metric: usize| &answer["metrics"][metric]["pairs"][0];
    assert_eq!((&pair(0)["first"], &pair(0)["second"]), (&"fast".into(), &"slow".into()));
    assert_eq!((&pair(0)["overall"]["verdict"], &pair(0)["overall"]["method"]), (&"better".into(), &"cluster_bootstrap".into()));
    let difference = &pair(0)["overall"]["difference"];
    assert!(difference["low"].as_f64().unwrap() > -230.0 && difference["high"].as_f64().unwrap() < -170.0, "{difference}");
    assert_eq!(pair(0)["overall"]["shown"].as_array().unwrap().len(), 2, "better, and non-inferior with it");
    assert_eq!((&pair(1)["overall"]["verdict"], &answer["metrics"][1]["kind"]), (&"better".into(), &"share".into()));
    assert_ne!(pair(2)["overall"]["verdict"], "better");
    assert_eq!((pair(0)["strata"].as_array().unwrap().len(), &pair(0)["strata"][0]["stratum"]), (2, &"cn".into()));
    assert!(pair(0)["pooled"]["reversed"] == false && pair(0)["without_resampling"].is_object());
    assert!(answer["metrics"][0]["ranks"][0]["probabilities"][0].as_f64().unwrap() > 0.999);
}

#[test]
fn people_read_the_same_in_english_and_chinese() {
    let (_folder, path) = calls();
    let given = ["poc", "compare", "--data", &path, "--unit", "user_id"];
    let read = |lang: &str| {
        let output = qoe(&[&given[..], &METRICS, &["--lang", lang]].concat());
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let english = read("en");
    assert!(english.contains("connect_ms: fast is better than slow, and non-inferior"), "{english}");
    assert!(read("zh").contains("connect_ms：fast 相对 slow 更优，且非劣"));
}

#[test]
fn a_report_is_one_file_of_the_same_bytes() {
    let (_folder, path) = calls();
    let given = ["poc", "report", "--data", &path, "--unit", "user_id", "--stratum", "region", "--out", "-"];
    let page = || String::from_utf8(qoe(&[&given[..], &METRICS].concat()).stdout).unwrap();
    let first = page();
    assert!(first.starts_with("<!doctype html>") && first.contains("fast is better in 2 of its decisive comparisons and worse in none"));
    assert!(first.contains("Where in the distribution they differ") && !first.contains("NaN"));
    assert_eq!(first, page());
}

#[test]
fn looked_at_while_it_runs_intervals_are_wider() {
    let (_folder, path) = calls();
    let given = ["poc", "compare", "--data", &path, "--unit", "user_id", "--metric", "connect_ms:lower", "--json"];
    let width = |more: &[&str]| {
        let difference = json(&qoe(&[&given[..], more].concat()))["metrics"][0]["pairs"][0]["overall"]["difference"].clone();
        difference["high"].as_f64().unwrap() - difference["low"].as_f64().unwrap()
    };
    assert!(width(&["--any-time"]) > 1.3 * width(&[]));
}

#[test]
fn what_cannot_be_compared_says_why() {
    let (_folder, path) = calls();
    let given = |more: &[&str]| qoe(&[&["poc", "compare", "--data", &path][..], more].concat());
    ends(&given(&[]), 2, "no metric is asked for");
    ends(&given(&["--metric", "connect_ms"]), 2, "NAME:lower or NAME:higher");
    ends(&given(&["--metric", "colour:lower"]), 2, "there is no column \"colour\"");
    ends(&given(&["--metric", "connect_ms:lower", "--margin", "connect_ms=-5"]), 2, "above zero");
    ends(&given(&["--metric", "connect_ms:lower", "--margin", "connect_ms=5", "--margin", "connect_ms=9"]), 2, "stated twice");
    ends(&given(&["--metric", "connect_ms:lower", "--where", "vendor = 'fast'"]), 3, "names only fast");
    ends(&given(&["--metric", "connect_ms:lower", "--where", "vendor = 'x'"]), 3, "there are no rows");
    ends(&given(&["--metric", "connect_ms:lower", "--arms", "fast,quick"]), 2, "no row is of quick");
    let three = "vendor,ms\na,1\na,2\na,3\nb,900\nb,901\nb,902\n";
    let (_folder, path) = file("calls.csv", three);
    let few = json(&qoe(&["poc", "compare", "--data", &path, "--metric", "ms:lower:p95", "--json"]));
    assert_eq!(few["metrics"][0]["pairs"][0]["overall"]["verdict"], "inconclusive");
}

/// Sessions of two vendors in a store: one connects in 300 ms, the other in 500.
fn stored() -> Records {
    let mut records = Records::default();
    for at in 0..160_i64 {
        let keys = Arc::new(Keys {
            project: "p".into(),
            session_id: format!("s{at}").into(),
            user_id: format!("u{}", at / 2).into(),
            vendor: ["fast", "slow"][at as usize / 2 % 2].into(),
            service: "voice_call".into(),
            region: ["cn", "eu"][at as usize / 4 % 2].into(),
            ..Keys::default()
        });
        let connect = 300.0 + 200.0 * (at / 2 % 2) as f64 + (at * 13 % 40) as f64;
        let stamp = Stamp::at(START + at * 60_000);
        records.SessionEvents.push(SessionEvent {
            keys,
            stamp,
            name: "joined".into(),
            connect_ms: Some(connect),
            ..SessionEvent::default()
        });
    }
    records
}

#[tokio::test]
async fn a_store_is_compared_by_vendor_and_user() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &stored(), 1).await;
    let span = ["poc", "compare", "--since", "2026-11-01", "--until", "2026-11-03", "--project", "p"];
    let asking = |more: &[&str]| support::asking(&endpoint, &[&span[..], more].concat());
    let answer = json(&asking(&["--metric", "connect_ms:lower", "--stratum", "region", "--json"]));
    assert_eq!((&answer["arms"][0]["rows"], &answer["arms"][0]["units"]), (&80.into(), &40.into()));
    let found = &answer["metrics"][0]["pairs"][0]["overall"];
    assert_eq!(found["verdict"], "better");
    assert!((found["difference"]["value"].as_f64().unwrap() + 200.0).abs() < 5.0, "{found}");
    ends(&asking(&["--metric", "connect_ms:lower", "--where", "service = 'messaging'"]), 3, "there are no rows");
}

/// The calls, of which slow's fast ones are there four times.
fn invalid() -> (TempDir, String) {
    let mut rows = String::from("session_id,user_id,vendor,started_at,connect_ms,joined\n");
    for call in 0..400 {
        let (vendor, more) = if call % 2 == 0 { ("fast", 0) } else { ("slow", 200) };
        let connect = 300 + more + call * 7 % 90;
        for _ in 0..if vendor == "slow" && connect < 545 { 4 } else { 1 } {
            writeln!(rows, "s{call},u{call},{vendor},2026-10-{:02}T00:00:00Z,{connect},1", 1 + call / 20).unwrap();
        }
    }
    file("calls.csv", &rows)
}

#[test]
fn what_is_invalid_names_no_winner_anywhere_and_ends_with_4() {
    let (_folder, path) = invalid();
    let asking = |step: &str, more: &[&str]| qoe(&[&["poc", step, "--data", &path, "--unit", "user_id"][..], more].concat());
    let metric = ["--metric", "connect_ms:lower"];
    let read = |output: &std::process::Output, reason: &str| {
        let (said, complained) =
            (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.code() == Some(4) && complained.contains("the run is invalid"), "{:?} {complained}", output.status.code());
        assert!(said.contains(reason) && !said.contains("is better than") && !said.contains("is inferior to"), "{said}");
        said
    };
    let why = "The run is invalid, and decides nothing";
    assert!(read(&asking("compare", &metric), why).contains("invalid: decides nothing"));
    assert!(read(&asking("report", &[&metric[..], &["--out", "-"]].concat()), why).contains("invalid: decides nothing"));
    assert!(!read(&asking("scorecard", &metric), why).contains("is ahead"));
    assert!(read(&asking("claims", &["--claim", "connect_ms <= 600"]), why).contains("invalid: decides nothing of fast, slow"));
    let answer = asking("compare", &[&metric[..], &["--json"]].concat());
    let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!((&answer["valid"], &answer["metrics"][0]["pairs"][0]["overall"]["verdict"]), (&false.into(), &"invalid".into()));
    assert_eq!(answer["check"]["findings"][0]["check"], "duplicates");
}

#[test]
fn a_span_of_a_file_is_heeded_by_its_column_of_times_or_refused() {
    let (_folder, path) = calls();
    let given = |path: &str, more: &[&str]| {
        qoe(&[&["poc", "compare", "--data", path, "--unit", "user_id", "--metric", "connect_ms:lower", "--json"][..], more].concat())
    };
    ends(&given(&path, &["--since", "2027-01-01"]), 2, "--time started_at");
    let mut rows = String::from("user_id,vendor,When,connect_ms\n");
    for user in 0..200 {
        writeln!(rows, "u{user},{},2026-10-{:02}T00:00:00Z,{}", ["a", "b"][user % 2], 1 + user / 20, 300 + user * 7 % 90).unwrap();
    }
    let (_folder, path) = file("calls.csv", &rows);
    let counted = |more: &[&str]| json(&given(&path, &[&["--time", "When"][..], more].concat()))["arms"][0]["rows"].clone();
    assert_eq!(
        (counted(&[]), counted(&["--since", "2026-10-06"]), counted(&["--until", "2026-10-02"])),
        (100.into(), 50.into(), 10.into())
    );
}

#[test]
fn rows_of_a_user_and_rows_without_vendor_are_told() {
    let (_folder, path) = calls();
    let mut rows = std::fs::read_to_string(&path).unwrap();
    rows += "u1,,cn,300,true,3\n";
    std::fs::write(&path, rows).unwrap();
    let read = |more: &[&str]| {
        let output = qoe(&[&["poc", "compare", "--data", &path, "--metric", "connect_ms:lower"][..], more].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let english = read(&[]);
    for said in ["360 rows are of 120 in user_id", "Name the column (--unit)", "1 say no vendor"] {
        assert!(english.contains(said), "{said:?} is not in\n{english}");
    }
    assert!(!read(&["--unit", "user_id"]).contains("taken for independent"));
}
