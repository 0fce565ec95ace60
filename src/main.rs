//! `qoe`: QoE analytics and satisfaction telemetry for real-time communication. This binary wires the crates together; the work is theirs.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod access;
mod bench;
mod data;
mod demo;
mod engine;
mod exit;
mod guard;
mod import;
mod keyring;
mod keys;
mod listen;
mod logging;
mod poc;
mod progress;
mod report;
mod retention;
mod satisfaction;
mod score;
mod serve;
mod simulate;
mod sql;

use clap::{Parser, Subcommand};

/// QoE analytics and satisfaction telemetry for real-time communication.
#[derive(Debug, Parser)]
#[command(name = "qoe", version, about, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    logging: logging::LogArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything at once, nothing to configure: ClickHouse, simulated calls of three vendors, the live board.
    Demo(demo::DemoArgs),
    /// The service: intake, board, API.
    Serve(serve::ServeArgs),
    /// Keys: who may send data, who may open pages.
    Keys(keys::KeysArgs),
    /// Ask in SQL, over one project's data.
    Sql(sql::SqlArgs),
    /// Bring in captures of real calls.
    Import(import::ImportArgs),
    /// What people said, corrected for who stayed silent, and what moved it.
    Satisfaction(satisfaction::SatisfactionArgs),
    /// Write a file of sessions with what was felt in them, whose truths are known.
    Simulate(simulate::SimulateArgs),
    /// Who comes back, and who stays.
    Retention(retention::RetentionArgs),
    /// A vendor trial: planned, checked, compared.
    Poc(poc::PocCommand),
    /// An answer as a file of its own.
    Report(report::ReportArgs),
    /// Score one set of figures with the E-model, each step shown.
    Score(score::ScoreArgs),
    /// Measure how fast this is on your machine.
    Bench(bench::BenchArgs),
    /// The ClickHouse child process; started by `qoe` itself.
    #[command(hide = true)]
    Engine(engine::EngineCommand),
}

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    if let Command::Engine(args) = &cli.command {
        return engine::run(args);
    }
    logging::begin(cli.logging);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return exit::failed(&anyhow::Error::new(error).context("start the runtime")),
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Keys(args) => keys::run(args).await,
            Command::Sql(args) => sql::run(args).await,
            Command::Import(args) => import::run(args).await,
            Command::Satisfaction(args) => satisfaction::run(args).await,
            Command::Poc(command) => poc::run(command).await,
            Command::Report(args) => report::run(args).await,
            Command::Simulate(args) => simulate::run(&args),
            Command::Retention(args) => retention::run(args).await,
            Command::Score(args) => score::run(&args),
            Command::Bench(args) => bench::run(args).await,
            Command::Engine(_) => Ok(()),
        }
    });
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => exit::failed(&error),
    }
}
