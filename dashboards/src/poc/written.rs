//! A POC that was written down, as a request brings it: the text of a `poc.toml`, and a link that says when and of which sessions.

use qoe_query::board::Filter;
use qoe_query::poc::plan::Assumed;
use qoe_query::poc::{Claim, Hypothesis, Poc, PocFileError, parse_claim};

use super::PocAsked;
use super::asked::MOST;
use crate::view::{ViewError, bad};

/// Longest text, bytes.
pub(crate) const MOST_BYTES: usize = 1 << 20;
/// Facts that one request weighs at most: ten of each dimension of ten vendors.
const MOST_FACTS: usize = 1_000;

/// What is asked of a POC.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenPoc {
    /// As it was written.
    pub poc: Poc,
    /// When, of which sessions, and how many units were planned.
    pub link: PocAsked,
    /// What is supposed of metrics.
    pub assumed: Vec<Assumed>,
    /// New units a day.
    pub per_day: Option<f64>,
}

/// A step of `qoe poc` that has an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// How many units and days it takes.
    Plan,
    /// Whether the run is sound.
    Check,
    /// Which vendor is better at what.
    Compare,
    /// What vendors claim.
    Claims,
    /// The whole picture, weighed.
    Scorecard,
}

/// Why a request asks nothing.
#[derive(Debug, thiserror::Error)]
pub enum WrittenError {
    /// Its link is not understood.
    #[error(transparent)]
    Link(#[from] ViewError),
    /// Its file is not.
    #[error(transparent)]
    File(#[from] PocFileError),
    /// More than a request is answered.
    #[error("the file states {found} {what}, and a request is answered for {most} at most: leave some out, or ask on the command line")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// As many.
        found: usize,
        /// At most.
        most: usize,
    },
    /// What it asks cannot be asked of a store's sessions.
    #[error("{why}")]
    Unfit {
        /// Why, and what to ask instead.
        why: String,
    },
    /// More text than a POC takes.
    #[error("the file is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// No text.
    #[error("the file is no UTF-8 text: send the text of a poc.toml, as qoe poc init writes it")]
    NotText,
}

impl Step {
    /// Parameters that this step takes beside those of every step.
    fn takes(self) -> &'static [&'static str] {
        match self {
            Step::Plan => &["per_day", "assume"],
            Step::Check => &["planned"],
            Step::Claims => &["claim"],
            Step::Compare | Step::Scorecard => &[],
        }
    }
}

impl WrittenPoc {
    /// What a link asks one step of a file. A parameter that this step does not read is refused: its answer would pass for another question's.
    pub fn read(step: Step, text: &str, pairs: &[(String, String)], filter: &Filter) -> Result<WrittenPoc, WrittenError> {
        let common = ["since", "until", "project", "lang", "tz", "theme"];
        let is_read = |name: &str| name.starts_with("f.") || common.contains(&name) || step.takes().contains(&name);
        if let Some((name, _)) = pairs.iter().find(|(name, _)| !is_read(name)) {
            let takes = common[..3].iter().chain(step.takes()).copied().collect::<Vec<_>>().join(", ");
            return Err(ViewError::UnknownParameter { name: name.clone(), takes }.into());
        }
        let mut written = WrittenPoc::of_file(text, pairs, filter)?;
        let stated = |wanted: &'static str| pairs.iter().filter(move |(name, value)| name == wanted && !value.is_empty());
        written.poc.claims.extend(claims(pairs)?);
        for (_, value) in stated("assume") {
            written
                .assumed
                .push(value.parse().map_err(|error: qoe_query::poc::plan::AssumedError| bad("assume", value, &error.to_string()))?);
        }
        if let Some((_, value)) = stated("per_day").next() {
            let rate = value.parse().ok().filter(|rate: &f64| *rate > 0.0 && rate.is_finite());
            written.per_day = Some(rate.ok_or_else(|| bad("per_day", value, "use a number of units above 0"))?);
        }
        written.within_bounds()?;
        Ok(written)
    }

    /// Everything that a file asks.
    pub fn of_file(text: &str, pairs: &[(String, String)], filter: &Filter) -> Result<WrittenPoc, WrittenError> {
        if text.len() > MOST_BYTES {
            return Err(WrittenError::TooLong);
        }
        let link = PocAsked::read(pairs, filter)?;
        let written = WrittenPoc { poc: Poc::parse(text)?, link, assumed: Vec::new(), per_day: None };
        written.within_bounds()?;
        Ok(written)
    }

