//! This wave of a survey against the last: what changed, and how much of it because other people answered.
//!
//! For people asked independently, [`difference`](crate::difference) (shares), [`mean_difference`] (scores) and
//! [`net_promoter_difference`](crate::drift::net_promoter_difference) say what changed. Where some were asked both times, [`compare`] takes the
//! change apart:
//!
//! change = change of the same people + change of who answered (those who joined, those who left)
//!
//! It is an identity and no theory: the second part is what is left of the change when those who were asked twice speak for everyone, and it is
//! silent on whether those who were asked once changed their minds too.

use crate::estimate::{Confidence, Estimate};
use crate::moments::{Moments, around, mean, mean_difference, satterthwaite};

/// One answer of one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Who.
    pub user: u64,
    /// What they said: points, or 1 and 0 for a share.
    pub score: f64,
}

/// This wave less the last, by where the change comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WaveChange {
    /// The mean of this wave less that of the last. Allows for people asked twice, whose answers resemble each other.
    pub total: Estimate,
    /// How the people asked both times changed: the mean of this answer less the last (paired t). `None` when fewer than two were, or all changed
    /// by the same.
    pub same_people: Option<Estimate>,
    /// The rest of `total`: other people answered. `None` when fewer than two were asked twice, or when all were.
    pub who_answered: Option<Estimate>,
    /// Of that, how far those who joined differ from those who stayed, times their share of this wave. `None` when fewer than two joined.
    pub joined: Option<Estimate>,
    /// Of that, how far those who stayed differed from those who left, times the leavers' share of the last wave. `None` when fewer than two left.
    pub left: Option<Estimate>,
    /// People in the last wave.
    pub last: u64,
    /// People in this wave.
    pub this: u64,
    /// People in both.
    pub both: u64,
}

/// Why two waves cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WaveError {
    /// Too few people.
    #[error("compare a wave of {this} people with one of {last}: each needs at least 2 for its spread to be known")]
    NotEnough {
        /// People in the last wave.
        last: u64,
        /// People in this wave.
        this: u64,
    },
    /// A score that is no number.
    #[error("compare waves in which user {user} gave the score {score}")]
    NotANumber {
        /// Whose.
        user: u64,
        /// The score.
        score: f64,
    },
    /// No spread anywhere.
    #[error("compare a wave of {this} people with one of {last} that all answered alike: without variation nothing can be told from noise")]
    AllTheSame {
        /// People in the last wave.
        last: u64,
        /// People in this wave.
        this: u64,
    },
}

/// Takes the change between two waves apart. A person who answered more than once in a wave counts once, with their mean.
///
/// Intervals are Student's with Satterthwaite's degrees of freedom, for people sampled as those who stayed, joined and left, in the numbers they
/// came in. Where a group is a single person `total` falls back to Welch's interval, as if the waves were independent, which is too wide rather
/// than too narrow.
pub fn compare(last: &[Answer], this: &[Answer], level: Confidence) -> Result<WaveChange, WaveError> {
    let waves = Waves::of(&people(last)?, &people(this)?);
    let both = waves.stayed.len() as u64;
    let (n_last, n_this) = (both + waves.left.n, both + waves.joined.n);
    if n_last < 2 || n_this < 2 {
        return Err(WaveError::NotEnough { last: n_last, this: n_this });
    }
    let (kept, known) = (both as f64 / n_last as f64, both as f64 / n_this as f64);
    let (joined, left) = (waves.joined.times(1.0 - known), waves.left.times(kept - 1.0));
    let everyone = n_last + n_this - both;
    let total = sum(&[waves.stayed(known, -kept), joined, left], everyone, level).or_else(|| {
        let (this, last) = (waves.stayed(1.0, 0.0).merge(waves.joined), waves.stayed(0.0, 1.0).merge(waves.left));
        mean_difference(&this, &last, level)
    });
    let total = total.ok_or(WaveError::AllTheSame { last: n_last, this: n_this })?;
    let enough = |of: u64| both >= 2 && of >= 2;
    let part = |this: f64, last: f64, ends: &[Moments], n: u64| {
        let stayed = waves.stayed(this, last);
        sum(&ends.iter().copied().chain([stayed]).collect::<Vec<_>>(), n, level)
    };
    Ok(WaveChange {
        total,
        same_people: mean(&waves.stayed(1.0, -1.0), level),
        who_answered: part(known - 1.0, 1.0 - kept, &[joined, left], everyone).filter(|_| enough(everyone - both)),
        joined: part(known - 1.0, 0.0, &[joined], n_this).filter(|_| enough(waves.joined.n)),
        left: part(0.0, 1.0 - kept, &[left], n_last).filter(|_| enough(waves.left.n)),
        last: n_last,
        this: n_this,
        both,
    })
}

