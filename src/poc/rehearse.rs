//! `qoe poc rehearse`: the calls of a schedule, made in a real browser over a relay that does to their packets what the schedule says, so
//! that a comparison of vendors is tried out, end to end, on media whose truth is known.

mod browser;
mod outcome;
mod stage;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use qoe_fixtures::relay::{Impairment, Profiles, Run, Schedule};

use crate::exit::{CheckFailed, WrongUse};
use browser::Browser;
use outcome::Outcome;
use stage::{Labels, Stage, Take};

/// Which calls, under which name, and where what is measured of them goes.
#[derive(Debug, clap::Args)]
pub struct RehearseArgs {
    /// CSV with the columns run, arm, stratum, profile, seconds, seed: one call a line.
    schedule: PathBuf,
    /// Name of the comparison; stands on every row, with the arm (as vendor, too) and the stratum.
    #[arg(long)]
    poc: String,
    /// Where `qoe serve` listens.
    #[arg(long, env = "QOE_SERVER", default_value = "http://127.0.0.1:8480", value_name = "URL")]
    server: String,
    /// The project there.
    #[arg(long, env = "QOE_PROJECT", default_value = "default")]
    project: String,
    /// Its write key, if it has one.
    #[arg(long, env = "QOE_WRITE_KEY")]
    key: Option<String>,
    /// What the profiles do to packets, TOML [default: those of fixtures/impairments.toml].
    #[arg(long, value_name = "FILE")]
    impairments: Option<PathBuf>,
    /// What an arm suffers each way besides its profile, such as 'b = { delay_ms = 80, loss = 0.02 }': a difference that the comparison must find. May be
    /// given several times; without it all arms are the same.
    #[arg(long, value_name = "ARM = {...}")]
    plant: Vec<String>,
    /// How many calls are made at the same time. Each encodes and decodes two pictures: more than one a processor makes calls worse by themselves.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8), value_name = "N")]
    at_once: u8,
    /// The browser.
    #[arg(long, env = "CHROMIUM", default_value = "chromium", value_name = "PROGRAM")]
    chromium: PathBuf,
    /// Print JSON, one object a run.
    #[arg(long)]
    json: bool,
}

/// How long a call may take beyond its seconds: the browser's start, its connecting and its sending are each cut off at 30 s in the page.
const BEYOND: Duration = Duration::from_secs(120);

/// Makes the calls, and says of each what was planted and what was seen.
pub async fn run(args: RehearseArgs) -> anyhow::Result<()> {
    let takes = takes(&args)?;
    let patience = BEYOND + takes.iter().map(|take| Duration::from_secs(take.run.seconds.into())).max().unwrap_or_default();
    let labels = Labels { poc: args.poc.clone(), project: args.project.clone(), key: args.key.clone() };
    let (runs, mut out) = (takes.len(), std::io::stdout());
    let mut stage = Stage::open(takes, labels, &args.server, args.at_once).await.context("open the page of the calls")?;
    let mut browser = Browser::start(&args.chromium, &stage.page)?;
    if !args.json {
        writeln!(out, "{}", Outcome::HEADER)?;
    }
    let mut around = Vec::new();
    for _ in 0..runs {
        let outcome = tokio::select! {
            finished = tokio::time::timeout(patience, stage.finished()) => {
                finished.map_err(|_| anyhow::anyhow!("no call ended within {} s: the browser hangs, or the machine is too slow", patience.as_secs()))??
            }
            ended = browser.ended() => return Err(ended),
            () = crate::serve::asked_to_stop() => anyhow::bail!("interrupted: what was measured before stays"),
        };
        if args.json {
            writeln!(out, "{}", outcome.json())?
        } else {
            writeln!(out, "{outcome}")?
        }
        out.flush()?;
        around.extend(outcome.around());
    }
    browser.end().await;
    if !around.is_empty() {
        return Err(CheckFailed(format!(
            "media went around the relay, so what was measured is not what was planted:\n  {}",
            around.join("\n  ")
        ))
        .into());
    }
    Ok(())
}

/// The runs of the schedule, with what their packets will meet.
fn takes(args: &RehearseArgs) -> anyhow::Result<Vec<Take>> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|error| WrongUse(format!("read {}: {error}", path.display())));
    let profiles = match &args.impairments {
        Some(path) => Profiles::parse(&read(path)?).with_context(|| format!("read {}", path.display()))?,
        None => Profiles::builtin(),
    };
    let path = &args.schedule;
    let Schedule(runs) = Schedule::parse(&read(path)?, &profiles).with_context(|| format!("follow {}", path.display()))?;
    let planted = planted(&args.plant, &runs)?;
    let take = |run: Run| {
        let [there, back] = profiles.get(&run.profile).map(|profile| [profile.there, profile.back]).unwrap_or_default();
        let extra = planted.get(&run.arm).copied().unwrap_or_default();
        Take { there: there.then(extra), back: back.then(extra), run }
    };
    Ok(runs.into_iter().map(take).collect())
}

/// What each arm suffers besides its profile.
fn planted(plants: &[String], runs: &[Run]) -> Result<BTreeMap<String, Impairment>, WrongUse> {
    let planted: BTreeMap<String, Impairment> =
        toml::from_str(&plants.join("\n")).map_err(|error| WrongUse(format!("--plant: {error}")))?;
    match planted.keys().find(|arm| !runs.iter().any(|run| run.arm == **arm)) {
        Some(arm) => Err(WrongUse(format!("--plant: no run of the schedule is of arm {arm:?}"))),
        None => Ok(planted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arm: &str) -> Run {
        Run { run: "1".to_owned(), arm: arm.to_owned(), stratum: String::new(), profile: "clean".to_owned(), seconds: 6, seed: 1 }
    }

    #[test]
    fn a_plant_is_of_an_arm_that_there_is() {
        let runs = [run("a"), run("b 2")];
        let plant = |texts: &[&str]| planted(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), &runs);
        assert_eq!(plant(&[]).unwrap(), BTreeMap::new());
        let two = plant(&["a = { delay_ms = 80, loss = 0.02 }", "\"b 2\" = { rate_kbps = 300 }"]).unwrap();
        assert_eq!((two["a"].delay_ms, two["b 2"].bottleneck.unwrap().rate_kbps), (80.0, 300.0));
        for (text, says) in [
            ("c = { delay_ms = 80 }", "no run of the schedule is of arm \"c\""),
            ("a = { delay_ms = -80 }", "delay_ms -80 is outside"),
            ("a = { delay = 80 }", "unknown field `delay`"),
            ("a: 80", "--plant: TOML parse error at line 1"),
        ] {
            let said = plant(&[text]).unwrap_err().to_string();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
