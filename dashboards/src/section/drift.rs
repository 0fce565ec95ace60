//! What changed with time.

use chrono::NaiveDate;
use qoe_query::satisfaction::DriftAnswer;
use qoe_query::satisfaction::drift::{Cadence, Change, NoChange, Series, Shift, Wave};
use qoe_query::statistics::Estimate;
use qoe_query::statistics::change_points::{ChangePointError, MAX_PERIODS, MIN_PERIODS};
use qoe_query::statistics::drift::Coincidence;
use qoe_query::statistics::scale::Kind;

use super::curve::measure_unit;
use super::names::{column_word, column_words};
use super::numbers::{Unit, count, interval, number, p_value};
use super::score::unit;
use super::words::level_head;
use super::{Section, Table};
use crate::plot::{Chart, Drawn};
use crate::view::Lang;

/// From which share of all days on a coincidence with a release says next to nothing: our choice.
const BY_CHANCE: f64 = 0.5;

/// The answer as people read it.
pub fn drift(answer: &DriftAnswer, lang: Lang) -> Section {
    let mut section = Section::new("drift", lang.pick("What changed with time", "随时间的变化"));
    section.warnings.extend(stale(answer, lang));
    match &answer.change {
        Ok(change) => changed(answer, change, lang, &mut section),
        Err(why) => section.warnings.push(unchanged(*why, lang)),
    }
    levels(answer, lang, &mut section);
    warnings(answer, lang, &mut section);
    section.tables.push(wave_table(answer, lang));
    if let Ok(change) = &answer.change {
        section.tables.push(change_table(answer, change, lang));
    }
    section.tables.push(series_table(answer, lang));
    section.charts.extend(answer.series.iter().enumerate().filter_map(|(at, series)| chart(answer, series, series_unit(answer, at), lang)));
    method(answer, lang, &mut section);
    section
}

/// That what is concluded is too old to stand.
pub fn stale(answer: &DriftAnswer, lang: Lang) -> Option<String> {
    answer.stale.then(|| {
        lang.pick(
            format!(
                "Stale: the latest answer is of {}, {} days ago; what is concluded here should be asked again (limit {} days).",
                answer.latest, answer.age_days, answer.stale_after_days
            ),
            format!(
                "结论已过期：最近一次回答在 {}，距今 {} 天，应重新调查（期限 {} 天）。",
                answer.latest, answer.age_days, answer.stale_after_days
            ),
        )
    })
}

fn kind_name(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::Csat => "CSAT",
        Kind::Nps => "NPS",
        Kind::Ces => "CES",
        Kind::Acr => lang.pick("MOS of opinion", "主观 MOS"),
        Kind::Thumbs => lang.pick("the share of thumbs up", "点赞比例"),
    }
}

/// A difference with its interval: of shares in percentage points.
fn difference(of: &Estimate, unit: Unit, lang: Lang) -> String {
    let (times, decimals, name) = match unit {
        Unit::Share => (100.0, Unit::Plain(1), lang.pick(" pp", " 个百分点")),
        Unit::Plain(_) => (1.0, unit, ""),
    };
    let range = interval(of.low * times, of.high * times, decimals);
    let value = number(of.value * times, decimals);
    lang.pick(format!("{value}{name} ({range})"), format!("{value}{name}（{range}）"))
}

fn sure(of: &Estimate) -> bool {
    of.excludes(0.0)
}

