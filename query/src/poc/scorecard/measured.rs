//! Each vendor's own figure of each metric, scored between a profile's bounds.

use super::evidence::QualityScore;
use super::profile::Profile;
use crate::frame::{Frame, Input, Want};
use crate::poc::metric::{Better, Metric, MetricKind};
use crate::poc::spec::Columns;
use crate::satisfaction::AnalysisError;
use crate::statistics::figure::{Figure, FigureError, Rows};
use crate::statistics::{Confidence, UnitMean, UnitQuantile, UnitShare};

/// Which metrics, and where.
#[derive(Debug, Clone)]
pub struct QualityQuestion {
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// Where vendors and units are found.
    pub columns: Columns,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of intervals.
    pub level: Confidence,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeasuredQuality {
    /// Scores by vendor and metric.
    pub scores: Vec<QualityScore>,
    /// Metrics without bounds, which are in no score.
    pub unbounded: Vec<String>,
    /// Metrics that are only of two vendors together and have no figure of one.
    pub unscored: Vec<String>,
    /// Vendor, metric, and why there is no figure.
    pub failed: Vec<(String, String, FigureError)>,
}

impl QualityQuestion {
    /// Reads and scores.
    pub async fn ask(&self, input: &Input, profile: &Profile) -> Result<MeasuredQuality, AnalysisError> {
        let columns = [Some(&self.columns.arm), self.columns.unit.as_ref()].into_iter().flatten().map(Want::category);
        let wanted: Vec<Want> = columns.chain(self.metrics.iter().flat_map(Metric::wanted)).collect();
        let frame = input.read(&wanted, self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        let mut found = MeasuredQuality::default();
        let groups = frame.groups(std::slice::from_ref(&self.columns.arm));
        for metric in &self.metrics {
            let bounds = profile.bounds("quality", &metric.name).or_else(|| profile.bounds("quality", &metric.what));
            let Some(bounds) = bounds.filter(|bounds| (bounds.best < bounds.worst) == (metric.better == Better::Lower)) else {
                found.unbounded.push(metric.name.clone());
                continue;
            };
            if matches!(metric.kind, MetricKind::Ordinal | MetricKind::Time { .. }) {
                found.unscored.push(metric.name.clone());
                continue;
            }
            for group in groups.iter().filter(|group| !group.values[0].is_empty()) {
                let arm = group.values[0].clone();
                match self.figure(metric, &frame.select(&group.rows)) {
                    Err(error) => found.failed.push((arm, metric.name.clone(), error)),
                    Ok(figure) => found.scores.push(QualityScore {
                        arm,
                        metric: metric.name.clone(),
                        value: figure.within(f64::NEG_INFINITY, f64::INFINITY),
                        better: metric.better,
                        at_best: bounds.best,
                        at_worst: bounds.worst,
                    }),
                }
            }
        }
        Ok(found)
    }

    fn figure(&self, metric: &Metric, frame: &Frame) -> Result<Figure, FigureError> {
        let units = self.columns.unit.as_ref().map(|unit| frame.persons(unit));
        let rows = Rows { values: frame.numbers(&metric.what), units: units.as_deref() };
        match &metric.kind {
            MetricKind::Share => Ok(UnitShare::new(rows, self.level)?.figure()),
            MetricKind::Quantile(share) => Ok(UnitQuantile::new(rows, *share, self.level)?.figure()),
            MetricKind::Ratio { over } => Ok(UnitMean::ratio(rows, frame.numbers(over), self.level)?.figure()),
            _ => Ok(UnitMean::new(rows, self.level)?.figure()),
        }
    }
}
