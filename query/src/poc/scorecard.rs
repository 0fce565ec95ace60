//! The whole picture: quality, satisfaction and what shows only later, weighed.
//!
//! Every figure becomes a score from 0 to 1 between bounds that a profile states, never between the vendors compared, so that another vendor changes nobody's
//! score. What nobody looked into is missing and not zero: totals are given over what is known, and with the missing at 0 and at 1; a winner is named only
//! where neither the missing nor chance can turn it.

mod evidence;
mod gathered;
mod measured;
mod profile;
mod scoring;

pub use evidence::{Evidence, QualityScore, SatisfactionScore, satisfaction_scores};
pub use gathered::{EvidenceSources, Gathered, gathered};
pub use measured::{MeasuredQuality, QualityQuestion};
pub use profile::{Bounds, Checklist, DEFAULT_PROFILE, DEFAULT_PROFILES, DIMENSIONS, Profile, Profiles, ProfilesError};
pub use scoring::{DimensionScore, ItemScore, Known};

use super::claims::Said;
use crate::statistics::weighing::{Draws, Ranks, Standing, Tipping, Total, Weighed, WeighingError};

/// What dimensions are worth to whom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weighing {
    /// Whose profile it starts from.
    pub profile: Option<String>,
    /// Where a file states the profile, from 1.
    pub profile_line: Option<usize>,
    /// Each with its weight and the reason for it; a dimension that is not named keeps the profile's.
    pub weights: Vec<Weight>,
    /// What is known of vendors beside what was measured.
    pub facts: Vec<Fact>,
}

impl Weighing {
    /// Whether anything was stated of it.
    pub fn is_asked(&self) -> bool {
        self.profile.is_some() || !self.weights.is_empty() || !self.facts.is_empty()
    }
}

/// What one dimension is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// Which dimension.
    pub dimension: String,
    /// What it is worth beside the others, 0 or more.
    pub weight: f64,
    /// Why.
    pub reason: String,
}

/// Something known of a vendor that no measurement shows: a tick of a checklist, hours to the first call, a price.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Which vendor.
    pub arm: String,
    /// Of which dimension.
    pub dimension: String,
    /// What it is, such as `audit_log` or `first_call_h`.
    pub item: String,
    /// A tick is 1, its absence 0, half of it 0.5; of an item with bounds, in its unit.
    pub value: f64,
    /// Where that is shown: a document, a ticket, a test.
    pub evidence: Option<String>,
    /// Whether it is an item that the profile's checklist does not have, on purpose.
    pub new: bool,
    /// Where a file states it, from 1.
    pub line: Option<usize>,
}

/// What is weighed by what.
#[derive(Debug, Clone)]
pub struct ScorecardQuestion {
    /// Weights and facts of the POC.
    pub weighing: Weighing,
    /// The profiles there are.
    pub profiles: Profiles,
    /// How the order is shaken.
    pub draws: Draws,
}

/// The whole picture.
#[derive(Debug, Clone)]
pub struct Scorecard {
    /// The profile it starts from, and what people call it.
    pub profile: (String, Said),
    /// What was weighed.
    pub dimensions: Vec<Dimension>,
    /// By vendor.
    pub vendors: Vec<VendorScore>,
    /// Who is ahead, and whether that holds.
    pub standing: Standing,
    /// Ranks under other weights and within the intervals.
    pub ranks: Ranks,
    /// Of the one who is ahead: by how much weights must change for each rival to draw level, the nearest first; rivals that are better in nothing are not there.
    pub tipping: Vec<Tipping>,
    /// How the order was shaken.
    pub draws: Draws,
    /// Whether price has no weight because nobody gave one.
    pub no_price: bool,
}

/// One dimension's weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Which.
    pub name: &'static str,
    /// Its share of all weights, 0 to 1.
    pub weight: f64,
    /// The profile's share, 0 to 1.
    pub profile: f64,
    /// Why.
    pub reason: Said,
}

