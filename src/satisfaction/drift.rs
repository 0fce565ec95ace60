//! `qoe satisfaction drift`.

use std::path::PathBuf;

use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;
use qoe_dashboards::{section, wire};
use qoe_query::Definitions;
use qoe_query::frame::Input;
use qoe_query::relations::{self, MEASURES, Period, Window};
use qoe_query::satisfaction::{Covariates, DriftQuestion};
use qoe_query::statistics::STALE_AFTER_DAYS;
use qoe_query::statistics::scale::{Kind, Scale};
use qoe_query::written;

use super::PrintArgs;
use super::score::{kind, scale};
use crate::data::{Data, DataArgs};

/// What is to be looked at over time.
#[derive(Debug, clap::Args)]
pub struct DriftArgs {
    /// Column with the time of a row.
    #[arg(long, value_name = "COL", default_value = "started_at")]
    time: String,
    /// Column with the scores.
    #[arg(long, value_name = "COL", default_value = "score")]
    score: String,
    /// How people were asked: csat, nps, ces, acr or thumbs.
    #[arg(long, value_parser = kind, value_name = "KIND", default_value = "csat")]
    kind: Kind,
    /// The scale that was offered, such as 1..7 [default: the customary one of the kind; of a store, the one stored].
    #[arg(long, value_parser = scale, value_name = "LOW..HIGH")]
    scale: Option<Scale>,
    /// Column with who a row is of, so that those asked again are told from others [default of a store: user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// How long a wave lasts: the last so many days against as many before. A store is read back as far as that takes, whatever --since says.
    #[arg(long, value_name = "DAYS", default_value = "30d", value_parser = written::days)]
    wave: u32,
    /// Columns with measures to follow too [default of a store: those that a fifth of the sessions have].
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    measures: Vec<String>,
    /// Releases to hold changes against: a file with the columns observed_at, version and, if known, vendor [default of a store: its releases].
    #[arg(long, value_name = "FILE")]
    releases: Option<PathBuf>,
    /// How long after its latest answer a conclusion is stale.
    #[arg(long, value_name = "DAYS", default_value_t = Stale(STALE_AFTER_DAYS), value_parser = |text: &str| written::days(text).map(Stale))]
    stale_after: Stale,
    /// Whose days are counted, such as Asia/Shanghai.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    tz: Tz,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// Days after which a conclusion is stale.
#[derive(Debug, Clone, Copy)]
struct Stale(u32);

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}d", self.0)
    }
}

/// Asks and prints.
pub async fn run(args: DriftArgs) -> anyhow::Result<()> {
    let file = args.data.is_file();
    let data = args.data.open().await?;
    // Two waves, and one as old as what is still good.
    let reach = TimeDelta::days(i64::from(args.wave) + i64::from(args.wave.max(args.stale_after.0)));
    let reaching = |period: Period| Period { since: period.since.min(period.until - reach), ..period };
    let input = data.input(|period| relations::sessions(reaching(period), args.kind.name(), Window::Whole)).await?;
    let released = match (&args.releases, &data) {
        (Some(path), _) => Some(Input::file(path, &Definitions::default()).await?),
        (None, Data::Store { .. }) => Some(data.input(|period| relations::releases(reaching(period))).await?),
        (None, Data::File(_)) => None,
    };
    let question = DriftQuestion {
        time: args.time,
        score: args.score,
        kind: args.kind,
        scale: args.scale,
        bounds: (!file).then(|| ("scale_low".to_owned(), "scale_high".to_owned())),
        user: args.user.or_else(|| (!file).then(|| "user_id".to_owned())),
        wave_days: args.wave,
        stale_after_days: args.stale_after.0,
        measures: match args.measures.is_empty() && !file {
            true => Covariates::Measured(MEASURES.map(str::to_owned).to_vec()),
            false => Covariates::Named(args.measures),
        },
        zone: args.tz,
        now: Utc::now(),
        condition: args.data.condition(),
        level: args.print.level,
        seed: args.print.seed,
    };
    let answered = question.ask(&input, released.as_ref()).await;
    data.close().await;
    let answer = answered?;
    args.print.print(|| wire::drift::drift(&answer), |lang| section::drift::drift(&answer, lang))
}

/// A zone by its name.
pub fn zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| format!("{text:?} is no time zone: use an IANA name such as Asia/Shanghai"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_their_names() {
        assert!(zone("Mars/Base").is_err() && zone("Asia/Shanghai").is_ok());
    }
}
