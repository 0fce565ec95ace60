//! How long each was watched, and whether the watching ended with the event: what survival analysis is about.
//!
//! A spell may be a user's days until the first return, the minutes until a participant leaves a call, or one row of a life that is cut where its
//! covariates change. Everything is checked here once, so that the estimators need not.

/// Spells, one a row: exits in any unit of time, all 0 or later.
///
/// A row is at risk at `t` when its entry lies before `t` and its exit does not: an event at `t` finds those at risk who are censored at `t`, and not
/// those who enter at `t`. Without entries everyone is watched from the start.
#[derive(Debug, Clone, Copy)]
pub struct Spells<'a> {
    exit: &'a [f64],
    event: &'a [bool],
    entry: Option<&'a [f64]>,
    weight: Option<&'a [f64]>,
}

/// Why something is no set of spells.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpellError {
    /// No rows.
    #[error("there are no spells")]
    Empty,
    /// Columns differ in length.
    #[error("there are {got} {what} for {rows} spells")]
    Length {
        /// The column.
        what: &'static str,
        /// Its values.
        got: usize,
        /// The exits.
        rows: usize,
    },
    /// NaN or infinite.
    #[error("{count} {what} are not finite numbers, the first in row {row}")]
    NotFinite {
        /// The column.
        what: &'static str,
        /// How many.
        count: usize,
        /// The first, from 0.
        row: usize,
    },
    /// Negative.
    #[error("{count} {what} are negative, the first in row {row}: nobody is watched for less than no time")]
    Negative {
        /// The column.
        what: &'static str,
        /// How many.
        count: usize,
        /// The first, from 0.
        row: usize,
    },
    /// An entry that is not before its exit.
    #[error("{count} spells end no later than they are entered, the first in row {row}")]
    Backwards {
        /// How many.
        count: usize,
        /// The first, from 0.
        row: usize,
    },
    /// A weight that is not over 0.
    #[error("{count} weights are not over 0, the first in row {row}: leave those rows out instead")]
    Weight {
        /// How many.
        count: usize,
        /// The first, from 0.
        row: usize,
    },
}

impl<'a> Spells<'a> {
    /// Spells that were watched from 0 to `exit` and ended with the event where `event` is true; the others are censored.
    pub fn new(exit: &'a [f64], event: &'a [bool]) -> Result<Self, SpellError> {
        if exit.is_empty() {
            return Err(SpellError::Empty);
        }
        same_length("events", event.len(), exit.len())?;
        times("durations", exit)?;
        Ok(Self { exit, event, entry: None, weight: None })
    }

    /// The same, each watched only from after its `entry` on (left truncation; the rows of a life with changing covariates).
    pub fn entering(self, entry: &'a [f64]) -> Result<Self, SpellError> {
        same_length("entries", entry.len(), self.rows())?;
        times("entries", entry)?;
        refuse(self.rows(), |i| entry[i] >= self.exit[i], |count, row| SpellError::Backwards { count, row })?;
        Ok(Self { entry: Some(entry), ..self })
    }

    /// The same, each standing for as many as its weight says, such as the reciprocal of its probability to be seen.
    pub fn weighing(self, weight: &'a [f64]) -> Result<Self, SpellError> {
        same_length("weights", weight.len(), self.rows())?;
        refuse(self.rows(), |i| !weight[i].is_finite(), |count, row| SpellError::NotFinite { what: "weights", count, row })?;
        refuse(self.rows(), |i| weight[i] <= 0.0, |count, row| SpellError::Weight { count, row })?;
        Ok(Self { weight: Some(weight), ..self })
    }

    /// How many.
    pub fn rows(&self) -> usize {
        self.exit.len()
    }

    /// How many ended with the event.
    pub fn events(&self) -> usize {
        self.event.iter().filter(|event| **event).count()
    }

