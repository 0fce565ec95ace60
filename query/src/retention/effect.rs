//! What a treatment does to how long people stay or whether they come back: like compared with like, and never a session with itself.

use super::DayClock;
use crate::frame::{Frame, FrameError, Input, Want, matched};
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
    Return {
        /// How many days after.
        day: i32,
        /// Then or at any time later, or then only.
        or_later: bool,
        /// The column with when a session began.
        time: String,
        /// How days are counted.
        clock: DayClock,
    },
    /// Any other number, or 0 and 1, that came after the treatment: the caller vouches for that.
    After {
        /// The column.
        column: String,
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
            EffectOutcome::Stay { column, .. } | EffectOutcome::After { column } => Want::number(column),
            EffectOutcome::Return { time, .. } => Want::time(time),
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
            EffectOutcome::Stay { column, .. } | EffectOutcome::After { column } => Some(column),
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
            EffectOutcome::Return { .. } => self.returns(frame, visits),
            EffectOutcome::After { column } => self.after(frame, column),
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
    fn returns(&self, frame: &Frame, visits: Option<&Frame>) -> Studied {
        let EffectOutcome::Return { day, or_later, time, clock } = &self.outcome else { return Studied::default() };
        let Some(user) = &self.user else { return Studied::default() };
        let (codes, labels) = frame.categories(user);
        let times = frame.times(time);
        let mut studied = Studied::default();
        // The first session of each person, and the days on which anyone was there.
        let mut first: Vec<Option<(i64, usize)>> = vec![None; labels.len()];
        let mut there: Vec<(u32, i32)> = Vec::with_capacity(frame.rows());
        for row in 0..frame.rows() {
            let known = times[row].filter(|_| (codes[row] as usize) < labels.len()).and_then(|at| Some((at, clock.day(at)?)));
            let Some((at, on)) = known else {
                studied.not_studied.unmeasured += 1;
                continue;
            };
            there.push((codes[row], on));
            let first = &mut first[codes[row] as usize];
            if first.is_none_or(|(before, _)| at < before) {
                *first = Some((at, row));
            }
        }
        let mut earliest = vec![i32::MAX; labels.len()];
        if let Some(visits) = visits {
            let (theirs, names) = visits.categories("user_id");
            let ours = matched(names, labels);
            for (code, at) in theirs.iter().zip(visits.times("at")) {
                let code = ours.get(*code as usize).copied().flatten();
                let (Some(code), Some(on)) = (code, at.and_then(|at| clock.day(at))) else { continue };
                there.push((code, on));
                earliest[code as usize] = earliest[code as usize].min(on);
            }
        }
        // The last day is not known to have been observed to its end.
        let last_day = there.iter().map(|(_, on)| *on).max().unwrap_or(i32::MIN);
        let begun: Vec<Option<i32>> = first.iter().map(|first| first.and_then(|(at, _)| clock.day(at))).collect();
        let mut again = vec![false; labels.len()];
        for (code, on) in there {
            let back = begun[code as usize].is_some_and(|begun| if *or_later { on >= begun + day } else { on == begun + day });
            again[code as usize] |= back;
        }
        let mut people: Vec<(usize, usize)> =
            first.iter().enumerate().filter_map(|(code, first)| Some((first.as_ref()?.1, code))).collect();
        people.sort_unstable();
        studied.not_studied.later =
            (frame.rows() as u64).saturating_sub(studied.not_studied.unmeasured).saturating_sub(people.len() as u64);
        for (row, code) in people {
            let Some(on) = begun[code] else { continue };
            if earliest[code] < on {
                studied.not_studied.later += 1;
            } else if !self.treated(frame, row) {
                studied.not_studied.unmeasured += 1;
            } else if on + day >= last_day {
                studied.not_studied.immature += 1;
            } else {
                studied.push(row, f64::from(u8::from(again[code])));
            }
        }
        studied
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
