//! The reducer as a whole: real calls replayed, and properties over made-up ones.

use std::collections::{BTreeMap, HashMap};
use std::io::BufReader;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const T: i64 = 1_795_404_861_069;

/// Reports go in as JSON, as they do in life.
struct Harness {
    reducer: Reducer,
    keys: Arc<Keys>,
}

impl Harness {
    fn new(limits: Limits) -> Self {
        let keys = Keys { project: "p".into(), session_id: "s".into(), ..Keys::default() };
        Harness { reducer: Reducer::new(limits), keys: Arc::new(keys) }
    }

    fn report_muted(&self, at_ms: f64, report: &Value, muted: &[&str]) -> Vec<Sample> {
        let text = report.to_string();
        let origin = Origin { keys: &self.keys, stamp: Stamp::at(at_ms as i64), connection: "0" };
        self.reducer.reduce(origin, &serde_json::from_str(&text).unwrap(), &muted.iter().copied().collect())
    }

    fn report(&self, at_ms: f64, report: &Value) -> Vec<Sample> {
        self.report_muted(at_ms, report, &[])
    }

    fn count(&self, counter: impl Fn(&Counts) -> &AtomicU64) -> u64 {
        counter(self.reducer.counts()).load(Relaxed)
    }
}

fn audio(at_ms: f64, packets: f64, lost: f64) -> Value {
    json!([{ "type": "inbound-rtp", "id": "A", "kind": "audio", "ssrc": 7, "timestamp": at_ms,
             "packetsReceived": packets, "packetsLost": lost, "jitter": 0.01 }])
}

#[track_caller]
fn check_audio(reports: &[(f64, f64, f64)], samples: &[(u32, u32, i32)]) {
    let harness = Harness::new(Limits::default());
    let given: Vec<_> = reports
        .iter()
        .flat_map(|&(at_ms, packets, lost)| harness.report(T as f64 + at_ms, &audio(T as f64 + at_ms, packets, lost)))
        .map(|sample| (sample.interval_ms, sample.packets_received.unwrap(), sample.packets_lost.unwrap()))
        .collect();
    assert_eq!(given, samples);
}

#[test]
fn a_sample_is_the_difference_of_two_readings() {
    check_audio(&[(0.0, 100.0, 0.0), (1000.4, 150.0, 2.0), (3000.0, 250.0, 2.0)], &[(1000, 50, 2), (2000, 100, 0)]);
}

#[test]
fn loss_taken_back_is_kept_as_a_negative_step() {
    check_audio(&[(0.0, 100.0, 5.0), (1000.0, 150.0, 3.0)], &[(1000, 50, -2)]);
}

#[test]
fn a_restarted_stream_gives_no_sample_and_goes_on_from_there() {
    check_audio(&[(0.0, 5000.0, 0.0), (1000.0, 20.0, 0.0), (2000.0, 70.0, 1.0)], &[(1000, 50, 1)]);
}

#[test]
fn repeats_and_reports_out_of_order_change_nothing() {
    check_audio(
        &[(0.0, 100.0, 0.0), (1000.0, 150.0, 1.0), (1000.0, 150.0, 1.0), (0.0, 100.0, 0.0), (2000.0, 200.0, 1.0)],
        &[(1000, 50, 1), (1000, 50, 0)],
    );
}

#[test]
fn a_clock_set_back_or_a_time_beyond_reason_does_not_silence_the_stream_for_ever() {
    check_audio(&[(0.0, 100.0, 0.0), (1e15, 150.0, 0.0), (2000.0, 200.0, 0.0), (3000.0, 250.0, 0.0)], &[(1000, 50, 0)]);
    check_audio(&[(0.0, 100.0, 0.0), (-3_600_000.0, 150.0, 0.0), (-3_599_000.0, 200.0, 0.0)], &[(1000, 50, 0)]);
}

#[test]
fn a_clock_that_slept_gives_its_true_interval_up_to_a_minute() {
    check_audio(
        &[(0.0, 0.0, 0.0), (1000.0, 50.0, 0.0), (51_000.0, 2550.0, 0.0), (251_000.0, 9999.0, 0.0), (252_000.0, 10_049.0, 0.0)],
        &[(1000, 50, 0), (50_000, 2500, 0), (1000, 50, 0)],
    );
}

