//! What people talk about: themes by an editable dictionary, in Chinese and English.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use super::segment::{Segmenter, Token};

/// The built-in themes, which are also the example to copy.
pub const DEFAULT_THEMES: &str = include_str!("../../themes.toml");

/// A file of themes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Themes {
    /// The themes by their keys.
    pub theme: BTreeMap<String, Theme>,
    /// How an assistant says that it did not understand.
    pub fallback: Phrases,
}

/// One theme.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// Its name in Chinese.
    pub zh_name: String,
    /// Its name in English.
    pub en_name: String,
    /// Its Chinese words.
    pub zh: Vec<String>,
    /// Its English words and phrases.
    pub en: Vec<String>,
}

/// Phrases by language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrases {
    /// Chinese.
    pub zh: Vec<String>,
    /// English.
    pub en: Vec<String>,
}

/// What is wrong with a file of themes.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ThemesError {
    /// It is no TOML, lacks a key, or has one that nothing reads.
    #[error("read themes, line {line}")]
    Syntax {
        /// Where, from 1; 0 when it is not known.
        line: usize,
        /// What.
        source: Box<toml::de::Error>,
    },
    /// A theme that can never be mentioned.
    #[error("[theme.{theme}] has no words")]
    Empty {
        /// Which.
        theme: String,
    },
    /// A word that no text can have.
    #[error("[theme.{theme}] has the word {word:?}, which has no letters")]
    NoWord {
        /// Which theme.
        theme: String,
        /// The word.
        word: String,
    },
}

impl Themes {
    /// Reads a file of themes. A key that nothing reads is refused, with its line.
    pub fn parse(text: &str) -> Result<Self, ThemesError> {
        let themes: Self = toml::from_str(text).map_err(|source| {
            let line = source.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            ThemesError::Syntax { line, source: Box::new(source) }
        })?;
        for (name, theme) in &themes.theme {
            let mut words = theme.words().peekable();
            if words.peek().is_none() {
                return Err(ThemesError::Empty { theme: name.clone() });
            }
            if let Some(word) = words.find(|word| !word.chars().any(char::is_alphabetic)) {
                return Err(ThemesError::NoWord { theme: name.clone(), word: word.to_owned() });
            }
        }
        Ok(themes)
    }
}

impl Theme {
    fn words(&self) -> impl Iterator<Item = &str> {
        self.zh.iter().chain(&self.en).map(String::as_str)
    }
}

/// Themes ready to be found: a segmenter that knows their words, and the words by their first token. Made once, for it loads a dictionary.
#[derive(Debug)]
pub struct Lexicon {
    themes: Themes,
    segmenter: Segmenter,
    /// By first token: the tokens that follow, and the theme.
    phrases: HashMap<String, Vec<(Vec<String>, u32)>>,
}

static BUILT_IN: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::new(Themes::parse(DEFAULT_THEMES).expect("the built-in themes parse, as a test proves")));

impl Lexicon {
    /// The built-in themes.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// These themes.
    pub fn new(themes: Themes) -> Self {
        let segmenter = Segmenter::with_words(themes.theme.values().flat_map(Theme::words));
        let mut phrases: HashMap<String, Vec<(Vec<String>, u32)>> = HashMap::new();
        for (at, theme) in (0..).zip(themes.theme.values()) {
            for word in theme.words() {
                let mut tokens = segmenter.tokens(word).into_iter().map(|token| token.text);
                if let Some(first) = tokens.next() {
                    phrases.entry(first).or_default().push((tokens.collect(), at));
                }
            }
        }
        Self { themes, segmenter, phrases }
    }

    /// The themes themselves.
    pub fn themes(&self) -> &Themes {
        &self.themes
    }

    /// What cuts texts into words for them.
    pub fn segmenter(&self) -> &Segmenter {
        &self.segmenter
    }

    /// Which themes a text mentions, as indices into [`Themes::theme`], ascending, each once. 不卡 mentions what 卡 does.
    pub fn mentioned(&self, tokens: &[Token]) -> Vec<u32> {
        let mut found = Vec::new();
        for at in 0..tokens.len() {
            let text = tokens[at].text.as_str();
            self.starting(text, &tokens[at..], &mut found);
            if let Some(negated) = ["不", "没"].iter().find_map(|prefix| text.strip_prefix(prefix)) {
                self.starting(negated, &tokens[at..], &mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn starting(&self, first: &str, tokens: &[Token], found: &mut Vec<u32>) {
        let follows = |rest: &[String]| {
            let next = tokens[1..].iter().take_while(|token| token.clause == tokens[0].clause);
            next.map(|token| token.text.as_str()).take(rest.len()).eq(rest.iter().map(String::as_str))
        };
        let here = self.phrases.get(first).into_iter().flatten();
        found.extend(here.filter(|(rest, _)| follows(rest)).map(|(_, theme)| *theme));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        let lexicon = Lexicon::built_in();
        let names: Vec<&str> = lexicon.themes().theme.keys().map(String::as_str).collect();
        let got = lexicon.mentioned(&lexicon.segmenter().tokens(text));
        assert_eq!(got.into_iter().map(|at| names[at as usize]).collect::<Vec<_>>(), want, "{text}");
    }

    #[test]
    fn themes_are_found_in_both_languages() {
        check("视频一直卡顿，还有回声", &["picture", "sound", "stability"]);
        check("Calls DROP all the time, and support never answers", &["stability", "support"]);
        check("it keeps cutting out", &["stability"]);
        check("cutting, out", &[]);
        check("延迟高，客服态度不好", &["responsiveness", "support"]);
        check("SDK接入文档不清楚", &["developer_effort"]);
        check("助手听不懂方言", &["intelligence", "localisation"]);
        check("新版本修复了很多bug", &["iteration"]);
        check("语气很生硬", &["naturalness"]);
        check("今天天气很好", &[]);
        check("😀", &[]);
    }

    #[test]
    fn a_card_is_no_stutter_and_praise_mentions_too() {
        check("信用卡支付", &[]);
        check("一点都不卡", &["stability"]);
        check("卡顿卡顿卡顿 lag lag", &["stability"]);
    }

    #[test]
    fn every_word_of_the_built_in_themes_finds_its_theme() {
        let lexicon = Lexicon::built_in();
        for (at, (name, theme)) in (0..).zip(&lexicon.themes().theme) {
            for word in theme.words() {
                assert!(lexicon.mentioned(&lexicon.segmenter().tokens(word)).contains(&at), "{word} of {name}");
            }
        }
    }

    #[test]
    fn slips_are_refused_with_their_line() {
        let fallback = "\n[fallback]\nzh = []\nen = []\n";
        let error = |text: &str| Themes::parse(&format!("{text}{fallback}")).unwrap_err().to_string();
        assert_eq!(error("[theme.x]\nzh_name = \"甲\"\nen_name = \"x\"\nzh = [\"卡\"]\nen = []\ncolour = \"red\""), "read themes, line 6");
        assert_eq!(error("[theme.x]\nzh_name = \"甲\"\nen_name = \"x\"\nzh = []\nen = []"), "[theme.x] has no words");
        assert_eq!(
            error("[theme.x]\nzh_name = \"甲\"\nen_name = \"x\"\nzh = [\"!\"]\nen = []"),
            "[theme.x] has the word \"!\", which has no letters"
        );
        assert_eq!(error("[themes]"), "read themes, line 1");
        assert!(Themes::parse("[theme]").is_err());
    }
}
