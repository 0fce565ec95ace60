//! Fits against lifelines and statsmodels, against definitions, and what is refused.

use rand::{RngExt, SeedableRng};

use super::*;
use crate::design::Covariate;
use crate::spell::reference::{Reference, close};

const P95: Confidence = Confidence::P95;

struct Known {
    reference: Reference,
    design: Design,
    clusters: Vec<u64>,
    strata: Vec<u32>,
    event: Vec<bool>,
}

impl Known {
    fn read() -> Self {
        let reference = Reference::read();
        let x = reference.numbers("input.x");
        let column = |j: usize| -> Vec<f64> { x.iter().skip(j).step_by(3).copied().collect() };
        let (a, b, c) = (column(0), column(1), column(2));
        let covariates = [Covariate::numeric("a", &a), Covariate::numeric("b", &b), Covariate::numeric("c", &c)];
        let design = Design::new(a.len(), &covariates).unwrap().raw();
        let clusters = reference.numbers("input.cluster").into_iter().map(|c| c as u64).collect();
        let (strata, event) = (reference.codes("input.stratum"), reference.events());
        Known { reference, design, clusters, strata, event }
    }

    fn numbers(&self, path: &str) -> Vec<f64> {
        self.reference.numbers(&format!("expected.cox.{path}"))
    }

    #[track_caller]
    fn check(&self, name: &str, fit: &Cox) {
        close(name, fit.coefficients.iter().copied(), &self.numbers(&format!("{name}.beta")));
        close(name, fit.covariance.iter().copied(), &self.numbers(&format!("{name}.covariance")));
        close(name, [fit.log_likelihood], &self.numbers(&format!("{name}.log_likelihood")));
    }
}

#[test]
fn ties_strata_and_entries_as_statsmodels_has_them() {
    let known = Known::read();
    let (tied, entry) = (known.reference.numbers("input.tied"), known.reference.numbers("input.entry"));
    let spells = Spells::new(&tied, &known.event).unwrap();
    let with = CoxOptions { clusters: Some(&known.clusters), ..CoxOptions::default() };
    let efron = cox(&known.design, &spells, with).unwrap();
    known.check("efron", &efron);
    close("robust", efron.robust.unwrap().iter().copied(), &known.numbers("efron.robust"));
    let breslow = cox(&known.design, &spells, CoxOptions { ties: Ties::Breslow, ..with }).unwrap();
    known.check("breslow", &breslow);
    close("robust", breslow.robust.unwrap().iter().copied(), &known.numbers("breslow.robust"));
    let strata = CoxOptions { strata: Some(&known.strata), ..CoxOptions::default() };
    known.check("strata", &cox(&known.design, &spells, strata).unwrap());
    let entered = cox(&known.design, &spells.entering(&entry).unwrap(), with).unwrap();
    known.check("entered", &entered);
    close("robust", entered.robust.unwrap().iter().copied(), &known.numbers("entered.robust"));
}

#[test]
fn clusters_weights_and_likelihoods_as_lifelines_has_them() {
    let known = Known::read();
    let (tied, untied) = (known.reference.numbers("input.tied"), known.reference.numbers("input.untied"));
    let weight = known.reference.numbers("input.weight");
    let fit = |exit: &[f64], weight: Option<&[f64]>, clusters: Option<&[u64]>| {
        let spells = Spells::new(exit, &known.event).unwrap();
        let spells = weight.map_or(spells, |weight| spells.weighing(weight).unwrap());
        cox(&known.design, &spells, CoxOptions { clusters, ..CoxOptions::default() }).unwrap()
    };
    let check = |name: &str, fit: &Cox| {
        close(name, fit.coefficients.iter().copied(), &known.numbers(&format!("{name}.beta")));
        close(name, fit.used().diagonal().iter().map(|v| v.sqrt()), &known.numbers(&format!("{name}.error")));
    };
    let efron = fit(&tied, None, None);
    check("efron_lifelines", &efron);
    close("ratio", [efron.likelihood_ratio().unwrap().0], &known.numbers("efron_lifelines.log_likelihood_ratio"));
    check("untied_clusters", &fit(&untied, None, Some(&known.clusters)));
    check("untied_weighted", &fit(&untied, Some(&weight), None));
    close("weighted", fit(&tied, Some(&weight), None).coefficients.iter().copied(), &known.numbers("weighted_beta"));
}

