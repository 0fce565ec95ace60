//! Why something cannot be said of survival, in words.

use qoe_query::retention::{LeftOut, ModelError};
use qoe_query::statistics::design::Why;
use qoe_query::statistics::{CoxError, KaplanMeierError, LogRankError};

use crate::section::numbers::{count, p_value, plain};
use crate::view::Lang;

/// `p = 0.0123`, `p < 0.0001`.
pub(super) fn p(value: f64) -> String {
    let text = p_value(value);
    if text.starts_with('<') { format!("p {text}") } else { format!("p = {text}") }
}

/// Rows that were left out, and what is the matter with them.
pub(super) fn left_out(left_out: LeftOut) -> impl Iterator<Item = (u64, &'static str, &'static str)> {
    let reasons = [
        (left_out.unmeasured, "without a duration", "没有时长"),
        (left_out.negative, "with a negative duration", "时长为负"),
        (left_out.infinite, "with an infinite duration", "时长为无穷大"),
        (left_out.unstated, "that do not say whether it happened", "未说明事件是否发生"),
        (left_out.backwards, "that end no later than they are entered", "结束不晚于进入观察"),
    ];
    reasons.into_iter().filter(|(n, ..)| *n > 0)
}

/// Why a covariate is not in the model.
pub(super) fn dropped(why: Why) -> (&'static str, &'static str) {
    match why {
        Why::Constant => ("is the same in all rows", "在所有记录中相同"),
        Why::Collinear => ("follows from the covariates before it", "可由前面的协变量推出"),
        Why::Unmeasured => ("was never measured", "从未测得"),
    }
}

/// Why there is no mean time.
pub fn mean_why(error: &KaplanMeierError, lang: Lang) -> String {
    match error {
        KaplanMeierError::Horizon { horizon, last } => lang.pick(
            format!("The mean up to {} cannot be told: the curve is known up to {}.", plain(*horizon), plain(*last)),
            format!("无法给出截至 {} 的均值：曲线只到 {} 为止。", plain(*horizon), plain(*last)),
        ),
        KaplanMeierError::NoSpread { horizon, events, rows } => lang.pick(
            format!("The mean up to {} has no interval (events until then: {}, rows: {}).", plain(*horizon), count(*events), count(*rows)),
            format!("无法给出截至 {} 的均值区间：{} 条记录中仅有 {} 个事件。", plain(*horizon), count(*rows), count(*events)),
        ),
        KaplanMeierError::WeightedEntry => error.to_string(),
    }
}

/// Why groups were not tested.
pub fn log_rank_why(error: &LogRankError, lang: Lang) -> String {
    let zh = match error {
        LogRankError::OneGroup { groups } => format!("只有 {groups} 个分组，至少两个才能比较"),
        LogRankError::EmptyGroup { group } => format!("分组 {group} 为空"),
        LogRankError::NoEvents { rows } => format!("{rows} 条记录全部删失，没有事件便无从比较"),
        LogRankError::NeverTogether { group } => format!("事件发生时，分组 {group} 从未与其他分组同时在险"),
        LogRankError::Spells(_) | LogRankError::Unknown { .. } | LogRankError::Weighted => error.to_string(),
    };
    lang.pick(format!("The groups cannot be tested: {error}."), format!("无法做 log-rank 检验：{zh}。"))
}

/// Why there is no model; a part of a sentence.
pub fn model_why(error: &ModelError, lang: Lang) -> String {
    let zh = match error {
        ModelError::Cox(error) => match error {
            CoxError::NoColumns { .. } => "没有可用的协变量".to_owned(),
            CoxError::NoEvents { rows } => format!("{rows} 条记录全部删失"),
            CoxError::TooFew { events, columns } => format!("仅 {events} 个事件，不足以估计 {columns} 个系数"),
            CoxError::Uninformative { column } => format!("事件发生时，{column} 在在险者之间没有差异"),
            CoxError::Separated { column } => format!("{column} 在每个时刻都把发生与未发生者完全分开，系数没有有限的估计"),
            CoxError::Collinear => "协变量之间共线".to_owned(),
            CoxError::Spells(_) => error.to_string(),
        },
        ModelError::Design(error) => error.to_string(),
    };
    lang.pick(error.to_string(), zh)
}
