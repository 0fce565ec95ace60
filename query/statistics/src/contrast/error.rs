//! Why two arms cannot be compared.

/// What is lacking for a comparison.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ContrastError {
    /// Fewer units than the method needs.
    #[error("compare arms of {first} and {second} units: {least} a side are needed to know how far units differ")]
    TooFew {
        /// Of the first.
        first: u64,
        /// Of the second.
        second: u64,
        /// How many are needed.
        least: u64,
    },
    /// Nothing varies, so that no error can be told.
    #[error("compare arms of {first} and {second} units: nothing varies between the units of either, so the error is unknown")]
    Constant {
        /// Of the first.
        first: u64,
        /// Of the second.
        second: u64,
    },
    /// Units are in both arms, and each differs between them by the same.
    #[error(
        "{shared} units have rows in both arms, and none differs between them otherwise than the rest: the error of the difference is unknown"
    )]
    Alike {
        /// Units with rows in both.
        shared: u64,
    },
    /// A value that is not a finite number.
    #[error("row {row} has the value {value}: leave out what was not measured")]
    NotFinite {
        /// Where in its arm, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A ratio needs both sides above zero.
    #[error("ratio of {first} to {second}: both must be above zero")]
    NotPositive {
        /// The first.
        first: f64,
        /// The second.
        second: f64,
    },
    /// A share is of rows that are 0 or 1.
    #[error("row {row} has the value {value}: a share is of rows that are 0 or 1")]
    NotBinary {
        /// Where in its arm, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Columns of one arm that differ in length.
    #[error("there are {got} {what} for {rows} rows")]
    Length {
        /// The column.
        what: &'static str,
        /// Its values.
        got: usize,
        /// The rows.
        rows: usize,
    },
    /// Rows of one unit stand apart.
    #[error("rows of unit {unit} do not stand together: sort rows by unit")]
    Scattered {
        /// Which.
        unit: u32,
    },
    /// What a ratio is taken over must not be negative, and not all zero.
    #[error("row {row} has {value} below the line: what is divided by must be 0 or more, and more than 0 in all")]
    Denominator {
        /// Where in its arm, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Strata that cannot be taken together.
    #[error(
        "take {strata} strata together that weigh {weight}: it takes differences that are no resamples, weighing 0 or more each and more than 0 in all"
    )]
    Strata {
        /// How many.
        strata: usize,
        /// What they weigh in all.
        weight: f64,
    },
    /// A quantile is between 0 and 1.
    #[error("quantile {q}: it must lie between 0 and 1, both excluded")]
    Quantile {
        /// As asked.
        q: f64,
    },
    /// Draws that are too few, or not of the same resamples.
    #[error("{first} and {second} draws: the same number on both sides is needed, and at least {least}")]
    Draws {
        /// Of the first.
        first: usize,
        /// Of the second.
        second: usize,
        /// Least.
        least: usize,
    },
    /// Nobody has earlier data, or it does not vary.
    #[error("earlier data of {known} rows: it varies between no units, so nothing can be adjusted by it")]
    NoEarlier {
        /// Rows with earlier data in both arms.
        known: usize,
    },
    /// Times that are no spells.
    #[error("times of an arm are no spells")]
    Spells(#[from] crate::spell::SpellError),
    /// There is no mean time until the horizon.
    #[error("no mean time can be told")]
    Time(#[from] crate::kaplan_meier::KaplanMeierError),
    /// Hazards cannot be compared.
    #[error("no log-rank test of the two")]
    LogRank(#[from] crate::log_rank::LogRankError),
    /// Weighted spells, or late entries.
    #[error("spells with {what} cannot be compared as arms: give their exits and events alone")]
    Unsupported {
        /// What they have.
        what: &'static str,
    },
}
