//! The spool without threads or clocks: what is appended, what is decided about it, what of it is still needed. The thread of [`super::Spool`] and the
//! simulation both drive this.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use arrow::error::ArrowError;
use qoe_store::{Delivery, Label, Millis};

use super::disk::{Disk, is_full};
use super::encode::{Encoder, Group};
use super::frame::{Draft, Entry, Kind, Mark, Rows, Sealed, Share, Split, Start};
use super::identity::Identity;
use super::log::{self, AppendError, Extents, Flush, Log, LogConfig, Position};
use super::memory::{Memory, Runs};
use crate::moment::Moment;

/// The file that sets room aside for decisions, and its length: some ten thousand of them.
const BALLAST_FILE: &str = "ballast";
static BALLAST: [u8; 1 << 20] = [0; 1 << 20];
/// The file that finds out whether there is room for more.
const PROBE_FILE: &str = "probe";

/// Why a spool cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file operation failed.
    #[error("{act} in the spool folder")]
    Io {
        /// What was attempted.
        act: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process works on it.
    #[error("the spool {} is in use by another process: stop that one, or choose another folder with --store", path.display())]
    InUse {
        /// The folder.
        path: std::path::PathBuf,
    },
}

/// Why a group was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It could not be turned into columns.
    #[error("turn the rows into Arrow")]
    Encode(#[from] ArrowError),
}

/// A shipment that was sealed, and perhaps sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// Its frames.
    pub sealed: Sealed,
    /// What of it does not go as it was sealed, by table, in the order it was decided.
    pub splits: Vec<(String, Split)>,
}

impl Dispatch {
    /// It goes as it was sealed.
    pub fn new(sealed: Sealed) -> Dispatch {
        Dispatch { sealed, splits: Vec::new() }
    }

    /// What of this table does not.
    pub fn splits_of(&self, table: &str) -> Vec<Split> {
        self.splits.iter().filter(|(of, _)| of == table).map(|(_, split)| split.clone()).collect()
    }
}

/// What a restart finds.
#[derive(Debug, Default)]
pub struct Found {
    /// Shipments that were sealed and are not settled.
    pub open: Vec<Dispatch>,
    /// Shipments settled lately.
    pub settled: Vec<Dispatch>,
    /// The clients' batches in what is still there, and when they were written.
    pub entries: Vec<(u64, Millis, Entry)>,
    /// What is not delivered, bytes by project.
    pub backlog: BTreeMap<String, u64>,
    /// When the first of that was written.
    pub undelivered_since: Millis,
    /// Where the first frame lies that is in no shipment.
    pub unsealed: Option<Position>,
    /// The number of that frame, or of the next to be written.
    pub first_unsealed: u64,
    /// The number of the next shipment.
    pub next_shipment: u64,
    /// Stretches of damage.
    pub damaged: u64,
    /// Whether the disk has no room.
    pub full: bool,
}

/// A shipment of which all is delivered.
#[derive(Debug, Clone, Copy)]
struct Done {
    through: u64,
    at: Millis,
}

/// A group that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The number of its frame.
    pub seq: u64,
    /// Its length, bytes.
    pub bytes: u64,
    /// Whose they are.
    pub shares: Vec<Share>,
}

/// The spool.
#[derive(Debug)]
pub struct Core {
    id: Label,
    disk: Arc<dyn Disk>,
    log: Log,
    encoder: Encoder,
    next_shipment: u64,
    delivered_before: u64,
    settled: VecDeque<Done>,
    memory: Memory,
}

