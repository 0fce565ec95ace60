//! One metric measured: each vendor's figure, each pair's difference overall and by stratum, and what is resampled for it.

use super::answer::ArmFigure;
use super::arms::Arms;
use super::cells::{Cell, Columns};
pub(super) use super::contrasts::Compared;
use super::contrasts::Way;
use super::{Why, resolved};
use crate::frame::Frame;
use crate::poc::metric::{Metric, MetricKind};
use crate::poc::spec::Poc;
use crate::statistics::contrast::stratified::{Influence, combined_over};
use crate::statistics::contrast::{Contrast, ContrastError, Ordered, mean, quantile, ratio, share};
use crate::statistics::{Confidence, Estimate, KaplanMeier, Spells};

/// Medians of one measure that are this far apart are of two units: a thousand, give or take a third.
const THOUSAND: std::ops::RangeInclusive<f64> = 650.0..=1500.0;

/// A metric measured, not judged yet.
pub(super) struct Measured {
    pub metric: Metric,
    pub kind: MetricKind,
    pub horizon: Option<f64>,
    pub arms: Vec<ArmFigure>,
    pub pairs: Vec<MeasuredPair>,
    pub ranks: Option<Vec<Vec<f64>>>,
    /// What is resampled of each vendor.
    pub resampled: Vec<Resampled>,
    /// What each stratum weighs among all vendors; 0 where one has no rows.
    pub weights: Vec<f64>,
}

/// Two vendors, not judged yet.
pub(super) struct MeasuredPair {
    pub first: usize,
    pub second: usize,
    /// The share of the rows of both that strata hold in which both can be compared.
    pub covered: f64,
    /// What each stratum weighs for these two.
    pub weights: Vec<f64>,
    pub overall: Result<Compared, Why>,
    /// The interval of quantiles without resampling, where `overall` is by resampling.
    pub analytic: Option<Contrast>,
    pub pooled: Option<Contrast>,
    pub strata: Vec<Result<Compared, Why>>,
}

/// What is resampled of one vendor.
pub(super) enum Resampled {
    Nothing,
    /// How far each unit moves the figure.
    Linear(Influence),
    /// Rows in order, a stratum each.
    Quantiles(Vec<Option<Ordered>>, f64),
}

/// Measures a metric.
pub(super) fn measured(poc: &Poc, metric: &Metric, frame: &Frame, arms: &Arms) -> Measured {
    let columns = Columns::of(metric, frame);
    let (cells, missing): (Vec<Vec<Cell>>, Vec<u64>) = (0..arms.count()).map(|arm| columns.cells(arms, arm)).unzip();
    let pooled: Vec<Cell> = if arms.strata.is_empty() { Vec::new() } else { (0..arms.count()).map(|arm| columns.all(arms, arm)).collect() };
    let all: Vec<&Cell> = if pooled.is_empty() { cells.iter().map(|own| &own[0]).collect() } else { pooled.iter().collect() };
    let kind = resolved(metric, columns.values());
    let horizon = matches!(kind, MetricKind::Time { .. }).then(|| horizon(&all));
    let way = Way { kind: kind.clone(), horizon, earlier: metric.before.is_some(), paired: arms.pair.is_some() };
    let figures = (0..arms.count()).map(|arm| figure(&way, all[arm], &arms.names[arm], missing[arm], poc.level)).collect();
    let mut pairs = Vec::new();
    for first in 0..arms.count() {
        for second in first + 1..arms.count() {
            pairs.push(pair(&way, arms, (first, second), &cells, &all));
        }
    }
    let weights = common(&cells);
    let resampled = resampled(&way, &cells, &weights);
    Measured { metric: metric.clone(), kind, horizon, arms: figures, pairs, ranks: None, resampled, weights }
}

/// One vendor's figure, of all its rows.
fn figure(way: &Way, cell: &Cell, name: &str, missing: u64, level: Confidence) -> ArmFigure {
    let rows = cell.rows() as u64;
    let figure = if rows == 0 { Err(Why::Absent { arm: name.to_owned() }) } else { estimate(way, cell, level).map_err(of_one) };
    let alone = if figure.is_err() { alone(way, cell) } else { None };
    ArmFigure { figure, alone, rows, missing }
}

/// What the statistics say of two arms, said of one.
fn of_one(why: Why) -> Why {
    match why {
        Why::Contrast(ContrastError::TooFew { first, least, .. }) => Why::FewUnits { units: first, least },
        Why::Contrast(ContrastError::Constant { first, .. }) => Why::Alike { units: first },
        why => why,
    }
}

