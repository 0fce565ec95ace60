//! The least squares of the curve for a given beta, and the beta that makes them least.

use super::Misfit;
use crate::pairs::Sorted;

/// Cells that rows are taken together in: our choice; within one the curve hardly bends.
const CELLS: usize = 4096;
/// Bins whose means the curve is held against.
const BINS: usize = 10;
/// Between which betas is searched, times the range of the measure: at the lower the curve is straight to 1 in 1,000, at the upper it is over within a
/// tenth of the range.
const BOUNDS: (f64, f64) = (0.02, 60.0);
/// Betas looked at before the search is refined.
const GRID: usize = 64;
/// Betas that an interval over all of them is taken from.
const STEPS: usize = 100;

pub(super) struct Search {
    /// Measure less the least, mean outcome and weight of each cell.
    cells: Vec<[f64; 3]>,
    /// The least measure.
    pub origin: f64,
    range: f64,
    /// Squares about the cells' means.
    inside: f64,
    /// Squares about the mean.
    pub total: f64,
    mean: f64,
    weight: f64,
}

/// The best curve of one beta.
pub(super) struct Line {
    /// How much it falls from the least measure on until it settles.
    pub height: f64,
    pub level: f64,
    /// Squares about it.
    pub residual: f64,
    /// The inverse of the cross products of the exponential and 1.
    inverse: [[f64; 2]; 2],
}

impl Search {
    pub fn of(sorted: &Sorted) -> Search {
        let rows = &sorted.rows;
        let (origin, last) = (rows[0].x, rows[rows.len() - 1].x);
        let mut inside = 0.0;
        let cells: Vec<[f64; 3]> = sorted
            .runs(CELLS)
            .into_iter()
            .map(|run| {
                let rows = &rows[run];
                let weight: f64 = rows.iter().map(|row| row.weight).sum();
                let x = rows.iter().map(|row| row.weight * (row.x - origin)).sum::<f64>() / weight;
                let y = rows.iter().map(|row| row.weight * row.y).sum::<f64>() / weight;
                inside += rows.iter().map(|row| row.weight * (row.y - y).powi(2)).sum::<f64>();
                [x, y, weight]
            })
            .collect();
        let weight: f64 = cells.iter().map(|cell| cell[2]).sum();
        let mean = cells.iter().map(|cell| cell[2] * cell[1]).sum::<f64>() / weight;
        let total = inside + cells.iter().map(|cell| cell[2] * (cell[1] - mean).powi(2)).sum::<f64>();
        Search { cells, origin, range: last - origin, inside, total, mean, weight }
    }

    /// Least squares of the outcome on something of the measure.
    fn fit(&self, of: impl Fn(f64) -> f64) -> Line {
        let (mut z, mut zz, mut zy) = (0.0, 0.0, 0.0);
        for [x, y, weight] in &self.cells {
            let at = of(*x);
            z += weight * at;
            zz += weight * at * at;
            zy += weight * at * (y - self.mean);
        }
        let squares = zz - z * z / self.weight;
        let height = zy / squares;
        let level = self.mean - height * z / self.weight;
        let residual = (self.total - height * zy).max(self.inside);
        let cross = -z / (self.weight * squares);
        let residual = if residual.is_finite() { residual } else { f64::INFINITY };
        Line { height, level, residual, inverse: [[1.0 / squares, cross], [cross, zz / (self.weight * squares)]] }
    }

    /// The best curve of this beta.
    pub fn line(&self, beta: f64) -> Line {
        self.fit(|x| (-beta * x).exp())
    }

    /// The beta of least squares, or why there is none that fits.
    pub fn beta(&self, observations: f64) -> Result<f64, Misfit> {
        let straight = self.fit(|x| x).residual;
        let at = |step: usize| (BOUNDS.0 / self.range) * (BOUNDS.1 / BOUNDS.0).powf(step as f64 / (GRID - 1) as f64);
        let residuals: Vec<f64> = (0..GRID).map(|step| self.line(at(step)).residual).collect();
        let best = (0..GRID).min_by(|a, b| residuals[*a].total_cmp(&residuals[*b])).unwrap_or(0);
        let growing = (0..GRID).map(|step| self.fit(|x| (at(step) * (x - self.range)).exp()).residual).fold(f64::INFINITY, f64::min);
        let better = |residual: f64| observations * (straight / residual).ln() > 2.0;
        if growing < residuals[best] {
            return Err(if better(growing) { Misfit::Accelerating } else { Misfit::Straight });
        }
        if best == 0 || !better(residuals[best]) {
            return Err(Misfit::Straight);
        }
        if best == GRID - 1 {
            return Err(Misfit::Abrupt);
        }
        Ok(self.refined(at(best - 1), at(best + 1)))
    }

