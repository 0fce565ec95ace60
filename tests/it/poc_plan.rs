//! `qoe poc init`, `plan` and `check`: what they print and how they end, over files and over a store.

use std::fmt::Write as _;
use std::process::Output;
use std::sync::Arc;

use qoe_store::Millis;
use qoe_store::rows::{Keys, Records, Sample, SessionEvent, Stamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{ended, json, qoe};
use crate::support;

/// 2026-11-01T00:00:00Z.
const START: i64 = 1_793_491_200_000;
const HOUR: i64 = 3_600_000;

fn run(arguments: &[&str]) -> Output {
    qoe(&[&["poc"][..], arguments].concat())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A finding of a check.
#[track_caller]
fn finding<'a>(answer: &'a Value, check: &str) -> &'a Value {
    let found = answer["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("{check} is not in {answer:#}"))
}

/// Users of two vendors with five calls each over ten days; `odd` of a hundred users have the first vendor.
fn calls(odd: usize) -> (TempDir, String) {
    let mut rows = String::from("vendor,user,session,region,started_at,connect_ms,joined\n");
    for user in 0..2_000 {
        for call in 0..5 {
            let connect = 300 + user * 37 % 211 + call * 13;
            let vendor = if user % 100 < odd { "acme" } else { "bolt" };
            let (region, day) = (["eu", "us"][user / 100 % 2], 1 + (user / 20 + call) % 10);
            writeln!(rows, "{vendor},u{user},s{user}-{call},{region},2026-11-{day:02}T12:00:00Z,{connect},{}", u8::from(user % 50 != 3))
                .unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    std::fs::write(&path, rows).unwrap();
    (folder, path.to_string_lossy().into_owned())
}

const FLAGS: [&str; 10] =
    ["--unit", "user", "--stratum", "region", "--session", "session", "--metric", "connect_ms:lower", "--margin", "connect_ms=10"];

#[test]
fn init_writes_a_poc_that_plan_reads_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poc.toml");
    let path = path.to_str().unwrap();
    for industry in ["finance", "education", "entertainment", "ecommerce_live", "traditional"] {
        for lang in ["en", "zh"] {
            ended(&run(&["init", path, "--industry", industry, "--lang", lang, "--force"]), 0, "wrote");
        }
    }
    ended(&run(&["init", path]), 2, "is there already");
    ended(&run(&["init", path, "--industry", "farming"]), 2, "is none of finance");
    let written = std::fs::read_to_string(path).unwrap();
    assert!(written.contains("主要指标") && written.contains("profile = \"traditional\""));

    ended(&run(&["init", path, "--industry", "finance", "--force"]), 0, "wrote");
    let everything = [
        "joined=share:0.98",
        "connect_p95=density:0.001",
        "audible_concealment_ratio=sd:0.01",
        "freeze_ratio=sd:0.02",
        "rtt_p95=density:0.01",
        "csat=sd:1",
    ];
    let assumed: Vec<&str> = everything.iter().flat_map(|assumed| ["--assume", assumed]).collect();
    let plan = json(&run(&[&["plan", "--poc", path, "--per-day", "2000", "--json"][..], &assumed].concat()));
    assert_eq!(
        (&plan["arms"], &plan["primary_tests"], &plan["first_step_alpha"]),
        (&serde_json::json!(["vendor_a", "vendor_b"]), &2.into(), &0.025_000_000_000_000_022.into())
    );
    assert_eq!(plan["metrics"].as_array().unwrap().len(), 6);
    assert_eq!(plan["claims"][0]["needs"][0]["clean_rows"], 29_956);
    assert!(plan["decides"]["days"].as_f64().unwrap() >= 14.0);

    let broken = std::fs::read_to_string(path).unwrap().replace("[0.5, 0.5]", "[0.5, 0.6]");
    std::fs::write(path, broken).unwrap();
    ended(&run(&["plan", "--poc", path]), 2, "vendors.allocation: the shares add up to 1.1 and not to 1");
}

#[test]
fn a_plan_of_supposed_scatter_needs_no_rows() {
    let given = ["plan", "--arms", "a,b", "--metric", "connect_ms:lower", "--margin", "connect_ms=50", "--assume", "connect_ms=sd:400"];
    let plan = json(&run(&[&given[..], &["--json"]].concat()));
    // statsmodels TTestIndPower: 1005.6 a side.
    assert_eq!(plan["metrics"][0]["difference"]["alone"]["units"], 2_012);
    let said = text(&run(&[&given[..], &["--per-day", "100"]].concat()));
    for part in ["takes 2,012 units (1,006 a vendor): 21 days at 100 new ones a day", "Owen's Q", "Planned from what was supposed alone"] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    let said = text(&run(&[&given[..], &["--lang", "zh"]].concat()));
    for part in ["需要 2,012 个单元（每家 1,006）", "每天新增单元数未知", "发现差异"] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    ended(&run(&["plan", "--arms", "a,b", "--metric", "x:lower", "--assume", "x=sd:4"]), 3, "nothing can be planned");
    ended(&run(&["plan", "--arms", "a", "--metric", "x:lower", "--assume", "x=sd:4"]), 2, "two vendors or more");
    ended(&run(&["plan", "--arms", "a,b", "--metric", "x:lower", "--margin", "x=-3"]), 2, "above zero");
    ended(&run(&["plan", "--arms", "a,b", "--metric", "x:lower", "--margin", "x=3", "--margin", "x=4"]), 2, "stated twice");
    ended(&run(&["plan", "--arms", "a,b", "--metric", "x:lower", "--assume", "x=much"]), 2, "supposes nothing");
    ended(&run(&["plan", "--arms", "a,b", "--allocation", "0.5,0.6", "--metric", "x:lower"]), 2, "add up to 1.1");
}

#[test]
fn a_plan_of_rows_counts_users_and_days() {
    let (_folder, path) = calls(50);
    let plan = json(&run(&[&["plan", "--data", &path, "--time", "started_at", "--json"][..], &FLAGS].concat()));
    assert_eq!((&plan["seen"]["rows"], &plan["seen"]["units"]), (&10_000.into(), &2_000.into()));
    let metric = &plan["metrics"][0];
    assert!(metric["design_effect"].as_f64().unwrap() > 4.0 && metric["rows_per_unit"] == 5.0, "{metric}");
    assert!(plan["units_per_day"].as_f64().unwrap() > 200.0 && plan["decides"]["days"].is_f64());
    let said = text(&run(&[&["plan", "--data", &path][..], &FLAGS].concat()));
    assert!(said.contains("days cannot be told") && said.contains("Planned from 10,000 rows of 2,000 units"), "{said}");
}

#[test]
fn lists_are_written_and_not_over_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (list, plan) = (file("list.csv"), file("runs.csv"));
    let assign = ["plan", "--arms", "a,b", "--allocation", "0.3,0.7", "--among", "eu,us", "--assign", "100", "--out", &list];
    ended(&run(&assign), 0, "wrote 200 lines");
    ended(&run(&assign), 2, "is there already");
    let written = std::fs::read_to_string(&list).unwrap();
    assert_eq!(written.lines().next(), Some("unit,arm,stratum,block"));
    let of_a = written.lines().filter(|line| line.contains(",a,")).count();
    assert!((54..=66).contains(&of_a), "{of_a} of 200 have a, of whom 60 should");
    let runs = ["plan", "--arms", "a,b", "--schedule", "30", "--profiles", "clean,wifi,lossy", "--seconds", "60", "--out", &plan];
    ended(&run(&runs), 0, "wrote 60 lines");
    let written = std::fs::read_to_string(&plan).unwrap();
    assert_eq!(written.lines().next(), Some("run,arm,stratum,profile,seconds,seed"));
    assert_eq!(written.lines().filter(|line| line.contains(",wifi,60,")).count(), 20);
    ended(&run(&["plan", "--assign", "10", "--out", &file("x.csv")]), 2, "two vendors or more");
    ended(&run(&["plan", "--arms", "a,b", "--schedule", "10", "--out", &file("x.csv")]), 2, "--profiles");
}

#[test]
fn a_sound_run_ends_with_0_and_one_that_is_not_with_4() {
    let (_folder, path) = calls(50);
    let given = [&["check", "--data", &path][..], &FLAGS].concat();
    let answer = json(&run(&[&given[..], &["--json"]].concat()));
    assert_eq!((&answer["valid"], &answer["randomised"]), (&true.into(), &"user".into()));
    assert_eq!(finding(&answer, "sample_ratio")["units"], serde_json::json!([1_000, 1_000]));
    assert!(finding(&answer, "units")["planned"].is_u64());

    let (_folder, path) = calls(44);
    let given = [&["check", "--data", &path][..], &FLAGS].concat();
    let output = run(&[&given[..], &["--json"]].concat());
    ended(&output, 4, "the run is invalid: Sample ratio: acme 880, bolt 1,120 users where acme 1,000, bolt 1,000 were to be expected");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["valid"], &answer["findings"][0]["severity"]), (&false.into(), &"invalid".into()));
    let said = text(&run(&given));
    assert!(said.contains("Find where units are lost"), "{said}");
    let said = text(&run(&[&given[..], &["--lang", "zh"]].concat()));
    assert!(said.contains("本次运行无效") && said.contains("样本比例"), "{said}");
    let stated = [&given[..], &["--arms", "acme,bolt", "--allocation", "0.44,0.56"]].concat();
    assert_eq!(run(&stated).status.code(), Some(0), "shares that were meant are no mismatch");
    ended(&run(&[&given[..], &["--where", "vendor = 'acme'"]].concat()), 3, "names only acme");
    ended(&run(&[&given[..], &["--where", "vendor = 'none'"]].concat()), 3, "there are no rows");
    ended(&run(&["check", "--data", &path, "--arm", "colour"]), 2, "colour");
}

