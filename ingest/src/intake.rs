//! The intake: one batch from its arrival to its receipt.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use qoe_store::Millis;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Projects;
use crate::admission::{Admission, Arrival, BatchRefusal};
use crate::clock::Clocks;
use crate::delivery::Delivery;
use crate::dimensions::Dimensions;
use crate::edge::connections::{ConnectionLimits, Connections};
use crate::edge::streams::Streams;
use crate::moment::Moment;
use crate::receipts::{BatchName, Receipt, Receipts, Sighting};
use crate::reducer::Reducer;
use crate::refusal::{Fault, Rejection};
use crate::sequence::Sequences;
use crate::spool::frame::Entry;
use crate::spool::{Append, Backpressure};
use crate::wire;

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
    /// How long a sender waits for its rows to be on disk before it is told to ask again.
    pub answer_within: Duration,
    /// Most connections at once.
    pub connections: ConnectionLimits,
    /// Live values of each dimension of a project; one more is stored as `other`.
    pub dimension_values: NonZeroUsize,
    /// Most streams open at once: each may hold a message of up to `encoded_bytes` that is still arriving.
    pub streams: NonZeroUsize,
    /// How a stream is kept open.
    pub stream: StreamConfig,
}

/// How a stream is kept open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamConfig {
    /// How often the other side is asked whether it is there.
    pub ping_every: Duration,
    /// How long it may be silent, three questions unanswered, before it is let go.
    pub idle_within: Duration,
    /// Most batches that wait for their acknowledgement; no more is read before one is sent.
    pub unacknowledged: NonZeroUsize,
    /// Most messages read in a second; the others wait their turn. A client of ours sends one.
    pub messages_per_second: NonZeroU32,
}

impl Default for StreamConfig {
    fn default() -> Self {
        StreamConfig {
            ping_every: Duration::from_secs(20),
            idle_within: Duration::from_secs(60),
            unacknowledged: NonZeroUsize::new(16).unwrap_or(NonZeroUsize::MIN),
            messages_per_second: NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN),
        }
    }
}

impl Default for IntakeConfig {
    fn default() -> Self {
        IntakeConfig {
            encoded_bytes: 1 << 20,
            decoded_bytes: 8 << 20,
            bodies: NonZeroUsize::new(256).unwrap_or(NonZeroUsize::MIN),
            body_within: Duration::from_secs(10),
            answer_within: Duration::from_secs(10),
            connections: ConnectionLimits::default(),
            dimension_values: NonZeroUsize::new(1000).unwrap_or(NonZeroUsize::MIN),
            streams: NonZeroUsize::new(1024).unwrap_or(NonZeroUsize::MIN),
            stream: StreamConfig::default(),
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
    sequences: Sequences,
    dimensions: Dimensions,
    connections: Connections,
    streams: Streams,
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
        let receipts = Receipts::default();
        receipts.remember(delivery.spool().take_found_entries());
        Intake(Arc::new(Inner {
            turns: Arc::new(Semaphore::new(config.bodies.get())),
            dimensions: Dimensions::new(config.dimension_values),
            connections: Connections::new(config.connections),
            streams: Streams::new(config.streams),
            config,
            projects,
            reducer: Reducer::default(),
            clocks: Clocks::default(),
            sequences: Sequences::default(),
            receipts,
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

    /// Which labels are in use.
    pub fn dimensions(&self) -> &Dimensions {
        &self.0.dimensions
    }

    /// The connections that are held: whoever listens asks here for each.
    pub fn connections(&self) -> &Connections {
        &self.0.connections
    }

    /// The streams that are open.
    pub fn streams(&self) -> &Streams {
        &self.0.streams
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
        let spool = inner.delivery.spool();
        let context = first_context(&arrival);
        let project = context.and_then(|context| context.project.as_deref()).unwrap_or_default();
        let name = name(&arrival, context);
        let (receipt, sighting) = inner.receipts.once(
            name,
            // By the clock that nobody sets: a batch is not forgotten for a day's jump of the other.
            Millis(Moment::now().up_ms),
            |name| Ok(spool.remembers(name)?),
            || {
                spool.check(project)?;
                let admission = Admission {
                    sequences: &inner.sequences,
                    projects: &inner.projects,
                    reducer: &inner.reducer,
                    clocks: &inner.clocks,
                    dimensions: &inner.dimensions,
                };
                let admitted = admission.admit(arrival)?;
                inner.counts.reject(&admitted.rejections);
                if admitted.accepted == 0 {
                    // What was set aside is kept for whoever looks for it; its sender has been told.
                    drop(spool.append(Append { records: admitted.records, project: project.into(), entry: None }));
                    return Err(IntakeError::NothingKept(admitted.rejections));
                }
                inner.counts.accepted.fetch_add(admitted.accepted as u64, Relaxed);
                // No batch has so many rows that the number would not fit.
                let entry = name.map(|name| Entry { name, accepted: admitted.accepted as u32 });
                let ticket = spool.append(Append { records: admitted.records, project: project.into(), entry });
                Ok(Receipt { accepted: admitted.accepted, rejections: admitted.rejections, ticket })
            },
        )?;
        let counter = if sighting == Sighting::First { &inner.counts.batches } else { &inner.counts.duplicates };
        counter.fetch_add(1, Relaxed);
        Ok((receipt, sighting))
    }
}

/// The first context that states a project.
fn first_context<'a>(arrival: &Arrival<'a>) -> Option<&'a wire::Context<'a>> {
    arrival.batch.sections.iter().map(|section| &section.context).find(|context| context.project.is_some())
}

/// What the batch is called, if its sender gave it a name: within the first project and session it states.
fn name(arrival: &Arrival<'_>, context: Option<&wire::Context<'_>>) -> Option<u128> {
    let batch_id = arrival.batch.batch_id.as_deref().filter(|id| !id.is_empty())?;
    let context = context?;
    let name = BatchName {
        project: context.project.as_deref().unwrap_or_default(),
        session_id: context.session_id.as_deref().unwrap_or_default(),
        batch_id,
    };
    Some(name.fingerprint())
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
