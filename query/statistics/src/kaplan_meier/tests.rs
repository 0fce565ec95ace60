//! Curves against lifelines, statsmodels and scipy, by hand, and by their properties.

use proptest::prelude::*;

use super::*;
use crate::spell::reference::{Reference, close};

const P95: Confidence = Confidence::P95;

fn curve(exit: &[f64], event: &[bool]) -> KaplanMeier {
    KaplanMeier::new(&Spells::new(exit, event).unwrap()).unwrap()
}

/// The values of statsmodels, as the documentation of the crate symplex has them.
#[test]
fn the_golden_curve_of_eight() {
    let curve = curve(&[3.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 12.0], &[true, false, true, true, false, true, true, false]);
    let at = |time: f64| curve.at(time, P95).unwrap().value;
    close("S", [at(3.0), at(6.0), at(7.0), at(8.0)], &[0.875, 0.729_166_7, 0.583_333_3, 0.583_333_3]);
    assert_eq!(curve.median(P95).value, Some(10.0));
    assert_eq!([0.0, 3.0, 3.5, 12.0, 12.5].map(|time| curve.at_risk(time)), [8, 8, 7, 2, 0]);
}

#[test]
fn curves_intervals_and_medians_as_lifelines_statsmodels_and_scipy_have_them() {
    let known = Reference::read();
    let (exit, event) = (known.numbers("input.tied"), known.events());
    let curve = curve(&exit, &event);
    let times = known.numbers("expected.curves.times");
    let at = |curve: &KaplanMeier| -> Vec<Estimate> { times.iter().map(|time| curve.at(*time, P95).unwrap()).collect() };
    close("S", at(&curve).iter().map(|s| s.value), &known.numbers("expected.curves.survival"));
    // Before the first event lifelines gives 1 to 1; here Wilson's interval stands.
    close("low", at(&curve)[1..].iter().map(|s| s.low), &known.numbers("expected.curves.low")[1..]);
    close("high", at(&curve).iter().map(|s| s.high), &known.numbers("expected.curves.high"));
    let error = curve.steps().iter().map(|step| step.survival * step.log_variance.unwrap().sqrt());
    close("error", error, &known.numbers("expected.curves.error"));
    close("at risk", curve.steps().iter().map(|step| step.at_risk as f64), &known.numbers("expected.curves.at_risk"));
    let median = curve.median(P95);
    close("median", [median.value, median.low, median.high].map(Option::unwrap), &known.numbers("expected.curves.median"));
    let plain = curve.by(Transform::Plain);
    close("plain low", at(&plain)[1..].iter().map(|s| s.low), &known.numbers("expected.curves.plain_low")[1..]);
    close("plain high", at(&plain).iter().map(|s| s.high), &known.numbers("expected.curves.plain_high"));
}

#[test]
fn entries_weights_and_means_as_lifelines_and_the_definitions_have_them() {
    let known = Reference::read();
    let (exit, event) = (known.numbers("input.tied"), known.events());
    let (entry, weight) = (known.numbers("input.entry"), known.numbers("input.weight"));
    let spells = Spells::new(&exit, &event).unwrap();
    let times = known.numbers("expected.curves.times");
    let values = |curve: &KaplanMeier| -> Vec<f64> { times.iter().map(|time| curve.at(*time, P95).unwrap().value).collect() };
    let entered = KaplanMeier::new(&spells.entering(&entry).unwrap()).unwrap();
    close("entered", values(&entered), &known.numbers("expected.curves.entered"));
    let weighted = KaplanMeier::new(&spells.weighing(&weight).unwrap()).unwrap();
    close("weighted", values(&weighted), &known.numbers("expected.curves.weighted"));
    let variance = times[1..].iter().map(|time| {
        let at = weighted.steps().partition_point(|step| step.time <= *time) - 1;
        weighted.steps()[at].log_variance.unwrap()
    });
    close("variance", variance, &known.numbers("expected.curves.weighted_log_variance")[1..]);
    let horizon = known.number("expected.curves.horizon");
    let mean = |curve: &KaplanMeier| curve.restricted_mean(horizon, P95).unwrap();
    let all = mean(&KaplanMeier::new(&spells).unwrap());
    let want = |names: [&str; 2]| names.map(|name| known.number(&format!("expected.curves.{name}")));
    close("mean", [all.mean.value, all.standard_error], &want(["restricted_mean", "restricted_mean_error"]));
    let by_weight = mean(&weighted);
    close("weighted mean", [by_weight.mean.value, by_weight.standard_error], &want(["weighted_mean", "weighted_mean_error"]));
    close("entered mean", [mean(&entered).mean.value], &[known.number("expected.curves.entered_mean")]);
}

#[test]
fn before_the_first_event_and_after_the_last_intervals_are_not_points() {
    let curve = curve(&[2.0, 2.0, 2.0, 5.0], &[true, true, true, true]);
    let start = curve.at(1.0, P95).unwrap();
    assert!(start.value == 1.0 && start.low < 0.6 && start.high == 1.0, "{start:?}");
    let end = curve.at(9.0, P95).unwrap();
    assert!(end.value == 0.0 && end.low == 0.0 && end.high == curve.at(2.0, P95).unwrap().high && end.high > 0.25, "{end:?}");
    let at_once = self::curve(&[2.0, 2.0], &[true, true]).at(2.0, P95).unwrap();
    assert!(at_once.value == 0.0 && at_once.high > 0.5, "{at_once:?}");
}

