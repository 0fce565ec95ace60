//! A difference with its verdict in words: by how much better, and beside each verdict the interval it was reached by, with its level.

use qoe_query::poc::MetricKind;
use qoe_query::poc::compare::{Judged, MetricAnswer, Why};
use qoe_query::statistics::contrast::ContrastError;
use qoe_query::statistics::verdict::{Shown, shown};
use qoe_query::statistics::{Confidence, Estimate};

use super::numbers::{Unit, about, count, decimals_for, percent, signed};
use crate::view::Lang;

/// Decimals that may be added so that a rounded interval says what the interval says.
const FINER: usize = 5;

/// A verdict in a word.
pub fn verdict(shown: Shown, lang: Lang) -> &'static str {
    match shown {
        Shown::Better => lang.pick("better", "更优"),
        Shown::Inferior => lang.pick("inferior", "更差"),
        Shown::Equivalent => lang.pick("equivalent", "等效"),
        Shown::NonInferior => lang.pick("non-inferior", "非劣"),
        Shown::Inconclusive => lang.pick("inconclusive", "尚无定论"),
    }
}

/// The unit that a metric's differences are read in.
pub fn unit(of: &MetricAnswer) -> Unit {
    match of.kind {
        MetricKind::Share | MetricKind::Ordinal => Unit::Share,
        _ => decimals(of.arms.iter().filter_map(|arm| Some(arm.figure.as_ref().ok()?.value.abs())).fold(0.0, f64::max)),
    }
}

fn decimals(largest: f64) -> Unit {
    match largest {
        largest if largest >= 1000.0 => Unit::Plain(0),
        largest if largest >= 10.0 => Unit::Plain(1),
        largest if largest >= 1.0 => Unit::Plain(2),
        largest if largest >= 0.1 => Unit::Plain(3),
        _ => Unit::Plain(5),
    }
}

/// What a difference is multiplied by to be read, and its decimals: shares are read in percentage points.
fn reading(of: &MetricAnswer) -> (f64, usize) {
    match unit(of) {
        Unit::Share => {
            let figures = of.arms.iter().filter_map(|arm| Some(arm.figure.as_ref().ok()?.value));
            // A tenth of what is left to all or nothing: of availability every hundredth of a point counts.
            let left = figures.map(|share| share.min(1.0 - share)).fold(0.0, f64::max);
            (100.0, decimals_for(10.0 * left))
        }
        Unit::Plain(decimals) => (1.0, decimals),
    }
}

/// By how much the first is better, positive being better: `+40.4`, `+3.1 points`.
pub fn better_by(difference: &Estimate, of: &MetricAnswer, lang: Lang) -> String {
    let (scale, decimals) = reading(of);
    let value = endless(of.metric.better.turned(difference).value * scale, decimals);
    match unit(of) {
        Unit::Share => lang.pick(format!("{value} points"), format!("{value} 个百分点")),
        Unit::Plain(_) => value,
    }
}

/// The ends of an interval of by how much the first is better, with as many decimals as it takes to say what the interval says: an end that is just above 0
/// does not read as 0.
pub fn ends(difference: &Estimate, of: &MetricAnswer) -> String {
    let (scale, least) = reading(of);
    let by = of.metric.better.turned(difference);
    let (low, high, margin) = (by.low * scale, by.high * scale, of.metric.margin.map(|margin| margin * scale));
    let rounded = |value: f64, decimals: usize| format!("{value:.decimals$}").parse().unwrap_or(value);
    let says = |decimals: usize| shown(rounded(low, decimals), rounded(high, decimals), margin);
    let told = shown(low, high, margin);
    let decimals = (least..=least + FINER).find(|decimals| says(*decimals) == told).unwrap_or(least);
    format!("{} – {}", endless(low, decimals), endless(high, decimals))
}

/// By how much better, with the interval at the level that was asked for; nothing is adjusted.
pub fn unadjusted(difference: &Estimate, of: &MetricAnswer, lang: Lang) -> String {
    let (value, ends) = (better_by(difference, of, lang), ends(difference, of));
    lang.pick(format!("{value} ({ends})"), format!("{value}（{ends}）"))
}

fn endless(value: f64, decimals: usize) -> String {
    match value {
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "-∞".to_owned(),
        value => signed(value, decimals),
    }
}

/// All verdicts, each with the interval it was reached by and its level: `better: +2.0 – +9.1 at 98.33 %; equivalent, non-inferior: +1.1 – +9.9 at 99.17 %`.
pub fn reached(found: &Judged, of: &MetricAnswer, lang: Lang) -> String {
    let pieces = groups(found).into_iter().map(|(all, level, interval)| {
        let all: Vec<&str> =
            if of.invalid { vec![lang.pick("invalid", "无效")] } else { all.into_iter().map(|shown| verdict(shown, lang)).collect() };
        let at = at(&interval, level, of, lang);
        lang.pick(format!("{}: {at}", all.join(", ")), format!("{}：{at}", all.join("、")))
    });
    pieces.collect::<Vec<_>>().join(lang.pick("; ", "；"))
}

