//! Weights that meet known margins: the shares of platforms, regions and tenures among everyone, of which each answer's is known.
//!
//! Iterative proportional fitting (Deming and Stephan, Ann. Math. Statist. 11 (1940), 427-444): weights are scaled to one margin after the other until
//! all are met. Answers with the same categories are one cell, so that a round costs as much as there are cells.

use std::collections::HashMap;

use crate::estimate::{Confidence, Estimate};
use crate::influence::{Clusters, Spread, totals};
use crate::scale::Instrument;

/// A property with known shares among everyone.
#[derive(Debug, Clone, Copy)]
pub struct Margin<'a> {
    /// Its name.
    pub name: &'a str,
    /// The category of each answer, as an index into `targets`.
    pub codes: &'a [u32],
    /// The share of each category among everyone, 0 to 1, together 1.
    pub targets: &'a [f64],
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// The largest distance of a weighted share from its target that still counts as met, as a share.
    pub tolerance: f64,
    /// Rounds over all margins after which it is given up.
    pub rounds: usize,
}

impl Default for Stop {
    /// A millionth of a percent, and far more rounds than margins need that can be met.
    fn default() -> Self {
        Self { tolerance: 1e-8, rounds: 1000 }
    }
}

/// Raked weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Raked {
    /// One an answer; their mean is 1.
    pub weights: Vec<f64>,
    /// Rounds it took.
    pub rounds: usize,
    /// The largest distance from a target that is left, as a share.
    pub gap: f64,
    cells: Cells,
}

/// Why margins cannot be met.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RakingError {
    /// No answers, or no margins.
    #[error("rake {answers} answers to {margins} margins: there is nothing to rake")]
    Nothing {
        /// Answers.
        answers: usize,
        /// Margins.
        margins: usize,
    },
    /// Codes, weights or scores for another number of answers.
    #[error("rake {answers} answers: there are {got} {what}")]
    Length {
        /// Answers.
        answers: usize,
        /// Of what there is another number.
        what: String,
        /// How many.
        got: usize,
    },
    /// Targets that are no shares.
    #[error("rake to margin {margin:?}: its targets sum to {sum}, and shares are not negative and sum to 1")]
    Targets {
        /// The margin.
        margin: String,
        /// The sum of its targets.
        sum: f64,
    },
    /// An answer of a category without a target.
    #[error("rake to margin {margin:?}: answer {answer} is of category {category}, which has no target")]
    Category {
        /// The margin.
        margin: String,
        /// Which answer, from 0.
        answer: usize,
        /// Its category.
        category: u32,
    },
    /// A category of everyone that nobody answered for.
    #[error("rake to margin {margin:?}: category {category} is {target} of everyone and has no answer that could weigh more")]
    NoAnswers {
        /// The margin.
        margin: String,
        /// The category.
        category: usize,
        /// Its share of everyone.
        target: f64,
    },
    /// A starting weight that is none.
    #[error("rake from a weight of {weight} for answer {answer}: a weight is a finite number, not negative")]
    Weight {
        /// Which answer, from 0.
        answer: usize,
        /// Its weight.
        weight: f64,
    },
    /// Margins that contradict each other, or cells that are empty.
    #[error(
        "rake to margin {margin:?}: after {rounds} rounds category {category} is still {gap} from its share: margins contradict, or answers lack a combination"
    )]
    NotConverged {
        /// The margin that is furthest off.
        margin: String,
        /// Its category.
        category: usize,
        /// The distance, as a share.
        gap: f64,
        /// Rounds.
        rounds: usize,
    },
}

