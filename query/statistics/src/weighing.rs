//! Scores of several dimensions weighed into one, with what is not known left open.
//!
//! A dimension that nobody looked into is not a bad one. So a total comes three ways: over what is known, its weights made whole again; with all that is
//! missing at 0; and with all of it at 1. Who is ahead over what is known is a leader, and a winner only where neither the missing nor chance can turn it.
//!
//! | module | answers |
//! |---|---|
//! | `ranks` | how often each is first, second and so on, when weights and scores are drawn anew |
//! | `tipping` | the smallest change of weights with which a rival is ahead |

mod ranks;
mod tipping;

pub use ranks::{Draws, Ranks};
pub use tipping::{Alone, Tipping};

use crate::estimate::Estimate;

/// What is known of one vendor in one dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Its score over what is known, 0 (as bad as it can be) to 1; `None`: nothing is.
    pub value: Option<Estimate>,
    /// The share of the dimension that is not known, 0 to 1; 1 where nothing is.
    pub missing: f64,
}

/// Vendors in dimensions that have weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    weights: Vec<f64>,
    scores: Vec<Vec<Scored>>,
}

/// One vendor's total, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Total {
    /// Over what is known, its weights made whole again; `n` is the fewest observations behind any part of it. `None` where nothing with a weight is known.
    pub known: Option<Estimate>,
    /// The share of the weights that is known, 0 to 1.
    pub known_weight: f64,
    /// With all that is missing at 0.
    pub missing_at_0: f64,
    /// With all that is missing at 1.
    pub missing_at_1: f64,
}

/// One vendor's total less another's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lead {
    /// Over what is known of both; `None` where there is no such dimension.
    pub known: Option<Estimate>,
    /// With the missing of the first at 0 and of the other at 1.
    pub at_worst: Estimate,
}

/// Who is ahead, and whether that holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// Ahead of each of the others whatever the missing is, by more than chance.
    Winner(usize),
    /// Ahead over what is known, and not safe from these.
    Open {
        /// Who is ahead.
        leader: usize,
        /// From whom it is not safe, and why.
        rivals: Vec<(usize, Doubt)>,
    },
    /// Nothing is known of anyone, or of one at most.
    Unknown,
}

/// Why a lead is not safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Over what is known of both, chance alone makes such a difference.
    Chance,
    /// What is missing can turn it.
    Missing,
}

/// What cannot be weighed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WeighingError {
    /// A weight that is none.
    #[error("weight {at} is {weight}: a weight is a number of 0 or more")]
    Weight {
        /// Which, from 0.
        at: usize,
        /// As given.
        weight: f64,
    },
    /// Nothing has a weight.
    #[error("the weights of all {dimensions} dimensions sum to nothing: at least one is to be above 0")]
    NoWeight {
        /// How many dimensions.
        dimensions: usize,
    },
    /// A score out of its range.
    #[error("the score of vendor {vendor} in dimension {dimension} is not between 0 and 1 with its interval around it")]
    Score {
        /// Which vendor, from 0.
        vendor: usize,
        /// Which dimension, from 0.
        dimension: usize,
    },
    /// Not a score for each.
    #[error("vendor {vendor} has {scores} scores for {dimensions} dimensions")]
    Scores {
        /// Which vendor, from 0.
        vendor: usize,
        /// How many.
        scores: usize,
        /// Of how many.
        dimensions: usize,
    },
    /// Draws that cannot be made.
    #[error("a concentration of {concentration}: it is a number of 1 or more")]
    Concentration {
        /// As given.
        concentration: f64,
    },
}

impl Scored {
    /// Nothing is known.
    pub const MISSING: Self = Self { value: None, missing: 1.0 };

    /// Known whole.
    pub fn whole(value: Estimate) -> Self {
        Self { value: Some(value), missing: 0.0 }
    }

    fn known(&self) -> f64 {
        1.0 - self.missing
    }

    /// With what is missing at 0.
    fn floor(&self) -> f64 {
        self.value.map_or(0.0, |of| of.value * self.known())
    }

    fn below(&self) -> f64 {
        self.value.map_or(0.0, |of| (of.value - of.low) * self.known())
    }

    fn above(&self) -> f64 {
        self.value.map_or(0.0, |of| (of.high - of.value) * self.known())
    }
}

impl Weighed {
    /// Weights, of which only the proportions count, and each vendor's scores in the same order.
    pub fn new(weights: &[f64], scores: Vec<Vec<Scored>>) -> Result<Self, WeighingError> {
        if let Some((at, weight)) = weights.iter().enumerate().find(|(_, weight)| !(weight.is_finite() && **weight >= 0.0)) {
            return Err(WeighingError::Weight { at, weight: *weight });
        }
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if largest <= 0.0 {
            return Err(WeighingError::NoWeight { dimensions: weights.len() });
        }
        for (vendor, row) in scores.iter().enumerate() {
            if row.len() != weights.len() {
                return Err(WeighingError::Scores { vendor, scores: row.len(), dimensions: weights.len() });
            }
            let right = |of: &Scored| {
                let ordered = |of: Estimate| 0.0 <= of.low && of.low <= of.value && of.value <= of.high && of.high <= 1.0;
                (0.0..=1.0).contains(&of.missing) && of.value.map_or(of.missing == 1.0, ordered)
            };
            if let Some(dimension) = row.iter().position(|of| !right(of)) {
                return Err(WeighingError::Score { vendor, dimension });
            }
        }
        let sum: f64 = weights.iter().map(|weight| weight / largest).sum();
        Ok(Self { weights: weights.iter().map(|weight| weight / largest / sum).collect(), scores })
    }