impl Core {
    /// Opens what is there, or begins anew.
    pub fn open(disk: Arc<dyn Disk>, config: LogConfig, now: impl Into<Moment>) -> Result<(Core, Found), OpenError> {
        let io = |act| move |source| OpenError::Io { act, source };
        let now = now.into();
        let is_empty = !log::has_segments(&*disk).map_err(io("list the files"))?;
        let Identity { name: id, salt } = Identity::open(&*disk, is_empty).map_err(io("read or make the spool's name"))?;
        let mut finding = Finding::default();
        let (mut log, damaged) = Log::open(disk.clone(), config, salt, |frame| finding.see(frame)).map_err(io("read the segments"))?;
        let (next_shipment, delivered_before) = (finding.next_shipment, finding.delivered_before);
        // Frames that are lost may have been decided about: what is written now must not be taken for them.
        log.number_from(finding.decided_before);
        let mut settled: VecDeque<Done> = finding.settled.values().map(|(_, done)| *done).collect();
        // What was settled last may be known only from a segment's start.
        if delivered_before > settled.back().map_or(0, |done| done.through + 1) {
            settled.push_back(Done { through: delivered_before - 1, at: now.wall });
        }
        let found = finding.found(damaged, log.next_seq());
        let mut memory = Memory::open(disk.clone(), now).map_err(io("read the names of batches"))?;
        for (seq, _, entry) in &found.entries {
            memory.note(&[*entry], *seq, now);
        }
        let mut core = Core { id, disk: disk.clone(), log, encoder: Encoder::default(), next_shipment, delivered_before, settled, memory };
        if disk.names().map_err(io("list the files"))?.iter().any(|name| name == PROBE_FILE) {
            disk.remove(PROBE_FILE).map_err(io("remove what a crash left"))?;
        }
        // On a full disk what is there is delivered, and rows are taken when that has made room.
        let full = match core.restore_ballast() {
            Ok(()) => false,
            Err(error) if is_full(&error) => true,
            Err(source) => return Err(OpenError::Io { act: "set room aside", source }),
        };
        Ok((core, Found { full, ..found }))
    }

    /// Its name, which is in every row it delivers.
    pub fn id(&self) -> &Label {
        &self.id
    }

    /// The number the next frame gets.
    pub fn next_seq(&self) -> u64 {
        self.log.next_seq()
    }

    /// What there is to read.
    pub fn extents(&self) -> &Arc<Extents> {
        self.log.extents()
    }

    /// Where it lies.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// The batches of clients that are remembered on disk.
    pub fn runs(&self) -> &Arc<Runs> {
        self.memory.runs()
    }

    /// Appends a group; when this returns with [`Flush::Now`] it is on disk.
    pub fn append(&mut self, group: &Group, now: impl Into<Moment>, flush: Flush) -> Result<Appended, WriteError> {
        let now = now.into();
        let wall = now.wall;
        self.begin_if_due(wall)?;
        // The rows carry their frame's number, which the schemas before it move.
        let mut bytes = Vec::new();
        let mut schemas = Vec::new();
        for (table, _) in group.records.tables() {
            let schema = self.encoder.schema(table)?;
            if !self.log.has_schema(schema.id) {
                let seal = self.log.seal(bytes.len());
                Draft::of(Kind::Schema, wall, schema.write()).write(self.log.next_seq() + schemas.len() as u64, seal, &mut bytes);
                schemas.push(schema.id);
            }
        }
        let frames = schemas.len() as u64;
        let seq = self.log.next_seq() + frames;
        let draft = self.encoder.group(group, &Delivery { spool_id: self.id.clone(), batch_seq: seq }, wall)?;
        bytes.reserve_exact(draft.frame_bytes() as usize);
        draft.write(seq, self.log.seal(bytes.len()), &mut bytes);
        self.log.append(&bytes, frames + 1, Kind::Rows, flush)?;
        // Not before they are there: rows that could not be written leave none behind.
        schemas.into_iter().for_each(|id| self.log.note_schema(id));
        self.memory.note(&group.entries, seq, now);
        Ok(Appended { seq, bytes: draft.frame_bytes(), shares: group.shares(draft.body.len() as u64) })
    }

