//! A disk that forgets what was not flushed, fills up and fails, as it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use qoe_ingest::spool::disk::{Disk, Reading, Writing};

/// Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct SimDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What the names stand for now, and after a crash.
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    files: BTreeMap<u64, Contents>,
    next_file: u64,
    /// Bytes it has room for; without a number, any.
    room: Option<usize>,
    /// Flushes until one fails.
    failing_sync: Option<u32>,
    /// Grows with every crash: files opened before one are gone.
    crashes: u32,
    /// Whether a use of a file opened before a crash is an error of the disk and not of the test.
    forgiving: bool,
}

#[derive(Debug, Default, Clone)]
struct Contents {
    bytes: Vec<u8>,
    /// Bytes that a crash keeps.
    durable: usize,
    /// After a failed flush the operating system takes what was not written for written: later flushes do not bring it back.
    given_up: bool,
}

#[allow(dead_code, reason = "what the simulation of crashes needs")]
impl SimDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The power goes. What was not flushed is cut at a place that `choose` picks below a limit, or overwritten with zeros from there.
    pub fn crash(&self, mut choose: impl FnMut(usize) -> usize) {
        let mut state = self.state();
        state.crashes += 1;
        state.names = state.durable_names.clone();
        let named: BTreeSet<u64> = state.names.values().copied().collect();
        state.files.retain(|file, _| named.contains(file));
        for contents in state.files.values_mut() {
            let loose = contents.bytes.len() - contents.durable;
            let kept = contents.durable + if loose > 0 { choose(loose + 1) } else { 0 };
            if loose > 0 && choose(2) == 0 {
                contents.bytes[kept..].fill(0);
            } else {
                contents.bytes.truncate(kept);
            }
            contents.durable = contents.bytes.len();
            contents.given_up = false;
        }
    }

    /// The process dies and the machine lives: everything written is there, and a file opened before may not be used again.
    pub fn kill(&self) {
        self.state().crashes += 1;
    }

    /// The same, where what is left of the process may still try.
    pub fn kill_quietly(&self) {
        let mut state = self.state();
        state.crashes += 1;
        state.forgiving = true;
    }

    /// Room for so many more bytes than there are now; `None`: any.
    pub fn set_room(&self, room: Option<usize>) {
        let mut state = self.state();
        let used: usize = state.files.values().map(|contents| contents.bytes.len()).sum();
        state.room = room.map(|room| used + room);
    }

    /// After so many more flushes one fails.
    pub fn fail_sync_after(&self, flushes: Option<u32>) {
        self.state().failing_sync = flushes;
    }

    pub fn names(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.files[&state.names[name]].bytes.clone()
    }

    /// Puts a file there, flushed.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.state();
        let file = state.next_file;
        state.next_file += 1;
        state.files.insert(file, Contents { durable: bytes.len(), bytes, given_up: false });
        state.names.insert(name.to_owned(), file);
        state.durable_names.insert(name.to_owned(), file);
    }

    fn file(&self, file: u64) -> Open {
        Open { disk: self.clone(), file, crashes: self.state().crashes }
    }
}

impl State {
    fn sync(&mut self) -> io::Result<()> {
        match self.failing_sync {
            Some(0) => {
                self.failing_sync = None;
                Err(io::Error::other("input/output error"))
            }
            Some(flushes) => {
                self.failing_sync = Some(flushes - 1);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn check_room(&self, more: usize) -> usize {
        let used: usize = self.files.values().map(|contents| contents.bytes.len()).sum();
        self.room.map_or(more, |room| room.saturating_sub(used).min(more))
    }
}

impl Disk for SimDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(SimDisk::names(self))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Writing>> {
        let mut state = self.state();
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if state.check_room(1) == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = state.next_file;
        state.next_file += 1;
        state.files.insert(file, Contents::default());
        state.names.insert(name.to_owned(), file);
        drop(state);
        Ok(Box::new(self.file(file)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Reading>> {
        let file = self.state().names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(self.file(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        let file = state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        // After a crash it may be there again, until the names are flushed.
        if !state.durable_names.values().any(|durable| *durable == file) {
            state.files.remove(&file);
        }
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut state = self.state();
        state.sync()?;
        state.durable_names = state.names.clone();
        let named: BTreeSet<u64> = state.names.values().copied().collect();
        state.files.retain(|file, _| named.contains(file));
        Ok(())
    }
}

#[derive(Debug)]
struct Open {
    disk: SimDisk,
    file: u64,
    crashes: u32,
}

impl Open {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.disk.state();
        if state.crashes != self.crashes {
            assert!(state.forgiving, "a file is used by a process that died");
            return Err(io::Error::other("the process died"));
        }
        act(&mut state)
    }
}

impl Writing for Open {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|state| {
            let fits = state.check_room(bytes.len());
            if let Some(contents) = state.files.get_mut(&self.file) {
                contents.bytes.extend_from_slice(&bytes[..fits]);
            }
            // A short write is what there was room for.
            if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|state| {
            let synced = state.sync();
            if let Some(contents) = state.files.get_mut(&self.file) {
                contents.given_up |= synced.is_err();
                if !contents.given_up {
                    contents.durable = contents.bytes.len();
                }
            }
            synced
        })
    }
}

impl Reading for Open {
    fn bytes(&self) -> io::Result<u64> {
        self.with(|state| Ok(state.files.get(&self.file).map_or(0, |contents| contents.bytes.len() as u64)))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|state| {
            let bytes = state.files.get(&self.file).map(|contents| &*contents.bytes).unwrap_or_default();
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let length = buffer.len().min(bytes.len() - from);
            buffer[..length].copy_from_slice(&bytes[from..from + length]);
            Ok(length)
        })
    }
}
