//! Whether a POC's run is sound, as JSON.

use qoe_query::poc::check::{CheckAnswer, Found, Severity, Unlike};
use serde_json::{Value, json};

use crate::section::poc_check::sentence;
use crate::view::Lang;

/// What `qoe poc check --json` and `/api/poc/check` answer.
pub fn poc_check(answer: &CheckAnswer) -> Value {
    let arms = answer.arms.iter().map(|arm| json!({"name": arm.name, "rows": arm.rows, "units": arm.units}));
    let findings = answer.findings.iter().map(|finding| {
        let mut value = json!({"severity": severity(finding.severity), "said": sentence(answer, &finding.found, Lang::En)});
        if let (Value::Object(value), Value::Object(figures)) = (&mut value, found(&finding.found)) {
            value.extend(figures);
        }
        value
    });
    json!({
        "valid": answer.worst() != Severity::Invalid, "randomised": answer.randomised.name(), "arms": arms.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Invalid => "invalid",
        Severity::Warning => "warning",
        Severity::Fine => "fine",
    }
}

fn found(found: &Found) -> Value {
    match found {
        Found::SampleRatio { units, shares, p_value } => json!({"check": "sample_ratio", "units": units, "shares": shares, "p": p_value}),
        Found::Contaminated { units, of } => json!({"check": "contamination", "units": units, "of": of}),
        Found::SharedSessions { sessions, of } => json!({"check": "shared_sessions", "sessions": sessions, "of": of}),
        Found::IncompletePairs { pairs, of } => json!({"check": "incomplete_pairs", "pairs": pairs, "of": of}),
        Found::Missing { metric, missing, rows, p_value, apart } => {
            json!({"check": "missing", "metric": metric, "missing": missing, "rows": rows, "p": p_value, "apart": apart})
        }
        Found::Imbalance { column, p_value, arm, value, observed, expected } => {
            json!({"check": "imbalance", "column": column, "p": p_value, "arm": arm, "value": value, "observed": observed, "expected": expected})
        }
        Found::Clock { skew_s, far } => json!({"check": "clock", "skew_s": skew_s, "share_over_60_s": far}),
        Found::Definitions { own, stated, used } => json!({"check": "definitions", "vendor_defined": own, "stated": stated, "used": used}),
        Found::UnitsDiffer { metric, medians, between } => {
            json!({"check": "units_differ", "metric": metric, "medians": medians, "between": [between.0, between.1]})
        }
        Found::Unlike { metric, unlike, medians } => {
            json!({"check": "units_unlike", "metric": metric, "how": how(*unlike), "medians": medians})
        }
        Found::Constant { metric, value } => json!({"check": "constant", "metric": metric, "value": value}),
        Found::Times { middle, apart, p_value } => json!({"check": "times", "middle_ms": middle, "apart": apart, "p": p_value}),
        Found::OddTimes { ahead, ancient, of } => json!({"check": "odd_times", "ahead": ahead, "before_2000": ancient, "of": of}),
        Found::NoUnit { column, users, rows } => json!({"check": "no_unit", "column": column, "users": users, "rows": rows}),
        Found::Namesakes { names } => json!({"check": "namesakes", "names": names}),
        Found::Outliers { metric, rows, of } => json!({"check": "outliers", "metric": metric, "rows": rows, "of": of}),
        Found::Impossible { metric, rows, of } => json!({"check": "impossible", "metric": metric, "rows": rows, "of": of}),
        Found::Duplicates { rows, of } => json!({"check": "duplicates", "rows": rows, "of": of}),
        Found::Elsewhere { unstated, others, of } => json!({"check": "elsewhere", "unstated": unstated, "others": others, "of": of}),
        Found::NoRows { arm } => json!({"check": "no_rows", "arm": arm}),
        Found::Days { ran, least } => json!({"check": "days", "ran": ran, "least": least}),
        Found::Units { units, fewest, planned } => json!({"check": "units", "units": units, "fewest": fewest, "planned": planned}),
    }
}

fn how(unlike: Unlike) -> Value {
    match unlike {
        Unlike::Factor { low, high, factor } => json!({"kind": "factor", "low": low, "high": high, "factor": factor}),
        Unlike::Yes { low, high, yes } => json!({"kind": "yes", "low": low, "high": high, "yes": yes}),
        Unlike::Range { low, high, most } => json!({"kind": "range", "low": low, "high": high, "most": most}),
        Unlike::Mixed { arm, share } => json!({"kind": "mixed", "arm": arm, "share": share}),
        Unlike::Zeros { arm, share } => json!({"kind": "zeros", "arm": arm, "share": share}),
    }
}
