//! Two means compared: their difference, their ratio, and the difference of pairs.
//!
//! For samples whose variances and sizes may differ. Of samples only their moments are needed, which a database can give and which merge.

use crate::estimate::{Confidence, Estimate};
use crate::moments::{Moments, satterthwaite};
use crate::student::{t_quantile, t_two_sided};

/// Why two means cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TwoSampleError {
    /// Fewer than two observations on one side.
    #[error("compare means of {first} and {second} observations: two a side are needed to know the scatter")]
    TooFew {
        /// Of the first.
        first: u64,
        /// Of the second.
        second: u64,
    },
    /// Nothing varies, so that no error can be told.
    #[error("compare means of {first} and {second} observations: all of a side are the same, so the error of the difference is unknown")]
    Constant {
        /// Of the first.
        first: u64,
        /// Of the second.
        second: u64,
    },
    /// A value or a moment that is not a finite number.
    #[error("compare means: a value is not a finite number")]
    NotFinite,
    /// A ratio needs both means above zero.
    #[error("ratio of means {first} and {second}: both must be above zero")]
    NotPositive {
        /// Mean of the first.
        first: f64,
        /// Mean of the second.
        second: f64,
    },
    /// Pairs whose sides differ in length.
    #[error("compare pairs of {first} and {second} observations: every one needs its partner")]
    Unpaired {
        /// Of the first.
        first: usize,
        /// Of the second.
        second: usize,
    },
}

/// A difference of means with what its interval was made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// First less second, in their unit; `n` is the observations of both, or the pairs.
    pub estimate: Estimate,
    /// The difference over its standard error.
    pub t: f64,
    /// Degrees of freedom, not always whole.
    pub freedom: f64,
    /// How often a difference at least as far from nothing would come of nothing, 0 to 1 (two-sided).
    pub p_value: f64,
}

/// Difference of two means, first less second, of samples that may differ in variance.
///
/// Welch, Biometrika 34 (1947), 28-35: Student's t with Satterthwaite's degrees of freedom. Err with fewer than two a side, or when neither varies.
///
/// ```
/// use qoe_statistics::{Confidence, Moments, two_sample::welch};
/// let minutes = |values: [f64; 3]| Moments::of(values).unwrap();
/// let hd = welch(minutes([30.0, 42.0, 37.0]), minutes([20.0, 35.0, 26.0]), Confidence::P95).unwrap();
/// assert_eq!(format!("{:.1} minutes", hd.estimate.value), "9.3 minutes");
/// ```
pub fn welch(first: Moments, second: Moments, level: Confidence) -> Result<MeanDifference, TwoSampleError> {
    let (a, b) = errors(first, second)?;
    let freedom = satterthwaite(&[(a, (first.n - 1) as f64), (b, (second.n - 1) as f64)]).ok_or(TwoSampleError::NotFinite)?;
    finish(first.mean - second.mean, (a + b).sqrt(), freedom, first.n + second.n, level)
}

/// Ratio of two means, first over second: 1.10 says 10 % more.
///
/// Delta method on the logarithm, so that the interval stays above zero and a ratio turned round has its interval turned round; Student's t with
/// Satterthwaite's degrees of freedom. Err when a mean is not above zero, and as [`welch`].
pub fn ratio_of_means(first: Moments, second: Moments, level: Confidence) -> Result<Estimate, TwoSampleError> {
    let (a, b) = errors(first, second)?;
    if !(first.mean > 0.0 && second.mean > 0.0) {
        return Err(TwoSampleError::NotPositive { first: first.mean, second: second.mean });
    }
    let (a, b) = (a / first.mean.powi(2), b / second.mean.powi(2));
    let freedom = satterthwaite(&[(a, (first.n - 1) as f64), (b, (second.n - 1) as f64)]).ok_or(TwoSampleError::NotFinite)?;
    let logs = finish((first.mean / second.mean).ln(), (a + b).sqrt(), freedom, first.n + second.n, level)?.estimate;
    Ok(Estimate { value: first.mean / second.mean, low: logs.low.exp(), high: logs.high.exp(), n: logs.n })
}

/// Mean difference of pairs, first less second: Student's t of the differences. Err with fewer than two pairs, or when all differ by the same.
pub fn paired(first: &[f64], second: &[f64], level: Confidence) -> Result<MeanDifference, TwoSampleError> {
    if first.len() != second.len() {
        return Err(TwoSampleError::Unpaired { first: first.len(), second: second.len() });
    }
    let n = first.len() as u64;
    if n < 2 {
        return Err(TwoSampleError::TooFew { first: n, second: n });
    }
    let differences = first.iter().zip(second).map(|(a, b)| a - b);
    let differences = Moments::of(differences).ok_or(TwoSampleError::NotFinite)?;
    let error2 = error2(differences).filter(|error2| *error2 > 0.0).ok_or(TwoSampleError::Constant { first: n, second: n })?;
    finish(differences.mean, error2.sqrt(), (n - 1) as f64, n, level)
}

