//! How covariates go with the hazard of an event: Cox's proportional hazards.
//!
//! Cox, J. R. Statist. Soc. B 34 (1972), 187-220: the hazard of a row is exp(x b) times one that is common to its stratum and left unspecified. Ties
//! are Efron's by default. Rows may enter late, so a life whose covariates change is several rows, each from one change to the next; rows of one
//! person are then told by a cluster, and the robust covariance allows for what they have in common.
//!
//! What is observed is an association: nothing here makes it an effect.

use nalgebra::{DMatrix, DVector};

use crate::design::{Column, Design};
use crate::estimate::{Confidence, Estimate};
use crate::linear::solve;
use crate::log_rank::chi_square_tail;
use crate::logistic::Penalty;
use crate::spell::{SpellError, Spells, same_length};

mod proportionality;
mod risk_sets;
mod robust;

pub use proportionality::{Clock, Departure, Proportionality};

use risk_sets::{Moments, RiskSets, Sums};

/// How events at the same time are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ties {
    /// As if they had happened one after the other in an order unknown (Efron, J. Amer. Statist. Assoc. 72 (1977), 557-565).
    #[default]
    Efron,
    /// As if each had found all the others at risk (Breslow 1974): biased to no association when ties are many.
    Breslow,
}

/// What is asked of a fit beside its coefficients.
#[derive(Debug, Clone, Copy, Default)]
pub struct CoxOptions<'a> {
    /// Events at the same time.
    pub ties: Ties,
    /// How much coefficients are drawn to zero.
    pub penalty: Penalty,
    /// The stratum of each row, each with a hazard of its own.
    pub strata: Option<&'a [u32]>,
    /// Who each row belongs to: asks for the robust covariance. Weighted rows get it without, as if each were someone else.
    pub clusters: Option<&'a [u64]>,
    /// Asks for the test of proportionality, along this clock.
    pub proportionality: Option<Clock>,
}

/// Why no hazards can be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CoxError {
    /// Columns of the wrong length.
    #[error("the model does not fit the spells")]
    Spells(#[from] SpellError),
    /// Nothing but the intercept.
    #[error("there is no covariate to compare hazards by: {dropped} columns were left out of the design")]
    NoColumns {
        /// How many columns the design left out.
        dropped: usize,
    },
    /// Everyone is censored.
    #[error("all {rows} spells are censored: without an event no hazards can be compared")]
    NoEvents {
        /// How many.
        rows: usize,
    },
    /// Fewer events than coefficients.
    #[error("{events} events are too few for {columns} coefficients")]
    TooFew {
        /// Events.
        events: usize,
        /// Coefficients.
        columns: usize,
    },
    /// A column that is the same for all who are at risk together.
    #[error("{column} does not vary among those who are at risk together when an event happens: it has no coefficient")]
    Uninformative {
        /// Its label.
        column: String,
    },
    /// The likelihood rises for ever.
    #[error("{column} separates those with the event from those without at every time: its coefficient has no finite estimate")]
    Separated {
        /// The column whose coefficient runs away fastest.
        column: String,
    },
    /// The equations have no solution.
    #[error("the covariates are collinear among those at risk")]
    Collinear,
}

/// A fitted model. Coefficients are log hazard ratios in units of the design's columns, its intercept left out.
#[derive(Debug, Clone)]
pub struct Cox {
    /// The columns.
    pub columns: Vec<Column>,
    /// One log hazard ratio a column.
    pub coefficients: DVector<f64>,
    /// Inverse of the (penalised) information: the covariance under the model.
    pub covariance: DMatrix<f64>,
    /// The sandwich by clusters (Lin, Wei, J. Amer. Statist. Assoc. 84 (1989), 1074-1078), uncorrected as in R and lifelines: with fewer than some
    /// forty clusters it is too small. `None` unless asked for, and for no more clusters than columns.
    pub robust: Option<DMatrix<f64>>,
    /// Partial log-likelihood, without the penalty.
    pub log_likelihood: f64,
    /// The same with all coefficients 0.
    pub log_likelihood_null: f64,
    /// Rows.
    pub rows: u64,
    /// Events.
    pub events: u64,
    /// Whether hazards are proportional, where that was asked; `None` for weighted rows.
    pub proportionality: Option<Proportionality>,
}

impl Cox {
    /// The covariance that intervals are made of: the robust one where there is one.
    pub fn used(&self) -> &DMatrix<f64> {
        self.robust.as_ref().unwrap_or(&self.covariance)
    }

    /// The log hazard ratio of a column, in units of the design; `n` counts events, which are what it is known from. `None` for no such column.
    pub fn coefficient(&self, column: usize, level: Confidence) -> Option<Estimate> {
        let value = *self.coefficients.get(column)?;
        let half = level.z() * self.used()[(column, column)].sqrt();
        Some(Estimate { value, low: value - half, high: value + half, n: self.events })
    }

