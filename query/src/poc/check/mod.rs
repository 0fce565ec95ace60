//! Whether a POC's run is sound: units where they should be, nobody with two vendors, the same measured of all, by the same clocks, in the same units.
//!
//! Two ways lead to the same [`Counts`]: a file is read in columns; of a store only sums are asked, so that a run can be looked at while it goes on.

mod columns;
mod counts;
mod judge;
mod scale;
mod store;
mod values;
mod when;

pub use counts::{ArmCounts, Counts, MetricCounts, StratumCounts, Times};
pub use scale::Unlike;
pub use store::{StoreSources, questions, sessions};

use super::compare::MOST_STRATA;
use super::spec::{Poc, Randomised};
use crate::frame::{Frame, FrameError, Input, Want};

/// What is checked.
#[derive(Debug, Clone)]
pub struct CheckQuestion {
    /// The POC.
    pub poc: Poc,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// Units of all vendors that were planned; none: not known.
    pub planned: Option<u64>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckAnswer {
    /// The vendors.
    pub arms: Vec<ArmCounts>,
    /// What a unit is.
    pub randomised: Randomised,
    /// Each check, the gravest first.
    pub findings: Vec<Finding>,
    /// Metrics whose values are worth nothing, whether the decision hangs on them or not, by name.
    pub spoilt: Vec<String>,
}

/// One check's outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How grave.
    pub severity: Severity,
    /// What, with its figures.
    pub found: Found,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Whatever is decided from this run is not worth more than a guess.
    Invalid,
    /// To be looked at before anything is decided.
    Warning,
    /// As it should be.
    Fine,
}

/// What was found, with its figures. Arms are places among [`CheckAnswer::arms`].
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Units by vendor against their shares.
    SampleRatio {
        /// Of each vendor.
        units: Vec<u64>,
        /// What each should have, adding up to 1.
        shares: Vec<f64>,
        /// How often chance alone gives this or worse.
        p_value: f64,
    },
    /// Units with rows of several vendors.
    Contaminated {
        /// How many.
        units: u64,
        /// Of how many.
        of: u64,
    },
    /// Sessions with rows of several vendors.
    SharedSessions {
        /// How many.
        sessions: u64,
        /// Of how many.
        of: u64,
    },
    /// Pairs that lack a vendor.
    IncompletePairs {
        /// How many.
        pairs: u64,
        /// Of how many.
        of: u64,
    },
    /// Rows without a metric.
    Missing {
        /// Which metric.
        metric: String,
        /// Rows without it, by vendor.
        missing: Vec<u64>,
        /// Rows, by vendor.
        rows: Vec<u64>,
        /// How often chance alone sets vendors this far apart; `None`: nowhere missing, or everywhere.
        p_value: Option<f64>,
        /// How far shares lie apart, 0 to 1.
        apart: f64,
    },
    /// A stratum that one vendor has more of.
    Imbalance {
        /// The column.
        column: String,
        /// How often chance alone gives this or worse.
        p_value: f64,
        /// The vendor of the cell that lies farthest off.
        arm: usize,
        /// Its value of the column.
        value: String,
        /// Units there.
        observed: u64,
        /// Units that were to be expected.
        expected: f64,
    },
    /// Clocks of clients against the server's.
    Clock {
        /// Middle skew by vendor, s; `None`: not known.
        skew_s: Vec<Option<f64>>,
        /// Share of rows more than a minute off, by vendor.
        far: Vec<f64>,
    },
    /// Freezes by a vendor's own definition.
    Definitions {
        /// Rows of that kind, by vendor.
        own: Vec<u64>,
        /// Rows that state a definition, by vendor.
        stated: Vec<u64>,
        /// Whether a metric is made of freezes.
        used: bool,
    },
    /// Medians a factor of about a thousand apart.
    UnitsDiffer {
        /// Which metric.
        metric: String,
        /// Median, by vendor.
        medians: Vec<Option<f64>>,
        /// The two vendors farthest apart, the smaller first.
        between: (usize, usize),
    },
    /// Values far beyond the others.
    Outliers {
        /// Which metric.
        metric: String,
        /// Rows beyond the median by ten interquartile ranges.
        rows: u64,
        /// Of how many.
        of: u64,
    },
    /// Values of one metric that look to be in several units.
    Unlike {
        /// Which metric.
        metric: String,
        /// How.
        unlike: Unlike,
        /// The middle of each vendor's.
        medians: Vec<Option<f64>>,
    },
    /// Values that are one and the same.
    Constant {
        /// Which metric.
        metric: String,
        /// The value.
        value: f64,
    },
    /// Vendors that were used at different times.
    Times {
        /// By vendor, between which moments nine in ten units were first seen, ms since 1970; `None` of few.
        middle: Vec<Option<(i64, i64)>>,
        /// How far apart the shares that had begun by any moment are at most, 0 to 1.
        apart: f64,
        /// How often chance alone gives this or worse.
        p_value: f64,
    },
    /// Times that cannot be.
    OddTimes {
        /// Rows after now.
        ahead: u64,
        /// Rows before the year 2000.
        ancient: u64,
        /// Of how many.
        of: u64,
    },
    /// Rows of users taken for independent.
    NoUnit {
        /// The column that says who.
        column: String,
        /// How many users.
        users: u64,
        /// How many rows.
        rows: u64,
    },
    /// Vendors whose names differ in nothing but case and blanks.
    Namesakes {
        /// The names.
        names: Vec<String>,
    },
    /// Values that cannot be.
    Impossible {
        /// Which metric.
        metric: String,
        /// Rows.
        rows: u64,
        /// Of how many.
        of: u64,
    },
    /// Rows that are there twice.
    Duplicates {
        /// Rows beyond the first of each.
        rows: u64,
        /// Of how many.
        of: u64,
    },
    /// Rows that say no vendor, or one that is not in the POC.
    Elsewhere {
        /// Rows that say none.
        unstated: u64,
        /// Rows of others.
        others: u64,
        /// Of how many.
        of: u64,
    },
    /// A vendor named with no row.
    NoRows {
        /// Which.
        arm: usize,
    },
    /// How long it ran.
    Days {
        /// So far.
        ran: f64,
        /// At least.
        least: f64,
    },
    /// How many units there are.
    Units {
        /// So far, of all vendors.
        units: u64,
        /// The fewest of one vendor.
        fewest: u64,
        /// As planned; `None`: not known.
        planned: Option<u64>,
    },
}

