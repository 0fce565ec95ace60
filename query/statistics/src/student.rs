//! Student's t distribution: how far an interval extends when the variance is itself estimated.

use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};

use crate::estimate::Confidence;

/// How many standard errors a two-sided interval extends to either side at so many degrees of freedom: 2.228 for 95 % and 10. Degrees need not be
/// whole. `None` unless they are positive and finite.
pub fn student_quantile(level: Confidence, freedom: f64) -> Option<f64> {
    let z = level.z();
    if freedom > MANY && freedom.is_finite() {
        return Some(expanded(z, freedom));
    }
    let (t, p) = (distribution(freedom)?, 0.5 + level.level() / 2.0);
    // The library's inverse is good to a few digits only; Newton's steps make them all of them.
    Some((0..3).fold(t.inverse_cdf(p), |at, _| at - (t.cdf(at) - p) / t.pdf(at)))
}

/// Degrees of freedom from which the expansion is exact to 1 part in 10^12.
const MANY: f64 = 1_000.0;

/// Student's quantile from the normal one (Abramowitz and Stegun, 26.7.5).
fn expanded(z: f64, freedom: f64) -> f64 {
    let z2 = z * z;
    let terms = [
        (z2 + 1.0) / 4.0,
        ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0,
        (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0,
        ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92_160.0,
    ];
    z + z * terms.iter().rev().fold(0.0, |sum, term| (sum + term) / freedom)
}

/// How often a t of so many degrees of freedom lies at least this far from 0, to either side. `None` unless the degrees are positive and finite and
/// `t` is a number; an infinite `t` is never reached.
pub fn student_p(t: f64, freedom: f64) -> Option<f64> {
    if t.is_nan() {
        return None;
    }
    distribution(freedom).map(|d| (2.0 * d.cdf(-t.abs())).min(1.0))
}

fn distribution(freedom: f64) -> Option<StudentsT> {
    (freedom > 0.0 && freedom.is_finite()).then(|| StudentsT::new(0.0, 1.0, freedom).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The customary table, and `scipy.stats.t.ppf(0.975, df)` and `2 * t.sf(2.5, df)`.
    #[test]
    fn known_quantiles() {
        for (freedom, want) in [
            (1.0, 12.706_204_736),
            (2.5, 3.574_654_839),
            (10.0, 2.228_138_852),
            (999.0, 1.962_341_461),
            (1001.0, 1.962_336_705),
            (1e6, 1.959_966_357),
        ] {
            let got = student_quantile(Confidence::P95, freedom).unwrap();
            assert!((got - want).abs() < 1e-8, "{freedom}: {got} is not {want}");
        }
        for (freedom, want) in [(2.5, 0.104_569_963), (999.0, 0.012_578_728), (1e6, 0.012_419_490)] {
            assert!((student_p(2.5, freedom).unwrap() - want).abs() < 1e-8, "{freedom}");
        }
    }

    #[test]
    fn no_freedom_no_quantile() {
        for freedom in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(student_quantile(Confidence::P95, freedom), None);
            assert_eq!(student_p(1.0, freedom), None);
        }
        assert_eq!(student_p(f64::NAN, 3.0), None);
        assert_eq!(student_p(f64::NEG_INFINITY, 3.0), Some(0.0));
    }
}
