//! Rows a second with both processors at work, until ClickHouse shows them: large batches of a relay, beside large inserts.

use std::sync::Arc;

use super::Bench;
use super::load::{Push, drive};
use super::posts::delivered;
use super::report::{Figure, Goal};

const ROWS: usize = 5_000;
const INSERT_ROWS: usize = 50_000;
/// Enough to keep two processors busy.
const CONNECTIONS: usize = 4;

/// Measures both sides by turns.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let stand = &bench.stand;
    let (batches, inserts) = (Arc::new(bench.rows.relayed(ROWS)?), Arc::new(bench.rows.bulk_inserts(INSERT_ROWS)?));
    let mut server = stand.serve(&bench.serving("bulk")?).await?;
    server.ready().await?;
    let push = Push { connections: CONNECTIONS, lasting: bench.lasting() / 2, pace: None };
    let mut sides = [(0, 0.0), (0, 0.0)];
    for _ in 0..2 {
        let (driven, used) = stand.counting(&server, delivered(&server, server.relays(&batches), push)).await?;
        sides[0] = (sides[0].0 + driven.rows, sides[0].1 + used.wall.as_secs_f64());
        let (driven, used) = stand.counting(&server, drive(&stand.inserts(&inserts, "async_insert=0")?, push)).await?;
        sides[1] = (sides[1].0 + driven.rows, sides[1].1 + used.wall.as_secs_f64());
    }
    stand.empty_both().await?;
    server.kill().await?;
    let [ours, theirs] = sides.map(|(rows, seconds)| rows as f64 / seconds);
    Ok(vec![Figure {
        measure: format!("end to end, {ROWS}-row posts"),
        unit: "rows/s",
        ours,
        theirs: Some(theirs),
        goal: Goal::AtLeast { must: 1.0, aim: 3.0 },
        how: format!(
            "until visible, in the same tables with the same views; ours NDJSON of many sessions in gzip, {:.0} bytes a row as sent; theirs JSONEachRow, {INSERT_ROWS} rows an insert, {:.0} \
             bytes a row; {CONNECTIONS} connections",
            batches.bytes_per_row(),
            inserts.bytes_per_row()
        ),
    }])
}
