//! Admission: from what a sender wrote to rows that can be kept, and the rows that cannot with the reason to mend.
//!
//! What is refused: unknown names, missing keys, numbers that are not finite or out of range, times that cannot be, texts over their limit.
//! A bad row is data and not a failure: the others of its batch are kept. A fault in the batch's own context refuses the whole batch, since no row
//! of it has another.
//!
//! **Times.** A row keeps the sender's time beside ours. Where the batch says when it was sent, the sender's clock is corrected by how far it is
//! off ([`crate::Clocks`]); without it, or within 2 s, the sender's time is taken as it is. The corrected time must lie between [`MAX_AGE_MS`]
//! ago and [`MAX_AHEAD_MS`] ahead, so that a clock at 1970 or 9999 spoils nothing.

pub(crate) mod measures;
mod report;
mod rows;
mod words;

use std::collections::HashSet;
use std::sync::Arc;

use qoe_store::{DeadLetter, Keys, Millis, Record, Records, SequenceGap, Stamp};

use crate::access::{AccessError, Caller, Peer, Projects};
use crate::clock::Clocks;
use crate::context;
use crate::dimensions::Dimensions;
use crate::reducer::{Origin, Reducer};
use crate::refusal::{Fault, Refusal, Rejection, shortened};
use crate::sequence::Sequences;
use crate::wire::{self, Row, Told};
use report::MAX_CONNECTION_BYTES;
use words::Words;

/// Most rows of one batch.
pub const MAX_ROWS: usize = 10_000;
/// Oldest row taken, ms: a client that was offline for a week's holiday.
pub const MAX_AGE_MS: i64 = 7 * 86_400_000;
/// Oldest ticket, release or integration step taken, ms: two years, since these are told about later.
pub const MAX_TOLD_AGE_MS: i64 = 2 * 365 * 86_400_000;
/// How far ahead a row may lie, ms.
pub const MAX_AHEAD_MS: i64 = 600_000;

/// Latest moment a column can hold, ms: 2299-12-31.
const LAST_STORABLE_MS: f64 = 10_413_705_600_000.0;
/// Most of a row that is set aside, bytes: a whole row of any kind but a long report.
const MAX_SET_ASIDE_BYTES: usize = 10_240;

/// What was kept of a batch, and what was not.
#[derive(Debug, Default)]
pub struct Admitted {
    /// The rows for the store: none for a report that is the first of its streams, several for one that is not.
    pub records: Records,
    /// How many rows of the batch were kept.
    pub accepted: usize,
    /// The rows that were not.
    pub rejections: Vec<Rejection>,
}

/// Why a whole batch was refused.
#[derive(Debug, thiserror::Error)]
pub enum BatchRefusal {
    /// It is too large.
    #[error("a batch of {rows} rows, the limit is {MAX_ROWS}: send it in parts")]
    TooManyRows {
        /// How many rows it has.
        rows: usize,
    },
    /// Its project takes no data from this sender.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Its context cannot be.
    #[error("the batch's context: {0}")]
    Context(Refusal),
    /// When it was sent cannot be.
    #[error("sent_at {sent_at} is not an epoch in milliseconds")]
    SentAt {
        /// As it was sent.
        sent_at: f64,
    },
}

/// What admission needs to know and to remember.
#[derive(Debug, Clone, Copy)]
pub struct Admission<'a> {
    /// The numbers of each session's batches.
    pub sequences: &'a Sequences,
    /// Whose data may come in.
    pub projects: &'a Projects,
    /// What was last counted on each stream.
    pub reducer: &'a Reducer,
    /// How far each session's clock is off.
    pub clocks: &'a Clocks,
    /// Which labels are in use.
    pub dimensions: &'a Dimensions,
}

/// A batch as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// What it says.
    pub batch: &'a wire::Batch<'a>,
    /// The key that came beside it; goes over the one in it.
    pub key: Option<&'a str>,
    /// Whence it came.
    pub peer: Peer<'a>,
    /// When this attempt was sent, ms by the sender's clock, where that came beside it; goes over the one in it.
    pub sent_at: Option<f64>,
    /// When it arrived.
    pub received_at: Millis,
}

/// Where a row stands: the keys it will carry and its times.
#[derive(Debug, Clone)]
struct Place {
    keys: Arc<Keys>,
    stamp: Stamp,
}