/// Why nothing can be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The columns cannot be read.
    #[error("read the columns")]
    Frame(#[from] FrameError),
    /// A question to the store failed.
    #[error("count {what}")]
    Count {
        /// What.
        what: &'static str,
        /// What DataFusion says.
        source: Box<datafusion::error::DataFusionError>,
    },
    /// No row meets the conditions.
    #[error("there are no rows{}", condition.as_ref().map_or_else(String::new, |condition| format!(" where {condition}")))]
    NoRows {
        /// The conditions, in SQL.
        condition: Option<String>,
    },
    /// Fewer than two vendors.
    #[error("{column:?} names {} with rows: a POC compares two vendors or more", if found.is_empty() { "no vendor".to_owned() } else { format!("only {}", found.join(", ")) })]
    OneVendor {
        /// The arm column.
        column: String,
        /// The vendors there are.
        found: Vec<String>,
    },
    /// More values than vendors or strata can be.
    #[error(
        "{column:?} holds {found} values, of which {most} can be told apart: is it the right column? take a coarser one, or name the vendors"
    )]
    TooMany {
        /// The column.
        column: String,
        /// How many.
        found: usize,
        /// At most.
        most: usize,
    },
}

/// Vendors that can be checked at once.
pub const MOST_ARMS: usize = 20;

impl CheckError {
    /// Whether there is nothing to check, such as one vendor alone: what another question says of these rows then stands without a check.
    pub fn is_nothing(&self) -> bool {
        matches!(self, CheckError::OneVendor { .. } | CheckError::TooMany { .. } | CheckError::NoRows { .. })
    }
}

impl CheckQuestion {
    /// Checks a file, read in columns.
    pub async fn ask(&self, input: &Input) -> Result<CheckAnswer, CheckError> {
        let counts = columns::counts(&self.poc, input, self.condition.as_deref()).await?;
        self.judge(counts)
    }

    /// Checks a store, asked for sums alone.
    pub async fn ask_store(&self, sources: &StoreSources<'_>) -> Result<CheckAnswer, CheckError> {
        let counts = store::counts(&self.poc, sources, self.condition.as_deref()).await?;
        self.judge(counts)
    }

    /// What these counts say.
    pub fn judge(&self, counts: Counts) -> Result<CheckAnswer, CheckError> {
        if counts.rows == 0 {
            return Err(CheckError::NoRows { condition: self.condition.clone() });
        }
        let found: Vec<String> = counts.arms.iter().filter(|arm| arm.rows > 0).map(|arm| arm.name.clone()).collect();
        let column = self.poc.columns.arm.clone();
        if found.len() < 2 {
            return Err(CheckError::OneVendor { column, found });
        }
        told_apart(&column, counts.arms.len(), MOST_ARMS)?;
        counts.strata.iter().try_for_each(|stratum| told_apart(&stratum.column, stratum.values.len(), MOST_STRATA + 1))?;
        let findings = judge::findings(&self.poc, &counts, self.planned);
        let spoilt = judge::spoilt(&counts);
        Ok(CheckAnswer { arms: counts.arms, randomised: self.poc.randomised, findings, spoilt })
    }

    /// What is read beside what a comparison takes, of these columns.
    pub fn wanted(&self, columns: &[String]) -> Vec<Want> {
        columns::Layout::of(&self.poc, |name| columns.iter().any(|column| column == name)).wanted(&self.poc)
    }

    /// Checks rows at hand, read with what is [wanted](CheckQuestion::wanted).
    pub fn answer(&self, frame: &Frame) -> Result<CheckAnswer, CheckError> {
        let there = |name: &String| frame.has(name);
        let mut layout = columns::Layout::of(&self.poc, |name| frame.has(name));
        (layout.session, layout.time) = (layout.session.filter(there), layout.time.filter(there));
        self.judge(layout.count(&self.poc, frame))
    }
}

/// Whether a column has no more values than can be told apart.
fn told_apart(column: &str, found: usize, most: usize) -> Result<(), CheckError> {
    if found > most { Err(CheckError::TooMany { column: column.to_owned(), found, most }) } else { Ok(()) }
}

impl CheckAnswer {
    /// The gravest there is.
    pub fn worst(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).min().unwrap_or(Severity::Fine)
    }
}

#[cfg(test)]
mod tests;
