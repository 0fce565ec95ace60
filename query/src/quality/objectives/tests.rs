//! The built-in file, which table wins, and what a wrong file is told.

use super::super::measure::Measure::*;
use super::super::measure::SERVICES;
use super::*;

fn voice(industry: &'static str, scenario: &'static str) -> Context<'static> {
    Context { service: "voice_call", industry, scenario }
}

fn limit(objectives: &Objectives, context: Context<'_>, measure: Measure) -> Option<f64> {
    objectives.holding(context).get(measure).map(|objective| objective.limit)
}

#[test]
fn built_in_objectives_parse_and_cover_every_service() {
    let objectives = Objectives::parse(DEFAULT_OBJECTIVES).unwrap();
    for service in SERVICES {
        let context = Context { service, ..Context::default() };
        assert!(objectives.holding(context).headline().count() > 0, "{service}");
        assert_eq!(objectives.holding(context).beside().count(), 3, "{service}");
        assert_eq!(limit(&objectives, context, Availability), Some(0.995));
        assert_eq!(limit(&objectives, Context { industry: "finance", ..context }, Availability), Some(0.9999));
    }
    assert_eq!(limit(&objectives, voice("", ""), OneWayDelay), Some(400.0));
    assert_eq!(limit(&objectives, voice("", ""), Freeze), None);
    let messaging = Context { service: "messaging", ..Context::default() };
    assert_eq!(objectives.holding(messaging).headline().map(|o| o.measure).collect::<Vec<_>>(), [Delivery]);
}

#[test]
fn built_in_sources_are_named_or_called_our_choice() {
    let objectives = Objectives::default();
    for service in SERVICES {
        let holding = objectives.holding(Context { service, industry: "finance", scenario: "" });
        for objective in holding.headline().chain(holding.beside()) {
            assert!(objective.source.len() > 20, "{objective:?}");
        }
    }
}

#[test]
fn an_unknown_service_is_judged_by_nothing() {
    let objectives = Objectives::default();
    assert_eq!(objectives.holding(Context { service: "telepathy", ..Context::default() }), Holding::default());
}

const LAYERED: &str = r#"
[service.voice_call]
one_way_delay_ms_max = { value = 400, source = "base" }
loss_ratio_max = { value = 0.05, source = "base" }
[service.messaging]
delivery_ms_max = { value = 5000, source = "base" }
[industry.gaming]
one_way_delay_ms_max = { value = 200, source = "industry" }
loss_ratio_max = { value = 0.04, source = "industry" }
[scenario.duet]
one_way_delay_ms_max = { value = 100, source = "scenario" }
[industry_scenario.gaming.duet]
one_way_delay_ms_max = { value = 50, source = "both" }
"#;

#[test]
fn the_most_specific_table_wins() {
    let objectives = Objectives::parse(LAYERED).unwrap();
    for (industry, scenario, delay, loss) in [
        ("", "", 400.0, 0.05),
        ("gaming", "", 200.0, 0.04),
        ("", "duet", 100.0, 0.05),
        ("finance", "duet", 100.0, 0.05),
        ("gaming", "raid", 200.0, 0.04),
        ("gaming", "duet", 50.0, 0.04),
    ] {
        let context = voice(industry, scenario);
        assert_eq!(limit(&objectives, context, OneWayDelay), Some(delay), "{industry} {scenario}");
        assert_eq!(limit(&objectives, context, Loss), Some(loss), "{industry} {scenario}");
    }
    let holding = objectives.holding(voice("gaming", "duet"));
    assert_eq!(holding.get(OneWayDelay).map(|o| o.table.as_str()), Some("industry_scenario.gaming.duet"));
}

#[test]
fn a_stricter_industry_does_not_begin_to_judge_messages_by_delay() {
    let objectives = Objectives::parse(LAYERED).unwrap();
    let context = Context { service: "messaging", industry: "gaming", scenario: "duet" };
    assert_eq!(limit(&objectives, context, OneWayDelay), None);
    assert!(objectives.rules("messaging", OneWayDelay).is_empty());
}

#[test]
fn rules_come_most_specific_first() {
    let objectives = Objectives::parse(LAYERED).unwrap();
    let rules: Vec<_> = objectives.rules("voice_call", OneWayDelay).iter().map(|r| (r.industry, r.scenario, r.objective.limit)).collect();
    assert_eq!(
        rules,
        [(Some("gaming"), Some("duet"), 50.0), (None, Some("duet"), 100.0), (Some("gaming"), None, 200.0), (None, None, 400.0)]
    );
}

#[track_caller]
fn check_refused(text: &str, want: &str) {
    let error = Objectives::parse(text).unwrap_err().to_string();
    assert!(error.starts_with(want), "{error}\nshould begin with\n{want}");
}

#[test]
fn a_wrong_file_is_told_which_table_and_key() {
    check_refused("[service.voice_call\n", "read objectives as TOML");
    check_refused("[service.telepathy]\n", "[service.telepathy] is no table of objectives: known are service.NAME for voice_call,");
    check_refused("[servise.voice_call]\n", "[servise.voice_call] is no table of objectives");
    check_refused("freeze_ratio_max = 1\n", "freeze_ratio_max must be a table");
    check_refused(
        "[service.voice_call]\nfreeze_ratio = { value = 1, source = 's' }",
        "freeze_ratio in [service.voice_call] is not known: objectives are one_way_delay_ms_max,",
    );
    check_refused("[service.voice_call]\nloss_ratio_max = { valeu = 1 }", "valeu in [service.voice_call.loss_ratio_max] is not known");
    check_refused("[service.voice_call]\nloss_ratio_max = 0.1", "service.voice_call.loss_ratio_max must be a table");
    check_refused(
        "[service.voice_call]\nloss_ratio_max = { value = 5, source = 's' }",
        "loss_ratio_max in [service.voice_call] must have as its value a ratio from 0 to 1",
    );
    check_refused(
        "[service.voice_call]\nloss_ratio_max = { source = 's' }",
        "loss_ratio_max in [service.voice_call] must have as its value a ratio",
    );
    check_refused(
        "[service.voice_call]\nloss_ratio_max = { value = 0.1, source = ' ' }",
        "loss_ratio_max in [service.voice_call] must have a source",
    );
    check_refused(
        "[service.messaging]\ndelivery_ms_max = { value = 2000, source = 's' }",
        "delivery_ms_max in [service.messaging] must have as its value 1000, 3000 or 5000, since deliveries are counted within 1, 3 and 5 s",
    );
    check_refused(
        "[service.messaging]\ndelivery_ms_max = { value = 1000, source = 's' }\n[industry.finance]\nfreeze_ratio_max = { value = 0.1, source = 's' }",
        "freeze_ratio_max in [industry.finance] would never apply",
    );
}
