//! Small dense systems of equations, and least squares over many rows.

use nalgebra::{Cholesky, DMatrix, DVector};

use crate::design::Design;
use crate::parallel::over_blocks;

/// A symmetric matrix of cross products X'WX and the vector X'Wz beside it, summed over rows.
#[derive(Debug, Clone)]
pub struct Normal {
    /// X'WX; only its upper triangle is filled while summing, both after [`Normal::of`].
    pub gram: DMatrix<f64>,
    /// X'Wz.
    pub right: DVector<f64>,
}

impl Normal {
    /// The sums over all rows, where `row(i)` gives the row's weight and its response. Rows of weight 0 are passed over.
    pub fn of(design: &Design, row: impl Fn(usize) -> (f64, f64) + Sync) -> Normal {
        let p = design.columns();
        let block = |rows: std::ops::Range<usize>| {
            let (mut gram, mut right) = (CrossProducts::new(p), vec![0.0; p]);
            for i in rows {
                let (weight, response) = row(i);
                if weight == 0.0 {
                    continue;
                }
                let x = design.row(i);
                right.iter_mut().zip(x).for_each(|(sum, x)| *sum += weight * response * x);
                gram.add(weight, x);
            }
            (gram.upper(), right)
        };
        let add = |mut a: (Vec<f64>, Vec<f64>), b: (Vec<f64>, Vec<f64>)| {
            a.0.iter_mut().zip(b.0).for_each(|(a, b)| *a += b);
            a.1.iter_mut().zip(b.1).for_each(|(a, b)| *a += b);
            a
        };
        let (gram, right) = over_blocks(design.rows(), block, add).unwrap_or_else(|| (vec![0.0; p * p], vec![0.0; p]));
        let gram = DMatrix::from_fn(p, p, |a, b| gram[a.min(b) * p + a.max(b)]);
        Normal { gram, right: DVector::from_vec(right) }
    }
}

/// The upper triangle of a sum of weighted cross products, x w x' of every row.
pub(crate) struct CrossProducts<'a> {
    columns: usize,
    sums: Vec<f64>,
    /// Rows that wait for others: four are added at once, so that each sum is fetched and stored once for all of them.
    waiting: [(f64, &'a [f64]); 4],
    wait: usize,
}

impl<'a> CrossProducts<'a> {
    pub fn new(columns: usize) -> CrossProducts<'a> {
        CrossProducts { columns, sums: vec![0.0; columns * columns], waiting: [(0.0, &[]); 4], wait: 0 }
    }

    /// Adds a row.
    pub fn add(&mut self, weight: f64, row: &'a [f64]) {
        self.waiting[self.wait] = (weight, row);
        self.wait += 1;
        if self.wait == self.waiting.len() {
            self.wait = 0;
            self.add_four();
        }
    }

    fn add_four(&mut self) {
        let p = self.columns;
        let [(w0, x0), (w1, x1), (w2, x2), (w3, x3)] = self.waiting;
        for a in 0..p {
            let of = [w0 * x0[a], w1 * x1[a], w2 * x2[a], w3 * x3[a]];
            let to = &mut self.sums[a * p + a..(a + 1) * p];
            let rows = x0[a..].iter().zip(&x1[a..]).zip(&x2[a..]).zip(&x3[a..]);
            for (sum, (((b0, b1), b2), b3)) in to.iter_mut().zip(rows) {
                *sum += (of[0] * b0 + of[1] * b1) + (of[2] * b2 + of[3] * b3);
            }
        }
    }

    /// The sums by rows; below the diagonal there is nothing.
    pub fn upper(mut self) -> Vec<f64> {
        let p = self.columns;
        for (weight, x) in &self.waiting[..self.wait] {
            for a in 0..p {
                let of = weight * x[a];
                self.sums[a * p + a..(a + 1) * p].iter_mut().zip(&x[a..]).for_each(|(sum, b)| *sum += of * b);
            }
        }
        self.sums
    }
}

/// Solves A x = b and gives A's inverse, for a symmetric positive definite A; `None` for any other, and for one so close to singular that nothing
/// could be said with it (a pivot under 1e-11 of its diagonal).
pub fn solve(a: &DMatrix<f64>, b: &DVector<f64>) -> Option<(DVector<f64>, DMatrix<f64>)> {
    // In units in which the diagonal is 1, so that small and large columns are judged alike.
    let scale = a.diagonal().map(|d| if d > 0.0 { 1.0 / d.sqrt() } else { 0.0 });
    if scale.iter().any(|s| *s == 0.0 || !s.is_finite()) {
        return None;
    }
    let scaled = DMatrix::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] * scale[i] * scale[j]);
    let factor = Cholesky::new(scaled)?;
    if factor.l_dirty().diagonal().iter().any(|pivot| pivot * pivot < 1e-11) {
        return None;
    }
    let x = factor.solve(&b.component_mul(&scale)).component_mul(&scale);
    let inverse = factor.inverse();
    Some((x, DMatrix::from_fn(a.nrows(), a.ncols(), |i, j| inverse[(i, j)] * scale[i] * scale[j])))
}

/// A linear model fitted by weighted least squares.
#[derive(Debug, Clone)]
pub struct LeastSquares {
    /// One coefficient a column of the design.
    pub coefficients: DVector<f64>,
    /// (X'WX)^-1, to be multiplied by a variance.
    pub unscaled: DMatrix<f64>,
    /// Sum of weighted squared residuals.
    pub residual: f64,
    /// Rows less columns.
    pub freedom: usize,
}

/// Weighted least squares of `response` on the design; every row weighs 1 without `weights`. `None` when columns are collinear or rows too few.
pub fn least_squares(design: &Design, response: &[f64], weights: Option<&[f64]>) -> Option<LeastSquares> {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let rows = (0..design.rows()).filter(|i| weight(*i) > 0.0).count();
    let freedom = rows.checked_sub(design.columns()).filter(|freedom| *freedom > 0)?;
    let normal = Normal::of(design, |i| (weight(i), response[i]));
    let (coefficients, unscaled) = solve(&normal.gram, &normal.right)?;
    let residual = over_blocks(
        design.rows(),
        |rows| {
            rows.map(|i| {
                let error = response[i] - design.predict(i, coefficients.as_slice());
                if weight(i) > 0.0 { weight(i) * error * error } else { 0.0 }
            })
            .sum::<f64>()
        },
        |a, b| a + b,
    )?;
    Some(LeastSquares { coefficients, unscaled, residual, freedom })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Covariate;

    /// By hand: y = 1 + 2 x exactly, and with one residual.
    #[test]
    fn a_line_is_found() {
        let design = Design::new(4, &[Covariate::numeric("x", &[0.0, 1.0, 2.0, 3.0])]).unwrap().raw();
        let fit = least_squares(&design, &[1.0, 3.0, 5.0, 7.0], None).unwrap();
        assert!((fit.coefficients[0] - 1.0).abs() < 1e-12 && (fit.coefficients[1] - 2.0).abs() < 1e-12 && fit.residual < 1e-20);
        assert_eq!(fit.freedom, 2);
    }

    #[test]
    fn collinear_systems_are_refused() {
        let a = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 4.0]);
        assert!(solve(&a, &DVector::from_vec(vec![1.0, 2.0])).is_none());
        assert!(solve(&DMatrix::zeros(2, 2), &DVector::zeros(2)).is_none());
    }
}
