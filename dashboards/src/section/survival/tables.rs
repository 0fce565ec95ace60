//! Survival in tables.

use qoe_query::retention::{Model, SurvivalAnswer};
use qoe_query::statistics::kaplan_meier::Quantile;
use qoe_query::statistics::{KaplanMeier, RestrictedMean};

use super::{amount, ends, event, time, unit};
use crate::section::Table;
use crate::section::cohorts::labelled;
use crate::section::names::column_word;
use crate::section::numbers::{Unit, cells, count, interval, interval_head, number, p_value, plain, signed};
use crate::view::Lang;

fn mean_cells(mean: Option<&RestrictedMean>, unit: Unit) -> [String; 2] {
    mean.map_or_else(|| ["–".into(), "–".into()], |mean| cells(&mean.mean, unit))
}

pub(super) fn summary(answer: &SurvivalAnswer, lang: Lang) -> Table {
    let unit = unit(answer);
    let ends_head = interval_head(answer.level, lang);
    let until = number(answer.horizon, unit);
    let mean = lang.pick(format!("mean up to {until}"), format!("截至 {until} 的均值"));
    let first = answer.groups.as_ref().and_then(|groups| Some(labelled(&groups.bands.bands.first()?.label, &groups.split, lang)));
    let less = first.as_ref().map(|first| lang.pick(format!("less {first}"), format!("与 {first} 之差")));
    let by = answer.groups.as_ref().map_or(lang.pick("group", "分组"), |groups| groups.split.column());
    let happened = lang.pick("events", "事件数");
    let mut heads = vec![by, "n", happened, lang.pick("median", "中位数"), &ends_head, &mean, &ends_head];
    heads.extend(less.iter().flat_map(|less| [less.as_str(), ends_head.as_str()]));
    let mut table =
        Table::new(lang.pick(format!("Times in {}", answer.duration), format!("时长，{}", column_word(&answer.duration, lang))), &heads);
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
pub(super) fn curves(answer: &SurvivalAnswer, lang: Lang) -> Vec<(String, &KaplanMeier)> {
    match &answer.groups {
        None => vec![(lang.pick("all", "全部").to_owned(), &answer.curve)],
        Some(groups) => groups.bands.bands.iter().map(|band| (labelled(&band.label, &groups.split, lang), &band.curve)).collect(),
    }
}

pub(super) fn at_risk(answer: &SurvivalAnswer, lang: Lang) -> Table {
    let by = answer.groups.as_ref().map_or(lang.pick("group", "分组"), |groups| groups.split.column());
    let without = lang.pick(format!("without {}", event(answer, lang)), format!("未发生{}", event(answer, lang)).trim_end().to_owned());
    let ends = interval_head(answer.level, lang);
    let heads = [by, answer.duration.as_str(), lang.pick("at risk", "在险人数"), &without, &ends];
    let mut table = Table::new(lang.pick("Numbers at risk and the share still without it", "在险人数与未发生比例"), &heads);
    for (name, curve) in curves(answer, lang) {
        for time in &answer.times {
            let at_risk = count(curve.at_risk(*time));
            let [value, ends] = curve.at(*time, answer.level).map_or_else(|| ["–".into(), "–".into()], |left| cells(&left, Unit::Share));
            table.row([name.clone(), plain(*time), at_risk, value, ends]);
        }
    }
    table
}

pub(super) fn hazards(answer: &SurvivalAnswer, model: &Model, lang: Lang) -> Table {
    let ends = interval_head(answer.level, lang);
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
