//! How an estimate lies about the truth: what gives an interval at any level, and the p value that agrees with it.

use super::draws::Draws;
use super::ordered::OrderInterval;
use crate::estimate::Confidence;
use crate::share::wilson;
use crate::student::{t_quantile, t_two_sided};

#[derive(Debug, Clone)]
pub(super) enum Law {
    /// Student's t about the value, held within what is possible. Infinite freedom: the normal distribution.
    Student { error: f64, freedom: f64, within: (f64, f64) },
    /// Two intervals combined (MOVER), each as so many standard errors; `correlation` of the two is 0 unless paired.
    Mover { first: Margin, second: Margin, correlation: f64, freedom: f64 },
    /// Resamples.
    Draws(Draws),
    /// Differences of strata taken together (MOVER), the whole wider by a factor where strata have units in common.
    Strata { parts: Vec<Weighed>, inflation: f64, freedom: f64 },
}

/// The difference in one stratum.
#[derive(Debug, Clone)]
pub(super) struct Weighed {
    /// Weights add up to 1.
    pub(super) weight: f64,
    pub(super) value: f64,
    pub(super) law: Law,
}

impl Weighed {
    /// The variance of its part of the whole, and the degrees of freedom it is known with.
    pub(super) fn variance_and_freedom(&self) -> (f64, f64) {
        let (low, high) = self.law.at(self.value, 1.0);
        let error = self.weight * (high - low) / 2.0;
        (error * error, self.law.freedom().unwrap_or(f64::INFINITY))
    }
}

/// One side's interval, for any number of standard errors.
#[derive(Debug, Clone)]
pub(super) enum Margin {
    /// Wilson's, of a share of so many effective rows.
    Share { share: f64, n: f64 },
    /// By order statistics.
    Order(OrderInterval),
    /// Known.
    Known(f64),
}

impl Margin {
    fn value(&self) -> f64 {
        match self {
            Margin::Share { share, .. } => *share,
            Margin::Order(of) => of.value,
            Margin::Known(value) => *value,
        }
    }

    /// How far the ends lie below and above the value.
    fn reach(&self, errors: f64) -> (f64, f64) {
        let value = self.value();
        let (low, high) = match self {
            Margin::Share { share, n } => wilson(*share, *n, errors),
            Margin::Order(of) => of.ends(errors),
            Margin::Known(value) => (*value, *value),
        };
        (value - low, high - value)
    }
}

