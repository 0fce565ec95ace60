//! How long until something happens.

mod tables;
mod warnings;
mod words;

use qoe_query::retention::{Amount, Hazard, SurvivalAnswer, SurvivalGroups};
use qoe_query::statistics::kaplan_meier::Quantile;
use qoe_query::statistics::survival_by_band::Band;
use qoe_query::statistics::{Estimate, KaplanMeier};

use super::Section;
use super::cohorts::{LINES, labelled};
use super::names::column_word;
use super::numbers::{Unit, count, figure_in, interval, number, percent, signed};
use crate::plot::{Chart, Drawn, Figure};
use crate::view::Lang;

use tables::{at_risk, curves, hazards, summary};
use warnings::warnings;

pub use words::{log_rank_why, mean_why, model_why};

/// Points of a curve that is drawn.
const POINTS: usize = 200;

/// The answer as people read it.
pub fn survival(answer: &SurvivalAnswer, lang: Lang) -> Section {
    let event = event(answer, lang);
    let title = lang.pick(format!("How long people stay: until {event}"), format!("停留时长：到{event}为止"));
    let mut section = Section::new("survival", title);
    let (rows, events) = (count(answer.rows), count(answer.events));
    section.says.push(match answer.event {
        Some(_) if answer.events == answer.rows => {
            lang.pick(format!("{event} happened in all {rows} rows."), format!("{rows} 条记录全部发生了{event}。"))
        }
        Some(_) => lang.pick(
            format!(
                "{event} happened in {events} of {rows} rows; the others are censored: it had not happened for as long as they were watched."
            ),
            format!("{rows} 条记录中有 {events} 条发生了{event}；其余为删失：在观察期内尚未发生。"),
        ),
        None => lang.pick(format!("The end of all {rows} rows counts as seen."), format!("{rows} 条记录全部按已结束计。")),
    });
    section.says.push(median_says(answer, lang));
    section.says.extend(mean_says(answer, lang));
    section.says.extend(answer.groups.iter().flat_map(|groups| compared(answer, groups, lang)));
    if let Some(Ok(model)) = &answer.model {
        section.says.extend(model.hazards.iter().take(LINES).map(|hazard| hazard_says(answer, hazard, lang)));
    }
    warnings(answer, lang, &mut section);
    section.tables.push(summary(answer, lang));
    section.tables.push(at_risk(answer, lang));
    if let Some(Ok(model)) = &answer.model {
        section.tables.push(hazards(answer, model, lang));
    }
    section.charts.push(lines(answer, lang));
    method(answer, lang, &mut section);
    for text in section.says.iter_mut().chain(&mut section.warnings) {
        *text = joined(text);
    }
    section
}

/// Chinese marks follow a column's name without a space.
fn joined(text: &str) -> String {
    ['，', '。', '：', '；', '（', '、'].iter().fold(text.to_owned(), |text, mark| text.replace(&format!(" {mark}"), &mark.to_string()))
}

/// What is waited for; a column's name stands apart from Chinese around it.
fn event(answer: &SurvivalAnswer, lang: Lang) -> String {
    match &answer.event {
        Some(event) if event == "left" => lang.pick("leaving", "离开").to_owned(),
        Some(event) => lang.pick(event.clone(), format!(" {event} ")),
        None => lang.pick("the end", "结束").to_owned(),
    }
}

/// Decimals with which times up to this one are read.
fn decimals(last: f64) -> Unit {
    Unit::Plain(if last >= 1_000.0 {
        0
    } else if last >= 10.0 {
        1
    } else {
        3
    })
}

fn unit(answer: &SurvivalAnswer) -> Unit {
    decimals(answer.curve.last())
}

fn time(value: Option<f64>, unit: Unit, lang: Lang) -> String {
    value.map_or_else(|| lang.pick("not reached", "未达到").to_owned(), |value| number(value, unit))
}

fn ends(median: &Quantile, unit: Unit, lang: Lang) -> String {
    format!("{} – {}", time(median.low, unit, lang), time(median.high, unit, lang))
}

fn median_says(answer: &SurvivalAnswer, lang: Lang) -> String {
    let (event, unit, duration) = (event(answer, lang), unit(answer), column_word(&answer.duration, lang));
    let (median, ends) = (&answer.median, ends(&answer.median, unit, lang));
    if median.value.is_some() {
        let value = time(median.value, unit, lang);
        return lang.pick(
            format!("Median time until {event}: {duration} = {value} ({ends})."),
            format!("到{event}为止的中位时间：{duration} {value}（{ends}）。"),
        );
    }
    let last = answer.curve.last();
    let left = answer.curve.at(last, answer.level).map_or_else(|| "–".to_owned(), |left| figure_in(&left, Unit::Share, lang));
    lang.pick(
        format!(
            "The median is not reached: at {duration} = {}, the last that was seen, {left} are still without {event}.",
            number(last, unit)
        ),
        format!("未达到中位时间：在观察到的最后时刻 {duration} {}，仍有 {left} 未发生{event}。", number(last, unit)),
    )
}

