//! One table's rows of one shipment, from sealed to settled: a state machine that is told what happened and says what to do next. It does nothing
//! itself, so that every order of failures can be tried.

mod parcel;
mod sift;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::verdict::Verdict;
use crate::spool::frame::Split;
pub use parcel::Parcel;
use parcel::digest;
pub(super) use parcel::within;
use sift::Sift;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask ClickHouse which rows it has, by part.
    Count,
    /// Let time pass.
    Wait(Duration),
    /// Ask whether ClickHouse still knows the tokens of earlier attempts.
    Trust,
    /// Insert these rows.
    Insert(Parcel),
    /// Ask whether these rows would be taken.
    Probe(Parcel),
    /// Write down that these rows do not go as they were to.
    Split(Split),
    /// Put these rows into the dead letters.
    Bury(Burial),
    /// Nothing: every row is in ClickHouse or in the dead letters.
    Done,
}

/// Rows that ClickHouse will not have, on their way to the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burial {
    /// Each with the reason.
    pub rows: Vec<(u32, Arc<str>)>,
    /// What the token ends in.
    pub suffix: String,
}

impl Burial {
    fn of(rows: &[(u32, Arc<str>)]) -> Burial {
        let numbers: Vec<u32> = rows.iter().map(|(row, _)| *row).collect();
        let suffix = match numbers[..] {
            [row] => format!(":dead-{row}"),
            // The same token with other rows would be taken for these.
            _ => format!(":dead-{}", digest(&numbers)),
        };
        Burial { rows: rows.to_vec(), suffix }
    }
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
    Probing(Sift),
    /// Before what was tried is tried again.
    Resting(Duration, Sift),
    /// These rows, and what goes in their stead.
    Splitting(Split, Vec<Parcel>),
    /// These, of the rows of the parcel that are judged.
    Burying(Vec<(u32, Arc<str>)>, Range<u32>),
}

/// Why ClickHouse is asked what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// Before a first attempt of this process, or one under a token that may be forgotten.
    Restart,
    /// It refused the rows for good: perhaps it has them, and a view refused.
    Refused(Failure),
}

/// One table's rows of one shipment.
#[derive(Debug)]
pub struct Leg {
    /// Rows of each part, in order.
    parts: Vec<(u64, u32)>,
    waits: Waits,
    /// What is still to be sent, the next last.
    work: Vec<Parcel>,
    now: Now,
    /// Rows of each part that parcels which are done have put there.
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
}

impl Leg {
    /// The rows of these parts, each of which ClickHouse stores wholly or not at all, sent for the first time, or again by a process that knows of the splits.
    pub fn new(parts: Vec<(u64, u32)>, splits: &[Split], waits: Waits) -> Leg {
        let work = vec![Parcel::whole(parts.iter().map(|(_, rows)| rows).sum())];
        let journey = if splits.is_empty() { Journey::Whole } else { Journey::Divided };
        let (held, now) = (BTreeMap::new(), Now::Sending);
        let mut leg = Leg { parts, waits, work, now, held, attempts: 0, unexplained: 0, journey };
        splits.iter().for_each(|split| leg.apply(split));
        leg
    }

    /// The same, found after a restart of ours: it is asked first what is there.
    pub fn resumed(parts: Vec<(u64, u32)>, splits: &[Split], waits: Waits) -> Leg {
        Leg { now: Now::Counting(Why::Restart), ..Leg::new(parts, splits, waits) }
    }

    /// Rows that were delivered, looked at again after ClickHouse restarted: what it lost is sent again, under tokens of its own. These are dead letters and
    /// stay so.
    pub fn repair(parts: Vec<(u64, u32)>, dead: &[u32], waits: Waits) -> Leg {
        let rows = parts.iter().map(|(_, rows)| rows).sum();
        let work = vec![Parcel::named("again-", 0..rows, dead)];
        Leg { journey: Journey::Divided, work, ..Leg::resumed(parts, &[], waits) }
    }

