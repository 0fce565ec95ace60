//! Vendors compared: verdicts, the differences behind them, what holds in which stratum, and how sure the order is.

use qoe_query::poc::compare::{CompareAnswer, Judged, MetricAnswer, PairAnswer};
use qoe_query::poc::{Better, MetricKind, Rank, Stopping};
use qoe_query::statistics::contrast::Method;
use qoe_query::statistics::verdict::Shown;

use super::numbers::{Unit, count, figure_in, number, p_value, percent, plain};
pub use super::poc_told::{because, unit, verdict};
use super::poc_told::{settle, size, unadjusted, verdicts};
use super::{Section, Table};
use crate::plot::{Chart, Drawn, Figure, Sides};
use crate::view::Lang;

/// Below this p value strata are said to differ.
const HETEROGENEOUS: f64 = 0.05;
/// Below this p value the split is said to be not as planned, as is customary.
const MISMATCH: f64 = 0.001;
/// Share of a metric's rows that may be missing before it is said.
const MISSING: f64 = 0.05;
/// Vendors a table has columns for; of more it goes on in another.
const ABREAST: usize = 5;
/// The head of verdicts.
const VERDICT: [&str; 2] = ["verdict: the interval it was reached by (adjusted)", "结论：所依据的区间（已校正）"];

/// The answer as people read it.
pub fn poc_compare(answer: &CompareAnswer, lang: Lang) -> Section {
    let mut section = Section::new("compare", lang.pick("Which vendor is better at what", "各供应商孰优孰劣"));
    section.says = says(answer, lang);
    section.warnings = warnings(answer, lang);
    section.tables.extend(figures(answer, lang).in_blocks(1, ABREAST));
    section.tables.push(differences(answer, lang));
    section.tables.push(tests(answer, lang));
    if !answer.strata.is_empty() {
        section.tables.push(strata(answer, lang));
    }
    section.tables.extend(ranks(answer, lang).into_iter().flat_map(|table| table.in_blocks(2, 2 * ABREAST)));
    section.charts = answer.metrics.iter().map(|of| forest(answer, of, lang)).collect();
    section.method = method(answer, lang);
    section
}

/// A metric with what of it is compared.
pub fn named(of: &MetricAnswer, lang: Lang) -> String {
    let better = match of.metric.better {
        Better::Lower => lang.pick("lower is better", "越低越好"),
        Better::Higher => lang.pick("higher is better", "越高越好"),
    };
    let kind = match &of.kind {
        MetricKind::Mean => lang.pick("mean", "均值").to_owned(),
        MetricKind::Share => lang.pick("share of yes", "是的比例").to_owned(),
        MetricKind::Ratio { over } => lang.pick(format!("over {over}"), format!("与 {over} 之比")),
        MetricKind::Ordinal => lang
            .pick(
                "ratings in order; differences: chance of the better rating, in points from even",
                "有序评分；差异为评分更优的概率超出五成的百分点",
            )
            .to_owned(),
        MetricKind::Time { .. } => match of.horizon {
            Some(horizon) => lang.pick(format!("mean up to {}", plain(horizon)), format!("截至 {} 的均值", plain(horizon))),
            None => lang.pick("mean time", "平均时长").to_owned(),
        },
        MetricKind::Quantile(_) => of.kind.name(),
    };
    let earlier = of.metric.before.as_ref().filter(|_| of.kind == MetricKind::Mean).map_or_else(String::new, |before| {
        lang.pick(
            format!("; figures as measured, differences adjusted for {before} of before (CUPED)"),
            format!("；数值为实测值，差异已按此前的 {before} 调整（CUPED）"),
        )
    });
    lang.pick(format!("{} ({kind}; {better}{earlier})", of.metric.name), format!("{}（{kind}；{better}{earlier}）", of.metric.name))
}

/// A metric's name, and what was taken out of its differences.
fn adjusted_for(of: &MetricAnswer, lang: Lang) -> String {
    let name = &of.metric.name;
    match of.metric.before.as_ref().filter(|_| of.kind == MetricKind::Mean) {
        Some(before) => lang.pick(format!("{name}, adjusted for {before} of before"), format!("{name}（已按此前的 {before} 调整）")),
        None => name.clone(),
    }
}

