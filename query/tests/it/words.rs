//! What people write, over small files with planted words.

use std::fmt::Write as _;

use qoe_query::Definitions;
use qoe_query::frame::Input;
use qoe_query::satisfaction::fallback::Turns;
use qoe_query::satisfaction::words::customary_low;
use qoe_query::satisfaction::{AnalysisError, Covariates, FallbackAnswer, FallbackQuestion, WordsAnswer, WordsQuestion};
use qoe_query::statistics::Confidence;
use qoe_query::statistics::keyness::KeynessError;
use qoe_query::statistics::scale::Kind;
use qoe_query::words::fallback::Fallbacks;
use qoe_query::words::themes::Lexicon;

fn question() -> WordsQuestion {
    WordsQuestion {
        text: "text".into(),
        score: "score".into(),
        kind: Kind::Csat,
        scale: None,
        bounds: None,
        low_at_most: None,
        user: None,
        measures: Covariates::Named(vec![]),
        themes: None,
        condition: None,
        level: Confidence::P95,
    }
}

async fn input(name: &str, text: &str) -> (tempfile::TempDir, Input) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let input = Input::file(&path, &Definitions::default()).await.unwrap();
    (folder, input)
}

async fn ask(question: &WordsQuestion, text: &str) -> Result<WordsAnswer, AnalysisError> {
    let (_folder, input) = input("said.csv", text).await;
    question.ask(&input).await
}

/// Half are discontented; most of them, and few others, write of stutter, where freezes are longer.
fn said() -> String {
    let mut text = String::from("user,text,score,freeze_ratio,constant\n");
    for at in 0..200 {
        let low = at % 2 == 0;
        let stutter = if low { at % 10 < 8 } else { at % 10 == 1 };
        let words = if stutter { "视频一直卡顿" } else { "the picture is fine" };
        let freeze = if stutter { 0.1 + f64::from(at % 7) / 100.0 } else { f64::from(at % 13) / 100.0 };
        writeln!(text, "u{at},{words},{},{freeze},1", if low { 1 + at % 3 % 2 } else { 4 + at % 3 % 2 }).unwrap();
    }
    text
}

#[tokio::test]
async fn planted_words_set_low_scores_apart_and_go_with_their_measure() {
    let asked = WordsQuestion { measures: Covariates::Named(vec!["freeze_ratio".into(), "constant".into()]), ..question() };
    let answer = ask(&asked, &said()).await.unwrap();
    assert_eq!((answer.words.texts.low, answer.words.texts.other, answer.low_at_most), (100, 100, 2.0));
    let stutter = answer.words.table.iter().position(|row| row.word.text == "卡顿").unwrap();
    let keyness = answer.words.table[stutter].keyness.unwrap();
    assert!(keyness.log_odds.low > 1.0 && keyness.q < 0.001, "{keyness:?}");
    let picture = answer.words.table.iter().find(|row| row.word.text == "picture").unwrap();
    assert!(picture.keyness.unwrap().log_odds.high < 0.0);
    let pair = answer.pairs.iter().find(|pair| pair.word == stutter).unwrap();
    assert!(answer.measures[pair.measure] == "freeze_ratio" && pair.superiority.low > 0.8, "{pair:?}");
    assert!(answer.pairs.iter().all(|pair| answer.measures[pair.measure] != "constant"), "what does not vary says nothing");
    let (name, stability) = answer.names.iter().zip(&answer.words.themes).find(|(_, row)| row.theme == "stability").unwrap();
    assert_eq!((name.zh.as_str(), stability.share.n), ("稳定性", 200));
    assert!(stability.apart.unwrap().high < 0.0);
}

