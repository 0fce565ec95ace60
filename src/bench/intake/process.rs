//! What a process used, as the kernel counts it.

use std::time::Duration;

use anyhow::Context as _;

/// Ticks a second in which `/proc` counts processor time: fixed by Linux for all programs.
const TICKS: f64 = 100.0;

/// Processor seconds, in the program and in the kernel for it.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = read(pid, "stat")?;
    // The name before may hold anything, also spaces and brackets.
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: Vec<f64> = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    anyhow::ensure!(ticks.len() == 2, "/proc/{pid}/stat is not as expected: {stat}");
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

/// Resident memory, MiB.
pub fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    of_status(pid, "VmRSS:")
}

/// The most memory it was ever resident with, MiB.
pub fn peak_mib(pid: u32) -> anyhow::Result<f64> {
    of_status(pid, "VmHWM:")
}

fn of_status(pid: u32, name: &str) -> anyhow::Result<f64> {
    let status = read(pid, "status")?;
    let kib = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    Ok(kib.with_context(|| format!("/proc/{pid}/status has no {name}"))? / 1024.0)
}

fn read(pid: u32, name: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(format!("/proc/{pid}/{name}")).with_context(|| format!("read /proc/{pid}/{name}: this bench needs Linux"))
}

/// What `fdatasync` of 4 KiB takes in a folder, ms: the middle of many, and the slowest in a hundred.
pub fn fdatasync_ms(folder: &std::path::Path) -> anyhow::Result<(f64, f64)> {
    use std::io::Write;
    const TIMES: usize = 200;
    let path = folder.join("fdatasync");
    let mut file = std::fs::File::create(&path).with_context(|| format!("create {}", path.display()))?;
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = std::time::Instant::now();
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    std::fs::remove_file(&path)?;
    took.sort_by(f64::total_cmp);
    Ok((crate::bench::quantile(&took, 0.5), crate::bench::quantile(&took, 0.99)))
}

/// Processor seconds of the two processes between two moments.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// The intake.
    pub intake: f64,
    /// ClickHouse.
    pub clickhouse: f64,
    /// By the wall.
    pub wall: Duration,
}

impl Used {
    /// Of both.
    pub fn total(&self) -> f64 {
        self.intake + self.clickhouse
    }
}

impl std::ops::AddAssign for Used {
    fn add_assign(&mut self, other: Used) {
        self.intake += other.intake;
        self.clickhouse += other.clickhouse;
        self.wall += other.wall;
    }
}