#[test]
fn streams_of_one_report_are_told_apart_by_direction_ssrc_and_rid() {
    let harness = Harness::new(Limits::default());
    let report = |at: f64, packets: u32| {
        json!({
            "a": { "type": "outbound-rtp", "kind": "video", "ssrc": 1, "rid": "lo", "timestamp": at, "packetsSent": packets },
            "b": { "type": "outbound-rtp", "kind": "video", "ssrc": 1, "rid": "hi", "timestamp": at, "packetsSent": 2 * packets },
            "c": { "type": "inbound-rtp", "kind": "video", "ssrc": 1, "timestamp": at, "packetsReceived": 3 * packets },
            "d": { "type": "inbound-rtp", "kind": "video", "ssrc": 2, "isRemote": true, "timestamp": at, "packetsReceived": packets },
        })
    };
    harness.report(T as f64, &report(T as f64, 10));
    let samples: BTreeMap<String, _> = harness
        .report(T as f64, &report(T as f64 + 1000.0, 20))
        .into_iter()
        .map(|sample| (sample.stream_id.to_string(), (sample.packets_received, sample.packets_sent)))
        .collect();
    let expected = [("0:inbound:1", (Some(30), None)), ("0:outbound:1:hi", (None, Some(20))), ("0:outbound:1:lo", (None, Some(10)))];
    assert_eq!(samples, expected.map(|(name, packets)| (name.to_owned(), packets)).into());
}

#[test]
fn what_a_browser_does_not_report_is_absent_and_never_zero() {
    let harness = Harness::new(Limits::default());
    let report = |at: f64| json!([{ "type": "inbound-rtp", "ssrc": 7, "timestamp": at }]);
    harness.report(T as f64, &report(T as f64));
    let sample = harness.report(T as f64, &report(T as f64 + 1000.0)).remove(0);
    let named = Sample {
        keys: harness.keys.clone(),
        stamp: Stamp::at(T),
        stream_id: "0:inbound:7".into(),
        seq: sequence(T as f64 + 1000.0),
        direction: "inbound".into(),
        interval_ms: 1000,
        ..Sample::default()
    };
    assert_eq!(sample, named);
}

#[test]
fn silence_is_a_gap_unless_it_was_muted_or_slept_through() {
    let harness = Harness::new(Limits::default());
    let gap = |at: f64, packets: f64, muted: &[&str]| {
        let at_ms = T as f64 + at;
        harness.report_muted(at_ms, &audio(at_ms, packets, 0.0), muted).first().map(|sample| sample.gap_ms)
    };
    assert_eq!(gap(0.0, 100.0, &[]), None);
    assert_eq!(gap(1000.0, 150.0, &[]), Some(Some(0.0)));
    assert_eq!(gap(2000.0, 150.0, &[]), Some(Some(0.0)));
    assert_eq!(gap(3000.0, 150.0, &[]), Some(Some(1000.0)));
    assert_eq!(gap(4000.0, 150.0, &["A"]), Some(None));
    assert_eq!(gap(5000.0, 150.0, &[]), Some(Some(0.0)));
    assert_eq!(gap(6000.0, 150.0, &[]), Some(Some(1000.0)));
    assert_eq!(gap(46_000.0, 150.0, &[]), Some(None));
}

#[test]
fn a_stream_nobody_reports_is_forgotten_and_counted() {
    let harness = Harness::new(Limits { idle_ms: 600_000, ..Limits::default() });
    harness.report(T as f64, &audio(T as f64, 100.0, 0.0));
    for minute in 1..=20 {
        harness.reducer.tidy(&mut lock(&harness.reducer.shards[shard_of(&harness)]), Millis(T + minute * 60_000));
    }
    assert_eq!((harness.count(|counts| &counts.forgotten), harness.reducer.counts().streams.load(Relaxed)), (1, 0));
}

fn shard_of(harness: &Harness) -> usize {
    harness.reducer.hasher.hash_one((&harness.keys.project, &harness.keys.session_id)) as usize % SHARDS
}