const ANYWHERE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl Law {
    pub(super) fn student(error: f64, freedom: f64) -> Law {
        Law::Student { error, freedom, within: ANYWHERE }
    }

    pub(super) fn mover(first: Margin, second: Margin, freedom: f64) -> Law {
        Law::Mover { first, second, correlation: 0.0, freedom }
    }

    /// The ends of the interval of this level.
    pub(super) fn ends(&self, value: f64, level: Confidence) -> (f64, f64) {
        match self {
            Law::Draws(draws) => draws.ends(level),
            Law::Student { freedom, .. } | Law::Mover { freedom, .. } | Law::Strata { freedom, .. } => {
                self.at(value, critical(level, *freedom))
            }
        }
    }

    /// The degrees of freedom the error is known with; `None` of resamples.
    pub(super) fn freedom(&self) -> Option<f64> {
        match self {
            Law::Draws(_) => None,
            Law::Student { freedom, .. } | Law::Mover { freedom, .. } | Law::Strata { freedom, .. } => Some(*freedom),
        }
    }

    /// The ends so many standard errors away.
    pub(super) fn at(&self, value: f64, errors: f64) -> (f64, f64) {
        match self {
            Law::Student { error, within: (least, most), .. } => {
                ((value - errors * error).max(*least), (value + errors * error).min(*most))
            }
            Law::Mover { first, second, correlation, .. } => {
                let ((first_below, first_above), (second_below, second_above)) = (first.reach(errors), second.reach(errors));
                let steps = matches!(first, Margin::Order(_)) || matches!(second, Margin::Order(_));
                // Order statistics move in steps, by which one end could outrun the other and turn the whole back: there the correlation narrows by one
                // factor at every level.
                let factor = if steps { common(first, second, *correlation) } else { 1.0 };
                let crossed = if steps { 0.0 } else { *correlation };
                let join = |a: f64, b: f64| {
                    if a.is_infinite() || b.is_infinite() {
                        f64::INFINITY
                    } else {
                        (factor * (a * a + b * b - 2.0 * crossed * a * b)).max(0.0).sqrt()
                    }
                };
                (value - join(first_below, second_above), value + join(first_above, second_below))
            }
            Law::Strata { parts, inflation, .. } => {
                let reach = |part: &Weighed| {
                    let (low, high) = part.law.at(part.value, errors);
                    ((part.weight * (part.value - low)).powi(2), (part.weight * (high - part.value)).powi(2))
                };
                let (below, above) = parts.iter().map(reach).fold((0.0, 0.0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
                (value - inflation * below.sqrt(), value + inflation * above.sqrt())
            }
            Law::Draws(draws) => draws.at(errors),
        }
    }

    pub(super) fn p_value(&self, value: f64, nothing: f64) -> f64 {
        let (errors, freedom) = match self {
            Law::Draws(draws) => return draws.p_value(nothing),
            Law::Student { error, freedom, .. } => ((value - nothing) / error, *freedom),
            Law::Mover { freedom, .. } | Law::Strata { freedom, .. } => (self.errors_to(value, nothing), *freedom),
        };
        t_two_sided(errors, freedom).unwrap_or(1.0)
    }

    /// How many standard errors the interval must extend to reach `nothing`: ends only move outwards, so halving finds it.
    fn errors_to(&self, value: f64, nothing: f64) -> f64 {
        let leaves_out = |errors: f64| {
            let (low, high) = self.at(value, errors);
            nothing < low || high < nothing
        };
        if !leaves_out(0.0) {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while leaves_out(high) {
            if high > 1e6 {
                return f64::INFINITY;
            }
            (low, high) = (high, high * 2.0);
        }
        while high - low > 1e-12 * high {
            let middle = (low + high) / 2.0;
            if middle <= low || middle >= high {
                break;
            }
            if leaves_out(middle) { low = middle } else { high = middle }
        }
        (low + high) / 2.0
    }

    /// Of the value negated.
    pub(super) fn reversed(&self) -> Law {
        match self {
            Law::Student { error, freedom, within: (least, most) } => {
                Law::Student { error: *error, freedom: *freedom, within: (-most, -least) }
            }
            Law::Mover { first, second, correlation, freedom } => {
                Law::Mover { first: second.clone(), second: first.clone(), correlation: *correlation, freedom: *freedom }
            }
            Law::Strata { parts, inflation, freedom } => {
                let turned = |part: &Weighed| Weighed { weight: part.weight, value: -part.value, law: part.law.reversed() };
                Law::Strata { parts: parts.iter().map(turned).collect(), inflation: *inflation, freedom: *freedom }
            }
            Law::Draws(draws) => Law::Draws(draws.negated()),
        }
    }
}

/// The variance of a difference over that of independent sides, each side's error being half its interval of one standard error.
fn common(first: &Margin, second: &Margin, correlation: f64) -> f64 {
    let error = |side: &Margin| {
        let (below, above) = side.reach(1.0);
        (below + above) / 2.0
    };
    let (a, b) = (error(first), error(second));
    let apart = a * a + b * b;
    if apart.is_finite() && apart > 0.0 { 1.0 - 2.0 * correlation * a * b / apart } else { 1.0 }
}

/// How many standard errors an interval of this level extends to either side.
pub(super) fn critical(level: Confidence, freedom: f64) -> f64 {
    t_quantile(level, freedom).unwrap_or(f64::INFINITY)
}
