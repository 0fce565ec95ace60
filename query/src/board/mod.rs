//! The live board's questions and their answers.
//!
//! [`answers`](self) are the plain structs, `sql` the questions, `questions` and `timeline` what turns the one into the other. [`Boards`] hands
//! them to pages: many viewers of one board cost one set of questions.

mod answer;
mod answers;
mod questions;
mod sql;
mod timeline;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use datafusion::error::DataFusionError;
use qoe_store::{Endpoint, EndpointError};
use tokio::sync::Mutex;

pub use answer::{Answer, Line, ask};
pub use answers::*;
pub use questions::{WINDOWS, all_questions};

use crate::catalog::{Catalog, CatalogError, Definitions, Mode};
use crate::pushdown::executor::Limits;

/// How old a board may be that is shown to the next viewer: half of what the page promises.
const FRESH: Duration = Duration::from_millis(1000);

/// Boards remembered; the oldest goes when another filter is asked for.
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

type Remembered = Arc<Mutex<Option<(Instant, Arc<Board>)>>>;

/// Boards and timelines of a store's projects. Cheap to clone; clones share what they know.
#[derive(Debug, Clone)]
pub struct Boards {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    endpoint: Endpoint,
    definitions: Definitions,
    projects: Vec<String>,
    catalog: Mutex<Option<Catalog>>,
    boards: Mutex<BTreeMap<(String, Filter), Remembered>>,
}

impl Boards {
    /// Boards of these projects at `endpoint`. ClickHouse need not be there yet.
    pub fn new(endpoint: Endpoint, definitions: Definitions, projects: Vec<String>) -> Self {
        let (catalog, boards) = (Mutex::default(), Mutex::default());
        Boards { shared: Arc::new(Shared { endpoint, definitions, projects, catalog, boards }) }
    }

    /// The board of a project's sessions that match the filter: shared between viewers, at most about a second old.
    pub async fn board(&self, project: &str, filter: &Filter) -> Result<Arc<Board>, BoardError> {
        self.known(project)?;
        let remembered = self.remembered(project, filter).await;
        // Held while asking, so that viewers who come meanwhile wait for this answer and do not ask again.
        let mut remembered = remembered.lock().await;
        if let Some((asked, board)) = &*remembered
            && asked.elapsed() < FRESH
        {
            return Ok(Arc::clone(board));
        }
        let context = self.catalog().await?.session(project, Mode::PushDown).map_err(catalog_failed)?;
        let board = questions::board(&context, &self.shared.definitions.codecs, filter, Utc::now()).await;
        let board = Arc::new(board.map_err(|error| failed("the board", error))?);
        *remembered = Some((Instant::now(), Arc::clone(&board)));
        Ok(board)
    }

    /// One session from beginning to end; `None` when the project has no such session.
    pub async fn session(&self, project: &str, session_id: &str) -> Result<Option<SessionTimeline>, BoardError> {
        self.known(project)?;
        let context = self.catalog().await?.session(project, Mode::PushDown).map_err(catalog_failed)?;
        let timeline = timeline::timeline(&context, &self.shared.definitions, session_id, Utc::now()).await;
        timeline.map_err(|error| failed("the session", error))
    }

    fn known(&self, project: &str) -> Result<(), BoardError> {
        if self.shared.projects.iter().any(|known| known == project) {
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
    let away = std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |error| error.source())
        .filter_map(|error| error.downcast_ref::<EndpointError>())
        .any(EndpointError::is_unavailable);
    if away { BoardError::Unavailable { source: Box::new(error) } } else { BoardError::Failed { what, source: Box::new(error) } }
}
