//! Vendors compared, as JSON.

use qoe_query::poc::compare::{ArmFigure, CompareAnswer, Judged, MetricAnswer, PairAnswer, Why};
use qoe_query::poc::{Better, Rank, Stopping};
use qoe_query::statistics::Estimate;
use qoe_query::statistics::contrast::Method;
use serde_json::{Value, json};

use super::estimate;

/// What `qoe poc compare --json` and `/api/poc/compare` answer. Vendors and strata are named; each `difference` is of `first` less `second` in the metric's own unit, each
/// `better_by` the same turned so that positive says that the first is better. A verdict is the rule applied to the interval beside it.
pub fn poc_compare(answer: &CompareAnswer) -> Value {
    let arms = answer.arms.iter().map(|arm| json!({"name": arm.name, "rows": arm.rows, "units": arm.units}));
    let stopping = match answer.stopping {
        Stopping::Fixed => json!({"rule": "fixed"}),
        Stopping::AnyTime { narrowest_at } => json!({"rule": "any_time", "narrowest_at": narrowest_at}),
    };
    json!({
        "level": answer.level.level(), "stopping": stopping, "arms": arms.collect::<Vec<_>>(), "strata": answer.strata,
        "split_p": answer.split_p_value, "contaminated_units": answer.contaminated, "rows_elsewhere": answer.elsewhere, "resamples": answer.resamples, "seed": answer.seed,
        "metrics": answer.metrics.iter().map(|of| metric(answer, of)).collect::<Vec<_>>(),
    })
}

fn metric(answer: &CompareAnswer, of: &MetricAnswer) -> Value {
    let rank = match of.metric.rank {
        Rank::Primary => "primary",
        Rank::Secondary => "secondary",
    };
    json!({
        "name": of.metric.name, "what": of.metric.what, "kind": of.kind.name(), "better": of.metric.better.name(), "margin": of.metric.margin,
        "rank": rank, "before": of.metric.before, "horizon": of.horizon,
        "arms": answer.arms.iter().zip(&of.arms).map(|(arm, figure)| figured(&arm.name, figure)).collect::<Vec<_>>(),
        "pairs": of.pairs.iter().map(|found| pair(answer, of.metric.better, found)).collect::<Vec<_>>(),
        "ranks": of.ranks.as_ref().map(|ranks| {
            answer.arms.iter().zip(ranks).map(|(arm, places)| json!({"name": arm.name, "probabilities": places})).collect::<Vec<_>>()
        }),
    })
}

fn figured(name: &str, of: &ArmFigure) -> Value {
    let (figure, why) = either(&of.figure, estimate);
    json!({"name": name, "figure": figure, "value_alone": of.alone, "why": why, "rows": of.rows, "missing": of.missing})
}

fn pair(answer: &CompareAnswer, better: Better, of: &PairAnswer) -> Value {
    let name = |arm: usize| answer.arms.get(arm).map(|arm| arm.name.as_str());
    let stratum = |at: usize| answer.strata.get(at).map(String::as_str);
    json!({
        "first": name(of.first), "second": name(of.second), "overall": judged(&of.overall, better), "covered": of.covered,
        "without_resampling": of.analytic.as_ref().map(estimate),
        "pooled": of.pooled.map(|pooled| json!({"difference": estimate(&pooled.difference), "reversed": pooled.reversed})),
        "heterogeneity": of.heterogeneity.map(|of| json!({"q": of.q, "freedom": of.freedom, "p": of.p_value, "i_squared": of.beyond_chance})),
        "strata": of.strata.iter().map(|within| json!({"stratum": stratum(within.stratum), "found": judged(&within.judged, better)})).collect::<Vec<_>>(),
    })
}

/// One difference with its verdict; without one it is inconclusive, and says why.
fn judged(of: &Result<Judged, Why>, better: Better) -> Value {
    let found = match of {
        Ok(found) => found,
        Err(why) => return json!({"verdict": "inconclusive", "why": why.to_string()}),
    };
    let turned = |difference: &Estimate| estimate(&better.turned(difference));
    let shown = found.told.iter().map(|told| {
        json!({"verdict": told.shown.name(), "level": told.level.level(), "difference": estimate(&told.interval), "better_by": turned(&told.interval)})
    });
    let tested = found.tested.iter().map(|of| {
        json!({
            "question": of.question.name(), "shown": of.shown.map(|shown| shown.name()), "p_adjusted": of.p_adjusted, "level": of.level.level(),
            "difference": estimate(&of.interval), "better_by": turned(&of.interval),
        })
    });
    json!({
        "verdict": found.verdict().name(), "shown": shown.collect::<Vec<_>>(), "tested": tested.collect::<Vec<_>>(), "method": method(found.method),
        "difference": estimate(&found.difference), "better_by": turned(&found.difference), "ratio": found.ratio.as_ref().map(estimate),
        "p": found.p_value, "p_adjusted": found.p_adjusted,
        "adjusted": {"level": found.adjusted_level.level(), "difference": estimate(&found.adjusted), "better_by": turned(&found.adjusted)},
        "units": found.units, "units_that_would_settle": found.would_settle,
    })
}

fn either<T>(of: &Result<T, Why>, value: impl Fn(&T) -> Value) -> (Value, Option<String>) {
    match of {
        Ok(found) => (value(found), None),
        Err(why) => (Value::Null, Some(why.to_string())),
    }
}

/// A method by the name that programs know it by.
pub fn method(method: Method) -> &'static str {
    match method {
        Method::Welch => "welch",
        Method::Newcombe => "newcombe",
        Method::DeltaMethod => "delta_method",
        Method::ClusterQuantile => "cluster_quantile",
        Method::ClusterBootstrap => "cluster_bootstrap",
        Method::BrunnerMunzel => "brunner_munzel",
        Method::RestrictedMean => "restricted_mean",
        Method::PairedT => "paired_t",
        Method::PairedNewcombe => "paired_newcombe",
        Method::PairedQuantile => "paired_quantile",
        Method::PairedSign => "paired_sign",
    }
}
