//! Rows of a file that are there more than once.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::count_distinct;
use datafusion::prelude::ident;
use futures::StreamExt;

use super::Input;
use super::source::TABLE;

/// Rows that are equal to one before in every column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated {
    /// How many.
    pub again: u64,
    /// Of so many rows.
    pub rows: u64,
    /// Whether each was counted once: rows are one a session, and say which.
    pub once: bool,
}

/// Columns that tell sessions apart.
const SESSION: [&str; 2] = ["session_id", "session"];

/// Fewer different rows than this are said to be alike by chance: our choice.
const MIN_ROWS: u64 = 30;

impl Input {
    /// The rows, each once where the different ones are of as many sessions; and how many are there again. `None` where all rows differ, or where rows say so
    /// little that being alike means nothing: no column tells half of the different rows apart (our choice).
    ///
    /// Rows that cannot be read are told of by whoever asks for them.
    pub async fn once(self) -> (Input, Option<Repeated>) {
        match self.again().await {
            Ok(Some(repeated)) if repeated.once => match self.distinct().await {
                Ok(input) => (input, Some(repeated)),
                Err(_) => (self, Some(Repeated { once: false, ..repeated })),
            },
            Ok(repeated) => (self, repeated),
            Err(_) => (self, None),
        }
    }

    async fn again(&self) -> Result<Option<Repeated>> {
        let data = self.context.table(TABLE).await?;
        let columns: Vec<String> = data.schema().fields().iter().map(|field| field.name().clone()).collect();
        let mut hashes: Vec<u64> = Vec::new();
        let state = RandomState::with_seed(1);
        let mut batches = data.clone().execute_stream().await?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let from = hashes.len();
            hashes.resize(from + batch.num_rows(), 0);
            create_hashes(batch.columns(), &state, &mut hashes[from..])?;
        }
        let rows = hashes.len() as u64;
        hashes.sort_unstable();
        hashes.dedup();
        let different = hashes.len() as u64;
        if rows == different {
            return Ok(None);
        }
        let values = self.values(&columns).await?;
        let once = columns.iter().zip(&values).any(|(column, values)| SESSION.contains(&column.as_str()) && *values == different);
        if !once && (different < MIN_ROWS || values.iter().all(|values| values * 2 < different)) {
            return Ok(None);
        }
        Ok(Some(Repeated { again: rows - different, rows, once }))
    }

    /// How many values each column has.
    async fn values(&self, columns: &[String]) -> Result<Vec<u64>> {
        let counted = columns.iter().enumerate().map(|(at, column)| count_distinct(ident(column)).alias(format!("c{at}")));
        let counted = self.context.table(TABLE).await?.aggregate(Vec::new(), counted.collect())?;
        let batches = counted.collect().await?;
        let counts = batches.iter().flat_map(|batch| batch.columns());
        Ok(counts.flat_map(|column| column.as_primitive::<Int64Type>().values()).map(|count| *count as u64).collect())
    }

    async fn distinct(&self) -> Result<Input> {
        let once = self.context.table(TABLE).await?.distinct()?.into_view();
        self.context.deregister_table(TABLE)?;
        self.context.register_table(TABLE, once)?;
        Ok(self.clone())
    }
}
