//! What must stand beside an estimated score: its band, its kind and what was assumed for it.
//!
//! A narrowband and a wideband MOS are answers to different questions (the same speech scores lower among better speech),
//! so they are not averaged, plotted on one axis or held against one threshold. ITU-T P.800.2 (07/2016) lists what has to
//! accompany a MOS; ITU-T P.800.1 gives the names used here.

use std::fmt;

use super::rating::{Mos, RFactor};

/// The audio band a score belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Narrowband, 300 to 3400 Hz: the scale of ITU-T G.107, which ends at 93.2 in practice.
    Narrow,
    /// Wideband, 50 to 7000 Hz: the scale of ITU-T G.107.1, which ends at 129.
    Wide,
    /// Fullband, 20 to 20000 Hz: the scale of ITU-T G.107.2, which ends at 148. Known, but not computed here.
    Full,
}

impl Band {
    /// Every band, from narrow to full.
    pub const ALL: [Self; 3] = [Self::Narrow, Self::Wide, Self::Full];

    /// `NB`, `WB` or `FB`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Narrow => "NB",
            Self::Wide => "WB",
            Self::Full => "FB",
        }
    }

    /// The band of this code, in any case; `None` for another word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|band| band.code().eq_ignore_ascii_case(code))
    }

    /// What a conversational score estimated in this band is called (ITU-T P.800.1): `MOS-CQEN`, `MOS-CQEW`, `MOS-CQEF`.
    pub fn mos_name(self) -> &'static str {
        match self {
            Self::Narrow => "MOS-CQEN",
            Self::Wide => "MOS-CQEW",
            Self::Full => "MOS-CQEF",
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How a score came about. All of ours are conversational quality (CQ) and estimated (E): a formula over network figures;
/// not subjective (S, people rated it) and not objective (O, a model heard the signal).
pub const MOS_KIND: &str = "CQE (conversational quality, estimated from network figures)";

/// A rating with its MOS and all that must be said with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The rating, on the scale of its band.
    pub r: RFactor,
    /// The MOS of that rating, on the scale of its band.
    pub mos: Mos,
    /// What the figures are.
    pub label: Label,
}

/// The provenance of a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The band of the scale.
    pub band: Band,
    /// What was taken for granted, one sentence each; empty when everything was measured or published.
    pub assumptions: Vec<String>,
}

/// A mean of scores, of one band by construction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanScore {
    /// The band all of them had.
    pub band: Band,
    /// The mean of the MOS, 1.0 to 4.5.
    pub mos: f64,
    /// The mean of the ratings, in points of R.
    pub r: f64,
    /// How many scores.
    pub n: u64,
}

/// A mean was asked over two bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("average a {0} score with a {1} score: their scales differ, so average each band by itself")]
pub struct MixedBands(pub Band, pub Band);

/// The mean of scores of one band: of minute scores, never the score of mean figures, which hides the bad minutes.
///
/// `None` when there are none, [`MixedBands`] when they are not of one band.
pub fn mean_score<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Result<Option<MeanScore>, MixedBands> {
    let mut sum: Option<MeanScore> = None;
    for score in scores {
        let so_far = sum.get_or_insert(MeanScore { band: score.label.band, mos: 0.0, r: 0.0, n: 0 });
        if so_far.band != score.label.band {
            return Err(MixedBands(so_far.band, score.label.band));
        }
        so_far.mos += score.mos.get();
        so_far.r += score.r.get();
        so_far.n += 1;
    }
    Ok(sum.map(|sum| MeanScore { mos: sum.mos / sum.n as f64, r: sum.r / sum.n as f64, ..sum }))
}

#[cfg(test)]
mod tests {
    use super::super::rating::mos;
    use super::*;

    fn score(r: f64, band: Band) -> Score {
        let r = RFactor::new(r).unwrap();
        Score { r, mos: mos(r), label: Label { band, assumptions: Vec::new() } }
    }

    #[test]
    fn mean_is_of_scores_and_not_of_ratings() {
        let mean = mean_score(&[score(90.0, Band::Narrow), score(50.0, Band::Narrow)]).unwrap().unwrap();
        assert!((mean.mos - (4.339 + 2.575) / 2.0).abs() < 1e-9);
        assert_eq!((mean.r, mean.n), (70.0, 2));
        assert!(mean.mos < mos(RFactor::new(70.0).unwrap()).get(), "the bad minute must weigh");
    }

    #[test]
    fn wideband_calls_do_not_lift_the_narrowband_mean() {
        let mixed = mean_score(&[score(90.0, Band::Narrow), score(120.0, Band::Wide)]);
        assert_eq!(mixed, Err(MixedBands(Band::Narrow, Band::Wide)));
        assert_eq!(
            mixed.unwrap_err().to_string(),
            "average a NB score with a WB score: their scales differ, so average each band by itself"
        );
    }

    #[test]
    fn mean_of_nothing_is_none() {
        assert_eq!(mean_score(&[]), Ok(None));
    }

    #[test]
    fn bands_are_found_by_their_code() {
        for band in Band::ALL {
            assert_eq!(Band::from_code(&band.code().to_lowercase()), Some(band));
        }
        assert_eq!(Band::from_code("swb"), None);
    }
}
