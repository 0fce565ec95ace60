//! Two arms' figures taken together, where a unit may have rows in both.
//!
//! Whoever has rows in both arms moves both figures, mostly the same way, so that much of it is gone from their difference. The variance of a difference is
//! therefore the sum over units of the squared difference of what each moves the one and the other, nothing where it is not in an arm: var A + var B - 2 cov,
//! which is leaving out a unit from both arms at once, and never below zero. Units of either arm alone, of the other alone and of both are three independent
//! sums, whose degrees of freedom are put together by Satterthwaite: of each as many as Kish's effective number of its units less 1, a unit counting as its
//! rows make its part of the variance. Where no unit is shared that is the two arms' variances, and their own degrees of freedom.

use std::borrow::Cow;

use super::Arm;
use super::error::ContrastError;
use super::units::{Quotient, freedom, runs, sums};
use crate::moments::satterthwaite;

/// Of the two variances, what is left of a difference at least: less is rounding.
pub(super) const ROUNDING: f64 = 1e-16;

/// A figure with the sums of its units.
#[derive(Debug)]
pub(super) struct Summed<'a> {
    pub(super) of: Quotient,
    units: Option<Cow<'a, [u32]>>,
    sums: Vec<(f64, f64)>,
    quotient: f64,
    /// What the figure's unit of measure is, in the quotient's.
    step: f64,
}

impl<'a> Summed<'a> {
    /// A quotient of sums over units; `None` where there is nothing to divide by.
    pub(super) fn of(units: Option<Cow<'a, [u32]>>, sums: Vec<(f64, f64)>, rows: u64) -> Option<Self> {
        let of = Quotient::of(&sums, rows)?;
        Some(Self { of, units, sums, quotient: of.value, step: 1.0 })
    }

    /// The same of rows, of which those of one unit stand together.
    pub(super) fn of_rows(units: Option<&[u32]>, rows: usize, row: impl Fn(usize) -> (f64, f64)) -> Option<Self> {
        let names = units.map(|units| runs(Some(units), rows).map(|run| units[run.start]).collect());
        Self::of(names.map(Cow::Owned), sums(units, rows, row), rows as u64)
    }

    pub(super) fn mean(arm: &Arm<'_>) -> Option<Self> {
        Self::of_rows(arm.units, arm.values.len(), |row| (arm.values[row], 1.0))
    }

    /// The same in another unit of measure, which is so many of this one.
    pub(super) fn in_steps_of(self, step: f64) -> Self {
        Self { of: Quotient { variance: self.of.variance / (step * step), ..self.of }, step: self.step * step, ..self }
    }

    /// How far each unit moves the figure, in order of units.
    fn moves(&self, side: Side) -> Vec<Move> {
        let Some(units) = &self.units else { return Vec::new() };
        let below: f64 = self.sums.iter().map(|(_, d)| d).sum();
        let (k, sign) = (units.len() as f64, if side == Side::First { 1.0 } else { -1.0 });
        // As if left out, so that the squares add up to the variance.
        let moved = if self.of.variance > 0.0 { sign / self.step * ((k - 1.0) / k).sqrt() } else { 0.0 };
        let of = |(unit, (s, d)): (&u32, &(f64, f64))| Move {
            unit: *unit,
            side,
            moved: moved * (s - self.quotient * d) / (below - d),
            part: self.of.variance * d / below,
        };
        let mut moves: Vec<Move> = units.iter().zip(&self.sums).map(of).collect();
        if !moves.is_sorted_by_key(|of| of.unit) {
            moves.sort_unstable_by_key(|of| of.unit);
        }
        moves
    }
}

/// In which arm a unit has rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    First,
    Second,
    Both,
}

impl Side {
    pub(super) fn with(self, other: Side) -> Side {
        if self == other { self } else { Side::Both }
    }
}

