//! One batch from its bytes to its answer: the same for a request and for a message of a stream.

use std::time::Duration;

use super::body::Payload;
use super::error::{self, ApiError};
use crate::admission::Arrival;
use crate::failpoint::{FailPoint, reach};
use crate::intake::Intake;
use crate::receipts::{Receipt, Sighting};
use crate::spool::Durability;
use crate::ticket::Outcome;
use crate::wire::{self, Batch};

/// A batch that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    batch_id: Option<String>,
    receipt: Receipt,
    sighting: Sighting,
    durability: Durability,
}

/// A batch that was not.
#[derive(Debug)]
pub(super) struct NotTaken {
    /// Its name, if it could be read that far.
    pub batch_id: Option<String>,
    /// Why.
    pub error: ApiError,
}

/// Takes a batch in. `sent_at` is what stood beside it.
pub(super) fn take(
    intake: &Intake,
    payload: &Payload,
    sent_at: Option<f64>,
    read: impl for<'a> FnOnce(&'a Payload) -> Result<Batch<'a>, ApiError>,
) -> Result<Taken, NotTaken> {
    let batch = read(payload).map_err(|error| NotTaken { batch_id: None, error })?;
    let batch_id = batch.batch_id.as_deref().map(str::to_owned);
    let sender = payload.sender();
    let arrival = Arrival { batch: &batch, key: sender.key.as_deref(), peer: sender.peer(), sent_at, received_at: intake.now() };
    match intake.take(arrival) {
        Ok((receipt, sighting)) => Ok(Taken { batch_id, receipt, sighting, durability: intake.delivery().spool().config().durability }),
        Err(error) => Err(NotTaken { batch_id, error: error.into() }),
    }
}

impl Taken {
    /// The same, once its rows are safe.
    pub async fn kept(self, within: Duration) -> Result<Taken, NotTaken> {
        let error = match tokio::time::timeout(within, self.receipt.ticket.outcome()).await {
            Ok(Outcome::Kept) => {
                reach(FailPoint::BeforeAnswer);
                return Ok(self);
            }
            Ok(Outcome::Lost) | Err(_) => ApiError::NotStoredYet,
        };
        Err(NotTaken { batch_id: self.batch_id, error })
    }

    /// What its sender is told.
    pub fn answer(&self) -> wire::Receipt<'_> {
        wire::Receipt {
            batch_id: self.batch_id.as_deref(),
            accepted: self.receipt.accepted,
            rejected: error::listed(&self.receipt.rejections),
            duplicate: self.sighting == Sighting::Again,
            durability: (self.durability != Durability::Fsync).then(|| self.durability.to_string()),
        }
    }
}
