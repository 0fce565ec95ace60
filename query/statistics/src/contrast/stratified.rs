//! Differences within strata taken together: like compared with like, each stratum weighed by its size.
//!
//! A unit may have rows in several strata, whose differences then go together. How much wider that makes the interval is taken from the linearised sums: of
//! each unit over all strata, against those of each stratum by itself.

use super::answer::{Contrast, Scale};
use super::error::ContrastError;
use super::law::{Law, Weighed};
use super::units::runs;
use crate::kaplan_meier::KaplanMeier;
use crate::moments::satterthwaite;
use crate::spell::Spells;

/// How far each unit of an arm moves its figure, the strata weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct Influence {
    /// The figure: the strata's figures, weighed.
    pub value: f64,
    /// The units.
    pub units: Vec<u32>,
    /// How far each moves the figure, over all strata; they add up to nothing.
    pub moved: Vec<f64>,
    /// The sum of squares, were each stratum's part of a unit a unit by itself.
    apart: f64,
}

/// The rows of one stratum of an arm: sums that are divided, those of one unit together.
#[derive(Debug, Clone, Copy)]
pub struct Sums<'a> {
    /// What is counted.
    pub above: &'a [f64],
    /// What it is counted over; `None`: rows.
    pub below: Option<&'a [f64]>,
    /// The unit of each row; `None`: each row is its own.
    pub units: Option<&'a [u32]>,
}

