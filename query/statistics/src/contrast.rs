//! Two arms compared on one measure: how far they lie apart, and how sure that is.
//!
//! Rows of one unit (a user, a room, a day) go together, and taken for independent they make noise look certain; so every method here takes the unit
//! of each row and lets units vary, not rows. A [`Contrast`] knows its law and gives an interval at any level and the p value of any truth that is
//! supposed; the two never contradict each other. A unit may have rows in both arms, as users have where calls and not users are drawn: it then moves both
//! figures, and the variance of their difference is that of the difference of what each unit moves, var A + var B - 2 cov (`contrast/joint.rs`). What cannot be told is a [`ContrastError`] that says what is lacking.
//!
//! | module | compares |
//! |---|---|
//! | [`mean`] | means: difference, ratio |
//! | [`share`] | shares of yes among yes and no |
//! | [`ratio`] | quotients of two sums, such as time frozen over time watched |
//! | [`quantile`] | quantiles |
//! | [`ordinal`] | which arm has the larger value of two drawn at random |
//! | [`time`] | time until an event, some not watched to it |
//! | [`paired`] | pairs: both arms measured on the same |
//! | [`bootstrap`] | any of means, ratios and quantiles, by resampling units; which arm ranks where |
//! | [`stratified`] | within strata, taken together |
//! | [`cuped`] | takes out what was known of the units before |

mod answer;
pub mod bootstrap;
pub mod cuped;
mod draws;
mod error;
mod joint;
mod law;
pub mod mean;
mod ordered;
pub mod ordinal;
pub mod paired;
pub mod quantile;
pub mod ratio;
pub mod share;
pub mod stratified;
pub mod time;
mod units;

pub use answer::{Contrast, Method, Scale};
pub use error::ContrastError;
pub use ordered::Ordered;
pub(crate) use ordered::between;

/// Fewest units that an error is estimated from when their sums are linearised or resampled: our choice; two are enough for arithmetic, and their
/// interval would be of little worth. Welch's comparison of rows that stand for themselves takes two.
pub const MIN_UNITS: u64 = 5;

/// Rows of one arm. Its figure by itself is a [`mod@crate::figure`].
///
/// Units are the same where they have the same number, in both arms: people who called by either vendor. Their rows go together across arms too, which the
/// error of a difference takes into account. Arms of different people are given different numbers.
#[derive(Debug, Clone, Copy)]
pub struct Arm<'a> {
    /// What was measured, finite; rows without it are left out beforehand.
    pub values: &'a [f64],
    /// The unit each row is of; rows of one unit stand together. `None`: each row is its own unit.
    pub units: Option<&'a [u32]>,
}

impl<'a> Arm<'a> {
    /// Rows that stand for themselves.
    pub fn new(values: &'a [f64]) -> Self {
        Self { values, units: None }
    }

    /// Rows of units.
    pub fn of_units(values: &'a [f64], units: &'a [u32]) -> Self {
        Self { values, units: Some(units) }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod shared_units;
#[cfg(test)]
mod tests;