/// The unit of one vendor's figure: ratings have their own, whatever their differences are in.
fn own_unit(of: &MetricAnswer) -> Unit {
    if of.kind == MetricKind::Ordinal { Unit::Plain(2) } else { unit(of) }
}

fn says(answer: &CompareAnswer, lang: Lang) -> Vec<String> {
    let decisive = answer.metrics.iter().filter(|of| of.metric.rank == Rank::Primary);
    decisive.flat_map(|of| of.pairs.iter().map(move |pair| sentence(answer, of, pair, lang))).collect()
}

/// A pair in a metric, in a sentence.
pub fn sentence(answer: &CompareAnswer, of: &MetricAnswer, pair: &PairAnswer, lang: Lang) -> String {
    let (first, second) = names(answer, pair);
    let metric = &of.metric.name;
    let found = match &pair.overall {
        Err(why) => {
            let why = because(why, lang);
            return lang.pick(
                format!("{metric}: {first} and {second} cannot be told apart: {why}."),
                format!("{metric}：{first} 与 {second} 无法比较：{why}。"),
            );
        }
        Ok(found) => found,
    };
    let size = size(found, of, answer.level, lang);
    let metric = &adjusted_for(of, lang);
    let more = if found.told.len() > 1 { also(found, lang) } else { String::new() };
    match found.verdict() {
        Shown::Inconclusive => {
            let needed = settle(found, lang);
            lang.pick(
                format!("{metric}: {first} against {second} is inconclusive ({size}); {needed}."),
                format!("{metric}：{first} 对 {second} 尚无定论（{size}）；{needed}。"),
            )
        }
        shown => {
            let shown = verdict(shown, lang);
            lang.pick(
                format!("{metric}: {first} is {shown} to {second}{more} ({size}).").replace("better to", "better than"),
                format!("{metric}：{first} 相对 {second} {shown}{more}（{size}）。"),
            )
        }
    }
}

fn also(found: &Judged, lang: Lang) -> String {
    let more: Vec<&str> = found.told.iter().skip(1).map(|told| verdict(told.shown, lang)).collect();
    lang.pick(format!(", and {}", more.join(", ")), format!("，且{}", more.join("、")))
}

/// The names of a pair.
pub fn names<'a>(answer: &'a CompareAnswer, pair: &PairAnswer) -> (&'a str, &'a str) {
    let name = |arm: usize| answer.arms.get(arm).map_or("", |arm| arm.name.as_str());
    (name(pair.first), name(pair.second))
}

fn warnings(answer: &CompareAnswer, lang: Lang) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(p) = answer.split_p_value.filter(|p| *p < MISMATCH) {
        let split: Vec<String> = answer.arms.iter().map(|arm| format!("{} {}", arm.name, count(arm.units))).collect();
        let (split, p) = (split.join(", "), p_value(p));
        said.push(lang.pick(
            format!("Units are not split as planned ({split}; p {p}, sample-ratio mismatch). Whatever lost or moved them may be what differs: find out before deciding."),
            format!("单位的分配与计划不符（{split}；p {p}，样本比例失配）。造成失配的原因可能正是差异所在：请先查明再决定。"),
        ));
    }
    if answer.contaminated > 0 {
        let n = count(answer.contaminated);
        said.push(lang.pick(
            format!("{n} units have rows of more than one vendor. That is as planned only if calls were drawn, and not people."),
            format!("{n} 个单位同时有多家供应商的记录。只有按通话（而非按用户）分配时才属正常。"),
        ));
    }
    for of in &answer.metrics {
        for pair in &of.pairs {
            said.extend(pair_warnings(answer, of, pair, lang));
        }
        let share = |arm: usize| of.arms[arm].missing as f64 / (of.arms[arm].missing + of.arms[arm].rows).max(1) as f64;
        let missing: Vec<String> = (0..answer.arms.len())
            .filter(|arm| share(*arm) > MISSING)
            .map(|arm| format!("{} {}", answer.arms[arm].name, number(share(arm), Unit::Share)))
            .collect();
        if !missing.is_empty() {
            let (metric, missing) = (&of.metric.name, missing.join(lang.pick(", ", "，")));
            said.push(lang.pick(
                format!("{metric} was not measured in some rows, which are left out: {missing}."),
                format!("部分记录未测得 {metric}，未计入：{missing}。"),
            ));
        }
    }
    said
}

