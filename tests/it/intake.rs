//! From a posted batch to rows in ClickHouse: what is kept, what is refused and with which words, and what an outage does.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use qoe_ingest::{Delivery, Intake, IntakeConfig, Projects};
use qoe_store::Endpoint;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Spooled, database, gate, spooled};

/// An intake before this ClickHouse.
struct App {
    router: Router,
    delivery: Delivery,
    _spool: tempfile::TempDir,
}

async fn app(endpoint: &Endpoint) -> App {
    let Spooled { delivery, folder } = spooled(endpoint).await;
    let projects = Projects::new([("open".to_owned(), None), ("locked".to_owned(), Some("wk_1".to_owned()))]);
    let router = qoe_ingest::router(Intake::new(projects, delivery.clone(), IntakeConfig::default()));
    App { router, delivery, _spool: folder }
}

impl App {
    /// Waits until all that was acknowledged is in ClickHouse.
    async fn delivered(&self) {
        assert_eq!(self.delivery.drain(Duration::from_secs(30)).await, 0, "bytes left in the spool");
    }
}

fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

fn batch(rows: Value) -> Value {
    json!({"sent_at": now(), "context": {"project": "open", "session_id": "s", "user_id": "u", "service": "video_call", "vendor": "acme"}, "rows": rows})
}

async fn post(app: &App, content_type: &str, body: impl Into<Body>) -> (StatusCode, Value, Option<String>) {
    let request = Request::post("/v1/telemetry").header(header::CONTENT_TYPE, content_type).body(body.into()).unwrap();
    read(app.router.clone().oneshot(request).await.unwrap()).await
}

async fn read(response: Response<Body>) -> (StatusCode, Value, Option<String>) {
    let status = response.status();
    let retry = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
    let body = axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null), retry)
}

async fn count(endpoint: &Endpoint, table: &str) -> u64 {
    endpoint.rows::<u64>(&format!("SELECT count() FROM {table}")).await.unwrap()[0]
}

