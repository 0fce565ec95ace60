//! One analysis of a store, for programs.

use std::error::Error;

use chrono::{DateTime, TimeDelta, Utc};
use qoe_query::Catalog;
use qoe_query::board::Boards;
use qoe_query::frame::{FrameError, Input};
use qoe_query::relations::{self, Period, Window};
use qoe_query::retention::{CohortsQuestion, SurvivalQuestion};
use qoe_query::satisfaction::fallback::Turns;
use qoe_query::satisfaction::{AnalysisError, DriftQuestion, FallbackQuestion, ScoreQuestion, WordsQuestion};
use serde_json::Value;

use super::analysis::about;
use super::boards::{UNDER_WAY, away_or_failed};
use super::{Analysis, AnalysisAsked, SatisfactionAsked};
use crate::source::SourceError;
use crate::wire;

/// Asks a project of a store for one analysis; where there is no answer, for the reason.
pub(crate) async fn analysis(boards: &Boards, project: &str, asked: &AnalysisAsked) -> Result<Value, SourceError> {
    let now = Utc::now();
    let period = asked.of.period(now).map_err(|error| SourceError::Misasked { why: error.to_string() })?;
    let store = Store { tables: boards.tables(project).await?, project: project.to_owned(), period, of: asked.of.clone() };
    let analysis = asked.analysis.clone();
    let _turn = UNDER_WAY.acquire().await;
    // Models are computed for seconds: not on the threads that answer requests.
    let runtime = tokio::runtime::Handle::current();
    let asking = move || runtime.block_on(store.answer(&analysis, now));
    tokio::task::spawn_blocking(asking).await.unwrap_or_else(|error| Err(SourceError::Failed(std::sync::Arc::new(error))))
}

/// A project's tables, and of when and of whom is asked.
struct Store {
    tables: Catalog,
    project: String,
    period: Period,
    of: SatisfactionAsked,
}

impl Store {
    async fn read(&self, sql: String) -> Result<Input, SourceError> {
        Input::store(&self.tables, &self.project, &sql).await.map_err(away_or_failed)
    }

    async fn sessions(&self, window: Window) -> Result<Input, SourceError> {
        self.read(relations::sessions_about(self.period, self.of.survey(), window)).await
    }

    async fn answer(&self, analysis: &Analysis, now: DateTime<Utc>) -> Result<Value, SourceError> {
        match analysis {
            Analysis::Score(question) => self.score(question).await,
            Analysis::Correct(question) => told(question.ask(&self.sessions(Window::Whole).await?).await, wire::correct::correct),
            Analysis::Drivers(question) => told(question.ask(&self.sessions(Window::Whole).await?).await, wire::drivers::drivers),
            Analysis::Curve(question) => told(question.ask(&self.sessions(Window::Whole).await?).await, wire::curve::curve),
            Analysis::Stability(question) => told(question.ask(&self.sessions(Window::Whole).await?).await, wire::stability::stability),
            Analysis::Words(question) => self.words(question).await,
            Analysis::Drift(question) => self.drift(question, now).await,
            Analysis::Cohorts(question) => self.cohorts(question).await,
            Analysis::Survival(question) => self.survival(question).await,
            Analysis::Effect { question, baseline_s } => {
                let sessions = self.sessions(Window::First { seconds: *baseline_s }).await?;
                let visits = self.read(relations::visits(self.period.until)).await?;
                told(question.ask(&sessions, Some(&visits)).await, wire::effect::effect)
            }
        }
    }

    async fn score(&self, question: &ScoreQuestion) -> Result<Value, SourceError> {
        let (kind, about) = (self.of.kind.name(), about(&self.of, &question.by));
        let answers = self.read(relations::answers(self.period, kind, about)).await?;
        // Who is asked is not asked about each dimension.
        let invitations = match question.by.iter().any(|by| by == super::asked::BY_DIMENSION) {
            true => None,
            false => Some(self.read(relations::invitations(self.period, kind)).await?),
        };
        told(question.ask(&answers, invitations.as_ref()).await, wire::score::score)
    }

    async fn words(&self, question: &WordsQuestion) -> Result<Value, SourceError> {
        let answer = question.ask(&self.sessions(Window::Whole).await?).await;
        let turns = self.read(relations::turns(self.period)).await?;
        let fallback = FallbackQuestion {
            turns: Turns::Flagged { column: "fallback".to_owned() },
            conversation: "session_id".to_owned(),
            time: Some("observed_at".to_owned()),
            condition: question.condition.clone(),
            level: question.level,
        };
        let fallback = match fallback.ask(&turns).await {
            Err(AnalysisError::NoRows { .. }) => None,
            asked => Some(asked),
        };
        told(answer, |answer| wire::words::words(answer, fallback.as_ref()))
    }

    /// Two waves are read, and one as old as what is still good.
    async fn drift(&self, question: &DriftQuestion, now: DateTime<Utc>) -> Result<Value, SourceError> {
        let reach = TimeDelta::days(i64::from(question.wave_days) + i64::from(question.wave_days.max(question.stale_after_days)));
        let reaching = Period { since: self.period.since.min(self.period.until - reach), ..self.period };
        let sessions = self.read(relations::sessions_about(reaching, self.of.survey(), Window::Whole)).await?;
        let releases = self.read(relations::releases(reaching)).await?;
        let question = DriftQuestion { now, ..question.clone() };
        told(question.ask(&sessions, Some(&releases)).await, wire::drift::drift)
    }

    async fn cohorts(&self, question: &CohortsQuestion) -> Result<Value, SourceError> {
        let visits = self.read(relations::visits(self.period.until)).await?;
        let sessions = match question.split {
            Some(_) => Some(self.sessions(Window::Whole).await?),
            None => None,
        };
        let question = CohortsQuestion { since: Some(self.period.since), until: Some(self.period.until), ..question.clone() };
        told(question.ask(&visits, sessions.as_ref()).await, wire::cohorts::cohorts)
    }

    async fn survival(&self, question: &SurvivalQuestion) -> Result<Value, SourceError> {
        let window = question.baseline.map_or(Window::Whole, |baseline| Window::First { seconds: baseline.seconds });
        told(question.ask(&self.sessions(window).await?).await, wire::survival::survival)
    }
}

/// The answer, or why the data carry none; rows that could not be read are a failure.
fn told<T, E: Error + Send + Sync + 'static>(answer: Result<T, E>, json: impl FnOnce(&T) -> Value) -> Result<Value, SourceError> {
    match answer {
        Ok(answer) => Ok(json(&answer)),
        Err(error) if unread(&error) => Err(away_or_failed(error)),
        Err(error) => Ok(wire::report::why_not(&error)),
    }
}

fn unread(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(FrameError::Rows(_))) || error.source().is_some_and(unread)
}
