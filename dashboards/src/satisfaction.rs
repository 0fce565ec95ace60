//! The page of satisfaction: the same parts as in a terminal and in a report, within the frame of the pages.

mod analysis;
mod answer;
mod asked;
mod boards;
mod given;
mod limit;

pub use analysis::{Analysis, AnalysisAsked};
pub(crate) use answer::analysis;
pub use asked::SatisfactionAsked;
pub(crate) use boards::satisfaction;

use askama::Template;
use qoe_query::relations::{LABELS, Period};
use qoe_query::statistics::scale::Kind;
use serde_json::Value;

use crate::Settings;
use crate::frame::Frame;
use crate::section::{Section, html};
use crate::view::{Lang, View};
use crate::words::{Words, key_name};
use asked::BY_DIMENSION;

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
        choices: choices(asked, lang, words),
        contents: sections.iter().map(|section| (section.id, section.title.as_str())).collect(),
        sections: sections.iter().map(|section| html(section, lang)).collect(),
    }
    .render()
}

fn stated(value: &str, words: &Words) -> String {
    if value.is_empty() { words.not_stated.to_owned() } else { value.to_owned() }
}

/// What answers are about, as customary: name, English, Chinese. Others are asked for in the link.
const DIMENSIONS: [(&str, &str, &str); 9] = [
    ("stability", "stability", "稳定性"),
    ("picture", "picture", "画质"),
    ("sound", "sound", "音质"),
    ("responsiveness", "responsiveness", "响应速度"),
    ("intelligence", "intelligence", "理解能力"),
    ("naturalness", "naturalness", "自然度"),
    ("localisation", "localisation", "本地化"),
    ("support", "support", "服务支持"),
    ("iteration", "new features", "功能迭代"),
];

fn choices(asked: &SatisfactionAsked, lang: Lang, words: &Words) -> Vec<Choice> {
    let since = asked.since.to_string();
    let mut spans: Vec<(String, String, bool)> =
        [7, 30, 90].map(|days| (format!("{days}d"), (words.satisfaction.days)(days), since == format!("{days}d"))).to_vec();
    if spans.iter().all(|(_, _, chosen)| !chosen) {
        spans.push((since.clone(), (words.satisfaction.since_then)(&since), true));
    }
    let kinds = Kind::ALL.map(|kind| (kind.name().to_owned(), kind.name().to_uppercase(), kind == asked.kind));
    let named = |column: &'static str| match column {
        BY_DIMENSION => words.satisfaction.about.to_owned(),
        column => key_name(column, words).into_owned(),
    };
    let mut by = vec![(String::new(), words.satisfaction.all.to_owned(), asked.by.is_empty())];
    by.extend(LABELS.into_iter().chain([BY_DIMENSION]).map(|column| (column.to_owned(), named(column), asked.by == [column])));
    if asked.by.len() > 1 {
        by.push((asked.by_text(), asked.by.iter().map(|column| named(column)).collect::<Vec<_>>().join(" · "), true));
    }
    let mut about = vec![(String::new(), words.satisfaction.whole.to_owned(), asked.dimension.is_empty())];
    about.extend(DIMENSIONS.map(|(name, en, zh)| (name.to_owned(), lang.pick(en, zh).to_owned(), asked.dimension == name)));
    if about.iter().all(|(_, _, chosen)| !chosen) {
        about.push((asked.dimension.clone(), asked.dimension.clone(), true));
    }
    vec![
        Choice { name: "kind", label: words.satisfaction.kind, options: kinds.to_vec() },
        Choice { name: "since", label: words.satisfaction.since, options: spans },
        Choice { name: "dimension", label: words.satisfaction.about, options: about },
        Choice { name: "by", label: words.satisfaction.by, options: by },
    ]
}
