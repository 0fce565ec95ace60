//! Numbers and words of a row, each within what it can be.

use qoe_store::{Label, Millis};

use super::storable;
use super::words::Words;
use crate::context::{MAX_LABEL_BYTES, too_long};
use crate::refusal::{Fault, Refusal};
use crate::wire::Text;

/// Longest duration taken, ms: a week. What lasted longer was not one call.
pub const MAX_DURATION_MS: f64 = 7.0 * 86_400_000.0;
/// Longest round trip or jitter taken, ms: ten minutes.
pub const MAX_DELAY_MS: f64 = 600_000.0;
/// Longest wait of all that a jitter buffer emitted in an interval, ms: thousands of samples, each with its own.
pub const MAX_BUFFER_DELAY_MS: f64 = u32::MAX as f64 * MAX_DELAY_MS;
/// Most that is counted in an interval: sums of what fits here do not overflow.
pub const MAX_COUNT: u64 = 1 << 48;
/// Longest text in a person's words, bytes.
pub const MAX_TEXT_BYTES: usize = 10_240;

/// A duration in ms, if it was measured.
pub fn duration(name: &str, value: Option<f64>) -> Result<Option<f64>, Refusal> {
    within(name, value, MAX_DURATION_MS)
}

/// A number from 0 to `most`, if it was measured.
pub fn within(name: &str, value: Option<f64>, most: f64) -> Result<Option<f64>, Refusal> {
    match value {
        Some(value) if !(0.0..=most).contains(&value) => {
            Err(Refusal::new(Fault::Range, format_args!("{name} {value} is outside 0 to {most}; leave out what was not measured")))
        }
        measured => Ok(measured),
    }
}

/// A count of an hour at most, if it was counted.
pub fn counted(name: &str, value: Option<u64>) -> Result<Option<u64>, Refusal> {
    match value {
        Some(value) if value > MAX_COUNT => Err(Refusal::new(Fault::Range, format_args!("{name} {value} is more than an interval holds"))),
        counted => Ok(counted),
    }
}

/// An id or label, empty where it was not stated.
pub fn label(words: &mut Words, name: &str, text: &Option<Text<'_>>) -> Result<Label, Refusal> {
    let text = text.as_deref().unwrap_or_default();
    if text.len() > MAX_LABEL_BYTES { Err(too_long(name, text.len(), MAX_LABEL_BYTES)) } else { Ok(words.label(text)) }
}

/// An id or label that must be there.
pub fn needed(words: &mut Words, name: &str, text: &Option<Text<'_>>) -> Result<Label, Refusal> {
    let label = label(words, name, text)?;
    if label.is_empty() { Err(Refusal::missing(name)) } else { Ok(label) }
}

/// One of these names.
pub fn one_of(words: &mut Words, name: &str, text: &Option<Text<'_>>, known: &[&'static str]) -> Result<Label, Refusal> {
    let Some(text) = text else { return Err(Refusal::missing(name)) };
    if known.contains(&&**text) { Ok(words.label(text)) } else { Err(Refusal::unknown(name, text, known)) }
}

/// One of these names, or empty.
pub fn one_of_or_none(words: &mut Words, name: &str, text: &Option<Text<'_>>, known: &[&'static str]) -> Result<Label, Refusal> {
    match text.as_deref() {
        None | Some("") => Ok(Label::default()),
        Some(_) => one_of(words, name, text, known),
    }
}

/// A text in a person's words.
pub fn text(name: &str, text: &Option<Text<'_>>) -> Result<String, Refusal> {
    let text = text.as_deref().unwrap_or_default();
    if text.len() > MAX_TEXT_BYTES { Err(too_long(name, text.len(), MAX_TEXT_BYTES)) } else { Ok(text.to_owned()) }
}

/// A moment, if it was stated.
pub fn moment(name: &str, epoch_ms: Option<f64>) -> Result<Option<Millis>, Refusal> {
    let Some(epoch_ms) = epoch_ms else { return Ok(None) };
    let refused = || Refusal::new(Fault::Time, format_args!("{name} {epoch_ms} is not an epoch in milliseconds"));
    storable(epoch_ms).map(Some).ok_or_else(refused)
}
