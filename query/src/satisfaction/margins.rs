//! Known shares of everyone, such as of platforms: read from a file, and answers weighted to meet them.

use std::path::{Path, PathBuf};

use crate::catalog::Definitions;
use crate::frame::{Frame, FrameError, Input, SourceError, Want};
use crate::statistics::raking::{Margin, RakingError, Stop, rake};
use crate::statistics::scale::Instrument;
use crate::statistics::weights::effective_n;
use crate::statistics::{Confidence, Estimate};

/// A column with known shares of its values among everyone.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownMargin {
    /// The column.
    pub name: String,
    /// Its values, and the share of each, together 1.
    pub shares: Vec<(String, f64)>,
}

/// Why there are no margins to meet.
#[derive(Debug, thiserror::Error)]
pub enum MarginsError {
    /// The file cannot be opened.
    #[error("read margins from {}", path.display())]
    Source {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<SourceError>,
    },
    /// Its columns cannot be read.
    #[error("read margins from {}: its columns are to be margin, value and share", path.display())]
    Columns {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<FrameError>,
    },
    /// It is no TOML of tables of shares.
    #[error("read margins from {}: write [margin], and below it value = share", path.display())]
    Toml {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A file without margins.
    #[error("read margins from {}: there are none", path.display())]
    None {
        /// Which file.
        path: PathBuf,
    },
    /// A share that is none.
    #[error("margin {margin:?}: the share of {value:?} is {share}, and a share lies between 0 and 1")]
    Share {
        /// The margin.
        margin: String,
        /// The value.
        value: String,
        /// Its share.
        share: f64,
    },
    /// A value with two shares.
    #[error("margin {margin:?}: {value:?} has two shares")]
    Twice {
        /// The margin.
        margin: String,
        /// The value.
        value: String,
    },
    /// Shares that leave someone out, or count someone twice.
    #[error("margin {margin:?}: its shares sum to {sum}, and those of everyone sum to 1")]
    Sum {
        /// The margin.
        margin: String,
        /// Their sum.
        sum: f64,
    },
    /// Answers of a value without a share.
    #[error("margin {margin:?}: {answers} answers are of {value:?}, which has no share")]
    NoShare {
        /// The margin.
        margin: String,
        /// The value.
        value: String,
        /// How many answers.
        answers: usize,
    },
}

/// Rounding that a sum of shares may be off by.
const ROUNDING: f64 = 1e-6;

impl KnownMargin {
    /// The margins of a file: TOML with a table a margin (`[platform]`, `ios = 0.4`), or any file of rows with the columns `margin`, `value`, `share`.
    pub async fn read(path: &Path) -> Result<Vec<KnownMargin>, MarginsError> {
        let toml = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
        let margins = if toml { KnownMargin::toml(path)? } else { KnownMargin::rows(path).await? };
        if margins.is_empty() {
            return Err(MarginsError::None { path: path.to_owned() });
        }
        margins.iter().try_for_each(KnownMargin::check)?;
        Ok(margins)
    }

    fn toml(path: &Path) -> Result<Vec<KnownMargin>, MarginsError> {
        let text = std::fs::read_to_string(path).map_err(|source| MarginsError::Source {
            path: path.to_owned(),
            source: Box::new(SourceError::Missing { path: path.to_owned(), source }),
        })?;
        type Tables = std::collections::BTreeMap<String, std::collections::BTreeMap<String, f64>>;
        let tables: Tables =
            toml::from_str(&text).map_err(|source| MarginsError::Toml { path: path.to_owned(), source: Box::new(source) })?;
        Ok(tables.into_iter().map(|(name, shares)| KnownMargin { name, shares: shares.into_iter().collect() }).collect())
    }

    async fn rows(path: &Path) -> Result<Vec<KnownMargin>, MarginsError> {
        let opened = Input::file(path, &Definitions::default()).await;
        let input = opened.map_err(|source| MarginsError::Source { path: path.to_owned(), source: Box::new(source) })?;
        let read = input.read(&[Want::text("margin"), Want::text("value"), Want::number("share")], None).await;
        let frame = read.map_err(|source| MarginsError::Columns { path: path.to_owned(), source: Box::new(source) })?;
        let mut margins: Vec<KnownMargin> = Vec::new();
        for ((name, value), share) in frame.texts("margin").iter().zip(frame.texts("value")).zip(frame.numbers("share")) {
            let at = margins.iter().position(|margin| margin.name == *name).unwrap_or_else(|| {
                margins.push(KnownMargin { name: name.clone(), shares: Vec::new() });
                margins.len() - 1
            });
            margins[at].shares.push((value.clone(), *share));
        }
        Ok(margins)
    }

    fn check(&self) -> Result<(), MarginsError> {
        let margin = || self.name.clone();
        if let Some((value, share)) = self.shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            return Err(MarginsError::Share { margin: margin(), value: value.clone(), share: *share });
        }
        let second = |(at, (value, _)): &(usize, &(String, f64))| self.place(value).is_some_and(|first| first < *at);
        if let Some((_, (value, _))) = self.shares.iter().enumerate().find(second) {
            return Err(MarginsError::Twice { margin: margin(), value: value.clone() });
        }
        let sum: f64 = self.shares.iter().map(|(_, share)| share).sum();
        if (sum - 1.0).abs() > ROUNDING {
            // As people wrote it: without what binary fractions add in the last place.
            return Err(MarginsError::Sum { margin: margin(), sum: (sum * 1e9).round() / 1e9 });
        }
        Ok(())
    }

