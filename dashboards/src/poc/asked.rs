//! What a link asks of vendors compared, beside project and filter.

use chrono::{DateTime, TimeDelta, Utc};
use qoe_query::board::{Dimension, Filter};
use qoe_query::moment::{Moment, moment};
use qoe_query::poc::metric::with_margins;
use qoe_query::poc::{Columns, Metric, Poc, Randomised, Rank, Stopping};
use qoe_query::relations::Period;
use qoe_query::statistics::Confidence;

use crate::view::{ViewError, bad};

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct PocAsked {
    /// From here on.
    pub since: Moment,
    /// Up to here; now if not stated.
    pub until: Option<Moment>,
    /// By what vendors are compared.
    pub metrics: Vec<Metric>,
    /// Within the values of these.
    pub strata: Vec<Dimension>,
    /// What was given to a vendor by chance, users or calls.
    pub randomised: Randomised,
    /// Units of all vendors that were planned, where that is known.
    pub planned: Option<u64>,
    /// Only sessions with these values.
    pub filter: Filter,
}

/// Asked for where a link says nothing.
pub(super) const SINCE: Moment = Moment::Ago(TimeDelta::days(30));
/// Taken to be drawn where a link says nothing: nobody keeps users to a vendor by accident.
const RANDOMISED: Randomised = Randomised::Call;
/// Compared where a link says nothing: what most services measure.
const METRICS: &str = "joined:higher margin=0.01\nconnect_ms:lower:p95 margin=100\nrtt_ms:lower margin=20 secondary\nloss_ratio:lower secondary\nfreeze_ratio:lower secondary\nscore:higher:ordinal secondary";
/// Metrics that one page compares at most.
pub(super) const MOST: usize = 24;

impl PocAsked {
    /// What the parameters of a link ask; the filter comes from its view. Metrics stand one a line, or in several parameters `metric`.
    pub fn read(pairs: &[(String, String)], filter: &Filter) -> Result<PocAsked, ViewError> {
        let mut asked = PocAsked::usual(filter);
        let mut lines: Vec<&str> = Vec::new();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            let time = |name| moment(value).map_err(|_| bad(name, value, "use 30d, 12h, 2026-11-01 or 2026-11-01T00:00:00Z"));
            match name.as_str() {
                "since" => asked.since = time("since")?,
                "until" => asked.until = Some(time("until")?),
                "metric" | "metrics" => lines.extend(value.lines().map(str::trim).filter(|line| !line.is_empty())),
                "planned" => asked.planned = Some(value.parse().map_err(|_| bad("planned", value, "use a whole number of units"))?),
                "stratum" => asked.strata = dimensions(value)?,
                "randomised" => {
                    let stated = value.parse().ok().filter(|stated| *stated != Randomised::PairedRun);
                    asked.randomised = stated.ok_or_else(|| bad("randomised", value, "use user or call"))?;
                }
                _ => {}
            }
        }
        if !lines.is_empty() {
            asked.metrics = metrics(lines)?;
        }
        Ok(asked)
    }

    /// What is asked where nothing more is said than this filter.
    pub(super) fn usual(filter: &Filter) -> PocAsked {
        PocAsked {
            since: SINCE,
            until: None,
            metrics: metrics(METRICS.lines().collect()).unwrap_or_default(),
            strata: Vec::new(),
            randomised: RANDOMISED,
            planned: None,
            filter: filter.clone(),
        }
    }

    /// The time asked about, as of now.
    pub fn period(&self, now: DateTime<Utc>) -> Result<Period, ViewError> {
        let period = Period { since: self.since.before(now), until: self.until.map_or(now, |until| until.before(now)) };
        if period.since >= period.until {
            return Err(bad("since", &self.since.to_string(), "use a time before until"));
        }
        Ok(period)
    }

    /// The parameters that ask this; what is usual is left out.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if self.since != SINCE {
            pairs.push(("since", self.since.to_string()));
        }
        pairs.extend(self.until.map(|until| ("until", until.to_string())));
        if !self.strata.is_empty() {
            pairs.push(("stratum", self.strata_text()));
        }
        if self.randomised != RANDOMISED {
            pairs.push(("randomised", self.randomised.name().to_owned()));
        }
        pairs.extend(self.planned.map(|planned| ("planned", planned.to_string())));
        let metrics = self.metrics_text();
        if metrics != METRICS {
            pairs.push(("metrics", metrics));
        }
        pairs
    }

    /// The POC of a project's vendors that this asks.
    pub(super) fn poc(&self, project: &str) -> Poc {
        let of = |column: &str| Some(column.to_owned());
        Poc {
            name: project.to_owned(),
            arms: Vec::new(),
            allocation: None,
            services: Vec::new(),
            scenarios: Vec::new(),
            columns: Columns {
                arm: "vendor".to_owned(),
                unit: of("user_id"),
                pair: None,
                strata: self.strata.iter().map(|dimension| dimension.column().to_owned()).collect(),
                time: of("started_at"),
                session: of("session_id"),
            },
            randomised: self.randomised,
            metrics: self.metrics.clone(),
            claims: Vec::new(),
            minimum_days: 0.0,
            stopping: Stopping::Fixed,
            level: Confidence::P95,
            power: 0.8,
            scorecard: Default::default(),
        }
    }

    /// The strata as a link states them.
    pub(super) fn strata_text(&self) -> String {
        self.strata.iter().map(|dimension| dimension.column()).collect::<Vec<_>>().join(",")
    }

    /// The metrics, one a line.
    pub(super) fn metrics_text(&self) -> String {
        self.metrics.iter().map(written).collect::<Vec<_>>().join("\n")
    }

    /// The filter as a condition in SQL; `None` if it lets everything through.
    pub fn condition(&self) -> Option<String> {
        let one = |(dimension, value): &(Dimension, String)| format!("{} = '{}'", dimension.column(), value.replace('\'', "''"));
        let conditions: Vec<String> = self.filter.0.iter().map(one).collect();
        (!conditions.is_empty()).then(|| conditions.join(" AND "))
    }
}

