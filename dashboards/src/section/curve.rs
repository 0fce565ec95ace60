//! How an outcome goes with a measure.

use qoe_query::satisfaction::CurveAnswer;
use qoe_query::statistics::iqx::{Iqx, Misfit};
use qoe_query::statistics::knee::{Found, Knee, NoKnee};

use super::names::column_word;
use super::numbers::{Unit, cells, count, figure_in, interval, interval_head, number, p_value, percent};
use super::score::left_out;
use super::{Section, Table};
use crate::plot::{Chart, Drawn};
use crate::view::Lang;

/// With how many decimals a measure is read, by the unit in its name.
pub fn measure_unit(measure: &str) -> Unit {
    if measure.ends_with("_ratio") {
        Unit::Share
    } else if measure.ends_with("_ms") || measure == "height" {
        Unit::Plain(0)
    } else {
        Unit::Plain(2)
    }
}

fn outcome_unit(answer: &CurveAnswer) -> Unit {
    if answer.share { Unit::Share } else { Unit::Plain(2) }
}

/// The answer as people read it.
pub fn curve(answer: &CurveAnswer, lang: Lang) -> Section {
    let (x, y) = (measure_unit(&answer.measure), outcome_unit(answer));
    let (outcome, measure) = (column_word(&answer.outcome, lang), column_word(&answer.measure, lang));
    let title = lang.pick(format!("{outcome} against {measure}"), format!("{outcome}与{measure}的关系"));
    let mut section = Section::new("curve", title);
    section.says.push(match &answer.knee {
        Knee::Found(found) => knee_found(answer, found, lang),
        Knee::NotFound { p, why } => no_knee(*p, *why, lang),
    });
    if let Iqx::Fitted(fit) = &answer.iqx {
        let half = std::f64::consts::LN_2 / fit.beta.value;
        section.says.push(lang.pick(
            format!("It falls off exponentially (IQX): every {} halves what is left to lose.", number(half, x)),
            format!("呈指数衰减（IQX）：{measure}每增加 {}，与最低水平之间的差距减半。", number(half, x)),
        ));
    }
    section.says.push(lang.pick(
        "This is an association: what else differs between these sessions is not held equal here.".to_owned(),
        "这是相关关系：这里没有控制会话之间的其他差异。".to_owned(),
    ));
    section.warnings.extend(left_out(answer.left_out, lang));
    section.tables.push(bins(answer, x, y, lang));
    section.charts.push(chart(answer, lang));
    section.method.push(method(answer, lang));
    section
}

fn knee_found(answer: &CurveAnswer, found: &Found, lang: Lang) -> String {
    let x = measure_unit(&answer.measure);
    let edge = found.at.low <= found.searched.0 || found.at.high >= found.searched.1;
    let beyond = if edge { lang.pick(" or beyond", "或更远") } else { "" };
    let (outcome, measure) = (column_word(&answer.outcome, lang), column_word(&answer.measure, lang));
    let (at, p) = (figure_in(&found.at, x, lang), p_value(found.p));
    lang.pick(
        format!("{outcome} turns at {measure} {at}{beyond} (p {p})."),
        format!("{outcome}在{measure} {at}{beyond}处出现拐点（p {p}）。"),
    )
}

fn no_knee(p: Option<f64>, why: NoKnee, lang: Lang) -> String {
    let why = why_no_knee(why, lang);
    let p = p.map_or_else(String::new, |p| format!(" (p {})", p_value(p)));
    lang.pick(format!("No knee found: {why}{p}."), format!("未发现拐点：{why}{p}。"))
}

/// Why no knee is claimed, in words.
pub(crate) fn why_no_knee(why: NoKnee, lang: Lang) -> &'static str {
    match why {
        NoKnee::TooFew => lang.pick("too few rows", "样本太少"),
        NoKnee::TooFewValues => lang.pick("the measure takes too few values", "指标取值太少"),
        NoKnee::Constant => lang.pick("all outcomes are the same", "结果全部相同"),
        NoKnee::Straight => lang.pick("a straight line is not refuted", "无法排除直线关系"),
        NoKnee::Gradual => lang.pick("it bends, but a gradual bend tells as much as a knee", "存在弯曲，但平缓弯曲与拐点的解释力相当"),
        NoKnee::AtEdge => lang.pick("it may turn at the edge of what was measured, or outside", "拐点可能在测量范围的边缘或之外"),
        NoKnee::Anywhere => lang.pick("it turns, but where cannot be told", "存在转折，但无法确定位置"),
        NoKnee::NoScatter => lang.pick(
            "the points lie on the lines without scatter, so nothing tells how sure a knee is",
            "数据点没有离散度，无法判断拐点的可靠性",
        ),
    }
}

