//! Scores as JSON.

use qoe_query::satisfaction::{ScoreAnswer, ScoreGroup};
use serde_json::{Value, json};

use super::estimate;

/// What `qoe satisfaction score --json` and `/api/satisfaction/score` answer.
pub fn score(answer: &ScoreAnswer) -> Value {
    let scale = answer.instrument.scale();
    json!({
        "kind": answer.instrument.kind().name(),
        "scale": {"low": scale.low, "high": scale.high},
        "level": answer.level.level(),
        "by": answer.by,
        "all": group(&answer.all),
        "groups": answer.groups.iter().map(group).collect::<Vec<_>>(),
        "answers_on_another_scale": answer.other_scale,
        "answers_without_weight": answer.unweighted,
        "earlier_answers_left_out": answer.earlier,
    })
}

fn group(group: &ScoreGroup) -> Value {
    let mut out = match &group.scored {
        Ok(scored) => json!({
            "score": estimate(&scored.headline),
            "method": scored.method.name(),
            "bootstrap": scored.bootstrap.as_ref().map(estimate),
            "effective_n": scored.effective_n,
            "distribution": scored.distribution.iter().map(|given| json!({"score": given.score, "answers": given.answers, "share": given.share})).collect::<Vec<_>>(),
            "refused": scored.refused,
        }),
        Err(error) => json!({"score": null, "why": error.to_string()}),
    };
    out["values"] = json!(group.values);
    out["response"] = group.response.as_ref().map_or(Value::Null, |rate| {
        json!({"answered": estimate(&rate.answered), "dismissed": estimate(&rate.dismissed), "ignored": rate.ignored, "unasked": rate.unasked})
    });
    out
}
