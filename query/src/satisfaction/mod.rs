//! What people said, and what moved it: each analysis reads the columns it names from an [`Input`](crate::frame::Input) and answers in plain structs.

pub mod score;

pub use score::{ScoreAnswer, ScoreGroup, ScoreQuestion};

use crate::frame::FrameError;
use crate::statistics::scale::ScaleError;

/// Why an analysis has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The columns cannot be read.
    #[error("read the columns")]
    Frame(#[from] FrameError),
    /// No row meets the conditions.
    #[error("there are no rows{}", condition.as_ref().map_or_else(String::new, |condition| format!(" where {condition}")))]
    NoRows {
        /// The conditions, in SQL.
        condition: Option<String>,
    },
    /// A scale that cannot be.
    #[error(transparent)]
    Scale(#[from] ScaleError),
}
