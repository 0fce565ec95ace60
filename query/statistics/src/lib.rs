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
//! | [`clustered`] | a share of minutes that come in sessions |
//! | [`excess`] | where the bad minutes are: the ranking of the live board |
//! | [`onset`](mod@onset) | since when a slice has been bad |
//! | [`parallel`] | sums over many rows, the same on any number of threads |
//! | [`design`] | what is known of everyone, as the matrix that models are fitted to |
//! | [`linear`] | least squares by weights, and small systems of equations |
//! | [`logistic`] | a probability that depends on covariates |
//! | [`pairs`] | a quality measure and an outcome, row by row |
//! | [`isotonic`](mod@isotonic) | the closest curve that only rises or only falls |
//! | [`dose_response`](mod@dose_response) | an outcome by bins of a measure |
//! | [`knee`](mod@knee) | from which value of a measure on an outcome turns |
//! | [`iqx`](mod@iqx) | the exponential curve between quality and satisfaction |
//! | [`ordinal`](mod@ordinal) | a score that depends on covariates |
//! | [`collinearity`](mod@collinearity) | what is measured together and not told apart |
//! | [`drivers`](mod@drivers) | which measures go with satisfaction, and what a step of each goes with |
//! | [`multiplicity`] | p values of many questions at once |

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that unwraps nothing fails, which is what it is for"))]

pub mod clustered;
pub mod collinearity;
pub mod design;
pub mod dose_response;
pub mod drivers;
pub mod estimate;
pub mod excess;
pub mod iqx;
pub mod isotonic;
pub mod knee;
pub mod linear;
pub mod logistic;
pub mod multiplicity;
pub mod normal;
pub mod onset;
pub mod ordinal;
pub mod pairs;
pub mod parallel;
mod sandwich;
pub mod share;
mod student;

pub use clustered::{ClusteredMinutes, clustered_difference};
pub use collinearity::{Collinearity, collinearity};
pub use design::{Covariate, Design, DesignError, Dropped};
pub use dose_response::{DoseResponse, DoseResponseError, dose_response};
pub use drivers::{Driver, Drivers, DriversError, Findings, drivers};
pub use estimate::{Confidence, Estimate};
pub use excess::{MIN_MINUTES, MIN_SESSIONS, Ranking, SliceExcess, rank};
pub use iqx::{Iqx, iqx};
pub use isotonic::{Direction, Isotonic, isotonic};
pub use knee::{Knee, knee};
pub use logistic::{Logistic, LogisticError, Penalty};
pub use multiplicity::{benjamini_hochberg, holm};
pub use normal::normal_quantile;
pub use onset::{Minutes, Onset, onset};
pub use ordinal::{Ordinal, OrdinalError, ordinal};
pub use pairs::{Pairs, PairsError};
pub use share::{Counts, difference, share};
