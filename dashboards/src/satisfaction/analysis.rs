//! What a link asks of one analysis: `/api/satisfaction/{analysis}` and `/api/retention/{analysis}`.

use qoe_query::board::Filter;
use qoe_query::relations::MEASURES;
use qoe_query::report::Strongest;
use qoe_query::statistics::Confidence;

use super::SatisfactionAsked;
use crate::view::{ViewError, bad};

/// An analysis that has an address of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum Analysis {
    /// What people said.
    Score,
    /// The same, corrected for who stayed silent.
    Correct,
    /// What goes with it.
    Drivers,
    /// How it goes with one measure.
    Curve {
        /// Its column.
        measure: String,
    },
    /// Success against objectives.
    Stability,
    /// What people wrote.
    Words,
    /// What changed.
    Drift,
    /// Who comes back, apart by a limit of a measure if one is named.
    Cohorts {
        /// The limit.
        limit: Option<Strongest>,
    },
    /// How long people stay.
    Survival,
    /// What a first session beyond a limit of a measure does to return.
    Effect {
        /// The limit.
        treatment: Strongest,
    },
}

/// One analysis, of what, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisAsked {
    /// Which.
    pub analysis: Analysis,
    /// Of which answers and sessions.
    pub of: SatisfactionAsked,
    /// The level of all intervals.
    pub level: Confidence,
    /// For what is drawn by chance.
    pub seed: u64,
}

/// Parameters that every analysis takes; those of the view aside.
const COMMON: [&str; 5] = ["since", "until", "kind", "level", "seed"];
/// Parameters that any page takes.
const OF_VIEWS: [&str; 4] = ["project", "lang", "tz", "theme"];

impl AnalysisAsked {
    /// What an address asks; `None` for one that there is not. The filter comes from its view.
    pub fn read(family: &str, name: &str, pairs: &[(String, String)], filter: &Filter) -> Option<Result<AnalysisAsked, ViewError>> {
        let own: &[&str] = match (family, name) {
            ("satisfaction", "score" | "correct" | "stability") => &["by"],
            ("satisfaction", "drivers" | "words" | "drift") | ("retention", "survival") => &[],
            ("satisfaction", "curve") => &["measure"],
            ("retention", "cohorts") => &["limit"],
            ("retention", "effect") => &["treatment"],
            _ => return None,
        };
        Some(known(pairs, own).and_then(|()| asked(name, pairs, filter)))
    }
}

fn asked(name: &str, pairs: &[(String, String)], filter: &Filter) -> Result<AnalysisAsked, ViewError> {
    let value = |wanted: &str| pairs.iter().find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value.as_str());
    let of = SatisfactionAsked::read(pairs, filter)?;
    let level = |text: &str| {
        let level = text.parse().ok().filter(|level: &f64| (0.5..1.0).contains(level)).and_then(Confidence::new);
        level.ok_or_else(|| bad("level", text, "use a share from 0.5 up to but not 1, such as 0.95"))
    };
    let limit = |name, text: &str| limit(text).ok_or_else(|| bad(name, text, "use a measure and where it turns bad, such as rtt_ms>=250"));
    let analysis = match name {
        "score" => Analysis::Score,
        "correct" => Analysis::Correct,
        "drivers" => Analysis::Drivers,
        "curve" => {
            let measure = value("measure").unwrap_or_default();
            if !MEASURES.contains(&measure) {
                return Err(bad("measure", measure, "name a measure of sessions, such as rtt_ms, loss_ratio, freeze_ratio or connect_ms"));
            }
            Analysis::Curve { measure: measure.to_owned() }
        }
        "stability" => Analysis::Stability,
        "words" => Analysis::Words,
        "drift" => Analysis::Drift,
        "cohorts" => Analysis::Cohorts { limit: value("limit").map(|text| limit("limit", text)).transpose()? },
        "survival" => Analysis::Survival,
        _ => Analysis::Effect { treatment: limit("treatment", value("treatment").unwrap_or_default())? },
    };
    let seed = value("seed").map_or(Ok(1), |text| text.parse().map_err(|_| bad("seed", text, "use a whole number from 0 on")))?;
    Ok(AnalysisAsked { analysis, of, level: value("level").map_or(Ok(Confidence::P95), level)?, seed })
}

/// A parameter that nothing reads is a mistake whose answer would pass for another question's.
fn known(pairs: &[(String, String)], own: &[&str]) -> Result<(), ViewError> {
    let read = |name: &str| name.starts_with("f.") || [&COMMON[..], &OF_VIEWS, own].iter().any(|names| names.contains(&name));
    match pairs.iter().find(|(name, _)| !read(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let takes = COMMON.iter().chain(&["project"]).chain(own).copied().collect::<Vec<_>>().join(", ");
            Err(ViewError::UnknownParameter { name: name.clone(), takes })
        }
    }
}

/// `rtt_ms>=250`, `frame_rate<=15`.
fn limit(text: &str) -> Option<Strongest> {
    let split = |sign: &str| text.split_once(sign).map(|(measure, threshold)| (measure.trim(), threshold.trim(), sign == ">="));
    let (measure, threshold, high_is_bad) = split(">=").or_else(|| split("<="))?;
    let threshold = threshold.parse().ok().filter(|threshold: &f64| threshold.is_finite())?;
    MEASURES.contains(&measure).then(|| Strongest { measure: measure.to_owned(), threshold, high_is_bad })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(family: &str, name: &str, pairs: &[(&str, &str)]) -> Option<Result<AnalysisAsked, ViewError>> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        AnalysisAsked::read(family, name, &pairs, &Filter::default())
    }

    #[test]
    fn an_address_asks_for_one_analysis() {
        let curve = read("satisfaction", "curve", &[("measure", "rtt_ms"), ("level", "0.9"), ("f.vendor", "aurora")]).unwrap().unwrap();
        assert_eq!((curve.analysis, curve.level.level()), (Analysis::Curve { measure: "rtt_ms".to_owned() }, 0.9));
        let effect = read("retention", "effect", &[("treatment", "frame_rate <= 15")]).unwrap().unwrap();
        let treatment = Strongest { measure: "frame_rate".to_owned(), threshold: 15.0, high_is_bad: false };
        assert_eq!(effect.analysis, Analysis::Effect { treatment });
        assert!(read("retention", "score", &[]).is_none() && read("satisfaction", "joy", &[]).is_none());
    }

    #[test]
    fn nonsense_is_told_from_what_can_be_asked() {
        for (family, name, pairs, hint) in [
            ("satisfaction", "curve", &[][..], "name a measure"),
            ("satisfaction", "curve", &[("measure", "score); drop")], "name a measure"),
            ("satisfaction", "score", &[("level", "2")], "such as 0.95"),
            ("satisfaction", "score", &[("measure", "rtt_ms")], "unknown parameter measure"),
            ("satisfaction", "drift", &[("seed", "-1")], "whole number"),
            ("satisfaction", "words", &[("since", "soon")], "30d"),
            ("retention", "effect", &[("treatment", "1=1")], "rtt_ms>=250"),
            ("retention", "cohorts", &[("limit", "rtt_ms>=NaN")], "rtt_ms>=250"),
        ] {
            let error = read(family, name, pairs).unwrap().unwrap_err().to_string();
            assert!(error.contains(hint), "{name} {pairs:?}: {error}");
        }
    }
}
