//! What each check says, of counts and of files.

use super::*;
use crate::Definitions;
use crate::poc::metric::Metric;
use crate::poc::spec::{Columns, Stopping};
use crate::statistics::Confidence;
use std::fmt::Write as _;

fn question(randomised: Randomised) -> CheckQuestion {
    let columns = Columns {
        arm: "vendor".into(),
        unit: Some("user".into()),
        pair: (randomised == Randomised::PairedRun).then(|| "run".into()),
        strata: vec!["region".into()],
        time: Some("at".into()),
        session: Some("session".into()),
    };
    let poc = Poc {
        name: "t".into(),
        arms: vec![],
        allocation: None,
        services: vec![],
        scenarios: vec![],
        columns,
        randomised,
        metrics: vec![Metric::parse("connect_ms:lower").unwrap()],
        claims: vec![],
        minimum_days: 7.0,
        stopping: Stopping::Fixed,
        level: Confidence::P95,
        power: 0.8,
        scorecard: Default::default(),
    };
    CheckQuestion { poc, condition: None, planned: Some(100) }
}

/// One row a user; what a row says is written by `row`: vendor, region, connect time.
fn rows(users: usize, row: impl Fn(usize) -> (&'static str, &'static str, String)) -> String {
    let mut text = String::from("vendor,user,session,region,at,connect_ms,run\n");
    for user in 0..users {
        let (vendor, region, connect) = row(user);
        writeln!(text, "{vendor},u{user},s{user},{region},2026-11-{:02}T00:00:00Z,{connect},r{}", 1 + user * 9 / users, user / 2).unwrap();
    }
    text
}

fn plain(user: usize) -> (&'static str, &'static str, String) {
    (["a", "b"][user % 2], ["eu", "us"][user / 2 % 2], (300 + user * 37 % 200).to_string())
}

async fn check(question: &CheckQuestion, text: &str) -> CheckAnswer {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, text).unwrap();
    question.ask(&Input::file(&path, &Definitions::default()).await.unwrap()).await.unwrap()
}

fn severity(answer: &CheckAnswer, of: impl Fn(&Found) -> bool) -> Severity {
    answer.findings.iter().find(|finding| of(&finding.found)).unwrap_or_else(|| panic!("{answer:#?}")).severity
}

#[tokio::test]
async fn a_sound_run_is_fine_in_every_check() {
    let answer = check(&question(Randomised::User), &rows(1_000, plain)).await;
    assert_eq!(answer.worst(), Severity::Fine, "{answer:#?}");
    assert_eq!((answer.arms[0].units, answer.arms[1].rows), (500, 500));
}

#[tokio::test]
async fn a_sample_of_48_to_52_in_ten_thousand_is_invalid_and_says_so_first() {
    let answer =
        check(&question(Randomised::User), &rows(10_000, |user| (if user % 100 < 48 { "a" } else { "b" }, "eu", "300".into()))).await;
    assert_eq!(answer.findings[0].severity, Severity::Invalid);
    assert!(matches!(&answer.findings[0].found, Found::SampleRatio { p_value, units, .. } if *p_value < 1e-4 && units == &[4_800, 5_200]));
    let mut stated = question(Randomised::User);
    (stated.poc.arms, stated.poc.allocation) = (vec!["a".into(), "b".into()], Some(vec![0.48, 0.52]));
    let text = rows(10_000, |user| (if user % 100 < 48 { "a" } else { "b" }, "eu", (300 + user % 7).to_string()));
    assert_eq!(check(&stated, &text).await.worst(), Severity::Fine);
}

#[tokio::test]
async fn users_with_several_vendors_contaminate_only_where_users_were_drawn() {
    let text = rows(1_000, plain) + "b,u0,t0,eu,2026-11-03T00:00:00Z,310,r\n";
    let contaminated = |found: &Found| matches!(found, Found::Contaminated { .. });
    assert_eq!(severity(&check(&question(Randomised::User), &text).await, contaminated), Severity::Warning);
    let many: String = (0..20).map(|user| format!("b,u{},t{user},eu,2026-11-03T00:00:00Z,310,r\n", user * 2)).collect();
    let answer = check(&question(Randomised::User), &(rows(1_000, plain) + &many)).await;
    assert_eq!(severity(&answer, contaminated), Severity::Invalid);
    let answer = check(&question(Randomised::Call), &text).await;
    assert!(!answer.findings.iter().any(|finding| contaminated(&finding.found)));
}

