//! Frames that are delivered together: gathered, sealed, and read again.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Cursor};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use bytes::Bytes;
use qoe_store::Millis;

use super::leg::within;
use crate::moment::Moment;
use crate::spool::disk::Disk;
use crate::spool::encode::{END_OF_STREAM, day_of};
use crate::spool::frame::{Kind, Part, Rows, SchemaOf, Sealed};
use crate::spool::log::{Depth, Extents, Frame, Position, Walk};

/// How much goes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most rows: one ClickHouse part of useful size. A frame that is larger goes alone.
    pub rows: u64,
    /// Most bytes, which is what delivery holds in memory.
    pub bytes: u64,
    /// Most days touched in tables that are partitioned by day.
    pub days: i32,
}

/// Reads frames of rows in order.
#[derive(Debug)]
pub struct Reader {
    walk: Walk,
    schemas: HashMap<u64, Bytes>,
    next: Option<(Frame, Rows)>,
}

impl Reader {
    /// From the beginning of this segment on, so that its schemas are met before rows.
    pub fn new(disk: Arc<dyn Disk>, extents: Arc<Extents>, segment: u64) -> Reader {
        Reader { walk: Walk::new(disk, extents, Position { segment, offset: 0 }), schemas: HashMap::new(), next: None }
    }

    /// The next frame of rows from number `from` on, which stays the next until it is taken.
    pub fn peek(&mut self, from: u64) -> io::Result<Option<&(Frame, Rows)>> {
        while self.next.as_ref().is_none_or(|(frame, _)| frame.header.seq < from) {
            let Some(frame) = self.walk.next(Depth::Whole)? else { return Ok(None) };
            match frame.header.kind {
                Kind::Schema => match SchemaOf::read(frame.head()) {
                    Ok(schema) => {
                        self.schemas.insert(schema.id, schema.message.into());
                    }
                    Err(error) => tracing::error!(%error, "a schema in the spool cannot be read"),
                },
                Kind::Rows => match Rows::read(frame.head()) {
                    Ok(rows) => self.next = Some((frame, rows)),
                    Err(error) => tracing::error!(%error, "rows in the spool cannot be read"),
                },
                Kind::Start | Kind::Mark => {}
            }
        }
        Ok(self.next.as_ref())
    }

    fn take(&mut self) -> Option<(Frame, Rows)> {
        self.next.take()
    }

    /// Stretches of damage passed over so far.
    pub fn damaged(&self) -> u64 {
        self.walk.damaged
    }
}

/// One table's rows of a shipment.
#[derive(Debug, Clone)]
pub struct Cargo {
    schema_id: u64,
    schema: Bytes,
    /// Each frame's number, rows and Arrow message: one a day, so that ClickHouse, which has a part for each, stores all of one or none.
    parts: Vec<(u64, u32, Bytes)>,
}

/// Rows of one day of one frame, which ClickHouse has all of or none.
pub type Day = (u64, i32);

impl Cargo {
    /// Rows of each part, the parts numbered.
    pub fn parts(&self) -> Vec<(u64, u32)> {
        self.parts.iter().zip(0..).map(|((_, rows, _), part)| (part, *rows)).collect()
    }

    /// What ClickHouse has of each part, by what it has of each day of each frame.
    pub fn held(&self, stored: &BTreeMap<Day, u64>) -> Result<BTreeMap<u64, u64>, ArrowError> {
        let mut held = BTreeMap::new();
        for ((frame, _, message), part) in self.parts.iter().zip(0..) {
            let day = self.batch(message)?.as_ref().and_then(day_of);
            if let Some(rows) = day.and_then(|day| stored.get(&(*frame, day))) {
                held.insert(part, *rows);
            }
        }
        Ok(held)
    }

    fn batch(&self, message: &Bytes) -> Result<Option<RecordBatch>, ArrowError> {
        let stream = Cursor::new([&*self.schema, message, &END_OF_STREAM].concat());
        StreamReader::try_new(stream, None)?.next().transpose()
    }

    /// How many rows.
    pub fn rows(&self) -> u32 {
        self.parts.iter().map(|(_, rows, _)| rows).sum()
    }

    /// All of it, as an Arrow stream in pieces.
    pub fn stream(&self) -> Vec<Bytes> {
        let messages = self.parts.iter().map(|(.., message)| message.clone());
        std::iter::once(self.schema.clone()).chain(messages).chain([Bytes::from_static(&END_OF_STREAM)]).collect()
    }

    /// The columns it has.
    pub fn columns(&self) -> Result<Vec<String>, ArrowError> {
        let schema = StreamReader::try_new(Cursor::new([&*self.schema, &END_OF_STREAM].concat()), None)?.schema();
        Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
    }

    /// These rows but for those that are left out, each part's in a batch.
    pub fn pick(&self, wanted: &Range<u32>, without: &[u32]) -> Result<Vec<RecordBatch>, ArrowError> {
        let mut batches = Vec::new();
        for (rows, batch) in self.overlapping(wanted)? {
            let without = within(without, &rows);
            let goes = || rows.clone().map(|row| Some(without.binary_search(&row).is_err())).collect();
            let batch = if without.is_empty() { batch } else { filter_record_batch(&batch, &goes())? };
            batches.extend(Some(batch).filter(|batch| batch.num_rows() > 0));
        }
        Ok(batches)
    }

