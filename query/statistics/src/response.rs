//! Satisfaction of everyone asked, when few answered: correction for silence.
//!
//! Of everyone asked it is known how the call went, on which platform, how long they have been users; of few what they thought. Three ways from these
//! to everyone, each with an interval that allows for what was estimated on the way:
//!
//! - answers weighted by how many like them were asked for each who answered ([`Corrected::weighted`], and trimmed);
//! - beside that, answers predicted from what is known, and averaged over everyone ([`Corrected::augmented`]): right when either the model of answering
//!   or the model of answers is (doubly robust; Robins, Rotnitzky and Zhao, J. Amer. Statist. Assoc. 89 (1994), 846-866). This is the headline;
//! - what that leaves for the silent alone ([`Corrected::silent`]).
//!
//! All of it repairs only what the covariates explain. That answering depends on satisfaction itself can neither be seen nor repaired here:
//! [`crate::sensitivity`] says what it would do.

pub(crate) mod outcome;
mod overlap;
mod part;
pub(crate) mod propensity;

pub use overlap::{MIN_ANSWERS, Overlap, Warning};

use crate::balance::{Balance, Groups, Yardstick, balance};
use crate::calibration::{Calibration, Outcome, calibration};
use crate::design::Design;
use crate::estimate::{Confidence, Estimate};
use crate::influence::{Clusters, Spread, bootstrap, totals};
use crate::logistic::{LogisticError, Penalty};
use crate::scale::{Instrument, Kind};
use crate::score::{Answer, Scored, score, score_by_person};
use crate::share::share;
use crate::weights::{Cap, design_effect, effective_n};
use outcome::Predicted;
use propensity::Propensity;

/// Everyone who was asked, one a row.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What was asked.
    pub instrument: Instrument,
    /// What they answered; anything for the silent, NaN by custom.
    pub scores: &'a [f64],
    /// Whether they answered.
    pub answered: &'a [bool],
    /// What is known of all of them.
    pub design: &'a Design,
    /// Rows of the same number are of the same person, and count as one observation in every interval; all of different ones without.
    pub clusters: Option<&'a [u32]>,
}

/// How to correct.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// Of all intervals.
    pub level: Confidence,
    /// Of the model of answering. Without one, where answers are fewer than ten a column or a column separates, a ridge of 1 is used.
    pub penalty: Penalty,
    /// Above what weights are cut.
    pub cap: Cap,
    /// Of the bootstrap.
    pub seed: u64,
}

/// Satisfaction of everyone asked. Estimates are in the unit of the score, their `n` the number of answers.
#[derive(Debug, Clone)]
pub struct Corrected {
    /// Everyone asked.
    pub asked: u64,
    /// The share that answered, 0 to 1.
    pub rate: Estimate,
    /// What those who answered said, as it is.
    pub answers: Scored,
    /// The score of the answers, uncorrected; its interval allows for clusters, where there are any.
    pub raw: Estimate,
    /// The score with answers weighted by 1 / probability of answering.
    pub weighted: Estimate,
    /// The same with weights cut at a cap.
    pub trimmed: Estimate,
    /// How many weights were cut.
    pub trimmed_weights: u64,
    /// The share of all weight that was cut off, 0 to 1.
    pub trimmed_share: f64,
    /// Weighted, and predicted from what is known: the corrected score.
    pub augmented: Estimate,
    /// The score the silent would have given, as far as the covariates tell; interval by bootstrap. Together with the answers, each by its part of
    /// everyone, it makes up [`Corrected::augmented`].
    pub silent: Estimate,
    /// How many answers of equal weight would say as much (Kish), by trimmed weights.
    pub effective_n: f64,
    /// How many times weighting enlarges the variance (Kish), by trimmed weights.
    pub design_effect: f64,
    /// Respondents against everyone asked, in the standard deviations of everyone asked, before and after weighting by trimmed weights.
    pub balance: Balance,
    /// Whether as many answered as the model of answering says, by tenths of everyone.
    pub answering: Calibration,
    /// Whether answers were as the model of answers says, by tenths of those who answered.
    pub answering_with: Calibration,
    /// How far the silent are of a kind with those who answered.
    pub overlap: Overlap,
    /// What stands against relying on the corrected score.
    pub warnings: Vec<Warning>,
    pub(crate) fit: Fit,
}

