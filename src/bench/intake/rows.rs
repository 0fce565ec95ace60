//! The rows both sides are given: a simulated fleet's, as batches of the wire format and as ClickHouse's own JSON.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::Context as _;
use arrow::json::LineDelimitedWriter;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use qoe_fixtures::{Fleet, FleetConfig};
use qoe_store::{Delivery, Millis, Row, Sample};
use serde_json::{Map, Value};

/// The project all rows belong to.
pub const PROJECT: &str = "bench";
/// Four minutes of a service of 400 sessions.
const SPAN_MS: i64 = 240_000;
const SESSIONS: usize = 400;
const SEED: u64 = 1;

/// Columns that are ours to fill.
const OURS: [&str; 4] = ["spool_id", "batch_seq", "received_at", "sent_at"];

/// A row's own fields, and those it shares with its session's.
struct Told {
    context: Map<String, Value>,
    at: i64,
    measures: Map<String, Value>,
    flat: Map<String, Value>,
}

/// Samples of a fleet that ends now, session after session as clients hold them.
pub fn samples(now: Millis) -> Vec<Sample> {
    let start = Millis(now.0 - SPAN_MS);
    let config =
        FleetConfig { concurrent_sessions: SESSIONS, start, live_from: start, incident: None, ..FleetConfig::demo(PROJECT, SEED, now) };
    let mut samples = Fleet::new(config).advance(now).Samples;
    samples.sort_by(|a, b| a.keys.session_id.cmp(&b.keys.session_id).then(a.stamp.observed_at.cmp(&b.stamp.observed_at)));
    samples
}

/// Bodies to post in turn, each of so many rows.
pub struct Bodies {
    bodies: Vec<Bytes>,
    /// Rows in each.
    pub rows: usize,
    next: AtomicU64,
}

impl Bodies {
    /// The next body.
    pub fn next(&self) -> &Bytes {
        let index = self.next.fetch_add(1, Relaxed) as usize % self.bodies.len();
        &self.bodies[index]
    }

    /// Mean length of a row, bytes.
    pub fn bytes_per_row(&self) -> f64 {
        let bytes: usize = self.bodies.iter().map(Bytes::len).sum();
        bytes as f64 / (self.bodies.len() * self.rows) as f64
    }

    fn new(bodies: Vec<Bytes>, rows: usize) -> anyhow::Result<Bodies> {
        anyhow::ensure!(!bodies.is_empty(), "the fleet gave no batch of {rows} rows");
        Ok(Bodies { bodies, rows, next: AtomicU64::new(0) })
    }
}

/// The same rows in both forms.
pub struct Rows(Vec<Told>);

impl Rows {
    /// Reads them off the columns they would be stored in.
    pub fn of(samples: &[Sample]) -> anyhow::Result<Rows> {
        let batch = Sample::batch(samples, &Delivery { spool_id: "".into(), batch_seq: 0 });
        let schema = batch.schema();
        let shared: Vec<&str> =
            schema.fields().iter().map(|field| field.name().as_str()).take_while(|name| *name != "observed_at").collect();
        let mut text = Vec::new();
        LineDelimitedWriter::new(&mut text).write(&batch).context("write the rows as JSON")?;
        let told = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).zip(samples).map(|(line, sample)| {
            let stated: Map<String, Value> = serde_json::from_slice(line)?;
            Ok(Told::of(stated, &shared, sample))
        });
        Ok(Rows(told.collect::<anyhow::Result<_>>()?))
    }

    /// Batches of the wire format, each of one session's rows.
    pub fn batches(&self, rows: usize) -> anyhow::Result<Bodies> {
        let sessions = self.0.chunk_by(|a, b| a.context == b.context);
        let whole = sessions.flat_map(|session| session.chunks_exact(rows));
        Bodies::new(whole.map(batch).collect(), rows)
    }

    /// NDJSON of many sessions, each below its context, in gzip, as a relay sends.
    pub fn relayed(&self, rows: usize) -> anyhow::Result<Bodies> {
        let bodies: std::io::Result<_> = self.0.chunks_exact(rows).map(|rows| gzip(&ndjson(rows))).collect();
        Bodies::new(bodies?, rows)
    }

    /// The same as `JSONEachRow`; the rows of each body are those of a batch.
    pub fn inserts(&self, rows: usize) -> anyhow::Result<Bodies> {
        let sessions = self.0.chunk_by(|a, b| a.context == b.context);
        let whole = sessions.flat_map(|session| session.chunks_exact(rows));
        Bodies::new(whole.map(each_row).collect(), rows)
    }

    /// `JSONEachRow` of many sessions.
    pub fn bulk_inserts(&self, rows: usize) -> anyhow::Result<Bodies> {
        Bodies::new(self.0.chunks_exact(rows).map(each_row).collect(), rows)
    }
}