/// Whoever is in a call has its vendor: where calls were drawn they are counted, and not who was in them.
#[tokio::test]
async fn calls_of_several_sessions_are_counted_once() {
    let mut text = String::from("vendor,user,session,call_id,region,at,connect_ms\n");
    for row in 0..1_000 {
        let (call, vendor) = if row % 5 < 2 { (row / 5 * 2, "a") } else { (row / 5 * 2 + 1, "b") };
        writeln!(text, "{vendor},u{row},s{row},c{call},eu,2026-11-{:02}T00:00:00Z,{}", 1 + row % 9, 300 + row * 37 % 200).unwrap();
    }
    let ratio = |found: &Found| matches!(found, Found::SampleRatio { units, .. } if units == &[200, 200]);
    assert_eq!(severity(&check(&question(Randomised::Call), &text).await, ratio), Severity::Fine);
    let answer = check(&question(Randomised::User), &text).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::SampleRatio { units, .. } if units == &[400, 600])), Severity::Invalid);
}

#[tokio::test]
async fn one_session_of_two_vendors_is_invalid() {
    let text = rows(1_000, plain) + "b,u2,s2,eu,2026-11-03T00:00:00Z,310,r\n";
    let answer = check(&question(Randomised::Call), &text).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::SharedSessions { sessions: 1, of: 1_000 })), Severity::Invalid);
}

#[tokio::test]
async fn a_session_that_is_there_twice_is_a_duplicate() {
    let text = rows(1_000, plain) + "a,u2,s2,eu,2026-11-03T00:00:00Z,310,r\n";
    let answer = check(&question(Randomised::User), &text).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::Duplicates { rows: 1, .. })), Severity::Warning);
}

#[tokio::test]
async fn telemetry_that_one_vendor_lacks_is_found_by_how_much() {
    let of = |every: usize| {
        rows(4_000, move |user| {
            let (vendor, region, connect) = plain(user);
            (vendor, region, if vendor == "b" && user / 2 % every == 0 { String::new() } else { connect })
        })
    };
    let missing = |found: &Found| matches!(found, Found::Missing { .. });
    assert_eq!(severity(&check(&question(Randomised::User), &of(10)).await, missing), Severity::Invalid);
    assert_eq!(severity(&check(&question(Randomised::User), &of(50)).await, missing), Severity::Warning);
    assert_eq!(severity(&check(&question(Randomised::User), &of(2_000)).await, missing), Severity::Fine);
    assert_eq!(severity(&check(&question(Randomised::User), &of(1)).await, missing), Severity::Invalid);
}

#[tokio::test]
async fn what_spoils_a_secondary_metric_is_a_warning() {
    let mut second = question(Randomised::User);
    second.poc.metrics.push(Metric {
        name: "second".into(),
        rank: crate::poc::Rank::Secondary,
        ..Metric::parse("connect_ms:lower:p95").unwrap()
    });
    let text = rows(400, |user| (["a", "b"][user % 2], "eu", if user % 2 == 0 { String::new() } else { "300".into() }));
    let answer = check(&second, &text).await;
    let missing = |name: &str| severity(&answer, |found| matches!(found, Found::Missing { metric, .. } if metric == name));
    assert_eq!((missing("connect_ms"), missing("second")), (Severity::Invalid, Severity::Warning));
}

#[tokio::test]
async fn a_region_that_one_vendor_has_more_of_is_told_with_its_cell() {
    let text = rows(2_000, |user| (["a", "b"][user % 2], if user % 2 == 0 && user % 3 == 0 { "us" } else { "eu" }, "300".into()));
    let answer = check(&question(Randomised::User), &text).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::Imbalance { column, .. } if column == "region")), Severity::Warning);
}

#[tokio::test]
async fn seconds_beside_milliseconds_are_invalid() {
    let text =
        rows(400, |user| (["a", "b"][user % 2], "eu", if user % 2 == 0 { format!("0.{}", 300 + user) } else { (300 + user).to_string() }));
    let answer = check(&question(Randomised::User), &text).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::UnitsDiffer { between: (0, 1), .. })), Severity::Invalid);
}

