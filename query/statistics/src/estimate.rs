//! What a figure is made of: a value, an interval, and how many observations stand behind it.

use crate::normal::normal_quantile;

/// A figure with its uncertainty. `low` and `high` are the ends of a confidence interval of the level that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure itself.
    pub value: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end of its interval.
    pub high: f64,
    /// How many observations stand behind it.
    pub n: u64,
}

impl Estimate {
    /// Whether the interval leaves out this value: the data contradict it at the level of the interval.
    pub fn excludes(&self, value: f64) -> bool {
        value < self.low || self.high < value
    }

    /// The complement of a share: 1 minus everything, the ends exchanged.
    pub fn complement(self) -> Self {
        Self { value: 1.0 - self.value, low: 1.0 - self.high, high: 1.0 - self.low, n: self.n }
    }

    /// This less another, for figures of samples independent of each other, each with an interval of the same level: the interval of the difference out
    /// of both (MOVER; Zou and Donner, Statistics in Medicine 27 (2008), 1693-1702). `n` is the observations in both.
    pub fn less(&self, other: &Estimate) -> Self {
        let value = self.value - other.value;
        Self {
            value,
            low: value - (self.value - self.low).hypot(other.high - other.value),
            high: value + (self.high - self.value).hypot(other.value - other.low),
            n: self.n + other.n,
        }
    }

    /// The estimate in another unit: everything times a factor that is not negative.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { value: self.value * factor, low: self.low * factor, high: self.high * factor, n: self.n }
    }
}

/// How often an interval is to cover the truth, between 0 and 1: 0.95 is customary.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// 90 %, as tests of equivalence use it.
    pub const P90: Self = Self(0.90);
    /// 95 %.
    pub const P95: Self = Self(0.95);
    /// 99 %.
    pub const P99: Self = Self(0.99);

    /// The level of this value; `None` unless it lies between 0 and 1, both excluded.
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then_some(Self(level))
    }

    /// The level, 0 to 1.
    pub fn level(self) -> f64 {
        self.0
    }

    /// How many standard errors a two-sided interval of this level extends to either side: 1.96 for 95 %.
    pub fn z(self) -> f64 {
        normal_quantile(0.5 + self.0 / 2.0).unwrap_or(f64::INFINITY)
    }
}

impl Default for Confidence {
    fn default() -> Self {
        Self::P95
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_five_percent_is_1_96_standard_errors() {
        assert!((Confidence::P95.z() - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((Confidence::P90.z() - 1.644_853_626_951_472_2).abs() < 1e-12);
        assert!((Confidence::P99.z() - 2.575_829_303_548_900_4).abs() < 1e-12);
    }

    #[test]
    fn a_level_is_no_percentage() {
        assert_eq!(Confidence::new(95.0), None);
        assert_eq!(Confidence::new(1.0), None);
        assert_eq!(Confidence::new(f64::NAN), None);
        assert_eq!(Confidence::new(0.95), Some(Confidence::P95));
    }

    /// Of two shares it is Newcombe's interval, which is known.
    #[test]
    fn a_difference_of_shares_is_newcombes() {
        use crate::share::{Counts, difference, share};
        let (a, b) = (share(56, 70, Confidence::P95).unwrap(), share(48, 80, Confidence::P95).unwrap());
        let want = difference(Counts { hits: 56, n: 70 }, Counts { hits: 48, n: 80 }, Confidence::P95).unwrap();
        assert_eq!(a.less(&b), want);
    }

    #[test]
    fn an_estimate_excludes_what_lies_outside_its_interval() {
        let estimate = Estimate { value: 0.5, low: 0.4, high: 0.6, n: 9 };
        assert!(estimate.excludes(0.39) && estimate.excludes(0.61));
        assert!(!estimate.excludes(0.4) && !estimate.excludes(0.6));
    }
}
