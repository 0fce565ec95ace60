//! One end of a recorded call: from states of its connection to what happened in its session.

use std::sync::Arc;

use qoe_store::{Keys, SessionEvent, Stamp};

use super::wire::Happened;

/// One end of a call.
#[derive(Debug)]
pub(super) struct Side {
    keys: Arc<Keys>,
    /// When it began to connect.
    attempted_ms: Option<f64>,
    joined: bool,
    failed: bool,
    saw_frame: bool,
    /// When its connection was lost, if it is.
    lost_ms: Option<f64>,
}

/// What happened, before it is placed.
#[derive(Debug, Default)]
struct Found {
    name: &'static str,
    connect_ms: Option<f64>,
    duration_ms: Option<f64>,
    reason: &'static str,
}

impl Side {
    pub fn new(keys: Arc<Keys>) -> Self {
        Side { keys, attempted_ms: None, joined: false, failed: false, saw_frame: false, lost_ms: None }
    }

    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// What an event comes to. A side that does not say when it joined (the one that is called) began with its first event.
    pub fn event(&mut self, happened: Happened<'_>, stamp: Stamp) -> Vec<SessionEvent> {
        let mut found = Vec::new();
        if self.attempted_ms.is_none() {
            self.attempted_ms = Some(happened.t_ms);
            found.push(Found { name: "attempt", ..Found::default() });
        }
        let connect_ms = self.attempted_ms.map(|attempted| (happened.t_ms - attempted).max(0.0));
        match &*happened.name {
            "connectionstatechange" => found.extend(self.connection_state(&happened, connect_ms)),
            "firstframe" if !self.saw_frame => {
                self.saw_frame = true;
                found.push(Found { name: "first_frame", connect_ms, ..Found::default() });
            }
            "hangup" => found.push(Found { name: "leave", ..Found::default() }),
            // Media devices, tracks, signalling: steps on the way, measured by none of ours.
            _ => {}
        }
        found.into_iter().map(|found| self.placed(found, stamp)).collect()
    }

    fn connection_state(&mut self, happened: &Happened<'_>, connect_ms: Option<f64>) -> Option<Found> {
        match happened.connection.as_deref()? {
            "connected" => {
                let lost_ms = self.lost_ms.take();
                self.failed = false;
                if !std::mem::replace(&mut self.joined, true) {
                    return Some(Found { name: "joined", connect_ms, ..Found::default() });
                }
                let duration_ms = lost_ms.map(|lost| happened.t_ms - lost);
                duration_ms.map(|_| Found { name: "reconnect", duration_ms, ..Found::default() })
            }
            "disconnected" => {
                self.lost_ms.get_or_insert(happened.t_ms);
                None
            }
            "failed" if !std::mem::replace(&mut self.failed, true) => {
                self.lost_ms.get_or_insert(happened.t_ms);
                let reason = if happened.ice.as_deref() == Some("failed") { "ice" } else { "dtls" };
                Some(Found { name: if self.joined { "drop" } else { "join_failed" }, reason, ..Found::default() })
            }
            _ => None,
        }
    }

    fn placed(&self, found: Found, stamp: Stamp) -> SessionEvent {
        SessionEvent {
            keys: self.keys.clone(),
            stamp,
            name: found.name.into(),
            connect_ms: found.connect_ms,
            duration_ms: found.duration_ms,
            reason: found.reason.into(),
        }
    }
}
