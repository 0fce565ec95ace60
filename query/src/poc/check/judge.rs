//! From counts to findings. Limits that are not a test's own are our choice, and stand here.

use super::counts::{Counts, MetricCounts, StratumCounts};
use super::{Finding, Found, Severity};
use crate::poc::metric::{Metric, MetricKind, Rank};
use crate::poc::spec::{Poc, Randomised};
use crate::statistics::chi_square::{goodness_of_fit, independence};

/// Alpha of every test: a run is checked often, and a false alarm stops it.
const ALPHA: f64 = 0.001;
/// Users with several vendors from which on what users say of one is of the others too.
const CONTAMINATED: f64 = 0.01;
/// Shares without a metric this far apart make a difference by themselves.
const MISSING_MATTERS: f64 = 0.05;
/// This far apart they are to be looked at.
const MISSING_SEEN: f64 = 0.01;
/// Rows that are there twice, or cannot be, from which on a run is worth nothing.
const SPOILT: f64 = 0.01;
/// Rows far beyond the others from which on means follow them.
const OUTLYING: f64 = 0.01;
/// Pairs without a vendor from which on those that are complete are no fair choice.
const INCOMPLETE: f64 = 0.2;
/// Medians this far apart are of two units of measurement: a thousand, give or take half of it.
const THOUSAND: std::ops::RangeInclusive<f64> = 500.0..=2000.0;
/// Skew between vendors from which on times are not comparable, s.
const CLOCKS_APART_S: f64 = 1.0;
/// Of all that values add up to, what a few far beyond may make before means follow these.
const PULLED: f64 = 0.1;
/// Shares that had begun so far apart make times something that differs.
const TIMES_SEEN: f64 = 0.02;
/// Rows a user from which on rows of one are not independent to speak of.
const ROWS_A_USER: f64 = 1.05;
/// Units a vendor below which nothing can be judged.
const FEW: u64 = 5;

pub(super) fn findings(poc: &Poc, counts: &Counts, planned: Option<u64>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |(severity, what): (Severity, Found)| found.push(Finding { severity, found: what });
    counts.arms.iter().enumerate().filter(|(_, arm)| arm.rows == 0).for_each(|(arm, _)| add((Severity::Invalid, Found::NoRows { arm })));
    units(poc, counts).into_iter().for_each(&mut add);
    for (of, metric) in counts.metrics.iter().zip(&poc.metrics) {
        measured(of, metric, counts).into_iter().for_each(&mut add);
        shaped(of, metric).into_iter().for_each(&mut add);
    }
    for stratum in &counts.strata {
        imbalance(stratum).into_iter().for_each(&mut add);
    }
    times(counts).into_iter().for_each(&mut add);
    telemetry(poc, counts).into_iter().for_each(&mut add);
    progress(poc, counts, planned).into_iter().for_each(&mut add);
    found.sort_by_key(|finding| finding.severity);
    found
}

/// Metrics with values that cannot be, or in several units.
pub(super) fn spoilt(counts: &Counts) -> Vec<String> {
    let spoilt = |of: &&MetricCounts| {
        let sure = of.unlike.is_some_and(|(_, sure)| sure) || farthest(&of.medians).is_some();
        sure || (of.impossible > 0 && share(of.impossible, of.present.iter().sum()) >= SPOILT)
    };
    counts.metrics.iter().filter(spoilt).map(|of| of.name.clone()).collect()
}

fn share(part: u64, of: u64) -> f64 {
    part as f64 / of.max(1) as f64
}

/// Fine where there is none, a warning below a share, invalid from it on.
fn by_share(part: u64, of: u64, limit: f64) -> Severity {
    match part {
        0 => Severity::Fine,
        part if share(part, of) < limit => Severity::Warning,
        _ => Severity::Invalid,
    }
}

