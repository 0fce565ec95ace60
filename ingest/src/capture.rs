//! Importer of recorded calls: raw `getStats()` reports and events of both ends, one JSON object a line, packed with gzip or not.
//!
//! Each end of a call becomes one session, `<call_id>-<side>`; its reports go through the same reducer as live ones. What the recorder did to the
//! network and what it knows from the relay (`meta`, `truth`, `end`, events of both sides) is there to check against, and is not
//! imported.

mod side;
mod wire;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use qoe_store::{Keys, Label, Millis, Records, Service, Stamp};

use crate::reducer::{Origin, Reducer};
use crate::refusal::json_fault;
use side::Side;
use wire::{Line, Meta};

pub use wire::Unsupported;

/// Longest line, bytes: a report of a thousand streams.
const MAX_LINE_BYTES: u64 = 16 << 20;
/// Most bytes of a file, unpacked: all of it is held as rows until it is stored.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// What the file does not say about itself.
#[derive(Debug, Clone, Default)]
pub struct CaptureOptions {
    /// Whose service carried the calls, where the file does not name it.
    pub vendor: Option<String>,
    /// What kind of service; by default a video call if there is video, else a voice call.
    pub service: Option<Service>,
    /// Moves all times so that the first falls here: a recording replayed as if it were happening.
    pub shift_to: Option<Millis>,
}

/// What a file held.
#[derive(Debug, Default)]
pub struct Imported {
    /// The rows for the store.
    pub records: Records,
    /// The sessions they belong to, as they came.
    pub sessions: Vec<Label>,
    /// Lines that could not be read.
    pub skipped: Vec<Skipped>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a file could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It is of another format, or of none that is known.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// It could not be read to its end.
    #[error("read line {line}")]
    Read {
        /// Which line, from 1.
        line: usize,
        /// Why.
        source: std::io::Error,
    },
    /// A line has no end.
    #[error("line {line} is longer than {MAX_LINE_BYTES} bytes")]
    LineTooLong {
        /// Which line, from 1.
        line: usize,
    },
    /// The file has no end.
    #[error("the file holds more than {MAX_FILE_BYTES} bytes unpacked: split it by calls")]
    FileTooLong,
}

/// Reads a recording.
pub fn read_capture(reader: impl Read, project: &str, options: &CaptureOptions) -> Result<Imported, CaptureError> {
    let mut reader = BufReader::new(reader);
    let packed = reader.fill_buf().map_err(|source| CaptureError::Read { line: 1, source })?.starts_with(&[0x1f, 0x8b]);
    if packed { read_lines(BufReader::new(MultiGzDecoder::new(reader)), project, options) } else { read_lines(reader, project, options) }
}

fn read_lines(reader: impl BufRead, project: &str, options: &CaptureOptions) -> Result<Imported, CaptureError> {
    let mut reader = reader.take(MAX_FILE_BYTES);
    wire::detect(reader.fill_buf().map_err(|source| CaptureError::Read { line: 1, source })?)?;
    let mut import = Import::new(project, options);
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let read = (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut text);
        match read.map_err(|source| CaptureError::Read { line, source })? as u64 {
            0 => break,
            MAX_LINE_BYTES => return Err(CaptureError::LineTooLong { line }),
            _ => {}
        }
        if reader.limit() == 0 {
            return Err(CaptureError::FileTooLong);
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        if let Err(reason) = import.line(&text) {
            import.imported.skipped.push(Skipped { line, reason });
        }
    }
    Ok(import.imported)
}

/// A file being read.
struct Import<'a> {
    project: &'a str,
    options: &'a CaptureOptions,
    reducer: Reducer,
    /// By call.
    metas: HashMap<String, Meta>,
    /// By call and side.
    sides: HashMap<(String, String), Side>,
    /// What to add to all times, ms, once the first is known.
    shift_ms: Option<i64>,
    imported: Imported,
}

impl<'a> Import<'a> {
    fn new(project: &'a str, options: &'a CaptureOptions) -> Self {
        Import {
            project,
            options,
            reducer: Reducer::default(),
            metas: HashMap::new(),
            sides: HashMap::new(),
            shift_ms: None,
            imported: Imported::default(),
        }
    }

    fn line(&mut self, text: &[u8]) -> Result<(), String> {
        let line: Line<'_> = serde_json::from_slice(text).map_err(|error| json_fault(&error))?;
        let call_id = line.call_id.as_deref().filter(|id| !id.is_empty()).ok_or("call_id is missing")?;
        match (line.kind.as_deref(), line.side.as_deref()) {
            (Some("meta"), _) => {
                let meta = serde_json::from_slice(text).map_err(|error| json_fault(&error))?;
                self.metas.insert(call_id.to_owned(), meta);
                Ok(())
            }
            // What was done to the network, by whoever recorded.
            (Some("truth" | "end"), _) | (Some("event"), Some("both")) => Ok(()),
            (Some("event"), Some(side)) => self.event(call_id, side, &line),
            (Some("stats"), Some(side)) => self.stats(call_id, side, &line),
            (Some("event" | "stats"), None) => Err("side is missing".to_owned()),
            (Some(kind), _) => Err(format!("kind {kind:?} is not one of meta, event, stats, truth, end")),
            (None, _) => Err("kind is missing".to_owned()),
        }
    }

    fn event(&mut self, call_id: &str, side: &str, line: &Line<'_>) -> Result<(), String> {
        let stamp = self.stamp(line)?;
        let happened = line.happened()?;
        let side = self.side(call_id, side);
        let events = side.event(happened, stamp);
        self.imported.records.SessionEvents.extend(events);
        Ok(())
    }

    fn stats(&mut self, call_id: &str, side: &str, line: &Line<'_>) -> Result<(), String> {
        let stamp = self.stamp(line)?;
        let report = line.report()?;
        let keys = self.side(call_id, side).keys().clone();
        let origin = Origin { keys: &keys, stamp, connection: "0" };
        self.imported.records.Samples.extend(self.reducer.reduce(origin, &report, &HashSet::new()));
        Ok(())
    }

    fn stamp(&mut self, line: &Line<'_>) -> Result<Stamp, String> {
        let at = line.wall_ms()?;
        let shift_ms = *self.shift_ms.get_or_insert_with(|| self.options.shift_to.map_or(0, |to| to.0 - at));
        Ok(Stamp::at(at + shift_ms))
    }

    fn side(&mut self, call_id: &str, side: &str) -> &mut Side {
        let (project, options, metas, sessions) = (self.project, self.options, &self.metas, &mut self.imported.sessions);
        self.sides.entry((call_id.to_owned(), side.to_owned())).or_insert_with(|| {
            let keys = keys(project, options, metas.get(call_id), call_id, side);
            sessions.push(keys.session_id.clone());
            Side::new(Arc::new(keys))
        })
    }
}

fn keys(project: &str, options: &CaptureOptions, meta: Option<&Meta>, call_id: &str, side: &str) -> Keys {
    let service = options.service.unwrap_or(if meta.is_some_and(Meta::has_video) { Service::VideoCall } else { Service::VoiceCall });
    let vendor = meta.and_then(|meta| meta.vendor.as_deref()).or(options.vendor.as_deref()).unwrap_or_default();
    Keys {
        project: project.into(),
        call_id: call_id.into(),
        session_id: format!("{call_id}-{side}").into(),
        vendor: vendor.into(),
        service: service.as_str().into(),
        scenario: "one_to_one".into(),
        platform: "web".into(),
        attributes: meta.map(Meta::attributes).unwrap_or_default(),
        ..Keys::default()
    }
}

#[cfg(test)]
mod tests;
