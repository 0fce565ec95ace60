//! Where the bad minutes are: slices ranked by how many more they have than they would at the rate of everybody else.
//!
//! A ratio alone puts the smallest slices on top, a count alone the largest. Excess = bad - total * (rest's bad / rest's total) weighs both: it is
//! the number of bad minutes that would not be there if the slice did as well as the rest. What is ranked is an association; a slice can stand
//! high because of what else is in it.

use crate::clustered::{ClusteredMinutes, clustered_difference};
use crate::estimate::{Confidence, Estimate};

/// The fewest minutes with which a slice, and its rest, are compared. Our choice: at 30 the interval of a share is still some 35 points wide, and
/// below that a board would name places where nothing can be known.
pub const MIN_MINUTES: u64 = 30;

/// The fewest sessions that can make a slice clearly bad. Our choice: what fewer sessions have in common is more likely themselves than the slice.
pub const MIN_SESSIONS: u64 = 5;

/// A slice with what it has too much of.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceExcess<K> {
    /// Which slice.
    pub key: K,
    /// Bad minutes beyond what the rest's rate would have given it; negative where it did better. The interval is that of the difference of the
    /// two shares, with sessions as clusters, times the slice's minutes.
    pub excess: Estimate,
    /// Its share of bad minutes.
    pub share: Estimate,
    /// The share of bad minutes of all the rest.
    pub rest: Estimate,
    /// Sessions in it.
    pub sessions: u64,
    /// Whether it is worse than the rest beyond chance, also when it is remembered how many slices were looked at (Bonferroni). Never so with fewer
    /// than [`MIN_SESSIONS`] sessions.
    pub clear: bool,
}

/// The slices in order, and those that could not be put in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking<K> {
    /// Most excess bad minutes first.
    pub ranked: Vec<SliceExcess<K>>,
    /// Slices with too few minutes, or nothing left to compare with.
    pub too_small: Vec<K>,
}

/// Ranks slices of `all` by their excess bad minutes, each against all the rest. The slices may be of several dimensions and overlap. Neither a
/// slice nor its rest may have fewer than `min_minutes` (see [`MIN_MINUTES`]).
pub fn rank<K>(
    all: ClusteredMinutes,
    slices: impl IntoIterator<Item = (K, ClusteredMinutes)>,
    min_minutes: u64,
    level: Confidence,
) -> Ranking<K> {
    let (comparable, too_small): (Vec<_>, Vec<_>) = slices
        .into_iter()
        .partition(|(_, slice)| slice.total >= min_minutes && all.without(*slice).is_some_and(|rest| rest.total >= min_minutes));
    let looked_at = comparable.len().max(1) as f64;
    let strict = Confidence::new(1.0 - (1.0 - level.level()) / looked_at).unwrap_or(level);
    let mut ranked: Vec<SliceExcess<K>> =
        comparable.into_iter().filter_map(|(key, slice)| compare(all, key, slice, level, strict)).collect();
    ranked.sort_by(|a, b| b.excess.value.total_cmp(&a.excess.value));
    Ranking { ranked, too_small: too_small.into_iter().map(|(key, _)| key).collect() }
}

fn compare<K>(all: ClusteredMinutes, key: K, slice: ClusteredMinutes, level: Confidence, strict: Confidence) -> Option<SliceExcess<K>> {
    let rest = all.without(slice)?;
    let apart = clustered_difference(slice, rest, level)?;
    Some(SliceExcess {
        key,
        excess: Estimate { n: slice.total, ..apart }.scaled(slice.total as f64),
        share: slice.share(level)?,
        rest: rest.share(level)?,
        sessions: slice.sessions,
        clear: slice.sessions >= MIN_SESSIONS && clustered_difference(slice, rest, strict)?.low > 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(n: u64, bad: u64, total: u64) -> ClusteredMinutes {
        (0..n).fold(ClusteredMinutes::default(), |all, i| all.merge(ClusteredMinutes::session((bad + i % 2).min(total), total)))
    }

    #[test]
    fn the_slice_that_would_gain_most_comes_first() {
        // 5 small sessions all bad; 100 large ones half bad; 300 clean ones.
        let (small, large, clean) = (sessions(5, 9, 10), sessions(100, 10, 20), sessions(300, 0, 20));
        let all = small.merge(large).merge(clean);
        let ranking = rank(all, [("small", small), ("large", large), ("clean", clean)], MIN_MINUTES, Confidence::P95);
        let order: Vec<&str> = ranking.ranked.iter().map(|slice| slice.key).collect();
        assert_eq!(order, ["large", "small", "clean"]);
        assert!(ranking.ranked[0].clear && !ranking.ranked[2].clear);
        let large = &ranking.ranked[0];
        let rest = (small.merge(clean).bad as f64) / (small.merge(clean).total as f64);
        assert!((large.excess.value - (1050.0 - 2000.0 * rest)).abs() < 1e-9, "{large:?}");
    }

    #[test]
    fn few_minutes_are_not_ranked() {
        let (few, many) = (sessions(2, 10, 14), sessions(100, 1, 20));
        let ranking = rank(few.merge(many), [("few", few)], MIN_MINUTES, Confidence::P95);
        assert_eq!((ranking.ranked.len(), ranking.too_small), (0, vec!["few"]));
    }

    #[test]
    fn one_odd_session_is_not_a_clear_slice() {
        // One session of 60 bad minutes among 200 clean ones of 20: many minutes, but one session tells nothing of a place.
        let (odd, clean) = (ClusteredMinutes::session(60, 60), sessions(200, 0, 20));
        let ranking = rank(odd.merge(clean), [("odd", odd)], MIN_MINUTES, Confidence::P95);
        assert!(!ranking.ranked[0].clear, "{:?}", ranking.ranked[0]);
    }

    #[test]
    fn chance_alone_is_seldom_clear() {
        use rand::{RngExt, SeedableRng};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(11);
        let mut alarms = 0;
        for _ in 0..200 {
            let slices: Vec<(usize, ClusteredMinutes)> = (0..20)
                .map(|slice| {
                    let minutes = (0..20).fold(ClusteredMinutes::default(), |all, _| {
                        let badness = if random.random_bool(0.1) { 0.7 } else { 0.03 };
                        let bad = (0..10).filter(|_| random.random_bool(badness)).count() as u64;
                        all.merge(ClusteredMinutes::session(bad, 10))
                    });
                    (slice, minutes)
                })
                .collect();
            let all = slices.iter().fold(ClusteredMinutes::default(), |all, (_, slice)| all.merge(*slice));
            alarms += u32::from(rank(all, slices, MIN_MINUTES, Confidence::P95).ranked.iter().any(|slice| slice.clear));
        }
        assert!(alarms <= 20, "{alarms} of 200 boards with nothing to see named a place");
    }
}
