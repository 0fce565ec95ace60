//! What the rows there are say of how a metric scatters: by the very methods that will compare it, an arm beside itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assumed, CannotPlan, Seen};
use crate::frame::Frame;
use crate::poc::metric::{Metric, MetricKind};
use crate::poc::plan::assumed::AssumedLaw;
use crate::poc::spec::{Poc, Randomised};
use crate::statistics::contrast::cuped::{Earlier, adjust};
use crate::statistics::contrast::paired::{self, Pairs};
use crate::statistics::contrast::ratio::{Parts, ratio_difference};
use crate::statistics::contrast::time::{Times, restricted_mean_difference};
use crate::statistics::contrast::{Arm, Contrast, ContrastError, mean, ordinal, quantile, share};
use crate::statistics::{Confidence, KaplanMeier, Spells};

/// Milliseconds of an hour and of a day.
const HOUR: f64 = 3_600_000.0;
const DAY: f64 = 24.0 * HOUR;

/// The rows there are.
pub(super) struct Rows<'a> {
    frame: &'a Frame,
    /// The vendors that have rows, as named or found.
    pub arms: Vec<String>,
    /// Rows of each, those of a unit together.
    rows: Vec<Vec<u32>>,
    /// Unit, by row; none: each row is its own.
    unit: Option<Vec<u32>>,
    /// Pair, by row.
    pair: Option<Vec<u32>>,
    /// Whether runs are paired.
    paired: bool,
    times: Option<&'a [Option<i64>]>,
}

/// What is known of a metric's scatter.
pub(super) struct Known {
    /// The figure.
    pub value: Option<f64>,
    /// Standard deviation of a unit, or of the difference of a pair.
    pub deviation: f64,
    /// Design effect.
    pub effect: f64,
    /// Rows a unit has.
    pub rows_per_unit: f64,
    /// What earlier values take out.
    pub removed: f64,
    /// Of a share whose rows are not paired: what it is.
    pub share: Option<f64>,
}

