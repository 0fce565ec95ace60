//! The satisfaction report: every analysis of the same sessions, and what they come to together.

mod asker;
mod behind;
mod columns;
mod questions;

use chrono::{DateTime, Utc};

use asker::{Asker, Moved, Rest};
pub use behind::Behind;
use columns::Columns;
pub use columns::Lacking;

use crate::catalog::Definitions;
use crate::frame::Input;
use crate::relations::Period;
use crate::retention::effect::{EffectAsked, EffectQuestionError};
use crate::retention::{CohortsAnswer, DayClock, RetentionError, SurvivalAnswer};
use crate::satisfaction::{
    AnalysisError, CorrectAnswer, CurveAnswer, DriftAnswer, DriversAnswer, ScoreAnswer, StabilityAnswer, WordsAnswer,
};
use crate::statistics::Confidence;
use crate::statistics::scale::Kind;
use crate::vendor_record::{VendorInputs, VendorRecord};

/// What a report is about.
#[derive(Debug, Clone)]
pub struct ReportQuestion {
    /// How people were asked.
    pub kind: Kind,
    /// Scores by the values of each of these columns.
    pub by: Vec<String>,
    /// How days are counted.
    pub clock: DayClock,
    /// Only sessions that meet this condition in SQL.
    pub condition: Option<String>,
    /// The moment it is asked, to tell how old the answers are.
    pub now: DateTime<Utc>,
    /// The level of all intervals.
    pub level: Confidence,
    /// For what is drawn by chance.
    pub seed: u64,
}

/// What a report reads.
#[derive(Debug, Clone)]
pub struct ReportSources {
    /// One row a session, with the columns of [`crate::relations::sessions`], or as many of them as there are.
    pub sessions: Input,
    /// Of a store: answers about each dimension, with the columns of [`crate::relations::answers`], where scores are to be told by it.
    pub answers: Option<Input>,
    /// Of a store: presences, with the columns of [`crate::relations::visits`].
    pub visits: Option<Input>,
    /// Of a store: releases, with the columns of [`crate::relations::releases`].
    pub releases: Option<Input>,
    /// Of a store: what vendors were like to work with.
    pub vendors: Option<VendorInputs>,
    /// Of a store: the span of time.
    pub period: Option<Period>,
}

/// The answers. Each part that cannot be answered says why.
#[derive(Debug)]
pub struct SatisfactionReport {
    /// As it was asked.
    pub question: ReportQuestion,
    /// The span of time, of a store.
    pub period: Option<Period>,
    /// Sessions.
    pub sessions: u64,
    /// Columns that analyses would have used and that are not there.
    pub missing: Vec<String>,
    /// What people said, overall and by each of the columns asked for.
    pub scores: Vec<Result<ScoreAnswer, AnalysisError>>,
    /// Corrected for who stayed silent.
    pub corrected: Result<CorrectAnswer, AnalysisError>,
    /// What goes with satisfaction.
    pub drivers: Result<DriversAnswer, AnalysisError>,
    /// The strongest of them, and from where on it is bad.
    pub strongest: Option<Strongest>,
    /// How satisfaction goes with the measures that go with it most.
    pub curves: Vec<Result<CurveAnswer, AnalysisError>>,
    /// Who comes back.
    pub cohorts: Result<CohortsAnswer, RetentionError>,
    /// How long people stay.
    pub survival: Result<SurvivalAnswer, RetentionError>,
    /// What a first session on the bad side of the strongest measure does to return.
    pub effect: Option<Result<EffectAsked, EffectQuestionError>>,
    /// Whether it connects as promised.
    pub stability: Result<StabilityAnswer, AnalysisError>,
    /// What people wrote.
    pub words: Result<WordsAnswer, AnalysisError>,
    /// What changed.
    pub drift: Result<DriftAnswer, AnalysisError>,
    /// What vendors were like to work with; `None` where it is not known.
    pub vendors: Option<Result<Vec<VendorRecord>, AnalysisError>>,
    /// The parts that cannot be, for want of columns.
    pub lacking: Vec<Lacking>,
    /// The rows behind each part.
    pub behind: Vec<Behind>,
}

