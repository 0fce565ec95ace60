//! Vendors of a store compared.

use std::sync::Arc;

use chrono::Utc;
use qoe_query::board::{Boards, is_away};
use qoe_query::poc::check::{CheckAnswer, CheckError, CheckQuestion, StoreSources, sessions};
use qoe_query::poc::compare::{CompareAnswer, Shift};
use qoe_query::poc::{CompareError, CompareQuestion};
use qoe_query::relations;
use serde_json::json;

use super::store::{Store, away_or_failed, in_turn};
use super::{Comparison, PocAsked};
use crate::section::{Section, poc_check, poc_report};
use crate::source::SourceError;
use crate::view::Lang;
use crate::wire;

/// Units drawn anew: enough for a page.
const RESAMPLES: usize = 1_000;

/// Compares the vendors of a project.
pub(crate) async fn comparison(boards: &Boards, project: &str, asked: &PocAsked) -> Result<Arc<Comparison>, SourceError> {
    let period = asked.period(Utc::now()).map_err(|error| SourceError::Misasked { why: error.to_string() })?;
    let store = Store::of(boards, project, period).await?;
    let input = store.input(&relations::poc_sessions(period)).await?;
    let question = question(project, asked);
    let mut answered: Result<(CompareAnswer, Vec<Shift>), CompareError> = in_turn(move || async move {
        let (frame, session) = question.read(&input).await?;
        Ok((question.answer(&frame, session.as_deref())?, question.shifts(&frame)?))
    })
    .await?;
    let checked = if answered.is_ok() { check(boards, project, asked).await.ok() } else { None };
    if let (Ok((answer, _)), Some(checked)) = (&mut answered, &checked) {
        answer.hold_to(checked.clone());
    }
    let told = |lang: Lang| match &answered {
        Ok((answer, shifts)) => {
            let parts = std::iter::once(poc_report::headline(answer, lang)).chain(poc_report::sections(answer, shifts, lang));
            parts.chain(checked.as_ref().map(|checked| poc_check::poc_check(checked, lang))).collect()
        }
        Err(error) => vec![nothing(error, lang)],
    };
    match &answered {
        Ok(_) | Err(CompareError::NoRows { .. } | CompareError::OneVendor { .. } | CompareError::SharedSessions { .. }) => {}
        Err(CompareError::Frame(error)) if !is_away(error) => {
            return Err(SourceError::Misasked { why: error.to_string() });
        }
        Err(CompareError::Frame(_) | CompareError::Resample(_)) => {
            return Err(answered.err().map_or(SourceError::Misasked { why: String::new() }, away_or_failed));
        }
        Err(error) => return Err(SourceError::Misasked { why: error.to_string() }),
    }
    let json = match &answered {
        Ok((answer, _)) => wire::poc_compare::poc_compare(answer),
        Err(error) => json!({"metrics": [], "why": error.to_string()}),
    };
    Ok(Arc::new(Comparison { period, english: told(Lang::En), chinese: told(Lang::Zh), json }))
}

/// Whether a project's comparison is sound so far, out of sums that ClickHouse makes.
pub(crate) async fn check(boards: &Boards, project: &str, asked: &PocAsked) -> Result<CheckAnswer, SourceError> {
    let period = asked.period(Utc::now()).map_err(|error| SourceError::Misasked { why: error.to_string() })?;
    let CompareQuestion { poc, condition, .. } = question(project, asked);
    let input = Store::of(boards, project, period).await?.input(&sessions(&poc, period)).await?;
    let question = CheckQuestion { poc, condition, planned: asked.planned };
    question.ask_store(&StoreSources { sessions: &input, period }).await.map_err(|error| match &error {
        _ if is_away(&error) => SourceError::Unavailable(Arc::new(error)),
        CheckError::Frame(_) => SourceError::Failed(Arc::new(error)),
        _ => SourceError::Misasked { why: error.to_string() },
    })
}

fn question(project: &str, asked: &PocAsked) -> CompareQuestion {
    CompareQuestion { poc: asked.poc(project), condition: asked.condition(), resamples: RESAMPLES, seed: 1 }
}

/// What is said when there is nothing to compare.
fn nothing(error: &CompareError, lang: Lang) -> Section {
    let title = lang.pick("Nothing to compare yet", "尚无可比较的数据");
    Section { warnings: vec![error.to_string()], ..Section::new("compare", title) }
}
