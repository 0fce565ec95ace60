//! Units resampled: quantiles, means and quotients of one arm drawn again and again, so that differences, ratios and ranks come from the same draws.
//!
//! Each resample weighs every unit by a Poisson(1) number (Chamandy, Muralidharan, Najmi, Naidu, Estimating uncertainty for massive data streams, 2012),
//! which is what drawing units with replacement tends to; it needs no second pass and each weight follows from the seed, the resample and the unit's number
//! alone. So weights are the same for all measures of an arm, whichever rows were measured, and for both arms of a unit that is in both (give these one
//! seed; arms of different people different ones). The same seed gives the same draws on any number of threads.
//!
//! A quantile needs, of each unit, the rows below a window about it and the rows in all; only rows in the window are walked in order. Where a resample's
//! quantile lies outside the window, all rows are.

use super::Arm;
use super::answer::{Contrast, Scale};
use super::error::ContrastError;
use super::ordered::Ordered;
use super::ratio::Parts;
use super::units::{check, enough, sums};
use crate::parallel;

mod quantiles;
mod weights;

use quantiles::Walk;
use weights::{LANES, Weights};

/// Resamples that are customary: their own error in a 95 % limit is then a few hundredths of a standard error.
pub const RESAMPLES: usize = 2_000;
/// Fewest units that are resampled: our choice; of fewer there are resamples without any.
pub const MIN_UNITS: u64 = 10;
/// Fewest draws that an interval is read from: our choice.
pub const MIN_DRAWS: usize = 200;
/// Draws on either side beyond which the tail is taken as normal.
pub const TAIL: usize = 10;

/// What is drawn of an arm.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// The mean of its rows; a share is one of 0 and 1.
    Mean(Arm<'a>),
    /// The quotient of two sums.
    Ratio(Parts<'a>),
    /// A quantile.
    Quantile {
        /// The rows in order.
        of: &'a Ordered,
        /// Which, between 0 and 1.
        q: f64,
    },
}

/// A figure of an arm with its draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// Of the data themselves.
    pub value: f64,
    /// Of each resample, in order of resamples.
    pub draws: Vec<f64>,
    /// Units of the arm.
    pub units: u64,
    /// Rows of the arm.
    pub rows: u64,
}

/// Draws of all questions about one arm, weights drawn once for all of them, in the order of the questions.
///
/// Err with fewer than [`MIN_UNITS`] units for a question, and where a question's rows are at fault. Time goes with units times `resamples`; memory with
/// units, and with questions times `resamples`. A resample without a row of a question has the value of the data.
pub fn draws(questions: &[Question<'_>], seed: u64, resamples: usize) -> Result<Vec<Drawn>, ContrastError> {
    let asked: Vec<Asked<'_>> = questions.iter().map(Asked::of).collect::<Result<_, _>>()?;
    let weights = Weights::of(asked.iter().map(|asked| asked.names.as_slice()), seed);
    let places: Vec<Vec<u32>> = asked.iter().map(|asked| weights.places(&asked.names)).collect();
    let blocks = parallel::map(resamples.div_ceil(LANES), |block| {
        let drawn = weights.draw(block as u64);
        asked.iter().zip(&places).map(|(asked, places)| asked.draw(&drawn, places)).collect::<Vec<[f64; LANES]>>()
    });
    let answer = |(at, asked): (usize, Asked<'_>)| {
        let draws = blocks.iter().flat_map(|block| block[at]).take(resamples).collect();
        Drawn { value: asked.value, draws, units: asked.names.len() as u64, rows: asked.rows }
    };
    Ok(asked.into_iter().enumerate().map(answer).collect())
}

/// First less second, from draws of the same number of resamples.
pub fn difference(first: &Drawn, second: &Drawn) -> Result<Contrast, ContrastError> {
    together(first, second, Scale::Difference, |a, b| a - b)
}

/// First over second, from draws of the same number of resamples. Err when a draw of either is not above zero.
pub fn ratio(first: &Drawn, second: &Drawn) -> Result<Contrast, ContrastError> {
    together(first, second, Scale::Ratio, |a, b| a / b)
}

fn together(first: &Drawn, second: &Drawn, scale: Scale, of: impl Fn(f64, f64) -> f64) -> Result<Contrast, ContrastError> {
    let (a, b) = (first.draws.len(), second.draws.len());
    if a != b {
        return Err(ContrastError::Draws { first: a, second: b, least: MIN_DRAWS });
    }
    let draws = first.draws.iter().zip(&second.draws).map(|(a, b)| of(*a, *b)).collect();
    Contrast::from_draws(of(first.value, second.value), draws, scale, [first.units, second.units], [first.rows, second.rows])
}

/// Which values rank first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Large ones.
    Higher,
    /// Small ones.
    Lower,
}

