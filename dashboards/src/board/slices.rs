//! Where it is bad and since when.

use askama::Template;
use qoe_query::board::{Board, Dimension, Filter, Slice};
use qoe_query::statistics::MIN_MINUTES;

use crate::clock;
use crate::drawing::{self, Whiskers};
use crate::figures::{count, count_interval, fixed, percent, percent_interval};
use crate::view::View;
use crate::words::{Words, dimension_value};

#[derive(Template)]
#[template(path = "board/slices.html")]
struct Panel<'a> {
    words: &'a Words,
    rows: Vec<Row>,
    any_clear: bool,
    any_data: bool,
    nothing_note: String,
}

struct Row {
    /// (dimension, value)
    name: Vec<(String, String)>,
    href: String,
    select: String,
    key: String,
    clear: bool,
    share: String,
    share_interval: String,
    rest: String,
    rest_interval: String,
    whisker: String,
    excess: String,
    excess_interval: String,
    minutes: String,
    sessions: String,
    onset: Option<Onset>,
    spark: String,
}

struct Onset {
    text: String,
    ago: String,
    machine: String,
}

/// Renders the panel.
pub(super) fn render(board: &Board, view: &View) -> askama::Result<String> {
    let words = view.words();
    let ends = board.slices.iter().flat_map(|slice| [slice.bad_share.high, slice.rest_share.high]);
    let top = ends.fold(0.0, f64::max);
    Panel {
        words,
        rows: board.slices.iter().map(|slice| row(slice, top, board, view)).collect(),
        any_clear: board.slices.iter().any(|slice| slice.clear),
        any_data: board.minutes.iter().any(|minute| minute.sessions > 0) || board.windows.iter().any(|window| window.sessions > 0),
        nothing_note: (words.slices.nothing_note)(MIN_MINUTES),
    }
    .render()
}

fn row(slice: &Slice, top: f64, board: &Board, view: &View) -> Row {
    let (words, zone) = (view.words(), view.zone());
    let name = parts(&slice.filter, words);
    let plain: Vec<String> = name.iter().map(|(dimension, value)| format!("{dimension} {value}")).collect();
    let share = percent(slice.bad_share.value);
    let share_interval = percent_interval(&slice.bad_share);
    let rest = percent(slice.rest_share.value);
    let rest_interval = percent_interval(&slice.rest_share);
    let onset = slice.onset.map(|at| Onset {
        text: (words.slices.onset)(&zone.minute(at)),
        ago: (words.slices.ago)(&clock::span(board.as_of - at, words)),
        machine: clock::machine(at),
    });
    let shares = slice.series.iter().filter(|(_, _, judged)| *judged > 0).map(|(_, bad, judged)| *bad as f64 / *judged as f64);
    let onset_text = onset.as_ref().map_or(words.slices.no_onset, |onset| &onset.text);
    let spark_label = (words.slices.spark)(&percent(shares.fold(0.0, f64::max)), onset_text);
    let whisker_label = (words.slices.whisker)(&format!("{share} {share_interval}"), &format!("{rest} {rest_interval}"));
    let whiskers = Whiskers { slice: &slice.bad_share, rest: &slice.rest_share, top };
    Row {
        href: view.with_filter(&slice.filter.0).href("/board"),
        select: (words.slices.select)(&plain.join(" · ")),
        key: format!("slice-{}", slug(&slice.filter)),
        clear: slice.clear,
        whisker: drawing::whisker(&whiskers, &whisker_label),
        excess: fixed(slice.excess.value, 0),
        excess_interval: count_interval(&slice.excess),
        minutes: count(slice.minutes),
        sessions: count(slice.sessions),
        spark: drawing::sparkline(&slice.series, slice.rest_share.value, slice.onset, &spark_label),
        name,
        share,
        share_interval,
        rest,
        rest_interval,
        onset,
    }
}

/// A filter in words.
pub(super) fn parts(filter: &Filter, words: &Words) -> Vec<(String, String)> {
    let part = |(dimension, value): &(Dimension, String)| {
        (words.dimension(*dimension).to_owned(), dimension_value(*dimension, value, words).into_owned())
    };
    filter.0.iter().map(part).collect()
}

/// Names a filter's elements on the page, so that they are found again when the panel changes.
fn slug(filter: &Filter) -> String {
    let pairs: Vec<String> = filter.0.iter().map(|(dimension, value)| format!("{}={value}", dimension.column())).collect();
    pairs.join("&")
}
