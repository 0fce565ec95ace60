//! Decisions about frames of rows, as they stand in the log.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::{Buf, BufMut};
use qoe_store::Millis;

use super::{FrameError, get_all, get_number, get_text, put_text, whole};
use crate::moment::Moment;

/// What was decided about frames of rows, so that a restart decides no differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// These frames are delivered together, under this number.
    Sealed(Sealed),
    /// Rows of a table of a shipment that do not go as they were sealed.
    Split {
        /// The shipment.
        shipment: u64,
        /// The table.
        table: String,
        /// Which rows, and what becomes of them.
        split: Split,
    },
    /// Every row of a shipment is in ClickHouse, or in the dead letters.
    Settled {
        /// The shipment.
        shipment: u64,
        /// The last of its frames.
        through: u64,
    },
}

/// Rows of a table of a shipment that were refused together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Which.
    pub rows: Range<u32>,
    /// Those of them that ClickHouse will not have, rising: they are among the dead letters, and the others go together. Without any, the rows go in
    /// halves, and a single row is itself among the dead letters.
    pub refused: Vec<u32>,
}

impl Split {
    /// These rows go in halves.
    pub fn halves(rows: Range<u32>) -> Split {
        Split { rows, refused: Vec::new() }
    }

    /// Rows that are among the dead letters by what was decided of a table of a shipment, in order; rising.
    pub fn dead(splits: &[Split]) -> Vec<u32> {
        let mut dead = BTreeSet::new();
        for Split { rows, refused } in splits {
            let mut going = rows.clone().filter(|row| !dead.contains(row));
            match (going.next(), going.next()) {
                (Some(row), None) if refused.is_empty() => {
                    dead.insert(row);
                }
                _ => dead.extend(refused),
            }
        }
        dead.into_iter().collect()
    }
}

/// A range of frames that are delivered together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Its number.
    pub shipment: u64,
    /// The segment of its first frame.
    pub segment: u64,
    /// Where in that segment, bytes.
    pub offset: u64,
    /// The first frame.
    pub first: u64,
    /// The last frame.
    pub last: u64,
    /// Checksum of the frames' checksums.
    pub crc: u32,
    /// When it was sealed.
    pub at: Moment,
}

impl Mark {
    /// For the log.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Mark::Sealed(sealed) => {
                // Before the other clock was written down there was none.
                let is_dated = sealed.at.boot != 0;
                out.put_u8(if is_dated { 4 } else { 1 });
                [sealed.shipment, sealed.segment, sealed.offset, sealed.first, sealed.last]
                    .iter()
                    .for_each(|number| out.put_u64_le(*number));
                out.put_u32_le(sealed.crc);
                out.put_i64_le(sealed.at.wall.0);
                if is_dated {
                    out.put_u128_le(sealed.at.boot);
                    out.put_i64_le(sealed.at.up_ms);
                }
            }
            Mark::Split { shipment, table, split } => {
                out.put_u8(if split.refused.is_empty() { 2 } else { 5 });
                out.put_u64_le(*shipment);
                put_text(&mut out, table);
                out.put_u32_le(split.rows.start);
                out.put_u32_le(split.rows.end);
                if !split.refused.is_empty() {
                    out.put_u32_le(split.refused.len() as u32);
                    split.refused.iter().for_each(|row| out.put_u32_le(*row));
                }
            }
            Mark::Settled { shipment, through } => {
                out.put_u8(3);
                out.put_u64_le(*shipment);
                out.put_u64_le(*through);
            }
        }
        out
    }

    /// From the log.
    pub fn read(mut bytes: &[u8]) -> Result<Mark, FrameError> {
        let bytes = &mut bytes;
        let mark = match bytes.try_get_u8()? {
            tag @ (1 | 4) => Mark::Sealed(Sealed {
                shipment: get_number(bytes)?,
                segment: get_number(bytes)?,
                offset: get_number(bytes)?,
                first: get_number(bytes)?,
                last: get_number(bytes)?,
                crc: bytes.try_get_u32_le()?,
                at: get_moment(bytes, tag == 4)?,
            }),
            tag @ (2 | 5) => Mark::Split { shipment: get_number(bytes)?, table: get_text(bytes)?, split: get_split(bytes, tag == 5)? },
            3 => Mark::Settled { shipment: get_number(bytes)?, through: get_number(bytes)? },
            _ => return Err(FrameError::Contents("an unknown mark")),
        };
        whole(mark, bytes)
    }
}

fn get_moment(bytes: &mut &[u8], is_dated: bool) -> Result<Moment, FrameError> {
    let wall = Millis(bytes.try_get_i64_le()?);
    if !is_dated {
        return Ok(wall.into());
    }
    match bytes.try_get_u128_le()? {
        0 => Err(FrameError::Contents("a start of the machine that never was")),
        boot => Ok(Moment { wall, boot, up_ms: bytes.try_get_i64_le()? }),
    }
}

fn get_split(bytes: &mut &[u8], is_sifted: bool) -> Result<Split, FrameError> {
    let rows = bytes.try_get_u32_le()?..bytes.try_get_u32_le()?;
    let refused = if is_sifted { get_all(bytes, 4, |bytes| Ok(bytes.try_get_u32_le()?))? } else { Vec::new() };
    if refused.is_empty() && is_sifted || !refused.is_sorted_by(|a, b| a < b) || refused.iter().any(|row| !rows.contains(row)) {
        return Err(FrameError::Contents("refused rows that are not among those it tells of"));
    }
    Ok(Split { rows, refused })
}
