//! The HTTP intake: `POST /v1/telemetry` and `/v1/feedback` as `WIRE.md` says, the browser client, health and metrics.

mod body;
mod error;
mod metrics;
mod sender;

use std::any::Any;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any as AnyOrigin, CorsLayer};
use tower_http::decompression::RequestDecompressionLayer;

use crate::admission::Arrival;
use crate::delivery::Outcome;
use crate::intake::Intake;
use crate::receipts::{Receipt, Sighting};
use crate::wire::{self, Attempt, Batch};
use body::Payload;
use error::ApiError;
use sender::Sender;

/// The key of a project, beside the body.
const KEY: HeaderName = HeaderName::from_static("x-qoe-key");

/// How long a browser may go without asking again whether it may send, seconds: a day, of which Chrome believes two hours.
const PREFLIGHT_SECONDS: u64 = 86_400;

/// The routes of the intake.
pub fn router(intake: Intake) -> Router {
    let posts = Router::new()
        .route("/v1/telemetry", post(post_telemetry))
        .route("/v1/feedback", post(post_feedback))
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .layer(middleware::from_fn_with_state(intake.clone(), body::within_limits));
    let cors = CorsLayer::new()
        .allow_origin(AnyOrigin)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::CONTENT_ENCODING, KEY])
        .expose_headers([header::RETRY_AFTER])
        .max_age(std::time::Duration::from_secs(PREFLIGHT_SECONDS));
    // What any web page may call and read. Health and metrics are not among it.
    let public = Router::new()
        .merge(posts)
        .route("/sdk/qoe.js", get(|| sdk("text/javascript; charset=utf-8", include_str!("../browser/qoe.js"))))
        .route("/sdk/qoe.d.ts", get(|| sdk("application/typescript; charset=utf-8", include_str!("../browser/qoe.d.ts"))))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors);
    Router::new()
        .merge(public)
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(intake)
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
    let sender = Sender::of(&request);
    intake.delivery().check()?;
    let payload = body::read(request, intake.config().decoded_bytes).await?;
    let taken = take(&intake, attempt, &sender, &payload, read)?;
    // Many requests wait at once; their bodies need not.
    drop(payload);
    match tokio::time::timeout(intake.config().answer_within, taken.receipt.ticket.outcome()).await {
        Ok(Outcome::Stored) => Ok((StatusCode::ACCEPTED, Json(taken.answer())).into_response()),
        Ok(Outcome::Refused { .. }) => Err(ApiError::StorageRefused),
        Ok(Outcome::Lost) | Err(_) => Err(ApiError::NotStoredYet),
    }
}

/// A batch that was taken, waiting to be stored.
struct Taken {
    batch_id: Option<String>,
    receipt: Receipt,
    sighting: Sighting,
}

fn take(
    intake: &Intake,
    attempt: Attempt,
    sender: &Sender,
    payload: &Payload,
    read: impl for<'a> FnOnce(&'a Payload) -> Result<Batch<'a>, ApiError>,
) -> Result<Taken, ApiError> {
    let batch = read(payload)?;
    let arrival = Arrival { batch: &batch, key: payload.key(), peer: sender.peer(), sent_at: attempt.sent_at, received_at: intake.now() };
    let (receipt, sighting) = intake.take(arrival)?;
    Ok(Taken { batch_id: batch.batch_id.as_deref().map(str::to_owned), receipt, sighting })
}

impl Taken {
    fn answer(&self) -> wire::Receipt<'_> {
        wire::Receipt {
            batch_id: self.batch_id.as_deref(),
            accepted: self.receipt.accepted,
            rejected: error::listed(&self.receipt.rejections),
            duplicate: self.sighting == Sighting::Again,
        }
    }
}

/// An hour in caches: a page picks up a new client within its next visit.
async fn sdk(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "public, max-age=3600")], text)
}

async fn ready(State(intake): State<Intake>) -> Result<&'static str, ApiError> {
    if intake.delivery().is_available() { Ok("ok\n") } else { Err(ApiError::Backpressure(crate::delivery::Backpressure::Away)) }
}

async fn metrics(State(intake): State<Intake>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::text(&intake))
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said.unwrap_or("without words"), "a request handler panicked");
    ApiError::Internal.into_response()
}
