//! How much room words take. The sheet knows no fonts, so widths are estimated: a Chinese character is as wide as it is high, a Latin letter
//! somewhat more than half of that, as in the widest of the usual fonts.

use unicode_width::UnicodeWidthChar;

/// The width of a text in a font of this size; in the same unit.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

fn em(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '(' | ')' | '[' | ']' | '/' | '·' => {
            0.36
        }
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '—' => 0.95,
        'A'..='Z' => 0.7,
        letter => match letter.width() {
            Some(0) => 0.0,
            Some(2) => 1.0,
            // Such as × and “: wide in the fonts of Chinese.
            _ if letter.width_cjk() == Some(2) => 0.9,
            _ => 0.62,
        },
    }
}

/// The text, or as much of its beginning as fits, with an ellipsis.
pub(super) fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut used = width("…", size);
    let kept: String = text
        .chars()
        .take_while(|letter| {
            used += em(*letter) * size;
            used <= room
        })
        .collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_is_counted_as_wide_as_it_is() {
        assert_eq!(width("视频通话", 12.0), 48.0);
        assert!((10.0..32.0).contains(&width("call", 12.0)));
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis_and_fits() {
        assert_eq!(fit("短", 12.0, 100.0), "短");
        for text in ["a very long name of a vendor", "一个非常非常长的业务名称"] {
            let cut = fit(text, 12.0, 60.0);
            assert!(cut.ends_with('…') && width(&cut, 12.0) <= 60.0, "{cut}");
        }
    }
}
