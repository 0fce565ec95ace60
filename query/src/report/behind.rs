//! The rows behind each part of a report, as questions in SQL over `data` (the file, or the sessions of a store) and `visits` (presences of a store),
//! for whoever checks a figure by other means.

use super::asker::DIMENSION;
use super::{Asker, SatisfactionReport};
use crate::frame::Want;

/// The rows behind one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The part, by the anchor it has in a report.
    pub part: &'static str,
    /// The columns or the measure that the part goes by, where there are several parts of that kind.
    pub of: String,
    /// The question.
    pub sql: String,
}

impl Asker {
    /// One question for each part of the report that this made.
    pub(super) fn behind(&self, report: &SatisfactionReport) -> Vec<Behind> {
        let part = |part, of: &str, sql| Behind { part, of: of.to_owned(), sql };
        let correct = self.correct_question(&[]);
        let asked =
            correct.condition.as_ref().map(|asked| if self.sources.period.is_some() { format!("{asked} = 1") } else { asked.clone() });
        let mut parts = vec![part("corrected", "", self.rows(&correct.wanted(), asked.as_deref()))];
        parts.push(part("scores", "", self.answers(&[])));
        parts.extend(self.question.by.iter().map(|by| part("scores", by, self.answers(std::slice::from_ref(by)))));
        let drivers = self.drivers_question();
        parts.push(part("drivers", "", self.rows(&drivers.wanted(), drivers.condition.as_deref())));
        for curve in report.curves.iter().flatten() {
            let question = self.curve_question(&curve.measure);
            parts.push(part("curve", &curve.measure, self.rows(&question.wanted(), question.condition.as_deref())));
        }
        let cohorts = self.cohorts_question(report.strongest.as_ref());
        parts.push(part("cohorts", "", self.select(self.presences(), &cohorts.wanted(self.sources.visits.is_none()), None)));
        if let Some(strongest) = &report.strongest {
            parts.push(part("effect", "", self.rows(&self.effect_question(strongest).wanted(), None)));
        }
        let survival = self.survival_question();
        parts.push(part("survival", "", self.rows(&survival.wanted(), survival.condition.as_deref())));
        let words = self.words_question();
        parts.push(part("words", "", self.rows(&words.wanted(), words.condition.as_deref())));
        parts.push(part("stability", "", self.attempts()));
        parts.push(part("drift", "", self.rows(&self.drift_question().wanted(), None)));
        parts
    }

    /// A column's name in quotes where SQL would take it for something else.
    fn named(&self, what: &str) -> String {
        let plain = what.bytes().all(|letter| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'_')) && what != "left";
        if plain || !self.columns.has(what) { what.to_owned() } else { format!("\"{}\"", what.replace('"', "\"\"")) }
    }

    fn presences(&self) -> &'static str {
        if self.sources.visits.is_some() { "visits" } else { "data" }
    }

    fn rows(&self, wanted: &[Want], condition: Option<&str>) -> String {
        self.select("data", wanted, condition)
    }

    fn select(&self, from: &str, wanted: &[Want], condition: Option<&str>) -> String {
        let mut columns: Vec<String> = Vec::new();
        for want in wanted {
            let column = self.named(&want.what);
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        format!("SELECT {}\nFROM {from}{}", columns.join(", "), self.filter(from, condition))
    }

    /// How many answers of each score: a score of any kind can be counted from them.
    fn answers(&self, by: &[String]) -> String {
        let question = self.score_question(by);
        let bounds = question.bounds.iter().flat_map(|(low, high)| [low.as_str(), high.as_str()]);
        let keys: Vec<String> =
            by.iter().map(String::as_str).chain(bounds).chain([question.score.as_str()]).map(|key| self.named(key)).collect();
        let from = if self.sources.answers.is_some() && by.iter().any(|by| by == DIMENSION) { "answers" } else { "data" };
        let keys = keys.join(", ");
        let filter = self.filter("data", question.condition.as_deref());
        format!("SELECT {keys}, count(*) AS answers\nFROM {from}{filter}\nGROUP BY {keys}\nORDER BY {keys}")
    }

    fn attempts(&self) -> String {
        let question = self.stability_question(&self.columns.of(&["vendor"]));
        let industry = question.targets.iter().map(|(column, _)| column.as_str());
        let keys: Vec<&str> = industry.chain(question.by.iter().map(String::as_str)).chain([question.success.as_str()]).collect();
        let (keys, filter) = (keys.join(", "), self.filter("data", None));
        format!("SELECT {keys}, count(*) AS attempts\nFROM data{filter}\nGROUP BY {keys}\nORDER BY {keys}")
    }

    /// What the part asks of rows, and what the whole report does; presences are not narrowed.
    fn filter(&self, from: &str, condition: Option<&str>) -> String {
        let whole = self.question.condition.as_deref().filter(|_| from == "data").map(|whole| format!("({whole})"));
        let conditions: Vec<String> = whole.into_iter().chain(condition.map(str::to_owned)).collect();
        if conditions.is_empty() { String::new() } else { format!("\nWHERE {}", conditions.join(" AND ")) }
    }
}
