//! How people or sessions are told apart: by the values of a column, or by bands of a measure.

use crate::frame::{Frame, Want};

/// More groups than this are not compared: the smaller ones are left out and counted. Our choice; a table or a chart of more is not read.
const MAX_GROUPS: usize = 24;

/// What groups are made by.
#[derive(Debug, Clone, PartialEq)]
pub enum Split {
    /// The values of a column.
    By(String),
    /// Bands of a measure.
    Band(Bands),
}

/// A measure and where it is cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Bands {
    column: String,
    cuts: Vec<f64>,
}

/// Why a measure cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BandsError {
    /// No cut.
    #[error("there is no cut: it takes one to make two bands")]
    NoCut,
    /// NaN or infinite.
    #[error("the cut {cut} is no finite number")]
    NotFinite {
        /// Which.
        cut: f64,
    },
    /// Not in order.
    #[error("the cut {cut} is not above the one before it, {before}")]
    Order {
        /// Which.
        cut: f64,
        /// The one before.
        before: f64,
    },
}

impl Bands {
    /// Bands of a column: under the first cut, from each cut up to before the next, from the last cut on.
    pub fn new(column: impl Into<String>, cuts: Vec<f64>) -> Result<Bands, BandsError> {
        if cuts.is_empty() {
            return Err(BandsError::NoCut);
        }
        if let Some(cut) = cuts.iter().find(|cut| !cut.is_finite()) {
            return Err(BandsError::NotFinite { cut: *cut });
        }
        if let Some(pair) = cuts.windows(2).find(|pair| pair[1] <= pair[0]) {
            return Err(BandsError::Order { cut: pair[1], before: pair[0] });
        }
        Ok(Bands { column: column.into(), cuts })
    }

    /// The bands' names, lowest first.
    pub fn labels(&self) -> Vec<String> {
        let under = std::iter::once(format!("< {}", self.cuts[0]));
        let between = self.cuts.windows(2).map(|pair| format!("{} – {}", pair[0], pair[1]));
        let over = self.cuts.last().map(|last| format!("≥ {last}"));
        under.chain(between).chain(over).collect()
    }

    /// The band of a value, from 0; one past the bands where it was not measured.
    pub fn code(&self, value: f64) -> u32 {
        let code = if value.is_nan() { self.cuts.len() + 1 } else { self.cuts.partition_point(|cut| *cut <= value) };
        code as u32
    }
}

impl Split {
    /// The column.
    pub fn column(&self) -> &str {
        match self {
            Split::By(column) => column,
            Split::Band(bands) => &bands.column,
        }
    }

    /// The column in the role it plays.
    pub(super) fn want(&self) -> Want {
        match self {
            Split::By(column) => Want::category(column),
            Split::Band(bands) => Want::number(&bands.column),
        }
    }

    /// The group of each row and what the groups are called; a code beyond the labels: not stated, or not measured.
    pub(super) fn codes(&self, frame: &Frame) -> (Vec<u32>, Vec<String>) {
        match self {
            Split::By(column) => {
                let (codes, labels) = frame.categories(column);
                (codes.to_vec(), labels.to_vec())
            }
            Split::Band(bands) => (frame.numbers(&bands.column).iter().map(|value| bands.code(*value)).collect(), bands.labels()),
        }
    }
}

/// Groups in the order in which they are compared: the largest first, which the others are held against, then the others as they stand, last the
/// members of whom it is not known, under an empty name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arranged {
    /// The group of each member; `u32::MAX` for those in none.
    pub codes: Vec<u32>,
    pub labels: Vec<String>,
    /// Groups beyond the number that is compared.
    pub left_out: u64,
}

impl Arranged {
    /// `codes` and `labels` as [`Split::codes`] gives them, of which those at `members` count.
    pub fn of(codes: &[u32], labels: &[String], members: impl Iterator<Item = usize>) -> Arranged {
        let slot = |code: u32| (code as usize).min(labels.len());
        let mut sizes = vec![0_u64; labels.len() + 1];
        members.for_each(|member| sizes[slot(codes[member])] += 1);
        let mut kept: Vec<usize> = (0..labels.len()).filter(|slot| sizes[*slot] > 0).collect();
        // Of equals the first by name, so that the order of rows changes nothing.
        kept.sort_by_key(|slot| (std::cmp::Reverse(sizes[*slot]), *slot));
        let left_out = kept.len().saturating_sub(MAX_GROUPS) as u64;
        kept.truncate(MAX_GROUPS);
        if let Some(others) = kept.get_mut(1..) {
            others.sort_unstable();
        }
        if sizes[labels.len()] > 0 {
            kept.push(labels.len());
        }
        let mut place = vec![u32::MAX; labels.len() + 1];
        (0..).zip(&kept).for_each(|(at, slot)| place[*slot] = at);
        Arranged {
            codes: codes.iter().map(|code| place[slot(*code)]).collect(),
            labels: kept.iter().map(|slot| labels.get(*slot).cloned().unwrap_or_default()).collect(),
            left_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_belongs_to_the_band_above_it() {
        let bands = Bands::new("rtt_ms", vec![100.0, 200.5]).unwrap();
        assert_eq!(bands.labels(), ["< 100", "100 – 200.5", "≥ 200.5"]);
        assert_eq!([99.9, 100.0, 200.5, f64::INFINITY, f64::NAN].map(|value| bands.code(value)), [0, 1, 2, 2, 3]);
        assert_eq!(Bands::new("x", vec![]), Err(BandsError::NoCut));
        assert_eq!(Bands::new("x", vec![2.0, 2.0]), Err(BandsError::Order { cut: 2.0, before: 2.0 }));
        assert!(matches!(Bands::new("x", vec![f64::NAN]), Err(BandsError::NotFinite { .. })));
    }

    #[test]
    fn the_largest_group_comes_first_and_the_unknown_last() {
        let labels = ["a", "b", "c", "d"].map(String::from);
        let got = Arranged::of(&[0, 2, 2, 9, 9, 9, 1], &labels, [0, 1, 2, 3, 4, 5].into_iter());
        assert_eq!(got.labels, ["c", "a", ""]);
        assert_eq!(got.codes, [1, 0, 0, 2, 2, 2, u32::MAX]);
        let many: Vec<String> = (0..30).map(|at| format!("{at:02}")).collect();
        let codes: Vec<u32> = (0..30).chain([29]).collect();
        let got = Arranged::of(&codes, &many, 0..31);
        assert_eq!((got.labels.len(), got.left_out, got.labels[0].as_str(), got.codes[28]), (24, 6, "29", u32::MAX));
    }
}
