//! Reading answers: cells by column name, absent as `None`.

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMillisecondType};
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;

/// The rows of an answer.
#[derive(Debug)]
pub struct Answer(RecordBatch);

/// Asks and reads the whole answer, which is small.
pub async fn ask(context: &SessionContext, sql: &str) -> Result<Answer> {
    let frame = context.sql(sql).await?;
    let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await?;
    let schema = batches.first().map_or(schema, |batch| batch.schema());
    Ok(Answer(concat_batches(&schema, &batches)?))
}

impl Answer {
    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        self.0.num_rows()
    }

    /// Each row in turn.
    pub fn rows(&self) -> impl Iterator<Item = Line<'_>> {
        (0..self.row_count()).map(|row| Line { answer: self, row })
    }

    /// The first row.
    pub fn first(&self) -> Option<Line<'_>> {
        self.rows().next()
    }

    fn column(&self, name: &str, to: &DataType) -> Result<ArrayRef> {
        let column = self.0.column_by_name(name).ok_or_else(|| DataFusionError::Internal(format!("the answer has no column {name}")))?;
        Ok(cast(column, to)?)
    }
}

/// One row of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    answer: &'a Answer,
    row: usize,
}

impl Line<'_> {
    /// A number; `None` where it is null or not finite.
    pub fn number(&self, name: &str) -> Result<Option<f64>> {
        let column = self.answer.column(name, &DataType::Float64)?;
        let column = column.as_primitive::<Float64Type>();
        Ok((!column.is_null(self.row)).then(|| column.value(self.row)).filter(|value| value.is_finite()))
    }

    /// A count; null is none.
    pub fn count(&self, name: &str) -> Result<u64> {
        let column = self.answer.column(name, &DataType::Int64)?;
        let column = column.as_primitive::<Int64Type>();
        Ok(if column.is_null(self.row) { 0 } else { u64::try_from(column.value(self.row)).unwrap_or(0) })
    }

    /// A text; null is empty.
    pub fn text(&self, name: &str) -> Result<String> {
        let column = self.answer.column(name, &DataType::Utf8)?;
        let column = column.as_string::<i32>();
        Ok(if column.is_null(self.row) { String::new() } else { column.value(self.row).to_owned() })
    }

    /// A moment.
    pub fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>> {
        let column = self.answer.column(name, &DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())))?;
        let column = column.as_primitive::<TimestampMillisecondType>();
        Ok((!column.is_null(self.row)).then(|| column.value(self.row)).and_then(DateTime::from_timestamp_millis))
    }

    /// A moment that is always there.
    pub fn moment(&self, name: &str) -> Result<DateTime<Utc>> {
        self.time(name)?.ok_or_else(|| DataFusionError::Internal(format!("{name} is null")))
    }

    /// A truth value; `None` where it is null.
    pub fn truth(&self, name: &str) -> Result<Option<bool>> {
        Ok(self.number(name)?.map(|value| value != 0.0))
    }
}