impl Told {
    fn of(stated: Map<String, Value>, shared: &[&str], sample: &Sample) -> Told {
        let stated = stated.into_iter().filter(|(_, value)| !is_absent(value));
        let mut told = Told { context: Map::new(), at: sample.stamp.client_at.0, measures: Map::new(), flat: Map::new() };
        for (name, value) in stated {
            let flat = match name.as_str() {
                // Everybody's clock here is the same.
                "first_seen" | "observed_at" | "client_at" | "sent_at" | "received_at" => clock_face(&value),
                _ => value.clone(),
            };
            if name != "spool_id" && name != "batch_seq" {
                told.flat.insert(name.clone(), flat);
            }
            if name == "first_seen" {
                told.context.insert(name, sample.keys.first_seen.map(|at| at.0).into());
            } else if shared.contains(&name.as_str()) {
                told.context.insert(name, value);
            } else if !OURS.contains(&name.as_str()) && name != "observed_at" && name != "client_at" {
                told.measures.insert(name, value);
            }
        }
        told
    }

    fn row(&self) -> String {
        let measures = Value::Object(self.measures.clone()).to_string();
        format!(r#"{{"type":"sample","at":{},{}"#, self.at, measures.trim_start_matches('{'))
    }
}

/// What a sender would leave out.
fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// As ClickHouse reads times fastest.
fn clock_face(value: &Value) -> Value {
    let read = value.as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
    read.map_or(Value::Null, |at| at.format("%Y-%m-%d %H:%M:%S%.3f").to_string().into())
}

fn batch(rows: &[Told]) -> Bytes {
    let context = rows.first().map(|row| Value::Object(row.context.clone()).to_string()).unwrap_or_default();
    let rows: Vec<String> = rows.iter().map(Told::row).collect();
    format!(r#""context":{context},"rows":[{}]}}"#, rows.join(",")).into()
}

fn ndjson(rows: &[Told]) -> Bytes {
    let mut by_session: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        by_session.entry(Value::Object(row.context.clone()).to_string()).or_default().push(row.row());
    }
    let sections = by_session.into_iter().map(|(context, rows)| {
        let context = context.trim_start_matches('{');
        format!("{{\"type\":\"context\",{context}\n{}\n", rows.join("\n"))
    });
    sections.collect::<String>().into()
}

fn gzip(body: &[u8]) -> std::io::Result<Bytes> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(body)?;
    Ok(packed.finish()?.into())
}

fn each_row(rows: &[Told]) -> Bytes {
    rows.iter().map(|row| Value::Object(row.flat.clone()).to_string() + "\n").collect::<String>().into()
}

/// A batch as a client sends it now: under a name of its own, so that none is taken for one that came before.
pub fn fresh(body: &Bytes) -> Bytes {
    let (id, now) = (uuid::Uuid::new_v4(), Utc::now().timestamp_millis());
    [format!(r#"{{"batch_id":"{id}","sent_at":{now},"#).as_bytes(), body].concat().into()
}
