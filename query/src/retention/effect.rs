//! What a treatment does to how long people stay or whether they come back: like compared with like, and never a session with itself.

use super::returned::{ReturnOn, Returned};
use crate::frame::{Frame, FrameError, Input, Want};
use crate::satisfaction::Covariates;
use crate::satisfaction::SingularError;
use crate::satisfaction::covariates::{covariates, singular};
use crate::statistics::design::DesignError;
use crate::statistics::effect::{EffectAnswer, EffectError, Estimand, Options, Outcome, Pairing, Study, Timing, Trim, effect};
use crate::statistics::{Confidence, Estimate};

/// Columns that are how long a session lasted, and how many of their unit a minute has.
pub const DURATIONS: [(&str, f64); 10] = [
    ("minutes", 1.0),
    ("watch_minutes", 1.0),
    ("call_minutes", 1.0),
    ("session_minutes", 1.0),
    ("duration_min", 1.0),
    ("duration", 1.0),
    ("watch_time", 1.0),
    ("duration_s", 60.0),
    ("duration_ms", 60_000.0),
    ("watch_s", 60.0),
];

/// What may have decided who had it, of a session of a store: held equal where nothing else is named.
pub const KNOWN: [&str; 8] = ["network", "device_class", "platform", "region", "service", "scenario", "vendor", "connect_ms"];

/// What is asked of what.
#[derive(Debug, Clone)]
pub struct EffectQuestion {
    /// Who had it: a condition in SQL over a row's columns, such as `height >= 720`.
    pub treatment: String,
    /// What it may have done.
    pub outcome: EffectOutcome,
    /// What was known before it, and may have decided who had it.
    pub covariates: Covariates,
    /// The column with who a row is of: rows of one person count as one observation.
    pub user: Option<String>,
    /// Whose effect.
    pub estimand: Estimand,
    /// How pairs are made.
    pub pairing: Pairing,
    /// How far weights may go.
    pub trim: Trim,
    /// A claim to hold the effect against: so many times the others' outcome, less one, such as 0.103.
    pub claim: Option<f64>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
    /// For what is drawn by chance.
    pub seed: u64,
}

/// What a treatment may have done.
#[derive(Debug, Clone, PartialEq)]
pub enum EffectOutcome {
    /// How long the session lasted, counted from the end of the window in which treatment and covariates were measured, among those still there then.
    Stay {
        /// The column with the session's whole length.
        column: String,
        /// How many of its units a minute has.
        per_minute: f64,
        /// The window, from the session's start, s.
        baseline_s: f64,
    },
    /// Whether the person was there again so many days after the first; treatment and covariates are those of the first session.
    Return(ReturnOn),
    /// Any other number, or 0 and 1.
    After {
        /// The column.
        column: String,
        /// Whether the caller vouches that treatment and covariates were there before it. Without, only 0 and 1 are taken: an amount may be how long the
        /// session lasted under another name.
        vouched: bool,
    },
}

/// Rows that are not in the study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotStudied {
    /// Without a treatment or an outcome on record.
    pub unmeasured: u64,
    /// Sessions that are said to have lasted less than nothing.
    pub negative: u64,
    /// Sessions that had ended before the window did.
    pub left_before: u64,
    /// People whose day has not been observed to its end.
    pub immature: u64,
    /// Sessions after a person's first, which are returns and not first sessions.
    pub later: u64,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct EffectAsked {
    /// As it was asked.
    pub question: EffectQuestion,
    /// What was held equal.
    pub covariates: Vec<String>,
    /// What was not studied.
    pub not_studied: NotStudied,
    /// What was found.
    pub found: EffectAnswer,
    /// What the data say of the claim.
    pub claim: Option<(f64, ClaimVerdict)>,
}

