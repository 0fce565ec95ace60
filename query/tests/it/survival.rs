//! How long until something happens, over small files.

use qoe_query::Definitions;
use qoe_query::frame::Input;
use qoe_query::retention::{Amount, Bands, LeftOut, ModelError, RetentionError, Split, SurvivalAnswer, SurvivalQuestion};
use qoe_query::statistics::{Confidence, CoxError, KaplanMeierError, LogRankError};

fn question() -> SurvivalQuestion {
    SurvivalQuestion {
        duration: "weeks".into(),
        event: Some("relapse".into()),
        user: None,
        entry: None,
        baseline: None,
        split: None,
        covariates: Vec::new(),
        horizon: None,
        condition: None,
        level: Confidence::P95,
    }
}

async fn ask(question: &SurvivalQuestion, text: &str) -> Result<SurvivalAnswer, RetentionError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.csv");
    std::fs::write(&path, text).unwrap();
    question.ask(&Input::file(&path, &Definitions::default()).await.unwrap()).await
}

/// The leukaemia remissions of Freireich et al. (1963).
fn remissions() -> String {
    let treated = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35];
    let relapsed = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0];
    let control = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];
    let treated = treated.iter().zip(relapsed).enumerate().map(|(at, (weeks, relapse))| format!("p{at},{weeks},{relapse},6-MP,0\n"));
    let control = control.iter().enumerate().map(|(at, weeks)| format!("p{at},{weeks},1,placebo,1\n"));
    std::iter::once("pair,weeks,relapse,drug,control\n".to_owned()).chain(treated).chain(control).collect()
}

/// Medians of 23 and 8 weeks, a log-rank chi-square of 16.79 and a log hazard ratio of 1.572 (Efron) are in every textbook.
#[tokio::test]
async fn the_remissions_of_freireich_are_as_the_textbooks_have_them() {
    let asked = SurvivalQuestion { split: Some(Split::By("drug".into())), covariates: vec!["control".into(), "drug".into()], ..question() };
    let answer = ask(&asked, &remissions()).await.unwrap();
    assert_eq!((answer.rows, answer.events, answer.left_out.total()), (42, 30, 0));
    let bands = &answer.groups.as_ref().unwrap().bands;
    let medians: Vec<(&str, Option<f64>)> = bands.bands.iter().map(|band| (band.label.as_str(), band.median.value)).collect();
    assert_eq!(medians, [("6-MP", Some(23.0)), ("placebo", Some(8.0))]);
    assert!((bands.log_rank.as_ref().unwrap().statistic - 16.793).abs() < 1e-3);
    assert!(bands.bands[1].less_first.unwrap().high < 0.0);
    let model = answer.model.unwrap().unwrap();
    assert_eq!((model.hazards.len(), model.dropped[0].column.as_str()), (1, "drug = placebo"));
    let hazard = &model.hazards[0];
    // A number of two values is read in the step between them.
    assert_eq!((hazard.column.as_str(), &hazard.amount), ("control", &Amount::More { of: 1.0 }));
    assert!((hazard.ratio.value.ln() - 1.5721).abs() < 1e-3, "{:?}", hazard.ratio);
    assert!(hazard.departure.as_ref().unwrap().p_value > 0.05 && model.clusters.is_none());

    let asked = SurvivalQuestion { covariates: vec!["drug".into()], user: Some("pair".into()), ..question() };
    let answer = ask(&asked, &remissions()).await.unwrap();
    let model = answer.model.unwrap().unwrap();
    assert_eq!((answer.users, model.clusters), (Some(21), Some(21)));
    assert_eq!(model.hazards[0].amount, Amount::Against { reference: Some("6-MP".into()) });
    assert!((model.hazards[0].ratio.value.ln() - 1.5721).abs() < 1e-3);
}

#[tokio::test]
async fn rows_that_say_nothing_are_left_out_and_counted() {
    let text = "weeks,relapse,from\n3,1,0\n5,0,1\n-2,1,0\n,1,0\ninf,1,0\n4,,0\n4,1,4\n";
    let answer = ask(&SurvivalQuestion { entry: Some("from".into()), ..question() }, text).await.unwrap();
    assert_eq!((answer.rows, answer.events), (2, 1));
    assert_eq!(answer.left_out, LeftOut { unmeasured: 1, negative: 1, infinite: 1, unstated: 1, backwards: 1 });
    let answer = ask(&SurvivalQuestion { event: None, ..question() }, text).await.unwrap();
    assert_eq!((answer.rows, answer.events), (4, 4));
}

