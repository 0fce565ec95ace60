//! The log: segments of frames, appended to at the end, removed whole at the front.
//!
//! A segment is a file named for its number. It is never written again once an append to it has failed, or once a restart found it: writing goes on
//! in a new one, whose [`Start`] says where the one before ends. So what a failed write left behind is never taken for data, whether or not
//! it reached the disk.

mod walk;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use qoe_store::Millis;

use super::disk::{Disk, Writing, is_full};
use super::frame::{Draft, Kind, MAX_NUMBER, Start};
use super::salt::{Salt, Seal};
use crate::failpoint::{FailPoint, reach};
use crate::lock;

use walk::read_frame;
pub use walk::{Depth, Frame, Walk};

/// How the files of segments are named.
const SUFFIX: &str = ".seg";

/// The log counts up to here: an append takes fewer numbers than are left.
const SPARE_FROM: u64 = MAX_NUMBER - 1_000;

/// Why the log takes nothing.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// There is no room on the disk, or no file descriptor: it may pass.
    #[error("the disk of the spool is full")]
    Full(#[source] io::Error),
    /// The disk failed. What it holds of the last write is unknown, so nothing more is taken until a restart has looked.
    #[error("the disk of the spool failed")]
    Failed(#[source] io::Error),
    /// It failed before.
    #[error("the disk of the spool failed earlier: restart when it is mended")]
    Stopped,
    /// What is there is numbered as no spool is that was counted up from 0: what came behind it would not be believed when it is read.
    #[error("the numbers of the spool are used up: begin another in an empty folder, with --store")]
    UsedUp,
}

/// Where a frame begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The segment.
    pub segment: u64,
    /// Bytes before it there.
    pub offset: u64,
}

/// A segment, as far as it is known to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Its number.
    pub segment: u64,
    /// Where its last frame ends.
    pub end: u64,
    /// The number after that of its last frame of rows, or of any before it: what it is kept for.
    pub rows_until: u64,
}

/// What there is to read: shared by the one who writes and those who read.
#[derive(Debug, Default)]
pub struct Extents {
    salt: Salt,
    segments: Mutex<VecDeque<Extent>>,
}

impl Extents {
    fn new(salt: Salt, segments: VecDeque<Extent>) -> Arc<Extents> {
        Arc::new(Extents { salt, segments: Mutex::new(segments) })
    }

    /// What the checksums of frames begin with.
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// All segments, the oldest first.
    pub fn all(&self) -> Vec<Extent> {
        lock(&self.segments).iter().copied().collect()
    }

    /// Bytes in all segments.
    pub fn bytes(&self) -> u64 {
        lock(&self.segments).iter().map(|extent| extent.end).sum()
    }

    fn of(&self, segment: u64) -> Option<Extent> {
        lock(&self.segments).iter().find(|extent| extent.segment == segment).copied()
    }

    fn after(&self, segment: u64) -> Option<u64> {
        lock(&self.segments).iter().find(|extent| extent.segment > segment).map(|extent| extent.segment)
    }
}

fn file_name(segment: u64) -> String {
    format!("{segment:020}{SUFFIX}")
}

/// The segment of a file that bears its name exactly; any other file is somebody else's.
fn segment_of(name: &str) -> Option<u64> {
    let segment = name.strip_suffix(SUFFIX)?.parse().ok()?;
    (segment < MAX_NUMBER && file_name(segment) == name).then_some(segment)
}

/// Whether there is anything of a log.
pub(super) fn has_segments(disk: &dyn Disk) -> io::Result<bool> {
    Ok(disk.names()?.iter().any(|name| segment_of(name).is_some()))
}

/// What appending goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// Length at which a new segment is begun, bytes.
    pub segment_bytes: u64,
    /// Age at which a new segment is begun, ms: what is delivered can be removed only a segment at a time.
    pub segment_age_ms: i64,
}

/// Whether an append waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// It is on disk when the append returns.
    Now,
    /// It is on disk after the next [`Log::flush`].
    Later,
    /// It may be forgotten, and is flushed with what comes after it.
    Whenever,
}

/// The writing end of the log.
#[derive(Debug)]
pub struct Log {
    disk: Arc<dyn Disk>,
    config: LogConfig,
    extents: Arc<Extents>,
    file: Option<Box<dyn Writing>>,
    began: Millis,
    /// Schemas written in the segment at hand.
    schemas: Vec<u64>,
    next_segment: u64,
    next_seq: u64,
    /// How much of the segment at hand is flushed, bytes.
    flushed: u64,
    /// Whether what is not flushed was acknowledged.
    is_owed: bool,
    stopped: bool,
}