/// Sessions of a store: `of` users, those of whom `first` says so with acme.
fn sessions(of: i64, first: impl Fn(i64) -> bool) -> Records {
    let mut records = Records::default();
    for user in 0..of {
        let keys = Arc::new(Keys {
            project: "p".into(),
            session_id: format!("s{user}").into(),
            user_id: format!("u{user}").into(),
            vendor: if first(user) { "acme" } else { "bolt" }.into(),
            service: "video_call".into(),
            region: ["eu", "us"][user as usize / 2 % 2].into(),
            network: "wifi".into(),
            ..Keys::default()
        });
        let at = START + user % 240 * HOUR;
        let stamp = Stamp { sent_at: Some(Millis(at)), received_at: Millis(at + 40), ..Stamp::at(at) };
        let joined = user % 50 != 7;
        records.SessionEvents.push(SessionEvent {
            keys: keys.clone(),
            stamp,
            name: if joined { "joined" } else { "join_failed" }.into(),
            connect_ms: joined.then_some((300 + user * 37 % 211) as f64),
            ..SessionEvent::default()
        });
        records.Samples.push(Sample {
            keys,
            stamp: Stamp::at(at + 1_000),
            direction: "inbound".into(),
            kind: "video".into(),
            interval_ms: 2_000,
            rtt_ms: Some((40 + user * 13 % 60) as f32),
            freeze_ms: Some(0.0),
            freeze_definition: "w3c".into(),
            ..Sample::default()
        });
    }
    records
}

