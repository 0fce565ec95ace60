//! The log-likelihood of a proportional-odds model and its derivatives, summed over rows by blocks.
//!
//! A row with score j has the probability F(a) - F(b), F logistic, a and b the thresholds above and below j less the row's sum eta. By eta its
//! logarithm has the derivative F(a) + F(b) - 1 and the second one -(f(a) + f(b)); only the two thresholds beside the score enter.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use crate::design::Design;
use crate::linear::CrossProducts;
use crate::logistic::expit;
use crate::parallel::over_blocks;

/// What the likelihood is made of. Parameters are the thresholds, then the coefficients of all columns but the intercept.
pub(super) struct Terms<'a> {
    pub design: &'a Design,
    pub codes: &'a [u8],
    pub weights: Option<&'a [f64]>,
    /// Thresholds.
    pub cuts: usize,
}

/// First derivatives of a row's log-likelihood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slopes {
    /// By the threshold above the score; 0 at the highest score.
    pub above: f64,
    /// By the threshold below the score; 0 at the lowest score.
    pub below: f64,
    /// By the row's sum.
    pub sum: f64,
}

/// The thresholds beside a score, as distances from the sum.
fn beside(cuts: &[f64], code: usize, sum: f64) -> (f64, f64) {
    let above = cuts.get(code).map_or(f64::INFINITY, |cut| cut - sum);
    let below = if code == 0 { f64::NEG_INFINITY } else { cuts[code - 1] - sum };
    (above, below)
}

/// F(a) - F(b) for a > b, without losing digits where both are near 1.
fn between(a: f64, b: f64) -> f64 {
    let probability = if b > 0.0 { expit(-b) - expit(-a) } else { expit(a) - expit(b) };
    probability.max(f64::MIN_POSITIVE)
}

pub(crate) fn slopes(cuts: &[f64], code: usize, sum: f64) -> Slopes {
    let (a, b) = beside(cuts, code, sum);
    let (upper, lower, probability) = (expit(a), expit(b), between(a, b));
    let density = |share: f64| share * (1.0 - share);
    Slopes { above: density(upper) / probability, below: -density(lower) / probability, sum: upper + lower - 1.0 }
}

impl Terms<'_> {
    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    fn sum(&self, row: usize, slopes: &[f64]) -> f64 {
        self.design.row(row)[1..].iter().zip(slopes).map(|(x, b)| x * b).sum()
    }

    pub fn log_likelihood(&self, at: &[f64]) -> f64 {
        let (cuts, slopes) = at.split_at(self.cuts);
        let row = |row: usize| {
            let (a, b) = beside(cuts, usize::from(self.codes[row]), self.sum(row, slopes));
            self.weight(row) * between(a, b).ln()
        };
        over_blocks(self.codes.len(), |rows| rows.map(row).sum::<f64>(), |a, b| a + b).unwrap_or(0.0)
    }

    /// The gradient, and the information: the second derivatives with their sign turned.
    pub fn derivatives(&self, at: &[f64]) -> (DVector<f64>, DMatrix<f64>) {
        let size = at.len();
        let add = |mut a: Vec<f64>, b: Vec<f64>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let sums = over_blocks(self.codes.len(), |rows| self.block(rows, at), add).unwrap_or_else(|| vec![0.0; size * (size + 1)]);
        let (gradient, upper) = sums.split_at(size);
        (DVector::from_column_slice(gradient), DMatrix::from_fn(size, size, |a, b| upper[a.min(b) * size + a.max(b)]))
    }

    /// Gradient, then the upper triangle of the information by rows, of one block.
    fn block(&self, rows: Range<usize>, at: &[f64]) -> Vec<f64> {
        let (size, cuts) = (at.len(), self.cuts);
        let mut sums = vec![0.0; size * (size + 1)];
        let (gradient, information) = sums.split_at_mut(size);
        let mut curves = CrossProducts::new(size - cuts);
        for row in rows {
            let weight = self.weight(row);
            if weight == 0.0 {
                continue;
            }
            let (code, x) = (usize::from(self.codes[row]), &self.design.row(row)[1..]);
            let (a, b) = beside(&at[..cuts], code, self.sum(row, &at[cuts..]));
            let (upper, lower, probability) = (expit(a), expit(b), between(a, b));
            let (fa, fb) = (upper * (1.0 - upper), lower * (1.0 - lower));
            let (above, below) = (fa / probability, fb / probability);
            if code < cuts {
                gradient[code] += weight * above;
                information[code * size + code] += weight * (above * above - above * (1.0 - 2.0 * upper));
                x.iter().zip(&mut information[code * size + cuts..(code + 1) * size]).for_each(|(x, sum)| *sum -= weight * fa * x);
            }
            if code > 0 {
                let cut = code - 1;
                gradient[cut] -= weight * below;
                information[cut * size + cut] += weight * (below * below + below * (1.0 - 2.0 * lower));
                x.iter().zip(&mut information[cut * size + cuts..(cut + 1) * size]).for_each(|(x, sum)| *sum -= weight * fb * x);
                if code < cuts {
                    information[cut * size + code] -= weight * above * below;
                }
            }
            let slope = weight * (upper + lower - 1.0);
            x.iter().zip(&mut gradient[cuts..]).for_each(|(x, sum)| *sum += slope * x);
            curves.add(weight * (fa + fb), x);
        }
        let kept = size - cuts;
        let curves = curves.upper();
        for k in 0..kept {
            information[(cuts + k) * size + cuts..(cuts + k + 1) * size].copy_from_slice(&curves[k * kept..(k + 1) * kept]);
        }
        sums
    }
}
