//! What a POC takes.

use qoe_query::poc::plan::{CannotPlan, ClaimNeed, ClaimPlan, MetricPlan, Need, Needs, Plan};
use qoe_query::poc::{Rank, Stopping};
use qoe_query::statistics::sample_size::SampleSizeError;

use super::numbers::{count, plain};
use super::{Section, Table};
use crate::view::Lang;

/// The answer as people read it.
pub fn poc_plan(plan: &Plan, lang: Lang) -> Section {
    let mut section = Section::new("poc-plan", lang.pick("What the POC takes", "POC 需要多少样本与时间"));
    section.says.push(decides(plan, lang));
    for metric in &plan.metrics {
        if let Err(why) = &metric.planned {
            let (name, why) = (&metric.metric.name, cannot(why, lang));
            section.warnings.push(lang.pick(format!("{name} cannot be planned because {why}."), format!("{name} 无法规划：{why}。")));
        }
    }
    section.warnings.extend(plan.claims.iter().flat_map(|claim| contradicted(claim, lang)));
    if plan.per_day.is_none() {
        section.warnings.push(
            lang.pick(
                "How many new units come a day is not known, so days cannot be told: state --per-day N.",
                "每天新增单元数未知，无法给出天数：请用 --per-day N 说明。",
            )
            .to_owned(),
        );
    }
    if plan.metrics.iter().any(|metric| metric.planned.is_ok()) {
        section.tables.push(metrics(plan, lang));
    }
    if !plan.claims.is_empty() {
        section.tables.push(claims(plan, lang));
    }
    section.method.extend(method(plan, lang));
    section
}

/// What a unit is called.
fn units(plan: &Plan, lang: Lang) -> &'static str {
    match (plan.paired(), plan.poc.columns.unit.is_some()) {
        (true, _) => lang.pick("paired runs", "成对测试"),
        (false, true) => lang.pick("units", "个单元"),
        (false, false) => lang.pick("rows", "行"),
    }
}

fn decides(plan: &Plan, lang: Lang) -> String {
    let Some(need) = &plan.decides else {
        return lang
            .pick(
                "How long the POC takes cannot be told: a primary metric has no plan, or there is none.",
                "无法给出 POC 的总规模：没有主要指标，或有主要指标无法规划。",
            )
            .to_owned();
    };
    let (n, what) = (count(need.units), units(plan, lang));
    let each = per_arm(plan, need, lang);
    let days = need.days.map_or_else(String::new, |days| {
        let rate = plain((plan.per_day.unwrap_or(0.0) * 10.0).round() / 10.0);
        lang.pick(format!(": {days:.0} days at {rate} new ones a day"), format!("；按每天新增 {rate} 个计，需 {days:.0} 天"))
    });
    let power = plain(plan.poc.power * 100.0);
    lang.pick(
        format!("To find the difference that matters in every primary metric, {power} times of 100, takes {n} {what} ({each}){days}."),
        format!("要以 {power} % 的把握发现每个主要指标中有意义的差异，需要 {n} {what}（{each}）{days}。"),
    )
}

/// Units of each vendor, in one word where they are alike.
fn per_arm(plan: &Plan, need: &Need, lang: Lang) -> String {
    if plan.paired() {
        return lang.pick("each made once with every vendor", "每次对各供应商各做一遍").to_owned();
    }
    match need.per_arm.windows(2).all(|pair| pair[0] == pair[1]) {
        true => lang.pick(format!("{} a vendor", count(need.per_arm[0])), format!("每家 {}", count(need.per_arm[0]))),
        false => plan.arms.iter().zip(&need.per_arm).map(|(arm, units)| format!("{arm} {}", count(*units))).collect::<Vec<_>>().join(", "),
    }
}

