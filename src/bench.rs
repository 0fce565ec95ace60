//! `qoe bench`: how fast this is on your machine.

mod board;
mod freshness;
mod intake;
mod poc;
mod report;

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every panel's query over a store of so many samples.
    Board(board::BoardArgs),
    /// From a sample's being sent to its being visible on an open board.
    Freshness(freshness::FreshnessArgs),
    /// What the intake costs a row, beside the same rows posted to ClickHouse.
    Intake(intake::IntakeArgs),
    /// Vendors compared over a million sessions, beside the same statistics in Python.
    Poc(poc::PocArgs),
    /// The satisfaction report over a million sessions, beside the same statistics in Python.
    Report(report::ReportArgs),
}

/// Measures and prints.
pub async fn run(args: BenchArgs) -> anyhow::Result<()> {
    match args.what {
        What::Board(args) => board::run(args).await,
        What::Freshness(args) => freshness::run(args).await,
        What::Intake(args) => intake::run(args).await,
        What::Poc(args) => poc::run(args).await,
        What::Report(args) => report::run(args).await,
    }
}

/// The value below which a share of the sorted measurements lies.
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let index = ((sorted.len() as f64 * level).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}
