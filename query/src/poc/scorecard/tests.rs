use super::*;
use crate::poc::metric::Better;
use crate::statistics::Estimate;

fn fact(arm: &str, dimension: &str, item: &str, value: f64, evidence: &str) -> Fact {
    let evidence = (!evidence.is_empty()).then(|| evidence.to_owned());
    Fact { arm: arm.into(), dimension: dimension.into(), item: item.into(), value, evidence, new: false, line: None }
}

fn quality(arm: &str, value: f64, half: f64) -> QualityScore {
    let value = Estimate { value, low: value - half, high: value + half, n: 400 };
    QualityScore { arm: arm.into(), metric: "connect_ms".into(), value, better: Better::Lower, at_best: 200.0, at_worst: 1200.0 }
}

fn question(facts: Vec<Fact>) -> ScorecardQuestion {
    let weighing = Weighing { profile: Some("finance".into()), profile_line: None, weights: Vec::new(), facts };
    ScorecardQuestion { weighing, profiles: Profiles::default(), draws: Draws { times: 500, ..Draws::default() } }
}

fn two() -> Evidence {
    Evidence { quality: vec![quality("a", 400.0, 50.0), quality("b", 700.0, 50.0)], ..Evidence::default() }
}

fn at(name: &str) -> usize {
    DIMENSIONS.iter().position(|dimension| *dimension == name).unwrap()
}

#[test]
fn a_figure_is_scored_between_stated_bounds_with_its_interval() {
    let card = question(Vec::new()).answer(&two()).unwrap();
    let score = card.vendors[0].scores[at("quality")].scored;
    let value = score.value.unwrap();
    assert!((value.value - 0.8).abs() < 1e-12 && (value.low - 0.75).abs() < 1e-12 && (value.high - 0.85).abs() < 1e-12);
    assert_eq!((score.missing, value.n), (0.0, 400));
}

#[test]
fn a_tick_without_evidence_counts_as_missing_and_not_as_zero() {
    let facts = vec![
        fact("a", "security", "audit_log", 1.0, ""),
        fact("b", "security", "audit_log", 1.0, "report of 2026"),
        fact("b", "security", "access_control", 0.0, ""),
    ];
    let card = question(facts).answer(&two()).unwrap();
    let [a, b] = [0, 1].map(|vendor| &card.vendors[vendor].scores[at("security")]);
    assert_eq!(a.scored, crate::statistics::weighing::Scored::MISSING);
    assert!(a.items.iter().any(|item| item.item == "audit_log" && item.unproven));
    assert!((b.scored.missing - 1.0 / 3.0).abs() < 1e-12, "message encryption is not stated");
    assert_eq!(b.scored.value.unwrap().value, 0.5, "that it has no access control needs no evidence");
}

#[test]
fn a_mistyped_item_lifts_nobody_and_one_of_ones_own_is_declared() {
    let slip = fact("a", "security", "audit_logs", 1.0, "report");
    let said = question(vec![Fact { line: Some(12), ..slip.clone() }]).answer(&two()).unwrap_err().to_string();
    assert!(
        said.starts_with("line 12, scorecard.fact.item: security.audit_logs") && said.contains("did you mean \"audit_log\"?"),
        "{said}"
    );
    assert!(question(vec![Fact { new: true, ..slip }]).answer(&two()).is_ok());
    assert!(question(vec![fact("a", "features", "whiteboard", 1.0, "")]).answer(&two()).is_ok(), "a list of nothing is open");
}

#[test]
fn another_vendor_changes_nobodys_score() {
    let facts = vec![fact("a", "price", "per_1000_minutes", 4.0, ""), fact("b", "price", "per_1000_minutes", 6.0, "")];
    let mut with = facts.clone();
    with.push(fact("c", "price", "per_1000_minutes", 1.0, ""));
    let (two, three) = (question(facts).answer(&two()).unwrap(), question(with).answer(&two()).unwrap());
    for (one, other) in two.vendors.iter().zip(&three.vendors) {
        assert_eq!((&one.arm, &one.scores, one.total), (&other.arm, &other.scores, other.total));
    }
}

