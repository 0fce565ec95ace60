//! Rows that ClickHouse will not have, as rows of the table where they are looked for.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::json::LineDelimitedWriter;
use qoe_store::{DeadLetter, Delivery, Keys, Label, Millis, Row, Stamp};

/// Rows of `table`, each a batch of its own, set aside now for these reasons.
pub(super) fn of<'a>(
    table: &str,
    rows: impl IntoIterator<Item = (&'a str, &'a RecordBatch)>,
    spool_id: &Label,
    now: Millis,
) -> RecordBatch {
    let letters: Vec<DeadLetter> = rows.into_iter().map(|(reason, row)| letter(table, reason, row, now)).collect();
    DeadLetter::batch(&letters, &Delivery { spool_id: spool_id.clone(), batch_seq: 0 })
}

fn letter(table: &str, reason: &str, row: &RecordBatch, now: Millis) -> DeadLetter {
    let text = |name: &str| -> Label {
        let column = row.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        column.filter(|column| !column.is_empty()).map_or_else(|| "".into(), |column| column.value(0).into())
    };
    let keys = Keys {
        project: text("project"),
        session_id: text("session_id"),
        user_id: text("user_id"),
        call_id: text("call_id"),
        service: text("service"),
        vendor: text("vendor"),
        ..Keys::default()
    };
    DeadLetter { keys: Arc::new(keys), stamp: Stamp::at(now.0), meant_for: table.into(), reason: reason.to_owned(), row: json(row) }
}

fn json(row: &RecordBatch) -> String {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    // Every type of our columns can be written as JSON.
    let _ = writer.write(row).and_then(|()| writer.finish());
    String::from_utf8(writer.into_inner()).unwrap_or_default().trim_end().to_owned()
}
