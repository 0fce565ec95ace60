use std::io::Write;
use std::num::NonZeroUsize;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use qoe_ingest::spool::SpoolConfig;
use qoe_ingest::{Delivery, Intake, IntakeConfig, Projects, router};
use qoe_store::{Endpoint, Millis};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::clickhouse::ClickHouse;
use crate::delivery::{nowhere, quick, start, start_on};
use crate::disk::SimDisk;

const NOW: i64 = 1_795_404_861_069;
const LONG: Duration = Duration::from_secs(30);

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

/// An intake, and the way from it to ClickHouse.
struct App {
    router: Router,
    delivery: Delivery,
}

fn app_over(delivery: Delivery, config: IntakeConfig) -> App {
    let projects = Projects::new([("p".into(), None), ("shut".into(), Some("wk_1".into()))]);
    App { router: router(Intake::with_clock(projects, delivery.clone(), config, || Millis(NOW))), delivery }
}

async fn app_with(endpoint: Endpoint, config: IntakeConfig) -> App {
    app_over(start(endpoint, quick()).await, config)
}

async fn app(clickhouse: &ClickHouse) -> App {
    app_with(clickhouse.endpoint(), IntakeConfig::default()).await
}

async fn send(app: &App, request: Request<Body>) -> Reply {
    let response = app.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    Reply { status: parts.status, headers: parts.headers, body }
}

async fn get(app: &App, path: &str) -> Reply {
    send(app, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post_as(app: &App, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
    let mut request = Request::post("/v1/telemetry");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(app, request.body(body.into()).unwrap()).await
}

async fn post(app: &App, body: &Value) -> Reply {
    post_as(app, &[("content-type", "text/plain;charset=UTF-8")], body.to_string()).await
}

fn batch(batch_id: &str, rows: Value) -> Value {
    json!({ "batch_id": batch_id, "context": { "project": "p", "session_id": "s", "service": "voice_call" }, "rows": rows })
}

fn event(name: &str) -> Value {
    json!({ "type": "event", "at": NOW, "name": name })
}

#[tokio::test]
async fn kept_rows_are_acknowledged_and_the_others_listed() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse).await;
    let reply = post(&app, &batch("b-1", json!([event("joined"), event("exploded"), event("leave")]))).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    let answer = reply.json();
    assert_eq!((&answer["batch_id"], &answer["accepted"], &answer["rejected"][0]["row"]), (&json!("b-1"), &json!(2), &json!(1)));
    assert!(answer["rejected"][0]["reason"].as_str().unwrap().starts_with("name \"exploded\" is not one of attempt, joined"));
    assert!(answer.get("duplicate").is_none());
    assert_eq!(app.delivery.drain(LONG).await, 0);
    assert_eq!(clickhouse.tables(), ["session_events"]);
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
    assert_eq!(app.delivery.drain(LONG).await, 0);
    assert_eq!((duplicates, clickhouse.tables().len()), ([false, true, true], 1));
}

#[tokio::test]
async fn the_same_batch_is_known_again_after_a_restart() {
    let clickhouse = ClickHouse::start().await;
    let disk = SimDisk::default();
    let body = batch("b-1", json!([event("joined"), event("exploded")]));
    for restart in 0..3 {
        let app = app_over(start_on(&disk, clickhouse.endpoint(), SpoolConfig::default(), quick()).await, IntakeConfig::default());
        let answer = post(&app, &body).await.json();
        assert_eq!((answer["accepted"].as_u64(), answer["duplicate"].as_bool()), (Some(1), (restart > 0).then_some(true)));
        assert_eq!(app.delivery.drain(LONG).await, 0);
        // The process dies, the disk stays.
        disk.kill_quietly();
    }
    assert_eq!(clickhouse.tables(), ["session_events"]);
}

