//! `qoe poc`: which vendor is better at what, decided by what was written down before.

pub mod args;
mod check;
mod compare;
mod init;
mod plan;
mod rehearse;
mod report;

use clap::{Args, Subcommand};

/// Which step of a POC.
#[derive(Debug, Args)]
pub struct PocCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Which vendor is better at what: differences with intervals and verdicts, overall and by stratum.
    Compare(Box<compare::CompareArgs>),
    /// Make the calls of a schedule in a real browser over a relay that harms as planned.
    Rehearse(Box<rehearse::RehearseArgs>),
    /// The comparison as one file to decide by.
    Report(Box<report::ReportArgs>),
    /// Write a commented poc.toml to start from.
    Init(init::InitArgs),
    /// How many units and days it takes; lists of who gets which vendor, and of test runs.
    Plan(Box<plan::PlanArgs>),
    /// Whether the run is sound; ends with 4 when it is not.
    Check(Box<check::CheckArgs>),
}

/// Does it.
pub async fn run(command: PocCommand) -> anyhow::Result<()> {
    match command.step {
        Step::Compare(args) => compare::run(*args).await,
        Step::Rehearse(args) => rehearse::run(*args).await,
        Step::Report(args) => report::run(*args).await,
        Step::Init(args) => init::run(&args),
        Step::Plan(args) => plan::run(*args).await,
        Step::Check(args) => check::run(*args).await,
    }
}
