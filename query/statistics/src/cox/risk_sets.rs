//! Who is at risk at the time of each event, and sums over them.
//!
//! Times of events are numbered in order within strata, one stratum after the other. A row is at risk from number `first` to before `last`. Rows are
//! laid out from the last number to the first, so that those at risk are a running sum, less the rows that had not entered. The sum of x x' over those at
//! risk, which would cost p^2 a time and a row, is never formed: what is needed is its sum over times, where each row counts with the hazard that passed
//! over it.
//!
//! Work is shared by pieces of a fixed size: sums of each piece, running totals before each piece, then each piece in detail. So the answer is the same
//! to the last bit on any number of processors.

use std::ops::Range;

use super::Ties;
use crate::design::Design;
use crate::parallel::{BLOCK, map, over_blocks};
use crate::spell::Spells;

/// Rows and times, ready for passes.
pub(super) struct RiskSets {
    p: usize,
    ties: Ties,
    /// Covariates about their means, by row from the last to the first.
    x: Vec<f64>,
    /// The largest less the smallest value of each column.
    spread: Vec<f64>,
    rows: Vec<Row>,
    weight: Option<Vec<f64>>,
    /// Rows that enter after an event of their stratum, from the last to the first.
    entering: Vec<Entry>,
    /// Their covariates again, in that order: to look them up among the others' would take longer than to add them.
    entering_x: Vec<f64>,
    times: Vec<Time>,
}

/// When a row is at risk, and where it came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// The first event it is at risk at.
    pub first: u32,
    /// The first event it is no longer at risk at.
    pub last: u32,
    /// Whether it has the event before that one.
    pub event: bool,
    /// Its place in what was given.
    pub given: usize,
}

/// A row that enters after the first event of its stratum, and before which event.
#[derive(Debug, Clone, Copy)]
struct Entry {
    first: u32,
    row: u32,
}

/// A time of events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub time: f64,
    pub events: u32,
    /// The weight of those events.
    pub weight: f64,
    /// Whether it is the first of its stratum.
    pub opens: bool,
}

/// Hazards in relation to that of a row at the covariates' means, times weights.
pub(super) struct Relative {
    pub rows: Vec<f64>,
    /// Those of the rows that enter late, in their order.
    entering: Vec<f64>,
}

/// Sums over those at risk (s) and over those with the event (d) of relative hazards (0) and of relative hazards times covariates (1).
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub s0: f64,
    pub d0: f64,
    pub s1: Vec<f64>,
    pub d1: Vec<f64>,
}

impl Sums {
    fn new(p: usize) -> Self {
        Sums { s0: 0.0, d0: 0.0, s1: vec![0.0; p], d1: vec![0.0; p] }
    }

    fn risk(&mut self, by: f64, x: &[f64]) {
        self.s0 += by;
        self.s1.iter_mut().zip(x).for_each(|(sum, x)| *sum += by * x);
    }

    fn event(&mut self, by: f64, x: &[f64]) {
        self.d0 += by;
        self.d1.iter_mut().zip(x).for_each(|(sum, x)| *sum += by * x);
    }

    fn clear_events(&mut self) {
        self.d0 = 0.0;
        self.d1.fill(0.0);
    }

    fn clear_risk(&mut self) {
        self.s0 = 0.0;
        self.s1.fill(0.0);
    }
}

/// Sums over the events of one time of powers of 1 / (s0 - f d0), where f is 0 (Breslow) or 0, 1/d, ... (d - 1)/d (Efron); to be multiplied by `weight`,
/// the events' mean weight.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    pub weight: f64,
    /// Of ln(s0 - f d0).
    pub log: f64,
    /// Of its reciprocal.
    pub one: f64,
    /// Of f times its reciprocal.
    pub tied: f64,
    /// Of its reciprocal squared.
    pub square: f64,
    /// Of f times that.
    pub square_tied: f64,
    /// Of f squared times that.
    pub square_both: f64,
}

