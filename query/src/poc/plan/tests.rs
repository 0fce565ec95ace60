//! What a plan says, of rows and of what is supposed.

use super::*;
use crate::Definitions;
use crate::poc::metric::with_margins;
use crate::poc::spec::Columns;
use crate::statistics::Confidence;
use std::fmt::Write as _;

fn poc(metrics: &[&str], margins: &[(&str, f64)]) -> Poc {
    let metrics = metrics.iter().map(|metric| Metric::parse(metric).unwrap()).collect();
    let margins: Vec<(String, f64)> = margins.iter().map(|(name, margin)| ((*name).to_owned(), *margin)).collect();
    Poc {
        name: "t".into(),
        arms: vec!["a".into(), "b".into()],
        allocation: None,
        services: vec![],
        scenarios: vec![],
        columns: Columns { arm: "vendor".into(), unit: None, pair: None, strata: vec![], time: None, session: None },
        randomised: Randomised::Call,
        metrics: with_margins(metrics, &margins).unwrap(),
        claims: vec![],
        minimum_days: 0.0,
        stopping: Stopping::Fixed,
        level: Confidence::P95,
        power: 0.8,
        scorecard: Default::default(),
    }
}

fn question(poc: Poc, assumed: &[&str]) -> PlanQuestion {
    let assumed = assumed.iter().map(|assumed| assumed.parse().unwrap()).collect();
    PlanQuestion { poc, assumed, per_day: Some(100.0), condition: None }
}

async fn of_rows(question: &PlanQuestion, rows: &str) -> Result<Plan, PlanError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, rows).unwrap();
    question.ask(Some(&Input::file(&path, &Definitions::default()).await.unwrap())).await
}

fn units(needs: &Needs) -> (u64, u64) {
    (needs.alone.as_ref().unwrap().units, needs.first.as_ref().unwrap().units)
}

/// statsmodels: TTestIndPower gives 1005.6 a side for 50 of 400, samplesize_proportions_2indep_onetail 10,795 for 0.98 and 0.985 (the nearer to a half, 0.975,
/// takes more).
#[test]
fn what_is_supposed_is_planned_as_elsewhere() {
    let poc = poc(&["connect_ms:lower", "joined:higher:share"], &[("connect_ms", 50.0), ("joined", 0.005)]);
    let plan = question(poc, &["connect_ms=sd:400", "joined=share:0.98"]).plan(None).unwrap();
    let [connect, joined] = [0, 1].map(|at| plan.metrics[at].planned.clone().unwrap());
    assert_eq!(units(&connect.difference).0, 2 * 1006);
    assert_eq!((plan.tests, plan.first_alpha), (2, 0.025_000_000_000_000_022));
    assert!(units(&connect.difference).1 > 2 * 1006 && units(&connect.equivalence).0 > units(&connect.non_inferiority).0);
    assert!(units(&joined.difference).0 > 2 * 10_795 && units(&joined.difference).0 < 2 * 15_000, "{:?}", joined.difference);
    let decides = plan.decides.unwrap();
    assert_eq!(decides.units, units(&joined.difference).1);
    assert_eq!(decides.days, Some((decides.units as f64 / 100.0).ceil()));
}

#[test]
fn what_is_not_known_is_said() {
    let why = |poc: Poc, assumed: &[&str]| question(poc, assumed).plan(None).unwrap().metrics[0].planned.clone().unwrap_err().to_string();
    assert!(why(poc(&["x:lower"], &[]), &["x=sd:1"]).contains("--margin x=VALUE"));
    assert!(why(poc(&["x:lower"], &[("x", 1.0)]), &[]).contains("--assume x=sd:400"));
    assert!(why(poc(&["x:lower:p95"], &[("x", 1.0)]), &["x=sd:4"]).contains("density"));
    assert!(why(poc(&["x:higher:share"], &[("x", 0.9)]), &["x=share:0.5"]).contains("more than a share of 0.5 can move"));
    let error = question(poc(&["x:lower"], &[("x", 1.0)]), &["y=sd:4"]);
    assert!(matches!(tokio::runtime::Runtime::new().unwrap().block_on(error.ask(None)), Err(PlanError::Stray { .. })));
    let mut alone = poc(&["x:lower"], &[("x", 1.0)]);
    alone.arms = vec!["a".into()];
    assert!(matches!(question(alone, &["x=sd:1"]).plan(None), Err(PlanError::OneVendor { .. })));
}

#[test]
fn pairs_that_go_together_and_looking_at_any_time_change_n() {
    let mut paired = poc(&["x:lower"], &[("x", 0.5)]);
    paired.randomised = Randomised::PairedRun;
    let plan = question(paired, &["x=sd:1"]).plan(None).unwrap();
    let needs = plan.metrics[0].planned.clone().unwrap().difference;
    // TTestPower of 0.5: 33.4 pairs.
    assert_eq!(needs.alone.unwrap().per_arm, [34, 34]);
    let mut any_time = poc(&["x:lower"], &[("x", 0.5)]);
    let fixed = question(any_time.clone(), &["x=sd:1"]).plan(None).unwrap();
    any_time.stopping = Stopping::AnyTime { narrowest_at: 500.0 };
    let looked = question(any_time, &["x=sd:1"]).plan(None).unwrap();
    assert!(looked.looking > 1.5 && looked.decides.unwrap().units > fixed.decides.unwrap().units);
}

