//! The plain difference of the arms: what is seen, and no effect.

use super::answer::Contrast;
use super::study::{Arm, ByArm, Outcome, Study};
use super::units::Units;
use crate::estimate::{Confidence, Estimate};
use crate::moments::Moments;
use crate::share::{self, Counts};
use crate::two_sample::{ratio_of_means, welch};

/// Moments of the outcome in either arm.
pub(super) fn samples(study: &Study<'_>) -> ByArm<Moments> {
    ByArm::of(|arm| {
        let of = || study.treated.iter().zip(study.outcome).filter(move |(treated, _)| Arm::of(**treated) == arm).map(|(_, y)| *y);
        let n = of().count() as u64;
        let mean = of().sum::<f64>() / n as f64;
        Moments { n, mean, squares: of().map(|y| (y - mean).powi(2)).sum() }
    })
}

/// Welch's difference of means or Newcombe's of shares; where rows of a user go together, by sums over users.
pub(super) fn difference(study: &Study<'_>, units: &Units, level: Confidence) -> Contrast {
    let of = samples(study);
    let part = |arm: Arm| {
        let sample = of.at(arm);
        let each = |(treated, y): (&bool, &f64)| if Arm::of(*treated) == arm { (y - sample.mean) / sample.n as f64 } else { 0.0 };
        study.treated.iter().zip(study.outcome).map(each).collect::<Vec<f64>>()
    };
    let mean = ByArm { treated: of.treated.mean, control: of.control.mean };
    let mut contrast = units.contrast(mean, &ByArm::of(part), 1, level);
    if study.unit.is_some() {
        return contrast;
    }
    match study.kind {
        Outcome::Mean => {
            if let Ok(welch) = welch(of.treated, of.control, level) {
                contrast.difference = welch.estimate;
            }
            let less_one = |ratio: Estimate| Estimate { value: ratio.value - 1.0, low: ratio.low - 1.0, high: ratio.high - 1.0, ..ratio };
            contrast.relative = ratio_of_means(of.treated, of.control, level).ok().map(less_one);
        }
        Outcome::Share => {
            let counts = |sample: Moments| Counts { hits: (sample.mean * sample.n as f64).round() as u64, n: sample.n };
            let (treated, control) = (counts(of.treated), counts(of.control));
            contrast.difference = share::difference(treated, control, level).unwrap_or(contrast.difference);
            contrast.treated = share::share(treated.hits, treated.n, level).unwrap_or(contrast.treated);
            contrast.control = share::share(control.hits, control.n, level).unwrap_or(contrast.control);
        }
    }
    contrast
}
