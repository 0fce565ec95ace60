//! How long it takes to compare arms of a million rows in 200,000 units: two quantiles by 2,000 resamples of units, and the other contrasts.
//!
//! ```sh
//! cargo run --release -p qoe-statistics --example contrast_million [rows]
//! ```

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example that prints what it measured")]

use std::time::Instant;

use qoe_statistics::contrast::bootstrap::{self, Better, Drawn, Question, RESAMPLES};
use qoe_statistics::contrast::mean::mean_difference;
use qoe_statistics::contrast::ordinal::superiority;
use qoe_statistics::contrast::quantile::quantile_difference;
use qoe_statistics::contrast::share::share_difference;
use qoe_statistics::contrast::time::{Times, log_rank, restricted_mean_difference};
use qoe_statistics::contrast::{Arm, Ordered};
use qoe_statistics::{Confidence, Spells};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

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
    println!("{what:<64} {:6.3} s, of processors {processors:6.2} s", start.elapsed().as_secs_f64());
    answer
}

/// Delays of users, five each on average.
struct Rows {
    values: Vec<f64>,
    units: Vec<u32>,
}

impl Rows {
    fn draw(seed: u64, rows: usize) -> Rows {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let exponential = |random: &mut ChaCha8Rng| -(1.0 - random.random::<f64>()).ln();
        let (mut values, mut units, mut unit) = (Vec::with_capacity(rows), Vec::with_capacity(rows), seed as u32 * 10_000_000);
        while values.len() < rows {
            let own = 50.0 + 100.0 * exponential(&mut random);
            for _ in 0..1 + (4.5 * exponential(&mut random)) as usize {
                values.push(own + 80.0 * exponential(&mut random));
                units.push(unit);
            }
            unit += 1;
        }
        Rows { values, units }
    }

    fn arm(&self) -> Arm<'_> {
        Arm::of_units(&self.values, &self.units)
    }
}

fn main() {
    let n: usize = std::env::args().nth(1).map_or(1_000_000, |rows| rows.parse().unwrap());
    let all = Rows::draw(1, n);
    let ordered = timed("a million rows in order", || Ordered::of(&all.arm()).unwrap());
    println!("    {} rows of {} units", ordered.rows(), ordered.units());
    let quantile = |q| Question::Quantile { of: &ordered, q };
    timed("2,000 resamples: p95", || bootstrap::draws(&[quantile(0.95)], 1, RESAMPLES).unwrap());
    timed("2,000 resamples: p50", || bootstrap::draws(&[quantile(0.5)], 1, RESAMPLES).unwrap());
    timed("2,000 resamples: p50, p75, p95, p99", || bootstrap::draws(&[0.5, 0.75, 0.95, 0.99].map(quantile), 1, RESAMPLES).unwrap());
    timed("2,000 resamples: a mean", || bootstrap::draws(&[Question::Mean(all.arm())], 1, RESAMPLES).unwrap());
    timed("2,000 resamples: 12 p95", || bootstrap::draws(&[quantile(0.95); 12], 1, RESAMPLES).unwrap());
    timed("2,000 resamples: 12 means", || bootstrap::draws(&[Question::Mean(all.arm()); 12], 1, RESAMPLES).unwrap());
    timed("2,000 resamples: 12 p95, each row its own unit", || {
        let alone = Ordered::of(&Arm::new(&all.values)).unwrap();
        bootstrap::draws(&[Question::Quantile { of: &alone, q: 0.95 }; 12], 1, RESAMPLES).unwrap()
    });

    let arms: Vec<Rows> = (0..3).map(|arm| Rows::draw(10 + arm, n / 3)).collect();
    timed("three arms of a third each: 12 p95 resampled, ranked", || {
        let drawn: Vec<Vec<Drawn>> = (0_u64..)
            .zip(&arms)
            .map(|(seed, arm)| {
                let ordered = Ordered::of(&arm.arm()).unwrap();
                bootstrap::draws(&[Question::Quantile { of: &ordered, q: 0.95 }; 12], seed, RESAMPLES).unwrap()
            })
            .collect();
        let ranks = bootstrap::ranks(&[&drawn[0][0], &drawn[1][0], &drawn[2][0]], Better::Lower).unwrap();
        let contrast = bootstrap::difference(&drawn[0][0], &drawn[1][0]).unwrap();
        println!("    {:?}, p {:.4}, first of three {:.3}", contrast.interval(Confidence::P95), contrast.p_value(0.0), ranks[0][0]);
    });
    let (a, b) = (arms[0].arm(), arms[1].arm());
    timed("two of them: mean difference", || mean_difference(&a, &b).unwrap());
    timed("two of them: p95 difference by order statistics, with p", || quantile_difference(&a, &b, 0.95).unwrap().p_value(0.0));
    timed("two of them: superiority", || superiority(&a, &b).unwrap());
    let late = |rows: &Rows| rows.values.iter().map(|value| f64::from(u8::from(*value > 300.0))).collect::<Vec<f64>>();
    let (x, y) = (late(&arms[0]), late(&arms[1]));
    timed("two of them: share difference, with p", || {
        share_difference(&Arm::of_units(&x, &arms[0].units), &Arm::of_units(&y, &arms[1].units)).unwrap().p_value(0.0)
    });
    let events: Vec<Vec<bool>> = arms.iter().map(|arm| arm.values.iter().map(|value| value.fract() < 0.7).collect()).collect();
    let times = |at: usize| Times { spells: Spells::new(&arms[at].values, &events[at]).unwrap(), units: Some(&arms[at].units) };
    timed("two of them: restricted mean difference", || restricted_mean_difference(&times(0), &times(1), 300.0).unwrap());
    timed("two of them: log-rank", || log_rank(&times(0), &times(1)).unwrap());
}
