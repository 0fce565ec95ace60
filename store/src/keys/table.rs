//! The keys and the audit in ClickHouse.

use serde::Deserialize;

use super::{AccessKey, Kind, MintError, Origin, Proof, Rates, Reason, secret};
use crate::endpoint::{Endpoint, EndpointError};
use crate::rows::Millis;
use crate::schema::literal;

/// Most keys of a store, revoked ones included: a server holds them all in memory.
pub const MAX_KEYS: usize = 10_000;

/// Why something could not be done with the keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// They could not be read.
    #[error("read the access keys")]
    Read(#[source] EndpointError),
    /// A key could not be written.
    #[error("write access key {id}")]
    Write {
        /// Which.
        id: String,
        /// What ClickHouse said.
        source: EndpointError,
    },
    /// Audit or uses could not be written.
    #[error("write {rows} rows into {table}")]
    Record {
        /// The table.
        table: &'static str,
        /// How many.
        rows: usize,
        /// What ClickHouse said.
        source: EndpointError,
    },
    /// There is no such key.
    #[error("there is no key {id:?}: `qoe keys list` shows them all; the id is what follows wk_ or rk_, ten letters")]
    NoSuchKey {
        /// As it was asked for.
        id: String,
    },
    /// There are too many.
    #[error("the store holds {MAX_KEYS} keys, which is the most it takes, revoked ones included")]
    Full,
    /// No key could be made.
    #[error(transparent)]
    Mint(#[from] MintError),
}

/// A key that is wanted.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What for.
    pub kind: Kind,
    /// Of which projects.
    pub projects: Vec<String>,
    /// Whose pages may send with it.
    pub origins: Vec<Origin>,
    /// How much is taken under it.
    pub rates: Rates,
    /// In the maker's words.
    pub note: String,
}

/// A key that was made, and its text, which is told once.
#[derive(Debug, Clone)]
pub struct Issued {
    /// What is kept.
    pub key: AccessKey,
    /// What is handed over.
    pub text: String,
}

/// Makes a key, without keeping it.
pub fn issue(wanted: NewKey, now: Millis) -> Result<Issued, MintError> {
    let NewKey { kind, projects, origins, rates, note } = wanted;
    let secret::Minted { id, text, proof } = secret::mint(kind)?;
    let key = AccessKey { id, kind, projects, proof, origins, rates, note, created_at: now, revoked_at: None, last_used_at: None };
    Ok(Issued { key, text })
}

/// Makes a key and keeps it. `actor` is who did it, for the audit, which is written first: no key without its row.
pub async fn create(endpoint: &Endpoint, wanted: NewKey, actor: &str, now: Millis) -> Result<Issued, KeyError> {
    let keys: Vec<u64> = endpoint.rows("SELECT uniqExact(key_id) FROM access_keys").await.map_err(KeyError::Read)?;
    if keys.first().is_some_and(|keys| *keys >= MAX_KEYS as u64) {
        return Err(KeyError::Full);
    }
    let issued = issue(wanted, now)?;
    record(endpoint, &[Audited::done("create", &issued.key, actor, now)]).await?;
    put(endpoint, &issued.key, Version::Created).await?;
    Ok(issued)
}

/// Revokes a key, and tells how it stood before: a key that was revoked already stays as it is.
pub async fn revoke(endpoint: &Endpoint, id: &str, actor: &str, now: Millis) -> Result<AccessKey, KeyError> {
    let mut found = read(endpoint, &format!("WHERE key_id = {}", literal(id))).await?;
    let key = found.pop().ok_or_else(|| KeyError::NoSuchKey { id: id.to_owned() })?;
    if key.revoked_at.is_none() {
        record(endpoint, &[Audited::done("revoke", &key, actor, now)]).await?;
        put(endpoint, &AccessKey { revoked_at: Some(now), ..key.clone() }, Version::Revoked).await?;
    }
    Ok(key)
}

/// Every key, the oldest first, revoked ones too.
pub async fn all(endpoint: &Endpoint) -> Result<Vec<AccessKey>, KeyError> {
    read(endpoint, "").await
}

#[derive(Debug, clickhouse::Row, Deserialize)]
struct KeyRow {
    key_id: String,
    kind: String,
    projects: Vec<String>,
    public_key: String,
    salt: String,
    hash: String,
    origins: Vec<String>,
    rows_per_second: u32,
    batches_per_second: u32,
    note: String,
    created_at_ms: i64,
    revoked_at_ms: Option<i64>,
    last_used_at_ms: Option<i64>,
}

async fn read(endpoint: &Endpoint, condition: &str) -> Result<Vec<AccessKey>, KeyError> {
    let sql = format!(
        "SELECT key_id, toString(kind), projects, public_key, salt, hash, origins, rows_per_second, batches_per_second, note, \
         toUnixTimestamp64Milli(created_at) AS created_at_ms, toUnixTimestamp64Milli(revoked_at) AS revoked_at_ms, \
         toUnixTimestamp64Milli(last_used_at) AS last_used_at_ms FROM access_keys_now {condition} ORDER BY created_at, key_id LIMIT {MAX_KEYS}"
    );
    let rows: Vec<KeyRow> = endpoint.rows(&sql).await.map_err(KeyError::Read)?;
    Ok(rows.into_iter().filter_map(key).collect())
}

