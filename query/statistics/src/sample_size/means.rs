//! Anything whose estimate is normal with a standard error that is itself estimated: means, quotients of sums, quantiles, mean differences of pairs.

use statrs::function::gamma::ln_gamma;

use super::{Aim, SampleSizeError, Test, least, normal};
use crate::estimate::Confidence;
use crate::student::t_quantile;

/// How far units scatter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scatter {
    /// Units of two arms.
    Two {
        /// Standard deviation of a unit of the first: its arm's standard error times the square root of its units.
        first: f64,
        /// The same of the second.
        second: f64,
        /// Units of the second for each of the first.
        ratio: f64,
    },
    /// Pairs: both arms measured on each.
    Pairs {
        /// Standard deviation of the differences within pairs.
        difference: f64,
    },
}

/// Places at which the law of the estimated error is summed.
const PLACES: u32 = 2_000;

impl Scatter {
    fn check(&self) -> Result<(), SampleSizeError> {
        let (sum, ratio) = match *self {
            Scatter::Two { first, second, ratio } if first >= 0.0 && second >= 0.0 => (first + second, ratio),
            Scatter::Pairs { difference } => (difference, 1.0),
            Scatter::Two { .. } => (f64::NAN, 1.0),
        };
        if !(ratio > 0.0 && ratio.is_finite()) {
            return Err(SampleSizeError::Ratio { ratio });
        }
        if sum > 0.0 && sum.is_finite() { Ok(()) } else { Err(SampleSizeError::Constant) }
    }

    /// Standard error and degrees of freedom of so many units of the first arm, or pairs.
    fn error(&self, n: f64) -> (f64, f64) {
        match *self {
            Scatter::Pairs { difference } => (difference / n.sqrt(), n - 1.0),
            Scatter::Two { first, second, ratio } => {
                let (a, b) = (first * first / n, second * second / (n * ratio));
                let freedom = (a + b).powi(2) / (a * a / (n - 1.0) + b * b / (n * ratio - 1.0));
                ((a + b).sqrt(), freedom)
            }
        }
    }
}

/// How often the test shows what it is to show, with so many units of the first arm (or pairs), 0 to 1.
///
/// Exact for normal units of equal scatter: the law of the estimated error is summed over, which gives the noncentral t of a difference and of
/// non-inferiority, and Owen's Q of two one-sided tests (Phillips, J. Pharmacokinet. Biopharm. 18 (1990), 137-144). With Satterthwaite's degrees of freedom,
/// so of unequal scatter as close as Welch's test itself. `None` of fewer than two units a side, and where [`units`] gives an error.
pub fn power(n: f64, scatter: Scatter, test: Test) -> Option<f64> {
    (scatter.check().is_ok() && test.check().is_ok()).then(|| shown(n, scatter, test)).flatten()
}

fn shown(n: f64, scatter: Scatter, test: Test) -> Option<f64> {
    let (error, freedom) = scatter.error(n);
    if !(freedom > 0.0 && freedom.is_finite()) {
        return None;
    }
    let critical = t_quantile(Confidence::new(1.0 - 2.0 * test.alpha)?, freedom)?;
    let away = test.truth / error;
    let at = |s: f64| match test.aim {
        Aim::Difference => normal(away - critical * s) + normal(-away - critical * s),
        Aim::NonInferiority { margin } => normal(away + margin / error - critical * s),
        Aim::Equivalence { margin } => {
            (normal(margin / error - away - critical * s) - normal(critical * s - margin / error - away)).max(0.0)
        }
    };
    // Beyond this no estimated error lets two one-sided tests reject together; the sum ends where it would have a kink.
    let last = match test.aim {
        Aim::Equivalence { margin } => margin / error / critical,
        _ => f64::INFINITY,
    };
    Some(over_errors(freedom, last, at))
}

/// The mean of `of` over the law of an estimated standard error over the true one, up to `last` (Simpson's rule).
fn over_errors(freedom: f64, last: f64, of: impl Fn(f64) -> f64) -> f64 {
    let half = freedom / 2.0;
    let constant = std::f64::consts::LN_2 + half * half.ln() - ln_gamma(half);
    let density = |s: f64| if s > 0.0 { (constant + (freedom - 1.0) * s.ln() - half * s * s).exp() } else { 0.0 };
    let reach = 10.0 / (2.0 * freedom).sqrt();
    let (from, to) = ((1.0 - reach).max(1e-12), (1.0 + reach).min(last));
    if to <= from {
        return 0.0;
    }
    let step = (to - from) / f64::from(PLACES);
    let weight = |place: u32| if place == 0 || place == PLACES { 1.0 } else { f64::from(2 + 2 * (place % 2)) };
    let sum: f64 =
        (0..=PLACES).map(|place| (place, from + step * f64::from(place))).map(|(place, s)| weight(place) * density(s) * of(s)).sum();
    (sum * step / 3.0).clamp(0.0, 1.0)
}

/// Units of the first arm (or pairs) that the test needs; of the second, `ratio` times as many. Not rounded, two a side at least.
///
/// ```
/// use qoe_statistics::sample_size::{Aim, Test, means::{Scatter, units}};
/// let test = Test { aim: Aim::Difference, truth: 50.0, alpha: 0.025, power: 0.8 };
/// let n = units(Scatter::Two { first: 400.0, second: 400.0, ratio: 1.0 }, test).unwrap();
/// assert_eq!(n.ceil(), 1006.0);
/// ```
pub fn units(scatter: Scatter, test: Test) -> Result<f64, SampleSizeError> {
    scatter.check()?;
    test.check()?;
    let fewest = match scatter {
        Scatter::Two { ratio, .. } => (2.0 / ratio).max(2.0),
        Scatter::Pairs { .. } => 2.0,
    };
    least(fewest, test.power, |n| shown(n, scatter, test).unwrap_or(0.0))
}

/// The law of [`power`] for a mean held against a known value: so many units that the mean is shown to lie beyond it. `away` is how far it lies beyond in
/// truth, above 0.
pub fn units_beyond(deviation: f64, away: f64, alpha: f64, power: f64) -> Result<f64, SampleSizeError> {
    if away <= 0.0 {
        return Err(SampleSizeError::NoDifference);
    }
    // A difference of pairs that is shown to lie above minus the margin, when it is 0 in truth.
    units(Scatter::Pairs { difference: deviation }, Test { aim: Aim::NonInferiority { margin: away }, truth: 0.0, alpha, power })
}