/// Who has which vendor.
fn units(poc: &Poc, counts: &Counts) -> Vec<(Severity, Found)> {
    let mut found = Vec::new();
    let names: Vec<String> = counts.arms.iter().map(|arm| arm.name.clone()).collect();
    let (units, shares): (Vec<u64>, Vec<f64>) = (counts.arms.iter().map(|arm| arm.units).collect(), poc.shares(&names));
    if poc.randomised != Randomised::PairedRun
        && let Some(test) = goodness_of_fit(&units, &shares)
    {
        let severity = if test.p_value < ALPHA { Severity::Invalid } else { Severity::Fine };
        found.push((severity, Found::SampleRatio { units, shares, p_value: test.p_value }));
    }
    if let Some((units, of)) = counts.contaminated.filter(|_| poc.randomised == Randomised::User) {
        found.push((by_share(units, of, CONTAMINATED), Found::Contaminated { units, of }));
    }
    // Paired runs of one session id are what pairs are.
    if let Some((sessions, of)) = counts.shared_sessions.filter(|_| poc.randomised != Randomised::PairedRun) {
        found.push((by_share(sessions, of, 0.0), Found::SharedSessions { sessions, of }));
    }
    if let Some((pairs, of)) = counts.incomplete_pairs {
        found.push((by_share(pairs, of, INCOMPLETE), Found::IncompletePairs { pairs, of }));
    }
    if let Some((rows, of)) = counts.duplicates {
        found.push((by_share(rows, of, SPOILT), Found::Duplicates { rows, of }));
    }
    let Counts { unstated, others, rows, .. } = *counts;
    if let Some((column, users, rows)) = counts.people.as_ref().filter(|(_, users, rows)| *rows as f64 >= *users as f64 * ROWS_A_USER) {
        found.push((Severity::Warning, Found::NoUnit { column: column.clone(), users: *users, rows: *rows }));
    }
    let plain = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let alike = |name: &&String| names.iter().any(|other| other != *name && plain(other) == plain(name));
    let namesakes: Vec<String> = names.iter().filter(alike).cloned().collect();
    if !namesakes.is_empty() {
        found.push((Severity::Warning, Found::Namesakes { names: namesakes }));
    }
    if unstated + others > 0 {
        found.push((Severity::Warning, Found::Elsewhere { unstated, others, of: rows }));
    }
    found
}

/// One metric. What spoils a secondary one does not spoil the run.
fn measured(metric: &MetricCounts, asked: &Metric, counts: &Counts) -> Vec<(Severity, Found)> {
    let worst = if asked.rank == Rank::Primary { Severity::Invalid } else { Severity::Warning };
    let mut found = Vec::new();
    let rows: Vec<u64> = counts.arms.iter().map(|arm| arm.rows).collect();
    let missing: Vec<u64> = rows.iter().zip(&metric.present).map(|(rows, present)| rows.saturating_sub(*present)).collect();
    let lacking = || missing.iter().zip(&rows).filter(|(_, rows)| **rows > 0).map(|(missing, rows)| share(*missing, *rows));
    let apart = lacking().fold(0.0, f64::max) - lacking().fold(1.0, f64::min);
    let table: Vec<Vec<u64>> = missing.iter().zip(&metric.present).map(|(missing, present)| vec![*missing, *present]).collect();
    let p_value = independence(&table).map(|(test, _)| test.p_value);
    let absent = metric.present.iter().zip(&rows).any(|(present, rows)| *present == 0 && *rows > 0);
    let differs = p_value.is_some_and(|p| p < ALPHA);
    let severity = match apart.max(0.0) {
        _ if absent => worst,
        apart if differs && apart >= MISSING_MATTERS => worst,
        apart if differs && apart >= MISSING_SEEN => Severity::Warning,
        _ => Severity::Fine,
    };
    found.push((severity, Found::Missing { metric: metric.name.clone(), missing, rows, p_value, apart: apart.max(0.0) }));
    if let Some((low, high)) = farthest(&metric.medians) {
        found.push((worst, Found::UnitsDiffer { metric: metric.name.clone(), medians: metric.medians.clone(), between: (low, high) }));
    }
    let of = metric.present.iter().sum();
    let (far, looked_at) = metric.outliers;
    if far > 0 {
        // The mean hangs on them, and what is divided by it.
        let pulled = matches!(asked.kind, MetricKind::Mean | MetricKind::Ratio { .. }) && metric.pulled >= PULLED;
        let severity = if pulled || share(far, looked_at) >= OUTLYING { Severity::Warning } else { Severity::Fine };
        found.push((severity, Found::Outliers { metric: metric.name.clone(), rows: far, of: looked_at }));
    }
    if metric.impossible > 0 {
        found.push((
            by_share(metric.impossible, of, SPOILT).max(worst),
            Found::Impossible { metric: metric.name.clone(), rows: metric.impossible, of },
        ));
    }
    found
}

