//! `qoe satisfaction`: what people said, corrected for who stayed silent, and what moved it.

mod correct;
mod curve;
mod drift;
mod drivers;
pub mod score;
mod stability;
mod words;

use std::io::Write;

use clap::{Args, Subcommand};
use qoe_dashboards::section::{self, Section, text};
use qoe_dashboards::{Lang, wire};
use qoe_query::frame::Repeated;
use serde_json::Value;

/// Which analysis.
#[derive(Debug, Args)]
pub struct SatisfactionArgs {
    #[command(subcommand)]
    analysis: Analysis,
}

#[derive(Debug, Subcommand)]
enum Analysis {
    /// Scores of those who answered, with intervals, overall and by group.
    Score(score::ScoreArgs),
    /// Which quality measures go with satisfaction, all others equal, and what one step of each goes with.
    Drivers(drivers::DriversArgs),
    /// How satisfaction goes with one measure: bins, a smooth curve, and from where on it turns.
    Curve(curve::CurveArgs),
    /// Success against objectives: met, missed or not shown, the error budget, and how many attempts it takes.
    Stability(stability::StabilityArgs),
    /// Scores of everyone asked, corrected for who stayed silent, and what they would be if answering went by satisfaction itself.
    Correct(correct::CorrectArgs),
    /// What people wrote: words, themes, which words set low scores apart, and which measures go with which words.
    Words(words::WordsArgs),
    /// What changed: this wave against the one before, changes of level and the releases near them, conclusions gone stale.
    Drift(drift::DriftArgs),
}

/// Asks and prints.
pub async fn run(args: SatisfactionArgs) -> anyhow::Result<()> {
    match args.analysis {
        Analysis::Score(args) => score::run(args).await,
        Analysis::Drivers(args) => drivers::run(args).await,
        Analysis::Curve(args) => curve::run(args).await,
        Analysis::Stability(args) => stability::run(args).await,
        Analysis::Correct(args) => correct::run(args).await,
        Analysis::Words(args) => words::run(args).await,
        Analysis::Drift(args) => drift::run(args).await,
    }
}

/// How an answer is printed.
#[derive(Debug, Clone, Args)]
pub struct PrintArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Language of the words [default: zh if the locale is Chinese].
    #[arg(long, env = "QOE_LANG", value_parser = lang, value_name = "en|zh")]
    lang: Option<Lang>,
    /// Level of the intervals.
    #[arg(long, default_value = "0.95", value_parser = level, value_name = "SHARE")]
    pub level: qoe_query::statistics::Confidence,
    /// Another seed, other draws in what is resampled.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl PrintArgs {
    /// The language to print in.
    pub fn lang(&self) -> Lang {
        spoken(self.lang)
    }

    /// Prints JSON if that was asked for, and else does the other.
    pub fn print_or(&self, json: impl FnOnce() -> Value, other: impl FnOnce(Lang) -> anyhow::Result<()>) -> anyhow::Result<()> {
        if !self.json {
            return other(self.lang());
        }
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&json())?)?;
        Ok(())
    }

    /// Prints an answer of these rows, and which of them were there more than once.
    pub fn print_of(
        &self,
        repeated: Option<Repeated>,
        json: impl FnOnce() -> Value,
        section: impl FnOnce(Lang) -> Section,
    ) -> anyhow::Result<()> {
        let told = |lang| {
            let mut section = section(lang);
            section.warnings.extend(repeated.map(|repeated| section::repeated(repeated, lang)));
            section
        };
        self.print(|| wire::of_rows(json(), repeated), told)
    }

    /// Prints an answer.
    pub fn print(&self, json: impl FnOnce() -> Value, section: impl FnOnce(Lang) -> Section) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&json())?)?;
        } else {
            write!(out, "{}", text(&section(self.lang())))?;
        }
        Ok(())
    }
}

/// The language that was asked for, or that of the locale.
pub fn spoken(asked: Option<Lang>) -> Lang {
    let locale = || ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    asked.unwrap_or_else(|| if locale().is_some_and(|locale| locale.starts_with("zh")) { Lang::Zh } else { Lang::En })
}

/// A language by its tag.
pub fn lang(text: &str) -> Result<Lang, String> {
    match text {
        "en" => Ok(Lang::En),
        "zh" => Ok(Lang::Zh),
        _ => Err(format!("{text:?} is neither en nor zh")),
    }
}

fn level(text: &str) -> Result<qoe_query::statistics::Confidence, String> {
    let level = text.parse().ok().and_then(qoe_query::statistics::Confidence::new);
    level.ok_or_else(|| format!("{text:?} is no level between 0 and 1, such as 0.95"))
}
