//! What is the matter with a file, a column or a condition, in a sentence: without the names of libraries and what they wrap their errors in.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use super::FrameError;

/// What libraries put before what they say.
const PREFIXES: [&str; 12] = [
    "Arrow error: ",
    "Csv error: ",
    "Json error: ",
    "Parquet error: ",
    "Parquet argument error: ",
    "SQL error: ",
    "Schema error: ",
    "Error during planning: ",
    "External error: ",
    "Execution error: ",
    "Parser error: ",
    "This feature is not implemented: ",
];

/// What it says, in a sentence.
pub(super) fn plain(error: &DataFusionError) -> String {
    let whole = error.strip_backtrace();
    let mut text = whole.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest;
    }
    let quoted = ["ParserError(\"", "TokenizerError(\""].iter().find_map(|call| text.strip_prefix(call)?.strip_suffix("\")"));
    known(quoted.unwrap_or(text))
}

/// What people meet most, in our words; of CSV the file itself is asked ([`super::csv`]).
fn known(text: &str) -> String {
    match text {
        _ if text.contains("UTF-8") => "it is not UTF-8: convert it, for example with iconv -f GBK -t UTF-8".to_owned(),
        _ if text.contains("Parquet file") || text.contains("Parquet magic") => "it is no Parquet file, or only a part of one".to_owned(),
        _ => text.replace(" at Line: 1, Column: ", " at letter "),
    }
}

/// Why a column or an expression over columns cannot be read.
pub(super) fn unread(what: &str, columns: &[String], error: &DataFusionError) -> FrameError {
    match missing(error) {
        Some(column) => no_column(column, columns),
        None => FrameError::Unknown { what: what.to_owned(), why: plain(error) },
    }
}

/// That there is no such column, and which are like it.
pub(super) fn no_column(what: &str, columns: &[String]) -> FrameError {
    FrameError::NoColumn { what: what.to_owned(), near: near(what, columns), columns: columns.join(", ") }
}

/// The column that is not there.
pub(super) fn missing(error: &DataFusionError) -> Option<&str> {
    match error {
        DataFusionError::SchemaError(error, _) => match error.as_ref() {
            SchemaError::FieldNotFound { field, .. } => Some(&field.name),
            _ => None,
        },
        DataFusionError::Context(_, error) | DataFusionError::Diagnostic(_, error) => missing(error),
        DataFusionError::Collection(errors) => errors.first().and_then(missing),
        _ => None,
    }
}

/// Up to three columns whose names are like this one.
fn near(what: &str, columns: &[String]) -> Vec<String> {
    let bare = |text: &str| text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect::<Vec<char>>();
    let wanted = bare(what);
    let holds = |long: &[char], short: &[char]| short.len() >= 3 && long.windows(short.len()).any(|part| part == short);
    let mut found: Vec<(usize, &String)> = columns
        .iter()
        .filter_map(|column| {
            let name = bare(column);
            let steps = distance(&wanted, &name);
            let alike = steps <= wanted.len().max(name.len()) / 3 || holds(&name, &wanted) || holds(&wanted, &name);
            alike.then_some((steps, column))
        })
        .collect();
    found.sort_by_key(|(steps, _)| *steps);
    found.into_iter().take(3).map(|(_, column)| column.clone()).collect()
}

/// How many letters are to be changed, left out or put in (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.iter().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (place, other) in b.iter().enumerate() {
            let changed = before + usize::from(letter != other);
            before = row[place + 1];
            row[place + 1] = changed.min(before + 1).min(row[place] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_say_is_said_without_their_names() {
        let plan = |text: &str| plain(&DataFusionError::Plan(text.to_owned()));
        assert_eq!(plan("Cannot coerce Utf8"), "Cannot coerce Utf8");
        let wrapped = "Error when processing NDJSON file x\ncaused by\nArrow error: Json error: expected value at line 3";
        assert_eq!(plan(wrapped), "expected value at line 3");
        assert!(plan("Arrow error: Json error: Encountered UTF-8 error while reading: invalid utf-8").contains("iconv -f GBK"));
        assert!(plan("Parquet error: Parquet error: Invalid Parquet file. Corrupt footer").contains("no Parquet file"));
        let parser = "SQL error: ParserError(\"Expected: an expression, found: > at Line: 1, Column: 9\")";
        assert_eq!(plan(parser), "Expected: an expression, found: > at letter 9");
    }

    #[test]
    fn columns_with_a_like_name_are_named() {
        let columns: Vec<String> = ["user_id", "rtt_ms", "score", "评分"].map(str::to_owned).to_vec();
        assert_eq!(near("rtt", &columns), ["rtt_ms"]);
        assert_eq!(near("userid", &columns), ["user_id"]);
        assert_eq!(near("scor", &columns), ["score"]);
        assert!(near("minutes", &columns).is_empty());
    }
}