fn changed(answer: &DriftAnswer, change: &Change, lang: Lang, section: &mut Section) {
    let (kind, unit) = (kind_name(answer.instrument.kind(), lang), unit(answer.instrument.kind()));
    let score = |wave: &Wave| wave.score.map_or_else(|| "–".to_owned(), |score| number(score, unit));
    let (this, last, by) = (score(&answer.this), score(&answer.last), difference(&change.total, unit, lang));
    let (n, m, days) = (count(answer.this.people), count(answer.last.people), answer.wave_days);
    let up = change.total.value > 0.0;
    section.says.push(if sure(&change.total) {
        let (en, zh) = if up { ("rose", "上升") } else { ("fell", "下降") };
        lang.pick(
            format!("{kind} {en} by {by}: {this} in the {days} days up to {} (n {n}), {last} in the {days} days before (n {m}).", answer.this.to),
            format!("{kind} {zh} {by}：截至 {} 的 {days} 天为 {this}（n {n}），此前 {days} 天为 {last}（n {m}）。", answer.this.to),
        )
    } else {
        lang.pick(
            format!("Inconclusive: {kind} is {this} in the {days} days up to {} (n {n}) and was {last} in the {days} days before (n {m}); the change of {by} may be none.", answer.this.to),
            format!("尚无定论：截至 {} 的 {days} 天 {kind} 为 {this}（n {n}），此前 {days} 天为 {last}（n {m}）；变化 {by}，可能并无变化。", answer.this.to),
        )
    });
    let Some(parts) = &change.parts else { return };
    match &parts.same_people {
        Some(same) => {
            let by = difference(same, unit, lang);
            let both = count(parts.both);
            section.says.push(match sure(same) {
                true => lang.pick(
                    format!("The {both} people who answered both times changed by {by}."),
                    format!("两轮都作答的 {both} 位用户变化 {by}。"),
                ),
                false => lang.pick(
                    format!("The {both} people who answered both times changed by {by}, which may be none."),
                    format!("两轮都作答的 {both} 位用户变化 {by}，可能并无变化。"),
                ),
            });
        }
        None => section.warnings.push(lang.pick(
            format!("{} people answered both times, too few or all with the same change: whether people changed their minds cannot be told from who answered.", count(parts.both)),
            format!("两轮都作答的用户有 {} 位，人数太少或变化完全一致：无法区分是评价变了还是作答的人变了。", count(parts.both)),
        )),
    }
    if let Some(other) = &parts.who_answered {
        let by = difference(other, unit, lang);
        section.says.push(match sure(other) {
            true => lang.pick(format!("That other people answered accounts for {by}."), format!("作答人群不同带来的差异为 {by}。")),
            false => lang.pick(
                format!("That other people answered accounts for {by}, which may be none."),
                format!("作答人群不同带来的差异为 {by}，可能没有影响。"),
            ),
        });
    }
}

fn unchanged(why: NoChange, lang: Lang) -> String {
    let (NoChange::TooFew { last, this } | NoChange::Alike { last, this }) = why;
    let (last, this) = (count(last), count(this));
    match why {
        NoChange::TooFew { .. } => lang.pick(
            format!("The waves cannot be compared: answered by {this} in this one and by {last} in the one before; each needs at least 2 people."),
            format!("两轮无法比较：本轮 {this} 人作答，上一轮 {last} 人；每轮至少需要 2 人。"),
        ),
        NoChange::Alike { .. } => lang.pick(
            format!("The waves cannot be compared: all answered alike ({this} people in this one, {last} in the one before), so that nothing tells change from noise."),
            format!("两轮无法比较：所有人回答相同（本轮 {this} 人，上一轮 {last} 人），无法区分变化与噪声。"),
        ),
    }
}

fn series_unit(answer: &DriftAnswer, at: usize) -> Unit {
    if at == 0 { unit(answer.instrument.kind()) } else { measure_unit(&answer.series[at].name) }
}

fn levels(answer: &DriftAnswer, lang: Lang, section: &mut Section) {
    let mut flat = Vec::new();
    for (at, series) in answer.series.iter().enumerate() {
        match (&series.found, series.called(answer.level)) {
            (Err(error), _) => section.warnings.push(unsought(&series.name, error, lang)),
            (Ok(_), []) => flat.push(series.name.clone()),
            (Ok(_), shifts) => {
                section.says.extend(shifts.iter().map(|shift| shift_says(answer, (series, series_unit(answer, at)), shift, lang)))
            }
        }
    }
    if !flat.is_empty() {
        section.says.push(lang.pick(
            format!("No change of level is told from noise in {}.", flat.join(", ")),
            format!("{}没有发现可与噪声区分的水平变化。", column_words(&flat, lang)),
        ));
    }
}

/// `2026-11-01 (2026-10-30 – 2026-11-02)`.
fn when(shift: &Shift, lang: Lang) -> String {
    let (from, earliest, latest) = (shift.from, shift.earliest, shift.latest);
    match earliest == latest {
        true => from.to_string(),
        false => lang.pick(format!("{from} ({earliest} – {latest})"), format!("{from}（{earliest} – {latest}）")),
    }
}

