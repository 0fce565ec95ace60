//! An answer as a file of its own: one HTML page that asks nothing of any server, runs no script but where a part of it is
//! to be changed by its reader (the weights of a scorecard), and prints.
//!
//! The first page is for whoever decides: what was found, in sentences and a few figures with their intervals. Then come the parts for whoever
//! checks: each with its tables, drawings and method, the questions in SQL, and what it was made from. The same report gives the same bytes.

mod html;

#[cfg(test)]
mod tests;

use crate::section::Section;
use crate::view::Lang;

/// What a report is made of. All texts are in the reader's language.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What it is about.
    pub title: String,
    /// What it was made from.
    pub provenance: Provenance,
    /// The figures that are read first.
    pub tiles: Vec<Tile>,
    /// What was found, in three to five sentences.
    pub headline: Section,
    /// The parts, each with its details.
    pub sections: Vec<Section>,
    /// Definitions and questions in SQL: title and text.
    pub appendix: Vec<(String, String)>,
}

/// What a report was made from, so that it can be made again. What is empty is left out.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// The project, or the file.
    pub source: String,
    /// From when to when.
    pub period: String,
    /// The zone of all times.
    pub zone: String,
    /// The product's version.
    pub version: String,
    /// SHA-256 of the file that was read; empty of a store, which changes.
    pub data_hash: String,
    /// The command that makes it.
    pub command: String,
}

/// A figure that is read first.
#[derive(Debug, Clone, Default)]
pub struct Tile {
    /// What it is.
    pub name: String,
    /// The figure, with its unit.
    pub value: String,
    /// Its interval.
    pub interval: String,
    /// Its n, or what to know about it.
    pub note: String,
}

/// The report as one HTML file.
pub fn render(report: &Report, lang: Lang) -> String {
    html::page(report, lang)
}
