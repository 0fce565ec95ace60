//! `qoe poc`: which vendor is better at what, decided by what was written down before.

pub mod args;
pub mod check;
mod claims;
mod compare;
mod init;
mod plan;
mod rehearse;
mod report;
mod scorecard;

use clap::{Args, Subcommand};

/// Which step of a POC.
#[derive(Debug, Args)]
pub struct PocCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Write a commented poc.toml to start from.
    Init(init::InitArgs),
    /// How many units and days it takes; lists of who gets which vendor, and of test runs.
    Plan(Box<plan::PlanArgs>),
    /// Make the calls of a schedule in a real browser over a relay that harms as planned.
    Rehearse(Box<rehearse::RehearseArgs>),
    /// Whether the run is sound; ends with 4 when it is not.
    Check(Box<check::CheckArgs>),
    /// Which vendor is better at what: differences with intervals and verdicts, overall and by stratum.
    Compare(Box<compare::CompareArgs>),
    /// What vendors claim: supported, contradicted, or untestable with this data and what would test it.
    Claims(Box<claims::ClaimsArgs>),
    /// The whole picture, weighed: quality, satisfaction, what shows only later, and how safe the order is.
    Scorecard(Box<scorecard::ScorecardArgs>),
    /// The comparison as one file to decide by.
    Report(Box<report::ReportArgs>),
}

/// Does it.
pub async fn run(command: PocCommand) -> anyhow::Result<()> {
    match command.step {
        Step::Init(args) => init::run(&args),
        Step::Plan(args) => plan::run(*args).await,
        Step::Rehearse(args) => rehearse::run(*args).await,
        Step::Check(args) => check::run(*args).await,
        Step::Compare(args) => compare::run(*args).await,
        Step::Claims(args) => claims::run(*args).await,
        Step::Scorecard(args) => scorecard::run(*args).await,
        Step::Report(args) => report::run(*args).await,
    }
}
