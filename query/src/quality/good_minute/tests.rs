//! Verdicts by table, and the ratio by cases and properties.

use proptest::prelude::*;

use super::super::objectives::{Context, Objectives};
use super::*;

const CLEAN: MinuteMeasures = MinuteMeasures {
    one_way_delay_ms: Some(120.0),
    loss_ratio: Some(0.01),
    audible_concealment_ratio: Some(0.004),
    concealment_ratio: Some(0.2),
    freeze_ratio: Some(0.01),
    gap_ms: Some(0.0),
    frame_rate: Some(24.0),
    response_ms: Some(1200.0),
    interruption_ms: Some(150.0),
};

fn verdict(service: &str, presence: Presence, measures: MinuteMeasures) -> MinuteVerdict {
    let objectives = Objectives::default();
    judge_minute(presence, &measures, &objectives.holding(Context { service, ..Context::default() }))
}

/// The verdict in short: a word, and for a bad minute what was missed.
#[track_caller]
fn check(service: &str, measures: MinuteMeasures, want: &str) {
    let got = match verdict(service, Presence::Reporting, measures) {
        MinuteVerdict::Good => String::from("good"),
        MinuteVerdict::Unclassified => String::from("unclassified"),
        MinuteVerdict::GoneSilent => String::from("gone silent"),
        MinuteVerdict::Bad(reasons) => {
            let missed = reasons.iter().map(|reason| match reason {
                Reason::Missed { measure, value, limit } => format!("{measure} {value} of {limit}"),
                Reason::JoinFailed | Reason::NotDelivered => format!("{reason:?}"),
            });
            format!("bad: {}", missed.collect::<Vec<_>>().join(", "))
        }
    };
    assert_eq!(got, want, "{service}");
}

#[test]
fn minutes_are_judged_by_what_their_service_is_judged_by() {
    let none = MinuteMeasures::default();
    check("video_call", CLEAN, "good");
    check("video_call", none, "unclassified");
    check("telepathy", CLEAN, "unclassified");
    check("voice_call", MinuteMeasures { freeze_ratio: Some(0.9), ..CLEAN }, "good");
    check("video_call", MinuteMeasures { freeze_ratio: Some(0.05), ..CLEAN }, "good");
    check("video_call", MinuteMeasures { freeze_ratio: Some(0.06), ..CLEAN }, "bad: freeze_ratio_max 0.06 of 0.05");
    check("video_call", MinuteMeasures { frame_rate: Some(6.0), ..none }, "bad: frame_rate_min 6 of 7");
    check("voice_call", MinuteMeasures { gap_ms: Some(1800.0), ..none }, "bad: gap_ms_max 1800 of 0");
    check(
        "voice_call",
        MinuteMeasures { one_way_delay_ms: Some(401.0), loss_ratio: Some(0.2), ..none },
        "bad: one_way_delay_ms_max 401 of 400, loss_ratio_max 0.2 of 0.05",
    );
    check("conversational_ai", MinuteMeasures { interruption_ms: Some(380.0), ..CLEAN }, "bad: interruption_ms_max 380 of 200");
    check("live_streaming", MinuteMeasures { one_way_delay_ms: Some(3000.0), ..CLEAN }, "good");
    check("messaging", CLEAN, "unclassified");
}

#[test]
fn one_measured_objective_is_enough_to_judge() {
    check("voice_call", MinuteMeasures { loss_ratio: Some(0.0), ..MinuteMeasures::default() }, "good");
    check("voice_call", MinuteMeasures { loss_ratio: Some(f64::NAN), ..MinuteMeasures::default() }, "unclassified");
}

#[test]
fn a_failed_join_is_bad_though_nothing_was_measured() {
    let got = verdict("voice_call", Presence::JoinFailed, MinuteMeasures::default());
    assert_eq!(got, MinuteVerdict::Bad(vec![Reason::JoinFailed]));
}

