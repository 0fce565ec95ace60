//! From `getStats()` reports to samples: the one place where cumulative counters are differenced.
//!
//! A report says what a stream has counted since it began; a sample says what happened in one interval. So the last reading of every stream is
//! kept, and each report gives one sample per stream that was read before:
//!
//! - A **new stream** is a new (connection, direction, ssrc, rid), or one whose packets or bytes fell. Its first reading is a baseline and
//!   gives no sample.
//! - An **interval** is measured by the report's own `timestamp`, never by arrival. A reading that is not newer than the last is a repeat, or
//!   out of order, and is left out: its counts are in the later one already. One that is older by more than [`MAX_INTERVAL_MS`] comes of a
//!   clock that was set back, and is a new baseline.
//! - A poll clock that slept (a hidden page, a lid that was shut) gives one long interval. Its differences are true, so it is kept with its true
//!   length up to [`MAX_INTERVAL_MS`]; beyond that nobody can say which minute it belongs to, and the reading is a new baseline.
//! - **Absent stays absent.** A counter is differenced when both readings have it. One that fell alone, though packets and bytes did not,
//!   is absent for that interval. `packetsLost` is signed: late packets take loss back, and those steps are kept.
//!
//! The state is bounded: a stream nobody reports is forgotten after 10 to 20 minutes, and beyond [`Limits::streams`] new ones are not followed;
//! both are counted.

mod reading;
mod round_trip;
mod silence;
mod stream;

pub(crate) use stream::sequence;

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use qoe_store::{Keys, Label, Millis, Sample, Stamp};

use crate::lock;
use crate::recent::Recent;
use crate::wire::{Report, RtcStats};
use round_trip::Pairs;
use stream::{Scene, Step, Stream};

/// Longest interval that gives a sample, ms: the minute by which quality is judged, and the lateness of a timer set to a minute.
pub const MAX_INTERVAL_MS: f64 = 70_000.0;

const SHARDS: usize = 16;

/// What a reducer may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most streams followed at once. At about 600 bytes each the default is some 120 MB: 50,000 participants of two-party video calls.
    pub streams: NonZeroUsize,
    /// A stream is forgotten between one and two of these, ms, after its last report. The default is 10 minutes: longer than a client is
    /// away and comes back to the same connection.
    pub idle_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { streams: NonZeroUsize::new(200_000).unwrap_or(NonZeroUsize::MIN), idle_ms: 600_000 }
    }
}

/// What a reducer did since it was made.
#[derive(Debug, Default)]
pub struct Counts {
    /// Samples given.
    pub samples: AtomicU64,
    /// First readings of streams, and readings after a reset.
    pub baselines: AtomicU64,
    /// Readings left out, being no newer than the last.
    pub repeats: AtomicU64,
    /// Readings made baselines because the one before was more than [`MAX_INTERVAL_MS`] ago.
    pub too_long: AtomicU64,
    /// New streams not followed for want of room.
    pub unfollowed: AtomicU64,
    /// Streams forgotten after nobody reported them.
    pub forgotten: AtomicU64,
    /// Streams followed now.
    pub streams: AtomicUsize,
}

/// Where a report comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The keys its samples will carry: of them, project and session name the state.
    pub keys: &'a Arc<Keys>,
    /// Its times, which its samples will carry.
    pub stamp: Stamp,
    /// Which peer connection of the session.
    pub connection: &'a str,
}

/// The readings of all streams, by project, session and connection.
#[derive(Debug)]
pub struct Reducer {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    limits: Limits,
    counts: Counts,
}

type Owner = (Label, Label, Label);
type Shard = Recent<Owner, Connection>;

#[derive(Debug, Default)]
struct Connection {
    streams: HashMap<Label, Stream>,
    pairs: Pairs,
}

impl Default for Reducer {
    fn default() -> Self {
        Reducer::new(Limits::default())
    }
}

impl Reducer {
    /// A reducer that has seen nothing.
    pub fn new(limits: Limits) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(Recent::new(limits.idle_ms))).collect();
        Reducer { shards, hasher: RandomState::new(), limits, counts: Counts::default() }
    }

    /// What was done so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The samples of one report: what happened on each stream since the report before. `muted` names the streams (by their id in the report)
    /// known to be muted, on which silence is no gap.
    pub fn reduce(&self, origin: Origin<'_>, report: &Report<'_>, muted: &HashSet<&str>) -> Vec<Sample> {
        let keys = origin.keys;
        let session = self.hasher.hash_one((&keys.project, &keys.session_id));
        let mut shard = lock(&self.shards[session as usize % SHARDS]);
        self.tidy(&mut shard, origin.stamp.received_at);

        let owner = (keys.project.clone(), keys.session_id.clone(), Label::from(origin.connection));
        if shard.touch(&owner).is_none() {
            if !report.0.iter().any(Stream::is_stream) {
                return Vec::new();
            }
            shard.insert(owner.clone(), Connection::default());
        }
        let Some(connection) = shard.touch(&owner) else { return Vec::new() };
        let samples = self.step(connection, origin, report, muted);
        if connection.streams.is_empty() {
            shard.remove(&owner);
        }
        samples
    }

    fn step(&self, connection: &mut Connection, origin: Origin<'_>, report: &Report<'_>, muted: &HashSet<&str>) -> Vec<Sample> {
        let by_id: HashMap<&str, &RtcStats<'_>> = report.0.iter().filter_map(|stats| Some((stats.id.as_deref()?, stats))).collect();
        let Connection { streams, pairs } = connection;
        pairs.step(report, &by_id, origin.stamp.client_at);
        let receivers = report.0.iter().filter(|stats| stats.is("remote-inbound-rtp"));
        let by_local_id = receivers.filter_map(|stats| Some((stats.local_id.as_deref()?, stats))).collect();
        let scene = Scene { origin, by_id: &by_id, by_local_id: &by_local_id, pairs, muted };

        let mut samples = Vec::new();
        let mut name = String::new();
        for stats in report.0.iter().filter(|stats| Stream::is_stream(stats)) {
            stream::name(&mut name, origin.connection, stats);
            let counter = match streams.get_mut(name.as_str()).map(|stream| stream.step(stats, scene)) {
                Some(Step::Sample(sample)) => {
                    samples.push(sample);
                    &self.counts.samples
                }
                Some(Step::Repeat) => &self.counts.repeats,
                Some(Step::Reset) => &self.counts.baselines,
                Some(Step::TooLong) => &self.counts.too_long,
                None if self.has_room_for_one_more() => {
                    let id = Label::from(name.as_str());
                    streams.insert(id.clone(), Stream::new(id, stats, scene));
                    &self.counts.baselines
                }
                None => &self.counts.unfollowed,
            };
            counter.fetch_add(1, Relaxed);
        }
        samples
    }

    fn has_room_for_one_more(&self) -> bool {
        let room = |streams| (streams < self.limits.streams.get()).then_some(streams + 1);
        self.counts.streams.fetch_update(Relaxed, Relaxed, room).is_ok()
    }

    fn tidy(&self, shard: &mut Shard, now: Millis) {
        let forgotten: usize = shard.tidy(now).values().map(|connection| connection.streams.len()).sum();
        if forgotten > 0 {
            self.counts.streams.fetch_sub(forgotten, Relaxed);
            self.counts.forgotten.fetch_add(forgotten as u64, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
