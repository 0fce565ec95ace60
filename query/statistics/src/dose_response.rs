//! How an outcome goes with a quality measure: its mean in each of a few bins, and the monotone curve through them.
//!
//! The outcome is a score, or yes and no such as "returned" or "top of the scale". What is seen is an association: whoever has a bad network may
//! differ in more than that.

use std::ops::Range;

use crate::estimate::{Confidence, Estimate};
use crate::isotonic::{Direction, Isotonic, Point, isotonic};
use crate::pairs::{Pairs, PairsError, Sorted};
use crate::parallel;
use crate::share::share;
use crate::student::t_quantile;

/// What kind of number the outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A score, whose mean is estimated with Student's interval.
    Score,
    /// 0 or 1, whose share is estimated with Wilson's.
    YesNo,
}

/// How the measure is cut into bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bins<'a> {
    /// Five to ten bins of about equal numbers of rows, at least 20 rows each where there are that many (our choice).
    Auto,
    /// At most so many bins of about equal numbers of rows. Rows of one measured value stay together.
    Count(usize),
    /// From each edge to before the next; the last bin has its upper edge. Rows outside are counted apart.
    Edges(&'a [f64]),
}

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What kind of number the outcome is.
    pub outcome: Outcome,
    /// How the measure is cut.
    pub bins: Bins<'a>,
    /// Which way the monotone curve goes; the better fitting way when not known beforehand.
    pub direction: Option<Direction>,
    /// How often each bin's interval is to cover. Bins are not adjusted for one another.
    pub level: Confidence,
}

/// The outcome where the measure lies between two values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The lowest measured value, or the edge that was asked for.
    pub low: f64,
    /// The highest measured value, or the edge that was asked for.
    pub high: f64,
    /// The (weighted) mean of the measure; `None` in an empty bin.
    pub mean: Option<f64>,
    /// Rows.
    pub rows: u64,
    /// Users, or rows where each is by itself: the observations that the uncertainty comes from.
    pub users: u64,
    /// The (weighted) mean of the outcome, however uncertain; `None` in an empty bin.
    pub value: Option<f64>,
    /// The same with its interval. `None` where there is no telling its uncertainty: no rows, a single user, or scores all alike.
    pub outcome: Option<Estimate>,
}

/// How an outcome goes with a measure.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseResponse {
    /// The bins by ascending measure.
    pub bins: Vec<Bin>,
    /// The monotone curve through up to a hundred finer cells; `None` when the measure has one value only.
    pub smooth: Option<Isotonic>,
    /// Rows with both the measure and the outcome.
    pub n: u64,
    /// Rows without one of them, left out.
    pub missing: u64,
    /// Rows with both that lie outside of the edges that were asked for.
    pub outside: u64,
}

/// Why no curve can be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DoseResponseError {
    /// The rows say nothing.
    #[error("cannot pair the measure with the outcome")]
    Pairs(#[from] PairsError),
    /// The edges enclose no bins.
    #[error("cut the measure at {edges:?}: two or more ascending finite edges are needed")]
    Edges {
        /// The edges.
        edges: Vec<f64>,
    },
    /// No bins.
    #[error("cut the measure into 0 bins: at least one is needed")]
    NoBins,
}

/// Cells that the monotone curve is drawn through: our choice, finer than a chart shows.
const CELLS: usize = 100;
/// Rows a cell or an automatic bin has at least, where there are so many: our choice; a step of fewer would be noise at the ends of the curve.
const MIN_ROWS: usize = 20;

/// The outcome by bins of the measure, and the monotone curve, in O(n log n).
///
/// A mean's variance is that of the ratio of two sums over users (linearised; Cochran, Sampling Techniques, 3rd edition, 6.4), with k / (k - 1) for k
/// users and Student's quantile of k - 1 degrees of freedom. A share has Wilson's interval at the effective number of rows that this variance comes
/// to, at most Kish's (sum w)^2 / sum w^2 (Korn and Graubard, Survey Methodology 24 (1998), 193-201); plain counts have Wilson's own.
pub fn dose_response(pairs: &Pairs<'_>, request: &Request<'_>) -> Result<DoseResponse, DoseResponseError> {
    let sorted = Sorted::of(pairs)?;
    if request.outcome == Outcome::YesNo {
        sorted.binary()?;
    }
    let runs = cut(&sorted, request.bins)?;
    let bins = parallel::map(runs.len(), |at| {
        let (rows, edges) = &runs[at];
        bin(&sorted, rows.clone(), *edges, request)
    });
    let n = sorted.rows.len() as u64;
    let inside: u64 = bins.iter().map(|bin| bin.rows).sum();
    Ok(DoseResponse { bins, smooth: smooth(&sorted, request.direction), n, missing: sorted.missing, outside: n - inside })
}

type Edges = Option<(f64, f64)>;

