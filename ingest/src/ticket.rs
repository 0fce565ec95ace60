//! Word of what became of rows that were handed over.

use std::sync::Arc;

use tokio::sync::SetOnce;

/// What became of rows that were handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// They are kept, as the durability of the spool says.
    Kept,
    /// They could not be written, and are gone here: their sender has them.
    Lost,
}

/// Word of what became of rows that were handed over.
#[derive(Debug, Clone)]
pub struct Ticket(Arc<SetOnce<Outcome>>);

impl Ticket {
    pub(crate) fn settled(outcome: Outcome) -> Self {
        Ticket(Arc::new(SetOnce::new_with(Some(outcome))))
    }

    /// What became of them, if it is known.
    pub fn outcome_so_far(&self) -> Option<Outcome> {
        self.0.get().copied()
    }

    /// What became of them, once it is known.
    pub async fn outcome(&self) -> Outcome {
        *self.0.wait().await
    }
}

/// The other end of a [`Ticket`]. Dropped without a word, it says that the rows were lost.
#[derive(Debug)]
pub(crate) struct Promise(Arc<SetOnce<Outcome>>);

impl Promise {
    pub fn new() -> (Self, Ticket) {
        let outcome = Arc::new(SetOnce::new());
        (Promise(outcome.clone()), Ticket(outcome))
    }

    pub fn keep(self) {
        // It is set here or in `drop`, and both end the promise.
        let _ = self.0.set(Outcome::Kept);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if !self.0.initialized() {
            let _ = self.0.set(Outcome::Lost);
        }
    }
}
