//! What columns are called in sentences and charts: in Chinese by a word where there is one, else, and in English, as they are.

use crate::view::Lang;
use crate::words::{ZH, key_name};

/// Measures and outcomes of a session.
const WORDS: [(&str, &str); 20] = [
    ("score", "评分"),
    ("minutes", "时长（分钟）"),
    ("joined", "接通"),
    ("left", "离开"),
    ("tenure_days", "使用天数"),
    ("connect_ms", "建连耗时"),
    ("rtt_ms", "往返时延"),
    ("jitter_ms", "抖动"),
    ("loss_ratio", "丢包率"),
    ("audible_concealment_ratio", "可闻补偿率"),
    ("freeze_ratio", "卡顿率"),
    ("gap_ratio", "断流占比"),
    ("frame_rate", "帧率"),
    ("height", "画面高度"),
    ("response_ms", "AI 响应耗时"),
    ("interruption_ms", "AI 打断耗时"),
    ("fallback_ratio", "AI 未听懂占比"),
    ("delivery_ms", "消息送达耗时"),
    ("answered", "作答"),
    ("dimension", "评价维度"),
];

/// A column as it is read.
pub(super) fn column_word(column: &str, lang: Lang) -> String {
    if lang == Lang::En {
        return column.to_owned();
    }
    let known = WORDS.iter().find(|(name, _)| *name == column).map(|(_, word)| (*word).to_owned());
    known.unwrap_or_else(|| key_name(column, &ZH).into_owned())
}

/// Columns as they are read, one after the other.
pub(super) fn column_words(columns: &[String], lang: Lang) -> String {
    columns.iter().map(|column| column_word(column, lang)).collect::<Vec<_>>().join(lang.pick(", ", "、"))
}
