//! What `qoe poc` makes of files as spreadsheets write them and of names that are mistyped: read, or refused with what mends it.

use std::process::{Command, Output, Stdio};

use crate::command::{ended, file, qoe, text};

#[track_caller]
fn ends(output: &Output, code: i32, said: &[&str]) {
    ended(output, code, "");
    said.iter().for_each(|said| ended(output, code, said));
}

/// Calls of two vendors, each field followed by this.
fn calls(delimiter: char, joined: &str) -> String {
    let mut rows = "vendor;connect_ms;joined;text\n".to_owned();
    for row in 0..400 {
        let (vendor, connect) = (["a", "b"][row % 2], 300 + row % 2 * 40 + row * 7 % 50);
        let joined = if row % 9 == 0 { "0" } else { joined };
        rows.push_str(&format!("{vendor};{connect};{joined};\"good\nday\"\n"));
    }
    rows.replace(';', &delimiter.to_string())
}

const ASKED: [&str; 4] = ["--metric", "connect_ms:lower", "--metric", "joined:higher"];

fn compare(path: &str) -> Output {
    qoe(&[&["poc", "compare", "--data", path][..], &ASKED].concat())
}

#[test]
fn delimiters_that_the_header_tells_and_newlines_in_quotes_are_read() {
    for delimiter in [',', ';', '\t', '|'] {
        let (_folder, path) = file("calls.csv", calls(delimiter, "1").as_bytes());
        let output = compare(&path);
        ends(&output, 0, &[]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("connect_ms: a is better than b") && said.contains("200 / 200"), "{delimiter:?}: {said}");
    }
}

#[test]
fn an_empty_line_is_no_row() {
    let (_folder, path) = file("calls.csv", calls(',', "1").replace("\"\nb,", "\"\n\nb,"));
    let said = text(&compare(&path));
    assert!(said.contains("connect_ms: a is better than b") && said.contains("200 / 200"), "{said}");
}

#[test]
fn a_file_that_cannot_be_read_names_its_line_and_what_mends_it() {
    let refused = |text: &[u8], said: &[&str]| {
        let (_folder, path) = file("calls.csv", text);
        ends(&compare(&path), 2, said);
    };
    let rows = "a,1,1\nb,2,0\n".repeat(1500);
    refused(format!("vendor,connect_ms,joined\n{rows}a,1\n{rows}").as_bytes(), &["line 3002 has 2 fields where the header has 3"]);
    refused(format!("vendor,connect_ms,joined\n{}a,1\n{rows}", rows.repeat(40)).as_bytes(), &["line 120002 has 2 fields"]);
    refused(b"vendor,connect_ms,joined\n\xB9\xA9,1,1\nb,2,1\n", &["line 2 is not UTF-8", "iconv -f GB18030"]);
    refused(b"\xFF\xFEv\0,\0", &["UTF-16", "iconv -f UTF-16"]);
    refused(b"sep=,\nvendor,connect_ms,joined\na,1,1\n", &["note to a spreadsheet"]);
    refused(b"vendor,connect_ms,joined,connect_ms\na,1,1,2\n", &["two columns are called \"connect_ms\""]);
    refused(calls(',', "99.5%").as_bytes(), &["\"joined\" is \"99.5%\"", "without the percent sign, as a share 0.995"]);
    refused(calls(',', "是").as_bytes(), &["joined:higher:share"]);
    refused(calls(';', "1").replace(";300;", ";300,5;").as_bytes(), &["write decimals with a point, 300.5"]);
}

