//! How soon a post is answered, and how soon its rows are seen, at half of what would saturate.
//!
//! Saturation is what goes all the way: posts a second from the first post until ClickHouse shows the last row. The intake acknowledges faster than that for as long as
//! its spool has room, but half of a pace that cannot last is no half load. Theirs is answered when the rows are visible, so it is the same measure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Bench;
use super::load::{Ack, Driven, Push, drive};
use super::posts::{THEIR_WAYS, delivered};
use super::report::{Figure, Goal};
use crate::bench::quantile;

const ROWS: usize = 100;
/// How long saturation is looked for.
const SATURATING: Duration = Duration::from_secs(3);
/// How often ClickHouse is asked for its count; what is seen is seen at most this late.
const ASKING: Duration = Duration::from_millis(20);

/// Measures both sides, each at half of its own saturation.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let stand = &bench.stand;
    let (batches, inserts) = (Arc::new(bench.rows.batches(ROWS)?), Arc::new(bench.rows.inserts(ROWS)?));
    let mut server = stand.serve(&bench.serving("latency")?).await?;
    server.ready().await?;

    let saturating = Push { connections: bench.args.connections, lasting: SATURATING, pace: None };
    let posts = server.posts(&batches);
    let half = half_of_saturation(delivered(&server, posts.clone(), saturating)).await?;
    stand.settled().await?;
    let before = stand.count(&stand.ours).await?;
    let watching = watch(bench);
    let push = Push { connections: bench.args.connections, lasting: bench.lasting(), pace: Some(half) };
    let driven = tokio::select! {
        driven = delivered(&server, posts, push) => driven?,
        seen = watching.run() => return Err(seen),
    };
    // What came last is seen after the last answer at the latest.
    let mut seen = watching.seen();
    seen.push((Instant::now(), stand.count(&stand.ours).await?));
    let visible = until_visible(&driven.acks, before, &seen);
    let acked = driven.latencies();

    let inserts = stand.inserts(&inserts, THEIR_WAYS[1].1)?;
    let their_half = half_of_saturation(drive(&inserts, saturating)).await?;
    stand.settled().await?;
    let theirs = drive(&inserts, Push { pace: Some(their_half), ..push }).await?.latencies();
    stand.empty_both().await?;
    server.kill().await?;

    let (p99, their_p99) = (quantile(&acked, 0.99), quantile(&theirs, 0.99));
    let how = format!("{ROWS}-row posts, ours at {:.0} rows/s, half of what goes all the way; from when each was due", half * ROWS as f64);
    Ok(vec![
        Figure {
            measure: "p99 ack at half of saturation".to_owned(),
            unit: "ms",
            ours: p99,
            theirs: None,
            goal: Goal::AtMost { must: 100.0, aim: 15.0 },
            how: format!("{how}; p50 {:.1} ms", quantile(&acked, 0.5)),
        },
        Figure {
            measure: "the same against async_insert and wait".to_owned(),
            unit: "ms",
            ours: p99,
            theirs: Some(their_p99),
            goal: Goal::AtMost { must: 1.0 / 3.0, aim: 1.0 / 3.0 },
            how: format!("theirs at half of what it takes, {:.0} rows/s", their_half * ROWS as f64),
        },
        Figure {
            measure: "p99 from ack to visible".to_owned(),
            unit: "ms",
            ours: quantile(&visible, 0.99),
            theirs: None,
            goal: Goal::AtMost { must: 2_000.0, aim: 1_000.0 },
            how: format!("by ClickHouse's count, asked every {} ms; p50 {:.0} ms", ASKING.as_millis(), quantile(&visible, 0.5)),
        },
    ])
}

/// Posts a second.
async fn half_of_saturation(saturated: impl Future<Output = anyhow::Result<Driven>>) -> anyhow::Result<f64> {
    let began = Instant::now();
    let posts = saturated.await?.acks.len();
    Ok(posts as f64 / began.elapsed().as_secs_f64() / 2.0)
}

struct Watch<'a> {
    bench: &'a Bench,
    seen: std::sync::Mutex<Vec<(Instant, u64)>>,
}

fn watch(bench: &Bench) -> Watch<'_> {
    Watch { bench, seen: std::sync::Mutex::default() }
}

impl Watch<'_> {
    /// Asks until it is dropped; returns only when ClickHouse cannot be asked.
    async fn run(&self) -> anyhow::Error {
        loop {
            match self.bench.stand.count(&self.bench.stand.ours).await {
                Ok(count) => self.lock().push((Instant::now(), count)),
                Err(error) => return error,
            }
            tokio::time::sleep(ASKING).await;
        }
    }

    fn seen(&self) -> Vec<(Instant, u64)> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, u64)>> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Milliseconds from each acknowledgement until so many rows were there as were acknowledged by then, sorted. Rows are delivered in the order in which
/// they are acknowledged.
fn until_visible(acks: &[Ack], before: u64, seen: &[(Instant, u64)]) -> Vec<f64> {
    let mut waits = Vec::with_capacity(acks.len());
    let mut looked = seen.iter().peekable();
    for (index, ack) in acks.iter().enumerate() {
        let wanted = before + ((index + 1) * ROWS) as u64;
        while looked.next_if(|(_, count)| *count < wanted).is_some() {}
        if let Some((at, _)) = looked.peek() {
            waits.push(at.saturating_duration_since(ack.at).as_secs_f64() * 1e3);
        }
    }
    waits.sort_by(f64::total_cmp);
    waits
}
