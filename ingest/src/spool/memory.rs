//! Which batches of clients came within a day, also those whose rows are long delivered and removed.
//!
//! The names of 200,000 batches at a time, or of an hour, are written as one sorted file, a run, and looked up there; what stays in memory of it is a
//! filter of ten bits a name that says "not in here" for all but one in a hundred of the names that are not.
//!
//! Their age is counted in time that the spool was open, by the clock of the machine's uptime: none is forgotten before a day has passed, whatever the
//! clock on the wall is set to.

use std::io;
use std::sync::{Arc, Mutex};

use super::disk::{Disk, Reading};
use super::frame::{Entry, MAX_NUMBER};
use crate::failpoint::{FailPoint, reach};
use crate::lock;
use crate::moment::Moment;
use bytes::{Buf, BufMut};

const SUFFIX: &str = ".run";
const MAGIC: [u8; 4] = *b"QOEr";
const HEADER_BYTES: usize = 32;
/// Where in a run begins what its checksum covers: all that follows the checksum.
const COVERED_FROM: usize = 8;
const ENTRY_BYTES: usize = 20;
/// Names in a run: 4 MB. What is fresher is in the memory of `crate::receipts`, which holds more than these.
pub const RUN_ENTRIES: usize = 200_000;
/// Time in a run, ms.
const RUN_MS: i64 = 3_600_000;
/// How long a name is known, ms.
pub const REMEMBERED_MS: i64 = 24 * 3_600_000;
/// Filter bits a name, and how many of them it sets: one in a hundred of other names passes.
const FILTER_BITS: usize = 10;
const FILTER_HASHES: u128 = 7;

/// The runs, shared by the one who writes them and those who look names up.
#[derive(Debug, Default)]
pub struct Runs(Mutex<Vec<Arc<Run>>>);

impl Runs {
    /// The batch of this name, if it is in a run.
    pub fn find(&self, name: u128) -> io::Result<Option<Entry>> {
        let runs = lock(&self.0).clone();
        runs.iter().rev().find_map(|run| run.find(name).transpose()).transpose()
    }
}

#[derive(Debug)]
struct Run {
    file_name: String,
    file: Box<dyn Reading>,
    entries: usize,
    /// When the spool wrote it, ms of its own time.
    until: i64,
    through: u64,
    filter: Vec<u64>,
}

