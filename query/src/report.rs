//! The satisfaction report: every analysis of the same sessions, and what they come to together.

use chrono::{DateTime, Utc};

use crate::catalog::Definitions;
use crate::frame::{Frame, Input, Role, Want};
use crate::relations::{LABELS, MEASURES, Period};
use crate::retention::effect::{EffectAsked, EffectOutcome, EffectQuestion, EffectQuestionError};
use crate::retention::{
    Bands, CohortBy, CohortsAnswer, CohortsQuestion, DayClock, RetentionError, Split, SurvivalAnswer, SurvivalQuestion,
};
use crate::satisfaction::{
    AnalysisError, CorrectAnswer, CorrectQuestion, Covariates, CurveAnswer, CurveQuestion, DriftAnswer, DriftQuestion, DriversAnswer,
    DriversQuestion, ScoreAnswer, ScoreQuestion, StabilityAnswer, StabilityQuestion, WordsAnswer, WordsQuestion,
};
use crate::statistics::drivers::{Driver, Findings};
use crate::statistics::effect::{Estimand, Pairing, Trim};
use crate::statistics::knee::Knee;
use crate::statistics::scale::Kind;
use crate::statistics::stability::Objective;
use crate::statistics::weights::Cap;
use crate::statistics::{Confidence, Return};
use crate::vendor_record::{VendorInputs, VendorRecord, vendor_records};

/// What a report is about.
#[derive(Debug, Clone)]
pub struct ReportQuestion {
    /// How people were asked.
    pub kind: Kind,
    /// Scores by the values of each of these columns.
    pub by: Vec<String>,
    /// How days are counted.
    pub clock: DayClock,
    /// Only sessions that meet this condition in SQL.
    pub condition: Option<String>,
    /// The moment it is asked, to tell how old the answers are.
    pub now: DateTime<Utc>,
    /// The level of all intervals.
    pub level: Confidence,
    /// For what is drawn by chance.
    pub seed: u64,
}

/// What a report reads.
#[derive(Debug, Clone)]
pub struct ReportSources {
    /// One row a session, with the columns of [`crate::relations::sessions`], or as many of them as there are.
    pub sessions: Input,
    /// Of a store: presences, with the columns of [`crate::relations::visits`].
    pub visits: Option<Input>,
    /// Of a store: releases, with the columns of [`crate::relations::releases`].
    pub releases: Option<Input>,
    /// Of a store: what vendors were like to work with.
    pub vendors: Option<VendorInputs>,
    /// Of a store: the span of time.
    pub period: Option<Period>,
}

/// The answers. Each part that cannot be answered says why.
#[derive(Debug)]
pub struct SatisfactionReport {
    /// As it was asked.
    pub question: ReportQuestion,
    /// The span of time, of a store.
    pub period: Option<Period>,
    /// Sessions.
    pub sessions: u64,
    /// Columns that analyses would have used and that are not there.
    pub missing: Vec<String>,
    /// What people said, overall and by each of the columns asked for.
    pub scores: Vec<Result<ScoreAnswer, AnalysisError>>,
    /// Corrected for who stayed silent.
    pub corrected: Result<CorrectAnswer, AnalysisError>,
    /// What goes with satisfaction.
    pub drivers: Result<DriversAnswer, AnalysisError>,
    /// The strongest of them, and from where on it is bad.
    pub strongest: Option<Strongest>,
    /// How satisfaction goes with the measures that go with it most.
    pub curves: Vec<Result<CurveAnswer, AnalysisError>>,
    /// Who comes back.
    pub cohorts: Result<CohortsAnswer, RetentionError>,
    /// How long people stay.
    pub survival: Result<SurvivalAnswer, RetentionError>,
    /// What a first session on the bad side of the strongest measure does to return.
    pub effect: Option<Result<EffectAsked, EffectQuestionError>>,
    /// Whether it connects as promised.
    pub stability: Result<StabilityAnswer, AnalysisError>,
    /// What people wrote.
    pub words: Result<WordsAnswer, AnalysisError>,
    /// What changed.
    pub drift: Result<DriftAnswer, AnalysisError>,
    /// What vendors were like to work with; `None` where it is not known.
    pub vendors: Option<Result<Vec<VendorRecord>, AnalysisError>>,
}