#[tokio::test]
async fn while_the_disk_is_full_senders_are_sent_away_and_lose_nothing() {
    let clickhouse = ClickHouse::start().await;
    let disk = SimDisk::default();
    let app = app_over(start_on(&disk, clickhouse.endpoint(), SpoolConfig::default(), quick()).await, IntakeConfig::default());
    let stats = |at: i64, packets: u32| {
        let report = json!([{ "type": "inbound-rtp", "kind": "audio", "ssrc": 7, "timestamp": at, "packetsReceived": packets }]);
        json!({ "type": "stats", "at": NOW, "report": report })
    };
    assert_eq!(post(&app, &batch("b-0", json!([stats(0, 100)]))).await.status, StatusCode::ACCEPTED);
    disk.set_room(Some(100));
    let failed = post(&app, &batch("b-1", json!([event("joined")]))).await;
    assert_eq!((failed.status, &failed.headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"2".parse().unwrap()));
    let refused = post(&app, &batch("b-2", json!([stats(1000, 150)]))).await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"10".parse().unwrap()));
    assert_eq!(refused.headers["access-control-expose-headers"], "retry-after");
    assert_eq!(get(&app, "/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);

    disk.set_room(None);
    while get(&app, "/readyz").await.status != StatusCode::OK {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The batch that failed is taken as new, and the one that was sent away finds its stream as it was.
    for (name, row) in [("b-1", event("joined")), ("b-2", stats(1000, 150))] {
        let later = post(&app, &batch(name, json!([row]))).await;
        assert_eq!((later.status, later.json().get("duplicate")), (StatusCode::ACCEPTED, None), "{}", later.body);
    }
    assert_eq!(app.delivery.drain(LONG).await, 0);
    let mut tables = clickhouse.tables();
    tables.sort();
    assert_eq!(tables, ["samples", "session_events"]);
}

#[tokio::test]
async fn a_disk_that_failed_is_not_trusted_again() {
    let clickhouse = ClickHouse::start().await;
    let disk = SimDisk::default();
    let app = app_over(start_on(&disk, clickhouse.endpoint(), SpoolConfig::default(), quick()).await, IntakeConfig::default());
    disk.fail_sync_after(Some(0));
    for name in ["b-1", "b-2", "b-1"] {
        let reply = post(&app, &batch(name, json!([event("joined")]))).await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{}", reply.body);
    }
    assert!(get(&app, "/readyz").await.body.contains("restarted"));
    assert!(get(&app, "/metrics").await.body.contains("\nqoe_spool_healthy 0\n"));
}

#[tokio::test]
async fn without_clickhouse_batches_are_kept() {
    let app = app_with(nowhere().await, IntakeConfig::default()).await;
    let reply = post(&app, &batch("b-1", json!([event("joined")]))).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.body);
    let ready = get(&app, "/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    assert!(ready.body.contains("ClickHouse is away"), "{}", ready.body);
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
    check(&post_as(&app, &[JSON, ("content-encoding", "gzip")], bomb).await, 413, "more than 100 times");
    check(&post_as(&app, &[JSON, ("content-encoding", "gzip, gzip")], gzip(b"{}")).await, 415, "pack the body once");
    check(&post_as(&app, &[JSON], format!("{{\"rows\":[],\"x\":{}", "[".repeat(100_000))).await, 400, "64 deep at byte 78");
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
    let app = app_with(clickhouse.endpoint(), config).await;
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
    assert_eq!(app.delivery.drain(LONG).await, 0);
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
    assert_eq!(app.delivery.drain(LONG).await, 0);
    let page = get(&app, "/metrics").await.body;
    for line in [
        "qoe_ingest_accepted_rows_total 1",
        "qoe_ingest_rejected_rows_total{fault=\"unknown_name\"} 1",
        "qoe_ingest_rejected_rows_total{fault=\"unreadable\"} 1",
        "qoe_spool_rows_total 1",
        "qoe_spool_undelivered_bytes 0",
        "qoe_delivery_inserts_total 1",
        "qoe_delivery_rows_total 1",
        "# TYPE qoe_delivery_available gauge",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in {page}");
    }
}

#[tokio::test]
async fn a_sender_that_waits_longer_than_others_does_not_use_up_their_turns() {
    let clickhouse = ClickHouse::start().await;
    let config = IntakeConfig { bodies: NonZeroUsize::MIN, ..IntakeConfig::default() };
    let app = app_with(clickhouse.endpoint(), config).await;
    let bodies: Vec<Value> = (0..20).map(|n| batch(&format!("b-{n}"), json!([event("joined")]))).collect();
    for reply in futures::future::join_all(bodies.iter().map(|body| post(&app, body))).await {
        assert_eq!(reply.status, StatusCode::ACCEPTED);
    }
    assert_eq!(app.delivery.drain(LONG).await, 0);
    assert!(clickhouse.tables().len() < 20, "they went together");
}
