//! A request's body: within its limits, unpacked, and in a format we read.

use std::error::Error;

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use bytes::BytesMut;
use futures::StreamExt;

use super::error::ApiError;
use super::sender::Sender;
use crate::edge::shape::{self, Format};
use crate::edge::unpack::{Encoding, unpack};
use crate::intake::Intake;
use crate::wire::Batch;

/// What was sent, unpacked and measured, and what came beside it.
#[derive(Debug)]
pub(super) struct Payload {
    format: Format,
    sender: Sender,
    bytes: Bytes,
}

/// Takes a body in, within its size and time. What its headers rule out is refused before it is read.
pub(super) async fn receive(intake: &Intake, request: Request) -> Result<Payload, ApiError> {
    let config = intake.config();
    let headers = request.headers();
    let (format, encoding, sender) = (format(headers)?, Encoding::of(headers)?, Sender::of(headers, request.extensions()));
    let limit = config.encoded_bytes;
    let stated = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if stated.is_some_and(|stated| stated > limit) {
        return Err(ApiError::TooLarge { what: "body", limit });
    }
    let arrival = async {
        let turn = intake.turn().await;
        let sent = collect(request.into_body(), Bounds { stated: stated.unwrap_or(0), limit }).await?;
        // The turn ends where the body is unpacked.
        let bytes = unpack(encoding, sent, config.decoded_bytes)?;
        drop(turn);
        Payload::new(format, sender, bytes)
    };
    match tokio::time::timeout(config.body_within, arrival).await {
        Ok(payload) => payload,
        Err(_) => Err(ApiError::Timeout { within: config.body_within }),
    }
}

fn format(headers: &HeaderMap) -> Result<Format, ApiError> {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" | "text/plain" => Ok(Format::Json),
        "application/x-ndjson" => Ok(Format::Ndjson),
        _ => Err(ApiError::MediaType(format!(
            "content type {stated:?} is not read here: send application/json, the same as text/plain, or application/x-ndjson"
        ))),
    }
}

impl Payload {
    /// A body in a form that can be read.
    pub fn new(format: Format, sender: Sender, bytes: Bytes) -> Result<Self, ApiError> {
        shape::check(&bytes, format)?;
        Ok(Payload { format, sender, bytes })
    }

    /// Who sent it.
    pub fn sender(&self) -> &Sender {
        &self.sender
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

/// How long a body says to be, 0 if it does not say, and how long it may be; bytes.
#[derive(Clone, Copy)]
struct Bounds {
    stated: usize,
    limit: usize,
}

/// The whole body; one that comes in one piece is not copied.
async fn collect(body: Body, Bounds { stated, limit }: Bounds) -> Result<Bytes, ApiError> {
    let mut pieces = body.into_data_stream();
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| ApiError::BadRequest(format!("the body broke off: {}", innermost(error.into()))))?;
        if first.len() + all.len() + piece.len() > limit {
            return Err(ApiError::TooLarge { what: "body", limit });
        }
        if first.is_empty() && all.is_empty() {
            first = piece;
            continue;
        }
        if all.is_empty() {
            all.reserve(stated.max(first.len() + piece.len()));
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// What went wrong at the bottom: the layers above only say that something did.
fn innermost(error: BoxError) -> String {
    let mut error: &(dyn Error + 'static) = error.as_ref();
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