#[tokio::test]
async fn one_person_who_writes_ten_times_is_one() {
    let mut text = String::from("user,text,score\n");
    for at in 0..40 {
        writeln!(
            text,
            "{},卡顿 every time the very same complaint,{}",
            if at < 20 { "loud".to_owned() } else { format!("u{at}") },
            at % 5 + 1
        )
        .unwrap();
    }
    let alone = ask(&question(), &text).await.unwrap();
    assert_eq!((alone.words.texts.told, alone.rows.alike), (40, 39));
    let joined = ask(&WordsQuestion { user: Some("user".into()), ..question() }, &text).await.unwrap();
    let stutter = joined.words.table.iter().find(|row| row.word.text == "卡顿").unwrap();
    assert_eq!((joined.words.texts.told, stutter.texts.len()), (21, 21));
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_in_words() {
    let error = |error: Result<WordsAnswer, AnalysisError>| error.unwrap_err().to_string();
    assert_eq!(error(ask(&question(), "text,score\n,1\n,2\n").await), "none of 2 rows has words in \"text\"");
    assert!(error(ask(&question(), "text,score\n😀,1\n123!,2\n").await).starts_with("count the words of 2 texts"));
    let all = WordsQuestion { low_at_most: Some(5.0), ..question() };
    assert_eq!(error(ask(&all, &said()).await), "set scores of at most 5 apart on a scale of 1 to 5: one side would be empty");
    let nowhere = WordsQuestion { condition: Some("score > 9".into()), ..question() };
    assert_eq!(error(ask(&nowhere, &said()).await), "there are no rows where score > 9");
    assert!(matches!(ask(&WordsQuestion { text: "txt".into(), ..question() }, &said()).await, Err(AnalysisError::Frame(_))));
}

#[tokio::test]
async fn scores_off_the_scale_leave_the_text_and_no_score() {
    let stated = WordsQuestion { scale: Some(Kind::Csat.customary()), ..question() };
    let answer = ask(&stated, "text,score\n卡顿,99\n卡顿,NaN\n清晰,\n清晰,4\n").await.unwrap();
    assert_eq!((answer.words.texts.told, answer.words.texts.other, answer.rows.off_scale), (4, 1, 1));
    assert_eq!(answer.words.not_compared, Some(KeynessError::NotEnough { first: 0, second: 1 }));
    assert!(answer.pairs.is_empty());
}

#[test]
fn low_is_what_the_kind_calls_low() {
    let low = |kind: Kind| customary_low(kind, kind.customary());
    assert_eq!(Kind::ALL.map(low), [2.0, 6.0, 3.0, 2.0, 0.0]);
}

async fn fallbacks(name: &str, text: &str, question: &FallbackQuestion) -> Result<FallbackAnswer, AnalysisError> {
    let (_folder, input) = input(name, text).await;
    question.ask(&input).await
}

#[tokio::test]
async fn an_assistant_that_does_not_understand_twice_is_counted_by_conversation() {
    let phrases = Lexicon::built_in().themes().fallback.clone();
    let asked = FallbackQuestion {
        turns: Turns::Said { text: "reply".into(), phrases },
        conversation: "talk".into(),
        time: None,
        condition: None,
        level: Confidence::P95,
    };
    let text = "talk,reply\na,您好\na,抱歉，我不明白\nb,Sorry I didn't get that\nb,好的\na,我没听懂\n,我没听懂\nc,好的\n";
    let found = fallbacks("turns.csv", text, &asked).await.unwrap();
    assert_eq!(found.counted, Fallbacks { utterances: 6, fallbacks: 3, repeated: 1, longest: 2 });
    assert_eq!((found.conversations, found.unplaced), (3, 1));
    assert_eq!((found.any.value, found.repeated.value), (2.0 / 3.0, 1.0 / 3.0));
    let none = fallbacks("turns.csv", "talk,reply\na,\n", &asked).await.unwrap_err();
    assert_eq!(none.to_string(), "none of 1 rows has a turn of a conversation in \"reply\"");
}

#[tokio::test]
async fn flagged_turns_follow_one_another_in_time() {
    let asked = FallbackQuestion {
        turns: Turns::Flagged { column: "fallback".into() },
        conversation: "session_id".into(),
        time: Some("observed_at".into()),
        condition: None,
        level: Confidence::P95,
    };
    let text = r#"{"session_id":"a","observed_at":"2026-11-01T00:00:02Z","fallback":true}
{"session_id":"a","observed_at":"2026-11-01T00:00:09Z","fallback":false}
{"session_id":"a","observed_at":"2026-11-01T00:00:01Z","fallback":true}
{"session_id":"b","observed_at":"2026-11-01T00:00:01Z","fallback":null}
"#;
    let found = fallbacks("turns.ndjson", text, &asked).await.unwrap();
    assert_eq!(found.counted, Fallbacks { utterances: 3, fallbacks: 2, repeated: 1, longest: 2 });
    assert_eq!(found.conversations, 1);
}
