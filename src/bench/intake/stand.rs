//! What is measured: a `qoe serve` of its own and a ClickHouse of its own, each a process, and two databases of the same tables. The process of the
//! bench itself makes the load, so that what that costs is not counted.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use qoe_store::embedded::Embedded;
use qoe_store::{Endpoint, schema};
use tokio::process::{Child, Command};

use super::load::{self, Target};
use super::neighbours::NEIGHBOUR;
use super::process::{Used, cpu_seconds};
use super::rows::{Bodies, PROJECT, fresh};
use crate::access::{Access, StoreArgs};

/// How long a start, or the delivery of what is left, may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long merges that an insert started may go on before the next measurement begins regardless.
const MERGING: Duration = Duration::from_secs(3);

/// How the intake is started.
#[derive(Debug, Clone)]
pub struct Serving {
    /// Where it finds ClickHouse.
    pub clickhouse_url: String,
    /// When it acknowledges.
    pub durability: String,
    /// Room of its spool.
    pub spool_mib: u64,
    /// The spool's name, so that each measurement may begin with an empty one.
    pub spool: String,
}

/// Both processes.
pub struct Stand {
    folder: PathBuf,
    access: Access,
    /// What the intake delivers to.
    pub ours: Endpoint,
    /// What is posted to directly.
    pub theirs: Endpoint,
}

impl Stand {
    /// Starts ClickHouse in a folder that is removed in the end.
    pub async fn start(folder: &Path) -> anyhow::Result<Stand> {
        let access = StoreArgs::embedded(folder.to_owned()).hold("bench").await?;
        let ours = access.endpoint.clone();
        let theirs = ours.with_database("theirs");
        schema::apply(&theirs).await?;
        Ok(Stand { folder: folder.to_owned(), access, ours, theirs })
    }

