//! The share that is still without the event after a time, when some were not watched long enough to know: Kaplan and Meier's curve.
//!
//! S(t) is the product of 1 - d/Y over the times of events up to t, d being the events and Y those at risk (Kaplan, Meier, J. Amer. Statist. Assoc.
//! 53 (1958), 457-481). At a tie an event precedes a censoring. Its variance is Greenwood's; with weights it is the infinitesimal jackknife, which
//! takes weights for what they are, is the same as Greenwood's when all weigh 1, and does not take a weight of 3 for three people.

use crate::estimate::{Confidence, Estimate};
use crate::share::share;
use crate::spell::{Spells, sorted};

mod restricted_mean;

pub use restricted_mean::RestrictedMean;

/// How an interval of a survival curve is made from the variance of its logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transform {
    /// On the scale of ln(-ln S): stays inside 0 to 1 and keeps its level in small samples and tails (Borgan, Liestol, Scand. J. Statist. 17 (1990),
    /// 35-41). The default here, as in SAS and lifelines.
    #[default]
    LogLog,
    /// On the scale of ln S: R's default; held at 1.
    Log,
    /// S plus and minus: the textbook's; held at 0 and 1.
    Plain,
}

/// Why there is no curve, or no mean of one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum KaplanMeierError {
    /// Weights and entries together.
    #[error("the variance of a survival curve with weights and with late entries is not available: give one of the two")]
    WeightedEntry,
    /// A horizon that is not over 0, or that nobody was watched to.
    #[error("the mean until {horizon} cannot be told: the curve is known from 0 to {last}")]
    Horizon {
        /// Until when.
        horizon: f64,
        /// The last exit.
        last: f64,
    },
    /// No event up to the horizon, or so few rows that nothing varies.
    #[error("the mean until {horizon} has no uncertainty that could be told: {events} events among {rows} spells")]
    NoSpread {
        /// Until when.
        horizon: f64,
        /// Events by then.
        events: u64,
        /// Spells.
        rows: u64,
    },
}

/// A time at which events happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// When.
    pub time: f64,
    /// Rows at risk then, with those to whom it happened.
    pub at_risk: u64,
    /// To how many it happened.
    pub events: u64,
    /// The share that is left after it, 0 to 1.
    pub survival: f64,
    /// The variance of that share's logarithm; `None` once the share is 0.
    pub log_variance: Option<f64>,
    /// Weights at risk and of events: the counts, where nothing is weighted.
    weight: Mass,
    /// Squared weights at risk, of events, and of those censored from this time to before the next.
    squares: Mass,
    censored_squares: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Mass {
    at_risk: f64,
    events: f64,
}

/// A point of a curve that is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// From when on.
    pub time: f64,
    /// The share without the event; `n` counts all spells.
    pub survival: Estimate,
    /// Rows at risk at that time.
    pub at_risk: u64,
}

/// The time after which so many are left, and its interval: an end that the curve does not reach is `None`, which is to be read as "later than all
/// that was seen".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The first time at which the curve is no higher than asked.
    pub value: Option<f64>,
    /// The same of the lower ends of the curve's intervals.
    pub low: Option<f64>,
    /// The same of their upper ends.
    pub high: Option<f64>,
    /// Spells.
    pub n: u64,
}

/// A survival curve.
#[derive(Debug, Clone)]
pub struct KaplanMeier {
    steps: Vec<Step>,
    exits: Vec<f64>,
    entries: Vec<f64>,
    events: u64,
    /// Of weighted spells, how many of equal weight would tell as much (Kish), as a share of their number.
    efficiency: Option<f64>,
    transform: Transform,
}

