//! How a command ends: 0 done, 1 failed, 2 wrong use, 3 nothing found, 4 the check said no, 5 ClickHouse or another service unavailable.

use std::io::ErrorKind;
use std::process::ExitCode;

use qoe_fixtures::relay::{ProfilesError, ScheduleError};
use qoe_ingest::spool::OpenError;
use qoe_query::board::BoardError;
use qoe_query::frame::{CsvError, FrameError, SourceError};
use qoe_query::poc::check::CheckError;
use qoe_query::poc::plan::{ListError, PlanError};
use qoe_query::poc::scorecard::{self, ScorecardError};
use qoe_query::poc::{CompareError, MetricError, PocFileError};
use qoe_query::quality::ScoreError;
use qoe_query::retention::RetentionError;
use qoe_query::retention::effect::EffectQuestionError;
use qoe_query::satisfaction::{AnalysisError, MarginsError};
use qoe_query::statistics::dose_response::DoseResponseError;
use qoe_query::statistics::drivers::DriversError;
use qoe_query::statistics::effect::EffectError;
use qoe_query::statistics::response::CorrectError;
use qoe_query::words::themes::ThemesError;
use qoe_store::embedded::EmbeddedError;
use qoe_store::{EndpointError, FolderError};

/// The caller asked for something that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUse(pub String);

/// There is nothing to answer with.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NothingFound(pub String);

/// The check that was asked for said no; the answer stands on stdout.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CheckFailed(pub String);

/// Says what went wrong, with its causes, on stderr.
#[allow(clippy::print_stderr, reason = "this is where a command's last word is said")]
pub fn failed(error: &anyhow::Error) -> ExitCode {
    // Whoever reads the answer has read enough of it (`| head`).
    if error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)) {
        return ExitCode::SUCCESS;
    }
    // A program that asked for JSON is told in JSON.
    if std::env::args().any(|word| word == "--json") {
        let because: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
        eprintln!("{}", serde_json::json!({"error": error.to_string(), "because": because}));
        return ExitCode::from(code(error));
    }
    eprintln!("qoe: {error}");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !said.contains(&cause) {
            eprintln!("  because: {cause}");
        }
        said = cause;
    }
    ExitCode::from(code(error))
}

fn code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        let held = matches!(cause.downcast_ref::<OpenError>(), Some(OpenError::InUse { .. }));
        if held
            || cause.is::<WrongUse>()
            || cause.is::<FolderError>()
            || cause.is::<ScoreError>()
            || cause.is::<MarginsError>()
            || cause.is::<ThemesError>()
            || cause.is::<MetricError>()
            || cause.is::<PocFileError>()
            || cause.is::<CsvError>()
            || cause.is::<ProfilesError>()
            || cause.is::<scorecard::ProfilesError>()
            || cause.is::<ScheduleError>()
            || cause.is::<ListError>()
            || matches!(cause.downcast_ref::<ScorecardError>(), Some(error) if !matches!(error, ScorecardError::NoEvidence))
        {
            return 2;
        }
        let misread = matches!(
            cause.downcast_ref::<FrameError>(),
            Some(FrameError::Unknown { .. } | FrameError::Condition { .. } | FrameError::Misfit { .. })
        );
        let no_file = matches!(
            cause.downcast_ref::<SourceError>(),
            Some(SourceError::Missing { .. } | SourceError::Empty { .. } | SourceError::Format { .. } | SourceError::Unreadable { .. })
        );
        if misread || no_file {
            return 2;
        }
        if let Some(code) = cause.downcast_ref::<CompareError>().and_then(compare) {
            return code;
        }
        if let Some(code) = cause.downcast_ref::<AnalysisError>().and_then(analysis) {
            return code;
        }
        // Columns that cannot be read have causes of their own, further down; the rest says what cannot be said, and why.
        if cause.downcast_ref::<RetentionError>().is_some_and(|error| !matches!(error, RetentionError::Frame(_))) {
            return 3;
        }
        if let Some(code) = cause.downcast_ref::<EffectQuestionError>().and_then(effect) {
            return code;
        }
        if let Some(code) = cause.downcast_ref::<PlanError>().and_then(plan).or(cause.downcast_ref::<CheckError>().and_then(check)) {
            return code;
        }
        if cause.is::<NothingFound>() || matches!(cause.downcast_ref::<ScorecardError>(), Some(ScorecardError::NoEvidence)) {
            return 3;
        }
        if cause.is::<CheckFailed>() {
            return 4;
        }
        let away = cause.downcast_ref::<EndpointError>().is_some_and(EndpointError::is_unavailable)
            || cause.is::<EmbeddedError>()
            || matches!(cause.downcast_ref::<BoardError>(), Some(BoardError::Unavailable { .. }));
        if away {
            return 5;
        }
    }
    1
}

