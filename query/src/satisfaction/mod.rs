//! What people said, and what moved it: each analysis reads the columns it names from an [`Input`](crate::frame::Input) and answers in plain structs.

pub mod correct;
pub mod covariates;
pub mod curve;
pub mod drift;
pub mod drivers;
pub mod fallback;
pub mod margins;
mod scales;
pub mod score;
pub mod stability;
pub mod words;

pub use correct::{CorrectAnswer, CorrectGroup, CorrectQuestion, Correction};
pub use covariates::{Covariates, SingularError, covariates};
pub use curve::{CurveAnswer, CurveQuestion};
pub use drift::{DriftAnswer, DriftQuestion};
pub use drivers::{DriversAnswer, DriversQuestion};
pub use fallback::{FallbackAnswer, FallbackQuestion};
pub use margins::{KnownMargin, MarginsError};
pub use scales::{OnScale, ScoresLeftOut};
pub use score::{ScoreAnswer, ScoreGroup, ScoreQuestion};
pub use stability::{StabilityAnswer, StabilityGroup, StabilityQuestion};
pub use words::{WordsAnswer, WordsQuestion};

use crate::frame::FrameError;
use crate::statistics::design::DesignError;
use crate::statistics::dose_response::DoseResponseError;
use crate::statistics::drivers::DriversError;
use crate::statistics::pairs::PairsError;
use crate::statistics::response::CorrectError;
use crate::statistics::scale::{Scale, ScaleError};
use crate::statistics::score::ScoreError;
use crate::statistics::word_measures::WordMeasureError;
use crate::words::WordsError;

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
    /// Answers that have no score.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// Covariates that cannot be.
    #[error(transparent)]
    Design(#[from] DesignError),
    /// No row has an outcome.
    #[error("none of {rows} rows has {outcome:?}: nothing can be related to it")]
    NoOutcome {
        /// The column.
        outcome: String,
        /// The rows.
        rows: usize,
    },
    /// No measure can be ranked.
    #[error("none of {} tells rows apart: all are constant, never measured, or follow from one another", measures.join(", "))]
    NoMeasure {
        /// Those that were asked for.
        measures: Vec<String>,
    },
    /// Measures that cannot be ranked.
    #[error("rank the measures")]
    Drivers(#[from] DriversError),
    /// A curve that cannot be drawn.
    #[error("draw the outcome against the measure")]
    Curve(#[from] DoseResponseError),
    /// Rows that cannot be paired.
    #[error("pair the measure with the outcome")]
    Pairs(#[from] PairsError),
    /// A column that is the answer itself, where something known of everyone is needed.
    #[error("go by {column:?}: it comes of the answer, and tells nothing of the silent")]
    Answer {
        /// Which.
        column: String,
    },
    /// A column in two parts.
    #[error("ask of {column:?} once: it is {first} and {second}")]
    Twice {
        /// Which.
        column: String,
        /// As what.
        first: &'static str,
        /// And as what else.
        second: &'static str,
    },
    /// A category with nearly as many values as rows.
    #[error(transparent)]
    Singular(#[from] SingularError),
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
    /// Nobody wrote anything.
    #[error("none of {rows} rows has words in {text:?}")]
    NoText {
        /// The column.
        text: String,
        /// The rows.
        rows: usize,
    },
    /// Scores, and none on the scale.
    #[error("none of {rows} rows has a score in {score:?} on the scale of {} to {}, though {off_scale} have one off it", scale.low, scale.high)]
    OffScale {
        /// The column.
        score: String,
        /// The rows.
        rows: usize,
        /// Scores that lie off the scale.
        off_scale: u64,
        /// The scale.
        scale: Scale,
    },
    /// A scale that was taken for granted.
    #[error(
        "{off_scale} of {answers} answers lie off the scale of {} to {} on which {kind} is customarily asked: state the one that was offered, such as --scale 1..7",
        scale.low, scale.high
    )]
    Assumed {
        /// How people are said to have been asked.
        kind: &'static str,
        /// Their answers.
        answers: u64,
        /// Answers off it.
        off_scale: u64,
        /// The scale.
        scale: Scale,
    },
    /// No turn of an assistant.
    #[error("none of {rows} rows has a turn of a conversation in {column:?}")]
    NoTurn {
        /// The column.
        column: String,
        /// The rows.
        rows: usize,
    },
    /// No row has a time.
    #[error("none of {rows} rows has a time in {time:?} between 1900 and 2200")]
    NoTime {
        /// The column.
        time: String,
        /// The rows.
        rows: usize,
    },
    /// A bound of low scores that leaves nobody on one side.
    #[error("set scores of at most {low} apart on a scale of {} to {}: one side would be empty", scale.low, scale.high)]
    Low {
        /// The bound.
        low: f64,
        /// The scale.
        scale: Scale,
    },
    /// Texts that come to nothing.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// Words that cannot be set against measures.
    #[error("set words against measures")]
    WordMeasures(#[from] WordMeasureError),
}
