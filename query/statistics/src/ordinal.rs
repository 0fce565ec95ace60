//! A score that depends on covariates: the proportional-odds model, which takes scores as ordered and no more.
//!
//! The chance of a score at or under each threshold moves with the covariates by the same odds. Two levels make it the logistic model. The distances
//! between scores are only used where a mean score is asked for.

mod likelihood;

use nalgebra::{DMatrix, DVector};

use self::likelihood::Terms;
use crate::design::Design;
use crate::linear::solve;
use crate::logistic::Penalty;

/// Levels a score can have at most: our choice; each takes a threshold, and a finer scale is a number to be fitted by least squares.
pub const MAX_LEVELS: usize = 32;

/// Why no model can be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OrdinalError {
    /// Scores and rows differ in number.
    #[error("fit {scores} scores to a design of {rows} rows: one of each is needed")]
    Length {
        /// The scores.
        scores: usize,
        /// The rows.
        rows: usize,
    },
    /// A score is NaN or infinite.
    #[error("fit row {row}: its score is {score}")]
    NotFinite {
        /// Where, from 0.
        row: usize,
        /// The score.
        score: f64,
    },
    /// A weight is negative, not finite, or missing.
    #[error("fit row {row}: it has no weight of 0 or more")]
    Weight {
        /// Where, from 0.
        row: usize,
    },
    /// All scores are alike.
    #[error("all {rows} scores are the same: nothing can be told from them")]
    OneOutcome {
        /// The rows.
        rows: usize,
    },
    /// More levels than [`MAX_LEVELS`].
    #[error("the scores take {levels} values, more than {MAX_LEVELS}: they are no levels of a scale")]
    TooManyLevels {
        /// Different scores.
        levels: usize,
    },
    /// Fewer scores off the most frequent one than coefficients.
    #[error("{rarer} scores other than the most frequent are too few for {columns} coefficients and thresholds")]
    TooFew {
        /// Rows with another than the most frequent score.
        rarer: usize,
        /// Coefficients and thresholds.
        columns: usize,
    },
    /// Some covariates predict the score without error, so that coefficients have no finite estimate.
    #[error("{column} separates the scores perfectly: its coefficient has no finite estimate")]
    Separated {
        /// The column with the largest coefficient.
        column: String,
    },
    /// The equations have no solution.
    #[error("the covariates are collinear")]
    Collinear,
}

/// A fitted proportional-odds model: the log-odds of a score at or under level j are threshold j less the sum of coefficients times columns.
#[derive(Debug, Clone)]
pub struct Ordinal {
    /// The scores, ascending.
    pub levels: Vec<f64>,
    /// Log-odds, one less than there are levels, ascending.
    pub thresholds: Vec<f64>,
    /// Log-odds of a higher score, one a column of the design; the intercept's is 0, as the thresholds stand for it.
    pub coefficients: Vec<f64>,
    /// Inverse of the (penalised) information: the covariance under the model of thresholds, then of the coefficients without the intercept's.
    pub covariance: DMatrix<f64>,
    /// Log-likelihood, without the penalty.
    pub log_likelihood: f64,
    /// Which level each row's score is, from 0.
    pub codes: Vec<u8>,
}

/// A coefficient beyond which odds are 0 or infinite for all purposes: that of separated scores runs away past it.
const RUNAWAY: f64 = 30.0;
/// Newton's steps; a fit that has a solution takes fewer than ten.
const STEPS: usize = 60;

/// Fits the model by Newton's method; the likelihood has one maximum (Pratt, J. Amer. Statist. Assoc. 76 (1981), 103-106). Rows weigh 1 without
/// `weights`. The penalty draws coefficients to zero, never thresholds.
///
/// McCullagh, J. Royal Statist. Soc. B 42 (1980), 109-142.
pub fn ordinal(design: &Design, scores: &[f64], weights: Option<&[f64]>, penalty: Penalty) -> Result<Ordinal, OrdinalError> {
    let (levels, codes) = levels(design, scores, weights)?;
    let mut counts = vec![0_usize; levels.len()];
    codes.iter().enumerate().filter(|(row, _)| weights.is_none_or(|w| w[*row] > 0.0)).for_each(|(_, code)| counts[usize::from(*code)] += 1);
    let rows: usize = counts.iter().sum();
    let (cuts, slopes) = (levels.len() - 1, design.columns() - 1);
    let rarer = rows - counts.iter().max().copied().unwrap_or(0);
    if rarer < cuts + slopes && penalty == Penalty::None {
        return Err(OrdinalError::TooFew { rarer, columns: cuts + slopes });
    }
    let ridge = if let Penalty::Ridge(strength) = penalty { strength } else { 0.0 };
    let terms = Terms { design, codes: &codes, weights, cuts };
    // Start at the shares themselves, which is the fit without covariates.
    let mut below = 0;
    let start = counts[..cuts].iter().map(|count| {
        below += count;
        (below as f64 / (rows - below) as f64).ln()
    });
    let mut at = DVector::from_iterator(cuts + slopes, start.chain(std::iter::repeat_n(0.0, slopes)));
    let draw = |at: &DVector<f64>| ridge / 2.0 * at.iter().skip(cuts).map(|b| b * b).sum::<f64>();
    let mut best = terms.log_likelihood(at.as_slice()) - draw(&at);
    for _ in 0..STEPS {
        let (mut gradient, mut information) = terms.derivatives(at.as_slice());
        for slope in cuts..cuts + slopes {
            gradient[slope] -= ridge * at[slope];
            information[(slope, slope)] += ridge;
        }
        let Some((step, covariance)) = solve(&information, &gradient) else { return Err(lost(design, &at, cuts)) };
        // Half the step while it overshoots, or thresholds cross.
        let mut taken = 1.0;
        let (next, value) = loop {
            let next = &at + &step * taken;
            let ordered = next.as_slice()[..cuts].windows(2).all(|pair| pair[0] < pair[1]);
            let value = if ordered { terms.log_likelihood(next.as_slice()) - draw(&next) } else { f64::NEG_INFINITY };
            if value >= best - 1e-9 * best.abs().max(1.0) || (taken < 1e-4 && ordered) || taken < 1e-9 {
                break (next, value);
            }
            taken /= 2.0;
        };
        let moved = step.amax() * taken;
        (at, best) = (next, value);
        if !best.is_finite() || (penalty == Penalty::None && at.as_slice()[cuts..].iter().any(|b| b.abs() > RUNAWAY)) {
            return Err(lost(design, &at, cuts));
        }
        if moved < 1e-9 {
            let log_likelihood = terms.log_likelihood(at.as_slice());
            let thresholds = at.as_slice()[..cuts].to_vec();
            let coefficients = std::iter::once(0.0).chain(at.as_slice()[cuts..].iter().copied()).collect();
            return Ok(Ordinal { levels, thresholds, coefficients, covariance, log_likelihood, codes });
        }
    }
    Err(lost(design, &at, cuts))
}

