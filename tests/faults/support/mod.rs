//! Servers, senders and the book they are held to.

pub mod client;
pub mod engine;
pub mod ledger;
pub mod proxy;
pub mod server;
pub mod traffic;

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Longest that anything may take which should take seconds: a busy machine is no failure.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Whether this is a long run.
pub fn long() -> bool {
    std::env::var("QOE_FAULTS").is_ok_and(|length| length == "long")
}

/// So many, or so many in a long run.
pub fn times(short: usize, many: usize) -> usize {
    if long() { many } else { short }
}

/// The seed of this run: the one asked for, or a new one, which is printed.
pub fn seed() -> u64 {
    let asked = std::env::var("QOE_FAULTS_SEED").ok().map(|seed| seed.parse().expect("QOE_FAULTS_SEED is a number"));
    let seed = asked.unwrap_or_else(|| chrono::Utc::now().timestamp_micros().unsigned_abs() % 1_000_000_000);
    println!("QOE_FAULTS_SEED={seed}");
    seed
}

pub fn dice(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Asks until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
