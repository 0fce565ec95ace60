//! A probability that depends on covariates.

use nalgebra::{DMatrix, DVector};

use crate::design::Design;
use crate::linear::{Normal, solve};
use crate::parallel::{BLOCK, map, over_blocks};

/// How much coefficients are drawn to zero.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Penalty {
    /// Not at all: maximum likelihood.
    #[default]
    None,
    /// Half this times each squared coefficient is subtracted from the log-likelihood, the intercept's aside (ridge). Columns of a [`Design`] are
    /// in standard deviations, so one value fits all.
    Ridge(f64),
}

impl Penalty {
    fn of(self, column: usize) -> f64 {
        match self {
            Penalty::Ridge(strength) if column > 0 => strength,
            _ => 0.0,
        }
    }
}

/// Why no model can be fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogisticError {
    /// All outcomes are alike.
    #[error("all {rows} outcomes are the same: nothing can be told from them")]
    OneOutcome {
        /// The rows.
        rows: usize,
    },
    /// Fewer of the rarer outcome than coefficients.
    #[error("{rarer} of the rarer outcome are too few for {columns} coefficients")]
    TooFew {
        /// Rows with the rarer outcome.
        rarer: usize,
        /// Coefficients.
        columns: usize,
    },
    /// Some covariates predict the outcome without error, so that coefficients have no finite estimate.
    #[error("{column} separates the outcomes perfectly: its coefficient has no finite estimate")]
    Separated {
        /// The column with the largest coefficient.
        column: String,
    },
    /// The equations have no solution.
    #[error("the covariates are collinear")]
    Collinear,
}

/// A fitted logistic model.
#[derive(Debug, Clone)]
pub struct Logistic {
    /// Log-odds, one a column of the design.
    pub coefficients: DVector<f64>,
    /// Inverse of the (penalised) information: the coefficients' covariance under the model.
    pub covariance: DMatrix<f64>,
    /// Log-likelihood, without the penalty.
    pub log_likelihood: f64,
    /// The probability of each row.
    pub probability: Vec<f64>,
}

/// A linear predictor beyond which a probability is 0 or 1 for all purposes: that of separated outcomes runs away past it.
const RUNAWAY: f64 = 30.0;
/// Newton's steps; a fit that has a solution takes fewer than ten.
const STEPS: usize = 60;

/// Fits the probability that `outcome` is true by Newton's method (iteratively reweighted least squares). Rows weigh 1 without `weights`;
/// those of weight 0 take no part, but are given their probability.
pub fn logistic(design: &Design, outcome: &[bool], weights: Option<&[f64]>, penalty: Penalty) -> Result<Logistic, LogisticError> {
    let y = |i: usize| f64::from(u8::from(outcome[i]));
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let rows = (0..outcome.len()).filter(|i| weight(*i) > 0.0).count();
    let hits = (0..outcome.len()).filter(|i| outcome[*i] && weight(*i) > 0.0).count();
    let rarer = hits.min(rows - hits);
    if rarer == 0 {
        return Err(LogisticError::OneOutcome { rows });
    }
    if rarer < design.columns() && penalty == Penalty::None {
        return Err(LogisticError::TooFew { rarer, columns: design.columns() });
    }
    let p = design.columns();
    let mut beta = start(design, outcome, weights, penalty).unwrap_or_else(|| {
        let share = hits as f64 / rows as f64;
        DVector::from_fn(p, |column, _| if column == 0 { (share / (1.0 - share)).ln() } else { 0.0 })
    });
    let likelihood = |beta: &DVector<f64>| log_likelihood(design, beta.as_slice(), outcome, &weight);
    let ridge = |beta: &DVector<f64>| beta.iter().enumerate().map(|(column, b)| penalty.of(column) * b * b / 2.0).sum::<f64>();
    let mut log_likelihood = likelihood(&beta);
    for _ in 0..STEPS {
        let mut normal = Normal::of(design, |i| {
            if weight(i) == 0.0 {
                return (0.0, 0.0);
            }
            let mean = expit(design.predict(i, beta.as_slice()));
            let information = (mean * (1.0 - mean)).max(1e-12);
            (weight(i) * information, (y(i) - mean) / information)
        });
        for column in 0..p {
            normal.gram[(column, column)] += penalty.of(column);
            normal.right[column] -= penalty.of(column) * beta[column];
        }
        let Some((step, covariance)) = solve(&normal.gram, &normal.right) else { return Err(lost(design, &beta)) };
        // Half the step while it overshoots.
        let best = log_likelihood - ridge(&beta);
        let mut taken = 1.0;
        let (next, reached) = loop {
            let next = &beta + &step * taken;
            let reached = likelihood(&next);
            if reached - ridge(&next) >= best - 1e-9 * best.abs().max(1.0) || taken < 1e-4 {
                break (next, reached);
            }
            taken /= 2.0;
        };
        let moved = step.amax() * taken;
        (beta, log_likelihood) = (next, reached);
        if penalty == Penalty::None && beta.amax() > RUNAWAY {
            return Err(lost(design, &beta));
        }
        // A whole step leaves about its square to go.
        if moved < if taken < 1.0 { 1e-9 } else { 1e-7 } {
            let probability = |block: usize| -> Vec<f64> {
                let rows = block * BLOCK..((block + 1) * BLOCK).min(design.rows());
                rows.map(|i| expit(design.predict(i, beta.as_slice()))).collect()
            };
            let probability = map(design.rows().div_ceil(BLOCK), probability).concat();
            return Ok(Logistic { coefficients: beta, covariance, log_likelihood, probability });
        }
    }
    Err(lost(design, &beta))
}

