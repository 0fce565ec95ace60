//! Runs SQL on ClickHouse and brings the answer to the types DataFusion planned with.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, ArrayRef, DictionaryArray, RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{PhysicalExpr, SendableRecordBatchStream};
use datafusion::sql::unparser::dialect::Dialect;
use datafusion_federation::sql::{AstAnalyzer, SQLExecutor};
use futures::stream;
use qoe_store::Endpoint;

use super::dialect::{ClickHouse, ForProject};

/// What one question may cost ClickHouse. Every reader is bounded: ClickHouse's own defaults are without limit.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest running time, seconds.
    pub seconds: u32,
    /// Most memory, bytes.
    pub memory_bytes: u64,
    /// Most rows in an answer.
    pub rows: u64,
}

impl Default for Limits {
    /// 60 s, 4 GB and 50 million rows: what an analysis may take on a small machine.
    fn default() -> Self {
        Limits { seconds: 60, memory_bytes: 4_000_000_000, rows: 50_000_000 }
    }
}

/// An endpoint to ask and nothing more, whose answers mean what DataFusion's would.
pub fn reader(endpoint: &Endpoint, limits: &Limits) -> Endpoint {
    [
        ("readonly", "2".to_owned()),
        ("max_execution_time", limits.seconds.to_string()),
        ("max_memory_usage", limits.memory_bytes.to_string()),
        ("max_result_rows", limits.rows.to_string()),
        ("result_overflow_mode", "throw".to_owned()),
        // Standard SQL where ClickHouse has its own way.
        ("join_use_nulls", "1".to_owned()),
        ("cast_keep_nullable", "1".to_owned()),
        ("prefer_column_name_to_alias", "1".to_owned()),
        ("union_default_mode", "ALL".to_owned()),
        ("session_timezone", "UTC".to_owned()),
        // Compiling and evaluating branches lazily pay over millions of rows; most questions are about rollups, where planning costs as much as
        // running. No branch of what is handed down can fail, so none need be spared. (Do not switch off the merging of expressions: filters would no
        // longer reach the rollups through their views, and every question would read all there is.)
        ("short_circuit_function_evaluation", "disable".to_owned()),
        ("compile_expressions", "0".to_owned()),
        ("compile_aggregate_expressions", "0".to_owned()),
        // Labels with codes, for which whoever wants no codes pays little.
        ("output_format_arrow_low_cardinality_as_dictionary", "1".to_owned()),
        ("output_format_arrow_string_as_string", "1".to_owned()),
    ]
    .into_iter()
    .fold(endpoint.clone(), |endpoint, (name, value)| endpoint.with_setting(name, &value))
}

/// Runs one project's questions.
#[derive(Debug, Clone)]
pub struct Executor {
    reader: Endpoint,
    scope: ForProject,
}

impl Executor {
    /// Asks `reader` (see [`reader`]) about `project`.
    pub fn new(reader: Endpoint, project: &str) -> Self {
        let scope = ForProject { database: reader.database().to_owned(), project: project.to_owned() };
        Executor { reader, scope }
    }

    /// How tables are narrowed.
    pub fn scope(&self) -> &ForProject {
        &self.scope
    }

    /// The answer to `sql`, its columns cast by position to `schema`.
    pub fn stream(&self, sql: &str, schema: SchemaRef) -> Result<SendableRecordBatchStream> {
        let failed = |error| DataFusionError::External(Box::new(error));
        tracing::debug!(sql, "to ClickHouse");
        let cursor = self.reader.arrow(sql).map_err(failed)?;
        let planned = Arc::clone(&schema);
        let endpoint = self.reader.clone();
        let batches = stream::try_unfold(cursor, move |mut cursor| {
            let planned = Arc::clone(&planned);
            let endpoint = endpoint.clone();
            async move {
                let next = cursor.next().await.map_err(|error| DataFusionError::External(Box::new(endpoint.error(error))))?;
                next.map(|batch| Ok((as_planned(&batch, &planned)?, cursor))).transpose()
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

fn as_planned(batch: &RecordBatch, planned: &SchemaRef) -> Result<RecordBatch> {
    // A plan that needs no columns, only their number, is asked as `SELECT 1`.
    let columns: Vec<ArrayRef> = planned
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| match (field.data_type(), column.data_type()) {
            // Text that came without codes gets a code a row: whoever wants fewer looks each up anyway.
            (DataType::Dictionary(key, label), DataType::Utf8) if **key == DataType::UInt32 && **label == DataType::Utf8 => {
                let keys = UInt32Array::new((0..column.len() as u32).collect(), column.nulls().cloned());
                Ok(Arc::new(DictionaryArray::try_new(keys, Arc::clone(column))?) as ArrayRef)
            }
            (planned, _) => cast(column, planned).map_err(DataFusionError::from),
        })
        .collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(planned), columns, &options)?)
}

#[async_trait]
impl SQLExecutor for Executor {
    fn name(&self) -> &str {
        "clickhouse"
    }

    fn compute_context(&self) -> Option<String> {
        Some(format!("{}/{}/{}", self.reader.url(), self.scope.database, self.scope.project))
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(ClickHouse)
    }

    fn ast_analyzer(&self) -> Option<AstAnalyzer> {
        let scope = self.scope.clone();
        Some(Box::new(move |statement| scope.rewrite(statement)))
    }

    fn execute(&self, query: &str, schema: SchemaRef, _filters: &[Arc<dyn PhysicalExpr>]) -> Result<SendableRecordBatchStream> {
        self.stream(query, schema)
    }

    async fn table_names(&self) -> Result<Vec<String>> {
        Err(DataFusionError::NotImplemented("the catalog knows its tables".into()))
    }

    async fn get_table_schema(&self, table_name: &str) -> Result<SchemaRef> {
        Err(DataFusionError::NotImplemented(format!("the catalog knows the schema of {table_name}")))
    }
}
