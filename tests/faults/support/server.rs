//! `qoe serve` as a process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};

use qoe_store::embedded::Embedded;
use qoe_store::{Endpoint, Folder};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};

use super::client;
use super::engine::Database;
use super::{DEADLINE, until};

/// A store folder, the ClickHouse behind it, and where the server on it answers just now.
pub struct Site {
    folder: TempDir,
    database: Option<Database>,
    arguments: Vec<String>,
    address: watch::Sender<Option<SocketAddr>>,
}

impl Site {
    /// With an embedded ClickHouse, or before this one.
    pub fn new(database: Option<Database>, arguments: &[&str]) -> Site {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Site { folder: tempfile::tempdir().unwrap(), database, arguments, address: watch::Sender::new(None) }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the server answers, as it changes.
    pub fn address(&self) -> watch::Receiver<Option<SocketAddr>> {
        self.address.subscribe()
    }

    /// Its ClickHouse.
    pub fn clickhouse(&self) -> Endpoint {
        match &self.database {
            Some(database) => database.endpoint(),
            None => Folder::running(self.path()).expect("the server left word of its ClickHouse").endpoint(Endpoint::DEFAULT_DATABASE),
        }
    }

    fn command(&self, before: &str, more: &[&str]) -> Command {
        let mut command = if before.is_empty() {
            Command::new(env!("CARGO_BIN_EXE_qoe"))
        } else {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("{before}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_qoe")]);
            shell
        };
        command.args(["serve", "--listen", "127.0.0.1:0", "--store"]).arg(self.path()).args(&self.arguments).args(more);
        if let Some(Database { url, password, name }) = &self.database {
            command.args(["--clickhouse-url", url, "--clickhouse-user", Embedded::USER, "--clickhouse-database", name]);
            command.env("QOE_CLICKHOUSE_PASSWORD", password);
        }
        command.env_remove("QOE_LOG").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        command
    }

    fn spawn(&self, before: &str, more: &[&str]) -> (Server, oneshot::Receiver<SocketAddr>) {
        let mut child = self.command(before, more).spawn().unwrap();
        let (announce, announced) = oneshot::channel();
        let (said, stderr, address) = (Arc::<Mutex<Vec<String>>>::default(), child.stderr.take().unwrap(), self.address.clone());
        let noted = said.clone();
        std::thread::spawn(move || {
            let mut announce = Some(announce);
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let found = line.split_once("live board on http://").and_then(|(_, rest)| rest.split_once("/board")?.0.parse().ok());
                noted.lock().unwrap().push(line);
                if let Some(found) = found
                    && let Some(announce) = announce.take()
                {
                    address.send_replace(Some(found));
                    let _ = announce.send(found);
                }
            }
        });
        (Server { child, said, address: None }, announced)
    }

    pub async fn start(&self) -> Server {
        self.start_after("", &[]).await
    }

    /// Starts the server after these words of a shell, and waits until it answers.
    pub async fn start_after(&self, before: &str, more: &[&str]) -> Server {
        let (mut server, announced) = self.spawn(before, more);
        match tokio::time::timeout(DEADLINE, announced).await {
            Ok(Ok(address)) => server.address = Some(address),
            _ => panic!("the server did not start: {}", server.said()),
        }
        server
    }

    /// Starts a server that is to end by itself, whether or not it comes to answer before.
    pub async fn start_doomed(&self, more: &[&str]) -> (ExitStatus, String) {
        let (mut server, _) = self.spawn("", more);
        let status = server.ended().await;
        (status, server.said())
    }

    /// Starts one more, which is expected to be refused.
    pub async fn refused(&self) -> Output {
        let mut command = self.command("", &[]);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// Waits until all that was acknowledged is in ClickHouse.
    pub async fn drained(&self) {
        let mut left = u64::MAX;
        while left > 0 {
            // However much it is, as long as it becomes less.
            let less = async || self.metric("qoe_spool_undelivered_bytes").await.filter(|bytes| *bytes < left);
            left = until("the spool is drained", less).await;
        }
        assert_eq!(self.metric("qoe_spool_damaged_total").await, Some(0), "damage in the spool");
    }

    /// A figure of `/metrics`, if the server answers.
    pub async fn metric(&self, name: &str) -> Option<u64> {
        let address = (*self.address.borrow())?;
        let page = client::get(address, "/metrics").await.ok()?;
        assert_eq!(page.status, 200, "{}", page.text);
        page.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }
}

/// The process; killed when dropped.
pub struct Server {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    address: Option<SocketAddr>,
}

impl Server {
    pub fn address(&self) -> SocketAddr {
        self.address.expect("it answers")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it logged, the last of it.
    pub fn said(&self) -> String {
        last(&self.said.lock().unwrap())
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Kills it as nothing can be caught.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills the ClickHouse it started; whether there was one.
    pub fn kill_engine(&self) -> bool {
        let parent = self.child.id().to_string();
        let children = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // After the name, which may hold anything: state, then the parent.
            (stat.rsplit_once(')')?.1.split_whitespace().nth(1)? == parent).then_some(pid)
        });
        children.filter_map(Pid::from_raw).filter(|pid| kill_process(*pid, Signal::KILL).is_ok()).count() > 0
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        let said = self.said.clone();
        let child = &mut self.child;
        let wait = until("the server ends", async || child.try_wait().unwrap());
        match tokio::time::timeout(DEADLINE / 2, wait).await {
            Ok(status) => status,
            Err(_) => panic!("the server did not end: {}", last(&said.lock().unwrap())),
        }
    }
}

fn last(said: &[String]) -> String {
    said[said.len().saturating_sub(20)..].join("\n")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("the server said last:\n{}", self.said());
        }
    }
}
