//! Counts of a store: sums that ClickHouse makes, no rows.

mod sql;

use chrono::{DateTime, Utc};
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;

use super::CheckError;
use super::counts::{ArmCounts, Counts, FAR, MetricCounts, StratumCounts};
use crate::board::{Answer, Line, ask, text};
use crate::frame::Input;
use crate::poc::metric::MetricKind;
use crate::poc::spec::Poc;
use crate::relations::{self, Period};
use sql::{Questions, said, value};

/// Where a store is asked.
#[derive(Debug, Clone, Copy)]
pub struct StoreSources<'a> {
    /// The sessions, as a table `data`: [`relations::poc_sessions`] or [`relations::poc_sessions_alone`].
    pub sessions: &'a Input,
    /// When.
    pub period: Period,
}

/// Counts of the sessions of a store.
pub(super) async fn counts(poc: &Poc, sources: &StoreSources<'_>, condition: Option<&str>) -> std::result::Result<Counts, CheckError> {
    let questions = Questions { poc, period: sources.period, condition };
    let asked = Asked { questions, context: sources.sessions.context() };
    let failed = |what: &'static str| move |source: DataFusionError| CheckError::Count { what, source: Box::new(source) };
    let strata = poc.columns.strata.iter().map(|column| async { ask(asked.context, &questions.stratum(column)).await });
    let (arms, ratings, contaminated, strata, shared, clocks, definitions) = futures::join!(
        async { ask(asked.context, &questions.arms()).await },
        asked.maybe(questions.ratings()),
        asked.maybe(questions.contaminated()),
        futures::future::try_join_all(strata),
        asked.maybe(questions.shared()),
        asked.maybe(questions.clocks()),
        asked.maybe(questions.definitions()),
    );
    let arms = arms.map_err(failed("sessions by vendor"))?;
    let mut counts = asked.read(&arms).map_err(failed("sessions by vendor"))?;
    let names: Vec<String> = counts.arms.iter().map(|arm| arm.name.clone()).collect();
    let place = |name: &str| names.iter().position(|known| known == name);
    let read = |line: Line<'_>| Ok((line.count("present")?, line.number("middle")?));
    let ratings = by_arm(&names, ratings.map_err(failed("ratings"))?.as_ref(), read).map_err(failed("ratings"))?;
    for (metric, _) in counts.metrics.iter_mut().zip(&poc.metrics).filter(|(_, metric)| said(metric)) {
        let of = ratings.iter().flatten().map(|of| of.unwrap_or_default());
        of.zip(metric.present.iter_mut().zip(&mut metric.medians)).for_each(|(of, (present, median))| (*present, *median) = of);
    }
    counts.contaminated = several(contaminated, "units").map_err(failed("units with several vendors"))?;
    let strata = strata.map_err(failed("units by stratum"))?;
    let read = |(column, answer): (&String, &Answer)| stratum(column, answer, &names);
    counts.strata = poc.columns.strata.iter().zip(&strata).map(read).collect::<Result<_>>().map_err(failed("units by stratum"))?;
    counts.shared_sessions = several(shared, "sessions").map_err(failed("sessions with several vendors"))?;
    counts.clocks =
        by_arm(&names, clocks.map_err(failed("clocks"))?.as_ref(), |line| Ok((line.number("skew")?, line.number("far")?.unwrap_or(0.0))))
            .map_err(failed("clocks"))?
            .map(|of| of.into_iter().map(Option::unwrap_or_default).collect());
    let read = |line: Line<'_>| Ok((line.count("own")?, line.count("stated")?));
    counts.definitions = by_arm(&names, definitions.map_err(failed("definitions of a freeze"))?.as_ref(), read)
        .map_err(failed("definitions of a freeze"))?
        .map(|of| of.into_iter().map(Option::unwrap_or_default).collect());
    let far = asked.outliers(&arms, &place).await.map_err(failed("outliers"))?;
    counts.metrics.iter_mut().zip(far).for_each(|(metric, far)| metric.outliers = far);
    Ok(counts)
}

struct Asked<'a> {
    questions: Questions<'a>,
    context: &'a SessionContext,
}

