//! A request's body: within its limits, unpacked, and in a format we read.

use std::error::Error;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::BytesMut;
use futures::StreamExt;
use tokio::sync::OwnedSemaphorePermit;
use tower_http::BoxError;

use super::KEY;
use super::error::ApiError;
use crate::intake::Intake;
use crate::wire::Batch;

/// Takes the body in as it was sent, within its size and time, before anything unpacks it.
pub(super) async fn within_limits(State(intake): State<Intake>, request: Request, next: Next) -> Result<Response, ApiError> {
    let config = intake.config();
    let (mut parts, body) = request.into_parts();
    let limit = config.encoded_bytes;
    let stated = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if stated.is_some_and(|stated| stated > limit) {
        return Err(ApiError::TooLarge { what: "body", limit });
    }
    let taken = async {
        // The turn goes with the request, and ends where its body is unpacked.
        parts.extensions.insert(Turn { _permit: intake.turn().await.map(Arc::new) });
        collect(body, limit).await
    };
    let bytes = match tokio::time::timeout(config.body_within, taken).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(CollectError::TooLarge)) => return Err(ApiError::TooLarge { what: "body", limit }),
        Ok(Err(CollectError::Broken(error))) => return Err(ApiError::BadRequest(format!("the body broke off: {error}"))),
        Err(_) => return Err(ApiError::Timeout { within: config.body_within }),
    };
    Ok(next.run(Request::from_parts(parts, Body::from(bytes))).await)
}

/// Leave to hold a body.
#[derive(Debug, Clone)]
struct Turn {
    _permit: Option<Arc<OwnedSemaphorePermit>>,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Ndjson,
}

impl Format {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" | "text/plain" => Ok(Format::Json),
            "application/x-ndjson" => Ok(Format::Ndjson),
            _ => Err(ApiError::MediaType(format!(
                "content type {stated:?} is not read here: send application/json, the same as text/plain, or application/x-ndjson"
            ))),
        }
    }
}

/// A body, unpacked.
#[derive(Debug)]
pub(super) struct Payload {
    format: Format,
    key: Option<String>,
    bytes: Bytes,
}

/// Reads a body of up to `limit` bytes unpacked.
pub(super) async fn read(request: Request, limit: usize) -> Result<Payload, ApiError> {
    let headers = request.headers();
    let format = Format::of(headers)?;
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|encoding| encoding.as_bytes() != b"identity") {
        return Err(ApiError::MediaType(format!("content encoding {encoding:?} is not read here: send gzip, zstd, or none")));
    }
    let key = headers.get(KEY).and_then(|key| key.to_str().ok()).map(str::to_owned);
    let (parts, body) = request.into_parts();
    let collected = collect(body, limit).await;
    drop(parts);
    match collected {
        Ok(bytes) => Ok(Payload { format, key, bytes }),
        Err(CollectError::TooLarge) => Err(ApiError::TooLarge { what: "unpacked body", limit }),
        Err(CollectError::Broken(error)) => Err(ApiError::BadRequest(format!("the body cannot be unpacked: {error}"))),
    }
}

impl Payload {
    /// The key that came beside the body.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The batch it holds.
    pub fn batch(&self) -> Result<Batch<'_>, ApiError> {
        let batch = match self.format {
            Format::Json => Batch::from_json(&self.bytes),
            Format::Ndjson => Batch::from_ndjson(&self.bytes),
        };
        batch.map_err(|error| ApiError::BadRequest(error.to_string()))
    }

    /// The one answer it holds.
    pub fn feedback(&self) -> Result<Batch<'_>, ApiError> {
        Batch::from_feedback(&self.bytes).map_err(|error| ApiError::BadRequest(error.to_string()))
    }
}

enum CollectError {
    TooLarge,
    Broken(String),
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, CollectError> {
    let mut stream = body.into_data_stream();
    let mut all = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| CollectError::Broken(innermost(error.into())))?;
        if all.len() + chunk.len() > limit {
            return Err(CollectError::TooLarge);
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}

/// What went wrong at the bottom: the layers above only say that something did.
fn innermost(error: BoxError) -> String {
    let mut error: &(dyn Error + 'static) = error.as_ref();
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