/// How far a unit moves a difference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) unit: u32,
    pub(super) side: Side,
    /// The squares add up to the variance.
    pub(super) moved: f64,
    /// What its rows would make its part of the variance.
    pub(super) part: f64,
}

impl Move {
    /// Of the second less the first.
    pub(super) fn reversed(&self) -> Move {
        let side = match self.side {
            Side::First => Side::Second,
            Side::Second => Side::First,
            Side::Both => Side::Both,
        };
        Move { side, moved: -self.moved, ..*self }
    }
}

/// The difference of two figures.
#[derive(Debug)]
pub(super) struct Joint {
    pub(super) variance: f64,
    /// `None`: neither varies.
    pub(super) freedom: Option<f64>,
    /// Of the two figures; 0 where no unit is shared, -1 to 1.
    pub(super) correlation: f64,
    /// In order of units; none where rows stand for themselves.
    pub(super) moves: Vec<Move>,
}

impl Joint {
    /// Err where units are shared and all differ by the same between the arms, so that the error would be nothing.
    pub(super) fn of(first: &Summed<'_>, second: &Summed<'_>) -> Result<Joint, ContrastError> {
        let apart = first.of.variance + second.of.variance;
        let (moves, covariance, shared) = match (&first.units, &second.units) {
            (Some(_), Some(_)) => merged(&first.moves(Side::First), &second.moves(Side::Second)),
            _ => (Vec::new(), 0.0, 0),
        };
        if shared == 0 || apart <= 0.0 {
            return Ok(Joint { variance: apart, freedom: freedom(&first.of, &second.of), correlation: 0.0, moves });
        }
        let mut joint = Joint { variance: 0.0, freedom: None, correlation: 0.0, moves };
        let groups = [Side::First, Side::Second, Side::Both].map(|side| joint.share_out(side));
        joint.variance = groups.iter().map(|(variance, _)| variance).sum();
        if joint.variance <= ROUNDING * apart {
            return Err(ContrastError::Alike { shared });
        }
        joint.freedom = satterthwaite(&groups);
        let both = (first.of.variance * second.of.variance).sqrt();
        joint.correlation = if both > 0.0 { (covariance / both).clamp(-1.0, 1.0) } else { 0.0 };
        Ok(joint)
    }

    /// The degrees of freedom, where there is something to know.
    pub(super) fn known(&self, units: [u64; 2]) -> Result<f64, ContrastError> {
        self.freedom.ok_or(ContrastError::Constant { first: units[0], second: units[1] })
    }

    /// What units of one kind make of the variance, with its degrees of freedom; shared out among them as their rows have it.
    fn share_out(&mut self, side: Side) -> (f64, f64) {
        let (mut variance, mut whole, mut squares) = (0.0, 0.0, 0.0);
        for of in self.moves.iter().filter(|of| of.side == side) {
            variance += of.moved * of.moved;
            whole += of.part;
            squares += of.part * of.part;
        }
        if whole > 0.0 {
            self.moves.iter_mut().filter(|of| of.side == side).for_each(|of| of.part *= variance / whole);
        }
        (variance, (whole * whole / squares - 1.0).max(1.0))
    }
}

/// Both arms' units in order, the covariance of the figures, and how many units are shared.
fn merged(first: &[Move], second: &[Move]) -> (Vec<Move>, f64, u64) {
    let mut moves = Vec::with_capacity(first.len() + second.len());
    let (mut covariance, mut shared) = (0.0, 0);
    let mut others = second.iter().peekable();
    for one in first {
        while let Some(other) = others.next_if(|other| other.unit < one.unit) {
            moves.push(*other);
        }
        match others.next_if(|other| other.unit == one.unit) {
            None => moves.push(*one),
            Some(other) => {
                covariance -= one.moved * other.moved;
                shared += 1;
                moves.push(Move { unit: one.unit, side: Side::Both, moved: one.moved + other.moved, part: one.part + other.part });
            }
        }
    }
    moves.extend(others);
    (moves, covariance, shared)
}
