//! From figures and facts to scores of dimensions.

use super::evidence::Evidence;
use super::profile::{Bounds, Checklist, DIMENSIONS, Profile};
use super::{Fact, ScorecardError};
use crate::poc::metric::Better;
use crate::poc::near::meant;
use crate::statistics::Estimate;
use crate::statistics::kaplan_meier::Quantile;
use crate::statistics::weighing::Scored;
use crate::vendor_record::VendorRecord;

/// One vendor's score in one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct DimensionScore {
    /// The mean over items, with what is missing of them.
    pub scored: Scored,
    /// What it is made of.
    pub items: Vec<ItemScore>,
}

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemScore {
    /// Which.
    pub item: String,
    /// What is known of it; `None`: nothing.
    pub known: Option<Known>,
    /// A tick that no evidence bears out, and that therefore counts as missing.
    pub unproven: bool,
}

/// What is known of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// In its own unit.
    pub figure: Estimate,
    /// 0 to 1.
    pub score: Estimate,
    /// The figure that scores 1, and the one that scores 0.
    pub bounds: (f64, f64),
    /// Where that is shown.
    pub evidence: Option<String>,
}

/// One thing known of one vendor.
#[derive(Debug, Clone)]
pub(super) struct Item {
    arm: String,
    dimension: &'static str,
    item: String,
    known: Known,
}

/// Graded from 0 to 1 as it comes.
const GRADE: (f64, f64) = (1.0, 0.0);

/// Everything that is known, checked. Facts go before what a store knows of the same.
pub(super) fn gathered(profile: &Profile, facts: &[Fact], evidence: &Evidence) -> Result<Vec<Item>, ScorecardError> {
    let mut items = Vec::new();
    for (at, fact) in facts.iter().enumerate() {
        let (arm, dimension, item) = (fact.arm.clone(), fact.dimension.clone(), fact.item.clone());
        if facts[..at].iter().any(|other| (&other.arm, &other.dimension, &other.item) == (&arm, &dimension, &item)) {
            return Err(ScorecardError::Twice { arm, dimension, item });
        }
        if !evidence.arms.is_empty() && !evidence.arms.contains(&arm) {
            return Err(ScorecardError::Arm { arm, dimension, item, arms: evidence.arms.clone() });
        }
        items.extend(stated(profile, fact)?);
    }
    for score in &evidence.quality {
        let (at_best, at_worst) = (score.at_best, score.at_worst);
        let right = if score.better == Better::Lower { at_best < at_worst } else { at_best > at_worst };
        if !right || !at_best.is_finite() || !at_worst.is_finite() {
            return Err(ScorecardError::Bounds { metric: score.metric.clone(), at_best, at_worst });
        }
        items.push(Item {
            arm: score.arm.clone(),
            dimension: "quality",
            item: score.metric.clone(),
            known: known(score.value, (at_best, at_worst), None),
        });
    }
    for score in &evidence.satisfaction {
        items.push(Item {
            arm: score.arm.clone(),
            dimension: "satisfaction",
            item: "corrected".to_owned(),
            known: known(score.value, GRADE, None),
        });
    }
    for record in &evidence.records {
        for (dimension, item, figure) in recorded(record) {
            let is_stated = items.iter().any(|other| (&*other.arm, other.dimension, &*other.item) == (&*record.vendor, dimension, item));
            if let Some(bounds) = profile.bounds(dimension, item).filter(|_| !is_stated && !record.vendor.is_empty()) {
                let known = known(figure, (bounds.best, bounds.worst), None);
                items.push(Item { arm: record.vendor.clone(), dimension, item: item.to_owned(), known });
            }
        }
    }
    items.retain(|item| evidence.arms.is_empty() || evidence.arms.contains(&item.arm));
    Ok(items)
}

/// A fact; none where it is a tick that no evidence bears out.
fn stated(profile: &Profile, fact: &Fact) -> Result<Option<Item>, ScorecardError> {
    let (arm, item, value) = (fact.arm.clone(), fact.item.clone(), fact.value);
    let dimension = DIMENSIONS.iter().copied().find(|name| *name == fact.dimension);
    let dimension = dimension.ok_or_else(|| ScorecardError::Dimension { dimension: fact.dimension.clone() })?;
    let wrong = |what| ScorecardError::Value { arm: arm.clone(), dimension: dimension.to_owned(), item: item.clone(), value, what };
    if !value.is_finite() {
        return Err(wrong("a fact is a number; leave out what is not known"));
    }
    if let Some(list) = profile.checklist(dimension).filter(|list| !list.items.is_empty() && !fact.new && !list.items.contains(&item)) {
        let meant = meant(&item, list.items.iter().map(String::as_str));
        let known = list.items.join(", ");
        return Err(ScorecardError::Unlisted {
            line: fact.line,
            arm: arm.into(),
            dimension: dimension.into(),
            item: item.into(),
            meant: meant.into(),
            known: known.into(),
        });
    }
    let bounds = match (profile.checklist(dimension), profile.bounds(dimension, &item)) {
        (Some(_), _) if !(0.0..=1.0).contains(&value) => {
            return Err(wrong("an item of a checklist is 1 (has it), 0 (has it not) or between"));
        }
        (Some(list), _) if is_unproven(list, fact) => return Ok(None),
        (Some(_), _) => GRADE,
        (None, Some(Bounds { best, worst, .. })) => (*best, *worst),
        (None, None) if dimension == "satisfaction" && (0.0..=1.0).contains(&value) => GRADE,
        (None, None) if dimension == "satisfaction" => return Err(wrong("a fact of satisfaction is a score from 0 to 1")),
        (None, None) => {
            let known = profile.measured(dimension).collect::<Vec<_>>().join(", ");
            return Err(ScorecardError::Item { arm, dimension: dimension.to_owned(), item, known });
        }
    };
    let figure = Estimate { value, low: value, high: value, n: 1 };
    Ok(Some(Item { arm, dimension, item, known: known(figure, bounds, fact.evidence.clone()) }))
}

