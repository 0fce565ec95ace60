//! Differences within strata taken together: like compared with like, each stratum weighed by its size.
//!
//! A unit may have rows in several strata, whose differences then go together: how much wider that makes the interval follows from what each unit moves over
//! all strata, against what it moves in each by itself.

use super::answer::{Contrast, Scale};
use super::error::ContrastError;
use super::joint::{Move, ROUNDING, Side};
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
    parts: Vec<(u32, f64)>,
    strata: u32,
}

impl Gathered {
    fn extend(&mut self, units: Option<&[u32]>, rows: usize, moved: impl Fn(usize) -> f64) {
        let from = self.parts.len() as u32;
        for (at, run) in runs(units, rows).enumerate() {
            let unit = units.map_or(from + at as u32, |units| units[run.start]);
            let sum: f64 = run.map(&moved).sum();
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
        Influence { value: self.value, units, moved }
    }
}

/// Differences of strata, each with its weight, as one: weights are made to add up to 1.
///
/// The value is the weighed mean. Each end is as far from it as the strata's ends are from theirs, in squares (MOVER; Zou and Donner, Statistics in Medicine 27
/// (2008), 1693-1702); Student's t with Satterthwaite's degrees of freedom. Where units have rows in several strata, errors are those of what each unit moves
/// over all strata in place of each by itself, and degrees of freedom fewer as its rows are then of one unit (Kish). That makes errors wider, and never
/// less wide unless units are in both arms: whoever has one arm's rows in one stratum and the other's in another moves both the same way.
///
/// Err without strata or weights, for ratios and contrasts of resamples (weigh their draws instead), and when shared units leave no error. One stratum alone
/// comes back as it is.
pub fn combined(strata: &[(f64, &Contrast)]) -> Result<Contrast, ContrastError> {
    let total: f64 = strata.iter().map(|(weight, _)| weight).sum();
    let possible = strata.iter().all(|(weight, of)| *weight >= 0.0 && of.scale == Scale::Difference && of.law.freedom().is_some());
    let first = strata.first().filter(|_| possible && total > 0.0 && total.is_finite());
    let (_, first) = first.ok_or(ContrastError::Strata { strata: strata.len(), weight: total })?;
    if strata.len() == 1 {
        return Ok((*first).clone());
    }
    let parts: Vec<Weighed> =
        strata.iter().map(|(weight, of)| Weighed { weight: weight / total, value: of.value, law: of.law.clone() }).collect();
    let value = parts.iter().map(|part| part.weight * part.value).sum();
    let variances: Vec<(f64, f64)> = parts.iter().map(|part| part.variance_and_freedom()).collect();
    let common = Common::of(strata, total)?;
    let freedom = satterthwaite(&variances).map_or(f64::INFINITY, |freedom| (freedom * common.freedom).max(1.0));
    let law = Law::Strata { parts, inflation: common.inflation, freedom };
    let (low, high) = law.at(value, 1.0);
    let error = Some((high - low) / 2.0).filter(|error| error.is_finite() && *error > 0.0);
    let rows = strata.iter().fold([0, 0], |sum, (_, part)| [sum[0] + part.rows[0], sum[1] + part.rows[1]]);
    Ok(Contrast { value, scale: Scale::Difference, law, method: first.method, error, units: common.units, rows, moves: Vec::new() })
}

/// What strata have in common.
struct Common {
    /// By which factor errors differ from those of strata that have no unit in common.
    inflation: f64,
    /// By which degrees of freedom do, at most 1.
    freedom: f64,
    /// Units of either arm, each once.
    units: [u64; 2],
}

impl Common {
    fn of(strata: &[(f64, &Contrast)], total: f64) -> Result<Common, ContrastError> {
        let mut moves: Vec<Move> = Vec::with_capacity(strata.iter().map(|(_, of)| of.moves.len()).sum());
        let mut units = [0; 2];
        for (weight, of) in strata {
            let weight = weight / total;
            moves.extend(of.moves.iter().map(|of| Move { moved: weight * of.moved, part: weight * weight * of.part, ..*of }));
            // Rows that stand for themselves are in one stratum.
            if of.moves.is_empty() {
                units = [units[0] + of.units[0], units[1] + of.units[1]];
            }
        }
        moves.sort_by_key(|of| of.unit);
        let (mut together, mut apart, mut parts_together, mut parts_apart, mut shared) = (0.0, 0.0, 0.0, 0.0, 0_u64);
        for same in moves.chunk_by(|a, b| a.unit == b.unit) {
            let (moved, part) = same.iter().fold((0.0, 0.0), |(moved, part), of| (moved + of.moved, part + of.part));
            together += moved * moved;
            parts_together += part * part;
            apart += same.iter().map(|of| of.moved * of.moved).sum::<f64>();
            parts_apart += same.iter().map(|of| of.part * of.part).sum::<f64>();
            let side = same.iter().map(|of| of.side).reduce(Side::with);
            shared += u64::from(side == Some(Side::Both));
            units[0] += u64::from(side != Some(Side::Second));
            units[1] += u64::from(side != Some(Side::First));
        }
        if shared > 0 && together <= ROUNDING * apart {
            return Err(ContrastError::Alike { shared });
        }
        let inflation = if apart > 0.0 { (together / apart).sqrt() } else { 1.0 };
        let inflation = if shared > 0 { inflation } else { inflation.max(1.0) };
        let freedom = if parts_together > 0.0 { (parts_apart / parts_together).min(1.0) } else { 1.0 };
        Ok(Common { inflation, freedom, units })
    }
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
        let both = combined(&[(1.0, &one), (1.0, &one)]).unwrap();
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
        for others in [units, units.map(|unit| unit + 10)] {
            let one = mean_difference(&Arm::of_units(&a, &units), &Arm::of_units(&b, &others)).unwrap();
            let both = combined(&[(0.5, &one), (0.5, &one)]).unwrap();
            close(both.error().unwrap(), one.error().unwrap());
            close(both.law.freedom().unwrap(), one.law.freedom().unwrap());
            assert_eq!(both.units(), one.units());
        }
        let sums = Sums { above: &a, below: None, units: Some(&units) };
        let first = Influence::of_sums(&[(0.5, sums), (0.5, sums)]).unwrap();
        close(first.pseudo_values().iter().sum::<f64>() / first.units.len() as f64, a.iter().sum::<f64>() / 8.0);
    }

    #[test]
    fn swapping_arms_turns_it_round() {
        let (a, b) = ([3.0, 5.0, 4.0, 8.0], [1.0, 4.0, 2.0, 5.0, 9.0]);
        let (one, other) = (mean_difference(&Arm::new(&a), &Arm::new(&b)).unwrap(), mean_difference(&Arm::new(&b), &Arm::new(&a)).unwrap());
        let there = combined(&[(2.0, &one), (1.0, &other)]).unwrap().interval(Confidence::P95);
        let back = combined(&[(2.0, &one), (1.0, &other)]).unwrap().reversed().interval(Confidence::P95);
        close(there.low, -back.high);
        close(there.high, -back.low);
    }

    #[test]
    fn without_strata_or_weights_there_is_nothing() {
        let one = mean_difference(&Arm::new(&[1.0, 2.0]), &Arm::new(&[3.0, 5.0])).unwrap();
        for (strata, weight) in [(vec![], 0.0), (vec![(0.0, &one)], 0.0), (vec![(-1.0, &one), (3.0, &one)], 2.0)] {
            assert_eq!(combined(&strata).unwrap_err(), ContrastError::Strata { strata: strata.len(), weight });
        }
    }
}
