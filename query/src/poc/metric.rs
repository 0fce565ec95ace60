//! A metric that vendors are compared by: what it is made of, which way is better, and which difference matters.

use std::str::FromStr;

use crate::frame::Want;
use crate::statistics::Estimate;

/// One metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name in answers.
    pub name: String,
    /// The column, or the SQL expression over columns, it is read from.
    pub what: String,
    /// What of its values is compared.
    pub kind: MetricKind,
    /// Which way is better.
    pub better: Better,
    /// The difference that matters, in the metric's unit (of shares and superiorities: 0 to 1), above zero; `None`: not stated, so that only better, inferior
    /// and inconclusive can be said.
    pub margin: Option<f64>,
    /// Whether the decision hangs on it.
    pub rank: Rank,
    /// The column with the same measure of the same unit from before the POC, to take out what differed anyway (CUPED).
    pub before: Option<String>,
}

/// What of a metric's values is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricKind {
    /// Their mean.
    Mean,
    /// The share of yes.
    Share,
    /// The value below which this share of rows lies, between 0 and 1: 0.95 for p95.
    Quantile(f64),
    /// Their sum over the sum of another column: freeze time over time watched.
    Ratio {
        /// The other column.
        over: String,
    },
    /// Ratings in an order without distances: how often one of the first vendor beats one of the second.
    Ordinal,
    /// Times up to an event: the mean up to a horizon.
    Time {
        /// The column that says whether the event ended it.
        event: String,
    },
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Less is better: connect time.
    Lower,
    /// More is better: joins.
    Higher,
}

/// How much hangs on a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The decision hangs on it: the chance of one false verdict among all of these is held at the level (Holm).
    Primary,
    /// Looked at too: the share of false verdicts among these is held at the level (Benjamini and Hochberg).
    Secondary,
}

/// A metric that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// Not of the form.
    #[error(
        "metric {text:?}: write NAME:lower or NAME:higher, and what is compared behind it if it is not the mean, such as connect_ms:lower:p95"
    )]
    Form {
        /// As it was given.
        text: String,
    },
    /// No such kind.
    #[error(
        "metric {name:?}: {kind:?} is nothing that can be compared: write mean, share, p50 (or another quantile), ordinal, ratio/COLUMN, or time/COLUMN with the column that says whether it ended"
    )]
    Kind {
        /// Which metric.
        name: String,
        /// As it was given.
        kind: String,
    },
    /// A margin that is no difference.
    #[error("margin of {name:?} is {margin}: a difference that matters is above zero")]
    Margin {
        /// Which metric.
        name: String,
        /// As it was given.
        margin: String,
    },
    /// A margin of a metric that is not compared.
    #[error("margin of {name:?}: no such metric is compared")]
    Stray {
        /// The name.
        name: String,
    },
    /// Two margins that differ.
    #[error("margin of {name:?} is stated twice, as {first} and as {second}")]
    Contradiction {
        /// Which metric.
        name: String,
        /// The one.
        first: f64,
        /// The other.
        second: f64,
    },
    /// Two metrics of one name.
    #[error("two metrics are called {name:?}: give one of them another name, as in p95_connect=connect_ms:lower:p95")]
    Twice {
        /// The name.
        name: String,
    },
}

impl Better {
    /// 1 where more is better, -1 where less is.
    pub fn sign(self) -> f64 {
        match self {
            Better::Lower => -1.0,
            Better::Higher => 1.0,
        }
    }

    /// A difference, first less second, turned so that positive says that the first is better.
    pub fn turned(self, difference: &Estimate) -> Estimate {
        match self {
            Better::Higher => *difference,
            Better::Lower => Estimate { value: -difference.value, low: -difference.high, high: -difference.low, n: difference.n },
        }
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Better::Lower => "lower",
            Better::Higher => "higher",
        }
    }
}

impl FromStr for Better {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "lower" => Ok(Better::Lower),
            "higher" => Ok(Better::Higher),
            _ => Err(()),
        }
    }
}

impl MetricKind {
    /// A kind by how it is written: `mean`, `share`, `p95`, `p99.9`, `ordinal`, `ratio/COLUMN`, `time/COLUMN`.
    pub fn parse(text: &str) -> Option<MetricKind> {
        if let Some((kind, column)) = text.split_once('/') {
            let column = column.trim().to_owned();
            return match kind {
                _ if column.is_empty() => None,
                "ratio" => Some(MetricKind::Ratio { over: column }),
                "time" => Some(MetricKind::Time { event: column }),
                _ => None,
            };
        }
        match text {
            "mean" => Some(MetricKind::Mean),
            "share" => Some(MetricKind::Share),
            "ordinal" => Some(MetricKind::Ordinal),
            _ => {
                let percent: f64 = text.strip_prefix('p')?.parse().ok()?;
                (percent > 0.0 && percent < 100.0).then_some(MetricKind::Quantile(percent / 100.0))
            }
        }
    }

    /// As it is written.
    pub fn name(&self) -> String {
        match self {
            MetricKind::Mean => "mean".to_owned(),
            MetricKind::Share => "share".to_owned(),
            MetricKind::Quantile(share) => format!("p{}", (share * 1e6).round() / 1e4),
            MetricKind::Ratio { over } => format!("ratio/{over}"),
            MetricKind::Ordinal => "ordinal".to_owned(),
            MetricKind::Time { event } => format!("time/{event}"),
        }
    }
}

