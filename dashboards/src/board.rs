//! The live board: its panels in the order in which an on-call engineer asks.

mod figures;
mod filters;
mod minutes;
mod sessions;
mod slices;

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, Utc};
use qoe_query::board::Board;

use crate::Settings;
use crate::clock::{self, Zone};
use crate::frame::Frame;
use crate::view::View;
use crate::wire::ChartGroups;
use crate::words::Words;

/// The panels that change with the data, as HTML by name. A page holds them all; the stream sends those that changed.
pub(crate) type Panels = BTreeMap<&'static str, String>;

/// Why the figures on the page are not of this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outage {
    /// ClickHouse is silent since then.
    Away(DateTime<Utc>),
    /// The question fails since then.
    Failing(DateTime<Utc>),
}

/// How far behind the newest report may be before the page points at it.
const LATE: chrono::Duration = chrono::Duration::seconds(30);

/// Renders the whole page, complete without scripts.
pub fn render_board(board: &Board, view: &View, settings: &Settings) -> askama::Result<String> {
    let words = view.words();
    let mut panels = panels(board, view)?;
    panels.insert("banner", String::new());
    let groups = groups(board);
    let frame = Frame { script: "board.js", ..Frame::of(view, "/board", words.page.title.to_owned(), settings) };
    Page {
        frame,
        words,
        events_href: view.href("/board/events"),
        groups_json: script_json(&groups),
        charts: minutes::charts(&groups, view.zone(), words)?,
        panels,
    }
    .render()
}

/// The panels that change with the data; the banner is apart.
pub(crate) fn panels(board: &Board, view: &View) -> askama::Result<Panels> {
    Ok(Panels::from([
        ("freshness", freshness(board, view)?),
        ("filters", filters::render(board, view)?),
        ("slices", slices::render(board, view)?),
        ("now", sessions::render_now(board, view)?),
        ("figures", figures::render(board, view)?),
        ("worst", sessions::render_worst(board, view)?),
    ]))
}

/// The numbers of the charts.
pub(crate) fn groups(board: &Board) -> ChartGroups {
    ChartGroups::from([("minutes".to_owned(), minutes::group(board))])
}

/// What stands above the panels: nothing, or why they are of an earlier moment (`shown`).
pub(crate) fn banner(outage: Option<Outage>, shown: Option<DateTime<Utc>>, view: &View) -> askama::Result<String> {
    let Some(outage) = outage else { return Ok(String::new()) };
    let (words, zone) = (view.words(), view.zone());
    let shown = shown.map_or_else(|| crate::figures::NONE.to_owned(), |shown| zone.second(shown));
    let text = match outage {
        Outage::Away(since) => (words.page.away)(&zone.second(since), &shown),
        Outage::Failing(since) => (words.page.failing)(&zone.second(since), &shown),
    };
    Banner { text }.render()
}

fn freshness(board: &Board, view: &View) -> askama::Result<String> {
    let (words, zone): (&Words, Zone) = (view.words(), view.zone());
    Freshness {
        words,
        as_of: zone.second_with_offset(board.as_of),
        machine: clock::machine(board.as_of),
        newest: board.newest.map(|newest| newest.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)).unwrap_or_default(),
        late: board.newest.is_some_and(|newest| board.as_of - newest > LATE),
        lag: board
            .newest
            .map_or_else(|| words.page.no_rows.to_owned(), |newest| (words.page.lag)(&clock::span(board.as_of - newest, words))),
    }
    .render()
}

/// JSON that may stand in a `<script>`: no `<`, so nothing in it can end the element.
pub(crate) fn script_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().replace('<', "\\u003c")
}

#[derive(Template)]
#[template(path = "board.html")]
struct Page<'a> {
    frame: Frame,
    words: &'a Words,
    panels: Panels,
    charts: Vec<String>,
    events_href: String,
    groups_json: String,
}

impl Page<'_> {
    fn panel(&self, name: &str) -> &str {
        self.panels.get(name).map_or("", String::as_str)
    }
}

#[derive(Template)]
#[template(path = "board/banner.html")]
struct Banner {
    text: String,
}

#[derive(Template)]
#[template(path = "board/freshness.html")]
struct Freshness<'a> {
    words: &'a Words,
    as_of: String,
    machine: String,
    /// The newest row's time to the millisecond, for whoever measures.
    newest: String,
    lag: String,
    late: bool,
}
