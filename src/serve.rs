//! `qoe serve`: intake, board and API on one address.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use qoe_dashboards::Settings;
use qoe_ingest::failpoint::{self, FailAt};
use qoe_ingest::spool::Durability;
use qoe_ingest::{ConnectionLimits, Delivery, Intake, IntakeConfig, Projects, SpoolConfig};
use qoe_query::Definitions;
use qoe_query::board::Boards;
use qoe_store::Endpoint;
use qoe_store::keys::{Keyring, Kind};
use tokio::net::TcpListener;

use crate::access::{Access, DefinitionArgs, StoreArgs};
use crate::exit::WrongUse;
use crate::guard::{Guard, Pages};
use crate::keyring::{KeyWatch, now};
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
    /// A project that takes data, optionally with a write key: NAME or NAME=KEY. May be given several times [default: those that have keys, see `qoe
    /// keys`, or else `default`].
    #[arg(long = "project", env = "QOE_PROJECTS", value_delimiter = ',', value_name = "NAME[=KEY]")]
    projects: Vec<String>,
    /// Ask for a read key also on loopback: behind a proxy that others can reach.
    #[arg(long, env = "QOE_REQUIRE_READ_KEY")]
    require_read_key: bool,
    #[command(flatten)]
    spool: SpoolArgs,
    /// For tests: end as by kill -9 when this step is reached for the Nth time.
    #[arg(long, hide = true, value_name = "POINT:N")]
    fail_at: Option<FailAt>,
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
    let stated: Vec<Project> = args.projects.iter().map(|project| parse(project)).collect::<Result<_, _>>()?;
    if let Some(at) = args.fail_at {
        tracing::warn!("this process is going to end at {}, as --fail-at asks", at.point.as_str());
        failpoint::arm(at);
    }
    let definitions = args.definitions.read()?;
    let listener = bind(args.listen).await?;
    let access = args.store.hold("store").await?;
    let served = serve(&args, stated, definitions, &access, listener).await;
    access.close().await;
    served
}

async fn serve(
    args: &ServeArgs,
    stated: Vec<Project>,
    definitions: Definitions,
    access: &Access,
    listener: TcpListener,
) -> anyhow::Result<()> {
    let keys = KeyWatch::start(&access.endpoint).await?;
    let projects = admitted(stated, args.listen, &keys.keys.get())?;
    let loopback = args.listen.ip().is_loopback();
    let pages = if loopback && !args.require_read_key { Pages::OpenOnLoopback } else { Pages::BehindReadKey };
    if pages == Pages::BehindReadKey && keys.keys.get().projects(Kind::Read).is_empty() {
        tracing::warn!("pages need a read key, and there is none yet: `qoe keys create read --project {}` makes one", projects[0].0);
    }
    let delivery = access.delivery("server", args.spool.config()).await?;
    if args.spool.durability != Durability::Fsync {
        tracing::warn!("batches are acknowledged before they are flushed to the disk: durability {}", args.spool.durability);
    }
    let service = Service::new(&access.endpoint, delivery, Entrance { projects, pages, keys }, definitions, args.limits.intake());
    let address = format!("http://{}", listener.local_addr()?);
    access.announce(&address)?;
    tracing::info!("live board on {address}/board, intake on {address}/v1/telemetry, browser client at {address}/sdk/qoe.js");
    service.serve(listener, args.limits.patience()).await
}

/// A project, and its key if it has one from the command line.
pub type Project = (String, Option<String>);

/// The projects to serve: those stated, or else those with keys, or else `default`. Where others can reach the address, each must have a key.
fn admitted(stated: Vec<Project>, listen: SocketAddr, keys: &Keyring) -> Result<Vec<Project>, WrongUse> {
    let keyed = keys.projects(Kind::Write);
    let projects = match (stated.is_empty(), keyed.is_empty()) {
        (false, _) => stated,
        (true, false) => keyed.iter().map(|project| ((*project).to_owned(), None)).collect(),
        (true, true) => vec![("default".to_owned(), None)],
    };
    let open = projects.iter().find(|(name, key)| key.is_none() && !keyed.contains(name.as_str()));
    if let Some((open, _)) = open
        && !listen.ip().is_loopback()
    {
        return Err(WrongUse(format!(
            "listening on {listen} would let anyone who reaches it write into project {open:?}, which has no key: make one with `qoe keys create write --project {open}`, \
             and one to read with, `qoe keys create read --project {open}`; or listen on 127.0.0.1"
        )));
    }
    Ok(projects)
}

fn parse(project: &str) -> Result<Project, WrongUse> {
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

/// Who comes in, to send and to look.
#[derive(Debug)]
pub struct Entrance {
    /// The projects that take data; the first is the one that links without a project lead to.
    pub projects: Vec<Project>,
    /// Who may look.
    pub pages: Pages,
    /// The store's keys.
    pub keys: KeyWatch,
}

impl Entrance {
    /// One project, open to this machine alone.
    pub async fn on_loopback(endpoint: &Endpoint, project: &str) -> anyhow::Result<Self> {
        let projects = vec![(project.to_owned(), None)];
        Ok(Entrance { projects, pages: Pages::OpenOnLoopback, keys: KeyWatch::start(endpoint).await? })
    }
}

/// Intake and pages over a store.
#[derive(Debug)]
pub struct Service {
    /// Takes rows to ClickHouse.
    pub delivery: Delivery,
    intake: Intake,
    app: Router,
    keys: KeyWatch,
}

impl Service {
    /// Sets them up.
    pub fn new(endpoint: &Endpoint, delivery: Delivery, entrance: Entrance, definitions: Definitions, config: IntakeConfig) -> Service {
        let Entrance { projects, pages, mut keys } = entrance;
        let names: Vec<String> = projects.iter().map(|(name, _)| name.clone()).collect();
        let default_project = names.first().cloned().unwrap_or_default();
        let projects = Projects::with_keys(projects, keys.keys.clone(), Arc::clone(&keys.ledger));
        let intake = Intake::new(projects.clone(), delivery.clone(), config);
        let settings = Settings { default_project: default_project.clone(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let boards = Boards::new(endpoint.clone(), definitions, names);
        let guard = Guard::new(pages, keys.keys.clone(), Arc::clone(&keys.ledger), &default_project, now);
        let app = guard.protect(qoe_ingest::router(intake.clone()).merge(qoe_dashboards::router(boards.clone(), settings)));
        keys.keep(move |keyring| {
            boards.add_projects([Kind::Write, Kind::Read].into_iter().flat_map(|kind| keyring.projects(kind)));
            projects.renew(keyring);
        });
        Service { delivery, intake, app, keys }
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
        self.keys.close().await;
        if left > 0 {
            tracing::info!("{left} bytes wait in the spool for ClickHouse, and go there at the next start");
        }
        Ok(())
    }
}

/// Ends when somebody asks this process to: an interrupt, or SIGTERM.
pub async fn asked_to_stop() {
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
