//! Drivers as JSON.

use qoe_query::satisfaction::DriversAnswer;
use qoe_query::statistics::drivers::{Findings, Penalised};
use serde_json::{Value, json};

use super::estimate;
use crate::section::drivers::why_penalised;
use crate::view::Lang;

/// What `qoe satisfaction drivers --json` and `/api/satisfaction` answer.
pub fn drivers(answer: &DriversAnswer) -> Value {
    let (ranked, tendencies) = match &answer.drivers.findings {
        Findings::Estimated(found) => {
            let ranked = found.iter().map(|driver| {
                json!({
                    "measure": driver.measure, "per_deviation": estimate(&driver.per_deviation), "deviation": driver.deviation,
                    "step": driver.step, "per_step": estimate(&driver.per_step), "p": driver.p, "p_holm": driver.p_holm,
                    "inflation": driver.inflation, "collinear_with": driver.collinear_with, "missing": driver.missing,
                })
            });
            (ranked.collect::<Vec<_>>(), Value::Null)
        }
        Findings::Penalised { why, ridge, tendencies } => {
            let all = tendencies.iter().map(
                |tendency| json!({"measure": tendency.measure, "goes_with": if tendency.per_step < 0.0 { "lower" } else { "higher" }}),
            );
            (
                Vec::new(),
                json!({"why": penalised(why), "detail": why_penalised(why, Lang::En), "ridge": ridge, "measures": all.collect::<Vec<_>>()}),
            )
        }
    };
    json!({
        "outcome": answer.outcome,
        "level": answer.level.level(),
        "measures": answer.measures,
        "confounders": answer.confounders,
        "left_out_as_sparse": answer.sparse,
        "answers": answer.drivers.answers,
        "users": answer.by_person.then_some(answer.drivers.users),
        "off_scale": answer.left_out.off_scale,
        "on_another_scale": answer.left_out.other_scale,
        "levels": answer.drivers.levels,
        "condition": answer.drivers.condition,
        "drivers": ranked,
        "tendencies": tendencies,
    })
}

fn penalised(why: &Penalised) -> &'static str {
    match why {
        Penalised::Asked => "asked",
        Penalised::NotFitted(_) => "not_fitted",
        Penalised::TooFewUsers { .. } => "too_few_users",
    }
}
