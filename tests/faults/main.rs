//! `qoe serve` as it is run, with the embedded ClickHouse, under live traffic and faults: whatever is killed, cut, stopped or filled up, each row that was
//! acknowledged is stored exactly once, its rollups agree with it, and a batch whose sender never got an answer is there wholly or not at all.
//!
//! ```text
//! cargo test --release --test faults                              a minute or two: each fault a few times
//! QOE_FAULTS=long cargo test --release --test faults              half an hour: often, and for minutes
//! QOE_FAULTS_SEED=7 cargo test --release --test faults -- killed  the traffic and moments of another run
//! ```
//!
//! A failure prints the seed and which batches are missing or double. The disk test mounts a tmpfs, so it needs root.
//!
//! What is not here: clocks that jump and disks that lie about a flush, which the simulated disk and clock of `qoe-ingest` play through.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test that unwraps nothing fails, which is what it is for")]
#![allow(clippy::print_stdout, reason = "the seed, beside a failure")]

mod book;
mod clickhouse;
mod crash;
mod disk;
mod duplicates;
mod files;
mod support;
mod tables;
mod two;
