//! What changed with time: this wave of answers against the one before, since when scores and measures have been on another level, which releases that
//! coincides with, and whether what is known has gone stale.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use super::AnalysisError;
use super::covariates::{Covariates, MIN_MEASURED};
use super::scales::{Offered, Scales};
use crate::frame::{Frame, Input, Want};
use crate::statistics::Confidence;
use crate::statistics::drift::stale;
use crate::statistics::holm;
use crate::statistics::scale::{Instrument, Kind, Scale};

mod releases;
mod series;
mod waves;

pub use releases::{Release, releases};
pub use series::{Cadence, Point, Series, Shift};
use series::{Periods, Seen};
pub use waves::{Change, NoChange, Wave};

/// What is to be looked at over time.
#[derive(Debug, Clone)]
pub struct DriftQuestion {
    /// The column with the time of a row.
    pub time: String,
    /// The column with the scores.
    pub score: String,
    /// How people were asked.
    pub kind: Kind,
    /// The scale, where answers do not carry it [default: the customary one of the kind].
    pub scale: Option<Scale>,
    /// The columns with the ends of the scale that was offered, where answers carry them.
    pub bounds: Option<(String, String)>,
    /// The column with how many earlier answers there were where a row has the last of several.
    pub earlier: Option<String>,
    /// The column with who a row is of.
    pub user: Option<String>,
    /// How many days a wave lasts.
    pub wave_days: u32,
    /// How many days after its latest answer a conclusion is stale.
    pub stale_after_days: u32,
    /// Measures that are followed too.
    pub measures: Covariates,
    /// Whose days are counted.
    pub zone: Tz,
    /// This moment.
    pub now: DateTime<Utc>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals; changes are called at what is left of it.
    pub level: Confidence,
    /// For what is drawn by chance.
    pub seed: u64,
}

/// What changed.
#[derive(Debug, Clone)]
pub struct DriftAnswer {
    /// How people were asked, and on what scale.
    pub instrument: Instrument,
    /// How many days a wave lasts.
    pub wave_days: u32,
    /// The wave before.
    pub last: Wave,
    /// The last days up to the latest answer.
    pub this: Wave,
    /// This wave less the one before, or why it cannot be said.
    pub change: Result<Change, NoChange>,
    /// Whether it is known who answered.
    pub by_person: bool,
    /// Over what the series run.
    pub cadence: Cadence,
    /// The score first, then the measures.
    pub series: Vec<Series>,
    /// Measures that too few rows have.
    pub sparse: Vec<String>,
    /// The releases that changes were held against.
    pub releases: Vec<Release>,
    /// The day of the latest answer.
    pub latest: NaiveDate,
    /// How many days ago that is.
    pub age_days: u32,
    /// After how many days a conclusion is stale.
    pub stale_after_days: u32,
    /// Whether it is.
    pub stale: bool,
    /// Whose days these are.
    pub zone: Tz,
    /// The level of all intervals.
    pub level: Confidence,
    /// What became of the rows.
    pub rows: DatedRows,
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DatedRows {
    /// All rows.
    pub all: u64,
    /// Such as have no time, or one outside the years 1900 to 2200.
    pub undated: u64,
    /// Such as are of days to come; they count all the same.
    pub future: u64,
    /// Such as have a score outside the scale.
    pub off_scale: u64,
    /// Such as were scored on another scale.
    pub other_scale: u64,
    /// Answers that the same sessions gave before; the last counts.
    pub earlier: u64,
    /// Answers that do not say whose they are, where others do; each counts as somebody else's.
    pub nameless: u64,
}

/// One answer with its day.
#[derive(Debug, Clone, Copy)]
struct Dated {
    day: NaiveDate,
    user: u64,
    /// What it adds to the mean that is the score.
    value: f64,
}

impl DriftQuestion {
    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        [Want::time(&self.time), Want::number(&self.score)]
            .into_iter()
            .chain(self.bounds.iter().flat_map(|(low, high)| [Want::number(low), Want::number(high)]))
            .chain(self.earlier.as_ref().map(Want::number))
            .chain(self.user.as_ref().map(Want::person))
            .chain(self.measures.names().iter().map(Want::number))
            .collect()
    }

