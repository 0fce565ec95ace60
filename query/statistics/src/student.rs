//! Quantiles and tail probabilities of Student's t distribution, for intervals whose standard error is itself estimated.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::erfc;

use crate::estimate::Confidence;
use crate::normal::normal_quantile;

/// Degrees of freedom from which on expansions about the normal distribution are exact to ten digits, and the incomplete beta function is not.
const MANY: f64 = 200.0;

/// How many standard errors a two-sided interval of this level extends to either side when the error has so many degrees of freedom: 2.228 for 95 % and
/// 10. `None` without freedom.
pub(crate) fn t_quantile(level: Confidence, freedom: f64) -> Option<f64> {
    let p = 0.5 + level.level() / 2.0;
    if freedom >= MANY {
        return Some(expanded(normal_quantile(p)?, freedom));
    }
    Some(of(freedom)?.inverse_cdf(p))
}

/// Fisher and Cornish, Technometrics 2 (1960), 209-225: the t quantile about the normal one, to the third power of 1 / freedom.
fn expanded(z: f64, freedom: f64) -> f64 {
    let (z3, z5, z7) = (z.powi(3), z.powi(5), z.powi(7));
    let first = (z3 + z) / 4.0;
    let second = (5.0 * z5 + 16.0 * z3 + 3.0 * z) / 96.0;
    let third = (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / 384.0;
    z + first / freedom + second / freedom.powi(2) + third / freedom.powi(3)
}

/// The probability of a t statistic at least this far from 0. `None` without freedom and for a statistic that is no number.
pub(crate) fn t_two_sided(statistic: f64, freedom: f64) -> Option<f64> {
    if statistic.is_nan() {
        return None;
    }
    if freedom < MANY {
        return Some((2.0 * of(freedom)?.cdf(-statistic.abs())).min(1.0));
    }
    Some(erfc(normal_score(statistic.abs(), freedom) / std::f64::consts::SQRT_2))
}

/// Hill, Communications of the ACM 13 (1970), 617-619: the normal deviate as far out as t is, good to the third power of 1 / freedom.
fn normal_score(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() || freedom.is_infinite() {
        return t;
    }
    let a = freedom - 0.5;
    let b = 48.0 * a * a;
    let z2 = a * (t * t / freedom).ln_1p();
    let z = z2.sqrt();
    z + (z2 + 3.0) * z / b - (4.0 * z2.powi(3) + 33.0 * z2.powi(2) + 240.0 * z2 + 855.0) * z / (10.0 * b * (b + 0.8 * z2 * z2 + 100.0))
}

fn of(freedom: f64) -> Option<StudentsT> {
    (freedom > 0.0).then(|| StudentsT::new(0.0, 1.0, freedom).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// scipy.stats.t.ppf(0.975, ...) and t.sf.
    #[test]
    fn quantiles_as_scipy_has_them() {
        for (freedom, want) in [
            (1.0, 12.706_204_736_2),
            (2.0, 4.302_652_729_7),
            (10.0, 2.228_138_852_0),
            (100.0, 1.983_971_518_5),
            (1e6, 1.959_966_356_8),
            (1e12, 1.959_963_984_540_054),
        ] {
            let got = t_quantile(Confidence::P95, freedom).unwrap();
            assert!((got - want).abs() < 1e-8, "{freedom}: {got} is not {want}");
        }
        assert_eq!(t_quantile(Confidence::P95, 0.0), None);
        assert_eq!(t_quantile(Confidence::P95, f64::NAN), None);
    }

    #[test]
    fn two_sided_probabilities_are_those_of_the_quantiles() {
        for freedom in [1.0, 7.0, 199.0, 201.0, 1e4, 1e12] {
            let p = t_two_sided(-t_quantile(Confidence::P95, freedom).unwrap(), freedom).unwrap();
            assert!((p - 0.05).abs() < 1e-8, "{freedom}: {p}");
        }
        assert_eq!(t_two_sided(f64::NAN, 3.0), None);
        assert_eq!(t_two_sided(f64::INFINITY, 3.0), Some(0.0));
    }

    /// Closed forms: t of 1 degree of freedom is Cauchy, of 2 has t = (2p - 1) / sqrt(2 p (1 - p)).
    #[test]
    fn closed_forms() {
        assert!((t_quantile(Confidence::P95, 1.0).unwrap() - (std::f64::consts::PI * 0.475).tan()).abs() < 1e-8);
        let p: f64 = 0.975;
        assert!((t_quantile(Confidence::P95, 2.0).unwrap() - (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt()).abs() < 1e-9);
        assert_eq!((t_quantile(Confidence::P95, 0.0), t_two_sided(f64::NAN, 5.0)), (None, None));
    }

    proptest! {
        #[test]
        fn it_lies_beyond_its_quantile_as_often_as_it_says(freedom in 0.5..1e7f64, level in 0.01..0.999f64) {
            let t = t_quantile(Confidence::new(level).unwrap(), freedom).unwrap();
            prop_assert!((t_two_sided(t, freedom).unwrap() - (1.0 - level)).abs() < 1e-6);
        }
    }
}
