//! Moments as people write them in commands and links.

use chrono::{DateTime, TimeDelta, Utc};

/// A moment, stated or counted back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// So long ago.
    Ago(TimeDelta),
    /// Then.
    At(DateTime<Utc>),
}

impl Moment {
    /// As of then.
    pub fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Moment::Ago(ago) => now - ago,
            Moment::At(at) => at,
        }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let minutes = |ago: &TimeDelta| ago.num_minutes();
        match self {
            Moment::Ago(ago) if minutes(ago) % (24 * 60) == 0 => write!(f, "{}d", ago.num_days()),
            Moment::Ago(ago) if minutes(ago) % 60 == 0 => write!(f, "{}h", ago.num_hours()),
            Moment::Ago(ago) => write!(f, "{}m", minutes(ago)),
            Moment::At(at) => write!(f, "{}", at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        }
    }
}

/// `30d`, `12h`, `2w`, `90m`, a day, or RFC 3339.
pub fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(Moment::At(at.to_utc()));
    }
    if let Some(day) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0)) {
        return Ok(Moment::At(day.and_utc()));
    }
    let refused = || format!("{text:?} is no time: write 30d, 12h, 90m, 2026-11-01 or 2026-11-01T00:00:00Z");
    let number: i64 = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse().ok()).ok_or_else(refused)?;
    let span = match text.chars().last() {
        Some('m') => TimeDelta::try_minutes(number),
        Some('h') => TimeDelta::try_hours(number),
        Some('d') => TimeDelta::try_days(number),
        Some('w') => TimeDelta::try_weeks(number),
        _ => None,
    };
    span.filter(|span| *span > TimeDelta::zero() && *span < TimeDelta::days(36_500)).map(Moment::Ago).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(moment("30d"), Ok(Moment::Ago(TimeDelta::days(30))));
        assert_eq!(moment("2026-11-01"), moment("2026-11-01T00:00:00Z"));
        for written in ["30d", "12h", "90m", "2026-11-01T00:00:00Z"] {
            assert_eq!(moment(written).unwrap().to_string(), written);
        }
        for wrong in ["", "d", "-3d", "0h", "30", "soon", "9999999999999999d"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
