use std::fmt::Write;

use super::*;

const P95: Confidence = Confidence::P95;

/// Ten texts as people write them.
const TEXTS: [(&str, Option<f64>); 13] = [
    ("视频一直卡顿，声音断断续续", Some(1.0)),
    ("卡顿 卡顿 卡顿!!! 画质不太稳定", Some(2.0)),
    ("Video keeps freezing, can't hear anything", Some(1.0)),
    ("延迟太高了，not clear at all", Some(2.0)),
    ("通话很稳定，画面清晰", Some(5.0)),
    ("Great sound, no lag", Some(5.0)),
    ("画面清晰，客服态度很好", Some(4.0)),
    ("一点都不卡", Some(5.0)),
    ("😀👍", Some(5.0)),
    ("", Some(3.0)),
    ("   ", None),
    ("的了", Some(3.0)),
    ("文档不清楚", None),
];

fn feedback() -> Vec<Feedback<'static>> {
    TEXTS.iter().map(|(text, score)| Feedback { text, score: *score }).collect()
}

#[test]
fn words_and_themes_of_a_few_texts() {
    let got = words(&feedback(), 2.0, Lexicon::built_in(), P95).unwrap();
    assert_eq!(got.texts, Texts { given: 13, empty: 2, wordless: 2, told: 9, cut: 0, low: 4, other: 4 });
    let mut printed = String::new();
    for row in got.table.iter().filter(|row| row.share.value > 0.2) {
        writeln!(
            printed,
            "{} {:?} {:?} {:.2} {:.2} {:.2}",
            row.word.text, row.word.language, row.texts, row.share.value, row.share.low, row.share.high
        )
        .unwrap();
    }
    assert_eq!(
        printed,
        "卡顿 Chinese [0, 1] 0.22 0.06 0.55\n\
         清晰 Chinese [4, 6] 0.22 0.06 0.55\n\
         画面 Chinese [4, 6] 0.22 0.06 0.55\n"
    );
    let all: Vec<&str> = got.table.iter().map(|row| row.word.text.as_str()).collect();
    for word in ["不稳定", "稳定", "not hear", "not clear", "no lag", "不卡", "不清楚"] {
        assert!(all.contains(&word), "{word} is not in {all:?}");
    }
    let themes: Vec<(&str, String)> =
        got.themes.iter().filter(|row| row.share.value > 0.0).map(|row| (row.theme.as_str(), format!("{:.3}", row.share.value))).collect();
    let want = [
        ("developer_effort", 0.111),
        ("picture", 0.556),
        ("responsiveness", 0.111),
        ("sound", 0.333),
        ("stability", 0.667),
        ("support", 0.111),
    ];
    assert_eq!(themes, want.map(|(theme, share)| (theme, format!("{share:.3}"))));
    let sound = got.themes.iter().find(|row| row.theme == "sound").unwrap();
    assert!((sound.score.unwrap().value - 7.0 / 3.0).abs() < 1e-12 && sound.score.unwrap().n == 3);
}

#[test]
fn the_words_of_low_scores_are_set_apart() {
    let texts: Vec<Feedback<'_>> = (0..200)
        .map(|at| match at % 4 {
            0 => Feedback { text: "总是卡顿", score: Some(1.0) },
            1 => Feedback { text: "画面清晰，偶尔卡顿", score: Some(if at % 40 == 1 { 2.0 } else { 5.0 }) },
            _ => Feedback { text: "画面清晰", score: Some(5.0) },
        })
        .collect();
    let got = words(&texts, 2.0, Lexicon::built_in(), P95).unwrap();
    let key = |word: &str| got.table.iter().find(|row| row.word.text == word).unwrap().keyness.unwrap();
    assert!(key("卡顿").log_odds.low > 1.0 && key("卡顿").q < 1e-6);
    assert!(key("清晰").log_odds.high < -1.0);
    assert_eq!(got.not_compared, None);
}

#[test]
fn one_text_is_counted_and_not_compared() {
    let got = words(&[Feedback { text: "卡顿", score: Some(1.0) }], 2.0, Lexicon::built_in(), P95).unwrap();
    assert_eq!(got.table.len(), 1);
    assert!((got.table[0].share.low - 0.2065).abs() < 1e-3 && got.table[0].keyness.is_none());
    assert_eq!(got.not_compared, Some(KeynessError::NotEnough { first: 1, second: 0 }));
    assert!(got.themes.iter().all(|row| row.score.is_none()));
}

#[test]
fn nothing_told_is_said() {
    let error = |texts: &[Feedback<'_>]| words(texts, 2.0, Lexicon::built_in(), P95).unwrap_err().to_string();
    let of = |text| Feedback { text, score: Some(1.0) };
    assert_eq!(error(&[]), "count the words of 0 texts, of which 0 are empty and the rest have no word that says something");
    assert_eq!(
        error(&[of(""), of("😀"), of("\u{1b}")]),
        "count the words of 3 texts, of which 1 are empty and the rest have no word that says something"
    );
    assert_eq!(error(&[Feedback { text: "卡", score: Some(f64::NAN) }]), "count the words of text 0, whose score is NaN");
}

#[test]
fn a_megabyte_is_cut_and_counted() {
    let long = "卡顿 ".repeat(200_000);
    let got = words(&[Feedback { text: &long, score: None }], 2.0, Lexicon::built_in(), P95).unwrap();
    assert_eq!((got.texts.cut, got.texts.told, got.table[0].texts.len()), (1, 1, 1));
}

#[test]
fn many_blocks_are_as_one() {
    let texts: Vec<Feedback<'_>> = feedback().into_iter().cycle().take(3 * BLOCK + 5).collect();
    let (once, again) = (words(&texts, 2.0, Lexicon::built_in(), P95).unwrap(), words(&texts, 2.0, Lexicon::built_in(), P95).unwrap());
    assert_eq!(once, again);
    assert!(once.table.iter().all(|row| row.texts.windows(2).all(|pair| pair[0] < pair[1])));
    let lag = once.table.iter().find(|row| row.word.text == "卡顿").unwrap();
    assert_eq!(lag.texts.len(), (0..texts.len()).filter(|at| texts[*at].text.contains("卡顿")).count());
}
