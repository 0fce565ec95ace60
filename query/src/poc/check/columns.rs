//! Counts of a file, read in columns.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::counts::{ArmCounts, Counts, FAR, FAR_CLOCK_S, MetricCounts, Possible, StratumCounts};
use super::{CheckError, MOST_ARMS, MOST_STRATA, told_apart};
use crate::frame::{Column, Frame, Input, Want};
use crate::poc::metric::{Metric, MetricKind};
use crate::poc::spec::{Poc, Randomised};

/// Columns that say how far a client's clock is off, with what makes seconds of them.
const SKEWS: [(&str, f64); 3] = [("clock_skew_ms", 1e-3), ("skew_ms", 1e-3), ("clock_skew_s", 1.0)];

pub(super) async fn counts(poc: &Poc, input: &Input, condition: Option<&str>) -> Result<Counts, CheckError> {
    let columns = input.columns().await?;
    let there = |name: &str| columns.iter().any(|column| column == name);
    let usual = |stated: &Option<String>, usual: &str| stated.clone().or_else(|| there(usual).then(|| usual.to_owned()));
    let layout = Layout {
        session: usual(&poc.columns.session, "session_id"),
        time: usual(&poc.columns.time, "started_at"),
        skew: SKEWS.into_iter().find(|(name, _)| there(name)),
        sent: there("sent_at") && there("received_at"),
        definition: there("freeze_definition"),
    };
    let frame = input.read(&layout.wanted(poc), condition).await?;
    // Before anything is counted by them.
    if poc.arms.is_empty() {
        told_apart(&poc.columns.arm, frame.categories(&poc.columns.arm).1.len(), MOST_ARMS)?;
    }
    poc.columns.strata.iter().try_for_each(|column| told_apart(column, frame.categories(column).1.len(), MOST_STRATA))?;
    Ok(layout.count(poc, &frame))
}

/// Which columns there are beside those of the POC.
pub(super) struct Layout {
    pub session: Option<String>,
    pub time: Option<String>,
    pub skew: Option<(&'static str, f64)>,
    pub sent: bool,
    pub definition: bool,
}

impl Layout {
    pub(super) fn wanted(&self, poc: &Poc) -> Vec<Want> {
        let of = &poc.columns;
        let mut wanted = vec![Want::category(&of.arm)];
        wanted.extend([&of.unit, &of.pair, &self.session].into_iter().flatten().map(Want::category));
        wanted.extend(of.strata.iter().map(Want::category));
        wanted.extend(self.time.as_ref().map(Want::time));
        wanted.extend(poc.metrics.iter().flat_map(Metric::wanted));
        wanted.extend(self.skew.map(|(name, _)| Want::number(name)));
        if self.sent {
            wanted.extend([Want::time("sent_at"), Want::time("received_at")]);
        }
        if self.definition {
            wanted.push(Want::category("freeze_definition"));
        }
        wanted
    }

    pub(super) fn count(&self, poc: &Poc, frame: &Frame) -> Counts {
        let (codes, labels) = frame.categories(&poc.columns.arm);
        let names = if poc.arms.is_empty() { labels.to_vec() } else { poc.arms.clone() };
        let places: Vec<Option<usize>> = labels.iter().map(|label| names.iter().position(|name| name == label)).collect();
        let arm: Vec<Option<usize>> = codes.iter().map(|code| places.get(*code as usize).copied().flatten()).collect();
        let table = Table { names, arm, frame };
        let unstated = codes.iter().filter(|code| **code as usize >= labels.len()).count() as u64;
        let known = table.arm.iter().flatten().count() as u64;
        let unit = self.unit(poc, frame);
        let session = self.session.as_ref();
        Counts {
            rows: frame.rows() as u64,
            arms: table.arms(unit.as_deref()),
            unstated,
            others: frame.rows() as u64 - known - unstated,
            contaminated: poc.columns.unit.as_ref().map(|unit| table.shared(&frame.persons(unit))),
            shared_sessions: session.map(|session| table.shared(&frame.persons(session))),
            incomplete_pairs: poc
                .columns
                .pair
                .as_ref()
                .filter(|_| poc.randomised == Randomised::PairedRun)
                .map(|pair| table.incomplete(&frame.persons(pair))),
            duplicates: self.duplicates(poc, &table),
            metrics: poc.metrics.iter().map(|metric| table.metric(metric)).collect(),
            strata: poc.columns.strata.iter().map(|column| table.stratum(column, unit.as_deref())).collect(),
            clocks: self.clocks(&table),
            definitions: self.definition.then(|| table.definitions()),
            span: self.time.as_ref().and_then(|time| {
                let times = || frame.times(time).iter().flatten().copied();
                times().min().zip(times().max())
            }),
        }
    }

