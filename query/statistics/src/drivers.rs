//! What goes with satisfaction: quality measures ranked by their association with a score, each with what one step of it goes with.
//!
//! All measures and confounders stand in one proportional-odds model, so that each measure's figure is at equal values of the others. It remains an
//! association: what no covariate tells of is not held equal.

mod influence;

use self::influence::Influence;
use crate::collinearity::collinearity;
use crate::design::{Column, Design, Dropped};
use crate::estimate::{Confidence, Estimate};
use crate::logistic::Penalty;
use crate::multiplicity::holm;
use crate::ordinal::{Ordinal, OrdinalError, ordinal};
use crate::student::{t_quantile, t_two_sided};

/// A quality measure among the covariates of a design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure<'a> {
    /// The covariate's name; it must be a number.
    pub name: &'a str,
    /// The step whose price is asked, in the measure's own unit, above or below 0: such as 100 for 100 ms more.
    pub step: f64,
}

/// Who answered what, and what is known of them.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a> {
    /// Measures and confounders, in standard deviations as [`Design::new`] makes it; of all rows, answered or not, so that deviations are everyone's.
    pub design: &'a Design,
    /// Scores, or 0 and 1; NaN: no answer, and the row is left out. Up to [`crate::ordinal::MAX_LEVELS`] different ones.
    pub outcome: &'a [f64],
    /// What each row weighs, 0 or more; all alike without.
    pub weights: Option<&'a [f64]>,
    /// Whose row it is. Rows of one user count as one observation towards the uncertainty; each row by itself without.
    pub users: Option<&'a [u32]>,
}

/// How to fit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// None by default: drawing coefficients to zero biases them, and no interval is given then.
    pub penalty: Penalty,
    /// How often intervals are to cover.
    pub level: Confidence,
}

/// What goes with satisfaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Drivers {
    /// The measures.
    pub findings: Findings,
    /// Columns of the design that are left out, with the reason; measures among them are not ranked.
    pub left_out: Vec<Dropped>,
    /// Root of the condition of the columns' correlations (see [`crate::collinearity::Collinearity`]); `None` for a single column.
    pub condition: Option<f64>,
    /// Answers.
    pub answers: u64,
    /// Users who answered, or answers where each is by itself: the observations that the uncertainty comes from.
    pub users: u64,
    /// The different scores, ascending.
    pub levels: Vec<f64>,
}

/// What is known of the measures.
#[derive(Debug, Clone, PartialEq)]
pub enum Findings {
    /// Ranked by the size of the association with one standard deviation, the largest first.
    Estimated(Vec<Driver>),
    /// Fitted with coefficients drawn to zero, which have no honest interval: an order and a direction, and no more.
    Penalised {
        /// Why they are drawn.
        why: Penalised,
        /// How much (see [`Penalty::Ridge`]).
        ridge: f64,
        /// In the same order.
        tendencies: Vec<Tendency>,
    },
}

/// Why coefficients are drawn to zero.
#[derive(Debug, Clone, PartialEq)]
pub enum Penalised {
    /// It was asked for.
    Asked,
    /// They have no estimate otherwise.
    NotFitted(OrdinalError),
    /// There are fewer users than [`MIN_USERS`], or than twice the coefficients and thresholds: robust variances would be too small.
    TooFewUsers {
        /// Users.
        users: usize,
        /// Coefficients and thresholds.
        columns: usize,
    },
}

/// A measure's association with the outcome, at equal values of all other covariates.
#[derive(Debug, Clone, PartialEq)]
pub struct Driver {
    /// The measure.
    pub measure: String,
    /// Log-odds of a higher score for one standard deviation more.
    pub per_deviation: Estimate,
    /// That deviation, in the measure's unit.
    pub deviation: f64,
    /// The step that was asked for, in the measure's unit.
    pub step: f64,
    /// The mean score (or share, of 0 and 1) expected if every row's measure were one step further, less that expected as it is; over the rows
    /// whose measure is known. A step beyond what was measured is extrapolated by the model.
    pub per_step: Estimate,
    /// How often a coefficient so far from 0 is seen where there is no association.
    pub p: f64,
    /// The same adjusted for asking of all the measures (Holm).
    pub p_holm: f64,
    /// By which factor the other covariates inflate the variance, 1 or more; from 5 on, the measure is hardly told apart from them. `None` where they
    /// are so nearly collinear that it cannot be computed.
    pub inflation: Option<f64>,
    /// The columns that it is hardly told apart from.
    pub collinear_with: Vec<String>,
    /// Answers without the measure: they stand at its mean with an indicator of their own, and are no part of `per_step`.
    pub missing: u64,
}

