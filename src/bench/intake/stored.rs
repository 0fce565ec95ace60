//! What a row takes on disk once parts are merged, beside the same rows under ClickHouse's default codecs and a random id.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::Utc;
use qoe_fixtures::{Fleet, FleetConfig};
use qoe_ingest::capture::CaptureOptions;
use qoe_ingest::read_capture;
use qoe_store::{Delivery, Endpoint, Keys, Millis, Row, Sample};

use super::Bench;
use super::report::{Figure, Goal};
use super::rows::PROJECT;

/// Real calls, as recorded in a browser.
const CAPTURES: [&[u8]; 2] =
    [include_bytes!("../../../fixtures/captures/clean-call.jsonl.gz"), include_bytes!("../../../fixtures/captures/sample-call.jsonl.gz")];
/// Rows that the captures are repeated to, each time as sessions of their own.
const CAPTURED_ROWS: usize = 100_000;
/// Rows of a spool's group.
const GROUP_ROWS: usize = 2_500;

/// Measures both kinds of rows.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let now = Millis(Utc::now().timestamp_millis());
    let fleet = FleetConfig {
        concurrent_sessions: 200,
        incident: None,
        live_from: Millis(now.0 - 1_200_000),
        start: Millis(now.0 - 1_200_000),
        ..FleetConfig::demo(PROJECT, 1, now)
    };
    let walks = tokio::task::block_in_place(|| Fleet::new(fleet).advance(now).Samples);
    let mut figures = Vec::new();
    for (name, samples) in [("simulated walks", walks), ("real captures", captured(now)?)] {
        let (ours, theirs) = stored(&bench.stand.ours, &samples).await?;
        bench.stand.empty_both().await?;
        figures.push(Figure {
            measure: format!("stored, {name}"),
            unit: "bytes a row",
            ours,
            theirs: Some(theirs),
            goal: Goal::AtMost { must: 0.5, aim: 0.3 },
            how: format!(
                "{} rows of `samples`, one merged part, every file of it; theirs the same columns and order in LZ4, and a random UUID",
                samples.len()
            ),
        });
    }
    Ok(figures)
}

fn captured(now: Millis) -> anyhow::Result<Vec<Sample>> {
    let options = CaptureOptions { shift_to: Some(Millis(now.0 - 1_200_000)), ..CaptureOptions::default() };
    let mut calls = Vec::new();
    for capture in CAPTURES {
        calls.extend(read_capture(capture, PROJECT, &options).context("read a capture")?.records.Samples);
    }
    anyhow::ensure!(!calls.is_empty(), "the captures hold no sample");
    let repeated = (0..).flat_map(|round| calls.iter().map(move |sample| again(sample, round)));
    Ok(repeated.take(CAPTURED_ROWS).collect())
}

/// The same call at another hour of the clock's seconds, as another session.
fn again(sample: &Sample, round: i64) -> Sample {
    let keys = Keys { session_id: format!("{}-{round}", sample.keys.session_id).into(), ..Keys::clone(&sample.keys) };
    let mut sample = Sample { keys: Arc::new(keys), ..sample.clone() };
    for at in [&mut sample.stamp.observed_at, &mut sample.stamp.client_at, &mut sample.stamp.received_at] {
        at.0 -= round * 1_337;
    }
    sample
}

/// Bytes a row of both.
async fn stored(endpoint: &Endpoint, samples: &[Sample]) -> anyhow::Result<(f64, f64)> {
    for (seq, group) in samples.chunks(GROUP_ROWS).enumerate() {
        let batch = Sample::batch(group, &Delivery { spool_id: "bench".into(), batch_seq: seq as u64 });
        endpoint.insert("samples", &batch, &format!("stored:{}:{seq}", samples.len())).await?;
    }
    let columns: Vec<(String, String)> = endpoint
        .rows("SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'samples' ORDER BY position")
        .await?;
    let (order, partition): (String, String) = endpoint
        .rows("SELECT sorting_key, partition_key FROM system.tables WHERE database = currentDatabase() AND name = 'samples'")
        .await?
        .pop()
        .context("there is no table samples")?;
    let typed: Vec<String> = columns.iter().map(|(name, kind)| format!("`{name}` {kind}")).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    endpoint.execute("DROP TABLE IF EXISTS plain SYNC").await?;
    let create = format!(
        "CREATE TABLE plain (row_id UUID DEFAULT generateUUIDv4(), {}) ENGINE = MergeTree PARTITION BY {partition} ORDER BY ({order})",
        typed.join(", ")
    );
    endpoint.execute(&create).await?;
    endpoint.execute(&format!("INSERT INTO plain ({0}) SELECT {0} FROM samples", names.join(", "))).await?;
    let ours = bytes_a_row(endpoint, "samples").await?;
    let theirs = bytes_a_row(endpoint, "plain").await?;
    endpoint.execute("DROP TABLE plain SYNC").await?;
    Ok((ours, theirs))
}

async fn bytes_a_row(endpoint: &Endpoint, table: &str) -> anyhow::Result<f64> {
    endpoint.execute(&format!("OPTIMIZE TABLE {table} FINAL")).await?;
    let sql = format!(
        "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND database = currentDatabase() AND table = '{table}'"
    );
    endpoint.rows::<f64>(&sql).await?.pop().context("a sum has one row")
}