/// Weights of answers, from `base` (1 for all without), that give every margin its targets.
pub fn rake(answers: usize, margins: &[Margin<'_>], base: Option<&[f64]>, stop: Stop) -> Result<Raked, RakingError> {
    if answers == 0 || margins.is_empty() {
        return Err(RakingError::Nothing { answers, margins: margins.len() });
    }
    margins.iter().try_for_each(|margin| check(answers, margin))?;
    if let Some(base) = base {
        if base.len() != answers {
            return Err(RakingError::Length { answers, what: "weights".into(), got: base.len() });
        }
        if let Some((answer, weight)) = base.iter().enumerate().find(|(_, weight)| !(weight.is_finite() && **weight >= 0.0)) {
            return Err(RakingError::Weight { answer, weight: *weight });
        }
    }
    let weight = |answer: usize| base.map_or(1.0, |base| base[answer]);
    let cells = Cells::of(answers, margins);
    let start = cells.sums(weight);
    let fitted = fit(&cells, &start, margins, stop)?;
    let total: f64 = fitted.sums.iter().sum();
    let factor: Vec<f64> = fitted.sums.iter().zip(&start).map(|(sum, start)| if *start > 0.0 { sum / start } else { 0.0 }).collect();
    let scale = answers as f64 / total;
    let weights = cells.of.iter().enumerate().map(|(answer, cell)| weight(answer) * factor[*cell as usize] * scale).collect();
    Ok(Raked { weights, rounds: fitted.rounds, gap: fitted.gap, cells })
}

fn check(answers: usize, margin: &Margin<'_>) -> Result<(), RakingError> {
    let name = || margin.name.to_owned();
    if margin.codes.len() != answers {
        return Err(RakingError::Length { answers, what: format!("codes of margin {:?}", margin.name), got: margin.codes.len() });
    }
    let sum: f64 = margin.targets.iter().sum();
    if (sum - 1.0).abs() > 1e-6 || sum.is_nan() || margin.targets.iter().any(|target| *target < 0.0) {
        return Err(RakingError::Targets { margin: name(), sum });
    }
    match margin.codes.iter().position(|code| *code as usize >= margin.targets.len()) {
        Some(answer) => Err(RakingError::Category { margin: name(), answer, category: margin.codes[answer] }),
        None => Ok(()),
    }
}

/// Answers with the same category in every margin.
#[derive(Debug, Clone, PartialEq)]
struct Cells {
    /// The cell of each answer.
    of: Vec<u32>,
    /// By margin, the category of each cell.
    codes: Vec<Vec<u32>>,
    /// By margin, how many categories it has.
    categories: Vec<usize>,
}

impl Cells {
    /// Refines one margin after the other, so that no product of categories can overflow.
    fn of(answers: usize, margins: &[Margin<'_>]) -> Cells {
        let mut of = vec![0_u32; answers];
        let mut first = Vec::new();
        for margin in margins {
            let mut known: HashMap<(u32, u32), u32> = HashMap::new();
            first.clear();
            for (answer, cell) in of.iter_mut().enumerate() {
                let next = known.len() as u32;
                *cell = *known.entry((*cell, margin.codes[answer])).or_insert(next);
                if *cell == next && known.len() as u32 > next {
                    first.push(answer);
                }
            }
        }
        let codes = margins.iter().map(|margin| first.iter().map(|answer| margin.codes[*answer]).collect()).collect();
        Cells { of, codes, categories: margins.iter().map(|margin| margin.targets.len()).collect() }
    }

    fn count(&self) -> usize {
        self.codes[0].len()
    }

    /// The sum of a value over each cell's answers.
    fn sums(&self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.count()];
        self.of.iter().enumerate().for_each(|(answer, cell)| sums[*cell as usize] += value(answer));
        sums
    }

    /// The sum of cells over each category of a margin.
    fn margin(&self, margin: usize, cells: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.categories[margin]];
        self.codes[margin].iter().zip(cells).for_each(|(code, value)| sums[*code as usize] += value);
        sums
    }

    /// What is left of cell means when the margins' additive effects are taken out, by weighted least squares: each margin's weighted means in turn,
    /// until nothing moves (alternating projections; margins may be collinear).
    fn residuals(&self, weights: &[f64], means: &[f64]) -> Vec<f64> {
        let mut left = means.to_vec();
        let scale = means.iter().fold(0.0_f64, |most, mean| most.max(mean.abs()));
        for _ in 0..PROJECTIONS {
            let mut moved = 0.0_f64;
            for margin in 0..self.codes.len() {
                let weighted: Vec<f64> = left.iter().zip(weights).map(|(mean, weight)| mean * weight).collect();
                let (sums, mass) = (self.margin(margin, &weighted), self.margin(margin, weights));
                for (cell, code) in self.codes[margin].iter().enumerate() {
                    let code = *code as usize;
                    let effect = if mass[code] > 0.0 { sums[code] / mass[code] } else { 0.0 };
                    left[cell] -= effect;
                    moved = moved.max(effect.abs());
                }
            }
            if moved <= 1e-12 * scale {
                break;
            }
        }
        left
    }
}

/// Rounds of projections; those of margins that are not near collinear take a dozen.
const PROJECTIONS: usize = 1000;

struct Fitted {
    sums: Vec<f64>,
    rounds: usize,
    gap: f64,
}

