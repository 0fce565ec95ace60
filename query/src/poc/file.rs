//! `poc.toml`: a POC as it is written down before it begins. What contradicts itself is refused, with the line, the key, and what would mend it.

mod raw;
mod score;
mod stated;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::metric::{Metric, MetricKind, Rank};
use super::spec::{Columns, Poc, Randomised, Stopping};
use crate::statistics::Confidence;

/// Why a file is no POC.
#[derive(Debug, thiserror::Error)]
pub enum PocFileError {
    /// The file cannot be read.
    #[error("read {}", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Something in it cannot be.
    #[error("{}line {line}, {key}: {what}", path.as_ref().map_or_else(String::new, |path| format!("{} ", path.display())))]
    Refused {
        /// The file, if it was one.
        path: Option<PathBuf>,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// What is wrong and what would mend it.
        what: String,
    },
}

/// What is wrong, and where: bytes of the text.
pub(super) struct Wrong {
    at: Range<usize>,
    key: String,
    what: String,
}

impl Wrong {
    fn new(at: Range<usize>, key: impl Into<String>, what: impl Into<String>) -> Wrong {
        Wrong { at, key: key.into(), what: what.into() }
    }

    fn in_text(self, text: &str) -> PocFileError {
        PocFileError::Refused { path: None, line: line(text, self.at.start), key: self.key, what: self.what }
    }
}

/// The line in which a byte of the text stands, from 1.
fn line(text: &str, at: usize) -> usize {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    1 + before.matches('\n').count()
}

impl Poc {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Poc, PocFileError> {
        let text = std::fs::read_to_string(path).map_err(|source| PocFileError::Missing { path: path.to_owned(), source })?;
        Poc::parse(&text).map_err(|error| match error {
            PocFileError::Refused { line, key, what, .. } => PocFileError::Refused { path: Some(path.to_owned()), line, key, what },
            missing => missing,
        })
    }

    /// Reads the text of a file. Err for what is no TOML, for keys that nothing reads, and for what contradicts itself: one vendor, an allocation that
    /// does not add up to 1, a margin that is no difference, a metric stated twice, weights that sum to nothing.
    pub fn parse(text: &str) -> Result<Poc, PocFileError> {
        let raw: raw::File = toml::from_str(text).map_err(|error| syntax(&error, text).in_text(text))?;
        poc(raw, text).map_err(|wrong| wrong.in_text(text))
    }
}

/// What the parser says, with the key of its line.
fn syntax(error: &toml::de::Error, text: &str) -> Wrong {
    let at = error.span().unwrap_or(0..0);
    let start = at.start.min(text.len());
    let line_start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let line = text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let key = line.split(['=', '#']).next().unwrap_or_default().trim();
    let key = if key.is_empty() { "the file" } else { key };
    Wrong::new(at, key, error.message())
}

fn poc(raw: raw::File, text: &str) -> Result<Poc, Wrong> {
    let (arms, allocation) = stated::vendors(raw.vendors)?;
    let columns = columns(raw.columns)?;
    let randomised = randomised(&raw.design, &columns)?;
    let (level, power, minimum_days, stopping) = design(&raw.design)?;
    let mut metrics = Vec::new();
    for (metric, rank) in raw
        .primary
        .into_iter()
        .map(|metric| (metric, Rank::Primary))
        .chain(raw.secondary.into_iter().map(|metric| (metric, Rank::Secondary)))
    {
        let read = stated::metric(metric, rank, &metrics)?;
        metrics.push(read);
    }
    if !metrics.iter().any(|metric: &Metric| metric.rank == Rank::Primary) {
        return Err(Wrong::new(
            raw.name.span(),
            "primary",
            "no metric decides: state at least one [[primary]] with name, better and margin",
        ));
    }
    let claims = raw.claim.into_iter().map(|claim| stated::claim(claim, &arms)).collect::<Result<_, _>>()?;
    Ok(Poc {
        name: raw.name.into_inner(),
        allocation,
        services: raw.scope.services,
        scenarios: raw.scope.scenarios,
        columns,
        randomised,
        metrics,
        claims,
        minimum_days,
        stopping,
        level,
        power,
        scorecard: score::weighing(raw.scorecard, &arms, text)?,
        arms,
    })
}