fn shift_says(answer: &DriftAnswer, (series, unit): (&Series, Unit), shift: &Shift, lang: Lang) -> String {
    let (name, at) = (column_word(&series.name, lang), when(shift, lang));
    let (before, after) = (number(shift.change.before.value, unit), number(shift.change.after.value, unit));
    let by = difference(&shift.change.difference, unit, lang);
    let (en, zh) = match answer.cadence {
        Cadence::Daily => ("", ""),
        Cadence::Weekly => ("the week of ", "当周"),
    };
    let says = lang.pick(
        format!("{name} has been on another level since {en}{at}: {before} before, {after} after, {by}."),
        format!("{name}自 {at} {zh}起水平改变：之前 {before}，之后 {after}，变化 {by}。"),
    );
    let coincides = shift.coincides.as_ref().map_or_else(String::new, |release| coincides(answer, release, lang));
    format!("{says}{coincides}")
}

fn coincides(answer: &DriftAnswer, release: &Coincidence, lang: Lang) -> String {
    let (named, days) = (&answer.releases[release.release].name, release.offset.abs());
    let (en, zh) = match release.offset {
        offset if offset < 0.0 => (format!("{days} days earlier"), format!("早 {days} 天")),
        offset if offset > 0.0 => (format!("{days} days later"), format!("晚 {days} 天")),
        _ => ("the same day".to_owned(), "同一天".to_owned()),
    };
    let chance = number(release.by_chance, Unit::Share);
    let (little_en, little_zh) =
        if release.by_chance >= BY_CHANCE { (", so that this says little", "，参考价值有限") } else { ("", "") };
    lang.pick(
        format!(
            " It coincides with release {named} ({en}), which is not to say that it was the cause; {chance} of all days lie as near to a release{little_en}."
        ),
        format!("时间上与版本 {named} 的发布吻合（{zh}），但不代表因果；{chance} 的日子都与某次发布同样接近{little_zh}。"),
    )
}

fn unsought(name: &str, error: &ChangePointError, lang: Lang) -> String {
    let why = match error {
        ChangePointError::NotEnough { periods } => lang.pick(
            format!("{periods} periods with observations, and fewer than {MIN_PERIODS} show none"),
            format!("有数据的周期只有 {periods} 个，少于 {MIN_PERIODS} 个时无法判断"),
        ),
        ChangePointError::TooMany { periods } => lang.pick(
            format!("the {periods} periods span too long a time, at most {MAX_PERIODS} are compared; look at less of it"),
            format!("{periods} 个周期的时间跨度过长，最多比较 {MAX_PERIODS} 个；请缩小时间范围"),
        ),
        ChangePointError::AllTheSame { .. } => lang.pick("every period has the same mean".to_owned(), "每个周期的均值都相同".to_owned()),
        ChangePointError::NoNoise { .. } => lang.pick(
            "all periods lie exactly on their levels, so that nothing tells how sure a change is".to_owned(),
            "各周期恰好落在各自水平上，没有噪声，无法判断变化的可靠性".to_owned(),
        ),
        ChangePointError::NotANumber { .. } => error.to_string(),
    };
    let zh = column_word(name, lang);
    lang.pick(format!("A change of level of {name} cannot be sought: {why}."), format!("无法寻找{zh}的水平变化：{why}。"))
}

fn warnings(answer: &DriftAnswer, lang: Lang, section: &mut Section) {
    let (rows, scale) = (&answer.rows, answer.instrument.scale());
    let counted = [
        (
            rows.undated,
            lang.pick("rows have no time between 1900 and 2200 and were left out.", "行没有有效时间（1900–2200 年），未计入。").to_owned(),
        ),
        (rows.future, lang.pick("rows lie in the future; they count all the same.", "行的时间在未来，仍然计入。").to_owned()),
        (
            rows.off_scale,
            lang.pick(
                format!("scores lie outside the scale of {} to {} and were left out.", scale.low, scale.high),
                format!("个评分超出量表 {}–{}，未计入。", scale.low, scale.high),
            ),
        ),
        (rows.other_scale, lang.pick("scores were given on another scale and were left out.", "个评分使用了其他量表，未计入。").to_owned()),
    ];
    let said = counted.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(n)));
    section.warnings.extend(said);
    if !answer.by_person && answer.change.is_ok() {
        section.warnings.push(lang.pick(
            "It is not known who answered: whether the same people changed their minds or other people answered cannot be told.".to_owned(),
            "不知道作答者是谁：无法区分是同一批人改变了评价，还是作答的人变了。".to_owned(),
        ));
    }
}

