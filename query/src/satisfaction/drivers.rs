//! Which quality measures go with satisfaction, all others being equal, and what one step of each goes with.

use super::AnalysisError;
use super::covariates::Covariates;
use super::scales::{OnScale, ScoresLeftOut};
use crate::frame::{Frame, Input, Want};
use crate::statistics::Confidence;
use crate::statistics::drivers::{Answers, Drivers, Measure, Options, drivers};
use crate::statistics::logistic::Penalty;

/// What is to be ranked.
#[derive(Debug, Clone)]
pub struct DriversQuestion {
    /// The column with the outcome: a score, or 0 and 1.
    pub outcome: String,
    /// How it was asked for, where it is a score.
    pub on_scale: Option<OnScale>,
    /// The measures.
    pub measures: Covariates,
    /// What else may make them differ: device, network, region, tenure, scenario.
    pub confounders: Covariates,
    /// Steps that were asked for by name, in the measure's unit; others have [`customary_step`].
    pub steps: Vec<(String, f64)>,
    /// The column with who a row is of: rows of one person count as one observation.
    pub user: Option<String>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
}

/// The ranking.
#[derive(Debug, Clone)]
pub struct DriversAnswer {
    /// The outcome's column.
    pub outcome: String,
    /// Scores that were left out.
    pub left_out: ScoresLeftOut,
    /// Whether it is known whose the rows are; else each is taken for somebody else's.
    pub by_person: bool,
    /// The measures that were ranked.
    pub measures: Vec<String>,
    /// What they were held equal in.
    pub confounders: Vec<String>,
    /// Columns that were measured in too few rows to be asked about.
    pub sparse: Vec<String>,
    /// The level of all intervals.
    pub level: Confidence,
    /// The measures, ranked.
    pub drivers: Drivers,
}

/// A step that people can picture: 100 ms, one percentage point of a ratio, one step of resolution, 5 frames a second; `None` for a measure whose unit
/// its name does not tell.
pub fn customary_step(measure: &str) -> Option<f64> {
    match measure {
        "jitter_ms" => Some(10.0),
        "height" => Some(360.0),
        "frame_rate" => Some(5.0),
        name if name.ends_with("_ms") => Some(100.0),
        name if name.ends_with("_ratio") => Some(0.01),
        _ => None,
    }
}

impl DriversQuestion {
    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        [Want::number(&self.outcome)]
            .into_iter()
            .chain(self.measures.names().iter().map(Want::number))
            .chain(self.confounders.names().iter().map(Want::covariate))
            .chain(self.user.as_ref().map(Want::person))
            .chain(OnScale::wanted(self.on_scale.as_ref()))
            .collect()
    }

    /// Reads and answers.
    pub async fn ask(&self, input: &Input) -> Result<DriversAnswer, AnalysisError> {
        self.check()?;
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        self.answer(&frame)
    }

    /// Each column has one part.
    fn check(&self) -> Result<(), AnalysisError> {
        let parts = [
            ("who a row is of", self.user.as_slice()),
            ("the outcome", std::slice::from_ref(&self.outcome)),
            ("a measure", self.measures.named()),
            ("a confounder", self.confounders.named()),
        ];
        let mut seen: Vec<(&String, &'static str)> = Vec::new();
        for (second, names) in parts {
            for column in names {
                if let Some((_, first)) = seen.iter().find(|(name, _)| *name == column) {
                    return Err(AnalysisError::Twice { column: column.clone(), first, second });
                }
                seen.push((column, second));
            }
        }
        Ok(())
    }

    /// The answer of these rows. Rows without an outcome, or with one off the scale, are left out first, so that deviations are those of who answered.
    pub fn answer(&self, frame: &Frame) -> Result<DriversAnswer, AnalysisError> {
        let outcome = frame.numbers(&self.outcome);
        let (mut rows, left_out) = OnScale::keep(self.on_scale.as_ref(), &self.outcome, frame)?;
        rows.retain(|row| !outcome[*row].is_nan());
        if rows.is_empty() {
            return Err(left_out.nothing(&self.outcome, frame.rows()));
        }
        let frame = frame.select(&rows);
        let (measures, sparse) = self.measures.measured_in(&frame);
        let (confounders, also_sparse) = self.confounders.measured_in(&frame);
        let confounders: Vec<String> = confounders.into_iter().filter(|name| !measures.contains(name)).collect();
        let names: Vec<String> = measures.iter().chain(&confounders).cloned().collect();
        super::covariates::singular(&frame, &names)?;
        let design = super::covariates::covariates(&frame, &names)?;
        let step = |name: &String| {
            let asked = self.steps.iter().find(|(measure, _)| measure == name).map(|(_, step)| *step);
            let deviation = || design.of(name).next().map(|at| design.column()[at].scale);
            asked.or_else(|| customary_step(name)).or_else(deviation).unwrap_or(1.0)
        };
        let numeric = |name: &&String| design.of(name).any(|at| design.column()[at].value.is_none());
        let asked: Vec<Measure<'_>> = measures.iter().filter(numeric).map(|name| Measure { name, step: step(name) }).collect();
        if asked.is_empty() {
            return Err(AnalysisError::NoMeasure { measures: self.measures.names().to_vec() });
        }
        let users = self.user.as_ref().map(|user| frame.persons(user));
        let answers = Answers { design: &design, outcome: frame.numbers(&self.outcome), weights: None, users: users.as_deref() };
        let found = drivers(&answers, &asked, Options { penalty: Penalty::None, level: self.level })?;
        Ok(DriversAnswer {
            level: self.level,
            outcome: self.outcome.clone(),
            measures: asked.iter().map(|measure| measure.name.to_owned()).collect(),
            confounders,
            sparse: sparse.into_iter().chain(also_sparse).collect(),
            left_out,
            by_person: self.user.is_some(),
            drivers: found,
        })
    }
}
