//! The page of a POC: vendors compared over a project's sessions, within the frame of the pages.

mod asked;
mod boards;
mod pasted;
mod steps;
mod store;
mod written;

pub use asked::PocAsked;
pub(crate) use boards::{check, comparison};
pub use pasted::Pasted;
pub use steps::WrittenAnswers;
pub(crate) use steps::{step, written};
pub(crate) use written::MOST_BYTES;
pub use written::{Step, WrittenError, WrittenPoc};

use askama::Template;
use qoe_query::board::Dimension;
use qoe_query::poc::Randomised;
use qoe_query::relations::Period;
use serde_json::Value;

use crate::Settings;
use crate::frame::Frame;
use crate::section::poc_check::unit;
use crate::section::{Section, html};
use crate::view::{Lang, View};
use crate::words::Words;
use pasted::Paste;

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
    /// Name and time of what is shown; empty before anything is asked.
    about: String,
    filters: Vec<(&'static str, String)>,
    unfiltered_href: String,
    hidden: Vec<(String, String)>,
    since: String,
    metrics: String,
    strata: Vec<(String, String, bool)>,
    randomised: [(&'static str, &'static str, bool); 2],
    paste: Paste,
    /// Whether a part has a script.
    live: bool,
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
    randomised: &'static str,
    ask: &'static str,
    questions: &'static str,
    paste: &'static str,
    paste_hint: &'static str,
    answer_all: &'static str,
}

const EN: Texts = Texts {
    title: "Vendors compared",
    metrics: "Metrics, one a line",
    hint: "COLUMN:lower or higher, then what is compared (mean, share, p95, ordinal, ratio/COLUMN, time/COLUMN), then margin=VALUE, and secondary if the decision does not hang on it",
    since: "Since",
    stratum: "Within",
    randomised: "Given by chance",
    ask: "Compare",
    questions: "What is compared",
    paste: "With a poc.toml: comparison, check, claims, scorecard and plan",
    paste_hint: "Paste the file that was written before the POC began. To start from:",
    answer_all: "Answer all of it",
};

const ZH: Texts = Texts {
    title: "供应商对比",
    metrics: "指标，每行一个",
    hint: "列名:lower 或 higher（越低或越高越好），其后为比较方式（mean、share、p95、ordinal、ratio/列、time/列），再写 margin=界值；次要指标加 secondary",
    since: "起始",
    stratum: "分层",
    randomised: "随机分配的是",
    ask: "比较",
    questions: "比较内容",
    paste: "使用 poc.toml：对比、检查、厂商说法、评分卡与规划",
    paste_hint: "请粘贴 POC 开始之前写好的文件。可从以下示例开始：",
    answer_all: "全部作答",
};

/// Renders the page of the short way, which needs no script.
pub fn render_poc(comparison: &Comparison, asked: &PocAsked, view: &View, settings: &Settings) -> askama::Result<String> {
    let asking = View { kept: asked.pairs(), ..view.clone() };
    let sections = view.language().pick(&comparison.english, &comparison.chinese);
    let paste = Paste::of(&Pasted::default(), view);
    page(&asking, asked, Shown { about: period(comparison.period, view), paste, sections }, settings)
}

/// Renders the page of a POC that was written down: its text, and all that it asks; before that the text alone. Only weights that are moved need a script.
pub fn render_written(pasted: &Pasted, answers: Option<&WrittenAnswers>, view: &View, settings: &Settings) -> askama::Result<String> {
    let kept = pasted.example.map(|industry| ("example", industry.name().to_owned()));
    let asking = View { kept: kept.into_iter().collect(), ..view.clone() };
    let sections = answers.map_or(&[][..], |answers| view.language().pick(answers.english.as_slice(), answers.chinese.as_slice()));
    let about = answers.map_or_else(String::new, |answers| format!("{} · {}", answers.name, period(answers.period, view)));
    page(&asking, &PocAsked::usual(&view.filter), Shown { about, paste: Paste::of(pasted, view), sections }, settings)
}

/// What is on the page beside its short form.
struct Shown<'a> {
    about: String,
    paste: Paste,
    sections: &'a [Section],
}

fn period(period: Period, view: &View) -> String {
    (view.words().satisfaction.period)(&view.zone().full(period.since), &view.zone().full(period.until))
}

fn page(asking: &View, asked: &PocAsked, Shown { about, paste, sections }: Shown<'_>, settings: &Settings) -> askama::Result<String> {
    let (words, lang) = (asking.words(), asking.language());
    let texts = lang.pick(EN, ZH);
    Page {
        frame: Frame::of(asking, "/poc", texts.title.to_owned(), settings),
        words,
        about,
        filters: asking.filter.0.iter().map(|(dimension, value)| (words.dimension(*dimension), value.clone())).collect(),
        unfiltered_href: asking.unfiltered().href("/poc"),
        hidden: asking.bare().pairs().into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
        since: asked.since.to_string(),
        metrics: asked.metrics_text(),
        strata: strata(asked, words),
        randomised: [Randomised::Call, Randomised::User].map(|of| (of.name(), unit(of, lang), asked.randomised == of)),
        paste,
        live: sections.iter().any(|section| section.live.is_some()),
        contents: sections.iter().map(|section| (section.id, section.title.as_str())).collect(),
        sections: sections.iter().map(|section| html(section, lang)).collect(),
        texts,
    }
    .render()
}

/// What vendors can be compared within: value, label, whether it is the one in use.
fn strata(asked: &PocAsked, words: &Words) -> Vec<(String, String, bool)> {
    let mut strata = vec![(String::new(), words.satisfaction.all.to_owned(), asked.strata.is_empty())];
    strata.extend(
        Dimension::ALL
            .into_iter()
            .filter(|dimension| dimension.column() != "vendor")
            .map(|dimension| (dimension.column().to_owned(), words.dimension(dimension).to_owned(), asked.strata == [dimension])),
    );
    if asked.strata.len() > 1 {
        let names: Vec<&str> = asked.strata.iter().map(|dimension| words.dimension(*dimension)).collect();
        strata.push((asked.strata_text(), names.join(" · "), true));
    }
    strata
}

/// The page's name in this language, for the links between pages.
pub(crate) fn title(lang: Lang) -> &'static str {
    lang.pick(EN.title, ZH.title)
}
