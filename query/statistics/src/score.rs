//! Satisfaction of those who answered: CSAT, NPS, CES, opinion scores and thumbs, from answers that may carry weights.
//!
//! It says nothing of those who did not answer: see [`crate::response`].

use std::collections::HashMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::estimate::{Confidence, Estimate};
use crate::scale::{Instrument, Kind};
use crate::share::wilson;
use crate::student::t_quantile;
use crate::weights::{effective_n, quantile};

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// What was answered, on the instrument's scale.
    pub score: f64,
    /// How many it speaks for, in any unit: 1 for all when answers are not weighted.
    pub weight: f64,
}

/// A score of answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The score, in the unit of its kind: a share (0 to 1), -100 to 100, or the scale's.
    pub headline: Estimate,
    /// How its interval was made.
    pub method: Method,
    /// The standard error linearised by Taylor, n / (n - 1) sum (w e)^2 / (sum w)^2; `None` for one answer, and for answers that all contribute alike.
    pub standard_error: Option<f64>,
    /// The bootstrap interval of an NPS of fewer than [`SMALL`] answers, beside the headline.
    pub bootstrap: Option<Estimate>,
    /// How often each answer was given, in ascending order.
    pub distribution: Vec<Given>,
    /// Answers off the scale: counted here and nowhere else.
    pub refused: u64,
    /// Answers counted.
    pub n: u64,
    /// How many answers of equal weight, each of another person, would say as much (Kish; Korn and Graubard 1998).
    pub effective_n: f64,
}

/// How often an answer was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Given {
    /// The answer.
    pub score: f64,
    /// How many gave it.
    pub answers: u64,
    /// Their share of all weight, 0 to 1.
    pub share: f64,
}

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Wilson's interval of a share.
    Wilson,
    /// The same at Kish's effective number of answers.
    WilsonEffective,
    /// The variance of promoters less detractors, 100^2 (p + d - (p - d)^2) / n, and the normal distribution.
    Variance,
    /// The linearised standard error of a weighted NPS, and the normal distribution.
    Linearised,
    /// The variance with one promoter and one detractor added (Bonett and Price 2012): for small n and for answers all alike, where the variance alone
    /// covers too seldom or is 0.
    AdjustedWald,
    /// The t interval of a mean, n - 1 degrees of freedom.
    Student,
    /// The same with a linearised standard error and n_eff - 1 degrees of freedom.
    StudentLinearised,
    /// All answers the same, so that nothing tells how much they vary: as far as the mean can be from them when the share of other answers is at the upper
    /// end of the Wilson interval of none, and all of those at an end of the scale. Conservative.
    Bounded,
}

impl Method {
    /// Its name in tables and interfaces.
    pub fn name(self) -> &'static str {
        match self {
            Method::Wilson => "wilson",
            Method::WilsonEffective => "wilson at effective n",
            Method::Variance => "variance",
            Method::Linearised => "linearised",
            Method::AdjustedWald => "adjusted wald",
            Method::Student => "t",
            Method::StudentLinearised => "t, linearised",
            Method::Bounded => "bounded by the scale",
        }
    }
}

/// An NPS of fewer answers than this, effectively, gets the adjusted interval as its headline, and the bootstrap beside it: our choice. At 40 answers
/// the plain variance covers 88 to 94 % instead of 95 %.
pub const SMALL: f64 = 100.0;

/// How many bootstrap samples of an NPS.
const SAMPLES: usize = 2000;

/// Why answers have no score.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// Nobody answered.
    #[error("{kind} of no answers{}", if *refused == 0 { String::new() } else { format!(": all {refused} lie off the scale") }, kind = kind.name())]
    NoAnswers {
        /// What was to be scored.
        kind: Kind,
        /// Answers off the scale.
        refused: u64,
    },
    /// A weight that is none.
    #[error("{kind} with a weight of {weight} for answer {at}: a weight is a finite number, not negative", kind = kind.name())]
    Weight {
        /// What was to be scored.
        kind: Kind,
        /// Which answer, from 0.
        at: usize,
        /// Its weight.
        weight: f64,
    },
    /// Weights that are all 0.
    #[error("{kind} of {n} answers that all weigh 0: they speak for nobody", kind = kind.name())]
    NoWeight {
        /// What was to be scored.
        kind: Kind,
        /// Answers.
        n: u64,
    },
}

/// The score of these answers. Answers off the scale are refused and counted, never clipped. `seed` is for the bootstrap of a small NPS.
///
/// The value is the weighted mean (Hajek's ratio) of what answers contribute ([`Instrument::contribution`]). The interval: shares by Wilson, at Kish's
/// effective n when weights differ; NPS by its variance or, with fewer than [`SMALL`] answers, by the adjusted Wald interval; means by t. Intervals end
/// where the scale does.
pub fn score(instrument: &Instrument, answers: &[Answer], level: Confidence, seed: u64) -> Result<Scored, ScoreError> {
    scored(instrument, answers, None, level, seed)
}

