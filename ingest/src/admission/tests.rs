//! Admission as a whole: a batch in, the kept rows and the reasons out.

use std::fmt::Write;

use expect_test::{Expect, expect};
use qoe_store::Service;

use super::*;

const NOW: i64 = 1_795_404_861_069;

struct Gate {
    projects: Projects,
    reducer: Reducer,
    clocks: Clocks,
    dimensions: Dimensions,
    sequences: Sequences,
}

impl Default for Gate {
    fn default() -> Self {
        let projects = Projects::new([("p".into(), None), ("shut".into(), Some("wk_1".into()))]);
        Gate {
            projects,
            reducer: Reducer::default(),
            clocks: Clocks::default(),
            dimensions: Dimensions::default(),
            sequences: Sequences::default(),
        }
    }
}

impl Gate {
    fn admit(&self, body: &str) -> Result<Admitted, BatchRefusal> {
        let batch = wire::Batch::from_json(body.as_bytes()).unwrap();
        let admission = Admission {
            projects: &self.projects,
            reducer: &self.reducer,
            clocks: &self.clocks,
            dimensions: &self.dimensions,
            sequences: &self.sequences,
        };
        admission.admit(Arrival { batch: &batch, key: None, peer: Peer::default(), sent_at: None, received_at: Millis(NOW) })
    }
}

const CONTEXT: &str = r#""context":{"project":"p","session_id":"s","user_id":"u","service":"voice_call"}"#;

fn one_row(row: &str) -> Admitted {
    Gate::default().admit(&format!("{{{CONTEXT},\"rows\":[{row}]}}")).unwrap()
}

/// Each row alone: kept in which table, or why not.
#[track_caller]
fn check(rows: &[&str], expected: Expect) {
    let mut text = String::new();
    for row in rows {
        let row = row.replacen('{', &format!("{{\"at\":{NOW},"), 1);
        let admitted = one_row(&row);
        let tables: Vec<&str> = admitted
            .records
            .batches(&qoe_store::Delivery { spool_id: "t".into(), batch_seq: 1 })
            .iter()
            .map(|(table, _)| table.name())
            .collect();
        let reasons: Vec<&str> = admitted.rejections.iter().map(|rejection| rejection.refusal.reason.as_str()).collect();
        writeln!(text, "{}{}", tables.join(" "), reasons.join("; ")).unwrap();
    }
    expected.assert_eq(&text);
}