/// Rows above which a part of them is fitted first.
const MANY: usize = 1 << 17;
/// Of many rows one in so many is fitted first.
const PART: usize = 16;

/// Where to begin with many rows: at the coefficients of every sixteenth, from where two or three steps over all are enough. `None` for few rows, and
/// when the part has no solution.
fn start(design: &Design, outcome: &[bool], weights: Option<&[f64]>, penalty: Penalty) -> Option<DVector<f64>> {
    if design.rows() < MANY {
        return None;
    }
    let part: Vec<usize> = (0..design.rows()).step_by(PART).collect();
    let outcome: Vec<bool> = part.iter().map(|row| outcome[*row]).collect();
    let weights: Option<Vec<f64>> = weights.map(|weights| part.iter().map(|row| weights[*row]).collect());
    logistic(&design.select(&part), &outcome, weights.as_deref(), penalty).ok().map(|fit| fit.coefficients)
}

/// What it means when the equations or the steps run away: separation where a coefficient did, collinearity otherwise.
fn lost(design: &Design, beta: &DVector<f64>) -> LogisticError {
    let largest = (1..beta.len()).max_by(|a, b| beta[*a].abs().total_cmp(&beta[*b].abs()));
    match largest {
        Some(column) if beta[column].abs() > 5.0 => LogisticError::Separated { column: design.column()[column].label() },
        _ => LogisticError::Collinear,
    }
}

fn log_likelihood(design: &Design, beta: &[f64], outcome: &[bool], weight: &(impl Fn(usize) -> f64 + Sync)) -> f64 {
    let block = |rows: std::ops::Range<usize>| {
        rows.filter(|i| weight(*i) > 0.0)
            .map(|i| {
                let eta = design.predict(i, beta);
                // ln of expit(eta) or of 1 - expit(eta), without overflow.
                let toward = if outcome[i] { -eta } else { eta };
                -weight(i) * (toward.max(0.0) + (-toward.abs()).exp().ln_1p())
            })
            .sum::<f64>()
    };
    over_blocks(design.rows(), block, |a, b| a + b).unwrap_or(0.0)
}

/// The probability of log-odds.
pub fn expit(log_odds: f64) -> f64 {
    if log_odds >= 0.0 {
        1.0 / (1.0 + (-log_odds).exp())
    } else {
        let e = log_odds.exp();
        e / (1.0 + e)
    }
}