/// The measure that goes with satisfaction most.
#[derive(Debug, Clone, PartialEq)]
pub struct Strongest {
    /// Its column.
    pub measure: String,
    /// From here on it is bad: its knee, or where its worst quarter begins.
    pub threshold: f64,
    /// Whether the bad side is that of the greater values.
    pub high_is_bad: bool,
}

impl Strongest {
    /// The bad side as a condition in SQL.
    pub fn condition(&self) -> String {
        format!("{} {} {}", self.measure, if self.high_is_bad { ">=" } else { "<=" }, self.threshold)
    }
}

/// The day on which a return is asked about.
const RETURN_DAY: i32 = 7;
/// Curves in a report.
const CURVES: usize = 3;
/// A wave of answers, days; and from when on a conclusion is stale.
const WAVE_DAYS: u32 = 30;
const STALE_AFTER_DAYS: u32 = 183;
/// Columns of a session besides labels and measures, and as what they are read.
const COLUMNS: [(&str, Role); 11] = [
    ("user_id", Role::Category),
    ("started_at", Role::Time),
    ("minutes", Role::Number),
    ("left", Role::Flag),
    ("joined", Role::Flag),
    ("tenure_days", Role::Number),
    ("asked", Role::Flag),
    ("answered", Role::Flag),
    ("score", Role::Number),
    ("text", Role::Text),
    ("scale_low", Role::Number),
];

