//! The HTTP intake: `POST /v1/telemetry`, `/v1/feedback` and the stream as `WIRE.md` says, the browser client, health and metrics.

mod body;
mod error;
mod metrics;
mod reception;
mod sender;
mod stream;

use std::any::Any;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any as AnyOrigin, CorsLayer};

use crate::intake::Intake;
use crate::wire::{Attempt, Batch};
use body::Payload;
use error::ApiError;

/// The key of a project, beside the body.
const KEY: HeaderName = HeaderName::from_static("x-qoe-key");

/// How long a browser may go without asking again whether it may send, seconds: a day, of which Chrome believes two hours.
const PREFLIGHT_SECONDS: u64 = 86_400;

/// The routes of the intake.
pub fn router(intake: Intake) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(AnyOrigin)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::CONTENT_ENCODING, KEY])
        .expose_headers([header::RETRY_AFTER])
        .max_age(std::time::Duration::from_secs(PREFLIGHT_SECONDS));
    // What any web page may call and read. Health and metrics are not among it.
    let public = Router::new()
        .route("/v1/telemetry", post(post_telemetry))
        .route("/v1/feedback", post(post_feedback))
        .route("/v1/stream", get(stream::open))
        .route("/sdk/qoe.js", get(|| sdk("text/javascript; charset=utf-8", include_str!("../browser/qoe.js"))))
        .route("/sdk/qoe.d.ts", get(|| sdk("application/typescript; charset=utf-8", include_str!("../browser/qoe.d.ts"))))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors);
    Router::new()
        .merge(public)
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(intake)
}

/// One message of a stream, without the socket: what the fuzz targets send.
#[doc(hidden)]
pub fn answer_message(intake: &Intake, text: bytes::Bytes) -> impl Future<Output = String> + use<> {
    stream::answer(intake, &sender::Sender::default(), text)
}

async fn post_telemetry(
    State(intake): State<Intake>,
    attempt: Result<Query<Attempt>, QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    receive(intake, attempt, request, Payload::batch).await
}

async fn post_feedback(
    State(intake): State<Intake>,
    attempt: Result<Query<Attempt>, QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    receive(intake, attempt, request, Payload::feedback).await
}

async fn receive(
    intake: Intake,
    attempt: Result<Query<Attempt>, QueryRejection>,
    request: Request,
    read: impl for<'a> FnOnce(&'a Payload) -> Result<Batch<'a>, ApiError>,
) -> Result<Response, ApiError> {
    let Query(attempt) = attempt?;
    // What does not hang on the project, before the body is read.
    intake.delivery().spool().check("")?;
    let payload = body::receive(&intake, request).await?;
    let taken = reception::take(&intake, &payload, attempt.sent_at, read)?;
    // Many requests wait at once; their bodies need not.
    drop(payload);
    let kept = taken.kept(intake.config().answer_within).await?;
    Ok((StatusCode::ACCEPTED, Json(kept.answer())).into_response())
}

/// An hour in caches: a page picks up a new client within its next visit.
async fn sdk(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "public, max-age=3600")], text)
}

/// Ready is who takes rows; that ClickHouse is away is said, and no reason to send them elsewhere.
async fn ready(State(intake): State<Intake>) -> Result<&'static str, ApiError> {
    intake.delivery().spool().check("")?;
    Ok(if intake.delivery().is_available() { "ok\n" } else { "ok, ClickHouse is away: rows wait in the spool\n" })
}

async fn health(State(intake): State<Intake>) -> String {
    format!("ok\ndurability {}\n", intake.delivery().spool().config().durability)
}

async fn metrics(State(intake): State<Intake>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::text(&intake))
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said.unwrap_or("without words"), "a request handler panicked");
    ApiError::Internal.into_response()
}
