//! The live board's questions and their answers.
//!
//! [`answers`](self) are the plain structs, `sql` the questions, `questions` (with `cells` and `slices`) and `timeline` what turns the one into the other. [`Boards`] hands
//! them to pages: many viewers of one board cost one set of questions.

mod answer;
mod answers;
mod cells;
mod questions;
mod slices;
mod sql;
pub(crate) use sql::{text, time};
mod timeline;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use qoe_store::{Endpoint, EndpointError};
use tokio::sync::Mutex;

pub use answer::{Answer, Line, ask};
pub use answers::*;
pub use questions::{WINDOWS, all_questions};

use crate::catalog::{Catalog, CatalogError, Definitions, Mode};
use crate::pushdown::executor::Limits;

/// How old a board may be that is shown to the next viewer.
const FRESH: Duration = Duration::from_millis(500);

/// How old its survey may be before another is begun. The one at hand is shown until that is there: a survey takes seconds of processor time on a
/// small machine, and its figures are of minutes and hours.
const SURVEYED: Duration = Duration::from_secs(2);

/// How old a survey may be and still be shown: after a while without viewers, the next one waits for a new one.
const STALE: Duration = Duration::from_secs(15);

/// Boards remembered; those nobody is asking about are forgotten when more are asked for.
const REMEMBERED: usize = 64;

