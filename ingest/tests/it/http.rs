use std::io::Write;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use qoe_ingest::{Delivery, DeliveryConfig, Intake, IntakeConfig, Projects, router};
use qoe_store::{Endpoint, Millis};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::clickhouse::{Answer, ClickHouse};
use crate::delivery::{NULL_IN_COLUMN, TOO_MANY_PARTS, nowhere, quick};

const NOW: i64 = 1_795_404_861_069;

struct Reply {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {:?}", self.status, self.body))
    }
}

async fn app_with(endpoint: Endpoint, delivery: DeliveryConfig, config: IntakeConfig) -> Router {
    let projects = Projects::new([("p".into(), None), ("shut".into(), Some("wk_1".into()))]);
    let delivery = Delivery::start(endpoint, delivery).await;
    router(Intake::with_clock(projects, delivery, config, || Millis(NOW)))
}

async fn app(clickhouse: &ClickHouse) -> Router {
    app_with(clickhouse.endpoint(), quick(), IntakeConfig::default()).await
}

async fn send(app: &Router, request: Request<Body>) -> Reply {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    Reply { status: parts.status, headers: parts.headers, body }
}

async fn get(app: &Router, path: &str) -> Reply {
    send(app, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post_as(app: &Router, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
    let mut request = Request::post("/v1/telemetry");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(app, request.body(body.into()).unwrap()).await
}

async fn post(app: &Router, body: &Value) -> Reply {
    post_as(app, &[("content-type", "text/plain;charset=UTF-8")], body.to_string()).await
}

fn batch(batch_id: &str, rows: Value) -> Value {
    json!({ "batch_id": batch_id, "context": { "project": "p", "session_id": "s", "service": "voice_call" }, "rows": rows })
}

fn event(name: &str) -> Value {
    json!({ "type": "event", "at": NOW, "name": name })
}

#[tokio::test]
async fn kept_rows_are_acknowledged_once_stored_and_the_others_listed() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    let reply = post(&app, &batch("b-1", json!([event("joined"), event("exploded"), event("leave")]))).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    let answer = reply.json();
    assert_eq!((&answer["batch_id"], &answer["accepted"], &answer["rejected"][0]["row"]), (&json!("b-1"), &json!(2), &json!(1)));
    assert!(answer["rejected"][0]["reason"].as_str().unwrap().starts_with("name \"exploded\" is not one of attempt, joined"));
    assert!(answer.get("duplicate").is_none());
    assert_eq!(clickhouse.tables(), ["session_events"], "before it was answered");
}

#[tokio::test]
async fn the_same_batch_again_is_answered_from_memory_and_stored_once() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    let body = batch("b-1", json!([event("joined")]));
    let (one, other) = tokio::join!(post(&app, &body), post(&app, &body));
    let again = post(&app, &body).await;
    let mut duplicates = [one, other, again].map(|reply| {
        assert_eq!((reply.status, reply.json()["accepted"].as_u64()), (StatusCode::ACCEPTED, Some(1)));
        reply.json().get("duplicate").is_some()
    });
    duplicates.sort();
    assert_eq!((duplicates, clickhouse.tables().len()), ([false, true, true], 1));
}

#[tokio::test]
async fn a_batch_that_was_not_stored_in_time_is_stored_once_when_it_comes_again() {
    let clickhouse = ClickHouse::start().await;
    clickhouse.answers(&[Answer::After(Duration::from_millis(400))]);
    let config = IntakeConfig { answer_within: Duration::from_millis(100), ..IntakeConfig::default() };
    let app = app_with(clickhouse.endpoint(), quick(), config).await;
    let body = batch("b-1", json!([event("joined")]));
    let mut replies = vec![post(&app, &body).await];
    assert_eq!(replies[0].status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(replies[0].headers["retry-after"], "2");
    while replies.last().unwrap().status != StatusCode::ACCEPTED {
        assert!(replies.len() < 100);
        replies.push(post(&app, &body).await);
    }
    assert_eq!(replies.last().unwrap().json()["duplicate"], true);
    assert_eq!(clickhouse.tables().len(), 1);
}

#[tokio::test]
async fn while_clickhouse_is_away_senders_are_sent_away_at_once_and_lose_nothing() {
    let clickhouse = ClickHouse::start().await;
    clickhouse.answers(&[TOO_MANY_PARTS; 8]);
    let app = app(&clickhouse).await;
    let stats = |at: i64, packets: u32| {
        let report = json!([{ "type": "inbound-rtp", "kind": "audio", "ssrc": 7, "timestamp": at, "packetsReceived": packets }]);
        json!({ "type": "stats", "at": NOW, "report": report })
    };
    // The baseline needs no insert.
    assert_eq!(post(&app, &batch("b-0", json!([stats(0, 100)]))).await.status, StatusCode::ACCEPTED);
    let held = tokio::spawn({
        let app = app.clone();
        async move { post(&app, &batch("b-1", json!([event("joined")]))).await }
    });
    while get(&app, "/readyz").await.status == StatusCode::OK {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let refused = post(&app, &batch("b-2", json!([stats(1000, 150)]))).await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"5".parse().unwrap()));
    assert_eq!(refused.headers["access-control-expose-headers"], "retry-after");
    assert_eq!(held.await.unwrap().status, StatusCode::ACCEPTED);
    // The batch that was sent away finds its stream as it was.
    let later = post(&app, &batch("b-2", json!([stats(1000, 150)]))).await;
    assert_eq!((later.status, later.json().get("duplicate")), (StatusCode::ACCEPTED, None));
    assert_eq!(clickhouse.tables().last().unwrap(), "samples");
    assert!(get(&app, "/metrics").await.body.contains("\nqoe_ingest_samples_total 1\n"));
}