impl Admission<'_> {
    /// Sorts the rows of a batch into those kept and those not.
    pub fn admit(&self, arrival: Arrival<'_>) -> Result<Admitted, BatchRefusal> {
        let batch = arrival.batch;
        let rows = batch.rows();
        if rows > MAX_ROWS {
            return Err(BatchRefusal::TooManyRows { rows });
        }
        let sent_at = match arrival.sent_at.or(batch.sent_at) {
            Some(sent_at) => Some(storable(sent_at).ok_or(BatchRefusal::SentAt { sent_at })?),
            None => None,
        };
        let mut admitted = Admitted::default();
        for section in &batch.sections {
            let mut keys = context::over(&Keys::default(), &section.context, arrival.received_at).map_err(BatchRefusal::Context)?;
            if !keys.project.is_empty() {
                self.projects.check(&keys.project, &arrival.caller())?;
                self.dimensions.bound(Arc::make_mut(&mut keys), arrival.received_at);
            }
            let mut desk = Desk::new(*self, arrival, sent_at, keys);
            desk.count_gap(&mut admitted.records);
            for line in &section.rows {
                match desk.row(line, &mut admitted.records) {
                    Ok(()) => admitted.accepted += 1,
                    Err(refusal) => admitted.rejections.push(Rejection { row: line.index, refusal }),
                }
            }
        }
        Ok(admitted)
    }
}

impl Arrival<'_> {
    /// Who sent it, under which key.
    pub fn caller(&self) -> Caller<'_> {
        Caller { key: self.key.or(self.batch.key.as_deref()), peer: self.peer, at: self.received_at }
    }
}

/// Takes the rows of one section.
struct Desk<'a> {
    admission: Admission<'a>,
    arrival: Arrival<'a>,
    sent_at: Option<Millis>,
    sender: Sender,
    /// The last context a row had of its own, and what it came to: rows of one sender repeat it.
    latest: Option<(&'a str, Sender)>,
    words: Words,
}

/// Whose rows these are, and how far that clock is behind ours, ms.
#[derive(Debug, Clone)]
struct Sender {
    keys: Arc<Keys>,
    correction_ms: i64,
}

impl<'a> Desk<'a> {
    fn new(admission: Admission<'a>, arrival: Arrival<'a>, sent_at: Option<Millis>, keys: Arc<Keys>) -> Self {
        let sender = Sender { keys, correction_ms: 0 };
        let mut desk = Desk { admission, arrival, sent_at, sender, latest: None, words: Words::default() };
        desk.sender.correction_ms = desk.correction_ms(&desk.sender.keys);
        desk
    }

    fn row(&mut self, line: &wire::Line<'a>, records: &mut Records) -> Result<(), Refusal> {
        let told = match line.assumed_type {
            None => Told::read(line.json)?,
            Some(assumed) => Told::assumed(assumed, line.json)?,
        };
        let row = match told {
            Told::Row(row) => row,
            Told::Unknown(row_type) => return Err(rows::unknown(&row_type)),
            Told::Untyped => return Err(Refusal::missing("type")),
        };
        let Sender { keys, correction_ms } = match row.context() {
            Some(context) if line.assumed_type.is_none() => self.own_sender(context.get())?,
            _ => self.sender.clone(),
        };
        let client_at = match row.at() {
            None if line.assumed_type.is_some() => self.arrival.received_at,
            None => return Err(Refusal::missing("at")),
            Some(at) => storable(at).ok_or_else(|| Refusal::new(Fault::Time, format_args!("at {at} is not an epoch in milliseconds")))?,
        };
        if keys.project.is_empty() {
            return Err(Refusal::missing("project, in the context,"));
        }
        // A row without a time was given ours.
        let observed_at = if row.at().is_some() { Millis(client_at.0 + correction_ms) } else { client_at };
        let stamp = Stamp { observed_at, client_at, sent_at: self.sent_at, received_at: self.arrival.received_at };
        let told_later = matches!(row, Row::Ticket(_) | Row::Release(_) | Row::Integration(_));
        if let Err(refusal) = self.check_age(stamp.observed_at, told_later) {
            records.DeadLetters.push(self.set_aside(keys, client_at, row.type_name(), line.json, &refusal));
            return Err(refusal);
        }
        let place = Place { keys, stamp };
        if let Row::Stats(row) = row {
            return self.stats(row, &place, records);
        }
        let record: Record = rows::record(row, place, &mut self.words)?;
        records.push(record);
        Ok(())
    }

    /// Batches that are missing before this one, by its number and the session of its first context.
    fn count_gap(&self, records: &mut Records) {
        let Some(batch_seq) = self.arrival.batch.batch_seq else { return };
        let (keys, now) = (&self.sender.keys, self.arrival.received_at);
        let first = self.arrival.batch.sections.iter().find(|section| section.context.project.is_some());
        let is_first = first.is_some_and(|first| first.context.session_id.as_deref().unwrap_or_default() == &*keys.session_id);
        if !is_first || keys.project.is_empty() || keys.session_id.is_empty() || !records.SequenceGaps.is_empty() {
            return;
        }
        let batches = self.admission.sequences.missing(&keys.project, &keys.session_id, batch_seq, now);
        if batches != 0 {
            let stamp = Stamp { observed_at: now, client_at: now, sent_at: self.sent_at, received_at: now };
            records.SequenceGaps.push(SequenceGap { keys: keys.clone(), stamp, batches });
        }
    }

