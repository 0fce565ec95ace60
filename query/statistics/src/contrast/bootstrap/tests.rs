//! Weights, and what is drawn with them against the slow obvious way.

use proptest::prelude::*;

use super::*;
use crate::contrast::Method;
use crate::contrast::mean::mean_difference;
use crate::contrast::quantile::quantile_difference;
use crate::estimate::Confidence;
use crate::moments::Moments;

/// The weights of units in each of these resamples, as `draws` has them.
fn weights(names: &[u32], seed: u64, resamples: usize) -> Vec<Vec<u8>> {
    let all = Weights::of(std::iter::once(names), seed);
    let blocks: Vec<Vec<[u8; LANES]>> = (0..resamples.div_ceil(LANES)).map(|block| all.draw(block as u64)).collect();
    (0..resamples).map(|at| blocks[at / LANES].iter().map(|unit| unit[at % LANES]).collect()).collect()
}

#[test]
fn weights_are_poisson_and_independent() {
    let names: Vec<u32> = (0..2_000).collect();
    let drawn = weights(&names, 7, 512);
    let all = || drawn.iter().flatten().map(|weight| f64::from(*weight));
    let of = Moments::of(all()).unwrap();
    assert!((of.mean - 1.0).abs() < 0.005 && (of.variance().unwrap() - 1.0).abs() < 0.01, "{of:?}");
    let none = all().filter(|weight| *weight == 0.0).count() as f64 / of.n as f64;
    assert!((none - (-1.0_f64).exp()).abs() < 0.002, "{none}");
    // Neighbouring resamples, and neighbouring units, go their own ways: 1,000 products each have a standard error of 0.001 in the mean.
    let product = |a: u8, b: u8| (f64::from(a) - 1.0) * (f64::from(b) - 1.0);
    let resamples = Moments::of(drawn.windows(2).flat_map(|two| two[0].iter().zip(&two[1]).map(|(a, b)| product(*a, *b)))).unwrap();
    let units = Moments::of(drawn.iter().flat_map(|of| of.windows(2).map(|two| product(two[0], two[1])))).unwrap();
    assert!(resamples.mean.abs() < 0.005 && units.mean.abs() < 0.005, "{} {}", resamples.mean, units.mean);
    // Totals over units vary as a sum of independent ones does.
    let totals = Moments::of(drawn.iter().map(|of| of.iter().map(|weight| f64::from(*weight)).sum())).unwrap();
    assert!((1_600.0..2_400.0).contains(&totals.variance().unwrap()), "{totals:?}");
}

/// Rows of units, as values and units.
fn rows() -> impl Strategy<Value = (Vec<f64>, Vec<u32>)> {
    prop::collection::vec(prop::collection::vec(0..40_u8, 1..9), 10..40).prop_map(|units| {
        let values = units.iter().flatten().map(|value| f64::from(*value)).collect();
        (values, (0_u32..).zip(&units).flat_map(|(unit, rows)| vec![unit * 7; rows.len()]).collect())
    })
}

/// The rows of a resample, repeated by their weights, in order.
fn repeated(values: &[f64], units: &[u32], names: &[u32], weights: &[u8]) -> Vec<f64> {
    let times = |unit: &u32| usize::from(weights[names.partition_point(|name| name < unit)]);
    let mut all: Vec<f64> = values.iter().zip(units).flat_map(|(value, unit)| std::iter::repeat_n(*value, times(unit))).collect();
    all.sort_unstable_by(f64::total_cmp);
    all
}

fn names(units: &[u32]) -> Vec<u32> {
    let mut names = units.to_vec();
    names.dedup();
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_drawn_is_of_the_rows_repeated((values, units) in rows(), q in 0.001..0.999_f64, seed in any::<u64>()) {
        let arm = Arm::of_units(&values, &units);
        let ordered = Ordered::of(&arm).unwrap();
        let drawn = draws(&[Question::Quantile { of: &ordered, q }, Question::Mean(arm)], seed, 50).unwrap();
        let names = names(&units);
        for (at, weights) in weights(&names, seed, 50).iter().enumerate() {
            let all = repeated(&values, &units, &names, weights);
            let Some(last) = all.len().checked_sub(1) else { continue };
            let place = last as f64 * q;
            let (low, high) = (all[place as usize], all[(place as usize + 1).min(last)]);
            prop_assert!((drawn[0].draws[at] - (low + place.fract() * (high - low))).abs() < 1e-9);
            prop_assert!((drawn[1].draws[at] - all.iter().sum::<f64>() / all.len() as f64).abs() < 1e-9);
        }
    }

    /// So that measures which others lack, and arms asked at another time, go together.
    #[test]
    fn what_is_asked_beside_changes_no_draw((values, units) in rows(), seed in any::<u64>()) {
        let arm = Arm::of_units(&values, &units);
        // The second measure was taken of the later units only.
        let from = units.partition_point(|unit| *unit < 14);
        let part = Arm::of_units(&values[from..], &units[from..]);
        prop_assume!(names(&units).len() >= 12);
        let together = draws(&[Question::Mean(arm), Question::Mean(part)], seed, 40).unwrap();
        prop_assert_eq!(&together[0], &draws(&[Question::Mean(arm)], seed, 40).unwrap()[0]);
        prop_assert_eq!(&together[1], &draws(&[Question::Mean(part)], seed, 40).unwrap()[0]);
        // More resamples begin with the same.
        prop_assert_eq!(&together[0].draws[..], &draws(&[Question::Mean(arm)], seed, 90).unwrap()[0].draws[..40]);
    }
}