fn is_unproven(list: &Checklist, fact: &Fact) -> bool {
    list.evidence && fact.value > 0.0 && fact.evidence.as_ref().is_none_or(|evidence| evidence.trim().is_empty())
}

fn known(figure: Estimate, bounds: (f64, f64), evidence: Option<String>) -> Known {
    let (best, worst) = bounds;
    let score = |value: f64| ((value - worst) / (best - worst)).clamp(0.0, 1.0);
    let (one, other) = (score(figure.low), score(figure.high));
    let scored = Estimate { value: score(figure.value), low: one.min(other), high: one.max(other), n: figure.n };
    Known { figure, score: scored, bounds, evidence }
}

/// What a store knows of working with a vendor. An end that is open is as far as it can be.
fn recorded(record: &VendorRecord) -> Vec<(&'static str, &'static str, Estimate)> {
    let sure = |value: Option<f64>, n: u64| value.map(|value| Estimate { value, low: value, high: value, n });
    let median = |of: &Option<Quantile>| {
        let of = of.as_ref()?;
        let value = of.value?;
        Some(Estimate { value, low: of.low.unwrap_or(0.0).min(value), high: of.high.unwrap_or(f64::INFINITY).max(value), n: of.n })
    };
    let all = [
        ("integration", "first_call_h", sure(record.first_call_h, 1)),
        ("integration", "defects", sure(record.defects, 1)),
        ("support", "first_response_h", median(&record.first_response_h)),
        ("support", "resolution_h", median(&record.resolution_h)),
        ("releases", "days_a_release", sure(record.days_a_release, record.releases)),
        ("releases", "breaking_changes", sure(record.breaking_changes, record.releases)),
    ];
    all.into_iter().filter_map(|(dimension, item, figure)| Some((dimension, item, figure?))).collect()
}

/// Who is compared: as stated, or all of whom anything is known.
pub(super) fn arms(items: &[Item], facts: &[Fact], evidence: &Evidence) -> Vec<String> {
    if !evidence.arms.is_empty() {
        return evidence.arms.clone();
    }
    let mut arms: Vec<String> = items.iter().map(|item| &item.arm).chain(facts.iter().map(|fact| &fact.arm)).cloned().collect();
    arms.sort();
    arms.dedup();
    arms
}

/// One vendor's score in each dimension.
pub(super) fn scored(profile: &Profile, items: &[Item], facts: &[Fact], arm: &str) -> Vec<DimensionScore> {
    DIMENSIONS.iter().map(|dimension| one(profile, items, facts, arm, dimension)).collect()
}

/// The mean over the items asked of every vendor: those of the profile, and those that any vendor has. Ends of intervals are averaged too, as if all items
/// were at their worst, or their best, at once: they are of the same sessions.
fn one(profile: &Profile, items: &[Item], facts: &[Fact], arm: &str, dimension: &'static str) -> DimensionScore {
    let mut asked: Vec<String> = match profile.checklist(dimension) {
        Some(list) => list.items.clone(),
        None if ["quality", "satisfaction"].contains(&dimension) => Vec::new(),
        None => profile.measured(dimension).map(str::to_owned).collect(),
    };
    let stated = facts.iter().filter(|fact| fact.dimension == dimension).map(|fact| &fact.item);
    for item in items.iter().filter(|item| item.dimension == dimension).map(|item| &item.item).chain(stated) {
        if !asked.contains(item) {
            asked.push(item.clone());
        }
    }
    let score = |item: String| {
        let known = items
            .iter()
            .find(|other| (&*other.arm, other.dimension, &other.item) == (arm, dimension, &item))
            .map(|found| found.known.clone());
        let is_stated = facts.iter().any(|fact| (&*fact.arm, &*fact.dimension, &fact.item) == (arm, dimension, &item));
        ItemScore { unproven: is_stated && known.is_none(), known, item }
    };
    let items: Vec<ItemScore> = asked.into_iter().map(score).collect();
    let known: Vec<Estimate> = items.iter().filter_map(|item| item.known.as_ref()).map(|known| known.score).collect();
    let Some(n) = known.iter().map(|score| score.n).min() else { return DimensionScore { scored: Scored::MISSING, items } };
    let mean = |of: fn(&Estimate) -> f64| (known.iter().map(of).sum::<f64>() / known.len() as f64).clamp(0.0, 1.0);
    let value = mean(|score| score.value);
    let value = Estimate { value, low: mean(|score| score.low).min(value), high: mean(|score| score.high).max(value), n };
    let missing = 1.0 - known.len() as f64 / items.len() as f64;
    DimensionScore { scored: Scored { value: Some(value), missing }, items }
}