#[test]
fn a_minute_that_went_silent_is_neither_good_nor_lost() {
    assert_eq!(verdict("voice_call", Presence::GoneSilent, CLEAN), MinuteVerdict::GoneSilent);
    assert_eq!(verdict("voice_call", Presence::GoneSilent, MinuteMeasures::default()), MinuteVerdict::GoneSilent);
}

#[test]
fn messages_are_judged_one_by_one() {
    let objectives = Objectives::default();
    let holding = objectives.holding(Context { service: "messaging", ..Context::default() });
    assert_eq!(judge_message(Delivery::After { ms: 3000.0 }, &holding), MinuteVerdict::Good);
    assert!(matches!(judge_message(Delivery::After { ms: 3001.0 }, &holding), MinuteVerdict::Bad(_)));
    assert_eq!(judge_message(Delivery::Failed, &holding), MinuteVerdict::Bad(vec![Reason::NotDelivered]));
    assert_eq!(judge_message(Delivery::Untimed, &holding), MinuteVerdict::Unclassified);
    assert_eq!(judge_message(Delivery::Unknown, &holding), MinuteVerdict::Unclassified);
    assert_eq!(judge_message(Delivery::Failed, &Holding::default()), MinuteVerdict::Unclassified);
}

fn counts(good: u64, bad: u64, silent: u64) -> MinuteCounts {
    MinuteCounts { good, bad, silent, unclassified: 0 }
}

#[test]
fn the_ratio_is_shown_under_both_assumptions_about_silence() {
    let got = good_minute_ratio(counts(80, 10, 10)).unwrap();
    assert_eq!(got, GoodMinuteRatio { ratio: Some(80.0 / 90.0), if_silent_good: 0.9, if_silent_bad: 0.8 });
    assert_eq!(good_minute_ratio(MinuteCounts { unclassified: 7, ..counts(0, 0, 0) }), None);
}

#[test]
fn an_outage_that_silences_everybody_does_not_vanish() {
    let got = good_minute_ratio(counts(0, 0, 5)).unwrap();
    assert_eq!(got, GoodMinuteRatio { ratio: None, if_silent_good: 1.0, if_silent_bad: 0.0 });
}

#[test]
fn coverage_counts_what_could_not_be_judged() {
    assert_eq!(MinuteCounts { good: 6, bad: 2, silent: 1, unclassified: 7 }.coverage(), Some(0.5));
    assert_eq!(MinuteCounts::default().coverage(), None);
}

proptest! {
    #[test]
    fn the_ratio_lies_between_its_bounds(good in 0..1000u64, bad in 0..1000u64, silent in 0..1000u64) {
        if let Some(got) = good_minute_ratio(counts(good, bad, silent)) {
            prop_assert!(0.0 <= got.if_silent_bad && got.if_silent_bad <= got.if_silent_good && got.if_silent_good <= 1.0);
            if let Some(ratio) = got.ratio {
                prop_assert!(got.if_silent_bad - 1e-12 <= ratio && ratio <= got.if_silent_good + 1e-12);
            }
        }
    }

    #[test]
    fn a_worse_figure_never_makes_a_bad_minute_good(delay in 0.0..2000.0f64, more in 0.0..2000.0f64) {
        let at = |ms: f64| verdict("voice_call", Presence::Reporting, MinuteMeasures { one_way_delay_ms: Some(ms), ..CLEAN });
        prop_assert!(at(delay) == MinuteVerdict::Good || at(delay + more) != MinuteVerdict::Good);
    }

    #[test]
    fn counts_merge_in_any_order(a in 0..99u64, b in 0..99u64, c in 0..99u64) {
        let (x, y) = (counts(a, b, c), counts(c, a, b));
        prop_assert_eq!(x.merge(y), y.merge(x));
        let mut one_by_one = x;
        one_by_one.add(&MinuteVerdict::Good);
        prop_assert_eq!(one_by_one, x.merge(counts(1, 0, 0)));
    }
}
