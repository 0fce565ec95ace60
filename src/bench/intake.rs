//! What the intake costs a row, how soon it answers, and what it takes to keep: beside the same rows posted to ClickHouse over HTTP.
//!
//! Intake, ClickHouse and load are three processes, so that each one's processor time is its own. Both sides are given the same rows of a seeded fleet
//! in one run, by turns, into tables of the same schema with the same views.

mod bulk;
mod latency;
mod leg;
mod load;
mod neighbours;
mod outage;
mod posts;
pub mod process;
mod report;
mod rows;
mod stand;
mod stored;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use qoe_ingest::spool::Durability;
use qoe_store::{Millis, Sample};

use report::Figure;
use rows::Rows;
use stand::{Serving, Stand};

/// What to measure, and for how long.
#[derive(Debug, clap::Args)]
pub struct IntakeArgs {
    /// Measure only these.
    #[arg(long, value_enum, value_name = "NAME")]
    only: Vec<Section>,
    /// Seconds for each side of a measurement.
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// Connections that post at once.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// When the intake acknowledges: fsync, or interval(50ms).
    #[arg(long, default_value_t = Durability::Fsync)]
    durability: Durability,
    /// Folder to work in, on the disk that is to be measured; what is put there is removed [default: the system's for temporary files].
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Seconds for which ClickHouse is away while memory is watched.
    #[arg(long, default_value_t = 60)]
    down: u64,
    /// MiB in the spool of the intake that is killed.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u64).range(16..))]
    spool_mib: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Section {
    /// Posts of 100 rows: processor time a row.
    Posts100,
    /// Posts of 10 rows: processor time a row.
    Posts10,
    /// Posts of 5,000 rows: rows a second until visible.
    Bulk,
    /// The way from the spool to ClickHouse alone.
    Leg,
    /// From post to acknowledgement, and to visible, at half of saturation.
    Latency,
    /// The same while another project's sender sends what is refused.
    Neighbours,
    /// Bytes a row on disk.
    Stored,
    /// Memory while ClickHouse is away.
    Memory,
    /// From a start after kill -9 to the first acknowledgement.
    Restart,
}

/// What every part is handed.
struct Bench {
    args: IntakeArgs,
    stand: Stand,
    samples: Vec<Sample>,
    /// The same as text.
    rows: Rows,
}

impl Bench {
    fn lasting(&self) -> Duration {
        Duration::from_secs_f64(self.args.seconds)
    }

    /// An intake with an empty spool of this name.
    fn serving(&self, spool: &str) -> anyhow::Result<Serving> {
        Ok(Serving {
            clickhouse_url: format!("http://{}", self.stand.engine_address()?),
            durability: self.args.durability.to_string(),
            spool_mib: 4096,
            spool: spool.to_owned(),
        })
    }

    async fn measure(&self, section: Section) -> anyhow::Result<Vec<Figure>> {
        match section {
            Section::Posts100 => posts::measure(self, &posts::HUNDRED).await,
            Section::Posts10 => posts::measure(self, &posts::TEN).await,
            Section::Bulk => bulk::measure(self).await,
            Section::Leg => leg::measure(self).await,
            Section::Latency => latency::measure(self).await,
            Section::Neighbours => neighbours::measure(self).await,
            Section::Stored => stored::measure(self).await,
            Section::Memory => outage::memory(self).await,
            Section::Restart => outage::restart(self).await,
        }
    }
}

/// Measures and prints.
pub async fn run(args: IntakeArgs) -> anyhow::Result<()> {
    let folder = args.folder.clone().unwrap_or_else(std::env::temp_dir).join(format!("qoe-bench-{}", std::process::id()));
    let stand = Stand::start(&folder).await?;
    let samples = tokio::task::block_in_place(|| rows::samples(Millis(Utc::now().timestamp_millis())));
    let bench = Bench { rows: Rows::of(&samples)?, samples, args, stand };
    let measured = measure(&bench).await;
    bench.stand.close().await;
    measured
}

async fn measure(bench: &Bench) -> anyhow::Result<()> {
    let args = &bench.args;
    let (middle, slow) = process::fdatasync_ms(bench.stand.folder())?;
    let machine = format!(
        "{} processors; the disk's fdatasync p50 {middle:.2} ms, p99 {slow:.2} ms; durability {}; {} connections; {} seconds a side",
        std::thread::available_parallelism()?,
        args.durability,
        args.connections,
        args.seconds,
    );
    let mut figures = Vec::new();
    for section in <Section as clap::ValueEnum>::value_variants() {
        if args.only.is_empty() || args.only.contains(section) {
            tracing::info!("measuring {section:?}");
            figures.extend(bench.measure(*section).await?);
        }
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let figures: Vec<_> = figures.iter().map(|figure| serde_json::json!({"figure": figure, "ratio": figure.ratio()})).collect();
        writeln!(out, "{}", serde_json::json!({"machine": machine, "figures": figures}))?;
    } else {
        writeln!(out, "{machine}")?;
        report::print(&mut out, &figures)?;
    }
    Ok(())
}
