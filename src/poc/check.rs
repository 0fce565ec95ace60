//! `qoe poc check`.

use qoe_dashboards::{Lang, section, wire};
use qoe_query::poc::Poc;
use qoe_query::poc::check::{CheckAnswer, CheckError, CheckQuestion, StoreSources, sessions};
use qoe_query::poc::plan::PlanQuestion;

use super::args::PocArgs;
use crate::data::Data;
use crate::exit::CheckFailed;

/// What is checked.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    poc: PocArgs,
    /// Units of all vendors that were planned [default: of a file with margins, what a plan of its own rows says; of a store, not known].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    planned: Option<u64>,
}

/// Checks and prints; ends with 4 when the run is invalid.
pub async fn run(args: CheckArgs) -> anyhow::Result<()> {
    let poc = args.poc.poc()?;
    let condition = args.poc.condition(&poc)?;
    let question = CheckQuestion { poc, condition, planned: args.planned };
    let data = args.poc.data.open_as_is().await?;
    let checked = checked(question, &data).await;
    data.close().await;
    let answer = checked?;
    args.poc.print.print(|| wire::poc_check::poc_check(&answer), |lang| section::poc_check::poc_check(&answer, lang))?;
    sound(&answer)
}

/// Err, which ends with 4, where the run is invalid.
pub(super) fn sound(answer: &CheckAnswer) -> anyhow::Result<()> {
    section::poc_check::invalid(answer, Lang::En).map_or(Ok(()), |why| Err(CheckFailed(format!("the run is invalid: {why}")).into()))
}

/// What a check says of rows that another question is about; `None` where it has nothing to check, such as one vendor alone.
pub(super) async fn held(poc: Poc, condition: Option<String>, data: &Data) -> anyhow::Result<Option<CheckAnswer>> {
    let question = CheckQuestion { poc, condition, planned: None };
    match asked(&question, data).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.downcast_ref().is_some_and(CheckError::is_nothing) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn asked(question: &CheckQuestion, data: &Data) -> anyhow::Result<CheckAnswer> {
    let input = data.input(|period| sessions(&question.poc, period)).await?;
    Ok(match data {
        Data::File { .. } => question.ask(&input).await?,
        Data::Store { period, .. } => question.ask_store(&StoreSources { sessions: &input, period: *period }).await?,
    })
}

/// Checks a file, or a store.
pub async fn checked(mut question: CheckQuestion, data: &Data) -> anyhow::Result<CheckAnswer> {
    if let Data::File { input, .. } = data
        && question.planned.is_none()
        && !question.poc.metrics.is_empty()
    {
        let plan = PlanQuestion { poc: question.poc.clone(), assumed: Vec::new(), per_day: None, condition: question.condition.clone() };
        // What cannot be planned is no matter here: it is what `plan` says.
        question.planned = plan.ask(Some(input)).await.ok().and_then(|plan| plan.decides).map(|need| need.units);
    }
    asked(&question, data).await
}
