//! `qoe retention`: who comes back, and who stays.

mod cohorts;
mod effect;
mod survival;

use clap::{Args, Subcommand};
use qoe_query::retention::{Bands, Split};
use qoe_query::written;

use crate::exit::WrongUse;

/// Which analysis.
#[derive(Debug, Args)]
pub struct RetentionArgs {
    #[command(subcommand)]
    analysis: Analysis,
}

#[derive(Debug, Subcommand)]
enum Analysis {
    /// The share of new users that is there again so many days after the first: of all, by cohort, by group.
    Cohorts(cohorts::CohortsArgs),
    /// How long until something happens, such as leaving a call: survival curves, groups, hazards.
    Survival(survival::SurvivalArgs),
    /// Whether something made people stay longer or come back: like compared with like, raw beside adjusted.
    Effect(effect::EffectArgs),
}

/// Asks and prints.
pub async fn run(args: RetentionArgs) -> anyhow::Result<()> {
    match args.analysis {
        Analysis::Cohorts(args) => cohorts::run(args).await,
        Analysis::Survival(args) => survival::run(args).await,
        Analysis::Effect(args) => effect::run(args).await,
    }
}

/// What groups are made by.
#[derive(Debug, Clone, Args)]
struct SplitArgs {
    /// Apart by the values of this column.
    #[arg(long, value_name = "COL", conflicts_with = "band")]
    by: Option<String>,
    /// Apart by bands of this measure, such as rtt_ms:100,200 for under 100, from 100 to 200, and from 200 on.
    #[arg(long, value_parser = written::bands, value_name = "COL:CUT,...")]
    band: Option<Bands>,
}

impl SplitArgs {
    fn split(self) -> Option<Split> {
        self.by.map(Split::By).or(self.band.map(Split::Band))
    }
}

/// How long a session's start is by default, s.
const BASELINE_S: u32 = 60;

/// Columns that are how long a session lasted, and how many of their unit a minute has.
const DURATIONS: [(&str, f64); 10] = [
    ("minutes", 1.0),
    ("watch_minutes", 1.0),
    ("call_minutes", 1.0),
    ("session_minutes", 1.0),
    ("duration_min", 1.0),
    ("duration", 1.0),
    ("watch_time", 1.0),
    ("duration_s", 60.0),
    ("duration_ms", 60_000.0),
    ("watch_s", 60.0),
];

/// How many of its unit a minute has, of a column that says how long a session lasted; `None` of another.
fn per_minute(column: &str) -> Option<f64> {
    DURATIONS.iter().find(|(name, _)| *name == column).map(|(_, per_minute)| *per_minute)
}

fn seconds(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('s').unwrap_or(text).parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
    number.ok_or_else(|| format!("{text:?} is no time of 1 to 86400 s: write 60s"))
}

/// Why what was measured over a whole session is not held against its length.
fn immortal(measured: &str) -> WrongUse {
    WrongUse(format!(
        "{measured:?} measured over a whole session cannot be compared with how long that session lasted: who stays longer has more time to get it, so the \
         longer session would seem its doing (immortal time). Measure it in the session's first seconds, as all that is held equal, and say so: \
         --baseline 60s; sessions shorter than that are left out and the rest is counted from there"
    ))
}