/// Reads the sessions once and answers everything. `progress` is told which part is begun. It is computed on the calling thread for seconds, so it needs a
/// runtime of several threads.
pub async fn satisfaction_report(
    question: &ReportQuestion,
    sources: &ReportSources,
    definitions: &Definitions,
    progress: impl Fn(&'static str),
) -> Result<SatisfactionReport, AnalysisError> {
    progress("read the sessions");
    let there = sources.sessions.columns().await?;
    let columns = Columns { there };
    let (held, rows) = sources.sessions.held(&columns.wanted(&question.by), question.condition.as_deref(), definitions).await?;
    if rows == 0 {
        return Err(AnalysisError::NoRows { condition: question.condition.clone() });
    }
    let asker = Asker { question, columns: &columns, held: &held };
    progress("ask everything of them");
    let (felt, rest) = side_by_side(asker.felt(sources), asker.rest(sources));
    let Felt { corrected, drivers, curves, strongest, cohorts, effect } = felt;
    let Rest { scores, survival, stability, words, drift } = rest;
    let vendors = match (&sources.vendors, sources.period) {
        (Some(inputs), Some(period)) => Some(vendor_records(inputs, period, question.level).await),
        _ => None,
    };
    let missing = columns.missing();
    Ok(SatisfactionReport {
        question: question.clone(),
        period: sources.period,
        sessions: rows as u64,
        missing,
        scores,
        corrected,
        drivers,
        strongest,
        curves,
        cohorts,
        survival,
        effect,
        stability,
        words,
        drift,
        vendors,
    })
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

/// The columns there are.
struct Columns {
    there: Vec<String>,
}

impl Columns {
    fn has(&self, name: &str) -> bool {
        self.there.iter().any(|column| column == name)
    }

    fn of(&self, names: &[&str]) -> Vec<String> {
        names.iter().filter(|name| self.has(name)).map(|name| (*name).to_owned()).collect()
    }

    fn user(&self) -> Option<String> {
        self.has("user_id").then(|| "user_id".to_owned())
    }

    fn bounds(&self) -> Option<(String, String)> {
        (self.has("scale_low") && self.has("scale_high")).then(|| ("scale_low".to_owned(), "scale_high".to_owned()))
    }

    fn wanted(&self, by: &[String]) -> Vec<Want> {
        let labels = LABELS.iter().map(|name| (*name, Role::Category));
        let measures = MEASURES.iter().map(|name| (*name, Role::Number));
        let named = COLUMNS.into_iter().chain([("scale_high", Role::Number)]).chain(labels).chain(measures);
        let mut wanted: Vec<Want> =
            named.filter(|(name, _)| self.has(name)).map(|(name, role)| Want { what: name.to_owned(), role }).collect();
        let others = by.iter().filter(|name| !LABELS.contains(&name.as_str()));
        wanted.extend(others.map(Want::category));
        wanted
    }

    fn missing(&self) -> Vec<String> {
        let needed = COLUMNS.iter().map(|(name, _)| *name).chain(MEASURES);
        needed.filter(|name| !self.has(name)).map(str::to_owned).collect()
    }
}

struct Asker<'a> {
    question: &'a ReportQuestion,
    columns: &'a Columns,
    held: &'a Input,
}

/// What people felt, what moved it and what it did: each asks with the answer of the one before.
struct Felt {
    corrected: Result<CorrectAnswer, AnalysisError>,
    drivers: Result<DriversAnswer, AnalysisError>,
    curves: Vec<Result<CurveAnswer, AnalysisError>>,
    strongest: Option<Strongest>,
    cohorts: Result<CohortsAnswer, RetentionError>,
    effect: Option<Result<EffectAsked, EffectQuestionError>>,
}

/// What can be asked meanwhile.
struct Rest {
    scores: Vec<Result<ScoreAnswer, AnalysisError>>,
    survival: Result<SurvivalAnswer, RetentionError>,
    stability: Result<StabilityAnswer, AnalysisError>,
    words: Result<WordsAnswer, AnalysisError>,
    drift: Result<DriftAnswer, AnalysisError>,
}

/// Both at once, on threads that may be busy for seconds.
fn side_by_side<A, B: Send>(one: impl Future<Output = A>, other: impl Future<Output = B> + Send) -> (A, B) {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| runtime.block_on(other));
            let one = runtime.block_on(one);
            (one, other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    })
}

