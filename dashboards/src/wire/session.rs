//! One session as JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use qoe_query::board::{JudgedMinute, SessionState, SessionTimeline, StreamPoint, StreamSeries};
use serde::Serialize;

/// What `/api/session/{id}` answers.
#[derive(Debug, Serialize)]
pub(crate) struct SessionAnswer<'a> {
    keys: BTreeMap<&'static str, &'a str>,
    state: &'static str,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    cut_off: bool,
    minutes: Vec<MinuteAnswer>,
    events: Vec<EventAnswer<'a>>,
    streams: Vec<StreamAnswer<'a>>,
    turns: Vec<TurnAnswer>,
    feedback: Vec<FeedbackAnswer<'a>>,
}

#[derive(Debug, Serialize)]
struct MinuteAnswer {
    at: DateTime<Utc>,
    verdict: &'static str,
    missed: Vec<MissedAnswer>,
    mos: Option<f64>,
    mos_band: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct MissedAnswer {
    measure: &'static str,
    value: f64,
    limit: f64,
}

#[derive(Debug, Serialize)]
struct EventAnswer<'a> {
    at: DateTime<Utc>,
    name: &'a str,
    detail: &'a str,
}

#[derive(Debug, Serialize)]
struct StreamAnswer<'a> {
    stream_id: &'a str,
    kind: &'a str,
    direction: &'a str,
    codec: &'a str,
    points: Vec<PointAnswer>,
}

#[derive(Debug, Serialize)]
struct PointAnswer {
    at: DateTime<Utc>,
    rtt_ms: Option<f64>,
    jitter_ms: Option<f64>,
    loss_ratio: Option<f64>,
    bitrate_kbps: Option<f64>,
    audible_concealment_ratio: Option<f64>,
    freeze_ms: Option<f64>,
    gap_ms: Option<f64>,
    frame_rate: Option<f64>,
    height_px: Option<u16>,
}

#[derive(Debug, Serialize)]
struct TurnAnswer {
    at: DateTime<Utc>,
    response_ms: Option<f64>,
    interruption_ms: Option<f64>,
}

#[derive(Debug, Serialize)]
struct FeedbackAnswer<'a> {
    at: DateTime<Utc>,
    kind: &'a str,
    score: f64,
    scale_low: f64,
    scale_high: f64,
    text: &'a str,
}

/// What a state is called on the wire and in class names.
pub(crate) fn state_name(state: SessionState) -> &'static str {
    match state {
        SessionState::Live => "live",
        SessionState::Left => "left",
        SessionState::GoneSilent => "gone_silent",
    }
}

impl<'a> From<&'a SessionTimeline> for SessionAnswer<'a> {
    fn from(session: &'a SessionTimeline) -> SessionAnswer<'a> {
        let event = |(at, name, detail): &'a (DateTime<Utc>, String, String)| EventAnswer { at: *at, name, detail };
        let feedback = session.feedback.iter().map(|(at, kind, score, scale_low, scale_high, text)| FeedbackAnswer {
            at: *at,
            kind,
            score: *score,
            scale_low: *scale_low,
            scale_high: *scale_high,
            text,
        });
        let turn =
            |turn: &(DateTime<Utc>, Option<f64>, Option<f64>)| TurnAnswer { at: turn.0, response_ms: turn.1, interruption_ms: turn.2 };
        SessionAnswer {
            keys: session.keys.iter().map(|(column, value)| (*column, value.as_str())).collect(),
            state: state_name(session.state),
            first_at: session.first_at,
            last_at: session.last_at,
            cut_off: session.cut_off,
            minutes: session.minutes.iter().map(MinuteAnswer::from).collect(),
            events: session.events.iter().map(event).collect(),
            streams: session.streams.iter().map(StreamAnswer::from).collect(),
            turns: session.turns.iter().map(turn).collect(),
            feedback: feedback.collect(),
        }
    }
}

impl From<&JudgedMinute> for MinuteAnswer {
    fn from(minute: &JudgedMinute) -> MinuteAnswer {
        let missed = |(measure, value, limit): &(&'static str, f64, f64)| MissedAnswer { measure, value: *value, limit: *limit };
        MinuteAnswer {
            at: minute.at,
            verdict: minute.verdict,
            missed: minute.missed.iter().map(missed).collect(),
            mos: minute.mos.map(|(mos, _)| mos),
            mos_band: minute.mos.map(|(_, band)| band),
        }
    }
}

impl<'a> From<&'a StreamSeries> for StreamAnswer<'a> {
    fn from(stream: &'a StreamSeries) -> StreamAnswer<'a> {
        StreamAnswer {
            stream_id: &stream.stream_id,
            kind: &stream.kind,
            direction: &stream.direction,
            codec: &stream.codec,
            points: stream.points.iter().map(PointAnswer::from).collect(),
        }
    }
}

impl From<&StreamPoint> for PointAnswer {
    fn from(point: &StreamPoint) -> PointAnswer {
        PointAnswer {
            at: point.at,
            rtt_ms: point.rtt_ms,
            jitter_ms: point.jitter_ms,
            loss_ratio: point.loss_ratio,
            bitrate_kbps: point.bitrate_kbps,
            audible_concealment_ratio: point.audible_concealment_ratio,
            freeze_ms: point.freeze_ms,
            gap_ms: point.gap_ms,
            frame_rate: point.frame_rate,
            height_px: point.height,
        }
    }
}
