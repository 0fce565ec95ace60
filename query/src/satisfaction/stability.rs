//! Success against an objective: what the attempts say, what is left of the error budget, and how many attempts would show it.

use std::collections::BTreeMap;

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
            .chain(self.user.as_ref().map(Want::category))
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
        let mut groups = Vec::new();
        match &self.targets {
            None => groups.push(self.group(frame, Vec::new(), &everyone, self.target)),
            Some((column, targets)) => {
                for found in frame.groups(std::slice::from_ref(column)) {
                    let value = found.values.first().cloned().unwrap_or_default();
                    let objective = targets.iter().find(|(name, _)| *name == value).map_or(self.target, |(_, objective)| *objective);
                    groups.push(self.group(frame, found.values, &found.rows, objective));
                }
            }
        }
        if !self.by.is_empty() {
            groups.extend(frame.groups(&self.by).into_iter().map(|found| self.group(frame, found.values, &found.rows, self.target)));
        }
        StabilityAnswer { by: self.by.clone(), groups, unknown }
    }

    fn group(&self, frame: &Frame, values: Vec<String>, rows: &[usize], objective: Objective) -> StabilityGroup {
        let success = frame.numbers(&self.success);
        let known: Vec<usize> = rows.iter().copied().filter(|row| !success[*row].is_nan()).collect();
        let hits = known.iter().filter(|row| success[**row] == 1.0).count() as u64;
        let clusters = self.user.as_ref().map(|user| {
            let persons = frame.persons(user);
            let mut counts: BTreeMap<u32, Counts> = BTreeMap::new();
            for row in &known {
                let entry = counts.entry(persons[*row]).or_default();
                entry.n += 1;
                entry.hits += u64::from(success[*row] == 1.0);
            }
            counts.into_values().collect::<Vec<_>>()
        });
        let bursts = clusters.as_deref().map_or(Bursts::None, Bursts::Clusters);
        StabilityGroup { values, objective, found: stability(Counts { hits, n: known.len() as u64 }, objective, bursts, self.level) }
    }
}
