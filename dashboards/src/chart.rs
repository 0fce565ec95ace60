//! One chart: what it shows, the same numbers as a table, and a drawing for browsers without JavaScript. Where scripts run,
//! they draw it anew from the same numbers.

use askama::Template;

use crate::clock::Zone;
use crate::drawing;
use crate::wire::{ChartGroup, Kind, Series};
use crate::words::Words;

/// What a chart shows.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub id: String,
    pub title: String,
    pub unit: &'static str,
    pub kind: Kind,
    /// The scale reaches at least from here to there.
    pub floor: (f64, f64),
    pub series: Vec<Series>,
}

/// The most rows a table shows, the latest first; a live board has 60.
const ROWS: usize = 240;

/// A chart with its numbers.
#[derive(Template)]
#[template(path = "chart.html")]
struct Chart<'a> {
    words: &'a Words,
    spec: &'a Spec,
    group: &'a str,
    series_json: String,
    kind: &'static str,
    drawing: String,
    label: String,
    heads: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
    empty: bool,
}

/// Renders a chart of the group's numbers. `Zone` is for the times in the table.
pub(crate) fn render(spec: &Spec, group_name: &str, group: &ChartGroup, zone: Zone, words: &Words) -> askama::Result<String> {
    let minutes_apart = group.at_s.windows(2).all(|pair| pair[1] - pair[0] >= 59.0);
    let time = |at_s: f64| {
        chrono::DateTime::from_timestamp(at_s as i64, 0)
            .map_or_else(String::new, |at| if minutes_apart { zone.minute(at) } else { zone.second(at) })
    };
    let series: Vec<(&Series, &[Option<f64>])> = spec.series.iter().map(|series| (series, group.values(series.key))).collect();
    let rows =
        group.at_s.iter().enumerate().map(|(index, at)| {
            (time(*at), series.iter().map(|(series, values)| series.show(values.get(index).copied().flatten())).collect())
        });
    let head = |series: &Series| if spec.unit.is_empty() { series.label.clone() } else { format!("{} ({})", series.label, spec.unit) };
    Chart {
        words,
        spec,
        group: group_name,
        series_json: serde_json::to_string(&spec.series).unwrap_or_default(),
        kind: match spec.kind {
            Kind::Lines => "lines",
            Kind::Stack => "stack",
            Kind::Points => "points",
        },
        drawing: drawing::chart(spec, group, &time, &spec.title),
        label: (words.chart.keyboard)(&spec.title),
        heads: spec.series.iter().map(head).collect(),
        rows: rows.rev().take(ROWS).collect(),
        empty: series.iter().all(|(_, values)| values.iter().all(Option::is_none)),
    }
    .render()
}
