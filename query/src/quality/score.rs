//! One set of figures, scored with every step shown: what the `score` command answers.
//!
//! Goes from delay, loss and a codec to R and MOS on the codec's scale, keeping each intermediate figure with its symbol,
//! unit and equation, so that a reader can follow the arithmetic with the standard in hand. Nothing is printed here.

use super::bands::Satisfaction;
use super::codec::{CodecTable, NotComputable};
use super::label::{Band, Label, Score};
use super::loss::{BurstRatio, Loss};
use super::ratio::Ratio;
use super::voice_minute::{mos_in, one_way_delay_ms};

mod steps;

pub use steps::Step;

/// What was asked, as it was typed; checked by [`score`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreInput<'a> {
    /// `--one-way-ms`: delay from mouth to ear, ms. Either this or `rtt_ms`.
    pub one_way_ms: Option<f64>,
    /// `--rtt-ms`: round trip of the network, ms.
    pub rtt_ms: Option<f64>,
    /// `--jitter-buffer-ms`: what the jitter buffer adds to `rtt_ms`, ms; 0 when not given.
    pub jitter_buffer_ms: Option<f64>,
    /// `--loss`: lost and discarded packets over expected ones, 0 to 1. [`loss_ratio`] reads percent too.
    pub loss: f64,
    /// `--burst-ratio`: from 1; random loss when not given.
    pub burst_ratio: Option<f64>,
    /// `--codec`: any name the codec table knows.
    pub codec: &'a str,
}

/// A scored set of figures with its derivation.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreSteps {
    /// From the input to the MOS, in the order of calculation.
    pub steps: Vec<Step>,
    /// The result on the narrowband scale; `None` when the codec is not on it.
    pub narrowband: Option<Score>,
    /// The result on the wideband scale; `None` when the codec is not on it.
    pub wideband: Option<Score>,
    /// The category of the narrowband rating (ITU-T G.109).
    pub satisfaction: Option<Satisfaction>,
    /// Where the codec's figures come from.
    pub codec_source: String,
    /// Whether that source calls them provisional.
    pub provisional: bool,
}

/// What is wrong with the figures that were asked about.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// A figure outside what it can be.
    #[error("{flag} {value} is out of range: give {range}")]
    OutOfRange {
        /// The flag as typed on the command line.
        flag: &'static str,
        /// What was given.
        value: f64,
        /// What may be given.
        range: &'static str,
    },
    /// A figure that is no number.
    #[error("{flag} {text:?} is no number: give {range}")]
    NoNumber {
        /// The flag as typed on the command line.
        flag: &'static str,
        /// What was given.
        text: String,
        /// What may be given.
        range: &'static str,
    },
    /// No delay, or two.
    #[error("give either --one-way-ms, the delay from mouth to ear, or --rtt-ms, the round trip of the network")]
    OneDelay,
    /// A jitter buffer with a delay that has it in it.
    #[error("--jitter-buffer-ms goes with --rtt-ms: a delay from mouth to ear already has the jitter buffer in it")]
    JitterBufferTwice,
    /// The codec cannot be scored with this.
    #[error("score --codec {codec}")]
    Codec {
        /// The codec as typed.
        codec: String,
        /// Why not.
        source: NotComputable,
    },
}

const LOSS_RANGE: &str = "a ratio from 0 to 1, or a percentage such as 5%";

/// Reads a loss as people write it: `0.05`, or `5%` or `5 %` for the same. `5` alone is refused, since it may mean either.
pub fn loss_ratio(text: &str) -> Result<f64, ScoreError> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent.trim(), 100.0),
        None => (text.trim(), 1.0),
    };
    let value: f64 = number.parse().map_err(|_| ScoreError::NoNumber { flag: "--loss", text: text.to_owned(), range: LOSS_RANGE })?;
    checked("--loss", LOSS_RANGE, value / scale, |ratio| (0.0..=1.0).contains(&ratio))
}

/// Scores a set of figures; errors name the flag and what it may be.
pub fn score(input: &ScoreInput<'_>, codecs: &CodecTable) -> Result<ScoreSteps, ScoreError> {
    let (ta_ms, mut assumptions) = delay(input)?;
    let loss = loss(input)?;
    if input.burst_ratio.is_none() && loss.ratio > Ratio::ZERO {
        assumptions.push(String::from("loss is random"));
    }
    if !loss.is_validated() {
        assumptions.push(String::from("loss is burstier than the model was validated for"));
    }
    assumptions.push(String::from("echo is cancelled"));
    let refused = |source| ScoreError::Codec { codec: input.codec.to_owned(), source };
    let codec = codecs.find(input.codec).map_err(refused)?;
    assumptions.extend(codec.assumption.clone());

    let (steps, r) = steps::derivation(ta_ms, loss, codec).map_err(refused)?;
    let result = Score { r, mos: mos_in(codec.band, r), label: Label { band: codec.band, assumptions } };
    let narrow = codec.band == Band::Narrow;
    Ok(ScoreSteps {
        steps,
        satisfaction: narrow.then(|| Satisfaction::of(r)),
        narrowband: narrow.then(|| result.clone()),
        wideband: (!narrow).then_some(result),
        codec_source: codec.source.clone(),
        provisional: codec.provisional,
    })
}

fn checked(flag: &'static str, range: &'static str, value: f64, admits: impl Fn(f64) -> bool) -> Result<f64, ScoreError> {
    if admits(value) { Ok(value) } else { Err(ScoreError::OutOfRange { flag, value, range }) }
}

/// The longest delay that is taken for one, ms: ten minutes; our choice, to catch microseconds.
const LONGEST_MS: f64 = 600_000.0;

fn delay(input: &ScoreInput<'_>) -> Result<(f64, Vec<String>), ScoreError> {
    let ms = |flag, value| checked(flag, "milliseconds from 0 to 600000", value, |ms| (0.0..=LONGEST_MS).contains(&ms));
    match (input.one_way_ms, input.rtt_ms) {
        (Some(_), None) if input.jitter_buffer_ms.is_some() => Err(ScoreError::JitterBufferTwice),
        (Some(one_way), None) => Ok((ms("--one-way-ms", one_way)?, Vec::new())),
        (None, Some(rtt)) => {
            let rtt = ms("--rtt-ms", rtt)?;
            let buffer = input.jitter_buffer_ms.map(|buffer| ms("--jitter-buffer-ms", buffer)).transpose()?;
            let mut assumed = vec![String::from("one-way delay is half the round trip, plus jitter buffer and 20 ms")];
            if buffer.is_none() {
                assumed.push(String::from("jitter-buffer delay is not known and counts as 0"));
            }
            Ok((one_way_delay_ms(Some(rtt), buffer).ok_or(ScoreError::OneDelay)?, assumed))
        }
        (Some(_), Some(_)) | (None, None) => Err(ScoreError::OneDelay),
    }
}

fn loss(input: &ScoreInput<'_>) -> Result<Loss, ScoreError> {
    let out = |flag, value, range| ScoreError::OutOfRange { flag, value, range };
    let ratio = Ratio::new(input.loss).ok_or_else(|| out("--loss", input.loss, LOSS_RANGE))?;
    let burst = match input.burst_ratio {
        Some(value) => BurstRatio::new(value).ok_or_else(|| out("--burst-ratio", value, "a number from 1"))?,
        None => BurstRatio::RANDOM,
    };
    Ok(Loss { ratio, burst })
}

#[cfg(test)]
mod tests;
