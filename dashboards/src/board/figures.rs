//! The figures of the last 5, 15 and 60 minutes, each with its interval, its n and its coverage.

use askama::Template;
use qoe_query::board::{Board, GoodMinutes, MosFigure, Quantiles, Window};
use qoe_query::statistics::Estimate;

use crate::figures::{NONE, count, coverage, fixed, milliseconds, percent, percent_interval};
use crate::view::View;
use crate::words::Words;

#[derive(Template)]
#[template(path = "board/figures.html")]
struct Panel<'a> {
    words: &'a Words,
    windows: Vec<Head>,
    tables: Vec<Table>,
    /// What the MOS estimates rest on.
    assumptions: Vec<String>,
}

struct Head {
    label: String,
    size: String,
}

struct Table {
    id: &'static str,
    caption: &'static str,
    rows: Vec<Row>,
}

struct Row {
    label: String,
    /// Unit and which percentiles.
    unit: String,
    note: &'static str,
    headline: bool,
    cells: Vec<Cell>,
}

#[derive(Default)]
struct Cell {
    /// Empty where it was not measured.
    value: String,
    interval: String,
    /// n, coverage and what else is to be known.
    lines: Vec<String>,
    /// (class, offset, width) of the parts of a bar.
    bar: Vec<(&'static str, String, String)>,
}

/// Renders the panel.
pub(super) fn render(board: &Board, view: &View) -> askama::Result<String> {
    let words = view.words();
    let head = |window: &Window| Head {
        label: (words.unit.last_minutes)(window.minutes),
        size: format!("{} {} · {} {}", count(window.session_minutes), words.unit.minutes, count(window.sessions), words.unit.sessions),
    };
    let mut assumptions: Vec<String> =
        board.windows.iter().flat_map(|window| &window.mos).flat_map(|mos| mos.assumptions.clone()).collect();
    assumptions.sort();
    assumptions.dedup();
    Panel {
        words,
        windows: board.windows.iter().map(head).collect(),
        tables: vec![
            Table { id: "headline", caption: words.figures.headline_caption, rows: headline(board, words) },
            Table { id: "media", caption: words.figures.media_caption, rows: media(board, words) },
        ],
        assumptions,
    }
    .render()
}

fn headline(board: &Board, words: &Words) -> Vec<Row> {
    let figures = &words.figures;
    let row = |label: &str, unit: String, note, cell: &dyn Fn(&Window) -> Option<Cell>| row(board, label, unit, note, cell);
    vec![
        Row {
            headline: true,
            ..row(figures.good_minutes, String::new(), "", &|window| Some(good_minutes(window.good_minutes.as_ref()?, words)))
        },
        row(figures.join_success, String::new(), "", &|window| Some(share(window.join_success.as_ref()?, words.unit.attempts))),
        row(figures.connect_best, String::new(), figures.connect_best_note, &|window| {
            Some(share(window.connect_best.as_ref()?, words.unit.joins))
        }),
        row(figures.connect, format!("ms, {}", figures.p50_p95), "", &|window| {
            let quantiles = window.connect_ms?;
            Some(Cell {
                value: pair(&quantiles, milliseconds),
                lines: vec![format!("n {} {}", count(quantiles.n), words.unit.joins)],
                ..Cell::default()
            })
        }),
    ]
}

fn media(board: &Board, words: &Words) -> Vec<Row> {
    let figures = &words.figures;
    let times = |label: &str, of: &dyn Fn(&Window) -> Option<Quantiles>| {
        row(board, label, format!("ms, {}", figures.p50_p95), "", &|window| Some(quantiles(&of(window)?, window, milliseconds, words)))
    };
    let ratios = |label: &str, of: &dyn Fn(&Window) -> Option<Quantiles>| {
        row(board, label, figures.p50_p95.to_owned(), "", &|window| Some(quantiles(&of(window)?, window, percent, words)))
    };
    let mut rows = vec![
        times(figures.rtt, &|window| window.rtt_ms),
        times(figures.jitter, &|window| window.jitter_ms),
        ratios(figures.loss, &|window| window.loss_ratio),
        ratios(figures.freeze, &|window| window.freeze_ratio),
    ];
    let bands = bands(board);
    if bands.is_empty() {
        rows.push(row(board, figures.mos_none, figures.mean_p5.to_owned(), "", &|_| None));
    }
    for band in bands {
        rows.push(row(board, &(figures.mos)(&band), figures.mean_p5.to_owned(), "", &|window| {
            Some(mos(window.mos.iter().find(|mos| mos.band == band)?, window, words))
        }));
    }
    rows.push(times(figures.response, &|window| window.response_ms));
    rows.push(times(figures.interruption, &|window| window.interruption_ms));
    rows
}

fn row(board: &Board, label: &str, unit: String, note: &'static str, cell: &dyn Fn(&Window) -> Option<Cell>) -> Row {
    let cells = board.windows.iter().map(|window| cell(window).unwrap_or_default()).collect();
    Row { label: label.to_owned(), unit, note, headline: false, cells }
}

/// The bands that any window has, narrowest first.
fn bands(board: &Board) -> Vec<String> {
    let mut bands: Vec<String> = board.windows.iter().flat_map(|window| &window.mos).map(|mos| mos.band.clone()).collect();
    bands.sort_by_key(|band| (["NB", "WB", "FB"].iter().position(|known| known == band), band.clone()));
    bands.dedup();
    bands
}

fn good_minutes(minutes: &GoodMinutes, words: &Words) -> Cell {
    let figures = &words.figures;
    let mut lines = vec![
        format!("n {}: {}", count(minutes.ratio.n), (figures.good_bad)(&count(minutes.good), &count(minutes.bad))),
        format!("{} · {}", (figures.unclassified)(&count(minutes.unclassified)), (figures.silent)(&count(minutes.silent))),
    ];
    if minutes.silent > 0 {
        lines.push((figures.silent_range)(&percent(minutes.if_silent_bad), &percent(minutes.if_silent_good)));
    }
    Cell { value: percent(minutes.ratio.value), interval: percent_interval(&minutes.ratio), lines, bar: bar(minutes) }
}

/// The parts of all session-minutes, side by side.
fn bar(minutes: &GoodMinutes) -> Vec<(&'static str, String, String)> {
    let parts = [("bad", minutes.bad), ("silent", minutes.silent), ("unclassified", minutes.unclassified), ("good", minutes.good)];
    let all = parts.iter().map(|(_, n)| n).sum::<u64>().max(1) as f64;
    let mut offset = 0;
    let mut bar = Vec::new();
    for (class, n) in parts {
        bar.push((class, format!("{:.2}%", offset as f64 / all * 100.0), format!("{:.2}%", n as f64 / all * 100.0)));
        offset += n;
    }
    bar
}

fn share(estimate: &Estimate, of: &str) -> Cell {
    Cell {
        value: percent(estimate.value),
        interval: percent_interval(estimate),
        lines: vec![format!("n {} {of}", count(estimate.n))],
        ..Cell::default()
    }
}

fn quantiles(quantiles: &Quantiles, window: &Window, show: fn(f64) -> String, words: &Words) -> Cell {
    Cell { value: pair(quantiles, show), lines: vec![n_and_coverage(quantiles.n, window, words)], ..Cell::default() }
}

fn pair(quantiles: &Quantiles, show: fn(f64) -> String) -> String {
    format!("{} / {}", show(quantiles.p50), show(quantiles.p95))
}

fn mos(mos: &MosFigure, window: &Window, words: &Words) -> Cell {
    Cell {
        value: format!("{} / {}", fixed(mos.mean, 2), fixed(mos.p5, 2)),
        lines: vec![n_and_coverage(mos.n, window, words)],
        ..Cell::default()
    }
}

fn n_and_coverage(n: u64, window: &Window, words: &Words) -> String {
    let share = coverage(n, window.session_minutes).unwrap_or_else(|| NONE.to_owned());
    format!("n {} · {}", count(n), (words.figures.covered)(&share))
}
