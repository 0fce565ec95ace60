//! The minutes' verdicts and the events on the session's time axis, as positions in percent of its length.

use chrono::{DateTime, Utc};
use qoe_query::board::SessionTimeline;

use super::{reasons, verdict_word};
use crate::clock::Zone;
use crate::words::{Words, event_name};

/// Events closer than this share of the axis go to different rows.
const CROWDED: f64 = 2.5;
const ROWS: usize = 3;

/// What the strip draws.
pub(super) struct Strip {
    pub cells: Vec<Cell>,
    pub marks: Vec<Mark>,
    pub ticks: Vec<Tick>,
}

/// One minute.
pub(super) struct Cell {
    pub x: String,
    pub width: String,
    /// Bad minutes stand out by height, silent ones by their dashes, so that colour is not needed.
    pub y: u32,
    pub height: u32,
    pub verdict: &'static str,
    pub title: String,
}

/// One event.
pub(super) struct Mark {
    pub x: String,
    pub y: usize,
    pub number: usize,
    pub title: String,
}

/// A time on the axis.
pub(super) struct Tick {
    pub x: String,
    pub anchor: &'static str,
    pub label: String,
}

impl Strip {
    pub fn of(session: &SessionTimeline, zone: Zone, words: &Words) -> Strip {
        let (from, to) = span(session);
        let position = |at: DateTime<Utc>| ((at - from).as_seconds_f64() / (to - from).as_seconds_f64() * 100.0).clamp(0.0, 100.0);
        let percent = |position: f64| format!("{position:.3}%");
        let cells = session.minutes.iter().map(|minute| {
            let (start, end) = (position(minute.at), position(minute.at + chrono::Duration::seconds(60)));
            let why = reasons(minute, words);
            let separator = if why.is_empty() { "" } else { ": " };
            let (y, height) = match minute.verdict {
                "bad" => (0, 42),
                "good" | "silent" => (22, 20),
                _ => (34, 8),
            };
            Cell {
                y,
                height,
                x: percent(start),
                width: percent((end - start).max(0.0)),
                verdict: minute.verdict,
                title: format!("{} {}{separator}{why}", zone.minute(minute.at), verdict_word(minute.verdict, words)),
            }
        });
        let mut last = [f64::NEG_INFINITY; ROWS];
        let marks = session.events.iter().enumerate().map(|(index, (at, name, detail))| {
            let x = position(*at);
            let row = (0..ROWS).find(|row| x - last[*row] >= CROWDED).unwrap_or(index % ROWS);
            last[row] = x;
            let title = format!("{} {} {detail}", zone.second(*at), event_name(name, words));
            Mark { x: percent(x), y: row, number: index + 1, title: title.trim_end().to_owned() }
        });
        let tick = |quarter: i32| {
            let share = f64::from(quarter) / 4.0;
            let at = from + chrono::Duration::milliseconds(((to - from).num_milliseconds() as f64 * share) as i64);
            Tick {
                x: percent(share * 100.0),
                anchor: ["start", "middle", "middle", "middle", "end"][quarter as usize],
                label: zone.second(at),
            }
        };
        Strip { cells: cells.collect(), marks: marks.collect(), ticks: (0..5).map(tick).collect() }
    }
}

/// The time axis of a session's page: from its first row to its last, at least a second.
pub(super) fn span(session: &SessionTimeline) -> (DateTime<Utc>, DateTime<Utc>) {
    (session.first_at, session.last_at.max(session.first_at + chrono::Duration::seconds(1)))
}
