//! `qoe poc compare`: which vendor is better at what.

use clap::Args;
use qoe_dashboards::{section, wire};
use qoe_query::poc::{CompareQuestion, Stopping};

use super::args::PocArgs;
use crate::exit::WrongUse;

/// What is compared.
#[derive(Debug, Args)]
pub struct CompareArgs {
    #[command(flatten)]
    poc: PocArgs,
    /// How often whole units are drawn anew, for quantiles and the order of vendors; 0: not at all.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    resamples: usize,
    /// Intervals that hold however often they are looked at, narrowest at so many units of both vendors; wider for it.
    #[arg(long, value_name = "UNITS", num_args = 0..=1, default_missing_value = "5000")]
    any_time: Option<f64>,
}

/// Resamples beyond which nothing is gained.
const MOST_RESAMPLES: usize = 100_000;

/// Compares and prints.
pub async fn run(args: CompareArgs) -> anyhow::Result<()> {
    let mut poc = args.poc.poc()?;
    if let Some(narrowest_at) = args.any_time {
        poc.stopping = Stopping::AnyTime { narrowest_at };
    }
    if args.resamples > MOST_RESAMPLES {
        return Err(WrongUse(format!("--resamples {}: {MOST_RESAMPLES} at most", args.resamples)).into());
    }
    let condition = poc.condition(args.poc.data.condition().as_deref());
    let question = CompareQuestion { poc, condition, resamples: args.resamples, seed: args.poc.print.seed };
    let (data, input) = args.poc.open().await?;
    let answer = question.ask(&input).await;
    data.close().await;
    let answer = answer?;
    args.poc.print.print(|| wire::poc_compare::poc_compare(&answer), |lang| section::poc_compare::poc_compare(&answer, lang))
}
