//! Figures with their uncertainty: every estimate travels with its interval and its n.
//!
//! Numbers in, numbers out: no clock, no tables, no randomness but from a seed that is given. What cannot be said is `None` or an error that
//! says why, never a number that looks like one. In reading order:
//!
//! | module | answers |
//! |---|---|
//! | [`estimate`] | what a figure is made of; what a confidence level is |
//! | [`normal`] | quantiles of the normal distribution |
//! | [`share`](mod@share) | a proportion, and the difference of two |
//! | [`moments`] | a mean, and the difference of two |
//! | [`student`] | quantiles of Student's distribution |
//! | [`clustered`] | a share of minutes that come in sessions |
//! | [`excess`] | where the bad minutes are: the ranking of the live board |
//! | [`onset`](mod@onset) | since when a slice has been bad |
//! | [`change_points`](mod@change_points) | since when a series of means or shares has been on another level |
//! | [`drift`] | which release a change coincides with, what has gone stale |
//! | [`waves`] | this wave of a survey against the last: the same people, and others |
//! | [`keyness`](mod@keyness) | what sets the words of some apart from those of the others |
//! | [`word_measures`](mod@word_measures) | which quality measures rise with which words |
//! | [`parallel`] | sums over many rows, the same on any number of threads |
//! | [`design`] | what is known of everyone, as the matrix that models are fitted to |
//! | [`linear`] | least squares by weights, and small systems of equations |
//! | [`logistic`] | a probability that depends on covariates |

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that unwraps nothing fails, which is what it is for"))]

pub mod change_points;
pub mod clustered;
pub mod design;
pub mod drift;
pub mod estimate;
pub mod excess;
pub mod keyness;
pub mod linear;
pub mod logistic;
pub mod moments;
pub mod normal;
pub mod onset;
pub mod parallel;
pub mod share;
pub mod student;
pub mod waves;
pub mod word_measures;

pub use change_points::{ChangePoint, ChangePointError, ChangePoints, Period, change_points};
pub use clustered::{ClusteredMinutes, clustered_difference};
pub use design::{Covariate, Design, DesignError, Dropped};
pub use drift::{
    Coincidence, NetPromoter, STALE_AFTER_DAYS, Switched, TopBoxChange, coincides_with, net_promoter_difference, stale, top_box_change,
};
pub use estimate::{Confidence, Estimate};
pub use excess::{MIN_MINUTES, MIN_SESSIONS, Ranking, SliceExcess, rank};
pub use keyness::{Keyness, KeynessError, Occurrence, keyness};
pub use logistic::{Logistic, LogisticError, Penalty};
pub use moments::{Moments, mean, mean_difference};
pub use normal::normal_quantile;
pub use onset::{Minutes, Onset, onset};
pub use share::{Counts, difference, share};
pub use waves::{Answer, WaveChange, WaveError, compare};
pub use word_measures::{WordMeasure, WordMeasureError, word_measures};
