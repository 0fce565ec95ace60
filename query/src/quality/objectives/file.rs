//! Reading a file of objectives, with errors that name the table and the key.

use std::collections::BTreeMap;

use super::super::measure::{Measure, SERVICES};
use super::{Limits, Objective, Objectives};

impl Objectives {
    /// Reads a file of objectives.
    pub fn parse(text: &str) -> Result<Self, ObjectivesError> {
        let file: toml::Table = text.parse()?;
        let mut read = Self { services: BTreeMap::new(), industries: BTreeMap::new(), scenarios: BTreeMap::new(), both: BTreeMap::new() };
        for (kind, value) in &file {
            for (name, value) in table(kind, value)? {
                let path = format!("{kind}.{name}");
                match kind.as_str() {
                    "service" if SERVICES.contains(&name.as_str()) => read.services.insert(name.clone(), limits(&path, value)?),
                    "industry" => read.industries.insert(name.clone(), limits(&path, value)?),
                    "scenario" => read.scenarios.insert(name.clone(), limits(&path, value)?),
                    "industry_scenario" => {
                        for (scenario, value) in table(&path, value)? {
                            let limits = limits(&format!("{path}.{scenario}"), value)?;
                            read.both.insert((name.clone(), scenario.clone()), limits);
                        }
                        None
                    }
                    _ => return Err(ObjectivesError::UnknownTable { table: path }),
                };
            }
        }
        read.check_overrides()?;
        Ok(read)
    }

    /// An override of a measure that no service has would never apply; that is a slip and not a wish.
    fn check_overrides(&self) -> Result<(), ObjectivesError> {
        let overrides = self.industries.values().chain(self.scenarios.values()).chain(self.both.values());
        for objective in overrides.flat_map(Limits::values) {
            if !self.services.values().any(|limits| limits.contains_key(&objective.measure)) {
                return Err(ObjectivesError::NeverApplies { table: objective.table.clone(), key: objective.measure.key() });
            }
        }
        Ok(())
    }
}

fn table<'a>(path: &str, value: &'a toml::Value) -> Result<&'a toml::Table, ObjectivesError> {
    value.as_table().ok_or_else(|| ObjectivesError::NoTable { table: path.to_owned() })
}

fn limits(path: &str, value: &toml::Value) -> Result<Limits, ObjectivesError> {
    table(path, value)?.iter().map(|(key, value)| objective(path, key, value).map(|found| (found.measure, found))).collect()
}

fn objective(path: &str, key: &str, value: &toml::Value) -> Result<Objective, ObjectivesError> {
    let at = || (path.to_owned(), key.to_owned());
    let measure = Measure::from_key(key).ok_or_else(|| {
        let (table, key) = at();
        ObjectivesError::UnknownKey { table, key }
    })?;
    let fields = table(&format!("{path}.{key}"), value)?;
    if let Some(unknown) = fields.keys().find(|field| !["value", "source"].contains(&field.as_str())) {
        return Err(ObjectivesError::UnknownKey { table: format!("{path}.{key}"), key: unknown.clone() });
    }
    let number = fields.get("value").and_then(|value| value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64)));
    let limit = number.filter(|limit| measure.admits(*limit)).ok_or_else(|| {
        let (table, key) = at();
        ObjectivesError::Value { table, key, wanted: measure.range() }
    })?;
    let source = fields.get("source").and_then(toml::Value::as_str).filter(|source| !source.trim().is_empty());
    let source = source.map(str::to_owned).ok_or_else(|| {
        let (table, key) = at();
        ObjectivesError::NoSource { table, key }
    })?;
    Ok(Objective { measure, limit, source, table: path.to_owned() })
}

/// What is wrong with a file of objectives.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObjectivesError {
    /// It is no TOML.
    #[error("read objectives as TOML")]
    Syntax(#[from] toml::de::Error),
    /// A table that nothing reads.
    #[error(
        "[{table}] is no table of objectives: known are service.NAME for {}, industry.NAME, scenario.NAME and industry_scenario.INDUSTRY.SCENARIO",
        SERVICES.join(", ")
    )]
    UnknownTable {
        /// The table as written.
        table: String,
    },
    /// Something else where a table belongs.
    #[error("{table} must be a table")]
    NoTable {
        /// Where.
        table: String,
    },
    /// A key that nothing reads.
    #[error("{key} in [{table}] is not known: objectives are {}, each with value and source", Measure::ALL.map(Measure::key).join(", "))]
    UnknownKey {
        /// The table it stands in.
        table: String,
        /// The key as written.
        key: String,
    },
    /// No value, or one out of range.
    #[error("{key} in [{table}] must have as its value {wanted}")]
    Value {
        /// The table it stands in.
        table: String,
        /// The objective.
        key: String,
        /// What it may be.
        wanted: &'static str,
    },
    /// No reason given.
    #[error("{key} in [{table}] must have a source: where the value comes from, or whose choice it is and why")]
    NoSource {
        /// The table it stands in.
        table: String,
        /// The objective.
        key: String,
    },
    /// An override of a measure that no service is judged by.
    #[error("{key} in [{table}] would never apply: no [service.NAME] is judged by it")]
    NeverApplies {
        /// The table it stands in.
        table: String,
        /// The objective.
        key: &'static str,
    },
}
