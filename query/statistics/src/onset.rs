//! Since when a slice has been bad: the minute that best divides its series into a better and a worse part.
//!
//! The series is one count of bad and judged minutes per minute of the clock. For every division the binomial
//! log-likelihood of two shares is held against that of one; the division that gains most is the onset, if it gains more
//! than chance would with so many divisions to choose from. Chance is judged by the scatter of the series itself: sessions
//! last for minutes, so that counts scatter more than coins, and neighbouring counts go together.

use crate::estimate::{Confidence, Estimate};
use crate::excess::MIN_MINUTES;
use crate::normal::normal_quantile;
use crate::share::share;

/// How often a series in which nothing changed may be given an onset. Our choice: 1 in 100, because a board asks it of
/// many slices.
const FALSE_ALARMS: f64 = 0.01;

/// Session-minutes that were judged, and those of them that were bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Minutes {
    /// Bad ones.
    pub bad: u64,
    /// Good and bad ones.
    pub total: u64,
}

impl Minutes {
    /// Both together.
    pub fn merge(self, other: Self) -> Self {
        Self { bad: self.bad + other.bad, total: self.total + other.total }
    }

    /// What of these minutes is not in `part`; `None` when `part` is no part of them.
    pub fn without(self, part: Self) -> Option<Self> {
        let rest = Self { bad: self.bad.checked_sub(part.bad)?, total: self.total.checked_sub(part.total)? };
        (rest.bad <= rest.total).then_some(rest)
    }
}

/// When it began, and from what to what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Onset {
    /// Index in the series of the first minute of the worse part.
    pub minute: usize,
    /// The share of bad minutes before.
    pub before: Estimate,
    /// The share of bad minutes from then to the end.
    pub after: Estimate,
}

/// The minute since which a slice has been worse than before, until the end of the series.
///
/// `None` when it did not get worse beyond chance: then it is as it has been, good or bad, for as long as the series goes.
/// Both parts must have at least [`MIN_MINUTES`] judged session-minutes. Minutes in which nothing was judged may stand in the
/// series; they count for neither part.
///
/// Method: maximum of the binomial likelihood ratio over the divisions, with the worse part last (Worsley, Biometrika 70
/// (1983), 455-464). Twice its logarithm, divided by the dispersion of the counts around the two shares and by
/// (1 + r) / (1 - r) for their correlation r from minute to minute, must exceed the square of the normal quantile of
/// 1 - 0.01 / divisions (Bonferroni, so rather too strict).
pub fn onset(series: &[Minutes]) -> Option<Onset> {
    let all = series.iter().copied().fold(Minutes::default(), Minutes::merge);
    let mut before = Minutes::default();
    let mut divisions = 0u32;
    let mut best: Option<(f64, usize, Minutes, Minutes)> = None;
    for (minute, count) in series.iter().enumerate() {
        let after = all.without(before)?;
        if before.total >= MIN_MINUTES && after.total >= MIN_MINUTES && count.total > 0 {
            divisions += 1;
            let gain = log_likelihood(before) + log_likelihood(after) - log_likelihood(all);
            let worse = part(after) > part(before);
            if worse && best.is_none_or(|(most, ..)| gain > most) {
                best = Some((gain, minute, before, after));
            }
        }
        before = before.merge(*count);
    }
    let (gain, minute, before, after) = best?;
    let scatter = scatter(series, minute, before, after);
    let z = normal_quantile(1.0 - FALSE_ALARMS / f64::from(divisions))?;
    if 2.0 * gain / scatter <= z * z {
        return None;
    }
    let level = Confidence::P95;
    Some(Onset { minute, before: share(before.bad, before.total, level)?, after: share(after.bad, after.total, level)? })
}

fn part(minutes: Minutes) -> f64 {
    minutes.bad as f64 / minutes.total as f64
}

/// The binomial log-likelihood of these minutes at their own share, without the coefficient that all divisions share.
fn log_likelihood(minutes: Minutes) -> f64 {
    let (bad, total) = (minutes.bad as f64, minutes.total as f64);
    let term = |k: f64| if k > 0.0 { k * (k / total).ln() } else { 0.0 };
    term(bad) + term(total - bad)
}

/// How many times more the counts scatter around the two shares than independent minutes would, at least 1: Pearson's
/// dispersion, times (1 + r) / (1 - r) for a correlation r between neighbours (the variance of a mean of an autoregressive
/// series).
fn scatter(series: &[Minutes], onset: usize, before: Minutes, after: Minutes) -> f64 {
    let residuals: Vec<f64> = (0..)
        .zip(series)
        .filter(|(_, count)| count.total > 0)
        .filter_map(|(minute, count)| {
            let p = part(if minute < onset { before } else { after });
            let sd = (count.total as f64 * p * (1.0 - p)).sqrt();
            (sd > 0.0).then(|| (count.bad as f64 - count.total as f64 * p) / sd)
        })
        .collect();
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    let free = residuals.len() as f64 - 2.0;
    if free <= 0.0 || squares <= 0.0 {
        return 1.0;
    }
    let r = (residuals.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / squares).clamp(0.0, 0.9);
    (squares / free).max(1.0) * (1.0 + r) / (1.0 - r)
}

#[cfg(test)]
mod tests;
