//! Shares of minutes that come in sessions.
//!
//! The minutes of one session go together: a bad network is bad for all of them. Taken as independent they would give intervals that are far too
//! narrow. So the session is the unit: each brings its bad and its judged minutes, and the variance of the share is that of the ratio of the two
//! sums (linearised; Cochran, Sampling Techniques, 3rd edition, 6.4 and 11.3). Only five sums over sessions are needed, which a database can give.

use crate::estimate::{Confidence, Estimate};

/// Judged minutes of a set of sessions, as sums over the sessions. Sets without a common session add and subtract.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClusteredMinutes {
    /// Sessions with a judged minute.
    pub sessions: u64,
    /// Bad minutes.
    pub bad: u64,
    /// Judged minutes.
    pub total: u64,
    /// Sum over sessions of bad^2.
    pub bad_squared: f64,
    /// Sum over sessions of bad * total.
    pub bad_total: f64,
    /// Sum over sessions of total^2.
    pub total_squared: f64,
}

impl ClusteredMinutes {
    /// One session's minutes.
    pub fn session(bad: u64, total: u64) -> Self {
        if total == 0 {
            return Self::default();
        }
        let (b, t) = (bad as f64, total as f64);
        Self { sessions: 1, bad, total, bad_squared: b * b, bad_total: b * t, total_squared: t * t }
    }

    /// Both sets together.
    pub fn merge(self, other: Self) -> Self {
        Self {
            sessions: self.sessions + other.sessions,
            bad: self.bad + other.bad,
            total: self.total + other.total,
            bad_squared: self.bad_squared + other.bad_squared,
            bad_total: self.bad_total + other.bad_total,
            total_squared: self.total_squared + other.total_squared,
        }
    }

    /// What is left without `part`; `None` when `part` is no part of this set.
    pub fn without(self, part: Self) -> Option<Self> {
        let rest = Self {
            sessions: self.sessions.checked_sub(part.sessions)?,
            bad: self.bad.checked_sub(part.bad)?,
            total: self.total.checked_sub(part.total)?,
            bad_squared: self.bad_squared - part.bad_squared,
            bad_total: self.bad_total - part.bad_total,
            total_squared: self.total_squared - part.total_squared,
        };
        (rest.bad <= rest.total).then_some(rest)
    }

    /// The share of bad minutes, 0 to 1, with Wilson's interval at the effective number of minutes (Kish: n over the design effect, never more
    /// than n). Where the sessions say nothing about their scatter (none or all of the minutes bad, or a single session), each session counts as
    /// one observation. `n` is the judged minutes. `None` when there are none.
    pub fn share(self, level: Confidence) -> Option<Estimate> {
        if self.total == 0 || self.sessions == 0 {
            return None;
        }
        let n = self.total as f64;
        let p = self.bad as f64 / n;
        let effective = self.effective_n(p).clamp(1.0, n);
        let z2 = level.z().powi(2);
        let stretch = 1.0 + z2 / effective;
        let centre = (p + z2 / (2.0 * effective)) / stretch;
        let half = level.z() / stretch * (p * (1.0 - p) / effective + z2 / (4.0 * effective * effective)).sqrt();
        Some(Estimate { value: p, low: (centre - half).clamp(0.0, p), high: (centre + half).clamp(p, 1.0), n: self.total })
    }

    fn effective_n(self, p: f64) -> f64 {
        let k = self.sessions as f64;
        let n = self.total as f64;
        let scatter = self.bad_squared - 2.0 * p * self.bad_total + p * p * self.total_squared;
        let variance = k / (k - 1.0) * scatter / (n * n);
        // Rounding can leave a tiny scatter, also below zero, where there is none.
        let none = self.sessions < 2 || variance.is_nan() || variance <= 1e-12;
        if none { k } else { p * (1.0 - p) / variance }
    }
}

