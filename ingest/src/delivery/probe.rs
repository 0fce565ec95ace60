//! A table that refuses what the real one would, and keeps nothing: what is tried on it costs no disk.
//!
//! It has the columns and constraints of the table, and none of its views: rows that only a view refuses are not found by it.

use arrow::array::RecordBatch;
use qoe_store::{Endpoint, EndpointError};

/// Such a table; there is one for each spool and table, while rows are being looked for.
pub(super) struct Probe {
    endpoint: Endpoint,
    name: String,
}

impl Probe {
    /// Makes it anew, as the table is now.
    pub async fn make(endpoint: &Endpoint, table: &str, spool_id: &str) -> Result<Probe, EndpointError> {
        let name = format!("{table}_probe_{}", spool_id.replace('-', ""));
        // A process that died may have left one, of a table that was altered since.
        endpoint.execute(&format!("DROP TABLE IF EXISTS {name} SYNC")).await?;
        endpoint.execute(&format!("CREATE TABLE {name} AS {table} ENGINE = Null")).await?;
        Ok(Probe { endpoint: endpoint.clone(), name })
    }

    /// Offers rows to it.
    pub async fn takes(&self, batches: &[RecordBatch]) -> Result<(), EndpointError> {
        self.endpoint.insert_all(&self.name, batches, "").await
    }

    /// Removes it. If that cannot be done the next to be made does.
    pub async fn remove(self) {
        if let Err(error) = self.endpoint.execute(&format!("DROP TABLE IF EXISTS {} SYNC", self.name)).await {
            tracing::debug!(%error, table = self.name, "an empty table is left");
        }
    }
}
