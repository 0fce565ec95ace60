//! One frame of the spool's log: a fixed header, a head that says what the body holds, and the body.
//!
//! ```text
//! magic 4 | version 1 | kind 1 | zero 2 | seq 8 | at 8 | rows 4 | head bytes 4 | body bytes 4 | payload CRC 4 | header CRC 4 | head | body
//! ```
//!
//! Little-endian; both checksums are CRC-32C (the Castagnoli polynomial), begun with the spool's [`Salt`](super::salt::Salt) and the frame's place. The header has its own, so
//! that a chain of frames can be walked, and found again behind a damaged one, without reading bodies.

mod mark;

use bytes::{Buf, BufMut, TryGetError};
use qoe_store::Millis;

pub use mark::{Mark, Sealed, Split};

use super::salt::Seal;

/// What every frame begins with.
pub(super) const MAGIC: [u8; 4] = *b"QOEs";
/// This layout. A reader refuses a later one, and must go on reading earlier ones.
const VERSION: u8 = 1;
/// Length of a header, bytes.
pub const HEADER_BYTES: usize = 44;
/// Longest head, bytes: some 300,000 batches of one group.
pub const MAX_HEAD_BYTES: usize = 8 << 20;
/// Longest body, bytes.
pub const MAX_BODY_BYTES: usize = 256 << 20;
/// No number that is counted up in the log gets here: one beyond it is not believed, so that adding to any of them never overflows.
pub const MAX_NUMBER: u64 = 1 << 62;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first of a segment: [`Start`].
    Start = 1,
    /// The Arrow schema of parts that follow in the segment: [`SchemaOf`].
    Schema = 2,
    /// Rows, acknowledged together: [`Rows`].
    Rows = 3,
    /// What was decided about a range of them: [`Mark`].
    Mark = 4,
}

impl Kind {
    fn of(number: u8) -> Option<Kind> {
        [Kind::Start, Kind::Schema, Kind::Rows, Kind::Mark].into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It ends before its end.
    #[error("the frame is cut off")]
    Short,
    /// It does not begin as frames do.
    #[error("no frame begins here")]
    Magic,
    /// A checksum differs.
    #[error("the frame is damaged: its checksum differs")]
    Checksum,
    /// It was written by a later version.
    #[error("the frame is of version {0}, this program reads up to {VERSION}")]
    Version(u8),
    /// Its contents say something that cannot be.
    #[error("the frame holds {0}")]
    Contents(&'static str),
}

impl From<TryGetError> for FrameError {
    fn from(_: TryGetError) -> Self {
        FrameError::Contents("less than it says")
    }
}

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: Kind,
    /// Its number in the spool, rising by one.
    pub seq: u64,
    /// When it was written.
    pub at: Millis,
    /// Rows in it.
    pub rows: u32,
    /// Length of its head, bytes.
    pub head_bytes: u32,
    /// Length of its body, bytes.
    pub body_bytes: u32,
    /// Checksum of head and body.
    pub crc: u32,
}

impl Header {
    /// Length of the whole frame, bytes.
    pub fn frame_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.head_bytes) + u64::from(self.body_bytes)
    }

    /// Reads the header at the start of `bytes`.
    pub fn read(bytes: &[u8], seal: Seal) -> Result<Header, FrameError> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(FrameError::Short)?;
        if bytes[..4] != MAGIC {
            return Err(FrameError::Magic);
        }
        let (covered, mut stated) = bytes.split_at(HEADER_BYTES - 4);
        if crc32c::crc32c_append(seal.header, covered) != stated.get_u32_le() {
            return Err(FrameError::Checksum);
        }
        let mut rest = &covered[4..];
        let (version, kind) = (rest.get_u8(), rest.get_u8());
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        if rest.get_u16_le() != 0 {
            return Err(FrameError::Contents("something where nothing is written"));
        }
        let header = Header {
            kind: Kind::of(kind).ok_or(FrameError::Contents("an unknown kind"))?,
            seq: believable(rest.get_u64_le())?,
            at: Millis(rest.get_i64_le()),
            rows: rest.get_u32_le(),
            head_bytes: rest.get_u32_le(),
            body_bytes: rest.get_u32_le(),
            crc: rest.get_u32_le(),
        };
        if header.head_bytes as usize > MAX_HEAD_BYTES || header.body_bytes as usize > MAX_BODY_BYTES {
            return Err(FrameError::Contents("a length beyond the limit"));
        }
        Ok(header)
    }

    /// Whether `payload` (head and body) is what was written.
    pub fn check(&self, payload: &[u8], seal: Seal) -> Result<(), FrameError> {
        if payload.len() as u64 + HEADER_BYTES as u64 != self.frame_bytes() {
            return Err(FrameError::Short);
        }
        if crc32c::crc32c_append(seal.payload, payload) == self.crc { Ok(()) } else { Err(FrameError::Checksum) }
    }
}

