//! What people said, and what moved it: each analysis reads the columns it names from an [`Input`](crate::frame::Input) and answers in plain structs.

pub mod correct;
pub mod covariates;
pub mod margins;
mod scales;
pub mod score;

pub use correct::{CorrectAnswer, CorrectGroup, CorrectQuestion, Correction};
pub use covariates::{Covariates, covariates};
pub use margins::{KnownMargin, MarginsError};
pub use score::{ScoreAnswer, ScoreGroup, ScoreQuestion};

use crate::frame::FrameError;
use crate::statistics::design::DesignError;
use crate::statistics::response::CorrectError;
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
    /// Covariates that cannot be.
    #[error(transparent)]
    Design(#[from] DesignError),
    /// A column that is the answer itself, where something known of everyone is needed.
    #[error("go by {column:?}: it comes of the answer, and tells nothing of the silent")]
    Answer {
        /// Which.
        column: String,
    },
    /// A target that the score can never have.
    #[error("hold {kind} against a target of {target}: it lies between {low} and {high}")]
    Target {
        /// What is scored.
        kind: &'static str,
        /// The target.
        target: f64,
        /// The least the score can be.
        low: f64,
        /// The greatest.
        high: f64,
    },
    /// Silence that cannot be corrected for.
    #[error(transparent)]
    Correct(#[from] CorrectError),
    /// Margins that cannot be.
    #[error(transparent)]
    Margins(#[from] MarginsError),
}
