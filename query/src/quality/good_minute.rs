//! The verdict on a minute, on a message, and the ratio that heads every page.
//!
//! Good-minute ratio = good / (good + bad), over minutes of sessions, judged on what the participant received. Three kinds
//! of minute are kept from spoiling it: a failed join has no minutes and counts as one bad; a minute whose reports stopped
//! without a leave may be the worst of all, so it stands apart and the ratio is shown under both assumptions; a minute in
//! which nothing was measured is counted, and judged neither way.

use super::measure::Measure;
use super::objectives::Holding;

/// What was measured in one minute of one session. `None` is "not measured", never 0; units are those of [`Measure`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MinuteMeasures {
    /// Estimated mouth-to-ear delay, ms.
    pub one_way_delay_ms: Option<f64>,
    /// Audio packets lost or discarded over expected ones.
    pub loss_ratio: Option<f64>,
    /// Concealed samples that were not silent, over all.
    pub audible_concealment_ratio: Option<f64>,
    /// Concealed samples, over all.
    pub concealment_ratio: Option<f64>,
    /// Frozen time over playing time.
    pub freeze_ratio: Option<f64>,
    /// Time in gaps of over 1 s, ms.
    pub gap_ms: Option<f64>,
    /// Frames shown per second.
    pub frame_rate: Option<f64>,
    /// Mean response time of the minute's turns, ms.
    pub response_ms: Option<f64>,
    /// Mean interruption time of the minute's turns, ms.
    pub interruption_ms: Option<f64>,
}

impl MinuteMeasures {
    /// The value of a measure; `None` when it was not measured, is no number, or is no measure of a minute.
    pub fn get(&self, measure: Measure) -> Option<f64> {
        let value = match measure {
            Measure::OneWayDelay => self.one_way_delay_ms,
            Measure::Loss => self.loss_ratio,
            Measure::AudibleConcealment => self.audible_concealment_ratio,
            Measure::Concealment => self.concealment_ratio,
            Measure::Freeze => self.freeze_ratio,
            Measure::Gap => self.gap_ms,
            Measure::FrameRate => self.frame_rate,
            Measure::Response => self.response_ms,
            Measure::Interruption => self.interruption_ms,
            Measure::Delivery | Measure::ConnectBest | Measure::ConnectSuccess | Measure::Availability => None,
        };
        value.filter(|value| !value.is_nan())
    }
}

/// What a session was doing in the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It reported.
    Reporting,
    /// It tried to join and failed.
    JoinFailed,
    /// Its reports had stopped, and it had not left.
    GoneSilent,
}

/// Why a minute, or a message, is bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// An objective was missed.
    Missed {
        /// Which.
        measure: Measure,
        /// What was measured.
        value: f64,
        /// What was allowed.
        limit: f64,
    },
    /// The join failed.
    JoinFailed,
    /// The message did not arrive.
    NotDelivered,
}

/// The verdict on one minute.
#[derive(Debug, Clone, PartialEq)]
pub enum MinuteVerdict {
    /// Every objective that was measured is met, and at least one was measured.
    Good,
    /// At least one is missed.
    Bad(Vec<Reason>),
    /// None was measured.
    Unclassified,
    /// Reports had stopped without a leave; what was measured before says nothing of the rest.
    GoneSilent,
}

