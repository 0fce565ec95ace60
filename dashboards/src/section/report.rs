//! The parts of the satisfaction report, and what they come to.

mod appendix;
mod headline;

pub use appendix::appendix;
pub use headline::{headline, tiles};
use qoe_query::report::SatisfactionReport;

use super::names::column_words;
use super::{Section, cohorts, correct, curve, drift, drivers, effect, score, stability, survival, vendor_record, why, words};
use crate::view::Lang;

/// The parts, in the order in which they are read: what people said, corrected; what moves it; what it does; the rest; and what to beware of.
pub fn sections(report: &SatisfactionReport, lang: Lang) -> Vec<Section> {
    let mut parts = vec![told("corrected", report.corrected.as_ref().map(|answer| correct::correct(answer, lang)), lang)];
    for scored in &report.scores {
        parts.push(told("scores", scored.as_ref().map(|answer| by_name(score::score(answer, lang), &answer.by, lang)), lang));
    }
    parts.push(told("drivers", report.drivers.as_ref().map(|answer| drivers::drivers(answer, lang)), lang));
    parts.extend(report.curves.iter().map(|drawn| told("curve", drawn.as_ref().map(|answer| curve::curve(answer, lang)), lang)));
    parts.push(told("cohorts", report.cohorts.as_ref().map(|answer| cohorts::cohorts(answer, lang)), lang));
    parts.extend(report.effect.as_ref().map(|asked| told("effect", asked.as_ref().map(|asked| effect::effect(asked, lang)), lang)));
    parts.push(told("survival", report.survival.as_ref().map(|answer| survival::survival(answer, lang)), lang));
    parts.push(told("words", report.words.as_ref().map(|answer| words::words(answer, None, lang)), lang));
    parts.push(told("stability", report.stability.as_ref().map(|answer| stability::stability(answer, lang)), lang));
    parts.push(told("drift", report.drift.as_ref().map(|answer| drift::drift(answer, lang)), lang));
    // What cannot be for want of columns is said once, at the head.
    parts.retain(|part| !report.lacking.iter().any(|lacking| lacking.part == part.id));
    parts.push(match &report.vendors {
        Some(records) => {
            let records = records.as_ref().map(|records| vendor_record::vendor_record(records, report.question.level, lang));
            told("vendor-record", records, lang)
        }
        None => vendor_record::unknown(lang),
    });
    parts.push(limits(report, lang));
    numbered(parts)
}

/// What a part is called where it has no answer, and in lists of parts.
pub(super) fn title(part: &str, lang: Lang) -> &'static str {
    match part {
        "corrected" => lang.pick("Corrected for who stayed silent", "对沉默者的校正"),
        "scores" => lang.pick("What people said", "用户评价"),
        "drivers" => lang.pick("What goes with satisfaction", "哪些指标与满意度相关"),
        "curve" => lang.pick("Where it turns", "拐点"),
        "cohorts" => lang.pick("Who came back", "留存"),
        "effect" => lang.pick("What goes with return, like compared with like", "与回访的关联（同类比较）"),
        "survival" => lang.pick("How long people stay", "停留时长"),
        "words" => lang.pick("What people wrote", "用户的话"),
        "stability" => lang.pick("Does it connect as promised", "接通与可用性是否达标"),
        "drift" => lang.pick("What changed", "变化趋势"),
        _ => lang.pick("What quality does not show", "质量指标之外"),
    }
}

/// A part, or why there is none.
fn told<E: std::error::Error + 'static>(id: &'static str, section: Result<Section, &E>, lang: Lang) -> Section {
    section.unwrap_or_else(|error| {
        let why = why::why(error, lang);
        let why = lang.pick(format!("Cannot be said: {why}."), format!("无法得出结论：{why}。"));
        Section { warnings: vec![why], ..Section::new(id, title(id, lang)) }
    })
}

/// Parts of one kind are told apart by what they go by.
fn by_name(section: Section, by: &[String], lang: Lang) -> Section {
    if by.is_empty() {
        return section;
    }
    let by = column_words(by, lang);
    Section { title: lang.pick(format!("{} by {by}", section.title), format!("{}（按{by}）", section.title)), ..section }
}

/// Anchors that are used more than once get numbers.
fn numbered(mut parts: Vec<Section>) -> Vec<Section> {
    const NUMBERED: [(&str, [&str; 8]); 2] = [
        ("scores", ["scores", "scores-2", "scores-3", "scores-4", "scores-5", "scores-6", "scores-7", "scores-8"]),
        ("curve", ["curve", "curve-2", "curve-3", "curve-4", "curve-5", "curve-6", "curve-7", "curve-8"]),
    ];
    for (id, ids) in NUMBERED {
        let same = parts.iter_mut().filter(|part| part.id == id);
        same.zip(ids).for_each(|(part, id)| part.id = id);
    }
    parts
}

/// What to beware of, whatever the figures say.
fn limits(report: &SatisfactionReport, lang: Lang) -> Section {
    let mut section = Section::new("limits", lang.pick("What this cannot say", "局限"));
    let says = lang.pick(
        [
            "Weights and models repair only what is known of everyone. Where answering depends on satisfaction itself they fail; how far that could go is the sensitivity band.",
            "What goes with satisfaction or return is an association unless it stands under a heading that compares like with like, and that compares only in what was measured.",
            "No public data set links real-time quality to return, so nothing here leans on the coefficients of others.",
        ],
        [
            "加权与模型只能修正已知变量所能解释的偏差。若是否作答取决于满意度本身，它们便失效；其可能的程度见敏感性区间。",
            "与满意度或回访相关的结论均为相关关系，除非写明同类比较；即便如此，也只在已测量的变量上可比。",
            "目前没有公开数据把实时通信质量与回访联系起来，因此这里不采用他人的系数。",
        ],
    );
    section.says = says.map(str::to_owned).to_vec();
    if !report.missing.is_empty() {
        section.warnings.push(lang.pick(
            format!("Not in the data, so not used: {}.", report.missing.join(", ")),
            format!("数据中没有、因此未使用的列：{}。", report.missing.join("、")),
        ));
    }
    section
}