impl Run {
    fn find(&self, name: u128) -> io::Result<Option<Entry>> {
        if !bits(name, self.filter.len()).all(|bit| self.filter[bit / 64] >> (bit % 64) & 1 == 1) {
            return Ok(None);
        }
        let (mut low, mut high) = (0, self.entries);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut bytes = [0; ENTRY_BYTES];
            if self.file.read_at(&mut bytes, (HEADER_BYTES + middle * ENTRY_BYTES) as u64)? < ENTRY_BYTES {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let entry = read_entry(&bytes);
            match entry.name.cmp(&name) {
                std::cmp::Ordering::Equal => return Ok(Some(entry)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// Reads a run whole, once; `None` if it is damaged.
    fn open(disk: &dyn Disk, file_name: &str) -> io::Result<Option<Run>> {
        let file = disk.open(file_name)?;
        // Its writer may have died before it did.
        file.sync()?;
        let mut bytes = vec![0; usize::try_from(file.bytes()?).unwrap_or(0)];
        let read = file.read_at(&mut bytes, 0)?;
        let Some((mut header, body)) = bytes[..read].split_at_checked(HEADER_BYTES) else { return Ok(None) };
        let magic = header.copy_to_bytes(4);
        let (crc, entries, through, until) = (header.get_u32_le(), header.get_u64_le() as usize, header.get_u64_le(), header.get_i64_le());
        let whole = crc32c::crc32c(&bytes[COVERED_FROM..read]) == crc;
        if *magic != MAGIC || !whole || body.len() != entries.saturating_mul(ENTRY_BYTES) || through >= MAX_NUMBER {
            return Ok(None);
        }
        let mut filter = vec![0u64; (entries * FILTER_BITS).div_ceil(64).max(1)];
        for entry in body.chunks_exact(ENTRY_BYTES).map(read_entry) {
            for bit in bits(entry.name, filter.len()) {
                filter[bit / 64] |= 1 << (bit % 64);
            }
        }
        Ok(Some(Run { file_name: file_name.to_owned(), file, entries, until, through, filter }))
    }
}

fn read_entry(mut bytes: &[u8]) -> Entry {
    Entry { name: bytes.get_u128_le(), accepted: bytes.get_u32_le() }
}

/// The filter's bits for a name. Names are parts of SHA-256, as random as bits can be.
fn bits(name: u128, words: usize) -> impl Iterator<Item = usize> {
    let bits = words as u128 * 64;
    let (step, start) = (name >> 64 | 1, name & u128::from(u64::MAX));
    (0..FILTER_HASHES).map(move |n| ((start + n * step) % bits) as usize)
}

/// Writes the runs.
#[derive(Debug)]
pub struct Memory {
    disk: Arc<dyn Disk>,
    runs: Arc<Runs>,
    fresh: Vec<Entry>,
    since: Option<i64>,
    through: u64,
    covered: u64,
    /// The time of the spool when it was opened, and when that was.
    opened: (i64, Moment),
}

impl Memory {
    /// Opens what is there and not too old.
    pub fn open(disk: Arc<dyn Disk>, now: Moment) -> io::Result<Memory> {
        let mut runs = Vec::new();
        for file_name in disk.names()?.into_iter().filter(|name| name.ends_with(SUFFIX)) {
            match Run::open(&*disk, &file_name)? {
                Some(run) => runs.push(Arc::new(run)),
                None => {
                    // It was being written when the process ended; its names are still in the log.
                    tracing::warn!(file_name, "an incomplete file of batch names is removed");
                    disk.remove(&file_name)?;
                }
            }
        }
        runs.sort_by_key(|run| run.through);
        let covered = runs.last().map_or(0, |run| run.through + 1);
        // Time does not go on while the spool is shut.
        let opened = (runs.iter().map(|run| run.until).max().unwrap_or(0), now);
        Ok(Memory { disk, runs: Arc::new(Runs(Mutex::new(runs))), fresh: Vec::new(), since: None, through: 0, covered, opened })
    }

    /// What can be looked up.
    pub fn runs(&self) -> &Arc<Runs> {
        &self.runs
    }

    /// The spool's own time, ms.
    fn time(&self, now: Moment) -> i64 {
        let (before, opened) = &self.opened;
        before.saturating_add(now.since(opened).unwrap_or(0))
    }

    /// Sees to it that every batch in a frame before this is in a run.
    pub fn cover(&mut self, seq: u64, now: Moment) -> io::Result<()> {
        if seq > self.covered && !self.fresh.is_empty() {
            self.spill(now)?;
        }
        self.covered = self.covered.max(seq);
        Ok(())
    }

    /// Batches that were written in frame `seq`.
    pub fn note(&mut self, entries: &[Entry], seq: u64, at: Moment) {
        if seq < self.covered || entries.is_empty() {
            return;
        }
        self.fresh.extend_from_slice(entries);
        self.through = seq;
        let at = self.time(at);
        self.since.get_or_insert(at);
    }

    /// Writes a run if one is due, and removes those that are too old.
    pub fn tidy(&mut self, now: Moment) -> io::Result<()> {
        let time = self.time(now);
        let old = self.since.is_some_and(|since| time - since >= RUN_MS);
        if self.fresh.len() >= RUN_ENTRIES || old {
            self.spill(now)?;
        }
        let mut runs = lock(&self.runs.0);
        while runs.first().is_some_and(|run| time.saturating_sub(run.until) >= REMEMBERED_MS) {
            self.disk.remove(&runs[0].file_name)?;
            runs.remove(0);
        }
        Ok(())
    }

    /// Writes what is fresh as a run.
    pub fn spill(&mut self, now: Moment) -> io::Result<()> {
        self.fresh.sort_unstable_by_key(|entry| entry.name);
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.fresh.len() * ENTRY_BYTES);
        bytes.put_slice(&MAGIC);
        bytes.put_u32_le(0);
        bytes.put_u64_le(self.fresh.len() as u64);
        bytes.put_u64_le(self.through);
        bytes.put_i64_le(self.time(now));
        for entry in &self.fresh {
            bytes.put_u128_le(entry.name);
            bytes.put_u32_le(entry.accepted);
        }
        let crc = crc32c::crc32c(&bytes[COVERED_FROM..]);
        bytes[4..COVERED_FROM].copy_from_slice(&crc.to_le_bytes());
        let file_name = format!("{:020}{SUFFIX}", self.through);
        if self.disk.names()?.contains(&file_name) {
            // Left by an attempt that failed.
            self.disk.remove(&file_name)?;
        }
        let write = || {
            let mut file = self.disk.create(&file_name)?;
            file.append(&bytes)?;
            reach(FailPoint::BeforeNamesFlush);
            file.sync()?;
            self.disk.sync_names()?;
            Run::open(&*self.disk, &file_name)?
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it does not read as it was written"))
        };
        match write() {
            Ok(run) => {
                self.covered = run.through + 1;
                lock(&self.runs.0).push(Arc::new(run));
                self.fresh.clear();
                self.since = None;
                Ok(())
            }
            Err(error) => {
                // So that no restart takes for flushed what is not. If it stays, the next attempt removes it.
                let _ = self.disk.remove(&file_name);
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
