//! A score or a measure by days or weeks, and since when it has been on another level.

use std::collections::BTreeMap;

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
    /// Observations.
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

/// Values by day, and the days of all rows.
pub(super) struct Days {
    pub first: NaiveDate,
    pub end: NaiveDate,
    pub days: Vec<(NaiveDate, f64)>,
}

impl Days {
    /// How many periods there are, and the moments of those with observations; the last period ends with the data.
    fn periods(&self, cadence: Cadence) -> (usize, BTreeMap<usize, Moments>) {
        let back = |day: NaiveDate| ((self.end - day).num_days() / cadence.days()) as usize;
        let count = back(self.first) + 1;
        let mut found: BTreeMap<usize, Moments> = BTreeMap::new();
        for (day, value) in &self.days {
            let moments = found.entry(count - 1 - back(*day)).or_default();
            *moments = moments.merge(Moments::of([*value]).unwrap_or_default());
        }
        (count, found)
    }
}

/// What is asked of a series.
pub(super) struct Asked<'a> {
    pub cadence: Cadence,
    pub share: bool,
    pub level: Confidence,
    pub seed: u64,
    pub released: &'a [NaiveDate],
}

impl Asked<'_> {
    pub(super) fn series(&self, name: &str, values: &Days) -> Series {
        let (count, found) = values.periods(self.cadence);
        let from = |period: usize| {
            let back = (count - 1 - period) as u64 * self.cadence.days() as u64 + self.cadence.days() as u64 - 1;
            values.end.checked_sub_days(Ahead::new(back)).unwrap_or(NaiveDate::MIN)
        };
        let points = found.iter().map(|(period, moments)| self.point(from(*period), moments)).collect();
        let sought = self.sought(count, &found);
        let shift = |change: &ChangePoint| Shift {
            from: from(change.at),
            earliest: from(change.earliest),
            latest: from(change.latest),
            change: *change,
            coincides: self.coincides(from(change.at), values),
        };
        let shifts = sought.as_ref().map_or_else(|_| Vec::new(), |found| found.changes.iter().map(shift).collect());
        Series { name: name.to_owned(), share: self.share, points, found: sought, shifts, p_holm: 1.0 }
    }

    fn sought(&self, count: usize, found: &BTreeMap<usize, Moments>) -> Result<ChangePoints, ChangePointError> {
        if found.len() > MAX_PERIODS || count > 100 * MAX_PERIODS {
            return Err(ChangePointError::TooMany { periods: found.len() });
        }
        let mut periods = vec![Period { n: 0, mean: 0.0, variance: None }; count];
        for (at, moments) in found {
            periods[*at] = Period { n: moments.n, mean: moments.mean, variance: moments.variance() };
        }
        change_points(&periods, self.level, self.seed)
    }

    fn point(&self, from: NaiveDate, moments: &Moments) -> Point {
        let hits = (moments.mean * moments.n as f64).round() as u64;
        let estimate = if self.share { share(hits, moments.n, self.level) } else { mean(moments, self.level) };
        Point { from, n: moments.n, mean: moments.mean, estimate }
    }

    fn coincides(&self, change: NaiveDate, values: &Days) -> Option<Coincidence> {
        let number = |day: NaiveDate| f64::from(day.num_days_from_ce());
        let released: Vec<f64> = self.released.iter().map(|day| number(*day)).collect();
        coincides_with(number(change), &released, self.cadence.window_days() as f64, (number(values.first), number(values.end) + 1.0))
    }
}
