//! A look at the head of a text file before it is read: what would else be noticed late and said badly.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// How much of a file is looked at, bytes.
const LOOKED_AT: u64 = 1 << 20;

/// What is the matter with the head of a file; `None`: nothing that can be seen there. With a delimiter its first line names columns.
pub(super) fn trouble(path: &Path, delimiter: Option<char>) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    File::open(path)?.take(LOOKED_AT).read_to_end(&mut head)?;
    let cut = head.len() as u64 == LOOKED_AT;
    let text = match std::str::from_utf8(&head) {
        Ok(text) => text,
        // The last letter may be cut in two.
        Err(error) if cut && error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
        Err(_) => return Ok(Some("it is not UTF-8: convert it, for example with iconv -f GBK -t UTF-8".to_owned())),
    };
    let Some(delimiter) = delimiter else { return Ok(None) };
    let mut seen: Vec<String> = Vec::new();
    for name in names(text, delimiter) {
        if seen.contains(&name) {
            return Ok(Some(format!("it has two columns called {name:?}: rename one of them")));
        }
        seen.push(name);
    }
    Ok(None)
}

/// The fields of the first line; quotes may hold delimiters and ends of lines.
fn names(text: &str, delimiter: char) -> Vec<String> {
    let (mut names, mut name, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.trim_start_matches('\u{feff}').chars() {
        match letter {
            '"' => quoted = !quoted,
            '\n' if !quoted => break,
            letter if letter == delimiter && !quoted => names.push(std::mem::take(&mut name)),
            letter => name.push(letter),
        }
    }
    names.push(name.trim_end_matches('\r').to_owned());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_fields_of_the_first_line() {
        assert_eq!(names("a,\"b,\nc\",d\r\n1,2,3\n", ','), ["a", "b,\nc", "d"]);
        assert_eq!(names("\u{feff}score\tscore", '\t'), ["score", "score"]);
    }
}
