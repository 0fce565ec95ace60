//! Do those who had something (HD, a new client, a first call without a freeze) stay longer or come back more often because of it?
//!
//! Those who had it differ from those who had not: HD goes to good networks and large screens, which stay longer anyway. The plain difference mixes both.
//! Here it stands beside three ways of comparing like with like: weighting by the inverse propensity, the doubly robust combination of weights and
//! regression, and matched pairs. All three repair what the covariates of the design explain and nothing else; how strong something unseen would have to
//! be to explain the rest away is stated as an E-value. Covariates must be known before the treatment: what the treatment itself changes is no covariate.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@study`] | what is asked, and why it can be refused |
//! | [`answer`] | what comes back |
//! | [`hidden`] | what unseen confounding would overturn it |

pub mod answer;
mod arm;
mod balance;
pub mod hidden;
mod pairs;
mod propensity;
mod raw;
pub mod study;
mod units;

#[cfg(test)]
mod tests;

pub use answer::{Balance, Contrast, EffectAnswer, Overlap, Pairs, SignTest, Warning};
pub use hidden::{Conversion, Hidden, e_value};
pub use study::{Arm, ByArm, EffectError, Estimand, Options, Outcome, Pairing, Study, Timing, Trim};

use arm::Method;
use propensity::Propensity;
use units::Units;

/// Largest standardised difference that counts as balanced after weighting: Austin, Statistics in Medicine 28 (2009), 3083-3107.
pub const BALANCED: f64 = 0.1;
/// Share of rows outside the propensities that both arms have, above which a warning is given: our choice.
pub const THIN_OVERLAP: f64 = 0.05;
/// Units under which cluster-robust errors are known to be too small: Cameron & Miller, J. Human Resources 50 (2015), 317-372.
pub const FEW_UNITS: u64 = 40;

/// The difference that the treatment makes to the outcome, by three methods, beside the plain difference.
///
/// - Plain ([`EffectAnswer::raw`]): Welch's difference of means, or Newcombe's of shares; by influence functions when rows come in units.
/// - Weighting: weighted means of each arm (Hajek 1971), weights the inverse of a logistic propensity or its odds, the interval from influence functions
///   that account for the propensity being estimated (Lunceford & Davidian, Statistics in Medicine 23 (2004), 2937-2960).
/// - Doubly robust: regression in each arm (least squares, or logistic for shares) whose errors are weighted (Robins, Rotnitzky & Zhao 1994); right when
///   either model is. The interval is that of all three models estimated together (M-estimation), so it too holds when one of them is wrong.
/// - Pairs: each treated row with an untreated one like it (Krishnan & Sitaraman, IMC 2012), the outcome of the pairs' contest and a sign test.
///
/// Student's t with as many degrees of freedom as there are units less columns, and variances larger by units over that (as HC1 and CR1 are); units are
/// users where rows of a user go together, else rows.
/// Err as [`EffectError`] says: an arm missing or too small, constant outcomes, separation, no overlap, or a treatment measured over the outcome's time.
pub fn effect(study: &Study<'_>, options: &Options) -> Result<EffectAnswer, EffectError> {
    let n = study::check(study, options)?;
    let units = Units::of(study.unit, study.treated.len());
    let columns = study.design.columns();
    if units.count <= columns as u64 {
        return Err(EffectError::TooFewUnits { units: units.count, columns });
    }
    let propensity = Propensity::fit(study)?;
    let weights = propensity.weights(study, options);
    let overlap = weights.overlap(study, &propensity);
    propensity::check_overlap(&overlap)?;

    let models = arm::outcome_models(study, options.estimand)?;
    let contrast = |method: Method<'_>, weights: &propensity::Weights| {
        let arms = ByArm::of(|arm| arm::mean(study, arm, &propensity, weights, method, options.estimand));
        let mean = ByArm { treated: arms.treated.0, control: arms.control.0 };
        units.contrast(mean, &ByArm { treated: arms.treated.1, control: arms.control.1 }, columns, options.level)
    };
    let weighted = contrast(Method::Weighted, &weights);
    let untrimmed = if weights.trimmed == 0 {
        weighted
    } else {
        let whole = propensity.weights(study, &Options { trim: Trim::None, ..*options });
        contrast(Method::Weighted, &whole)
    };
    let doubly_robust = contrast(Method::DoublyRobust(&models), &weights);
    let matching = pairs::matched(study, &propensity, options);
    let pairs = pairs::compare(study, &units, &matching, options.level);
    let balance = balance::balance(study, &weights.own, &matching);
    let mut answer = EffectAnswer {
        estimand: options.estimand,
        kind: study.kind,
        timing: study.timing,
        rows: n,
        units: study.unit.map(|_| units.count),
        raw: raw::difference(study, &units, options.level),
        weighted,
        untrimmed,
        doubly_robust,
        hidden: hidden::hidden(study, &doubly_robust),
        pairs,
        balance,
        overlap,
        warnings: Vec::new(),
    };
    answer.warnings = warnings(&answer, &models);
    Ok(answer)
}

fn warnings(answer: &EffectAnswer, models: &ByArm<arm::OutcomeModel>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if answer.overlap.outside > THIN_OVERLAP {
        warnings.push(Warning::ThinOverlap { outside: answer.overlap.outside });
    }
    for arm in [Arm::Treated, Arm::Control] {
        let (rows, effective) = (*answer.rows.at(arm), *answer.overlap.effective.at(arm));
        if effective < rows as f64 / 2.0 {
            warnings.push(Warning::HeavyWeights { arm, effective, rows });
        }
        if models.at(arm).held {
            warnings.push(Warning::OutcomeModel { arm });
        }
    }
    let unbalanced = answer.balance.iter().filter_map(|of| Some((of, of.weighted?))).filter(|(_, left)| left.abs() > BALANCED);
    warnings.extend(unbalanced.map(|(of, difference)| Warning::Unbalanced { column: of.column.clone(), difference }));
    match answer.pairs {
        None => warnings.push(Warning::NoPairs),
        Some(pairs) if pairs.matched < 0.5 => warnings.push(Warning::FewPairs { pairs: pairs.pairs, matched: pairs.matched }),
        Some(_) => {}
    }
    let (one, other) = (answer.weighted.difference, answer.doubly_robust.difference);
    if one.low > other.high || other.low > one.high {
        warnings.push(Warning::Disagreement);
    }
    if let Some(units) = answer.units.filter(|units| *units < FEW_UNITS) {
        warnings.push(Warning::FewUnits { units });
    }
    warnings
}