/// The figure without an interval; `None` with no rows, and of times.
fn alone(way: &Way, cell: &Cell) -> Option<f64> {
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    let figure = match &way.kind {
        MetricKind::Mean | MetricKind::Ordinal => sum(&cell.values) / cell.rows() as f64,
        MetricKind::Share if cell.values.iter().any(|value| *value != 0.0 && *value != 1.0) => return None,
        MetricKind::Share => sum(&cell.values) / cell.rows() as f64,
        MetricKind::Quantile(q) => {
            let mut values = cell.values.clone();
            values.sort_unstable_by(f64::total_cmp);
            *values.get(((values.len() as f64 * q).ceil() as usize).saturating_sub(1))?
        }
        MetricKind::Ratio { .. } => sum(&cell.values) / sum(&cell.second),
        MetricKind::Time { .. } => return None,
    };
    figure.is_finite().then_some(figure)
}

fn estimate(way: &Way, cell: &Cell, level: Confidence) -> Result<Estimate, Why> {
    Ok(match &way.kind {
        MetricKind::Mean | MetricKind::Ordinal => mean::mean(&cell.arm(), level)?,
        MetricKind::Share => share::share(&cell.arm(), level)?,
        MetricKind::Quantile(q) => quantile::quantile(&Ordered::of(&cell.arm())?, *q, level)?,
        MetricKind::Ratio { .. } => ratio::ratio(&cell.parts(), level)?,
        MetricKind::Time { .. } => {
            let ended = cell.ended();
            let curve = Spells::new(&cell.values, &ended).map_err(crate::statistics::contrast::ContrastError::from);
            let curve = KaplanMeier::new(&curve?).map_err(crate::statistics::contrast::ContrastError::from)?;
            curve.restricted_mean(way.horizon.unwrap_or(f64::NAN), level).map_err(crate::statistics::contrast::ContrastError::from)?.mean
        }
    })
}

/// How far times are counted: as far as nine in ten of all, and no further than every vendor was watched.
fn horizon(all: &[&Cell]) -> f64 {
    let last = |cell: &&Cell| cell.values.iter().copied().fold(0.0, f64::max);
    let watched = all.iter().filter(|cell| cell.rows() > 0).map(last).fold(f64::INFINITY, f64::min);
    let mut times: Vec<f64> = all.iter().flat_map(|cell| &cell.values).copied().collect();
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() * 9 / 10).map_or(f64::NAN, |ninth| ninth.min(watched))
}

/// One pair of vendors.
fn pair(way: &Way, arms: &Arms, (first, second): (usize, usize), cells: &[Vec<Cell>], all: &[&Cell]) -> MeasuredPair {
    let compare = |a: &Cell, b: &Cell| -> Result<Compared, Why> {
        for (cell, arm) in [(a, first), (b, second)] {
            if cell.rows() == 0 {
                return Err(Why::Absent { arm: arms.names[arm].clone() });
            }
        }
        way.compare(a, b)
    };
    let doubt = units_differ(way, all[first], all[second]);
    if arms.strata.is_empty() {
        let overall = doubt.map_or_else(|| compare(all[first], all[second]), Err);
        return MeasuredPair { first, second, covered: 1.0, weights: vec![1.0], overall, analytic: None, pooled: None, strata: Vec::new() };
    }
    let strata: Vec<Result<Compared, Why>> = (0..arms.strata()).map(|at| compare(&cells[first][at], &cells[second][at])).collect();
    let rows = |at: usize| (cells[first][at].rows() + cells[second][at].rows()) as f64;
    let weights: Vec<f64> = strata.iter().enumerate().map(|(at, compared)| if compared.is_ok() { rows(at) } else { 0.0 }).collect();
    let total: f64 = (0..strata.len()).map(rows).sum();
    let covered = if total > 0.0 { weights.iter().sum::<f64>() / total } else { 0.0 };
    let overall = doubt.map_or_else(|| taken_together(way, &strata, &weights, (&cells[first], &cells[second])), Err);
    let absent = [first, second].into_iter().find(|arm| all[*arm].rows() == 0);
    let overall = absent.map_or(overall, |arm| Err(Why::Absent { arm: arms.names[arm].clone() }));
    let pooled = compare(all[first], all[second]).ok().map(|compared| compared.difference);
    MeasuredPair { first, second, covered, weights, overall, analytic: None, pooled, strata }
}

