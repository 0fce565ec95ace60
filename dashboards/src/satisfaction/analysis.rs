//! What a link asks of one analysis: `/api/satisfaction/{analysis}` and `/api/retention/{analysis}`. Parameters are named as the flags of the commands.

use chrono::DateTime;
use qoe_query::board::{Dimension, Filter};
use qoe_query::relations::{EVERY_DIMENSION, LABELS, MEASURES};
use qoe_query::retention::effect::{self, EffectOutcome, EffectQuestion};
use qoe_query::retention::{Baseline, CohortBy, CohortsQuestion, DayClock, ReturnOn, Split, SurvivalQuestion};
use qoe_query::satisfaction::correct;
use qoe_query::satisfaction::drivers::CONFOUNDERS;
use qoe_query::satisfaction::{
    CorrectQuestion, Covariates, CurveQuestion, DriftQuestion, DriversQuestion, OnScale, ScoreQuestion, StabilityQuestion, WordsQuestion,
};
use qoe_query::statistics::effect::{Estimand, Pairing, Trim};
use qoe_query::statistics::stability::Objective;
use qoe_query::statistics::weights::Cap;
use qoe_query::statistics::{Confidence, STALE_AFTER_DAYS};
use qoe_query::written::{self, Definition};

use super::asked::BY_DIMENSION;
use super::given::Given;
use super::{SatisfactionAsked, limit};
use crate::view::{ViewError, bad};

/// An analysis that has an address of its own, as its command asks it of a store.
#[derive(Debug, Clone)]
pub enum Analysis {
    /// What people said.
    Score(ScoreQuestion),
    /// The same, corrected for who stayed silent.
    Correct(CorrectQuestion),
    /// What goes with it.
    Drivers(DriversQuestion),
    /// How it goes with one measure.
    Curve(CurveQuestion),
    /// Success against objectives.
    Stability(StabilityQuestion),
    /// What people wrote.
    Words(WordsQuestion),
    /// What changed; the moment it is asked is filled in then.
    Drift(DriftQuestion),
    /// Who comes back; the period is filled in when it is asked.
    Cohorts(CohortsQuestion),
    /// How long people stay.
    Survival(SurvivalQuestion),
    /// What something did to how long people stay or whether they come back.
    Effect {
        /// The question.
        question: EffectQuestion,
        /// The window at a session's start in which treatment and covariates were measured, s.
        baseline_s: u32,
    },
}

/// One analysis, of what, and how.
#[derive(Debug, Clone)]
pub struct AnalysisAsked {
    /// Which.
    pub analysis: Analysis,
    /// Of which answers and sessions.
    pub of: SatisfactionAsked,
    /// The level of all intervals.
    pub level: Confidence,
}

/// Parameters that every analysis takes; those of the view aside.
const COMMON: [&str; 5] = ["since", "until", "kind", "level", "seed"];
/// Parameters that any page takes.
const OF_VIEWS: [&str; 4] = ["project", "lang", "tz", "theme"];

/// What is known of a session before it is over, besides its labels.
const BEFORE: &str = "tenure_days";
/// What a session came to.
const OUTCOMES: [&str; 4] = ["score", "joined", "left", "minutes"];
/// How long a session's start is where nobody says, s.
const BASELINE_S: u32 = 60;

impl AnalysisAsked {
    /// What an address asks; `None` for one that there is not. The filter comes from its view.
    pub fn read(family: &str, name: &str, pairs: &[(String, String)], filter: &Filter) -> Option<Result<AnalysisAsked, ViewError>> {
        let own: &[&str] = match (family, name) {
            ("satisfaction", "score") => &["by", "dimension"],
            ("satisfaction", "correct") => &["by", "dimension", "covariates", "target"],
            ("satisfaction", "stability") => &["by", "target"],
            ("satisfaction", "drivers") => &["outcome", "measures", "confounders", "step"],
            ("satisfaction", "words") => &["measures"],
            ("satisfaction", "drift") => &["wave", "measures"],
            ("retention", "survival") => &["by", "band", "covariates", "baseline"],
            ("satisfaction", "curve") => &["measure", "outcome"],
            ("retention", "cohorts") => &["by", "band", "days", "definition", "cohort"],
            ("retention", "effect") => &["treatment", "outcome", "covariates", "baseline", "estimand", "claim"],
            _ => return None,
        };
        Some(known(pairs, own).and_then(|()| asked(name, pairs, filter)))
    }
}

