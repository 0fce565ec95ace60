//! The hidden command in whose process ClickHouse runs.

use std::path::PathBuf;
use std::process::ExitCode;

use qoe_store::embedded::engine::{EngineArgs, run as run_engine};
use qoe_store::embedded::fetch::Engine;

/// Where the engine is and what it is to serve.
#[derive(Debug, clap::Args)]
pub struct EngineCommand {
    #[arg(long, conflicts_with = "library")]
    program: Option<PathBuf>,
    #[arg(long)]
    library: Option<PathBuf>,
    #[arg(long)]
    path: PathBuf,
    #[arg(long)]
    port: u16,
    #[arg(long)]
    parent: u32,
}

/// Runs until killed, or until the parent ends.
#[allow(clippy::print_stderr, reason = "the parent reads the last line of stderr")]
pub fn run(command: &EngineCommand) -> ExitCode {
    let engine = match (&command.program, &command.library) {
        (Some(program), None) => Engine::Program(program.clone()),
        (None, Some(library)) => Engine::Library(library.clone()),
        _ => {
            eprintln!("give --program or --library; this command is started by qoe itself");
            return ExitCode::from(2);
        }
    };
    let args = EngineArgs { engine, path: command.path.clone(), port: command.port, parent: command.parent };
    if let Err(error) = run_engine(&args) {
        eprintln!("{error}");
    }
    ExitCode::FAILURE
}
