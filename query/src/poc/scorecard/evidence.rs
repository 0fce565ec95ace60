//! What is known of vendors, from wherever it comes.

use crate::poc::metric::Better;
use crate::satisfaction::CorrectAnswer;
use crate::statistics::Estimate;
use crate::vendor_record::VendorRecord;

/// What was measured of vendors; facts stand in the POC.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Who is compared; none: all who are found.
    pub arms: Vec<String>,
    /// How good they were.
    pub quality: Vec<QualityScore>,
    /// What people said.
    pub satisfaction: Vec<SatisfactionScore>,
    /// What a store knows of working with them.
    pub records: Vec<VendorRecord>,
}

/// One vendor's figure of one metric, and between which figures it is scored.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityScore {
    /// Which vendor.
    pub arm: String,
    /// Which metric.
    pub metric: String,
    /// The figure.
    pub value: Estimate,
    /// Which way is better.
    pub better: Better,
    /// The figure that scores 1.
    pub at_best: f64,
    /// The figure that scores 0.
    pub at_worst: f64,
}

/// What people said of one vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct SatisfactionScore {
    /// Which vendor.
    pub arm: String,
    /// 0 to 1, from the worst to the best the score can be.
    pub value: Estimate,
}

/// Corrected scores by vendor, from 0 to 1; who has none is not there. The answer is to be by the arm column alone.
pub fn satisfaction_scores(answer: &CorrectAnswer) -> Vec<SatisfactionScore> {
    let (low, high) = answer.instrument.bounds();
    let scored = |value: f64| ((value - low) / (high - low)).clamp(0.0, 1.0);
    let score = |group: &crate::satisfaction::CorrectGroup| {
        let (arm, found) = (group.values.first().filter(|arm| !arm.is_empty())?, group.corrected.as_ref().ok()?.score());
        let value = Estimate { value: scored(found.value), low: scored(found.low), high: scored(found.high), n: group.answered };
        Some(SatisfactionScore { arm: arm.clone(), value })
    };
    answer.groups.iter().filter_map(score).collect()
}
