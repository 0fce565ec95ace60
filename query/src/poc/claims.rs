//! What vendors claim, held against data: supported, contradicted, or untestable with this data and what would test it.
//!
//! A claim is about all the sessions there will be, and data are some of them. So it is supported only where its interval lies on its side of the bound, and
//! contradicted only where it lies on the other; between them nothing was shown, and how many rows would settle it is said. "Best" is tested by quantiles and
//! never by the minimum, which only falls with the number of rows.

mod parse;
mod restated;
mod tested;

pub use parse::{ClaimError, parse_claim};
pub use restated::{Said, restated};
pub use tested::{BASELINE_S, Part, Statistic, Why};

use super::spec::{Claim, Columns, Hypothesis, Poc};
use crate::board::text;
use crate::frame::{Frame, Input, Want};
use crate::satisfaction::AnalysisError;
use crate::statistics::{Confidence, holm};

/// Claims, and where they are tested.
#[derive(Debug, Clone)]
pub struct ClaimsQuestion {
    /// What is claimed.
    pub claims: Vec<Claim>,
    /// Where vendors and units are found.
    pub columns: Columns,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of intervals: each side is called wrongly in half of what it leaves.
    pub level: Confidence,
}

/// What became of claims.
#[derive(Debug, Clone)]
pub struct ClaimsAnswer {
    /// Each, in the order given.
    pub claims: Vec<ClaimAnswer>,
    /// The level of intervals.
    pub level: Confidence,
    /// The column whose rows go together.
    pub unit: Option<String>,
    /// Rows read.
    pub rows: u64,
    /// Rows that do not say which vendor they are of, and are left out.
    pub unplaced: u64,
}

/// What became of one claim.
#[derive(Debug, Clone)]
pub struct ClaimAnswer {
    /// As it was made.
    pub claim: Claim,
    /// What would have to be so.
    pub restated: Said,
    /// By vendor, those it is about.
    pub arms: Vec<ArmVerdict>,
}

/// What data say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of it was shown.
    Supported,
    /// Some of it was refuted.
    Contradicted,
    /// Neither.
    Untestable,
}

/// What one vendor's rows say of a claim.
#[derive(Debug, Clone)]
pub struct ArmVerdict {
    /// Which vendor.
    pub arm: String,
    /// What they say.
    pub verdict: Verdict,
    /// Each figure that was held against the claim: by quantile, by region.
    pub parts: Vec<Part>,
    /// Parts of the data that the claim is about and that have no rows.
    pub absent: Vec<String>,
    /// Rows.
    pub n: u64,
    /// Units they come in.
    pub units: u64,
    /// What would test it; nothing where it was tested.
    pub tests: Vec<Said>,
}

impl ClaimsQuestion {
    /// The claims of a POC, about its vendors, services and scenarios.
    pub fn of(poc: &Poc, condition: Option<&str>) -> ClaimsQuestion {
        let arms: Vec<String> = poc.arms.iter().map(|arm| text(arm)).collect();
        let compared = (!arms.is_empty()).then(|| format!("{} IN ({})", poc.columns.arm, arms.join(", ")));
        let parts: Vec<String> = [poc.condition(condition), compared].into_iter().flatten().collect();
        let condition = (!parts.is_empty()).then(|| parts.join(" AND "));
        ClaimsQuestion { claims: poc.claims.clone(), columns: poc.columns.clone(), condition, level: poc.level }
    }

    /// Reads and answers. The caller vouches that treatments of effects were measured in the first seconds of a session; where a store is asked, use
    /// [`ClaimsQuestion::ask_from`].
    pub async fn ask(&self, input: &Input) -> Result<ClaimsAnswer, AnalysisError> {
        self.ask_from(input, input).await
    }

