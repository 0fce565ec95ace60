//! The rows of one metric, vendor and stratum, as the statistics take them.

use super::arms::Arms;
use crate::frame::Frame;
use crate::poc::metric::{Metric, MetricKind};
use crate::statistics::contrast::Arm;
use crate::statistics::contrast::ratio::Parts;
use crate::statistics::contrast::stratified::Sums;

/// Rows in which a metric was measured, those of one unit beside each other.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// The metric's values.
    pub values: Vec<f64>,
    /// Of a ratio what they are taken over, of times whether the event ended them.
    pub second: Vec<f64>,
    /// The measure from before.
    pub before: Vec<f64>,
    /// The pair of each row.
    pub pairs: Vec<u32>,
    /// The unit of each row.
    pub units: Option<Vec<u32>>,
}

/// The columns of one metric.
pub(super) struct Columns<'a> {
    values: &'a [f64],
    second: Option<&'a [f64]>,
    before: Option<&'a [f64]>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(metric: &Metric, frame: &'a Frame) -> Columns<'a> {
        let second = match &metric.kind {
            MetricKind::Ratio { over } => Some(frame.numbers(over)),
            MetricKind::Time { event } => Some(frame.flags(event)),
            _ => None,
        };
        Columns { values: frame.numbers(&metric.what), second, before: metric.before.as_ref().map(|before| frame.numbers(before)) }
    }

    pub(super) fn values(&self) -> &'a [f64] {
        self.values
    }

    fn measured(&self, row: u32) -> bool {
        let row = row as usize;
        self.values[row].is_finite() && self.second.is_none_or(|second| second[row].is_finite())
    }

    /// One cell a stratum of a vendor, and how many of its rows lack the metric.
    pub(super) fn cells(&self, arms: &Arms, arm: usize) -> (Vec<Cell>, u64) {
        let mut cells: Vec<Cell> = (0..arms.strata()).map(|_| Cell::empty(arms)).collect();
        let mut missing = 0;
        for row in arms.rows(arm) {
            if self.measured(*row) {
                cells[arms.stratum(*row)].push(self, arms, *row);
            } else {
                missing += 1;
            }
        }
        (cells, missing)
    }

    /// All rows of a vendor.
    pub(super) fn all(&self, arms: &Arms, arm: usize) -> Cell {
        let mut cell = Cell::empty(arms);
        arms.rows(arm).iter().filter(|row| self.measured(**row)).for_each(|row| cell.push(self, arms, *row));
        cell
    }
}

impl Cell {
    fn empty(arms: &Arms) -> Cell {
        Cell { units: arms.clustered().then(Vec::new), ..Cell::default() }
    }

    fn push(&mut self, columns: &Columns<'_>, arms: &Arms, row: u32) {
        let at = row as usize;
        self.values.push(columns.values[at]);
        self.second.extend(columns.second.map(|second| second[at]));
        self.before.extend(columns.before.map(|before| before[at]));
        self.pairs.extend(arms.pair.as_ref().map(|pair| pair[at]));
        if let Some(units) = &mut self.units {
            units.push(arms.unit(row));
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.values.len()
    }

    pub(super) fn units(&self) -> Option<&[u32]> {
        self.units.as_deref()
    }

    /// The values as an arm.
    pub(super) fn arm(&self) -> Arm<'_> {
        Arm { values: &self.values, units: self.units() }
    }

    /// The values over what they are taken over.
    pub(super) fn parts(&self) -> Parts<'_> {
        Parts { above: &self.values, below: &self.second, units: self.units() }
    }

    /// The values as sums that are divided; by rows, unless they are a ratio's.
    pub(super) fn sums(&self, ratio: bool) -> Sums<'_> {
        Sums { above: &self.values, below: ratio.then_some(self.second.as_slice()), units: self.units() }
    }

    /// Whether each was ended by the event.
    pub(super) fn ended(&self) -> Vec<bool> {
        self.second.iter().map(|ended| *ended != 0.0).collect()
    }
}
