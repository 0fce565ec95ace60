//! A made-up board and session for tests and for the preview: one vendor turned bad in one region 22 minutes ago.

use std::sync::Arc;

use chrono::{DateTime, Duration, DurationRound, Utc};
use qoe_query::board::{
    Board, Dimension, Filter, GoodMinutes, JudgedMinute, Minute, Missing, MosFigure, Quantiles, SessionRow, SessionState, SessionTimeline,
    SessionsNow, Slice, StreamPoint, StreamSeries, Window,
};
use qoe_query::statistics::Estimate;

/// Minutes since the vendor turned bad.
const BAD_FOR: i64 = 22;

/// A number from 0 to 1 that looks like chance and is the same each time.
fn noise(seed: u64) -> f64 {
    let mixed = (seed ^ 0x9e37_79b9).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 40) as f64 / f64::from(1u32 << 24)
}

fn estimate(value: f64, low: f64, high: f64, n: u64) -> Estimate {
    Estimate { value, low, high, n }
}

fn minute_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(Duration::minutes(1)).unwrap_or(at)
}

/// The board as of a moment.
pub fn board(as_of: DateTime<Utc>) -> Arc<Board> {
    Arc::new(Board {
        as_of,
        newest: Some(as_of - Duration::seconds(3)),
        slices: slices(as_of),
        now: now(as_of),
        missing: Missing { batches: 12, sessions: 3 },
        windows: [5, 15, 60].map(window).to_vec(),
        minutes: (0..60).rev().map(|ago| minute(minute_of(as_of) - Duration::minutes(ago), ago)).collect(),
        worst: (0..12).map(|i| row(as_of, i, 24 - i)).collect(),
        choices: choices(),
    })
}

fn slices(as_of: DateTime<Utc>) -> Vec<Slice> {
    let slice = |pairs: &[(Dimension, &str)], minutes: u64, share: f64, half: f64, bad_for: Option<i64>| {
        let rest = 0.031;
        let onset = bad_for.map(|minutes| minute_of(as_of) - Duration::minutes(minutes));
        let series = (0..60).rev().map(|ago| {
            let at = minute_of(as_of) - Duration::minutes(ago);
            let judged = if bad_for.is_none() && ago % 17 == 0 { 0 } else { 12 + (noise(ago as u64) * 6.0) as u64 };
            let level = if onset.is_some_and(|onset| at >= onset) { share * 1.8 } else { 0.05 };
            (at, (judged as f64 * level * (0.6 + 0.8 * noise(at.timestamp() as u64))).round() as u64, judged)
        });
        let excess = minutes as f64 * (share - rest);
        let spread = minutes as f64 * half;
        Slice {
            filter: Filter(pairs.iter().map(|(dimension, value)| (*dimension, (*value).to_owned())).collect()),
            sessions: minutes / 11 + 2,
            minutes,
            bad: (minutes as f64 * share) as u64,
            bad_share: estimate(share, (share - half).max(0.0), share + half, minutes),
            rest_share: estimate(rest, 0.0264, 0.0362, 9120),
            excess: estimate(excess, excess - spread, excess + spread, minutes),
            clear: excess > spread,
            onset,
            series: series.collect(),
        }
    };
    vec![
        slice(&[(Dimension::Vendor, "borealis"), (Dimension::Region, "ap-southeast")], 842, 0.312, 0.046, Some(BAD_FOR)),
        slice(&[(Dimension::Network, "3g")], 310, 0.194, 0.071, None),
        slice(&[(Dimension::Service, "conversational_ai"), (Dimension::Platform, "android")], 226, 0.142, 0.068, Some(9)),
        slice(&[(Dimension::AppVersion, "3.2.0-beta.1")], 61, 0.098, 0.081, None),
        slice(&[(Dimension::Platform, "mini_program")], 44, 0.091, 0.088, None),
    ]
}

