//! Availability and join success against an objective: met, missed, or not shown.
//!
//! An objective of 99.99 % allows one failure in ten thousand, so that a clean week of small traffic shows nothing. Every answer therefore says how much
//! was shown, how many attempts would show it, and what is left of the failures the objective allows.

use crate::beta::{beta_probability, beta_quantile};
use crate::estimate::{Confidence, Estimate};
use crate::share::Counts;

/// The share of attempts that is to succeed, between 0 and 1, both excluded.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Objective(f64);

impl Objective {
    /// 99.99 %, as finance asks it: 4.3 minutes a month of 30 days.
    pub const FINANCE: Self = Self(0.9999);
    /// 99.5 %, as it is customary elsewhere: 3.6 hours a month.
    pub const TRADITIONAL: Self = Self(0.995);

    /// The objective of this share; `None` unless it lies between 0 and 1, both excluded: 100 % cannot be shown by any number of attempts.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share < 1.0).then_some(Self(share))
    }

    /// The share, 0 to 1.
    pub fn share(self) -> f64 {
        self.0
    }

    /// The share that may fail, 0 to 1.
    fn allowance(self) -> f64 {
        1.0 - self.0
    }
}

/// How attempts hang together. Failures come in bursts, of a user's retries or an outage's minutes; a burst of ten is not ten observations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bursts<'a> {
    /// Every attempt stands for itself.
    None,
    /// The design effect as known from elsewhere, 1 or more: so many times wider is the variance than that of attempts that stand for themselves.
    Known(f64),
    /// Successes (`hits`) and attempts (`n`) of each user or period; the design effect is estimated from their scatter.
    Clusters(&'a [Counts]),
}

/// Why stability cannot be told.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StabilityError {
    /// Nothing was attempted.
    #[error("stability of no attempts: nothing was tried, so nothing can be said")]
    NoAttempts,
    /// More successes than attempts.
    #[error("stability of {successes} successes in {attempts} attempts: there cannot be more of them than attempts")]
    Impossible {
        /// Successes.
        successes: u64,
        /// Attempts.
        attempts: u64,
    },
    /// A design effect below 1 or not a number.
    #[error("stability with a design effect of {effect}: it is 1 or more")]
    DesignEffect {
        /// As given.
        effect: f64,
    },
    /// Clusters that do not add up to the attempts.
    #[error(
        "stability of {attempts} attempts of which {failures} failed: the clusters hold {clustered} attempts of which {clustered_failures} failed"
    )]
    Clusters {
        /// Attempts as given.
        attempts: u64,
        /// Failures as given.
        failures: u64,
        /// Attempts in the clusters.
        clustered: u64,
        /// Failures in the clusters.
        clustered_failures: u64,
    },
    /// The distribution could not be computed for counts this large.
    #[error("stability of {attempts} attempts: the exact limits of so many could not be computed")]
    TooMany {
        /// Attempts.
        attempts: u64,
    },
}

/// What the attempts say of the objective, at the confidence asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The true share of successes is at least the objective.
    Met,
    /// It is below.
    Missed,
    /// The attempts are compatible with both.
    NotShown,
}

/// How many of the failures that the objective allows are spent. At the objective the expected use is exactly 1; it is a plain count and no verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorBudget {
    /// Failures allowed in this many attempts, not always whole.
    pub allowed: f64,
    /// Failures seen.
    pub failures: u64,
    /// Failures over allowed, 0 or more: above 1 the budget is overspent.
    pub used: f64,
    /// Allowed less seen; below 0 when overspent.
    pub remaining: f64,
}

/// Attempts in all after which the objective is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptsNeeded {
    /// With none failed: ln(1 - level) / ln(objective), rounded up; 29,956 for 99.99 % at 95 %.
    pub clean: u64,
    /// The same by the rule of three, 3 / (1 - objective), for 95 %: 30,000 for 99.99 % (Hanley & Lippman-Hand, JAMA 249 (1983), 1743-1745).
    pub rule_of_three: u64,
    /// With as many failed as have been, and not one more.
    pub with_failures: u64,
}

/// A share of successes against its objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stability {
    /// The share of successes, 0 to 1, with its two-sided interval; `n` is the attempts.
    pub share: Estimate,
    /// One-sided: with the confidence asked for the true share is at least this.
    pub at_least: f64,
    /// One-sided: it is at most this.
    pub at_most: f64,
    /// The objective met, missed or not shown, by the one-sided limits.
    pub verdict: Verdict,
    /// What is left of the failures the objective allows.
    pub budget: ErrorBudget,
    /// How many attempts would show it.
    pub needed: AttemptsNeeded,
    /// So many times wider than independent attempts the variance was taken; 1 for attempts that stand for themselves.
    pub design_effect: f64,
}

