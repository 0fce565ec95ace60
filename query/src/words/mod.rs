//! What people write: which words, about what, and what sets the discontented apart.
//!
//! | module | answers |
//! |---|---|
//! | [`segment`] | what the words of a text are, Chinese and English mixed |
//! | [`themes`] | which themes a text mentions |
//! | [`fallback`] | how often an assistant did not understand |
//!
//! A text is one respondent's: whoever wrote several should have them joined, for texts are what is counted and supposed to be independent.

use std::collections::HashMap;

use crate::statistics::keyness::{Keyness, KeynessError, Occurrence, keyness};
use crate::statistics::moments::{Moments, mean, mean_difference};
use crate::statistics::{Confidence, Estimate, parallel, share};

pub mod fallback;
pub mod segment;
#[cfg(test)]
mod tests;
pub mod themes;

use segment::{MAX_TEXT, Word};
use themes::Lexicon;

/// One respondent's text and score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feedback<'a> {
    /// What they wrote.
    pub text: &'a str,
    /// Their score; `None` when none was given.
    pub score: Option<f64>,
}

/// What texts come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// Which texts went in.
    pub texts: Texts,
    /// The words, those of most texts first.
    pub table: Vec<WordRow>,
    /// Why the words of low scores could not be set against the others'; `None` when they were.
    pub not_compared: Option<KeynessError>,
    /// The themes, in the dictionary's order.
    pub themes: Vec<ThemeRow>,
}

/// Which texts went in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Texts {
    /// All that were given.
    pub given: u64,
    /// Of these, such as were empty or only space.
    pub empty: u64,
    /// Such as have no word that says something: signs, numbers, emoji, stop words.
    pub wordless: u64,
    /// The rest: what shares are of.
    pub told: u64,
    /// Of all, such as were longer than [`MAX_TEXT`] and read up to there.
    pub cut: u64,
    /// Of those told, such as have a low score.
    pub low: u64,
    /// Of those told, such as have another score.
    pub other: u64,
}

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub struct WordRow {
    /// The word.
    pub word: Word,
    /// The share of the texts told that have it.
    pub share: Estimate,
    /// How much more it belongs to the low scores than to the others; `None` when it is too rare to judge.
    pub keyness: Option<Keyness>,
    /// The texts that have it, as indices into what was given, ascending: what `word_measures` takes.
    pub texts: Vec<u32>,
}

/// One theme.
#[derive(Debug, Clone, PartialEq)]
pub struct ThemeRow {
    /// Its key in the dictionary.
    pub theme: String,
    /// The share of the texts told that mention it.
    pub share: Estimate,
    /// The mean score of those who mention it; `None` of fewer than two scores, or when all are the same.
    pub score: Option<Estimate>,
    /// That less the mean score of those who do not mention it; `None` likewise.
    pub apart: Option<Estimate>,
}

/// Why texts come to nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WordsError {
    /// Nobody said anything.
    #[error("count the words of {given} texts, of which {empty} are empty and the rest have no word that says something")]
    NothingTold {
        /// Texts given.
        given: u64,
        /// Empty ones.
        empty: u64,
    },
    /// A score that is no number.
    #[error("count the words of text {text}, whose score is {score}")]
    NotANumber {
        /// Which, from 0.
        text: usize,
        /// Its score.
        score: f64,
    },
}

