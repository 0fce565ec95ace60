//! What the command would show for given figures, and what it says to wrong ones.

use std::error::Error;

use super::*;

const CALL: ScoreInput<'static> =
    ScoreInput { one_way_ms: Some(150.0), rtt_ms: None, jitter_buffer_ms: None, loss: 0.02, burst_ratio: None, codec: "G729" };

fn steps(input: ScoreInput<'_>) -> ScoreSteps {
    score(&input, &CodecTable::default()).unwrap()
}

fn value(steps: &ScoreSteps, symbol: &str) -> Option<f64> {
    steps.steps.iter().find(|step| step.symbol == symbol).map(|step| step.value)
}

/// Ie,eff is 19 by hand; R = 93.2062 - 0.1635 - 19.
#[test]
fn every_step_to_the_score_is_shown() {
    let shown = steps(CALL);
    let symbols: Vec<_> = shown.steps.iter().map(|step| step.symbol).collect();
    assert_eq!(symbols.join(" "), "Ta Ppl BurstR Ie Bpl No Ro Iolr Ist Iq Is Idte Idle Idd Id Ie,eff A R MOS-CQEN");
    assert!((value(&shown, "Ie,eff").unwrap() - 19.0).abs() < 1e-9);
    assert!((value(&shown, "R").unwrap() - 74.042_676).abs() < 1e-5);
    let result = shown.narrowband.unwrap();
    assert_eq!((result.r.to_string(), result.mos.to_string()), (String::from("74.0"), String::from("3.78")));
    assert_eq!(shown.satisfaction.map(Satisfaction::words), Some("some users dissatisfied"));
    assert_eq!(shown.wideband, None);
    assert!(shown.provisional && shown.codec_source.starts_with("ITU-T G.113"));
    assert_eq!(
        result.label.assumptions,
        ["loss is random", "echo is cancelled", "G.729 scored as G.729A with VAD, the form with a published Bpl"]
    );
    assert!(shown.steps.iter().all(|step| step.source == "input" || step.source.starts_with("ITU-T G.1")));
}

#[test]
fn a_round_trip_becomes_a_delay_from_mouth_to_ear() {
    let shown = steps(ScoreInput { one_way_ms: None, rtt_ms: Some(160.0), jitter_buffer_ms: Some(50.0), codec: "opus", ..CALL });
    assert_eq!(value(&shown, "Ta"), Some(150.0));
    let bare = steps(ScoreInput { one_way_ms: None, rtt_ms: Some(160.0), ..CALL });
    assert_eq!(value(&bare, "Ta"), Some(100.0));
    assert!(bare.narrowband.unwrap().label.assumptions.contains(&String::from("jitter-buffer delay is not known and counts as 0")));
}

#[test]
fn a_wideband_codec_is_shown_on_the_wideband_scale_only() {
    let shown = steps(ScoreInput { one_way_ms: Some(0.0), codec: "amr-wb-12.65-diotic", ..CALL });
    let result = shown.wideband.clone().unwrap();
    assert_eq!(result.mos.to_string(), "3.41");
    assert_eq!((shown.narrowband.clone(), shown.satisfaction), (None, None));
    assert_eq!(value(&shown, "MOS-CQEW"), Some(result.mos.get()));
    assert_eq!(value(&shown, "Ro"), Some(129.0));
}

#[test]
fn a_codec_without_loss_factor_is_scored_while_nothing_is_lost() {
    let clean = ScoreInput { loss: 0.0, one_way_ms: Some(0.0), ..CALL };
    let g722 = steps(ScoreInput { codec: "G722", ..clean }).wideband.unwrap();
    assert_eq!(g722.r.to_string(), "116.0");
    let g726 = steps(ScoreInput { codec: "G726-32", ..clean });
    assert_eq!(g726.narrowband.as_ref().unwrap().r.to_string(), "86.2");
    assert_eq!(value(&g726, "Bpl"), None);
    for codec in ["G722", "G726-32"] {
        let error = score(&ScoreInput { codec, ..CALL }, &CodecTable::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("score --codec {codec}"));
        assert!(error.source().unwrap().to_string().starts_with("no packet-loss factor is published for g72"));
    }
}

#[test]
fn five_means_neither_five_percent_nor_five_hundredths() {
    assert_eq!(loss_ratio("5%"), Ok(0.05));
    assert_eq!(loss_ratio(" 0.5 % "), Ok(0.005));
    assert_eq!(loss_ratio("0.05"), Ok(0.05));
    assert_eq!(loss_ratio("5").unwrap_err().to_string(), "--loss 5 is out of range: give a ratio from 0 to 1, or a percentage such as 5%");
    assert_eq!(
        loss_ratio("much").unwrap_err().to_string(),
        "--loss \"much\" is no number: give a ratio from 0 to 1, or a percentage such as 5%"
    );
    assert!(loss_ratio("nan").is_err());
}

#[track_caller]
fn check_refused(input: ScoreInput<'_>, want: &str) {
    assert_eq!(score(&input, &CodecTable::default()).unwrap_err().to_string(), want);
}

#[test]
fn wrong_figures_are_told_their_flag_and_range() {
    check_refused(ScoreInput { one_way_ms: Some(-1.0), ..CALL }, "--one-way-ms -1 is out of range: give milliseconds from 0 to 600000");
    check_refused(
        ScoreInput { one_way_ms: None, rtt_ms: Some(f64::NAN), ..CALL },
        "--rtt-ms NaN is out of range: give milliseconds from 0 to 600000",
    );
    check_refused(ScoreInput { loss: 1.2, ..CALL }, "--loss 1.2 is out of range: give a ratio from 0 to 1, or a percentage such as 5%");
    check_refused(ScoreInput { burst_ratio: Some(0.5), ..CALL }, "--burst-ratio 0.5 is out of range: give a number from 1");
    check_refused(ScoreInput { codec: "lyra", ..CALL }, "score --codec lyra");
    let either = "give either --one-way-ms, the delay from mouth to ear, or --rtt-ms, the round trip of the network";
    check_refused(ScoreInput { one_way_ms: None, ..CALL }, either);
    check_refused(ScoreInput { rtt_ms: Some(100.0), ..CALL }, either);
    check_refused(
        ScoreInput { jitter_buffer_ms: Some(40.0), ..CALL },
        "--jitter-buffer-ms goes with --rtt-ms: a delay from mouth to ear already has the jitter buffer in it",
    );
}