/// The same where it is known whose answers they are (`persons`, one an answer): those of one person go together. The number of answers that an interval is
/// made from is divided by the design effect, the variance of the mean between persons (linearised, k / (k - 1) for k of them) over the one it would have if
/// each answer were of somebody else; at least 1. Where answers are all alike each person counts once.
pub fn score_by_person(
    instrument: &Instrument,
    answers: &[Answer],
    persons: &[u32],
    level: Confidence,
    seed: u64,
) -> Result<Scored, ScoreError> {
    scored(instrument, answers, Some(persons), level, seed)
}

fn scored(
    instrument: &Instrument,
    answers: &[Answer],
    persons: Option<&[u32]>,
    level: Confidence,
    seed: u64,
) -> Result<Scored, ScoreError> {
    let kind = instrument.kind();
    if let Some((at, answer)) = answers.iter().enumerate().find(|(_, answer)| !(answer.weight.is_finite() && answer.weight >= 0.0)) {
        return Err(ScoreError::Weight { kind, at, weight: answer.weight });
    }
    let mut kept: Vec<Answer> = answers.iter().filter(|answer| instrument.admits(answer.score)).copied().collect();
    let refused = (answers.len() - kept.len()) as u64;
    let n = kept.len() as u64;
    if n == 0 {
        return Err(ScoreError::NoAnswers { kind, refused });
    }
    let weights: Vec<f64> = kept.iter().map(|answer| answer.weight).collect();
    let effective = effective_n(&weights).ok_or(ScoreError::NoWeight { kind, n })?;
    let mut sample = Sample::of(instrument, &kept, effective);
    if let Some(persons) = persons {
        let whose = answers.iter().zip(persons).filter(|(answer, _)| instrument.admits(answer.score)).map(|(_, person)| *person);
        sample.cluster(instrument, &kept, whose);
    }
    let effective = sample.effective;
    let (headline, method) = sample.headline(instrument, level);
    let bootstrap = (kind == Kind::Nps && effective < SMALL).then(|| sample.bootstrap(level, seed)).flatten();
    let distribution = distribution(&mut kept, weights.iter().sum());
    Ok(Scored { headline, method, standard_error: sample.error, bootstrap, distribution, refused, n, effective_n: effective })
}

/// What an interval is made from.
struct Sample {
    n: u64,
    effective: f64,
    /// How many persons at most the answers are of.
    persons: f64,
    weighted: bool,
    value: f64,
    error: Option<f64>,
    /// Of all weight, promoters' and detractors' shares.
    promoters: f64,
    detractors: f64,
}

impl Sample {
    fn of(instrument: &Instrument, kept: &[Answer], effective: f64) -> Sample {
        let total: f64 = kept.iter().map(|answer| answer.weight).sum();
        let contributions = || kept.iter().filter_map(|answer| Some((answer.weight, instrument.contribution(answer.score)?)));
        let value = contributions().map(|(weight, y)| weight * y).sum::<f64>() / total;
        let squares = contributions().map(|(weight, y)| (weight / total * (y - value)).powi(2)).sum::<f64>();
        let share = |sign: f64| contributions().filter(|(_, y)| *y == sign * 100.0).map(|(weight, _)| weight).sum::<f64>() / total;
        // Alike but for rounding: the weighted mean of equal numbers may be off in the last digit.
        let mut weighing = kept.iter().filter(|answer| answer.weight > 0.0).filter_map(|answer| instrument.contribution(answer.score));
        let first = weighing.next();
        let alike = weighing.all(|y| Some(y) == first);
        let n = kept.len() as f64;
        Sample {
            n: kept.len() as u64,
            effective,
            persons: effective,
            weighted: kept.iter().any(|answer| answer.weight != kept[0].weight),
            value: first.filter(|_| alike).unwrap_or(value),
            error: (!alike && n > 1.0).then(|| (n / (n - 1.0) * squares).sqrt()),
            promoters: share(1.0),
            detractors: share(-1.0),
        }
    }

