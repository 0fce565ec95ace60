//! The JSON shapes: what the commands print with `--json`, what `/api/board` and `/api/session/{id}` answer, what the event stream carries, and problems. Units
//! stand in the names, every figure has its n, ratios are 0 to 1, times RFC 3339 in UTC, and not measured is null.

mod board;
mod chart;
pub mod cohorts;
pub mod correct;
pub mod curve;
pub mod drift;
pub mod drivers;
pub mod effect;
pub mod poc_check;
pub mod poc_claims;
pub mod poc_compare;
pub mod poc_plan;
pub mod poc_scorecard;
pub mod report;
pub mod satisfaction;
pub mod score;
mod session;
pub mod stability;
pub mod survival;
pub mod words;

pub(crate) use board::BoardAnswer;
pub(crate) use chart::{Kind, Series};
pub(crate) use session::{SessionAnswer, state_name};

use std::collections::BTreeMap;

use qoe_query::board::{Filter, SessionRow};
use qoe_query::frame::Repeated;
use qoe_query::statistics::Estimate;
use serde::Serialize;
use serde_json::{Value, json};

use chrono::{DateTime, Utc};

/// The answer with what became of rows that are there more than once.
pub fn of_rows(mut answer: Value, repeated: Option<Repeated>) -> Value {
    if let Some(Repeated { again, rows, once }) = repeated {
        answer["repeated_rows"] = json!({"again": again, "of": rows, "counted_once": once});
    }
    answer
}

/// One event of the stream: the panels that changed, and the numbers of the charts if they did.
#[derive(Debug, Serialize)]
pub(crate) struct BoardEvent<'a> {
    /// HTML by panel.
    pub panels: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<&'a ChartGroups>,
}

/// The numbers of a page's charts, by group.
pub(crate) type ChartGroups = BTreeMap<String, ChartGroup>;

/// Series over the same moments.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct ChartGroup {
    /// Where the time axis begins, s since 1970.
    pub from_s: i64,
    /// Where it ends.
    pub to_s: i64,
    pub at_s: Vec<f64>,
    pub series: BTreeMap<&'static str, Vec<Option<f64>>>,
}

impl ChartGroup {
    /// The values of a series; none if it is not there.
    pub fn values(&self, key: &str) -> &[Option<f64>] {
        self.series.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether a series has a value anywhere.
    pub fn has(&self, key: &str) -> bool {
        self.values(key).iter().any(Option::is_some)
    }
}

/// To four decimals: finer than any screen, and short on the wire.
pub(crate) fn rounded(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite()).map(|value| (value * 10_000.0).round() / 10_000.0)
}

/// A value with its 95 % interval and its n.
#[derive(Debug, Serialize)]
pub(crate) struct Interval {
    value: f64,
    low: f64,
    high: f64,
    n: u64,
}

impl From<&Estimate> for Interval {
    fn from(estimate: &Estimate) -> Interval {
        Interval { value: estimate.value, low: estimate.low, high: estimate.high, n: estimate.n }
    }
}

/// A figure with its interval and its n.
pub(crate) fn estimate(estimate: &Estimate) -> serde_json::Value {
    serde_json::json!({"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n})
}

/// Values by dimension.
fn by_column(filter: &Filter) -> BTreeMap<&'static str, &str> {
    filter.0.iter().map(|(dimension, value)| (dimension.column(), value.as_str())).collect()
}

/// One session in a list.
#[derive(Debug, Serialize)]
struct ListedSession<'a> {
    session_id: &'a str,
    call_id: &'a str,
    dimensions: BTreeMap<&'static str, &'a str>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    good_minutes: u64,
    bad_minutes: u64,
}

impl<'a> From<&'a SessionRow> for ListedSession<'a> {
    fn from(row: &'a SessionRow) -> ListedSession<'a> {
        ListedSession {
            session_id: &row.session_id,
            call_id: &row.call_id,
            dimensions: row.dimensions.iter().map(|(dimension, value)| (dimension.column(), value.as_str())).collect(),
            first_at: row.first_at,
            last_at: row.last_at,
            good_minutes: row.good,
            bad_minutes: row.bad,
        }
    }
}

/// A problem as RFC 9457 has it. `code` stays the same between releases.
#[derive(Debug, Serialize)]
pub(crate) struct Problem<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: &'a str,
    pub status: u16,
    pub code: &'static str,
    pub detail: &'a str,
}
