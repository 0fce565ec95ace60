//! What a POC is: who is compared, where, by what, and when it may be decided.

use super::metric::Metric;
use crate::statistics::Confidence;

/// A POC as it is written down before it begins (`poc.toml`), or as flags of a command state it.
#[derive(Debug, Clone, PartialEq)]
pub struct Poc {
    /// Its name.
    pub name: String,
    /// The vendors, as the arm column calls them, in the order in which they are shown; none: all that are found.
    pub arms: Vec<String>,
    /// Share of the units each arm is to get, in the order of `arms`, adding up to 1; none: alike.
    pub allocation: Option<Vec<f64>>,
    /// Only these services; none: all.
    pub services: Vec<String>,
    /// Only these scenarios; none: all.
    pub scenarios: Vec<String>,
    /// Where its parts are found.
    pub columns: Columns,
    /// What was given to a vendor by chance.
    pub randomised: Randomised,
    /// By what vendors are compared.
    pub metrics: Vec<Metric>,
    /// What vendors claim.
    pub claims: Vec<Claim>,
    /// How long it runs at least, days.
    pub minimum_days: f64,
    /// When it may be decided.
    pub stopping: Stopping,
    /// The level of intervals and of the correction over metrics.
    pub level: Confidence,
    /// How often a difference that matters is to be found, 0 to 1.
    pub power: f64,
    /// What the whole picture is weighed by.
    pub scorecard: super::scorecard::Weighing,
}

/// Columns of a POC's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Which vendor.
    pub arm: String,
    /// Whose rows go together, such as `user_id`; none: each row is its own.
    pub unit: Option<String>,
    /// Rows of the same value are a pair: one run of each vendor under the same conditions.
    pub pair: Option<String>,
    /// Circumstances within which vendors are compared: region, network, impairment profile.
    pub strata: Vec<String>,
    /// When a session began.
    pub time: Option<String>,
    /// Which session.
    pub session: Option<String>,
}

/// What was given to a vendor by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Randomised {
    /// Each person has one vendor.
    User,
    /// Each call is drawn anew.
    Call,
    /// Each run is made once with every vendor.
    PairedRun,
}

/// When a POC may be decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stopping {
    /// Once, at the end that was planned.
    Fixed,
    /// At any time: intervals hold however often they are looked at, and are wider for it.
    AnyTime {
        /// The number of units at which they are narrowest.
        narrowest_at: f64,
    },
}

/// What a vendor claims, in a form that can be tested.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// As it was said: "best connect time under 600 ms".
    pub said: String,
    /// Which vendor says so; none: each is tested.
    pub arm: Option<String>,
    /// What would have to be so.
    pub hypothesis: Hypothesis,
}

/// A claim restated.
#[derive(Debug, Clone, PartialEq)]
pub enum Hypothesis {
    /// Quantiles of a column lie below (or above) a bound: "best" is p50 and p95, never the minimum.
    Quantiles {
        /// The column.
        what: String,
        /// Which, 0 to 1 each.
        quantiles: Vec<f64>,
        /// In the column's unit.
        bound: f64,
        /// On which side of it they are to lie.
        side: Side,
    },
    /// The share of yes is at least (or at most) so much.
    Share {
        /// The column, yes or no; or an SQL condition.
        what: String,
        /// 0 to 1.
        bound: f64,
        /// On which side of it the share is to lie.
        side: Side,
    },
    /// The mean lies below or above a bound.
    Mean {
        /// The column.
        what: String,
        /// In the column's unit.
        bound: f64,
        /// On which side of it the mean is to lie.
        side: Side,
    },
    /// Those with something have more of an outcome by so much: "HD viewers stay 10.3 % longer".
    Effect {
        /// The condition in SQL, measured in the first seconds of a session.
        treatment: String,
        /// The outcome's column.
        outcome: String,
        /// By how much more: 0.103 for 10.3 %.
        more: f64,
        /// What both may go by.
        confounders: Vec<String>,
    },
    /// The same in every part of the data: "connects within a second in every region".
    Everywhere {
        /// The column whose values are the parts.
        by: String,
        /// Parts that must be there; none: those that are found.
        of: Vec<String>,
        /// What is to hold in each.
        each: Box<Hypothesis>,
    },
    /// Words without a figure that could be tested.
    Untestable,
}

/// On which side of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Below it, or at it.
    AtMost,
    /// Above it, or at it.
    AtLeast,
}