/// The log-odds of a probability.
pub fn logit(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Covariate;

    /// Closed form of a two by two table: the intercept is the log-odds of the reference, the slope the log odds ratio, its variance the sum of
    /// the reciprocal counts.
    #[test]
    fn a_two_by_two_table_has_its_odds_ratio() {
        let (x, y): (Vec<f64>, Vec<bool>) =
            (0..200).map(|i| (f64::from(u8::from(i >= 100)), if i < 100 { i < 30 } else { i < 160 })).unzip();
        let design = Design::new(200, &[Covariate::numeric("x", &x)]).unwrap().raw();
        let fit = logistic(&design, &y, None, Penalty::None).unwrap();
        assert!((fit.coefficients[0] - (30.0_f64 / 70.0).ln()).abs() < 1e-9);
        assert!((fit.coefficients[1] - (60.0 * 70.0 / (40.0 * 30.0_f64)).ln()).abs() < 1e-9);
        assert!((fit.covariance[(1, 1)] - (1.0 / 30.0 + 1.0 / 70.0 + 1.0 / 60.0 + 1.0 / 40.0)).abs() < 1e-9);
        assert!((fit.probability[0] - 0.3).abs() < 1e-9);
    }

    /// The same closed form with so many rows that a part of them is fitted first, in an order in which that part is not like the rest.
    #[test]
    fn many_rows_have_the_solution_of_all_of_them() {
        let n = MANY + 160;
        let (x, y): (Vec<f64>, Vec<bool>) = (0..n).map(|i| (f64::from(u8::from(i % 5 < 2)), (i % 16 == 0) != (i % 7 < 3))).unzip();
        let count = |of: f64, hit: bool| x.iter().zip(&y).filter(|(x, y)| (**x, **y) == (of, hit)).count() as f64;
        let design = Design::new(n, &[Covariate::numeric("x", &x)]).unwrap().raw();
        let fit = logistic(&design, &y, None, Penalty::None).unwrap();
        assert!((fit.coefficients[0] - (count(0.0, true) / count(0.0, false)).ln()).abs() < 1e-9);
        let ratio = count(1.0, true) * count(0.0, false) / (count(1.0, false) * count(0.0, true));
        assert!((fit.coefficients[1] - ratio.ln()).abs() < 1e-9);
    }

    #[test]
    fn rows_of_weight_nothing_take_no_part_but_have_their_probability() {
        let x: Vec<f64> = (0..60).map(|i| f64::from(i % 10)).collect();
        let y: Vec<bool> = (0..60).map(|i| (i * 7) % 10 < 2 + i % 10 / 2).collect();
        let design = Design::new(60, &[Covariate::numeric("x", &x)]).unwrap().raw();
        let weights: Vec<f64> = (0..60).map(|i| f64::from(u8::from(i < 40))).collect();
        let all = logistic(&design, &y, Some(&weights), Penalty::None).unwrap();
        let part = logistic(&design.select(&(0..40).collect::<Vec<_>>()), &y[..40], None, Penalty::None).unwrap();
        assert!((&all.coefficients - &part.coefficients).amax() < 1e-12);
        assert_eq!(all.probability.len(), 60);
        assert!((all.probability[53] - part.probability[3]).abs() < 1e-12);
        let hits: Vec<bool> = (0..60).map(|i| i >= 40).collect();
        assert_eq!(logistic(&design, &hits, Some(&weights), Penalty::None).unwrap_err(), LogisticError::OneOutcome { rows: 40 });
    }

    #[test]
    fn separated_outcomes_are_named_not_fitted() {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        let y: Vec<bool> = (0..40).map(|i| i >= 20).collect();
        let design = Design::new(40, &[Covariate::numeric("x", &x)]).unwrap();
        assert_eq!(logistic(&design, &y, None, Penalty::None).unwrap_err(), LogisticError::Separated { column: "x".into() });
        let held = logistic(&design, &y, None, Penalty::Ridge(1.0)).unwrap();
        assert!(held.coefficients[1] > 1.0 && held.coefficients[1].is_finite());
    }

    #[test]
    fn outcomes_all_alike_and_too_few_are_refused() {
        let x: Vec<f64> = (0..10).map(f64::from).collect();
        let design = Design::new(10, &[Covariate::numeric("x", &x)]).unwrap();
        assert_eq!(logistic(&design, &[true; 10], None, Penalty::None).unwrap_err(), LogisticError::OneOutcome { rows: 10 });
        let one: Vec<bool> = (0..10).map(|i| i == 4).collect();
        assert_eq!(logistic(&design, &one, None, Penalty::None).unwrap_err(), LogisticError::TooFew { rarer: 1, columns: 2 });
    }
}
