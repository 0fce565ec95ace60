//! The satisfaction report as JSON.

use qoe_query::report::SatisfactionReport;
use qoe_query::statistics::kaplan_meier::Quantile;
use qoe_query::vendor_record::VendorRecord;
use serde_json::{Value, json};

use crate::source::chain;

use super::{cohorts, correct, curve, drift, drivers, effect, score, stability, survival, words};

/// What `qoe report satisfaction --json` and `/api/satisfaction` answer.
pub fn report(report: &SatisfactionReport) -> Value {
    json!({
        "kind": report.question.kind.name(),
        "level": report.question.level.level(),
        "since": report.period.map(|period| period.since),
        "until": report.period.map(|period| period.until),
        "sessions": report.sessions,
        "missing_columns": report.missing,
        "corrected": or_why(report.corrected.as_ref(), correct::correct),
        "scores": report.scores.iter().map(|scored| or_why(scored.as_ref(), score::score)).collect::<Vec<_>>(),
        "drivers": or_why(report.drivers.as_ref(), drivers::drivers),
        "returning": or_why(report.returning.as_ref(), drivers::drivers),
        "strongest": report.strongest.as_ref().map(|strongest| json!({
            "measure": strongest.measure, "threshold": strongest.threshold, "bad": strongest.condition(),
        })),
        "curves": report.curves.iter().map(|drawn| or_why(drawn.as_ref(), curve::curve)).collect::<Vec<_>>(),
        "cohorts": or_why(report.cohorts.as_ref(), cohorts::cohorts),
        "survival": or_why(report.survival.as_ref(), survival::survival),
        "effect": report.effect.as_ref().map(|asked| or_why(asked.as_ref(), effect::effect)),
        "stability": or_why(report.stability.as_ref(), stability::stability),
        "words": or_why(report.words.as_ref(), |answer| words::words(answer, None)),
        "drift": or_why(report.drift.as_ref(), drift::drift),
        "vendors": report.vendors.as_ref().map(|records| or_why(records.as_ref(), |records| Value::Array(records.iter().map(vendor).collect()))),
    })
}

/// The answer, or why there is none.
pub(crate) fn or_why<T, E: std::error::Error>(answer: Result<&T, &E>, told: impl FnOnce(&T) -> Value) -> Value {
    answer.map_or_else(|error| why_not(error), told)
}

/// Why there is no answer.
pub(crate) fn why_not(error: &dyn std::error::Error) -> Value {
    json!({"why_not": chain(error)})
}

fn vendor(record: &VendorRecord) -> Value {
    let median = |quantile: &Option<Quantile>| {
        quantile.as_ref().map(|quantile| json!({"median": quantile.value, "low": quantile.low, "high": quantile.high, "n": quantile.n}))
    };
    json!({
        "vendor": record.vendor, "tickets": record.tickets, "first_response_h": median(&record.first_response_h),
        "resolution_h": median(&record.resolution_h), "releases": record.releases, "days_a_release": record.days_a_release,
        "breaking_changes": record.breaking_changes, "first_call_h": record.first_call_h, "defects": record.defects,
    })
}
