//! `qoe retention cohorts`.

use std::ops::RangeInclusive;

use qoe_dashboards::{section, wire};
use qoe_query::relations::{self, Window};
use qoe_query::retention::{CohortBy, CohortsQuestion, DayClock};
use qoe_query::statistics::Return;

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
    #[arg(long, value_name = "MEANING", default_value = "nday", value_parser = definition)]
    definition: Definition,
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
    let days = args.definition.days(&args.days)?;
    let data = args.data.open_spanned().await?;
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
    let repeated = data.repeated();
    data.close().await;
    let answer = answered?;
    args.print.print_of(repeated, || wire::cohorts::cohorts(&answer), |lang| section::cohorts::cohorts(&answer, lang))
}

/// What counts as coming back.
#[derive(Debug, Clone, PartialEq)]
enum Definition {
    NDay,
    Unbounded,
    Bracket(Vec<RangeInclusive<u32>>),
}

impl Definition {
    fn days(self, days: &[u32]) -> Result<Vec<Return>, WrongUse> {
        let mut wanted = if days.is_empty() { vec![1, 7, 30] } else { days.to_vec() };
        wanted.sort_unstable();
        wanted.dedup();
        match self {
            Definition::NDay => Ok(wanted.into_iter().map(Return::On).collect()),
            Definition::Unbounded => Ok(wanted.into_iter().map(Return::OnOrAfter).collect()),
            Definition::Bracket(_) if !days.is_empty() => {
                Err(WrongUse("--days says nothing beside a range of days: name the days in --definition bracket:FROM-TO".to_owned()))
            }
            Definition::Bracket(ranges) => Ok(ranges.into_iter().map(Return::Within).collect()),
        }
    }
}

/// `nday`, `unbounded`, `bracket:1-7,8-14`.
fn definition(text: &str) -> Result<Definition, String> {
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

fn zone(text: &str) -> Result<DayClock, String> {
    DayClock::calendar(text).ok_or_else(|| format!("{text:?} is no zone of the time zone database, such as Asia/Shanghai"))
}

fn cohort(text: &str) -> Result<CohortBy, String> {
    CohortBy::from_name(text).ok_or_else(|| format!("{text:?} is none of day, week, month"))
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
}
