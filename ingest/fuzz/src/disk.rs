//! A disk in memory that never fails: what is fuzzed is what lies on it.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use qoe_ingest::spool::disk::{Disk, Reading, Writing};

/// Files that only hold room, of which no byte is read: they are not worth a MiB a run.
const ROOM: [&str; 2] = ["ballast", "probe"];

type Files = BTreeMap<String, File>;

/// Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<Files>>);

/// Clones are the same file.
#[derive(Debug, Clone, Default)]
struct File {
    bytes: Arc<Mutex<Vec<u8>>>,
    is_room: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryDisk {
    /// Puts a file there.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        lock(&self.0).insert(name.to_owned(), File { bytes: Arc::new(Mutex::new(bytes)), is_room: false });
    }

    /// What a file holds.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        lock(&self.0).get(name).map(|file| lock(&file.bytes).clone())
    }
}

impl Disk for MemoryDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(lock(&self.0).keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Writing>> {
        let mut files = lock(&self.0);
        if files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = File { is_room: ROOM.contains(&name), ..File::default() };
        files.insert(name.to_owned(), file.clone());
        Ok(Box::new(file))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Reading>> {
        let file = lock(&self.0).get(name).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = lock(&self.0);
        let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        lock(&self.0).remove(name).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_names(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Writing for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.is_room {
            lock(&self.bytes).extend_from_slice(bytes);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        lock(&self.bytes).truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        Ok(())
    }
}

impl Reading for File {
    fn bytes(&self) -> io::Result<u64> {
        Ok(lock(&self.bytes).len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = lock(&self.bytes);
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let length = buffer.len().min(bytes.len() - from);
        buffer[..length].copy_from_slice(&bytes[from..from + length]);
        Ok(length)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
