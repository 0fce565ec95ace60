//! An answer as people read it, in one shape for terminal, page and report: what the numbers say, the tables and charts they stand in, what to
//! beware of, and how they were come by.

pub mod cohorts;
pub mod correct;
pub mod curve;
pub mod drift;
pub mod drivers;
pub mod effect;
mod html;
pub mod numbers;
pub mod poc_check;
pub mod poc_claims;
pub mod poc_compare;
pub mod poc_plan;
pub mod poc_report;
pub mod poc_scorecard;
pub mod poc_told;
pub mod report;
pub mod score;
pub mod stability;
pub mod survival;
mod text;
pub mod vendor_record;
pub mod words;

pub use html::{Method, Place, escape, html, html_at};
pub use text::text;

use crate::plot::Chart;
use crate::view::Lang;

/// One part of an answer.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Its anchor in a page.
    pub id: &'static str,
    /// What it is about.
    pub title: String,
    /// What the numbers say, a sentence or two each.
    pub says: Vec<String>,
    /// What to beware of.
    pub warnings: Vec<String>,
    /// The numbers.
    pub tables: Vec<Table>,
    /// The same, drawn.
    pub charts: Vec<Chart>,
    /// How they were come by.
    pub method: Vec<String>,
    /// What its reader may change on a page; a terminal does without.
    pub live: Option<Live>,
}

/// A part of a page that its reader may change, by a script of ours that asks no server.
#[derive(Debug, Clone)]
pub struct Live {
    /// The script, by its name in the assets, without `.js`.
    pub script: &'static str,
    /// What it works on.
    pub data: serde_json::Value,
}

/// Rows and columns.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Its columns.
    pub heads: Vec<Head>,
    /// One text a column.
    pub rows: Vec<Vec<String>>,
}

/// The head of a column.
#[derive(Debug, Clone)]
pub struct Head {
    /// What stands below.
    pub text: String,
    /// Words to the left, numbers to the right.
    pub align: Align,
}

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

impl Table {
    /// An empty table: a column of words, then columns of numbers.
    pub fn new(caption: impl Into<String>, heads: &[&str]) -> Table {
        let heads = heads
            .iter()
            .enumerate()
            .map(|(at, head)| Head { text: (*head).to_owned(), align: if at == 0 { Align::Left } else { Align::Right } });
        Table { caption: caption.into(), heads: heads.collect(), rows: Vec::new() }
    }

    /// The same with words in this column.
    pub fn words(mut self, column: usize) -> Table {
        if let Some(head) = self.heads.get_mut(column) {
            head.align = Align::Left;
        }
        self
    }

    /// The same in tables of at most so many columns behind the leading ones, which each of them repeats: paper is only so wide.
    pub fn in_blocks(self, leading: usize, most: usize) -> Vec<Table> {
        let columns: Vec<usize> = (leading..self.heads.len()).collect();
        if columns.len() <= most {
            return vec![self];
        }
        let block = |own: &[usize]| {
            let places: Vec<usize> = (0..leading).chain(own.iter().copied()).collect();
            let cells = |row: &Vec<String>| places.iter().map(|at| row.get(*at).cloned().unwrap_or_default()).collect();
            Table {
                caption: self.caption.clone(),
                heads: places.iter().map(|at| self.heads[*at].clone()).collect(),
                rows: self.rows.iter().map(cells).collect(),
            }
        };
        columns.chunks(most).map(block).collect()
    }

    /// One more row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl Section {
    /// An empty part.
    pub fn new(id: &'static str, title: impl Into<String>) -> Section {
        Section { id, title: title.into(), ..Section::default() }
    }
}

impl Lang {
    /// The one that is spoken.
    pub fn pick<T>(self, en: T, zh: T) -> T {
        match self {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }
}
