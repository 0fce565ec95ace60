//! The thread that writes.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::core::{Appended, Core, WriteError};
use super::encode::Group;
use super::frame::Mark;
use super::log::{AppendError, Flush};
use super::{Append, Durability, Health, Shared, now};
use crate::lock;
use crate::moment::Moment;
use crate::ticket::Promise;

/// Most rows of one group: some 8 MB of samples, written in a few milliseconds.
const GROUP_ROWS: usize = 20_000;
/// How often a full disk is tried again, and what is due is looked for.
const TICK: Duration = Duration::from_secs(1);

/// What the thread is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    Rows(Box<Submission>),
    Mark(Mark, oneshot::Sender<bool>),
    Reclaim,
    Flush(oneshot::Sender<()>),
    /// Nobody is left who could append.
    End,
}

/// Rows handed over together, and who waits for word of them.
#[derive(Debug)]
pub(super) struct Submission {
    pub append: Append,
    pub rows: usize,
    pub promise: Promise,
}

pub(super) struct Writer {
    core: Core,
    shared: Arc<Shared>,
    queue: Receiver<Command>,
    group: Group,
    waiting: Vec<(Promise, usize)>,
    flushed_at: Instant,
    /// When a full disk was last found full.
    tried_at: Instant,
    /// The number after that of the last frame on disk; gone with this thread.
    tail: watch::Sender<u64>,
    ending: bool,
}

impl Writer {
    pub fn new(core: Core, shared: Arc<Shared>, queue: Receiver<Command>, tail: watch::Sender<u64>) -> Self {
        Writer {
            tail,
            ending: false,
            core,
            shared,
            queue,
            group: Group::default(),
            waiting: Vec::new(),
            flushed_at: Instant::now(),
            tried_at: Instant::now(),
        }
    }

    /// Works until nobody is left to ask.
    pub fn run(mut self) {
        let wait = match self.shared.config.durability {
            Durability::Fsync => TICK,
            Durability::Interval(every) => every.min(TICK),
        };
        loop {
            match self.queue.recv_timeout(wait) {
                Ok(command) => self.take(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // All that came meanwhile is of the same group.
            while let Ok(command) = self.queue.try_recv() {
                self.take(command);
            }
            self.write();
            self.flush_if_due();
            if self.ending {
                break;
            }
            if self.shared.health() == Health::Full && self.tried_at.elapsed() >= TICK {
                self.try_again();
            }
        }
        self.write();
        let flushed = self.core.flush();
        self.judge(&flushed);
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Rows(submission) => {
                self.gather(*submission);
                if self.group.records.len() >= GROUP_ROWS {
                    self.write();
                }
            }
            Command::Mark(mark, done) => {
                // What is decided about frames comes behind them.
                self.write();
                let marked = self.core.mark(&mark, now());
                // Whoever does not wait any more asks again.
                let _ = done.send(self.judge(&marked));
            }
            Command::Reclaim => self.reclaim(),
            Command::End => self.ending = true,
            Command::Flush(done) => {
                self.write();
                let flushed = self.core.flush();
                self.judge(&flushed);
                let _ = done.send(());
            }
        }
    }

    fn gather(&mut self, submission: Submission) {
        let Submission { append: Append { mut records, project, entry }, rows, promise } = submission;
        self.group.records.append(&mut records);
        self.group.entries.extend(entry);
        *self.group.projects.entry(project).or_default() += rows as u64;
        self.waiting.push((promise, rows));
    }

    /// Writes the group and gives word.
    fn write(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let group = std::mem::take(&mut self.group);
        let waiting = std::mem::take(&mut self.waiting);
        let flush = match self.shared.config.durability {
            Durability::Fsync => Flush::Now,
            Durability::Interval(_) => Flush::Later,
        };
        let began = Instant::now();
        let written = self.core.append(&group, Moment::now(), flush);
        let (shared, rows) = (&*self.shared, waiting.iter().map(|(_, rows)| rows).sum::<usize>());
        match written {
            Ok(Appended { seq, bytes, shares }) => {
                let counts = &shared.counts;
                counts.groups.fetch_add(1, Relaxed);
                counts.rows.fetch_add(rows as u64, Relaxed);
                counts.bytes.fetch_add(bytes, Relaxed);
                counts.write_us.fetch_add(began.elapsed().as_micros() as u64, Relaxed);
                let mut backlog = lock(&shared.backlog);
                if backlog.is_empty() {
                    shared.undelivered_since.store(now().0, Relaxed);
                }
                backlog.written(seq, shares);
                drop(backlog);
                shared.health.store(Health::Good as u8, Relaxed);
                self.tail.send_replace(seq + 1);
                waiting.into_iter().for_each(|(promise, _)| promise.keep());
            }
            Err(WriteError::Append(error)) => {
                self.judge::<()>(&Err(error));
            }
            Err(error @ WriteError::Encode(_)) => {
                shared.counts.failed.fetch_add(1, Relaxed);
                tracing::error!(
                    rows,
                    error = &error as &dyn std::error::Error,
                    "rows could not be turned into columns and were not acknowledged"
                );
            }
        }
        self.shared.queued_rows.fetch_sub(rows, Relaxed);
    }

    /// Whether it was done; if not, says so once.
    fn judge<T>(&mut self, done: &Result<T, AppendError>) -> bool {
        let Err(error) = done else { return true };
        self.shared.counts.failed.fetch_add(1, Relaxed);
        let health = match error {
            AppendError::Full(_) => Health::Full,
            AppendError::Failed(_) | AppendError::Stopped | AppendError::UsedUp => Health::Failed,
        };
        if self.shared.health.swap(health as u8, Relaxed) != health as u8 {
            tracing::error!(error = error as &dyn std::error::Error, "nothing is acknowledged: the spool cannot be written");
        }
        self.tried_at = Instant::now();
        if health == Health::Full
            && let Err(error) = self.core.release_ballast()
        {
            tracing::warn!(%error, "the room set aside cannot be given up");
        }
        false
    }

    fn flush_if_due(&mut self) {
        if let Durability::Interval(every) = self.shared.config.durability
            && self.flushed_at.elapsed() >= every
        {
            self.flushed_at = Instant::now();
            let flushed = self.core.flush();
            self.judge(&flushed);
        }
    }

    /// A full disk is tried by setting room aside again.
    fn try_again(&mut self) {
        self.tried_at = Instant::now();
        self.reclaim();
        if self.core.restore_ballast().is_ok() {
            tracing::info!("the spool can be written again");
            self.shared.health.store(Health::Good as u8, Relaxed);
        }
    }

    fn reclaim(&mut self) {
        let (config, now) = (&self.shared.config, Moment::now());
        // Half of the room is for what is not delivered, and all of it where there is none.
        let short = self.shared.health() == Health::Full || self.shared.extents.bytes() > config.max_bytes / 2;
        let keep_ms = if short { 0 } else { i64::try_from(config.keep.as_millis()).unwrap_or(i64::MAX) };
        match self.core.reclaim(now, keep_ms) {
            Ok(removed) => {
                self.shared.counts.removed_segments.fetch_add(removed as u64, Relaxed);
            }
            Err(error) => tracing::warn!(%error, "a delivered segment could not be removed; it will be tried again"),
        }
    }
}
