//! Each kind of row, from the wire to its table.

use qoe_store::{
    Activity, Feedback, Integration, Invitation, Keys, Label, Message, Record, Release, Sample, Service, SessionEvent, Ticket, Turn,
};

use super::Place;
use super::measures::{MAX_BUFFER_DELAY_MS, MAX_DELAY_MS, counted, duration, label, moment, needed, one_of, one_of_or_none, text, within};
use super::words::Words;
use crate::reducer::sequence;
use crate::refusal::{Fault, Refusal};
use crate::wire;

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
/// Longest activity, minutes: a month.
const MAX_MINUTES: f64 = 44_640.0;
/// Most working hours of one integration step: fifty person-years.
const MAX_HOURS: f64 = 100_000.0;

/// A type that no row has.
pub fn unknown(row_type: &str) -> Refusal {
    Refusal::unknown("type", row_type, wire::Row::TYPES)
}

/// One row for its table: none of its own for a report, which is differenced.
pub fn record(row: wire::Row<'_>, place: Place, words: &mut Words) -> Result<Record, Refusal> {
    match row {
        wire::Row::Sample(row) => sample(row, place, words).map(Record::from),
        wire::Row::Event(row) => event(row, place, words).map(Record::from),
        wire::Row::Turn(row) => turn(row, place, words).map(Record::from),
        wire::Row::Message(row) => message(row, place, words).map(Record::from),
        wire::Row::Invitation(row) => invitation(row, place, words).map(Record::from),
        wire::Row::Feedback(row) => feedback(row, place, words).map(Record::from),
        wire::Row::Activity(row) => activity(row, place, words).map(Record::from),
        wire::Row::Ticket(row) => ticket(row, place, words).map(Record::from),
        wire::Row::Release(row) => release(row, place, words).map(Record::from),
        wire::Row::Integration(row) => integration(row, place, words).map(Record::from),
        wire::Row::Stats(_) => Err(unknown("stats")),
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

fn sample(row: wire::SampleRow<'_>, place: Place, words: &mut Words) -> Result<Sample, Refusal> {
    require_session(&place.keys)?;
    let interval_ms = row.interval_ms.ok_or_else(|| Refusal::missing("interval_ms"))?;
    if !(1.0..=MAX_INTERVAL_MS).contains(&interval_ms) {
        return Err(Refusal::new(Fault::Range, format_args!("interval_ms {interval_ms} is outside 1 to {MAX_INTERVAL_MS}")));
    }
    let mut freeze_definition = one_of_or_none(words, "freeze_definition", &row.freeze_definition, FREEZES)?;
    if freeze_definition.is_empty() && (row.freeze_count.is_some() || row.freeze_ms.is_some()) {
        // A freeze by a rule nobody states is not comparable.
        freeze_definition = words.label("vendor");
    }
    let delay = |name, value| Ok::<_, Refusal>(within(name, value, MAX_DELAY_MS)?.map(|ms| ms as f32));
    Ok(Sample {
        seq: row.seq.unwrap_or_else(|| sequence(place.stamp.client_at.0 as f64)),
        stream_id: needed(words, "stream_id", &row.stream_id)?,
        kind: one_of(words, "kind", &row.kind, &["audio", "video"])?,
        direction: one_of(words, "direction", &row.direction, &["inbound", "outbound"])?,
        codec: lower_case(label(words, "codec", &row.codec)?, words),
        interval_ms: interval_ms.round() as u32,
        rtt_ms: delay("rtt_ms", row.rtt_ms)?,
        jitter_ms: delay("jitter_ms", row.jitter_ms)?,
        packets_received: row.packets_received,
        packets_lost: row.packets_lost,
        packets_discarded: row.packets_discarded,
        packets_sent: row.packets_sent,
        bytes: counted("bytes", row.bytes)?,
        jitter_buffer_delay_ms: within("jitter_buffer_delay_ms", row.jitter_buffer_delay_ms, MAX_BUFFER_DELAY_MS)?,
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
        quality_limitation: one_of_or_none(words, "quality_limitation", &row.quality_limitation, LIMITATIONS)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn lower_case(label: Label, words: &mut Words) -> Label {
    if label.bytes().any(|byte| byte.is_ascii_uppercase()) { words.label(&label.to_ascii_lowercase()) } else { label }
}

fn event(row: wire::EventRow<'_>, place: Place, words: &mut Words) -> Result<SessionEvent, Refusal> {
    require_session(&place.keys)?;
    Ok(SessionEvent {
        name: one_of(words, "name", &row.name, EVENTS)?,
        connect_ms: duration("connect_ms", row.connect_ms)?,
        duration_ms: duration("duration_ms", row.duration_ms)?,
        reason: label(words, "reason", &row.reason)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn turn(row: wire::TurnRow<'_>, place: Place, words: &mut Words) -> Result<Turn, Refusal> {
    require_session(&place.keys)?;
    Ok(Turn {
        turn_id: label(words, "turn_id", &row.turn_id)?,
        model: label(words, "model", &row.model)?,
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

fn message(row: wire::MessageRow<'_>, place: Place, words: &mut Words) -> Result<Message, Refusal> {
    require_session(&place.keys)?;
    Ok(Message {
        message_id: label(words, "message_id", &row.message_id)?,
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

fn invitation(row: wire::InvitationRow<'_>, place: Place, words: &mut Words) -> Result<Invitation, Refusal> {
    require_person(&place.keys)?;
    Ok(Invitation {
        invitation_id: needed(words, "invitation_id", &row.invitation_id)?,
        state: one_of(words, "state", &row.state, &["shown", "dismissed"])?,
        kind: one_of_or_none(words, "kind", &row.kind, KINDS)?,
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

fn feedback(row: wire::FeedbackRow<'_>, place: Place, words: &mut Words) -> Result<Feedback, Refusal> {
    require_person(&place.keys)?;
    let kind = one_of(words, "kind", &row.kind, KINDS)?;
    let score = row.score.ok_or_else(|| Refusal::missing("score"))?;
    let (scale_low, scale_high) = scale(&kind, row.scale_low.zip(row.scale_high), row.scale_low.is_some() != row.scale_high.is_some())?;
    if !(scale_low..=scale_high).contains(&score) {
        return Err(Refusal::new(Fault::Range, format_args!("score {score} is outside {scale_low} to {scale_high}")));
    }
    if &*kind == "thumbs" && score != scale_low && score != scale_high {
        return Err(Refusal::new(Fault::Range, format_args!("score {score} is neither {scale_low} nor {scale_high}")));
    }
    Ok(Feedback {
        invitation_id: label(words, "invitation_id", &row.invitation_id)?,
        kind,
        score,
        scale_low,
        scale_high,
        dimension: label(words, "dimension", &row.dimension)?,
        text: text("text", &row.text)?,
        language: label(words, "language", &row.language)?,
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

fn activity(row: wire::ActivityRow<'_>, place: Place, words: &mut Words) -> Result<Activity, Refusal> {
    if place.keys.user_id.is_empty() {
        return Err(Refusal::new(Fault::Missing, "user_id, in the context, is missing: an activity is somebody's"));
    }
    Ok(Activity {
        name: one_of(words, "name", &row.name, ACTIVITIES)?,
        minutes: within("minutes", row.minutes, MAX_MINUTES)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn ticket(row: wire::TicketRow<'_>, place: Place, words: &mut Words) -> Result<Ticket, Refusal> {
    let opened_at = moment("opened_at", row.opened_at)?.unwrap_or(place.stamp.observed_at);
    let later = |name, epoch_ms| match moment(name, epoch_ms)? {
        Some(at) if at < opened_at => Err(Refusal::new(Fault::Time, format_args!("{name} is before opened_at"))),
        at => Ok(at),
    };
    Ok(Ticket {
        ticket_id: needed(words, "ticket_id", &row.ticket_id)?,
        opened_at,
        first_response_at: later("first_response_at", row.first_response_at)?,
        resolved_at: later("resolved_at", row.resolved_at)?,
        severity: label(words, "severity", &row.severity)?,
        subject: text("subject", &row.subject)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn release(row: wire::ReleaseRow<'_>, place: Place, words: &mut Words) -> Result<Release, Refusal> {
    Ok(Release {
        version: needed(words, "version", &row.version)?,
        breaking_changes: row.breaking_changes,
        notes: text("notes", &row.notes)?,
        keys: place.keys,
        stamp: place.stamp,
    })
}

fn integration(row: wire::IntegrationRow<'_>, place: Place, words: &mut Words) -> Result<Integration, Refusal> {
    Ok(Integration {
        step: needed(words, "step", &row.step)?,
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
