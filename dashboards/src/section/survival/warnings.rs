//! What to beware of in curves of survival.

use qoe_query::retention::{Model, ModelError, SurvivalAnswer, SurvivalGroups};
use qoe_query::statistics::survival_by_band::Band;

use super::words::{self, log_rank_why, mean_why, model_why};
use super::{event, unit};
use crate::section::Section;
use crate::section::cohorts::labelled;
use crate::section::numbers::{count, number};
use crate::view::Lang;

pub(super) fn warnings(answer: &SurvivalAnswer, lang: Lang, section: &mut Section) {
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
    if answer.baseline.is_none() && (answer.groups.is_some() || answer.model.is_some()) {
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

fn model_warnings(answer: &SurvivalAnswer, model: &Result<Model, ModelError>, lang: Lang, section: &mut Section) {
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
    // One column of many departs by chance: the test of all of them decides, and names those that stand out among so many.
    if let Some(test) = model.cox.proportionality.as_ref().filter(|test| test.p_value < alpha) {
        let stands_out = |p: f64| p * (test.columns.len() as f64) < alpha;
        let columns: Vec<&str> =
            test.columns.iter().filter(|column| stands_out(column.p_value)).map(|column| column.column.as_str()).collect();
        let p = words::p(test.p_value);
        let (which, zh_which) =
            if columns.is_empty() { ("all together".to_owned(), "整体".to_owned()) } else { (columns.join(", "), columns.join("、")) };
        warn(
            format!("Hazard ratios change as time goes by ({which}; all together {p}): read each as an average over time."),
            format!("风险比随时间变化（{zh_which}；整体 {p}）：请将其理解为时间上的平均。"),
        );
    }
}