const STORE: [&str; 14] = [
    "--since",
    "2026-11-01",
    "--until",
    "2026-11-20",
    "--project",
    "p",
    "--stratum",
    "region",
    "--metric",
    "connect_ms:lower",
    "--metric",
    "joined:higher:share",
    "--randomised",
    "user",
];

#[tokio::test]
async fn of_a_store_calls_are_counted_and_not_who_was_in_them() {
    let endpoint = support::database().await;
    let mut records = sessions(500, |user| user % 5 < 2);
    let call = |session: &str| {
        let user: i64 = session[1..].parse().unwrap();
        format!("c{}", user / 5 * 2 + i64::from(user % 5 >= 2))
    };
    let keys =
        records.SessionEvents.iter_mut().map(|event| &mut event.keys).chain(records.Samples.iter_mut().map(|sample| &mut sample.keys));
    for keys in keys {
        let of = call(&keys.session_id);
        Arc::make_mut(keys).call_id = of.into();
    }
    support::insert(&endpoint, &records, 1).await;
    let checked = |drawn: &str| {
        let words = [&["poc", "check", "--json"][..], &STORE[..STORE.len() - 1], &[drawn]].concat();
        serde_json::from_slice::<Value>(&support::asking(&endpoint, &words).stdout).unwrap()
    };
    let (calls, users) = (checked("call"), checked("user"));
    assert_eq!((&calls["valid"], &finding(&calls, "sample_ratio")["units"]), (&true.into(), &serde_json::json!([100, 100])));
    assert_eq!((&users["valid"], &finding(&users, "sample_ratio")["units"]), (&false.into(), &serde_json::json!([200, 300])));
}

