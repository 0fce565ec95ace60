//! `qoe poc claims` and `qoe poc scorecard`: what they print, how they end, and a page whose weights are moved in a real browser.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use qoe_store::Millis;
use qoe_store::rows::{Feedback, Integration, Invitation, Keys, Records, SessionEvent, Stamp, Ticket};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{json, qoe};
use crate::support;

/// Two vendors: `quick` connects faster, `cheap` costs less and answers its tickets sooner.
fn sessions() -> (TempDir, PathBuf) {
    let mut text = String::from("vendor,user_id,region,connect_ms,joined\n");
    for at in 0..800 {
        let (vendor, slower) = if at % 2 == 0 { ("quick", 0) } else { ("cheap", 900) };
        writeln!(
            text,
            "{vendor},u{},{},{},{}",
            at / 4 * 2 + at % 2,
            ["asia", "europe"][at / 2 % 2],
            250 + slower + (at * 37) % 200,
            u8::from(at % 97 != 0)
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.csv");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

const FACTS: [&str; 10] = [
    "quick:price.per_1000_minutes=8",
    "cheap:price.per_1000_minutes=2",
    "quick:support.first_response_h=12",
    "quick:support.resolution_h=48",
    "cheap:support.first_response_h=2",
    "cheap:support.resolution_h=24",
    "quick:security.audit_log=yes",
    "cheap:security.audit_log=yes@audit of 2026, p. 3",
    "quick:integration.first_call_h=20",
    "cheap:integration.first_call_h=30",
];

fn poc(step: &str, path: Option<&Path>, more: &[&str]) -> Output {
    let path = path.map(|path| path.to_string_lossy().into_owned());
    let data = path.as_ref().map_or(Vec::new(), |path| vec!["--unit", "user_id", "--data", path]);
    qoe(&[&["poc", step][..], &data, more].concat())
}

fn scorecard(path: Option<&Path>, more: &[&str]) -> Output {
    let facts: Vec<&str> = FACTS.iter().flat_map(|fact| ["--fact", fact]).collect();
    poc("scorecard", path, &[&facts[..], more].concat())
}

const MEASURED: [&str; 4] = ["--metric", "connect_ms:lower:p95", "--metric", "joined:higher:share"];

#[test]
fn claims_are_told_in_text_and_json_and_a_contradicted_one_ends_with_4() {
    let (_folder, path) = sessions();
    let claims = ["--claim", "connect_ms p50,p95 <= 600", "--claim", "each region: connect_ms p95 <= 1000", "--claim", "joined >= 99.99%"];
    let answer = json(&poc("claims", Some(&path), &[&claims[..], &["--json"]].concat()));
    let verdict = |claim: usize, arm: usize| answer["claims"][claim]["arms"][arm]["verdict"].as_str().unwrap().to_owned();
    assert_eq!([verdict(0, 0), verdict(0, 1)], ["contradicted", "supported"], "{answer}");
    assert_eq!([verdict(1, 0), verdict(1, 1)], ["contradicted", "supported"]);
    assert_eq!(answer["unit"], "user_id");
    let text = String::from_utf8(poc("claims", Some(&path), &claims).stdout).unwrap();
    for said in ["supported of quick", "contradicted of cheap", "Tested as: p50 and p95 of connect_ms are at most 600", "Woodruff"] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    let text = String::from_utf8(poc("claims", Some(&path), &[&claims[..], &["--lang", "zh"]].concat()).stdout).unwrap();
    assert!(text.contains("quick：成立") && text.contains("cheap：不成立"), "{text}");
    assert_eq!(poc("claims", Some(&path), &[&claims[..], &["--check"]].concat()).status.code(), Some(4));
}

#[test]
fn a_scorecard_names_no_winner_while_what_is_missing_can_turn_it() {
    let (_folder, path) = sessions();
    let card = json(&scorecard(Some(&path), &[&MEASURED[..], &["--json"]].concat()));
    assert_eq!(card["standing"]["winner"], Value::Null, "{card}");
    let quick = &card["vendors"].as_array().unwrap().iter().find(|vendor| vendor["arm"] == "quick").unwrap().clone();
    let score = |name: &str| quick["scores"].as_array().unwrap().iter().find(|score| score["dimension"] == name).unwrap().clone();
    assert_eq!(score("security")["score"]["value"], Value::Null, "a tick without evidence is missing");
    assert_eq!(score("security")["items"][2]["without_evidence"], true);
    assert!(score("quality")["score"]["low"].as_f64() < score("quality")["score"]["high"].as_f64());
    let text = String::from_utf8(scorecard(Some(&path), &MEASURED).stdout).unwrap();
    for said in [
        "No winner",
        "quick: audit log claimed without evidence, which counts as missing",
        "would draw level if",
        "of all weight moved",
        "rank 1",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
}

#[test]
fn what_cannot_be_weighed_or_claimed_ends_with_2_or_3_and_says_why() {
    let (_folder, path) = sessions();
    let ends = |step: &str, data: bool, arguments: &[&str], code: i32, said: &str| {
        let output = poc(step, data.then_some(path.as_path()), arguments);
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && complained.contains(said), "{arguments:?}: {:?} {complained}", output.status.code());
    };
    ends("claims", true, &[], 2, "nothing is claimed");
    ends("claims", true, &["--claim", "connect_ms p0 <= 600"], 2, "is no quantile");
    ends("claims", true, &["--claim", "speed <= 600"], 2, "the columns are");
    ends("scorecard", false, &["--facts-only"], 3, "nothing is known");
    ends("scorecard", false, &["--facts-only", "--fact", "a:price.per_1000_minutes=3"], 2, "two vendors or more");
    ends("scorecard", false, &["--facts-only", "--fact", "a:price.per_1000_minutes=NaN"], 2, "a fact is a number");
    ends("scorecard", false, &["--facts-only", "--fact", "a:looks.nice=1"], 2, "they are quality, satisfaction, features");
    ends("scorecard", true, &["--metric", "connect_ms:lower:p95", "--weight", "quality=-1"], 2, "0 or more");
    ends("scorecard", true, &["--metric", "connect_ms:lower:p95", "--weight", "luck=1"], 2, "they are quality");
    ends("scorecard", true, &["--metric", "connect_ms:lower:p95", "--profile", "space"], 2, "there is no profile");
}

#[test]
fn moving_a_weight_in_the_page_changes_the_order_without_a_server() {
    let (folder, path) = sessions();
    let page = folder.path().join("scorecard.html");
    let written = scorecard(Some(&path), &[&MEASURED[..], &["--out", page.to_str().unwrap()]].concat());
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let card = json(&scorecard(Some(&path), &[&MEASURED[..], &["--json"]].concat()));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/scorecard.mjs");
    let run = |dimension: &str| {
        let run = Command::new("node").arg(&script).args(["--raise", dimension, "--file"]).arg(&page).output().expect("node is installed");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        serde_json::from_slice::<Value>(&run.stdout).unwrap()
    };
    let (by_quality, by_price) = (run("quality"), run("price"));
    assert_eq!(by_quality["moved"]["order"], serde_json::json!(["quick", "cheap"]), "{by_quality}");
    assert_eq!(by_price["moved"]["order"], serde_json::json!(["cheap", "quick"]), "{by_price}");
    for seen in [&by_quality, &by_price] {
        assert_eq!(seen["before"], seen["back"], "back to the profile is where it began: {seen}");
        assert_eq!(seen["emptied"], seen["back"]["order"], "an emptied field changes nothing");
        assert_eq!(seen["typed"]["weight"], 90.0);
        assert_eq!((&seen["nothing"]["order"], &seen["reachable"]), (&serde_json::json!([]), &Value::Bool(true)));
        assert!(seen["nothing"]["says"].as_str().unwrap().contains("sum to nothing"));
        assert_eq!(
            (&seen["asked"], &seen["complaints"]),
            (&serde_json::json!(1), &serde_json::json!([])),
            "the page asks for itself alone: {seen}"
        );
    }
    // The page's totals are the report's.
    for vendor in card["vendors"].as_array().unwrap() {
        let total = format!("{:.2}", vendor["total"]["value"].as_f64().unwrap());
        assert_eq!(by_price["before"]["totals"][vendor["arm"].as_str().unwrap()], total.as_str());
    }
}

/// Two vendors' sessions with surveys after them, their tickets and the log of their integration, as a store keeps them.
pub(crate) fn kept() -> Records {
    let mut records = Records::default();
    let now = chrono::Utc::now().timestamp_millis() - 7_200_000;
    for at in 0..800_i64 {
        let vendor = if at % 2 == 0 { "quick" } else { "cheap" };
        let keys = Arc::new(Keys {
            project: "p".into(),
            session_id: format!("s{at}").into(),
            user_id: format!("u{}", at / 4 * 2 + at % 2).into(),
            vendor: vendor.into(),
            service: "video_call".into(),
            region: if at / 2 % 2 == 0 { "asia".into() } else { "europe".into() },
            ..Keys::default()
        });
        let connect_ms = 250.0 + (at * 37 % 200) as f64 + if at % 2 == 0 { 0.0 } else { 900.0 };
        let stamp = |after: i64| Stamp::at(now + at * 100 + after);
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
        let asked = Invitation {
            keys: keys.clone(),
            stamp: stamp(20),
            invitation_id: invitation_id.as_str().into(),
            state: "shown".into(),
            kind: kind.into(),
        };
        records.push(asked.into());
        if at % 5 < 3 {
            let score = (3 + (at / 2 % 3) - at % 2) as f64;
            let answer = Feedback {
                keys: keys.clone(),
                stamp: stamp(30),
                invitation_id: invitation_id.as_str().into(),
                kind: kind.into(),
                score,
                scale_low: 1.0,
                scale_high: 5.0,
                dimension: "".into(),
                text: String::new(),
                language: "".into(),
            };
            records.push(answer.into());
        }
    }
    for (vendor, hours) in [("quick", 30.0), ("cheap", 8.0)] {
        let keys = Arc::new(Keys { project: "p".into(), vendor: vendor.into(), ..Keys::default() });
        let logged =
            Integration { keys: keys.clone(), stamp: Stamp::at(now), step: "first_call".into(), hours: Some(hours), defects: Some(3) };
        records.push(logged.into());
        for ticket in 0..6 {
            let hour = 3_600_000;
            let opened_at = now - 40 * hour;
            let ticket = Ticket {
                keys: keys.clone(),
                stamp: Stamp::at(now),
                ticket_id: format!("{vendor}{ticket}").as_str().into(),
                opened_at: Millis(opened_at),
                first_response_at: Some(Millis(opened_at + (1 + ticket) * hour)),
                resolved_at: Some(Millis(opened_at + (10 + ticket) * hour)),
                severity: "".into(),
                subject: String::new(),
            };
            records.push(ticket.into());
        }
    }
    records
}

#[tokio::test]
async fn a_store_knows_quality_satisfaction_and_what_vendors_were_like_to_work_with() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &kept(), 1).await;
    let asking =
        |step: &str, more: &[&str]| json(&support::asking(&endpoint, &[&["poc", step, "--project", "p", "--json"][..], more].concat()));
    let card = asking("scorecard", &MEASURED);
    let vendors = card["vendors"].as_array().unwrap();
    assert_eq!(vendors.iter().map(|vendor| vendor["arm"].as_str().unwrap()).collect::<Vec<_>>(), ["cheap", "quick"]);
    let score = |vendor: usize, name: &str| {
        vendors[vendor]["scores"].as_array().unwrap().iter().find(|score| score["dimension"] == name).unwrap()["score"]["value"].as_f64()
    };
    assert!(score(1, "quality") > score(0, "quality"), "{card}");
    assert!(score(1, "satisfaction") > score(0, "satisfaction"), "quick was scored better by those who answered: {card}");
    assert!(score(0, "integration") > score(1, "integration"), "eight hours against thirty: {card}");
    assert!(score(0, "support").is_some() && score(0, "releases").is_none(), "no release was logged: {card}");
    let claims = ["--claim", "connect_ms <= 600", "--claim", "connect_ms <= 600 -> minutes +10% given region"];
    let answer = asking("claims", &claims);
    let verdict = |claim: usize, arm: usize| answer["claims"][claim]["arms"][arm]["verdict"].as_str().unwrap().to_owned();
    assert_eq!([verdict(0, 0), verdict(0, 1)], ["contradicted", "supported"], "{answer}");
    assert_eq!([verdict(1, 0), verdict(1, 1)], ["untestable", "untestable"], "all of a vendor's sessions have it, or none: {answer}");
}
