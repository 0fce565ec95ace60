//! How soon a project's posts are answered while another project's sender sends what is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Bench;
use super::load::{Push, Target, drive, once};
use super::report::{Figure, Goal};
use crate::bench::quantile;

/// The project whose sender is at fault.
pub const NEIGHBOUR: &str = "open";

const ROWS: usize = 100;
/// Posts a second of the project that is measured, and as many of the other: far from what would saturate.
const PACE: f64 = 100.0;
/// Connections of each.
const CONNECTIONS: usize = 16;
/// Turns that each has, with and without the other; what drifts on the machine meets both.
const TURNS: u32 = 3;

/// What is refused, each for another reason: the cases of `fixtures/bad-input`.
const REFUSED: &[&[u8]] = &[
    include_bytes!("../../../fixtures/bad-input/before-1970.json"),
    include_bytes!("../../../fixtures/bad-input/broken-context.ndjson"),
    include_bytes!("../../../fixtures/bad-input/byte-order-mark.json"),
    include_bytes!("../../../fixtures/bad-input/duplicate-attribute.json"),
    include_bytes!("../../../fixtures/bad-input/duplicate-context.json"),
    include_bytes!("../../../fixtures/bad-input/duplicate-member.json"),
    include_bytes!("../../../fixtures/bad-input/infinite-number.json"),
    include_bytes!("../../../fixtures/bad-input/invalid-utf8.json"),
    include_bytes!("../../../fixtures/bad-input/lone-surrogate.json"),
    include_bytes!("../../../fixtures/bad-input/microseconds.json"),
    include_bytes!("../../../fixtures/bad-input/missing-key.json"),
    include_bytes!("../../../fixtures/bad-input/no-rows.json"),
    include_bytes!("../../../fixtures/bad-input/nul-byte.json"),
    include_bytes!("../../../fixtures/bad-input/nul-escape.json"),
    include_bytes!("../../../fixtures/bad-input/other-projects-key.json"),
    include_bytes!("../../../fixtures/bad-input/payloads.json"),
    include_bytes!("../../../fixtures/bad-input/seconds.json"),
    include_bytes!("../../../fixtures/bad-input/truncated.json"),
    include_bytes!("../../../fixtures/bad-input/two-to-the-64.json"),
    include_bytes!("../../../fixtures/bad-input/unknown-project.json"),
    include_bytes!("../../../fixtures/bad-input/wrong-key.json"),
    include_bytes!("../../../fixtures/bad-input/wrong-shape.json"),
    include_bytes!("../../../fixtures/bad-input/wrong-types.json"),
];

/// Measures by turns.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let batches = Arc::new(bench.rows.batches(ROWS)?);
    let mut server = bench.stand.serve(&bench.serving("neighbours")?).await?;
    server.ready().await?;
    let (good, bad) = (server.posts(&batches), server.target("application/json", 0, Arc::new(refused())));
    let push = Push { connections: CONNECTIONS, lasting: bench.lasting() / TURNS, pace: Some(PACE) };
    // What is done once is done before.
    drive(&good, Push { lasting: Duration::from_secs(1), ..push }).await?;
    let (mut alone, mut beside, mut sent) = (Vec::new(), Vec::new(), 0);
    for _ in 0..TURNS {
        alone.extend(drive(&good, push).await?.latencies());
        let (driven, refused) = tokio::try_join!(drive(&good, push), disturb(&bad, push.lasting))?;
        beside.extend(driven.latencies());
        sent += refused;
    }
    server.delivered().await?;
    server.kill().await?;
    bench.stand.empty_both().await?;
    for latencies in [&mut alone, &mut beside] {
        latencies.sort_by(f64::total_cmp);
    }
    let [middle, middle_alone] = [&beside, &alone].map(|latencies| quantile(latencies, 0.5));
    Ok(vec![Figure {
        measure: "p99 ack beside bad input".to_owned(),
        unit: "ms",
        ours: quantile(&beside, 0.99),
        theirs: Some(quantile(&alone, 0.99)),
        goal: Goal::AtMost { must: 1.5, aim: 1.2 },
        how: format!(
            "{PACE} {ROWS}-row posts a second, {} acknowledged beside {sent} that another project's sender had refused; against the same alone, {} \
             acknowledged; p50 {middle:.2} and {middle_alone:.2} ms",
            beside.len(),
            alone.len()
        ),
    }])
}

/// Sends what is refused, at the same pace, on a connection each; answers how many were.
async fn disturb(bad: &Target, lasting: Duration) -> anyhow::Result<u64> {
    let began = Instant::now();
    let mut posts = tokio::task::JoinSet::new();
    for turn in 0.. {
        let due = Duration::from_secs_f64(f64::from(turn) / PACE);
        if due > lasting {
            break;
        }
        tokio::time::sleep_until((began + due).into()).await;
        let bad = bad.clone();
        posts.spawn(async move { once(&bad).await });
    }
    let mut refused = 0;
    while let Some(post) = posts.join_next().await {
        // One that is cut off is refused too.
        refused += u64::from(post?.map_or(true, |status| !status.is_success()));
    }
    Ok(refused)
}

/// Each of them in turn.
fn refused() -> impl Fn() -> Bytes {
    let next = AtomicUsize::new(0);
    let now = chrono::Utc::now().timestamp_millis();
    let moments = [("@now", now), ("@seconds", now / 1000), ("@microseconds", now * 1000)];
    let bodies = REFUSED.iter().map(|body| match std::str::from_utf8(body) {
        Ok(text) => moments.iter().fold(text.to_owned(), |text, (mark, moment)| text.replace(mark, &moment.to_string())).into(),
        Err(_) => Bytes::from_static(body),
    });
    let bodies: Vec<Bytes> = bodies.collect();
    move || bodies[next.fetch_add(1, Relaxed) % bodies.len()].clone()
}