fn pair_warnings(answer: &CompareAnswer, of: &MetricAnswer, pair: &PairAnswer, lang: Lang) -> Vec<String> {
    let (first, second) = names(answer, pair);
    let metric = &of.metric.name;
    let mut said = Vec::new();
    if let Some(pooled) = pair.pooled.filter(|pooled| pooled.reversed) {
        let size = unadjusted(&pooled.difference, of, lang);
        said.push(lang.pick(
            format!("{metric}, {first} against {second}: pooled, the difference points the other way ({size}) than in every stratum (Simpson's paradox): the vendors' rows are spread unevenly over the strata. The verdict compares within strata."),
            format!("{metric}，{first} 对 {second}：合并后的差异（{size}）与每个分层内的方向相反（辛普森悖论），因为两家的记录在各分层的分布不均。结论以分层内比较为准。"),
        ));
    }
    if pair.covered < 1.0 && pair.overall.is_ok() {
        let share = number(1.0 - pair.covered, Unit::Share);
        said.push(lang.pick(
            format!("{metric}, {first} against {second}: {share} of their rows lie in strata where the two cannot be compared, and are left out."),
            format!("{metric}，{first} 对 {second}：{share} 的记录所在分层无法比较两家，未计入。"),
        ));
    }
    if let Some(unlike) = pair.heterogeneity.filter(|of| of.p_value < HETEROGENEOUS) {
        let share = number(unlike.beyond_chance, Unit::Share);
        said.push(lang.pick(
            format!("{metric}, {first} against {second}: the difference is not the same in all strata (p {}, {share} of the variation is more than chance): look at each.", p_value(unlike.p_value)),
            format!("{metric}，{first} 对 {second}：各分层的差异并不一致（p {}，{share} 的变异超出偶然）：请逐层查看。", p_value(unlike.p_value)),
        ));
    }
    said
}

fn figures(answer: &CompareAnswer, lang: Lang) -> Table {
    let mut heads = vec![lang.pick("metric", "指标")];
    heads.extend(answer.arms.iter().map(|arm| arm.name.as_str()));
    let caption = lang.pick(
        format!("Each vendor's figure, of all its rows, with {} intervals", percent(answer.level)),
        format!("各供应商的数值（全部记录）与 {} 区间", percent(answer.level)),
    );
    let mut table = Table::new(caption, &heads);
    let mut rows = vec![lang.pick("rows / units", "记录 / 单位").to_owned()];
    rows.extend(answer.arms.iter().map(|arm| format!("{} / {}", count(arm.rows), count(arm.units))));
    table.row(rows);
    for of in &answer.metrics {
        let mut cells = vec![named(of, lang)];
        cells.extend(of.arms.iter().map(|arm| match &arm.figure {
            Ok(figure) => figure_in(figure, own_unit(of), lang),
            Err(why) => match arm.alone {
                Some(value) => lang.pick(
                    format!("{} ({})", number(value, own_unit(of)), because(why, lang)),
                    format!("{}（{}）", number(value, own_unit(of)), because(why, lang)),
                ),
                None => because(why, lang),
            },
        }));
        table.row(cells);
    }
    table
}

fn differences(answer: &CompareAnswer, lang: Lang) -> Table {
    let caption = lang.pick("By how much the first is better, and what that shows", "前者优于后者多少，以及结论");
    let level = percent(answer.level);
    let by = lang.pick(format!("better by ({level}, unadjusted)"), format!("优多少（{level}，未校正）"));
    let heads = lang.pick(["metric", "pair", &by, VERDICT[0]], ["指标", "对比", &by, VERDICT[1]]);
    let mut table = Table::new(caption, &heads).words(1).words(3);
    for of in &answer.metrics {
        for pair in &of.pairs {
            let (by, verdict) = match &pair.overall {
                Ok(found) => (unadjusted(&found.difference, of, lang), verdicts(found, of, lang)),
                Err(why) => ("–".to_owned(), format!("{}: {}", verdict(Shown::Inconclusive, lang), because(why, lang))),
            };
            table.row([of.metric.name.clone(), between(answer, pair), by, verdict]);
        }
    }
    table
}

