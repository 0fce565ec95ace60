//! Dose-response curves as JSON.

use qoe_query::satisfaction::CurveAnswer;
use qoe_query::statistics::iqx::{Iqx, Misfit};
use qoe_query::statistics::knee::{Knee, NoKnee};
use serde_json::{Value, json};

use super::estimate;
use crate::section::curve::{misfit, why_no_knee};
use crate::view::Lang;

/// What `qoe satisfaction curve --json` and `/api/satisfaction` answer.
pub fn curve(answer: &CurveAnswer) -> Value {
    let bins = answer.response.bins.iter().map(|bin| {
        json!({"low": bin.low, "high": bin.high, "mean": bin.mean, "rows": bin.rows, "users": bin.users, "value": bin.value, "outcome": bin.outcome.as_ref().map(estimate)})
    });
    let smooth = answer.response.smooth.iter().flat_map(|smooth| &smooth.steps);
    json!({
        "outcome": answer.outcome,
        "measure": answer.measure,
        "level": answer.level.level(),
        "n": answer.response.n,
        "missing": answer.response.missing,
        "off_scale": answer.left_out.off_scale,
        "on_another_scale": answer.left_out.other_scale,
        "bins": bins.collect::<Vec<_>>(),
        "smooth": smooth.map(|step| json!({"from": step.from, "to": step.to, "level": step.level})).collect::<Vec<_>>(),
        "knee": match &answer.knee {
            Knee::Found(found) => json!({
                "found": true, "at": estimate(&found.at), "slope_before": estimate(&found.slope_before),
                "slope_after": estimate(&found.slope_after), "bend": estimate(&found.bend), "p": found.p, "searched": [found.searched.0, found.searched.1],
            }),
            Knee::NotFound { p, why } => json!({"found": false, "p": p, "why": no_knee(*why), "detail": why_no_knee(*why, Lang::En)}),
        },
        "iqx": match &answer.iqx {
            Iqx::Fitted(fit) => json!({
                "fits": true, "alpha": estimate(&fit.alpha), "beta": estimate(&fit.beta), "gamma": estimate(&fit.gamma),
                "r_squared": fit.r_squared, "r_squared_of_means": fit.r_squared_of_means,
            }),
            Iqx::NotFitting { why } => json!({"fits": false, "why": misfit_name(*why), "detail": misfit(*why, Lang::En)}),
        },
    })
}

fn no_knee(why: NoKnee) -> &'static str {
    match why {
        NoKnee::TooFew => "too_few",
        NoKnee::TooFewValues => "too_few_values",
        NoKnee::Constant => "constant",
        NoKnee::Straight => "straight",
        NoKnee::Gradual => "gradual",
        NoKnee::AtEdge => "at_edge",
        NoKnee::Anywhere => "anywhere",
        NoKnee::NoScatter => "no_scatter",
    }
}

fn misfit_name(why: Misfit) -> &'static str {
    match why {
        Misfit::TooFew => "too_few",
        Misfit::TooFewValues => "too_few_values",
        Misfit::Constant => "constant",
        Misfit::Accelerating => "accelerating",
        Misfit::Straight => "straight",
        Misfit::Abrupt => "abrupt",
        Misfit::FarFromMeans { .. } => "far_from_means",
        Misfit::NoInterval => "no_interval",
    }
}