fn fit(cells: &Cells, start: &[f64], margins: &[Margin<'_>], stop: Stop) -> Result<Fitted, RakingError> {
    let total: f64 = start.iter().sum();
    let mut sums: Vec<f64> = start.iter().map(|sum| if total > 0.0 { sum / total } else { 0.0 }).collect();
    for (at, margin) in margins.iter().enumerate() {
        let shares = cells.margin(at, &sums);
        let without = |(category, target): (usize, &f64)| (*target > 0.0 && shares[category] <= 0.0).then_some((category, *target));
        if let Some((category, target)) = margin.targets.iter().enumerate().find_map(without) {
            return Err(RakingError::NoAnswers { margin: margin.name.to_owned(), category, target });
        }
    }
    for rounds in 0..=stop.rounds {
        let (at, category, gap) = furthest(cells, &sums, margins);
        if gap <= stop.tolerance {
            return Ok(Fitted { sums, rounds, gap });
        }
        if rounds == stop.rounds || gap.is_nan() {
            return Err(RakingError::NotConverged { margin: margins[at].name.to_owned(), category, gap, rounds });
        }
        for (at, margin) in margins.iter().enumerate() {
            let shares = cells.margin(at, &sums);
            for (sum, code) in sums.iter_mut().zip(&cells.codes[at]) {
                let code = *code as usize;
                *sum *= if shares[code] > 0.0 { margin.targets[code] / shares[code] } else { 0.0 };
            }
        }
    }
    Err(RakingError::Nothing { answers: cells.of.len(), margins: margins.len() })
}

/// The margin and category furthest from its target, and how far.
fn furthest(cells: &Cells, sums: &[f64], margins: &[Margin<'_>]) -> (usize, usize, f64) {
    let mut worst = (0, 0, -1.0);
    for (at, margin) in margins.iter().enumerate() {
        for (category, (share, target)) in cells.margin(at, sums).iter().zip(margin.targets).enumerate() {
            let gap = (share - target).abs();
            if gap > worst.2 || gap.is_nan() {
                worst = (at, category, gap);
            }
        }
    }
    worst
}

impl Raked {
    /// The score by raked weights, and its interval from the linearised error after raking: what margins explain of answers adds nothing to it, as
    /// margins are known (the residual method; Deville, Särndal and Sautory, J. Amer. Statist. Assoc. 88 (1993), 1013-1020). Answers off the scale count for
    /// nothing. `None` when the answers that count do not vary beyond the margins, and for another number of scores than answers.
    pub fn score(&self, instrument: &Instrument, scores: &[f64], clusters: Option<&[u32]>, level: Confidence) -> Option<Estimate> {
        let answers = self.weights.len();
        if scores.len() != answers || clusters.is_some_and(|clusters| clusters.len() != answers) {
            return None;
        }
        let contributions: Vec<Option<f64>> = scores.iter().map(|score| instrument.contribution(*score)).collect();
        let weight = |answer: usize| if contributions[answer].is_some() { self.weights[answer] } else { 0.0 };
        let y = |answer: usize| contributions[answer].unwrap_or(0.0);
        let total: f64 = (0..answers).map(weight).sum();
        let n = contributions.iter().filter(|contribution| contribution.is_some()).count();
        let mean = (0..answers).map(|answer| weight(answer) * y(answer)).sum::<f64>() / total;
        let weights = self.cells.sums(weight);
        let means: Vec<f64> = self.cells.sums(|answer| weight(answer) * (y(answer) - mean)).iter().zip(&weights).map(over).collect();
        let residuals = self.cells.residuals(&weights, &means);
        let residual = |answer: usize| {
            let cell = self.cells.of[answer] as usize;
            y(answer) - mean - means[cell] + residuals[cell]
        };
        let influence: Vec<f64> = (0..answers).map(|answer| weight(answer) * residual(answer) / total).collect();
        let clusters = clusters.map(Clusters::new);
        let counted = (0..answers).filter(|answer| contributions[*answer].is_some());
        let units = clusters.as_ref().map_or(n, |clusters| clusters.touched(counted));
        let columns = 1 + self.cells.categories.iter().map(|categories| categories - 1).sum::<usize>();
        Spread::of(&totals(influence, clusters.as_ref()), units, columns)?.interval(instrument, mean, level, n as u64)
    }
}

fn over((sum, weight): (&f64, &f64)) -> f64 {
    if *weight > 0.0 { sum / weight } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::Kind;

    const EVEN: [f64; 2] = [0.5, 0.5];

    /// The package `ipfn` and an iteration of our own in numpy; the error by statsmodels' `WLS` residuals on the margins' indicators.
    #[test]
    fn weights_and_errors_as_ipfn_and_statsmodels_have_them() {
        let reference: serde_json::Value =
            serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/satisfaction.json"))).unwrap();
        let numbers = |value: &serde_json::Value| -> Vec<f64> { value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() };
        let (input, expected) = (&reference["input"]["raking"], &reference["expected"]["raking"]);
        let scores = numbers(&input["scores"]);
        let [codes, targets] = ["codes", "targets"].map(|what| ["platform", "region"].map(|name| numbers(&input[what][name])));
        let codes = codes.map(|codes| codes.iter().map(|code| *code as u32).collect::<Vec<u32>>());
        let margins: Vec<Margin<'_>> =
            (0..2).map(|at| Margin { name: ["platform", "region"][at], codes: &codes[at], targets: &targets[at] }).collect();
        let raked = rake(scores.len(), &margins, None, Stop { tolerance: 1e-12, rounds: 1000 }).unwrap();
        for (got, want) in raked.weights.iter().zip(numbers(&expected["weights"])) {
            assert!((got - want).abs() < 1e-6, "{got} is not {want}");
        }
        let got = raked.score(&Instrument::customary(Kind::Acr), &scores, None, Confidence::P95).unwrap();
        for (got, what) in [(got.value, "value"), (got.low, "low"), (got.high, "high")] {
            assert!((got - expected[what].as_f64().unwrap()).abs() < 1e-6, "{what}: {got}");
        }
    }

    /// By hand: one margin is post-stratification.
    #[test]
    fn one_margin_takes_one_round() {
        let margin = Margin { name: "platform", codes: &[0, 0, 0, 1], targets: &EVEN };
        let raked = rake(4, &[margin], None, Stop::default()).unwrap();
        assert_eq!(raked.rounds, 1);
        for (got, want) in raked.weights.iter().zip([2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 2.0]) {
            assert!((got - want).abs() < 1e-12);
        }
        let from = rake(4, &[margin], Some(&[1.0, 1.0, 0.0, 1.0]), Stop::default()).unwrap();
        assert_eq!(from.weights, [1.0, 1.0, 0.0, 2.0]);
    }

    #[test]
    fn the_same_margin_twice_changes_nothing() {
        let codes: Vec<u32> = (0..40).map(|i| u32::from(i % 3 == 0)).collect();
        let scores: Vec<f64> = (0..40).map(|i| f64::from(1 + i % 5)).collect();
        let margin = Margin { name: "platform", codes: &codes, targets: &EVEN };
        let (one, two) = (rake(40, &[margin], None, Stop::default()).unwrap(), rake(40, &[margin, margin], None, Stop::default()).unwrap());
        assert_eq!(one.weights, two.weights);
        let score = |raked: &Raked| raked.score(&Instrument::customary(Kind::Acr), &scores, None, Confidence::P95).unwrap();
        assert!((score(&one).value - score(&two).value).abs() < 1e-12 && (score(&one).low - score(&two).low).abs() < 0.02);
    }

    #[test]
    fn margins_that_cannot_be_met_are_named() {
        let refused = |margins: &[Margin<'_>]| rake(2, margins, None, Stop { tolerance: 1e-8, rounds: 50 }).unwrap_err().to_string();
        let margin = |codes, targets| Margin { name: "region", codes, targets };
        assert_eq!(
            refused(&[margin(&[0, 0], &[0.75, 0.25])]),
            "rake to margin \"region\": category 1 is 0.25 of everyone and has no answer that could weigh more"
        );
        assert_eq!(
            refused(&[margin(&[0, 1], &[0.75, 0.75])]),
            "rake to margin \"region\": its targets sum to 1.5, and shares are not negative and sum to 1"
        );
        assert_eq!(refused(&[margin(&[0, 2], &EVEN)]), "rake to margin \"region\": answer 1 is of category 2, which has no target");
        assert_eq!(refused(&[margin(&[0], &EVEN)]), "rake 2 answers: there are 1 codes of margin \"region\"");
        assert_eq!(refused(&[]), "rake 2 answers to 0 margins: there is nothing to rake");
        let against = [margin(&[0, 1], &EVEN), Margin { name: "platform", codes: &[0, 1], targets: &[0.2, 0.8] }];
        assert!(refused(&against).starts_with("rake to margin \"region\": after 50 rounds category"), "{}", refused(&against));
        assert_eq!(
            rake(1, &[Margin { name: "a", codes: &[0], targets: &[1.0] }], Some(&[-1.0]), Stop::default()),
            Err(RakingError::Weight { answer: 0, weight: -1.0 })
        );
    }

    #[test]
    fn answers_all_alike_have_no_interval() {
        let raked = rake(4, &[Margin { name: "a", codes: &[0, 0, 1, 1], targets: &EVEN }], None, Stop::default()).unwrap();
        assert_eq!(raked.score(&Instrument::customary(Kind::Acr), &[4.0; 4], None, Confidence::P95), None);
        assert_eq!(raked.score(&Instrument::customary(Kind::Acr), &[9.0; 4], None, Confidence::P95), None);
        assert_eq!(raked.score(&Instrument::customary(Kind::Acr), &[4.0], None, Confidence::P95), None);
    }
}
