use std::fmt::Write as _;
use std::fs::File;

use expect_test::{Expect, expect};

use super::*;

fn path(file: &str) -> String {
    format!("{}/../fixtures/captures/{file}", env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn check_file(file: &str, options: &CaptureOptions, expected: Expect) {
    let imported = read_capture(File::open(path(file)).unwrap(), "p", options).unwrap();
    expected.assert_eq(&shown(&imported));
}

/// Sessions with their events and how many samples each has.
fn shown(imported: &Imported) -> String {
    let mut text = String::new();
    for session in &imported.sessions {
        let events = imported.records.SessionEvents.iter().filter(|event| event.keys.session_id == *session);
        let samples: Vec<_> = imported.records.Samples.iter().filter(|sample| sample.keys.session_id == *session).collect();
        let keys = &samples.first().map(|sample| sample.keys.clone()).or(events.clone().next().map(|event| event.keys.clone())).unwrap();
        writeln!(
            text,
            "{session} of {} {} {:?} {:?}: {} samples",
            keys.call_id,
            keys.service,
            &*keys.vendor,
            keys.attributes,
            samples.len()
        )
        .unwrap();
        for event in events {
            let rounded = |ms: Option<f64>| ms.map(|ms| ms.round());
            let (at, connect_ms, duration_ms) = (event.stamp.observed_at.0, rounded(event.connect_ms), rounded(event.duration_ms));
            let line = format!("  {at} {} {connect_ms:?} {duration_ms:?} {}", event.name, event.reason);
            writeln!(text, "{}", line.trim_end()).unwrap();
        }
    }
    for skipped in &imported.skipped {
        writeln!(text, "line {}: {}", skipped.line, skipped.reason).unwrap();
    }
    text
}

#[test]
fn a_recorded_call_becomes_two_sessions() {
    check_file(
        "clean-call.jsonl.gz",
        &CaptureOptions::default(),
        expect![[r#"
            clean-call-caller of clean-call video_call "" {"browser": "156.0.8078.79", "capture": "none"}: 116 samples
              1795404861069 attempt None None
              1795404861468 joined Some(400.0) None
              1795404861520 first_frame Some(451.0) None
              1795404891412 leave None None
            clean-call-callee of clean-call video_call "" {"browser": "156.0.8078.79", "capture": "none"}: 116 samples
              1795404861297 attempt None None
              1795404861465 joined Some(168.0) None
              1795404861546 first_frame Some(250.0) None
              1795404891425 leave None None
        "#]],
    );
}

#[test]
fn what_the_file_does_not_say_is_given_and_times_can_be_moved() {
    let options =
        CaptureOptions { vendor: Some("acme".into()), service: Some(Service::LiveStreaming), shift_to: Some(Millis(1_800_000_000_000)) };
    check_file(
        "sample-call.jsonl.gz",
        &options,
        expect![[r#"
            sample-call-caller of sample-call live_streaming "acme" {"browser": "156.0.8078.79", "capture": "sample"}: 176 samples
              1800000000000 attempt None None
              1800000000303 joined Some(303.0) None
              1800000000334 first_frame Some(334.0) None
              1800000046467 leave None None
            sample-call-callee of sample-call live_streaming "acme" {"browser": "156.0.8078.79", "capture": "sample"}: 176 samples
              1800000000175 attempt None None
              1800000000293 joined Some(119.0) None
              1800000000469 first_frame Some(294.0) None
              1800000046478 leave None None
        "#]],
    );
}

#[track_caller]
fn check_lines(lines: &str, expected: Expect) {
    let text = match read_capture(lines.as_bytes(), "p", &CaptureOptions::default()) {
        Ok(imported) => shown(&imported),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&text);
}

const EVENT: &str = r#"{"call_id":"c","kind":"event","side":"caller","wall_ms":1795404861069,"#;

fn events(rest: &[&str]) -> String {
    rest.iter().map(|rest| format!("{EVENT}{rest}}}\n")).collect()
}

#[test]
fn losing_and_finding_the_connection_is_told() {
    check_lines(
        &events(&[
            r#""name":"join","t_ms":0"#,
            r#""name":"connectionstatechange","t_ms":300,"data":{"connection":"connected"}"#,
            r#""name":"connectionstatechange","t_ms":9000,"data":{"connection":"disconnected"}"#,
            r#""name":"connectionstatechange","t_ms":12500,"data":{"connection":"connected"}"#,
            r#""name":"connectionstatechange","t_ms":20000,"data":{"connection":"failed","ice":"failed"}"#,
        ]),
        expect![[r#"
            c-caller of c voice_call "" {}: 0 samples
              1795404861069 attempt None None
              1795404861069 joined Some(300.0) None
              1795404861069 reconnect None Some(3500.0)
              1795404861069 drop None None ice
        "#]],
    );
    check_lines(
        &events(&[
            r#""name":"join","t_ms":0"#,
            r#""name":"connectionstatechange","t_ms":15000,"data":{"connection":"failed","ice":"connected"}"#,
        ]),
        expect![[r#"
            c-caller of c voice_call "" {}: 0 samples
              1795404861069 attempt None None
              1795404861069 join_failed None None dtls
        "#]],
    );
}

#[test]
fn lines_that_cannot_be_read_are_named_and_the_others_kept() {
    let lines = events(&[r#""name":"join","t_ms":0"#, r#""name":"join""#, r#""t_ms":1"#])
        + "\n{\"call_id\":\"c\",\"kind\":\"stats\",\"side\":\"caller\",\"wall_ms\":7,\"stats\":[]}\n{\"call_id\":\"c\",\"kind\":\"song\"}\nnot json\n{\"kind\":\"event\"}\n";
    check_lines(
        &lines,
        expect![[r#"
            c-caller of c voice_call "" {}: 0 samples
              1795404861069 attempt None None
            line 2: t_ms is missing
            line 3: name is missing
            line 5: wall_ms is missing or not an epoch in milliseconds
            line 6: kind "song" is not one of meta, event, stats, truth, end
            line 7: expected ident at column 2
            line 8: call_id is missing
        "#]],
    );
}

#[test]
fn other_formats_are_named() {
    for (file, format) in [("sample-call.rtcstats.gz", "RTCStatsDump"), ("sample-call.webrtc-internals.json.gz", "PeerConnections")] {
        let error = read_capture(File::open(path(file)).unwrap(), "p", &CaptureOptions::default()).unwrap_err().to_string();
        assert!(error.contains(format) && error.contains("not imported yet"), "{file}: {error}");
    }
    check_lines("", expect!["the file is empty"]);
    check_lines(
        "[\"connectionInfo\"]\n",
        expect![
            "the file is a list of JSON arrays, as Jitsi's rtcstats dumps are, which is not imported yet: of raw getStats captures only JSON lines with call_id, kind and side are"
        ],
    );
    check_lines(
        "vendor,call\nacme,1\n",
        expect![[
            r#"the file is of no format known here: it begins with "vendor,call", where a capture begins with a JSON object that has call_id and kind"#
        ]],
    );
}

#[test]
fn a_file_that_breaks_off_says_where() {
    let whole = std::fs::read(path("clean-call.jsonl.gz")).unwrap();
    let error = read_capture(&whole[..whole.len() / 2], "p", &CaptureOptions::default()).unwrap_err();
    assert!(matches!(error, CaptureError::Read { line: 2.., .. }), "{error}");
}