/// One vendor's rows with the metric.
#[derive(Default)]
struct Values {
    values: Vec<f64>,
    second: Vec<f64>,
    before: Vec<f64>,
    units: Option<Vec<u32>>,
    pairs: Vec<u32>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(poc: &Poc, frame: &'a Frame) -> Rows<'a> {
        let (codes, labels) = frame.categories(&poc.columns.arm);
        let arms: Vec<String> = if poc.arms.is_empty() { labels.to_vec() } else { poc.arms.clone() };
        let pair = poc.columns.pair.as_ref().map(|pair| frame.persons(pair));
        let unit = poc.columns.unit.as_ref().map(|unit| frame.persons(unit));
        let mut order: Vec<u32> = (0..frame.rows() as u32).collect();
        if let Some(unit) = &unit {
            order.sort_by_key(|row| unit[*row as usize]);
        }
        let place: Vec<Option<usize>> = labels.iter().map(|label| arms.iter().position(|arm| arm == label)).collect();
        let mut rows = vec![Vec::new(); arms.len()];
        for row in order {
            if let Some(arm) = place.get(codes[row as usize] as usize).copied().flatten() {
                rows[arm].push(row);
            }
        }
        let times = poc.columns.time.as_ref().map(|time| frame.times(time));
        let paired = poc.randomised == Randomised::PairedRun;
        Rows { frame, arms, rows, unit, pair, paired, times }
    }

    pub(super) fn frame(&self) -> &Frame {
        self.frame
    }

    /// Rows of a vendor, or of all of them.
    pub(super) fn rows_of(&self, arm: Option<&str>) -> Vec<u32> {
        match arm.and_then(|arm| self.arms.iter().position(|named| named == arm)) {
            Some(at) => self.rows[at].clone(),
            None => self.rows.concat(),
        }
    }

    /// The unit of a row.
    pub(super) fn unit(&self, row: u32) -> u32 {
        self.unit.as_ref().map_or(row, |unit| unit[row as usize])
    }

    /// Whether rows go together.
    pub(super) fn clustered(&self) -> bool {
        self.unit.is_some()
    }

    pub(super) fn seen(&self) -> Seen {
        let all: Vec<u32> = self.rows.concat();
        let whose = |row: &u32| match (&self.pair, self.paired) {
            (Some(pair), true) => pair[*row as usize],
            _ => self.unit(*row),
        };
        let units = all.iter().map(whose).collect::<BTreeSet<_>>().len() as u64;
        let known = |row: &u32| self.times.and_then(|times| times[*row as usize]);
        let (first, last) = (all.iter().filter_map(known).min(), all.iter().filter_map(known).max());
        let days = first.zip(last).map(|(first, last)| (last - first) as f64).filter(|span| *span >= HOUR).map(|span| span / DAY);
        Seen { rows: all.len() as u64, units, days }
    }

    /// What is compared of a metric: the mean of yes and no is a share.
    pub(super) fn resolved(&self, metric: &Metric, assumed: Option<&Assumed>) -> MetricKind {
        if metric.kind != MetricKind::Mean || metric.before.is_some() {
            return metric.kind.clone();
        }
        if let Some(assumed) = assumed {
            return if matches!(assumed.law, AssumedLaw::Share(_)) { MetricKind::Share } else { MetricKind::Mean };
        }
        let yes_or_no = |value: &f64| *value == 0.0 || *value == 1.0 || value.is_nan();
        if self.frame.numbers(&metric.what).iter().all(yes_or_no) { MetricKind::Share } else { MetricKind::Mean }
    }

    fn values(&self, metric: &Metric, arm: usize) -> Values {
        let first = self.frame.numbers(&metric.what);
        let second = match &metric.kind {
            MetricKind::Ratio { over } => Some(self.frame.numbers(over)),
            MetricKind::Time { event } => Some(self.frame.flags(event)),
            _ => None,
        };
        let before = metric.before.as_ref().map(|before| self.frame.numbers(before));
        let mut of = Values { units: self.unit.as_ref().map(|_| Vec::new()), ..Values::default() };
        for row in &self.rows[arm] {
            let at = *row as usize;
            if !first[at].is_finite() || second.is_some_and(|second| !second[at].is_finite()) {
                continue;
            }
            of.values.push(first[at]);
            of.second.extend(second.map(|second| second[at]));
            of.before.extend(before.map(|before| before[at]));
            of.pairs.extend(self.pair.as_ref().map(|pair| pair[at]));
            if let Some(units) = &mut of.units {
                units.push(self.unit(*row));
            }
        }
        of
    }

    /// What the rows say of a metric. A vendor without any row says nothing; one with rows and without the metric is a mistake to be told.
    pub(super) fn known(&self, metric: &Metric, kind: &MetricKind) -> Result<Known, CannotPlan> {
        let mut of = Vec::new();
        for (arm, name) in self.arms.iter().enumerate().filter(|(arm, _)| !self.rows[*arm].is_empty()) {
            let values = self.values(metric, arm);
            if values.values.is_empty() {
                return Err(CannotPlan::Absent { arm: name.clone() });
            }
            of.push(values);
        }
        if of.is_empty() {
            return Err(CannotPlan::Unknown { name: metric.name.clone(), form: super::need::form(kind) });
        }
        if self.paired { pairs(kind, &of) } else { apart(metric, kind, &of) }
    }
}

impl Values {
    fn arm(&self) -> Arm<'_> {
        Arm { values: &self.values, units: self.units.as_deref() }
    }

    fn units(&self) -> f64 {
        self.units.as_ref().map_or(self.values.len(), |units| units.chunk_by(|a, b| a == b).count()) as f64
    }

    /// The same rows, each standing for itself.
    fn alone(&self) -> Values {
        Values { values: self.values.clone(), second: self.second.clone(), ..Values::default() }
    }

    fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    /// An arm beside one of other units that are just like its own: its error is that of one arm times the root of 2.
    fn beside_itself(&self, kind: &MetricKind, horizon: f64) -> Result<Contrast, ContrastError> {
        let units = self.units.as_deref().map(others);
        let (arm, other) = (self.arm(), Arm { values: &self.values, units: units.as_deref() });
        match kind {
            MetricKind::Mean => mean::mean_difference(&arm, &other),
            MetricKind::Share => share::share_difference(&arm, &other),
            MetricKind::Quantile(q) => quantile::quantile_difference(&arm, &other, *q),
            MetricKind::Ordinal => ordinal::superiority(&arm, &other),
            MetricKind::Ratio { .. } => {
                let parts = |units| Parts { above: &self.values, below: &self.second, units };
                ratio_difference(&parts(arm.units), &parts(other.units))
            }
            MetricKind::Time { .. } => {
                let ended: Vec<bool> = self.second.iter().map(|ended| *ended != 0.0).collect();
                let spells = Spells::new(&self.values, &ended)?;
                restricted_mean_difference(&Times { spells, units: arm.units }, &Times { spells, units: other.units }, horizon)
            }
        }
    }

    /// The variance of a unit: the square of the error, times the units.
    fn unit_variance(&self, kind: &MetricKind, horizon: f64) -> Result<f64, ContrastError> {
        if let MetricKind::Quantile(q) = kind {
            let error = quantile::smoothed_error(&self.arm(), *q)?;
            return Ok(error * error * self.units());
        }
        let error = self.beside_itself(kind, horizon)?.error().unwrap_or(0.0);
        Ok(error * error / 2.0 * self.units())
    }

    fn figure(&self, kind: &MetricKind, horizon: f64) -> Option<f64> {
        match kind {
            MetricKind::Mean | MetricKind::Share | MetricKind::Ordinal => Some(self.mean()),
            MetricKind::Quantile(q) => crate::statistics::contrast::Ordered::of(&self.arm()).ok()?.quantile(*q),
            MetricKind::Ratio { .. } => {
                Some(self.values.iter().sum::<f64>() / self.second.iter().sum::<f64>()).filter(|ratio| ratio.is_finite())
            }
            MetricKind::Time { .. } => {
                let ended: Vec<bool> = self.second.iter().map(|ended| *ended != 0.0).collect();
                let spells = Spells::new(&self.values, &ended).ok()?;
                Some(KaplanMeier::new(&spells).ok()?.restricted_mean(horizon, Confidence::P95).ok()?.mean.value)
            }
        }
    }
}

/// As many units as these, and none of them.
pub(super) fn others(units: &[u32]) -> Vec<u32> {
    let beyond = units.iter().max().map_or(0, |last| last + 1);
    units.iter().map(|unit| unit + beyond).collect()
}

/// The mean over vendors: their scatter is supposed to be alike, whatever the figures are.
fn mean_of(of: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = of.len() as f64;
    of.sum::<f64>() / n
}

fn apart(metric: &Metric, kind: &MetricKind, of: &[Values]) -> Result<Known, CannotPlan> {
    let horizon = horizon(of);
    let (rows, units) = (of.iter().map(|of| of.values.len()).sum::<usize>() as f64, of.iter().map(Values::units).sum::<f64>());
    let rows_per_unit = rows / units;
    let figures: Vec<f64> = of.iter().filter_map(|of| of.figure(kind, horizon)).collect();
    let value = (!figures.is_empty()).then(|| mean_of(figures.iter().copied()));
    let share = (*kind == MetricKind::Share).then(|| of.iter().map(|of| of.values.iter().sum::<f64>()).sum::<f64>() / rows);
    if share == Some(0.0) || share == Some(1.0) {
        return Err(CannotPlan::AllAlike { rows: rows as u64, name: metric.name.clone() });
    }
    let variances = |of: &[Values]| -> Result<f64, ContrastError> {
        let of = of.iter().map(|of| of.unit_variance(kind, horizon)).collect::<Result<Vec<f64>, _>>()?;
        Ok(mean_of(of.into_iter()))
    };
    let whole = variances(of)?;
    let alone = match share {
        Some(share) => share * (1.0 - share),
        None => variances(&of.iter().map(Values::alone).collect::<Vec<_>>()).unwrap_or(whole * rows_per_unit),
    };
    let removed = metric.before.as_ref().map_or(0.0, |_| removed(of));
    let variance = whole * (1.0 - removed);
    Ok(Known {
        value,
        deviation: variance.sqrt(),
        effect: if alone > 0.0 { (whole * rows_per_unit / alone).max(if share.is_some() { 1.0 } else { 0.0 }) } else { 1.0 },
        rows_per_unit,
        removed,
        share,
    })
}