#[test]
fn beyond_the_limit_new_streams_are_not_followed_and_old_ones_are() {
    let harness = Harness::new(Limits { streams: NonZeroUsize::new(3).unwrap(), ..Limits::default() });
    let report = |at: f64| {
        let streams: Vec<_> =
            (0..5).map(|ssrc| json!({ "type": "inbound-rtp", "ssrc": ssrc, "timestamp": T as f64 + at, "packetsReceived": at })).collect();
        harness.report(T as f64 + at, &json!(streams)).len()
    };
    assert_eq!((report(0.0), report(1000.0), report(2000.0)), (0, 3, 3));
    assert_eq!(harness.count(|counts| &counts.unfollowed), 6);
}

#[test]
fn a_report_without_streams_leaves_nothing_behind() {
    let harness = Harness::new(Limits::default());
    harness.report(T as f64, &json!([{ "type": "transport", "id": "T" }]));
    assert_eq!(harness.reducer.shards.iter().map(|shard| lock(shard).len()).sum::<usize>(), 0);
}

/// A recorded call replayed: samples by side and stream, and the first and last raw reading of each counter.
struct Replay {
    samples: BTreeMap<(String, String), Vec<Sample>>,
    /// By side and stream, then counter: the first reading in a report that was followed by another, and the last.
    raw: BTreeMap<(String, String), BTreeMap<String, (f64, f64)>>,
    reducer: Reducer,
}

fn replay(file: &str) -> Replay {
    let path = format!("{}/../fixtures/captures/{file}", env!("CARGO_MANIFEST_DIR"));
    let lines = BufReader::new(flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()));
    let mut replay = Replay { samples: BTreeMap::new(), raw: BTreeMap::new(), reducer: Reducer::default() };
    for line in std::io::BufRead::lines(lines) {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if line["kind"] != "stats" {
            continue;
        }
        let side = line["side"].as_str().unwrap().to_owned();
        let keys = Arc::new(Keys { project: "p".into(), session_id: side.as_str().into(), ..Keys::default() });
        let origin = Origin { keys: &keys, stamp: Stamp::at(line["wall_ms"].as_i64().unwrap()), connection: "0" };
        let text = line["stats"].to_string();
        for sample in replay.reducer.reduce(origin, &serde_json::from_str(&text).unwrap(), &HashSet::new()) {
            replay.samples.entry((side.clone(), sample.stream_id.to_string())).or_default().push(sample);
        }
        for stats in line["stats"].as_array().unwrap() {
            let direction = match stats["type"].as_str().unwrap() {
                "inbound-rtp" => "inbound",
                "outbound-rtp" => "outbound",
                _ => continue,
            };
            let raw = replay.raw.entry((side.clone(), format!("0:{direction}:{}", stats["ssrc"]))).or_default();
            for (counter, value) in stats.as_object().unwrap() {
                if let Some(value) = value.as_f64() {
                    raw.entry(counter.clone()).or_insert((value, value)).1 = value;
                }
            }
        }
    }
    replay
}

fn totals(samples: &[Sample]) -> HashMap<&'static str, f64> {
    let sum = |column: fn(&Sample) -> Option<f64>| samples.iter().filter_map(column).sum();
    HashMap::from([
        ("packetsReceived", sum(|sample| sample.packets_received.map(f64::from))),
        ("packetsSent", sum(|sample| sample.packets_sent.map(f64::from))),
        ("packetsLost", sum(|sample| sample.packets_lost.map(f64::from))),
        ("packetsDiscarded", sum(|sample| sample.packets_discarded.map(f64::from))),
        ("bytesReceived", sum(|sample| sample.bytes.filter(|_| &*sample.direction == "inbound").map(|bytes| bytes as f64))),
        ("bytesSent", sum(|sample| sample.bytes.filter(|_| &*sample.direction == "outbound").map(|bytes| bytes as f64))),
        ("jitterBufferDelay", sum(|sample| sample.jitter_buffer_delay_ms.map(|ms| ms / 1000.0))),
        ("jitterBufferEmittedCount", sum(|sample| sample.jitter_buffer_emitted.map(|count| count as f64))),
        ("concealedSamples", sum(|sample| sample.concealed_samples.map(|count| count as f64))),
        ("silentConcealedSamples", sum(|sample| sample.silent_concealed_samples.map(|count| count as f64))),
        ("totalSamplesReceived", sum(|sample| sample.total_samples.map(|count| count as f64))),
        ("framesDecoded", sum(|sample| sample.frames_decoded.filter(|_| &*sample.direction == "inbound").map(f64::from))),
        ("framesEncoded", sum(|sample| sample.frames_decoded.filter(|_| &*sample.direction == "outbound").map(f64::from))),
        ("framesDropped", sum(|sample| sample.frames_dropped.map(f64::from))),
        ("freezeCount", sum(|sample| sample.freeze_count.map(f64::from))),
        ("totalFreezesDuration", sum(|sample| sample.freeze_ms.map(|ms| ms / 1000.0))),
        ("timestamp", samples.iter().map(|sample| f64::from(sample.interval_ms)).sum()),
    ])
}