impl Asker<'_> {
    async fn felt(&self, sources: &ReportSources) -> Felt {
        let corrected = self.corrected().await;
        let drivers = self.drivers().await;
        let ranked: Vec<Driver> = drivers.as_ref().map(ranked).unwrap_or_default();
        let mut curves = Vec::new();
        for driver in ranked.iter().take(CURVES) {
            curves.push(self.curve(&driver.measure).await);
        }
        let strongest = self.strongest(&ranked, curves.first()).await;
        let cohorts = self.cohorts(sources, strongest.as_ref()).await;
        let effect = match &strongest {
            Some(strongest) => Some(self.effect(strongest, sources).await),
            None => None,
        };
        Felt { corrected, drivers, curves, strongest, cohorts, effect }
    }

    async fn rest(&self, sources: &ReportSources) -> Rest {
        let mut scores = vec![self.scores(&[]).await];
        for by in &self.question.by {
            scores.push(self.scores(std::slice::from_ref(by)).await);
        }
        Rest {
            scores,
            survival: self.survival().await,
            stability: self.stability().await,
            words: self.words().await,
            drift: self.drift(sources.releases.as_ref()).await,
        }
    }

    async fn scores(&self, by: &[String]) -> Result<ScoreAnswer, AnalysisError> {
        let question = ScoreQuestion {
            kind: self.question.kind,
            score: "score".into(),
            weight: None,
            bounds: self.columns.bounds(),
            scale: None,
            by: by.to_vec(),
            condition: Some("score IS NOT NULL".into()),
            level: self.question.level,
            seed: self.question.seed,
        };
        question.ask(self.held, None).await
    }

    async fn corrected(&self) -> Result<CorrectAnswer, AnalysisError> {
        let known = self.columns.of(&["service", "platform", "network", "region", "vendor", "tenure_days"]);
        let covariates = known.into_iter().chain(self.columns.of(&MEASURES)).collect();
        let question = CorrectQuestion {
            kind: self.question.kind,
            score: "score".into(),
            answered: self.columns.has("answered").then(|| "answered".to_owned()),
            covariates: Covariates::Measured(covariates),
            bounds: self.columns.bounds(),
            scale: None,
            user: self.columns.user(),
            by: Vec::new(),
            target: None,
            cap: Cap::default(),
            margins: Vec::new(),
            condition: self.columns.has("asked").then(|| "asked".to_owned()),
            level: self.question.level,
            seed: self.question.seed,
        };
        question.ask(self.held).await
    }

    async fn drivers(&self) -> Result<DriversAnswer, AnalysisError> {
        let confounders = self.columns.of(&["network", "platform", "device_class", "region", "service", "tenure_days"]);
        let question = DriversQuestion {
            outcome: "score".into(),
            measures: Covariates::Measured(self.columns.of(&MEASURES)),
            confounders: Covariates::Measured(confounders),
            steps: Vec::new(),
            user: self.columns.user(),
            condition: Some("score IS NOT NULL".into()),
            level: self.question.level,
        };
        question.ask(self.held).await
    }

    async fn curve(&self, measure: &str) -> Result<CurveAnswer, AnalysisError> {
        let question = CurveQuestion {
            outcome: "score".into(),
            measure: measure.to_owned(),
            user: self.columns.user(),
            bins: None,
            direction: None,
            condition: Some("score IS NOT NULL".into()),
            level: self.question.level,
            seed: self.question.seed,
        };
        question.ask(self.held).await
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

    async fn cohorts(&self, sources: &ReportSources, strongest: Option<&Strongest>) -> Result<CohortsAnswer, RetentionError> {
        let of_store = sources.visits.as_ref();
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
            since: sources.period.map(|period| period.since),
            until: sources.period.map(|period| period.until),
            condition: None,
            level: self.question.level,
        };
        match of_store {
            Some(visits) => question.ask(visits, Some(self.held)).await,
            None => question.ask(self.held, None).await,
        }
    }

    async fn survival(&self) -> Result<SurvivalAnswer, RetentionError> {
        let question = SurvivalQuestion {
            duration: "minutes".into(),
            event: self.columns.has("left").then(|| "left".to_owned()),
            user: self.columns.user(),
            entry: None,
            split: self.columns.has("network").then(|| Split::By("network".into())),
            covariates: Vec::new(),
            horizon: None,
            condition: Some("minutes > 0".into()),
            level: self.question.level,
        };
        question.ask(self.held).await
    }

    async fn effect(&self, strongest: &Strongest, sources: &ReportSources) -> Result<EffectAsked, EffectQuestionError> {
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
        question.ask(self.held, sources.visits.as_ref()).await
    }

    async fn stability(&self) -> Result<StabilityAnswer, AnalysisError> {
        let finance = || ("industry".to_owned(), vec![("finance".to_owned(), Objective::FINANCE)]);
        let question = StabilityQuestion {
            success: "joined".into(),
            target: Objective::TRADITIONAL,
            targets: self.columns.has("industry").then(finance),
            by: self.columns.of(&["vendor"]),
            user: self.columns.user(),
            condition: None,
            level: self.question.level,
        };
        question.ask(self.held).await
    }

    async fn words(&self) -> Result<WordsAnswer, AnalysisError> {
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
        question.ask(self.held).await
    }

    async fn drift(&self, releases: Option<&Input>) -> Result<DriftAnswer, AnalysisError> {
        let question = DriftQuestion {
            time: "started_at".into(),
            score: "score".into(),
            kind: self.question.kind,
            scale: None,
            bounds: self.columns.bounds(),
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
        question.ask(self.held, releases).await
    }
}