impl Influence {
    /// Of quotients of sums, such as means and shares; `None` where a stratum has nothing to divide by.
    pub fn of_sums(strata: &[(f64, Sums<'_>)]) -> Option<Influence> {
        let mut gathered = Gathered::default();
        for (weight, sums) in strata {
            let rows = sums.above.len();
            let over = |row: usize| sums.below.map_or(1.0, |below| below[row]);
            let (above, below) = (0..rows).fold((0.0, 0.0), |(a, b), row| (a + sums.above[row], b + over(row)));
            if below <= 0.0 || below.is_nan() {
                return None;
            }
            let value = above / below;
            gathered.value += weight * value;
            gathered.extend(sums.units, rows, |row| weight * (sums.above[row] - value * over(row)) / below);
        }
        Some(gathered.finish())
    }

    /// Of mean times up to a horizon; `None` where a stratum's curve is not known so far.
    pub fn of_times(strata: &[(f64, Spells<'_>, Option<&[u32]>)], horizon: f64) -> Option<Influence> {
        let mut gathered = Gathered::default();
        for (weight, spells, units) in strata {
            let curve = KaplanMeier::new(spells).ok()?;
            let mean = curve.restricted_mean(horizon, crate::Confidence::P95).ok()?;
            let moved = curve.restricted_mean_influence(spells, horizon);
            gathered.value += weight * mean.mean.value;
            gathered.extend(*units, spells.rows(), |row| weight * moved[row]);
        }
        Some(gathered.finish())
    }

    /// A value a unit whose mean is the figure and which scatters as the figure's error has it: what is resampled in place of the rows.
    pub fn pseudo_values(&self) -> Vec<f64> {
        let k = self.moved.len() as f64;
        self.moved.iter().map(|moved| self.value + k * moved).collect()
    }
}

#[derive(Default)]
struct Gathered {
    value: f64,
    apart: f64,
    parts: Vec<(u32, f64)>,
    strata: u32,
}

impl Gathered {
    fn extend(&mut self, units: Option<&[u32]>, rows: usize, moved: impl Fn(usize) -> f64) {
        let from = self.parts.len() as u32;
        for (at, run) in runs(units, rows).enumerate() {
            let unit = units.map_or(from + at as u32, |units| units[run.start]);
            let sum: f64 = run.map(&moved).sum();
            self.apart += sum * sum;
            self.parts.push((unit, sum));
        }
        self.strata += 1;
    }

    fn finish(mut self) -> Influence {
        if self.strata > 1 {
            self.parts.sort_by_key(|(unit, _)| *unit);
        }
        let (units, moved) =
            self.parts.chunk_by(|a, b| a.0 == b.0).map(|same| (same[0].0, same.iter().map(|(_, moved)| moved).sum::<f64>())).unzip();
        Influence { value: self.value, units, moved, apart: self.apart }
    }
}

/// By which factor errors of strata taken together exceed those of strata that have no unit in common: at least 1.
pub fn inflation(first: &Influence, second: &Influence) -> f64 {
    let together: f64 = [first, second].iter().flat_map(|arm| &arm.moved).map(|moved| moved * moved).sum();
    let apart = first.apart + second.apart;
    if apart > 0.0 { (together / apart).sqrt().max(1.0) } else { 1.0 }
}

/// Differences of strata, each with its weight, as one: weights are made to add up to 1.
///
/// The value is the weighed mean. Each end is as far from it as the strata's ends are from theirs, in squares (MOVER; Zou and Donner, Statistics in Medicine 27
/// (2008), 1693-1702), times `inflation`; Student's t with Satterthwaite's degrees of freedom. `None` without strata, for ratios, for weights that do not
/// add up to something, and for contrasts of resamples (weigh their draws instead). One stratum alone comes back as it is.
pub fn combined(strata: &[(f64, &Contrast)], inflation: f64) -> Option<Contrast> {
    let total: f64 = strata.iter().map(|(weight, _)| weight).sum();
    let first = strata.first()?.1;
    let possible = strata.iter().all(|(weight, of)| *weight >= 0.0 && of.scale == Scale::Difference && of.law.freedom().is_some());
    if !(possible && total > 0.0 && total.is_finite()) {
        return None;
    }
    if strata.len() == 1 {
        return Some(first.clone());
    }
    let parts: Vec<Weighed> =
        strata.iter().map(|(weight, of)| Weighed { weight: weight / total, value: of.value, law: of.law.clone() }).collect();
    let value = parts.iter().map(|part| part.weight * part.value).sum();
    let variances: Vec<(f64, f64)> = parts.iter().map(|part| part.variance_and_freedom()).collect();
    let freedom = satterthwaite(&variances).unwrap_or(f64::INFINITY);
    let law = Law::Strata { parts, inflation: inflation.max(1.0), freedom };
    let (low, high) = law.at(value, 1.0);
    let error = Some((high - low) / 2.0).filter(|error| error.is_finite() && *error > 0.0);
    let sum = |of: fn(&Contrast) -> [u64; 2]| strata.iter().fold([0, 0], |sum, (_, part)| [sum[0] + of(part)[0], sum[1] + of(part)[1]]);
    Some(Contrast {
        value,
        scale: Scale::Difference,
        law,
        method: first.method,
        error,
        units: sum(Contrast::units),
        rows: sum(Contrast::rows),
    })
}

/// As [`combined`], with as many units as there are: a unit in several strata is one.
pub fn combined_over(strata: &[(f64, &Contrast)], first: &Influence, second: &Influence) -> Result<Contrast, ContrastError> {
    let units = [first.units.len() as u64, second.units.len() as u64];
    let combined = combined(strata, inflation(first, second)).ok_or(ContrastError::TooFew {
        first: units[0],
        second: units[1],
        least: super::MIN_UNITS,
    })?;
    Ok(Contrast { units, ..combined })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contrast::Arm;
    use crate::contrast::mean::mean_difference;
    use crate::estimate::Confidence;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} is not {b}");
    }

    /// Two strata of the same rows, each worth half: the error is that of one by the square root of two.
    #[test]
    fn strata_without_common_units_are_independent() {
        let (a, b) = ([3.0, 5.0, 4.0, 8.0, 2.0, 7.0], [1.0, 4.0, 2.0, 5.0, 3.0, 2.0]);
        let one = mean_difference(&Arm::new(&a), &Arm::new(&b)).unwrap();
        let both = combined(&[(1.0, &one), (1.0, &one)], 1.0).unwrap();
        close(both.value(), one.value());
        close(both.error().unwrap(), one.error().unwrap() / 2.0_f64.sqrt());
        let (p, level) = (both.p_value(0.0), Confidence::new(1.0 - both.p_value(0.0)).unwrap());
        assert!(p < one.p_value(0.0));
        close(both.interval(level).low, 0.0);
    }

    /// A unit with the same rows in both strata: the strata say nothing new, and the error stays that of one.
    #[test]
    fn a_unit_in_both_strata_counts_once() {
        let units = [1, 1, 2, 3, 4, 5, 6, 6];
        let (a, b) = ([3.0, 5.0, 4.0, 8.0, 2.0, 7.0, 6.0, 9.0], [1.0, 4.0, 2.0, 5.0, 3.0, 2.0, 3.0, 1.0]);
        let one = mean_difference(&Arm::of_units(&a, &units), &Arm::of_units(&b, &units)).unwrap();
        let influence = |values: &[f64]| {
            let sums = Sums { above: values, below: None, units: Some(&units) };
            Influence::of_sums(&[(0.5, sums), (0.5, sums)]).unwrap()
        };
        let (first, second) = (influence(&a), influence(&b));
        close(inflation(&first, &second), 2.0_f64.sqrt());
        let both = combined_over(&[(0.5, &one), (0.5, &one)], &first, &second).unwrap();
        close(both.error().unwrap(), one.error().unwrap());
        assert_eq!(both.units(), one.units());
        close(first.pseudo_values().iter().sum::<f64>() / first.units.len() as f64, a.iter().sum::<f64>() / 8.0);
    }

    #[test]
    fn swapping_arms_turns_it_round() {
        let (a, b) = ([3.0, 5.0, 4.0, 8.0], [1.0, 4.0, 2.0, 5.0, 9.0]);
        let (one, other) = (mean_difference(&Arm::new(&a), &Arm::new(&b)).unwrap(), mean_difference(&Arm::new(&b), &Arm::new(&a)).unwrap());
        let there = combined(&[(2.0, &one), (1.0, &other)], 1.0).unwrap().interval(Confidence::P95);
        let back = combined(&[(2.0, &one), (1.0, &other)], 1.0).unwrap().reversed().interval(Confidence::P95);
        close(there.low, -back.high);
        close(there.high, -back.low);
    }

    #[test]
    fn without_strata_or_weights_there_is_nothing() {
        let one = mean_difference(&Arm::new(&[1.0, 2.0]), &Arm::new(&[3.0, 5.0])).unwrap();
        assert!(
            combined(&[], 1.0).is_none()
                && combined(&[(0.0, &one)], 1.0).is_none()
                && combined(&[(-1.0, &one), (3.0, &one)], 1.0).is_none()
        );
    }
}
