//! What holds of contrasts of any rows.

use proptest::prelude::*;

use super::bootstrap::{self, Better, Drawn, Question, draws};
use super::paired::Pairs;
use super::ratio::Parts;
use super::time::Times;
use super::*;
use crate::estimate::Confidence;
use crate::spell::Spells;

/// Rows of one arm: values with ties, and units of one to six rows.
#[derive(Debug, Clone)]
struct Rows {
    values: Vec<f64>,
    units: Vec<u32>,
}

impl Rows {
    fn arm(&self) -> Arm<'_> {
        Arm::of_units(&self.values, &self.units)
    }

    fn map(&self, of: impl Fn(f64) -> f64) -> Rows {
        Rows { values: self.values.iter().map(|value| of(*value)).collect(), units: self.units.clone() }
    }
}

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::vec(prop::collection::vec(1..30_u8, 1..6), 8..25).prop_map(|units| Rows {
        values: units.iter().flatten().map(|value| f64::from(*value) / 4.0).collect(),
        units: (0_u32..).zip(&units).flat_map(|(unit, rows)| vec![unit * 3 + 1; rows.len()]).collect(),
    })
}

/// Rows of other units than those of the first arm, or of the same: each unit of the smaller arm has then rows in both.
fn others() -> impl Strategy<Value = Rows> {
    let shift = |(rows, shift): (Rows, u32)| Rows { units: rows.units.iter().map(|unit| unit + shift).collect(), ..rows };
    (rows(), prop::sample::select(vec![0, 1, 15, 1_000])).prop_map(shift)
}

