//! A share of a whole, 0 to 1, that cannot be out of range.
//!
//! Percent exists only on screen and in the E-model's own formula; everywhere else a ratio is a ratio. Taking one for the
//! other is a known defect of a published tool, in which 5 % loss costs half a point of R instead of sixteen.

use std::fmt;

/// A share of a whole: dimensionless, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Ratio(f64);

impl Ratio {
    /// Nothing of the whole.
    pub const ZERO: Self = Self(0.0);
    /// All of the whole.
    pub const ONE: Self = Self(1.0);

    /// The ratio of this value; `None` outside 0 to 1, and for NaN.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The ratio of this many percent, 0 to 100; `None` outside that.
    pub fn from_percent(percent: f64) -> Option<Self> {
        Self::new(percent / 100.0)
    }

    /// `part` of `whole`, held to 0 to 1; `None` when the whole is not positive, because a share of nothing is undefined.
    pub fn of(part: f64, whole: f64) -> Option<Self> {
        if !(part.is_finite() && whole.is_finite() && whole > 0.0) {
            return None;
        }
        Self::new((part / whole).clamp(0.0, 1.0))
    }

    /// The value, 0 to 1.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The value in percent, 0 to 100.
    pub fn percent(self) -> f64 {
        self.0 * 100.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_percent_is_not_five() {
        assert_eq!(Ratio::from_percent(5.0), Ratio::new(0.05));
        assert_eq!(Ratio::new(5.0), None);
        assert_eq!(Ratio::new(0.05).unwrap().percent(), 5.0);
    }

    #[test]
    fn what_is_no_share_is_none() {
        for value in [-0.001, 1.001, f64::NAN, f64::INFINITY] {
            assert_eq!(Ratio::new(value), None);
        }
        assert_eq!(Ratio::of(0.0, 0.0), None);
        assert_eq!(Ratio::of(1.0, -3.0), None);
    }

    #[test]
    fn late_duplicates_do_not_make_loss_negative() {
        assert_eq!(Ratio::of(-2.0, 100.0), Some(Ratio::ZERO));
    }
}
