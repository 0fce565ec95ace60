//! The steps of a POC that was written down, asked of a store's sessions.

use std::sync::Arc;

use chrono::Utc;
use qoe_query::board::{Boards, is_away};
use qoe_query::frame::{FrameError, Want};
use qoe_query::poc::check::{CheckAnswer, CheckError, CheckQuestion, StoreSources, sessions};
use qoe_query::poc::claims::{BASELINE_S, claimed};
use qoe_query::poc::compare::{CompareAnswer, Shift};
use qoe_query::poc::plan::{Plan, PlanError, PlanQuestion};
use qoe_query::poc::scorecard::{
    EvidenceSources, Gathered, Profiles, ProfilesError, Scorecard, ScorecardError, ScorecardQuestion, gathered,
};
use qoe_query::poc::{ClaimsAnswer, ClaimsQuestion, CompareError, CompareQuestion, Poc};
use qoe_query::relations::{self, Period, Window};
use qoe_query::satisfaction::AnalysisError;
use qoe_query::statistics::weighing::Draws;
use qoe_query::vendor_record::VendorInputs;
use serde_json::Value;

use super::store::{Store, in_turn};
use super::written::{Step, WrittenPoc};
use crate::section::{Section, poc_check, poc_claims, poc_plan, poc_report, poc_scorecard};
use crate::source::{SourceError, chain};
use crate::view::Lang;
use crate::wire;

/// As the commands have them where nothing else is stated, so that the same file gets the same answer.
const RESAMPLES: usize = 2_000;
const DRAWS: u32 = 10_000;
const CONCENTRATION: f64 = 20.0;
const SEED: u64 = 1;

/// All that a file asks, ready for the page.
#[derive(Debug, Clone)]
pub struct WrittenAnswers {
    /// The POC's name.
    pub name: String,
    /// The time asked about.
    pub period: Period,
    /// The parts in English.
    pub english: Vec<Section>,
    /// The parts in Chinese.
    pub chinese: Vec<Section>,
}

/// What a step answers.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a request has a few")]
enum Answer {
    Plan(Plan),
    Check(CheckAnswer),
    Compare(CompareAnswer, Vec<Shift>),
    Claims(ClaimsAnswer),
    Scorecard(Scorecard, Gathered, Option<CheckAnswer>),
}

/// Why a step has no answer.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("read the columns")]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    #[error(transparent)]
    Scorecard(#[from] ScorecardError),
    #[error("nothing is claimed: state [[claim]] in poc.toml, or claim=connect_ms p50,p95 <= 600 in the link")]
    NoClaim,
}

/// One step of a written POC, as its command prints it with `--json`; or the reason why these sessions do not carry it.
pub(crate) async fn step(boards: &Boards, project: &str, asked: &WrittenPoc, step: Step) -> Result<Value, SourceError> {
    let (asked, store) = opened(boards, project, asked).await?;
    match in_turn(move || async move { ask(&asked, &store, step).await }).await? {
        Ok(answer) => Ok(answer.json()),
        Err(error) => error.uncarried().map(|error| wire::report::why_not(&error)),
    }
}

/// All that a file asks. A part without an answer says why.
pub(crate) async fn written(boards: &Boards, project: &str, asked: &WrittenPoc) -> Result<WrittenAnswers, SourceError> {
    let (asked, store) = opened(boards, project, asked).await?;
    let (name, period) = (asked.poc.name.clone(), store.period);
    let mut steps = vec![Step::Compare, Step::Check];
    steps.extend((!asked.poc.claims.is_empty()).then_some(Step::Claims));
    steps.extend(asked.poc.scorecard.is_stated().then_some(Step::Scorecard));
    steps.push(Step::Plan);
    let parts = in_turn(move || async move {
        let mut parts = Vec::new();
        for step in steps {
            let answer = ask(&asked, &store, step).await;
            // Without ClickHouse there is no page; anything else is of this part alone.
            parts.push((step, answer.map_or_else(|error| error.in_part().map(Err), |answer| Ok(Ok(answer)))?));
        }
        Ok::<_, SourceError>(parts)
    });
    let parts = parts.await??;
    let told = |lang: Lang| sections(&parts, lang);
    Ok(WrittenAnswers { name, period, english: told(Lang::En), chinese: told(Lang::Zh) })
}

async fn opened(boards: &Boards, project: &str, asked: &WrittenPoc) -> Result<(WrittenPoc, Store), SourceError> {
    let period = asked.link.period(Utc::now()).map_err(|error| SourceError::Misasked { why: error.to_string() })?;
    Ok((asked.clone(), Store::of(boards, project, period).await?))
}

