//! Access keys: who may send, who may read, and what was done about it.
//!
//! A **write key** takes data into one project and opens nothing. It stands in web pages, so it is public: what it may do is narrowed by origins
//! and rates, not by hiding it. A **read key** opens pages and API of its projects and takes no data. It is a secret, shown once, of which only a
//! salted hash is kept.
//!
//! The tables are ClickHouse's ([`table`]); a server works on a [`Keyring`], what they held a moment ago, and goes on with it while ClickHouse is
//! away. What it saw of the keys' use it writes down in a [`Ledger`].

mod ledger;
mod origin;
mod ring;
mod secret;
pub mod table;

pub use ledger::{Ledger, Reason, Refused, Taken, network};
pub use origin::{Origin, OriginError};
pub use ring::{CurrentKeys, Keyring, Unfit};
pub use secret::{MintError, Presented, random_token, same};
pub use table::{Issued, KeyError, NewKey, issue};

use crate::rows::Millis;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Takes data into one project.
    Write,
    /// Opens pages and API of its projects.
    Read,
}

impl Kind {
    /// Its name in columns and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Write => "write",
            Kind::Read => "read",
        }
    }

    /// What its keys begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Kind::Write => "wk_",
            Kind::Read => "rk_",
        }
    }
}

/// How much is taken under a write key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Rows, by all its senders together, sustained, per second.
    pub rows_per_second: u32,
    /// Batches from one client address, sustained, per second.
    pub batches_per_second: u32,
}

impl Rates {
    /// What a key gets unless its maker says otherwise, our choice: rows of some ten thousand sessions that report four times a minute with
    /// several rows each; batches of an office of hundreds behind one address.
    pub const DEFAULT: Rates = Rates { rows_per_second: 20_000, batches_per_second: 100 };
    /// A reader sends nothing.
    pub const NONE: Rates = Rates { rows_per_second: 0, batches_per_second: 0 };
}

/// What proves that a key is this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The key itself: a write key is public.
    Public(String),
    /// Salt, and SHA-256 of salt and key in hexadecimal.
    Hashed {
        /// Random, of this key alone.
        salt: String,
        /// The digest.
        hash: String,
    },
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Its name, shown and logged.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// What it opens: one project for a write key.
    pub projects: Vec<String>,
    /// What proves it.
    pub proof: Proof,
    /// Whose pages may send with it; empty: anyone's.
    pub origins: Vec<Origin>,
    /// How much is taken under it.
    pub rates: Rates,
    /// In the words of whoever made it.
    pub note: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Millis>,
    /// When it was last used, as far as it was written down.
    pub last_used_at: Option<Millis>,
}

impl AccessKey {
    /// Whether a page of this origin may send with it. A sender that names no origin is no browser, and is not asked.
    pub fn allows(&self, origin: Option<&str>) -> bool {
        origin.is_none_or(|origin| self.origins.is_empty() || self.origins.iter().any(|allowed| allowed.allows(origin)))
    }

    /// Whether it opens this project.
    pub fn opens(&self, project: &str) -> bool {
        self.projects.iter().any(|opened| opened == project)
    }
}
