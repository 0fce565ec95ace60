//! The beta distribution, which exact limits of shares come from.
//!
//! Written for large counts: a continued fraction that is cut short after a fixed number of steps, as libraries do, answers wrongly and without a word
//! for ten million attempts, which is what a month of sessions is.

use statrs::function::gamma::ln_gamma;

use crate::logistic::expit;

/// Steps of the continued fraction; it needs about the square root of the larger shape, so shapes up to some 10^10 are served.
const STEPS: u32 = 400_000;

/// The probability that a Beta(a, b) variable is at most `x`, 0 to 1 (the regularised incomplete beta function).
///
/// Continued fraction by Lentz's method (Press et al., Numerical Recipes, 3rd edition, 6.4). `None` unless a, b > 0 and 0 <= x <= 1.
pub fn beta_probability(a: f64, b: f64, x: f64) -> Option<f64> {
    (0.0..=1.0).contains(&x).then(|| probability(a, b, x, 1.0 - x)).flatten()
}

/// The value below which a Beta(a, b) variable falls with probability `p`, 0 to 1. `None` unless a, b > 0 and 0 < p < 1.
pub fn beta_quantile(a: f64, b: f64, p: f64) -> Option<f64> {
    log_odds_of_quantile(a, b, p).map(expit)
}

fn log_odds_of_quantile(a: f64, b: f64, p: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    // By halves, in log-odds, where both ends of 0 to 1 are resolved alike.
    let (mut low, mut high) = (-745.0, 745.0);
    while high - low > 1e-14 * f64::max(1.0, f64::abs(low)) {
        let middle = (low + high) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if probability(a, b, expit(middle), expit(-middle))? < p { low = middle } else { high = middle }
    }
    Some((low + high) / 2.0)
}

/// The probability at x, with 1 - x beside it so that neither loses digits.
fn probability(a: f64, b: f64, x: f64, rest: f64) -> Option<f64> {
    if !(a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite()) {
        return None;
    }
    if x <= 0.0 || rest <= 0.0 {
        return Some(if x <= 0.0 { 0.0 } else { 1.0 });
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * rest.ln()).exp();
    let below = if x < (a + 1.0) / (a + b + 2.0) { front * fraction(a, b, x)? / a } else { 1.0 - front * fraction(b, a, rest)? / b };
    Some(below.clamp(0.0, 1.0))
}

fn fraction(a: f64, b: f64, x: f64) -> Option<f64> {
    let away = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..=STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Closed forms: Beta(1, b) is 1 - (1 - x)^b.
    #[test]
    fn closed_forms() {
        assert!((beta_probability(1.0, 5.0, 0.2).unwrap() - (1.0 - 0.8_f64.powi(5))).abs() < 1e-14);
        assert!((beta_quantile(1.0, 5.0, 0.3).unwrap() - (1.0 - 0.7_f64.powf(0.2))).abs() < 1e-13);
    }

    #[test]
    fn what_has_no_distribution_has_no_probability() {
        for (a, b, x) in [(0.0, 1.0, 0.5), (1.0, -1.0, 0.5), (1.0, 1.0, 1.5), (f64::NAN, 1.0, 0.5), (1.0, 1.0, f64::NAN)] {
            assert_eq!(beta_probability(a, b, x), None);
        }
        assert_eq!(beta_quantile(1.0, 1.0, 1.0), None);
    }

    proptest! {
        #[test]
        fn the_distribution_undoes_the_quantile(a in -1.0..6.0f64, b in -1.0..6.0f64, p in 0.001..0.999f64) {
            let (a, b) = (10f64.powf(a), 10f64.powf(b));
            let x = log_odds_of_quantile(a, b, p).unwrap();
            prop_assert!((probability(a, b, expit(x), expit(-x)).unwrap() - p).abs() < 1e-8);
        }
    }
}
