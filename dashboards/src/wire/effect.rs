//! Effects as JSON.

use qoe_query::retention::ReturnOn;
use qoe_query::retention::effect::{ClaimVerdict, EffectAsked, EffectOutcome};
use qoe_query::statistics::effect::{Contrast, Conversion, Estimand, Outcome, Warning};
use serde_json::{Value, json};

use super::estimate;
use crate::section::effect::warned;
use crate::view::Lang;

/// What `qoe retention effect --json` and `/api/satisfaction` answer.
pub fn effect(asked: &EffectAsked) -> Value {
    let found = &asked.found;
    json!({
        "treatment": asked.question.treatment,
        "outcome": outcome(&asked.question.outcome),
        "covariates": asked.covariates,
        "level": asked.question.level.level(),
        "estimand": match found.estimand { Estimand::Ate => "ate", Estimand::Att => "att" },
        "kind": match found.kind { Outcome::Mean => "mean", Outcome::Share => "share" },
        "rows": {"treated": found.rows.treated, "control": found.rows.control},
        "left_out": {
            "unmeasured": asked.not_studied.unmeasured, "negative": asked.not_studied.negative, "left_before": asked.not_studied.left_before,
            "immature": asked.not_studied.immature, "later": asked.not_studied.later,
        },
        "raw_difference": contrast(&found.raw),
        "weighted": contrast(&found.weighted),
        "untrimmed": contrast(&found.untrimmed),
        "doubly_robust": contrast(&found.doubly_robust),
        "pairs": found.pairs.as_ref().map(|pairs| json!({
            "pairs": pairs.pairs, "matched": pairs.matched, "difference": estimate(&pairs.difference),
            "adjusted": pairs.adjusted.as_ref().map(estimate), "net": pairs.net.as_ref().map(estimate),
            "sign_test": {"wins": pairs.sign_test.wins, "losses": pairs.sign_test.losses, "ties": pairs.sign_test.ties, "p": pairs.sign_test.p_value},
        })),
        "balance": found.balance.iter().map(|column| json!({
            "column": column.column, "before": column.before, "weighted": column.weighted, "paired": column.paired,
        })).collect::<Vec<_>>(),
        "overlap": {"outside": found.overlap.outside, "trimmed": found.overlap.trimmed},
        "e_value": found.hidden.as_ref().map(|hidden| json!({
            "point": hidden.point, "interval": hidden.interval, "risk_ratio": estimate(&hidden.risk_ratio),
            "conversion": match hidden.conversion { Conversion::Shares => "ratio of shares", Conversion::StandardisedMean { .. } => "exp(0.91 d)" },
        })),
        "claim": asked.claim.map(|(claimed, verdict)| json!({"relative": claimed, "verdict": match verdict {
            ClaimVerdict::Compatible => "compatible",
            ClaimVerdict::Contradicted => "contradicted",
            ClaimVerdict::NotShown => "not_shown",
            ClaimVerdict::Untestable => "untestable",
        }})),
        "warnings": found.warnings.iter().map(|warning| json!({"why": name(warning), "detail": warned(warning, Lang::En)})).collect::<Vec<_>>(),
    })
}

fn name(warning: &Warning) -> &'static str {
    match warning {
        Warning::ThinOverlap { .. } => "thin_overlap",
        Warning::HeavyWeights { .. } => "heavy_weights",
        Warning::Unbalanced { .. } => "unbalanced",
        Warning::NoPairs => "no_pairs",
        Warning::FewPairs { .. } => "few_pairs",
        Warning::OutcomeModel { .. } => "outcome_model",
        Warning::Disagreement => "disagreement",
        Warning::FewUnits { .. } => "few_units",
    }
}

fn outcome(outcome: &EffectOutcome) -> Value {
    match outcome {
        EffectOutcome::Stay { column, baseline_s, .. } => json!({"stay": column, "baseline_s": baseline_s, "unit": "minutes"}),
        EffectOutcome::Return(ReturnOn { day, or_later, clock, .. }) => {
            json!({"return_day": day, "or_later": or_later, "zone": clock.zone()})
        }
        EffectOutcome::After { column, .. } => json!({"column": column}),
    }
}

fn contrast(contrast: &Contrast) -> Value {
    json!({
        "treated": estimate(&contrast.treated), "control": estimate(&contrast.control), "difference": estimate(&contrast.difference),
        "relative": contrast.relative.as_ref().map(estimate),
    })
}