fn now(as_of: DateTime<Utc>) -> SessionsNow {
    let services = [("video_call", 214), ("voice_call", 171), ("live_streaming", 96), ("conversational_ai", 41), ("messaging", 17)];
    SessionsNow {
        live: services.iter().map(|(_, n)| n).sum(),
        live_by_service: services.map(|(name, n)| (name.to_owned(), n)).to_vec(),
        gone_silent: 4,
        silent: (20..24).map(|i| row(as_of - Duration::minutes(i as i64 - 18), i, 3)).collect(),
    }
}

fn row(as_of: DateTime<Utc>, i: u64, bad: u64) -> SessionRow {
    let pick = |values: &[&str]| values[(i as usize) % values.len()].to_owned();
    SessionRow {
        session_id: format!("s-{:08x}-{i}", 0x51f0_0000u64 + i * 7919),
        call_id: format!("room-{}", 400 + i / 2),
        dimensions: vec![
            (Dimension::Vendor, pick(&["borealis", "borealis", "aurora", "meridian"])),
            (Dimension::Service, pick(&["video_call", "voice_call", "live_streaming"])),
            (Dimension::Region, pick(&["ap-southeast", "ap-southeast", "cn-east"])),
            (Dimension::Network, pick(&["4g", "wifi", "5g"])),
            (Dimension::Platform, pick(&["android", "ios", "web"])),
            (Dimension::AppVersion, pick(&["3.2.1", "", "3.1.9"])),
        ],
        first_at: as_of - Duration::minutes(40 - i as i64),
        last_at: as_of - Duration::seconds(i as i64 * 3),
        good: i,
        bad,
    }
}

fn window(minutes: u32) -> Window {
    let scale = u64::from(minutes);
    let (good, bad, silent, unclassified) = (470 * scale, 31 * scale, scale / 2 + 1, 9 * scale);
    let judged = good + bad;
    let ratio = good as f64 / judged as f64;
    let half = 0.03 / f64::from(minutes).sqrt();
    let quantiles = |p50: f64, p95: f64, share: f64| Some(Quantiles { p50, p95, n: (judged as f64 * share) as u64 });
    let mos = |band: &str, mean: f64, share: f64, assumption: &str| MosFigure {
        band: band.to_owned(),
        mean,
        p5: mean - 1.12,
        n: (judged as f64 * share) as u64,
        assumptions: vec![assumption.to_owned()],
    };
    Window {
        minutes,
        sessions: 300 + 14 * scale,
        session_minutes: judged + silent + unclassified,
        good_minutes: Some(GoodMinutes {
            ratio: estimate(ratio, ratio - half, ratio + half * 0.9, judged),
            good,
            bad,
            unclassified,
            silent,
            if_silent_good: (good + silent) as f64 / (judged + silent) as f64,
            if_silent_bad: good as f64 / (judged + silent) as f64,
        }),
        connect_ms: Some(Quantiles { p50: 412.0, p95: 1684.0, n: 37 * scale }),
        connect_best: Some(estimate(0.742, 0.742 - half * 2.0, 0.742 + half * 2.0, 37 * scale)),
        join_success: Some(estimate(0.9966, 0.9966 - half * 0.3, 0.9966 + half * 0.08, 38 * scale)),
        rtt_ms: quantiles(84.0, 412.0, 0.98),
        jitter_ms: quantiles(6.4, 38.0, 0.93),
        loss_ratio: quantiles(0.0021, 0.061, 0.97),
        freeze_ratio: quantiles(0.0, 0.084, 0.58),
        mos: vec![mos("NB", 4.11, 0.72, "opus scored as G.711 with PLC"), mos("WB", 3.92, 0.08, "amr-wb 12.65 kbit/s, diotic")],
        response_ms: quantiles(1180.0, 2460.0, 0.06),
        interruption_ms: (minutes > 5).then_some(Quantiles { p50: 148.0, p95: 390.0, n: 3 * scale }),
    }
}

