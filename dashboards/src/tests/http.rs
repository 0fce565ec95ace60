//! The addresses: statuses, headers, problems, and the shapes of the JSON.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use expect_test::{Expect, expect};
use qoe_query::board::Board;
use serde_json::Value;
use tower::ServiceExt;

use super::{Scripted, away, board, failing, settings};
use crate::router_over;
use crate::source::SourceError;

async fn get(path: &str, answer: Result<Arc<Board>, SourceError>) -> Response {
    let request = Request::get(path).header("accept-language", "en").body(Body::empty()).unwrap();
    router_over(Scripted::boards([answer]), settings()).oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn pages_carry_a_policy_that_allows_nothing_foreign() {
    let page = get("/board", Ok(board())).await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert!(text(page).await.contains("</html>"));
    let root = get("/", Ok(board())).await;
    assert_eq!((root.status(), &root.headers()["location"]), (StatusCode::TEMPORARY_REDIRECT, &"/board".parse().unwrap()));
}

#[tokio::test]
async fn what_is_wrong_with_a_link_is_said_with_the_status_it_deserves() {
    for (path, answer, status, wanted) in [
        ("/board?f.colour=red", Ok(board()), StatusCode::BAD_REQUEST, "unknown filter f.colour"),
        ("/poc?metric=connect_ms", Ok(board()), StatusCode::BAD_REQUEST, "NAME:lower or NAME:higher"),
        ("/poc?stratum=vendor", Ok(board()), StatusCode::BAD_REQUEST, "stratum=vendor is not understood"),
        ("/poc?project=nowhere", Ok(board()), StatusCode::NOT_FOUND, "There is no project “nowhere”"),
        ("/poc?project=away&lang=en", Ok(board()), StatusCode::SERVICE_UNAVAILABLE, "http-equiv=\"refresh\" content=\"3\""),
        ("/satisfaction?by=colour", Ok(board()), StatusCode::BAD_REQUEST, "by=colour is not understood"),
        ("/satisfaction?kind=joy&lang=zh", Ok(board()), StatusCode::BAD_REQUEST, "无法识别此链接"),
        ("/satisfaction?project=nowhere", Ok(board()), StatusCode::NOT_FOUND, "There is no project “nowhere”"),
        ("/satisfaction?project=away", Ok(board()), StatusCode::SERVICE_UNAVAILABLE, "http-equiv=\"refresh\" content=\"3\""),
        ("/board?f.colour=red&lang=zh", Ok(board()), StatusCode::BAD_REQUEST, "无法识别此链接"),
        ("/board?project=nowhere", Ok(board()), StatusCode::NOT_FOUND, "There is no project “nowhere”"),
        ("/session/s-2", Ok(board()), StatusCode::NOT_FOUND, "There is no session “s-2”"),
        ("/board", Err(away()), StatusCode::SERVICE_UNAVAILABLE, "http-equiv=\"refresh\" content=\"3\""),
        ("/board", Err(failing()), StatusCode::INTERNAL_SERVER_ERROR, "cannot be computed"),
    ] {
        let response = get(path, answer).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers().contains_key("retry-after"), status == StatusCode::SERVICE_UNAVAILABLE);
        let page = text(response).await;
        assert!(page.contains(wanted), "{path}: {page}");
        assert!(!page.contains("no such column"), "causes belong into the log");
    }
}

