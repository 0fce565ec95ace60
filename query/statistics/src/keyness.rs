//! What sets the words of some apart from those of the others: of the discontented from everyone else's.
//!
//! The log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn, Fightin' Words, Political Analysis 16 (2008), 372-403). It
//! counts texts and not tokens: one person who says "lag" ten times is one who says it, so that a few who repeat themselves decide nothing and texts
//! are the independent observations that the interval supposes.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::estimate::{Confidence, Estimate};
use crate::multiplicity::benjamini_hochberg;

/// In how many texts of either side a word occurs; a text of several occurrences counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Texts of the first side (the discontented) with the word.
    pub first: u64,
    /// Texts of the second side with the word.
    pub second: u64,
}

/// How much more a word belongs to the first side than to the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keyness {
    /// Log of the ratio of odds that a text has the word, first side over second: above 0 it is the first side's. `n` is the texts with the word.
    pub log_odds: Estimate,
    /// The log-odds ratio in standard errors: what words are ranked by, because it does not favour the rare as the ratio does.
    pub z: f64,
    /// How often chance alone makes a word stand out as much.
    pub p: f64,
    /// The share of false ones among the words that stand out at least as much (Benjamini and Hochberg), over all words judged.
    pub q: f64,
}

/// Texts of prior evidence, which say of every word what both sides together say: our choice, for it steadies a word of a few texts and moves one of
/// many hardly at all.
pub const PRIOR_TEXTS: f64 = 10.0;

/// Words in fewer texts than this are not judged: our choice; their interval says nothing, and they would only make the correction for many words
/// harsher.
pub const MIN_TEXTS: u64 = 10;

/// Why words cannot be set against each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeynessError {
    /// One side said nothing.
    #[error("set the words of {first} texts against those of {second}: with fewer than 2 on a side there is nothing to compare")]
    NotEnough {
        /// Texts of the first side.
        first: u64,
        /// Texts of the second side.
        second: u64,
    },
    /// More texts with a word than there are.
    #[error("word {word} occurs in {got:?} of {first} and {second} texts")]
    Count {
        /// Which word, from 0.
        word: usize,
        /// Where it is said to occur.
        got: Occurrence,
        /// Texts of the first side.
        first: u64,
        /// Texts of the second side.
        second: u64,
    },
}

/// The keyness of every word, given how many texts each side has. `None` for words in fewer than [`MIN_TEXTS`] texts, and for those in all of them,
/// which set nobody apart.
///
/// With y of n texts and a prior of A texts of which a = A y / n have the word, each side's odds are (y + a) / (n + A - y - a); the variance of
/// the log-odds ratio is the sum over both sides of 1 / (y + a) + 1 / (n + A - y - a) (equation 19, with both terms, because a word may be in most
/// texts).
pub fn keyness(words: &[Occurrence], first: u64, second: u64, level: Confidence) -> Result<Vec<Option<Keyness>>, KeynessError> {
    if first < 2 || second < 2 {
        return Err(KeynessError::NotEnough { first, second });
    }
    if let Some(word) = words.iter().position(|word| word.first > first || word.second > second) {
        return Err(KeynessError::Count { word, got: words[word], first, second });
    }
    let mut all: Vec<Option<Keyness>> = words.iter().map(|word| one(*word, first as f64, second as f64, level)).collect();
    let p: Vec<f64> = all.iter().flatten().map(|word| word.p).collect();
    for (word, q) in all.iter_mut().flatten().zip(benjamini_hochberg(&p)) {
        word.q = q;
    }
    Ok(all)
}

