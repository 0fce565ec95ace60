//! The report and the analyses behind it, over sessions whose truths are known.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Sessions of so many people, as `qoe simulate` draws them.
fn simulated(folder: &Path, people: u32) -> String {
    let file = folder.join("felt.parquet").to_string_lossy().into_owned();
    let (code, _, said) = qoe(&["simulate", &file, "--people", &people.to_string(), "--days", "90"]);
    assert_eq!(code, Some(0), "{said}");
    file
}

fn qoe(words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_qoe")).args(words).env("QOE_LANG", "en").output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[track_caller]
fn json(words: &[&str]) -> Value {
    let (code, said, complained) = qoe(words);
    assert_eq!(code, Some(0), "{complained}");
    serde_json::from_str(&said).unwrap()
}

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer} is a number"))
}

/// HD multiplies minutes by 1.103 and goes to those who stay longer anyway; satisfaction turns at a round trip of 250 ms; connect time does nothing.
#[test]
fn what_was_planted_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = simulated(folder.path(), 40_000);
    let hd =
        ["retention", "effect", "--json", "--data", &file, "--treatment", "height >= 720", "--outcome", "minutes", "--baseline", "60s"];
    let known = ["--covariates", "network,device_class,platform", "--where", "height is not null", "--claim", "10.3%"];
    let effect = json(&[&hd[..], &known[..]].concat());
    let (low, high) = (number(&effect, "/doubly_robust/relative/low"), number(&effect, "/doubly_robust/relative/high"));
    assert!(low <= 0.103 && 0.103 <= high, "{low} to {high}");
    assert!(number(&effect, "/raw_difference/relative/low") > 0.15, "the plain difference says far more");
    assert_eq!(effect["claim"]["verdict"], "compatible");

    let curve =
        json(&["satisfaction", "curve", "--json", "--data", &file, "--outcome", "score", "--measure", "rtt_ms", "--user", "user_id"]);
    let (low, high) = (number(&curve, "/knee/at/low"), number(&curve, "/knee/at/high"));
    assert!(low <= 250.0 && 250.0 <= high, "{low} to {high}");

    let measures =
        ["--measures", "connect_ms,rtt_ms,loss_ratio,freeze_ratio", "--confounders", "network,region,service", "--user", "user_id"];
    let drivers = json(&[&["satisfaction", "drivers", "--json", "--data", &file, "--outcome", "score"][..], &measures[..]].concat());
    let last = drivers["drivers"].as_array().unwrap().last().unwrap();
    assert_eq!(last["measure"], "connect_ms", "what does nothing comes last: {drivers}");
    assert!(number(last, "/p_holm") > 0.01, "{last}");
}

#[test]
fn a_report_is_one_file_of_the_same_bytes_and_asks_nothing_of_anyone() {
    let folder = tempfile::tempdir().unwrap();
    let file = simulated(folder.path(), 2_000);
    let ask = |lang: &str| {
        let flags = ["report", "satisfaction", "--data", &file, "--by", "service", "--as-of", "2026-12-01", "--out", "-", "--lang", lang];
        let (code, page, complained) = qoe(&flags);
        assert_eq!(code, Some(0), "{complained}");
        page
    };
    let (english, chinese) = (ask("en"), ask("zh"));
    assert_eq!(english, ask("en"));
    assert!(english.contains("In short") && chinese.contains("摘要"));
    for page in [&english, &chinese] {
        assert!(page.contains("<svg") && !page.contains("<script"), "drawn, and without scripts");
        assert!(!page.contains("src=\"http") && !page.contains("href=\"http") && !page.contains("@import"), "asks nothing of anyone");
        assert!(!page.contains("NaN"), "what cannot be said is not a number");
    }
}

/// The file's own hash, so that a report can be told to be of a file.
#[test]
fn a_report_names_the_file_it_was_made_of_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    std::fs::write(&path, "user_id,score\nu1,5\n").unwrap();
    let (code, page, complained) = qoe(&["report", "satisfaction", "--data", &path.to_string_lossy(), "--out", "-"]);
    assert_eq!(code, Some(0), "{complained}");
    // sha256sum's.
    assert!(page.contains("sha256:e57dba1f3e1405057032ffef23ea9591d3df152e124a1b0ec8a5892a744a4501"), "{page}");
}

/// The level of an interval stands in its head, in every table that has one.
#[test]
fn tables_say_which_interval_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let file = simulated(folder.path(), 2_000);
    let check = |flags: &[&str]| {
        let (code, said, complained) = qoe(&[flags, &["--data", &file, "--level", "0.9"]].concat());
        assert_eq!(code, Some(0), "{complained}");
        assert!(said.contains("90 % interval") && !said.contains("95 %"), "{flags:?}: {said}");
    };
    check(&["satisfaction", "score"]);
    check(&["satisfaction", "curve", "--measure", "rtt_ms"]);
    check(&["satisfaction", "drivers", "--measures", "rtt_ms,loss_ratio", "--user", "user_id"]);
    check(&["satisfaction", "stability"]);
    let hd = ["--treatment", "height >= 720", "--outcome", "minutes", "--baseline", "60s", "--covariates", "network"];
    check(&[&["retention", "effect"][..], &hd].concat());
}

