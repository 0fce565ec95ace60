//! `qoe serve`: intake, board and API on one address.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use qoe_dashboards::Settings;
use qoe_ingest::spool::Durability;
use qoe_ingest::{ConnectionLimits, Delivery, Intake, IntakeConfig, Projects, SpoolConfig};
use qoe_query::Definitions;
use qoe_query::board::Boards;
use qoe_store::Endpoint;
use tokio::net::TcpListener;

use crate::access::{DefinitionArgs, StoreArgs};
use crate::exit::WrongUse;
use crate::listen::{self, Patience};

/// How long open requests may take to end once the service is asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long what was acknowledged may take to be delivered before the service ends; the rest is on disk.
const DRAIN: Duration = Duration::from_secs(3);

/// Where to listen, and for whom.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Address of pages and intake; port 0 takes a free one.
    #[arg(long, env = "QOE_LISTEN", default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// A project that takes data, optionally with its write key: NAME or NAME=KEY. May be given several times.
    #[arg(long = "project", env = "QOE_PROJECTS", value_delimiter = ',', default_value = "default", value_name = "NAME[=KEY]")]
    projects: Vec<String>,
    #[command(flatten)]
    spool: SpoolArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    definitions: DefinitionArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// How safely, and how much, is kept until ClickHouse has it.
#[derive(Debug, clap::Args)]
struct SpoolArgs {
    /// When a batch is acknowledged: fsync (it is flushed to the disk), or interval(50ms) (it is flushed that often: a crash of the machine loses what came since).
    #[arg(long, env = "QOE_DURABILITY", default_value_t = SpoolConfig::default().durability)]
    durability: Durability,
    /// Most MiB that wait for ClickHouse on this disk.
    #[arg(long, env = "QOE_SPOOL_MIB", default_value_t = SpoolConfig::default().max_bytes >> 20, value_parser = clap::value_parser!(u64).range(16..))]
    spool_mib: u64,
    /// Minutes for which what is delivered is kept, in case ClickHouse turns out to have lost it.
    #[arg(long, env = "QOE_SPOOL_KEEP_MINUTES", default_value_t = SpoolConfig::default().keep.as_secs() / 60)]
    spool_keep_minutes: u64,
}

impl SpoolArgs {
    fn config(&self) -> SpoolConfig {
        let max_bytes = self.spool_mib << 20;
        let defaults = SpoolConfig::default();
        SpoolConfig {
            durability: self.durability,
            max_bytes,
            // What is removed at a time is a small part of the whole.
            segment_bytes: defaults.segment_bytes.min(max_bytes / 8),
            keep: Duration::from_secs(self.spool_keep_minutes * 60),
            ..defaults
        }
    }
}

/// What one sender may take of the server.
#[derive(Debug, clap::Args)]
pub struct LimitArgs {
    /// Most connections at once.
    #[arg(long, env = "QOE_MAX_CONNECTIONS", default_value_t = ConnectionLimits::default().all, value_name = "N")]
    max_connections: NonZeroUsize,
    /// Most connections from one address; behind a proxy, give it nearly all.
    #[arg(long, env = "QOE_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = ConnectionLimits::default().per_address, value_name = "N")]
    max_connections_per_address: NonZeroUsize,
    /// How long the head of a request may take, such as 10s or 500ms.
    #[arg(long, env = "QOE_HEAD_WITHIN", default_value = "10s", value_parser = duration, value_name = "TIME")]
    head_within: Duration,
    /// How long the body of a request may take.
    #[arg(long, env = "QOE_BODY_WITHIN", default_value = "10s", value_parser = duration, value_name = "TIME")]
    body_within: Duration,
    /// How long a connection may be silent between requests.
    #[arg(long, env = "QOE_IDLE_WITHIN", default_value = "75s", value_parser = duration, value_name = "TIME")]
    idle_within: Duration,
}

impl LimitArgs {
    fn intake(&self) -> IntakeConfig {
        let connections = ConnectionLimits { all: self.max_connections, per_address: self.max_connections_per_address };
        IntakeConfig { connections, body_within: self.body_within, ..IntakeConfig::default() }
    }

    fn patience(&self) -> Patience {
        Patience { head: self.head_within, idle: self.idle_within }
    }
}

