//! Which quality measures of the same sessions rise with which words: what a word means in numbers.
//!
//! Measures are skewed, so that means are a poor summary; words and measures are set against each other by the probability of superiority: how often
//! a session whose text has the word has the larger value than one whose text has not, ties counting half. It is an association and no more.

use statrs::function::gamma::ln_gamma;

use crate::estimate::{Confidence, Estimate};
use crate::multiplicity::benjamini_hochberg;
use crate::parallel;
use crate::share::share;
use crate::student::{t_quantile, t_two_sided};

/// Words in fewer measured texts than this, or missing from fewer, are not set against a measure: our choice; the approximation is good from 10 on.
pub const MIN_TEXTS: usize = 10;

/// One word against one measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WordMeasure {
    /// Which word, as given.
    pub word: usize,
    /// Which measure, as given.
    pub measure: usize,
    /// How often a session with the word has the larger value than one without: 0.5 when the word says nothing. `n` is the sessions measured.
    pub superiority: Estimate,
    /// Measured sessions whose text has the word.
    pub with: u64,
    /// How often chance alone sets them apart as much.
    pub p: f64,
    /// The share of false ones among the pairs set apart at least as much (Benjamini and Hochberg), over all pairs judged.
    pub q: f64,
}

/// Why words cannot be set against measures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordMeasureError {
    /// Not one value a text.
    #[error("set words against measure {measure}, which has {got} values for {texts} texts")]
    Length {
        /// Which measure, from 0.
        measure: usize,
        /// Its values.
        got: usize,
        /// The texts.
        texts: usize,
    },
    /// A word's texts must be known ones, in order, each once.
    #[error("set word {word} against measures: its texts must be ascending and below {texts}")]
    Texts {
        /// Which word, from 0.
        word: usize,
        /// The texts.
        texts: usize,
    },
}

/// Sets every word against every measure.
///
/// `words` says in which texts each word occurs, ascending; `measures` gives one value a text, NaN where it was not measured. Pairs of fewer than
/// [`MIN_TEXTS`] measured texts with or without the word, and of measures without variation, are left out. Value, interval and `p` are those of
/// Brunner and Munzel (Biometrical Journal 42 (2000), 17-25), which suppose nothing of the shape or spread of the two samples. Where every session
/// with the word lies beyond all without, the variance is estimated as nothing: then `p` is that of the exact permutation test, and the interval
/// Wilson's of as many of as many as the smaller sample has.
///
/// Time is the measures' sorting, and per pair the word's texts: independent of how many lack it.
pub fn word_measures(texts: usize, words: &[&[u32]], measures: &[&[f64]], level: Confidence) -> Result<Vec<WordMeasure>, WordMeasureError> {
    if let Some((measure, values)) = measures.iter().enumerate().find(|(_, values)| values.len() != texts) {
        return Err(WordMeasureError::Length { measure, got: values.len(), texts });
    }
    let ordered = |of: &&[u32]| of.windows(2).all(|pair| pair[0] < pair[1]) && of.last().is_none_or(|last| (*last as usize) < texts);
    if let Some(word) = words.iter().position(|of| !ordered(of)) {
        return Err(WordMeasureError::Texts { word, texts });
    }
    let ranked: Vec<Ranked> = parallel::map(measures.len(), |measure| Ranked::of(measures[measure]));
    let against = |word: usize| -> Vec<WordMeasure> {
        let judge = |(measure, ranked): (usize, &Ranked)| {
            let (superiority, with, p) = ranked.against(words[word], level)?;
            Some(WordMeasure { word, measure, superiority, with, p, q: p })
        };
        ranked.iter().enumerate().filter_map(judge).collect()
    };
    let mut pairs: Vec<WordMeasure> = parallel::map(words.len(), against).into_iter().flatten().collect();
    let p: Vec<f64> = pairs.iter().map(|pair| pair.p).collect();
    pairs.iter_mut().zip(benjamini_hochberg(&p)).for_each(|(pair, q)| pair.q = q);
    Ok(pairs)
}

/// Where each text stands in the order of a measure.
struct Ranked {
    /// Which group of equal values each text is in, ascending; `UNMEASURED` for those without a value.
    group: Vec<u32>,
    /// How many values lie below each group, and at the end how many there are.
    below: Vec<u32>,
}

const UNMEASURED: u32 = u32::MAX;

