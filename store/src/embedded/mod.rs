//! ClickHouse as a child process on a loopback port, its data in the store folder.
//!
//! Goes in: a held [`Folder`] and the program to start (this one, with its hidden `engine` command). Comes out: an [`Endpoint`] that answers. A child
//! that dies is started again on the same port; the child ends with this process, however that ends.

pub mod engine;
pub mod fetch;

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::endpoint::Endpoint;
use crate::folder::Folder;
use fetch::{Engine, FetchError};

/// How long a start may take before it is given up.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How far merges give way to everything else (`nice`, of 19): they can wait, and merge the more at once; senders and readers cannot. A tenth of the processor is
/// theirs in any case, so that parts do not pile up for ever. Needs the right to raise it again (CAP_SYS_NICE); without it ClickHouse leaves it alone.
const MERGES_NICE: u8 = 10;

/// Why the embedded ClickHouse is not there.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No engine on this machine.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A file or process operation failed.
    #[error("{act}")]
    Io {
        /// What was attempted.
        act: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// It ended or stayed silent.
    #[error("the embedded ClickHouse did not start: {said}")]
    NotStarted {
        /// What it said last.
        said: String,
    },
}

/// A program that runs [`engine::run`] when started with the given leading arguments.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// Its leading arguments.
    pub arguments: Vec<String>,
}

/// The running child. Dropping it ends the child.
#[derive(Debug)]
pub struct Embedded {
    endpoint: Endpoint,
    password: String,
    keeper: Arc<Keeper>,
}

impl Embedded {
    /// The user name at the embedded ClickHouse.
    pub const USER: &'static str = "qoe";

    /// Starts ClickHouse on the folder's data and waits until it answers with the password made for this run, which proves that what answers is ours.
    pub async fn start(folder: &Folder, launcher: &Launcher, database: &str) -> Result<Embedded, EmbeddedError> {
        let engine = tokio::task::spawn_blocking(fetch::engine)
            .await
            .map_err(|error| EmbeddedError::Io { act: "fetch ClickHouse".into(), source: std::io::Error::other(error) })??;
        let path = folder.path().join("clickhouse");
        let password = uuid::Uuid::new_v4().simple().to_string();
        write_config(&path, &password)?;
        let port = free_port()?;
        let endpoint = Endpoint::new(&format!("http://127.0.0.1:{port}"), Self::USER, &password, database);
        let keeper = Arc::new(Keeper { start: Start { launcher: launcher.clone(), engine, path, port }, child: Mutex::default() });
        keep(&keeper)?;
        let embedded = Embedded { endpoint, password, keeper };
        embedded.wait_until_ready().await?;
        Ok(embedded)
    }

