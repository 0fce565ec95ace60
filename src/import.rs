//! `qoe import`: captures of real calls.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use qoe_ingest::SpoolConfig;
use qoe_ingest::capture::{CaptureOptions, Imported, read_capture};
use qoe_store::Millis;

use crate::access::{Access, StoreArgs};
use crate::exit::NothingFound;

/// How long ClickHouse may take to have all of it.
const PATIENCE: Duration = Duration::from_secs(600);

/// Which files, into which project.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Captures of raw getStats() reports, .jsonl or .jsonl.gz.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The project they become part of.
    #[arg(long, env = "QOE_PROJECT", default_value = "default")]
    project: String,
    /// Vendor of the calls, where the capture names none.
    #[arg(long)]
    vendor: Option<String>,
    /// Move each capture in time so that it ends now: the live board shows the last hour.
    #[arg(long)]
    as_if_now: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Imports and reports.
pub async fn run(args: ImportArgs) -> anyhow::Result<()> {
    let access = match args.store.ask().await {
        // A first import may well be the first use of a store.
        Err(error) if error.is::<crate::exit::WrongUse>() => args.store.hold("store").await?,
        access => access?,
    };
    qoe_store::schema::apply(&access.endpoint).await?;
    let imported = import(&args, &access).await;
    access.close().await;
    imported
}

async fn import(args: &ImportArgs, access: &Access) -> anyhow::Result<()> {
    let delivery = access.delivery("import", SpoolConfig::default()).await?;
    let mut out = std::io::stdout().lock();
    for path in &args.files {
        let name = path.display();
        let mut options = CaptureOptions { vendor: args.vendor.clone(), ..CaptureOptions::default() };
        let mut imported = read(path, &args.project, &options)?;
        if args.as_if_now
            && let Some((first, last)) = imported.records.span()
        {
            options.shift_to = Some(Millis(chrono::Utc::now().timestamp_millis() - (last.0 - first.0)));
            imported = read(path, &args.project, &options)?;
        }
        let rows = imported.records.len();
        if rows == 0 {
            return Err(NothingFound(format!("{name} holds no session: nothing was imported")).into());
        }
        delivery.deliver(imported.records).await.with_context(|| format!("store {name}"))?;
        if args.json {
            let skipped: Vec<_> =
                imported.skipped.iter().map(|skip| serde_json::json!({"line": skip.line, "reason": skip.reason})).collect();
            writeln!(
                out,
                "{}",
                serde_json::json!({"file": path, "project": args.project, "rows": rows, "sessions": imported.sessions.iter().map(|id| id.to_string()).collect::<Vec<_>>(), "skipped": skipped})
            )?;
        } else {
            writeln!(
                out,
                "{name}: {rows} rows of {} sessions ({}) into project {}",
                imported.sessions.len(),
                imported.sessions.join(", "),
                args.project
            )?;
            for skip in &imported.skipped {
                writeln!(out, "  line {} left out: {}", skip.line, skip.reason)?;
            }
        }
    }
    let left = delivery.drain(PATIENCE).await;
    anyhow::ensure!(
        left == 0,
        "{left} bytes could not be stored in time: they are kept in the store folder, and go to ClickHouse with the next import"
    );
    Ok(())
}

fn read(path: &std::path::Path, project: &str, options: &CaptureOptions) -> anyhow::Result<Imported> {
    let file = std::fs::File::open(path).with_context(|| format!("open {}", path.display()))?;
    read_capture(file, project, options).with_context(|| format!("read {}", path.display()))
}