/// What a comparison cannot be made of: 2 where the question is wrong, 3 where the data do not carry it. `None`: its cause decides.
fn compare(error: &CompareError) -> Option<u8> {
    match error {
        CompareError::Frame(_) | CompareError::Resample(_) => None,
        CompareError::NoMetric
        | CompareError::Sequence { .. }
        | CompareError::TooManyVendors { .. }
        | CompareError::TooManyStrata { .. } => Some(2),
        CompareError::NoSuchVendor { .. } => Some(2),
        CompareError::NoRows { .. } | CompareError::OneVendor { .. } | CompareError::SharedSessions { .. } => Some(3),
    }
}

/// What an analysis says it cannot answer: 2 where the question is wrong, 3 where the data do not carry it. `None`: its cause decides.
fn analysis(error: &AnalysisError) -> Option<u8> {
    match error {
        AnalysisError::Frame(_) => None,
        AnalysisError::NoRows { .. } => Some(3),
        AnalysisError::Scale(_) | AnalysisError::Design(_) | AnalysisError::Answer { .. } | AnalysisError::Target { .. } => Some(2),
        AnalysisError::Low { .. } => Some(2),
        AnalysisError::NoText { .. } | AnalysisError::NoTurn { .. } | AnalysisError::NoTime { .. } | AnalysisError::OffScale { .. } => {
            Some(3)
        }
        AnalysisError::Words(_) | AnalysisError::WordMeasures(_) => Some(3),
        AnalysisError::Correct(CorrectError::Cap { .. }) => Some(2),
        AnalysisError::Correct(_) => Some(3),
        // Margins come of a file that the caller wrote.
        AnalysisError::Margins(_) => Some(2),
        AnalysisError::Drivers(DriversError::Step { .. } | DriversError::NoSuchMeasure { .. }) => Some(2),
        AnalysisError::Curve(DoseResponseError::Edges { .. } | DoseResponseError::NoBins) => Some(2),
        AnalysisError::NoOutcome { .. } | AnalysisError::NoMeasure { .. } => Some(3),
        AnalysisError::Drivers(_) | AnalysisError::Curve(_) | AnalysisError::Pairs(_) => Some(3),
    }
}

/// The same of an effect.
fn effect(error: &EffectQuestionError) -> Option<u8> {
    match error {
        EffectQuestionError::Frame(_) => None,
        EffectQuestionError::Design(_) | EffectQuestionError::Effect(EffectError::Quantile { .. } | EffectError::ImmortalTime) => Some(2),
        EffectQuestionError::NoRows { .. }
        | EffectQuestionError::Negative { .. }
        | EffectQuestionError::NobodyLeft { .. }
        | EffectQuestionError::Effect(_) => Some(3),
    }
}

/// The same of a plan.
fn plan(error: &PlanError) -> Option<u8> {
    match error {
        PlanError::Frame(_) => None,
        PlanError::NoRows { .. } => Some(3),
        PlanError::NoMetric | PlanError::OneVendor { .. } | PlanError::Stray { .. } | PlanError::Sequence { .. } => Some(2),
    }
}

/// The same of a check of a POC.
fn check(error: &CheckError) -> Option<u8> {
    match error {
        CheckError::Frame(_) | CheckError::Count { .. } => None,
        CheckError::NoRows { .. } | CheckError::OneVendor { .. } => Some(3),
        CheckError::TooMany { .. } => Some(2),
    }
}
