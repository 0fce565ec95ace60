//! The task that gathers rows into batches and inserts them, one batch after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use arrow::array::RecordBatch;
use futures::future::join_all;
use qoe_store::{Endpoint, EndpointError, Records, Table};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::partitions;
use super::verdict::Verdict;
use super::{Outcome, Promise, Shared, Submission};

/// How often a ClickHouse that never answered is asked again.
const PROBE_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Worker {
    endpoint: Endpoint,
    shared: Arc<Shared>,
    submissions: mpsc::UnboundedReceiver<Submission>,
    batch_seq: u64,
}

/// Rows that go together, and who waits for them.
#[derive(Default)]
struct Batch {
    records: Records,
    waiting: Vec<Waiting>,
}

struct Waiting {
    tables: Vec<Table>,
    rows: usize,
    promise: Promise,
}

/// Why an insert was given up.
struct GivenUp {
    table: Table,
    reason: Arc<str>,
}

impl Batch {
    fn add(&mut self, mut submission: Submission) {
        let tables = submission.records.tables().map(|(table, _)| table).collect();
        self.records.append(&mut submission.records);
        self.waiting.push(Waiting { tables, rows: submission.rows, promise: submission.promise });
    }
}

impl Worker {
    pub fn new(endpoint: Endpoint, shared: Arc<Shared>, submissions: mpsc::UnboundedReceiver<Submission>) -> Self {
        Worker { endpoint, shared, submissions, batch_seq: 0 }
    }

    /// Asks whether ClickHouse answers.
    pub async fn probe(&self) {
        match timeout(self.shared.config.attempt, self.endpoint.ping()).await {
            Ok(Ok(())) => self.shared.reached.store(true, Relaxed),
            Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, "ClickHouse does not take inserts yet"),
            Err(_) => tracing::warn!("ClickHouse did not answer in time"),
        }
    }

    /// Works until nobody can hand over any more rows and all are settled.
    pub async fn run(mut self) {
        while let Some(first) = self.first().await {
            let batch = self.gather(first).await;
            self.store(batch).await;
        }
    }

    async fn first(&mut self) -> Option<Submission> {
        while !self.shared.reached.load(Relaxed) {
            tokio::select! {
                submission = self.submissions.recv() => return submission,
                () = sleep(PROBE_EVERY) => self.probe().await,
            }
        }
        self.submissions.recv().await
    }

    /// All that comes before the first of them has waited long enough. What came meanwhile, while a batch was being stored, is taken at once.
    async fn gather(&mut self, first: Submission) -> Batch {
        let config = &self.shared.config;
        let due = Instant::from_std(first.queued_at) + config.max_age;
        let mut batch = Batch::default();
        batch.add(first);
        while batch.records.len() < config.max_rows.get() {
            match timeout_at(due, self.submissions.recv()).await {
                Ok(Some(submission)) => batch.add(submission),
                Ok(None) | Err(_) => break,
            }
        }
        batch
    }

    async fn store(&mut self, batch: Batch) {
        self.batch_seq += 1;
        let provenance = qoe_store::Delivery { spool_id: self.shared.spool_id.clone(), batch_seq: self.batch_seq };
        let Batch { records, waiting } = batch;
        let sealed = records.batches(&provenance);
        drop(records);
        let inserts = sealed.into_iter().map(|(table, rows)| self.insert_table(table, rows));
        let given_up: Vec<GivenUp> = join_all(inserts).await.into_iter().filter_map(Result::err).collect();
        for Waiting { tables, rows, promise } in waiting {
            let mine = given_up.iter().find(|given_up| tables.contains(&given_up.table));
            promise.settle(match mine {
                None => Outcome::Stored,
                Some(GivenUp { table, reason }) => Outcome::Refused { table: *table, reason: reason.clone() },
            });
            self.shared.queued_rows.fetch_sub(rows, Relaxed);
        }
        self.shared.settled.notify_waiters();
    }

    async fn insert_table(&self, table: Table, rows: RecordBatch) -> Result<(), GivenUp> {
        let token = format!("{}:{}:{}", self.shared.spool_id, self.batch_seq, table.name());
        let mut parts = partitions::within_limit(rows);
        if parts.len() == 1 {
            return self.insert(table, &parts.remove(0), &token).await;
        }
        for (number, part) in parts.iter().enumerate() {
            self.insert(table, part, &format!("{token}:{number}")).await?;
        }
        Ok(())
    }

    /// Inserts one sealed part, however often it takes.
    async fn insert(&self, table: Table, rows: &RecordBatch, token: &str) -> Result<(), GivenUp> {
        let (config, counts) = (&self.shared.config, &self.shared.counts);
        let mut wait = config.first_wait;
        let mut attempts = 0;
        let mut retrying = None;
        loop {
            attempts += 1;
            let verdict = match timeout(config.attempt, self.endpoint.insert(table.name(), rows, token)).await {
                Ok(Ok(())) => {
                    self.shared.reached.store(true, Relaxed);
                    counts.inserts.fetch_add(1, Relaxed);
                    counts.rows.fetch_add(rows.num_rows() as u64, Relaxed);
                    if retrying.is_some() {
                        tracing::info!(table = table.name(), attempts, "ClickHouse takes inserts again");
                    }
                    return Ok(());
                }
                Ok(Err(error)) => self.judge(table, rows, attempts, &error),
                Err(_) => {
                    tracing::warn!(table = table.name(), attempts, "an insert took too long and is tried again");
                    Ok(())
                }
            };
            if let Err(reason) = verdict {
                counts.refused_rows.fetch_add(rows.num_rows() as u64, Relaxed);
                return Err(GivenUp { table, reason });
            }
            counts.failed_attempts.fetch_add(1, Relaxed);
            retrying.get_or_insert_with(|| Retrying::begin(&self.shared));
            sleep(wait).await;
            wait = (wait * 2).min(config.longest_wait);
        }
    }

    /// Whether to try again; if not, why.
    fn judge(&self, table: Table, rows: &RecordBatch, attempts: u32, error: &EndpointError) -> Result<(), Arc<str>> {
        let source = error as &dyn std::error::Error;
        if Verdict::of(error).allows_attempt_after(attempts) {
            // The first failure is news, the hundredth is not.
            if attempts.is_power_of_two() {
                tracing::warn!(table = table.name(), attempts, error = source, "an insert failed and is tried again");
            }
            return Ok(());
        }
        tracing::error!(table = table.name(), rows = rows.num_rows(), attempts, error = source, "ClickHouse refused rows; they are lost");
        Err(error.to_string().into())
    }
}

/// Says, while it lives, that an insert is being tried again.
struct Retrying<'a>(&'a Shared);

impl<'a> Retrying<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.retrying.fetch_add(1, Relaxed);
        Retrying(shared)
    }
}

impl Drop for Retrying<'_> {
    fn drop(&mut self) {
        self.0.retrying.fetch_sub(1, Relaxed);
    }
}
