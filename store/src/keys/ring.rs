//! The keys as they were last read: what every request is held against, without asking ClickHouse.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use super::{AccessKey, Kind, Presented};

/// Keys, revoked ones too, found by what is presented.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    keys: HashMap<String, AccessKey>,
    keyed: HashSet<String>,
}

/// Why what was presented is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit<'a> {
    /// Nobody was given it here.
    Unknown,
    /// It was a key until it was revoked.
    Revoked(&'a AccessKey),
}

impl Keyring {
    /// These keys.
    pub fn new(keys: Vec<AccessKey>) -> Self {
        let keyed = keys.iter().filter(|key| key.kind == Kind::Write).flat_map(|key| key.projects.clone()).collect();
        Keyring { keys: keys.into_iter().map(|key| (key.id.clone(), key)).collect(), keyed }
    }

    /// The valid key that this text is.
    pub fn find(&self, presented: &str) -> Result<&AccessKey, Unfit<'_>> {
        let presented = Presented::read(presented).ok_or(Unfit::Unknown)?;
        let key =
            self.keys.get(presented.id).filter(|key| key.kind == presented.kind && presented.proves(&key.proof)).ok_or(Unfit::Unknown)?;
        if key.revoked_at.is_some() { Err(Unfit::Revoked(key)) } else { Ok(key) }
    }

    /// The key of this id, while it is valid.
    pub fn valid(&self, id: &str) -> Option<&AccessKey> {
        self.keys.get(id).filter(|key| key.revoked_at.is_none())
    }

    /// Whether a write key was ever made for this project. Such a project takes no data without a key again, also after its last was revoked.
    pub fn is_keyed(&self, project: &str) -> bool {
        self.keyed.contains(project)
    }

    /// The projects that a valid key of this kind opens, in alphabetical order.
    pub fn projects(&self, kind: Kind) -> BTreeSet<&str> {
        let valid = self.keys.values().filter(|key| key.kind == kind && key.revoked_at.is_none());
        valid.flat_map(|key| key.projects.iter().map(String::as_str)).collect()
    }
}

/// The keyring in use; clones share it, and see at once when it is replaced.
#[derive(Debug, Clone, Default)]
pub struct CurrentKeys(Arc<RwLock<Arc<Keyring>>>);

impl CurrentKeys {
    /// Begins with these.
    pub fn new(keys: Keyring) -> Self {
        CurrentKeys(Arc::new(RwLock::new(Arc::new(keys))))
    }

    /// The keys as they are now.
    pub fn get(&self) -> Arc<Keyring> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts others in their place.
    pub fn replace(&self, keys: Keyring) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Millis;
    use crate::keys::{NewKey, Rates, issue};

    fn issued(kind: Kind, project: &str) -> (AccessKey, String) {
        let wanted = NewKey { kind, projects: vec![project.to_owned()], origins: Vec::new(), rates: Rates::DEFAULT, note: String::new() };
        let issued = issue(wanted, Millis(0)).unwrap();
        (issued.key, issued.text)
    }

    #[test]
    fn a_key_is_found_by_its_whole_text_until_it_is_revoked() {
        let (key, text) = issued(Kind::Read, "p");
        let current = CurrentKeys::new(Keyring::new(vec![key.clone()]));
        let other = current.clone();
        assert_eq!(current.get().find(&text), Ok(&key));
        let mut forged = text.clone();
        let last = if forged.pop() == Some('a') { 'b' } else { 'a' };
        forged.push(last);
        assert_eq!(current.get().find(&forged), Err(Unfit::Unknown), "the right id is not enough");
        let revoked = AccessKey { revoked_at: Some(Millis(1)), ..key.clone() };
        other.replace(Keyring::new(vec![revoked.clone()]));
        assert_eq!(current.get().find(&text), Err(Unfit::Revoked(&revoked)));
        assert_eq!(current.get().find(&forged), Err(Unfit::Unknown), "who does not hold it is not told that it was revoked");
        assert_eq!(current.get().valid(&key.id), None);
    }

    #[test]
    fn a_project_stays_keyed_after_its_last_key_was_revoked() {
        let (write, _) = issued(Kind::Write, "p");
        let (read, _) = issued(Kind::Read, "q");
        let ring = Keyring::new(vec![AccessKey { revoked_at: Some(Millis(1)), ..write }, read]);
        assert!(ring.is_keyed("p") && !ring.is_keyed("q"), "a read key takes no data");
        assert!(ring.projects(Kind::Write).is_empty());
        assert_eq!(ring.projects(Kind::Read), BTreeSet::from(["q"]));
    }
}
