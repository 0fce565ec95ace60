//! What a link asks of satisfaction, beside project and filter.

use chrono::{DateTime, TimeDelta, Utc};
use qoe_query::board::{Dimension, Filter};
use qoe_query::moment::{Moment, moment};
use qoe_query::relations::{EVERY_DIMENSION, LABELS, Period, Survey};
use qoe_query::statistics::scale::Kind;

use crate::view::{ViewError, bad};

/// What is asked of satisfaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SatisfactionAsked {
    /// From here on.
    pub since: Moment,
    /// Up to here; now if not stated.
    pub until: Option<Moment>,
    /// By the values of these columns: labels of a session, or `dimension`.
    pub by: Vec<&'static str>,
    /// The dimension answers are about; empty: the whole.
    pub dimension: String,
    /// The kind of survey.
    pub kind: Kind,
    /// Only sessions with these values.
    pub filter: Filter,
}

/// The column that says what an answer is about.
pub const BY_DIMENSION: &str = "dimension";

/// Asked for where a link says nothing: long enough for most surveys to have answers.
const SINCE: Moment = Moment::Ago(TimeDelta::days(30));

impl SatisfactionAsked {
    /// What the parameters of a link ask; the filter comes from its view.
    pub fn read(pairs: &[(String, String)], filter: &Filter) -> Result<SatisfactionAsked, ViewError> {
        let mut asked = SatisfactionAsked {
            since: SINCE,
            until: None,
            by: Vec::new(),
            dimension: String::new(),
            kind: Kind::Csat,
            filter: filter.clone(),
        };
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            let time = |name| moment(value).map_err(|_| bad(name, value, "use 30d, 12h, 2026-11-01 or 2026-11-01T00:00:00Z"));
            match name.as_str() {
                "since" => asked.since = time("since")?,
                "until" => asked.until = Some(time("until")?),
                "kind" => asked.kind = Kind::from_name(value).ok_or_else(|| bad("kind", value, "use csat, nps, ces, acr or thumbs"))?,
                "by" => asked.by = columns("by", value, &LABELS.iter().copied().chain([BY_DIMENSION]).collect::<Vec<_>>())?,
                "dimension" if value == EVERY_DIMENSION => asked.by.push(BY_DIMENSION),
                "dimension" => asked.dimension.clone_from(value),
                _ => {}
            }
        }
        Ok(asked)
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
        if self.kind != Kind::Csat {
            pairs.push(("kind", self.kind.name().to_owned()));
        }
        if !self.by.is_empty() {
            pairs.push(("by", self.by_text()));
        }
        if !self.dimension.is_empty() {
            pairs.push(("dimension", self.dimension.clone()));
        }
        pairs
    }

    /// The grouping as a link states it.
    pub(super) fn by_text(&self) -> String {
        self.by.join(",")
    }

    /// The survey asked about.
    pub fn survey(&self) -> Survey<'_> {
        Survey { kind: self.kind.name(), dimension: &self.dimension }
    }

    /// The filter as a condition in SQL; `None` if it lets everything through. What a session does not state is empty in a store.
    pub fn condition(&self) -> Option<String> {
        let one = |(dimension, value): &(Dimension, String)| format!("{} = '{}'", dimension.column(), value.replace('\'', "''"));
        let conditions: Vec<String> = self.filter.0.iter().map(one).collect();
        (!conditions.is_empty()).then(|| conditions.join(" AND "))
    }
}

/// The columns that a parameter names, each of those there are and once.
pub(super) fn columns(parameter: &'static str, value: &str, there: &[&'static str]) -> Result<Vec<&'static str>, ViewError> {
    let mut found = Vec::new();
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let column = there.iter().copied().find(|column| *column == name);
        let column = column.ok_or_else(|| bad(parameter, name, &format!("use one or more of {}", there.join(", "))))?;
        if !found.contains(&column) {
            found.push(column);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<SatisfactionAsked, ViewError> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        SatisfactionAsked::read(&pairs, &Filter::default())
    }

    #[test]
    fn a_link_reads_back_as_what_it_asks() {
        let asked =
            read(&[("since", "90d"), ("until", "2026-11-01"), ("by", "vendor,service,vendor"), ("kind", "nps"), ("lang", "zh")]).unwrap();
        assert_eq!(asked.by, ["vendor", "service"]);
        let pairs: Vec<(&str, String)> = asked.pairs();
        let again: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(read(&again).unwrap(), asked);
        assert_eq!(read(&[("by", ""), ("since", "")]).unwrap().pairs(), []);
        let about = read(&[("by", "scenario,device_class"), ("dimension", "stability")]).unwrap();
        assert_eq!(about.survey(), Survey { kind: "csat", dimension: "stability" });
        assert_eq!(read(&[("dimension", "all")]).unwrap().by, [BY_DIMENSION]);
    }

    #[test]
    fn wrong_links_say_what_to_mend() {
        for (pair, hint) in [(("since", "soon"), "30d"), (("kind", "joy"), "csat"), (("by", "colour"), "vendor")] {
            assert!(read(&[pair]).unwrap_err().to_string().contains(hint), "{pair:?}");
        }
        let backwards = read(&[("since", "1d"), ("until", "2d")]).unwrap();
        assert!(backwards.period(DateTime::UNIX_EPOCH + TimeDelta::days(9)).is_err());
    }

    #[test]
    fn a_filter_stays_a_value_in_sql() {
        let asked = SatisfactionAsked { filter: Filter(vec![(Dimension::Vendor, "x' OR 'x' = 'x".to_owned())]), ..read(&[]).unwrap() };
        assert_eq!(asked.condition().unwrap(), "vendor = 'x'' OR ''x'' = ''x'");
    }
}
