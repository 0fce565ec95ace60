//! Numbers as people read them in tables and sentences. Percent only here: everywhere else ratios are 0 to 1.

use qoe_query::statistics::{Confidence, Estimate};

/// In what unit a figure is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share, 0 to 1, read in percent.
    Share,
    /// A plain number with so many decimals.
    Plain(usize),
}

/// A number.
pub fn number(value: f64, unit: Unit) -> String {
    match unit {
        _ if !value.is_finite() => "–".to_owned(),
        Unit::Share => format!("{:.1} %", value * 100.0),
        Unit::Plain(decimals) => format!("{:.*}", decimals, if value.abs() < 0.5 * 10_f64.powi(-(decimals as i32)) { 0.0 } else { value }),
    }
}

/// The ends of an interval, such as `61.2 to 70.4 %`.
pub fn interval(low: f64, high: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => format!("{:.1} – {:.1} %", low * 100.0, high * 100.0),
        Unit::Plain(_) => format!("{} – {}", number(low, unit), number(high, unit)),
    }
}

/// A figure with its interval: `66.0 % (61.2 – 70.4 %)`.
pub fn figure(estimate: &Estimate, unit: Unit) -> String {
    format!("{} ({})", number(estimate.value, unit), interval(estimate.low, estimate.high, unit))
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

/// The level of an interval: `95 %`.
pub fn percent(level: Confidence) -> String {
    format!("{} %", (level.level() * 1e6).round() / 1e4)
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
        assert_eq!(number(-0.001, Unit::Plain(2)), "0.00");
        assert_eq!(number(f64::NAN, Unit::Share), "–");
        assert_eq!(interval(-12.34, 3.0, Unit::Plain(1)), "-12.3 – 3.0");
        assert_eq!((count(0), count(999), count(1_234_567)), ("0".into(), "999".into(), "1,234,567".into()));
        assert_eq!((percent(Confidence::P95), percent(Confidence::new(0.995).unwrap())), ("95 %".into(), "99.5 %".into()));
        assert_eq!(p_value(1e-9), "< 0.0001");
    }
}
