//! The store folder: who is using it, and where the one using it answers.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::endpoint::Endpoint;

/// Why a store folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Somebody else holds it.
    #[error("{}", in_use(path, running.as_deref()))]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who holds it, when they left word.
        running: Option<Box<Running>>,
    },
    /// A file operation failed.
    #[error("{act} {}", path.display())]
    Io {
        /// What was attempted.
        act: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}

fn in_use(path: &Path, running: Option<&Running>) -> String {
    let path = path.display();
    match running {
        Some(running) => format!(
            "the store {path} is in use by a running qoe (process {}{}): stop that one, or choose another folder with --store",
            running.pid,
            running.listen.as_ref().map(|listen| format!(", on {listen}")).unwrap_or_default()
        ),
        None => format!("the store {path} is in use by another process: stop that one, or choose another folder with --store"),
    }
}

/// What a running `qoe` leaves in its store folder, so that other commands find it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    /// Process id of the one holding the store.
    pub pid: u32,
    /// Address of its pages and intake, if it serves any.
    pub listen: Option<String>,
    /// Address of its ClickHouse.
    pub clickhouse_url: String,
    /// User at its ClickHouse.
    pub clickhouse_user: String,
    /// Password there, made for this run.
    pub clickhouse_password: String,
}

impl Running {
    /// Its ClickHouse.
    pub fn endpoint(&self, database: &str) -> Endpoint {
        Endpoint::new(&self.clickhouse_url, &self.clickhouse_user, &self.clickhouse_password, database)
    }
}

/// A store folder held by this process. Let go when dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Creates the folder if need be and holds it; refused while another process does.
    pub fn hold(path: &Path) -> Result<Folder, FolderError> {
        fs::create_dir_all(path).map_err(|source| FolderError::Io { act: "create the store folder", path: path.into(), source })?;
        let path = path.canonicalize().map_err(|source| FolderError::Io { act: "open the store folder", path: path.into(), source })?;
        let lock_path = path.join("lock");
        let lock = File::create(&lock_path).map_err(|source| FolderError::Io { act: "create", path: lock_path.clone(), source })?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let running = Folder::running(&path).map(Box::new);
                Err(FolderError::InUse { path, running })
            }
            Err(TryLockError::Error(source)) => Err(FolderError::Io { act: "lock", path: lock_path, source }),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who left word in the folder. They may be gone: ask their ClickHouse before relying on it.
    pub fn running(path: &Path) -> Option<Running> {
        serde_json::from_slice(&fs::read(path.join("running.json")).ok()?).ok()
    }

    /// Leaves word for other commands. Readable by this user only: it holds a password.
    pub fn announce(&self, running: &Running) -> Result<(), FolderError> {
        let path = self.path.join("running.json");
        let io = |source| FolderError::Io { act: "write", path: path.clone(), source };
        let mut file = tempfile::NamedTempFile::new_in(&self.path).map_err(io)?;
        serde_json::to_writer(&mut file, running).map_err(|error| io(error.into()))?;
        file.flush().map_err(io)?;
        file.persist(&path).map_err(|error| io(error.error))?;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Word left by a process that was killed is harmless: its password opens nothing any more.
        let _ = fs::remove_file(self.path.join("running.json"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_once_and_says_by_whom() {
        let dir = tempfile::tempdir().unwrap();
        let first = Folder::hold(dir.path()).unwrap();
        let running = Running {
            pid: 7,
            listen: Some("http://127.0.0.1:8480".into()),
            clickhouse_url: "http://127.0.0.1:1".into(),
            clickhouse_user: "default".into(),
            clickhouse_password: "p".into(),
        };
        first.announce(&running).unwrap();
        let refused = Folder::hold(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("process 7, on http://127.0.0.1:8480"), "{refused}");
        drop(first);
        Folder::hold(dir.path()).unwrap();
        assert!(Folder::running(dir.path()).is_none());
    }
}
