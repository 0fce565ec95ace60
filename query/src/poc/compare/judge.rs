//! Verdicts: every question of a family tested, the tests adjusted for how many there are, and what they show.

use super::answer::{Judged, MetricAnswer, PairAnswer, Pooled, Question, StratumAnswer, Tested, Told};
use super::metric::{Compared, Measured, MeasuredPair};
use super::{Why, turned};
use crate::poc::metric::{Metric, Rank};
use crate::poc::spec::Poc;
use crate::statistics::contrast::Contrast;
use crate::statistics::sequential::{FIRST_LOOK, Sequence};
use crate::statistics::verdict::{Shown, growth_to_settle, shown};
use crate::statistics::{Confidence, Estimate, benjamini_hochberg, benjamini_hochberg_level, heterogeneity, holm, holm_levels};

/// How tests of one kind are adjusted.
#[derive(Clone, Copy)]
enum Correction {
    Holm,
    BenjaminiHochberg,
}

/// What three questions about one difference are answered by: p values, as they are and then adjusted, and the level each is asked at.
#[derive(Clone, Copy)]
struct Asked {
    single: f64,
    adjusted: f64,
    level: Confidence,
}

/// Is there a difference; is the first not worse by as much as matters; do they differ by less than matters.
type Tests = [Asked; 3];

/// All metrics with their verdicts.
pub(super) fn judged(poc: &Poc, measured: Vec<Measured>, sequence: Option<&Sequence>) -> Vec<MetricAnswer> {
    let judge = Judge { level: poc.level, sequence };
    let overall = |pair: &MeasuredPair| vec![pair.overall.clone()];
    let within = |pair: &MeasuredPair| pair.strata.clone();
    let of_rank = |rank: Rank| move |metric: &Metric| metric.rank == rank;
    let mut primary = judge.family(&measured, of_rank(Rank::Primary), overall, Correction::Holm).into_iter();
    let mut secondary = judge.family(&measured, of_rank(Rank::Secondary), overall, Correction::BenjaminiHochberg).into_iter();
    let mut strata = judge.family(&measured, |_| true, within, Correction::BenjaminiHochberg).into_iter();
    let mut answers = Vec::with_capacity(measured.len());
    for of in measured {
        let mut pairs = Vec::with_capacity(of.pairs.len());
        for pair in of.pairs {
            let own = if of.metric.rank == Rank::Primary { &mut primary } else { &mut secondary };
            let overall = own.next().unwrap_or(Err(Why::NoOverlap));
            let judged = (0..pair.strata.len()).zip(&mut strata).map(|(stratum, judged)| StratumAnswer { stratum, judged }).collect();
            pairs.push(PairAnswer {
                first: pair.first,
                second: pair.second,
                overall,
                covered: pair.covered,
                analytic: pair.analytic.as_ref().map(|analytic| analytic.interval(poc.level)),
                pooled: pair.pooled.as_ref().map(|pooled| judge.pooled(pooled, &pair.strata)),
                strata: judged,
                heterogeneity: heterogeneity::heterogeneity(&scattered(&pair.strata)),
            });
        }
        answers.push(MetricAnswer { metric: of.metric, kind: of.kind, horizon: of.horizon, arms: of.arms, pairs, ranks: of.ranks });
    }
    answers
}

fn scattered(strata: &[Result<Compared, Why>]) -> Vec<heterogeneity::Stratum> {
    let known = |compared: &Compared| {
        let error = compared.difference.error()?;
        Some(heterogeneity::Stratum { value: compared.difference.value(), error })
    };
    strata.iter().flatten().filter_map(known).collect()
}

/// What holds, in the order in which it is told; never empty.
fn told(tested: &[Tested]) -> Vec<Told> {
    let told = |of: &Tested, shown: Shown| Told { shown, level: of.level, interval: of.interval };
    let found: Vec<Told> = tested.iter().filter_map(|of| Some(told(of, of.shown?))).collect();
    if found.is_empty() { tested.iter().take(1).map(|of| told(of, Shown::Inconclusive)).collect() } else { found }
}

struct Judge<'a> {
    level: Confidence,
    sequence: Option<&'a Sequence>,
}