fn asked(name: &str, pairs: &[(String, String)], filter: &Filter) -> Result<AnalysisAsked, ViewError> {
    let given = Given(pairs);
    let of = SatisfactionAsked::read(pairs, filter)?;
    let level = given.parsed("level", |text| {
        let level = text.parse().ok().filter(|level: &f64| (0.5..1.0).contains(level)).and_then(Confidence::new);
        level.ok_or("use a share from 0.5 up to but not 1, such as 0.95")
    })?;
    let seed = given.parsed("seed", |text| text.parse().map_err(|_| "use a whole number from 0 on"))?.unwrap_or(1);
    let asking = Asking { given, of: &of, level: level.unwrap_or(Confidence::P95), seed };
    let analysis = match name {
        "score" => Analysis::Score(asking.score()),
        "correct" => Analysis::Correct(asking.correct()?),
        "drivers" => Analysis::Drivers(asking.drivers()?),
        "curve" => Analysis::Curve(asking.curve()?),
        "stability" => Analysis::Stability(asking.stability()?),
        "words" => Analysis::Words(asking.words()?),
        "drift" => Analysis::Drift(asking.drift()?),
        "cohorts" => Analysis::Cohorts(asking.cohorts()?),
        "survival" => Analysis::Survival(asking.survival()?),
        _ => asking.effect()?,
    };
    let level = asking.level;
    Ok(AnalysisAsked { analysis, of, level })
}

/// A link being read.
struct Asking<'a> {
    given: Given<'a>,
    of: &'a SatisfactionAsked,
    level: Confidence,
    seed: u64,
}

