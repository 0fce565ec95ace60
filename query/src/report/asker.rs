//! What a report asks, analysis by analysis.

use super::columns::Columns;
use super::{ReportQuestion, ReportSources, Strongest};
use crate::catalog::Definitions;
use crate::frame::{Frame, Input, Role, Want};
use crate::relations::MEASURES;
use crate::retention::effect::{EffectAsked, EffectOutcome, EffectQuestion, EffectQuestionError};
use crate::retention::{Bands, CohortBy, CohortsAnswer, CohortsQuestion, RetentionError, Split, SurvivalAnswer, SurvivalQuestion};
use crate::satisfaction::{
    AnalysisError, CorrectAnswer, CorrectQuestion, Covariates, CurveAnswer, CurveQuestion, DriftAnswer, DriftQuestion, DriversAnswer,
    DriversQuestion, OnScale, ScoreAnswer, ScoreQuestion, StabilityAnswer, StabilityQuestion, WordsAnswer, WordsQuestion,
};
use crate::statistics::Return;
use crate::statistics::drivers::{Driver, Findings};
use crate::statistics::effect::{Estimand, Pairing, Trim};
use crate::statistics::knee::Knee;
use crate::statistics::stability::Objective;
use crate::statistics::weights::Cap;
use crate::vendor_record::{VendorRecord, vendor_records};

/// The day on which a return is asked about.
const RETURN_DAY: i32 = 7;
/// Curves in a report.
const CURVES: usize = 3;
/// A wave of answers, days; and from when on a conclusion is stale.
const WAVE_DAYS: u32 = 30;
const STALE_AFTER_DAYS: u32 = 183;

