//! Scores of those who answered.

use qoe_query::satisfaction::{ScoreAnswer, ScoreGroup};
use qoe_query::statistics::scale::Kind;

use super::numbers::{Unit, count, figure, interval, interval_head, number, percent};
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

/// What a kind of score says.
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
            format!("{}: {} from {} answers.", meaning(kind, lang), figure(&scored.headline, unit), count(scored.n)),
            format!("{}：{}，共 {} 份回答。", meaning(kind, lang), figure(&scored.headline, unit), count(scored.n)),
        )),
        Err(error) => section.warnings.push(error.to_string()),
    }
    if let Some(rate) = &answer.all.response {
        section.says.push(lang.pick(
            format!("Of those asked, {} answered; what the others felt is not in these scores.", figure(&rate.answered, Unit::Share)),
            format!("受邀者中 {} 作答；未作答者的感受不在这些分数之内。", figure(&rate.answered, Unit::Share)),
        ));
    }
    warnings(answer, lang, &mut section);
    section.tables.push(groups(answer, lang, unit));
    section.charts.extend(chart(answer, lang));
    if let Ok(scored) = &answer.all.scored {
        section.method.push(lang.pick(
            format!("Interval: {}; answers all weigh the same unless weights were given.", scored.method.name()),
            format!("区间方法：{}；未给权重时每份回答权重相同。", scored.method.name()),
        ));
    }
    section
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
    if answer.other_scale > 0 {
        section.warnings.push(lang.pick(
            format!("{} answers were given on another scale and were left out.", count(answer.other_scale)),
            format!("{} 份回答使用了其他量表，未计入。", count(answer.other_scale)),
        ));
    }
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
    let by = if answer.by.is_empty() { lang.pick("group", "分组").to_owned() } else { answer.by.join(" · ") };
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
            let headline = &scored.headline;
            [name, number(headline.value, unit), interval(headline.low, headline.high, unit), count(scored.n), rate]
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
            format!("按 {} 的得分与 {} 区间", answer.by.join("、"), percent(answer.level)),
        ),
        drawn: Drawn::Forest { axis: meaning(kind, lang).to_owned(), share: unit(kind) == Unit::Share, nothing: None, sides: None, rows },
    })
}