/// The squared standard errors of both means.
fn errors(first: Moments, second: Moments) -> Result<(f64, f64), TwoSampleError> {
    if [first.mean, first.squares, second.mean, second.squares].iter().any(|moment| !moment.is_finite()) {
        return Err(TwoSampleError::NotFinite);
    }
    let (Some(a), Some(b)) = (error2(first), error2(second)) else {
        return Err(TwoSampleError::TooFew { first: first.n, second: second.n });
    };
    if a + b > 0.0 { Ok((a, b)) } else { Err(TwoSampleError::Constant { first: first.n, second: second.n }) }
}

/// Squared standard error of the mean. What is nothing but the rounding of equal values counts as nothing.
fn error2(sample: Moments) -> Option<f64> {
    let variance = sample.variance()?;
    Some(if variance <= (sample.mean * 1e-12).powi(2) { 0.0 } else { variance / sample.n as f64 })
}

fn finish(value: f64, error: f64, freedom: f64, n: u64, level: Confidence) -> Result<MeanDifference, TwoSampleError> {
    let t = value / error;
    let (Some(quantile), Some(p_value)) = (t_quantile(level, freedom), t_two_sided(t, freedom)) else {
        return Err(TwoSampleError::NotFinite);
    };
    let half = quantile * error;
    Ok(MeanDifference { estimate: Estimate { value, low: value - half, high: value + half, n }, t, freedom, p_value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn numbers(of: &Value) -> Vec<f64> {
        of.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    }

    #[track_caller]
    fn close(got: f64, want: &Value) {
        let want = want.as_f64().unwrap();
        assert!((got - want).abs() < 1e-6 * want.abs().max(1.0), "{got} is not {want}");
    }

    #[track_caller]
    fn same(got: MeanDifference, want: &Value) {
        for (got, name) in [
            (got.estimate.value, "value"),
            (got.estimate.low, "low"),
            (got.estimate.high, "high"),
            (got.t, "t"),
            (got.freedom, "freedom"),
            (got.p_value, "p_value"),
        ] {
            close(got, &want[name]);
        }
    }

    /// scipy.stats.ttest_ind(equal_var=False), ttest_rel, and the ratio by the same formula in numpy.
    #[test]
    fn differences_and_ratios_as_scipy_has_them() {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/two_sample.json"));
        let reference: Value = serde_json::from_str(text).unwrap();
        let (input, expected) = (&reference["input"], &reference["expected"]);
        let (first, second, partner) = (numbers(&input["first"]), numbers(&input["second"]), numbers(&input["partner"]));
        let (a, b) = (Moments::of(first.clone()).unwrap(), Moments::of(second).unwrap());
        same(welch(a, b, Confidence::P95).unwrap(), &expected["welch"]);
        same(paired(&first, &partner, Confidence::P95).unwrap(), &expected["paired"]);
        let ratio = ratio_of_means(a, b, Confidence::P95).unwrap();
        for (got, name) in [(ratio.value, "value"), (ratio.low, "low"), (ratio.high, "high")] {
            close(got, &expected["ratio"][name]);
        }
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let sample = |values: &[f64]| Moments::of(values.iter().copied()).unwrap();
        let error = |a: &[f64], b: &[f64]| welch(sample(a), sample(b), Confidence::P95).unwrap_err();
        assert_eq!(error(&[1.0], &[1.0, 2.0]), TwoSampleError::TooFew { first: 1, second: 2 });
        assert_eq!(error(&[0.1; 3], &[0.7; 9]), TwoSampleError::Constant { first: 3, second: 9 });
        let negative = ratio_of_means(sample(&[-1.0, -3.0]), sample(&[1.0, 2.0]), Confidence::P95).unwrap_err();
        assert_eq!(negative.to_string(), "ratio of means -2 and 1.5: both must be above zero");
        assert_eq!(paired(&[1.0], &[1.0, 2.0], Confidence::P95).unwrap_err(), TwoSampleError::Unpaired { first: 1, second: 2 });
        assert_eq!(paired(&[1.0, 2.0], &[0.0, 1.0], Confidence::P95).unwrap_err(), TwoSampleError::Constant { first: 2, second: 2 });
        assert_eq!(paired(&[1.0, f64::NAN], &[0.0, 1.0], Confidence::P95).unwrap_err(), TwoSampleError::NotFinite);
    }

    proptest! {
        #[test]
        fn a_ratio_turned_round_has_its_interval_turned_round(a in prop::collection::vec(1.0..9.0f64, 3..20), b in prop::collection::vec(1.0..9.0f64, 3..20)) {
            let (a, b) = (Moments::of(a).unwrap(), Moments::of(b).unwrap());
            let one = ratio_of_means(a, b, Confidence::P95).unwrap();
            let other = ratio_of_means(b, a, Confidence::P95).unwrap();
            prop_assert!((one.low * other.high - 1.0).abs() < 1e-9 && one.low <= one.value && one.value <= one.high);
        }
    }
}
