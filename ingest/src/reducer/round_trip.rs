//! Round-trip times: of the path in use (candidate pair) for what is received, of the receiver's reports (remote-inbound-rtp) for what is sent.

use std::collections::HashMap;

use qoe_store::Millis;

use super::MAX_INTERVAL_MS;
use crate::wire::{Report, RtcStats};

/// How long a measurement stands for the time after it when no newer one came, ms. Browsers measure the path every 2.5 s and audio reports
/// come every 5 s, so that twice the slower covers a healthy call, and an outage does not go on showing the time before it.
const STANDS_MS: f64 = 10_000.0;

/// Most paths followed of one connection; our choice: twice the transports of a call that bundles nothing.
const MAX_PAIRS: usize = 8;

/// What a report says about a round trip. Times in seconds, as browsers give them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoundTripReading {
    /// When it was read, ms by the report's clock.
    pub at_ms: f64,
    /// The latest measurement.
    pub latest_s: Option<f64>,
    /// The sum of all measurements.
    pub total_s: Option<f64>,
    /// How many.
    pub count: Option<f64>,
}

impl RoundTripReading {
    /// Of the pair that carries the connection.
    pub fn of_pair(pair: &RtcStats<'_>, at: Millis) -> Self {
        RoundTripReading {
            at_ms: pair.timestamp.unwrap_or(at.0 as f64),
            latest_s: pair.current_round_trip_time,
            total_s: pair.total_round_trip_time,
            count: pair.responses_received,
        }
    }

    /// Of the receiver's reports on a stream, as read with the stream at `at_ms`.
    pub fn of_receiver(remote: &RtcStats<'_>, at_ms: f64) -> Self {
        RoundTripReading {
            at_ms,
            latest_s: remote.round_trip_time,
            total_s: remote.total_round_trip_time,
            count: remote.round_trip_time_measurements,
        }
    }
}

/// One round trip, followed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoundTrip {
    last: RoundTripReading,
    measured_at_ms: f64,
}

impl RoundTrip {
    pub fn begin(reading: RoundTripReading) -> Self {
        RoundTrip { last: reading, measured_at_ms: reading.at_ms }
    }

    /// The latest measurement, ms.
    fn latest_ms(&self) -> Option<f64> {
        self.last.latest_s.filter(|s| *s > 0.0).map(|s| s * 1000.0)
    }

    /// Mean of what was measured since the last reading, in ms; the latest measurement where the browser does not count them, or while it
    /// stands; `None` when nothing was measured, or when the reading is not newer than the last.
    pub fn step(&mut self, now: RoundTripReading) -> Option<f64> {
        if self.last.at_ms - now.at_ms > MAX_INTERVAL_MS {
            *self = RoundTrip::begin(now);
            return self.latest_ms();
        }
        if now.at_ms <= self.last.at_ms {
            return None;
        }
        let before = std::mem::replace(&mut self.last, now);
        let latest_ms = self.latest_ms();
        let (Some(count), Some(counted)) = (now.count, before.count) else {
            self.measured_at_ms = now.at_ms;
            return latest_ms;
        };
        let new = count - counted;
        if new == 0.0 {
            return latest_ms.filter(|_| now.at_ms - self.measured_at_ms <= STANDS_MS);
        }
        self.measured_at_ms = now.at_ms;
        let spent_s = now.total_s.zip(before.total_s).map_or(0.0, |(now, before)| now - before);
        if new > 0.0 && spent_s > 0.0 { Some(spent_s / new * 1000.0) } else { latest_ms }
    }
}

/// The candidate pairs in use, by id, and what each measured in the report at hand.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    followed: HashMap<String, RoundTrip>,
    /// By transport id; the empty id stands for a report that does not tell transports apart.
    measured: HashMap<String, Option<f64>>,
}

impl Pairs {
    /// Takes the pairs in use out of the report. A pair that went out of use is forgotten.
    pub fn step(&mut self, report: &Report<'_>, by_id: &HashMap<&str, &RtcStats<'_>>, at: Millis) {
        let mut followed = HashMap::new();
        self.measured.clear();
        for (transport, pair) in in_use(report, by_id).into_iter().take(MAX_PAIRS) {
            let id = pair.id.as_deref().unwrap_or_default();
            let reading = RoundTripReading::of_pair(pair, at);
            let (trip, measured) = match self.followed.remove(id) {
                Some(mut trip) => {
                    let measured = trip.step(reading);
                    (trip, measured)
                }
                None => (RoundTrip::begin(reading), RoundTrip::begin(reading).latest_ms()),
            };
            self.measured.insert(transport.to_owned(), measured);
            followed.insert(id.to_owned(), trip);
        }
        self.followed = followed;
    }

    /// What the path of `transport` measured, ms. A stream that names no transport, or none we know, took the only one there is.
    pub fn measured(&self, transport: Option<&str>) -> Option<f64> {
        let only = || if self.measured.len() == 1 { self.measured.values().next() } else { None };
        transport.and_then(|transport| self.measured.get(transport)).or_else(only).copied().flatten()
    }
}

