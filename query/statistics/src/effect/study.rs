//! What is asked of an effect, and why it can be refused.

use crate::design::Design;
use crate::estimate::Confidence;
use crate::logistic::LogisticError;

/// Who had the treatment, what came of it, and what was known of everyone before.
#[derive(Debug, Clone, Copy)]
pub struct Study<'a> {
    /// Whether a row had the treatment.
    pub treated: &'a [bool],
    /// What came of it: minutes, or 0 and 1.
    pub outcome: &'a [f64],
    /// What kind of figure the outcome is.
    pub kind: Outcome,
    /// What was known of every row before the treatment.
    pub design: &'a Design,
    /// The user of each row, where rows of a user go together; any numbers. `None`: every row stands for itself.
    pub unit: Option<&'a [u32]>,
    /// When the treatment was settled, seen from the outcome.
    pub timing: Timing,
}

/// What kind of figure the outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A number, such as minutes: means are compared.
    Mean,
    /// 0 or 1, such as coming back within seven days: shares are compared.
    Share,
}

/// Whose effect is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Estimand {
    /// Of everyone, had all been treated against none (average treatment effect).
    #[default]
    Ate,
    /// Of the treated, against the same had they not been (average effect on the treated).
    Att,
}

/// When the treatment was settled, seen from the outcome.
///
/// Who is still there has had more time to get it: sessions that ever had HD are longer even if HD does nothing, since a short session had no time to
/// switch (immortal time; Suissa, Am. J. Epidemiology 167 (2008), 492-499). So a treatment measured over the outcome's own time is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Timing {
    /// Before the outcome began to run.
    Before,
    /// At a landmark: rows are those still present then, the treatment is what they had had by then, the outcome runs from then.
    Landmark {
        /// Minutes from the start.
        minute: f64,
        /// Rows that had left before and are not in the study, as the caller counted them.
        left_before: u64,
    },
    /// While the outcome ran, such as "ever in HD" against the length of the same session. Refused.
    Throughout,
}

/// How far weights may go.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Trim {
    /// As far as they do.
    #[default]
    None,
    /// Those above this quantile of their arm's weights (0.5 to 1) are held at it: less noise for some bias (Cole & Hernan, Am. J. Epidemiology 168
    /// (2008), 656-664).
    Quantile(f64),
}

/// What makes two rows a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pairing {
    /// Equal in every category, and within 0.2 standard deviations of the propensity's log-odds (Austin, Pharmaceutical Statistics 10 (2011), 150-161);
    /// beyond a thousand rows closer by the root of their number, so that what partners differ in stays small beside the error.
    #[default]
    Propensity,
    /// Equal in every category and in the fifth of every number (coarsened exact matching; Iacus, King & Porro, Political Analysis 20 (2012), 1-24).
    /// Partners may still lie a fifth apart, which biases the plain difference, the net outcome and the sign test: quote the adjusted difference.
    Coarsened,
}

/// How the effect is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// Whose effect.
    pub estimand: Estimand,
    /// Of all intervals.
    pub level: Confidence,
    /// Of the order in which the treated choose their partners.
    pub seed: u64,
    /// Of the weights.
    pub trim: Trim,
    /// Of the pairs.
    pub pairing: Pairing,
}

/// One of the two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    /// Those who had the treatment.
    Treated,
    /// Those who had not.
    Control,
}

impl std::fmt::Display for Arm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Arm::Treated => "treated",
            Arm::Control => "untreated",
        })
    }
}

impl Arm {
    /// The arm of a row.
    pub fn of(treated: bool) -> Arm {
        if treated { Arm::Treated } else { Arm::Control }
    }
}

/// Something of either arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByArm<T> {
    /// Of the treated.
    pub treated: T,
    /// Of those who were not.
    pub control: T,
}

impl<T> ByArm<T> {
    pub(super) fn of(each: impl Fn(Arm) -> T) -> Self {
        ByArm { treated: each(Arm::Treated), control: each(Arm::Control) }
    }

    /// That of an arm.
    pub fn at(&self, arm: Arm) -> &T {
        match arm {
            Arm::Treated => &self.treated,
            Arm::Control => &self.control,
        }
    }
}

