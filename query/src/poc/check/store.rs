//! Counts of a store: sums that ClickHouse makes, no rows.

use chrono::{DateTime, Utc};
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;

use super::CheckError;
use super::counts::{ArmCounts, Counts, FAR, FAR_CLOCK_S, MetricCounts, Possible, StratumCounts};
use crate::board::{Answer, Line, ask, text};
use crate::frame::Input;
use crate::poc::metric::{Metric, MetricKind};
use crate::poc::spec::{Poc, Randomised};
use crate::relations::{self, Period};

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
    let asked = Asked { poc, context: sources.sessions.context(), period: sources.period, condition };
    let failed = |what: &'static str| move |source: DataFusionError| CheckError::Count { what, source: Box::new(source) };
    let (arms, contaminated, strata, events, definitions) = futures::join!(
        asked.arms(),
        asked.contaminated(),
        futures::future::try_join_all(poc.columns.strata.iter().map(|column| asked.stratum(column))),
        asked.events(),
        asked.definitions(),
    );
    let arms = arms.map_err(failed("sessions by vendor"))?;
    let mut counts = asked.read(&arms).map_err(failed("sessions by vendor"))?;
    let names: Vec<String> = counts.arms.iter().map(|arm| arm.name.clone()).collect();
    let place = |name: &str| names.iter().position(|known| known == name);
    counts.contaminated = contaminated.map_err(failed("units with several vendors"))?;
    let strata = strata.map_err(failed("units by stratum"))?;
    let read = |(column, answer): (&String, &Answer)| stratum(column, answer, &names);
    counts.strata = poc.columns.strata.iter().zip(&strata).map(read).collect::<Result<_>>().map_err(failed("units by stratum"))?;
    let (shared, clocks) = events.map_err(failed("sessions with several vendors"))?;
    counts.shared_sessions = Some(shared);
    counts.clocks = by_arm(&names, clocks.as_ref(), |line| Ok((line.number("skew")?, line.number("far")?.unwrap_or(0.0))))
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
    poc: &'a Poc,
    context: &'a SessionContext,
    period: Period,
    condition: Option<&'a str>,
}

