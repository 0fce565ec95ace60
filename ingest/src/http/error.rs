//! What a request is answered when it is not taken: one type, one status each. A 4xx says what to mend; a 5xx says when to come again.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::access::AccessError;
use crate::admission::BatchRefusal;
use crate::delivery::Backpressure;
use crate::intake::IntakeError;
use crate::refusal::Rejection;
use crate::wire;

/// When to come again after an outage, seconds: as often as the worker asks ClickHouse.
const RETRY_WHEN_AWAY: u32 = 5;
/// When to come again after a full queue or a slow insert, seconds.
const RETRY_SOON: u32 = 2;

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("{0}")]
    BadRequest(String),
    #[error("{0}")]
    MediaType(String),
    #[error("the {what} is larger than {limit} bytes: send it in parts")]
    TooLarge { what: &'static str, limit: usize },
    #[error("the body did not arrive within {} s", within.as_secs())]
    Timeout { within: Duration },
    #[error(transparent)]
    Refused(#[from] BatchRefusal),
    #[error("{}", crate::admission::summary(.0))]
    NothingKept(Vec<Rejection>),
    #[error("{0}: send it again later")]
    Backpressure(#[from] Backpressure),
    #[error("the rows are not stored yet: send the batch again, with the same batch_id")]
    NotStoredYet,
    #[error("the rows could not be stored, by a fault of the server's that was logged")]
    StorageRefused,
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

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        ApiError::BadRequest(format!("the address: {}", rejection.body_text()))
    }
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            ApiError::BadRequest(_) => StatusCode::BAD_REQUEST,
            ApiError::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::TooLarge { .. } | ApiError::Refused(BatchRefusal::TooManyRows { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::Timeout { .. } => StatusCode::REQUEST_TIMEOUT,
            ApiError::Refused(BatchRefusal::Access(error)) => access_status(error),
            ApiError::Refused(BatchRefusal::Context(_) | BatchRefusal::SentAt { .. }) | ApiError::NothingKept(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ApiError::Backpressure(_) | ApiError::NotStoredYet => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::StorageRefused | ApiError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn retry_after(&self) -> Option<u32> {
        match self {
            ApiError::Refused(BatchRefusal::Access(error)) => error.retry_after_s().map(NonZeroU32::get),
            ApiError::Backpressure(Backpressure::Away) => Some(RETRY_WHEN_AWAY),
            ApiError::Backpressure(Backpressure::Full { .. }) | ApiError::NotStoredYet => Some(RETRY_SOON),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        tracing::debug!(status = status.as_u16(), error = %self, "refused a request");
        let rejections: &[Rejection] = if let ApiError::NothingKept(rejections) = &self { rejections } else { &[] };
        let refused = wire::Refused { error: self.to_string(), rejected: listed(rejections) };
        let mut response = (status, Json(refused)).into_response();
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