impl KaplanMeier {
    /// The curve of these spells, weighted where they are. `Err` only for weights together with late entries.
    ///
    /// Where late entries leave a time at which all who are at risk have the event, the curve is 0 from there on, whoever enters later.
    ///
    /// ```
    /// use qoe_statistics::{Confidence, KaplanMeier, Spells};
    /// let days = [3.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 12.0];
    /// let returned = [true, false, true, true, false, true, true, false];
    /// let curve = KaplanMeier::new(&Spells::new(&days, &returned)?)?;
    /// assert_eq!(format!("{:.4}", curve.at(7.0, Confidence::P95).unwrap().value), "0.5833");
    /// assert_eq!(curve.median(Confidence::P95).value, Some(10.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(spells: &Spells<'_>) -> Result<Self, KaplanMeierError> {
        if spells.weights().is_some() && spells.entry().is_some() {
            return Err(KaplanMeierError::WeightedEntry);
        }
        let order = spells.order(None);
        let exits: Vec<f64> = order.iter().map(|row| spells.exit()[*row]).collect();
        let entries = spells.entry().map(sorted).unwrap_or_default();
        let mut steps = tally(spells, &order);
        stand_at_risk(&mut steps, &entries);
        let efficiency = spells.weights().map(|weights| {
            let (sum, squares) = weights.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
            sum * sum / squares / weights.len() as f64
        });
        survive(&mut steps, efficiency.is_some());
        Ok(Self { steps, exits, entries, events: spells.events() as u64, efficiency, transform: Transform::default() })
    }

    /// The same curve with intervals by another transform.
    pub fn by(self, transform: Transform) -> Self {
        Self { transform, ..self }
    }

    /// The times of events, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many spells.
    pub fn rows(&self) -> u64 {
        self.exits.len() as u64
    }

    /// To how many of them it happened.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The last exit: nothing is known of later times, unless the curve has come down to 0.
    pub fn last(&self) -> f64 {
        self.exits.last().copied().unwrap_or(0.0)
    }

    /// Rows at risk just before a time: entered before it, not out before it.
    pub fn at_risk(&self, time: f64) -> u64 {
        let out = self.exits.partition_point(|exit| *exit < time);
        let late = self.entries.len() - self.entries.partition_point(|entry| *entry < time.max(f64::MIN_POSITIVE));
        (self.exits.len() - out).saturating_sub(late) as u64
    }

    /// The share without the event after `time`, 0 to 1.
    ///
    /// Before the first event no transform gives an interval: it is then Wilson's, of no event among those still at risk. Where the curve has come
    /// down to 0 it is from 0 to the upper end of the step before, which bounded a share at least as large. `None` after the last exit unless the
    /// curve is 0, and for times that are negative or NaN.
    pub fn at(&self, time: f64, level: Confidence) -> Option<Estimate> {
        if !(time >= 0.0 && (time <= self.last() || self.ended())) {
            return None;
        }
        match self.steps.partition_point(|step| step.time <= time).checked_sub(1) {
            Some(step) => self.estimate(step, level),
            None => {
                let none = share(0, self.effective(self.at_risk(time)), level)?.complement();
                Some(Estimate { n: self.rows(), ..none })
            }
        }
    }

    /// The median time: see [`KaplanMeier::until`].
    pub fn median(&self, level: Confidence) -> Quantile {
        self.until(0.5, level)
    }

    /// The time until no more than the share `left` (0 to 1) is without the event, with the interval of Brookmeyer and Crowley (Biometrics 38 (1982),
    /// 29-41) by this curve's transform.
    pub fn until(&self, left: f64, level: Confidence) -> Quantile {
        // A share that is the asked one but for rounding counts as reached.
        let reached = |share: f64| share <= left + 1e-12;
        let mut quantile = Quantile { value: None, low: None, high: None, n: self.rows() };
        for (at, step) in self.steps.iter().enumerate() {
            let Some(here) = self.estimate(at, level) else { continue };
            for (end, share) in [(&mut quantile.value, here.value), (&mut quantile.low, here.low), (&mut quantile.high, here.high)] {
                if end.is_none() && reached(share) {
                    *end = Some(step.time);
                }
            }
            if quantile.high.is_some() {
                break;
            }
        }
        quantile
    }

    /// The curve where it changes; where that is at more than `points` times, at the last change before each of `points` evenly spaced times. Before
    /// the first point everyone is without the event.
    pub fn curve(&self, points: usize, level: Confidence) -> Vec<Point> {
        let chosen: Vec<usize> = if self.steps.len() <= points {
            (0..self.steps.len()).collect()
        } else {
            let last = self.steps.last().map_or(0.0, |step| step.time);
            let grid = (1..=points).map(|k| if k == points { last } else { last * k as f64 / points as f64 });
            let mut chosen: Vec<usize> =
                grid.filter_map(|time| self.steps.partition_point(|step| step.time <= time).checked_sub(1)).collect();
            chosen.dedup();
            chosen
        };
        let point = |at: usize| {
            let Step { time, at_risk, .. } = self.steps[at];
            Some(Point { time, survival: self.estimate(at, level)?, at_risk })
        };
        chosen.into_iter().filter_map(point).collect()
    }

    /// Whether the curve has come down to 0, so that it is known for all later times.
    pub(crate) fn ended(&self) -> bool {
        self.steps.last().is_some_and(|step| step.survival == 0.0)
    }

    fn estimate(&self, at: usize, level: Confidence) -> Option<Estimate> {
        let step = &self.steps[at];
        let (low, high) = match step.log_variance {
            Some(variance) => self.transform.interval(step.survival, variance, level.z()),
            None if at > 0 => (0.0, self.estimate(at - 1, level)?.high),
            None => (0.0, share(0, self.effective(step.at_risk), level)?.high),
        };
        Some(Estimate { value: step.survival, low: low.min(step.survival), high: high.max(step.survival), n: self.rows() })
    }

    /// How many rows of equal weight would tell as much as so many of these.
    fn effective(&self, rows: u64) -> u64 {
        self.efficiency.map_or(rows, |efficiency| (rows as f64 * efficiency) as u64)
    }
}

