//! The whole picture of vendors, weighed.

use qoe_query::poc::check::CheckAnswer;
use qoe_query::poc::scorecard::{DEFAULT_PROFILE, Gathered, Known, Scorecard, VendorScore};
use qoe_query::statistics::weighing::{Doubt, Standing, Tipping};
use serde_json::json;

use super::numbers::{Unit, cells, count, interval, number, plain};
use super::{Live, Section, Table, poc_check};
use crate::plot::{Chart, Drawn};
use crate::view::Lang;
use crate::wire::poc_scorecard::live;

const TWO: Unit = Unit::Plain(2);

/// A dimension in words.
pub fn dimension(name: &str, lang: Lang) -> String {
    let (en, zh) = match name {
        "quality" => ("quality", "质量"),
        "satisfaction" => ("satisfaction", "满意度"),
        "features" => ("features", "功能覆盖"),
        "integration" => ("integration", "接入难度"),
        "support" => ("support", "技术支持"),
        "releases" => ("releases", "版本发布"),
        "security" => ("security and compliance", "安全与合规"),
        "localisation" => ("localisation overseas", "海外本地化"),
        "price" => ("price", "价格"),
        other => (other, other),
    };
    lang.pick(en, zh).to_owned()
}

/// An item in words; one of the buyer's own stands as it is written.
fn item(name: &str, lang: Lang) -> String {
    let (en, zh) = match name {
        "message_encryption" => ("message encryption", "消息加密"),
        "access_control" => ("access control", "访问控制"),
        "audit_log" => ("audit log", "审计日志"),
        "first_call_h" => ("hours to the first call", "首次通话用时（小时）"),
        "defects" => ("defects met on the way", "接入缺陷数"),
        "documentation" => ("documentation, graded", "文档评分"),
        "first_response_h" => ("first response, h", "首次响应（小时）"),
        "resolution_h" => ("resolution, h", "解决用时（小时）"),
        "days_a_release" => ("days a release", "发布间隔（天）"),
        "breaking_changes" => ("breaking changes", "不兼容变更"),
        "per_1000_minutes" => ("price of 1,000 minutes", "每千分钟价格"),
        "corrected" => ("corrected for silence", "校正未作答后"),
        other => (other, other),
    };
    lang.pick(en, zh).to_owned()
}

/// The same, of an invalid run without a winner.
pub fn held_to(card: &Scorecard, gathered: &Gathered, checked: Option<&CheckAnswer>, lang: Lang) -> Section {
    let mut section = whole(card, gathered, lang);
    if let Some(checked) = checked {
        if let Some(nothing) = poc_check::nothing_decided(checked, lang) {
            // Nor can weights be moved until somebody leads.
            section.live = None;
            section.says = std::iter::once(nothing).chain(poc_check::reasons(checked, lang)).collect();
        }
        section.warnings.extend(poc_check::doubts(checked, lang));
    }
    section
}

/// The scorecard as people read it, with what was left out of it.
fn whole(card: &Scorecard, gathered: &Gathered, lang: Lang) -> Section {
    let mut section = scorecard(card, lang);
    let mut warn = |en: String, zh: String| section.warnings.push(lang.pick(en, zh));
    for metric in &gathered.quality.unbounded {
        warn(
            format!("{metric}: the profile does not say what is best and what is worst, so it is in no score."),
            format!("{metric}：模板未给出最好与最差的界限，因此不计分。"),
        );
    }
    for metric in &gathered.quality.unscored {
        warn(
            format!("{metric} is a comparison of two vendors and no figure of one, so it is in no score."),
            format!("{metric} 只用于两家之间的比较，没有单家数值，因此不计分。"),
        );
    }
    for (arm, metric, error) in &gathered.quality.failed {
        warn(format!("{metric} of {arm} is missing: {error}."), format!("{arm} 的 {metric} 缺失：{error}。"));
    }
    if let Some(why) = &gathered.unsatisfied {
        warn(format!("Satisfaction is missing: {why}."), format!("满意度缺失：{why}。"));
    }
    section
}

