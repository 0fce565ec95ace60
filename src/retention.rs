//! `qoe retention`: who comes back, and who stays.

mod cohorts;
mod effect;
mod survival;

use clap::{Args, Subcommand};
use qoe_query::retention::{Bands, Split};

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
    #[arg(long, value_parser = bands, value_name = "COL:CUT,...")]
    band: Option<Bands>,
}

impl SplitArgs {
    fn split(self) -> Option<Split> {
        self.by.map(Split::By).or(self.band.map(Split::Band))
    }
}

/// `rtt_ms:100,200`.
fn bands(text: &str) -> Result<Bands, String> {
    let refused = || format!("{text:?} is no measure with its cuts: write COL:CUT,..., such as rtt_ms:100,200");
    let (column, cuts) = text.rsplit_once(':').filter(|(column, _)| !column.is_empty()).ok_or_else(refused)?;
    let cuts = cuts.split(',').map(|cut| cut.trim().parse().map_err(|_| refused())).collect::<Result<Vec<f64>, String>>()?;
    Bands::new(column, cuts).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_read_as_people_write_them() {
        assert_eq!(bands("rtt_ms:100, 200").unwrap().labels(), ["< 100", "100 – 200", "≥ 200"]);
        for wrong in ["rtt_ms", "rtt_ms:", ":100", "rtt_ms:a", "rtt_ms:200,100", "rtt_ms:NaN"] {
            assert!(bands(wrong).is_err(), "{wrong}");
        }
    }
}