#[tokio::test]
async fn an_api_problem_is_problem_json_with_a_stable_code() {
    let response = get("/api/board?f.colour=red", Ok(board())).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    expect![[r#"{"type":"about:blank","title":"This link is not understood","status":400,"code":"bad_link","detail":"unknown filter f.colour: use f.vendor, f.service, f.region, f.network, f.platform or f.app_version. Mend the link, or open the board without filters."}"#]]
        .assert_eq(&text(response).await);
    for (path, status, wanted) in [
        ("/api/satisfaction/curve", StatusCode::BAD_REQUEST, "name a measure of sessions"),
        ("/api/satisfaction/score?level=2", StatusCode::BAD_REQUEST, "such as 0.95"),
        ("/api/retention/effect?treatment=1=1", StatusCode::BAD_REQUEST, "such as rtt_ms>=250"),
        ("/api/retention/survival?colour=red", StatusCode::BAD_REQUEST, "unknown parameter colour"),
        ("/api/satisfaction/joy", StatusCode::NOT_FOUND, "/api/retention/cohorts"),
        ("/api/satisfaction/score?project=nowhere", StatusCode::NOT_FOUND, "unknown_project"),
        ("/api/satisfaction/score?project=away", StatusCode::SERVICE_UNAVAILABLE, "clickhouse_away"),
        ("/api/satisfaction/curve?measure=rtt_ms&level=0.9", StatusCode::OK, "{\"level\":0.9}"),
    ] {
        let response = get(path, Ok(board())).await;
        assert_eq!(response.status(), status, "{path}");
        let said = text(response).await;
        assert!(said.contains(wanted), "{path}: {said}");
    }
    let away = get("/api/board", Err(away())).await;
    assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(away).await.contains("\"code\":\"clickhouse_away\""));
}

/// One line a field: its path and the type of its value; of a list the first element.
fn shape(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| shape(value, &format!("{path}.{name}"), lines)),
        Value::Array(items) if !items.is_empty() => shape(&items[0], &format!("{path}[]"), lines),
        Value::Array(_) => lines.push(format!("{path}[]")),
        Value::Null => lines.push(format!("{path}: null")),
        Value::Bool(_) => lines.push(format!("{path}: bool")),
        Value::Number(_) => lines.push(format!("{path}: number")),
        Value::String(_) => lines.push(format!("{path}: string")),
    }
}

async fn check_shape(path: &str, expected: Expect) {
    let answer: Value = serde_json::from_str(&text(get(path, Ok(board())).await).await).unwrap();
    let mut lines = Vec::new();
    shape(&answer, "", &mut lines);
    lines.sort();
    expected.assert_eq(&lines.join("\n"));
}

