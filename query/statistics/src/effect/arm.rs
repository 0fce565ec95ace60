//! The mean of an arm had everyone, or the treated, been in it, and what each row moves it by.

use nalgebra::{DMatrix, DVector};

use super::propensity::{Propensity, Weights};
use super::study::{Arm, ByArm, EffectError, Estimand, Outcome, Study};
use crate::design::Design;
use crate::linear::least_squares;
use crate::logistic::{Penalty, logistic};
use crate::parallel::{BLOCK, map, over_blocks};

/// How the mean of an arm is made.
#[derive(Clone, Copy)]
pub(super) enum Method<'a> {
    /// By weights alone.
    Weighted,
    /// By the outcome's regression, its errors weighted.
    DoublyRobust(&'a ByArm<OutcomeModel>),
}

/// The outcome regressed on the covariates within an arm.
pub(super) struct OutcomeModel {
    /// What is expected of every row in this arm.
    expected: Vec<f64>,
    /// Inverse of X'DX of the arm's rows, D being 1 for a line and m (1 - m) for log-odds. `None`: nothing was estimated that could err.
    inverse: Option<DMatrix<f64>>,
    kind: Outcome,
    /// Whether it could not be fitted freely.
    pub(super) held: bool,
}

impl OutcomeModel {
    fn slope(&self, row: usize) -> f64 {
        match self.kind {
            Outcome::Mean => 1.0,
            Outcome::Share => self.expected[row] * (1.0 - self.expected[row]),
        }
    }
}

/// How strongly the coefficients of a regression that has no free solution are drawn to zero: our choice, a prior of one standard deviation.
const HELD: Penalty = Penalty::Ridge(1.0);

pub(super) fn outcome_models(study: &Study<'_>, estimand: Estimand) -> Result<ByArm<OutcomeModel>, EffectError> {
    // Of the treated it is known how they did treated, so nothing has to be expected of them.
    let nothing = || OutcomeModel { expected: vec![0.0; study.treated.len()], inverse: None, kind: Outcome::Mean, held: false };
    let treated = if estimand == Estimand::Att { nothing() } else { outcome_model(study, Arm::Treated)? };
    Ok(ByArm { treated, control: outcome_model(study, Arm::Control)? })
}

fn outcome_model(study: &Study<'_>, arm: Arm) -> Result<OutcomeModel, EffectError> {
    let design = study.design;
    let within: Vec<f64> = study.treated.iter().map(|treated| f64::from(u8::from(Arm::of(*treated) == arm))).collect();
    let rows = || within.iter().sum::<f64>();
    let refused = || EffectError::OutcomeModel { arm, rows: rows() as u64, columns: design.columns() };
    if study.kind == Outcome::Mean {
        let fit = least_squares(design, study.outcome, Some(&within)).ok_or_else(refused)?;
        let expected = each(design.rows(), |row| design.predict(row, fit.coefficients.as_slice()));
        return Ok(OutcomeModel { expected, inverse: Some(fit.unscaled), kind: Outcome::Mean, held: false });
    }
    let hit: Vec<bool> = study.outcome.iter().map(|y| *y > 0.5).collect();
    let (fit, held) = match logistic(design, &hit, Some(&within), Penalty::None) {
        Err(_) => (logistic(design, &hit, Some(&within), HELD).map_err(|_| refused())?, true),
        Ok(fit) => (fit, false),
    };
    Ok(OutcomeModel { expected: fit.probability, inverse: Some(fit.covariance), kind: Outcome::Share, held })
}

/// The mean of an arm, and what each row moves it by: its own part, and what it does to the models the mean is made with.
///
/// By weights: sum(w y) / sum(w). Doubly robust: (sum of what is expected of those the effect is of + sum of weighted errors) / their number.
pub(super) fn mean(
    study: &Study<'_>,
    arm: Arm,
    propensity: &Propensity,
    weights: &Weights,
    method: Method<'_>,
    estimand: Estimand,
) -> (f64, Vec<f64>) {
    let rows = study.treated.len();
    let inside = |row: usize| Arm::of(study.treated[row]) == arm;
    let meant = |row: usize| f64::from(u8::from(estimand == Estimand::Ate || study.treated[row]));
    let weight = |row: usize| if inside(row) { weights.own[row] } else { 0.0 };
    let model = match method {
        Method::Weighted => None,
        Method::DoublyRobust(models) => Some(models.at(arm)),
    };
    let expected = |row: usize| model.map_or(0.0, |model| model.expected[row]);
    let error = |row: usize| study.outcome[row] - expected(row);
    let total = sum(rows, |row| if model.is_some() { meant(row) } else { weight(row) });
    let value = sum(rows, |row| if model.is_some() { meant(row) * expected(row) } else { 0.0 } + weight(row) * error(row)) / total;

    // What is left of a row's outcome once the mean (or what was expected) is known: this is what weights multiply.
    let left = |row: usize| if model.is_some() { error(row) } else { study.outcome[row] - value };
    let own = |row: usize| (if model.is_some() { meant(row) * (expected(row) - value) } else { 0.0 } + weight(row) * left(row)) / total;
    let steers = |row: usize| if inside(row) { weights.slope(row, propensity.score[row], arm, estimand) * left(row) / total } else { 0.0 };
    let by_propensity = &propensity.covariance * sum_rows(study.design, steers);
    let by_model = model.and_then(|model| {
        let pull = |row: usize| model.slope(row) * (meant(row) - weight(row)) / total;
        Some(model.inverse.as_ref()? * sum_rows(study.design, pull))
    });
    let moved = each(rows, |row| {
        let surprise = f64::from(u8::from(study.treated[row])) - propensity.score[row];
        let modelled = by_model.as_ref().filter(|_| inside(row)).map_or(0.0, |by| study.design.predict(row, by.as_slice()) * error(row));
        own(row) + study.design.predict(row, by_propensity.as_slice()) * surprise + modelled
    });
    (value, moved)
}

fn sum(rows: usize, of: impl Fn(usize) -> f64 + Sync) -> f64 {
    over_blocks(rows, |rows| rows.map(&of).sum::<f64>(), |a, b| a + b).unwrap_or(0.0)
}

/// Sum over rows of a factor times the row.
fn sum_rows(design: &Design, factor: impl Fn(usize) -> f64 + Sync) -> DVector<f64> {
    let block = |rows: std::ops::Range<usize>| {
        let mut sums = DVector::zeros(design.columns());
        for row in rows {
            let by = factor(row);
            if by != 0.0 {
                sums.iter_mut().zip(design.row(row)).for_each(|(sum, x)| *sum += by * x);
            }
        }
        sums
    };
    over_blocks(design.rows(), block, |a, b| a + b).unwrap_or_else(|| DVector::zeros(design.columns()))
}

/// A value a row, on all processors.
fn each(rows: usize, of: impl Fn(usize) -> f64 + Sync) -> Vec<f64> {
    let blocks = map(rows.div_ceil(BLOCK), |block| (block * BLOCK..((block + 1) * BLOCK).min(rows)).map(&of).collect::<Vec<f64>>());
    blocks.concat()
}
