//! Drift as JSON.

use qoe_query::satisfaction::DriftAnswer;
use qoe_query::satisfaction::drift::{Cadence, Change, NoChange, Release, Series, Shift, Wave};
use serde_json::{Value, json};

use super::estimate;

/// What `qoe satisfaction drift --json` and `/api/satisfaction` answer.
pub fn drift(answer: &DriftAnswer) -> Value {
    let (scale, rows) = (answer.instrument.scale(), &answer.rows);
    json!({
        "kind": answer.instrument.kind().name(),
        "scale": {"low": scale.low, "high": scale.high},
        "level": answer.level.level(),
        "zone": answer.zone.name(),
        "wave_days": answer.wave_days,
        "last": wave(&answer.last),
        "this": wave(&answer.this),
        "by_person": answer.by_person,
        "change": match &answer.change {
            Ok(found) => change(found),
            Err(NoChange::TooFew { last, this }) => json!({"total": null, "why": "too_few", "last": last, "this": this}),
            Err(NoChange::Alike { last, this }) => json!({"total": null, "why": "all_alike", "last": last, "this": this}),
        },
        "cadence": match answer.cadence { Cadence::Daily => "daily", Cadence::Weekly => "weekly" },
        "series": answer.series.iter().map(|of| series(of, answer)).collect::<Vec<_>>(),
        "left_out_as_sparse": answer.sparse,
        "releases": answer.releases.iter().map(release).collect::<Vec<_>>(),
        "latest": answer.latest.to_string(),
        "age_days": answer.age_days,
        "stale_after_days": answer.stale_after_days,
        "stale": answer.stale,
        "rows": {
            "all": rows.all, "undated": rows.undated, "future": rows.future, "score_off_scale": rows.off_scale,
            "score_on_another_scale": rows.other_scale, "earlier_answers_left_out": rows.earlier,
            "answers_without_user": rows.nameless,
        },
    })
}

fn wave(wave: &Wave) -> Value {
    json!({"from": wave.from.to_string(), "to": wave.to.to_string(), "answers": wave.answers, "people": wave.people, "score": wave.score})
}

fn change(change: &Change) -> Value {
    let part = |of: fn(&qoe_query::statistics::WaveChange) -> Option<&qoe_query::statistics::Estimate>| {
        change.parts.as_ref().and_then(of).map(estimate)
    };
    json!({
        "total": estimate(&change.total),
        "same_people": part(|parts| parts.same_people.as_ref()),
        "who_answered": part(|parts| parts.who_answered.as_ref()),
        "joined": part(|parts| parts.joined.as_ref()),
        "left": part(|parts| parts.left.as_ref()),
        "people_in_both": change.parts.as_ref().map(|parts| parts.both),
        "switched": change.switched.as_ref().map(|switched| json!({"difference": estimate(&switched.difference), "p": switched.p})),
    })
}

fn series(of: &Series, answer: &DriftAnswer) -> Value {
    let points = of.points.iter().map(|point| {
        json!({"from": point.from.to_string(), "n": point.n, "mean": point.mean, "estimate": point.estimate.as_ref().map(estimate)})
    });
    json!({
        "name": of.name,
        "points": points.collect::<Vec<_>>(),
        "p": of.found.as_ref().ok().map(|found| found.p),
        "p_holm": of.found.as_ref().ok().map(|_| of.p_holm),
        "autocorrelation": of.found.as_ref().ok().map(|found| found.autocorrelation),
        "why_not_sought": of.found.as_ref().err().map(ToString::to_string),
        "called": !of.called(answer.level).is_empty(),
        "changes": of.shifts.iter().map(|of| shift(of, answer)).collect::<Vec<_>>(),
    })
}

fn shift(shift: &Shift, answer: &DriftAnswer) -> Value {
    json!({
        "since": shift.from.to_string(),
        "earliest": shift.earliest.to_string(),
        "latest": shift.latest.to_string(),
        "p": shift.change.p,
        "before": estimate(&shift.change.before),
        "after": estimate(&shift.change.after),
        "difference": estimate(&shift.change.difference),
        "coincides_with": shift.coincides.as_ref().map(|of| json!({
            "release": answer.releases[of.release].name, "offset_days": of.offset, "releases_within": of.within, "by_chance": of.by_chance,
        })),
    })
}

fn release(release: &Release) -> Value {
    json!({"at": release.at.to_rfc3339(), "name": release.name})
}
