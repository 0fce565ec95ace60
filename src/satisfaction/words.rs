//! `qoe satisfaction words`.

use std::path::{Path, PathBuf};

use qoe_dashboards::{section, wire};
use qoe_query::frame::Input;
use qoe_query::relations::{self, MEASURES, Window};
use qoe_query::satisfaction::fallback::Turns;
use qoe_query::satisfaction::{AnalysisError, Covariates, FallbackAnswer, FallbackQuestion, WordsQuestion};
use qoe_query::statistics::scale::{Kind, Scale};
use qoe_query::words::themes::{DEFAULT_THEMES, Themes};

use super::PrintArgs;
use super::score::{kind, scale};
use crate::data::{Data, DataArgs};
use crate::exit::WrongUse;

/// What is to be read.
#[derive(Debug, clap::Args)]
pub struct WordsArgs {
    /// Column with what people wrote, Chinese or English or both.
    #[arg(long, value_name = "COL", default_value = "text")]
    text: String,
    /// Column with the scores.
    #[arg(long, value_name = "COL", default_value = "score")]
    score: String,
    /// How people were asked: csat, nps, ces, acr or thumbs.
    #[arg(long, value_parser = kind, value_name = "KIND", default_value = "csat")]
    kind: Kind,
    /// The scale that was offered, such as 1..7 [default: the customary one of the kind; of a store, the one stored].
    #[arg(long, value_parser = scale, value_name = "LOW..HIGH")]
    scale: Option<Scale>,
    /// The highest low score [default: 2 of 1..5, 3 of 1..7, 6 of nps, thumbs down].
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    low: Option<f64>,
    /// Columns with quality measures of the same rows [default of a store: those that a fifth of the texts have].
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    measures: Vec<String>,
    /// Column with who wrote: one person's texts are joined and count once [default of a store: user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// Themes and how an assistant says that it did not understand, in TOML [default: the built-in ones].
    #[arg(long, value_name = "FILE")]
    themes: Option<PathBuf>,
    /// From a file: column with what an assistant said, turn by turn, to count how often it did not understand.
    #[arg(long, value_name = "COL", requires = "conversation", requires = "data")]
    assistant_text: Option<String>,
    /// From a file: column with the conversation a turn is of.
    #[arg(long, value_name = "COL", requires = "assistant_text")]
    conversation: Option<String>,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// Asks and prints.
pub async fn run(args: WordsArgs) -> anyhow::Result<()> {
    let file = args.data.is_file();
    let themes = args.themes.as_deref().map(read).transpose()?;
    let data = args.data.open().await?;
    let input = data.input(|period| relations::sessions(period, args.kind.name(), Window::Whole)).await?;
    let question = WordsQuestion {
        text: args.text.clone(),
        score: args.score.clone(),
        kind: args.kind,
        scale: args.scale,
        bounds: data.bounds(),
        low_at_most: args.low,
        user: args.user.clone().or_else(|| (!file).then(|| "user_id".to_owned())),
        measures: match args.measures.is_empty() && !file {
            true => Covariates::Measured(MEASURES.map(str::to_owned).to_vec()),
            false => Covariates::Named(args.measures.clone()),
        },
        themes: themes.clone(),
        condition: args.data.condition(),
        level: args.print.level,
    };
    let answered = match question.ask(&input).await {
        Ok(answer) => fallback(&args, &data, &input, themes).await.map(|fallback| (answer, fallback)),
        Err(error) => Err(error.into()),
    };
    let repeated = data.repeated();
    data.close().await;
    let (answer, fallback) = answered?;
    let fallback = fallback.as_ref();
    args.print.print_of(repeated, || wire::words::words(&answer, fallback), |lang| section::words::words(&answer, fallback, lang))
}

/// How often an assistant did not understand; `None` where there is none.
async fn fallback(
    args: &WordsArgs,
    data: &Data,
    input: &Input,
    themes: Option<Themes>,
) -> anyhow::Result<Option<Result<FallbackAnswer, AnalysisError>>> {
    let (condition, level) = (args.data.condition(), args.print.level);
    if let (Some(text), Some(conversation)) = (&args.assistant_text, &args.conversation) {
        let phrases = match themes {
            Some(themes) => themes.fallback,
            None => Themes::parse(DEFAULT_THEMES)?.fallback,
        };
        let turns = Turns::Said { text: text.clone(), phrases };
        let asked = FallbackQuestion { turns, conversation: conversation.clone(), time: None, condition, level }.ask(input).await;
        return match asked {
            Err(AnalysisError::Frame(error)) => Err(AnalysisError::Frame(error).into()),
            asked => Ok(Some(asked)),
        };
    }
    let Data::Store { .. } = data else { return Ok(None) };
    let turns = data.input(relations::turns).await?;
    let question = FallbackQuestion {
        turns: Turns::Flagged { column: "fallback".to_owned() },
        conversation: "session_id".to_owned(),
        time: Some("observed_at".to_owned()),
        condition,
        level,
    };
    Ok(match question.ask(&turns).await {
        Err(AnalysisError::NoRows { .. }) => None,
        asked => Some(asked),
    })
}

fn read(path: &Path) -> anyhow::Result<Themes> {
    let text = std::fs::read_to_string(path).map_err(|error| WrongUse(format!("read {}: {error}", path.display())))?;
    Ok(Themes::parse(&text)?)
}
