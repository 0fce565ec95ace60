//! How long until something happens.

mod words;

use qoe_query::retention::{Amount, Hazard, Model, SurvivalAnswer, SurvivalGroups};
use qoe_query::statistics::kaplan_meier::Quantile;
use qoe_query::statistics::survival_by_band::Band;
use qoe_query::statistics::{Estimate, KaplanMeier, RestrictedMean};

use super::cohorts::{LINES, labelled};
use super::numbers::{Unit, count, figure_in, interval, number, p_value, percent, plain, signed};
use super::{Section, Table};
use crate::plot::{Chart, Drawn, Figure};
use crate::view::Lang;

pub use words::{log_rank_why, mean_why, model_why};

/// Points of a curve that is drawn.
const POINTS: usize = 200;

/// The answer as people read it.
pub fn survival(answer: &SurvivalAnswer, lang: Lang) -> Section {
    let event = event(answer, lang);
    let title = lang.pick(format!("How long until {event}"), format!("距{event}的时长").trim_end().to_owned());
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
    let (event, unit, duration) = (event(answer, lang), unit(answer), &answer.duration);
    let (median, ends) = (&answer.median, ends(&answer.median, unit, lang));
    if median.value.is_some() {
        let value = time(median.value, unit, lang);
        return lang.pick(
            format!("Median time until {event}: {duration} = {value} ({ends})."),
            format!("到发生{event}的中位时间为 {duration} = {value}（{ends}）。"),
        );
    }
    let last = answer.curve.last();
    let left = answer.curve.at(last, answer.level).map_or_else(|| "–".to_owned(), |left| figure_in(&left, Unit::Share, lang));
    lang.pick(
        format!(
            "The median is not reached: at {duration} = {}, the last that was seen, {left} are still without {event}.",
            number(last, unit)
        ),
        format!("未达到中位时间：在观察到的最后时刻 {duration} = {}，仍有 {left} 未发生{event}。", number(last, unit)),
    )
}

