//! Why there is no comparison, or none of one metric.

use crate::frame::FrameError;
use crate::statistics::contrast::ContrastError;

/// Why nothing can be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The columns cannot be read.
    #[error("read the columns")]
    Frame(#[from] FrameError),
    /// No row meets the conditions.
    #[error("there are no rows{}", condition.as_ref().map_or_else(String::new, |condition| format!(" where {condition}")))]
    NoRows {
        /// The conditions, in SQL.
        condition: Option<String>,
    },
    /// Nothing to compare by.
    #[error("no metric is asked for: name one with its better direction, such as connect_ms:lower")]
    NoMetric,
    /// Fewer than two vendors.
    #[error("{column:?} names {} with rows: a comparison takes two vendors or more", if found.is_empty() { "no vendor".to_owned() } else { format!("only {}", found.join(", ")) })]
    OneVendor {
        /// The arm column.
        column: String,
        /// The vendors there are.
        found: Vec<String>,
    },
    /// Vendors that were named and have no rows.
    #[error("no row is of {}: {column:?} holds {}", missing.join(", "), found.join(", "))]
    NoSuchVendor {
        /// The arm column.
        column: String,
        /// Those that were named.
        missing: Vec<String>,
        /// Those there are.
        found: Vec<String>,
    },
    /// More vendors than a person can compare.
    #[error("{column:?} holds {found} values: is it the vendor? name those to compare, at most {most}")]
    TooManyVendors {
        /// The arm column.
        column: String,
        /// How many.
        found: usize,
        /// At most.
        most: usize,
    },
    /// More strata than could say anything.
    #[error("the columns {columns} make {found} strata, at most {most} can be compared within: take coarser ones")]
    TooManyStrata {
        /// The columns.
        columns: String,
        /// How many.
        found: usize,
        /// At most.
        most: usize,
    },
    /// Sessions that several vendors claim.
    #[error(
        "{shared} sessions have rows of more than one vendor: a session has one, so keys were reused or rows were tagged twice; mend the data first"
    )]
    SharedSessions {
        /// How many.
        shared: u64,
    },
    /// Units cannot be drawn anew.
    #[error("draw units anew")]
    Resample(#[source] ContrastError),
    /// A sequence that cannot be.
    #[error("intervals narrowest at {narrowest_at} units: it takes one or more")]
    Sequence {
        /// As it was stated.
        narrowest_at: f64,
    },
}

/// Why one comparison says nothing. It is then inconclusive.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Why {
    /// A vendor without rows that hold the metric.
    #[error("{arm} has no row in which it was measured")]
    Absent {
        /// The vendor.
        arm: String,
    },
    /// No stratum has rows of both.
    #[error("no stratum has enough rows of both vendors: there is nothing alike to compare")]
    NoOverlap,
    /// Units of measurement that cannot be the same.
    #[error("medians are {first} and {second}, a factor of about a thousand apart: milliseconds beside seconds?")]
    Units {
        /// Median of the first.
        first: f64,
        /// Median of the second.
        second: f64,
    },
    /// One vendor's figure has no interval: too few units.
    #[error("no interval: {units} units, {least} are needed to know how far they differ")]
    FewUnits {
        /// There are.
        units: u64,
        /// It takes.
        least: u64,
    },
    /// One vendor's figure has no interval: its units are all alike.
    #[error("no interval: nothing varies between its {units} units")]
    Alike {
        /// There are.
        units: u64,
    },
    /// The statistics say why.
    #[error(transparent)]
    Contrast(#[from] ContrastError),
    /// An interval that holds at any time is not to be had yet.
    #[error("{units} units so far: intervals that may be looked at any time begin at {first}")]
    TooEarly {
        /// So far.
        units: u64,
        /// From here on.
        first: u64,
    },
}
