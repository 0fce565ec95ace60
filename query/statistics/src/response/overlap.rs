//! Whether those who answered can speak for the silent, and warnings where they can hardly.

use crate::balance::Balance;
use crate::design::Design;
use crate::response::propensity::Propensity;
use crate::response::{Fit, Respondents};

/// How far the silent are of a kind with those who answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// The least probability of answering of anyone who did, 0 to 1.
    pub least_answered: f64,
    /// The share of the silent less likely to answer than anyone who did, 0 to 1: of their kind nobody spoke.
    pub silent_beyond: f64,
    /// The largest weight before trimming, in mean weights.
    pub greatest_weight: f64,
}

/// What stands against relying on a corrected score.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// Fewer answers than [`MIN_ANSWERS`]; of people, where rows are clustered.
    FewAnswers {
        /// How many.
        answers: u64,
    },
    /// Weighting leaves fewer than [`MIN_ANSWERS`] effective answers, or less than a tenth of them.
    FewEffective {
        /// Kish's effective number.
        effective_n: f64,
        /// Answers.
        answers: u64,
    },
    /// More than a twentieth of the silent are less likely to answer than anyone who did.
    SilentBeyond {
        /// Their share of the silent, 0 to 1.
        share: f64,
    },
    /// An answer weighs more than ten times the mean, before trimming.
    HeavyWeight {
        /// The largest weight, in mean weights.
        greatest: f64,
    },
    /// After weighting, respondents still differ from everyone asked by more than 0.1 standard deviations.
    Unbalanced {
        /// The column that differs most.
        column: String,
        /// By how many standard deviations, in size.
        difference: f64,
    },
    /// A column tells answers from silence without error; its coefficient was held by a ridge.
    Separated {
        /// The column.
        column: String,
    },
    /// Nothing is known that differs between people, so that nothing could be corrected.
    NothingKnown,
}

/// Fewer answers than this do not carry a model: our choice.
pub const MIN_ANSWERS: u64 = 30;
/// The share of effective answers below which weighting has thrown most of them away: our choice.
const MIN_EFFECTIVE_SHARE: f64 = 0.1;
/// The share of the silent that nobody may speak for: our choice.
const MAX_BEYOND: f64 = 0.05;
/// In mean weights; the customary cap.
const MAX_WEIGHT: f64 = 10.0;
/// In standard deviations; customary (Austin 2009).
const MAX_DIFFERENCE: f64 = 0.1;

impl Overlap {
    pub(crate) fn of(propensity: &Propensity, respondents: &Respondents) -> Overlap {
        let probability = &propensity.model.probability;
        let least = respondents.rows.iter().map(|row| probability[*row]).fold(1.0, f64::min);
        let beyond = probability.iter().zip(&respondents.answered).filter(|(p, answered)| !**answered && **p < least).count();
        let (sum, greatest) = propensity.weights.iter().fold((0.0, 0.0_f64), |(sum, most), weight| (sum + weight, most.max(*weight)));
        Overlap {
            least_answered: least,
            silent_beyond: beyond as f64 / (probability.len() - respondents.rows.len()) as f64,
            greatest_weight: greatest * propensity.weights.len() as f64 / sum,
        }
    }
}

pub(crate) fn warnings(design: &Design, fit: &Fit, overlap: &Overlap, balance: &Balance, effective_n: f64) -> Vec<Warning> {
    let answers = fit.units as u64;
    let few_effective = effective_n < MIN_ANSWERS as f64 || effective_n < MIN_EFFECTIVE_SHARE * fit.respondents.rows.len() as f64;
    let unbalanced = balance.worst_after().filter(|(_, difference)| *difference > MAX_DIFFERENCE);
    [
        (answers < MIN_ANSWERS).then_some(Warning::FewAnswers { answers }),
        few_effective.then_some(Warning::FewEffective { effective_n, answers: fit.respondents.rows.len() as u64 }),
        (overlap.silent_beyond > MAX_BEYOND).then_some(Warning::SilentBeyond { share: overlap.silent_beyond }),
        (overlap.greatest_weight > MAX_WEIGHT).then_some(Warning::HeavyWeight { greatest: overlap.greatest_weight }),
        unbalanced.map(|(column, difference)| Warning::Unbalanced { column: column.to_owned(), difference }),
        fit.propensity.separated.clone().map(|column| Warning::Separated { column }),
        (design.columns() == 1).then_some(Warning::NothingKnown),
    ]
    .into_iter()
    .flatten()
    .collect()
}
