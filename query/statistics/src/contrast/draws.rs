//! What resampling gave, in order, read as a distribution.

use statrs::function::erf::erfc;

use super::bootstrap::{MIN_DRAWS, TAIL};
use super::error::ContrastError;
use super::law::critical;
use crate::estimate::Confidence;
use crate::moments::{Moments, satterthwaite};
use crate::normal::normal_quantile;
use crate::student::t_two_sided;

#[derive(Debug, Clone)]
pub(super) struct Draws {
    sorted: Vec<f64>,
    deviation: f64,
    freedom: f64,
    /// Resampling n units gives a variance (n - 1) / n too small.
    expansion: f64,
}

impl Draws {
    pub(super) fn of(mut draws: Vec<f64>, units: [u64; 2]) -> Result<Draws, ContrastError> {
        if draws.len() < MIN_DRAWS {
            return Err(ContrastError::Draws { first: draws.len(), second: draws.len(), least: MIN_DRAWS });
        }
        super::units::enough(units, super::MIN_UNITS)?;
        if let Some((row, value)) = draws.iter().enumerate().find(|(_, draw)| !draw.is_finite()) {
            return Err(ContrastError::NotFinite { row, value: *value });
        }
        draws.sort_unstable_by(f64::total_cmp);
        let deviation = Moments::of(draws.iter().copied()).and_then(|of| of.variance()).unwrap_or(0.0).sqrt();
        if draws.first() == draws.last() || deviation <= 0.0 {
            return Err(ContrastError::Constant { first: units[0], second: units[1] });
        }
        let [a, b] = units.map(|units| units as f64);
        let freedom = satterthwaite(&[(1.0 / a, a - 1.0), (1.0 / b, b - 1.0)]).unwrap_or(1.0);
        let units = 2.0 / (1.0 / a + 1.0 / b);
        Ok(Draws { sorted: draws, deviation, freedom, expansion: (units / (units - 1.0)).sqrt() })
    }

    pub(super) fn deviation(&self) -> f64 {
        self.deviation
    }

    pub(super) fn negated(&self) -> Draws {
        Draws { sorted: self.sorted.iter().rev().map(|draw| -draw).collect(), ..self.clone() }
    }

    pub(super) fn ends(&self, level: Confidence) -> (f64, f64) {
        self.at(critical(level, self.freedom))
    }

    /// The ends so many standard errors away.
    pub(super) fn at(&self, errors: f64) -> (f64, f64) {
        let errors = errors * self.expansion;
        (self.low(errors, |at| self.sorted[at]), -self.low(errors, |at| -self.sorted[self.sorted.len() - 1 - at]))
    }

    pub(super) fn p_value(&self, nothing: f64) -> f64 {
        let last = self.sorted.len() - 1;
        let below = self.errors(nothing, |at| self.sorted[at]);
        let above = self.errors(-nothing, |at| -self.sorted[last - at]);
        t_two_sided(below.max(above).max(0.0) / self.expansion, self.freedom).unwrap_or(1.0)
    }

    /// The value so many (normal) standard errors below the middle. `draw` gives the draws in ascending order.
    fn low(&self, errors: f64, draw: impl Fn(usize) -> f64) -> f64 {
        let places = (self.sorted.len() + 1) as f64;
        let place = places * 0.5 * erfc(errors / std::f64::consts::SQRT_2);
        if place < TAIL as f64 {
            return draw(TAIL - 1) - (errors - self.tail_errors()) * self.deviation;
        }
        let whole = place.floor();
        let (at, part) = (whole as usize - 1, place - whole);
        if part > 0.0 { draw(at) + part * (draw(at + 1) - draw(at)) } else { draw(at) }
    }

    /// The inverse: the fewest standard errors at which [`Draws::low`] is no larger than `value`.
    fn errors(&self, value: f64, draw: impl Fn(usize) -> f64) -> f64 {
        let tail = draw(TAIL - 1);
        if value < tail {
            return self.tail_errors() + (tail - value) / self.deviation;
        }
        // How many draws are no larger, and how far on to the next.
        let (mut low, mut high) = (TAIL, self.sorted.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if draw(middle) <= value { low = middle + 1 } else { high = middle }
        }
        if low == self.sorted.len() {
            return f64::NEG_INFINITY;
        }
        let (before, after) = (draw(low - 1), draw(low));
        let place = low as f64 + (value - before) / (after - before);
        normal_quantile(place / (self.sorted.len() + 1) as f64).map_or(f64::NEG_INFINITY, |z| -z)
    }

    fn tail_errors(&self) -> f64 {
        normal_quantile(TAIL as f64 / (self.sorted.len() + 1) as f64).map_or(0.0, |z| -z)
    }
}