/// Everyone's mean score, in order of their numbers.
fn people(answers: &[Answer]) -> Result<Vec<Answer>, WaveError> {
    if let Some(bad) = answers.iter().find(|answer| !answer.score.is_finite()) {
        return Err(WaveError::NotANumber { user: bad.user, score: bad.score });
    }
    let mut sorted = answers.to_vec();
    // By score too, so that the order in which answers are given does not matter to the last bit.
    sorted.sort_unstable_by(|a, b| a.user.cmp(&b.user).then(a.score.total_cmp(&b.score)));
    let mean = |of: &[Answer]| Answer { user: of[0].user, score: of.iter().map(|answer| answer.score).sum::<f64>() / of.len() as f64 };
    Ok(sorted.chunk_by(|a, b| a.user == b.user).map(mean).collect())
}

/// Who stayed (the last score, then this), and the moments of those who came once.
struct Waves {
    stayed: Vec<(f64, f64)>,
    joined: Moments,
    left: Moments,
}

impl Waves {
    fn of(last: &[Answer], this: &[Answer]) -> Self {
        let (mut stayed, mut joined, mut left) = (Vec::new(), Vec::new(), Vec::new());
        let mut before = last.iter().peekable();
        for answer in this {
            while let Some(gone) = before.next_if(|other| other.user < answer.user) {
                left.push(gone.score);
            }
            match before.next_if(|other| other.user == answer.user) {
                Some(other) => stayed.push((other.score, answer.score)),
                None => joined.push(answer.score),
            }
        }
        left.extend(before.map(|answer| answer.score));
        // Finite by now, so that their moments exist.
        Self { stayed, joined: Moments::of(joined).unwrap_or_default(), left: Moments::of(left).unwrap_or_default() }
    }

    /// The moments, over those who stayed, of a sum of their two scores.
    fn stayed(&self, this: f64, last: f64) -> Moments {
        Moments::of(self.stayed.iter().map(|(before, after)| this * after + last * before)).unwrap_or_default()
    }
}

