//! A series of means with the weight of each: how much a period knows.

use super::{ChangePointError, Period};

/// The periods that can be used, with weights that make their noise alike.
#[derive(Debug, Clone)]
pub(super) struct Series {
    /// Which of the given periods each is.
    pub index: Vec<usize>,
    /// Observations in each.
    pub n: Vec<u64>,
    /// The mean of each.
    pub mean: Vec<f64>,
    /// The weight of each, 1 on average.
    pub weight: Vec<f64>,
}

impl Series {
    /// Weighs every period by the reciprocal of its variance: that of its mean, and that between periods beyond it.
    ///
    /// The variance within periods is pooled, so that five equal answers do not look certain. The one between is what successive differences show
    /// beyond it, which a single change of level hardly moves (the idea of von Neumann, 1941). Where no period states a variance, all weigh the same.
    pub fn of(periods: &[Period]) -> Result<Self, ChangePointError> {
        for (period, value) in periods.iter().enumerate() {
            let spread = value.variance.unwrap_or(0.0);
            if value.n > 0 && !(value.mean.is_finite() && spread.is_finite() && spread >= 0.0) {
                return Err(ChangePointError::NotANumber { period, mean: value.mean, variance: spread });
            }
        }
        let index: Vec<usize> = (0..periods.len()).filter(|at| periods[*at].n > 0).collect();
        let used: Vec<&Period> = index.iter().map(|at| &periods[*at]).collect();
        let within = pooled(&used);
        let between = between(&used, within);
        let variance: Vec<f64> = used.iter().map(|period| within / period.n as f64 + between).collect();
        let weight = if variance.iter().all(|variance| *variance > 0.0) {
            let mean = variance.iter().map(|variance| 1.0 / variance).sum::<f64>() / variance.len() as f64;
            variance.iter().map(|variance| 1.0 / variance / mean).collect()
        } else {
            vec![1.0; used.len()]
        };
        Ok(Self { index, n: used.iter().map(|period| period.n).collect(), mean: used.iter().map(|period| period.mean).collect(), weight })
    }

    /// How many periods.
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// These periods alone.
    pub fn part(&self, of: std::ops::Range<usize>) -> Scaled {
        Scaled::of(&self.mean[of.clone()], &self.weight[of])
    }
}

fn pooled(periods: &[&Period]) -> f64 {
    let known = || periods.iter().filter(|period| period.n >= 2).filter_map(|period| Some(((period.n - 1) as f64, period.variance?)));
    let freedom: f64 = known().map(|(freedom, _)| freedom).sum();
    if freedom > 0.0 { known().map(|(freedom, variance)| freedom * variance).sum::<f64>() / freedom } else { 0.0 }
}

fn between(periods: &[&Period], within: f64) -> f64 {
    let pairs = periods.windows(2);
    let n = pairs.len().max(1) as f64;
    let excess = |pair: &[&Period]| {
        let sampling = within / pair[0].n as f64 + within / pair[1].n as f64;
        ((pair[1].mean - pair[0].mean).powi(2) - sampling) / 2.0
    };
    (pairs.map(excess).sum::<f64>() / n).max(0.0)
}

/// Values and weights, with running sums: what any stretch of them comes to takes one step.
#[derive(Debug, Clone)]
pub(super) struct Scaled {
    /// Values, less their weighted mean.
    pub value: Vec<f64>,
    /// Weights.
    pub weight: Vec<f64>,
    /// Running sum of weight times value, from 0.
    sum: Vec<f64>,
    /// Running sum of the weights, from 0.
    pub mass: Vec<f64>,
    /// Weighted squares about the mean.
    pub squares: f64,
}

impl Scaled {
    pub fn of(value: &[f64], weight: &[f64]) -> Self {
        let total: f64 = weight.iter().sum();
        let mean = value.iter().zip(weight).map(|(y, w)| y * w).sum::<f64>() / total;
        let value: Vec<f64> = value.iter().map(|y| y - mean).collect();
        let squares = value.iter().zip(weight).map(|(y, w)| w * y * y).sum();
        let running = |each: &dyn Fn(usize) -> f64| {
            let steps = (0..weight.len()).scan(0.0, |sum, at| {
                *sum += each(at);
                Some(*sum)
            });
            std::iter::once(0.0).chain(steps).collect::<Vec<f64>>()
        };
        let (sum, mass) = (running(&|at| value[at] * weight[at]), running(&|at| weight[at]));
        Self { weight: weight.to_vec(), sum, mass, squares, value }
    }

    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// How much the weighted squares fall when the stretch from `from` up to `to` has a level of its own and all else another.
    pub fn gain(&self, from: usize, to: usize) -> f64 {
        let (sum, mass) = (self.sum[to] - self.sum[from], self.mass[to] - self.mass[from]);
        let all = self.mass[self.len()];
        sum * sum * all / (mass * (all - mass))
    }

    /// The weighted mean of a stretch, and its mass.
    pub fn level(&self, from: usize, to: usize) -> (f64, f64) {
        let mass = self.mass[to] - self.mass[from];
        ((self.sum[to] - self.sum[from]) / mass, mass)
    }

    /// The weighted squares of a stretch about its own level.
    pub fn cost(&self, from: usize, to: usize, squares: &[f64]) -> f64 {
        let (sum, mass) = (self.sum[to] - self.sum[from], self.mass[to] - self.mass[from]);
        (squares[to] - squares[from] - sum * sum / mass).max(0.0)
    }

    /// Running sum of weighted squares, for [`Scaled::cost`].
    pub fn running_squares(&self) -> Vec<f64> {
        let mut sums = vec![0.0];
        for (y, w) in self.value.iter().zip(&self.weight) {
            sums.push(sums[sums.len() - 1] + w * y * y);
        }
        sums
    }

    /// The stretch whose own level lowers the squares most: the gain, where it begins and where it ends. Every piece has at least `least` periods;
    /// a stretch from the beginning is one change, any other two. `None` when there is no room.
    pub fn best_arc(&self, least: usize) -> Option<Arc> {
        let n = self.len();
        if n < 2 * least {
            return None;
        }
        let mut best = Arc { gain: -1.0, from: 0, to: 0 };
        let last = n - least;
        for from in std::iter::once(0).chain(least..last) {
            if from + least > last {
                break;
            }
            for to in from + least..=last {
                let gain = self.gain(from, to);
                if gain > best.gain {
                    best = Arc { gain, from, to };
                }
            }
        }
        (best.gain >= 0.0).then_some(best)
    }
}

/// A stretch with a level of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arc {
    pub gain: f64,
    pub from: usize,
    pub to: usize,
}
