//! The text of a `poc.toml` as a person pastes it, and the form for it.

use qoe_query::poc::scorecard::Profiles;
use qoe_query::poc::{Industry, Language, example};

use super::asked::SINCE;
use crate::view::{Lang, View, ViewError, bad};

/// What was pasted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pasted {
    /// The text.
    pub text: String,
    /// Since when it is asked about; empty as usual.
    pub since: String,
    /// Why it was not answered.
    pub refused: Option<String>,
    /// Whose example it is.
    pub example: Option<Industry>,
}

impl Pasted {
    /// What the fields of the form say. The project is the link's alone: whoever may open that link was asked for that one.
    pub fn of(fields: Vec<(String, String)>) -> Pasted {
        let mut pasted = Pasted::default();
        for (name, value) in fields {
            match name.as_str() {
                "poc" => pasted.text = value,
                "since" => pasted.since = value,
                _ => {}
            }
        }
        pasted
    }

    /// The commented example that a link asks for, if it asks for one.
    pub fn example(pairs: &[(String, String)], lang: Lang) -> Result<Option<Pasted>, ViewError> {
        let Some((_, name)) = pairs.iter().find(|(name, value)| name == "example" && !value.is_empty()) else { return Ok(None) };
        let found = Industry::ALL.into_iter().find(|industry| industry.name() == name);
        let industry = found.ok_or_else(|| bad("example", name, &format!("use {}", Industry::ALL.map(Industry::name).join(", "))))?;
        let text = example(industry, lang.pick(Language::English, Language::Chinese));
        Ok(Some(Pasted { text, example: Some(industry), ..Pasted::default() }))
    }

    /// What it asks beside its text, as a link would.
    pub fn pairs(&self) -> Vec<(String, String)> {
        vec![("since".to_owned(), self.since.trim().to_owned())]
    }
}

/// The form.
pub(super) struct Paste {
    pub text: String,
    pub since: String,
    pub refused: Option<String>,
    /// Whether it is seen at once.
    pub open: bool,
    /// Where it goes, and where in the other language.
    pub action: String,
    pub other_action: String,
    /// Examples: whose, and where.
    pub examples: Vec<(String, String)>,
}

impl Paste {
    pub fn of(pasted: &Pasted, view: &View) -> Paste {
        let (bare, lang, profiles) = (view.bare(), view.language(), Profiles::default());
        let named = |industry: Industry| match profiles.get(Some(industry.name())) {
            Ok(profile) => lang.pick(&profile.called.en, &profile.called.zh).clone(),
            Err(_) => industry.name().to_owned(),
        };
        let at = |industry: Industry| View { kept: vec![("example", industry.name().to_owned())], ..bare.clone() }.href("/poc");
        Paste {
            text: pasted.text.clone(),
            since: if pasted.since.is_empty() { SINCE.to_string() } else { pasted.since.clone() },
            refused: pasted.refused.clone(),
            open: pasted.refused.is_some() || pasted.example.is_some(),
            action: bare.href("/poc"),
            other_action: View { lang: Some(lang.other()), ..bare.clone() }.href("/poc"),
            examples: Industry::ALL.into_iter().map(|industry| (named(industry), at(industry))).collect(),
        }
    }
}
