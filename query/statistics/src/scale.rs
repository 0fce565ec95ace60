//! What was asked: the kind of a satisfaction score, and the scale its answers lie on.
//!
//! Every score is the mean of what its answers contribute: 1 for a satisfied answer of CSAT, 100 for a promoter, the answer itself where a mean is
//! reported. Weights, corrections and bands need to know nothing else of a kind.

/// The kind of a satisfaction score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Customer satisfaction: the share of answers in the top two of five.
    Csat,
    /// Net promoter score: promoters (9 and 10) less detractors (0 to 6), in percent of answers, -100 to 100.
    Nps,
    /// Customer effort score: the mean answer.
    Ces,
    /// Absolute category rating, an opinion of quality (ITU-T P.800): the mean answer.
    Acr,
    /// Thumbs up or down: the share up.
    Thumbs,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 5] = [Kind::Csat, Kind::Nps, Kind::Ces, Kind::Acr, Kind::Thumbs];

    /// Its name in tables and interfaces.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Csat => "csat",
            Kind::Nps => "nps",
            Kind::Ces => "ces",
            Kind::Acr => "acr",
            Kind::Thumbs => "thumbs",
        }
    }

    /// The kind of this name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The scale it is customarily asked on.
    pub fn customary(self) -> Scale {
        let (low, high) = match self {
            Kind::Csat | Kind::Acr => (1.0, 5.0),
            Kind::Nps => (0.0, 10.0),
            Kind::Ces => (1.0, 7.0),
            Kind::Thumbs => (0.0, 1.0),
        };
        Scale { low, high }
    }
}

/// The least and the greatest answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The least satisfied answer.
    pub low: f64,
    /// The most satisfied answer.
    pub high: f64,
}

/// Why a kind cannot be asked on a scale.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScaleError {
    /// The ends are not in order, or no numbers.
    #[error("ask {kind} on a scale of {low} to {high}: the low end must be a number below the high end", kind = kind.name(), low = scale.low, high = scale.high)]
    Ends {
        /// What was to be asked.
        kind: Kind,
        /// On which scale.
        scale: Scale,
    },
    /// A thumb has two positions.
    #[error("ask thumbs on a scale of {low} to {high}: thumbs are up or down, without anything between", low = scale.low, high = scale.high)]
    Thumbs {
        /// On which scale.
        scale: Scale,
    },
    /// Promoters and detractors are defined on 0 to 10 alone.
    #[error("ask nps on a scale of {low} to {high}: promoters and detractors are defined on 0 to 10 only", low = scale.low, high = scale.high)]
    Promoters {
        /// On which scale.
        scale: Scale,
    },
}

/// On which side of the middle an answer is extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The furious.
    Low,
    /// Neither.
    Middle,
    /// The delighted.
    High,
}

/// A kind on a scale that suits it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instrument {
    kind: Kind,
    scale: Scale,
}

/// Where in the range of a scale an answer counts as satisfied: 4 of 1 to 5, the lower of the top two of five. On longer scales the same part of the
/// range counts: 6 and 7 of 1 to 7 (5.5 and up), 8 to 10 of 0 to 10 (7.5 and up).
pub const SATISFIED: f64 = 0.75;

/// How near to an end of a scale, as a part of its range, an answer is extreme: our choice. On scales of up to ten points that is the end itself; on 0
/// to 10 the two points at each end.
pub const EXTREME: f64 = 0.1;

/// The last answer of the furious among detractors (0 to 2), and the first of the delighted (9, the promoters), of a net promoter score. Our choice:
/// the scale's own word for the delighted is promoter, while most detractors (3 to 6) are lukewarm.
const NPS_EXTREMES: (f64, f64) = (2.0, 9.0);

/// Slack for thresholds that are not exact in binary fractions.
const ROUNDING: f64 = 1e-9;

impl Instrument {
    /// This kind on this scale.
    pub fn new(kind: Kind, scale: Scale) -> Result<Instrument, ScaleError> {
        if !(scale.low < scale.high && (scale.high - scale.low).is_finite()) {
            return Err(ScaleError::Ends { kind, scale });
        }
        if kind == Kind::Nps && scale != Kind::Nps.customary() {
            return Err(ScaleError::Promoters { scale });
        }
        // From -1 to 1 too.
        if kind == Kind::Thumbs && scale.high - scale.low > 2.0 {
            return Err(ScaleError::Thumbs { scale });
        }
        Ok(Instrument { kind, scale })
    }

