//! Counts of a file, read in columns.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::counts::{ArmCounts, Counts, FAR_CLOCK_S, StratumCounts};
use super::{CheckError, MOST_ARMS, MOST_STRATA, told_apart, values, when};
use crate::frame::{Column, Frame, Input, Want};
use crate::poc::metric::Metric;
use crate::poc::spec::{Poc, Randomised};
use crate::statistics::parallel;

/// Columns that say how far a client's clock is off, with what makes seconds of them.
const SKEWS: [(&str, f64); 3] = [("clock_skew_ms", 1e-3), ("skew_ms", 1e-3), ("clock_skew_s", 1.0)];

/// The column that says which call, room or conversation a session is of.
pub(super) const CALL: &str = "call_id";

/// Columns that say who a row is of.
const PEOPLE: [&str; 4] = ["user_id", "user", "uid", "userid"];

pub(super) async fn counts(poc: &Poc, input: &Input, condition: Option<&str>) -> Result<Counts, CheckError> {
    let columns = input.columns().await?;
    let layout = Layout::of(poc, |name| columns.iter().any(|column| column == name));
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
    /// Where calls were drawn and say which they are: several sessions may be of one.
    pub call: Option<&'static str>,
    pub time: Option<String>,
    pub skew: Option<(&'static str, f64)>,
    pub sent: bool,
    pub definition: bool,
    pub people: Option<&'static str>,
}

impl Layout {
    /// What is there of all that is looked for.
    pub(super) fn of(poc: &Poc, there: impl Fn(&str) -> bool) -> Layout {
        let usual = |stated: &Option<String>, usual: &str| stated.clone().or_else(|| there(usual).then(|| usual.to_owned()));
        let of = &poc.columns;
        let alone = of.unit.is_none() && of.pair.is_none();
        Layout {
            session: usual(&of.session, "session_id"),
            call: (poc.randomised == Randomised::Call && there(CALL)).then_some(CALL),
            time: usual(&of.time, "started_at"),
            skew: SKEWS.into_iter().find(|(name, _)| there(name)),
            sent: there("sent_at") && there("received_at"),
            definition: there("freeze_definition"),
            people: PEOPLE.into_iter().find(|name| alone && there(name) && of.arm != *name),
        }
    }

    pub(super) fn wanted(&self, poc: &Poc) -> Vec<Want> {
        let of = &poc.columns;
        let mut wanted = vec![Want::category(&of.arm)];
        wanted.extend([&of.unit, &of.pair, &self.session].into_iter().flatten().map(Want::person));
        wanted.extend([self.people, self.call].into_iter().flatten().map(Want::person));
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
            metrics: parallel::map(poc.metrics.len(), |at| table.metric(&poc.metrics[at])),
            strata: poc.columns.strata.iter().map(|column| table.stratum(column, unit.as_deref())).collect(),
            clocks: self.clocks(&table),
            definitions: self.definition.then(|| table.definitions()),
            times: self.time.as_ref().map(|time| when::times(frame.times(time), unit.as_deref(), &table.by_arm())),
            people: self.people.map(|column| {
                let persons = frame.persons(column);
                let of = || table.arm.iter().zip(&persons).filter_map(|(arm, person)| arm.map(|_| *person));
                (column.to_owned(), distinct(of()), of().count() as u64)
            }),
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
            Randomised::Call => return self.call.or(self.session.as_deref()).map(|column| frame.persons(column)),
        };
        column.map(|column| frame.persons(column))
    }

    /// Rows of one session and vendor beyond the first; without sessions, rows that are alike in all that was read, if that has a time.
    fn duplicates(&self, poc: &Poc, table: &Table<'_>) -> Option<(u64, u64)> {
        let rows = table.arm.len() as u64;
        if let Some(session) = &self.session {
            let sessions = table.frame.persons(session);
            // Within a session units of measurement may be rows of their own: paired runs are.
            if let Some(pair) = &poc.columns.pair {
                let (pairs, mut seen) = (table.frame.persons(pair), HashSet::new());
                let again = (0..sessions.len()).filter(|row| !seen.insert((sessions[*row], table.arm[*row], pairs[*row])));
                return Some((again.count() as u64, rows));
            }
            let mut seen = whose(&sessions, None);
            let again = sessions.iter().zip(&table.arm).filter(|(session, arm)| {
                let (seen, bit) = (&mut seen[**session as usize], arm.map_or(1 << 31, bit));
                let again = *seen & bit != 0;
                *seen |= bit;
                again
            });
            return Some((again.count() as u64, rows));
        }
        self.time.as_ref()?;
        let columns: Vec<&Column> = self.wanted(poc).iter().map(|want| table.frame.column(&want.what)).collect();
        let mut seen = HashSet::new();
        let again = (0..table.arm.len()).filter(|row| !seen.insert(fingerprint(&columns, *row)));
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
            (values::quantile(&own, 0.5), far)
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
            let units = unit.map_or(rows, |unit| distinct(self.rows(arm).map(|row| unit[row])));
            ArmCounts { name: name.clone(), rows, units }
        };
        self.names.iter().enumerate().map(of).collect()
    }

    fn by_arm(&self) -> Vec<Vec<usize>> {
        (0..self.names.len()).map(|arm| self.rows(arm).collect()).collect()
    }

    /// Values with rows of several vendors, and those with rows of any.
    fn shared(&self, codes: &[u32]) -> (u64, u64) {
        let whose = whose(codes, Some(&self.arm));
        let of = |least: u32| whose.iter().filter(|arms| arms.count_ones() >= least).count() as u64;
        (of(2), of(1))
    }

    fn incomplete(&self, codes: &[u32]) -> (u64, u64) {
        let whose = whose(codes, Some(&self.arm));
        let all = self.names.len().min(32) as u32;
        let of = |under: u32| whose.iter().filter(|arms| (1..under).contains(&arms.count_ones())).count() as u64;
        (of(all), of(33))
    }

    fn metric(&self, metric: &Metric) -> super::MetricCounts {
        let own = |column: &str| -> Vec<Vec<f64>> {
            let values = self.frame.numbers(column);
            (0..self.names.len()).map(|arm| self.rows(arm).map(|row| values[row]).filter(|value| !value.is_nan()).collect()).collect()
        };
        values::counted(metric, own(&metric.what), metric.over().map(own))
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
}

/// What a row says in these columns.
fn fingerprint(columns: &[&Column], row: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    for column in columns {
        match column {
            Column::Number(values) | Column::Flag(values) => values[row].to_bits().hash(&mut hasher),
            Column::Category { codes, .. } | Column::Person { of: codes, .. } => codes[row].hash(&mut hasher),
            Column::Time(times) => times[row].hash(&mut hasher),
            Column::Text(texts) => texts[row].hash(&mut hasher),
        }
    }
    hasher.finish()
}

fn bit(arm: usize) -> u32 {
    1 << (arm % 31)
}

/// The vendors of each value, as bits; none yet without vendors.
fn whose(codes: &[u32], arms: Option<&[Option<usize>]>) -> Vec<u32> {
    let mut whose = vec![0; codes.iter().max().map_or(0, |most| *most as usize + 1)];
    for (code, arm) in codes.iter().zip(arms.into_iter().flatten()) {
        whose[*code as usize] |= arm.map_or(0, bit);
    }
    whose
}

/// How many values there are.
fn distinct(codes: impl Iterator<Item = u32>) -> u64 {
    let mut codes: Vec<u32> = codes.collect();
    codes.sort_unstable();
    codes.dedup();
    codes.len() as u64
}
