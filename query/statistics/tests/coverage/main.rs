//! Planted truths, found again: how often intervals cover them, how often nothing is called something, and how far estimates lie from them.
//!
//! Every world is drawn from a seed and knows its truth. A short run is part of the tests; the whole table takes minutes:
//!
//! ```sh
//! QOE_COVERAGE_SEEDS=2000 cargo test --release -p qoe-statistics --test coverage -- --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test, and its table")]

mod claims;
mod contrast;
mod drift;
mod drivers;
mod effect;
mod harness;
mod sample_size;
mod silence;
mod stability;
mod survival;
mod two_sample;
