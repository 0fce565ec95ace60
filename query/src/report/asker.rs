//! What a report asks, analysis by analysis.

use super::columns::Columns;
use super::{ReportQuestion, ReportSources, Strongest};
use crate::catalog::Definitions;
use crate::frame::{Frame, Input, Role, Want};
use crate::retention::effect::{EffectAsked, EffectQuestionError};
use crate::retention::{CohortsAnswer, RetentionError, SurvivalAnswer};
use crate::satisfaction::{
    AnalysisError, CorrectAnswer, CurveAnswer, DriftAnswer, DriversAnswer, ScoreAnswer, ScoreQuestion, StabilityAnswer, WordsAnswer,
};
use crate::statistics::drivers::{Driver, Findings};
use crate::statistics::knee::Knee;
use crate::vendor_record::{VendorRecord, vendor_records};

/// Curves in a report.
const CURVES: usize = 3;

/// The sessions, read once, and what is asked of them: each analysis with its usual columns.
#[derive(Debug)]
pub struct Asker {
    pub(super) question: ReportQuestion,
    pub(super) columns: Columns,
    pub(super) sources: ReportSources,
    pub(super) rows: usize,
    held: Input,
}

/// The column that says what an answer is about; a session has answers about several.
pub(super) const DIMENSION: &str = "dimension";

/// Columns of a presence.
const VISITS: [(&str, Role); 3] = [("user_id", Role::Category), ("at", Role::Time), ("at_last", Role::Time)];

/// What moved what people felt and what it did: each asks with the answer of the one before.
pub(super) struct Moved {
    pub drivers: Result<DriversAnswer, AnalysisError>,
    pub curves: Vec<Result<CurveAnswer, AnalysisError>>,
    pub strongest: Option<Strongest>,
    pub cohorts: Result<CohortsAnswer, RetentionError>,
    pub effect: Option<Result<EffectAsked, EffectQuestionError>>,
}

/// What can be asked meanwhile.
pub(super) struct Rest {
    pub scores: Vec<Result<ScoreAnswer, AnalysisError>>,
    pub survival: Result<SurvivalAnswer, RetentionError>,
    pub stability: Result<StabilityAnswer, AnalysisError>,
    pub words: Result<WordsAnswer, AnalysisError>,
    pub drift: Result<DriftAnswer, AnalysisError>,
    pub vendors: Option<Result<Vec<VendorRecord>, AnalysisError>>,
}

impl Asker {
    /// Reads the sessions that meet the condition, and presences beside them.
    pub async fn read(question: &ReportQuestion, sources: &ReportSources, definitions: &Definitions) -> Result<Asker, AnalysisError> {
        let columns = Columns { there: sources.sessions.columns().await? };
        let by: Vec<String> = match &sources.answers {
            Some(_) => question.by.iter().filter(|by| *by != DIMENSION).cloned().collect(),
            None => question.by.clone(),
        };
        let wanted = columns.wanted(&by);
        let sessions = sources.sessions.held(&wanted, question.condition.as_deref(), definitions);
        let visits = async {
            match &sources.visits {
                Some(visits) => {
                    let wanted = VISITS.map(|(name, role)| Want { what: name.to_owned(), role });
                    visits.held(&wanted, None, definitions).await.map(|(visits, _)| Some(visits))
                }
                None => Ok(None),
            }
        };
        let ((held, rows), visits) = futures::try_join!(sessions, visits)?;
        if rows == 0 {
            return Err(AnalysisError::NoRows { condition: question.condition.clone() });
        }
        Ok(Asker { question: question.clone(), columns, sources: ReportSources { visits, ..sources.clone() }, rows, held })
    }

    pub(super) async fn moved(&self) -> Moved {
        let drivers = self.drivers().await;
        let ranked: Vec<Driver> = drivers.as_ref().map(ranked).unwrap_or_default();
        let mut curves = match ranked.first() {
            Some(driver) => vec![self.curve(&driver.measure).await],
            None => Vec::new(),
        };
        let strongest = self.strongest(&ranked, curves.first()).await;
        for driver in ranked.iter().take(CURVES).skip(1) {
            curves.push(self.curve(&driver.measure).await);
        }
        let cohorts = self.cohorts(strongest.as_ref()).await;
        let effect = match &strongest {
            Some(strongest) => Some(self.effect(strongest).await),
            None => None,
        };
        Moved { drivers, curves, strongest, cohorts, effect }
    }

