//! Since when a series of means or shares has been on another level: change points that noise does not make.
//!
//! 1. Periods weigh by what they know: many answers more than few, yet no more than days differ among themselves anyway.
//! 2. The stretch that stands out most is found (circular binary segmentation; Olshen, Venkatraman, Lucito and Wigler, Biostatistics 5 (2004),
//!    557-572), so that a dip that recovers is seen as well as a step.
//! 3. It counts when noise alone, as correlated between neighbours as this series, has such a stretch at most 5 % of the time (by resampling).
//!    Then the pieces are searched in turn.
//! 4. With as many changes as were found, the best cuts of all are taken (dynamic programming), and each is judged again between its neighbours.
//!
//! A trend, or a season of the week, is no change of level; a series that has one should have it taken out first. Of flat series of 14 to 100 days
//! at most 5 % are called, with neighbours correlated by 0.3 as without; at 0.6 it is about 10 % of those of 60 days.

use crate::estimate::{Confidence, Estimate};
use crate::moments::around;

mod noise;
mod segmentation;
mod series;
#[cfg(test)]
mod tests;

use noise::{chance, correlation, inflation, prominence};
use series::{Arc, Scaled, Series};

/// One day, week or other period of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// Observations in it. A period of none is passed over.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Their sample variance; `None` when it is not known, as of one observation.
    pub variance: Option<f64>,
}

impl Period {
    /// A period of a share: so many of so many. `None` for more hits than there were.
    pub fn share(hits: u64, n: u64) -> Option<Self> {
        if hits > n {
            return None;
        }
        let p = if n > 0 { hits as f64 / n as f64 } else { 0.0 };
        Some(Self { n, mean: p, variance: (n >= 2).then(|| p * (1.0 - p) * n as f64 / (n - 1) as f64) })
    }
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// The first period of the new level, as an index into the given periods.
    pub at: usize,
    /// The earliest it may have been, at the level of confidence asked for.
    pub earliest: usize,
    /// The latest it may have been.
    pub latest: usize,
    /// How often noise alone would show as large a change between the neighbouring ones.
    pub p: f64,
    /// The level before, back to the previous change; `n` is the observations in it.
    pub before: Estimate,
    /// The level after, up to the next change.
    pub after: Estimate,
    /// After less before.
    pub difference: Estimate,
}

/// What a series shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePoints {
    /// The changes, in order; empty when noise explains the series.
    pub changes: Vec<ChangePoint>,
    /// How often noise alone has a stretch that stands out as much as this series' most prominent one.
    pub p: f64,
    /// The correlation between neighbouring periods that noise was given, 0 to 0.95.
    pub autocorrelation: f64,
    /// The periods that had observations.
    pub periods: usize,
}

/// Fewer periods than this show no level, let alone a change: our choice.
pub const MIN_PERIODS: usize = 8;
/// A level lasts at least so many periods: one bad day is an incident.
pub const MIN_LEVEL: usize = 3;
/// More periods than this are refused: three years of days. Take weeks.
pub const MAX_PERIODS: usize = 1_100;

/// Why a series has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ChangePointError {
    /// Too short.
    #[error("look for a change of level in {periods} periods with observations: fewer than {MIN_PERIODS} show none")]
    NotEnough {
        /// Periods with observations.
        periods: usize,
    },
    /// Too long.
    #[error("look for a change of level in {periods} periods: at most {MAX_PERIODS} are compared, take longer periods")]
    TooMany {
        /// Periods with observations.
        periods: usize,
    },
    /// Every period has the same mean.
    #[error(
        "look for a change of level in {periods} periods that all have the mean {mean}: without variation nothing can be told from noise"
    )]
    AllTheSame {
        /// Periods with observations.
        periods: usize,
        /// Their mean.
        mean: f64,
    },
    /// Levels, and nothing about them.
    #[error(
        "state {changes} changes of level in {periods} periods that lie exactly on their levels: without noise no interval can be given"
    )]
    NoNoise {
        /// Periods with observations.
        periods: usize,
        /// Changes that were seen.
        changes: usize,
    },
    /// A mean or variance that is no number.
    #[error("look for a change of level in a series whose period {period} has the mean {mean} and the variance {variance}")]
    NotANumber {
        /// Which, from 0.
        period: usize,
        /// Its mean.
        mean: f64,
        /// Its variance.
        variance: f64,
    },
}