    /// The weights, adding up to 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Each vendor's total, in the order given.
    pub fn totals(&self) -> Vec<Total> {
        self.scores.iter().map(|row| self.total(row)).collect()
    }

    fn total(&self, row: &[Scored]) -> Total {
        let parts = || self.weights.iter().zip(row);
        let known_weight: f64 = parts().map(|(weight, of)| weight * of.known()).sum();
        let missing_at_0: f64 = parts().map(|(weight, of)| weight * of.floor()).sum();
        let missing: f64 = parts().map(|(weight, of)| weight * of.missing).sum();
        let ends = |end: fn(&Scored) -> f64| parts().map(|(weight, of)| (weight * end(of)).powi(2)).sum::<f64>().sqrt();
        let n = parts().filter(|(weight, _)| **weight > 0.0).filter_map(|(_, of)| of.value).map(|of| of.n).min();
        let known = n.filter(|_| known_weight > 0.0).map(|n| {
            let of = |total: f64| (total / known_weight).clamp(0.0, 1.0);
            let (below, above) = (ends(Scored::below), ends(Scored::above));
            Estimate { value: of(missing_at_0), low: of(missing_at_0 - below), high: of(missing_at_0 + above), n }
        });
        Total { known, known_weight: known_weight.min(1.0), missing_at_0, missing_at_1: (missing_at_0 + missing).min(1.0) }
    }

    /// One vendor's total less another's. Intervals of dimensions are put together as of figures independent of each other (MOVER; Zou and Donner, Statistics
    /// in Medicine 27 (2008), 1693-1702).
    pub fn lead(&self, first: usize, other: usize) -> Lead {
        let pairs = || self.weights.iter().zip(self.scores[first].iter().zip(&self.scores[other]));
        let both = || pairs().filter_map(|(weight, (a, b))| Some((*weight, a.value?, b.value?))).filter(|(weight, ..)| *weight > 0.0);
        let common: f64 = both().map(|(weight, ..)| weight).sum();
        let known = both().map(|(_, a, b)| a.n.min(b.n)).min().map(|n| {
            let value = both().map(|(weight, a, b)| weight * (a.value - b.value)).sum::<f64>() / common;
            let below =
                both().map(|(weight, a, b)| (weight * (a.value - a.low)).powi(2) + (weight * (b.high - b.value)).powi(2)).sum::<f64>();
            let above =
                both().map(|(weight, a, b)| (weight * (a.high - a.value)).powi(2) + (weight * (b.value - b.low)).powi(2)).sum::<f64>();
            Estimate { value, low: value - below.sqrt() / common, high: value + above.sqrt() / common, n }
        });
        let value = pairs().map(|(weight, (a, b))| weight * (a.floor() - b.floor() - b.missing)).sum::<f64>();
        let below = pairs().map(|(weight, (a, b))| (weight * a.below()).powi(2) + (weight * b.above()).powi(2)).sum::<f64>();
        let above = pairs().map(|(weight, (a, b))| (weight * a.above()).powi(2) + (weight * b.below()).powi(2)).sum::<f64>();
        let at_worst = Estimate { value, low: value - below.sqrt(), high: value + above.sqrt(), n: known.map_or(0, |known| known.n) };
        Lead { known, at_worst }
    }

    /// Who is ahead over what is known, and whether that holds whatever the missing is.
    pub fn standing(&self) -> Standing {
        let totals = self.totals();
        let known: Vec<(usize, f64)> = totals.iter().enumerate().filter_map(|(vendor, total)| Some((vendor, total.known?.value))).collect();
        let ahead = known.iter().copied().reduce(|best, next| if next.1 > best.1 { next } else { best });
        let Some((leader, _)) = ahead.filter(|_| known.len() > 1) else { return Standing::Unknown };
        let doubt = |rival: usize| {
            let lead = self.lead(leader, rival);
            match lead.known {
                _ if lead.at_worst.low > 0.0 => None,
                Some(known) if known.low <= 0.0 => Some((rival, Doubt::Chance)),
                _ => Some((rival, Doubt::Missing)),
            }
        };
        let rivals: Vec<(usize, Doubt)> = (0..self.scores.len()).filter(|rival| *rival != leader).filter_map(doubt).collect();
        if rivals.is_empty() { Standing::Winner(leader) } else { Standing::Open { leader, rivals } }
    }

    fn gaps(&self, leader: usize, rival: usize) -> Vec<Option<f64>> {
        let gap = |(a, b): (&Scored, &Scored)| Some(a.value?.value - b.value?.value);
        self.scores[leader].iter().zip(&self.scores[rival]).map(gap).collect()
    }
}

#[cfg(test)]
mod tests;
