//! Success against objectives.

use qoe_query::satisfaction::{StabilityAnswer, StabilityGroup};
use qoe_query::statistics::stability::{Stability, Verdict};

use super::numbers::{count, interval_head};
use super::score::named;
use super::why::why;
use super::{Section, Table};
use crate::view::Lang;

/// A share near one, with as many nines as it has.
pub fn nines(share: f64) -> String {
    format!("{:.3} %", share * 100.0)
}

/// The answer as people read it.
pub fn stability(answer: &StabilityAnswer, lang: Lang) -> Section {
    let mut section = Section::new("stability", lang.pick("Does it connect as promised", "接通与可用性是否达标"));
    let interval = interval_head(answer.level, lang);
    let heads = lang.pick(
        ["group", "objective", "succeeded", &interval, "attempts", "verdict", "budget used", "attempts to show it"],
        ["分组", "目标", "成功率", &interval, "尝试次数", "结论", "错误预算已用", "证明所需次数"],
    );
    let mut table = Table::new("", &heads).words(5);
    for group in &answer.groups {
        match &group.found {
            Ok(found) => {
                if group.values.is_empty() || answer.groups.len() <= 4 {
                    section.says.push(says(group, found, lang));
                }
                table.row(row(group, found, lang));
            }
            Err(error) => {
                section.warnings.push(format!("{}{}{}", named(&group.values, lang), lang.pick(": ", "："), why(error, lang)));
            }
        }
    }
    if answer.unknown > 0 {
        section.warnings.push(lang.pick(
            format!("{} rows do not say whether the attempt succeeded and are left out.", count(answer.unknown)),
            format!("{} 行没有说明是否成功，未计入。", count(answer.unknown)),
        ));
    }
    section.tables.push(table);
    section.method.push(lang.pick(
        "Exact (Clopper-Pearson) limits; met and missed by the one-sided limit, so an objective that the attempts are compatible with on both sides is not shown. Attempts to show it: with no failure, and (in brackets) with those already seen.".to_owned(),
        "精确（Clopper-Pearson）界限；达标与未达标按单侧界限判断，两种可能都不能排除时为“尚未证明”。证明所需次数：零失败时，以及（括号内）计入已有失败时。".to_owned(),
    ));
    section
}

/// A verdict in words.
pub fn verdict(verdict: Verdict, lang: Lang) -> &'static str {
    match verdict {
        Verdict::Met => lang.pick("met", "达标"),
        Verdict::Missed => lang.pick("missed", "未达标"),
        Verdict::NotShown => lang.pick("not shown", "尚未证明"),
    }
}

/// What was found of one group.
pub fn says(group: &StabilityGroup, found: &Stability, lang: Lang) -> String {
    let (name, objective) = (named(&group.values, lang), nines(group.objective.share()));
    match found.verdict {
        Verdict::NotShown => lang.pick(
            format!(
                "{name}: {} of {} attempts; {objective} is neither met nor missed yet: it takes about {} attempts with no further failure.",
                nines(found.share.value),
                count(found.share.n),
                count(found.needed.with_failures)
            ),
            format!(
                "{name}：{} 次尝试中成功 {}；{objective} 尚未证明：再无失败的情况下约需 {} 次。",
                count(found.share.n),
                nines(found.share.value),
                count(found.needed.with_failures)
            ),
        ),
        shown => lang.pick(
            format!("{name}: {objective} is {} ({} of {} attempts).", verdict(shown, lang), nines(found.share.value), count(found.share.n)),
            format!("{name}：{objective} {}（{} 次尝试，成功 {}）。", verdict(shown, lang), count(found.share.n), nines(found.share.value)),
        ),
    }
}

fn row(group: &StabilityGroup, found: &Stability, lang: Lang) -> [String; 8] {
    [
        named(&group.values, lang),
        nines(group.objective.share()),
        nines(found.share.value),
        format!("{} – {}", nines(found.share.low), nines(found.share.high)),
        count(found.share.n),
        verdict(found.verdict, lang).to_owned(),
        format!("{:.0} %", found.budget.used * 100.0),
        format!("{} ({})", count(found.needed.clean), count(found.needed.with_failures)),
    ]
}
