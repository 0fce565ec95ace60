//! What `qoe poc compare` and `report` print: verdicts beside the intervals they were reached by, in words that fit.

use std::fmt::Write as _;

use serde_json::Value;

use crate::command::{file, json, qoe, text};

/// Calls of these vendors, each with how much longer it takes to connect; the same seed gives the same calls.
fn calls(vendors: &[(&str, f64)], users: u64, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
    let mut dice = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let mut rows = String::from("user_id,vendor,region,connect_ms,before_ms,joined,rating\n");
    for user in 0..users {
        let (vendor, more) = vendors[user as usize % vendors.len()];
        let habit = 60.0 * dice();
        for _ in 0..2 {
            let (connect, before) = (300.0 + more + habit + 40.0 * dice(), 300.0 + habit + 40.0 * dice());
            let (joined, region, rating) = (u8::from(dice() < 0.9), ["cn", "eu"][usize::from(dice() < 0.5)], 1 + (5.0 * dice()) as u8);
            writeln!(rows, "u{user},{vendor},{region},{connect:.1},{before:.1},{joined},{rating}").unwrap();
        }
    }
    rows
}

const ASKED: [&str; 16] = [
    "--unit",
    "user_id",
    "--metric",
    "connect_ms:lower",
    "--metric",
    "joined:higher",
    "--secondary",
    "p90=connect_ms:lower:p90",
    "--secondary",
    "rating:higher:ordinal",
    "--margin",
    "connect_ms=15",
    "--margin",
    "joined=0.08",
    "--margin",
    "rating=0.1",
];

/// The rule as it is printed in the method, on ends turned so that positive is better.
fn rule(by: &Value, margin: Option<f64>) -> Vec<&'static str> {
    let low = by["low"].as_f64().unwrap_or(f64::NEG_INFINITY);
    let high = by["high"].as_f64().unwrap_or(f64::INFINITY);
    let margin = margin.unwrap_or(0.0);
    let all = [
        ("better", low > 0.0),
        ("inferior", high < 0.0),
        ("equivalent", -margin < low && high < margin),
        ("non_inferior", margin > 0.0 && low > -margin),
    ];
    all.into_iter().filter_map(|(verdict, holds)| holds.then_some(verdict)).collect()
}

#[track_caller]
fn follows(found: &Value, margin: Option<f64>) {
    let tested = found["tested"].as_array().unwrap();
    assert_eq!(tested.len(), if margin.is_some() { 3 } else { 1 });
    let answers: [&[&str]; 3] = [&["better", "inferior"], &["equivalent"], &["non_inferior"]];
    let mut wanted = Vec::new();
    for (test, answers) in tested.iter().zip(answers) {
        let says = rule(&test["better_by"], margin).into_iter().find(|verdict| answers.contains(verdict));
        assert_eq!(test["shown"].as_str(), says, "{test}");
        wanted.extend(says);
    }
    let shown: Vec<&str> = found["shown"].as_array().unwrap().iter().map(|shown| shown["verdict"].as_str().unwrap()).collect();
    assert_eq!(shown, if wanted.is_empty() { vec!["inconclusive"] } else { wanted });
    for shown in found["shown"].as_array().unwrap().iter().filter(|shown| shown["verdict"] != "inconclusive") {
        assert!(rule(&shown["better_by"], margin).contains(&shown["verdict"].as_str().unwrap()), "{shown}");
    }
}

#[test]
fn a_verdict_is_the_rule_applied_to_the_interval_printed_beside_it() {
    let (mut verdicts, mut levels) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for seed in 0..6 {
        let more = seed as f64 * 4.0;
        let (_folder, path) = file("calls.csv", calls(&[("a", 0.0), ("b", more), ("c", 2.0 * more)], 120 + 60 * (seed % 3), seed));
        let more: &[&str] = if seed % 3 == 2 { &["--any-time"] } else { &["--stratum", "region"] };
        let words = [&["poc", "compare", "--data", &path, "--json", "--resamples", "300"][..], &ASKED, more].concat();
        let answer: Value = json(&qoe(&words));
        for metric in answer["metrics"].as_array().unwrap() {
            for pair in metric["pairs"].as_array().unwrap() {
                let strata = pair["strata"].as_array().unwrap().iter().map(|within| &within["found"]);
                for found in std::iter::once(&pair["overall"]).chain(strata).filter(|found| found["why"].is_null()) {
                    follows(found, metric["margin"].as_f64());
                    verdicts.extend(found["shown"].as_array().unwrap().iter().map(|shown| shown["verdict"].to_string()));
                    levels.extend(found["tested"].as_array().unwrap().iter().map(|test| test["level"].to_string()));
                }
            }
        }
    }
    assert!(verdicts.len() >= 4 && levels.len() > 5, "the data show all kinds of verdicts: {verdicts:?} at {levels:?}");
}

