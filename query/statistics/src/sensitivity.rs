//! What if answering depends on satisfaction itself: the furious and the delighted answer more readily than the others, beyond all that is known of them.
//!
//! No weights repair that and no data can rule it out. So the corrected score is given for stated odds: were the extremes so many times as ready to
//! answer, the silent would be so many times less often extreme than the answers show. Formally the silent's answers, given what is known of them, are
//! those of respondents tilted by 1 / odds (exponential tilting; Scharfstein, Rotnitzky and Robins, J. Amer. Statist. Assoc. 94 (1999), 1096-1120):
//! P(answer) / P(silence) is then `odds` times as great for an extreme answer as for one of the middle, at any rate of answering.

use nalgebra::DVector;

use crate::design::Design;
use crate::estimate::{Confidence, Estimate};
use crate::influence::{Spread, parallel_rows, totals};
use crate::logistic::{Logistic, Penalty};
use crate::parallel;
use crate::response::{Asked, Corrected, propensity::held};
use crate::scale::Side;

/// Whose readiness to answer is out of the ordinary. The direction is not assumed: the first raises or lowers a score by which extreme is larger, the
/// second raises it (the furious are over-heard), the third lowers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both extremes alike.
    Both,
    /// The lowest answers alone.
    Furious,
    /// The highest answers alone.
    Delighted,
}

impl Direction {
    /// All of them.
    pub const ALL: [Direction; 3] = [Direction::Both, Direction::Furious, Direction::Delighted];

    fn tilt(self, odds: f64) -> Tilt {
        match self {
            Direction::Both => Tilt { low: odds, high: odds },
            Direction::Furious => Tilt { low: odds, high: 1.0 },
            Direction::Delighted => Tilt { low: 1.0, high: odds },
        }
    }
}

/// The odds of answering of the extremes, against the middle's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tilt {
    /// Of the lowest answers.
    pub low: f64,
    /// Of the highest answers.
    pub high: f64,
}

/// The odds a band is given for: none, moderate, strong, and the most we consider. Our choice.
pub const ODDS: [f64; 4] = [1.0, 2.0, 5.0, 10.0];
/// The most we consider: extremes ten times as ready to answer.
pub const MOST: f64 = 10.0;

/// Corrected scores under stated odds.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// By direction, then odds.
    pub points: Vec<Point>,
    /// The least and the greatest corrected score among the points.
    pub values: (f64, f64),
    /// The least low end and the greatest high end of their intervals.
    pub ends: (f64, f64),
}

/// A corrected score, were the extremes so ready to answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Whose.
    pub direction: Direction,
    /// How many times as ready as the middle.
    pub odds: f64,
    /// The score.
    pub estimate: Estimate,
}

/// When a conclusion turns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn<D> {
    /// The least odds at which it does, 1 to [`MOST`].
    pub odds: f64,
    /// In which direction.
    pub direction: D,
}

/// When the order of two groups turns; `None` where it does not within [`MOST`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// The first group's score less the second's, at odds of 1.
    pub difference: f64,
    /// When the same people are ready to answer in both.
    pub together: Option<Turn<Direction>>,
    /// When other people may be in either: the first group's direction, and the second's.
    pub apart: Option<Turn<(Direction, Direction)>>,
}

/// The silent of a correction, as their answers would be at stated odds.
#[derive(Debug, Clone)]
pub struct Silence<'a> {
    design: &'a Design,
    asked: &'a Asked<'a>,
    corrected: &'a Corrected,
    /// The respondents' rows of the design.
    of: Design,
    sides: Vec<Side>,
    low: Extreme,
    high: Extreme,
}

/// The share of an extreme among answers, by what is known of each.
#[derive(Debug, Clone)]
struct Extreme {
    share: Vec<f64>,
    /// `None` where the share is the same for all: nobody or everybody is extreme.
    model: Option<Logistic>,
}

impl Extreme {
    fn of(design: &Design, sides: &[Side], side: Side) -> Extreme {
        let is: Vec<bool> = sides.iter().map(|of| *of == side).collect();
        match held(design, &is, None, Penalty::None) {
            Ok((model, _)) => Extreme { share: model.probability.clone(), model: Some(model) },
            Err(_) => {
                let share = is.iter().filter(|is| **is).count() as f64 / is.len() as f64;
                Extreme { share: vec![share; is.len()], model: None }
            }
        }
    }
}

/// A tilted mean of the silent, and what it is made of.
struct Tilted {
    /// How many silent each respondent stands for.
    weights: Vec<f64>,
    total: f64,
    silent: f64,
    everyone: f64,
}