    /// What was given to a vendor, by row; `None`: each row is its own.
    fn unit(&self, poc: &Poc, frame: &Frame) -> Option<Vec<u32>> {
        let column = match poc.randomised {
            Randomised::User => poc.columns.unit.as_ref(),
            Randomised::PairedRun => poc.columns.pair.as_ref(),
            Randomised::Call => self.session.as_ref(),
        };
        column.map(|column| frame.persons(column))
    }

    /// Rows of one session and vendor beyond the first; without sessions, rows that are alike in all that was read, if that has a time.
    fn duplicates(&self, poc: &Poc, table: &Table<'_>) -> Option<(u64, u64)> {
        let rows = table.arm.len() as u64;
        if let Some(session) = &self.session {
            let (sessions, labels) = table.frame.categories(session);
            let mut seen = HashSet::new();
            let stated = |row: &usize| (sessions[*row] as usize) < labels.len();
            // Within a session units of measurement may be rows of their own: paired runs are.
            let pairs = poc.columns.pair.as_ref().map(|pair| table.frame.persons(pair));
            let pair = |row: usize| pairs.as_ref().map_or(0, |pairs| pairs[row]);
            let again = (0..table.arm.len()).filter(stated).filter(|row| !seen.insert((sessions[*row], table.arm[*row], pair(*row))));
            return Some((again.count() as u64, rows));
        }
        self.time.as_ref()?;
        let mut seen = HashSet::new();
        let again = (0..table.arm.len()).filter(|row| !seen.insert(table.fingerprint(&self.wanted(poc), *row)));
        Some((again.count() as u64, rows))
    }

    fn clocks(&self, table: &Table<'_>) -> Option<Vec<(Option<f64>, f64)>> {
        let skew: Vec<f64> = match self.skew {
            Some((name, scale)) => table.frame.numbers(name).iter().map(|skew| skew * scale).collect(),
            None if self.sent => {
                let (sent, received) = (table.frame.times("sent_at"), table.frame.times("received_at"));
                let apart = |(sent, received): (&Option<i64>, &Option<i64>)| match (sent, received) {
                    (Some(sent), Some(received)) => (received - sent) as f64 / 1e3,
                    _ => f64::NAN,
                };
                sent.iter().zip(received).map(apart).collect()
            }
            None => return None,
        };
        let of = |arm: usize| {
            let mut own: Vec<f64> = table.rows(arm).map(|row| skew[row]).filter(|skew| skew.is_finite()).collect();
            own.sort_unstable_by(f64::total_cmp);
            let far = own.iter().filter(|skew| skew.abs() > FAR_CLOCK_S).count() as f64 / own.len().max(1) as f64;
            (quantile(&own, 0.5), far)
        };
        Some((0..table.names.len()).map(of).collect())
    }
}

/// Rows by vendor.
struct Table<'a> {
    names: Vec<String>,
    arm: Vec<Option<usize>>,
    frame: &'a Frame,
}