fn metrics(plan: &Plan, lang: Lang) -> Table {
    let heads = lang.pick(
        [
            "metric",
            "compared",
            "rank",
            "margin",
            "now",
            "sd of a unit",
            "design effect",
            "to find a difference",
            "to show not worse",
            "to show alike",
            "days",
        ],
        ["指标", "比较", "级别", "有意义差异", "现值", "单元标准差", "设计效应", "发现差异", "证明不更差", "证明相当", "天数"],
    );
    let caption = lang.pick(
        format!(
            "{} of all vendors together; at Holm's first step, in brackets tested alone; days are those of the difference",
            capital(units(plan, lang))
        ),
        format!(
            "所有供应商合计的{}数；按 Holm 第一步的水平，括号内为单独检验；天数对应发现差异",
            units(plan, lang).trim_start_matches('个')
        ),
    );
    let mut table = Table::new(caption, &heads).words(1).words(2);
    plan.metrics.iter().for_each(|metric| table.rows.extend(row(metric, lang)));
    table
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn row(metric: &MetricPlan, lang: Lang) -> Option<Vec<String>> {
    let planned = metric.planned.as_ref().ok()?;
    let rank = if metric.metric.rank == Rank::Primary { lang.pick("primary", "主要") } else { lang.pick("secondary", "次要") };
    let rounded = |value: f64| if value == 0.0 { "0".to_owned() } else { plain(to_four(value)) };
    Some(vec![
        metric.metric.name.clone(),
        metric.kind.name(),
        rank.to_owned(),
        metric.metric.margin.map_or_else(|| "–".to_owned(), plain),
        planned.value.map_or_else(|| "–".to_owned(), rounded),
        rounded(planned.deviation),
        format!("{:.2}", planned.effect),
        needs(&planned.difference, lang),
        needs(&planned.non_inferiority, lang),
        needs(&planned.equivalence, lang),
        planned.difference.first.as_ref().ok().and_then(|need| need.days).map_or_else(|| "–".to_owned(), |days| format!("{days:.0}")),
    ])
}

/// To four figures.
fn to_four(value: f64) -> f64 {
    let scale = 10_f64.powi(3 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

fn needs(needs: &Needs, lang: Lang) -> String {
    match (&needs.first, &needs.alone) {
        (Ok(first), Ok(alone)) if first.units == alone.units => count(first.units),
        (Ok(first), Ok(alone)) => format!("{} ({})", count(first.units), count(alone.units)),
        _ => lang.pick("cannot be told", "无法给出").to_owned(),
    }
}

fn claims(plan: &Plan, lang: Lang) -> Table {
    let heads = lang.pick(
        ["claim", "by", "figure", "to be shown", "now", "design effect", "rows if none fails", "rows as often as power says"],
        ["说法", "供应商", "指标", "需证明", "现值", "设计效应", "零失败所需行数", "按把握度所需行数"],
    );
    let mut table = Table::new(
        lang.pick("What vendors claim, and how many rows of that vendor would show it", "供应商的说法，以及该供应商需多少行数据才能证明"),
        &heads,
    );
    table = table.words(1).words(2);
    for claim in &plan.claims {
        if claim.needs.is_empty() {
            let none = lang.pick("cannot be tested", "无法检验").to_owned();
            table.row([claim.claim.said.clone(), by(claim, lang), none]);
        }
        for need in &claim.needs {
            table.row(figure(claim, need, lang));
        }
    }
    table.rows.iter_mut().for_each(|row| row.resize(8, "–".to_owned()));
    table
}

fn by(claim: &ClaimPlan, lang: Lang) -> String {
    claim.claim.arm.clone().unwrap_or_else(|| lang.pick("each", "各家").to_owned())
}

fn figure(claim: &ClaimPlan, need: &ClaimNeed, lang: Lang) -> Vec<String> {
    let share = |share: f64| format!("{} %", plain(to_six(share * 100.0)));
    let parts =
        if claim.parts > 1 { lang.pick(format!(" × {} parts", claim.parts), format!(" × {} 组", claim.parts)) } else { String::new() };
    let rows = match &need.rows {
        Ok(rows) => format!("{}{parts}", count(*rows)),
        Err(CannotPlan::Contradicted(_)) => lang.pick("no number, as it is now", "按现状，多少都不够").to_owned(),
        Err(why) => cannot(why, lang),
    };
    vec![
        claim.claim.said.clone(),
        by(claim, lang),
        need.figure.clone(),
        need.bound.map_or_else(|| "–".to_owned(), |bound| format!("≥ {}", share(bound))),
        need.seen.map_or_else(|| "–".to_owned(), share),
        format!("{:.2}", need.effect),
        need.clean.map_or_else(|| "–".to_owned(), |clean| format!("{}{parts}", count(clean))),
        rows,
    ]
}

/// What the data so far speak against, in a sentence each.
fn contradicted(claim: &ClaimPlan, lang: Lang) -> impl Iterator<Item = String> {
    claim.needs.iter().filter_map(move |need| match &need.rows {
        Err(CannotPlan::Contradicted(found)) => {
            let (said, words) = (&claim.claim.said, found.said());
            Some(lang.pick(format!("“{said}”: {}.", words.en), format!("“{said}”：{}。", words.zh)))
        }
        _ => None,
    })
}

fn to_six(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Why something has no plan.
pub(crate) fn cannot(why: &CannotPlan, lang: Lang) -> String {
    if lang == Lang::En {
        return why.to_string();
    }
    match why {
        CannotPlan::NoMargin { name } => format!("没有写明有实际意义的差异：--margin {name}=数值，或在 poc.toml 中写 margin"),
        CannotPlan::Absent { arm } => format!("{arm} 没有任何一行测到该指标"),
        CannotPlan::Unknown { name, form } => format!("没有数据说明其离散程度，也没有假定：--assume {name}={form}"),
        CannotPlan::AllAlike { rows, name } => format!("{rows} 行全部相同，比例未知：请假定一个，--assume {name}=share:0.995"),
        CannotPlan::WideMargin { margin, share } => format!("比例 {share} 不可能相差 {margin}"),
        CannotPlan::Contrast(error) => format!("数据不足以估计误差（{error}）"),
        CannotPlan::SampleSize(SampleSizeError::Constant) => "没有任何变化，误差未知".to_owned(),
        CannotPlan::Contradicted(found) => found.said().zh,
        CannotPlan::SampleSize(SampleSizeError::TooMany) => "所需数量超出可能".to_owned(),
        CannotPlan::SampleSize(error) => error.to_string(),
    }
}

fn method(plan: &Plan, lang: Lang) -> Vec<String> {
    let level = plain(to_six(plan.poc.level.level() * 100.0));
    let first = plain((plan.first_alpha * 1e6).round() / 1e6);
    let seen = plan.seen.map_or_else(
        || lang.pick("Planned from what was supposed alone.".to_owned(), "仅依据假定规划。".to_owned()),
        |seen| {
            let days =
                seen.days.map_or_else(String::new, |days| lang.pick(format!(" over {days:.1} days"), format!("，历时 {days:.1} 天")));
            lang.pick(
                format!(
                    "Planned from {} rows of {} units{days}; vendors are supposed to scatter alike.",
                    count(seen.rows),
                    count(seen.units)
                ),
                format!("依据 {} 行、{} 个单元{days}规划；假定各供应商离散程度相同。", count(seen.rows), count(seen.units)),
            )
        },
    );
    let mut method = vec![
        seen,
        lang.pick(
            format!(
                "Intervals of {level} %, so each side of a test errs at {}; Holm's first step allows each primary test (of {}) {first}, both sides together. \
                 A difference of the margin is to be found; non-inferiority and equivalence are shown of vendors that are alike.",
                plain((plan.alpha() / 2.0 * 1e6).round() / 1e6),
                plan.tests
            ),
            format!(
                "区间水平 {level} %，检验每侧的错误率为 {}；Holm 第一步允许每个主要检验（共 {} 个）{first}（两侧合计）。要发现的差异等于 margin；\
                 不更差与相当均按两家实际相同计算。",
                plain((plan.alpha() / 2.0 * 1e6).round() / 1e6),
                plan.tests
            ),
        ),
        lang.pick(
            "Means, ratios, times and ordinal scores: Student's t with the law of its error summed over (noncentral t; Owen's Q for two one-sided tests), the error by the \
             method that compares (delta method over units for ratios, Woodruff's density at quantiles). Shares: pooled error where nothing differs (Fleiss, no \
             continuity correction); non-inferiority and equivalence by Farrington and Manning. Claims: exact binomial; the rule of three when none fails."
                .to_owned(),
            "均值、比率、时长与等级：t 检验，对误差估计的分布求和（非中心 t；两个单侧检验用 Owen Q），误差用与比较时相同的方法（比率按单元 delta 法，分位数用 Woodruff 密度）。\
             比例：无差异时用合并误差（Fleiss，无连续性校正）；不更差与相当用 Farrington–Manning。说法：精确二项分布，零失败时即“三的法则”。"
                .to_owned(),
        ),
    ];
    if let Stopping::AnyTime { narrowest_at } = plan.poc.stopping {
        let (factor, at) = (format!("{:.2}", plan.looking), count(narrowest_at as u64));
        method.push(lang.pick(
            format!("Looking at any time takes {factor} times the units of one look at the end (narrowest at {at} units); that is in all figures."),
            format!("可随时查看需要 {factor} 倍于终点一次判定的单元数（在 {at} 个单元处最窄），已计入各项。"),
        ));
    }
    method
}
