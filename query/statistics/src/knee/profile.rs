//! The least squares of two lines that meet at a given place, for any place, from sums over cells of rows.
//!
//! In units in which the measure has mean 0 and deviation 1, what a bend at k takes off the squares of the straight line follows from the sums of 1,
//! u, u^2, y and u y over the rows above k. They are kept for the starts of a few hundred cells; within a cell its rows are added one by one.

use std::ops::Range;

use nalgebra::{Matrix3, Vector3};

use crate::pairs::Sorted;

/// How the measure turns into units of its deviation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    pub mean: f64,
    pub deviation: f64,
}

impl Units {
    pub fn place(self, x: f64) -> f64 {
        (x - self.mean) / self.deviation
    }

    pub fn measure(self, place: f64) -> f64 {
        self.mean + self.deviation * place
    }
}

/// Two lines that meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    /// Of the first line at the mean of the measure.
    pub level: f64,
    pub slope: f64,
    pub bend: f64,
}

impl Lines {
    pub fn at(self, u: f64, place: f64) -> f64 {
        self.level + self.slope * u + self.bend * (u - place).max(0.0)
    }
}

/// The place of least squares.
pub(super) struct Best {
    pub place: f64,
    /// Whether the squares still fall towards the edge of what is searched.
    pub at_edge: bool,
}

/// Sums of w, w u, w u^2, w y and w u y.
type Sums = [f64; 5];

/// Cells whose starts are the candidate places.
const CELLS: usize = 256;
/// The share of the rows that lie below the first and above the last place looked at: our choice; nearer to the ends a few rows would make a line.
const TRIM: f64 = 0.1;
/// Of many rows no more than these are left beyond: our choice. A thousand tell a slope well, and what few calls suffer is often where the knee is.
const ROWS_BEYOND: usize = 1_000;
/// Places that an interval over all places of the knee is taken from.
const STEPS: usize = 100;
/// Different values of the measure that lie beyond any place looked at.
const VALUES_BEYOND: usize = 3;

pub(super) struct Profile {
    pub units: Units,
    rows: Vec<(f64, f64, f64)>,
    cells: Vec<Range<usize>>,
    /// Over all rows from the start of each cell on, and nothing after the last.
    from: Vec<Sums>,
    mean: f64,
    /// Sum of w (y - mean)^2.
    total: f64,
    candidates: Vec<f64>,
}

impl Profile {
    /// `None` when there are fewer than three places to look at.
    pub fn of(sorted: &Sorted) -> Option<Profile> {
        let weight: f64 = sorted.rows.iter().map(|row| row.weight).sum();
        let average = |of: &dyn Fn(&crate::pairs::Row) -> f64| sorted.rows.iter().map(|row| row.weight * of(row)).sum::<f64>() / weight;
        let (centre, mean) = (average(&|row| row.x), average(&|row| row.y));
        let deviation = average(&|row| (row.x - centre).powi(2)).sqrt();
        let units = Units { mean: centre, deviation };
        let rows: Vec<(f64, f64, f64)> = sorted.rows.iter().map(|row| (units.place(row.x), row.y - mean, row.weight)).collect();
        let cells = sorted.runs(CELLS);
        let mut from = vec![[0.0; 5]; cells.len() + 1];
        for at in (0..cells.len()).rev() {
            let (later, own) = (from[at + 1], sums(&rows[cells[at].clone()]));
            from[at] = std::array::from_fn(|i| own[i] + later[i]);
        }
        let total = rows.iter().map(|(_, y, w)| w * y * y).sum();
        let candidates = candidates(&rows, &cells);
        (candidates.len() >= 3).then_some(Profile { units, rows, cells, from, mean, total, candidates })
    }

    /// Measure in units, outcome about its mean, and weight of each row, by the measure.
    pub fn rows(&self) -> &[(f64, f64, f64)] {
        &self.rows
    }

    /// The least and the greatest of the measure.
    pub fn ends(&self) -> (f64, f64) {
        (self.rows[0].0, self.rows[self.rows.len() - 1].0)
    }

    /// The places looked at, ascending.
    pub fn candidates(&self) -> &[f64] {
        &self.candidates
    }

    pub fn first(&self) -> f64 {
        self.candidates[0]
    }

