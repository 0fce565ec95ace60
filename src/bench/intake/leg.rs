//! The way from the spool to ClickHouse alone: Arrow messages of many groups in one insert, beside one batch of the same rows.

use std::time::Instant;

use bytes::Bytes;
use qoe_ingest::spool::encode::{END_OF_STREAM, Encoder};
use qoe_store::{Delivery, Endpoint, Row, Sample, Table};

use super::Bench;
use super::process::cpu_seconds;
use super::report::{Figure, Goal};

/// Rows of a shipment.
const ROWS: usize = 50_000;
/// Rows of a group when many clients post at once, and when few do.
const GROUPS: [usize; 2] = [2_500, 250];
const TURNS: usize = 5;

/// One way to send the same rows.
struct Way {
    pieces: Vec<Bytes>,
    wall: f64,
    cpu: f64,
}

/// Measures the ways by turns.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let stand = &bench.stand;
    let samples: Vec<Sample> = bench.samples.iter().take(ROWS).cloned().collect();
    let columns: Vec<String> = Table::Samples.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut ways = Vec::new();
    for rows in GROUPS.into_iter().chain([samples.len()]) {
        ways.push(Way { pieces: stream(&samples, rows)?, wall: 0.0, cpu: 0.0 });
    }
    for turn in 0..=TURNS {
        for (index, way) in ways.iter_mut().enumerate() {
            let (cpu, began) = (cpu_seconds(stand.engine_pid()?)?, Instant::now());
            insert(&stand.ours, &columns, way, &format!("leg:{turn}:{index}")).await?;
            let wall = began.elapsed().as_secs_f64();
            stand.settled().await?;
            // The first turn warms up.
            if turn > 0 {
                way.wall += wall;
                way.cpu += cpu_seconds(stand.engine_pid()?)? - cpu;
            }
        }
    }
    stand.empty_both().await?;
    let rows = (samples.len() * TURNS) as f64;
    let one = &ways[GROUPS.len()];
    let figures = GROUPS.iter().zip(&ways).map(|(group, way)| Figure {
        measure: format!("delivery alone, groups of {group}"),
        unit: "rows/s",
        ours: rows / way.wall,
        theirs: Some(rows / one.wall),
        goal: Goal::AtLeast { must: 0.85, aim: 1.0 },
        how: format!(
            "{} rows an insert, unpacked on the way; ClickHouse {:.2} s of processor, and {:.2} s as one batch, merges included",
            samples.len(),
            way.cpu,
            one.cpu
        ),
    });
    Ok(figures.collect())
}

fn stream(samples: &[Sample], rows: usize) -> anyhow::Result<Vec<Bytes>> {
    let mut encoder = Encoder::default();
    let mut pieces = vec![Bytes::from(encoder.schema(Table::Samples)?.message.clone())];
    for (seq, group) in samples.chunks(rows).enumerate() {
        let batch = Sample::batch(group, &Delivery { spool_id: "bench".into(), batch_seq: seq as u64 });
        let mut message = Vec::new();
        encoder.rows(&batch, &mut message)?;
        pieces.push(message.into());
    }
    pieces.push(Bytes::from_static(&END_OF_STREAM));
    Ok(pieces)
}

async fn insert(endpoint: &Endpoint, columns: &[String], way: &Way, token: &str) -> anyhow::Result<()> {
    Ok(endpoint.insert_stream("samples", columns, way.pieces.clone(), token).await?)
}