    /// Where everything lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn engine(&self) -> anyhow::Result<&Embedded> {
        self.access.engine().context("the bench runs on a ClickHouse of its own")
    }

    /// Process id of ClickHouse.
    pub fn engine_pid(&self) -> anyhow::Result<u32> {
        self.engine()?.pid().context("ClickHouse has ended")
    }

    /// Where ClickHouse listens.
    pub fn engine_address(&self) -> anyhow::Result<SocketAddr> {
        let url = self.engine()?.endpoint().url().trim_start_matches("http://").to_owned();
        url.parse().with_context(|| format!("read the address {url}"))
    }

    /// Starts an intake.
    pub async fn serve(&self, serving: &Serving) -> anyhow::Result<Server> {
        let listen = free_address()?;
        let engine = self.engine()?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", &listen.to_string(), "--project", PROJECT, "--project", NEIGHBOUR])
            .args(["--clickhouse-url", &serving.clickhouse_url, "--clickhouse-user", Embedded::USER])
            .args(["--clickhouse-database", self.ours.database(), "--durability", &serving.durability])
            .args(["--spool-mib", &serving.spool_mib.to_string()])
            // All of the load comes from here.
            .args(["--max-connections", "4096", "--max-connections-per-address", "4096"])
            .arg("--store")
            .arg(self.folder.join(&serving.spool))
            .env("QOE_CLICKHOUSE_PASSWORD", engine.password())
            .env("QOE_LOG", "error")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("start the intake")?;
        Ok(Server { pid: child.id().context("the intake ended at once")?, child, listen })
    }

    /// ClickHouse, to be posted rows of the same table.
    pub fn inserts(&self, bodies: &Arc<Bodies>, settings: &str) -> anyhow::Result<Target> {
        let bodies = bodies.clone();
        let database = self.theirs.database();
        Ok(Target {
            address: self.engine_address()?,
            // The bodies come round again: no insert is to be taken for one that came before.
            path: format!("/?database={database}&query=INSERT%20INTO%20samples%20FORMAT%20JSONEachRow&insert_deduplicate=0&{settings}"),
            headers: vec![("X-ClickHouse-User", Embedded::USER.to_owned()), ("X-ClickHouse-Key", self.engine()?.password().to_owned())],
            rows: bodies.rows,
            next: Arc::new(move || bodies.next().clone()),
        })
    }

    /// Waits until ClickHouse has done what inserts set off, within reason.
    pub async fn settled(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < MERGING {
            let merging: Vec<u64> = self.ours.rows("SELECT count() FROM system.merges").await?;
            if merging == [0] {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// What both processes used while this was done, and until its merges ended.
    pub async fn counting<T>(&self, server: &Server, act: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<(T, Used)> {
        let engine = self.engine_pid()?;
        let (intake, clickhouse, began) = (cpu_seconds(server.pid)?, cpu_seconds(engine)?, Instant::now());
        let done = act.await?;
        let wall = began.elapsed();
        self.settled().await?;
        let used = Used { intake: cpu_seconds(server.pid)? - intake, clickhouse: cpu_seconds(engine)? - clickhouse, wall };
        Ok((done, used))
    }

    /// Rows in a database's samples.
    pub async fn count(&self, endpoint: &Endpoint) -> anyhow::Result<u64> {
        Ok(endpoint.rows("SELECT count() FROM samples").await?.first().copied().unwrap_or_default())
    }

    /// Empties the tables that rows of samples reach, on both sides.
    pub async fn empty_both(&self) -> anyhow::Result<()> {
        for endpoint in [&self.ours, &self.theirs] {
            for table in ["samples", "session_minutes_rollup", "sessions_rollup", "user_hours_rollup"] {
                endpoint.execute(&format!("TRUNCATE TABLE {table}")).await?;
            }
        }
        Ok(())
    }

    /// Removes what an intake that has ended left in its spool.
    pub fn forget(&self, serving: &Serving) -> anyhow::Result<()> {
        let path = self.folder.join(&serving.spool);
        std::fs::remove_dir_all(&path).with_context(|| format!("remove {}", path.display()))
    }

    /// Ends ClickHouse and removes the folder.
    pub async fn close(self) {
        self.access.close().await;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An intake.
pub struct Server {
    child: Child,
    /// Its process id.
    pub pid: u32,
    listen: SocketAddr,
}

impl Server {
    /// Waits until it takes rows.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while load::get(self.listen, "/readyz").await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the intake ended: {status}");
            }
            anyhow::ensure!(began.elapsed() < PATIENCE, "the intake did not start within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// To be posted these batches.
    pub fn posts(&self, bodies: &Arc<Bodies>) -> Target {
        let bodies = bodies.clone();
        self.target("application/json", bodies.rows, Arc::new(move || fresh(bodies.next())))
    }

    /// To be posted these lines, which are in gzip.
    pub fn relays(&self, bodies: &Arc<Bodies>) -> Target {
        let bodies = bodies.clone();
        let mut target = self.target("application/x-ndjson", bodies.rows, Arc::new(move || bodies.next().clone()));
        target.headers.push(("Content-Encoding", "gzip".to_owned()));
        target
    }

    /// To be posted anything.
    pub fn target(&self, content_type: &str, rows: usize, next: Arc<dyn Fn() -> bytes::Bytes + Send + Sync>) -> Target {
        Target {
            address: self.listen,
            path: "/v1/telemetry".to_owned(),
            headers: vec![("Content-Type", content_type.to_owned())],
            next,
            rows,
        }
    }

    /// One of its counters.
    pub async fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let page = load::get(self.listen, "/metrics").await?;
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.with_context(|| format!("the intake has no metric {name}"))
    }

    /// Waits until ClickHouse has all that was acknowledged.
    pub async fn delivered(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.metric("qoe_spool_undelivered_bytes").await? > 0.0 {
            anyhow::ensure!(began.elapsed() < PATIENCE, "rows were not delivered within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Ends it as a crash would.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
