//! Rows of vendors, made up.

use crate::frame::{Column, Frame};
use crate::poc::compare::{CompareAnswer, CompareQuestion, Judged, PairAnswer};
use crate::poc::metric::{Metric, with_margins};
use crate::poc::spec::{Columns, Poc, Randomised, Stopping};
use crate::statistics::Confidence;

/// A table that is filled row by row.
#[derive(Default, Clone)]
pub struct Rows {
    pub arm: Vec<String>,
    pub unit: Vec<String>,
    pub stratum: Vec<String>,
    pub pair: Vec<String>,
    pub values: Vec<(&'static str, Vec<f64>)>,
}

impl Rows {
    pub fn push(&mut self, arm: &str, unit: &str, stratum: &str, values: &[(&'static str, f64)]) {
        self.arm.push(arm.to_owned());
        self.unit.push(unit.to_owned());
        self.stratum.push(stratum.to_owned());
        for (name, value) in values {
            match self.values.iter_mut().find(|(known, _)| known == name) {
                Some((_, column)) => column.push(*value),
                None => self.values.push((name, vec![*value])),
            }
        }
    }

    pub fn frame(&self) -> Frame {
        let mut columns = vec![category("vendor", &self.arm), category("user_id", &self.unit), category("region", &self.stratum)];
        if !self.pair.is_empty() {
            columns.push(category("run", &self.pair));
        }
        columns.extend(self.values.iter().map(|(name, values)| {
            let flag = *name == "left";
            ((*name).to_owned(), if flag { Column::Flag(values.clone()) } else { Column::Number(values.clone()) })
        }));
        Frame::of(columns)
    }
}

fn category(name: &str, values: &[String]) -> (String, Column) {
    let mut labels = values.to_vec();
    labels.sort();
    labels.dedup();
    let codes = values.iter().map(|value| labels.binary_search(value).unwrap() as u32).collect();
    (name.to_owned(), Column::Category { codes, labels })
}

/// A POC by these metrics, written as in a command.
pub fn asked(metrics: &[&str], margins: &[(&str, f64)]) -> CompareQuestion {
    let margins: Vec<(String, f64)> = margins.iter().map(|(name, margin)| ((*name).to_owned(), *margin)).collect();
    let metrics = metrics.iter().map(|text| Metric::parse(text).unwrap()).collect();
    let poc = Poc {
        name: "made up".into(),
        arms: Vec::new(),
        allocation: None,
        services: Vec::new(),
        scenarios: Vec::new(),
        columns: Columns { arm: "vendor".into(), unit: Some("user_id".into()), pair: None, strata: Vec::new(), time: None, session: None },
        randomised: Randomised::User,
        metrics: with_margins(metrics, &margins).unwrap(),
        claims: Vec::new(),
        minimum_days: 0.0,
        stopping: Stopping::Fixed,
        level: Confidence::P95,
        power: 0.8,
        scorecard: Default::default(),
    };
    CompareQuestion { poc, condition: None, resamples: 400, seed: 1 }
}

impl CompareQuestion {
    /// The same with strata.
    pub fn within(mut self, stratum: &str) -> Self {
        self.poc.columns.strata = vec![stratum.to_owned()];
        self
    }

    /// The same with each row its own unit.
    pub fn alone(mut self) -> Self {
        self.poc.columns.unit = None;
        self
    }

    pub(super) fn of(&self, rows: &Rows) -> CompareAnswer {
        self.answer(&rows.frame(), None).unwrap()
    }
}

/// The first pair of the first metric.
#[track_caller]
pub fn first(answer: &CompareAnswer) -> &PairAnswer {
    &answer.metrics[0].pairs[0]
}

/// The same, judged.
#[track_caller]
pub fn judged(answer: &CompareAnswer) -> &Judged {
    first(answer).overall.as_ref().unwrap()
}
