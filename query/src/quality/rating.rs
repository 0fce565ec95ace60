//! R and MOS: the two numbers that a voice model ends in, and how one becomes the other.

use std::fmt;

/// R, the transmission rating: higher is better. Narrowband connections reach 93.2, wideband 129; bad ones go below 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct RFactor(f64);

impl RFactor {
    /// The rating with every parameter at its default (G.107 clause 7.7 prints it as 93.2): the best a narrowband
    /// connection reaches.
    pub const DEFAULT: Self = Self(93.206_207_723_275_71);

    /// The rating of this value; `None` when it is not finite.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The rating that a model arrived at, from figures that were checked.
    pub(super) fn unchecked(value: f64) -> Self {
        Self(value)
    }

    /// The value, in points of R.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for RFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0)
    }
}

/// A mean opinion score that a model estimates: 1.0 (bad) to 4.5, never a person's answer.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Mos(f64);

impl Mos {
    /// The lowest score.
    pub const MIN: Self = Self(1.0);
    /// The highest score the models give.
    pub const MAX: Self = Self(4.5);

    /// The value, 1.0 to 4.5.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Mos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

/// Conversational quality expected at a narrowband transmission rating.
///
/// Dimensionless, 1.0 to 4.5 (ITU-T G.107 Annex B, eq. B-4). The published cubic dips under 1 for ratings between 0 and
/// about 6.5; those are held at 1, so that worse never scores better. For a wideband rating use
/// [`wideband_mos`](super::wideband_mos): the scales differ.
///
/// ```
/// use qoe_query::quality::{mos, RFactor};
/// assert_eq!(mos(RFactor::DEFAULT).to_string(), "4.41");
/// ```
pub fn mos(rating: RFactor) -> Mos {
    let r = rating.0;
    if r >= 100.0 {
        return Mos::MAX;
    }
    let cubic = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
    if r <= 0.0 { Mos::MIN } else { Mos(cubic.max(Mos::MIN.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// ITU-T G.107 Annex B at the edges of the categories of G.109.
    #[test]
    fn annex_b_turns_ratings_into_mos() {
        for (r, want) in
            [(-5.0, 1.0), (0.0, 1.0), (50.0, 2.575), (60.0, 3.1), (70.0, 3.597), (80.0, 4.024), (90.0, 4.339), (100.0, 4.5), (129.0, 4.5)]
        {
            let got = mos(RFactor::new(r).unwrap()).get();
            assert!((got - want).abs() < 1e-9, "MOS of R {r} is {got} and not {want}");
        }
    }

    #[test]
    fn rating_zero_does_not_rank_above_rating_three() {
        for r in [0.5, 3.0, 6.4] {
            assert_eq!(mos(RFactor::new(r).unwrap()), Mos::MIN);
        }
    }

    proptest! {
        #[test]
        fn mos_never_falls_as_rating_rises(r in -50.0..150.0f64, d in 0.0..50.0f64) {
            let at = |r: f64| mos(RFactor::new(r).unwrap());
            prop_assert!(at(r + d) >= at(r));
            prop_assert!((1.0..=4.5).contains(&at(r).get()));
        }
    }
}
