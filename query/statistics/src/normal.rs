//! Quantiles of the standard normal distribution.

#![allow(clippy::excessive_precision, reason = "the coefficients stand as published, so that they can be compared digit by digit")]

use statrs::function::erf::erfc;

/// The value below which a standard normal variable falls with probability `p`; `None` unless 0 < p < 1.
///
/// Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988), 477-484: rational approximations by region of p,
/// accurate to about 1 part in 10^16.
pub fn normal_quantile(p: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return Some(q * CENTRE.at(0.180_625 - q * q));
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let tail = if r <= 5.0 { TAIL.at(r - 1.6) } else { FAR_TAIL.at(r - 5.0) };
    Some(tail.copysign(q))
}

/// How often a standard normal variable lies above `x`, 0 to 1.
pub fn normal_above(x: f64) -> f64 {
    0.5 * erfc(x / std::f64::consts::SQRT_2)
}

/// A quotient of two polynomials, coefficients from the constant up.
struct Rational {
    above: [f64; 8],
    below: [f64; 8],
}

impl Rational {
    fn at(&self, x: f64) -> f64 {
        let horner = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
        horner(&self.above) / horner(&self.below)
    }
}

const CENTRE: Rational = Rational {
    above: [
        3.387_132_872_796_366_608,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    below: [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561e3,
    ],
};

const TAIL: Rational = Rational {
    above: [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_9,
        5.769_497_221_460_691_405_5,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_7e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_4e-4,
    ],
    below: [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_4,
        6.897_673_349_851_000_045_5e-1,
        1.481_039_764_274_800_745_9e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
};

const FAR_TAIL: Rational = Rational {
    above: [
        6.657_904_643_501_103_777_2,
        5.463_784_911_164_114_369_9,
        1.784_826_539_917_291_335_8,
        2.965_605_718_285_048_912_3e-1,
        2.653_218_952_657_612_309_3e-2,
        1.242_660_947_388_078_438_6e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    below: [
        1.0,
        5.998_322_065_558_879_376_9e-1,
        1.369_298_809_227_358_053_1e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591e-4,
        1.846_318_317_510_054_681_8e-5,
        1.421_511_758_316_445_888_7e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Quantiles as tabled, and in the far tail from Wichura's paper (p = 1e-20).
    #[test]
    fn known_quantiles() {
        for (p, want) in [
            (0.5, 0.0),
            (0.25, -0.674_489_750_196_081_7),
            (0.9, 1.281_551_565_544_600_4),
            (0.975, 1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_813_5),
            (1e-9, -5.997_807_015_007_686_9),
            (1e-20, -9.262_340_089_798_408),
        ] {
            let got = normal_quantile(p).unwrap();
            assert!((got - want).abs() < 1e-13, "quantile of {p} is {got} and not {want}");
        }
    }

    #[test]
    fn what_lies_above_a_quantile_is_the_rest() {
        for p in [1e-9, 0.025, 0.5, 0.9] {
            assert!((normal_above(normal_quantile(1.0 - p).unwrap()) - p).abs() < 1e-9);
        }
    }

    #[test]
    fn certainty_has_no_quantile() {
        for p in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
            assert_eq!(normal_quantile(p), None);
        }
    }

    /// The slow obvious version: the distribution function as a sum of its density (Simpson), at the quantile.
    fn probability_below(x: f64) -> f64 {
        let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let (steps, from) = (4000, 0.0);
        let h = (x - from) / f64::from(steps);
        let weight = |i: i32| {
            if i == 0 || i == steps {
                1.0
            } else if i % 2 == 1 {
                4.0
            } else {
                2.0
            }
        };
        0.5 + (0..=steps).map(|i| weight(i) * density(from + h * f64::from(i))).sum::<f64>() * h / 3.0
    }

    proptest! {
        #[test]
        fn the_distribution_undoes_the_quantile(p in 1e-6..0.999_999f64) {
            prop_assert!((probability_below(normal_quantile(p).unwrap()) - p).abs() < 1e-11);
        }

        #[test]
        fn quantiles_rise_and_mirror(p in 0.001..0.999f64, d in 0.0..0.0009f64) {
            let at = |p| normal_quantile(p).unwrap();
            prop_assert!(at(p + d) >= at(p));
            prop_assert!((at(p) + at(1.0 - p)).abs() < 1e-10);
        }
    }
}
