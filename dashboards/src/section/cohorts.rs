//! Who came back.

use qoe_query::retention::{CohortBy, CohortRow, CohortsAnswer, DayClock, Split, SplitCurves, SplitGroup};
use qoe_query::statistics::retention::Cell;
use qoe_query::statistics::{Estimate, Return};

use super::numbers::{Unit, cells, count, figure_in, percent, points, signed};
use super::{Section, Table};
use crate::plot::{Chart, Drawn, Figure};
use crate::view::Lang;

/// Cohorts that are shown, the latest; JSON has all.
const COHORTS: usize = 60;
/// Lines of groups in one chart, the first of them; tables have all.
pub(super) const LINES: usize = 8;

/// The answer as people read it.
pub fn cohorts(answer: &CohortsAnswer, lang: Lang) -> Section {
    let mut section = Section::new("cohorts", lang.pick("Who came back", "用户留存"));
    section.says.extend(answer.curve.iter().filter_map(|cell| sentence(cell, lang)));
    section.says.extend(answer.split.iter().flat_map(|split| compared(answer, split, lang)));
    warnings(answer, lang, &mut section);
    section.tables.push(overall(answer, lang));
    section.tables.extend(answer.split.as_ref().map(|split| groups(answer, split, lang)));
    section.tables.push(grid(answer, lang));
    section.charts.extend(lines(answer, lang));
    section.charts.push(drawn_grid(answer, lang));
    method(answer, lang, &mut section);
    section
}

/// What counted, as the head of a column.
pub fn day(day: &Return, lang: Lang) -> String {
    match day {
        Return::On(day) => lang.pick(format!("day {day}"), numbered(*day)),
        Return::OnOrAfter(day) => lang.pick(format!("day {day} or later"), format!("{}及以后", numbered(*day))),
        Return::Within(days) => {
            let (from, to) = (days.start(), days.end());
            lang.pick(format!("days {from} to {to}"), format!("第 {from}–{to} 日内"))
        }
    }
}

fn numbered(day: u32) -> String {
    if day == 1 { "次日".to_owned() } else { format!("第 {day} 日") }
}

fn sentence(cell: &Cell, lang: Lang) -> Option<String> {
    let share = cell.share.as_ref()?;
    let (figure, n, name) = (figure_in(share, Unit::Share, lang), count(share.n), day(&cell.day, lang));
    Some(match &cell.day {
        Return::On(at) => lang.pick(
            format!("Of {n} newcomers whose day {at} was observed, {figure} were there on it."),
            format!("{name}留存率为 {figure}，依据已观察满该日的 {n} 名新用户。"),
        ),
        Return::OnOrAfter(at) => lang.pick(
            format!("Of {n} newcomers whose day {at} was observed, {figure} were there on it or later."),
            format!("{name}回访的比例为 {figure}，依据已观察满该日的 {n} 名新用户。"),
        ),
        Return::Within(_) => lang.pick(
            format!("Of {n} newcomers whose {name} were observed, {figure} were there on one of them."),
            format!("{name}回访的比例为 {figure}，依据已观察满这些日子的 {n} 名新用户。"),
        ),
    })
}

/// A group's name as it is read.
pub(super) fn labelled(label: &str, split: &Split, lang: Lang) -> String {
    let unknown = match split {
        Split::By(_) => lang.pick("not stated", "未说明"),
        Split::Band(_) => lang.pick("not measured", "未测得"),
    };
    let name = if label.is_empty() { unknown } else { label };
    match split {
        Split::By(_) => name.to_owned(),
        Split::Band(_) => format!("{} {name}", split.column()),
    }
}