/// Why there is no board.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// ClickHouse does not answer.
    #[error("ClickHouse does not answer")]
    Unavailable {
        /// What was seen.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No such project.
    #[error("there is no project {project:?}")]
    UnknownProject {
        /// As asked for.
        project: String,
    },
    /// A question failed.
    #[error("ask for {what}")]
    Failed {
        /// What was asked for.
        what: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What is known of one project and filter.
#[derive(Debug, Default)]
struct Known {
    board: Option<(Instant, Arc<Board>)>,
    survey: Option<(Instant, Arc<Board>)>,
    surveying: bool,
}

type Remembered = Arc<Mutex<Known>>;

/// Boards and timelines of a store's projects. Cheap to clone; clones share what they know.
#[derive(Debug, Clone)]
pub struct Boards {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    endpoint: Endpoint,
    definitions: Definitions,
    projects: std::sync::RwLock<BTreeSet<String>>,
    catalog: Mutex<Option<Catalog>>,
    boards: Mutex<BTreeMap<(String, Filter), Remembered>>,
}

impl Boards {
    /// Boards of these projects at `endpoint`. ClickHouse need not be there yet.
    pub fn new(endpoint: Endpoint, definitions: Definitions, projects: Vec<String>) -> Self {
        let (projects, catalog, boards) = (projects.into_iter().collect::<BTreeSet<_>>().into(), Mutex::default(), Mutex::default());
        Boards { shared: Arc::new(Shared { endpoint, definitions, projects, catalog, boards }) }
    }

    /// Adds projects to those there are boards of.
    pub fn add_projects<'a>(&self, projects: impl IntoIterator<Item = &'a str>) {
        let mut known = self.shared.projects.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.extend(projects.into_iter().map(str::to_owned));
    }

    /// The board of a project's sessions that match the filter, shared between viewers. Who is there is at most about half a second old; windows,
    /// slices and series are of a survey that is renewed in the background, a few seconds old.
    pub async fn board(&self, project: &str, filter: &Filter) -> Result<Arc<Board>, BoardError> {
        self.known(project)?;
        let slot = self.remembered(project, filter).await;
        // Held while asking, so that viewers who come meanwhile wait for this answer and do not ask again.
        let mut known = slot.lock().await;
        if let Some((asked, board)) = &known.board
            && asked.elapsed() < FRESH
        {
            return Ok(Arc::clone(board));
        }
        let context = self.catalog().await?.session(project, Mode::PushDown).map_err(catalog_failed)?;
        let survey = match &known.survey {
            Some((asked, survey)) if asked.elapsed() < STALE => {
                let survey = Arc::clone(survey);
                if asked.elapsed() > SURVEYED && !known.surveying {
                    known.surveying = true;
                    tokio::spawn(self.clone().renew(Arc::clone(&slot), context.clone(), filter.clone()));
                }
                survey
            }
            _ => {
                let survey = Arc::new(self.survey(&context, filter).await?);
                known.survey = Some((Instant::now(), Arc::clone(&survey)));
                survey
            }
        };
        let pulse = questions::pulse(&context, filter, Utc::now()).await.map_err(|error| failed("the board", error))?;
        let board = Arc::new(pulse.over(&survey));
        known.board = Some((Instant::now(), Arc::clone(&board)));
        Ok(board)
    }

    async fn survey(&self, context: &SessionContext, filter: &Filter) -> Result<Board, BoardError> {
        let survey = questions::survey(context, &self.shared.definitions.codecs, filter, Utc::now()).await;
        survey.map_err(|error| failed("the board's figures", error))
    }

    /// After a failure there is no survey to show: whoever asks for the board next asks anew, and is told.
    async fn renew(self, slot: Remembered, context: SessionContext, filter: Filter) {
        let survey = self.survey(&context, &filter).await;
        let mut known = slot.lock().await;
        known.surveying = false;
        known.survey = survey.ok().map(|survey| (Instant::now(), Arc::new(survey)));
    }

    /// One session from beginning to end; `None` when the project has no such session.
    pub async fn session(&self, project: &str, session_id: &str) -> Result<Option<SessionTimeline>, BoardError> {
        self.known(project)?;
        let context = self.catalog().await?.session(project, Mode::PushDown).map_err(catalog_failed)?;
        let timeline = timeline::timeline(&context, &self.shared.definitions, session_id, Utc::now()).await;
        timeline.map_err(|error| failed("the session", error))
    }

    /// The tables of a project, for questions that are not of the board.
    pub async fn tables(&self, project: &str) -> Result<Catalog, BoardError> {
        self.known(project)?;
        self.catalog().await
    }

    fn known(&self, project: &str) -> Result<(), BoardError> {
        if self.shared.projects.read().unwrap_or_else(std::sync::PoisonError::into_inner).contains(project) {
            return Ok(());
        }
        Err(BoardError::UnknownProject { project: project.to_owned() })
    }

    async fn remembered(&self, project: &str, filter: &Filter) -> Remembered {
        let key = (project.to_owned(), filter.clone());
        let mut boards = self.shared.boards.lock().await;
        if boards.len() >= REMEMBERED && !boards.contains_key(&key) {
            // Those nobody is asking about just now.
            boards.retain(|_, board| Arc::strong_count(board) > 1);
        }
        Arc::clone(boards.entry(key).or_default())
    }

    async fn catalog(&self) -> Result<Catalog, BoardError> {
        let mut catalog = self.shared.catalog.lock().await;
        if let Some(catalog) = &*catalog {
            return Ok(catalog.clone());
        }
        let limits = Limits { seconds: 10, ..Limits::default() };
        let opened = Catalog::open(&self.shared.endpoint, &limits, self.shared.definitions.clone()).await.map_err(catalog_failed)?;
        Ok(catalog.insert(opened).clone())
    }
}

fn catalog_failed(error: CatalogError) -> BoardError {
    match error {
        CatalogError::Describe { source, .. } if source.is_unavailable() => BoardError::Unavailable { source: Box::new(source) },
        error => BoardError::Failed { what: "the tables", source: Box::new(error) },
    }
}

fn failed(what: &'static str, error: DataFusionError) -> BoardError {
    if is_away(&error) { BoardError::Unavailable { source: Box::new(error) } } else { BoardError::Failed { what, source: Box::new(error) } }
}

/// Whether ClickHouse's silence is among the causes of an error.
pub fn is_away(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<EndpointError>())
        .any(EndpointError::is_unavailable)
}
