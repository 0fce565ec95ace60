//! One hypothesis held against one vendor's rows.

use std::sync::Arc;

use super::restated::{Said, plain, seen};
use super::{Claim, Verdict};
use crate::frame::{Frame, Want};
use crate::poc::spec::{Columns, Hypothesis, Side};
use crate::retention::effect::{DURATIONS, EffectOutcome, EffectQuestion, EffectQuestionError};
use crate::satisfaction::Covariates;
use crate::statistics::effect::{Estimand, Pairing, Trim};
use crate::statistics::figure::{Figure, FigureError, Held, POWER, Rows};
use crate::statistics::{Confidence, Estimate, UnitMean, UnitQuantile, UnitShare, normal_above, normal_quantile};

/// The start of a session in which treatments are measured, s.
pub const BASELINE_S: f64 = 60.0;

/// Of a claimed effect, the share that must be shown at least for the claim to be supported: our choice. To show all of it is not possible where it is
/// true to the digit.
pub const SHOWN_OF_EFFECT: f64 = 0.5;

/// What of the rows was held against a claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// A quantile, 0 to 1.
    Quantile(f64),
    /// A share.
    Share,
    /// A mean.
    Mean,
    /// By how much more those have who had something, all else equal: 0.103 for 10.3 %.
    Effect,
}

/// One figure held against a claim.
#[derive(Debug, Clone)]
pub struct Part {
    /// In which part of the data, where the claim is about every one of them.
    pub place: Option<String>,
    /// What.
    pub statistic: Statistic,
    /// The figure and its bound, or why there is none.
    pub found: Result<Held, Why>,
    /// What it says; where several figures are held against a claim, a contradiction by Holm's correction over all of them.
    pub verdict: Verdict,
    /// How often rows would speak so clearly for the claim though it is not true, just (one-sided, for this figure alone); 1: no figure.
    pub p_for: f64,
    /// How often rows would speak so clearly against the claim though it is true, just (one-sided, for this figure alone); `None`: no figure.
    pub p_against: Option<f64>,
    /// The same by Holm's correction over all figures of all vendors that are held against the claim.
    pub p_against_adjusted: Option<f64>,
}

/// Why there is no figure.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Why {
    /// Too few rows, or of the wrong kind.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// An effect without anything held equal.
    #[error("nothing is named that both having it and the outcome may go by: the plain difference is no effect")]
    NoConfounders,
    /// An effect that cannot be told.
    #[error(transparent)]
    Effect(Arc<EffectQuestionError>),
    /// An outcome that is not above zero has no ratio.
    #[error("the outcome is not above zero in both groups, so that it has no ratio")]
    NoRatio,
}

/// Where and how sure.
pub(super) struct Test<'a> {
    pub columns: &'a Columns,
    pub level: Confidence,
}

/// The columns it needs, vendors and units aside.
pub(super) fn wanted(hypothesis: &Hypothesis, columns: &Columns, level: Confidence) -> Vec<Want> {
    match hypothesis {
        Hypothesis::Quantiles { what, .. } | Hypothesis::Mean { what, .. } => vec![Want::number(what)],
        Hypothesis::Share { what, .. } => vec![Want::flag(what)],
        Hypothesis::Effect { .. } => question(hypothesis, columns, level).map_or_else(Vec::new, |question| question.wanted()),
        Hypothesis::Everywhere { by, each, .. } => std::iter::once(Want::category(by)).chain(wanted(each, columns, level)).collect(),
        Hypothesis::Untestable => Vec::new(),
    }
}

fn question(hypothesis: &Hypothesis, columns: &Columns, level: Confidence) -> Option<EffectQuestion> {
    let Hypothesis::Effect { treatment, outcome, more, confounders } = hypothesis else { return None };
    let lasted = DURATIONS.iter().find(|(name, _)| name == outcome);
    Some(EffectQuestion {
        treatment: treatment.clone(),
        outcome: match lasted {
            Some((_, per_minute)) => EffectOutcome::Stay { column: outcome.clone(), per_minute: *per_minute, baseline_s: BASELINE_S },
            None => EffectOutcome::After { column: outcome.clone() },
        },
        covariates: Covariates::Named(confounders.clone()),
        user: columns.unit.clone(),
        estimand: Estimand::Ate,
        pairing: Pairing::Propensity,
        trim: Trim::None,
        claim: Some(*more),
        condition: None,
        level,
        seed: 1,
    })
}

