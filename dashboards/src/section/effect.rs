//! What a treatment does to stay or return.

use qoe_query::retention::effect::{ClaimVerdict, EffectAsked, EffectOutcome};
use qoe_query::statistics::Estimate;
use qoe_query::statistics::effect::{Arm, Contrast, Conversion, Estimand, Outcome, Warning};

use super::numbers::{Unit, count, figure, interval, interval_head, number, p_value, percent};
use super::{Section, Table};
use crate::plot::{Chart, Drawn};
use crate::view::Lang;

/// Columns of the balance table: the most different before.
const SHOWN: usize = 12;

fn unit(asked: &EffectAsked) -> Unit {
    if asked.found.kind == Outcome::Share { Unit::Share } else { Unit::Plain(2) }
}

/// The outcome in words.
fn outcome(asked: &EffectAsked, lang: Lang) -> String {
    match &asked.question.outcome {
        EffectOutcome::Stay { column, baseline_s, .. } => {
            lang.pick(format!("{column} after the first {baseline_s:.0} s"), format!("前 {baseline_s:.0} 秒之后的 {column}"))
        }
        EffectOutcome::Return { day, or_later: false, .. } => lang.pick(format!("return on day {day}"), format!("第 {day} 日回访")),
        EffectOutcome::Return { day, .. } => lang.pick(format!("return on day {day} or later"), format!("第 {day} 日及以后回访")),
        EffectOutcome::After { column } => column.clone(),
    }
}

/// The answer as people read it.
pub fn effect(asked: &EffectAsked, lang: Lang) -> Section {
    let title = lang.pick(
        format!("{}: what it does to {}", asked.question.treatment, outcome(asked, lang)),
        format!("{} 对{}的影响", asked.question.treatment, outcome(asked, lang)),
    );
    let mut section = Section::new("effect", title);
    section.says.push(headline(asked, lang));
    section.says.push(raw(asked, lang));
    section.says.extend(claim(asked, lang));
    section.says.extend(hidden(asked, lang));
    section.warnings.extend(asked.found.warnings.iter().map(|warning| warned(warning, lang)));
    section.tables.push(figures(asked, lang));
    section.tables.push(balance(asked, lang));
    section.charts.push(chart(asked, lang));
    section.method.push(method(asked, lang));
    section
}

fn relative(estimate: &Estimate) -> String {
    format!("{:+.1} % ({})", estimate.value * 100.0, interval(estimate.low, estimate.high, Unit::Share))
}

fn headline(asked: &EffectAsked, lang: Lang) -> String {
    let best = &asked.found.doubly_robust;
    let estimand = match asked.found.estimand {
        Estimand::Ate => lang.pick("over everyone (ATE)", "对全体（ATE）"),
        Estimand::Att => lang.pick("over those who had it (ATT)", "对获得者（ATT）"),
    };
    let equal = if asked.covariates.is_empty() { lang.pick("nothing", "无").to_owned() } else { asked.covariates.join(", ") };
    let size = figure(&best.difference, unit(asked));
    let more = best.relative.as_ref().map_or_else(String::new, |estimate| format!(", {}", relative(estimate)));
    if best.difference.excludes(0.0) {
        lang.pick(
            format!("With {equal} held equal, {estimand}: {size}{more}."),
            format!("在 {equal} 相同的条件下，{estimand}：{size}{more}。"),
        )
    } else {
        lang.pick(
            format!("Inconclusive: with {equal} held equal, {estimand}: {size}{more}; nothing at all is compatible with the data."),
            format!("尚无定论：在 {equal} 相同的条件下，{estimand}：{size}{more}；数据与“没有影响”相容。"),
        )
    }
}

fn raw(asked: &EffectAsked, lang: Lang) -> String {
    let raw = &asked.found.raw;
    let more = raw.relative.as_ref().map_or_else(String::new, |estimate| format!(", {}", relative(estimate)));
    lang.pick(
        format!(
            "The plain difference is {}{more}. It is a difference and not an effect: those who had it differ in other ways.",
            figure(&raw.difference, unit(asked))
        ),
        format!("直接比较的差异为 {}{more}。这只是差异而非影响：两组人在其他方面并不相同。", figure(&raw.difference, unit(asked))),
    )
}

fn claim(asked: &EffectAsked, lang: Lang) -> Option<String> {
    let (claimed, verdict) = asked.claim?;
    let claimed = format!("{:+.1} %", claimed * 100.0);
    Some(match verdict {
        ClaimVerdict::Compatible => {
            lang.pick(format!("A claim of {claimed} is compatible with these data."), format!("“{claimed}”的说法与数据相容。"))
        }
        ClaimVerdict::Contradicted => {
            lang.pick(format!("A claim of {claimed} is contradicted by these data."), format!("“{claimed}”的说法与数据矛盾。"))
        }
        ClaimVerdict::NotShown => lang.pick(
            format!("A claim of {claimed} is not shown: it is compatible with these data, and so is nothing at all."),
            format!("“{claimed}”的说法尚未证明：它与数据相容，“没有影响”也与数据相容。"),
        ),
        ClaimVerdict::Untestable => lang.pick(
            format!("A claim of {claimed} cannot be tested: the ratio is not defined here."),
            format!("“{claimed}”的说法无法检验：此处没有比值。"),
        ),
    })
}