fn mean_says(answer: &SurvivalAnswer, lang: Lang) -> Option<String> {
    let mean = &answer.restricted_mean.as_ref().ok()?.mean;
    let (event, unit) = (event(answer, lang), unit(answer));
    let (horizon, mean) = (number(answer.horizon, unit), figure_in(mean, unit, lang));
    Some(lang.pick(
        format!("Counted up to {} = {horizon}, the mean time before {event} is {mean}.", answer.duration),
        format!("截至{} {horizon}，{event}之前的平均时长为 {mean}。", column_word(&answer.duration, lang)),
    ))
}

/// Whether groups differ, and by how much mean times do.
fn compared(answer: &SurvivalAnswer, groups: &SurvivalGroups, lang: Lang) -> Vec<String> {
    let mut says = Vec::new();
    let unit = unit(answer);
    if let Ok(test) = &groups.bands.log_rank {
        let p = words::p(test.p_value);
        let differs = test.p_value < 1.0 - answer.level.level();
        says.push(match differs {
            true => lang.pick(
                format!("The groups' curves differ by more than chance would make them (log-rank {p})."),
                format!("各组曲线的差异超出偶然波动（log-rank 检验 {p}）。"),
            ),
            false => lang.pick(
                format!("Whether the groups' curves differ is inconclusive (log-rank {p})."),
                format!("各组曲线是否有差异，尚无定论（log-rank 检验 {p}）。"),
            ),
        });
    }
    let Some((first, others)) = groups.bands.bands.split_first() else { return says };
    let name = |band: &Band| labelled(&band.label, &groups.split, lang);
    let known: Vec<(&Band, Estimate)> = others.iter().filter_map(|band| Some((band, band.less_first?))).collect();
    let (clear, unclear): (Vec<_>, Vec<_>) = known.into_iter().partition(|(_, less)| less.excludes(0.0));
    let horizon = number(groups.bands.horizon, unit);
    if !clear.is_empty() {
        let list: Vec<String> = clear.iter().map(|(band, less)| format!("{} {}", name(band), difference(less, unit, lang))).collect();
        says.push(lang.pick(
            format!("Mean {} up to {horizon}, against {}: {}.", answer.duration, name(first), list.join("; ")),
            format!("截至 {horizon} 的平均{}，与 {} 相比：{}。", column_word(&answer.duration, lang), name(first), list.join("；")),
        ));
    }
    if !unclear.is_empty() {
        let list: Vec<String> = unclear.iter().map(|(band, _)| name(band)).collect();
        says.push(lang.pick(
            format!("Whether the mean up to {horizon} of {} differs from that of {} is inconclusive.", list.join(", "), name(first)),
            format!("{} 截至 {horizon} 的平均时长与 {} 是否有差异，尚无定论。", list.join("、"), name(first)),
        ));
    }
    says
}

fn difference(less: &Estimate, unit: Unit, lang: Lang) -> String {
    let decimals = if let Unit::Plain(decimals) = unit { decimals } else { 1 };
    let [value, low, high] = [less.value, less.low, less.high].map(|value| signed(value, decimals));
    lang.pick(format!("by {value} ({low} – {high})"), format!("为 {value}（{low} – {high}）"))
}

/// What a hazard ratio is of, in words.
fn amount(hazard: &Hazard, lang: Lang) -> String {
    match &hazard.amount {
        Amount::More { of } => format!("+{}", number(*of, rounded(*of))),
        Amount::Against { reference: Some(reference) } => lang.pick(format!("against {reference}"), format!("相对 {reference}")),
        Amount::Against { reference: None } => lang.pick("against the others".to_owned(), "相对其余".to_owned()),
    }
}

/// Three digits or so.
fn rounded(value: f64) -> Unit {
    let digits = value.abs().max(1e-6).log10().floor() as i32;
    Unit::Plain((2 - digits).clamp(0, 6) as usize)
}

fn hazard_says(answer: &SurvivalAnswer, hazard: &Hazard, lang: Lang) -> String {
    let (column, event) = (&hazard.column, event(answer, lang));
    let (ratio, ends) = (number(hazard.ratio.value, Unit::Plain(2)), interval(hazard.ratio.low, hazard.ratio.high, Unit::Plain(2)));
    let step = match &hazard.amount {
        Amount::More { of } => {
            let of = number(*of, rounded(*of));
            lang.pick(format!("With {column} higher by {of}"), format!("{column} 每高 {of}"))
        }
        Amount::Against { .. } => {
            lang.pick(format!("With {column}, {}", amount(hazard, lang)), format!("{column}（{}）", amount(hazard, lang)))
        }
    };
    if hazard.ratio.excludes(1.0) {
        lang.pick(
            format!("{step}, the hazard of {event} is {ratio} times as high ({ends}), the other covariates being equal: an association."),
            format!("{step}，其他协变量相同时，{}的风险为 {ratio} 倍（{ends}）：仅为关联。", event.trim_start()),
        )
    } else {
        lang.pick(
            format!("{step}, it is inconclusive whether the hazard of {event} differs: {ratio} times ({ends})."),
            format!("{step}，{}的风险是否不同尚无定论：{ratio} 倍（{ends}）。", event.trim_start()),
        )
    }
}