/// For each meaning of return, which groups differ from the largest, and of which it cannot be told.
fn compared(answer: &CohortsAnswer, split: &SplitCurves, lang: Lang) -> Vec<String> {
    let Some((first, others)) = split.groups.split_first() else { return Vec::new() };
    let name = |group: &SplitGroup| labelled(&group.curve.label, &split.split, lang);
    let mut says = Vec::new();
    for (at, meaning) in answer.days.iter().enumerate() {
        let known: Vec<(&SplitGroup, Estimate)> = others.iter().filter_map(|group| Some((group, group.curve.less_first[at]?))).collect();
        let (clear, unclear): (Vec<_>, Vec<_>) = known.into_iter().partition(|(_, less)| less.excludes(0.0));
        let head = day(meaning, lang);
        if !clear.is_empty() {
            let list: Vec<String> =
                clear.iter().map(|(group, less)| format!("{} {} {}", name(group), lang.pick("by", "为"), points(less, lang))).collect();
            says.push(lang.pick(
                format!("On {head}, against {}: {}.", name(first), list.join("; ")),
                format!("{head}与 {} 相比：{}。", name(first), list.join("；")),
            ));
        }
        if !unclear.is_empty() {
            let list: Vec<String> = unclear.iter().map(|(group, _)| name(group)).collect();
            says.push(lang.pick(
                format!("On {head}, whether {} differ from {} is inconclusive.", list.join(", "), name(first)),
                format!("{head}：{} 与 {} 是否有差异，尚无定论。", list.join("、"), name(first)),
            ));
        }
    }
    says
}

fn warnings(answer: &CohortsAnswer, lang: Lang, section: &mut Section) {
    let (first, last) = answer.observed;
    let mut warn = |en: String, zh: String| section.warnings.push(lang.pick(en, zh));
    for cell in answer.curve.iter().filter(|cell| cell.share.is_none()) {
        let name = day(&cell.day, lang);
        warn(format!("Of no newcomer has {name} been observed yet."), format!("尚无新用户观察满{name}，无法给出该项。"));
    }
    if answer.nothing_before {
        warn(
            format!("Nothing is known of the time before {first}: whoever was there earlier passes for new at the first presence since."),
            format!("{first} 之前没有数据：更早就在使用的老用户，会在其后首次出现时被当作新用户。"),
        );
    }
    if answer.end_assumed {
        warn(
            format!(
                "The data are taken to reach to the end of {last}; if they end within it, returns are missing: state their end with --until."
            ),
            format!("假定数据覆盖到 {last} 当天结束；若实际提前截止，会漏计回访，请用 --until 指明截止时刻。"),
        );
    }
    if answer.days.iter().any(|day| matches!(day, Return::OnOrAfter(_))) {
        warn(
            "Coming back \"or later\" grows with time: older cohorts had more of it. To compare cohorts take a range of days.".to_owned(),
            "“及以后”的口径随观察时间增长：较早的批次有更多时间回访，比较批次请用区间口径（bracket）。".to_owned(),
        );
    }
    let counted = [
        (answer.without_first, "Users without a first time, left out", "名用户没有首次时间，未计入"),
        (
            answer.before_first,
            "Users who were there before the first time given for them, left out",
            "名用户在其首次时间之前已有活动，未计入",
        ),
        (answer.unplaced, "Rows that do not say who was there or when, left out", "条记录缺少用户或时间，未计入"),
    ];
    for (n, en, zh) in counted.into_iter().filter(|(n, ..)| *n > 0) {
        warn(format!("{en}: {}.", count(n)), format!("{} {zh}。", count(n)));
    }
    let Some(split) = &answer.split else { return };
    if split.left_out > 0 {
        let n = count(split.left_out);
        warn(format!("Smaller groups that are not shown: {n}."), format!("另有 {n} 个较小的分组未列出。"));
    }
    warn(
        "Nobody was assigned to these groups: a difference is an association and may have other causes.".to_owned(),
        "分组并非随机分配：差异只是关联，可能另有原因。".to_owned(),
    );
}

fn interval_head(answer: &CohortsAnswer, lang: Lang) -> String {
    format!("{} {}", percent(answer.level), lang.pick("interval", "区间"))
}

fn overall(answer: &CohortsAnswer, lang: Lang) -> Table {
    let ends = interval_head(answer, lang);
    let heads = [lang.pick("return", "回访"), lang.pick("share", "比例"), &ends, lang.pick("returned", "回访人数"), "n"];
    let mut table = Table::new(lang.pick("All newcomers", "全部新用户"), &heads);
    for cell in &answer.curve {
        let (value, ends) = share_cells(cell.share.as_ref());
        table.row([day(&cell.day, lang), value, ends, count(cell.counts.hits), count(cell.counts.n)]);
    }
    table
}

fn share_cells(share: Option<&Estimate>) -> (String, String) {
    share.map_or_else(dashes, |share| cells(share, Unit::Share).into())
}

fn dashes() -> (String, String) {
    ("–".to_owned(), "–".to_owned())
}