#[test]
fn shares_that_differ_take_more() {
    let mut skewed = poc(&["x:lower"], &[("x", 0.5)]);
    let alike = question(skewed.clone(), &["x=sd:1"]).plan(None).unwrap().decides.unwrap();
    skewed.allocation = Some(vec![0.2, 0.8]);
    let need = question(skewed, &["x=sd:1"]).plan(None).unwrap().decides.unwrap();
    assert!(need.units > alike.units && need.per_arm[1] >= 4 * need.per_arm[0] - 4, "{need:?}");
}

/// Users of five alike calls: five times the rows it takes of calls that stand for themselves.
#[tokio::test]
async fn rows_that_go_together_count_as_they_are_worth() {
    let mut rows = String::from("vendor,user,x,joined,at\n");
    for user in 0..200 {
        for call in 0..5 {
            let x = (user * 37 % 101) as f64;
            writeln!(rows, "{},u{user},{x},{},2026-11-{:02}T0{call}:00:00Z", ["a", "b"][user % 2], u8::from(user % 20 != 0), 1 + user / 20)
                .unwrap();
        }
    }
    let mut poc = poc(&["x:lower", "joined:higher"], &[("x", 5.0), ("joined", 0.03)]);
    poc.columns.time = Some("at".into());
    let alone = of_rows(&question(poc.clone(), &[]), &rows).await.unwrap();
    poc.columns.unit = Some("user".into());
    let plan = of_rows(&PlanQuestion { per_day: None, ..question(poc, &[]) }, &rows).await.unwrap();
    let (one, many) = (alone.metrics[0].planned.clone().unwrap(), plan.metrics[0].planned.clone().unwrap());
    assert!((many.effect - 5.0).abs() < 0.1 && one.effect == 1.0, "{} {}", many.effect, one.effect);
    assert_eq!(many.rows_per_unit, 5.0);
    assert!((many.deviation / one.deviation - 1.0).abs() < 0.02);
    assert_eq!(plan.metrics[1].kind, MetricKind::Share);
    let seen = plan.seen.unwrap();
    assert_eq!((seen.rows, seen.units), (1000, 200));
    assert!((plan.per_day.unwrap() - 200.0 / seen.days.unwrap()).abs() < 1e-9);
    let share = plan.metrics[1].planned.clone().unwrap();
    assert!((share.value.unwrap() - 0.95).abs() < 1e-12 && (share.effect - 5.0).abs() < 0.3, "{share:?}");
}

#[tokio::test]
async fn bad_rows_say_what_is_wrong_with_them() {
    let ask = |metric: &'static str, margin: f64, rows: &'static str| async move {
        let poc = poc(&[metric], &[(metric.split(':').next().unwrap(), margin)]);
        of_rows(&question(poc, &[]), rows).await.unwrap().metrics[0].planned.clone().unwrap_err().to_string()
    };
    assert!(ask("x:lower", 1.0, "vendor,x\na,1\na,2\nb,\nb,\n").await.contains("b has no row in which it was measured"));
    assert!(ask("x:lower", 1.0, "vendor,x\na,3\na,3\nb,3\nb,3\n").await.contains("nothing varies"));
    assert!(ask("x:lower:share", 0.1, "vendor,x\na,1\na,1\nb,1\nb,1\n").await.contains("suppose one"));
    let few = of_rows(&question(poc(&["x:lower"], &[("x", 1.0)]), &[]), "vendor,x\na,1\nb,2\n").await.unwrap();
    assert!(few.metrics[0].planned.is_err());
}

#[tokio::test]
async fn claims_are_shares_that_are_to_be_shown() {
    let mut rows = String::from("vendor,connect_ms,joined\n");
    for row in 0..2_000 {
        writeln!(rows, "{},{},{}", ["a", "b"][row % 2], 300 + row * 331 % 300 + if row % 50 == 0 { 500 } else { 0 }, u8::from(row != 7))
            .unwrap();
    }
    let mut poc = poc(&["connect_ms:lower"], &[("connect_ms", 50.0)]);
    let claim = |hypothesis| Claim { said: "said".into(), arm: None, hypothesis };
    use crate::poc::spec::{Claim, Hypothesis, Side};
    poc.claims = vec![
        claim(Hypothesis::Share { what: "joined".into(), bound: 0.9999, side: Side::AtLeast }),
        claim(Hypothesis::Quantiles { what: "connect_ms".into(), quantiles: vec![0.5, 0.95], bound: 600.0, side: Side::AtMost }),
        claim(Hypothesis::Mean { what: "connect_ms".into(), bound: 600.0, side: Side::AtMost }),
        claim(Hypothesis::Untestable),
    ];
    let supposed = question(poc.clone(), &["connect_ms=sd:100"]).plan(None).unwrap();
    assert_eq!(supposed.claims[0].needs[0].clean, Some(29_956));
    let plan = of_rows(&question(poc, &[]), &rows).await.unwrap();
    let joined = &plan.claims[0].needs[0];
    let why = joined.rows.as_ref().unwrap_err().to_string();
    assert!(why.starts_with("the data so far say 99.95 %, below the claimed 99.99 %: if it stays so"), "1,999 of 2,000: {why}");
    let [p50, p95] = [0, 1].map(|at| plan.claims[1].needs[at].clone());
    assert_eq!((p50.figure.as_str(), p50.clean, p95.figure.as_str(), p95.clean), ("p50", Some(5), "p95", Some(59)));
    assert_eq!(p95.seen, Some(0.98));
    assert!(p50.rows.unwrap() < p95.rows.unwrap());
    assert!(plan.claims[2].needs[0].rows.as_ref().unwrap() < &20);
    assert!(plan.claims[3].needs.is_empty());
}
