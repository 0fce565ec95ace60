//! Why a row, or a whole batch, was not kept: words for its sender, and a class to count by.

use std::fmt;

/// What kind of fault a refusal is about: the label of the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The JSON of the row is broken, or a field has another type.
    Unreadable,
    /// A name that is not in the list of names.
    UnknownName,
    /// A field that must be there is not.
    Missing,
    /// A time that cannot be.
    Time,
    /// A number that cannot be.
    Range,
    /// A text or a map over its limit.
    TooLong,
    /// A project the key does not open.
    Access,
}

impl Fault {
    /// Every kind, in the order they are shown.
    pub const ALL: [Fault; 7] =
        [Fault::Unreadable, Fault::UnknownName, Fault::Missing, Fault::Time, Fault::Range, Fault::TooLong, Fault::Access];

    /// The label of the counter.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::Unreadable => "unreadable",
            Fault::UnknownName => "unknown_name",
            Fault::Missing => "missing",
            Fault::Time => "time",
            Fault::Range => "range",
            Fault::TooLong => "too_long",
            Fault::Access => "access",
        }
    }
}

/// Why something was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// To count by.
    pub fault: Fault,
    /// What to mend.
    pub reason: String,
}

impl Refusal {
    pub(crate) fn new(fault: Fault, reason: impl fmt::Display) -> Self {
        Refusal { fault, reason: abridged(reason.to_string()) }
    }

    pub(crate) fn missing(field: &str) -> Self {
        Refusal::new(Fault::Missing, format_args!("{field} is missing"))
    }

    pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> Self {
        Refusal::new(Fault::UnknownName, format_args!("{what} {:?} is not one of {}", shortened(name), known.join(", ")))
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Refusal::new(Fault::Unreadable, format_args!("the row cannot be read: {}", json_fault(&error)))
    }
}

/// What is wrong with the JSON of one row: its place is said within the row, which mostly is one line.
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

/// One row that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Index in `rows`, or line number, from 0.
    pub row: usize,
    /// Why.
    pub refusal: Refusal,
}

/// A reason without the middle, if it is long: a parser quotes the value it did not expect, however long, between what it is about and what it
/// expected. Reasons are answered, and remembered with their batch.
pub(crate) fn abridged(reason: String) -> String {
    const LONGEST: usize = 600;
    const SHOWN: usize = 280;
    if reason.len() <= LONGEST {
        return reason;
    }
    let (begins, ends) = (reason.floor_char_boundary(SHOWN), reason.ceil_char_boundary(reason.len() - SHOWN));
    format!("{} [...] {}", &reason[..begins], &reason[ends..])
}

/// The sender's own words, cut so that a refusal does not echo a megabyte.
pub(crate) fn shortened(text: &str) -> &str {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_lists_what_would_have_been_known_and_echoes_little() {
        let refusal = Refusal::unknown("kind", &"é".repeat(1000), &["audio", "video"]);
        assert_eq!(refusal.to_string(), format!("kind {:?} is not one of audio, video", "é".repeat(64)));
    }
}
