//! What comes back of an effect.

use super::hidden::Hidden;
use super::study::{Arm, ByArm, Estimand, Outcome, Timing};
use crate::estimate::Estimate;

/// The same difference by several methods, with what is needed to trust it or not.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectAnswer {
    /// Whose effect the weighted and the doubly robust figures are.
    pub estimand: Estimand,
    /// Means or shares.
    pub kind: Outcome,
    /// When the treatment was settled.
    pub timing: Timing,
    /// Rows of either arm.
    pub rows: ByArm<u64>,
    /// Users, when rows were said to go together.
    pub units: Option<u64>,
    /// The plain difference: what is seen, and no effect.
    pub raw: Contrast,
    /// By inverse-propensity weights, trimmed as asked.
    pub weighted: Contrast,
    /// The same without trimming.
    pub untrimmed: Contrast,
    /// By weights and regression together: the figure to quote.
    pub doubly_robust: Contrast,
    /// By matched pairs; `None` when fewer than [`super::answer::MIN_PAIRS`] were found.
    pub pairs: Option<Pairs>,
    /// How far the arms lie apart in each column of the design, before and after.
    pub balance: Vec<Balance>,
    /// How far the arms can be compared.
    pub overlap: Overlap,
    /// How strong something unseen would have to be to explain the doubly robust figure away; `None` where that cannot be put as a ratio.
    pub hidden: Option<Hidden>,
    /// What speaks against trusting it.
    pub warnings: Vec<Warning>,
}

/// Pairs under which nothing is said of them: our choice; ten pairs can just call 9 to 1 significant.
pub const MIN_PAIRS: usize = 10;

/// Two means, or shares, and how they differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// Of the treated, or of all had they been treated.
    pub treated: Estimate,
    /// Of the others, or of all had they not been.
    pub control: Estimate,
    /// Treated less control, in the outcome's unit.
    pub difference: Estimate,
    /// Treated over control less 1: 0.103 says 10.3 % longer. Interval by the delta method on the logarithm; `None` unless both are above zero.
    pub relative: Option<Estimate>,
}

/// Matched pairs. They speak of the treated who found a partner, whatever the estimand of the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pairs {
    /// How many.
    pub pairs: u64,
    /// Share of the treated that found a partner, 0 to 1.
    pub matched: f64,
    /// Farthest that partners may lie apart, in log-odds of the propensity; `None` for coarsened exact matching.
    pub caliper: Option<f64>,
    /// Mean of treated less control, in the outcome's unit.
    pub difference: Estimate,
    /// The same less what partners still differ in: intercept of the pairs' differences regressed on the differences of their covariates (Rubin,
    /// Biometrics 29 (1973), 185-203). `None` when there are too few pairs for the columns.
    pub adjusted: Option<Estimate>,
    /// Net outcome: share of pairs the treated won less share they lost, -1 to 1 (Krishnan & Sitaraman 2012, in percent there). `None` when
    /// all pairs ended alike, so that its error is unknown.
    pub net: Option<Estimate>,
    /// Whether they won more often than chance lets them.
    pub sign_test: SignTest,
}

/// The pairs' contest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignTest {
    /// Pairs in which the treated had more.
    pub wins: u64,
    /// Pairs in which it had less.
    pub losses: u64,
    /// Pairs in which both had the same, which say nothing here.
    pub ties: u64,
    /// How often chance gives so uneven a contest, 0 to 1, two-sided: exact binomial; by the net outcome's error where pairs share users.
    /// `None` when all were ties.
    pub p_value: Option<f64>,
}

/// How far the arms lie apart in one column of the design: difference of means over the root of the mean of both arms' plain variances.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// Label of the column.
    pub column: String,
    /// As they came; `None` when neither arm varies.
    pub before: Option<f64>,
    /// Weighted.
    pub weighted: Option<f64>,
    /// In pairs; `None` also without pairs.
    pub paired: Option<f64>,
}

/// How far the arms can be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Lowest and highest propensity of either arm, 0 to 1.
    pub propensity: ByArm<(f64, f64)>,
    /// Share of rows whose propensity is not among those of the other arm's range, 0 to 1.
    pub outside: f64,
    /// Share of rows whose weight was held at the cap, 0 to 1.
    pub trimmed: f64,
    /// The caps of the weights; `None` without trimming.
    pub cap: Option<ByArm<f64>>,
    /// Rows that either arm is worth after weighting (Kish): square of the sum of weights over the sum of their squares.
    pub effective: ByArm<f64>,
}

/// What speaks against trusting an effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// Many rows have no counterpart in the other arm.
    ThinOverlap {
        /// Share of rows outside the range of the other arm.
        outside: f64,
    },
    /// An arm is worth less than half its rows after weighting.
    HeavyWeights {
        /// Which arm.
        arm: Arm,
        /// Rows it is worth.
        effective: f64,
        /// Rows it has.
        rows: u64,
    },
    /// A column still differs after weighting.
    Unbalanced {
        /// Its label.
        column: String,
        /// Standardised difference.
        difference: f64,
    },
    /// Too few pairs to compare.
    NoPairs,
    /// Less than half of the treated found a partner, so the pairs speak of a part of them.
    FewPairs {
        /// How many.
        pairs: u64,
        /// Share of the treated.
        matched: f64,
    },
    /// The outcome could not be regressed freely in an arm, so the doubly robust figure leans on the weights.
    OutcomeModel {
        /// Which arm.
        arm: Arm,
    },
    /// The intervals by weights and doubly robust have nothing in common: one of the models is wrong.
    Disagreement,
    /// So few users that intervals are too narrow.
    FewUnits {
        /// How many.
        units: u64,
    },
}
