//! Numbers as people read them: the digits a figure deserves, its interval in the same digits, and `–` for what is not known.

use qoe_query::statistics::Estimate;

/// Stands where there is no figure.
pub const NONE: &str = "–";

/// With a fixed number of decimals and commas between thousands; a true minus sign; `–` for what is no number.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let is_zero = !digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    format!("{sign}{grouped}{point}{fraction}")
}

/// A count.
pub fn count(n: u64) -> String {
    fixed(n as f64, 0)
}

/// A ratio as percent: one decimal, two where one would hide the difference to 0 or to 100.
pub fn percent(ratio: f64) -> String {
    format!("{}%", fixed(ratio * 100.0, percent_decimals(ratio)))
}

/// The interval of a ratio, in percent and in the digits of its value: `[96.8, 97.6]`.
pub fn percent_interval(estimate: &Estimate) -> String {
    let decimals = percent_decimals(estimate.value);
    format!("[{}, {}]", fixed(estimate.low * 100.0, decimals), fixed(estimate.high * 100.0, decimals))
}

/// An interval of whole things.
pub fn count_interval(estimate: &Estimate) -> String {
    format!("[{}, {}]", fixed(estimate.low, 0), fixed(estimate.high, 0))
}

fn percent_decimals(ratio: f64) -> usize {
    if ratio > 0.0 && ratio < 0.01 || ratio > 0.99 && ratio < 1.0 { 2 } else { 1 }
}

/// Milliseconds without the unit: a decimal below 10.
pub fn milliseconds(ms: f64) -> String {
    fixed(ms, usize::from(ms.abs() < 10.0))
}

/// n over its denominator as whole percent; `None` where there is nothing to cover. Something never shows as 0, nor all but
/// a few as 100.
pub fn coverage(n: u64, of: u64) -> Option<String> {
    let percent = (of > 0).then(|| n as f64 / of as f64 * 100.0)?;
    Some(match percent {
        p if p > 0.0 && p < 0.5 => "<1%".to_owned(),
        p if p >= 99.5 && n < of => ">99%".to_owned(),
        p => format!("{}%", fixed(p, 0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted_and_minus_is_a_minus() {
        assert_eq!(fixed(1234567.0, 0), "1,234,567");
        assert_eq!(fixed(-1234.56, 1), "−1,234.6");
        assert_eq!(fixed(-0.01, 1), "0.0");
        assert_eq!([count(0), count(999), count(1000)], ["0", "999", "1,000"]);
        assert_eq!(fixed(f64::NAN, 1), NONE);
    }

    #[test]
    fn percent_keeps_what_distinguishes_it_from_none_and_all() {
        assert_eq!(
            [percent(0.9721), percent(0.9996), percent(0.0004), percent(1.0), percent(0.0)],
            ["97.2%", "99.96%", "0.04%", "100.0%", "0.0%"]
        );
    }

    #[test]
    fn an_interval_has_the_digits_of_its_value() {
        let estimate = Estimate { value: 0.972, low: 0.9676, high: 0.99612, n: 9 };
        assert_eq!(percent_interval(&estimate), "[96.8, 99.6]");
        assert_eq!(count_interval(&Estimate { value: 12.0, low: -3.2, high: 1041.0, n: 9 }), "[−3, 1,041]");
    }

    #[test]
    fn coverage_of_some_is_never_none_and_of_most_never_all() {
        assert_eq!(
            [coverage(1, 1000), coverage(999, 1000), coverage(1000, 1000), coverage(0, 9)].map(Option::unwrap),
            ["<1%", ">99%", "100%", "0%"]
        );
        assert_eq!(coverage(0, 0), None);
    }
}