    pub(crate) fn exit(&self) -> &'a [f64] {
        self.exit
    }

    pub(crate) fn event(&self) -> &'a [bool] {
        self.event
    }

    pub(crate) fn entry(&self) -> Option<&'a [f64]> {
        self.entry
    }

    pub(crate) fn weights(&self) -> Option<&'a [f64]> {
        self.weight
    }

    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weight.map_or(1.0, |weight| weight[row])
    }

    /// Rows by group (all 0 without `groups`), time of exit, events before what is censored at the same time, and place.
    pub(crate) fn order(&self, groups: Option<&[u32]>) -> Vec<usize> {
        let key = |i: usize| (groups.map_or(0, |groups| groups[i]), bits(self.exit[i]) << 1 | u64::from(!self.event[i]), i);
        let mut keys: Vec<(u32, u64, usize)> = (0..self.rows()).map(key).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, _, i)| i).collect()
    }
}

/// The bits of a time of 0 or later, which are in its order, the highest of them 0.
fn bits(time: f64) -> u64 {
    (time + 0.0).to_bits()
}

/// Times in order.
pub(crate) fn sorted(times: &[f64]) -> Vec<f64> {
    let mut bits: Vec<u64> = times.iter().map(|time| bits(*time)).collect();
    bits.sort_unstable();
    bits.into_iter().map(f64::from_bits).collect()
}

pub(crate) fn same_length(what: &'static str, got: usize, rows: usize) -> Result<(), SpellError> {
    if got == rows { Ok(()) } else { Err(SpellError::Length { what, got, rows }) }
}

fn times(what: &'static str, times: &[f64]) -> Result<(), SpellError> {
    refuse(times.len(), |i| !times[i].is_finite(), |count, row| SpellError::NotFinite { what, count, row })?;
    refuse(times.len(), |i| times[i] < 0.0, |count, row| SpellError::Negative { what, count, row })
}

fn refuse(rows: usize, bad: impl Fn(usize) -> bool, error: impl Fn(usize, usize) -> SpellError) -> Result<(), SpellError> {
    match (0..rows).find(|row| bad(*row)) {
        None => Ok(()),
        Some(first) => Err(error((first..rows).filter(|row| bad(*row)).count(), first)),
    }
}

#[cfg(test)]
pub(crate) mod reference;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_spell_is_refused_with_its_count_and_first_row() {
        let error = |exit: &[f64]| Spells::new(exit, &vec![true; exit.len()]).unwrap_err().to_string();
        assert_eq!(error(&[]), "there are no spells");
        assert_eq!(error(&[1.0, -1.0, -2.0]), "2 durations are negative, the first in row 1: nobody is watched for less than no time");
        assert_eq!(error(&[1.0, f64::NAN]), "1 durations are not finite numbers, the first in row 1");
        assert_eq!(Spells::new(&[1.0], &[]).unwrap_err().to_string(), "there are 0 events for 1 spells");
        let spells = Spells::new(&[1.0, 2.0], &[true, false]).unwrap();
        assert_eq!(
            spells.entering(&[0.0, 2.0]).unwrap_err().to_string(),
            "1 spells end no later than they are entered, the first in row 1"
        );
        assert_eq!(spells.weighing(&[0.0, 2.0]).unwrap_err(), SpellError::Weight { count: 1, row: 0 });
        assert_eq!(spells.weighing(&[f64::NAN, 2.0]).unwrap_err(), SpellError::NotFinite { what: "weights", count: 1, row: 0 });
    }

    #[test]
    fn at_a_tie_events_come_before_what_is_censored() {
        let spells = Spells::new(&[2.0, 1.0, 2.0, -0.0], &[false, true, true, false]).unwrap();
        assert_eq!(spells.order(None), [3, 1, 2, 0]);
        assert_eq!(spells.order(Some(&[0, 1, 0, 1])), [2, 0, 3, 1]);
        assert_eq!(sorted(&[3.0, 0.0, 2.0]), [0.0, 2.0, 3.0]);
    }
}
