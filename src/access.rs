//! Getting at a store: a server named by `--clickhouse-url`, the one of a `qoe` that runs on the store, or one started for this command.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use qoe_ingest::{Delivery, DeliveryConfig, Spool, SpoolConfig};
use qoe_query::{Catalog, Definitions, Limits};
use qoe_store::embedded::{Embedded, Launcher};
use qoe_store::{Endpoint, Folder, FolderError, Running, schema};

use crate::exit::WrongUse;

/// Which store.
#[derive(Debug, Clone, clap::Args)]
pub struct StoreArgs {
    /// Folder of the embedded ClickHouse's data [default: qoe/store in the user's data folder].
    #[arg(long, env = "QOE_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Use this ClickHouse (25.8 or later) instead of the embedded one, such as http://127.0.0.1:8123.
    #[arg(long, env = "QOE_CLICKHOUSE_URL", value_name = "URL")]
    pub clickhouse_url: Option<String>,
    /// User at that ClickHouse; the password is taken from QOE_CLICKHOUSE_PASSWORD.
    #[arg(long, env = "QOE_CLICKHOUSE_USER", default_value = "default")]
    pub clickhouse_user: String,
    /// Database of the tables.
    #[arg(long, env = "QOE_CLICKHOUSE_DATABASE", default_value = Endpoint::DEFAULT_DATABASE)]
    pub clickhouse_database: String,
}

/// A store that answers, for as long as this is kept.
#[derive(Debug)]
pub struct Access {
    /// Its ClickHouse.
    pub endpoint: Endpoint,
    /// Where what is not in ClickHouse lies.
    path: PathBuf,
    /// Whether it is a server somebody named, and not the store's own.
    remote: bool,
    /// The child and the folder it works on, where this process has them. The child ends before the folder is let go.
    embedded: Option<(Embedded, Folder)>,
}

impl Access {
    /// Leaves word in the store folder, so that other commands find this process.
    pub fn announce(&self, listen: &str) -> Result<(), FolderError> {
        let Some((embedded, folder)) = &self.embedded else { return Ok(()) };
        folder.announce(&Running {
            pid: std::process::id(),
            listen: Some(listen.to_owned()),
            clickhouse_url: embedded.endpoint().url().to_owned(),
            clickhouse_user: Embedded::USER.to_owned(),
            clickhouse_password: embedded.password().to_owned(),
        })
    }

    /// The child, where this process has it.
    pub fn engine(&self) -> Option<&Embedded> {
        self.embedded.as_ref().map(|(embedded, _)| embedded)
    }

    /// Delivery to it, from the spool of this name. Each ClickHouse has spools of its own, so that what waits for one never goes to another.
    pub async fn delivery(&self, spool: &str, config: SpoolConfig) -> anyhow::Result<Delivery> {
        let spool = if !self.remote { spool.to_owned() } else { format!("{spool}-{}", file_name(&self.endpoint)) };
        let path = self.path.join("spool").join(spool);
        let (spool, found) = Spool::open(&path, config).with_context(|| format!("open the spool {}", path.display()))?;
        Ok(Delivery::start(self.endpoint.clone(), spool, found, DeliveryConfig::default()).await)
    }

    /// Ends the child, where there is one.
    pub async fn close(self) {
        // Ending a child waits for it: not on the runtime's threads.
        let _ = tokio::task::spawn_blocking(move || drop(self.embedded)).await;
    }
}

impl StoreArgs {
    /// The embedded ClickHouse on this folder.
    pub fn embedded(folder: PathBuf) -> Self {
        StoreArgs {
            store: Some(folder),
            clickhouse_url: None,
            clickhouse_user: "default".to_owned(),
            clickhouse_database: Endpoint::DEFAULT_DATABASE.to_owned(),
        }
    }

    fn remote(&self) -> anyhow::Result<Option<Endpoint>> {
        let Some(url) = &self.clickhouse_url else { return Ok(None) };
        if !url.starts_with("http://") {
            return Err(WrongUse(format!("--clickhouse-url {url:?} does not start with http://; for TLS put a proxy in front")).into());
        }
        let password = std::env::var("QOE_CLICKHOUSE_PASSWORD").unwrap_or_default();
        Ok(Some(Endpoint::new(url, &self.clickhouse_user, &password, &self.clickhouse_database)))
    }

    /// The store, to be served by this process alone.
    pub async fn hold(&self, default: &str) -> anyhow::Result<Access> {
        if let Some(endpoint) = self.remote()? {
            schema::apply(&endpoint).await?;
            let path = self.store.clone().map_or_else(|| data_folder(default), Ok)?;
            return Ok(Access { endpoint, path, remote: true, embedded: None });
        }
        let path = self.store.clone().map_or_else(|| data_folder(default), Ok)?;
        self.start(&path).await
    }

    /// The embedded ClickHouse on this folder, its data emptied, to be served by this process alone.
    pub async fn hold_emptied(folder: PathBuf) -> anyhow::Result<Access> {
        let store = StoreArgs::embedded(folder.clone());
        let folder = Folder::hold(&folder)?;
        for data in ["clickhouse", "spool"].map(|name| folder.path().join(name)) {
            if data.exists() {
                std::fs::remove_dir_all(&data).with_context(|| format!("empty {}", data.display()))?;
            }
        }
        store.start_on(folder).await
    }

