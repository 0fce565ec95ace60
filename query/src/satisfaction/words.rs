//! What people write: which words and themes, which words set those who scored low apart from the others, and which measures of the same rows go with
//! which words.

use std::collections::{HashMap, HashSet};

use super::AnalysisError;
use super::covariates::{Covariates, MIN_MEASURED};
use super::scales::{Offered, Scales};
use crate::frame::{Frame, Input, Want};
use crate::statistics::Confidence;
use crate::statistics::scale::{Instrument, Kind, Scale};
use crate::statistics::word_measures::{MIN_TEXTS, WordMeasure, word_measures};
use crate::words::themes::{Lexicon, Themes};
use crate::words::{Feedback, Words, words};

/// What is to be read.
#[derive(Debug, Clone)]
pub struct WordsQuestion {
    /// The column with the texts.
    pub text: String,
    /// The column with the scores.
    pub score: String,
    /// How people were asked.
    pub kind: Kind,
    /// The scale, where answers do not carry it [default: the customary one of the kind].
    pub scale: Option<Scale>,
    /// The columns with the ends of the scale that was offered, where answers carry them.
    pub bounds: Option<(String, String)>,
    /// The highest low score [default: [`customary_low`]].
    pub low_at_most: Option<f64>,
    /// The column with who wrote: one person's texts are joined and count once.
    pub user: Option<String>,
    /// Measures of the same rows.
    pub measures: Covariates,
    /// The themes [default: the built-in ones].
    pub themes: Option<Themes>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
}

/// What was written.
#[derive(Debug, Clone)]
pub struct WordsAnswer {
    /// The column with the texts.
    pub text: String,
    /// How people were asked, and on what scale.
    pub instrument: Instrument,
    /// The highest low score.
    pub low_at_most: f64,
    /// The level of all intervals.
    pub level: Confidence,
    /// Words and themes.
    pub words: Words,
    /// The themes' names, in the order of [`Words::themes`].
    pub names: Vec<ThemeName>,
    /// The measures that words were set against.
    pub measures: Vec<String>,
    /// Measures that too few texts have.
    pub sparse: Vec<String>,
    /// Words against measures, as indices into [`Words::table`] and `measures`.
    pub pairs: Vec<WordMeasure>,
    /// Whether one person's texts were joined.
    pub by_person: bool,
    /// What became of the rows.
    pub rows: TextRows,
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextRows {
    /// All rows.
    pub all: u64,
    /// Of these, such as have no text.
    pub untold: u64,
    /// Of those with a text, such as have a score outside the scale: the text counts, the score does not.
    pub off_scale: u64,
    /// Likewise, such as were scored on another scale.
    pub other_scale: u64,
    /// Texts of [`ALIKE_FROM`] characters or more that another has, letter by letter.
    pub alike: u64,
}

/// A theme's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeName {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// Texts shorter than this many characters are often alike by themselves: our choice.
pub const ALIKE_FROM: usize = 20;

/// The highest low score of a kind: detractors of NPS (6 of 0 to 10), thumbs down, 2 of 1 to 5, 3 of 1 to 7, and the same part of other scales. Our
/// choice, but for NPS and thumbs.
pub fn customary_low(kind: Kind, scale: Scale) -> f64 {
    let part = match kind {
        Kind::Csat | Kind::Acr => 0.25,
        Kind::Nps => 0.6,
        Kind::Ces => 1.0 / 3.0,
        Kind::Thumbs => 0.0,
    };
    scale.low + part * (scale.high - scale.low)
}

impl WordsQuestion {
    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        [Want::text(&self.text), Want::number(&self.score)]
            .into_iter()
            .chain(self.bounds.iter().flat_map(|(low, high)| [Want::number(low), Want::number(high)]))
            .chain(self.user.as_ref().map(Want::person))
            .chain(self.measures.names().iter().map(Want::number))
            .collect()
    }

    /// Reads and answers.
    pub async fn ask(&self, input: &Input) -> Result<WordsAnswer, AnalysisError> {
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        self.answer(&frame)
    }

