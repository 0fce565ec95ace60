//! The satisfaction report over a company's worth of sessions: from Parquet, from a store, and beside the same statistics by pandas, statsmodels and
//! lifelines.

pub(super) mod fill;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use qoe_fixtures::{FeltConfig, FeltTruth};
use serde_json::Value;

use self::fill::fill;
use super::intake::process::{cpu_seconds, peak_mib};
use crate::access::StoreArgs;

/// How many people, and what to compare with.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// How many people; 200,000 have a million sessions and a hundred thousand answers. Several, to see how it grows: 20000,200000,2000000.
    #[arg(long, default_value = "200000", value_delimiter = ',', value_name = "N,...")]
    people: Vec<u32>,
    /// Folder of a store, to report from ClickHouse too and hold the answers against each other; what is missing in it is added.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// A Python with pandas, pyarrow, numpy, scipy, statsmodels and lifelines, to do the same and be compared with.
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// The script it runs.
    #[arg(long, value_name = "FILE", default_value = "fixtures/reference/report_speed.py")]
    script: PathBuf,
    /// Another seed, other people.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What a child used.
pub(super) struct Used {
    pub wall: Duration,
    pub cpu_s: f64,
    pub resident_mib: f64,
    pub answer: Value,
}

/// Over how many days people come.
pub(super) const DAYS: u32 = 90;

/// Measures and prints.
pub async fn run(args: ReportArgs) -> anyhow::Result<()> {
    let folder = tempfile_folder()?;
    for people in &args.people {
        let config = FeltConfig { seed: args.seed, people: *people as usize, start_ms: START_MS, days: DAYS, truth: FeltTruth::DEFAULT };
        measure(&args, &config, &folder).await?;
    }
    std::fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))
}

/// A midnight.
pub(super) const START_MS: i64 = 1_780_012_800_000;

/// So many days after it.
pub(super) fn day(days: u32) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(START_MS + i64::from(days) * 86_400_000).unwrap_or_default()
}

#[allow(clippy::print_stdout, reason = "the measurements are the answer")]
async fn measure(args: &ReportArgs, config: &FeltConfig, folder: &Path) -> anyhow::Result<()> {
    let file = folder.join("sessions.parquet");
    let rows = crate::simulate::write(&file, config)?;
    println!("{rows} sessions of {} people", config.people);
    let ours = std::env::current_exe().context("find this program's own file")?;
    let asked = ["report", "satisfaction", "--json", "--by", "service,region"];
    let report = used(Command::new(&ours).args(asked).arg("--data").arg(&file))?;
    report.print("report, Parquet");
    if let Some(store) = &args.store {
        let stored = from_store(store, config, Command::new(&ours).args(asked)).await?;
        stored.print("report, ClickHouse");
        alike(&report.answer, &stored.answer)?;
    }
    let covariates = "connect_ms,rtt_ms,jitter_ms,loss_ratio,height,network,device_class";
    let flags = [
        "retention",
        "survival",
        "--json",
        "--duration",
        "minutes",
        "--event",
        "left",
        "--where",
        "minutes > 0",
        "--covariates",
        covariates,
        "--baseline",
        "1s",
    ];
    let cox = used(Command::new(&ours).args(flags).arg("--data").arg(&file))?;
    cox.print("Cox model");
    if let Some(python) = &args.python {
        let theirs = used(Command::new(python).arg(&args.script).arg(&file))?;
        theirs.print("Python, all parts");
        println!("ratio of CPU s      {:>8.1}", theirs.cpu_s / (report.cpu_s + cox.cpu_s));
        println!("ratio of wall s     {:>8.1}", theirs.wall.as_secs_f64() / (report.wall + cox.wall).as_secs_f64());
        compare(&report.answer, &theirs.answer["answers"])?;
    }
    Ok(())
}

/// The same report from a store, which stays open meanwhile: what its ClickHouse takes counts by the wall, and not as ours.
async fn from_store(store: &Path, config: &FeltConfig, report: &mut Command) -> anyhow::Result<Used> {
    let access = StoreArgs::embedded(store.to_owned()).hold("bench").await?;
    let project = fill(&access.endpoint, config).await?;
    access.announce("")?;
    let (since, until) = (day(0).to_rfc3339(), day(DAYS).to_rfc3339());
    let flags = ["--project", &project, "--since", &since, "--until", &until, "--store"];
    let used = used(report.args(flags).arg(store));
    access.close().await;
    used
}