fn groups(answer: &CohortsAnswer, split: &SplitCurves, lang: Lang) -> Table {
    let ends = interval_head(answer, lang);
    let first = split.groups.first().map_or_else(String::new, |group| labelled(&group.curve.label, &split.split, lang));
    let less = lang.pick(format!("percentage points less {first}"), format!("与 {first} 之差（百分点）"));
    let heads = [split.split.column(), lang.pick("return", "回访"), lang.pick("share", "比例"), &ends, "n", &less, &ends];
    let caption = lang.pick(format!("By {}", split.split.column()), format!("按 {} 分组", split.split.column()));
    let mut table = Table::new(caption, &heads).words(1);
    for group in &split.groups {
        for (cell, less) in group.curve.cells.iter().zip(&group.curve.less_first) {
            let (value, ends) = share_cells(cell.share.as_ref());
            let (difference, its_ends) = less.as_ref().map_or_else(dashes, |less| {
                let [value, low, high] = [less.value, less.low, less.high].map(|share| signed(share * 100.0, 1));
                (value, format!("{low} – {high}"))
            });
            let name = labelled(&group.curve.label, &split.split, lang);
            table.row([name, day(&cell.day, lang), value, ends, count(cell.counts.n), difference, its_ends]);
        }
    }
    table
}

fn cohort_name(by: CohortBy, first_day: chrono::NaiveDate) -> String {
    match by {
        CohortBy::Day | CohortBy::Week => first_day.to_string(),
        CohortBy::Month => first_day.format("%Y-%m").to_string(),
    }
}

fn cohort_words(by: CohortBy, lang: Lang) -> &'static str {
    match by {
        CohortBy::Day => lang.pick("Cohorts by first day", "按首日分批"),
        CohortBy::Week => lang.pick("Cohorts by week of the first day (its Monday)", "按首日所在周分批（以周一标示）"),
        CohortBy::Month => lang.pick("Cohorts by month of the first day", "按首日所在月分批"),
    }
}

fn grid(answer: &CohortsAnswer, lang: Lang) -> Table {
    let days: Vec<String> = answer.days.iter().map(|meaning| day(meaning, lang)).collect();
    let heads: Vec<&str> = [lang.pick("cohort", "批次"), "n"].into_iter().chain(days.iter().map(String::as_str)).collect();
    let words = cohort_words(answer.cohort, lang);
    let hidden = answer.cohorts.len().saturating_sub(COHORTS);
    let earlier = match hidden {
        0 => String::new(),
        hidden => lang.pick(
            format!(" {} earlier cohorts are not shown.", count(hidden as u64)),
            format!("另有 {} 个更早的批次未列出。", count(hidden as u64)),
        ),
    };
    let caption = lang.pick(
        format!("{words}. A dash: not yet observed of the whole cohort, which is not 0.{earlier}"),
        format!("{words}。“–”表示该批次尚未全部观察满，不是 0。{earlier}"),
    );
    let mut table = Table::new(caption, &heads);
    for row in &answer.cohorts[hidden..] {
        let cells = row.cells.iter().map(|cell| share_cells(cell.as_ref()).0);
        table.row([cohort_name(answer.cohort, row.first_day), count(row.users)].into_iter().chain(cells));
    }
    table
}

fn drawn_grid(answer: &CohortsAnswer, lang: Lang) -> Chart {
    let hidden = answer.cohorts.len().saturating_sub(COHORTS);
    let row = |row: &CohortRow| {
        let name = format!("{} · {}", cohort_name(answer.cohort, row.first_day), count(row.users));
        (name, row.cells.iter().map(|cell| cell.as_ref().map(|cell| cell.value)).collect())
    };
    Chart {
        caption: lang.pick(
            format!("{}, with their size and the share that came back", cohort_words(answer.cohort, lang)),
            format!("{}：人数与回访比例", cohort_words(answer.cohort, lang)),
        ),
        drawn: Drawn::Grid {
            columns: answer.days.iter().map(|meaning| day(meaning, lang)).collect(),
            rows: answer.cohorts[hidden..].iter().map(row).collect(),
        },
    }
}

