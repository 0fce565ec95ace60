//! Everyone's first session, and whether they were there again so many days after it.

use super::DayClock;
use crate::frame::{Frame, matched};

/// Which return is asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct ReturnOn {
    /// How many days after the first.
    pub day: i32,
    /// Then or at any time later, or then only.
    pub or_later: bool,
    /// The column with when a session began.
    pub time: String,
    /// How days are counted.
    pub clock: DayClock,
}

/// First sessions that were watched for long enough.
#[derive(Debug, Default)]
pub(crate) struct Returned {
    /// Their rows.
    pub rows: Vec<usize>,
    /// 1 where the person was there again, else 0.
    pub again: Vec<f64>,
    /// Rows without a time or a person, and first sessions that are not counted.
    pub unmeasured: u64,
    /// People whose day has not been observed to its end.
    pub immature: u64,
    /// Sessions after a person's first, which are returns and not first sessions.
    pub later: u64,
}

impl ReturnOn {
    /// Of first sessions that are `counted`. `visits` (with the columns of [`crate::relations::visits`]) are all presences, where more than sessions are known.
    pub(crate) fn of(&self, frame: &Frame, user: &str, visits: Option<&Frame>, counted: impl Fn(usize) -> bool) -> Returned {
        let (codes, labels) = frame.categories(user);
        let times = frame.times(&self.time);
        let mut returned = Returned::default();
        // The first session of each person, and the days on which anyone was there.
        let mut first: Vec<Option<(i64, usize)>> = vec![None; labels.len()];
        let mut there: Vec<(u32, i32)> = Vec::with_capacity(frame.rows());
        for row in 0..frame.rows() {
            let known = times[row].filter(|_| (codes[row] as usize) < labels.len()).and_then(|at| Some((at, self.clock.day(at)?)));
            let Some((at, on)) = known else {
                returned.unmeasured += 1;
                continue;
            };
            there.push((codes[row], on));
            let first = &mut first[codes[row] as usize];
            if first.is_none_or(|(before, _)| at < before) {
                *first = Some((at, row));
            }
        }
        let mut earliest = vec![i32::MAX; labels.len()];
        if let Some(visits) = visits {
            let (theirs, names) = visits.categories("user_id");
            let ours = matched(names, labels);
            for (code, at) in theirs.iter().zip(visits.times("at")) {
                let code = ours.get(*code as usize).copied().flatten();
                let (Some(code), Some(on)) = (code, at.and_then(|at| self.clock.day(at))) else { continue };
                there.push((code, on));
                earliest[code as usize] = earliest[code as usize].min(on);
            }
        }
        // The last day is not known to have been observed to its end.
        let last_day = there.iter().map(|(_, on)| *on).max().unwrap_or(i32::MIN);
        let begun: Vec<Option<i32>> = first.iter().map(|first| first.and_then(|(at, _)| self.clock.day(at))).collect();
        let mut again = vec![false; labels.len()];
        for (code, on) in there {
            let back = |begun: i32| if self.or_later { on >= begun + self.day } else { on == begun + self.day };
            again[code as usize] |= begun[code as usize].is_some_and(back);
        }
        let mut people: Vec<(usize, usize)> =
            first.iter().enumerate().filter_map(|(code, first)| Some((first.as_ref()?.1, code))).collect();
        people.sort_unstable();
        returned.later = (frame.rows() as u64).saturating_sub(returned.unmeasured).saturating_sub(people.len() as u64);
        for (row, code) in people {
            let Some(on) = begun[code] else { continue };
            if earliest[code] < on {
                returned.later += 1;
            } else if !counted(row) {
                returned.unmeasured += 1;
            } else if on + self.day >= last_day {
                returned.immature += 1;
            } else {
                returned.rows.push(row);
                returned.again.push(f64::from(u8::from(again[code])));
            }
        }
        returned
    }
}