/// One vendor's scores.
#[derive(Debug, Clone)]
pub struct VendorScore {
    /// Which vendor.
    pub arm: String,
    /// By dimension, in their order.
    pub scores: Vec<DimensionScore>,
    /// Weighed.
    pub total: Total,
}

/// Why there is no scorecard.
#[derive(Debug, thiserror::Error)]
pub enum ScorecardError {
    /// The profiles do not serve.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    /// Weights that cannot be.
    #[error(transparent)]
    Weighing(#[from] WeighingError),
    /// Nothing is known of anyone.
    #[error(
        "nothing is known of any vendor: measure quality (--metric), ask people, or state facts ([[scorecard.fact]] in poc.toml, or --fact)"
    )]
    NoEvidence,
    /// One vendor has no rank.
    #[error("only {arm:?} is known of: a scorecard compares two vendors or more")]
    OneVendor {
        /// Which.
        arm: String,
    },
    /// A dimension that is none.
    #[error("{dimension:?} is no dimension of a scorecard: they are {}", DIMENSIONS.join(", "))]
    Dimension {
        /// As written.
        dimension: String,
    },
    /// A weight that is none.
    #[error("{dimension:?} weighs {weight}: a weight is a number of 0 or more")]
    Weight {
        /// Of which dimension.
        dimension: String,
        /// As given.
        weight: f64,
    },
    /// A fact that is no number, or out of its range.
    #[error("{dimension}.{item} of {arm:?} is {value}: {what}")]
    Value {
        /// Which vendor.
        arm: String,
        /// Of which dimension.
        dimension: String,
        /// Of which item.
        item: String,
        /// As given.
        value: f64,
        /// What it is to be.
        what: &'static str,
    },
    /// A fact about an item without bounds.
    #[error("{dimension}.{item} of {arm:?}: what is best and what is worst is not stated, the profile has {known}")]
    Item {
        /// Which vendor.
        arm: String,
        /// Of which dimension.
        dimension: String,
        /// Of which item.
        item: String,
        /// Items that have bounds.
        known: String,
    },
    /// A fact about an item that the checklist does not have.
    #[error(
        "{}{dimension}.{item} of {arm:?} is no item of the checklist: {meant}it has {known}; of an item of your own say that it is new, by new = true or as \
         {dimension}.+{item}",
        line.map_or_else(String::new, |line| format!("line {line}, scorecard.fact.item: "))
    )]
    Unlisted {
        /// Where it is stated in `poc.toml`, from 1.
        line: Option<usize>,
        /// Which vendor.
        arm: Box<str>,
        /// Of which dimension.
        dimension: Box<str>,
        /// Of which item.
        item: Box<str>,
        /// What was probably meant, in words; empty: nothing is near.
        meant: Box<str>,
        /// Items it has.
        known: Box<str>,
    },
    /// A fact about a vendor who is not compared.
    #[error("{dimension}.{item} is stated of {arm:?}, who is not compared: they are {}", arms.join(", "))]
    Arm {
        /// Which vendor.
        arm: String,
        /// Of which dimension.
        dimension: String,
        /// Of which item.
        item: String,
        /// Those who are.
        arms: Vec<String>,
    },
    /// Two facts of one thing.
    #[error("{dimension}.{item} of {arm:?} is stated twice: leave one out")]
    Twice {
        /// Which vendor.
        arm: String,
        /// Of which dimension.
        dimension: String,
        /// Of which item.
        item: String,
    },
    /// Bounds of a metric that say the contrary of its direction.
    #[error("{metric:?}: at best {at_best} and at worst {at_worst} go against which way is better")]
    Bounds {
        /// Which metric.
        metric: String,
        /// The figure that scores 1.
        at_best: f64,
        /// The figure that scores 0.
        at_worst: f64,
    },
}

impl Weighing {
    /// Whether a scorecard is asked for at all.
    pub fn is_stated(&self) -> bool {
        self.profile.is_some() || !self.weights.is_empty() || !self.facts.is_empty()
    }
}

