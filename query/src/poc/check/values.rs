//! What the values of one metric say by themselves: how many, where they lie, what cannot be.

use super::counts::{FAR, MetricCounts, Possible, never_zero};
use super::scale::{Look, Zero, unlike};
use crate::poc::metric::{Metric, MetricKind};

/// A metric's values by vendor, and those it is taken over.
pub(super) fn counted(metric: &Metric, mut values: Vec<Vec<f64>>, over: Option<Vec<Vec<f64>>>) -> MetricCounts {
    let possible = if metric.kind == MetricKind::Share { Possible::Any } else { Possible::of(&metric.what) };
    let mut of = MetricCounts { name: metric.name.clone(), ..MetricCounts::default() };
    let (mut far, mut all) = (0.0, 0.0);
    for own in &mut values {
        of.present.push(own.len() as u64);
        of.impossible += own.iter().filter(|value| !possible.allows(**value)).count() as u64;
        own.sort_unstable_by(f64::total_cmp);
        let middle = quantile(own, 0.5);
        let sum = |values: &[f64]| values.iter().filter(|value| value.is_finite()).map(|value| value.abs()).sum::<f64>();
        all += sum(own);
        if let (Some(middle), Some(low), Some(high)) = (middle, quantile(own, 0.25), quantile(own, 0.75))
            && high > low
        {
            let beyond = &own[own.partition_point(|value| *value <= middle + FAR * (high - low))..];
            of.outliers.0 += beyond.len() as u64;
            far += sum(beyond);
        }
        of.medians.push(middle);
    }
    of.outliers.1 = of.present.iter().sum();
    of.pulled = if all > 0.0 { far / all } else { 0.0 };
    let ends = |own: &Vec<f64>| Some((*own.first()?, *own.last()?));
    let mut ends = values.iter().filter_map(ends);
    of.constant = ends.next().is_some_and(|(least, most)| least == most && ends.all(|other| other == (least, most)));
    of.unlike = unlike(&looks(&values), zero(&metric.what)).or_else(|| {
        let mut over = over?;
        over.iter_mut().for_each(|own| own.sort_unstable_by(f64::total_cmp));
        unlike(&looks(&over), zero(metric.over()?))
    });
    of
}

fn zero(what: &str) -> Zero {
    if never_zero(what) { Zero::Never } else { Zero::May }
}

/// How each vendor's values look, which are in order.
fn looks(values: &[Vec<f64>]) -> Vec<Option<Look>> {
    let look = |own: &Vec<f64>| {
        let own = &own[..own.partition_point(|value| *value < f64::INFINITY)];
        let own = &own[own.partition_point(|value| *value == f64::NEG_INFINITY)..];
        Look::of(own, [quantile(own, 0.25)?, quantile(own, 0.5)?, quantile(own, 0.75)?])
    };
    values.iter().map(look).collect()
}

/// A quantile of values in order; `None` of none.
pub(super) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let place = (values.len().checked_sub(1)? as f64) * q;
    let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(if low == high { low } else { low + (high - low) * place.fract() })
}