/// Counts words and themes, and sets the words of those who scored at most `low_at_most` against those of the others who scored.
///
/// A text counts once for a word and once for a theme, however often it has them. Shares have Wilson's interval.
pub fn words(feedback: &[Feedback<'_>], low_at_most: f64, lexicon: &Lexicon, level: Confidence) -> Result<Words, WordsError> {
    let bad = |(text, of): (usize, &Feedback<'_>)| of.score.filter(|score| !score.is_finite()).map(|score| (text, score));
    if let Some((text, score)) = feedback.iter().enumerate().find_map(bad) {
        return Err(WordsError::NotANumber { text, score });
    }
    let read = read(feedback, low_at_most, lexicon);
    let texts = read.texts;
    if texts.told == 0 {
        return Err(WordsError::NothingTold { given: texts.given, empty: texts.empty });
    }
    let is_low = |text: u32| feedback[text as usize].score.map(|score| score <= low_at_most);
    let mut found: Vec<(Word, Vec<u32>)> = read.words.into_iter().collect();
    found.sort_unstable_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let occurrence = |of: &[u32]| {
        of.iter().fold(Occurrence { first: 0, second: 0 }, |sum, text| match is_low(*text) {
            Some(true) => Occurrence { first: sum.first + 1, ..sum },
            Some(false) => Occurrence { second: sum.second + 1, ..sum },
            None => sum,
        })
    };
    let occurrences: Vec<Occurrence> = found.iter().map(|(_, of)| occurrence(of)).collect();
    let (keys, not_compared) = match keyness(&occurrences, texts.low, texts.other, level) {
        Ok(keys) => (keys, None),
        Err(error) => (vec![None; found.len()], Some(error)),
    };
    let row = |((word, of), keyness): ((Word, Vec<u32>), Option<Keyness>)| {
        Some(WordRow { word, share: share(of.len() as u64, texts.told, level)?, keyness, texts: of })
    };
    let theme = |(theme, counted): (&String, &Mention)| {
        let score = mean(&counted.with, level);
        let apart = mean_difference(&counted.with, &counted.without, level);
        Some(ThemeRow { theme: theme.clone(), share: share(counted.texts, texts.told, level)?, score, apart })
    };
    Ok(Words {
        texts,
        table: found.into_iter().zip(keys).filter_map(row).collect(),
        not_compared,
        themes: lexicon.themes().theme.keys().zip(&read.themes).filter_map(theme).collect(),
    })
}

/// How many texts mention a theme, and the scores of those that do and do not.
#[derive(Debug, Clone, Copy, Default)]
struct Mention {
    texts: u64,
    with: Moments,
    without: Moments,
}

/// What a stretch of texts comes to.
#[derive(Default)]
struct Read {
    texts: Texts,
    words: HashMap<Word, Vec<u32>>,
    themes: Vec<Mention>,
}

/// Texts that one thread reads at a time.
const BLOCK: usize = 2_048;

fn read(feedback: &[Feedback<'_>], low_at_most: f64, lexicon: &Lexicon) -> Read {
    let blocks = parallel::map(feedback.len().div_ceil(BLOCK), |block| {
        let from = block * BLOCK;
        let mut read = Read { themes: vec![Mention::default(); lexicon.themes().theme.len()], ..Read::default() };
        for (text, of) in (from..).zip(&feedback[from..feedback.len().min(from + BLOCK)]) {
            read.add(text as u32, *of, low_at_most, lexicon);
        }
        read
    });
    blocks.into_iter().reduce(Read::merge).unwrap_or_default()
}

impl Read {
    fn add(&mut self, text: u32, of: Feedback<'_>, low_at_most: f64, lexicon: &Lexicon) {
        self.texts.given += 1;
        self.texts.cut += u64::from(of.text.len() > MAX_TEXT);
        if of.text.trim().is_empty() {
            self.texts.empty += 1;
            return;
        }
        let tokens = lexicon.segmenter().tokens(of.text);
        let words = segment::words(&tokens);
        if words.is_empty() {
            self.texts.wordless += 1;
            return;
        }
        self.texts.told += 1;
        match of.score {
            Some(score) if score <= low_at_most => self.texts.low += 1,
            Some(_) => self.texts.other += 1,
            None => {}
        }
        for word in words {
            let texts = self.words.entry(word).or_default();
            if texts.last() != Some(&text) {
                texts.push(text);
            }
        }
        let score = of.score.and_then(|score| Moments::of([score])).unwrap_or_default();
        let mentioned = lexicon.mentioned(&tokens);
        for (at, theme) in (0..).zip(&mut self.themes) {
            if mentioned.binary_search(&at).is_ok() {
                theme.texts += 1;
                theme.with = theme.with.merge(score);
            } else {
                theme.without = theme.without.merge(score);
            }
        }
    }

    /// With the texts that follow.
    fn merge(mut self, other: Self) -> Self {
        let (a, b) = (&mut self.texts, other.texts);
        a.given += b.given;
        a.empty += b.empty;
        a.wordless += b.wordless;
        a.told += b.told;
        a.cut += b.cut;
        a.low += b.low;
        a.other += b.other;
        for (word, mut texts) in other.words {
            self.words.entry(word).or_default().append(&mut texts);
        }
        for (a, b) in self.themes.iter_mut().zip(other.themes) {
            *a = Mention { texts: a.texts + b.texts, with: a.with.merge(b.with), without: a.without.merge(b.without) };
        }
        self
    }
}
