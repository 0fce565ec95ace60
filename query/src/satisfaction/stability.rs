//! Success against an objective: what the attempts say, what is left of the error budget, and how many attempts would show it.

use super::AnalysisError;
use crate::frame::{Frame, Input, Want};
use crate::statistics::stability::{Bursts, Objective, Stability, StabilityError, stability};
use crate::statistics::{Confidence, Counts};

/// What is held against which objective.
#[derive(Debug, Clone)]
pub struct StabilityQuestion {
    /// The column that says whether an attempt succeeded: yes or no, or 0 and 1.
    pub success: String,
    /// The share that is to succeed, of every group alike.
    pub target: Objective,
    /// The shares that are to succeed by the value of a column, where they differ: such as `industry`, and finance 99.99 %.
    pub targets: Option<(String, Vec<(String, Objective)>)>,
    /// By the values of these columns too.
    pub by: Vec<String>,
    /// The column with who an attempt is of: failures of one person go together.
    pub user: Option<String>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all limits.
    pub level: Confidence,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct StabilityAnswer {
    /// The level of all intervals.
    pub level: Confidence,
    /// The columns of the groups.
    pub by: Vec<String>,
    /// Everyone, unless objectives differ; then one group for each objective's value comes first.
    pub groups: Vec<StabilityGroup>,
    /// Rows that do not say whether the attempt succeeded.
    pub unknown: u64,
}

/// One group against its objective.
#[derive(Debug, Clone)]
pub struct StabilityGroup {
    /// The values of the grouping columns; none: everyone.
    pub values: Vec<String>,
    /// The share that is to succeed.
    pub objective: Objective,
    /// What the attempts say.
    pub found: Result<Stability, StabilityError>,
}

impl StabilityQuestion {
    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        [Want::flag(&self.success)]
            .into_iter()
            .chain(self.by.iter().map(Want::category))
            .chain(self.targets.iter().map(|(column, _)| Want::category(column)))
            .chain(self.user.as_ref().map(Want::person))
            .collect()
    }

    /// Reads and answers.
    pub async fn ask(&self, input: &Input) -> Result<StabilityAnswer, AnalysisError> {
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        Ok(self.answer(&frame))
    }

    /// The answer of these rows.
    pub fn answer(&self, frame: &Frame) -> StabilityAnswer {
        let unknown = frame.numbers(&self.success).iter().filter(|value| value.is_nan()).count() as u64;
        let everyone: Vec<usize> = (0..frame.rows()).collect();
        let persons = self.user.as_ref().map(|user| frame.persons(user));
        let attempts = Attempts { success: frame.numbers(&self.success), persons: persons.as_deref(), level: self.level };
        let group = |values, rows: &[usize], objective| StabilityGroup { values, objective, found: attempts.of(rows, objective) };
        let mut groups = Vec::new();
        match &self.targets {
            None => groups.push(group(Vec::new(), &everyone, self.target)),
            Some((column, targets)) => {
                for found in frame.groups(std::slice::from_ref(column)) {
                    let value = found.values.first().cloned().unwrap_or_default();
                    let objective = targets.iter().find(|(name, _)| *name == value).map_or(self.target, |(_, objective)| *objective);
                    groups.push(group(found.values, &found.rows, objective));
                }
            }
        }
        if !self.by.is_empty() {
            groups.extend(frame.groups(&self.by).into_iter().map(|found| group(found.values, &found.rows, self.target)));
        }
        StabilityAnswer { level: self.level, by: self.by.clone(), groups, unknown }
    }
}

/// How attempts went, and whose they were.
struct Attempts<'a> {
    success: &'a [f64],
    persons: Option<&'a [u32]>,
    level: Confidence,
}

impl Attempts<'_> {
    fn of(&self, rows: &[usize], objective: Objective) -> Result<Stability, StabilityError> {
        let known = || rows.iter().copied().filter(|row| !self.success[*row].is_nan());
        let mut all = Counts::default();
        let clusters = self.persons.map(|persons| vec![Counts::default(); known().map(|row| persons[row] as usize + 1).max().unwrap_or(0)]);
        let mut clusters = clusters.unwrap_or_default();
        for row in known() {
            let hits = u64::from(self.success[row] == 1.0);
            (all.n, all.hits) = (all.n + 1, all.hits + hits);
            if let Some(persons) = self.persons {
                let counts = &mut clusters[persons[row] as usize];
                (counts.n, counts.hits) = (counts.n + 1, counts.hits + hits);
            }
        }
        clusters.retain(|counts| counts.n > 0);
        stability(all, objective, if self.persons.is_some() { Bursts::Clusters(&clusters) } else { Bursts::None }, self.level)
    }
}