fn bins(answer: &CurveAnswer, x: Unit, y: Unit, lang: Lang) -> Table {
    let heads = [answer.measure.as_str(), answer.outcome.as_str(), &interval_head(answer.level, lang), "n"];
    let mut table = Table::new("", &heads);
    for bin in &answer.response.bins {
        let range = interval(bin.low, bin.high, x);
        match &bin.outcome {
            Some(outcome) => {
                let [value, ends] = cells(outcome, y);
                table.row([range, value, ends, count(bin.rows)]);
            }
            // Of answers that are all alike nothing tells how much they vary.
            None => table.row([range, bin.value.map_or_else(|| "–".into(), |value| number(value, y)), "–".into(), count(bin.rows)]),
        }
    }
    table
}

fn chart(answer: &CurveAnswer, lang: Lang) -> Chart {
    let points = answer.response.bins.iter().filter_map(|bin| Some((bin.mean?, bin.outcome.as_ref()?.into()))).collect();
    let (outcome, measure) = (column_word(&answer.outcome, lang), column_word(&answer.measure, lang));
    let steps = answer.response.smooth.iter().flat_map(|smooth| &smooth.steps);
    Chart {
        caption: lang.pick(
            format!("{outcome} by {measure}, with {} intervals, a monotone curve and the knee", percent(answer.level)),
            format!("{outcome}随{measure}的变化：{} 区间、单调曲线与拐点", percent(answer.level)),
        ),
        drawn: Drawn::Curve {
            x: if measure_unit(&answer.measure) == Unit::Share { format!("{measure}, %") } else { measure },
            y: if answer.share { format!("{outcome}, %") } else { outcome },
            points,
            smooth: steps.flat_map(|step| [(step.from, step.level), (step.to, step.level)]).collect(),
            knee: match &answer.knee {
                Knee::Found(found) => Some((&found.at).into()),
                Knee::NotFound { .. } => None,
            },
        },
    }
}

fn method(answer: &CurveAnswer, lang: Lang) -> String {
    let iqx = match &answer.iqx {
        Iqx::Fitted(fit) => format!("IQX: {:.3} exp(-{:.5} x) + {:.3}", fit.alpha.value, fit.beta.value, fit.gamma.value),
        Iqx::NotFitting { why } => {
            lang.pick(format!("IQX does not fit: {}", misfit(*why, lang)), format!("IQX 不适用：{}", misfit(*why, lang)))
        }
    };
    let missing = count(answer.response.missing);
    lang.pick(
        format!("Bins of about equal n; the curve is the least-squares monotone one; the knee is that of two lines that meet, its interval by simulation, rows of one person together. {iqx}. {missing} rows without the measure or the outcome are left out."),
        format!("各组样本量大致相等；曲线为最小二乘单调回归；拐点为两条相交直线的交点，区间由模拟得出，同一用户的记录合并计。{iqx}。缺少指标或结果的 {missing} 行未计入。"),
    )
}

/// Why no exponential curve fits, in words.
pub(crate) fn misfit(why: Misfit, lang: Lang) -> String {
    match why {
        Misfit::TooFew => lang.pick("too few rows", "样本太少").to_owned(),
        Misfit::TooFewValues => lang.pick("too few values", "取值太少").to_owned(),
        Misfit::Constant => lang.pick("all outcomes are the same", "结果全部相同").to_owned(),
        Misfit::Accelerating => lang.pick("each further step costs more, not less", "每一步的代价递增而非递减").to_owned(),
        Misfit::Straight => lang.pick("no better than a straight line", "不优于直线").to_owned(),
        Misfit::Abrupt => lang.pick("a step more than a curve", "更像阶跃而非曲线").to_owned(),
        Misfit::FarFromMeans { r_squared } => lang.pick(
            format!("it explains {:.0} % of what the bins differ by", r_squared * 100.0),
            format!("只能解释各组差异的 {:.0} %", r_squared * 100.0),
        ),
        Misfit::NoInterval => lang.pick("a parameter has no interval", "参数没有区间").to_owned(),
    }
}