/// The sum of the means of independent groups; `None` when one of them is a single person, or nothing varies.
fn sum(groups: &[Moments], n: u64, level: Confidence) -> Option<Estimate> {
    let present = || groups.iter().filter(|group| group.n > 0);
    let variances = present().map(|group| Some((group.variance()? / group.n as f64, (group.n - 1) as f64)));
    let variances: Vec<(f64, f64)> = variances.collect::<Option<_>>()?;
    let variance = variances.iter().map(|(variance, _)| variance).sum();
    around(present().map(|group| group.mean).sum(), variance, satterthwaite(&variances)?, n, level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answers(of: &serde_json::Value) -> Vec<Answer> {
        let answer = |pair: &serde_json::Value| Answer { user: pair[0].as_u64().unwrap(), score: pair[1].as_f64().unwrap() };
        of.as_array().unwrap().iter().map(answer).collect()
    }

    #[track_caller]
    fn check(got: Option<Estimate>, want: &serde_json::Value) {
        let got = got.unwrap();
        for (got, end) in [(got.value, "value"), (got.low, "low"), (got.high, "high")] {
            let want = want[end].as_f64().unwrap();
            assert!((got - want).abs() < 1e-6, "{end}: {got} is not {want}");
        }
    }

    /// scipy (paired t, Welch) and numpy; see `fixtures/reference/drift.py`.
    #[test]
    fn a_change_is_taken_apart() {
        let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/drift.json")).unwrap();
        let reference: serde_json::Value = serde_json::from_str(&file).unwrap();
        let (last, this) = (answers(&reference["input"]["last"]), answers(&reference["input"]["this"]));
        let got = compare(&last, &this, Confidence::P95).unwrap();
        let want = &reference["expected"];
        check(Some(got.total), &want["waves"]["total"]);
        check(got.same_people, &want["paired"]);
        check(got.who_answered, &want["waves"]["who_answered"]);
        check(got.joined, &want["waves"]["joined"]);
        check(got.left, &want["waves"]["left"]);
        assert_eq!((got.last, got.this, got.both), (60, 70, 30));
        let scores = |of: &[Answer]| Moments::of(of.iter().map(|answer| answer.score)).unwrap();
        check(mean_difference(&scores(&this), &scores(&last), Confidence::P95), &want["independent"]);
    }

    fn of(pairs: &[(u64, f64)]) -> Vec<Answer> {
        pairs.iter().map(|(user, score)| Answer { user: *user, score: *score }).collect()
    }

    #[test]
    fn new_people_alone_are_no_change_of_the_same() {
        // The two who stayed answer alike; three delighted ones join.
        let last = of(&[(1, 2.0), (2, 3.0), (3, 2.0)]);
        let this = of(&[(1, 2.0), (2, 3.5), (3, 1.5), (7, 5.0), (8, 4.0), (9, 5.0)]);
        let got = compare(&last, &this, Confidence::P95).unwrap();
        assert_eq!(got.same_people.unwrap().value, 0.0);
        assert!((got.who_answered.unwrap().value - got.total.value).abs() < 1e-12 && got.total.value > 1.0);
        assert_eq!(got.left, None);
    }

    #[test]
    fn asked_twice_in_a_wave_counts_once() {
        let once = compare(&of(&[(1, 3.0), (2, 4.0)]), &of(&[(3, 2.0), (4, 5.0)]), Confidence::P95).unwrap();
        let twice = compare(&of(&[(1, 2.0), (2, 4.0), (1, 4.0)]), &of(&[(4, 5.0), (3, 2.0)]), Confidence::P95).unwrap();
        assert_eq!(once, twice);
        assert_eq!((once.same_people, once.who_answered, once.both), (None, None, 0));
    }

    #[test]
    fn one_person_in_common_leaves_welchs_interval() {
        let (last, this) = (of(&[(1, 3.0), (2, 4.0), (3, 5.0)]), of(&[(3, 2.0), (4, 5.0), (5, 5.0)]));
        let got = compare(&last, &this, Confidence::P95).unwrap();
        let scores = |of: &[Answer]| Moments::of(of.iter().map(|answer| answer.score)).unwrap();
        assert!((got.total.low - mean_difference(&scores(&this), &scores(&last), Confidence::P95).unwrap().low).abs() < 1e-12);
        assert_eq!((got.same_people, got.both), (None, 1));
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let error = |last: &[(u64, f64)], this: &[(u64, f64)]| compare(&of(last), &of(this), Confidence::P95).unwrap_err().to_string();
        assert!(error(&[], &[]).starts_with("compare a wave of 0 people with one of 0:"));
        assert!(error(&[(1, 3.0)], &[(1, 4.0), (2, 3.0)]).starts_with("compare a wave of 2 people with one of 1:"));
        assert!(error(&[(1, 5.0), (2, 5.0)], &[(3, 5.0), (4, 5.0)]).contains("all answered alike"));
        assert_eq!(error(&[(9, f64::NAN)], &[]), "compare waves in which user 9 gave the score NaN");
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_change(
            last in prop::collection::btree_map(0..30u64, 1..6u8, 2..25), this in prop::collection::btree_map(0..30u64, 1..6u8, 2..25),
        ) {
            let of = |wave: &std::collections::BTreeMap<u64, u8>| wave.iter().map(|(u, s)| (*u, f64::from(*s))).collect::<Vec<_>>();
            let Ok(got) = compare(&self::of(&of(&last)), &self::of(&of(&this)), Confidence::P95) else { return Ok(()) };
            if let (Some(same), Some(who)) = (got.same_people, got.who_answered) {
                prop_assert!((same.value + who.value - got.total.value).abs() < 1e-9);
                if let (Some(joined), Some(left)) = (got.joined, got.left) {
                    prop_assert!((joined.value + left.value - who.value).abs() < 1e-9);
                }
            }
            let back = compare(&self::of(&of(&this)), &self::of(&of(&last)), Confidence::P95).unwrap();
            prop_assert!((back.total.value + got.total.value).abs() < 1e-9 && (back.total.low + got.total.high).abs() < 1e-9);
        }
    }
}
