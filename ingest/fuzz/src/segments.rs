//! Spool folders out of fuzz input: frames with good checksums whose contents are anything, real ones of real rows, raw bytes, and damage to all of them.
//!
//! A checksum keeps most mutations away from what is behind it, so the input is a list of acts, and the checksums are made here.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::BufMut;
use qoe_ingest::moment::Moment;
use qoe_ingest::spool::encode::{Encoder, Group};
use qoe_ingest::spool::frame::{Draft, Entry, Kind, Mark, Sealed, Split, Start};
use qoe_store::{Delivery, Keys, Millis, Records, SessionEvent, Stamp};

use crate::disk::MemoryDisk;
use crate::{NOW, SALT};

/// Reads the input from its start.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte().unwrap_or(0)).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    /// A number as it may be, small or large.
    fn number(&mut self) -> u64 {
        match self.byte().unwrap_or(0) {
            255 => self.0.split_first_chunk().map_or(u64::MAX, |(number, rest)| {
                self.0 = rest;
                u64::from_le_bytes(*number)
            }),
            small => u64::from(small),
        }
    }
}

/// The segment at hand.
#[derive(Default)]
struct Segment {
    number: u64,
    bytes: Vec<u8>,
}

/// Puts on the disk what the input says.
pub fn lay_out(input: &[u8], disk: &MemoryDisk) {
    let mut input = Input(input);
    let mut segment = Segment { number: 1, bytes: Vec::new() };
    let mut encoder = Encoder::default();
    let mut seq = 0;
    while let Some(act) = input.byte() {
        let number = segment.number;
        let out = &mut segment.bytes;
        let seal = SALT.at(number, out.len() as u64);
        match act % 10 {
            0 => {
                let kind = [Kind::Start, Kind::Schema, Kind::Rows, Kind::Mark][usize::from(input.byte().unwrap_or(0) % 4)];
                let draft =
                    Draft { rows: input.number() as u32, body: input.bytes().to_vec(), ..Draft::of(kind, NOW, input.bytes().to_vec()) };
                draft.write(seq, seal, out);
                seq = seq.wrapping_add(1);
            }
            1 => {
                let start = Start {
                    before: Some((input.number(), input.number())),
                    next_shipment: input.number(),
                    delivered_before: input.number(),
                };
                Draft::of(Kind::Start, NOW, start.write()).write(seq, seal, out);
                seq = seq.wrapping_add(1);
            }
            2 => {
                Draft::of(Kind::Mark, Millis(input.number() as i64), mark(&mut input).write()).write(seq, seal, out);
                seq = seq.wrapping_add(1);
            }
            3 => {
                rows(&mut encoder, input.byte().unwrap_or(0), seq, number, out);
                seq = seq.wrapping_add(2);
            }
            4 => seq = input.number(),
            5 => out.put_slice(input.bytes()),
            6 => {
                let at = input.number() as usize;
                let change = input.byte().unwrap_or(1);
                if let Some(byte) = out.get_mut(at) {
                    *byte ^= change;
                }
            }
            7 => out.truncate(input.number() as usize),
            8 => {
                let number = match input.byte().unwrap_or(0) {
                    255 => input.number(),
                    _ => segment.number.wrapping_add(1),
                };
                close(std::mem::replace(&mut segment, Segment { number, bytes: Vec::new() }), disk);
            }
            _ => run(&mut input, disk),
        }
    }
    close(segment, disk);
}

fn close(segment: Segment, disk: &MemoryDisk) {
    if !segment.bytes.is_empty() {
        disk.put(&format!("{:020}.seg", segment.number), segment.bytes);
    }
}

fn mark(input: &mut Input<'_>) -> Mark {
    match input.byte().unwrap_or(0) % 3 {
        0 => Mark::Sealed(Sealed {
            shipment: input.number(),
            segment: input.number(),
            offset: input.number(),
            first: input.number(),
            last: input.number(),
            crc: input.number() as u32,
            at: Moment { wall: Millis(input.number() as i64), boot: input.number().into(), up_ms: input.number() as i64 },
        }),
        1 => Mark::Split {
            shipment: input.number(),
            table: String::from_utf8_lossy(input.bytes()).into_owned(),
            split: Split {
                rows: input.number() as u32..input.number() as u32,
                refused: input.bytes().iter().map(|row| u32::from(*row)).collect(),
            },
        },
        _ => Mark::Settled { shipment: input.number(), through: input.number() },
    }
}

/// A schema and rows, as the spool writes them.
fn rows(encoder: &mut Encoder, count: u8, seq: u64, segment: u64, out: &mut Vec<u8>) {
    let group = group(count % 8);
    let delivery = Delivery { spool_id: "fuzz".into(), batch_seq: seq.wrapping_add(1) };
    for (table, _) in group.records.tables() {
        let schema = encoder.schema(table).expect("a table has a schema");
        Draft::of(Kind::Schema, NOW, schema.write()).write(seq, SALT.at(segment, out.len() as u64), out);
    }
    let draft = encoder.group(&group, &delivery, NOW).expect("rows can be written");
    draft.write(seq.wrapping_add(1), SALT.at(segment, out.len() as u64), out);
}

/// So many rows of one batch.
pub fn group(count: u8) -> Group {
    let keys = Arc::new(Keys { project: "open".into(), session_id: "s".into(), ..Keys::default() });
    let event = SessionEvent { keys, stamp: Stamp::at(NOW.0), name: "leave".into(), ..SessionEvent::default() };
    Group {
        records: Records { SessionEvents: vec![event; usize::from(count)], ..Records::default() },
        entries: vec![Entry { name: u128::from(count), accepted: u32::from(count) }],
        projects: BTreeMap::from([("open".into(), u64::from(count))]),
    }
}

/// A file of batch names: a header of anything over names whose checksum is good.
fn run(input: &mut Input<'_>, disk: &MemoryDisk) {
    let (through, until, stated) = (input.number(), input.number(), input.byte().unwrap_or(0));
    let names = input.bytes();
    let mut rest = Vec::new();
    rest.put_u64_le(if stated == 0 { (names.len() / 20) as u64 } else { u64::from(stated) });
    rest.put_u64_le(through);
    rest.put_i64_le(until as i64);
    rest.put_slice(names);
    // Older layouts had another checksum: one that covers the names alone, which must not be believed of the rest.
    let crc = if stated == 1 { crc32c::crc32c(names) } else { crc32c::crc32c(&rest) };
    let mut bytes = b"QOEr".to_vec();
    bytes.put_u32_le(crc);
    bytes.put_slice(&rest);
    disk.put(&format!("{:020}.run", through), bytes);
}
