//! The way in: from what senders write to rows in ClickHouse.
//!
//! In go JSON batches over HTTP as `WIRE.md` describes them ([`http`]), or recorded calls from a file ([`capture`]). A batch is read
//! ([`wire`]), its rows are checked and their times corrected ([`admission`]), `getStats()` reports are differenced ([`reducer`]), what is kept goes to this
//! disk before it is acknowledged ([`spool`]), and from there to ClickHouse exactly once ([`delivery`]). Out come [`qoe_store::Records`], and for every row that was not kept
//! the reason to mend.
//!
//! ```
//! use qoe_ingest::{Admission, Arrival, Clocks, Dimensions, Peer, Projects, Reducer, Sequences, wire};
//! use qoe_store::Millis;
//!
//! let body = br#"{
//!     "context": {"project": "demo", "session_id": "s-1", "service": "voice_call"},
//!     "rows": [
//!         {"type": "event", "at": 1795404861069, "name": "joined", "connect_ms": 412},
//!         {"type": "event", "at": 1795404861070, "name": "exploded"}
//!     ]
//! }"#;
//! let batch = wire::Batch::from_json(body)?;
//! let admission = Admission {
//!     projects: &Projects::open("demo"), reducer: &Reducer::default(), clocks: &Clocks::default(), dimensions: &Dimensions::default(),
//!     sequences: &Sequences::default(),
//! };
//! let received_at = Millis(1795404861109);
//! let admitted = admission.admit(Arrival { batch: &batch, key: None, peer: Peer::default(), sent_at: None, received_at })?;
//! assert_eq!(admitted.records.SessionEvents[0].connect_ms, Some(412.0));
//! assert_eq!(admitted.rejections[0].row, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

pub mod wire;

mod access;
mod clock;
mod context;
mod dimensions;
mod refusal;

pub mod admission;
pub mod reducer;

mod intake;
mod receipts;
mod recent;
mod sequence;
mod ticket;

pub mod delivery;
pub mod edge;
pub mod failpoint;
pub mod http;
pub mod moment;
pub mod spool;

pub mod capture;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use access::{AccessError, Caller, Peer, Projects};
pub use admission::{Admission, Admitted, Arrival, BatchRefusal};
pub use capture::{Imported, read_capture};
pub use clock::Clocks;
pub use delivery::{Delivery, DeliveryConfig};
pub use dimensions::Dimensions;
pub use edge::connections::{ConnectionLimits, Connections};
pub use edge::streams::Streams;
pub use http::router;
pub use intake::{Intake, IntakeConfig, IntakeError, StreamConfig};
pub use receipts::{Receipt, Sighting};
pub use reducer::Reducer;
pub use refusal::{Fault, Refusal, Rejection};
pub use sequence::Sequences;
pub use spool::{Spool, SpoolConfig};
pub use ticket::{Outcome, Ticket};

/// Takes the lock, also after a panic of another holder: what is guarded here is consistent between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