impl<'a> Silence<'a> {
    /// The silent of this correction of these asked.
    pub fn of(asked: &'a Asked<'a>, corrected: &'a Corrected) -> Silence<'a> {
        let respondents = &corrected.fit.respondents;
        let of = asked.design.select(&respondents.rows);
        let sides: Vec<Side> = respondents.scores.iter().map(|score| asked.instrument.side(*score)).collect();
        let (low, high) = (Extreme::of(&of, &sides, Side::Low), Extreme::of(&of, &sides, Side::High));
        Silence { design: asked.design, asked, corrected, of, sides, low, high }
    }

    /// The score of everyone asked, were the extremes so ready to answer. `None` unless odds are finite and positive.
    pub fn value(&self, tilt: Tilt) -> Option<f64> {
        self.tilted(tilt).map(|tilted| tilted.everyone)
    }

    /// The same with its interval, by influence as in [`crate::response`].
    pub fn estimate(&self, tilt: Tilt, level: Confidence) -> Option<Estimate> {
        let tilted = self.tilted(tilt)?;
        let fit = &self.corrected.fit;
        let spread = Spread::of(&totals(self.influence(tilt, &tilted), fit.clusters.as_ref()), fit.units, self.design.columns())?;
        spread.interval(&self.asked.instrument, tilted.everyone, level, fit.respondents.rows.len() as u64)
    }

    /// The band over [`ODDS`] in all directions. `None` where a point has no interval.
    pub fn band(&self, level: Confidence) -> Option<Band> {
        let plan: Vec<(Direction, f64)> = Direction::ALL.into_iter().flat_map(|direction| ODDS.map(|odds| (direction, odds))).collect();
        let point =
            |(direction, odds): (Direction, f64)| Some(Point { direction, odds, estimate: self.estimate(direction.tilt(odds), level)? });
        let points = plan.into_iter().map(point).collect::<Option<Vec<Point>>>()?;
        let least = |of: fn(&Estimate) -> f64| points.iter().map(|point| of(&point.estimate)).fold(f64::INFINITY, f64::min);
        let greatest = |of: fn(&Estimate) -> f64| points.iter().map(|point| of(&point.estimate)).fold(f64::NEG_INFINITY, f64::max);
        let (values, ends) = ((least(|e| e.value), greatest(|e| e.value)), (least(|e| e.low), greatest(|e| e.high)));
        Some(Band { points, values, ends })
    }

    /// The least odds, in any direction, at which the score is no longer on the side of the target where it is at odds of 1. `None` when it stays there
    /// up to [`MOST`].
    pub fn turns_at(&self, target: f64) -> Option<Turn<Direction>> {
        let paths = Direction::ALL.map(|direction| (direction, move |odds| self.value(direction.tilt(odds)).map(|value| value - target)));
        first_turn(&paths)
    }

    /// When the order of two groups turns.
    pub fn order(&self, other: &Silence<'_>) -> Option<Order> {
        let even = Direction::Both.tilt(1.0);
        let difference = self.value(even)? - other.value(even)?;
        let path = |first: Direction, second: Direction| move |odds| Some(self.value(first.tilt(odds))? - other.value(second.tilt(odds))?);
        let together = Direction::ALL.map(|direction| (direction, path(direction, direction)));
        let pairs = Direction::ALL.into_iter().flat_map(|first| Direction::ALL.map(|second| (first, second)));
        let apart: Vec<_> = pairs.map(|(first, second)| ((first, second), path(first, second))).collect();
        Some(Order { difference, together: first_turn(&together), apart: first_turn(&apart) })
    }

    fn tilted(&self, tilt: Tilt) -> Option<Tilted> {
        if ![tilt.low, tilt.high].iter().all(|odds| odds.is_finite() && *odds > 0.0) {
            return None;
        }
        let fit = &self.corrected.fit;
        let contributions = &fit.respondents.contributions;
        let weights: Vec<f64> = (0..self.sides.len())
            .map(|place| {
                let silent = (fit.propensity.cut(place) - 1.0).max(0.0);
                silent * self.lean(place, tilt) / self.mean_lean(place, tilt)
            })
            .collect();
        let total: f64 = weights.iter().sum();
        let silent = weights.iter().zip(contributions).map(|(weight, y)| weight * y).sum::<f64>() / total;
        let everyone = self.design.rows() as f64;
        let answers: f64 = contributions.iter().sum();
        let everyone = (answers + (everyone - contributions.len() as f64) * silent) / everyone;
        everyone.is_finite().then_some(Tilted { weights, total, silent, everyone })
    }

    /// How much rarer such an answer is among the silent than among respondents.
    fn lean(&self, place: usize, tilt: Tilt) -> f64 {
        match self.sides[place] {
            Side::Low => 1.0 / tilt.low,
            Side::Middle => 1.0,
            Side::High => 1.0 / tilt.high,
        }
    }

    /// Its mean over respondents of whom the same is known.
    fn mean_lean(&self, place: usize, tilt: Tilt) -> f64 {
        1.0 + self.low.share[place] * (1.0 / tilt.low - 1.0) + self.high.share[place] * (1.0 / tilt.high - 1.0)
    }

    /// How each row moved the tilted score: by its answer or silence, through the model of answering, and through the models of the extremes.
    fn influence(&self, tilt: Tilt, tilted: &Tilted) -> Vec<f64> {
        let fit = &self.corrected.fit;
        let (rows, contributions) = (&fit.respondents.rows, &fit.respondents.contributions);
        let everyone = self.design.rows() as f64;
        let part = (everyone - rows.len() as f64) / everyone / tilted.total;
        let pull = |place: usize| part * tilted.weights[place] * (contributions[place] - tilted.silent);
        // Silence for each answer is 1 / p - 1, which moves by -(1 / p - 1) x; a cut weight does not move.
        let through = self.gradient(|place| if fit.propensity.moves(place) { -pull(place) } else { 0.0 });
        let mut influence = fit.propensity.through(self.design, &fit.respondents.answered, &through);
        influence.iter_mut().for_each(|sum| *sum += (tilted.silent - tilted.everyone) / everyone);
        for (place, row) in rows.iter().enumerate() {
            influence[*row] += (contributions[place] - tilted.silent) / everyone + pull(place);
        }
        for (extreme, side, lean) in [(&self.low, Side::Low, 1.0 / tilt.low - 1.0), (&self.high, Side::High, 1.0 / tilt.high - 1.0)] {
            let Some(model) = extreme.model.as_ref().filter(|_| lean != 0.0) else { continue };
            let slope = |share: f64| share * (1.0 - share);
            let through = self.gradient(|place| -pull(place) / self.mean_lean(place, tilt) * lean * slope(extreme.share[place]));
            let direction = &model.covariance * through;
            let moved = parallel_rows(rows.len(), |place| {
                let surprise = f64::from(u8::from(self.sides[place] == side)) - extreme.share[place];
                self.of.predict(place, direction.as_slice()) * surprise
            });
            rows.iter().zip(moved).for_each(|(row, moved)| influence[*row] += moved);
        }
        influence
    }

    fn gradient(&self, weight: impl Fn(usize) -> f64 + Sync) -> DVector<f64> {
        crate::response::outcome::weighted_rows(&self.of, weight)
    }
}

/// Into how many steps of equal ratio the way to [`MOST`] is cut in search of the first turn; a path that turns and turns back within one, 7 %, is missed.
const STEPS: usize = 32;
/// Halvings of a step: to a millionth of it.
const HALVINGS: usize = 20;

/// The first odds at which a path, of those that start on the same side of 0, is no longer there.
fn first_turn<D: Copy + Sync, F: Fn(f64) -> Option<f64> + Sync>(paths: &[(D, F)]) -> Option<Turn<D>> {
    let (direction, start) = (paths.first()?.0, paths.first()?.1(1.0)?);
    if start == 0.0 {
        return Some(Turn { odds: 1.0, direction });
    }
    let turned = |value: f64| value * start <= 0.0;
    let odds = |step: usize| MOST.powf(step as f64 / STEPS as f64);
    let values = parallel::map(paths.len() * STEPS, |at| paths[at / STEPS].1(odds(at % STEPS + 1)));
    let step = (0..STEPS).find(|step| (0..paths.len()).any(|path| values[path * STEPS + step].is_some_and(turned)))?;
    let candidates = (0..paths.len()).filter(|path| values[path * STEPS + step].is_some_and(turned)).map(|path| {
        let (mut before, mut after) = (odds(step), odds(step + 1));
        for _ in 0..HALVINGS {
            let middle = (before * after).sqrt();
            if paths[path].1(middle).is_some_and(turned) { after = middle } else { before = middle }
        }
        Turn { odds: after, direction: paths[path].0 }
    });
    candidates.min_by(|a, b| a.odds.total_cmp(&b.odds))
}

#[cfg(test)]
mod tests;
