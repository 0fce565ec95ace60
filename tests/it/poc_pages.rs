//! A `poc.toml` posted to the pages: answered as the commands print it, refused as they refuse it, and pasted in a real browser.

use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::{SecondsFormat, TimeDelta, Utc};
use qoe_dashboards::Settings;
use qoe_query::Definitions;
use qoe_query::board::Boards;
use qoe_store::Endpoint;
use serde_json::Value;
use tower::ServiceExt;

use crate::poc_score::kept;
use crate::support;

/// A POC of the vendors that [`kept`] has sessions of, who both have calls of every user.
const POC: &str = r#"name = "trial"
[vendors]
arms = ["quick", "cheap"]
[columns]
arm = "vendor"
unit = "user_id"
strata = ["region"]
time = "started_at"
session = "session_id"
[design]
randomised = "user"
minimum_days = 7
stopping = "fixed"
level = 0.95
power = 0.8
[[primary]]
name = "connect_p95"
what = "connect_ms"
better = "lower"
kind = "p95"
margin = 100
[[secondary]]
name = "csat"
what = "score"
better = "higher"
margin = 0.2
[[claim]]
said = "connects within 600 ms"
quantiles = { what = "connect_ms", quantiles = [0.5], at_most = 600 }
[[claim]]
said = "four nines in time"
share = { what = "connect_ms <= 600", at_least = 0.9999 }
[[claim]]
said = "who connects fast stays"
effect = { treatment = "connect_ms <= 600", outcome = "minutes", more = 0.1, confounders = ["region"] }
[scorecard]
profile = "finance"
[[scorecard.fact]]
arm = "cheap"
dimension = "price"
item = "per_1000_minutes"
value = 2
"#;

fn app(endpoint: &Endpoint) -> Router {
    let boards = Boards::new(endpoint.clone(), Definitions::default(), vec!["p".into(), "empty".into()]);
    qoe_dashboards::router(boards, Settings { default_project: "p".into(), version: "test".into() })
}

async fn asked(app: &Router, request: Request<Body>) -> (StatusCode, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap())
}

async fn post(app: &Router, path: &str, body: impl Into<Body>) -> (StatusCode, String) {
    asked(app, Request::post(path).header("accept-language", "en").body(body.into()).unwrap()).await
}

/// A form's body: everything but letters and digits in hexadecimal.
fn field(name: &str, value: &str) -> String {
    let encoded =
        value.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    format!("{name}={}", encoded.collect::<String>())
}

async fn paste(app: &Router, path: &str, text: &str) -> (StatusCode, String) {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded").header("accept-language", "en");
    asked(app, request.body(field("poc", text).into()).unwrap()).await
}

#[tokio::test]
async fn a_posted_file_is_answered_as_the_commands_print_it() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &kept(), 1).await;
    let (app, folder) = (app(&endpoint), tempfile::tempdir().unwrap());
    let path = folder.path().join("poc.toml");
    std::fs::write(&path, POC).unwrap();
    let stated = |days| (Utc::now() - TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let (since, until) = (stated(1), stated(0));
    for (step, more, flags) in [
        ("compare", "", &[][..]),
        ("check", "&planned=400", &["--planned", "400"]),
        ("claims", "&claim=joined%20%3E%3D%2050%25", &["--claim", "joined >= 50%"]),
        ("scorecard", "", &[]),
        ("plan", "&per_day=50", &["--per-day", "50"]),
    ] {
        let (status, answer) = post(&app, &format!("/api/poc/{step}?project=p&since={since}&until={until}{more}"), POC).await;
        assert_eq!(status, StatusCode::OK, "{step}: {answer}");
        let span = ["--project", "p", "--since", &since, "--until", &until, "--json"];
        let command = support::asking(&endpoint, &[&["poc", step, "--poc", path.to_str().unwrap()][..], &span, flags].concat());
        let said = String::from_utf8_lossy(&command.stderr).into_owned();
        let printed: Value = serde_json::from_slice(&command.stdout).unwrap_or_else(|error| panic!("{step}: {error}: {said}"));
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), printed, "{step}");
    }
    let (_, plan) = post(&app, &format!("/api/poc/plan?since={since}"), POC).await;
    assert!(plan.contains("the data so far say 50.00 %, below the claimed 99.99 %: if it stays so"), "{plan}");
    let claimed = format!("/api/poc/claims?since={since}&claim=connect_ms%20p50%20%3C%3D%20600");
    let (status, claims) = asked(&app, Request::get(claimed).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(claims.contains("\"supported\"") && claims.contains("\"contradicted\""), "{claims}");
}