/// The scorecard as people read it.
pub fn scorecard(card: &Scorecard, lang: Lang) -> Section {
    let mut section = Section::new("scorecard", lang.pick("The whole picture, weighed", "综合评分卡"));
    section.says.push(standing(card, lang));
    section.says.extend(nearest(card, lang));
    section.says.push(robust(card, lang));
    section.warnings.extend(unproven(card, lang));
    if card.no_price {
        section.warnings.push(
            lang.pick(
                "No price was given, so price has no weight here; the other weights keep their proportions.",
                "未提供价格，因此价格不计权重，其余权重按比例不变。",
            )
            .to_owned(),
        );
    }
    section.tables.push(totals(card, lang));
    section.tables.extend(scores(card, lang).in_blocks(1, 5));
    section.tables.push(weights(card, lang));
    section.tables.extend(tipping(card, lang));
    section.tables.extend(ranks(card, lang).in_blocks(1, 10));
    section.tables.push(items(card, lang));
    section.charts.extend(chart(card, lang));
    section.method.extend(method(card, lang));
    section.live = Some(Live { script: "scorecard", data: words(card, lang) });
    section
}

fn name(card: &Scorecard, vendor: usize) -> &str {
    &card.vendors[vendor].arm
}

fn standing(card: &Scorecard, lang: Lang) -> String {
    match &card.standing {
        Standing::Winner(winner) => {
            let winner = name(card, *winner);
            lang.pick(
                format!("{winner} wins: it stays ahead of every other with all that is missing against it, by more than chance."),
                format!("{winner} 胜出：即使把所有缺失项都按对其最不利计，仍领先其他各家，且超出偶然范围。"),
            )
        }
        Standing::Unknown => lang
            .pick(
                "No vendor is ahead: too little is known of two of them in anything that has a weight.",
                "无法判断领先者：有权重的维度中，已知信息不足以比较两家。",
            )
            .to_owned(),
        Standing::Open { leader, rivals } => {
            let list = |doubt: Doubt| {
                let found: Vec<&str> = rivals.iter().filter(|(_, why)| *why == doubt).map(|(rival, _)| name(card, *rival)).collect();
                (!found.is_empty()).then(|| found.join(lang.pick(", ", "、")))
            };
            let mut why = Vec::new();
            if let Some(list) = list(Doubt::Chance) {
                why.push(lang.pick(format!("its lead over {list} may be chance"), format!("对 {list} 的领先可能出于偶然")));
            }
            if let Some(list) = list(Doubt::Missing) {
                why.push(lang.pick(format!("what is missing can put {list} ahead"), format!("缺失项可能使 {list} 反超")));
            }
            let (leader, why) = (name(card, *leader), why.join(lang.pick("; ", "；")));
            lang.pick(
                format!("No winner: {leader} is ahead over what is known, but {why}."),
                format!("尚无胜者：按已知部分 {leader} 领先，但{why}。"),
            )
        }
    }
}

/// The smallest change of weights that turns the order.
fn nearest(card: &Scorecard, lang: Lang) -> Option<String> {
    let of = card.tipping.first()?;
    let rival = name(card, of.rival);
    if of.change <= 0.0 {
        return Some(lang.pick(
            format!("Over the dimensions known of both, {rival} is level or ahead already."),
            format!("仅看双方都已知的维度，{rival} 已持平或领先。"),
        ));
    }
    let half = number(of.change / 2.0, Unit::Share);
    let alone = of.alone.map_or_else(String::new, |alone| {
        let what = dimension(card.dimensions[alone.dimension].name, lang);
        let (from, to) = (number(alone.from, Unit::Share), number(alone.to, Unit::Share));
        lang.pick(format!("; by one dimension alone, {what} from {from} to {to}"), format!("；若只改一个维度：{what}由 {from} 变为 {to}"))
    });
    Some(lang.pick(
        format!("{rival} would draw level if {half} of all weight moved: {}{alone}.", moved(card, of, lang)),
        format!("若有 {half} 的权重转移，{rival} 即可追平：{}{alone}。", moved(card, of, lang)),
    ))
}

/// The weights that move, and how far.
fn moved(card: &Scorecard, of: &Tipping, lang: Lang) -> String {
    let changed = card.dimensions.iter().zip(&of.weights).filter(|(dimension, weight)| (*weight - dimension.weight).abs() > 5e-4);
    let told = changed.map(|(own, weight)| {
        format!("{} {} → {}", dimension(own.name, lang), number(own.weight, Unit::Share), number(*weight, Unit::Share))
    });
    told.collect::<Vec<_>>().join(lang.pick(", ", "，"))
}