fn one(word: Occurrence, first: f64, second: f64, level: Confidence) -> Option<Keyness> {
    let n = word.first + word.second;
    if n < MIN_TEXTS || n as f64 >= first + second {
        return None;
    }
    let prior = PRIOR_TEXTS * n as f64 / (first + second);
    let side = |with: u64, texts: f64| {
        let with = with as f64 + prior;
        let without = texts + PRIOR_TEXTS - with;
        ((with / without).ln(), 1.0 / with + 1.0 / without)
    };
    let ((a, variance_a), (b, variance_b)) = (side(word.first, first), side(word.second, second));
    let (value, error) = (a - b, (variance_a + variance_b).sqrt());
    let (z, half) = (value / error, level.z() * error);
    let p = 2.0 * Normal::standard().cdf(-z.abs());
    Some(Keyness { log_odds: Estimate { value, low: value - half, high: value + half, n }, z, p, q: p })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// numpy, and `statsmodels` (`fdr_bh`); see `fixtures/reference/words.py`.
    #[test]
    fn log_odds_are_those_of_the_reference() {
        let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/words.json")).unwrap();
        let reference: serde_json::Value = serde_json::from_str(&file).unwrap();
        let (input, want) = (&reference["input"]["keyness"], reference["expected"]["keyness"].as_array().unwrap());
        let count = |value: &serde_json::Value| value.as_u64().unwrap();
        let words = input["words"].as_array().unwrap().iter();
        let words: Vec<Occurrence> = words.map(|pair| Occurrence { first: count(&pair[0]), second: count(&pair[1]) }).collect();
        let got = keyness(&words, count(&input["first"]), count(&input["second"]), Confidence::P95).unwrap();
        for (got, want) in got.iter().zip(want) {
            let Some(got) = got else {
                assert!(want.is_null());
                continue;
            };
            let all = [(got.log_odds.value, "value"), (got.log_odds.low, "low"), (got.log_odds.high, "high"), (got.z, "z"), (got.p, "p")];
            for (got, name) in all.into_iter().chain([(got.q, "q")]) {
                assert!((got - want[name].as_f64().unwrap()).abs() < 1e-9, "{name} is {got}, not {}", want[name]);
            }
        }
    }

    #[test]
    fn rare_words_and_words_of_all_are_not_judged() {
        let of = |first, second| Occurrence { first, second };
        let got = keyness(&[of(5, 4), of(20, 30), of(9, 11)], 20, 30, Confidence::P95).unwrap();
        assert!(got[0].is_none() && got[1].is_none() && got[2].is_some());
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let error = |words: &[Occurrence], first, second| keyness(words, first, second, Confidence::P95).unwrap_err().to_string();
        assert!(error(&[], 0, 9).starts_with("set the words of 0 texts against those of 9:"));
        assert!(
            error(&[Occurrence { first: 9, second: 1 }], 8, 9)
                .starts_with("word 0 occurs in Occurrence { first: 9, second: 1 } of 8 and 9")
        );
        assert_eq!(keyness(&[], 8, 9, Confidence::P95), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn the_sides_exchanged_change_the_sign(a in 0..=40u64, b in 0..=70u64) {
            let one = keyness(&[Occurrence { first: a, second: b }], 40, 70, Confidence::P95).unwrap()[0];
            let other = keyness(&[Occurrence { first: b, second: a }], 70, 40, Confidence::P95).unwrap()[0];
            match (one, other) {
                (Some(one), Some(other)) => {
                    prop_assert!((one.z + other.z).abs() < 1e-9 && (one.log_odds.low + other.log_odds.high).abs() < 1e-9);
                    prop_assert!(one.z.is_finite() && (0.0..=1.0).contains(&one.p));
                }
                (one, other) => prop_assert!(one.is_none() && other.is_none()),
            }
        }

        #[test]
        fn adjusted_never_fall_below_their_p_nor_change_order(p in prop::collection::vec(0.0..=1.0f64, 0..30)) {
            let q = benjamini_hochberg(&p);
            prop_assert!(p.iter().zip(&q).all(|(p, q)| *q >= p - 1e-15 && *q <= 1.0));
            for (i, j) in (0..p.len()).flat_map(|i| (0..p.len()).map(move |j| (i, j))) {
                prop_assert!(p[i] > p[j] || q[i] <= q[j] + 1e-15);
            }
        }
    }
}
