//! From which value of a quality measure on an outcome turns: two straight lines that meet at a knee, or one line and no knee.
//!
//! "How much loss do people put up with" is asked of the knee. Its place is estimated with an interval, and it is only claimed where a straight line
//! is refuted and no gradual bend fits as well: that there is none, or no telling, is an answer too.

mod null;
mod profile;
mod smooth;

use nalgebra::Vector4;

use self::profile::Profile;
use crate::estimate::{Confidence, Estimate};
use crate::pairs::{Pairs, PairsError, Row, Sorted};
use crate::sandwich::Sandwich;
use crate::student::t_quantile;

/// What the line does.
#[derive(Debug, Clone, PartialEq)]
pub enum Knee {
    /// It turns.
    Found(Box<Found>),
    /// It is not seen to turn.
    NotFound {
        /// The p value of the straight line; `None` when it could not be tested.
        p: Option<f64>,
        /// Why no knee is claimed.
        why: NoKnee,
    },
}

/// A knee, and the two lines that meet in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Where, in the measure's unit. An end of the interval that is also an end of `searched` stands for "or beyond".
    pub at: Estimate,
    /// The outcome at the knee.
    pub height: Estimate,
    /// Change of the outcome for one unit of the measure, below the knee.
    pub slope_before: Estimate,
    /// The same above the knee.
    pub slope_after: Estimate,
    /// How much the slope changes at the knee.
    pub bend: Estimate,
    /// The p value of the straight line: how often a bend so clear is seen where there is none.
    pub p: f64,
    /// Between which values of the measure a knee was looked for.
    pub searched: (f64, f64),
    /// Rows left out for want of the measure or the outcome.
    pub missing: u64,
}

/// Why no knee is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoKnee {
    /// Fewer rows, or users, than [`MIN_ROWS`].
    TooFew,
    /// The measure takes fewer different values than [`MIN_VALUES`].
    TooFewValues,
    /// All outcomes are the same.
    Constant,
    /// A straight line is not refuted.
    Straight,
    /// It bends, and a gradual bend fits no worse than a knee.
    Gradual,
    /// The lines fit best when they meet at the edge of what was searched: the outcome may turn there or outside, which is not seen.
    AtEdge,
    /// The outcome turns, but where cannot be told: the interval is all that was searched.
    Anywhere,
    /// The points lie on the lines without any scatter, so that there is no telling how sure the knee is.
    NoScatter,
}

/// Rows, and users where rows go together, that are needed at least: our choice; robust variances of fewer are too small.
pub const MIN_ROWS: usize = 30;
/// Different values of the measure that are needed at least: our choice; four parameters leave little to see with fewer.
pub const MIN_VALUES: usize = 8;

/// What to ask of the rows.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// How often intervals are to cover. A straight line is refuted at 1 less this, shared by those `among` which it is.
    pub level: Confidence,
    /// Of how many curves that are looked at together this is one: a straight line is refuted at so much less (Bonferroni).
    pub among: usize,
    /// Seed of the simulated null distribution.
    pub seed: u64,
}

impl Default for Question {
    fn default() -> Self {
        Question { level: Confidence::P95, among: 1, seed: 1 }
    }
}

