//! `qoe retention cohorts`.

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, Window};
use qoe_query::retention::{CohortBy, CohortsQuestion, DayClock};
use qoe_query::written;

use super::SplitArgs;
use crate::data::DataArgs;
use crate::exit::WrongUse;
use crate::satisfaction::PrintArgs;

/// Who is asked about, and what counts as coming back.
#[derive(Debug, clap::Args)]
pub struct CohortsArgs {
    /// Column that tells users apart.
    #[arg(long, value_name = "COL", default_value = "user_id")]
    user: String,
    /// Column with the moments at which they were there.
    #[arg(long, value_name = "COL", default_value = "at")]
    time: String,
    #[command(flatten)]
    split: SplitArgs,
    /// Days after the first, from 1 on [default: 1,7,30].
    #[arg(long, value_name = "DAY,...", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: Vec<u32>,
    /// What counts: nday (there on that day), unbounded (on it or later), or bracket:1-7 (on one of these days).
    #[arg(long, value_name = "MEANING", default_value = "nday", value_parser = written::definition)]
    definition: written::Definition,
    /// Days by the calendar of this zone, such as Asia/Shanghai.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    tz: DayClock,
    /// Days as windows of 24 hours since each user's first presence: 24h.
    #[arg(long, value_name = "24h", value_parser = ["24h"], conflicts_with = "tz")]
    windows: Option<String>,
    /// Who makes a cohort together: those of one day, week or month.
    #[arg(long, value_name = "day|week|month", default_value = "day", value_parser = cohort)]
    cohort: CohortBy,
    /// Column with the moment at which the user came first [default: the first presence].
    #[arg(long, value_name = "COL")]
    first_seen: Option<String>,
    #[command(flatten)]
    print: PrintArgs,
    #[command(flatten)]
    data: DataArgs,
}

/// Asks and prints.
pub async fn run(args: CohortsArgs) -> anyhow::Result<()> {
    let days = args.definition.days(&args.days).map_err(WrongUse)?;
    let data = args.data.open().await?;
    let events = data.input(|period| relations::visits(period.until)).await?;
    let split = args.split.split();
    // In a store a presence is an hour, which has two moments; what a first day was like stands with the sessions.
    let (times, starts) = match args.data.is_file() {
        true => (vec![args.time], None),
        false => {
            let times = if args.time == "at" { vec!["at".to_owned(), "at_last".to_owned()] } else { vec![args.time] };
            let sessions = |period| relations::sessions(period, "csat", Window::Whole);
            (times, if split.is_some() { Some(data.input(sessions).await?) } else { None })
        }
    };
    let (since, until) = args.data.span(&data);
    let question = CohortsQuestion {
        user: args.user,
        times,
        first_seen: args.first_seen,
        split,
        days,
        clock: if args.windows.is_some() { DayClock::Windows } else { args.tz },
        cohort: args.cohort,
        since,
        until,
        condition: args.data.condition(),
        level: args.print.level,
    };
    let answered = question.ask(&events, starts.as_ref()).await;
    data.close().await;
    let answer = answered?;
    args.print.print(|| wire::cohorts::cohorts(&answer), |lang| section::cohorts::cohorts(&answer, lang))
}

fn zone(text: &str) -> Result<DayClock, String> {
    DayClock::calendar(text).ok_or_else(|| format!("{text:?} is no zone of the time zone database, such as Asia/Shanghai"))
}

fn cohort(text: &str) -> Result<CohortBy, String> {
    CohortBy::from_name(text).ok_or_else(|| format!("{text:?} is none of day, week, month"))
}
