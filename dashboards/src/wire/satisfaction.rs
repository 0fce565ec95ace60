//! What `/api/satisfaction` answers.

use qoe_query::relations::Period;
use qoe_query::satisfaction::ScoreAnswer;
use serde_json::{Value, json};

use super::by_column;
use super::score::score;
use crate::satisfaction::SatisfactionAsked;

/// What was asked, and the scores; null where nobody answered.
pub fn satisfaction(period: Period, asked: &SatisfactionAsked, answer: Option<&ScoreAnswer>) -> Value {
    json!({
        "since": period.since,
        "until": period.until,
        "kind": asked.kind.name(),
        "by": asked.by.iter().map(|dimension| dimension.column()).collect::<Vec<_>>(),
        "filter": by_column(&asked.filter),
        "scores": answer.map(score),
    })
}