#[tokio::test]
async fn a_store_is_planned_and_checked_in_its_own_columns() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &sessions(2_000, |user| user % 2 == 0), 1).await;
    let asking = |step: &'static str, more: &[&str]| support::asking(&endpoint, &[&["poc", step][..], &STORE, more].concat());
    let plan = json(&asking("plan", &["--margin", "connect_ms=10", "--margin", "joined=0.02", "--json"]));
    assert_eq!(
        (&plan["seen"]["rows"], &plan["seen"]["units"], &plan["arms"]),
        (&2_000.into(), &2_000.into(), &serde_json::json!(["acme", "bolt"]))
    );
    assert!(plan["decides"]["days"].is_f64(), "{plan:#}");
    let answer = json(&asking("check", &["--json"]));
    assert_eq!(answer["valid"], true, "{answer:#}");
    assert_eq!(finding(&answer, "sample_ratio")["units"], serde_json::json!([1_000, 1_000]));
    assert_eq!(finding(&answer, "contamination")["of"], 2_000);
    assert_eq!(finding(&answer, "definitions")["stated"], serde_json::json!([1_000, 1_000]));
    assert!(finding(&answer, "clock")["skew_s"][0].is_number() && finding(&answer, "imbalance")["column"] == "region");
    ended(&asking("check", &["--where", "service = 'messaging'"]), 3, "there are no rows");
}

#[tokio::test]
async fn a_store_says_the_same_as_a_file_of_its_sessions_and_finds_what_a_rollup_hides() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &sessions(3_000, |user| user % 100 < 42), 1).await;
    // A session of acme that also has an event of bolt: the rollup shows one vendor.
    let mut twice = sessions(1, |_| false);
    twice.Samples.clear();
    support::insert(&endpoint, &twice, 2).await;
    let output = support::asking(&endpoint, &[&["poc", "check"][..], &STORE, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(finding(&answer, "shared_sessions")["sessions"], 1);
    let units = finding(&answer, "sample_ratio");
    assert_eq!(units["severity"], "invalid");

    let mut rows = String::from("vendor,user_id,session_id,region,connect_ms,joined\n");
    for user in 0..3_000_i64 {
        let vendor = if user % 100 < 42 && user != 0 { "acme" } else { "bolt" };
        let connect = if user % 50 == 7 { String::new() } else { (300 + user * 37 % 211).to_string() };
        writeln!(rows, "{vendor},u{user},s{user},{},{connect},{}", ["eu", "us"][user as usize / 2 % 2], u8::from(user % 50 != 7)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("same.csv");
    std::fs::write(&path, rows).unwrap();
    let output = run(&[&["check", "--data", path.to_str().unwrap(), "--unit", "user_id"][..], &STORE[6..], &["--json"]].concat());
    let of_file: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (check, parts) in [
        ("sample_ratio", &["units", "p"][..]),
        ("imbalance", &["arm", "observed", "p"]),
        ("missing", &["missing", "rows"]),
        ("contamination", &["of"]),
    ] {
        for part in parts {
            assert_eq!(finding(&answer, check)[part], finding(&of_file, check)[part], "{part} of {check}");
        }
    }
}

#[tokio::test]
async fn a_check_of_a_running_poc_counts_everyone() {
    use qoe_query::poc::check::{CheckQuestion, StoreSources, sessions as asked};
    use qoe_query::relations::Period;
    use qoe_query::{Catalog, Definitions, Limits};
    let endpoint = support::database().await;
    support::insert(&endpoint, &sessions(20_000, |user| user % 2 == 0), 1).await;
    let catalog = Catalog::open(&endpoint, &Limits::default(), Definitions::default()).await.unwrap();
    let moment = |hours: i64| chrono::DateTime::from_timestamp_millis(START + hours * HOUR).unwrap();
    let period = Period { since: moment(0), until: moment(480) };
    let file = qoe_query::poc::example(qoe_query::poc::Industry::Finance, qoe_query::poc::Language::English);
    let file = file.replace("\"vendor_a\", \"vendor_b\"", "\"acme\", \"bolt\"").replace("arm = \"vendor_a\"", "arm = \"acme\"");
    let poc = qoe_query::poc::Poc::parse(&file).unwrap();
    let question = CheckQuestion { condition: poc.condition(None), poc, planned: Some(4_000) };
    let input = qoe_query::frame::Input::store(&catalog, "p", &asked(&question.poc, period)).await.unwrap();
    let answer = question.ask_store(&StoreSources { sessions: &input, period }).await.unwrap();
    assert_eq!(answer.arms.iter().map(|arm| arm.units).sum::<u64>(), 20_000);
}