    /// A split that was written down.
    fn apply(&mut self, split: &Split) {
        let rows = &split.rows;
        // More than one if what was missing of a parcel went by parts, which are not its halves.
        let is_touched = |parcel: &Parcel| parcel.rows.start < rows.end && rows.start < parcel.rows.end;
        let Some(at) = self.work.iter().position(is_touched) else { return };
        let touched: Vec<Parcel> = self.work.iter().skip(at).take_while(|parcel| is_touched(parcel)).cloned().collect();
        let (Some(last), Some(first)) = (touched.first(), touched.last()) else { return };
        let some_of = |parcel: &Parcel, rows: Range<u32>| (!rows.is_empty()).then(|| parcel.again(rows));
        let (before, after) = (some_of(first, first.rows.start..rows.start), some_of(last, rows.end..last.rows.end));
        let inner = if split.refused.is_empty() {
            let without: Vec<u32> = touched.iter().rev().flat_map(|parcel| parcel.without.iter().copied()).collect();
            let inner = Parcel::named("", rows.clone(), &without);
            if inner.count() > 1 { inner.halves() } else { Vec::new() }
        } else {
            vec![sifted(split)]
        };
        let parcels = after.into_iter().chain(inner.into_iter().rev()).chain(before).filter(|parcel| parcel.count() > 0);
        let parcels: Vec<Parcel> = parcels.collect();
        self.work.splice(at..at + touched.len(), parcels);
    }

    /// What to do next.
    pub fn next(&self) -> Step {
        match (&self.now, self.work.last()) {
            (Now::Counting(_), _) => Step::Count,
            (Now::Waiting(wait), _) => Step::Wait(*wait),
            (Now::Trusting, _) => Step::Trust,
            (Now::Resting(wait, _), _) => Step::Wait(*wait),
            (Now::Probing(sift), _) => sift.next().map_or(Step::Done, Step::Probe),
            (Now::Splitting(split, _), _) => Step::Split(split.clone()),
            (Now::Burying(rows, _), _) => Step::Bury(Burial::of(rows)),
            (Now::Sending, Some(parcel)) => Step::Insert(parcel.clone()),
            (Now::Sending, None) => Step::Done,
        }
    }

    /// The wait is over.
    pub fn waited(&mut self) {
        self.now = match std::mem::replace(&mut self.now, Now::Trusting) {
            Now::Resting(_, sift) => Now::Probing(sift),
            _ => Now::Trusting,
        };
    }

    /// An earlier attempt may have been stored without our knowing, and is perhaps not known by its token any more.
    pub fn trusted(&mut self, tokens: Tokens) {
        self.now = match tokens {
            Tokens::Remembered => Now::Sending,
            Tokens::Doubtful => Now::Counting(Why::Restart),
        };
    }

    /// ClickHouse has so many rows of each part.
    pub fn counted(&mut self, stored: &BTreeMap<u64, u64>, tokens: Tokens) {
        let Now::Counting(why) = std::mem::replace(&mut self.now, Now::Sending) else { return };
        let mut unclaimed = stored.clone();
        for (part, held) in &self.held {
            unclaimed.entry(*part).and_modify(|stored| *stored = stored.saturating_sub(*held));
        }
        match (why, self.journey) {
            // The same token again completes what was begun, in the table and in its views.
            (Why::Restart, Journey::Whole) if tokens == Tokens::Remembered => {}
            (Why::Restart, _) => {
                let work = std::mem::take(&mut self.work);
                // In the order they went.
                let mut left: Vec<Parcel> = work.iter().rev().flat_map(|parcel| self.unstored(parcel, &mut unclaimed)).collect();
                if self.journey == Journey::Whole && !left.is_empty() && left != work {
                    // Written down before any of it goes: a restart that trusts the tokens again would send the whole after its parts.
                    let rows = work.first().map_or(0..0, |whole| whole.rows.clone());
                    (self.work, self.now) = (work, Now::Splitting(Split::halves(rows), left));
                    return;
                }
                left.reverse();
                self.work = left;
            }
            (Why::Refused(failure), _) => {
                let Some(parcel) = self.work.last().cloned() else { return };
                let left = self.unstored(&parcel, &mut unclaimed);
                if left.is_empty() {
                    self.work.pop();
                } else if left != [parcel.clone()] {
                    self.now = Now::Splitting(Split::halves(parcel.rows), left);
                } else if parcel.count() > 1 && failure.verdict == Verdict::Final {
                    self.now = Now::Probing(Sift::new(parcel));
                } else {
                    self.divide(&failure.reason);
                }
            }
        }
    }