impl Ordinal {
    /// The mean score expected of a row with this sum of coefficients times columns, and how fast it grows with the sum.
    pub fn mean(&self, sum: f64) -> (f64, f64) {
        let top = self.levels[self.levels.len() - 1];
        let mut mean = (top, 0.0);
        for (cut, step) in self.thresholds.iter().zip(self.levels.windows(2)) {
            let below = crate::logistic::expit(cut - sum);
            let height = step[1] - step[0];
            mean = (mean.0 - height * below, mean.1 + height * below * (1.0 - below));
        }
        mean
    }

    /// [`Ordinal::mean`], with its derivatives by the thresholds added to `to` with this factor.
    pub(crate) fn mean_by_thresholds(&self, sum: f64, factor: f64, to: &mut [f64]) -> (f64, f64) {
        let top = self.levels[self.levels.len() - 1];
        let mut mean = (top, 0.0);
        for ((cut, step), to) in self.thresholds.iter().zip(self.levels.windows(2)).zip(to) {
            let below = crate::logistic::expit(cut - sum);
            let height = step[1] - step[0];
            let density = height * below * (1.0 - below);
            *to -= factor * density;
            mean = (mean.0 - height * below, mean.1 + density);
        }
        mean
    }

    /// The derivatives of a row's log-likelihood by the threshold above its score, by the one below, and by its sum of coefficients times columns.
    pub(crate) fn row_score(&self, row: usize, sum: f64) -> likelihood::Slopes {
        likelihood::slopes(&self.thresholds, usize::from(self.codes[row]), sum)
    }
}

type Levels = (Vec<f64>, Vec<u8>);

fn levels(design: &Design, scores: &[f64], weights: Option<&[f64]>) -> Result<Levels, OrdinalError> {
    if scores.len() != design.rows() {
        return Err(OrdinalError::Length { scores: scores.len(), rows: design.rows() });
    }
    if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
        return Err(OrdinalError::NotFinite { row, score: scores[row] });
    }
    let weighs = |row: usize| weights.is_none_or(|w| w.get(row).is_some_and(|w| *w > 0.0));
    if let Some(weights) = weights {
        let wrong = (0..scores.len()).find(|row| !weights.get(*row).is_some_and(|w| *w >= 0.0 && w.is_finite()));
        if let Some(row) = wrong {
            return Err(OrdinalError::Weight { row });
        }
    }
    let mut levels: Vec<f64> = Vec::new();
    for (_, score) in scores.iter().enumerate().filter(|(row, _)| weighs(*row)) {
        if let Err(at) = levels.binary_search_by(|level| level.total_cmp(&(score + 0.0))) {
            levels.insert(at, score + 0.0);
        }
        if levels.len() > 10 * MAX_LEVELS {
            return Err(OrdinalError::TooManyLevels { levels: levels.len() });
        }
    }
    match levels.len() {
        0 | 1 => return Err(OrdinalError::OneOutcome { rows: scores.len() }),
        2..=MAX_LEVELS => {}
        levels => return Err(OrdinalError::TooManyLevels { levels }),
    }
    // A row of weight 0 may have a score of its own, which then says nothing.
    let code = |score: &f64| levels.partition_point(|level| *level < score + 0.0).min(levels.len() - 1) as u8;
    let codes = scores.iter().map(code).collect();
    Ok((levels, codes))
}

/// What it means when the equations or the steps run away: separation where a coefficient did, collinearity otherwise.
fn lost(design: &Design, at: &DVector<f64>, cuts: usize) -> OrdinalError {
    let largest = (cuts..at.len()).max_by(|a, b| at[*a].abs().total_cmp(&at[*b].abs()));
    match largest {
        Some(slope) if at[slope].abs() > 5.0 => OrdinalError::Separated { column: design.column()[slope - cuts + 1].label() },
        _ => OrdinalError::Collinear,
    }
}

#[cfg(test)]
mod tests;
