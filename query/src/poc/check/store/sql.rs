//! The questions: sums over the rollup of sessions, and over events and samples what a rollup does not keep.

use super::super::counts::{FAR_CLOCK_S, Possible};
use crate::board::text;
use crate::poc::metric::{Metric, MetricKind};
use crate::poc::spec::{Poc, Randomised};
use crate::relations::Period;

/// What a store is asked about a POC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Questions<'a> {
    pub poc: &'a Poc,
    pub period: Period,
    pub condition: Option<&'a str>,
}

impl Questions<'_> {
    pub(super) fn arm(&self) -> &str {
        &self.poc.columns.arm
    }

    pub(super) fn kept(&self, and: &str) -> String {
        let parts: Vec<&str> = [self.condition.unwrap_or_default(), and].into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { String::new() } else { format!("WHERE {}", parts.join(" AND ")) }
    }

    /// The vendors of the POC.
    fn among(&self) -> String {
        let arms: Vec<String> = self.poc.arms.iter().map(|arm| text(arm)).collect();
        if arms.is_empty() { format!("{} <> ''", self.arm()) } else { format!("{} IN ({})", self.arm(), arms.join(", ")) }
    }

    /// Rows of a base table that are of the POC; `None` where its vendors are not told by one of that table's columns.
    fn based(&self) -> Option<String> {
        let scope = self.poc.condition(None).map_or_else(String::new, |scope| format!(" AND {scope}"));
        ["vendor", "arm"].contains(&self.arm()).then(|| format!("{} AND {}{scope}", self.among(), self.period.holds("observed_at")))
    }

    /// What is counted by: the unit of randomisation, where it is stated.
    fn units(&self) -> String {
        let of = &self.poc.columns;
        let unit = match self.poc.randomised {
            Randomised::User => of.unit.as_deref(),
            Randomised::PairedRun => of.pair.as_deref(),
            Randomised::Call => of.session.as_deref(),
        };
        unit.map_or_else(|| "count(*)".to_owned(), |unit| format!("count(DISTINCT NULLIF({unit}, ''))"))
    }

    /// One line a vendor: its rows and units, and of each metric how often it was measured, its quartiles, and values that cannot be.
    pub(super) fn arms(&self) -> String {
        let time = self.poc.columns.time.as_deref().unwrap_or("started_at");
        let mut columns = vec![
            format!("{} AS arm, count(*) AS rows, {} AS units", self.arm(), self.units()),
            format!("min({time}) AS first_at, max({time}) AS last_at"),
        ];
        for (at, metric) in self.poc.metrics.iter().enumerate().filter(|(_, metric)| !said(metric)) {
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
        format!("SELECT {} FROM data {} GROUP BY {} ORDER BY {}", columns.join(", "), self.kept(""), self.arm(), self.arm())
    }

    /// One line a vendor: sessions that were rated, and the quartiles of ratings; `None` where no metric is a rating, or vendors are not told by a column.
    pub(super) fn ratings(&self) -> Option<String> {
        self.poc.metrics.iter().any(said).then_some(())?;
        Some(format!(
            "SELECT {0} AS arm, count(DISTINCT session_id) AS present, approx_percentile_cont(score, 0.5) AS middle FROM feedback \
             WHERE kind = 'csat' AND dimension = '' AND {1} GROUP BY {0}",
            self.arm(),
            self.based()?
        ))
    }

    /// Users with sessions of several vendors; `None` where users were not drawn.
    pub(super) fn contaminated(&self) -> Option<String> {
        let unit = self.poc.columns.unit.as_deref().filter(|_| self.poc.randomised == Randomised::User)?;
        Some(format!(
            "SELECT count(*) AS units, sum(CASE WHEN n > 1 THEN 1 ELSE 0 END) AS several FROM \
             (SELECT {unit} AS unit, count(DISTINCT {}) AS n FROM data {} GROUP BY {unit}) AS u",
            self.arm(),
            self.kept(&format!("{unit} <> '' AND {}", self.among()))
        ))
    }

    /// Units by vendor and value of a column.
    pub(super) fn stratum(&self, column: &str) -> String {
        let (arm, units) = (self.arm(), self.units());
        format!("SELECT {arm} AS arm, {column} AS value, {units} AS units FROM data {} GROUP BY {arm}, {column}", self.kept(""))
    }

    /// Sessions whose events name several vendors: a session of the rollup has one.
    pub(super) fn shared(&self) -> Option<String> {
        Some(format!(
            "SELECT count(*) AS sessions, sum(CASE WHEN n > 1 THEN 1 ELSE 0 END) AS several FROM \
             (SELECT session_id, count(DISTINCT {}) AS n FROM session_events WHERE {} GROUP BY session_id) AS s",
            self.arm(),
            self.based()?
        ))
    }

    /// How far clients' clocks are off, by vendor.
    pub(super) fn clocks(&self) -> Option<String> {
        let (arm, skew) = (self.arm(), "CAST(to_unixtime(received_at) - to_unixtime(sent_at) AS DOUBLE)");
        Some(format!(
            "SELECT {arm} AS arm, approx_median({skew}) AS skew, \
             avg(CASE WHEN {skew} > {FAR_CLOCK_S:?} OR {skew} < -{FAR_CLOCK_S:?} THEN 1.0 ELSE 0.0 END) AS far \
             FROM session_events WHERE sent_at IS NOT NULL AND {} GROUP BY {arm}",
            self.based()?
        ))
    }

    /// Samples with a freeze, and those by the vendor's own definition, by vendor.
    pub(super) fn definitions(&self) -> Option<String> {
        let arm = self.arm();
        Some(format!(
            "SELECT {arm} AS arm, sum(CASE WHEN freeze_definition = 'vendor' THEN 1 ELSE 0 END) AS own, count(*) AS stated FROM samples \
             WHERE freeze_definition <> '' AND {} GROUP BY {arm}",
            self.based()?
        ))
    }
}

/// Whether a metric is what people said, which stands with their answers and not with sessions.
pub(super) fn said(metric: &Metric) -> bool {
    metric.what == "score"
}

/// A metric as a number.
pub(super) fn value(metric: &Metric) -> String {
    format!("CAST(({}) AS DOUBLE)", metric.what)
}

fn possible(metric: &Metric) -> Possible {
    if metric.kind == MetricKind::Share { Possible::Any } else { Possible::of(&metric.what) }
}