impl Used {
    #[allow(clippy::print_stdout, reason = "the measurements are the answer")]
    fn print(&self, what: &str) {
        println!("{what:<19} {:>8.2} s   {:>8.2} CPU s   {:>6.0} MiB", self.wall.as_secs_f64(), self.cpu_s, self.resident_mib);
    }
}

fn tempfile_folder() -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("qoe-bench-report-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    Ok(folder)
}

/// Runs it to its end, looking at what it uses every 20 ms.
pub(super) fn used(command: &mut Command) -> anyhow::Result<Used> {
    let said = std::env::temp_dir().join(format!("qoe-bench-said-{}", std::process::id()));
    let began = Instant::now();
    let out = std::fs::File::create(&said).with_context(|| format!("write {}", said.display()))?;
    let mut child = command.stdin(Stdio::null()).stdout(out).stderr(Stdio::null()).spawn().with_context(|| format!("start {command:?}"))?;
    let (mut cpu_s, mut resident) = (0.0_f64, 0.0_f64);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        cpu_s = cpu_seconds(child.id()).unwrap_or(cpu_s).max(cpu_s);
        resident = peak_mib(child.id()).unwrap_or(resident).max(resident);
        std::thread::sleep(Duration::from_millis(20));
    };
    let wall = began.elapsed();
    anyhow::ensure!(status.success(), "{command:?} ended with {status}");
    let answer = read_json(&said)?;
    Ok(Used { wall, cpu_s, resident_mib: resident, answer })
}

fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    std::fs::remove_file(path).with_context(|| format!("remove {}", path.display()))?;
    serde_json::from_str(&text).context("read the answer")
}

/// Holds figures of both against each other: exactly where the method is the same, and within a tolerance where a model has other columns.
#[allow(clippy::print_stdout, reason = "the measurements are the answer")]
fn compare(ours: &Value, theirs: &Value) -> anyhow::Result<()> {
    let at =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("an answer has {pointer}"));
    let pairs = [
        ("csat", "/scores/0/all/score/value", "/scores/all/0", 1e-9),
        ("csat, low", "/scores/0/all/score/low", "/scores/all/1", 1e-6),
        ("csat, high", "/scores/0/all/score/high", "/scores/all/2", 1e-6),
        ("day 1", "/cohorts/curve/0/share/value", "/retention/d1/0", 1e-9),
        ("day 7", "/cohorts/curve/1/share/value", "/retention/d7/0", 1e-9),
        ("day 30", "/cohorts/curve/2/share/value", "/retention/d30/0", 1e-9),
        ("corrected", "/corrected/all/corrected/value", "/corrected/augmented", 2e-3),
    ];
    for (name, mine, other, tolerance) in pairs {
        let (mine, other) = (at(ours, mine)?, at(theirs, other)?);
        println!("{name:<12} {mine:.6}  {other:.6}");
        anyhow::ensure!((mine - other).abs() <= tolerance, "{name} differs: {mine} and {other}");
    }
    Ok(())
}

/// Holds the answers of both ways against each other. What the store rounds (seconds, 32-bit numbers) moves models a little; returns differ by those
/// whose session runs past midnight, who were there on two days.
fn alike(file: &Value, store: &Value) -> anyhow::Result<()> {
    let pairs = [
        ("/sessions", 0.0),
        ("/scores/0/all/score/value", 1e-9),
        ("/scores/0/all/score/low", 1e-9),
        ("/corrected/all/corrected/value", 2e-3),
        ("/stability/groups/0/share/value", 1e-9),
        ("/stability/groups/0/share/n", 0.0),
        ("/stability/groups/0/design_effect", 1e-6),
        ("/words/texts/given", 0.0),
        ("/drivers/drivers/0/per_deviation/value", 1e-5),
        ("/cohorts/users/new", 0.0),
        ("/cohorts/curve/0/share/value", 0.02),
        ("/survival/median/value", 0.05),
    ];
    for (pointer, tolerance) in pairs {
        let at = |value: &Value| value.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("an answer has {pointer}"));
        let (file, store) = (at(file)?, at(store)?);
        anyhow::ensure!((file - store).abs() <= tolerance, "{pointer} differs: {file} of the file, {store} of the store");
    }
    Ok(())
}
