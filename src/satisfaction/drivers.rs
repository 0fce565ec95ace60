//! `qoe satisfaction drivers`.

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, MEASURES, Window};
use qoe_query::satisfaction::{Covariates, DriversQuestion};
use qoe_query::statistics::scale::Kind;
use qoe_query::written;

use super::PrintArgs;
use super::score::kind;
use crate::data::DataArgs;
use crate::exit::WrongUse;

/// What is to be ranked.
#[derive(Debug, clap::Args)]
pub struct DriversArgs {
    /// Column with the outcome: a score, or 0 and 1.
    #[arg(long, value_name = "COL", default_value = "score")]
    outcome: String,
    /// Columns with quality measures [default of a store: those that a fifth of the answers have].
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    measures: Vec<String>,
    /// Columns to hold equal, such as network,platform [default of a store: network, platform, device_class, region, service, tenure_days].
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    confounders: Vec<String>,
    /// The step whose price is asked, in the measure's unit, such as rtt_ms=50 [default: 100 ms, one percentage point, 360 lines].
    #[arg(long, value_name = "COL=STEP,...", value_delimiter = ',', value_parser = written::step)]
    step: Vec<(String, f64)>,
    /// Column with who a row is of: rows of one person count as one observation [default of a store: user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// From a store: how people were asked.
    #[arg(long, value_parser = kind, value_name = "KIND", default_value = "csat")]
    kind: Kind,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// What else may make satisfaction differ, of a session in a store.
pub const CONFOUNDERS: [&str; 6] = ["network", "platform", "device_class", "region", "service", "tenure_days"];

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
    let data = args.data.open().await?;
    let input = data.input(|period| relations::sessions(period, args.kind.name(), Window::Whole)).await?;
    let question = DriversQuestion {
        outcome: args.outcome,
        measures: chosen(args.measures, &MEASURES),
        confounders: chosen(args.confounders, &CONFOUNDERS),
        steps: args.step,
        user: args.user.or_else(|| (!file).then(|| "user_id".to_owned())),
        condition: args.data.condition(),
        level: args.print.level,
    };
    let answered = question.ask(&input).await;
    data.close().await;
    let answer = answered?;
    args.print.print(|| wire::drivers::drivers(&answer), |lang| section::drivers::drivers(&answer, lang))
}
