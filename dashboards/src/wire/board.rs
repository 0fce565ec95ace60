//! The board as JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use qoe_query::board::{Board, Filter, GoodMinutes, Minute, MosFigure, Quantiles, Slice, Window};
use serde::Serialize;

use super::{Interval, ListedSession, by_column};

/// What `/api/board` answers.
#[derive(Debug, Serialize)]
pub(crate) struct BoardAnswer<'a> {
    project: &'a str,
    filter: BTreeMap<&'static str, &'a str>,
    as_of: DateTime<Utc>,
    newest: Option<DateTime<Utc>>,
    lag_ms: Option<i64>,
    slices: Vec<SliceAnswer<'a>>,
    now: NowAnswer<'a>,
    missing: MissingAnswer,
    windows: Vec<WindowAnswer<'a>>,
    minutes: Vec<MinuteAnswer>,
    worst: Vec<ListedSession<'a>>,
    choices: BTreeMap<&'static str, Vec<Choice<'a>>>,
}

impl<'a> BoardAnswer<'a> {
    pub fn of(project: &'a str, filter: &'a Filter, board: &'a Board) -> BoardAnswer<'a> {
        let choices = board.choices.iter().map(|(dimension, values)| {
            (dimension.column(), values.iter().map(|(value, sessions)| Choice { value, sessions: *sessions }).collect())
        });
        let services = board.now.live_by_service.iter().map(|(value, sessions)| Choice { value, sessions: *sessions });
        BoardAnswer {
            project,
            filter: by_column(filter),
            as_of: board.as_of,
            newest: board.newest,
            lag_ms: board.newest.map(|newest| (board.as_of - newest).num_milliseconds().max(0)),
            slices: board.slices.iter().map(SliceAnswer::from).collect(),
            now: NowAnswer {
                live_sessions: board.now.live,
                live_sessions_by_service: services.collect(),
                gone_silent_sessions: board.now.gone_silent,
                gone_silent: board.now.silent.iter().map(ListedSession::from).collect(),
            },
            missing: MissingAnswer { batches: board.missing.batches, sessions: board.missing.sessions },
            windows: board.windows.iter().map(WindowAnswer::from).collect(),
            minutes: board.minutes.iter().map(MinuteAnswer::from).collect(),
            worst: board.worst.iter().map(ListedSession::from).collect(),
            choices: choices.collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Choice<'a> {
    value: &'a str,
    sessions: u64,
}

#[derive(Debug, Serialize)]
struct NowAnswer<'a> {
    live_sessions: u64,
    live_sessions_by_service: Vec<Choice<'a>>,
    gone_silent_sessions: u64,
    gone_silent: Vec<ListedSession<'a>>,
}

#[derive(Debug, Serialize)]
struct MissingAnswer {
    batches: u64,
    sessions: u64,
}

#[derive(Debug, Serialize)]
struct SliceAnswer<'a> {
    filter: BTreeMap<&'static str, &'a str>,
    sessions: u64,
    judged_minutes: u64,
    bad_minutes: u64,
    bad_ratio: Interval,
    rest_bad_ratio: Interval,
    excess_bad_minutes: Interval,
    clear: bool,
    onset: Option<DateTime<Utc>>,
    series: Vec<SlicePoint>,
}

#[derive(Debug, Serialize)]
struct SlicePoint {
    at: DateTime<Utc>,
    bad_minutes: u64,
    judged_minutes: u64,
}

impl<'a> From<&'a Slice> for SliceAnswer<'a> {
    fn from(slice: &'a Slice) -> SliceAnswer<'a> {
        let point = |(at, bad_minutes, judged_minutes): &(DateTime<Utc>, u64, u64)| SlicePoint {
            at: *at,
            bad_minutes: *bad_minutes,
            judged_minutes: *judged_minutes,
        };
        SliceAnswer {
            filter: by_column(&slice.filter),
            sessions: slice.sessions,
            judged_minutes: slice.minutes,
            bad_minutes: slice.bad,
            bad_ratio: (&slice.bad_share).into(),
            rest_bad_ratio: (&slice.rest_share).into(),
            excess_bad_minutes: (&slice.excess).into(),
            clear: slice.clear,
            onset: slice.onset,
            series: slice.series.iter().map(point).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct WindowAnswer<'a> {
    window_minutes: u32,
    sessions: u64,
    session_minutes: u64,
    good_minutes: Option<GoodMinutesAnswer>,
    connect_ms: Option<QuantilesAnswer>,
    connect_best_ratio: Option<Interval>,
    join_success_ratio: Option<Interval>,
    rtt_ms: Option<QuantilesAnswer>,
    jitter_ms: Option<QuantilesAnswer>,
    loss_ratio: Option<QuantilesAnswer>,
    freeze_ratio: Option<QuantilesAnswer>,
    mos: Vec<MosAnswer<'a>>,
    response_ms: Option<QuantilesAnswer>,
    interruption_ms: Option<QuantilesAnswer>,
}

impl<'a> From<&'a Window> for WindowAnswer<'a> {
    fn from(window: &'a Window) -> WindowAnswer<'a> {
        WindowAnswer {
            window_minutes: window.minutes,
            sessions: window.sessions,
            session_minutes: window.session_minutes,
            good_minutes: window.good_minutes.as_ref().map(GoodMinutesAnswer::from),
            connect_ms: window.connect_ms.map(QuantilesAnswer::from),
            connect_best_ratio: window.connect_best.as_ref().map(Interval::from),
            join_success_ratio: window.join_success.as_ref().map(Interval::from),
            rtt_ms: window.rtt_ms.map(QuantilesAnswer::from),
            jitter_ms: window.jitter_ms.map(QuantilesAnswer::from),
            loss_ratio: window.loss_ratio.map(QuantilesAnswer::from),
            freeze_ratio: window.freeze_ratio.map(QuantilesAnswer::from),
            mos: window.mos.iter().map(MosAnswer::from).collect(),
            response_ms: window.response_ms.map(QuantilesAnswer::from),
            interruption_ms: window.interruption_ms.map(QuantilesAnswer::from),
        }
    }
}

#[derive(Debug, Serialize)]
struct GoodMinutesAnswer {
    good_ratio: Interval,
    good: u64,
    bad: u64,
    unclassified: u64,
    silent: u64,
    good_ratio_if_silent_good: f64,
    good_ratio_if_silent_bad: f64,
}

impl From<&GoodMinutes> for GoodMinutesAnswer {
    fn from(minutes: &GoodMinutes) -> GoodMinutesAnswer {
        GoodMinutesAnswer {
            good_ratio: (&minutes.ratio).into(),
            good: minutes.good,
            bad: minutes.bad,
            unclassified: minutes.unclassified,
            silent: minutes.silent,
            good_ratio_if_silent_good: minutes.if_silent_good,
            good_ratio_if_silent_bad: minutes.if_silent_bad,
        }
    }
}

#[derive(Debug, Serialize)]
struct QuantilesAnswer {
    p50: f64,
    p95: f64,
    n: u64,
}

impl From<Quantiles> for QuantilesAnswer {
    fn from(quantiles: Quantiles) -> QuantilesAnswer {
        QuantilesAnswer { p50: quantiles.p50, p95: quantiles.p95, n: quantiles.n }
    }
}

#[derive(Debug, Serialize)]
struct MosAnswer<'a> {
    band: &'a str,
    mean: f64,
    p5: f64,
    n: u64,
    assumptions: &'a [String],
}

impl<'a> From<&'a MosFigure> for MosAnswer<'a> {
    fn from(mos: &'a MosFigure) -> MosAnswer<'a> {
        MosAnswer { band: &mos.band, mean: mos.mean, p5: mos.p5, n: mos.n, assumptions: &mos.assumptions }
    }
}

#[derive(Debug, Serialize)]
struct MinuteAnswer {
    at: DateTime<Utc>,
    sessions: u64,
    good: u64,
    bad: u64,
    unclassified: u64,
    silent: u64,
    rtt_ms_p50: Option<f64>,
    rtt_ms_p95: Option<f64>,
    jitter_ms_p95: Option<f64>,
    loss_ratio_p95: Option<f64>,
    freeze_ratio_p95: Option<f64>,
    connect_ms_p95: Option<f64>,
    mos_nb_mean: Option<f64>,
    response_ms_p95: Option<f64>,
}

impl From<&Minute> for MinuteAnswer {
    fn from(minute: &Minute) -> MinuteAnswer {
        MinuteAnswer {
            at: minute.at,
            sessions: minute.sessions,
            good: minute.good,
            bad: minute.bad,
            unclassified: minute.unclassified,
            silent: minute.silent,
            rtt_ms_p50: minute.rtt_ms_p50,
            rtt_ms_p95: minute.rtt_ms_p95,
            jitter_ms_p95: minute.jitter_ms_p95,
            loss_ratio_p95: minute.loss_ratio_p95,
            freeze_ratio_p95: minute.freeze_ratio_p95,
            connect_ms_p95: minute.connect_ms_p95,
            mos_nb_mean: minute.mos_nb_mean,
            response_ms_p95: minute.response_ms_p95,
        }
    }
}
