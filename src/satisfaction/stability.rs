//! `qoe satisfaction stability`.

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, Window};
use qoe_query::satisfaction::StabilityQuestion;
use qoe_query::statistics::stability::{Objective, Verdict};
use qoe_query::written;

use super::PrintArgs;
use crate::data::DataArgs;
use crate::exit::CheckFailed;

/// What is held against which objective.
#[derive(Debug, clap::Args)]
pub struct StabilityArgs {
    /// Column that says whether an attempt succeeded.
    #[arg(long, value_name = "COL", default_value = "joined")]
    success: String,
    /// The share that is to succeed, such as 0.9999 or 99.99% [default: 99.5 %; of a store, 99.99 % in finance].
    #[arg(long, value_parser = written::objective, value_name = "SHARE")]
    target: Option<Objective>,
    /// By the values of these columns too.
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    by: Vec<String>,
    /// Column with who an attempt is of: failures of one person go together [default of a store: user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// End with 4 when an objective is missed.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// Asks and prints.
pub async fn run(args: StabilityArgs) -> anyhow::Result<()> {
    let file = args.data.is_file();
    let data = args.data.open().await?;
    let input = data.input(|period| relations::sessions(period, "csat", Window::Whole)).await?;
    let by_industry = args.target.is_none() && !file;
    let question = StabilityQuestion {
        success: args.success,
        target: args.target.unwrap_or(Objective::TRADITIONAL),
        targets: by_industry.then(|| ("industry".to_owned(), vec![("finance".to_owned(), Objective::FINANCE)])),
        by: args.by,
        user: args.user.or_else(|| (!file).then(|| "user_id".to_owned())),
        condition: args.data.condition(),
        level: args.print.level,
    };
    let answered = question.ask(&input).await;
    data.close().await;
    let answer = answered?;
    args.print.print(|| wire::stability::stability(&answer), |lang| section::stability::stability(&answer, lang))?;
    let missed = answer.groups.iter().any(|group| group.found.as_ref().is_ok_and(|found| found.verdict == Verdict::Missed));
    if args.check && missed {
        return Err(CheckFailed("an objective is missed".into()).into());
    }
    Ok(())
}
