//! Planted onsets are found and flat noise is left alone, over many seeds.

use proptest::prelude::*;

use super::*;

/// SplitMix64 (Steele, Lea, Flood 2014): enough randomness for a test, with the seed as its only state.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One minute of the clock with so many sessions, each bad with probability `p`.
    fn minute(&mut self, total: u64, p: f64) -> Minutes {
        Minutes { bad: (0..total).filter(|_| self.next() < p).count() as u64, total }
    }
}

/// A slice of `sessions` at a time, bad at `from` until the minute `at` and at `to` thereafter.
fn planted(seed: u64, sessions: u64, at: usize, from: f64, to: f64) -> Vec<Minutes> {
    let mut dice = Dice(seed);
    (0..60).map(|minute| dice.minute(sessions, if minute < at { from } else { to })).collect()
}

#[track_caller]
fn check_found(sessions: u64, at: usize, from: f64, to: f64) {
    let near = |seed: &u64| onset(&planted(*seed, sessions, at, from, to)).is_some_and(|found| found.minute.abs_diff(at) <= 2);
    let found = (0..200).filter(near).count();
    assert!(found >= 190, "found {found} of 200");
}

#[test]
fn a_planted_onset_is_found_within_two_minutes() {
    check_found(40, 30, 0.05, 0.40);
    check_found(40, 52, 0.05, 0.40);
    check_found(20, 10, 0.02, 0.50);
    check_found(300, 45, 0.02, 0.12);
}

#[track_caller]
fn check_quiet(what: &str, series: impl Fn(u64) -> Vec<Minutes>) {
    let alarms = (0..400).filter(|seed| onset(&series(*seed)).is_some()).count();
    assert!(alarms <= 20, "{alarms} false alarms of 400 on {what}");
}

#[test]
fn flat_noise_has_no_onset_in_95_of_100_seeds() {
    for (sessions, p) in [(5, 0.1), (20, 0.01), (40, 0.05), (40, 0.5), (300, 0.002), (300, 0.95)] {
        check_quiet(&format!("{sessions} sessions at {p}"), |seed| planted(seed, sessions, 0, p, p));
    }
}

#[test]
fn getting_better_is_no_onset() {
    check_quiet("an improvement", |seed| planted(seed, 40, 30, 0.4, 0.05));
}

/// Sessions that last 8 minutes on average and are bad throughout or good throughout, so that bad minutes come in rows.
#[test]
fn sessions_that_come_and_go_are_not_taken_for_an_onset() {
    check_quiet("lasting sessions", |seed| {
        let mut dice = Dice(seed);
        let mut bad: Vec<bool> = (0..40).map(|_| dice.next() < 0.1).collect();
        let mut minute = || {
            for session in &mut bad {
                if dice.next() < 1.0 / 8.0 {
                    *session = dice.next() < 0.1;
                }
            }
            Minutes { bad: bad.iter().filter(|bad| **bad).count() as u64, total: 40 }
        };
        (0..60).map(|_| minute()).collect()
    });
}

#[test]
fn the_two_shares_are_told_with_their_intervals() {
    let found = onset(&planted(7, 40, 30, 0.05, 0.40)).unwrap();
    assert!((29..=31).contains(&found.minute));
    assert!(!found.before.excludes(0.05) && !found.after.excludes(0.40));
    assert_eq!(found.before.n + found.after.n, 60 * 40);
}

#[test]
fn too_few_minutes_have_no_onset() {
    assert_eq!(onset(&[]), None);
    assert_eq!(onset(&[Minutes { bad: 0, total: 29 }, Minutes { bad: 29, total: 29 }]), None);
    assert_eq!(onset(&[Minutes { bad: 0, total: 300 }; 30]), None);
    assert_eq!(onset(&[Minutes { bad: 300, total: 300 }; 30]), None);
}

#[test]
fn a_total_outage_begins_where_it_begins() {
    let mut series = vec![Minutes { bad: 0, total: 50 }; 20];
    series.extend([Minutes { bad: 50, total: 50 }; 3]);
    assert_eq!(onset(&series).map(|found| found.minute), Some(20));
}

proptest! {
    #[test]
    fn an_onset_is_inside_the_series_and_means_worse(
        counts in prop::collection::vec((0..20u64, 0..20u64), 0..60),
    ) {
        let series: Vec<_> = counts.iter().map(|&(bad, good)| Minutes { bad, total: bad + good }).collect();
        if let Some(found) = onset(&series) {
            prop_assert!(0 < found.minute && found.minute < series.len());
            prop_assert!(found.after.value > found.before.value);
            prop_assert!(found.before.n >= MIN_MINUTES && found.after.n >= MIN_MINUTES);
        }
    }

    #[test]
    fn minutes_in_which_nothing_was_judged_change_only_the_index(seed in 0..500u64, gap in 1..29usize) {
        let series = planted(seed, 40, 30, 0.05, 0.40);
        let mut gapped = series.clone();
        gapped.insert(gap, Minutes::default());
        let moved = onset(&series).map(|found| Onset { minute: found.minute + 1, ..found });
        prop_assert!(onset(&gapped) == moved || onset(&series).is_some_and(|found| found.minute <= gap));
    }
}