    /// Writes a decision down; when this returns it is on disk.
    pub fn mark(&mut self, mark: &Mark, now: Millis) -> Result<(), AppendError> {
        self.begin_if_due(now)?;
        let mut bytes = Vec::new();
        Draft::of(Kind::Mark, now, mark.write()).write(self.log.next_seq(), self.log.seal(0), &mut bytes);
        // That a shipment is delivered may be forgotten: it is then found delivered.
        let flush = if matches!(mark, Mark::Settled { .. }) { Flush::Whenever } else { Flush::Now };
        self.log.append(&bytes, 1, Kind::Mark, flush)?;
        match mark {
            Mark::Sealed(sealed) => self.next_shipment = sealed.shipment + 1,
            Mark::Split { .. } => {}
            Mark::Settled { through, .. } => {
                self.delivered_before = through + 1;
                self.settled.push_back(Done { through: *through, at: now });
            }
        }
        Ok(())
    }

    /// Flushes what was appended with [`Flush::Later`].
    pub fn flush(&mut self) -> Result<(), AppendError> {
        self.log.flush()
    }

    /// Removes segments whose rows were all delivered `keep_ms` ago, once the names of the clients' batches in them are kept elsewhere. Answers how many.
    pub fn reclaim(&mut self, now: impl Into<Moment>, keep_ms: i64) -> io::Result<usize> {
        let now = now.into();
        // No name outlives its rows: a sender would be told that they are kept. After a flush that failed nobody knows whose those are.
        self.log.check().and_then(|()| self.log.flush()).map_err(io::Error::other)?;
        self.memory.tidy(now)?;
        // A clock that was set back would otherwise keep everything until it has caught up.
        let is_over = |done: &Done| keep_ms == 0 || !(0..keep_ms).contains(&now.wall.0.saturating_sub(done.at.0));
        while self.settled.get(1).is_some_and(is_over) {
            self.settled.pop_front();
        }
        let Some(done) = self.settled.front().filter(|done| is_over(done)) else { return Ok(0) };
        let delivered = done.through + 1;
        let mut removed = 0;
        for extent in self.log.extents().all() {
            if extent.rows_until > delivered {
                break;
            }
            self.memory.cover(extent.rows_until, now)?;
            // Nor do decisions about them: were it forgotten that they are settled, what is left of their shipment would go again.
            self.log.sync().map_err(io::Error::other)?;
            if !self.log.remove_oldest(extent.segment)? {
                break;
            }
            removed += 1;
        }
        Ok(removed)
    }

    /// Gives up the room set aside, so that a full disk does not keep what is decided from being written down: without that nothing would be delivered,
    /// and the disk stay full.
    pub fn release_ballast(&mut self) -> io::Result<()> {
        if self.disk.names()?.iter().any(|name| name == BALLAST_FILE) {
            self.disk.remove(BALLAST_FILE)?;
            self.disk.sync_names()?;
        }
        Ok(())
    }

    /// Sets it aside again, if there is room for it and as much for rows.
    pub fn restore_ballast(&mut self) -> io::Result<()> {
        self.release_ballast()?;
        let made = self.fill(BALLAST_FILE).and_then(|()| self.fill(PROBE_FILE));
        if self.disk.names()?.iter().any(|name| name == PROBE_FILE) {
            self.disk.remove(PROBE_FILE)?;
        }
        if made.is_err() {
            self.release_ballast()?;
        }
        made
    }

    fn fill(&self, name: &str) -> io::Result<()> {
        let mut file = self.disk.create(name)?;
        file.append(&BALLAST)?;
        file.sync()?;
        self.disk.sync_names()
    }

    /// Begins a segment if one is due.
    pub fn begin_if_due(&mut self, now: Millis) -> Result<(), AppendError> {
        if !self.log.is_due(now) {
            return Ok(());
        }
        let (next_shipment, delivered_before) = (self.next_shipment, self.delivered_before);
        self.log.begin(now, |before| Start { before, next_shipment, delivered_before })
    }
}