    /// Each of these rows, which rise, as a batch of its own.
    pub fn singles(&self, wanted: &[u32]) -> Result<Vec<RecordBatch>, ArrowError> {
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(Vec::new()) };
        let mut singles = Vec::with_capacity(wanted.len());
        for (rows, batch) in self.overlapping(&(*first..last + 1))? {
            singles.extend(within(wanted, &rows).iter().map(|row| batch.slice((row - rows.start) as usize, 1)));
        }
        Ok(singles)
    }

    /// What of each part is among these rows.
    fn overlapping(&self, wanted: &Range<u32>) -> Result<Vec<(Range<u32>, RecordBatch)>, ArrowError> {
        let mut found = Vec::new();
        let mut start = 0;
        for (_, rows, message) in &self.parts {
            let (from, until) = (wanted.start.max(start), wanted.end.min(start + rows));
            if from < until {
                let batch = self.batch(message)?.filter(|batch| batch.num_rows() == *rows as usize);
                let batch = batch.ok_or_else(|| ArrowError::IpcError("a part holds other rows than it says".to_owned()))?;
                found.push((from..until, batch.slice((from - start) as usize, (until - from) as usize)));
            }
            start += rows;
        }
        Ok(found)
    }
}

/// A shipment on its way from gathered to sealed.
#[derive(Debug, Default)]
pub struct Shipment {
    /// Where its first frame lies, and that frame's number.
    first: Option<(Position, u64)>,
    /// When that was written.
    since: Option<Millis>,
    last: u64,
    crc: u32,
    days: Option<(i32, i32)>,
    /// Frames of it are gone or damaged: its rows are not numbered as they were.
    pub is_torn: bool,
    /// Rows in it.
    pub rows: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// Its rows by table.
    pub cargo: BTreeMap<String, Cargo>,
    /// Whose they are, bytes by project.
    pub shares: BTreeMap<String, u64>,
}

impl Shipment {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// When its first frame was written; `None` if nothing is in it.
    pub fn since(&self) -> Option<Millis> {
        self.since
    }

    /// The number after that of its last frame.
    pub fn until(&self) -> u64 {
        self.last + 1
    }

    /// Adds frames from number `from` on as long as they are there and fit; answers whether the next does not fit.
    pub fn gather(&mut self, reader: &mut Reader, from: u64, limits: &Limits) -> io::Result<bool> {
        let mut from = from;
        while let Some((frame, rows)) = reader.peek(from)? {
            if !self.fits(frame, rows, limits) {
                return Ok(true);
            }
            from = frame.header.seq + 1;
            self.take(reader);
        }
        Ok(false)
    }

    /// Reads the frames of a sealed shipment again, as far as they are there.
    pub fn read(reader: &mut Reader, sealed: &Sealed) -> io::Result<Shipment> {
        let mut shipment = Shipment::default();
        let mut from = sealed.first;
        while let Some((frame, _)) = reader.peek(from)? {
            if frame.header.seq > sealed.last {
                break;
            }
            from = frame.header.seq + 1;
            shipment.take(reader);
        }
        shipment.is_torn = shipment.crc != sealed.crc;
        if shipment.is_torn {
            tracing::error!(shipment = sealed.shipment, "frames of a sealed shipment are damaged; what is readable is delivered");
        }
        Ok(shipment)
    }

    fn fits(&self, frame: &Frame, rows: &Rows, limits: &Limits) -> bool {
        if self.is_empty() {
            return true;
        }
        let days = union(self.days, rows);
        let same = |part: &Part| self.cargo.get(&part.table).is_none_or(|cargo| cargo.schema_id == part.schema);
        self.rows + u64::from(frame.header.rows) <= limits.rows
            && self.bytes + frame.header.frame_bytes() <= limits.bytes
            && days.is_none_or(|(first, last)| last.saturating_sub(first) < limits.days)
            && rows.parts.iter().all(same)
    }

    fn take(&mut self, reader: &mut Reader) {
        let Some((frame, rows)) = reader.take() else { return };
        self.first.get_or_insert((frame.position, frame.header.seq));
        self.since.get_or_insert(frame.header.at);
        self.last = frame.header.seq;
        self.crc = crc32c::crc32c_append(self.crc, &frame.header.crc.to_le_bytes());
        self.days = union(self.days, &rows);
        self.rows += u64::from(frame.header.rows);
        self.bytes += frame.header.frame_bytes();
        for share in &rows.shares {
            *self.shares.entry(share.project.clone()).or_default() += share.bytes;
        }
        let seq = frame.header.seq;
        let mut body = Bytes::from(frame.into_body());
        for part in rows.parts {
            let message = body.split_to((part.bytes as usize).min(body.len()));
            let Some(schema) = reader.schemas.get(&part.schema) else {
                tracing::error!(table = part.table, rows = part.rows, "rows in the spool are of a schema that is not there");
                continue;
            };
            let cargo =
                self.cargo.entry(part.table).or_insert_with(|| Cargo { schema_id: part.schema, schema: schema.clone(), parts: Vec::new() });
            cargo.parts.push((seq, part.rows, message));
        }
    }

    /// What is written down of it, under this number.
    pub fn sealed(&self, shipment: u64, at: Moment) -> Option<Sealed> {
        let (position, first) = self.first?;
        Some(Sealed { shipment, segment: position.segment, offset: position.offset, first, last: self.last, crc: self.crc, at })
    }
}

/// The days of both; none without rows in tables partitioned by day.
fn union(days: Option<(i32, i32)>, rows: &Rows) -> Option<(i32, i32)> {
    let (first, last) = rows.days;
    if first > last {
        return days;
    }
    Some(days.map_or((first, last), |(a, b)| (a.min(first), b.max(last))))
}
