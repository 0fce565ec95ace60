//! The rating of a minute as a few lines of plain arithmetic, for engines that have only that.
//!
//! A report of a call varies five figures of the E-model; all else stays at its default, so Ro, Is and the echo terms fold
//! into one constant and what is left is
//!
//! ```text
//! x       = log2(ta / 100)
//! idd     = 0 if ta <= 100, else 25 ((1 + x^6)^(1/6) - 3 (1 + (x/3)^6)^(1/6) + 2)
//! p       = 100 loss
//! ie_eff  = ie + (95 - ie) least(1, p / (p / burst + bpl))
//! r       = anchor - delay_weight idd - ie_eff
//! s       = r / mos_divisor
//! mos     = 1 if s <= 0, 4.5 if s >= 100, else greatest(1, 1 + 0.035 s + s (s - 60) (100 - s) 7e-6)
//! ```
//!
//! with the constants of [`RecipeConstants`] by band. A database that is given this formula must give these numbers: the
//! tests hold it to the full models ([`Transmission`](super::Transmission), [`wideband_rating`](super::wideband_rating)).

use super::label::Band;
use super::rating::RFactor;
use super::wideband::{WIDEBAND_CEILING, WIDEBAND_STRETCH};

/// mT: delay up to this costs nothing, ms (ITU-T G.107 (06/2015), Table 1, default class).
pub const DELAY_KNEE_MS: f64 = 100.0;

/// The five figures that vary, in the units of the formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// Ta: one-way delay from mouth to ear, ms, from 0.
    pub ta_ms: f64,
    /// Lost and discarded packets over expected ones, 0 to 1.
    pub loss_ratio: f64,
    /// Ie of the codec, on the scale of the band.
    pub ie: f64,
    /// Bpl of the codec, percent, above 0.
    pub bpl: f64,
    /// BurstR, from 1.
    pub burst_r: f64,
}

/// What distinguishes the bands in the recipe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecipeConstants {
    /// R of a perfect path with a perfect codec.
    pub anchor: f64,
    /// What a point of delay impairment costs on this scale.
    pub delay_weight: f64,
    /// What a rating is divided by before the MOS is read off.
    pub mos_divisor: f64,
}

impl RecipeConstants {
    /// The constants of a band; `None` for fullband, which is not computed.
    pub fn of(band: Band) -> Option<Self> {
        match band {
            Band::Narrow => Some(Self { anchor: RFactor::DEFAULT.get(), delay_weight: 1.0, mos_divisor: 1.0 }),
            Band::Wide => Some(Self { anchor: WIDEBAND_CEILING, delay_weight: WIDEBAND_STRETCH, mos_divisor: WIDEBAND_STRETCH }),
            Band::Full => None,
        }
    }
}

impl Recipe {
    /// R on the scale of these constants.
    pub fn r(&self, band: RecipeConstants) -> f64 {
        let idd = if self.ta_ms <= DELAY_KNEE_MS {
            0.0
        } else {
            let x = (self.ta_ms / DELAY_KNEE_MS).log2();
            25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
        };
        let p = 100.0 * self.loss_ratio;
        let ie_eff = self.ie + (95.0 - self.ie) * (p / (p / self.burst_r + self.bpl)).min(1.0);
        band.anchor - band.delay_weight * idd - ie_eff
    }

    /// The MOS of that R, 1.0 to 4.5.
    pub fn mos(&self, band: RecipeConstants) -> f64 {
        let s = self.r(band) / band.mos_divisor;
        if s <= 0.0 {
            1.0
        } else if s >= 100.0 {
            4.5
        } else {
            (1.0 + 0.035 * s + s * (s - 60.0) * (100.0 - s) * 7e-6).max(1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec::Codec;
    use super::super::e_model::Transmission;
    use super::super::loss::{BurstRatio, Impairment, Loss};
    use super::super::rating::mos;
    use super::super::ratio::Ratio;
    use super::super::wideband::{wideband_mos, wideband_rating};
    use super::*;
    use proptest::prelude::*;

    fn loss_of(recipe: &Recipe) -> Loss {
        Loss { ratio: Ratio::new(recipe.loss_ratio).unwrap(), burst: BurstRatio::new(recipe.burst_r).unwrap() }
    }

    fn recipes() -> impl Strategy<Value = Recipe> {
        (0.0..2000.0f64, 0.0..1.0f64, 0.0..60.0f64, 1.0..40.0f64, 1.0..6.0f64).prop_map(|(ta_ms, loss_ratio, ie, bpl, burst_r)| Recipe {
            ta_ms,
            loss_ratio,
            ie,
            bpl,
            burst_r,
        })
    }

    proptest! {
        #[test]
        fn narrowband_recipe_is_the_full_model(recipe in recipes()) {
            let codec = Impairment { ie: recipe.ie, bpl: recipe.bpl };
            let full = Transmission::default().with_one_way_delay_ms(recipe.ta_ms).with_codec(codec, loss_of(&recipe)).rating().r;
            let band = RecipeConstants::of(Band::Narrow).unwrap();
            prop_assert!((recipe.r(band) - full.get()).abs() < 1e-9);
            prop_assert!((recipe.mos(band) - mos(full).get()).abs() < 1e-9);
        }

        #[test]
        fn wideband_recipe_is_the_full_model(recipe in recipes()) {
            let codec = Codec {
                name: String::from("x"), ie: recipe.ie, bpl: Some(recipe.bpl), bpl_bursty: None, band: Band::Wide,
                source: String::new(), provisional: false, assumption: None,
            };
            let full = wideband_rating(recipe.ta_ms, &codec, loss_of(&recipe)).unwrap().r;
            let band = RecipeConstants::of(Band::Wide).unwrap();
            prop_assert!((recipe.r(band) - full.get()).abs() < 1e-9);
            prop_assert!((recipe.mos(band) - wideband_mos(full).get()).abs() < 1e-9);
        }
    }

    #[test]
    fn fullband_is_not_computed() {
        assert_eq!(RecipeConstants::of(Band::Full), None);
    }
}
