//! Browsers that have shown a read key: random tokens in memory, so that a restart ends them all and nothing on disk opens anything.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use qoe_store::Millis;
use qoe_store::keys::{MintError, random_token};

/// How long a session lasts, seconds: a working day and some.
pub const LIFETIME_S: i64 = 12 * 3600;
/// Most sessions at a time; beyond it the one that ends first gives way.
const MAX_SESSIONS: usize = 10_000;

/// The sessions there are.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<String, Session>>);

#[derive(Debug)]
struct Session {
    key_id: String,
    ends_at: Millis,
}

impl Sessions {
    /// Opens one for who showed this key, and returns its token.
    pub fn open(&self, key_id: &str, now: Millis) -> Result<String, MintError> {
        let token = random_token()?;
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MAX_SESSIONS {
            sessions.retain(|_, session| session.ends_at > now);
        }
        if sessions.len() >= MAX_SESSIONS
            && let Some(first) = sessions.iter().min_by_key(|(_, session)| session.ends_at).map(|(token, _)| token.clone())
        {
            sessions.remove(&first);
        }
        sessions.insert(token.clone(), Session { key_id: key_id.to_owned(), ends_at: Millis(now.0 + LIFETIME_S * 1000) });
        Ok(token)
    }

    /// The key shown for this token, while the session lasts. Finding a token by a hash under a random secret tells no clock how much of it was
    /// right.
    pub fn key_id(&self, token: &str, now: Millis) -> Option<String> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(token).filter(|session| session.ends_at > now).map(|session| session.key_id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_itself() {
        let sessions = Sessions::default();
        let token = sessions.open("k", Millis(0)).unwrap();
        assert_eq!(sessions.key_id(&token, Millis(LIFETIME_S * 1000 - 1)).as_deref(), Some("k"));
        assert_eq!(sessions.key_id(&token, Millis(LIFETIME_S * 1000)), None);
        assert_eq!(sessions.key_id("", Millis(0)), None);
    }

    #[test]
    fn the_oldest_gives_way_when_there_are_too_many() {
        let sessions = Sessions::default();
        let first = sessions.open("k", Millis(0)).unwrap();
        for at in 1..=MAX_SESSIONS as i64 {
            sessions.open("k", Millis(at)).unwrap();
        }
        assert_eq!(sessions.key_id(&first, Millis(1)), None);
        assert_eq!(sessions.0.lock().unwrap().len(), MAX_SESSIONS);
    }
}
