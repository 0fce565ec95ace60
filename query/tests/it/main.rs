//! Analyses over small files: columns in, plain structs out.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test that unwraps nothing fails, which is what it is for")]

mod claims;
mod cohorts;
mod correct;
mod drift;
mod scores;
mod survival;
mod words;