    /// A row whose time lies outside what is taken live, for the table where such rows are looked for.
    fn set_aside(&self, keys: Arc<Keys>, client_at: Millis, row_type: &str, json: &str, refusal: &Refusal) -> DeadLetter {
        let now = self.arrival.received_at;
        let stamp = Stamp { observed_at: now, client_at, sent_at: self.sent_at, received_at: now };
        let end = json.floor_char_boundary(MAX_SET_ASIDE_BYTES);
        DeadLetter { keys, stamp, meant_for: shortened(row_type).into(), reason: refusal.reason.clone(), row: json[..end].to_owned() }
    }

    fn stats(&self, row: wire::StatsRow<'_>, place: &Place, records: &mut Records) -> Result<(), Refusal> {
        rows::require_session(&place.keys)?;
        let connection = row.connection.as_deref().filter(|connection| !connection.is_empty()).unwrap_or("0");
        if connection.len() > MAX_CONNECTION_BYTES {
            return Err(context::too_long("connection", connection.len(), MAX_CONNECTION_BYTES));
        }
        report::check(&row.report)?;
        let muted: HashSet<&str> = row.muted.iter().flatten().map(|id| &**id).collect();
        let origin = Origin { keys: &place.keys, stamp: place.stamp, connection };
        records.Samples.extend(self.admission.reducer.reduce(origin, &row.report, &muted));
        Ok(())
    }

    /// The sender of a row with a context of its own. Its project, if it is another, must open to the same key.
    fn own_sender(&mut self, context: &'a str) -> Result<Sender, Refusal> {
        if let Some((text, sender)) = &self.latest
            && *text == context
        {
            return Ok(sender.clone());
        }
        let stated: wire::Context<'_> = serde_json::from_str(context)?;
        let mut keys = context::over(&self.sender.keys, &stated, self.arrival.received_at)?;
        if keys.project != self.sender.keys.project {
            let refused = |error: AccessError| Refusal::new(Fault::Access, error);
            self.admission.projects.check(&keys.project, &self.arrival.caller()).map_err(refused)?;
        }
        self.admission.dimensions.bound(Arc::make_mut(&mut keys), self.arrival.received_at);
        let sender = Sender { correction_ms: self.correction_ms(&keys), keys };
        self.latest = Some((context, sender.clone()));
        Ok(sender)
    }

    fn correction_ms(&self, keys: &Keys) -> i64 {
        let sighting = |sent_at| self.admission.clocks.correction(&keys.project, &keys.session_id, sent_at, self.arrival.received_at);
        self.sent_at.map_or(0, sighting)
    }

    fn check_age(&self, observed_at: Millis, told_later: bool) -> Result<(), Refusal> {
        let ahead_ms = observed_at.0 - self.arrival.received_at.0;
        let max_age_ms = if told_later { MAX_TOLD_AGE_MS } else { MAX_AGE_MS };
        if ahead_ms > MAX_AHEAD_MS {
            let minutes = ahead_ms / 60_000;
            return Err(Refusal::new(
                Fault::Time,
                format_args!(
                    "at lies {minutes} minutes ahead of the server's clock, the limit is 10: send epoch milliseconds, and sent_at with the batch if the clock may be off; the row is among the dead letters"
                ),
            ));
        }
        if -ahead_ms > max_age_ms {
            let (days, limit) = (-ahead_ms / 86_400_000, max_age_ms / 86_400_000);
            return Err(Refusal::new(
                Fault::Time,
                format_args!(
                    "at lies {days} days in the past, the limit is {limit}: send epoch milliseconds, and import what is older; the row is among the dead letters"
                ),
            ));
        }
        Ok(())
    }
}

/// A moment a column can hold.
fn storable(epoch_ms: f64) -> Option<Millis> {
    (0.0..LAST_STORABLE_MS).contains(&epoch_ms).then_some(Millis(epoch_ms as i64))
}

/// The first reason of a batch of which nothing was kept.
pub fn summary(rejections: &[Rejection]) -> String {
    match rejections {
        [] => "the batch has no rows".to_owned(),
        [first, ..] => format!("no row could be kept; row {}: {}", first.row, shortened_reason(&first.refusal.reason)),
    }
}

fn shortened_reason(reason: &str) -> String {
    const SHOWN: usize = 400;
    if reason.len() <= SHOWN { reason.to_owned() } else { format!("{}...", shortened(reason)) }
}

#[cfg(test)]
mod tests;