/// Why an effect cannot be told.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EffectError {
    /// Something differs in length from the rows.
    #[error("effect of a treatment on {rows} rows: {got} values of {what} were given")]
    Length {
        /// Of what.
        what: &'static str,
        /// Its values.
        got: usize,
        /// Rows of the design.
        rows: usize,
    },
    /// An outcome that is not a finite number.
    #[error("effect of a treatment: the outcome of row {row} is not a finite number")]
    NotMeasured {
        /// From 0.
        row: usize,
    },
    /// An outcome of a share that is neither 0 nor 1.
    #[error("effect of a treatment on a share: the outcome of row {row} is {value}, neither 0 nor 1")]
    NotAShare {
        /// From 0.
        row: usize,
        /// As given.
        value: f64,
    },
    /// A quantile to trim at outside 0.5 to 1.
    #[error("trim weights at quantile {quantile}: it lies between 0.5 and 1")]
    Quantile {
        /// As given.
        quantile: f64,
    },
    /// The treatment was measured while the outcome ran.
    #[error("effect of a treatment measured while the outcome ran: who stays longer has more time to get it, so take both from a landmark")]
    ImmortalTime,
    /// Nobody was treated.
    #[error("effect of a treatment on {rows} rows: nobody was treated, so there is nothing to compare")]
    NobodyTreated {
        /// Rows.
        rows: usize,
    },
    /// Everyone was treated.
    #[error("effect of a treatment on {rows} rows: everyone was treated, so there is nobody to compare with")]
    EveryoneTreated {
        /// Rows.
        rows: usize,
    },
    /// An arm is too small for the covariates.
    #[error("effect of a treatment on {rows} {arm} rows: {columns} columns of covariates need {needed}")]
    TooFew {
        /// Which arm.
        arm: Arm,
        /// Its rows.
        rows: u64,
        /// Columns of the design.
        columns: usize,
        /// Rows needed.
        needed: u64,
    },
    /// Too few units for the covariates.
    #[error("effect of a treatment on rows of {units} users: {columns} columns of covariates need more users than that")]
    TooFewUnits {
        /// Users, or rows where each stands for itself.
        units: u64,
        /// Columns of the design.
        columns: usize,
    },
    /// The outcome of a whole arm is the same.
    #[error("effect of a treatment: the outcome of all {rows} {arm} rows is {value}, so its error is unknown")]
    Constant {
        /// Which arm.
        arm: Arm,
        /// Its rows.
        rows: u64,
        /// Their outcome.
        value: f64,
    },
    /// A covariate tells without error who was treated.
    #[error("effect of a treatment: {column} tells without error who was treated, so like cannot be compared with like")]
    Separated {
        /// Label of the column.
        column: String,
    },
    /// The arms have nobody in common, or too few.
    #[error(
        "effect of a treatment: the arms do not overlap (propensities from {} to {} of the treated, {} to {} of the untreated; after weighting they are \
         worth {:.1} and {:.1} rows)",
        .treated.0, .treated.1, .control.0, .control.1, .effective.treated, .effective.control
    )]
    NoOverlap {
        /// Lowest and highest propensity of the treated.
        treated: (f64, f64),
        /// The same of the untreated.
        control: (f64, f64),
        /// Kish's effective number of rows of either.
        effective: ByArm<f64>,
    },
    /// The propensity could not be fitted.
    #[error("fit the propensity of treatment")]
    Propensity(#[source] LogisticError),
    /// The outcome could not be regressed on the covariates in an arm.
    #[error("regress the outcome of {rows} {arm} rows on {columns} columns: within this arm they are collinear")]
    OutcomeModel {
        /// Which arm.
        arm: Arm,
        /// Its rows.
        rows: u64,
        /// Columns of the design.
        columns: usize,
    },
}

/// Rows an arm needs beyond the columns of the design: our choice; fewer say nothing of their scatter.
pub const SPARE_ROWS: u64 = 10;

/// Rows of either arm, when the question can be asked.
pub(super) fn check(study: &Study<'_>, options: &Options) -> Result<ByArm<u64>, EffectError> {
    let rows = study.design.rows();
    let lengths = [("treatment", study.treated.len()), ("outcome", study.outcome.len()), ("users", study.unit.map_or(rows, <[u32]>::len))];
    if let Some((what, got)) = lengths.into_iter().find(|(_, got)| *got != rows) {
        return Err(EffectError::Length { what, got, rows });
    }
    if study.timing == Timing::Throughout {
        return Err(EffectError::ImmortalTime);
    }
    if let Trim::Quantile(quantile) = options.trim
        && !(0.5..=1.0).contains(&quantile)
    {
        return Err(EffectError::Quantile { quantile });
    }
    if let Some(row) = study.outcome.iter().position(|value| !value.is_finite()) {
        return Err(EffectError::NotMeasured { row });
    }
    if study.kind == Outcome::Share
        && let Some(row) = study.outcome.iter().position(|value| *value != 0.0 && *value != 1.0)
    {
        return Err(EffectError::NotAShare { row, value: study.outcome[row] });
    }
    let treated = study.treated.iter().filter(|treated| **treated).count();
    match treated {
        0 => return Err(EffectError::NobodyTreated { rows }),
        all if all == rows => return Err(EffectError::EveryoneTreated { rows }),
        _ => {}
    }
    let (columns, n) = (study.design.columns(), ByArm { treated: treated as u64, control: (rows - treated) as u64 });
    let needed = columns as u64 + SPARE_ROWS;
    if let Some(arm) = [Arm::Treated, Arm::Control].into_iter().find(|arm| *n.at(*arm) < needed) {
        return Err(EffectError::TooFew { arm, rows: *n.at(arm), columns, needed });
    }
    for arm in [Arm::Treated, Arm::Control] {
        let mut of_arm = study.treated.iter().zip(study.outcome).filter(|(treated, _)| Arm::of(**treated) == arm).map(|(_, y)| *y);
        let value = of_arm.next().unwrap_or(0.0);
        if of_arm.all(|other| (other - value).abs() <= value.abs() * 1e-12) {
            return Err(EffectError::Constant { arm, rows: *n.at(arm), value });
        }
    }
    Ok(n)
}
