//! The share of new users that is there again so many days after the first: of all, by cohort, and by group.

mod presences;

use chrono::{DateTime, NaiveDate, Utc};

use super::days::{CohortBy, DayClock, date};
use super::split::{Arranged, Split};
use super::{RetentionError, days};
use crate::frame::{Input, Want};
use crate::statistics::retention::{Cell, Events, GroupCurve, Newcomers, Observed, curve, curves_by_group, grid};
use crate::statistics::{Confidence, Estimate, Histories, Return};

use presences::{Newness, Presences, Span};

/// Who is asked about, and what counts as coming back.
#[derive(Debug, Clone)]
pub struct CohortsQuestion {
    /// The column that tells users apart.
    pub user: String,
    /// The columns with moments at which a user was there, each a presence of its own.
    pub times: Vec<String>,
    /// The column with the moment at which a user came first, where that is known [default: the first presence].
    pub first_seen: Option<String>,
    /// Apart by what the user's first day was like.
    pub split: Option<Split>,
    /// What counts as coming back, a column each.
    pub days: Vec<Return>,
    /// When a day begins.
    pub clock: DayClock,
    /// Who makes a cohort together.
    pub cohort: CohortBy,
    /// Newcomers from here on; what was before tells who is none [default: from the first presence on].
    pub since: Option<DateTime<Utc>>,
    /// Up to when all presences are known, this moment left out [default: the end of the day of the last one].
    pub until: Option<DateTime<Utc>>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
}

/// Who came back.
#[derive(Debug, Clone)]
pub struct CohortsAnswer {
    /// What counted as coming back.
    pub days: Vec<Return>,
    /// When a day began.
    pub clock: DayClock,
    /// Whether all times were days without an hour, which were taken as they stand, in whatever zone.
    pub dated: bool,
    /// Who made a cohort together.
    pub cohort: CohortBy,
    /// The level of all intervals.
    pub level: Confidence,
    /// The first and the last day that were observed.
    pub observed: (NaiveDate, NaiveDate),
    /// Whether the last day was taken to be complete because nobody said when observation ended.
    pub end_assumed: bool,
    /// Whether nothing is known of the time before, so that whoever was there then passes for new.
    pub nothing_before: bool,
    /// New users in the period.
    pub newcomers: u64,
    /// Users who were there before it.
    pub not_new: u64,
    /// Users whose first time is not given, left out.
    pub without_first: u64,
    /// Users who were there before the first time given for them, left out.
    pub before_first: u64,
    /// Rows that do not say who or when, left out.
    pub unplaced: u64,
    /// Everyone, by meaning of return.
    pub curve: Vec<Cell>,
    /// Everyone, day by day as far as the last day asked for; empty for ranges of days.
    pub daily: Vec<Cell>,
    /// By cohort.
    pub cohorts: Vec<CohortRow>,
    /// By group, where that was asked.
    pub split: Option<SplitCurves>,
}

/// One cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortRow {
    /// Its first day.
    pub first_day: NaiveDate,
    /// Its users.
    pub users: u64,
    /// The share that came back, by meaning; `None` until it is known of all of them.
    pub cells: Vec<Option<Estimate>>,
}

/// Groups side by side. The first is the largest; the others are held against it.
#[derive(Debug, Clone)]
pub struct SplitCurves {
    /// What the groups were made by.
    pub split: Split,
    /// Each group's shares, by meaning of return; its label is empty where the column did not say.
    pub groups: Vec<SplitGroup>,
    /// Groups too small to be among those that are compared.
    pub left_out: u64,
}

/// One group.
#[derive(Debug, Clone)]
pub struct SplitGroup {
    /// Its newcomers.
    pub users: u64,
    /// By meaning of return, with the differences from the first group.
    pub curve: GroupCurve,
    /// Day by day, as for everyone.
    pub daily: Vec<Cell>,
}

/// The last day of the daily curve: our choice; later days are asked for by name.
const DAILY: u32 = 90;