#[tokio::test]
async fn a_group_without_events_leaves_the_others_what_they_are() {
    let text = "weeks,relapse,rtt_ms\n5,0,20\n6,0,30\n1,1,200\n2,1,210\n6,0,220\n7,1,\n9,1,90\n9,1,300\n";
    let band = Bands::new("rtt_ms", vec![50.0, 100.0]).unwrap();
    let asked = SurvivalQuestion { split: Some(Split::Band(band)), horizon: Some(5.0), ..question() };
    let groups = ask(&asked, text).await.unwrap().groups.unwrap();
    let bands: Vec<(&str, u64, u64)> = groups.bands.bands.iter().map(|band| (band.label.as_str(), band.n, band.events)).collect();
    assert_eq!(bands, [("≥ 100", 4, 3), ("< 50", 2, 0), ("50 – 100", 1, 1), ("", 1, 1)]);
    assert!(groups.bands.bands[0].restricted_mean.is_ok());
    assert_eq!(groups.bands.bands[1].restricted_mean, Err(KaplanMeierError::NoSpread { horizon: 5.0, events: 0, rows: 2 }));
    assert_eq!(groups.bands.bands[1].less_first, None);
    let one = SurvivalQuestion { split: Some(Split::By("same".into())), ..question() };
    let groups = ask(&one, "weeks,relapse,same\n1,1,x\n2,1,x\n").await.unwrap().groups.unwrap();
    assert_eq!(groups.bands.log_rank, Err(LogRankError::OneGroup { groups: 1 }));
}

#[tokio::test]
async fn a_model_that_cannot_be_leaves_the_curve() {
    let text = "weeks,relapse,constant,apart,weird\n1,1,3,10,inf\n2,1,3,9,1\n3,1,3,8,2\n9,0,3,0,3\n9,0,3,1,4\n9,0,3,2,5\n";
    let why = |covariate: &'static str| async move {
        let answer = ask(&SurvivalQuestion { covariates: vec![covariate.into()], ..question() }, text).await.unwrap();
        assert_eq!(answer.median.n, 6);
        answer.model.unwrap().unwrap_err()
    };
    assert_eq!(why("constant").await, ModelError::Cox(CoxError::NoColumns { dropped: 1 }));
    assert_eq!(why("apart").await, ModelError::Cox(CoxError::Separated { column: "apart".into() }));
    assert!(matches!(why("weird").await, ModelError::Design(_)));
    // In two roles: the duration itself as a covariate, and as groups.
    let both = SurvivalQuestion { covariates: vec!["weeks".into()], split: Some(Split::By("weeks".into())), ..question() };
    assert_eq!(ask(&both, text).await.unwrap().groups.unwrap().bands.bands.len(), 4);
}

#[tokio::test]
async fn what_cannot_be_said_is_said() {
    let error = |question: SurvivalQuestion, text: &'static str| async move { ask(&question, text).await.unwrap_err().to_string() };
    let censored = "relapse happened in none of 2 rows: all are censored, so nothing can be said of when it happens";
    assert_eq!(error(question(), "weeks,relapse\n1,0\n2,0\n").await, censored);
    let none = "none of 2 rows has a duration that can be used: 1 have none, 1 are negative";
    assert_eq!(error(question(), "weeks,relapse\n-1,1\n,1\n").await, none);
    let nobody = SurvivalQuestion { condition: Some("weeks > 9".into()), ..question() };
    assert_eq!(error(nobody, "weeks,relapse\n1,1\n").await, "there are no rows where weeks > 9");
    let beyond = SurvivalQuestion { horizon: Some(50.0), ..question() };
    let answer = ask(&beyond, "weeks,relapse\n1,1\n2,1\n3,0\n").await.unwrap();
    assert_eq!(answer.restricted_mean, Err(KaplanMeierError::Horizon { horizon: 50.0, last: 3.0 }));
}
