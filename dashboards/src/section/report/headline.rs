//! What a report comes to: a few sentences, what to beware of, and the figures that are read first.

use qoe_query::report::SatisfactionReport;
use qoe_query::satisfaction::{Correction, StabilityGroup};
use qoe_query::statistics::Estimate;
use qoe_query::statistics::stability::{Stability, Verdict};

use crate::section::numbers::{Unit, cells, count};
use crate::section::{Section, cohorts, correct, curve, drift, drivers, effect, score, stability};
use crate::view::Lang;

/// What was found, in a few sentences. What misses its objective comes first, and what is stale or silent stands beside.
pub fn headline(report: &SatisfactionReport, lang: Lang) -> Section {
    let mut section = Section::new("headline", lang.pick("In short", "摘要"));
    section.says.extend(groups(report).filter(|(_, found)| found.verdict == Verdict::Missed).take(3).map(|(group, found)| {
        let said = stability::says(group, found, lang);
        lang.pick(format!("Joining, {said}"), format!("接通：{said}"))
    }));
    satisfaction(report, lang, &mut section);
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
    if let Ok(answer) = &report.drift {
        section.warnings.extend(drift::stale(answer, lang));
    }
    section.warnings.extend(lacking(report, lang));
    section
}

/// What everyone asked would have said, how many answered, and how far silence could shift it; or else what those say who answered.
fn satisfaction(report: &SatisfactionReport, lang: Lang, section: &mut Section) {
    match &report.corrected {
        Ok(answer) if answer.all.corrected.is_ok() => {
            let said = correct::correct(answer, lang);
            section.says.extend(said.says.into_iter().take(1));
            section.says.extend(correct::band(answer, lang));
            section.warnings.extend(correct::unheard(answer, lang));
        }
        _ if report.lacking.iter().any(|lacking| lacking.part == "corrected") => {}
        _ => {
            if let Some(Ok(answer)) = report.scores.first() {
                section.says.extend(score::score(answer, lang).says.into_iter().take(1));
            }
            section.says.push(lang.pick(
                "What those who stayed silent would have said cannot be told; the reason stands below.".to_owned(),
                "无法推断沉默者的评价，原因见下文。".to_owned(),
            ));
        }
    }
}

/// The parts that cannot be for want of columns, in one sentence.
fn lacking(report: &SatisfactionReport, lang: Lang) -> Option<String> {
    let mut columns: Vec<&str> = report.lacking.iter().flat_map(|lacking| lacking.columns.iter().copied()).collect();
    columns.sort_unstable();
    columns.dedup();
    let parts: Vec<&str> = report.lacking.iter().map(|lacking| super::title(lacking.part, lang)).collect();
    (!parts.is_empty()).then(|| {
        lang.pick(
            format!("The data have no column {}, so these parts are left out: {}.", columns.join(", "), parts.join("; ")),
            format!("数据中没有 {} 列，因此以下部分从略：{}。", columns.join("、"), parts.join("；")),
        )
    })
}

/// The groups that were held against objectives, with what was found.
fn groups(report: &SatisfactionReport) -> impl Iterator<Item = (&StabilityGroup, &Stability)> {
    let groups = report.stability.iter().flat_map(|answer| &answer.groups);
    groups.filter_map(|group| Some((group, group.found.as_ref().ok()?)))
}

/// The figures that are read first: name, value, interval, n.
pub fn tiles(report: &SatisfactionReport, lang: Lang) -> Vec<[String; 4]> {
    let score_unit = score::unit(report.question.kind);
    let tile = |name: &str, estimate: &Estimate, unit: Unit| {
        let [value, ends] = cells(estimate, unit);
        [name.to_owned(), value, ends, format!("n {}", count(estimate.n))]
    };
    let mut tiles = Vec::new();
    match report.corrected.as_ref().map(|answer| &answer.all.corrected) {
        Ok(Ok(Correction::NobodySilent { raw })) => {
            let [name, value, ends, n] = tile(lang.pick("score", "得分"), raw, score_unit);
            tiles.push([name, value, ends, lang.pick(format!("{n}, nobody was silent"), format!("{n}，无人沉默"))]);
        }
        Ok(Ok(corrected)) => {
            tiles.push(tile(lang.pick("corrected", "校正后"), corrected.score(), score_unit));
            tiles.push(tile(lang.pick("raw", "原始"), corrected.raw(), score_unit));
        }
        _ => {
            let scored = report.scores.first().and_then(|scored| scored.as_ref().ok()?.all.scored.as_ref().ok());
            tiles.extend(scored.map(|scored| tile(lang.pick("raw", "原始"), &scored.headline, score_unit)));
        }
    }
    if let Ok(answer) = &report.cohorts {
        let known = answer.curve.iter().filter_map(|cell| Some((cell, cell.share.as_ref()?)));
        tiles.extend(known.take(2).map(|(cell, share)| tile(&cohorts::day(&cell.day, lang), share, Unit::Share)));
    }
    tiles.extend(worst(report).map(|(group, found)| joined(group, found, lang)));
    tiles
}

/// What misses its objective by most, or else what is not shown to meet it, or else the first.
fn worst(report: &SatisfactionReport) -> Option<(&StabilityGroup, &Stability)> {
    let of = |verdict: Verdict| groups(report).filter(move |(_, found)| found.verdict == verdict);
    let missed = of(Verdict::Missed).max_by(|(_, a), (_, b)| a.budget.used.total_cmp(&b.budget.used));
    missed.or_else(|| of(Verdict::NotShown).next()).or_else(|| groups(report).next())
}

fn joined(group: &StabilityGroup, found: &Stability, lang: Lang) -> [String; 4] {
    let name = format!("{} · {}", lang.pick("joined", "接通率"), score::named(&group.values, lang));
    let ends = format!("{} – {}", stability::nines(found.share.low), stability::nines(found.share.high));
    let (objective, verdict) = (stability::nines(group.objective.share()), stability::verdict(found.verdict, lang));
    let note = lang
        .pick(format!("{objective}: {verdict}, n {}", count(found.share.n)), format!("{objective}：{verdict}，n {}", count(found.share.n)));
    [name, stability::nines(found.share.value), ends, note]
}