async fn ask(asked: &WrittenPoc, store: &Store, step: Step) -> Result<Answer, StepError> {
    let (poc, filter) = (asked.poc.clone(), asked.link.condition());
    let condition = poc.condition(filter.as_deref());
    Ok(match step {
        Step::Plan => {
            let question = PlanQuestion { poc, assumed: asked.assumed.clone(), per_day: asked.per_day, condition };
            let sessions = if question.needs_rows() { Some(store.input(&relations::poc_sessions(store.period)).await?) } else { None };
            Answer::Plan(question.ask(sessions.as_ref()).await?)
        }
        Step::Check => {
            expressions_only(&poc, store, condition.as_deref()).await?;
            let input = store.input(&sessions(&poc, store.period)).await?;
            let question = CheckQuestion { poc, condition, planned: asked.link.planned };
            Answer::Check(question.ask_store(&StoreSources { sessions: &input, period: store.period }).await?)
        }
        Step::Compare => {
            let question = CompareQuestion { poc, condition, resamples: RESAMPLES, seed: SEED };
            let (frame, session) = question.read(&store.input(&relations::poc_sessions(store.period)).await?).await?;
            let (mut answer, shifts) = (question.answer(&frame, session.as_deref())?, question.shifts(&frame)?);
            if let Some(checked) = held(question.poc, store, question.condition).await? {
                answer.hold_to(checked);
            }
            Answer::Compare(answer, shifts)
        }
        Step::Claims if poc.claims.is_empty() => return Err(StepError::NoClaim),
        Step::Claims => {
            let whole = store.input(&relations::poc_sessions(store.period)).await?;
            let seconds = BASELINE_S as u32;
            let first = store.input(&relations::sessions(store.period, "csat", Window::First { seconds })).await?;
            let question = ClaimsQuestion::of(&poc, filter.as_deref());
            let mut answer = question.ask_from(&whole, &first).await?;
            let metrics = claimed(&question.claims);
            if let Some(checked) = held(Poc { metrics, ..poc }, store, question.condition.clone()).await? {
                answer.hold_to(checked);
            }
            Answer::Claims(answer)
        }
        Step::Scorecard => {
            let draws = Draws { times: DRAWS, concentration: CONCENTRATION, level: poc.level, seed: SEED };
            let question = ScorecardQuestion { weighing: poc.scorecard.clone(), profiles: Profiles::default(), draws };
            let profile = question.profile()?;
            let (period, sessions) = (store.period, store.input(&relations::poc_sessions(store.period)).await?);
            let inputs = VendorInputs {
                tickets: store.input(&relations::tickets(period)).await?,
                releases: store.input(&relations::releases(period)).await?,
                integration: store.input(&relations::integration(period)).await?,
            };
            let sources = EvidenceSources { sessions, records: Some((inputs, period)) };
            let gathered = gathered(&poc, profile, &sources, condition.clone(), SEED).await?;
            let card = question.answer(&gathered.evidence)?;
            Answer::Scorecard(card, gathered, held(poc, store, condition).await?)
        }
    })
}

