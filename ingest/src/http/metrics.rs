//! What the intake did, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use crate::intake::Intake;

/// All counters, as a page.
pub(super) fn text(intake: &Intake) -> String {
    let (taken, delivery, reducer) = (intake.counts(), intake.delivery(), intake.reducer().counts());
    let delivered = delivery.counts();
    let rejected: Vec<(String, u64)> = taken.rejected().map(|(fault, rows)| (format!("{{fault=\"{}\"}}", fault.as_str()), rows)).collect();
    let refused: Vec<(String, u64)> =
        intake.projects().refusals().into_iter().map(|(reason, times)| (format!("{{reason=\"{}\"}}", reason.as_str()), times)).collect();
    let (paced, shared) = intake.projects().paced();
    let mut page = Page::default();
    page.counter("qoe_ingest_batches_total", "batches taken", taken.batches.load(Relaxed));
    page.counter("qoe_ingest_duplicate_batches_total", "batches that had come before", taken.duplicates.load(Relaxed));
    page.counter("qoe_ingest_accepted_rows_total", "rows kept", taken.accepted.load(Relaxed));
    page.series("qoe_ingest_rejected_rows_total", "rows not kept, by what was wrong with them", "counter", &rejected);
    page.series("qoe_refused_uses_total", "uses of keys that were refused, by why", "counter", &refused);
    page.gauge("qoe_ingest_paced_senders", "addresses under a key that have a rate of their own", paced as u64);
    page.counter("qoe_ingest_shared_pace_total", "batches of addresses that shared a rate for want of room", shared);
    page.gauge("qoe_ingest_queued_rows", "rows that wait to be stored", delivery.queued_rows() as u64);
    page.gauge("qoe_ingest_storage_available", "1 while ClickHouse takes inserts", delivery.is_available().into());
    page.counter("qoe_ingest_inserts_total", "inserts that succeeded", delivered.inserts.load(Relaxed));
    page.counter("qoe_ingest_inserted_rows_total", "rows in them", delivered.rows.load(Relaxed));
    page.counter("qoe_ingest_failed_inserts_total", "attempts that failed and were made again", delivered.failed_attempts.load(Relaxed));
    page.counter("qoe_ingest_refused_rows_total", "rows ClickHouse would not have", delivered.refused_rows.load(Relaxed));
    page.gauge("qoe_ingest_streams", "media streams followed", reducer.streams.load(Relaxed) as u64);
    page.counter("qoe_ingest_samples_total", "samples made of reports", reducer.samples.load(Relaxed));
    page.counter("qoe_ingest_stream_baselines_total", "first readings and readings after a reset", reducer.baselines.load(Relaxed));
    page.counter("qoe_ingest_repeated_readings_total", "readings no newer than the last, left out", reducer.repeats.load(Relaxed));
    page.counter("qoe_ingest_overlong_intervals_total", "intervals too long to be a sample", reducer.too_long.load(Relaxed));
    page.counter("qoe_ingest_unfollowed_streams_total", "new streams not followed for want of room", reducer.unfollowed.load(Relaxed));
    page.counter("qoe_ingest_forgotten_streams_total", "streams forgotten after nobody reported them", reducer.forgotten.load(Relaxed));
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.series(name, help, "counter", &[(String::new(), value)]);
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.series(name, help, "gauge", &[(String::new(), value)]);
    }

    fn series(&mut self, name: &str, help: &str, kind: &str, values: &[(String, u64)]) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }
}
