//! Sessions now, those that fell silent, and the worst of the hour.

use askama::Template;
use qoe_query::board::{Board, Dimension, SessionRow};

use crate::clock;
use crate::figures::{NONE, count, percent};
use crate::view::View;
use crate::words::{Words, dimension_value, service_name};

#[derive(Template)]
#[template(path = "board/now.html")]
struct Now<'a> {
    words: &'a Words,
    live: String,
    anybody: bool,
    services: Vec<Service>,
    gone_silent: String,
    any_silent: bool,
    silent: Vec<Listed>,
    missing: Option<String>,
}

struct Service {
    name: String,
    href: String,
    sessions: String,
    /// Of the live sessions, for its bar: `41.5%`.
    width: String,
}

#[derive(Template)]
#[template(path = "board/worst.html")]
struct Worst<'a> {
    words: &'a Words,
    rows: Vec<Listed>,
}

/// A session in a list.
struct Listed {
    id: String,
    href: String,
    call: String,
    /// Values of the dimensions that were stated.
    dimensions: String,
    first: String,
    last: String,
    last_machine: String,
    bad: String,
    judged: String,
    share: String,
    width: String,
}

/// Renders "sessions now".
pub(super) fn render_now(board: &Board, view: &View) -> askama::Result<String> {
    let words = view.words();
    let (now, missing) = (&board.now, board.missing);
    let service = |(name, sessions): &(String, u64)| Service {
        name: service_name(name, words).into_owned(),
        href: view.with_filter(&[(Dimension::Service, name.clone())]).href("/board"),
        sessions: count(*sessions),
        width: width(*sessions, now.live),
    };
    Now {
        words,
        live: count(now.live),
        anybody: now.live > 0,
        services: now.live_by_service.iter().map(service).collect(),
        gone_silent: count(now.gone_silent),
        any_silent: now.gone_silent > 0,
        silent: now.silent.iter().map(|row| listed(row, view)).collect(),
        missing: (missing.batches > 0).then(|| (words.now.missing)(&count(missing.batches), &count(missing.sessions))),
    }
    .render()
}

/// Renders the worst sessions.
pub(super) fn render_worst(board: &Board, view: &View) -> askama::Result<String> {
    Worst { words: view.words(), rows: board.worst.iter().map(|row| listed(row, view)).collect() }.render()
}

fn listed(row: &SessionRow, view: &View) -> Listed {
    let (words, zone) = (view.words(), view.zone());
    let judged = row.good + row.bad;
    let stated = row.dimensions.iter().filter(|(_, value)| !value.is_empty());
    let dimensions: Vec<String> = stated.map(|(dimension, value)| dimension_value(*dimension, value, words).into_owned()).collect();
    Listed {
        id: row.session_id.clone(),
        href: view.session_href(&row.session_id),
        call: row.call_id.clone(),
        dimensions: if dimensions.is_empty() { words.not_stated.to_owned() } else { dimensions.join(" · ") },
        first: zone.minute(row.first_at),
        last: zone.second(row.last_at),
        last_machine: clock::machine(row.last_at),
        bad: count(row.bad),
        judged: count(judged),
        share: if judged > 0 { percent(row.bad as f64 / judged as f64) } else { NONE.to_owned() },
        width: width(row.bad, judged),
    }
}

fn width(part: u64, whole: u64) -> String {
    if whole == 0 { "0%".to_owned() } else { format!("{:.1}%", part as f64 / whole as f64 * 100.0) }
}