impl Moments {
    fn of(ties: Ties, time: Time, s0: f64, d0: f64) -> Self {
        let d = f64::from(time.events);
        let weight = time.weight / d;
        // Those with the event are among those at risk, whatever rounding did.
        let s0 = s0.max(d0);
        if ties == Ties::Breslow || time.events == 1 {
            let one = 1.0 / s0;
            return Moments { weight, log: d * s0.ln(), one: d * one, square: d * one * one, ..Moments::default() };
        }
        let mut sums = Moments { weight, ..Moments::default() };
        for l in 0..time.events {
            let f = f64::from(l) / d;
            let left = s0 - f * d0;
            let one = 1.0 / left;
            sums.log += left.ln();
            sums.one += one;
            sums.tied += f * one;
            sums.square += one * one;
            sums.square_tied += f * one * one;
            sums.square_both += f * f * one * one;
        }
        sums
    }
}

/// Sums over rows, each by its martingale residual or by the hazard that passed over it.
pub(super) struct OverRows {
    /// The events' weighted linear predictors.
    pub events: f64,
    /// The score.
    pub gradient: Vec<f64>,
    /// x x' by the relative hazard times the hazard that passed; the upper triangle.
    pub gram: Vec<f64>,
}

impl RiskSets {
    pub(super) fn new(design: &Design, spells: &Spells<'_>, strata: Option<&[u32]>, ties: Ties) -> Self {
        let p = design.columns() - 1;
        let order = spells.order(strata);
        let (mut rows, times) = number(spells, strata, &order);
        rows.retain(|row| row.first < row.last);
        rows.reverse();
        let (x, spread) = centred(design, &rows);
        let weight = spells.weights().map(|weights| rows.iter().map(|row| weights[row.given]).collect());
        let opening = |row: &Row| times[row.first as usize].opens;
        let mut entering: Vec<Entry> = Vec::new();
        if spells.entry().is_some() {
            entering.extend((0..).zip(&rows).filter(|(_, row)| !opening(row)).map(|(at, row)| Entry { first: row.first, row: at }));
            entering.sort_unstable_by_key(|late| (std::cmp::Reverse(late.first), late.row));
        }
        let own = |late: &Entry| late.row as usize * p..(late.row as usize + 1) * p;
        let entering_x = entering.iter().flat_map(|late| &x[own(late)]).copied().collect();
        RiskSets { p, ties, x, spread, rows, weight, entering, entering_x, times }
    }

    pub(super) fn columns(&self) -> usize {
        self.p
    }

    pub(super) fn spread(&self) -> &[f64] {
        &self.spread
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn times(&self) -> &[Time] {
        &self.times
    }

    pub(super) fn x(&self, row: usize) -> &[f64] {
        &self.x[row * self.p..(row + 1) * self.p]
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |weight| weight[row])
    }

    fn predictor(&self, row: usize, beta: &[f64]) -> f64 {
        self.x(row).iter().zip(beta).map(|(x, b)| x * b).sum()
    }

    /// The relative hazard of every row at these coefficients.
    pub(super) fn relative(&self, beta: &[f64]) -> Relative {
        let all = |n: usize, each: &(dyn Fn(usize) -> f64 + Sync)| -> Vec<f64> {
            map(n.div_ceil(BLOCK), |piece| piece_rows(piece, n).map(each).collect::<Vec<f64>>()).concat()
        };
        let rows = all(self.rows.len(), &|row| self.weight(row) * self.predictor(row, beta).exp());
        let entering = all(self.entering.len(), &|late| rows[self.entering[late].row as usize]);
        Relative { rows, entering }
    }

