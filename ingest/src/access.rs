//! Whose data may come in: by project, key, origin, and how much of it at a time.
//!
//! A project with a write key takes data under one of its keys only. One that never had any takes data from anyone who can reach the address,
//! which is for one's own machine. Keys come from two places: the command line (fixed, without origins or rates) and the store, from where they are
//! renewed while the server runs ([`Projects::renew`]).

mod bucket;
mod rates;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use qoe_store::Millis;
use qoe_store::keys::{AccessKey, CurrentKeys, Keyring, Kind, Ledger, Presented, Reason, Refused, Unfit, same};

use rates::{Pace, TooMany};

use crate::refusal::shortened;

/// Who sends, as far as the connection tells.
#[derive(Debug, Clone, Copy, Default)]
pub struct Peer<'a> {
    /// The page, as its browser says; senders that are no browsers have none.
    pub origin: Option<&'a str>,
    /// The other end of the connection.
    pub address: Option<IpAddr>,
}

/// Who sends, under which key, when.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The key given.
    pub key: Option<&'a str>,
    /// Whence.
    pub peer: Peer<'a>,
    /// When.
    pub at: Millis,
}

/// The projects that take data, and from whom. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Projects(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    fixed: BTreeMap<String, Option<String>>,
    keys: CurrentKeys,
    ledger: Arc<Ledger>,
    pace: Pace,
}

/// Why a project takes no data from this sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is no such project.
    #[error(
        "project {:?} is not known here: send to one that is, or make a key for it with `qoe keys create write --project NAME`",
        shortened(project)
    )]
    UnknownProject {
        /// As it was sent.
        project: String,
    },
    /// The key is missing, or another.
    #[error(
        "project {project:?} takes data under its write key only: send the key in the header X-Qoe-Key or as \"key\" beside the context; `qoe keys list` shows it"
    )]
    WrongKey {
        /// The project.
        project: String,
    },
    /// The key is for reading.
    #[error(
        "this is a read key (rk_), which takes no data: project {project:?} needs a write key (wk_), `qoe keys create write --project {project}` makes one"
    )]
    WrongKind {
        /// The project.
        project: String,
    },
    /// The key is another project's.
    #[error("key {key_id} is not for project {project:?}: send to its own project, or under a key of this one")]
    WrongProject {
        /// The project.
        project: String,
        /// The key's id.
        key_id: String,
    },
    /// The key was revoked.
    #[error("key {key_id} was revoked: send under another, `qoe keys create write --project {project}` makes one")]
    Revoked {
        /// The project.
        project: String,
        /// The key's id.
        key_id: String,
    },
    /// The page is not one of those that may send under this key.
    #[error(
        "pages of {:?} may not send under key {key_id}, which allows {allowed}: make a key that allows it too, `qoe keys create write --project {project} --origin {}`",
        shortened(origin),
        shortened(origin)
    )]
    WrongOrigin {
        /// The project.
        project: String,
        /// The key's id.
        key_id: String,
        /// The page's origin.
        origin: String,
        /// The origins that the key allows.
        allowed: String,
    },
    /// More rows came under the key than it takes.
    #[error("key {key_id} takes {per_second} rows/s of all its senders together, and more came: send the batch again in {after_s} s")]
    TooManyRows {
        /// The key's id.
        key_id: String,
        /// What it takes.
        per_second: u32,
        /// When to come again, seconds.
        after_s: NonZeroU32,
    },
    /// More batches came from the address than the key takes.
    #[error(
        "key {key_id} takes {per_second} batches/s from one address, and more came from yours: put more rows into a batch, and send this one again in {after_s} s"
    )]
    TooManyBatches {
        /// The key's id.
        key_id: String,
        /// What it takes.
        per_second: u32,
        /// When to come again, seconds.
        after_s: NonZeroU32,
    },
}

impl AccessError {
    /// When to come again, where that helps, seconds.
    pub fn retry_after_s(&self) -> Option<NonZeroU32> {
        match self {
            AccessError::TooManyRows { after_s, .. } | AccessError::TooManyBatches { after_s, .. } => Some(*after_s),
            _ => None,
        }
    }
}

impl Projects {
    /// These projects, each with its write key, if it has one, and none from a store.
    pub fn new(projects: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        Projects::with_keys(projects, CurrentKeys::default(), Arc::default())
    }

    /// One project, open to anyone: for trying things out.
    pub fn open(project: &str) -> Self {
        Projects::new([(project.to_owned(), None)])
    }

    /// These projects, and all that have keys in `keys`. Refusals and uses are noted in `ledger`.
    pub fn with_keys(projects: impl IntoIterator<Item = (String, Option<String>)>, keys: CurrentKeys, ledger: Arc<Ledger>) -> Self {
        Projects(Arc::new(Inner { fixed: projects.into_iter().collect(), keys, ledger, pace: Pace::default() }))
    }

    /// Puts the keys as they are now in place of those before, for everyone who shares them.
    pub fn renew(&self, keys: Keyring) {
        self.0.pace.retain(|id| keys.valid(id).is_some());
        self.0.keys.replace(keys);
    }

