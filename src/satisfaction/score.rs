//! `qoe satisfaction score`.

use qoe_dashboards::{section, wire};
use qoe_query::frame::Want;
use qoe_query::relations;
use qoe_query::satisfaction::{AnalysisError, ScoreQuestion};
use qoe_query::statistics::scale::{Kind, Scale};

use super::PrintArgs;
use crate::data::DataArgs;
use crate::exit::NothingFound;

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
    /// Column with who answered: answers of one person go together [default of a store: user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
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
        bounds: data.bounds(),
        scale: args.scale,
        earlier: data.earlier(),
        user: args.user.or_else(|| (!args.data.is_file()).then(|| "user_id".to_owned())),
        by,
        condition: args.data.condition(),
        level: args.print.level,
        seed: args.print.seed,
    };
    let mut answered = question.ask(&answers, asked.as_ref()).await.map_err(anyhow::Error::from);
    let nothing = answered.as_ref().is_err_and(|error| matches!(error.downcast_ref(), Some(AnalysisError::NoRows { .. })));
    if nothing && !args.data.is_file() && !dimension.is_empty() && dimension != relations::EVERY_DIMENSION {
        let all = data.input(|period| relations::answers(period, args.kind.name(), relations::EVERY_DIMENSION)).await?;
        let frame = all.read(&[Want::category("dimension")], None).await?;
        let there = frame.categories("dimension").1.join(", ");
        if !there.is_empty() {
            answered = Err(NothingFound(format!("there are no answers about {dimension:?}: there are answers about {there}")).into());
        }
    }
    let repeated = data.repeated();
    data.close().await;
    let answer = answered?;
    args.print.print_of(repeated, || wire::score::score(&answer), |lang| section::score::score(&answer, lang))
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