fn cut(sorted: &Sorted, bins: Bins<'_>) -> Result<Vec<(Range<usize>, Edges)>, DoseResponseError> {
    let n = sorted.rows.len();
    let count = match bins {
        Bins::Auto => (n / 100).clamp(5, 10).min(n.div_ceil(MIN_ROWS)),
        Bins::Count(0) => return Err(DoseResponseError::NoBins),
        Bins::Count(count) => count.min(n),
        Bins::Edges(edges) => {
            if edges.len() < 2 || !edges.iter().all(|edge| edge.is_finite()) || !edges.windows(2).all(|pair| pair[0] < pair[1]) {
                return Err(DoseResponseError::Edges { edges: edges.to_vec() });
            }
            let last = edges.len() - 2;
            let below = |x: f64| sorted.rows.partition_point(|row| row.x < x);
            let up_to = |x: f64| sorted.rows.partition_point(|row| row.x <= x);
            let run = |at: usize, pair: &[f64]| below(pair[0])..if at == last { up_to(pair[1]) } else { below(pair[1]) };
            return Ok(edges.windows(2).enumerate().map(|(at, pair)| (run(at, pair), Some((pair[0], pair[1])))).collect());
        }
    };
    Ok(sorted.runs(count).into_iter().map(|run| (run, None)).collect())
}

fn bin(sorted: &Sorted, run: Range<usize>, edges: Edges, request: &Request<'_>) -> Bin {
    let rows = &sorted.rows[run.clone()];
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        let (low, high) = edges.unwrap_or((f64::NAN, f64::NAN));
        return Bin { low, high, mean: None, rows: 0, users: 0, value: None, outcome: None };
    };
    let weight: f64 = rows.iter().map(|row| row.weight).sum();
    let squares: f64 = rows.iter().map(|row| row.weight * row.weight).sum();
    let x = rows.iter().map(|row| row.weight * row.x).sum::<f64>() / weight;
    let y = rows.iter().map(|row| row.weight * row.y).sum::<f64>() / weight;
    let (mut users, mut scatter) = (0_u64, 0.0);
    sorted.by_user(
        run,
        |row| [row.weight * (row.y - y)],
        |[sum]| {
            users += 1;
            scatter += sum * sum;
        },
    );
    let k = users as f64;
    let mean = Mean { value: y, variance: scatter / (weight * weight) * k / (k - 1.0), users, rows: rows.len() as u64 };
    let outcome = match request.outcome {
        Outcome::Score => mean.score(request.level),
        Outcome::YesNo if sorted.clustered || sorted.weighted => mean.share(weight * weight / squares, request.level),
        Outcome::YesNo => share(rows.iter().filter(|row| row.y == 1.0).count() as u64, mean.rows, request.level),
    };
    let (low, high) = edges.unwrap_or((first.x, last.x));
    Bin { low, high, mean: Some(x.clamp(first.x, last.x)), rows: mean.rows, users, value: Some(y), outcome }
}

/// A mean and how far it may be off.
struct Mean {
    value: f64,
    variance: f64,
    users: u64,
    rows: u64,
}

impl Mean {
    fn score(&self, level: Confidence) -> Option<Estimate> {
        let half = t_quantile(level, self.users as f64 - 1.0)? * self.variance.sqrt();
        // Rounding can leave a tiny scatter where there is none.
        let some = half.is_finite() && half > self.value.abs() * 1e-12;
        some.then_some(Estimate { value: self.value, low: self.value - half, high: self.value + half, n: self.rows })
    }

    fn share(&self, kish: f64, level: Confidence) -> Option<Estimate> {
        let p = self.value.clamp(0.0, 1.0);
        let t = t_quantile(level, self.users as f64 - 1.0)?;
        // Where all say the same, each user counts as one observation.
        let most = kish.min(self.rows as f64);
        let effective = if self.variance > 1e-12 { (p * (1.0 - p) / self.variance).min(most) } else { most.min(self.users as f64) };
        let n = effective.max(1.0) * (level.z() / t).powi(2);
        let z2 = level.z().powi(2);
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = level.z() / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        Some(Estimate { value: p, low: (centre - half).clamp(0.0, p), high: (centre + half).clamp(p, 1.0), n: self.rows })
    }
}

/// The monotone curve through cells of equal numbers.
fn smooth(sorted: &Sorted, direction: Option<Direction>) -> Option<Isotonic> {
    let runs = sorted.runs((sorted.rows.len() / MIN_ROWS).clamp(2, CELLS));
    let points: Vec<Point> = runs
        .into_iter()
        .map(|run| {
            let rows = &sorted.rows[run];
            let weight: f64 = rows.iter().map(|row| row.weight).sum();
            let mean = |of: fn(&crate::pairs::Row) -> f64| rows.iter().map(|row| row.weight * of(row)).sum::<f64>() / weight;
            Point { x: mean(|row| row.x), y: mean(|row| row.y), weight }
        })
        .collect();
    isotonic(&points, direction)
}

#[cfg(test)]
mod tests;
