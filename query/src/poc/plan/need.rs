//! From how a metric scatters to units, rows and days.

use super::known::{Known, Rows};
use super::{Assumed, CannotPlan, Need, Needs, Plan, Planned};
use crate::poc::metric::{Better, Metric, MetricKind, Rank};
use crate::poc::plan::assumed::AssumedLaw;
use crate::statistics::contrast::MIN_UNITS;
use crate::statistics::sample_size::means::{self, Scatter};
use crate::statistics::sample_size::{Aim, MOST, SampleSizeError, Test, shares};

/// How what is supposed of a kind of metric is written.
pub(super) fn form(kind: &MetricKind) -> &'static str {
    match kind {
        MetricKind::Share => "share:0.98",
        MetricKind::Quantile(_) => "density:0.002 (the share of rows within one unit of measurement around the quantile)",
        _ => "sd:400",
    }
}

pub(super) fn planned(
    plan: &Plan,
    metric: &Metric,
    kind: &MetricKind,
    rows: Option<&Rows<'_>>,
    assumed: Option<&Assumed>,
) -> Result<Planned, CannotPlan> {
    let margin = metric.margin.ok_or_else(|| CannotPlan::NoMargin { name: metric.name.clone() })?;
    let known = match (assumed, rows) {
        (Some(assumed), _) => supposed(plan, metric, kind, assumed)?,
        (None, Some(rows)) => rows.known(metric, kind)?,
        (None, None) => return Err(CannotPlan::Unknown { name: metric.name.clone(), form: form(kind) }),
    };
    if known.deviation <= 0.0 {
        return Err(SampleSizeError::Constant.into());
    }
    if let Some(share) = known.share.filter(|share| apart(*share, margin, metric.better).is_none()) {
        return Err(CannotPlan::WideMargin { margin, share });
    }
    let needs = |aim: Aim| {
        let truth = if aim == Aim::Difference { margin } else { 0.0 };
        let at = |alpha: f64| need(plan, &known, metric.better, Test { aim, truth, alpha: alpha / 2.0, power: plan.poc.power });
        let alone = at(plan.alpha());
        let first = if metric.rank == Rank::Primary { at(plan.first_alpha) } else { alone.clone() };
        Needs { alone, first }
    };
    Ok(Planned {
        difference: needs(Aim::Difference),
        non_inferiority: needs(Aim::NonInferiority { margin }),
        equivalence: needs(Aim::Equivalence { margin }),
        value: known.value,
        deviation: known.deviation,
        effect: known.effect,
        rows_per_unit: known.rows_per_unit,
        removed: known.removed,
    })
}

fn supposed(plan: &Plan, metric: &Metric, kind: &MetricKind, assumed: &Assumed) -> Result<Known, CannotPlan> {
    let misfit = || CannotPlan::Unknown { name: metric.name.clone(), form: form(kind) };
    let (row, share) = match (assumed.law, kind) {
        (AssumedLaw::Share(share), MetricKind::Share | MetricKind::Mean) => ((share * (1.0 - share)).sqrt(), Some(share)),
        (AssumedLaw::Density(density), MetricKind::Quantile(q)) => ((q * (1.0 - q)).sqrt() / density, None),
        (AssumedLaw::Deviation(deviation), MetricKind::Mean | MetricKind::Ratio { .. } | MetricKind::Time { .. } | MetricKind::Ordinal) => {
            (deviation, None)
        }
        (AssumedLaw::Deviation(deviation), _) if plan.paired() => (deviation, None),
        _ => return Err(misfit()),
    };
    // The difference of two shares of a pair, if they are independent: pairs that go together scatter less.
    let paired = if plan.paired() && share.is_some() { 2.0_f64.sqrt() } else { 1.0 };
    Ok(Known {
        value: share,
        deviation: row * paired * (assumed.effect / assumed.rows_per_unit).sqrt(),
        effect: assumed.effect,
        rows_per_unit: assumed.rows_per_unit,
        removed: 0.0,
        share: share.filter(|_| !plan.paired()),
    })
}

/// Two shares that differ by the margin, the one that is known and one nearer to a half, where shares scatter more; the better first. The other way where that
/// is beyond 0 or 1; `None` when both are.
fn apart(share: f64, margin: f64, better: Better) -> Option<(f64, f64)> {
    let step = if share > 0.5 { -margin } else { margin };
    let other = [share + step, share - step].into_iter().find(|other| (0.0..=1.0).contains(other))?;
    let (high, low) = (share.max(other), share.min(other));
    // Shares of what is better when it is lower are turned: the share of no.
    Some(if better == Better::Higher { (high, low) } else { (1.0 - low, 1.0 - high) })
}

/// Units of all vendors: the pair of vendors that asks most decides.
fn need(plan: &Plan, known: &Known, better: Better, test: Test) -> Result<Need, SampleSizeError> {
    if plan.paired() {
        let pairs = means::units(Scatter::Pairs { difference: known.deviation }, test)?;
        return finish(plan, known, pairs * plan.looking, true);
    }
    let mut whole: f64 = 0.0;
    for first in 0..plan.arms.len() {
        for second in first + 1..plan.arms.len() {
            let ratio = plan.shares[second] / plan.shares[first];
            let units = match known.share {
                Some(share) => of_shares(known, share, ratio, better, test)?,
                None => means::units(Scatter::Two { first: known.deviation, second: known.deviation, ratio }, test)?,
            };
            whole = whole.max(units / plan.shares[first]);
        }
    }
    finish(plan, known, whole * plan.looking, false)
}

fn of_shares(known: &Known, share: f64, ratio: f64, better: Better, test: Test) -> Result<f64, SampleSizeError> {
    let turned = if better == Better::Higher { share } else { 1.0 - share };
    let (first, second) = match test.aim {
        Aim::Difference => apart(share, test.truth, better).unwrap_or((turned, turned)),
        _ => (turned, turned),
    };
    // Whichever of the two vendors turns out the better: the one that asks more.
    let rows = shares::rows(first, second, ratio, test.aim, test.alpha, test.power)?;
    let other = match test.aim {
        Aim::Difference => shares::rows(second, first, ratio, test.aim, test.alpha, test.power)?,
        _ => rows,
    };
    Ok(rows.max(other) * known.effect / known.rows_per_unit)
}

fn finish(plan: &Plan, known: &Known, whole: f64, pairs: bool) -> Result<Need, SampleSizeError> {
    if !(whole.is_finite() && whole <= MOST) {
        return Err(SampleSizeError::TooMany);
    }
    // The last digits of a search are noise.
    let up = |units: f64| ((units * (1.0 - 1e-9)).ceil() as u64).max(MIN_UNITS);
    let per_arm: Vec<u64> =
        if pairs { vec![up(whole); plan.arms.len()] } else { plan.shares.iter().map(|share| up(whole * share)).collect() };
    let units = if pairs { per_arm[0] } else { per_arm.iter().sum() };
    let rows = per_arm.iter().map(|units| (*units as f64 * known.rows_per_unit).ceil() as u64).sum();
    let days = plan.per_day.map(|per_day| (units as f64 / per_day).ceil().max(plan.poc.minimum_days));
    Ok(Need { per_arm, units, rows, days })
}