    fn place(&self, value: &str) -> Option<usize> {
        self.shares.iter().position(|(known, _)| known == value)
    }
}

/// A score of answers weighted to known margins.
#[derive(Debug, Clone, PartialEq)]
pub struct Raked {
    /// The margins, in the order in which they were met.
    pub margins: Vec<String>,
    /// The score, or why there is none.
    pub score: Result<RakedScore, Unmet>,
    /// Answers left out, as they do not say what a margin is about.
    pub not_stated: u64,
}

/// A score that meets its margins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RakedScore {
    /// The score.
    pub estimate: Estimate,
    /// How many answers of equal weight would say as much (Kish).
    pub effective_n: f64,
}

/// Why margins are not met.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unmet {
    /// A value nobody answered for.
    #[error("rake to margin {margin:?}: {value:?} is {share} of everyone, and nobody of it answered")]
    NoAnswers {
        /// The margin.
        margin: String,
        /// The value.
        value: String,
        /// Its share.
        share: f64,
    },
    /// Margins that contradict each other, or combinations nobody answered for.
    #[error(
        "rake to margin {margin:?}: the share of {value:?} stays {gap} from what it is to be: margins contradict, or nobody of a combination answered"
    )]
    Contradiction {
        /// The margin.
        margin: String,
        /// The value.
        value: String,
        /// The distance, as a share.
        gap: f64,
    },
    /// Answers that vary no more than the margins explain.
    #[error("rake {answers} answers: they vary no more than the margins explain, so that the score has no interval")]
    Alike {
        /// How many.
        answers: usize,
    },
    /// Anything else.
    #[error(transparent)]
    Other(RakingError),
}

/// Answers to be raked.
pub(super) struct Answers<'a> {
    pub instrument: Instrument,
    pub frame: &'a Frame,
    /// The rows that answered.
    pub rows: Vec<usize>,
    pub scores: &'a [f64],
    pub people: Option<&'a [u32]>,
    pub level: Confidence,
}

impl Answers<'_> {
    /// Their score by weights that meet the margins, whose columns were wanted as categories.
    pub fn raked(&self, known: &[KnownMargin]) -> Result<Raked, MarginsError> {
        let mut codes: Vec<Vec<u32>> = Vec::new();
        let mut stated = vec![true; self.rows.len()];
        for margin in known {
            codes.push(self.codes(margin, &mut stated)?);
        }
        let kept: Vec<usize> = (0..self.rows.len()).filter(|at| stated[*at]).collect();
        codes.iter_mut().for_each(|codes| *codes = kept.iter().map(|at| codes[*at]).collect());
        let rows: Vec<usize> = kept.iter().map(|at| self.rows[*at]).collect();
        Ok(Raked {
            margins: known.iter().map(|margin| margin.name.clone()).collect(),
            score: self.score(known, &codes, &rows),
            not_stated: (self.rows.len() - rows.len()) as u64,
        })
    }

    fn codes(&self, margin: &KnownMargin, stated: &mut [bool]) -> Result<Vec<u32>, MarginsError> {
        let (found, labels) = self.frame.categories(&margin.name);
        let places: Vec<Option<usize>> = labels.iter().map(|label| margin.place(label)).collect();
        let empty = margin.place("");
        let mut codes = vec![0; self.rows.len()];
        for (at, row) in self.rows.iter().enumerate() {
            let code = found[*row] as usize;
            match (labels.get(code), places.get(code).copied().unwrap_or(empty)) {
                (_, Some(place)) => codes[at] = place as u32,
                (None, None) => stated[at] = false,
                (Some(value), None) => {
                    let answers = self.rows.iter().filter(|row| found[**row] as usize == code).count();
                    return Err(MarginsError::NoShare { margin: margin.name.clone(), value: value.clone(), answers });
                }
            }
        }
        Ok(codes)
    }

    fn score(&self, known: &[KnownMargin], codes: &[Vec<u32>], rows: &[usize]) -> Result<RakedScore, Unmet> {
        let targets: Vec<Vec<f64>> = known.iter().map(|margin| margin.shares.iter().map(|(_, share)| *share).collect()).collect();
        let margin = |at: usize| Margin { name: &known[at].name, codes: &codes[at], targets: &targets[at] };
        let margins: Vec<Margin<'_>> = (0..known.len()).map(margin).collect();
        let raked = rake(rows.len(), &margins, None, Stop::default()).map_err(|error| named(known, error))?;
        let scores: Vec<f64> = rows.iter().map(|row| self.scores[*row]).collect();
        let people = self.people.map(|people| rows.iter().map(|row| people[*row]).collect::<Vec<u32>>());
        let alike = Unmet::Alike { answers: rows.len() };
        let estimate = raked.score(&self.instrument, &scores, people.as_deref(), self.level).ok_or_else(|| alike.clone())?;
        Ok(RakedScore { estimate, effective_n: effective_n(&raked.weights).ok_or(alike)? })
    }
}

/// The same in the words of the file.
fn named(known: &[KnownMargin], error: RakingError) -> Unmet {
    let value = |margin: &str, category: usize| {
        let found = known.iter().find(|known| known.name == margin);
        found.and_then(|known| known.shares.get(category)).map(|(value, _)| value.clone()).unwrap_or_default()
    };
    match error {
        RakingError::NoAnswers { margin, category, target } => Unmet::NoAnswers { value: value(&margin, category), margin, share: target },
        RakingError::NotConverged { margin, category, gap, .. } => Unmet::Contradiction { value: value(&margin, category), margin, gap },
        other => Unmet::Other(other),
    }
}