impl Transform {
    /// The ends of the interval around a share that is over 0, from the variance of its logarithm.
    fn interval(self, survival: f64, log_variance: f64, z: f64) -> (f64, f64) {
        let error = log_variance.sqrt();
        match self {
            Transform::LogLog => {
                let stretch = (z * error / survival.ln().abs()).exp();
                (survival.powf(stretch), survival.powf(1.0 / stretch))
            }
            Transform::Log => (survival * (-z * error).exp(), (survival * (z * error).exp()).min(1.0)),
            Transform::Plain => ((survival * (1.0 - z * error)).max(0.0), (survival * (1.0 + z * error)).min(1.0)),
        }
    }
}

/// One step for each time with events, with what happened from it to before the next. Who is at risk is not known yet: everyone who leaves from a
/// step on is counted as at risk in it alone.
fn tally(spells: &Spells<'_>, order: &[usize]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for row in order {
        let (time, event, weight) = (spells.exit()[*row], spells.event()[*row], spells.weight(*row));
        if event && steps.last().is_none_or(|step| step.time < time) {
            steps.push(Step {
                time,
                at_risk: 0,
                events: 0,
                survival: 1.0,
                log_variance: None,
                weight: Mass::default(),
                squares: Mass::default(),
                censored_squares: 0.0,
            });
        }
        let Some(step) = steps.last_mut() else { continue };
        step.at_risk += 1;
        step.weight.at_risk += weight;
        step.squares.at_risk += weight * weight;
        if event {
            step.events += 1;
            step.weight.events += weight;
            step.squares.events += weight * weight;
        } else {
            step.censored_squares += weight * weight;
        }
    }
    steps
}

/// Adds up who is at risk, from the last time to the first, and takes away those who had not entered.
fn stand_at_risk(steps: &mut [Step], entries: &[f64]) {
    let (mut rows, mut weight, mut squares) = (0, 0.0, 0.0);
    for step in steps.iter_mut().rev() {
        rows += step.at_risk;
        weight += step.weight.at_risk;
        squares += step.squares.at_risk;
        (step.at_risk, step.weight.at_risk, step.squares.at_risk) = (rows, weight, squares);
    }
    if entries.is_empty() {
        return;
    }
    for step in steps {
        let late = entries.len() - entries.partition_point(|entry| *entry < step.time);
        step.at_risk -= late as u64;
        step.weight.at_risk = step.at_risk as f64;
        step.squares.at_risk = step.at_risk as f64;
    }
}

/// The product over the steps, and the variance of its logarithm; ends where nobody is left.
fn survive(steps: &mut Vec<Step>, weighted: bool) {
    let (mut survival, mut greenwood, mut passed) = (1.0, 0.0, 0.0);
    for at in 0..steps.len() {
        let step = &mut steps[at];
        let Mass { at_risk, events } = step.weight;
        if step.events == step.at_risk {
            (step.survival, step.log_variance) = (0.0, None);
            steps.truncate(at + 1);
            return;
        }
        let left = at_risk - events;
        survival *= left / at_risk;
        greenwood += events / (at_risk * left);
        // What each row adds to ln S: 1 / left less the hazard so far for an event, less the hazard so far for the others.
        let own = step.squares.events * (1.0 / left - greenwood).powi(2);
        let variance = passed + own + greenwood * greenwood * (step.squares.at_risk - step.squares.events);
        passed += own + step.censored_squares * greenwood * greenwood;
        step.survival = survival;
        step.log_variance = Some(if weighted { variance } else { greenwood });
    }
}

#[cfg(test)]
mod tests;
