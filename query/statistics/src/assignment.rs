//! Who gets which arm, drawn by a seed: permuted blocks, so that arms keep their shares at any moment; and runs under conditions, each made once with
//! every arm.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Longest block before it is repeated: shares finer than hundredths would need blocks in which arms are apart for too long.
const LONGEST: u32 = 100;

/// One unit's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Which arm it gets.
    pub arm: usize,
    /// In which block, from 1.
    pub block: usize,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Under which conditions.
    pub condition: usize,
    /// The arms in the order in which they take their turn.
    pub arms: Vec<usize>,
    /// What chance in the run itself goes by, the same for every arm.
    pub seed: u32,
}

/// How many of each arm a block holds at least; `None` when no block of 100 or fewer has just these shares.
pub fn block(shares: &[f64]) -> Option<Vec<usize>> {
    let whole: f64 = shares.iter().sum();
    if shares.is_empty() || !shares.iter().all(|share| *share > 0.0 && share.is_finite()) {
        return None;
    }
    (1..=LONGEST).find_map(|length| {
        let sizes = shares.iter().map(|share| share / whole * f64::from(length));
        sizes.map(|size| ((size - size.round()).abs() < 1e-4 && size.round() >= 1.0).then_some(size.round() as usize)).collect()
    })
}

/// So many units given arms in random permuted blocks of one, two or three times the least length, drawn too, so that nobody can tell where one
/// ends (ICH E9, 2.3.2). `None` where [`block`] is.
pub fn permuted_blocks(units: usize, shares: &[f64], seed: u64) -> Option<Vec<Placed>> {
    let sizes = block(shares)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut placed = Vec::with_capacity(units);
    for number in 1.. {
        if placed.len() >= units {
            break;
        }
        let times = random.random_range(1..=3);
        let mut arms: Vec<usize> = sizes.iter().enumerate().flat_map(|(arm, size)| std::iter::repeat_n(arm, size * times)).collect();
        arms.shuffle(&mut random);
        placed.extend(arms.into_iter().map(|arm| Placed { arm, block: number }));
    }
    placed.truncate(units);
    Some(placed)
}

/// So many runs, each made once with every arm in an order that is drawn; conditions come equally often, but for what does not divide, in an order that is
/// drawn. Empty without conditions.
pub fn runs(count: usize, arms: usize, conditions: usize, seed: u64) -> Vec<Run> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..conditions).collect();
    let mut taken = Vec::with_capacity(count);
    while taken.len() < count && conditions > 0 {
        order.shuffle(&mut random);
        taken.extend(order.iter().take(count - taken.len()));
    }
    taken.shuffle(&mut random);
    let run = |condition: usize| {
        let mut turns: Vec<usize> = (0..arms).collect();
        turns.shuffle(&mut random);
        Run { condition, arms: turns, seed: random.random() }
    };
    taken.into_iter().map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_are_as_short_as_shares_allow() {
        assert_eq!(block(&[0.5, 0.5]), Some(vec![1, 1]));
        assert_eq!(block(&[0.3, 0.7]), Some(vec![3, 7]));
        assert_eq!(block(&[1.0, 1.0, 1.0]), Some(vec![1, 1, 1]));
        assert_eq!(block(&[0.123_4, 0.876_6]), None);
        assert_eq!(block(&[0.0, 1.0]), None);
    }

    #[test]
    fn whoever_knows_the_last_arms_cannot_tell_the_next() {
        let placed = permuted_blocks(30_000, &[0.5, 0.5], 7).unwrap();
        let same = placed.windows(2).filter(|pair| pair[0].arm == pair[1].arm).count() as f64 / 29_999.0;
        assert!((0.3..0.45).contains(&same), "{same}");
    }

    proptest! {
        #[test]
        fn arms_keep_their_shares_after_every_block(units in 1..400usize, seed: u64) {
            let placed = permuted_blocks(units, &[0.25, 0.75], seed).unwrap();
            prop_assert_eq!(placed.len(), units);
            prop_assert_eq!(&placed, &permuted_blocks(units, &[0.25, 0.75], seed).unwrap());
            let mut seen = [0_usize; 2];
            for (at, one) in placed.iter().enumerate() {
                seen[one.arm] += 1;
                if placed.get(at + 1).is_some_and(|next| next.block != one.block) {
                    prop_assert_eq!(seen[1], 3 * seen[0]);
                }
            }
        }

        #[test]
        fn conditions_come_equally_often_and_every_arm_once_a_run(count in 1..200usize, conditions in 1..7usize, seed: u64) {
            let runs = runs(count, 3, conditions, seed);
            prop_assert_eq!(runs.len(), count);
            let often = |condition: usize| runs.iter().filter(|run| run.condition == condition).count();
            let counts: Vec<usize> = (0..conditions).map(often).collect();
            prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{:?}", counts);
            for run in runs {
                let mut arms = run.arms.clone();
                arms.sort_unstable();
                prop_assert_eq!(arms, vec![0, 1, 2]);
            }
        }
    }
}
