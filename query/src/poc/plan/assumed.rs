//! What is supposed of a metric before there are rows: `connect_ms=sd:400`, `joined=share:0.98,rows:3,effect:1.5`.

use std::str::FromStr;

/// What is supposed of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumed {
    /// The metric's name.
    pub name: String,
    /// How its rows scatter.
    pub law: AssumedLaw,
    /// Rows a unit has.
    pub rows_per_unit: f64,
    /// So many times more rows it takes because rows of a unit go together.
    pub effect: f64,
}

/// How rows scatter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AssumedLaw {
    /// Standard deviation of a row (of pairs: of their differences), in the metric's unit.
    Deviation(f64),
    /// Share of yes, 0 to 1.
    Share(f64),
    /// Density at the quantile: the share of rows within one unit of measurement around it.
    Density(f64),
}

/// Why nothing is supposed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssumedError {
    /// Not of the form.
    #[error(
        "{text:?} supposes nothing that can be planned with: write NAME=sd:400, NAME=share:0.98 or NAME=density:0.002, and behind it rows:3 (rows a unit has) and effect:1.5 (design effect) where rows go together"
    )]
    Form {
        /// As it was given.
        text: String,
    },
    /// A value that cannot be.
    #[error("{name}: {part} is {value}, and is to be {wanted}")]
    Value {
        /// The metric.
        name: String,
        /// Which part.
        part: &'static str,
        /// As it was given.
        value: String,
        /// What it may be.
        wanted: &'static str,
    },
}

impl FromStr for Assumed {
    type Err = AssumedError;

    fn from_str(text: &str) -> Result<Self, AssumedError> {
        let form = || AssumedError::Form { text: text.to_owned() };
        let (name, parts) = text.split_once('=').filter(|(name, _)| !name.trim().is_empty()).ok_or_else(form)?;
        let name = name.trim().to_owned();
        let (mut law, mut rows_per_unit, mut effect) = (None, 1.0, 1.0);
        for part in parts.split(',') {
            let (part, value) = part.split_once(':').ok_or_else(form)?;
            let value: f64 = value.trim().parse().map_err(|_| form())?;
            let held = |part, holds: bool, wanted| match holds && value.is_finite() {
                true => Ok(value),
                false => Err(AssumedError::Value { name: name.clone(), part, value: value.to_string(), wanted }),
            };
            match part.trim() {
                "sd" => law = Some(AssumedLaw::Deviation(held("sd", value > 0.0, "above 0")?)),
                "share" => law = Some(AssumedLaw::Share(held("share", value > 0.0 && value < 1.0, "between 0 and 1, both excluded")?)),
                "density" => law = Some(AssumedLaw::Density(held("density", value > 0.0, "above 0")?)),
                "rows" => rows_per_unit = held("rows", value >= 1.0, "1 or more")?,
                "effect" => effect = held("effect", value >= 1.0, "1 or more")?,
                _ => return Err(form()),
            }
        }
        Ok(Assumed { name, law: law.ok_or_else(form)?, rows_per_unit, effect })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_supposed_is_written_in_one_word() {
        let assumed: Assumed = "connect_ms=sd:400".parse().unwrap();
        assert_eq!((assumed.name.as_str(), assumed.law, assumed.rows_per_unit), ("connect_ms", AssumedLaw::Deviation(400.0), 1.0));
        let assumed: Assumed = "joined=share:0.98, rows:3,effect:1.5".parse().unwrap();
        assert_eq!((assumed.law, assumed.rows_per_unit, assumed.effect), (AssumedLaw::Share(0.98), 3.0, 1.5));
        for wrong in ["connect_ms", "=sd:4", "x=4", "x=sd:much", "x=rows:2", "x=width:3"] {
            assert!(matches!(wrong.parse::<Assumed>(), Err(AssumedError::Form { .. })), "{wrong}");
        }
        for wrong in ["x=sd:0", "x=share:1", "x=share:1.2", "x=density:-1", "x=sd:1,rows:0", "x=sd:1,effect:0.5", "x=sd:inf"] {
            assert!(matches!(wrong.parse::<Assumed>(), Err(AssumedError::Value { .. })), "{wrong}");
        }
    }
}