/// Like compared with like: the strata's differences, weighed by the rows of both.
fn taken_together(way: &Way, strata: &[Result<Compared, Why>], weights: &[f64], cells: (&[Cell], &[Cell])) -> Result<Compared, Why> {
    let parts: Vec<(f64, &Contrast)> =
        strata.iter().zip(weights).filter_map(|(compared, weight)| Some((*weight, &compared.as_ref().ok()?.difference))).collect();
    if parts.is_empty() {
        // Values that cannot be compared at all are no matter of strata.
        let unfit = |why: &&Why| matches!(why, Why::Contrast(ContrastError::NotBinary { .. } | ContrastError::Denominator { .. }));
        let unfit = strata.iter().filter_map(|compared| compared.as_ref().err()).find(unfit);
        return Err(unfit.cloned().unwrap_or(Why::NoOverlap));
    }
    let first = influence(way, cells.0, weights).ok_or(Why::NoOverlap)?;
    let second = influence(way, cells.1, weights).ok_or(Why::NoOverlap)?;
    Ok(Compared { difference: combined_over(&parts, &first, &second)?, ratio: None })
}

/// How far units move a vendor's figure, strata weighed; strata that weigh nothing are left out.
fn influence(way: &Way, cells: &[Cell], weights: &[f64]) -> Option<Influence> {
    let total: f64 = weights.iter().sum();
    let weighed = || cells.iter().zip(weights).filter(|(_, weight)| **weight > 0.0).map(|(cell, weight)| (cell, weight / total));
    let MetricKind::Time { .. } = way.kind else {
        let ratio = matches!(way.kind, MetricKind::Ratio { .. });
        return Influence::of_sums(&weighed().map(|(cell, weight)| (weight, cell.sums(ratio))).collect::<Vec<_>>());
    };
    let ended: Vec<Vec<bool>> = weighed().map(|(cell, _)| cell.ended()).collect();
    let spells: Option<Vec<_>> =
        weighed().zip(&ended).map(|((cell, weight), ended)| Some((weight, Spells::new(&cell.values, ended).ok()?, cell.units()))).collect();
    Influence::of_times(&spells?, way.horizon?)
}

/// What each stratum weighs among all vendors: its rows, if all have some.
fn common(cells: &[Vec<Cell>]) -> Vec<f64> {
    let strata = cells.first().map_or(0, Vec::len);
    let weight = |at: usize| {
        let rows = cells.iter().map(|own| own[at].rows());
        if rows.clone().all(|rows| rows > 0) { rows.sum::<usize>() as f64 } else { 0.0 }
    };
    (0..strata).map(weight).collect()
}

/// What is resampled of each vendor.
fn resampled(way: &Way, cells: &[Vec<Cell>], weights: &[f64]) -> Vec<Resampled> {
    if let MetricKind::Quantile(q) = way.kind {
        let ordered = |own: &Vec<Cell>| own.iter().map(|cell| Ordered::of(&cell.arm()).ok()).collect();
        return cells.iter().map(|own| Resampled::Quantiles(ordered(own), q)).collect();
    }
    if way.kind == MetricKind::Ordinal {
        return ranked(cells).iter().map(|own| linear(way, own, weights)).collect();
    }
    cells.iter().map(|own| linear(way, own, weights)).collect()
}

fn linear(way: &Way, cells: &[Cell], weights: &[f64]) -> Resampled {
    influence(way, cells, weights).map_or(Resampled::Nothing, Resampled::Linear)
}

/// Ratings as places among those of all vendors in the stratum, 0 to 1, ties in the middle of their places: whose mean is higher has the better ratings.
fn ranked(cells: &[Vec<Cell>]) -> Vec<Vec<Cell>> {
    let strata = cells.first().map_or(0, Vec::len);
    let all = |at: usize| {
        let mut values: Vec<f64> = cells.iter().flat_map(|own| &own[at].values).copied().collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let all: Vec<Vec<f64>> = (0..strata).map(all).collect();
    let place = |at: usize, value: f64| {
        let (below, upto) = (all[at].partition_point(|other| *other < value), all[at].partition_point(|other| *other <= value));
        (below + upto) as f64 / 2.0 / all[at].len() as f64
    };
    let ranked = |(at, cell): (usize, &Cell)| Cell {
        values: cell.values.iter().map(|value| place(at, *value)).collect(),
        units: cell.units.clone(),
        ..Cell::default()
    };
    cells.iter().map(|own| own.iter().enumerate().map(ranked).collect()).collect()
}

/// Whether one vendor's values are milliseconds and the other's seconds.
fn units_differ(way: &Way, first: &Cell, second: &Cell) -> Option<Why> {
    if !matches!(way.kind, MetricKind::Mean | MetricKind::Quantile(_) | MetricKind::Time { .. }) {
        return None;
    }
    let (first, second) = (median(&first.values)?, median(&second.values)?);
    let factor = if first > second { first / second } else { second / first };
    (first > 0.0 && second > 0.0 && THOUSAND.contains(&factor)).then_some(Why::Units { first, second })
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}
