//! Units with rows in both arms: known answers by `fixtures/reference/shared_units.py`, and what must hold.

use proptest::prelude::*;
use serde_json::Value;

use super::joint::Summed;
use super::stratified::combined;
use super::*;
use crate::estimate::Confidence;

/// One arm of the reference.
struct Side {
    units: Vec<u32>,
    values: Vec<f64>,
    yes: Vec<f64>,
    stratum: Vec<f64>,
}

impl Side {
    fn of(input: &Value) -> Side {
        let numbers = |name: &str| -> Vec<f64> { input[name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect() };
        let units = numbers("units").into_iter().map(|unit| unit as u32).collect();
        Side { units, values: numbers("values"), yes: numbers("yes"), stratum: numbers("stratum") }
    }

    fn arm(&self) -> Arm<'_> {
        Arm::of_units(&self.values, &self.units)
    }

    fn within(&self, stratum: f64) -> (Vec<f64>, Vec<u32>) {
        let rows = (0..self.values.len()).filter(|row| self.stratum[*row] == stratum);
        rows.map(|row| (self.values[row], self.units[row])).unzip()
    }
}

fn reference() -> Value {
    serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/shared_units.json"))).unwrap()
}

/// Whatever of value, interval, error and p the reference has.
#[track_caller]
fn same(got: &Contrast, want: &Value) {
    let at = got.interval(Confidence::P95);
    let p = got.p_value(got.scale().nothing());
    for (name, got) in [("value", at.value), ("low", at.low), ("high", at.high), ("error", got.error().unwrap()), ("p", p)] {
        if let Some(want) = want[name].as_f64() {
            assert!((got - want).abs() < 1e-9 * want.abs().max(1e-3), "{name}: {got} is not {want}");
        }
    }
}

/// statsmodels' least squares with errors by cluster, of units with three rows in one arm and two in the other.
#[test]
fn units_in_both_arms_as_statsmodels_has_them() {
    let reference = reference();
    let [a, b] = [0, 1].map(|arm| Side::of(&reference["input"]["even"][arm]));
    same(&mean::mean_difference(&a.arm(), &b.arm()).unwrap(), &reference["expected"]["least_squares"]);
}

/// Some units in both arms, some in one, of one to many rows: the definitions, in numpy.
#[test]
fn units_some_of_which_are_in_both_arms_as_defined() {
    let reference = reference();
    let want = &reference["expected"];
    let [a, b] = [0, 1].map(|arm| Side::of(&reference["input"]["uneven"][arm]));
    same(&mean::mean_difference(&a.arm(), &b.arm()).unwrap(), &want["mean"]["difference"]);
    same(&mean::mean_ratio(&a.arm(), &b.arm()).unwrap(), &want["mean"]["ratio"]);
    let (x, y) = (Arm::of_units(&a.yes, &a.units), Arm::of_units(&b.yes, &b.units));
    same(&share::share_difference(&x, &y).unwrap(), &want["share"]);
    same(&ordinal::superiority(&a.arm(), &b.arm()).unwrap(), &want["superiority"]);
    let strata: Vec<(f64, Contrast)> = [0.0, 1.0, 2.0]
        .map(|stratum| {
            let (first, second) = (a.within(stratum), b.within(stratum));
            let rows = (first.0.len() + second.0.len()) as f64;
            (rows, mean::mean_difference(&Arm::of_units(&first.0, &first.1), &Arm::of_units(&second.0, &second.1)).unwrap())
        })
        .into();
    let together = combined(&strata.iter().map(|(weight, contrast)| (*weight, contrast)).collect::<Vec<_>>()).unwrap();
    same(&together, &want["strata"]);
    let units = |side: &Side| side.units.chunk_by(|a, b| a == b).count() as u64;
    assert_eq!(together.units(), [units(&a), units(&b)]);
}

