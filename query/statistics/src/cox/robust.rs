//! The covariance of the coefficients when rows are not independent, or are weighted: Lin and Wei's sandwich.
//!
//! Each row's part in the score is w (x - mean at its event) less what it was expected to add while it was at risk; parts are summed by cluster,
//! and the sum of their squares stands between two inverse informations.

use nalgebra::{DMatrix, DVector};

use super::Fit;
use super::risk_sets::{Moments, Relative, RiskSets, Row, Sums};
use crate::parallel::over_blocks;

/// The sandwich; every row is its own cluster without `clusters`. `None` for no more clusters than columns.
pub(super) fn covariance(risk: &RiskSets, fit: &Fit, clusters: Option<&[u64]>) -> Option<DMatrix<f64>> {
    let p = risk.columns();
    let order = by_cluster(risk, clusters);
    let starts: Vec<usize> = (0..order.len()).filter(|i| *i == 0 || order[*i].0 != order[*i - 1].0).collect();
    if starts.len() <= p {
        return None;
    }
    let parts = Parts::new(risk, fit.beta.as_slice());
    let block = |range: std::ops::Range<usize>| {
        let (mut sums, mut meat) = (DVector::zeros(p), DMatrix::zeros(p, p));
        for cluster in range {
            sums.fill(0.0);
            let to = starts.get(cluster + 1).copied().unwrap_or(order.len());
            order[starts[cluster]..to].iter().for_each(|(_, row)| parts.add(*row, &mut sums));
            meat.ger(1.0, &sums, &sums, 1.0);
        }
        meat
    };
    let meat = over_blocks(starts.len(), block, |a, b| a + b)?;
    Some(&fit.covariance * meat * &fit.covariance)
}

/// Rows in the order of their clusters.
fn by_cluster(risk: &RiskSets, clusters: Option<&[u64]>) -> Vec<(u64, usize)> {
    let cluster = |row: &Row| clusters.map_or(row.given as u64, |clusters| clusters[row.given]);
    let mut order: Vec<(u64, usize)> = risk.rows().iter().map(cluster).zip(0..).collect();
    if clusters.is_some() {
        order.sort_unstable();
    }
    order
}

/// What is needed of every time to tell a row's part in the score.
struct Parts<'a> {
    risk: &'a RiskSets,
    relative: Relative,
    hazard: Vec<f64>,
    tied: Vec<f64>,
    /// Hazards times covariate means, added up to before each time.
    drift: Vec<f64>,
    /// What of them events at a tie are spared.
    spared: Vec<f64>,
    /// The mean of the covariates among those at risk.
    mean: Vec<f64>,
}

#[derive(Default)]
struct Tables {
    hazard: Vec<f64>,
    tied: Vec<f64>,
    drift: Vec<f64>,
    spared: Vec<f64>,
    mean: Vec<f64>,
}

impl Tables {
    fn add(&mut self, events: f64, sums: &Sums, moments: &Moments) {
        let Moments { weight, one, tied, square, square_tied, square_both, .. } = *moments;
        self.hazard.push(weight * one);
        self.tied.push(weight * tied);
        for (s, d) in sums.s1.iter().zip(&sums.d1) {
            self.drift.push(weight * (s * square - d * square_tied));
            self.spared.push(weight * (s * square_tied - d * square_both));
            self.mean.push((s * one - d * tied) / events);
        }
    }
}

impl<'a> Parts<'a> {
    fn new(risk: &'a RiskSets, beta: &[f64]) -> Self {
        let p = risk.columns();
        let relative = risk.relative(beta);
        let visit = |tables: &mut Tables, at: usize, sums: &Sums, moments: &Moments| {
            tables.add(f64::from(risk.times()[at].events), sums, moments);
        };
        let pieces = risk.sweep(&relative, Tables::default, visit);
        let hazard = risk.accumulate(pieces.iter().flat_map(|piece| piece.hazard.iter().copied()));
        let tied = risk.ascending(pieces.iter().flat_map(|piece| piece.tied.iter().copied()));
        let (mut drift, mut spared, mut mean) = (vec![0.0; p], Vec::new(), Vec::new());
        for piece in pieces.iter().rev() {
            for at in (0..piece.drift.len()).step_by(p).rev() {
                let from = drift.len() - p;
                (0..p).for_each(|j| drift.push(drift[from + j] + piece.drift[at + j]));
                spared.extend_from_slice(&piece.spared[at..at + p]);
                mean.extend_from_slice(&piece.mean[at..at + p]);
            }
        }
        Parts { risk, relative, hazard, tied, drift, spared, mean }
    }

    /// Adds one row's part to its cluster's.
    fn add(&self, row: usize, sums: &mut DVector<f64>) {
        let p = self.risk.columns();
        let (x, weight, by) = (self.risk.x(row), self.risk.weight(row), self.relative.rows[row]);
        let Row { first, last, event, .. } = self.risk.rows()[row];
        let (first, last) = (first as usize, last as usize);
        let passed = self.hazard[last] - self.hazard[first];
        for j in 0..p {
            let drift = self.drift[last * p + j] - self.drift[first * p + j];
            sums[j] -= by * (x[j] * passed - drift);
            if event {
                let own = (last - 1) * p + j;
                sums[j] += weight * (x[j] - self.mean[own]) + by * (x[j] * self.tied[last - 1] - self.spared[own]);
            }
        }
    }
}
