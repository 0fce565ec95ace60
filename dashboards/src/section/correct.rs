//! Scores of everyone asked, corrected for silence.

mod tables;
mod words;

use qoe_query::satisfaction::correct::{CorrectAnswer, CorrectGroup, Correction, GroupOrder, Own};
use qoe_query::satisfaction::margins::Raked;
use qoe_query::statistics::response::Warning;
use qoe_query::statistics::sensitivity::{Band, Direction, MOST, Turn};
use qoe_query::statistics::{Corrected, Estimate};

use super::Section;
use super::numbers::{Unit, count, figure_in, interval, number, percent};
use super::score::{meaning_on, named, unit};
use crate::plot::{Chart, Drawn};
use crate::view::Lang;

/// In which words and unit an answer is told.
#[derive(Clone, Copy)]
struct Telling<'a> {
    answer: &'a CorrectAnswer,
    lang: Lang,
    unit: Unit,
}

/// The answer as people read it.
pub fn correct(answer: &CorrectAnswer, lang: Lang) -> Section {
    let telling = Telling { answer, lang, unit: unit(answer.instrument.kind()) };
    let mut section = Section::new("corrected", lang.pick("What everyone asked would have said", "全体受邀者的满意度（无应答校正）"));
    section.says.push(telling.headline());
    if let Ok(Correction::Own(own)) = &answer.all.corrected {
        section.says.extend([telling.shift(&own.corrected), telling.silent(&own.corrected)]);
        section.says.extend(own.band.as_ref().map(|band| telling.band(band)));
        section.says.extend(telling.target(own));
    }
    section.says.extend(answer.order.as_ref().and_then(|order| telling.order(order)));
    section.says.extend(answer.raked.as_ref().and_then(|raked| telling.raked(raked)));
    section.warnings = telling.warnings();
    section.tables = telling.tables();
    section.charts = telling.charts();
    section.method = telling.method();
    section
}

/// How far silence could shift the score; `None` where there is no such band.
pub fn band(answer: &CorrectAnswer, lang: Lang) -> Option<String> {
    let telling = Telling { answer, lang, unit: unit(answer.instrument.kind()) };
    let Ok(Correction::Own(own)) = &answer.all.corrected else { return None };
    own.band.as_ref().map(|band| telling.band(band))
}

/// That nobody of the kind of some who stayed silent was heard.
pub fn unheard(answer: &CorrectAnswer, lang: Lang) -> Option<String> {
    let telling = Telling { answer, lang, unit: unit(answer.instrument.kind()) };
    let Ok(Correction::Own(own)) = &answer.all.corrected else { return None };
    own.corrected.warnings.iter().find(|warning| matches!(warning, Warning::SilentBeyond { .. })).map(|warning| telling.warning(warning))
}

