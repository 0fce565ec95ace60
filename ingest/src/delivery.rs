//! Delivery: from the spool to ClickHouse, each row exactly once.
//!
//! **Shipments.** Frames of the spool wait for company: up to [`DeliveryConfig::max_age`], or [`DeliveryConfig::max_rows`], or until they touch
//! more days than one insert may. Together they are a *shipment* ([`shipment`]), which is sealed, written down in the spool and flushed, before its
//! first attempt. Each table's part of it, a *leg* ([`leg`]), is inserted as the Arrow messages that lie in the spool, under the token
//! `spool_id:shipment:table`, and again under the same token after any error, so that ClickHouse keeps it once however often it was sent.
//!
//! **When ClickHouse is away** the shipment at hand is tried again for ever, with a wait that doubles up to [`DeliveryConfig::longest_wait`]. What is
//! acknowledged meanwhile waits in the spool.
//!
//! **When ClickHouse refuses rows** for good, those at fault are looked for by halves in a table that keeps nothing, and put among the dead letters, each
//! with its reason; the others go together. A thousand are looked for at most before that is written down and what lies behind them goes once more. If the fault is not found so, the rows themselves go in halves. What goes in which way is written down first,
//! since a token stands for the same rows for ever.
//!
//! **When something restarted.** Sealed shipments that are not settled are sent again under their tokens; if ClickHouse may have forgotten those (its
//! machine restarted, or much time passed), it is asked first what it has. After ClickHouse restarts, what was delivered lately is
//! looked for, and what is missing is sent again, but for what was refused.

mod courier;
mod dead_letters;
pub mod leg;
mod probe;
pub mod route;
pub mod shipment;
pub mod verdict;

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use qoe_store::{Endpoint, Millis, Records};

use crate::spool::{Append, Backpressure, Found, Spool};
use crate::ticket::{Outcome, Ticket};
use courier::Courier;
use shipment::Limits;

/// Days in one insert, of tables that are partitioned by day: as many as live intake takes rows of. ClickHouse writes a part for each.
pub const MAX_DAYS: i32 = 9;
const DAY_MS: i64 = 86_400_000;

/// How rows are gathered and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryConfig {
    /// Most rows that go together, when so many wait: at once ClickHouse needs two thirds of the processor time that it needs for them in four inserts,
    /// merges included, and less than a second.
    pub max_rows: NonZeroU64,
    /// Most bytes that go together, which is what delivery holds in memory: those of so many samples.
    pub max_bytes: NonZeroU64,
    /// How long a row waits for company, from when it was written: a second, as stale as a live board may be. An insert costs ClickHouse a fixed few milliseconds for the table
    /// and each of its views, so half the wait would be twice the cost.
    pub max_age: Duration,
    /// How long one insert may take before it is tried again: ten times the longest seen.
    pub attempt: Duration,
    /// Wait before the second attempt; it doubles from there.
    pub first_wait: Duration,
    /// Longest wait between attempts: how stale the news of a recovery may be.
    pub longest_wait: Duration,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        let count = |n| NonZeroU64::new(n).unwrap_or(NonZeroU64::MIN);
        DeliveryConfig {
            max_rows: count(200_000),
            max_bytes: count(96 << 20),
            max_age: Duration::from_secs(1),
            attempt: Duration::from_secs(30),
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_secs(5),
        }
    }
}

impl DeliveryConfig {
    fn limits(&self) -> Limits {
        Limits { rows: self.max_rows.get(), bytes: self.max_bytes.get(), days: MAX_DAYS }
    }
}

/// What was done since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Inserts that succeeded.
    pub inserts: AtomicU64,
    /// Rows in them.
    pub rows: AtomicU64,
    /// Time they took, µs.
    pub insert_us: AtomicU64,
    /// Times that refused rows were offered to a table that keeps nothing, to find those that are at fault.
    pub probes: AtomicU64,
    /// Attempts that failed and were made again.
    pub failed_attempts: AtomicU64,
    /// Rows ClickHouse refused, now among the dead letters.
    pub dead_letters: AtomicU64,
    /// Shipments of which every row is stored.
    pub shipments: AtomicU64,
    /// Rows in them.
    pub delivered_rows: AtomicU64,
    /// Damaged stretches of the spool passed over while reading it.
    pub damaged: AtomicU64,
}

