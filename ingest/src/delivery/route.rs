//! Which shipment is next and how its legs begin: the decisions of the courier, which takes no part in them itself, so that every order of failures
//! can be played through.

use std::collections::VecDeque;

use qoe_store::Millis;

use super::leg::{Leg, Tokens, Waits};
use super::shipment::{Cargo, Shipment};
use crate::moment::Moment;
use crate::spool::Found;
use crate::spool::core::Dispatch;
use crate::spool::frame::{Sealed, Split};

/// Age from which ClickHouse may have forgotten a token, ms: its window of 10,000 inserts a table at one a second, with room to spare.
const TOKENS_LAST_MS: i64 = 2 * 3_600_000;
/// By how much two answers about one start of ClickHouse may differ, ms: its uptime comes in whole seconds.
const STARTS_DIFFER_MS: u64 = 2_000;
/// By how much more than since the sealing ClickHouse's machine must have been up, ms: it reads its uptime once a second.
const UPTIME_LAGS_MS: i64 = 3_000;

/// What of the spool is sealed, and what of that is settled.
#[derive(Debug)]
pub struct Route {
    /// Shipments that were sealed before a restart of ours, and not settled.
    open: VecDeque<Dispatch>,
    /// The first frame that is in no shipment.
    from: u64,
    next_shipment: u64,
    /// Delivered lately, in case ClickHouse turns out to have lost it.
    settled: VecDeque<Dispatch>,
    clickhouse_started: Option<Millis>,
}

impl Route {
    /// Where the process before stopped.
    pub fn new(found: &Found) -> Route {
        Route {
            open: found.open.iter().cloned().collect(),
            from: found.first_unsealed,
            next_shipment: found.next_shipment,
            settled: found.settled.iter().cloned().collect(),
            clickhouse_started: None,
        }
    }

    /// A shipment to be resumed, before anything new is sealed; the oldest first. It stays until it is settled.
    pub fn open(&self) -> Option<&Dispatch> {
        self.open.front()
    }

    /// The first frame that is in no shipment.
    pub fn from(&self) -> u64 {
        self.from
    }

    /// What is to be written down of a shipment before its first attempt; `None` if nothing is in it.
    pub fn seal(&mut self, shipment: &Shipment, at: Moment) -> Option<Sealed> {
        let sealed = shipment.sealed(self.next_shipment, at)?;
        self.next_shipment += 1;
        self.from = shipment.until();
        Some(sealed)
    }

    /// Every row of it is where it belongs; what was settled before `oldest` is looked for no more.
    pub fn settle(&mut self, dispatch: Dispatch, oldest: Millis) {
        self.open.pop_front_if(|open| open.sealed.shipment == dispatch.sealed.shipment);
        self.settled.push_back(dispatch);
        while self.settled.front().is_some_and(|first| first.sealed.at.wall < oldest) {
            self.settled.pop_front();
        }
    }

    /// What was delivered lately, the oldest first, to be looked for and given back.
    pub fn take_settled(&mut self) -> VecDeque<Dispatch> {
        std::mem::take(&mut self.settled)
    }

    /// It was looked for, and all of it is where it belongs.
    pub fn repaired(&mut self, dispatch: Dispatch) {
        self.settled.push_back(dispatch);
    }

    /// When ClickHouse said it had started; whether what was delivered lately is to be looked for.
    pub fn clickhouse_started(&mut self, at: Millis) -> bool {
        let before = self.clickhouse_started.replace(at);
        // Also where its clock was set back since: one look too many harms nobody.
        before.is_some_and(|before| at.0.abs_diff(before.0) > STARTS_DIFFER_MS)
    }

    /// Whether ClickHouse was asked when it started.
    pub fn knows_clickhouse(&self) -> bool {
        self.clickhouse_started.is_some()
    }
}

/// Why a shipment is on its way.
#[derive(Debug, Clone, Copy)]
pub enum Journey {
    /// It was sealed just now.
    First,
    /// A process before this one sealed it.
    Resumed,
    /// It was delivered, and ClickHouse restarted since.
    Repair,
}

