//! How long until something happens, when not all were watched long enough to see it: curves, groups side by side, and hazards by covariates.

mod model;

pub use model::{Amount, Hazard, Model, ModelError};

use super::RetentionError;
use super::split::{Arranged, Split};
use crate::frame::{Frame, Input, Want};
use crate::statistics::kaplan_meier::Quantile;
use crate::statistics::{ByBand, Confidence, KaplanMeier, KaplanMeierError, RestrictedMean, Spells, by_band};

/// What is waited for, and in whom.
#[derive(Debug, Clone)]
pub struct SurvivalQuestion {
    /// The column with how long each was watched, in any unit.
    pub duration: String,
    /// The column that says whether it happened at the end of that time; without one it happened to all.
    pub event: Option<String>,
    /// The column that tells whose rows go together.
    pub user: Option<String>,
    /// The column with the time from which each was watched [default: from 0].
    pub entry: Option<String>,
    /// Of sessions: only those still there after their first seconds, in which covariates and groups were measured; watched from then on.
    pub baseline: Option<Baseline>,
    /// Curves of groups side by side.
    pub split: Option<Split>,
    /// Columns whose association with the hazard is asked for.
    pub covariates: Vec<String>,
    /// Until when mean times are counted [default: as far as every group was watched].
    pub horizon: Option<f64>,
    /// Only rows that meet this condition in SQL.
    pub condition: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
}

/// A window at a session's start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// How long it is, s.
    pub seconds: u32,
    /// How many units of the duration a minute has.
    pub per_minute: f64,
}

impl Baseline {
    /// Its end, in the unit of the duration.
    fn end(self) -> f64 {
        f64::from(self.seconds) / 60.0 * self.per_minute
    }
}

/// How long it takes.
#[derive(Debug, Clone)]
pub struct SurvivalAnswer {
    /// The column of durations, in whose unit all times are.
    pub duration: String,
    /// The column of the event; `None`: everyone's end counted as seen.
    pub event: Option<String>,
    /// The level of all intervals.
    pub level: Confidence,
    /// The window in which covariates and groups were measured, where there is one.
    pub baseline: Option<Baseline>,
    /// Rows that were used.
    pub rows: u64,
    /// To how many of them it happened.
    pub events: u64,
    /// Rows that were not.
    pub left_out: LeftOut,
    /// How many people the rows belong to, where that is known.
    pub users: Option<u64>,
    /// Everyone's curve.
    pub curve: KaplanMeier,
    /// Everyone's median time.
    pub median: Quantile,
    /// Until when means are counted.
    pub horizon: f64,
    /// Everyone's mean time up to the horizon.
    pub restricted_mean: Result<RestrictedMean, KaplanMeierError>,
    /// Times at which numbers at risk are told.
    pub times: Vec<f64>,
    /// When all who had entered by then had the event, although others entered later: the curve is 0 from there on.
    pub emptied: Option<f64>,
    /// Groups, where they were asked for.
    pub groups: Option<SurvivalGroups>,
    /// Hazards by covariates, where they were asked for.
    pub model: Option<Result<Model, ModelError>>,
}

/// Groups side by side. The first is the largest; the others are held against it.
#[derive(Debug, Clone)]
pub struct SurvivalGroups {
    /// What the groups were made by.
    pub split: Split,
    /// Their curves; a label is empty where the column did not say.
    pub bands: ByBand,
    /// Groups too small to be among those that are compared.
    pub left_out: u64,
}

/// Rows that say nothing of a duration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Without a duration, or without an entry where there is a column of them.
    pub unmeasured: u64,
    /// With a negative one.
    pub negative: u64,
    /// With an infinite one.
    pub infinite: u64,
    /// That do not say whether it happened.
    pub unstated: u64,
    /// That end no later than they are entered.
    pub backwards: u64,
}

impl LeftOut {
    /// All together.
    pub fn total(self) -> u64 {
        self.unmeasured + self.negative + self.infinite + self.unstated + self.backwards
    }
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reasons = [
            (self.unmeasured, "have none"),
            (self.negative, "are negative"),
            (self.infinite, "are infinite"),
            (self.unstated, "do not say whether it happened"),
            (self.backwards, "end no later than they are entered"),
        ];
        let reasons: Vec<String> = reasons.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")).collect();
        f.write_str(&reasons.join(", "))
    }
}

/// The columns of spells, checked row by row.
struct Watched {
    exit: Vec<f64>,
    event: Vec<bool>,
    entry: Option<Vec<f64>>,
}

impl SurvivalQuestion {
    /// Reads the spells of `input` and draws their curves.
    pub async fn ask(&self, input: &Input) -> Result<SurvivalAnswer, RetentionError> {
        let frame = input.read(&self.wanted(), self.condition.as_deref()).await?;
        if frame.rows() == 0 {
            return Err(RetentionError::NoRows { condition: self.condition.clone() });
        }
        let (kept, left_out) = self.usable(&frame);
        if kept.is_empty() {
            return Err(RetentionError::NoSpells { rows: frame.rows() as u64, left_out });
        }
        let frame = if left_out.total() == 0 { frame } else { frame.select(&kept) };
        let watched = self.watched(&frame);
        let spells = watched.spells()?;
        if spells.events() == 0 {
            let column = self.event.clone().unwrap_or_default();
            return Err(RetentionError::NoEvents { column, rows: spells.rows() as u64 });
        }
        let curve = KaplanMeier::new(&spells)?;
        let groups = self.split.as_ref().map(|split| self.groups(split, &frame, &watched)).transpose()?;
        let horizon = self.horizon.or_else(|| groups.as_ref().map(|groups| groups.bands.horizon)).unwrap_or_else(|| curve.last());
        let model = (!self.covariates.is_empty()).then(|| Model::fit(self, &frame, &spells));
        Ok(SurvivalAnswer {
            duration: self.duration.clone(),
            event: self.event.clone(),
            level: self.level,
            baseline: self.baseline,
            rows: curve.rows(),
            events: curve.events(),
            left_out,
            users: self.users(&frame),
            median: curve.median(self.level),
            horizon,
            restricted_mean: curve.restricted_mean(horizon, self.level),
            times: round_times(curve.last()),
            emptied: curve.steps().last().filter(|step| step.survival == 0.0 && step.time < curve.last()).map(|step| step.time),
            curve,
            groups,
            model,
        })
    }

