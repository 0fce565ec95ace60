//! The parameters of a link, read one by one: each refusal names the parameter and says what it takes.

use qoe_query::satisfaction::Covariates;

use super::asked::columns;
use crate::view::{ViewError, bad};

/// Names and values, as they stand in a link.
#[derive(Clone, Copy)]
pub(super) struct Given<'a>(pub &'a [(String, String)]);

impl<'a> Given<'a> {
    /// A parameter's value; an empty one counts as not given.
    pub fn value(self, wanted: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The same read, or why it cannot be.
    pub fn parsed<T, E: AsRef<str>>(self, name: &'static str, read: impl FnOnce(&str) -> Result<T, E>) -> Result<Option<T>, ViewError> {
        self.value(name).map(|text| read(text).map_err(|why| bad(name, text, why.as_ref()))).transpose()
    }

    /// One of these columns.
    pub fn one(self, name: &'static str, there: &[&'static str]) -> Result<Option<&'static str>, ViewError> {
        let Some(text) = self.value(name) else { return Ok(None) };
        let found = there.iter().copied().find(|column| *column == text);
        found.map(Some).ok_or_else(|| bad(name, text, &format!("use one of {}", there.join(", "))))
    }

    /// Those of these columns that are named, or else as many of the usual ones as were measured.
    pub fn chosen(self, name: &'static str, there: &[&'static str], usual: &[&str]) -> Result<Covariates, ViewError> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Ok(match self.value(name) {
            Some(text) => Covariates::Named(owned(&columns(name, text, there)?)),
            None => Covariates::Measured(owned(usual)),
        })
    }
}
