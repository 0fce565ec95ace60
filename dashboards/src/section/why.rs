//! Why there is no answer, as one sentence in the reader's language. What has no Chinese here, such as what a parser says of SQL, stays English.

use std::error::Error;

use qoe_query::frame::{CsvError, FrameError, SourceError};
use qoe_query::report::ReportError;
use qoe_query::retention::RetentionError;
use qoe_query::retention::effect::EffectQuestionError;
use qoe_query::satisfaction::AnalysisError;
use qoe_query::statistics::drivers::DriversError;
use qoe_query::statistics::effect::{Arm, EffectError};
use qoe_query::statistics::pairs::PairsError;
use qoe_query::statistics::response::CorrectError;
use qoe_query::statistics::score::ScoreError;
use qoe_query::statistics::stability::StabilityError;

use super::numbers::count;
use crate::view::Lang;

/// The error and its causes in one sentence, without a final stop; what a cause says again is left out.
pub fn why(error: &(dyn Error + 'static), lang: Lang) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        next = cause.source();
        let text = match (nobody(cause, lang), lang) {
            (Some(nobody), _) => nobody.to_owned(),
            (None, Lang::En) => cause.to_string(),
            (None, Lang::Zh) => chinese(cause).unwrap_or_else(|| cause.to_string()),
        };
        if !passes_on(cause) && !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
    }
    said.join(lang.pick(": ", "："))
}

/// An error that says nothing but that its cause follows.
fn passes_on(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(AnalysisError::Frame(_)))
        || matches!(error.downcast_ref(), Some(RetentionError::Frame(_)))
        || matches!(error.downcast_ref(), Some(EffectQuestionError::Frame(_)))
}

