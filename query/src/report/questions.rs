//! The questions of a report, each with the columns that sessions are known to have.

use super::{Asker, Strongest};
use crate::relations::MEASURES;
use crate::retention::effect::{EffectOutcome, EffectQuestion};
use crate::retention::{Bands, CohortBy, CohortsQuestion, ReturnOn, Split, SurvivalQuestion};
use crate::satisfaction::correct;
use crate::satisfaction::drivers::CONFOUNDERS;
use crate::satisfaction::{
    CorrectQuestion, Covariates, CurveQuestion, DriftQuestion, DriversQuestion, OnScale, ScoreQuestion, StabilityQuestion, WordsQuestion,
};
use crate::statistics::Return;
use crate::statistics::effect::{Estimand, Pairing, Trim};
use crate::statistics::stability::Objective;
use crate::statistics::weights::Cap;

/// What is known of a person's first session before it is had: held equal where return is asked about.
const FROM_THE_START: [&str; 6] = ["network", "platform", "device_class", "region", "service", "scenario"];
/// The day on which a return is asked about.
const RETURN_DAY: i32 = 7;
/// Curves in a report.
pub(super) const CURVES: usize = 3;
/// A wave of answers, days; and from when on a conclusion is stale.
const WAVE_DAYS: u32 = 30;
const STALE_AFTER_DAYS: u32 = 183;

impl Asker {
    pub(super) fn score_question(&self, by: &[String]) -> ScoreQuestion {
        ScoreQuestion {
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
        }
    }

    pub(super) fn correct_question(&self, by: &[String]) -> CorrectQuestion {
        let known = self.columns.of(&correct::KNOWN);
        let covariates = known.into_iter().chain(self.columns.of(&MEASURES)).collect();
        CorrectQuestion {
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
        }
    }

    pub(super) fn drivers_question(&self) -> DriversQuestion {
        let confounders = self.columns.of(&CONFOUNDERS);
        DriversQuestion {
            outcome: "score".into(),
            on_scale: Some(self.on_scale()),
            returns: None,
            measures: Covariates::Measured(self.columns.of(&MEASURES)),
            confounders: Covariates::Measured(confounders),
            steps: Vec::new(),
            user: self.columns.user(),
            condition: Some("score IS NOT NULL".into()),
            level: self.question.level,
        }
    }

    pub(super) fn returning_question(&self) -> DriversQuestion {
        let confounders = self.columns.of(&FROM_THE_START);
        DriversQuestion {
            outcome: format!("d{RETURN_DAY}"),
            on_scale: None,
            returns: Some(self.return_on()),
            measures: Covariates::Measured(self.columns.of(&MEASURES)),
            confounders: Covariates::Measured(confounders),
            steps: Vec::new(),
            user: Some("user_id".into()),
            condition: None,
            level: self.question.level,
        }
    }

    /// How people were asked.
    fn on_scale(&self) -> OnScale {
        OnScale { kind: self.question.kind, scale: None, bounds: self.columns.bounds() }
    }

    fn return_on(&self) -> ReturnOn {
        ReturnOn { day: RETURN_DAY, or_later: false, time: "started_at".into(), clock: self.question.clock }
    }

    pub(super) fn curve_question(&self, measure: &str) -> CurveQuestion {
        CurveQuestion {
            outcome: "score".into(),
            on_scale: Some(self.on_scale()),
            measure: measure.to_owned(),
            user: self.columns.user(),
            bins: None,
            direction: None,
            among: CURVES,
            condition: Some("score IS NOT NULL".into()),
            level: self.question.level,
            seed: self.question.seed,
        }
    }

    pub(super) fn cohorts_question(&self, strongest: Option<&Strongest>) -> CohortsQuestion {
        let times = if self.sources.visits.is_some() { vec!["at".to_owned(), "at_last".to_owned()] } else { vec!["started_at".to_owned()] };
        let bands = strongest.and_then(|strongest| Bands::new(&strongest.measure, vec![strongest.threshold]).ok());
        CohortsQuestion {
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
        }
    }

    pub(super) fn survival_question(&self) -> SurvivalQuestion {
        SurvivalQuestion {
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
        }
    }

    pub(super) fn effect_question(&self, strongest: &Strongest) -> EffectQuestion {
        let known = self.columns.of(&FROM_THE_START);
        EffectQuestion {
            treatment: strongest.condition(),
            outcome: EffectOutcome::Return(self.return_on()),
            covariates: Covariates::Measured(known),
            user: Some("user_id".into()),
            estimand: Estimand::Ate,
            pairing: Pairing::Propensity,
            trim: Trim::None,
            claim: None,
            condition: None,
            level: self.question.level,
            seed: self.question.seed,
        }
    }

    pub(super) fn stability_question(&self, by: &[String]) -> StabilityQuestion {
        let finance = || ("industry".to_owned(), vec![("finance".to_owned(), Objective::FINANCE)]);
        StabilityQuestion {
            success: "joined".into(),
            target: Objective::TRADITIONAL,
            targets: self.columns.has("industry").then(finance),
            by: by.to_vec(),
            user: self.columns.user(),
            condition: None,
            level: self.question.level,
        }
    }

    pub(super) fn words_question(&self) -> WordsQuestion {
        WordsQuestion {
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
        }
    }

    pub(super) fn drift_question(&self) -> DriftQuestion {
        DriftQuestion {
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
        }
    }
}
