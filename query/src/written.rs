//! How people write what they ask, on a command line and in a link alike: a step, a day, what counts as coming back. Each refusal says what to write.

use std::ops::RangeInclusive;

use crate::retention::Bands;
use crate::statistics::Return;
use crate::statistics::stability::Objective;

/// `0.9999` or `99.99%`: a share that is to succeed.
pub fn objective(text: &str) -> Result<Objective, String> {
    let share = share(text).and_then(Objective::new);
    share.ok_or_else(|| format!("{text:?} is no share between 0 and 1, both excluded: write 0.9999 or 99.99%"))
}

/// `10.3%` or `0.103`: so much more than without it.
pub fn claim(text: &str) -> Result<f64, String> {
    let share = share(text).filter(|share| share.is_finite() && *share > -1.0);
    share.ok_or_else(|| format!("{text:?} is no claim: write 10.3% or 0.103"))
}

fn share(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(|percent| percent / 100.0),
        None => text.parse().ok(),
    }
}

/// `rtt_ms=100`: a measure and the step whose price is asked.
pub fn step(text: &str) -> Result<(String, f64), String> {
    let parsed = text.split_once('=').and_then(|(name, step)| Some((name.trim().to_owned(), step.trim().parse::<f64>().ok()?)));
    parsed
        .filter(|(_, step)| step.is_finite() && *step != 0.0)
        .ok_or_else(|| format!("{text:?} is no step: write COL=STEP, such as rtt_ms=100"))
}

/// `rtt_ms:100,200`: a measure and where it is cut.
pub fn bands(text: &str) -> Result<Bands, String> {
    let refused = || format!("{text:?} is no measure with its cuts: write COL:CUT,..., such as rtt_ms:100,200");
    let (column, cuts) = text.rsplit_once(':').filter(|(column, _)| !column.is_empty()).ok_or_else(refused)?;
    let cuts = cuts.split(',').map(|cut| cut.trim().parse().map_err(|_| refused())).collect::<Result<Vec<f64>, String>>()?;
    Bands::new(column, cuts).map_err(|error| error.to_string())
}

/// `d7` (there again on day 7) or `d7+` (then or later): the day, and whether later counts; `None` of anything else.
pub fn return_day(outcome: &str) -> Option<(i32, bool)> {
    let rest = outcome.strip_prefix('d')?;
    let (digits, or_later) = rest.strip_suffix('+').map_or((rest, false), |digits| (digits, true));
    digits.parse().ok().filter(|day| (1..=3650).contains(day)).map(|day| (day, or_later))
}

/// `30d` or `4w`, in days.
pub fn days(text: &str) -> Result<u32, String> {
    let counted = |unit: char, days: u32| text.strip_suffix(unit).and_then(|number| number.parse::<u32>().ok()?.checked_mul(days));
    let found = counted('d', 1).or_else(|| counted('w', 7)).filter(|days| (1..=3_660).contains(days));
    found.ok_or_else(|| format!("{text:?} is no number of days from 1d to 3660d: write 30d or 4w"))
}

/// What counts as coming back.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// There on that day.
    NDay,
    /// There on that day or later.
    Unbounded,
    /// There on one of these days.
    Bracket(Vec<RangeInclusive<u32>>),
}

/// `nday`, `unbounded`, `bracket:1-7,8-14`.
pub fn definition(text: &str) -> Result<Definition, String> {
    let refused = || format!("{text:?} is no meaning of return: write nday, unbounded or bracket:FROM-TO, such as bracket:1-7");
    let range = |text: &str| {
        let (from, to) = text.split_once('-')?;
        let (from, to): (u32, u32) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        (1 <= from && from <= to && to <= 3650).then_some(from..=to)
    };
    match text.split_once(':') {
        None if text == "nday" => Ok(Definition::NDay),
        None if text == "unbounded" => Ok(Definition::Unbounded),
        Some(("bracket", ranges)) => ranges.split(',').map(range).collect::<Option<_>>().map(Definition::Bracket).ok_or_else(refused),
        _ => Err(refused()),
    }
}

impl Definition {
    /// The returns that are asked about, of these days after the first; 1, 7 and 30 where none is named.
    pub fn days(self, days: &[u32]) -> Result<Vec<Return>, String> {
        let mut wanted = if days.is_empty() { vec![1, 7, 30] } else { days.to_vec() };
        wanted.sort_unstable();
        wanted.dedup();
        match self {
            Definition::NDay => Ok(wanted.into_iter().map(Return::On).collect()),
            Definition::Unbounded => Ok(wanted.into_iter().map(Return::OnOrAfter).collect()),
            Definition::Bracket(_) if !days.is_empty() => {
                Err("--days says nothing beside a range of days: name the days in --definition bracket:FROM-TO".to_owned())
            }
            Definition::Bracket(ranges) => Ok(ranges.into_iter().map(Return::Within).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings_of_return_are_read_as_people_write_them() {
        assert_eq!(definition("bracket:1-7,8-14"), Ok(Definition::Bracket(vec![1..=7, 8..=14])));
        assert_eq!(definition("nday"), Ok(Definition::NDay));
        for wrong in ["", "bracket", "bracket:", "bracket:7-1", "bracket:0-7", "bracket:7", "nday:7", "sometimes"] {
            assert!(definition(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_and_claims_are_read_as_people_write_them() {
        assert_eq!((return_day("d7"), return_day("d30+")), (Some((7, false)), Some((30, true))));
        assert_eq!((return_day("d0"), return_day("delivery_ms")), (None, None));
        assert!((claim("10.3%").unwrap() - 0.103).abs() < 1e-12 && claim("much").is_err());
        assert_eq!((days("30d"), days("4w")), (Ok(30), Ok(28)));
        for wrong in ["", "30", "0d", "-1d", "4000d", "99999999999w", "d", "1h"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bands_are_read_as_people_write_them() {
        assert_eq!(bands("rtt_ms:100, 200").unwrap().labels(), ["< 100", "100 – 200", "≥ 200"]);
        for wrong in ["rtt_ms", "rtt_ms:", ":100", "rtt_ms:a", "rtt_ms:200,100", "rtt_ms:NaN"] {
            assert!(bands(wrong).is_err(), "{wrong}");
        }
    }
}
