//! `qoe retention survival`.

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, LABELS, MEASURES, Window};
use qoe_query::retention::{Baseline, Split, SurvivalQuestion};

use super::{BASELINE_S, DurationUnit, SplitArgs, immortal, is_duration, per_minute, seconds};
use crate::data::DataArgs;
use crate::exit::WrongUse;
use crate::satisfaction::PrintArgs;

/// What is waited for, and in whom.
#[derive(Debug, clap::Args)]
pub struct SurvivalArgs {
    /// Column with how long each was watched, in any unit; --time is the same.
    #[arg(long, alias = "time", value_name = "COL", default_value = "minutes")]
    duration: String,
    /// The unit of the durations, for --baseline, where the column's name does not say it.
    #[arg(long, value_enum, value_name = "UNIT")]
    duration_unit: Option<DurationUnit>,
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
    /// Of how long sessions last: the window at a session's start in which covariates and groups were measured; sessions shorter than that are left out
    /// and the rest is watched from there. Of a store measures are taken from it [default: 60s where a measure is asked about]; for a file with a
    /// measure such as rtt_ms among them it must be stated.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    baseline: Option<u32>,
    /// Covariates and groups were there before the session began, as a person's plan is: for a file with others than labels among them, this or --baseline
    /// must be stated.
    #[arg(long)]
    known_before: bool,
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
    let split = args.split.clone().split();
    let baseline = baseline(&args, split.as_ref())?;
    let data = args.data.open().await?;
    let window = baseline.map_or(Window::Whole, |baseline| Window::First { seconds: baseline.seconds });
    let sessions = data.input(|period| relations::sessions(period, "csat", window)).await?;
    let stored = |column: &str| (!args.data.is_file()).then(|| column.to_owned());
    let question = SurvivalQuestion {
        duration: args.duration,
        event: args.event.or_else(|| stored("left")),
        user: args.user.or_else(|| stored("user_id")),
        entry: args.entry,
        baseline,
        split,
        covariates: args.covariates,
        horizon: args.horizon,
        condition: args.data.condition(),
        level: args.print.level,
    };
    let answered = question.ask(&sessions).await;
    let repeated = data.repeated();
    data.close().await;
    let answer = answered?;
    args.print.print_of(repeated, || wire::survival::survival(&answer), |lang| section::survival::survival(&answer, lang))
}

/// The window that is needed where how a session was is held against how long it lasted.
fn baseline(args: &SurvivalArgs, split: Option<&Split>) -> Result<Option<Baseline>, WrongUse> {
    if !is_duration(&args.duration, args.duration_unit) {
        return match args.baseline {
            None => Ok(None),
            Some(_) => Err(WrongUse(format!(
                "--baseline is of how long a session lasted, such as minutes, and {:?} is not said to be that: state --duration-unit s, min or h if it is",
                args.duration
            ))),
        };
    }
    // Connecting is over before the session begins. What another's file calls a measure is not known.
    let before = |column: &str| column == "connect_ms" || column == "tenure_days" || LABELS.contains(&column);
    let lasting = |column: &&str| !before(column) && !args.known_before && (args.data.is_file() || MEASURES.contains(column));
    let measured = args.covariates.iter().map(String::as_str).chain(split.map(Split::column)).find(lasting);
    let seconds = match (args.baseline, measured) {
        (Some(seconds), _) => seconds,
        (None, None) => return Ok(None),
        (None, Some(_)) if !args.data.is_file() => BASELINE_S,
        (None, Some(measured)) => return Err(immortal(measured)),
    };
    Ok(Some(Baseline { seconds, per_minute: per_minute(&args.duration, args.duration_unit)? }))
}

fn horizon(text: &str) -> Result<f64, String> {
    let horizon = text.parse().ok().filter(|horizon: &f64| horizon.is_finite() && *horizon > 0.0);
    horizon.ok_or_else(|| format!("{text:?} is no time over 0"))
}