/// Every contrast of two arms that these rows allow.
fn all(a: &Rows, b: &Rows) -> Vec<Contrast> {
    let yes = [a, b].map(|rows| rows.map(|value| f64::from(u8::from(value > 3.0))));
    let one = [a, b].map(|rows| rows.map(|value| 1.0 + (value * 4.0) % 3.0));
    let events = [a, b].map(|rows| rows.values.iter().map(|value| value.fract() < 0.6).collect::<Vec<bool>>());
    let (x, y) = (a.arm(), b.arm());
    let (first, second) = (
        Parts { above: &a.values, below: &one[0].values, units: Some(&a.units) },
        Parts { above: &b.values, below: &one[1].values, units: Some(&b.units) },
    );
    let spells = [(a, &events[0]), (b, &events[1])].map(|(rows, events)| Spells::new(&rows.values, events).unwrap());
    let spell = |at: usize, units| Times { spells: spells[at], units: Some(units) };
    let drawn = |rows: &Rows, seed: u64| draws(&[Question::Mean(rows.arm())], seed, 400).map(|mut drawn| drawn.remove(0));
    let resampled = |of: fn(&Drawn, &Drawn) -> Result<Contrast, ContrastError>| of(&drawn(a, 1)?, &drawn(b, 2)?);
    [
        mean::mean_difference(&x, &y),
        mean::mean_ratio(&x, &y),
        mean::mean_difference(&Arm::new(&a.values), &Arm::new(&b.values)),
        share::share_difference(&yes[0].arm(), &yes[1].arm()),
        ratio::ratio_difference(&first, &second),
        ratio::ratio_of_ratios(&first, &second),
        quantile::quantile_difference(&x, &y, 0.5),
        quantile::quantile_difference(&x, &y, 0.9),
        ordinal::superiority(&x, &y),
        time::restricted_mean_difference(&spell(0, &a.units), &spell(1, &b.units), 3.0),
        resampled(bootstrap::difference),
        resampled(bootstrap::ratio),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * (1.0 + a.abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arms_turned_round_turn_the_contrast_round(a in rows(), b in others(), level in 0.5..0.995_f64) {
        let level = Confidence::new(level).unwrap();
        let (one, other) = (all(&a, &b), all(&b, &a));
        prop_assert!(one.len() == other.len() && one.len() >= 8);
        // What is drawn has its seeds by side, so that only turning it round is the same.
        for (contrast, other) in one.iter().zip(&other).filter(|(contrast, _)| contrast.method() != Method::ClusterBootstrap) {
            let (turned, other) = (contrast.reversed().interval(level), other.interval(level));
            prop_assert!(near(turned.value, other.value) && near(turned.low, other.low) && near(turned.high, other.high), "{:?}: {turned:?} {other:?}", contrast.method());
        }
        for contrast in &one {
            let (at, turned, back) = (contrast.interval(level), contrast.reversed().interval(level), contrast.reversed().reversed().interval(level));
            let turn = |end: f64| if contrast.scale() == Scale::Ratio { 1.0 / end } else { -end };
            prop_assert!(near(turned.low, turn(at.high)) && near(turned.high, turn(at.low)) && near(back.low, at.low), "{:?}", contrast.method());
            let truth = if contrast.scale() == Scale::Ratio { 1.3 } else { 0.2 };
            prop_assert!(near(contrast.p_value(truth), contrast.reversed().p_value(turn(truth))));
        }
    }

    #[test]
    fn an_interval_holds_its_value_and_widens_with_its_level(a in rows(), b in others()) {
        for contrast in all(&a, &b) {
            let (narrow, wide) = (contrast.interval(Confidence::P90), contrast.interval(Confidence::P99));
            prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high && wide.low < wide.high, "{:?}", contrast.method());
            prop_assert!(contrast.method() == Method::ClusterBootstrap || narrow.low <= narrow.value && narrow.value <= narrow.high);
            prop_assert!(contrast.error().is_none_or(|error| error > 0.0 && error.is_finite()));
        }
    }

    /// On either side of each end, and at levels of all kinds.
    #[test]
    fn p_is_below_1_less_the_level_where_the_interval_leaves_out(a in rows(), b in others(), level in 0.3..0.9999_f64, off in -0.3..0.3_f64) {
        let level = Confidence::new(level).unwrap();
        for contrast in all(&a, &b) {
            let at = contrast.interval(level);
            for end in [at.low, at.high].into_iter().filter(|end| end.is_finite() && *end != 0.0) {
                let truth = end + off * (at.high - at.low).min(1.0);
                // Where it is decided by the last digits either answer does.
                let close = (truth - at.low).abs().min((truth - at.high).abs()) < 1e-7;
                let p = contrast.p_value(truth);
                prop_assert!((0.0..=1.0).contains(&p));
                let possible = contrast.scale() == Scale::Difference || truth > 0.0;
                if !close && possible {
                    prop_assert_eq!(p < 1.0 - level.level(), at.excludes(truth), "{:?} {:?} p {} of {}", contrast.method(), at, p, truth);
                }
            }
        }
    }

    #[test]
    fn another_unit_of_measure_scales_the_answer(a in rows(), b in others(), factor in 0.01..1000.0_f64) {
        let scaled = |contrast: &Contrast| contrast.scale() == Scale::Difference && ![Method::Newcombe, Method::BrunnerMunzel].contains(&contrast.method());
        let of = |a: &Rows, b: &Rows| -> Vec<Contrast> {
            let (x, y) = (a.arm(), b.arm());
            [mean::mean_difference(&x, &y), mean::mean_ratio(&x, &y), quantile::quantile_difference(&x, &y, 0.5), ordinal::superiority(&x, &y)]
                .into_iter()
                .flatten()
                .collect()
        };
        for (one, other) in of(&a, &b).iter().zip(of(&a.map(|x| x * factor), &b.map(|x| x * factor))) {
            let (at, other) = (one.interval(Confidence::P95), other.interval(Confidence::P95));
            let factor = if scaled(one) { factor } else { 1.0 };
            prop_assert!(near(at.value * factor, other.value) && near(at.low * factor, other.low) && near(at.high * factor, other.high), "{:?}", one.method());
        }
    }

    /// Against the definition: all pairs of rows.
    #[test]
    fn superiority_is_the_share_of_pairs(a in rows(), b in others()) {
        let half = |x: &f64, y: &f64| if x > y { 1.0 } else { f64::from(u8::from(x == y)) / 2.0 };
        let sum: f64 = a.values.iter().map(|x| b.values.iter().map(|y| half(x, y)).sum::<f64>()).sum();
        let want = sum / (a.values.len() * b.values.len()) as f64 - 0.5;
        prop_assert!((ordinal::superiority(&a.arm(), &b.arm()).unwrap().value() - want).abs() < 1e-12);
    }

    /// All rows doubled tell no more when they are known to be the same units'.
    #[test]
    fn rows_repeated_within_their_unit_tell_no_more(a in rows(), b in others()) {
        let twice = |rows: &Rows| Rows {
            values: rows.values.iter().flat_map(|value| [*value; 2]).collect(),
            units: rows.units.iter().flat_map(|unit| [*unit; 2]).collect(),
        };
        let (one, other) = (mean::mean_difference(&a.arm(), &b.arm()).unwrap(), mean::mean_difference(&twice(&a).arm(), &twice(&b).arm()).unwrap());
        prop_assert!(near(one.error().unwrap(), other.error().unwrap()) && near(one.p_value(0.0), other.p_value(0.0)));
    }

    #[test]
    fn pairs_of_one_side_with_itself_are_no_different(a in rows()) {
        let pairs = Pairs { first: &a.values, second: &a.values, units: Some(&a.units) };
        prop_assert!(paired::mean_difference(&pairs).is_err() && paired::quantile_of_differences(&pairs, 0.5).unwrap().p_value(0.0) == 1.0);
        let tied = matches!(paired::superiority(&pairs), Err(ContrastError::Constant { .. }));
        prop_assert!(tied);
    }
}

#[test]
fn ranks_add_up_and_ties_are_shared() {
    let drawn = |draws: Vec<f64>| Drawn { value: 0.0, draws, units: 9, rows: 9 };
    let (a, b, c) = (drawn(vec![1.0, 2.0, 3.0, 5.0]), drawn(vec![2.0, 2.0, 1.0, 5.0]), drawn(vec![3.0, 1.0, 2.0, 5.0]));
    let ranks = bootstrap::ranks(&[&a, &b, &c], Better::Lower).unwrap();
    assert!(near(ranks[0][0], (1.0 + 1.0 / 3.0) / 4.0) && near(ranks[1][1], (1.0 + 0.5 + 1.0 / 3.0) / 4.0), "{ranks:?}");
    for at in 0..3 {
        assert!(near(ranks[at].iter().sum(), 1.0) && near(ranks.iter().map(|of| of[at]).sum(), 1.0));
    }
    assert!(bootstrap::ranks(&[&a, &drawn(vec![1.0])], Better::Higher).is_err());
}
