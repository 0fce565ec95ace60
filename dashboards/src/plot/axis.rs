//! Scales: where a value stands, and the round values that are written beside it.

use chrono::{DateTime, TimeDelta, Timelike};

use crate::section::numbers::{Unit, count, number};

/// How the values of a scale are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// A share, 0 to 1, in percent.
    Share,
    /// As it is.
    Plain,
    /// Seconds since 1970, as a day or an hour in UTC.
    Moment,
}

/// A scale from one end of the sheet's frame to the other.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    /// Where the ends stand, px.
    from: f64,
    to: f64,
    /// Round values, with what is written beside them.
    pub ticks: Vec<(f64, String)>,
}

/// Beyond this nothing is drawn: no figure of ours is so large but by an estimate that ran away.
pub(super) const DRAWABLE: f64 = 1e15;

/// The least and the greatest of those that can be drawn.
pub(super) fn span(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.abs() <= DRAWABLE).fold(None, |span, value| match span {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// The same, made wider where both ends are one.
fn opened((low, high): (f64, f64)) -> (f64, f64) {
    if high - low > (low.abs().max(high.abs()) * 1e-9).max(1e-12) {
        return (low, high);
    }
    let room = if low.abs() < 1e-9 { 1.0 } else { low.abs() * 0.1 };
    (low - room, high + room)
}

impl Axis {
    /// From the least to the greatest value, with some `wanted` ticks between.
    pub fn tight(span: (f64, f64), wanted: usize, reading: Reading) -> Axis {
        let (low, high) = opened(span);
        if reading == Reading::Moment {
            return Axis { low, high, log: false, from: 0.0, to: 1.0, ticks: moments(low, high, wanted) };
        }
        Axis::stepped((low, high), step(high - low, wanted), reading)
    }

    /// From the tick at or below the least value to the one at or above the greatest.
    pub fn rounded(span: (f64, f64), wanted: usize, reading: Reading) -> Axis {
        let (low, high) = opened(span);
        let step = step(high - low, wanted);
        let slack = step * 1e-6;
        Axis::stepped((((low + slack) / step).floor() * step, ((high - slack) / step).ceil() * step), step, reading)
    }

    fn stepped((low, high): (f64, f64), step: f64, reading: Reading) -> Axis {
        let ticks = multiples(low, high, step).into_iter().map(|value| (value, written(value, step, reading))).collect();
        Axis { low, high, log: false, from: 0.0, to: 1.0, ticks }
    }

    /// For ratios, a million to one at most: doubling takes the same room everywhere.
    pub fn ratios(low: f64, high: f64) -> Axis {
        let (low, high) = (low.clamp(1e-6, 1e6), high.clamp(1e-6, 1e6));
        let (low, high) = (low.min(high / 1.2), high.max(low * 1.2));
        let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
        let round: Vec<f64> = decades.clone().flat_map(|decade| [1.0, 2.0, 5.0].map(|first| first * 10_f64.powi(decade))).collect();
        let within = |values: &[f64]| values.iter().copied().filter(|value| *value >= low && *value <= high).collect::<Vec<f64>>();
        let mut ticks = within(&round);
        if ticks.len() > 8 {
            ticks =
                within(&decades.filter(|decade| decade % 2 == 0 || high / low < 1e6).map(|decade| 10_f64.powi(decade)).collect::<Vec<_>>());
        }
        let step = step(high - low, 5);
        let even = ticks.len() < 3;
        if even {
            ticks = multiples(low, high, step);
        }
        Axis {
            low,
            high,
            log: true,
            from: 0.0,
            to: 1.0,
            ticks: ticks.into_iter().map(|value| (value, written(value, if even { step } else { value }, Reading::Plain))).collect(),
        }
    }

    /// The same between these places of the sheet.
    pub fn between(self, from: f64, to: f64) -> Axis {
        Axis { from, to, ..self }
    }

    /// Where a value stands; what lies outside, at the end.
    pub fn at(&self, value: f64) -> f64 {
        let part = if self.log {
            (value.max(f64::MIN_POSITIVE).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + (self.to - self.from) * if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) }
    }

    /// Whether it lies on the scale.
    pub fn holds(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }
}

/// 1, 2 or 5 times a power of ten: as many ticks as wanted, or a third more rather than half of them.
fn step(span: f64, wanted: usize) -> f64 {
    let rough = span / wanted.max(1) as f64;
    let power = 10_f64.powi(rough.log10().floor() as i32);
    let first = [1.0, 2.0, 5.0, 10.0].into_iter().find(|first| first * power >= rough * 0.75).unwrap_or(10.0);
    first * power
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let (first, last) = ((low / step - 1e-6).ceil() as i64, (high / step + 1e-6).floor() as i64);
    (first..=last).map(|times| times as f64 * step).collect()
}

/// In the digits that tell it from its neighbours.
fn written(value: f64, step: f64, reading: Reading) -> String {
    let digits = |step: f64| (-(step * 1.000_001).log10().floor()).max(0.0) as usize;
    match reading {
        Reading::Share => format!("{} %", number(value * 100.0, Unit::Plain(digits(step * 100.0).min(6)))),
        _ if value >= 10_000.0 && step >= 1.0 => count(value.round() as u64),
        _ => number(value, Unit::Plain(digits(step).min(6))),
    }
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn moments(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / wanted.max(1) as f64;
    let steps = [HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY];
    let step = steps.into_iter().find(|step| *step as f64 >= rough * 0.8).unwrap_or(3640 * DAY);
    let ticks = multiples(low, high, step as f64).into_iter().filter_map(|value| {
        let at = DateTime::from_timestamp(value as i64, 0)?;
        let midnight = at.num_seconds_from_midnight() == 0;
        let pattern = if step > 90 * DAY {
            "%Y-%m"
        } else if midnight {
            "%m-%d"
        } else {
            "%H:%M"
        };
        Some((value, at.format(pattern).to_string()))
    });
    ticks.collect()
}

/// A moment as it stands in a label: the day, and the hour if it is not midnight.
pub(super) fn moment(value: f64) -> String {
    let at = DateTime::from_timestamp(value as i64, 0).unwrap_or_default();
    let midnight = at.num_seconds_from_midnight() == 0 || TimeDelta::seconds(value as i64).is_zero();
    at.format(if midnight { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_have_the_digits_they_need() {
        assert_eq!(labels(&Axis::tight((0.61, 0.83), 5, Reading::Share)), ["65 %", "70 %", "75 %", "80 %"]);
        assert_eq!(labels(&Axis::rounded((0.612, 0.618), 3, Reading::Share)), ["61.2 %", "61.4 %", "61.6 %", "61.8 %"]);
        assert_eq!(labels(&Axis::rounded((-13.0, 42.0), 4, Reading::Plain)), ["-20", "0", "20", "40", "60"]);
        assert_eq!(labels(&Axis::tight((0.0, 25_000.0), 3, Reading::Plain)), ["0", "10,000", "20,000"]);
    }

    #[test]
    fn a_doubling_takes_the_same_room_everywhere() {
        let axis = Axis::ratios(0.4, 4.0).between(0.0, 100.0);
        assert!((axis.at(1.0) - axis.at(0.5) - (axis.at(2.0) - axis.at(1.0))).abs() < 1e-9);
        assert_eq!(labels(&axis), ["0.5", "1", "2"]);
        assert!(Axis::ratios(0.97, 1.04).ticks.len() >= 3);
    }

    #[test]
    fn one_value_alone_still_has_a_scale() {
        for value in [0.0, 1.0, -3.0, 1e14] {
            let axis = Axis::rounded((value, value), 4, Reading::Plain).between(0.0, 10.0);
            assert!(axis.holds(value) && axis.at(value).is_finite() && !axis.ticks.is_empty(), "{value}");
        }
    }

    #[test]
    fn days_are_written_as_days() {
        let day = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp() as f64;
        let axis = Axis::tight((day("2026-11-02T00:00:00Z"), day("2026-11-05T00:00:00Z")), 4, Reading::Moment);
        assert_eq!(labels(&axis), ["11-02", "11-03", "11-04", "11-05"]);
    }
}
