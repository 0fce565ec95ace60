//! The parts of the satisfaction report, and what they come to.

use qoe_query::report::SatisfactionReport;
use qoe_query::satisfaction::Correction;
use qoe_query::statistics::Estimate;
use qoe_query::statistics::scale::Instrument;

use super::numbers::{Unit, count, figure, interval, number};
use super::{Section, cohorts, correct, curve, drift, drivers, effect, score, stability, survival, vendor_record, words};
use crate::view::Lang;

/// The corrected score of everyone asked, and the raw one, where they can be had.
pub fn corrected(report: &SatisfactionReport) -> Option<(&Estimate, &Estimate)> {
    match &report.corrected.as_ref().ok()?.all.corrected.as_ref().ok()? {
        Correction::Own(own) => Some((&own.corrected.augmented, &own.corrected.raw)),
        Correction::Pooled { .. } | Correction::NobodySilent { .. } => None,
    }
}

/// The parts, in the order in which they are read: what people said, corrected; what moves it; what it does; the rest; and what to beware of.
pub fn sections(report: &SatisfactionReport, lang: Lang) -> Vec<Section> {
    let title = |en: &'static str, zh: &'static str| lang.pick(en, zh);
    let mut parts = vec![told(
        "corrected",
        title("Corrected for who stayed silent", "对沉默者的校正"),
        report.corrected.as_ref().map(|answer| correct::correct(answer, lang)),
    )];
    for scored in &report.scores {
        parts.push(told("scores", title("What people said", "用户评价"), scored.as_ref().map(|answer| score::score(answer, lang))));
    }
    let drivers = report.drivers.as_ref().map(|answer| drivers::drivers(answer, lang));
    parts.push(told("drivers", title("What goes with satisfaction", "哪些指标与满意度相关"), drivers));
    for drawn in &report.curves {
        parts.push(told("curve", title("Where it turns", "拐点"), drawn.as_ref().map(|answer| curve::curve(answer, lang))));
    }
    let cohorts = report.cohorts.as_ref().map(|answer| cohorts::cohorts(answer, lang));
    parts.push(told("cohorts", title("Who came back", "留存"), cohorts));
    if let Some(asked) = &report.effect {
        parts.push(told(
            "effect",
            title("What it does to return", "对回访的影响"),
            asked.as_ref().map(|asked| effect::effect(asked, lang)),
        ));
    }
    let survival = report.survival.as_ref().map(|answer| survival::survival(answer, lang));
    parts.push(told("survival", title("How long people stay", "停留时长"), survival));
    let words = report.words.as_ref().map(|answer| words::words(answer, None, lang));
    parts.push(told("words", title("What people wrote", "用户的话"), words));
    let stability = report.stability.as_ref().map(|answer| stability::stability(answer, lang));
    parts.push(told("stability", title("Does it connect as promised", "接通与可用性是否达标"), stability));
    parts.push(told("drift", title("What changed", "变化趋势"), report.drift.as_ref().map(|answer| drift::drift(answer, lang))));
    if let Some(records) = &report.vendors {
        let records = records.as_ref().map(|records| vendor_record::vendor_record(records, report.question.level, lang));
        parts.push(told("vendor-record", title("What quality does not show", "质量指标之外"), records));
    }
    parts.push(limits(report, lang));
    numbered(parts)
}

/// A part, or why there is none.
fn told<E: std::error::Error>(id: &'static str, title: &str, section: Result<Section, &E>) -> Section {
    section.unwrap_or_else(|error| {
        let mut why = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            why.push(error.to_string());
            cause = error.source();
        }
        Section { warnings: vec![why.join(": ")], ..Section::new(id, title) }
    })
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

/// What was found, in a few sentences.
pub fn headline(report: &SatisfactionReport, lang: Lang) -> Section {
    let kind = report.question.kind;
    let instrument = report.corrected.as_ref().map_or_else(|_| Instrument::customary(kind), |answer| answer.instrument);
    let (unit, meaning) = (score::unit(kind), score::meaning_on(&instrument, lang));
    let mut section = Section::new("headline", lang.pick("In short", "摘要"));
    section.says.push(match corrected(report) {
        Some((corrected, raw)) => lang.pick(
            format!(
                "{meaning}: {} of everyone asked, corrected for who stayed silent; those who answered alone say {}.",
                figure(corrected, unit),
                figure(raw, unit)
            ),
            format!("{meaning}：对沉默者校正后，全体受邀者为 {}；仅看作答者为 {}。", figure(corrected, unit), figure(raw, unit)),
        ),
        None => lang.pick(
            "What those who stayed silent would have said cannot be told; the reason stands below.".to_owned(),
            "无法推断沉默者的评价，原因见下文。".to_owned(),
        ),
    });
    if let Ok(answer) = &report.drivers {
        section.says.extend(drivers::drivers(answer, lang).says.into_iter().take(1));
    }
    if let Some(Ok(first)) = report.curves.first() {
        let said = curve::curve(first, lang);
        section.says.push(format!("{}{}{}", said.title, lang.pick(": ", "："), said.says.first().cloned().unwrap_or_default()));
    }
    if let Some(Ok(asked)) = &report.effect {
        let said = effect::effect(asked, lang);
        section.says.push(format!("{}{}{}", said.title, lang.pick(": ", "："), said.says.first().cloned().unwrap_or_default()));
    }
    if let Ok(answer) = &report.cohorts {
        section.says.extend(cohorts::cohorts(answer, lang).says.into_iter().take(1));
    }
    section
}

/// The figures that are read first: name, value, interval, n.
pub fn tiles(report: &SatisfactionReport, lang: Lang) -> Vec<[String; 4]> {
    let score_unit = score::unit(report.question.kind);
    let tile = |name: &str, estimate: &Estimate, unit: Unit| {
        let note = format!("n {}", count(estimate.n));
        [name.to_owned(), number(estimate.value, unit), interval(estimate.low, estimate.high, unit), note]
    };
    let mut tiles = Vec::new();
    if let Some((corrected, raw)) = corrected(report) {
        tiles.push(tile(lang.pick("corrected", "校正后"), corrected, score_unit));
        tiles.push(tile(lang.pick("raw", "原始"), raw, score_unit));
    }
    if let Ok(answer) = &report.cohorts {
        let known = answer.curve.iter().filter_map(|cell| Some((cell, cell.share.as_ref()?)));
        tiles.extend(known.take(2).map(|(cell, share)| tile(&cohorts::day(&cell.day, lang), share, Unit::Share)));
    }
    if let Ok(answer) = &report.stability
        && let Some((group, Ok(found))) = answer.groups.first().map(|group| (group, group.found.as_ref()))
    {
        let name = format!("{} · {}", lang.pick("joined", "接通率"), score::named(&group.values, lang));
        tiles.push(tile(&name, &found.share, Unit::Share));
    }
    tiles
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
