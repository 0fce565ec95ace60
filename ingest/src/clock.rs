//! Whose clock: how far a sender's differs from ours.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Mutex;

use qoe_store::{Label, Millis};

use crate::lock;
use crate::recent::Recent;

/// A difference up to this is taken for the way from there to here, and not corrected. Our choice: longer than a slow upload, and short
/// beside the minute by which quality is judged.
pub const TOLERATED_MS: i64 = 2_000;

/// Sessions remembered in each shard, 800,000 in all; our choice.
const SESSIONS: usize = 50_000;
const SHARDS: usize = 16;
const HOUR_MS: i64 = 3_600_000;

/// How far each session's clock was seen to be behind ours.
///
/// One batch alone cannot tell a slow clock from a batch that waited: both arrive late by what `sent_at` says. So the least difference seen
/// from a session in the last hour or two is taken: a batch that was held up by a lost network is placed where it belongs as soon as
/// one batch of the session came straight through.
#[derive(Debug)]
pub struct Clocks {
    shards: Vec<Mutex<Recent<(Label, Label), i64>>>,
    hasher: RandomState,
}

impl Default for Clocks {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(Recent::new(HOUR_MS))).collect();
        Clocks { shards, hasher: RandomState::new() }
    }
}

impl Clocks {
    /// What to add to this session's times, in ms: how far its clock is behind ours, or 0 within what is tolerated. Remembers the sighting.
    pub fn correction(&self, project: &Label, session_id: &Label, sent_at: Millis, received_at: Millis) -> i64 {
        let seen = received_at.0.saturating_sub(sent_at.0);
        // Without a session nobody knows whose clocks would be mixed up.
        let least = if session_id.is_empty() { seen } else { self.least((project.clone(), session_id.clone()), seen, received_at) };
        if least.abs() > TOLERATED_MS { least } else { 0 }
    }

    /// The least that was seen of this session.
    fn least(&self, session: (Label, Label), seen: i64, received_at: Millis) -> i64 {
        let shard = &self.shards[self.hasher.hash_one(&session) as usize % SHARDS];
        let mut sessions = lock(shard);
        sessions.tidy(received_at);
        match sessions.touch(&session) {
            Some(least) => {
                *least = seen.min(*least);
                *least
            }
            None => {
                sessions.insert_within(SESSIONS, session, seen);
                seen
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: i64 = 1_795_404_861_069;

    #[track_caller]
    fn check(sent_and_received: &[(i64, i64)], corrections: &[i64]) {
        let clocks = Clocks::default();
        let answers: Vec<i64> = sent_and_received
            .iter()
            .map(|(sent, received)| clocks.correction(&"p".into(), &"s".into(), Millis(T + sent), Millis(T + received)))
            .collect();
        assert_eq!(answers, corrections);
    }

    #[test]
    fn a_clock_that_agrees_is_left_alone() {
        check(&[(0, 40), (5_000, 6_900), (10_500, 10_000)], &[0, 0, 0]);
    }

    #[test]
    fn a_clock_that_is_off_is_corrected() {
        check(&[(3_600_000, 40), (3_605_000, 5_040)], &[-3_599_960, -3_599_960]);
        check(&[(-90_000, 40)], &[90_040]);
    }

    #[test]
    fn a_batch_that_waited_is_not_taken_for_a_slow_clock() {
        check(&[(0, 40), (5_000, 65_000), (65_100, 65_150)], &[0, 0, 0]);
    }
}
