//! The columns that a report reads of a session, of those there are.

use crate::frame::{Role, Want};
use crate::relations::MEASURES;

/// Columns of a session besides labels and measures, and as what they are read.
const COLUMNS: [(&str, Role); 11] = [
    ("user_id", Role::Category),
    ("started_at", Role::Time),
    ("minutes", Role::Number),
    ("left", Role::Flag),
    ("joined", Role::Flag),
    ("tenure_days", Role::Number),
    ("asked", Role::Flag),
    ("answered", Role::Flag),
    ("score", Role::Number),
    ("text", Role::Text),
    ("scale_low", Role::Number),
];

/// The labels that some analysis of a report goes by.
const TOLD_APART_BY: [&str; 8] = ["vendor", "service", "scenario", "industry", "region", "network", "platform", "device_class"];

/// The columns without which a part of a report cannot be.
const NEEDED: [(&str, &[&str]); 9] = [
    ("corrected", &["score"]),
    ("scores", &["score"]),
    ("drivers", &["score"]),
    ("cohorts", &["user_id", "started_at"]),
    ("effect", &["user_id", "started_at"]),
    ("survival", &["minutes"]),
    ("words", &["text", "score"]),
    ("stability", &["joined"]),
    ("drift", &["started_at", "score"]),
];

/// A part of a report that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The part, by its anchor.
    pub part: &'static str,
    /// The columns that are not there.
    pub columns: Vec<&'static str>,
}

/// The columns there are.
#[derive(Debug)]
pub(super) struct Columns {
    pub there: Vec<String>,
}

impl Columns {
    pub(super) fn has(&self, name: &str) -> bool {
        self.there.iter().any(|column| column == name)
    }

    pub(super) fn of(&self, names: &[&str]) -> Vec<String> {
        names.iter().filter(|name| self.has(name)).map(|name| (*name).to_owned()).collect()
    }

    pub(super) fn user(&self) -> Option<String> {
        self.has("user_id").then(|| "user_id".to_owned())
    }

    pub(super) fn bounds(&self) -> Option<(String, String)> {
        (self.has("scale_low") && self.has("scale_high")).then(|| ("scale_low".to_owned(), "scale_high".to_owned()))
    }

    pub(super) fn wanted(&self, by: &[String]) -> Vec<Want> {
        let labels = TOLD_APART_BY.iter().map(|name| (*name, Role::Category));
        let measures = MEASURES.iter().map(|name| (*name, Role::Number));
        let named = COLUMNS.into_iter().chain([("scale_high", Role::Number)]).chain(labels).chain(measures);
        let mut wanted: Vec<Want> =
            named.filter(|(name, _)| self.has(name)).map(|(name, role)| Want { what: name.to_owned(), role }).collect();
        let others = by.iter().filter(|name| !TOLD_APART_BY.contains(&name.as_str()));
        wanted.extend(others.map(Want::category));
        wanted
    }

    /// The parts that cannot be, and the columns that they would read.
    pub(super) fn lacking(&self) -> Vec<Lacking> {
        let lacking = NEEDED
            .into_iter()
            .map(|(part, columns)| Lacking { part, columns: columns.iter().copied().filter(|column| !self.has(column)).collect() });
        lacking.filter(|lacking| !lacking.columns.is_empty()).collect()
    }

    pub(super) fn missing(&self) -> Vec<String> {
        let needed = COLUMNS.iter().map(|(name, _)| *name).chain(MEASURES);
        needed.filter(|name| !self.has(name)).map(str::to_owned).collect()
    }
}
