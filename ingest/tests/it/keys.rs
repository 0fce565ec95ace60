//! What a sender is told whose key, page or pace is not right.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use qoe_ingest::{Intake, IntakeConfig, Projects, router};
use qoe_store::Millis;
use qoe_store::keys::{AccessKey, Keyring, Kind, NewKey, Rates, issue};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::clickhouse::ClickHouse;
use crate::delivery::{quick, start};

const NOW: i64 = 1_795_404_861_069;

fn key(kind: Kind, rates: Rates) -> (AccessKey, String) {
    let origins = vec!["https://shop.example".parse().unwrap()];
    let wanted = NewKey { kind, projects: vec!["shop".to_owned()], origins, rates, note: String::new() };
    let issued = issue(wanted, Millis(NOW)).unwrap();
    (issued.key, issued.text)
}

async fn app(clickhouse: &ClickHouse, keys: Vec<AccessKey>) -> Router {
    let projects = Projects::new([("open".to_owned(), None)]);
    projects.renew(Keyring::new(keys));
    let delivery = start(clickhouse.endpoint(), quick()).await;
    router(Intake::with_clock(projects, delivery, IntakeConfig::default(), || Millis(NOW)))
}

async fn post(app: &Router, headers: &[(&str, &str)], from: &str, rows: usize) -> (StatusCode, HeaderMap, String) {
    let rows: Vec<Value> = (0..rows).map(|_| json!({ "type": "event", "at": NOW, "name": "joined" })).collect();
    let body = json!({ "context": { "project": "shop", "session_id": "s", "service": "voice_call" }, "rows": rows });
    let mut request = Request::post("/v1/telemetry").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let address: SocketAddr = from.parse().unwrap();
    let response = app.clone().oneshot(request.extension(ConnectInfo(address)).body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    (parts.status, parts.headers, body)
}

const ONE: &str = "203.0.113.1:50000";

#[tokio::test]
async fn a_page_that_may_not_send_is_told_what_to_add_and_can_read_it() {
    let clickhouse = ClickHouse::start().await;
    let (key, text) = key(Kind::Write, Rates::DEFAULT);
    let app = app(&clickhouse, vec![key]).await;
    let (status, headers, said) = post(&app, &[("x-qoe-key", &text), ("origin", "https://evil.example")], ONE, 1).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(said.contains("--origin https://evil.example") && !said.contains(&text), "{said}");
    assert_eq!(headers["access-control-allow-origin"], "*", "otherwise its developer sees a CORS error and no words");
    for origin in [&[("origin", "https://shop.example")][..], &[]] {
        let headers: Vec<(&str, &str)> = [("x-qoe-key", text.as_str())].into_iter().chain(origin.iter().copied()).collect();
        assert_eq!(post(&app, &headers, ONE, 1).await.0, StatusCode::ACCEPTED, "{origin:?}");
    }
    assert_eq!(post(&app, &[("origin", "https://shop.example")], ONE, 1).await.0, StatusCode::UNAUTHORIZED, "an origin is no key");
}

#[tokio::test]
async fn a_read_key_takes_no_data() {
    let clickhouse = ClickHouse::start().await;
    let (key, text) = key(Kind::Read, Rates::NONE);
    let app = app(&clickhouse, vec![key]).await;
    let (status, _, said) = post(&app, &[("x-qoe-key", &text)], ONE, 1).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(said.contains("write key") && !said.contains(&text), "{said}");
    assert!(clickhouse.tables().is_empty());
}

#[tokio::test]
async fn too_much_is_answered_429_with_the_wait_and_counted() {
    let clickhouse = ClickHouse::start().await;
    let (key, text) = key(Kind::Write, Rates { rows_per_second: 10, batches_per_second: 1 });
    let app = app(&clickhouse, vec![key]).await;
    let with_key = [("x-qoe-key", text.as_str())];
    for _ in 0..10 {
        assert_eq!(post(&app, &with_key, ONE, 1).await.0, StatusCode::ACCEPTED);
    }
    let (status, headers, said) = post(&app, &with_key, ONE, 1).await;
    assert_eq!((status, &headers["retry-after"]), (StatusCode::TOO_MANY_REQUESTS, &"1".parse().unwrap()), "{said}");
    assert!(said.contains("1 batches/s from one address"), "{said}");
    // Another address sends on, until the rows of the key are used up: 90 are left of the 100 saved up, the batch goes 10 rows beyond.
    let other = "203.0.113.2:50000";
    assert_eq!(post(&app, &with_key, other, 100).await.0, StatusCode::ACCEPTED);
    let (status, headers, said) = post(&app, &with_key, other, 1).await;
    assert_eq!((status, &headers["retry-after"]), (StatusCode::TOO_MANY_REQUESTS, &"2".parse().unwrap()), "{said}");
    assert_eq!(headers["access-control-expose-headers"], "retry-after");
    let metrics = app.oneshot(Request::get("/metrics").body(Body::empty()).unwrap()).await.unwrap();
    let metrics = String::from_utf8(to_bytes(metrics.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
    for line in [
        "qoe_refused_uses_total{reason=\"too_many_batches\"} 1",
        "qoe_refused_uses_total{reason=\"too_many_rows\"} 1",
        "qoe_ingest_paced_senders 2",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn any_page_may_call_the_intake_and_none_may_read_the_metrics() {
    let clickhouse = ClickHouse::start().await;
    let app = app(&clickhouse, Vec::new()).await;
    for (path, shared) in [("/sdk/qoe.js", true), ("/metrics", false), ("/healthz", false)] {
        let request = Request::get(path).header("origin", "https://elsewhere.example").body(Body::empty()).unwrap();
        let headers = app.clone().oneshot(request).await.unwrap().headers().clone();
        assert_eq!(headers.contains_key("access-control-allow-origin"), shared, "{path}");
    }
}