impl Asked<'_> {
    fn arm(&self) -> &str {
        &self.poc.columns.arm
    }

    fn kept(&self, and: &str) -> String {
        let parts: Vec<&str> = [self.condition.unwrap_or_default(), and].into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { String::new() } else { format!("WHERE {}", parts.join(" AND ")) }
    }

    /// What is counted by: the unit of randomisation, where it is stated.
    fn unit(&self) -> Option<&str> {
        let of = &self.poc.columns;
        match self.poc.randomised {
            Randomised::User => of.unit.as_deref(),
            Randomised::PairedRun => of.pair.as_deref(),
            Randomised::Call => of.session.as_deref(),
        }
    }

    fn units(&self) -> String {
        self.unit().map_or_else(|| "count(*)".to_owned(), |unit| format!("count(DISTINCT NULLIF({unit}, ''))"))
    }

    async fn arms(&self) -> Result<Answer> {
        let time = self.poc.columns.time.as_deref().unwrap_or("started_at");
        let mut columns = vec![
            format!("{} AS arm, count(*) AS rows, {} AS units", self.arm(), self.units()),
            format!("min({time}) AS first_at, max({time}) AS last_at"),
        ];
        for (at, metric) in self.poc.metrics.iter().enumerate() {
            let value = value(metric);
            let wrong = match possible(metric) {
                Possible::Any => "0".to_owned(),
                Possible::NotNegative => format!("sum(CASE WHEN {value} < 0.0 THEN 1 ELSE 0 END)"),
                Possible::Ratio => format!("sum(CASE WHEN {value} < 0.0 OR {value} > 1.0 THEN 1 ELSE 0 END)"),
            };
            columns.push(format!("count({value}) AS present_{at}, {wrong} AS wrong_{at}"));
            if metric.kind != MetricKind::Share {
                for (name, q) in [("low", 0.25), ("middle", 0.5), ("high", 0.75)] {
                    columns.push(format!("approx_percentile_cont({value}, {q}) FILTER (WHERE {value} IS NOT NULL) AS {name}_{at}"));
                }
            }
        }
        let sql = format!("SELECT {} FROM data {} GROUP BY {} ORDER BY {}", columns.join(", "), self.kept(""), self.arm(), self.arm());
        ask(self.context, &sql).await
    }

    fn read(&self, answer: &Answer) -> Result<Counts> {
        let mut counts = Counts::default();
        let mut first: Option<DateTime<Utc>> = None;
        let mut last: Option<DateTime<Utc>> = None;
        let none = |name: &String| ArmCounts { name: name.clone(), ..ArmCounts::default() };
        counts.arms = self.poc.arms.iter().map(none).collect();
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
                None if !self.poc.arms.is_empty() => {
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
        for (at, metric) in self.poc.metrics.iter().enumerate() {
            let arms = counts.arms.len();
            let mut of =
                MetricCounts { name: metric.name.clone(), present: vec![0; arms], medians: vec![None; arms], ..MetricCounts::default() };
            for (place, line) in &lines {
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

    async fn contaminated(&self) -> Result<Option<(u64, u64)>> {
        let Some(unit) = self.poc.columns.unit.as_deref().filter(|_| self.poc.randomised == Randomised::User) else { return Ok(None) };
        let arms: Vec<String> = self.poc.arms.iter().map(|arm| text(arm)).collect();
        let among = if arms.is_empty() { format!("{} <> ''", self.arm()) } else { format!("{} IN ({})", self.arm(), arms.join(", ")) };
        let sql = format!(
            "SELECT count(*) AS units, sum(CASE WHEN n > 1 THEN 1 ELSE 0 END) AS several FROM \
             (SELECT {unit} AS unit, count(DISTINCT {}) AS n FROM data {} GROUP BY {unit}) AS u",
            self.arm(),
            self.kept(&format!("{unit} <> '' AND {among}"))
        );
        let answer = ask(self.context, &sql).await?;
        let Some(line) = answer.first() else { return Ok(None) };
        Ok(Some((line.count("several")?, line.count("units")?)))
    }

    async fn stratum(&self, column: &str) -> Result<Answer> {
        let (arm, units) = (self.arm(), self.units());
        let sql = format!("SELECT {arm} AS arm, {column} AS value, {units} AS units FROM data {} GROUP BY {arm}, {column}", self.kept(""));
        ask(self.context, &sql).await
    }

    /// Sessions whose events name several vendors (a session of the rollup has one), and how far clients' clocks are off.
    async fn events(&self) -> Result<((u64, u64), Option<Answer>)> {
        let arm = self.arm();
        if !["vendor", "arm"].contains(&arm) {
            return Ok(((0, 0), None));
        }
        let during = self.period.holds("observed_at");
        let shared = format!(
            "SELECT count(*) AS sessions, sum(CASE WHEN n > 1 THEN 1 ELSE 0 END) AS several FROM (SELECT session_id, count(DISTINCT {arm}) AS n \
             FROM session_events WHERE {arm} <> '' AND {during} GROUP BY session_id) AS s"
        );
        let skew = "CAST(to_unixtime(received_at) - to_unixtime(sent_at) AS DOUBLE)";
        let clocks = format!(
            "SELECT {arm} AS arm, approx_median({skew}) AS skew, \
             avg(CASE WHEN {skew} > {FAR_CLOCK_S:?} OR {skew} < -{FAR_CLOCK_S:?} THEN 1.0 ELSE 0.0 END) AS far \
             FROM session_events WHERE sent_at IS NOT NULL AND {arm} <> '' AND {during} GROUP BY {arm}"
        );
        let (shared, clocks) = futures::try_join!(ask(self.context, &shared), ask(self.context, &clocks))?;
        let (several, sessions) =
            shared.first().map_or(Ok((0, 0)), |line| Ok::<_, DataFusionError>((line.count("several")?, line.count("sessions")?)))?;
        Ok(((several, sessions), Some(clocks).filter(|clocks| clocks.row_count() > 0)))
    }

    async fn definitions(&self) -> Result<Option<Answer>> {
        let arm = self.arm();
        if !["vendor", "arm"].contains(&arm) {
            return Ok(None);
        }
        let sql = format!(
            "SELECT {arm} AS arm, sum(CASE WHEN freeze_definition = 'vendor' THEN 1 ELSE 0 END) AS own, count(*) AS stated FROM samples \
             WHERE freeze_definition <> '' AND {arm} <> '' AND {} GROUP BY {arm}",
            self.period.holds("observed_at")
        );
        Ok(Some(ask(self.context, &sql).await?).filter(|answer| answer.row_count() > 0))
    }

    /// Rows beyond the median by ten interquartile ranges of their vendor, by metric.
    async fn outliers(&self, arms: &Answer, place: &impl Fn(&str) -> Option<usize>) -> Result<Vec<u64>> {
        let mut columns = Vec::new();
        for (at, metric) in self.poc.metrics.iter().enumerate() {
            let mut cases = Vec::new();
            for line in arms.rows() {
                let name = line.text("arm")?;
                if place(&name).is_none() || metric.kind == MetricKind::Share {
                    continue;
                }
                let quarter = |which: &str| line.number(&format!("{which}_{at}"));
                if let (Some(low), Some(middle), Some(high)) = (quarter("low")?, quarter("middle")?, quarter("high")?)
                    && high > low
                {
                    let far = middle + FAR * (high - low);
                    cases.push(format!("WHEN {} = {} AND {} > {far:?} THEN 1", self.arm(), text(&name), value(metric)));
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
        let answer = ask(self.context, &format!("SELECT count(*) AS rows, {} FROM data {}", columns.join(", "), self.kept(""))).await?;
        let Some(line) = answer.first() else { return Ok(vec![0; columns.len()]) };
        (0..columns.len()).map(|at| line.count(&format!("far_{at}"))).collect()
    }
}

fn value(metric: &Metric) -> String {
    format!("CAST(({}) AS DOUBLE)", metric.what)
}

fn possible(metric: &Metric) -> Possible {
    if metric.kind == MetricKind::Share { Possible::Any } else { Possible::of(&metric.what) }
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
    let said = ["score", "asked", "answered", "scale_", "tenure_days"];
    let parts = poc.metrics.iter().map(|metric| metric.what.as_str());
    !parts.chain(poc.columns.strata.iter().map(String::as_str)).any(|what| said.iter().any(|said| what.contains(said)))
}

/// The question for the sessions that this POC's check reads: with what people said of them only where that is asked for.
pub fn sessions(poc: &Poc, period: Period) -> String {
    if alone(poc) { relations::poc_sessions_alone(period) } else { relations::poc_sessions(period) }
}