/// The sessions, read once, and what is asked of them: each analysis with its usual columns.
#[derive(Debug)]
pub struct Asker {
    pub(super) question: ReportQuestion,
    pub(super) columns: Columns,
    pub(super) sources: ReportSources,
    pub(super) rows: usize,
    held: Input,
}

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
        let wanted = columns.wanted(&question.by);
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
    pub async fn scores(&self, by: &[String]) -> Result<ScoreAnswer, AnalysisError> {
        let question = ScoreQuestion {
            kind: self.question.kind,
            score: "score".into(),
            weight: None,
            bounds: self.columns.bounds(),
            scale: None,
            earlier: self.columns.earlier(),
            user: self.columns.user(),
            by: by.to_vec(),
            condition: Some("score IS NOT NULL".into()),
            level: self.question.level,
            seed: self.question.seed,
        };
        question.ask(&self.held, None).await
    }

    /// Corrected for who stayed silent, by the values of these columns.
    pub async fn corrected(&self, by: &[String]) -> Result<CorrectAnswer, AnalysisError> {
        let known = self.columns.of(&["service", "platform", "network", "region", "vendor", "tenure_days"]);
        let covariates = known.into_iter().chain(self.columns.of(&MEASURES)).collect();
        let question = CorrectQuestion {
            kind: self.question.kind,
            score: "score".into(),
            answered: self.columns.has("answered").then(|| "answered".to_owned()),
            covariates: Covariates::Measured(covariates),
            bounds: self.columns.bounds(),
            scale: None,
            earlier: self.columns.earlier(),
            user: self.columns.user(),
            by: by.to_vec(),
            target: None,
            cap: Cap::default(),
            margins: Vec::new(),
            condition: self.columns.has("asked").then(|| "asked".to_owned()),
            level: self.question.level,
            seed: self.question.seed,
        };
        question.ask(&self.held).await
    }

    /// What goes with satisfaction.
    pub async fn drivers(&self) -> Result<DriversAnswer, AnalysisError> {
        let confounders = self.columns.of(&["network", "platform", "device_class", "region", "service", "tenure_days"]);
        let question = DriversQuestion {
            outcome: "score".into(),
            on_scale: Some(self.on_scale()),
            measures: Covariates::Measured(self.columns.of(&MEASURES)),
            confounders: Covariates::Measured(confounders),
            steps: Vec::new(),
            user: self.columns.user(),
            condition: Some("score IS NOT NULL".into()),
            level: self.question.level,
        };
        question.ask(&self.held).await
    }

    /// How satisfaction goes with a measure.
    pub async fn curve(&self, measure: &str) -> Result<CurveAnswer, AnalysisError> {
        let question = CurveQuestion {
            outcome: "score".into(),
            on_scale: Some(self.on_scale()),
            measure: measure.to_owned(),
            user: self.columns.user(),
            bins: None,
            direction: None,
            condition: Some("score IS NOT NULL".into()),
            level: self.question.level,
            seed: self.question.seed,
        };
        question.ask(&self.held).await
    }

    fn on_scale(&self) -> OnScale {
        OnScale { kind: self.question.kind, scale: None, bounds: self.columns.bounds() }
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
    pub async fn cohorts(&self, strongest: Option<&Strongest>) -> Result<CohortsAnswer, RetentionError> {
        let of_store = self.sources.visits.as_ref();
        let times = if of_store.is_some() { vec!["at".to_owned(), "at_last".to_owned()] } else { vec!["started_at".to_owned()] };
        let bands = strongest.and_then(|strongest| Bands::new(&strongest.measure, vec![strongest.threshold]).ok());
        let question = CohortsQuestion {
            user: "user_id".into(),
            times,
            first_seen: None,
            split: bands.map(Split::Band),
            days: [1, 7, 30].map(Return::On).to_vec(),
            clock: self.question.clock,
            cohort: CohortBy::Week,
            since: self.sources.period.map(|period| period.since),
            until: self.sources.period.map(|period| period.until),
            condition: None,
            level: self.question.level,
        };
        match of_store {
            Some(visits) => question.ask(visits, Some(&self.held)).await,
            None => question.ask(&self.held, None).await,
        }
    }

    /// How long people stay, by network.
    pub async fn survival(&self) -> Result<SurvivalAnswer, RetentionError> {
        let question = SurvivalQuestion {
            duration: "minutes".into(),
            event: self.columns.has("left").then(|| "left".to_owned()),
            user: self.columns.user(),
            entry: None,
            baseline: None,
            split: self.columns.has("network").then(|| Split::By("network".into())),
            covariates: Vec::new(),
            horizon: None,
            condition: Some("minutes > 0".into()),
            level: self.question.level,
        };
        question.ask(&self.held).await
    }

    /// What a first session on the bad side of a measure does to return.
    pub async fn effect(&self, strongest: &Strongest) -> Result<EffectAsked, EffectQuestionError> {
        let known = self.columns.of(&["network", "platform", "device_class", "region", "service", "scenario"]);
        let question = EffectQuestion {
            treatment: strongest.condition(),
            outcome: EffectOutcome::Return { day: RETURN_DAY, or_later: false, time: "started_at".into(), clock: self.question.clock },
            covariates: Covariates::Measured(known),
            user: Some("user_id".into()),
            estimand: Estimand::Ate,
            pairing: Pairing::Propensity,
            trim: Trim::None,
            claim: None,
            condition: None,
            level: self.question.level,
            seed: self.question.seed,
        };
        question.ask(&self.held, self.sources.visits.as_ref()).await
    }

    /// Whether it connects as promised, by the values of these columns.
    pub async fn stability(&self, by: &[String]) -> Result<StabilityAnswer, AnalysisError> {
        let finance = || ("industry".to_owned(), vec![("finance".to_owned(), Objective::FINANCE)]);
        let question = StabilityQuestion {
            success: "joined".into(),
            target: Objective::TRADITIONAL,
            targets: self.columns.has("industry").then(finance),
            by: by.to_vec(),
            user: self.columns.user(),
            condition: None,
            level: self.question.level,
        };
        question.ask(&self.held).await
    }

    /// What people wrote.
    pub async fn words(&self) -> Result<WordsAnswer, AnalysisError> {
        let question = WordsQuestion {
            text: "text".into(),
            score: "score".into(),
            kind: self.question.kind,
            scale: None,
            bounds: self.columns.bounds(),
            low_at_most: None,
            user: self.columns.user(),
            measures: Covariates::Measured(self.columns.of(&MEASURES)),
            themes: None,
            condition: Some("text <> ''".into()),
            level: self.question.level,
        };
        question.ask(&self.held).await
    }

    /// What changed.
    pub async fn drift(&self) -> Result<DriftAnswer, AnalysisError> {
        let question = DriftQuestion {
            time: "started_at".into(),
            score: "score".into(),
            kind: self.question.kind,
            scale: None,
            bounds: self.columns.bounds(),
            earlier: self.columns.earlier(),
            user: self.columns.user(),
            wave_days: WAVE_DAYS,
            stale_after_days: STALE_AFTER_DAYS,
            measures: Covariates::Measured(self.columns.of(&["rtt_ms", "loss_ratio", "freeze_ratio", "connect_ms"])),
            zone: self.question.clock.tz(),
            now: self.question.now,
            condition: None,
            level: self.question.level,
            seed: self.question.seed,
        };
        question.ask(&self.held, self.sources.releases.as_ref()).await
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
