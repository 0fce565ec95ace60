//! Satisfaction of everyone asked, when few answered: the score corrected for silence, what stands against it, and what it would be if answering
//! went by satisfaction itself.

use super::AnalysisError;
use super::covariates::{Covariates, Known, covariates_of, singular};
use super::margins::{Answers, KnownMargin, Raked};
use super::scales::{Offered, Scales};
use crate::frame::{Frame, Input, Want};
use crate::statistics::design::Design;
use crate::statistics::response::{Asked, CorrectError, Corrected, MIN_ANSWERS, Options, correct};
use crate::statistics::scale::{Instrument, Kind, Scale};
use crate::statistics::score::{Answer, score};
use crate::statistics::sensitivity::{Band, Direction, Order, Silence, Turn};
use crate::statistics::weights::Cap;
use crate::statistics::{Confidence, Estimate};

/// What is known of a session of a store besides how it was: by this and by [`crate::relations::MEASURES`] answers are corrected where nothing else is named.
pub const KNOWN: [&str; 6] = ["service", "platform", "network", "region", "vendor", "tenure_days"];

/// What is to be corrected: one row a person asked.
#[derive(Debug, Clone)]
pub struct CorrectQuestion {
    /// How people were asked.
    pub kind: Kind,
    /// The column with their answers, without a value for the silent.
    pub score: String,
    /// The column that says who answered [default: whoever has a score].
    pub answered: Option<String>,
    /// What is known of everyone asked.
    pub covariates: Covariates,
    /// The columns with the ends of the scale that was offered, where answers carry them.
    pub bounds: Option<(String, String)>,
    /// The scale, where answers do not carry it [default: the customary one of the kind].
    pub scale: Option<Scale>,
    /// The column with how many earlier answers there were where a row has the last of several.
    pub earlier: Option<String>,
    /// The column with who a row is of: rows of one person count as one observation in every interval.
    pub user: Option<String>,
    /// By the values of these columns too.
    pub by: Vec<String>,
    /// A score that the corrected one is held against, in its unit.
    pub target: Option<f64>,
    /// Above what weights are cut.
    pub cap: Cap,
    /// Known shares of everyone, that answers are weighted to as well.
    pub margins: Vec<KnownMargin>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
    /// For what is drawn by chance.
    pub seed: u64,
}

/// Corrected scores.
#[derive(Debug, Clone)]
pub struct CorrectAnswer {
    /// How people were asked, and on what scale.
    pub instrument: Instrument,
    /// The level of all intervals.
    pub level: Confidence,
    /// Above what weights were cut.
    pub cap: Cap,
    /// What the models go by.
    pub known: Known,
    /// The columns of the groups.
    pub by: Vec<String>,
    /// Everyone asked.
    pub all: CorrectGroup,
    /// By group; none when none were asked for.
    pub groups: Vec<CorrectGroup>,
    /// Of two groups: which is ahead, and when that turns.
    pub order: Option<GroupOrder>,
    /// The score weighted to known margins, where there are any.
    pub raked: Option<Raked>,
    /// What the corrected score is held against.
    pub target: Option<f64>,
    /// The column that says who a row is of.
    pub user: Option<String>,
    /// Rows whose answers could not be used, and that count as silent.
    pub set_aside: SetAside,
    /// Answers that the same sessions gave before; the last counts.
    pub earlier: u64,
}

/// One group's score.
#[derive(Debug, Clone)]
pub struct CorrectGroup {
    /// The values of the grouping columns.
    pub values: Vec<String>,
    /// How many were asked.
    pub asked: u64,
    /// How many answers can be used.
    pub answered: u64,
    /// Its corrected score, or why it has none.
    pub corrected: Result<Correction, CorrectError>,
}

/// How a group's silence was corrected for.
#[derive(Debug, Clone)]
pub enum Correction {
    /// By models of the group's own.
    Own(Box<Own>),
    /// With too few answers for these: its answers, weighted by the model of everyone.
    Pooled {
        /// The score of its answers as they are; its interval takes each for a person of its own.
        raw: Estimate,
        /// The same with the weights of the model of everyone.
        weighted: Estimate,
    },
    /// Not at all: everyone answered.
    NobodySilent {
        /// The score of the answers.
        raw: Estimate,
    },
}

