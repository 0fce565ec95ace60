//! How deep and how wide a body is, in one pass over its bytes before any of it is read.
//!
//! The parser skips what it does not know, at any depth and of any length. So what it will be given is measured here first: nesting, and the
//! members of each list and object, which bounds what a body can make the reader keep. Whether the text is JSON at all is the parser's to say.

/// Deepest nesting taken; our choice: ten times what a batch of reports needs, and half of what the parser would follow.
pub const MAX_DEPTH: usize = 64;
/// Most members of one array or object; our choice: twice the rows of a batch, so that a batch a little too long is told how many it has.
pub const MAX_MEMBERS: usize = 20_000;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One value.
    Json,
    /// A value a line.
    Ndjson,
}

/// Why a body is not looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// It is nested too deep.
    #[error("the body nests more than {MAX_DEPTH} deep at byte {at}: a batch needs eight, send it flat")]
    Nested {
        /// From 0.
        at: usize,
    },
    /// An object is too wide.
    #[error("an object has more than {MAX_MEMBERS} members, at byte {at}: send only what WIRE.md names")]
    WideObject {
        /// From 0.
        at: usize,
    },
    /// A list is too long.
    #[error("more than {MAX_MEMBERS} values in one array, at byte {at}: send the batch in parts")]
    LongArray {
        /// From 0.
        at: usize,
    },
    /// There are too many lines.
    #[error("more than {MAX_MEMBERS} lines: send the batch in parts")]
    ManyLines,
}

/// Whether the body is no deeper and no wider than it may be.
pub fn check(body: &[u8], format: Format) -> Result<(), ShapeError> {
    match format {
        Format::Json => value(body, 0),
        Format::Ndjson => {
            let (mut begins, mut lines) = (0, 0);
            for line in body.split(|byte| *byte == b'\n') {
                lines += usize::from(!line.trim_ascii().is_empty());
                if lines > MAX_MEMBERS {
                    return Err(ShapeError::ManyLines);
                }
                value(line, begins)?;
                begins += line.len() + 1;
            }
            Ok(())
        }
    }
}

/// What a byte outside of strings does.
#[derive(Clone, Copy)]
enum Mark {
    Nothing,
    Quote,
    Opens,
    Closes,
    Comma,
}

const MARKS: [Mark; 256] = {
    let mut marks = [Mark::Nothing; 256];
    marks[b'"' as usize] = Mark::Quote;
    marks[b'[' as usize] = Mark::Opens;
    marks[b'{' as usize] = Mark::Opens;
    marks[b']' as usize] = Mark::Closes;
    marks[b'}' as usize] = Mark::Closes;
    marks[b',' as usize] = Mark::Comma;
    marks
};

/// One value that begins at byte `begins` of the body.
fn value(text: &[u8], begins: usize) -> Result<(), ShapeError> {
    // Commas at each depth, and what was opened there. Depth 0 holds the value itself.
    let mut open = [(0usize, b'['); MAX_DEPTH + 1];
    let mut depth = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match MARKS[usize::from(byte)] {
            Mark::Nothing => {}
            Mark::Quote => at = string_end(text, at + 1),
            Mark::Opens => {
                if depth == MAX_DEPTH {
                    return Err(ShapeError::Nested { at: begins + at });
                }
                depth += 1;
                open[depth] = (0, byte);
            }
            Mark::Closes => depth = depth.saturating_sub(1),
            Mark::Comma => {
                let (commas, opened) = &mut open[depth];
                *commas += 1;
                if *commas >= MAX_MEMBERS {
                    let at = begins + at;
                    return Err(if *opened == b'{' { ShapeError::WideObject { at } } else { ShapeError::LongArray { at } });
                }
            }
        }
        at += 1;
    }
    Ok(())
}

