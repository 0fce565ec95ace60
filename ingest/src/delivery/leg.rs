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
    /// Ask whether ClickHouse still knows the tokens of earlier attempts.
    Trust,
    /// Insert these rows.
    Insert(Parcel),
    /// Write down that these rows do not go together; of a single row, that it is among the dead letters.
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
    Trusting,
    /// These rows, and what goes in their stead.
    Splitting(Range<u32>, Vec<Parcel>),
    Burying(u32, Arc<str>),
}

/// Why ClickHouse is asked what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// Before a first attempt of this process, or one under a token that may be forgotten.
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
    /// Rows of each frame that parcels which are done have put there.
    held: BTreeMap<u64, u64>,
    attempts: u32,
    /// Attempts that failed for no known reason.
    unexplained: u32,
    journey: Journey,
}

/// What is known of earlier attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Journey {
    /// Nothing but that rows go under their tokens.
    Whole,
    /// They went in parts, in order: what ClickHouse has tells which of them are done.
    Divided,
    /// All was there.
    Repair,
}

impl Leg {
    /// The rows of these frames, sent for the first time, or again by a process that knows of the splits.
    pub fn new(frames: Vec<(u64, u32)>, splits: &[Range<u32>], waits: Waits) -> Leg {
        let rows = frames.iter().map(|(_, rows)| rows).sum();
        let work = vec![Parcel { rows: 0..rows, suffix: String::new() }];
        let journey = if splits.is_empty() { Journey::Whole } else { Journey::Divided };
        let (held, now) = (BTreeMap::new(), Now::Sending);
        let mut leg = Leg { frames, waits, work, now, held, attempts: 0, unexplained: 0, journey };
        splits.iter().for_each(|split| leg.apply(split));
        leg
    }

    /// The same, found after a restart of ours: it is asked first what is there.
    pub fn resumed(frames: Vec<(u64, u32)>, splits: &[Range<u32>], waits: Waits) -> Leg {
        Leg { now: Now::Counting(Why::Restart), ..Leg::new(frames, splits, waits) }
    }

    /// Rows that were delivered, looked at again after ClickHouse restarted: what it lost is sent again, under tokens of its own.
    pub fn repair(frames: Vec<(u64, u32)>, waits: Waits) -> Leg {
        Leg { journey: Journey::Repair, ..Leg::resumed(frames, &[], waits) }
    }

    /// A split that was written down.
    fn apply(&mut self, split: &Range<u32>) {
        let holds = |parcel: &Parcel| parcel.rows.start <= split.start && split.end <= parcel.rows.end;
        let Some(at) = self.work.iter().position(holds) else { return };
        let Range { start, end } = self.work[at].rows;
        let around = [start..split.start, split.end..end].map(|rows| (!rows.is_empty()).then(|| Parcel::again(rows)));
        let [before, after] = around;
        let inner = if split.len() > 1 { halves(split).into_iter().rev().collect() } else { Vec::new() };
        self.work.splice(at..=at, after.into_iter().chain(inner).chain(before));
    }

    /// What to do next.
    pub fn next(&self) -> Step {
        match (&self.now, self.work.last()) {
            (Now::Counting(_), _) => Step::Count,
            (Now::Waiting(wait), _) => Step::Wait(*wait),
            (Now::Trusting, _) => Step::Trust,
            (Now::Splitting(rows, _), _) => Step::Split(rows.clone()),
            (Now::Burying(row, reason), _) => Step::Bury { row: *row, reason: reason.clone() },
            (Now::Sending, Some(parcel)) => Step::Insert(parcel.clone()),
            (Now::Sending, None) => Step::Done,
        }
    }

    /// The wait is over.
    pub fn waited(&mut self) {
        self.now = Now::Trusting;
    }

    /// An earlier attempt may have been stored without our knowing, and is perhaps not known by its token any more.
    pub fn trusted(&mut self, tokens: Tokens) {
        self.now = match tokens {
            Tokens::Remembered => Now::Sending,
            Tokens::Doubtful => Now::Counting(Why::Restart),
        };
    }

