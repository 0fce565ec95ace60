//! Each kind of row, from the wire to its table.

use qoe_store::{Activity, Feedback, Integration, Invitation, Keys, Message, Record, Release, Sample, Service, SessionEvent, Ticket, Turn};

use super::Place;
use super::measures::{counted, duration, label, moment, needed, one_of, one_of_or_none, text, within};
use crate::reducer::sequence;
use crate::refusal::{Fault, Refusal};
use crate::wire;

/// What a row may be.
const TYPES: &[&str] =
    &["stats", "sample", "event", "turn", "message", "invitation", "feedback", "activity", "ticket", "release", "integration"];
/// What may happen in a session.
const EVENTS: &[&str] = &[
    "attempt",
    "joined",
    "join_failed",
    "first_frame",
    "reconnect",
    "drop",
    "leave",
    "quality_limitation",
    "co_host",
    "pk",
    "scene_switch",
    "hand_raise",
    "breakout",
    "screen_share",
];
const ACTIVITIES: &[&str] = &["open", "watch", "subscribe", "cancel"];
const LIMITATIONS: &[&str] = &["none", "cpu", "bandwidth", "other"];
const FREEZES: &[&str] = &["w3c", "frame_times", "vendor"];
/// The kinds of answer and the worst and best each offers when the row does not say.
const SCALES: &[(&str, f64, f64)] = &[("csat", 1.0, 5.0), ("nps", 0.0, 10.0), ("ces", 1.0, 7.0), ("acr", 1.0, 5.0), ("thumbs", 0.0, 1.0)];
const KINDS: &[&str] = &["csat", "nps", "ces", "acr", "thumbs"];

/// Longest interval of one sample, ms: an hour, the granularity of the coarsest source.
const MAX_INTERVAL_MS: f64 = 3_600_000.0;
/// Longest round trip or jitter, ms: ten minutes.
const MAX_DELAY_MS: f64 = 600_000.0;
/// Longest activity, minutes: a month.
const MAX_MINUTES: f64 = 44_640.0;
/// Most working hours of one integration step: fifty person-years.
const MAX_HOURS: f64 = 100_000.0;

/// Whether rows of this type are told about long after they happened.
pub fn is_told_later(row_type: &str) -> bool {
    matches!(row_type, "ticket" | "release" | "integration")
}

/// One row for its table.
pub fn record(row_type: &str, json: &str, place: Place) -> Result<Record, Refusal> {
    match row_type {
        "sample" => sample(serde_json::from_str(json)?, place).map(Record::from),
        "event" => event(serde_json::from_str(json)?, place).map(Record::from),
        "turn" => turn(serde_json::from_str(json)?, place).map(Record::from),
        "message" => message(serde_json::from_str(json)?, place).map(Record::from),
        "invitation" => invitation(serde_json::from_str(json)?, place).map(Record::from),
        "feedback" => feedback(serde_json::from_str(json)?, place).map(Record::from),
        "activity" => activity(serde_json::from_str(json)?, place).map(Record::from),
        "ticket" => ticket(serde_json::from_str(json)?, place).map(Record::from),
        "release" => release(serde_json::from_str(json)?, place).map(Record::from),
        "integration" => integration(serde_json::from_str(json)?, place).map(Record::from),
        other => Err(Refusal::unknown("type", other, TYPES)),
    }
}

/// What happened in a session says in which, and of what service.
pub fn require_session(keys: &Keys) -> Result<(), Refusal> {
    if keys.session_id.is_empty() {
        return Err(Refusal::missing("session_id, in the context,"));
    }
    if keys.service.is_empty() {
        let known = Service::ALL.map(Service::as_str).join(", ");
        return Err(Refusal::new(Fault::Missing, format_args!("service, in the context, is missing: one of {known}")));
    }
    Ok(())
}

