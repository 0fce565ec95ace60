//! One world: clients, a process with its spool and courier, a disk, ClickHouse, a clock; and the ledger of what was acknowledged.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use qoe_ingest::delivery::leg::{Failure, Leg, Parcel, Step, Waits};
use qoe_ingest::delivery::route::{self, Journey, Route};
use qoe_ingest::delivery::shipment::{Cargo, Limits, Reader, Shipment};
use qoe_ingest::delivery::verdict::Verdict;
use qoe_ingest::moment::Moment;
use qoe_ingest::spool::core::{Core, Dispatch, WriteError};
use qoe_ingest::spool::encode::Group;
use qoe_ingest::spool::frame::{Entry, Mark, Sealed};
use qoe_ingest::spool::log::{AppendError, Flush, LogConfig};
use qoe_store::{Activity, Keys, Millis, SessionEvent, Stamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::clickhouse::{ClickHouse, Nature};
use crate::disk::SimDisk;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
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
    /// When it was first taken.
    taken: Option<i64>,
    /// Nobody will send it again.
    retired: bool,
}

enum Work {
    Gathering(Shipment),
    Sealing(Shipment, Sealed),
    Riding(Dispatch, Vec<(String, Cargo, Leg)>, Then),
    Settling(Dispatch),
}

#[derive(Clone)]
enum Then {
    Settle,
    /// Those that are still to be looked for, the oldest first.
    Repair(VecDeque<Dispatch>),
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
    /// What the clocks of its machine say.
    now: Moment,
    /// What no clock of it says: ms since it all began.
    time: i64,
    clickhouse: ClickHouse,
    process: Option<Process>,
    batches: Vec<Batch>,
    /// What happened, to be told if it went wrong.
    pub trace: Vec<String>,
}

macro_rules! note {
    ($world:expr, $($words:tt)*) => { $world.trace.push(format!($($words)*)) };
}

// Behind the macro they use.
mod clients;
mod courier;
mod end;
mod process;
mod weather;

impl World {
    pub fn new(seed: u64) -> World {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let flush = if rng.random_bool(0.75) { Flush::Now } else { Flush::Later };
        let segment_bytes = [2_000, 12_000, 60_000][rng.random_range(0..3)];
        let keep_ms = if rng.random_bool(0.6) { 0 } else { 1_800_000 };
        let now = Moment { wall: Millis(1_795_404_861_069), boot: 1, up_ms: 40 * DAY_MS };
        World {
            disk: SimDisk::default(),
            config: LogConfig { segment_bytes, segment_age_ms: 1_800_000 },
            flush,
            keep_ms,
            now,
            time: 0,
            clickhouse: ClickHouse { booted: -DAY_MS, ..ClickHouse::default() },
            process: None,
            batches: Vec::new(),
            trace: vec![format!("flush {flush:?}, segments of {segment_bytes} bytes, kept for {keep_ms} ms")],
            rng,
        }
    }

    pub fn run(&mut self) {
        for _ in 0..self.rng.random_range(40..200) {
            let passes = self.rng.random_range(0..200);
            self.pass(passes);
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
}
