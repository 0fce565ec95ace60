//! Who answers: the probability, the weights it gives, and the weighted score.

use crate::design::Design;
use crate::influence::parallel_rows;
use crate::logistic::{Logistic, LogisticError, Penalty, logistic};
use crate::response::{Options, Respondents};
use crate::weights::{Trimmed, trim};
use nalgebra::DVector;

/// A fitted model of answering.
#[derive(Debug, Clone)]
pub(crate) struct Propensity {
    /// The probability of each row.
    pub model: Logistic,
    /// 1 / probability of each respondent.
    pub weights: Vec<f64>,
    /// The same, cut at a cap; rescaled to the sum of the uncut.
    pub trimmed: Trimmed,
    /// A column that answers or silence can be told from without error, had it no penalty.
    pub separated: Option<String>,
}

/// Whether weights are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trimming {
    Without,
    With,
}

/// Outcomes of the rarer kind a coefficient, below which coefficients are drawn to zero (Peduzzi et al., J. Clin. Epidemiol. 49 (1996), 1373-1379).
pub(crate) const PER_COLUMN: usize = 10;
/// By how much: about one observation a coefficient.
pub(crate) const RIDGE: f64 = 1.0;

/// A logistic model, held by a ridge where data are too few for one without, and where a column separates; that column's name is the second.
pub(crate) fn held(
    design: &Design,
    outcome: &[bool],
    weights: Option<&[f64]>,
    penalty: Penalty,
) -> Result<(Logistic, Option<String>), LogisticError> {
    let hits = outcome.iter().filter(|hit| **hit).count();
    let few = hits.min(outcome.len() - hits) < PER_COLUMN * design.columns();
    let ridge = || logistic(design, outcome, weights, Penalty::Ridge(RIDGE));
    match penalty {
        Penalty::None => match logistic(design, outcome, weights, Penalty::None) {
            Err(LogisticError::Separated { column }) => Ok((ridge()?, Some(column))),
            Err(LogisticError::Collinear | LogisticError::TooFew { .. }) => Ok((ridge()?, None)),
            Ok(_) if few => Ok((ridge()?, None)),
            fit => Ok((fit?, None)),
        },
        Penalty::Ridge(_) => Ok((logistic(design, outcome, weights, penalty)?, None)),
    }
}

/// The model of answering, and its weights; `None` where the cap leaves none.
pub(crate) fn fit(design: &Design, respondents: &Respondents, options: &Options) -> Result<Option<Propensity>, LogisticError> {
    let (model, separated) = held(design, &respondents.answered, None, options.penalty)?;
    let weights: Vec<f64> = respondents.rows.iter().map(|row| 1.0 / model.probability[*row]).collect();
    let trimmed = trim(&weights, options.cap);
    Ok(trimmed.map(|trimmed| Propensity { model, weights, trimmed, separated }))
}

impl Propensity {
    /// The weight of a respondent by place, cut at the cap but not rescaled.
    pub fn cut(&self, place: usize) -> f64 {
        self.weights[place].min(self.trimmed.cap)
    }

    /// Whether a respondent's weight still moves with the model: a cut one does not.
    pub fn moves(&self, place: usize) -> bool {
        self.weights[place] <= self.trimmed.cap
    }

    /// How each row moves what depends on the model through `gradient` (over its coefficients): its own part in the model's estimating equations,
    /// through the inverse of their information.
    pub fn through(&self, design: &Design, answered: &[bool], gradient: &DVector<f64>) -> Vec<f64> {
        let direction = &self.model.covariance * gradient;
        parallel_rows(design.rows(), |row| {
            let surprise = f64::from(u8::from(answered[row])) - self.model.probability[row];
            design.predict(row, direction.as_slice()) * surprise
        })
    }

    /// Hajek's weighted mean of contributions, and how each row moved it.
    pub fn weighted(&self, design: &Design, respondents: &Respondents, trimming: Trimming) -> (f64, Vec<f64>) {
        let Respondents { rows, contributions, answered, .. } = respondents;
        let weight = |place: usize| if trimming == Trimming::With { self.cut(place) } else { self.weights[place] };
        let moves = |place: usize| trimming == Trimming::Without || self.moves(place);
        let total: f64 = (0..rows.len()).map(weight).sum();
        let mean = (0..rows.len()).map(|place| weight(place) * contributions[place]).sum::<f64>() / total;
        let mut gradient = DVector::zeros(design.columns());
        for place in (0..rows.len()).filter(|place| moves(*place)) {
            // d (1 / p) / d coefficients = -(1 - p) / p x.
            let pull = -(weight(place) - 1.0) * (contributions[place] - mean) / total;
            gradient.iter_mut().zip(design.row(rows[place])).for_each(|(sum, x)| *sum += pull * x);
        }
        let mut influence = self.through(design, answered, &gradient);
        rows.iter().enumerate().for_each(|(place, row)| influence[*row] += weight(place) * (contributions[place] - mean) / total);
        (mean, influence)
    }
}
