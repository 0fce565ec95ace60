//! Reading the log: frames one after the other, whatever lies between them.

use std::io;
use std::sync::Arc;

use super::{Extents, Position, file_name};
use crate::spool::disk::{Disk, Reading};
use crate::spool::frame::{FrameError, HEADER_BYTES, Header, MAGIC};
use crate::spool::salt::Salt;

/// How far is searched at a time for the next frame behind damage, bytes.
const SEARCH: usize = 64 << 10;

/// A frame as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it was.
    pub position: Position,
    /// Its header.
    pub header: Header,
    /// Head and body.
    payload: Vec<u8>,
}

impl Frame {
    /// Its head.
    pub fn head(&self) -> &[u8] {
        &self.payload[..self.header.head_bytes as usize]
    }

    /// Its body; empty if only heads were read.
    pub fn body(&self) -> &[u8] {
        &self.payload[self.header.head_bytes as usize..]
    }

    /// Its body, without the head.
    pub fn into_body(mut self) -> Vec<u8> {
        self.payload.drain(..self.header.head_bytes as usize);
        self.payload
    }
}

/// How much of each frame is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Header and head. Checked without the body are only the header, and frames that have none: decisions are always checked.
    Heads,
    /// All, checked.
    Whole,
}

/// Frames one after the other. Damaged ones are passed over and counted.
#[derive(Debug)]
pub struct Walk {
    disk: Arc<dyn Disk>,
    extents: Arc<Extents>,
    at: Position,
    file: Option<(u64, Box<dyn Reading>)>,
    /// Damaged stretches passed over.
    pub damaged: u64,
}

impl Walk {
    /// From this position on.
    pub fn new(disk: Arc<dyn Disk>, extents: Arc<Extents>, at: Position) -> Walk {
        Walk { disk, extents, at, file: None, damaged: 0 }
    }

    /// Where the next frame begins, if there is one.
    pub fn position(&self) -> Position {
        self.at
    }

    /// The next frame that is there whole; `None` at the end of what is durable.
    pub fn next(&mut self, depth: Depth) -> io::Result<Option<Frame>> {
        loop {
            let Some(extent) = self.extents.of(self.at.segment) else {
                // Removed, or never made: go on with the next there is.
                match self.extents.after(self.at.segment) {
                    Some(segment) => self.at = Position { segment, offset: 0 },
                    None => return Ok(None),
                }
                continue;
            };
            if self.at.offset >= extent.end {
                match self.extents.after(self.at.segment) {
                    Some(segment) => self.at = Position { segment, offset: 0 },
                    None => return Ok(None),
                }
                continue;
            }
            let position = self.at;
            let (end, salt) = (extent.end, self.extents.salt());
            let file = self.file()?;
            match read_frame(file, position, end, depth, salt)? {
                Ok(frame) => {
                    self.at.offset += frame.header.frame_bytes();
                    return Ok(Some(frame));
                }
                Err(Unread { error, passed }) => {
                    let next = find_frame(file, Position { offset: position.offset + passed, ..position }, end, salt)?.unwrap_or(end);
                    tracing::error!(segment = position.segment, offset = position.offset, skipped = next - position.offset, %error, "damage in the spool");
                    self.damaged += 1;
                    self.at.offset = next;
                }
            }
        }
    }

    fn file(&mut self) -> io::Result<&dyn Reading> {
        if self.file.as_ref().is_none_or(|(segment, _)| *segment != self.at.segment) {
            self.file = Some((self.at.segment, self.disk.open(&file_name(self.at.segment))?));
        }
        match &self.file {
            Some((_, file)) => Ok(&**file),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// No frame, and how far to go from here at least to find the next. What a good header spans is passed over whole, also where it
/// was cut off: it holds senders' texts, and one that looks like a frame is none.
pub(super) struct Unread {
    error: FrameError,
    passed: u64,
}

impl From<FrameError> for Unread {
    fn from(error: FrameError) -> Self {
        Unread { error, passed: 1 }
    }
}

pub(super) fn read_frame(file: &dyn Reading, position: Position, end: u64, depth: Depth, salt: Salt) -> io::Result<Result<Frame, Unread>> {
    let mut bytes = [0; HEADER_BYTES];
    let read = file.read_at(&mut bytes, position.offset)?;
    let seal = salt.at(position.segment, position.offset);
    let header = match Header::read(&bytes[..read], seal) {
        Ok(header) => header,
        Err(error) => return Ok(Err(error.into())),
    };
    let damaged = |error| Ok(Err(Unread { error, passed: header.frame_bytes() }));
    if position.offset + header.frame_bytes() > end {
        return damaged(FrameError::Short);
    }
    let wanted = match depth {
        Depth::Heads => header.head_bytes as usize,
        Depth::Whole => header.head_bytes as usize + header.body_bytes as usize,
    };
    let mut payload = vec![0; wanted];
    if file.read_at(&mut payload, position.offset + HEADER_BYTES as u64)? < wanted {
        return damaged(FrameError::Short);
    }
    if wanted as u64 == header.frame_bytes() - HEADER_BYTES as u64
        && let Err(error) = header.check(&payload, seal)
    {
        return damaged(error);
    }
    Ok(Ok(Frame { position, header, payload }))
}

/// How far into the segment, from `from` on, a header begins whose frame fits before `end`.
fn find_frame(file: &dyn Reading, from: Position, end: u64, salt: Salt) -> io::Result<Option<u64>> {
    let Position { segment, mut offset } = from;
    let mut buffer = vec![0; SEARCH + HEADER_BYTES];
    while offset < end {
        let read = file.read_at(&mut buffer, offset)?;
        for start in 0..read.min(SEARCH) {
            if buffer[start..read].starts_with(&MAGIC)
                && let Ok(header) = Header::read(&buffer[start..read], salt.at(segment, offset + start as u64))
                && offset + start as u64 + header.frame_bytes() <= end
            {
                return Ok(Some(offset + start as u64));
            }
        }
        offset += SEARCH as u64;
    }
    Ok(None)
}