fn wave_table(answer: &DriftAnswer, lang: Lang) -> Table {
    let unit = unit(answer.instrument.kind());
    let heads = lang.pick(["wave", "from", "to", "answers", "people", "score"], ["轮次", "起", "止", "回答数", "人数", "得分"]);
    let mut table = Table::new(lang.pick("Waves", "调查轮次"), &heads);
    for (name, wave) in [(lang.pick("before", "上一轮"), &answer.last), (lang.pick("this", "本轮"), &answer.this)] {
        let people = if answer.by_person { count(wave.people) } else { "–".to_owned() };
        let score = wave.score.map_or_else(|| "–".to_owned(), |score| number(score, unit));
        table.row([name.to_owned(), wave.from.to_string(), wave.to.to_string(), count(wave.answers), people, score]);
    }
    table
}

fn change_table(answer: &DriftAnswer, change: &Change, lang: Lang) -> Table {
    let unit = unit(answer.instrument.kind());
    let heads = [lang.pick("change", "变化"), lang.pick("this less before", "本轮减上一轮"), lang.pick("people", "人数"), "p"];
    let mut table = Table::new(
        lang.pick(format!("Change, {}", level_head(answer.level, lang)), format!("变化，{}", level_head(answer.level, lang))),
        &heads,
    );
    let mut row = |name: &str, of: Option<&Estimate>, p: Option<f64>| {
        let shown = of.map_or_else(|| "–".to_owned(), |of| difference(of, unit, lang));
        let n = of.map_or_else(|| "–".to_owned(), |of| count(of.n));
        table.row([name.to_owned(), shown, n, p.map_or_else(|| "–".to_owned(), p_value)]);
    };
    row(lang.pick("everyone", "全部"), Some(&change.total), None);
    if let Some(parts) = &change.parts {
        row(lang.pick("the same people", "同一批用户"), parts.same_people.as_ref(), None);
        if let Some(switched) = &change.switched {
            row(lang.pick("the same people, who switched sides", "同一批用户中改变评价者"), Some(&switched.difference), Some(switched.p));
        }
        row(lang.pick("other people answered", "作答人群不同"), parts.who_answered.as_ref(), None);
        row(lang.pick("of that, who joined", "其中：新加入者"), parts.joined.as_ref(), None);
        row(lang.pick("of that, who left", "其中：离开者"), parts.left.as_ref(), None);
    }
    table
}

fn series_table(answer: &DriftAnswer, lang: Lang) -> Table {
    let heads = lang.pick(
        ["series", "periods", "since (earliest – latest)", "before", "after", "difference", "p", "p of the series (Holm)"],
        ["序列", "周期数", "起始（最早 – 最晚）", "之前", "之后", "变化", "p", "序列 p（Holm）"],
    );
    let mut table = Table::new(lang.pick("Changes of level", "水平变化"), &heads).words(2);
    for (at, series) in answer.series.iter().enumerate() {
        let unit = series_unit(answer, at);
        let none = || "–".to_owned();
        let holm = if series.found.is_ok() { p_value(series.p_holm) } else { none() };
        let periods = count(series.points.len() as u64);
        if series.shifts.is_empty() {
            table.row([series.name.clone(), periods, none(), none(), none(), none(), none(), holm]);
            continue;
        }
        for shift in &series.shifts {
            let change = &shift.change;
            table.row([
                series.name.clone(),
                periods.clone(),
                when(shift, lang),
                number(change.before.value, unit),
                number(change.after.value, unit),
                difference(&change.difference, unit, lang),
                p_value(change.p),
                holm.clone(),
            ]);
        }
    }
    table
}

/// Days before the latest one: negative.
fn days(day: NaiveDate, answer: &DriftAnswer) -> f64 {
    (day - answer.this.to).num_days() as f64
}