fn lines(answer: &SurvivalAnswer, lang: Lang) -> Chart {
    let line = |curve: &KaplanMeier| -> Vec<(f64, Figure)> {
        let start = std::iter::once((0.0, Figure { value: 1.0, low: 1.0, high: 1.0 }));
        let steps = curve.curve(POINTS, answer.level).into_iter().map(|point| (point.time, (&point.survival).into()));
        let mut points: Vec<(f64, Figure)> = start.chain(steps).collect();
        // The last step holds as long as anyone was watched.
        if let Some((_, figure)) = points.last().copied().filter(|(time, _)| *time < curve.last()) {
            points.push((curve.last(), figure));
        }
        points
    };
    let event = event(answer, lang);
    Chart {
        caption: lang.pick(
            format!("Share still without {event}, with {} intervals", percent(answer.level)),
            format!("尚未发生{event}的比例与 {} 区间", percent(answer.level)),
        ),
        drawn: Drawn::Lines {
            x: column_word(&answer.duration, lang),
            y: lang.pick(format!("share without {event}"), format!("未发生{event}的比例")),
            steps: true,
            lines: curves(answer, lang).into_iter().take(LINES).map(|(name, curve)| (name, line(curve))).collect(),
            marks: Vec::new(),
        },
    }
}

fn method(answer: &SurvivalAnswer, lang: Lang, section: &mut Section) {
    let level = percent(answer.level);
    section.method.push(lang.pick(
        format!("Kaplan and Meier's curve, by rows; variance by Greenwood, {level} intervals on the log-log scale; the median's by Brookmeyer and Crowley. At a tie the event comes before the censoring; censoring is taken to have nothing to do with the event."),
        format!("Kaplan–Meier 曲线，以记录为单位；方差采用 Greenwood 公式，{level} 区间取自 log-log 变换，中位数区间采用 Brookmeyer–Crowley 方法。同一时刻事件先于删失；假定删失与事件无关。"),
    ));
    if let Some(baseline) = answer.baseline {
        section.method.push(lang.pick(
            format!(
                "Covariates and groups are of the first {} s, watched from there among those still there (landmark).",
                baseline.seconds
            ),
            format!("协变量与分组取自前 {} 秒，只观察其时仍在场者（里程碑法）。", baseline.seconds),
        ));
    }
    section.method.push(lang.pick(
        "Mean time is the area under the curve up to the horizon (restricted mean), with a normal interval.".to_owned(),
        "平均时长为曲线下至截止点的面积（限制平均生存时间，RMST），区间采用正态近似。".to_owned(),
    ));
    if let Some(groups) = &answer.groups {
        if let Ok(test) = &groups.bands.log_rank {
            let (statistic, freedom, p) = (number(test.statistic, Unit::Plain(2)), test.freedom, words::p(test.p_value));
            section.method.push(lang.pick(
                format!("Log-rank test: chi-square {statistic}, {freedom} degrees of freedom, {p}."),
                format!("log-rank 检验：χ² = {statistic}，自由度 {freedom}，{p}。"),
            ));
        }
        section.method.push(lang.pick(
            "Differences of means are against the largest group, not adjusted for how many are compared.".to_owned(),
            "均值之差均相对最大的分组，未做多重比较校正。".to_owned(),
        ));
    }
    let Some(Ok(model)) = &answer.model else { return };
    let (en, zh) = match model.clusters {
        Some(_) => ("robust by person (Lin and Wei)", "按用户聚类的稳健方差（Lin–Wei）"),
        None => ("of the model", "模型方差"),
    };
    section.method.push(lang.pick(
        format!("Cox's proportional hazards, ties by Efron; {level} intervals, variance {en}. A number's ratio is for one standard deviation, or for the step between its only two values. Proportionality: Schoenfeld residuals against the rank of time (Grambsch and Therneau), rows taken as independent."),
        format!("Cox 比例风险模型，并列采用 Efron 方法；{level} 区间，{zh}。数值协变量的风险比按一个标准差计，仅有两个取值时按二者之差计。比例性检验：Schoenfeld 残差对时间秩（Grambsch–Therneau），按各条记录相互独立计算。"),
    ));
}
