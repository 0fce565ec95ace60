//! `qoe satisfaction score`.

use qoe_dashboards::{section, wire};
use qoe_query::relations;
use qoe_query::satisfaction::ScoreQuestion;
use qoe_query::statistics::scale::{Kind, Scale};

use super::PrintArgs;
use crate::data::DataArgs;

/// What is to be scored.
#[derive(Debug, clap::Args)]
pub struct ScoreArgs {
    /// How people were asked: csat, nps, ces, acr or thumbs.
    #[arg(long, value_parser = kind, value_name = "KIND", default_value = "csat")]
    kind: Kind,
    /// Column with the answers.
    #[arg(long, value_name = "COL", default_value = "score")]
    score: String,
    /// Column with how much each answer weighs.
    #[arg(long, value_name = "COL")]
    weight: Option<String>,
    /// Scores by the values of these columns too.
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    by: Vec<String>,
    /// The scale that was offered, such as 1..7 [default: the customary one of the kind; of a store, the one stored].
    #[arg(long, value_parser = scale, value_name = "LOW..HIGH")]
    scale: Option<Scale>,
    /// From a store: answers about this dimension, such as stability; all: about each of them, by dimension [default: about the whole].
    #[arg(long, default_value = "", hide_default_value = true)]
    dimension: String,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// Asks and prints.
pub async fn run(args: ScoreArgs) -> anyhow::Result<()> {
    let (by, dimension) = dimensions(&args);
    let data = args.data.open().await?;
    let answers = data.input(|period| relations::answers(period, args.kind.name(), &dimension)).await?;
    // Who is asked is not asked about each dimension.
    let asked = match args.data.is_file() || by.iter().any(|by| by == "dimension") {
        true => None,
        false => Some(data.input(|period| relations::invitations(period, args.kind.name())).await?),
    };
    let question = ScoreQuestion {
        kind: args.kind,
        score: args.score,
        weight: args.weight,
        bounds: (!args.data.is_file()).then(|| ("scale_low".to_owned(), "scale_high".to_owned())),
        scale: args.scale,
        by,
        condition: args.data.condition(),
        level: args.print.level,
        seed: args.print.seed,
    };
    let answered = question.ask(&answers, asked.as_ref()).await;
    data.close().await;
    let answer = answered?;
    args.print.print(|| wire::score::score(&answer), |lang| section::score::score(&answer, lang))
}

/// From a store, answers about all dimensions are told apart, and who asks to have them told apart asks about all.
fn dimensions(args: &ScoreArgs) -> (Vec<String>, String) {
    let (mut by, mut dimension) = (args.by.clone(), args.dimension.clone());
    if !args.data.is_file() {
        let named = by.iter().any(|by| by == "dimension");
        if named && dimension.is_empty() {
            relations::EVERY_DIMENSION.clone_into(&mut dimension);
        } else if !named && dimension == relations::EVERY_DIMENSION {
            by.push("dimension".to_owned());
        }
    }
    (by, dimension)
}

/// A kind by its name.
pub fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| format!("{text:?} is none of csat, nps, ces, acr, thumbs"))
}

/// `1..7`.
pub fn scale(text: &str) -> Result<Scale, String> {
    let ends = text.split_once("..").and_then(|(low, high)| Some(Scale { low: low.trim().parse().ok()?, high: high.trim().parse().ok()? }));
    ends.ok_or_else(|| format!("{text:?} is no scale: write LOW..HIGH, such as 1..7"))
}
