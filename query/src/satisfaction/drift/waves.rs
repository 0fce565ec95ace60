//! This wave against the one before.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::Dated;
use crate::statistics::drift::{NetPromoter, Switched, TopBoxChange, net_promoter_difference, top_box_change};
use crate::statistics::scale::{Instrument, Kind};
use crate::statistics::share::Counts;
use crate::statistics::waves::{Answer, WaveChange, WaveError, compare};
use crate::statistics::{Confidence, Estimate, Moments, difference, mean_difference};

/// The answers of some days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wave {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// Answers.
    pub answers: u64,
    /// People, where it is known who answered; else as many as answers.
    pub people: u64,
    /// The mean over people, in the score's unit; `None` of nobody.
    pub score: Option<f64>,
}

/// This wave less the one before, in the score's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Everyone.
    pub total: Estimate,
    /// Where it comes from, where it is known who answered.
    pub parts: Option<WaveChange>,
    /// Of a share: how many of the same people changed sides.
    pub switched: Option<TopBoxChange>,
}

/// Why two waves cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoChange {
    /// Fewer than two people in one of them.
    TooFew {
        /// People in the wave before.
        last: u64,
        /// People in this one.
        this: u64,
    },
    /// Everyone answered alike, so that nothing tells change from noise.
    Alike {
        /// People in the wave before.
        last: u64,
        /// People in this one.
        this: u64,
    },
}

/// Two waves and their difference.
pub(super) struct Compared {
    pub last: Wave,
    pub this: Wave,
    pub change: Result<Change, NoChange>,
}

/// The days up to the latest, so many of them, against as many before.
pub(super) fn compared(
    instrument: &Instrument,
    answers: &[Dated],
    (latest, days): (NaiveDate, u32),
    by_person: bool,
    level: Confidence,
) -> Compared {
    let back = |days: u64| latest.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN);
    let length = u64::from(days.max(1));
    let (this, last) = (Span { from: back(length - 1), to: latest }, Span { from: back(2 * length - 1), to: back(length) });
    let (these, those) = (this.of(answers), last.of(answers));
    let (this, last) = (this.wave(&these), last.wave(&those));
    let change = if last.people < 2 || this.people < 2 {
        Err(NoChange::TooFew { last: last.people, this: this.people })
    } else if by_person {
        of_people(instrument, &those, &these, level)
    } else {
        of_strangers(instrument, &those, &these, level).ok_or(NoChange::Alike { last: last.people, this: this.people })
    };
    Compared { last, this, change }
}

struct Span {
    from: NaiveDate,
    to: NaiveDate,
}

impl Span {
    fn of(&self, answers: &[Dated]) -> Vec<Answer> {
        let within = answers.iter().filter(|answer| self.from <= answer.day && answer.day <= self.to);
        within.map(|answer| Answer { user: answer.user, score: answer.value }).collect()
    }

    fn wave(&self, answers: &[Answer]) -> Wave {
        let people = people(answers);
        let n = people.len() as u64;
        let score = (n > 0).then(|| people.values().sum::<f64>() / n as f64);
        Wave { from: self.from, to: self.to, answers: answers.len() as u64, people: n, score }
    }
}

/// Everyone's mean.
fn people(answers: &[Answer]) -> BTreeMap<u64, f64> {
    let mut sums: BTreeMap<u64, (f64, u64)> = BTreeMap::new();
    for answer in answers {
        let sum = sums.entry(answer.user).or_default();
        *sum = (sum.0 + answer.score, sum.1 + 1);
    }
    sums.into_iter().map(|(user, (sum, n))| (user, sum / n as f64)).collect()
}

fn of_people(instrument: &Instrument, last: &[Answer], this: &[Answer], level: Confidence) -> Result<Change, NoChange> {
    let parts = compare(last, this, level).map_err(|error| match error {
        WaveError::AllTheSame { last, this } => NoChange::Alike { last, this },
        WaveError::NotEnough { last, this } => NoChange::TooFew { last, this },
        // Contributions are numbers.
        WaveError::NotANumber { .. } => NoChange::TooFew { last: 0, this: 0 },
    })?;
    let switched = if instrument.is_share() { top_box_change(switched(last, this), level) } else { None };
    Ok(Change { total: parts.total, parts: Some(parts), switched })
}

/// Of those in both waves, such as gave one answer in each, or always the same.
fn switched(last: &[Answer], this: &[Answer]) -> Switched {
    let (before, after) = (people(last), people(this));
    let mut counted = Switched::default();
    for (user, now) in after {
        match before.get(&user).map(|before| (*before, now)) {
            Some((0.0, 1.0)) => counted = Switched { gained: counted.gained + 1, n: counted.n + 1, ..counted },
            Some((1.0, 0.0)) => counted = Switched { lost: counted.lost + 1, n: counted.n + 1, ..counted },
            Some((0.0, 0.0) | (1.0, 1.0)) => counted.n += 1,
            _ => {}
        }
    }
    counted
}

fn of_strangers(instrument: &Instrument, last: &[Answer], this: &[Answer], level: Confidence) -> Option<Change> {
    let count = |of: &[Answer], value: f64| of.iter().filter(|answer| answer.score == value).count() as u64;
    let total = match instrument.kind() {
        Kind::Csat | Kind::Thumbs => {
            let counts = |of: &[Answer]| Counts { hits: count(of, 1.0), n: of.len() as u64 };
            difference(counts(this), counts(last), level)
        }
        Kind::Nps => {
            let counts =
                |of: &[Answer]| NetPromoter { promoters: count(of, 100.0), passives: count(of, 0.0), detractors: count(of, -100.0) };
            net_promoter_difference(counts(last), counts(this), level)
        }
        Kind::Ces | Kind::Acr => {
            let moments = |of: &[Answer]| Moments::of(of.iter().map(|answer| answer.score));
            mean_difference(&moments(this)?, &moments(last)?, level)
        }
    };
    Some(Change { total: total?, parts: None, switched: None })
}
