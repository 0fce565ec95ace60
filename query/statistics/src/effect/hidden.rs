//! What unseen confounding would overturn an effect.

use super::answer::Contrast;
use super::raw;
use super::study::{Outcome, Study};
use crate::estimate::Estimate;

/// How the effect was put as a risk ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Conversion {
    /// It is one: a share over a share.
    Shares,
    /// exp(0.91 d), d the difference in standard deviations of the outcome: an approximation for means (VanderWeele & Ding 2017, table 2; the odds ratio of
    /// Chinn 2000 by square root).
    StandardisedMean {
        /// The standard deviation: root of the mean of both arms' variances, in the outcome's unit.
        deviation: f64,
    },
}

/// How strongly something unseen would have to go with both the treatment and the outcome, beyond the covariates, to explain an effect away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hidden {
    /// The effect as a risk ratio.
    pub risk_ratio: Estimate,
    /// How that was made.
    pub conversion: Conversion,
    /// Risk ratio with each that would move the value to nothing, 1 or more.
    pub point: f64,
    /// That would move the nearer end of the interval to nothing; 1 when it already holds nothing.
    pub interval: f64,
}

/// The E-value of a risk ratio: RR + sqrt(RR (RR - 1)), of its reciprocal below 1.
///
/// VanderWeele & Ding, Annals of Internal Medicine 167 (2017), 268-274. `None` unless the ratio is above 0 and finite.
///
/// ```
/// assert_eq!(format!("{:.2}", qoe_statistics::effect::e_value(3.9).unwrap()), "7.26");
/// ```
pub fn e_value(risk_ratio: f64) -> Option<f64> {
    if !(risk_ratio > 0.0 && risk_ratio.is_finite()) {
        return None;
    }
    let away = risk_ratio.max(1.0 / risk_ratio);
    Some(away + (away * (away - 1.0)).sqrt())
}

pub(super) fn hidden(study: &Study<'_>, contrast: &Contrast) -> Option<Hidden> {
    let (risk_ratio, conversion) = match study.kind {
        Outcome::Share => {
            let relative = contrast.relative?;
            let ratio = Estimate { value: 1.0 + relative.value, low: 1.0 + relative.low, high: 1.0 + relative.high, n: relative.n };
            (ratio, Conversion::Shares)
        }
        Outcome::Mean => {
            let samples = raw::samples(study);
            let deviation = f64::midpoint(samples.treated.variance()?, samples.control.variance()?).sqrt();
            let ratio = |difference: f64| (0.91 * difference / deviation).exp();
            let of = contrast.difference;
            let ratio = Estimate { value: ratio(of.value), low: ratio(of.low), high: ratio(of.high), n: of.n };
            (ratio, Conversion::StandardisedMean { deviation })
        }
    };
    let nearer = if risk_ratio.excludes(1.0) { if risk_ratio.low > 1.0 { risk_ratio.low } else { risk_ratio.high } } else { 1.0 };
    Some(Hidden { risk_ratio, conversion, point: e_value(risk_ratio.value)?, interval: e_value(nearer)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// VanderWeele & Ding (2017): breast-feeding and infant death by respiratory infection, RR 3.9 (1.8 to 8.7), E-values 7.26 and 3.0; of a protective
    /// ratio the reciprocal.
    #[test]
    fn published_e_values() {
        assert!((e_value(3.9).unwrap() - 7.26).abs() < 0.005);
        assert!((e_value(1.8).unwrap() - 3.0).abs() < 0.005);
        assert!((e_value(1.0 / 3.9).unwrap() - 7.26).abs() < 0.005);
        assert_eq!(e_value(1.0), Some(1.0));
    }

    #[test]
    fn what_is_no_ratio_has_no_e_value() {
        for ratio in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(e_value(ratio), None);
        }
    }

    proptest! {
        #[test]
        fn stronger_effects_take_stronger_confounding(a in 1.0..50.0f64, b in 1.0..50.0f64) {
            prop_assert_eq!(a <= b, e_value(a) <= e_value(b));
        }
    }
}