#[test]
fn every_kind_of_row_finds_its_table() {
    check(
        &[
            r#"{"type":"sample","stream_id":"0:inbound:1","kind":"audio","direction":"inbound","interval_ms":1000,"rtt_ms":40}"#,
            r#"{"type":"event","name":"joined","connect_ms":412.5}"#,
            r#"{"type":"turn","turn_id":"t-1","response_ms":900,"understood":true}"#,
            r#"{"type":"message","message_id":"m-1","delivered":true,"delivery_ms":80}"#,
            r#"{"type":"invitation","invitation_id":"i-1","state":"shown","kind":"csat"}"#,
            r#"{"type":"feedback","kind":"nps","score":9,"text":"fine"}"#,
            r#"{"type":"activity","name":"watch","minutes":12}"#,
            r#"{"type":"ticket","ticket_id":"T-1"}"#,
            r#"{"type":"release","version":"2.0","breaking_changes":3}"#,
            r#"{"type":"integration","step":"first_call","hours":6}"#,
            r#"{"type":"stats","report":[{"type":"inbound-rtp","ssrc":1,"timestamp":1,"packetsReceived":1}]}"#,
        ],
        expect![[r#"
            samples
            session_events
            turns
            messages
            survey_invitations
            feedback
            activity
            support_tickets
            releases
            integration_log

        "#]],
    );
}

#[test]
fn a_row_reads_the_same_wherever_its_type_stands() {
    let type_and_rest = [
        (r#""type":"event""#, r#""name":"joined","connect_ms":412.5,"future":{"a":[1]}"#),
        (r#""type":"event""#, r#""name":"joined","connect_ms":"fast""#),
        (r#""type":"event""#, r#""name":"joined","context":{"vendor":"bolt"}"#),
        (r#""type":"telemetry""#, r#""name":"joined""#),
        (r#""type":null"#, r#""name":"joined""#),
        (r#""type":"sample""#, r#""stream_id":"x","kind":"audio","direction":"inbound","codec":"OPUS","interval_ms":1000"#),
    ];
    let outcome = |row: String| {
        let admitted = one_row(&row);
        let vendor = admitted.records.first().map(|keys| keys.vendor.clone());
        // Where in the row it is broken differs, what is wrong with it does not.
        let reasons = admitted.rejections.iter().map(|rejection| rejection.refusal.reason.split(" at column").next().unwrap().to_owned());
        (admitted.records.Samples.clone(), admitted.records.SessionEvents.clone(), vendor, reasons.collect::<Vec<_>>())
    };
    for (row_type, rest) in type_and_rest {
        let first = outcome(format!(r#"{{{row_type},"at":{NOW},{rest}}}"#));
        assert_eq!(first, outcome(format!(r#"{{"at":{NOW},{rest},{row_type}}}"#)), "{row_type} {rest}");
        assert!(first.3.len() + first.0.len() + first.1.len() == 1);
    }
}

#[test]
fn a_refusal_says_what_to_mend() {
    check(
        &[
            r#"{"type":"telemetry"}"#,
            r#"{"name":"joined"}"#,
            r#"{"type":"event"}"#,
            r#"{"type":"event","name":"exploded"}"#,
            r#"{"type":"event","name":"joined","connect_ms":-1}"#,
            r#"{"type":"event","name":"joined","connect_ms":1e999}"#,
            r#"{"type":"event","name":"joined","connect_ms":"fast"}"#,
            r#"{"type":"sample","stream_id":"x","kind":"smell","direction":"inbound","interval_ms":1000}"#,
            r#"{"type":"sample","stream_id":"x","kind":"audio","direction":"inbound","interval_ms":0}"#,
            r#"{"type":"sample","stream_id":"x","kind":"audio","direction":"inbound","interval_ms":1000,"packets_received":-5}"#,
            r#"{"type":"sample","stream_id":"x","kind":"audio","direction":"inbound","interval_ms":1000,"bytes":18446744073709551615}"#,
            r#"{"type":"sample","stream_id":"x","kind":"video","direction":"inbound","interval_ms":1000,"freeze_definition":"ours"}"#,
            r#"{"type":"feedback","kind":"csat","score":9}"#,
            r#"{"type":"feedback","kind":"csat","score":90,"scale_low":0}"#,
            r#"{"type":"feedback","kind":"csat","score":5,"scale_low":5,"scale_high":5}"#,
            r#"{"type":"feedback","kind":"thumbs","score":0.5}"#,
            r#"{"type":"feedback","kind":"stars","score":5}"#,
            r#"{"type":"feedback","kind":"csat"}"#,
            r#"{"type":"ticket"}"#,
            r#"{"type":"ticket","ticket_id":"T","opened_at":1795404861069,"resolved_at":1795404861068}"#,
            r#"{"type":"stats","report":7}"#,
            r#"{"type":"stats","report":[{"type":"inbound-rtp","packetsLost":"many"}]}"#,
        ],
        expect![[r#"
            type "telemetry" is not one of stats, sample, event, turn, message, invitation, feedback, activity, ticket, release, integration
            type is missing
            name is missing
            name "exploded" is not one of attempt, joined, join_failed, first_frame, reconnect, drop, leave, quality_limitation, co_host, pk, scene_switch, hand_raise, breakout, screen_share
            connect_ms -1 is outside 0 to 604800000; leave out what was not measured
            the row cannot be read: number out of range at column 69
            the row cannot be read: invalid type: string "fast", expected f64 at column 70
            kind "smell" is not one of audio, video
            interval_ms 0 is outside 1 to 3600000
            the row cannot be read: invalid value: integer `-5`, expected u32 at column 129
            bytes 18446744073709551615 is more than an interval holds
            freeze_definition "ours" is not one of w3c, frame_times, vendor
            score 9 is outside 1 to 5
            scale_low and scale_high go together
            a scale from 5 to 5 is none
            score 0.5 is neither 0 nor 1
            kind "stars" is not one of csat, nps, ces, acr, thumbs
            score is missing
            ticket_id is missing
            resolved_at is before opened_at
            the row cannot be read: invalid type: integer `7`, expected a report: an array of RTCStats, or an object of them by id at column 45
            the row cannot be read: invalid type: string "many", expected f64 at column 87
        "#]],
    );
}

#[test]
fn a_freeze_by_a_rule_nobody_states_is_a_vendors() {
    let definition = |stated: &str| {
        let row =
            format!(r#"{{"type":"sample","at":{NOW},"stream_id":"x","kind":"video","direction":"inbound","interval_ms":1000{stated}}}"#);
        one_row(&row).records.Samples[0].freeze_definition.to_string()
    };
    assert_eq!(definition(""), "");
    assert_eq!(definition(r#","freeze_ms":20"#), "vendor");
    assert_eq!(definition(r#","freeze_ms":20,"freeze_definition":"w3c""#), "w3c");
}

#[test]
fn another_scale_is_taken_when_both_its_ends_are_given() {
    check(
        &[
            r#"{"type":"feedback","kind":"csat","score":90,"scale_low":0,"scale_high":100}"#,
            r#"{"type":"feedback","kind":"thumbs","score":2,"scale_low":1,"scale_high":2}"#,
        ],
        expect![[r#"
            feedback
            feedback
        "#]],
    );
}

#[test]
fn one_bad_row_never_loses_the_others() {
    let at = format!("\"at\":{NOW}");
    let rows = [
        format!(r#"{{"type":"event","name":"joined",{at}}}"#),
        "7".to_owned(),
        format!(r#"{{"type":"event","name":"joined",{at},"connect_ms":1e999}}"#),
        format!(r#"{{"type":"event","name":"leave",{at}}}"#),
    ];
    let admitted = Gate::default().admit(&format!("{{{CONTEXT},\"rows\":[{}]}}", rows.join(","))).unwrap();
    assert_eq!((admitted.accepted, admitted.records.SessionEvents.len()), (2, 2));
    assert_eq!(admitted.rejections.iter().map(|rejection| rejection.row).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn rows_say_whose_they_are() {
    let gate = Gate::default();
    let reason = |context: &str, row: &str| {
        let admitted = gate.admit(&format!(r#"{{"context":{{{context}}},"rows":[{{"at":{NOW},{row}}}]}}"#)).unwrap();
        admitted.rejections.first().map(|rejection| rejection.refusal.reason.clone()).unwrap_or_default()
    };
    let event = r#""type":"event","name":"joined""#;
    assert_eq!(reason("", event), "project, in the context, is missing");
    assert_eq!(reason(r#""project":"p""#, event), "session_id, in the context, is missing");
    let service = reason(r#""project":"p","session_id":"s""#, event);
    assert!(service.ends_with(&Service::ALL.map(Service::as_str).join(", ")), "{service}");
    assert_eq!(reason(r#""project":"p""#, r#""type":"release","version":"1""#), "");
    assert!(reason(r#""project":"p""#, r#""type":"activity","name":"open""#).starts_with("user_id"));
    assert_eq!(reason(r#""project":"p","user_id":"u""#, r#""type":"feedback","kind":"acr","score":4"#), "");
}

#[test]
fn a_rows_own_context_goes_over_the_batchs() {
    let row = |context: &str| format!(r#"{{"type":"event","name":"joined","at":{NOW},"context":{{{context}}}}}"#);
    let rows = [
        row(r#""session_id":"s-2","vendor":"bolt""#),
        row(r#""session_id":"s-2","vendor":"bolt""#),
        row(r#""project":"shut""#),
        row(r#""service":"fax""#),
    ];
    let admitted = Gate::default().admit(&format!("{{{CONTEXT},\"rows\":[{}]}}", rows.join(","))).unwrap();
    let keys: Vec<_> = admitted.records.SessionEvents.iter().map(|event| &event.keys).collect();
    assert_eq!((keys.len(), &*keys[0].session_id, &*keys[0].vendor, &*keys[0].user_id), (2, "s-2", "bolt", "u"));
    assert!(Arc::ptr_eq(keys[0], keys[1]), "the same context is not worked out twice");
    let faults: Vec<Fault> = admitted.rejections.iter().map(|rejection| rejection.refusal.fault).collect();
    assert_eq!(faults, [Fault::Access, Fault::UnknownName]);
}

#[test]
fn a_batch_whose_context_cannot_be_is_refused_whole() {
    let gate = Gate::default();
    let refusal = |body: &str| gate.admit(body).unwrap_err();
    assert!(matches!(refusal(r#"{"context":{"project":"p","service":"fax"},"rows":[{}]}"#), BatchRefusal::Context(_)));
    assert!(matches!(refusal(r#"{"context":{"project":"q"},"rows":[]}"#), BatchRefusal::Access(AccessError::UnknownProject { .. })));
    assert!(matches!(refusal(r#"{"context":{"project":"shut"},"rows":[]}"#), BatchRefusal::Access(AccessError::WrongKey { .. })));
    assert!(gate.admit(r#"{"key":"wk_1","context":{"project":"shut"},"rows":[]}"#).is_ok());
    assert!(matches!(refusal(r#"{"sent_at":-1,"rows":[]}"#), BatchRefusal::SentAt { .. }));
    let rows = vec!["7"; MAX_ROWS + 1].join(",");
    assert!(matches!(refusal(&format!(r#"{{"rows":[{rows}]}}"#)), BatchRefusal::TooManyRows { rows: 10_001 }));
}

/// `at` and `sent_at` relative to the server's clock; the corrected time, or the fault.
#[track_caller]
fn check_time(at: i64, sent_at: Option<i64>, expected: Result<i64, Fault>) {
    let sent_at = sent_at.map(|sent_at| format!("\"sent_at\":{},", NOW + sent_at)).unwrap_or_default();
    let body = format!(r#"{{{sent_at}{CONTEXT},"rows":[{{"type":"event","name":"leave","at":{}}}]}}"#, NOW + at);
    let admitted = Gate::default().admit(&body).unwrap();
    let corrected = match admitted.records.SessionEvents.first() {
        Some(event) => {
            assert_eq!((event.stamp.client_at.0, event.stamp.received_at.0), (NOW + at, NOW), "raw times are kept");
            Ok(event.stamp.observed_at.0 - NOW)
        }
        None => Err(admitted.rejections[0].refusal.fault),
    };
    assert_eq!(corrected, expected);
}

#[test]
fn times_are_corrected_by_the_senders_skew_and_checked_after_it() {
    const HOUR: i64 = 3_600_000;
    check_time(-500, None, Ok(-500));
    check_time(-500, Some(-40), Ok(-500));
    check_time(HOUR - 500, Some(HOUR - 40), Ok(-460));
    check_time(-NOW + 5000, Some(-NOW + 6000), Ok(-1000));
    check_time(-8 * 24 * HOUR, None, Err(Fault::Time));
    check_time(-8 * 24 * HOUR, Some(0), Err(Fault::Time));
    check_time(-6 * 24 * HOUR, Some(0), Ok(-6 * 24 * HOUR));
    check_time(HOUR, None, Err(Fault::Time));
    check_time(9 * 60_000, None, Ok(9 * 60_000));
    check_time(253_402_300_800_000 - NOW, None, Err(Fault::Time));
    check_time(-NOW, None, Err(Fault::Time));
}

#[test]
fn what_is_told_about_later_may_be_older() {
    let month_ago = NOW - 30 * 86_400_000;
    let admitted = one_row(&format!(r#"{{"type":"release","version":"1","at":{month_ago}}}"#));
    assert_eq!(admitted.accepted, 1);
    assert_eq!(one_row(&format!(r#"{{"type":"event","name":"leave","at":{month_ago}}}"#)).accepted, 0);
}

#[test]
fn a_report_is_differenced_as_it_is_admitted() {
    let gate = Gate::default();
    let send = |at: i64, packets: u32| {
        let report = format!(r#"[{{"type":"inbound-rtp","kind":"audio","ssrc":9,"timestamp":{at},"packetsReceived":{packets}}}]"#);
        gate.admit(&format!(r#"{{{CONTEXT},"rows":[{{"type":"stats","at":{},"report":{report}}}]}}"#, NOW + at)).unwrap()
    };
    let first = send(0, 10);
    assert_eq!((first.accepted, first.records.len()), (1, 0));
    let second = send(1000, 60);
    assert_eq!((second.accepted, second.records.Samples[0].packets_received), (1, Some(50)));
}

#[test]
fn a_row_outside_the_time_that_is_taken_live_is_refused_and_set_aside() {
    let gate = Gate::default();
    let old = NOW - 101 * 86_400_000;
    let body = format!(
        r#"{{"context":{{"project":"p","session_id":"s","service":"voice_call"}},"rows":[{{"type":"event","at":{old},"name":"joined"}},{{"type":"event","at":{NOW},"name":"leave"}}]}}"#
    );
    let admitted = gate.admit(&body).unwrap();
    assert_eq!((admitted.accepted, admitted.rejections.len()), (1, 1));
    let letter = &admitted.records.DeadLetters[0];
    assert_eq!(
        (&*letter.meant_for, &*letter.keys.session_id, letter.stamp.observed_at, letter.stamp.client_at),
        ("event", "s", Millis(NOW), Millis(old))
    );
    assert_eq!(letter.row, format!(r#"{{"type":"event","at":{old},"name":"joined"}}"#));
    assert!(letter.reason.contains("101 days in the past") && letter.reason == admitted.rejections[0].refusal.reason, "{}", letter.reason);
}

#[test]
fn batches_that_did_not_arrive_are_counted_by_the_numbers_of_those_that_did() {
    let gate = Gate::default();
    let gaps = [0, 1, 4, 3, 5].map(|number| {
        let body = format!(
            r#"{{"batch_seq":{number},"context":{{"project":"p","session_id":"s","service":"voice_call"}},"rows":[{{"type":"event","at":{NOW},"name":"leave"}}]}}"#
        );
        gate.admit(&body).unwrap().records.SequenceGaps.first().map(|gap| gap.batches)
    });
    assert_eq!(gaps, [None, None, Some(2), Some(-1), None]);
}

#[test]
fn a_value_of_a_megabyte_is_not_said_back() {
    let long = "x".repeat(1 << 20);
    for row in [format!(r#"{{"type":"event","at":"{long}"}}"#), format!(r#"{{"type":"message","at":{NOW},"lost":"{long}"}}"#)] {
        let reason = one_row(&row).rejections.remove(0).refusal.reason;
        assert!(reason.len() < 700 && reason.contains("invalid type: string") && reason.contains("expected"), "{reason}");
    }
    let body = format!(r#"{{"context":"{long}","rows":[]}}"#);
    assert!(wire::Batch::from_json(body.as_bytes()).unwrap_err().to_string().len() < 700);
}

#[test]
fn names_in_a_report_are_remembered_only_if_they_are_short() {
    for (member, limit) in [("id", 128), ("transportId", 128), ("rid", 32)] {
        let row = |bytes| {
            let named = format!(r#""{member}":"{}""#, "n".repeat(bytes));
            format!(r#"{{"type":"stats","at":{NOW},"report":[{{"type":"inbound-rtp",{named}}}]}}"#)
        };
        assert_eq!(one_row(&row(limit)).rejections, []);
        let reason = one_row(&row(limit + 1)).rejections.remove(0).refusal.reason;
        assert_eq!(reason, format!("{member} in the report is {} bytes long, the limit is {limit}", limit + 1));
    }
}

#[test]
fn a_sample_out_of_a_report_holds_nothing_that_a_sample_may_not() {
    let report = |at: i64, total: f64| {
        format!(
            r#"{{"type":"stats","at":{at},"report":[{{"type":"inbound-rtp","kind":"smell","ssrc":1,"timestamp":{at},"packetsReceived":{total},"bytesReceived":{total},"jitter":{total},"jitterBufferDelay":{total},"totalFreezesDuration":{total},"totalSamplesReceived":{total}}},{{"type":"candidate-pair","id":"P","selected":true,"timestamp":{at},"currentRoundTripTime":{total}}}]}}"#
        )
    };
    let samples = |total| {
        let rows = [report(NOW - 1000, 0.0), report(NOW, total)].join(",");
        Gate::default().admit(&format!("{{{CONTEXT},\"rows\":[{rows}]}}")).unwrap().records.Samples
    };
    let plausible = &samples(5.0)[0];
    assert_eq!((plausible.rtt_ms, plausible.freeze_ms, plausible.bytes), (Some(5000.0), Some(5000.0), Some(5)));
    assert_eq!(&*plausible.kind, "");
    let absurd = &samples(1e15)[0];
    assert_eq!((absurd.rtt_ms, absurd.jitter_ms, absurd.freeze_ms, absurd.jitter_buffer_delay_ms), (None, None, None, None));
    assert_eq!((absurd.bytes, absurd.total_samples), (None, None));
}
