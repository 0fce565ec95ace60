//! The answers of a store.

use std::sync::Arc;

use chrono::Utc;
use qoe_query::board::{Boards, is_away};
use qoe_query::frame::Input;
use qoe_query::relations::{Period, answers, invitations};
use qoe_query::satisfaction::{AnalysisError, ScoreAnswer, ScoreQuestion};
use qoe_query::statistics::Confidence;

use super::{SatisfactionAsked, SatisfactionReport};
use crate::section::{Section, score};
use crate::source::SourceError;
use crate::view::Lang;
use crate::wire;
use crate::words::{EN, ZH};

/// Asks a project of a store.
pub(crate) async fn satisfaction(
    boards: &Boards,
    project: &str,
    asked: &SatisfactionAsked,
) -> Result<Arc<SatisfactionReport>, SourceError> {
    let period = asked.period(Utc::now()).map_err(|error| SourceError::Misasked { why: error.to_string() })?;
    let tables = boards.tables(project).await?;
    let read = |sql: String| {
        let tables = tables.clone();
        async move { Input::store(&tables, project, &sql).await.map_err(away_or_failed) }
    };
    let given = read(answers(period, asked.kind.name(), "")).await?;
    let sent = read(invitations(period, asked.kind.name())).await?;
    let question = ScoreQuestion {
        kind: asked.kind,
        score: "score".to_owned(),
        weight: None,
        bounds: Some(("scale_low".to_owned(), "scale_high".to_owned())),
        scale: None,
        by: asked.by.iter().map(|dimension| dimension.column().to_owned()).collect(),
        condition: asked.condition(),
        level: Confidence::P95,
        seed: 1,
    };
    match question.ask(&given, Some(&sent)).await {
        Ok(answer) => Ok(Arc::new(told(period, asked, Some(&answer)))),
        Err(AnalysisError::NoRows { .. }) => Ok(Arc::new(told(period, asked, None))),
        Err(error) => Err(away_or_failed(error)),
    }
}

fn told(period: Period, asked: &SatisfactionAsked, answer: Option<&ScoreAnswer>) -> SatisfactionReport {
    let sections = |lang: Lang| vec![answer.map_or_else(|| nobody(asked, lang), |answer| score::score(answer, lang))];
    SatisfactionReport {
        period,
        english: sections(Lang::En),
        chinese: sections(Lang::Zh),
        json: wire::satisfaction::satisfaction(period, asked, answer),
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
