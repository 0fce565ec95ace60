//! Delivery: from admitted rows to ClickHouse, each batch exactly once.
//!
//! **Batches.** Rows wait in a queue for company: up to [`DeliveryConfig::max_age`] or [`DeliveryConfig::max_rows`], whichever is first. A batch is
//! then sealed: its Arrow bytes and its number never change again. Each table's part is inserted under the token
//! `spool_id:batch_seq:table`, and again under the same token after any error, so that ClickHouse keeps it once however often it was sent.
//!
//! **What is promised.** A [`Ticket`] says [`Outcome::Stored`] only after ClickHouse said so (our tables flush to disk on insert), and the intake
//! answers 202 only then: a group commit, at the price of up to a batch's age per request. Rows that wait here are lost if the process dies;
//! they were not acknowledged, and their sender sends them again. A spool on disk would take the sealed batches' place between the worker and
//! ClickHouse (append, flush, then acknowledge), and would change neither this handle nor the tokens.
//!
//! **When ClickHouse is away** the batch at hand is tried again for ever, with a wait that doubles up to [`DeliveryConfig::longest_wait`], and
//! [`Delivery::check`] refuses new work at once: a queue that cannot drain only hides the outage from the sender, who can wait as well.
//! Errors that lie in the rows, and not in the state of the server, would come back for ever: those rows are given up, logged and counted
//! ([`Outcome::Refused`]).
//!
//! **Bounds.** The queue holds [`DeliveryConfig::queue_rows`]. It is checked before a batch is admitted, so each request under way may go over it by
//! what one body holds.

mod partitions;
mod verdict;
mod worker;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use qoe_store::{Endpoint, Label, Records, Table};
use tokio::sync::{Notify, SetOnce, mpsc};

use worker::Worker;

/// How rows are gathered and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryConfig {
    /// Most rows of one batch before it is sent: one ClickHouse part of useful size.
    pub max_rows: NonZeroUsize,
    /// How long a row waits for company: a second, as stale as a live board may be. An insert costs ClickHouse a fixed few milliseconds for the table
    /// and each of its views, so half the wait would be twice the cost.
    pub max_age: Duration,
    /// Most rows that wait, some 100 MB of samples: four full batches.
    pub queue_rows: NonZeroUsize,
    /// How long one insert may take before it is tried again: ten times the longest seen.
    pub attempt: Duration,
    /// Wait before the second attempt; it doubles from there.
    pub first_wait: Duration,
    /// Longest wait between attempts: how stale the news of a recovery may be.
    pub longest_wait: Duration,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        let rows = |n| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
        DeliveryConfig {
            max_rows: rows(50_000),
            max_age: Duration::from_secs(1),
            queue_rows: rows(200_000),
            attempt: Duration::from_secs(30),
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_secs(5),
        }
    }
}

/// What became of rows that were handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// ClickHouse has them, on disk.
    Stored,
    /// ClickHouse will not have them; it was logged.
    Refused {
        /// The table whose rows it refused.
        table: Table,
        /// In its own words.
        reason: Arc<str>,
    },
    /// Delivery ended before they were stored.
    Lost,
}

/// Word of what became of rows that were handed over.
#[derive(Debug, Clone)]
pub struct Ticket(Arc<SetOnce<Outcome>>);

impl Ticket {
    pub(crate) fn settled(outcome: Outcome) -> Self {
        Ticket(Arc::new(SetOnce::new_with(Some(outcome))))
    }

    /// What became of them, if it is known.
    pub fn outcome_so_far(&self) -> Option<Outcome> {
        self.0.get().cloned()
    }

    /// What became of them, once it is known.
    pub async fn outcome(&self) -> Outcome {
        self.0.wait().await.clone()
    }
}

/// The other end of a [`Ticket`]. Dropped without a word, it says that the rows were lost.
#[derive(Debug)]
struct Promise(Arc<SetOnce<Outcome>>);

impl Promise {
    fn new() -> (Self, Ticket) {
        let outcome = Arc::new(SetOnce::new());
        (Promise(outcome.clone()), Ticket(outcome))
    }

    fn settle(self, outcome: Outcome) {
        // It is set here or in `drop`, and both end the promise.
        let _ = self.0.set(outcome);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if !self.0.initialized() {
            let _ = self.0.set(Outcome::Lost);
        }
    }
}

/// Why no rows are taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Backpressure {
    /// ClickHouse does not take inserts at the moment.
    #[error("storage is away")]
    Away,
    /// The queue is full.
    #[error("the queue holds its limit of {limit} rows")]
    Full {
        /// The limit.
        limit: NonZeroUsize,
    },
}

