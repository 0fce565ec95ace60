//! A table read row by row, for when nothing above it could be handed down (and for checking what was, against DataFusion alone).

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};
use qoe_store::schema::quoted;

use super::executor::Executor;

/// One project's rows of one table.
#[derive(Debug)]
pub struct Rows {
    name: String,
    schema: SchemaRef,
    executor: Executor,
}

impl Rows {
    /// Rows of `name`, whose columns are `schema`.
    pub fn new(name: &str, schema: SchemaRef, executor: Executor) -> Self {
        Rows { name: name.to_owned(), schema, executor }
    }
}

#[async_trait]
impl TableProvider for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        let columns: Vec<String> = schema.fields().iter().map(|field| quoted(field.name())).collect();
        let columns = if columns.is_empty() { "1".to_owned() } else { columns.join(", ") };
        let mut sql = format!("SELECT {columns} FROM {} AS t", self.executor.scope().table(&self.name));
        if let Some(limit) = limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        let rows = OneQuery { sql, schema: Arc::clone(&schema), executor: self.executor.clone() };
        StreamingTable::try_new(schema, vec![Arc::new(rows)])?.scan(state, None, &[], None).await
    }
}

#[derive(Debug)]
struct OneQuery {
    sql: String,
    schema: SchemaRef,
    executor: Executor,
}

impl PartitionStream for OneQuery {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        match self.executor.stream(&self.sql, Arc::clone(&self.schema)) {
            Ok(stream) => stream,
            Err(error) => Box::pin(datafusion::physical_plan::stream::RecordBatchStreamAdapter::new(
                Arc::clone(&self.schema),
                futures::stream::once(async { Err(error) }),
            )),
        }
    }
}