    async fn wait_until_ready(&self) -> Result<(), EmbeddedError> {
        let began = Instant::now();
        loop {
            if self.endpoint.ping().await.is_ok() {
                return Ok(());
            }
            if let Some(said) = self.keeper.ended() {
                return Err(EmbeddedError::NotStarted { said });
            }
            if began.elapsed() > START_LIMIT {
                return Err(EmbeddedError::NotStarted { said: format!("no answer on {} within {START_LIMIT:?}", self.endpoint.url()) });
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Where it answers.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The password of this run.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Process id of the child, while there is one.
    pub fn pid(&self) -> Option<u32> {
        match &*self.keeper.lock() {
            State::Running { child } => Some(child.id()),
            _ => None,
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.keeper.stop();
    }
}

#[derive(Debug)]
struct Start {
    launcher: Launcher,
    engine: Engine,
    path: PathBuf,
    port: u16,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    NotYet,
    Running {
        child: Child,
    },
    /// Ended before it was ever asked to; the last words.
    Ended(String),
    Stopped,
}

/// Owns the child and starts it again when it dies.
#[derive(Debug)]
struct Keeper {
    start: Start,
    child: Mutex<State>,
}

impl Keeper {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> Option<String> {
        match &*self.lock() {
            State::Ended(said) => Some(said.clone()),
            _ => None,
        }
    }

    fn stop(&self) {
        let state = std::mem::replace(&mut *self.lock(), State::Stopped);
        if let State::Running { mut child } = state {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let (kind, engine) = match &self.start.engine {
            Engine::Program(path) => ("--program", path),
            Engine::Library(path) => ("--library", path),
        };
        Command::new(&self.start.launcher.program)
            .args(&self.start.launcher.arguments)
            .arg(kind)
            .arg(engine)
            .arg("--path")
            .arg(&self.start.path)
            .args(["--port", &self.start.port.to_string(), "--parent", &std::process::id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
    }

    /// Whether the child has ended: its last words; `None` while it runs or once it was stopped on purpose.
    fn poll(&self) -> Poll {
        let mut state = self.lock();
        match &mut *state {
            State::Running { child } => match child.try_wait() {
                Ok(None) => Poll::Runs,
                Ok(Some(status)) => {
                    let said = last_words(child).unwrap_or_else(|| status.to_string());
                    *state = State::Ended(said.clone());
                    Poll::Died(said)
                }
                Err(error) => Poll::Died(error.to_string()),
            },
            State::Stopped => Poll::Stopped,
            State::NotYet | State::Ended(_) => Poll::Runs,
        }
    }
}

enum Poll {
    Runs,
    Died(String),
    Stopped,
}

fn last_words(child: &mut Child) -> Option<String> {
    let mut said = String::new();
    child.stderr.take()?.read_to_string(&mut said).ok()?;
    said.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned)
}

/// Starts the child from a thread that lives as long as it is needed (the parent-death signal follows the *thread* that started the child), and
/// starts it again, with growing pauses, when it dies later.
fn keep(keeper: &Arc<Keeper>) -> Result<(), EmbeddedError> {
    let (first, outcome) = std::sync::mpsc::channel();
    let keeper = Arc::clone(keeper);
    std::thread::Builder::new()
        .name("clickhouse-keeper".into())
        .spawn(move || {
            let spawned = keeper.spawn();
            let failed = spawned.is_err();
            let _ = first.send(spawned.map(|child| *keeper.lock() = State::Running { child }));
            if !failed {
                watch(&keeper);
            }
        })
        .map_err(|source| EmbeddedError::Io { act: "start the thread that keeps ClickHouse".into(), source })?;
    outcome
        .recv()
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(|source| EmbeddedError::Io { act: "start the embedded ClickHouse".into(), source })
}

fn watch(keeper: &Keeper) {
    let mut began = Instant::now();
    let mut pause = Duration::from_millis(200);
    loop {
        std::thread::sleep(Duration::from_millis(50));
        match keeper.poll() {
            Poll::Runs => continue,
            Poll::Stopped => return,
            Poll::Died(said) => {
                if began.elapsed() > Duration::from_secs(30) {
                    pause = Duration::from_millis(200);
                }
                tracing::warn!(said, "the embedded ClickHouse ended; starting it again in {pause:?}");
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_secs(10));
            }
        }
        let spawned = keeper.spawn();
        let mut state = keeper.lock();
        if matches!(*state, State::Stopped) {
            if let Ok(mut child) = spawned {
                let _ = child.kill();
                let _ = child.wait();
            }
            return;
        }
        match spawned {
            Ok(child) => {
                *state = State::Running { child };
                began = Instant::now();
            }
            Err(error) => tracing::error!(%error, "start the embedded ClickHouse again"),
        }
    }
}

fn free_port() -> Result<u16, EmbeddedError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| EmbeddedError::Io { act: "find a free loopback port".into(), source })
}

/// Only who knows the password of this run gets at the data: other users of the machine, and web pages that post to loopback ports, do not. The engine's
/// own session, which keeps it running, is user `default`; that name needs no password, so it may do what that session does and nothing else.
fn write_config(path: &Path, password: &str) -> Result<(), EmbeddedError> {
    let io = |act: &str| {
        let act = format!("{act} {}", path.display());
        move |source| EmbeddedError::Io { act, source }
    };
    fs::create_dir_all(path).map_err(io("create"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io("set permissions of"))?;
    let user = |name: &str, password: &str, more: &str| {
        format!(
            "<{name}><password>{password}</password><profile>default</profile><quota>default</quota>\
             <networks><host>localhost</host></networks>{more}</{name}>"
        )
    };
    let keeper = "<grants><query>GRANT SYSTEM LISTEN ON *.*</query><query>GRANT SELECT ON system.numbers</query></grants>";
    let users = format!(
        "<clickhouse><users>{}{}</users><profiles><default/></profiles><quotas><default/></quotas></clickhouse>\n",
        user("default", "", keeper),
        user(Embedded::USER, password, "")
    );
    let users_path = path.join("users.xml");
    let config = format!(
        "<clickhouse><users_config>{}</users_config><mark_cache_size>268435456</mark_cache_size>\
         <os_threads_nice_value_merge_mutate>{MERGES_NICE}</os_threads_nice_value_merge_mutate></clickhouse>\n",
        users_path.display()
    );
    fs::write(&users_path, users).map_err(io("write users.xml in"))?;
    fs::write(path.join("config.xml"), config).map_err(io("write config.xml in"))
}