impl Table<'_> {
    fn rows(&self, arm: usize) -> impl Iterator<Item = usize> + '_ {
        self.arm.iter().enumerate().filter(move |(_, of)| **of == Some(arm)).map(|(row, _)| row)
    }

    fn arms(&self, unit: Option<&[u32]>) -> Vec<ArmCounts> {
        let of = |(arm, name): (usize, &String)| {
            let rows = self.rows(arm).count() as u64;
            let units = unit.map_or(rows, |unit| self.rows(arm).map(|row| unit[row]).collect::<HashSet<_>>().len() as u64);
            ArmCounts { name: name.clone(), rows, units }
        };
        self.names.iter().enumerate().map(of).collect()
    }

    /// The vendors of each value, as bits.
    fn whose(&self, codes: &[u32]) -> HashMap<u32, u32> {
        let mut whose: HashMap<u32, u32> = HashMap::new();
        for (code, arm) in codes.iter().zip(&self.arm) {
            if let Some(arm) = arm {
                *whose.entry(*code).or_default() |= 1 << (arm % 32);
            }
        }
        whose
    }

    fn shared(&self, codes: &[u32]) -> (u64, u64) {
        let whose = self.whose(codes);
        (whose.values().filter(|arms| arms.count_ones() > 1).count() as u64, whose.len() as u64)
    }

    fn incomplete(&self, codes: &[u32]) -> (u64, u64) {
        let whose = self.whose(codes);
        let all = self.names.len().min(32) as u32;
        (whose.values().filter(|arms| arms.count_ones() < all).count() as u64, whose.len() as u64)
    }

    fn metric(&self, metric: &Metric) -> MetricCounts {
        let values = self.frame.numbers(&metric.what);
        let measured = match metric.kind {
            MetricKind::Share => Possible::Any,
            _ => Possible::of(&metric.what),
        };
        let (mut present, mut medians, mut outliers, mut impossible) = (Vec::new(), Vec::new(), 0, 0);
        for arm in 0..self.names.len() {
            let mut own: Vec<f64> = self.rows(arm).map(|row| values[row]).filter(|value| !value.is_nan()).collect();
            present.push(own.len() as u64);
            impossible += own.iter().filter(|value| !measured.allows(**value)).count() as u64;
            own.sort_unstable_by(f64::total_cmp);
            let middle = quantile(&own, 0.5);
            if let (Some(middle), Some(low), Some(high)) = (middle, quantile(&own, 0.25), quantile(&own, 0.75)) {
                let far = middle + FAR * (high - low);
                outliers += if high > low { own.iter().filter(|value| **value > far).count() as u64 } else { 0 };
            }
            medians.push(middle);
        }
        let outliers = (outliers, present.iter().sum());
        MetricCounts { name: metric.name.clone(), present, medians, outliers, impossible }
    }

    fn stratum(&self, column: &str, unit: Option<&[u32]>) -> StratumCounts {
        let (codes, labels) = self.frame.categories(column);
        // One more for rows that do not say.
        let mut seen: Vec<Vec<HashSet<u32>>> = vec![vec![HashSet::new(); labels.len() + 1]; self.names.len()];
        for (row, arm) in self.arm.iter().enumerate() {
            if let Some(arm) = arm {
                let value = (codes[row] as usize).min(labels.len());
                seen[*arm][value].insert(unit.map_or(row as u32, |unit| unit[row]));
            }
        }
        let units = seen.iter().map(|of| of.iter().map(|units| units.len() as u64).collect()).collect();
        let values = labels.iter().cloned().chain([String::new()]).collect();
        StratumCounts { column: column.to_owned(), values, units }
    }

    fn definitions(&self) -> Vec<(u64, u64)> {
        let (codes, labels) = self.frame.categories("freeze_definition");
        let own = labels.iter().position(|label| label == "vendor").map(|at| at as u32);
        let of = |arm: usize| {
            let stated = || self.rows(arm).map(|row| codes[row]).filter(|code| (*code as usize) < labels.len());
            (stated().filter(|code| Some(*code) == own).count() as u64, stated().count() as u64)
        };
        (0..self.names.len()).map(of).collect()
    }

    /// What a row says in these columns.
    fn fingerprint(&self, wanted: &[Want], row: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        for want in wanted {
            match self.frame.column(&want.what) {
                Column::Number(values) | Column::Flag(values) => values[row].to_bits().hash(&mut hasher),
                Column::Category { codes, .. } | Column::Person { of: codes, .. } => codes[row].hash(&mut hasher),
                Column::Time(times) => times[row].hash(&mut hasher),
                Column::Text(texts) => texts[row].hash(&mut hasher),
            }
        }
        hasher.finish()
    }
}

/// A quantile of values in order; `None` of none.
fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let place = (values.len().checked_sub(1)? as f64) * q;
    let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(low + (high - low) * place.fract())
}