/// A correction by models of one's own, and what hangs on it.
#[derive(Debug, Clone)]
pub struct Own {
    /// The correction.
    pub corrected: Corrected,
    /// The score if answering went by satisfaction itself; `None` where it has no interval.
    pub band: Option<Band>,
    /// When the score is no longer on its side of the target: `None` without a target, `Some(None)` when not within the band.
    pub turn: Option<Option<Turn<Direction>>>,
}

/// Two groups held against each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupOrder {
    /// The first group's corrected score less the second's, as if of different people.
    pub difference: Estimate,
    /// When their order turns; `None` unless both have models of their own.
    pub order: Option<Order>,
}

/// Rows whose answers could not be used, and that count as silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SetAside {
    /// Answers on another scale.
    pub other_scale: u64,
    /// Answers off the scale.
    pub off_scale: u64,
    /// Rows that are said to have answered and have no score.
    pub no_score: u64,
    /// Rows that are said not to have answered and have a score.
    pub contradicted: u64,
}

/// Answers a column of the design that models of a group's own take; with fewer they are shared (Peduzzi et al. 1996, as in the models themselves).
const PER_COLUMN: u64 = 10;

impl Correction {
    /// The corrected score.
    pub fn score(&self) -> &Estimate {
        match self {
            Correction::Own(own) => &own.corrected.augmented,
            Correction::Pooled { weighted, .. } => weighted,
            Correction::NobodySilent { raw } => raw,
        }
    }

    /// The score of the answers as they are.
    pub fn raw(&self) -> &Estimate {
        match self {
            Correction::Own(own) => &own.corrected.raw,
            Correction::Pooled { raw, .. } | Correction::NobodySilent { raw } => raw,
        }
    }
}

impl CorrectQuestion {
    /// Corrects the scores in the rows of `asked`.
    pub async fn ask(&self, asked: &Input) -> Result<CorrectAnswer, AnalysisError> {
        self.check()?;
        let frame = asked.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        let sample = Sample::of(self, &frame)?;
        singular(&frame, self.covariates.names())?;
        let (known, design) = self.covariates.design(&frame)?;
        let whole = sample.whole(design);
        let asked = whole.asked(sample.instrument);
        let corrected = self.correct(&asked);
        let all = match &corrected {
            Err(error) => self.without_silence(&whole, sample.instrument, error.clone()),
            Ok(corrected) => Ok(self.own(&asked, corrected.clone())),
        };
        let raked = if self.margins.is_empty() { None } else { Some(sample.answers(self).raked(&self.margins)?) };
        let groups = if self.by.is_empty() { Vec::new() } else { frame.groups(&self.by) };
        let mut parts = Vec::new();
        for group in groups {
            let part = sample.part(&group.rows, covariates_of(&frame, &known.used, &group.rows)?);
            let pooled = || corrected.as_ref().ok().and_then(|corrected| corrected.part(&asked, &group.mask(frame.rows()), self.level));
            parts.push((self.group(group.values.clone(), &part, sample.instrument, pooled), part));
        }
        let order = self.order(&parts, sample.instrument);
        let groups: Vec<CorrectGroup> = parts.into_iter().map(|(group, _)| group).collect();
        if groups.iter().all(|group| group.corrected.is_err()) {
            all.as_ref().map_err(CorrectError::clone)?;
        }
        let answered = sample.answered.iter().filter(|answered| **answered).count() as u64;
        Ok(CorrectAnswer {
            instrument: sample.instrument,
            level: self.level,
            cap: self.cap,
            known,
            by: self.by.clone(),
            all: CorrectGroup { values: Vec::new(), asked: frame.rows() as u64, answered, corrected: all },
            groups,
            order,
            raked,
            target: self.target,
            user: self.user.clone(),
            set_aside: sample.set_aside,
            earlier: frame.total(self.earlier.as_ref()),
        })
    }

