//! A ClickHouse beside the server under test, which outlives its crashes.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use qoe_store::embedded::{Embedded, Launcher};
use qoe_store::{Endpoint, Folder};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub struct Engine {
    embedded: Embedded,
    _kept: (Folder, TempDir),
}

impl Engine {
    pub async fn start() -> Engine {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::hold(dir.path()).unwrap();
        let launcher = Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_qoe")), arguments: vec!["engine".to_owned()] };
        let embedded = Embedded::start(&folder, &launcher, "default").await.expect("start the embedded ClickHouse");
        Engine { embedded, _kept: (folder, dir) }
    }

    /// A database on it that does not exist yet.
    pub fn database(&self) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Database {
            url: self.embedded.endpoint().url().to_owned(),
            password: self.embedded.password().to_owned(),
            name: format!("faults_{}", NEXT.fetch_add(1, Relaxed)),
        }
    }

    /// Signals its process, if there is one just now; whether there was.
    pub fn signal(&self, signal: Signal) -> bool {
        let pid = self.embedded.pid().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
    }
}

/// The engine of the tests that do it no harm.
pub fn shared() -> &'static Engine {
    static SHARED: OnceLock<Engine> = OnceLock::new();
    SHARED.get_or_init(|| {
        // Tests each have a runtime of their own; the engine must outlive them all.
        let start = || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(Engine::start())
        };
        std::thread::spawn(start).join().expect("start the embedded ClickHouse")
    })
}

/// Where a server's tables are to be.
#[derive(Clone)]
pub struct Database {
    pub url: String,
    pub password: String,
    pub name: String,
}

impl Database {
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.url, Embedded::USER, &self.password, &self.name)
    }

    /// The same by another way.
    pub fn at(&self, url: &str) -> Database {
        Database { url: url.to_owned(), ..self.clone() }
    }
}