#[test]
fn in_a_real_call_the_differences_add_up_to_last_minus_first() {
    for (file, reports) in [("clean-call.jsonl.gz", 30), ("sample-call.jsonl.gz", 45)] {
        let replay = replay(file);
        assert_eq!(replay.samples.len(), 8, "{file}: two sides, audio and video, in and out");
        let mut compared = 0;
        for (stream, samples) in &replay.samples {
            assert_eq!(samples.len(), reports - 1, "{file} {stream:?}");
            for (counter, total) in totals(samples) {
                let Some((first, last)) = replay.raw[stream].get(counter) else {
                    assert_eq!(total, 0.0, "{file} {stream:?} {counter}");
                    continue;
                };
                // Intervals are whole milliseconds.
                let tolerance = if counter == "timestamp" { 0.5 * reports as f64 } else { 1e-6 * last.abs().max(1.0) };
                assert!((total - (last - first)).abs() <= tolerance, "{file} {stream:?} {counter}: {total} of {}", last - first);
                compared += 1;
            }
        }
        // Audio in 9, video in 10, audio out 3, video out 4, on both sides.
        assert!(compared >= 2 * 26, "{file}: {compared} counters compared");
        assert_eq!(replay.reducer.counts().repeats.load(Relaxed), 0);
    }
}

#[test]
fn in_a_real_outage_the_gap_is_seen_on_every_stream_and_loss_hardly_at_all() {
    let clean = replay("clean-call.jsonl.gz");
    let gaps = |replay: &Replay| -> Vec<f64> {
        let inbound = replay.samples.iter().filter(|((_, stream), _)| stream.contains("inbound"));
        inbound.map(|(_, samples)| samples.iter().filter_map(|sample| sample.gap_ms).sum()).collect()
    };
    assert_eq!(gaps(&clean), [0.0; 4]);
    // The relay was black for 2 s: a second is forgiven.
    let outage = replay("sample-call.jsonl.gz");
    for gap in gaps(&outage) {
        assert!((900.0..=1100.0).contains(&gap), "{gap}");
    }
}

#[test]
fn in_a_real_call_rtt_follows_the_added_delay() {
    let call = replay("sample-call.jsonl.gz");
    for ((side, stream), samples) in &call.samples {
        let mean = |from: usize, to: usize| {
            let measured: Vec<f64> = samples[from..to].iter().filter_map(|sample| sample.rtt_ms.map(f64::from)).collect();
            measured.iter().sum::<f64>() / measured.len() as f64
        };
        // 80 ms each way from 12 s to 24 s; audio's receiver reports come every 5 s.
        assert!(mean(3, 11) < 10.0, "{side} {stream} {}", mean(3, 11));
        assert!((140.0..200.0).contains(&mean(17, 23)), "{side} {stream} {}", mean(17, 23));
    }
}