/// A measure's coefficient drawn to zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Tendency {
    /// The measure.
    pub measure: String,
    /// Log-odds of a higher score for one standard deviation more, drawn to zero.
    pub per_deviation: f64,
    /// The step that was asked for, in the measure's unit.
    pub step: f64,
    /// What one step goes with, drawn to zero.
    pub per_step: f64,
}

/// Users that are needed at least for an interval: our choice; robust variances of fewer are too small.
pub const MIN_USERS: usize = 30;
/// How much coefficients are drawn to zero when they have no estimate otherwise: a prior deviation of 1 in log-odds, our choice.
const RIDGE: f64 = 1.0;

/// Why nothing can be said.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DriversError {
    /// Lengths differ.
    #[error("relate {got} {what} to a design of {rows} rows: one of each is needed")]
    Length {
        /// Of what there are more or fewer.
        what: &'static str,
        /// How many.
        got: usize,
        /// How many there should be.
        rows: usize,
    },
    /// Nobody answered.
    #[error("none of {rows} rows has an answer: nothing can be related to it")]
    NoAnswers {
        /// The rows.
        rows: usize,
    },
    /// A measure is no number of the design.
    #[error("rank {name:?}: the design has no number of that name")]
    NoSuchMeasure {
        /// The name.
        name: String,
    },
    /// A step leads nowhere.
    #[error("rank {name:?} by a step of {step}: a finite step other than 0 is needed")]
    Step {
        /// The measure.
        name: String,
        /// The step.
        step: f64,
    },
    /// No model can be fitted, not even with coefficients drawn to zero.
    #[error("fit {answers} answers to {columns} columns")]
    Fit {
        /// Answers.
        answers: usize,
        /// Columns, with the intercept.
        columns: usize,
        /// Why.
        source: OrdinalError,
    },
}

/// Ranks measures by their association with the outcome.
///
/// One proportional-odds model of all columns; what a step goes with is the mean difference of predictions (g-computation) with its variance by the
/// delta method, to which the rows' own differences add. Variances are sandwiches over users (Zeger and Liang, Biometrics 42 (1986), 121-130) with
/// the factor k / (k - 1) (n - 1) / (n - p), and Student's quantile of k - 1 degrees of freedom for k users.
pub fn drivers(answers: &Answers<'_>, measures: &[Measure<'_>], options: Options) -> Result<Drivers, DriversError> {
    check(answers, measures)?;
    let weight = |row: usize| answers.weights.map_or(1.0, |weights| weights[row]);
    let rows: Vec<usize> = (0..answers.outcome.len()).filter(|row| !answers.outcome[*row].is_nan() && weight(*row) != 0.0).collect();
    if rows.is_empty() {
        return Err(DriversError::NoAnswers { rows: answers.outcome.len() });
    }
    let design = answers.design.select(&rows).reduced();
    let of_rows = |values: &[f64]| -> Vec<f64> { rows.iter().map(|row| values[*row]).collect() };
    let (outcome, weights) = (of_rows(answers.outcome), answers.weights.map(of_rows));
    let users = influence::Users::of(rows.len(), answers.users.map(|users| rows.iter().map(|row| users[*row]).collect()));
    let fit = |penalty| ordinal(&design, &outcome, weights.as_deref(), penalty);
    let failed = |source| DriversError::Fit { answers: rows.len(), columns: design.columns(), source };
    let (model, drawn) = match options.penalty {
        Penalty::Ridge(ridge) => (fit(options.penalty).map_err(failed)?, Some((Penalised::Asked, ridge))),
        Penalty::None => match fit(Penalty::None) {
            Ok(model) => {
                let columns = model.covariance.nrows();
                let few = users.count() < MIN_USERS.max(2 * columns);
                let drawn = few.then(|| (Penalised::TooFewUsers { users: users.count(), columns }, RIDGE));
                (if few { fit(Penalty::Ridge(RIDGE)).map_err(failed)? } else { model }, drawn)
            }
            Err(why @ (OrdinalError::TooFew { .. } | OrdinalError::Separated { .. } | OrdinalError::Collinear)) => {
                (fit(Penalty::Ridge(RIDGE)).map_err(failed)?, Some((Penalised::NotFitted(why), RIDGE)))
            }
            Err(source) => return Err(failed(source)),
        },
    };
    let asked: Vec<Asked> = measures.iter().filter_map(|measure| Asked::of(&design, measure)).collect();
    let influence = Influence::of(&design, &model, weights.as_deref(), &users, &asked);
    let shared = collinearity(&design);
    let findings = match drawn {
        Some((why, ridge)) => Findings::Penalised { why, ridge, tendencies: tendencies(&asked, &model, &influence) },
        None => Findings::Estimated(ranked(&design, &asked, &model, &influence, options.level)),
    };
    Ok(Drivers {
        findings,
        left_out: design.dropped().to_vec(),
        condition: shared.map(|shared| shared.condition),
        answers: rows.len() as u64,
        users: users.count() as u64,
        levels: model.levels,
    })
}