#[tokio::test]
async fn what_cannot_be_answered_says_what_to_mend() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &kept(), 1).await;
    let app = app(&endpoint);
    let column = POC.replace("what = \"connect_ms\"\nbetter", "what = \"speed\"\nbetter");
    let smuggled = POC.replace("strata = [\"region\"]", "strata = [\"region FROM data UNION ALL SELECT user_id\"]");
    let subquery = POC.replace("unit = \"user_id\"", "unit = \"(SELECT max(text) FROM feedback)\"");
    for (step, text, status, said) in [
        ("plan", POC.replace("power = 0.8", "power = 8"), 400, "line 15, design.power: 8 is no share between 0 and 1"),
        ("check", POC.replace("[design]", "[design"), 400, "\"code\":\"bad_poc\",\"detail\":\"line 10"),
        ("scorecard", POC.replace("\"finance\"", "\"space\""), 400, "there is no profile"),
        ("compare", column.clone(), 400, "there is no column \\\"speed\\\""),
        ("check", column, 400, "there is no column \\\"speed\\\""),
        ("check", smuggled, 400, "read \\\"region FROM data"),
        ("check", subquery, 400, "read \\\"(SELECT"),
        ("compare", POC.replace("\"quick\", \"cheap\"", "\"quick\", \"cheap\", \"best\""), 400, "no row is of best"),
        ("claims", POC.split("[[claim]]").next().unwrap().to_owned(), 400, "nothing is claimed"),
        ("compare", "#".repeat((1 << 20) + 1), 413, "\"code\":\"too_long\""),
        ("plan?colour=red", POC.to_owned(), 400, "unknown parameter colour"),
        ("plan?project=nowhere", POC.to_owned(), 404, "unknown_project"),
        ("season", POC.to_owned(), 404, ""),
        ("compare?project=empty", POC.to_owned(), 200, "{\"why_not\":\"there are no rows\"}"),
        ("check?project=empty", POC.to_owned(), 200, "why_not"),
        ("plan?project=empty", POC.to_owned(), 200, "why_not"),
        ("claims?project=empty", POC.to_owned(), 200, "why_not"),
        ("scorecard?project=empty", POC.to_owned(), 200, "why_not"),
    ] {
        let (got, answer) = post(&app, &format!("/api/poc/{step}"), text).await;
        assert_eq!(got.as_u16(), status, "{step}: {answer}");
        assert!(answer.contains(said), "{step}: {said:?} is not in {answer}");
    }
    assert_eq!(post(&app, "/api/poc/plan", vec![0xff, 0xfe]).await.0, StatusCode::BAD_REQUEST);
    let (status, _) = asked(&app, Request::get("/api/poc/plan").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_pasted_file_is_answered_on_a_page() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &kept(), 1).await;
    let app = app(&endpoint);
    let (status, page) = paste(&app, "/poc", POC).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    for part in ["headline", "compare", "poc-check", "claims", "scorecard", "poc-plan"] {
        assert!(page.contains(&format!("<section id=\"{part}\"")), "{part} is not on the page");
    }
    for said in [
        "It has run for 0 days, of 7 at least.",
        "/scorecard.js",
        "“four nines in time”: the data so far say 50.00 %",
        "said = &#34;four nines",
    ] {
        assert!(page.contains(said) || page.contains(&said.replace("&#34;", "&quot;")), "{said:?} is not on the page");
    }
    let (_, chinese) = paste(&app, "/poc?lang=zh", POC).await;
    assert!(chinese.contains("“four nines in time”：现有数据为 50.00 %，低于所称的 99.99 %"));
    let (status, page) = paste(&app, "/poc", &POC.replace("power = 0.8", "power = 8")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("line 15, design.power") && page.contains("power = 8\n"), "what was pasted stands there to be mended");
    let (status, page) = paste(&app, "/poc?project=empty", POC).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(page.matches("there are no rows").count(), 5, "each part says so");
    // The project is the link's alone: a guard looks at nothing else.
    let body = format!("{}&project=nowhere", field("poc", POC));
    let request = Request::post("/poc?project=empty").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(asked(&app, request.body(body.into()).unwrap()).await.0, StatusCode::OK);
    assert_eq!(paste(&app, "/poc?project=nowhere", POC).await.0, StatusCode::NOT_FOUND);
    assert_eq!(paste(&app, "/poc", &"#".repeat((1 << 20) + 1)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_file_is_pasted_and_its_weights_moved_in_a_browser() {
    let endpoint = support::database().await;
    support::insert(&endpoint, &kept(), 1).await;
    let served = support::Served::start(&endpoint, "", &["--project", "p"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poc.toml");
    std::fs::write(&path, POC).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/poc.mjs");
    let run = Command::new("node").arg(script).args(["--server", &format!("http://{}", served.address), "--file"]).arg(&path).output();
    let run = run.expect("node is installed");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let seen: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert!(seen["example"].as_str().unwrap().contains("[[primary]]"), "{seen}");
    assert!(seen["refused"].as_str().unwrap().contains("line 1, name"), "{seen}");
    let parts = serde_json::json!(["headline", "compare", "shifts", "poc-check", "claims", "scorecard", "poc-plan"]);
    assert_eq!((&seen["parts"], &seen["without_script"]), (&parts, &parts));
    assert_ne!(seen["before"], seen["moved"], "moving a weight changes the totals: {seen}");
    assert_eq!((&seen["chinese"], &seen["complaints"]), (&"zh-CN".into(), &serde_json::json!([])), "{seen}");
}