impl Log {
    /// Finds what is there, and hands every frame of it to `seen`, oldest first; the frames of a segment that a crash or a failure may have cut checked
    /// whole, the others by their headers. What is found is flushed first: a process that died may have left it in memory alone. Answers the log, ready
    /// to begin a new segment, and the damage found.
    pub fn open(disk: Arc<dyn Disk>, config: LogConfig, salt: Salt, mut seen: impl FnMut(&Frame)) -> io::Result<(Log, u64)> {
        let mut numbers: Vec<u64> = disk.names()?.iter().filter_map(|name| segment_of(name)).collect();
        numbers.sort_unstable();
        disk.sync_names()?;
        // With each, whether the next says where it ends.
        let mut found: Vec<(Extent, bool)> = Vec::new();
        for &segment in &numbers {
            let file = disk.open(&file_name(segment))?;
            let end = file.bytes()?;
            let position = Position { segment, offset: 0 };
            // A segment whose first frame is damaged still holds the others.
            if let Ok(start) = read_frame(&*file, position, end, Depth::Whole, salt)?
                && start.header.kind == Kind::Start
                && let Ok(Start { before: Some((before, end)), .. }) = Start::read(start.head())
                && let Some((extent, told)) = found.iter_mut().find(|(extent, _)| extent.segment == before)
            {
                extent.end = extent.end.min(end);
                *told = true;
            }
            found.push((Extent { segment, end, rows_until: 0 }, false));
        }
        let (mut damaged, mut next_seq, mut rows_until) = (0, 0, 0);
        for (extent, told) in &mut found {
            if !*told {
                disk.open(&file_name(extent.segment))?.sync()?;
            }
            let depth = if *told { Depth::Heads } else { Depth::Whole };
            let one = Extents::new(salt, VecDeque::from([*extent]));
            let mut walk = Walk::new(disk.clone(), one, Position { segment: extent.segment, offset: 0 });
            let mut end = 0;
            let mut before_tail = 0;
            while let Some(frame) = walk.next(depth)? {
                seen(&frame);
                next_seq = next_seq.max(frame.header.seq + 1);
                if frame.header.kind == Kind::Rows {
                    rows_until = next_seq;
                }
                end = walk.position().offset;
                before_tail = walk.damaged;
            }
            // A torn tail is how a crash looks, not damage.
            damaged += if *told { walk.damaged } else { before_tail };
            (extent.end, extent.rows_until) = (end, rows_until);
        }
        let last = numbers.last().copied();
        let found: VecDeque<Extent> = found.into_iter().map(|(extent, _)| extent).collect();
        let log = Log {
            disk,
            config,
            extents: Extents::new(salt, found),
            file: None,
            began: Millis(0),
            schemas: Vec::new(),
            next_segment: last.map_or(1, |last| last + 1),
            next_seq,
            flushed: 0,
            is_owed: false,
            stopped: false,
        };
        Ok((log, damaged))
    }

    /// What there is to read.
    pub fn extents(&self) -> &Arc<Extents> {
        &self.extents
    }

    /// The number the next frame gets.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Numbers below this stand for something already.
    pub fn number_from(&mut self, seq: u64) {
        self.next_seq = self.next_seq.max(seq);
    }

    /// Whether an append now begins a segment: its schemas are then to be written again.
    pub fn is_due(&self, now: Millis) -> bool {
        self.file.is_none() || end(&self.extents) >= self.config.segment_bytes || (now.0 - self.began.0).abs() >= self.config.segment_age_ms
    }

    /// Begins a segment.
    pub fn begin(&mut self, now: Millis, start: impl FnOnce(Option<(u64, u64)>) -> Start) -> Result<(), AppendError> {
        self.check()?;
        // The start of the next says where it ends.
        self.sync()?;
        let before = lock(&self.extents.segments).back().map(|extent| (extent.segment, extent.end));
        let segment = self.next_segment;
        self.next_segment += 1;
        self.file = None;
        let mut bytes = Vec::new();
        let draft = Draft::of(Kind::Start, now, start(before).write());
        draft.write(self.next_seq, self.extents.salt.at(segment, 0), &mut bytes);
        self.next_seq += 1;
        let name = file_name(segment);
        let made = || {
            let mut file = self.disk.create(&name)?;
            file.append(&bytes)?;
            file.sync()?;
            reach(FailPoint::NewSegment);
            self.disk.sync_names()?;
            Ok(file)
        };
        match made() {
            Ok(file) => self.file = Some(file),
            Err(error) => {
                // Nothing was acknowledged in it; if it stays, it is an empty segment.
                let _ = self.disk.remove(&name);
                return Err(self.given_up(error));
            }
        }
        self.began = now;
        self.schemas.clear();
        self.flushed = bytes.len() as u64;
        let mut extents = lock(&self.extents.segments);
        let rows_until = extents.back().map_or(0, |extent| extent.rows_until);
        extents.push_back(Extent { segment, end: self.flushed, rows_until });
        Ok(())
    }

