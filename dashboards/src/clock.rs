//! Moments and spans as people read them, in one zone that is always named.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::words::Words;

/// The zone in which a page shows its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub Tz);

impl Zone {
    /// Hour and minute: `12:41`.
    pub fn minute(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%H:%M").to_string()
    }

    /// To the second: `12:41:05`.
    pub fn second(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%H:%M:%S").to_string()
    }

    /// To the second with the offset: `12:41:05 +08:00`.
    pub fn second_with_offset(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%H:%M:%S %:z").to_string()
    }

    /// The day, too: `2026-11-23 12:41:05 +08:00`.
    pub fn full(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%Y-%m-%d %H:%M:%S %:z").to_string()
    }

    /// Its IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

/// For machines, as in `<time datetime>`.
pub fn machine(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// A span in its largest unit of at least two: `8 s`, `22 min`, `5 h`. Below zero (clocks differ) it is 0 s.
pub fn span(length: Duration, words: &Words) -> String {
    let seconds = length.num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} {}", words.unit.second),
        120..7200 => format!("{} {}", seconds / 60, words.unit.minute),
        _ => format!("{} {}", seconds / 3600, words.unit.hour),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{EN, ZH};

    #[test]
    fn a_time_carries_its_offset() {
        let at = "2026-11-23T04:03:04Z".parse().unwrap();
        assert_eq!(Zone(Tz::Asia__Shanghai).full(at), "2026-11-23 12:03:04 +08:00");
        assert_eq!(Zone(Tz::UTC).second_with_offset(at), "04:03:04 +00:00");
    }

    #[test]
    fn a_span_is_told_in_a_unit_that_reads_well() {
        let told = |seconds| span(Duration::seconds(seconds), &EN);
        assert_eq!([told(-3), told(8), told(119), told(1320), told(7300)], ["0 s", "8 s", "119 s", "22 min", "2 h"]);
        assert_eq!(span(Duration::seconds(1320), &ZH), "22 分钟");
    }
}
