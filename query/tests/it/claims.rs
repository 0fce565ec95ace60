//! Claims about vendors whose truths are known.

use std::fmt::Write as _;

use qoe_query::Definitions;
use qoe_query::frame::Input;
use qoe_query::poc::claims::{ArmVerdict, Statistic, Verdict};
use qoe_query::poc::{ClaimsAnswer, ClaimsQuestion, Columns, parse_claim};
use qoe_query::satisfaction::AnalysisError;
use qoe_query::statistics::Confidence;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Sessions of two vendors: `fast` connects in 300 to 500 ms everywhere, `slow` too but for Africa, where it takes 1,200 to 1,600. Nobody in the Americas.
/// Pictures of 720 lines and more come by good networks, and keep people for 20 % longer on either.
fn sessions() -> String {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut text = String::from("vendor,user_id,region,connect_ms,joined,height,network,minutes\n");
    for user in 0..1_200 {
        let vendor = if user % 2 == 0 { "fast" } else { "slow" };
        let region = ["asia", "europe", "africa"][user % 3];
        let network = if random.random_bool(0.5) { "wifi" } else { "mobile" };
        for _ in 0..3 {
            let connect = if vendor == "slow" && region == "africa" {
                1_200 + random.random_range(0..400)
            } else {
                300 + random.random_range(0..200)
            };
            let height = if random.random_bool(if network == "wifi" { 0.7 } else { 0.3 }) { 720 } else { 360 };
            let longer = if height == 720 { 1.2 } else { 1.0 } * if network == "wifi" { 1.5 } else { 1.0 };
            let minutes = 1.0 + longer * random.random_range(5.0..15.0);
            writeln!(text, "{vendor},u{user},{region},{connect},1,{height},{network},{minutes:.2}").unwrap();
        }
    }
    text
}

async fn ask(claims: &[&str]) -> Result<ClaimsAnswer, AnalysisError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.csv");
    std::fs::write(&path, sessions()).unwrap();
    let question = ClaimsQuestion {
        claims: claims.iter().map(|text| parse_claim(text).unwrap()).collect(),
        columns: Columns { arm: "vendor".into(), unit: Some("user_id".into()), pair: None, strata: Vec::new(), time: None, session: None },
        condition: None,
        level: Confidence::P95,
    };
    question.ask(&Input::file(&path, &Definitions::default()).await.unwrap()).await
}

async fn verdicts(claim: &str) -> Vec<ArmVerdict> {
    ask(&[claim]).await.unwrap().claims.remove(0).arms
}

fn said(arms: &[ArmVerdict]) -> Vec<(&str, Verdict)> {
    arms.iter().map(|arm| (arm.arm.as_str(), arm.verdict)).collect()
}

#[tokio::test]
async fn best_connect_time_is_tested_by_the_median_and_the_95th_percentile() {
    let arms = verdicts("connect_ms <= 600").await;
    assert_eq!(said(&arms), [("fast", Verdict::Supported), ("slow", Verdict::Contradicted)]);
    let statistics: Vec<Statistic> = arms[1].parts.iter().map(|part| part.statistic).collect();
    assert_eq!(statistics, [Statistic::Quantile(0.5), Statistic::Quantile(0.95)]);
    assert_eq!(
        (arms[1].parts[0].verdict, arms[1].parts[1].verdict),
        (Verdict::Supported, Verdict::Contradicted),
        "the median alone would flatter it"
    );
    assert_eq!((arms[0].n, arms[0].units), (1_800, 600));
}

#[tokio::test]
async fn four_nines_are_untestable_with_a_small_poc_and_say_what_would_test_them() {
    let arms = verdicts("joined >= 99.99%").await;
    assert_eq!(said(&arms), [("fast", Verdict::Untestable), ("slow", Verdict::Untestable)]);
    let test = &arms[0].tests[0];
    assert!(test.en.contains("rule of three") && test.zh.contains("三法则"), "{test:?}");
    let held = arms[0].parts[0].found.as_ref().unwrap();
    assert!(held.needed.unwrap() >= 36_887, "{held:?}");
}