fn robust(card: &Scorecard, lang: Lang) -> String {
    let mut firsts: Vec<(&str, f64)> = card.vendors.iter().zip(&card.ranks.shares).map(|(of, ranks)| (of.arm.as_str(), ranks[0])).collect();
    firsts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let told: Vec<String> = firsts.iter().map(|(arm, share)| format!("{arm} {}", number(*share, Unit::Share))).collect();
    let (times, list) = (count(u64::from(card.ranks.times)), told.join(lang.pick(", ", "，")));
    lang.pick(
        format!("First place under {times} sets of weights around these, with scores and missing parts drawn too: {list}."),
        format!("在围绕上述权重随机抽取的 {times} 组权重下（评分与缺失项同时抽取），获得第一的比例：{list}。"),
    )
}

fn unproven(card: &Scorecard, lang: Lang) -> Vec<String> {
    let of = |vendor: &VendorScore| {
        let items: Vec<String> =
            vendor.scores.iter().flat_map(|score| &score.items).filter(|of| of.unproven).map(|of| item(&of.item, lang)).collect();
        let list = items.join(lang.pick(", ", "、"));
        (!items.is_empty()).then(|| {
            lang.pick(
                format!("{}: {list} claimed without evidence, which counts as missing.", vendor.arm),
                format!("{}：{list} 仅有声明而无证据，按缺失处理。", vendor.arm),
            )
        })
    };
    card.vendors.iter().filter_map(of).collect()
}

fn totals(card: &Scorecard, lang: Lang) -> Table {
    let heads = lang.pick(
        ["vendor", "total over what is known", "95 % interval", "known, of the weight", "missing at 0", "missing at 1"],
        ["厂商", "已知部分总分", "95 % 区间", "已知权重占比", "缺失按 0 计", "缺失按 1 计"],
    );
    let level = super::numbers::percent(card.draws.level);
    let heads = heads.map(|head| head.replace("95 %", &level));
    let mut table = Table::new(lang.pick("Totals, 0 to 1", "总分（0 到 1）"), &heads.each_ref().map(String::as_str));
    for vendor in &card.vendors {
        let total = &vendor.total;
        let [value, range] = total.known.map_or_else(|| ["–".into(), "–".into()], |of| cells(&of, TWO));
        let bounds = [number(total.known_weight, Unit::Share), number(total.missing_at_0, TWO), number(total.missing_at_1, TWO)];
        table.row([vendor.arm.clone(), value, range].into_iter().chain(bounds));
    }
    table
}

fn scores(card: &Scorecard, lang: Lang) -> Table {
    let first = lang.pick("dimension", "维度");
    let heads: Vec<&str> = std::iter::once(first).chain(card.vendors.iter().map(|of| of.arm.as_str())).collect();
    let mut table = Table::new(lang.pick("Scores by dimension, 0 to 1, with intervals", "各维度评分（0 到 1）及区间"), &heads);
    for (at, own) in card.dimensions.iter().enumerate() {
        let cell = |vendor: &VendorScore| {
            let scored = vendor.scores[at].scored;
            let Some(of) = scored.value else { return lang.pick("missing", "缺失").to_owned() };
            let range = if of.low < of.high { format!(" ({})", interval(of.low, of.high, TWO)) } else { String::new() };
            let gone = number(scored.missing * 100.0, Unit::Plain(0));
            let missing =
                if scored.missing > 0.0 { lang.pick(format!(", {gone} % missing"), format!("，缺失 {gone} %")) } else { String::new() };
            format!("{}{range}{missing}", number(of.value, TWO))
        };
        table.row(std::iter::once(dimension(own.name, lang)).chain(card.vendors.iter().map(cell)));
    }
    table
}

fn weights(card: &Scorecard, lang: Lang) -> Table {
    let heads = lang.pick(["dimension", "weight", "in the profile", "why"], ["维度", "权重", "模板权重", "理由"]);
    let caption = lang.pick(format!("Weights, from the profile “{}”", card.profile.1.en), format!("权重，基于“{}”模板", card.profile.1.zh));
    let mut table = Table::new(caption, &heads).words(3);
    for of in &card.dimensions {
        let why = lang.pick(&of.reason.en, &of.reason.zh).clone();
        table.row([dimension(of.name, lang), number(of.weight, Unit::Share), number(of.profile, Unit::Share), why]);
    }
    table
}

