//! One share against a bound: how many attempts show a promise such as 99.99 %.

use super::{MOST, SampleSizeError};
use crate::beta::beta_probability;
use crate::stability::{Objective, attempts_with};

/// Attempts that show a promise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempts {
    /// How many are made.
    pub attempts: f64,
    /// How many of them may fail.
    pub failures: u64,
    /// How often the promise is then shown, 0 to 1.
    pub power: f64,
}

/// The fewest attempts, standing for themselves, that show at 1 - `alpha` (one-sided, exact) that at least the objective succeeds, as often as `power`, when
/// `truth` succeed.
///
/// With k failures allowed the attempts are the fewest whose exact limit (Clopper and Pearson) clears the objective; k is the least for which that happens
/// often enough. Err when the truth is not above the objective: no number shows what is not so.
pub fn attempts(objective: Objective, truth: f64, alpha: f64, power: f64) -> Result<Attempts, SampleSizeError> {
    if !(alpha > 0.0 && alpha < 1.0 && power > 0.0 && power < 1.0) {
        return Err(SampleSizeError::Level { alpha, power });
    }
    if !(truth > objective.share() && truth <= 1.0) {
        return Err(SampleSizeError::Beyond { truth, margin: objective.share() });
    }
    let with = |failures: u64| -> Result<Attempts, SampleSizeError> {
        let k = failures as f64;
        let attempts = attempts_with(k, objective, alpha).filter(|n| *n <= MOST).ok_or(SampleSizeError::TooMany)?;
        let shown = if truth >= 1.0 { Some(1.0) } else { beta_probability(attempts - k, k + 1.0, truth) };
        Ok(Attempts { attempts, failures, power: shown.ok_or(SampleSizeError::TooMany)? })
    };
    let mut found = with(0)?;
    let (mut low, mut high) = (0, 1);
    while found.power < power {
        found = with(high)?;
        if found.power < power {
            (low, high) = (high, high * 2);
        }
    }
    while high - low > 1 && found.failures > 0 {
        let middle = low + (high - low) / 2;
        let tried = with(middle)?;
        if tried.power < power { low = middle } else { (high, found) = (middle, tried) }
    }
    Ok(found)
}
