//! The lines of a recording, and the formats it might be confused with.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::refusal::json_fault;
use crate::wire::{Report, Text};

/// Why a file is not a recording of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// It is of a format that is known and not imported yet.
    #[error("the file is {0}, which is not imported yet: of raw getStats captures only JSON lines with call_id, kind and side are")]
    Known(&'static str),
    /// It is empty.
    #[error("the file is empty")]
    Empty,
    /// It is something else.
    #[error(
        "the file is of no format known here: it begins with {beginning:?}, where a capture begins with a JSON object that has call_id and kind"
    )]
    Unknown {
        /// How it begins.
        beginning: String,
    },
}

/// Tells by its beginning whether a file is a recording of ours.
pub(super) fn detect(beginning: &[u8]) -> Result<(), Unsupported> {
    let text = String::from_utf8_lossy(beginning);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let first_line = text.lines().next().unwrap_or_default();
    if text.is_empty() {
        return Err(Unsupported::Empty);
    }
    if first_line.starts_with("RTCStatsDump") {
        return Err(Unsupported::Known("an rtcstats dump (RTCStatsDump)"));
    }
    if first_line.starts_with('[') {
        return Err(Unsupported::Known("a list of JSON arrays, as Jitsi's rtcstats dumps are"));
    }
    if first_line.starts_with('{') {
        let names = |name: &str| text.contains(&format!("\"{name}\""));
        if names("PeerConnections") || names("getUserMedia") || names("UserAgentData") {
            return Err(Unsupported::Known("a webrtc-internals dump (PeerConnections)"));
        }
        if first_line.contains("\"call_id\"") && first_line.contains("\"kind\"") {
            return Ok(());
        }
    }
    Err(Unsupported::Unknown { beginning: first_line.chars().take(40).collect() })
}

/// One line of any kind.
#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub call_id: Option<Text<'a>>,
    pub kind: Option<Text<'a>>,
    pub side: Option<Text<'a>>,
    name: Option<Text<'a>>,
    t_ms: Option<f64>,
    wall_ms: Option<f64>,
    data: Option<&'a RawValue>,
    stats: Option<&'a RawValue>,
}

/// Something that happened on one side.
#[derive(Debug, Clone)]
pub(super) struct Happened<'a> {
    pub name: Cow<'a, str>,
    /// By the side's own running clock, ms.
    pub t_ms: f64,
    /// State of the connection, where the event is about it.
    pub connection: Option<String>,
    /// State of its ICE part.
    pub ice: Option<String>,
}

#[derive(Deserialize, Default)]
struct States {
    connection: Option<String>,
    ice: Option<String>,
}

impl<'a> Line<'a> {
    /// When it was written, epoch ms.
    pub fn wall_ms(&self) -> Result<i64, String> {
        // From 2000 to 2100.
        let plausible = |ms: &f64| (946_684_800_000.0..4_102_444_800_000.0).contains(ms);
        self.wall_ms.filter(plausible).map(|ms| ms as i64).ok_or_else(|| "wall_ms is missing or not an epoch in milliseconds".to_owned())
    }

    pub fn happened(&self) -> Result<Happened<'_>, String> {
        let name = self.name.as_ref().ok_or("name is missing")?;
        let t_ms = self.t_ms.ok_or("t_ms is missing")?;
        // Other events carry other data.
        let states: States = self.data.and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default();
        Ok(Happened { name: Cow::Borrowed(name), t_ms, connection: states.connection, ice: states.ice })
    }

    pub fn report(&self) -> Result<Report<'a>, String> {
        let stats = self.stats.ok_or("stats is missing")?;
        serde_json::from_str(stats.get()).map_err(|error| format!("stats: {}", json_fault(&error)))
    }
}

/// What a recording says about itself.
#[derive(Debug, Deserialize)]
pub(super) struct Meta {
    pub vendor: Option<String>,
    scenario: Option<String>,
    browser: Option<String>,
    media: Option<Media>,
}

#[derive(Debug, Deserialize)]
struct Media {
    width: Option<f64>,
    fps: Option<f64>,
}

impl Meta {
    pub fn has_video(&self) -> bool {
        self.media.as_ref().is_some_and(|media| media.width.or(media.fps).is_some_and(|value| value > 0.0))
    }

    /// Under which conditions and in what it was recorded.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let known = [("capture", &self.scenario), ("browser", &self.browser)];
        known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
    }
}
