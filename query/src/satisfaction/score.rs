//! Scores of those who answered, overall and by group, beside how many of those asked did.

use std::collections::HashMap;

use super::AnalysisError;
use super::scales::{Offered, Scales};
use crate::frame::{Frame, Input, Want};
use crate::statistics::Confidence;
use crate::statistics::invitations::{Invitations, ResponseRate, response_rate};
use crate::statistics::scale::{Instrument, Kind, Scale};
use crate::statistics::score::{Answer, ScoreError, Scored, score, score_by_person};

/// What is to be scored.
#[derive(Debug, Clone)]
pub struct ScoreQuestion {
    /// How people were asked.
    pub kind: Kind,
    /// The column with their answers.
    pub score: String,
    /// How much each answer weighs, if not all the same.
    pub weight: Option<String>,
    /// The columns with the ends of the scale that was offered, where answers carry them.
    pub bounds: Option<(String, String)>,
    /// The scale, where answers do not carry it [default: the customary one of the kind].
    pub scale: Option<Scale>,
    /// The column with how many earlier answers there were where a row is the last of several.
    pub earlier: Option<String>,
    /// The column with who answered: answers of one person go together.
    pub user: Option<String>,
    /// By the values of these columns too.
    pub by: Vec<String>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
    /// For what is drawn by chance.
    pub seed: u64,
}

/// The scores.
#[derive(Debug, Clone)]
pub struct ScoreAnswer {
    /// How people were asked, and on what scale.
    pub instrument: Instrument,
    /// The level of all intervals.
    pub level: Confidence,
    /// The columns of the groups.
    pub by: Vec<String>,
    /// Everyone.
    pub all: ScoreGroup,
    /// By group; none when none were asked for.
    pub groups: Vec<ScoreGroup>,
    /// Answers given on another scale, which are counted here and nowhere else.
    pub other_scale: u64,
    /// Answers that the same sessions gave before; the last counts.
    pub earlier: u64,
    /// Answers without a weight, where there is a column of weights.
    pub unweighted: u64,
}

/// One group's score.
#[derive(Debug, Clone)]
pub struct ScoreGroup {
    /// The values of the grouping columns.
    pub values: Vec<String>,
    /// Its score, or why it has none.
    pub scored: Result<Scored, ScoreError>,
    /// How many of those asked answered; `None` when it is not known who was asked.
    pub response: Option<ResponseRate>,
}

impl ScoreQuestion {
    /// Scores the rows of `answers`; response rates come from the rows of `invitations`, with the columns of [`crate::relations::invitations`].
    pub async fn ask(&self, answers: &Input, invitations: Option<&Input>) -> Result<ScoreAnswer, AnalysisError> {
        let frame = answers.read(&self.wanted(invitations.is_some()), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        let scales = Scales::of(Offered { kind: self.kind, stated: self.scale, bounds: self.bounds.as_ref() }, &frame);
        let instrument = scales.instrument(self.kind, frame.numbers(&self.score))?;
        let asked = match invitations {
            Some(input) => Some(self.invitations(input, &frame).await?),
            None => None,
        };
        let persons = self.user.as_ref().map(|user| frame.persons(user));
        let group = |values: Vec<String>, rows: &[usize]| {
            let given = rows.iter().filter(|row| !scales.other[**row]).filter_map(|row| Some((self.answer(&frame, *row)?, *row)));
            let (answers, rows): (Vec<Answer>, Vec<usize>) = given.unzip();
            let scored = match &persons {
                None => score(&instrument, &answers, self.level, self.seed),
                Some(persons) => {
                    let whose: Vec<u32> = rows.iter().map(|row| persons[*row]).collect();
                    score_by_person(&instrument, &answers, &whose, self.level, self.seed)
                }
            };
            let counted = asked.as_ref().map(|asked| asked.get(&values).copied().unwrap_or_default());
            ScoreGroup { scored, response: counted.and_then(|counted| response_rate(counted, self.level).ok()), values }
        };
        let everyone: Vec<usize> = (0..frame.rows()).collect();
        let all = group(Vec::new(), &everyone);
        if let Err(error) = &all.scored {
            return Err(error.clone().into());
        }
        let groups = if self.by.is_empty() { Vec::new() } else { frame.groups(&self.by) };
        Ok(ScoreAnswer {
            level: self.level,
            instrument,
            by: self.by.clone(),
            all,
            groups: groups.into_iter().map(|found| group(found.values, &found.rows)).collect(),
            other_scale: scales.other.iter().filter(|other| **other).count() as u64,
            earlier: frame.total(self.earlier.as_ref()),
            unweighted: self.unweighted(&frame),
        })
    }

    fn wanted(&self, asked: bool) -> Vec<Want> {
        let bounds = self.bounds.iter().flat_map(|(low, high)| [Want::number(low), Want::number(high)]);
        let asked = asked.then(|| Want::category("invitation_id"));
        [Want::number(&self.score)]
            .into_iter()
            .chain(self.weight.as_ref().map(Want::number))
            .chain(bounds)
            .chain(self.earlier.as_ref().map(Want::number))
            .chain(self.user.as_ref().map(Want::person))
            .chain(self.by.iter().map(Want::category))
            .chain(asked)
            .collect()
    }

    fn unweighted(&self, frame: &Frame) -> u64 {
        let Some(weight) = &self.weight else { return 0 };
        let scores = frame.numbers(&self.score).iter().zip(frame.numbers(weight));
        scores.filter(|(score, weight)| !score.is_nan() && weight.is_nan()).count() as u64
    }

    fn answer(&self, frame: &Frame, row: usize) -> Option<Answer> {
        let score = frame.numbers(&self.score)[row];
        let weight = self.weight.as_ref().map_or(1.0, |weight| frame.numbers(weight)[row]);
        (!score.is_nan() && !weight.is_nan()).then_some(Answer { score, weight })
    }

    /// Who was asked and what became of it, by group; everyone under no values.
    async fn invitations(&self, input: &Input, answers: &Frame) -> Result<HashMap<Vec<String>, Invitations>, AnalysisError> {
        let wanted: Vec<Want> = self.by.iter().map(Want::category).chain([Want::category("state")]).collect();
        let frame = input.read(&wanted, self.condition.as_deref()).await?;
        let (codes, labels) = frame.categories("state");
        let mut counted: HashMap<Vec<String>, Invitations> = HashMap::new();
        let all: Vec<usize> = (0..frame.rows()).collect();
        let whole = [crate::frame::Group { values: Vec::new(), rows: all }];
        for group in whole.into_iter().chain(if self.by.is_empty() { Vec::new() } else { frame.groups(&self.by) }) {
            let entry = counted.entry(group.values).or_default();
            for row in group.rows {
                match labels.get(codes[row] as usize).map(String::as_str) {
                    Some("shown") => entry.shown += 1,
                    Some("dismissed") => entry.dismissed += 1,
                    _ => {}
                }
            }
        }
        let (ids, known) = answers.categories("invitation_id");
        let all: Vec<usize> = (0..answers.rows()).collect();
        let whole = [crate::frame::Group { values: Vec::new(), rows: all }];
        for group in whole.into_iter().chain(if self.by.is_empty() { Vec::new() } else { answers.groups(&self.by) }) {
            let entry = counted.entry(group.values).or_default();
            for row in group.rows {
                if (ids[row] as usize) < known.len() { entry.answered += 1 } else { entry.unasked += 1 }
            }
        }
        Ok(counted)
    }
}
