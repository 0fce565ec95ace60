//! `qoe serve`: intake, board and API on one address.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use qoe_dashboards::Settings;
use qoe_ingest::{Delivery, DeliveryConfig, Intake, IntakeConfig, Projects};
use qoe_query::Definitions;
use qoe_query::board::Boards;
use qoe_store::Endpoint;
use tokio::net::TcpListener;

use crate::access::{DefinitionArgs, StoreArgs};
use crate::exit::WrongUse;

/// How long open requests may take to end once the service is asked to.
const PATIENCE: Duration = Duration::from_secs(5);

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
    definitions: DefinitionArgs,
    #[command(flatten)]
    store: StoreArgs,
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
    let service = Service::start(&access.endpoint, projects, definitions).await;
    let address = format!("http://{}", listener.local_addr()?);
    access.announce(&address)?;
    tracing::info!("live board on {address}/board, intake on {address}/v1/telemetry, browser client at {address}/sdk/qoe.js");
    service.serve(listener).await?;
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
    app: Router,
}

impl Service {
    /// Sets them up; the first of the projects is the one that links without a project lead to.
    pub async fn start(endpoint: &Endpoint, projects: Vec<(String, Option<String>)>, definitions: Definitions) -> Service {
        let names: Vec<String> = projects.iter().map(|(name, _)| name.clone()).collect();
        let delivery = Delivery::start(endpoint.clone(), DeliveryConfig::default()).await;
        let intake = Intake::new(Projects::new(projects), delivery.clone(), IntakeConfig::default());
        let settings =
            Settings { default_project: names.first().cloned().unwrap_or_default(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let boards = Boards::new(endpoint.clone(), definitions, names);
        let app = qoe_ingest::router(intake).merge(qoe_dashboards::router(boards, settings));
        Service { delivery, app }
    }

    /// Serves until SIGINT or SIGTERM, then lets what is under way end and what was taken be stored.
    pub async fn serve(self, listener: TcpListener) -> anyhow::Result<()> {
        let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = axum::serve(listener, self.app).with_graceful_shutdown(async move {
            asked_to_stop().await;
            let _ = stopping.send(());
        });
        // Pages kept up to date hold their connections for as long as they are open: they get a while, not for ever.
        let patience = async {
            let _ = stopped.await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            served = serving => served.context("serve")?,
            () = patience => {}
        }
        let left = self.delivery.drain(PATIENCE).await;
        if left > 0 {
            anyhow::bail!("{left} rows were taken and not acknowledged, and could not be stored: ClickHouse did not answer in time");
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
