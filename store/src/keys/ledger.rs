//! What a server saw of the keys' use, until it is written down: refusals, at most one row a minute for each key, project and reason, and last
//! uses, at most one a minute for each key.
//!
//! Who floods a server with wrong keys must not fill its store: refusals are counted here, in bounded memory, and a row says how many it stands
//! for. The first of a kind is written at the next opportunity, the following ones once its minute is over.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::table::{self, Audited, KeyError};
use crate::endpoint::Endpoint;
use crate::rows::Millis;

/// How long a written row stands for its kind, ms.
const MINUTE_MS: i64 = 60_000;
/// Most kinds of refusals told apart; those beyond are counted by their reason alone.
const MAX_KINDS: usize = 4096;

/// Why a use was refused.
#[allow(missing_docs, reason = "the variants are the names in the column")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    UnknownKey,
    MissingKey,
    Revoked,
    WrongKind,
    WrongProject,
    WrongOrigin,
    TooManyRows,
    TooManyBatches,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 8] = [
        Reason::UnknownKey,
        Reason::MissingKey,
        Reason::Revoked,
        Reason::WrongKind,
        Reason::WrongProject,
        Reason::WrongOrigin,
        Reason::TooManyRows,
        Reason::TooManyBatches,
    ];

    /// Its name in columns and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::UnknownKey => "unknown_key",
            Reason::MissingKey => "missing_key",
            Reason::Revoked => "revoked",
            Reason::WrongKind => "wrong_kind",
            Reason::WrongProject => "wrong_project",
            Reason::WrongOrigin => "wrong_origin",
            Reason::TooManyRows => "too_many_rows",
            Reason::TooManyBatches => "too_many_batches",
        }
    }
}

/// A use that was refused. Ids and projects are those known here: never what a sender made up.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    /// Why.
    pub reason: Reason,
    /// The key, if it is one.
    pub key_id: &'a str,
    /// The project, if there is one of that name.
    pub project: &'a str,
    /// Whence.
    pub address: Option<IpAddr>,
}

/// The network an address belongs to: enough to find who it was, not enough to tell persons apart.
pub fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
        None => "unknown".to_owned(),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Subject {
    reason: Reason,
    key_id: String,
    project: String,
}

/// Refusals of one kind that are not written down yet.
#[derive(Debug, Clone)]
struct Tally {
    times: u64,
    first_at: Millis,
    actor: String,
    due_at: Millis,
}

#[derive(Debug, Clone, Copy)]
struct Use {
    last_at: Millis,
    written_at: Option<Millis>,
}

#[derive(Debug, Default)]
struct Pages {
    tallies: HashMap<Subject, Tally>,
    uses: HashMap<String, Use>,
    totals: [u64; Reason::ALL.len()],
}

/// What is yet to be written down.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Pages>);

/// Which entries are taken out: those whose time has come, or all there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Those whose minute is over.
    Due,
    /// All, when the server ends.
    All,
}

impl Ledger {
    /// Notes a refusal.
    pub fn refused(&self, refused: Refused<'_>, now: Millis) {
        let mut pages = self.pages();
        pages.totals[refused.reason as usize] += 1;
        let mut subject = Subject { reason: refused.reason, key_id: refused.key_id.to_owned(), project: refused.project.to_owned() };
        if pages.tallies.len() >= MAX_KINDS && !pages.tallies.contains_key(&subject) {
            subject = Subject { reason: refused.reason, key_id: String::new(), project: String::new() };
        }
        let fresh = || Tally { times: 0, first_at: now, actor: String::new(), due_at: now };
        let tally = pages.tallies.entry(subject).or_insert_with(fresh);
        if tally.times == 0 {
            (tally.first_at, tally.actor) = (now, network(refused.address));
        }
        tally.times += 1;
    }

    /// Notes that a key was used.
    pub fn used(&self, key_id: &str, now: Millis) {
        let mut pages = self.pages();
        match pages.uses.get_mut(key_id) {
            Some(known) => known.last_at = known.last_at.max(now),
            None => {
                pages.uses.insert(key_id.to_owned(), Use { last_at: now, written_at: None });
            }
        }
    }

    /// How often each reason was given since the start.
    pub fn totals(&self) -> [(Reason, u64); Reason::ALL.len()] {
        let totals = self.pages().totals;
        Reason::ALL.map(|reason| (reason, totals[reason as usize]))
    }

    /// Writes down what is due. What could not be written is kept for the next time.
    pub async fn write(&self, endpoint: &Endpoint, taken: Taken, now: Millis) -> Result<(), KeyError> {
        let refusals = self.due_refusals(taken, now);
        if let Err(error) = table::record(endpoint, &refusals).await {
            self.give_back(refusals);
            return Err(error);
        }
        let uses = self.due_uses(taken, now);
        if let Err(error) = table::record_uses(endpoint, &uses).await {
            let mut pages = self.pages();
            for (key_id, _) in &uses {
                if let Some(known) = pages.uses.get_mut(key_id) {
                    known.written_at = None;
                }
            }
            return Err(error);
        }
        Ok(())
    }

