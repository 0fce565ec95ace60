//! Places where the process can be told to end at once, as by `kill -9`: between any two steps of a row's way to ClickHouse a crash must lose nothing and
//! store nothing twice, and only a crash at that very step proves it.
//!
//! Nothing arms one but the hidden option `qoe serve --fail-at POINT:N`. Unarmed, a place costs one relaxed load.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

/// A place to end at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FailPoint {
    /// Before rows or a decision are written.
    BeforeWrite = 1,
    /// Written, not flushed.
    BeforeFlush,
    /// Flushed.
    AfterFlush,
    /// A new segment holds its first frame, and its name is not flushed.
    NewSegment,
    /// Rows are kept, and the sender was not told.
    BeforeAnswer,
    /// A shipment is gathered and not sealed.
    BeforeSeal,
    /// It is sealed and not sent.
    AfterSeal,
    /// An insert is about to be sent.
    BeforeInsert,
    /// ClickHouse answered that it has the rows.
    AfterInsert,
    /// It is written down that refused rows go in halves.
    AfterSplit,
    /// A refused row is about to go to the dead letters.
    BeforeBury,
    /// It is there.
    AfterBury,
    /// Every row of a shipment is stored, and that is not written down.
    BeforeSettle,
    /// It is written down, and perhaps not flushed.
    AfterSettle,
    /// The names of batches are written to a file of their own, which is not flushed.
    BeforeNamesFlush,
    /// A segment that nobody needs is about to be removed.
    BeforeRemove,
    /// It is removed.
    AfterRemove,
}

impl FailPoint {
    /// All of them, in the order of a row's way.
    pub const ALL: [FailPoint; 17] = [
        FailPoint::BeforeWrite,
        FailPoint::BeforeFlush,
        FailPoint::AfterFlush,
        FailPoint::NewSegment,
        FailPoint::BeforeAnswer,
        FailPoint::BeforeSeal,
        FailPoint::AfterSeal,
        FailPoint::BeforeInsert,
        FailPoint::AfterInsert,
        FailPoint::AfterSplit,
        FailPoint::BeforeBury,
        FailPoint::AfterBury,
        FailPoint::BeforeSettle,
        FailPoint::AfterSettle,
        FailPoint::BeforeNamesFlush,
        FailPoint::BeforeRemove,
        FailPoint::AfterRemove,
    ];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            FailPoint::BeforeWrite => "before_write",
            FailPoint::BeforeFlush => "before_flush",
            FailPoint::AfterFlush => "after_flush",
            FailPoint::NewSegment => "new_segment",
            FailPoint::BeforeAnswer => "before_answer",
            FailPoint::BeforeSeal => "before_seal",
            FailPoint::AfterSeal => "after_seal",
            FailPoint::BeforeInsert => "before_insert",
            FailPoint::AfterInsert => "after_insert",
            FailPoint::AfterSplit => "after_split",
            FailPoint::BeforeBury => "before_bury",
            FailPoint::AfterBury => "after_bury",
            FailPoint::BeforeSettle => "before_settle",
            FailPoint::AfterSettle => "after_settle",
            FailPoint::BeforeNamesFlush => "before_names_flush",
            FailPoint::BeforeRemove => "before_remove",
            FailPoint::AfterRemove => "after_remove",
        }
    }
}

/// Where to end, and at which time it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailAt {
    /// The place.
    pub point: FailPoint,
    /// At the first time, the second, and so on.
    pub time: NonZeroU32,
}

impl FromStr for FailAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(name, time)| {
            let point = FailPoint::ALL.into_iter().find(|point| point.as_str() == name)?;
            Some(FailAt { point, time: time.parse().ok()? })
        });
        let known = || FailPoint::ALL.map(FailPoint::as_str).join(", ");
        parsed.ok_or_else(|| format!("fail point {text:?} is not POINT:N with N from 1 and one of {}", known()))
    }
}

/// The place at which to end; 0 is none.
static ARMED: AtomicU8 = AtomicU8::new(0);
/// How many more times it is reached until then.
static LEFT: AtomicU32 = AtomicU32::new(0);

/// Lets the process end there. To be called before it works.
pub fn arm(at: FailAt) {
    LEFT.store(at.time.get(), Relaxed);
    ARMED.store(at.point as u8, Relaxed);
}

/// Says that a place is reached.
#[inline]
pub(crate) fn reach(point: FailPoint) {
    if ARMED.load(Relaxed) == point as u8 {
        count_down();
    }
}

#[cold]
fn count_down() {
    if LEFT.fetch_sub(1, Relaxed) == 1 {
        // Nothing is dropped, flushed or answered on the way out.
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_named_once_and_read_by_its_name() {
        for (index, point) in FailPoint::ALL.into_iter().enumerate() {
            assert_eq!(point as usize, index + 1);
            let at: FailAt = format!("{}:3", point.as_str()).parse().unwrap();
            assert_eq!((at.point, at.time.get()), (point, 3));
        }
    }

    #[test]
    fn a_place_that_is_not_there_is_refused_with_those_that_are() {
        for wrong in ["after_lunch:1", "after_seal", "after_seal:0", "after_seal:x", ""] {
            let refused = wrong.parse::<FailAt>().unwrap_err();
            assert!(refused.contains("before_write") && refused.contains(wrong), "{refused}");
        }
    }
}
