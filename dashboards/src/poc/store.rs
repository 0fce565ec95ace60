//! Where a POC's questions are asked: one project of a store over a span of time, one question at a time.

use std::future::Future;
use std::sync::Arc;

use qoe_query::Catalog;
use qoe_query::board::{Boards, is_away};
use qoe_query::frame::Input;
use qoe_query::relations::Period;
use tokio::sync::Semaphore;

use crate::source::SourceError;

/// Comparisons under way: one at a time, since each uses all processors and holds its sessions in memory.
static UNDER_WAY: Semaphore = Semaphore::const_new(1);

/// A project's tables, and when.
#[derive(Debug, Clone)]
pub(super) struct Store {
    tables: Catalog,
    project: String,
    pub period: Period,
}

impl Store {
    pub async fn of(boards: &Boards, project: &str, period: Period) -> Result<Store, SourceError> {
        Ok(Store { tables: boards.tables(project).await?, project: project.to_owned(), period })
    }

    /// What this question in SQL answers.
    pub async fn input(&self, sql: &str) -> Result<Input, SourceError> {
        Input::store(&self.tables, &self.project, sql).await.map_err(away_or_failed)
    }
}

/// Asks when its turn comes, and not on the threads that answer requests. Whoever no longer waits for the answer leaves the turn to it until it is done.
pub(super) async fn in_turn<T, F>(asking: impl FnOnce() -> F + Send + 'static) -> Result<T, SourceError>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let turn = UNDER_WAY.acquire().await;
    let runtime = tokio::runtime::Handle::current();
    let asked = move || {
        let _turn = turn;
        runtime.block_on(asking())
    };
    tokio::task::spawn_blocking(asked).await.map_err(|error| SourceError::Failed(Arc::new(error)))
}

pub(super) fn away_or_failed(error: impl std::error::Error + Send + Sync + 'static) -> SourceError {
    if is_away(&error) { SourceError::Unavailable(Arc::new(error)) } else { SourceError::Failed(Arc::new(error)) }
}