/// Difference of two shares of disjoint sets, first minus second, -1 to 1: Newcombe's method 10 over the two shares' own intervals. `n` is the minutes
/// of both. `None` when either set is empty.
pub fn clustered_difference(first: ClusteredMinutes, second: ClusteredMinutes, level: Confidence) -> Option<Estimate> {
    let (a, b) = (first.share(level)?, second.share(level)?);
    let value = a.value - b.value;
    Some(Estimate {
        value,
        low: value - (a.value - a.low).hypot(b.high - b.value),
        high: value + (a.high - a.value).hypot(b.value - b.low),
        n: a.n + b.n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::share;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn sum(sessions: &[(u64, u64)]) -> ClusteredMinutes {
        sessions.iter().fold(ClusteredMinutes::default(), |all, (bad, total)| all.merge(ClusteredMinutes::session(*bad, *total)))
    }

    /// Sessions of one minute are no clusters: Wilson's interval of plain counts, up to the k / (k - 1) of the variance.
    #[test]
    fn sessions_of_one_minute_are_plain_counts() {
        let sessions: Vec<(u64, u64)> = (0..400).map(|i| (u64::from(i % 5 == 0), 1)).collect();
        let clustered = sum(&sessions).share(Confidence::P95).unwrap();
        let plain = share(80, 400, Confidence::P95).unwrap();
        assert!((clustered.low - plain.low).abs() < 5e-4 && (clustered.high - plain.high).abs() < 5e-4, "{clustered:?} {plain:?}");
    }

    /// All or nothing in sessions of ten minutes: a tenth of the information.
    #[test]
    fn sessions_that_are_all_good_or_all_bad_count_once_each() {
        let sessions: Vec<(u64, u64)> = (0..400).map(|i| (if i % 5 == 0 { 10 } else { 0 }, 10)).collect();
        let clustered = sum(&sessions).share(Confidence::P95).unwrap();
        let once = share(80, 400, Confidence::P95).unwrap();
        assert!((clustered.low - once.low).abs() < 5e-4 && (clustered.high - once.high).abs() < 5e-4);
        assert_eq!(clustered.n, 4000);
    }

    #[test]
    fn nothing_bad_is_not_certainty() {
        let clean = sum(&[(0, 100), (0, 100), (0, 100)]).share(Confidence::P95).unwrap();
        assert!(clean.low == 0.0 && clean.high > 0.5, "{clean:?}");
        assert_eq!(ClusteredMinutes::default().share(Confidence::P95), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]
        #[test]
        fn merging_and_taking_away_are_inverse(a in sessions(), b in sessions()) {
            let (a, b) = (sum(&a), sum(&b));
            let back = a.merge(b).without(b).unwrap();
            prop_assert_eq!((back.sessions, back.bad, back.total), (a.sessions, a.bad, a.total));
            prop_assert!((back.bad_total - a.bad_total).abs() < 1e-6);
        }

        #[test]
        fn the_share_lies_in_its_interval(a in sessions()) {
            if let Some(share) = sum(&a).share(Confidence::P95) {
                prop_assert!(0.0 <= share.low && share.low <= share.value && share.value <= share.high && share.high <= 1.0);
            }
        }
    }

    fn sessions() -> impl Strategy<Value = Vec<(u64, u64)>> {
        prop::collection::vec((0..30u64, 0..30u64).prop_map(|(a, b)| (a.min(b), b)), 0..60)
    }

    /// 300 sets of 60 sessions whose badness differs from session to session: the interval must hold the truth about as often as it says.
    #[test]
    fn intervals_cover_the_truth_when_sessions_differ() {
        use rand::{RngExt, SeedableRng};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut covered = 0;
        for _ in 0..300 {
            let sessions: Vec<(u64, u64)> = (0..60)
                .map(|_| {
                    let badness: f64 = if random.random_bool(0.2) { 0.8 } else { 0.05 };
                    let total = random.random_range(3..30);
                    ((0..total).filter(|_| random.random_bool(badness)).count() as u64, total)
                })
                .collect();
            let share = sum(&sessions).share(Confidence::P95).unwrap();
            covered += u32::from(share.low <= 0.2 && 0.2 <= share.high);
        }
        assert!((0.90..=0.99).contains(&(f64::from(covered) / 300.0)), "{covered} of 300");
    }
}
