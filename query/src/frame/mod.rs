//! Columns for the statistics, out of any table DataFusion can read: a store's, or a file's.
//!
//! An analysis names what it wants of each row, as a column or any SQL expression, and in which role. What comes back are plain vectors, a value a
//! row: NaN where a number was not measured, one past the labels where a category was not stated.

mod csv;
mod fill;
mod groups;
mod held;
mod plain;
mod repeated;
mod source;

pub use csv::CsvError;
pub use groups::Group;
pub use repeated::Repeated;
pub use source::{Input, SourceError};

use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use futures::StreamExt;

use crate::statistics::{Covariate, parallel};

/// Rows from which on columns are worth a thread each.
const MANY: usize = 100_000;

/// What is wanted of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// A column, or an SQL expression over columns.
    pub what: String,
    /// As what.
    pub role: Role,
}

/// As what a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A number; true and false are 1 and 0.
    Number,
    /// A yes or no: a boolean, 1 or 0, or one of yes, no, true, false.
    Flag,
    /// One of a few values.
    Category,
    /// Who a row is of: told from others, without a name.
    Person,
    /// A moment: a timestamp, RFC 3339 text, or milliseconds since 1970 that lie in the years 2000 to 2100.
    Time,
    /// Words.
    Text,
    /// A covariate: a number if the column holds numbers, else a category.
    Covariate,
}

impl Want {
    /// A number.
    pub fn number(what: impl Into<String>) -> Want {
        Want { what: what.into(), role: Role::Number }
    }

    /// A yes or no.
    pub fn flag(what: impl Into<String>) -> Want {
        Want { what: what.into(), role: Role::Flag }
    }

    /// One of a few values.
    pub fn category(what: impl Into<String>) -> Want {
        Want { what: what.into(), role: Role::Category }
    }

    /// Who a row is of.
    pub fn person(what: impl Into<String>) -> Want {
        Want { what: what.into(), role: Role::Person }
    }

    /// A moment.
    pub fn time(what: impl Into<String>) -> Want {
        Want { what: what.into(), role: Role::Time }
    }

    /// Words.
    pub fn text(what: impl Into<String>) -> Want {
        Want { what: what.into(), role: Role::Text }
    }

    /// A number or a category, as the column is.
    pub fn covariate(what: impl Into<String>) -> Want {
        Want { what: what.into(), role: Role::Covariate }
    }
}

/// One column, a value a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers; NaN: not measured.
    Number(Vec<f64>),
    /// Yes (1), no (0), not stated (NaN).
    Flag(Vec<f64>),
    /// Indices into the labels, which stand in alphabetical order; an index beyond them: not stated.
    Category {
        /// One a row.
        codes: Vec<u32>,
        /// What they mean.
        labels: Vec<String>,
    },
    /// A number a person; a row that does not say is somebody of its own.
    Person {
        /// One a row.
        of: Vec<u32>,
        /// From this number on it was not said.
        known: u32,
    },
    /// Milliseconds since 1970; `None`: not stated.
    Time(Vec<Option<i64>>),
    /// Words; empty: none.
    Text(Vec<String>),
}

impl Column {
    /// How many values.
    fn rows(&self) -> usize {
        match self {
            Column::Number(values) | Column::Flag(values) => values.len(),
            Column::Category { codes, .. } | Column::Person { of: codes, .. } => codes.len(),
            Column::Time(values) => values.len(),
            Column::Text(values) => values.len(),
        }
    }
}

/// Rows by columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    rows: usize,
    columns: Vec<(String, Column)>,
}

