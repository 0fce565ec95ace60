//! `qoe poc plan`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use qoe_dashboards::{section, wire};
use qoe_fixtures::relay::Profiles;
use qoe_query::poc::Poc;
use qoe_query::poc::near::meant;
use qoe_query::poc::plan::{Assumed, Plan, PlanQuestion, ScheduleQuestion, assignment_list, schedule};

use super::args::PocArgs;
use crate::exit::{NothingFound, WrongUse};

/// What is planned, and which lists are written.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    poc: PocArgs,
    /// What is supposed of a metric before there are rows: NAME=sd:400, NAME=share:0.98 or NAME=density:0.002, and behind it rows:3 (rows a unit has) and
    /// effect:1.5 (design effect); again for more.
    #[arg(long = "assume", value_name = "NAME=...", value_parser = assumed)]
    assumed: Vec<Assumed>,
    /// New units a day, of all vendors together [default: as the rows have them].
    #[arg(long, value_name = "N", value_parser = per_day)]
    per_day: Option<f64>,
    /// Write a randomised list of so many units (of each stratum): unit,arm,stratum,block.
    #[arg(long, value_name = "N", conflicts_with = "schedule", requires = "out", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    assign: Option<u32>,
    /// Write a schedule of so many paired runs: run,arm,stratum,profile,seconds,seed.
    #[arg(long, value_name = "RUNS", requires_all = ["out", "profiles"], value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    schedule: Option<u32>,
    /// Impairments of the schedule, each equally often, such as clean,wifi.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    profiles: Vec<String>,
    /// What the profiles do to packets, TOML, as for `rehearse` [default: those of fixtures/impairments.toml].
    #[arg(long, value_name = "FILE", requires = "schedule")]
    impairments: Option<PathBuf>,
    /// How long each run takes, s.
    #[arg(long, value_name = "S", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Strata of a list, such as eu,us: units are assigned within each, runs are made in each equally often.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    among: Vec<String>,
    /// Where the list goes.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

fn assumed(text: &str) -> Result<Assumed, String> {
    text.parse::<Assumed>().map_err(|error| error.to_string())
}

fn per_day(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| *rate > 0.0 && rate.is_finite());
    rate.ok_or_else(|| format!("{text:?} is no number of units above 0"))
}

/// Plans and prints, or writes a list.
pub async fn run(args: PlanArgs) -> anyhow::Result<()> {
    let poc = args.poc.poc()?;
    if let Some(out) = &args.out
        && (args.assign.is_some() || args.schedule.is_some())
    {
        return list(&args, &poc, out);
    }
    let question =
        PlanQuestion { condition: poc.condition(args.poc.data.condition().as_deref()), poc, assumed: args.assumed, per_day: args.per_day };
    let plan = if question.needs_rows() || args.poc.data.is_file() {
        let (data, input) = args.poc.open().await?;
        let asked = question.ask(Some(&input)).await;
        data.close().await;
        asked?
    } else {
        question.ask(None).await?
    };
    args.poc.print.print(|| wire::poc_plan::poc_plan(&plan), |lang| section::poc_plan::poc_plan(&plan, lang))?;
    unplanned(&plan)
}

/// Nothing could be planned: the reasons stand in the answer.
fn unplanned(plan: &Plan) -> anyhow::Result<()> {
    let planned = plan.metrics.iter().any(|metric| metric.planned.is_ok()) || plan.claims.iter().any(|claim| !claim.needs.is_empty());
    if planned { Ok(()) } else { Err(NothingFound("nothing can be planned; the answer says why".into()).into()) }
}

/// Whether all profiles of a schedule are impairments that a rehearsal can make.
fn known(args: &PlanArgs) -> anyhow::Result<()> {
    let impairments = match &args.impairments {
        Some(path) => Profiles::parse(&std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?)
            .with_context(|| format!("read {}", path.display()))?,
        None => Profiles::builtin(),
    };
    let names = impairments.names();
    match args.profiles.iter().find(|profile| !names.contains(&profile.as_str())) {
        Some(other) => {
            let meant = meant(other, names.iter().copied());
            Err(WrongUse(format!("--profiles {other}: no such impairment: {meant}there are {}", names.join(", "))).into())
        }
        None => Ok(()),
    }
}

#[allow(clippy::print_stderr, reason = "what was written is told beside the file")]
fn list(args: &PlanArgs, poc: &Poc, out: &Path) -> anyhow::Result<()> {
    known(args)?;
    let (seed, shares) = (args.poc.print.seed, poc.shares(&poc.arms));
    let text = match (args.assign, args.schedule) {
        (Some(units), _) => assignment_list(&poc.arms, &shares, &args.among, units as usize, seed)?,
        (None, runs) => schedule(&ScheduleQuestion {
            arms: &poc.arms,
            profiles: &args.profiles,
            strata: &args.among,
            runs: runs.unwrap_or(0) as usize,
            seconds: args.seconds,
            seed,
        })?,
    };
    if out.exists() && !args.force {
        return Err(WrongUse(format!("{} is there already: name another file, or --force to write over it", out.display())).into());
    }
    std::fs::write(out, &text).with_context(|| format!("write {}", out.display()))?;
    eprintln!("wrote {} lines to {} (seed {seed})", text.lines().count() - 1, out.display());
    Ok(())
}
