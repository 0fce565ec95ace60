//! The tables of a store, as one project may see them.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::execution::SessionStateBuilder;
use datafusion::optimizer::Optimizer;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_federation::sql::{RemoteTable, SQLExecutor, SQLFederationProvider, SQLTableSource};
use datafusion_federation::{FederatedQueryPlanner, FederatedTableProviderAdaptor};
use qoe_store::schema::{ROLLUPS, quoted};
use qoe_store::{Endpoint, EndpointError, Table};

use crate::functions;
use crate::pushdown::executor::{Executor, Limits, reader};
use crate::pushdown::rule::PushDown;
use crate::pushdown::table::Rows;
use crate::quality::{CodecTable, Objectives};

/// What the SQL functions go by: editable, and the same for every project.
#[derive(Debug, Clone, Default)]
pub struct Definitions {
    /// What a good minute is.
    pub objectives: Objectives,
    /// What each codec is worth.
    pub codecs: CodecTable,
}

/// Why the tables cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// ClickHouse could not describe a table.
    #[error("read the columns of {table}")]
    Describe {
        /// The table.
        table: String,
        /// What went wrong.
        source: EndpointError,
    },
    /// DataFusion would not register something.
    #[error("set up the query engine")]
    Engine(#[from] datafusion::error::DataFusionError),
}

/// How a session's plans are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What ClickHouse can do, it is given.
    PushDown,
    /// ClickHouse gives rows and DataFusion does the rest: slow, and the measure of what is handed down.
    RowsOnly,
}

/// The tables of a store: their columns, read once, and how to ask for them.
#[derive(Debug, Clone)]
pub struct Catalog {
    reader: Endpoint,
    tables: Arc<Vec<(String, SchemaRef)>>,
    definitions: Arc<Definitions>,
}

impl Catalog {
    /// Reads the columns of every table at `endpoint`.
    pub async fn open(endpoint: &Endpoint, limits: &Limits, definitions: Definitions) -> Result<Catalog, CatalogError> {
        let reader = &reader(endpoint, limits);
        let described = Table::ALL.iter().map(|table| table.name()).chain(ROLLUPS.iter().copied()).map(|name| async move {
            let describe = |source| CatalogError::Describe { table: name.to_owned(), source };
            let sql = format!("SELECT * FROM {}.{} LIMIT 0", quoted(endpoint.database()), quoted(name));
            let mut cursor = reader.arrow(&sql).map_err(describe)?;
            while cursor.next().await.map_err(|error| describe(reader.error(error)))?.is_some() {}
            let schema = cursor.schema().unwrap_or_else(|| Arc::new(Schema::empty()));
            Ok::<_, CatalogError>((name.to_owned(), Arc::new(plain(&schema))))
        });
        let tables = futures::future::try_join_all(described).await?;
        Ok(Catalog { reader: reader.clone(), tables: Arc::new(tables), definitions: Arc::new(definitions) })
    }

    /// What the SQL functions go by.
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// The endpoint questions go to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.reader
    }

    /// A session that sees one project's rows and nothing else.
    pub fn session(&self, project: &str, mode: Mode) -> Result<SessionContext, CatalogError> {
        let executor = Executor::new(self.reader.clone(), project);
        let shared: Arc<dyn SQLExecutor> = Arc::new(executor.clone());
        let config = SessionConfig::new().with_information_schema(true).with_target_partitions(2);
        let mut rules = Optimizer::new().rules;
        if mode == Mode::PushDown {
            // ClickHouse finds common expressions itself, and a plan without them reads as it was written.
            rules.retain(|rule| rule.name() != "common_sub_expression_eliminate");
            rules.push(Arc::new(PushDown::new(Arc::clone(&shared))));
        }
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_default_features()
            .with_optimizer_rules(rules)
            .with_query_planner(Arc::new(FederatedQueryPlanner::new()))
            .build();
        let context = SessionContext::new_with_state(state);
        functions::register(&context, &self.definitions);
        let provider = Arc::new(SQLFederationProvider::new(shared));
        for (name, schema) in self.tables.iter() {
            let rows = Arc::new(Rows::new(name, Arc::clone(schema), executor.clone()));
            let remote = Arc::new(RemoteTable::new(datafusion::common::TableReference::bare(name.as_str()).into(), Arc::clone(schema)));
            let source = Arc::new(SQLTableSource::new_with_table(Arc::clone(&provider), remote));
            context.register_table(name.as_str(), Arc::new(FederatedTableProviderAdaptor::new_with_provider(source, rows)))?;
        }
        Ok(context)
    }
}

/// The schema with every timestamp in zone UTC, whatever name the server gives that zone, and labels as text, however it sends them.
fn plain(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Timestamp(_, _) => {
            Field::new(field.name(), DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), field.is_nullable())
        }
        DataType::Dictionary(_, labels) => Field::new(field.name(), labels.as_ref().clone(), field.is_nullable()),
        _ => field.as_ref().clone(),
    });
    Schema::new(fields.collect::<Vec<_>>())
}
