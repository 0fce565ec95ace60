//! A POC to start from: a commented file for each industry, in English and Chinese.

use std::fmt::Write as _;

/// Whose POC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Industry {
    /// Remote banking: what counts is that it connects.
    Finance,
    /// Classes: picture and sound without breaks.
    Education,
    /// Live rooms: quick to enter, and people stay.
    Entertainment,
    /// Live selling: as entertainment, and messages.
    EcommerceLive,
    /// Calls of any other company.
    Traditional,
}

/// In which language comments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Chinese.
    Chinese,
}

/// A metric of the example: name, column, direction, kind, margin; and what it is, in both languages.
struct Shown(&'static str, &'static str, &'static str, &'static str, f64, [&'static str; 2]);

const JOINED: Shown = Shown("joined", "joined", "higher", "share", 0.005, ["share of attempts that connect", "接通率"]);
const CONNECT: Shown = Shown(
    "connect_p95",
    "connect_ms",
    "lower",
    "p95",
    100.0,
    ["connect time, ms; the slowest twentieth counts", "建连时间（毫秒），看最慢的 5 %"],
);
const SOUND: Shown = Shown(
    "audible_concealment_ratio",
    "audible_concealment_ratio",
    "lower",
    "mean",
    0.002,
    ["sound made up by concealment", "可闻丢包补偿占比"],
);
const FREEZE: Shown = Shown("freeze_ratio", "freeze_ratio", "lower", "mean", 0.005, ["time the picture stood still", "画面卡顿时长占比"]);
const MINUTES: Shown = Shown("minutes", "minutes", "higher", "mean", 1.0, ["how long people stay, minutes", "停留时长（分钟）"]);
const HEIGHT: Shown = Shown("height", "height", "higher", "mean", 60.0, ["height of the picture, pixels", "画面高度（像素）"]);
const DELIVERY: Shown = Shown("delivery_p95", "delivery_ms", "lower", "p95", 200.0, ["delivery of messages, ms", "消息送达时间（毫秒）"]);
const DELAY: Shown = Shown("rtt_p95", "rtt_ms", "lower", "p95", 30.0, ["round trip, ms", "往返时延（毫秒）"]);
const FELT: Shown = Shown("csat", "score", "higher", "mean", 0.2, ["what people said of it", "用户评分"]);

impl Industry {
    /// All of them.
    pub const ALL: [Industry; 5] =
        [Industry::Finance, Industry::Education, Industry::Entertainment, Industry::EcommerceLive, Industry::Traditional];

    /// As it is written, which is also the name of its scorecard's profile.
    pub fn name(self) -> &'static str {
        match self {
            Industry::Finance => "finance",
            Industry::Education => "education",
            Industry::Entertainment => "entertainment",
            Industry::EcommerceLive => "ecommerce_live",
            Industry::Traditional => "traditional",
        }
    }

    fn services(self) -> &'static str {
        match self {
            Industry::Finance | Industry::Education => "\"video_call\"",
            Industry::Entertainment | Industry::EcommerceLive => "\"live_streaming\"",
            Industry::Traditional => "\"voice_call\", \"video_call\"",
        }
    }

    fn primary(self) -> &'static [&'static Shown] {
        match self {
            Industry::Finance => &[&JOINED, &CONNECT],
            Industry::Education => &[&FREEZE, &SOUND],
            Industry::Entertainment => &[&CONNECT, &MINUTES],
            Industry::EcommerceLive => &[&FREEZE, &MINUTES],
            Industry::Traditional => &[&JOINED, &SOUND],
        }
    }

    fn secondary(self) -> &'static [&'static Shown] {
        match self {
            Industry::Finance => &[&SOUND, &FREEZE, &DELAY, &FELT],
            Industry::Education => &[&JOINED, &CONNECT, &MINUTES, &FELT],
            Industry::Entertainment => &[&JOINED, &FREEZE, &HEIGHT, &FELT],
            Industry::EcommerceLive => &[&JOINED, &CONNECT, &DELIVERY, &FELT],
            Industry::Traditional => &[&CONNECT, &FREEZE, &FELT],
        }
    }

    /// The availability that is customarily promised: 99.99 % in finance.
    fn availability(self) -> (&'static str, [&'static str; 2]) {
        match self {
            Industry::Finance => ("0.9999", ["99.99 % of attempts connect", "可用性 99.99 %"]),
            _ => ("0.995", ["99.5 % of attempts connect", "可用性 99.5 %"]),
        }
    }
}

/// The file.
pub fn example(industry: Industry, language: Language) -> String {
    let (at, template) = match language {
        Language::English => (0, include_str!("example/en.toml")),
        Language::Chinese => (1, include_str!("example/zh.toml")),
    };
    let name = [format!("vendor POC, {}", industry.name()), format!("供应商 POC（{}）", industry.name())];
    let mut metrics = String::new();
    for (rank, shown) in [("primary", industry.primary()), ("secondary", industry.secondary())] {
        shown.iter().for_each(|shown| written(&mut metrics, rank, shown, at));
    }
    let (availability, available) = industry.availability();
    let parts = [
        ("name", name[at].as_str()),
        ("services", industry.services()),
        ("metrics", &metrics),
        ("available", available[at]),
        ("availability", availability),
        ("profile", industry.name()),
    ];
    parts.iter().fold(template.to_owned(), |text, (part, value)| text.replace(&format!("{{{{{part}}}}}"), value))
}

fn written(out: &mut String, rank: &str, Shown(name, what, better, kind, margin, said): &Shown, at: usize) {
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "[[{rank}]]  # {}\nname = \"{name}\"\nwhat = \"{what}\"\nbetter = \"{better}\"\nkind = \"{kind}\"\nmargin = {margin}\n",
        said[at]
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poc::{Hypothesis, Poc, Rank};
    use crate::relations::MEASURES;

    #[test]
    fn every_example_is_a_poc_over_the_columns_of_a_store() {
        for industry in Industry::ALL {
            for language in [Language::English, Language::Chinese] {
                let text = example(industry, language);
                assert!(!text.contains("{{"), "{text}");
                let poc = Poc::parse(&text).unwrap_or_else(|error| panic!("{industry:?}: {error}\n{text}"));
                assert!(poc.metrics.iter().filter(|metric| metric.rank == Rank::Primary).all(|metric| metric.margin.is_some()));
                let known = |what: &str| MEASURES.contains(&what) || ["joined", "minutes", "score"].contains(&what);
                assert!(poc.metrics.iter().all(|metric| known(&metric.what)), "{:?}", poc.metrics);
                let bound = if industry == Industry::Finance { 0.9999 } else { 0.995 };
                assert!(matches!(poc.claims[0].hypothesis, Hypothesis::Share { bound: got, .. } if got == bound));
                assert_eq!(poc.scorecard.profile.as_deref(), Some(industry.name()));
            }
        }
    }

    #[test]
    fn what_is_commented_out_reads_too_when_it_is_not() {
        let text = example(Industry::Finance, Language::English);
        let (head, tail) = text.split_once("# Weights of your own").unwrap();
        let keep = |line: &str| line.strip_prefix("# ").filter(|line| line.starts_with('[') || line.contains(" = ")).map(str::to_owned);
        let shown: Vec<String> = tail.lines().filter_map(keep).collect();
        let poc = Poc::parse(&format!("{head}\n{}", shown.join("\n"))).unwrap();
        assert_eq!((poc.scorecard.weights.len(), poc.scorecard.facts.len()), (1, 1));
    }
}