impl ScorecardQuestion {
    /// The profile that is started from.
    pub fn profile(&self) -> Result<&Profile, ProfilesError> {
        self.profiles.get(self.weighing.profile.as_deref()).map_err(|error| match error {
            ProfilesError::Unknown { name, meant, known, .. } => {
                ProfilesError::Unknown { line: self.weighing.profile_line, name, meant, known }
            }
            error => error,
        })
    }

    /// Whether its own words are in order: a profile, dimensions, weights and items that there are.
    pub fn checked(&self) -> Result<(), ScorecardError> {
        let profile = self.profile()?;
        self.weights(profile)?;
        scoring::gathered(profile, &self.weighing.facts, &Evidence::default()).map(|_| ())
    }

    /// Weighs what is known.
    pub fn answer(&self, evidence: &Evidence) -> Result<Scorecard, ScorecardError> {
        let profile = self.profile()?;
        let items = scoring::gathered(profile, &self.weighing.facts, evidence)?;
        let arms = scoring::arms(&items, &self.weighing.facts, evidence);
        match arms.as_slice() {
            [] => return Err(ScorecardError::NoEvidence),
            [arm] => return Err(ScorecardError::OneVendor { arm: arm.clone() }),
            _ if items.is_empty() && self.weighing.facts.is_empty() => return Err(ScorecardError::NoEvidence),
            _ => {}
        }
        let scores: Vec<Vec<DimensionScore>> = arms.iter().map(|arm| scoring::scored(profile, &items, &self.weighing.facts, arm)).collect();
        let price = DIMENSIONS.iter().position(|name| *name == "price");
        let no_price = price.is_some_and(|at| scores.iter().all(|row| row[at].scored.value.is_none()));
        let mut weights = self.weights(profile)?;
        if let Some(at) = price.filter(|_| no_price) {
            weights[at].0 = 0.0;
        }
        let stated: Vec<f64> = weights.iter().map(|(weight, _)| *weight).collect();
        let weighed = Weighed::new(&stated, scores.iter().map(|row| row.iter().map(|of| of.scored).collect()).collect())?;
        let standing = weighed.standing();
        let mut tipping: Vec<Tipping> = match &standing {
            Standing::Winner(leader) | Standing::Open { leader, .. } => {
                (0..arms.len()).filter(|rival| rival != leader).filter_map(|rival| weighed.tipping(*leader, rival)).collect()
            }
            Standing::Unknown => Vec::new(),
        };
        tipping.sort_by(|a, b| a.change.total_cmp(&b.change));
        let of_profile: f64 = profile.weights.iter().map(|(weight, _)| weight).sum();
        let dimensions = DIMENSIONS.iter().zip(weighed.weights()).zip(&profile.weights).zip(&weights);
        let dimensions = dimensions.map(|(((name, weight), (own, _)), (_, reason))| Dimension {
            name,
            weight: *weight,
            profile: if of_profile > 0.0 { own / of_profile } else { 0.0 },
            reason: reason.clone(),
        });
        let vendors = arms.into_iter().zip(scores).zip(weighed.totals()).map(|((arm, scores), total)| VendorScore { arm, scores, total });
        Ok(Scorecard {
            profile: (profile.name.clone(), profile.called.clone()),
            dimensions: dimensions.collect(),
            vendors: vendors.collect(),
            ranks: weighed.ranks(&self.draws)?,
            standing,
            tipping,
            draws: self.draws,
            no_price,
        })
    }

    /// Own weights before those of the profile.
    fn weights(&self, profile: &Profile) -> Result<Vec<(f64, Said)>, ScorecardError> {
        let mut weights = profile.weights.clone();
        for own in &self.weighing.weights {
            let at = DIMENSIONS.iter().position(|name| *name == own.dimension);
            let at = at.ok_or_else(|| ScorecardError::Dimension { dimension: own.dimension.clone() })?;
            if !(own.weight >= 0.0 && own.weight.is_finite()) {
                return Err(ScorecardError::Weight { dimension: own.dimension.clone(), weight: own.weight });
            }
            weights[at] = (own.weight, Said::new(&*own.reason, &*own.reason));
        }
        Ok(weights)
    }
}

#[cfg(test)]
mod tests;
