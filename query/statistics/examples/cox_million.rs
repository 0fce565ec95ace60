//! How long the hazards of a million rows by ten covariates take, with their robust covariance and test of proportionality, and beside them a curve
//! and a log-rank test of the same rows.
//!
//! ```sh
//! cargo run --release -p qoe-statistics --example cox_million [rows]
//! ```

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example that prints what it measured")]

use std::time::Instant;

use qoe_statistics::log_rank::Groups;
use qoe_statistics::retention::{Events, Newcomers, Observed, curve};
use qoe_statistics::{Clock, Confidence, Covariate, CoxOptions, Design, Histories, KaplanMeier, Return, Spells, cox, log_rank};
use rand::{RngExt, SeedableRng};

const COLUMNS: usize = 10;

/// Seconds of this process on all processors, by the kernel's count of hundredths; `None` where there is no such count.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / 100.0)
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), processor_seconds());
    let answer = work();
    let processors = processor_seconds().zip(before).map_or(f64::NAN, |(after, before)| after - before);
    println!("{what:<56} {:6.2} s, of processors {processors:6.2} s", start.elapsed().as_secs_f64());
    answer
}

fn main() {
    let n: usize = std::env::args().nth(1).map_or(1_000_000, |rows| rows.parse().unwrap());
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let columns: Vec<Vec<f64>> = (0..COLUMNS).map(|_| (0..n).map(|_| random.random_range(-1.0..1.0)).collect()).collect();
    let hazard = |i: usize| (0.5 * columns[0][i] - 0.3 * columns[1][i]).exp();
    let time: Vec<f64> = (0..n).map(|i| -(1.0 - random.random::<f64>()).ln() / hazard(i)).collect();
    let censored: Vec<f64> = (0..n).map(|_| random.random_range(0.0..2.0)).collect();
    let exit: Vec<f64> = time.iter().zip(&censored).map(|(t, c)| t.min(*c)).collect();
    let days: Vec<f64> = exit.iter().map(|exit| (exit * 30.0).ceil()).collect();
    let event: Vec<bool> = time.iter().zip(&censored).map(|(t, c)| t <= c).collect();
    let people: Vec<u64> = (0..n).map(|_| random.random_range(0..1 + n as u64 / 5)).collect();
    let bands: Vec<u32> = (0..n).map(|i| (i % 4) as u32).collect();
    let names: Vec<String> = (0..COLUMNS).map(|j| format!("x{j}")).collect();

    let covariates: Vec<Covariate<'_>> = names.iter().zip(&columns).map(|(name, column)| Covariate::numeric(name, column)).collect();
    let design = timed("design", || Design::new(n, &covariates).unwrap());
    let plain = CoxOptions::default();
    let full = CoxOptions { clusters: Some(&people), proportionality: Some(Clock::Rank), ..plain };
    for (what, exit) in [("times all different", &exit), ("times in whole days", &days)] {
        let spells = Spells::new(exit, &event).unwrap();
        let fit = timed(&format!("cox, {what}"), || cox(&design, &spells, plain).unwrap());
        println!("    {} rows, {} events, first coefficient {:.4}", fit.rows, fit.events, fit.coefficients[0] / design.column()[1].scale);
        timed(&format!("cox, {what}, robust, tested"), || cox(&design, &spells, full).unwrap());
        let curve = timed(&format!("curve, {what}"), || KaplanMeier::new(&spells).unwrap());
        println!("    {} steps, {} drawn", curve.steps().len(), curve.curve(500, Confidence::P95).len());
        let groups = Groups { codes: &bands, labels: &["a", "b", "c", "d"].map(String::from), strata: None };
        timed(&format!("log-rank of four, {what}"), || log_rank(&spells, groups).unwrap());
    }
    let entry: Vec<f64> = exit.iter().map(|exit| exit * random.random_range(0.0..0.9)).collect();
    let late = Spells::new(&exit, &event).unwrap().entering(&entry).unwrap();
    timed("cox, late entries", || cox(&design, &late, plain).unwrap());

    let users: Vec<u32> = (0..n).map(|_| random.random_range(0..200_000)).collect();
    let day: Vec<i32> = (0..n).map(|_| random.random_range(0..120)).collect();
    let returns: Vec<Return> = (0..=30).map(Return::On).collect();
    timed("retention of 31 days", || {
        let observed = Observed { first: 0, last: 119 };
        let histories = Histories::by_calendar_day(Events { users: &users, at: &day }, observed, Newcomers::ByFirstEvent).unwrap();
        curve(&histories, &returns, Confidence::P95)
    });
}
