//! The streams that are open, and the word that tells them to end.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::watch;

/// Open streams. Clones share them.
#[derive(Debug, Clone)]
pub struct Streams(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: NonZeroUsize,
    open: watch::Sender<usize>,
    closing: watch::Sender<bool>,
    refused: AtomicU64,
    messages: AtomicU64,
}

/// There are enough streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server holds its limit of {limit} open streams: post to /v1/telemetry, or come again later")]
pub struct TooManyStreams {
    limit: NonZeroUsize,
}

impl Streams {
    /// None yet, and never more than this.
    pub fn new(limit: NonZeroUsize) -> Self {
        let (open, closing) = (watch::Sender::new(0), watch::Sender::new(false));
        Streams(Arc::new(Inner { limit, open, closing, refused: AtomicU64::new(0), messages: AtomicU64::new(0) }))
    }

    /// A place for a stream, for as long as it is kept.
    pub(crate) fn admit(&self) -> Result<OpenStream, TooManyStreams> {
        let limit = self.0.limit;
        let admitted = self.0.open.send_if_modified(|open| {
            let room = *open < limit.get();
            *open += usize::from(room);
            room
        });
        if !admitted {
            self.0.refused.fetch_add(1, Relaxed);
            return Err(TooManyStreams { limit });
        }
        Ok(OpenStream(self.clone()))
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        *self.0.open.borrow()
    }

    /// How many were refused since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    /// How many messages came over all of them since the start.
    pub(crate) fn messages(&self) -> u64 {
        self.0.messages.load(Relaxed)
    }

    /// Tells all streams to end, and waits until they have. New ones end at once.
    pub async fn close(&self) {
        self.0.closing.send_replace(true);
        // The sender is held here: waiting cannot fail.
        let _ = self.0.open.subscribe().wait_for(|open| *open == 0).await;
    }
}

/// One open stream.
#[derive(Debug)]
pub(crate) struct OpenStream(Streams);

impl OpenStream {
    /// Counts a message.
    pub fn count_message(&self) {
        self.0.0.messages.fetch_add(1, Relaxed);
    }

    /// Word that it is to end.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.0.0.closing.subscribe()
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.0.open.send_modify(|open| *open -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn streams_have_a_limit_and_end_when_told() {
        let streams = Streams::new(NonZeroUsize::MIN);
        let stream = streams.admit().unwrap();
        assert!(streams.admit().is_err());
        assert_eq!((streams.open(), streams.refused()), (1, 1));
        let mut closing = stream.closing();
        let ends = async {
            closing.wait_for(|closing| *closing).await.unwrap();
            drop(stream);
        };
        tokio::join!(streams.close(), ends);
        assert_eq!(streams.open(), 0);
    }
}
