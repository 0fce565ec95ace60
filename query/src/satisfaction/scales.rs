//! The scale that answers were given on, where each carries its own; and what is off it.

use std::collections::HashMap;

use super::AnalysisError;
use crate::frame::{Frame, Want};
use crate::statistics::scale::{Instrument, Kind, Scale};

/// How an outcome that is a score was asked for: what lies off its scale is no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct OnScale {
    /// How people were asked.
    pub kind: Kind,
    /// The scale, where answers do not carry it [default: the customary one of the kind].
    pub scale: Option<Scale>,
    /// The columns with the ends of the scale that was offered, where answers carry them.
    pub bounds: Option<(String, String)>,
}

/// Scores that were left out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ScoresLeftOut {
    /// The scale that the others are on; `None` where any number is an outcome.
    pub scale: Option<Scale>,
    /// Such as lie off the scale.
    pub off_scale: u64,
    /// Such as were given on another scale.
    pub other_scale: u64,
}

impl OnScale {
    /// The columns that tell the scale.
    pub(super) fn wanted(on: Option<&OnScale>) -> Vec<Want> {
        on.and_then(|on| on.bounds.as_ref()).map_or_else(Vec::new, |(low, high)| vec![Want::number(low), Want::number(high)])
    }

    /// The rows without those whose outcome is off the scale; rows that have none are kept.
    pub(super) fn keep(on: Option<&OnScale>, outcome: &str, frame: &Frame) -> Result<(Vec<usize>, ScoresLeftOut), AnalysisError> {
        let all = 0..frame.rows();
        let Some(on) = on else { return Ok((all.collect(), ScoresLeftOut::default())) };
        let scales = Scales::of(Offered { kind: on.kind, stated: on.scale, bounds: on.bounds.as_ref() }, frame);
        let scores = frame.numbers(outcome);
        let instrument = scales.instrument(on.kind, scores)?;
        let mut left = ScoresLeftOut { scale: Some(scales.scale), ..ScoresLeftOut::default() };
        let kept = all.filter(|row| match scores[*row] {
            score if score.is_nan() => true,
            _ if scales.other[*row] => {
                left.other_scale += 1;
                false
            }
            score if !instrument.admits(score) => {
                left.off_scale += 1;
                false
            }
            _ => true,
        });
        let kept = kept.collect();
        Ok((kept, left))
    }
}

impl ScoresLeftOut {
    /// Why there is no outcome at all.
    pub(super) fn nothing(self, outcome: &str, rows: usize) -> AnalysisError {
        match self.scale.filter(|_| self.off_scale > 0) {
            Some(scale) => AnalysisError::OffScale { score: outcome.to_owned(), rows, off_scale: self.off_scale, scale },
            None => AnalysisError::NoOutcome { outcome: outcome.to_owned(), rows },
        }
    }
}

/// Where the scale of answers is known from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered<'a> {
    /// How people were asked.
    pub kind: Kind,
    /// As it was stated, which goes before everything.
    pub stated: Option<Scale>,
    /// The columns with its ends.
    pub bounds: Option<&'a (String, String)>,
}

/// The scale that most answers were given on, and which answers were given on another.
pub(super) struct Scales {
    pub scale: Scale,
    pub other: Vec<bool>,
    /// Whether nobody said which scale was offered.
    assumed: bool,
}

/// A customary scale is not taken for the one that was offered where more than this share of the answers lies off it: our choice.
const MISTAKEN: f64 = 0.25;

impl Scales {
    /// The stated scale, or the one most answers carry, or the customary one of the kind.
    pub fn of(offered: Offered<'_>, frame: &Frame) -> Scales {
        let customary = offered.stated.unwrap_or_else(|| offered.kind.customary());
        let Some((low, high)) = offered.bounds.filter(|_| offered.stated.is_none()) else {
            return Scales { scale: customary, other: vec![false; frame.rows()], assumed: offered.stated.is_none() };
        };
        let (low, high) = (frame.numbers(low), frame.numbers(high));
        let carried = |row: &usize| !low[*row].is_nan() && !high[*row].is_nan();
        let mut counts: HashMap<(u64, u64), u64> = HashMap::new();
        for row in (0..frame.rows()).filter(carried) {
            *counts.entry((low[row].to_bits(), high[row].to_bits())).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(bounds, count)| (*count, *bounds)).map(|(bounds, _)| bounds);
        let scale = most.map_or(customary, |(low, high)| Scale { low: f64::from_bits(low), high: f64::from_bits(high) });
        let other = (0..frame.rows()).map(|row| carried(&row) && (low[row] != scale.low || high[row] != scale.high)).collect();
        Scales { scale, other, assumed: most.is_none() }
    }

    /// A kind asked on this scale. Err where they do not suit each other, or where many of the answers lie off a scale that nobody stated.
    pub fn instrument(&self, kind: Kind, scores: &[f64]) -> Result<Instrument, AnalysisError> {
        let instrument = Instrument::new(kind, self.scale)?;
        let answers = || scores.iter().filter(|score| !score.is_nan());
        let (n, off) = (answers().count(), answers().filter(|score| !instrument.admits(**score)).count());
        // Where all of them do there is nothing to be mistaken about, and whoever asks says so.
        if self.assumed && off < n && off as f64 > MISTAKEN * n as f64 {
            return Err(AnalysisError::Assumed { kind: kind.name(), answers: n as u64, off_scale: off as u64, scale: self.scale });
        }
        Ok(instrument)
    }
}
