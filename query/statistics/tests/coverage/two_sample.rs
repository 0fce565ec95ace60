//! Two samples of skewed minutes that differ in size and scatter: are the difference and the ratio of their means found again?

use qoe_statistics::two_sample::{paired, ratio_of_means, welch};
use qoe_statistics::{Confidence, Moments};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::{Trial, play};

/// Sum of `shape` exponential waits, each of this mean.
fn gamma(random: &mut ChaCha8Rng, shape: u32, mean: f64) -> f64 {
    (0..shape).map(|_| -mean * (1.0 - random.random::<f64>()).ln()).sum()
}

fn minutes(seed: u64, n: usize, shape: u32, mean: f64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| gamma(&mut random, shape, mean)).collect()
}

#[test]
fn differences_and_ratios_are_found() {
    let level = Confidence::P95;
    let samples = |seed| {
        let of = |values: Vec<f64>| Moments::of(values).unwrap();
        (of(minutes(seed, 60, 6, 5.0)), of(minutes(seed ^ 0xffff_0000, 150, 3, 8.0)))
    };
    play("two samples: difference of means", |seed| {
        let (first, second) = samples(seed);
        Trial { truth: 6.0, estimate: welch(first, second, level).ok().map(|of| of.estimate) }
    })
    .covers_as_it_says();
    play("two samples: ratio of means", |seed| {
        let (first, second) = samples(seed);
        Trial { truth: 1.25, estimate: ratio_of_means(first, second, level).ok() }
    })
    .covers_as_it_says();
    play("pairs: difference", |seed| {
        let (shared, first, second) = (minutes(seed, 50, 4, 5.0), minutes(!seed, 50, 4, 2.0), minutes(seed ^ 0xabc_0000, 50, 4, 1.5));
        let add = |of: &[f64]| -> Vec<f64> { shared.iter().zip(of).map(|(a, b)| a + b).collect() };
        Trial { truth: 2.0, estimate: paired(&add(&first), &add(&second), level).ok().map(|of| of.estimate) }
    })
    .covers_as_it_says();
}

#[test]
fn equal_means_are_not_called_different() {
    play("two samples of one mean: difference", |seed| {
        let (first, second) = (minutes(seed, 60, 6, 4.0), minutes(seed ^ 0xffff_0000, 150, 3, 8.0));
        let of = |values: Vec<f64>| Moments::of(values).unwrap();
        Trial { truth: 0.0, estimate: welch(of(first), of(second), Confidence::P95).ok().map(|of| of.estimate) }
    })
    .calls_nothing(0.0);
}