fn sample(row: wire::SampleRow<'_>, place: Place) -> Result<Sample, Refusal> {
    require_session(&place.keys)?;
    let interval_ms = row.interval_ms.ok_or_else(|| Refusal::missing("interval_ms"))?;
    if !(1.0..=MAX_INTERVAL_MS).contains(&interval_ms) {
        return Err(Refusal::new(Fault::Range, format_args!("interval_ms {interval_ms} is outside 1 to {MAX_INTERVAL_MS}")));
    }
    let mut freeze_definition = one_of_or_none("freeze_definition", &row.freeze_definition, FREEZES)?;
    if freeze_definition.is_empty() && (row.freeze_count.is_some() || row.freeze_ms.is_some()) {
        // A freeze by a rule nobody states is not comparable.
        freeze_definition = "vendor".into();
    }
    let delay = |name, value| Ok::<_, Refusal>(within(name, value, MAX_DELAY_MS)?.map(|ms| ms as f32));
    Ok(Sample {
        seq: row.seq.unwrap_or_else(|| sequence(place.stamp.client_at.0 as f64)),
        stream_id: needed("stream_id", &row.stream_id)?,
        kind: one_of("kind", &row.kind, &["audio", "video"])?,
        direction: one_of("direction", &row.direction, &["inbound", "outbound"])?,
        codec: label("codec", &row.codec)?.to_ascii_lowercase().into(),
        interval_ms: interval_ms.round() as u32,
        rtt_ms: delay("rtt_ms", row.rtt_ms)?,
        jitter_ms: delay("jitter_ms", row.jitter_ms)?,
        packets_received: row.packets_received,
        packets_lost: row.packets_lost,
        packets_discarded: row.packets_discarded,
        packets_sent: row.packets_sent,
        bytes: counted("bytes", row.bytes)?,
        // A sum over everything emitted: thousands of samples, each with its own wait.
        jitter_buffer_delay_ms: within("jitter_buffer_delay_ms", row.jitter_buffer_delay_ms, f64::from(u32::MAX) * MAX_DELAY_MS)?,
        jitter_buffer_emitted: counted("jitter_buffer_emitted", row.jitter_buffer_emitted)?,
        concealed_samples: counted("concealed_samples", row.concealed_samples)?,
        silent_concealed_samples: counted("silent_concealed_samples", row.silent_concealed_samples)?,
        total_samples: counted("total_samples", row.total_samples)?,
        frames_decoded: row.frames_decoded,
        frames_dropped: row.frames_dropped,
        freeze_count: row.freeze_count,
        freeze_ms: duration("freeze_ms", row.freeze_ms)?,
        freeze_definition,
        gap_ms: duration("gap_ms", row.gap_ms)?,
        width: row.width,
        height: row.height,
        quality_limitation: one_of_or_none("quality_limitation", &row.quality_limitation, LIMITATIONS)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn event(row: wire::EventRow<'_>, place: Place) -> Result<SessionEvent, Refusal> {
    require_session(&place.keys)?;
    Ok(SessionEvent {
        name: one_of("name", &row.name, EVENTS)?,
        connect_ms: duration("connect_ms", row.connect_ms)?,
        duration_ms: duration("duration_ms", row.duration_ms)?,
        reason: label("reason", &row.reason)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn turn(row: wire::TurnRow<'_>, place: Place) -> Result<Turn, Refusal> {
    require_session(&place.keys)?;
    Ok(Turn {
        turn_id: label("turn_id", &row.turn_id)?,
        model: label("model", &row.model)?,
        response_ms: duration("response_ms", row.response_ms)?,
        interruption_ms: duration("interruption_ms", row.interruption_ms)?,
        false_interruptions: row.false_interruptions,
        missed_interruptions: row.missed_interruptions,
        understood: row.understood,
        fallback: row.fallback,
        vad_ms: duration("vad_ms", row.vad_ms)?,
        asr_ms: duration("asr_ms", row.asr_ms)?,
        llm_ms: duration("llm_ms", row.llm_ms)?,
        tts_ms: duration("tts_ms", row.tts_ms)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn message(row: wire::MessageRow<'_>, place: Place) -> Result<Message, Refusal> {
    require_session(&place.keys)?;
    Ok(Message {
        message_id: label("message_id", &row.message_id)?,
        delivered: row.delivered,
        delivery_ms: duration("delivery_ms", row.delivery_ms)?,
        lost: row.lost,
        duplicated: row.duplicated,
        out_of_order: row.out_of_order,
        bytes: counted("bytes", row.bytes)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn invitation(row: wire::InvitationRow<'_>, place: Place) -> Result<Invitation, Refusal> {
    require_person(&place.keys)?;
    Ok(Invitation {
        invitation_id: needed("invitation_id", &row.invitation_id)?,
        state: one_of("state", &row.state, &["shown", "dismissed"])?,
        kind: one_of_or_none("kind", &row.kind, KINDS)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

/// An opinion is a person's, or at least that of somebody in a session.
fn require_person(keys: &Keys) -> Result<(), Refusal> {
    if keys.session_id.is_empty() && keys.user_id.is_empty() {
        return Err(Refusal::missing("session_id or user_id, in the context,"));
    }
    Ok(())
}

fn feedback(row: wire::FeedbackRow<'_>, place: Place) -> Result<Feedback, Refusal> {
    require_person(&place.keys)?;
    let kind = one_of("kind", &row.kind, KINDS)?;
    let score = row.score.ok_or_else(|| Refusal::missing("score"))?;
    let (scale_low, scale_high) = scale(&kind, row.scale_low.zip(row.scale_high), row.scale_low.is_some() != row.scale_high.is_some())?;
    if !(scale_low..=scale_high).contains(&score) {
        return Err(Refusal::new(Fault::Range, format_args!("score {score} is outside {scale_low} to {scale_high}")));
    }
    if &*kind == "thumbs" && score != scale_low && score != scale_high {
        return Err(Refusal::new(Fault::Range, format_args!("score {score} is neither {scale_low} nor {scale_high}")));
    }
    Ok(Feedback {
        invitation_id: label("invitation_id", &row.invitation_id)?,
        kind,
        score,
        scale_low,
        scale_high,
        dimension: label("dimension", &row.dimension)?,
        text: text("text", &row.text)?,
        language: label("language", &row.language)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

/// The worst and the best answer offered: as stated, else by kind.
fn scale(kind: &str, stated: Option<(f64, f64)>, half_stated: bool) -> Result<(f64, f64), Refusal> {
    const WIDEST: f64 = 1e6;
    if half_stated {
        return Err(Refusal::new(Fault::Missing, "scale_low and scale_high go together"));
    }
    match stated {
        Some((low, high)) if low < high && low.abs() <= WIDEST && high.abs() <= WIDEST => Ok((low, high)),
        Some((low, high)) => Err(Refusal::new(Fault::Range, format_args!("a scale from {low} to {high} is none"))),
        None => {
            let known = SCALES.iter().find(|(name, ..)| *name == kind);
            known.map(|(_, low, high)| (*low, *high)).ok_or_else(|| Refusal::unknown("kind", kind, KINDS))
        }
    }
}

fn activity(row: wire::ActivityRow<'_>, place: Place) -> Result<Activity, Refusal> {
    if place.keys.user_id.is_empty() {
        return Err(Refusal::new(Fault::Missing, "user_id, in the context, is missing: an activity is somebody's"));
    }
    Ok(Activity {
        name: one_of("name", &row.name, ACTIVITIES)?,
        minutes: within("minutes", row.minutes, MAX_MINUTES)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn ticket(row: wire::TicketRow<'_>, place: Place) -> Result<Ticket, Refusal> {
    let opened_at = moment("opened_at", row.opened_at)?.unwrap_or(place.stamp.observed_at);
    let later = |name, epoch_ms| match moment(name, epoch_ms)? {
        Some(at) if at < opened_at => Err(Refusal::new(Fault::Time, format_args!("{name} is before opened_at"))),
        at => Ok(at),
    };
    Ok(Ticket {
        ticket_id: needed("ticket_id", &row.ticket_id)?,
        opened_at,
        first_response_at: later("first_response_at", row.first_response_at)?,
        resolved_at: later("resolved_at", row.resolved_at)?,
        severity: label("severity", &row.severity)?,
        subject: text("subject", &row.subject)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn release(row: wire::ReleaseRow<'_>, place: Place) -> Result<Release, Refusal> {
    Ok(Release {
        version: needed("version", &row.version)?,
        breaking_changes: row.breaking_changes,
        notes: text("notes", &row.notes)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn integration(row: wire::IntegrationRow<'_>, place: Place) -> Result<Integration, Refusal> {
    Ok(Integration {
        step: needed("step", &row.step)?,
        hours: within("hours", row.hours, MAX_HOURS)?,
        defects: row.defects,
        keys: place.keys,
        stamp: place.stamp,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_answer_has_a_scale_and_no_interval_overflows_its_column() {
        assert_eq!(SCALES.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), KINDS);
        assert!((MAX_DELAY_MS as f32).is_finite() && MAX_INTERVAL_MS < f64::from(u32::MAX));
    }
}