#[tokio::test]
async fn a_bound_of_yes_and_no_is_tested_as_a_share_however_it_is_written() {
    for claim in ["joined >= 0.9999", "joined p50,p95 >= 0.9999", "joined mean >= 0.9999", "each region: joined >= 0.9999"] {
        let answer = ask(&[claim]).await.unwrap();
        let arms = &answer.claims[0].arms;
        assert_eq!(said(arms), [("fast", Verdict::Untestable), ("slow", Verdict::Untestable)], "{claim}");
        assert!(arms.iter().flat_map(|arm| &arm.parts).all(|part| part.statistic == Statistic::Share), "{claim}");
        assert!(answer.claims[0].restated.en.contains("the share of rows with joined is at least 99.99 %"), "{claim}");
    }
}

#[tokio::test]
async fn a_claim_about_every_region_fails_by_one() {
    let arms = verdicts("each region: connect_ms p95 <= 1000").await;
    assert_eq!(said(&arms), [("fast", Verdict::Supported), ("slow", Verdict::Contradicted)]);
    let failed: Vec<&str> =
        arms[1].parts.iter().filter(|part| part.verdict == Verdict::Contradicted).filter_map(|part| part.place.as_deref()).collect();
    assert_eq!(failed, ["africa"]);
}

#[tokio::test]
async fn a_region_without_data_is_named_and_keeps_a_claim_untested() {
    let arms = verdicts("each region=asia,europe,americas: connect_ms p95 <= 1000").await;
    assert_eq!(said(&arms), [("fast", Verdict::Untestable), ("slow", Verdict::Untestable)], "Africa was not claimed");
    assert_eq!(arms[0].absent, ["americas"]);
    assert!(arms[0].tests[0].en.contains("americas"), "{:?}", arms[0].tests);
}

#[tokio::test]
async fn an_effect_is_tested_with_all_else_equal_and_never_raw() {
    let near = "height >= 720 -> minutes +20% given network";
    assert!(verdicts(near).await.iter().all(|arm| arm.verdict == Verdict::Supported));
    let far = "height >= 720 -> minutes +40% given network";
    assert!(verdicts(far).await.iter().all(|arm| arm.verdict == Verdict::Contradicted), "the plain difference is about that");
    let alone = verdicts("height >= 720 -> minutes +20%").await;
    assert_eq!(alone[0].verdict, Verdict::Untestable);
    assert!(alone[0].tests[0].en.contains("the plain difference is no effect"), "{:?}", alone[0].tests);
}

#[tokio::test]
async fn words_without_a_figure_are_untestable() {
    let arms = verdicts("industry-leading experience").await;
    assert!(arms.iter().all(|arm| arm.verdict == Verdict::Untestable && arm.tests[0].en.contains("a figure to hold it to")));
}

#[tokio::test]
async fn a_vendor_without_rows_and_a_column_that_is_not_there_are_told() {
    let mut claim = parse_claim("connect_ms <= 600").unwrap();
    claim.arm = Some("nobody".into());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.csv");
    std::fs::write(&path, sessions()).unwrap();
    let input = Input::file(&path, &Definitions::default()).await.unwrap();
    let columns = Columns { arm: "vendor".into(), unit: None, pair: None, strata: Vec::new(), time: None, session: None };
    let question = ClaimsQuestion { claims: vec![claim], columns, condition: None, level: Confidence::P95 };
    let answer = question.ask(&input).await.unwrap();
    assert_eq!(said(&answer.claims[0].arms), [("nobody", Verdict::Untestable)]);
    assert!(answer.claims[0].arms[0].tests[0].en.contains("there are none"));
    assert!(matches!(ask(&["speed <= 600"]).await, Err(AnalysisError::Frame(_))));
}
