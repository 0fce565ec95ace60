//! What a comparison answers, as plain structs.

use super::Why;
use crate::poc::metric::{Metric, MetricKind};
use crate::poc::spec::Stopping;
use crate::statistics::contrast::Method;
use crate::statistics::heterogeneity::Heterogeneity;
use crate::statistics::verdict::Shown;
use crate::statistics::{Confidence, Estimate};

/// The answer.
#[derive(Debug, Clone)]
pub struct CompareAnswer {
    /// The level of unadjusted intervals and of the correction.
    pub level: Confidence,
    /// When it may be decided.
    pub stopping: Stopping,
    /// The vendors, in the order in which all else refers to them.
    pub arms: Vec<ComparedArm>,
    /// Units that have rows of more than one vendor.
    pub contaminated: u64,
    /// How often units would be split so unlike the plan by chance (sample-ratio mismatch), 0 to 1; `None` of paired runs.
    pub split_p_value: Option<f64>,
    /// Rows of vendors that are not compared, or of none.
    pub elsewhere: u64,
    /// The strata, in the order in which all else refers to them; none: no strata were asked for.
    pub strata: Vec<String>,
    /// How often whole units were drawn anew.
    pub resamples: usize,
    /// What they were drawn from.
    pub seed: u64,
    /// The metrics, in the order in which they were asked for.
    pub metrics: Vec<MetricAnswer>,
}

/// A vendor that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedArm {
    /// As its column calls it.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its units.
    pub units: u64,
}

/// One metric.
#[derive(Debug, Clone)]
pub struct MetricAnswer {
    /// As it was asked for.
    pub metric: Metric,
    /// What was compared of it: the mean of yes and no is a share.
    pub kind: MetricKind,
    /// Of times, how far they were counted.
    pub horizon: Option<f64>,
    /// Each vendor's figure, of all its rows.
    pub arms: Vec<ArmFigure>,
    /// All pairs of vendors, the earlier first.
    pub pairs: Vec<PairAnswer>,
    /// For each vendor, how often it comes first, second and so on (bootstrap); `None` where a vendor has no figure.
    pub ranks: Option<Vec<Vec<f64>>>,
}

/// One vendor's figure of a metric.
#[derive(Debug, Clone)]
pub struct ArmFigure {
    /// The figure with its interval at the level, or why there is none.
    pub figure: Result<Estimate, Why>,
    /// The figure alone, where it has no interval; `None` where there is none, or it stands with its interval.
    pub alone: Option<f64>,
    /// Rows in which the metric was measured.
    pub rows: u64,
    /// Rows in which it was not.
    pub missing: u64,
}

/// Two vendors compared in one metric.
#[derive(Debug, Clone)]
pub struct PairAnswer {
    /// The first vendor's place among the arms.
    pub first: usize,
    /// The second's.
    pub second: usize,
    /// First less second: like compared with like within strata where there are any, else all rows.
    pub overall: Result<Judged, Why>,
    /// The share of the rows of both that lie in strata where both can be compared; 1 without strata.
    pub covered: f64,
    /// Of quantiles of rows in units, the interval without resampling beside that of `overall`.
    pub analytic: Option<Estimate>,
    /// All rows together, whatever stratum they are in; only where there are strata. Not judged.
    pub pooled: Option<Pooled>,
    /// Within each stratum.
    pub strata: Vec<StratumAnswer>,
    /// Whether the difference is the same in each stratum; of fewer than two strata nothing can be said.
    pub heterogeneity: Option<Heterogeneity>,
}

/// All rows together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// First less second.
    pub difference: Estimate,
    /// Whether it points against the difference in every stratum (Simpson's paradox).
    pub reversed: bool,
}

/// Two vendors within one stratum.
#[derive(Debug, Clone)]
pub struct StratumAnswer {
    /// The stratum's place among the strata.
    pub stratum: usize,
    /// First less second.
    pub judged: Result<Judged, Why>,
}

/// A difference with its verdict.
#[derive(Debug, Clone)]
pub struct Judged {
    /// First less second in the metric's own unit, with its unadjusted interval at the level.
    pub difference: Estimate,
    /// First over second with its unadjusted interval, where both are above zero and it can be had.
    pub ratio: Option<Estimate>,
    /// How the interval was made.
    pub method: Method,
    /// How often such a difference would come of nothing, as it is.
    pub p_value: f64,
    /// The same, adjusted for how many questions were asked.
    pub p_adjusted: f64,
    /// The level at which the verdict on the difference was reached.
    pub adjusted_level: Confidence,
    /// The interval at that level.
    pub adjusted: Estimate,
    /// Each question that was asked of the difference, with the interval that answers it: whether there is one, and with a margin whether it is within it and
    /// whether the first is not worse by as much.
    pub tested: Vec<Tested>,
    /// What is shown, the first that holds first; never empty.
    pub told: Vec<Told>,
    /// Units of both vendors so far.
    pub units: u64,
    /// About how many it would take for a verdict other than inconclusive, if the difference stays what it is; only where it is inconclusive, and `None` where
    /// no number would.
    pub would_settle: Option<u64>,
}

/// One thing that is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// What.
    pub shown: Shown,
    /// The level of the interval that shows it, after the correction over what was asked of its kind.
    pub level: Confidence,
    /// That interval, first less second: what is shown is the rule ([`crate::statistics::verdict::shown`]) applied to it.
    pub interval: Estimate,
}

/// A question that was asked of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Is there one.
    Difference,
    /// Is it smaller than matters, either way.
    Equivalence,
    /// Is the first not worse by as much as matters.
    NonInferiority,
}

/// A question with its answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// Which.
    pub question: Question,
    /// How often data would speak so clearly though nothing is so, adjusted for how many questions of its kind were asked.
    pub p_adjusted: f64,
    /// The level at which it ended up being asked: that of its step in the correction.
    pub level: Confidence,
    /// The interval at that level, first less second.
    pub interval: Estimate,
    /// What that interval shows by the rule; `None`: not this.
    pub shown: Option<Shown>,
}

impl Question {
    /// As it is written in answers for programs.
    pub fn name(self) -> &'static str {
        match self {
            Question::Difference => "difference",
            Question::Equivalence => "equivalence",
            Question::NonInferiority => "non_inferiority",
        }
    }

    /// Whether a verdict is an answer to it.
    pub(super) fn is_answered_by(self, shown: Shown) -> bool {
        match self {
            Question::Difference => matches!(shown, Shown::Better | Shown::Inferior),
            Question::Equivalence => shown == Shown::Equivalent,
            Question::NonInferiority => shown == Shown::NonInferior,
        }
    }
}

/// Which questions a correction is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// All pairs in all primary metrics, overall (Holm).
    Primary,
    /// All pairs in all secondary metrics, overall (Benjamini and Hochberg).
    Secondary,
    /// All pairs in all metrics within strata (Benjamini and Hochberg).
    Strata,
}

impl Judged {
    /// The first that holds.
    pub fn verdict(&self) -> Shown {
        self.told.first().map_or(Shown::Inconclusive, |told| told.shown)
    }
}
