//! What is known of everyone, answers or silence: which columns a model goes by, and which were left out and why.

use crate::frame::{Column, Frame};
use crate::statistics::Covariate;
use crate::statistics::design::{Design, DesignError, MIN_CATEGORY_ROWS, Values, Why};

/// A number that was measured in fewer rows than this share is left out, where it was not asked for by name: our choice.
pub const MIN_MEASURED: f64 = 0.2;

/// Which columns a model is to go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covariates {
    /// These, whatever is in them.
    Named(Vec<String>),
    /// Those of these that were measured in [`MIN_MEASURED`] of the rows.
    Measured(Vec<String>),
}

/// A category that cannot be held equal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "hold {column:?} equal: its {values} values are too many for {rows} rows, since most rows have one that fewer than {MIN_CATEGORY_ROWS} have; leave it out, or \
     name it as --user if it says whose the rows are"
)]
pub struct SingularError {
    /// Its column.
    pub column: String,
    /// How many values it has.
    pub values: usize,
    /// In how many rows.
    pub rows: usize,
}

/// Refuses categories most of whose rows would be taken together as "other": held equal in name alone.
pub(crate) fn singular(frame: &Frame, names: &[String]) -> Result<(), SingularError> {
    for name in names {
        let Some(Column::Category { codes, labels }) = frame.as_covariate(name) else { continue };
        let mut counts = vec![0_usize; labels.len()];
        for code in codes {
            if let Some(count) = counts.get_mut(*code as usize) {
                *count += 1;
            }
        }
        let rare: usize = counts.iter().filter(|count| **count < MIN_CATEGORY_ROWS).sum();
        // Of few rows each value is rare, and the model says what it cannot do.
        let values = counts.iter().filter(|count| **count > 0).count();
        if values >= MIN_CATEGORY_ROWS && 2 * rare > frame.rows() {
            return Err(SingularError { column: name.clone(), values, rows: frame.rows() });
        }
    }
    Ok(())
}

/// The columns a model goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Those it goes by.
    pub used: Vec<String>,
    /// Those that were left out.
    pub left_out: Vec<LeftOut>,
}

/// A column that a model does not go by.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Its name; of a category `network = wifi` where the rest of it is used.
    pub covariate: String,
    /// Why.
    pub why: WhyOut,
}

/// Why a model does not go by a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WhyOut {
    /// Measured in too few rows.
    Sparse {
        /// The share of rows it was measured in, 0 to 1.
        measured: f64,
    },
    /// It cannot tell rows apart.
    Unfit(Why),
}

impl Covariates {
    /// The names that may come to be used.
    pub fn names(&self) -> &[String] {
        match self {
            Covariates::Named(names) | Covariates::Measured(names) => names,
        }
    }

    /// The names that were asked for.
    pub fn named(&self) -> &[String] {
        match self {
            Covariates::Named(names) => names,
            Covariates::Measured(_) => &[],
        }
    }

    /// The columns to go by, and those that too few rows have.
    pub fn measured_in(&self, frame: &Frame) -> (Vec<String>, Vec<String>) {
        let enough = |name: &String| match self {
            Covariates::Named(_) => true,
            Covariates::Measured(_) => measured(frame.column(name)).is_none_or(|measured| measured >= MIN_MEASURED),
        };
        self.names().iter().cloned().partition(enough)
    }

    /// Which of the columns, wanted as covariates, are used; and their design.
    pub fn design(&self, frame: &Frame) -> Result<(Known, Design), DesignError> {
        let mut known = Known { used: Vec::new(), left_out: Vec::new() };
        for name in self.names() {
            match measured(frame.column(name)).filter(|measured| *measured < MIN_MEASURED && matches!(self, Covariates::Measured(_))) {
                Some(measured) => known.left_out.push(LeftOut { covariate: name.clone(), why: WhyOut::Sparse { measured } }),
                None => known.used.push(name.clone()),
            }
        }
        let design = covariates(frame, &known.used)?;
        let unfit = design.dropped().iter().map(|dropped| LeftOut { covariate: dropped.column.clone(), why: WhyOut::Unfit(dropped.why) });
        known.left_out.extend(unfit);
        known.used.retain(|name| design.of(name).next().is_some());
        Ok((known, design))
    }
}

/// The design of these columns, which were wanted as covariates.
pub fn covariates(frame: &Frame, names: &[String]) -> Result<Design, DesignError> {
    Design::new(frame.rows(), &frame.covariates(names))
}

/// The design of these columns for some of the rows, in their order.
pub fn covariates_of(frame: &Frame, names: &[String], rows: &[usize]) -> Result<Design, DesignError> {
    enum Picked<'a> {
        Numbers(Vec<f64>),
        Codes(Vec<u32>, &'a [String]),
    }
    let covariates = frame.covariates(names);
    let picked = covariates.iter().map(|covariate| match covariate.values {
        Values::Numeric(values) => Picked::Numbers(rows.iter().map(|row| values[*row]).collect()),
        Values::Category { codes, labels } => Picked::Codes(rows.iter().map(|row| codes[*row]).collect(), labels),
    });
    let picked: Vec<Picked<'_>> = picked.collect();
    let again = names.iter().zip(&picked).map(|(name, picked)| match picked {
        Picked::Numbers(values) => Covariate::numeric(name, values),
        Picked::Codes(codes, labels) => Covariate::category(name, codes, labels),
    });
    Design::new(rows.len(), &again.collect::<Vec<_>>())
}

/// The share of rows in which a number was measured; `None` for words, whose absence is a value of its own.
fn measured(column: &Column) -> Option<f64> {
    match column {
        Column::Number(values) | Column::Flag(values) => {
            Some(values.iter().filter(|value| !value.is_nan()).count() as f64 / values.len().max(1) as f64)
        }
        _ => None,
    }
}