    /// Visits every time of events, from the last to the first, with the sums over those at risk. Pieces of the rows are visited by themselves, each
    /// with a state of its own; the states come in the order of the visits.
    pub(super) fn sweep<T: Send>(
        &self,
        relative: &Relative,
        start: impl Fn() -> T + Sync,
        visit: impl Fn(&mut T, usize, &Sums, &Moments) + Sync,
    ) -> Vec<T> {
        let n = self.rows.len();
        let pieces = n.div_ceil(BLOCK);
        let ends = map(pieces, |piece| {
            let mut end = End { sums: Sums::new(self.p), new_stratum: false, new_time: false };
            self.walk(relative, piece_rows(piece, n), &mut end.sums, |time, _| {
                end.new_time = true;
                end.new_stratum |= self.times[time].opens;
            });
            end
        });
        let before = running(self.p, ends);
        map(pieces, |piece| {
            let (mut state, mut sums) = (start(), before[piece].clone());
            self.walk(relative, piece_rows(piece, n), &mut sums, |at, sums| {
                let moments = Moments::of(self.ties, self.times[at], sums.s0, sums.d0);
                visit(&mut state, at, sums, &moments);
            });
            state
        })
    }

    /// Runs over rows, adding to `sums`, and calls `close` with the number of every time whose last row is among them.
    fn walk(&self, relative: &Relative, rows: Range<usize>, sums: &mut Sums, mut close: impl FnMut(usize, &Sums)) {
        let mut entering = self.entered_by(rows.start);
        for row in rows {
            let (by, x) = (relative.rows[row], self.x(row));
            sums.risk(by, x);
            if self.rows[row].event {
                sums.event(by, x);
            }
            let last = self.rows[row].last;
            if self.rows.get(row + 1).is_some_and(|next| next.last == last) {
                continue;
            }
            // All who leave from this time on are in; take out who had not entered.
            while self.entering.get(entering).is_some_and(|late| late.first >= last) {
                sums.risk(-relative.entering[entering], &self.entering_x[entering * self.p..(entering + 1) * self.p]);
                entering += 1;
            }
            let at = last as usize - 1;
            close(at, sums);
            sums.clear_events();
            if self.times[at].opens {
                sums.clear_risk();
            }
        }
    }

    /// How many late rows have been taken out when a row's turn comes.
    fn entered_by(&self, row: usize) -> usize {
        let Some(before) = row.checked_sub(1) else { return 0 };
        let closed = self.rows[before].last - u32::from(self.rows[before].last != self.rows[row].last);
        self.entering.partition_point(|late| late.first > closed)
    }

    /// Values of times, as visited, in the order of their numbers.
    pub(super) fn ascending(&self, visited: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut values: Vec<f64> = visited.collect();
        values.reverse();
        values
    }

    /// Values of times, as visited, added up to before each number: what passed over a row is the difference of two, both of its own stratum.
    pub(super) fn accumulate(&self, visited: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sum = 0.0;
        let mut sums = vec![0.0];
        for value in self.ascending(visited) {
            sum += value;
            sums.push(sum);
        }
        sums
    }

    /// Sums over rows, given the hazard added up ([`RiskSets::accumulate`]) and what of it events at a tie are spared.
    pub(super) fn residuals(&self, beta: &[f64], relative: &Relative, hazard: &[f64], tied: &[f64]) -> OverRows {
        let p = self.p;
        let block = |rows: Range<usize>| {
            let mut sums = OverRows { events: 0.0, gradient: vec![0.0; p], gram: vec![0.0; p * p] };
            for row in rows {
                let Row { first, last, event, .. } = self.rows[row];
                let mut passed = hazard[last as usize] - hazard[first as usize];
                let mut happened = 0.0;
                if event {
                    passed -= tied[last as usize - 1];
                    happened = self.weight(row);
                    sums.events += happened * self.predictor(row, beta);
                }
                let (by, x) = (relative.rows[row] * passed, self.x(row));
                for a in 0..p {
                    sums.gradient[a] += (happened - by) * x[a];
                    let own = by * x[a];
                    sums.gram[a * p + a..(a + 1) * p].iter_mut().zip(&x[a..]).for_each(|(sum, x)| *sum += own * x);
                }
            }
            sums
        };
        let add = |mut a: OverRows, b: OverRows| {
            a.events += b.events;
            a.gradient.iter_mut().zip(b.gradient).for_each(|(a, b)| *a += b);
            a.gram.iter_mut().zip(b.gram).for_each(|(a, b)| *a += b);
            a
        };
        let none = || OverRows { events: 0.0, gradient: vec![0.0; p], gram: vec![0.0; p * p] };
        over_blocks(self.rows.len(), block, add).unwrap_or_else(none)
    }
}