/// A frame to be written: everything but its number.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is.
    pub kind: Kind,
    /// When it is written.
    pub at: Millis,
    /// Rows in it.
    pub rows: u32,
    /// Its head.
    pub head: Vec<u8>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Draft {
    /// A frame that is all head.
    pub fn of(kind: Kind, at: Millis, head: Vec<u8>) -> Draft {
        Draft { kind, at, rows: 0, head, body: Vec::new() }
    }

    /// Its length when written, bytes.
    pub fn frame_bytes(&self) -> u64 {
        (HEADER_BYTES + self.head.len() + self.body.len()) as u64
    }

    /// Writes it behind `out`, to lie where `seal` is for.
    pub fn write(&self, seq: u64, seal: Seal, out: &mut Vec<u8>) {
        let crc = crc32c::crc32c_append(crc32c::crc32c_append(seal.payload, &self.head), &self.body);
        let start = out.len();
        out.put_slice(&MAGIC);
        out.put_u8(VERSION);
        out.put_u8(self.kind as u8);
        out.put_u16_le(0);
        out.put_u64_le(seq);
        out.put_i64_le(self.at.0);
        out.put_u32_le(self.rows);
        // The limits on both lie far below 4 GiB.
        out.put_u32_le(self.head.len() as u32);
        out.put_u32_le(self.body.len() as u32);
        out.put_u32_le(crc);
        let header_crc = crc32c::crc32c_append(seal.header, &out[start..]);
        out.put_u32_le(header_crc);
        out.put_slice(&self.head);
        out.put_slice(&self.body);
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    // Longer than any text a frame holds: labels are at most 256 bytes.
    let bytes = &text.as_bytes()[..text.len().min(u16::MAX as usize)];
    out.put_u16_le(bytes.len() as u16);
    out.put_slice(bytes);
}

fn get_text(bytes: &mut &[u8]) -> Result<String, FrameError> {
    let length = usize::from(bytes.try_get_u16_le()?);
    let (text, rest) = bytes.split_at_checked(length).ok_or(FrameError::Contents("less than it says"))?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).map_err(|_| FrameError::Contents("a text that is not UTF-8"))
}

fn believable(number: u64) -> Result<u64, FrameError> {
    if number < MAX_NUMBER { Ok(number) } else { Err(FrameError::Contents("a number that is never reached")) }
}

/// A share of a frame's body: sums of what fits in there do not overflow.
fn get_share(bytes: &mut &[u8]) -> Result<u64, FrameError> {
    let share = bytes.try_get_u64_le()?;
    if share <= MAX_BODY_BYTES as u64 { Ok(share) } else { Err(FrameError::Contents("a length beyond the limit")) }
}

fn get_number(bytes: &mut &[u8]) -> Result<u64, FrameError> {
    believable(bytes.try_get_u64_le()?)
}

/// What was read, if nothing follows it: what this version does not write, it does not know the meaning of.
fn whole<T>(read: T, rest: &[u8]) -> Result<T, FrameError> {
    if rest.is_empty() { Ok(read) } else { Err(FrameError::Contents("more than it says")) }
}

/// Reads `count` of something, each at least `least` bytes long: a count that cannot be is not believed.
fn get_all<T>(bytes: &mut &[u8], least: usize, mut read: impl FnMut(&mut &[u8]) -> Result<T, FrameError>) -> Result<Vec<T>, FrameError> {
    let count = bytes.try_get_u32_le()? as usize;
    if count > bytes.len() / least {
        return Err(FrameError::Contents("less than it says"));
    }
    (0..count).map(|_| read(bytes)).collect()
}

/// The head of the first frame of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The segment before, and where its last frame ends: what may lie beyond was never acknowledged, and was told to its sender as failed.
    pub before: Option<(u64, u64)>,
    /// Number of the next shipment.
    pub next_shipment: u64,
    /// Every frame of rows before this number is delivered.
    pub delivered_before: u64,
}