    fn due_refusals(&self, taken: Taken, now: Millis) -> Vec<Audited> {
        let mut rows = Vec::new();
        self.pages().tallies.retain(|subject, tally| {
            if tally.due_at > now && taken == Taken::Due {
                return true;
            }
            if tally.times == 0 {
                return false;
            }
            rows.push(Audited {
                at: tally.first_at,
                actor: std::mem::take(&mut tally.actor),
                action: "refuse",
                reason: Some(subject.reason),
                key_id: subject.key_id.clone(),
                project: subject.project.clone(),
                times: std::mem::take(&mut tally.times),
            });
            tally.due_at = Millis(now.0 + MINUTE_MS);
            true
        });
        rows
    }

    fn due_uses(&self, taken: Taken, now: Millis) -> Vec<(String, Millis)> {
        let mut rows = Vec::new();
        for (key_id, known) in &mut self.pages().uses {
            let unwritten = known.written_at.is_none_or(|written| known.last_at > written);
            let due = taken == Taken::All || known.written_at.is_none_or(|written| now.0 - written.0 >= MINUTE_MS);
            if unwritten && due {
                known.written_at = Some(now);
                rows.push((key_id.clone(), known.last_at));
            }
        }
        rows
    }

    fn give_back(&self, rows: Vec<Audited>) {
        let mut pages = self.pages();
        for row in rows {
            let Some(reason) = row.reason else { continue };
            let subject = Subject { reason, key_id: row.key_id, project: row.project };
            let tally =
                pages.tallies.entry(subject).or_insert_with(|| Tally { times: 0, first_at: row.at, actor: String::new(), due_at: row.at });
            tally.times += row.times;
            (tally.first_at, tally.actor, tally.due_at) = (row.at, row.actor, row.at);
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(ledger: &Ledger, key_id: &str, reason: Reason, at: i64) {
        let address = Some("203.0.113.77".parse().unwrap());
        ledger.refused(Refused { reason, key_id, project: "p", address }, Millis(at));
    }

    fn due(ledger: &Ledger, now: i64) -> Vec<(String, i64, u64)> {
        ledger.due_refusals(Taken::Due, Millis(now)).into_iter().map(|row| (row.key_id, row.at.0, row.times)).collect()
    }

    #[test]
    fn a_flood_of_refusals_is_a_row_a_minute_that_counts_them() {
        let ledger = Ledger::default();
        for at in 0..1000 {
            refuse(&ledger, "k", Reason::Revoked, at);
        }
        assert_eq!(due(&ledger, 1000), [("k".to_owned(), 0, 1000)]);
        refuse(&ledger, "k", Reason::Revoked, 1500);
        refuse(&ledger, "k", Reason::WrongOrigin, 1600);
        assert_eq!(due(&ledger, 2000), [("k".to_owned(), 1600, 1)], "another reason is another row, the first one's minute is not over");
        assert_eq!(due(&ledger, 61_000), [("k".to_owned(), 1500, 1)]);
        assert_eq!(due(&ledger, 10_000_000), []);
        assert!(ledger.pages().tallies.is_empty(), "what was written and did not come again is forgotten");
        assert_eq!(ledger.totals()[Reason::Revoked as usize], (Reason::Revoked, 1001));
    }

    #[test]
    fn at_the_end_nothing_is_left_out() {
        let ledger = Ledger::default();
        refuse(&ledger, "k", Reason::Revoked, 0);
        due(&ledger, 0);
        refuse(&ledger, "k", Reason::Revoked, 5);
        assert_eq!(ledger.due_refusals(Taken::All, Millis(6)).len(), 1);
    }

    #[test]
    fn what_could_not_be_written_is_counted_again() {
        let ledger = Ledger::default();
        refuse(&ledger, "k", Reason::Revoked, 0);
        let rows = ledger.due_refusals(Taken::Due, Millis(1));
        refuse(&ledger, "k", Reason::Revoked, 2);
        ledger.give_back(rows);
        assert_eq!(due(&ledger, 3), [("k".to_owned(), 0, 2)]);
    }

    #[test]
    fn beyond_its_bound_kinds_are_counted_by_reason_alone() {
        let ledger = Ledger::default();
        for key in 0..MAX_KINDS + 10 {
            refuse(&ledger, &key.to_string(), Reason::Revoked, 0);
        }
        let rows = ledger.due_refusals(Taken::All, Millis(0));
        assert_eq!(rows.len(), MAX_KINDS + 1);
        assert_eq!(rows.iter().map(|row| row.times).sum::<u64>(), MAX_KINDS as u64 + 10);
    }

    #[test]
    fn a_use_is_written_at_most_once_a_minute() {
        let ledger = Ledger::default();
        ledger.used("k", Millis(10));
        assert_eq!(ledger.due_uses(Taken::Due, Millis(20)), [("k".to_owned(), Millis(10))]);
        ledger.used("k", Millis(30));
        assert_eq!(ledger.due_uses(Taken::Due, Millis(40)), []);
        assert_eq!(ledger.due_uses(Taken::Due, Millis(60_020)), [("k".to_owned(), Millis(30))]);
        assert_eq!(ledger.due_uses(Taken::All, Millis(60_030)), [], "nothing new");
    }

    #[test]
    fn addresses_are_kept_as_networks() {
        for (address, kept) in
            [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1::/48"), ("::ffff:203.0.113.77", "203.0.113.0/24")]
        {
            assert_eq!(network(Some(address.parse().unwrap())), kept);
        }
        assert_eq!(network(None), "unknown");
    }

    #[test]
    fn every_reason_has_its_place() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
        }
    }
}