    pub fn last(&self) -> f64 {
        self.candidates[self.candidates.len() - 1]
    }

    /// The mean of the outcome.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Sum of squares about the mean.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The slope of the straight line.
    pub fn straight_slope(&self) -> f64 {
        self.from[0][4] / self.from[0][2]
    }

    /// Sum of squares about the straight line.
    pub fn straight_residual(&self) -> f64 {
        self.total - self.from[0][4].powi(2) / self.from[0][2]
    }

    /// Sum of squares about the lines that meet here.
    pub fn residual(&self, place: f64) -> f64 {
        self.straight_residual() - self.gain(place)
    }

    /// Of max(u - place, 0) and the straight line through it: that line's level and slope, what is left of its squares, and of its products with y.
    pub fn bent(&self, place: f64) -> Bent {
        let all = self.from[0];
        let [w, wu, wuu, wy, wuy] = self.above(place);
        let (h, uh) = (wu - place * w, wuu - place * wu);
        let (hh, hy) = (wuu - 2.0 * place * wu + place * place * w, wuy - place * wy);
        let (level, slope) = (h / all[0], uh / all[2]);
        Bent { level, slope, squares: hh - level * h - slope * uh, products: hy - slope * all[4] }
    }

    /// Products of what is left of two bends once their straight lines are taken off.
    pub fn shared(&self, one: f64, other: f64) -> f64 {
        let all = self.from[0];
        let (low, high) = (one.min(other), one.max(other));
        let [w, wu, wuu, ..] = self.above(high);
        let (a, b) = (self.bent(low), self.bent(high));
        wuu - (low + high) * wu + low * high * w - a.level * b.level * all[0] - a.slope * b.slope * all[2]
    }

    /// What a bend here takes off the squares of the straight line.
    pub fn gain(&self, place: f64) -> f64 {
        let bent = self.bent(place);
        if bent.squares > 0.0 { bent.products.powi(2) / bent.squares } else { 0.0 }
    }

    /// The lines that meet here.
    pub fn lines(&self, place: f64) -> Option<Lines> {
        let bent = self.bent(place);
        let bend = bent.products / bent.squares;
        let lines = Lines { level: self.mean - bend * bent.level, slope: self.straight_slope() - bend * bent.slope, bend };
        (bent.squares > 0.0 && bend.is_finite()).then_some(lines)
    }

    /// The place of least squares: the best candidate, then by golden section between its neighbours.
    pub fn best(&self) -> Best {
        let gains: Vec<f64> = self.candidates.iter().map(|place| self.gain(*place)).collect();
        let best = (0..gains.len()).max_by(|a, b| gains[*a].total_cmp(&gains[*b])).unwrap_or(0);
        let (mut low, mut high) = (self.candidates[best.saturating_sub(1)], self.candidates[(best + 1).min(gains.len() - 1)]);
        let ends = (self.first(), self.last());
        let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
        let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
        let (mut at_a, mut at_b) = (self.gain(a), self.gain(b));
        while high - low > 1e-10 {
            if at_a >= at_b {
                (high, b, at_b) = (b, a, at_a);
                a = high - ratio * (high - low);
                at_a = self.gain(a);
            } else {
                (low, a, at_a) = (a, b, at_b);
                b = low + ratio * (high - low);
                at_b = self.gain(b);
            }
        }
        let middle = (low + high) / 2.0;
        // Golden section can end in a lesser maximum between two rows.
        let place = if self.gain(middle) >= gains[best] { middle } else { self.candidates[best] };
        Best { place, at_edge: place - ends.0 < 1e-8 || ends.1 - place < 1e-8 }
    }

    /// The lowest and the highest place whose squares exceed the least by no more than `excess`.
    pub fn within(&self, best: f64, excess: f64) -> (f64, f64) {
        let limit = self.gain(best) - excess;
        let holds = |place: f64| self.gain(place) >= limit;
        let end = |mut outside: f64, mut inside: f64| {
            for _ in 0..60 {
                let middle = (outside + inside) / 2.0;
                if holds(middle) { inside = middle } else { outside = middle }
            }
            inside
        };
        let low = match self.candidates.iter().position(|place| *place >= best || holds(*place)) {
            Some(0) => self.first(),
            Some(at) => end(self.candidates[at - 1], self.candidates[at].min(best)),
            None => end(self.last(), best),
        };
        let high = match self.candidates.iter().rposition(|place| *place <= best || holds(*place)) {
            Some(at) if at + 1 == self.candidates.len() => self.last(),
            Some(at) => end(self.candidates[at + 1], self.candidates[at].max(best)),
            None => end(self.first(), best),
        };
        (low, high)
    }

