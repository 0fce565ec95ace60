//! One ClickHouse for all tests of this binary, one database for each.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use qoe_ingest::{Delivery, DeliveryConfig, Spool, SpoolConfig};
use qoe_store::embedded::{Embedded, Launcher};
use qoe_store::rows::Records;
use qoe_store::{Endpoint, Folder, schema};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub fn launcher() -> Launcher {
    Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_qoe")), arguments: vec!["engine".to_owned()] }
}

struct Server {
    url: String,
    password: String,
    // Kept until this process ends, and the child with it.
    _kept: (Embedded, Folder, tempfile::TempDir),
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        // Tests each have a runtime of their own; the server must outlive them all.
        let started = std::thread::spawn(|| {
            let dir = tempfile::tempdir().unwrap();
            let folder = Folder::hold(dir.path()).unwrap();
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let embedded = runtime.block_on(Embedded::start(&folder, &launcher(), "default")).expect("start the embedded ClickHouse");
            let (url, password) = (embedded.endpoint().url().to_owned(), embedded.password().to_owned());
            Server { url, password, _kept: (embedded, folder, dir) }
        });
        started.join().expect("start the embedded ClickHouse")
    })
}

/// A running `qoe serve`; it ends with this.
pub struct Served {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its spool.
    _store: TempDir,
}

impl Served {
    /// Over the database of `endpoint`, with these arguments besides, in a shell that has run `before`.
    pub fn start(endpoint: &Endpoint, before: &str, arguments: &[&str]) -> Served {
        let server = server();
        let store = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", &format!("{before} exec \"$@\""), "sh", env!("CARGO_BIN_EXE_qoe"), "serve", "--listen", "127.0.0.1:0"])
            .args(["--clickhouse-url", &server.url, "--clickhouse-user", Embedded::USER, "--clickhouse-database", endpoint.database()])
            .arg("--store")
            .arg(store.path())
            .args(arguments)
            .env("QOE_CLICKHOUSE_PASSWORD", &server.password)
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped())
            .spawn()
            .expect("start qoe serve");
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("qoe serve ended: {said}")).unwrap();
            if let Some((_, after)) = line.split_once("intake on http://") {
                break after.split('/').next().unwrap().parse().unwrap();
            }
            said.push_str(&line);
        };
        // What it says further is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Served { child, address, _store: store }
    }

    /// Waits until all it acknowledged is in ClickHouse.
    pub async fn delivered(&self) {
        for _ in 0..3_000 {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
            let mut page = String::new();
            stream.read_to_string(&mut page).await.unwrap();
            if page.contains("\nqoe_spool_undelivered_bytes 0\n") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("what was acknowledged does not arrive");
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Asks it to stop; answers whether it ended well.
    pub async fn stop(mut self) -> bool {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM).unwrap();
        tokio::task::spawn_blocking(move || self.child.wait().unwrap().success()).await.unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command answers about the database of `endpoint`.
pub fn asking(endpoint: &Endpoint, arguments: &[&str]) -> std::process::Output {
    let server = server();
    let mut command = Command::new(env!("CARGO_BIN_EXE_qoe"));
    command.args(arguments).args(["--clickhouse-url", &server.url, "--clickhouse-user", Embedded::USER]);
    command.args(["--clickhouse-database", endpoint.database()]).env("QOE_CLICKHOUSE_PASSWORD", &server.password).env("QOE_LANG", "en");
    command.output().expect("run qoe")
}

/// A database of one's own, with the tables in it.
pub async fn database() -> Endpoint {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = server();
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let endpoint = Endpoint::new(&server.url, Embedded::USER, &server.password, &name);
    schema::apply(&endpoint).await.unwrap();
    endpoint
}

/// Puts rows in as one delivery.
pub async fn insert(endpoint: &Endpoint, records: &Records, batch_seq: u64) {
    let delivery = qoe_store::Delivery { spool_id: "test".into(), batch_seq };
    for (table, batch) in records.batches(&delivery) {
        let token = format!("test:{batch_seq}:{}", table.name());
        endpoint.insert(table.name(), &batch, &token).await.unwrap();
    }
}

/// Delivery to a ClickHouse, and the folder of its spool.
pub struct Spooled {
    pub delivery: Delivery,
    pub folder: TempDir,
}

/// Delivery from a spool of its own.
pub async fn spooled(endpoint: &Endpoint) -> Spooled {
    let folder = tempfile::tempdir().unwrap();
    let (spool, found) = Spool::open(folder.path(), SpoolConfig::default()).unwrap();
    let delivery = Delivery::start(endpoint.clone(), spool, found, DeliveryConfig::default()).await;
    Spooled { delivery, folder }
}

/// A way to ClickHouse that can be shut.
pub async fn gate(to: &Endpoint) -> (Endpoint, Arc<AtomicBool>) {
    let target = to.url().trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gated = to.at(&format!("http://{}", listener.local_addr().unwrap()));
    let open = Arc::new(AtomicBool::new(true));
    let switch = open.clone();
    tokio::spawn(async move {
        loop {
            let (mut inbound, _) = listener.accept().await.unwrap();
            let (target, switch) = (target.clone(), switch.clone());
            tokio::spawn(async move {
                if !switch.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut outbound) = TcpStream::connect(target).await else { return };
                let shut = async {
                    while switch.load(Ordering::SeqCst) {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut inbound, &mut outbound) => {}
                    () = shut => {}
                }
            });
        }
    });
    (gated, open)
}
