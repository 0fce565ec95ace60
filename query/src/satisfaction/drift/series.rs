//! A score or a measure by days or weeks, and since when it has been on another level.

use chrono::{Datelike, Days as Ahead, NaiveDate};

use crate::statistics::change_points::{ChangePoint, ChangePointError, ChangePoints, MAX_PERIODS, Period, change_points};
use crate::statistics::drift::{Coincidence, coincides_with};
use crate::statistics::{Confidence, Estimate, Moments, mean, share};

/// Over what a series runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// Days.
    Daily,
    /// Seven days, the last of which ends with the data.
    Weekly,
}

/// Up to so many days a series runs over days: for so many, how often noise is taken for a change is known.
const DAILY_UP_TO: i64 = 100;

impl Cadence {
    pub(super) fn of(first: NaiveDate, end: NaiveDate) -> Cadence {
        if (end - first).num_days() < DAILY_UP_TO { Cadence::Daily } else { Cadence::Weekly }
    }

    /// How many days a period lasts.
    pub fn days(self) -> i64 {
        match self {
            Cadence::Daily => 1,
            Cadence::Weekly => 7,
        }
    }

    /// How many days a release may lie from a change to coincide with it: our choice.
    pub fn window_days(self) -> i64 {
        match self {
            Cadence::Daily => 7,
            Cadence::Weekly => 14,
        }
    }
}

/// A score or a measure over time.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its column.
    pub name: String,
    /// Whether its values are shares of answers.
    pub share: bool,
    /// Its periods with observations, in order.
    pub points: Vec<Point>,
    /// Its changes of level, or why they cannot be sought.
    pub found: Result<ChangePoints, ChangePointError>,
    /// The same changes by their days, with the release each coincides with.
    pub shifts: Vec<Shift>,
    /// How often noise alone has as prominent a stretch in any of all series asked of (Holm); 1 where changes cannot be sought.
    pub p_holm: f64,
}

impl Series {
    /// The changes that stand when it is allowed for that every series was asked of.
    pub fn called(&self, level: Confidence) -> &[Shift] {
        if self.p_holm <= 1.0 - level.level() { &self.shifts } else { &[] }
    }
}

/// One period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Its first day.
    pub from: NaiveDate,
    /// People; rows, where it is not known whose they are.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// The same with its interval; `None` where the spread is not known.
    pub estimate: Option<Estimate>,
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The first day of the new level.
    pub from: NaiveDate,
    /// The earliest it may have been.
    pub earliest: NaiveDate,
    /// The latest it may have been.
    pub latest: NaiveDate,
    /// The levels, and how sure they are.
    pub change: ChangePoint,
    /// The release it coincides with, as an index into the releases, which is not to say that it caused it.
    pub coincides: Option<Coincidence>,
}

/// The periods of all rows. The last ends with the data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Periods {
    first: NaiveDate,
    end: NaiveDate,
    cadence: Cadence,
}

impl Periods {
    pub(super) fn of(first: NaiveDate, end: NaiveDate) -> Periods {
        Periods { first, end, cadence: Cadence::of(first, end) }
    }

    pub(super) fn cadence(self) -> Cadence {
        self.cadence
    }

    fn count(self) -> usize {
        self.back(self.first) + 1
    }

    fn back(self, day: NaiveDate) -> usize {
        ((self.end - day).num_days() / self.cadence.days()) as usize
    }

    /// The period of a day, from 0.
    pub(super) fn at(self, day: NaiveDate) -> usize {
        self.count() - 1 - self.back(day)
    }

    /// The first day of a period.
    fn from(self, period: usize) -> NaiveDate {
        let days = self.cadence.days() as u64;
        self.end.checked_sub_days(Ahead::new((self.count() - period) as u64 * days - 1)).unwrap_or(NaiveDate::MIN)
    }
}

/// A value of a person in a period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub period: u32,
    pub user: u32,
    pub value: f64,
}

/// What was observed in a period: each person once.
#[derive(Debug, Clone, Copy)]
struct Observed {
    period: u32,
    people: Moments,
    /// Whether no person had more than one value.
    once: bool,
}

