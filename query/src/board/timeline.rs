//! One session from beginning to end. The only question of the board that reads rows: those of one session, and no more than fit on a page.

use chrono::{DateTime, TimeDelta, Utc};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;

use super::answer::{Answer, Line, ask};
use super::answers::{JudgedMinute, SessionState, SessionTimeline, StreamPoint, StreamSeries};
use super::sql::{text, time};
use crate::catalog::Definitions;
use crate::quality::{
    Context, Delivery, Measure, MinuteMeasures, MinuteVerdict, Presence, Reason, VoiceMinute, judge_message, judge_minute,
    loss_with_discards, one_way_delay_ms, voice_score,
};

/// The most samples shown of one session: eleven hours of one stream at two seconds.
const SAMPLES: usize = 20_000;
/// The most events, turns or answers.
const HAPPENINGS: usize = 1_000;

const KEYS: [&str; 19] = [
    "call_id",
    "session_id",
    "user_id",
    "vendor",
    "service",
    "scenario",
    "industry",
    "app_version",
    "region",
    "country",
    "network",
    "platform",
    "os",
    "device_class",
    "poc",
    "arm",
    "stratum",
    "audio_codec",
    "interval_ms",
];

/// The session of this id; `None` when the project has none.
pub async fn timeline(
    context: &SessionContext,
    definitions: &Definitions,
    session_id: &str,
    now: DateTime<Utc>,
) -> Result<Option<SessionTimeline>> {
    let id = text(session_id);
    let session = ask(context, &format!("SELECT * FROM sessions WHERE session_id = {id}")).await?;
    let Some(session) = session.first() else { return Ok(None) };
    let (first_at, last_at) = (session.moment("first_at")?, session.moment("last_at")?);
    // The hour bounds let ClickHouse go straight to the session's granules.
    let within = |column: &str| {
        let (from, to) = (first_at - TimeDelta::hours(1), last_at + TimeDelta::hours(1));
        format!("session_id = {id} AND {column} >= {} AND {column} <= {}", time(from), time(to))
    };
    let rows = within("observed_at");
    let asked = [
        format!("SELECT * FROM session_minutes WHERE {} ORDER BY minute", within("minute")),
        format!("SELECT * FROM samples WHERE {rows} ORDER BY observed_at, stream_id LIMIT {}", SAMPLES + 1),
        format!(
            "SELECT observed_at, name, connect_ms, duration_ms, reason FROM session_events WHERE {rows} ORDER BY observed_at LIMIT {HAPPENINGS}"
        ),
        format!("SELECT observed_at, response_ms, interruption_ms FROM turns WHERE {rows} ORDER BY observed_at LIMIT {HAPPENINGS}"),
        format!(
            "SELECT observed_at, kind, score, scale_low, scale_high, text FROM feedback WHERE session_id = {id} ORDER BY observed_at LIMIT {HAPPENINGS}"
        ),
    ];
    let answers = futures::future::try_join_all(asked.iter().map(|sql| ask(context, sql))).await?;
    let [minutes, samples, events, turns, feedback] = <[Answer; 5]>::try_from(answers).expect("as many answers as questions");
    let state = state(session, now)?;
    let keys = KEYS.into_iter().map(|key| Ok((key, session.text(key)?)));
    Ok(Some(SessionTimeline {
        keys: keys.collect::<Result<Vec<_>>>()?.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        first_at,
        last_at,
        state,
        minutes: minutes.rows().map(|line| judged(line, definitions, state, last_at)).collect::<Result<_>>()?,
        events: events.rows().map(event).collect::<Result<_>>()?,
        streams: streams(&samples)?,
        turns: turns
            .rows()
            .map(|line| Ok((line.moment("observed_at")?, line.number("response_ms")?, line.number("interruption_ms")?)))
            .collect::<Result<_>>()?,
        feedback: feedback.rows().map(answer).collect::<Result<_>>()?,
        cut_off: samples.row_count() > SAMPLES || [&events, &turns, &feedback].iter().any(|answer| answer.row_count() == HAPPENINGS),
    }))
}

