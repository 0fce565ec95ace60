//! Who comes back, and who stays: each analysis reads the columns it names from an [`Input`](crate::frame::Input) and answers in plain structs.

pub mod cohorts;
mod days;
pub mod effect;
mod returned;
mod split;
pub mod survival;

pub use cohorts::{CohortRow, CohortsAnswer, CohortsQuestion, SplitCurves, SplitGroup};
pub use days::{CohortBy, DayClock};
pub use returned::ReturnOn;
pub use split::{Bands, BandsError, Split};
pub use survival::{Amount, Baseline, Hazard, LeftOut, Model, ModelError, SurvivalAnswer, SurvivalGroups, SurvivalQuestion};

use crate::frame::FrameError;
use crate::statistics::retention::HistoryError;
use crate::statistics::{Return, SpellError};

/// Why an analysis has no answer.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// The columns cannot be read.
    #[error("read the columns")]
    Frame(#[from] FrameError),
    /// No row meets the conditions.
    #[error("there are no rows{}", condition.as_ref().map_or_else(String::new, |condition| format!(" where {condition}")))]
    NoRows {
        /// The conditions, in SQL.
        condition: Option<String>,
    },
    /// Rows, but nobody in them at any time.
    #[error("none of {rows} rows says who was there and when")]
    NoPresence {
        /// How many rows.
        rows: u64,
    },
    /// The period ends before its first day does.
    #[error("no day was observed from beginning to end: observation runs from {since} to {until}")]
    NoCompleteDay {
        /// Its beginning.
        since: String,
        /// Its end.
        until: String,
    },
    /// Nobody came first in the period.
    #[error("none of {users} users is new in the period, so nobody's return can be told")]
    NoNewcomers {
        /// How many there are.
        users: u64,
    },
    /// Newcomers, but none was watched for long enough.
    #[error("of none of {users} newcomers has {} been observed yet, so no return can be told", days.iter().map(named).collect::<Vec<_>>().join(" or "))]
    Unobserved {
        /// How many newcomers.
        users: u64,
        /// What was asked.
        days: Vec<Return>,
    },
    /// Days of activity that make no histories.
    #[error("count the days of activity")]
    Histories(#[from] HistoryError),
    /// Columns that do not fit each other.
    #[error("compare the groups")]
    Spells(#[from] SpellError),
    /// No row can be used.
    #[error("none of {rows} rows has a duration that can be used: {left_out}")]
    NoSpells {
        /// How many rows.
        rows: u64,
        /// Why they cannot.
        left_out: LeftOut,
    },
    /// Everyone is censored.
    #[error("{column} happened in none of {rows} rows: all are censored, so nothing can be said of when it happens")]
    NoEvents {
        /// The event.
        column: String,
        /// How many rows.
        rows: u64,
    },
    /// The curve cannot be had.
    #[error("draw the survival curve")]
    Curve(#[from] crate::statistics::KaplanMeierError),
    /// The curves of groups cannot be had.
    #[error("draw the survival curves of the groups")]
    Curves(#[from] crate::statistics::ByBandError),
}

fn named(day: &Return) -> String {
    match day {
        Return::On(day) | Return::OnOrAfter(day) => format!("day {day}"),
        Return::Within(days) => format!("day {}", days.end()),
    }
}