impl Ranked {
    fn of(values: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..values.len() as u32).filter(|at| !values[*at as usize].is_nan()).collect();
        order.sort_unstable_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
        let (mut group, mut below) = (vec![UNMEASURED; values.len()], Vec::new());
        let mut before = 0;
        // -0 and 0 are the same value, which the total order does not know but this comparison does.
        for same in order.chunk_by(|a, b| values[*a as usize] == values[*b as usize]) {
            same.iter().for_each(|text| group[*text as usize] = below.len() as u32);
            below.push(before);
            before += same.len() as u32;
        }
        below.push(before);
        Self { group, below }
    }

    /// The word's sessions against the rest: the probability of superiority, how many have the word, and p.
    fn against(&self, word: &[u32], level: Confidence) -> Option<(Estimate, u64, f64)> {
        let mut groups: Vec<u32> = word.iter().map(|text| self.group[*text as usize]).filter(|group| *group != UNMEASURED).collect();
        let all = *self.below.last()? as usize;
        let (with, without) = (groups.len(), all - groups.len());
        if with < MIN_TEXTS || without < MIN_TEXTS || self.below.len() < 3 {
            return None;
        }
        groups.sort_unstable();
        let placed = self.placements(&groups);
        let (m, n) = (with as f64, without as f64);
        let value = placed.with.mean / n;
        let n_all = all as u64;
        let (a, b) = (placed.with.variance / (n * n) / m, placed.without.variance / (m * m) / n);
        if a + b <= 0.0 {
            // Complete separation: one of the ends.
            let smaller = with.min(without) as u64;
            let least = share(smaller, smaller, level)?;
            let end = if value > 0.5 { least } else { least.complement() };
            let p = (std::f64::consts::LN_2 + ln_gamma(m + 1.0) + ln_gamma(n + 1.0) - ln_gamma(m + n + 1.0)).exp().min(1.0);
            return Some((Estimate { n: n_all, ..end }, with as u64, p));
        }
        let freedom = (a + b).powi(2) / (a * a / (m - 1.0) + b * b / (n - 1.0));
        let error = (a + b).sqrt();
        let half = t_quantile(level, freedom)? * error;
        let superiority = Estimate { value, low: (value - half).max(0.0), high: (value + half).min(1.0), n: n_all };
        Some((superiority, with as u64, t_two_sided((value - 0.5) / error, freedom)?))
    }

    /// How many of the other sample lie below each session, ties counting half: mean and variance over both samples.
    fn placements(&self, groups: &[u32]) -> Placements {
        let without = f64::from(self.below[self.below.len() - 1]) - groups.len() as f64;
        let (mut with, mut others) = (Sums::default(), Sums::default());
        let mut passed = 0.0;
        // Sessions without the word that were gone by, from the smallest value up.
        let mut gone = 0.0;
        for same in groups.chunk_by(|a, b| a == b) {
            let (group, k) = (same[0] as usize, same.len() as f64);
            let below = f64::from(self.below[group]) - passed;
            let tied = f64::from(self.below[group + 1] - self.below[group]) - k;
            with.add(below + tied / 2.0, k);
            others.add(passed, below - gone);
            others.add(passed + k / 2.0, tied);
            passed += k;
            gone = below + tied;
        }
        others.add(passed, without - gone);
        Placements { with: with.spread(), without: others.spread() }
    }
}

struct Placements {
    with: Spread,
    without: Spread,
}

struct Spread {
    mean: f64,
    variance: f64,
}