/// What the verdicts rest on.
fn tests(answer: &CompareAnswer, lang: Lang) -> Table {
    let caption = lang.pick("What the verdicts rest on", "结论的依据");
    let level = percent(answer.level);
    let less = lang.pick(format!("first less second ({level}, unadjusted)"), format!("前者减后者（{level}，未校正）"));
    let heads = lang.pick(
        ["metric", "pair", &less, "p", "p adjusted", "as a ratio", "units"],
        ["指标", "对比", &less, "p", "校正后 p", "比值", "单位数"],
    );
    let mut table = Table::new(caption, &heads).words(1);
    for of in &answer.metrics {
        for pair in &of.pairs {
            let Ok(found) = &pair.overall else { continue };
            let ratio = found.ratio.map_or_else(|| "–".to_owned(), |ratio| figure_in(&ratio, Unit::Plain(3), lang));
            table.row([
                of.metric.name.clone(),
                between(answer, pair),
                // Turned twice is as it was: first less second.
                unadjusted(&of.metric.better.turned(&found.difference), of, lang),
                p_value(found.p_value),
                p_value(found.p_adjusted),
                ratio,
                count(found.units),
            ]);
        }
    }
    table
}

fn between(answer: &CompareAnswer, pair: &PairAnswer) -> String {
    let (first, second) = names(answer, pair);
    format!("{first} – {second}")
}

fn strata(answer: &CompareAnswer, lang: Lang) -> Table {
    let caption = lang.pick("The same within each stratum", "各分层内的比较");
    let level = percent(answer.level);
    let by = lang.pick(format!("better by ({level}, unadjusted)"), format!("优多少（{level}，未校正）"));
    let heads = lang.pick(["metric", "pair", "stratum", &by, VERDICT[0], "units"], ["指标", "对比", "分层", &by, VERDICT[1], "单位数"]);
    let mut table = Table::new(caption, &heads).words(1).words(2).words(4);
    for of in &answer.metrics {
        for pair in &of.pairs {
            for within in &pair.strata {
                let stratum = answer.strata.get(within.stratum).cloned().unwrap_or_default();
                let start = [of.metric.name.clone(), between(answer, pair), stratum];
                let rest = match &within.judged {
                    Ok(found) => [unadjusted(&found.difference, of, lang), verdicts(found, of, lang), count(found.units)],
                    Err(why) => ["–".to_owned(), format!("{}: {}", verdict(Shown::Inconclusive, lang), because(why, lang)), "–".to_owned()],
                };
                table.row(start.into_iter().chain(rest));
            }
        }
    }
    table
}

fn ranks(answer: &CompareAnswer, lang: Lang) -> Option<Table> {
    if answer.arms.len() < 3 || answer.metrics.iter().all(|of| of.ranks.is_none()) {
        return None;
    }
    let places: Vec<String> = (1..=answer.arms.len()).map(|place| lang.pick(format!("place {place}"), format!("第 {place}"))).collect();
    let mut heads = vec![lang.pick("metric", "指标"), lang.pick("vendor", "供应商")];
    heads.extend(places.iter().map(String::as_str));
    let caption = lang.pick("How often each vendor comes in which place when units are drawn anew", "重抽样中各供应商名次出现的频率");
    let mut table = Table::new(caption, &heads).words(1);
    for of in &answer.metrics {
        for (arm, own) in answer.arms.iter().zip(of.ranks.iter().flatten()) {
            let start = [of.metric.name.clone(), arm.name.clone()];
            table.row(start.into_iter().chain(own.iter().map(|share| number(*share, Unit::Share))));
        }
    }
    Some(table)
}

/// By how much the first of each pair is better in a metric, overall and by stratum.
pub fn forest(answer: &CompareAnswer, of: &MetricAnswer, lang: Lang) -> Chart {
    let by = |found: &Judged| -> Figure {
        let reached = found.told.first().map_or(found.difference, |told| told.interval);
        (&of.metric.better.turned(&reached)).into()
    };
    let mut rows: Vec<(String, Figure)> = Vec::new();
    for pair in &of.pairs {
        if let Ok(found) = &pair.overall {
            rows.push((between(answer, pair), by(found)));
        }
        for within in &pair.strata {
            let stratum = answer.strata.get(within.stratum).map_or("", String::as_str);
            if let Ok(found) = &within.judged {
                rows.push((format!("  {stratum}"), by(found)));
            }
        }
    }
    let (name, column) = (named(of, lang), &of.metric.name);
    Chart {
        caption: lang.pick(
            format!("{name}: by how much the first is better, with the adjusted interval that its first verdict was reached by; levels in the table"),
            format!("{name}：前者优于后者多少，附得出首个结论所依据的校正后区间；水平见表格"),
        ),
        drawn: Drawn::Forest {
            axis: lang.pick(format!("{column}: better by"), format!("{column}：优多少")),
            share: unit(of) == Unit::Share,
            nothing: Some(0.0),
            sides: Some(Sides {
                worse: lang.pick("← the second is better", "← 后者更优").to_owned(),
                better: lang.pick("the first is better →", "前者更优 →").to_owned(),
                margin: of.metric.margin,
            }),
            rows,
        },
    }
}

