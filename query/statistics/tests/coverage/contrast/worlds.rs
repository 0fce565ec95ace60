//! Units that differ, and their rows.

use qoe_statistics::contrast::Arm;
use qoe_statistics::normal_quantile;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub type Random = ChaCha8Rng;

/// The arms of a seed, drawn apart.
pub fn random(seed: u64, arm: u64) -> Random {
    ChaCha8Rng::seed_from_u64(seed.wrapping_mul(2).wrapping_add(arm) ^ 0x5eed_0000_0000)
}

/// Where units are numbered from: arms drawn apart are of different ones.
pub fn first_unit(random: &Random) -> u32 {
    let [a, b, c, d, ..] = random.get_seed();
    u32::from_be_bytes([a & 0x7f, b, c, d])
}

pub fn normal(random: &mut Random) -> f64 {
    let (u, v): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// A gamma number of this mean, whose variance is its mean squared over `shape` (Marsaglia and Tsang).
pub fn gamma(random: &mut Random, shape: f64, mean: f64) -> f64 {
    if shape < 1.0 {
        let power = (1.0 - random.random::<f64>()).powf(1.0 / shape);
        return gamma(random, shape + 1.0, shape + 1.0) * power / shape * mean;
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let x = normal(random);
        let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
        if v > 0.0 && (1.0 - random.random::<f64>()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v / shape * mean;
        }
    }
}

/// How many rows a unit has.
#[derive(Debug, Clone, Copy)]
pub enum Sizes {
    /// As many each.
    Same(usize),
    /// One and up, of this mean, as people's calls are: few have many.
    Skewed(f64),
}

impl Sizes {
    pub fn draw(self, random: &mut Random) -> usize {
        match self {
            Sizes::Same(rows) => rows,
            Sizes::Skewed(mean) => 1 + ((1.0 - random.random::<f64>()).ln() / (1.0 - 1.0 / mean).ln()) as usize,
        }
    }
}

/// So many units of such sizes.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    pub count: usize,
    pub sizes: Sizes,
}

pub const SMALL: Units = Units { count: 20, sizes: Sizes::Same(8) };
pub const UNEVEN: Units = Units { count: 20, sizes: Sizes::Skewed(6.0) };
pub const LARGE: Units = Units { count: 300, sizes: Sizes::Skewed(6.0) };

/// Rows of one arm.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    pub values: Vec<f64>,
    pub units: Vec<u32>,
}

impl Rows {
    pub fn arm(&self) -> Arm<'_> {
        Arm { values: &self.values, units: Some(&self.units) }
    }

    /// The same rows, taken for independent.
    pub fn alone(&self) -> Arm<'_> {
        Arm { values: &self.values, units: None }
    }

    pub fn map(mut self, of: impl Fn(f64) -> f64) -> Rows {
        self.values.iter_mut().for_each(|value| *value = of(*value));
        self
    }
}

/// Rows of units: `unit` draws what the unit is like, `row` a row of it.
pub fn rows<U>(random: &mut Random, units: Units, unit: impl Fn(&mut Random) -> U, row: impl Fn(&mut Random, &U) -> f64) -> Rows {
    let mut rows = Rows::default();
    let from = first_unit(random);
    for at in 0..units.count {
        let size = units.sizes.draw(random);
        let like = unit(random);
        for _ in 0..size {
            rows.values.push(row(random, &like));
            rows.units.push(from + at as u32);
        }
    }
    rows
}

/// Standard normal rows, of which the share `between` of the variance lies between units.
pub fn scores(random: &mut Random, units: Units, between: f64) -> Rows {
    let (unit, row) = (between.sqrt(), (1.0 - between).sqrt());
    rows(random, units, |random| unit * normal(random), |random, like| like + row * normal(random))
}

/// Milliseconds with a heavy tail about a median, lognormal.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    pub median: f64,
    pub spread: f64,
    pub between: f64,
}

impl Delays {
    pub fn draw(self, random: &mut Random, units: Units) -> Rows {
        scores(random, units, self.between).map(|score| self.median * (self.spread * score).exp())
    }

    pub fn mean(self) -> f64 {
        self.median * (self.spread * self.spread / 2.0).exp()
    }

    pub fn quantile(self, q: f64) -> f64 {
        self.median * (self.spread * normal_quantile(q).unwrap()).exp()
    }
}

/// Yes and no: the share differs between units as a beta number does, `between` being the correlation of rows of a unit.
pub fn answers(random: &mut Random, units: Units, share: f64, between: f64) -> Rows {
    let all = 1.0 / between - 1.0;
    let (a, b) = (share * all, (1.0 - share) * all);
    let unit = |random: &mut Random| {
        let (yes, no) = (gamma(random, a, a), gamma(random, b, b));
        if yes + no > 0.0 { yes / (yes + no) } else { share }
    };
    rows(random, units, unit, |random, share| f64::from(u8::from(random.random::<f64>() < *share)))
}
