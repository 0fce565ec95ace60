//! Who came back, as JSON.

use qoe_query::retention::{CohortsAnswer, DayClock, SplitCurves, SplitGroup};
use qoe_query::statistics::Return;
use qoe_query::statistics::retention::Cell;
use serde_json::{Value, json};

use super::estimate;

/// What `qoe retention cohorts --json` and `/api/retention/cohorts` answer.
pub fn cohorts(answer: &CohortsAnswer) -> Value {
    json!({
        "definition": definition(&answer.days),
        "days": match answer.clock { DayClock::Calendar(_) => "calendar", DayClock::Windows => "windows_24h" },
        "zone": answer.clock.zone(),
        "level": answer.level.level(),
        "observed": {
            "first_day": answer.observed.0.to_string(),
            "last_day": answer.observed.1.to_string(),
            "end_assumed": answer.end_assumed,
            "nothing_before": answer.nothing_before,
        },
        "users": {
            "new": answer.newcomers,
            "not_new": answer.not_new,
            "without_first_seen": answer.without_first,
            "before_first_seen": answer.before_first,
        },
        "rows_left_out": answer.unplaced,
        "curve": cells(&answer.curve),
        "daily": cells(&answer.daily),
        "cohort": answer.cohort.name(),
        "cohorts": answer.cohorts.iter().map(|row| json!({
            "first_day": row.first_day.to_string(),
            "users": row.users,
            "cells": row.cells.iter().zip(&answer.days).map(|(cell, day)| {
                let mut out = named(day);
                out["share"] = cell.as_ref().map_or(Value::Null, estimate);
                out
            }).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "by": answer.split.as_ref().map(|split| split.split.column()),
        "groups": answer.split.as_ref().map(groups),
        "groups_left_out": answer.split.as_ref().map(|split| split.left_out),
    })
}

fn definition(days: &[Return]) -> &'static str {
    match days.first() {
        Some(Return::OnOrAfter(_)) => "unbounded",
        Some(Return::Within(_)) => "bracket",
        _ => "nday",
    }
}

/// The first and the last day of a meaning of return; null: no end.
fn named(day: &Return) -> Value {
    match day {
        Return::On(day) => json!({"from_day": day, "to_day": day}),
        Return::OnOrAfter(day) => json!({"from_day": day, "to_day": null}),
        Return::Within(days) => json!({"from_day": days.start(), "to_day": days.end()}),
    }
}

fn cells(cells: &[Cell]) -> Vec<Value> {
    let cell = |cell: &Cell| {
        let mut out = named(&cell.day);
        out["returned"] = json!(cell.counts.hits);
        out["observed"] = json!(cell.counts.n);
        out["share"] = cell.share.as_ref().map_or(Value::Null, estimate);
        out
    };
    cells.iter().map(cell).collect()
}

/// The first is the one that the others are held against; a group of null is of those of whom it is not known.
fn groups(split: &SplitCurves) -> Vec<Value> {
    let group = |group: &SplitGroup| {
        let mut curve = cells(&group.curve.cells);
        for (cell, less) in curve.iter_mut().zip(&group.curve.less_first) {
            cell["less_first_group"] = less.as_ref().map_or(Value::Null, estimate);
        }
        let value = Some(&group.curve.label).filter(|label| !label.is_empty());
        json!({"value": value, "users": group.users, "curve": curve, "daily": cells(&group.daily)})
    };
    split.groups.iter().map(group).collect()
}