/// The share of successes (`hits` of `n`) against the objective.
///
/// Limits are exact (Clopper & Pearson, Biometrika 26 (1934), 404-413): they cover at least as often as they say, also of a handful of failures. With
/// bursts they are taken at the effective numbers, attempts and failures over the design effect (Korn & Graubard, Survey Methodology 24 (1998),
/// 193-201), and attempts needed are multiplied by it. Err for no attempts, impossible counts, and clusters that do not add up to the counts.
///
/// ```
/// use qoe_statistics::{Confidence, Counts, stability::{Bursts, Objective, Verdict, stability}};
/// let clean = Counts { hits: 10_000, n: 10_000 };
/// let week = stability(clean, Objective::FINANCE, Bursts::None, Confidence::P95).unwrap();
/// assert_eq!(week.verdict, Verdict::NotShown);
/// assert_eq!(week.needed.clean, 29_956);
/// ```
pub fn stability(counts: Counts, objective: Objective, bursts: Bursts<'_>, level: Confidence) -> Result<Stability, StabilityError> {
    let Counts { hits: successes, n: attempts } = counts;
    if attempts == 0 {
        return Err(StabilityError::NoAttempts);
    }
    let failures = attempts.checked_sub(successes).ok_or(StabilityError::Impossible { successes, attempts })?;
    let effect = design_effect(attempts, failures, bursts)?;
    let too_many = || StabilityError::TooMany { attempts };
    let (n, k) = (attempts as f64 / effect, failures as f64 / effect);
    let alpha = 1.0 - level.level();
    let value = successes as f64 / attempts as f64;
    let low = 1.0 - fails_at_most(n, k, alpha / 2.0).ok_or_else(too_many)?;
    let high = 1.0 - fails_at_least(n, k, alpha / 2.0).ok_or_else(too_many)?;
    let at_least = 1.0 - fails_at_most(n, k, alpha).ok_or_else(too_many)?;
    let at_most = 1.0 - fails_at_least(n, k, alpha).ok_or_else(too_many)?;
    let allowed = objective.allowance() * attempts as f64;
    Ok(Stability {
        share: Estimate { value, low: low.min(value), high: high.max(value), n: attempts },
        at_least,
        at_most,
        verdict: if at_least >= objective.0 {
            Verdict::Met
        } else if at_most < objective.0 {
            Verdict::Missed
        } else {
            Verdict::NotShown
        },
        budget: ErrorBudget { allowed, failures, used: failures as f64 / allowed, remaining: allowed - failures as f64 },
        needed: AttemptsNeeded {
            clean: whole(effect * (alpha.ln() / objective.0.ln()).ceil()),
            rule_of_three: whole(effect * 3.0 / objective.allowance()),
            with_failures: whole(effect * attempts_with(k, objective, alpha).ok_or_else(too_many)?),
        },
        design_effect: effect,
    })
}

/// One-sided upper limit of the share of failures.
fn fails_at_most(n: f64, k: f64, alpha: f64) -> Option<f64> {
    if k >= n { Some(1.0) } else { beta_quantile(k + 1.0, n - k, 1.0 - alpha) }
}

/// One-sided lower limit of the share of failures.
fn fails_at_least(n: f64, k: f64, alpha: f64) -> Option<f64> {
    if k <= 0.0 { Some(0.0) } else { beta_quantile(k, n - k + 1.0, alpha) }
}

/// The fewest attempts, with k failures, whose limit clears the objective.
pub(crate) fn attempts_with(k: f64, objective: Objective, alpha: f64) -> Option<f64> {
    let clears = |n: f64| Some(beta_probability(k + 1.0, n - k, objective.allowance())? >= 1.0 - alpha);
    let mut low = k.floor();
    let mut high = ((k + 3.0) / objective.allowance()).ceil();
    while !clears(high)? {
        (low, high) = (high, high * 2.0);
    }
    while high - low > 1.0 {
        let middle = ((low + high) / 2.0).floor();
        if middle > k && clears(middle)? { high = middle } else { low = middle }
    }
    Some(high)
}

/// So many whole attempts: rounded up, but for the noise of the last digits.
fn whole(attempts: f64) -> u64 {
    (attempts * (1.0 - 1e-12)).ceil() as u64
}

/// How many times the variance of the share exceeds that of independent attempts, never below 1.
pub(crate) fn design_effect(attempts: u64, failures: u64, bursts: Bursts<'_>) -> Result<f64, StabilityError> {
    let clusters = match bursts {
        Bursts::None => return Ok(1.0),
        Bursts::Known(effect) if effect >= 1.0 && effect.is_finite() => return Ok(effect),
        Bursts::Known(effect) => return Err(StabilityError::DesignEffect { effect }),
        Bursts::Clusters(clusters) => clusters,
    };
    if let Some(odd) = clusters.iter().find(|cluster| cluster.hits > cluster.n) {
        return Err(StabilityError::Impossible { successes: odd.hits, attempts: odd.n });
    }
    let clustered: u64 = clusters.iter().map(|cluster| cluster.n).sum();
    let clustered_failures: u64 = clusters.iter().map(|cluster| cluster.n - cluster.hits).sum();
    if (clustered, clustered_failures) != (attempts, failures) {
        return Err(StabilityError::Clusters { attempts, failures, clustered, clustered_failures });
    }
    let n = attempts as f64;
    let p = failures as f64 / n;
    let tried = clusters.iter().filter(|cluster| cluster.n > 0);
    let count = tried.clone().count() as f64;
    // Where scatter says nothing (no failure, nothing but failures, a single cluster) each cluster counts as one attempt.
    if failures == 0 || failures == attempts || count < 2.0 {
        return Ok(n / count);
    }
    let scatter: f64 = tried.map(|cluster| ((cluster.n - cluster.hits) as f64 - p * cluster.n as f64).powi(2)).sum();
    Ok((count / (count - 1.0) * scatter / (n * p * (1.0 - p))).clamp(1.0, n))
}

#[cfg(test)]
mod tests;