    /// This kind on its customary scale.
    pub fn customary(kind: Kind) -> Instrument {
        Instrument { kind, scale: kind.customary() }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its scale.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Whether this can be an answer: on the scale, whole for NPS, at an end for thumbs. Half steps of the other kinds are answers.
    pub fn admits(&self, score: f64) -> bool {
        let Scale { low, high } = self.scale;
        match self.kind {
            Kind::Nps => (low..=high).contains(&score) && score.fract() == 0.0,
            Kind::Thumbs => score == low || score == high,
            Kind::Csat | Kind::Ces | Kind::Acr => (low..=high).contains(&score),
        }
    }

    /// What an answer adds to the mean that is the score, in the score's unit; `None` for what is no answer.
    pub fn contribution(&self, score: f64) -> Option<f64> {
        self.admits(score).then(|| match self.kind {
            Kind::Csat => f64::from(u8::from(self.part(score) >= SATISFIED - ROUNDING)),
            Kind::Thumbs => f64::from(u8::from(score == self.scale.high)),
            Kind::Nps if score >= 9.0 => 100.0,
            Kind::Nps if score <= 6.0 => -100.0,
            Kind::Nps => 0.0,
            Kind::Ces | Kind::Acr => score,
        })
    }

    /// The least and the greatest the score can be, in its unit.
    pub fn bounds(&self) -> (f64, f64) {
        match self.kind {
            Kind::Csat | Kind::Thumbs => (0.0, 1.0),
            Kind::Nps => (-100.0, 100.0),
            Kind::Ces | Kind::Acr => (self.scale.low, self.scale.high),
        }
    }

    /// Whether the score is a share of answers.
    pub fn is_share(&self) -> bool {
        matches!(self.kind, Kind::Csat | Kind::Thumbs)
    }

    /// Whether an answer is of those whom indignation or delight may have moved to answer. NPS: 0 to 2, and 9 and 10; thumbs: all; other kinds: within
    /// a tenth of the range of an end.
    pub fn side(&self, score: f64) -> Side {
        let (low, high) = match self.kind {
            Kind::Nps => (score <= NPS_EXTREMES.0, score >= NPS_EXTREMES.1),
            _ => (self.part(score) <= EXTREME + ROUNDING, self.part(score) >= 1.0 - EXTREME - ROUNDING),
        };
        match (low, high) {
            (true, _) => Side::Low,
            (_, true) => Side::High,
            _ => Side::Middle,
        }
    }

    fn part(&self, score: f64) -> f64 {
        (score - self.scale.low) / (self.scale.high - self.scale.low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contributions(kind: Kind, low: f64, high: f64, scores: &[f64]) -> Vec<Option<f64>> {
        let instrument = Instrument::new(kind, Scale { low, high }).unwrap();
        scores.iter().map(|score| instrument.contribution(*score)).collect()
    }

    #[test]
    fn names_lead_back_to_their_kinds() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert!(Instrument::new(kind, kind.customary()).is_ok());
        }
        assert_eq!(Kind::from_name("CSAT"), None);
    }

    #[test]
    fn the_top_two_of_five_are_satisfied_and_the_top_quarter_of_longer_scales() {
        assert_eq!(contributions(Kind::Csat, 1.0, 5.0, &[3.0, 3.5, 4.0, 5.0]), [0.0, 0.0, 1.0, 1.0].map(Some));
        assert_eq!(contributions(Kind::Csat, 1.0, 7.0, &[5.0, 6.0, 7.0]), [0.0, 1.0, 1.0].map(Some));
        assert_eq!(contributions(Kind::Csat, 0.0, 10.0, &[7.0, 8.0]), [0.0, 1.0].map(Some));
        assert_eq!(contributions(Kind::Csat, 0.1, 0.5, &[0.3, 0.4]), [0.0, 1.0].map(Some));
    }

    #[test]
    fn what_is_off_the_scale_is_no_answer() {
        assert_eq!(contributions(Kind::Csat, 1.0, 5.0, &[0.0, 6.0, f64::NAN, f64::INFINITY]), [None; 4]);
        assert_eq!(contributions(Kind::Nps, 0.0, 10.0, &[6.5, 11.0, 6.0, 7.0, 9.0]), [None, None, Some(-100.0), Some(0.0), Some(100.0)]);
        assert_eq!(contributions(Kind::Thumbs, -1.0, 1.0, &[0.0, -1.0, 1.0]), [None, Some(0.0), Some(1.0)]);
    }

    #[test]
    fn unfit_scales_are_refused() {
        let refused = |kind, low, high| Instrument::new(kind, Scale { low, high }).unwrap_err().to_string();
        assert_eq!(refused(Kind::Csat, 5.0, 5.0), "ask csat on a scale of 5 to 5: the low end must be a number below the high end");
        assert_eq!(refused(Kind::Acr, f64::NAN, 5.0), "ask acr on a scale of NaN to 5: the low end must be a number below the high end");
        assert_eq!(refused(Kind::Thumbs, 1.0, 5.0), "ask thumbs on a scale of 1 to 5: thumbs are up or down, without anything between");
        assert_eq!(refused(Kind::Nps, 1.0, 5.0), "ask nps on a scale of 1 to 5: promoters and detractors are defined on 0 to 10 only");
    }

    #[test]
    fn the_extremes_are_the_ends() {
        let sides = |kind, scores: &[f64]| scores.iter().map(|score| Instrument::customary(kind).side(*score)).collect::<Vec<_>>();
        use Side::{High, Low, Middle};
        assert_eq!(sides(Kind::Csat, &[1.0, 2.0, 4.0, 5.0]), [Low, Middle, Middle, High]);
        assert_eq!(sides(Kind::Ces, &[1.0, 2.0, 6.0, 7.0]), [Low, Middle, Middle, High]);
        assert_eq!(sides(Kind::Nps, &[0.0, 2.0, 3.0, 8.0, 9.0]), [Low, Low, Middle, Middle, High]);
        assert_eq!(sides(Kind::Thumbs, &[0.0, 1.0]), [Low, High]);
    }
}
