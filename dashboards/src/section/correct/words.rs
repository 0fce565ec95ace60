//! What stands against a corrected score, and how it was come by, in words.

use qoe_query::satisfaction::correct::{CorrectGroup, Correction};
use qoe_query::satisfaction::covariates::{LeftOut, MIN_MEASURED, WhyOut};
use qoe_query::satisfaction::margins::{Raked, Unmet};
use qoe_query::statistics::design::Why;
use qoe_query::statistics::response::{CorrectError, MIN_ANSWERS, Warning};
use qoe_query::statistics::sensitivity::Direction;
use qoe_query::statistics::weights::Cap;

use super::Telling;
use crate::section::names::column_word;
use crate::section::numbers::{Unit, count, number, percent};
use crate::section::score::named;
use crate::section::why::why;
use crate::view::Lang;

/// Whose readiness to answer is out of the ordinary.
pub(super) fn who(direction: Direction, lang: Lang) -> &'static str {
    match direction {
        Direction::Both => lang.pick("both extremes", "两端评价者"),
        Direction::Furious => lang.pick("the furious", "极不满者"),
        Direction::Delighted => lang.pick("the delighted", "极满意者"),
    }
}

/// A column of a design.
pub(super) fn column(label: &str, lang: Lang) -> String {
    let said = [(" = not measured", " = 未测量"), (" = not stated", " = 未说明"), (" = other", " = 其他")];
    if lang == Lang::En {
        return label.to_owned();
    }
    let Some((name, _)) = label.split_once(" = ") else { return column_word(label, lang) };
    let value = said.iter().find_map(|(en, zh)| label.ends_with(en).then_some(*zh)).unwrap_or(&label[name.len()..]);
    format!("{}{value}", column_word(name, lang))
}

/// How many groups are told of one by one.
const TOLD: usize = 10;