    /// How many times the hazard is with `amount` more of a column in its own units (for an indicator, 1: with it against without).
    pub fn hazard_ratio(&self, column: usize, amount: f64, level: Confidence) -> Option<Estimate> {
        let unit = amount / self.columns.get(column)?.scale;
        let log = self.coefficient(column, level)?;
        let (a, b) = ((log.low * unit).exp(), (log.high * unit).exp());
        Some(Estimate { value: (log.value * unit).exp(), low: a.min(b), high: a.max(b), n: log.n })
    }

    /// How often a column without any association would have a coefficient as far from 0, 0 to 1 (Wald).
    pub fn p_value(&self, column: usize) -> Option<f64> {
        let value = *self.coefficients.get(column)?;
        chi_square_tail(value * value / self.used()[(column, column)], 1)
    }

    /// Twice what the covariates add to the log-likelihood, and how often covariates without any association would add as much.
    pub fn likelihood_ratio(&self) -> Option<(f64, f64)> {
        let statistic = 2.0 * (self.log_likelihood - self.log_likelihood_null);
        Some((statistic, chi_square_tail(statistic, self.coefficients.len() as u32)?))
    }
}

/// Newton's steps; a fit that has a solution takes fewer than ten.
const STEPS: usize = 60;
/// Twice what a step can still add to the log-likelihood when it is the last: a ten millionth of a standard error.
const DONE: f64 = 1e-14;

/// Fits the hazard by Newton's method. O(n log n) for sorting, then one pass over the rows a step.
///
/// Numbers that were not measured have been given an indicator by the [`Design`]; its constant columns have been left out.
pub fn cox(design: &Design, spells: &Spells<'_>, options: CoxOptions<'_>) -> Result<Cox, CoxError> {
    check(design, spells, options)?;
    let risk = RiskSets::new(design, spells, options.strata, options.ties);
    let ridge = match options.penalty {
        Penalty::None => 0.0,
        Penalty::Ridge(strength) => strength,
    };
    let fit = newton(&risk, ridge).map_err(|lost| lost.named(design))?;
    let clusters = options.clusters.is_some() || spells.weights().is_some();
    let robust = if clusters { robust::covariance(&risk, &fit, options.clusters) } else { None };
    let proportionality = options.proportionality.filter(|_| spells.weights().is_none());
    let labels: Vec<String> = design.column()[1..].iter().map(Column::label).collect();
    let proportionality = proportionality.and_then(|clock| proportionality::test(&risk, &fit, clock, spells, &labels));
    Ok(Cox {
        columns: design.column()[1..].to_vec(),
        coefficients: fit.beta,
        covariance: fit.covariance,
        robust,
        log_likelihood: fit.log_likelihood,
        log_likelihood_null: fit.log_likelihood_null,
        rows: spells.rows() as u64,
        events: spells.events() as u64,
        proportionality,
    })
}

fn check(design: &Design, spells: &Spells<'_>, options: CoxOptions<'_>) -> Result<(), CoxError> {
    let (rows, events, columns) = (spells.rows(), spells.events(), design.columns() - 1);
    same_length("rows of the design", design.rows(), rows)?;
    options.strata.map_or(Ok(()), |strata| same_length("strata", strata.len(), rows))?;
    options.clusters.map_or(Ok(()), |clusters| same_length("clusters", clusters.len(), rows))?;
    if columns == 0 {
        return Err(CoxError::NoColumns { dropped: design.dropped().len() });
    }
    if events == 0 {
        return Err(CoxError::NoEvents { rows });
    }
    if events < columns && options.penalty == Penalty::None {
        return Err(CoxError::TooFew { events, columns });
    }
    Ok(())
}

/// Where Newton's method ended.
struct Fit {
    beta: DVector<f64>,
    covariance: DMatrix<f64>,
    log_likelihood: f64,
    log_likelihood_null: f64,
}

/// Why it did not.
enum Lost {
    Uninformative(usize),
    Separated(usize),
    Collinear,
}

impl Lost {
    fn named(self, design: &Design) -> CoxError {
        let label = |column: usize| design.column()[column + 1].label();
        match self {
            Lost::Uninformative(column) => CoxError::Uninformative { column: label(column) },
            Lost::Separated(column) => CoxError::Separated { column: label(column) },
            Lost::Collinear => CoxError::Collinear,
        }
    }
}

