//! Which vendor is better at what: each metric, each pair of vendors, overall and by stratum, with intervals and verdicts that may be "inconclusive".

mod answer;
mod arms;
mod cells;
mod contrasts;
mod error;
mod judge;
mod metric;
mod resample;
mod shifts;

#[cfg(test)]
mod tests;

pub use answer::{
    ArmFigure, CompareAnswer, ComparedArm, Family, Judged, MetricAnswer, PairAnswer, Pooled, Question, StratumAnswer, Tested, Told,
};
pub use error::{CompareError, Why};
pub use shifts::Shift;

use super::metric::{Better, Metric, MetricKind};
use super::spec::{Poc, Randomised, Stopping};
use crate::frame::{Frame, Input, Want};
use crate::statistics::chi_square::goodness_of_fit;
use crate::statistics::parallel;
use crate::statistics::sequential::Sequence;
use arms::Arms;

/// Strata beyond which a comparison within each says nothing.
pub const MOST_STRATA: usize = 200;

/// What is compared, and how.
#[derive(Debug, Clone)]
pub struct CompareQuestion {
    /// The vendors, metrics and columns.
    pub poc: Poc,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// How often whole units are drawn anew, for quantiles and ranks.
    pub resamples: usize,
    /// For what is drawn by chance.
    pub seed: u64,
}

impl CompareQuestion {
    /// The columns it needs.
    pub fn wanted(&self, columns: &[String]) -> Vec<Want> {
        let of = &self.poc.columns;
        let mut wanted = vec![Want::category(&of.arm)];
        wanted.extend([&of.unit, &of.pair].into_iter().flatten().map(Want::person));
        wanted.extend(self.session(columns).map(Want::person));
        wanted.extend(of.strata.iter().map(Want::category));
        wanted.extend(self.poc.metrics.iter().flat_map(Metric::wanted));
        wanted
    }

    /// Reads and answers.
    pub async fn ask(&self, input: &Input) -> Result<CompareAnswer, CompareError> {
        let (frame, session) = self.read(input).await?;
        self.answer(&frame, session.as_deref())
    }

    /// Reads the rows; with them the column that names sessions, where there is one.
    pub async fn read(&self, input: &Input) -> Result<(Frame, Option<String>), CompareError> {
        if self.poc.metrics.is_empty() {
            return Err(CompareError::NoMetric);
        }
        let columns = input.columns().await?;
        let frame = input.read(&self.wanted(&columns), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(CompareError::NoRows { condition: self.condition.clone() });
        }
        Ok((frame, self.session(&columns).map(str::to_owned)))
    }

    /// The answer of these rows.
    pub fn answer(&self, frame: &Frame, session: Option<&str>) -> Result<CompareAnswer, CompareError> {
        let arms = Arms::of(&self.poc, frame)?;
        let shared = session.map_or(0, |session| arms.shared(&frame.persons(session)));
        if shared > 0 {
            return Err(CompareError::SharedSessions { shared });
        }
        let mut measured = parallel::map(self.poc.metrics.len(), |at| metric::measured(&self.poc, &self.poc.metrics[at], frame, &arms));
        resample::resample(&mut measured, arms.clustered() && arms.pair.is_none(), self.resamples, self.seed)
            .map_err(CompareError::Resample)?;
        let sequence = match self.poc.stopping {
            Stopping::Fixed => None,
            Stopping::AnyTime { narrowest_at } => {
                Some(Sequence::new(narrowest_at, self.poc.level).ok_or(CompareError::Sequence { narrowest_at })?)
            }
        };
        let metrics = judge::judged(&self.poc, measured, sequence.as_ref());
        Ok(CompareAnswer {
            level: self.poc.level,
            stopping: self.poc.stopping,
            arms: arms.counted(),
            split_p_value: self.split(&arms.counted()),
            contaminated: arms.contaminated(),
            elsewhere: arms.elsewhere,
            strata: arms.strata.clone(),
            resamples: self.resamples,
            seed: self.seed,
            metrics,
        })
    }

    /// Whether what was given by chance is split as planned.
    fn split(&self, arms: &[ComparedArm]) -> Option<f64> {
        let given = |arm: &ComparedArm| match self.poc.randomised {
            Randomised::User => arm.units,
            Randomised::Call | Randomised::PairedRun => arm.rows,
        };
        let names: Vec<String> = arms.iter().map(|arm| arm.name.clone()).collect();
        let counts: Vec<u64> = arms.iter().map(given).collect();
        let tested = goodness_of_fit(&counts, &self.poc.shares(&names)).filter(|_| self.poc.randomised != Randomised::PairedRun);
        tested.map(|tested| tested.p_value)
    }

    /// The column that names sessions: the one stated, or `session_id` where there is one.
    fn session<'a>(&'a self, columns: &[String]) -> Option<&'a str> {
        let usual = || columns.iter().any(|column| column == "session_id").then_some("session_id");
        self.poc.columns.session.as_deref().or_else(usual)
    }
}

/// What is compared of a metric once its values are known: the mean of yes and no is a share.
fn resolved(metric: &Metric, values: &[f64]) -> MetricKind {
    let yes_or_no = || values.iter().all(|value| *value == 0.0 || *value == 1.0 || value.is_nan());
    match metric.kind {
        MetricKind::Mean if metric.before.is_none() && yes_or_no() => MetricKind::Share,
        ref kind => kind.clone(),
    }
}

/// A value turned so that more is better.
fn turned(better: Better, value: f64) -> f64 {
    better.sign() * value
}
