//! Who comes back: the share of new users that is active again so many days after their first.
//!
//! "Day 7" has three meanings, and a report says which: active on day 7 ([`Return::On`]), on day 7 or later ([`Return::OnOrAfter`]), on some day of a
//! range ([`Return::Within`]). Day 0 is the first day. A user's day counts only when all of it was observed; where it was not there is no share, not a
//! share of 0, which would make the youngest cohorts look the worst. Users are taken as independent of each other.

use std::ops::RangeInclusive;

use crate::estimate::{Confidence, Estimate};
use crate::parallel::map;
use crate::share::{Counts, difference, share};
use crate::spell::{SpellError, same_length};

mod history;

pub use history::{Events, Histories, HistoryError, MS_PER_DAY, Newcomers, Observed};

use history::History;

/// What counts as coming back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Return {
    /// Active on this day ("N-day", "classic").
    On(u32),
    /// Active on this day or later, up to the end of what was observed ("unbounded", "rolling"). Users who were observed for longer had more time to
    /// be active, so cohorts of different age are not alike: prefer [`Return::Within`] to compare them. From day 1: any return at all.
    OnOrAfter(u32),
    /// Active on some day of this range ("bracket").
    Within(RangeInclusive<u32>),
}

impl Return {
    /// The first and the last day that must have been observed.
    fn days(&self) -> (i32, i32) {
        let day = |day: u32| i32::try_from(day).unwrap_or(i32::MAX);
        match self {
            Return::On(on) => (day(*on), day(*on)),
            Return::OnOrAfter(from) => (day(*from), day(*from)),
            Return::Within(range) => (day(*range.start()), day(*range.end())),
        }
    }

    /// Whether the user came back; `None` when what would tell was not observed.
    fn of(&self, user: &History, active: &[i32]) -> Option<bool> {
        let (first, last) = self.days();
        if first > last || first < user.observed.0 || last > user.observed.1 {
            return None;
        }
        let after = &active[active.partition_point(|day| *day < first)..];
        let latest = if matches!(self, Return::OnOrAfter(_)) { user.observed.1 } else { last };
        Some(after.first().is_some_and(|day| *day <= latest))
    }
}

/// The share that came back by one meaning; `None` where no user's days were observed.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What counted.
    pub day: Return,
    /// How many came back of how many of whom it is known.
    pub counts: Counts,
    /// Their share with Wilson's interval.
    pub share: Option<Estimate>,
}

/// One cohort of a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    /// Its key, as the caller made it of first days.
    pub key: i32,
    /// Its users.
    pub size: u64,
    /// The share that came back, for each meaning; `None` unless it is known of every user of the cohort.
    pub cells: Vec<Option<Estimate>>,
}

/// The share of all users who came back, for each meaning: all those whose days were observed, of whatever cohort.
pub fn curve(histories: &Histories, days: &[Return], level: Confidence) -> Vec<Cell> {
    cells(histories, days, &(0..histories.users().len()).collect::<Vec<_>>(), level)
}

/// The curves of groups of users, and the differences of their shares from the first group's.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupCurve {
    /// The group.
    pub label: String,
    /// Its curve.
    pub cells: Vec<Cell>,
    /// Its shares less the first group's (Newcombe); `None` for the first group itself and where either is unknown.
    pub less_first: Vec<Option<Estimate>>,
}

/// The curve of each group, where `codes` gives the group (an index into `labels`) of each user code of the events; users whose code is beyond the labels
/// are in none.
pub fn curves_by_group(
    histories: &Histories,
    codes: &[u32],
    labels: &[String],
    days: &[Return],
    level: Confidence,
) -> Result<Vec<GroupCurve>, SpellError> {
    let highest = histories.users().iter().map(|user| user.user as usize + 1).max().unwrap_or(0);
    if codes.len() < highest {
        same_length("group codes", codes.len(), highest)?;
    }
    let mut members = vec![Vec::new(); labels.len()];
    for (at, user) in histories.users().iter().enumerate() {
        if let Some(own) = members.get_mut(codes[user.user as usize] as usize) {
            own.push(at);
        }
    }
    let mut groups: Vec<GroupCurve> = Vec::with_capacity(labels.len());
    for (label, members) in labels.iter().zip(&members) {
        let cells = cells(histories, days, members, level);
        let less = |at: usize| groups.first().and_then(|first| difference(cells[at].counts, first.cells[at].counts, level));
        let less_first = (0..days.len()).map(less).collect();
        groups.push(GroupCurve { label: label.clone(), cells, less_first });
    }
    Ok(groups)
}

/// Cohorts by rows and days by columns, where `key` makes a cohort's key of a first day: the day itself, its week, its month.
pub fn grid(histories: &Histories, days: &[Return], key: impl Fn(i32) -> i32, level: Confidence) -> Vec<Cohort> {
    let mut users: Vec<(i32, usize)> = histories.users().iter().map(|user| key(user.first_day)).zip(0..).collect();
    users.sort_unstable();
    let cohorts: Vec<&[(i32, usize)]> = users.chunk_by(|a, b| a.0 == b.0).collect();
    map(cohorts.len(), |at| {
        let members: Vec<usize> = cohorts[at].iter().map(|(_, user)| *user).collect();
        let size = members.len() as u64;
        let known = |day: &Return| Some(count(histories, day, &members)).filter(|counts| counts.n == size);
        let cells = days.iter().map(|day| known(day).and_then(|counts| share(counts.hits, counts.n, level))).collect();
        Cohort { key: cohorts[at][0].0, size, cells }
    })
}

fn cells(histories: &Histories, days: &[Return], members: &[usize], level: Confidence) -> Vec<Cell> {
    map(days.len(), |at| {
        let counts = count(histories, &days[at], members);
        Cell { day: days[at].clone(), counts, share: share(counts.hits, counts.n, level) }
    })
}

fn count(histories: &Histories, day: &Return, members: &[usize]) -> Counts {
    let mut counts = Counts::default();
    for user in members.iter().map(|at| &histories.users()[*at]) {
        if let Some(back) = day.of(user, histories.active(user)) {
            counts.n += 1;
            counts.hits += u64::from(back);
        }
    }
    counts
}

/// Days until the first return of each user, to be made into [`crate::Spells`]: whoever has not returned is censored at the last day observed. Users of
/// whom nothing after day 0 was observed, or not all of it, are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimesToReturn {
    /// The user's code.
    pub user: Vec<u32>,
    /// Days since the first.
    pub days: Vec<f64>,
    /// Whether the user returned then.
    pub returned: Vec<bool>,
}

/// Days until each user's first activity later than day 0.
pub fn times_to_return(histories: &Histories) -> TimesToReturn {
    let mut times = TimesToReturn::default();
    for user in histories.users().iter().filter(|user| user.observed.0 <= 1 && user.observed.1 >= 1) {
        let active = histories.active(user);
        let back = active[active.partition_point(|day| *day < 1)..].first().filter(|day| **day <= user.observed.1);
        times.user.push(user.user);
        times.days.push(f64::from(*back.unwrap_or(&user.observed.1)));
        times.returned.push(back.is_some());
    }
    times
}

#[cfg(test)]
mod tests;
