//! `qoe satisfaction curve`.

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, Window};
use qoe_query::satisfaction::CurveQuestion;
use qoe_query::statistics::isotonic::Direction;
use qoe_query::statistics::scale::{Kind, Scale};

use super::PrintArgs;
use super::score::{kind, scale};
use crate::data::DataArgs;

/// What is to be drawn against what.
#[derive(Debug, clap::Args)]
pub struct CurveArgs {
    /// Column with the outcome: a score, or 0 and 1.
    #[arg(long, value_name = "COL", default_value = "score")]
    outcome: String,
    /// Column with the quality measure.
    #[arg(long, value_name = "COL")]
    measure: String,
    /// Column with who a row is of: rows of one person count as one observation [default of a store: user_id].
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// How many bins [default: five to ten, by the number of rows].
    #[arg(long, value_name = "N")]
    bins: Option<usize>,
    /// Which way the outcome goes with the measure.
    #[arg(long, value_enum, default_value_t = Way::Auto)]
    direction: Way,
    /// The scale on which the outcome was asked for, such as 1..7; what lies off it is left out [default: of a column called score that of its kind, or the
    /// one stored].
    #[arg(long, value_parser = scale, value_name = "LOW..HIGH")]
    scale: Option<Scale>,
    /// How people were asked.
    #[arg(long, value_parser = kind, value_name = "KIND", default_value = "csat")]
    kind: Kind,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Way {
    /// The better fitting way.
    Auto,
    Falling,
    Rising,
}

/// Asks and prints.
pub async fn run(args: CurveArgs) -> anyhow::Result<()> {
    let data = args.data.open().await?;
    let input = data.input(|period| relations::sessions(period, args.kind.name(), Window::Whole)).await?;
    let question = CurveQuestion {
        among: 1,
        on_scale: data.on_scale(&args.outcome, args.kind, args.scale),
        outcome: args.outcome,
        measure: args.measure,
        user: args.user.or_else(|| (!args.data.is_file()).then(|| "user_id".to_owned())),
        bins: args.bins,
        direction: match args.direction {
            Way::Auto => None,
            Way::Falling => Some(Direction::Falling),
            Way::Rising => Some(Direction::Rising),
        },
        condition: args.data.condition(),
        level: args.print.level,
        seed: args.print.seed,
    };
    let answered = question.ask(&input).await;
    let repeated = data.repeated();
    data.close().await;
    let answer = answered?;
    args.print.print_of(repeated, || wire::curve::curve(&answer), |lang| section::curve::curve(&answer, lang))
}
