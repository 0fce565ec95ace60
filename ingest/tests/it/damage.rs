//! A segment cut at every length, and with every bit turned over: what was not touched is found, what was is never taken for data.

use std::sync::Arc;

use qoe_ingest::spool::core::Core;
use qoe_ingest::spool::encode::Group;
use qoe_ingest::spool::frame::{Entry, Kind};
use qoe_ingest::spool::log::{Depth, Extents, Flush, Log, LogConfig, Position, Walk};
use qoe_ingest::spool::salt::Salt;
use qoe_store::{Activity, Keys, Millis, Records, Stamp};

use crate::disk::SimDisk;
use crate::restart::identity;

const CONFIG: LogConfig = LogConfig { segment_bytes: 1 << 20, segment_age_ms: i64::MAX };
const AT: Millis = Millis(1_795_404_861_069);
const SALT: Salt = Salt::new([0x5a; 16]);
const SEGMENT: &str = "00000000000000000001.seg";

fn group(name: u128) -> Group {
    let keys = Arc::new(Keys { session_id: format!("s{name}").as_str().into(), ..Keys::default() });
    let row = Activity { keys, stamp: Stamp::at(AT.0), ..Activity::default() };
    Group {
        records: Records { Activity: vec![row], ..Records::default() },
        entries: vec![Entry { name, accepted: 1 }],
        projects: [("p".into(), 1)].into(),
    }
}

/// A segment of three groups, and a folder to put damaged copies of it in.
fn segment() -> (SimDisk, Vec<u8>) {
    let disk = SimDisk::default();
    disk.put("id", identity([0x5a; 16]));
    let (mut core, _) = Core::open(Arc::new(disk.clone()), CONFIG, AT).unwrap();
    for name in 1..=3 {
        core.append(&group(name), AT, Flush::Now).unwrap();
    }
    let bytes = disk.bytes(SEGMENT);
    (disk, bytes)
}

/// A frame's kind, number and body, and where it lies.
type Seen = (Kind, u64, Vec<u8>, u64);

fn walk(disk: &SimDisk, extents: Arc<Extents>) -> (Vec<Seen>, u64) {
    let mut walk = Walk::new(Arc::new(disk.clone()), extents, Position { segment: 1, offset: 0 });
    let mut seen = Vec::new();
    while let Some(frame) = walk.next(Depth::Whole).unwrap() {
        let (kind, seq, offset) = (frame.header.kind, frame.header.seq, frame.position.offset);
        seen.push((kind, seq, [frame.head(), frame.body()].concat(), offset));
    }
    (seen, walk.damaged)
}

fn open(bytes: &[u8], after: bool) -> (Vec<Seen>, u64) {
    let disk = SimDisk::default();
    disk.put(SEGMENT, bytes.to_vec());
    let known_end = bytes.len() as u64;
    if after {
        disk.put("00000000000000000002.seg", next_segment(known_end));
    }
    let (log, damaged) = Log::open(Arc::new(disk.clone()), CONFIG, SALT, |_| {}).unwrap();
    let (seen, _) = walk(&disk, log.extents().clone());
    (seen, damaged)
}

/// What says where the segment before ends.
fn next_segment(end: u64) -> Vec<u8> {
    use qoe_ingest::spool::frame::{Draft, Start};
    let mut bytes = Vec::new();
    let start = Start { before: Some((1, end)), next_shipment: 0, delivered_before: 0 };
    Draft::of(Kind::Start, AT, start.write()).write(1_000, SALT.at(2, 0), &mut bytes);
    bytes
}

#[test]
fn of_a_segment_that_is_cut_every_whole_frame_is_found() {
    let (_, bytes) = segment();
    let (all, _) = open(&bytes, false);
    assert_eq!(all.iter().filter(|(kind, ..)| *kind == Kind::Rows).count(), 3);
    let ends: Vec<u64> = all[1..].iter().map(|(.., offset)| *offset).chain([bytes.len() as u64]).collect();
    for length in 0..bytes.len() {
        let whole = ends.iter().filter(|end| **end <= length as u64).count();
        // A torn tail is how a crash looks.
        assert_eq!(open(&bytes[..length], false), (all[..whole].to_vec(), 0), "cut at {length}");
    }
}

#[test]
fn a_bit_turned_over_costs_its_frame_and_no_other() {
    let (_, bytes) = segment();
    let (all, _) = open(&bytes, true);
    let starts: Vec<u64> = all.iter().take_while(|(_, seq, ..)| *seq < 1_000).map(|(.., offset)| *offset).collect();
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let touched = starts.iter().rposition(|start| *start <= bit as u64 / 8).unwrap();
        let mut expected = all.clone();
        expected.remove(touched);
        // By headers alone, as older segments are opened, damage to a body is not seen until it is read.
        let disk = SimDisk::default();
        disk.put(SEGMENT, damaged);
        disk.put("00000000000000000002.seg", next_segment(bytes.len() as u64));
        let (log, at_opening) = Log::open(Arc::new(disk.clone()), CONFIG, SALT, |_| {}).unwrap();
        let (seen, at_reading) = walk(&disk, log.extents().clone());
        let is_last = touched + 1 == starts.len();
        assert_eq!(seen, expected, "bit {bit}");
        assert!(at_opening + at_reading > 0, "bit {bit} of frame {touched}, the last {is_last}, is not counted");
    }
}
