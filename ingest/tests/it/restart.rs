//! What a restart makes of a spool whose files are not as they were written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use qoe_ingest::delivery::leg::Waits;
use qoe_ingest::delivery::route::Journey;
use qoe_ingest::delivery::shipment::{Limits, Reader, Shipment};
use qoe_ingest::moment::Moment;
use qoe_ingest::spool::core::{Core, Dispatch, Found};
use qoe_ingest::spool::encode::Group;
use qoe_ingest::spool::frame::{Draft, Entry, HEADER_BYTES, Kind, MAX_NUMBER, Mark, Rows, Sealed, Split, Start};
use qoe_ingest::spool::log::{Flush, LogConfig};
use qoe_ingest::spool::salt::{Salt, Seal};
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

fn frame(seq: u64, kind: Kind, head: Vec<u8>, seal: Seal) -> Vec<u8> {
    let mut bytes = Vec::new();
    Draft::of(kind, NOW, head).write(seq, seal, &mut bytes);
    bytes
}

/// The file of a spool's name, with this salt.
pub fn identity(salt: [u8; 16]) -> Vec<u8> {
    let stated = format!("019ab3a4-5e1b-7d57-8a53-0d2a6f0f7c11 {:032x}", u128::from_be_bytes(salt));
    format!("{stated} {:08x}", crc32c::crc32c(stated.as_bytes())).into_bytes()
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

/// What a sender puts in a text: a decision that all rows up to the eightieth are delivered.
fn lie(seal: Seal) -> Vec<u8> {
    frame(90, Kind::Mark, Mark::Settled { shipment: 0, through: 80 }.write(), seal)
}

/// A spool with rows, and behind them a frame that holds `lie` and has a bit turned over, so many bytes into it: whether the rows are still delivered.
fn delivers(salt: [u8; 16], lie: &[u8], damaged: usize, cut: usize) -> bool {
    let disk = SimDisk::default();
    disk.put("id", identity(salt));
    let salt = Salt::new(salt);
    let mut bytes = frame(0, Kind::Start, FIRST.write(), salt.at(1, 0));
    let first = salt.at(1, bytes.len() as u64);
    bytes.extend(frame(ROWS, Kind::Rows, Rows::default().write(), first));
    let begins = bytes.len();
    let draft = Draft { body: [lie, b"..."].concat(), ..Draft::of(Kind::Rows, NOW, Vec::new()) };
    draft.write(2, salt.at(1, begins as u64), &mut bytes);
    bytes[begins + damaged] ^= 1;
    bytes.truncate(bytes.len() - cut);
    disk.put(&segment(1), bytes);
    open(&disk).1.first_unsealed == ROWS
}

/// Rows that are still to be delivered.
const ROWS: u64 = 1;
/// Where the frame behind them begins.
fn behind_rows() -> u64 {
    (2 * HEADER_BYTES + FIRST.write().len() + Rows::default().write().len()) as u64
}

#[test]
fn a_text_that_looks_like_a_frame_decides_nothing_wherever_its_frame_is_damaged() {
    // As who does not know the salt writes it, and as who knows that of another place.
    let salt = Salt::new([7; 16]);
    let place = behind_rows() + HEADER_BYTES as u64;
    let lies = [Seal::default(), salt.at(1, 0), salt.at(2, place), Salt::new([8; 16]).at(1, place)].map(lie);
    for lie in &lies {
        for damaged in 0..HEADER_BYTES + lie.len() + 3 {
            assert!(delivers([7; 16], lie, damaged, 0), "byte {damaged}");
        }
        assert!(delivers([7; 16], lie, HEADER_BYTES + lie.len() + 1, 1), "cut off");
    }
}

#[test]
fn the_salt_is_what_keeps_a_text_from_deciding() {
    // A frame with the salt of the place where it lies is one, whoever wrote it there: behind a damaged header nothing else tells them apart.
    let seal = Salt::new([7; 16]).at(1, behind_rows() + HEADER_BYTES as u64);
    assert!(!delivers([7; 16], &lie(seal), 3, 0));
}

#[test]
fn rows_written_after_a_loss_are_not_taken_for_those_delivered_before_it() {
    let disk = SimDisk::default();
    let start = Start { delivered_before: 100, ..FIRST };
    disk.put("id", identity([7; 16]));
    disk.put(&segment(1), frame(3, Kind::Start, start.write(), Salt::new([7; 16]).at(1, 0)));
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

/// A restart of ours between them must not make a look for what ClickHouse lost bury rows anew.
#[test]
fn what_was_refused_of_a_settled_shipment_is_known_to_whoever_looks_for_it_again() {
    let disk = SimDisk::default();
    let (mut core, _) = open(&disk);
    let appended = core.append(&group("a"), NOW, Flush::Now).unwrap();
    let sealed = Sealed { shipment: 0, segment: 1, offset: 0, first: appended.seq, last: appended.seq, crc: 1, at: NOW.into() };
    let refused = |row: u32| Split { rows: 0..9, refused: vec![row] };
    let split = |row| Mark::Split { shipment: 0, table: "samples".to_owned(), split: refused(row) };
    let settled = Mark::Settled { shipment: 0, through: appended.seq };
    // The last of them when it was sent again, after it was settled.
    [Mark::Sealed(sealed), split(3), settled, split(4)].iter().for_each(|mark| core.mark(mark, NOW).unwrap());
    drop(core);
    let found = open(&disk).1;
    assert_eq!((found.open.len(), found.settled.len()), (0, 1));
    assert_eq!(found.settled[0].splits_of("samples"), [refused(3), refused(4)]);
}

/// Where frames are gone, the number of a row is another row's.
#[test]
fn rows_of_a_torn_shipment_are_not_taken_for_those_that_were_refused() {
    let disk = SimDisk::default();
    let (mut core, _) = open(&disk);
    let [first, last] = ["a", "b"].map(|reason| core.append(&group(reason), NOW, Flush::Now).unwrap().seq);
    let extents = core.extents().all();
    let shipment = |from: usize, sealed: Option<&Sealed>| {
        let mut reader = Reader::new(core.disk().clone(), core.extents().clone(), extents[from].segment);
        match sealed {
            Some(sealed) => Shipment::read(&mut reader, sealed).unwrap(),
            None => {
                let mut shipment = Shipment::default();
                shipment.gather(&mut reader, first, &Limits { rows: 9, bytes: 1 << 20, days: 9 }).unwrap();
                shipment
            }
        }
    };
    let sealed = shipment(0, None).sealed(0, NOW.into()).unwrap();
    assert_eq!((sealed.first, sealed.last), (first, last));
    let waits = Waits { first: Duration::ZERO, longest: Duration::ZERO };
    let legs = |from, dispatch: &Dispatch| Journey::Repair.legs(&shipment(from, Some(&sealed)), dispatch, waits).len();
    let plain = Dispatch::new(sealed);
    let refused = Split { rows: 0..2, refused: vec![1] };
    let dead = Dispatch { splits: vec![("session_events".to_owned(), refused)], ..plain.clone() };
    assert_eq!([legs(0, &plain), legs(0, &dead)], [1, 1]);
    assert_eq!([legs(1, &plain), legs(1, &dead)], [1, 0]);
}

/// Its sender would be told that the rows are kept, and the batch that gets the number of their frame would not be known again.
#[test]
fn the_names_of_rows_that_a_failed_flush_lost_are_not_kept() {
    let disk = SimDisk::default();
    let at = |hours: i64| Moment { wall: NOW, boot: 1, up_ms: hours * 3_600_000 };
    let long = LogConfig { segment_bytes: 1 << 20, ..SHORT };
    let (mut core, _) = Core::open(Arc::new(disk.clone()), long, at(0)).unwrap();
    core.append(&group("a"), at(0), Flush::Later).unwrap();
    disk.fail_sync_after(Some(0));
    assert!(core.flush().is_err());
    disk.fail_sync_after(None);
    assert!(core.reclaim(at(2), 0).is_err());
    drop(core);
    let (mut core, found) = Core::open(Arc::new(disk.clone()), long, at(2)).unwrap();
    assert_eq!((found.entries.len(), core.runs().find(7).unwrap()), (0, None));
    core.append(&group("b"), at(2), Flush::Now).unwrap();
    core.reclaim(at(4), 0).unwrap();
    assert_eq!(core.runs().find(7).unwrap().map(|entry| entry.accepted), Some(1));
}

/// A frame whose number is not believed is not read: its rows would be gone.
#[test]
fn rows_that_no_restart_would_believe_are_not_acknowledged() {
    for (number, first) in [(1, Start { delivered_before: MAX_NUMBER - 1, ..FIRST }), (MAX_NUMBER - 1, FIRST)] {
        let disk = SimDisk::default();
        disk.put("id", identity([3; 16]));
        disk.put(&segment(number), frame(0, Kind::Start, first.write(), Salt::new([3; 16]).at(number, 0)));
        let (mut core, found) = open(&disk);
        assert_eq!(found.damaged, 0);
        assert!(core.append(&group("a"), NOW, Flush::Now).is_err(), "segment {number}");
    }
}
