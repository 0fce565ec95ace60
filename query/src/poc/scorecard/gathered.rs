//! What sessions and a store know of a POC's vendors, gathered for their scores.

use super::evidence::{Evidence, SatisfactionScore, satisfaction_scores};
use super::measured::{MeasuredQuality, QualityQuestion};
use super::profile::Profile;
use crate::frame::Input;
use crate::poc::spec::Poc;
use crate::relations::{LABELS, MEASURES, Period};
use crate::satisfaction::{AnalysisError, CorrectQuestion, Covariates};
use crate::statistics::scale::Kind;
use crate::statistics::weights::Cap;
use crate::vendor_record::{VendorInputs, vendor_records};

/// Where it is read.
#[derive(Debug, Clone)]
pub struct EvidenceSources {
    /// The sessions, in a file or with the columns of [`crate::relations::poc_sessions`].
    pub sessions: Input,
    /// What vendors were like to work with, and when; a file has none.
    pub records: Option<(VendorInputs, Period)>,
}

/// What was found, and what was not.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// What is scored.
    pub evidence: Evidence,
    /// Metrics with their scores, and those that are in none.
    pub quality: MeasuredQuality,
    /// Why nobody's satisfaction is known; `None`: it is, or nobody was asked.
    pub unsatisfied: Option<String>,
}

/// Gathers it from rows that meet the condition in SQL.
pub async fn gathered(
    poc: &Poc,
    profile: &Profile,
    sources: &EvidenceSources,
    condition: Option<String>,
    seed: u64,
) -> Result<Gathered, AnalysisError> {
    let question =
        QualityQuestion { metrics: poc.metrics.clone(), columns: poc.columns.clone(), condition: condition.clone(), level: poc.level };
    let quality = question.ask(&sources.sessions, profile).await?;
    let (satisfaction, unsatisfied) = satisfaction(poc, &sources.sessions, condition, seed).await?;
    let records = match &sources.records {
        None => Vec::new(),
        Some((inputs, period)) => vendor_records(inputs, *period, poc.level).await?,
    };
    let evidence = Evidence { arms: poc.arms.clone(), quality: quality.scores.clone(), satisfaction, records };
    Ok(Gathered { evidence, quality, unsatisfied })
}

/// Scores corrected for silence, by vendor, where people were asked; else why there are none.
async fn satisfaction(
    poc: &Poc,
    sessions: &Input,
    condition: Option<String>,
    seed: u64,
) -> Result<(Vec<SatisfactionScore>, Option<String>), AnalysisError> {
    let columns = sessions.columns().await?;
    let has = |name: &str| columns.iter().any(|column| column == name);
    if !has("score") {
        return Ok((Vec::new(), None));
    }
    let known = LABELS.iter().chain(&MEASURES).filter(|name| has(name) && **name != poc.columns.arm && !["vendor", "arm"].contains(name));
    let asked = has("asked").then(|| "CAST(asked AS BIGINT) = 1".to_owned());
    let question = CorrectQuestion {
        kind: Kind::Csat,
        score: "score".to_owned(),
        answered: has("answered").then(|| "answered".to_owned()),
        covariates: Covariates::Measured(known.map(|name| (*name).to_owned()).collect()),
        bounds: (has("scale_low") && has("scale_high")).then(|| ("scale_low".to_owned(), "scale_high".to_owned())),
        scale: None,
        earlier: has("earlier").then(|| "earlier".to_owned()),
        user: poc.columns.unit.clone(),
        by: vec![poc.columns.arm.clone()],
        target: None,
        cap: Cap::Multiple(10.0),
        margins: Vec::new(),
        condition: [asked, condition.map(|condition| format!("({condition})"))]
            .into_iter()
            .flatten()
            .reduce(|one, other| format!("{one} AND {other}")),
        level: poc.level,
        seed,
    };
    match question.ask(sessions).await {
        Ok(answer) => Ok((satisfaction_scores(&answer), None)),
        // People who were not asked, or too few answers: missing, as anything else that is not known.
        Err(error) => Ok((Vec::new(), Some(chain(&error)))),
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