#[test]
fn in_a_real_call_codecs_sizes_and_freezes_are_read() {
    let call = replay("sample-call.jsonl.gz");
    let find = |name: &str, kind: &str| {
        let mut found =
            call.samples.iter().filter(|((side, stream), samples)| side == "callee" && stream.contains(name) && &*samples[0].kind == kind);
        found.next().unwrap().1
    };
    let (sound, picture) = (find("inbound", "audio"), find("inbound", "video"));
    assert!(sound.iter().all(|sample| &*sample.codec == "opus" && sample.freeze_count.is_none() && sample.freeze_definition.is_empty()));
    assert!(picture.iter().all(|sample| &*sample.codec == "vp8" && &*sample.freeze_definition == "w3c"));
    assert_eq!((picture[5].width, picture[43].width), (Some(640), Some(320)));
    assert!(picture.iter().filter_map(|sample| sample.freeze_ms).sum::<f64>() > 1000.0);
    let sent = find("outbound", "video");
    assert!(sent.iter().all(|sample| &*sample.quality_limitation == "none" && sample.packets_lost.is_none() && sample.gap_ms.is_none()));
}

/// One made-up report: how time and counters moved since the one before.
#[derive(Debug, Clone)]
enum Move {
    Flow { ms: f64, packets: f64, lost: f64, says_loss: bool },
    Again,
    Older { ms: f64 },
    Restart { ms: f64 },
    Sleep { ms: f64 },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let flow = (2.0..20_000.0, 0.0..2000.0_f64, -20.0..50.0_f64, prop::bool::weighted(0.9))
        .prop_map(|(ms, packets, lost, says_loss)| Move::Flow { ms, packets: packets.round(), lost: lost.round(), says_loss });
    let other = prop_oneof![
        Just(Move::Again),
        (2.0..5000.0).prop_map(|ms| Move::Older { ms }),
        (2.0..5000.0).prop_map(|ms| Move::Restart { ms }),
        (80_000.0..1e7).prop_map(|ms| Move::Sleep { ms }),
    ];
    prop::collection::vec(prop_oneof![4 => flow, 1 => other], 1..60)
}

proptest! {
    /// Whatever comes in, packets and loss add up to what the raw counters did between baselines: nothing twice, nothing lost, loss signed.
    #[test]
    fn differences_add_up_between_baselines(moves in moves()) {
        let harness = Harness::new(Limits::default());
        let (mut at, mut packets, mut lost) = (T as f64, 1e6, 0.0);
        let (mut expected_packets, mut expected_lost, mut expected_ms) = (0.0, 0.0, 0.0);
        let mut said_loss = true;
        let mut samples = harness.report(at, &audio(at, packets, lost));
        for step in moves {
            let mut reported_at = at;
            match step {
                Move::Flow { ms, packets: more, lost: worse, says_loss } => {
                    at += ms;
                    packets += more;
                    lost += worse;
                    expected_ms += ms;
                    expected_packets += more;
                    expected_lost += if said_loss && says_loss { worse } else { 0.0 };
                    said_loss = says_loss;
                    reported_at = at;
                }
                Move::Again => {}
                Move::Older { ms } => reported_at = at - ms,
                // It halves, and never comes to 0, under which nothing falls.
                Move::Restart { .. } if packets < 2.0 => continue,
                Move::Restart { ms } => {
                    at += ms;
                    reported_at = at;
                    packets = (packets / 2.0).floor();
                    lost = 0.0;
                    said_loss = true;
                }
                Move::Sleep { ms } => {
                    at += ms;
                    reported_at = at;
                    said_loss = true;
                }
            }
            let mut report = audio(reported_at, packets, lost);
            if !said_loss {
                report[0].as_object_mut().unwrap().remove("packetsLost");
            }
            samples.extend(harness.report(reported_at, &report));
        }
        let sum = |column: fn(&Sample) -> f64| samples.iter().map(column).sum::<f64>();
        prop_assert_eq!(sum(|sample| f64::from(sample.packets_received.unwrap_or_default())), expected_packets);
        prop_assert_eq!(sum(|sample| f64::from(sample.packets_lost.unwrap_or_default())), expected_lost);
        prop_assert!((sum(|sample| f64::from(sample.interval_ms)) - expected_ms).abs() <= 0.5 * samples.len() as f64 + 0.1);
        for sample in &samples {
            prop_assert!(f64::from(sample.interval_ms) <= MAX_INTERVAL_MS);
            prop_assert!(sample.gap_ms.is_none_or(|gap| gap >= 0.0 && gap <= f64::from(sample.interval_ms) + 0.5));
        }
    }
}