fn state(session: Line<'_>, now: DateTime<Utc>) -> Result<SessionState> {
    let patience = 3 * i64::try_from(session.count("interval_ms")?).unwrap_or(0);
    let quiet_ms = (now - session.moment("last_at")?).num_milliseconds();
    Ok(if session.count("leaves")? > 0 {
        SessionState::Left
    } else if quiet_ms > patience.max(1) && (patience > 0 || quiet_ms > 60_000) {
        SessionState::GoneSilent
    } else {
        SessionState::Live
    })
}

fn event(line: Line<'_>) -> Result<(DateTime<Utc>, String, String)> {
    let mut detail = Vec::new();
    for (name, unit) in [("connect_ms", " ms"), ("duration_ms", " ms")] {
        detail.extend(line.number(name)?.map(|value| format!("{value:.0}{unit}")));
    }
    detail.extend(Some(line.text("reason")?).filter(|reason| !reason.is_empty()));
    Ok((line.moment("observed_at")?, line.text("name")?, detail.join(", ")))
}

type Answered = (DateTime<Utc>, String, f64, f64, f64, String);

fn answer(line: Line<'_>) -> Result<Answered> {
    let number = |name: &str| Ok::<_, datafusion::error::DataFusionError>(line.number(name)?.unwrap_or(f64::NAN));
    Ok((line.moment("observed_at")?, line.text("kind")?, number("score")?, number("scale_low")?, number("scale_high")?, line.text("text")?))
}

fn over(value: Option<f64>, n: Option<f64>) -> Option<f64> {
    value.zip(n).filter(|(_, n)| *n > 0.0).map(|(value, n)| value / n)
}

fn judged(line: Line<'_>, definitions: &Definitions, state: SessionState, last_at: DateTime<Utc>) -> Result<JudgedMinute> {
    let mean = |sum: &str, n: &str| Ok::<_, datafusion::error::DataFusionError>(over(line.number(sum)?, line.number(n)?));
    let (service, industry, scenario) = (line.text("service")?, line.text("industry")?, line.text("scenario")?);
    let objectives = definitions.objectives.holding(Context { service: &service, industry: &industry, scenario: &scenario });
    let rtt_ms = mean("rtt_ms_sum", "rtt_n")?;
    let jitter_buffer_ms = mean("jitter_buffer_delay_ms", "jitter_buffer_emitted")?;
    let lost = line.number("audio_packets_lost")?.map(|lost| lost as i64);
    let (received, discarded) = (line.count("audio_packets_received")?, line.count("audio_packets_discarded")?);
    let concealed = line.number("concealed_samples")?.zip(line.number("silent_concealed_samples")?).map(|(all, silent)| all - silent);
    let gap_measured = line.count("gap_interval_ms")? > 0;
    let measures = MinuteMeasures {
        one_way_delay_ms: one_way_delay_ms(rtt_ms, jitter_buffer_ms),
        loss_ratio: loss_with_discards(Some(received), lost, Some(discarded)).map(|ratio| ratio.get()),
        audible_concealment_ratio: over(concealed, line.number("total_samples")?),
        concealment_ratio: mean("concealed_samples", "total_samples")?,
        freeze_ratio: mean("freeze_ms", "freeze_interval_ms")?,
        gap_ms: line.number("gap_ms")?.filter(|_| gap_measured),
        frame_rate: mean("frames_decoded", "frames_interval_ms")?.map(|per_ms| per_ms * 1000.0),
        response_ms: mean("response_ms_sum", "response_n")?,
        interruption_ms: mean("interruption_ms_sum", "interruption_n")?,
    };
    let presence = if line.count("failed_joins")? > 0 {
        Presence::JoinFailed
    } else if state == SessionState::GoneSilent && line.moment("last_at")? == last_at && line.count("interval_ms")? > 0 {
        Presence::GoneSilent
    } else {
        Presence::Reporting
    };
    let codec = line.text("audio_codec")?;
    let minute = VoiceMinute {
        rtt_ms,
        jitter_buffer_ms,
        packets_received: Some(received),
        packets_lost: lost,
        packets_discarded: Some(discarded),
        burst: None,
        codec: Some(codec.as_str()).filter(|codec| !codec.is_empty()),
    };
    let score = voice_score(&minute, &definitions.codecs).ok();
    let verdict = if service == "messaging" { messages(line, &objectives)? } else { judge_minute(presence, &measures, &objectives) };
    Ok(JudgedMinute {
        at: line.moment("minute")?,
        verdict: match &verdict {
            MinuteVerdict::Good => "good",
            MinuteVerdict::Bad(_) => "bad",
            MinuteVerdict::Unclassified => "unclassified",
            MinuteVerdict::GoneSilent => "silent",
        },
        missed: missed(&verdict),
        mos: score.map(|score| (score.mos.get(), score.label.band.code())),
    })
}