impl Test<'_> {
    /// Every figure, and the parts that have no rows.
    pub(super) fn parts(&self, hypothesis: &Hypothesis, frame: &Frame) -> (Vec<Part>, Vec<String>) {
        let Hypothesis::Everywhere { by, of, each } = hypothesis else { return (self.one(hypothesis, frame, None), Vec::new()) };
        let groups = frame.groups(std::slice::from_ref(by));
        let name = |group: &crate::frame::Group| group.values.first().cloned().unwrap_or_default();
        let among = |group: &&crate::frame::Group| {
            let name = name(group);
            !name.is_empty() && (of.is_empty() || of.contains(&name))
        };
        let parts = groups.iter().filter(among).flat_map(|group| self.one(each, &frame.select(&group.rows), Some(name(group))));
        let absent = of.iter().filter(|part| !groups.iter().any(|group| name(group) == **part)).cloned();
        (parts.collect(), absent.collect())
    }

    fn one(&self, hypothesis: &Hypothesis, frame: &Frame, place: Option<String>) -> Vec<Part> {
        let units = self.columns.unit.as_ref().map(|unit| frame.persons(unit));
        let rows = |what: &str| Rows { values: frame.numbers(what), units: units.as_deref() };
        let sided = |statistic: Statistic, held: Result<Held, FigureError>, side: Side| {
            let (p_for, p_against) = match (&held, side) {
                (Err(_), _) => (1.0, None),
                (Ok(held), Side::AtMost) => (held.p_at_most, Some(held.p_at_least)),
                (Ok(held), Side::AtLeast) => (held.p_at_least, Some(held.p_at_most)),
            };
            let found = held.map_err(Why::from);
            Part { place: place.clone(), statistic, found, verdict: Verdict::Untestable, p_for, p_against, p_against_adjusted: None }
        };
        match hypothesis {
            Hypothesis::Quantiles { what, quantiles, bound, side } => {
                let one = |share: &f64| UnitQuantile::new(rows(what), *share, self.level).and_then(|of| of.against(*bound));
                quantiles.iter().map(|share| sided(Statistic::Quantile(*share), one(share), *side)).collect()
            }
            Hypothesis::Share { what, bound, side } => {
                vec![sided(Statistic::Share, UnitShare::new(rows(what), self.level).and_then(|of| of.against(*bound)), *side)]
            }
            Hypothesis::Mean { what, bound, side } => {
                vec![sided(Statistic::Mean, UnitMean::new(rows(what), self.level).and_then(|of| of.against(*bound)), *side)]
            }
            Hypothesis::Effect { more, confounders, .. } => {
                let found = if confounders.is_empty() { Err(Why::NoConfounders) } else { self.effect(hypothesis, frame) };
                vec![self.claimed(*more, found, place)]
            }
            Hypothesis::Everywhere { each, .. } => self.one(each, frame, place),
            Hypothesis::Untestable => Vec::new(),
        }
    }

    /// The adjusted relative effect, and how many units are behind it.
    fn effect(&self, hypothesis: &Hypothesis, frame: &Frame) -> Result<(Estimate, u64), Why> {
        let question = question(hypothesis, self.columns, self.level).ok_or(Why::NoConfounders)?;
        let asked = question.answer(frame, None).map_err(|error| Why::Effect(Arc::new(error)))?;
        let rows = asked.found.rows.treated + asked.found.rows.control;
        let relative = asked.found.doubly_robust.relative.ok_or(Why::NoRatio)?;
        Ok((Estimate { n: rows, ..relative }, asked.found.units.unwrap_or(rows)))
    }

    /// A claimed effect is contradicted where the interval excludes it on the side of less, and supported where it does not and at least
    /// [`SHOWN_OF_EFFECT`] of it is shown.
    fn claimed(&self, more: f64, found: Result<(Estimate, u64), Why>, place: Option<String>) -> Part {
        let part = |found, p_for, p_against| Part {
            place,
            statistic: Statistic::Effect,
            found,
            verdict: Verdict::Untestable,
            p_for,
            p_against,
            p_against_adjusted: None,
        };
        let (relative, units) = match found {
            Err(why) => return part(Err(why), 1.0, None),
            Ok(found) => found,
        };
        let error = ((1.0 + relative.high).ln() - (1.0 + relative.low).ln()) / (2.0 * self.level.z());
        let apart = |bound: f64| ((1.0 + relative.value) / (1.0 + bound)).ln() / error;
        // How often an effect at the bound gives one so far above (or, of a claimed loss, below).
        let beyond = |bound: f64| normal_above(apart(bound) * more.signum());
        let (against, p_for) = (1.0 - beyond(more), beyond(more * SHOWN_OF_EFFECT));
        let steps = [more, more * SHOWN_OF_EFFECT].map(|bound| apart(bound).abs()).into_iter().fold(0.0, f64::max);
        let needed = ((self.level.z() + normal_quantile(POWER).unwrap_or(0.0)) / steps).powi(2) * relative.n as f64;
        let (p_at_least, p_at_most) = (normal_above(apart(more)), normal_above(-apart(more)));
        let figure =
            Figure { value: relative.value, low: Some(relative.low), high: Some(relative.high), n: relative.n, units, design_effect: 1.0 };
        let held = Held { figure, bound: more, p_at_most, p_at_least, needed: needed.is_finite().then_some(needed.ceil() as u64) };
        part(Ok(held), p_for, Some(against))
    }
}

