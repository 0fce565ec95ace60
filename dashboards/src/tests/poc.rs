//! The addresses of a POC that was written down, over answers that are made up.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use qoe_query::poc::{Industry, Language, example};
use tower::ServiceExt;

use super::{HOSTILE, Scripted, contains, settings};
use crate::router_over;

fn text() -> String {
    example(Industry::Finance, Language::English)
}

async fn asked(request: Request<Body>) -> (StatusCode, String) {
    let response = router_over(Scripted::boards([]), settings()).oneshot(request).await.unwrap();
    let status = response.status();
    assert_eq!(response.headers()["cache-control"], "no-store");
    (status, String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap())
}

async fn post(path: &str, body: impl Into<Body>) -> (StatusCode, String) {
    asked(Request::post(path).header("accept-language", "en").body(body.into()).unwrap()).await
}

async fn get(path: &str) -> (StatusCode, String) {
    asked(Request::get(path).header("accept-language", "en").body(Body::empty()).unwrap()).await
}

async fn paste(path: &str, text: &str) -> (StatusCode, String) {
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded").header("accept-language", "en");
    asked(request.body(format!("poc={encoded}&since=7d").into()).unwrap()).await
}

#[tokio::test]
async fn each_step_takes_the_text_of_a_file() {
    for (step, name) in [("plan", "Plan"), ("check", "Check"), ("compare", "Compare"), ("claims", "Claims"), ("scorecard", "Scorecard")] {
        let (status, answer) = post(&format!("/api/poc/{step}?since=7d"), text()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        contains(&answer, &[&format!("\"step\":\"{name}\""), "\"poc\":\"vendor POC, finance\""]);
    }
    let (status, answer) = get("/api/poc/claims?claim=joined%20%3E%3D%2099%25&claim=connect_ms%20p95%20%3C%3D%20600").await;
    assert_eq!(status, StatusCode::OK);
    contains(&answer, &["\"step\":\"Claims\"", "\"claims\":2"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_with_line_and_key() {
    let broken = text().replace("[0.5, 0.5]", "[0.5, 0.6]");
    for (path, body, status, wanted) in [
        ("/api/poc/plan", broken.clone(), StatusCode::BAD_REQUEST, "line 13, vendors.allocation: the shares add up to 1.1"),
        ("/api/poc/plan", String::new(), StatusCode::BAD_REQUEST, "bad_poc"),
        ("/api/poc/plan?since=soon", text(), StatusCode::BAD_REQUEST, "bad_link"),
        ("/api/poc/plan?project=nowhere", text(), StatusCode::NOT_FOUND, "unknown_project"),
        ("/api/poc/check?project=away", text(), StatusCode::SERVICE_UNAVAILABLE, "clickhouse_away"),
        ("/api/poc/check", "#".repeat((1 << 20) + 1), StatusCode::PAYLOAD_TOO_LARGE, "longer than 1048576 bytes"),
    ] {
        let (got, answer) = post(path, body).await;
        assert_eq!(got, status, "{path}: {answer}");
        contains(&answer, &[wanted]);
    }
    assert_eq!(get("/api/poc/claims").await.0, StatusCode::BAD_REQUEST);
    let (status, page) = paste("/poc", &broken).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    contains(
        &page,
        &[
            "role=\"alert\" id=\"refused\">line 13, vendors.allocation",
            "allocation = [0.5, 0.6]",
            "<details class=\"pasted\" id=\"pasted\" open>",
        ],
    );
    assert_eq!(paste("/poc?project=away", &text()).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_form_takes_a_file_and_has_examples_to_start_from() {
    let (status, page) = get("/poc?example=education&project=shop&theme=dark").await;
    assert_eq!(status, StatusCode::OK);
    contains(
        &page,
        &["method=\"post\" action=\"/poc?project=shop", "name = &#34;vendor POC, education&#34;", "example=finance", "[[primary]]"],
    );
    assert!(!page.contains("<section"), "nothing is compared before it is asked");
    contains(&get("/poc?example=education&lang=zh").await.1, &["供应商 POC（education）", "全部作答", "电商"]);
    assert_eq!(get("/poc?example=farming").await.0, StatusCode::BAD_REQUEST);
    let (status, page) = paste("/poc?lang=zh", &text()).await;
    assert_eq!(status, StatusCode::OK);
    contains(&page, &["vendor POC, finance · ", "value=\"7d\"", "<section", "formaction=\"/poc?lang=en\""]);
    let (_, page) = paste("/poc", HOSTILE).await;
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "unescaped");
}
