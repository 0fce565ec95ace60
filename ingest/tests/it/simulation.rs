//! The spool and delivery, played through with every failure we can think of, by chance and reproducibly.
//!
//! A world ([`world`]) has clients that send batches, some of them again; a process that appends them to a spool on a disk that fills up, fails and forgets;
//! its courier; a ClickHouse that stores in part, answers too late, or forgets its tokens; and a clock that is set forward and back. In the end everything is mended and
//! delivered, and the ledger is read: each acknowledged row is stored once, no row twice, what came twice was known, and the spool is empty.
//!
//! ```text
//! cargo test --release -p qoe-ingest simulation                                some thousand worlds
//! QOE_SIMULATIONS=100000 cargo test --release -p qoe-ingest simulation         so many; QOE_SIMULATIONS_FROM says from which on
//! QOE_SIMULATION_SEED=7 cargo test --release -p qoe-ingest simulation          one of them, told as it goes
//! ```

mod clickhouse;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use world::World;

const SIMULATIONS: u64 = 2_500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// What went wrong in this world, and what led to it.
fn run(seed: u64) -> Result<World, (String, Vec<String>)> {
    let mut world = World::new(seed);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        world.run();
        world.heal();
        world.check();
    }));
    match ran {
        Ok(()) => Ok(world),
        Err(cause) => {
            let words = cause.downcast_ref::<String>().cloned().or_else(|| cause.downcast_ref::<&str>().map(|words| (*words).to_owned()));
            Err((words.unwrap_or_default(), world.trace))
        }
    }
}

#[test]
fn simulation_every_acknowledged_row_is_stored_once_whatever_fails() {
    let one = number("QOE_SIMULATION_SEED");
    let from = number("QOE_SIMULATIONS_FROM").unwrap_or(0);
    let seeds = one.map_or(from..from + number("QOE_SIMULATIONS").unwrap_or(SIMULATIONS), |seed| seed..seed + 1);
    eprintln!("seeds {seeds:?}");
    let mut failed = Vec::new();
    for seed in seeds {
        match run(seed) {
            Ok(world) if one.is_some() => world.trace.iter().for_each(|event| eprintln!("{event}")),
            Ok(_) => {}
            Err((words, trace)) => {
                if failed.is_empty() {
                    trace.iter().for_each(|event| eprintln!("{event}"));
                }
                failed.push(format!("QOE_SIMULATION_SEED={seed}: {words}"));
            }
        }
        if failed.len() > 20 {
            break;
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