/// What a sensitivity analysis goes on from.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    pub respondents: Respondents,
    pub propensity: Propensity,
    pub clusters: Option<Clusters>,
    /// Respondents that count as separate observations.
    pub units: usize,
}

/// Those whose answers count.
#[derive(Debug, Clone)]
pub(crate) struct Respondents {
    /// Their rows.
    pub rows: Vec<usize>,
    /// What each answered.
    pub scores: Vec<f64>,
    /// What each contributes to the score.
    pub contributions: Vec<f64>,
    /// Whether a row is of them.
    pub answered: Vec<bool>,
    /// Answers off the scale.
    pub refused: u64,
}

/// The share of the silent less likely to answer than anyone who did from which there is nothing to correct by: our choice.
pub const MOST_BEYOND: f64 = 0.8;

/// Why silence cannot be corrected for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CorrectError {
    /// Lists of different lengths.
    #[error("correct {kind} for silence over {rows} rows: there are {got} {what}", kind = kind.name())]
    Length {
        /// What was asked.
        kind: Kind,
        /// The design's rows.
        rows: usize,
        /// What differs.
        what: &'static str,
        /// Its number.
        got: usize,
    },
    /// Nobody answered.
    #[error("correct {kind} for the silence of all {asked} asked: nobody answered on the scale, {refused} off it", kind = kind.name())]
    NoAnswers {
        /// What was asked.
        kind: Kind,
        /// Everyone asked.
        asked: usize,
        /// Answers off the scale.
        refused: u64,
    },
    /// Everyone answered.
    #[error("correct {kind} for silence: all {asked} asked answered, so that the raw score stands", kind = kind.name())]
    NobodySilent {
        /// What was asked.
        kind: Kind,
        /// Everyone asked.
        asked: usize,
    },
    /// Answers that all contribute the same.
    #[error("correct {kind} for silence: all {answers} answers contribute {contribution}, and tell nothing of who would say otherwise", kind = kind.name())]
    Alike {
        /// What was asked.
        kind: Kind,
        /// Answers.
        answers: usize,
        /// What each contributes.
        contribution: f64,
    },
    /// No more answers than columns.
    #[error("correct {kind} for silence by {columns} columns with answers of {answers}: there must be more answers than columns", kind = kind.name())]
    TooFew {
        /// What was asked.
        kind: Kind,
        /// Separate observations among the answers.
        answers: usize,
        /// The design's columns.
        columns: usize,
    },
    /// The probability of answering cannot be modelled.
    #[error("correct {kind} for silence: model who answers", kind = kind.name())]
    Answering {
        /// What was asked.
        kind: Kind,
        /// Why not.
        source: LogisticError,
    },
    /// Most of the silent are less likely to answer than anyone who did.
    #[error("correct {kind} for silence: {:.0} % of the silent are less likely to answer than anyone who did, and nobody of their kind spoke", share * 100.0, kind = kind.name())]
    NobodyAlike {
        /// What was asked.
        kind: Kind,
        /// Their share of the silent, more than [`MOST_BEYOND`] to 1.
        share: f64,
    },
    /// Answers cannot be modelled.
    #[error("correct {kind} for silence: answers have no model in the {columns} columns", kind = kind.name())]
    Answers {
        /// What was asked.
        kind: Kind,
        /// The design's columns.
        columns: usize,
    },
    /// Weights without a meaning, such as a cap that is not positive.
    #[error("correct {kind} for silence with weights cut at {cap:?}: no weight is left", kind = kind.name())]
    Cap {
        /// What was asked.
        kind: Kind,
        /// The cap.
        cap: Cap,
    },
}

