//! `qoe satisfaction drivers`.

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, MEASURES, Window};
use qoe_query::retention::{DayClock, ReturnOn};
use qoe_query::satisfaction::drivers::CONFOUNDERS;
use qoe_query::satisfaction::{Covariates, DriversQuestion};
use qoe_query::statistics::scale::{Kind, Scale};
use qoe_query::written;

use super::PrintArgs;
use super::score::{kind, scale};
use crate::data::DataArgs;
use crate::exit::WrongUse;

/// What is to be ranked.
#[derive(Debug, clap::Args)]
pub struct DriversArgs {
    /// Column with the outcome: a score, or 0 and 1; or d7 (there again on day 7), or d7+ (then or later), by the measures of a person's first session.
    #[arg(long, value_name = "COL|dN|dN+", default_value = "score")]
    outcome: String,
    /// For dN: column with when a session began.
    #[arg(long, value_name = "COL", default_value = "started_at")]
    time: String,
    /// For dN: the zone whose calendar counts the days.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    tz: String,
    /// Columns with quality measures [default of a store: those that a fifth of the answers have].
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    measures: Vec<String>,
    /// Columns to hold equal, such as network,platform [default of a store: network, platform, device_class, region, service, tenure_days].
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    confounders: Vec<String>,
    /// The step whose price is asked, in the measure's unit, such as rtt_ms=50 [default: 100 ms, one percentage point, 360 lines].
    #[arg(long, value_name = "COL=STEP,...", value_delimiter = ',', value_parser = written::step)]
    step: Vec<(String, f64)>,
    /// Column with who a row is of: rows of one person count as one observation [default of a store and of dN: user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// The scale on which the outcome was asked for, such as 1..7; what lies off it is left out [default: of a column called score that of its kind, or the
    /// one stored].
    #[arg(long, value_parser = scale, value_name = "LOW..HIGH")]
    scale: Option<Scale>,
    /// How people were asked.
    #[arg(long, value_parser = kind, value_name = "KIND", default_value = "csat")]
    kind: Kind,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// Asks and prints.
pub async fn run(args: DriversArgs) -> anyhow::Result<()> {
    let file = args.data.is_file();
    if file && args.measures.is_empty() {
        return Err(WrongUse("name the columns with quality measures: --measures rtt_ms,loss_ratio".into()).into());
    }
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let chosen = |named: Vec<String>, default: &[&str]| match named.is_empty() {
        true if file => Covariates::Named(Vec::new()),
        true => Covariates::Measured(owned(default)),
        false => Covariates::Named(named),
    };
    let returns = match written::return_day(&args.outcome) {
        None => None,
        Some((day, or_later)) => {
            let clock = DayClock::calendar(&args.tz)
                .ok_or_else(|| WrongUse(format!("--tz {:?} is no zone of the time zone database: write Asia/Shanghai or UTC", args.tz)))?;
            Some(ReturnOn { day, or_later, time: args.time, clock })
        }
    };
    let data = args.data.open().await?;
    let visits = match returns.is_some() && !file {
        true => Some(data.input(|period| relations::visits(period.until)).await?),
        false => None,
    };
    let input = data.input(|period| relations::sessions(period, args.kind.name(), Window::Whole)).await?;
    let question = DriversQuestion {
        on_scale: data.on_scale(&args.outcome, args.kind, args.scale),
        outcome: args.outcome,
        user: args.user.or_else(|| (returns.is_some() || !file).then(|| "user_id".to_owned())),
        returns,
        measures: chosen(args.measures, &MEASURES),
        confounders: chosen(args.confounders, &CONFOUNDERS),
        steps: args.step,
        condition: args.data.condition(),
        level: args.print.level,
    };
    let answered = question.ask(&input, visits.as_ref()).await;
    let repeated = data.repeated();
    data.close().await;
    let answer = answered?;
    args.print.print_of(repeated, || wire::drivers::drivers(&answer), |lang| section::drivers::drivers(&answer, lang))
}
