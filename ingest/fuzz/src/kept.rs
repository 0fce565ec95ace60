//! What must be true of every row that was kept: each value fits its column and the limits of WIRE.md, whatever was sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, TimestampMillisecondType, UInt64Type};
use qoe_ingest::spool::encode::{Encoder, Group};
use qoe_store::{Delivery, Keys, Millis, Records, Sample, Service, Stamp, Table};

const DAY_MS: i64 = 86_400_000;
/// 2299-12-31, after which ClickHouse's time columns end.
const LAST_STORABLE_MS: i64 = 10_413_705_600_000;
const LABEL_BYTES: usize = 256;
const TEXT_BYTES: usize = 10_240;
const ATTRIBUTES: usize = 16;
const ATTRIBUTE_NAME_BYTES: usize = 64;
/// The widest scale an answer may have.
const WIDEST: f64 = 1e6;
/// No count of an interval is larger, so that sums of them fit.
const MOST: u64 = 1 << 48;
/// What a refusal may say, bytes: room for the sentence, the list of names, and the beginning of what was sent.
pub const REASON_BYTES: usize = 1_024;

/// Asserts that the rows are as the store wants them, and can be turned into a frame.
pub fn check(records: &Records, received_at: Millis) {
    let delivery = Delivery { spool_id: "fuzz".into(), batch_seq: 1 };
    for (table, batch) in records.batches(&delivery) {
        assert_eq!(batch.schema(), table.schema(), "{}", table.name());
        (0..batch.num_columns()).for_each(|column| column_fits(table, &batch, column));
    }
    records.Samples.iter().for_each(sample);
    stamps(records, received_at);
    let projects = records.first().map(|keys| (keys.project.clone(), records.len() as u64)).into_iter().collect::<BTreeMap<_, _>>();
    let rows = records.len();
    let group = Group { records: records.clone(), entries: Vec::new(), projects };
    let draft = Encoder::default().group(&group, &delivery, received_at).expect("what was admitted can be turned into columns");
    assert_eq!(draft.rows as usize, rows);
}

/// Numbers are finite and in range, texts within their limits, moments storable.
fn column_fits(table: Table, batch: &RecordBatch, column: usize) {
    let (schema, values) = (batch.schema(), batch.column(column));
    let name = schema.field(column).name();
    let place = format_args!("{}.{name}", table.name()).to_string();
    match values.data_type() {
        DataType::Float32 => {
            let rows = values.as_primitive::<Float32Type>();
            rows.iter().flatten().for_each(|value| number(&place, f64::from(value), most(name)));
        }
        DataType::Float64 => {
            let rows = values.as_primitive::<Float64Type>();
            let scaled = ["score", "scale_low", "scale_high"].contains(&name.as_str());
            for value in rows.iter().flatten() {
                if scaled { assert!(value.abs() <= WIDEST, "{place} {value}") } else { number(&place, value, most(name)) }
            }
        }
        DataType::UInt64 => {
            let rows = values.as_primitive::<UInt64Type>();
            rows.iter().flatten().for_each(|value| assert!(value <= MOST, "{place} {value}"));
        }
        DataType::Timestamp(..) => {
            let rows = values.as_primitive::<TimestampMillisecondType>();
            rows.iter().flatten().for_each(|at| assert!((0..=LAST_STORABLE_MS).contains(&at), "{place} {at}"));
        }
        DataType::Utf8 => {
            // A reason is a label where it is an event's, and a sentence in a dead letter.
            let most = if ["text", "subject", "notes", "row", "reason"].contains(&name.as_str()) { TEXT_BYTES } else { LABEL_BYTES };
            let rows = values.as_string::<i32>();
            rows.iter().flatten().for_each(|text| assert!(text.len() <= most, "{place} of {} bytes", text.len()));
        }
        _ => {}
    }
}

/// The most that a measure can be, by its name's unit.
fn most(name: &str) -> f64 {
    match name {
        "rtt_ms" | "jitter_ms" => 600_000.0,
        "jitter_buffer_delay_ms" => f64::from(u32::MAX) * 600_000.0,
        "minutes" => 44_640.0,
        "hours" => 100_000.0,
        _ => 7.0 * DAY_MS as f64,
    }
}

#[track_caller]
fn number(place: &str, value: f64, most: f64) {
    assert!((0.0..=most).contains(&value), "{place} {value}");
}

fn sample(sample: &Sample) {
    assert!((1..=3_600_000).contains(&sample.interval_ms), "interval_ms {}", sample.interval_ms);
    assert!(["audio", "video", ""].contains(&&*sample.kind), "kind {:?}", sample.kind);
    assert!(["inbound", "outbound"].contains(&&*sample.direction));
    assert!(["w3c", "frame_times", "vendor", ""].contains(&&*sample.freeze_definition));
    assert!(!sample.stream_id.is_empty());
}

/// Each row's keys and times.
fn stamps(records: &Records, received_at: Millis) {
    let mut keys: Option<&Arc<Keys>> = None;
    let place = |table: Table, row: &'_ Arc<Keys>, stamp: &Stamp, known: bool| {
        if !known {
            check_keys(row, received_at);
        }
        let told_later = matches!(table, Table::SupportTickets | Table::Releases | Table::IntegrationLog);
        let oldest_ms = if told_later { 730 * DAY_MS } else { 7 * DAY_MS };
        let window = received_at.0 - oldest_ms..=received_at.0 + 600_000;
        assert!(window.contains(&stamp.observed_at.0), "{} observed at {}", table.name(), stamp.observed_at.0);
        assert_eq!(stamp.received_at, received_at);
    };
    macro_rules! each {
        ($($table:ident)*) => {$(
            for row in &records.$table {
                let known = keys.is_some_and(|keys| Arc::ptr_eq(keys, &row.keys));
                place(Table::$table, &row.keys, &row.stamp, known);
                keys = Some(&row.keys);
            }
        )*};
    }
    each! { Samples SessionEvents Turns Messages SurveyInvitations Feedback SupportTickets Releases IntegrationLog Activity DeadLetters SequenceGaps }
}

fn check_keys(keys: &Keys, received_at: Millis) {
    assert!(!keys.project.is_empty());
    assert!(keys.service.is_empty() || keys.service.parse::<Service>().is_ok(), "service {:?}", keys.service);
    assert!(keys.attributes.len() <= ATTRIBUTES);
    for (name, value) in &keys.attributes {
        assert!(name.len() <= ATTRIBUTE_NAME_BYTES && value.len() <= LABEL_BYTES);
    }
    assert!(keys.first_seen.is_none_or(|at| (946_684_800_000..=received_at.0 + DAY_MS).contains(&at.0)));
}
