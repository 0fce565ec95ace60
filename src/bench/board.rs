//! How long each panel's query takes with so many samples stored.
//!
//! The samples are a simulated fleet's that ends now: hours of history, of which the board asks for the last. Beyond [`SIMULATED`] the history is
//! copied further back, each copy under session names of its own. Filling a store takes a while, so it is kept in the folder given and used again.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use chrono::Utc;
use qoe_fixtures::{Fleet, FleetConfig};
use qoe_ingest::SpoolConfig;
use qoe_query::board::{Filter, all_questions, ask};
use qoe_query::{Catalog, Definitions, Limits, Mode};
use qoe_store::{Endpoint, Millis};

use super::quantile;
use crate::access::{Access, StoreArgs};

const PROJECT: &str = "bench";

/// Most samples that are simulated; more are copies of these.
const SIMULATED: u64 = 10_000_000;

/// How much, and where.
#[derive(Debug, clap::Args)]
pub struct BoardArgs {
    /// Samples to have stored.
    #[arg(long, default_value_t = 10_000_000)]
    samples: u64,
    /// Sessions live at a time in the fleet that is stored.
    #[arg(long, default_value_t = 400)]
    sessions: usize,
    /// How often each query is asked.
    #[arg(long, default_value_t = 40)]
    repeat: usize,
    /// Folder of the store; what is missing in it is added.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
}

/// Fills the store if need be, asks, prints a table.
pub async fn run(args: BoardArgs) -> anyhow::Result<()> {
    let access = StoreArgs::embedded(args.store.clone()).hold("bench").await?;
    let end = fill(&args, &access).await?;
    let stored: Vec<u64> = access.endpoint.rows("SELECT count() FROM samples").await?;
    let catalog = Catalog::open(&access.endpoint, &Limits::default(), Definitions::default()).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} samples stored; {} repeats of each query; milliseconds", stored[0], args.repeat)?;
    writeln!(out, "{:<26} {:>8} {:>8} {:>8}", "panel", "p50", "p95", "max")?;
    let now = chrono::DateTime::from_timestamp_millis(end.0).unwrap_or_else(Utc::now);
    for (panel, sql) in all_questions(&Filter::default(), now) {
        let mut times = Vec::new();
        for _ in 0..args.repeat {
            // Planning is part of what a panel costs.
            let context = catalog.session(PROJECT, Mode::PushDown)?;
            let began = Instant::now();
            ask(&context, &sql).await?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        writeln!(out, "{panel:<26} {:>8.1} {:>8.1} {:>8.1}", quantile(&times, 0.5), quantile(&times, 0.95), quantile(&times, 1.0))?;
    }
    access.close().await;
    Ok(())
}

/// Fills the store backwards in time, an hour of the fleet after another and then copies of all of them, until it holds enough; answers the moment at
/// which the newest hour ends.
async fn fill(args: &BoardArgs, access: &Access) -> anyhow::Result<Millis> {
    let endpoint = &access.endpoint;
    let delivery = access.delivery("bench", SpoolConfig::default()).await?;
    let newest: Vec<i64> = endpoint.rows("SELECT toUnixTimestamp64Milli(max(observed_at)) FROM samples").await?;
    let end = newest.first().copied().filter(|at| *at > 0).unwrap_or_else(|| Utc::now().timestamp_millis());
    let bar = indicatif::ProgressBar::new(args.samples).with_message("filling the store");
    bar.set_style(indicatif::ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} samples {eta}")?);
    loop {
        let stored: Vec<(u64, i64)> = endpoint.rows("SELECT count(), toUnixTimestamp64Milli(min(observed_at)) FROM samples").await?;
        let (count, oldest) = stored.first().copied().unwrap_or_default();
        bar.set_position(count);
        if count >= args.samples {
            bar.finish_and_clear();
            return Ok(Millis(end));
        }
        if count >= SIMULATED {
            copy(endpoint).await?;
            continue;
        }
        let until = if count == 0 { end } else { oldest.div_euclid(3_600_000) * 3_600_000 };
        let start = Millis(until - 3_600_000);
        let config = FleetConfig {
            concurrent_sessions: args.sessions,
            start,
            incident: None,
            // The whole of it at the live pace: the store is to hold what live clients would have sent.
            live_from: start,
            ..FleetConfig::demo(PROJECT, until.unsigned_abs(), Millis(until))
        };
        let mut fleet = Fleet::new(config);
        while fleet.now().0 < until {
            let next = Millis((fleet.now().0 + 120_000).min(until));
            delivery.deliver(tokio::task::block_in_place(|| fleet.advance(next))).await?;
        }
        delivery.drain(std::time::Duration::from_secs(600)).await;
    }
}

/// Copies the simulated history to before all there is.
async fn copy(endpoint: &Endpoint) -> anyhow::Result<()> {
    let simulated = "session_id NOT LIKE '%~%'";
    let (hours, number): (u64, u64) = endpoint
        .rows(&format!(
            "SELECT toUInt64(dateDiff('hour', minIf(observed_at, {simulated}), maxIf(observed_at, {simulated})) + 1), uniqExact(extract(session_id, '~(.*)')) FROM samples"
        ))
        .await?
        .pop()
        .context("a count has one row")?;
    let back = hours * number;
    let times = ["observed_at", "client_at", "sent_at", "received_at"].map(|column| format!("{column} - INTERVAL {back} HOUR AS {column}"));
    let sql = format!(
        "INSERT INTO samples SELECT * REPLACE (concat(session_id, '~{number}') AS session_id, {}) FROM (SELECT * FROM samples WHERE {simulated})",
        times.join(", ")
    );
    Ok(endpoint.execute(&sql).await?)
}
