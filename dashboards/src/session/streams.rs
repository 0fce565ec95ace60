//! The charts of a session's streams and turns: two measures that explain each other share a chart, and only what was
//! measured is shown.

use std::collections::BTreeMap;

use qoe_query::board::{SessionTimeline, StreamPoint, StreamSeries};

use super::strip::span;
use crate::chart::Spec;
use crate::wire::{ChartGroup, ChartGroups, rounded};
use crate::wire::{Kind, Series};
use crate::words::Words;

/// A stream as the page calls it.
pub(super) struct Named {
    pub title: String,
    pub id: String,
}

/// The name of a stream's numbers.
pub(super) fn group_name(index: usize) -> String {
    format!("stream-{index}")
}

/// The numbers of all charts of the page, on one time axis.
pub(super) fn groups(session: &SessionTimeline) -> ChartGroups {
    let (from, to) = span(session);
    let group =
        |at_s: Vec<f64>, series| ChartGroup { from_s: from.timestamp(), to_s: to.timestamp().max(from.timestamp() + 1), at_s, series };
    let mut groups = ChartGroups::new();
    for (index, stream) in session.streams.iter().enumerate() {
        let at_s = stream.points.iter().map(|point| seconds(point.at)).collect();
        groups.insert(group_name(index), with_pauses(group(at_s, series(stream))));
    }
    if !session.turns.is_empty() {
        let at_s = session.turns.iter().map(|(at, _, _)| seconds(*at)).collect();
        let values = BTreeMap::from([
            ("response_ms", session.turns.iter().map(|(_, response, _)| rounded(*response)).collect()),
            ("interruption_ms", session.turns.iter().map(|(_, _, interruption)| rounded(*interruption)).collect()),
        ]);
        groups.insert("turns".to_owned(), group(at_s, values));
    }
    groups
}

/// Puts a moment without values into every pause of more than three usual intervals, so that no line is drawn across it.
fn with_pauses(group: ChartGroup) -> ChartGroup {
    let mut steps: Vec<f64> = group.at_s.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_by(f64::total_cmp);
    let Some(usual) = steps.get(steps.len() / 2).copied() else { return group };
    let before_pause: Vec<bool> = group.at_s.windows(2).map(|pair| pair[1] - pair[0] > 3.0 * usual).chain([false]).collect();
    let spread = |values: &[Option<f64>]| {
        let pairs = values.iter().zip(&before_pause);
        pairs.flat_map(|(value, pause)| std::iter::once(*value).chain(pause.then_some(None))).collect::<Vec<_>>()
    };
    let moments: Vec<Option<f64>> = group.at_s.iter().map(|at| Some(*at)).collect();
    let mut last = 0.0;
    let at_s = spread(&moments).into_iter().map(|at| {
        last = at.unwrap_or(last + usual);
        last
    });
    let series = group.series.iter().map(|(key, values)| (*key, spread(values)));
    ChartGroup { at_s: at_s.collect(), series: series.collect(), ..group }
}

fn seconds(at: chrono::DateTime<chrono::Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

fn series(stream: &StreamSeries) -> BTreeMap<&'static str, Vec<Option<f64>>> {
    let values = |of: fn(&StreamPoint) -> Option<f64>| stream.points.iter().map(|point| rounded(of(point))).collect::<Vec<_>>();
    let all = [
        ("rtt_ms", values(|point| point.rtt_ms)),
        ("jitter_ms", values(|point| point.jitter_ms)),
        ("loss_ratio", values(|point| point.loss_ratio)),
        ("bitrate_kbps", values(|point| point.bitrate_kbps)),
        ("audible_concealment_ratio", values(|point| point.audible_concealment_ratio)),
        ("freeze_ms", values(|point| point.freeze_ms)),
        ("gap_ms", values(|point| point.gap_ms)),
        ("frame_rate", values(|point| point.frame_rate)),
        ("height_px", values(|point| point.height.map(f64::from))),
    ];
    all.into_iter().filter(|(_, values)| values.iter().any(Option::is_some)).collect()
}

/// What the streams are called.
pub(super) fn named(session: &SessionTimeline, words: &Words) -> Vec<Named> {
    let words = &words.session;
    let name = |stream: &StreamSeries| {
        let kind = match stream.kind.as_str() {
            "audio" => words.audio,
            "video" => words.video,
            other => other,
        };
        let direction = match stream.direction.as_str() {
            "inbound" => words.inbound,
            "outbound" => words.outbound,
            other => other,
        };
        let parts = [kind, direction, &stream.codec];
        let title: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Named { title: title.join(" · "), id: stream.stream_id.clone() }
    };
    session.streams.iter().map(name).collect()
}

/// The charts of a stream.
pub(super) fn specs(name: &str, group: &ChartGroup, words: &Words) -> Vec<Spec> {
    let chart = &words.chart;
    let all = [
        (
            "delay",
            chart.delay_jitter,
            "ms",
            100.0,
            vec![Series::first("rtt_ms", chart.rtt, 0), Series::second("jitter_ms", chart.jitter, 1)],
        ),
        (
            "loss",
            chart.loss_concealment,
            "%",
            1.0,
            vec![
                Series::first("loss_ratio", chart.loss, 2).percent(),
                Series::second("audible_concealment_ratio", chart.concealment, 2).percent(),
            ],
        ),
        (
            "frozen",
            chart.interruptions_of_media,
            "ms",
            500.0,
            vec![Series::first("freeze_ms", chart.frozen, 0), Series::second("gap_ms", chart.gap, 0)],
        ),
        ("bitrate", chart.bitrate, "kbit/s", 32.0, vec![Series::first("bitrate_kbps", chart.bitrate, 0)]),
        ("fps", chart.frame_rate, "fps", 30.0, vec![Series::first("frame_rate", chart.frame_rate, 1)]),
        ("height", chart.height, "px", 360.0, vec![Series::first("height_px", chart.height, 0)]),
    ];
    let measured = all.into_iter().filter_map(|(id, title, unit, floor, mut series)| {
        series.retain(|series| group.has(series.key));
        // Alone, a series needs no dashes to be told apart.
        if let [only] = series.as_mut_slice() {
            only.dashed = false;
        }
        let id = format!("{name}-{id}");
        (!series.is_empty()).then(|| Spec { id, title: title.to_owned(), unit, kind: Kind::Lines, floor: (0.0, floor), series })
    });
    measured.collect()
}

/// The chart of the AI turns.
pub(super) fn turns_spec(words: &Words) -> Spec {
    let chart = &words.chart;
    Spec {
        id: "turns".to_owned(),
        title: chart.turns.to_owned(),
        unit: "ms",
        kind: Kind::Points,
        floor: (0.0, 500.0),
        series: vec![Series::first("response_ms", chart.response, 0), Series::second("interruption_ms", chart.interruption, 0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_breaks_the_line() {
        let group = ChartGroup {
            at_s: vec![0.0, 2.0, 4.0, 20.0, 22.0],
            series: BTreeMap::from([("rtt_ms", vec![Some(1.0), Some(2.0), None, Some(4.0), Some(5.0)])]),
            ..ChartGroup::default()
        };
        let paused = with_pauses(group);
        assert_eq!(paused.at_s, [0.0, 2.0, 4.0, 6.0, 20.0, 22.0]);
        assert_eq!(paused.values("rtt_ms"), [Some(1.0), Some(2.0), None, None, Some(4.0), Some(5.0)]);
    }

    #[test]
    fn a_stream_of_one_sample_stays_as_it_is() {
        let group = ChartGroup { at_s: vec![1.0], ..ChartGroup::default() };
        assert_eq!(with_pauses(group.clone()), group);
    }
}
