//! Whether vendors were used at the same times, and at times that can be.

use super::counts::Times;
use crate::statistics::chi_square::independence;

/// The year 2000, ms since 1970.
const LONG_AGO: i64 = 946_684_800_000;
/// How far ahead of ours a clock may be, ms.
const AHEAD: i64 = 86_400_000;
/// Units of a vendor below which its times say nothing.
const FEW: usize = 20;
/// Into how many parts all times are cut, as many in each.
const PARTS: usize = 20;

/// Of the rows of each vendor: of each unit the first.
pub(super) fn times(times: &[Option<i64>], units: Option<&[u32]>, arms: &[Vec<usize>]) -> Times {
    let now = chrono::Utc::now().timestamp_millis();
    let mut began: Vec<Vec<i64>> = arms.iter().map(|rows| firsts(times, units, rows)).collect();
    began.iter_mut().for_each(|own| own.sort_unstable());
    let stated = || arms.iter().flatten().filter_map(|row| times[*row]);
    let count = |of: &dyn Fn(i64) -> bool| stated().filter(|time| of(*time)).count() as u64;
    let odd = [count(&|time| time > now + AHEAD), count(&|time| time < LONG_AGO), count(&|_| true)];
    let middle = |own: &Vec<i64>| (own.len() >= FEW).then(|| (own[own.len() / 20], own[own.len() - 1 - own.len() / 20]));
    let middle = began.iter().map(middle).collect();
    let enough: Vec<&Vec<i64>> = began.iter().filter(|own| own.len() >= FEW).collect();
    let (apart, p_value) = if enough.len() < 2 { (0.0, None) } else { unlike(&enough) };
    Times { middle, apart, p_value, odd }
}

/// When each unit was first seen; of rows that stand for themselves, each.
fn firsts(times: &[Option<i64>], units: Option<&[u32]>, rows: &[usize]) -> Vec<i64> {
    let Some(units) = units else { return rows.iter().filter_map(|row| times[*row]).collect() };
    let mut all: Vec<(u32, i64)> = rows.iter().filter_map(|row| Some((units[*row], times[*row]?))).collect();
    all.sort_unstable();
    all.dedup_by_key(|(unit, _)| *unit);
    all.into_iter().map(|(_, time)| time).collect()
}

/// How far shares that had begun lie apart at most, and how often chance sets them so far.
fn unlike(began: &[&Vec<i64>]) -> (f64, Option<f64>) {
    let mut all: Vec<i64> = began.iter().flat_map(|own| own.iter().copied()).collect();
    all.sort_unstable();
    let mut ends: Vec<i64> = (1..PARTS).map(|part| all[all.len() * part / PARTS]).collect();
    ends.dedup();
    let before: Vec<Vec<usize>> = began.iter().map(|own| ends.iter().map(|end| own.partition_point(|time| time < end)).collect()).collect();
    let share = |arm: usize, at: usize| before[arm][at] as f64 / began[arm].len() as f64;
    let spread = |at: usize| {
        let shares = || (0..began.len()).map(|arm| share(arm, at));
        shares().fold(0.0, f64::max) - shares().fold(1.0, f64::min)
    };
    let apart = (0..ends.len()).map(spread).fold(0.0, f64::max);
    let parts = |(before, own): (&Vec<usize>, &&Vec<i64>)| -> Vec<u64> {
        let edges = before.iter().copied().chain([own.len()]);
        edges.scan(0, |from, to| Some((to - std::mem::replace(from, to)) as u64)).collect()
    };
    let table: Vec<Vec<u64>> = before.iter().zip(began).map(parts).collect();
    (apart, independence(&table).map(|(test, _)| test.p_value))
}