    async fn start(&self, path: &Path) -> anyhow::Result<Access> {
        self.start_on(Folder::hold(path)?).await
    }

    async fn start_on(&self, folder: Folder) -> anyhow::Result<Access> {
        let embedded = Embedded::start(&folder, &launcher()?, &self.clickhouse_database).await?;
        schema::apply(embedded.endpoint()).await?;
        Ok(Access {
            endpoint: embedded.endpoint().clone(),
            path: folder.path().to_owned(),
            remote: false,
            embedded: Some((embedded, folder)),
        })
    }

    /// The store, to have its keys administered: of a running `qoe` if one works on it, else started for this command, made if there is none. A server
    /// that others can reach needs a key before it starts, so a key can be made before there is a server.
    pub async fn administer(&self) -> anyhow::Result<Access> {
        if self.clickhouse_url.is_some() {
            return self.hold("store").await;
        }
        let path = self.store.clone().map_or_else(|| data_folder("store"), Ok)?;
        match self.running(&path).await {
            Some(access) => Ok(access),
            None => self.start(&path).await,
        }
    }

    /// The store of a `qoe` that runs on this folder.
    async fn running(&self, path: &Path) -> Option<Access> {
        let running = Folder::running(path)?;
        let endpoint = running.endpoint(&self.clickhouse_database);
        endpoint.ping().await.ok()?;
        tracing::info!("using the qoe that runs on {} (process {})", path.display(), running.pid);
        Some(Access { endpoint, path: path.to_owned(), remote: false, embedded: None })
    }

    /// The store, to be asked: of a running `qoe` if one works on it, else started for this command.
    pub async fn ask(&self) -> anyhow::Result<Access> {
        if let Some(endpoint) = self.remote()? {
            endpoint.ping().await?;
            let path = self.store.clone().map_or_else(|| data_folder("store"), Ok)?;
            return Ok(Access { endpoint, path, remote: true, embedded: None });
        }
        let candidates = match &self.store {
            Some(path) => vec![path.clone()],
            None => vec![data_folder("store")?, data_folder("demo")?],
        };
        for path in &candidates {
            if let Some(access) = self.running(path).await {
                return Ok(access);
            }
        }
        let Some(path) = candidates.iter().find(|path| path.join("clickhouse").is_dir()) else {
            let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
            return Err(WrongUse(format!(
                "there is no store in {}: start `qoe demo` or `qoe serve`, or name one with --store",
                looked.join(" or ")
            ))
            .into());
        };
        tracing::info!("starting ClickHouse on {} for this command", path.display());
        self.start(path).await
    }
}

/// A ClickHouse and a database there as part of a file's name.
fn file_name(endpoint: &Endpoint) -> String {
    let kept = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    format!("{}-{}", endpoint.url().trim_start_matches("http://"), endpoint.database()).chars().map(kept).collect()
}

/// A folder of ours in the user's data folder.
pub fn data_folder(name: &str) -> anyhow::Result<PathBuf> {
    Ok(qoe_store::embedded::fetch::data_folder().context("find the user's data folder")?.join(name))
}

/// This program, as the one to run the engine in.
pub fn launcher() -> anyhow::Result<Launcher> {
    let program = std::env::current_exe().context("find this program's own file")?;
    Ok(Launcher { program, arguments: vec!["engine".to_owned()] })
}

/// What the SQL functions go by.
#[derive(Debug, Clone, clap::Args)]
pub struct DefinitionArgs {
    /// What a good minute is, instead of the built-in objectives.
    #[arg(long, env = "QOE_OBJECTIVES", value_name = "FILE")]
    pub objectives: Option<PathBuf>,
}

impl DefinitionArgs {
    /// Reads them.
    pub fn read(&self) -> anyhow::Result<Definitions> {
        let mut definitions = Definitions::default();
        if let Some(path) = &self.objectives {
            let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
            definitions.objectives = qoe_query::quality::Objectives::parse(&text).with_context(|| format!("read {}", path.display()))?;
        }
        Ok(definitions)
    }
}

/// The tables, and the project to ask about: the one named, or the only one there is.
pub async fn catalog(endpoint: &Endpoint, definitions: Definitions, project: Option<&str>) -> anyhow::Result<(Catalog, String)> {
    let catalog = Catalog::open(endpoint, &Limits::default(), definitions).await?;
    let tables = ["sessions_rollup", "activity", "feedback", "survey_invitations", "support_tickets", "releases", "integration_log"];
    let each = tables.map(|table| format!("SELECT DISTINCT project FROM {table}")).join(" UNION ALL ");
    let projects: Vec<String> = catalog.endpoint().rows(&format!("SELECT project FROM ({each}) GROUP BY project ORDER BY project")).await?;
    if let Some(project) = project {
        return match projects.is_empty() || projects.iter().any(|name| name == project) {
            true => Ok((catalog, project.to_owned())),
            false => Err(WrongUse(format!("the store has no project {project:?}: it holds {}", projects.join(", "))).into()),
        };
    }
    match projects.as_slice() {
        [] => Ok((catalog, "default".to_owned())),
        [one] => Ok((catalog, one.clone())),
        several => Err(WrongUse(format!("the store holds several projects ({}): name one with --project", several.join(", "))).into()),
    }
}