fn hidden(asked: &EffectAsked, lang: Lang) -> Option<String> {
    let hidden = asked.found.hidden.as_ref()?;
    let conversion = match hidden.conversion {
        Conversion::Shares => lang.pick("a ratio of shares", "比例之比"),
        Conversion::StandardisedMean { .. } => {
            lang.pick("a standardised difference d, read as the ratio exp(0.91 d)", "标准化差异 d，换算为 exp(0.91 d)")
        }
    };
    Some(lang.pick(
        format!(
            "Something unseen that goes with both by a risk ratio of {:.2} would explain the figure away, of {:.2} its interval (E-value; from {conversion}).",
            hidden.point, hidden.interval
        ),
        format!("若存在与两者关联的风险比均达 {:.2} 的未观测因素，估计值可被完全解释；达 {:.2} 时区间可被解释（E 值；由{conversion}得出）。", hidden.point, hidden.interval),
    ))
}

fn figures(asked: &EffectAsked, lang: Lang) -> Table {
    let head = interval_head(asked.question.level, lang);
    let heads = lang.pick(["method", "with it", "without", "difference", &head, "relative"], ["方法", "有", "无", "差异", &head, "相对"]);
    let mut table = Table::new("", &heads);
    let unit = unit(asked);
    let found = &asked.found;
    let contrasts: [(&str, &Contrast); 4] = [
        (lang.pick("plain difference (not an effect)", "直接比较（非影响）"), &found.raw),
        (lang.pick("inverse-propensity weights", "逆倾向加权"), &found.weighted),
        (lang.pick("the same untrimmed", "同上，不截断"), &found.untrimmed),
        (lang.pick("doubly robust", "双重稳健"), &found.doubly_robust),
    ];
    for (name, contrast) in contrasts {
        let difference = &contrast.difference;
        table.row([
            name.to_owned(),
            number(contrast.treated.value, unit),
            number(contrast.control.value, unit),
            number(difference.value, unit),
            interval(difference.low, difference.high, unit),
            contrast.relative.as_ref().map_or_else(|| "–".to_owned(), relative),
        ]);
    }
    if let Some(pairs) = &found.pairs {
        let difference = &pairs.difference;
        let p = pairs.sign_test.p_value.map_or_else(|| "–".to_owned(), p_value);
        table.row([
            lang.pick(
                format!("{} matched pairs, sign test p {p}", count(pairs.pairs)),
                format!("{} 个配对，符号检验 p {p}", count(pairs.pairs)),
            ),
            "–".into(),
            "–".into(),
            number(difference.value, unit),
            interval(difference.low, difference.high, unit),
            "–".into(),
        ]);
    }
    table
}

fn balance(asked: &EffectAsked, lang: Lang) -> Table {
    let caption = lang.pick(
        "How alike the two groups are, in standard deviations (under 0.1 counts as alike)",
        "两组的相似程度（标准化差异，小于 0.1 视为相似）",
    );
    let heads = lang.pick(["covariate", "before", "weighted", "paired"], ["协变量", "之前", "加权后", "配对后"]);
    let mut table = Table::new(caption, &heads);
    let mut columns: Vec<_> = asked.found.balance.iter().collect();
    columns.sort_by(|a, b| b.before.unwrap_or(0.0).abs().total_cmp(&a.before.unwrap_or(0.0).abs()));
    let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| number(value, Unit::Plain(3)));
    for column in columns.into_iter().take(SHOWN) {
        table.row([column.column.clone(), shown(column.before), shown(column.weighted), shown(column.paired)]);
    }
    table
}

fn chart(asked: &EffectAsked, lang: Lang) -> Chart {
    let found = &asked.found;
    let mut rows = vec![
        (lang.pick("plain difference", "直接比较").to_owned(), (&found.raw.difference).into()),
        (lang.pick("weighted", "加权").to_owned(), (&found.weighted.difference).into()),
        (lang.pick("doubly robust", "双重稳健").to_owned(), (&found.doubly_robust.difference).into()),
    ];
    rows.extend(found.pairs.as_ref().map(|pairs| (lang.pick("matched pairs", "配对").to_owned(), (&pairs.difference).into())));
    Chart {
        caption: lang.pick(
            format!("Raw and adjusted, with {} intervals", percent(asked.question.level)),
            format!("调整前后的差异与 {} 区间", percent(asked.question.level)),
        ),
        drawn: Drawn::Forest { axis: outcome(asked, lang), share: found.kind == Outcome::Share, nothing: Some(0.0), sides: None, rows },
    }
}

