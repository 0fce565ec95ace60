//! The spool: what was acknowledged, on this disk, until ClickHouse has it.
//!
//! **Appending.** Batches of clients that arrive together are written together: one thread takes all that wait, turns their rows into columns once
//! ([`encode`]), appends them to the log as one frame ([`frame`], [`log`]) and flushes it (`fdatasync`) before any of them is acknowledged. While it
//! flushes, the next group gathers.
//!
//! **What is kept.** Frames stay until ClickHouse has their rows, and then for a while longer ([`SpoolConfig::keep`]), in case ClickHouse turns
//! out to have lost them. Whole segments are removed, the oldest first.
//!
//! **Bounds.** The log holds [`SpoolConfig::max_bytes`]; what waits to be written holds [`SpoolConfig::queue_rows`]. Over half of the log a project may
//! have its fair share and no more. Each is asked before a batch is admitted ([`Spool::check`]), so requests under way may go over it by what their
//! bodies hold.
//!
//! **When the disk fails.** Full: batches are refused until there is room, which is tried again every second. Anything else: what the last flush left on
//! the disk is unknown, and nothing is acknowledged any more until a restart has looked.

mod backlog;
pub mod core;
pub mod disk;
pub mod encode;
pub mod frame;
mod identity;
pub mod log;
pub mod memory;
pub mod salt;
mod writer;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use qoe_store::{Label, Millis, Records};
use tokio::sync::{oneshot, watch};

use self::backlog::Backlog;
use self::core::Core;
pub use self::core::{Found, OpenError};
use self::disk::{Disk, Folder};
use self::frame::{Entry, Mark};
use self::log::{Extents, LogConfig};
use self::memory::Runs;
use self::writer::{Command, Submission, Writer};
use crate::lock;
use crate::moment::Moment;
use crate::ticket::{Outcome, Promise, Ticket};

/// When a batch is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When it is flushed to the disk.
    Fsync,
    /// When it is handed to the operating system, which is told to flush this often: a crash of the machine, or a flush that fails, may lose what
    /// was acknowledged since.
    Interval(Duration),
}

impl std::fmt::Display for Durability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Durability::Fsync => f.write_str("fsync"),
            Durability::Interval(every) => write!(f, "interval({}ms)", every.as_millis()),
        }
    }
}

impl std::str::FromStr for Durability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "fsync" {
            return Ok(Durability::Fsync);
        }
        let every = text.strip_prefix("interval(").and_then(|rest| rest.strip_suffix("ms)")).and_then(|ms| ms.parse().ok());
        match every {
            Some(ms) if (1..=60_000).contains(&ms) => Ok(Durability::Interval(Duration::from_millis(ms))),
            _ => Err(format!("durability {text:?} is neither \"fsync\" nor \"interval(50ms)\", from 1 to 60000 ms")),
        }
    }
}

/// How much is kept, and how safely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolConfig {
    /// When a batch is acknowledged.
    pub durability: Durability,
    /// Most bytes of the log: at 470 bytes a row some nine million rows, six hours of four hundred sessions.
    pub max_bytes: u64,
    /// Length of a segment, bytes: what is removed at a time.
    pub segment_bytes: u64,
    /// Most rows that wait to be written, some 100 MB of samples.
    pub queue_rows: NonZeroUsize,
    /// How long what is delivered is kept, in case ClickHouse turns out to have lost it. Less when the log is half full.
    pub keep: Duration,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        SpoolConfig {
            durability: Durability::Fsync,
            max_bytes: 4 << 30,
            segment_bytes: 64 << 20,
            queue_rows: NonZeroUsize::new(200_000).unwrap_or(NonZeroUsize::MIN),
            keep: Duration::from_secs(30 * 60),
        }
    }
}

/// Why no rows are taken now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Backpressure {
    /// There is no room on the disk.
    #[error("the disk of the spool is full")]
    DiskFull,
    /// The disk failed.
    #[error("the disk of the spool failed: it is to be mended and the server to be restarted")]
    DiskFailed,
    /// The spool holds its limit: ClickHouse does not take rows as fast as they come.
    #[error("the spool holds its limit of {limit} bytes")]
    Full {
        /// The limit.
        limit: u64,
    },
    /// Rows come faster than they can be written.
    #[error("{limit} rows wait to be written, which is the limit")]
    Busy {
        /// The limit.
        limit: NonZeroUsize,
    },
    /// The spool is more than half full, and the project has more than its share in it.
    #[error("project {project:?} has its share of the spool, {limit} bytes")]
    Quota {
        /// The project.
        project: String,
        /// Its share, bytes.
        limit: u64,
    },
    /// The server ends.
    #[error("the server is ending")]
    Ending,
}

/// Whether the disk takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Health {
    /// It does.
    Good = 0,
    /// It is full.
    Full = 1,
    /// It failed.
    Failed = 2,
}