impl Asked<'_> {
    /// The answer, if there is a question and somebody to answer about.
    async fn maybe(&self, sql: Option<String>) -> Result<Option<Answer>> {
        let Some(sql) = sql else { return Ok(None) };
        Ok(Some(ask(self.context, &sql).await?).filter(|answer| answer.row_count() > 0))
    }

    fn read(&self, answer: &Answer) -> Result<Counts> {
        let mut counts = Counts::default();
        let mut first: Option<DateTime<Utc>> = None;
        let mut last: Option<DateTime<Utc>> = None;
        let none = |name: &String| ArmCounts { name: name.clone(), ..ArmCounts::default() };
        counts.arms = self.questions.poc.arms.iter().map(none).collect();
        let mut lines = Vec::new();
        for line in answer.rows() {
            let (name, rows) = (line.text("arm")?, line.count("rows")?);
            counts.rows += rows;
            let place = match counts.arms.iter().position(|arm| arm.name == name) {
                _ if name.is_empty() => {
                    counts.unstated += rows;
                    continue;
                }
                Some(place) => place,
                None if !self.questions.poc.arms.is_empty() => {
                    counts.others += rows;
                    continue;
                }
                None => {
                    counts.arms.push(none(&name));
                    counts.arms.len() - 1
                }
            };
            counts.arms[place].rows = rows;
            counts.arms[place].units = line.count("units")?;
            first = [first, line.time("first_at")?].into_iter().flatten().min();
            last = last.max(line.time("last_at")?);
            lines.push((place, line));
        }
        counts.span = first.zip(last).map(|(first, last)| (first.timestamp_millis(), last.timestamp_millis()));
        for (at, metric) in self.questions.poc.metrics.iter().enumerate() {
            let arms = counts.arms.len();
            let mut of =
                MetricCounts { name: metric.name.clone(), present: vec![0; arms], medians: vec![None; arms], ..MetricCounts::default() };
            for (place, line) in lines.iter().filter(|_| !said(metric)) {
                of.present[*place] = line.count(&format!("present_{at}"))?;
                of.impossible += line.count(&format!("wrong_{at}"))?;
                if metric.kind != MetricKind::Share {
                    of.medians[*place] = line.number(&format!("middle_{at}"))?;
                }
            }
            counts.metrics.push(of);
        }
        Ok(counts)
    }

    /// Rows beyond the median by ten interquartile ranges of their vendor, by metric.
    async fn outliers(&self, arms: &Answer, place: &impl Fn(&str) -> Option<usize>) -> Result<Vec<u64>> {
        let mut columns = Vec::new();
        for (at, metric) in self.questions.poc.metrics.iter().enumerate() {
            let mut cases = Vec::new();
            for line in arms.rows() {
                let name = line.text("arm")?;
                if place(&name).is_none() || metric.kind == MetricKind::Share || said(metric) {
                    continue;
                }
                let quarter = |which: &str| line.number(&format!("{which}_{at}"));
                if let (Some(low), Some(middle), Some(high)) = (quarter("low")?, quarter("middle")?, quarter("high")?)
                    && high > low
                {
                    let far = middle + FAR * (high - low);
                    cases.push(format!("WHEN {} = {} AND {} > {far:?} THEN 1", self.questions.arm(), text(&name), value(metric)));
                }
            }
            columns.push(if cases.is_empty() {
                format!("0 AS far_{at}")
            } else {
                format!("sum(CASE {} ELSE 0 END) AS far_{at}", cases.join(" "))
            });
        }
        if columns.iter().all(|column| column.starts_with("0 ")) {
            return Ok(vec![0; columns.len()]);
        }
        let answer =
            ask(self.context, &format!("SELECT count(*) AS rows, {} FROM data {}", columns.join(", "), self.questions.kept(""))).await?;
        let Some(line) = answer.first() else { return Ok(vec![0; columns.len()]) };
        (0..columns.len()).map(|at| line.count(&format!("far_{at}"))).collect()
    }
}

/// How many have several vendors, of how many.
fn several(answer: Result<Option<Answer>>, of: &str) -> Result<Option<(u64, u64)>> {
    let answer = answer?;
    let line = answer.as_ref().and_then(Answer::first);
    line.map(|line| Ok((line.count("several")?, line.count(of)?))).transpose()
}

fn stratum(column: &str, answer: &Answer, names: &[String]) -> Result<StratumCounts> {
    let mut of = StratumCounts { column: column.to_owned(), values: Vec::new(), units: vec![Vec::new(); names.len()] };
    for line in answer.rows() {
        let (arm, value) = (line.text("arm")?, line.text("value")?);
        let Some(arm) = names.iter().position(|name| *name == arm) else { continue };
        let place = of.values.iter().position(|known| *known == value).unwrap_or_else(|| {
            of.values.push(value);
            of.values.len() - 1
        });
        of.units.iter_mut().for_each(|units| units.resize(of.values.len(), 0));
        of.units[arm][place] = line.count("units")?;
    }
    Ok(of)
}

/// One value for each vendor that has a line; `None` when no vendor has.
fn by_arm<T>(names: &[String], answer: Option<&Answer>, read: impl Fn(Line<'_>) -> Result<T>) -> Result<Option<Vec<Option<T>>>> {
    let Some(answer) = answer else { return Ok(None) };
    let mut of: Vec<Option<T>> = names.iter().map(|_| None).collect();
    for line in answer.rows() {
        let name = line.text("arm")?;
        if let Some(place) = names.iter().position(|known| *known == name) {
            of[place] = Some(read(line)?);
        }
    }
    Ok(of.iter().any(Option::is_some).then_some(of))
}

/// Whether these metrics can be counted from the sessions alone, without what people said of them.
pub(super) fn alone(poc: &Poc) -> bool {
    let joined = ["score", "asked", "answered", "scale_", "tenure_days"];
    let parts = poc.metrics.iter().filter(|metric| !said(metric)).map(|metric| metric.what.as_str());
    !parts.chain(poc.columns.strata.iter().map(String::as_str)).any(|what| joined.iter().any(|joined| what.contains(joined)))
}

/// The question for the sessions that this POC's check reads: with what people said of them only where that is asked for.
pub fn sessions(poc: &Poc, period: Period) -> String {
    if alone(poc) { relations::poc_sessions_alone(period) } else { relations::poc_sessions(period) }
}

/// All that a check asks of a store in one go, each with what it is for: for those who look at plans.
pub fn questions(poc: &Poc, period: Period, condition: Option<&str>) -> Vec<(&'static str, String)> {
    let of = Questions { poc, period, condition };
    let strata = poc.columns.strata.iter().map(|column| ("units by stratum", of.stratum(column)));
    let maybe = [
        ("ratings", of.ratings()),
        ("units with several vendors", of.contaminated()),
        ("sessions with several vendors", of.shared()),
        ("clocks", of.clocks()),
        ("definitions of a freeze", of.definitions()),
    ];
    let maybe = maybe.into_iter().filter_map(|(what, sql)| Some((what, sql?)));
    [("sessions by vendor", of.arms())].into_iter().chain(strata).chain(maybe).collect()
}