/// The changes of level in a series, called when noise alone would show as much at most `1 - level` of the time.
///
/// The interval of a location is the set of those that a likelihood ratio does not reject (Eo and Morley, Quantitative Economics 6 (2015), 463-497:
/// 2 ln LR up to -2 ln(1 - sqrt(level)), 7.35 at 95 %); days being whole, it covers somewhat more than it says. Levels and their difference allow
/// for correlated neighbours, and in short series for mildly correlated ones in any case, so that they cover somewhat more than they say of
/// independent days; given that a change was found at all, small ones are overstated. The same seed gives the same bytes.
pub fn change_points(periods: &[Period], level: Confidence, seed: u64) -> Result<ChangePoints, ChangePointError> {
    let series = Series::of(periods)?;
    let n = series.len();
    if n < MIN_PERIODS {
        return Err(ChangePointError::NotEnough { periods: n });
    }
    if n > MAX_PERIODS {
        return Err(ChangePointError::TooMany { periods: n });
    }
    if series.mean.iter().all(|mean| *mean == series.mean[0]) {
        return Err(ChangePointError::AllTheSame { periods: n, mean: series.mean[0] });
    }
    let alpha = 1.0 - level.level();
    let mut found = Vec::new();
    let p = search(&series, 0..n, alpha, seed, &mut found).unwrap_or(1.0);
    let mut kept = Kept::of(&series, found.len());
    while !kept.cuts.is_empty() {
        let chances = kept.chances(seed);
        if chances.iter().all(|p| *p <= alpha) {
            let changes = (0..kept.cuts.len()).map(|at| kept.change(at, chances[at], level)).collect::<Option<_>>();
            let changes = changes.ok_or(ChangePointError::NoNoise { periods: n, changes: kept.cuts.len() })?;
            return Ok(ChangePoints { changes, p, autocorrelation: kept.phi, periods: n });
        }
        kept = Kept::of(&series, kept.cuts.len() - 1);
    }
    Ok(ChangePoints { changes: Vec::new(), p, autocorrelation: kept.phi, periods: n })
}

/// Finds what stands out in a stretch, then in its pieces; gives the chance of the most prominent.
fn search(series: &Series, within: std::ops::Range<usize>, alpha: f64, seed: u64, found: &mut Vec<usize>) -> Option<f64> {
    if within.len() < MIN_PERIODS {
        return None;
    }
    let part = series.part(within.clone());
    let arc = part.best_arc(MIN_LEVEL).filter(|_| part.squares > 0.0)?;
    let most = |noise: &Scaled| noise.best_arc(MIN_LEVEL).map_or(0.0, |arc| prominence(noise, &arc).0);
    let (observed, phi) = prominence(&part, &arc);
    let p = chance(&part, phi, observed, most, seed);
    if p <= alpha {
        let edges = [within.start, within.start + arc.from, within.start + arc.to, within.end];
        found.extend(edges[1..3].iter().filter(|at| **at > within.start && **at < within.end));
        for piece in edges.windows(2) {
            search(series, piece[0]..piece[1], alpha, seed, found);
        }
    }
    Some(p)
}

/// The best cuts of a series, and its noise about them.
struct Kept<'a> {
    series: &'a Series,
    cuts: Vec<usize>,
    phi: f64,
    /// The variance of a period of weight 1, neighbours' correlation aside.
    variance: f64,
}

