//! The answers of a store.

use std::sync::Arc;

use chrono::Utc;
use qoe_query::Catalog;
use qoe_query::board::{Boards, is_away};
use qoe_query::frame::Input;
use qoe_query::relations::{self, Period, Window};
use qoe_query::report::{Asker, ReportQuestion, ReportSources, SatisfactionReport as Answers, satisfaction_report};
use qoe_query::retention::DayClock;
use qoe_query::satisfaction::AnalysisError;
use qoe_query::statistics::Confidence;
use qoe_query::vendor_record::VendorInputs;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{Analysis, AnalysisAsked, SatisfactionAsked, SatisfactionReport};
use crate::section::{Section, report};
use crate::source::SourceError;
use crate::view::Lang;
use crate::wire;
use crate::words::{EN, ZH};

/// Reports under way: one at a time, since each uses all processors and holds its sessions in memory.
static UNDER_WAY: Semaphore = Semaphore::const_new(1);

/// Asks a project of a store everything.
pub(crate) async fn satisfaction(
    boards: &Boards,
    project: &str,
    asked: &SatisfactionAsked,
) -> Result<Arc<SatisfactionReport>, SourceError> {
    let (period, tables, sources) = sources(boards, project, asked).await?;
    let question = question(asked, period, Confidence::P95, 1);
    let definitions = tables.definitions().clone();
    let _turn = UNDER_WAY.acquire().await;
    // Models are computed for seconds: not on the threads that answer requests.
    let runtime = tokio::runtime::Handle::current();
    let asking = move || runtime.block_on(satisfaction_report(&question, &sources, &definitions, |_| {}));
    match tokio::task::spawn_blocking(asking).await {
        Ok(Ok(answers)) => Ok(Arc::new(told(period, asked, Some(&answers)))),
        Ok(Err(AnalysisError::NoRows { .. })) => Ok(Arc::new(told(period, asked, None))),
        Ok(Err(error)) => Err(away_or_failed(error)),
        Err(error) => Err(SourceError::Failed(Arc::new(error))),
    }
}

/// Asks a project of a store for one analysis; where there is no answer, for the reason.
pub(crate) async fn analysis(boards: &Boards, project: &str, asked: &AnalysisAsked) -> Result<Value, SourceError> {
    let (period, tables, sources) = sources(boards, project, &asked.of).await?;
    let question = question(&asked.of, period, asked.level, asked.seed);
    // Who was there when is asked about returns alone.
    let returns = matches!(asked.analysis, Analysis::Cohorts { .. } | Analysis::Effect { .. });
    let sources = ReportSources { visits: sources.visits.filter(|_| returns), ..sources };
    let definitions = tables.definitions().clone();
    let (analysis, by) = (asked.analysis.clone(), question.by.clone());
    let _turn = UNDER_WAY.acquire().await;
    let runtime = tokio::runtime::Handle::current();
    let asking = move || {
        runtime.block_on(async {
            let asker = Asker::read(&question, &sources, &definitions).await?;
            Ok::<Value, AnalysisError>(answer(&asker, &analysis, &by).await)
        })
    };
    match tokio::task::spawn_blocking(asking).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error @ AnalysisError::NoRows { .. })) => Ok(wire::report::why_not(&error)),
        Ok(Err(error)) => Err(away_or_failed(error)),
        Err(error) => Err(SourceError::Failed(Arc::new(error))),
    }
}

async fn answer(asker: &Asker, analysis: &Analysis, by: &[String]) -> Value {
    use wire::report::or_why;
    match analysis {
        Analysis::Score => or_why(asker.scores(by).await.as_ref(), wire::score::score),
        Analysis::Correct => or_why(asker.corrected(by).await.as_ref(), wire::correct::correct),
        Analysis::Drivers => or_why(asker.drivers().await.as_ref(), wire::drivers::drivers),
        Analysis::Curve { measure } => or_why(asker.curve(measure).await.as_ref(), wire::curve::curve),
        Analysis::Stability => or_why(asker.stability(by).await.as_ref(), wire::stability::stability),
        Analysis::Words => or_why(asker.words().await.as_ref(), |answer| wire::words::words(answer, None)),
        Analysis::Drift => or_why(asker.drift().await.as_ref(), wire::drift::drift),
        Analysis::Cohorts { limit } => or_why(asker.cohorts(limit.as_ref()).await.as_ref(), wire::cohorts::cohorts),
        Analysis::Survival => or_why(asker.survival().await.as_ref(), wire::survival::survival),
        Analysis::Effect { treatment } => or_why(asker.effect(treatment).await.as_ref(), wire::effect::effect),
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
        sessions: read(relations::sessions(period, asked.kind.name(), Window::Whole)).await?,
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

fn question(asked: &SatisfactionAsked, period: Period, level: Confidence, seed: u64) -> ReportQuestion {
    ReportQuestion {
        kind: asked.kind,
        by: asked.by.iter().map(|dimension| dimension.column().to_owned()).collect(),
        clock: DayClock::UTC,
        condition: asked.condition(),
        now: period.until,
        level,
        seed,
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

fn away_or_failed(error: impl std::error::Error + Send + Sync + 'static) -> SourceError {
    if is_away(&error) { SourceError::Unavailable(Arc::new(error)) } else { SourceError::Failed(Arc::new(error)) }
}
