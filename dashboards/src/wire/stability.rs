//! Success against objectives as JSON.

use qoe_query::satisfaction::StabilityAnswer;
use qoe_query::statistics::stability::Verdict;
use serde_json::{Value, json};

use super::estimate;

/// What `qoe satisfaction stability --json` and `/api/satisfaction` answer.
pub fn stability(answer: &StabilityAnswer) -> Value {
    let groups = answer.groups.iter().map(|group| match &group.found {
        Ok(found) => json!({
            "values": group.values, "objective": group.objective.share(), "share": estimate(&found.share),
            "at_least": found.at_least, "at_most": found.at_most, "verdict": verdict(found.verdict),
            "budget": {"allowed": found.budget.allowed, "failures": found.budget.failures, "used": found.budget.used, "remaining": found.budget.remaining},
            "attempts_needed": {"clean": found.needed.clean, "rule_of_three": found.needed.rule_of_three, "with_failures": found.needed.with_failures},
            "design_effect": found.design_effect,
        }),
        Err(error) => json!({"values": group.values, "objective": group.objective.share(), "share": null, "why": error.to_string()}),
    });
    json!({"level": answer.level.level(), "by": answer.by, "groups": groups.collect::<Vec<_>>(), "unknown": answer.unknown})
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::Missed => "missed",
        Verdict::NotShown => "not_shown",
    }
}
