//! `qoe satisfaction correct`.

use std::path::PathBuf;

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, MEASURES, Window};
use qoe_query::satisfaction::correct::KNOWN;
use qoe_query::satisfaction::{CorrectQuestion, Covariates, KnownMargin};
use qoe_query::statistics::scale::{Kind, Scale};
use qoe_query::statistics::weights::Cap;

use super::PrintArgs;
use super::score::{kind, scale};
use crate::data::DataArgs;
use crate::exit::WrongUse;

/// What is to be corrected: one row a person asked; from a store, one a session after which somebody was.
#[derive(Debug, clap::Args)]
pub struct CorrectArgs {
    /// How people were asked: csat, nps, ces, acr or thumbs.
    #[arg(long, value_parser = kind, value_name = "KIND", default_value = "csat")]
    kind: Kind,
    /// Column with the answers; empty for the silent.
    #[arg(long, value_name = "COL", default_value = "score")]
    score: String,
    /// Column that says who answered [default: whoever has a score; of a store, the one stored].
    #[arg(long, value_name = "COL")]
    answered: Option<String>,
    /// Columns known of everyone asked, such as rtt_ms,platform [default of a store: service, platform, network, region, vendor, tenure_days, and the
    /// measures that a fifth of the sessions have].
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    covariates: Vec<String>,
    /// The scale that was offered, such as 1..7 [default: the customary one of the kind; of a store, the one stored].
    #[arg(long, value_parser = scale, value_name = "LOW..HIGH")]
    scale: Option<Scale>,
    /// Column with who a row is of: rows of one person count as one observation [default of a store: user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// Corrected scores by the values of these columns too.
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    by: Vec<String>,
    /// A score to be held against, in its unit (a share between 0 and 1, an NPS, a mean): at which odds of answering would it be missed or met after all?
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    target: Option<f64>,
    /// Above what a weight is cut: so many times the mean weight, a quantile such as 99%, or none.
    #[arg(long, value_parser = cap, value_name = "TIMES|PERCENT|none", default_value = "10")]
    cap: Cap,
    /// Known shares of everyone: a CSV of margin,value,share, or TOML with a table a margin and lines value = share. Margins are columns of the data.
    #[arg(long, value_name = "FILE")]
    margins: Option<PathBuf>,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// Asks and prints.
pub async fn run(args: CorrectArgs) -> anyhow::Result<()> {
    let file = args.data.is_file();
    let margins = match &args.margins {
        Some(path) => KnownMargin::read(path).await?,
        None => Vec::new(),
    };
    let known = covariates(&args)?;
    let data = args.data.open().await?;
    let question = CorrectQuestion {
        kind: args.kind,
        score: args.score.clone(),
        answered: args.answered.clone().or_else(|| (!file).then(|| "answered".to_owned())),
        covariates: known,
        bounds: data.bounds(),
        scale: args.scale,
        earlier: data.earlier(),
        user: args.user.clone().or_else(|| (!file).then(|| "user_id".to_owned())),
        by: args.by.clone(),
        target: args.target,
        cap: args.cap,
        margins,
        condition: condition(file, args.data.condition()),
        level: args.print.level,
        seed: args.print.seed,
    };
    let asked = data.input(|period| relations::sessions(period, args.kind.name(), Window::Whole)).await?;
    let answered = question.ask(&asked).await;
    let repeated = data.repeated();
    data.close().await;
    let answer = answered?;
    args.print.print_of(repeated, || wire::correct::correct(&answer), |lang| section::correct::correct(&answer, lang))
}

fn covariates(args: &CorrectArgs) -> Result<Covariates, WrongUse> {
    match (args.covariates.is_empty(), args.data.is_file()) {
        (false, _) => Ok(Covariates::Named(args.covariates.clone())),
        (true, false) => Ok(Covariates::Measured(KNOWN.iter().chain(&MEASURES).map(|name| (*name).to_owned()).collect())),
        (true, true) => Err(WrongUse("a file needs --covariates: the columns known of everyone asked, such as rtt_ms,platform".to_owned())),
    }
}

/// Of a store, only sessions after which somebody was asked.
fn condition(file: bool, stated: Option<String>) -> Option<String> {
    match (file, stated) {
        (true, stated) => stated,
        (false, None) => Some("asked = 1".to_owned()),
        (false, Some(stated)) => Some(format!("asked = 1 AND ({stated})")),
    }
}

/// `10`, `99%` or `none`.
fn cap(text: &str) -> Result<Cap, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let quantile =
        || number(text.strip_suffix('%')?).filter(|percent| (0.0..=100.0).contains(percent)).map(|percent| Cap::Quantile(percent / 100.0));
    let multiple = || number(text).filter(|times| *times >= 1.0).map(Cap::Multiple);
    let none = || (text == "none").then_some(Cap::None);
    none()
        .or_else(quantile)
        .or_else(multiple)
        .ok_or_else(|| format!("{text:?} is no cap: write 10 (times the mean, at least 1), 99% or none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_are_read_as_they_are_written() {
        assert_eq!((cap("10"), cap("99%"), cap("none")), (Ok(Cap::Multiple(10.0)), Ok(Cap::Quantile(0.99)), Ok(Cap::None)));
        for wrong in ["", "0", "-1", "0.5", "101%", "%", "NaN", "inf", "all"] {
            assert!(cap(wrong).is_err(), "{wrong}");
        }
    }
}
