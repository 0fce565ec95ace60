//! What an analysis reads: a file, or a project of a store.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use qoe_query::frame::{Input, Repeated};
use qoe_query::moment::{Moment, moment};
use qoe_query::relations::Period;
use qoe_query::satisfaction::OnScale;
use qoe_query::statistics::scale::{Kind, Scale};
use qoe_query::{Catalog, Definitions};
use sha2::{Digest, Sha256};

use crate::access::{Access, DefinitionArgs, StoreArgs, catalog};
use crate::exit::WrongUse;
use crate::progress::Progress;

/// A file, or a project of a store and a span of time.
#[derive(Debug, Clone, clap::Args)]
pub struct DataArgs {
    /// Read this file (.csv, .tsv, .parquet, .ndjson) instead of a store.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Only rows that meet this condition in SQL, such as "service = 'video_call'".
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// From here on, such as 30d, 12h or 2026-11-01T00:00:00Z [default: of a store, 30d]. Of a file only where a column has the time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Moment>,
    /// Up to here, this moment left out [default: of a store, now]. Of a file only where a column has the time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Moment>,
    /// The project asked about [default: the only one there is].
    #[arg(long, env = "QOE_PROJECT")]
    project: Option<String>,
    #[command(flatten)]
    definitions: DefinitionArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// Where an analysis reads, open.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a command has one")]
pub enum Data {
    /// A file.
    File {
        /// Its rows.
        input: Input,
        /// Those that are there more than once.
        repeated: Option<Repeated>,
        /// Its columns.
        columns: Vec<String>,
        /// That it is being read.
        progress: Progress,
    },
    /// A project of a store.
    Store {
        /// Its tables.
        catalog: Catalog,
        /// Whose.
        project: String,
        /// When.
        period: Period,
        /// Keeps the store answering.
        access: Access,
        /// That it is being read.
        progress: Progress,
    },
}

impl DataArgs {
    /// Opens the file, or the store. A span of time is refused of a file, of which it is not known when its rows were.
    pub async fn open(&self) -> anyhow::Result<Data> {
        if self.is_file() && self.is_spanned() {
            let where_ = "--where \"started_at >= '2026-11-01'\"";
            return Err(WrongUse(format!(
                "--since and --until choose rows of a store; here nothing says which column of the file has the time: write {where_}"
            ))
            .into());
        }
        self.open_spanned().await
    }

    /// The same where the caller heeds the span, of a file too.
    pub async fn open_spanned(&self) -> anyhow::Result<Data> {
        Ok(match self.open_as_is().await? {
            Data::File { input, columns, progress, .. } => {
                let (input, repeated) = input.once().await;
                Data::File { input, repeated, columns, progress }
            }
            store => store,
        })
    }

    /// Opens the file, or the store; rows that are there more than once count so.
    pub async fn open_as_is(&self) -> anyhow::Result<Data> {
        let definitions: Definitions = self.definitions.read()?;
        let progress = Progress::begin();
        if let Some(path) = &self.data {
            let input = Input::file(path, &definitions).await?;
            let columns = input.columns().await?;
            return Ok(Data::File { input, repeated: None, columns, progress });
        }
        let now = Utc::now();
        let since = self.since.unwrap_or(Moment::Ago(TimeDelta::days(30)));
        let period = Period { since: since.before(now), until: self.until.map_or(now, |until| until.before(now)) };
        if period.since >= period.until {
            return Err(
                WrongUse(format!("--since {} is not before --until {}", period.since.to_rfc3339(), period.until.to_rfc3339())).into()
            );
        }
        let access = self.store.ask().await?;
        let (catalog, project) = catalog(&access.endpoint, definitions, self.project.as_deref()).await?;
        Ok(Data::Store { catalog, project, period, access, progress })
    }

    /// The span that was asked about; of a file, as much of it as was stated.
    pub fn span(&self, data: &Data) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        match data {
            Data::Store { period, .. } => (Some(period.since), Some(period.until)),
            Data::File { .. } => {
                let now = Utc::now();
                (self.since.map(|since| since.before(now)), self.until.map(|until| until.before(now)))
            }
        }
    }

    /// --since and --until, as far as they were stated.
    pub fn ends(&self) -> [Option<DateTime<Utc>>; 2] {
        let now = Utc::now();
        [&self.since, &self.until].map(|end| end.as_ref().map(|end| end.before(now)))
    }

    /// What the SQL functions go by.
    pub fn definitions(&self) -> anyhow::Result<Definitions> {
        self.definitions.read()
    }

    /// What is read, in words: the file's name, or the project.
    pub fn source(&self, data: &Data) -> String {
        match (data, &self.data) {
            (Data::Store { project, .. }, _) => project.clone(),
            (Data::File { .. }, path) => {
                path.as_ref().and_then(|path| path.file_name()).map_or_else(String::new, |name| name.to_string_lossy().into_owned())
            }
        }
    }

