//! The task that takes shipments from the spool to ClickHouse, one after the other.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures::future::join_all;
use qoe_store::{Endpoint, EndpointError, Millis};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::Shared;
use super::dead_letters;
use super::leg::{Failure, Leg, Step, Tokens, Waits};
use super::route::{self, Journey, Route};
use super::shipment::{Cargo, Reader, Shipment};
use super::verdict::Verdict;
use crate::failpoint::{FailPoint, reach};
use crate::spool::frame::{Mark, Sealed};
use crate::spool::{Found, Frames, Gone};

/// How often ClickHouse, the spool or its disk is asked again when it could not be read or written.
const AGAIN: Duration = Duration::from_secs(1);
/// How often the spool is looked at for company while rows wait for it.
const LOOKING: Duration = Duration::from_millis(20);

pub(super) struct Courier {
    endpoint: Endpoint,
    spool: Frames,
    shared: Arc<Shared>,
    tail: watch::Receiver<u64>,
    /// Away while a thread reads with it.
    reader: Option<Reader>,
    route: Route,
}

impl Courier {
    pub fn new(endpoint: Endpoint, spool: Frames, found: &Found, shared: Arc<Shared>) -> Self {
        let segment =
            found.unsealed.map_or_else(|| spool.extents().all().last().map_or(0, |extent| extent.segment), |position| position.segment);
        Courier {
            reader: Some(Reader::new(spool.disk(), spool.extents(), segment)),
            tail: spool.tail(),
            route: Route::new(found),
            endpoint,
            spool,
            shared,
        }
    }

    /// Works until the spool ends.
    pub async fn run(mut self) {
        // It ends when nobody is left who could append; what is not delivered then stays in it.
        let Err(Gone) = self.work().await;
    }

    async fn work(&mut self) -> Result<Infallible, Gone> {
        while let Some(open) = self.route.open().cloned() {
            let shipment = self.read(&open.sealed).await;
            self.deliver(&shipment, &open.sealed, Journey::Resumed(&open)).await?;
            self.settle(&shipment, open.sealed).await?;
        }
        loop {
            let shipment = self.gather().await?;
            let Some(sealed) = self.route.seal(&shipment, now()) else { continue };
            reach(FailPoint::BeforeSeal);
            // Before any of it goes.
            while !self.spool.mark(Mark::Sealed(sealed)).await? {
                sleep(AGAIN).await;
            }
            reach(FailPoint::AfterSeal);
            self.deliver(&shipment, &sealed, Journey::First).await?;
            self.settle(&shipment, sealed).await?;
            self.repair_if_restarted().await?;
        }
    }

    /// All that comes before the first of it has waited long enough.
    async fn gather(&mut self) -> Result<Shipment, Gone> {
        let limits = self.shared.config.limits();
        let (mut shipment, mut due) = (Shipment::default(), None);
        loop {
            self.tail.borrow_and_update();
            let full;
            (shipment, full) = self.gather_more(shipment).await?;
            match full {
                Ok(full) if full || shipment.rows >= limits.rows => return Ok(shipment),
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "the spool cannot be read; it is tried again");
                    sleep(AGAIN).await;
                    continue;
                }
            }
            let Some(since) = shipment.since() else {
                self.tail.changed().await.map_err(|_| Gone)?;
                continue;
            };
            let due = *due.get_or_insert_with(|| Instant::now() + still_to_wait(since, now(), self.shared.config.max_age));
            let again = Instant::now() + LOOKING;
            match timeout_at(due, self.tail.changed()).await {
                Ok(Ok(())) if again < due => sleep_until(again).await,
                _ => return Ok(shipment),
            }
        }
    }

    /// Adds what is there, on a thread that may wait for the disk: those of the runtime answer senders. Answers also whether the next does not fit.
    async fn gather_more(&mut self, mut shipment: Shipment) -> Result<(Shipment, io::Result<bool>), Gone> {
        let limits = self.shared.config.limits();
        let from = if shipment.is_empty() { self.route.from() } else { shipment.until() };
        let mut reader = self.reader.take().ok_or(Gone)?;
        let reading = tokio::task::spawn_blocking(move || {
            let full = shipment.gather(&mut reader, from, &limits);
            (reader, shipment, full)
        });
        match reading.await {
            Ok((reader, shipment, full)) => {
                self.shared.counts.damaged.store(reader.damaged(), Relaxed);
                self.reader = Some(reader);
                Ok((shipment, full))
            }
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime ends, and this task with it.
            Err(_) => Err(Gone),
        }
    }

    async fn settle(&mut self, shipment: &Shipment, sealed: Sealed) -> Result<(), Gone> {
        reach(FailPoint::BeforeSettle);
        while !self.spool.mark(Mark::Settled { shipment: sealed.shipment, through: sealed.last }).await? {
            sleep(AGAIN).await;
        }
        reach(FailPoint::AfterSettle);
        self.spool.delivered(&shipment.shares, sealed.at);
        self.shared.delivered(shipment.rows, now().0 - sealed.at.0);
        let keep_ms = i64::try_from(self.spool.config().keep.as_millis()).unwrap_or(i64::MAX);
        self.route.settle(sealed, Millis(now().0.saturating_sub(keep_ms)));
        self.spool.reclaim();
        Ok(())
    }

    /// The frames of a shipment that was sealed before.
    async fn read(&self, sealed: &Sealed) -> Shipment {
        loop {
            let mut reader = Reader::new(self.spool.disk(), self.spool.extents(), sealed.segment);
            match Shipment::read(&mut reader, sealed) {
                Ok(shipment) => return shipment,
                Err(error) => {
                    tracing::error!(shipment = sealed.shipment, %error, "a sealed shipment cannot be read; it is tried again");
                    sleep(AGAIN).await;
                }
            }
        }
    }

    async fn deliver(&self, shipment: &Shipment, sealed: &Sealed, journey: Journey<'_>) -> Result<(), Gone> {
        let waits = Waits { first: self.shared.config.first_wait, longest: self.shared.config.longest_wait };
        let rides =
            journey.legs(shipment, waits).into_iter().map(|(table, cargo, leg)| Ride { courier: self, sealed, table, cargo }.run(leg));
        join_all(rides).await.into_iter().collect()
    }

    /// When ClickHouse restarted, whatever was delivered lately is looked for, and sent again where it is missing.
    async fn repair_if_restarted(&mut self) -> Result<(), Gone> {
        let ended = self.shared.outage_ended.swap(false, Relaxed);
        if self.route.knows_clickhouse() && !ended {
            return Ok(());
        }
        let Ok(answer) = self.endpoint.rows::<i64>("SELECT toUnixTimestamp64Milli(now64(3)) - toInt64(uptime()) * 1000").await else {
            self.shared.outage_ended.store(true, Relaxed);
            return Ok(());
        };
        let Some(started) = answer.first().copied() else { return Ok(()) };
        if self.route.clickhouse_started(Millis(started)) {
            tracing::info!("ClickHouse restarted; looking whether it has what was delivered lately");
            for sealed in self.route.settled() {
                let shipment = self.read(sealed).await;
                self.deliver(&shipment, sealed, Journey::Repair).await?;
            }
        }
        Ok(())
    }
}