/// The way to ClickHouse. Clones share it; it ends, having sent what it can, when the last is dropped.
#[derive(Debug, Clone)]
pub struct Delivery {
    spool: Spool,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: DeliveryConfig,
    /// Whether ClickHouse took anything yet.
    reached: AtomicBool,
    /// Legs that wait for ClickHouse to take rows.
    outages: AtomicUsize,
    /// One of them has ended since this was last looked at.
    outage_ended: AtomicBool,
    /// From sealed to settled, of the last shipment, ms.
    lag_ms: AtomicI64,
    counts: Counts,
}

impl Shared {
    fn delivered(&self, rows: u64, lag_ms: i64) {
        self.counts.shipments.fetch_add(1, Relaxed);
        self.counts.delivered_rows.fetch_add(rows, Relaxed);
        self.lag_ms.store(lag_ms, Relaxed);
    }
}

impl Delivery {
    /// Begins delivery of what is in this spool, and of what comes, to `endpoint`, whose tables are there, after asking once whether it answers.
    pub async fn start(endpoint: Endpoint, spool: Spool, found: Found, config: DeliveryConfig) -> Self {
        let reached = match tokio::time::timeout(config.attempt, endpoint.ping()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "ClickHouse does not take inserts yet");
                false
            }
            Err(_) => {
                tracing::warn!("ClickHouse did not answer in time");
                false
            }
        };
        let shared = Arc::new(Shared {
            config,
            reached: AtomicBool::new(reached),
            outages: AtomicUsize::new(0),
            outage_ended: AtomicBool::new(false),
            lag_ms: AtomicI64::new(0),
            counts: Counts::default(),
        });
        let courier = Courier::new(endpoint, spool.reader(), &found, shared.clone());
        tokio::spawn(courier.run());
        Delivery { spool, shared }
    }

    /// What is acknowledged and not delivered.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Whether ClickHouse answered and takes rows.
    pub fn is_available(&self) -> bool {
        self.shared.reached.load(Relaxed) && self.shared.outages.load(Relaxed) == 0
    }

    /// From sealed to settled, of the last shipment.
    pub fn lag(&self) -> Duration {
        Duration::from_millis(self.shared.lag_ms.load(Relaxed).unsigned_abs())
    }

    /// What was done since the start.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// Hands rows over that no client's batch brought. The ticket says when they are kept.
    pub fn submit(&self, records: Records) -> Ticket {
        let project = records.first().map(|keys| keys.project.clone()).unwrap_or_else(|| "".into());
        self.spool.append(Append { records, project, entry: None })
    }

    /// Hands rows over when there is room, and waits until they are kept: for importers, which have no sender to send away, and a history that
    /// touches any number of days.
    pub async fn deliver(&self, records: Records) -> Result<(), Backpressure> {
        let project = records.first().map(|keys| keys.project.clone()).unwrap_or_else(|| "".into());
        let mut records = records;
        while let Some((first, _)) = records.span_by_day().or_else(|| records.span()) {
            let end = Millis((first.0.div_euclid(DAY_MS) + i64::from(MAX_DAYS)) * DAY_MS);
            let later = records.split_off(end);
            self.deliver_together(records, &project).await?;
            records = later;
        }
        Ok(())
    }

    async fn deliver_together(&self, records: Records, project: &str) -> Result<(), Backpressure> {
        loop {
            match self.spool.check(project) {
                Ok(()) => break,
                Err(error @ (Backpressure::DiskFailed | Backpressure::Ending)) => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        match self.submit(records).outcome().await {
            Outcome::Kept => Ok(()),
            Outcome::Lost => Err(Backpressure::DiskFailed),
        }
    }

    /// Waits until everything handed over is in ClickHouse, but no longer than `patience`; answers how many bytes still wait in the spool.
    pub async fn drain(&self, patience: Duration) -> u64 {
        self.spool.flushed().await;
        let drained = async {
            while self.spool.backlog_bytes() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // Running out of patience is an answer too: what is left.
        let _ = tokio::time::timeout(patience, drained).await;
        self.spool.backlog_bytes()
    }
}
