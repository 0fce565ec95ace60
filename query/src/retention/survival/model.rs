//! Hazards by covariates: what is asked of Cox's model, and in which steps its ratios are read.

use super::SurvivalQuestion;
use crate::frame::{Column, Frame};
use crate::statistics::cox::Departure;
use crate::statistics::{Clock, Cox, CoxError, CoxOptions, Design, DesignError, Dropped, Estimate, Spells, cox};

/// How hazards go with covariates. Associations: nothing here was assigned.
#[derive(Debug, Clone)]
pub struct Model {
    /// The fit.
    pub cox: Cox,
    /// A ratio a column.
    pub hazards: Vec<Hazard>,
    /// Columns that say nothing, or nothing new.
    pub dropped: Vec<Dropped>,
    /// How many people the rows belong to, where intervals allow for that.
    pub clusters: Option<u64>,
}

/// How many times the hazard is with more of one column.
#[derive(Debug, Clone)]
pub struct Hazard {
    /// The column: a covariate, or one value of it.
    pub column: String,
    /// What the ratio is of.
    pub amount: Amount,
    /// The ratio for that amount.
    pub ratio: Estimate,
    /// The ratio for one unit of a number.
    pub per_unit: Option<Estimate>,
    /// How often a column without any association would seem to have as much.
    pub p_value: Option<f64>,
    /// Whether the ratio stays the same as time goes by.
    pub departure: Option<Departure>,
}

/// What a ratio is of.
#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    /// This value against the most frequent one.
    Against {
        /// The most frequent value; `None`: every other row.
        reference: Option<String>,
    },
    /// So much more of a number: its standard deviation, or the step between its only two values.
    More {
        /// How much.
        of: f64,
    },
}

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// The covariates make no design.
    #[error(transparent)]
    Design(#[from] DesignError),
    /// The design has no fit.
    #[error(transparent)]
    Cox(#[from] CoxError),
}

impl Model {
    pub(super) fn fit(question: &SurvivalQuestion, frame: &Frame, spells: &Spells<'_>) -> Result<Model, ModelError> {
        let mut names: Vec<String> = Vec::new();
        for name in &question.covariates {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let design = Design::new(frame.rows(), &frame.covariates(&names))?;
        let clusters: Option<Vec<u64>> = question.user.as_ref().map(|user| frame.persons(user).into_iter().map(u64::from).collect());
        let options = CoxOptions { clusters: clusters.as_deref(), proportionality: Some(Clock::default()), ..CoxOptions::default() };
        let cox = cox(&design, spells, options)?;
        let hazard = |at: usize| {
            let column = &cox.columns[at];
            let amount = amount(frame, &column.covariate, column.value.as_deref(), column.scale);
            let (step, number) = match amount {
                Amount::More { of } => (of, true),
                Amount::Against { .. } => (1.0, false),
            };
            Some(Hazard {
                column: column.label(),
                ratio: cox.hazard_ratio(at, step, question.level)?,
                per_unit: cox.hazard_ratio(at, 1.0, question.level).filter(|_| number),
                p_value: cox.p_value(at),
                departure: cox.proportionality.as_ref().and_then(|test| test.columns.get(at).cloned()),
                amount,
            })
        };
        let hazards = (0..cox.columns.len()).filter_map(hazard).collect();
        let clusters = cox.robust.as_ref().and_then(|_| question.users(frame));
        Ok(Model { hazards, dropped: design.dropped().to_vec(), clusters, cox })
    }
}

fn amount(frame: &Frame, covariate: &str, value: Option<&str>, scale: f64) -> Amount {
    let found = frame.as_covariate(covariate);
    match (value, found) {
        (Some(_), Some(Column::Category { codes, labels })) => Amount::Against { reference: most_frequent(codes, labels) },
        (Some(_), _) => Amount::Against { reference: None },
        (None, Some(Column::Number(values) | Column::Flag(values))) => Amount::More { of: only_step(values).unwrap_or(scale) },
        (None, _) => Amount::More { of: scale },
    }
}

/// The value that the design takes for its reference: the most frequent one, of equals the first by name.
fn most_frequent(codes: &[u32], labels: &[String]) -> Option<String> {
    let mut counts = vec![0_u64; labels.len() + 1];
    codes.iter().for_each(|code| counts[(*code as usize).min(labels.len())] += 1);
    let name = |slot: usize| labels.get(slot).map_or("not stated", String::as_str);
    let most = (0..counts.len()).max_by(|a, b| counts[*a].cmp(&counts[*b]).then_with(|| name(*b).cmp(name(*a))))?;
    Some(name(most).to_owned())
}

/// The step between the only two values of a number.
fn only_step(values: &[f64]) -> Option<f64> {
    let mut two: Vec<f64> = Vec::new();
    for value in values.iter().filter(|value| !value.is_nan()) {
        if !two.contains(value) {
            two.push(*value);
            if two.len() > 2 {
                return None;
            }
        }
    }
    (two.len() == 2).then(|| (two[0] - two[1]).abs())
}