fn newton(risk: &RiskSets, ridge: f64) -> Result<Fit, Lost> {
    let p = risk.columns();
    let mut beta = DVector::zeros(p);
    let mut at = Pass::of(risk, &beta, ridge);
    let null = at.log_likelihood;
    if let Some(column) = (0..p).find(|j| at.information[(*j, *j)] <= 1e-10 * at.squares[*j]) {
        return Err(Lost::Uninformative(column));
    }
    for _ in 0..STEPS {
        let Some((step, covariance)) = solve(&at.information, &at.gradient) else {
            return Err(lost(risk, &beta));
        };
        let gain = step.dot(&at.gradient);
        // How far the step moves rows apart. Where the likelihood rises for ever, steps go on for ever and gain nothing.
        let reach = (0..p).map(|j| step[j].abs() * risk.spread()[j]);
        let (column, reach) = (0..p).zip(reach).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
        if gain < 1e-10 && reach > 0.1 && ridge == 0.0 {
            return Err(Lost::Separated(column));
        }
        if gain < DONE {
            return Ok(Fit { beta, covariance, log_likelihood: at.log_likelihood, log_likelihood_null: null });
        }
        (beta, at) = advance(risk, &beta, &step, &at, ridge).ok_or(Lost::Separated(column))?;
    }
    Err(lost(risk, &beta))
}

/// The next point and what holds there: half the step while it overshoots.
fn advance(risk: &RiskSets, beta: &DVector<f64>, step: &DVector<f64>, from: &Pass, ridge: f64) -> Option<(DVector<f64>, Pass)> {
    let mut taken = 1.0;
    while taken > 1e-6 {
        let next = beta + step * taken;
        let pass = Pass::of(risk, &next, ridge);
        if pass.objective >= from.objective - 1e-9 * from.objective.abs().max(1.0) {
            return Some((next, pass));
        }
        taken /= 2.0;
    }
    None
}

/// What it means when the equations cannot be solved: separation where a coefficient ran away, collinearity otherwise.
fn lost(risk: &RiskSets, beta: &DVector<f64>) -> Lost {
    let far = beta.iter().zip(risk.spread()).map(|(b, spread)| b.abs() * spread).enumerate();
    match far.max_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((column, far)) if far > 10.0 => Lost::Separated(column),
        _ => Lost::Collinear,
    }
}

/// The likelihood at some coefficients.
struct Pass {
    log_likelihood: f64,
    /// Less the penalty.
    objective: f64,
    gradient: DVector<f64>,
    information: DMatrix<f64>,
    /// The squares that the information's diagonal is the difference of.
    squares: Vec<f64>,
}

/// What a piece of the rows adds at the times of its events.
#[derive(Default)]
struct AtEvents {
    log_likelihood: f64,
    outer: Vec<f64>,
    hazard: Vec<f64>,
    tied: Vec<f64>,
}

impl AtEvents {
    fn add(&mut self, sums: &Sums, moments: &Moments) {
        let p = sums.s1.len();
        self.outer.resize(p * p, 0.0);
        let Moments { weight, log, one, tied, square, square_tied, square_both } = *moments;
        self.log_likelihood -= weight * log;
        self.hazard.push(weight * one);
        self.tied.push(weight * tied);
        for a in 0..p {
            let row = &mut self.outer[a * p + a..(a + 1) * p];
            let (sa, da) = (sums.s1[a], sums.d1[a]);
            let (by_s, by_d) = (weight * (sa * square - da * square_tied), weight * (da * square_both - sa * square_tied));
            if by_d == 0.0 {
                row.iter_mut().zip(&sums.s1[a..]).for_each(|(sum, sb)| *sum += by_s * sb);
            } else {
                let others = sums.s1[a..].iter().zip(&sums.d1[a..]);
                row.iter_mut().zip(others).for_each(|(sum, (sb, db))| *sum += by_s * sb + by_d * db);
            }
        }
    }
}

impl Pass {
    fn of(risk: &RiskSets, beta: &DVector<f64>, ridge: f64) -> Pass {
        let p = risk.columns();
        let relative = risk.relative(beta.as_slice());
        let pieces = risk.sweep(&relative, AtEvents::default, |piece, _, sums, moments| piece.add(sums, moments));
        let (mut log_likelihood, mut outer) = (0.0, vec![0.0; p * p]);
        for piece in &pieces {
            log_likelihood += piece.log_likelihood;
            outer.iter_mut().zip(&piece.outer).for_each(|(sum, own)| *sum += own);
        }
        let hazard = risk.accumulate(pieces.iter().flat_map(|piece| piece.hazard.iter().copied()));
        let tied = risk.ascending(pieces.iter().flat_map(|piece| piece.tied.iter().copied()));
        let rows = risk.residuals(beta.as_slice(), &relative, &hazard, &tied);
        log_likelihood += rows.events;
        let penalty: f64 = beta.iter().map(|b| ridge * b * b / 2.0).sum();
        let entry = |a: usize, b: usize| rows.gram[a * p + b] - outer[a * p + b];
        let own = |a: usize, b: usize| if a == b { ridge } else { 0.0 };
        Pass {
            log_likelihood,
            objective: log_likelihood - penalty,
            gradient: DVector::from_fn(p, |j, _| rows.gradient[j] - ridge * beta[j]),
            information: DMatrix::from_fn(p, p, |a, b| entry(a.min(b), a.max(b)) + own(a, b)),
            squares: (0..p).map(|j| rows.gram[j * p + j]).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
