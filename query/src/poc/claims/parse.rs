//! Claims as they are written in a command.

use crate::poc::spec::{Claim, Hypothesis, Side};

/// Quantiles that "best" is tested by.
const BEST: [f64; 2] = [0.5, 0.95];

/// A claim that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Nothing was claimed.
    #[error("a claim says something: write \"connect_ms p50,p95 <= 600\" or \"joined >= 99.99%\"")]
    Empty,
    /// Nothing is compared.
    #[error("claim {text:?}: which column? write COLUMN p50,p95 <= 600, COLUMN >= 99.99%, or COLUMN mean <= 3")]
    Column {
        /// As given.
        text: String,
    },
    /// A bound that is no number.
    #[error("claim {text:?}: {bound:?} is no bound: write a number such as 600, or a share such as 99.99%")]
    Bound {
        /// As given.
        text: String,
        /// What stands for the bound.
        bound: String,
    },
    /// Quantiles that are none.
    #[error(
        "claim {text:?}: {quantile:?} is no quantile between p0 and p100, both excluded: the least of all is no quantile; write p50,p95"
    )]
    Quantile {
        /// As given.
        text: String,
        /// The one.
        quantile: String,
    },
    /// A share beyond 0 to 100 %.
    #[error("claim {text:?}: a share lies between 0 and 100 %")]
    Share {
        /// As given.
        text: String,
    },
    /// An effect without an amount.
    #[error("claim {text:?}: by how much? write CONDITION -> OUTCOME +10.3% given network,device_class")]
    Effect {
        /// As given.
        text: String,
    },
    /// Parts of what?
    #[error("claim {text:?}: in each of what? write \"each region: CLAIM\" or \"each region=eu,us: CLAIM\"")]
    Each {
        /// As given.
        text: String,
    },
}

/// A claim as it is written in a command:
///
/// - `connect_ms p50,p95 <= 600`, or `connect_ms <= 600`, which says the same: "best" is p50 and p95;
/// - `joined >= 99.99%`; `freeze_ratio mean <= 0.02`;
/// - `height >= 720 -> minutes +10.3% given network,device_class`, what both may go by behind `given`;
/// - `each region: CLAIM`, or `each region=eu,us: CLAIM` where these must be there.
///
/// Words without a comparison are a claim that cannot be tested, which is worth saying.
pub fn parse_claim(text: &str) -> Result<Claim, ClaimError> {
    let said = text.trim().to_owned();
    if said.is_empty() {
        return Err(ClaimError::Empty);
    }
    let hypothesis = match said.strip_prefix("each ") {
        None => simple(&said, &said)?,
        Some(rest) => {
            let refused = || ClaimError::Each { text: said.clone() };
            let (parts, claim) = rest.split_once(':').ok_or_else(refused)?;
            let (by, of) = parts.split_once('=').unwrap_or((parts, ""));
            let of: Vec<String> = of.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
            match (by.trim(), simple(claim.trim(), &said)?) {
                ("", _) | (_, Hypothesis::Untestable) => return Err(refused()),
                (by, each) => Hypothesis::Everywhere { by: by.to_owned(), of, each: Box::new(each) },
            }
        }
    };
    Ok(Claim { said, arm: None, hypothesis })
}

fn simple(text: &str, said: &str) -> Result<Hypothesis, ClaimError> {
    if let Some((treatment, outcome)) = text.split_once("->").or_else(|| text.split_once('→')) {
        return effect(treatment.trim(), outcome.trim(), said);
    }
    let operators =
        [("<=", Side::AtMost), (">=", Side::AtLeast), ("≤", Side::AtMost), ("≥", Side::AtLeast), ("<", Side::AtMost), (">", Side::AtLeast)];
    // The last comparison is the claim's; those before it are of a condition in SQL. Of those at one place the longer one is meant.
    let found = operators.iter().filter_map(|(sign, side)| Some((text.rfind(sign)?, *sign, *side)));
    let last = found.reduce(|one, next| if next.0 > one.0 { next } else { one });
    let Some((at, sign, side)) = last else { return Ok(Hypothesis::Untestable) };
    let (left, right) = (text[..at].trim(), text[at + sign.len()..].trim());
    let (percent, number) = right.strip_suffix('%').map_or((false, right), |number| (true, number.trim()));
    let bound: f64 = number
        .parse()
        .ok()
        .filter(|bound: &f64| bound.is_finite())
        .ok_or_else(|| ClaimError::Bound { text: said.to_owned(), bound: right.to_owned() })?;
    // What was written with so many nines has as many, and no rounding behind them.
    let bound = if percent { (bound * 1e10).round() / 1e12 } else { bound };
    let (what, kind) = left.rsplit_once(char::is_whitespace).map_or((left, ""), |(what, kind)| (what.trim(), kind));
    let column = |what: &str| if what.is_empty() { Err(ClaimError::Column { text: said.to_owned() }) } else { Ok(what.to_owned()) };
    let share = |what: &str| match (0.0..=1.0).contains(&bound) {
        true => Ok(Hypothesis::Share { what: column(what)?, bound, side }),
        false => Err(ClaimError::Share { text: said.to_owned() }),
    };
    match kind {
        "mean" => Ok(Hypothesis::Mean { what: column(what)?, bound, side }),
        "share" => share(what),
        kind if is_quantiles(kind) => Ok(Hypothesis::Quantiles { what: column(what)?, quantiles: quantiles(kind, said)?, bound, side }),
        _ if percent => share(left),
        _ => Ok(Hypothesis::Quantiles { what: column(left)?, quantiles: BEST.to_vec(), bound, side }),
    }
}