fn tipping(card: &Scorecard, lang: Lang) -> Option<Table> {
    let heads = lang.pick(
        ["rival", "sum of changes", "weights that move", "one dimension alone"],
        ["对手", "权重变化合计", "变化的权重", "仅改一个维度"],
    );
    let mut table = Table::new(lang.pick("How far weights must change for a rival to draw level", "权重改变多少，对手即可追平"), &heads)
        .words(2)
        .words(3);
    for of in &card.tipping {
        let alone = of.alone.map_or_else(
            || "–".to_owned(),
            |alone| {
                format!(
                    "{} {} → {}",
                    dimension(card.dimensions[alone.dimension].name, lang),
                    number(alone.from, Unit::Share),
                    number(alone.to, Unit::Share)
                )
            },
        );
        table.row([name(card, of.rival).to_owned(), number(of.change, Unit::Share), moved(card, of, lang), alone]);
    }
    (!table.rows.is_empty()).then_some(table)
}

fn ranks(card: &Scorecard, lang: Lang) -> Table {
    let first = lang.pick("vendor", "厂商").to_owned();
    let heads: Vec<String> = std::iter::once(first)
        .chain((1..=card.vendors.len()).map(|rank| lang.pick(format!("rank {rank}"), format!("第 {rank} 名"))))
        .collect();
    let mut table =
        Table::new(lang.pick("How often each rank is reached", "各名次出现的比例"), &heads.iter().map(String::as_str).collect::<Vec<_>>());
    for (vendor, shares) in card.vendors.iter().zip(&card.ranks.shares) {
        table.row(std::iter::once(vendor.arm.clone()).chain(shares.iter().map(|share| number(*share, Unit::Share))));
    }
    table
}

fn items(card: &Scorecard, lang: Lang) -> Table {
    let heads = lang.pick(
        ["dimension: item", "vendor", "figure", "scores 1 at", "scores 0 at", "score", "evidence"],
        ["维度：项目", "厂商", "数值", "得 1 分", "得 0 分", "评分", "证据"],
    );
    let mut table = Table::new(lang.pick("What scores are made of", "评分依据"), &heads).words(1).words(6);
    for (at, own) in card.dimensions.iter().enumerate() {
        for vendor in &card.vendors {
            for of in &vendor.scores[at].items {
                let what = format!("{}{}{}", dimension(own.name, lang), lang.pick(": ", "："), item(&of.item, lang));
                let cells = match &of.known {
                    Some(known) => shown(known),
                    None => {
                        let missing = if of.unproven {
                            lang.pick("missing: no evidence", "缺失：无证据")
                        } else {
                            lang.pick("missing", "缺失")
                        };
                        [missing.to_owned(), "–".to_owned(), "–".to_owned(), "–".to_owned(), "–".to_owned()]
                    }
                };
                table.row([what, vendor.arm.clone()].into_iter().chain(cells));
            }
        }
    }
    table
}

fn shown(known: &Known) -> [String; 5] {
    let (figure, score) = (&known.figure, &known.score);
    let short = |value: f64| if value.is_finite() { plain((value * 1e4).round() / 1e4) } else { "?".to_owned() };
    let value = if figure.low < figure.high {
        format!("{} ({} – {})", short(figure.value), short(figure.low), short(figure.high))
    } else {
        short(figure.value)
    };
    let evidence = known.evidence.clone().filter(|text| !text.trim().is_empty()).unwrap_or_else(|| "–".to_owned());
    [value, plain(known.bounds.0), plain(known.bounds.1), number(score.value, TWO), evidence]
}

fn chart(card: &Scorecard, lang: Lang) -> Option<Chart> {
    let rows: Vec<_> = card.vendors.iter().filter_map(|of| Some((of.arm.clone(), of.total.known.as_ref()?.into()))).collect();
    (!rows.is_empty()).then(|| Chart {
        caption: lang.pick("Totals over what is known, with intervals", "已知部分的总分及区间").to_owned(),
        drawn: Drawn::Forest {
            axis: lang.pick("total, 0 to 1", "总分（0 到 1）").to_owned(),
            share: false,
            nothing: None,
            sides: None,
            rows,
        },
    })
}