/// What an error says, in Chinese; `None` where there are no words for it.
pub fn chinese(error: &(dyn Error + 'static)) -> Option<String> {
    let frame = || error.downcast_ref().and_then(frame);
    let source = || error.downcast_ref().and_then(source);
    let analysis = || error.downcast_ref().and_then(analysis);
    let retention = || error.downcast_ref().and_then(retention);
    let effect = || error.downcast_ref().and_then(effect_question).or_else(|| error.downcast_ref().and_then(effect));
    let rest = || error.downcast_ref().and_then(report).or_else(|| error.downcast_ref().and_then(statistics::drivers));
    let more = || error.downcast_ref().and_then(statistics::pairs).or_else(|| error.downcast_ref().and_then(statistics::correct));
    let last = || error.downcast_ref().and_then(statistics::score).or_else(|| error.downcast_ref().and_then(statistics::stability));
    frame().or_else(source).or_else(analysis).or_else(retention).or_else(effect).or_else(rest).or_else(more).or_else(last)
}

/// What it means that no row meets a condition of our own.
fn nobody(error: &(dyn Error + 'static), lang: Lang) -> Option<&'static str> {
    let Some(AnalysisError::NoRows { condition: Some(condition) }) = error.downcast_ref() else { return None };
    match condition.as_str() {
        "asked" | "asked = 1" => Some(lang.pick("nobody was asked", "没有人受邀作答")),
        "score IS NOT NULL" => Some(lang.pick("nobody answered", "没有人作答")),
        "text <> ''" => Some(lang.pick("nobody wrote anything", "没有人写下文字")),
        _ => None,
    }
}

fn no_rows(condition: Option<&String>) -> String {
    condition.map_or_else(|| "没有数据".to_owned(), |condition| format!("没有满足条件 {condition} 的数据"))
}

fn frame(error: &FrameError) -> Option<String> {
    Some(match error {
        FrameError::NoColumn { what, near, columns } => {
            let near = if near.is_empty() { String::new() } else { format!("（是否指 {}？）", near.join("、")) };
            format!("没有名为 {what:?} 的列{near}，现有的列：{columns}")
        }
        FrameError::Unknown { what, why } => format!("无法读取 {what:?}：{}", broken(why)),
        FrameError::Misfit { what, value, row, role } => {
            let role = match *role {
                "number" => "数值",
                "yes or no" => "是/否值",
                role if role.starts_with("time") => "时间（请写成 RFC 3339 格式，如 2026-11-25T08:00:00Z）",
                role => role,
            };
            format!("第 {row} 行的 {what:?} 为 {value:?}，不是{role}")
        }
        FrameError::Condition { condition, why } => format!("无法按条件 {condition} 筛选：{}", broken(why)),
        FrameError::Csv(error) => format!("文件无法完整读取：{}", csv(error)),
        FrameError::Broken { why } => format!("文件无法完整读取：{}", broken(why)),
        _ => return None,
    })
}

/// What is the matter with a file, where it is said in our words.
fn broken(why: &str) -> String {
    if why.contains("UTF-8") {
        return "编码不是 UTF-8，请先转换，例如 iconv -f GBK -t UTF-8".to_owned();
    }
    if why.contains("no Parquet file") {
        return "不是 Parquet 文件，或文件不完整".to_owned();
    }
    why.to_owned()
}

/// What is wrong with a CSV file, and what mends it.
fn csv(error: &CsvError) -> String {
    match error {
        CsvError::Utf16 => "编码是 UTF-16：请另存为 UTF-8，或转换：iconv -f UTF-16 -t UTF-8 文件 > utf8.csv".to_owned(),
        CsvError::Encoding { line } => format!("第 {line} 行不是 UTF-8：请另存为 UTF-8，或转换：iconv -f GB18030 -t UTF-8 文件 > utf8.csv"),
        CsvError::Note { text } => format!("第 1 行是给表格软件的说明 {text:?}：请删除该行，让表头在最前"),
        CsvError::Twice { column } => format!("有两列都叫 {column:?}：请在表头中改名"),
        CsvError::Ragged { line, found, expected, delimiter } => format!(
            "第 {line} 行有 {found} 个字段，而表头有 {expected} 个：请修正该行；含有分隔符 {delimiter:?} 的字段须加双引号，小数用句点"
        ),
        CsvError::Open { line } => format!("第 {line} 行的双引号没有闭合：请补上，字段内的引号要写两次"),
    }
}

fn source(error: &SourceError) -> Option<String> {
    Some(match error {
        SourceError::Missing { path, .. } => format!("无法读取 {}", path.display()),
        SourceError::Empty { path } => format!("{} 是空文件", path.display()),
        SourceError::Format { path } => format!("无法识别 {} 的格式，请使用 .csv、.tsv、.parquet、.ndjson 或 .jsonl", path.display()),
        SourceError::Csv { path, source } => format!("无法以 CSV 格式读取 {}：{}", path.display(), csv(source)),
        SourceError::Unreadable { path, format, why } => format!("无法以 {format} 格式读取 {}：{}", path.display(), broken(why)),
        _ => return None,
    })
}

fn analysis(error: &AnalysisError) -> Option<String> {
    Some(match error {
        AnalysisError::NoRows { condition } => no_rows(condition.as_ref()),
        AnalysisError::NoOutcome { outcome, rows } => format!("{rows} 行中没有一行有 {outcome:?}，无从分析"),
        AnalysisError::NoMeasure { measures } => {
            format!("{} 都无法区分各行：取值全部相同、从未测得，或可由其他指标推出", measures.join("、"))
        }
        AnalysisError::Drivers(_) => "无法对各指标排序".to_owned(),
        AnalysisError::Curve(_) => "无法绘制结果随指标变化的曲线".to_owned(),
        AnalysisError::Pairs(_) => "无法将指标与结果配对".to_owned(),
        AnalysisError::Answer { column } => format!("{column:?} 来自回答本身，不能用来推断未作答者"),
        AnalysisError::Target { kind, target, low, high } => format!("{kind} 的目标 {target} 无效：应在 {low} 与 {high} 之间"),
        AnalysisError::NoText { text, rows } => format!("{rows} 行中 {text:?} 都没有文字"),
        AnalysisError::OffScale { score, rows, off_scale, scale } => {
            format!("{rows} 行中 {score:?} 没有落在量表 {}–{} 之内的评分，另有 {off_scale} 个超出量表", scale.low, scale.high)
        }
        AnalysisError::NoTurn { column, rows } => format!("{rows} 行中 {column:?} 没有对话轮次"),
        AnalysisError::NoTime { time, rows } => format!("{rows} 行中 {time:?} 没有 1900 至 2200 年之间的时间"),
        AnalysisError::Low { low, scale } => {
            format!("在 {}–{} 的量表上无法以不高于 {low} 为低分：有一侧为空", scale.low, scale.high)
        }
        // What this says is said by what it holds.
        AnalysisError::Correct(error) => return statistics::correct(error),
        AnalysisError::WordMeasures(_) => "无法将词语与指标对照".to_owned(),
        _ => return None,
    })
}

fn retention(error: &RetentionError) -> Option<String> {
    Some(match error {
        RetentionError::NoRows { condition } => no_rows(condition.as_ref()),
        RetentionError::NoPresence { rows } => format!("{rows} 行都没有说明谁在何时使用"),
        RetentionError::NoCompleteDay { since, until } => format!("没有一天被完整观察：观察期为 {since} 至 {until}"),
        RetentionError::NoNewcomers { users } => format!("{users} 名用户在该时段内都不是新用户，无法给出留存"),
        RetentionError::Unobserved { users, .. } => format!("{users} 名新用户都尚未观察满所问的天数，无法给出留存"),
        RetentionError::NoSpells { rows, .. } => format!("{rows} 行都没有可用的时长"),
        RetentionError::NoEvents { column, rows } => format!("{rows} 行都没有发生 {column}：全部为删失，无法说明何时发生"),
        RetentionError::Curve(_) | RetentionError::Curves(_) => "无法绘制生存曲线".to_owned(),
        _ => return None,
    })
}

fn effect_question(error: &EffectQuestionError) -> Option<String> {
    Some(match error {
        EffectQuestionError::NoRows { condition } => no_rows(condition.as_ref()),
        EffectQuestionError::WindowNotStated { treatment, column } => format!(
            "{treatment} 是何时测量的？若取自整个会话，就不能与随会话时长增长的 {column} 比较（不朽时间偏差）；若处理与协变量均取自会话开头，请写 --baseline 60s；\
             若在会话开始前已知，请写 --known-before"
        ),
        EffectQuestionError::NobodyLeft { rows, not_studied } => format!(
            "{rows} 行都无法纳入：{} 行没有处理或结果，{} 行在窗口结束前已离开，{} 行观察时间不足",
            count(not_studied.unmeasured),
            count(not_studied.left_before),
            count(not_studied.immature)
        ),
        // What these say is said by what they hold.
        EffectQuestionError::Effect(error) => return effect(error),
        _ => return None,
    })
}

fn effect(error: &EffectError) -> Option<String> {
    let arm = |arm: &Arm| match arm {
        Arm::Treated => "获得者",
        Arm::Control => "未获得者",
    };
    Some(match error {
        EffectError::NobodyTreated { rows } => format!("{rows} 行中无人获得处理，无从比较"),
        EffectError::EveryoneTreated { rows } => format!("{rows} 行全部获得处理，没有可比较的对象"),
        EffectError::TooFew { rows, arm: of, columns, .. } => format!("{}只有 {rows} 行，不足以支撑 {columns} 列协变量", arm(of)),
        EffectError::TooFewUnits { units, columns } => format!("只有 {units} 名用户，不足以支撑 {columns} 列协变量"),
        EffectError::Constant { rows, arm: of, value } => format!("{rows} 行{}的结果全部为 {value}，无法估计误差", arm(of)),
        EffectError::Separated { column } => format!("{column} 可以无误地区分谁获得处理，无法进行同类比较"),
        EffectError::Quantile { quantile } => format!("截断权重的分位数 {quantile} 无效：应在 0.5 与 1 之间"),
        EffectError::NoOverlap { .. } => "两组的倾向得分没有重叠，无法比较".to_owned(),
        EffectError::Propensity(_) => "无法估计倾向得分".to_owned(),
        _ => return None,
    })
}

fn report(error: &ReportError) -> Option<String> {
    Some(match error {
        ReportError::Read(error) => return analysis(error).or_else(|| error.source().and_then(chinese)),
        ReportError::Columns { wanted, there } => {
            format!("无法得出任何结论：报告读取的列为 {wanted}，而现有的列为 {there}；请按前者命名后重试")
        }
        ReportError::Nothing { rows, .. } => format!("{rows} 行数据不足以得出任何结论"),
    })
}

mod statistics {
    use super::{CorrectError, DriversError, PairsError, ScoreError, StabilityError, count};

    pub(super) fn drivers(error: &DriversError) -> Option<String> {
        Some(match error {
            DriversError::NoAnswers { rows } => format!("{rows} 行中没有回答，无从分析"),
            DriversError::NoSuchMeasure { name } => format!("没有名为 {name:?} 的数值指标"),
            DriversError::Step { name, step } => format!("{name:?} 的步长 {step} 无效：应为非零的有限值"),
            DriversError::Fit { answers, columns, .. } => format!("{answers} 份回答无法拟合 {columns} 列"),
            DriversError::Length { .. } => return None,
        })
    }

    pub(super) fn pairs(error: &PairsError) -> Option<String> {
        Some(match error {
            PairsError::Nothing { rows } => format!("{rows} 行中没有一行同时有指标与结果"),
            PairsError::NotBinary { value } => format!("结果应为 0 或 1，而出现了 {value}"),
            _ => return None,
        })
    }

    pub(super) fn correct(error: &CorrectError) -> Option<String> {
        Some(match error {
            CorrectError::NoAnswers { asked, .. } => format!("受邀 {asked} 人次中没有可用的作答，无法校正"),
            CorrectError::NobodySilent { asked, .. } => format!("受邀 {asked} 人次全部作答，无需校正"),
            CorrectError::Alike { answers, .. } => format!("{answers} 份作答的计分完全相同，无法校正"),
            CorrectError::TooFew { answers, columns, .. } => format!("{answers} 份作答不足以支撑 {columns} 列协变量，无法校正"),
            CorrectError::Answering { .. } => "无法建立作答模型，无法校正".to_owned(),
            CorrectError::Answers { columns, .. } => format!("{columns} 列协变量无法建立得分模型，无法校正"),
            _ => return None,
        })
    }

    pub(super) fn score(error: &ScoreError) -> Option<String> {
        Some(match error {
            ScoreError::NoAnswers { kind, refused: 0 } => format!("没有 {} 回答", kind.name().to_uppercase()),
            ScoreError::NoAnswers { kind, refused } => {
                format!("没有可用的 {} 回答：{} 份超出量表", kind.name().to_uppercase(), count(*refused))
            }
            ScoreError::Weight { at, weight, .. } => format!("第 {} 份回答的权重为 {weight}：权重应为非负的有限值", at + 1),
            ScoreError::NoWeight { n, .. } => format!("{} 份回答的权重全部为 0", count(*n)),
        })
    }

    pub(super) fn stability(error: &StabilityError) -> Option<String> {
        matches!(error, StabilityError::NoAttempts).then(|| "没有任何尝试，无从判断".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_sentence_in_the_readers_language() {
        let column = || FrameError::NoColumn { what: "rtt".into(), near: vec!["rtt_ms".into()], columns: "rtt_ms, score".into() };
        let error = AnalysisError::Frame(column());
        assert_eq!(why(&error, Lang::En), "there is no column \"rtt\" (did you mean rtt_ms?): the columns are rtt_ms, score");
        assert_eq!(why(&error, Lang::Zh), "没有名为 \"rtt\" 的列（是否指 rtt_ms？），现有的列：rtt_ms, score");
        let error = AnalysisError::NoRows { condition: None };
        assert_eq!((why(&error, Lang::En).as_str(), why(&error, Lang::Zh).as_str()), ("there are no rows", "没有数据"));
        let ragged = FrameError::Csv(CsvError::Ragged { line: 3, found: 3, expected: 2, delimiter: ',' });
        assert!(why(&ragged, Lang::Zh).starts_with("文件无法完整读取：第 3 行有 3 个字段，而表头有 2 个"), "{}", why(&ragged, Lang::Zh));
    }
}