fn columns(raw: raw::Columns) -> Result<Columns, Wrong> {
    let mut seen = BTreeSet::new();
    for stratum in &raw.strata {
        if !seen.insert(stratum.get_ref().as_str()) || *stratum.get_ref() == raw.arm {
            return Err(Wrong::new(
                stratum.span(),
                "columns.strata",
                format!("{:?} stands there twice, or is the arm: name each column once", stratum.get_ref()),
            ));
        }
    }
    Ok(Columns {
        arm: raw.arm,
        unit: raw.unit,
        pair: raw.pair,
        strata: raw.strata.into_iter().map(toml::Spanned::into_inner).collect(),
        time: raw.time,
        session: raw.session,
    })
}

fn randomised(raw: &raw::Design, columns: &Columns) -> Result<Randomised, Wrong> {
    let refused = |what: String| Err(Wrong::new(raw.randomised.span(), "design.randomised", what));
    match raw.randomised.get_ref().as_str() {
        "user" if columns.unit.is_none() => {
            refused("users were drawn, but no column says who a row is of: state columns.unit, such as \"user_id\"".into())
        }
        "paired" if columns.pair.is_none() => {
            refused("runs are paired, but no column says which rows are a pair: state columns.pair, such as \"run\"".into())
        }
        text => text.parse().map_or_else(refused, Ok),
    }
}

fn design(raw: &raw::Design) -> Result<(Confidence, f64, f64, Stopping), Wrong> {
    let level = Confidence::new(*raw.level.get_ref()).ok_or_else(|| {
        Wrong::new(raw.level.span(), "design.level", format!("{} is no level between 0 and 1: write 0.95", raw.level.get_ref()))
    })?;
    let power = *raw.power.get_ref();
    if !(power > 0.0 && power < 1.0) {
        return Err(Wrong::new(raw.power.span(), "design.power", format!("{power} is no share between 0 and 1: write 0.8 or 0.9")));
    }
    let days = *raw.minimum_days.get_ref();
    if !(0.0..=3650.0).contains(&days) {
        return Err(Wrong::new(
            raw.minimum_days.span(),
            "design.minimum_days",
            format!("{days} is no number of days from 0 to 3650: whole weeks are customary, such as 14"),
        ));
    }
    let narrowest = raw.narrowest_at.as_ref();
    let stopping = match (raw.stopping.get_ref().as_str(), narrowest) {
        ("fixed", None) => Stopping::Fixed,
        ("fixed", Some(at)) => {
            return Err(Wrong::new(
                at.span(),
                "design.narrowest_at",
                "a fixed end has no place at which intervals are narrowest: leave it out, or write stopping = \"any_time\"",
            ));
        }
        ("any_time", Some(at)) if *at.get_ref() >= 1.0 && at.get_ref().is_finite() => Stopping::AnyTime { narrowest_at: *at.get_ref() },
        ("any_time", Some(at)) => return Err(Wrong::new(at.span(), "design.narrowest_at", "must be a number of units of 1 or more")),
        ("any_time", None) => {
            return Err(Wrong::new(
                raw.stopping.span(),
                "design.stopping",
                "state narrowest_at beside it: the number of units at which intervals are to be narrowest, about the planned n",
            ));
        }
        (other, _) => {
            return Err(Wrong::new(
                raw.stopping.span(),
                "design.stopping",
                format!("{other:?} is no rule: write \"fixed\" or \"any_time\""),
            ));
        }
    };
    Ok((level, power, days, stopping))
}

/// A kind that reads, or what would.
fn kind(text: &toml::Spanned<String>, of: &str) -> Result<MetricKind, Wrong> {
    let wanted = "is nothing that can be compared: write mean, share, p50 (or another quantile), ordinal, ratio/COLUMN, or time/COLUMN with the column that says whether it ended";
    MetricKind::parse(text.get_ref()).ok_or_else(|| Wrong::new(text.span(), format!("{of}.kind"), format!("{:?} {wanted}", text.get_ref())))
}

#[cfg(test)]
mod tests;