fn method(answer: &CompareAnswer, lang: Lang) -> Vec<String> {
    let mut used: Vec<Method> = Vec::new();
    for found in answer.metrics.iter().flat_map(|of| &of.pairs).filter_map(|pair| pair.overall.as_ref().ok()) {
        if !used.contains(&found.method) {
            used.push(found.method);
        }
    }
    let used: Vec<&str> = used.into_iter().map(|method| made(method, lang)).collect();
    let used = used.join(lang.pick("; ", "；"));
    let level = percent(answer.level);
    let mut lines = vec![lang.pick(
        format!("Better: all of the interval on the good side of 0; inferior: all of it on the bad side; equivalent: all of it within the margin; non-inferior: all of it above minus the margin; else inconclusive. The interval is the one beside the verdict, of by how much the first is better, adjusted over how many such questions were asked: over primary metrics and pairs by Holm, over secondary ones and over strata by Benjamini and Hochberg, each at {level}."),
        format!("更优：区间全部位于 0 的有利一侧；更差：全部位于不利一侧；等效：全部位于界值之内；非劣：全部高于负界值；否则尚无定论。所用区间为结论旁所列的区间（前者优多少），已按同类问题的数量校正：主要指标与各对比用 Holm，次要指标与各分层用 Benjamini–Hochberg，水平均为 {level}。"),
    )];
    lines.push(lang.pick(format!("Intervals: {used}."), format!("区间：{used}。")));
    if !answer.strata.is_empty() {
        lines.push(
            lang.pick(
                "Overall compares within strata and weighs each by the rows of both vendors; units in several strata count once.",
                "总体差异为分层内差异按两家记录数加权；跨层的单位只计一次。",
            )
            .to_owned(),
        );
    }
    if let Stopping::AnyTime { narrowest_at } = answer.stopping {
        lines.push(lang.pick(
            format!("Intervals hold however often they are looked at (asymptotic confidence sequence, narrowest at {narrowest_at} units)."),
            format!("区间可随时查看而仍然成立（渐近置信序列，在 {narrowest_at} 个单位时最窄）。"),
        ));
    }
    lines
}

/// How an interval was made.
fn made(method: Method, lang: Lang) -> &'static str {
    match method {
        Method::Welch => lang.pick("means by Welch's t", "均值用 Welch t"),
        Method::Newcombe => lang.pick(
            "shares by Newcombe, at effective numbers where units have several rows",
            "比例用 Newcombe（同一单位多条记录时按有效样本量）",
        ),
        Method::DeltaMethod => lang.pick("sums over units by the delta method", "按单位合计用 delta 法"),
        Method::ClusterQuantile => lang.pick("quantiles from order statistics, adjusted for units", "分位数用次序统计量并按单位校正"),
        Method::ClusterBootstrap => lang.pick("quantiles by drawing whole units anew", "分位数用整单位重抽样"),
        Method::BrunnerMunzel => {
            lang.pick("ratings by Brunner and Munzel (share of wins less a half)", "评分用 Brunner–Munzel（胜率减二分之一）")
        }
        Method::RestrictedMean => lang.pick("times by restricted means", "时长用限制平均"),
        Method::PairedT => lang.pick("pairs by t of their differences", "配对差用 t"),
        Method::PairedNewcombe => lang.pick("paired shares by Newcombe", "配对比例用 Newcombe"),
        Method::PairedQuantile => lang.pick("a quantile of paired differences from order statistics", "配对差的分位数用次序统计量"),
        Method::PairedSign => lang.pick("paired ratings by the share of pairs won", "配对评分用配对胜率"),
    }
}