/// Corrects a score for silence.
///
/// Answering is modelled by logistic regression on the design, answers by another (shares; NPS: one for promoters and one for detractors) or by least
/// squares (means). Intervals are for the score of everyone like those asked: they count the chance in who was asked and who answered, and what
/// estimating both models adds or takes away, by the influence of each row through all of the estimating equations.
pub fn correct(asked: &Asked<'_>, options: &Options) -> Result<Corrected, CorrectError> {
    let kind = asked.instrument.kind();
    let respondents = respondents(asked)?;
    let clusters = asked.clusters.map(Clusters::new);
    let units = clusters.as_ref().map_or(respondents.rows.len(), |clusters| clusters.touched(respondents.rows.iter().copied()));
    let columns = asked.design.columns();
    if units <= columns {
        return Err(CorrectError::TooFew { kind, answers: units, columns });
    }
    let propensity = propensity::fit(asked.design, &respondents, options).map_err(|source| CorrectError::Answering { kind, source })?;
    let propensity = propensity.ok_or(CorrectError::Cap { kind, cap: options.cap })?;
    let beyond = Overlap::of(&propensity, &respondents).silent_beyond;
    if beyond > MOST_BEYOND {
        return Err(CorrectError::NobodyAlike { kind, share: beyond });
    }
    let predicted = outcome::predict(asked, &respondents, &propensity).ok_or(CorrectError::Answers { kind, columns })?;
    let fit = Fit { respondents, propensity, clusters, units };
    let report = Report { asked, options, fit: &fit, predicted: &predicted };
    let estimates = report.estimates().ok_or(CorrectError::Answers { kind, columns })?;
    report.corrected(estimates)
}

fn respondents(asked: &Asked<'_>) -> Result<Respondents, CorrectError> {
    let (kind, rows) = (asked.instrument.kind(), asked.design.rows());
    let clusters = asked.clusters.map_or(rows, <[u32]>::len);
    for (what, got) in [("scores", asked.scores.len()), ("marks of who answered", asked.answered.len()), ("cluster numbers", clusters)] {
        if got != rows {
            return Err(CorrectError::Length { kind, rows, what, got });
        }
    }
    let contribution = |row: usize| asked.instrument.contribution(asked.scores[row]);
    let claimed = asked.answered.iter().filter(|answered| **answered).count();
    let (kept, contributions): (Vec<usize>, Vec<f64>) =
        (0..rows).filter(|row| asked.answered[*row]).filter_map(|row| Some((row, contribution(row)?))).unzip();
    let refused = (claimed - kept.len()) as u64;
    if kept.is_empty() {
        return Err(CorrectError::NoAnswers { kind, asked: rows, refused });
    }
    if kept.len() == rows {
        return Err(CorrectError::NobodySilent { kind, asked: rows });
    }
    if contributions.iter().all(|y| *y == contributions[0]) {
        return Err(CorrectError::Alike { kind, answers: kept.len(), contribution: contributions[0] });
    }
    let mut answered = vec![false; rows];
    kept.iter().for_each(|row| answered[*row] = true);
    let scores = kept.iter().map(|row| asked.scores[*row]).collect();
    Ok(Respondents { rows: kept, scores, contributions, answered, refused })
}

struct Report<'a> {
    asked: &'a Asked<'a>,
    options: &'a Options,
    fit: &'a Fit,
    predicted: &'a Predicted,
}

struct Estimates {
    answers: Scored,
    weighted: Estimate,
    trimmed: Estimate,
    augmented: Estimate,
    silent: Estimate,
}

