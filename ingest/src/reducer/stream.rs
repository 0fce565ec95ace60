//! One stream, followed from report to report.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::LazyLock;

use qoe_store::{Label, Sample};

use super::reading::{Direction, Reading, count, large_count};
use super::round_trip::{Pairs, RoundTrip, RoundTripReading};
use super::silence::{Flow, Silence};
use super::{MAX_INTERVAL_MS, Origin};
use crate::admission::measures::{MAX_BUFFER_DELAY_MS, MAX_DELAY_MS, MAX_DURATION_MS};
use crate::wire::RtcStats;

/// An interval this many times the one before is one over which the poll clock slept.
const SLEPT_TIMES: f64 = 5.0;
/// What the first interval is compared with, ms: the slowest polling in common use.
const SLOWEST_POLL_MS: f64 = 10_000.0;

static W3C: LazyLock<Label> = LazyLock::new(|| "w3c".into());

/// A stream and what it had counted at its last report.
#[derive(Debug)]
pub(super) struct Stream {
    id: Label,
    kind: Label,
    direction: Direction,
    direction_label: Label,
    codec: Label,
    last: Reading,
    /// Length of the interval before, ms.
    usual_ms: Option<f64>,
    silence: Silence,
    /// Of the receiver's reports, when it is sent and they came.
    round_trip: Option<RoundTrip>,
}

/// The report a stream stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'r, 'a> {
    pub origin: Origin<'r>,
    pub by_id: &'r HashMap<&'r str, &'r RtcStats<'a>>,
    /// What receivers report of the streams sent here, by the id of the stream.
    pub by_local_id: &'r HashMap<&'r str, &'r RtcStats<'a>>,
    pub pairs: &'r Pairs,
    /// Ids of the streams known to be muted.
    pub muted: &'r HashSet<&'r str>,
}

/// What one more report of a stream comes to.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly every step is a sample")]
pub(super) enum Step {
    /// An interval.
    Sample(Sample),
    /// Not newer than the last: nothing.
    Repeat,
    /// The counting or the clock began anew: a baseline.
    Reset,
    /// The last is too long ago: a baseline.
    TooLong,
}

/// The stream's name within its session: `connection:direction:ssrc`, and `:rid` if it has one.
pub(super) fn name(into: &mut String, connection: &str, stats: &RtcStats<'_>) {
    into.clear();
    let direction = Direction::of(stats).map_or("", Direction::as_str);
    // Writing to a string does not fail.
    let _ = match stats.ssrc {
        Some(ssrc) => write!(into, "{connection}:{direction}:{ssrc}"),
        None => write!(into, "{connection}:{direction}:{}", stats.id.as_deref().unwrap_or_default()),
    };
    if let Some(rid) = stats.rid.as_deref().filter(|rid| !rid.is_empty()) {
        let _ = write!(into, ":{rid}");
    }
}

impl Stream {
    /// Whether a statistics object is a stream.
    pub fn is_stream(stats: &RtcStats<'_>) -> bool {
        Direction::of(stats).is_some()
    }

    /// A stream as it is seen first.
    pub fn new(id: Label, stats: &RtcStats<'_>, scene: Scene<'_, '_>) -> Self {
        let direction = Direction::of(stats).unwrap_or(Direction::Inbound);
        let mut stream = Stream {
            id,
            kind: kind(stats),
            direction,
            direction_label: direction.as_str().into(),
            codec: Label::default(),
            last: Reading::default(),
            usual_ms: None,
            silence: Silence::default(),
            round_trip: None,
        };
        stream.begin(stats, scene, Reading::of(stats, direction, at_ms(stats, scene)));
        stream
    }

    fn begin(&mut self, stats: &RtcStats<'_>, scene: Scene<'_, '_>, reading: Reading) {
        self.last = reading;
        self.usual_ms = None;
        self.silence = Silence::begin(last_packet_age_ms(stats, reading.at_ms));
        self.round_trip = receiver(stats, scene).map(|remote| RoundTrip::begin(RoundTripReading::of_receiver(remote, reading.at_ms)));
    }