    /// Claims that a link makes without any file.
    pub fn of_claims(project: &str, pairs: &[(String, String)], filter: &Filter) -> Result<WrittenPoc, WrittenError> {
        let link = PocAsked::read(pairs, filter)?;
        let claims = claims(pairs)?;
        if claims.is_empty() {
            return Err(bad("claim", "", "state one, such as claim=connect_ms p50,p95 <= 600 or claim=joined >= 99.99%").into());
        }
        let poc = Poc { metrics: Vec::new(), claims, ..link.poc(project) };
        let written = WrittenPoc { poc, link, assumed: Vec::new(), per_day: None };
        written.within_bounds()?;
        Ok(written)
    }

    fn within_bounds(&self) -> Result<(), WrittenError> {
        let figures = self.poc.claims.iter().map(|claim| figures(&claim.hypothesis)).sum();
        let counted = [
            ("metrics", self.poc.metrics.len(), MOST),
            ("figures in claims", figures, MOST),
            ("columns of strata", self.poc.columns.strata.len(), MOST),
            ("facts", self.poc.scorecard.facts.len(), MOST_FACTS),
        ];
        match counted.into_iter().find(|(_, found, most)| found > most) {
            Some((what, found, most)) => Err(WrittenError::TooMuch { what, found, most }),
            None => Ok(()),
        }
    }
}

/// The claims of a link, one a line or in several parameters `claim`.
fn claims(pairs: &[(String, String)]) -> Result<Vec<Claim>, ViewError> {
    let lines = pairs.iter().filter(|(name, _)| name == "claim").flat_map(|(_, value)| value.lines());
    let read = |line: &str| parse_claim(line).map_err(|error| bad("claim", line, &error.to_string()));
    lines.map(str::trim).filter(|line| !line.is_empty()).map(read).collect()
}

/// How many figures a claim is tested by.
fn figures(hypothesis: &Hypothesis) -> usize {
    match hypothesis {
        Hypothesis::Quantiles { quantiles, .. } => quantiles.len(),
        Hypothesis::Everywhere { each, .. } => figures(each),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use qoe_query::poc::{Industry, Language, example};

    use super::*;

    fn read(step: Step, text: &str, pairs: &[(&str, &str)]) -> Result<WrittenPoc, WrittenError> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        WrittenPoc::read(step, text, &pairs, &Filter::default())
    }

    #[test]
    fn a_file_and_its_link_ask_together() {
        let text = example(Industry::Finance, Language::English);
        let plan =
            read(Step::Plan, &text, &[("since", "7d"), ("per_day", "200"), ("assume", "joined=share:0.98"), ("project", "p")]).unwrap();
        assert_eq!((plan.per_day, plan.assumed.len(), plan.poc.arms.len()), (Some(200.0), 1, 2));
        let claims = read(Step::Claims, &text, &[("claim", "connect_ms p95 <= 600\njoined >= 99.9%")]).unwrap();
        assert_eq!(claims.poc.claims.len(), 4, "two of the file, two of the link");
    }

    #[test]
    fn what_a_request_cannot_ask_says_what_to_mend() {
        let text = example(Industry::Finance, Language::English);
        let many = |part: &str, times: usize| format!("{text}\n{}", part.repeat(times));
        let quantiles = vec!["0.5"; 30].join(", ");
        for (step, text, pairs, said) in [
            (Step::Plan, text.replace("[0.5, 0.5]", "[0.5, 0.6]"), &[][..], "line 13, vendors.allocation: the shares add up to 1.1"),
            (Step::Scorecard, text.replace("[scorecard]", "[scorecard]\nprofiles = \"/etc/passwd\""), &[], "unknown field `profiles`"),
            (Step::Plan, text.clone(), &[("planned", "3")], "unknown parameter planned: this takes since, until, project, per_day, assume"),
            (Step::Plan, text.clone(), &[("per_day", "-1")], "above 0"),
            (Step::Plan, text.clone(), &[("assume", "joined=much")], "supposes nothing"),
            (Step::Claims, text.clone(), &[("claim", "connect_ms p0 <= 600")], "is no quantile"),
            (Step::Compare, text.clone(), &[("since", "soon")], "30d"),
            (Step::Claims, text.replace("[0.5, 0.95]", &format!("[{quantiles}]")), &[], "31 figures in claims"),
            (
                Step::Scorecard,
                many("[[scorecard.fact]]\narm = \"vendor_a\"\ndimension = \"price\"\nitem = \"x\"\nvalue = 1\n", 1_001),
                &[],
                "1001 facts",
            ),
            (Step::Compare, "#".repeat(MOST_BYTES + 1), &[], "longer than 1048576 bytes"),
        ] {
            let error = read(step, &text, pairs).unwrap_err().to_string();
            assert!(error.contains(said), "{said:?} is not in {error}");
        }
        let none = WrittenPoc::of_claims("p", &[], &Filter::default()).unwrap_err().to_string();
        assert!(none.contains("state one"), "{none}");
    }
}