fn piece_rows(piece: usize, n: usize) -> Range<usize> {
    piece * BLOCK..((piece + 1) * BLOCK).min(n)
}

/// What a piece leaves to the next: sums since its last new stratum, and of events since its last new time.
struct End {
    sums: Sums,
    new_stratum: bool,
    new_time: bool,
}

/// The sums with which each piece begins.
fn running(p: usize, ends: Vec<End>) -> Vec<Sums> {
    let mut now = Sums::new(p);
    let mut before = Vec::with_capacity(ends.len());
    for end in ends {
        before.push(now.clone());
        if end.new_stratum {
            now.clear_risk();
        }
        if end.new_time {
            now.clear_events();
        }
        now.risk_and_events(&end.sums);
    }
    before
}

impl Sums {
    fn risk_and_events(&mut self, other: &Sums) {
        self.s0 += other.s0;
        self.d0 += other.d0;
        self.s1.iter_mut().zip(&other.s1).for_each(|(a, b)| *a += b);
        self.d1.iter_mut().zip(&other.d1).for_each(|(a, b)| *a += b);
    }
}

/// Numbers the times of events, and says of every row (in ascending order) at which it is at risk.
fn number(spells: &Spells<'_>, strata: Option<&[u32]>, order: &[usize]) -> (Vec<Row>, Vec<Time>) {
    let stratum = |row: usize| strata.map_or(0, |strata| strata[row]);
    let (mut rows, mut times) = (Vec::with_capacity(order.len()), Vec::<Time>::new());
    let mut opened = 0;
    for (at, given) in order.iter().copied().enumerate() {
        if at > 0 && stratum(order[at - 1]) != stratum(given) {
            opened = times.len();
        }
        let (time, event) = (spells.exit()[given], spells.event()[given]);
        if event {
            if times[opened..].last().is_none_or(|last| last.time < time) {
                times.push(Time { time, events: 0, weight: 0.0, opens: times.len() == opened });
            }
            if let Some(last) = times.last_mut() {
                last.events += 1;
                last.weight += spells.weight(given);
            }
        }
        let passed = spells.entry().map_or(0, |entry| times[opened..].partition_point(|time| time.time <= entry[given]));
        rows.push(Row { first: (opened + passed) as u32, last: times.len() as u32, event, given });
    }
    (rows, times)
}

/// The design's columns but its intercept, about their means over these rows, and how far each ranges.
fn centred(design: &Design, rows: &[Row]) -> (Vec<f64>, Vec<f64>) {
    let p = design.columns() - 1;
    let own = |row: usize| &design.row(rows[row].given)[1..];
    let n = rows.len();
    let sum = |range: Range<usize>| {
        let mut sums = vec![0.0; p];
        range.for_each(|row| sums.iter_mut().zip(own(row)).for_each(|(sum, x)| *sum += x));
        sums
    };
    let add = |mut a: Vec<f64>, b: Vec<f64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    let mean: Vec<f64> = over_blocks(n, sum, add).unwrap_or_default().into_iter().map(|sum| sum / n as f64).collect();
    let mut x = Vec::with_capacity(n * p);
    let (mut low, mut high) = (vec![f64::INFINITY; p], vec![f64::NEG_INFINITY; p]);
    for row in 0..n {
        for (j, value) in own(row).iter().enumerate() {
            (low[j], high[j]) = (low[j].min(*value), high[j].max(*value));
            x.push(value - mean[j]);
        }
    }
    let spread = low.iter().zip(&high).map(|(low, high)| (high - low).max(0.0)).collect();
    (x, spread)
}