/// How often each arm takes each rank over the draws: one row an arm, from the first rank to the last; rows and columns add up to 1. Arms that tie share
/// the ranks they take together evenly. Err for draws of different numbers, and for none.
pub fn ranks(arms: &[&Drawn], better: Better) -> Result<Vec<Vec<f64>>, ContrastError> {
    let Some(first) = arms.first() else { return Ok(Vec::new()) };
    let resamples = first.draws.len();
    if let Some(other) = arms.iter().find(|arm| arm.draws.len() != resamples || resamples == 0) {
        return Err(ContrastError::Draws { first: resamples, second: other.draws.len(), least: 1 });
    }
    let mut ranks = vec![vec![0.0; arms.len()]; arms.len()];
    for at in 0..resamples {
        let mut order: Vec<usize> = (0..arms.len()).collect();
        let key = |arm: usize| if better == Better::Higher { -arms[arm].draws[at] } else { arms[arm].draws[at] };
        order.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
        let mut from = 0;
        for same in order.chunk_by(|a, b| key(*a) == key(*b)) {
            for arm in same {
                (from..from + same.len()).for_each(|rank| ranks[*arm][rank] += 1.0 / (same.len() * resamples) as f64);
            }
            from += same.len();
        }
    }
    Ok(ranks)
}

/// A question made ready.
struct Asked<'a> {
    value: f64,
    rows: u64,
    /// The units' numbers, in the order of what follows.
    names: Vec<u32>,
    how: How<'a>,
}

enum How<'a> {
    Sums(Vec<(f64, f64)>),
    Walk(Walk<'a>),
}

impl<'a> Asked<'a> {
    fn of(question: &Question<'a>) -> Result<Asked<'a>, ContrastError> {
        let (units, rows, sums) = match question {
            Question::Quantile { of, q } => {
                enough([of.units(); 2], MIN_UNITS)?;
                let value = of.quantile(*q).ok_or(ContrastError::Quantile { q: *q })?;
                return Ok(Asked { value, rows: of.rows(), names: of.names().to_vec(), how: How::Walk(Walk::of(of, *q, value)) });
            }
            Question::Mean(arm) => {
                check(arm)?;
                let rows = arm.values.len();
                (arm.units, rows, sums(arm.units, rows, |row| (arm.values[row], 1.0)))
            }
            Question::Ratio(parts) => {
                parts.check()?;
                let rows = parts.above.len();
                (parts.units, rows, sums(parts.units, rows, |row| (parts.above[row], parts.below[row])))
            }
        };
        enough([sums.len() as u64; 2], MIN_UNITS)?;
        let (above, below) = sums.iter().fold((0.0, 0.0), |(a, b), (s, d)| (a + s, b + d));
        if below <= 0.0 {
            return Err(ContrastError::Denominator { row: 0, value: 0.0 });
        }
        let names = super::units::runs(units, rows).zip(0_u32..).map(|(run, at)| units.map_or(at, |units| units[run.start])).collect();
        Ok(Asked { value: above / below, rows: rows as u64, names, how: How::Sums(sums) })
    }

    fn draw(&self, weights: &[[u8; LANES]], places: &[u32]) -> [f64; LANES] {
        match &self.how {
            How::Walk(walk) => walk.draw(weights, places),
            How::Sums(sums) => {
                let (mut above, mut below) = ([0.0; LANES], [0.0; LANES]);
                for ((s, d), place) in sums.iter().zip(places) {
                    let weights = &weights[*place as usize];
                    for lane in 0..LANES {
                        let weight = f64::from(weights[lane]);
                        above[lane] += weight * s;
                        below[lane] += weight * d;
                    }
                }
                std::array::from_fn(|lane| if below[lane] > 0.0 { above[lane] / below[lane] } else { self.value })
            }
        }
    }
}

#[cfg(test)]
mod tests;
