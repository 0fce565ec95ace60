//! `qoe sql`: ask in SQL.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::arrow::{csv, ipc, json};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::prelude::SQLOptions;
use qoe_query::Mode;

use crate::access::{DefinitionArgs, StoreArgs, catalog};
use crate::exit::WrongUse;

/// What to ask, where, and how to print the answer.
#[derive(Debug, clap::Args)]
pub struct SqlArgs {
    /// The question, such as "select vendor, count(*) from sessions group by vendor".
    query: String,
    /// The project asked about [default: the only one there is].
    #[arg(long, env = "QOE_PROJECT")]
    project: Option<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write to this file instead of stdout.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Let DataFusion do everything and ClickHouse only give rows: slow, for checking answers.
    #[arg(long)]
    rows_only: bool,
    #[command(flatten)]
    definitions: DefinitionArgs,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
    Parquet,
    Arrow,
}

/// Asks and prints.
pub async fn run(args: SqlArgs) -> anyhow::Result<()> {
    let format = if args.json { Format::Json } else { args.format };
    if matches!(format, Format::Parquet | Format::Arrow) && args.out.is_none() && std::io::stdout().is_terminal() {
        return Err(WrongUse("parquet and arrow are not for a terminal: add --out FILE or redirect stdout".into()).into());
    }
    let access = args.store.ask().await?;
    let answered = answer(&args, &access.endpoint, format).await;
    access.close().await;
    answered
}

async fn answer(args: &SqlArgs, endpoint: &qoe_store::Endpoint, format: Format) -> anyhow::Result<()> {
    let (catalog, project) = catalog(endpoint, args.definitions.read()?, args.project.as_deref()).await?;
    let mode = if args.rows_only { Mode::RowsOnly } else { Mode::PushDown };
    let frame = catalog.session(&project, mode)?.sql_with_options(&args.query, asking_only()).await.context("understand the question")?;
    let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
    let mut batches = frame.collect().await.context("answer the question")?;
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(schema));
    }
    let mut out: Box<dyn Write + Send> = match &args.out {
        Some(path) => Box::new(std::fs::File::create(path).with_context(|| format!("write {}", path.display()))?),
        None => Box::new(std::io::stdout()),
    };
    match print(&batches, format, &mut out) {
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) => Ok(()),
        printed => printed,
    }
}

/// A question changes nothing: neither tables nor files, on either side.
fn asking_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false)
}

fn print(batches: &[RecordBatch], format: Format, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let schema = batches.first().map(RecordBatch::schema).context("an answer has a schema")?;
    match format {
        Format::Table => writeln!(out, "{}", pretty_format_batches(batches)?)?,
        Format::Json => {
            let mut writer = json::ArrayWriter::new(&mut *out);
            batches.iter().try_for_each(|batch| writer.write(batch))?;
            writer.finish()?;
            writeln!(out)?;
        }
        Format::Csv => {
            let mut writer = csv::Writer::new(&mut *out);
            batches.iter().try_for_each(|batch| writer.write(batch))?;
        }
        Format::Parquet => {
            let mut writer = ArrowWriter::try_new(&mut *out, schema, None)?;
            batches.iter().try_for_each(|batch| writer.write(batch))?;
            writer.close()?;
        }
        Format::Arrow => {
            let mut writer = ipc::writer::StreamWriter::try_new(&mut *out, &schema)?;
            batches.iter().try_for_each(|batch| writer.write(batch))?;
            writer.finish()?;
        }
    }
    out.flush()?;
    Ok(())
}
