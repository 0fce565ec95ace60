//! Three vendors compared in twelve metrics within eight strata over a million sessions, beside the same by numpy and scipy.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser as _;
use qoe_fixtures::{FeltConfig, FeltTruth};
use qoe_query::poc::check::CheckQuestion;
use serde_json::Value;

use super::quantile;
use super::report::fill::fill;
use super::report::{DAYS, START_MS, Used, day, used};
use crate::access::StoreArgs;
use crate::poc::args::PocArgs as Trial;
use crate::poc::check::checked;

/// How many people, and what to compare with.
#[derive(Debug, clap::Args)]
pub struct PocArgs {
    /// How many people; 200,000 have a million sessions.
    #[arg(long, default_value_t = 200_000)]
    people: u32,
    /// How often people are drawn anew, here and there; Python takes minutes for as many as these.
    #[arg(long, default_value_t = 2_000)]
    resamples: u32,
    /// A Python with pandas, pyarrow, numpy and scipy, to do the same and be compared with.
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// The script it runs.
    #[arg(long, value_name = "FILE", default_value = "fixtures/reference/compare_speed.py")]
    script: PathBuf,
    /// Folder of a store, to look over the running trial in ClickHouse too; what is missing in it is added.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Another seed, other people.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What decides, and what is looked at too: the twelve of the script.
const METRICS: [&str; 12] = [
    "connect=connect_ms:lower:p95",
    "mean_connect=connect_ms:lower",
    "rtt_p50=rtt_ms:lower:p50",
    "rtt_p95=rtt_ms:lower:p95",
    "jitter=jitter_ms:lower",
    "loss=loss_ratio:lower",
    "joined:higher",
    "freeze_p90=freeze_ratio:lower:p90",
    "height:higher",
    "score:higher:ordinal",
    "minutes:higher",
    "stay=minutes:higher:time/left",
];

/// Measures and prints.
#[allow(clippy::print_stdout, reason = "the measurements are the answer")]
pub async fn run(args: PocArgs) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("qoe-bench-poc-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let file = folder.join("sessions.parquet");
    let config = FeltConfig { seed: args.seed, people: args.people as usize, start_ms: START_MS, days: DAYS, truth: FeltTruth::DEFAULT };
    let rows = crate::simulate::write(&file, &config)?;
    println!("{rows} sessions of {} people, 3 vendors, 12 metrics, 8 strata, {} resamples, Parquet", args.people, args.resamples);
    let ours = compared(&file, args.resamples)?;
    said("compare", &ours);
    if let Some(python) = &args.python {
        let theirs = used(Command::new(python).arg(&args.script).arg(&file).arg(args.resamples.to_string()))?;
        said("numpy and scipy", &theirs);
        println!("ratio of CPU s             {:>8.1}", theirs.cpu_s / ours.cpu_s);
        println!("ratio of wall s            {:>8.1}", theirs.wall.as_secs_f64() / ours.wall.as_secs_f64());
        println!("furthest apart: {}", agreement(&ours.answer, &theirs.answer["answers"])?);
    }
    std::fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
    match &args.store {
        Some(store) => look_over(store, &config).await,
        None => Ok(()),
    }
}

/// A trial as its flags say it.
#[derive(clap::Parser)]
struct Flags {
    #[command(flatten)]
    trial: Trial,
}

/// How often a running trial is looked over.
const LOOKS: usize = 20;

/// How long it takes to look over all sessions of a store, as the board does while a trial runs.
#[allow(clippy::print_stdout, reason = "the measurements are the answer")]
async fn look_over(store: &Path, config: &FeltConfig) -> anyhow::Result<()> {
    let access = StoreArgs::embedded(store.to_owned()).hold("bench").await?;
    let project = fill(&access.endpoint, config).await?;
    access.close().await;
    let (folder, since, until) = (store.display().to_string(), day(0).to_rfc3339(), day(DAYS).to_rfc3339());
    let mut flags = vec!["check", "--project", &project, "--since", &since, "--until", &until, "--store", &folder, "--stratum", "network"];
    LOOKED_AT.iter().for_each(|metric| flags.extend(["--metric", metric]));
    let trial = Flags::try_parse_from(flags).context("read the flags of a check")?.trial;
    let (poc, data) = (trial.poc()?, trial.data.open_as_is().await?);
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let question = CheckQuestion { poc: poc.clone(), condition: None, planned: Some(10_000) };
        let began = Instant::now();
        checked(question, &data).await?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    data.close().await;
    times.sort_by(f64::total_cmp);
    println!("check, ClickHouse: {LOOKS} looks, p50 {:.0} ms, p95 {:.0} ms", quantile(&times, 0.5), quantile(&times, 0.95));
    Ok(())
}

/// What is looked at while the trial runs: what the page of vendors compares where nothing else is asked.
const LOOKED_AT: [&str; 6] =
    ["joined:higher", "connect_ms:lower:p95", "rtt_ms:lower", "loss_ratio:lower", "freeze_ratio:lower", "score:higher:ordinal"];

fn compared(file: &Path, resamples: u32) -> anyhow::Result<Used> {
    let mut command = Command::new(std::env::current_exe().context("find this program's own file")?);
    command.args([
        "poc",
        "compare",
        "--json",
        "--unit",
        "user_id",
        "--randomised",
        "call",
        "--stratum",
        "network",
        "--stratum",
        "device_class",
    ]);
    METRICS.iter().for_each(|metric| {
        command.args(["--metric", metric]);
    });
    used(command.args(["--resamples", &resamples.to_string(), "--data"]).arg(file))
}

#[allow(clippy::print_stdout, reason = "the measurements are the answer")]
fn said(what: &str, used: &Used) {
    println!("{what:<26} {:>8.2} s   {:>8.2} CPU s   {:>6.0} MiB", used.wall.as_secs_f64(), used.cpu_s, used.resident_mib);
}

/// Holds all differences, overall and by stratum, and all intervals of the same method against each other; says how far the furthest are apart, in widths of
/// the interval. What is drawn by chance may differ by a tenth of it, what is not by a billionth.
fn agreement(ours: &Value, theirs: &Value) -> anyhow::Result<String> {
    let (mut exact, mut drawn) = (0.0_f64, 0.0_f64);
    for metric in ours["metrics"].as_array().context("an answer has metrics")? {
        let name = metric["name"].as_str().unwrap_or_default();
        // Shares are compared by Newcombe's interval, which numpy has not.
        let is_share = metric["kind"] == "share";
        for pair in metric["pairs"].as_array().context("a metric has pairs")? {
            let key = format!("{}-{}", pair["first"].as_str().unwrap_or_default(), pair["second"].as_str().unwrap_or_default());
            let theirs = &theirs[name][&key];
            let own = triple(&pair["overall"]["difference"]);
            let width = own[2].zip(own[1]).map_or(1.0, |(high, low)| high - low);
            let other = |value: &Value, at: usize| value.get(at).and_then(Value::as_f64);
            exact = exact.max(apart(own[0], other(&theirs["overall"], 0), width));
            let by_chance = pair["overall"]["method"] == "cluster_bootstrap";
            for end in if is_share { 0..0 } else { 1..3 } {
                let off = apart(own[end], other(&theirs["overall"], end), width);
                if by_chance { drawn = drawn.max(off) } else { exact = exact.max(off) }
            }
            for (at, stratum) in pair["strata"].as_array().context("a pair has strata")?.iter().enumerate() {
                let own = triple(&stratum["found"]["difference"]);
                let other = |end: usize| theirs["strata"].get(at).and_then(|of| of.get(end)).and_then(Value::as_f64);
                let width = own[2].zip(own[1]).map_or(1.0, |(high, low)| high - low);
                (0..if is_share { 1 } else { 3 }).for_each(|end| exact = exact.max(apart(own[end], other(end), width)));
            }
        }
    }
    anyhow::ensure!(exact < 1e-9, "figures of the same method differ by {exact} of an interval");
    anyhow::ensure!(drawn < 0.1, "resampled ends differ by {drawn} of an interval");
    Ok(format!("{exact:.1e} of an interval; where users are drawn by chance {drawn:.3}"))
}

fn triple(estimate: &Value) -> [Option<f64>; 3] {
    ["value", "low", "high"].map(|name| estimate[name].as_f64())
}

/// In widths; what only one of them has is not compared.
fn apart(one: Option<f64>, other: Option<f64>, width: f64) -> f64 {
    one.zip(other).map_or(0.0, |(one, other)| (one - other).abs() / width)
}