/// The pairs in use with their transports: those the transports name, else (browsers without transport statistics) those marked selected, else
/// nominated.
fn in_use<'r, 'a>(report: &'r Report<'a>, by_id: &HashMap<&str, &'r RtcStats<'a>>) -> Vec<(&'r str, &'r RtcStats<'a>)> {
    let all = |stats_type: &'static str| report.0.iter().filter(move |stats| stats.is(stats_type));
    let named: Vec<_> = all("transport")
        .filter_map(|transport| {
            let pair = by_id.get(transport.selected_candidate_pair_id.as_deref()?)?;
            Some((transport.id.as_deref().unwrap_or_default(), *pair))
        })
        .collect();
    if !named.is_empty() {
        return named;
    }
    let marked = |mark: fn(&RtcStats<'_>) -> bool| -> Vec<_> {
        all("candidate-pair").filter(|pair| mark(pair)).map(|pair| (pair.transport_id.as_deref().unwrap_or_default(), pair)).collect()
    };
    let selected = marked(|pair| pair.selected == Some(true));
    if !selected.is_empty() {
        return selected;
    }
    marked(|pair| pair.nominated == Some(true) && pair.state.as_deref() == Some("succeeded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When, the latest, the total and the count.
    type Read = (f64, Option<f64>, Option<f64>, Option<f64>);

    #[track_caller]
    fn check(readings: &[Read], expected: &[Option<f64>]) {
        let mut readings = readings.iter().map(|&(at_ms, latest_s, total_s, count)| RoundTripReading { at_ms, latest_s, total_s, count });
        let mut trip = RoundTrip::begin(readings.next().unwrap());
        let steps: Vec<_> = readings.map(|reading| trip.step(reading).map(|ms| (ms * 1000.0).round() / 1000.0)).collect();
        assert_eq!(steps, expected);
    }

    #[test]
    fn the_mean_of_the_interval_comes_from_the_totals() {
        check(
            &[
                (0.0, Some(0.1), Some(1.0), Some(10.0)),
                (1000.0, Some(0.3), Some(1.4), Some(12.0)),
                (2000.0, Some(0.3), Some(1.4), Some(12.0)),
            ],
            &[Some(200.0), Some(300.0)],
        );
    }

    #[test]
    fn totals_too_coarse_to_move_leave_the_latest_measurement() {
        check(&[(0.0, Some(0.001), Some(0.02), Some(11.0)), (1000.0, Some(0.001), Some(0.02), Some(12.0))], &[Some(1.0)]);
    }

    #[test]
    fn a_measurement_does_not_outlive_an_outage() {
        let at = |ms: f64| (ms, Some(0.177), Some(1.0), Some(13.0));
        check(&[at(0.0), at(2_000.0), at(10_000.0), at(11_000.0)], &[Some(177.0), Some(177.0), None]);
    }

    #[test]
    fn a_pair_that_starts_again_gives_its_latest() {
        check(&[(0.0, Some(0.1), Some(9.0), Some(90.0)), (1000.0, Some(0.05), Some(0.05), Some(1.0))], &[Some(50.0)]);
    }

    #[test]
    fn nothing_measured_is_none() {
        check(&[(0.0, None, Some(0.0), Some(0.0)), (1000.0, Some(0.0), Some(0.0), Some(0.0))], &[None]);
        check(&[(0.0, Some(0.08), None, None), (1000.0, Some(0.09), None, None), (2000.0, None, None, None)], &[Some(90.0), None]);
    }

    #[track_caller]
    fn check_in_use(report: &str, transport: Option<&str>, expected: Option<f64>) {
        let report: Report<'_> = serde_json::from_str(report).unwrap();
        let by_id = report.0.iter().filter_map(|stats| Some((stats.id.as_deref()?, stats))).collect();
        let mut pairs = Pairs::default();
        pairs.step(&report, &by_id, Millis(0));
        assert_eq!(pairs.measured(transport), expected);
    }

    #[test]
    fn the_pair_in_use_is_found_as_each_browser_tells_it() {
        let pair = r#"{"type":"candidate-pair","id":"A","currentRoundTripTime":0.25,"nominated":true,"state":"succeeded"}"#;
        let other = r#"{"type":"candidate-pair","id":"B","currentRoundTripTime":0.5,"nominated":true,"state":"failed"}"#;
        let firefox = r#"{"type":"candidate-pair","id":"C","currentRoundTripTime":0.75,"selected":true}"#;
        let transport = r#"{"type":"transport","id":"T","selectedCandidatePairId":"B"}"#;
        check_in_use(&format!("[{pair},{other},{transport}]"), Some("T"), Some(500.0));
        check_in_use(&format!("[{pair},{other},{firefox}]"), None, Some(750.0));
        check_in_use(&format!("[{pair},{other}]"), Some("unheard of"), Some(250.0));
        check_in_use(&format!("[{other}]"), None, None);
    }
}