fn minute(at: DateTime<Utc>, ago: i64) -> Minute {
    let wave = |seed: u64| 0.85 + 0.3 * noise(at.timestamp() as u64 / 60 + seed * 1000);
    let worse = if ago <= BAD_FOR { 1.0 } else { 0.0 };
    let full = if ago == 0 { 0.4 } else { 1.0 };
    let known = (38..=41).contains(&ago);
    let unless_gap = |value: f64| (!known).then_some(value);
    Minute {
        at,
        sessions: (510.0 * wave(1) * full) as u64,
        good: ((480.0 - 40.0 * worse) * wave(1) * full) as u64,
        bad: ((12.0 + 48.0 * worse) * wave(2) * full) as u64,
        unclassified: (9.0 * wave(3)) as u64,
        silent: if ago == 7 || ago == 21 { 6 } else { 1 },
        rtt_ms_p50: unless_gap(80.0 * wave(4)),
        rtt_ms_p95: unless_gap((230.0 + 240.0 * worse) * wave(5)),
        jitter_ms_p95: unless_gap((18.0 + 26.0 * worse) * wave(6)),
        loss_ratio_p95: Some((0.011 + 0.055 * worse) * wave(7)),
        freeze_ratio_p95: Some((0.02 + 0.07 * worse) * wave(8)),
        connect_ms_p95: Some((900.0 + 800.0 * worse) * wave(9)),
        mos_nb_mean: Some((4.2 - 0.22 * worse) * (0.99 + 0.02 * noise(ago as u64))),
        response_ms_p95: (ago % 6 != 0).then_some(2100.0 * wave(10)),
    }
}

fn choices() -> Vec<(Dimension, Vec<(String, u64)>)> {
    let values = |values: &[(&str, u64)]| values.iter().map(|(value, n)| ((*value).to_owned(), *n)).collect();
    vec![
        (Dimension::Vendor, values(&[("aurora", 512), ("meridian", 408), ("borealis", 301)])),
        (
            Dimension::Service,
            values(&[("video_call", 498), ("voice_call", 402), ("live_streaming", 201), ("conversational_ai", 88), ("messaging", 32)]),
        ),
        (Dimension::Region, values(&[("cn-east", 611), ("ap-southeast", 322), ("eu-west", 180), ("us-east", 108)])),
        (Dimension::Network, values(&[("wifi", 640), ("5g", 288), ("4g", 244), ("3g", 40), ("", 9)])),
        (Dimension::Platform, values(&[("android", 480), ("ios", 402), ("web", 311), ("mini_program", 28)])),
        (Dimension::AppVersion, values(&[("3.2.1", 840), ("3.1.9", 322), ("3.2.0-beta.1", 59)])),
    ]
}

/// A session of 26 minutes that turned bad, as of a moment.
pub fn session(session_id: &str, as_of: DateTime<Utc>) -> SessionTimeline {
    let first_at = as_of - Duration::minutes(26);
    let at = |seconds: i64| first_at + Duration::seconds(seconds);
    let event = |seconds: i64, name: &str, detail: &str| (at(seconds), name.to_owned(), detail.to_owned());
    SessionTimeline {
        keys: keys(session_id),
        first_at,
        last_at: as_of,
        state: SessionState::Live,
        minutes: (0..27).map(|i| judged(minute_of(first_at) + Duration::minutes(i), i)).collect(),
        events: vec![
            event(0, "attempt", ""),
            event(1, "joined", "connect 1,412 ms"),
            event(2, "first_frame", "1,880 ms"),
            event(610, "quality_limitation", "bandwidth"),
            event(905, "drop", "ice disconnected"),
            event(911, "reconnect", "6,012 ms"),
            event(1100, "screen_share", ""),
        ],
        streams: [("audio", "inbound", "opus"), ("video", "inbound", "vp8"), ("video", "outbound", "h264")]
            .into_iter()
            .enumerate()
            .map(|(i, (kind, direction, codec))| stream(i as u64, kind, direction, codec, first_at))
            .collect(),
        turns: (0..14)
            .map(|i| {
                (
                    at(60 + i * 95),
                    (i != 4).then_some(900.0 + 1400.0 * noise(i as u64)),
                    (i % 3 == 0).then_some(90.0 + 220.0 * noise(i as u64 + 50)),
                )
            })
            .collect(),
        feedback: vec![(at(1500), "csat".to_owned(), 2.0, 1.0, 5.0, "画面一直卡 / picture keeps freezing".to_owned())],
        cut_off: false,
    }
}