impl Journey {
    /// How each table's part of the shipment begins.
    pub fn legs<'a>(self, shipment: &'a Shipment, dispatch: &Dispatch, waits: Waits) -> Vec<(&'a str, &'a Cargo, Leg)> {
        let leg = |table: &str, cargo: &Cargo| {
            let (parts, splits) = (cargo.parts(), dispatch.splits_of(table));
            match self {
                Journey::First => Some(Leg::new(parts, &splits, waits)),
                Journey::Resumed => Some(Leg::resumed(parts, &splits, waits)),
                Journey::Repair => {
                    let dead = Split::dead(&splits);
                    // Which rows those are nobody knows any more when frames are gone: to look for the others would bury them again.
                    (dead.is_empty() || !shipment.is_torn).then(|| Leg::repair(parts, &dead, waits))
                }
            }
        };
        shipment.cargo.iter().filter_map(|(table, cargo)| Some((&**table, cargo, leg(table, cargo)?))).collect()
    }
}

/// The token a parcel always goes under.
pub fn token(spool: &str, shipment: u64, table: &str, suffix: &str) -> String {
    format!("{spool}:{shipment}:{table}{suffix}")
}

/// Whether ClickHouse, whose machine has been up for so many ms if it says so, still knows the tokens of a shipment sealed at `sealed`.
///
/// By the clocks that nobody sets: what was doubtful stays so. A clock on the wall that disagrees makes it doubtful too, since a machine that was frozen
/// knows no better.
pub fn trust(sealed: &Moment, now: &Moment, clickhouse_up_ms: Option<i64>) -> Tokens {
    let Some(elapsed) = now.since(sealed) else { return Tokens::Doubtful };
    let recent = |ms: i64| (0..=TOKENS_LAST_MS).contains(&ms);
    let was_up = clickhouse_up_ms.is_none_or(|up| up >= elapsed + UPTIME_LAGS_MS);
    if recent(elapsed) && recent(now.wall.0.saturating_sub(sealed.wall.0)) && was_up { Tokens::Remembered } else { Tokens::Doubtful }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const SEALED: Moment = Moment { wall: Millis(1_795_404_861_069), boot: 7, up_ms: 50 * HOUR_MS };

    /// So long after, with a clock on the wall that was set by so much since.
    #[track_caller]
    fn check(after_ms: i64, set_ms: i64, clickhouse_up_ms: Option<i64>, tokens: Tokens) {
        let now = Moment { wall: Millis(SEALED.wall.0 + after_ms + set_ms), up_ms: SEALED.up_ms + after_ms, ..SEALED };
        assert_eq!(trust(&SEALED, &now, clickhouse_up_ms), tokens);
    }

    #[test]
    fn tokens_are_trusted_for_two_hours_of_one_uptime_of_both_machines() {
        check(HOUR_MS, 0, Some(30 * HOUR_MS), Tokens::Remembered);
        check(HOUR_MS, 0, None, Tokens::Remembered);
        check(3 * HOUR_MS, 0, Some(30 * HOUR_MS), Tokens::Doubtful);
        check(HOUR_MS, 0, Some(HOUR_MS / 2), Tokens::Doubtful);
        assert_eq!(trust(&SEALED, &Moment { boot: 8, ..SEALED }, None), Tokens::Doubtful);
        assert_eq!(trust(&SEALED.wall.into(), &SEALED, None), Tokens::Doubtful, "sealed by a program that did not write it down");
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_recent() {
        for hours in [1, 2, 3, 24] {
            check(3 * HOUR_MS, -hours * HOUR_MS, Some(30 * HOUR_MS), Tokens::Doubtful);
            check(3 * HOUR_MS, -hours * HOUR_MS, Some(2 * HOUR_MS), Tokens::Doubtful);
        }
        check(0, 24 * HOUR_MS, Some(30 * HOUR_MS), Tokens::Doubtful);
    }
}
