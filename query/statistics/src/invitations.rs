//! How many of those asked answered. A dismissed invitation is no answer, and an answer nobody asked for has no invitation.

use crate::estimate::{Confidence, Estimate};
use crate::share::share;

/// Invitations to answer, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Invitations {
    /// Invitations shown.
    pub shown: u64,
    /// Of these, closed without an answer.
    pub dismissed: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Answers that came without an invitation, such as by a button that is always there. They are of another kind of people, and count for no rate.
    pub unasked: u64,
}

/// What invitations came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResponseRate {
    /// The share of shown invitations that were answered, 0 to 1.
    pub answered: Estimate,
    /// The share that were dismissed, 0 to 1.
    pub dismissed: Estimate,
    /// Invitations neither answered nor dismissed.
    pub ignored: u64,
    /// Answers without an invitation.
    pub unasked: u64,
}

/// Why there is no response rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// Nobody was asked.
    #[error("response rate of no invitations: nobody was asked, {unasked} answered unasked")]
    NobodyAsked {
        /// Answers without an invitation.
        unasked: u64,
    },
    /// More outcomes than invitations.
    #[error(
        "response rate of {shown} invitations with {answered} answered and {dismissed} dismissed: there are more outcomes than invitations"
    )]
    TooMany {
        /// Invitations.
        shown: u64,
        /// Answered.
        answered: u64,
        /// Dismissed.
        dismissed: u64,
    },
}

/// The shares of invitations that were answered and dismissed, with Wilson intervals.
pub fn response_rate(invitations: Invitations, level: Confidence) -> Result<ResponseRate, InvitationError> {
    let Invitations { shown, dismissed, answered, unasked } = invitations;
    let too_many = InvitationError::TooMany { shown, answered, dismissed };
    let Some(ignored) = answered.checked_add(dismissed).and_then(|outcomes| shown.checked_sub(outcomes)) else { return Err(too_many) };
    let of = |hits| share(hits, shown, level).ok_or(InvitationError::NobodyAsked { unasked });
    Ok(ResponseRate { answered: of(answered)?, dismissed: of(dismissed)?, ignored, unasked })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dismissed_invitation_is_no_answer() {
        let invitations = Invitations { shown: 100, dismissed: 25, answered: 40, unasked: 7 };
        let rate = response_rate(invitations, Confidence::P95).unwrap();
        assert_eq!((rate.answered.value, rate.dismissed.value, rate.ignored, rate.unasked), (0.4, 0.25, 35, 7));
        assert_eq!(rate.answered, share(40, 100, Confidence::P95).unwrap());
    }

    #[test]
    fn no_invitations_and_too_many_outcomes_are_refused() {
        let nobody = Invitations { unasked: 3, ..Invitations::default() };
        assert_eq!(response_rate(nobody, Confidence::P95), Err(InvitationError::NobodyAsked { unasked: 3 }));
        for (answered, dismissed) in [(6, 5), (u64::MAX, 1)] {
            let got = response_rate(Invitations { shown: 10, dismissed, answered, unasked: 0 }, Confidence::P95);
            assert_eq!(got, Err(InvitationError::TooMany { shown: 10, answered, dismissed }));
        }
    }
}
