//! The answers of a store.

use std::sync::Arc;

use chrono::Utc;
use qoe_query::Catalog;
use qoe_query::board::{Boards, is_away};
use qoe_query::frame::Input;
use qoe_query::relations::{self, EVERY_DIMENSION, Period, Window};
use qoe_query::report::{ReportError, ReportQuestion, ReportSources, SatisfactionReport as Answers, satisfaction_report};
use qoe_query::retention::DayClock;
use qoe_query::satisfaction::AnalysisError;
use qoe_query::statistics::Confidence;
use qoe_query::vendor_record::VendorInputs;
use tokio::sync::Semaphore;

use super::asked::BY_DIMENSION;
use super::{SatisfactionAsked, SatisfactionReport};
use crate::section::{Section, report};
use crate::source::SourceError;
use crate::view::Lang;
use crate::wire;
use crate::words::{EN, ZH};

/// Reports under way: one at a time, since each uses all processors and holds its sessions in memory.
pub(super) static UNDER_WAY: Semaphore = Semaphore::const_new(1);

/// Asks a project of a store everything.
pub(crate) async fn satisfaction(
    boards: &Boards,
    project: &str,
    asked: &SatisfactionAsked,
) -> Result<Arc<SatisfactionReport>, SourceError> {
    let (period, tables, sources) = sources(boards, project, asked).await?;
    let question = question(asked, period);
    let definitions = tables.definitions().clone();
    let _turn = UNDER_WAY.acquire().await;
    // Models are computed for seconds: not on the threads that answer requests.
    let runtime = tokio::runtime::Handle::current();
    let asking = move || runtime.block_on(satisfaction_report(&question, &sources, &definitions, |_| {}));
    match tokio::task::spawn_blocking(asking).await {
        Ok(Ok(answers)) => Ok(Arc::new(told(period, asked, Some(&answers)))),
        Ok(Err(ReportError::Read(AnalysisError::NoRows { .. }) | ReportError::Nothing { .. })) => Ok(Arc::new(told(period, asked, None))),
        Ok(Err(error)) => Err(away_or_failed(error)),
        Err(error) => Err(SourceError::Failed(Arc::new(error))),
    }
}

/// The period asked about, the tables, and what analyses read of them.
async fn sources(boards: &Boards, project: &str, asked: &SatisfactionAsked) -> Result<(Period, Catalog, ReportSources), SourceError> {
    let period = asked.period(Utc::now()).map_err(|error| SourceError::Misasked { why: error.to_string() })?;
    let tables = boards.tables(project).await?;
    let read = |sql: String| {
        let tables = tables.clone();
        async move { Input::store(&tables, project, &sql).await.map_err(away_or_failed) }
    };
    let sources = ReportSources {
        sessions: read(relations::sessions_about(period, asked.survey(), Window::Whole)).await?,
        answers: match asked.by.contains(&BY_DIMENSION) {
            true => Some(read(relations::answers(period, asked.kind.name(), EVERY_DIMENSION)).await?),
            false => None,
        },
        visits: Some(read(relations::visits(period.until)).await?),
        releases: Some(read(relations::releases(period)).await?),
        vendors: Some(VendorInputs {
            tickets: read(relations::tickets(period)).await?,
            releases: read(relations::releases(period)).await?,
            integration: read(relations::integration(period)).await?,
        }),
        period: Some(period),
    };
    Ok((period, tables, sources))
}

fn question(asked: &SatisfactionAsked, period: Period) -> ReportQuestion {
    ReportQuestion {
        kind: asked.kind,
        by: asked.by.iter().map(|column| (*column).to_owned()).collect(),
        clock: DayClock::UTC,
        condition: asked.condition(),
        now: period.until,
        level: Confidence::P95,
        seed: 1,
    }
}

fn told(period: Period, asked: &SatisfactionAsked, answers: Option<&Answers>) -> SatisfactionReport {
    let sections = |lang: Lang| match answers {
        Some(answers) => std::iter::once(report::headline(answers, lang)).chain(report::sections(answers, lang)).collect(),
        None => vec![nobody(asked, lang)],
    };
    SatisfactionReport {
        period,
        english: sections(Lang::En),
        chinese: sections(Lang::Zh),
        json: wire::satisfaction::satisfaction(period, asked, answers),
    }
}

/// What is said when there is nothing to say anything from.
fn nobody(asked: &SatisfactionAsked, lang: Lang) -> Section {
    let words = lang.pick(&EN, &ZH);
    let kind = asked.kind.name().to_uppercase();
    let title = lang.pick("What people said", "用户评价");
    Section { warnings: vec![(words.satisfaction.none)(&kind)], ..Section::new("scores", title) }
}

pub(super) fn away_or_failed(error: impl std::error::Error + Send + Sync + 'static) -> SourceError {
    if is_away(&error) { SourceError::Unavailable(Arc::new(error)) } else { SourceError::Failed(Arc::new(error)) }
}