fn method(card: &Scorecard, lang: Lang) -> Vec<String> {
    let built_in =
        if card.profile.0 == DEFAULT_PROFILE { lang.pick(" (taken where none is named)", "（未指定时采用）") } else { "" };
    let concentration = plain(card.draws.concentration);
    vec![
        lang.pick(
            format!(
                "Weights are those of the profile {}{built_in} unless stated otherwise; they and the bounds of scores are our choice, and meant to be changed. A figure \
                 scores in proportion between a best and a worst that the profile states, not between vendors, so that another vendor changes nobody's score. Items of a \
                 dimension count alike.",
                card.profile.0
            ),
            format!(
                "权重取自 {} 模板{built_in}，另有说明者除外；权重与评分界限均为我们的选择，可以修改。数值在模板给定的最好与最差界限之间按比例评分，不在厂商之间相对评分，因此增加一家厂商不会改变他人的得分。\
                 同一维度内各项权重相同。",
                card.profile.0
            ),
        ),
        lang.pick(
            "Missing is missing, not zero: totals are over what is known with its weights made whole, and beside it with all missing at 0 and at 1. Intervals of items are put \
             together as if all were at their worst at once, those of dimensions as if independent (MOVER)."
                .to_owned(),
            "缺失不等于零：总分按已知部分的权重归一计算，并同时给出缺失全部按 0 与按 1 的结果。同一维度内各项区间按同时取最不利值合并，维度之间按相互独立合并（MOVER）。".to_owned(),
        ),
        lang.pick(
            format!(
                "Ranks: weights from a Dirichlet distribution around those shown (concentration {concentration}), scores from their intervals, missing parts evenly from 0 to 1. \
                 The smallest change of weights is exact: moving weight is a fractional knapsack, whose greedy solution is that of the linear programme."
            ),
            format!(
                "名次：权重取自以上述权重为中心的 Dirichlet 分布（集中度 {concentration}），评分取自其区间，缺失部分在 0 到 1 之间均匀抽取。最小权重变化为精确解：转移权重是分数背包问题，贪心解即线性规划的解。"
            ),
        ),
    ]
}

/// What the page's script works on.
fn words(card: &Scorecard, lang: Lang) -> serde_json::Value {
    let names: Vec<String> = card.dimensions.iter().map(|of| dimension(of.name, lang)).collect();
    let reasons: Vec<String> = card.dimensions.iter().map(|of| lang.pick(&of.reason.en, &of.reason.zh).clone()).collect();
    let words = match lang {
        Lang::En => json!({
            "totals": "Totals under the weights below", "weights": "Weights: move them and see what changes", "rank": "rank", "vendor": "vendor",
            "total": "total, known", "interval": "interval", "bounds": "missing at 0 – at 1", "dimension": "dimension", "weight": "weight", "share": "share",
            "missing": "missing", "to_profile": "Back to profile", "to_stated": "Back to the weights of this report",
            "nothing": "The weights sum to nothing: raise one of them.", "unknown": "No vendor is ahead: too little is known.",
            "winner": "{} wins, whatever the missing is.", "leader": "No winner: {} is ahead over what is known, but it may be chance or what is missing.",
        }),
        Lang::Zh => json!({
            "totals": "按下列权重计算的总分", "weights": "权重：调整后立即重新计算", "rank": "名次", "vendor": "厂商",
            "total": "总分（已知部分）", "interval": "区间", "bounds": "缺失按 0 – 按 1", "dimension": "维度", "weight": "权重", "share": "占比",
            "missing": "缺失", "to_profile": "恢复模板权重", "to_stated": "恢复本报告的权重",
            "nothing": "权重合计为零：请至少提高一项。", "unknown": "无法判断领先者：已知信息不足。",
            "winner": "{} 胜出，无论缺失项如何。", "leader": "尚无胜者：按已知部分 {} 领先，但可能出于偶然或取决于缺失项。",
        }),
    };
    live(card, &names, &reasons, &words)
}