impl Asking<'_> {
    fn by(&self) -> Vec<String> {
        self.of.by.iter().map(|column| (*column).to_owned()).collect()
    }

    fn user() -> Option<String> {
        Some("user_id".to_owned())
    }

    fn bounds() -> Option<(String, String)> {
        Some(("scale_low".to_owned(), "scale_high".to_owned()))
    }

    fn earlier() -> Option<String> {
        Some("earlier".to_owned())
    }

    /// How a column is scored: `score` as a survey of this kind asks.
    fn on_scale(&self, column: &str) -> Option<OnScale> {
        (column == "score").then(|| OnScale { kind: self.of.kind, scale: None, bounds: Asking::bounds() })
    }

    fn measures(&self) -> Result<Covariates, ViewError> {
        self.given.chosen("measures", &MEASURES, &MEASURES)
    }

    /// What was known of a session before it ended, or these by default.
    fn known(&self, parameter: &'static str, default: &[&str]) -> Result<Covariates, ViewError> {
        let there: Vec<&'static str> = LABELS.into_iter().chain([BEFORE]).chain(MEASURES).collect();
        self.given.chosen(parameter, &there, default)
    }

    fn outcome(&self) -> Result<String, ViewError> {
        Ok(self.given.one("outcome", &outcomes())?.unwrap_or("score").to_owned())
    }

    /// The columns of sessions alone, where answers have one more.
    fn by_labels(&self) -> Result<Vec<String>, ViewError> {
        match self.of.by.iter().find(|column| **column == BY_DIMENSION) {
            Some(column) => Err(bad("by", column, &format!("use one or more of {}", LABELS.join(", ")))),
            None => Ok(self.by()),
        }
    }

    fn split(&self) -> Result<Option<Split>, ViewError> {
        let band = self.given.parsed("band", written::bands)?.map(Split::Band);
        if let Some(band) = &band
            && !MEASURES.contains(&band.column())
        {
            return Err(bad("band", band.column(), &format!("use a measure of sessions: {}", MEASURES.join(", "))));
        }
        match (self.by_labels()?.as_slice(), band) {
            ([], band) => Ok(band),
            ([by], None) => Ok(Some(Split::By(by.clone()))),
            _ => Err(bad("by", &self.of.by_text(), "name one column, or else a band")),
        }
    }

    fn score(&self) -> ScoreQuestion {
        ScoreQuestion {
            kind: self.of.kind,
            score: "score".into(),
            weight: None,
            bounds: Asking::bounds(),
            scale: None,
            earlier: Asking::earlier(),
            user: Asking::user(),
            by: self.by(),
            condition: self.of.condition(),
            level: self.level,
            seed: self.seed,
        }
    }

    fn correct(&self) -> Result<CorrectQuestion, ViewError> {
        let default: Vec<&str> = correct::KNOWN.into_iter().chain(MEASURES).collect();
        let asked = "asked = 1".to_owned();
        Ok(CorrectQuestion {
            kind: self.of.kind,
            score: "score".into(),
            answered: Some("answered".into()),
            covariates: self.known("covariates", &default)?,
            bounds: Asking::bounds(),
            scale: None,
            earlier: Asking::earlier(),
            user: Asking::user(),
            by: self.by_labels()?,
            target: self.given.parsed("target", |text| finite(text).ok_or("use the score in its unit, such as 0.8 or 40"))?,
            cap: Cap::default(),
            margins: Vec::new(),
            condition: Some(self.of.condition().map_or(asked.clone(), |stated| format!("{asked} AND ({stated})"))),
            level: self.level,
            seed: self.seed,
        })
    }

    fn drivers(&self) -> Result<DriversQuestion, ViewError> {
        let returns = match written::return_day(self.given.value("outcome").unwrap_or_default()) {
            Some((day, or_later)) => Some(ReturnOn { day, or_later, time: "started_at".into(), clock: self.clock()? }),
            None => None,
        };
        let outcome = match &returns {
            Some(_) => self.given.value("outcome").unwrap_or_default().to_owned(),
            None => self.outcome()?,
        };
        Ok(DriversQuestion {
            on_scale: self.on_scale(&outcome),
            outcome,
            returns,
            measures: self.measures()?,
            confounders: self.known("confounders", &CONFOUNDERS)?,
            steps: self.given.parsed("step", |text| text.split(',').map(written::step).collect::<Result<Vec<_>, _>>())?.unwrap_or_default(),
            user: Asking::user(),
            condition: self.of.condition(),
            level: self.level,
        })
    }

    fn curve(&self) -> Result<CurveQuestion, ViewError> {
        let measure = self.given.one("measure", &MEASURES)?;
        let outcome = self.outcome()?;
        Ok(CurveQuestion {
            on_scale: self.on_scale(&outcome),
            outcome,
            measure: measure.ok_or_else(|| bad("measure", "", "name a measure of sessions, such as rtt_ms or freeze_ratio"))?.to_owned(),
            user: Asking::user(),
            bins: None,
            direction: None,
            among: 1,
            condition: self.of.condition(),
            level: self.level,
            seed: self.seed,
        })
    }

    fn stability(&self) -> Result<StabilityQuestion, ViewError> {
        let target = self.given.parsed("target", written::objective)?;
        let finance = || ("industry".to_owned(), vec![("finance".to_owned(), Objective::FINANCE)]);
        Ok(StabilityQuestion {
            success: "joined".into(),
            target: target.unwrap_or(Objective::TRADITIONAL),
            targets: target.is_none().then(finance),
            by: self.by_labels()?,
            user: Asking::user(),
            condition: self.of.condition(),
            level: self.level,
        })
    }

    fn words(&self) -> Result<WordsQuestion, ViewError> {
        Ok(WordsQuestion {
            text: "text".into(),
            score: "score".into(),
            kind: self.of.kind,
            scale: None,
            bounds: Asking::bounds(),
            low_at_most: None,
            user: Asking::user(),
            measures: self.measures()?,
            themes: None,
            condition: self.of.condition(),
            level: self.level,
        })
    }

    fn drift(&self) -> Result<DriftQuestion, ViewError> {
        Ok(DriftQuestion {
            time: "started_at".into(),
            score: "score".into(),
            kind: self.of.kind,
            scale: None,
            bounds: Asking::bounds(),
            earlier: Asking::earlier(),
            user: Asking::user(),
            wave_days: self.given.parsed("wave", written::days)?.unwrap_or(30),
            stale_after_days: STALE_AFTER_DAYS,
            measures: self.measures()?,
            zone: self.clock()?.tz(),
            now: DateTime::UNIX_EPOCH,
            condition: self.of.condition(),
            level: self.level,
            seed: self.seed,
        })
    }

    fn clock(&self) -> Result<DayClock, ViewError> {
        let clock = self.given.parsed("tz", |text| DayClock::calendar(text).ok_or("use an IANA name such as Asia/Shanghai"))?;
        Ok(clock.unwrap_or(DayClock::UTC))
    }

    fn cohorts(&self) -> Result<CohortsQuestion, ViewError> {
        let day = |text: &str| text.trim().parse().ok().filter(|day| (1..=3650).contains(day));
        let days: Option<Vec<u32>> = self
            .given
            .parsed("days", |text| text.split(',').map(day).collect::<Option<_>>().ok_or("use days from 1 to 3650, such as 1,7,30"))?;
        let definition = self.given.parsed("definition", written::definition)?.unwrap_or(Definition::NDay);
        let days =
            definition.days(&days.unwrap_or_default()).map_err(|why| bad("days", self.given.value("days").unwrap_or_default(), &why))?;
        Ok(CohortsQuestion {
            user: "user_id".into(),
            times: vec!["at".into(), "at_last".into()],
            first_seen: None,
            split: self.split()?,
            days,
            clock: self.clock()?,
            cohort: self.given.parsed("cohort", |text| CohortBy::from_name(text).ok_or("use day, week or month"))?.unwrap_or(CohortBy::Day),
            since: None,
            until: None,
            condition: self.of_presences()?,
            level: self.level,
        })
    }

    /// Presences state their service and no other label.
    fn of_presences(&self) -> Result<Option<String>, ViewError> {
        match self.of.filter.0.iter().find(|(dimension, _)| *dimension != Dimension::Service) {
            Some((dimension, value)) => {
                Err(bad("filter", &format!("{}:{value}", dimension.column()), "who was there is known by f.service alone"))
            }
            None => Ok(self.of.condition()),
        }
    }

    fn baseline(&self) -> Result<Option<u32>, ViewError> {
        let seconds = |text: &str| text.strip_suffix('s').unwrap_or(text).parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
        self.given.parsed("baseline", |text| seconds(text).ok_or("use seconds from 1s to 86400s, such as 60s"))
    }

    /// Measures of a whole session cannot be held against its length, so there is a window where one is asked about.
    fn survival(&self) -> Result<SurvivalQuestion, ViewError> {
        let split = self.split()?;
        let covariates = match self.known("covariates", &[])? {
            Covariates::Named(names) | Covariates::Measured(names) => names,
        };
        let lasting = |column: &str| MEASURES.contains(&column) && column != "connect_ms";
        let measured = covariates.iter().map(String::as_str).chain(split.iter().map(Split::column)).any(lasting);
        let seconds = self.baseline()?.or(measured.then_some(BASELINE_S));
        Ok(SurvivalQuestion {
            duration: "minutes".into(),
            event: Some("left".into()),
            user: Asking::user(),
            entry: None,
            baseline: seconds.map(|seconds| Baseline { seconds, per_minute: 1.0 }),
            split,
            covariates,
            horizon: None,
            condition: self.of.condition(),
            level: self.level,
        })
    }

    fn effect(&self) -> Result<Analysis, ViewError> {
        let treatment = self.given.value("treatment").unwrap_or_default();
        let treatment = limit::condition(treatment).ok_or_else(|| bad("treatment", treatment, limit::HINT))?;
        let baseline_s = self.baseline()?.unwrap_or(BASELINE_S);
        let outcome = self.given.value("outcome").unwrap_or("d7");
        let outcome = match written::return_day(outcome) {
            Some((day, or_later)) => EffectOutcome::Return(ReturnOn { day, or_later, time: "started_at".into(), clock: self.clock()? }),
            None => match self.given.one("outcome", &outcomes())? {
                Some("minutes") => EffectOutcome::Stay { column: "minutes".into(), per_minute: 1.0, baseline_s: f64::from(baseline_s) },
                column => EffectOutcome::After { column: column.unwrap_or_default().to_owned(), vouched: true },
            },
        };
        let estimand = self.given.parsed("estimand", |text| match text {
            "ate" => Ok(Estimand::Ate),
            "att" => Ok(Estimand::Att),
            _ => Err("use ate or att"),
        })?;
        let question = EffectQuestion {
            treatment,
            outcome,
            covariates: self.known("covariates", &effect::KNOWN)?,
            user: Asking::user(),
            estimand: estimand.unwrap_or(Estimand::Ate),
            pairing: Pairing::Propensity,
            trim: Trim::None,
            claim: self.given.parsed("claim", written::claim)?,
            condition: self.of.condition(),
            level: self.level,
            seed: self.seed,
        };
        Ok(Analysis::Effect { question, baseline_s })
    }
}

fn outcomes() -> Vec<&'static str> {
    OUTCOMES.into_iter().chain(MEASURES).collect()
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A parameter that nothing reads is a mistake whose answer would pass for another question's.
fn known(pairs: &[(String, String)], own: &[&str]) -> Result<(), ViewError> {
    let read = |name: &str| name.starts_with("f.") || [&COMMON[..], &OF_VIEWS, own].iter().any(|names| names.contains(&name));
    match pairs.iter().find(|(name, _)| !read(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let takes = COMMON.iter().chain(&["project"]).chain(own).copied().collect::<Vec<_>>().join(", ");
            Err(ViewError::UnknownParameter { name: name.clone(), takes })
        }
    }
}

/// Which answers a score is made of: about everything where that is told apart.
pub(super) fn about<'a>(asked: &'a SatisfactionAsked, by: &[String]) -> &'a str {
    if by.iter().any(|by| by == BY_DIMENSION) { EVERY_DIMENSION } else { &asked.dimension }
}

#[cfg(test)]
mod tests;
