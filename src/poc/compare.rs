//! `qoe poc compare`: which vendor is better at what.

use clap::Args;
use qoe_dashboards::{section, wire};
use qoe_query::frame::Input;
use qoe_query::poc::{CompareAnswer, CompareQuestion, Stopping};

use super::args::PocArgs;
use super::check::{held, sound};
use crate::data::Data;
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
    let condition = args.poc.condition(&poc)?;
    let question = CompareQuestion { poc, condition, resamples: args.resamples, seed: args.poc.print.seed };
    let (data, input) = args.poc.open().await?;
    let answer = ask(&question, &data, &input).await;
    data.close().await;
    let answer = answer?;
    args.poc.print.print(|| wire::poc_compare::poc_compare(&answer), |lang| section::poc_compare::poc_compare(&answer, lang))?;
    answer.checked.as_ref().map_or(Ok(()), sound)
}

async fn ask(question: &CompareQuestion, data: &Data, input: &Input) -> anyhow::Result<CompareAnswer> {
    data.progress().part("compare");
    let mut answer = question.ask(input).await?;
    // A store knows more of its sessions than their rows say: clocks, and whose freezes they are.
    if matches!(data, Data::Store { .. })
        && let Some(checked) = held(question.poc.clone(), question.condition.clone(), data).await?
    {
        answer.hold_to(checked);
    }
    Ok(answer)
}
