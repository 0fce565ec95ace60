//! Where rows come from: a file, or a store.

use std::path::{Path, PathBuf};

use datafusion::error::DataFusionError;
use datafusion::prelude::{CsvReadOptions, DataFrame, JsonReadOptions, ParquetReadOptions, SessionConfig, SessionContext};

use super::csv::{self, CsvError};
use super::plain::plain;
use crate::catalog::{Definitions, Mode};
use crate::{Catalog, CatalogError, functions};

/// The name under which the rows stand.
pub(super) const TABLE: &str = "data";

/// Rows of a file whose types are looked at before reading it.
const LOOKED_AT: usize = 100_000;

/// A table called `data`, to be read in columns.
#[derive(Clone)]
pub struct Input {
    pub(super) context: SessionContext,
    /// How many rows there are, where that is known before they are read.
    pub(super) rows: Option<usize>,
    /// Whether it is a file, which may be broken.
    pub(super) of_file: bool,
    /// The file and its delimiter, where it is CSV.
    pub(super) csv: Option<(PathBuf, u8)>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("session", &self.context.session_id()).finish()
    }
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No such file.
    #[error("read {}", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// An empty file.
    #[error("{} is empty", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// Neither ending is known.
    #[error("{} is of no kind that can be read: use .csv, .tsv, .parquet, .ndjson or .jsonl", path.display())]
    Format {
        /// Which.
        path: PathBuf,
    },
    /// The file is not what its name says.
    #[error("read {} as {format}: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What its name says it is.
        format: &'static str,
        /// What is the matter with it.
        why: String,
    },
    /// A CSV file that says what is wrong with it.
    #[error("read {} as CSV", path.display())]
    Csv {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: CsvError,
    },
    /// The store's tables cannot be had.
    #[error("set up the tables of the store")]
    Store(#[from] CatalogError),
    /// A question about the store cannot be planned.
    #[error("plan the question to the store")]
    Plan(#[source] Box<DataFusionError>),
}

impl Input {
    /// A file: CSV, TSV, Parquet or NDJSON, by its ending.
    pub async fn file(path: &Path, definitions: &Definitions) -> Result<Input, SourceError> {
        let length = std::fs::metadata(path).map_err(|source| SourceError::Missing { path: path.to_owned(), source })?.len();
        if length == 0 {
            return Err(SourceError::Empty { path: path.to_owned() });
        }
        let config = SessionConfig::new().with_target_partitions(1);
        let context = SessionContext::new_with_config(config);
        functions::register(&context, definitions);
        let name = path.to_string_lossy().into_owned();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let dotted = dotted(path);
        let text = matches!(ending.as_str(), "csv" | "tsv");
        let wrong = |source| SourceError::Csv { path: path.to_owned(), source };
        let csv = if text { Some((path.to_owned(), csv::looked_at(path, &ending).map_err(wrong)?)) } else { None };
        let (format, registered) = match ending.as_str() {
            "csv" | "tsv" => {
                let delimiter = csv.as_ref().map_or(b',', |(_, delimiter)| *delimiter);
                let registered = match csv::schema(path, delimiter, LOOKED_AT) {
                    Ok(schema) => {
                        let options = CsvReadOptions::new().has_header(true).delimiter(delimiter).newlines_in_values(true);
                        context.register_csv(TABLE, &name, options.schema(&schema).file_extension(&dotted)).await
                    }
                    Err(error) => Err(error.into()),
                };
                (if ending == "tsv" { "TSV" } else { "CSV" }, registered)
            }
            "parquet" => ("Parquet", context.register_parquet(TABLE, &name, ParquetReadOptions::default().file_extension(&dotted)).await),
            "ndjson" | "jsonl" | "json" => {
                let options = JsonReadOptions::default().file_extension(&dotted).schema_infer_max_records(LOOKED_AT);
                ("NDJSON", context.register_json(TABLE, &name, options).await)
            }
            _ => return Err(SourceError::Format { path: path.to_owned() }),
        };
        registered.map_err(|source| match csv.as_ref().and_then(|(path, delimiter)| csv::misfit(path, *delimiter)) {
            Some(misfit) => wrong(misfit),
            None => SourceError::Unreadable { path: path.to_owned(), format, why: plain(&source) },
        })?;
        Ok(Input { context, rows: None, of_file: true, csv })
    }

    /// What this question in SQL answers about a project of a store.
    pub async fn store(catalog: &Catalog, project: &str, sql: &str) -> Result<Input, SourceError> {
        let context = catalog.session(project, Mode::PushDown)?;
        let plan = |error| SourceError::Plan(Box::new(error));
        let view = context.sql(sql).await.map(DataFrame::into_view).map_err(plan)?;
        context.register_table(TABLE, view).map_err(plan)?;
        Ok(Input { context, rows: None, of_file: false, csv: None })
    }
}

fn dotted(path: &Path) -> String {
    path.extension().map_or_else(String::new, |ending| format!(".{}", ending.to_string_lossy()))
}
