//! Scores of those who answered.

use qoe_query::satisfaction::{ScoreAnswer, ScoreGroup, ScoresLeftOut};
use qoe_query::statistics::scale::{Instrument, Kind, SATISFIED, Scale};
use qoe_query::statistics::score::Method;

use super::names::{column_word, column_words};
use super::numbers::{Unit, cells, count, counted, figure_in, interval, interval_head, number, percent};
use super::why::why;
use super::{Section, Table};
use crate::plot::{Chart, Drawn};
use crate::view::Lang;

/// In what unit a kind of score is read.
pub fn unit(kind: Kind) -> Unit {
    match kind {
        Kind::Csat | Kind::Thumbs => Unit::Share,
        Kind::Nps => Unit::Plain(1),
        Kind::Ces | Kind::Acr => Unit::Plain(2),
    }
}

/// What a score says: what counts as satisfied depends on the scale.
pub fn meaning_on(instrument: &Instrument, lang: Lang) -> String {
    let (kind, Scale { low, high }) = (instrument.kind(), instrument.scale());
    if kind != Kind::Csat || (low, high) == (1.0, 5.0) {
        return meaning(kind, lang).to_owned();
    }
    let from = low + SATISFIED * (high - low);
    lang.pick(
        format!("CSAT: share of answers of {from} or more on {low} to {high}"),
        format!("CSAT：{low}–{high} 分中不低于 {from} 分的比例"),
    )
}

/// What a kind of score says, asked on its customary scale.
pub fn meaning(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::Csat => lang.pick("CSAT: share of answers in the top two of five", "CSAT：评分为五级中最高两级的比例"),
        Kind::Nps => {
            lang.pick("NPS: promoters (9–10) less detractors (0–6), per hundred", "NPS：推荐者（9–10 分）减去贬损者（0–6 分），每百人")
        }
        Kind::Ces => lang.pick("CES: mean ease", "CES：平均省力度"),
        Kind::Acr => lang.pick("MOS of opinion: mean absolute category rating", "主观 MOS：绝对等级评分的平均值"),
        Kind::Thumbs => lang.pick("share of thumbs up", "点赞比例"),
    }
}

/// The column that says what an answer is about.
const DIMENSION: &str = "dimension";

/// The answer as people read it.
pub fn score(answer: &ScoreAnswer, lang: Lang) -> Section {
    let kind = answer.instrument.kind();
    let unit = unit(kind);
    let mut section = Section::new("scores", lang.pick("What people said", "用户评价"));
    match &answer.all.scored {
        Ok(scored) => section.says.push(lang.pick(
            format!(
                "{}: {} from {}.",
                meaning_on(&answer.instrument, lang),
                figure_in(&scored.headline, unit, lang),
                counted(scored.n, "answer", "answers")
            ),
            format!(
                "{}：{}，共 {} 份回答。",
                meaning_on(&answer.instrument, lang),
                figure_in(&scored.headline, unit, lang),
                count(scored.n)
            ),
        )),
        Err(error) => section.warnings.push(why(error, lang)),
    }
    section.says.extend(bootstrapped(answer, lang));
    if let Some(rate) = &answer.all.response {
        section.says.push(lang.pick(
            format!(
                "Of those asked, {} answered; what the others felt is not in these scores.",
                figure_in(&rate.answered, Unit::Share, lang)
            ),
            format!("受邀者中 {} 作答；未作答者的感受不在这些分数之内。", figure_in(&rate.answered, Unit::Share, lang)),
        ));
    }
    warnings(answer, lang, &mut section);
    section.tables.push(groups(answer, lang, unit));
    section.charts.extend(chart(answer, lang));
    if let Ok(scored) = &answer.all.scored {
        section.method.push(lang.pick(
            format!("Interval: {}; answers all weigh the same unless weights were given.", scored.method.name()),
            format!("区间方法：{}；未给权重时每份回答权重相同。", method(scored.method)),
        ));
    }
    section
}

/// The interval by resampling, which an NPS of few answers has beside its own.
fn bootstrapped(answer: &ScoreAnswer, lang: Lang) -> Option<String> {
    let ends = answer.all.scored.as_ref().ok()?.bootstrap.as_ref()?;
    let ends = interval(ends.low, ends.high, unit(answer.instrument.kind()));
    Some(lang.pick(
        format!("So few answers have another interval by resampling (bootstrap): {ends}. Where the two differ, read the wider one."),
        format!("回答较少，自助法（bootstrap）给出的区间为 {ends}；两者不同时请以较宽者为准。"),
    ))
}

/// How an interval was made, in Chinese.
fn method(method: Method) -> &'static str {
    match method {
        Method::Wilson => "Wilson 区间",
        Method::WilsonEffective => "按有效样本量的 Wilson 区间",
        Method::Variance => "方差法",
        Method::Linearised => "线性化方差",
        Method::AdjustedWald => "校正 Wald 区间",
        Method::Student => "t 区间",
        Method::StudentLinearised => "线性化方差的 t 区间",
        Method::Bounded => "以量表两端为界",
    }
}