/// A measure that was asked for, in the design.
#[derive(Debug, Clone)]
struct Asked {
    name: String,
    step: f64,
    /// The place of its numbers.
    column: usize,
    /// The place of its indicator of not being measured.
    indicator: Option<usize>,
    /// The step in the column's units.
    shift: f64,
    /// What one unit of the column is in the measure's unit.
    deviation: f64,
}

impl Asked {
    /// `None` for a measure that was left out.
    fn of(design: &Design, measure: &Measure<'_>) -> Option<Asked> {
        let column = design.of(measure.name).find(|at| design.column()[*at].value.is_none())?;
        let indicator = design.of(measure.name).find(|at| design.column()[*at].value.is_some());
        let scale = design.column()[column].scale;
        let (name, step) = (measure.name.to_owned(), measure.step);
        Some(Asked { name, step, column, indicator, shift: step / scale, deviation: scale })
    }

    fn measured(&self, x: &[f64]) -> bool {
        self.indicator.is_none_or(|at| x[at] == 0.0)
    }
}

fn check(answers: &Answers<'_>, measures: &[Measure<'_>]) -> Result<(), DriversError> {
    let rows = answers.design.rows();
    let lengths = [
        ("outcomes", Some(answers.outcome.len())),
        ("weights", answers.weights.map(<[f64]>::len)),
        ("users", answers.users.map(<[u32]>::len)),
    ];
    for (what, got) in lengths {
        if let Some(got) = got.filter(|got| *got != rows) {
            return Err(DriversError::Length { what, got, rows });
        }
    }
    for measure in measures {
        let name = measure.name.to_owned();
        if !(measure.step.is_finite() && measure.step != 0.0) {
            return Err(DriversError::Step { name, step: measure.step });
        }
        let number = |column: &Column| column.covariate == name && column.value.is_none();
        let known = answers.design.column().iter().any(number) || answers.design.dropped().iter().any(|dropped| dropped.column == name);
        if !known {
            return Err(DriversError::NoSuchMeasure { name });
        }
    }
    Ok(())
}

fn ranked(design: &Design, asked: &[Asked], model: &Ordinal, influence: &Influence, level: Confidence) -> Vec<Driver> {
    let n = design.rows() as u64;
    let freedom = influence.users - 1.0;
    let t = t_quantile(level, freedom).unwrap_or(f64::INFINITY);
    let shared = collinearity(design);
    let mut all: Vec<Driver> = asked
        .iter()
        .zip(&influence.of)
        .map(|(asked, of)| {
            let estimate = |value: f64, error: f64, n| Estimate { value, low: value - t * error, high: value + t * error, n };
            let coefficient = model.coefficients[asked.column];
            let error = of.coefficient_variance.sqrt();
            let inflation = shared.as_ref().map(|shared| &shared.inflation[asked.column - 1]);
            Driver {
                measure: asked.name.clone(),
                per_deviation: estimate(coefficient, error, n),
                deviation: asked.deviation,
                step: asked.step,
                per_step: estimate(of.difference, of.difference_variance.sqrt(), of.measured),
                p: t_two_sided(coefficient / error, freedom).unwrap_or(1.0),
                p_holm: 1.0,
                inflation: inflation.map(|inflation| inflation.factor),
                collinear_with: inflation
                    .map_or_else(Vec::new, |inflation| inflation.with.iter().map(|at| design.column()[*at].label()).collect()),
                missing: n - of.measured,
            }
        })
        .collect();
    let adjusted = holm(&all.iter().map(|driver| driver.p).collect::<Vec<_>>());
    all.iter_mut().zip(adjusted).for_each(|(driver, p)| driver.p_holm = p);
    all.sort_by(|a, b| b.per_deviation.value.abs().total_cmp(&a.per_deviation.value.abs()));
    all
}

fn tendencies(asked: &[Asked], model: &Ordinal, influence: &Influence) -> Vec<Tendency> {
    let tendency = |(asked, of): (&Asked, &influence::Measured)| Tendency {
        measure: asked.name.clone(),
        per_deviation: model.coefficients[asked.column],
        step: asked.step,
        per_step: of.difference,
    };
    let mut all: Vec<Tendency> = asked.iter().zip(&influence.of).map(tendency).collect();
    all.sort_by(|a, b| b.per_deviation.abs().total_cmp(&a.per_deviation.abs()));
    all
}

#[cfg(test)]
mod tests;
