//! Corrected scores as JSON.

use qoe_query::satisfaction::correct::{CorrectAnswer, CorrectGroup, Correction, GroupOrder, Own};
use qoe_query::satisfaction::covariates::{LeftOut, WhyOut};
use qoe_query::satisfaction::margins::Raked;
use qoe_query::statistics::balance::{ColumnBalance, Contrast};
use qoe_query::statistics::calibration::Calibration;
use qoe_query::statistics::design::Why;
use qoe_query::statistics::response::Warning;
use qoe_query::statistics::sensitivity::{Band, Direction, Turn};
use qoe_query::statistics::weights::Cap;
use serde_json::{Value, json};

use super::estimate;

/// What `qoe satisfaction correct --json` and `/api/satisfaction/correct` answer. Scores are in the unit of their kind.
pub fn correct(answer: &CorrectAnswer) -> Value {
    let (scale, aside) = (answer.instrument.scale(), &answer.set_aside);
    json!({
        "kind": answer.instrument.kind().name(),
        "scale": {"low": scale.low, "high": scale.high},
        "level": answer.level.level(),
        "cap": cap(answer.cap),
        "covariates": {"used": answer.known.used, "left_out": answer.known.left_out.iter().map(left_out).collect::<Vec<_>>()},
        "user": answer.user,
        "target": answer.target,
        "by": answer.by,
        "all": group(&answer.all),
        "groups": answer.groups.iter().map(group).collect::<Vec<_>>(),
        "order": answer.order.as_ref().map(order),
        "raked": answer.raked.as_ref().map(raked),
        "earlier_answers_left_out": answer.earlier,
        "counted_as_silent": {
            "on_another_scale": aside.other_scale, "off_the_scale": aside.off_scale, "answered_without_score": aside.no_score,
            "score_without_answer": aside.contradicted,
        },
    })
}

fn cap(cap: Cap) -> Value {
    match cap {
        Cap::None => Value::Null,
        Cap::Multiple(times) => json!({"mean_weights": times}),
        Cap::Quantile(share) => json!({"quantile": share}),
    }
}

fn left_out(left: &LeftOut) -> Value {
    let (why, measured) = match left.why {
        WhyOut::Sparse { measured } => ("sparse", Some(measured)),
        WhyOut::Unfit(Why::Constant) => ("constant", None),
        WhyOut::Unfit(Why::Collinear) => ("collinear", None),
        WhyOut::Unfit(Why::Unmeasured) => ("unmeasured", None),
    };
    json!({"covariate": left.covariate, "why": why, "measured_ratio": measured})
}

fn group(group: &CorrectGroup) -> Value {
    let mut out = match &group.corrected {
        Ok(Correction::Own(corrected)) => own(corrected),
        Ok(Correction::Pooled { raw, weighted }) => json!({"model": "shared", "corrected": estimate(weighted), "raw": estimate(raw)}),
        Ok(Correction::NobodySilent { raw }) => json!({"model": "none", "corrected": estimate(raw), "raw": estimate(raw)}),
        Err(error) => json!({"model": null, "corrected": null, "why": said(error)}),
    };
    out["values"] = json!(group.values);
    out["asked"] = json!(group.asked);
    out["answered"] = json!(group.answered);
    out
}

/// An error with its causes.
fn said(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        out.push_str(&format!(": {error}"));
        cause = error.source();
    }
    out
}