    /// A combination of level, slope and bend, and its lowest and highest value among the lines of any place whose squares exceed the least by no
    /// more than `excess`. `None` when the lines are not told apart.
    pub fn figure(&self, best: f64, excess: f64, of: impl Fn(f64) -> [f64; 3]) -> Option<(f64, f64, f64)> {
        let limit = self.residual(best) + excess;
        let value = |place: f64| {
            let lines = self.lines(place)?;
            Some(of(place).iter().zip([lines.level, lines.slope, lines.bend]).map(|(a, b)| a * b).sum::<f64>())
        };
        let best_value = value(best)?;
        let (mut low, mut high) = (best_value, best_value);
        let (first, last) = self.within(best, excess);
        let places = (0..=STEPS).map(|at| first + (last - first) * at as f64 / STEPS as f64).chain([best]);
        for place in places {
            let (Some(value), Some(inverse)) = (value(place), self.gram(place).try_inverse()) else { continue };
            let gradient = Vector3::from(of(place));
            let variance = (gradient.transpose() * inverse * gradient)[0];
            let half = (variance * (limit - self.residual(place)).max(0.0)).sqrt();
            (low, high) = (low.min(value - half), high.max(value + half));
        }
        (low.is_finite() && high.is_finite()).then_some((best_value, low, high))
    }

    /// Cross products of 1, u and the bend.
    fn gram(&self, place: f64) -> Matrix3<f64> {
        let all = self.from[0];
        let [w, wu, wuu, ..] = self.above(place);
        let (h, uh, hh) = (wu - place * w, wuu - place * wu, wuu - 2.0 * place * wu + place * place * w);
        Matrix3::new(all[0], all[1], h, all[1], all[2], uh, h, uh, hh)
    }

    fn above(&self, place: f64) -> Sums {
        let row = self.rows.partition_point(|(u, _, _)| *u <= place);
        let cell = self.cells.partition_point(|cell| cell.end <= row);
        let Some(rows) = self.cells.get(cell) else { return [0.0; 5] };
        if row == rows.start {
            return self.from[cell];
        }
        let own = sums(&self.rows[row..rows.end]);
        std::array::from_fn(|i| own[i] + self.from[cell + 1][i])
    }
}

/// A bend, once the straight line through it is taken off.
pub(super) struct Bent {
    pub level: f64,
    pub slope: f64,
    pub squares: f64,
    pub products: f64,
}

fn sums(rows: &[(f64, f64, f64)]) -> Sums {
    rows.iter().fold([0.0; 5], |[w, wu, wuu, wy, wuy], (u, y, weight)| {
        let weighted = weight * u;
        [w + weight, wu + weighted, wuu + weighted * u, wy + weight * y, wuy + weighted * y]
    })
}

/// The starts of cells that have enough rows and values on either side.
fn candidates(rows: &[(f64, f64, f64)], cells: &[Range<usize>]) -> Vec<f64> {
    let n = rows.len();
    let trim = ((n as f64 * TRIM) as usize).clamp(VALUES_BEYOND, ROWS_BEYOND);
    let (low, high) = (rows[trim.min(n - 1)].0, rows[(n - 1).saturating_sub(trim)].0);
    let (first, last) = (beyond(rows.iter().map(|row| row.0)), beyond(rows.iter().rev().map(|row| row.0)));
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let (low, high) = (low.max(first), high.min(last));
    cells.iter().map(|cell| rows[cell.start].0).filter(|u| low <= *u && *u <= high).collect()
}

/// The first value that has enough different ones before it.
fn beyond(mut values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut seen, mut last) = (0, f64::NAN);
    values.find(|value| {
        seen += usize::from(*value != last);
        last = *value;
        seen > VALUES_BEYOND
    })
}
