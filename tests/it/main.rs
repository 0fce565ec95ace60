//! The whole product against a real ClickHouse, and a real browser.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test that unwraps nothing fails, which is what it is for")]

mod answers;
mod architecture;
mod bad_input;
mod board;
mod browser;
mod command;
mod correct;
mod drift;
mod flood;
mod intake;
mod keys;
mod poc_compare;
mod poc_pages;
mod poc_plan;
mod poc_refused;
mod poc_score;
mod poc_verdicts;
mod poison;
mod pushdown;
mod rehearse;
mod report;
mod retention;
mod store;
mod stream;
mod support;
mod words;
