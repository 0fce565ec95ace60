//! Packet loss as the E-model takes it, and what it costs with a given codec.
//!
//! Loss is what the listener's decoder did not get: packets the network lost and packets that came too late and were
//! discarded by the jitter buffer (ITU-T G.113 defines Ppl at the output of the jitter buffer).

use super::ratio::Ratio;

/// How clustered the loss is: the mean length of the observed bursts over the mean length that random loss of the same
/// rate would have (ITU-T G.107 (06/2015), eq. 7-30). 1 is random; at least 1 here.
///
/// The formula was validated up to 2, and beyond that for loss under 2 % (G.107 Annex A).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct BurstRatio(f64);

impl BurstRatio {
    /// Losses independent of each other, which is also the assumption where no bursts were measured.
    pub const RANDOM: Self = Self(1.0);

    /// The burst ratio of this value; `None` under 1 or not finite.
    pub fn new(value: f64) -> Option<Self> {
        (value.is_finite() && value >= 1.0).then_some(Self(value))
    }

    /// The burst ratio of `lost` packets that came in `bursts` runs, at a loss of `loss`: mean run length times
    /// (1 - loss), because random loss has runs of 1 / (1 - loss) on average.
    ///
    /// Loss that is more even than random counts as random. `None` when nothing was lost or no run was counted.
    pub fn measured(lost: u64, bursts: u64, loss: Ratio) -> Option<Self> {
        if lost == 0 || bursts == 0 {
            return None;
        }
        let mean_run = lost as f64 / bursts as f64;
        Self::new((mean_run * (1.0 - loss.get())).max(1.0))
    }

    /// The value, 1 or more.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The loss on one path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// The share of packets that did not reach the decoder: lost and discarded.
    pub ratio: Ratio,
    /// How clustered they were.
    pub burst: BurstRatio,
}

impl Loss {
    /// No packet lost.
    pub const NONE: Self = Self { ratio: Ratio::ZERO, burst: BurstRatio::RANDOM };

    /// Loss of this share, at random.
    pub fn random(ratio: Ratio) -> Self {
        Self { ratio, burst: BurstRatio::RANDOM }
    }

    /// Whether the burst ratio is inside what the standard says was validated: at most 2, or loss under 2 %
    /// (ITU-T G.107 Annex A).
    pub fn is_validated(self) -> bool {
        self.burst.get() <= 2.0 || self.ratio.percent() < 2.0
    }
}

/// What a codec costs: without loss, and how well it stands loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// Ie: impairment without loss, on the R scale of its band, 0 to 95.
    pub ie: f64,
    /// Bpl: packet-loss robustness, in percent of loss, above 0; more is better.
    pub bpl: f64,
}

/// The rating that total loss takes away with any codec (ITU-T G.107 (06/2015), eq. 7-29; G.107.1, eq. 7-15, has the same
/// 95 and not its own 129).
pub const IE_AT_TOTAL_LOSS: f64 = 95.0;

/// Ie,eff: what the codec costs under this loss, in points of R; from Ie without loss up to towards 95.
///
/// ITU-T G.107 (06/2015), eq. 7-29: Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl), Ppl in percent. With BurstR well above 1
/// the formula can pass 95; it is held there, so that a bursty path is never charged more than a dead one.
pub fn ie_eff(codec: Impairment, loss: Loss) -> f64 {
    let ppl = loss.ratio.percent();
    let share = ppl / (ppl / loss.burst.get() + codec.bpl);
    codec.ie + (IE_AT_TOTAL_LOSS - codec.ie) * share.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const G711_PLC: Impairment = Impairment { ie: 0.0, bpl: 25.1 };

    fn percent(p: f64) -> Loss {
        Loss::random(Ratio::from_percent(p).unwrap())
    }

    #[track_caller]
    fn check(codec: Impairment, loss: Loss, want: f64) {
        let got = ie_eff(codec, loss);
        assert!((got - want).abs() < 1e-4, "{got} is not {want}");
    }

    /// 95/26.1, 95*5/30.1 by hand; G.729A with VAD at 2 % is exactly 19 and at 16 % 49.4, against 19 and 49 in the
    /// tables of G.113 Appendix I (09/1999) to which the formula was fitted.
    #[test]
    fn agrees_with_the_tables_it_was_fitted_to() {
        let g729 = Impairment { ie: 11.0, bpl: 19.0 };
        check(G711_PLC, percent(0.0), 0.0);
        check(G711_PLC, percent(1.0), 3.639_847);
        check(G711_PLC, percent(5.0), 15.780_731);
        check(g729, percent(2.0), 19.0);
        check(g729, percent(16.0), 49.4);
    }

    /// 95*5/(5/2 + 25.1).
    #[test]
    fn bursty_loss_costs_more_than_random_loss() {
        let bursty = Loss { burst: BurstRatio::new(2.0).unwrap(), ..percent(5.0) };
        check(G711_PLC, bursty, 17.210_145);
    }

    /// A published job divides lost by sent and feeds that fraction where the formula wants percent.
    #[test]
    fn five_percent_loss_taken_for_five_hundredths_would_cost_nothing() {
        assert!(ie_eff(G711_PLC, percent(5.0)) > 15.0);
        assert!(ie_eff(G711_PLC, percent(0.05)) < 0.2);
    }

    /// Gilbert loss with p = 0.01, q = 0.49 has runs of 1 / 0.49 packets and a burst ratio of 1 / (p + q) = 2.
    #[test]
    fn burst_ratio_of_gilbert_loss_is_one_over_p_plus_q() {
        let loss = Ratio::from_percent(2.0).unwrap();
        let burst = BurstRatio::measured(1000, 490, loss).unwrap();
        assert!((burst.get() - 2.0).abs() < 1e-9);
        assert_eq!(BurstRatio::measured(50, 50, loss), Some(BurstRatio::RANDOM));
        assert_eq!(BurstRatio::measured(0, 0, loss), None);
    }

    proptest! {
        #[test]
        fn never_falls_as_loss_or_burstiness_rises(
            ie in 0.0..60.0f64, bpl in 1.0..40.0f64, p in 0.0..99.0f64, dp in 0.0..1.0f64, b in 1.0..8.0f64, db in 0.0..4.0f64,
        ) {
            let codec = Impairment { ie, bpl };
            let at = |p: f64, b: f64| ie_eff(codec, Loss { burst: BurstRatio::new(b).unwrap(), ..percent(p) });
            prop_assert!(at(p + dp, b) >= at(p, b) - 1e-12);
            prop_assert!(at(p, b + db) >= at(p, b) - 1e-12);
            prop_assert!((ie..=IE_AT_TOTAL_LOSS).contains(&at(p, b)));
        }
    }
}
