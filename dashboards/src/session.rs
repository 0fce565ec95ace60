//! The page of one session: what it was, the verdict on each minute, what happened, and every stream, on one time axis.

mod streams;
mod strip;

use askama::Template;
use qoe_query::board::{JudgedMinute, SessionState, SessionTimeline};

use crate::Settings;
use crate::board::script_json;
use crate::chart;
use crate::clock::{self, Zone};
use crate::figures::{NONE, fixed, milliseconds, percent};
use crate::frame::Frame;
use crate::view::View;
use crate::wire::state_name;
use crate::words::{Words, event_name, key_name, key_value, measure_name};

#[derive(Template)]
#[template(path = "session.html")]
struct Page<'a> {
    frame: Frame,
    words: &'a Words,
    id: &'a str,
    state: &'static str,
    state_word: &'static str,
    first: String,
    last: String,
    length: String,
    keys: Vec<(String, String)>,
    cut_off: bool,
    summary: String,
    strip: strip::Strip,
    minutes: Vec<Minute>,
    events: Vec<Event>,
    streams: Vec<Stream>,
    turns: Option<String>,
    feedback: Vec<Answer>,
    groups_json: String,
}

impl Page<'_> {
    fn all_good(&self) -> bool {
        self.minutes.iter().all(|minute| minute.verdict == "good")
    }
}

struct Minute {
    at: String,
    verdict: &'static str,
    verdict_word: &'static str,
    missed: String,
    mos: String,
}

struct Event {
    number: usize,
    at: String,
    name: String,
    detail: String,
}

struct Stream {
    title: String,
    id: String,
    charts: Vec<String>,
}

struct Answer {
    at: String,
    kind: String,
    score: String,
    text: String,
}

/// Renders the whole page, complete without scripts.
pub fn render_session(session: &SessionTimeline, id: &str, view: &View, settings: &Settings) -> askama::Result<String> {
    let (words, zone) = (view.words(), view.zone());
    let groups = streams::groups(session);
    let title = format!("{} {id}", words.session.title);
    let path = View::of_project("").session_href(id);
    let frame = Frame { script: "session.js", ..Frame::of(view, &path, title, settings) };
    let named = streams::named(session, words);
    let rendered = named.iter().enumerate().map(|(index, stream)| {
        let name = streams::group_name(index);
        let group = &groups[&name];
        let charts: askama::Result<Vec<String>> =
            streams::specs(&name, group, words).iter().map(|spec| chart::render(spec, &name, group, zone, words)).collect();
        Ok(Stream { title: stream.title.clone(), id: stream.id.clone(), charts: charts? })
    });
    let turns = groups.get("turns").map(|group| chart::render(&streams::turns_spec(words), "turns", group, zone, words));
    Page {
        words,
        id,
        state: state_name(session.state),
        state_word: match session.state {
            SessionState::Live => words.session.live,
            SessionState::Left => words.session.left,
            SessionState::GoneSilent => words.session.gone_silent,
        },
        first: zone.full(session.first_at),
        last: zone.full(session.last_at),
        length: clock::span(session.last_at - session.first_at, words),
        keys: keys(session, words),
        cut_off: session.cut_off,
        summary: summary(&session.minutes, words),
        strip: strip::Strip::of(session, zone, words),
        minutes: session.minutes.iter().map(|judged| minute(judged, zone, words)).collect(),
        events: events(session, zone, words),
        streams: rendered.collect::<askama::Result<_>>()?,
        turns: turns.transpose()?,
        feedback: feedback(session, zone, words),
        groups_json: script_json(&groups),
        frame,
    }
    .render()
}

fn keys(session: &SessionTimeline, words: &Words) -> Vec<(String, String)> {
    session
        .keys
        .iter()
        .map(|(column, stated)| (key_name(column, words).into_owned(), key_value(column, stated, words).into_owned()))
        .collect()
}

fn summary(minutes: &[JudgedMinute], words: &Words) -> String {
    let count = |verdict: &str| minutes.iter().filter(|minute| minute.verdict == verdict).count() as u64;
    (words.session.summary)(count("good"), count("bad"), count("unclassified"), count("silent"))
}

fn verdict_word(verdict: &str, words: &Words) -> &'static str {
    match verdict {
        "good" => words.chart.good,
        "bad" => words.chart.bad,
        "silent" => words.chart.silent,
        _ => words.chart.unclassified,
    }
}

fn minute(judged: &JudgedMinute, zone: Zone, words: &Words) -> Minute {
    Minute {
        at: zone.minute(judged.at),
        verdict: judged.verdict,
        verdict_word: verdict_word(judged.verdict, words),
        missed: reasons(judged, words),
        mos: judged.mos.map_or_else(|| NONE.to_owned(), |(mos, band)| format!("{} {band}", fixed(mos, 2))),
    }
}

/// Why a minute is bad: `one-way delay 512 ms > 400 ms`.
fn reasons(judged: &JudgedMinute, words: &Words) -> String {
    let reason = |(measure, value, limit): &(&'static str, f64, f64)| {
        let side = if measure.starts_with("frame_rate") || measure.starts_with("availability") { "<" } else { ">" };
        format!("{} {} {side} {}", measure_name(measure, words), in_unit(measure, *value), in_unit(measure, *limit))
    };
    if judged.verdict == "bad" && judged.missed.is_empty() {
        return words.session.bad_without_measure.to_owned();
    }
    let reasons: Vec<String> = judged.missed.iter().map(reason).collect();
    reasons.join(if words.tag == "en" { "; " } else { "；" })
}

fn in_unit(measure: &str, value: f64) -> String {
    if measure.contains("_ms") {
        format!("{} ms", milliseconds(value))
    } else if measure.contains("ratio") {
        percent(value)
    } else if measure.starts_with("frame_rate") {
        format!("{} fps", fixed(value, 1))
    } else {
        fixed(value, 2)
    }
}

fn events(session: &SessionTimeline, zone: Zone, words: &Words) -> Vec<Event> {
    let event = |(index, (at, name, detail)): (usize, &(_, String, String))| Event {
        number: index + 1,
        at: zone.second(*at),
        name: event_name(name, words).into_owned(),
        detail: detail.clone(),
    };
    session.events.iter().enumerate().map(event).collect()
}

fn feedback(session: &SessionTimeline, zone: Zone, words: &Words) -> Vec<Answer> {
    let short = |score: f64| fixed(score, if score.fract() == 0.0 { 0 } else { 1 });
    let answers = session.feedback.iter().map(|(at, kind, score, low, high, text)| Answer {
        at: zone.second(*at),
        kind: kind.to_uppercase(),
        score: (words.session.score_of)(&short(*score), &short(*low), &short(*high)),
        text: text.clone(),
    });
    answers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{EN, ZH};

    #[test]
    fn a_bad_minute_says_what_was_missed_by_how_much() {
        let judged = JudgedMinute {
            at: chrono::DateTime::UNIX_EPOCH,
            verdict: "bad",
            missed: vec![("one_way_delay_ms_max", 512.0, 400.0), ("loss_ratio_max", 0.08, 0.05), ("frame_rate_min", 4.0, 7.0)],
            mos: None,
        };
        assert_eq!(reasons(&judged, &EN), "one-way delay 512 ms > 400 ms; packet loss 8.0% > 5.0%; frame rate 4.0 fps < 7.0 fps");
        assert_eq!(reasons(&judged, &ZH), "端到端时延 512 ms > 400 ms；丢包率 8.0% > 5.0%；帧率 4.0 fps < 7.0 fps");
    }
}