/// Users of one to nine rows.
fn many(seed: u64, users: u32) -> (Vec<f64>, Vec<u32>) {
    use rand::{RngExt, SeedableRng};
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let (mut values, mut units) = (Vec::new(), Vec::new());
    for user in 0..users {
        let own: f64 = random.random_range(0.0..100.0);
        for _ in 0..random.random_range(1..10) {
            values.push(own - 60.0 * (1.0 - random.random::<f64>()).ln());
            units.push(seed as u32 * 10_000 + user);
        }
    }
    (values, units)
}

/// The window is narrow here, and the walk long.
#[test]
fn resampled_errors_are_those_of_the_formulas() {
    let (a, b) = (many(1, 4_000), many(2, 3_000));
    let (first, second) = (Arm::of_units(&a.0, &a.1), Arm::of_units(&b.0, &b.1));
    let ordered = [first, second].map(|arm| Ordered::of(&arm).unwrap());
    let drawn = [0, 1].map(|at| {
        let questions = [
            Question::Mean([first, second][at]),
            Question::Quantile { of: &ordered[at], q: 0.5 },
            Question::Quantile { of: &ordered[at], q: 0.95 },
        ];
        draws(&questions, at as u64, RESAMPLES).unwrap()
    });
    let formulas =
        [mean_difference(&first, &second), quantile_difference(&first, &second, 0.5), quantile_difference(&first, &second, 0.95)];
    for (at, formula) in formulas.into_iter().enumerate() {
        let (got, formula) = (difference(&drawn[0][at], &drawn[1][at]).unwrap(), formula.unwrap());
        assert_eq!((got.method(), got.units(), got.value()), (Method::ClusterBootstrap, [4_000, 3_000], formula.value()));
        let ratio = got.error().unwrap() / formula.error().unwrap();
        assert!((0.93..1.07).contains(&ratio), "question {at}: {ratio}");
        let (one, other) = (got.interval(Confidence::P95), formula.interval(Confidence::P95));
        assert!((one.low - other.low).abs() < 0.2 * formula.error().unwrap(), "question {at}: {one:?} {other:?}");
    }
}

/// One seed for both arms of the same users takes out what users have in common.
#[test]
fn units_in_both_arms_are_drawn_together_by_one_seed() {
    let (values, units) = many(3, 500);
    let better: Vec<f64> = (0_u32..).zip(&values).map(|(row, value)| value + 5.0 + f64::from(row % 3)).collect();
    let draw = |values: &[f64], seed| draws(&[Question::Mean(Arm::of_units(values, &units))], seed, RESAMPLES).unwrap().remove(0);
    let paired = difference(&draw(&better, 1), &draw(&values, 1)).unwrap().error().unwrap();
    let apart = difference(&draw(&better, 1), &draw(&values, 2)).unwrap().error().unwrap();
    assert!(paired * 20.0 < apart, "{paired} {apart}");
}

/// A unit of tens of thousands of rows, and counts that do not fit sixteen bits.
#[test]
fn one_unit_may_have_most_rows() {
    let units: Vec<u32> = std::iter::repeat_n(0, 50_000).chain(1..200).collect();
    let values: Vec<f64> = units.iter().enumerate().map(|(row, unit)| if *unit == 0 { (row % 100) as f64 } else { 200.0 }).collect();
    let ordered = Ordered::of(&Arm::of_units(&values, &units)).unwrap();
    let drawn = draws(&[Question::Quantile { of: &ordered, q: 0.5 }], 1, 300).unwrap().remove(0);
    // Where the large unit is left out all rows are 200; it is in e of every (e - 1) resamples.
    let without = drawn.draws.iter().filter(|draw| **draw == 200.0).count();
    assert!((70..150).contains(&without), "{without}");
    assert!(drawn.draws.iter().all(|draw| *draw == 200.0 || (49.0..52.0).contains(draw)));
}

#[test]
fn tails_beyond_the_draws_are_normal() {
    let draws: Vec<f64> = (1..2_000).map(|at| crate::normal::normal_quantile(f64::from(at) / 2_000.0).unwrap()).collect();
    let contrast = Contrast::from_draws(0.0, draws, Scale::Difference, [1_000_000; 2], [1_000_000; 2]).unwrap();
    for (level, want) in [(0.95, 1.96), (0.999, 3.29), (0.999_999, 4.89)] {
        let at = contrast.interval(Confidence::new(level).unwrap());
        assert!((at.high - want).abs() < 0.03 && (at.low + want).abs() < 0.03, "{level}: {at:?}");
    }
    assert!((contrast.p_value(6.0).log10() - (1.97e-9_f64).log10()).abs() < 0.2, "{}", contrast.p_value(6.0));
}