#[tokio::test]
async fn values_far_beyond_and_values_that_cannot_be_are_counted() {
    let text = rows(1_000, |user| {
        let (vendor, region, connect) = plain(user);
        let odd = match user {
            0..=14 => "90000".to_owned(),
            15..=17 => "-5".to_owned(),
            _ => connect,
        };
        (vendor, region, odd)
    });
    let answer = check(&question(Randomised::User), &text).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::Outliers { rows: 15, of: 1_000, .. })), Severity::Warning);
    assert_eq!(severity(&answer, |found| matches!(found, Found::Impossible { rows: 3, .. })), Severity::Warning);
}

#[tokio::test]
async fn pairs_without_a_vendor_are_counted() {
    let paired = question(Randomised::PairedRun);
    assert_eq!(check(&paired, &rows(1_000, plain)).await.worst(), Severity::Fine);
    let text = rows(1_000, plain) + "a,u1,sx,eu,2026-11-03T00:00:00Z,310,alone\n";
    let answer = check(&paired, &text).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::IncompletePairs { pairs: 1, of: 501 })), Severity::Warning);
}

#[tokio::test]
async fn a_short_and_a_small_run_say_so() {
    let answer = check(&question(Randomised::User), &rows(6, plain)).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::Units { units: 6, fewest: 3, planned: Some(100) })), Severity::Warning);
    let mut long = question(Randomised::User);
    long.poc.minimum_days = 60.0;
    let answer = check(&long, &rows(1_000, plain)).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::Days { .. })), Severity::Warning);
}

#[tokio::test]
async fn clocks_and_a_vendors_own_freezes_are_seen() {
    let mut text = String::from("vendor,user,freeze_ratio,freeze_definition,clock_skew_ms\n");
    for user in 0..400 {
        let own = user % 2 == 1;
        writeln!(
            text,
            "{},u{user},0.0{},{},{}",
            ["a", "b"][user % 2],
            user % 10,
            if own { "vendor" } else { "w3c" },
            if own { 5_000 } else { 20 }
        )
        .unwrap();
    }
    let mut question = question(Randomised::User);
    question.poc.columns = Columns { strata: vec![], time: None, session: None, ..question.poc.columns };
    question.poc.metrics = vec![Metric::parse("freeze_ratio:lower").unwrap()];
    let answer = check(&question, &text).await;
    assert_eq!(severity(&answer, |found| matches!(found, Found::Definitions { used: true, .. })), Severity::Invalid);
    assert_eq!(severity(&answer, |found| matches!(found, Found::Clock { .. })), Severity::Warning);
}

#[tokio::test]
async fn one_vendor_cannot_be_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, rows(10, |_| ("a", "eu", "300".into()))).unwrap();
    let input = Input::file(&path, &Definitions::default()).await.unwrap();
    let error = question(Randomised::User).ask(&input).await.unwrap_err();
    assert!(matches!(&error, CheckError::OneVendor { found, .. } if found == &["a"]), "{error}");
    let text = rows(1_000, plain);
    std::fs::write(&path, text).unwrap();
    let input = Input::file(&path, &Definitions::default()).await.unwrap();
    let mut users = question(Randomised::Call);
    users.poc.columns.arm = "user".into();
    assert!(matches!(users.ask(&input).await, Err(CheckError::TooMany { found: 1_000, .. })));
    let mut users = question(Randomised::User);
    users.poc.columns.strata = vec!["user".into()];
    assert!(matches!(users.ask(&input).await, Err(CheckError::TooMany { .. })));
}

/// What is said of connect times that one vendor has as they are and the other as they are written by `other`.
async fn unlike(metric: &str, other: impl Fn(usize) -> String) -> (Vec<Finding>, Vec<String>) {
    let mut of = question(Randomised::User);
    of.poc.metrics = vec![Metric::parse(metric).unwrap()];
    let text = rows(800, |user| {
        let (vendor, region, connect) = plain(user);
        (vendor, region, if vendor == "b" { other(user) } else { connect })
    });
    let answer = check(&of, &text).await;
    let found = answer.findings.into_iter().filter(|finding| matches!(finding.found, Found::Unlike { .. } | Found::UnitsDiffer { .. }));
    (found.collect(), answer.spoilt)
}

