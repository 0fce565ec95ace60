//! `qoe poc`: which vendor is better at what, decided by what was written down before.

pub mod args;
mod init;

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
}

/// Does it.
pub async fn run(command: PocCommand) -> anyhow::Result<()> {
    match command.step {
        Step::Init(args) => init::run(&args),
    }
}
