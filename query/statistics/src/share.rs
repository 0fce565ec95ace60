//! A proportion with its interval, and the difference of two.

use crate::estimate::{Confidence, Estimate};

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// How many had the property.
    pub hits: u64,
    /// How many there were.
    pub n: u64,
}

/// The share `hits / n` with its Wilson score interval, 0 to 1.
///
/// Wilson, J. Amer. Statist. Assoc. 22 (1927), 209-212: centre (p + z^2/2n) / (1 + z^2/n), half width
/// z / (1 + z^2/n) sqrt(p (1 - p) / n + z^2 / 4n^2). It stays inside 0 to 1 and keeps its level for small n and rare
/// events, where the textbook interval does not. `None` for the share of nobody, and for more hits than there were.
///
/// ```
/// use qoe_statistics::{Confidence, share};
/// let answered = share(40, 100, Confidence::P95).unwrap();
/// assert_eq!(format!("{:.4} to {:.4}", answered.low, answered.high), "0.3094 to 0.4980");
/// ```
pub fn share(hits: u64, n: u64, level: Confidence) -> Option<Estimate> {
    if n == 0 || hits > n {
        return None;
    }
    let p = hits as f64 / n as f64;
    let (low, high) = wilson(p, n as f64, level.z());
    Some(Estimate { value: p, low, high, n })
}

/// The ends of Wilson's interval of a share `p`, 0 to 1, of `n` observations, which need not be whole: weighted answers count for an effective number
/// of them. `z` is how many standard errors it extends.
pub(crate) fn wilson(p: f64, n: f64, z: f64) -> (f64, f64) {
    let z2 = z * z;
    let stretch = 1.0 + z2 / n;
    let centre = (p + z2 / (2.0 * n)) / stretch;
    let half = z / stretch * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At 0 and n hits the ends are exactly 0 and 1; rounding must not leave the value outside its own interval.
    ((centre - half).clamp(0.0, p), (centre + half).clamp(p, 1.0))
}

/// The share of the first less the share of the second, -1 to 1, for two samples independent of each other.
///
/// Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10: the Wilson intervals of the two, combined. `n` is the
/// observations in both. `None` when either share is undefined.
pub fn difference(first: Counts, second: Counts, level: Confidence) -> Option<Estimate> {
    let a = share(first.hits, first.n, level)?;
    let b = share(second.hits, second.n, level)?;
    let value = a.value - b.value;
    Some(Estimate {
        value,
        low: value - (a.value - a.low).hypot(b.high - b.value),
        high: value + (a.high - a.value).hypot(b.value - b.low),
        n: first.n + second.n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(got: Estimate, value: f64, low: f64, high: f64) {
        for (got, want) in [(got.value, value), (got.low, low), (got.high, high)] {
            assert!((got - want).abs() < 5.1e-5, "{got} is not {want}");
        }
    }

    /// The values of the npm package `wilson-score-interval`, an independent implementation; 0 of n has the upper end
    /// z^2 / (n + z^2).
    #[test]
    fn wilson_intervals() {
        check(share(40, 100, Confidence::P95).unwrap(), 0.4, 0.3094, 0.4980);
        check(share(10, 14, Confidence::P95).unwrap(), 0.714_29, 0.4535, 0.8828);
        check(share(0, 10, Confidence::P95).unwrap(), 0.0, 0.0, 0.27754);
    }

    /// Newcombe (1998), Table II, method 10.
    #[test]
    fn newcombe_intervals() {
        let of = |hits, n| Counts { hits, n };
        let check_difference = |a, b, value, low, high| check(difference(a, b, Confidence::P95).unwrap(), value, low, high);
        check_difference(of(56, 70), of(48, 80), 0.2, 0.0524, 0.3339);
        check_difference(of(9, 10), of(3, 10), 0.6, 0.1705, 0.8090);
        check_difference(of(6, 7), of(2, 7), 4.0 / 7.0, 0.0582, 0.8062);
        check_difference(of(5, 56), of(0, 29), 5.0 / 56.0, -0.0381, 0.1926);
        check_difference(of(0, 10), of(0, 20), 0.0, -0.1611, 0.2775);
        check_difference(of(10, 10), of(0, 20), 1.0, 0.6791, 1.0);
    }

    #[test]
    fn the_share_of_nobody_is_undefined() {
        assert_eq!(share(0, 0, Confidence::P95), None);
        assert_eq!(share(3, 2, Confidence::P95), None);
        assert_eq!(difference(Counts { hits: 1, n: 2 }, Counts::default(), Confidence::P95), None);
    }

    /// Binomial probabilities of 0 to n hits, by recurrence.
    fn binomial(n: u64, p: f64) -> Vec<f64> {
        let step = |k: u64| (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        let first = (1.0 - p).powf(n as f64);
        std::iter::successors(Some((0, first)), |&(k, mass)| (k < n).then(|| (k + 1, mass * step(k)))).map(|(_, mass)| mass).collect()
    }

    /// Exact coverage over a grid of truths: on average what it says, and nowhere much below.
    #[test]
    fn a_95_percent_interval_covers_95_percent_of_the_time() {
        let coverage = |p: f64| -> f64 {
            let covers = |hits: u64| !share(hits, 40, Confidence::P95).unwrap().excludes(p);
            (0u64..).zip(binomial(40, p)).filter(|(hits, _)| covers(*hits)).map(|(_, mass)| mass).sum()
        };
        let all: Vec<f64> = (2..=98).map(|percent| coverage(f64::from(percent) / 100.0)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        assert!((0.945..0.965).contains(&mean), "covers {mean} on average");
        assert!(all.iter().all(|covered| *covered > 0.90), "covers {:?} somewhere", all);
    }

    /// The same for the difference, over both samples; of rare events it covers more than it says.
    #[test]
    fn a_difference_is_covered_95_percent_of_the_time() {
        for (p, q) in [(0.1, 0.3), (0.5, 0.5), (0.02, 0.05), (0.8, 0.6)] {
            let (first, second) = (binomial(50, p), binomial(30, q));
            let mut covered = 0.0;
            for (a, mass_a) in (0u64..).zip(&first) {
                for (b, mass_b) in (0u64..).zip(&second) {
                    let got = difference(Counts { hits: a, n: 50 }, Counts { hits: b, n: 30 }, Confidence::P95).unwrap();
                    covered += if got.excludes(p - q) { 0.0 } else { mass_a * mass_b };
                }
            }
            assert!((0.93..0.995).contains(&covered), "{p} - {q} is covered {covered}");
        }
    }

    proptest! {
        #[test]
        fn a_share_lies_in_its_interval_and_the_interval_in_0_to_1(n in 1..10_000u64, part in 0.0..=1.0f64, level in 0.5..0.999f64) {
            let hits = (part * n as f64) as u64;
            let got = share(hits, n, Confidence::new(level).unwrap()).unwrap();
            prop_assert!(0.0 <= got.low && got.low <= got.value && got.value <= got.high && got.high <= 1.0);
        }

        #[test]
        fn a_difference_turned_round_changes_its_sign(a in 0..=50u64, b in 0..=70u64) {
            let (first, second) = (Counts { hits: a, n: 50 }, Counts { hits: b, n: 70 });
            let one = difference(first, second, Confidence::P95).unwrap();
            let other = difference(second, first, Confidence::P95).unwrap();
            prop_assert!((one.value + other.value).abs() < 1e-12 && (one.low + other.high).abs() < 1e-12);
            prop_assert!(-1.0 - 1e-12 <= one.low && one.high <= 1.0 + 1e-12);
        }
    }
}
