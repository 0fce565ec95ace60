//! Which quality measures go with satisfaction, all others being equal, and what one step of each goes with.

use super::AnalysisError;
use super::covariates::Covariates;
use super::scales::{OnScale, ScoresLeftOut};
use crate::frame::{Frame, Input, Want};
use crate::retention::ReturnOn;
use crate::statistics::Confidence;
use crate::statistics::drivers::{Answers, Drivers, Measure, Options, drivers};
use crate::statistics::logistic::Penalty;

/// What else may make satisfaction differ, of a session of a store: held equal where nothing else is named.
pub const CONFOUNDERS: [&str; 6] = ["network", "platform", "device_class", "region", "service", "tenure_days"];

/// What is to be ranked.
#[derive(Debug, Clone)]
pub struct DriversQuestion {
    /// The column with the outcome: a score, or 0 and 1; of a return its name.
    pub outcome: String,
    /// How it was asked for, where it is a score.
    pub on_scale: Option<OnScale>,
    /// The outcome is whether a person was there again, by the measures of the first session, instead of a column.
    pub returns: Option<ReturnOn>,
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
    /// The outcome's column, or a return's name.
    pub outcome: String,
    /// Which return it is; `None`: a column.
    pub returns: Option<ReturnOn>,
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
        let outcome = self.returns.as_ref().map_or_else(|| Want::number(&self.outcome), |of| Want::time(&of.time));
        let person = |user| if self.returns.is_some() { Want::category(user) } else { Want::person(user) };
        [outcome]
            .into_iter()
            .chain(self.measures.names().iter().map(Want::number))
            .chain(self.confounders.names().iter().map(Want::covariate))
            .chain(self.user.as_ref().map(person))
            .chain(OnScale::wanted(self.on_scale.as_ref()))
            .collect()
    }

    /// Reads and answers. Of a return, `visits` (with the columns of [`crate::relations::visits`]) are all presences, where more than sessions are known.
    pub async fn ask(&self, input: &Input, visits: Option<&Input>) -> Result<DriversAnswer, AnalysisError> {
        self.check()?;
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        let visits = match visits.filter(|_| self.returns.is_some()) {
            Some(input) => Some(input.read(&[Want::category("user_id"), Want::time("at")], None).await?),
            None => None,
        };
        self.answer(&frame, visits.as_ref())
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

    /// The answer of these rows. Rows without an outcome, or with one off the scale, are left out first, so that deviations are those of who answered, or
    /// came first.
    pub fn answer(&self, frame: &Frame, visits: Option<&Frame>) -> Result<DriversAnswer, AnalysisError> {
        let (rows, outcome, left_out) = match (&self.returns, &self.user) {
            (Some(returns), Some(user)) => {
                let returned = returns.of(frame, user, visits, |_| true);
                (returned.rows, returned.again, ScoresLeftOut::default())
            }
            _ => {
                let outcome = frame.numbers(&self.outcome);
                let (mut rows, left_out) = OnScale::keep(self.on_scale.as_ref(), &self.outcome, frame)?;
                rows.retain(|row| !outcome[*row].is_nan());
                let kept = rows.iter().map(|row| outcome[*row]).collect();
                (rows, kept, left_out)
            }
        };
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
        let users = self.user.as_ref().filter(|_| self.returns.is_none()).map(|user| frame.persons(user));
        let answers = Answers { design: &design, outcome: &outcome, weights: None, users: users.as_deref() };
        let found = drivers(&answers, &asked, Options { penalty: Penalty::None, level: self.level })?;
        Ok(DriversAnswer {
            level: self.level,
            outcome: self.outcome.clone(),
            returns: self.returns.clone(),
            measures: asked.iter().map(|measure| measure.name.to_owned()).collect(),
            confounders,
            sparse: sparse.into_iter().chain(also_sparse).collect(),
            left_out,
            by_person: self.user.is_some(),
            drivers: found,
        })
    }
}