#[tokio::test]
async fn without_clickhouse_nothing_waits() {
    let app = app_with(nowhere().await, quick(), IntakeConfig::default()).await;
    let begun = Instant::now();
    let reply = post(&app, &batch("b-1", json!([event("joined")]))).await;
    assert_eq!((reply.status, reply.headers.contains_key("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, true));
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!((get(&app, "/healthz").await.status, get(&app, "/readyz").await.status), (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE));
}

#[tokio::test]
async fn rows_clickhouse_will_not_have_are_a_fault_of_ours() {
    let clickhouse = ClickHouse::start().await;
    clickhouse.answers(&[NULL_IN_COLUMN]);
    let app = app(&clickhouse).await;
    let reply = post(&app, &batch("b-1", json!([event("joined")]))).await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!reply.body.contains("349"), "{}", reply.body);
    assert!(get(&app, "/metrics").await.body.contains("\nqoe_ingest_refused_rows_total 1\n"));
}

/// Status and error of a request that is not taken.
#[track_caller]
fn check(reply: &Reply, status: u16, error: &str) {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.body);
    let said = reply.json()["error"].as_str().unwrap().to_owned();
    assert!(said.contains(error), "{said}");
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_request_that_is_not_taken_is_told_what_to_mend() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    let of = |context: Value| json!({ "context": context, "rows": [event("joined")] });
    check(&post_as(&app, &[JSON], "{\"rows\": [}").await, 400, "line 1 column 11");
    check(&post_as(&app, &[JSON], "").await, 400, "EOF");
    check(&post_as(&app, &[JSON], "{}").await, 400, "missing field `rows`");
    check(&post_as(&app, &[], "{}").await, 415, "application/json");
    check(&post_as(&app, &[("content-type", "application/x-www-form-urlencoded")], "a=1").await, 415, "x-ndjson");
    check(&post_as(&app, &[JSON, ("content-encoding", "br")], "x").await, 415, "gzip, zstd");
    check(&post_as(&app, &[JSON, ("content-encoding", "gzip")], "not gzip").await, 400, "cannot be unpacked");
    check(&post(&app, &of(json!({ "project": "q" }))).await, 404, "qoe keys create write");
    check(&post(&app, &of(json!({ "project": "shut" }))).await, 401, "X-Qoe-Key");
    check(&post(&app, &of(json!({ "project": "p", "service": "fax" }))).await, 422, "service \"fax\"");
    check(&post(&app, &of(json!({ "project": "p" }))).await, 422, "row 0: session_id");
    check(&post(&app, &json!({ "context": { "project": "p" }, "rows": vec![7; 10_001] })).await, 413, "10001 rows");
    check(&post(&app, &batch("b", json!([]))).await, 422, "no rows");
    let wrong = Request::post("/v1/telemetry?sent_at=soon").header(JSON.0, JSON.1).body(Body::from("{}")).unwrap();
    check(&send(&app, wrong).await, 400, "sent_at");
    assert!(clickhouse.tables().is_empty());
}

#[tokio::test]
async fn a_key_opens_its_project_from_the_header_or_the_body() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    let body = json!({ "context": { "project": "shut", "session_id": "s", "service": "voice_call" }, "rows": [event("joined")] });
    let with_header = post_as(&app, &[JSON, ("x-qoe-key", "wk_1")], body.to_string()).await;
    let mut inside = body;
    inside["key"] = json!("wk_1");
    assert_eq!((with_header.status, post(&app, &inside).await.status), (StatusCode::ACCEPTED, StatusCode::ACCEPTED));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn bodies_are_unpacked_within_their_limits() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    let packed = gzip(batch("b-1", json!([event("joined")])).to_string().as_bytes());
    assert_eq!(post_as(&app, &[JSON, ("content-encoding", "gzip")], packed).await.status, StatusCode::ACCEPTED);
    let bomb = gzip(&vec![b' '; 9 << 20]);
    assert!(bomb.len() < 1 << 20);
    check(&post_as(&app, &[JSON, ("content-encoding", "gzip")], bomb).await, 413, "8388608");
    check(&post_as(&app, &[JSON], vec![b' '; (1 << 20) + 1]).await, 413, "1048576");
    let unmeasured = futures::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 << 10])));
    check(&post_as(&app, &[JSON], Body::from_stream(unmeasured)).await, 413, "1048576");
}

