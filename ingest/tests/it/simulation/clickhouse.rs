//! ClickHouse as far as delivery depends on it: tables, partitions, a memory of tokens, and all the ways an insert can go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{TimestampMillisecondType, UInt64Type};
use arrow::ipc::reader::StreamReader;
use qoe_ingest::delivery::shipment::Day;
use qoe_store::EndpointError;
use rand::{Rng, RngExt};

/// What is special about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    Sound,
    /// Its table will not have it.
    Poison,
    /// Its table has it, and a view of the table will not.
    ViewPoison,
}

impl Nature {
    pub fn mark(self) -> &'static str {
        match self {
            Nature::Sound => "sound",
            Nature::Poison => "poison",
            Nature::ViewPoison => "view",
        }
    }
}

/// A row as it came.
#[derive(Debug, Clone)]
struct Row {
    id: String,
    mark: String,
    frame: u64,
    /// Its partition.
    day: i32,
}

#[derive(Debug, Default)]
pub struct ClickHouse {
    /// How often each row is there, by table and id.
    pub rows: BTreeMap<(String, String), u32>,
    pub dead_letters: BTreeMap<(String, String), u32>,
    pub days: BTreeMap<(String, Day), u64>,
    /// Token and partition of what was stored.
    pub tokens: BTreeSet<(String, i32)>,
    pub is_down: bool,
    /// When it and its machine started, by no clock.
    pub started: i64,
    pub booted: i64,
    /// Whether anything goes wrong by chance.
    pub is_well: bool,
    pub forgot_tokens: bool,
}

fn refuse_poison<'a>(mut rows: impl Iterator<Item = &'a Row>) -> Result<(), EndpointError> {
    if rows.any(|row| row.mark == Nature::Poison.mark()) {
        return Err(refused("Code: 349. DB::Exception: Cannot convert NULL value to non-Nullable type"));
    }
    Ok(())
}

fn refused(reason: &str) -> EndpointError {
    EndpointError::Refused { reason: reason.to_owned() }
}

impl ClickHouse {
    pub fn restart(&mut self, now: i64) {
        self.started = now;
    }

    /// Its machine starts again, and the log of tokens is perhaps not what it was.
    pub fn reboot(&mut self, now: i64, rng: &mut impl Rng) {
        self.restart(now);
        self.booted = now;
        if rng.random_bool(0.7) {
            self.forget_tokens();
        }
    }

    pub fn forget_tokens(&mut self) {
        self.tokens.clear();
        self.forgot_tokens = true;
    }

    /// A stream of Arrow messages for a table.
    pub fn insert(&mut self, table: &str, stream: &[u8], token: &str, rng: &mut impl Rng) -> Result<(), EndpointError> {
        let batches: Result<Vec<RecordBatch>, _> = StreamReader::try_new(Cursor::new(stream), None).unwrap().collect();
        self.insert_batches(table, &batches.unwrap(), token, rng)
    }

    pub fn insert_batches(&mut self, table: &str, batches: &[RecordBatch], token: &str, rng: &mut impl Rng) -> Result<(), EndpointError> {
        self.trouble(rng, 0.15)?;
        let mut partitions: BTreeMap<i32, Vec<Row>> = BTreeMap::new();
        for row in batches.iter().flat_map(rows) {
            partitions.entry(row.day).or_default().push(row);
        }
        refuse_poison(partitions.values().flatten())?;
        for (partition, rows) in partitions {
            let view_refuses = rows.iter().any(|row| row.mark == Nature::ViewPoison.mark());
            if self.tokens.insert((token.to_owned(), partition)) {
                for row in rows {
                    *self.rows.entry((table.to_owned(), row.id)).or_default() += 1;
                    *self.days.entry((table.to_owned(), (row.frame, row.day))).or_default() += 1;
                }
            }
            if view_refuses {
                return Err(refused("Code: 27. DB::Exception: Cannot parse input: while pushing to view"));
            }
            // Stored, in part or wholly, and nobody learns of it.
            self.trouble(rng, 0.1)?;
        }
        Ok(())
    }

    pub fn bury(&mut self, table: &str, rows_of: &[RecordBatch], token: &str, rng: &mut impl Rng) -> Result<(), EndpointError> {
        self.trouble(rng, 0.15)?;
        if self.tokens.insert((token.to_owned(), 0)) {
            for row in rows_of.iter().flat_map(rows) {
                *self.dead_letters.entry((table.to_owned(), row.id)).or_default() += 1;
            }
        }
        self.trouble(rng, 0.1)
    }

    /// Whether a table without views would take these rows.
    pub fn probe(&self, batches: &[RecordBatch], rng: &mut impl Rng) -> Result<(), EndpointError> {
        self.trouble(rng, 0.1)?;
        let rows: Vec<Row> = batches.iter().flat_map(rows).collect();
        refuse_poison(rows.iter())
    }

    /// Rows by frame and day.
    pub fn count(&self, table: &str, frames: (u64, u64), rng: &mut impl Rng) -> Result<BTreeMap<Day, u64>, EndpointError> {
        self.trouble(rng, 0.1)?;
        let (from, to) = ((frames.0, i32::MIN), (frames.1, i32::MAX));
        let days = self.days.range((table.to_owned(), from)..=(table.to_owned(), to));
        Ok(days.map(|((_, day), rows)| (*day, *rows)).collect())
    }

    fn trouble(&self, rng: &mut impl Rng, chance: f64) -> Result<(), EndpointError> {
        if self.is_down {
            return Err(refused("<html>502 Bad Gateway</html>"));
        }
        if self.is_well || !rng.random_bool(chance) {
            return Ok(());
        }
        let reasons = [
            "Code: 252. DB::Exception: Too many parts (3000). (TOO_MANY_PARTS)",
            "Code: 202. DB::Exception: Too many simultaneous queries",
            "Code: 241. DB::Exception: Memory limit (total) exceeded",
            "Code: 49. DB::Exception: Logical error",
            "<html>504 Gateway Timeout</html>",
        ];
        Err(refused(reasons[rng.random_range(0..reasons.len())]))
    }
}

fn rows(batch: &RecordBatch) -> Vec<Row> {
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>();
    let frames = batch.column_by_name("batch_seq").unwrap().as_primitive::<UInt64Type>();
    let (ids, marks) = (text("session_id"), text("user_id"));
    let moments = batch.column_by_name("observed_at").unwrap().as_primitive::<TimestampMillisecondType>();
    let day = |row| moments.value(row).div_euclid(86_400_000) as i32;
    (0..batch.num_rows())
        .map(|row| Row { id: ids.value(row).to_owned(), mark: marks.value(row).to_owned(), frame: frames.value(row), day: day(row) })
        .collect()
}
