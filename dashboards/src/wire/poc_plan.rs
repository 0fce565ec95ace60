//! What a POC takes, as JSON.

use qoe_query::poc::Rank;
use qoe_query::poc::plan::{ClaimPlan, MetricPlan, Need, Needs, Plan};
use qoe_query::statistics::sample_size::SampleSizeError;
use serde_json::{Value, json};

/// What `qoe poc plan --json` and `/api/poc/plan` answer.
pub fn poc_plan(plan: &Plan) -> Value {
    json!({
        "name": plan.poc.name, "arms": plan.arms, "allocation": plan.shares, "randomised": plan.poc.randomised.name(),
        "level": plan.poc.level.level(), "power": plan.poc.power, "minimum_days": plan.poc.minimum_days,
        "primary_tests": plan.tests, "first_step_alpha": plan.first_alpha, "looking": plan.looking, "units_per_day": plan.per_day,
        "seen": plan.seen.map(|seen| json!({"rows": seen.rows, "units": seen.units, "days": seen.days})),
        "decides": plan.decides.as_ref().map(need),
        "metrics": plan.metrics.iter().map(metric).collect::<Vec<_>>(),
        "claims": plan.claims.iter().map(claim).collect::<Vec<_>>(),
    })
}

fn need(need: &Need) -> Value {
    json!({"units": need.units, "per_arm": need.per_arm, "rows": need.rows, "days": need.days})
}

fn needs(needs: &Needs) -> Value {
    let one = |of: &Result<Need, SampleSizeError>| match of {
        Ok(of) => need(of),
        Err(why) => json!({"units": null, "why": why.to_string()}),
    };
    json!({"alone": one(&needs.alone), "first_step": one(&needs.first)})
}

fn metric(of: &MetricPlan) -> Value {
    let rank = if of.metric.rank == Rank::Primary { "primary" } else { "secondary" };
    let mut value = json!({"name": of.metric.name, "what": of.metric.what, "kind": of.kind.name(), "better": of.metric.better.name(), "rank": rank, "margin": of.metric.margin});
    let more = match &of.planned {
        Ok(planned) => json!({
            "value": planned.value, "unit_sd": planned.deviation, "design_effect": planned.effect, "rows_per_unit": planned.rows_per_unit,
            "removed_by_before": planned.removed, "difference": needs(&planned.difference), "non_inferiority": needs(&planned.non_inferiority),
            "equivalence": needs(&planned.equivalence),
        }),
        Err(why) => json!({"cannot_be_planned_because": why.to_string()}),
    };
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

fn claim(of: &ClaimPlan) -> Value {
    let needs = of.needs.iter().map(|need| {
        let (rows, why) = match &need.rows {
            Ok(rows) => (Some(*rows), None),
            Err(why) => (None, Some(why.to_string())),
        };
        json!({"figure": need.figure, "bound": need.bound, "seen": need.seen, "design_effect": need.effect, "clean_rows": need.clean, "rows": rows, "why": why})
    });
    json!({"said": of.claim.said, "arm": of.claim.arm, "parts": of.parts, "testable": !of.needs.is_empty(), "needs": needs.collect::<Vec<_>>()})
}