impl Report<'_> {
    fn spread(&self, influence: Vec<f64>, columns: usize) -> Option<Spread> {
        Spread::of(&totals(influence, self.fit.clusters.as_ref()), self.fit.units, columns)
    }

    fn interval(&self, value: f64, influence: Vec<f64>, columns: usize) -> Option<Estimate> {
        let n = self.fit.respondents.rows.len() as u64;
        self.spread(influence, columns)?.interval(&self.asked.instrument, value, self.options.level, n)
    }

    fn estimates(&self) -> Option<Estimates> {
        let (design, Fit { respondents, propensity, .. }) = (self.asked.design, self.fit);
        let weigh = |trimming| {
            let (value, influence) = propensity.weighted(design, respondents, trimming);
            self.interval(value, influence, 1)
        };
        let augmented = self.interval(self.predicted.value, self.predicted.influence.clone(), design.columns())?;
        Some(Estimates {
            answers: self.answers()?,
            weighted: weigh(propensity::Trimming::Without)?,
            trimmed: weigh(propensity::Trimming::With)?,
            augmented,
            silent: self.silent()?,
        })
    }

    fn answers(&self) -> Option<Scored> {
        let answers: Vec<Answer> = self.fit.respondents.scores.iter().map(|score| Answer { score: *score, weight: 1.0 }).collect();
        let (instrument, level, seed) = (&self.asked.instrument, self.options.level, self.options.seed);
        let scored = match self.asked.clusters {
            None => score(instrument, &answers, level, seed),
            Some(clusters) => {
                let persons: Vec<u32> = self.fit.respondents.rows.iter().map(|row| clusters[*row]).collect();
                score_by_person(instrument, &answers, &persons, level, seed)
            }
        };
        let scored = scored.ok()?;
        Some(Scored { refused: self.fit.respondents.refused, ..scored })
    }

    /// What is left of everyone's score when the answers are taken out of it.
    fn silent(&self) -> Option<Estimate> {
        let Respondents { rows, contributions, answered, .. } = &self.fit.respondents;
        let everyone = answered.len() as f64;
        let silent = everyone - rows.len() as f64;
        let value = (self.predicted.value * everyone - contributions.iter().sum::<f64>()) / silent;
        let mut influence = self.predicted.influence.clone();
        influence.iter_mut().for_each(|influence| *influence -= (value - self.predicted.value) / everyone);
        rows.iter().zip(contributions).for_each(|(row, y)| influence[*row] -= (y - value) / everyone);
        influence.iter_mut().for_each(|influence| *influence *= everyone / silent);
        let enlarge = self.fit.units as f64 / (self.fit.units - self.asked.design.columns()) as f64;
        let totals = totals(influence, self.fit.clusters.as_ref());
        let (low, high) = bootstrap(value, &totals, enlarge.sqrt(), self.options.level, self.options.seed)?;
        let held = |x: f64| x.clamp(self.asked.instrument.bounds().0, self.asked.instrument.bounds().1);
        Some(Estimate { value: held(value), low: held(low), high: held(high), n: rows.len() as u64 })
    }

    fn corrected(&self, estimates: Estimates) -> Result<Corrected, CorrectError> {
        let (kind, columns, level) = (self.asked.instrument.kind(), self.asked.design.columns(), self.options.level);
        let none = CorrectError::Answers { kind, columns };
        let Fit { respondents, propensity, .. } = self.fit;
        let asked = respondents.answered.len() as u64;
        let outcome = if self.asked.instrument.is_share() { Outcome::Share } else { Outcome::Mean };
        let answered: Vec<f64> = respondents.answered.iter().map(|answered| f64::from(u8::from(*answered))).collect();
        let balance = self.balance(&answered).ok_or_else(|| none.clone())?;
        let overlap = Overlap::of(propensity, respondents);
        let effective = effective_n(&propensity.trimmed.weights).ok_or_else(|| none.clone())?;
        let warnings = overlap::warnings(self.asked.design, self.fit, &overlap, &balance, effective);
        Ok(Corrected {
            asked,
            rate: share(respondents.rows.len() as u64, asked, level).ok_or_else(|| none.clone())?,
            raw: estimates.answers.headline,
            answers: estimates.answers,
            weighted: estimates.weighted,
            trimmed: estimates.trimmed,
            trimmed_weights: propensity.trimmed.trimmed,
            trimmed_share: propensity.trimmed.removed,
            augmented: estimates.augmented,
            silent: estimates.silent,
            effective_n: effective,
            design_effect: design_effect(&propensity.trimmed.weights).ok_or_else(|| none.clone())?,
            balance,
            answering: calibration(&propensity.model.probability, &answered, Outcome::Share, level).ok_or_else(|| none.clone())?,
            answering_with: calibration(&self.predicted.of_respondents, &respondents.contributions, outcome, level).ok_or(none)?,
            overlap,
            warnings,
            fit: self.fit.clone(),
        })
    }

    fn balance(&self, answered: &[f64]) -> Option<Balance> {
        let everyone = vec![1.0; answered.len()];
        let mut weighted = vec![0.0; answered.len()];
        let Fit { respondents, propensity, .. } = self.fit;
        respondents.rows.iter().zip(&propensity.trimmed.weights).for_each(|(row, weight)| weighted[*row] = *weight);
        let before = Groups { first: answered, second: &everyone };
        balance(self.asked.design, before, Groups { first: &weighted, ..before }, Yardstick::Second).ok()
    }
}

#[cfg(test)]
mod tests;
