//! How often an assistant says that it did not understand, and how often it says so again.

use crate::statistics::{Confidence, Estimate, share};

use super::themes::Phrases;

/// What an assistant's side of one or more conversations comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fallbacks {
    /// Things it said that have words.
    pub utterances: u64,
    /// Those in which it says that it did not understand.
    pub fallbacks: u64,
    /// Fallbacks right after another: the user tried again, in vain.
    pub repeated: u64,
    /// The longest run of fallbacks.
    pub longest: u64,
}

impl Fallbacks {
    /// Several conversations together, in any order.
    pub fn merge(self, other: Self) -> Self {
        Self {
            utterances: self.utterances + other.utterances,
            fallbacks: self.fallbacks + other.fallbacks,
            repeated: self.repeated + other.repeated,
            longest: self.longest.max(other.longest),
        }
    }

    /// The share of what it said that is a fallback (Wilson, as if utterances were independent); `None` of no utterances.
    pub fn share(&self, level: Confidence) -> Option<Estimate> {
        share(self.fallbacks, self.utterances, level)
    }
}

/// Phrases ready to be found.
#[derive(Debug, Clone)]
pub struct FallbackPhrases {
    phrases: Vec<String>,
}

impl FallbackPhrases {
    /// Those of a dictionary; ones without letters are passed over.
    pub fn new(of: &Phrases) -> Self {
        let phrases = of.zh.iter().chain(&of.en).map(|phrase| normal(phrase)).filter(|phrase| phrase.chars().any(char::is_alphabetic));
        Self { phrases: phrases.collect() }
    }

    /// Whether it says here that it did not understand. Case, punctuation and space do not matter. A sentence that only mentions it ("if you do not
    /// understand, ...") is one only when it has the very phrase.
    pub fn found_in(&self, utterance: &str) -> bool {
        self.has(&normal(utterance))
    }

    fn has(&self, normal: &str) -> bool {
        self.phrases.iter().any(|phrase| normal.match_indices(phrase.as_str()).any(|(at, _)| stands_alone(normal, at, at + phrase.len())))
    }

    /// Counts in what an assistant says in one conversation, in order. Utterances without words (silence, signs) are passed over.
    pub fn count(&self, utterances: &[&str]) -> Fallbacks {
        let mut counted = Fallbacks::default();
        let mut run = 0;
        for utterance in utterances.iter().map(|utterance| normal(utterance)).filter(|normal| normal.chars().any(char::is_alphanumeric)) {
            counted.utterances += 1;
            if self.has(&utterance) {
                counted.fallbacks += 1;
                counted.repeated += u64::from(run > 0);
                run += 1;
                counted.longest = counted.longest.max(run);
            } else {
                run = 0;
            }
        }
        counted
    }
}

/// In lower case, signs as one space; none beside a character of a script that has no spaces.
fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars().flat_map(char::to_lowercase).map(|c| if c == '’' { '\'' } else { c }) {
        if c.is_alphanumeric() || c == '\'' {
            let between_words = c.is_ascii() && normal.chars().next_back().is_some_and(|before| before.is_ascii());
            if space && between_words {
                normal.push(' ');
            }
            normal.push(c);
            space = false;
        } else {
            space = true;
        }
    }
    normal
}

/// Whether no word of Latin letters goes on at either end.
fn stands_alone(text: &str, from: usize, to: usize) -> bool {
    let joined = |a: Option<char>, b: Option<char>| a.zip(b).is_some_and(|(a, b)| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric());
    let inside = &text[from..to];
    !joined(text[..from].chars().next_back(), inside.chars().next()) && !joined(inside.chars().next_back(), text[to..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::super::themes::Lexicon;
    use super::*;

    fn count(utterances: &[&str]) -> Fallbacks {
        FallbackPhrases::new(&Lexicon::built_in().themes().fallback).count(utterances)
    }

    #[test]
    fn repeated_fallbacks_are_counted() {
        let got = count(&["您好，请问有什么可以帮您？", "抱歉，我不明白。", "对不起，我没听懂您的意思", "好的，为您查询", "我听不懂"]);
        assert_eq!(got, Fallbacks { utterances: 5, fallbacks: 3, repeated: 1, longest: 2 });
        let got = count(&["Sorry, I didn’t get that.", "SORRY - I didn't get that!", "Sorry, I didn't get that", "Booked."]);
        assert_eq!(got, Fallbacks { utterances: 4, fallbacks: 3, repeated: 2, longest: 3 });
        assert_eq!(format!("{:.2}", got.share(Confidence::P95).unwrap().value), "0.75");
    }

    #[test]
    fn nothing_said_is_nothing_understood() {
        assert_eq!(count(&[]), Fallbacks::default());
        assert_eq!(count(&["", "  ", "😀", "…"]), Fallbacks::default());
        assert_eq!(Fallbacks::default().share(Confidence::P95), None);
    }

    #[test]
    fn a_silence_between_two_fallbacks_does_not_part_them() {
        assert_eq!(count(&["没听懂", "……", "没听懂"]).repeated, 1);
    }

    #[test]
    fn a_phrase_inside_a_word_is_none() {
        let phrases = FallbackPhrases::new(&Phrases { zh: vec![], en: vec!["get that".into(), "!".into()] });
        assert!(phrases.found_in("I did not GET, that"));
        assert!(!phrases.found_in("I forget that"));
        assert!(!phrases.found_in("!"));
    }
}