/// Sums of whole and half numbers, which are exact up to 2^53.
#[derive(Default)]
struct Sums {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, value: f64, times: f64) {
        self.n += times;
        self.sum += value * times;
        self.squares += value * value * times;
    }

    fn spread(&self) -> Spread {
        let mean = self.sum / self.n;
        Spread { mean, variance: ((self.squares - self.sum * mean) / (self.n - 1.0)).max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judge(values: &[f64], word: &[u32]) -> Option<WordMeasure> {
        word_measures(values.len(), &[word], &[values], Confidence::P95).unwrap().first().copied()
    }

    /// `scipy.stats.brunnermunzel` and `mannwhitneyu`, whose U is the probability times both sizes; see `fixtures/reference/words.py`.
    #[test]
    fn superiority_is_brunner_and_munzels() {
        let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/words.json")).unwrap();
        let reference: serde_json::Value = serde_json::from_str(&file).unwrap();
        let numbers = |of: &serde_json::Value| of.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect::<Vec<_>>();
        let input = &reference["input"]["measures"];
        let word: Vec<u32> = numbers(&input["word"]).into_iter().map(|text| text as u32).collect();
        for (values, want) in input["values"].as_array().unwrap().iter().zip(reference["expected"]["measures"].as_array().unwrap()) {
            let got = judge(&numbers(values), &word).unwrap();
            let without = (got.superiority.n - got.with) as f64;
            assert!((got.superiority.value * got.with as f64 * without - want["u"].as_f64().unwrap()).abs() < 1e-9);
            for (got, name) in [(got.p, "p"), (got.superiority.low, "low"), (got.superiority.high, "high")] {
                assert!((got - want[name].as_f64().unwrap()).abs() < 1e-9, "{name} is {got}, not {}", want[name]);
            }
        }
    }

    #[test]
    fn complete_separation_is_not_certainty() {
        let values: Vec<f64> = (0..40).map(f64::from).collect();
        let got = judge(&values, &(28..40).collect::<Vec<u32>>()).unwrap();
        assert_eq!((got.superiority.value, got.superiority.high), (1.0, 1.0));
        assert!((0.7..0.8).contains(&got.superiority.low) && got.p > 0.0 && got.p < 1e-8);
        let low = judge(&values, &(0..12).collect::<Vec<u32>>()).unwrap();
        assert_eq!((low.superiority.value, low.superiority.low, low.p), (0.0, 0.0, got.p));
    }

    #[test]
    fn too_few_and_constant_are_left_out() {
        let values: Vec<f64> = (0..40).map(f64::from).collect();
        assert_eq!(judge(&values, &[1, 2, 3, 4, 5, 6, 7, 8, 9]), None);
        assert_eq!(judge(&values, &(0..31).collect::<Vec<u32>>()), None);
        assert_eq!(judge(&[7.0; 40], &(0..20).collect::<Vec<u32>>()), None);
        assert_eq!(judge(&[f64::NAN; 40], &(0..20).collect::<Vec<u32>>()), None);
        assert_eq!(word_measures(0, &[], &[&[]], Confidence::P95), Ok(Vec::new()));
    }

    #[test]
    fn wrong_lengths_and_unknown_texts_are_refused() {
        let error = |words: &[&[u32]], measure: &[f64]| word_measures(3, words, &[measure], Confidence::P95).unwrap_err().to_string();
        assert_eq!(error(&[], &[1.0]), "set words against measure 0, which has 1 values for 3 texts");
        assert_eq!(error(&[&[1, 3]], &[1.0; 3]), "set word 0 against measures: its texts must be ascending and below 3");
        assert_eq!(error(&[&[1, 1]], &[1.0; 3]), "set word 0 against measures: its texts must be ascending and below 3");
    }

    proptest! {
        /// Against the definition: all pairs, and placements by counting.
        #[test]
        fn the_fast_way_is_the_slow_one(rows in prop::collection::vec((any::<bool>(), 0..12u8), 25..80)) {
            let word: Vec<u32> = (0..rows.len() as u32).filter(|at| rows[*at as usize].0).collect();
            let values: Vec<f64> = rows.iter().map(|(_, value)| f64::from(*value)).collect();
            let Some(got) = judge(&values, &word) else { return Ok(()) };
            let split = |has: bool| rows.iter().filter(move |row| row.0 == has).map(|row| f64::from(row.1)).collect::<Vec<_>>();
            let (with, without) = (split(true), split(false));
            let place = |of: &[f64], among: &[f64]| -> Vec<f64> {
                let half = |x: f64, y: f64| if y < x { 1.0 } else if y == x { 0.5 } else { 0.0 };
                of.iter().map(|x| among.iter().map(|y| half(*x, *y)).sum::<f64>() / among.len() as f64).collect()
            };
            let (a, b) = (place(&with, &without), place(&without, &with));
            let moments = |of: &[f64]| crate::moments::Moments::of(of.iter().copied()).unwrap();
            prop_assert!((got.superiority.value - moments(&a).mean).abs() < 1e-12);
            let error = moments(&a).variance().unwrap() / a.len() as f64 + moments(&b).variance().unwrap() / b.len() as f64;
            if error > 0.0 {
                let t = (got.superiority.value - 0.5) / error.sqrt();
                let (ea, eb) = (moments(&a).variance().unwrap() / a.len() as f64, moments(&b).variance().unwrap() / b.len() as f64);
                let freedom = error * error / (ea * ea / (a.len() - 1) as f64 + eb * eb / (b.len() - 1) as f64);
                prop_assert!((got.p - t_two_sided(t, freedom).unwrap()).abs() < 1e-9);
            }
        }
    }
}