/// The key of a row. One that this program does not understand, as a newer one may have written it, opens nothing.
fn key(row: KeyRow) -> Option<AccessKey> {
    let kind = [Kind::Write, Kind::Read].into_iter().find(|kind| kind.as_str() == row.kind);
    let origins: Result<Vec<Origin>, _> = row.origins.iter().map(|origin| origin.parse()).collect();
    let (Some(kind), Ok(origins)) = (kind, origins) else {
        tracing::warn!(
            key_id = row.key_id,
            kind = row.kind,
            "a key is of a kind or has an origin that this version does not know: it is not used"
        );
        return None;
    };
    let proof = match kind {
        Kind::Write => Proof::Public(row.public_key),
        Kind::Read => Proof::Hashed { salt: row.salt, hash: row.hash },
    };
    Some(AccessKey {
        id: row.key_id,
        kind,
        projects: row.projects,
        proof,
        origins,
        rates: Rates { rows_per_second: row.rows_per_second, batches_per_second: row.batches_per_second },
        note: row.note,
        created_at: Millis(row.created_at_ms),
        revoked_at: row.revoked_at_ms.map(Millis),
        last_used_at: row.last_used_at_ms.map(Millis),
    })
}

/// A key has two states, so two versions.
#[derive(Debug, Clone, Copy)]
enum Version {
    Created = 1,
    Revoked = 2,
}

async fn put(endpoint: &Endpoint, key: &AccessKey, version: Version) -> Result<(), KeyError> {
    let (public, salt, hash) = match &key.proof {
        Proof::Public(text) => (text.as_str(), "", ""),
        Proof::Hashed { salt, hash } => ("", salt.as_str(), hash.as_str()),
    };
    let values = [
        literal(&key.id),
        literal(key.kind.as_str()),
        list(key.projects.iter().map(String::as_str)),
        literal(public),
        literal(salt),
        literal(hash),
        list(key.origins.iter().map(Origin::as_str)),
        key.rates.rows_per_second.to_string(),
        key.rates.batches_per_second.to_string(),
        literal(&key.note),
        moment(key.created_at),
        key.revoked_at.map_or("NULL".to_owned(), moment),
        (version as u8).to_string(),
    ];
    let sql = format!(
        "INSERT INTO access_keys (key_id, kind, projects, public_key, salt, hash, origins, rows_per_second, batches_per_second, note, created_at, \
         revoked_at, version) VALUES ({})",
        values.join(", ")
    );
    insert(endpoint, &sql).await.map_err(|source| KeyError::Write { id: key.id.clone(), source })
}

/// A row of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: String,
    /// What: create, revoke or refuse.
    pub action: &'static str,
    /// Why, of a refusal.
    pub reason: Option<Reason>,
    /// Which key; empty: none that is known.
    pub key_id: String,
    /// Which project; empty: none that is known.
    pub project: String,
    /// How many times.
    pub times: u64,
}

impl Audited {
    fn done(action: &'static str, key: &AccessKey, actor: &str, now: Millis) -> Self {
        let project = key.projects.join(", ");
        Audited { at: now, actor: actor.to_owned(), action, reason: None, key_id: key.id.clone(), project, times: 1 }
    }
}

/// Writes rows of the audit.
pub async fn record(endpoint: &Endpoint, rows: &[Audited]) -> Result<(), KeyError> {
    let values: Vec<String> = rows
        .iter()
        .map(|row| {
            let reason = row.reason.map_or("", Reason::as_str);
            let [actor, action, reason, key_id, project] = [row.actor.as_str(), row.action, reason, &row.key_id, &row.project].map(literal);
            format!("({}, {actor}, {action}, {reason}, {key_id}, {project}, {})", moment(row.at), row.times)
        })
        .collect();
    insert_rows(endpoint, "audit", "at, actor, action, reason, key_id, project, times", &values).await
}

/// Writes when keys were last used.
pub(super) async fn record_uses(endpoint: &Endpoint, uses: &[(String, Millis)]) -> Result<(), KeyError> {
    let values: Vec<String> = uses.iter().map(|(key_id, at)| format!("({}, {})", literal(key_id), moment(*at))).collect();
    insert_rows(endpoint, "access_key_uses", "key_id, last_used_at", &values).await
}

async fn insert_rows(endpoint: &Endpoint, table: &'static str, columns: &str, values: &[String]) -> Result<(), KeyError> {
    if values.is_empty() {
        return Ok(());
    }
    let sql = format!("INSERT INTO {table} ({columns}) VALUES {}", values.join(", "));
    insert(endpoint, &sql).await.map_err(|source| KeyError::Record { table, rows: values.len(), source })
}

/// Each insert has a name of its own, so that one that looks like an earlier one is not taken for it.
async fn insert(endpoint: &Endpoint, sql: &str) -> Result<(), EndpointError> {
    let token = uuid::Uuid::new_v4().simple().to_string();
    endpoint.with_setting("async_insert", "0").with_setting("insert_deduplication_token", &token).execute(sql).await
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", texts.map(literal).collect::<Vec<_>>().join(", "))
}

fn moment(at: Millis) -> String {
    format!("fromUnixTimestamp64Milli({}, 'UTC')", at.0)
}
