//! The scorecard's part of the file.

use toml::Spanned;

use super::{Wrong, raw};
use crate::poc::scorecard::{Fact, Weighing, Weight};

pub(super) fn weighing(raw: raw::Scorecard, arms: &[String], text: &str) -> Result<Weighing, Wrong> {
    let last = raw.weight.last().map(|weight| weight.weight.span());
    let mut weights: Vec<Weight> = Vec::new();
    for given in raw.weight {
        let weight = one(given, &weights)?;
        weights.push(weight);
    }
    if let Some(at) = last
        && weights.iter().map(|weight| weight.weight).sum::<f64>() <= 0.0
    {
        return Err(Wrong::new(at, "scorecard.weight", "the weights sum to nothing: give at least one dimension a weight above 0"));
    }
    let facts = raw.fact.into_iter().map(|fact| known(fact, arms, text)).collect::<Result<_, _>>()?;
    let profile_line = raw.profile.as_ref().map(|profile| super::line(text, profile.span().start));
    Ok(Weighing { profile: raw.profile.map(Spanned::into_inner), profile_line, weights, facts })
}

fn one(raw: raw::Weight, before: &[Weight]) -> Result<Weight, Wrong> {
    let (at, dimension, weight) = (raw.dimension.span(), raw.dimension.into_inner(), *raw.weight.get_ref());
    let key = format!("scorecard.weight {dimension:?}");
    if !(weight >= 0.0 && weight.is_finite()) {
        return Err(Wrong::new(raw.weight.span(), key, format!("{weight} is no weight: write 0 or more")));
    }
    if raw.reason.get_ref().trim().is_empty() {
        return Err(Wrong::new(
            raw.reason.span(),
            format!("{key}.reason"),
            "say why it weighs so much: a weight without a reason cannot be defended later",
        ));
    }
    if before.iter().any(|other| other.dimension == dimension) {
        return Err(Wrong::new(at, key, "is weighed twice: leave one out"));
    }
    Ok(Weight { dimension, weight, reason: raw.reason.into_inner() })
}

fn known(raw: raw::Fact, arms: &[String], text: &str) -> Result<Fact, Wrong> {
    let (at, arm) = (raw.arm.span(), raw.arm.into_inner());
    if !arms.is_empty() && !arms.contains(&arm) {
        return Err(Wrong::new(at, "scorecard.fact.arm", format!("{arm:?} is no vendor of this POC: they are {}", arms.join(", "))));
    }
    let value = match raw.value {
        raw::FactValue::Number(value) if !value.is_finite() => {
            return Err(Wrong::new(at, "scorecard.fact.value", "is no finite number"));
        }
        raw::FactValue::Number(value) => value,
        raw::FactValue::Flag(value) => f64::from(u8::from(value)),
    };
    let line = Some(super::line(text, raw.item.span().start));
    let item = raw.item.into_inner();
    Ok(Fact { arm, dimension: raw.dimension.into_inner(), item, value, evidence: raw.evidence, new: raw.new, line })
}