#[test]
fn units_that_all_differ_by_the_same_leave_no_error_and_say_so() {
    let units: Vec<u32> = (0..30).map(|row| row / 3).collect();
    let first: Vec<f64> = units.iter().map(|unit| f64::from(unit * unit)).collect();
    let second: Vec<f64> = first.iter().map(|value| value + 0.1).collect();
    let (a, b) = (Arm::of_units(&first, &units), Arm::of_units(&second, &units));
    let yes = first.iter().map(|value| f64::from(u8::from(*value > 20.0))).collect::<Vec<_>>();
    let yes = Arm::of_units(&yes, &units);
    for contrast in [mean::mean_difference(&a, &b), share::share_difference(&yes, &yes), quantile::quantile_difference(&a, &b, 0.5)] {
        assert_eq!(contrast.unwrap_err(), ContrastError::Alike { shared: 10 });
    }
    // In one stratum the one way and in the other the other way round: in each there is an error, in both together none.
    let third: Vec<f64> = units.iter().map(|unit| f64::from(unit % 4)).collect();
    let c = Arm::of_units(&third, &units);
    let (there, back) = (mean::mean_difference(&a, &c).unwrap(), mean::mean_difference(&c, &a).unwrap());
    assert_eq!(combined(&[(1.0, &there), (1.0, &back)]).unwrap_err(), ContrastError::Alike { shared: 10 });
}

fn rows() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(1..30_u8, 1..6), 8..25)
}

/// The rows with units that have every third number, from `first` on.
fn numbered(rows: &[Vec<u8>], first: u32) -> (Vec<f64>, Vec<u32>) {
    let values = rows.iter().flatten().map(|value| f64::from(*value) / 4.0).collect();
    (values, (0_u32..).zip(rows).flat_map(|(unit, rows)| vec![unit * 3 + first; rows.len()]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// To the last bit: what was told of arms of different people is told of them still, however they are numbered.
    #[test]
    fn arms_without_a_common_unit_have_the_errors_of_either(a in rows(), b in rows()) {
        let first = numbered(&a, 0);
        let all = |second: &(Vec<f64>, Vec<u32>)| -> Vec<Contrast> {
            let (x, y) = (Arm::of_units(&first.0, &first.1), Arm::of_units(&second.0, &second.1));
            let yes = |of: &[f64]| of.iter().map(|value| f64::from(u8::from(*value > 3.0))).collect::<Vec<f64>>();
            let (yes_x, yes_y) = (yes(&first.0), yes(&second.0));
            let (one, other) = (Arm::of_units(&yes_x, x.units.unwrap()), Arm::of_units(&yes_y, y.units.unwrap()));
            [mean::mean_difference(&x, &y), mean::mean_ratio(&x, &y), share::share_difference(&one, &other), quantile::quantile_difference(&x, &y, 0.5), ordinal::superiority(&x, &y)]
                .into_iter().flatten().collect()
        };
        let (between, beyond) = (all(&numbered(&b, 1)), all(&numbered(&b, 1_000)));
        for (one, other) in between.iter().zip(&beyond) {
            prop_assert_eq!(one.interval(Confidence::P95), other.interval(Confidence::P95));
            prop_assert_eq!(one.p_value(0.3).to_bits(), other.p_value(0.3).to_bits());
        }
        let second = numbered(&b, 1);
        let [x, y] = [&first, &second].map(|of| Summed::mean(&Arm::of_units(&of.0, &of.1)).unwrap().of);
        let mean = mean::mean_difference(&Arm::of_units(&first.0, &first.1), &Arm::of_units(&second.0, &second.1)).unwrap();
        prop_assert_eq!(mean.error().unwrap().to_bits(), (x.variance + y.variance).sqrt().to_bits());
        prop_assert_eq!(mean.law.freedom(), units::freedom(&x, &y));
    }

    /// Units in both arms, in the order in which they stand and in another.
    #[test]
    fn the_order_of_units_does_not_matter(a in rows(), b in rows()) {
        let turned = |rows: &[Vec<u8>]| {
            let (values, units) = numbered(rows, 0);
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by_key(|row| std::cmp::Reverse(units[*row]));
            (order.iter().map(|row| values[*row]).collect::<Vec<f64>>(), order.iter().map(|row| units[*row]).collect::<Vec<u32>>())
        };
        let of = |a: &(Vec<f64>, Vec<u32>), b: &(Vec<f64>, Vec<u32>)| mean::mean_difference(&Arm::of_units(&a.0, &a.1), &Arm::of_units(&b.0, &b.1)).unwrap();
        let (one, other) = (of(&numbered(&a, 0), &numbered(&b, 0)), of(&turned(&a), &turned(&b)));
        prop_assert!((one.error().unwrap() / other.error().unwrap() - 1.0).abs() < 1e-9 && (one.p_value(0.1) - other.p_value(0.1)).abs() < 1e-9);
    }
}
