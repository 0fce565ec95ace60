//! The satisfaction report over a company's worth of sessions, beside the same statistics by pandas, statsmodels and lifelines.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use qoe_fixtures::{FeltConfig, FeltTruth};
use serde_json::Value;

use super::intake::process::{cpu_seconds, resident_mib};

/// How many people, and what to compare with.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// How many people; 200,000 have a million sessions and a hundred thousand answers.
    #[arg(long, default_value_t = 200_000)]
    people: u32,
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

/// Measures and prints.
#[allow(clippy::print_stdout, reason = "the measurements are the answer")]
pub async fn run(args: ReportArgs) -> anyhow::Result<()> {
    let folder = tempfile_folder()?;
    let file = folder.join("sessions.parquet");
    let config =
        FeltConfig { seed: args.seed, people: args.people as usize, start_ms: 1_780_000_000_000, days: 90, truth: FeltTruth::DEFAULT };
    let rows = crate::simulate::write(&file, &config)?;
    println!("{rows} sessions of {} people, Parquet", args.people);
    let ours = std::env::current_exe().context("find this program's own file")?;
    let report = used(Command::new(&ours).args(["report", "satisfaction", "--json", "--by", "service,region", "--data"]).arg(&file))?;
    println!("report             {:>8.2} s   {:>8.2} CPU s   {:>6.0} MiB", report.wall.as_secs_f64(), report.cpu_s, report.resident_mib);
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
    ];
    let cox = used(Command::new(&ours).args(flags).arg("--data").arg(&file))?;
    println!("Cox model          {:>8.2} s   {:>8.2} CPU s   {:>6.0} MiB", cox.wall.as_secs_f64(), cox.cpu_s, cox.resident_mib);
    if let Some(python) = &args.python {
        let theirs = used(Command::new(python).arg(&args.script).arg(&file))?;
        println!(
            "Python, all parts  {:>8.2} s   {:>8.2} CPU s   {:>6.0} MiB",
            theirs.wall.as_secs_f64(),
            theirs.cpu_s,
            theirs.resident_mib
        );
        println!("ratio of CPU s     {:>8.1}", theirs.cpu_s / (report.cpu_s + cox.cpu_s));
        println!("ratio of wall s    {:>8.1}", theirs.wall.as_secs_f64() / (report.wall + cox.wall).as_secs_f64());
        compare(&report.answer, &theirs.answer["answers"])?;
    }
    std::fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))
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
        resident = resident_mib(child.id()).unwrap_or(resident).max(resident);
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