#[tokio::test]
async fn zstd_is_understood() {
    // A file of `{"rows":[7]}` packed by `zstd --no-check`: a frame header, and one block as it was.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x0c, 0x61, 0x00, 0x00];
    let packed: Vec<u8> = frame.into_iter().chain(*b"{\"rows\":[7]}").collect();
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    check(&post_as(&app, &[JSON, ("content-encoding", "zstd")], packed).await, 422, "row 0: the row cannot be read");
}

#[tokio::test]
async fn a_sender_that_stalls_is_let_go() {
    let clickhouse = ClickHouse::start().await;
    let config = IntakeConfig { body_within: Duration::from_millis(50), ..IntakeConfig::default() };
    let app = app_with(clickhouse.endpoint(), quick(), config).await;
    let stalled = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    check(&post_as(&app, &[JSON], stalled).await, 408, "did not arrive");
}

#[tokio::test]
async fn ndjson_rows_are_numbered_by_their_lines() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    let lines = [
        json!({ "type": "context", "project": "p", "session_id": "s-1", "service": "voice_call" }).to_string(),
        event("joined").to_string(),
        "{broken".to_owned(),
        json!({ "type": "context", "project": "p", "session_id": "s-2", "service": "voice_call" }).to_string(),
        event("leave").to_string(),
    ];
    let reply = post_as(&app, &[("content-type", "application/x-ndjson")], lines.join("\n")).await;
    assert_eq!((reply.status, &reply.json()["accepted"]), (StatusCode::ACCEPTED, &json!(2)));
    assert_eq!(reply.json()["rejected"][0]["row"], 2);
    check(&post_as(&app, &[("content-type", "application/x-ndjson")], "{\"type\":\"context\",\"project\":7}").await, 400, "line 0");
}

#[tokio::test]
async fn one_answer_may_come_alone() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    let rate = async |score: u32| {
        let body = json!({ "context": { "project": "p", "user_id": "u" }, "kind": "csat", "score": score, "text": "你好" });
        send(&app, Request::post("/v1/feedback").header(JSON.0, JSON.1).body(Body::from(body.to_string())).unwrap()).await
    };
    assert_eq!(rate(5).await.status, StatusCode::ACCEPTED);
    assert_eq!(clickhouse.tables(), ["feedback"]);
    check(&rate(9).await, 422, "score 9 is outside 1 to 5");
}

#[tokio::test]
async fn any_page_may_send() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    let preflight = Request::options("/v1/telemetry")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-qoe-key")
        .body(Body::empty())
        .unwrap();
    let reply = send(&app, preflight).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.headers["access-control-allow-origin"], "*");
    assert!(reply.headers["access-control-allow-headers"].to_str().unwrap().contains("x-qoe-key"));
    assert_eq!(reply.headers["access-control-max-age"], "86400");
    assert!(!reply.headers.contains_key("access-control-allow-credentials"));
    let client = get(&app, "/sdk/qoe.js").await;
    assert!(client.headers["content-type"].to_str().unwrap().starts_with("text/javascript") && client.body.contains("export"));
    assert_eq!(get(&app, "/sdk/qoe.d.ts").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_was_done_is_counted() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    post(&app, &batch("b-1", json!([event("joined"), event("exploded"), 7]))).await;
    let page = get(&app, "/metrics").await.body;
    for line in [
        "qoe_ingest_accepted_rows_total 1",
        "qoe_ingest_rejected_rows_total{fault=\"unknown_name\"} 1",
        "qoe_ingest_rejected_rows_total{fault=\"unreadable\"} 1",
        "qoe_ingest_inserts_total 1",
        "qoe_ingest_queued_rows 0",
        "# TYPE qoe_ingest_storage_available gauge",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in {page}");
    }
}

#[tokio::test]
async fn a_sender_that_waits_longer_than_others_does_not_use_up_their_turns() {
    let clickhouse = ClickHouse::start().await;
    let config = IntakeConfig { bodies: NonZeroUsize::MIN, ..IntakeConfig::default() };
    let app = app_with(clickhouse.endpoint(), quick(), config).await;
    let bodies: Vec<Value> = (0..20).map(|n| batch(&format!("b-{n}"), json!([event("joined")]))).collect();
    for reply in futures::future::join_all(bodies.iter().map(|body| post(&app, body))).await {
        assert_eq!(reply.status, StatusCode::ACCEPTED);
    }
    assert!(clickhouse.tables().len() < 20, "they waited together");
}
