//! Words as JSON.

use qoe_query::satisfaction::{AnalysisError, FallbackAnswer, WordsAnswer};
use qoe_query::words::segment::Language;
use serde_json::{Value, json};

use super::estimate;

/// What `qoe satisfaction words --json` and `/api/satisfaction` answer.
pub fn words(answer: &WordsAnswer, fallback: Option<&Result<FallbackAnswer, AnalysisError>>) -> Value {
    let (texts, rows, scale) = (&answer.words.texts, &answer.rows, answer.instrument.scale());
    json!({
        "kind": answer.instrument.kind().name(),
        "scale": {"low": scale.low, "high": scale.high},
        "low_at_most": answer.low_at_most,
        "level": answer.level.level(),
        "by_person": answer.by_person,
        "rows": {
            "all": rows.all, "without_text": rows.untold, "score_off_scale": rows.off_scale, "score_on_another_scale": rows.other_scale,
            "texts_alike": rows.alike,
        },
        "texts": {
            "given": texts.given, "told": texts.told, "wordless": texts.wordless, "cut": texts.cut, "low": texts.low, "other": texts.other,
        },
        "words": answer.words.table.iter().map(|row| json!({
            "word": row.word.text,
            "language": match row.word.language { Language::Chinese => "zh", Language::English => "en", Language::Other => "other" },
            "texts": row.texts.len(),
            "share": estimate(&row.share),
            "keyness": row.keyness.as_ref().map(|of| json!({"log_odds": estimate(&of.log_odds), "z": of.z, "p": of.p, "q": of.q})),
        })).collect::<Vec<_>>(),
        "not_compared": answer.words.not_compared.as_ref().map(ToString::to_string),
        "themes": answer.names.iter().zip(&answer.words.themes).map(|(name, row)| json!({
            "theme": row.theme, "en_name": name.en, "zh_name": name.zh, "share": estimate(&row.share),
            "mean_score": row.score.as_ref().map(estimate), "less_those_without": row.apart.as_ref().map(estimate),
        })).collect::<Vec<_>>(),
        "measures": answer.measures,
        "left_out_as_sparse": answer.sparse,
        "words_and_measures": answer.pairs.iter().map(|pair| json!({
            "word": answer.words.table[pair.word].word.text, "measure": answer.measures[pair.measure],
            "superiority": estimate(&pair.superiority), "texts_with_it": pair.with, "p": pair.p, "q": pair.q,
        })).collect::<Vec<_>>(),
        "fallback": fallback.map(fallbacks),
    })
}

fn fallbacks(found: &Result<FallbackAnswer, AnalysisError>) -> Value {
    match found {
        Ok(found) => json!({
            "conversations": found.conversations, "turns": found.counted.utterances, "fallbacks": found.counted.fallbacks,
            "repeated": found.counted.repeated, "longest_run": found.counted.longest,
            "conversations_with_any": estimate(&found.any), "conversations_with_repeated": estimate(&found.repeated),
            "turns_left_out": found.unplaced,
        }),
        Err(error) => json!({"conversations": null, "why": error.to_string()}),
    }
}
