//! `qoe retention`: what it prints and how it ends, over a file and over a store.

use std::fmt::Write as _;
use std::process::Output;
use std::sync::Arc;

use qoe_store::rows::{Keys, Records, Sample, SessionEvent, Stamp};
use tempfile::TempDir;

use crate::command::{ends, file, json, qoe, text};
use crate::support;

const DAY: i64 = 86_400_000;
/// 2026-11-01T00:00:00Z.
const START: i64 = 1_793_491_200_000;

fn run(analysis: &str, arguments: &[&str]) -> Output {
    qoe(&[&["retention", analysis][..], arguments].concat())
}

/// Forty users, of whom those with a short round trip are back on day 1 and half of them on day 7.
fn events() -> (TempDir, String) {
    let mut rows = String::from("user,at,service,rtt_ms\n");
    for user in 0..40 {
        let (day, rtt) = (user % 4 + 1, if user < 24 { 50 } else { 250 });
        let mut row =
            |day: i32| writeln!(rows, "u{user},2026-11-{day:02}T12:00:00Z,{},{rtt}", ["voice", "video"][user as usize % 2]).unwrap();
        row(day);
        if rtt < 100 {
            row(day + 1);
        }
        if user % 4 == 0 {
            row(day + 7);
        }
    }
    file("events.csv", &rows)
}

fn sessions() -> (TempDir, String) {
    let mut rows = String::from("user,minutes,left,rtt_ms,network\n");
    for at in 0..120 {
        let rtt = 40 + at % 80;
        let minutes = 1 + (at * 37) % 60 + (120 - rtt) / 8;
        writeln!(rows, "u{},{minutes},{},{rtt},{}", at % 60, i32::from(at % 5 != 0), ["wifi", "4g"][at % 2]).unwrap();
    }
    file("sessions.csv", &rows)
}

