//! Intervals that hold however often they are looked at, so that a POC may be decided while it runs.
//!
//! An asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Annals of Statistics 52 (2024), 2613-2640, theorem 2.2), as GrowthBook
//! uses it: at every look the interval is wider than the one for a single look by a factor that depends on how many units there are. The price is
//! lowest at a number of units chosen beforehand.

use crate::estimate::Confidence;
use crate::normal::normal_quantile;

/// Units (of both vendors) below which a normal error is not trusted: before, nothing is said.
pub const FIRST_LOOK: u64 = 100;

/// How intervals are widened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sequence {
    rho2: f64,
}

impl Sequence {
    /// A sequence narrowest at so many units of both vendors together, for intervals of this level; `None` unless there is at least one unit.
    ///
    /// ```
    /// use qoe_statistics::{Confidence, sequential::Sequence};
    /// let sequence = Sequence::new(5000.0, Confidence::P95).unwrap();
    /// assert_eq!(format!("{:.2}", sequence.standard_errors(5000, Confidence::P95).unwrap()), "3.04");
    /// ```
    pub fn new(narrowest_at: f64, level: Confidence) -> Option<Self> {
        let alpha = 1.0 - level.level();
        let log = -2.0 * alpha.ln();
        let rho2 = (log + (log + 1.0).ln()) / narrowest_at;
        (narrowest_at >= 1.0 && rho2.is_finite()).then_some(Self { rho2 })
    }

    /// How many standard errors an interval of this level extends to either side after so many units: at least as many as for a single look. `None` before
    /// [`FIRST_LOOK`].
    pub fn standard_errors(&self, units: u64, level: Confidence) -> Option<f64> {
        let spread = self.spread(units)?;
        let alpha = 1.0 - level.level();
        Some((2.0 * (spread + 1.0) / spread * ((spread + 1.0).sqrt() / alpha).ln()).sqrt())
    }

    /// The p value that holds however often it is looked at, 0 to 1, out of one for a single look: it is below alpha just when the interval of 1 - alpha
    /// leaves out what is tested. 1 before [`FIRST_LOOK`].
    pub fn p_value(&self, single: f64, units: u64) -> f64 {
        let Some(spread) = self.spread(units) else { return 1.0 };
        // By the lower tail: beside 1 a small p value would round to nothing.
        let Some(z) = normal_quantile(single / 2.0) else { return if single == 0.0 { 0.0 } else { 1.0 } };
        ((spread + 1.0).sqrt() * (-z * z * spread / (2.0 * (spread + 1.0))).exp()).min(1.0)
    }

    /// Units times rho squared: how far the sequence is past the place where it is narrow.
    fn spread(&self, units: u64) -> Option<f64> {
        (units >= FIRST_LOOK).then_some(units as f64 * self.rho2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// GrowthBook's formula, rho and half-width worked by hand from its documentation: N* = 5000, alpha = 0.05.
    #[test]
    fn as_growthbook_widens() {
        let sequence = Sequence::new(5000.0, Confidence::P95).unwrap();
        let rho = ((-2.0 * 0.05f64.ln() + (-2.0 * 0.05f64.ln() + 1.0).ln()) / 5000.0).sqrt();
        for n in [200u64, 5000, 100_000] {
            let (n2, t) = (n as f64, n as f64 * rho * rho);
            let want = n2.sqrt() * (2.0 * (t + 1.0) / (n2 * n2 * rho * rho) * ((t + 1.0).sqrt() / 0.05).ln()).sqrt();
            assert!((sequence.standard_errors(n, Confidence::P95).unwrap() - want).abs() < 1e-12);
        }
    }

    #[test]
    fn before_the_first_look_nothing_is_said() {
        let sequence = Sequence::new(5000.0, Confidence::P95).unwrap();
        assert_eq!(sequence.standard_errors(FIRST_LOOK - 1, Confidence::P95), None);
        assert_eq!(sequence.p_value(1e-30, FIRST_LOOK - 1), 1.0);
        assert_eq!(Sequence::new(0.0, Confidence::P95), None);
        assert_eq!(Sequence::new(f64::NAN, Confidence::P95), None);
    }

    #[test]
    fn what_is_beyond_doubt_in_one_look_is_so_in_many() {
        let sequence = Sequence::new(5000.0, Confidence::P95).unwrap();
        assert!(sequence.p_value(1e-60, 5000) < 1e-50);
        assert_eq!((sequence.p_value(0.0, 5000), sequence.p_value(1.0, 5000)), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn it_is_never_narrower_than_a_single_look(units in FIRST_LOOK..1_000_000, narrowest in 100.0..1e6f64, level in 0.8..0.999f64) {
            let level = Confidence::new(level).unwrap();
            let sequence = Sequence::new(narrowest, level).unwrap();
            prop_assert!(sequence.standard_errors(units, level).unwrap() > level.z());
        }

        #[test]
        fn p_value_and_interval_say_the_same(z in 0.0..8.0f64, units in FIRST_LOOK..100_000, level in 0.8..0.999f64) {
            let level = Confidence::new(level).unwrap();
            let sequence = Sequence::new(5000.0, Confidence::P95).unwrap();
            let single = 2.0 * statrs::function::erf::erfc(z / std::f64::consts::SQRT_2) / 2.0;
            let needed = sequence.standard_errors(units, level).unwrap();
            prop_assume!((z - needed).abs() > 1e-6);
            prop_assert_eq!(sequence.p_value(single, units) < 1.0 - level.level(), z > needed);
        }
    }
}