#[tokio::test]
async fn an_accepted_batch_is_stored_with_every_kind_of_row() {
    let endpoint = database().await;
    let app = app(&endpoint).await;
    let at = now() - 1000;
    let report = |t: i64, packets: u64| {
        json!({"type": "stats", "at": t, "report": [
            {"id": "I", "type": "inbound-rtp", "kind": "audio", "ssrc": 7, "timestamp": t, "packetsReceived": packets, "packetsLost": 0, "jitter": 0.004},
        ]})
    };
    let rows = json!([
        {"type": "event", "at": at, "name": "attempt"},
        {"type": "event", "at": at, "name": "joined", "connect_ms": 412},
        report(at - 4000, 100), report(at - 2000, 200), report(at, 290),
        {"type": "sample", "at": at, "stream_id": "x", "kind": "video", "direction": "inbound", "interval_ms": 2000, "freeze_count": 1, "freeze_ms": 300},
        {"type": "turn", "at": at, "turn_id": "t1", "response_ms": 800, "interruption_ms": 120},
        {"type": "message", "at": at, "message_id": "m1", "delivered": true, "delivery_ms": 90},
        {"type": "invitation", "at": at, "invitation_id": "i1", "state": "shown", "kind": "csat"},
        {"type": "feedback", "at": at, "invitation_id": "i1", "kind": "csat", "score": 5, "text": "很稳定 'great' \\ ok", "language": "zh"},
        {"type": "activity", "at": at, "name": "watch", "minutes": 3.5},
        {"type": "ticket", "at": at, "ticket_id": "T-1", "opened_at": at - 1000},
        {"type": "release", "at": at, "version": "4.0", "breaking_changes": 2},
        {"type": "integration", "at": at, "step": "first_call", "hours": 6},
    ]);
    let (status, answer, _) = post(&app, "application/json", batch(rows).to_string()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    assert_eq!(answer["rejected"], json!([]), "{answer}");
    app.delivered().await;
    for (table, rows) in [
        ("samples", 3),
        ("session_events", 2),
        ("turns", 1),
        ("messages", 1),
        ("survey_invitations", 1),
        ("feedback", 1),
        ("activity", 1),
        ("support_tickets", 1),
        ("releases", 1),
        ("integration_log", 1),
    ] {
        assert_eq!(count(&endpoint, table).await, rows, "{table}");
    }
    let packets: Vec<u64> = endpoint.rows("SELECT assumeNotNull(sum(packets_received)) FROM samples").await.unwrap();
    assert_eq!(packets, [190], "differences of a counter that went 100, 200, 290");
    let text: Vec<String> = endpoint.rows("SELECT text FROM feedback").await.unwrap();
    assert_eq!(text, ["很稳定 'great' \\ ok"]);
}

#[tokio::test]
async fn bad_rows_are_refused_with_reasons_and_good_ones_kept() {
    let endpoint = database().await;
    let app = app(&endpoint).await;
    let at = now();
    let rows = json!([
        {"type": "event", "at": at, "name": "joined", "connect_ms": 100},
        {"type": "event", "at": 0, "name": "joined"},
        {"type": "event", "at": 253_370_764_800_000i64, "name": "joined"},
        {"type": "event", "at": at, "name": "teleported"},
        {"type": "event", "at": at, "name": "joined", "connect_ms": -5},
        {"type": "feedback", "at": at, "kind": "csat", "score": 9},
        {"type": "event", "at": at, "name": "drop", "reason": "x".repeat(100_000)},
        {"type": "event", "at": at, "name": "joined", "context": {"service": "telepathy"}},
        {"type": "poem", "at": at},
        {"type": "event", "name": "joined"},
        {"type": "event", "at": at, "name": "leave"},
    ]);
    let (status, answer, _) = post(&app, "text/plain", batch(rows).to_string()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let refused: Vec<(u64, &str)> =
        answer["rejected"].as_array().unwrap().iter().map(|row| (row["row"].as_u64().unwrap(), row["reason"].as_str().unwrap())).collect();
    assert_eq!(refused.iter().map(|(row, _)| *row).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>(), "{answer}");
    assert!(refused.iter().all(|(_, reason)| !reason.is_empty() && reason.len() < 400), "{answer}");
    app.delivered().await;
    assert_eq!(count(&endpoint, "session_events").await, 2);
}

#[tokio::test]
async fn bad_batches_say_what_to_mend() {
    let endpoint = database().await;
    let app = app(&endpoint).await;
    let event = json!([{"type": "event", "at": now(), "name": "leave"}]);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut batch = batch(event.clone());
        change(&mut batch);
        batch.to_string()
    };
    let many = json!({"context": batch(json!([]))["context"], "rows": vec![json!({}); 1_000_000]}).to_string();
    for (content_type, body, status, says) in [
        ("application/json", "{\"rows\": [".to_owned(), 400, "line 1"),
        ("application/json", "[1e999]".to_owned(), 400, ""),
        ("application/xml", "<a/>".to_owned(), 415, "application/json"),
        ("application/json", with(&|batch| batch["context"]["project"] = json!("nowhere")), 404, "nowhere"),
        ("application/json", with(&|batch| batch["context"]["project"] = json!("locked")), 401, "X-Qoe-Key"),
        ("application/json", with(&|batch| batch["context"]["service"] = json!("fax")), 422, "voice_call"),
        ("application/json", with(&|batch| batch["context"]["session_id"] = json!(null)), 422, "session_id"),
        ("application/json", many, 413, ""),
    ] {
        let (got, answer, _) = post(&app, content_type, body.clone()).await;
        let shown = &body[..body.len().min(200)];
        assert_eq!(got.as_u16(), status, "{shown}: {answer}");
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("{shown}: no error in {answer}"));
        assert!(answer.to_string().contains(says) && !error.is_empty(), "{shown}: {answer}");
    }
    let mut unlocked = batch(event.clone());
    unlocked["context"]["project"] = json!("locked");
    unlocked["key"] = json!("wk_1");
    let (status, answer, _) = post(&app, "application/json", unlocked.to_string()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    // Nobody else noticed.
    let (status, ..) = post(&app, "application/json", batch(event).to_string()).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    app.delivered().await;
    assert_eq!(count(&endpoint, "session_events").await, 2);
}

#[tokio::test]
async fn cross_origin_pages_may_post() {
    let endpoint = database().await;
    let app = app(&endpoint).await;
    let preflight = Request::options("/v1/telemetry")
        .header(header::ORIGIN, "https://app.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,x-qoe-key")
        .body(Body::empty())
        .unwrap();
    let response = app.router.clone().oneshot(preflight).await.unwrap();
    assert!(response.status().is_success());
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let sdk = app.router.oneshot(Request::get("/sdk/qoe.js").body(Body::empty()).unwrap()).await.unwrap();
    assert!(sdk.headers()[header::CONTENT_TYPE].to_str().unwrap().contains("javascript"));
}

#[tokio::test]
async fn what_is_acknowledged_during_an_outage_arrives_after_it_once() {
    let endpoint = database().await;
    let (gated, open) = gate(&endpoint).await;
    let app = app(&gated).await;
    let body = |name: &str| {
        let mut batch = batch(json!([{"type": "event", "at": now(), "name": "leave"}]));
        batch["batch_id"] = json!(name);
        batch.to_string()
    };
    assert_eq!(post(&app, "application/json", body("before")).await.0, StatusCode::ACCEPTED);
    app.delivered().await;

    open.store(false, Ordering::SeqCst);
    for name in ["during", "during too", "during"] {
        let (status, answer, _) = post(&app, "application/json", body(name)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    }
    assert!(app.delivery.drain(Duration::from_secs(2)).await > 0, "nothing can be delivered now");

    open.store(true, Ordering::SeqCst);
    app.delivered().await;
    assert_eq!(count(&endpoint, "session_events").await, 3, "before, during, during too");
    let (_, answer, _) = post(&app, "application/json", body("during")).await;
    assert_eq!(answer["duplicate"], json!(true));
}