/// A minute of messages is as bad as its worst: the strip shows where to look; the ratio counts the messages.
fn messages(line: Line<'_>, objectives: &crate::quality::Holding<'_>) -> Result<MinuteVerdict> {
    let limit = objectives.get(Measure::Delivery).map_or(3000.0, |objective| objective.limit);
    let within = line.count(&format!("messages_{}s", limit / 1000.0))?;
    let judged = line.count("messages_judged")?;
    Ok(if judged == 0 {
        MinuteVerdict::Unclassified
    } else if within == judged {
        MinuteVerdict::Good
    } else if line.count("messages_lost")? > 0 {
        judge_message(Delivery::Failed, objectives)
    } else {
        let slowest = over(line.number("delivery_ms_sum")?, line.number("delivery_n")?).map_or(limit * 2.0, |mean| mean.max(limit + 1.0));
        judge_message(Delivery::After { ms: slowest }, objectives)
    })
}

fn missed(verdict: &MinuteVerdict) -> Vec<(&'static str, f64, f64)> {
    let MinuteVerdict::Bad(reasons) = verdict else { return Vec::new() };
    let told = reasons.iter().filter_map(|reason| match reason {
        Reason::Missed { measure, value, limit } => Some((measure.key(), *value, *limit)),
        _ => None,
    });
    told.collect()
}

fn streams(samples: &Answer) -> Result<Vec<StreamSeries>> {
    let mut streams: Vec<StreamSeries> = Vec::new();
    for line in samples.rows().take(SAMPLES) {
        let stream_id = line.text("stream_id")?;
        let point = point(line)?;
        if let Some(stream) = streams.iter_mut().find(|stream| stream.stream_id == stream_id) {
            stream.points.push(point);
        } else {
            let (kind, direction, codec) = (line.text("kind")?, line.text("direction")?, line.text("codec")?);
            streams.push(StreamSeries { stream_id, kind, direction, codec, points: vec![point] });
        }
    }
    streams.sort_by(|a, b| (&a.direction, &a.kind, &a.stream_id).cmp(&(&b.direction, &b.kind, &b.stream_id)));
    Ok(streams)
}

fn point(line: Line<'_>) -> Result<StreamPoint> {
    let interval_ms = line.number("interval_ms")?;
    let (received, lost) = (line.number("packets_received")?, line.number("packets_lost")?);
    let expected = received.zip(lost).map(|(received, lost)| received + lost);
    let audible = line
        .number("concealed_samples")?
        .map(|all| Ok::<_, datafusion::error::DataFusionError>(all - line.number("silent_concealed_samples")?.unwrap_or(0.0)));
    Ok(StreamPoint {
        at: line.moment("observed_at")?,
        rtt_ms: line.number("rtt_ms")?,
        jitter_ms: line.number("jitter_ms")?,
        loss_ratio: over(lost, expected),
        bitrate_kbps: over(line.number("bytes")?.map(|bytes| bytes * 8.0), interval_ms),
        audible_concealment_ratio: over(audible.transpose()?, line.number("total_samples")?),
        freeze_ms: line.number("freeze_ms")?,
        gap_ms: line.number("gap_ms")?,
        frame_rate: over(line.number("frames_decoded")?.map(|frames| frames * 1000.0), interval_ms),
        height: line.number("height")?.map(|height| height as u16),
    })
}