#[test]
fn what_is_mistyped_is_refused_with_what_was_meant() {
    let (folder, path) = file("calls.csv", calls(',', "1").as_bytes());
    let report = |more: &[&str]| qoe(&[&["poc", "report", "--data", &path, "--out", "-"][..], &ASKED, more].concat());
    ends(&report(&["--profile", "financ"]), 2, &["there is no profile \"financ\"", "did you mean \"finance\"?"]);
    let poc = folder.path().join("poc.toml");
    let stated = "name = \"x\"\n[columns]\narm = \"vendor\"\n[design]\nrandomised = \"call\"\nminimum_days = 0\nstopping = \"fixed\"\nlevel = 0.95\n\
                  power = 0.8\n[[primary]]\nname = \"connect_ms\"\nbetter = \"lower\"\n[scorecard]\nprofile = \"financ\"\n";
    let asked = |step: &str, text: &str| {
        std::fs::write(&poc, text).unwrap();
        qoe(&["poc", step, "--data", &path, "--poc", &poc.to_string_lossy()])
    };
    ends(&asked("report", stated), 2, &["line 14, scorecard.profile: there is no profile"]);
    ends(&asked("scorecard", stated), 2, &["line 14, scorecard.profile: there is no profile"]);
    let fact = "[[scorecard.fact]]\narm = \"a\"\ndimension = \"security\"\nitem = \"audit_logs\"\nvalue = true\nevidence = \"x\"\n";
    let with = |profile: &str, more: &str| format!("{}{fact}{more}", stated.replace("financ", profile));
    ends(
        &asked("scorecard", &with("finance", "")),
        2,
        &["line 18, scorecard.fact.item: security.audit_logs", "did you mean \"audit_log\"?"],
    );
    ends(&asked("scorecard", &with("finance", "new = true\n")), 0, &[]);
    let card = |item: &str| {
        let facts = [format!("a:security.{item}=1@x"), "b:security.audit_log=1@x".to_owned()];
        qoe(&["poc", "scorecard", "--facts-only", "--fact", &facts[0], "--fact", &facts[1]])
    };
    ends(&card("audit_logs"), 2, &["did you mean \"audit_log\"?"]);
    ends(&card("+pen_test"), 0, &[]);
    let out = folder.path().join("runs.csv").to_string_lossy().into_owned();
    let runs = ["poc", "plan", "--arms", "a,b", "--schedule", "10", "--profiles", "clean,wfi", "--out", &out];
    ends(&qoe(&runs), 2, &["--profiles wfi: no such impairment: did you mean \"wifi\"?"]);
}

#[test]
fn figures_without_intervals_stand_and_reasons_fit_what_they_are_said_of() {
    let (_folder, path) = file("calls.csv", b"vendor,user_id,joined,ms\na,u1,1,10\na,u2,1,20\nb,u3,0,30\n");
    let read = |more: &[&str]| String::from_utf8(qoe(&[&["poc", "compare", "--data", &path][..], more].concat()).stdout).unwrap();
    let few = read(&["--unit", "user_id", "--metric", "joined:higher"]);
    assert!(few.contains("arms of 2 and 1 units") && few.contains("100.0 % (15.8 – 100.0 %)"), "{few}");
    let (_folder, path) = file("calls.csv", calls(',', "1").as_bytes());
    let share = qoe(&["poc", "compare", "--data", &path, "--stratum", "joined", "--metric", "connect_ms:lower:share"]);
    ends(&share, 2, &["\"connect_ms\" is \"300\"", "which is no yes or no"]);
}

#[test]
fn programs_are_told_in_json_and_a_reader_who_has_enough_is_left_in_peace() {
    let (_folder, path) = file("calls.csv", calls(',', "1").as_bytes());
    let wrong = qoe(&["poc", "compare", "--data", &path, "--metric", "colour:lower", "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&wrong.stderr).unwrap();
    assert!(
        wrong.status.code() == Some(2) && told["error"].is_string() && told["because"][0].as_str().unwrap().contains("colour"),
        "{told}"
    );
    // A reader that is gone before anything is written.
    let mut child = Command::new(env!("CARGO_BIN_EXE_qoe"));
    child.args([&["poc", "compare", "--data", &path, "--json"][..], &ASKED].concat()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_report_of_a_file_holds_its_question_in_sql() {
    let (_folder, path) = file("calls.csv", calls(',', "1").as_bytes());
    let words = ["poc", "report", "--data", &path, "--out", "-", "--where", "connect_ms > 0"];
    let page = String::from_utf8(qoe(&[&words[..], &ASKED].concat()).stdout).unwrap();
    assert!(
        page.contains("SELECT vendor,\n       connect_ms,\n       joined\nFROM data\nWHERE ((connect_ms &gt; 0))"),
        "{}",
        &page[page.len() - 3000..]
    );
}
