//! The counters of one stream at one moment, and the difference of two.

use crate::admission::measures::MAX_COUNT;
use crate::wire::RtcStats;

/// Which way a stream goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    /// Of a statistics object that is a stream.
    pub fn of(stats: &RtcStats<'_>) -> Option<Self> {
        match stats.stats_type.as_deref()? {
            // Old Firefox reported what the other side received as inbound with this mark.
            "inbound-rtp" if stats.is_remote != Some(true) => Some(Direction::Inbound),
            "outbound-rtp" if stats.is_remote != Some(true) => Some(Direction::Outbound),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        }
    }
}

/// What a stream had counted at one moment. Times in seconds, as browsers give them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Reading {
    /// By the report's clock, ms.
    pub at_ms: f64,
    pub packets: Option<f64>,
    pub bytes: Option<f64>,
    pub lost: Option<f64>,
    pub discarded: Option<f64>,
    pub buffer_delay_s: Option<f64>,
    pub buffer_emitted: Option<f64>,
    pub concealed: Option<f64>,
    pub silent_concealed: Option<f64>,
    pub samples: Option<f64>,
    pub frames: Option<f64>,
    pub frames_dropped: Option<f64>,
    pub freezes: Option<f64>,
    pub frozen_s: Option<f64>,
}

impl Reading {
    pub fn of(stats: &RtcStats<'_>, direction: Direction, at_ms: f64) -> Self {
        match direction {
            Direction::Inbound => Reading {
                at_ms,
                packets: stats.packets_received,
                bytes: stats.bytes_received,
                lost: stats.packets_lost,
                discarded: stats.packets_discarded,
                buffer_delay_s: stats.jitter_buffer_delay,
                buffer_emitted: stats.jitter_buffer_emitted_count,
                concealed: stats.concealed_samples,
                silent_concealed: stats.silent_concealed_samples,
                samples: stats.total_samples_received,
                frames: stats.frames_decoded,
                frames_dropped: stats.frames_dropped,
                freezes: stats.freeze_count,
                frozen_s: stats.total_freezes_duration,
            },
            Direction::Outbound => {
                Reading { at_ms, packets: stats.packets_sent, bytes: stats.bytes_sent, frames: stats.frames_encoded, ..Reading::default() }
            }
        }
    }

    /// Whether the counting began anew after `before`.
    pub fn is_reset_of(&self, before: &Reading) -> bool {
        let fell = |now: Option<f64>, before: Option<f64>| now.zip(before).is_some_and(|(now, before)| now < before);
        fell(self.packets, before.packets) || fell(self.bytes, before.bytes)
    }

    /// What was counted since `before`.
    pub fn since(&self, before: &Reading) -> Reading {
        let rise = |now: Option<f64>, before: Option<f64>| Some(now? - before?).filter(|rise| *rise >= 0.0);
        // Sums of fractions of a second can come out a hair smaller.
        let rise_s = |now: Option<f64>, before: Option<f64>| Some(now? - before?).filter(|rise| *rise > -1e-6).map(|rise| rise.max(0.0));
        Reading {
            at_ms: self.at_ms - before.at_ms,
            packets: rise(self.packets, before.packets),
            bytes: rise(self.bytes, before.bytes),
            lost: self.lost.zip(before.lost).map(|(now, before)| now - before),
            discarded: rise(self.discarded, before.discarded),
            buffer_delay_s: rise_s(self.buffer_delay_s, before.buffer_delay_s),
            buffer_emitted: rise(self.buffer_emitted, before.buffer_emitted),
            concealed: rise(self.concealed, before.concealed),
            silent_concealed: rise(self.silent_concealed, before.silent_concealed),
            samples: rise(self.samples, before.samples),
            frames: rise(self.frames, before.frames),
            frames_dropped: rise(self.frames_dropped, before.frames_dropped),
            freezes: rise(self.freezes, before.freezes),
            frozen_s: rise_s(self.frozen_s, before.frozen_s),
        }
    }
}

/// A count as a column holds it; absent if it is beyond the column, which no interval's is.
pub(super) fn count<T: TryFrom<i64>>(value: Option<f64>) -> Option<T> {
    let value = value?.round();
    // Floats are exact to 2^53.
    (value.abs() < 9.0e15).then(|| T::try_from(value as i64).ok()).flatten()
}

/// A count of bytes or samples, as far as it is taken; absent beyond.
pub(super) fn large_count(value: Option<f64>) -> Option<u64> {
    count(value).filter(|count| *count <= MAX_COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_in_packets_or_bytes_is_a_reset_and_a_fall_in_loss_is_not() {
        let before = Reading { packets: Some(10.0), bytes: Some(1000.0), lost: Some(3.0), ..Reading::default() };
        assert!(Reading { packets: Some(9.0), ..before }.is_reset_of(&before));
        assert!(Reading { bytes: Some(999.0), ..before }.is_reset_of(&before));
        let repaired = Reading { packets: Some(12.0), lost: Some(1.0), ..before };
        assert!(!repaired.is_reset_of(&before));
        assert_eq!(repaired.since(&before).lost, Some(-2.0));
    }

    #[test]
    fn what_either_reading_lacks_or_what_fell_alone_is_absent() {
        let before = Reading { discarded: Some(5.0), frozen_s: Some(0.3), ..Reading::default() };
        let now = Reading { discarded: Some(4.0), frozen_s: Some(0.3 - 1e-9), samples: Some(48_000.0), ..Reading::default() };
        let since = now.since(&before);
        assert_eq!((since.discarded, since.frozen_s, since.samples), (None, Some(0.0), None));
    }

    #[test]
    fn a_count_beyond_its_column_is_absent() {
        assert_eq!(count::<u32>(Some(50.0)), Some(50));
        assert_eq!(count::<u32>(Some(5e9)), None);
        assert_eq!(count::<u64>(Some(f64::INFINITY)), None);
        assert_eq!(count::<i32>(Some(-2.0)), Some(-2));
    }
}