    pub(super) async fn rest(&self) -> Rest {
        // What takes most memory first, while the others have little.
        let (drift, survival, stability) = (self.drift().await, self.survival().await, self.stability(&self.columns.of(&["vendor"])).await);
        let mut scores = vec![self.scores(&[]).await];
        for by in &self.question.by {
            scores.push(self.scores(std::slice::from_ref(by)).await);
        }
        let vendors = match (&self.sources.vendors, self.sources.period) {
            (Some(inputs), Some(period)) => Some(vendor_records(inputs, period, self.question.level).await),
            _ => None,
        };
        Rest { scores, survival, stability, words: self.words().await, drift, vendors }
    }

    /// What people said, by the values of these columns.
    pub(super) async fn scores(&self, by: &[String]) -> Result<ScoreAnswer, AnalysisError> {
        let question = self.score_question(by);
        match &self.sources.answers {
            Some(answers) if by.iter().any(|by| by == DIMENSION) => {
                ScoreQuestion { condition: self.question.condition.clone(), ..question }.ask(answers, None).await
            }
            _ => question.ask(&self.held, None).await,
        }
    }

    /// Corrected for who stayed silent, by the values of these columns.
    pub(super) async fn corrected(&self, by: &[String]) -> Result<CorrectAnswer, AnalysisError> {
        self.correct_question(by).ask(&self.held).await
    }

    /// What goes with satisfaction.
    pub(super) async fn drivers(&self) -> Result<DriversAnswer, AnalysisError> {
        self.drivers_question().ask(&self.held).await
    }

    /// How satisfaction goes with a measure.
    pub(super) async fn curve(&self, measure: &str) -> Result<CurveAnswer, AnalysisError> {
        self.curve_question(measure).ask(&self.held).await
    }

    /// The strongest measure, with its knee, or else with where its worst quarter of sessions begins.
    async fn strongest(&self, ranked: &[Driver], curve: Option<&Result<CurveAnswer, AnalysisError>>) -> Option<Strongest> {
        let driver = ranked.first()?;
        let high_is_bad = driver.per_deviation.value < 0.0;
        let knee = match curve.and_then(|curve| curve.as_ref().ok()).map(|curve| &curve.knee) {
            Some(Knee::Found(found)) => Some(found.at.value),
            _ => None,
        };
        let threshold = match knee {
            Some(knee) => knee,
            None => self.quarter(&driver.measure, high_is_bad).await?,
        };
        Some(Strongest { measure: driver.measure.clone(), threshold: readable(threshold), high_is_bad })
    }

    async fn quarter(&self, measure: &str, high_is_bad: bool) -> Option<f64> {
        let frame: Frame = self.held.read(&[Want::number(measure)], None).await.ok()?;
        let mut values: Vec<f64> = frame.numbers(measure).iter().copied().filter(|value| !value.is_nan()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = if high_is_bad { values.len() * 3 / 4 } else { values.len() / 4 };
        values.get(at).copied()
    }

    /// Who comes back, apart by which side of a measure the first day was on, if one is named.
    pub(super) async fn cohorts(&self, strongest: Option<&Strongest>) -> Result<CohortsAnswer, RetentionError> {
        let of_store = self.sources.visits.as_ref();
        let question = self.cohorts_question(strongest);
        match of_store {
            Some(visits) => question.ask(visits, Some(&self.held)).await,
            None => question.ask(&self.held, None).await,
        }
    }

    /// How long people stay, by network.
    pub(super) async fn survival(&self) -> Result<SurvivalAnswer, RetentionError> {
        self.survival_question().ask(&self.held).await
    }

    /// What a first session on the bad side of a measure does to return.
    pub(super) async fn effect(&self, strongest: &Strongest) -> Result<EffectAsked, EffectQuestionError> {
        self.effect_question(strongest).ask(&self.held, self.sources.visits.as_ref()).await
    }

    /// Whether it connects as promised, by the values of these columns.
    pub(super) async fn stability(&self, by: &[String]) -> Result<StabilityAnswer, AnalysisError> {
        self.stability_question(by).ask(&self.held).await
    }

    /// What people wrote.
    pub(super) async fn words(&self) -> Result<WordsAnswer, AnalysisError> {
        self.words_question().ask(&self.held).await
    }

    /// What changed.
    pub(super) async fn drift(&self) -> Result<DriftAnswer, AnalysisError> {
        self.drift_question().ask(&self.held, self.sources.releases.as_ref()).await
    }
}

/// The measures that go with satisfaction for sure, the strongest first.
fn ranked(answer: &DriversAnswer) -> Vec<Driver> {
    match &answer.drivers.findings {
        Findings::Estimated(found) => found.iter().filter(|driver| driver.p_holm < 0.05).cloned().collect(),
        Findings::Penalised { .. } => Vec::new(),
    }
}

/// To three digits, as people state a limit.
fn readable(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}