impl CohortsQuestion {
    /// Follows the users of `events`. Groups are told from their rows, or from those of `starts`, where there are any: one a session, with the columns
    /// `user_id` and `started_at`.
    pub async fn ask(&self, events: &Input, starts: Option<&Input>) -> Result<CohortsAnswer, RetentionError> {
        let frame = events.read(&self.wanted(starts.is_none()), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(RetentionError::NoRows { condition: self.condition.clone() });
        }
        let presences = Presences::of(self, &frame).ok_or(RetentionError::NoPresence { rows: frame.rows() as u64 })?;
        let span = presences.span(self)?;
        let newness = Newness::of(&presences, span);
        let histories = histories(&presences, span, &newness)?;
        let newcomers = histories.users().len() as u64;
        if newcomers == 0 {
            return Err(RetentionError::NoNewcomers { users: presences.users() as u64 });
        }
        let all = curve(&histories, &self.days, self.level);
        if all.iter().all(|cell| cell.share.is_none()) {
            return Err(RetentionError::Unobserved { users: newcomers, days: self.days.clone() });
        }
        let daily = self.daily();
        let split = match &self.split {
            None => None,
            Some(split) => {
                let told = match starts {
                    None => presences.told(split, &frame),
                    Some(starts) => presences.told_by_sessions(split, starts).await?,
                };
                Some(self.curves(split, &presences.day_0(&told, &newness), &told.labels, &histories, &daily)?)
            }
        };
        let rows = grid(&histories, &self.days, |day| self.cohort.key(day), self.level);
        Ok(CohortsAnswer {
            days: self.days.clone(),
            clock: self.clock,
            dated: presences.dated,
            cohort: self.cohort,
            level: self.level,
            observed: presences.dates(span),
            end_assumed: self.until.is_none() && !presences.dated,
            nothing_before: self.first_seen.is_none() && presences.begin() >= span.first,
            newcomers,
            not_new: newness.not_new,
            without_first: newness.without_first,
            before_first: newness.before_first,
            unplaced: presences.unplaced,
            daily: curve(&histories, &daily, self.level),
            curve: all,
            cohorts: rows.into_iter().map(|row| CohortRow { first_day: date(row.key), users: row.size, cells: row.cells }).collect(),
            split,
        })
    }

    /// The columns it needs of presences, those that tell users apart among them or not.
    pub fn wanted(&self, split: bool) -> Vec<Want> {
        let split = self.split.iter().filter(|_| split).map(Split::want);
        [Want::category(&self.user)]
            .into_iter()
            .chain(self.times.iter().map(Want::time))
            .chain(self.first_seen.iter().map(Want::time))
            .chain(split)
            .collect()
    }

    /// Every day as far as the last one asked for, in the same meaning.
    fn daily(&self) -> Vec<Return> {
        let last = |day: &Return| match day {
            Return::On(day) | Return::OnOrAfter(day) => Some((*day).min(DAILY)),
            Return::Within(_) => None,
        };
        let until = self.days.iter().filter_map(last).max().unwrap_or(0);
        let later = self.days.iter().all(|day| matches!(day, Return::OnOrAfter(_)));
        (1..=until).map(|day| if later { Return::OnOrAfter(day) } else { Return::On(day) }).collect()
    }

    fn curves(
        &self,
        split: &Split,
        codes: &[u32],
        labels: &[String],
        histories: &Histories,
        daily: &[Return],
    ) -> Result<SplitCurves, RetentionError> {
        let members = || histories.users().iter().map(|user| user.user as usize);
        let arranged = Arranged::of(codes, labels, members());
        let curves = curves_by_group(histories, &arranged.codes, &arranged.labels, &self.days, self.level)?;
        let daily = curves_by_group(histories, &arranged.codes, &arranged.labels, daily, self.level)?;
        let users = |group: u32| members().filter(|user| arranged.codes[*user] == group).count() as u64;
        let groups = (0..).zip(curves.into_iter().zip(daily));
        let groups = groups.map(|(at, (curve, daily))| SplitGroup { users: users(at), curve, daily: daily.cells }).collect();
        Ok(SplitCurves { split: split.clone(), groups, left_out: arranged.left_out })
    }
}

fn histories(presences: &Presences<'_>, span: Span, newness: &Newness) -> Result<Histories, RetentionError> {
    let events = &presences.users;
    Ok(match presences.clock {
        DayClock::Calendar(_) => {
            let day = |day: i64| day as i32;
            let at: Vec<i32> = presences.at.iter().map(|at| day(*at)).collect();
            let firsts: Vec<Option<i32>> = newness.firsts.iter().map(|first| first.map(day)).collect();
            let observed = Observed { first: day(span.first), last: day(span.last) };
            Histories::by_calendar_day(Events { users: events, at: &at }, observed, Newcomers::Given(&firsts))?
        }
        DayClock::Windows => {
            let observed = Observed { first: span.first, last: span.last };
            let events = Events { users: events, at: &presences.at };
            Histories::by_24_hours(events, observed, Newcomers::Given(&newness.firsts))?
        }
    })
}

/// For words: what a span reaches.
fn written(clock: DayClock, at: i64) -> String {
    match clock {
        DayClock::Calendar(_) => i32::try_from(at).map_or_else(|_| at.to_string(), |day| date(day).to_string()),
        DayClock::Windows => days::written(at),
    }
}
