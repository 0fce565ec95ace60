//! What the intake did, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use crate::intake::Intake;
use crate::spool::Health;

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
    let (spool, written) = (delivery.spool(), delivery.spool().counts());
    page.gauge("qoe_spool_queued_rows", "rows that wait to be written to the spool", spool.queued_rows() as u64);
    page.gauge("qoe_spool_bytes", "length of the spool, delivered or not", spool.bytes());
    page.gauge("qoe_spool_undelivered_bytes", "rows acknowledged and not yet in ClickHouse", spool.backlog_bytes());
    page.gauge("qoe_spool_oldest_undelivered_seconds", "age of the oldest row not yet in ClickHouse", spool.oldest_undelivered().as_secs());
    page.gauge("qoe_spool_healthy", "1 while the disk of the spool takes writes", (spool.health() == Health::Good).into());
    page.counter("qoe_spool_groups_total", "groups of batches written together", written.groups.load(Relaxed));
    page.counter("qoe_spool_rows_total", "rows in them", written.rows.load(Relaxed));
    page.counter("qoe_spool_written_bytes_total", "bytes written", written.bytes.load(Relaxed));
    page.counter("qoe_spool_write_microseconds_total", "time spent encoding, writing and flushing", written.write_us.load(Relaxed));
    page.counter("qoe_spool_failed_writes_total", "writes that failed", written.failed.load(Relaxed));
    page.counter("qoe_spool_removed_segments_total", "segments removed after delivery", written.removed_segments.load(Relaxed));
    let damaged = written.damaged.load(Relaxed) + delivered.damaged.load(Relaxed);
    page.counter("qoe_spool_damaged_total", "damaged stretches passed over", damaged);
    page.gauge("qoe_delivery_available", "1 while ClickHouse takes inserts", delivery.is_available().into());
    page.gauge("qoe_delivery_lag_milliseconds", "from sealed to stored, of the last shipment", delivery.lag().as_millis() as u64);
    page.counter("qoe_delivery_shipments_total", "shipments of which every row is stored", delivered.shipments.load(Relaxed));
    page.counter("qoe_delivery_rows_total", "rows in them", delivered.delivered_rows.load(Relaxed));
    page.counter("qoe_delivery_inserts_total", "inserts that succeeded", delivered.inserts.load(Relaxed));
    page.counter("qoe_delivery_insert_microseconds_total", "time they took", delivered.insert_us.load(Relaxed));
    page.counter("qoe_delivery_failed_inserts_total", "attempts that failed and were made again", delivered.failed_attempts.load(Relaxed));
    page.counter(
        "qoe_delivery_probes_total",
        "times refused rows were tried apart, to find those at fault",
        delivered.probes.load(Relaxed),
    );
    page.counter("qoe_delivery_dead_letters_total", "rows ClickHouse would not have", delivered.dead_letters.load(Relaxed));
    let overflowed: Vec<(String, u64)> =
        intake.dimensions().overflowed().map(|(name, contexts)| (format!("{{dimension=\"{name}\"}}"), contexts)).collect();
    page.series("qoe_ingest_overflowed_labels_total", "contexts whose label was stored as other, for want of room", "counter", &overflowed);
    let connections = intake.connections();
    page.gauge("qoe_connections", "connections held, streams among them", connections.held() as u64);
    page.counter("qoe_refused_connections_total", "connections refused because enough were held", connections.refused());
    page.counter("qoe_timed_out_connections_total", "connections cut because they were slow or silent", connections.timed_out());
    page.gauge("qoe_ingest_open_streams", "WebSockets that are open", intake.streams().open() as u64);
    page.counter("qoe_ingest_refused_streams_total", "WebSockets refused because enough were open", intake.streams().refused());
    page.counter("qoe_ingest_stream_messages_total", "batches that came over WebSockets", intake.streams().messages());
    page.series("qoe_refused_uses_total", "uses of keys that were refused, by why", "counter", &refused);
    page.gauge("qoe_ingest_paced_senders", "addresses under a key that have a rate of their own", paced as u64);
    page.counter("qoe_ingest_shared_pace_total", "batches of addresses that shared a rate for want of room", shared);
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
