//! The table definitions: numbered SQL files, applied once each and in order, recorded with their hash. An applied file that has since changed is
//! refused: history is added to, never rewritten.
//!
//! The files share pieces, written `{{name}}` and kept in `schema/parts/`. `{{merge TABLE}}` stands for the sums of a rollup table's columns, read
//! off that table's own definition.

use sha2::{Digest, Sha256};

use crate::endpoint::{Endpoint, EndpointError};

const FILES: &[(u32, &str, &str)] = &[
    (1, "base", include_str!("../schema/0001_base.sql")),
    (2, "rollups", include_str!("../schema/0002_rollups.sql")),
    (3, "losses", include_str!("../schema/0003_losses.sql")),
    (4, "keys", include_str!("../schema/0004_keys.sql")),
    (5, "compact_parts", include_str!("../schema/0005_compact_parts.sql")),
    (6, "final_views", include_str!("../schema/0006_final_views.sql")),
    (7, "sessions_looked_over", include_str!("../schema/0007_sessions_looked_over.sql")),
    (8, "call_numbers", include_str!("../schema/0008_call_numbers.sql")),
];

const PARTS: &[(&str, &str)] = &[
    ("keys", include_str!("../schema/parts/keys.sql")),
    ("engine", include_str!("../schema/parts/engine.sql")),
    ("rollup_columns", include_str!("../schema/parts/rollup_columns.sql")),
    ("dims", include_str!("../schema/parts/dims.sql")),
    ("from_samples", include_str!("../schema/parts/from_samples.sql")),
    ("from_events", include_str!("../schema/parts/from_events.sql")),
    ("from_turns", include_str!("../schema/parts/from_turns.sql")),
    ("from_messages", include_str!("../schema/parts/from_messages.sql")),
];

/// The views over the rollups: what is asked, beside the base tables.
pub const ROLLUPS: &[&str] = &["session_minutes", "sessions", "user_hours"];

/// Why the tables could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// An applied file differs from the one in this program.
    #[error(
        "schema file {number} ({name}) was applied to this store in another form; this program cannot work on it: use the program that made the store, or another --store"
    )]
    Changed {
        /// Number of the file.
        number: u32,
        /// Name of the file.
        name: &'static str,
    },
    /// The store has files that this program does not know.
    #[error("the store was made by a newer qoe (schema file {number}, this program knows up to {known}): use that version or a later one")]
    Newer {
        /// Highest number applied.
        number: u32,
        /// Highest number known.
        known: u32,
    },
    /// A statement failed.
    #[error("apply schema file {number} ({name})")]
    Apply {
        /// Number of the file.
        number: u32,
        /// Name of the file.
        name: &'static str,
        /// What ClickHouse said.
        source: EndpointError,
    },
    /// ClickHouse could not be asked.
    #[error("read which schema files were applied")]
    Read(#[from] EndpointError),
}

/// Creates the database and applies what is missing.
pub async fn apply(endpoint: &Endpoint) -> Result<(), SchemaError> {
    endpoint.without_database().execute(&format!("CREATE DATABASE IF NOT EXISTS {}", quoted(endpoint.database()))).await?;
    endpoint
        .execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (number UInt32 COMMENT 'number of the schema file', name String COMMENT 'its name', \
             hash String COMMENT 'SHA-256 of its text', applied_at DateTime DEFAULT now() COMMENT 'when it was applied') \
             ENGINE = MergeTree ORDER BY number SETTINGS fsync_after_insert = 1, fsync_part_directory = 1",
        )
        .await?;
    let applied: Vec<(u32, String)> =
        endpoint.rows("SELECT number, any(hash) FROM schema_migrations GROUP BY number ORDER BY number").await?;
    let known = FILES.last().map_or(0, |(number, ..)| *number);
    if let Some((number, _)) = applied.iter().find(|(number, _)| *number > known) {
        return Err(SchemaError::Newer { number: *number, known });
    }
    for &(number, name, text) in FILES {
        let sql = expand(text);
        let hash = format!("{:x}", HexDigest(Sha256::digest(&sql)));
        match applied.iter().find(|(applied, _)| *applied == number) {
            Some((_, before)) if *before == hash => {}
            Some(_) => return Err(SchemaError::Changed { number, name }),
            None => apply_file(endpoint, number, name, &sql, &hash).await?,
        }
    }
    Ok(())
}

async fn apply_file(endpoint: &Endpoint, number: u32, name: &'static str, sql: &str, hash: &str) -> Result<(), SchemaError> {
    let failed = |source| SchemaError::Apply { number, name, source };
    for statement in statements(sql) {
        endpoint.execute(statement).await.map_err(failed)?;
    }
    endpoint
        .execute(&format!("INSERT INTO schema_migrations (number, name, hash) SELECT {number}, '{name}', '{hash}'"))
        .await
        .map_err(failed)
}

struct HexDigest<T>(T);

impl<T: AsRef<[u8]>> std::fmt::LowerHex for HexDigest<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A ClickHouse identifier, quoted.
pub fn quoted(identifier: &str) -> String {
    format!("`{}`", identifier.replace('\\', "\\\\").replace('`', "\\`"))
}

/// A ClickHouse string literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The statements of a file: separated by a semicolon that ends a line.
fn statements(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

/// The text with its `{{pieces}}` put in.
fn expand(text: &str) -> String {
    let mut sql = text.to_owned();
    for (name, part) in PARTS {
        sql = sql.replace(&format!("{{{{{name}}}}}"), part.trim_end());
    }
    while let Some(start) = sql.find("{{merge ") {
        let end = start + sql[start..].find("}}").expect("a piece is closed") + 2;
        let table = sql[start..end].trim_start_matches("{{merge ").trim_end_matches("}}").to_owned();
        sql.replace_range(start..end, &merge_columns(&sql, &table));
    }
    assert!(!sql.contains("{{"), "a schema file names a piece that does not exist");
    sql
}

/// `f(r.column) AS column` for each column of `table` declared `SimpleAggregateFunction(f, ...)`.
fn merge_columns(sql: &str, table: &str) -> String {
    let head = format!("CREATE TABLE IF NOT EXISTS {table} (");
    let start = sql.find(&head).expect("a merged table is defined in the same file") + head.len();
    let body = &sql[start..start + sql[start..].find("\n)").expect("a table definition is closed")];
    let sums: Vec<String> = body
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.trim().split_once(char::is_whitespace)?;
            let function = rest.trim().strip_prefix("SimpleAggregateFunction(")?.split(',').next()?;
            Some(format!("    {function}(r.{name}) AS {name}"))
        })
        .collect();
    sums.join(",\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_expands_into_statements() {
        for (number, name, text) in FILES {
            let sql = expand(text);
            assert!(statements(&sql).count() > 0 && !sql.contains("{{"), "{number} {name}");
        }
    }

    #[test]
    fn a_merge_sums_each_column_by_its_own_function() {
        let sql = expand(
            "CREATE TABLE IF NOT EXISTS t (\n  k String,\n  a SimpleAggregateFunction(sum, UInt64),\n  b SimpleAggregateFunction(min, Float64)\n) ENGINE = X;\nSELECT {{merge t}}",
        );
        assert!(sql.ends_with("SELECT     sum(r.a) AS a,\n    min(r.b) AS b"), "{sql}");
    }
}