/// A number with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let refused = || format!("{text:?} is no time above 0: write 10s or 500ms");
    let unit = text.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(refused)?;
    let number: u64 = text[..unit].parse().map_err(|_| refused())?;
    match &text[unit..] {
        _ if number == 0 => Err(refused()),
        "s" => Ok(Duration::from_secs(number)),
        "ms" => Ok(Duration::from_millis(number)),
        _ => Err(refused()),
    }
}

/// Serves until interrupted.
pub async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let projects: Vec<(String, Option<String>)> = args.projects.iter().map(|project| parse(project)).collect::<Result<_, _>>()?;
    if let Some((open, _)) = projects.iter().find(|(_, key)| key.is_none())
        && !args.listen.ip().is_loopback()
    {
        let why = format!(
            "listening on {} would let anyone who reaches it write into project {open:?}: give it a key with --project {open}=KEY, or listen on 127.0.0.1",
            args.listen
        );
        return Err(WrongUse(why).into());
    }
    let definitions = args.definitions.read()?;
    let listener = bind(args.listen).await?;
    let access = args.store.hold("store").await?;
    let delivery = access.delivery("server", args.spool.config()).await?;
    if args.spool.durability != Durability::Fsync {
        tracing::warn!("batches are acknowledged before they are flushed to the disk: durability {}", args.spool.durability);
    }
    let service = Service::new(&access.endpoint, delivery, projects, definitions, args.limits.intake());
    let address = format!("http://{}", listener.local_addr()?);
    access.announce(&address)?;
    tracing::info!("live board on {address}/board, intake on {address}/v1/telemetry, browser client at {address}/sdk/qoe.js");
    service.serve(listener, args.limits.patience()).await?;
    access.close().await;
    Ok(())
}

fn parse(project: &str) -> Result<(String, Option<String>), WrongUse> {
    let (name, key) = project.split_once('=').map_or((project, None), |(name, key)| (name, Some(key.to_owned())));
    if name.is_empty() || key.as_deref() == Some("") {
        return Err(WrongUse(format!("--project {project:?} is neither NAME nor NAME=KEY")));
    }
    Ok((name.to_owned(), key))
}

/// Listens, or says what is in the way.
pub async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| format!("listen on {listen}: choose another address with --listen"))
}

/// Intake and pages over a store.
#[derive(Debug)]
pub struct Service {
    /// Takes rows to ClickHouse.
    pub delivery: Delivery,
    intake: Intake,
    app: Router,
}

impl Service {
    /// Sets them up; the first of the projects is the one that links without a project lead to.
    pub fn new(
        endpoint: &Endpoint,
        delivery: Delivery,
        projects: Vec<(String, Option<String>)>,
        definitions: Definitions,
        config: IntakeConfig,
    ) -> Service {
        let names: Vec<String> = projects.iter().map(|(name, _)| name.clone()).collect();
        let intake = Intake::new(Projects::new(projects), delivery.clone(), config);
        let settings =
            Settings { default_project: names.first().cloned().unwrap_or_default(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let boards = Boards::new(endpoint.clone(), definitions, names);
        let app = qoe_ingest::router(intake.clone()).merge(qoe_dashboards::router(boards, settings));
        Service { delivery, intake, app }
    }

    /// Serves until SIGINT or SIGTERM, then lets what is under way end and what was taken be stored.
    pub async fn serve(self, listener: TcpListener, patience: Patience) -> anyhow::Result<()> {
        let connections = self.intake.connections().clone();
        let listening = listen::accept(listener, self.app, connections, patience, asked_to_stop()).await;
        // Pages kept up to date hold their connections for as long as they are open: they get a while, not for ever.
        let all_end = async { tokio::join!(listening.ended(), self.intake.streams().close()) };
        if tokio::time::timeout(PATIENCE, all_end).await.is_err() {
            tracing::debug!("some connections did not end in time and are cut");
        }
        self.delivery.spool().end();
        let left = self.delivery.drain(DRAIN).await;
        if left > 0 {
            tracing::info!("{left} bytes wait in the spool for ClickHouse, and go there at the next start");
        }
        Ok(())
    }
}

async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}
