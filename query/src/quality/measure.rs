//! What an objective can be set on: the measures, their units, and which way is better.

use std::fmt;

/// The services that objectives are set for.
pub const SERVICES: [&str; 5] = ["voice_call", "video_call", "live_streaming", "messaging", "conversational_ai"];

/// The delivery times within which messages are counted, ms; an objective can stand on one of these.
pub const DELIVERY_STEPS_MS: [f64; 3] = [1000.0, 3000.0, 5000.0];

/// Something measured that an objective can be set on. Except for the three beside the headline, each is judged over one
/// minute of one session, on what that participant received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Estimated delay from mouth to ear, ms: rtt / 2 + jitter buffer + 20.
    OneWayDelay,
    /// Audio packets lost or discarded over expected ones, 0 to 1.
    Loss,
    /// Audio samples made up by the receiver and not silent, over all samples, 0 to 1.
    AudibleConcealment,
    /// Audio samples made up by the receiver, silent ones included, over all samples, 0 to 1. Muted senders raise it.
    Concealment,
    /// Time the picture stood still over time it was to move, 0 to 1.
    Freeze,
    /// Time in gaps of more than 1 s without a packet, on a stream that flowed and is neither muted nor ended, ms.
    Gap,
    /// Frames shown per second.
    FrameRate,
    /// Mean time from the end of the user's speech to the first audio heard, over the minute's turns, ms.
    Response,
    /// Mean time from the user's barge-in to heard silence, over the minute's turns, ms.
    Interruption,
    /// Time from sending a message to its delivery, ms; judged per message.
    Delivery,
    /// Time to connect, ms, that counts as the best; of an attempt.
    ConnectBest,
    /// Time to connect, ms, within which an attempt succeeded; of an attempt.
    ConnectSuccess,
    /// Attempts that succeeded over attempts made, 0 to 1; of a period.
    Availability,
}

/// Which side of its limit a measure has to stay on. The limit itself is still good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Not above the limit.
    AtMost,
    /// Not below the limit.
    AtLeast,
}

/// Where a measure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It decides whether a minute (or a message) is good.
    Headline,
    /// It is reported next to the good-minute ratio and never inside it: a property of an attempt or of a period.
    Beside,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 13] = [
        Self::OneWayDelay,
        Self::Loss,
        Self::AudibleConcealment,
        Self::Concealment,
        Self::Freeze,
        Self::Gap,
        Self::FrameRate,
        Self::Response,
        Self::Interruption,
        Self::Delivery,
        Self::ConnectBest,
        Self::ConnectSuccess,
        Self::Availability,
    ];

    /// The key of its objective in the file, with unit and direction.
    pub fn key(self) -> &'static str {
        match self {
            Self::OneWayDelay => "one_way_delay_ms_max",
            Self::Loss => "loss_ratio_max",
            Self::AudibleConcealment => "audible_concealment_ratio_max",
            Self::Concealment => "concealment_ratio_max",
            Self::Freeze => "freeze_ratio_max",
            Self::Gap => "gap_ms_max",
            Self::FrameRate => "frame_rate_min",
            Self::Response => "response_ms_max",
            Self::Interruption => "interruption_ms_max",
            Self::Delivery => "delivery_ms_max",
            Self::ConnectBest => "connect_ms_best",
            Self::ConnectSuccess => "connect_ms_success",
            Self::Availability => "availability_min",
        }
    }

    /// The measure of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.key() == key)
    }

    /// Which side of the limit is good.
    pub fn side(self) -> Side {
        match self {
            Self::FrameRate | Self::Availability => Side::AtLeast,
            _ => Side::AtMost,
        }
    }

    /// Whether it is part of the headline.
    pub fn role(self) -> Role {
        match self {
            Self::ConnectBest | Self::ConnectSuccess | Self::Availability => Role::Beside,
            _ => Role::Headline,
        }
    }

    /// Whether `value` keeps to `limit`.
    pub fn meets(self, value: f64, limit: f64) -> bool {
        match self.side() {
            Side::AtMost => value <= limit,
            Side::AtLeast => value >= limit,
        }
    }

    /// What a limit on this measure may be, in words; the limit is right when [`Measure::admits`] says so.
    pub fn range(self) -> &'static str {
        match self {
            Self::Loss | Self::AudibleConcealment | Self::Concealment | Self::Freeze | Self::Availability => "a ratio from 0 to 1",
            Self::Gap => "a number of milliseconds from 0",
            Self::Delivery => "1000, 3000 or 5000, since deliveries are counted within 1, 3 and 5 s",
            Self::FrameRate => "a number of frames per second above 0",
            _ => "a number of milliseconds above 0",
        }
    }

    /// Whether a limit is one this measure can have.
    pub fn admits(self, limit: f64) -> bool {
        match self {
            Self::Loss | Self::AudibleConcealment | Self::Concealment | Self::Freeze | Self::Availability => (0.0..=1.0).contains(&limit),
            Self::Gap => limit.is_finite() && limit >= 0.0,
            Self::Delivery => DELIVERY_STEPS_MS.contains(&limit),
            _ => limit.is_finite() && limit > 0.0,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_is_found_by_its_key_and_the_key_tells_the_side() {
        for measure in Measure::ALL {
            assert_eq!(Measure::from_key(measure.key()), Some(measure));
            assert_eq!(measure.key().ends_with("_min"), measure.side() == Side::AtLeast, "{measure}");
        }
        assert_eq!(Measure::from_key("freeze_ratio"), None);
    }

    #[test]
    fn the_limit_itself_is_good() {
        assert!(Measure::OneWayDelay.meets(400.0, 400.0) && !Measure::OneWayDelay.meets(400.1, 400.0));
        assert!(Measure::FrameRate.meets(7.0, 7.0) && !Measure::FrameRate.meets(6.9, 7.0));
    }

    #[test]
    fn percent_in_place_of_a_ratio_is_not_admitted() {
        assert!(Measure::Freeze.admits(0.05) && !Measure::Freeze.admits(5.0));
        assert!(Measure::Delivery.admits(3000.0) && !Measure::Delivery.admits(2000.0));
        assert!(Measure::Gap.admits(0.0) && !Measure::Response.admits(0.0));
        assert!(Measure::ALL.iter().all(|measure| !measure.admits(f64::NAN)));
    }
}