/// The verdict on one minute of one session under the objectives that hold for it.
pub fn judge_minute(presence: Presence, measures: &MinuteMeasures, objectives: &Holding<'_>) -> MinuteVerdict {
    match presence {
        Presence::JoinFailed => return MinuteVerdict::Bad(vec![Reason::JoinFailed]),
        Presence::GoneSilent => return MinuteVerdict::GoneSilent,
        Presence::Reporting => {}
    }
    let measured: Vec<_> = objectives.headline().filter_map(|o| Some((o.measure, measures.get(o.measure)?, o.limit))).collect();
    let missed: Vec<_> = measured
        .iter()
        .filter(|(measure, value, limit)| !measure.meets(*value, *limit))
        .map(|&(measure, value, limit)| Reason::Missed { measure, value, limit })
        .collect();
    match (measured.is_empty(), missed.is_empty()) {
        (true, _) => MinuteVerdict::Unclassified,
        (false, true) => MinuteVerdict::Good,
        (false, false) => MinuteVerdict::Bad(missed),
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delivery {
    /// It arrived after so many ms.
    After {
        /// Time from sending to delivery.
        ms: f64,
    },
    /// It arrived, and nobody timed it.
    Untimed,
    /// It did not arrive.
    Failed,
    /// Nobody said.
    Unknown,
}

/// The verdict on one message, in the terms of a minute: messaging counts messages where the others count minutes.
///
/// A message that failed is bad under any objective. One that was not timed, or of unknown fate, is unclassified.
pub fn judge_message(delivery: Delivery, objectives: &Holding<'_>) -> MinuteVerdict {
    let limit = objectives.get(Measure::Delivery).map(|objective| objective.limit);
    match (delivery, limit) {
        (_, None) | (Delivery::Untimed | Delivery::Unknown, _) => MinuteVerdict::Unclassified,
        (Delivery::Failed, Some(_)) => MinuteVerdict::Bad(vec![Reason::NotDelivered]),
        (Delivery::After { ms }, Some(limit)) if ms <= limit => MinuteVerdict::Good,
        (Delivery::After { ms }, Some(limit)) => MinuteVerdict::Bad(vec![Reason::Missed { measure: Measure::Delivery, value: ms, limit }]),
    }
}

/// How many minutes (or messages) there were of each verdict. Additive: counts of parts merge into that of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MinuteCounts {
    /// Good ones.
    pub good: u64,
    /// Bad ones, failed joins included.
    pub bad: u64,
    /// Those after reports had stopped without a leave.
    pub silent: u64,
    /// Those in which nothing was measured: not in the ratio, but in the coverage.
    pub unclassified: u64,
}

impl MinuteCounts {
    /// Counts one verdict more.
    pub fn add(&mut self, verdict: &MinuteVerdict) {
        match verdict {
            MinuteVerdict::Good => self.good += 1,
            MinuteVerdict::Bad(_) => self.bad += 1,
            MinuteVerdict::GoneSilent => self.silent += 1,
            MinuteVerdict::Unclassified => self.unclassified += 1,
        }
    }

    /// The counts of both together.
    pub fn merge(self, other: Self) -> Self {
        Self {
            good: self.good + other.good,
            bad: self.bad + other.bad,
            silent: self.silent + other.silent,
            unclassified: self.unclassified + other.unclassified,
        }
    }

    /// The ratio of these counts.
    pub fn ratio(self) -> Option<GoodMinuteRatio> {
        good_minute_ratio(self)
    }

    /// The share of minutes that could be judged, of all; `None` when there were none.
    pub fn coverage(self) -> Option<f64> {
        let judged = self.good + self.bad;
        let all = judged + self.silent + self.unclassified;
        (all > 0).then(|| judged as f64 / all as f64)
    }
}

/// The good-minute ratio with what the silent minutes leave open. All 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GoodMinuteRatio {
    /// good / (good + bad); `None` when every minute was silent.
    pub ratio: Option<f64>,
    /// The ratio if all silent minutes were good.
    pub if_silent_good: f64,
    /// The ratio if all silent minutes were bad.
    pub if_silent_bad: f64,
}

/// Good minutes over good and bad ones, and the same with the silent ones on either side.
///
/// `None` when there was no good, bad or silent minute. When all were silent the two bounds are 1 and 0: an outage that
/// silences everybody must show as "not known", and not vanish.
pub fn good_minute_ratio(counts: MinuteCounts) -> Option<GoodMinuteRatio> {
    let (good, judged) = (counts.good as f64, (counts.good + counts.bad) as f64);
    let all = judged + counts.silent as f64;
    (all > 0.0).then(|| GoodMinuteRatio {
        ratio: (judged > 0.0).then(|| good / judged),
        if_silent_good: (good + counts.silent as f64) / all,
        if_silent_bad: good / all,
    })
}

#[cfg(test)]
mod tests;
