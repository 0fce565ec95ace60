//! Which batches came before: a batch that is sent again is answered as it was, and stored once.
//!
//! The latest are in memory; those of the last day are in the spool's files ([`crate::spool::memory`]), so that a restart forgets none.

use std::sync::Mutex;

use qoe_store::Millis;
use sha2::{Digest, Sha256};

use crate::lock;
use crate::recent::Recent;
use crate::refusal::Rejection;
use crate::spool::frame::Entry;
use crate::spool::memory::RUN_ENTRIES;
use crate::ticket::{Outcome, Ticket};

const DAY_MS: i64 = 86_400_000;
const SHARDS: usize = 64;
/// Batches remembered in each shard, some 500,000 and 50 MB in all: of these the latest half is always there, more than the spool has in no file yet.
const BATCHES: usize = 8_000;
const _: () = assert!(BATCHES / 2 * SHARDS > RUN_ENTRIES * 5 / 4, "names spread over the shards by chance");
/// Refusals remembered of a batch: enough to see what is wrong, and a bound on what a batch of refusals costs.
const REJECTIONS: usize = 8;

/// A batch, by whose it is and what its sender calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchName<'a> {
    /// Project, as stated for the batch.
    pub project: &'a str,
    /// Session, as stated for the batch.
    pub session_id: &'a str,
    /// The sender's id of it.
    pub batch_id: &'a str,
}

impl BatchName<'_> {
    /// 128 bits that stand for the name, here and in the spool: part of its SHA-256, so that no two are alike, by chance or on purpose.
    pub fn fingerprint(&self) -> u128 {
        let mut hash = Sha256::new();
        for part in [self.project, self.session_id, self.batch_id] {
            // With its length, so that no part can pass for another's end.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        digest.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
    }
}

/// What a batch came to.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Rows kept.
    pub accepted: usize,
    /// Rows not kept; of a batch that came before, the first few.
    pub rejections: Vec<Rejection>,
    /// Word of the rows kept.
    pub ticket: Ticket,
}

/// Whether a batch came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// It is new.
    First,
    /// It was taken before.
    Again,
}

/// The batches that came lately.
#[derive(Debug)]
pub struct Receipts {
    shards: Vec<Mutex<Recent<u128, Receipt>>>,
}

impl Default for Receipts {
    fn default() -> Self {
        Receipts { shards: (0..SHARDS).map(|_| Mutex::new(Recent::new(DAY_MS))).collect() }
    }
}

impl Receipts {
    /// What a batch came to: as it is remembered, here or by `recall`, else by taking it. Of two that arrive together one is taken, and the other
    /// waits for its receipt. A batch that `take` refuses, or whose rows were lost on the way, is forgotten.
    pub fn once<E>(
        &self,
        name: Option<u128>,
        now: Millis,
        recall: impl FnOnce(u128) -> Result<Option<Entry>, E>,
        take: impl FnOnce() -> Result<Receipt, E>,
    ) -> Result<(Receipt, Sighting), E> {
        let Some(name) = name else { return Ok((take()?, Sighting::First)) };
        let mut batches = lock(&self.shards[name as usize % SHARDS]);
        batches.tidy(now);
        match batches.touch(&name) {
            Some(receipt) if receipt.ticket.outcome_so_far() != Some(Outcome::Lost) => return Ok((receipt.clone(), Sighting::Again)),
            Some(_) => {}
            None => {
                if let Some(entry) = recall(name)? {
                    return Ok((Receipt::recalled(entry), Sighting::Again));
                }
            }
        }
        let receipt = take()?;
        let mut remembered = receipt.clone();
        remembered.rejections.truncate(REJECTIONS);
        batches.insert_within(BATCHES, name, remembered);
        Ok((receipt, Sighting::First))
    }

    /// Puts batches in that a restart found in the spool.
    pub fn remember(&self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            lock(&self.shards[entry.name as usize % SHARDS]).insert_within(BATCHES, entry.name, Receipt::recalled(entry));
        }
    }
}

impl Receipt {
    fn recalled(entry: Entry) -> Receipt {
        Receipt { accepted: entry.accepted as usize, rejections: Vec::new(), ticket: Ticket::settled(Outcome::Kept) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: BatchName<'_> = BatchName { project: "p", session_id: "s", batch_id: "b-1" };

    fn receipt(outcome: Outcome) -> Result<Receipt, ()> {
        Ok(Receipt { accepted: 1, rejections: Vec::new(), ticket: Ticket::settled(outcome) })
    }

    #[test]
    fn a_batch_is_taken_once_and_answered_again() {
        let receipts = Receipts::default();
        let name = |name: BatchName<'_>| Some(name.fingerprint());
        let sighting = |name, outcome| receipts.once(name, Millis(0), |_| Ok(None), || receipt(outcome)).unwrap().1;
        assert_eq!(sighting(name(NAME), Outcome::Kept), Sighting::First);
        assert_eq!(sighting(name(NAME), Outcome::Kept), Sighting::Again);
        assert_eq!(sighting(name(BatchName { session_id: "other", ..NAME }), Outcome::Kept), Sighting::First);
        assert_eq!(sighting(name(BatchName { session_id: "sb", batch_id: "-1", ..NAME }), Outcome::Kept), Sighting::First);
        assert_eq!(sighting(None, Outcome::Kept), Sighting::First);
    }

    #[test]
    fn a_batch_of_before_a_restart_is_answered_again() {
        let receipts = Receipts::default();
        let entry = Entry { name: NAME.fingerprint(), accepted: 41 };
        receipts.remember([entry]);
        let other = Entry { name: 7, accepted: 3 };
        for entry in [entry, other] {
            let recall = |name| Ok((name == other.name).then_some(other));
            let (receipt, sighting) = receipts.once(Some(entry.name), Millis(0), recall, || Err(())).unwrap();
            assert_eq!((receipt.accepted, sighting), (entry.accepted as usize, Sighting::Again));
        }
    }

    #[test]
    fn a_batch_that_was_refused_or_lost_is_new_when_it_comes_again() {
        let receipts = Receipts::default();
        let name = Some(NAME.fingerprint());
        assert!(receipts.once(name, Millis(0), |_| Ok(None), || Err(())).is_err());
        for _ in 0..2 {
            assert_eq!(receipts.once(name, Millis(0), |_| Ok(None), || receipt(Outcome::Lost)).unwrap().1, Sighting::First);
        }
    }
}