/// What a check says of the rows that another step is about; `None` where it has nothing to check, such as one vendor alone.
async fn held(poc: Poc, store: &Store, condition: Option<String>) -> Result<Option<CheckAnswer>, StepError> {
    expressions_only(&poc, store, condition.as_deref()).await?;
    let input = store.input(&sessions(&poc, store.period)).await?;
    let question = CheckQuestion { poc, condition, planned: None };
    match question.ask_store(&StoreSources { sessions: &input, period: store.period }).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_nothing() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A check puts what the file names into questions in SQL: each is to be one expression over the columns of sessions, and nothing besides.
async fn expressions_only(poc: &Poc, store: &Store, condition: Option<&str>) -> Result<(), StepError> {
    let input = store.input(&relations::poc_sessions(store.period)).await?;
    let columns = &poc.columns;
    let named = [Some(&columns.arm), columns.unit.as_ref(), columns.pair.as_ref(), columns.time.as_ref(), columns.session.as_ref()];
    let metrics = poc.metrics.iter().map(|metric| &metric.what);
    let wanted: Vec<Want> = named.into_iter().flatten().chain(&columns.strata).chain(metrics).map(Want::text).collect();
    Ok(input.accepts(&wanted, condition).await?)
}

impl Answer {
    fn json(&self) -> Value {
        match self {
            Answer::Plan(plan) => wire::poc_plan::poc_plan(plan),
            Answer::Check(answer) => wire::poc_check::poc_check(answer),
            Answer::Compare(answer, _) => wire::poc_compare::poc_compare(answer),
            Answer::Claims(answer) => wire::poc_claims::claims(answer),
            Answer::Scorecard(card, _, checked) => wire::poc_scorecard::held_to(card, checked.as_ref()),
        }
    }

    fn sections(&self, lang: Lang) -> Vec<Section> {
        match self {
            Answer::Plan(plan) => vec![poc_plan::poc_plan(plan, lang)],
            Answer::Check(answer) => vec![poc_check::poc_check(answer, lang)],
            Answer::Compare(answer, shifts) => poc_report::sections(answer, shifts, lang),
            Answer::Claims(answer) => vec![poc_claims::claims(answer, lang)],
            Answer::Scorecard(card, gathered, checked) => vec![poc_scorecard::held_to(card, gathered, checked.as_ref(), lang)],
        }
    }
}

type Part = (Step, Result<Answer, String>);

/// What was found for whoever decides, whether that may be trusted, and then each part.
fn sections(parts: &[Part], lang: Lang) -> Vec<Section> {
    let headline = parts.iter().find_map(|(_, part)| match part {
        Ok(Answer::Compare(answer, _)) => Some(poc_report::headline(answer, lang)),
        _ => None,
    });
    let part = |(step, part): &Part| match part {
        Ok(answer) => answer.sections(lang),
        Err(why) => vec![Section { warnings: vec![why.clone()], ..unanswered(*step, lang) }],
    };
    headline.into_iter().chain(parts.iter().flat_map(part)).collect()
}

/// The place of a part that has no answer.
fn unanswered(step: Step, lang: Lang) -> Section {
    let (id, title) = match step {
        Step::Plan => ("poc-plan", lang.pick("What the POC takes", "POC 需要多少样本与时间")),
        Step::Check => ("poc-check", lang.pick("Whether the run is sound", "实验运行是否有效")),
        Step::Compare => ("compare", lang.pick("Which vendor is better at what", "各供应商孰优孰劣")),
        Step::Claims => ("claims", lang.pick("What vendors claim", "厂商的说法是否成立")),
        Step::Scorecard => ("scorecard", lang.pick("The whole picture, weighed", "综合评分卡")),
    };
    Section::new(id, title)
}

impl StepError {
    /// That these sessions do not carry an answer. Err where the question is wrong, or could not be asked.
    fn uncarried(self) -> Result<StepError, SourceError> {
        if let StepError::Source(error) = self {
            return Err(error);
        }
        if is_away(&self) {
            return Err(SourceError::Unavailable(Arc::new(self)));
        }
        if let Some(misread) = self.misread() {
            return Err(SourceError::Misasked { why: misread });
        }
        match &self {
            StepError::Plan(PlanError::NoRows { .. } | PlanError::OneVendor { .. })
            | StepError::Check(CheckError::NoRows { .. } | CheckError::OneVendor { .. })
            | StepError::Compare(CompareError::NoRows { .. } | CompareError::OneVendor { .. } | CompareError::SharedSessions { .. })
            | StepError::Analysis(AnalysisError::NoRows { .. })
            | StepError::Scorecard(ScorecardError::NoEvidence | ScorecardError::OneVendor { .. }) => Ok(self),
            StepError::Frame(_)
            | StepError::Plan(PlanError::Frame(_))
            | StepError::Check(CheckError::Frame(_) | CheckError::Count { .. })
            | StepError::Compare(CompareError::Frame(_) | CompareError::Resample(_))
            | StepError::Analysis(AnalysisError::Frame(_)) => Err(SourceError::Failed(Arc::new(self))),
            _ => Err(SourceError::Misasked { why: self.to_string() }),
        }
    }

    /// What is said in a part's place. Err where no part has an answer either.
    fn in_part(self) -> Result<String, SourceError> {
        match self.uncarried() {
            Ok(error) => Ok(error.to_string()),
            Err(SourceError::Misasked { why }) => Ok(why),
            Err(SourceError::Failed(error)) => {
                tracing::error!(error = chain(&*error), "no answer to a part of a page");
                Ok("this part cannot be computed; the server's log says why".to_owned())
            }
            Err(error) => Err(error),
        }
    }

    /// What was misread in a file, if that is why: a column that there is not, an expression or a condition that cannot be.
    fn misread(&self) -> Option<String> {
        let causes = std::iter::successors(Some(self as &dyn std::error::Error), |error| error.source());
        causes
            .filter_map(|error| error.downcast_ref::<FrameError>())
            .find(|error| !matches!(error, FrameError::Rows(_)))
            .map(ToString::to_string)
    }
}
