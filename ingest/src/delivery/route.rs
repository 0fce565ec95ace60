//! Which shipment is next and how its legs begin: the decisions of the courier, which takes no part in them itself, so that every order of failures
//! can be played through.

use std::collections::VecDeque;

use qoe_store::Millis;

use super::leg::{Leg, Tokens, Waits};
use super::shipment::{Cargo, Shipment};
use crate::spool::Found;
use crate::spool::core::Open;
use crate::spool::frame::Sealed;

/// Age from which ClickHouse may have forgotten a token, ms: its window of 10,000 inserts a table at one a second, with room to spare.
const TOKENS_LAST_MS: i64 = 2 * 3_600_000;
/// By how much two answers about one start of ClickHouse may differ, ms: its uptime comes in whole seconds.
const STARTS_DIFFER_MS: i64 = 2_000;

/// What of the spool is sealed, and what of that is settled.
#[derive(Debug)]
pub struct Route {
    /// Shipments that were sealed before a restart of ours, and not settled.
    open: VecDeque<Open>,
    /// The first frame that is in no shipment.
    from: u64,
    next_shipment: u64,
    /// Delivered lately, in case ClickHouse turns out to have lost it.
    settled: VecDeque<Sealed>,
    clickhouse_started: Option<Millis>,
}

impl Route {
    /// Where the process before stopped.
    pub fn new(found: &Found) -> Route {
        Route {
            open: found.open.iter().cloned().collect(),
            from: found.first_unsealed,
            next_shipment: found.next_shipment,
            settled: found.settled.iter().copied().collect(),
            clickhouse_started: None,
        }
    }

    /// A shipment to be resumed, before anything new is sealed; the oldest first. It stays until it is settled.
    pub fn open(&self) -> Option<&Open> {
        self.open.front()
    }

    /// The first frame that is in no shipment.
    pub fn from(&self) -> u64 {
        self.from
    }

    /// What is to be written down of a shipment before its first attempt; `None` if nothing is in it.
    pub fn seal(&mut self, shipment: &Shipment, at: Millis) -> Option<Sealed> {
        let sealed = shipment.sealed(self.next_shipment, at)?;
        self.next_shipment += 1;
        self.from = shipment.until();
        Some(sealed)
    }

    /// Every row of it is where it belongs; what was settled before `oldest` is looked for no more.
    pub fn settle(&mut self, sealed: Sealed, oldest: Millis) {
        self.open.pop_front_if(|open| open.sealed.shipment == sealed.shipment);
        self.settled.push_back(sealed);
        while self.settled.front().is_some_and(|first| first.at < oldest) {
            self.settled.pop_front();
        }
    }

    /// What was delivered lately.
    pub fn settled(&self) -> impl Iterator<Item = &Sealed> {
        self.settled.iter()
    }

    /// When ClickHouse said it had started; whether what was delivered lately is to be looked for.
    pub fn clickhouse_started(&mut self, at: Millis) -> bool {
        let before = self.clickhouse_started.replace(at);
        before.is_some_and(|before| at.0 - before.0 > STARTS_DIFFER_MS)
    }

    /// Whether ClickHouse was asked when it started.
    pub fn knows_clickhouse(&self) -> bool {
        self.clickhouse_started.is_some()
    }
}

/// Why a shipment is on its way.
#[derive(Debug, Clone, Copy)]
pub enum Journey<'a> {
    /// It was sealed just now.
    First,
    /// A process before this one sealed it.
    Resumed(&'a Open),
    /// It was delivered, and ClickHouse restarted since.
    Repair,
}

impl Journey<'_> {
    /// How each table's part of the shipment begins.
    pub fn legs(self, shipment: &Shipment, waits: Waits) -> Vec<(&str, &Cargo, Leg)> {
        let leg = |table: &str, cargo: &Cargo| match self {
            Journey::First => Leg::new(cargo.frames(), &[], waits),
            Journey::Resumed(open) => {
                let splits: Vec<_> = open.splits.iter().filter(|(split, _)| split == table).map(|(_, rows)| rows.0..rows.1).collect();
                Leg::resumed(cargo.frames(), &splits, waits)
            }
            Journey::Repair => Leg::repair(cargo.frames(), waits),
        };
        shipment.cargo.iter().map(|(table, cargo)| (&**table, cargo, leg(table, cargo))).collect()
    }
}

/// The token a parcel always goes under.
pub fn token(spool: &str, shipment: u64, table: &str, suffix: &str) -> String {
    format!("{spool}:{shipment}:{table}{suffix}")
}

/// Whether ClickHouse, whose machine started at `booted` if it says so, still knows the tokens of a shipment sealed at `sealed`.
pub fn trust(sealed: Millis, now: Millis, booted: Option<Millis>) -> Tokens {
    // A clock that was set back says nothing about either.
    let recent = (0..=TOKENS_LAST_MS).contains(&(now.0 - sealed.0));
    if recent && booted.is_none_or(|booted| booted < sealed) { Tokens::Remembered } else { Tokens::Doubtful }
}
