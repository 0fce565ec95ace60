//! How an outcome goes with one quality measure: by bins, smoothly, and from where on it turns.

use super::AnalysisError;
use super::scales::{OnScale, ScoresLeftOut};
use crate::frame::{Frame, Input, Want};
use crate::statistics::dose_response::{Bins, DoseResponse, Outcome, Request, dose_response};
use crate::statistics::iqx::{Iqx, iqx};
use crate::statistics::isotonic::Direction;
use crate::statistics::knee::{Knee, Question, knee};
use crate::statistics::{Confidence, Pairs};

/// What is to be drawn against what.
#[derive(Debug, Clone)]
pub struct CurveQuestion {
    /// The column with the outcome: a score, or 0 and 1.
    pub outcome: String,
    /// How it was asked for, where it is a score.
    pub on_scale: Option<OnScale>,
    /// The column with the measure.
    pub measure: String,
    /// The column with who a row is of: rows of one person count as one observation.
    pub user: Option<String>,
    /// How many bins; by the number of rows unless stated.
    pub bins: Option<usize>,
    /// Which way the outcome goes; the better fitting way unless stated.
    pub direction: Option<Direction>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
    /// For what is drawn by chance.
    pub seed: u64,
}

/// The curve.
#[derive(Debug, Clone)]
pub struct CurveAnswer {
    /// The outcome's column.
    pub outcome: String,
    /// Scores that were left out.
    pub left_out: ScoresLeftOut,
    /// The measure's column.
    pub measure: String,
    /// Whether the outcome is a share of yes.
    pub share: bool,
    /// The level of all intervals.
    pub level: Confidence,
    /// By bins, and smoothly.
    pub response: DoseResponse,
    /// Where it turns.
    pub knee: Knee,
    /// An exponential curve, where one fits.
    pub iqx: Iqx,
}

impl CurveQuestion {
    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        [Want::number(&self.outcome), Want::number(&self.measure)]
            .into_iter()
            .chain(self.user.as_ref().map(Want::person))
            .chain(OnScale::wanted(self.on_scale.as_ref()))
            .collect()
    }

    /// Reads and answers.
    pub async fn ask(&self, input: &Input) -> Result<CurveAnswer, AnalysisError> {
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        self.answer(&frame)
    }

    /// The answer of these rows.
    pub fn answer(&self, frame: &Frame) -> Result<CurveAnswer, AnalysisError> {
        let (rows, left_out) = OnScale::keep(self.on_scale.as_ref(), &self.outcome, frame)?;
        if rows.is_empty() {
            return Err(left_out.nothing(&self.outcome, frame.rows()));
        }
        let on_scale = (rows.len() < frame.rows()).then(|| frame.select(&rows));
        let frame = on_scale.as_ref().unwrap_or(frame);
        let (measure, outcome) = (frame.numbers(&self.measure), frame.numbers(&self.outcome));
        let users = self.user.as_ref().map(|user| frame.persons(user));
        let pairs = Pairs { measure, outcome, weights: None, users: users.as_deref() };
        let share = outcome.iter().all(|value| value.is_nan() || *value == 0.0 || *value == 1.0);
        let request = Request {
            outcome: if share { Outcome::YesNo } else { Outcome::Score },
            bins: self.bins.map_or(Bins::Auto, Bins::Count),
            direction: self.direction,
            level: self.level,
        };
        Ok(CurveAnswer {
            level: self.level,
            outcome: self.outcome.clone(),
            left_out,
            measure: self.measure.clone(),
            share,
            response: dose_response(&pairs, &request)?,
            knee: knee(&pairs, &Question { level: self.level, seed: self.seed })?,
            iqx: iqx(&pairs, self.level)?,
        })
    }
}
