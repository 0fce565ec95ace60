//! How often each vendor comes first, second and so on, when weights and scores are drawn anew.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, StandardNormal};

use super::{Scored, Weighed, WeighingError};
use crate::estimate::Confidence;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draws {
    /// How many times.
    pub times: u32,
    /// How closely weights keep to those given, 1 or more: a weight of w varies with a standard deviation of sqrt(w (1 - w) / (concentration + 1)).
    pub concentration: f64,
    /// The level that the intervals of scores have.
    pub level: Confidence,
    /// Another seed, other draws.
    pub seed: u64,
}

/// How often each rank was reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranks {
    /// By vendor, then by rank from the first: shares that add up to 1 each way. Vendors that come out alike share their ranks.
    pub shares: Vec<Vec<f64>>,
    /// Draws.
    pub times: u32,
}

impl Default for Draws {
    /// 10,000 draws are good to half a percentage point. A concentration of 20 lets a weight of 30 % vary by 10 points, as among people who agree roughly:
    /// our choice.
    fn default() -> Self {
        Self { times: 10_000, concentration: 20.0, level: Confidence::P95, seed: 1 }
    }
}

impl Weighed {
    /// Ranks under weights drawn around those given (Dirichlet) with scores drawn from their intervals (normal to either side) and what is missing drawn
    /// evenly from 0 to 1.
    pub fn ranks(&self, draws: &Draws) -> Result<Ranks, WeighingError> {
        let concentration = draws.concentration;
        if !(concentration >= 1.0 && concentration.is_finite()) {
            return Err(WeighingError::Concentration { concentration });
        }
        let gammas: Vec<Option<Gamma<f64>>> = self.weights.iter().map(|weight| Gamma::new(weight * concentration, 1.0).ok()).collect();
        let mut random = ChaCha8Rng::seed_from_u64(draws.seed);
        let vendors = self.scores.len();
        let mut counted = vec![vec![0.0; vendors]; vendors];
        for _ in 0..draws.times {
            let weights: Vec<f64> = gammas.iter().map(|gamma| gamma.map_or(0.0, |gamma| gamma.sample(&mut random))).collect();
            let sum: f64 = weights.iter().sum();
            let totals: Vec<f64> = self
                .scores
                .iter()
                .map(|row| weights.iter().zip(row).map(|(weight, of)| weight / sum * drawn(of, draws.level.z(), &mut random)).sum())
                .collect();
            count(&totals, &mut counted);
        }
        let times = f64::from(draws.times.max(1));
        let shares = counted.into_iter().map(|row| row.into_iter().map(|count: f64| count / times).collect()).collect();
        Ok(Ranks { shares, times: draws.times })
    }
}

fn drawn(of: &Scored, z: f64, random: &mut ChaCha8Rng) -> f64 {
    let unknown = if of.missing > 0.0 { of.missing * random.random::<f64>() } else { 0.0 };
    let known = of.value.map_or(0.0, |of| {
        if of.low == of.high {
            return of.value;
        }
        let step: f64 = StandardNormal.sample(random);
        let side = if step < 0.0 { of.value - of.low } else { of.high - of.value };
        (of.value + step * side / z).clamp(0.0, 1.0)
    });
    known * of.known() + unknown
}

fn count(totals: &[f64], counted: &mut [Vec<f64>]) {
    let mut order: Vec<usize> = (0..totals.len()).collect();
    order.sort_by(|a, b| totals[*b].total_cmp(&totals[*a]));
    let mut first = 0;
    for alike in order.chunk_by(|a, b| totals[*a] == totals[*b]) {
        let share = 1.0 / alike.len() as f64;
        for vendor in alike {
            (first..first + alike.len()).for_each(|rank| counted[*vendor][rank] += share);
        }
        first += alike.len();
    }
}
