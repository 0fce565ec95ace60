//! The questions: sums over the rollup of sessions, and over answers what a rollup does not keep.

use super::super::counts::Possible;
use crate::board::text;
use crate::poc::metric::{Metric, MetricKind};
use crate::poc::spec::{Poc, Randomised};
use crate::relations::Period;

/// Rows whose quartiles are good enough to tell what lies far off.
const LOOKED_AT: u64 = 40_000;

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

    /// Whether vendors are told by a label that every row has.
    pub(super) fn labelled(&self) -> bool {
        ["vendor", "arm"].contains(&self.arm())
    }

    /// Rows of a base table that are of the POC; `None` where its vendors are not told by one of that table's columns.
    fn based(&self) -> Option<String> {
        let scope = self.poc.condition(None).map_or_else(String::new, |scope| format!(" AND {scope}"));
        self.labelled().then(|| format!("{} AND {}{scope}", self.among(), self.period.holds("observed_at")))
    }

    /// The column that tells units of randomisation apart; `None`: calls, or each row is one, as a session of a store is.
    fn unit(&self) -> Option<&str> {
        let of = &self.poc.columns;
        let unit = match self.poc.randomised {
            Randomised::User => of.unit.as_deref(),
            Randomised::PairedRun => of.pair.as_deref(),
            Randomised::Call => None,
        };
        unit.filter(|unit| *unit != "session_id")
    }

    /// One line a vendor: its rows, sessions that another vendor stands behind too, definitions of a freeze, clocks, and of each metric how often it was
    /// measured and values that cannot be.
    pub(super) fn arms(&self) -> String {
        let time = self.time();
        let mut columns = vec![
            format!("{} AS arm, count(*) AS rows", self.arm()),
            format!("min({time}) AS first_at, max({time}) AS last_at"),
            "sum(vendor_freezes) AS own, sum(defined_freezes) AS stated, sum(skew_n) AS sent, sum(far_clocks) AS far".to_owned(),
        ];
        if self.poc.randomised == Randomised::Call {
            columns.push(format!("{} AS calls", calls("")));
        }
        if self.labelled() {
            columns.push(format!("sum(CASE WHEN least_{0} <> {0} THEN 1 ELSE 0 END) AS several", self.arm()));
        }
        for (at, metric) in self.poc.metrics.iter().enumerate().filter(|(_, metric)| !said(metric)) {
            let value = value(metric);
            let wrong = match possible(metric) {
                Possible::Any => "0".to_owned(),
                Possible::NotNegative => format!("sum(CASE WHEN {value} < 0.0 THEN 1 ELSE 0 END)"),
                Possible::Ratio => format!("sum(CASE WHEN {value} < 0.0 OR {value} > 1.0 THEN 1 ELSE 0 END)"),
            };
            columns.push(format!("count({value}) AS present_{at}, {wrong} AS wrong_{at}"));
        }
        format!("SELECT {} FROM data {} GROUP BY {} ORDER BY {}", columns.join(", "), self.kept(""), self.arm(), self.arm())
    }

    /// One line a vendor: the middle skew of clocks, and the quartiles of each metric that has some; of so many rows as there are.
    ///
    /// Of far more than [`LOOKED_AT`] rows those count that began in every seventh, eleventh, ... second, so that about as many remain: quartiles are good to a
    /// percent of the spread, and cost what a look at a running trial may.
    pub(super) fn quartiles(&self, rows: u64) -> String {
        let mut columns = vec![format!(
            "{} AS arm, approx_median(CASE WHEN skew_n > 0 THEN skew_s_sum / CAST(skew_n AS DOUBLE) END) AS skew",
            self.arm()
        )];
        for (at, metric) in self.spread() {
            let value = value(metric);
            for (name, q) in [("low", 0.25), ("middle", 0.5), ("high", 0.75)] {
                columns.push(format!("approx_percentile_cont({value}, {q}) FILTER (WHERE {value} IS NOT NULL) AS {name}_{at}"));
            }
            columns.push(format!("count({value}) AS looked_at_{at}"));
        }
        format!("SELECT {} FROM data {} GROUP BY {}", columns.join(", "), self.looked_at(rows, ""), self.arm())
    }

    /// Which of so many rows are looked at for what need not be counted of all: of those that meet this condition.
    pub(super) fn looked_at(&self, rows: u64, and: &str) -> String {
        let (every, time) = (rows / LOOKED_AT, self.time());
        if every < 2 {
            return self.kept(and);
        }
        // Not in step with minutes and hours, at which calls begin.
        let every = (every..).find(|every| [2, 3, 5].iter().all(|of| every % of != 0)).unwrap_or(every);
        let and = if and.is_empty() { String::new() } else { format!(" AND {and}") };
        self.kept(&format!("date_trunc('second', {time}) = date_bin(INTERVAL '{every} seconds', {time}){and}"))
    }

    /// Metrics whose values spread, with their places.
    pub(super) fn spread(&self) -> impl Iterator<Item = (usize, &Metric)> {
        self.poc.metrics.iter().enumerate().filter(|(_, metric)| !said(metric) && metric.kind != MetricKind::Share)
    }

    fn time(&self) -> &str {
        self.poc.columns.time.as_deref().unwrap_or("started_at")
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

    /// One line: units, those that have rows of each of these vendors, and those that have rows of several; `None` where each row is a unit.
    pub(super) fn units(&self, arms: &[String]) -> Option<String> {
        let unit = self.unit()?;
        let several = (0..arms.len()).map(|at| format!("CASE WHEN rows_{at} > 0 THEN 1 ELSE 0 END")).collect::<Vec<_>>().join(" + ");
        Some(format!(
            "SELECT count(*) AS units, {}, sum(CASE WHEN {several} > 1 THEN 1 ELSE 0 END) AS several FROM \
             (SELECT {unit} AS unit, {} FROM data {} GROUP BY {unit}) AS u",
            with_rows(arms),
            self.rows(arms),
            self.kept(&format!("{unit} <> '' AND {}", self.among()))
        ))
    }

    /// One line a value of a column: units that have rows of each of these vendors there. Of many rows calls are those of the ones looked at: to tell every
    /// call apart would take longer than all the rest.
    pub(super) fn stratum(&self, column: &str, arms: &[String], rows: u64) -> String {
        if self.poc.randomised == Randomised::Call {
            let of = |(at, arm): (usize, &String)| format!("{} AS units_{at}", calls(&format!("{} = {} AND ", self.arm(), text(arm))));
            let counts = arms.iter().enumerate().map(of).collect::<Vec<_>>().join(", ");
            let kept = self.looked_at(rows, &self.among());
            return format!("SELECT {column} AS value, {counts} FROM data {kept} GROUP BY {column} ORDER BY {column}");
        }
        let Some(unit) = self.unit() else {
            let rows = self.rows(arms).replace(" AS rows_", " AS units_");
            return format!("SELECT {column} AS value, {rows} FROM data {} GROUP BY {column} ORDER BY {column}", self.kept(&self.among()));
        };
        format!(
            "SELECT value, {} FROM (SELECT {unit} AS unit, {column} AS value, {} FROM data {} GROUP BY {unit}, {column}) AS u GROUP BY value ORDER BY value",
            with_rows(arms),
            self.rows(arms),
            self.kept(&format!("{unit} <> '' AND {}", self.among()))
        )
    }

    /// Rows of each vendor.
    fn rows(&self, arms: &[String]) -> String {
        let rows = |(at, arm): (usize, &String)| format!("count(*) FILTER (WHERE {} = {}) AS rows_{at}", self.arm(), text(arm));
        arms.iter().enumerate().map(rows).collect::<Vec<_>>().join(", ")
    }
}

/// Units that have rows of each vendor, of lines that count these.
fn with_rows(arms: &[String]) -> String {
    (0..arms.len()).map(|at| format!("sum(CASE WHEN rows_{at} > 0 THEN 1 ELSE 0 END) AS units_{at}")).collect::<Vec<_>>().join(", ")
}

/// How many calls the sessions are of that meet this condition; one that does not say is of its own.
fn calls(and: &str) -> String {
    format!("count(DISTINCT call_number) FILTER (WHERE {and}call_id <> '') + count(*) FILTER (WHERE {and}call_id = '')")
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