/// `p50`, `p50,p95`.
fn is_quantiles(text: &str) -> bool {
    let is_one =
        |one: &str| one.strip_prefix('p').is_some_and(|digits| digits.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-'));
    !text.is_empty() && text.split(',').all(is_one)
}

fn quantiles(text: &str, said: &str) -> Result<Vec<f64>, ClaimError> {
    let one = |text: &str| {
        let percent =
            text.strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok()).filter(|percent| *percent > 0.0 && *percent < 100.0);
        percent.map(|percent| percent / 100.0).ok_or_else(|| ClaimError::Quantile { text: said.to_owned(), quantile: text.to_owned() })
    };
    text.split(',').map(one).collect()
}

fn effect(treatment: &str, rest: &str, said: &str) -> Result<Hypothesis, ClaimError> {
    let refused = || ClaimError::Effect { text: said.to_owned() };
    let (rest, given) = rest.split_once(" given ").unwrap_or((rest, ""));
    let (outcome, more) = rest.trim().rsplit_once(char::is_whitespace).ok_or_else(refused)?;
    let more: f64 = more.strip_suffix('%').ok_or_else(refused)?.trim().parse().map_err(|_| refused())?;
    if treatment.is_empty() || outcome.trim().is_empty() || !more.is_finite() || more <= -100.0 || more == 0.0 {
        return Err(refused());
    }
    let confounders = given.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Ok(Hypothesis::Effect { treatment: treatment.to_owned(), outcome: outcome.trim().to_owned(), more: more / 100.0, confounders })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parsed(text: &str) -> Hypothesis {
        parse_claim(text).unwrap_or_else(|error| panic!("{error}")).hypothesis
    }

    fn quantiles_of(what: &str, quantiles: &[f64], bound: f64, side: Side) -> Hypothesis {
        Hypothesis::Quantiles { what: what.into(), quantiles: quantiles.to_vec(), bound, side }
    }

    #[test]
    fn claims_are_read_as_people_write_them() {
        assert_eq!(parsed("connect_ms p50,p95 <= 600"), quantiles_of("connect_ms", &[0.5, 0.95], 600.0, Side::AtMost));
        assert_eq!(parsed("connect_ms < 600"), quantiles_of("connect_ms", &[0.5, 0.95], 600.0, Side::AtMost), "best is p50 and p95");
        assert_eq!(parsed("frame_rate p5≥15"), quantiles_of("frame_rate", &[0.05], 15.0, Side::AtLeast));
        assert_eq!(parsed("joined >= 99.99%"), Hypothesis::Share { what: "joined".into(), bound: 0.9999, side: Side::AtLeast });
        assert_eq!(
            parsed("freeze_ratio > 0.05 <= 1 %"),
            Hypothesis::Share { what: "freeze_ratio > 0.05".into(), bound: 0.01, side: Side::AtMost }
        );
        assert_eq!(parsed("rtt_ms mean <= 80"), Hypothesis::Mean { what: "rtt_ms".into(), bound: 80.0, side: Side::AtMost });
        let each = quantiles_of("connect_ms", &[0.95], 1000.0, Side::AtMost);
        assert_eq!(
            parsed("each region: connect_ms p95 <= 1000"),
            Hypothesis::Everywhere { by: "region".into(), of: vec![], each: Box::new(each.clone()) }
        );
        assert_eq!(
            parsed("each region=eu, us: connect_ms p95 <= 1000"),
            Hypothesis::Everywhere { by: "region".into(), of: vec!["eu".into(), "us".into()], each: Box::new(each) }
        );
        let Hypothesis::Effect { treatment, outcome, more, confounders } =
            parsed("height >= 720 -> minutes +10.3% given network,device_class")
        else {
            panic!()
        };
        assert_eq!((treatment.as_str(), outcome.as_str(), confounders.len()), ("height >= 720", "minutes", 2));
        assert!((more - 0.103).abs() < 1e-12);
        assert_eq!(parsed("业界领先的体验"), Hypothesis::Untestable);
    }

    #[test]
    fn what_is_no_claim_says_how_one_is_written() {
        let error = |text: &str| parse_claim(text).unwrap_err();
        assert_eq!(error("  "), ClaimError::Empty);
        assert!(matches!(error("<= 600"), ClaimError::Column { .. }));
        assert!(matches!(error("connect_ms p50 <= fast"), ClaimError::Bound { .. }));
        assert!(matches!(error("connect_ms p50 <= NaN"), ClaimError::Bound { .. }));
        assert!(matches!(error("connect_ms p0 <= 100"), ClaimError::Quantile { .. }));
        assert!(matches!(error("joined >= 120%"), ClaimError::Share { .. }));
        assert!(matches!(error("height >= 720 -> minutes"), ClaimError::Effect { .. }));
        assert!(matches!(error("height >= 720 -> minutes +lots"), ClaimError::Effect { .. }));
        assert!(matches!(error("each region connect_ms <= 1"), ClaimError::Each { .. }));
        assert!(matches!(error("each : connect_ms <= 1"), ClaimError::Each { .. }));
        assert!(matches!(error("each region: everywhere fast"), ClaimError::Each { .. }));
    }
}
