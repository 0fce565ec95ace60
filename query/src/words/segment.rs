//! Feedback as words: Chinese and English mixed, negations kept with what they negate.
//!
//! Runs of Chinese characters are cut by jieba (its dictionary, the themes' words, and its hidden Markov model for words in neither, such as 闪退);
//! all else by the word boundaries of Unicode (UAX #29), in lower case. There is no stemming: of the two words "freeze" and "freezes" each counts as
//! itself. The same text gives the same words.

use std::collections::HashSet;
use std::sync::LazyLock;

use jieba_rs::Jieba;
use unicode_segmentation::UnicodeSegmentation;

/// The built-in words that say nothing by themselves.
const STOP_WORDS: &str = include_str!("../../stop_words.txt");

static STOP: LazyLock<HashSet<&str>> =
    LazyLock::new(|| STOP_WORDS.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect());

/// Longer texts are read up to here, in bytes: our choice, some ten pages, so that one text cannot hold up a report.
pub const MAX_TEXT: usize = 32 * 1024;
/// Longer "words" are none, in characters: keys held down, encoded data.
const MAX_WORD: usize = 40;

/// What a word is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Chinese characters.
    Chinese,
    /// Latin letters without accents: English, as far as one can see.
    English,
    /// Other letters.
    Other,
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word {
    /// In lower case; with its negation, `不稳定`, `not clear`.
    pub text: String,
    /// What it is written in.
    pub language: Language,
}

/// A word as it stands, and which clause it stands in: phrases and negations do not reach over a comma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// In lower case.
    pub text: String,
    /// What it is written in.
    pub language: Language,
    /// The clause, from 0.
    pub clause: u32,
}

/// Cuts texts into words.
#[derive(Debug)]
pub struct Segmenter {
    jieba: Jieba,
}

impl Segmenter {
    /// A segmenter that knows these words beside those of the dictionary. Loading takes some tens of milliseconds: do it once.
    pub fn with_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut jieba = Jieba::new();
        for word in words.into_iter().filter(|word| word.chars().count() > 1 && word.chars().all(is_chinese)) {
            if !jieba.has_word(word) {
                jieba.add_word(word, None, None);
            }
        }
        Self { jieba }
    }

    /// The words of a text as they stand, numbers and signs left out. At most [`MAX_TEXT`] bytes are read.
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let text = &text[..text.floor_char_boundary(MAX_TEXT)];
        let text = text.to_lowercase().replace('’', "'");
        let mut tokens = Vec::new();
        let mut clause = 0;
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let chinese = is_chinese(first);
            let end = rest.find(|c| is_chinese(c) != chinese).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            if chinese {
                let words = self.jieba.cut(run, true).into_iter().filter(|token| token.word.chars().count() <= MAX_WORD);
                tokens.extend(words.map(|token| Token { text: token.word.to_owned(), language: Language::Chinese, clause }));
            } else {
                by_boundaries(run, &mut clause, &mut tokens);
            }
            rest = after;
        }
        tokens
    }
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

fn by_boundaries(run: &str, clause: &mut u32, tokens: &mut Vec<Token>) {
    for piece in run.split_word_bounds() {
        if piece.chars().any(char::is_alphabetic) {
            if piece.chars().count() <= MAX_WORD {
                let language = if piece.is_ascii() { Language::English } else { Language::Other };
                tokens.push(Token { text: piece.to_owned(), language, clause: *clause });
            }
        } else if !piece.chars().all(|c| c == ' ' || c == '-' || c.is_numeric()) {
            *clause += 1;
        }
    }
}

/// The words that count: stop words left out, and each negation joined to the next word of its clause that says something, so that 不太稳定, 不是很稳定
/// and 不稳定 are one word and none of them is 稳定.
pub fn words(tokens: &[Token]) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if let Some(prefix) = negation(token) {
            let mut next = at;
            while tokens.get(next).is_some_and(|word| word.clause == token.clause && is_degree(word)) {
                next += 1;
            }
            let negated = |word: &&Token| word.clause == token.clause && word.language == token.language && says_something(word);
            if let Some(word) = tokens.get(next).filter(negated) {
                words.push(Word { text: format!("{prefix}{}", word.text), language: word.language });
                at = next + 1;
                continue;
            }
        }
        if says_something(token) {
            words.push(Word { text: token.text.clone(), language: token.language });
        }
    }
    words
}