fn chart(answer: &DriftAnswer, series: &Series, unit: Unit, lang: Lang) -> Option<Chart> {
    let points: Vec<_> =
        series.points.iter().filter_map(|point| Some((days(point.from, answer), point.estimate.as_ref()?.into()))).collect();
    let (Some(from), Some(to)) = (points.first().map(|point: &(f64, _)| point.0), points.last().map(|point| point.0)) else {
        return None;
    };
    let shifts =
        series.called(answer.level).iter().map(|shift| (days(shift.from, answer), lang.pick("another level", "水平改变").to_owned()));
    let released =
        answer.releases.iter().map(|release| (days(release.at.with_timezone(&answer.zone).date_naive(), answer), release.name.clone()));
    let marks = shifts.chain(released).filter(|(at, _)| (from..=to).contains(at)).collect();
    let per = match answer.cadence {
        Cadence::Daily => lang.pick("day", "日"),
        Cadence::Weekly => lang.pick("week", "周"),
    };
    let word = column_word(&series.name, lang);
    let name = if unit == Unit::Share { format!("{word}, %") } else { word.clone() };
    Some(Chart {
        caption: lang.pick(
            format!("{word} by {per}, with intervals, changes of level and releases"),
            format!("{word}按{per}的变化：区间、水平变化与版本发布"),
        ),
        drawn: Drawn::Lines {
            x: lang.pick(format!("days from {}", answer.this.to), format!("距 {} 的天数", answer.this.to)),
            y: name.clone(),
            steps: false,
            lines: vec![(name, points)],
            marks,
        },
    })
}

fn method(answer: &DriftAnswer, lang: Lang, section: &mut Section) {
    let zone = answer.zone.name();
    let kind = answer.instrument.kind();
    let (en, zh) = match (answer.by_person, kind) {
        (true, _) => (
            "means over people, the same people paired (Student); of those who switched sides McNemar's exact p",
            "按用户取均值，同一用户配对（Student）；改变评价者用 McNemar 精确检验",
        ),
        (false, Kind::Csat | Kind::Thumbs) => {
            ("difference of shares (Newcombe), answers independent", "比例之差（Newcombe），假定各回答独立")
        }
        (false, Kind::Nps) => {
            ("difference of net promoter scores (adjusted Wald), answers independent", "NPS 之差（校正 Wald），假定各回答独立")
        }
        (false, Kind::Ces | Kind::Acr) => ("difference of means (Welch), answers independent", "均值之差（Welch），假定各回答独立"),
    };
    section.method.push(lang.pick(
        format!("Waves: {} days each in {zone}, up to the latest answer; {en}.", answer.wave_days),
        format!("调查轮次：按 {zone} 时区每轮 {} 天，截至最近一次回答；{zh}。", answer.wave_days),
    ));
    let percent = number((1.0 - answer.level.level()) * 100.0, Unit::Plain(0));
    let per = match answer.cadence {
        Cadence::Daily => lang.pick("days", "日"),
        Cadence::Weekly => lang.pick("weeks", "周"),
    };
    section.method.push(lang.pick(
        format!("Levels: means by {per}, circular binary segmentation; a change is named when noise alone, as correlated as the series, shows as much at most {percent} % of the time in any of all {} series (Holm). A trend or a season of the week is no change of level. Each person counts once in a period, with the mean of its rows, where it is known who they are of. A release coincides within {} days.", answer.series.len(), answer.cadence.window_days()),
        format!("水平变化：按{per}取均值，循环二分分割；仅当同等自相关的噪声在全部 {} 个序列中出现同样变化的概率不超过 {percent} %（Holm）时才报告。趋势或按周的周期性不算水平变化。知道用户时，每位用户在一个周期内只计一次（取其各行均值）。与发布相距 {} 天以内视为吻合。", answer.series.len(), answer.cadence.window_days()),
    ));
    if !answer.sparse.is_empty() {
        section.method.push(lang.pick(
            format!("Measured in less than a fifth of the rows and left out: {}.", answer.sparse.join(", ")),
            format!("在不足五分之一的记录中有测量值、未纳入：{}。", answer.sparse.join("、")),
        ));
    }
}