    /// Golden section, then Newton's step on the squares' slope, which golden section cannot see as finely.
    fn refined(&self, mut low: f64, mut high: f64) -> f64 {
        let slope = |beta: f64| {
            let line = self.line(beta);
            let part = |[x, y, weight]: &[f64; 3]| {
                let left = (-beta * x).exp();
                weight * (y - line.level - line.height * left) * line.height * x * left
            };
            self.cells.iter().map(part).sum::<f64>()
        };
        let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
        while high - low > 1e-5 * high {
            let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
            if self.line(a).residual <= self.line(b).residual { high = b } else { low = a }
        }
        // The slope changes its sign at the least squares.
        let (mut low, mut high) = (low * (1.0 - 1e-4), high * (1.0 + 1e-4));
        let rising = slope(high);
        if slope(low) * rising >= 0.0 {
            return (low + high) / 2.0;
        }
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if slope(middle) * rising > 0.0 { high = middle } else { low = middle }
        }
        (low + high) / 2.0
    }

    /// The lowest and the highest beta whose squares exceed the least by no more than `excess`; `None` when a bound of the search is among them.
    pub fn within(&self, best: f64, excess: f64) -> Option<(f64, f64)> {
        let limit = self.line(best).residual + excess;
        let holds = |beta: f64| self.line(beta).residual <= limit;
        let bounds = (BOUNDS.0 / self.range, BOUNDS.1 / self.range);
        let end = |outside: f64| {
            if holds(outside) {
                return None;
            }
            // In logarithms, as betas of all sizes are looked at.
            let (mut outside, mut inside) = (outside.ln(), best.ln());
            for _ in 0..45 {
                let middle = (outside + inside) / 2.0;
                if holds(middle.exp()) { inside = middle } else { outside = middle }
            }
            Some(inside.exp())
        };
        Some((end(bounds.0)?, end(bounds.1)?))
    }

    /// A combination of height and level, and its lowest and highest value among the curves whose squares exceed the least by no more than `excess`.
    pub fn figure(&self, best: f64, excess: f64, of: &dyn Fn(f64) -> [f64; 2]) -> Option<(f64, f64, f64)> {
        let limit = self.line(best).residual + excess;
        let (first, last) = self.within(best, excess)?;
        let betas = (0..=STEPS).map(|at| first + (last - first) * at as f64 / STEPS as f64).chain([best]);
        let (mut low, mut high, mut value) = (f64::INFINITY, f64::NEG_INFINITY, f64::NAN);
        for beta in betas {
            let (line, [a, b]) = (self.line(beta), of(beta));
            value = a * line.height + b * line.level;
            let variance = a * a * line.inverse[0][0] + 2.0 * a * b * line.inverse[0][1] + b * b * line.inverse[1][1];
            let half = (variance * (limit - line.residual).max(0.0)).sqrt();
            (low, high) = (low.min(value - half), high.max(value + half));
        }
        // The last one looked at is the best.
        (low.is_finite() && high.is_finite() && low < high).then_some((value, low, high))
    }

    /// The share of the variance of a few bins' means that the curve explains.
    pub fn r_squared_of_means(&self, sorted: &Sorted, beta: f64) -> f64 {
        let line = self.line(beta);
        let (mut off, mut about) = (0.0, 0.0);
        for run in sorted.runs(BINS) {
            let rows = &sorted.rows[run];
            let weight: f64 = rows.iter().map(|row| row.weight).sum();
            let mean = rows.iter().map(|row| row.weight * row.y).sum::<f64>() / weight;
            let expected =
                rows.iter().map(|row| row.weight * (line.level + line.height * (-beta * (row.x - self.origin)).exp())).sum::<f64>();
            off += weight * (mean - expected / weight).powi(2);
            about += weight * (mean - self.mean).powi(2);
        }
        if about > 0.0 { 1.0 - off / about } else { f64::NEG_INFINITY }
    }
}
