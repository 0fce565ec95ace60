//! The one way to ClickHouse: its HTTP interface.

use std::fmt;
use std::net::IpAddr;

use arrow::array::RecordBatch;
use bytes::Bytes;
use clickhouse::{Client, Compression};
use clickhouse_ext_arrow::{ArrowClientExt, ArrowCursor, ArrowQueryExt};

/// Why ClickHouse did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// It could not be reached, or did not answer.
    #[error("ClickHouse at {url} does not answer")]
    Unavailable {
        /// Where it should be.
        url: String,
        /// What was seen.
        source: clickhouse::error::Error,
    },
    /// It answered with an error.
    #[error("ClickHouse refused: {}", first_line(reason))]
    Refused {
        /// In its own words.
        reason: String,
    },
}

fn first_line(reason: &str) -> &str {
    reason.lines().next().unwrap_or(reason).trim()
}

impl EndpointError {
    /// Whether trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, EndpointError::Unavailable { .. })
    }

    /// ClickHouse's own error code, when it gave one.
    pub fn code(&self) -> Option<u32> {
        let EndpointError::Refused { reason } = self else { return None };
        let digits = reason.split_once("Code: ")?.1;
        digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }
}

/// A ClickHouse and the database in it that holds our tables.
#[derive(Clone)]
pub struct Endpoint {
    client: Client,
    url: String,
    database: String,
    user: String,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} as {}, database {})", self.url, self.user, self.database)
    }
}

impl Endpoint {
    /// The database used where none is named.
    pub const DEFAULT_DATABASE: &'static str = "qoe";

    /// A server at `url` (`http://host:8123`), as `user` with `password`.
    pub fn new(url: &str, user: &str, password: &str, database: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        let client = Client::default().with_url(&url).with_user(user).with_password(password).with_validation(false);
        Endpoint { client: client.with_database(database), url, database: database.to_owned(), user: user.to_owned() }
    }

    /// The same server, another database.
    pub fn with_database(&self, database: &str) -> Self {
        Endpoint { client: self.client.clone().with_database(database), database: database.to_owned(), ..self.clone() }
    }

    /// The same database and user, reached at another address.
    pub fn at(&self, url: &str) -> Self {
        Endpoint { client: self.client.clone().with_url(url), url: url.to_owned(), ..self.clone() }
    }

    pub(crate) fn without_database(&self) -> Self {
        self.with_database("default")
    }

    /// The same, with a ClickHouse setting on every request.
    pub fn with_setting(&self, name: &str, value: &str) -> Self {
        Endpoint { client: self.client.clone().with_setting(name, value), ..self.clone() }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database that holds our tables.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Runs a statement that gives no rows.
    pub async fn execute(&self, sql: &str) -> Result<(), EndpointError> {
        self.client.query_raw(sql).execute().await.map_err(|source| self.error(source))
    }

    /// Reads all rows of a small answer.
    pub async fn rows<T>(&self, sql: &str) -> Result<Vec<T>, EndpointError>
    where
        T: clickhouse::RowOwned + clickhouse::RowRead,
    {
        self.client.query_raw(sql).fetch_all::<T>().await.map_err(|source| self.error(source))
    }

    /// Asks for an answer in Arrow, batch by batch: [`ArrowCursor::next`], whose errors go through [`Endpoint::error`].
    pub fn arrow(&self, sql: &str) -> Result<ArrowCursor, EndpointError> {
        // What leaves the machine is packed as a whole.
        let client = self.carrying().with_setting("output_format_arrow_compression_method", "none");
        client.query_raw(sql).fetch_arrow().map_err(|source| self.error(source))
    }

    /// Inserts one batch as one insert under `token`: the same token again, within the deduplication window, changes nothing.
    pub async fn insert(&self, table: &str, batch: &RecordBatch, token: &str) -> Result<(), EndpointError> {
        self.insert_all(table, std::slice::from_ref(batch), token).await
    }

    /// The same with rows in several batches of one schema.
    pub async fn insert_all(&self, table: &str, batches: &[RecordBatch], token: &str) -> Result<(), EndpointError> {
        let insert = async {
            let mut insert = self.inserting(token).insert_arrow(table)?;
            for batch in batches {
                insert.write(batch).await?;
            }
            insert.end().await
        };
        insert.await.map_err(|source| self.error(source))
    }

    /// The same with an Arrow IPC stream of these columns, in pieces that are sent as they stand.
    pub async fn insert_stream(&self, table: &str, columns: &[String], stream: Vec<Bytes>, token: &str) -> Result<(), EndpointError> {
        let insert = async {
            let sql = format!("INSERT INTO {table} ({}) FORMAT ArrowStream", columns.join(", "));
            let mut insert = self.inserting(token).insert_formatted_with(sql);
            for piece in stream {
                insert.send(piece).await?;
            }
            insert.end().await
        };
        insert.await.map_err(|source| self.error(source))
    }

    /// For much at a time: within one machine packing costs more than carrying.
    fn carrying(&self) -> Client {
        let compression = if is_loopback(&self.url) { Compression::None } else { Compression::Lz4 };
        self.client.clone().with_compression(compression)
    }

    fn inserting(&self, token: &str) -> Client {
        self.carrying()
            .with_setting("async_insert", "0")
            .with_setting("insert_deduplication_token", token)
            .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1")
    }

    /// Whether it answers, as the user we are.
    pub async fn ping(&self) -> Result<(), EndpointError> {
        self.without_database().execute("SELECT 1").await
    }

    /// What an error of the client means.
    pub fn error(&self, source: clickhouse::error::Error) -> EndpointError {
        match source {
            clickhouse::error::Error::BadResponse(reason) => EndpointError::Refused { reason },
            clickhouse::error::Error::InvalidParams(source) => EndpointError::Refused { reason: source.to_string() },
            clickhouse::error::Error::Other(source) => EndpointError::Refused { reason: source.to_string() },
            source => EndpointError::Unavailable { url: self.url.clone(), source },
        }
    }
}

/// Whether what is sent to this address stays on this machine.
fn is_loopback(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_on_the_machine_goes_unpacked() {
        for here in ["http://127.0.0.1:8123", "http://localhost:8123/", "http://LOCALHOST", "http://[::1]:8123", "http://127.9.9.9"] {
            assert!(is_loopback(here), "{here}");
        }
        for away in
            ["http://10.0.0.1:8123", "https://localhost.example:8443", "http://clickhouse:8123", "http://[fd00::1]:8123", "127.0.0.1"]
        {
            assert!(!is_loopback(away), "{away}");
        }
    }
}
