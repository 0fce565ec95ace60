//! Counts of a store: sums that ClickHouse makes, no rows.

mod sql;

use chrono::{DateTime, Utc};
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;

use super::counts::{ArmCounts, Counts, FAR, MetricCounts, StratumCounts};
use super::scale::{Look, Zero, unlike};
use super::{CheckError, MOST_ARMS};
use crate::board::{Answer, Line, ask, text};
use crate::frame::Input;
use crate::poc::spec::{Poc, Randomised};
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

/// Counts of the sessions of a store: first by vendor, then what can be asked once the vendors are known.
pub(super) async fn counts(poc: &Poc, sources: &StoreSources<'_>, condition: Option<&str>) -> std::result::Result<Counts, CheckError> {
    let questions = Questions { poc, period: sources.period, condition };
    let asked = Asked { questions, context: sources.sessions.context() };
    let failed = |what: &'static str| move |source: DataFusionError| CheckError::Count { what, source: Box::new(source) };
    let (arms, ratings) = futures::join!(async { ask(asked.context, &questions.arms()).await }, asked.maybe(questions.ratings()));
    let mut counts = asked.read(&arms.map_err(failed("sessions by vendor"))?).map_err(failed("sessions by vendor"))?;
    let names: Vec<String> = counts.arms.iter().map(|arm| arm.name.clone()).collect();
    let read = |line: Line<'_>| Ok((line.count("present")?, line.number("middle")?));
    let ratings = by_arm(&names, ratings.map_err(failed("ratings"))?.as_ref(), read).map_err(failed("ratings"))?;
    for (metric, _) in counts.metrics.iter_mut().zip(&poc.metrics).filter(|(_, metric)| said(metric)) {
        let of = ratings.iter().flatten().map(|of| of.unwrap_or_default());
        of.zip(metric.present.iter_mut().zip(&mut metric.medians)).for_each(|(of, (present, median))| (*present, *median) = of);
    }
    if names.is_empty() || names.len() > MOST_ARMS {
        return Ok(counts);
    }
    let rows = counts.rows;
    let strata = poc.columns.strata.iter().map(|column| async {
        let sql = questions.stratum(column, &names, rows);
        stratum(column, &ask(asked.context, &sql).await?, names.len())
    });
    let (units, strata, quartiles) = futures::join!(asked.maybe(questions.units(&names)), futures::future::try_join_all(strata), async {
        ask(asked.context, &questions.quartiles(counts.rows)).await
    },);
    let quartiles = quartiles.map_err(failed("quartiles by vendor"))?;
    asked.middles(&mut counts, &quartiles, &names).map_err(failed("quartiles by vendor"))?;
    let far = asked.outliers(&quartiles, &names, counts.rows).await.map_err(failed("outliers"))?;
    if let Some(line) = units.map_err(failed("units by vendor"))?.as_ref().and_then(Answer::first) {
        for (at, arm) in counts.arms.iter_mut().enumerate() {
            arm.units = line.count(&format!("units_{at}")).map_err(failed("units by vendor"))?;
        }
        if poc.randomised == Randomised::User {
            let count = |of| line.count(of).map_err(failed("units with several vendors"));
            counts.contaminated = Some((count("several")?, count("units")?));
        }
    }
    counts.strata = strata.map_err(failed("units by stratum"))?;
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
        let mut several = 0;
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
            let units = if self.questions.poc.randomised == Randomised::Call { line.count("calls")? } else { rows };
            (counts.arms[place].rows, counts.arms[place].units) = (rows, units);
            if self.questions.labelled() {
                several += line.count("several")?;
            }
            first = [first, line.time("first_at")?].into_iter().flatten().min();
            last = last.max(line.time("last_at")?);
            lines.push((place, line));
        }
        let (mut definitions, mut clocks) = (vec![(0, 0); counts.arms.len()], vec![(0, 0); counts.arms.len()]);
        for (place, line) in &lines {
            definitions[*place] = (line.count("own")?, line.count("stated")?);
            clocks[*place] = (line.count("sent")?, line.count("far")?);
        }
        if self.questions.labelled() {
            counts.shared_sessions = Some((several, counts.arms.iter().map(|arm| arm.rows).sum()));
        }
        counts.span = first.zip(last).map(|(first, last)| (first.timestamp_millis(), last.timestamp_millis()));
        for (at, metric) in self.questions.poc.metrics.iter().enumerate() {
            let arms = counts.arms.len();
            let mut of =
                MetricCounts { name: metric.name.clone(), present: vec![0; arms], medians: vec![None; arms], ..MetricCounts::default() };
            for (place, line) in lines.iter().filter(|_| !said(metric)) {
                of.present[*place] = line.count(&format!("present_{at}"))?;
                of.impossible += line.count(&format!("wrong_{at}"))?;
            }
            counts.metrics.push(of);
        }
        counts.definitions = known(definitions, |(_, stated)| *stated > 0);
        counts.clocks = known(clocks, |(sent, _)| *sent > 0)
            .map(|clocks| clocks.into_iter().map(|(sent, far)| (None, if sent > 0 { far as f64 / sent as f64 } else { 0.0 })).collect());
        Ok(counts)
    }

    /// Puts in the middle of each metric, and of clocks' skew.
    fn middles(&self, counts: &mut Counts, quartiles: &Answer, names: &[String]) -> Result<()> {
        let mut looks = vec![vec![None; names.len()]; counts.metrics.len()];
        for line in quartiles.rows() {
            let name = line.text("arm")?;
            let Some(place) = names.iter().position(|known| *known == name) else { continue };
            for (at, _) in self.questions.spread() {
                let middle = line.number(&format!("middle_{at}"))?;
                counts.metrics[at].medians[place] = middle;
                if let (Some(low), Some(middle), Some(high)) =
                    (line.number(&format!("low_{at}"))?, middle, line.number(&format!("high_{at}"))?)
                {
                    looks[at][place] = Look::of_quartiles(counts.metrics[at].present[place] as usize, [low, middle, high]);
                }
            }
            if let Some(clocks) = &mut counts.clocks {
                clocks[place].0 = line.number("skew")?;
            }
        }
        counts.metrics.iter_mut().zip(looks).for_each(|(metric, looks)| metric.unlike = unlike(&looks, Zero::May));
        Ok(())
    }

    /// Rows beyond the median by ten interquartile ranges of their vendor, by metric.
    async fn outliers(&self, quartiles: &Answer, names: &[String], rows: u64) -> Result<Vec<(u64, u64)>> {
        let mut columns = Vec::new();
        for (at, metric) in self.questions.spread() {
            let mut cases = Vec::new();
            for line in quartiles.rows() {
                let name = line.text("arm")?;
                if !names.contains(&name) {
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
            if !cases.is_empty() {
                columns.push((at, format!("sum(CASE {} ELSE 0 END) AS far_{at}", cases.join(" "))));
            }
        }
        let mut far = vec![(0, 0); self.questions.poc.metrics.len()];
        if columns.is_empty() {
            return Ok(far);
        }
        let sums: Vec<&str> = columns.iter().map(|(_, sum)| sum.as_str()).collect();
        let answer = ask(self.context, &format!("SELECT {} FROM data {}", sums.join(", "), self.questions.looked_at(rows, ""))).await?;
        if let Some(line) = answer.first() {
            for (at, _) in &columns {
                let looked_at = quartiles.rows().map(|line| line.count(&format!("looked_at_{at}"))).sum::<Result<u64>>()?;
                far[*at] = (line.count(&format!("far_{at}"))?, looked_at);
            }
        }
        Ok(far)
    }
}

/// By vendor, if it is known of any.
fn known<T>(by_arm: Vec<T>, is: impl Fn(&T) -> bool) -> Option<Vec<T>> {
    by_arm.iter().any(is).then_some(by_arm)
}

fn stratum(column: &str, answer: &Answer, arms: usize) -> Result<StratumCounts> {
    let mut of = StratumCounts { column: column.to_owned(), values: Vec::new(), units: vec![Vec::new(); arms] };
    for line in answer.rows() {
        of.values.push(line.text("value")?);
        for (at, units) in of.units.iter_mut().enumerate() {
            units.push(line.count(&format!("units_{at}"))?);
        }
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

/// All that a check asks of a store about these vendors, each with what it is for: for those who look at plans.
pub fn questions(poc: &Poc, period: Period, condition: Option<&str>, arms: &[String]) -> Vec<(&'static str, String)> {
    let of = Questions { poc, period, condition };
    let strata = poc.columns.strata.iter().map(|column| ("units by stratum", of.stratum(column, arms, 0)));
    let maybe = [("ratings", of.ratings()), ("units by vendor", of.units(arms))];
    let maybe = maybe.into_iter().filter_map(|(what, sql)| Some((what, sql?)));
    let all = [("sessions by vendor", of.arms()), ("quartiles", of.quartiles(0)), ("quartiles of many", of.quartiles(10_000_000))];
    all.into_iter().chain(strata).chain(maybe).collect()
}
