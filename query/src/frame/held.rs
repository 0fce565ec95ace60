//! Rows read once and held in memory, for many analyses of the same rows.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, StringArray, TimestampMillisecondArray, UInt32Array,
};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::datatypes::{Schema, UInt32Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::{Column, Frame, FrameError, Input, Want};
use crate::catalog::Definitions;
use crate::functions;
use crate::statistics::parallel;

/// Rows a batch: enough to be quick, few enough that many can be under way.
const BATCH: usize = 65_536;

impl Input {
    /// The rows that meet the condition, with these columns and no others, in memory.
    pub async fn held(&self, wanted: &[Want], condition: Option<&str>, definitions: &Definitions) -> Result<(Input, usize), FrameError> {
        let frame = self.read(wanted, condition).await?;
        let rows = frame.rows();
        let input = frame.into_input(definitions).map_err(|error| FrameError::Rows(Box::new(error)))?;
        Ok((input, rows))
    }
}

impl Frame {
    /// The rows as a table in memory.
    fn into_input(self, definitions: &Definitions) -> datafusion::error::Result<Input> {
        let rows = self.rows;
        let columns = parallel::map_each(self.columns, |(name, column)| (name, array(column), true));
        let whole = RecordBatch::try_from_iter_with_nullable(columns)?;
        let starts = (0..rows).step_by(BATCH);
        let batches: Vec<RecordBatch> = starts.map(|start| whole.slice(start, BATCH.min(rows - start))).collect();
        let schema: Arc<Schema> = whole.schema();
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
        functions::register(&context, definitions);
        context.register_table(super::source::TABLE, Arc::new(MemTable::try_new(schema, vec![batches])?))?;
        Ok(Input { context, rows: Some(rows), of_file: false, csv: None })
    }
}

fn array(column: Column) -> ArrayRef {
    let known = |value: &f64| (!value.is_nan()).then_some(*value);
    match column {
        Column::Number(values) => {
            // The numbers stay where they are; what was not measured is marked beside them.
            let measured = BooleanBuffer::collect_bool(values.len(), |row| !values[row].is_nan());
            let nulls = Some(NullBuffer::new(measured)).filter(|nulls| nulls.null_count() > 0);
            Arc::new(Float64Array::new(values.into(), nulls))
        }
        Column::Flag(values) => Arc::new(values.iter().map(|value| known(value).map(|value| value != 0.0)).collect::<BooleanArray>()),
        Column::Person { of, .. } => Arc::new(UInt32Array::from(of)),
        Column::Time(values) => Arc::new(TimestampMillisecondArray::from(values).with_timezone("UTC")),
        Column::Text(values) => Arc::new(StringArray::from_iter_values(values)),
        Column::Category { codes, labels } => {
            let known = labels.len() as u32;
            let keys: UInt32Array = codes.into_iter().map(|code| (code < known).then_some(code)).collect();
            let labels = Arc::new(StringArray::from_iter_values(labels));
            // Every key is a label's index or null.
            Arc::new(DictionaryArray::<UInt32Type>::try_new(keys, labels).expect("keys lie within the labels"))
        }
    }
}