fn warnings(answer: &ScoreAnswer, lang: Lang, section: &mut Section) {
    let refused = answer.all.scored.as_ref().map_or(0, |scored| scored.refused);
    if refused > 0 {
        let (low, high) = (answer.instrument.scale().low, answer.instrument.scale().high);
        section.warnings.push(lang.pick(
            format!("{} answers lie outside the scale of {low} to {high} and were left out.", count(refused)),
            format!("{} 份回答超出量表 {low}–{high}，未计入。", count(refused)),
        ));
    }
    if answer.by.iter().any(|by| by == DIMENSION) {
        section.warnings.push(lang.pick(
            "The score of all mixes answers about different things; read it by dimension.".to_owned(),
            "“全部”一行混合了针对不同维度的回答，请按维度阅读。".to_owned(),
        ));
    }
    if answer.unweighted > 0 {
        section.warnings.push(lang.pick(
            format!("{} answers have no weight and were left out.", count(answer.unweighted)),
            format!("{} 份回答没有权重，未计入。", count(answer.unweighted)),
        ));
    }
    section.warnings.extend(earlier(answer.earlier, lang));
    if answer.other_scale > 0 {
        section.warnings.push(lang.pick(
            format!("{} answers were given on another scale and were left out.", count(answer.other_scale)),
            format!("{} 份回答使用了其他量表，未计入。", count(answer.other_scale)),
        ));
    }
}

/// That of several answers of one session the last counts, where there were several.
pub(crate) fn earlier(answers: u64, lang: Lang) -> Option<String> {
    let said = || {
        lang.pick(
            format!("Sessions answered more than once: the last answer counts, {} earlier ones were left out.", count(answers)),
            format!("有会话多次作答：以最后一次为准，此前的 {} 份回答未计入。", count(answers)),
        )
    };
    (answers > 0).then(said)
}

/// Scores that no analysis of scores uses.
pub(crate) fn left_out(left: ScoresLeftOut, lang: Lang) -> Vec<String> {
    let off = left.scale.filter(|_| left.off_scale > 0).map(|Scale { low, high }| {
        lang.pick(
            format!("{} scores lie outside the scale of {low} to {high} and were left out.", count(left.off_scale)),
            format!("{} 个评分超出量表 {low}–{high}，未计入。", count(left.off_scale)),
        )
    });
    let other = (left.other_scale > 0).then(|| {
        lang.pick(
            format!("{} scores were given on another scale and were left out.", count(left.other_scale)),
            format!("{} 个评分使用了其他量表，未计入。", count(left.other_scale)),
        )
    });
    off.into_iter().chain(other).collect()
}

/// A group's name: its values, or that it is everyone.
pub fn named(values: &[String], lang: Lang) -> String {
    if values.is_empty() {
        return lang.pick("all", "全部").to_owned();
    }
    let stated = |value: &String| if value.is_empty() { lang.pick("not stated", "未说明").to_owned() } else { value.clone() };
    values.iter().map(stated).collect::<Vec<_>>().join(" · ")
}

fn groups(answer: &ScoreAnswer, lang: Lang, unit: Unit) -> Table {
    let by = if answer.by.is_empty() {
        lang.pick("group", "分组").to_owned()
    } else {
        answer.by.iter().map(|by| column_word(by, lang)).collect::<Vec<_>>().join(" · ")
    };
    let interval = interval_head(answer.level, lang);
    let heads = [by.as_str(), lang.pick("score", "得分"), &interval, "n", lang.pick("answered", "作答率")];
    let mut table = Table::new("", &heads);
    for group in std::iter::once(&answer.all).chain(&answer.groups) {
        table.row(line(group, lang, unit));
    }
    table
}

fn line(group: &ScoreGroup, lang: Lang, unit: Unit) -> [String; 5] {
    let rate = group.response.as_ref().map_or_else(|| "–".to_owned(), |rate| number(rate.answered.value, Unit::Share));
    let name = named(&group.values, lang);
    match &group.scored {
        Ok(scored) => {
            let [value, ends] = cells(&scored.headline, unit);
            [name, value, ends, count(scored.n), rate]
        }
        Err(_) => [name, "–".into(), "–".into(), "0".into(), rate],
    }
}

fn chart(answer: &ScoreAnswer, lang: Lang) -> Option<Chart> {
    let figure = |group: &ScoreGroup| Some((named(&group.values, lang), (&group.scored.as_ref().ok()?.headline).into()));
    let rows: Vec<_> = std::iter::once(&answer.all).chain(&answer.groups).filter_map(figure).collect();
    let kind = answer.instrument.kind();
    (rows.len() > 1).then(|| Chart {
        caption: lang.pick(
            format!("Score by {}, with {} intervals", answer.by.join(", "), percent(answer.level)),
            format!("按{}的得分与 {} 区间", column_words(&answer.by, lang), percent(answer.level)),
        ),
        drawn: Drawn::Forest {
            axis: meaning_on(&answer.instrument, lang),
            share: unit(kind) == Unit::Share,
            nothing: None,
            sides: None,
            rows,
        },
    })
}