/// Three digits of a number that is only about right.
fn rounded(needed: u64) -> u64 {
    let step = 10_u64.pow(needed.max(1).ilog10().saturating_sub(2));
    needed.div_ceil(step).saturating_mul(step)
}

/// What would test a claim that was not.
pub(super) fn would_test(claim: &Claim, parts: &[Part], absent: &[String], nothing: bool) -> Vec<Said> {
    let mut tests = Vec::new();
    if nothing {
        tests.push(Said::new("rows of this vendor: there are none", "该供应商的数据：目前没有任何记录"));
        return tests;
    }
    if claim.hypothesis == Hypothesis::Untestable {
        tests.push(Said::new(
            "a figure to hold it to: which measure, which quantile or share, which bound, and where, such as \"each region: connect_ms p95 <= 1000\"",
            "可以检验的数字：哪个指标、哪个分位数或比例、什么界限、在哪里，例如 “each region: connect_ms p95 <= 1000”",
        ));
        return tests;
    }
    if !absent.is_empty() {
        tests.push(Said::new(format!("rows of {}: there are none", absent.join(", ")), format!("{} 的数据：目前没有", absent.join("、"))));
    }
    if parts.is_empty() && absent.is_empty() {
        tests.push(Said::new("rows that say which part they are of: none does", "注明所属部分的数据：目前没有"));
    }
    for part in parts.iter().filter(|part| part.verdict == Verdict::Untestable) {
        tests.push(part_test(&claim.hypothesis, part));
    }
    tests
}

fn part_test(hypothesis: &Hypothesis, part: &Part) -> Said {
    let place = part.place.as_ref().map_or_else(Said::default, |place| Said::new(format!("{place}: "), format!("{place}：")));
    let what = match part.statistic {
        Statistic::Quantile(share) => format!("p{} ", plain(share * 100.0)),
        _ => String::new(),
    };
    let held = match &part.found {
        Err(why) => return Said::new(format!("{}{what}{}", place.en, reason(why)), format!("{}{what}{}", place.zh, in_chinese(why))),
        Ok(held) => held,
    };
    let Some(needed) = held.needed else {
        return if part.statistic == Statistic::Share && (held.bound <= 0.0 || held.bound >= 1.0) {
            Said::new(
                format!("{}no number of rows shows all or none: claim a share below 100 %, such as 99.99 %", place.en),
                format!("{}再多的数据也无法证明 100 %：请改为可证明的比例，如 99.99 %", place.zh),
            )
        } else {
            Said::new(
                format!("{}{what}the figure lies at the bound: no number of rows can be named", place.en),
                format!("{}{what}估计值正好落在界限上，无法给出所需数据量", place.zh),
            )
        };
    };
    let (n, times) = (held.figure.n, POWER * 100.0);
    if part.statistic == Statistic::Share && (held.figure.value >= 1.0 || held.figure.value <= 0.0) {
        let rare = held.bound.min(1.0 - held.bound);
        let three = (3.0 / rare * held.figure.design_effect * (1.0 - 1e-12)).ceil();
        return Said::new(
            format!(
                "{}about {} rows without one exception, where there are {n}; by the rule of three {three} would show it at 95 % one-sided",
                place.en,
                rounded(needed)
            ),
            format!("{}约 {} 行且无一例外（目前 {n} 行）；按三法则，{three} 行可在单侧 95 % 水平上证明", place.zh, rounded(needed)),
        );
    }
    let share = matches!(hypothesis, Hypothesis::Share { .. } | Hypothesis::Effect { .. });
    let value = if share { seen(held.figure.value) } else { plain((held.figure.value * 1e3).round() / 1e3) };
    Said::new(
        format!(
            "{}{what}about {} rows in all, where there are {n}, if it stays at {value} (found {times} % of the time)",
            place.en,
            rounded(needed)
        ),
        format!("{}{what}若保持在 {value}，共约需 {} 行（目前 {n} 行；有 {times} % 的把握得出结论）", place.zh, rounded(needed)),
    )
}

/// Why, in Chinese where the reason is our own.
fn in_chinese(why: &Why) -> String {
    match why {
        Why::NoConfounders => "未指明处理与结果共同受何影响：直接相减不是效应".to_owned(),
        Why::NoRatio => "两组的结果并非都大于零，因此没有比值".to_owned(),
        Why::Figure(_) | Why::Effect(_) => reason(why),
    }
}

/// Why, with its causes.
pub(super) fn reason(why: &Why) -> String {
    let mut said = why.to_string();
    let mut cause = std::error::Error::source(why);
    while let Some(error) = cause {
        said.push_str(&format!(": {error}"));
        cause = error.source();
    }
    said
}