    /// ClickHouse has so many rows of each frame.
    pub fn counted(&mut self, stored: &BTreeMap<u64, u64>, tokens: Tokens) {
        let Now::Counting(why) = std::mem::replace(&mut self.now, Now::Sending) else { return };
        let mut unclaimed = stored.clone();
        for (frame, held) in &self.held {
            unclaimed.entry(*frame).and_modify(|stored| *stored = stored.saturating_sub(*held));
        }
        match (why, self.journey) {
            // The same token again completes what was begun, in the table and in its views.
            (Why::Restart, Journey::Whole) if tokens == Tokens::Remembered => {}
            (Why::Restart, _) => {
                let work = std::mem::take(&mut self.work);
                // In the order they went.
                let mut left: Vec<Parcel> = work.into_iter().rev().flat_map(|parcel| self.unstored(parcel, &mut unclaimed)).collect();
                left.reverse();
                self.work = left;
            }
            (Why::Refused(reason), _) => {
                let Some(parcel) = self.work.last().cloned() else { return };
                let left = self.unstored(parcel.clone(), &mut unclaimed);
                if left.is_empty() {
                    self.work.pop();
                } else if left == [parcel.clone()] {
                    self.divide(reason);
                } else {
                    self.now = Now::Splitting(parcel.rows, left);
                }
            }
        }
    }

    /// What of a parcel ClickHouse lacks, frame by frame: the parcel, if it lacks all of it. What it has is taken off `unclaimed`, and held.
    fn unstored(&mut self, parcel: Parcel, unclaimed: &mut BTreeMap<u64, u64>) -> Vec<Parcel> {
        let mut left: Vec<Parcel> = Vec::new();
        let mut has_any = self.journey == Journey::Repair;
        for (frame, rows) in self.pieces(&parcel.rows) {
            match unclaimed.get_mut(&frame).filter(|unclaimed| **unclaimed > 0) {
                Some(unclaimed) => {
                    *unclaimed = unclaimed.saturating_sub(rows.len() as u64);
                    *self.held.entry(frame).or_default() += rows.len() as u64;
                    has_any = true;
                }
                None => left.push(Parcel::again(rows)),
            }
        }
        if has_any { left } else { vec![parcel] }
    }

    /// Some of the rows, by frame.
    fn pieces(&self, rows: &Range<u32>) -> Vec<(u64, Range<u32>)> {
        let mut start = 0;
        let mut pieces = Vec::new();
        for (frame, of) in &self.frames {
            let piece = rows.start.max(start)..rows.end.min(start + of);
            if !piece.is_empty() {
                pieces.push((*frame, piece));
            }
            start += of;
        }
        pieces
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
        if let Some(parcel) = self.work.pop() {
            for (frame, rows) in self.pieces(&parcel.rows) {
                *self.held.entry(frame).or_default() += rows.len() as u64;
            }
        }
        self.begin_next();
    }

    /// The parcel at hand is not, or nobody knows.
    pub fn failed(&mut self, failure: Failure) {
        self.attempts += 1;
        self.unexplained += u32::from(failure.verdict != Verdict::Passing);
        self.now = if failure.verdict.allows_attempt_after(self.unexplained) {
            Now::Waiting(self.pause())
        } else {
            Now::Counting(Why::Refused(failure.reason))
        };
    }

    /// That the rows go in parts, or the one row not at all, is written down.
    pub fn split(&mut self) {
        let Now::Splitting(_, stead) = std::mem::replace(&mut self.now, Now::Sending) else { return };
        self.work.pop();
        self.work.extend(stead.into_iter().rev());
        self.begin_next();
    }

    /// The row is in the dead letters, which is to be written down: a restart could not tell it from one that is still to go.
    pub fn buried(&mut self) {
        if let Some(parcel) = self.work.last() {
            self.now = Now::Splitting(parcel.rows.clone(), Vec::new());
        }
    }

    fn begin_next(&mut self) {
        (self.attempts, self.unexplained) = (0, 0);
        self.now = Now::Sending;
    }

    /// The dead letters could not be written, or the decision not be written down: it is tried again after this.
    pub fn pause(&self) -> Duration {
        let doublings = self.attempts.saturating_sub(1).min(16);
        (self.waits.first * 2u32.pow(doublings)).min(self.waits.longest)
    }

    fn divide(&mut self, reason: Arc<str>) {
        self.now = match self.work.last() {
            Some(parcel) if parcel.rows.len() > 1 => Now::Splitting(parcel.rows.clone(), halves(&parcel.rows).to_vec()),
            Some(parcel) => Now::Burying(parcel.rows.start, reason),
            None => Now::Sending,
        };
    }
}

impl Parcel {
    /// Rows that went before, under another token, with others of which some were stored.
    fn again(rows: Range<u32>) -> Parcel {
        Parcel { suffix: format!(":again-{}-{}", rows.start, rows.end), rows }
    }
}

fn halves(rows: &Range<u32>) -> [Parcel; 2] {
    let middle = rows.start + (rows.end - rows.start) / 2;
    [rows.start..middle, middle..rows.end].map(|rows| Parcel { suffix: format!(":{}-{}", rows.start, rows.end), rows })
}

#[cfg(test)]
mod tests;