impl Telling<'_> {
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut out: Vec<String> = self.group_warnings(&self.answer.all);
        out.extend(self.set_aside());
        out.extend(self.answer.raked.as_ref().map(|raked| self.unmet(raked)).unwrap_or_default());
        let mut groups = self.answer.groups.iter().flat_map(|group| {
            let name = named(&group.values, self.lang);
            self.group_warnings(group)
                .into_iter()
                .map(move |warning| self.lang.pick(format!("{name}: {warning}"), format!("{name}：{warning}")))
        });
        out.extend(groups.by_ref().take(TOLD));
        let more = groups.count();
        if more > 0 {
            out.push(self.lang.pick(format!("and {more} more of this kind"), format!("另有 {more} 条同类提示")));
        }
        out
    }

    fn group_warnings(&self, group: &CorrectGroup) -> Vec<String> {
        match &group.corrected {
            Err(error) => vec![self.cannot(error)],
            Ok(Correction::Own(own)) => own.corrected.warnings.iter().map(|warning| self.warning(warning)).collect(),
            Ok(Correction::Pooled { raw, .. }) if raw.n < MIN_ANSWERS => vec![self.warning(&Warning::FewAnswers { answers: raw.n })],
            Ok(Correction::Pooled { .. } | Correction::NobodySilent { .. }) => Vec::new(),
        }
    }

    pub(super) fn warning(&self, warning: &Warning) -> String {
        let lang = self.lang;
        match warning {
            Warning::FewAnswers { answers } => lang.pick(
                format!("Only {answers} answers of separate people: fewer than {MIN_ANSWERS} do not carry a model."),
                format!("仅有 {answers} 份相互独立的作答：少于 {MIN_ANSWERS} 份不足以支撑模型。"),
            ),
            Warning::FewEffective { effective_n, answers } => {
                let effective = number(*effective_n, Unit::Plain(0));
                lang.pick(
                    format!(
                        "Weighting leaves {effective} effective answers of {}: a few answers speak for most of the silent.",
                        count(*answers)
                    ),
                    format!("加权后 {} 份作答的有效样本量仅为 {effective}：少数作答代表了大部分未作答者。", count(*answers)),
                )
            }
            Warning::SilentBeyond { share } => {
                let share = number(*share, Unit::Share);
                lang.pick(
                    format!("{share} of the silent are less likely to answer than anyone who did: nobody of their kind spoke."),
                    format!("{share} 的未作答者的作答可能性低于所有作答者：没有同类人作答，校正对他们只能外推。"),
                )
            }
            Warning::HeavyWeight { greatest } => {
                let greatest = number(*greatest, Unit::Plain(1));
                lang.pick(
                    format!("One answer weighs {greatest} times the mean before trimming."),
                    format!("截断之前，有一份作答的权重达到平均值的 {greatest} 倍。"),
                )
            }
            Warning::Unbalanced { column: label, difference } => {
                let (label, by) = (column(label, lang), number(*difference, Unit::Plain(2)));
                lang.pick(
                    format!(
                        "After weighting, those who answered still differ from everyone asked in {label}, by {by} standard deviations."
                    ),
                    format!("加权之后，作答者与全体受邀者在“{label}”上仍相差 {by} 个标准差。"),
                )
            }
            Warning::Separated { column: label } => {
                let label = column(label, lang);
                lang.pick(
                    format!("{label} tells answers from silence without error; a ridge holds its coefficient, and the score leans on the model there."),
                    format!("“{label}”可以无误地区分作答与未作答；其系数以岭惩罚约束，该处的得分依赖于模型。"),
                )
            }
            Warning::NothingKnown => lang.pick(
                "Nothing that is known differs between those asked: nothing could be corrected.".to_owned(),
                "已知的信息对所有受邀者都相同：无从校正。".to_owned(),
            ),
        }
    }

    /// Why there is no corrected score.
    fn cannot(&self, error: &CorrectError) -> String {
        let lang = self.lang;
        match error {
            CorrectError::NoAnswers { asked, .. } => lang.pick(
                format!("No corrected score: of {asked} asked nobody gave an answer that can be used."),
                format!("无法给出校正得分：受邀 {asked} 人次中没有可用的作答。"),
            ),
            CorrectError::NobodySilent { asked, .. } => {
                lang.pick(format!("Nothing to correct: all {asked} asked answered."), format!("无需校正：受邀 {asked} 人次全部作答。"))
            }
            CorrectError::Alike { answers, .. } => lang.pick(
                format!("No corrected score: all {answers} answers count alike, and tell nothing of who would say otherwise."),
                format!("无法给出校正得分：{answers} 份作答的计分完全相同，无从得知谁会有不同评价。"),
            ),
            CorrectError::TooFew { answers, columns, .. } => lang.pick(
                format!("No corrected score: answers of {answers} are too few for {columns} columns; name fewer covariates."),
                format!("无法给出校正得分：{answers} 份独立作答不足以支撑 {columns} 列协变量，请减少协变量。"),
            ),
            CorrectError::Answering { source, .. } => lang.pick(
                format!("No corrected score: who answers cannot be modelled ({source})."),
                format!("无法给出校正得分：无法建立作答模型（{}）。", why(source, lang)),
            ),
            CorrectError::Answers { columns, .. } => lang.pick(
                format!("No corrected score: answers have no model in the {columns} columns."),
                format!("无法给出校正得分：{columns} 列协变量无法建立得分模型。"),
            ),
            other => lang.pick(format!("No corrected score: {other}."), format!("无法给出校正得分：{}。", why(other, lang))),
        }
    }

    /// Answers that count as silence.
    fn set_aside(&self) -> Vec<String> {
        let aside = &self.answer.set_aside;
        let scale = self.answer.instrument.scale();
        let (low, high) = (scale.low, scale.high);
        let told = [
            (aside.other_scale, "answers were given on another scale", "份作答使用了其他量表".to_owned()),
            (aside.off_scale, "answers lie off the scale", format!("份作答不在量表 {low}–{high} 之内")),
            (aside.no_score, "rows are said to have answered and have no score", "行标为已作答却没有得分".to_owned()),
            (aside.contradicted, "rows are said not to have answered and have a score", "行标为未作答却有得分".to_owned()),
        ];
        let told = told.into_iter().filter(|(rows, ..)| *rows > 0);
        told.map(|(rows, en, zh)| {
            self.lang.pick(format!("{} {en}; they count as silent.", count(rows)), format!("{} {zh}，按未作答处理。", count(rows)))
        })
        .collect()
    }

    fn unmet(&self, raked: &Raked) -> Vec<String> {
        let lang = self.lang;
        let mut out = Vec::new();
        if raked.not_stated > 0 {
            out.push(lang.pick(
                format!(
                    "{} answers do not state what a margin is about; the score raked to margins leaves them out.",
                    count(raked.not_stated)
                ),
                format!("{} 份作答缺少边际变量的取值，边际加权得分未计入。", count(raked.not_stated)),
            ));
        }
        out.extend(raked.score.as_ref().err().map(|unmet| match unmet {
            Unmet::NoAnswers { margin, value, share } => {
                let share = number(*share, Unit::Share);
                lang.pick(
                    format!("No score by known margins: {value} is {share} of everyone by {margin}, and nobody of it answered."),
                    format!("无法按已知占比加权：{margin} 中“{value}”占全体的 {share}，却无人作答。"),
                )
            }
            Unmet::Contradiction { margin, value, gap } => {
                let gap = number(*gap, Unit::Share);
                lang.pick(
                    format!(
                        "No score by known margins: {value} of {margin} stays {gap} from its share; margins contradict, or nobody of a combination \
                         answered."
                    ),
                    format!("无法按已知占比加权：{margin} 中“{value}”与其占比始终相差 {gap}；各边际相互矛盾，或某种组合无人作答。"),
                )
            }
            Unmet::Alike { answers } => lang.pick(
                format!("No score by known margins: {answers} answers vary no more than the margins explain."),
                format!("无法按已知占比加权：{answers} 份作答的差异不超出边际变量所能解释的范围。"),
            ),
            Unmet::Other(error) => lang.pick(format!("No score by known margins: {error}."), format!("无法按已知占比加权：{error}。")),
        }));
        out
    }

    /// How the score was come by.
    pub(super) fn method(&self) -> Vec<String> {
        let (lang, answer) = (self.lang, self.answer);
        let mut out = vec![self.known()];
        out.push(lang.pick(
            "Estimand: the score of everyone like those asked, had all of them answered. Corrected: augmented inverse probability weighting (doubly robust); \
             answering by logistic regression, answers by logistic or linear regression, with a ridge of 1 where answers are fewer than ten a column. It \
             repairs only what the covariates explain."
                .to_owned(),
            "估计目标：与受邀者同类的全体若都作答时的得分。校正方法：增广逆概率加权（双重稳健），作答概率用逻辑回归，得分用逻辑回归或线性回归；\
             作答数少于每列十份时加岭惩罚（强度 1）。只能校正协变量所能解释的偏差。"
                .to_owned(),
        ));
        let level = percent(answer.level);
        let unit = match &answer.user {
            Some(user) => lang.pick(format!("rows of one {user} count as one observation"), format!("{user} 相同的行视为一个观测")),
            None => lang.pick("each row counts as one observation".to_owned(), "每行视为一个观测".to_owned()),
        };
        out.push(lang.pick(
            format!("Intervals: {level}, by influence through both models (of the silent: bootstrap); {unit}. {}.", self.cap()),
            format!("区间：{level}，按影响函数计入两个模型的不确定性（未作答者的得分用自助法）；{unit}。{}。", self.cap()),
        ));
        out.push(lang.pick(
            "Sensitivity: answers of the silent tilted so that an extreme answer is so many times as ready to be given, other things known being equal \
             (exponential tilting). At odds of 1 that is near the weighted, trimmed score. Data cannot tell which odds are true."
                .to_owned(),
            "敏感性分析：对未作答者的得分做指数倾斜，使其他已知条件相同时极端评价的作答几率为若干倍；1 倍时与截断权重的加权得分相近。数据无法判定真实的几率。".to_owned(),
        ));
        if !answer.groups.is_empty() {
            out.push(lang.pick(
                format!(
                    "Groups: models of their own where answers are at least {MIN_ANSWERS} and ten a column; else their answers weighted by the model of \
                     everyone. A difference of two groups takes them as different people."
                ),
                format!("分组：作答不少于 {MIN_ANSWERS} 份且每列不少于十份时单独建模，否则用全体模型的权重加权。两组之差视两组为不同的人。"),
            ));
        }
        if answer.raked.is_some() {
            out.push(lang.pick(
                "Raked to margins: answers weighted to known shares of everyone by iterative proportional fitting, margins taken as exact. Its everyone is \
                 whom the margins describe, and not only those asked."
                    .to_owned(),
                "边际加权：用迭代比例拟合（raking）使作答满足全体的已知占比，占比视为准确。这里的“全体”由边际文件界定，不限于受邀者。".to_owned(),
            ));
        }
        out
    }

    fn cap(&self) -> String {
        match self.answer.cap {
            Cap::None => self.lang.pick("No weight is cut".to_owned(), "权重不截断".to_owned()),
            Cap::Multiple(times) => {
                self.lang.pick(format!("Weights are cut at {times} times the mean"), format!("权重在平均值的 {times} 倍处截断"))
            }
            Cap::Quantile(share) => {
                let share = number(share, Unit::Share);
                self.lang.pick(format!("Weights are cut at their {share} quantile"), format!("权重在其 {share} 分位数处截断"))
            }
        }
    }

    /// What the models go by.
    fn known(&self) -> String {
        let lang = self.lang;
        let comma = lang.pick(", ", "、");
        let none = || lang.pick("nothing", "无").to_owned();
        let listed = |names: Vec<String>| if names.is_empty() { none() } else { names.join(comma) };
        let used = listed(self.answer.known.used.iter().map(|name| column_word(name, lang)).collect());
        let left = &self.answer.known.left_out;
        if left.is_empty() {
            return lang.pick(format!("Known of everyone asked: {used}."), format!("对全体受邀者已知：{used}。"));
        }
        let out = listed(left.iter().map(|left| left_out(left, lang)).collect());
        lang.pick(format!("Known of everyone asked: {used}. Left out: {out}."), format!("对全体受邀者已知：{used}。未使用：{out}。"))
    }
}

fn left_out(left: &LeftOut, lang: Lang) -> String {
    let name = column(&left.covariate, lang);
    let why = match left.why {
        WhyOut::Sparse { measured } => {
            let (measured, least) = (number(measured, Unit::Share), number(MIN_MEASURED, Unit::Share));
            lang.pick(format!("measured in {measured}, under {least}"), format!("仅 {measured} 有测量，低于 {least}"))
        }
        WhyOut::Unfit(Why::Constant) => lang.pick("the same for all", "取值全部相同").to_owned(),
        WhyOut::Unfit(Why::Collinear) => lang.pick("follows from the others", "可由其他列推出").to_owned(),
        WhyOut::Unfit(Why::Unmeasured) => lang.pick("never measured", "从未测量").to_owned(),
    };
    lang.pick(format!("{name} ({why})"), format!("{name}（{why}）"))
}