/// Reasons have names that stay, and a sentence beside them.
#[test]
fn reasons_are_named_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = simulated(folder.path(), 20);
    let curve = json(&["satisfaction", "curve", "--json", "--data", &file, "--measure", "rtt_ms"]);
    assert_eq!((&curve["knee"]["why"], &curve["knee"]["detail"]), (&"too_few".into(), &"too few rows".into()));
    assert_eq!((&curve["iqx"]["why"], &curve["iqx"]["detail"]), (&"too_few".into(), &"too few rows".into()));
}

#[test]
fn charts_are_drawn_as_png_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = simulated(folder.path(), 500);
    let (out, png) = (folder.path().join("report.html"), folder.path().join("png"));
    let (out, png) = (out.to_string_lossy(), png.to_string_lossy());
    let (code, _, complained) = qoe(&["report", "satisfaction", "--data", &file, "--lang", "zh", "--out", &out, "--png", &png]);
    assert_eq!(code, Some(0), "{complained}");
    let pictures: Vec<Vec<u8>> = std::fs::read_dir(&*png).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    let page = std::fs::read_to_string(&*out).unwrap();
    assert_eq!(pictures.len(), page.matches("<svg").count(), "one for each chart of the page");
    assert!(pictures.iter().all(|picture| picture.starts_with(b"\x89PNG\r\n\x1a\n")));
}

/// A report of a store says what one of a file says of the same sessions: the bench holds one against the other.
#[test]
fn a_store_says_what_a_file_says_of_the_same_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store").to_string_lossy().into_owned();
    let (code, said, complained) = qoe(&["bench", "report", "--people", "2000", "--store", &store]);
    assert_eq!(code, Some(0), "{complained}");
    assert!(said.contains("report, ClickHouse"), "{said}");
}

#[test]
fn a_session_is_not_compared_with_its_own_length() {
    let folder = tempfile::tempdir().unwrap();
    let file = simulated(folder.path(), 50);
    let flags = ["retention", "effect", "--data", &file, "--treatment", "height >= 720", "--outcome", "minutes", "--covariates", "network"];
    let (code, _, complained) = qoe(&flags);
    assert_eq!(code, Some(2));
    assert!(complained.contains("immortal time") && complained.contains("--baseline 60s"), "{complained}");
}

#[test]
fn what_cannot_be_said_is_said_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    std::fs::write(&path, "user_id,score,rtt_ms,joined,minutes\nu1,5,10,true,3\nu2,5,20,true,4\nu3,5,30,true,5\n").unwrap();
    let file = path.to_string_lossy().into_owned();
    let check = |flags: &[&str], code: i32, words: &str| {
        let (got, said, complained) = qoe(&[flags, &["--data", &file]].concat());
        assert_eq!(got, Some(code), "{flags:?}: {said}{complained}");
        assert!(format!("{said}{complained}").contains(words), "{flags:?}: {said}{complained}");
    };
    check(&["satisfaction", "drivers", "--measures", "rtt_ms"], 3, "same");
    check(&["satisfaction", "drivers", "--measures", "rtt"], 2, "there is no column \"rtt\" (did you mean rtt_ms?): the columns are");
    check(&["satisfaction", "curve", "--measure", "rtt_ms"], 0, "No knee found");
    check(&["satisfaction", "stability", "--target", "99.99%"], 0, "neither met nor missed");
    check(&["satisfaction", "stability", "--target", "100%"], 2, "between 0 and 1");
    let always = ["retention", "effect", "--treatment", "rtt_ms > 0", "--outcome", "score", "--covariates", "joined"];
    check(&always, 2, "--known-before");
    check(&[&always[..], &["--known-before"]].concat(), 3, "everyone was treated");
}