fn says_something(token: &Token) -> bool {
    !STOP.contains(token.text.as_str())
}

/// What a negation puts before the word it negates.
fn negation(token: &Token) -> Option<&'static str> {
    match token.text.as_str() {
        "不" | "不太" | "不够" | "不是" | "不怎么" | "不大" | "不算" | "不很" | "并不" | "并不是" => Some("不"),
        "没" | "没有" => Some("没"),
        "不能" => Some("不能"),
        "不会" => Some("不会"),
        "无法" => Some("无法"),
        "不要" | "别" => Some("不要"),
        "no" | "without" => Some("no "),
        "not" | "never" | "cannot" | "cant" | "dont" | "doesnt" | "didnt" | "isnt" | "wasnt" => Some("not "),
        text if text.ends_with("n't") => Some("not "),
        _ => None,
    }
}

/// Words that may stand between a negation and what it negates.
fn is_degree(token: &Token) -> bool {
    const DEGREES: [&str; 32] = [
        "太", "很", "够", "怎么", "是", "那么", "这么", "特别", "非常", "十分", "算", "大", "very", "really", "so", "too", "that", "at",
        "all", "a", "an", "the", "quite", "always", "any", "be", "been", "much", "to", "even", "as", "it",
    ];
    DEGREES.contains(&token.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    static PLAIN: LazyLock<Segmenter> = LazyLock::new(|| Segmenter::with_words([]));

    #[track_caller]
    fn check(text: &str, want: &str) {
        let segmenter = super::super::themes::Lexicon::built_in().segmenter();
        let got: Vec<String> = words(&segmenter.tokens(text)).into_iter().map(|word| word.text).collect();
        assert_eq!(got.join(" | "), want, "{text}");
    }

    #[test]
    fn chinese_and_english_mixed() {
        check("App闪退,5G网络下video很卡顿!", "app | 闪退 | 5g | 网络 | video | 卡顿");
        check("The VIDEO froze; audio kept dropping.", "video | froze | audio | kept | dropping");
        check("延迟200ms太高了", "延迟 | 200ms | 太高");
    }

    #[test]
    fn a_negation_stays_with_its_word() {
        for text in ["不稳定", "不太稳定", "不是很稳定", "并不稳定", "很不稳定"] {
            check(text, "不稳定");
        }
        check("稳定", "稳定");
        check("问题没有解决", "没解决");
        check("The picture is not very clear", "picture | not clear");
        check("I can’t hear you, isn't good", "not hear | not good");
        check("no sound, no", "no sound");
        check("not, clear", "clear");
    }

    #[test]
    fn what_has_no_words_has_none() {
        for text in ["", "   ", "😀😀👍", "12345 !!!", "\u{0}\u{7}\u{1b}", "的了是", "\u{200d}\u{fe0f}"] {
            check(text, "");
        }
        check("\u{0}freeze\u{7}卡顿\u{1b}", "freeze | 卡顿");
    }

    #[test]
    fn a_megabyte_is_read_up_to_the_limit() {
        let long = "卡顿，".repeat(200_000);
        assert!(long.len() > 1_000_000);
        let tokens = PLAIN.tokens(&long);
        assert_eq!(tokens.len(), MAX_TEXT / "卡顿，".len() + usize::from(MAX_TEXT % 9 >= 3));
        assert_eq!(PLAIN.tokens(&"a".repeat(1_000_000)), []);
    }

    /// jieba 0.42.1 (Python) with the same dictionary; see `fixtures/reference/words.py`.
    #[test]
    fn chinese_is_cut_as_jieba_cuts_it() {
        let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/reference/words.json")).unwrap();
        let reference: serde_json::Value = serde_json::from_str(&file).unwrap();
        for (at, sentence) in reference["input"]["sentences"].as_array().unwrap().iter().enumerate() {
            for (hmm, name) in [(true, "with_hmm"), (false, "without_hmm")] {
                let sentence = sentence.as_str().unwrap();
                let got: Vec<&str> = PLAIN.jieba.cut(sentence, hmm).into_iter().map(|token| token.word).collect();
                let want: Vec<&str> =
                    reference["expected"][name][at].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
                assert_eq!(got, want);
            }
            let tokens = PLAIN.tokens(sentence.as_str().unwrap());
            let want = reference["expected"]["with_hmm"][at].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
            let want: Vec<&str> = want.filter(|word| !["，"].contains(word)).collect();
            assert_eq!(tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>(), want);
        }
    }
}