#[test]
fn beside_a_verdict_stands_the_interval_that_it_was_reached_by_turned_so_that_positive_is_better() {
    let (_folder, path) = file("calls.csv", calls(&[("quick", 0.0), ("slow", 40.0)], 200, 7));
    let read = |lang: &str| text(&qoe(&[&["poc", "compare", "--data", &path, "--lang", lang][..], &ASKED].concat()));
    let english = read("en");
    let first = english.lines().find(|line| line.contains("connect_ms: quick is better than slow")).unwrap();
    assert!(
        first.contains("(better by +") && first.contains("; adjusted: ") && first.contains("; unadjusted: +") && first.contains("at 95 %"),
        "{first}"
    );
    assert!(english.contains("better by (95 %, unadjusted)") && english.contains("first less second (95 %, unadjusted)"), "{english}");
    assert!(read("zh").contains("（优 +"));
}

#[test]
fn vendors_that_are_alike_within_the_margins_are_said_to_be() {
    let (_folder, path) = file("calls.csv", calls(&[("a", 0.0), ("b", 0.0)], 600, 3));
    let margins = ["--margin", "connect_ms=30", "--margin", "joined=0.2"];
    let words =
        ["poc", "report", "--data", &path, "--unit", "user_id", "--metric", "connect_ms:lower", "--metric", "joined:higher", "--out", "-"];
    let page = text(&qoe(&[&words[..], &margins].concat()));
    assert!(page.contains("The vendors are alike within the margins"));
    assert!(page.contains("the first is better →") && page.contains("- - ±30.0"), "plots say which side is better, and show the margin");
    assert!(page.contains("Where in the distribution they differ"), "means that vary are drawn along their distribution too");
    let zh = text(&qoe(&[&words[..], &margins, &["--lang", "zh"]].concat()));
    assert!(zh.contains("各供应商在界值之内并无差别"));
}

#[test]
fn differences_that_are_adjusted_for_earlier_data_say_so() {
    let (folder, path) = file("calls.csv", calls(&[("a", 0.0), ("b", 20.0)], 200, 5));
    let poc = folder.path().join("poc.toml");
    let stated = "name = \"x\"\n[columns]\narm = \"vendor\"\nunit = \"user_id\"\n[design]\nrandomised = \"user\"\nminimum_days = 0\nstopping = \"fixed\"\n\
                  level = 0.95\npower = 0.8\n[[primary]]\nname = \"connect_ms\"\nbetter = \"lower\"\nbefore = \"before_ms\"\n";
    std::fs::write(&poc, stated).unwrap();
    let read = text(&qoe(&["poc", "compare", "--data", &path, "--poc", &poc.to_string_lossy()]));
    assert!(read.contains("connect_ms, adjusted for before_ms of before: a is better than b"), "{read}");
    assert!(read.contains("figures as measured, differences adjusted for before_ms of before (CUPED)"), "{read}");
}

#[test]
fn many_vendors_fit_on_paper() {
    let names: Vec<String> = (0..12).map(|at| format!("vendor_{at}")).collect();
    let vendors: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 0.0)).collect();
    let (_folder, path) = file("calls.csv", calls(&vendors, 240, 1));
    let words =
        ["poc", "report", "--data", &path, "--unit", "user_id", "--metric", "connect_ms:lower", "--metric", "joined:higher", "--out", "-"];
    let page = text(&qoe(&words));
    let most = page.split("<thead>").skip(1).map(|head| head.split("</thead>").next().unwrap().matches("<th ").count()).max().unwrap();
    assert!(most <= 12, "a table of {most} columns");
    let matrix = page.split("Verdicts, of the first vendor beside the second").nth(2).unwrap().split("</table>").next().unwrap();
    assert_eq!(matrix.matches("<tr>").count(), 1 + 66, "a row a pair");
}