/// Whoever hands in a broken file reads what to mend in a sentence, without the names of libraries.
#[test]
fn a_broken_file_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, bytes: &[u8], lang: &str, words: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let (code, _, said) = qoe(&["satisfaction", "score", "--lang", lang, "--data", &path.to_string_lossy()]);
        assert_eq!(code, Some(2), "{name}: {said}");
        assert!(said.contains(words), "{name}: {said}");
        let libraries = ["Arrow", "DataFusion", "Parquet error", "Csv error", "Schema error", "because:", "ParserError"];
        assert!(libraries.iter().all(|library| !said.contains(library)), "{name}: {said}");
    };
    check("gbk.csv", b"score,text\n5,\xba\xc3\n", "en", "line 2 is not UTF-8: save it as UTF-8, or convert it");
    check("gbk.csv", b"score,text\n5,\xba\xc3\n", "zh", "第 2 行不是 UTF-8");
    check("ragged.csv", b"a,score\n1,2\n1,2,3\n", "en", "line 3 has 3 fields where the header has 2");
    check("twice.csv", b"score,score\n1,2\n", "en", "two columns are called \"score\"");
    check("fake.parquet", b"score\n1\n", "en", "it is no Parquet file");
    check("other.csv", "评分\n5\n".as_bytes(), "zh", "没有名为 \"score\" 的列");
    let path = folder.path().join("calls.csv");
    std::fs::write(&path, "score\n5\n4\n").unwrap();
    let (code, _, said) = qoe(&["satisfaction", "score", "--data", &path.to_string_lossy(), "--where", "score >>> 3"]);
    assert!(code == Some(2) && said.contains("keep rows where score >>> 3") && !said.contains("Parser"), "{said}");
}

/// A report of a file whose columns have other names says so once, and does not pass for a report.
#[test]
fn a_report_of_nothing_it_can_read_fails_and_says_which_columns_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    std::fs::write(&path, "用户,评分\nu1,5\nu2,4\n").unwrap();
    let (code, page, said) = qoe(&["report", "satisfaction", "--data", &path.to_string_lossy(), "--out", "-"]);
    assert_eq!((code, page.as_str()), (Some(2), ""), "{said}");
    assert!(said.contains("a report reads the columns") && said.contains("score") && said.contains("评分"), "{said}");
    std::fs::write(&path, "user_id,评分,joined\nu1,5,true\nu2,4,true\n").unwrap();
    let (code, page, said) = qoe(&["report", "satisfaction", "--data", &path.to_string_lossy(), "--out", "-"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(page.matches("The data have no column minutes, score, started_at, text").count(), 1, "{page}");
    assert!(!page.contains("there is no column"), "said once");
}

/// Behind every part stands the question that gives its rows, also of a file, where what cannot be known is said.
#[test]
fn the_rows_behind_each_part_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = simulated(folder.path(), 2_000);
    let (code, page, said) = qoe(&["report", "satisfaction", "--data", &file, "--by", "service", "--out", "-"]);
    assert_eq!(code, Some(0), "{said}");
    let appendix = page.split("id=\"appendix\"").nth(1).unwrap();
    for part in [
        "CREATE EXTERNAL TABLE data STORED AS PARQUET",
        "GROUP BY service, scale_low, scale_high, score",
        "AS attempts",
        "WHERE minutes &gt; 0",
        "SELECT text, score",
    ] {
        assert!(appendix.contains(part), "{part}: {appendix}");
    }
    assert!(page.contains("Not known from a file: tickets, releases"));
    assert!(page.contains("What people said by service"), "chapters have names of their own");
}

#[test]
fn where_all_answered_their_score_stands_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    let rows: String = (0..40).map(|n| format!("u{n},{},true,true\n", 3 + n % 3)).collect();
    std::fs::write(&path, format!("user_id,score,asked,answered\n{rows}")).unwrap();
    let (code, page, said) = qoe(&["report", "satisfaction", "--data", &path.to_string_lossy(), "--out", "-"]);
    assert_eq!(code, Some(0), "{said}");
    let first = page.split("id=\"contents\"").next().unwrap();
    assert!(first.contains("nobody was silent") && first.contains("all 40 asked answered") && !first.contains("cannot be told"), "{first}");
}

/// An objective that is missed is what a manager reads first, wherever it stands in the alphabet.
#[test]
fn what_misses_its_objective_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    let row = |industry: &str, n: u32, joined: bool| format!("u{n},{industry},{joined}\n");
    let rows: String = (0..2_000).map(|n| row("commerce", n, true)).chain((0..2_000).map(|n| row("finance", n, n % 50 > 0))).collect();
    std::fs::write(&path, format!("user_id,industry,joined\n{rows}")).unwrap();
    let (code, page, said) = qoe(&["report", "satisfaction", "--data", &path.to_string_lossy(), "--out", "-"]);
    assert_eq!(code, Some(0), "{said}");
    let first = page.split("id=\"contents\"").next().unwrap();
    assert!(first.contains("finance: 99.990 % is missed (98.000 % of 2,000 attempts)"), "{first}");
    assert!(first.contains("joined · finance") && !first.contains("joined · commerce"), "{first}");
}

#[test]
fn an_nps_of_few_answers_has_its_interval_by_resampling_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    std::fs::write(&path, "score\n10\n9\n8\n3\n0\n6\n2\n1\n10\n5\n4\n6\n").unwrap();
    let (code, said, complained) = qoe(&["satisfaction", "score", "--kind", "nps", "--data", &path.to_string_lossy()]);
    assert_eq!(code, Some(0), "{complained}");
    assert!(said.contains("from 12 answers") && said.contains("by resampling (bootstrap)"), "{said}");
}