fn own(own: &Own) -> Value {
    let of = &own.corrected;
    json!({
        "model": "own",
        "corrected": estimate(&of.augmented),
        "raw": estimate(&of.raw),
        "weighted": estimate(&of.weighted),
        "trimmed": estimate(&of.trimmed),
        "silent": estimate(&of.silent),
        "response_rate": estimate(&of.rate),
        "weights": {
            "effective_n": of.effective_n, "design_effect": of.design_effect, "cut": of.trimmed_weights, "cut_off_ratio": of.trimmed_share,
            "greatest": of.overlap.greatest_weight, "silent_beyond_ratio": of.overlap.silent_beyond,
        },
        "balance": of.balance.columns.iter().map(column).collect::<Vec<_>>(),
        "calibration": {"answering": calibration(&of.answering), "answers": calibration(&of.answering_with)},
        "sensitivity": own.band.as_ref().map(band),
        "turns_at": own.turn.as_ref().map(|found| found.as_ref().map(|found| turn(found, |direction| json!(name(direction))))),
        "warnings": of.warnings.iter().map(warning).collect::<Vec<_>>(),
    })
}

fn column(column: &ColumnBalance) -> Value {
    let contrast = |contrast: &Contrast| {
        json!({
            "answered": contrast.first, "asked": contrast.second, "standardised_difference": contrast.difference,
            "variance_ratio": contrast.variance_ratio,
        })
    };
    json!({"column": column.column, "before": contrast(&column.before), "after": contrast(&column.after)})
}

fn calibration(calibration: &Calibration) -> Value {
    let bins = calibration.bins.iter().map(|bin| {
        let (low, high) = (bin.interval.map(|interval| interval.low), bin.interval.map(|interval| interval.high));
        json!({"predicted": bin.predicted, "observed": bin.observed, "low": low, "high": high, "n": bin.n})
    });
    json!({"tenths": bins.collect::<Vec<_>>(), "mean_gap": calibration.mean_gap, "greatest_gap": calibration.greatest_gap})
}

fn band(band: &Band) -> Value {
    let points =
        band.points.iter().map(|point| json!({"who": name(point.direction), "odds": point.odds, "score": estimate(&point.estimate)}));
    json!({
        "points": points.collect::<Vec<_>>(),
        "values": {"low": band.values.0, "high": band.values.1},
        "intervals": {"low": band.ends.0, "high": band.ends.1},
    })
}

fn name(direction: Direction) -> &'static str {
    match direction {
        Direction::Both => "both",
        Direction::Furious => "furious",
        Direction::Delighted => "delighted",
    }
}

fn turn<D: Copy>(turn: &Turn<D>, who: impl Fn(D) -> Value) -> Value {
    json!({"odds": turn.odds, "who": who(turn.direction)})
}

fn order(order: &GroupOrder) -> Value {
    let turns = order.order.as_ref();
    json!({
        "difference": estimate(&order.difference),
        "sensitivity": turns.map(|turns| json!({
            "difference_at_1": turns.difference,
            "together": turns.together.as_ref().map(|found| turn(found, |direction| json!(name(direction)))),
            "apart": turns.apart.as_ref().map(|found| turn(found, |(first, second)| json!([name(first), name(second)]))),
        })),
    })
}

fn raked(raked: &Raked) -> Value {
    let mut out = match &raked.score {
        Ok(score) => json!({"score": estimate(&score.estimate), "effective_n": score.effective_n}),
        Err(error) => json!({"score": null, "why": said(error)}),
    };
    out["margins"] = json!(raked.margins);
    out["answers_not_stated"] = json!(raked.not_stated);
    out
}

fn warning(warning: &Warning) -> Value {
    match warning {
        Warning::FewAnswers { answers } => json!({"code": "few_answers", "answers": answers}),
        Warning::FewEffective { effective_n, answers } => json!({"code": "few_effective", "effective_n": effective_n, "answers": answers}),
        Warning::SilentBeyond { share } => json!({"code": "silent_beyond", "ratio": share}),
        Warning::HeavyWeight { greatest } => json!({"code": "heavy_weight", "mean_weights": greatest}),
        Warning::Unbalanced { column, difference } => {
            json!({"code": "unbalanced", "column": column, "standardised_difference": difference})
        }
        Warning::Separated { column } => json!({"code": "separated", "column": column}),
        Warning::NothingKnown => json!({"code": "nothing_known"}),
    }
}