    /// Takes the answers of one person together.
    fn cluster(&mut self, instrument: &Instrument, kept: &[Answer], whose: impl Iterator<Item = u32>) {
        let mut sums: HashMap<u32, f64> = HashMap::new();
        let mut apart = 0.0;
        for (answer, person) in kept.iter().zip(whose) {
            let off = answer.weight * (instrument.contribution(answer.score).unwrap_or(self.value) - self.value);
            apart += off * off;
            *sums.entry(person).or_default() += off;
        }
        let (n, k) = (kept.len() as f64, sums.len() as f64);
        // In order, so that the sum is the same to the last bit.
        let mut squares: Vec<f64> = sums.into_values().map(|sum| sum * sum).collect();
        squares.sort_unstable_by(f64::total_cmp);
        let together = squares.iter().sum::<f64>() * k / (k - 1.0);
        let effect = match self.error {
            Some(_) if k > 1.0 => (together / (apart * n / (n - 1.0))).max(1.0),
            _ => (self.effective / k).max(1.0),
        };
        self.weighted |= effect > 1.0;
        self.effective /= effect;
        self.persons = self.effective.min(k);
        self.error = self.error.map(|error| error * effect.sqrt());
    }

    fn headline(&self, instrument: &Instrument, level: Confidence) -> (Estimate, Method) {
        let (least, greatest) = instrument.bounds();
        let around = |half: f64| (self.value - half, self.value + half);
        let ((low, high), method) = match (instrument.is_share(), instrument.kind(), self.error) {
            (true, ..) => {
                let method = if self.weighted { Method::WilsonEffective } else { Method::Wilson };
                (wilson(self.value.clamp(0.0, 1.0), self.effective, level.z()), method)
            }
            (_, Kind::Nps, Some(error)) if self.effective >= SMALL && self.weighted => (around(level.z() * error), Method::Linearised),
            (_, Kind::Nps, Some(_)) if self.effective >= SMALL => {
                let variance = trinomial_variance(self.promoters, self.detractors) / self.effective;
                (around(level.z() * 100.0 * variance.sqrt()), Method::Variance)
            }
            (_, Kind::Nps, _) => (self.adjusted_wald(level), Method::AdjustedWald),
            (_, _, Some(error)) => {
                let method = if self.weighted { Method::StudentLinearised } else { Method::Student };
                (around(t_quantile(level, self.persons - 1.0).unwrap_or(f64::INFINITY) * error), method)
            }
            (_, _, None) => {
                let others = wilson(0.0, self.effective, level.z()).1;
                let ends = (self.value - others * (self.value - least), self.value + others * (greatest - self.value));
                (ends, Method::Bounded)
            }
        };
        (Estimate { value: self.value, low: low.max(least).min(self.value), high: high.min(greatest).max(self.value), n: self.n }, method)
    }

    /// Shares of promoters and detractors with one more of each.
    fn adjusted(&self) -> (f64, f64) {
        let n = self.effective;
        ((self.promoters * n + 1.0) / (n + 2.0), (self.detractors * n + 1.0) / (n + 2.0))
    }

    fn adjusted_wald(&self, level: Confidence) -> (f64, f64) {
        let (p, d) = self.adjusted();
        let half = level.z() * (trinomial_variance(p, d) / (self.effective + 2.0)).sqrt();
        (100.0 * (p - d - half), 100.0 * (p - d + half))
    }

    /// Draws as many answers as there effectively are from the shares with one promoter and one detractor added: drawn from the answers alone, what did
    /// not occur in few answers never occurs, and the interval is too short. `None` when effectively one answer is left.
    fn bootstrap(&self, level: Confidence, seed: u64) -> Option<Estimate> {
        let draws = self.effective.round() as usize;
        if draws < 2 {
            return None;
        }
        let (p, d) = self.adjusted();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut sample = || {
            let one = |drawn: f64| if drawn < p { 1_i32 } else { -i32::from(drawn < p + d) };
            100.0 * f64::from((0..draws).map(|_| one(random.random::<f64>())).sum::<i32>()) / draws as f64
        };
        let samples: Vec<f64> = (0..SAMPLES).map(|_| sample()).collect();
        let tail = (1.0 - level.level()) / 2.0;
        let (low, high) = (quantile(&samples, tail)?, quantile(&samples, 1.0 - tail)?);
        Some(Estimate { value: self.value, low: low.min(self.value), high: high.max(self.value), n: self.n })
    }
}

/// The variance of one answer that is 1 with probability `p`, -1 with `d`, and 0 otherwise.
fn trinomial_variance(p: f64, d: f64) -> f64 {
    (p + d - (p - d) * (p - d)).max(0.0)
}

fn distribution(kept: &mut [Answer], total: f64) -> Vec<Given> {
    // 0 added makes -0 the same answer as 0.
    kept.iter_mut().for_each(|answer| answer.score += 0.0);
    kept.sort_by(|a, b| a.score.total_cmp(&b.score));
    let given = |same: &[Answer]| Given {
        score: same[0].score,
        answers: same.len() as u64,
        share: same.iter().map(|answer| answer.weight).sum::<f64>() / total,
    };
    kept.chunk_by(|a, b| a.score == b.score).map(given).collect()
}

#[cfg(test)]
mod tests;