    /// What of a parcel ClickHouse lacks, part by part: the parcel, if it lacks all of it. What it has is taken off `unclaimed`, and held.
    fn unstored(&mut self, parcel: &Parcel, unclaimed: &mut BTreeMap<u64, u64>) -> Vec<Parcel> {
        let mut left: Vec<Parcel> = Vec::new();
        let mut has_any = false;
        for (part, rows, count) in self.pieces(parcel) {
            match unclaimed.get_mut(&part).filter(|unclaimed| **unclaimed > 0) {
                Some(unclaimed) => {
                    *unclaimed = unclaimed.saturating_sub(count);
                    *self.held.entry(part).or_default() += count;
                    has_any = true;
                }
                None => left.push(parcel.again(rows)),
            }
        }
        if has_any { left } else { vec![parcel.clone()] }
    }

    /// Which rows of a parcel lie in which part, and how many go.
    fn pieces(&self, parcel: &Parcel) -> Vec<(u64, Range<u32>, u64)> {
        let mut start = 0;
        let mut pieces = Vec::new();
        for (part, of) in &self.parts {
            let piece = parcel.rows.start.max(start)..parcel.rows.end.min(start + of);
            let count = parcel.count_in(&piece);
            if count > 0 {
                pieces.push((*part, piece, u64::from(count)));
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
            for (part, _, count) in self.pieces(&parcel) {
                *self.held.entry(part).or_default() += count;
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
            Now::Counting(Why::Refused(failure))
        };
    }

    /// What was tried would be taken, or not, or could not be tried.
    pub fn probed(&mut self, tried: Result<(), Failure>) {
        let Now::Probing(mut sift) = std::mem::replace(&mut self.now, Now::Sending) else { return };
        match tried {
            Ok(()) => sift.accepted(),
            Err(failure) => match failure.verdict {
                Verdict::Passing => {
                    self.attempts += 1;
                    self.now = Now::Resting(self.pause(), sift);
                    return;
                }
                Verdict::Final => sift.refused(failure.reason),
                // No way to find out by trying.
                Verdict::Unknown | Verdict::Outdated => return self.divide(&failure.reason),
            },
        }
        self.attempts = 0;
        if sift.next().is_some() {
            self.now = Now::Probing(sift);
            return;
        }
        match (sift.judged(), sift.found()) {
            // It is not the table that refuses.
            (_, found) if found.is_empty() => self.divide(&"refused together, and not by halves".into()),
            (judged, found) => self.now = Now::Burying(found, judged),
        }
    }

    /// What was decided about the rows is written down.
    pub fn split(&mut self) {
        let Now::Splitting(_, stead) = std::mem::replace(&mut self.now, Now::Sending) else { return };
        if self.journey == Journey::Whole {
            self.journey = Journey::Divided;
        }
        self.work.pop();
        self.work.extend(stead.into_iter().rev());
        self.begin_next();
    }

    /// These rows are in the dead letters. That is to be written down: a restart could not tell them from those that are still to go. What is not judged yet
    /// goes once more, behind those that are.
    pub fn buried(&mut self) {
        let Now::Burying(rows, judged) = std::mem::replace(&mut self.now, Now::Sending) else { return };
        let Some(parcel) = self.work.last() else { return };
        let mut refused: Vec<u32> = within(&parcel.without, &judged).iter().copied().chain(rows.iter().map(|(row, _)| *row)).collect();
        refused.sort_unstable();
        let rest = parcel.again(judged.end..parcel.rows.end);
        let split = Split { rows: judged, refused };
        let stead = [sifted(&split), rest].into_iter().filter(|parcel| parcel.count() > 0).collect();
        self.now = Now::Splitting(split, stead);
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

    fn divide(&mut self, reason: &Arc<str>) {
        let Some(parcel) = self.work.last() else { return };
        self.now = match parcel.first() {
            Some(row) if parcel.count() == 1 => Now::Burying(vec![(row, reason.clone())], parcel.rows.clone()),
            _ => Now::Splitting(Split::halves(parcel.rows.clone()), parcel.halves()),
        };
    }
}

/// What goes of rows of which some are refused.
fn sifted(split: &Split) -> Parcel {
    Parcel::named("sifted-", split.rows.clone(), &split.refused)
}

#[cfg(test)]
mod tests;