fn at(interval: &Estimate, level: Confidence, of: &MetricAnswer, lang: Lang) -> String {
    let (ends, level) = (ends(interval, of), percent(level));
    lang.pick(format!("{ends} at {level}"), format!("{ends}（{level}）"))
}

/// Verdicts that were reached by one interval, together.
fn groups(found: &Judged) -> Vec<(Vec<Shown>, Confidence, Estimate)> {
    let mut groups: Vec<(Vec<Shown>, Confidence, Estimate)> = Vec::new();
    for told in &found.told {
        match groups.last_mut().filter(|(_, level, _)| *level == told.level) {
            Some((all, ..)) => all.push(told.shown),
            None => groups.push((vec![told.shown], told.level, told.interval)),
        }
    }
    groups
}

/// By how much better, by which interval that was reached, and the unadjusted one where it is another: for a sentence.
pub fn size(found: &Judged, of: &MetricAnswer, level: Confidence, lang: Lang) -> String {
    let value = better_by(&found.difference, of, lang);
    let groups = groups(found);
    if groups.iter().all(|(_, own, _)| *own == level) {
        let at = at(&found.difference, level, of, lang);
        return lang.pick(format!("better by {value}; {at}"), format!("优 {value}；{at}"));
    }
    let adjusted = match groups.as_slice() {
        [(_, own, interval)] => at(interval, *own, of, lang),
        _ => reached(found, of, lang),
    };
    let unadjusted = at(&found.difference, level, of, lang);
    lang.pick(
        format!("better by {value}; adjusted: {adjusted}; unadjusted: {unadjusted}"),
        format!("优 {value}；校正后：{adjusted}；未校正：{unadjusted}"),
    )
}

/// How many units would settle it, in words.
pub fn settle(found: &Judged, lang: Lang) -> String {
    match found.would_settle {
        Some(units) => lang.pick(
            format!("{} of about {} units would settle it", count(found.units), about(units, lang)),
            format!("目前 {} 个单位，约需 {} 个方可定论", count(found.units), about(units, lang)),
        ),
        None => lang
            .pick("no number of units would settle it without a margin that matters", "未给出有意义的界值，再多数据也无法定论")
            .to_owned(),
    }
}

/// All that holds with its intervals, and how many units would settle what does not.
pub fn verdicts(found: &Judged, of: &MetricAnswer, lang: Lang) -> String {
    let all = reached(found, of, lang);
    match found.would_settle {
        Some(units) => lang.pick(
            format!("{all} (about {} units would settle it)", about(units, lang)),
            format!("{all}（约需 {} 个单位方可定论）", about(units, lang)),
        ),
        None => all,
    }
}

/// Why nothing can be said, in the language where the reason is our own.
pub fn because(why: &Why, lang: Lang) -> String {
    match (lang, why) {
        (Lang::Zh, Why::Absent { arm }) => format!("{arm} 没有测得该指标的记录"),
        (Lang::Zh, Why::NoOverlap) => "没有任何分层同时有两家足够的记录".to_owned(),
        (Lang::Zh, Why::Units { first, second }) => format!("中位数为 {first} 与 {second}，相差约一千倍：毫秒与秒混用？"),
        (Lang::Zh, Why::TooEarly { units, first }) => format!("目前 {units} 个单位，可随时查看的区间自 {first} 个起"),
        (Lang::Zh, Why::FewUnits { units, least }) => format!("无区间：仅 {units} 个单位，至少需要 {least} 个才能判断其差异"),
        (Lang::Zh, Why::Alike { units }) => format!("无区间：{units} 个单位之间毫无差异"),
        (Lang::Zh, Why::Contrast(error)) => contrast(error).unwrap_or_else(|| why.to_string()),
        _ => why.to_string(),
    }
}

/// Why two arms cannot be compared, in Chinese; `None` of what data alone never cause.
fn contrast(error: &ContrastError) -> Option<String> {
    Some(match error {
        ContrastError::TooFew { first, second, least } => {
            format!("两组各有 {first} 与 {second} 个单位：每组至少需要 {least} 个才能判断其差异")
        }
        ContrastError::Constant { first, second } => format!("两组各有 {first} 与 {second} 个单位：组内毫无差异，误差未知"),
        ContrastError::NotBinary { row, value } => format!("第 {row} 行的值为 {value}：比例只能由 0 与 1 得出"),
        ContrastError::NotFinite { row, value } => format!("第 {row} 行的值为 {value}：未测得的请留空"),
        ContrastError::NotPositive { first, second } => format!("{first} 与 {second} 之比：两者都须大于零"),
        ContrastError::Denominator { row, value } => format!("第 {row} 行的分母为 {value}：分母不得为负，且合计须大于零"),
        ContrastError::NoEarlier { known } => format!("{known} 条记录有此前的数据，但彼此相同，无从调整"),
        _ => return None,
    })
}