/// What was done since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Groups written.
    pub groups: AtomicU64,
    /// Rows in them.
    pub rows: AtomicU64,
    /// Bytes written.
    pub bytes: AtomicU64,
    /// Time spent writing and flushing, µs.
    pub write_us: AtomicU64,
    /// Writes that failed.
    pub failed: AtomicU64,
    /// Segments removed.
    pub removed_segments: AtomicU64,
    /// Stretches of damage found.
    pub damaged: AtomicU64,
}

/// What the handle and the thread share.
#[derive(Debug)]
struct Shared {
    config: SpoolConfig,
    id: Label,
    disk: Arc<dyn Disk>,
    extents: Arc<Extents>,
    runs: Arc<Runs>,
    queued_rows: AtomicUsize,
    health: AtomicU8,
    ending: AtomicBool,
    /// The clients' batches a restart found, until they are asked for.
    found_entries: Mutex<Vec<Entry>>,
    /// What is not delivered.
    backlog: Mutex<Backlog>,
    /// When the oldest rows that are not delivered were written or sealed, ms; 0 without any.
    undelivered_since: AtomicI64,
    /// The number after that of the last frame on disk.
    tail: watch::Receiver<u64>,
    counts: Counts,
}

impl Shared {
    fn health(&self) -> Health {
        [Health::Good, Health::Full, Health::Failed]
            .into_iter()
            .find(|health| *health as u8 == self.health.load(Relaxed))
            .unwrap_or(Health::Failed)
    }
}

/// The spool. Clones share it; it ends, having written what waits, when the last is dropped.
#[derive(Debug, Clone)]
pub struct Spool {
    handle: Arc<Handle>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Handle {
    commands: mpsc::Sender<Command>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // A thread that is gone needs no word.
        let _ = self.commands.send(Command::End);
    }
}

/// Rows of one batch of a client, with what is to be remembered of it.
#[derive(Debug, Default)]
pub struct Append {
    /// The rows.
    pub records: Records,
    /// Whose they are.
    pub project: Label,
    /// The batch, if it has a name.
    pub entry: Option<Entry>,
}

impl Spool {
    /// Opens the spool in this folder, which must be no other process's.
    pub fn open(path: &Path, config: SpoolConfig) -> Result<(Spool, Found), OpenError> {
        let io = |act| move |source| OpenError::Io { act, source };
        let folder = Folder::new(path).map_err(io("create or flush"))?;
        let held = File::options().create(true).truncate(false).write(true).open(path.join("lock")).map_err(io("open the lock"))?;
        match held.try_lock() {
            Ok(()) => Spool::over(Arc::new(folder), config, Some(held)),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(OpenError::Io { act: "lock", source }),
        }
    }

    /// Opens the spool on this disk; `held` is let go when it ends.
    pub fn over(disk: Arc<dyn Disk>, config: SpoolConfig, held: Option<File>) -> Result<(Spool, Found), OpenError> {
        let log =
            LogConfig { segment_bytes: config.segment_bytes, segment_age_ms: i64::try_from(config.keep.as_millis()).unwrap_or(i64::MAX) };
        let (core, found) = Core::open(disk.clone(), log, Moment::now())?;
        let (tail_end, tail) = watch::channel(core.next_seq());
        let shared = Arc::new(Shared {
            config,
            id: core.id().clone(),
            disk,
            extents: core.extents().clone(),
            runs: core.runs().clone(),
            queued_rows: AtomicUsize::new(0),
            health: AtomicU8::new(if found.full { Health::Full } else { Health::Good } as u8),
            ending: AtomicBool::new(false),
            found_entries: Mutex::new(found.entries.iter().map(|(.., entry)| *entry).collect()),
            backlog: Mutex::new(Backlog::found(core.next_seq(), found.backlog.clone())),
            undelivered_since: AtomicI64::new(if found.backlog.is_empty() { 0 } else { found.undelivered_since.0 }),
            tail,
            counts: Counts::default(),
        });
        shared.counts.damaged.store(found.damaged, Relaxed);
        let (commands, queue) = mpsc::channel();
        let writer = Writer::new(core, shared.clone(), queue, tail_end);
        let thread = std::thread::Builder::new().name("qoe-spool".to_owned()).spawn(move || {
            writer.run();
            drop(held);
        });
        thread.map_err(|source| OpenError::Io { act: "start the thread that writes", source })?;
        Ok((Spool { handle: Arc::new(Handle { commands }), shared }, found))
    }

    /// Its name, which is in every row it delivers.
    pub fn id(&self) -> &Label {
        &self.shared.id
    }

    /// How it is set up.
    pub fn config(&self) -> &SpoolConfig {
        &self.shared.config
    }

    /// What was done since the start.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// Whether the disk takes writes.
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// Bytes in the log, delivered or not.
    pub fn bytes(&self) -> u64 {
        self.shared.extents.bytes()
    }

    /// Bytes not delivered.
    pub fn backlog_bytes(&self) -> u64 {
        lock(&self.shared.backlog).bytes()
    }

    /// Age of the oldest rows that are not delivered.
    pub fn oldest_undelivered(&self) -> Duration {
        match self.shared.undelivered_since.load(Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_millis(now().0.saturating_sub(since).max(0).unsigned_abs()),
        }
    }