#[test]
fn departures_from_proportionality_as_lifelines_has_them() {
    let known = Known::read();
    let check = |name: &str, times: &str, clock: Clock| {
        let exit = known.reference.numbers(&format!("input.{times}"));
        let spells = Spells::new(&exit, &known.event).unwrap();
        let options = CoxOptions { proportionality: Some(clock), ..CoxOptions::default() };
        let test = cox(&known.design, &spells, options).unwrap().proportionality.unwrap();
        close(name, test.columns.iter().map(|c| c.statistic), &known.numbers(&format!("{name}.statistic")));
        close(name, test.columns.iter().map(|c| c.p_value), &known.numbers(&format!("{name}.p")));
        close(name, [test.statistic], &known.numbers(&format!("{name}.global")));
    };
    check("rank", "untied", Clock::Rank);
    check("km", "tied", Clock::KaplanMeier);
    check("time", "tied", Clock::Time);
}

/// More rows than a block, with ties that span blocks, in strata, with entries: the pieces must join without a seam. The model is the same when every row
/// is cut in two at a time between.
#[test]
fn pieces_join_and_a_life_cut_in_two_is_the_same_life() {
    let n = 40_000_u32;
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let mut uniform = || -> Vec<f64> { (0..n).map(|_| random.random()).collect() };
    let (a, b, late, kept, between) = (uniform(), uniform(), uniform(), uniform(), uniform());
    let exit: Vec<f64> = a.iter().zip(&late).map(|(a, u)| (1.0 - 6.0 * (1.0 - u).ln() * (-a).exp()).floor().min(12.0)).collect();
    let event: Vec<bool> = exit.iter().zip(&kept).map(|(exit, u)| *exit < 12.0 && *u < 0.8).collect();
    let strata: Vec<u32> = (0..n).map(|i| i % 3 % 2).collect();
    let design = |rows: &[usize]| {
        let column = |of: &[f64]| -> Vec<f64> { rows.iter().map(|i| of[*i]).collect() };
        let (a, b) = (column(&a), column(&b));
        Design::new(rows.len(), &[Covariate::numeric("a", &a), Covariate::numeric("b", &b)]).unwrap().raw()
    };
    let whole: Vec<usize> = (0..n as usize).collect();
    let ids: Vec<u64> = (0..u64::from(n)).collect();
    let options = CoxOptions { strata: Some(&strata), clusters: Some(&ids), ..CoxOptions::default() };
    let one = cox(&design(&whole), &Spells::new(&exit, &event).unwrap(), options).unwrap();

    let twice: Vec<usize> = whole.iter().chain(&whole).copied().collect();
    let cut: Vec<f64> = (0..n).map(|i| 0.25 + 0.5 * between[i as usize] + f64::from(i % 7)).collect();
    let halves = |i: usize, second: bool| match (exit[i] > cut[i], second) {
        (true, false) => (0.0, cut[i], false),
        (true, true) => (cut[i], exit[i], event[i]),
        // Too short to be cut: an empty watch stands for the second half.
        (false, false) => (0.0, exit[i].max(0.1), event[i]),
        (false, true) => (0.0, 0.05, false),
    };
    let rows: Vec<(f64, f64, bool)> = twice.iter().enumerate().map(|(at, i)| halves(*i, at >= n as usize)).collect();
    let entry: Vec<f64> = rows.iter().map(|row| row.0).collect();
    let until: Vec<f64> = rows.iter().map(|row| row.1).collect();
    let happened: Vec<bool> = rows.iter().map(|row| row.2).collect();
    let strata: Vec<u32> = twice.iter().map(|i| strata[*i]).collect();
    let ids: Vec<u64> = twice.iter().map(|i| *i as u64).collect();
    let options = CoxOptions { strata: Some(&strata), clusters: Some(&ids), ..CoxOptions::default() };
    let spells = Spells::new(&until, &happened).unwrap().entering(&entry).unwrap();
    let two = cox(&design(&twice), &spells, options).unwrap();
    assert!((one.log_likelihood - two.log_likelihood).abs() < 1e-6 * one.log_likelihood.abs());
    close("coefficients", two.coefficients.iter().copied(), one.coefficients.as_slice());
    let errors = |fit: &Cox| -> Vec<f64> { fit.robust.as_ref().unwrap().diagonal().iter().map(|v| 1e3 * v.sqrt()).collect() };
    close("robust errors", errors(&two), &errors(&one));
    let errors = |fit: &Cox| -> Vec<f64> { fit.covariance.diagonal().iter().map(|v| 1e3 * v.sqrt()).collect() };
    close("errors", errors(&two), &errors(&one));
    assert!((one.coefficients[0] - 1.0).abs() < 0.2, "{}", one.coefficients[0]);
}

