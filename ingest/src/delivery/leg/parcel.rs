//! What goes in one insert.

use std::ops::Range;

/// Rows of a leg that go in one insert, and the token they always go under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Which of the leg's rows.
    pub rows: Range<u32>,
    /// Those of them that do not go, rising: they are among the dead letters.
    pub without: Vec<u32>,
    /// What the token ends in: nothing for the whole leg.
    pub suffix: String,
}

impl Parcel {
    /// All of the rows of a leg.
    pub(super) fn whole(rows: u32) -> Parcel {
        Parcel { rows: 0..rows, without: Vec::new(), suffix: String::new() }
    }

    /// Rows that did not go as they were to, under a token of their own. It stands for these rows and no others, so it names those left out too.
    pub(super) fn named(word: &str, rows: Range<u32>, without: &[u32]) -> Parcel {
        let without = within(without, &rows).to_vec();
        let left_out = if without.is_empty() { String::new() } else { format!("-less-{}", digest(&without)) };
        Parcel { suffix: format!(":{word}{}-{}{left_out}", rows.start, rows.end), rows, without }
    }

    /// Some of these rows, which went before, under another token, with others of which some were stored.
    pub(super) fn again(&self, rows: Range<u32>) -> Parcel {
        Parcel::named("again-", rows, &self.without)
    }

    /// Its two halves; those that have rows.
    pub(super) fn halves(&self) -> Vec<Parcel> {
        let Range { start, end } = self.rows;
        let middle = start + (end - start) / 2;
        let halves = [start..middle, middle..end].map(|rows| Parcel::named("", rows, &self.without));
        halves.into_iter().filter(|half| half.count() > 0).collect()
    }

    /// How many rows go.
    pub fn count(&self) -> u32 {
        self.count_in(&self.rows)
    }

    /// How many of these rows go.
    pub(super) fn count_in(&self, rows: &Range<u32>) -> u32 {
        rows.len().saturating_sub(within(&self.without, rows).len()) as u32
    }

    /// The first row that goes.
    pub(super) fn first(&self) -> Option<u32> {
        self.rows.clone().find(|row| self.without.binary_search(row).is_err())
    }
}

/// Those of a rising list that are in a range.
pub(in crate::delivery) fn within<'a>(list: &'a [u32], range: &Range<u32>) -> &'a [u32] {
    let from = list.partition_point(|row| *row < range.start);
    let until = list.partition_point(|row| *row < range.end);
    &list[from..until.max(from)]
}

/// Stands for a list of rows.
pub(super) fn digest(rows: &[u32]) -> String {
    let bytes: Vec<u8> = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
    format!("{}-{:08x}", rows.len(), crc32c::crc32c(&bytes))
}
