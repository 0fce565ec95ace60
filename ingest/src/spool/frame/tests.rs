use proptest::collection::vec;
use proptest::prelude::*;

use std::ops::Range;

use super::*;
use crate::moment::Moment;
use crate::spool::salt::Salt;

/// A number that is counted up in the log.
fn number() -> impl Strategy<Value = u64> {
    0..MAX_NUMBER
}

prop_compose! {
    fn rows()(
        days in any::<(i32, i32)>(),
        entries in vec(any::<(u128, u32)>(), 0..5),
        shares in vec(("\\PC{0,20}", 0..=MAX_BODY_BYTES as u64), 0..4),
        parts in vec(("[a-z_]{0,20}", any::<u64>(), any::<(u32, u32)>()), 0..4),
    ) -> Rows {
        Rows {
            days,
            entries: entries.into_iter().map(|(name, accepted)| Entry { name, accepted }).collect(),
            shares: shares.into_iter().map(|(project, bytes)| Share { project, bytes }).collect(),
            parts: parts.into_iter().map(|(table, schema, (rows, bytes))| Part { table, schema, rows, bytes }).collect(),
        }
    }
}

fn mark() -> impl Strategy<Value = Mark> {
    let sealed = (proptest::array::uniform5(number()), any::<u32>(), any::<(i64, u128, i64)>()).prop_map(
        |([shipment, segment, offset, first, last], crc, (wall, boot, up_ms))| {
            let at = Moment { wall: Millis(wall), boot, up_ms: if boot == 0 { 0 } else { up_ms } };
            Mark::Sealed(Sealed { shipment, segment, offset, first, last, crc, at })
        },
    );
    let split = (any::<Range<u32>>(), proptest::collection::btree_set(any::<u32>(), 0..5)).prop_map(|(rows, refused)| {
        let refused = refused.into_iter().filter(|row| rows.contains(row)).collect();
        Split { rows, refused }
    });
    let split = (number(), "[a-z_]{0,20}", split).prop_map(|(shipment, table, split)| Mark::Split { shipment, table, split });
    let settled = (number(), number()).prop_map(|(shipment, through)| Mark::Settled { shipment, through });
    prop_oneof![sealed, split, settled]
}

proptest! {
    #[test]
    fn rows_read_as_they_were_written(rows in rows()) {
        prop_assert_eq!(Rows::read(&rows.write()), Ok(rows));
    }

    #[test]
    fn marks_read_as_they_were_written(mark in mark()) {
        prop_assert_eq!(Mark::read(&mark.write()), Ok(mark));
    }

    #[test]
    fn a_head_that_ends_early_is_refused(rows in rows(), mark in mark(), part in 0.0..1.0f64) {
        let cut = |bytes: Vec<u8>| bytes[..(bytes.len() as f64 * part) as usize].to_vec();
        prop_assert!(Rows::read(&cut(rows.write())).is_err());
        prop_assert!(Mark::read(&cut(mark.write())).is_err());
    }

    #[test]
    fn a_start_reads_as_it_was_written(before in proptest::option::of((number(), number())), next_shipment in number(), delivered_before in number()) {
        let start = Start { before, next_shipment, delivered_before };
        prop_assert_eq!(Start::read(&start.write()), Ok(start));
    }

    #[test]
    fn a_frame_reads_as_it_was_written(
        seq in number(), at: i64, rows: u32, head in vec(any::<u8>(), 0..50), body in vec(any::<u8>(), 0..50), place: (u64, u64), salted: bool,
    ) {
        let seal = if salted { Salt::new([9; 16]) } else { Salt::NONE }.at(place.0, place.1);
        let draft = Draft { kind: Kind::Rows, at: Millis(at), rows, head, body };
        let mut bytes = Vec::new();
        draft.write(seq, seal, &mut bytes);
        let header = Header::read(&bytes, seal).unwrap();
        prop_assert_eq!((header.kind, header.seq, header.at, header.rows), (Kind::Rows, seq, Millis(at), rows));
        prop_assert_eq!((header.frame_bytes(), draft.frame_bytes()), (bytes.len() as u64, bytes.len() as u64));
        prop_assert_eq!(header.check(&bytes[HEADER_BYTES..], seal), Ok(()));
    }

    /// With or without a checksum that agrees, so that what lies behind it is reached too.
    #[test]
    fn no_bytes_make_reading_panic(bytes in vec(any::<u8>(), 0..200), signed: bool) {
        let mut bytes = bytes;
        if signed && bytes.len() >= HEADER_BYTES {
            bytes[..4].copy_from_slice(&MAGIC);
            bytes[4] = VERSION;
            let crc = crc32c::crc32c(&bytes[..HEADER_BYTES - 4]);
            bytes[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
        }
        if let Ok(header) = Header::read(&bytes, Seal::default()) {
            let _ = header.check(&bytes[HEADER_BYTES..], Seal::default());
        }
        let _ = (Rows::read(&bytes), Mark::read(&bytes), Start::read(&bytes), SchemaOf::read(&bytes));
    }
}

#[test]
fn a_number_at_the_end_of_its_range_stops_no_restart() {
    let mut bytes = Vec::new();
    Draft::of(Kind::Schema, Millis(0), Vec::new()).write(u64::MAX, Seal::default(), &mut bytes);
    assert_eq!(Header::read(&bytes, Seal::default()), Err(FrameError::Contents("a number that is never reached")));
    let settled = Mark::Settled { shipment: 1, through: u64::MAX };
    assert!(Mark::read(&settled.write()).is_err());
    let start = Start { before: None, next_shipment: u64::MAX, delivered_before: 0 };
    assert!(Start::read(&start.write()).is_err());
    let shares = vec![Share { project: "p".to_owned(), bytes: u64::MAX }; 2];
    assert!(Rows::read(&Rows { shares, ..Rows::default() }.write()).is_err());
}

#[test]
fn a_head_with_more_than_is_written_is_not_half_believed() {
    let mark = Mark::Settled { shipment: 1, through: 2 };
    assert_eq!(Mark::read(&mark.write()), Ok(mark.clone()));
    assert!(Mark::read(&[mark.write(), vec![0]].concat()).is_err());
    let start = Start { before: Some((3, 4)), next_shipment: 1, delivered_before: 0 };
    assert_eq!(Start::read(&start.write()), Ok(start));
    assert!(Start::read(&[start.write(), vec![0]].concat()).is_err());
    assert!(Rows::read(&[Rows::default().write(), vec![0]].concat()).is_err());
}
