//! How many units, and days, a POC takes: to find a difference that matters in each metric, to show that no vendor is worse by as much, to show that none
//! is, and to show what vendors claim.

mod assumed;
mod claims;
mod contradicted;
mod known;
mod lists;
mod need;

pub use assumed::{Assumed, AssumedError};
pub use claims::{ClaimNeed, ClaimPlan};
pub use contradicted::{ClaimedFigure, Contradicted};
pub use lists::{ListError, ScheduleQuestion, assignment_list, schedule};

use super::metric::{Metric, MetricKind, Rank};
use super::spec::{Poc, Randomised, Stopping};
use crate::frame::{Frame, FrameError, Input, Want};
use crate::statistics::ContrastError;
use crate::statistics::sample_size::SampleSizeError;
use crate::statistics::sequential::Sequence;
use known::Rows;

/// What is planned.
#[derive(Debug, Clone)]
pub struct PlanQuestion {
    /// Vendors, metrics, claims, level and power.
    pub poc: Poc,
    /// What is supposed of metrics; it goes before what rows say.
    pub assumed: Vec<Assumed>,
    /// New units a day, of all vendors together; none: as the rows have them.
    pub per_day: Option<f64>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
}

/// The plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The POC.
    pub poc: Poc,
    /// The vendors that are planned for.
    pub arms: Vec<String>,
    /// The share of units each gets.
    pub shares: Vec<f64>,
    /// What it was planned from; none: all is supposed.
    pub seen: Option<Seen>,
    /// How many primary tests are made: metrics times pairs of vendors.
    pub tests: u64,
    /// The chance of a false verdict that Holm's first step allows each primary test, both sides together.
    pub first_alpha: f64,
    /// New units a day; `None`: not known.
    pub per_day: Option<f64>,
    /// By how much intervals that hold at any time need more units than one look at the end; 1 for a fixed end.
    pub looking: f64,
    /// Each metric.
    pub metrics: Vec<MetricPlan>,
    /// Each claim.
    pub claims: Vec<ClaimPlan>,
    /// What finds the differences that matter in every primary metric at Holm's first step; `None` when one of them cannot be planned.
    pub decides: Option<Need>,
}

/// The rows a plan was made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// How many.
    pub rows: u64,
    /// Of how many units.
    pub units: u64,
    /// Over how long, days; `None`: no times, or less than an hour.
    pub days: Option<f64>,
}

/// One metric's plan.
#[derive(Debug, Clone)]
pub struct MetricPlan {
    /// The metric.
    pub metric: Metric,
    /// What is compared of it: the mean of yes and no is a share.
    pub kind: MetricKind,
    /// What it takes, or why that cannot be told.
    pub planned: Result<Planned, CannotPlan>,
}

/// What a metric takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// What the figure is now, or is supposed to be; `None` where only the scatter is known.
    pub value: Option<f64>,
    /// Standard deviation of a unit (or of the differences of a pair), in the metric's unit.
    pub deviation: f64,
    /// So many times more rows it takes because rows of a unit go together.
    pub effect: f64,
    /// Rows a unit has.
    pub rows_per_unit: f64,
    /// The share of variance that earlier values take out, 0 to 1; 0 without any.
    pub removed: f64,
    /// To find a difference of the margin.
    pub difference: Needs,
    /// To show that the one is not worse by the margin, when both are alike.
    pub non_inferiority: Needs,
    /// To show that neither is, when both are alike.
    pub equivalence: Needs,
}

/// What one aim takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Needs {
    /// Tested alone.
    pub alone: Result<Need, SampleSizeError>,
    /// At Holm's first step; of secondary metrics as alone.
    pub first: Result<Need, SampleSizeError>,
}

/// So much.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// Units of each vendor, in the order of the vendors; of pairs, how many pairs.
    pub per_arm: Vec<u64>,
    /// Units of all; of pairs, how many pairs.
    pub units: u64,
    /// Rows of all.
    pub rows: u64,
    /// Days, not fewer than the least stated; `None` where new units a day are not known.
    pub days: Option<f64>,
}