/// By period, of values that come in order of period and user; each person with the mean of its own, so that nobody counts for more by coming often.
fn observed(seen: impl Iterator<Item = Seen>) -> Vec<Observed> {
    let mut found: Vec<Observed> = Vec::new();
    let mut seen = seen.peekable();
    while let Some(first) = seen.next() {
        let (mut sum, mut n) = (first.value, 1.0);
        while let Some(again) = seen.next_if(|next| (next.period, next.user) == (first.period, first.user)) {
            (sum, n) = (sum + again.value, n + 1.0);
        }
        if found.last().is_none_or(|last| last.period != first.period) {
            found.push(Observed { period: first.period, people: Moments::default(), once: true });
        }
        if let Some(last) = found.last_mut() {
            last.people = last.people.merge(Moments::of([sum / n]).unwrap_or_default());
            last.once &= n == 1.0;
        }
    }
    found
}

/// What is asked of a series.
pub(super) struct Asked<'a> {
    pub periods: Periods,
    pub share: bool,
    pub level: Confidence,
    pub seed: u64,
    pub released: &'a [NaiveDate],
}

impl Asked<'_> {
    /// Of values in order of period and user.
    pub(super) fn series(&self, name: &str, seen: impl Iterator<Item = Seen>) -> Series {
        let found = observed(seen);
        let from = |period: usize| self.periods.from(period);
        let points = found.iter().map(|observed| self.point(observed)).collect();
        let sought = self.sought(&found);
        let shift = |change: &ChangePoint| Shift {
            from: from(change.at),
            earliest: from(change.earliest),
            latest: from(change.latest),
            change: *change,
            coincides: self.coincides(from(change.at)),
        };
        let shifts = sought.as_ref().map_or_else(|_| Vec::new(), |found| found.changes.iter().map(shift).collect());
        Series { name: name.to_owned(), share: self.share, points, found: sought, shifts, p_holm: 1.0 }
    }

    fn sought(&self, found: &[Observed]) -> Result<ChangePoints, ChangePointError> {
        let count = self.periods.count();
        if found.len() > MAX_PERIODS || count > 100 * MAX_PERIODS {
            return Err(ChangePointError::TooMany { periods: found.len() });
        }
        let mut periods = vec![Period { n: 0, mean: 0.0, variance: None }; count];
        for Observed { period, people, .. } in found {
            periods[*period as usize] = Period { n: people.n, mean: people.mean, variance: people.variance() };
        }
        change_points(&periods, self.level, self.seed)
    }

    fn point(&self, observed: &Observed) -> Point {
        let people = &observed.people;
        let hits = (people.mean * people.n as f64).round() as u64;
        // Who answered several times may be half content: then it is a mean.
        let estimate = if self.share && observed.once { share(hits, people.n, self.level) } else { mean(people, self.level) };
        Point { from: self.periods.from(observed.period as usize), n: people.n, mean: people.mean, estimate }
    }

    fn coincides(&self, change: NaiveDate) -> Option<Coincidence> {
        let number = |day: NaiveDate| f64::from(day.num_days_from_ce());
        let released: Vec<f64> = self.released.iter().map(|day| number(*day)).collect();
        let Periods { first, end, cadence } = self.periods;
        coincides_with(number(change), &released, cadence.window_days() as f64, (number(first), number(end) + 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One person who answers ten times a day is one person.
    #[test]
    fn who_comes_often_counts_once_a_period() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let periods = Periods::of(day(1), day(2));
        let mut seen: Vec<Seen> = (0..10).map(|_| Seen { period: 0, user: 1, value: 0.0 }).collect();
        seen.extend([(0, 2, 1.0), (0, 3, 1.0), (1, 1, 0.0), (1, 2, 1.0)].map(|(period, user, value)| Seen { period, user, value }));
        let asked = Asked { periods, share: true, level: Confidence::P95, seed: 1, released: &[] };
        let series = asked.series("score", seen.into_iter());
        let points: Vec<(NaiveDate, u64, f64)> = series.points.iter().map(|point| (point.from, point.n, point.mean)).collect();
        assert_eq!(points[0].1, 3);
        assert!((points[0].2 - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(points[1], (day(2), 2, 0.5));
    }

    #[test]
    fn the_last_week_ends_with_the_data() {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let periods = Periods::of(first, first + Ahead::new(200));
        assert_eq!((periods.at(first), periods.at(first + Ahead::new(200)), periods.count()), (0, 28, 29));
        assert_eq!(periods.from(28), first + Ahead::new(194));
    }
}
