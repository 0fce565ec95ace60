//! What `/api/satisfaction` answers.

use qoe_query::relations::Period;
use qoe_query::report::SatisfactionReport;
use serde_json::{Value, json};

use super::by_column;
use super::report::report;
use crate::satisfaction::SatisfactionAsked;

/// What was asked, and the answers; null where there is nothing to say anything from.
pub fn satisfaction(period: Period, asked: &SatisfactionAsked, answers: Option<&SatisfactionReport>) -> Value {
    json!({
        "since": period.since,
        "until": period.until,
        "kind": asked.kind.name(),
        "dimension": asked.dimension,
        "by": asked.by,
        "filter": by_column(&asked.filter),
        "report": answers.map(report),
    })
}