/// The measure that goes with satisfaction most.
#[derive(Debug, Clone, PartialEq)]
pub struct Strongest {
    /// Its column.
    pub measure: String,
    /// From here on it is bad: its knee, or where its worst quarter begins.
    pub threshold: f64,
    /// Whether the bad side is that of the greater values.
    pub high_is_bad: bool,
}

impl Strongest {
    /// The bad side as a condition in SQL.
    pub fn condition(&self) -> String {
        format!("{} {} {}", self.measure, if self.high_is_bad { ">=" } else { "<=" }, self.threshold)
    }
}

/// Reads the sessions once and answers everything. `progress` is told which part is begun. It is computed on the calling thread for seconds, so it needs a
/// runtime of several threads.
pub async fn satisfaction_report(
    question: &ReportQuestion,
    sources: &ReportSources,
    definitions: &Definitions,
    progress: impl Fn(&'static str),
) -> Result<SatisfactionReport, ReportError> {
    progress("read the sessions");
    let columns = Columns { there: sources.sessions.columns().await.map_err(AnalysisError::from)? };
    if columns.wanted(&[]).is_empty() {
        return Err(other_columns(&columns.lacking(), &columns.there));
    }
    let asker = Asker::read(question, sources, definitions).await?;
    progress("ask everything of them");
    let (moved, corrected, rest) = at_once(asker.moved(), asker.corrected(&[]), asker.rest());
    let Moved { drivers, curves, strongest, cohorts, effect } = moved;
    let Rest { scores, survival, stability, words, drift, vendors } = rest;
    let missing = asker.columns.missing();
    let mut report = SatisfactionReport {
        question: question.clone(),
        period: sources.period,
        sessions: asker.rows as u64,
        missing,
        scores,
        corrected,
        drivers,
        strongest,
        curves,
        cohorts,
        survival,
        effect,
        stability,
        words,
        drift,
        vendors,
        lacking: asker.columns.lacking(),
        behind: Vec::new(),
    };
    report.spoken(&asker.columns.there)?;
    report.behind = asker.behind(&report);
    Ok(report)
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The sessions cannot be read.
    #[error(transparent)]
    Read(#[from] AnalysisError),
    /// Other columns than a report reads.
    #[error("nothing can be said: a report reads the columns {wanted}, and there are {there}; name them so, and ask again")]
    Columns {
        /// What it reads.
        wanted: String,
        /// What is there.
        there: String,
    },
    /// The columns, and nothing in them.
    #[error("nothing can be said of {rows} rows: {why}")]
    Nothing {
        /// How many.
        rows: u64,
        /// What stands against the first part.
        why: String,
    },
}

/// That there are other columns than those that parts lack.
fn other_columns(lacking: &[Lacking], there: &[String]) -> ReportError {
    let mut wanted: Vec<&str> = lacking.iter().flat_map(|lacking| lacking.columns.iter().copied()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    ReportError::Columns { wanted: wanted.join(", "), there: there.join(", ") }
}

impl SatisfactionReport {
    /// Whether there is anything to read in it, and else why not.
    fn spoken(&self, there: &[String]) -> Result<(), ReportError> {
        let scored = self.scores.iter().flatten().any(|answer| answer.all.scored.is_ok());
        let answered = [
            scored,
            self.corrected.is_ok(),
            self.drivers.is_ok(),
            self.cohorts.is_ok(),
            self.survival.is_ok(),
            self.stability.is_ok(),
            self.words.is_ok(),
            self.drift.is_ok(),
        ];
        if answered.contains(&true) {
            return Ok(());
        }
        let first = self.corrected.as_ref().err().map(ToString::to_string).unwrap_or_default();
        Err(match self.lacking.is_empty() {
            true => ReportError::Nothing { rows: self.sessions, why: first },
            false => other_columns(&self.lacking, there),
        })
    }
}

/// All at once, on threads that may be busy for seconds.
fn at_once<A, B: Send, C: Send>(
    one: impl Future<Output = A>,
    other: impl Future<Output = B> + Send,
    third: impl Future<Output = C> + Send,
) -> (A, B, C) {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let (other, third) = (scope.spawn(|| runtime.block_on(other)), scope.spawn(|| runtime.block_on(third)));
            let one = runtime.block_on(one);
            let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (one, other, third.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    })
}