/// Where the string whose text begins at `at` is closed; the end of the text if it is not. Eight bytes at a time: most of a body is strings.
fn string_end(text: &[u8], mut at: usize) -> usize {
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let eight = u64::from_le_bytes(*eight);
        let found = holds(eight, b'"') | holds(eight, b'\\');
        if found == 0 {
            at += 8;
            continue;
        }
        at += found.trailing_zeros() as usize / 8;
        if text[at] == b'"' {
            return at;
        }
        at += 2;
    }
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// The lowest bit that is set tells where the first of these bytes is; none is set if there is none.
fn holds(eight: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let zero_where_equal = eight ^ (ONES * u64::from(byte));
    zero_where_equal.wrapping_sub(ONES) & !zero_where_equal & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[track_caller]
    fn json(body: &str, expected: Result<(), ShapeError>) {
        assert_eq!(check(body.as_bytes(), Format::Json), expected);
    }

    #[test]
    fn nesting_is_refused_where_it_goes_too_deep() {
        json(&format!("{}{}", "[".repeat(64), "]".repeat(64)), Ok(()));
        json(&"[".repeat(65), Err(ShapeError::Nested { at: 64 }));
        json(&"{\"a\":".repeat(100_000), Err(ShapeError::Nested { at: 64 * 5 }));
        json(&"[],".repeat(1000), Ok(()));
    }

    #[test]
    fn brackets_and_commas_in_strings_are_text() {
        json(&format!("[\"{}\"]", "[{,".repeat(100_000)), Ok(()));
        json(&format!("[\"\\\"{}\\\\\"]", "[".repeat(100)), Ok(()));
        json(&format!("[\"\\\\\",{}", "[".repeat(100)), Err(ShapeError::Nested { at: 6 + 63 }));
        for broken in ["\"", "\"\\", "[\"\\\"", "]]]]", ""] {
            json(broken, Ok(()));
        }
    }

    #[test]
    fn wide_lists_and_objects_are_refused() {
        let values = |n: usize| vec!["1"; n].join(",");
        json(&format!("[{}]", values(MAX_MEMBERS)), Ok(()));
        json(&format!("[{}]", values(MAX_MEMBERS + 1)), Err(ShapeError::LongArray { at: 2 * MAX_MEMBERS }));
        let object = format!("{{{}}}", vec!["\"a\":1"; 1_000_000].join(","));
        assert!(matches!(check(object.as_bytes(), Format::Json), Err(ShapeError::WideObject { .. })));
        json(&format!("[{}]", vec![format!("[{}]", values(1000)); 1000].join(",")), Ok(()));
    }

    #[test]
    fn a_broken_line_spoils_no_other() {
        let body = format!("{}\n\"\n{}", "[".repeat(60), "[".repeat(60));
        assert_eq!(check(body.as_bytes(), Format::Ndjson), Ok(()));
        let body = format!("{{}}\r\n{}", "[".repeat(65));
        assert_eq!(check(body.as_bytes(), Format::Ndjson), Err(ShapeError::Nested { at: 4 + 64 }));
        assert_eq!(check("7\n".repeat(MAX_MEMBERS + 1).as_bytes(), Format::Ndjson), Err(ShapeError::ManyLines));
        assert_eq!(check("\n".repeat(8 << 20).as_bytes(), Format::Ndjson), Ok(()));
    }

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), r#"[\[\]{},\\"a]{0,8}"#.prop_map(Value::from)];
        leaf.prop_recursive(90, 200, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((r#"[\[{"\\]{0,3}"#, inner), 0..3).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn depth_agrees_with_the_parsers_own(value in any_json(), wrapped in 0usize..70) {
            let text = format!("{}{value}{}", "[".repeat(wrapped), "]".repeat(wrapped));
            let too_deep = depth(&value) + wrapped > MAX_DEPTH;
            prop_assert_eq!(matches!(check(text.as_bytes(), Format::Json), Err(ShapeError::Nested { .. })), too_deep);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(b"[]{},\"\\\na1".to_vec()), 0..200)) {
            let _ = check(&bytes, Format::Json);
            let _ = check(&bytes, Format::Ndjson);
        }
    }
}
