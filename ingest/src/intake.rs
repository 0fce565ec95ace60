//! The intake: one batch from its arrival to its receipt.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use qoe_store::Millis;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Projects;
use crate::admission::{Admission, Arrival, BatchRefusal};
use crate::clock::Clocks;
use crate::delivery::{Backpressure, Delivery};
use crate::receipts::{BatchName, Receipt, Receipts, Sighting};
use crate::reducer::Reducer;
use crate::refusal::{Fault, Rejection};

/// How the intake treats its senders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeConfig {
    /// Largest body as it is sent, bytes: twenty of the browser client's batches.
    pub encoded_bytes: usize,
    /// Largest body unpacked, bytes: JSON packs about tenfold, and a bomb a thousandfold.
    pub decoded_bytes: usize,
    /// Most bodies that are read at once, which with the limit on each bounds their memory; others wait their turn.
    pub bodies: NonZeroUsize,
    /// How long a sender may take to send a body, its turn awaited.
    pub body_within: Duration,
    /// How long a sender waits for its rows to be stored before it is told to ask again.
    pub answer_within: Duration,
}

impl Default for IntakeConfig {
    fn default() -> Self {
        IntakeConfig {
            encoded_bytes: 1 << 20,
            decoded_bytes: 8 << 20,
            bodies: NonZeroUsize::new(256).unwrap_or(NonZeroUsize::MIN),
            body_within: Duration::from_secs(10),
            answer_within: Duration::from_secs(10),
        }
    }
}

/// What the intake took since it was made.
#[derive(Debug, Default)]
pub struct Counts {
    /// Batches taken.
    pub batches: AtomicU64,
    /// Batches that had come before.
    pub duplicates: AtomicU64,
    /// Rows kept.
    pub accepted: AtomicU64,
    rejected: [AtomicU64; Fault::ALL.len()],
}

impl Counts {
    /// Rows not kept, by kind of fault.
    pub fn rejected(&self) -> impl Iterator<Item = (Fault, u64)> {
        Fault::ALL.into_iter().zip(self.rejected.iter().map(|counter| counter.load(Relaxed)))
    }

    fn reject(&self, rejections: &[Rejection]) {
        for rejection in rejections {
            self.rejected[rejection.refusal.fault as usize].fetch_add(1, Relaxed);
        }
    }
}

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// There is no room for it now.
    #[error(transparent)]
    Backpressure(#[from] Backpressure),
    /// It cannot be taken as it is.
    #[error(transparent)]
    Refused(#[from] BatchRefusal),
    /// No row of it could be kept.
    #[error("{}", crate::admission::summary(.0))]
    NothingKept(Vec<Rejection>),
}

/// Everything a batch meets on its way in. Clones share it.
#[derive(Debug, Clone)]
pub struct Intake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: IntakeConfig,
    projects: Projects,
    reducer: Reducer,
    clocks: Clocks,
    receipts: Receipts,
    delivery: Delivery,
    clock: fn() -> Millis,
    counts: Counts,
    turns: Arc<Semaphore>,
}

impl Intake {
    /// An intake for these projects, by the clock of this machine.
    pub fn new(projects: Projects, delivery: Delivery, config: IntakeConfig) -> Self {
        Intake::with_clock(projects, delivery, config, || Millis(chrono::Utc::now().timestamp_millis()))
    }

    /// The same by another clock.
    pub fn with_clock(projects: Projects, delivery: Delivery, config: IntakeConfig, clock: fn() -> Millis) -> Self {
        Intake(Arc::new(Inner {
            turns: Arc::new(Semaphore::new(config.bodies.get())),
            config,
            projects,
            reducer: Reducer::default(),
            clocks: Clocks::default(),
            receipts: Receipts::default(),
            delivery,
            clock,
            counts: Counts::default(),
        }))
    }

    /// How it treats its senders.
    pub fn config(&self) -> &IntakeConfig {
        &self.0.config
    }

    /// A turn to read a body; `None` if the semaphore were closed, which it never is.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.0.turns.clone().acquire_owned().await.ok()
    }

    /// Whose data may come in.
    pub fn projects(&self) -> &Projects {
        &self.0.projects
    }

    /// The way to ClickHouse.
    pub fn delivery(&self) -> &Delivery {
        &self.0.delivery
    }

    /// What was last counted on each stream.
    pub fn reducer(&self) -> &Reducer {
        &self.0.reducer
    }

    /// What was taken so far.
    pub fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// What time it is here.
    pub fn now(&self) -> Millis {
        (self.0.clock)()
    }

    /// Takes a batch, or remembers that it was taken. Nothing is admitted for which there is no room, since admission moves the counters of the
    /// streams on: a batch that is sent away must find them as they were when it comes again.
    pub fn take(&self, arrival: Arrival<'_>) -> Result<(Receipt, Sighting), IntakeError> {
        let inner = &*self.0;
        inner.projects.pace(arrival.batch.rows(), &arrival.caller()).map_err(BatchRefusal::from)?;
        let (receipt, sighting) = inner.receipts.once(name(&arrival), arrival.received_at, || {
            inner.delivery.check()?;
            let admission = Admission { projects: &inner.projects, reducer: &inner.reducer, clocks: &inner.clocks };
            let admitted = admission.admit(arrival)?;
            inner.counts.reject(&admitted.rejections);
            if admitted.accepted == 0 {
                return Err(IntakeError::NothingKept(admitted.rejections));
            }
            inner.counts.accepted.fetch_add(admitted.accepted as u64, Relaxed);
            let ticket = inner.delivery.submit(admitted.records);
            Ok(Receipt { accepted: admitted.accepted, rejections: admitted.rejections, ticket })
        })?;
        let counter = if sighting == Sighting::First { &inner.counts.batches } else { &inner.counts.duplicates };
        counter.fetch_add(1, Relaxed);
        Ok((receipt, sighting))
    }
}

/// What the batch is called, if its sender gave it a name: within the first project and session it states.
fn name<'a>(arrival: &Arrival<'a>) -> Option<BatchName<'a>> {
    let batch_id = arrival.batch.batch_id.as_deref().filter(|id| !id.is_empty())?;
    let context = arrival.batch.sections.iter().map(|section| &section.context).find(|context| context.project.is_some())?;
    Some(BatchName {
        project: context.project.as_deref().unwrap_or_default(),
        session_id: context.session_id.as_deref().unwrap_or_default(),
        batch_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_counter() {
        for (index, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(fault as usize, index);
        }
    }
}
