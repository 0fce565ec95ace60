//! What became of vendors' claims.

use qoe_query::poc::claims::{ArmVerdict, ClaimAnswer, ClaimsAnswer, Part, Said, Statistic, Verdict};

use super::numbers::{count, p_value, percent, plain};
use super::{Section, Table};
use crate::view::Lang;

/// The answer as people read it.
pub fn claims(answer: &ClaimsAnswer, lang: Lang) -> Section {
    let mut section = Section::new("claims", lang.pick("What vendors claim", "厂商的说法是否成立"));
    if answer.claims.is_empty() {
        section.says.push(lang.pick("No claim was stated.", "没有列出任何说法。").to_owned());
        return section;
    }
    section.says.extend(answer.claims.iter().map(|claim| says(claim, lang)));
    if answer.unplaced > 0 {
        section.warnings.push(lang.pick(
            format!("{} rows do not say which vendor they are of and are left out.", count(answer.unplaced)),
            format!("{} 行没有注明厂商，未计入。", count(answer.unplaced)),
        ));
    }
    section.tables.push(figures(answer, lang));
    section.tables.extend(tests(answer, lang));
    section.method.push(method(answer, lang));
    section
}

/// A verdict in words.
pub fn verdict(verdict: Verdict, lang: Lang) -> &'static str {
    match verdict {
        Verdict::Supported => lang.pick("supported", "成立"),
        Verdict::Contradicted => lang.pick("contradicted", "不成立"),
        Verdict::Untestable => lang.pick("untestable with this data", "现有数据无法检验"),
    }
}

fn told(said: &Said, lang: Lang) -> &str {
    lang.pick(&said.en, &said.zh)
}

fn says(claim: &ClaimAnswer, lang: Lang) -> String {
    let of = |wanted: Verdict| {
        let arms: Vec<&str> = claim.arms.iter().filter(|arm| arm.verdict == wanted).map(|arm| arm.arm.as_str()).collect();
        let list = arms.join(lang.pick(", ", "、"));
        (!arms.is_empty()).then(|| lang.pick(format!("{} of {list}", verdict(wanted, lang)), format!("{list}：{}", verdict(wanted, lang))))
    };
    let verdicts: Vec<String> = [Verdict::Supported, Verdict::Contradicted, Verdict::Untestable].into_iter().filter_map(of).collect();
    let (said, restated) = (&claim.claim.said, told(&claim.restated, lang));
    lang.pick(
        format!("“{said}”: {}. Tested as: {restated}.", verdicts.join("; ")),
        format!("“{said}”：{}。检验的是：{restated}。", verdicts.join("；")),
    )
}

fn figures(answer: &ClaimsAnswer, lang: Lang) -> Table {
    let range = lang.pick(format!("{} interval, unadjusted", percent(answer.level)), format!("{} 区间（未校正）", percent(answer.level)));
    let heads = lang.pick(
        ["claim", "vendor", "figure", "value", &range, "bound", "p against, adjusted", "verdict", "rows", "units"],
        ["说法", "厂商", "统计量", "数值", &range, "界限", "不成立的 p（已校正）", "结论", "行数", "单元数"],
    );
    let mut table = Table::new(lang.pick("Figures held against claims", "与说法对照的数值"), &heads).words(1).words(2).words(7);
    for claim in &answer.claims {
        for arm in &claim.arms {
            for part in &arm.parts {
                table.row(row(claim, arm, part, lang));
            }
            if arm.parts.is_empty() {
                let cells = [
                    claim.claim.said.clone(),
                    arm.arm.clone(),
                    "–".to_owned(),
                    "–".to_owned(),
                    "–".to_owned(),
                    "–".to_owned(),
                    "–".to_owned(),
                ];
                let ends = [verdict(arm.verdict, lang).to_owned(), count(arm.n), count(arm.units)];
                table.row(cells.into_iter().chain(ends));
            }
        }
    }
    table
}

