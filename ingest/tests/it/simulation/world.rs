//! One world: clients, a process with its spool and courier, a disk, ClickHouse, a clock; and the ledger of what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use qoe_ingest::delivery::leg::{Failure, Leg, Step, Waits};
use qoe_ingest::delivery::route::{self, Journey, Route};
use qoe_ingest::delivery::shipment::{Cargo, Limits, Reader, Shipment};
use qoe_ingest::delivery::verdict::Verdict;
use qoe_ingest::spool::core::{Core, WriteError};
use qoe_ingest::spool::encode::Group;
use qoe_ingest::spool::frame::{Entry, Mark, Sealed};
use qoe_ingest::spool::log::{AppendError, Flush, LogConfig};
use qoe_store::{Activity, Keys, Millis, SessionEvent, Stamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::clickhouse::{ClickHouse, Nature};
use crate::disk::SimDisk;

const DAY_MS: i64 = 86_400_000;
const WAITS: Waits = Waits { first: Duration::from_millis(100), longest: Duration::from_secs(5) };
const LIMITS: Limits = Limits { rows: 12, bytes: 1 << 20, days: 3 };
/// Steps in which everything must be delivered once all is well.
const PATIENCE: usize = 20_000;

/// A client's batch, and what is known of it.
#[derive(Debug)]
struct Batch {
    name: Option<u128>,
    /// Id, table and nature of each row.
    rows: Vec<(String, &'static str, Nature)>,
    day: i64,
    /// Its sender was told that it is kept.
    acknowledged: bool,
    /// It was written, and perhaps not flushed.
    loose: bool,
    /// It may be gone: it was not flushed when the machine lost its power.
    perishable: bool,
    /// The earliest and latest the clock said since it was first taken.
    clock: Option<(i64, i64)>,
    /// Nobody will send it again.
    retired: bool,
}

enum Work {
    Gathering(Shipment),
    Sealing(Shipment, Sealed),
    Riding(Sealed, Vec<(String, Cargo, Leg)>, Then),
    Settling(Sealed),
}

#[derive(Clone)]
enum Then {
    Settle,
    Repair(Vec<Sealed>),
}

struct Process {
    core: Core,
    route: Route,
    reader: Reader,
    work: Work,
    /// Names of batches in memory.
    fresh: BTreeMap<u128, Entry>,
    full: bool,
    failed: bool,
    outage_ended: bool,
}

pub struct World {
    rng: ChaCha8Rng,
    disk: SimDisk,
    config: LogConfig,
    flush: Flush,
    keep_ms: i64,
    now: i64,
    clickhouse: ClickHouse,
    process: Option<Process>,
    batches: Vec<Batch>,
    /// What happened, to be told if it went wrong.
    pub trace: Vec<String>,
}

macro_rules! note {
    ($world:expr, $($words:tt)*) => { $world.trace.push(format!($($words)*)) };
}

// Behind the macro it uses.
mod courier;

impl World {
    pub fn new(seed: u64) -> World {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let flush = if rng.random_bool(0.75) { Flush::Now } else { Flush::Later };
        let segment_bytes = [2_000, 12_000, 60_000][rng.random_range(0..3)];
        let keep_ms = if rng.random_bool(0.6) { 0 } else { 1_800_000 };
        let now = 1_795_404_861_069;
        World {
            disk: SimDisk::default(),
            config: LogConfig { segment_bytes, segment_age_ms: 1_800_000 },
            flush,
            keep_ms,
            now,
            clickhouse: ClickHouse { started: now, booted: now - 1_000, ..ClickHouse::default() },
            process: None,
            batches: Vec::new(),
            trace: vec![format!("flush {flush:?}, segments of {segment_bytes} bytes, kept for {keep_ms} ms")],
            rng,
        }
    }

    pub fn run(&mut self) {
        for _ in 0..self.rng.random_range(40..200) {
            self.now += self.rng.random_range(0..200);
            match self.rng.random_range(0..1000) {
                0..300 => self.clients_send(),
                300..800 => self.courier_steps(),
                800..840 => self.tick(),
                840..870 => self.flush_log(),
                870..885 => self.restart("killed"),
                885..910 => {
                    let changes = self.rng.random_range(0..6);
                    note!(self, "dies after {changes} changes of the disk");
                    self.disk.die_after(Some(changes));
                }
                910..925 => self.power_fails(),
                925..940 => self.fill_disk(),
                940..950 => {
                    note!(self, "the disk has room");
                    self.disk.set_room(None);
                }
                950..955 => {
                    let flushes = self.rng.random_range(0..3);
                    note!(self, "a flush fails after {flushes}");
                    self.disk.fail_sync_after(Some(flushes));
                }
                955..960 => self.disk.fail_read_after(Some(self.rng.random_range(0..10))),
                960..975 => self.clickhouse_changes(),
                975..985 => self.clock_jumps(),
                985..1000 => self.forget_what_is_on_disk(),
                _ => {}
            }
        }
    }

    fn clickhouse_changes(&mut self) {
        match self.rng.random_range(0..4) {
            0 => self.clickhouse.is_down = !self.clickhouse.is_down,
            1 => self.clickhouse.restart(self.now),
            2 => self.clickhouse.reboot(self.now, &mut self.rng),
            _ => {
                // Long enough for other inserts to push tokens out.
                self.advance(3 * 3_600_000);
                if self.rng.random_bool(0.3) {
                    self.clickhouse.forget_tokens();
                }
            }
        }
        note!(
            self,
            "clickhouse: down {}, booted {}, forgot {}",
            self.clickhouse.is_down,
            self.clickhouse.booted,
            self.clickhouse.forgot_tokens
        );
    }

    fn clock_jumps(&mut self) {
        let by = [-DAY_MS, DAY_MS, 3_700_000, 60_000, 600_000][self.rng.random_range(0..5)];
        note!(self, "the clock moves by {by} ms");
        // It says since when it runs by the clock of now.
        self.clickhouse.booted += by;
        self.clickhouse.started += by;
        self.advance(by);
    }

    fn advance(&mut self, by: i64) {
        self.now += by;
        for batch in &mut self.batches {
            if let Some((earliest, latest)) = &mut batch.clock {
                (*earliest, *latest) = ((*earliest).min(self.now), (*latest).max(self.now));
                batch.retired |= *latest - *earliest >= DAY_MS - 600_000;
            }
        }
    }

    fn fill_disk(&mut self) {
        let room = self.rng.random_range(0..8_000);
        note!(self, "the disk has room for {room} bytes");
        self.disk.set_room(Some(room));
    }

    // The process.

    fn restart(&mut self, why: &str) {
        note!(self, "{why}");
        self.process = None;
        self.disk.kill();
    }

    fn power_fails(&mut self) {
        self.process = None;
        let rng = &mut self.rng;
        self.disk.crash(|below| rng.random_range(0..below));
        for batch in self.batches.iter_mut().filter(|batch| batch.loose) {
            batch.perishable = true;
        }
        note!(self, "the power fails");
        if self.rng.random_bool(0.3) {
            self.clickhouse.reboot(self.now, &mut self.rng);
            note!(self, "and clickhouse's, forgot {}", self.clickhouse.forgot_tokens);
        }
    }

    /// The process, started if it is not there; `None` while it cannot be.
    fn process(&mut self) -> Option<&mut Process> {
        if self.disk.is_dead() {
            self.restart("died");
        }
        if self.process.as_ref().is_some_and(|process| process.failed) && self.rng.random_bool(0.2) {
            self.restart("restarted after the disk failed");
        }
        if self.process.is_none() {
            // That the first flush after a death fails is one fault more than we can bear: nobody is left who knows what was acknowledged.
            self.disk.fail_sync_after(None);
            match Core::open(Arc::new(self.disk.clone()), self.config, Millis(self.now)) {
                Err(error) => {
                    note!(self, "cannot start: {error:?}");
                    return None;
                }
                Ok(_) if self.disk.is_dead() => return None,
                Ok((core, found)) => {
                    assert_eq!(found.damaged, 0, "damage where nothing was damaged");
                    let at = found.unsealed.map_or_else(|| core.extents().all().last().map_or(0, |extent| extent.segment), |at| at.segment);
                    let open: Vec<u64> = found.open.iter().map(|open| open.sealed.shipment).collect();
                    note!(self, "starts: open {open:?}, from {}, next shipment {}", found.first_unsealed, found.next_shipment);
                    self.process = Some(Process {
                        reader: Reader::new(core.disk().clone(), core.extents().clone(), at),
                        route: Route::new(&found),
                        work: Work::Gathering(Shipment::default()),
                        fresh: found.entries.iter().map(|(.., entry)| (entry.name, *entry)).collect(),
                        full: found.full,
                        failed: false,
                        outage_ended: false,
                        core,
                    });
                }
            }
        }
        self.process.as_mut()
    }

    fn is_dead(&self) -> bool {
        self.disk.is_dead() || self.process.is_none()
    }

    /// What the thread that writes makes of a failure.
    fn judge<T>(&mut self, done: Result<T, AppendError>) -> Option<T> {
        let process = self.process.as_mut()?;
        match done {
            _ if self.disk.is_dead() => None,
            Ok(done) => Some(done),
            Err(error) => {
                process.full |= matches!(error, AppendError::Full(_));
                process.failed |= !matches!(error, AppendError::Full(_));
                if process.full && !process.failed {
                    // As the thread does: tried again later.
                    let _ = process.core.release_ballast();
                }
                if process.failed {
                    self.give_up_loose();
                }
                note!(self, "the disk: {error:?}");
                None
            }
        }
    }

    fn tick(&mut self) {
        let (now, keep_ms) = (self.now, self.keep_ms);
        let Some(process) = self.process() else { return };
        let keep_ms = if process.full { 0 } else { keep_ms };
        let reclaimed = process.core.reclaim(Millis(now), keep_ms);
        let is_unflushed = reclaimed.is_err();
        if process.full && !process.failed && process.core.restore_ballast().is_ok() {
            process.full = false;
        }
        note!(self, "tick: reclaimed {reclaimed:?}");
        if is_unflushed {
            self.give_up_loose();
        }
    }

    fn flush_log(&mut self) {
        let Some(process) = self.process() else { return };
        let flushed = process.core.flush();
        if self.judge(flushed).is_some() {
            self.all_is_flushed();
        }
    }

    /// What a flush that failed should have flushed may be gone.
    fn give_up_loose(&mut self) {
        self.batches.iter_mut().for_each(|batch| batch.perishable |= batch.loose);
    }

    fn all_is_flushed(&mut self) {
        self.batches.iter_mut().for_each(|batch| batch.loose = false);
    }

    /// What is in memory is bounded: what is in files goes first.
    fn forget_what_is_on_disk(&mut self) {
        let Some(process) = self.process() else { return };
        let runs = process.core.runs().clone();
        process.fresh.retain(|name, _| !matches!(runs.find(*name), Ok(Some(_))));
    }

    // Clients.

    fn new_batch(&mut self) -> usize {
        let index = self.batches.len();
        let rows = (0..self.rng.random_range(1..5))
            .map(|row| {
                let nature = match self.rng.random_range(0..60) {
                    0 => Nature::Poison,
                    1 => Nature::ViewPoison,
                    _ => Nature::Sound,
                };
                let table = if self.rng.random_bool(0.3) { "activity" } else { "session_events" };
                (format!("{index}-{row}"), table, nature)
            })
            .collect();
        self.batches.push(Batch {
            name: self.rng.random_bool(0.8).then(|| self.rng.random()),
            rows,
            day: 0,
            acknowledged: false,
            loose: false,
            perishable: false,
            clock: None,
            retired: false,
        });
        index
    }

    fn clients_send(&mut self) {
        let day = self.rng.random_range(0..3);
        let mut chosen = Vec::new();
        for _ in 0..self.rng.random_range(1..4) {
            let again = (0..self.batches.len()).filter(|&index| self.batches[index].name.is_some() && !self.batches[index].retired);
            let again: Vec<usize> = again.collect();
            let batch = if again.is_empty() || self.rng.random_bool(0.6) {
                self.new_batch()
            } else {
                // Lately sent ones sooner.
                let from = if self.rng.random_bool(0.7) { again.len().saturating_sub(5) } else { 0 };
                again[self.rng.random_range(from..again.len())]
            };
            if !chosen.contains(&batch) {
                chosen.push(batch);
            }
        }
        self.send(&chosen, day);
    }

    /// Batches that arrive together.
    fn send(&mut self, chosen: &[usize], day: i64) {
        let (now, flush) = (self.now, self.flush);
        let Some(process) = self.process() else { return };
        let (closed, runs) = (process.full || process.failed, process.core.runs().clone());
        let known = process.fresh.clone();
        let mut group = Group::default();
        let mut taken = Vec::new();
        for &index in chosen {
            let name = self.batches[index].name;
            let fresh = name.and_then(|name| known.get(&name).copied());
            let found = match name.filter(|_| fresh.is_none()).map(|name| runs.find(name)) {
                // It is told to come again.
                Some(Err(_)) => continue,
                Some(Ok(found)) => found,
                None => fresh,
            };
            if let Some(entry) = found {
                let batch = &mut self.batches[index];
                assert_eq!(entry.accepted as usize, batch.rows.len());
                note!(self, "batch {index} came before");
                batch.acknowledged = true;
                continue;
            }
            let batch = &mut self.batches[index];
            let forgiven = batch.perishable || !batch.acknowledged || self.disk.is_dead();
            assert!(forgiven, "batch {index} was acknowledged and is forgotten");
            if closed {
                continue;
            }
            batch.day = day;
            batch.clock.get_or_insert((now, now));
            batch.write(&mut group, now);
            taken.push(index);
        }
        if taken.is_empty() {
            return;
        }
        let Some(process) = self.process.as_mut() else { return };
        let appended = match process.core.append(&group, Millis(now), flush) {
            Ok(appended) => Ok(appended),
            Err(WriteError::Append(error)) => Err(error),
            Err(WriteError::Encode(error)) => panic!("{error}"),
        };
        let entries = group.entries.clone();
        let Some(appended) = self.judge(appended) else { return note!(self, "batches {taken:?} are not taken") };
        note!(self, "batches {taken:?} are frame {}", appended.seq);
        if let Some(process) = self.process.as_mut() {
            process.fresh.extend(entries.iter().map(|entry| (entry.name, *entry)));
        }
        for index in taken {
            let hears = self.rng.random_bool(0.9);
            let batch = &mut self.batches[index];
            // A machine that lost its power may have lost this again.
            (batch.acknowledged, batch.loose) = (hears, flush == Flush::Later);
            batch.perishable = false;
        }
    }

    // The courier, one step at a time.

    /// Everything is mended, everyone who was not answered asks again, and all is delivered.
    pub fn heal(&mut self) {
        note!(self, "all is mended");
        self.disk.die_after(None);
        self.disk.set_room(None);
        self.disk.fail_sync_after(None);
        self.disk.fail_read_after(None);
        (self.clickhouse.is_down, self.clickhouse.is_well) = (false, true);
        if self.process.as_ref().is_some_and(|process| process.failed) {
            self.restart("restarted to mend it");
        }
        self.tick();
        self.deliver_on_a_full_disk();
        for index in 0..self.batches.len() {
            if self.batches[index].name.is_some() && !self.batches[index].acknowledged && !self.batches[index].retired {
                self.send(&[index], 0);
                self.send(&[index], 0);
            }
        }
        self.drain();
        let keep_ms = self.keep_ms;
        self.advance(keep_ms);
        let now = Millis(self.now);
        let process = self.process().unwrap();
        process.core.reclaim(now, keep_ms).unwrap();
        let segments = process.core.extents().all().iter().filter(|extent| extent.end > 0).count();
        assert!(segments <= 1, "{segments} segments are left of what is delivered");
        // Also the process after this one remembers.
        self.restart("restarted at the end");
        for index in 0..self.batches.len() {
            if self.batches[index].name.is_some() && self.batches[index].acknowledged && !self.batches[index].retired {
                self.send(&[index], 0);
            }
        }
        self.drain();
    }

    /// A disk that fills up while there is something to deliver, and stays full, keeps nothing from being delivered.
    fn deliver_on_a_full_disk(&mut self) {
        for room in [None, Some(100)] {
            self.disk.set_room(room);
            let batch = self.new_batch();
            self.send(&[batch], 0);
        }
        self.drain();
        self.disk.set_room(None);
        self.tick();
    }

    fn drain(&mut self) {
        for _ in 0..PATIENCE {
            if !self.courier_step() {
                return;
            }
        }
        panic!("what is in the spool is not delivered");
    }

    /// Every acknowledged row is there once, and no row twice.
    pub fn check(&self) {
        for (index, batch) in self.batches.iter().enumerate() {
            for (id, table, nature) in &batch.rows {
                let key = ((*table).to_owned(), id.clone());
                let stored = self.clickhouse.rows.get(&key).copied().unwrap_or_default();
                let dead = self.clickhouse.dead_letters.get(&key).copied().unwrap_or_default();
                let what = format!("row {id} of batch {index}, {nature:?}: {stored} times stored, {dead} times a dead letter: {batch:?}");
                assert!(stored <= 1, "twice: {what}");
                assert!(dead <= 1 || self.clickhouse.forgot_tokens, "buried twice: {what}");
                assert!(dead == 0 || *nature != Nature::Sound, "buried alive: {what}");
                assert!(stored == 0 || *nature != Nature::Poison, "impossible: {what}");
                let kept = batch.acknowledged && !batch.perishable;
                assert!(stored + dead > 0 || !kept, "lost: {what}");
            }
        }
    }
}

impl Batch {
    fn write(&self, group: &mut Group, now: i64) {
        for (id, table, nature) in &self.rows {
            let keys = Keys {
                project: "p".into(),
                session_id: id.as_str().into(),
                user_id: format!("{}/{}", nature.mark(), self.day).into(),
                ..Keys::default()
            };
            let stamp = Stamp::at(now - now.rem_euclid(DAY_MS) - self.day * DAY_MS);
            let keys = Arc::new(keys);
            match *table {
                "activity" => group.records.Activity.push(Activity { keys, stamp, ..Activity::default() }),
                _ => group.records.SessionEvents.push(SessionEvent { keys, stamp, ..SessionEvent::default() }),
            }
        }
        group.entries.extend(self.name.map(|name| Entry { name, accepted: self.rows.len() as u32 }));
        *group.projects.entry("p".into()).or_default() += self.rows.len() as u64;
    }
}
