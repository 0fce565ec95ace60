//! What the board is filtered by, and what it could be: links, so that they work by keyboard and without scripts.

use askama::Template;
use qoe_query::board::{Board, Dimension};

use crate::figures::count;
use crate::view::View;
use crate::words::{Words, dimension_value};

#[derive(Template)]
#[template(path = "board/filters.html")]
struct Panel<'a> {
    words: &'a Words,
    chips: Vec<Chip>,
    unfiltered_href: String,
    columns: Vec<Column>,
}

struct Chip {
    dimension: &'static str,
    value: String,
    /// Sessions with this value, where the board counts them.
    sessions: Option<String>,
    remove: String,
    href: String,
}

struct Column {
    name: &'static str,
    values: Vec<Value>,
}

struct Value {
    name: String,
    as_sent: String,
    sessions: String,
    href: String,
    current: bool,
}

/// Renders the filter bar.
pub(super) fn render(board: &Board, view: &View) -> askama::Result<String> {
    let words = view.words();
    let chip = |(dimension, value): &(Dimension, String)| {
        let (name, shown) = (words.dimension(*dimension), dimension_value(*dimension, value, words).into_owned());
        Chip {
            dimension: name,
            sessions: sessions(board, *dimension, value).map(count),
            remove: (words.filter.remove)(&format!("{name} {shown}")),
            href: view.without_filter(*dimension).href("/board"),
            value: shown,
        }
    };
    Panel {
        words,
        chips: view.filter.0.iter().map(chip).collect(),
        unfiltered_href: view.unfiltered().href("/board"),
        columns: board.choices.iter().map(|(dimension, values)| column(*dimension, values, view)).collect(),
    }
    .render()
}

fn column(dimension: Dimension, values: &[(String, u64)], view: &View) -> Column {
    let words = view.words();
    let value = |(value, sessions): &(String, u64)| {
        let current = view.value_of(dimension) == Some(value);
        let with = if current { view.without_filter(dimension) } else { view.with_filter(&[(dimension, value.clone())]) };
        Value {
            name: dimension_value(dimension, value, words).into_owned(),
            as_sent: value.clone(),
            sessions: count(*sessions),
            href: with.href("/board"),
            current,
        }
    };
    Column { name: words.dimension(dimension), values: values.iter().map(value).collect() }
}

fn sessions(board: &Board, dimension: Dimension, value: &str) -> Option<u64> {
    let (_, values) = board.choices.iter().find(|(of, _)| *of == dimension)?;
    values.iter().find(|(name, _)| name == value).map(|(_, sessions)| *sessions)
}
