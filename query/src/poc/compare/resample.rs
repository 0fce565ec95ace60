//! Units drawn anew, once for all metrics of a vendor: intervals of quantiles, and how sure the order of vendors is.

use super::metric::{Compared, Measured, Resampled};
use crate::poc::metric::{Better, MetricKind};
use crate::statistics::contrast::ContrastError;
use crate::statistics::contrast::bootstrap::{self, Drawn, MIN_DRAWS, MIN_UNITS, Question};

/// Draws of one metric and vendor, one a stratum; of sums one for all of them.
type Draws = Vec<Option<Drawn>>;

/// Puts resampled intervals of quantiles and the order of vendors into what was measured. Vendors draw by the same seed: a person or a pair that has rows of
/// several is drawn with all of them.
pub(super) fn resample(measured: &mut [Measured], clustered: bool, resamples: usize, seed: u64) -> Result<(), ContrastError> {
    if resamples < MIN_DRAWS {
        return Ok(());
    }
    let arms = measured.first().map_or(0, |of| of.resampled.len());
    let mut drawn: Vec<Vec<Draws>> = Vec::with_capacity(arms);
    for arm in 0..arms {
        drawn.push(draws(measured, arm, seed, resamples)?);
    }
    for (at, of) in measured.iter_mut().enumerate() {
        let own: Vec<&Draws> = drawn.iter().map(|arm| &arm[at]).collect();
        of.ranks = ranks(of, &own);
        if clustered && matches!(of.kind, MetricKind::Quantile(_)) {
            quantiles(of, &own);
        }
    }
    Ok(())
}

/// Draws of all metrics of one vendor.
fn draws(measured: &[Measured], arm: usize, seed: u64, resamples: usize) -> Result<Vec<Draws>, ContrastError> {
    let pseudo: Vec<Option<Vec<f64>>> = measured
        .iter()
        .map(|of| match &of.resampled[arm] {
            Resampled::Linear(influence) if influence.units.len() as u64 >= MIN_UNITS => Some(influence.pseudo_values()),
            _ => None,
        })
        .collect();
    let mut questions = Vec::new();
    let mut places = Vec::new();
    for (at, of) in measured.iter().enumerate() {
        match (&of.resampled[arm], &pseudo[at]) {
            (Resampled::Linear(influence), Some(values)) => {
                places.push((at, 0));
                questions.push(Question::Mean(crate::statistics::contrast::Arm { values, units: Some(&influence.units) }));
            }
            (Resampled::Quantiles(strata, q), _) => {
                for (stratum, ordered) in strata.iter().enumerate() {
                    let Some(of) = ordered.as_ref().filter(|of| of.units() >= MIN_UNITS) else { continue };
                    places.push((at, stratum));
                    questions.push(Question::Quantile { of, q: *q });
                }
            }
            _ => {}
        }
    }
    let mut answers: Vec<Draws> = measured.iter().map(|of| vec![None; of.weights.len().max(1)]).collect();
    for ((at, stratum), drawn) in places.into_iter().zip(bootstrap::draws(&questions, seed, resamples)?) {
        answers[at][stratum] = Some(drawn);
    }
    Ok(answers)
}

/// A vendor's draws of all strata together; `None` where a stratum that weighs something was not drawn.
fn together(draws: &Draws, weights: &[f64]) -> Option<Drawn> {
    let total: f64 = weights.iter().sum();
    let mut sum: Option<Drawn> = None;
    for (weight, drawn) in weights.iter().zip(draws).filter(|(weight, _)| **weight > 0.0) {
        let (share, drawn) = (weight / total, drawn.as_ref()?);
        let sum = sum.get_or_insert_with(|| Drawn { value: 0.0, draws: vec![0.0; drawn.draws.len()], units: 0, rows: 0 });
        sum.value += share * drawn.value;
        sum.draws.iter_mut().zip(&drawn.draws).for_each(|(sum, draw)| *sum += share * draw);
        sum.units += drawn.units;
        sum.rows += drawn.rows;
    }
    sum
}

fn ranks(of: &Measured, draws: &[&Draws]) -> Option<Vec<Vec<f64>>> {
    let quantiles = matches!(of.kind, MetricKind::Quantile(_));
    let drawn: Vec<Drawn> =
        draws.iter().map(|own| if quantiles { together(own, &of.weights) } else { own.first()?.clone() }).collect::<Option<_>>()?;
    let better = match of.metric.better {
        Better::Higher => bootstrap::Better::Higher,
        Better::Lower => bootstrap::Better::Lower,
    };
    bootstrap::ranks(&drawn.iter().collect::<Vec<_>>(), better).ok()
}

/// The resampled interval in place of the analytic one, which stays beside it.
fn quantiles(of: &mut Measured, draws: &[&Draws]) {
    for pair in &mut of.pairs {
        let Ok(overall) = &pair.overall else { continue };
        let (Some(first), Some(second)) = (together(draws[pair.first], &pair.weights), together(draws[pair.second], &pair.weights)) else {
            continue;
        };
        let [first_units, second_units] = overall.difference.units();
        let (first, second) = (Drawn { units: first_units, ..first }, Drawn { units: second_units, ..second });
        if let Ok(difference) = bootstrap::difference(&first, &second) {
            pair.analytic = Some(overall.difference.clone());
            pair.overall = Ok(Compared { difference, ratio: bootstrap::ratio(&first, &second).ok() });
        }
    }
}