#[test]
fn what_was_not_seen_is_not_said() {
    let censored = curve(&[1.0, 2.0, 3.0], &[false, false, false]);
    assert_eq!(censored.at(3.5, P95), None);
    assert_eq!(censored.at(-1.0, P95), None);
    assert_eq!(censored.at(f64::NAN, P95), None);
    assert!(censored.at(3.0, P95).unwrap().low < 0.3);
    assert_eq!(censored.median(P95), Quantile { value: None, low: None, high: None, n: 3 });
    let message = |horizon: f64| censored.restricted_mean(horizon, P95).unwrap_err().to_string();
    assert_eq!(message(4.0), "the mean until 4 cannot be told: the curve is known from 0 to 3");
    assert_eq!(message(2.0), "the mean until 2 has no uncertainty that could be told: 0 events among 3 spells");
    // One who had the event has a mean, but nothing varies.
    assert!(matches!(curve(&[1.0], &[true]).restricted_mean(2.0, P95), Err(KaplanMeierError::NoSpread { .. })));
    let weights = [1.0, 2.0];
    let spells = Spells::new(&[2.0, 3.0], &[true, false]).unwrap().entering(&[0.0, 1.0]).unwrap().weighing(&weights).unwrap();
    assert_eq!(KaplanMeier::new(&spells).unwrap_err(), KaplanMeierError::WeightedEntry);
}

#[test]
fn a_million_steps_are_drawn_by_five_hundred_points() {
    let n = 100_000;
    let exit: Vec<f64> = (0..n).map(|i| f64::from((i * 7919) % n) + 1.0).collect();
    let event: Vec<bool> = (0..n).map(|i| i % 3 != 0).collect();
    let curve = curve(&exit, &event);
    let points = curve.curve(500, P95);
    assert!(points.len() <= 500 && points.len() > 450, "{}", points.len());
    assert_eq!(points.last().unwrap().time, curve.steps().last().unwrap().time);
    assert!(points.windows(2).all(|pair| pair[0].time < pair[1].time && pair[0].survival.value > pair[1].survival.value));
    assert_eq!(curve.curve(n as usize, P95).len(), curve.steps().len());
}

/// The obvious curve: every row looked at for every time.
fn slowly(exit: &[f64], event: &[bool], until: f64) -> f64 {
    let mut times: Vec<f64> = exit.iter().zip(event).filter(|(t, e)| **e && **t <= until).map(|(t, _)| *t).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let left = |time: &f64| {
        let at_risk = exit.iter().filter(|exit| *exit >= time).count() as f64;
        1.0 - exit.iter().zip(event).filter(|(exit, event)| **event && *exit == time).count() as f64 / at_risk
    };
    times.iter().map(left).product()
}

proptest! {
    #[test]
    fn a_curve_is_the_obvious_one_and_weights_of_one_change_nothing(rows in prop::collection::vec((0..12_u8, any::<bool>()), 1..60)) {
        let exit: Vec<f64> = rows.iter().map(|(t, _)| f64::from(*t)).collect();
        let event: Vec<bool> = rows.iter().map(|(_, e)| *e).collect();
        let ones = vec![1.0; exit.len()];
        let spells = Spells::new(&exit, &event).unwrap();
        let (plain, weighted) = (KaplanMeier::new(&spells).unwrap(), KaplanMeier::new(&spells.weighing(&ones).unwrap()).unwrap());
        for time in 0..12 {
            let (time, got) = (f64::from(time), plain.at(f64::from(time), P95));
            if let Some(got) = got {
                prop_assert!((got.value - slowly(&exit, &event, time)).abs() < 1e-12);
                prop_assert!(0.0 <= got.low && got.low <= got.value && got.value <= got.high && got.high <= 1.0);
                prop_assert!(got.low < got.high);
            }
            prop_assert_eq!(got.is_some(), weighted.at(time, P95).is_some());
        }
        // Greenwood's variance is the infinitesimal jackknife when all weigh the same.
        for (a, b) in plain.steps().iter().zip(weighted.steps()) {
            prop_assert_eq!(a.log_variance.is_some(), b.log_variance.is_some());
            if let Some((a, b)) = a.log_variance.zip(b.log_variance) {
                prop_assert!((a - b).abs() < 1e-9 * a.max(1.0), "{} {}", a, b);
            }
        }
        let means = (plain.restricted_mean(5.0, P95), weighted.restricted_mean(5.0, P95));
        if let (Ok(a), Ok(b)) = means {
            prop_assert!((a.standard_error - b.standard_error).abs() < 1e-9 && (a.mean.value - b.mean.value).abs() < 1e-9);
            prop_assert!(a.mean.value <= 5.0);
        }
    }
}