    /// The same, with what effects are tested by from rows whose measures are of their first seconds ([`crate::relations::Window::First`]).
    pub async fn ask_from(&self, whole: &Input, first: &Input) -> Result<ClaimsAnswer, AnalysisError> {
        let frame = whole.read(&self.wanted(false), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        let effects = self.claims.iter().any(|claim| is_effect(&claim.hypothesis));
        let first = if effects { Some(first.read(&self.wanted(true), self.condition.as_deref()).await?) } else { None };
        Ok(self.answer(&frame, first.as_ref()))
    }

    fn wanted(&self, effects: bool) -> Vec<Want> {
        let claims = self.claims.iter().filter(|claim| is_effect(&claim.hypothesis) == effects);
        let columns = [Some(&self.columns.arm), self.columns.unit.as_ref()].into_iter().flatten().map(Want::category);
        columns.chain(claims.flat_map(|claim| tested::wanted(&claim.hypothesis, &self.columns, self.level))).collect()
    }

    fn answer(&self, frame: &Frame, first: Option<&Frame>) -> ClaimsAnswer {
        let (codes, labels) = frame.categories(&self.columns.arm);
        let unplaced = codes.iter().filter(|code| **code as usize >= labels.len()).count() as u64;
        let claims = self.claims.iter().map(|claim| {
            let frame = first.filter(|_| is_effect(&claim.hypothesis)).unwrap_or(frame);
            let arms: Vec<String> = claim.arm.as_ref().map_or_else(|| labels.to_vec(), |arm| vec![arm.clone()]);
            let arms = self.judged(claim, arms.into_iter().map(|arm| self.arm(claim, frame, arm)).collect());
            ClaimAnswer { restated: restated(&claim.hypothesis), claim: claim.clone(), arms }
        });
        ClaimsAnswer { claims: claims.collect(), level: self.level, unit: self.columns.unit.clone(), rows: frame.rows() as u64, unplaced }
    }

    fn arm(&self, claim: &Claim, frame: &Frame, arm: String) -> ArmVerdict {
        let (codes, labels) = frame.categories(&self.columns.arm);
        let code = labels.iter().position(|label| *label == arm);
        let rows: Vec<usize> = (0..frame.rows()).filter(|row| Some(codes[*row] as usize) == code).collect();
        let own = frame.select(&rows);
        let units = self.columns.unit.as_ref().map(|unit| {
            let mut persons = own.persons(unit);
            persons.sort_unstable();
            persons.dedup();
            persons.len() as u64
        });
        let tested = tested::Test { columns: &self.columns, level: self.level };
        let (parts, absent) = tested.parts(&claim.hypothesis, &own);
        let (n, units) = (rows.len() as u64, units.unwrap_or(rows.len() as u64));
        ArmVerdict { arm, verdict: Verdict::Untestable, parts, absent, n, units, tests: Vec::new() }
    }

    /// The verdicts of a claim. Its figures are held against it by Holm's correction over all figures of all vendors: three vendors of whom it is true
    /// contradict it no more often than one does. What is shown of a vendor takes all of its figures, so that vendors alone are corrected for.
    fn judged(&self, claim: &Claim, mut arms: Vec<ArmVerdict>) -> Vec<ArmVerdict> {
        let alpha = (1.0 - self.level.level()) / 2.0;
        let against: Vec<f64> = arms.iter().flat_map(|arm| &arm.parts).map(|part| part.p_against.unwrap_or(f64::NAN)).collect();
        let mut against = holm(&against).into_iter();
        let whole = |arm: &ArmVerdict| arm.parts.iter().map(|part| part.p_for).fold(f64::NEG_INFINITY, f64::max);
        let shown = holm(&arms.iter().map(whole).collect::<Vec<_>>());
        // What one figure takes where the vendor's worst takes so much: Holm's factor of the vendor.
        for (arm, shown) in arms.iter_mut().zip(shown) {
            let worst = whole(arm);
            let factor = if worst > 0.0 { shown / worst } else { 1.0 };
            for part in &mut arm.parts {
                let p = against.next().unwrap_or(1.0);
                part.p_against_adjusted = part.p_against.map(|_| p);
                part.verdict = match () {
                    () if part.p_against.is_some() && p <= alpha => Verdict::Contradicted,
                    () if part.p_for * factor.max(1.0) <= alpha => Verdict::Supported,
                    () => Verdict::Untestable,
                };
            }
            arm.verdict = if arm.parts.iter().any(|part| part.verdict == Verdict::Contradicted) {
                Verdict::Contradicted
            } else if !arm.parts.is_empty() && arm.absent.is_empty() && shown <= alpha {
                Verdict::Supported
            } else {
                Verdict::Untestable
            };
            if arm.verdict == Verdict::Untestable {
                arm.tests = tested::would_test(claim, &arm.parts, &arm.absent, arm.n == 0);
            }
        }
        arms
    }
}

/// Whether it is tested by what was measured in a session's first seconds.
pub fn is_effect(hypothesis: &Hypothesis) -> bool {
    match hypothesis {
        Hypothesis::Effect { .. } => true,
        Hypothesis::Everywhere { each, .. } => is_effect(each),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
