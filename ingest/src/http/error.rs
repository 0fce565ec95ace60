//! What a request is answered when it is not taken: one type, one status each. A 4xx says what to mend; a 5xx says when to come again.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::access::AccessError;
use crate::admission::BatchRefusal;
use crate::edge::shape::ShapeError;
use crate::edge::streams::TooManyStreams;
use crate::edge::unpack::{EncodingError, UnpackError};
use crate::intake::IntakeError;
use crate::refusal::Rejection;
use crate::spool::Backpressure;
use crate::wire;

use super::reception::NotTaken;

/// When to open a stream again where there were too many, seconds: long enough for some to end.
const RETRY_STREAM: u32 = 30;
/// When to come again when rows come faster than they can be written, or the server restarts, seconds.
const RETRY_SOON: u32 = 2;
/// When to come again when room has to be made, seconds.
const RETRY_WHEN_FULL: u32 = 10;
/// When to come again when somebody has to mend something, seconds.
const RETRY_WHEN_FAILED: u32 = 60;

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("{0}")]
    BadRequest(String),
    #[error("{0}")]
    MediaType(String),
    #[error("the {what} is larger than {limit} bytes: send it in parts")]
    TooLarge { what: &'static str, limit: usize },
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    #[error(transparent)]
    Packed(#[from] UnpackError),
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error("the body did not arrive within {} s", within.as_secs())]
    Timeout { within: Duration },
    #[error(transparent)]
    Refused(#[from] BatchRefusal),
    #[error("{}", crate::admission::summary(.0))]
    NothingKept(Vec<Rejection>),
    #[error("{0}: send it again later")]
    Backpressure(#[from] Backpressure),
    #[error(transparent)]
    TooManyStreams(#[from] TooManyStreams),
    #[error("the rows are not on disk yet: send the batch again, with the same batch_id")]
    NotStoredYet,
    #[error("something went wrong here, and was logged")]
    Internal,
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Backpressure(error) => ApiError::Backpressure(error),
            IntakeError::Refused(refusal) => ApiError::Refused(refusal),
            IntakeError::NothingKept(rejections) => ApiError::NothingKept(rejections),
        }
    }
}

impl From<NotTaken> for ApiError {
    fn from(NotTaken { error, .. }: NotTaken) -> Self {
        error
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        ApiError::BadRequest(format!("the address: {}", rejection.body_text()))
    }
}

impl ApiError {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            ApiError::BadRequest(_)
            | ApiError::Packed(UnpackError::Broken { .. } | UnpackError::TooManyMembers)
            | ApiError::Shape(ShapeError::Nested { .. } | ShapeError::WideObject { .. }) => StatusCode::BAD_REQUEST,
            ApiError::MediaType(_) | ApiError::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::TooLarge { .. }
            | ApiError::Packed(UnpackError::TooLarge { .. } | UnpackError::TooTight { .. })
            | ApiError::Shape(ShapeError::LongArray { .. } | ShapeError::ManyLines)
            | ApiError::Refused(BatchRefusal::TooManyRows { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::Timeout { .. } => StatusCode::REQUEST_TIMEOUT,
            ApiError::Refused(BatchRefusal::Access(error)) => access_status(error),
            ApiError::Refused(BatchRefusal::Context(_) | BatchRefusal::SentAt { .. }) | ApiError::NothingKept(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ApiError::Backpressure(Backpressure::Quota { .. }) => StatusCode::TOO_MANY_REQUESTS,
            ApiError::Backpressure(_) | ApiError::TooManyStreams(_) | ApiError::NotStoredYet => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// When to come again, seconds.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            ApiError::Backpressure(Backpressure::Busy { .. } | Backpressure::Ending) | ApiError::NotStoredYet => Some(RETRY_SOON),
            ApiError::Backpressure(Backpressure::Full { .. } | Backpressure::DiskFull | Backpressure::Quota { .. }) => {
                Some(RETRY_WHEN_FULL)
            }
            ApiError::Backpressure(Backpressure::DiskFailed) => Some(RETRY_WHEN_FAILED),
            ApiError::TooManyStreams(_) => Some(RETRY_STREAM),
            ApiError::Refused(BatchRefusal::Access(error)) => error.retry_after_s().map(NonZeroU32::get),
            _ => None,
        }
    }

    /// The body of the answer.
    pub fn refused(&self) -> wire::Refused {
        let rejections: &[Rejection] = if let ApiError::NothingKept(rejections) = self { rejections } else { &[] };
        wire::Refused { error: self.to_string(), rejected: listed(rejections) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        tracing::debug!(status = status.as_u16(), error = %self, "refused a request");
        let mut response = (status, Json(self.refused())).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// No key that is good for it: 401. A good key, the wrong page: 403.
fn access_status(error: &AccessError) -> StatusCode {
    match error {
        AccessError::UnknownProject { .. } => StatusCode::NOT_FOUND,
        AccessError::WrongOrigin { .. } => StatusCode::FORBIDDEN,
        AccessError::TooManyRows { .. } | AccessError::TooManyBatches { .. } => StatusCode::TOO_MANY_REQUESTS,
        AccessError::WrongKey { .. } | AccessError::WrongKind { .. } | AccessError::WrongProject { .. } | AccessError::Revoked { .. } => {
            StatusCode::UNAUTHORIZED
        }
    }
}

/// Rows that were not kept, for the wire.
pub(super) fn listed(rejections: &[Rejection]) -> Vec<wire::Rejected> {
    rejections.iter().map(|rejection| wire::Rejected { row: rejection.row, reason: rejection.refusal.reason.clone() }).collect()
}
