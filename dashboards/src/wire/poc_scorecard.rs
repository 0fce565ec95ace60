//! The scorecard as JSON, for programs and for the page's own script.

use qoe_query::poc::check::CheckAnswer;
use qoe_query::poc::scorecard::{DimensionScore, ItemScore, Known, Scorecard, VendorScore};
use qoe_query::statistics::weighing::{Doubt, Scored, Standing, Tipping};
use serde_json::{Value, json};

use super::estimate;
use super::poc_claims::said;
use crate::section::poc_check::invalid;
use crate::view::Lang;

/// What `qoe poc scorecard --json` and `/api/poc/scorecard` answer: with whether its rows are sound, and no winner where they are not.
pub fn held_to(card: &Scorecard, checked: Option<&CheckAnswer>) -> Value {
    let mut answer = scorecard(card);
    if let Some(checked) = checked {
        answer["check"] = super::poc_check::poc_check(checked);
        if invalid(checked, Lang::En).is_some() {
            answer["standing"] = json!({"winner": null, "leader": null, "not_safe_from": [], "why": "invalid"});
        }
    }
    answer
}

/// The scorecard alone.
pub fn scorecard(card: &Scorecard) -> Value {
    let name = |vendor: usize| card.vendors[vendor].arm.as_str();
    let dimensions = card
        .dimensions
        .iter()
        .map(|of| json!({"name": of.name, "weight": of.weight, "profile_weight": of.profile, "reason": said(&of.reason)}));
    json!({
        "profile": card.profile.0, "dimensions": dimensions.collect::<Vec<_>>(), "price_stated": !card.no_price,
        "vendors": card.vendors.iter().zip(&card.ranks.shares).map(|(of, ranks)| vendor(card, of, ranks)).collect::<Vec<_>>(),
        "standing": standing(card), "tipping": card.tipping.iter().map(|of| tipping(card, of, name(of.rival))).collect::<Vec<_>>(),
        "draws": {"times": card.draws.times, "concentration": card.draws.concentration, "seed": card.draws.seed, "level": card.draws.level.level()},
    })
}

fn standing(card: &Scorecard) -> Value {
    let name = |vendor: usize| &card.vendors[vendor].arm;
    match &card.standing {
        Standing::Winner(winner) => json!({"winner": name(*winner), "leader": name(*winner), "not_safe_from": []}),
        Standing::Open { leader, rivals } => {
            let why = |doubt: Doubt| if doubt == Doubt::Chance { "chance" } else { "missing" };
            let rivals = rivals.iter().map(|(rival, doubt)| json!({"arm": name(*rival), "why": why(*doubt)}));
            json!({"winner": null, "leader": name(*leader), "not_safe_from": rivals.collect::<Vec<_>>()})
        }
        Standing::Unknown => json!({"winner": null, "leader": null, "not_safe_from": []}),
    }
}

fn tipping(card: &Scorecard, of: &Tipping, rival: &str) -> Value {
    let weights = card.dimensions.iter().zip(&of.weights).map(|(dimension, weight)| (dimension.name.to_owned(), json!(weight)));
    let alone = of.alone.map(|alone| json!({"dimension": card.dimensions[alone.dimension].name, "from": alone.from, "to": alone.to}));
    json!({"rival": rival, "change": of.change, "weights": weights.collect::<serde_json::Map<_, _>>(), "alone": alone})
}

fn vendor(card: &Scorecard, of: &VendorScore, ranks: &[f64]) -> Value {
    let total = &of.total;
    let scores = card.dimensions.iter().zip(&of.scores).map(|(dimension, score)| {
        json!({"dimension": dimension.name, "score": scored(&score.scored), "items": score.items.iter().map(item).collect::<Vec<_>>()})
    });
    json!({
        "arm": of.arm, "total": total.known.as_ref().map(estimate), "known_weight": total.known_weight, "missing_at_0": total.missing_at_0,
        "missing_at_1": total.missing_at_1, "rank_shares": ranks, "scores": scores.collect::<Vec<_>>(),
    })
}

/// A score, or null, and what of it is missing.
fn scored(of: &Scored) -> Value {
    let [value, low, high] = [of.value.map(|of| of.value), of.value.map(|of| of.low), of.value.map(|of| of.high)];
    json!({"value": value, "low": low, "high": high, "n": of.value.map(|of| of.n), "missing": of.missing})
}

fn item(of: &ItemScore) -> Value {
    let known = |known: &Known| json!({"figure": estimate(&known.figure), "score": estimate(&known.score), "best": known.bounds.0, "worst": known.bounds.1, "evidence": known.evidence});
    json!({"item": of.item, "known": of.known.as_ref().map(known), "without_evidence": of.unproven})
}

/// What the page's script works on: names and words in the reader's language.
pub(crate) fn live(card: &Scorecard, names: &[String], reasons: &[String], words: &Value) -> Value {
    let dimensions = card.dimensions.iter().zip(names).zip(reasons);
    let dimensions = dimensions
        .map(|((of, name), reason)| json!({"id": of.name, "name": name, "weight": of.weight, "profile": of.profile, "reason": reason}));
    let scores = |scores: &[DimensionScore]| scores.iter().map(|of| scored(&of.scored)).collect::<Vec<_>>();
    let vendors = card.vendors.iter().map(|of| json!({"name": of.arm, "scores": scores(&of.scores)}));
    json!({"words": words, "dimensions": dimensions.collect::<Vec<_>>(), "vendors": vendors.collect::<Vec<_>>()})
}
