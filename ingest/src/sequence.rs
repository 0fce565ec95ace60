//! Gaps in the numbers of a session's batches: an estimate of what was lost on the way here.
//!
//! A client numbers its batches (`batch_seq`), from 0 for each page. A number that is skipped may still come, since a batch that failed is sent again:
//! then what was counted as missing is taken back. So each gap and each late arrival gives a row, and their sum is what is missing.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Mutex;

use qoe_store::{Label, Millis};

use crate::lock;
use crate::recent::Recent;

/// Sessions remembered in each shard, 800,000 in all; our choice.
const SESSIONS: usize = 50_000;
const SHARDS: usize = 16;
const HOUR_MS: i64 = 3_600_000;
/// How far back a missing number is known again: a client has a few batches under way, not sixty.
const REACH: u64 = 64;
/// A longer gap is another numbering, not a loss: an hour of batches, one every 2 s.
const LONGEST_GAP: u64 = 1_800;

/// What is known of one session's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    next: u64,
    /// Bit `n`: the number `next - 1 - n` is missing.
    missing: u64,
}

/// The numbers seen of each session lately.
#[derive(Debug)]
pub struct Sequences {
    shards: Vec<Mutex<Recent<(Label, Label), Seen>>>,
    hasher: RandomState,
}

impl Default for Sequences {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(Recent::new(HOUR_MS))).collect();
        Sequences { shards, hasher: RandomState::new() }
    }
}

impl Sequences {
    /// How many batches are missing that were not before this one: 0 mostly, -1 for one that was counted as missing. The first batch of a session
    /// that is seen, also after a restart of ours, counts nothing.
    pub fn missing(&self, project: &Label, session_id: &Label, batch_seq: u64, now: Millis) -> i32 {
        let session = (project.clone(), session_id.clone());
        let mut sessions = lock(&self.shards[self.hasher.hash_one(&session) as usize % SHARDS]);
        sessions.tidy(now);
        match sessions.touch(&session) {
            Some(seen) => seen.take(batch_seq),
            None => {
                sessions.insert_within(SESSIONS, session, Seen { next: batch_seq.saturating_add(1), missing: 0 });
                0
            }
        }
    }
}

impl Seen {
    fn take(&mut self, batch_seq: u64) -> i32 {
        let Some(gap) = batch_seq.checked_sub(self.next) else { return self.take_late(batch_seq) };
        self.next = batch_seq.saturating_add(1);
        if gap > LONGEST_GAP {
            self.missing = 0;
            return 0;
        }
        // The batch itself is there, those before it are not.
        let skipped = if gap >= REACH - 1 { u64::MAX } else { (1 << gap) - 1 };
        self.missing = if gap + 1 >= REACH { 0 } else { self.missing << (gap + 1) } | skipped << 1;
        i32::try_from(gap).unwrap_or(i32::MAX)
    }

    fn take_late(&mut self, batch_seq: u64) -> i32 {
        let back = self.next - 1 - batch_seq;
        if back < REACH && self.missing >> back & 1 == 1 {
            self.missing &= !(1 << back);
            return -1;
        }
        if batch_seq == 0 {
            // The page was loaded again.
            *self = Seen { next: 1, missing: 0 };
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(numbers: &[u64], missing: &[i32]) {
        let sequences = Sequences::default();
        let seen: Vec<i32> = numbers.iter().map(|number| sequences.missing(&"p".into(), &"s".into(), *number, Millis(0))).collect();
        assert_eq!(seen, missing, "{numbers:?}");
    }

    #[test]
    fn gaps_count_once_and_are_taken_back_when_they_fill() {
        check(&[0, 1, 2], &[0, 0, 0]);
        check(&[0, 3, 1, 2, 4], &[0, 2, -1, -1, 0]);
        check(&[0, 3, 1, 1], &[0, 2, -1, 0]);
        check(&[5, 3, 7, 6], &[0, 0, 1, -1]);
    }

    #[test]
    fn another_numbering_is_no_loss() {
        check(&[7, 0, 1, 3], &[0, 0, 0, 1]);
        check(&[0, 1_000_000, 1_000_001, u64::MAX, u64::MAX], &[0, 0, 0, 0, 0]);
    }

    #[test]
    fn long_gaps_count_whole_and_fill_as_far_as_is_known() {
        check(&[0, 65, 64, 2, 1], &[0, 64, -1, -1, 0]);
        check(&[0, 64, 1], &[0, 63, -1]);
        check(&[0, 63, 1, 0], &[0, 62, -1, 0]);
    }

    #[test]
    fn what_is_missing_is_what_never_came_in_any_order() {
        // 0 to 30 without every fifth, shuffled within the reach.
        let mut numbers: Vec<u64> = (1..=30).filter(|n| n % 5 != 0).collect();
        numbers.chunks_mut(6).for_each(|chunk| chunk.reverse());
        numbers.insert(0, 0);
        let sequences = Sequences::default();
        let sum: i32 = numbers.iter().map(|number| sequences.missing(&"p".into(), &"s".into(), *number, Millis(0))).sum();
        assert_eq!(sum, 5, "30 is the last, nobody knows of it");
    }
}
