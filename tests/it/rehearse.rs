//! Real calls over a relay: what was planted is what is stored.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Served, database};

const IMPAIRMENTS: &str = "
[near]
source = 'ours'
there = {}
[far]
source = 'ours'
there = { delay_ms = 40 }
";

const SCHEDULE: &str = "\
run,arm,stratum,profile,seconds,seed
1,acme,east,near,6,11
1,borealis,east,near,6,11
2,borealis,west,far,6,12
2,acme,west,far,6,12
";

/// Each way, of one arm.
const PLANT: &str = "borealis = { delay_ms = 80, loss = 0.05 }";

/// How much longer than planted the shortest round trip of an arm in a stratum may be, ms: an answer passes four threads (two of the relay, two
/// ends'), each of which may wait for one of two busy processors; 39 ms were seen at a load of 19. Below the 80 ms between what is planted, so that
/// none passes for another. It is never shorter.
const LATE_MS: f64 = 75.0;

/// How far the share of loss may be off: two calls have some 3,000 packets, of which 0.05 are lost with a standard error of 0.004; five of those.
const LOSS_WITHIN: f64 = 0.02;

/// A busy machine may lose a packet of its own now and then.
const CLEAN_BELOW: f64 = 0.005;

fn rehearse(folder: &Path, schedule: &str, impairments: &str, arguments: &[&str]) -> Output {
    std::fs::write(folder.join("schedule.csv"), schedule).unwrap();
    std::fs::write(folder.join("impairments.toml"), impairments).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_qoe"));
    command.args(["poc", "rehearse", "schedule.csv", "--impairments", "impairments.toml", "--poc", "trial"]).args(arguments);
    command.current_dir(folder).output().expect("run qoe poc rehearse")
}

#[tokio::test]
async fn what_is_planted_on_the_path_is_what_the_store_says_of_the_arm() {
    let endpoint = database().await;
    let served = Served::start(&endpoint, "", &["--project", "e2e"]);
    let dir = tempfile::tempdir().unwrap();
    let server = format!("http://{}", served.address);
    let arguments = ["--server", &server, "--project", "e2e", "--plant", PLANT, "--json"];
    let output = rehearse(dir.path(), SCHEDULE, IMPAIRMENTS, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Vec<Value> = output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(said.iter().map(|run| run["run"].as_str().unwrap()).collect::<Vec<_>>(), ["1", "1", "2", "2"]);
    served.delivered().await;

    type Row = (String, String, String, u64, u64, f64, f64);
    let stored: Vec<Row> = endpoint
        .rows(
            "SELECT arm, stratum, attributes['profile'], uniqExact(session_id), uniqExact(call_id), toFloat64(assumeNotNull(min(rtt_ms))),
                toFloat64(assumeNotNull(sum(packets_lost) / (sum(packets_lost) + sum(packets_received))))
             FROM samples WHERE direction = 'inbound' AND project = 'e2e' AND poc = 'trial' AND vendor = arm
             GROUP BY ALL ORDER BY arm, stratum",
        )
        .await
        .unwrap();
    let labels: Vec<_> = stored.iter().map(|(arm, stratum, profile, ..)| [arm.as_str(), stratum, profile]).collect();
    let expected = [["acme", "east", "near"], ["acme", "west", "far"], ["borealis", "east", "near"], ["borealis", "west", "far"]];
    assert_eq!(labels, expected, "arms, strata and paths as scheduled");
    assert!(stored.iter().all(|(_, _, _, sessions, calls, ..)| (*sessions, *calls) == (2, 1)), "{stored:?}");
    let all: Vec<u64> = endpoint.rows("SELECT uniqExact(session_id) FROM session_events WHERE name = 'joined'").await.unwrap();
    assert_eq!(all, [8], "every end of every call joined, and no other");
    let pairs: Vec<(u64, u64)> =
        endpoint.rows("SELECT uniqExact(arm), uniqExact(session_id) FROM sessions GROUP BY user_id ORDER BY user_id").await.unwrap();
    assert_eq!(pairs, [(2, 4), (2, 4)], "the runs of a pair go together");

    let planted = [0.0, 80.0, 160.0, 240.0];
    for ((arm, stratum, .., rtt_ms, _), planted) in stored.iter().zip(planted) {
        assert!((planted..planted + LATE_MS).contains(rtt_ms), "{arm} {stratum}: {rtt_ms} ms where {planted} were planted");
    }
    let mut lost: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (arm, .., loss) in &stored {
        lost.entry(arm).or_default().push(*loss);
    }
    assert!(lost["acme"].iter().all(|loss| *loss < CLEAN_BELOW), "{lost:?}");
    let borealis = lost["borealis"].iter().sum::<f64>() / 2.0;
    assert!((borealis - 0.05).abs() < LOSS_WITHIN, "{borealis}");
}

#[test]
fn what_cannot_be_rehearsed_is_refused_by_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let check = |schedule: &str, impairments: &str, arguments: &[&str], code: i32, says: &str| {
        let output = rehearse(dir.path(), schedule, impairments, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(says), "{says:?} in {said}");
    };
    let (unknown, short) = (SCHEDULE.replace("borealis,west,far", "borealis,west,wan"), SCHEDULE.replace(",seed", ""));
    check(&unknown, IMPAIRMENTS, &[], 2, "line 4, column profile: \"wan\" is not one of far, near");
    check(&short, IMPAIRMENTS, &[], 2, "line 1: column seed is missing");
    check(&SCHEDULE.replace("2,borealis,west,far,6", "2,borealis,west,far,-6"), IMPAIRMENTS, &[], 2, "line 4, column seconds: \"-6\"");
    check(SCHEDULE, &IMPAIRMENTS.replace("40", "-40"), &[], 2, "TOML parse error at line 7, column 9");
    check(SCHEDULE, IMPAIRMENTS, &["--plant", "acme = { delay_ms = -80 }"], 2, "delay_ms -80 is outside 0 to 5000");
    check(SCHEDULE, IMPAIRMENTS, &["--chromium", "/nowhere/chromium"], 1, "install chromium");
}
