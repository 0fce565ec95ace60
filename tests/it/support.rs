//! One ClickHouse for all tests of this binary, one database for each.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use qoe_ingest::{Delivery, DeliveryConfig, Spool, SpoolConfig};
use qoe_store::embedded::{Embedded, Launcher};
use qoe_store::rows::Records;
use qoe_store::{Endpoint, Folder, schema};
use tempfile::TempDir;
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
