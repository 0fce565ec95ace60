//! `qoe demo`: everything at once, nothing to configure.

use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use qoe_fixtures::{Fleet, FleetConfig, PLANTED};
use qoe_ingest::{Delivery, IntakeConfig, SpoolConfig};
use qoe_query::Definitions;
use qoe_store::{Millis, Records};

use crate::access::{StoreArgs, data_folder};
use crate::exit::WrongUse;
use crate::listen::Patience;
use crate::serve::{Entrance, Service, bind};

/// The project of the demo.
const PROJECT: &str = "demo";

/// How often the fleet is lived on.
const STEP: Duration = Duration::from_millis(500);

/// How often the clients of the past hour reported: four times a minute judges a minute, and loads in a few seconds.
const HISTORY_INTERVAL_MS: NonZeroU32 = const { NonZeroU32::new(15_000).unwrap() };

/// Minutes of history handed over at a time.
const CHUNK_MINUTES: i64 = 15;

/// How large, and where.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Address of the board; port 0 takes a free one.
    #[arg(long, env = "QOE_LISTEN", default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// Folder of the demo's data, emptied at every start [default: qoe/demo in the user's data folder].
    #[arg(long, env = "QOE_STORE", value_name = "DIR")]
    store: Option<PathBuf>,
    /// How many sessions are live at a time.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    sessions: u32,
    /// Another seed, another fleet.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Plays until interrupted.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let began = Instant::now();
    if !args.listen.ip().is_loopback() {
        return Err(WrongUse(format!(
            "a demo has no keys, so it listens on loopback only, not on {}: reach it through a tunnel, or use `qoe serve` with keys (`qoe keys create write --project NAME`)",
            args.listen
        ))
        .into());
    }
    let path = args.store.clone().map_or_else(|| data_folder("demo"), Ok)?;
    claim(&path)?;
    let listener = bind(args.listen).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let access = StoreArgs::hold_emptied(path).await?;

    let now = Millis(Utc::now().timestamp_millis());
    let config = FleetConfig {
        concurrent_sessions: args.sessions as usize,
        history_interval_ms: HISTORY_INTERVAL_MS,
        ..FleetConfig::demo(PROJECT, args.seed, now)
    };
    let incident = config.incident.clone();
    let mut fleet = Fleet::new(config);
    let delivery = access.delivery("server", SpoolConfig::default()).await?;
    let entrance = Entrance::on_loopback(&access.endpoint, PROJECT).await?;
    let service = Service::new(&access.endpoint, delivery, entrance, Definitions::default(), IntakeConfig::default());
    let rows = load(&mut fleet, &service.delivery, now).await?;
    access.announce(&address)?;

    let mut out = std::io::stderr().lock();
    writeln!(
        out,
        "\n  qoe demo: {} sessions live, {rows} rows of the last hour, ready after {:.1} s\n",
        fleet.live_sessions(),
        began.elapsed().as_secs_f64()
    )?;
    writeln!(out, "  live board   {address}/board        (中文: {address}/board?lang=zh)")?;
    writeln!(out, "  ask in SQL   qoe sql \"select vendor, count(*) from sessions group by vendor\"{}", store_flag(&args))?;
    if let Some(incident) = incident {
        writeln!(out, "\n  look at \"where and since when\": it should name the planted incident,\n    {incident}")?;
    }
    writeln!(out, "  also planted: {}", PLANTED.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    writeln!(out, "\n  Ctrl-C ends everything.\n")?;
    drop(out);

    let player = tokio::spawn(play(fleet, service.delivery.clone()));
    let served = service.serve(listener, Patience::default()).await;
    player.abort();
    access.close().await;
    served
}

fn store_flag(args: &DemoArgs) -> String {
    args.store.as_ref().map(|path| format!(" --store {}", path.display())).unwrap_or_default()
}

/// Makes sure that a folder which is going to be emptied is a demo's: new, empty, or marked by an earlier demo.
fn claim(path: &Path) -> anyhow::Result<()> {
    let marker = path.join("demo");
    let used = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    if used && !marker.exists() {
        return Err(WrongUse(format!(
            "{} is not empty and holds no demo: a demo empties its store, so give it a new folder",
            path.display()
        ))
        .into());
    }
    std::fs::create_dir_all(path).with_context(|| format!("create {}", path.display()))?;
    std::fs::write(&marker, "A qoe demo lives here; its data are emptied at every start.\n")
        .with_context(|| format!("write {}", marker.display()))
}

/// Loads the hour before `now`; the thin month before that follows while the board is already up.
async fn load(fleet: &mut Fleet, delivery: &Delivery, now: Millis) -> anyhow::Result<usize> {
    let bar = indicatif::ProgressBar::new(60).with_message("loading an hour of history");
    bar.set_style(indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} min")?);
    let mut rows = 0;
    let mut under_way = tokio::task::JoinSet::new();
    while fleet.now() < now {
        let until = Millis((fleet.now().0 + CHUNK_MINUTES * 60_000).min(now.0));
        let records = tokio::task::block_in_place(|| fleet.advance(until));
        rows += records.len();
        // The next chunk is made while this one is stored.
        under_way.spawn(deliver(delivery.clone(), records));
        bar.inc(CHUNK_MINUTES.unsigned_abs());
    }
    while let Some(stored) = under_way.join_next().await {
        stored??;
    }
    delivery.drain(Duration::from_secs(60)).await;
    bar.finish_and_clear();
    Ok(rows)
}

async fn deliver(delivery: Delivery, records: Records) -> anyhow::Result<()> {
    Ok(delivery.deliver(records).await?)
}

async fn play(mut fleet: Fleet, delivery: Delivery) {
    let backdrop = fleet.backdrop();
    let mut ticks = tokio::time::interval(STEP);
    if let Err(error) = delivery.deliver(backdrop).await {
        tracing::warn!(%error, "store the month before");
    }
    loop {
        ticks.tick().await;
        let records = fleet.advance(Millis(Utc::now().timestamp_millis()));
        // A fleet of real clients would be told to wait.
        if delivery.spool().check(PROJECT).is_ok() {
            drop(delivery.submit(records));
        }
    }
}