impl Start {
    /// For the log.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let (segment, end) = self.before.unwrap_or((u64::MAX, 0));
        [segment, end, self.next_shipment, self.delivered_before].iter().for_each(|number| out.put_u64_le(*number));
        out
    }

    /// From the log.
    pub fn read(mut bytes: &[u8]) -> Result<Start, FrameError> {
        let bytes = &mut bytes;
        let before = match (bytes.try_get_u64_le()?, bytes.try_get_u64_le()?) {
            (u64::MAX, 0) => None,
            (segment, end) => Some((believable(segment)?, believable(end)?)),
        };
        let start = Start { before, next_shipment: get_number(bytes)?, delivered_before: get_number(bytes)? };
        whole(start, bytes)
    }
}

/// The head of a frame that says how parts after it are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaOf {
    /// Its name in the parts.
    pub id: u64,
    /// The Arrow schema, as the message that begins a stream.
    pub message: Vec<u8>,
}

impl SchemaOf {
    /// The schema of this message, named for its checksum.
    pub fn new(message: Vec<u8>) -> SchemaOf {
        let low = crc32c::crc32c(&message);
        let high = crc32c::crc32c_append(low, &(message.len() as u64).to_le_bytes());
        SchemaOf { id: u64::from(high) << 32 | u64::from(low), message }
    }

    /// For the log.
    pub fn write(&self) -> Vec<u8> {
        [&self.id.to_le_bytes(), &*self.message].concat()
    }

    /// From the log.
    pub fn read(mut bytes: &[u8]) -> Result<SchemaOf, FrameError> {
        let id = bytes.try_get_u64_le()?;
        let schema = SchemaOf::new(bytes.to_vec());
        if schema.id == id { Ok(schema) } else { Err(FrameError::Checksum) }
    }
}

/// A client's batch in a group: to be known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: u128,
    /// Rows kept of it.
    pub accepted: u32,
}

/// The rows of one table in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The table's name.
    pub table: String,
    /// The schema they are written in.
    pub schema: u64,
    /// How many.
    pub rows: u32,
    /// Length of their Arrow message in the body, bytes. The parts lie there in order.
    pub bytes: u32,
}

/// What a project has in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The project.
    pub project: String,
    /// Its part of the frame, bytes.
    pub bytes: u64,
}

/// The head of a frame of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// First and last day touched, days since 1970.
    pub days: (i32, i32),
    /// The clients' batches.
    pub entries: Vec<Entry>,
    /// Whose they are.
    pub shares: Vec<Share>,
    /// What the body holds.
    pub parts: Vec<Part>,
}

impl Rows {
    /// For the log.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + 20 * self.entries.len() + 64 * self.parts.len());
        out.put_i32_le(self.days.0);
        out.put_i32_le(self.days.1);
        out.put_u32_le(self.entries.len() as u32);
        for entry in &self.entries {
            out.put_u128_le(entry.name);
            out.put_u32_le(entry.accepted);
        }
        out.put_u32_le(self.shares.len() as u32);
        for share in &self.shares {
            put_text(&mut out, &share.project);
            out.put_u64_le(share.bytes);
        }
        out.put_u32_le(self.parts.len() as u32);
        for part in &self.parts {
            put_text(&mut out, &part.table);
            out.put_u64_le(part.schema);
            out.put_u32_le(part.rows);
            out.put_u32_le(part.bytes);
        }
        out
    }

    /// From the log.
    pub fn read(mut bytes: &[u8]) -> Result<Rows, FrameError> {
        let bytes = &mut bytes;
        let rows = Rows {
            days: (bytes.try_get_i32_le()?, bytes.try_get_i32_le()?),
            entries: get_all(bytes, 20, |bytes| Ok(Entry { name: bytes.try_get_u128_le()?, accepted: bytes.try_get_u32_le()? }))?,
            shares: get_all(bytes, 10, |bytes| Ok(Share { project: get_text(bytes)?, bytes: get_share(bytes)? }))?,
            parts: get_all(bytes, 18, |bytes| {
                Ok(Part {
                    table: get_text(bytes)?,
                    schema: bytes.try_get_u64_le()?,
                    rows: bytes.try_get_u32_le()?,
                    bytes: bytes.try_get_u32_le()?,
                })
            })?,
        };
        whole(rows, bytes)
    }
}

#[cfg(test)]
mod tests;