    /// What comes of the answer cannot stand for what is known of the silent.
    fn check(&self) -> Result<(), AnalysisError> {
        let answer = [Some(&self.score), self.answered.as_ref()]
            .into_iter()
            .chain(self.bounds.iter().flat_map(|(low, high)| [Some(low), Some(high)]));
        let answer: Vec<&String> = answer.flatten().collect();
        let margins = self.margins.iter().map(|margin| &margin.name);
        let mut others = self.covariates.names().iter().chain(&self.by).chain(&self.user).chain(margins);
        if let Some(column) = others.find(|name| answer.contains(name)) {
            return Err(AnalysisError::Answer { column: column.clone() });
        }
        match self.user.as_ref().filter(|user| self.covariates.names().contains(user)) {
            Some(user) => Err(AnalysisError::Twice { column: user.clone(), first: "who a row is of", second: "a covariate" }),
            None => Ok(()),
        }
    }

    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        let bounds = self.bounds.iter().flat_map(|(low, high)| [Want::number(low), Want::number(high)]);
        [Want::number(&self.score)]
            .into_iter()
            .chain(self.marks().map(Want::flag))
            .chain(bounds)
            .chain(self.earlier.as_ref().map(Want::number))
            .chain(self.by.iter().map(Want::category))
            .chain(self.margins.iter().map(|margin| Want::category(&margin.name)))
            .chain(self.covariates.names().iter().map(Want::covariate))
            .chain(self.user.iter().map(Want::person))
            .collect()
    }

    /// The column that says who answered, unless it is the answers themselves.
    fn marks(&self) -> Option<&String> {
        self.answered.as_ref().filter(|answered| **answered != self.score)
    }

    fn correct(&self, asked: &Asked<'_>) -> Result<Corrected, CorrectError> {
        correct(asked, &Options { level: self.level, cap: self.cap, seed: self.seed, ..Options::default() })
    }

    fn own(&self, asked: &Asked<'_>, corrected: Corrected) -> Correction {
        let silence = Silence::of(asked, &corrected);
        let (band, turn) = (silence.band(self.level), self.target.map(|target| silence.turns_at(target)));
        Correction::Own(Box::new(Own { corrected, band, turn }))
    }

    /// A group by models of its own if it has answers enough, else by those of everyone if these say anything of it.
    fn group(&self, values: Vec<String>, part: &Part, instrument: Instrument, pooled: impl Fn() -> Option<Estimate>) -> CorrectGroup {
        let asked = part.asked(instrument);
        let raw = || self.raw(part, instrument);
        let shared = || Some(Correction::Pooled { raw: raw()?, weighted: pooled()? });
        let corrected = match self.correct(&asked) {
            Err(error @ (CorrectError::TooFew { .. } | CorrectError::Answering { .. } | CorrectError::Answers { .. })) => {
                shared().ok_or(error)
            }
            Err(error) => self.without_silence(part, instrument, error),
            Ok(corrected) if corrected.units() < MIN_ANSWERS.max(PER_COLUMN * part.design.columns() as u64) => {
                Ok(shared().unwrap_or_else(|| self.own(&asked, corrected)))
            }
            Ok(corrected) => Ok(self.own(&asked, corrected)),
        };
        let answered = part.scores.iter().zip(&part.answered).filter(|(score, answered)| **answered && instrument.admits(**score)).count();
        CorrectGroup { values, asked: part.scores.len() as u64, answered: answered as u64, corrected }
    }

    /// Where everyone answered the raw score stands; any other error does too.
    fn without_silence(&self, part: &Part, instrument: Instrument, error: CorrectError) -> Result<Correction, CorrectError> {
        let raw = if matches!(error, CorrectError::NobodySilent { .. }) { self.raw(part, instrument) } else { None };
        raw.map(|raw| Correction::NobodySilent { raw }).ok_or(error)
    }

    fn raw(&self, part: &Part, instrument: Instrument) -> Option<Estimate> {
        let answers: Vec<Answer> = part
            .scores
            .iter()
            .zip(&part.answered)
            .filter(|(_, answered)| **answered)
            .map(|(score, _)| Answer { score: *score, weight: 1.0 })
            .collect();
        Some(score(&instrument, &answers, self.level, self.seed).ok()?.headline)
    }

    fn order(&self, parts: &[(CorrectGroup, Part)], instrument: Instrument) -> Option<GroupOrder> {
        let [(first, first_part), (second, second_part)] = parts else { return None };
        let (first, second) = (first.corrected.as_ref().ok()?, second.corrected.as_ref().ok()?);
        let order = match (first, second) {
            (Correction::Own(first), Correction::Own(second)) => {
                let (first_asked, second_asked) = (first_part.asked(instrument), second_part.asked(instrument));
                Silence::of(&first_asked, &first.corrected).order(&Silence::of(&second_asked, &second.corrected))
            }
            _ => None,
        };
        Some(GroupOrder { difference: first.score().less(second.score()), order })
    }
}