fn keys(session_id: &str) -> Vec<(&'static str, String)> {
    let keys = [
        ("project", "default"),
        ("call_id", "room-407"),
        ("session_id", session_id),
        ("user_id", "u-1f09"),
        ("vendor", "borealis"),
        ("service", "video_call"),
        ("scenario", "one_to_one"),
        ("industry", "education"),
        ("region", "ap-southeast"),
        ("country", "SG"),
        ("network", "4g"),
        ("platform", "android"),
        ("os", "android 16"),
        ("device_class", "phone"),
        ("app_version", "3.2.1"),
    ];
    keys.map(|(column, value)| (column, value.to_owned())).to_vec()
}

fn judged(at: DateTime<Utc>, i: i64) -> JudgedMinute {
    let (verdict, missed): (&'static str, Vec<(&'static str, f64, f64)>) = match i {
        12 => ("bad", vec![("one_way_delay_ms_max", 512.0, 400.0)]),
        13..=15 => ("bad", vec![("one_way_delay_ms_max", 611.0, 400.0), ("loss_ratio_max", 0.083, 0.05), ("frame_rate_min", 4.2, 7.0)]),
        16 => ("silent", vec![]),
        20 => ("unclassified", vec![]),
        _ => ("good", vec![]),
    };
    let scored = verdict == "good" || verdict == "bad";
    JudgedMinute { at, verdict, missed, mos: scored.then_some((if verdict == "good" { 4.21 } else { 2.87 }, "NB")) }
}

fn stream(seed: u64, kind: &str, direction: &str, codec: &str, first_at: DateTime<Utc>) -> StreamSeries {
    let (video, inbound) = (kind == "video", direction == "inbound");
    let point = |i: i64| {
        let (wave, bad) = (noise(i as u64 + seed * 997), (144..192).contains(&i));
        let worse = if bad { 3.2 } else { 1.0 };
        StreamPoint {
            at: first_at + Duration::seconds(i * 5),
            rtt_ms: Some((70.0 + 60.0 * wave) * worse),
            jitter_ms: inbound.then_some((4.0 + 6.0 * wave) * worse),
            loss_ratio: inbound.then_some(0.02 * wave * worse * worse / 2.0),
            bitrate_kbps: Some(if video { 1400.0 / worse * (0.8 + 0.4 * wave) } else { 30.0 + 6.0 * wave }),
            audible_concealment_ratio: (inbound && !video).then_some(0.004 * wave * worse * worse),
            freeze_ms: (inbound && video).then_some(if bad && wave > 0.5 { 900.0 * wave } else { 0.0 }),
            gap_ms: inbound.then_some(if (181..184).contains(&i) { 2400.0 } else { 0.0 }),
            frame_rate: video.then_some(if bad { 6.0 + 8.0 * wave } else { 27.0 + 3.0 * wave }),
            height: video.then_some(if bad { 360 } else { 720 }),
        }
    };
    // Between drop and reconnect nothing was sampled.
    let points = (0..312).filter(|i| !(183..190).contains(i)).map(point).collect();
    StreamSeries {
        stream_id: format!("0/{direction}/{}", 3_210_987 + seed),
        kind: kind.to_owned(),
        direction: direction.to_owned(),
        codec: codec.to_owned(),
        points,
    }
}