    /// Rows that wait to be written.
    pub fn queued_rows(&self) -> usize {
        self.shared.queued_rows.load(Relaxed)
    }

    /// The clients' batches that a restart found, once.
    pub(crate) fn take_found_entries(&self) -> Vec<Entry> {
        std::mem::take(&mut lock(&self.shared.found_entries))
    }

    /// The end of the spool that delivery works on.
    pub(crate) fn reader(&self) -> Frames {
        Frames { commands: self.handle.commands.clone(), shared: self.shared.clone() }
    }

    /// Whether rows of this project are taken now. To be asked before they are admitted, since admission moves the counters on.
    pub fn check(&self, project: &str) -> Result<(), Backpressure> {
        let (shared, config) = (&self.shared, &self.shared.config);
        match shared.health() {
            Health::Good => {}
            Health::Full => return Err(Backpressure::DiskFull),
            Health::Failed => return Err(Backpressure::DiskFailed),
        }
        if shared.ending.load(Relaxed) {
            return Err(Backpressure::Ending);
        }
        if self.queued_rows() >= config.queue_rows.get() {
            return Err(Backpressure::Busy { limit: config.queue_rows });
        }
        let backlog = lock(&shared.backlog);
        let all = backlog.bytes();
        if all >= config.max_bytes {
            return Err(Backpressure::Full { limit: config.max_bytes });
        }
        let share = config.max_bytes / (backlog.projects().max(1) as u64);
        if all >= config.max_bytes / 2 && backlog.of(project) >= share {
            return Err(Backpressure::Quota { project: project.to_owned(), limit: share });
        }
        Ok(())
    }

    /// Hands rows over. The ticket says when they are kept.
    pub fn append(&self, append: Append) -> Ticket {
        let rows = append.records.len();
        if rows == 0 && append.entry.is_none() {
            return Ticket::settled(Outcome::Kept);
        }
        let (promise, ticket) = Promise::new();
        self.shared.queued_rows.fetch_add(rows, Relaxed);
        let submission = Submission { append, rows, promise };
        if self.handle.commands.send(Command::Rows(Box::new(submission))).is_err() {
            self.shared.queued_rows.fetch_sub(rows, Relaxed);
        }
        ticket
    }

    /// The client's batch of this name, if it came within a day and is not fresh any more. Where that cannot be read it is not taken for new.
    pub(crate) fn remembers(&self, name: u128) -> Result<Option<Entry>, Backpressure> {
        self.shared.runs.find(name).map_err(|error| {
            tracing::error!(%error, "a file of batch names cannot be read");
            Backpressure::DiskFailed
        })
    }

    /// Takes no more rows.
    pub fn end(&self) {
        self.shared.ending.store(true, Relaxed);
    }

    /// Waits until the rows that wait are written and flushed.
    pub async fn flushed(&self) {
        let (done, flushed) = oneshot::channel();
        if self.handle.commands.send(Command::Flush(done)).is_ok() {
            // Also a thread that is gone has nothing left to write.
            let _ = flushed.await;
        }
    }
}

/// The spool has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// The end of the spool that delivery works on.
#[derive(Debug)]
pub(crate) struct Frames {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
}

impl Frames {
    pub fn id(&self) -> &Label {
        &self.shared.id
    }

    pub fn config(&self) -> &SpoolConfig {
        &self.shared.config
    }

    pub fn disk(&self) -> Arc<dyn Disk> {
        self.shared.disk.clone()
    }

    pub fn extents(&self) -> Arc<Extents> {
        self.shared.extents.clone()
    }

    /// The number after that of the last frame on disk, as it changes.
    pub fn tail(&self) -> watch::Receiver<u64> {
        self.shared.tail.clone()
    }

    /// Writes a decision down; whether it is on disk.
    pub async fn mark(&self, mark: Mark) -> Result<bool, Gone> {
        let (done, marked) = oneshot::channel();
        self.commands.send(Command::Mark(mark, done)).map_err(|_| Gone)?;
        marked.await.map_err(|_| Gone)
    }

    /// Takes what was delivered off the backlog: the frames up to this one, sealed at this moment.
    pub fn delivered(&self, shares: &BTreeMap<String, u64>, last: u64, at: Millis) {
        let mut backlog = lock(&self.shared.backlog);
        backlog.over_before(last + 1, shares);
        self.shared.undelivered_since.store(if backlog.is_empty() { 0 } else { at.0 }, Relaxed);
    }

    /// Takes frames before this number off the backlog: the log was read to there, and nothing is left in it to deliver.
    pub fn looked_through(&self, seq: u64) {
        let mut backlog = lock(&self.shared.backlog);
        backlog.over_before(seq, &BTreeMap::new());
        if backlog.is_empty() {
            self.shared.undelivered_since.store(0, Relaxed);
        }
    }

    /// Removes what nobody needs any more.
    pub fn reclaim(&self) {
        // Without a thread there is nothing to remove.
        let _ = self.commands.send(Command::Reclaim);
    }
}

fn now() -> Millis {
    Millis(chrono::Utc::now().timestamp_millis())
}