    /// One more report.
    pub fn step(&mut self, stats: &RtcStats<'_>, scene: Scene<'_, '_>) -> Step {
        let now = Reading::of(stats, self.direction, at_ms(stats, scene));
        let interval_ms = now.at_ms - self.last.at_ms;
        let set_back = interval_ms < -MAX_INTERVAL_MS;
        if interval_ms < 1.0 && !set_back {
            return Step::Repeat;
        }
        let reset = set_back || now.is_reset_of(&self.last);
        if reset || interval_ms > MAX_INTERVAL_MS {
            self.begin(stats, scene, now);
            return if reset { Step::Reset } else { Step::TooLong };
        }
        let counted = now.since(&self.last);
        let gap_ms = self.gap_ms(&now, &counted, stats, scene);
        let rtt_ms = self.rtt_ms(stats, scene, now.at_ms);
        self.name_codec(stats, scene);
        self.usual_ms = Some(interval_ms);
        self.last = now;
        Step::Sample(self.sample(stats, scene.origin, &counted, Derived { rtt_ms, gap_ms }))
    }

    /// Time beyond a second without a packet, ms; `None` for what is sent, for a stream that is muted or never flowed, and for an interval that
    /// was slept through, of which nobody heard anything.
    fn gap_ms(&mut self, now: &Reading, counted: &Reading, stats: &RtcStats<'_>, scene: Scene<'_, '_>) -> Option<f64> {
        let packets = counted.packets?;
        let interval_ms = counted.at_ms;
        let flowed = now.packets.is_some_and(|packets| packets > 0.0);
        let muted = stats.id.as_deref().is_some_and(|id| scene.muted.contains(id));
        let slept = packets == 0.0 && interval_ms > SLEPT_TIMES * self.usual_ms.unwrap_or(SLOWEST_POLL_MS);
        if self.direction == Direction::Outbound || muted || !flowed || slept {
            self.silence = Silence::default();
            return None;
        }
        let last_packet_age_ms = last_packet_age_ms(stats, now.at_ms);
        Some(self.silence.step(Flow { packets, interval_ms, last_packet_age_ms }))
    }

    fn rtt_ms(&mut self, stats: &RtcStats<'_>, scene: Scene<'_, '_>, at_ms: f64) -> Option<f64> {
        match self.direction {
            Direction::Inbound => scene.pairs.measured(stats.transport_id.as_deref()),
            Direction::Outbound => {
                let reading = RoundTripReading::of_receiver(receiver(stats, scene)?, at_ms);
                // The receiver's first report is a measurement of this interval already.
                let unmeasured = RoundTripReading { at_ms: self.last.at_ms, ..RoundTripReading::default() };
                self.round_trip.get_or_insert_with(|| RoundTrip::begin(unmeasured)).step(reading)
            }
        }
    }

    fn name_codec(&mut self, stats: &RtcStats<'_>, scene: Scene<'_, '_>) {
        let codec = stats.codec_id.as_deref().and_then(|id| scene.by_id.get(id)).and_then(|codec| codec.mime_type.as_deref());
        if let Some(codec) = codec.and_then(codec_name)
            && *codec != *self.codec
        {
            self.codec = codec.into();
        }
    }

