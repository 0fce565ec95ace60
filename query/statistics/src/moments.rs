//! A mean with its interval, and the difference of two, from sums that can be merged.

use crate::estimate::{Confidence, Estimate};
use crate::student::t_quantile;
use crate::two_sample::welch;

/// What a sample's mean and variance are made of. Samples are merged by [`Moments::merge`] in any order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    /// How many values.
    pub n: u64,
    /// Their mean; 0 of none.
    pub mean: f64,
    /// The sum of their squared distances from it.
    pub squares: f64,
}

impl Moments {
    /// The moments of these values; `None` when one is not finite.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut moments = Self::default();
        for value in values {
            if !value.is_finite() {
                return None;
            }
            // Welford, Technometrics 4 (1962), 419-420: no cancellation, whatever the mean.
            moments.n += 1;
            let step = value - moments.mean;
            moments.mean += step / moments.n as f64;
            moments.squares += step * (value - moments.mean);
        }
        Some(moments)
    }

    /// Both samples together (Chan, Golub and LeVeque, 1979).
    pub fn merge(self, other: Self) -> Self {
        let n = self.n + other.n;
        if n == 0 {
            return self;
        }
        let (step, share) = (other.mean - self.mean, other.n as f64 / n as f64);
        Self { n, mean: self.mean + step * share, squares: self.squares + other.squares + step * step * share * self.n as f64 }
    }

    /// The sample variance (divided by n - 1); `None` of fewer than two values.
    pub fn variance(&self) -> Option<f64> {
        (self.n >= 2).then(|| self.squares / (self.n - 1) as f64)
    }

    /// The moments of all values times a factor.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { n: self.n, mean: self.mean * factor, squares: self.squares * factor * factor }
    }

    /// The squared standard error of the mean; `None` of fewer than two values, and of values all the same, whose mean would look certain.
    pub(crate) fn error(&self) -> Option<f64> {
        self.variance().filter(|variance| *variance > 0.0).map(|variance| variance / self.n as f64)
    }
}

/// The mean with Student's interval. `None` of fewer than two values, and when all are the same: their spread, and so the interval, is unknown.
pub fn mean(sample: &Moments, level: Confidence) -> Option<Estimate> {
    around(sample.mean, sample.error()?, (sample.n - 1) as f64, sample.n, level)
}

/// The mean of the first less the mean of the second, for two samples independent of each other whose variances may differ.
///
/// [`welch`]'s. `n` is the values in both. `None` when either has fewer than two values, or both have all values the same.
pub fn mean_difference(first: &Moments, second: &Moments, level: Confidence) -> Option<Estimate> {
    welch(*first, *second, level).ok().map(|welch| welch.estimate)
}

/// The degrees of freedom of a sum of independent variances, each with its own (Satterthwaite, Biometrics Bulletin 2 (1946), 110-114); `None` when
/// all are 0.
pub(crate) fn satterthwaite(parts: &[(f64, f64)]) -> Option<f64> {
    let total: f64 = parts.iter().map(|(variance, _)| variance).sum();
    let weight: f64 = parts.iter().filter(|(variance, _)| *variance > 0.0).map(|(variance, freedom)| variance * variance / freedom).sum();
    (total > 0.0 && weight > 0.0).then(|| total * total / weight)
}

/// A value with Student's interval; `variance` is that of the value itself.
pub(crate) fn around(value: f64, variance: f64, freedom: f64, n: u64, level: Confidence) -> Option<Estimate> {
    let half = t_quantile(level, freedom)? * variance.sqrt();
    (value + half).is_finite().then_some(Estimate { value, low: value - half, high: value + half, n })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By hand: mean 3, variance 2.5, standard error sqrt(0.5), t of 4 degrees 2.776445.
    #[test]
    fn a_mean_has_students_interval() {
        let got = mean(&Moments::of([1.0, 2.0, 3.0, 4.0, 5.0]).unwrap(), Confidence::P95).unwrap();
        assert!((got.low - (3.0 - 2.776_445_105 * 0.5_f64.sqrt())).abs() < 1e-8, "{got:?}");
        assert_eq!((got.value, got.n), (3.0, 5));
    }

    #[test]
    fn one_value_and_equal_values_have_no_interval() {
        let of = |values: &[f64]| Moments::of(values.iter().copied()).unwrap();
        assert_eq!(mean(&of(&[]), Confidence::P95), None);
        assert_eq!(mean(&of(&[4.0]), Confidence::P95), None);
        assert_eq!(mean(&of(&[5.0, 5.0, 5.0]), Confidence::P95), None);
        assert_eq!(mean_difference(&of(&[5.0, 5.0]), &of(&[4.0, 4.0]), Confidence::P95), None);
        assert_eq!(mean_difference(&of(&[5.0, 4.0]), &of(&[4.0]), Confidence::P95), None);
        assert!(mean_difference(&of(&[5.0, 5.0]), &of(&[4.0, 3.0, 2.0]), Confidence::P95).is_some());
        assert_eq!(Moments::of([1.0, f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn merging_is_the_same_as_reading_all(a in prop::collection::vec(-1e3..1e3f64, 0..40), b in prop::collection::vec(-1e3..1e3f64, 0..40)) {
            let whole = Moments::of(a.iter().chain(&b).copied()).unwrap();
            let merged = Moments::of(a).unwrap().merge(Moments::of(b).unwrap());
            prop_assert_eq!(whole.n, merged.n);
            prop_assert!((whole.mean - merged.mean).abs() < 1e-9 && (whole.squares - merged.squares).abs() < 1e-6 * (1.0 + whole.squares));
        }
    }
}