    /// What the checksums of a frame begin with that is appended behind so many bytes.
    pub fn seal(&self, behind: usize) -> Seal {
        let segments = lock(&self.extents.segments);
        segments.back().map_or(Seal::default(), |extent| self.extents.salt.at(extent.segment, extent.end + behind as u64))
    }

    /// Whether the segment at hand holds this schema.
    pub fn has_schema(&self, id: u64) -> bool {
        self.schemas.contains(&id)
    }

    /// Remembers that a schema was appended.
    pub fn note_schema(&mut self, id: u64) {
        self.schemas.push(id);
    }

    /// Appends `bytes`, which are so many frames numbered from [`Log::next_seq`] on; a frame of rows last, if any.
    pub fn append(&mut self, bytes: &[u8], frames: u64, last: Kind, flush: Flush) -> Result<(), AppendError> {
        self.check()?;
        // Also numbers of frames that failed are used up.
        self.next_seq += frames;
        let Some(file) = self.file.as_mut() else { return Err(AppendError::Stopped) };
        let end = end(&self.extents);
        let after = end + bytes.len() as u64;
        reach(FailPoint::BeforeWrite);
        if let Err(error) = file.append(bytes) {
            let cut = file.cut(end);
            // What came before is still good.
            self.sync()?;
            self.file = None;
            return Err(match cut {
                Ok(()) => self.given_up(error),
                Err(error) => self.failed(error),
            });
        }
        reach(FailPoint::BeforeFlush);
        if flush == Flush::Now {
            self.flush_file()?;
            self.flushed = after;
        }
        reach(FailPoint::AfterFlush);
        self.is_owed = flush == Flush::Later || self.is_owed && flush != Flush::Now;
        if let Some(extent) = lock(&self.extents.segments).back_mut() {
            extent.end = after;
            if last == Kind::Rows {
                extent.rows_until = self.next_seq;
            }
        }
        Ok(())
    }

    /// Flushes what was appended with [`Flush::Later`].
    pub fn flush(&mut self) -> Result<(), AppendError> {
        if self.is_owed { self.sync() } else { Ok(()) }
    }

    /// Flushes all that was appended.
    pub fn sync(&mut self) -> Result<(), AppendError> {
        let end = end(&self.extents);
        if self.file.is_some() && self.flushed < end {
            self.flush_file()?;
            self.flushed = end;
            self.is_owed = false;
        }
        Ok(())
    }

    /// What a failed flush leaves is unknown, and cut off, so that no restart takes it for data.
    fn flush_file(&mut self) -> Result<(), AppendError> {
        let Some(file) = self.file.as_mut() else { return Ok(()) };
        let Err(error) = file.sync() else { return Ok(()) };
        let cut = file.cut(self.flushed);
        self.file = None;
        if let Some(extent) = lock(&self.extents.segments).back_mut() {
            extent.end = extent.end.min(self.flushed);
        }
        let is_lost = std::mem::take(&mut self.is_owed) || cut.is_err();
        Err(if is_lost { self.failed(error) } else { self.given_up(error) })
    }

    /// Removes the oldest segment, which nobody needs any more; never the last that holds a frame, since numbers go on from there. Answers whether it did.
    pub fn remove_oldest(&mut self, segment: u64) -> io::Result<bool> {
        let oldest = {
            let extents = lock(&self.extents.segments);
            let is_last = extents.iter().skip(1).all(|extent| extent.end == 0);
            extents.front().filter(|front| front.segment == segment && !is_last).copied()
        };
        if oldest.is_none() {
            return Ok(false);
        }
        reach(FailPoint::BeforeRemove);
        self.disk.remove(&file_name(segment))?;
        reach(FailPoint::AfterRemove);
        lock(&self.extents.segments).pop_front();
        Ok(true)
    }

    /// Whether it may still be written; not after any failure but a full disk.
    pub fn check(&self) -> Result<(), AppendError> {
        match self.next_seq.max(self.next_segment) {
            _ if self.stopped => Err(AppendError::Stopped),
            SPARE_FROM.. => Err(AppendError::UsedUp),
            _ => Ok(()),
        }
    }

    /// After a failure the segment is not written again; after any but a full disk, none is.
    fn given_up(&mut self, error: io::Error) -> AppendError {
        if is_full(&error) { AppendError::Full(error) } else { self.failed(error) }
    }

    fn failed(&mut self, error: io::Error) -> AppendError {
        self.stopped = true;
        AppendError::Failed(error)
    }
}

/// Where the newest segment ends.
fn end(extents: &Extents) -> u64 {
    lock(&extents.segments).back().map_or(0, |extent| extent.end)
}
