//! `qoe retention`: who comes back, and who stays.

mod cohorts;
pub mod effect;
mod survival;

use clap::{Args, Subcommand};
use qoe_query::retention::effect::DURATIONS;
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

/// Columns of which everybody knows that they are durations, and nobody in what unit.
const UNITLESS: [&str; 2] = ["duration", "watch_time"];

/// The unit of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DurationUnit {
    /// Seconds.
    S,
    /// Minutes.
    Min,
    /// Hours.
    H,
}

impl DurationUnit {
    fn per_minute(self) -> f64 {
        match self {
            DurationUnit::S => 60.0,
            DurationUnit::Min => 1.0,
            DurationUnit::H => 1.0 / 60.0,
        }
    }
}

/// Whether a column says how long a session lasted, by its name or by what is said of it.
fn is_duration(column: &str, unit: Option<DurationUnit>) -> bool {
    unit.is_some() || DURATIONS.iter().any(|(name, _)| *name == column)
}

/// How many of its unit a minute has, of a column that says how long a session lasted: the unit that is stated, or the one in its name.
fn per_minute(column: &str, unit: Option<DurationUnit>) -> Result<f64, WrongUse> {
    let named = DURATIONS.iter().find(|(name, _)| *name == column && !UNITLESS.contains(name)).map(|(_, per_minute)| *per_minute);
    match (unit.map(DurationUnit::per_minute), named) {
        (Some(stated), Some(named)) if stated != named => {
            Err(WrongUse(format!("--duration-unit is not the unit that {column:?} has in its name: leave one of them out")))
        }
        (Some(per_minute), _) | (None, Some(per_minute)) => Ok(per_minute),
        (None, None) => Err(WrongUse(format!("{column:?} does not say in what unit it is: state --duration-unit s, min or h"))),
    }
}

/// `60s`, `90`, `5min`, `10h`.
fn seconds(text: &str) -> Result<u32, String> {
    let units = [("min", 60), ("h", 3_600), ("s", 1), ("m", 60), ("", 1)];
    let read = units.iter().find_map(|(unit, seconds)| text.strip_suffix(unit)?.trim().parse::<u32>().ok()?.checked_mul(*seconds));
    let number = read.filter(|seconds| (1..=86_400).contains(seconds));
    number.ok_or_else(|| format!("{text:?} is no time of 1 s to 24 h: write 60s, 5min or 2h"))
}

/// Why what was measured over a whole session is not held against its length.
fn immortal(measured: &str) -> WrongUse {
    WrongUse(format!(
        "{measured:?} measured over a whole session cannot be compared with how long that session lasted: who stays longer has more time to get it, so the \
         longer session would seem its doing (immortal time). Measure it in the session's first seconds, as all that is held equal, and say so: \
         --baseline 60s; sessions shorter than that are left out and the rest is counted from there; if it was there before the session began say --known-before"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_without_a_unit_is_asked_for_it() {
        let said = |column, unit| per_minute(column, unit).map_err(|error| error.to_string());
        assert_eq!((said("minutes", None), said("secs", Some(DurationUnit::S))), (Ok(1.0), Ok(60.0)));
        for unknown in ["secs", "duration", "watch_time"] {
            assert!(said(unknown, None).unwrap_err().contains("--duration-unit"), "{unknown}");
        }
        assert!(said("duration_s", Some(DurationUnit::Min)).unwrap_err().contains("has in its name"));
        assert_eq!([seconds("10h"), seconds("5min"), seconds("5m"), seconds("90")], [Ok(36_000), Ok(300), Ok(300), Ok(90)]);
        assert!(seconds("25h").is_err() && seconds("0s").is_err() && seconds("soon").is_err());
    }
}