    fn sample(&self, stats: &RtcStats<'_>, origin: Origin<'_>, counted: &Reading, derived: Derived) -> Sample {
        let inbound = self.direction == Direction::Inbound;
        let (received, sent) = if inbound { (counted.packets, None) } else { (None, counted.packets) };
        // The jitter estimate moves with packets only: without any it is of an earlier time.
        let jitter_s = stats.jitter.filter(|jitter| inbound && received != Some(0.0) && *jitter >= 0.0);
        Sample {
            keys: origin.keys.clone(),
            stamp: origin.stamp,
            stream_id: self.id.clone(),
            seq: sequence(self.last.at_ms),
            kind: self.kind.clone(),
            direction: self.direction_label.clone(),
            codec: self.codec.clone(),
            interval_ms: counted.at_ms.round() as u32,
            rtt_ms: within(derived.rtt_ms, MAX_DELAY_MS).map(|ms| ms as f32),
            jitter_ms: within(jitter_s.map(|s| s * 1000.0), MAX_DELAY_MS).map(|ms| ms as f32),
            packets_received: count(received),
            packets_lost: count(counted.lost),
            packets_discarded: count(counted.discarded),
            packets_sent: count(sent),
            bytes: large_count(counted.bytes),
            jitter_buffer_delay_ms: within(counted.buffer_delay_s.map(|s| s * 1000.0), MAX_BUFFER_DELAY_MS),
            jitter_buffer_emitted: large_count(counted.buffer_emitted),
            concealed_samples: large_count(counted.concealed),
            silent_concealed_samples: large_count(counted.silent_concealed),
            total_samples: large_count(counted.samples),
            frames_decoded: count(counted.frames),
            frames_dropped: count(counted.frames_dropped),
            freeze_count: count(counted.freezes),
            freeze_ms: within(counted.frozen_s.map(|s| s * 1000.0), MAX_DURATION_MS),
            freeze_definition: if counted.freezes.is_some() { W3C.clone() } else { Label::default() },
            gap_ms: derived.gap_ms,
            width: count(stats.frame_width),
            height: count(stats.frame_height),
            quality_limitation: limitation(stats),
        }
    }
}

/// What is worked out over several reports.
#[derive(Debug, Clone, Copy)]
struct Derived {
    rtt_ms: Option<f64>,
    gap_ms: Option<f64>,
}

/// The number of a sample within its stream: the report's clock in tenths of a second. So a report that comes again, even to a server that has
/// forgotten the stream, names the same row.
pub(crate) fn sequence(at_ms: f64) -> u32 {
    (at_ms / 100.0) as u64 as u32
}

fn at_ms(stats: &RtcStats<'_>, scene: Scene<'_, '_>) -> f64 {
    stats.timestamp.unwrap_or(scene.origin.stamp.client_at.0 as f64)
}

fn last_packet_age_ms(stats: &RtcStats<'_>, at_ms: f64) -> Option<f64> {
    Some(at_ms - stats.last_packet_received_timestamp?)
}

/// The receiver's reports on a stream that is sent.
fn receiver<'r, 'a>(stats: &RtcStats<'_>, scene: Scene<'r, 'a>) -> Option<&'r RtcStats<'a>> {
    let named = stats.remote_id.as_deref().and_then(|id| scene.by_id.get(id)).filter(|remote| remote.is("remote-inbound-rtp"));
    named.or_else(|| scene.by_local_id.get(stats.id.as_deref()?)).copied()
}

/// `audio/opus` and `video/VP8` as `opus` and `vp8`.
fn codec_name(mime_type: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let name = mime_type.split_once('/').map_or(mime_type, |(_, name)| name).to_ascii_lowercase();
    (!name.is_empty() && name.len() <= LONGEST).then_some(name)
}

/// A measure as far as it is taken of those who difference for themselves; absent beyond, where no interval's is.
fn within(value: Option<f64>, most: f64) -> Option<f64> {
    value.filter(|value| (0.0..=most).contains(value))
}

/// Audio or video; empty where the report says neither.
fn kind(stats: &RtcStats<'_>) -> Label {
    match stats.kind.as_deref().or(stats.media_type.as_deref()) {
        Some(kind @ ("audio" | "video")) => kind.into(),
        _ => Label::default(),
    }
}

fn limitation(stats: &RtcStats<'_>) -> Label {
    match stats.quality_limitation_reason.as_deref() {
        Some(reason @ ("none" | "cpu" | "bandwidth" | "other")) => reason.into(),
        _ => Label::default(),
    }
}