impl<'a> Kept<'a> {
    fn of(series: &'a Series, changes: usize) -> Self {
        let whole = series.part(0..series.len());
        let cuts = segmentation::optimal(&whole, changes + 1, MIN_LEVEL).map_or_else(Vec::new, |(cuts, _)| cuts);
        let edges: Vec<usize> = std::iter::once(0).chain(cuts.iter().copied()).chain([series.len()]).collect();
        let mut residual = Vec::with_capacity(series.len());
        for piece in edges.windows(2) {
            let level = whole.level(piece[0], piece[1]).0;
            residual.extend((piece[0]..piece[1]).map(|at| (whole.value[at] - level) * whole.weight[at].sqrt()));
        }
        let (n, pieces) = (series.len() as f64, edges.len() - 1);
        let phi = correlation(&residual, pieces + changes);
        let freedom = (n - pieces as f64 * inflation(phi)).max(1.0);
        let variance = residual.iter().map(|r| r * r).sum::<f64>() / freedom;
        Self { series, cuts, phi, variance }
    }

    fn stretch(&self, at: usize) -> std::ops::Range<usize> {
        let before = at.checked_sub(1).map_or(0, |previous| self.cuts[previous]);
        before..self.cuts.get(at + 1).copied().unwrap_or(self.series.len())
    }

    /// How often noise alone would show each change between its neighbours.
    fn chances(&self, seed: u64) -> Vec<f64> {
        let split = |noise: &Scaled| best_split(noise).map_or(0.0, |arc| prominence(noise, &arc).0);
        let each = |at: usize| {
            let part = self.series.part(self.stretch(at));
            chance(&part, self.phi, split(&part), split, seed.wrapping_add(1 + at as u64))
        };
        (0..self.cuts.len()).map(each).collect()
    }

    /// A change with its intervals; `None` when the levels leave no noise.
    fn change(&self, at: usize, p: f64, level: Confidence) -> Option<ChangePoint> {
        let (stretch, cut) = (self.stretch(at), self.cuts[at]);
        let part = self.series.part(stretch.clone());
        let inside = cut - stretch.start;
        let long_run = self.variance * inflation(self.phi);
        // As much of the gain as a likelihood ratio may lose.
        let bearable = -2.0 * (1.0 - level.level().sqrt()).ln() * long_run;
        let possible = |to: &usize| part.gain(0, inside) - part.gain(0, *to) <= bearable;
        let mut locations = (1..part.len()).filter(possible);
        let earliest = locations.next().unwrap_or(inside).min(inside);
        let latest = locations.next_back().unwrap_or(inside).max(inside);
        let whole = self.series.part(0..self.series.len());
        if self.variance <= 1e-18 * whole.squares {
            return None;
        }
        let centre = self.series.mean[0] - whole.value[0];
        let freedom = ((whole.len() as f64) / inflation(self.phi) - self.cuts.len() as f64 - 1.0).max(1.0);
        let n = |of: std::ops::Range<usize>| self.series.n[of].iter().sum::<u64>();
        let (old, old_mass) = whole.level(stretch.start, cut);
        let (new, new_mass) = whole.level(cut, stretch.end);
        let estimate = |value: f64, per_mass: f64, n: u64| around(value, long_run * per_mass, freedom, n, level);
        let original = |at: usize| self.series.index[stretch.start + at];
        Some(ChangePoint {
            at: original(inside),
            earliest: original(earliest),
            latest: original(latest),
            p,
            before: estimate(centre + old, 1.0 / old_mass, n(stretch.start..cut))?,
            after: estimate(centre + new, 1.0 / new_mass, n(cut..stretch.end))?,
            difference: estimate(new - old, 1.0 / old_mass + 1.0 / new_mass, n(stretch.clone()))?,
        })
    }
}

/// The single change that lowers the squares most.
fn best_split(series: &Scaled) -> Option<Arc> {
    let room = MIN_LEVEL..=series.len().checked_sub(MIN_LEVEL)?;
    room.map(|to| Arc { gain: series.gain(0, to), from: 0, to }).reduce(|best, arc| if arc.gain > best.gain { arc } else { best })
}
