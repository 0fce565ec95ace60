//! What is said on stderr, for people or for programs.

use std::io::IsTerminal;

/// How to log.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct LogArgs {
    /// How log lines are written to stderr: text for people, or json, one object a line.
    #[arg(long, env = "QOE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true, value_name = "FORMAT")]
    log_format: LogFormat,
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Logs from here on what `QOE_LOG` asks for.
pub fn begin(args: LogArgs) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("QOE_LOG").unwrap_or_else(|_| "warn,qoe=info".into());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Text => {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            lines.with_ansi(colour).with_target(false).init();
        }
        // Fields stand beside the message, so that a collector finds `table` or `shipment` without unpacking.
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