/// Values that are all one, that hang on a few, or that look to be in several units.
fn shaped(of: &MetricCounts, metric: &Metric) -> Vec<(Severity, Found)> {
    let mut found = Vec::new();
    if of.constant {
        let value = of.medians.iter().flatten().next().copied().unwrap_or_default();
        found.push((Severity::Warning, Found::Constant { metric: of.name.clone(), value }));
    }
    if let Some((unlike, sure)) = of.unlike.filter(|_| farthest(&of.medians).is_none()) {
        let severity = if sure && metric.rank == Rank::Primary { Severity::Invalid } else { Severity::Warning };
        found.push((severity, Found::Unlike { metric: of.name.clone(), unlike, medians: of.medians.clone() }));
    }
    found
}

/// When vendors were used.
fn times(counts: &Counts) -> Vec<(Severity, Found)> {
    let Some(times) = &counts.times else { return Vec::new() };
    let mut found = Vec::new();
    let [ahead, ancient, of] = times.odd;
    if ahead + ancient > 0 {
        found.push((Severity::Warning, Found::OddTimes { ahead, ancient, of }));
    }
    if let Some(p_value) = times.p_value {
        let known = || times.middle.iter().flatten();
        let (last_begin, first_end) = (known().map(|middle| middle.0).max(), known().map(|middle| middle.1).min());
        let severity = match p_value < ALPHA && times.apart >= TIMES_SEEN {
            // What holds of one time need not hold of another.
            true if last_begin > first_end => Severity::Invalid,
            true => Severity::Warning,
            false => Severity::Fine,
        };
        found.push((severity, Found::Times { middle: times.middle.clone(), apart: times.apart, p_value }));
    }
    found
}

/// Two vendors whose medians are about a thousand apart, the smaller first.
fn farthest(medians: &[Option<f64>]) -> Option<(usize, usize)> {
    let known = || medians.iter().enumerate().filter_map(|(arm, median)| Some((arm, median.filter(|median| *median > 0.0)?)));
    let low = known().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let high = known().max_by(|a, b| a.1.total_cmp(&b.1))?;
    THOUSAND.contains(&(high.1 / low.1)).then_some((low.0, high.0))
}

fn imbalance(stratum: &StratumCounts) -> Option<(Severity, Found)> {
    let (test, cell) = independence(&stratum.units)?;
    let severity = if test.p_value < ALPHA { Severity::Warning } else { Severity::Fine };
    let found = Found::Imbalance {
        column: stratum.column.clone(),
        p_value: test.p_value,
        arm: cell.row,
        value: stratum.values.get(cell.column).cloned().unwrap_or_default(),
        observed: cell.observed,
        expected: cell.expected,
    };
    Some((severity, found))
}

/// Clocks and definitions.
fn telemetry(poc: &Poc, counts: &Counts) -> Vec<(Severity, Found)> {
    let mut found = Vec::new();
    if let Some(clocks) = &counts.clocks {
        let (skew_s, far): (Vec<Option<f64>>, Vec<f64>) = clocks.iter().copied().unzip();
        let known = || skew_s.iter().flatten().copied();
        let apart = known().fold(f64::NEG_INFINITY, f64::max) - known().fold(f64::INFINITY, f64::min);
        let severity = if apart > CLOCKS_APART_S || far.iter().any(|far| *far > SPOILT) { Severity::Warning } else { Severity::Fine };
        found.push((severity, Found::Clock { skew_s, far }));
    }
    if let Some(definitions) = &counts.definitions {
        let (own, stated): (Vec<u64>, Vec<u64>) = definitions.iter().copied().unzip();
        let used = poc.metrics.iter().any(|metric| metric.what.contains("freeze"));
        let severity = match own.iter().sum::<u64>() {
            0 => Severity::Fine,
            _ if used => Severity::Invalid,
            _ => Severity::Warning,
        };
        found.push((severity, Found::Definitions { own, stated, used }));
    }
    found
}

fn progress(poc: &Poc, counts: &Counts, planned: Option<u64>) -> Vec<(Severity, Found)> {
    let mut found = Vec::new();
    if let Some((first, last)) = counts.span {
        let ran = (last - first) as f64 / 86_400_000.0;
        let severity = if ran < poc.minimum_days { Severity::Warning } else { Severity::Fine };
        found.push((severity, Found::Days { ran, least: poc.minimum_days }));
    }
    let all = counts.arms.iter().map(|arm| arm.units);
    // Of pairs every vendor has each.
    let units = if poc.randomised == Randomised::PairedRun { all.clone().max().unwrap_or(0) } else { all.clone().sum() };
    let fewest = all.min().unwrap_or(0);
    let severity = if fewest < FEW || planned.is_some_and(|planned| units < planned) { Severity::Warning } else { Severity::Fine };
    found.push((severity, Found::Units { units, fewest, planned }));
    found
}