/// Gathers [`Found`] frame by frame.
#[derive(Debug, Default)]
struct Finding {
    open: BTreeMap<u64, Dispatch>,
    settled: BTreeMap<u64, (Option<Dispatch>, Done)>,
    entries: Vec<(u64, Millis, Entry)>,
    /// Frames not known to be delivered, and what each project has in them.
    undelivered: VecDeque<(u64, Millis, Rows)>,
    /// Frames after the last that was sealed.
    unsealed: VecDeque<(u64, Position)>,
    next_shipment: u64,
    delivered_before: u64,
    /// The number after that of the last frame anything was decided about.
    decided_before: u64,
    damaged: u64,
}

impl Finding {
    fn see(&mut self, frame: &super::log::Frame) {
        let (seq, at) = (frame.header.seq, frame.header.at);
        match frame.header.kind {
            Kind::Start => {
                let Ok(start) = Start::read(frame.head()) else { return self.damaged += 1 };
                self.next_shipment = self.next_shipment.max(start.next_shipment);
                self.deliver_before(start.delivered_before);
            }
            Kind::Schema => {}
            Kind::Rows => {
                let Ok(rows) = Rows::read(frame.head()) else { return self.damaged += 1 };
                self.entries.extend(rows.entries.iter().map(|entry| (seq, at, *entry)));
                if seq >= self.delivered_before {
                    self.undelivered.push_back((seq, at, Rows { entries: Vec::new(), parts: Vec::new(), ..rows }));
                    self.unsealed.push_back((seq, frame.position));
                }
            }
            Kind::Mark => match Mark::read(frame.head()) {
                Ok(Mark::Sealed(sealed)) => {
                    self.next_shipment = self.next_shipment.max(sealed.shipment + 1);
                    self.decided_before = self.decided_before.max(sealed.last + 1);
                    while self.unsealed.pop_front_if(|(seq, _)| *seq <= sealed.last).is_some() {}
                    self.open.insert(sealed.shipment, Dispatch::new(sealed));
                }
                Ok(Mark::Split { shipment, table, split }) => {
                    // Also what was sent again after it was settled may be refused.
                    let settled = self.settled.get_mut(&shipment).and_then(|(dispatch, _)| dispatch.as_mut());
                    if let Some(dispatch) = self.open.get_mut(&shipment).or(settled) {
                        dispatch.splits.push((table, split));
                    }
                }
                Ok(Mark::Settled { shipment, through }) => {
                    self.next_shipment = self.next_shipment.max(shipment + 1);
                    self.settled.insert(shipment, (self.open.remove(&shipment), Done { through, at }));
                    self.deliver_before(through + 1);
                }
                Err(_) => self.damaged += 1,
            },
        }
    }

    fn deliver_before(&mut self, seq: u64) {
        self.delivered_before = self.delivered_before.max(seq);
        self.decided_before = self.decided_before.max(seq);
        while self.undelivered.pop_front_if(|(at, ..)| *at < seq).is_some() {}
        while self.unsealed.pop_front_if(|(at, _)| *at < seq).is_some() {}
        self.open.retain(|_, dispatch| dispatch.sealed.last >= seq);
    }

    fn found(self, damaged: u64, next_seq: u64) -> Found {
        let mut backlog = BTreeMap::new();
        let undelivered_since = self.undelivered.front().map_or(Millis(0), |(_, at, _)| *at);
        for share in self.undelivered.into_iter().flat_map(|(.., rows)| rows.shares) {
            *backlog.entry(share.project).or_default() += share.bytes;
        }
        Found {
            open: self.open.into_values().collect(),
            settled: self.settled.into_values().filter_map(|(dispatch, _)| dispatch).collect(),
            entries: self.entries,
            backlog,
            undelivered_since,
            unsealed: self.unsealed.front().map(|(_, position)| *position),
            first_unsealed: self.unsealed.front().map_or(next_seq, |(seq, _)| *seq),
            next_shipment: self.next_shipment,
            damaged: damaged + self.damaged,
            full: false,
        }
    }
}
