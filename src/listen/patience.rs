//! A connection that is cut when it is slow or silent.
//!
//! What a request's body and an answer may take is for the handlers to say. Outside of them a connection is either at the head of a request, which
//! has to be over soon after its first byte, or between requests, or sending an answer, where something has to move now and then.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use qoe_ingest::Connections;
use qoe_ingest::edge::connections::Place;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Patience;

/// Whether a handler has the connection, and how many requests were handed over.
#[derive(Debug, Default)]
pub struct Phase {
    is_serving: AtomicBool,
    heads: AtomicU64,
}

impl Phase {
    /// A handler has it; it minds the time itself.
    pub fn serving(&self) {
        self.heads.fetch_add(1, Relaxed);
        self.is_serving.store(true, Relaxed);
    }

    /// None has.
    pub fn waiting(&self) {
        self.is_serving.store(false, Relaxed);
    }
}

/// A connection with its place among the others, which it keeps also when it becomes a stream.
pub struct Patient {
    stream: TcpStream,
    _place: Place,
    phase: Arc<Phase>,
    patience: Patience,
    connections: Connections,
    /// How many heads were read to their end.
    heads: u64,
    /// When the head that is being read began.
    head_at: Option<Instant>,
    /// When something last moved.
    moved_at: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl Patient {
    pub fn new(stream: TcpStream, place: Place, phase: Arc<Phase>, patience: Patience, connections: Connections) -> Self {
        let now = Instant::now();
        // A new connection is there to send a request.
        let alarm = Box::pin(sleep_until(now + patience.head));
        Patient { stream, _place: place, phase, patience, connections, heads: 0, head_at: Some(now), moved_at: now, alarm }
    }

    /// Something moved.
    fn moved(&mut self, read: bool) {
        self.moved_at = Instant::now();
        if !self.is_serving() && read {
            self.head_at.get_or_insert(self.moved_at);
        }
    }

    /// Whether a handler has the connection. A head that it was handed is over.
    fn is_serving(&mut self) -> bool {
        let heads = self.phase.heads.load(Relaxed);
        if heads != self.heads {
            self.heads = heads;
            self.head_at = None;
        }
        self.phase.is_serving.load(Relaxed)
    }

    /// Nothing moves: an error when that has gone on for too long.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.is_serving() {
            // From here on the time of an answer counts.
            self.moved_at = Instant::now();
            return Poll::Pending;
        }
        let deadline = self.head_at.map_or(self.moved_at + self.patience.idle, |head_at| head_at + self.patience.head);
        if self.alarm.deadline() != deadline {
            self.alarm.as_mut().reset(deadline);
        }
        ready!(self.alarm.as_mut().poll(cx));
        self.connections.count_timed_out();
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    /// The outcome of an attempt to move something.
    fn outcome<T>(&mut self, moved: Poll<io::Result<T>>, read: bool, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        match moved {
            Poll::Ready(outcome) => {
                self.moved(read);
                Poll::Ready(outcome)
            }
            Poll::Pending => self.overdue(cx).map(Err),
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.outcome(read, true, cx)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.outcome(written, false, cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, pieces: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.outcome(written, false, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