/// What earlier values take out of the variance of a difference.
fn removed(of: &[Values]) -> f64 {
    let earlier = |of: &Values| -> Vec<f64> { of.before.clone() };
    let (first, second) = (&of[0], of.last().unwrap_or(&of[0]));
    let (a, b) = (earlier(first), earlier(second));
    adjust(&Earlier { arm: first.arm(), before: &a }, &Earlier { arm: second.arm(), before: &b })
        .map_or(0.0, |adjusted| adjusted.removed.clamp(0.0, 1.0))
}

/// As far as nine in ten of all were watched, and no further than every vendor was: as the comparison counts.
fn horizon(of: &[Values]) -> f64 {
    let last = |of: &Values| of.values.iter().copied().fold(0.0, f64::max);
    let watched = of.iter().map(last).fold(f64::INFINITY, f64::min);
    let mut times: Vec<f64> = of.iter().flat_map(|of| &of.values).copied().collect();
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() * 9 / 10).map_or(f64::NAN, |ninth| ninth.min(watched))
}

/// Pairs of the first two vendors that share some; with more vendors those that scatter most.
fn pairs(kind: &MetricKind, of: &[Values]) -> Result<Known, CannotPlan> {
    let by_pair: Vec<BTreeMap<u32, f64>> = of.iter().map(|of| each_pair(of, matches!(kind, MetricKind::Ratio { .. }))).collect();
    let mut widest: Option<f64> = None;
    let mut why = ContrastError::TooFew { first: by_pair[0].len() as u64, second: 0, least: 2 };
    for first in 0..by_pair.len() {
        for second in first + 1..by_pair.len() {
            let both = by_pair[first].iter().filter_map(|(pair, a)| Some((*a, *by_pair[second].get(pair)?)));
            let (a, b): (Vec<f64>, Vec<f64>) = both.unzip();
            let pairs = Pairs { first: &a, second: &b, units: None };
            let contrast = match kind {
                MetricKind::Quantile(q) => paired::quantile_of_differences(&pairs, *q),
                MetricKind::Ordinal => paired::superiority(&pairs),
                _ => paired::mean_difference(&pairs),
            };
            match contrast {
                Ok(contrast) => {
                    let deviation = contrast.error().unwrap_or(0.0) * (a.len() as f64).sqrt();
                    widest = Some(widest.map_or(deviation, |widest| widest.max(deviation)));
                }
                Err(error) => why = error,
            }
        }
    }
    let deviation = widest.ok_or(why)?;
    let rows: usize = of.iter().map(|of| of.values.len()).sum();
    let count: usize = by_pair.iter().map(BTreeMap::len).sum();
    let figures: Vec<f64> = of.iter().filter_map(|of| of.figure(kind, horizon(std::slice::from_ref(of)))).collect();
    let value = (!figures.is_empty()).then(|| mean_of(figures.into_iter()));
    Ok(Known { value, deviation, effect: 1.0, rows_per_unit: rows as f64 / count.max(1) as f64, removed: 0.0, share: None })
}

/// The mean of each pair's rows, or their quotient of sums.
fn each_pair(of: &Values, ratio: bool) -> BTreeMap<u32, f64> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (row, pair) in of.pairs.iter().enumerate() {
        let (above, below) = sums.entry(*pair).or_default();
        *above += of.values[row];
        *below += if ratio { of.second[row] } else { 1.0 };
    }
    sums.into_iter().filter(|(_, (_, below))| *below > 0.0).map(|(pair, (above, below))| (pair, above / below)).collect()
}