/// What data say of a claimed effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// It lies in the interval, and nothing does not.
    Compatible,
    /// It lies outside the interval.
    Contradicted,
    /// It lies in the interval, and so does nothing at all.
    NotShown,
    /// The relative effect is not known.
    Untestable,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum EffectQuestionError {
    /// The columns cannot be read.
    #[error("read the columns")]
    Frame(#[from] FrameError),
    /// No row meets the conditions.
    #[error("there are no rows{}", condition.as_ref().map_or_else(String::new, |condition| format!(" where {condition}")))]
    NoRows {
        /// The conditions, in SQL.
        condition: Option<String>,
    },
    /// An amount as the outcome, and nobody says that the treatment came first.
    #[error(
        "when was {treatment:?} measured? over a whole session it cannot be compared with {column:?} where that grows with how long the session lasted (immortal \
         time); if it and all covariates are of the session's first seconds say so (--baseline 60s; with --duration where {column:?} is how long it lasted), and if \
         they were there before it began say --known-before"
    )]
    WindowNotStated {
        /// The treatment.
        treatment: String,
        /// The outcome's column.
        column: String,
    },
    /// Rows, but none that can be studied.
    #[error(
        "none of {rows} rows can be studied: {} without treatment or outcome, {} negative, {} ended before the window did, {} not observed for long enough",
        not_studied.unmeasured, not_studied.negative, not_studied.left_before, not_studied.immature
    )]
    NobodyLeft {
        /// How many rows there were.
        rows: usize,
        /// Why they cannot.
        not_studied: NotStudied,
    },
    /// What comes after the treatment cannot be held equal.
    #[error("hold {column:?} equal: {why}; name what was known before the treatment")]
    Afterwards {
        /// The covariate.
        column: String,
        /// Why it cannot.
        why: &'static str,
    },
    /// A category with nearly as many values as rows.
    #[error(transparent)]
    Singular(#[from] SingularError),
    /// Covariates that cannot be.
    #[error(transparent)]
    Design(#[from] DesignError),
    /// An effect that cannot be told.
    #[error(transparent)]
    Effect(#[from] EffectError),
}

impl EffectQuestion {
    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        let outcome = match &self.outcome {
            EffectOutcome::Stay { column, .. } | EffectOutcome::After { column, .. } => Want::number(column),
            EffectOutcome::Return(asked) => Want::time(&asked.time),
        };
        [Want::flag(&self.treatment), outcome]
            .into_iter()
            .chain(self.covariates.names().iter().map(Want::covariate))
            .chain(self.user.as_ref().map(Want::category))
            .collect()
    }

    /// Reads and answers. Of a return, `visits` (with the columns of [`crate::relations::visits`]) are all presences, where more than sessions are known.
    pub async fn ask(&self, input: &Input, visits: Option<&Input>) -> Result<EffectAsked, EffectQuestionError> {
        self.check()?;
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(EffectQuestionError::NoRows { condition: self.condition.clone() });
        }
        let visits = match visits {
            Some(input) => Some(input.read(&[Want::category("user_id"), Want::time("at")], None).await?),
            None => None,
        };
        self.answer(&frame, visits.as_ref())
    }

    /// What came of the treatment, or after it, is no covariate.
    fn check(&self) -> Result<(), EffectQuestionError> {
        let outcome = match &self.outcome {
            EffectOutcome::Stay { column, .. } | EffectOutcome::After { column, .. } => Some(column),
            EffectOutcome::Return { .. } => None,
        };
        let why = |column: &String| match column.as_str() {
            _ if Some(column) == outcome => Some("it is the outcome"),
            _ if Some(column) == self.user.as_ref() => Some("it says whose a row is"),
            "score" | "answered" | "text" => Some("it was answered after the session"),
            name if DURATIONS.iter().any(|(duration, _)| *duration == name) => {
                Some("how long a session lasted is known after it, and the treatment may have made it so")
            }
            _ => None,
        };
        match self.covariates.names().iter().find_map(|column| Some((column, why(column)?))) {
            Some((column, why)) => Err(EffectQuestionError::Afterwards { column: column.clone(), why }),
            None => Ok(()),
        }
    }

    /// The answer of these rows.
    pub fn answer(&self, frame: &Frame, visits: Option<&Frame>) -> Result<EffectAsked, EffectQuestionError> {
        let studied = match &self.outcome {
            EffectOutcome::Stay { column, per_minute, baseline_s } => self.stays(frame, column, *per_minute, *baseline_s),
            EffectOutcome::Return(asked) => self.returns(frame, visits, asked),
            EffectOutcome::After { column, vouched } => {
                let amount = |value: &f64| !value.is_nan() && *value != 0.0 && *value != 1.0;
                if !vouched && frame.numbers(column).iter().any(amount) {
                    return Err(EffectQuestionError::WindowNotStated { treatment: self.treatment.clone(), column: column.clone() });
                }
                self.after(frame, column)
            }
        };
        if studied.rows.is_empty() {
            return Err(EffectQuestionError::NobodyLeft { rows: frame.rows(), not_studied: studied.not_studied });
        }
        let kept = frame.select(&studied.rows);
        let (known, _) = self.covariates.measured_in(&kept);
        singular(&kept, &known)?;
        let design = covariates(&kept, &known)?;
        let treated: Vec<bool> = kept.numbers(&self.treatment).iter().map(|had| *had == 1.0).collect();
        let persons = self.user.as_ref().map(|user| kept.persons(user));
        let share = studied.outcome.iter().all(|value| *value == 0.0 || *value == 1.0);
        let study = Study {
            treated: &treated,
            outcome: &studied.outcome,
            kind: if share { Outcome::Share } else { Outcome::Mean },
            design: &design,
            unit: persons.as_deref(),
            timing: studied.timing,
        };
        let options = Options { estimand: self.estimand, level: self.level, seed: self.seed, trim: self.trim, pairing: self.pairing };
        let found = effect(&study, &options)?;
        let claim = self.claim.map(|claim| (claim, verdict(claim, found.doubly_robust.relative.as_ref())));
        Ok(EffectAsked { question: self.clone(), covariates: known, not_studied: studied.not_studied, found, claim })
    }

    fn treated(&self, frame: &Frame, row: usize) -> bool {
        !frame.numbers(&self.treatment)[row].is_nan()
    }

    /// Sessions still there when the window ends, and the minutes after it.
    fn stays(&self, frame: &Frame, column: &str, per_minute: f64, baseline_s: f64) -> Studied {
        let lasted = frame.numbers(column);
        let landmark = baseline_s / 60.0;
        let mut studied = Studied::default();
        for (row, length) in lasted.iter().enumerate() {
            let minutes = length / per_minute;
            if length.is_nan() || !self.treated(frame, row) {
                studied.not_studied.unmeasured += 1;
            } else if minutes < 0.0 {
                studied.not_studied.negative += 1;
            } else if minutes <= landmark {
                studied.not_studied.left_before += 1;
            } else {
                studied.push(row, minutes - landmark);
            }
        }
        studied.timing = Timing::Landmark { minute: landmark, left_before: studied.not_studied.left_before };
        studied
    }

    fn after(&self, frame: &Frame, column: &str) -> Studied {
        let mut studied = Studied::default();
        for (row, value) in frame.numbers(column).iter().enumerate() {
            if value.is_nan() || !self.treated(frame, row) {
                studied.not_studied.unmeasured += 1;
            } else {
                studied.push(row, *value);
            }
        }
        studied
    }

    /// Everyone's first session, and whether they were there again on the day.
    fn returns(&self, frame: &Frame, visits: Option<&Frame>, asked: &ReturnOn) -> Studied {
        let Some(user) = &self.user else { return Studied::default() };
        let Returned { rows, again, unmeasured, immature, later } = asked.of(frame, user, visits, |row| self.treated(frame, row));
        let not_studied = NotStudied { unmeasured, immature, later, ..NotStudied::default() };
        Studied { rows, outcome: again, not_studied, ..Studied::default() }
    }
}

/// Rows in the study, with their outcomes.
struct Studied {
    rows: Vec<usize>,
    outcome: Vec<f64>,
    not_studied: NotStudied,
    timing: Timing,
}

impl Default for Studied {
    fn default() -> Self {
        Studied { rows: Vec::new(), outcome: Vec::new(), not_studied: NotStudied::default(), timing: Timing::Before }
    }
}

impl Studied {
    fn push(&mut self, row: usize, outcome: f64) {
        self.rows.push(row);
        self.outcome.push(outcome);
    }
}

fn verdict(claim: f64, relative: Option<&Estimate>) -> ClaimVerdict {
    match relative {
        None => ClaimVerdict::Untestable,
        Some(relative) if relative.excludes(claim) => ClaimVerdict::Contradicted,
        Some(relative) if relative.excludes(0.0) => ClaimVerdict::Compatible,
        Some(_) => ClaimVerdict::NotShown,
    }
}