/// Why columns cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// No such column.
    #[error(
        "there is no column {what:?}{}: the columns are {columns}",
        if near.is_empty() { String::new() } else { format!(" (did you mean {}?)", near.join(", ")) }
    )]
    NoColumn {
        /// What was wanted.
        what: String,
        /// Columns whose names are like it.
        near: Vec<String>,
        /// All columns.
        columns: String,
    },
    /// An expression that cannot be.
    #[error("read {what:?}: {why}")]
    Unknown {
        /// What was wanted.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A value that does not fit its role.
    #[error("{what:?} is {value:?} in row {row}, which is no {role}{}", if *role == "number" { csv::remedy(what, value) } else { String::new() })]
    Misfit {
        /// The column.
        what: String,
        /// The value.
        value: String,
        /// From 1.
        row: usize,
        /// The role, in words.
        role: &'static str,
    },
    /// A number that is no moment in milliseconds.
    #[error(
        "{what:?} is {value} in row {row}, which as milliseconds since 1970 is {read}: a time lies between 2000 and 2100; write milliseconds (a thousand times \
         the seconds) or RFC 3339, such as 2026-11-25T08:00:00Z"
    )]
    Epoch {
        /// The column.
        what: String,
        /// The number.
        value: i64,
        /// From 1.
        row: usize,
        /// The moment that it would be.
        read: String,
    },
    /// A condition that cannot be.
    #[error("keep rows where {condition}: {why}")]
    Condition {
        /// As it was given.
        condition: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file that is broken further down.
    #[error("the file cannot be read to its end: {why}")]
    Broken {
        /// What is wrong with it.
        why: String,
    },
    /// A row of a CSV file does not fit.
    #[error("read the rows of the file")]
    Csv(#[from] CsvError),
    /// The rows could not be read.
    #[error("read the rows")]
    Rows(#[source] Box<DataFusionError>),
}

impl Frame {
    /// Columns that are at hand already.
    ///
    /// # Panics
    ///
    /// When they differ in length: a mistake of the caller's.
    pub fn of(columns: Vec<(String, Column)>) -> Frame {
        let rows = columns.first().map_or(0, |(_, column)| column.rows());
        assert!(columns.iter().all(|(_, column)| column.rows() == rows), "columns of one length");
        Frame { rows, columns }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether anything was wanted under this name.
    pub fn has(&self, what: &str) -> bool {
        self.columns.iter().any(|(name, _)| name == what)
    }

    /// A column by the name it was wanted under.
    ///
    /// # Panics
    ///
    /// When it was not wanted: a mistake of the caller's, not of the data.
    pub fn column(&self, what: &str) -> &Column {
        let found = self.columns.iter().find(|(name, _)| name == what);
        &found.unwrap_or_else(|| panic!("{what} was read")).1
    }

    /// The numbers of a column that was wanted as numbers or flags.
    pub fn numbers(&self, what: &str) -> &[f64] {
        let found = self.first_of(what, |column| match column {
            Column::Number(values) | Column::Flag(values) => Some(values.as_slice()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{what} was read as numbers"))
    }

    /// The sum of a column of counts that was wanted as numbers, if there is one.
    pub fn total(&self, what: Option<&String>) -> u64 {
        what.map_or(0, |what| self.numbers(what).iter().filter(|count| !count.is_nan()).sum::<f64>() as u64)
    }

    /// Yes and no of a column that was wanted as flags, as 1 and 0.
    pub fn flags(&self, what: &str) -> &[f64] {
        let found = self.first_of(what, |column| match column {
            Column::Flag(values) => Some(values.as_slice()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{what} was read as flags"))
    }

    /// The codes and labels of a column that was wanted as a category.
    pub fn categories(&self, what: &str) -> (&[u32], &[String]) {
        let found = self.first_of(what, |column| match column {
            Column::Category { codes, labels } => Some((codes.as_slice(), labels.as_slice())),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{what} was read as a category"))
    }

    /// Who each row is of, from a column that was wanted as persons or as a category; a row that does not say is somebody of its own.
    pub fn persons(&self, what: &str) -> Vec<u32> {
        let found = self.first_of(what, |column| match column {
            Column::Person { of, .. } => Some(of.clone()),
            Column::Category { codes, labels } => Some(each_of_its_own(codes, labels.len() as u32)),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{what} was read as persons"))
    }

    /// Of each row whether it says whose it is, from a column that was wanted as persons or as a category.
    pub fn stated(&self, what: &str) -> Vec<bool> {
        let found = self.first_of(what, |column| match column {
            Column::Person { of, known } => Some(of.iter().map(|code| code < known).collect()),
            Column::Category { codes, labels } => Some(codes.iter().map(|code| (*code as usize) < labels.len()).collect()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{what} was read as persons"))
    }

    /// The moments of a column that was wanted as times.
    pub fn times(&self, what: &str) -> &[Option<i64>] {
        let found = self.first_of(what, |column| match column {
            Column::Time(values) => Some(values.as_slice()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{what} was read as times"))
    }

    /// The words of a column that was wanted as text.
    pub fn texts(&self, what: &str) -> &[String] {
        let found = self.first_of(what, |column| match column {
            Column::Text(values) => Some(values.as_slice()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{what} was read as text"))
    }

    /// The column that stands for a covariate, as [`Frame::covariates`] takes it; `None` if it was not wanted as anything like one.
    pub fn as_covariate(&self, what: &str) -> Option<&Column> {
        self.first_of(what, |column| match column {
            Column::Number(_) | Column::Flag(_) | Column::Category { .. } => Some(column),
            _ => None,
        })
    }

    /// A column may have been wanted in several roles: the first that serves.
    fn first_of<'a, T>(&'a self, what: &str, serves: impl Fn(&'a Column) -> Option<T>) -> Option<T> {
        self.columns.iter().filter(|(name, _)| name == what).find_map(|(_, column)| serves(column))
    }

    /// These columns as covariates of a model.
    pub fn covariates<'a>(&'a self, names: &'a [String]) -> Vec<Covariate<'a>> {
        let covariate = |name: &'a String| match self.as_covariate(name) {
            Some(Column::Number(values) | Column::Flag(values)) => Covariate::numeric(name, values),
            Some(Column::Category { codes, labels }) => Covariate::category(name, codes, labels),
            other => panic!("{name} was read as a covariate, not {other:?}"),
        };
        names.iter().map(covariate).collect()
    }

    /// These rows alone.
    pub fn select(&self, rows: &[usize]) -> Frame {
        let columns = self.columns.iter().map(|(name, column)| {
            let column = match column {
                Column::Number(values) => Column::Number(rows.iter().map(|row| values[*row]).collect()),
                Column::Flag(values) => Column::Flag(rows.iter().map(|row| values[*row]).collect()),
                Column::Category { codes, labels } => {
                    Column::Category { codes: rows.iter().map(|row| codes[*row]).collect(), labels: labels.clone() }
                }
                Column::Person { of, known } => Column::Person { of: rows.iter().map(|row| of[*row]).collect(), known: *known },
                Column::Time(values) => Column::Time(rows.iter().map(|row| values[*row]).collect()),
                Column::Text(values) => Column::Text(rows.iter().map(|row| values[*row].clone()).collect()),
            };
            (name.clone(), column)
        });
        Frame { rows: rows.len(), columns: columns.collect() }
    }
}

impl Input {
    /// Reads these columns of the rows that meet the condition, in the order in which the source gives them.
    pub async fn read(&self, wanted: &[Want], condition: Option<&str>) -> Result<Frame, FrameError> {
        let mut unique: Vec<&Want> = Vec::new();
        for want in wanted {
            if !unique.contains(&want) {
                unique.push(want);
            }
        }
        let mut frame = fill::planned(self, &unique, condition).await?;
        // Columns that need not grow leave no holes behind in memory.
        let expected = if condition.is_none() { self.rows.unwrap_or(0) } else { 0 };
        let mut columns: Vec<fill::Filling> =
            unique.iter().zip(frame.schema().fields()).map(|(want, field)| fill::Filling::new(want, field.data_type(), expected)).collect();
        frame = fill::cast(frame, &columns).map_err(|error| FrameError::Rows(Box::new(error)))?;
        let mut rows = 0;
        let unread = |error| self.unread(error);
        let mut batches = frame.execute_stream().await.map_err(unread)?;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(unread)?;
            for (column, values) in columns.iter_mut().zip(batch.columns()) {
                column.extend(values, rows)?;
            }
            rows += batch.num_rows();
        }
        let finish = |column: fill::Filling| column.finish();
        let columns = if rows < MANY { columns.into_iter().map(finish).collect() } else { parallel::map_each(columns, finish) };
        Ok(Frame { rows, columns: unique.iter().map(|want| want.what.clone()).zip(columns).collect() })
    }

    /// Whether these are columns, or single expressions over columns, and the condition is one; nothing is read.
    pub async fn accepts(&self, wanted: &[Want], condition: Option<&str>) -> Result<(), FrameError> {
        fill::planned(self, &wanted.iter().collect::<Vec<_>>(), condition).await.map(drop)
    }

    /// Why rows cannot be read: of CSV the line that does not fit.
    fn unread(&self, error: DataFusionError) -> FrameError {
        let misfit = self.csv.as_ref().and_then(|(path, delimiter)| csv::misfit(path, *delimiter));
        match misfit {
            Some(misfit) => FrameError::Csv(misfit),
            None if self.of_file => FrameError::Broken { why: plain::plain(&error) },
            None => FrameError::Rows(Box::new(error)),
        }
    }

    /// The question that reads these columns, as SQL over `data`.
    pub async fn question(&self, wanted: &[Want], condition: Option<&str>) -> Result<String, FrameError> {
        let columns = self.columns().await?;
        let mut asked: Vec<String> = Vec::new();
        for want in wanted {
            let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            let written = if columns.contains(&want.what) && !is_plain(&want.what) {
                format!("\"{}\"", want.what.replace('"', "\"\""))
            } else {
                want.what.clone()
            };
            if !asked.contains(&written) {
                asked.push(written);
            }
        }
        let kept = condition.map_or_else(String::new, |condition| format!("\nWHERE {condition}"));
        Ok(format!("SELECT {}\nFROM data{kept}", asked.join(",\n       ")))
    }

    /// The names of the columns there are.
    pub async fn columns(&self) -> Result<Vec<String>, FrameError> {
        let data = self.context.table(source::TABLE).await.map_err(|error| FrameError::Rows(Box::new(error)))?;
        Ok(data.schema().fields().iter().map(|field| field.name().clone()).collect())
    }

    /// The engine in which the table `data` stands.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }
}

/// Codes under `known` as they are, and for each row beyond them a number of its own.
fn each_of_its_own(codes: &[u32], known: u32) -> Vec<u32> {
    codes.iter().zip(known..).map(|(code, own)| if *code < known { *code } else { own }).collect()
}

/// For each of these labels its place among the others; both in alphabetical order, as columns have them.
pub fn matched(labels: &[String], others: &[String]) -> Vec<Option<u32>> {
    let mut others = (0..).zip(others).peekable();
    let place = |label: &String| {
        while others.next_if(|(_, other)| *other < label).is_some() {}
        others.peek().filter(|(_, other)| *other == label).map(|(at, _)| *at)
    };
    labels.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_two_tables_are_matched_by_their_words() {
        let labels = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(matched(&labels(&["a", "c", "d", "f"]), &labels(&["b", "c", "e", "f", "g"])), [None, Some(1), None, Some(3)]);
        assert_eq!(matched(&labels(&["a"]), &[]), [None]);
    }
}
