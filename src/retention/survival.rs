//! `qoe retention survival`.

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, Window};
use qoe_query::retention::SurvivalQuestion;

use super::SplitArgs;
use crate::data::DataArgs;
use crate::satisfaction::PrintArgs;

/// What is waited for, and in whom.
#[derive(Debug, clap::Args)]
pub struct SurvivalArgs {
    /// Column with how long each was watched, in any unit; --time is the same.
    #[arg(long, alias = "time", value_name = "COL", default_value = "minutes")]
    duration: String,
    /// Column that says whether it happened at the end of that time [default: of a store, left; of a file, it happened to all].
    #[arg(long, value_name = "COL")]
    event: Option<String>,
    #[command(flatten)]
    split: SplitArgs,
    /// Columns whose association with the hazard is asked for, by Cox's model.
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    covariates: Vec<String>,
    /// Column that tells whose rows go together [default: of a store, user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// Column with the time from which each was watched [default: from 0].
    #[arg(long, value_name = "COL")]
    entry: Option<String>,
    /// Until when mean times are counted [default: as far as every group was watched].
    #[arg(long, value_name = "TIME", value_parser = horizon)]
    horizon: Option<f64>,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// Asks and prints.
pub async fn run(args: SurvivalArgs) -> anyhow::Result<()> {
    let data = args.data.open().await?;
    let sessions = data.input(|period| relations::sessions(period, "csat", Window::Whole)).await?;
    let stored = |column: &str| (!args.data.is_file()).then(|| column.to_owned());
    let question = SurvivalQuestion {
        duration: args.duration,
        event: args.event.or_else(|| stored("left")),
        user: args.user.or_else(|| stored("user_id")),
        entry: args.entry,
        split: args.split.split(),
        covariates: args.covariates,
        horizon: args.horizon,
        condition: args.data.condition(),
        level: args.print.level,
    };
    let answered = question.ask(&sessions).await;
    data.close().await;
    let answer = answered?;
    args.print.print(|| wire::survival::survival(&answer), |lang| section::survival::survival(&answer, lang))
}

fn horizon(text: &str) -> Result<f64, String> {
    let horizon = text.parse().ok().filter(|horizon: &f64| horizon.is_finite() && *horizon > 0.0);
    horizon.ok_or_else(|| format!("{text:?} is no time over 0"))
}
