//! The wideband E-model, as far as a call's figures reach.
//!
//! ITU-T G.107.1 (06/2019, with Corrigendum 1 of 01/2020): R = 129 - Id - Ie,eff, with Is = 0 (eq. 7-3) and A = 0
//! (eq. 7-16), and the MOS of R / 1.29 by the narrowband cubic (Annex A). Of Id only the pure delay is computed: talker and
//! listener echo would need the echo loss of the terminals, which no call report carries, so echo is taken to be cancelled.

use super::codec::{Codec, NotComputable};
use super::e_model::Transmission;
use super::label::Band;
use super::loss::{Loss, ie_eff};
use super::rating::{self, Mos, RFactor};

/// Ro on the wideband scale: a clean wideband channel (G.107.1, eq. 7-2).
pub const WIDEBAND_CEILING: f64 = 129.0;

/// How far the wideband scale is stretched against the narrowband one: delay costs this much more points, and ratings are
/// divided by it before the MOS is read off (G.107.1, eq. 7-13 and A-1).
pub const WIDEBAND_STRETCH: f64 = 1.29;

/// A wideband rating with its steps, all in points of R.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WidebandRating {
    /// Ro, always 129.
    pub ro: f64,
    /// Idd, absolute delay.
    pub idd: f64,
    /// Ie,eff, codec and loss.
    pub ie_eff: f64,
    /// R itself.
    pub r: RFactor,
}

/// The wideband rating of a codec over a path with this one-way delay (mouth to ear, ms) and loss.
///
/// [`NotComputable`] says why not: the codec is not a wideband one, or there is loss and nothing published says how the
/// codec stands it. Nothing is interpolated or borrowed from a neighbour.
pub fn wideband_rating(ta_ms: f64, codec: &Codec, loss: Loss) -> Result<WidebandRating, NotComputable> {
    codec.expect_band(Band::Wide)?;
    let idd = WIDEBAND_STRETCH * Transmission::default().with_one_way_delay_ms(ta_ms).rating().idd;
    let ie_eff = match codec.under(loss) {
        Ok((impairment, loss)) => ie_eff(impairment, loss),
        Err(_) if loss == Loss::NONE => codec.ie,
        Err(reason) => return Err(reason),
    };
    let Some(r) = RFactor::new(WIDEBAND_CEILING - idd - ie_eff) else {
        return Err(NotComputable::Delay { ta_ms });
    };
    Ok(WidebandRating { ro: WIDEBAND_CEILING, idd, ie_eff, r })
}

/// Conversational quality expected at a wideband transmission rating: 1.0 to 4.5, on the wideband scale
/// (G.107.1 Annex A, eq.; held at 1 below like the narrowband one).
pub fn wideband_mos(rating: RFactor) -> Mos {
    RFactor::new(rating.get() / WIDEBAND_STRETCH).map_or(Mos::MIN, rating::mos)
}

#[cfg(test)]
mod tests {
    use super::super::codec::CodecTable;
    use super::super::ratio::Ratio;
    use super::*;
    use proptest::prelude::*;

    fn percent(p: f64) -> Loss {
        Loss::random(Ratio::from_percent(p).unwrap())
    }

    fn rating(ta_ms: f64, codec: &str, loss: Loss) -> Result<WidebandRating, NotComputable> {
        wideband_rating(ta_ms, CodecTable::default().find(codec).unwrap(), loss)
    }

    #[track_caller]
    fn check(codec: &str, loss: Loss, want: f64) {
        let got = wideband_mos(rating(0.0, codec, loss).unwrap().r).get();
        assert!((got - want).abs() < 5e-5, "MOS of {codec} is {got} and not {want}");
    }

    /// Vectors recomputed by hand; `sipnab` (an independent implementation) has the same.
    #[test]
    fn clean_amr_wb_scores_by_its_mode_and_presentation() {
        check("amr-wb-23.05-monotic", Loss::NONE, 4.4940);
        check("amr-wb-23.85-monotic", Loss::NONE, 4.4206);
        check("amr-wb-12.65-monotic", Loss::NONE, 4.3371);
        check("amr-wb-6.60-monotic", Loss::NONE, 3.5123);
        check("amr-wb-6.60-diotic", Loss::NONE, 2.9220);
    }

    #[test]
    fn diotic_12_65_under_two_percent_loss() {
        let rating = rating(0.0, "amr-wb-12.65-diotic", percent(2.0)).unwrap();
        assert!((rating.ie_eff - 43.8095).abs() < 5e-5, "129 in place of 95 would give {}", rating.ie_eff);
        check("amr-wb-12.65-diotic", percent(2.0), 3.4062);
    }

    #[test]
    fn handset_amr_wb_under_loss_is_refused_and_not_borrowed_from_the_headset() {
        assert!(rating(0.0, "amr-wb-12.65-monotic", Loss::NONE).is_ok());
        let refused = rating(0.0, "amr-wb-12.65-monotic", percent(1.0)).unwrap_err();
        assert_eq!(refused.to_string(), "no packet-loss factor is published for amr-wb-12.65-monotic");
    }

    #[test]
    fn a_narrowband_codec_has_no_wideband_rating() {
        let refused = rating(0.0, "pcmu", Loss::NONE).unwrap_err();
        assert_eq!(refused.to_string(), "pcmu is on the NB scale and not on the WB one");
    }

    /// G.107.1, eq. 7-13: 1.29 times the narrowband 3.044414 at 200 ms; `loom` has 3.927294.
    #[test]
    fn delay_costs_1_29_times_what_it_costs_in_narrowband() {
        let rating = rating(200.0, "amr-wb-23.05-monotic", Loss::NONE).unwrap();
        assert!((rating.idd - 3.927_294).abs() < 1e-6);
        assert!((rating.r.get() - (129.0 - 3.927_294 - 1.0)).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn never_rises_with_delay_or_loss(ta in 0.0..2000.0f64, dta in 0.0..300.0f64, p in 0.0..95.0f64, dp in 0.0..5.0f64) {
            let at = |ta: f64, p: f64| rating(ta, "amr-wb-23.05-diotic", percent(p)).unwrap().r;
            prop_assert!(at(ta + dta, p).get() <= at(ta, p).get() + 1e-9);
            prop_assert!(at(ta, p + dp).get() <= at(ta, p).get() + 1e-9);
            prop_assert!((1.0..=4.5).contains(&wideband_mos(at(ta, p)).get()));
        }
    }
}