fn written(metric: &Metric) -> String {
    let name = if metric.name == metric.what { String::new() } else { format!("{}=", metric.name) };
    let kind = match metric.kind.name().as_str() {
        "mean" => String::new(),
        kind => format!(":{kind}"),
    };
    let margin = metric.margin.map_or_else(String::new, |margin| format!(" margin={margin}"));
    let rank = if metric.rank == Rank::Secondary { " secondary" } else { "" };
    format!("{name}{}:{}{kind}{margin}{rank}", metric.what, metric.better.name())
}

fn metrics(lines: Vec<&str>) -> Result<Vec<Metric>, ViewError> {
    let (mut metrics, mut margins) = (Vec::new(), Vec::new());
    for line in lines {
        let mut words = line.split_whitespace();
        let refused = |why: &str| bad("metrics", line, why);
        let mut metric = words
            .next()
            .map_or_else(|| Err(refused("write one a line")), |word| Metric::parse(word).map_err(|error| refused(&error.to_string())))?;
        for word in words {
            match word.split_once('=') {
                Some(("margin", value)) => {
                    margins.push((metric.name.clone(), value.parse().map_err(|_| refused("write margin=VALUE, such as margin=50"))?));
                }
                _ if word == "secondary" => metric.rank = Rank::Secondary,
                _ => return Err(refused("after the metric only margin=VALUE and secondary are read")),
            }
        }
        metrics.push(metric);
    }
    if metrics.len() > MOST {
        return Err(bad("metrics", &metrics.len().to_string(), "compare 24 at most"));
    }
    with_margins(metrics, &margins).map_err(|error| bad("metrics", "", &error.to_string()))
}

fn dimensions(value: &str) -> Result<Vec<Dimension>, ViewError> {
    let mut found = Vec::new();
    for name in value.split(',').filter(|name| !name.is_empty()) {
        let dimension = Dimension::parse(name).filter(|dimension| dimension.column() != "vendor");
        let dimension = dimension.ok_or_else(|| bad("stratum", name, "use service, region, network, platform or app_version"))?;
        if !found.contains(&dimension) {
            found.push(dimension);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<PocAsked, ViewError> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        PocAsked::read(&pairs, &Filter::default())
    }

    #[test]
    fn a_link_reads_back_as_what_it_asks() {
        let metrics = "p=connect_ms:lower:p95 margin=50\nfreeze_ratio:lower secondary";
        let asked = read(&[("since", "7d"), ("stratum", "region,network"), ("planned", "4000"), ("metrics", metrics)]).unwrap();
        assert_eq!((asked.metrics.len(), asked.metrics[0].margin, asked.metrics[1].rank), (2, Some(50.0), Rank::Secondary));
        let pairs = asked.pairs();
        let again: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(read(&again).unwrap(), asked);
        assert_eq!(read(&[]).unwrap().pairs(), []);
    }

    #[test]
    fn wrong_links_say_what_to_mend() {
        for (pair, hint) in [
            (("since", "soon"), "30d"),
            (("metric", "connect_ms"), "lower"),
            (("metric", "a:lower margin=x"), "margin=50"),
            (("metric", "a:lower twice"), "secondary"),
            (("metric", "a:lower margin=-1"), "above zero"),
            (("stratum", "vendor"), "region"),
            (("planned", "many"), "whole number"),
        ] {
            let said = read(&[pair]).unwrap_err().to_string();
            assert!(said.contains(hint), "{pair:?}: {said}");
        }
    }
}
