//! Days in one insert: ClickHouse refuses one that touches more than 100 partitions, as an import of a long history would.

use std::collections::BTreeSet;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::TimestampMillisecondType;

/// Most days in one insert. Our tables are partitioned by day or by month of `observed_at`.
const MAX_DAYS: usize = 90;
const DAY_MS: i64 = 86_400_000;

/// The rows in as many batches as it takes, the earliest days first. The same rows come apart the same way.
pub(super) fn within_limit(rows: RecordBatch) -> Vec<RecordBatch> {
    let Some(times) = rows.column_by_name("observed_at").and_then(|column| column.as_primitive_opt::<TimestampMillisecondType>()) else {
        return vec![rows];
    };
    let day_of = |at: i64| at.div_euclid(DAY_MS);
    let days: BTreeSet<i64> = times.values().iter().map(|at| day_of(*at)).collect();
    if days.len() <= MAX_DAYS {
        return vec![rows];
    }
    let days: Vec<i64> = days.into_iter().collect();
    let part = |span: &[i64]| {
        let (first, last) = (*span.first()?, *span.last()?);
        let mask: BooleanArray = times.values().iter().map(|at| Some((first..=last).contains(&day_of(*at)))).collect();
        // The mask was made from the batch, so it has its length.
        filter_record_batch(&rows, &mask).ok()
    };
    days.chunks(MAX_DAYS).filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use qoe_store::{Activity, Row, Stamp};

    use super::*;

    fn activities(days: i64) -> RecordBatch {
        let rows: Vec<Activity> =
            (0..2 * days).map(|n| Activity { stamp: Stamp::at((n * 7 % days) * DAY_MS + 1), ..Activity::default() }).collect();
        Activity::batch(&rows, &qoe_store::Delivery { spool_id: "s".into(), batch_seq: 1 })
    }

    #[test]
    fn a_long_history_comes_apart_by_days_and_loses_nothing() {
        assert_eq!(within_limit(activities(90)).len(), 1);
        let parts = within_limit(activities(365));
        assert_eq!(parts.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [180, 180, 180, 180, 10]);
        assert_eq!(parts, within_limit(activities(365)));
    }
}
