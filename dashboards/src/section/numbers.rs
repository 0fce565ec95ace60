//! Numbers as people read them in tables and sentences. Percent only here: everywhere else ratios are 0 to 1.

use qoe_query::statistics::{Confidence, Estimate};

use crate::view::Lang;

/// In what unit a figure is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share, 0 to 1, read in percent.
    Share,
    /// A plain number with so many decimals.
    Plain(usize),
}

/// From here on a number is written with its power of ten.
const LONG: f64 = 1e12;

/// A number.
pub fn number(value: f64, unit: Unit) -> String {
    match unit {
        _ if !value.is_finite() => "–".to_owned(),
        // Close to nothing and to all, what is left counts: 99.99 % is not 100.0 %.
        Unit::Share => share(value, decimals_for(100.0 * value.min(1.0 - value).abs())),
        Unit::Plain(_) if value.abs() >= LONG => format!("{value:.2e}"),
        Unit::Plain(decimals) => format!("{:.*}", decimals, if value.abs() < 0.5 * 10_f64.powi(-(decimals as i32)) { 0.0 } else { value }),
    }
}

/// The ends of an interval, such as `61.2 to 70.4 %`.
pub fn interval(low: f64, high: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => {
            let decimals = decimals_within(low, high);
            format!("{:.decimals$} – {}", low * 100.0, share(high, decimals))
        }
        Unit::Plain(_) => format!("{} – {}", number(low, unit), number(high, unit)),
    }
}

/// A figure with its interval: `66.0 % (61.2 – 70.4 %)`.
pub fn figure(estimate: &Estimate, unit: Unit) -> String {
    figure_in(estimate, unit, Lang::En)
}

/// The value of an estimate, as finely as its interval is read.
fn value_of(estimate: &Estimate, unit: Unit) -> String {
    match unit {
        Unit::Share if estimate.value.is_finite() => share(estimate.value, decimals_within(estimate.low, estimate.high)),
        _ => number(estimate.value, unit),
    }
}

fn share(value: f64, decimals: usize) -> String {
    format!("{:.decimals$} %", value * 100.0)
}

/// Decimals of percent that tell the ends of an interval of shares apart.
fn decimals_within(low: f64, high: f64) -> usize {
    decimals_for(100.0 * (high - low))
}

/// What arithmetic may add to a power of ten.
const ROUNDING: f64 = 1e-6;

/// Decimals that show the first digit of so many percent: one at least, four at most.
pub fn decimals_for(percent: f64) -> usize {
    if percent > 0.0 { (-percent.log10() - ROUNDING).ceil().clamp(1.0, 4.0) as usize } else { 1 }
}

/// A figure with its interval, in the brackets of the language.
pub fn figure_in(estimate: &Estimate, unit: Unit, lang: Lang) -> String {
    let [value, ends] = cells(estimate, unit);
    lang.pick(format!("{value} ({ends})"), format!("{value}（{ends}）"))
}

/// A difference of shares in percentage points, its sign always shown: `-5.2 points (-8.1 – -2.3)`.
pub fn points(estimate: &Estimate, lang: Lang) -> String {
    let [value, low, high] = in_points(estimate);
    lang.pick(format!("{value} percentage points ({low} – {high})"), format!("{value} 个百分点（{low} – {high}）"))
}

fn in_points(estimate: &Estimate) -> [String; 3] {
    let decimals = decimals_within(estimate.low, estimate.high);
    [estimate.value, estimate.low, estimate.high].map(|share| signed(share * 100.0, decimals))
}

/// A difference with its interval: of shares in percentage points.
pub fn difference(estimate: &Estimate, unit: Unit, lang: Lang) -> String {
    match unit {
        Unit::Share => points(estimate, lang),
        Unit::Plain(_) => figure_in(estimate, unit, lang),
    }
}

/// The value and the ends of an estimate, for tables.
pub fn cells(estimate: &Estimate, unit: Unit) -> [String; 2] {
    [value_of(estimate, unit), interval(estimate.low, estimate.high, unit)]
}

/// The value and the ends of a difference, for tables: of shares in percentage points, without the word.
pub fn difference_cells(estimate: &Estimate, unit: Unit) -> [String; 2] {
    match unit {
        Unit::Share => {
            let [value, low, high] = in_points(estimate);
            [value, format!("{low} – {high}")]
        }
        Unit::Plain(_) => cells(estimate, unit),
    }
}

