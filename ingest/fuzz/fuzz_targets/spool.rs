//! A spool's folder with anything in it: opened, walked, written to and opened again.
//!
//! An input that begins with `r` is one segment as it stands; any other is a list of acts (`src/segments.rs`).

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use qoe_ingest::delivery::shipment::{Limits, Reader, Shipment};
use qoe_ingest::spool::core::{Core, Found};
use qoe_ingest::spool::disk::Disk;
use qoe_ingest::spool::frame::{Draft, Kind, MAX_NUMBER, Mark, Rows, SchemaOf, Start};
use qoe_ingest::spool::log::{Depth, Flush, Frame, Log, LogConfig, Position, Walk};
use qoe_ingest::spool::salt::Salt;
use qoe_ingest_fuzz::disk::MemoryDisk;
use qoe_ingest_fuzz::{NAME, NOW, SALT, identity, segments};

const CONFIG: LogConfig = LogConfig { segment_bytes: 4 << 10, segment_age_ms: 1_800_000 };
const LIMITS: Limits = Limits { rows: 50_000, bytes: 32 << 20, days: 9 };
const BEGINNING: Position = Position { segment: 0, offset: 0 };

fuzz_target!(|input: &[u8]| {
    let disk = MemoryDisk::default();
    let salt = match input.split_first() {
        Some((b'r', raw)) => {
            // As spools were before there was a salt.
            disk.put(&format!("{:020}.seg", 1), raw.to_vec());
            disk.put("id", NAME.into());
            Salt::NONE
        }
        _ => {
            segments::lay_out(input, &disk);
            disk.put("id", identity());
            SALT
        }
    };
    walk(&disk, salt);
    restart(&disk);
});

/// Everything handed out is what was written there.
fn walk(disk: &MemoryDisk, salt: Salt) {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut heads = Vec::new();
    let (log, _) = Log::open(shared.clone(), CONFIG, salt, |frame| heads.push(frame.header)).expect("whatever is there, the log opens");
    let mut walk = Walk::new(shared.clone(), log.extents().clone(), BEGINNING);
    let mut before = BEGINNING;
    while let Some(frame) = walk.next(Depth::Whole).expect("the disk can be read") {
        assert!(frame.position >= before && walk.position() > frame.position);
        before = walk.position();
        as_written(disk, &frame, salt);
        assert!(frame.header.seq < log.next_seq());
        assert!(heads.contains(&frame.header), "what is whole was found by the restart");
        reread(&frame);
    }
    let mut reader = Reader::new(shared, log.extents().clone(), 0);
    let mut from = 0;
    loop {
        let mut shipment = Shipment::default();
        shipment.gather(&mut reader, from, &LIMITS).expect("the disk can be read");
        if shipment.is_empty() {
            break;
        }
        assert!(shipment.until() > from);
        from = shipment.until();
    }
}

/// The checksum of a frame is that of its bytes, and written again it is the bytes that lie there.
fn as_written(disk: &MemoryDisk, frame: &Frame, salt: Salt) {
    let (header, seal) = (frame.header, salt.at(frame.position.segment, frame.position.offset));
    assert_eq!(header.check(&[frame.head(), frame.body()].concat(), seal), Ok(()), "a damaged frame was handed out");
    let draft = Draft { kind: header.kind, at: header.at, rows: header.rows, head: frame.head().to_vec(), body: frame.body().to_vec() };
    let mut again = Vec::new();
    draft.write(header.seq, seal, &mut again);
    let segment = disk.bytes(&format!("{:020}.seg", frame.position.segment)).expect("the segment is there");
    let there = &segment[frame.position.offset as usize..][..again.len()];
    assert!(again == there, "a frame written again differs");
}

/// A head that can be read is written again as it was.
fn reread(frame: &Frame) {
    let head = frame.head();
    let again = match frame.header.kind {
        Kind::Start => Start::read(head).map(|start| start.write()),
        Kind::Schema => SchemaOf::read(head).map(|schema| schema.write()),
        Kind::Rows => Rows::read(head).map(|rows| rows.write()),
        Kind::Mark => Mark::read(head).map(|mark| mark.write()),
    };
    if let Ok(again) = again {
        assert!(again == head, "the head of a {:?} frame written again differs", frame.header.kind);
    }
}

/// A server starts on what is there, takes rows, and has them after the next start.
fn restart(disk: &MemoryDisk) {
    let (mut core, _) = open(disk);
    let group = segments::group(3);
    let Ok(appended) = core.append(&group, NOW, Flush::Now) else {
        let segment = core.extents().all().last().map_or(0, |extent| extent.segment);
        assert!(core.next_seq().max(segment) > MAX_NUMBER - 2_000, "a good disk takes rows");
        return;
    };
    drop(core);
    let (core, found) = open(disk);
    assert!(
        found.entries.iter().any(|(seq, _, entry)| *seq == appended.seq && *entry == group.entries[0]),
        "an acknowledged batch is known"
    );
    assert!(found.first_unsealed <= appended.seq, "acknowledged rows are delivered");
    assert!(found.backlog.get("open").is_some_and(|bytes| *bytes >= appended.shares[0].bytes), "and counted until they are");
    let mut walk = Walk::new(core.disk().clone(), core.extents().clone(), BEGINNING);
    let mut kept = false;
    while let Some(frame) = walk.next(Depth::Whole).expect("the disk can be read") {
        kept |= frame.header.seq == appended.seq && frame.header.rows == 3;
    }
    assert!(kept, "acknowledged rows are on the disk");
    let name = group.entries[0].name;
    assert!(core.runs().find(name).expect("the disk can be read").is_none_or(|entry| entry.name == name));
}

fn open(disk: &MemoryDisk) -> (Core, Found) {
    Core::open(Arc::new(disk.clone()), CONFIG, NOW).expect("whatever is there, the spool opens")
}
