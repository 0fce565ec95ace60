//! How long until something happens, as JSON.

use qoe_query::retention::{Amount, Hazard, LeftOut, Model, SurvivalAnswer, SurvivalGroups};
use qoe_query::statistics::design::Why;
use qoe_query::statistics::kaplan_meier::Quantile;
use qoe_query::statistics::survival_by_band::Band;
use qoe_query::statistics::{Confidence, KaplanMeier, KaplanMeierError, LogRank, RestrictedMean};
use serde_json::{Value, json};

use super::estimate;

/// Points of a curve.
const POINTS: usize = 200;

/// What `qoe retention survival --json` and `/api/retention/survival` answer. Times are in the unit of the column of durations.
pub fn survival(answer: &SurvivalAnswer) -> Value {
    json!({
        "duration": answer.duration,
        "event": answer.event,
        "level": answer.level.level(),
        "interval": "log-log",
        "baseline_s": answer.baseline.map(|baseline| baseline.seconds),
        "rows": answer.rows,
        "events": answer.events,
        "users": answer.users,
        "rows_left_out": left_out(answer.left_out),
        "horizon": answer.horizon,
        "median": quantile(&answer.median),
        "restricted_mean": mean(&answer.restricted_mean),
        "at_risk": at_risk(&answer.curve, &answer.times, answer.level),
        "curve": curve(&answer.curve, answer.level),
        "zero_from": answer.emptied,
        "by": answer.groups.as_ref().map(|groups| groups.split.column()),
        "groups": answer.groups.as_ref().map(|groups| groups.bands.bands.iter().map(|band| group(band, answer)).collect::<Vec<_>>()),
        "groups_left_out": answer.groups.as_ref().map(|groups| groups.left_out),
        "log_rank": answer.groups.as_ref().map(log_rank),
        "cox": answer.model.as_ref().map(|model| match model {
            Ok(model) => cox(model),
            Err(error) => json!({"hazard_ratios": null, "why": error.to_string()}),
        }),
    })
}

fn left_out(left_out: LeftOut) -> Value {
    json!({
        "without_duration": left_out.unmeasured,
        "negative": left_out.negative,
        "infinite": left_out.infinite,
        "without_event": left_out.unstated,
        "end_before_entry": left_out.backwards,
    })
}

/// Null: not reached.
fn quantile(quantile: &Quantile) -> Value {
    json!({"value": quantile.value, "low": quantile.low, "high": quantile.high, "n": quantile.n})
}

fn mean(mean: &Result<RestrictedMean, KaplanMeierError>) -> Value {
    match mean {
        Ok(mean) => json!({"horizon": mean.horizon, "mean": estimate(&mean.mean), "standard_error": mean.standard_error}),
        Err(error) => json!({"mean": null, "why": error.to_string()}),
    }
}

fn at_risk(curve: &KaplanMeier, times: &[f64], level: Confidence) -> Vec<Value> {
    let at = |time: &f64| {
        let without = curve.at(*time, level).as_ref().map_or(Value::Null, estimate);
        json!({"time": time, "at_risk": curve.at_risk(*time), "share_without": without})
    };
    times.iter().map(at).collect()
}

fn curve(curve: &KaplanMeier, level: Confidence) -> Vec<Value> {
    let point = |point: qoe_query::statistics::kaplan_meier::Point| json!({"time": point.time, "at_risk": point.at_risk, "share_without": estimate(&point.survival)});
    curve.curve(POINTS, level).into_iter().map(point).collect()
}

/// The first group is the one that the others are held against; a value of null is of those of whom it is not known.
fn group(band: &Band, answer: &SurvivalAnswer) -> Value {
    let value = Some(&band.label).filter(|label| !label.is_empty());
    json!({
        "value": value,
        "rows": band.n,
        "events": band.events,
        "median": quantile(&band.median),
        "restricted_mean": mean(&band.restricted_mean),
        "less_first_group": band.less_first.as_ref().map(estimate),
        "at_risk": at_risk(&band.curve, &answer.times, answer.level),
        "curve": curve(&band.curve, answer.level),
    })
}

fn log_rank(groups: &SurvivalGroups) -> Value {
    match &groups.bands.log_rank {
        Ok(LogRank { statistic, freedom, p_value, groups }) => json!({
            "chi_square": statistic,
            "degrees_of_freedom": freedom,
            "p": p_value,
            "groups": groups.iter().map(|group| json!({"value": group.label, "observed": group.observed, "expected": group.expected})).collect::<Vec<_>>(),
        }),
        Err(error) => json!({"p": null, "why": error.to_string()}),
    }
}

fn cox(model: &Model) -> Value {
    let cox = &model.cox;
    json!({
        "ties": "efron",
        "rows": cox.rows,
        "events": cox.events,
        "variance": if cox.robust.is_some() { "robust" } else { "model" },
        "people": model.clusters,
        "hazard_ratios": model.hazards.iter().map(hazard).collect::<Vec<_>>(),
        "left_out": model.dropped.iter().map(|dropped| json!({"column": dropped.column, "why": left_out_for(dropped.why)})).collect::<Vec<_>>(),
        "likelihood_ratio": cox.likelihood_ratio().map(|(statistic, p)| json!({"chi_square": statistic, "p": p})),
        "proportionality": cox.proportionality.as_ref().map(|test| json!({
            "clock": "rank",
            "chi_square": test.statistic,
            "p": test.p_value,
        })),
    })
}

fn left_out_for(why: Why) -> &'static str {
    match why {
        Why::Constant => "constant",
        Why::Collinear => "collinear",
        Why::Unmeasured => "unmeasured",
    }
}

fn hazard(hazard: &Hazard) -> Value {
    let (more, against) = match &hazard.amount {
        Amount::More { of } => (Some(of), None),
        Amount::Against { reference } => (None, reference.as_ref()),
    };
    json!({
        "column": hazard.column,
        "per": more,
        "against": against,
        "ratio": estimate(&hazard.ratio),
        "ratio_per_unit": hazard.per_unit.as_ref().map(estimate),
        "p": hazard.p_value,
        "proportionality": hazard.departure.as_ref().map(|departure| json!({"chi_square": departure.statistic, "p": departure.p_value})),
    })
}
