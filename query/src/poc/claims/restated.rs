//! Claims as sentences that could be false.

use super::tested::{BASELINE_S, SHOWN_OF_EFFECT};
use crate::poc::spec::{Hypothesis, Side};

/// The same in English and Chinese.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Said {
    /// In both.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Said {
        Said { en: en.into(), zh: zh.into() }
    }
}

/// What would have to be so for the claim to hold.
pub fn restated(hypothesis: &Hypothesis) -> Said {
    match hypothesis {
        Hypothesis::Quantiles { what, quantiles, bound, side } => {
            let names: Vec<String> = quantiles.iter().map(|share| format!("p{}", plain(share * 100.0))).collect();
            let (en, zh) = sided(*side, names.len() > 1);
            Said::new(
                format!("{} of {what} {en} {}", names.join(" and "), plain(*bound)),
                format!("{what} 的 {} {zh} {}", names.join("、"), plain(*bound)),
            )
        }
        Hypothesis::Share { what, bound, side } => {
            let (en, zh) = sided(*side, false);
            Said::new(
                format!("the share of rows with {what} {en} {}", percent(*bound)),
                format!("满足 {what} 的比例{zh} {}", percent(*bound)),
            )
        }
        Hypothesis::Mean { what, bound, side } => {
            let (en, zh) = sided(*side, false);
            Said::new(format!("the mean of {what} {en} {}", plain(*bound)), format!("{what} 的均值{zh} {}", plain(*bound)))
        }
        Hypothesis::Effect { treatment, outcome, more, confounders } => {
            let (much, least) = (percent(more.abs()), percent((more * SHOWN_OF_EFFECT).abs()));
            let ((en, zh), equal) = (if *more < 0.0 { ("less", "少") } else { ("more", "多") }, confounders.join(", "));
            Said::new(
                format!(
                    "with {treatment} in its first {BASELINE_S} s a session has {much} {en} {outcome} than one that is alike in {equal} and has it not: not \
                     fewer than that, and {least} for certain"
                ),
                format!(
                    "前 {BASELINE_S} 秒满足 {treatment} 的会话，比 {equal} 相同但不满足的会话{zh} {much} 的 {outcome}：不能排除该数值，且确有至少 {least}"
                ),
            )
        }
        Hypothesis::Everywhere { by, of, each } => {
            let each = restated(each);
            let (en, zh) = if of.is_empty() {
                (String::new(), String::new())
            } else {
                (format!(" ({})", of.join(", ")), format!("（{}）", of.join("、")))
            };
            Said::new(format!("in every {by}{en}: {}", each.en), format!("在每个 {by}{zh}中：{}", each.zh))
        }
        Hypothesis::Untestable => Said::new(
            "nothing that data could contradict: it does not state a column, a statistic of it and a bound",
            "没有可被数据推翻的内容：未写明列、统计量与界限",
        ),
    }
}

fn sided(side: Side, many: bool) -> (&'static str, &'static str) {
    match (side, many) {
        (Side::AtMost, false) => ("is at most", "不高于"),
        (Side::AtMost, true) => ("are at most", "均不高于"),
        (Side::AtLeast, false) => ("is at least", "不低于"),
        (Side::AtLeast, true) => ("are at least", "均不低于"),
    }
}

/// A number with no more digits than it has, six at most.
pub(super) fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A share that was seen, in percent: three digits of what lies between it and all or nothing.
pub(super) fn seen(share: f64) -> String {
    let rare = share.abs().min((1.0 - share).abs()) * 100.0;
    let decimals = if rare > 0.0 { (2.0 - rare.log10().floor()).clamp(1.0, 6.0) as usize } else { 0 };
    let text = format!("{:.decimals$}", share * 100.0);
    format!("{} %", if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text })
}

/// A share in percent, with as many nines as it has.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", plain((share * 1e8).round() / 1e6))
}
