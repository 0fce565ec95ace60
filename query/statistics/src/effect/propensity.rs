//! How likely each row was to be treated, and the weights that follow.

use nalgebra::DMatrix;

use super::answer::Overlap;
use super::study::{Arm, ByArm, EffectError, Estimand, Options, Study, Trim};
use crate::logistic::{LogisticError, Penalty, logistic};

/// Rows that an arm must be worth after weighting: our choice; fewer carry no mean.
const MIN_EFFECTIVE: f64 = 10.0;

/// How likely each row was to be treated.
pub(super) struct Propensity {
    /// 0 to 1, one a row.
    pub(super) score: Vec<f64>,
    /// The coefficients' covariance: the inverse of their information.
    pub(super) covariance: DMatrix<f64>,
}

impl Propensity {
    pub(super) fn fit(study: &Study<'_>) -> Result<Propensity, EffectError> {
        let fit = logistic(study.design, study.treated, None, Penalty::None).map_err(|error| match error {
            LogisticError::Separated { column } => EffectError::Separated { column },
            other => EffectError::Propensity(other),
        })?;
        Ok(Propensity { score: fit.probability, covariance: fit.covariance })
    }

    /// The weight of each row in its own arm's mean.
    pub(super) fn weights(&self, study: &Study<'_>, options: &Options) -> Weights {
        let weight = |row: usize| untrimmed(self.score[row], Arm::of(study.treated[row]), options.estimand);
        let mut own: Vec<f64> = (0..self.score.len()).map(weight).collect();
        let Trim::Quantile(quantile) = options.trim else { return Weights { own, cap: None, trimmed: 0 } };
        let cap = ByArm::of(|arm| {
            let of_arm = own.iter().zip(study.treated).filter(|(_, treated)| Arm::of(**treated) == arm);
            let mut of_arm: Vec<f64> = of_arm.map(|(weight, _)| *weight).collect();
            let at = ((of_arm.len() - 1) as f64 * quantile).floor() as usize;
            *of_arm.select_nth_unstable_by(at, f64::total_cmp).1
        });
        let mut trimmed = 0;
        for (weight, treated) in own.iter_mut().zip(study.treated) {
            let cap = *cap.at(Arm::of(*treated));
            if *weight > cap {
                (*weight, trimmed) = (cap, trimmed + 1);
            }
        }
        Weights { own, cap: Some(cap), trimmed }
    }
}

/// Everyone's effect weighs by one over the probability of the arm a row is in; that of the treated leaves them as they are and gives the others the
/// odds of having been treated.
fn untrimmed(score: f64, arm: Arm, estimand: Estimand) -> f64 {
    match (arm, estimand) {
        (Arm::Treated, Estimand::Ate) => 1.0 / score,
        (Arm::Control, Estimand::Ate) => 1.0 / (1.0 - score),
        (Arm::Treated, Estimand::Att) => 1.0,
        (Arm::Control, Estimand::Att) => score / (1.0 - score),
    }
}

/// Weights of rows.
pub(super) struct Weights {
    /// Of each row in its own arm.
    pub(super) own: Vec<f64>,
    cap: Option<ByArm<f64>>,
    /// Rows held at the cap.
    pub(super) trimmed: u64,
}

impl Weights {
    /// How a row's weight changes with the log-odds of its propensity.
    pub(super) fn slope(&self, row: usize, score: f64, arm: Arm, estimand: Estimand) -> f64 {
        let weight = self.own[row];
        if self.trimmed > 0 && self.cap.is_some_and(|cap| weight >= *cap.at(arm)) {
            return 0.0;
        }
        match (arm, estimand) {
            (Arm::Treated, Estimand::Ate) => -(1.0 - score) * weight,
            (Arm::Control, Estimand::Ate) => score * weight,
            (Arm::Treated, Estimand::Att) => 0.0,
            (Arm::Control, Estimand::Att) => weight,
        }
    }

    pub(super) fn overlap(&self, study: &Study<'_>, propensity: &Propensity) -> Overlap {
        let rows = || propensity.score.iter().zip(study.treated).map(|(score, treated)| (*score, Arm::of(*treated)));
        let range = ByArm::of(|arm| {
            let of_arm = rows().filter(|(_, of)| *of == arm);
            of_arm.fold((1.0_f64, 0.0_f64), |(low, high), (score, _)| (low.min(score), high.max(score)))
        });
        let alone = rows().filter(|(score, arm)| {
            let other = if *arm == Arm::Treated { range.control } else { range.treated };
            *score < other.0 || other.1 < *score
        });
        let n = propensity.score.len() as f64;
        let effective = ByArm::of(|arm| {
            let of_arm = self.own.iter().zip(study.treated).filter(|(_, treated)| Arm::of(**treated) == arm);
            let (sum, squares) = of_arm.fold((0.0, 0.0), |(sum, squares), (w, _)| (sum + w, squares + w * w));
            sum * sum / squares
        });
        Overlap { propensity: range, outside: alone.count() as f64 / n, trimmed: self.trimmed as f64 / n, cap: self.cap, effective }
    }
}

/// Refuses arms that have nobody in common, or are worth too few rows.
pub(super) fn check_overlap(overlap: &Overlap) -> Result<(), EffectError> {
    let ByArm { treated, control } = overlap.propensity;
    let apart = treated.0 > control.1 || control.0 > treated.1;
    let enough = |effective: f64| effective >= MIN_EFFECTIVE;
    if apart || !enough(overlap.effective.treated) || !enough(overlap.effective.control) {
        return Err(EffectError::NoOverlap { treated, control, effective: overlap.effective });
    }
    Ok(())
}
