//! Words for figures: how satisfied a rating leaves people, and how good a picture is.
//!
//! Voice has published categories (ITU-T G.109). Video gets bands of what was measured and no MOS: the published video
//! models were fitted to old codecs at low resolutions.

use super::rating::RFactor;

/// Categories of speech transmission quality (ITU-T G.109 (09/1999), Table 1), on the narrowband scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Satisfaction {
    /// R under 50: such a connection is not recommended.
    NotRecommended,
    /// R from 50: nearly all users dissatisfied.
    NearlyAllDissatisfied,
    /// R from 60: many users dissatisfied.
    ManyDissatisfied,
    /// R from 70: some users dissatisfied.
    SomeDissatisfied,
    /// R from 80: satisfied.
    Satisfied,
    /// R from 90: very satisfied.
    VerySatisfied,
}

impl Satisfaction {
    /// The category of a narrowband rating. There is none for a wideband rating: G.109 has only this scale.
    pub fn of(narrowband: RFactor) -> Self {
        match narrowband.get() {
            r if r >= 90.0 => Self::VerySatisfied,
            r if r >= 80.0 => Self::Satisfied,
            r if r >= 70.0 => Self::SomeDissatisfied,
            r if r >= 60.0 => Self::ManyDissatisfied,
            r if r >= 50.0 => Self::NearlyAllDissatisfied,
            _ => Self::NotRecommended,
        }
    }

    /// The standard's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::VerySatisfied => "very satisfied",
            Self::Satisfied => "satisfied",
            Self::SomeDissatisfied => "some users dissatisfied",
            Self::ManyDissatisfied => "many users dissatisfied",
            Self::NearlyAllDissatisfied => "nearly all users dissatisfied",
            Self::NotRecommended => "not recommended",
        }
    }
}

/// How good one measure of a picture is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PictureBand {
    /// Hardly a moving picture.
    Bad,
    /// Disturbing.
    Poor,
    /// Noticeable.
    Fair,
    /// Nothing to remark.
    Good,
}

impl PictureBand {
    /// One word for screens and SQL.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
            Self::Bad => "bad",
        }
    }

    /// The band of a freeze ratio, frozen time over playing time: good up to 3 %, fair up to 5 %, poor up to 10 %.
    /// These are the buckets of Agora Analytics, which marks video red above 5 %. `None` for what is no ratio.
    pub fn of_freeze_ratio(ratio: f64) -> Option<Self> {
        match ratio {
            r if !(0.0..=1.0).contains(&r) => None,
            r if r <= 0.03 => Some(Self::Good),
            r if r <= 0.05 => Some(Self::Fair),
            r if r <= 0.10 => Some(Self::Poor),
            _ => Some(Self::Bad),
        }
    }

    /// The band of a frame rate in frames per second: good from 24, the rate of film; fair from 15; poor from 7, under
    /// which Microsoft Teams calls a video stream poor; bad below. 24 and 15 are our choice. Not for screen sharing, where
    /// few frames are normal. `None` for what is no rate.
    pub fn of_frame_rate(fps: f64) -> Option<Self> {
        match fps {
            f if !(f.is_finite() && f >= 0.0) => None,
            f if f >= 24.0 => Some(Self::Good),
            f if f >= 15.0 => Some(Self::Fair),
            f if f >= 7.0 => Some(Self::Poor),
            _ => Some(Self::Bad),
        }
    }
}

/// What a picture's size is commonly called, smallest first. The shorter side counts, so that a phone held upright is not
/// called low resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// Shorter side under 360 pixels.
    Low,
    /// From 360.
    Standard,
    /// From 720.
    High,
    /// From 1080.
    FullHigh,
    /// From 2160.
    UltraHigh,
}

impl Resolution {
    /// The name of a picture of this size in pixels; `None` for an empty one.
    pub fn of(width: u32, height: u32) -> Option<Self> {
        match width.min(height) {
            0 => None,
            1..=359 => Some(Self::Low),
            360..=719 => Some(Self::Standard),
            720..=1079 => Some(Self::High),
            1080..=2159 => Some(Self::FullHigh),
            2160.. => Some(Self::UltraHigh),
        }
    }

    /// The usual abbreviation: `low`, `SD`, `HD`, `FHD`, `UHD`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Standard => "SD",
            Self::High => "HD",
            Self::FullHigh => "FHD",
            Self::UltraHigh => "UHD",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ratings_have_the_words_of_g_109() {
        for (r, want) in [
            (93.2, "very satisfied"),
            (90.0, "very satisfied"),
            (89.99, "satisfied"),
            (70.5, "some users dissatisfied"),
            (60.0, "many users dissatisfied"),
            (50.0, "nearly all users dissatisfied"),
            (49.9, "not recommended"),
            (-40.0, "not recommended"),
        ] {
            assert_eq!(Satisfaction::of(RFactor::new(r).unwrap()).words(), want, "R {r}");
        }
    }

    #[test]
    fn pictures_are_banded_at_the_stated_edges() {
        let freeze = |r| PictureBand::of_freeze_ratio(r).map(PictureBand::word);
        assert_eq!([0.0, 0.03, 0.05, 0.1, 0.11].map(freeze), [Some("good"), Some("good"), Some("fair"), Some("poor"), Some("bad")]);
        let rate = |f| PictureBand::of_frame_rate(f).map(PictureBand::word);
        assert_eq!([30.0, 24.0, 15.0, 7.0, 6.9].map(rate), [Some("good"), Some("good"), Some("fair"), Some("poor"), Some("bad")]);
        assert_eq!([freeze(1.1), freeze(f64::NAN), rate(-1.0), rate(f64::NAN)], [None; 4]);
    }

    #[test]
    fn a_phone_held_upright_is_not_low_resolution() {
        let name = |w, h| Resolution::of(w, h).map(Resolution::word);
        assert_eq!(name(720, 1280), Some("HD"));
        assert_eq!(name(1280, 720), Some("HD"));
        assert_eq!(
            [name(320, 180), name(640, 360), name(1920, 1080), name(3840, 2160)],
            [Some("low"), Some("SD"), Some("FHD"), Some("UHD")]
        );
        assert_eq!(name(0, 720), None);
    }

    proptest! {
        #[test]
        fn worse_is_never_called_better(r in 0.0..0.9f64, d in 0.0..0.1f64, f in 0.0..60.0f64, df in 0.0..30.0f64) {
            prop_assert!(PictureBand::of_freeze_ratio(r + d) <= PictureBand::of_freeze_ratio(r));
            prop_assert!(PictureBand::of_frame_rate(f + df) >= PictureBand::of_frame_rate(f));
            prop_assert!(Satisfaction::of(RFactor::new(f + df).unwrap()) >= Satisfaction::of(RFactor::new(f).unwrap()));
        }
    }
}
