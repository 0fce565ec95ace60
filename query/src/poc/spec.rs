//! What a POC is: who is compared, where, by what, and when it may be decided.

use super::metric::Metric;
use crate::board::text;
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

impl std::str::FromStr for Randomised {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "user" => Ok(Randomised::User),
            "call" => Ok(Randomised::Call),
            "paired" => Ok(Randomised::PairedRun),
            _ => Err(format!("{text:?} is nothing that is given to a vendor by chance: write user, call or paired")),
        }
    }
}

impl Randomised {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Randomised::User => "user",
            Randomised::Call => "call",
            Randomised::PairedRun => "paired",
        }
    }
}

impl Poc {
    /// The condition in SQL that keeps this POC's services and scenarios, and what else is asked; `None`: every row.
    pub fn condition(&self, asked: Option<&str>) -> Option<String> {
        let among = |column: &str, values: &[String]| {
            let quoted: Vec<String> = values.iter().map(|value| text(value)).collect();
            (!values.is_empty()).then(|| format!("{column} IN ({})", quoted.join(", ")))
        };
        let parts = [among("service", &self.services), among("scenario", &self.scenarios), asked.map(|asked| format!("({asked})"))];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" AND "))
    }

    /// The share of units each of these arms is to get, adding up to 1: as stated, or alike. Arms the POC does not name get none.
    pub fn shares(&self, arms: &[String]) -> Vec<f64> {
        let Some(stated) = &self.allocation else { return vec![1.0 / arms.len() as f64; arms.len()] };
        let of = |arm: &String| self.arms.iter().position(|named| named == arm).and_then(|at| stated.get(at).copied()).unwrap_or(0.0);
        arms.iter().map(of).collect()
    }
}

/// Whether these shares can be those of the arms; what would mend them if not.
pub fn allocation_fits(arms: &[String], shares: &[f64]) -> Result<(), String> {
    if shares.len() != arms.len() {
        return Err(format!("{} shares for {} vendors: write one for each, in the order of the vendors", shares.len(), arms.len()));
    }
    if let Some(wrong) = shares.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
        return Err(format!("{wrong} is no share of a vendor: each lies between 0 and 1"));
    }
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > 1e-6 {
        return Err(format!("the shares add up to {} and not to 1: change one of them", (sum * 1e6).round() / 1e6));
    }
    Ok(())
}
