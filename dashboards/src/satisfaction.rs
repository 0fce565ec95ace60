//! The page of satisfaction: the same parts as in a terminal and in a report, within the frame of the pages.

mod analysis;
mod asked;
mod boards;

pub use analysis::{Analysis, AnalysisAsked};
pub use asked::SatisfactionAsked;
pub(crate) use boards::{analysis, satisfaction};

use askama::Template;
use qoe_query::relations::Period;
use qoe_query::statistics::scale::Kind;
use serde_json::Value;

use crate::Settings;
use crate::frame::Frame;
use crate::section::{Section, html};
use crate::view::{Lang, View};
use crate::words::Words;

/// What is known of a project's satisfaction, ready for page and API.
#[derive(Debug, Clone)]
pub struct SatisfactionReport {
    /// The time asked about.
    pub period: Period,
    /// The parts in English.
    pub english: Vec<Section>,
    /// The parts in Chinese.
    pub chinese: Vec<Section>,
    /// The same for programs.
    pub json: Value,
}

impl SatisfactionReport {
    /// The parts in this language.
    pub fn sections(&self, lang: Lang) -> &[Section] {
        match lang {
            Lang::En => &self.english,
            Lang::Zh => &self.chinese,
        }
    }
}

#[derive(Template)]
#[template(path = "satisfaction.html")]
struct Page<'a> {
    frame: Frame,
    words: &'a Words,
    period: String,
    filters: Vec<(&'static str, String)>,
    unfiltered_href: String,
    hidden: Vec<(String, String)>,
    choices: Vec<Choice>,
    contents: Vec<(&'a str, &'a str)>,
    sections: String,
}

/// One thing that can be asked, as name, label and options: value, label, whether it is the one in use.
struct Choice {
    name: &'static str,
    label: &'static str,
    options: Vec<(String, String, bool)>,
}

/// Renders the whole page, which needs no script.
pub fn render_satisfaction(
    report: &SatisfactionReport,
    asked: &SatisfactionAsked,
    view: &View,
    settings: &Settings,
) -> askama::Result<String> {
    let (words, zone, lang) = (view.words(), view.zone(), view.language());
    let asking = View { kept: asked.pairs(), ..view.clone() };
    let sections = report.sections(lang);
    Page {
        frame: Frame::of(&asking, "/satisfaction", words.satisfaction.title.to_owned(), settings),
        words,
        period: (words.satisfaction.period)(&zone.full(report.period.since), &zone.full(report.period.until)),
        filters: view.filter.0.iter().map(|(dimension, value)| (words.dimension(*dimension), stated(value, words))).collect(),
        unfiltered_href: asking.unfiltered().href("/satisfaction"),
        hidden: view.bare().pairs().into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
        choices: choices(asked, words),
        contents: sections.iter().map(|section| (section.id, section.title.as_str())).collect(),
        sections: sections.iter().map(|section| html(section, lang)).collect(),
    }
    .render()
}

fn stated(value: &str, words: &Words) -> String {
    if value.is_empty() { words.not_stated.to_owned() } else { value.to_owned() }
}

fn choices(asked: &SatisfactionAsked, words: &Words) -> Vec<Choice> {
    let since = asked.since.to_string();
    let mut spans: Vec<(String, String, bool)> =
        [7, 30, 90].map(|days| (format!("{days}d"), (words.satisfaction.days)(days), since == format!("{days}d"))).to_vec();
    if spans.iter().all(|(_, _, chosen)| !chosen) {
        spans.push((since.clone(), (words.satisfaction.since_then)(&since), true));
    }
    let kinds = Kind::ALL.map(|kind| (kind.name().to_owned(), kind.name().to_uppercase(), kind == asked.kind));
    let mut by = vec![(String::new(), words.satisfaction.all.to_owned(), asked.by.is_empty())];
    by.extend(qoe_query::board::Dimension::ALL.map(|dimension| {
        let chosen = asked.by == [dimension];
        (dimension.column().to_owned(), words.dimension(dimension).to_owned(), chosen)
    }));
    if asked.by.len() > 1 {
        let names: Vec<&str> = asked.by.iter().map(|dimension| words.dimension(*dimension)).collect();
        by.push((asked.by_text(), names.join(" · "), true));
    }
    vec![
        Choice { name: "kind", label: words.satisfaction.kind, options: kinds.to_vec() },
        Choice { name: "since", label: words.satisfaction.since, options: spans },
        Choice { name: "by", label: words.satisfaction.by, options: by },
    ]
}