#[tokio::test]
async fn the_board_answers_in_this_shape() {
    check_shape(
        "/api/board?f.vendor=borealis",
        expect![[r#"
            .as_of: string
            .choices.app_version[].sessions: number
            .choices.app_version[].value: string
            .choices.network[].sessions: number
            .choices.network[].value: string
            .choices.platform[].sessions: number
            .choices.platform[].value: string
            .choices.region[].sessions: number
            .choices.region[].value: string
            .choices.service[].sessions: number
            .choices.service[].value: string
            .choices.vendor[].sessions: number
            .choices.vendor[].value: string
            .filter.vendor: string
            .lag_ms: number
            .minutes[].at: string
            .minutes[].bad: number
            .minutes[].connect_ms_p95: number
            .minutes[].freeze_ratio_p95: number
            .minutes[].good: number
            .minutes[].jitter_ms_p95: number
            .minutes[].loss_ratio_p95: number
            .minutes[].mos_nb_mean: number
            .minutes[].response_ms_p95: number
            .minutes[].rtt_ms_p50: number
            .minutes[].rtt_ms_p95: number
            .minutes[].sessions: number
            .minutes[].silent: number
            .minutes[].unclassified: number
            .missing.batches: number
            .missing.sessions: number
            .newest: string
            .now.gone_silent[].bad_minutes: number
            .now.gone_silent[].call_id: string
            .now.gone_silent[].dimensions.app_version: string
            .now.gone_silent[].dimensions.network: string
            .now.gone_silent[].dimensions.platform: string
            .now.gone_silent[].dimensions.region: string
            .now.gone_silent[].dimensions.service: string
            .now.gone_silent[].dimensions.vendor: string
            .now.gone_silent[].first_at: string
            .now.gone_silent[].good_minutes: number
            .now.gone_silent[].last_at: string
            .now.gone_silent[].session_id: string
            .now.gone_silent_sessions: number
            .now.live_sessions: number
            .now.live_sessions_by_service[].sessions: number
            .now.live_sessions_by_service[].value: string
            .project: string
            .slices[].bad_minutes: number
            .slices[].bad_ratio.high: number
            .slices[].bad_ratio.low: number
            .slices[].bad_ratio.n: number
            .slices[].bad_ratio.value: number
            .slices[].clear: bool
            .slices[].excess_bad_minutes.high: number
            .slices[].excess_bad_minutes.low: number
            .slices[].excess_bad_minutes.n: number
            .slices[].excess_bad_minutes.value: number
            .slices[].filter.region: string
            .slices[].filter.vendor: string
            .slices[].judged_minutes: number
            .slices[].onset: string
            .slices[].rest_bad_ratio.high: number
            .slices[].rest_bad_ratio.low: number
            .slices[].rest_bad_ratio.n: number
            .slices[].rest_bad_ratio.value: number
            .slices[].series[].at: string
            .slices[].series[].bad_minutes: number
            .slices[].series[].judged_minutes: number
            .slices[].sessions: number
            .windows[].connect_best_ratio.high: number
            .windows[].connect_best_ratio.low: number
            .windows[].connect_best_ratio.n: number
            .windows[].connect_best_ratio.value: number
            .windows[].connect_ms.n: number
            .windows[].connect_ms.p50: number
            .windows[].connect_ms.p95: number
            .windows[].freeze_ratio.n: number
            .windows[].freeze_ratio.p50: number
            .windows[].freeze_ratio.p95: number
            .windows[].good_minutes.bad: number
            .windows[].good_minutes.good: number
            .windows[].good_minutes.good_ratio.high: number
            .windows[].good_minutes.good_ratio.low: number
            .windows[].good_minutes.good_ratio.n: number
            .windows[].good_minutes.good_ratio.value: number
            .windows[].good_minutes.good_ratio_if_silent_bad: number
            .windows[].good_minutes.good_ratio_if_silent_good: number
            .windows[].good_minutes.silent: number
            .windows[].good_minutes.unclassified: number
            .windows[].interruption_ms: null
            .windows[].jitter_ms.n: number
            .windows[].jitter_ms.p50: number
            .windows[].jitter_ms.p95: number
            .windows[].join_success_ratio.high: number
            .windows[].join_success_ratio.low: number
            .windows[].join_success_ratio.n: number
            .windows[].join_success_ratio.value: number
            .windows[].loss_ratio.n: number
            .windows[].loss_ratio.p50: number
            .windows[].loss_ratio.p95: number
            .windows[].mos[].assumptions[]: string
            .windows[].mos[].band: string
            .windows[].mos[].mean: number
            .windows[].mos[].n: number
            .windows[].mos[].p5: number
            .windows[].response_ms.n: number
            .windows[].response_ms.p50: number
            .windows[].response_ms.p95: number
            .windows[].rtt_ms.n: number
            .windows[].rtt_ms.p50: number
            .windows[].rtt_ms.p95: number
            .windows[].session_minutes: number
            .windows[].sessions: number
            .windows[].window_minutes: number
            .worst[].bad_minutes: number
            .worst[].call_id: string
            .worst[].dimensions.app_version: string
            .worst[].dimensions.network: string
            .worst[].dimensions.platform: string
            .worst[].dimensions.region: string
            .worst[].dimensions.service: string
            .worst[].dimensions.vendor: string
            .worst[].first_at: string
            .worst[].good_minutes: number
            .worst[].last_at: string
            .worst[].session_id: string"#]],
    )
    .await;
}

#[tokio::test]
async fn a_session_answers_in_this_shape() {
    check_shape(
        "/api/session/s-1",
        expect![[r#"
        .cut_off: bool
        .events[].at: string
        .events[].detail: string
        .events[].name: string
        .feedback[].at: string
        .feedback[].kind: string
        .feedback[].scale_high: number
        .feedback[].scale_low: number
        .feedback[].score: number
        .feedback[].text: string
        .first_at: string
        .keys.app_version: string
        .keys.call_id: string
        .keys.country: string
        .keys.device_class: string
        .keys.industry: string
        .keys.network: string
        .keys.os: string
        .keys.platform: string
        .keys.project: string
        .keys.region: string
        .keys.scenario: string
        .keys.service: string
        .keys.session_id: string
        .keys.user_id: string
        .keys.vendor: string
        .last_at: string
        .minutes[].at: string
        .minutes[].missed[]
        .minutes[].mos: number
        .minutes[].mos_band: string
        .minutes[].verdict: string
        .state: string
        .streams[].codec: string
        .streams[].direction: string
        .streams[].kind: string
        .streams[].points[].at: string
        .streams[].points[].audible_concealment_ratio: number
        .streams[].points[].bitrate_kbps: number
        .streams[].points[].frame_rate: null
        .streams[].points[].freeze_ms: null
        .streams[].points[].gap_ms: number
        .streams[].points[].height_px: null
        .streams[].points[].jitter_ms: number
        .streams[].points[].loss_ratio: number
        .streams[].points[].rtt_ms: number
        .streams[].stream_id: string
        .turns[].at: string
        .turns[].interruption_ms: number
        .turns[].response_ms: number"#]],
    )
    .await;
}

#[tokio::test]
async fn satisfaction_answers_in_this_shape() {
    check_shape(
        "/api/satisfaction?by=vendor",
        expect![[r#"
            .by[]: string
            .dimension: string
            .kind: string
            .report: null
            .since: string
            .until: string"#]],
    )
    .await;
}