fn row(claim: &ClaimAnswer, arm: &ArmVerdict, part: &Part, lang: Lang) -> [String; 10] {
    let share = matches!(part.statistic, Statistic::Share | Statistic::Effect);
    let number = |value: f64| match share {
        true => format!("{} %", plain((value * 1e6).round() / 1e4)),
        false => plain((value * 1e3).round() / 1e3),
    };
    let end = |end: Option<f64>| end.map_or_else(|| lang.pick("open", "无界").to_owned(), number);
    let (said, vendor, shown) = (claim.claim.said.clone(), arm.arm.clone(), verdict(part.verdict, lang).to_owned());
    let against = part.p_against_adjusted.map_or_else(|| "–".to_owned(), p_value);
    let what = match &part.place {
        Some(place) => format!("{place}: {}", statistic(part.statistic, lang)),
        None => statistic(part.statistic, lang),
    };
    match &part.found {
        Ok(held) => {
            let figure = &held.figure;
            let interval = format!("{} – {}", end(figure.low), end(figure.high));
            [said, vendor, what, number(figure.value), interval, number(held.bound), against, shown, count(figure.n), count(figure.units)]
        }
        Err(_) => {
            let none = || "–".to_owned();
            [said, vendor, what, none(), none(), none(), none(), shown, count(arm.n), count(arm.units)]
        }
    }
}

fn statistic(statistic: Statistic, lang: Lang) -> String {
    match statistic {
        Statistic::Quantile(share) => format!("p{}", plain(share * 100.0)),
        Statistic::Share => lang.pick("share", "比例").to_owned(),
        Statistic::Mean => lang.pick("mean", "均值").to_owned(),
        Statistic::Effect => lang.pick("adjusted effect", "调整后的影响").to_owned(),
    }
}

/// What would test those that were not.
fn tests(answer: &ClaimsAnswer, lang: Lang) -> Option<Table> {
    let heads = lang.pick(["claim", "vendor", "what would test it"], ["说法", "厂商", "需要什么才能检验"]);
    let mut table = Table::new(lang.pick("What would test the rest", "其余说法需要什么才能检验"), &heads).words(1).words(2);
    for claim in &answer.claims {
        for arm in &claim.arms {
            for test in &arm.tests {
                table.row([claim.claim.said.clone(), arm.arm.clone(), told(test, lang).to_owned()]);
            }
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

fn method(answer: &ClaimsAnswer, lang: Lang) -> String {
    let unit = answer.unit.as_deref();
    let (en, zh) = match unit {
        Some(unit) => (
            format!("Rows of one {unit} go together: rows count for their effective number."),
            format!("同一 {unit} 的行视为一组，按有效样本数计。"),
        ),
        None => ("Each row stands for itself.".to_owned(), "每一行独立计算。".to_owned()),
    };
    let side = plain((1.0 - answer.level.level()) * 50.0);
    lang.pick(
        format!(
            "Supported: the interval lies on the claim's side of the bound; contradicted: on the other; else nothing was shown. At the exact bound each is said in \
             at most {side} % of samples. {en} Quantiles: order statistics between exact limits of the share below (Woodruff). Shares: exact (Clopper-Pearson). \
             Means: by units, Student's t. Effects: doubly robust, all else named held equal; supported when the claimed figure is not excluded and half of it is \
             shown. Several figures or vendors: supported only if all of a vendor's figures are, by Holm's correction over vendors; contradicted by Holm's \
             correction over all figures of all vendors."
        ),
        format!(
            "成立：区间整体落在界限的有利一侧；不成立：整体落在另一侧；否则尚无定论。真值恰在界限上时，两种误判各不超过 {side} %。{zh}分位数：以低于该值的比例的精确界限\
             对应的次序统计量为区间（Woodruff）。比例：精确区间（Clopper-Pearson）。均值：按单元，Student t。影响：双重稳健，控制所列因素；不排除所称数值且确有其一半时为成立。\
             多个数值或多家时：一家的全部数值成立才算成立（各家之间经 Holm 校正）；不成立按所有厂商的所有数值经 Holm 校正。"
        ),
    )
}
