//! From rows to columns: one group of rows as a frame, its tables each as one Arrow IPC message that goes to ClickHouse as it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, TimestampMillisecondArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::writer::{DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, write_message};
use qoe_store::{Delivery, Label, Millis, Records, Table};

use super::frame::{Draft, Entry, Kind, Part, Rows, SchemaOf, Share};

const DAY_MS: i64 = 86_400_000;
/// What ends an Arrow stream: a continuation marker and a length of zero.
pub const END_OF_STREAM: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// Turns rows into frames.
#[derive(Default)]
pub struct Encoder {
    generator: IpcDataGenerator,
    options: IpcWriteOptions,
    context: IpcWriteContext,
    schemas: BTreeMap<Table, Arc<SchemaOf>>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("schemas", &self.schemas).finish_non_exhaustive()
    }
}

/// Rows that are written together, and what is to be remembered with them.
#[derive(Debug, Default)]
pub struct Group {
    /// The rows.
    pub records: Records,
    /// The clients' batches they came in.
    pub entries: Vec<Entry>,
    /// Rows by project.
    pub projects: BTreeMap<Label, u64>,
}

impl Group {
    /// What each project has of so many bytes, by its rows.
    pub fn shares(&self, bytes: u64) -> Vec<Share> {
        let rows = self.projects.values().sum::<u64>().max(1);
        self.projects.iter().map(|(project, of)| Share { project: project.to_string(), bytes: bytes * of / rows }).collect()
    }
}

impl Encoder {
    /// The schema of a table's rows.
    pub fn schema(&mut self, table: Table) -> Result<Arc<SchemaOf>, ArrowError> {
        if let Some(schema) = self.schemas.get(&table) {
            return Ok(schema.clone());
        }
        let schema = Arc::new(self.encode_schema(&table.schema())?);
        self.schemas.insert(table, schema.clone());
        Ok(schema)
    }

    fn encode_schema(&self, schema: &Schema) -> Result<SchemaOf, ArrowError> {
        let mut tracker = DictionaryTracker::new(false);
        let encoded = self.generator.schema_to_bytes_with_dictionary_tracker(schema, &mut tracker, &self.options);
        let mut message = Vec::new();
        self.message(encoded, &mut message)?;
        Ok(SchemaOf::new(message))
    }

    /// Writes one batch of rows as a message behind `out`.
    pub fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        let mut tracker = DictionaryTracker::new(false);
        let (_, encoded) = self.generator.encode(batch, &mut tracker, &self.options, &mut self.context)?;
        self.message(encoded, out)
    }

    fn message(&self, encoded: EncodedData, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        out.reserve(encoded.ipc_message.len() + encoded.arrow_data.len() + 64);
        write_message(out, encoded, &self.options)?;
        Ok(())
    }

    /// The frame of a group, to be written under the number that its rows carry.
    pub fn group(&mut self, group: &Group, provenance: &Delivery, at: Millis) -> Result<Draft, ArrowError> {
        let mut head = Rows { days: days(&group.records), entries: group.entries.clone(), ..Rows::default() };
        let mut body = Vec::new();
        let mut rows = 0;
        for (table, batch) in group.records.batches(provenance) {
            let schema = self.schema(table)?;
            for batch in by_day(batch)? {
                let start = body.len();
                self.rows(&batch, &mut body)?;
                rows += batch.num_rows() as u32;
                head.parts.push(Part {
                    table: table.name().to_owned(),
                    schema: schema.id,
                    rows: batch.num_rows() as u32,
                    bytes: (body.len() - start) as u32,
                });
            }
        }
        head.shares = group.shares(body.len() as u64);
        Ok(Draft { kind: Kind::Rows, at, rows, head: head.write(), body })
    }
}

/// The rows in one batch a day. ClickHouse stores rows of different days apart, so that of an insert which failed it may have some days and not the
/// others: parts of one day it has wholly or not at all.
fn by_day(batch: RecordBatch) -> Result<Vec<RecordBatch>, ArrowError> {
    let Some(moments) = moments(&batch) else { return Ok(vec![batch]) };
    let day = |at: &i64| at.div_euclid(DAY_MS);
    // Nearly always all are of one.
    if moments.values().iter().min().map(day) == moments.values().iter().max().map(day) {
        return Ok(vec![batch]);
    }
    let days: Vec<i64> = moments.values().iter().map(day).collect();
    let distinct: BTreeSet<i64> = days.iter().copied().collect();
    let of = |day: i64| filter_record_batch(&batch, &days.iter().map(|of| Some(*of == day)).collect());
    distinct.into_iter().map(of).collect()
}

/// The day of the first row, since 1970.
pub(crate) fn day_of(batch: &RecordBatch) -> Option<i32> {
    let first = moments(batch)?.values().first()?;
    i32::try_from(first.div_euclid(DAY_MS)).ok()
}

fn moments(batch: &RecordBatch) -> Option<&TimestampMillisecondArray> {
    batch.column_by_name("observed_at")?.as_primitive_opt()
}

/// First and last day of the rows in tables that are partitioned by day.
fn days(records: &Records) -> (i32, i32) {
    let day = |at: Millis| i32::try_from(at.0.div_euclid(DAY_MS)).unwrap_or(i32::MAX);
    records.span_by_day().map_or((i32::MAX, i32::MIN), |(first, last)| (day(first), day(last)))
}
