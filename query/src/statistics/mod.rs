//! Figures with their uncertainty: every estimate travels with its interval and its n.
//!
//! Numbers in, numbers out, like [`quality`](crate::quality). In reading order:
//!
//! | module | answers |
//! |---|---|
//! | [`estimate`] | what a figure is made of; what a confidence level is |
//! | [`normal`] | quantiles of the normal distribution |
//! | [`share`](mod@share) | a proportion, and the difference of two |
//! | [`clustered`] | a share of minutes that come in sessions |
//! | [`excess`] | where the bad minutes are: the ranking of the live board |
//! | [`onset`](mod@onset) | since when a slice has been bad |

pub mod clustered;
pub mod estimate;
pub mod excess;
pub mod normal;
pub mod onset;
pub mod share;

pub use clustered::{ClusteredMinutes, clustered_difference};
pub use estimate::{Confidence, Estimate};
pub use excess::{MIN_MINUTES, MIN_SESSIONS, Ranking, SliceExcess, rank};
pub use normal::normal_quantile;
pub use onset::{Minutes, Onset, onset};
pub use share::{Counts, difference, share};
