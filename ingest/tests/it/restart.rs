//! What a restart makes of a spool whose files are not as they were written.

use std::collections::BTreeMap;
use std::sync::Arc;

use qoe_ingest::spool::core::{Core, Found};
use qoe_ingest::spool::encode::Group;
use qoe_ingest::spool::frame::{Draft, Entry, HEADER_BYTES, Kind, Mark, Start};
use qoe_ingest::spool::log::{Flush, LogConfig};
use qoe_store::{Keys, Millis, Records, SessionEvent, Stamp};

use crate::disk::SimDisk;

const NOW: Millis = Millis(1_795_404_861_069);
/// A segment of its own for every append.
const SHORT: LogConfig = LogConfig { segment_bytes: 1, segment_age_ms: i64::MAX };

fn open(disk: &SimDisk) -> (Core, Found) {
    Core::open(Arc::new(disk.clone()), SHORT, NOW).unwrap()
}

/// One row that says `reason`.
fn group(reason: &str) -> Group {
    let keys = Arc::new(Keys { project: "p".into(), ..Keys::default() });
    let event = SessionEvent { keys, stamp: Stamp::at(NOW.0), name: "drop".into(), reason: reason.into(), ..SessionEvent::default() };
    Group {
        records: Records { SessionEvents: vec![event], ..Records::default() },
        entries: vec![Entry { name: 7, accepted: 1 }],
        projects: BTreeMap::from([("p".into(), 1)]),
    }
}

fn segment(number: u64) -> String {
    format!("{number:020}.seg")
}

fn frame(seq: u64, kind: Kind, head: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    Draft::of(kind, NOW, head).write(seq, &mut bytes);
    bytes
}

const FIRST: Start = Start { before: None, next_shipment: 0, delivered_before: 0 };

#[test]
fn a_damaged_decision_delivers_no_rows() {
    let disk = SimDisk::default();
    let (mut core, _) = open(&disk);
    let appended = core.append(&group("a"), NOW, Flush::Now).unwrap();
    core.mark(&Mark::Settled { shipment: 0, through: 0 }, NOW).unwrap();
    core.append(&group("b"), NOW, Flush::Now).unwrap();
    drop(core);
    // The decision is the last frame of the second segment, and ends in the number of a frame.
    let mut bytes = disk.bytes(&segment(2));
    let at = bytes.len() - 8;
    bytes[at] = 200;
    disk.put(&segment(2), bytes);
    let (_, found) = open(&disk);
    assert_eq!((found.first_unsealed, found.damaged), (appended.seq, 1));
}

#[test]
fn a_text_that_looks_like_a_frame_decides_nothing_when_its_frame_is_damaged() {
    let lie = frame(90, Kind::Mark, Mark::Settled { shipment: 0, through: 80 }.write());
    for cut in [0, 1] {
        let disk = SimDisk::default();
        let mut bytes = frame(0, Kind::Start, FIRST.write());
        let begins = bytes.len();
        Draft { body: [&*lie, b"..."].concat(), ..Draft::of(Kind::Rows, NOW, Vec::new()) }.write(1, &mut bytes);
        bytes[begins + HEADER_BYTES + lie.len() + 1] ^= 1;
        bytes.truncate(bytes.len() - cut);
        disk.put(&segment(1), bytes);
        let (mut core, _) = open(&disk);
        let appended = core.append(&group("a"), NOW, Flush::Now).unwrap();
        drop(core);
        assert_eq!(open(&disk).1.first_unsealed, appended.seq, "{cut} bytes cut off");
    }
}

#[test]
fn rows_written_after_a_loss_are_not_taken_for_those_delivered_before_it() {
    let disk = SimDisk::default();
    let start = Start { delivered_before: 100, ..FIRST };
    disk.put(&segment(1), frame(3, Kind::Start, start.write()));
    let (mut core, _) = open(&disk);
    let appended = core.append(&group("a"), NOW, Flush::Now).unwrap();
    drop(core);
    let (_, found) = open(&disk);
    assert_eq!(found.first_unsealed, appended.seq);
    assert!(found.backlog.contains_key("p"));
}

#[test]
fn a_file_of_names_with_a_damaged_header_is_not_believed() {
    // Frame and time of the last name in it, each at the end of its range: a server would not have started.
    for damaged in [16..24, 24..32] {
        let disk = SimDisk::default();
        let (mut core, _) = open(&disk);
        let appended = core.append(&group("a"), NOW, Flush::Now).unwrap();
        core.append(&group("b"), NOW, Flush::Now).unwrap();
        core.mark(&Mark::Settled { shipment: 0, through: appended.seq }, NOW).unwrap();
        assert!(core.reclaim(NOW, 0).unwrap() > 0, "the names are in a file now");
        drop(core);
        let name = disk.names().into_iter().find(|name| name.ends_with(".run")).unwrap();
        let mut bytes = disk.bytes(&name);
        bytes[damaged.clone()].fill(if damaged.start == 16 { 0xff } else { 0x80 });
        disk.put(&name, bytes);
        let (core, _) = open(&disk);
        assert!(!disk.names().contains(&name), "{damaged:?}");
        assert!(core.runs().find(7).unwrap().is_none());
    }
}

#[test]
fn a_file_that_is_no_segment_of_ours_keeps_no_spool_shut() {
    let disk = SimDisk::default();
    for name in ["1.seg", "+0000000000000000002.seg", "18446744073709551615.seg", "old.seg"] {
        disk.put(name, b"something".to_vec());
    }
    let (mut core, found) = open(&disk);
    assert_eq!(found.damaged, 0);
    core.append(&group("a"), NOW, Flush::Now).unwrap();
}
