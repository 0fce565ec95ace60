//! `qoe poc claims`: what vendors claim, held against data.

use qoe_dashboards::{section, wire};
use qoe_query::frame::Input;
use qoe_query::poc::claims::{BASELINE_S, ClaimsAnswer, Verdict, claimed};
use qoe_query::poc::{Claim, ClaimsQuestion, Poc, parse_claim};
use qoe_query::relations::{self, Window};

use super::args::PocArgs;
use super::check::{held, sound};
use crate::data::Data;
use crate::exit::{CheckFailed, WrongUse};

/// What is claimed, and where it is tested.
#[derive(Debug, clap::Args)]
pub struct ClaimsArgs {
    /// A claim, beside those of the POC: "connect_ms p50,p95 <= 600", "joined >= 99.99%", "each region: connect_ms p95 <= 1000",
    /// "height >= 720 -> minutes +10.3% given network,device_class"; again for more.
    #[arg(long = "claim", value_name = "CLAIM", value_parser = claim)]
    claims: Vec<Claim>,
    /// End with 4 when a claim is contradicted.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    poc: PocArgs,
}

fn claim(text: &str) -> Result<Claim, String> {
    parse_claim(text).map_err(|error| error.to_string())
}

/// Asks and prints.
pub async fn run(args: ClaimsArgs) -> anyhow::Result<()> {
    let mut poc = args.poc.poc()?;
    poc.claims.extend(args.claims.iter().cloned());
    if poc.claims.is_empty() {
        return Err(WrongUse("nothing is claimed: --claim \"connect_ms p50,p95 <= 600\", or [[claim]] in poc.toml".into()).into());
    }
    let question = ClaimsQuestion::of(&poc, args.poc.asked(&poc)?.as_deref());
    let (data, whole) = args.poc.open().await?;
    let answered = tested(&poc, &question, &data, &whole).await;
    data.close().await;
    let answer = answered?;
    args.poc.print.print(|| wire::poc_claims::claims(&answer), |lang| section::poc_claims::claims(&answer, lang))?;
    let contradicted = answer.claims.iter().flat_map(|claim| &claim.arms).any(|arm| arm.verdict == Verdict::Contradicted);
    if args.check && contradicted {
        return Err(CheckFailed("a claim is contradicted".into()).into());
    }
    answer.checked.as_ref().map_or(Ok(()), sound)
}

/// Claims held against a file, or a store, unless its rows are not sound.
pub(super) async fn tested(poc: &Poc, question: &ClaimsQuestion, data: &Data, whole: &Input) -> anyhow::Result<ClaimsAnswer> {
    // What had a treatment is known from a session's first seconds; what came of it is counted from there.
    let seconds = BASELINE_S as u32;
    let first = data.input(|period| relations::sessions(period, "csat", Window::First { seconds })).await?;
    let mut answer = question.ask_from(whole, &first).await?;
    let poc = Poc { metrics: claimed(&question.claims), ..poc.clone() };
    if let Some(checked) = held(poc, question.condition.clone(), data).await? {
        answer.hold_to(checked);
    }
    Ok(answer)
}