    /// Reads and answers; `released` has the columns of [`crate::relations::releases`].
    pub async fn ask(&self, input: &Input, released: Option<&Input>) -> Result<DriftAnswer, AnalysisError> {
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(AnalysisError::NoRows { condition: self.condition.clone() });
        }
        let released = match released {
            Some(input) => releases(input).await?,
            None => Vec::new(),
        };
        self.answer(&frame, released)
    }

    /// The answer of these rows.
    pub fn answer(&self, frame: &Frame, released: Vec<Release>) -> Result<DriftAnswer, AnalysisError> {
        let scales = Scales::of(Offered { kind: self.kind, stated: self.scale, bounds: self.bounds.as_ref() }, frame);
        let instrument = scales.instrument(self.kind, frame.numbers(&self.score))?;
        let days: Vec<Option<NaiveDate>> = frame.times(&self.time).iter().map(|at| at.and_then(|at| day(at, self.zone))).collect();
        let (Some(first), Some(end)) = (days.iter().flatten().min().copied(), days.iter().flatten().max().copied()) else {
            return Err(AnalysisError::NoTime { time: self.time.clone(), rows: frame.rows() });
        };
        let scores = frame.numbers(&self.score);
        // Where nobody says who they are, nobody is known.
        let stated = self.user.as_ref().map(|user| frame.stated(user)).filter(|stated| stated.iter().any(|stated| *stated));
        let users = self.user.as_ref().filter(|_| stated.is_some()).map(|user| frame.persons(user));
        let user = |row: usize| users.as_ref().map_or(row as u64, |users| u64::from(users[row]));
        let scored = |row: usize| instrument.contribution(scores[row]).filter(|_| !scales.other[row]);
        let answer = |row: usize| Some(Dated { day: days[row]?, user: user(row), value: scored(row)? });
        let answers: Vec<Dated> = (0..frame.rows()).filter_map(answer).collect();
        let count = |of: &dyn Fn(usize) -> bool| (0..frame.rows()).filter(|row| of(*row)).count() as u64;
        let off_scale = count(&|row| !scores[row].is_nan() && !scales.other[row] && !instrument.admits(scores[row]));
        let Some(latest) = answers.iter().map(|answer| answer.day).max() else {
            let (rows, scale) = (frame.rows(), scales.scale);
            return Err(match off_scale {
                0 => AnalysisError::NoOutcome { outcome: self.score.clone(), rows },
                _ => AnalysisError::OffScale { score: self.score.clone(), rows, off_scale, scale },
            });
        };
        let compared = waves::compared(&instrument, &answers, (latest, self.wave_days), users.is_some(), self.level);
        let periods = Periods::of(first, end);
        // Rows by period and person.
        let mut order: Vec<(u32, u32, u32)> =
            (0..frame.rows()).filter_map(|row| Some((periods.at(days[row]?) as u32, user(row) as u32, row as u32))).collect();
        order.sort_unstable();
        let seen = |value: &dyn Fn(usize) -> Option<f64>| -> Vec<Seen> {
            let each = |(period, user, row): &(u32, u32, u32)| Some(Seen { period: *period, user: *user, value: value(*row as usize)? });
            order.iter().filter_map(each).collect()
        };
        let (measures, sparse): (Vec<String>, Vec<String>) =
            self.measures.names().iter().cloned().partition(|name| self.enough(frame, name));
        let mut all = vec![self.series(&self.score, instrument.is_share(), periods, seen(&scored), &released)];
        for name in &measures {
            let values = frame.numbers(name);
            let measured = |row: usize| Some(values[row]).filter(|value| value.is_finite());
            all.push(self.series(name, false, periods, seen(&measured), &released));
        }
        adjust(&mut all);
        let today = self.now.with_timezone(&self.zone).date_naive();
        let age_days = u32::try_from((today - latest).num_days()).unwrap_or(0);
        Ok(DriftAnswer {
            instrument,
            wave_days: self.wave_days,
            last: compared.last,
            this: compared.this,
            change: compared.change,
            by_person: users.is_some(),
            cadence: periods.cadence(),
            series: all,
            sparse,
            releases: released,
            latest,
            age_days,
            stale_after_days: self.stale_after_days,
            stale: stale(age_days, self.stale_after_days),
            zone: self.zone,
            level: self.level,
            rows: DatedRows {
                all: frame.rows() as u64,
                undated: count(&|row| days[row].is_none()),
                future: count(&|row| days[row].is_some_and(|day| day > today)),
                off_scale,
                other_scale: count(&|row| !scores[row].is_nan() && scales.other[row]),
                earlier: frame.total(self.earlier.as_ref()),
                nameless: count(&|row| scored(row).is_some() && stated.as_ref().is_some_and(|stated| !stated[row])),
            },
        })
    }

    fn series(&self, name: &str, share: bool, periods: Periods, seen: Vec<Seen>, released: &[Release]) -> Series {
        let released: Vec<NaiveDate> = released.iter().map(|release| release.at.with_timezone(&self.zone).date_naive()).collect();
        series::Asked { periods, share, level: self.level, seed: self.seed, released: &released }.series(name, seen.into_iter())
    }

    fn enough(&self, frame: &Frame, measure: &str) -> bool {
        let values = frame.numbers(measure);
        let measured = values.iter().filter(|value| !value.is_nan()).count() as f64;
        matches!(self.measures, Covariates::Named(_)) || measured >= MIN_MEASURED * values.len() as f64
    }
}

/// Allows for having asked of every series.
fn adjust(series: &mut [Series]) {
    let p: Vec<f64> = series.iter().map(|series| series.found.as_ref().map_or(f64::NAN, |found| found.p)).collect();
    series.iter_mut().zip(holm(&p)).for_each(|(series, p)| series.p_holm = p);
}

/// The day of a moment; `None` outside the years 1900 to 2200, where a time is a mistake.
fn day(at_ms: i64, zone: Tz) -> Option<NaiveDate> {
    let at = DateTime::from_timestamp_millis(at_ms).filter(|at| (1900..2200).contains(&at.year()))?;
    Some(at.with_timezone(&zone).date_naive())
}
