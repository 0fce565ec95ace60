//! Which batches came before: a batch that is sent again is answered from memory, and stored once.
//!
//! The memory is the process's own and lasts a day or two; a batch that comes again after a restart is taken for a new one. Its reports give
//! nothing twice even then (the first of them is a baseline again); its other rows would stand twice.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Mutex;

use qoe_store::Millis;

use crate::delivery::{Outcome, Ticket};
use crate::lock;
use crate::recent::Recent;
use crate::refusal::Rejection;

const DAY_MS: i64 = 86_400_000;
const SHARDS: usize = 64;
/// Batches remembered in each shard, some 500,000 and 100 MB in all. With 1,000 sessions sending every 2 s the latest quarter of an hour is always
/// there, which outlasts the retries of a client.
const BATCHES: usize = 8_000;
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
    hashers: [RandomState; 2],
}

impl Default for Receipts {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(Recent::new(DAY_MS))).collect();
        Receipts { shards, hashers: [RandomState::new(), RandomState::new()] }
    }
}

impl Receipts {
    /// What a batch came to: from memory if it came before, else by taking it. Of two that arrive together one is taken, and the other
    /// waits for its receipt. A batch that `take` refuses, or whose rows were lost on the way, is forgotten.
    pub fn once<E>(
        &self,
        name: Option<BatchName<'_>>,
        now: Millis,
        take: impl FnOnce() -> Result<Receipt, E>,
    ) -> Result<(Receipt, Sighting), E> {
        let Some(name) = name else { return Ok((take()?, Sighting::First)) };
        let name = self.fingerprint(name);
        let shard = &self.shards[name as usize % SHARDS];
        let mut batches = lock(shard);
        batches.tidy(now);
        if let Some(receipt) = batches.touch(&name)
            && receipt.ticket.outcome_so_far() != Some(Outcome::Lost)
        {
            return Ok((receipt.clone(), Sighting::Again));
        }
        let receipt = take()?;
        let mut remembered = receipt.clone();
        remembered.rejections.truncate(REJECTIONS);
        batches.insert_within(BATCHES, name, remembered);
        Ok((receipt, Sighting::First))
    }

    /// 128 bits stand for the name: nobody who does not know the seeds can make two alike, and by chance none are.
    fn fingerprint(&self, name: BatchName<'_>) -> u128 {
        let [high, low] = self.hashers.each_ref().map(|hasher| u128::from(hasher.hash_one(name)));
        high << 64 | low
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
        let sighting = |name, outcome| receipts.once(Some(name), Millis(0), || receipt(outcome)).unwrap().1;
        assert_eq!(sighting(NAME, Outcome::Stored), Sighting::First);
        assert_eq!(sighting(NAME, Outcome::Stored), Sighting::Again);
        assert_eq!(sighting(BatchName { session_id: "other", ..NAME }, Outcome::Stored), Sighting::First);
        assert_eq!(receipts.once(None, Millis(0), || receipt(Outcome::Stored)).unwrap().1, Sighting::First);
    }

    #[test]
    fn a_batch_that_was_refused_or_lost_is_new_when_it_comes_again() {
        let receipts = Receipts::default();
        assert!(receipts.once(Some(NAME), Millis(0), || Err(())).is_err());
        for _ in 0..2 {
            assert_eq!(receipts.once(Some(NAME), Millis(0), || receipt(Outcome::Lost)).unwrap().1, Sighting::First);
        }
    }
}