fn mean_says(answer: &SurvivalAnswer, lang: Lang) -> Option<String> {
    let mean = &answer.restricted_mean.as_ref().ok()?.mean;
    let (event, unit) = (event(answer, lang), unit(answer));
    let (horizon, mean) = (number(answer.horizon, unit), figure_in(mean, unit, lang));
    Some(lang.pick(
        format!("Counted up to {} = {horizon}, the mean time before {event} is {mean}.", answer.duration),
        format!("截至 {} = {horizon}，发生{event}之前的平均时长为 {mean}。", answer.duration),
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
            format!("截至 {horizon} 的平均 {}，与 {} 相比：{}。", answer.duration, name(first), list.join("；")),
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

fn warnings(answer: &SurvivalAnswer, lang: Lang, section: &mut Section) {
    let event = event(answer, lang);
    let mut warn = |en: String, zh: String| section.warnings.push(lang.pick(en, zh));
    if answer.event.is_none() {
        warn(
            "No column says whose end was seen (--event), so everyone's counts as seen: if some were only watched no longer, times come out too short.".to_owned(),
            "未指明哪一列表示是否真正结束（--event），因此每条记录都按已结束计；若其中有些只是不再观察，时长会被低估。".to_owned(),
        );
    }
    for (n, en, zh) in words::left_out(answer.left_out) {
        warn(format!("Rows {en}, left out: {}.", count(n)), format!("{} 条记录{zh}，未计入。", count(n)));
    }
    if let Some(time) = answer.emptied {
        let time = number(time, unit(answer));
        warn(
            format!("At {time} all who were at risk then have had {event}: the curve is 0 from there on, whoever was entered later."),
            format!("在 {time} 时，当时在险者全部发生了{event}：此后曲线恒为 0，与更晚进入者无关。"),
        );
    }
    if let Some(users) = answer.users.filter(|users| *users < answer.rows) {
        warn(
            format!(
                "{} rows belong to {} people; the curves take rows as independent, so their intervals and the log-rank test are surer than they should be.",
                count(answer.rows),
                count(users)
            ),
            format!(
                "{} 条记录属于 {} 名用户；曲线按各条记录相互独立计算，因此区间偏窄，log-rank 检验偏于显著。",
                count(answer.rows),
                count(users)
            ),
        );
    }
    if answer.events < FEW_EVENTS {
        let (event, n) = (event.trim(), count(answer.events));
        section.warnings.push(lang.pick(
            format!("Few times did {event} happen: {n}. Intervals are rough, and the median's need not cover it."),
            format!("{event} 仅发生 {n} 例，区间只是粗略估计，中位数的区间未必可靠。"),
        ));
    }
    if let Err(error) = &answer.restricted_mean {
        section.warnings.push(mean_why(error, lang));
    }
    if let Some(groups) = &answer.groups {
        group_warnings(answer, groups, lang, section);
    }
    if let Some(model) = &answer.model {
        model_warnings(answer, model, lang, section);
    }
    if answer.groups.is_some() || answer.model.is_some() {
        section.warnings.push(lang.pick(
            "What is measured over the whole of a time can be the consequence of its length: a difference is an association and may have other causes.".to_owned(),
            "在整个时段内测得的指标可能反受时长影响：差异只是关联，可能另有原因。".to_owned(),
        ));
    }
}

fn group_warnings(answer: &SurvivalAnswer, groups: &SurvivalGroups, lang: Lang, section: &mut Section) {
    if groups.left_out > 0 {
        let n = count(groups.left_out);
        section.warnings.push(lang.pick(format!("Smaller groups that are not shown: {n}."), format!("另有 {n} 个较小的分组未列出。")));
    }
    if let Err(error) = &groups.bands.log_rank {
        section.warnings.push(log_rank_why(error, lang));
    }
    let named = |pick: &dyn Fn(&Band) -> bool| -> Vec<String> {
        groups.bands.bands.iter().filter(|band| pick(band)).map(|band| labelled(&band.label, &groups.split, lang)).collect()
    };
    let unknown = named(&|band| band.restricted_mean.is_err());
    if !unknown.is_empty() {
        let horizon = number(groups.bands.horizon, unit(answer));
        section.warnings.push(lang.pick(
            format!("The mean up to {horizon} cannot be told of {}: nothing happened by then, to too few, or they were not watched for so long.", unknown.join(", ")),
            format!("无法给出 {} 截至 {horizon} 的均值：此前没有事件、人数太少，或观察时间不足。", unknown.join("、")),
        ));
    }
    let small = named(&|band| band.events < FEW_EVENTS);
    if !small.is_empty() {
        let event = event(answer, lang);
        section.warnings.push(lang.pick(
            format!("Fewer than {FEW_EVENTS} times did {event} happen in {}: intervals are rough.", small.join(", ")),
            format!("{} 中发生{event}的不足 {FEW_EVENTS} 例，区间只是粗略估计。", small.join("、")),
        ));
    }
}

/// Fewer events than this, and intervals that hold for many are rough: our choice.
const FEW_EVENTS: u64 = 10;

/// Fewer people than this, and robust intervals are too narrow (see [`qoe_query::statistics::Cox::robust`]).
const FEW_CLUSTERS: u64 = 40;

fn model_warnings(answer: &SurvivalAnswer, model: &Result<Model, qoe_query::retention::ModelError>, lang: Lang, section: &mut Section) {
    let model = match model {
        Ok(model) => model,
        Err(error) => {
            let why = model_why(error, lang);
            section.warnings.push(lang.pick(format!("No hazard ratios: {why}."), format!("无法给出风险比：{why}。")));
            return;
        }
    };
    let mut warn = |en: String, zh: String| section.warnings.push(lang.pick(en, zh));
    for dropped in &model.dropped {
        let (column, (en, zh)) = (&dropped.column, words::dropped(dropped.why));
        warn(format!("{column} {en} and was left out of the model."), format!("{column} {zh}，未进入模型。"));
    }
    match (answer.users, model.clusters) {
        (Some(_), None) => warn(
            "There are too few people to allow for rows of one person in the hazard ratios: their intervals take rows as independent."
                .to_owned(),
            "用户太少，风险比的区间无法考虑同一用户多条记录之间的相关，按各条记录独立计算。".to_owned(),
        ),
        (Some(users), Some(_)) if users < FEW_CLUSTERS => warn(
            format!(
                "The rows belong to {users} people only: with fewer than {FEW_CLUSTERS} the intervals of hazard ratios are too narrow."
            ),
            format!("仅有 {users} 名用户：少于 {FEW_CLUSTERS} 名时风险比的区间偏窄。"),
        ),
        _ => {}
    }
    let alpha = 1.0 - answer.level.level();
    if let Some(test) =
        model.cox.proportionality.as_ref().filter(|test| test.p_value < alpha || test.columns.iter().any(|c| c.p_value < alpha))
    {
        let columns: Vec<&str> = test.columns.iter().filter(|column| column.p_value < alpha).map(|column| column.column.as_str()).collect();
        let p = words::p(test.p_value);
        let (which, zh_which) =
            if columns.is_empty() { ("all together".to_owned(), "整体".to_owned()) } else { (columns.join(", "), columns.join("、")) };
        warn(
            format!("Hazard ratios change as time goes by ({which}; all together {p}): read each as an average over time."),
            format!("风险比随时间变化（{zh_which}；整体 {p}）：请将其理解为时间上的平均。"),
        );
    }
}

fn interval_head(answer: &SurvivalAnswer, lang: Lang) -> String {
    format!("{} {}", percent(answer.level), lang.pick("interval", "区间"))
}

fn mean_cells(mean: Option<&RestrictedMean>, unit: Unit) -> [String; 2] {
    mean.map_or_else(|| ["–".into(), "–".into()], |mean| [number(mean.mean.value, unit), interval(mean.mean.low, mean.mean.high, unit)])
}

fn summary(answer: &SurvivalAnswer, lang: Lang) -> Table {
    let unit = unit(answer);
    let ends_head = interval_head(answer, lang);
    let until = number(answer.horizon, unit);
    let mean = lang.pick(format!("mean up to {until}"), format!("截至 {until} 的均值"));
    let first = answer.groups.as_ref().and_then(|groups| Some(labelled(&groups.bands.bands.first()?.label, &groups.split, lang)));
    let less = first.as_ref().map(|first| lang.pick(format!("less {first}"), format!("与 {first} 之差")));
    let by = answer.groups.as_ref().map_or(lang.pick("group", "分组"), |groups| groups.split.column());
    let happened = lang.pick("events", "事件数");
    let mut heads = vec![by, "n", happened, lang.pick("median", "中位数"), &ends_head, &mean, &ends_head];
    heads.extend(less.iter().flat_map(|less| [less.as_str(), ends_head.as_str()]));
    let mut table = Table::new(lang.pick(format!("Times in {}", answer.duration), format!("时长（{}）", answer.duration)), &heads);
    let start = |name: String, n: u64, events: u64, median: &Quantile| {
        [name, count(n), count(events), time(median.value, unit, lang), ends(median, unit, lang)]
    };
    let blank = || ["–".to_owned(), "–".to_owned()];
    let all = start(lang.pick("all", "全部").to_owned(), answer.rows, answer.events, &answer.median);
    let tail = less.iter().flat_map(|_| blank());
    table.row(all.into_iter().chain(mean_cells(answer.restricted_mean.as_ref().ok(), unit)).chain(tail));
    for (groups, band) in answer.groups.iter().flat_map(|groups| groups.bands.bands.iter().map(move |band| (groups, band))) {
        let own = start(labelled(&band.label, &groups.split, lang), band.n, band.events, &band.median);
        let decimals = if let Unit::Plain(decimals) = unit { decimals } else { 1 };
        let less = band.less_first.as_ref().map_or_else(blank, |less| {
            let [value, low, high] = [less.value, less.low, less.high].map(|value| signed(value, decimals));
            [value, format!("{low} – {high}")]
        });
        table.row(own.into_iter().chain(mean_cells(band.restricted_mean.as_ref().ok(), unit)).chain(less));
    }
    table
}

/// Everyone's curve and those of the groups, by name.
fn curves(answer: &SurvivalAnswer, lang: Lang) -> Vec<(String, &KaplanMeier)> {
    match &answer.groups {
        None => vec![(lang.pick("all", "全部").to_owned(), &answer.curve)],
        Some(groups) => groups.bands.bands.iter().map(|band| (labelled(&band.label, &groups.split, lang), &band.curve)).collect(),
    }
}

fn at_risk(answer: &SurvivalAnswer, lang: Lang) -> Table {
    let by = answer.groups.as_ref().map_or(lang.pick("group", "分组"), |groups| groups.split.column());
    let without = lang.pick(format!("without {}", event(answer, lang)), format!("未发生{}", event(answer, lang)).trim_end().to_owned());
    let ends = interval_head(answer, lang);
    let heads = [by, answer.duration.as_str(), lang.pick("at risk", "在险人数"), &without, &ends];
    let mut table = Table::new(lang.pick("Numbers at risk and the share still without it", "在险人数与未发生比例"), &heads);
    for (name, curve) in curves(answer, lang) {
        for time in &answer.times {
            let at_risk = count(curve.at_risk(*time));
            let (value, ends) = curve.at(*time, answer.level).map_or_else(
                || ("–".to_owned(), "–".to_owned()),
                |left| (number(left.value, Unit::Share), interval(left.low, left.high, Unit::Share)),
            );
            table.row([name.clone(), plain(*time), at_risk, value, ends]);
        }
    }
    table
}

fn hazards(answer: &SurvivalAnswer, model: &Model, lang: Lang) -> Table {
    let ends = interval_head(answer, lang);
    let heads = [
        lang.pick("covariate", "协变量"),
        lang.pick("step", "对比"),
        lang.pick("hazard ratio", "风险比"),
        &ends,
        "p",
        lang.pick("p of a change over time", "随时间变化的 p"),
    ];
    let mut table = Table::new(lang.pick("Hazard ratios", "风险比"), &heads).words(1);
    for hazard in &model.hazards {
        let unit = Unit::Plain(if hazard.ratio.value < 10.0 { 3 } else { 1 });
        table.row([
            hazard.column.clone(),
            amount(hazard, lang),
            number(hazard.ratio.value, unit),
            interval(hazard.ratio.low, hazard.ratio.high, unit),
            hazard.p_value.map_or_else(|| "–".to_owned(), p_value),
            hazard.departure.as_ref().map_or_else(|| "–".to_owned(), |departure| p_value(departure.p_value)),
        ]);
    }
    table
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
            x: answer.duration.clone(),
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
