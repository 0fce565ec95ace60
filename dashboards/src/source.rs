//! Where the pages get their answers: the query crate's boards, or a picture made up for tests and previews.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use qoe_query::board::{Board, BoardError, Boards, Filter, SessionTimeline};
use qoe_query::poc::check::CheckAnswer;
use serde_json::Value;

use crate::poc::{Comparison, PocAsked, Step, WrittenAnswers, WrittenPoc, check, comparison, step, written};
use crate::satisfaction::{AnalysisAsked, SatisfactionAsked, SatisfactionReport, analysis, satisfaction};

/// Answers the questions of the pages.
pub trait Source: Clone + Send + Sync + 'static {
    /// The board of a project as it is now.
    fn board(&self, project: &str, filter: &Filter) -> impl Future<Output = Result<Arc<Board>, SourceError>> + Send;

    /// One session; `None` if the project has none of that id.
    fn session(&self, project: &str, session_id: &str) -> impl Future<Output = Result<Option<SessionTimeline>, SourceError>> + Send;

    /// What is known of a project's satisfaction.
    fn satisfaction(
        &self,
        project: &str,
        asked: &SatisfactionAsked,
    ) -> impl Future<Output = Result<Arc<SatisfactionReport>, SourceError>> + Send;

    /// Whether a comparison of a project's vendors is sound so far.
    fn check(&self, project: &str, asked: &PocAsked) -> impl Future<Output = Result<CheckAnswer, SourceError>> + Send;

    /// A project's vendors compared.
    fn comparison(&self, project: &str, asked: &PocAsked) -> impl Future<Output = Result<Arc<Comparison>, SourceError>> + Send;

    /// One step of a POC that was written down, as JSON.
    fn step(&self, project: &str, asked: &WrittenPoc, step: Step) -> impl Future<Output = Result<Value, SourceError>> + Send;

    /// All that a POC asks that was written down.
    fn written(&self, project: &str, asked: &WrittenPoc) -> impl Future<Output = Result<WrittenAnswers, SourceError>> + Send;

    /// One analysis of satisfaction, as JSON.
    fn analysis(&self, project: &str, asked: &AnalysisAsked) -> impl Future<Output = Result<Value, SourceError>> + Send;
}

/// Why there is no answer, in the ways that call for different pages.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// ClickHouse does not answer; it may again soon.
    #[error("ask clickhouse")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
    /// The project was never heard of.
    #[error("unknown project {project:?}")]
    UnknownProject {
        /// Its name.
        project: String,
    },
    /// What was asked cannot be asked.
    #[error("{why}")]
    Misasked {
        /// Why, and what to ask instead.
        why: String,
    },
    /// The question failed.
    #[error("answer from clickhouse")]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
}

impl From<BoardError> for SourceError {
    fn from(error: BoardError) -> SourceError {
        match error {
            BoardError::UnknownProject { project } => SourceError::UnknownProject { project },
            BoardError::Unavailable { .. } => SourceError::Unavailable(Arc::new(error)),
            BoardError::Failed { .. } => SourceError::Failed(Arc::new(error)),
        }
    }
}

impl Source for Boards {
    async fn board(&self, project: &str, filter: &Filter) -> Result<Arc<Board>, SourceError> {
        Ok(Boards::board(self, project, filter).await?)
    }

    async fn session(&self, project: &str, session_id: &str) -> Result<Option<SessionTimeline>, SourceError> {
        Ok(Boards::session(self, project, session_id).await?)
    }

    async fn satisfaction(&self, project: &str, asked: &SatisfactionAsked) -> Result<Arc<SatisfactionReport>, SourceError> {
        satisfaction(self, project, asked).await
    }

    async fn check(&self, project: &str, asked: &PocAsked) -> Result<CheckAnswer, SourceError> {
        check(self, project, asked).await
    }

    async fn comparison(&self, project: &str, asked: &PocAsked) -> Result<Arc<Comparison>, SourceError> {
        comparison(self, project, asked).await
    }

    async fn step(&self, project: &str, asked: &WrittenPoc, which: Step) -> Result<Value, SourceError> {
        step(self, project, asked, which).await
    }

    async fn written(&self, project: &str, asked: &WrittenPoc) -> Result<WrittenAnswers, SourceError> {
        written(self, project, asked).await
    }

    async fn analysis(&self, project: &str, asked: &AnalysisAsked) -> Result<Value, SourceError> {
        analysis(self, project, asked).await
    }
}

/// An error and its causes in one line, for the log.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