    /// Whether data of `project` may come from this sender.
    pub fn check(&self, project: &str, caller: &Caller<'_>) -> Result<(), AccessError> {
        let keys = self.0.keys.get();
        let judged = self.judge(&keys, project, caller);
        if let Err(error) = &judged {
            self.note(&keys, error, project, caller);
        }
        judged
    }

    /// Takes a batch of `rows` rows out of what its key may send now. What has no valid key has no rate: [`Projects::check`] refuses it, or the
    /// project is open.
    pub fn pace(&self, rows: usize, caller: &Caller<'_>) -> Result<(), AccessError> {
        let keys = self.0.keys.get();
        let Some(Ok(key)) = caller.key.map(|key| keys.find(key)) else { return Ok(()) };
        if key.kind != Kind::Write || !key.allows(caller.peer.origin) {
            return Ok(());
        }
        self.0.ledger.used(&key.id, caller.at);
        let taken = self.0.pace.take(key, caller.peer.address, rows, caller.at);
        taken.map_err(|too_many| {
            let error = too_fast(key, too_many);
            self.note(&keys, &error, key.projects.first().map_or("", String::as_str), caller);
            error
        })
    }

    /// How often each reason for a refusal was given.
    pub fn refusals(&self) -> [(Reason, u64); Reason::ALL.len()] {
        self.0.ledger.totals()
    }

    /// How many (key, address) pairs have a rate of their own, and how many batches had to share one for want of room.
    pub fn paced(&self) -> (usize, u64) {
        (self.0.pace.senders(), self.0.pace.shared())
    }

    fn judge(&self, keys: &Keyring, project: &str, caller: &Caller<'_>) -> Result<(), AccessError> {
        let fixed = self.0.fixed.get(project);
        let project = || project.to_owned();
        if let (Some(Some(needed)), Some(given)) = (fixed, caller.key)
            && same(given, needed)
        {
            return Ok(());
        }
        if caller.key.and_then(Presented::read).is_some_and(|presented| presented.kind == Kind::Read) {
            return Err(AccessError::WrongKind { project: project() });
        }
        let found = caller.key.map(|key| keys.find(key));
        match found {
            Some(Err(Unfit::Revoked(key))) => return Err(AccessError::Revoked { project: project(), key_id: key.id.clone() }),
            Some(Ok(key)) if key.opens(&project()) => return from_page(key, project(), caller.peer.origin),
            _ => {}
        }
        let keyed = keys.is_keyed(&project());
        match (fixed, found) {
            (None, _) if !keyed => Err(AccessError::UnknownProject { project: project() }),
            (_, Some(Ok(key))) => Err(AccessError::WrongProject { project: project(), key_id: key.id.clone() }),
            (Some(None), _) if !keyed => Ok(()),
            _ => Err(AccessError::WrongKey { project: project() }),
        }
    }

    /// Notes a refusal under names that are known here: a sender's inventions are not kept.
    fn note(&self, keys: &Keyring, error: &AccessError, project: &str, caller: &Caller<'_>) {
        let found = caller.key.and_then(|key| match keys.find(key) {
            Ok(key) | Err(Unfit::Revoked(key)) => Some(key),
            Err(Unfit::Unknown) => None,
        });
        let known = self.0.fixed.contains_key(project) || keys.is_keyed(project);
        let reason = match error {
            AccessError::UnknownProject { .. } | AccessError::WrongProject { .. } if found.is_some() => Reason::WrongProject,
            AccessError::UnknownProject { .. } | AccessError::WrongKey { .. } | AccessError::WrongProject { .. }
                if caller.key.is_some() =>
            {
                Reason::UnknownKey
            }
            AccessError::UnknownProject { .. } | AccessError::WrongKey { .. } | AccessError::WrongProject { .. } => Reason::MissingKey,
            AccessError::WrongKind { .. } => Reason::WrongKind,
            AccessError::Revoked { .. } => Reason::Revoked,
            AccessError::WrongOrigin { .. } => Reason::WrongOrigin,
            AccessError::TooManyRows { .. } => Reason::TooManyRows,
            AccessError::TooManyBatches { .. } => Reason::TooManyBatches,
        };
        let refused = Refused {
            reason,
            key_id: found.map_or("", |key| key.id.as_str()),
            project: if known { project } else { "" },
            address: caller.peer.address,
        };
        self.0.ledger.refused(refused, caller.at);
    }
}

fn from_page(key: &AccessKey, project: String, origin: Option<&str>) -> Result<(), AccessError> {
    if key.allows(origin) {
        return Ok(());
    }
    let allowed: Vec<&str> = key.origins.iter().map(|origin| origin.as_str()).collect();
    Err(AccessError::WrongOrigin {
        project,
        key_id: key.id.clone(),
        origin: origin.unwrap_or_default().to_owned(),
        allowed: allowed.join(", "),
    })
}

fn too_fast(key: &AccessKey, too_many: TooMany) -> AccessError {
    let key_id = key.id.clone();
    match too_many {
        TooMany::Rows(after_s) => AccessError::TooManyRows { key_id, per_second: key.rates.rows_per_second, after_s },
        TooMany::Batches(after_s) => AccessError::TooManyBatches { key_id, per_second: key.rates.batches_per_second, after_s },
    }
}

#[cfg(test)]
mod tests;
