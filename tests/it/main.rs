//! The whole product against a real ClickHouse, and a real browser.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test that unwraps nothing fails, which is what it is for")]

mod architecture;
mod board;
mod browser;
mod intake;
mod keys;
mod pushdown;
mod store;
mod support;