    /// The flags that read the same again.
    pub fn flags(&self, data: &Data) -> String {
        let read = match (data, &self.data) {
            (Data::Store { project, period, .. }, _) => {
                format!(" --project {project} --since {} --until {}", period.since.to_rfc3339(), period.until.to_rfc3339())
            }
            (Data::File { .. }, path) => {
                let span = [("since", self.since), ("until", self.until)];
                let span = span.map(|(name, at)| at.map_or_else(String::new, |at| format!(" --{name} {at}"))).concat();
                path.as_ref().map_or_else(String::new, |path| format!(" --data {}{span}", path.display()))
            }
        };
        let condition = self.condition.as_ref().map_or_else(String::new, |condition| format!(" --where {condition:?}"));
        format!("{read}{condition}")
    }

    /// How DataFusion is told of the file as the table `data`; empty of a store.
    pub fn external_table(&self) -> String {
        let Some(path) = &self.data else { return String::new() };
        let location = path.display().to_string().replace('\'', "''");
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let (format, options) = match ending.as_str() {
            "csv" => ("CSV", " OPTIONS ('format.has_header' 'true')"),
            "tsv" => ("CSV", " OPTIONS ('format.has_header' 'true', 'format.delimiter' '\t')"),
            "parquet" => ("PARQUET", ""),
            _ => ("JSON", ""),
        };
        format!("CREATE EXTERNAL TABLE data STORED AS {format} LOCATION '{location}'{options}")
    }

    /// SHA-256 of the file, as `sha256sum` prints it; of a store, which changes, none.
    pub fn hash(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.data else { return Ok(None) };
        let unread = || format!("read {}", path.display());
        let mut file = BufReader::with_capacity(1 << 20, File::open(path).with_context(unread)?);
        let mut hash = Sha256::new();
        loop {
            let piece = file.fill_buf().with_context(unread)?;
            let length = piece.len();
            if length == 0 {
                break;
            }
            hash.update(piece);
            file.consume(length);
        }
        Ok(Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Only rows that meet this condition.
    pub fn condition(&self) -> Option<String> {
        self.condition.clone()
    }

    /// The same within the span that was stated, of a file whose time stands in this column; a store is asked for the span in the first place.
    pub fn condition_within(&self, time: &str) -> Option<String> {
        let now = Utc::now();
        let end = |of: &str, at: Option<Moment>| {
            at.filter(|_| self.is_file()).map(|at| {
                let ms = at.before(now).timestamp_millis();
                format!("to_timestamp_millis(\"{}\") {of} to_timestamp_millis({ms})", time.replace('"', "\"\""))
            })
        };
        let stated = self.condition.as_ref().map(|condition| format!("({condition})"));
        let all = [end(">=", self.since), end("<", self.until), stated];
        all.into_iter().flatten().reduce(|one, other| format!("{one} AND {other}"))
    }

    /// Whether a span of time was stated.
    pub fn is_spanned(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Whether a file is read.
    pub fn is_file(&self) -> bool {
        self.data.is_some()
    }
}

impl Data {
    /// The file, or what this question answers about the store.
    pub async fn input(&self, question: impl FnOnce(Period) -> String) -> anyhow::Result<Input> {
        match self {
            Data::File { input, .. } => Ok(input.clone()),
            Data::Store { catalog, project, period, .. } => Ok(Input::store(catalog, project, &question(*period)).await?),
        }
    }

    /// Whether there is such a column: of a store there are all that are asked for.
    pub fn has(&self, column: &str) -> bool {
        match self {
            Data::File { columns, .. } => columns.iter().any(|name| name == column),
            Data::Store { .. } => true,
        }
    }

    /// The columns with the ends of the scale that was offered, where answers carry them.
    pub fn bounds(&self) -> Option<(String, String)> {
        (self.has("scale_low") && self.has("scale_high")).then(|| ("scale_low".to_owned(), "scale_high".to_owned()))
    }

    /// The column with how many earlier answers there were, of a store.
    pub fn earlier(&self) -> Option<String> {
        matches!(self, Data::Store { .. }).then(|| "earlier".to_owned())
    }

    /// How a column is scored: `score` as a survey of this kind asks, any other on a scale only where one is stated.
    pub fn on_scale(&self, column: &str, kind: Kind, scale: Option<Scale>) -> Option<OnScale> {
        (column == "score" || scale.is_some()).then(|| OnScale { kind, scale, bounds: self.bounds() })
    }

    /// Rows that are there more than once.
    pub fn repeated(&self) -> Option<Repeated> {
        match self {
            Data::File { repeated, .. } => *repeated,
            Data::Store { .. } => None,
        }
    }

    /// That it is being read: what is done now.
    pub fn progress(&self) -> &Progress {
        match self {
            Data::File { progress, .. } | Data::Store { progress, .. } => progress,
        }
    }

    /// Lets go of the store, and of the line that says that it is being read.
    pub async fn close(self) {
        if let Data::Store { access, .. } = self {
            access.close().await;
        }
    }
}
