//! How long a stream has been silent: time beyond a second without a packet.
//!
//! The concealer fades to silence and `packetsLost` waits for the next packet, so an outage hides in both; this does not. Browsers
//! say when the last packet came (`lastPacketReceivedTimestamp`), which is exact; where they do not, an interval in which
//! `packetsReceived` stood still was silent throughout, which sees whole intervals only. A packet's arrival ends a silence, but when within
//! the interval the first one came is not known, so what passed before it in that interval is not counted: the figure is a lower bound.

/// Silence up to this is no gap, ms.
const FORGIVEN_MS: f64 = 1_000.0;
/// By how much `lastPacketReceivedTimestamp` may disagree with the reports' own clock and still be believed, ms; our choice.
const SLACK_MS: f64 = 100.0;
/// Packets may be counted a moment before their time is written, as in the sample call at the end of its outage; more than this many in an interval
/// say that the last one came within it, whatever its time.
const STRAY_PACKETS: f64 = 2.0;
/// Longest silence believed of a stream that is seen first, ms.
const BELIEVED_MS: f64 = 60_000.0;

/// How long no packet had come at the last report.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Silence {
    ms: f64,
}

/// What one interval says about packets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    /// Packets received in the interval.
    pub packets: f64,
    /// Its length, ms.
    pub interval_ms: f64,
    /// How long before its end the last packet came, ms, when it was said.
    pub last_packet_age_ms: Option<f64>,
}

impl Silence {
    /// As a stream is seen first: silent for as long as it says, if it says so.
    pub fn begin(last_packet_age_ms: Option<f64>) -> Self {
        Silence { ms: last_packet_age_ms.filter(|age| (0.0..=BELIEVED_MS).contains(age)).unwrap_or(0.0) }
    }

    /// The gap within the interval, ms.
    pub fn step(&mut self, flow: Flow) -> f64 {
        let longest = self.ms + flow.interval_ms;
        let by_count = if flow.packets == 0.0 { longest } else { 0.0 };
        let oldest = if flow.packets > STRAY_PACKETS { flow.interval_ms } else { longest };
        let silent = match flow.last_packet_age_ms {
            Some(age) if (-SLACK_MS..=oldest + SLACK_MS).contains(&age) => age.clamp(0.0, oldest),
            _ => by_count,
        };
        let unbroken = silent > flow.interval_ms;
        let before = if unbroken { over(self.ms) } else { 0.0 };
        self.ms = silent;
        (over(silent) - before).max(0.0)
    }
}

fn over(silent_ms: f64) -> f64 {
    (silent_ms - FORGIVEN_MS).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(intervals: &[(f64, f64, Option<f64>)], gaps: &[f64]) {
        let mut silence = Silence::default();
        let step = |&(packets, interval_ms, last_packet_age_ms)| silence.step(Flow { packets, interval_ms, last_packet_age_ms });
        assert_eq!(intervals.iter().map(step).collect::<Vec<_>>(), gaps);
    }

    #[test]
    fn a_flowing_stream_has_no_gap() {
        check(&[(50.0, 1000.0, Some(20.0)), (50.0, 1000.0, None)], &[0.0, 0.0]);
    }

    #[test]
    fn by_count_the_first_second_of_a_silence_is_forgiven_once() {
        check(
            &[(50.0, 1000.0, None), (0.0, 1000.0, None), (0.0, 1000.0, None), (0.0, 500.0, None), (50.0, 1000.0, None)],
            &[0.0, 0.0, 1000.0, 500.0, 0.0],
        );
    }

    #[test]
    fn a_silence_adds_up_to_its_length_less_a_second_however_it_is_cut() {
        // Two seconds without a packet from the middle of one interval to the middle of another, as in the sample call.
        check(&[(4.0, 1000.0, Some(943.0)), (1.0, 1000.0, Some(1943.0)), (50.0, 1000.0, Some(0.0))], &[0.0, 943.0, 0.0]);
        check(&[(4.0, 10_000.0, Some(8_000.0))], &[7_000.0]);
        check(
            &[(4.0, 500.0, Some(400.0)), (0.0, 500.0, Some(900.0)), (0.0, 500.0, Some(1400.0)), (0.0, 500.0, Some(1900.0))],
            &[0.0, 0.0, 400.0, 500.0],
        );
    }

    #[test]
    fn a_last_packet_time_of_another_clock_is_not_believed() {
        check(&[(50.0, 1000.0, Some(1.7e12)), (50.0, 1000.0, Some(-5e5)), (0.0, 2000.0, Some(1.7e12))], &[0.0, 0.0, 1000.0]);
    }
}
