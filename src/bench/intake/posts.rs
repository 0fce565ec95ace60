//! Processor time a row: batches posted to the intake until ClickHouse has them, beside the same rows posted to ClickHouse.

use std::sync::Arc;
use std::time::Duration;

use super::Bench;
use super::load::{Driven, Push, Target, drive};
use super::process::Used;
use super::report::{Figure, Goal};
use super::stand::Server;

/// How ClickHouse is asked to take rows, by what it is called here.
pub const THEIR_WAYS: [(&str, &str); 2] = [("sync", "async_insert=0"), ("async_insert", "async_insert=1&wait_for_async_insert=1")];
/// Turns that each side has; what drifts on the machine meets both.
const TURNS: u32 = 2;

/// Posts of one size, and what they are to cost.
pub struct Posts {
    rows: usize,
    total: Goal,
    ingest: Option<Goal>,
}

/// As the browser client sends after a minute or so.
pub const HUNDRED: Posts =
    Posts { rows: 100, total: Goal::AtLeast { must: 8.0, aim: 20.0 }, ingest: Some(Goal::AtLeast { must: 100_000.0, aim: 350_000.0 }) };
/// As it sends when rows must be seen soon.
pub const TEN: Posts = Posts { rows: 10, total: Goal::AtLeast { must: 20.0, aim: 80.0 }, ingest: None };

/// What one side came to, all turns together.
#[derive(Default)]
struct Side {
    rows: u64,
    used: Used,
    refused: u64,
}

impl Side {
    fn add(&mut self, driven: &Driven, used: Used) {
        self.rows += driven.rows;
        self.refused += driven.refused;
        self.used += used;
    }

    fn per_total(&self) -> f64 {
        self.rows as f64 / self.used.total()
    }

    fn said(&self) -> String {
        let Used { intake, clickhouse, wall } = self.used;
        let (rows, refused, wall) = (self.rows, self.refused, wall.as_secs_f64());
        format!("{rows} rows in {wall:.1} s ({refused} posts sent away), intake {intake:.2} s, ClickHouse {clickhouse:.2} s of processor")
    }
}

/// Measures both sides by turns.
pub async fn measure(bench: &Bench, posts: &Posts) -> anyhow::Result<Vec<Figure>> {
    let stand = &bench.stand;
    let (batches, inserts) = (Arc::new(bench.rows.batches(posts.rows)?), Arc::new(bench.rows.inserts(posts.rows)?));
    let mut server = stand.serve(&bench.serving(&format!("posts-{}", posts.rows))?).await?;
    server.ready().await?;
    let push = Push { connections: bench.args.connections, lasting: bench.lasting() / TURNS, pace: None };
    // What is done once, such as compiling a query, is done before.
    drive(&server.posts(&batches), Push { lasting: Duration::from_millis(500), ..push }).await?;
    server.delivered().await?;
    let (mut ours, mut theirs) = (Side::default(), THEIR_WAYS.map(|_| Side::default()));
    for _ in 0..TURNS {
        let (driven, used) = stand.counting(&server, delivered(&server, server.posts(&batches), push)).await?;
        ours.add(&driven, used);
        for (side, (_, settings)) in theirs.iter_mut().zip(THEIR_WAYS) {
            let (driven, used) = stand.counting(&server, drive(&stand.inserts(&inserts, settings)?, push)).await?;
            // The intake idles meanwhile, and is none of theirs.
            side.add(&driven, Used { intake: 0.0, ..used });
        }
    }
    stand.empty_both().await?;
    let (groups, in_groups) = (server.metric("qoe_spool_groups_total").await?, server.metric("qoe_spool_rows_total").await?);
    server.kill().await?;

    let better = if theirs[0].per_total() >= theirs[1].per_total() { 0 } else { 1 };
    let [mine, other] = [batches.bytes_per_row(), inserts.bytes_per_row()].map(|bytes| bytes.round());
    let sizes = format!("{} rows a post, {mine} bytes a row of ours and {other} of theirs", posts.rows);
    let mut figures = Vec::new();
    if let Some(goal) = posts.ingest {
        figures.push(Figure {
            measure: format!("to durable ack, {}-row posts", posts.rows),
            unit: "rows per ingest CPU s",
            ours: ours.rows as f64 / ours.used.intake,
            theirs: None,
            goal,
            how: format!("{}, reading the spool and delivery included; {:.0} rows a flush", ours.said(), in_groups / groups),
        });
    }
    figures.push(Figure {
        measure: format!("in all, {}-row posts", posts.rows),
        unit: "rows per CPU s",
        ours: ours.per_total(),
        theirs: Some(theirs[better].per_total()),
        goal: posts.total,
        how: format!(
            "{sizes}; ours {}; theirs {} {}, the other {:.0} rows per CPU s",
            ours.said(),
            THEIR_WAYS[better].0,
            theirs[better].said(),
            theirs[1 - better].per_total()
        ),
    });
    Ok(figures)
}

/// Posts, and waits until ClickHouse has it all.
pub async fn delivered(server: &Server, target: Target, push: Push) -> anyhow::Result<Driven> {
    let driven = drive(&target, push).await?;
    server.delivered().await?;
    Ok(driven)
}