/// Everyone asked, one a row.
struct Sample<'a> {
    instrument: Instrument,
    frame: &'a Frame,
    scores: &'a [f64],
    answered: Vec<bool>,
    people: Option<Vec<u32>>,
    set_aside: SetAside,
}

/// Some of them, with what is known of them.
struct Part {
    scores: Vec<f64>,
    answered: Vec<bool>,
    people: Option<Vec<u32>>,
    design: Design,
}

impl<'a> Sample<'a> {
    fn of(question: &CorrectQuestion, frame: &'a Frame) -> Result<Sample<'a>, AnalysisError> {
        let scales = Scales::of(Offered { kind: question.kind, stated: question.scale, bounds: question.bounds.as_ref() }, frame);
        let instrument = scales.instrument(question.kind, frame.numbers(&question.score))?;
        let (low, high) = instrument.bounds();
        if let Some(target) = question.target.filter(|target| !(low..=high).contains(target)) {
            return Err(AnalysisError::Target { kind: question.kind.name(), target, low, high });
        }
        let scores = frame.numbers(&question.score);
        let marks = question.marks().map(|answered| frame.numbers(answered));
        let mut set_aside = SetAside::default();
        let answered = (0..frame.rows()).map(|row| {
            let scored = !scores[row].is_nan();
            let marked = marks.map_or(scored, |marks| if marks[row].is_nan() { scored } else { marks[row] != 0.0 });
            match (marked, scored) {
                (true, false) => set_aside.no_score += 1,
                (false, true) => set_aside.contradicted += 1,
                (true, true) if scales.other[row] => set_aside.other_scale += 1,
                (true, true) if !instrument.admits(scores[row]) => set_aside.off_scale += 1,
                (marked, _) => return marked,
            }
            false
        });
        let answered = answered.collect();
        let people = question.user.as_ref().map(|user| frame.persons(user));
        Ok(Sample { instrument, frame, scores, answered, people, set_aside })
    }

    fn whole(&self, design: Design) -> Part {
        Part { scores: self.scores.to_vec(), answered: self.answered.clone(), people: self.people.clone(), design }
    }

    fn part(&self, rows: &[usize], design: Design) -> Part {
        Part {
            scores: rows.iter().map(|row| self.scores[*row]).collect(),
            answered: rows.iter().map(|row| self.answered[*row]).collect(),
            people: self.people.as_ref().map(|people| rows.iter().map(|row| people[*row]).collect()),
            design,
        }
    }

    fn answers(&self, question: &CorrectQuestion) -> Answers<'_> {
        Answers {
            instrument: self.instrument,
            frame: self.frame,
            rows: (0..self.frame.rows()).filter(|row| self.answered[*row]).collect(),
            scores: self.scores,
            people: self.people.as_deref(),
            level: question.level,
        }
    }
}

impl Part {
    fn asked(&self, instrument: Instrument) -> Asked<'_> {
        Asked { instrument, scores: &self.scores, answered: &self.answered, design: &self.design, clusters: self.people.as_deref() }
    }
}