/// One table's rows of one shipment on their way.
struct Ride<'a> {
    courier: &'a Courier,
    sealed: &'a Sealed,
    table: &'a str,
    cargo: &'a Cargo,
}

impl Ride<'_> {
    async fn run(self, mut leg: Leg) -> Result<(), Gone> {
        let shared = &self.courier.shared;
        let mut outage = None;
        loop {
            match leg.next() {
                Step::Done => return Ok(()),
                Step::Wait(wait) => {
                    sleep(wait).await;
                    leg.waited();
                }
                Step::Trust => match self.tokens().await {
                    Ok(tokens) => leg.trusted(tokens),
                    Err(error) => {
                        self.say(leg.attempts() + 1, &error.to_string());
                        sleep(leg.uncounted()).await;
                    }
                },
                Step::Count => match self.count().await {
                    Ok((stored, tokens)) => leg.counted(&stored, tokens),
                    Err(error) => {
                        self.say(1, &error.to_string());
                        outage.get_or_insert_with(|| Outage::begin(shared));
                        sleep(leg.uncounted()).await;
                    }
                },
                Step::Insert(parcel) => match self.insert(&parcel.rows, &parcel.suffix).await {
                    Ok(()) => {
                        shared.reached.store(true, Relaxed);
                        if outage.take().is_some() {
                            tracing::info!(table = self.table, "ClickHouse takes inserts again");
                        }
                        leg.inserted();
                    }
                    Err(failure) => {
                        shared.counts.failed_attempts.fetch_add(1, Relaxed);
                        if failure.verdict == Verdict::Passing {
                            outage.get_or_insert_with(|| Outage::begin(shared));
                        }
                        self.say(leg.attempts() + 1, &failure.reason);
                        leg.failed(failure);
                    }
                },
                Step::Split(rows) => {
                    let mark = Mark::Split { shipment: self.sealed.shipment, table: self.table.to_owned(), rows: (rows.start, rows.end) };
                    if self.courier.spool.mark(mark).await? {
                        reach(FailPoint::AfterSplit);
                        leg.split();
                    } else {
                        sleep(AGAIN).await;
                    }
                }
                Step::Bury { row, reason } => match self.bury(row, &reason).await {
                    Ok(()) => {
                        reach(FailPoint::AfterBury);
                        leg.buried();
                    }
                    Err(error) => {
                        self.say(1, &error.to_string());
                        sleep(AGAIN).await;
                    }
                },
            }
        }
    }

    /// The first failure is news, the hundredth is not.
    fn say(&self, attempts: u32, reason: &str) {
        if attempts.is_power_of_two() {
            tracing::warn!(table = self.table, shipment = self.sealed.shipment, attempts, reason, "an insert failed and is tried again");
        }
    }

    fn token(&self, suffix: &str) -> String {
        route::token(self.courier.spool.id(), self.sealed.shipment, self.table, suffix)
    }

    async fn insert(&self, rows: &Range<u32>, suffix: &str) -> Result<(), Failure> {
        let shared = &self.courier.shared;
        let token = self.token(suffix);
        let whole = *rows == (0..self.cargo.rows());
        let began = Instant::now();
        let sent = async {
            let unreadable = |error: arrow::error::ArrowError| EndpointError::Refused { reason: error.to_string() };
            if whole {
                let columns = self.cargo.columns().map_err(unreadable)?;
                self.courier.endpoint.insert_stream(self.table, &columns, self.cargo.stream(), &token).await
            } else {
                let batches = self.cargo.slice(rows).map_err(unreadable)?;
                self.courier.endpoint.insert_all(self.table, &batches, &token).await
            }
        };
        reach(FailPoint::BeforeInsert);
        match timeout(shared.config.attempt, sent).await {
            Ok(Ok(())) => {
                reach(FailPoint::AfterInsert);
                let counts = &shared.counts;
                counts.inserts.fetch_add(1, Relaxed);
                counts.rows.fetch_add(rows.len() as u64, Relaxed);
                counts.insert_us.fetch_add(began.elapsed().as_micros() as u64, Relaxed);
                Ok(())
            }
            Ok(Err(error)) => {
                let verdict = Verdict::of(&error);
                if verdict == Verdict::Outdated {
                    self.refresh().await;
                }
                Err(Failure { verdict, reason: error.to_string().into() })
            }
            Err(_) => Err(Failure { verdict: Verdict::Passing, reason: "it took too long".into() }),
        }
    }

    /// The tables may be those of an older program: they are brought up to date.
    async fn refresh(&self) {
        if let Err(error) = qoe_store::schema::apply(&self.courier.endpoint).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the tables could not be brought up to date");
        }
    }

    async fn count(&self) -> Result<(BTreeMap<u64, u64>, Tokens), EndpointError> {
        let Sealed { first, last, .. } = *self.sealed;
        let (endpoint, spool) = (&self.courier.endpoint, self.courier.spool.id());
        let sql = format!(
            "SELECT batch_seq, count() FROM {} WHERE spool_id = '{spool}' AND batch_seq BETWEEN {first} AND {last} GROUP BY batch_seq",
            self.table
        );
        let tokens = self.tokens().await?;
        Ok((endpoint.rows::<(u64, u64)>(&sql).await?.into_iter().collect(), tokens))
    }

    /// Whether ClickHouse still knows the tokens of this shipment.
    async fn tokens(&self) -> Result<Tokens, EndpointError> {
        let booted =
            "SELECT toUnixTimestamp64Milli(now64(3)) - toInt64(value * 1000) FROM system.asynchronous_metrics WHERE metric = 'OSUptime'";
        let booted = match self.courier.endpoint.rows::<i64>(booted).await {
            Ok(rows) => rows.first().copied().map(Millis),
            Err(error) if error.is_unavailable() => return Err(error),
            // Where it may not be asked this, its answers about time must do.
            Err(_) => None,
        };
        Ok(route::trust(self.sealed.at, now(), booted))
    }

    async fn bury(&self, row: u32, reason: &str) -> Result<(), EndpointError> {
        tracing::error!(
            table = self.table,
            shipment = self.sealed.shipment,
            row,
            reason,
            "ClickHouse refused a row; it is among the dead letters"
        );
        reach(FailPoint::BeforeBury);
        self.courier.shared.counts.dead_letters.fetch_add(1, Relaxed);
        let rows = self.cargo.slice(&(row..row + 1)).map_err(|error| EndpointError::Refused { reason: error.to_string() })?;
        let letters = dead_letters::of(self.table, reason, &rows, self.courier.spool.id(), now());
        self.courier.endpoint.insert_all("dead_letters", &[letters], &self.token(&format!(":dead-{row}"))).await
    }
}

/// Says, while it lives, that ClickHouse does not take rows.
struct Outage<'a>(&'a Shared);

impl<'a> Outage<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.outages.fetch_add(1, Relaxed);
        Outage(shared)
    }
}

impl Drop for Outage<'_> {
    fn drop(&mut self) {
        self.0.outages.fetch_sub(1, Relaxed);
        self.0.outage_ended.store(true, Relaxed);
    }
}

fn now() -> Millis {
    Millis(chrono::Utc::now().timestamp_millis())
}

/// How much longer rows written at `since` wait for company, whatever was done to the clock since.
fn still_to_wait(since: Millis, now: Millis, at_most: Duration) -> Duration {
    let waited = Duration::from_millis(now.0.saturating_sub(since.0).max(0).unsigned_abs());
    at_most.saturating_sub(waited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_wait_from_when_they_were_written_and_never_longer_than_they_may() {
        let wait = |since, now| still_to_wait(Millis(since), Millis(now), Duration::from_secs(1)).as_millis();
        assert_eq!(wait(1_000, 1_400), 600);
        assert_eq!(wait(1_000, 5_000), 0, "an insert took long meanwhile");
        assert_eq!(wait(5_000, 1_000), 1_000, "the clock was set back");
    }
}
