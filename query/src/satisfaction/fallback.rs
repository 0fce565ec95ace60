//! How often an assistant said that it did not understand, and said so again right after: from what it said, or from turns that say so themselves.

use super::AnalysisError;
use crate::frame::{Frame, Input, Want};
use crate::statistics::{Confidence, Estimate, share};
use crate::words::fallback::{FallbackPhrases, Fallbacks};
use crate::words::themes::Phrases;

/// What is to be counted.
#[derive(Debug, Clone)]
pub struct FallbackQuestion {
    /// How a turn is known to be a fallback.
    pub turns: Turns,
    /// The column with the conversation a turn is of.
    pub conversation: String,
    /// The column with the time of a turn; without one, turns follow one another as the rows do.
    pub time: Option<String>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
}

/// How a turn is known to be a fallback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turns {
    /// By what the assistant said.
    Said {
        /// The column with it.
        text: String,
        /// What it says when it did not understand.
        phrases: Phrases,
    },
    /// By a yes or no.
    Flagged {
        /// The column with it.
        column: String,
    },
}

/// What was counted.
#[derive(Debug, Clone, PartialEq)]
pub struct FallbackAnswer {
    /// Turns, all conversations together.
    pub counted: Fallbacks,
    /// Conversations with a turn that counts.
    pub conversations: u64,
    /// The share of conversations with a fallback.
    pub any: Estimate,
    /// The share of conversations in which one fallback followed another: the user tried again, in vain.
    pub repeated: Estimate,
    /// Turns of no stated conversation, or of no stated time where one is needed: they follow nothing.
    pub unplaced: u64,
}

impl FallbackQuestion {
    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        let turn = match &self.turns {
            Turns::Said { text, .. } => Want::text(text),
            Turns::Flagged { column } => Want::flag(column),
        };
        [turn, Want::category(&self.conversation)].into_iter().chain(self.time.as_ref().map(Want::time)).collect()
    }

    /// Reads and answers.
    pub async fn ask(&self, input: &Input) -> Result<FallbackAnswer, AnalysisError> {
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        self.answer(&frame)
    }

    /// The answer of these rows.
    pub fn answer(&self, frame: &Frame) -> Result<FallbackAnswer, AnalysisError> {
        let (codes, labels) = frame.categories(&self.conversation);
        let times = self.time.as_ref().map(|time| frame.times(time));
        let mut conversations: Vec<Vec<usize>> = vec![Vec::new(); labels.len()];
        let mut unplaced = 0;
        for row in 0..frame.rows() {
            let placed = times.is_none_or(|times| times[row].is_some());
            match conversations.get_mut(codes[row] as usize).filter(|_| placed) {
                Some(of) => of.push(row),
                None => unplaced += u64::from(self.is_turn(frame, row)),
            }
        }
        if let Some(times) = times {
            conversations.iter_mut().for_each(|of| of.sort_by_key(|row| times[*row]));
        }
        let counted = self.counted(frame, &conversations);
        let with = |condition: fn(&Fallbacks) -> bool| counted.iter().filter(|of| condition(of)).count() as u64;
        let n = with(|of| of.utterances > 0);
        let estimates = share(with(|of| of.fallbacks > 0), n, self.level).zip(share(with(|of| of.repeated > 0), n, self.level));
        let (any, repeated) = estimates.ok_or_else(|| match &self.turns {
            Turns::Said { text: column, .. } | Turns::Flagged { column } => {
                AnalysisError::NoTurn { column: column.clone(), rows: frame.rows() }
            }
        })?;
        Ok(FallbackAnswer {
            counted: counted.into_iter().fold(Fallbacks::default(), Fallbacks::merge),
            conversations: n,
            any,
            repeated,
            unplaced,
        })
    }

    fn is_turn(&self, frame: &Frame, row: usize) -> bool {
        match &self.turns {
            Turns::Said { text, .. } => !frame.texts(text)[row].trim().is_empty(),
            Turns::Flagged { column } => !frame.flags(column)[row].is_nan(),
        }
    }

    fn counted(&self, frame: &Frame, conversations: &[Vec<usize>]) -> Vec<Fallbacks> {
        match &self.turns {
            Turns::Said { text, phrases } => {
                let (texts, phrases) = (frame.texts(text), FallbackPhrases::new(phrases));
                let of = |rows: &Vec<usize>| phrases.count(&rows.iter().map(|row| texts[*row].as_str()).collect::<Vec<_>>());
                conversations.iter().map(of).collect()
            }
            Turns::Flagged { column } => {
                let flags = frame.flags(column);
                conversations.iter().map(|rows| flagged(rows.iter().map(|row| flags[*row]).filter(|flag| !flag.is_nan()))).collect()
            }
        }
    }
}

fn flagged(flags: impl Iterator<Item = f64>) -> Fallbacks {
    let mut counted = Fallbacks::default();
    let mut run = 0;
    for flag in flags {
        counted.utterances += 1;
        run = if flag == 0.0 { 0 } else { run + 1 };
        counted.fallbacks += u64::from(run > 0);
        counted.repeated += u64::from(run > 1);
        counted.longest = counted.longest.max(run);
    }
    counted
}
