//! `qoe poc`: which vendor is better at what, decided by what was written down before.

pub mod args;
mod claims;
mod init;
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
    /// What vendors claim: supported, contradicted, or untestable with this data and what would test it.
    Claims(Box<claims::ClaimsArgs>),
    /// The whole picture, weighed: quality, satisfaction, what shows only later, and how safe the order is.
    Scorecard(Box<scorecard::ScorecardArgs>),
}

/// Does it.
pub async fn run(command: PocCommand) -> anyhow::Result<()> {
    match command.step {
        Step::Init(args) => init::run(&args),
        Step::Claims(args) => claims::run(*args).await,
        Step::Scorecard(args) => scorecard::run(*args).await,
    }
}
