//! How many units it takes: to find a difference, to show that one arm is not worse by as much as matters, to show that neither is, and to show a promise.
//!
//! Counts are not whole numbers here, so that they can be held against other programs; whoever plans rounds them up.
//!
//! | module | of |
//! |---|---|
//! | [`means`] | anything with a standard error of its own: means, quotients, quantiles, pairs |
//! | [`shares`] | shares of yes |
//! | [`promise`] | one share against a bound, exactly |

pub mod means;
pub mod promise;
pub mod shares;

use statrs::function::erf::erfc;

/// Units beyond which nothing is planned: our choice, ten times the people there are.
pub const MOST: f64 = 1e11;

/// What is to be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    /// That the arms differ.
    Difference,
    /// That the first is not worse than the second by the margin.
    NonInferiority {
        /// The difference that matters, above 0.
        margin: f64,
    },
    /// That neither is worse than the other by the margin (two one-sided tests).
    Equivalence {
        /// The difference that matters, above 0.
        margin: f64,
    },
}

/// A test to be planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// What is to be shown.
    pub aim: Aim,
    /// First less second as it is supposed to be in truth, turned so that positive is better.
    pub truth: f64,
    /// How often either side of the test would reject what is so, 0 to 0.5: 0.025 for intervals of 95 %.
    pub alpha: f64,
    /// How often the truth is to be shown, 0 to 1.
    pub power: f64,
}

/// Why no number can be told.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SampleSizeError {
    /// No difference to find.
    #[error("a difference of 0 cannot be found by any number of units")]
    NoDifference,
    /// A margin that is no difference.
    #[error("a margin of {margin} is no difference that matters: it is above zero")]
    Margin {
        /// As given.
        margin: f64,
    },
    /// The truth lies beyond what is to be shown.
    #[error("{truth} as it is supposed or was seen does not lie on the right side of {margin}, so that no number of units shows it")]
    Beyond {
        /// As supposed.
        truth: f64,
        /// As given.
        margin: f64,
    },
    /// No scatter.
    #[error("nothing varies, so that one unit would seem enough and the error is unknown")]
    Constant,
    /// A level or power that cannot be.
    #[error("alpha of {alpha} a side and power of {power}: alpha lies between 0 and 0.5, power between alpha and 1")]
    Level {
        /// As given.
        alpha: f64,
        /// As given.
        power: f64,
    },
    /// A share that is none, or with no scatter.
    #[error("shares of {first} and {second}: both must lie between 0 and 1, and one of them within")]
    Share {
        /// As supposed.
        first: f64,
        /// As supposed.
        second: f64,
    },
    /// A ratio of sizes that cannot be.
    #[error("{ratio} units of the second arm for each of the first cannot be: it is above zero")]
    Ratio {
        /// As given.
        ratio: f64,
    },
    /// More than can be had.
    #[error("more than {MOST:e} units would be needed")]
    TooMany,
}

impl Test {
    fn check(&self) -> Result<(), SampleSizeError> {
        let Test { aim, truth, alpha, power } = *self;
        if !(alpha > 0.0 && alpha < 0.5 && power > alpha && power < 1.0) {
            return Err(SampleSizeError::Level { alpha, power });
        }
        match aim {
            Aim::Difference if truth == 0.0 || !truth.is_finite() => Err(SampleSizeError::NoDifference),
            Aim::Difference => Ok(()),
            Aim::NonInferiority { margin } | Aim::Equivalence { margin } if !(margin > 0.0 && margin.is_finite()) => {
                Err(SampleSizeError::Margin { margin })
            }
            Aim::NonInferiority { margin } if truth > -margin && truth.is_finite() => Ok(()),
            Aim::Equivalence { margin } if truth.abs() < margin => Ok(()),
            Aim::NonInferiority { margin } | Aim::Equivalence { margin } => Err(SampleSizeError::Beyond { truth, margin }),
        }
    }
}

/// The probability that a standard normal variable is below `x`.
fn normal(x: f64) -> f64 {
    0.5 * erfc(-x / std::f64::consts::SQRT_2)
}

/// The least n from `least` on whose power is as much as wanted; power must not fall as n grows.
fn least(least: f64, wanted: f64, power: impl Fn(f64) -> f64) -> Result<f64, SampleSizeError> {
    if power(least) >= wanted {
        return Ok(least);
    }
    let (mut low, mut high) = (least, least * 2.0);
    while power(high) < wanted {
        (low, high) = (high, high * 2.0);
        if high > MOST {
            return Err(SampleSizeError::TooMany);
        }
    }
    while high - low > 1e-10 * high {
        let middle = f64::midpoint(low, high);
        if power(middle) < wanted { low = middle } else { high = middle }
    }
    Ok(high)
}

#[cfg(test)]
mod tests;
