//! How days are counted: by the calendar of a zone, or by windows of 24 hours; and how days make cohorts.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::statistics::retention::MS_PER_DAY;

/// When a day begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayClock {
    /// At midnight of a zone: days of 23 and 25 hours are days like others.
    Calendar(Tz),
    /// At the hour of each user's first presence: days are windows of 24 hours.
    Windows,
}

impl DayClock {
    /// Midnight of UTC.
    pub const UTC: DayClock = DayClock::Calendar(Tz::UTC);

    /// Midnight of the zone of this name in the time zone database, such as `Asia/Shanghai`; `None` for a name it does not have.
    pub fn calendar(zone: &str) -> Option<DayClock> {
        zone.parse().ok().map(DayClock::Calendar)
    }

    /// The zone's name; that of UTC for windows, whose cohorts are by days of UTC.
    pub fn zone(self) -> &'static str {
        self.tz().name()
    }

    /// The zone whose calendar counts; UTC for windows.
    pub fn tz(self) -> Tz {
        match self {
            DayClock::Calendar(tz) => tz,
            DayClock::Windows => Tz::UTC,
        }
    }

    /// The calendar day of a moment in ms since 1970, in days since 1970-01-01; `None` for moments beyond what calendars count.
    pub fn day(self, ms: i64) -> Option<i32> {
        let day = match self.tz() {
            Tz::UTC => i32::try_from(ms.div_euclid(MS_PER_DAY)).ok()?,
            tz => since_1970(DateTime::from_timestamp_millis(ms)?.with_timezone(&tz).date_naive()),
        };
        (-LIMIT..=LIMIT).contains(&day).then_some(day)
    }
}

/// Days from 1970 on that are counted, some 200,000 years before and after: what a calendar date holds.
const LIMIT: i32 = 73_000_000;

fn since_1970(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

/// The date of a day since 1970-01-01.
pub(super) fn date(day: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(day.saturating_add(719_163)).unwrap_or_default()
}

/// Who makes a cohort together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CohortBy {
    /// Those who came first on the same day.
    #[default]
    Day,
    /// In the same week, from Monday.
    Week,
    /// In the same month.
    Month,
}

impl CohortBy {
    /// The name in words and JSON.
    pub fn name(self) -> &'static str {
        match self {
            CohortBy::Day => "day",
            CohortBy::Week => "week",
            CohortBy::Month => "month",
        }
    }

    /// By its name.
    pub fn from_name(name: &str) -> Option<CohortBy> {
        [CohortBy::Day, CohortBy::Week, CohortBy::Month].into_iter().find(|by| by.name() == name)
    }

    /// The cohort of a first day: the number of its own first day.
    pub(super) fn key(self, day: i32) -> i32 {
        match self {
            CohortBy::Day => day,
            // 1970-01-01 was a Thursday.
            CohortBy::Week => (day + 3).div_euclid(7) * 7 - 3,
            CohortBy::Month => date(day).with_day(1).map_or(day, since_1970),
        }
    }
}

/// RFC 3339, for words.
pub(super) fn written(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms).map_or_else(|| ms.to_string(), |at| at.to_rfc3339())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    #[test]
    fn a_day_begins_at_midnight_where_people_are() {
        let shanghai = DayClock::calendar("Asia/Shanghai").unwrap();
        let day = |text| date(shanghai.day(ms(text)).unwrap()).to_string();
        assert_eq!(day("2026-11-25T15:59:59Z"), "2026-11-25");
        assert_eq!(day("2026-11-25T16:00:00Z"), "2026-11-26");
        assert_eq!(DayClock::calendar("Asia/Atlantis"), None);
        assert_eq!(shanghai.day(i64::MAX), None);
    }

    /// New York's 2026-11-01 has 25 hours, its 2026-03-08 has 23.
    #[test]
    fn days_of_23_and_25_hours_are_one_day_each() {
        let york = DayClock::calendar("America/New_York").unwrap();
        let check = |first: &str, last: &str, next: &str| {
            let [first, last, next] = [first, last, next].map(|text| york.day(ms(text)).unwrap());
            assert_eq!((last - first, next - first), (0, 1));
        };
        check("2026-11-01T00:00:00-04:00", "2026-11-01T23:59:59-05:00", "2026-11-02T00:00:00-05:00");
        check("2026-03-08T00:00:00-05:00", "2026-03-08T23:59:59-04:00", "2026-03-09T00:00:00-04:00");
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let day = |text: &str| since_1970(text.parse().unwrap());
        let cohort = |by: CohortBy, text| date(by.key(day(text))).to_string();
        assert_eq!(cohort(CohortBy::Week, "2026-11-29"), "2026-11-23");
        assert_eq!(cohort(CohortBy::Week, "2026-11-30"), "2026-11-30");
        assert_eq!(cohort(CohortBy::Week, "1969-12-28"), "1969-12-22");
        assert_eq!(cohort(CohortBy::Month, "2026-11-30"), "2026-11-01");
        assert_eq!(cohort(CohortBy::Day, "2026-11-30"), "2026-11-30");
    }
}