/// How many there are of something: `1 answer`, `1,821 answers`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A number whose sign is always shown, unless it is 0.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = number(value, Unit::Plain(decimals));
    if value > 0.0 && text.bytes().any(|letter| (b'1'..=b'9').contains(&letter)) { format!("+{text}") } else { text }
}

/// A number with no more decimals than it has, six at most.
pub fn plain(value: f64) -> String {
    let text = number(value, Unit::Plain(6));
    if text.contains('.') && !text.contains('e') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A count with thousands set apart.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What is only about right: three digits of it, and no number beyond a billion.
pub fn about(n: u64, lang: Lang) -> String {
    if n > 1_000_000_000 {
        return lang.pick("more than a billion", "十亿以上").to_owned();
    }
    let step = 10_u64.pow(n.max(1).ilog10().saturating_sub(2));
    count(n.div_ceil(step) * step)
}

/// The level of an interval: `95 %`; of levels close to 1 what is left has two digits: `99.9934 %`.
pub fn percent(level: Confidence) -> String {
    let left = 100.0 * (1.0 - level.level());
    let decimals = ((-left.log10()).ceil() + 1.0).clamp(2.0, 9.0) as usize;
    let text = format!("{:.decimals$}", 100.0 - left);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The head of a column of intervals: `95 % interval`.
pub fn interval_head(level: Confidence, lang: Lang) -> String {
    lang.pick(format!("{} interval", percent(level)), format!("{} 区间", percent(level)))
}

/// A p value: never 0.
pub fn p_value(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0.6604, Unit::Share), "66.0 %");
        assert_eq!(
            [0.9999, 0.00004, 1.0, 0.0, 0.999].map(|share| number(share, Unit::Share)),
            ["99.99 %", "0.004 %", "100.0 %", "0.0 %", "99.9 %"]
        );
        let close = Estimate { value: 0.99951, low: 0.99942, high: 0.9996, n: 9 };
        assert_eq!(figure(&close, Unit::Share), "99.95 % (99.94 – 99.96 %)");
        assert_eq!(number(-0.001, Unit::Plain(2)), "0.00");
        assert_eq!(number(f64::NAN, Unit::Share), "–");
        assert_eq!(interval(-12.34, 3.0, Unit::Plain(1)), "-12.3 – 3.0");
        assert_eq!((count(0), count(999), count(1_234_567)), ("0".into(), "999".into(), "1,234,567".into()));
        assert_eq!((percent(Confidence::P95), percent(Confidence::new(0.995).unwrap())), ("95 %".into(), "99.5 %".into()));
        let level = |level: f64| percent(Confidence::new(level).unwrap());
        assert_eq!((level(1.0 - 0.05 / 760.0), level(1.0 - 0.05 / 30.0)), ("99.9934 %".into(), "99.83 %".into()));
        assert_eq!((number(1e300, Unit::Plain(1)), plain(-2.5e200)), ("1.00e300".into(), "-2.50e200".into()));
        let about = |n: u64| super::about(n, Lang::En);
        assert_eq!((about(14_502), about(999), about(0), about(99_999)), ("14,600".into(), "999".into(), "0".into(), "100,000".into()));
        assert_eq!(about(1_720_245_621), "more than a billion");
        assert_eq!(p_value(1e-9), "< 0.0001");
        assert_eq!((plain(0.1 + 0.2), plain(1200.0), plain(83.25)), ("0.3".into(), "1200".into(), "83.25".into()));
    }

    #[test]
    fn a_difference_shows_its_sign() {
        let estimate = Estimate { value: -0.052, low: -0.0811, high: 0.00001, n: 9 };
        assert_eq!(points(&estimate, Lang::En), "-5.2 percentage points (-8.1 – 0.0)");
        assert_eq!(points(&estimate, Lang::Zh), "-5.2 个百分点（-8.1 – 0.0）");
        assert_eq!(difference_cells(&estimate, Unit::Share), ["-5.2", "-8.1 – 0.0"]);
        let close = Estimate { value: 0.00023, low: -0.00011, high: 0.00057, n: 9 };
        assert_eq!(difference_cells(&close, Unit::Share), ["+0.02", "-0.01 – +0.06"]);
        assert_eq!(signed(3.0, 1), "+3.0");
        assert_eq!((counted(1, "answer", "answers"), counted(1821, "answer", "answers")), ("1 answer".into(), "1,821 answers".into()));
    }
}
