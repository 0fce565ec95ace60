//! Names in a `getStats()` report, within what is remembered of them.
//!
//! The reducer keeps a stream under its connection, direction, ssrc or id, and rid, and stores that as `stream_id`. It counts streams; what one may
//! weigh is settled here.

use crate::context::{MAX_LABEL_BYTES, too_long};
use crate::refusal::Refusal;
use crate::wire::Report;

/// Longest name of a connection, bytes.
pub const MAX_CONNECTION_BYTES: usize = 64;
/// Longest id of an object, or of a transport it names, bytes; our choice: browsers write some 20 to 40.
const MAX_ID_BYTES: usize = 128;
/// Longest rid, bytes; our choice: twice what fits into the header extension of one byte.
const MAX_RID_BYTES: usize = 32;
/// What stands between the parts of a stream's name, and the longer direction.
const BETWEEN: usize = 3 + "outbound".len();
const _: () = assert!(MAX_CONNECTION_BYTES + MAX_ID_BYTES + MAX_RID_BYTES + BETWEEN <= MAX_LABEL_BYTES, "a stream's name is a label");

/// Whether every name that is kept of the report is short enough.
pub fn check(report: &Report<'_>) -> Result<(), Refusal> {
    for stats in &report.0 {
        let names =
            [("id", &stats.id, MAX_ID_BYTES), ("transportId", &stats.transport_id, MAX_ID_BYTES), ("rid", &stats.rid, MAX_RID_BYTES)];
        for (name, text, limit) in names {
            let bytes = text.as_deref().map_or(0, str::len);
            if bytes > limit {
                return Err(too_long(&format!("{name} in the report"), bytes, limit));
            }
        }
    }
    Ok(())
}