impl Telling<'_> {
    fn headline(&self) -> String {
        let CorrectGroup { asked, answered, corrected, .. } = &self.answer.all;
        let (n, of, kind) = (count(*answered), count(*asked), meaning_on(&self.answer.instrument, self.lang));
        match corrected {
            Ok(Correction::NobodySilent { raw }) => self.lang.pick(
                format!(
                    "{kind}: {}; all {of} asked answered: nobody was silent, so that there is nothing to correct for.",
                    self.figure(raw)
                ),
                format!("{kind}：{}；受邀的 {of} 人次全部作答：无人沉默，无需校正。", self.figure(raw)),
            ),
            Ok(corrected) => {
                let (score, raw) = (self.figure(corrected.score()), self.figure(corrected.raw()));
                let rate = number(*answered as f64 / *asked as f64, Unit::Share);
                self.lang.pick(
                    format!("{kind}: corrected {score}, raw {raw}; {n} of {of} asked answered ({rate})."),
                    format!("{kind}：校正后 {score}，原始 {raw}；受邀 {of} 人次中有 {n} 人次作答（{rate}）。"),
                )
            }
            Err(_) => self.lang.pick(
                format!("{kind}: no corrected score; {n} of {of} asked answered."),
                format!("{kind}：无法给出校正得分；受邀 {of} 人次中有 {n} 人次作答。"),
            ),
        }
    }

    /// What correcting did to the score.
    fn shift(&self, of: &Corrected) -> String {
        let shift = of.augmented.value - of.raw.value;
        if !of.augmented.excludes(of.raw.value) {
            return self.lang.pick(
                "The raw score lies within the interval of the corrected one: whether silence shifts the score is inconclusive.".to_owned(),
                "原始得分落在校正得分的区间之内：无应答是否使得分偏移，尚无定论。".to_owned(),
            );
        }
        let by = self.points(shift.abs());
        self.lang.pick(
            format!("What is known of the silent {} the score by {by}.", if shift < 0.0 { "lowers" } else { "raises" }),
            format!("按未作答者的已知情况校正后，得分{} {by}。", if shift < 0.0 { "下降" } else { "上升" }),
        )
    }

    fn silent(&self, of: &Corrected) -> String {
        let silent = self.figure(&of.silent);
        self.lang.pick(
            format!("Those who stayed silent would have scored {silent}, as far as the covariates tell."),
            format!("就协变量所能说明的而言，未作答者的得分约为 {silent}。"),
        )
    }

    fn band(&self, band: &Band) -> String {
        let (values, ends) = (interval(band.values.0, band.values.1, self.unit), interval(band.ends.0, band.ends.1, self.unit));
        self.lang.pick(
            format!(
                "If the furious, the delighted or both were up to {MOST} times as ready to answer as others like them, the score would lie within {values} \
                 (intervals: {ends})."
            ),
            format!("若极不满者、极满意者或两者的作答几率最高为同类其他人的 {MOST} 倍，得分将在 {values}之间（含区间：{ends}）。"),
        )
    }

    fn target(&self, own: &Own) -> Option<String> {
        let (target, turn) = (self.answer.target?, own.turn?);
        let (score, goal) = (&own.corrected.augmented, number(target, self.unit));
        let above = score.value >= target;
        let side = match score.excludes(target) {
            true if above => {
                self.lang.pick(format!("The corrected score is above the target of {goal}."), format!("校正得分高于目标 {goal}。"))
            }
            true => self.lang.pick(format!("The corrected score is below the target of {goal}."), format!("校正得分低于目标 {goal}。")),
            false => self.lang.pick(
                format!("Whether the score meets the target of {goal} is inconclusive: it lies within the interval."),
                format!("得分是否达到目标 {goal} 尚无定论：目标落在区间之内。"),
            ),
        };
        let start = own.band.as_ref().and_then(|band| band.points.first()).map(|point| point.estimate.value >= target);
        let (en, zh) = if above { ("below", "低于") } else { ("above", "高于") };
        let turns = match turn {
            _ if start.is_some_and(|start| start != above) => self.lang.pick(
                " Weighting alone already puts it on the other side: too close to say at which odds that would turn.".to_owned(),
                "仅用加权估计时已落在目标另一侧：过于接近，无法说明在多大几率下会反转。".to_owned(),
            ),
            Some(turn) => self.lang.pick(
                format!(" The figure would be {en} it if {}.", self.odds(&turn)),
                format!("若{}，点估计将{zh}目标。", self.odds(&turn)),
            ),
            None => self.lang.pick(
                format!(" No odds of answering up to {MOST}, in any direction, would put the figure {en} it."),
                format!("在任一方向上，作答几率即使达到 {MOST} 倍，点估计也不会{zh}目标。"),
            ),
        };
        Some(side + &turns)
    }

    fn odds(&self, turn: &Turn<Direction>) -> String {
        let (who, times) = (words::who(turn.direction, self.lang), number(turn.odds, Unit::Plain(1)));
        self.lang.pick(format!("{who} were {times} times as ready to answer"), format!("{who}的作答几率为其他人的 {times} 倍"))
    }

    /// Which of two groups is ahead, and when that turns.
    fn order(&self, order: &GroupOrder) -> Option<String> {
        let [first, second] = self.answer.groups.as_slice() else { return None };
        let (ahead, behind, lead) = match order.difference.value < 0.0 {
            true => {
                (second, first, Estimate { value: -order.difference.value, low: -order.difference.high, high: -order.difference.low, n: 0 })
            }
            false => (first, second, order.difference),
        };
        let (ahead, behind) = (named(&ahead.values, self.lang), named(&behind.values, self.lang));
        let lead_by = format!("{} ({})", self.points(lead.value), interval(lead.low, lead.high, self.unit));
        let lead_zh = format!("{}（{}）", self.points(lead.value), interval(lead.low, lead.high, self.unit));
        let first = match lead.excludes(0.0) {
            true => self
                .lang
                .pick(format!("{ahead} scores higher than {behind} by {lead_by}."), format!("{ahead} 的得分比 {behind} 高 {lead_zh}。")),
            false => self.lang.pick(
                format!("Whether {ahead} scores higher than {behind} is inconclusive: the difference is {lead_by}."),
                format!("{ahead} 的得分是否高于 {behind} 尚无定论：相差 {lead_zh}。"),
            ),
        };
        Some(first + &self.turns(order))
    }

    fn turns(&self, order: &GroupOrder) -> String {
        let Some(found) = &order.order else {
            return self.lang.pick(
                " At which odds their order would turn cannot be said: a group has no models of its own.".to_owned(),
                "无法说明在多大几率下次序会反转：至少有一组没有自己的模型。".to_owned(),
            );
        };
        if (found.difference < 0.0) != (order.difference.value < 0.0) {
            return self.lang.pick(
                " Weighting alone already orders them the other way round: too close to say at which odds that would turn.".to_owned(),
                "仅用加权估计时次序已相反：过于接近，无法说明在多大几率下会反转。".to_owned(),
            );
        }
        let together = match &found.together {
            Some(turn) => self.lang.pick(
                format!(" The order of the figures would turn if in both groups {}", self.odds(turn)),
                format!("若两组中{}，次序将反转", self.odds(turn)),
            ),
            None => self.lang.pick(
                format!(" The order of the figures would not turn at any odds up to {MOST} that are the same in both groups"),
                format!("只要两组的作答倾向相同，几率直到 {MOST} 倍次序都不会反转"),
            ),
        };
        let apart = match &found.apart {
            Some(turn) => {
                let [first, second] = [0, 1].map(|at| named(&self.answer.groups[at].values, self.lang));
                let (a, b) = (words::who(turn.direction.0, self.lang), words::who(turn.direction.1, self.lang));
                let times = number(turn.odds, Unit::Plain(1));
                self.lang.pick(
                    format!("; if groups may differ in who is ready, at odds of {times} ({a} in {first}, {b} in {second})."),
                    format!("；若两组的作答倾向可以不同，则在 {times} 倍时反转（{first} 为{a}，{second} 为{b}）。"),
                )
            }
            None => self.lang.pick(", nor if groups differ in who is ready.".to_owned(), "；即使两组的作答倾向不同也不会反转。".to_owned()),
        };
        together + &apart
    }

    fn raked(&self, raked: &Raked) -> Option<String> {
        let score = raked.score.as_ref().ok()?;
        let (figure, margins) = (self.figure(&score.estimate), raked.margins.join(self.lang.pick(", ", "、")));
        Some(self.lang.pick(
            format!("Weighted to the known shares of {margins}, answers score {figure}."),
            format!("按 {margins} 的已知占比加权后，得分为 {figure}。"),
        ))
    }

    /// A figure with its interval, in a sentence.
    fn figure(&self, estimate: &Estimate) -> String {
        figure_in(estimate, self.unit, self.lang)
    }

    /// A distance between two scores.
    fn points(&self, distance: f64) -> String {
        match self.unit {
            Unit::Share => {
                let points = number(distance * 100.0, Unit::Plain(1));
                self.lang.pick(format!("{points} percentage points"), format!("{points} 个百分点"))
            }
            unit => self.lang.pick(format!("{} points", number(distance, unit)), format!("{} 分", number(distance, unit))),
        }
    }

    fn charts(&self) -> Vec<Chart> {
        let level = percent(self.answer.level);
        let forest = |caption: String, rows: Vec<(String, Estimate)>| Chart {
            caption,
            drawn: Drawn::Forest {
                axis: meaning_on(&self.answer.instrument, self.lang),
                share: self.unit == Unit::Share,
                nothing: self.answer.target,
                sides: None,
                rows: rows.iter().map(|(label, estimate)| (label.clone(), estimate.into())).collect(),
            },
        };
        let mut charts = Vec::new();
        if let Ok(Correction::Own(own)) = &self.answer.all.corrected {
            charts.push(forest(
                self.lang.pick(
                    format!("The score as answered and corrected, with {level} intervals"),
                    format!("原始得分与校正得分，{level} 区间"),
                ),
                self.estimates(own).into_iter().map(|(name, estimate)| (name.to_owned(), estimate)).collect(),
            ));
            let point = |point: &qoe_query::statistics::sensitivity::Point| {
                (format!("{} × {}", words::who(point.direction, self.lang), point.odds), point.estimate)
            };
            charts.extend(own.band.as_ref().map(|band| {
                forest(
                    self.lang.pick(
                        format!("The corrected score, were extremes so many times as ready to answer, with {level} intervals"),
                        format!("假设极端评价者的作答几率为若干倍时的校正得分，{level} 区间"),
                    ),
                    band.points.iter().map(point).collect(),
                )
            }));
        }
        let groups: Vec<(String, Estimate)> = self
            .answer
            .groups
            .iter()
            .filter_map(|group| Some((named(&group.values, self.lang), *group.corrected.as_ref().ok()?.score())))
            .collect();
        if groups.len() > 1 {
            let by = self.answer.by.join(self.lang.pick(", ", "、"));
            charts.push(forest(
                self.lang.pick(format!("Corrected score by {by}, with {level} intervals"), format!("按 {by} 的校正得分，{level} 区间")),
                groups,
            ));
        }
        charts
    }

    /// The estimates side by side.
    fn estimates(&self, own: &Own) -> Vec<(&'static str, Estimate)> {
        let of = &own.corrected;
        let mut rows = vec![
            (self.lang.pick("raw", "原始"), of.raw),
            (self.lang.pick("weighted", "加权"), of.weighted),
            (self.lang.pick("weighted, trimmed", "加权（截断权重）"), of.trimmed),
            (self.lang.pick("augmented (corrected)", "双重稳健（校正得分）"), of.augmented),
            (self.lang.pick("the silent", "未作答者"), of.silent),
        ];
        let raked = self.answer.raked.as_ref().and_then(|raked| raked.score.as_ref().ok());
        rows.extend(raked.map(|raked| (self.lang.pick("raked to margins", "边际加权（raking）"), raked.estimate)));
        rows
    }
}