#[test]
fn what_is_missing_keeps_a_leader_from_being_a_winner() {
    let card = question(Vec::new()).answer(&two()).unwrap();
    assert!(matches!(card.standing, Standing::Open { leader: 0, .. }), "{:?}", card.standing);
    let total = card.vendors[0].total;
    assert!(total.missing_at_0 < total.known.unwrap().value && total.known.unwrap().value < total.missing_at_1);
}

#[test]
fn a_price_that_nobody_gave_weighs_nothing() {
    let card = question(Vec::new()).answer(&two()).unwrap();
    assert!(card.no_price && card.dimensions[at("price")].weight == 0.0);
    let card = question(vec![fact("a", "price", "per_1000_minutes", 4.0, "")]).answer(&two()).unwrap();
    assert!(!card.no_price && card.dimensions[at("price")].weight > 0.0);
}

#[test]
fn own_weights_go_before_those_of_the_profile() {
    let mut asked = question(Vec::new());
    asked.weighing.weights.push(Weight { dimension: "quality".into(), weight: 300.0, reason: "it is all we need".into() });
    let card = asked.answer(&two()).unwrap();
    let quality = &card.dimensions[at("quality")];
    assert!((quality.weight - 300.0 / (71.0 + 300.0)).abs() < 1e-12 && (quality.profile - 0.25).abs() < 1e-12, "{quality:?}");
    assert_eq!(quality.reason.en, "it is all we need");
}

#[test]
fn what_cannot_be_scored_is_refused_with_what_would_mend_it() {
    let error = |facts: Vec<Fact>, evidence: &Evidence| question(facts).answer(evidence).unwrap_err().to_string();
    assert!(error(Vec::new(), &Evidence::default()).contains("nothing is known"));
    assert!(error(vec![fact("a", "price", "per_1000_minutes", 4.0, "")], &Evidence::default()).contains("two vendors or more"));
    assert!(error(vec![fact("a", "price", "per_1000_minutes", f64::NAN, "")], &two()).contains("is a number"));
    assert!(error(vec![fact("a", "security", "audit_log", 7.0, "x")], &two()).contains("1 (has it)"));
    assert!(error(vec![fact("a", "beauty", "x", 1.0, "")], &two()).contains("they are quality, satisfaction, features"));
    assert!(error(vec![fact("a", "support", "smiles", 1.0, "")], &two()).contains("first_response_h"));
    let stated = Evidence { arms: vec!["a".into(), "b".into()], ..two() };
    assert!(error(vec![fact("z", "price", "per_1000_minutes", 1.0, "")], &stated).contains("not compared"));
    let twice = fact("a", "price", "per_1000_minutes", 1.0, "");
    assert!(error(vec![twice.clone(), twice], &two()).contains("twice"));
    let mut turned = two();
    turned.quality[0].better = Better::Higher;
    assert!(error(Vec::new(), &turned).contains("against which way is better"));
    let weighed = |dimension: &str, weight: f64| {
        let mut asked = question(Vec::new());
        asked.weighing.weights.push(Weight { dimension: dimension.into(), weight, reason: "so".into() });
        asked.answer(&two()).unwrap_err().to_string()
    };
    assert!(weighed("quality", -1.0).contains("0 or more") && weighed("luck", 1.0).contains("no dimension"));
}

#[test]
fn weights_that_sum_to_nothing_are_refused() {
    let mut asked = question(Vec::new());
    asked.weighing.weights =
        DIMENSIONS.iter().map(|dimension| Weight { dimension: (*dimension).into(), weight: 0.0, reason: "none".into() }).collect();
    assert!(matches!(asked.answer(&two()), Err(ScorecardError::Weighing(WeighingError::NoWeight { .. }))));
}