/// Why a metric cannot be planned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CannotPlan {
    /// No difference that matters.
    #[error("no difference that matters is stated: --margin {name}=VALUE, or margin in poc.toml")]
    NoMargin {
        /// The metric.
        name: String,
    },
    /// A vendor without it.
    #[error("{arm} has no row in which it was measured")]
    Absent {
        /// The vendor.
        arm: String,
    },
    /// Nothing is known.
    #[error("no row says how it scatters, and nothing is supposed: --assume {name}={form}")]
    Unknown {
        /// The metric.
        name: String,
        /// How that would be written.
        form: &'static str,
    },
    /// All yes or all no.
    #[error("all {rows} rows say the same, so that its share is not known: suppose one, --assume {name}=share:0.995")]
    AllAlike {
        /// How many.
        rows: u64,
        /// The metric.
        name: String,
    },
    /// A margin no share can be apart by.
    #[error("a difference of {margin} is more than a share of {share} can move")]
    WideMargin {
        /// The margin.
        margin: f64,
        /// The share.
        share: f64,
    },
    /// A claim that the data so far speak against.
    #[error("{0}")]
    Contradicted(Contradicted),
    /// The statistics say why.
    #[error(transparent)]
    Contrast(#[from] ContrastError),
    /// No number can be told.
    #[error(transparent)]
    SampleSize(#[from] SampleSizeError),
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The columns cannot be read.
    #[error("read the columns")]
    Frame(#[from] FrameError),
    /// No row meets the conditions.
    #[error("there are no rows{}", condition.as_ref().map_or_else(String::new, |condition| format!(" where {condition}")))]
    NoRows {
        /// The conditions, in SQL.
        condition: Option<String>,
    },
    /// Nothing to plan for.
    #[error(
        "no metric is asked for: name one with its better direction and the difference that matters: --metric connect_ms:lower --margin connect_ms=50"
    )]
    NoMetric,
    /// Fewer than two vendors.
    #[error("a POC compares two vendors or more, and {}: name them with --arms, or vendors.arms in poc.toml", if found.is_empty() { "none is named".to_owned() } else { format!("{column:?} holds only {}", found.join(", ")) })]
    OneVendor {
        /// The arm column.
        column: String,
        /// Those found.
        found: Vec<String>,
    },
    /// Something is supposed of a metric that is not planned.
    #[error("--assume {name}: no such metric is planned")]
    Stray {
        /// The name.
        name: String,
    },
    /// A sequence that cannot be.
    #[error("intervals narrowest at {narrowest_at} units: it takes one or more")]
    Sequence {
        /// As it was stated.
        narrowest_at: f64,
    },
}