fn fit(x: &[f64], exit: &[f64], event: &[bool], options: CoxOptions<'_>) -> Result<Cox, CoxError> {
    let design = Design::new(x.len(), &[Covariate::numeric("loss", x)]).unwrap();
    cox(&design, &Spells::new(exit, event).unwrap(), options)
}

#[test]
fn what_has_no_answer_is_refused_and_named() {
    let exit: Vec<f64> = (1..=12).map(f64::from).collect();
    let x: Vec<f64> = (0..12).map(|i| f64::from(i % 5)).collect();
    let error = |x: &[f64], event: &[bool]| fit(x, &exit, event, CoxOptions::default()).unwrap_err().to_string();
    assert_eq!(error(&x, &[false; 12]), "all 12 spells are censored: without an event no hazards can be compared");
    assert_eq!(error(&[7.0; 12], &[true; 12]), "there is no covariate to compare hazards by: 1 columns were left out of the design");
    // Whoever loses more always goes first.
    let sorted: Vec<f64> = (0..12).rev().map(f64::from).collect();
    let separated = "loss separates those with the event from those without at every time: its coefficient has no finite estimate";
    assert_eq!(error(&sorted, &[true; 12]), separated);
    let half: Vec<f64> = (0..12).map(|i| f64::from(u8::from(i < 6))).collect();
    let first: Vec<bool> = (0..12).map(|i| i < 6).collect();
    assert_eq!(error(&half, &first), separated);
    assert!(
        fit(&sorted, &exit, &[true; 12], CoxOptions { penalty: Penalty::Ridge(1.0), ..CoxOptions::default() }).unwrap().coefficients[0]
            > 0.5
    );
    let strata: Vec<u32> = x.iter().map(|x| *x as u32).collect();
    let error = fit(&x, &exit, &[true; 12], CoxOptions { strata: Some(&strata), ..CoxOptions::default() }).unwrap_err();
    assert_eq!(error.to_string(), "loss does not vary among those who are at risk together when an event happens: it has no coefficient");
    let error = fit(&x, &exit, &[true; 12], CoxOptions { strata: Some(&[0; 3]), ..CoxOptions::default() }).unwrap_err();
    assert_eq!(error, CoxError::Spells(SpellError::Length { what: "strata", got: 3, rows: 12 }));
    // Every event is its own and only risk set.
    let error = fit(&[1.0, 2.0], &[1.0, 2.0], &[false, true], CoxOptions::default()).unwrap_err();
    assert!(matches!(error, CoxError::Uninformative { .. }), "{error}");
}

#[test]
fn ratios_are_told_in_a_covariates_own_units() {
    let exit: Vec<f64> = (0..200).map(|i| f64::from((i * 37) % 101) + 1.0).collect();
    let x: Vec<f64> = (0..200).map(|i| f64::from((i * 53) % 17) * 10.0).collect();
    let model = fit(&x, &exit, &[true; 200], CoxOptions::default()).unwrap();
    let spells = Spells::new(&exit, &[true; 200]).unwrap();
    let raw = cox(&Design::new(200, &[Covariate::numeric("loss", &x)]).unwrap().raw(), &spells, CoxOptions::default()).unwrap();
    let (ten, of_raw) = (model.hazard_ratio(0, 10.0, P95).unwrap(), raw.hazard_ratio(0, 10.0, P95).unwrap());
    close("ratio", [ten.value, ten.low, ten.high], &[of_raw.value, of_raw.low, of_raw.high]);
    let less = model.hazard_ratio(0, -10.0, P95).unwrap();
    close("ratio", [less.value, less.low, less.high], &[1.0 / ten.value, 1.0 / ten.high, 1.0 / ten.low]);
    assert_eq!(model.hazard_ratio(1, 1.0, P95), None);
    assert!((model.p_value(0).unwrap() - raw.p_value(0).unwrap()).abs() < 1e-9);
    // Too few clusters carry no sandwich.
    let options = CoxOptions { clusters: Some(&[0; 200]), ..CoxOptions::default() };
    assert!(fit(&x, &exit, &[true; 200], options).unwrap().robust.is_none());
}
