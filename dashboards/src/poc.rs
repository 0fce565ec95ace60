//! The page of a POC: vendors compared over a project's sessions, within the frame of the pages.

mod asked;
mod boards;

pub use asked::PocAsked;
pub(crate) use boards::{check, comparison};

use askama::Template;
use qoe_query::board::Dimension;
use qoe_query::relations::Period;
use serde_json::Value;

use crate::Settings;
use crate::frame::Frame;
use crate::section::{Section, html};
use crate::view::{Lang, View};
use crate::words::Words;

/// Vendors compared, ready for page and API.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The time asked about.
    pub period: Period,
    /// The parts in English.
    pub english: Vec<Section>,
    /// The parts in Chinese.
    pub chinese: Vec<Section>,
    /// The same for programs.
    pub json: Value,
}

#[derive(Template)]
#[template(path = "poc.html")]
struct Page<'a> {
    frame: Frame,
    words: &'a Words,
    texts: Texts,
    period: String,
    filters: Vec<(&'static str, String)>,
    unfiltered_href: String,
    hidden: Vec<(String, String)>,
    since: String,
    metrics: String,
    strata: Vec<(String, String, bool)>,
    contents: Vec<(&'a str, &'a str)>,
    sections: String,
}

/// What stands around the parts.
struct Texts {
    title: &'static str,
    metrics: &'static str,
    hint: &'static str,
    since: &'static str,
    stratum: &'static str,
    ask: &'static str,
    questions: &'static str,
}

const EN: Texts = Texts {
    title: "Vendors compared",
    metrics: "Metrics, one a line",
    hint: "COLUMN:lower or higher, then what is compared (mean, share, p95, ordinal, ratio/COLUMN, time/COLUMN), then margin=VALUE, and secondary if the decision does not hang on it",
    since: "Since",
    stratum: "Within",
    ask: "Compare",
    questions: "What is compared",
};

const ZH: Texts = Texts {
    title: "供应商对比",
    metrics: "指标，每行一个",
    hint: "列名:lower 或 higher（越低或越高越好），其后为比较方式（mean、share、p95、ordinal、ratio/列、time/列），再写 margin=界值；次要指标加 secondary",
    since: "起始",
    stratum: "分层",
    ask: "比较",
    questions: "比较内容",
};

/// Renders the whole page, which needs no script.
pub fn render_poc(comparison: &Comparison, asked: &PocAsked, view: &View, settings: &Settings) -> askama::Result<String> {
    let (words, zone, lang) = (view.words(), view.zone(), view.language());
    let texts = lang.pick(EN, ZH);
    let asking = View { kept: asked.pairs(), ..view.clone() };
    let sections = lang.pick(&comparison.english, &comparison.chinese);
    let mut strata = vec![(String::new(), words.satisfaction.all.to_owned(), asked.strata.is_empty())];
    strata.extend(
        Dimension::ALL
            .into_iter()
            .filter(|dimension| dimension.column() != "vendor")
            .map(|dimension| (dimension.column().to_owned(), words.dimension(dimension).to_owned(), asked.strata == [dimension])),
    );
    if asked.strata.len() > 1 {
        strata.push((
            asked.strata_text(),
            asked.strata.iter().map(|dimension| words.dimension(*dimension)).collect::<Vec<_>>().join(" · "),
            true,
        ));
    }
    Page {
        frame: Frame::of(&asking, "/poc", texts.title.to_owned(), settings),
        words,
        period: (words.satisfaction.period)(&zone.full(comparison.period.since), &zone.full(comparison.period.until)),
        filters: view.filter.0.iter().map(|(dimension, value)| (words.dimension(*dimension), value.clone())).collect(),
        unfiltered_href: asking.unfiltered().href("/poc"),
        hidden: view.bare().pairs().into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
        since: asked.since.to_string(),
        metrics: asked.metrics_text(),
        strata,
        contents: sections.iter().map(|section| (section.id, section.title.as_str())).collect(),
        sections: sections.iter().map(|section| html(section, lang)).collect(),
        texts,
    }
    .render()
}

/// The page's name in this language, for the links between pages.
pub(crate) fn title(lang: Lang) -> &'static str {
    lang.pick(EN.title, ZH.title)
}
