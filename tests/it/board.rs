//! The live board over a real ClickHouse that goes away and comes back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use qoe_dashboards::Settings;
use qoe_fixtures::{Fleet, FleetConfig};
use qoe_query::Definitions;
use qoe_query::board::Boards;
use qoe_store::Millis;
use tower::ServiceExt;

use crate::support::{database, gate, insert};

async fn status(app: &Router, path: &str) -> StatusCode {
    app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap().status()
}

/// Waits until what an open board is sent holds (or no longer holds) these words.
async fn until(events: &mut (impl futures::Stream<Item = String> + Unpin), wanted: impl Fn(&str) -> bool) {
    let heard = async {
        while let Some(event) = events.next().await {
            if wanted(&event) {
                return;
            }
        }
        panic!("the stream of events ended");
    };
    tokio::time::timeout(Duration::from_secs(30), heard).await.expect("the open board was not told within 30 s");
}

#[tokio::test]
async fn an_outage_is_shown_and_the_board_comes_back_by_itself() {
    let endpoint = database().await;
    let now = chrono::Utc::now().timestamp_millis();
    let config = FleetConfig { concurrent_sessions: 20, start: Millis(now - 300_000), ..FleetConfig::demo("p", 3, Millis(now)) };
    insert(&endpoint, &Fleet::new(config).advance(Millis(now)), 1).await;

    let (gated, open) = gate(&endpoint).await;
    let boards = Boards::new(gated, Definitions::default(), vec!["p".into()]);
    let app = qoe_dashboards::router(boards, Settings { default_project: "p".into(), version: "test".into() });
    assert_eq!(status(&app, "/board").await, StatusCode::OK);

    let watching = app.clone().oneshot(Request::get("/board/events").body(Body::empty()).unwrap()).await.unwrap();
    let mut events = Box::pin(watching.into_body().into_data_stream().map(|chunk| String::from_utf8_lossy(&chunk.unwrap()).into_owned()));
    until(&mut events, |event| event.contains("data-newest")).await;

    open.store(false, Ordering::SeqCst);
    until(&mut events, |event| event.contains("ClickHouse does not answer")).await;
    assert_eq!(status(&app, "/board").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status(&app, "/api/board").await, StatusCode::SERVICE_UNAVAILABLE);

    open.store(true, Ordering::SeqCst);
    until(&mut events, |event| event.contains("data-newest") && !event.contains("ClickHouse does not answer")).await;
    assert_eq!(status(&app, "/board").await, StatusCode::OK);
}
