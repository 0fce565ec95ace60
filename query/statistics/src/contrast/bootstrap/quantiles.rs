//! A quantile of resamples: counts of each unit below a window and in all, and the window's rows walked in order.

use super::weights::LANES;
use crate::contrast::ordered::Ordered;

/// Standard errors that the window reaches to either side: beyond it all rows are walked, which costs hundreds of times as much and comes as good as never.
const REACH: f64 = 6.0;

pub(super) struct Walk<'a> {
    of: &'a Ordered,
    q: f64,
    value: f64,
    /// Where the window begins and ends among the rows in order.
    from: usize,
    to: usize,
    /// Rows of each unit.
    sizes: Vec<Count>,
    /// Those on the side of the window's beginning that has fewer.
    side: Vec<Count>,
    /// Whether that side is the one below.
    below: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn of(of: &'a Ordered, q: f64, value: f64) -> Walk<'a> {
        let rows = of.values().len();
        let reach = REACH * (q * (1.0 - q) / of.worth(q).rows).sqrt() * rows as f64 + 2.0;
        let middle = (rows - 1) as f64 * q;
        let (from, to) = ((middle - reach).max(0.0) as usize, ((middle + reach).ceil() as usize).min(rows));
        let below = from * 2 <= rows;
        let side = counts(&of.tally(if below { 0..from } else { from..rows }));
        Walk { of, q, value, from, to, sizes: counts(of.sizes()), side, below }
    }

    pub(super) fn draw(&self, weights: &[[u8; LANES]], places: &[u32]) -> [f64; LANES] {
        let at = |unit: u32| &weights[places[unit as usize] as usize];
        let total = weighted(&self.sizes, at);
        let mut before = weighted(&self.side, at);
        if !self.below {
            before = std::array::from_fn(|lane| total[lane] - before[lane]);
        }
        // The rows repeated by their weights, in order: the quantile lies between the one at `whole` and the next, from 0.
        let place: [f64; LANES] = std::array::from_fn(|lane| (f64::from(total[lane]) - 1.0).max(0.0) * self.q);
        let target: [i32; LANES] = std::array::from_fn(|lane| place[lane] as i32);
        let (first, second) = self.walk(before, target, |row| at(self.of.places()[row]));
        std::array::from_fn(|lane| {
            if total[lane] == 0 {
                return self.value;
            }
            let outside = target[lane] < before[lane] || second[lane] == self.to && self.to < self.of.values().len();
            let (first, second) = if outside {
                let (first, second) = self.walk_all(lane, target[lane], |row| at(self.of.places()[row]));
                (first, second)
            } else {
                (first[lane], second[lane])
            };
            let values = self.of.values();
            let low = values[first];
            low + (place[lane] - f64::from(target[lane])) * (values[second.min(values.len() - 1)] - low)
        })
    }

    /// The rows at `target` and the next, of those repeated by their weights; the window's end where it ends before.
    fn walk<'w>(
        &self,
        before: [i32; LANES],
        target: [i32; LANES],
        weights: impl Fn(usize) -> &'w [u8; LANES],
    ) -> ([usize; LANES], [usize; LANES]) {
        let (mut passed, mut first, mut second) = (before, [0_i32; LANES], [0_i32; LANES]);
        for row in self.from..self.to {
            let weights = weights(row);
            for lane in 0..LANES {
                passed[lane] = passed[lane].wrapping_add(i32::from(weights[lane]));
                first[lane] = first[lane].wrapping_add(i32::from(passed[lane] <= target[lane]));
                second[lane] = second[lane].wrapping_add(i32::from(passed[lane] <= target[lane].wrapping_add(1)));
            }
        }
        (first.map(|rows| self.from + rows as usize), second.map(|rows| self.from + rows as usize))
    }

    fn walk_all<'w>(&self, lane: usize, target: i32, weights: impl Fn(usize) -> &'w [u8; LANES]) -> (usize, usize) {
        let (mut passed, mut first, mut second) = (0, 0, 0);
        for row in 0..self.of.values().len() {
            passed += i32::from(weights(row)[lane]);
            first += usize::from(passed <= target);
            second += usize::from(passed <= target + 1);
        }
        (first, second)
    }
}

/// How many rows a unit has. Units with more than [`MOST`] are there several times.
struct Count {
    unit: u32,
    rows: u16,
}

/// So many, eight times over, still are sixteen bits.
const MOST: u32 = 8191;

fn counts(tally: &[u32]) -> Vec<Count> {
    let parts = |(unit, rows): (u32, &u32)| {
        let rows = *rows;
        (0..rows.div_ceil(MOST)).map(move |part| Count { unit, rows: (rows - part * MOST).min(MOST) as u16 })
    };
    (0..).zip(tally).flat_map(parts).collect()
}

/// The rows of all, each times its unit's weight.
fn weighted<'w>(counts: &[Count], weights: impl Fn(u32) -> &'w [u8; LANES]) -> [i32; LANES] {
    let mut sums = [0_i32; LANES];
    for Count { unit, rows } in counts {
        for (sum, weight) in sums.iter_mut().zip(weights(*unit)) {
            *sum = sum.wrapping_add(i32::from(u16::from(*weight).wrapping_mul(*rows)));
        }
    }
    sums
}