fn method(asked: &EffectAsked, lang: Lang) -> String {
    let (found, left) = (&asked.found, &asked.not_studied);
    let window = match &asked.question.outcome {
        EffectOutcome::Stay { baseline_s, .. } => lang.pick(
            format!("Treatment and covariates are of the first {baseline_s:.0} s, the outcome begins after it, among those still there (landmark): {} sessions had ended before.", count(left.left_before)),
            format!("处理与协变量取自前 {baseline_s:.0} 秒，结果从其后开始计算，只包括仍在场者（里程碑法）：此前已结束的会话 {} 个。", count(left.left_before)),
        ),
        EffectOutcome::Return { clock, .. } => lang.pick(
            format!("Treatment and covariates are of each person's first session; days in {}; {} people not observed for long enough and {} later sessions are left out.", clock.zone(), count(left.immature), count(left.later)),
            format!("处理与协变量取自每位用户的首次会话；按 {} 的日历日；观察期不足的 {} 位用户与 {} 次后续会话未计入。", clock.zone(), count(left.immature), count(left.later)),
        ),
        EffectOutcome::After { .. } => lang.pick(
            "That treatment and covariates were there before the outcome is taken from whoever asked.".to_owned(),
            "处理与协变量先于结果这一点，以提问者的说明为准。".to_owned(),
        ),
    };
    lang.pick(
        format!(
            "{window} {} with it, {} without; {} rows say neither. Propensity by logistic regression; intervals of weights and doubly robust figures by influence functions, rows of one person together; pairs equal in categories and close in propensity (Krishnan and Sitaraman 2012). {:.1} % of the rows lie outside the propensities both groups have.",
            count(found.rows.treated), count(found.rows.control), count(left.unmeasured), found.overlap.outside * 100.0
        ),
        format!(
            "{window}有 {} 行，无 {} 行；{} 行无从判断。倾向得分用逻辑回归；加权与双重稳健的区间用影响函数，同一用户合并计；配对要求类别相同且倾向相近（Krishnan 与 Sitaraman 2012）。{:.1} % 的行落在两组共有的倾向范围之外。",
            count(found.rows.treated), count(found.rows.control), count(left.unmeasured), found.overlap.outside * 100.0
        ),
    )
}

fn arm(arm: Arm, lang: Lang) -> &'static str {
    match arm {
        Arm::Treated => lang.pick("those who had it", "获得者"),
        Arm::Control => lang.pick("those who had not", "未获得者"),
    }
}

/// A warning in words.
pub(crate) fn warned(warning: &Warning, lang: Lang) -> String {
    match warning {
        Warning::ThinOverlap { outside } => lang.pick(
            format!("{:.0} % of the rows have no counterpart in the other group.", outside * 100.0),
            format!("{:.0} % 的行在另一组中没有可比对象。", outside * 100.0),
        ),
        Warning::HeavyWeights { arm: which, effective, rows } => lang.pick(
            format!("After weighting, the {} {} are worth {:.0}.", count(*rows), arm(*which, lang), effective),
            format!("加权后，{} 个{}只相当于 {:.0} 个。", count(*rows), arm(*which, lang), effective),
        ),
        Warning::Unbalanced { column, difference } => lang.pick(
            format!("{column} still differs after weighting, by {difference:.2} standard deviations."),
            format!("加权后 {column} 仍相差 {difference:.2} 个标准差。"),
        ),
        Warning::NoPairs => lang.pick("Too few pairs to compare.", "配对太少，无法比较。").to_owned(),
        Warning::FewPairs { pairs, matched } => lang.pick(
            format!(
                "Only {:.0} % of those who had it found a partner ({} pairs), so the pairs speak of a part of them.",
                matched * 100.0,
                count(*pairs)
            ),
            format!("只有 {:.0} % 的获得者找到配对（{} 对），配对结果只代表其中一部分。", matched * 100.0, count(*pairs)),
        ),
        Warning::OutcomeModel { arm: which } => lang.pick(
            format!("The outcome of {} could not be modelled freely, so the doubly robust figure leans on the weights.", arm(*which, lang)),
            format!("{}的结果模型受限，双重稳健估计主要依赖权重。", arm(*which, lang)),
        ),
        Warning::Disagreement => lang
            .pick(
                "Weights and the doubly robust figure disagree: one of the models is wrong.",
                "加权与双重稳健的结果不一致：至少一个模型有误。",
            )
            .to_owned(),
        Warning::FewUnits { units } => {
            lang.pick(format!("{units} people are few: the intervals are too narrow."), format!("只有 {units} 位用户：区间偏窄。"))
        }
    }
}
