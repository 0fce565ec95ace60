//! What is kept, and where.
//!
//! The nouns of quality telemetry with their units ([`rows`]), the ClickHouse tables they are kept in ([`schema`]), and the ClickHouse itself
//! ([`Endpoint`]), which is either a server somewhere or one that runs embedded as a child process ([`embedded`]).
//!
//! ```
//! use std::sync::Arc;
//! use qoe_store::{Delivery, Keys, Row, Sample, Stamp};
//!
//! let keys = Arc::new(Keys { project: "demo".into(), session_id: "s-1".into(), service: "voice_call".into(), ..Keys::default() });
//! let sample = Sample { keys, stamp: Stamp::at(1_795_404_861_069), stream_id: "0:inbound:1".into(), rtt_ms: Some(41.5), ..Sample::default() };
//! let batch = Sample::batch(&[sample], &Delivery { spool_id: "s".into(), batch_seq: 1 });
//! assert_eq!(batch.num_rows(), 1);
//! ```

mod cell;
pub mod embedded;
mod endpoint;
mod folder;
pub mod keys;
pub mod rows;
pub mod schema;

pub use endpoint::{Endpoint, EndpointError};
pub use folder::{Folder, FolderError, Running};
pub use rows::{
    Activity, DeadLetter, Delivery, Feedback, Integration, Invitation, Keys, Label, Message, Millis, Record, Records, Release, Row, Sample,
    SequenceGap, Service, SessionEvent, Stamp, Table, Ticket, Turn,
};