impl PlanQuestion {
    /// Whether rows are needed: something is to be known that is not supposed.
    pub fn needs_rows(&self) -> bool {
        let supposed = |metric: &Metric| self.assumed.iter().any(|assumed| assumed.name == metric.name);
        !self.poc.metrics.iter().all(supposed) || self.poc.metrics.is_empty()
    }

    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        let columns = &self.poc.columns;
        let mut wanted = vec![Want::category(&columns.arm)];
        wanted.extend([&columns.unit, &columns.pair].into_iter().flatten().map(Want::category));
        wanted.extend(columns.time.as_ref().map(Want::time));
        wanted.extend(self.poc.metrics.iter().flat_map(Metric::wanted));
        wanted.extend(self.poc.claims.iter().flat_map(|claim| claims::wanted(&claim.hypothesis)));
        wanted
    }

    /// Reads, if there is something to read, and plans.
    pub async fn ask(&self, input: Option<&Input>) -> Result<Plan, PlanError> {
        self.check()?;
        let Some(input) = input else { return self.plan(None) };
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(PlanError::NoRows { condition: self.condition.clone() });
        }
        self.plan(Some(&frame))
    }

    fn check(&self) -> Result<(), PlanError> {
        if self.poc.metrics.is_empty() && self.poc.claims.is_empty() {
            return Err(PlanError::NoMetric);
        }
        match self.assumed.iter().find(|assumed| !self.poc.metrics.iter().any(|metric| metric.name == assumed.name)) {
            Some(stray) => Err(PlanError::Stray { name: stray.name.clone() }),
            None => Ok(()),
        }
    }

    /// The plan out of these rows.
    pub fn plan(&self, frame: Option<&Frame>) -> Result<Plan, PlanError> {
        let rows = frame.map(|frame| Rows::of(&self.poc, frame));
        let arms = match (&rows, self.poc.arms.is_empty()) {
            (Some(rows), true) => rows.arms.clone(),
            _ => self.poc.arms.clone(),
        };
        if arms.len() < 2 {
            return Err(PlanError::OneVendor { column: self.poc.columns.arm.clone(), found: arms });
        }
        let pairs = (arms.len() * (arms.len() - 1) / 2) as u64;
        let primary = self.poc.metrics.iter().filter(|metric| metric.rank == Rank::Primary).count() as u64;
        let alpha = 1.0 - self.poc.level.level();
        let seen = rows.as_ref().map(Rows::seen);
        let measured = seen.and_then(|seen| seen.days.map(|days| seen.units as f64 / days.max(1.0)));
        let mut plan = Plan {
            shares: self.poc.shares(&arms),
            arms,
            seen,
            tests: (primary * pairs).max(1),
            first_alpha: alpha / (primary * pairs).max(1) as f64,
            per_day: self.per_day.or(measured),
            looking: looking(&self.poc)?,
            metrics: Vec::new(),
            claims: Vec::new(),
            decides: None,
            poc: self.poc.clone(),
        };
        for metric in &self.poc.metrics {
            let assumed = self.assumed.iter().find(|assumed| assumed.name == metric.name);
            let kind = rows.as_ref().map_or_else(|| metric.kind.clone(), |rows| rows.resolved(metric, assumed));
            let planned = need::planned(&plan, metric, &kind, rows.as_ref(), assumed);
            plan.metrics.push(MetricPlan { metric: metric.clone(), kind, planned });
        }
        plan.claims = self.poc.claims.iter().map(|claim| claims::plan(&plan, claim, rows.as_ref())).collect();
        plan.decides = decides(&plan.metrics);
        Ok(plan)
    }
}

impl Plan {
    /// Whether its units are pairs.
    pub fn paired(&self) -> bool {
        self.poc.randomised == Randomised::PairedRun
    }

    /// The chance of a false verdict of a test alone, both sides together.
    pub fn alpha(&self) -> f64 {
        1.0 - self.poc.level.level()
    }
}

/// How much more a POC takes that may be looked at at any time: the widths of both intervals, squared, where the sequence is narrowest.
fn looking(poc: &Poc) -> Result<f64, PlanError> {
    let Stopping::AnyTime { narrowest_at } = poc.stopping else { return Ok(1.0) };
    let sequence = Sequence::new(narrowest_at, poc.level).ok_or(PlanError::Sequence { narrowest_at })?;
    Ok(sequence.standard_errors(narrowest_at.round() as u64, poc.level).map_or(1.0, |errors| (errors / poc.level.z()).powi(2)))
}

/// The most that any primary metric takes.
fn decides(metrics: &[MetricPlan]) -> Option<Need> {
    let mut most: Option<Need> = None;
    for plan in metrics.iter().filter(|plan| plan.metric.rank == Rank::Primary) {
        let need = plan.planned.as_ref().ok()?.difference.first.as_ref().ok()?;
        if most.as_ref().is_none_or(|most| need.units > most.units) {
            most = Some(need.clone());
        }
    }
    most
}

#[cfg(test)]
mod tests;