/// Where the outcome y turns: y = a + b x + c max(x - knee, 0), by least squares, in O(n log n).
///
/// The knee is the place of least squares between the tenth and ninetieth percentile of the measure. That there is one is tested by the largest
/// score statistic over its candidate places, against the distribution that Hansen simulates (Econometrica 64 (1996), 413-430); that it is one and no
/// gradual bend, by its squares against those of a parabola and of exponentials. Its interval holds the
/// places whose squares are not much larger than the least (profile likelihood ratio, its size simulated as in Hansen, J. Business and Economic
/// Statistics 35 (2017), 228-240, and scaled to the robust variance), and so do the intervals of slopes and height, each over all places of the knee. Variances are robust to unequal scatter, as
/// that of yes and no is, and to rows of one user going together.
pub fn knee(pairs: &Pairs<'_>, question: &Question) -> Result<Knee, PairsError> {
    let sorted = Sorted::of(pairs)?;
    let not_found = |p, why| Ok(Knee::NotFound { p, why });
    let values = 1 + sorted.rows.windows(2).filter(|pair| pair[0].x < pair[1].x).take(MIN_VALUES).count();
    if sorted.independent() < MIN_ROWS {
        return not_found(None, NoKnee::TooFew);
    }
    if values < MIN_VALUES {
        return not_found(None, NoKnee::TooFewValues);
    }
    if sorted.rows.iter().all(|row| row.y == sorted.rows[0].y) {
        return not_found(None, NoKnee::Constant);
    }
    let Some(profile) = Profile::of(&sorted) else { return not_found(None, NoKnee::TooFewValues) };
    if profile.straight_residual() <= 1e-18 * profile.total() {
        return not_found(Some(1.0), NoKnee::Straight);
    }
    let best = profile.best();
    if profile.residual(best.place) <= 1e-18 * profile.total() {
        return not_found(None, NoKnee::NoScatter);
    }
    let Some(p) = null::p_value(&sorted, &profile, question.seed) else { return not_found(None, NoKnee::TooFewValues) };
    if p * question.among.max(1) as f64 > 1.0 - question.level.level() {
        return not_found(Some(p), NoKnee::Straight);
    }
    if best.at_edge {
        return not_found(Some(p), NoKnee::AtEdge);
    }
    if smooth::suffices(&profile, best.place, sorted.independent()) {
        return not_found(Some(p), NoKnee::Gradual);
    }
    match found(&sorted, &profile, best.place, question) {
        Some(knee) if (knee.at.low, knee.at.high) == knee.searched => not_found(Some(p), NoKnee::Anywhere),
        Some(knee) => Ok(Knee::Found(Box::new(Found { p, ..knee }))),
        None => not_found(Some(p), NoKnee::Anywhere),
    }
}

/// The knee at its place, with everything's interval; `None` when the lines are not told apart.
fn found(sorted: &Sorted, profile: &Profile, place: f64, question: &Question) -> Option<Found> {
    let spread = spread(sorted, profile, place)?;
    let (plain, alone) = (spread.plain[(3, 3)], spread.unadjusted[(3, 3)]);
    let ratio = null::largest_ratio(sorted, profile, place, alone.sqrt(), question.level, question.seed)?;
    // How much larger the ratio is than chi-square has it.
    let larger = (ratio / (alone / plain * question.level.z().powi(2))).max(1.0);
    let t = t_quantile(question.level, spread.freedom)? * larger.sqrt();
    figures(sorted, profile, place, &spread, t)
}

/// How far level, slope, bend and place may be off together.
fn spread(sorted: &Sorted, profile: &Profile, place: f64) -> Option<Sandwich<4>> {
    let lines = profile.lines(place)?;
    Sandwich::of(sorted, |row: &Row| {
        let u = profile.units.place(row.x);
        let above = f64::from(u8::from(u > place));
        (Vector4::new(1.0, u, above * (u - place), -lines.bend * above), row.y - lines.at(u, place))
    })
}

/// Everything with the interval that extends to `t` standard errors where squares are those of a parabola.
fn figures(sorted: &Sorted, profile: &Profile, place: f64, spread: &Sandwich<4>, t: f64) -> Option<Found> {
    let (n, lines, units) = (sorted.rows.len() as u64, profile.lines(place)?, profile.units);
    let (low, high) = profile.within(place, t * t * spread.stretch([0.0, 0.0, 0.0, 1.0])?);
    let figure = |of: fn(f64) -> [f64; 3], at_knee: f64, scale: f64| {
        let [level, slope, bend] = of(place);
        let excess = t * t * spread.stretch([level, slope, bend, at_knee])?;
        let (value, low, high) = profile.figure(place, excess, of)?;
        Some(Estimate { value: value * scale, low: low * scale, high: high * scale, n })
    };
    let per_unit = 1.0 / units.deviation;
    Some(Found {
        at: Estimate { value: units.measure(place), low: units.measure(low), high: units.measure(high), n },
        height: figure(|place| [1.0, place, 0.0], lines.slope, 1.0)?,
        slope_before: figure(|_| [0.0, 1.0, 0.0], 0.0, per_unit)?,
        slope_after: figure(|_| [0.0, 1.0, 1.0], 0.0, per_unit)?,
        bend: figure(|_| [0.0, 0.0, 1.0], 0.0, per_unit)?,
        p: 1.0,
        searched: (units.measure(profile.first()), units.measure(profile.last())),
        missing: sorted.missing,
    })
}

#[cfg(test)]
mod tests;
