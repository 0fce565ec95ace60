//! A condition that a link may state: one measure or label of a session held against one value, and nothing else of SQL.

use qoe_query::relations::{LABELS, MEASURES};

/// What can be written.
pub(super) const HINT: &str =
    "hold a measure of sessions against a number, such as rtt_ms>=250 or frame_rate<15, or a label against a word, such as network=wifi";

const SIGNS: [&str; 6] = [">=", "<=", "!=", "=", ">", "<"];

/// `rtt_ms>=250`, `network = 'wifi'`, as a condition in SQL; `None` of anything else.
pub(super) fn condition(text: &str) -> Option<String> {
    let (at, sign) = text.char_indices().find_map(|(at, _)| Some((at, SIGNS.into_iter().find(|sign| text[at..].starts_with(sign))?)))?;
    let (column, value) = (text[..at].trim(), text[at + sign.len()..].trim());
    if MEASURES.contains(&column) {
        let number: f64 = value.parse().ok().filter(|number: &f64| number.is_finite())?;
        return Some(format!("{column} {sign} {number}"));
    }
    let word = value.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).unwrap_or(value);
    let equal = matches!(sign, "=" | "!=");
    (LABELS.contains(&column) && equal && !word.is_empty()).then(|| format!("{column} {sign} '{}'", word.replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_one_comparison_and_its_value_stays_a_value() {
        assert_eq!(condition("rtt_ms>=250").as_deref(), Some("rtt_ms >= 250"));
        assert_eq!(condition("frame_rate < 15").as_deref(), Some("frame_rate < 15"));
        assert_eq!(condition("network='wifi'").as_deref(), Some("network = 'wifi'"));
        assert_eq!(condition("vendor=x' OR '1'='1").as_deref(), Some("vendor = 'x'' OR ''1''=''1'"));
        for wrong in ["", "1=1", "rtt_ms", "rtt_ms>=NaN", "rtt_ms>=250 or 1=1", "score>3", "network>=wifi", "network="] {
            assert_eq!(condition(wrong), None, "{wrong}");
        }
    }
}