impl Judge<'_> {
    /// All comparisons of one family, in the order of metrics, pairs and parts.
    fn family(
        &self,
        measured: &[Measured],
        of: impl Fn(&Metric) -> bool,
        parts: impl Fn(&MeasuredPair) -> Vec<Result<Compared, Why>>,
        correction: Correction,
    ) -> Vec<Result<Judged, Why>> {
        let mut asked: Vec<(&Metric, Result<Compared, Why>)> = Vec::new();
        for metric in measured.iter().filter(|measured| of(&measured.metric)) {
            asked.extend(metric.pairs.iter().flat_map(&parts).map(|compared| (&metric.metric, compared)));
        }
        let tests = self.tests(&asked, correction);
        let judged = |((metric, compared), tests): ((&Metric, Result<Compared, Why>), Tests)| self.judge(metric, &compared?, &tests);
        asked.into_iter().zip(tests).map(judged).collect()
    }

    fn tests(&self, asked: &[(&Metric, Result<Compared, Why>)], correction: Correction) -> Vec<Tests> {
        let single: Vec<[Option<f64>; 3]> = asked.iter().map(|(metric, compared)| self.p_values(metric, compared.as_ref().ok())).collect();
        let alpha = 1.0 - self.level.level();
        let nothing = Asked { single: 1.0, adjusted: 1.0, level: self.level };
        let mut tests = vec![[nothing; 3]; asked.len()];
        for kind in 0..3 {
            // Only what was asked counts: without a margin two of the questions are not.
            let (places, p): (Vec<usize>, Vec<f64>) = single.iter().enumerate().filter_map(|(at, p)| Some((at, p[kind]?))).unzip();
            let (adjusted, levels) = match correction {
                Correction::Holm => (holm(&p), holm_levels(&p, alpha)),
                Correction::BenjaminiHochberg => (benjamini_hochberg(&p), vec![benjamini_hochberg_level(&p, alpha); p.len()]),
            };
            for (at, place) in places.into_iter().enumerate() {
                let level = Confidence::new(1.0 - levels[at]).unwrap_or(self.level);
                tests[place][kind] = Asked { single: p[at], adjusted: adjusted[at], level };
            }
        }
        tests
    }

    /// The p values of the three questions; `None`: not asked. What could not be compared was asked and shows nothing.
    fn p_values(&self, metric: &Metric, compared: Option<&Compared>) -> [Option<f64>; 3] {
        let Some(compared) = compared else { return [Some(1.0), metric.margin.map(|_| 1.0), metric.margin.map(|_| 1.0)] };
        let p = |nothing: f64| self.p_value(&compared.difference, nothing);
        let value = turned(metric.better, compared.difference.value());
        let at = |margin: f64| turned(metric.better, margin);
        let non_inferior = metric.margin.map(|margin| if value > -margin { p(at(-margin)) } else { 1.0 });
        let equivalent = metric.margin.map(|margin| if value.abs() < margin { p(margin).max(p(-margin)) } else { 1.0 });
        [Some(p(0.0)), non_inferior, equivalent]
    }

    fn judge(&self, metric: &Metric, compared: &Compared, tests: &Tests) -> Result<Judged, Why> {
        let contrast = &compared.difference;
        let units = contrast.units().iter().sum();
        let early = || Why::TooEarly { units, first: FIRST_LOOK };
        let (difference, adjusted) =
            (self.interval(contrast, self.level).ok_or_else(early)?, self.interval(contrast, tests[0].level).ok_or_else(early)?);
        let tested = self.tested(metric, contrast, tests).ok_or_else(early)?;
        let told = told(&tested);
        let inconclusive = told[0].shown == Shown::Inconclusive;
        let half = (adjusted.high - adjusted.low) / 2.0;
        let value = turned(metric.better, contrast.value());
        let growth = growth_to_settle(value, half, metric.margin).filter(|_| inconclusive);
        Ok(Judged {
            difference,
            ratio: compared.ratio.as_ref().and_then(|ratio| self.interval(ratio, self.level)),
            method: contrast.method(),
            p_value: tests[0].single,
            p_adjusted: tests[0].adjusted,
            adjusted_level: tests[0].level,
            adjusted,
            tested,
            told,
            units,
            would_settle: growth.map(|growth| (growth * units as f64).ceil()).filter(|units| *units < 1e15).map(|units| units as u64),
        })
    }

    /// Each question asked, answered by the rule on its own interval: so what is told is what the printed interval says. `None` where it is too early.
    fn tested(&self, metric: &Metric, contrast: &Contrast, tests: &Tests) -> Option<Vec<Tested>> {
        let [difference, non_inferior, equivalent] = tests;
        let of_margin = [(Question::Equivalence, equivalent), (Question::NonInferiority, non_inferior)];
        let asked = std::iter::once((Question::Difference, difference)).chain(of_margin.into_iter().filter(|_| metric.margin.is_some()));
        let answered = |(question, asked): (Question, &Asked)| {
            let interval = self.interval(contrast, asked.level)?;
            let turned = metric.better.turned(&interval);
            let shown = shown(turned.low, turned.high, metric.margin).into_iter().find(|shown| question.is_answered_by(*shown));
            Some(Tested { question, p_adjusted: asked.adjusted, level: asked.level, interval, shown })
        };
        asked.map(answered).collect()
    }

    fn pooled(&self, pooled: &Contrast, strata: &[Result<Compared, Why>]) -> Pooled {
        let within: Vec<f64> = strata.iter().flatten().map(|compared| compared.difference.value()).collect();
        Pooled { difference: pooled.interval(self.level), reversed: heterogeneity::reversed(pooled.value(), &within) }
    }

    /// The interval of a single look, or of one of many; `None` where it is too early for those.
    fn interval(&self, contrast: &Contrast, level: Confidence) -> Option<Estimate> {
        let Some(sequence) = self.sequence else { return Some(contrast.interval(level)) };
        let errors = sequence.standard_errors(contrast.units().iter().sum(), level)?;
        Some(contrast.interval_of_errors(errors))
    }

    fn p_value(&self, contrast: &Contrast, nothing: f64) -> f64 {
        let single = contrast.p_value(nothing);
        self.sequence.map_or(single, |sequence| sequence.p_value(single, contrast.units().iter().sum()))
    }
}
