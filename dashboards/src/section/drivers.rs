//! What moves satisfaction.

use qoe_query::satisfaction::DriversAnswer;
use qoe_query::statistics::drivers::{Driver, Findings, Penalised, Tendency};

use super::curve::measure_unit;
use super::numbers::{Unit, count, interval, interval_head, number, p_value, percent};
use super::{Section, Table};
use crate::plot::{Chart, Drawn};
use crate::view::Lang;

/// From which inflation of its variance on a measure is hardly told apart from others: customary.
const INFLATED: f64 = 5.0;

/// The answer as people read it.
pub fn drivers(answer: &DriversAnswer, lang: Lang) -> Section {
    let mut section = Section::new("drivers", lang.pick("What goes with satisfaction", "哪些指标与满意度相关"));
    match &answer.drivers.findings {
        Findings::Estimated(found) => estimated(answer, found, lang, &mut section),
        Findings::Penalised { why, tendencies, .. } => {
            section.warnings.push(drawn(why, lang));
            section.tables.push(tendency_table(tendencies, lang));
        }
    }
    let equal =
        if answer.confounders.is_empty() { lang.pick("nothing else", "无其他变量").to_owned() } else { answer.confounders.join(", ") };
    section.method.push(lang.pick(
        format!(
            "One proportional-odds model of {} answers of {} people; the measures and {equal} are held equal to one another. Intervals by sandwich over people; Holm's p allows for asking of all measures. An association, not an effect: what was not measured is not held equal.",
            count(answer.drivers.answers),
            count(answer.drivers.users)
        ),
        format!(
            "一个比例优势模型，{} 份回答，{} 位用户；各指标与 {equal} 相互控制。区间按用户稳健估计；Holm 校正考虑了同时检验多个指标。这是相关而非因果：未测量的因素没有得到控制。",
            count(answer.drivers.answers),
            count(answer.drivers.users)
        ),
    ));
    if !answer.sparse.is_empty() {
        section.method.push(lang.pick(
            format!("Measured in less than a fifth of the answers and left out: {}.", answer.sparse.join(", ")),
            format!("在不足五分之一的回答中有测量值、未纳入：{}。", answer.sparse.join("、")),
        ));
    }
    section
}

fn estimated(answer: &DriversAnswer, found: &[Driver], lang: Lang, section: &mut Section) {
    let share = answer.drivers.levels == [0.0, 1.0];
    let clear: Vec<&Driver> = found.iter().filter(|driver| driver.p_holm < 0.05).collect();
    for driver in clear.iter().take(3) {
        section.says.push(says(answer, driver, share, lang));
    }
    if clear.is_empty() {
        section.says.push(lang.pick(
            format!("Inconclusive: with {} answers no measure is told apart from no association.", count(answer.drivers.answers)),
            format!("尚无定论：{} 份回答不足以确认任何指标与满意度相关。", count(answer.drivers.answers)),
        ));
    }
    for driver in
        found.iter().filter(|driver| driver.inflation.is_some_and(|factor| factor >= INFLATED) && !driver.collinear_with.is_empty())
    {
        section.warnings.push(lang.pick(
            format!(
                "{} is hardly told apart from {} (variance inflated {:.1} times).",
                driver.measure,
                driver.collinear_with.join(", "),
                driver.inflation.unwrap_or(1.0)
            ),
            format!(
                "{} 与 {} 难以区分（方差膨胀 {:.1} 倍）。",
                driver.measure,
                driver.collinear_with.join("、"),
                driver.inflation.unwrap_or(1.0)
            ),
        ));
    }
    section.tables.push(table(answer, found, share, lang));
    section.charts.push(Chart {
        caption: lang.pick(
            format!(
                "Log-odds of a higher score for one standard deviation more of each measure, all others equal, with {} intervals",
                percent(answer.level)
            ),
            format!("其他条件相同时，各指标每增加一个标准差，评分更高的对数优势及 {} 区间", percent(answer.level)),
        ),
        drawn: Drawn::Forest {
            axis: lang.pick("log-odds per standard deviation", "每标准差的对数优势").to_owned(),
            share: false,
            nothing: Some(0.0),
            sides: None,
            rows: found.iter().map(|driver| (driver.measure.clone(), (&driver.per_deviation).into())).collect(),
        },
    });
}

/// `+100 ms of rtt_ms`.
fn step(measure: &str, step: f64) -> String {
    match measure_unit(measure) {
        Unit::Share => format!("{:+} pp {measure}", (step * 10_000.0).round() / 100.0),
        Unit::Plain(_) if measure.ends_with("_ms") => format!("{step:+} ms {measure}"),
        Unit::Plain(_) => format!("{:+} {measure}", (step * 1000.0).round() / 1000.0),
    }
}

fn points(driver: &Driver, share: bool) -> (String, String) {
    let unit = if share { Unit::Share } else { Unit::Plain(3) };
    (number(driver.per_step.value, unit), interval(driver.per_step.low, driver.per_step.high, unit))
}

fn says(answer: &DriversAnswer, driver: &Driver, share: bool, lang: Lang) -> String {
    let (value, range) = points(driver, share);
    lang.pick(
        format!("{}: {value} ({range}) in {}, all else equal.", step(&driver.measure, driver.step), answer.outcome),
        format!("{}：{} 变化 {value}（{range}），其他条件相同。", step(&driver.measure, driver.step), answer.outcome),
    )
}

fn table(answer: &DriversAnswer, found: &[Driver], share: bool, lang: Lang) -> Table {
    let interval = interval_head(answer.level, lang);
    let heads = lang.pick(
        ["measure", "one step", "goes with", &interval, "per deviation", "p (Holm)", "inflation", "missing"],
        ["指标", "一步", "对应变化", &interval, "每标准差", "p（Holm）", "方差膨胀", "缺失"],
    );
    let mut table = Table::new("", &heads).words(1);
    for driver in found {
        let (value, range) = points(driver, share);
        table.row([
            driver.measure.clone(),
            step(&driver.measure, driver.step),
            value,
            range,
            number(driver.per_deviation.value, Unit::Plain(3)),
            p_value(driver.p_holm),
            driver.inflation.map_or_else(|| "–".to_owned(), |factor| format!("{factor:.1}")),
            count(driver.missing),
        ]);
    }
    table
}

fn tendency_table(tendencies: &[Tendency], lang: Lang) -> Table {
    let heads = lang.pick(["measure", "one step", "tends to go with"], ["指标", "一步", "倾向于对应"]);
    let mut table = Table::new("", &heads).words(1);
    for tendency in tendencies {
        table.row([tendency.measure.clone(), step(&tendency.measure, tendency.step), number(tendency.per_step, Unit::Plain(3))]);
    }
    table
}

fn drawn(why: &Penalised, lang: Lang) -> String {
    let why = why_penalised(why, lang);
    lang.pick(
        format!("Coefficients are drawn to zero and have no honest interval, only an order and a direction: {why}."),
        format!("系数被收缩，没有可靠的区间，只给出次序与方向：{why}。"),
    )
}

/// Why coefficients are drawn to zero, in words.
pub(crate) fn why_penalised(why: &Penalised, lang: Lang) -> String {
    match why {
        Penalised::Asked => lang.pick("it was asked for", "按要求").to_owned(),
        Penalised::NotFitted(error) => error.to_string(),
        Penalised::TooFewUsers { users, columns } => lang
            .pick(format!("{users} people are too few for {columns} coefficients"), format!("{users} 位用户不足以估计 {columns} 个系数")),
    }
}
