//! Claims as JSON.

use qoe_query::poc::claims::{ArmVerdict, ClaimsAnswer, Part, Said, Statistic, Verdict};
use serde_json::{Value, json};

/// What `qoe poc claims --json` answers.
pub fn claims(answer: &ClaimsAnswer) -> Value {
    let claims = answer.claims.iter().map(|claim| {
        json!({
            "said": claim.claim.said, "restated": said(&claim.restated), "arms": claim.arms.iter().map(arm).collect::<Vec<_>>(),
        })
    });
    json!({
        "claims": claims.collect::<Vec<_>>(), "level": answer.level.level(), "unit": answer.unit, "rows": answer.rows, "unplaced": answer.unplaced,
    })
}

/// The same in both languages.
pub(crate) fn said(said: &Said) -> Value {
    json!({"en": said.en, "zh": said.zh})
}

/// As it is written.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "supported",
        Verdict::Contradicted => "contradicted",
        Verdict::Untestable => "untestable",
    }
}

fn arm(arm: &ArmVerdict) -> Value {
    json!({
        "arm": arm.arm, "verdict": verdict(arm.verdict), "n": arm.n, "units": arm.units, "absent": arm.absent,
        "would_test": arm.tests.iter().map(said).collect::<Vec<_>>(), "figures": arm.parts.iter().map(part).collect::<Vec<_>>(),
    })
}

fn part(part: &Part) -> Value {
    let (statistic, quantile) = match part.statistic {
        Statistic::Quantile(share) => ("quantile", Some(share)),
        Statistic::Share => ("share", None),
        Statistic::Mean => ("mean", None),
        Statistic::Effect => ("adjusted_effect", None),
    };
    let (found, why) = match &part.found {
        Err(why) => (None, Some(why.to_string())),
        Ok(held) => {
            let figure = &held.figure;
            let found = json!({
                "value": figure.value, "low": figure.low, "high": figure.high, "n": figure.n, "units": figure.units,
                "design_effect": figure.design_effect, "bound": held.bound, "rows_needed": held.needed,
            });
            (Some(found), None)
        }
    };
    json!({
        "place": part.place, "statistic": statistic, "quantile": quantile, "verdict": verdict(part.verdict), "p_against": part.p_against, "p_against_adjusted": part.p_against_adjusted, "p_for": part.p_for,
        "found": found, "why": why,
    })
}