fn lines(answer: &CohortsAnswer, lang: Lang) -> Option<Chart> {
    let line = |cells: &[Cell]| -> Vec<(f64, Figure)> {
        let point = |cell: &Cell| match &cell.day {
            Return::On(day) | Return::OnOrAfter(day) => Some((f64::from(*day), cell.share.as_ref()?.into())),
            Return::Within(_) => None,
        };
        cells.iter().filter_map(point).collect()
    };
    let lines: Vec<(String, Vec<(f64, Figure)>)> = match &answer.split {
        Some(split) => {
            let line = |group: &SplitGroup| (labelled(&group.curve.label, &split.split, lang), line(&group.daily));
            split.groups.iter().take(LINES).map(line).collect()
        }
        None => vec![(lang.pick("all", "全部").to_owned(), line(&answer.daily))],
    };
    let lines: Vec<_> = lines.into_iter().filter(|(_, points)| points.len() > 1).collect();
    (!lines.is_empty()).then(|| Chart {
        caption: lang.pick(
            format!("Share that came back, by day since the first, with {} intervals", percent(answer.level)),
            format!("首日后各日的回访比例与 {} 区间", percent(answer.level)),
        ),
        drawn: Drawn::Lines {
            x: lang.pick("days since the first", "距首日天数").to_owned(),
            y: lang.pick("share of newcomers", "新用户比例").to_owned(),
            steps: false,
            lines,
            marks: Vec::new(),
        },
    })
}

/// How times that state no zone were read, where another zone's days are counted.
pub(crate) fn zoneless(zone: &str, lang: Lang) -> String {
    match zone {
        "UTC" => String::new(),
        _ => lang.pick(
            format!(" Times that state no zone were taken as UTC and not as of {zone}."),
            format!("未注明时区的时间按 UTC 而非 {zone} 处理。"),
        ),
    }
}

fn method(answer: &CohortsAnswer, lang: Lang, section: &mut Section) {
    let (first, last) = answer.observed;
    let zone = answer.clock.zone();
    let counted = match (answer.clock, answer.dated) {
        (DayClock::Windows, _) => lang.pick(
            "Days are windows of 24 hours since each user's first presence; cohorts are by days of UTC.".to_owned(),
            "以每名用户首次出现起每 24 小时为一日；批次按 UTC 日期划分。".to_owned(),
        ),
        (DayClock::Calendar(_), true) => lang.pick(
            "Times are dates and were taken as they stand; day 0 is the first.".to_owned(),
            "时间为日期，按原样计日；首日为第 0 日。".to_owned(),
        ),
        (DayClock::Calendar(_), false) => lang.pick(
            format!("Days are those of the calendar of {zone}; day 0 is that of the first presence.{}", zoneless(zone, lang)),
            format!("按 {zone} 的自然日计日；首次出现当日为第 0 日。{}", zoneless(zone, lang)),
        ),
    };
    section.method.push(counted);
    section.method.push(lang.pick(
        format!(
            "Observed: {first} to {last}. Newcomers: {}; users who were there before: {}, left out. A user's day counts once all of it was observed, so later days rest on older cohorts.",
            count(answer.newcomers),
            count(answer.not_new)
        ),
        format!(
            "观察期：{first} 至 {last}。新用户 {} 名；此前已有活动的用户 {} 名，不计入。某日完整观察后才计入，因此靠后的日子只依据较早的批次。",
            count(answer.newcomers),
            count(answer.not_new)
        ),
    ));
    section.method.push(lang.pick(
        format!("Share of newcomers, by users, each independent of the others; {} intervals by Wilson.", percent(answer.level)),
        format!("以用户为单位计算新用户中的比例，假定用户相互独立；{} 区间采用 Wilson 方法。", percent(answer.level)),
    ));
    if let Some(split) = &answer.split {
        let column = split.split.column();
        let told = match split.split {
            Split::By(_) => lang.pick(
                format!("A user's group is the first value of {column} on day 0."),
                format!("用户的分组取其第 0 日首个 {column} 值。"),
            ),
            Split::Band(_) => lang.pick(
                format!("A user's group is the band of the mean of {column} on day 0."),
                format!("用户的分组取其第 0 日 {column} 平均值所在的档位。"),
            ),
        };
        section.method.push(told);
        section.method.push(lang.pick(
            "Differences are against the largest group, by Newcombe's method, not adjusted for how many are compared.".to_owned(),
            "差异均相对最大的分组，区间采用 Newcombe 方法，未做多重比较校正。".to_owned(),
        ));
    }
}
