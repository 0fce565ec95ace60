//! A comparison that was made: its value, its interval at any level, and the p value of any truth supposed.

use super::draws::Draws;
use super::error::ContrastError;
use super::joint::Move;
use super::law::Law;
use crate::estimate::{Confidence, Estimate};

/// How a contrast was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Means of rows that stand for themselves (Welch).
    Welch,
    /// Wilson's intervals of two shares, combined; with clusters at effective numbers (Newcombe).
    Newcombe,
    /// Quotients of sums over units, each unit's part by leaving it out.
    DeltaMethod,
    /// Intervals of two quantiles from order statistics at effective numbers, combined.
    ClusterQuantile,
    /// Units resampled.
    ClusterBootstrap,
    /// Which of two values is larger (Brunner and Munzel).
    BrunnerMunzel,
    /// Areas under survival curves up to a horizon.
    RestrictedMean,
    /// Student's t of differences of pairs.
    PairedT,
    /// Shares of pairs (Newcombe, paired).
    PairedNewcombe,
    /// A quantile of differences of pairs, from order statistics.
    PairedQuantile,
    /// How many pairs the first is larger in, ties half.
    PairedSign,
}

/// What a contrast is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// First less second: 0 says that they are alike.
    Difference,
    /// First over second: 1 says that they are alike.
    Ratio,
}

impl Scale {
    /// The value that says that both are alike.
    pub fn nothing(self) -> f64 {
        match self {
            Scale::Difference => 0.0,
            Scale::Ratio => 1.0,
        }
    }

    fn inner(self, value: f64) -> f64 {
        match self {
            Scale::Difference => value,
            Scale::Ratio => value.ln(),
        }
    }

    fn outer(self, value: f64) -> f64 {
        match self {
            Scale::Difference => value,
            Scale::Ratio => value.exp(),
        }
    }
}

/// First less second, or first over second, which can be asked for its interval at any level.
#[derive(Debug, Clone)]
pub struct Contrast {
    pub(super) value: f64,
    pub(super) scale: Scale,
    /// Around the value; around its logarithm for ratios.
    pub(super) law: Law,
    pub(super) method: Method,
    pub(super) error: Option<f64>,
    pub(super) units: [u64; 2],
    pub(super) rows: [u64; 2],
    /// What each unit moves a difference, where rows are in units and their sums are linearised.
    pub(super) moves: Vec<Move>,
}

impl Contrast {
    /// What resampling units gave: `value` of the data themselves, `draws` of the resamples. See [`super::bootstrap`].
    ///
    /// The interval is the percentile interval, expanded for few units (Hesterberg, The American Statistician 69 (2015), 371-386, section 5.3): the share
    /// of draws beyond an end is that beyond sqrt(n / (n - 1)) t standard errors, n being the units of the smaller arm. Beyond the outermost
    /// [`super::bootstrap::TAIL`] draws the tail is taken as normal with the draws' standard deviation, so that high levels and small p values do not end
    /// with the draws. Err with fewer than [`super::bootstrap::MIN_DRAWS`], when one is not finite (not positive, for a ratio), when all are the same, and
    /// with fewer than [`super::MIN_UNITS`] units.
    pub fn from_draws(value: f64, draws: Vec<f64>, scale: Scale, units: [u64; 2], rows: [u64; 2]) -> Result<Contrast, ContrastError> {
        let inner: Vec<f64> = draws.into_iter().map(|draw| scale.inner(draw)).collect();
        if scale == Scale::Ratio && !(value > 0.0 && inner.iter().all(|draw| draw.is_finite())) {
            return Err(ContrastError::NotPositive { first: value, second: 1.0 });
        }
        let draws = Draws::of(inner, units)?;
        let error = Some(draws.deviation());
        Ok(Contrast { value, scale, law: Law::Draws(draws), method: Method::ClusterBootstrap, error, units, rows, moves: Vec::new() })
    }

    /// The difference or the ratio itself.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Whether it is a difference or a ratio.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// The value with its interval; `n` is the rows of both arms.
    ///
    /// An end is infinite (0 or infinite, of a ratio) only of quantiles, where the rows of an arm are too few for any value among them to bound its quantile
    /// at this level.
    pub fn interval(&self, level: Confidence) -> Estimate {
        let (low, high) = self.law.ends(self.scale.inner(self.value), level);
        let (low, high) = (self.scale.outer(low), self.scale.outer(high));
        Estimate { value: self.value, low, high, n: self.rows[0] + self.rows[1] }
    }

    /// As [`Contrast::interval`], so many standard errors to either side: what a sequence of looks asks for.
    pub fn interval_of_errors(&self, errors: f64) -> Estimate {
        let (low, high) = self.law.at(self.scale.inner(self.value), errors);
        Estimate { value: self.value, low: self.scale.outer(low), high: self.scale.outer(high), n: self.rows[0] + self.rows[1] }
    }

    /// How often data at least as far from `nothing` would come of a truth that is `nothing`, 0 to 1, two-sided. `nothing` is any difference (0: alike; a
    /// margin) or ratio (1: alike). It is below 1 - level exactly when the interval of that level leaves `nothing` out.
    pub fn p_value(&self, nothing: f64) -> f64 {
        if self.scale == Scale::Ratio && nothing <= 0.0 {
            return 0.0;
        }
        self.law.p_value(self.scale.inner(self.value), self.scale.inner(nothing))
    }

    /// The other way round: second less first, or second over first.
    pub fn reversed(&self) -> Contrast {
        let value = match self.scale {
            Scale::Difference => -self.value,
            Scale::Ratio => 1.0 / self.value,
        };
        let ([first_units, second_units], [first, second]) = (self.units, self.rows);
        let moves = self.moves.iter().map(|of| of.reversed()).collect();
        Contrast { value, law: self.law.reversed(), units: [second_units, first_units], rows: [second, first], moves, ..self.clone() }
    }

    /// Held within what a difference can be.
    pub(super) fn held(mut self, least: f64, most: f64) -> Contrast {
        if let Law::Student { within, .. } = &mut self.law {
            *within = (least, most);
        }
        self
    }

    /// Lets go of what each unit moves, some 24 bytes a unit: only [`super::stratified::combined`] asks for it.
    pub fn settle(&mut self) {
        self.moves = Vec::new();
    }

    /// Standard error of the value, of its logarithm for ratios. Of quantiles half the interval of one standard error; `None` where that has no end, and of
    /// shares that are all yes or all no on both sides.
    pub fn error(&self) -> Option<f64> {
        self.error
    }

    /// How it was made.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Units of either arm: what the error is estimated from.
    pub fn units(&self) -> [u64; 2] {
        self.units
    }

    /// Rows of either arm.
    pub fn rows(&self) -> [u64; 2] {
        self.rows
    }
}