    /// The answer of these rows.
    pub fn answer(&self, frame: &Frame) -> Result<WordsAnswer, AnalysisError> {
        let told: Vec<usize> = (0..frame.rows()).filter(|row| !frame.texts(&self.text)[*row].trim().is_empty()).collect();
        if told.is_empty() {
            return Err(AnalysisError::NoText { text: self.text.clone(), rows: frame.rows() });
        }
        let all = frame.rows();
        let frame = frame.select(&told);
        let scales = Scales::of(Offered { kind: self.kind, stated: self.scale, bounds: self.bounds.as_ref() }, &frame);
        let instrument = scales.instrument(self.kind, frame.numbers(&self.score))?;
        let low_at_most = self.low(scales.scale)?;
        let scored = frame.numbers(&self.score);
        let admitted = |row: usize| !scales.other[row] && instrument.admits(scored[row]);
        let off_scale = (0..frame.rows()).filter(|row| !scored[*row].is_nan() && !scales.other[*row] && !admitted(*row)).count();
        let writers = Writers::of(self, &frame, admitted);
        let feedback: Vec<Feedback<'_>> =
            writers.texts.iter().zip(&writers.scores).map(|(text, score)| Feedback { text, score: *score }).collect();
        let own = self.themes.clone().map(Lexicon::new);
        let lexicon = own.as_ref().unwrap_or_else(|| Lexicon::built_in());
        let words = words(&feedback, low_at_most, lexicon, self.level)?;
        let (measures, sparse): (Vec<String>, Vec<String>) =
            self.measures.names().iter().cloned().partition(|name| self.enough(&frame, name));
        let values: Vec<Vec<f64>> = measures.iter().map(|name| writers.means(frame.numbers(name))).collect();
        let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        // Those of most texts stand first.
        let judged: Vec<&[u32]> = words.table.iter().map(|row| row.texts.as_slice()).take_while(|of| of.len() >= MIN_TEXTS).collect();
        Ok(WordsAnswer {
            text: self.text.clone(),
            instrument,
            low_at_most,
            level: self.level,
            names: lexicon
                .themes()
                .theme
                .values()
                .map(|theme| ThemeName { en: theme.en_name.clone(), zh: theme.zh_name.clone() })
                .collect(),
            pairs: word_measures(feedback.len(), &judged, &values, self.level)?,
            measures,
            sparse,
            by_person: self.user.is_some(),
            rows: TextRows {
                all: all as u64,
                untold: (all - told.len()) as u64,
                off_scale: off_scale as u64,
                other_scale: scales.other.iter().filter(|other| **other).count() as u64,
                alike: alike(&writers.texts),
            },
            words,
        })
    }

    fn low(&self, scale: Scale) -> Result<f64, AnalysisError> {
        let low = self.low_at_most.unwrap_or_else(|| customary_low(self.kind, scale));
        if scale.low <= low && low < scale.high { Ok(low) } else { Err(AnalysisError::Low { low, scale }) }
    }

    fn enough(&self, frame: &Frame, measure: &str) -> bool {
        let values = frame.numbers(measure);
        let measured = values.iter().filter(|value| !value.is_nan()).count() as f64;
        matches!(self.measures, Covariates::Named(_)) || measured >= MIN_MEASURED * values.len() as f64
    }
}

/// One text and one score a person.
struct Writers {
    texts: Vec<String>,
    scores: Vec<Option<f64>>,
    /// The rows of each.
    rows: Vec<Vec<usize>>,
}

impl Writers {
    /// In the order in which they first wrote. A person's score is the mean of those they gave.
    fn of(question: &WordsQuestion, frame: &Frame, admitted: impl Fn(usize) -> bool) -> Writers {
        let persons = question.user.as_ref().map(|user| frame.persons(user));
        let mut rows: Vec<Vec<usize>> = Vec::new();
        let mut places: HashMap<u32, usize> = HashMap::new();
        for row in 0..frame.rows() {
            let person = persons.as_ref().map_or(row as u32, |persons| persons[row]);
            let place = *places.entry(person).or_insert(rows.len());
            if place == rows.len() {
                rows.push(Vec::new());
            }
            rows[place].push(row);
        }
        let (texts, scores) = (frame.texts(&question.text), frame.numbers(&question.score));
        // Each on a line of its own, over whose end no phrase reaches.
        let joined = |of: &Vec<usize>| of.iter().map(|row| texts[*row].as_str()).collect::<Vec<_>>().join("\n");
        let score = |of: &Vec<usize>| mean(of.iter().filter(|row| admitted(**row)).map(|row| scores[*row]));
        Writers { texts: rows.iter().map(joined).collect(), scores: rows.iter().map(score).collect(), rows }
    }

    /// The mean of each writer's measured rows; NaN where none was.
    fn means(&self, values: &[f64]) -> Vec<f64> {
        let of = |rows: &Vec<usize>| mean(rows.iter().map(|row| values[*row]).filter(|value| !value.is_nan())).unwrap_or(f64::NAN);
        self.rows.iter().map(of).collect()
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0_u64), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}

fn alike(texts: &[String]) -> u64 {
    let mut seen = HashSet::new();
    texts.iter().map(|text| text.trim()).filter(|text| text.chars().count() >= ALIKE_FROM && !seen.insert(*text)).count() as u64
}
