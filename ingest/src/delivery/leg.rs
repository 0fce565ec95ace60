//! One table's rows of one shipment, from sealed to settled: a state machine that is told what happened and says what to do next. It does nothing
//! itself, so that every order of failures can be tried.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::verdict::Verdict;

/// Rows of a leg that go in one insert, and the token they always go under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Which of the leg's rows.
    pub rows: Range<u32>,
    /// What the token ends in: nothing for the whole leg.
    pub suffix: String,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask ClickHouse which rows it has, by frame.
    Count,
    /// Let time pass.
    Wait(Duration),
    /// Insert these rows.
    Insert(Parcel),
    /// Write down that these rows go in halves.
    Split(Range<u32>),
    /// Put this row into the dead letters.
    Bury {
        /// The row.
        row: u32,
        /// Why ClickHouse will not have it.
        reason: Arc<str>,
    },
    /// Nothing: every row is in ClickHouse or in the dead letters.
    Done,
}

/// What a failure means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whether it is worth another attempt.
    pub verdict: Verdict,
    /// In ClickHouse's words.
    pub reason: Arc<str>,
}

/// How far ClickHouse's memory of tokens is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// It was neither lost nor outlasted: the same token changes nothing.
    Remembered,
    /// Its machine restarted since the first attempt, or so much came after it that it may be forgotten.
    Doubtful,
}

/// How long is waited between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// After the first failure; it doubles from there.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Now {
    Counting(Why),
    Sending,
    Waiting(Duration),
    Splitting(Range<u32>),
    Burying(u32, Arc<str>),
}

/// Why ClickHouse is asked what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// Before a first attempt of this process.
    Restart,
    /// It refused the rows for good: perhaps it has them, and a view refused.
    Refused(Arc<str>),
}

/// One table's rows of one shipment.
#[derive(Debug)]
pub struct Leg {
    /// Rows of each frame, in order.
    frames: Vec<(u64, u32)>,
    waits: Waits,
    /// What is still to be sent, the next last.
    work: Vec<Parcel>,
    now: Now,
    attempts: u32,
    repair: bool,
}

impl Leg {
    /// The rows of these frames, sent for the first time, or again by a process that knows of the splits.
    pub fn new(frames: Vec<(u64, u32)>, splits: &[Range<u32>], waits: Waits) -> Leg {
        let rows = frames.iter().map(|(_, rows)| rows).sum();
        let mut work = vec![Parcel { rows: 0..rows, suffix: String::new() }];
        for split in splits {
            if let Some(at) = work.iter().position(|parcel| parcel.rows == *split) {
                work.splice(at..=at, halves(split));
            }
        }
        Leg { frames, waits, work, now: Now::Sending, attempts: 0, repair: false }
    }

    /// The same, found after a restart of ours: whole legs ask first what is there.
    pub fn resumed(frames: Vec<(u64, u32)>, splits: &[Range<u32>], waits: Waits) -> Leg {
        let mut leg = Leg::new(frames, splits, waits);
        if splits.is_empty() {
            leg.now = Now::Counting(Why::Restart);
        }
        leg
    }

    /// Rows that were delivered, looked at again after ClickHouse restarted: what it lost is sent again, under tokens of its own.
    pub fn repair(frames: Vec<(u64, u32)>, waits: Waits) -> Leg {
        let mut leg = Leg::resumed(frames, &[], waits);
        leg.repair = true;
        leg
    }

    /// What to do next.
    pub fn next(&self) -> Step {
        match (&self.now, self.work.last()) {
            (Now::Counting(_), _) => Step::Count,
            (Now::Waiting(wait), _) => Step::Wait(*wait),
            (Now::Splitting(rows), _) => Step::Split(rows.clone()),
            (Now::Burying(row, reason), _) => Step::Bury { row: *row, reason: reason.clone() },
            (Now::Sending, Some(parcel)) => Step::Insert(parcel.clone()),
            (Now::Sending, None) => Step::Done,
        }
    }

    /// The wait is over.
    pub fn waited(&mut self) {
        self.now = Now::Sending;
    }

    /// ClickHouse has so many rows of each frame.
    pub fn counted(&mut self, stored: &BTreeMap<u64, u64>, tokens: Tokens) {
        let Now::Counting(why) = &self.now else { return };
        let has = |(frame, rows): &(u64, u32)| stored.get(frame).is_some_and(|stored| *stored >= u64::from(*rows));
        let complete = self.frames.iter().all(has);
        let nothing = self.frames.iter().all(|(frame, _)| !stored.contains_key(frame));
        let why = why.clone();
        self.now = Now::Sending;
        match why {
            Why::Restart if self.repair => self.work = self.missing(stored),
            // The same token again completes what was begun, in the table and in its views.
            Why::Restart if tokens == Tokens::Remembered || nothing => {}
            Why::Restart => self.work = self.missing(stored),
            Why::Refused(_) if complete => self.work.clear(),
            Why::Refused(reason) => self.divide(reason),
        }
    }

    /// Attempts that failed since the last that did not.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// ClickHouse could not be asked.
    pub fn uncounted(&mut self) -> Duration {
        self.attempts += 1;
        self.pause()
    }

    /// The parcel at hand is stored.
    pub fn inserted(&mut self) {
        self.work.pop();
        self.attempts = 0;
    }

    /// The parcel at hand is not, or nobody knows.
    pub fn failed(&mut self, failure: Failure) {
        self.attempts += 1;
        if failure.verdict.allows_attempt_after(self.attempts) {
            self.now = Now::Waiting(self.pause());
        } else if self.work.last().is_some_and(|parcel| parcel.suffix.is_empty()) {
            self.now = Now::Counting(Why::Refused(failure.reason));
        } else {
            self.divide(failure.reason);
        }
    }

    /// That the rows go in halves is written down.
    pub fn split(&mut self) {
        self.work.pop().into_iter().for_each(|parcel| self.work.extend(halves(&parcel.rows).into_iter().rev()));
        self.attempts = 0;
        self.now = Now::Sending;
    }

    /// The row is in the dead letters.
    pub fn buried(&mut self) {
        self.work.pop();
        self.attempts = 0;
        self.now = Now::Sending;
    }

    /// The dead letters could not be written, or the decision not be written down: it is tried again after this.
    pub fn pause(&self) -> Duration {
        let doublings = self.attempts.saturating_sub(1).min(16);
        (self.waits.first * 2u32.pow(doublings)).min(self.waits.longest)
    }

    fn divide(&mut self, reason: Arc<str>) {
        self.now = match self.work.last() {
            Some(parcel) if parcel.rows.len() > 1 => Now::Splitting(parcel.rows.clone()),
            Some(parcel) => Now::Burying(parcel.rows.start, reason),
            None => Now::Sending,
        };
    }

    /// The frames ClickHouse lacks, each a parcel of its own.
    fn missing(&self, stored: &BTreeMap<u64, u64>) -> Vec<Parcel> {
        let mut start = 0;
        let mut missing = Vec::new();
        for (frame, rows) in &self.frames {
            if !stored.contains_key(frame) {
                missing.push(Parcel { rows: start..start + rows, suffix: format!(":again-{frame}") });
            }
            start += rows;
        }
        missing.reverse();
        missing
    }
}

fn halves(rows: &Range<u32>) -> [Parcel; 2] {
    let middle = rows.start + (rows.end - rows.start) / 2;
    [rows.start..middle, middle..rows.end].map(|rows| Parcel { suffix: format!(":{}-{}", rows.start, rows.end), rows })
}