#[test]
fn cohorts_of_a_file_as_json_and_as_text() {
    let (_folder, path) = events();
    let given = ["--data", &path, "--user", "user", "--band", "rtt_ms:100,200", "--days", "1,7,30"];
    let answer = json(&run("cohorts", &[&given[..], &["--json"]].concat()));
    let curve = answer["curve"].as_array().unwrap();
    assert_eq!((&curve[0]["returned"], &curve[0]["observed"]), (&24.into(), &40.into()));
    assert_eq!((&curve[1]["returned"], &curve[1]["observed"]), (&10.into(), &10.into()));
    assert!(curve[2]["share"].is_null());
    let cohorts = answer["cohorts"].as_array().unwrap();
    assert_eq!((cohorts.len(), &cohorts[0]["first_day"], &cohorts[0]["users"]), (4, &"2026-11-01".into(), &10.into()));
    assert!(cohorts[0]["cells"][1]["share"]["value"].is_f64() && cohorts[1]["cells"][1]["share"].is_null());
    let groups = answer["groups"].as_array().unwrap();
    assert_eq!((&groups[0]["value"], &groups[1]["value"]), (&"< 100".into(), &"≥ 200".into()));
    assert_eq!(groups[1]["curve"][0]["less_first_group"]["value"], -1.0);

    let said = text(&run("cohorts", &given));
    for part in [
        "Of 40 newcomers whose day 1 was observed, 60.0 %",
        "Of no newcomer has day 30",
        "rtt_ms ≥ 200 by -100.0 percentage points",
        "Newcombe",
        "Wilson",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    let chinese = ["--lang", "zh", "--tz", "Asia/Shanghai", "--definition", "unbounded"];
    let said = text(&run("cohorts", &[&given[..], &chinese].concat()));
    for part in ["用户留存", "次日及以后回访的比例为", "Asia/Shanghai 的自然日", "分组并非随机分配"] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}

#[test]
fn survival_of_a_file_as_json_and_as_text() {
    let (_folder, path) = sessions();
    let given = [
        "--data",
        &path,
        "--time",
        "minutes",
        "--event",
        "left",
        "--user",
        "user",
        "--by",
        "network",
        "--covariates",
        "rtt_ms",
        "--baseline",
        "30s",
    ];
    let answer = json(&run("survival", &[&given[..], &["--json", "--horizon", "30"]].concat()));
    assert_eq!(answer["baseline_s"], 30);
    assert_eq!((&answer["rows"], &answer["events"], &answer["users"]), (&120.into(), &96.into(), &60.into()));
    assert_eq!((&answer["interval"], &answer["horizon"]), (&"log-log".into(), &30.0.into()));
    assert_eq!(answer["groups"].as_array().unwrap().len(), 2);
    assert!(answer["log_rank"]["p"].is_f64() && answer["groups"][1]["less_first_group"]["value"].is_f64());
    assert_eq!((&answer["cox"]["variance"], &answer["cox"]["people"]), (&"robust".into(), &60.into()));
    assert!(answer["cox"]["hazard_ratios"][0]["ratio"]["value"].as_f64().unwrap() > 1.0);
    assert!(answer["cox"]["proportionality"]["p"].is_f64());

    let said = text(&run("survival", &given));
    for part in [
        "leaving happened in 96 of 120 rows",
        "Median time until leaving: minutes = ",
        "log-rank p",
        "an association",
        "log-log",
        "120 rows belong to 60 people",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    let said = text(&run("survival", &["--data", &path, "--lang", "zh"]));
    for part in ["120 条记录全部按已结束计", "未指明哪一列表示是否真正结束", "中位时间", "在险人数"] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}

#[test]
fn wrong_use_ends_with_2_and_what_cannot_be_said_with_3() {
    let (_folder, path) = events();
    let data = ["--data", path.as_str(), "--user", "user"];
    let cohorts = |more: &[&str]| run("cohorts", &[&data[..], more].concat());
    ends(&cohorts(&["--by", "colour"]), 2, "the columns are user, at, service, rtt_ms");
    for wrong in [
        &["--days", "0"][..],
        &["--definition", "often"],
        &["--tz", "Mars"],
        &["--band", "rtt_ms:9,3"],
        &["--windows", "24h", "--tz", "UTC"],
    ] {
        ends(&cohorts(wrong), 2, "error: ");
    }
    ends(&cohorts(&["--definition", "bracket:1-3", "--days", "7"]), 2, "--days says nothing beside a range of days");
    ends(&cohorts(&["--where", "user = 'z'"]), 3, "there are no rows where user = 'z'");
    ends(&cohorts(&["--days", "60"]), 3, "of none of 40 newcomers has day 60 been observed yet");
    let (_folder, path) = sessions();
    let survival = |more: &[&str]| run("survival", &[&["--data", path.as_str()][..], more].concat());
    ends(&survival(&["--event", "gone"]), 2, "\"gone\": the columns are user, minutes");
    ends(&survival(&["--duration", "network"]), 2, "is no number");
    ends(&survival(&["--horizon=-1"]), 2, "is no time over 0");
    ends(&survival(&["--covariates", "rtt_ms"]), 2, "immortal time");
    ends(&survival(&["--band", "rtt_ms:100"]), 2, "--baseline 60s");
    ends(&survival(&["--duration", "rtt_ms", "--baseline", "60s"]), 2, "is not said to be that");
    ends(&survival(&["--event", "left", "--where", "left = 0"]), 3, "all are censored");
}

/// Users who come on the first of November and are back the next day if their number is even; odd ones never leave politely.
fn visits() -> Records {
    let mut records = Records::default();
    for user in 0..40_i64 {
        for day in (0..2).filter(|day| *day == 0 || user % 2 == 0) {
            let keys = Arc::new(Keys {
                project: "p".into(),
                session_id: format!("s{user}-{day}").into(),
                user_id: format!("u{user}").into(),
                service: "voice_call".into(),
                network: ["wifi", "4g"][user as usize % 2].into(),
                ..Keys::default()
            });
            let begin = START + day * DAY + 12 * 3_600_000;
            let end = begin + (5 + user) * 60_000;
            let event =
                |name: &str, at| SessionEvent { keys: keys.clone(), stamp: Stamp::at(at), name: name.into(), ..SessionEvent::default() };
            records.SessionEvents.push(event("joined", begin));
            records.SessionEvents.push(event(if user % 2 == 0 { "leave" } else { "drop" }, end));
            records.Samples.push(Sample {
                keys: keys.clone(),
                stamp: Stamp::at(begin + 2_000),
                direction: "inbound".into(),
                kind: "audio".into(),
                interval_ms: 2_000,
                rtt_ms: Some(40.0 + 5.0 * user as f32),
                ..Sample::default()
            });
        }
    }
    records
}

#[tokio::test]
async fn a_store_is_asked_in_its_own_columns() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &visits(), 1).await;
    let asking = |analysis: &'static str, more: &[&str]| {
        let span = ["--since", "2026-11-01", "--until", "2026-11-04", "--project", "p"];
        support::asking(&endpoint, &[&["retention", analysis][..], &span, more].concat())
    };
    let answer = json(&asking("cohorts", &["--by", "network", "--days", "1,2,7", "--json"]));
    let curve = answer["curve"].as_array().unwrap();
    assert_eq!((&curve[0]["returned"], &curve[0]["observed"], &curve[1]["returned"]), (&20.into(), &40.into(), &0.into()));
    assert!(curve[2]["share"].is_null() && answer["observed"]["last_day"] == "2026-11-03");
    let groups = answer["groups"].as_array().unwrap();
    assert_eq!((&groups[1]["value"], &groups[1]["curve"][0]["returned"]), (&"wifi".into(), &20.into()));
    let answer = json(&asking("cohorts", &["--band", "rtt_ms:100", "--days", "1", "--json"]));
    assert_eq!((&answer["groups"][0]["value"], &answer["groups"][0]["users"]), (&"≥ 100".into(), &28.into()));

    let answer = json(&asking("survival", &["--band", "rtt_ms:100,200", "--covariates", "rtt_ms", "--json"]));
    assert_eq!((&answer["duration"], &answer["event"]), (&"minutes".into(), &"left".into()));
    assert_eq!((&answer["rows"], &answer["events"], &answer["users"]), (&60.into(), &40.into(), &40.into()));
    assert_eq!(answer["groups"].as_array().unwrap().len(), 3);
    ends(&asking("cohorts", &["--by", "colour"]), 2, "there is no column \"colour\"");
    ends(&asking("survival", &["--where", "service = 'messaging'"]), 3, "there are no rows");
}
