//! `qoe simulate`: a file of sessions with what was felt in them, whose truths are known, to try analyses on.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use datafusion::arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, StringBuilder, TimestampMillisecondBuilder};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::{csv, json};
use datafusion::parquet::arrow::ArrowWriter;
use qoe_fixtures::{FeltConfig, FeltSession, FeltTruth, felt};

use crate::exit::WrongUse;

/// Which sessions, and where to.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// The file to write: .parquet, .csv or .ndjson.
    file: PathBuf,
    /// How many people; each has five sessions on average.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    people: u32,
    /// Over how many days they come for the first time.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// The first of these days.
    #[arg(long, default_value = "2026-09-01", value_name = "DAY")]
    start: chrono::NaiveDate,
    /// Another seed, other people.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Draws and writes.
#[allow(clippy::print_stderr, reason = "what was planted is told beside the file")]
pub fn run(args: &SimulateArgs) -> anyhow::Result<()> {
    let start = args.start.and_hms_opt(0, 0, 0).context("a day begins at midnight")?.and_utc();
    let truth = FeltTruth::DEFAULT;
    let config = FeltConfig { seed: args.seed, people: args.people as usize, start_ms: start.timestamp_millis(), days: args.days, truth };
    let rows = write(&args.file, &config)?;
    eprintln!("{rows} sessions of {} people in {}", args.people, args.file.display());
    eprintln!(
        "planted: satisfaction falls by {} a 100 ms from a round trip of {} ms on; HD multiplies minutes by {}; a bad session",
        truth.per_100_ms, truth.knee_ms, truth.hd_minutes
    );
    eprintln!("adds {} to the log-odds of coming back; the discontented, iOS and long-standing users answer more often", truth.bad_return);
    Ok(())
}

/// Rows written at a time.
const CHUNK: usize = 65_536;

/// Writes these sessions to a file of the kind its ending names; how many.
pub fn write(path: &Path, config: &FeltConfig) -> anyhow::Result<usize> {
    let create = || File::create(path).with_context(|| format!("write {}", path.display()));
    let schema = Columns::default().finish()?.schema();
    let mut writer = match path.extension().and_then(|ending| ending.to_str()) {
        Some("parquet") => Writer::Parquet(Box::new(ArrowWriter::try_new(create()?, schema, None)?)),
        Some("csv") => Writer::Csv(csv::Writer::new(create()?)),
        Some("ndjson" | "jsonl") => Writer::Json(json::LineDelimitedWriter::new(create()?)),
        _ => return Err(WrongUse(format!("{} is of no kind that can be written: use .parquet, .csv or .ndjson", path.display())).into()),
    };
    let rows = batches(config, |batch| writer.write(&batch))?;
    writer.close()?;
    Ok(rows)
}

/// Hands these sessions to `each` as columns, some at a time; how many there were.
pub fn batches(config: &FeltConfig, mut each: impl FnMut(RecordBatch) -> anyhow::Result<()>) -> anyhow::Result<usize> {
    let (mut columns, mut rows, mut failed) = (Columns::default(), 0, None);
    felt(config, |session| {
        columns.push(&session);
        rows += 1;
        if columns.rows == CHUNK && failed.is_none() {
            failed = columns.finish().and_then(&mut each).err();
        }
    });
    failed.map_or(Ok(()), Err)?;
    each(columns.finish()?)?;
    Ok(rows)
}

#[allow(clippy::large_enum_variant, reason = "a command has one")]
enum Writer {
    Parquet(Box<ArrowWriter<File>>),
    Csv(csv::Writer<File>),
    Json(json::LineDelimitedWriter<File>),
}

impl Writer {
    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match self {
            Writer::Parquet(writer) => writer.write(batch)?,
            Writer::Csv(writer) => writer.write(batch)?,
            Writer::Json(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    fn close(self) -> anyhow::Result<()> {
        match self {
            Writer::Parquet(writer) => {
                writer.close()?;
            }
            Writer::Csv(_) => {}
            Writer::Json(mut writer) => writer.finish()?,
        }
        Ok(())
    }
}

/// Names of the columns of words, numbers and yes-or-nos.
const WORDS: [&str; 10] =
    ["vendor", "service", "scenario", "industry", "region", "network", "platform", "device_class", "text", "language"];
const NUMBERS: [&str; 12] = [
    "minutes",
    "tenure_days",
    "connect_ms",
    "rtt_ms",
    "jitter_ms",
    "loss_ratio",
    "freeze_ratio",
    "height",
    "response_ms",
    "score",
    "scale_low",
    "scale_high",
];
const FLAGS: [&str; 4] = ["left", "joined", "asked", "answered"];

/// Rows on their way into columns, which carry the names that analyses of a store read.
#[derive(Default)]
struct Columns {
    rows: usize,
    users: StringBuilder,
    started: TimestampMillisecondBuilder,
    words: [StringBuilder; 10],
    numbers: [Float64Builder; 12],
    flags: [BooleanBuilder; 4],
}

impl Columns {
    fn push(&mut self, row: &FeltSession) {
        self.rows += 1;
        self.users.append_value(format!("u{}", row.user));
        self.started.append_value(row.started_at_ms);
        let words = [
            row.vendor,
            row.service,
            row.scenario,
            row.industry,
            row.region,
            row.network,
            row.platform,
            row.device_class,
            row.text,
            row.language,
        ];
        for (column, word) in self.words.iter_mut().zip(words) {
            if word.is_empty() { column.append_null() } else { column.append_value(word) }
        }
        let answer = |value: f64| if row.answered { value } else { f64::NAN };
        let numbers = [
            row.minutes,
            row.tenure_days,
            row.connect_ms,
            row.rtt_ms,
            row.jitter_ms,
            row.loss_ratio,
            row.freeze_ratio,
            row.height,
            row.response_ms,
            answer(row.opinion),
            answer(1.0),
            answer(5.0),
        ];
        for (column, number) in self.numbers.iter_mut().zip(numbers) {
            column.append_option((!number.is_nan()).then_some(number));
        }
        for (column, flag) in self.flags.iter_mut().zip([row.left, row.joined, row.asked, row.answered]) {
            column.append_value(flag);
        }
    }

    fn finish(&mut self) -> anyhow::Result<RecordBatch> {
        self.rows = 0;
        let started = self.started.finish().with_timezone("UTC");
        let mut columns: Vec<(&str, ArrayRef, bool)> =
            vec![("user_id", Arc::new(self.users.finish()), false), ("started_at", Arc::new(started), false)];
        columns.extend(WORDS.iter().zip(&mut self.words).map(|(name, column)| (*name, Arc::new(column.finish()) as ArrayRef, true)));
        columns.extend(NUMBERS.iter().zip(&mut self.numbers).map(|(name, column)| (*name, Arc::new(column.finish()) as ArrayRef, true)));
        columns.extend(FLAGS.iter().zip(&mut self.flags).map(|(name, column)| (*name, Arc::new(column.finish()) as ArrayRef, false)));
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}
