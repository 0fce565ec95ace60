//! The exponential curve between quality and satisfaction: what a step costs is in proportion to what there is still to lose.
//!
//! QoE = alpha exp(-beta QoS) + gamma (Fiedler, Hossfeld and Tran-Gia, IEEE Network 24(2) (2010), 36-41). Where the curve does not fit it is not
//! drawn, and the reason is told.

mod search;

use nalgebra::Vector3;

use self::search::{Line, Search};
use crate::estimate::{Confidence, Estimate};
use crate::pairs::{Pairs, PairsError, Row, Sorted};
use crate::sandwich::Sandwich;
use crate::student::t_quantile;

/// What became of the curve.
#[derive(Debug, Clone, PartialEq)]
pub enum Iqx {
    /// It fits.
    Fitted(Box<Curve>),
    /// It does not.
    NotFitting {
        /// Why.
        why: Misfit,
    },
}

/// A fitted curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// How much the outcome at a measure of 0 lies above where it settles; below 0 where it rises with the measure.
    pub alpha: Estimate,
    /// How fast it settles, above 0, per unit of the measure: ln 2 over this is the step that halves what is left.
    pub beta: Estimate,
    /// Where the outcome settles.
    pub gamma: Estimate,
    /// The share of the outcome's variance that the curve explains, 0 to 1: low for single scores also where the curve is right.
    pub r_squared: f64,
    /// The share of the variance of up to ten bins' means that it explains, at most 1: near 1 where the curve is right.
    pub r_squared_of_means: f64,
    /// Rows left out for want of the measure or the outcome.
    pub missing: u64,
}

impl Curve {
    /// The outcome expected where the measure has this value.
    pub fn at(&self, measure: f64) -> f64 {
        self.alpha.value * (-self.beta.value * measure).exp() + self.gamma.value
    }
}

/// Why the curve is not drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Misfit {
    /// Fewer rows, or users, than [`MIN_ROWS`].
    TooFew,
    /// The measure takes fewer than [`MIN_VALUES`] different values.
    TooFewValues,
    /// All outcomes are the same.
    Constant,
    /// Each further step costs more instead of less: beta would be negative.
    Accelerating,
    /// No better than a straight line by Akaike's criterion, over observations.
    Straight,
    /// It settles within the first few values (beta at the bound of the search): a step more than a curve.
    Abrupt,
    /// The means of bins lie off the curve: the share of their variance explained is under [`MIN_R_SQUARED_OF_MEANS`].
    FarFromMeans {
        /// That share.
        r_squared: f64,
    },
    /// A parameter has no interval: the points lie on the curve without any scatter, or its interval reaches the bounds of the search.
    NoInterval,
}

/// Rows, and users where rows go together, that are needed at least: our choice; robust variances of fewer are too small.
pub const MIN_ROWS: usize = 30;
/// Different values of the measure that are needed at least: our choice; three parameters leave little to see with fewer.
pub const MIN_VALUES: usize = 6;
/// How much of the variance of bins' means the curve must explain: our choice; the curve is drawn through means, and is not theirs with less.
pub const MIN_R_SQUARED_OF_MEANS: f64 = 0.5;

/// Fits the curve by least squares: alpha and gamma are linear given beta, which is searched for (Golub and Pereyra, SIAM J. Numer. Anal. 10 (1973),
/// 413-432). Over 4,096 rows it is fitted to the means of that many cells.
///
/// Intervals hold the parameters whose squares are not much larger than the least (profile likelihood ratio), scaled to variances robust to unequal
/// scatter and to rows of one user going together.
pub fn iqx(pairs: &Pairs<'_>, level: Confidence) -> Result<Iqx, PairsError> {
    let sorted = Sorted::of(pairs)?;
    let observations = sorted.independent();
    let values = 1 + sorted.rows.windows(2).filter(|pair| pair[0].x < pair[1].x).take(MIN_VALUES).count();
    let misfit = |why| Ok(Iqx::NotFitting { why });
    if observations < MIN_ROWS {
        return misfit(Misfit::TooFew);
    }
    if values < MIN_VALUES {
        return misfit(Misfit::TooFewValues);
    }
    if sorted.rows.iter().all(|row| row.y == sorted.rows[0].y) {
        return misfit(Misfit::Constant);
    }
    let search = Search::of(&sorted);
    let beta = match search.beta(observations as f64) {
        Ok(beta) => beta,
        Err(why) => return misfit(why),
    };
    let means = search.r_squared_of_means(&sorted, beta);
    if means < MIN_R_SQUARED_OF_MEANS {
        return misfit(Misfit::FarFromMeans { r_squared: means });
    }
    match curve(&sorted, &search, beta, level) {
        Some(curve) => Ok(Iqx::Fitted(Box::new(Curve { r_squared_of_means: means, ..curve }))),
        None => misfit(Misfit::NoInterval),
    }
}

/// The derivatives of the curve by height at the least measure, level and beta, and the row's error.
fn derivatives(line: &Line, origin: f64, beta: f64, row: &Row) -> (Vector3<f64>, f64) {
    let from = row.x - origin;
    let left = (-beta * from).exp();
    (Vector3::new(left, 1.0, -line.height * from * left), row.y - line.height * left - line.level)
}

/// The curve with everything's interval; `None` when one has none.
fn curve(sorted: &Sorted, search: &Search, beta: f64, level: Confidence) -> Option<Curve> {
    let n = sorted.rows.len() as u64;
    let line = search.line(beta);
    if line.residual <= 1e-12 * search.total {
        return None;
    }
    let spread = Sandwich::of(sorted, |row| derivatives(&line, search.origin, beta, row))?;
    let t = t_quantile(level, spread.freedom)?;
    let excess = |of| Some(t * t * spread.stretch(of)?);
    let (low, high) = search.within(beta, excess([0.0, 0.0, 1.0])?)?;
    // The height at a measure of 0 follows from that at the least measure.
    let grown = |beta: f64| (beta * search.origin).exp();
    let by_beta = line.height * search.origin;
    let figure = |of: &dyn Fn(f64) -> [f64; 2], excess: f64| {
        let (value, low, high) = search.figure(beta, excess, of)?;
        Some(Estimate { value, low, high, n })
    };
    Some(Curve {
        alpha: figure(&|beta| [grown(beta), 0.0], excess([1.0, 0.0, by_beta])?)?,
        beta: Estimate { value: beta, low, high, n },
        gamma: figure(&|_| [0.0, 1.0], excess([0.0, 1.0, 0.0])?)?,
        r_squared: 1.0 - line.residual / search.total,
        r_squared_of_means: f64::NEG_INFINITY,
        missing: sorted.missing,
    })
}

#[cfg(test)]
mod tests;
