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
    /// The memory of a large file that was removed, for the next.
    spare: Vec<u8>,
    /// Bytes it has room for; without a number, any.
    room: Option<usize>,
    /// Flushes until one fails.
    failing_sync: Option<u32>,
    /// Changes until the process dies in the midst of one.
    dying: Option<u32>,
    dead: bool,
    /// Reads until one fails.
    failing_read: Option<u32>,
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
        state.revive();
        // Names that were not flushed may be there or not.
        if choose(2) == 0 {
            state.durable_names = state.names.clone();
        }
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
        self.state().revive();
    }

    /// After so many more changes of the disk the process dies, in the midst of the next.
    pub fn die_after(&self, changes: Option<u32>) {
        self.state().dying = changes;
    }

    /// Whether it died so: whatever it makes of that is heard by nobody.
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// After so many more reads one fails.
    pub fn fail_read_after(&self, reads: Option<u32>) {
        self.state().failing_read = reads;
    }

    /// The same, where what is left of the process may still try.
    pub fn kill_quietly(&self) {
        let mut state = self.state();
        state.crashes += 1;
        state.forgiving = true;
    }

    /// While this is kept, whoever writes waits.
    pub fn stall(&self) -> impl Drop + '_ {
        self.state()
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
    fn revive(&mut self) {
        self.crashes += 1;
        self.dead = false;
        self.dying = None;
    }

    /// Whether the process lives to make a change.
    fn live(&mut self) -> io::Result<()> {
        self.dead |= self.dying == Some(0);
        self.dying = self.dying.map(|changes| changes.saturating_sub(1));
        if self.dead { Err(io::Error::other("the process died")) } else { Ok(()) }
    }

    fn read(&mut self) -> io::Result<()> {
        if self.dead {
            return Err(io::Error::other("the process died"));
        }
        let fails = self.failing_read == Some(0);
        self.failing_read = if fails { None } else { self.failing_read.map(|reads| reads - 1) };
        if fails { Err(io::Error::other("input/output error")) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.failing_sync {
            Some(0) => {
                // One fault at a time.
                (self.failing_sync, self.dying) = (None, None);
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
        state.live()?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if state.check_room(1) == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = state.next_file;
        state.next_file += 1;
        let bytes = std::mem::take(&mut state.spare);
        state.files.insert(file, Contents { bytes, ..Contents::default() });
        state.names.insert(name.to_owned(), file);
        drop(state);
        Ok(Box::new(self.file(file)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Reading>> {
        let mut state = self.state();
        state.read()?;
        let file = state.names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        drop(state);
        Ok(Box::new(self.file(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.live()?;
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.live()?;
        let file = state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        // After a crash it may be there again, until the names are flushed.
        if !state.durable_names.values().any(|durable| *durable == file) {
            state.files.remove(&file);
        }
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut state = self.state();
        state.live()?;
        state.sync()?;
        state.durable_names = state.names.clone();
        let named: BTreeSet<u64> = state.names.values().copied().collect();
        let State { files, spare, .. } = &mut *state;
        for (_, mut gone) in files.extract_if(.., |file, _| !named.contains(file)) {
            if gone.bytes.capacity() > spare.capacity() {
                gone.bytes.clear();
                *spare = gone.bytes;
            }
        }
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

impl Open {
    fn flush(&self) -> io::Result<()> {
        self.with(|state| {
            state.live()?;
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

impl Writing for Open {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|state| {
            let alive = state.live();
            // Who dies in the midst of a write has written some of it.
            let fits = state.check_room(if alive.is_ok() { bytes.len() } else { bytes.len() / 3 });
            if let Some(contents) = state.files.get_mut(&self.file) {
                contents.bytes.extend_from_slice(&bytes[..fits]);
            }
            // A short write is what there was room for.
            alive?;
            if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.flush()
    }
    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.with(|state| {
            state.live()?;
            if let Some(contents) = state.files.get_mut(&self.file) {
                contents.bytes.truncate(bytes as usize);
                contents.durable = contents.durable.min(contents.bytes.len());
                contents.given_up &= contents.durable < contents.bytes.len();
            }
            Ok(())
        })
    }
}

impl Reading for Open {
    fn bytes(&self) -> io::Result<u64> {
        self.with(|state| Ok(state.files.get(&self.file).map_or(0, |contents| contents.bytes.len() as u64)))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|state| {
            state.read()?;
            let bytes = state.files.get(&self.file).map(|contents| &*contents.bytes).unwrap_or_default();
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let length = buffer.len().min(bytes.len() - from);
            buffer[..length].copy_from_slice(&bytes[from..from + length]);
            Ok(length)
        })
    }

    fn sync(&self) -> io::Result<()> {
        Open { disk: self.disk.clone(), ..*self }.flush()
    }
}
