//! `qoe satisfaction words`: what it prints and how it ends, over a file and over a store.

use std::fmt::Write as _;
use std::process::Output;
use std::sync::Arc;

use qoe_store::rows::{Feedback, Keys, Records, SessionEvent, Stamp, Turn};
use tempfile::TempDir;

use crate::command::{json, qoe};
use crate::support;

/// Sixty of each: who scored low writes of stutter. An assistant's turns stand in the same file.
fn said() -> (TempDir, String) {
    let mut text = String::from("text,score,freeze_ratio,talk,reply\n");
    for at in 0..120 {
        let (words, score) = if at % 2 == 0 { ("视频一直卡顿", 1 + at % 3 % 2) } else { ("picture and sound are fine", 4) };
        writeln!(text, "{words},{score},{},,", if at % 2 == 0 { 20 + at % 7 } else { at % 13 }).unwrap();
    }
    text.push_str(",,,a,抱歉我没听懂\n,,,a,我没听懂\n,,,b,好的\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("said.csv");
    std::fs::write(&path, text).unwrap();
    (folder, path.to_string_lossy().into_owned())
}

fn words(arguments: &[&str]) -> Output {
    qoe(&[&["satisfaction", "words"][..], arguments].concat())
}

#[test]
fn a_file_is_read_as_json_and_as_text() {
    let (_folder, path) = said();
    let given = ["--data", &path, "--measures", "freeze_ratio", "--assistant-text", "reply", "--conversation", "talk"];
    let answer = json(&words(&[&given[..], &["--json"]].concat()));
    let found = answer["words"].as_array().unwrap().iter().find(|row| row["word"] == "卡顿").unwrap();
    assert_eq!((found["texts"].as_u64(), found["language"].as_str()), (Some(60), Some("zh")));
    assert!(found["keyness"]["log_odds"]["low"].as_f64().unwrap() > 1.0, "{found}");
    assert!(
        answer["words_and_measures"].as_array().unwrap().iter().any(|pair| pair["word"] == "卡顿" && pair["superiority"]["value"] == 1.0)
    );
    assert_eq!(
        (answer["fallback"]["conversations"].as_u64(), answer["fallback"]["repeated"].as_u64()),
        (Some(2), Some(1)),
        "{}",
        answer["fallback"]
    );

    let text = String::from_utf8(words(&given).stdout).unwrap();
    for said in [
        "120 texts have words",
        "scored at most 2 (60)",
        "卡顿 (odds",
        "freeze_ratio is larger",
        "did not understand in 50.0 %",
        "log-odds",
        "stability",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    let text = String::from_utf8(words(&[&given[..], &["--lang", "zh"]].concat()).stdout).unwrap();
    for said in ["120 条文本有内容", "评分不高于 2 分者", "卡顿（优势比", "稳定性", "连续两次以上表示没听懂", "相关关系"]
    {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
}

#[test]
fn wrong_use_is_two_and_nothing_to_say_is_three() {
    let (folder, path) = said();
    let themes = folder.path().join("themes.toml");
    std::fs::write(&themes, "[themes]\n").unwrap();
    let themes = themes.to_string_lossy().into_owned();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["--text", "comment"], 2, "comment"),
        (&["--measures", "rtt"], 2, "rtt"),
        (&["--low", "5"], 2, "scale of 1 to 5"),
        (&["--themes", &themes], 2, "line 1"),
        (&["--themes", "nowhere.toml"], 2, "nowhere.toml"),
        (&["--assistant-text", "reply"], 2, "--conversation"),
        (&["--where", "score > 9"], 3, "no rows"),
        (&["--where", "talk = 'a'"], 3, "has words"),
    ];
    for (arguments, code, said) in cases {
        let output = words(&[&["--data", &path], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{said:?} is not in {stderr}");
    }
}

/// Two hundred sessions; those that connected slowly are complained of, and some have an assistant that does not understand.
#[tokio::test]
async fn a_stores_texts_are_read_with_the_measures_of_their_sessions() {
    let endpoint = support::database().await;
    let from = chrono::Utc::now().timestamp_millis() - 3_600_000;
    let mut records = Records::default();
    for at in 0..200_i64 {
        let slow = at % 2 == 0;
        let keys = Arc::new(Keys {
            project: "p".into(),
            session_id: format!("s{at}").into(),
            user_id: format!("u{at}").into(),
            ..Keys::default()
        });
        let stamp = |after: i64| Stamp::at(from + at * 100 + after);
        records.push(
            SessionEvent {
                keys: keys.clone(),
                stamp: stamp(10),
                name: "joined".into(),
                connect_ms: Some(if slow { 900.0 } else { 200.0 } + (at % 10) as f64),
                duration_ms: None,
                reason: "".into(),
            }
            .into(),
        );
        records.push(
            Feedback {
                keys: keys.clone(),
                stamp: stamp(20),
                invitation_id: "".into(),
                kind: "csat".into(),
                score: if slow { 1.0 } else { 5.0 } + if at % 4 == 0 { 1.0 } else { 0.0 },
                scale_low: 1.0,
                scale_high: 5.0,
                dimension: "".into(),
                text: if at % 20 == 19 {
                    ""
                } else if slow {
                    "接通太慢"
                } else {
                    "great call"
                }
                .into(),
                language: "".into(),
            }
            .into(),
        );
        for turn in 0..if at < 10 { 2 } else { 0 } {
            records.push(
                Turn {
                    keys: keys.clone(),
                    stamp: stamp(30 + turn),
                    turn_id: format!("t{turn}").into(),
                    model: "".into(),
                    response_ms: None,
                    interruption_ms: None,
                    false_interruptions: None,
                    missed_interruptions: None,
                    understood: None,
                    fallback: Some(at < 5 || turn == 1),
                    vad_ms: None,
                    asr_ms: None,
                    llm_ms: None,
                    tts_ms: None,
                }
                .into(),
            );
        }
    }
    support::insert(&endpoint, &records, 1).await;
    let answer = json(&support::asking(&endpoint, &["satisfaction", "words", "--project", "p", "--json"]));
    assert_eq!((answer["texts"]["told"].as_u64(), answer["texts"]["low"].as_u64()), (Some(190), Some(100)), "{}", answer["texts"]);
    assert!(answer["by_person"].as_bool().unwrap() && answer["measures"].as_array().unwrap().contains(&"connect_ms".into()));
    let pair = answer["words_and_measures"].as_array().unwrap().iter().find(|pair| pair["word"] == "great").unwrap();
    assert_eq!((pair["measure"].as_str(), pair["superiority"]["value"].as_f64()), (Some("connect_ms"), Some(0.0)), "{pair}");
    let fallback = &answer["fallback"];
    assert_eq!(
        (fallback["conversations"].as_u64(), fallback["fallbacks"].as_u64(), fallback["repeated"].as_u64()),
        (Some(10), Some(15), Some(5))
    );
    let none = support::asking(&endpoint, &["satisfaction", "words", "--project", "p", "--kind", "nps"]);
    assert_eq!(none.status.code(), Some(3), "{}", String::from_utf8_lossy(&none.stderr));
}