/// Why rows were not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// ClickHouse will not have them.
    #[error("ClickHouse refused the rows for {}: {reason}", table.name())]
    Refused {
        /// The table whose rows it refused.
        table: Table,
        /// In its own words.
        reason: Arc<str>,
    },
    /// Delivery ended first.
    #[error("delivery ended before the rows were stored")]
    Ended,
}

/// What was done since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Inserts that succeeded.
    pub inserts: AtomicU64,
    /// Rows in them.
    pub rows: AtomicU64,
    /// Attempts that failed and were made again.
    pub failed_attempts: AtomicU64,
    /// Rows ClickHouse refused.
    pub refused_rows: AtomicU64,
}

/// The way to ClickHouse. Clones share it; it ends, having sent what waits, when the last is dropped.
#[derive(Debug, Clone)]
pub struct Delivery {
    queue: mpsc::UnboundedSender<Submission>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: DeliveryConfig,
    spool_id: Label,
    /// Rows handed over and not yet settled.
    queued_rows: AtomicUsize,
    settled: Notify,
    /// Whether ClickHouse ever answered.
    reached: AtomicBool,
    /// Inserts being tried again.
    retrying: AtomicUsize,
    counts: Counts,
}

/// Rows handed over together.
#[derive(Debug)]
struct Submission {
    records: Records,
    rows: usize,
    queued_at: Instant,
    promise: Promise,
}

impl Delivery {
    /// Begins delivery to `endpoint`, whose tables are there, after asking once whether it answers.
    pub async fn start(endpoint: Endpoint, config: DeliveryConfig) -> Self {
        let shared = Arc::new(Shared {
            config,
            spool_id: uuid::Uuid::now_v7().to_string().into(),
            queued_rows: AtomicUsize::new(0),
            settled: Notify::new(),
            reached: AtomicBool::new(false),
            retrying: AtomicUsize::new(0),
            counts: Counts::default(),
        });
        let (queue, submissions) = mpsc::unbounded_channel();
        let worker = Worker::new(endpoint, shared.clone(), submissions);
        worker.probe().await;
        tokio::spawn(worker.run());
        Delivery { queue, shared }
    }

    /// Whether rows are taken now. To be asked before they are admitted, since admission moves the counters on.
    pub fn check(&self) -> Result<(), Backpressure> {
        let limit = self.shared.config.queue_rows;
        if !self.is_available() {
            Err(Backpressure::Away)
        } else if self.queued_rows() >= limit.get() {
            Err(Backpressure::Full { limit })
        } else {
            Ok(())
        }
    }

    /// Whether ClickHouse answered and no insert is being tried again.
    pub fn is_available(&self) -> bool {
        self.shared.reached.load(Relaxed) && self.shared.retrying.load(Relaxed) == 0
    }

    /// Hands rows over. Those of one call go to ClickHouse in one batch.
    pub fn submit(&self, records: Records) -> Ticket {
        let rows = records.len();
        if rows == 0 {
            return Ticket::settled(Outcome::Stored);
        }
        let (promise, ticket) = Promise::new();
        self.shared.queued_rows.fetch_add(rows, Relaxed);
        let submission = Submission { records, rows, queued_at: Instant::now(), promise };
        if self.queue.send(submission).is_err() {
            self.shared.queued_rows.fetch_sub(rows, Relaxed);
        }
        ticket
    }

    /// Hands rows over when there is room, and waits until they are stored: for importers, which have no sender to send away. They hand over at
    /// most [`DeliveryConfig::queue_rows`] at once.
    pub async fn deliver(&self, records: Records) -> Result<(), Undelivered> {
        let limit = self.shared.config.queue_rows.get();
        loop {
            let settled = self.shared.settled.notified();
            let queued = self.queued_rows();
            if queued == 0 || queued + records.len() <= limit {
                break;
            }
            settled.await;
        }
        match self.submit(records).outcome().await {
            Outcome::Stored => Ok(()),
            Outcome::Refused { table, reason } => Err(Undelivered::Refused { table, reason }),
            Outcome::Lost => Err(Undelivered::Ended),
        }
    }

    /// Waits until everything handed over is settled, but no longer than `patience`; answers how many rows still wait.
    pub async fn drain(&self, patience: Duration) -> usize {
        let drained = async {
            loop {
                let settled = self.shared.settled.notified();
                if self.queued_rows() == 0 {
                    break;
                }
                settled.await;
            }
        };
        // Running out of patience is an answer too: the rows that are left.
        let _ = tokio::time::timeout(patience, drained).await;
        self.queued_rows()
    }

    /// Rows handed over and not yet settled.
    pub fn queued_rows(&self) -> usize {
        self.shared.queued_rows.load(Relaxed)
    }

    /// What was done since the start.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }
}
