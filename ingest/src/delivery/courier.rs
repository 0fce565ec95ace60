//! The task that takes shipments from the spool to ClickHouse, one after the other.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures::future::join_all;
use qoe_store::{Endpoint, EndpointError, Millis};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::Shared;
use super::dead_letters;
use super::leg::{Burial, Failure, Leg, Parcel, Step, Tokens, Waits};
use super::probe::Probe;
use super::route::{self, Journey, Route};
use super::shipment::{Cargo, Day, Reader, Shipment};
use super::verdict::Verdict;
use crate::failpoint::{FailPoint, reach};
use crate::moment::Moment;
use crate::spool::core::Dispatch;
use crate::spool::frame::{Mark, Sealed, Split};
use crate::spool::{Found, Frames, Gone};

/// How often ClickHouse, the spool or its disk is asked again when it could not be read or written.
const AGAIN: Duration = Duration::from_secs(1);
/// ClickHouse's code for a table that is not there.
const UNKNOWN_TABLE: u32 = 60;
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
            let dispatch = self.deliver(&shipment, open, Journey::Resumed).await?;
            self.settle(&shipment, dispatch).await?;
        }
        loop {
            let shipment = self.gather().await?;
            let Some(sealed) = self.route.seal(&shipment, Moment::now()) else { continue };
            reach(FailPoint::BeforeSeal);
            // Before any of it goes.
            while !self.spool.mark(Mark::Sealed(sealed)).await? {
                sleep(AGAIN).await;
            }
            reach(FailPoint::AfterSeal);
            let dispatch = self.deliver(&shipment, Dispatch::new(sealed), Journey::First).await?;
            self.settle(&shipment, dispatch).await?;
            self.repair_if_restarted().await?;
        }
    }

    /// All that comes before the first of it has waited long enough.
    async fn gather(&mut self) -> Result<Shipment, Gone> {
        let limits = self.shared.config.limits();
        let (mut shipment, mut due) = (Shipment::default(), None);
        loop {
            let tail = *self.tail.borrow_and_update();
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
                self.spool.looked_through(tail);
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

    async fn settle(&mut self, shipment: &Shipment, dispatch: Dispatch) -> Result<(), Gone> {
        let sealed = dispatch.sealed;
        reach(FailPoint::BeforeSettle);
        while !self.spool.mark(Mark::Settled { shipment: sealed.shipment, through: sealed.last }).await? {
            sleep(AGAIN).await;
        }
        reach(FailPoint::AfterSettle);
        self.spool.delivered(&shipment.shares, sealed.last, sealed.at.wall);
        self.shared.delivered(shipment.rows, now().0 - sealed.at.wall.0);
        let keep_ms = i64::try_from(self.spool.config().keep.as_millis()).unwrap_or(i64::MAX);
        self.route.settle(dispatch, Millis(now().0.saturating_sub(keep_ms)));
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

    /// Brings every row where it belongs; answers with what was decided on the way.
    async fn deliver(&self, shipment: &Shipment, mut dispatch: Dispatch, journey: Journey) -> Result<Dispatch, Gone> {
        let waits = Waits { first: self.shared.config.first_wait, longest: self.shared.config.longest_wait };
        let legs = journey.legs(shipment, &dispatch, waits).into_iter();
        let rides = legs.map(|(table, cargo, leg)| Ride { courier: self, sealed: &dispatch.sealed, table, cargo }.run(leg));
        let decided: Vec<_> = join_all(rides).await.into_iter().collect::<Result<_, Gone>>()?;
        dispatch.splits.extend(decided.into_iter().flatten());
        Ok(dispatch)
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
            for dispatch in self.route.take_settled() {
                let shipment = self.read(&dispatch.sealed).await;
                let dispatch = self.deliver(&shipment, dispatch, Journey::Repair).await?;
                self.route.repaired(dispatch);
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
    /// Answers with what was decided of the table's rows.
    async fn run(self, mut leg: Leg) -> Result<Vec<(String, Split)>, Gone> {
        let shared = &self.courier.shared;
        let (mut outage, mut probe, mut decided) = (None, None, Vec::new());
        loop {
            let step = leg.next();
            if !matches!(step, Step::Probe(_) | Step::Wait(_))
                && let Some(probe) = probe.take()
            {
                Probe::remove(probe).await;
            }
            match step {
                Step::Done => return Ok(decided),
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
                Step::Insert(parcel) => match self.insert(&parcel).await {
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
                Step::Probe(parcel) => leg.probed(self.probe(&mut probe, &parcel).await),
                Step::Split(split) => {
                    let (shipment, table) = (self.sealed.shipment, self.table.to_owned());
                    if self.courier.spool.mark(Mark::Split { shipment, table: table.clone(), split: split.clone() }).await? {
                        reach(FailPoint::AfterSplit);
                        decided.push((table, split));
                        leg.split();
                    } else {
                        sleep(AGAIN).await;
                    }
                }
                Step::Bury(burial) => match self.bury(&burial).await {
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

    async fn insert(&self, parcel: &Parcel) -> Result<(), Failure> {
        let shared = &self.courier.shared;
        let token = self.token(&parcel.suffix);
        let began = Instant::now();
        let sent = async {
            if parcel.count() == self.cargo.rows() {
                let columns = self.cargo.columns().map_err(unreadable)?;
                self.courier.endpoint.insert_stream(self.table, &columns, self.cargo.stream(), &token).await
            } else {
                let batches = self.cargo.pick(&parcel.rows, &parcel.without).map_err(unreadable)?;
                self.courier.endpoint.insert_all(self.table, &batches, &token).await
            }
        };
        reach(FailPoint::BeforeInsert);
        match timeout(shared.config.attempt, sent).await {
            Ok(Ok(())) => {
                reach(FailPoint::AfterInsert);
                let counts = &shared.counts;
                counts.inserts.fetch_add(1, Relaxed);
                counts.rows.fetch_add(u64::from(parcel.count()), Relaxed);
                counts.insert_us.fetch_add(began.elapsed().as_micros() as u64, Relaxed);
                Ok(())
            }
            Ok(Err(error)) => {
                let failure = Failure::of(&error);
                if failure.verdict == Verdict::Outdated {
                    self.refresh().await;
                }
                Err(failure)
            }
            Err(_) => Err(Failure { verdict: Verdict::Passing, reason: "it took too long".into() }),
        }
    }

    /// Whether these rows would be taken.
    async fn probe(&self, probe: &mut Option<Probe>, parcel: &Parcel) -> Result<(), Failure> {
        let Courier { endpoint, spool, shared, .. } = self.courier;
        shared.counts.probes.fetch_add(1, Relaxed);
        let tried = async {
            let probe = match probe {
                Some(probe) => probe,
                None => probe.insert(Probe::make(endpoint, self.table, spool.id()).await.map_err(|error| Failure::not_of_rows(&error))?),
            };
            let batches = self.cargo.pick(&parcel.rows, &parcel.without).map_err(|error| Failure::of(&unreadable(error)))?;
            probe.takes(&batches).await.map_err(|error| Failure::of(&error))
        };
        let late = Failure { verdict: Verdict::Passing, reason: "it took too long".into() };
        let tried = timeout(shared.config.attempt, tried).await.unwrap_or(Err(late));
        if tried.as_ref().is_err_and(|failure| failure.verdict == Verdict::Passing) {
            // Perhaps somebody removed it.
            *probe = None;
        }
        tried
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
            "SELECT batch_seq, toInt32(intDiv(toUnixTimestamp64Milli(observed_at), 86400000)) AS day, count() FROM {} \
             WHERE spool_id = '{spool}' AND batch_seq BETWEEN {first} AND {last} GROUP BY batch_seq, day",
            self.table
        );
        let tokens = self.tokens().await?;
        let stored = endpoint.rows::<(u64, i32, u64)>(&sql).await?.into_iter();
        let stored: BTreeMap<Day, u64> = stored.map(|(frame, day, rows)| ((frame, day), rows)).collect();
        Ok((self.cargo.held(&stored).map_err(unreadable)?, tokens))
    }

    /// Whether ClickHouse still knows the tokens of this shipment.
    async fn tokens(&self) -> Result<Tokens, EndpointError> {
        let endpoint = &self.courier.endpoint;
        let machine = "SELECT toInt64(value * 1000) FROM system.asynchronous_metrics WHERE metric = 'OSUptime'";
        let up = match endpoint.rows::<i64>(machine).await {
            Ok(up) if !up.is_empty() => up,
            Err(error) if error.is_unavailable() => return Err(error),
            // ClickHouse as a library has no such table. It is a process of this machine, of whose restarts we know ourselves; its own uptime would make it
            // seem to have forgotten what it was sent before each of its restarts, and views that a kill cut off would stay so.
            Err(error) if error.code() == Some(UNKNOWN_TABLE) => Vec::new(),
            // Where it may not be asked this: the server has not been up for longer than its machine.
            _ => endpoint.rows::<i64>("SELECT toInt64(uptime()) * 1000").await?,
        };
        Ok(route::trust(&self.sealed.at, &Moment::now(), up.first().copied()))
    }

    async fn bury(&self, burial: &Burial) -> Result<(), EndpointError> {
        let (table, shipment) = (self.table, self.sealed.shipment);
        reach(FailPoint::BeforeBury);
        let rows: Vec<u32> = burial.rows.iter().map(|(row, _)| *row).collect();
        let singles = self.cargo.singles(&rows).map_err(unreadable)?;
        for (row, reason) in &burial.rows {
            tracing::error!(table, shipment, row, reason = &**reason, "ClickHouse refused a row; it is among the dead letters");
        }
        let reasons = burial.rows.iter().map(|(_, reason)| &**reason);
        let letters = dead_letters::of(table, reasons.zip(&singles), self.courier.spool.id(), now());
        self.courier.endpoint.insert_all("dead_letters", &[letters], &self.token(&burial.suffix)).await?;
        self.courier.shared.counts.dead_letters.fetch_add(rows.len() as u64, Relaxed);
        Ok(())
    }
}

impl Failure {
    fn of(error: &EndpointError) -> Failure {
        Failure { verdict: Verdict::of(error), reason: error.to_string().into() }
    }

    /// Of what was asked for without sending rows: they are not at fault, whatever the words. What the account may not do will not pass by waiting.
    fn not_of_rows(error: &EndpointError) -> Failure {
        let failure = Failure::of(error);
        match failure.verdict {
            Verdict::Passing if !Verdict::is_forbidden(error) => failure,
            _ => Failure { verdict: Verdict::Unknown, ..failure },
        }
    }
}

fn unreadable(error: arrow::error::ArrowError) -> EndpointError {
    EndpointError::Refused { reason: error.to_string() }
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