#[tokio::test]
async fn values_in_two_units_are_invalid_whatever_is_compared_of_them() {
    let seconds = |user: usize| format!("{}", (300 + user * 37 % 200) as f64 / 60.0);
    let a_third =
        |user: usize| if user.is_multiple_of(3) { format!("0.{}", 300 + user * 37 % 200) } else { (300 + user * 37 % 200).to_string() };
    let zeros = |user: usize| if user.is_multiple_of(7) { "0".to_owned() } else { (300 + user * 37 % 200).to_string() };
    let ways: [(&str, &dyn Fn(usize) -> String); 3] = [("sixtieth", &seconds), ("mixed", &a_third), ("zeros", &zeros)];
    for metric in ["connect_ms:lower", "connect_ms:lower:p95", "connect_ms:lower:ordinal", "o=1000 * 1:lower:ratio/connect_ms"] {
        for (name, other) in ways {
            let (found, spoilt) = unlike(metric, other).await;
            assert_eq!(found.first().map(|finding| finding.severity), Some(Severity::Invalid), "{metric}, {name}: {found:?}");
            assert_eq!(spoilt.len(), 1, "{metric}, {name}");
        }
    }
    let (found, spoilt) = unlike("connect_ms:lower", |user| (900 + user * 37 % 200).to_string()).await;
    assert!(found.is_empty() && spoilt.is_empty(), "three times as slow is no other unit: {found:?}");
}

#[tokio::test]
async fn a_vendor_used_at_another_time_is_told() {
    let at = |user: usize, late: usize| format!("2026-{:02}-{:02}T00:00:00Z", 3 + late, 1 + user * 9 / 400);
    let text = |late: usize| {
        let mut text = String::from("vendor,user,session,region,at,connect_ms,run\n");
        (0..400).for_each(|user| {
            let (vendor, region, connect) = plain(user);
            writeln!(text, "{vendor},u{user},s{user},{region},{},{connect},r", at(user, late * (user % 2))).unwrap();
        });
        text
    };
    let times = |found: &Found| matches!(found, Found::Times { .. });
    assert_eq!(severity(&check(&question(Randomised::User), &text(0)).await, times), Severity::Fine);
    assert_eq!(severity(&check(&question(Randomised::User), &text(2)).await, times), Severity::Invalid, "a month apart");
    let odd = text(0).replace("2026-03-01", "1970-01-01").replace("2026-03-02", "2226-03-02");
    let answer = check(&question(Randomised::User), &odd).await;
    let odd = |found: &Found| matches!(found, Found::OddTimes { ahead, ancient, of: 400 } if *ahead > 0 && *ancient > 0);
    assert_eq!(severity(&answer, odd), Severity::Warning);
}

#[tokio::test]
async fn what_one_would_not_think_of_is_told() {
    let text = rows(400, plain).replace("b,u1,", "\"B \",u1,").replace("b,u3,", ",u3,");
    let mut of = question(Randomised::Call);
    of.poc.columns.unit = None;
    let again = text.split_once('\n').unwrap().1;
    let answer = check(&of, &format!("{text}{again}")).await;
    let namesakes = |found: &Found| matches!(found, Found::Namesakes { names } if names.len() == 2);
    assert_eq!(severity(&answer, namesakes), Severity::Warning, "b and \"B \"");
    assert_eq!(severity(&answer, |found| matches!(found, Found::NoUnit { users: 399, rows: 798, .. })), Severity::Warning);
    assert_eq!(severity(&answer, |found| matches!(found, Found::Elsewhere { unstated: 2, .. })), Severity::Warning);
    let constant = check(&question(Randomised::User), &rows(400, |user| (["a", "b"][user % 2], "eu", "300".into()))).await;
    assert_eq!(severity(&constant, |found| matches!(found, Found::Constant { .. })), Severity::Warning);
    let far = rows(4_000, |user| {
        let (vendor, region, connect) = plain(user);
        (vendor, region, if user == 7 { "90000000".to_owned() } else { connect })
    });
    let pulled = check(&question(Randomised::User), &far).await;
    assert_eq!(severity(&pulled, |found| matches!(found, Found::Outliers { rows: 1, .. })), Severity::Warning, "the mean is its");
}
