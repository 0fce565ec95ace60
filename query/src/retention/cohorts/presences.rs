//! Who was there when, in the unit in which days are counted; since when; and what their first day was like.

use chrono::{DateTime, NaiveDate, Utc};

use super::{CohortsQuestion, written};
use crate::frame::{Frame, Input, Want, matched};
use crate::retention::RetentionError;
use crate::retention::days::{DayClock, date};
use crate::retention::split::Split;
use crate::statistics::retention::MS_PER_DAY;

/// What was observed, from the first to the last, both included: calendar days, or milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub first: i64,
    pub last: i64,
}

/// One entry a presence.
pub(super) struct Presences<'a> {
    /// Whose, as a code.
    pub users: Vec<u32>,
    /// When: calendar days, or milliseconds.
    pub at: Vec<i64>,
    /// How days are counted: by UTC where times are dates.
    pub clock: DayClock,
    /// Whether all times are days without an hour.
    pub dated: bool,
    /// Rows that do not say who or when.
    pub unplaced: u64,
    /// The users by their codes.
    names: &'a [String],
    /// The user of each row, and its moment in ms.
    rows: Vec<Option<(u32, i64)>>,
    /// The first times given, by user.
    given: Option<Vec<Option<i64>>>,
}

impl<'a> Presences<'a> {
    /// Reads the rows; `None` when none of them says who was there and when.
    pub fn of(question: &CohortsQuestion, frame: &'a Frame) -> Option<Presences<'a>> {
        let (codes, names) = frame.categories(&question.user);
        let times: Vec<&[Option<i64>]> = question.times.iter().map(|time| frame.times(time)).collect();
        let first_seen = question.first_seen.as_ref().map(|first| frame.times(first));
        let dated = whole_days(times.iter().flat_map(|times| times.iter().flatten()).copied());
        // A date is the same day in every zone.
        let clock = if dated && question.clock != DayClock::Windows { DayClock::UTC } else { question.clock };
        let mut presences = Presences {
            users: Vec::new(),
            at: Vec::new(),
            clock,
            dated,
            unplaced: 0,
            names,
            rows: vec![None; frame.rows()],
            given: first_seen.map(|_| vec![None; names.len()]),
        };
        let given_clock = match first_seen {
            Some(firsts) if whole_days(firsts.iter().flatten().copied()) && clock != DayClock::Windows => DayClock::UTC,
            _ => clock,
        };
        for (row, code) in codes.iter().enumerate().filter(|(_, code)| (**code as usize) < names.len()) {
            let first = first_seen.and_then(|firsts| firsts[row]);
            if let (Some(given), Some(unit)) = (presences.given.as_mut(), first.and_then(|first| counted(given_clock, first))) {
                let known = &mut given[*code as usize];
                *known = Some(known.map_or(unit, |known: i64| known.min(unit)));
            }
            let mut before = None;
            for at in times.iter().filter_map(|times| times[row]) {
                let Some(unit) = counted(clock, at) else { continue };
                // The first and the last moment of an hour are on one day but for once a day.
                if before.replace(unit) != Some(unit) {
                    presences.users.push(*code);
                    presences.at.push(unit);
                }
                let earlier = presences.rows[row].map_or(at, |(_, known)| known.min(at));
                presences.rows[row] = Some((*code, earlier));
            }
            if let (None, Some(first)) = (presences.rows[row], first) {
                presences.rows[row] = Some((*code, first));
            }
        }
        presences.unplaced = presences.rows.iter().filter(|row| row.is_none()).count() as u64;
        (!presences.users.is_empty()).then_some(presences)
    }

    /// How many users.
    pub fn users(&self) -> usize {
        self.names.len()
    }

    /// The first presence of all.
    pub fn begin(&self) -> i64 {
        self.at.iter().copied().min().unwrap_or_default()
    }

    /// What was observed: what the question says, or else from the first presence to the end of the day of the last.
    pub fn span(&self, question: &CohortsQuestion) -> Result<Span, RetentionError> {
        let end = self.at.iter().copied().max().unwrap_or_default();
        let unit = |at: DateTime<Utc>| counted(self.clock, at.timestamp_millis()).unwrap_or_default();
        let first = question.since.map_or_else(|| self.begin(), unit);
        let last = match (question.until.map(unit), self.clock) {
            (Some(until), _) => until - 1,
            (None, DayClock::Calendar(_)) => end,
            (None, DayClock::Windows) => (end.div_euclid(MS_PER_DAY) + 1) * MS_PER_DAY - 1,
        };
        if last < first {
            let (since, until) = (written(self.clock, first), written(self.clock, last + 1));
            return Err(RetentionError::NoCompleteDay { since, until });
        }
        Ok(Span { first, last })
    }

    /// The days of a span.
    pub fn dates(&self, span: Span) -> (NaiveDate, NaiveDate) {
        let day = |unit: i64| match self.clock {
            DayClock::Calendar(_) => date(unit as i32),
            DayClock::Windows => date(unit.div_euclid(MS_PER_DAY) as i32),
        };
        (day(span.first), day(span.last))
    }

    /// What the rows say of their users.
    pub fn told(&self, split: &Split, frame: &Frame) -> Told {
        Told::of(split, frame, self.rows.clone())
    }

    /// What the rows of sessions say of the users.
    pub async fn told_by_sessions(&self, split: &Split, starts: &Input) -> Result<Told, RetentionError> {
        let frame = starts.read(&[Want::category("user_id"), Want::time("started_at"), split.want()], None).await?;
        let (codes, names) = frame.categories("user_id");
        let known = matched(names, self.names);
        let user = |code: u32| known.get(code as usize).copied().flatten();
        let rows = codes.iter().zip(frame.times("started_at")).map(|(code, at)| user(*code).zip(*at)).collect();
        Ok(Told::of(split, &frame, rows))
    }

    /// The group of each user: the first value stated on day 0, or the band of the mean of what was measured on it. What came later is left aside:
    /// only those who returned could have it.
    pub fn day_0(&self, told: &Told, newness: &Newness) -> Vec<u32> {
        let on_day_0 = |user: u32, at: i64| {
            let first = newness.firsts[user as usize]?;
            let since = counted(self.clock, at)? - first;
            let within = match self.clock {
                DayClock::Calendar(_) => since == 0,
                DayClock::Windows => (0..MS_PER_DAY).contains(&since),
            };
            within.then_some(())
        };
        let rows = (0..).zip(&told.rows).filter_map(|(row, told): (usize, _)| told.map(|(user, at)| (row, user, at)));
        let rows = rows.filter(|(_, user, at)| on_day_0(*user, *at).is_some());
        match (&told.measures, &told.split) {
            (Some(measures), Split::Band(bands)) => {
                let mut sums = vec![(0.0, 0_u64); self.users()];
                for (row, user, _) in rows.filter(|(row, ..)| measures[*row].is_finite()) {
                    let (sum, n) = &mut sums[user as usize];
                    (*sum, *n) = (*sum + measures[row], *n + 1);
                }
                sums.into_iter().map(|(sum, n)| bands.code(if n == 0 { f64::NAN } else { sum / n as f64 })).collect()
            }
            _ => {
                let mut firsts: Vec<Option<(i64, u32)>> = vec![None; self.users()];
                for (row, user, at) in rows.filter(|(row, ..)| (told.codes[*row] as usize) < told.labels.len()) {
                    let (known, this) = (&mut firsts[user as usize], (at, told.codes[row]));
                    // Of two at the same moment the first by name, so that the order of rows changes nothing.
                    *known = Some(known.map_or(this, |known| known.min(this)));
                }
                firsts.into_iter().map(|first| first.map_or(u32::MAX, |(_, code)| code)).collect()
            }
        }
    }
}

/// What rows say of their users.
pub(super) struct Told {
    /// The user of each row, and when, in ms.
    rows: Vec<Option<(u32, i64)>>,
    codes: Vec<u32>,
    /// The groups' names.
    pub labels: Vec<String>,
    measures: Option<Vec<f64>>,
    split: Split,
}

impl Told {
    fn of(split: &Split, frame: &Frame, rows: Vec<Option<(u32, i64)>>) -> Told {
        let (codes, labels) = split.codes(frame);
        let measures = match split {
            Split::By(_) => None,
            Split::Band(_) => Some(frame.numbers(split.column()).to_vec()),
        };
        Told { rows, codes, labels, measures, split: split.clone() }
    }
}

/// Who is new in a span.
pub(super) struct Newness {
    /// When each user came first; `None`: before the span, or it is not known.
    pub firsts: Vec<Option<i64>>,
    pub not_new: u64,
    pub without_first: u64,
    pub before_first: u64,
}

impl Newness {
    pub fn of(presences: &Presences<'_>, span: Span) -> Newness {
        let mut earliest: Vec<Option<i64>> = vec![None; presences.users()];
        for (user, at) in presences.users.iter().zip(&presences.at) {
            let known = &mut earliest[*user as usize];
            *known = Some(known.map_or(*at, |known| known.min(*at)));
        }
        let mut newness = Newness { firsts: Vec::with_capacity(earliest.len()), not_new: 0, without_first: 0, before_first: 0 };
        for (user, earliest) in earliest.into_iter().enumerate() {
            let first = presences.given.as_ref().map_or(earliest, |given| given[user]);
            let kept = match first {
                None => {
                    newness.without_first += 1;
                    None
                }
                Some(first) if first < span.first => {
                    newness.not_new += 1;
                    None
                }
                Some(first) if earliest.is_some_and(|earliest| earliest < first) => {
                    newness.before_first += 1;
                    None
                }
                Some(first) => Some(first),
            };
            newness.firsts.push(kept);
        }
        newness
    }
}

/// A moment in the unit of a clock.
fn counted(clock: DayClock, ms: i64) -> Option<i64> {
    let day = i64::from(clock.day(ms)?);
    Some(if clock == DayClock::Windows { ms } else { day })
}

fn whole_days(mut times: impl Iterator<Item = i64>) -> bool {
    times.all(|ms| ms.rem_euclid(MS_PER_DAY) == 0)
}