impl Metric {
    /// A metric as it is written in a command: `[NAME=]COLUMN:lower|higher[:KIND]`. Without a kind it is the mean, which of yes and no is the share.
    pub fn parse(text: &str) -> Result<Metric, MetricError> {
        let form = || MetricError::Form { text: text.to_owned() };
        let parts: Vec<&str> = text.split(':').collect();
        let direction = parts.iter().rposition(|part| part.parse::<Better>().is_ok()).filter(|at| *at > 0).ok_or_else(form)?;
        let better: Better = parts[direction].parse().map_err(|()| form())?;
        let (named, kind) = (parts[..direction].join(":"), parts[direction + 1..].join(":"));
        let (name, what) = match named.split_once('=') {
            Some((name, what)) if is_name(name) => (name.to_owned(), what.trim().to_owned()),
            _ => (named.trim().to_owned(), named.trim().to_owned()),
        };
        if name.is_empty() || what.is_empty() {
            return Err(form());
        }
        let kind = match kind.as_str() {
            "" => MetricKind::Mean,
            kind => MetricKind::parse(kind).ok_or_else(|| MetricError::Kind { name: name.clone(), kind: kind.to_owned() })?,
        };
        Ok(Metric { name, what, kind, better, margin: None, rank: Rank::Primary, before: None })
    }

    /// The columns it is read from.
    pub fn wanted(&self) -> Vec<Want> {
        let value = match self.kind {
            MetricKind::Share => Want::flag(&self.what),
            _ => Want::number(&self.what),
        };
        let second = match &self.kind {
            MetricKind::Ratio { over } => Some(Want::number(over)),
            MetricKind::Time { event } => Some(Want::flag(event)),
            _ => None,
        };
        [Some(value), second, self.before.as_ref().map(Want::number)].into_iter().flatten().collect()
    }
}

/// Gives metrics their margins, each written as `NAME=VALUE`, and refuses what contradicts.
pub fn with_margins(mut metrics: Vec<Metric>, margins: &[(String, f64)]) -> Result<Vec<Metric>, MetricError> {
    for (at, metric) in metrics.iter().enumerate() {
        if metrics[..at].iter().any(|other| other.name == metric.name) {
            return Err(MetricError::Twice { name: metric.name.clone() });
        }
    }
    for (name, margin) in margins {
        let metric = metrics.iter_mut().find(|metric| metric.name == *name).ok_or_else(|| MetricError::Stray { name: name.clone() })?;
        if !(*margin > 0.0 && margin.is_finite()) {
            return Err(MetricError::Margin { name: name.clone(), margin: margin.to_string() });
        }
        if let Some(first) = metric.margin.filter(|first| first != margin) {
            return Err(MetricError::Contradiction { name: name.clone(), first, second: *margin });
        }
        metric.margin = Some(*margin);
    }
    Ok(metrics)
}

/// Written together with its `=`; with a space before it, that is a condition in SQL.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parsed(text: &str) -> (String, String, String, Better) {
        let metric = Metric::parse(text).unwrap();
        (metric.name.clone(), metric.what.clone(), metric.kind.name(), metric.better)
    }

    #[test]
    fn a_metric_is_written_in_one_word() {
        let own = |text: &str| text.to_owned();
        assert_eq!(parsed("connect_ms:lower"), (own("connect_ms"), own("connect_ms"), own("mean"), Better::Lower));
        assert_eq!(parsed("joined:higher:share"), (own("joined"), own("joined"), own("share"), Better::Higher));
        assert_eq!(parsed("p95=connect_ms:lower:p95"), (own("p95"), own("connect_ms"), own("p95"), Better::Lower));
        assert_eq!(parsed("connect_ms:lower:p99.9").2, "p99.9");
        assert_eq!(parsed("freeze_ms:lower:ratio/watched_ms").2, "ratio/watched_ms");
        assert_eq!(parsed("minutes:higher:time/left").2, "time/left");
        assert_eq!(parsed("a = 1 OR b = 2:higher").1, "a = 1 OR b = 2");
    }

    #[test]
    fn what_is_no_metric_says_how_one_is_written() {
        for text in ["connect_ms", ":lower", "lower", "connect_ms:less", ""] {
            assert!(matches!(Metric::parse(text), Err(MetricError::Form { .. })), "{text}");
        }
        for text in ["x:lower:p0", "x:lower:p100", "x:lower:median", "x:lower:ratio/", "x:lower:pNaN"] {
            assert!(matches!(Metric::parse(text), Err(MetricError::Kind { .. })), "{text}");
        }
    }

    #[test]
    fn margins_that_contradict_are_refused() {
        let metrics = || vec![Metric::parse("a:lower").unwrap()];
        let margin = |value: f64| ("a".to_owned(), value);
        assert_eq!(with_margins(metrics(), &[margin(5.0)]).unwrap()[0].margin, Some(5.0));
        assert!(matches!(with_margins(metrics(), &[margin(5.0), margin(6.0)]), Err(MetricError::Contradiction { .. })));
        assert!(matches!(with_margins(metrics(), &[margin(-5.0)]), Err(MetricError::Margin { .. })));
        assert!(matches!(with_margins(metrics(), &[margin(f64::NAN)]), Err(MetricError::Margin { .. })));
        assert!(matches!(with_margins(metrics(), &[("b".to_owned(), 1.0)]), Err(MetricError::Stray { .. })));
        let twice = vec![Metric::parse("a:lower").unwrap(), Metric::parse("a:lower:p95").unwrap()];
        assert!(matches!(with_margins(twice, &[]), Err(MetricError::Twice { .. })));
    }
}