    /// The columns it needs.
    pub fn wanted(&self) -> Vec<Want> {
        [Want::number(&self.duration)]
            .into_iter()
            .chain(self.event.iter().map(Want::flag))
            .chain(self.entry.iter().map(Want::number))
            .chain(self.user.iter().map(Want::person))
            .chain(self.split.iter().map(Split::want))
            .chain(self.covariates.iter().map(Want::covariate))
            .collect()
    }

    /// The rows that can be used, and what is the matter with the others.
    fn usable(&self, frame: &Frame) -> (Vec<usize>, LeftOut) {
        let exit = frame.numbers(&self.duration);
        let event = self.event.as_ref().map(|event| frame.flags(event));
        let entry = self.entries(frame);
        let mut left_out = LeftOut::default();
        let mut kept = Vec::with_capacity(frame.rows());
        for (row, exit) in exit.iter().enumerate() {
            let entered = entry.as_ref().map(|entry| entry[row]);
            let entry = entered.unwrap_or(0.0);
            if exit.is_nan() || entry.is_nan() {
                left_out.unmeasured += 1;
            } else if *exit < 0.0 || entry < 0.0 {
                left_out.negative += 1;
            } else if exit.is_infinite() {
                left_out.infinite += 1;
            } else if event.is_some_and(|event| event[row].is_nan()) {
                left_out.unstated += 1;
            } else if entered.is_some() && entry >= *exit {
                left_out.backwards += 1;
            } else {
                kept.push(row);
            }
        }
        (kept, left_out)
    }

    fn watched(&self, frame: &Frame) -> Watched {
        let exit = frame.numbers(&self.duration).to_vec();
        let event = match &self.event {
            Some(event) => frame.flags(event).iter().map(|happened| *happened != 0.0).collect(),
            None => vec![true; exit.len()],
        };
        Watched { exit, event, entry: self.entries(frame) }
    }

    /// When each is watched from; `None`: from 0.
    fn entries(&self, frame: &Frame) -> Option<Vec<f64>> {
        let landmark = self.baseline.map_or(0.0, Baseline::end);
        match (&self.entry, self.baseline) {
            (Some(entry), _) => {
                Some(frame.numbers(entry).iter().map(|entry| if entry.is_nan() { *entry } else { entry.max(landmark) }).collect())
            }
            (None, Some(_)) => Some(vec![landmark; frame.rows()]),
            (None, None) => None,
        }
    }

    fn groups(&self, split: &Split, frame: &Frame, watched: &Watched) -> Result<SurvivalGroups, RetentionError> {
        let (codes, labels) = split.codes(frame);
        let arranged = Arranged::of(&codes, &labels, 0..codes.len());
        let rows: Vec<usize> = (0..codes.len()).filter(|row| arranged.codes[*row] != u32::MAX).collect();
        let (own, codes) = (watched.select(&rows), rows.iter().map(|row| arranged.codes[*row]).collect::<Vec<u32>>());
        let bands = by_band(&own.spells()?, &codes, &arranged.labels, self.horizon, self.level)?;
        Ok(SurvivalGroups { split: split.clone(), bands, left_out: arranged.left_out })
    }

    /// How many people the rows belong to; rows that do not say are each taken for someone else.
    fn users(&self, frame: &Frame) -> Option<u64> {
        let mut persons = frame.persons(self.user.as_ref()?);
        persons.sort_unstable();
        persons.dedup();
        Some(persons.len() as u64)
    }
}

impl Watched {
    fn spells(&self) -> Result<Spells<'_>, RetentionError> {
        let spells = Spells::new(&self.exit, &self.event)?;
        Ok(match &self.entry {
            Some(entry) => spells.entering(entry)?,
            None => spells,
        })
    }

    fn select(&self, rows: &[usize]) -> Watched {
        let take = |values: &[f64]| rows.iter().map(|row| values[*row]).collect();
        Watched { exit: take(&self.exit), event: rows.iter().map(|row| self.event[*row]).collect(), entry: self.entry.as_deref().map(take) }
    }
}

/// Some six times from 0 on, at steps of 1, 2 or 5 times a power of ten.
fn round_times(last: f64) -> Vec<f64> {
    let power = (last / 5.0).log10().floor();
    if !power.is_finite() {
        return vec![0.0];
    }
    let unit = 10_f64.powf(power.abs());
    // Divided, since tenths have no exact value to be multiplied.
    let time = |steps: f64| if power < 0.0 { steps / unit } else { steps * unit };
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| last / time(*step) <= 7.0).unwrap_or(10.0);
    (0..=7).map(|at| time(f64::from(at) * step)).take_while(|time| *time <= last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_at_risk_are_round() {
        assert_eq!(round_times(60.0), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
        assert_eq!(round_times(37.0), [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(round_times(1.3), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2]);
        assert_eq!(round_times(0.0), [0.0]);
    }
}
